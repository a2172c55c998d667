/*
 * One publisher, many subscribers. A publish is done when the last subscriber has it; the next
 * is sent when fewer than --outstanding are not done.
 */
#include <stdio.h>
#include <stdlib.h>

#include "connection.h"
#include "modes.h"

enum { OUTSTANDING_MAX = 4096, MESSAGE_MAX = 65536, STALL_SECONDS = 10 };

struct fanout {
    struct connection *publisher;
    uint64_t published, done;
    uint64_t deliveries, bytes;
    /* Both by publish number modulo OUTSTANDING_MAX. */
    int missing[OUTSTANDING_MAX];
    double published_at[OUTSTANDING_MAX];
    struct samples latencies;
    uint64_t checked, wrong;
    double progress_at;
};

/*
 * Stream events take the next number each; everything else repeats the position, which is the
 * number of the last event sent.
 */
static void check_sequence(struct fanout *fanout, struct connection *connection,
                           struct span payload, bool delivery)
{
    int64_t number = span_integer(payload, span_of("\"sequenceNumber\":"));
    int64_t last = connection->sequence;
    bool right = last < 0 || number == last + 1 || (!delivery && number == last);

    fanout->checked++;
    if ((number < 0 || !right) && fanout->wrong++ == 0)
        fprintf(stderr, "loadgen: first wrong number: %ld after %ld in %.*s\n", (long)number,
                (long)last, (int)payload.length, payload.bytes);
    connection->sequence = number;
}

static void take_delivery(struct fanout *fanout, struct connection *connection)
{
    uint64_t number = connection->counted++;

    if (number >= fanout->published)
        die("a subscriber got more messages than were published: another publisher is at work");
    fanout->deliveries++;
    if (--fanout->missing[number % OUTSTANDING_MAX])
        return;
    /* In order on every connection, so that publishes are done in order, too. */
    fanout->progress_at = now();
    samples_add(&fanout->latencies,
                fanout->progress_at - fanout->published_at[number % OUTSTANDING_MAX]);
    fanout->done++;
}

static bool on_message(struct pool *pool, struct connection *connection, struct span payload)
{
    struct fanout *fanout = pool->mode;

    if (connection == fanout->publisher) /* its own devices get the event as well */
        return false;
    bool delivery = span_has(payload, pool->options->marker);
    if (pool->options->verify)
        check_sequence(fanout, connection, payload, delivery);
    if (!delivery)
        return false;
    fanout->bytes += payload.length;
    for (size_t left = pool->options->binary ? span_count(payload, pool->options->marker) : 1;
         left; left--)
        take_delivery(fanout, connection);
    return true;
}

static void publish(struct pool *pool, struct fanout *fanout)
{
    static uint8_t text[MESSAGE_MAX];
    uint64_t number = fanout->published;
    size_t length = template_render(pool->options->message.items[0],
                                    pool->options->first_id + number, text, sizeof text);

    fanout->missing[number % OUTSTANDING_MAX] = pool->options->sockets;
    fanout->published_at[number % OUTSTANDING_MAX] = now();
    fanout->published++;
    connection_send(pool, fanout->publisher, (struct span){text, length});
}

static void keep_publishing(struct pool *pool, struct fanout *fanout, double until)
{
    while (now() < until) {
        while (fanout->published - fanout->done < (uint64_t)pool->options->outstanding)
            publish(pool, fanout);
        pool_serve(pool, 0.1);
        if (now() - fanout->progress_at > STALL_SECONDS)
            die("stalled: publish %lu still lacks %d of %d subscribers, %lu errors",
                (unsigned long)fanout->done, fanout->missing[fanout->done % OUTSTANDING_MAX],
                pool->options->sockets, (unsigned long)pool->errors);
    }
}

static void print(const struct pool *pool, struct fanout *fanout, const struct snapshot *before,
                  const struct snapshot *after)
{
    double duration = after->at - before->at;

    printf("{\"mode\":\"fanout\",\"sockets\":%d,\"outstanding\":%d,", pool->options->sockets,
           pool->options->outstanding);
    printf("\"publishes\":%zu,\"deliveries\":%lu,\"deliveries_per_s\":%.0f,",
           fanout->latencies.count, (unsigned long)fanout->deliveries,
           (double)fanout->deliveries / duration);
    printf("\"bytes_per_delivery\":%.1f,",
           fanout->deliveries ? (double)fanout->bytes / (double)fanout->deliveries : 0);
    samples_print(&fanout->latencies, "");
    printf(",\"sequences_checked\":%lu,\"sequence_errors\":%lu,", (unsigned long)fanout->checked,
           (unsigned long)fanout->wrong);
    pool_print(pool);
    putchar(',');
    window_print(&pool->options->processes, before, after, fanout->deliveries);
    puts("}");
}

int run_fanout(const struct options *options)
{
    static struct fanout fanout;
    struct pool pool = pool_create(options, 1);

    if (!options->message.count)
        die("fanout takes --message");
    if (options->outstanding > OUTSTANDING_MAX)
        die("--outstanding is at most %d", OUTSTANDING_MAX);
    fanout.publisher = &pool.connections[options->sockets];
    if (options->publisher_init.count)
        fanout.publisher->init = options->publisher_init.items[0];
    pool.on_message = on_message;
    pool.mode = &fanout;
    pool_open(&pool);

    fanout.progress_at = now();
    keep_publishing(&pool, &fanout, now() + options->warm);
    fanout.latencies.count = 0;
    fanout.deliveries = fanout.bytes = pool.frames = pool.reads = 0;
    struct snapshot before = snapshot_take(&options->processes);
    keep_publishing(&pool, &fanout, before.at + options->seconds);
    struct snapshot after = snapshot_take(&options->processes);
    if (!fanout.latencies.count)
        die("no publish reached everybody in %.1f s, %lu errors", options->seconds,
            (unsigned long)pool.errors);
    print(&pool, &fanout, &before, &after);
    pool_close(&pool);
    return fanout.wrong ? 3 : 0;
}
