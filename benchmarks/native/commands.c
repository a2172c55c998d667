/* Every socket has one command outstanding, and sends the next when it has the answer. */
#include <stdio.h>

#include "connection.h"
#include "modes.h"

enum { MESSAGE_MAX = 65536, STALL_SECONDS = 10 };

struct commands {
    uint64_t sent;
    struct samples latencies; /* of the acknowledged ones */
    double answered_at;
};

static void send_next(struct pool *pool, struct connection *connection)
{
    static uint8_t text[MESSAGE_MAX];
    struct commands *commands = pool->mode;
    const struct lines *templates = &pool->options->message;
    int line = (int)((connection - pool->connections) % templates->count);
    size_t length = template_render(templates->items[line],
                                    pool->options->first_id + commands->sent++, text, sizeof text);

    connection->since = now();
    connection_send(pool, connection, (struct span){text, length});
}

static bool on_message(struct pool *pool, struct connection *connection, struct span payload)
{
    struct commands *commands = pool->mode;
    bool acknowledged = span_has(payload, pool->options->reply_marker);

    if (!acknowledged && !pool_takes_error(pool, payload))
        return false;
    commands->answered_at = now();
    if (acknowledged)
        samples_add(&commands->latencies, commands->answered_at - connection->since);
    send_next(pool, connection);
    return true;
}

static void keep_serving(struct pool *pool, struct commands *commands, double until)
{
    while (now() < until) {
        pool_serve(pool, 0.1);
        if (now() - commands->answered_at > STALL_SECONDS)
            die("stalled: no answer for %d s", STALL_SECONDS);
    }
}

static void print(const struct pool *pool, struct commands *commands,
                  const struct snapshot *before, const struct snapshot *after)
{
    size_t acknowledged = commands->latencies.count;

    printf("{\"mode\":\"commands\",\"sockets\":%d,", pool->options->sockets);
    printf("\"acknowledged\":%zu,\"acknowledged_per_s\":%.1f,", acknowledged,
           (double)acknowledged / (after->at - before->at));
    samples_print(&commands->latencies, "");
    putchar(',');
    pool_print(pool);
    putchar(',');
    window_print(&pool->options->processes, before, after, acknowledged);
    puts("}");
}

int run_commands(const struct options *options)
{
    struct commands commands = {0};
    struct pool pool = pool_create(options, 0);

    if (!options->message.count)
        die("commands takes --message");
    pool.mode = &commands;
    pool_open(&pool);
    pool.on_message = on_message;
    for (int i = 0; i < pool.count; i++)
        send_next(&pool, &pool.connections[i]);

    commands.answered_at = now();
    keep_serving(&pool, &commands, now() + options->warm);
    commands.latencies.count = 0;
    pool.errors = pool.frames = pool.reads = 0;
    struct snapshot before = snapshot_take(&options->processes);
    keep_serving(&pool, &commands, before.at + options->seconds);
    struct snapshot after = snapshot_take(&options->processes);
    if (!commands.latencies.count)
        die("no command was acknowledged in %.1f s, %lu errors", options->seconds,
            (unsigned long)pool.errors);
    print(&pool, &commands, &before, &after);
    pool_close(&pool);
    return 0;
}
