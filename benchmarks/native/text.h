/* Pieces of text, growable buffers, and the one way to give up. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes that belong to somebody else. */
struct span {
    const uint8_t *bytes;
    size_t length;
};

struct buffer {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
};

/* Print the message on stderr, and exit with status 1; die_errno() adds why the system refused. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void die_errno(const char *format, ...);

struct span span_of(const char *text);

/* Where the first `needle` in `text` ends, or NULL. */
const uint8_t *span_after(struct span text, struct span needle);
bool span_has(struct span text, struct span needle);
size_t span_count(struct span text, struct span needle);

/* The integer behind `key`, such as "\"sequenceNumber\":", or -1. */
int64_t span_integer(struct span text, struct span key);

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);

/* Drop the first `length` bytes. */
void buffer_consume(struct buffer *buffer, size_t length);

/* The lines of a file; empty ones are left out. */
struct lines {
    struct span *items;
    int count;
};

struct lines lines_load(const char *path);

/*
 * Put the bytes that are meant in place of `\r`, `\n` and `\xHH`; another backslash ends the
 * program. Shortens the span in place: its bytes are to be a file's or the command line's.
 */
void span_unescape(struct span *text);

/* Write `number` in decimal at `out` (at most 20 bytes); returns how many. */
size_t decimal_write(uint8_t *out, uint64_t number);

/*
 * Copy `template` with `number` in place of every "@@"; returns the length.
 * The capacity is a bound, not a wish: a longer text ends the program.
 */
size_t template_render(struct span template, uint64_t number, uint8_t *out, size_t capacity);

/* Send all of it on a non-blocking socket, waiting when it is full; false if the peer has gone. */
bool send_all(int descriptor, const uint8_t *bytes, size_t length);

#endif
