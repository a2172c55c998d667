#include "connection.h"

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

enum { MESSAGE_MAX = 65536, READ_SIZE = 1 << 18, EVENTS_MAX = 1024, CLOSE_SECONDS = 5 };

/* The example of RFC 6455, section 1.3: one key serves all, and its answer is known. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void allow_many_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

struct pool pool_create(const struct options *options, int extra)
{
    struct pool pool = {.count = options->sockets + extra, .options = options};

    allow_many_descriptors();
    pool.epoll = epoll_create1(EPOLL_CLOEXEC);
    pool.connections = calloc((size_t)pool.count, sizeof *pool.connections);
    if (pool.epoll < 0 || !pool.connections)
        die_errno("epoll and connections");
    for (int i = 0; i < options->sockets && options->init.count; i++)
        pool.connections[i].init = options->init.items[options->init.count > 1 ? i : 0];
    return pool;
}

static void lose(struct pool *pool, struct connection *connection, const char *why)
{
    if (!pool->may_lose && !pool->closing)
        die("socket %td: %s", connection - pool->connections, why);
    if (pool->lost++ == 0 && !pool->closing)
        fprintf(stderr, "loadgen: first lost socket: %s\n", why);
    if (connection->state == OPEN)
        pool->open--;
    connection->state = LOST;
    close(connection->descriptor);
    buffer_consume(&connection->partial, connection->partial.length);
}

static void send_frame(struct pool *pool, struct connection *connection, enum opcode opcode,
                       struct span payload)
{
    static uint8_t frame[MESSAGE_MAX + FRAME_HEADER_MAX];

    if (payload.length > MESSAGE_MAX)
        die("a message over %d bytes", MESSAGE_MAX);
    if (!send_all(connection->descriptor, frame, frame_masked(frame, opcode, payload)))
        lose(pool, connection, "the server closed it while we sent");
}

void connection_send(struct pool *pool, struct connection *connection, struct span payload)
{
    enum opcode opcode = pool->options->binary ? OPCODE_BINARY : OPCODE_TEXT;

    send_frame(pool, connection, opcode, payload);
}

/* ---- opening ---- */

static void watch(struct pool *pool, struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (epoll_ctl(pool->epoll, operation, connection->descriptor, &event))
        die_errno("epoll_ctl");
}

static void start(struct pool *pool, struct connection *connection)
{
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)pool->options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->descriptor < 0)
        die_errno("socket %td", connection - pool->connections);
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection->state = CONNECTING;
    connection->sequence = -1;
    connection->since = now();
    if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address)
        && errno != EINPROGRESS)
        die_errno("connect to port %d", pool->options->port);
    watch(pool, connection, EPOLL_CTL_ADD, EPOLLOUT);
}

void pool_start_more(struct pool *pool)
{
    while (pool->next < pool->count
           && pool->next - pool->open - pool->lost < pool->options->parallel)
        start(pool, &pool->connections[pool->next++]);
}

static void request_upgrade(struct pool *pool, struct connection *connection)
{
    char request[1024], subprotocol[256] = "";
    int error = 0;
    socklen_t size = sizeof error;

    getsockopt(connection->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        lose(pool, connection, strerror(error));
        return;
    }
    if (pool->options->subprotocol)
        snprintf(subprotocol, sizeof subprotocol, "Sec-WebSocket-Protocol: %s\r\n",
                 pool->options->subprotocol);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: 13\r\n%s\r\n",
                          pool->options->path, pool->options->port, KEY, subprotocol);
    if (length >= (int)sizeof request)
        die("--path is too long");
    watch(pool, connection, EPOLL_CTL_MOD, EPOLLIN);
    connection->state = UPGRADING;
    if (!send_all(connection->descriptor, (uint8_t *)request, (size_t)length))
        lose(pool, connection, "the server closed it before the upgrade");
}

static void become_open(struct pool *pool, struct connection *connection)
{
    connection->state = OPEN;
    pool->open++;
}

