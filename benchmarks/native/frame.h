/* WebSocket frames (RFC 6455, section 5), for both ends of a connection. */
#ifndef FRAME_H
#define FRAME_H

#include "text.h"

enum opcode {
    OPCODE_TEXT = 1,
    OPCODE_BINARY = 2,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10,
};

enum { FRAME_HEADER_MAX = 14 };

struct frame {
    enum opcode opcode;
    bool whole;      /* FIN set, no fragment */
    bool compressed; /* a reserved bit is set, so an extension changed the payload */
    bool masked;
    struct span payload;
};

/*
 * Read one frame from the start of `bytes`, unmasking it in place.
 * Returns the bytes it takes, or 0 while it is incomplete; the payload points into `bytes`.
 */
size_t frame_parse(uint8_t *bytes, size_t length, struct frame *frame);

/* Write the header of an unmasked frame; returns its length. */
size_t frame_header(uint8_t *out, enum opcode opcode, size_t payload_length);

/* Write a whole masked frame, as clients must; returns its length. */
size_t frame_masked(uint8_t *out, enum opcode opcode, struct span payload);

#endif
