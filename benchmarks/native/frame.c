#include "frame.h"

#include <string.h>

enum { FIN = 0x80, RESERVED = 0x70, MASKED = 0x80 };

/*
 * A mask protects proxies from what scripts in browsers may send (RFC 6455, section 10.3).
 * Here is neither, so that one constant key does for the cost of unmasking it.
 */
static const uint8_t MASK[4] = {0x12, 0x9a, 0x56, 0xc3};

static void apply_mask(uint8_t *out, const uint8_t *in, size_t length, const uint8_t mask[4])
{
    for (size_t i = 0; i < length; i++)
        out[i] = in[i] ^ mask[i & 3];
}

size_t frame_parse(uint8_t *bytes, size_t length, struct frame *frame)
{
    if (length < 2)
        return 0;
    uint64_t size = bytes[1] & 0x7f;
    size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
    bool masked = bytes[1] & MASKED;
    size_t header = 2 + extended + (masked ? 4 : 0);

    if (length < header)
        return 0;
    if (extended)
        size = 0;
    for (size_t i = 0; i < extended; i++)
        size = size << 8 | bytes[2 + i];
    if (length - header < size)
        return 0;
    if (masked)
        apply_mask(bytes + header, bytes + header, size, bytes + header - 4);
    *frame = (struct frame){
        .opcode = bytes[0] & 0x0f,
        .whole = bytes[0] & FIN,
        .compressed = bytes[0] & RESERVED,
        .masked = masked,
        .payload = {bytes + header, size},
    };
    return header + size;
}

size_t frame_header(uint8_t *out, enum opcode opcode, size_t payload_length)
{
    size_t extended = payload_length < 126 ? 0 : payload_length < 65536 ? 2 : 8;

    out[0] = FIN | opcode;
    out[1] = (uint8_t)(extended == 0 ? payload_length : extended == 2 ? 126 : 127);
    for (size_t i = 0; i < extended; i++)
        out[2 + i] = (uint8_t)((uint64_t)payload_length >> 8 * (extended - 1 - i));
    return 2 + extended;
}

size_t frame_masked(uint8_t *out, enum opcode opcode, struct span payload)
{
    size_t header = frame_header(out, opcode, payload.length);

    out[1] |= MASKED;
    memcpy(out + header, MASK, sizeof MASK);
    header += sizeof MASK;
    apply_mask(out + header, payload.bytes, payload.length, MASK);
    return header + payload.length;
}
