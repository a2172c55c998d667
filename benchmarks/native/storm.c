/* Everybody comes at once: how long until the last has what was missed; and what a socket costs. */
#include <stdio.h>

#include "connection.h"
#include "modes.h"

struct storm {
    int done;
    uint64_t messages, bytes;
    struct samples latencies; /* from the start of the connection to the last missed message */
};

static bool on_message(struct pool *pool, struct connection *connection, struct span payload)
{
    struct storm *storm = pool->mode;
    uint64_t expected = (uint64_t)pool->options->expect;
    /* Occurrences, not frames: a marker of the enclosed messages counts these in each page. */
    size_t found = span_count(payload, pool->options->marker);
    bool was_done = connection->counted >= expected;

    if (!found)
        return false;
    connection->counted += found;
    storm->messages += found;
    storm->bytes += payload.length;
    if (!was_done && connection->counted >= expected) {
        storm->done++;
        samples_add(&storm->latencies, now() - connection->since);
    }
    return true;
}

static int unfinished_lost(const struct pool *pool)
{
    int count = 0;

    for (int i = 0; i < pool->next; i++)
        count += pool->connections[i].state == LOST
                 && pool->connections[i].counted < (uint64_t)pool->options->expect;
    return count;
}

static void print(const struct pool *pool, struct storm *storm, const struct snapshot *before,
                  const struct snapshot *after)
{
    printf("{\"mode\":\"storm\",\"sockets\":%d,\"done\":%d,\"failed\":%d,\"lost\":%d,",
           pool->count, storm->done, pool->count - storm->done, pool->lost);
    printf("\"messages\":%lu,\"payload_bytes\":%lu,", (unsigned long)storm->messages,
           (unsigned long)storm->bytes);
    samples_print(&storm->latencies, "");
    putchar(',');
    pool_print(pool);
    putchar(',');
    window_print(&pool->options->processes, before, after, (uint64_t)pool->count);
    puts("}");
}

int run_storm(const struct options *options)
{
    struct storm storm = {0};
    struct pool pool = pool_create(options, 0);

    pool.on_message = on_message;
    pool.mode = &storm;
    pool.may_lose = true;
    struct snapshot before = snapshot_take(&options->processes);
    while (now() < before.at + options->deadline) {
        pool_start_more(&pool);
        pool_serve(&pool, 0.1);
        if (pool.next == pool.count
            && storm.done + (pool.lost ? unfinished_lost(&pool) : 0) == pool.count)
            break;
    }
    struct snapshot after = snapshot_take(&options->processes);
    print(&pool, &storm, &before, &after);
    pool_close(&pool);
    return 0;
}

int run_idle(const struct options *options)
{
    struct pool pool = pool_create(options, 0);
    struct snapshot before = snapshot_take(&options->processes);

    pool_open(&pool);
    pool_serve_until(&pool, now() + options->seconds);
    struct snapshot after = snapshot_take(&options->processes);
    double sockets = pool.count;
    printf("{\"mode\":\"idle\",\"sockets\":%d,", pool.count);
    printf("\"rss_kb_per_socket\":%.3f,\"pss_kb_per_socket\":%.3f,",
           (double)window_rss_growth(&options->processes, &before, &after) / sockets,
           (double)window_pss_growth(&options->processes, &before, &after) / sockets);
    pool_print(&pool);
    putchar(',');
    window_print(&options->processes, &before, &after, (uint64_t)pool.count);
    puts("}");
    pool_close(&pool);
    return 0;
}
