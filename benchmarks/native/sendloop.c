/*
 * The limit of a fan-out over plain sockets: for each publish one send() for each subscriber, of
 * a frame with the subscriber's own number, and nothing else. No server that sends each event as
 * it comes can be cheaper; one that joins several events for a socket can.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "handshake.h"

enum { PEERS_MAX = 100000, BACKLOG = 4096, EVENTS_MAX = 1024, READ_SIZE = 65536, FRAME_MAX = 1024 };

/* An event as the server under test sends it, some 325 bytes with its two numbers. */
static const char EVENT_HEAD[] =
    "{\"type\":\"mood_changed\",\"id\":\"bcast-7d8f2c1e-3b5a-4c6d-9e0f-1a2b3c4d5e6f\",\"data\":"
    "{\"userId\":\"user-019a1b2c3d4e5f60718293a4b5c6d7e8\",\"moodId\":"
    "\"mood-019a1b2c3d4e5f60718293a4b5c@@\",\"mood\":\"happy\","
    "\"intensity\":0.8,\"isPublic\":true,\"timestamp\":\"2024-08-25T15:30:00.000Z\"},"
    "\"timestamp\":\"2024-08-25T15:30:10.000Z\",\"sequenceNumber\":";

struct peer {
    bool upgraded;
    uint64_t sequence;
    struct buffer partial;
};

struct server {
    int epoll, listener;
    bool reply_only;
    struct peer *peers; /* by descriptor */
    int highest;        /* descriptor in use */
    uint64_t published;
};

static void drop(struct server *server, int descriptor)
{
    struct peer *peer = &server->peers[descriptor];

    close(descriptor);
    buffer_consume(&peer->partial, peer->partial.length);
    *peer = (struct peer){0};
}

/* A peer that has gone is dropped when its socket is read. */
static void send_message(int descriptor, const char *text)
{
    uint8_t frame[FRAME_MAX];
    size_t length = strlen(text);
    size_t header = frame_header(frame, OPCODE_TEXT, length);

    memcpy(frame + header, text, length);
    send_all(descriptor, frame, header + length);
}

static void fan_out(struct server *server, int publisher)
{
    uint8_t payload[FRAME_MAX], frame[FRAME_MAX];
    size_t fixed = template_render(span_of(EVENT_HEAD), server->published++, payload,
                                   sizeof payload);

    memcpy(frame + 4, payload, fixed); /* the header of such a frame always takes four bytes */
    for (int to = 0; to <= server->highest; to++) {
        struct peer *peer = &server->peers[to];

        if (!peer->upgraded || to == publisher)
            continue;
        size_t length = fixed + decimal_write(frame + 4 + fixed, ++peer->sequence);

        frame[4 + length++] = '}';
        frame_header(frame, OPCODE_TEXT, length);
        send_all(to, frame, 4 + length);
    }
}

static void take_message(struct server *server, int from, struct span payload)
{
    char reply[256];
    bool publish = span_has(payload, span_of("\"type\":\"mood_update\""));

    snprintf(reply, sizeof reply,
             "{\"type\":\"%s\",\"id\":\"msg-resp\",\"data\":{\"success\":true},"
             "\"timestamp\":\"2024-08-25T15:30:10.000Z\",\"sequenceNumber\":%lu}",
             publish ? "mood_update_response" : "auth_response",
             (unsigned long)server->peers[from].sequence);
    send_message(from, reply);
    if (publish && !server->reply_only)
        fan_out(server, from);
}

/* Answer the upgrade request; returns the bytes it takes, 0 while it is incomplete. */
static size_t take_request(struct server *server, int from, struct span bytes)
{
    static const char response[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n";
    const uint8_t *end = span_after(bytes, span_of("\r\n\r\n"));
    const uint8_t *key = span_after(bytes, span_of("Sec-WebSocket-Key: "));
    char accept[ACCEPT_LENGTH + 1], text[sizeof response + ACCEPT_LENGTH];

    if (!end)
        return 0;
    const uint8_t *key_end = key ? memchr(key, '\r', (size_t)(end - key)) : NULL;
    if (!key_end)
        die("a request that is no WebSocket upgrade");
    handshake_accept((struct span){key, (size_t)(key_end - key)}, accept);
    int length = snprintf(text, sizeof text, response, accept);
    send_all(from, (uint8_t *)text, (size_t)length);
    server->peers[from].upgraded = true;
    return (size_t)(end - bytes.bytes);
}

/* Take what is whole at the start; returns its length, or -1 when the peer says good-bye. */
static ssize_t take(struct server *server, int from, uint8_t *bytes, size_t length)
{
    size_t used = 0, size;

    do {
        struct frame frame = {.opcode = OPCODE_PONG};

        if (server->peers[from].upgraded)
            size = frame_parse(bytes + used, length - used, &frame);
        else
            size = take_request(server, from, (struct span){bytes + used, length - used});
        if (size && frame.opcode == OPCODE_CLOSE)
            return -1;
        if (size && frame.opcode == OPCODE_TEXT)
            take_message(server, from, frame.payload);
        used += size;
    } while (size && used < length);
    return (ssize_t)used;
}

static void read_peer(struct server *server, int from)
{
    static uint8_t bytes[READ_SIZE];
    struct buffer *partial = &server->peers[from].partial;
    ssize_t length = recv(from, bytes, sizeof bytes, 0);
    ssize_t used;

    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        drop(server, from);
        return;
    }
    if (partial->length) {
        buffer_append(partial, bytes, (size_t)length);
        used = take(server, from, partial->bytes, partial->length);
        if (used > 0)
            buffer_consume(partial, (size_t)used);
    } else {
        used = take(server, from, bytes, (size_t)length);
        if (used >= 0)
            buffer_append(partial, bytes + used, (size_t)(length - used));
    }
    if (used < 0)
        drop(server, from);
}

static void accept_all(struct server *server)
{
    int one = 1, descriptor;

    while ((descriptor = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};

        if (descriptor >= PEERS_MAX)
            die("too many connections");
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (descriptor > server->highest)
            server->highest = descriptor;
        if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, descriptor, &event))
            die_errno("epoll_ctl");
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        die_errno("accept");
}

/* Listen on a port of loopback (0: a free one), and print it. */
static void listen_on(struct server *server, int port)
{
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    struct epoll_event event = {.events = EPOLLIN};

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server->listener, (struct sockaddr *)&address, size)
        || listen(server->listener, BACKLOG)
        || getsockname(server->listener, (struct sockaddr *)&address, &size))
        die_errno("listen on port %d", port);
    server->epoll = epoll_create1(0);
    event.data.fd = server->listener;
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event))
        die_errno("epoll_ctl");
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

static void serve(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(server->epoll, events, EVENTS_MAX, -1);

    for (int i = 0; i < ready; i++) {
        if (events[i].data.fd == server->listener)
            accept_all(server);
        else
            read_peer(server, events[i].data.fd);
    }
}

int main(int count, char **arguments)
{
    struct server server = {0};
    struct rlimit limit;

    if (count < 2 || count > 3 || (count == 3 && strcmp(arguments[2], "--reply-only")))
        die("usage: sendloop PORT [--reply-only]");
    server.reply_only = count == 3;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    server.peers = calloc(PEERS_MAX, sizeof *server.peers);
    if (!server.peers)
        die("out of memory");
    listen_on(&server, atoi(arguments[1]));
    for (;;)
        serve(&server);
}
