/* Client sockets: opening, reading frames, and what every mode answers alike. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "options.h"

enum state {
    UNUSED,
    CONNECTING, /* TCP */
    UPGRADING,  /* the request is sent, the answer is awaited */
    GREETING,   /* the init message is sent, its reply is awaited */
    OPEN,
    LOST,
};

struct connection {
    int descriptor;
    enum state state;
    struct buffer partial; /* bytes of a frame that has not arrived whole */
    struct span init;      /* sent first; empty: nothing is */
    int64_t sequence;      /* the last sequenceNumber, -1 before the first */
    uint64_t counted;      /* what the mode counts: deliveries, missed messages */
    double since;          /* when what it waits for began */
};

struct pool;

/* A message on an open connection; false when the mode does not know it. */
typedef bool (*message_handler)(struct pool *pool, struct connection *connection,
                                struct span payload);

struct pool {
    struct connection *connections;
    int count;
    int next;       /* the first connection that is not started yet */
    int open, lost; /* how many */
    int epoll;
    const struct options *options;
    message_handler on_message;
    void *mode;    /* the mode's own state */
    bool may_lose; /* count lost connections, where they would end the program */
    bool closing;
    uint64_t errors;
    uint64_t reads, frames;
};

/* As many connections as --sockets, and `extra` more, none of them started. */
struct pool pool_create(const struct options *options, int extra);

/* Start connections, as long as fewer than --parallel are on their way. */
void pool_start_more(struct pool *pool);

/* Open all of them: TCP, upgrade, init and its reply. Not within --deadline ends the program. */
void pool_open(struct pool *pool);

/* Read what has come, waiting at most `timeout` seconds for it. */
void pool_serve(struct pool *pool, double timeout);

/* The same again and again until `end` (see now()). */
void pool_serve_until(struct pool *pool, double end);

/*
 * Close all of them properly and wait until the server has, at most for some seconds, so that
 * it is at rest when the next run begins.
 */
void pool_close(struct pool *pool);

/* Send a message: of text, or of bytes with --binary. */
void connection_send(struct pool *pool, struct connection *connection, struct span payload);

/* Count an `error` message, and show the first on stderr. */
bool pool_takes_error(struct pool *pool, struct span payload);

/* Print the members of the result that tell how the sockets fared. */
void pool_print(const struct pool *pool);

#endif
