/*
 * HTTP: every socket stays open, has one POST outstanding, and sends it again upon the answer, or
 * --pause seconds after it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"
#include "modes.h"

enum { REQUEST_MAX = 65536, READ_SIZE = 1 << 16, EVENTS_MAX = 256, STALL_SECONDS = 10 };

struct client {
    int descriptor;
    struct buffer answer;
    double since;
    double ask_at; /* 0 while it waits for an answer */
};

struct requests {
    const struct options *options;
    struct client *clients;
    int epoll;
    uint8_t text[REQUEST_MAX];
    size_t length;
    struct samples latencies;
    double answered_at;
    uint64_t reads;
};

static void write_request(struct requests *requests)
{
    const struct options *options = requests->options;
    struct span body = options->message.items[0];
    int head = snprintf((char *)requests->text, REQUEST_MAX,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n%s%s\r\n",
                        options->path, options->port, body.length,
                        options->header ? options->header : "", options->header ? "\r\n" : "");

    if (head < 0 || (size_t)head + body.length > REQUEST_MAX)
        die("a request over %d bytes", REQUEST_MAX);
    memcpy(requests->text + head, body.bytes, body.length);
    requests->length = (size_t)head + body.length;
}

static void ask(struct requests *requests, struct client *client)
{
    client->since = now();
    client->ask_at = 0;
    if (!send_all(client->descriptor, requests->text, requests->length))
        die("the server closed a connection while we sent");
}

static void connect_client(struct requests *requests, struct client *client)
{
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)requests->options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    client->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->descriptor < 0
        || connect(client->descriptor, (struct sockaddr *)&address, sizeof address))
        die_errno("connect to port %d", requests->options->port);
    setsockopt(client->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (epoll_ctl(requests->epoll, EPOLL_CTL_ADD, client->descriptor, &event))
        die_errno("epoll_ctl");
}

/* How long the whole answer is; 0 while its head has not arrived. Its body may still be on its way. */
static size_t answer_length(struct span answer)
{
    const uint8_t *body = span_after(answer, span_of("\r\n\r\n"));

    if (!body)
        return 0;
    struct span head = {answer.bytes, (size_t)(body - answer.bytes)};
    int64_t length = span_integer(head, span_of("\ncontent-length: "));
    if (length < 0)
        die("an answer without content-length: %.*s", (int)head.length, head.bytes);
    return head.length + (size_t)length;
}

static void take(struct requests *requests, struct client *client)
{
    static uint8_t read_into[READ_SIZE];
    ssize_t got = recv(client->descriptor, read_into, sizeof read_into, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        die("the server closed a connection");
    requests->reads++;
    buffer_append(&client->answer, read_into, (size_t)got);
    struct span answer = {client->answer.bytes, client->answer.length};
    size_t whole = answer_length(answer);
    if (!whole || answer.length < whole)
        return;
    if (!span_has(answer, requests->options->reply_marker))
        die("not what was asked for: %.*s", (int)answer.length, answer.bytes);
    buffer_consume(&client->answer, whole);
    requests->answered_at = now();
    samples_add(&requests->latencies, requests->answered_at - client->since);
    if (requests->options->pause > 0)
        client->ask_at = requests->answered_at + requests->options->pause;
    else
        ask(requests, client);
}

static void ask_those_due(struct requests *requests)
{
    for (int i = 0; i < requests->options->sockets; i++)
        if (requests->clients[i].ask_at > 0 && requests->clients[i].ask_at <= now())
            ask(requests, &requests->clients[i]);
}

static void keep_asking(struct requests *requests, double until)
{
    struct epoll_event events[EVENTS_MAX];
    int milliseconds = requests->options->pause > 0 ? 1 : 100;

    while (now() < until) {
        int count = epoll_wait(requests->epoll, events, EVENTS_MAX, milliseconds);

        for (int i = 0; i < count; i++)
            take(requests, events[i].data.ptr);
        if (requests->options->pause > 0)
            ask_those_due(requests);
        if (now() - requests->answered_at > STALL_SECONDS)
            die("stalled: no answer for %d s", STALL_SECONDS);
    }
}

static void print(struct requests *requests, const struct snapshot *before,
                  const struct snapshot *after)
{
    size_t answered = requests->latencies.count;

    printf("{\"mode\":\"requests\",\"sockets\":%d,\"errors\":0,", requests->options->sockets);
    printf("\"answered\":%zu,\"answered_per_s\":%.1f,", answered,
           (double)answered / (after->at - before->at));
    printf("\"frames\":%zu,\"reads\":%lu,", answered, (unsigned long)requests->reads);
    samples_print(&requests->latencies, "");
    putchar(',');
    window_print(&requests->options->processes, before, after, answered);
    puts("}");
}

int run_requests(const struct options *options)
{
    static struct requests requests;

    if (!options->message.count)
        die("requests takes --message");
    requests.options = options;
    requests.epoll = epoll_create1(EPOLL_CLOEXEC);
    requests.clients = calloc((size_t)options->sockets, sizeof *requests.clients);
    if (requests.epoll < 0 || !requests.clients)
        die_errno("epoll and connections");
    write_request(&requests);
    requests.answered_at = now();
    for (int i = 0; i < options->sockets; i++) {
        struct client *client = &requests.clients[i];

        connect_client(&requests, client);
        /* Not all at once, for then they would stay together. */
        client->ask_at = now() + options->pause * i / options->sockets;
        if (options->pause <= 0)
            ask(&requests, client);
    }
    keep_asking(&requests, now() + options->warm);
    requests.latencies.count = requests.reads = 0;
    struct snapshot before = snapshot_take(&options->processes);
    keep_asking(&requests, before.at + options->seconds);
    struct snapshot after = snapshot_take(&options->processes);
    if (!requests.latencies.count)
        die("nothing was answered in %.1f s", options->seconds);

    print(&requests, &before, &after);
    return 0;
}
