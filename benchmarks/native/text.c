#include "text.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SEND_PATIENCE_MS = 10000 };

static void print_reason(const char *format, va_list arguments)
{
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
}

void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_reason(format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void die_errno(const char *format, ...)
{
    const char *error = strerror(errno);
    va_list arguments;

    va_start(arguments, format);
    print_reason(format, arguments);
    va_end(arguments);
    fprintf(stderr, ": %s\n", error);
    exit(1);
}

struct span span_of(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

const uint8_t *span_after(struct span text, struct span needle)
{
    const uint8_t *found = memmem(text.bytes, text.length, needle.bytes, needle.length);

    return found ? found + needle.length : NULL;
}

bool span_has(struct span text, struct span needle)
{
    return span_after(text, needle) != NULL;
}

size_t span_count(struct span text, struct span needle)
{
    size_t count = 0;
    const uint8_t *end = text.bytes + text.length;
    const uint8_t *next;

    while ((next = span_after(text, needle))) {
        count++;
        text = (struct span){next, (size_t)(end - next)};
    }
    return count;
}

int64_t span_integer(struct span text, struct span key)
{
    const uint8_t *end = text.bytes + text.length;
    const uint8_t *digit = span_after(text, key);
    int64_t value = 0;

    while (digit && digit < end && *digit == ' ')
        digit++;
    if (!digit || digit == end || *digit < '0' || *digit > '9')
        return -1;
    while (digit < end && *digit >= '0' && *digit <= '9')
        value = value * 10 + (*digit++ - '0');
    return value;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    if (buffer->length + length > buffer->capacity) {
        size_t capacity = 2 * buffer->capacity;

        if (capacity < buffer->length + length)
            capacity = buffer->length + length;
        buffer->bytes = realloc(buffer->bytes, capacity);
        if (!buffer->bytes)
            die("out of memory");
        buffer->capacity = capacity;
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

void buffer_consume(struct buffer *buffer, size_t length)
{
    buffer->length -= length;
    if (buffer->length) {
        memmove(buffer->bytes, buffer->bytes + length, buffer->length);
        return;
    }
    /* Thousands of sockets: memory is held only by those in the middle of a frame. */
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

static struct buffer read_file(const char *path)
{
    struct buffer text = {0};
    char piece[65536];
    size_t length;
    FILE *file = fopen(path, "rb");

    if (!file)
        die_errno("%s", path);
    while ((length = fread(piece, 1, sizeof piece, file)))
        buffer_append(&text, piece, length);
    fclose(file);
    return text;
}

struct lines lines_load(const char *path)
{
    struct buffer text = read_file(path);
    struct lines lines = {0};
    uint8_t *end = text.bytes + text.length;

    lines.items = calloc(span_count((struct span){text.bytes, text.length}, span_of("\n")) + 1,
                         sizeof *lines.items);
    if (!lines.items)
        die("out of memory");
    for (uint8_t *start = text.bytes; start < end;) {
        uint8_t *newline = memchr(start, '\n', (size_t)(end - start));
        uint8_t *stop = newline ? newline : end;

        if (stop > start)
            lines.items[lines.count++] = (struct span){start, (size_t)(stop - start)};
        start = stop + 1;
    }
    if (lines.count == 0)
        die("%s is empty", path);
    return lines;
}

static int hexadecimal(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

/* Read one escape at the start of the bytes; returns the byte it stands for, or -1. */
static int escaped(const uint8_t *bytes, size_t length, size_t *size)
{
    int high, low;

    *size = 2;
    if (length >= 2 && bytes[1] == 'r')
        return '\r';
    if (length >= 2 && bytes[1] == 'n')
        return '\n';
    *size = 4;
    if (length < 4 || bytes[1] != 'x')
        return -1;
    high = hexadecimal(bytes[2]);
    low = hexadecimal(bytes[3]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void span_unescape(struct span *text)
{
    uint8_t *out = (uint8_t *)text->bytes;
    size_t length = 0, size;

    for (size_t i = 0; i < text->length; i += size) {
        int byte = text->bytes[i];

        size = 1;
        if (byte == '\\' && (byte = escaped(text->bytes + i, text->length - i, &size)) < 0)
            die("an escape is \\r, \\n or \\x and two digits 0 to f, not \"%.*s\"",
                (int)(text->length - i < 4 ? text->length - i : 4), text->bytes + i);
        out[length++] = (uint8_t)byte;
    }
    text->length = length;
}

size_t decimal_write(uint8_t *out, uint64_t number)
{
    uint8_t digits[20];
    size_t count = 0;

    do {
        digits[count++] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    return count;
}

size_t template_render(struct span template, uint64_t number, uint8_t *out, size_t capacity)
{
    static const struct span PLACE = {(const uint8_t *)"@@", 2};
    const uint8_t *end = template.bytes + template.length;
    uint8_t digits[20];
    size_t width = decimal_write(digits, number);
    size_t length = 0;

    for (;;) {
        const uint8_t *after = span_after(template, PLACE);
        size_t before = after ? (size_t)(after - template.bytes) - PLACE.length : template.length;

        if (length + before + width > capacity)
            die("a message over %zu bytes", capacity);
        memcpy(out + length, template.bytes, before);
        length += before;
        if (!after)
            return length;
        memcpy(out + length, digits, width);
        length += width;
        template = (struct span){after, (size_t)(end - after)};
    }
}

bool send_all(int descriptor, const uint8_t *bytes, size_t length)
{
    while (length) {
        ssize_t sent = send(descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent >= 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {.fd = descriptor, .events = POLLOUT};

            if (poll(&writable, 1, SEND_PATIENCE_MS) == 0)
                die("the peer does not read");
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}
