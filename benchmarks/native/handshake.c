#include "handshake.h"

#include <string.h>

enum { BLOCK = 64, DIGEST = 20, KEY_MAX = 64 };

static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static uint32_t rotate(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

/* One block of SHA-1 (FIPS 180-4, section 6.1.2). */
static void sha1_block(uint32_t state[5], const uint8_t block[BLOCK])
{
    static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16
               | (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t choose = (b & c) | (~b & d);
        uint32_t parity = b ^ c ^ d;
        uint32_t majority = (b & c) | (b & d) | (c & d);
        uint32_t f = t < 20 ? choose : t < 40 || t >= 60 ? parity : majority;
        uint32_t next = rotate(a, 5) + f + e + constants[t / 20] + w[t];

        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

/* SHA-1 of a text so short that it fits, padded, into two blocks: at most 119 bytes. */
static void sha1(const uint8_t *text, size_t length, uint8_t digest[DIGEST])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t padded[2 * BLOCK] = {0};
    size_t size = length + 9 <= BLOCK ? BLOCK : 2 * BLOCK;

    memcpy(padded, text, length);
    padded[length] = 0x80;
    padded[size - 2] = (uint8_t)(8 * length >> 8);
    padded[size - 1] = (uint8_t)(8 * length);
    for (size_t at = 0; at < size; at += BLOCK)
        sha1_block(state, padded + at);
    for (int i = 0; i < DIGEST; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* Base64 of a SHA-1 digest: 20 bytes are six groups of three and one of two. */
static void base64_digest(const uint8_t digest[DIGEST], char out[ACCEPT_LENGTH + 1])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t padded[DIGEST + 1] = {0};

    memcpy(padded, digest, DIGEST);
    for (int group = 0; group < 7; group++) {
        const uint8_t *in = padded + 3 * group;
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

        for (int i = 0; i < 4; i++)
            out[4 * group + i] = alphabet[bits >> (18 - 6 * i) & 63];
    }
    out[ACCEPT_LENGTH - 1] = '=';
    out[ACCEPT_LENGTH] = '\0';
}

void handshake_accept(struct span key, char accept[ACCEPT_LENGTH + 1])
{
    uint8_t text[KEY_MAX + sizeof GUID];
    uint8_t digest[DIGEST];

    if (key.length > KEY_MAX)
        die("a Sec-WebSocket-Key of %zu bytes", key.length);
    memcpy(text, key.bytes, key.length);
    memcpy(text + key.length, GUID, sizeof GUID - 1);
    sha1(text, key.length + sizeof GUID - 1, digest);
    base64_digest(digest, accept);
}
