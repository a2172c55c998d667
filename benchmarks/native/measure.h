/* What is measured: time, latencies, and what the server's processes used. */
#ifndef MEASURE_H
#define MEASURE_H

#include <sys/types.h>
#include <time.h>

#include "text.h"

enum { PROCESSES_MAX = 64 };

/* Seconds on the monotonic clock. */
double now(void);

struct processes {
    int count;
    struct {
        const char *name;
        pid_t pid;
        clockid_t clock;
    } items[PROCESSES_MAX];
};

/* Add one written as NAME=PID. */
void processes_add(struct processes *processes, const char *text);

struct use {
    double cpu, user, system; /* seconds since the process began */
    long rss, pss;            /* KiB */
};

struct snapshot {
    double at;
    double own_cpu; /* of this program */
    double busy;    /* of the whole machine */
    double steal;   /* taken from the machine by its host */
    struct use use[PROCESSES_MAX];
};

struct snapshot snapshot_take(const struct processes *processes);

/*
 * Print the JSON members that every mode has, without braces around them.
 * `count` is what "cpu_s_per_million" is about: deliveries, acknowledged commands or sockets.
 */
void window_print(const struct processes *processes, const struct snapshot *before,
                  const struct snapshot *after, uint64_t count);

/* Growth of the resident (or proportional) set of all processes together, KiB. */
long window_rss_growth(const struct processes *processes, const struct snapshot *before,
                       const struct snapshot *after);
long window_pss_growth(const struct processes *processes, const struct snapshot *before,
                       const struct snapshot *after);

/* Every single latency, since a histogram would round the tail. */
struct samples {
    double *seconds;
    size_t count, capacity;
};

void samples_add(struct samples *samples, double seconds);

/* Print "p50_ms", "p99_ms" and "max_ms" as JSON members (null without samples). */
void samples_print(struct samples *samples, const char *prefix);

#endif
