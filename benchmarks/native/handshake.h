/* The server's half of the opening handshake (RFC 6455, section 4.2.2). */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include "text.h"

enum { ACCEPT_LENGTH = 28 };

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key, NUL-terminated: 28 characters and the NUL. */
void handshake_accept(struct span key, char accept[ACCEPT_LENGTH + 1]);

#endif