/* Take the answer to the upgrade; returns the bytes it takes, 0 while it is incomplete. */
static size_t take_upgrade(struct pool *pool, struct connection *connection, struct span bytes)
{
    const uint8_t *end = span_after(bytes, span_of("\r\n\r\n"));

    if (!end)
        return 0;
    struct span answer = {bytes.bytes, (size_t)(end - bytes.bytes)};
    if (!span_has(answer, span_of("HTTP/1.1 101 ")) || !span_has(answer, span_of(ACCEPT))) {
        char why[128];

        snprintf(why, sizeof why, "no upgrade but \"%.40s\"", (const char *)answer.bytes);
        lose(pool, connection, why);
    } else if (connection->init.length) {
        connection->state = GREETING;
        connection_send(pool, connection, connection->init);
    } else {
        become_open(pool, connection);
    }
    return answer.length;
}

static void take_greeting(struct pool *pool, struct connection *connection, struct span payload)
{
    if (!span_has(payload, pool->options->ready_marker))
        return;
    /* Later numbers are checked against the position that the reply to `auth` tells. */
    connection->sequence = span_integer(payload, span_of("\"sequenceNumber\":"));
    if (span_has(payload, span_of("\"success\":false"))
        || span_has(payload, span_of("\"type\":\"error\""))) {
        char why[512];

        snprintf(why, sizeof why, "init refused: %.*s", (int)payload.length, payload.bytes);
        lose(pool, connection, why);
        return;
    }
    become_open(pool, connection);
}

/* ---- messages ---- */

static void answer_ping(struct pool *pool, struct connection *connection, struct span payload)
{
    const uint8_t *id = span_after(payload, span_of("\"id\":\""));
    const uint8_t *end = id ? memchr(id, '"', (size_t)(payload.bytes + payload.length - id)) : NULL;
    char pong[512];

    if (!end)
        die("a ping without id");
    int length = snprintf(pong, sizeof pong,
                          "{\"type\":\"pong\",\"id\":\"pong-%.*s\",\"data\":{\"pingId\":\"%.*s\"}}",
                          (int)(end - id), id, (int)(end - id), id);
    if (length >= (int)sizeof pong)
        die("a ping with a long id");
    connection_send(pool, connection, (struct span){(uint8_t *)pong, (size_t)length});
}

bool pool_takes_error(struct pool *pool, struct span payload)
{
    if (!span_has(payload, span_of("\"type\":\"error\"")))
        return false;
    if (pool->errors++ == 0)
        fprintf(stderr, "loadgen: first error: %.*s\n", (int)payload.length, payload.bytes);
    return true;
}

static void take_message(struct pool *pool, struct connection *connection, struct span payload)
{
    pool->frames++;
    if (pool->on_message && connection->state == OPEN
        && pool->on_message(pool, connection, payload))
        return;
    if (span_has(payload, span_of("\"type\":\"ping\"")))
        answer_ping(pool, connection, payload);
    else if (payload.length == 1 && payload.bytes[0] == '2') /* a ping of Engine.IO */
        connection_send(pool, connection, span_of("3"));
    else if (connection->state == GREETING)
        take_greeting(pool, connection, payload);
    else
        pool_takes_error(pool, payload);
}

static void take_frame(struct pool *pool, struct connection *connection,
                       const struct frame *frame)
{
    char why[64];

    if (!frame->whole || frame->compressed || frame->masked)
        die("a fragmented, compressed or masked frame: nothing of it was asked for");
    switch (frame->opcode) {
    case OPCODE_BINARY:
        if (!pool->options->binary)
            die("a binary frame: nothing sent asks for one");
        /* fall through */
    case OPCODE_TEXT:
        take_message(pool, connection, frame->payload);
        break;
    case OPCODE_PING:
        send_frame(pool, connection, OPCODE_PONG, frame->payload);
        break;
    case OPCODE_CLOSE:
        snprintf(why, sizeof why, "the server closed it with code %d",
                 frame->payload.length < 2
                     ? 1005
                     : frame->payload.bytes[0] << 8 | frame->payload.bytes[1]);
        lose(pool, connection, why);
        break;
    case OPCODE_PONG:
        break;
    default:
        die("a frame of kind %d", frame->opcode);
    }
}

