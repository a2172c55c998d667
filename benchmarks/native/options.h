/* The command line of the load generator; README.md says what each option means. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "measure.h"
#include "text.h"

struct options {
    const char *mode;
    int port;
    const char *path;
    const char *subprotocol; /* NULL: none is asked for */
    const char *header;      /* of requests; NULL: no other than needed */
    int sockets;
    int parallel;
    struct lines init;
    struct lines publisher_init;
    struct lines message;
    struct span marker;
    struct span reply_marker;
    struct span ready_marker; /* empty: any message is the reply to init */
    int outstanding;
    int expect;
    bool verify;
    bool binary; /* a protocol of bytes in binary frames, such as NATS' and MQTT */
    double seconds, warm, deadline, pause;
    uint64_t first_id;
    struct processes processes;
};

/* Read and check the command line; a mistake ends the program. */
struct options options_parse(int count, char **arguments);

#endif