/* ---- reading ---- */

/* Take all that is whole at the start of the bytes; returns its length. */
static size_t take(struct pool *pool, struct connection *connection, uint8_t *bytes, size_t length)
{
    size_t used = 0;

    while (used < length && connection->state != LOST) {
        struct frame frame;
        size_t size;

        if (connection->state == UPGRADING) {
            size = take_upgrade(pool, connection, (struct span){bytes + used, length - used});
        } else {
            size = frame_parse(bytes + used, length - used, &frame);
            if (size)
                take_frame(pool, connection, &frame);
        }
        if (size == 0)
            break;
        used += size;
    }
    return used;
}

/* Whole frames are taken where they were received; only the rest is copied and kept. */
static void take_bytes(struct pool *pool, struct connection *connection, uint8_t *bytes,
                       size_t length)
{
    struct buffer *partial = &connection->partial;
    size_t used;

    if (partial->length == 0) {
        used = take(pool, connection, bytes, length);
        if (connection->state != LOST)
            buffer_append(partial, bytes + used, length - used);
    } else {
        buffer_append(partial, bytes, length);
        used = take(pool, connection, partial->bytes, partial->length);
        if (connection->state != LOST)
            buffer_consume(partial, used);
    }
}

static void read_connection(struct pool *pool, struct connection *connection)
{
    static uint8_t bytes[READ_SIZE];
    ssize_t length = recv(connection->descriptor, bytes, sizeof bytes, 0);

    /* One call each: what is left makes epoll report the socket again. */
    pool->reads++;
    if (length > 0)
        take_bytes(pool, connection, bytes, (size_t)length);
    else if (length == 0)
        lose(pool, connection, "the server closed it");
    else if (errno != EAGAIN && errno != EINTR)
        lose(pool, connection, strerror(errno));
}

void pool_serve(struct pool *pool, double timeout)
{
    struct epoll_event events[EVENTS_MAX];
    int milliseconds = timeout > 0 ? (int)(timeout * 1e3) + 1 : 0;
    int ready = epoll_wait(pool->epoll, events, EVENTS_MAX, milliseconds);

    for (int i = 0; i < ready; i++) {
        struct connection *connection = events[i].data.ptr;

        if (connection->state == CONNECTING)
            request_upgrade(pool, connection);
        else if (connection->state != LOST) /* an earlier event may have lost it */
            read_connection(pool, connection);
    }
}

void pool_serve_until(struct pool *pool, double end)
{
    double left;

    while ((left = end - now()) > 0)
        pool_serve(pool, left);
}

void pool_open(struct pool *pool)
{
    double deadline = now() + pool->options->deadline;

    while (pool->open + pool->lost < pool->count) {
        pool_start_more(pool);
        pool_serve(pool, 0.1);
        if (now() > deadline)
            die("only %d of %d sockets opened in time", pool->open, pool->count);
    }
}

void pool_close(struct pool *pool)
{
    static const uint8_t normal[2] = {1000 >> 8, 1000 & 0xff}; /* RFC 6455, section 7.4.1 */
    double end = now() + CLOSE_SECONDS;

    pool->closing = true;
    pool->on_message = NULL;
    for (int i = 0; i < pool->count; i++)
        if (pool->connections[i].state == OPEN)
            send_frame(pool, &pool->connections[i], OPCODE_CLOSE, (struct span){normal, 2});
    while (pool->open && now() < end)
        pool_serve(pool, 0.1);
}

void pool_print(const struct pool *pool)
{
    printf("\"errors\":%lu,\"frames\":%lu,\"reads\":%lu", (unsigned long)pool->errors,
           (unsigned long)pool->frames, (unsigned long)pool->reads);
}
