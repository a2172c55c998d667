#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double clock_seconds(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time))
        die_errno("a measured process has gone");
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double now(void)
{
    return clock_seconds(CLOCK_MONOTONIC);
}

void processes_add(struct processes *processes, const char *text)
{
    const char *equals = strchr(text, '=');
    int at = processes->count;

    if (!equals || equals == text || atoi(equals + 1) <= 0)
        die("a process is given as NAME=PID, not \"%s\"", text);
    if (at == PROCESSES_MAX)
        die("more than %d processes", PROCESSES_MAX);
    processes->items[at].name = strndup(text, (size_t)(equals - text));
    processes->items[at].pid = atoi(equals + 1);
    errno = clock_getcpuclockid(processes->items[at].pid, &processes->items[at].clock);
    if (errno)
        die_errno("process \"%s\"", text);
    processes->count++;
}

static FILE *open_process_file(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    if (!file)
        die_errno("%s", path);
    return file;
}

/* User and system time, in ticks of 10 ms: proc_pid_stat(5), fields 14 and 15. */
static void read_times(pid_t pid, struct use *use)
{
    char text[1024];
    FILE *file = open_process_file(pid, "stat");
    size_t length = fread(text, 1, sizeof text - 1, file);
    unsigned long user, system;

    fclose(file);
    text[length] = '\0';
    /* The second field is the program's name and may hold blanks and parentheses. */
    const char *fields = strrchr(text, ')');
    if (!fields || sscanf(fields, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                          &user, &system) != 2)
        die("/proc/%d/stat", pid);
    use->user = (double)user / (double)sysconf(_SC_CLK_TCK);
    use->system = (double)system / (double)sysconf(_SC_CLK_TCK);
}

static void read_memory(pid_t pid, struct use *use)
{
    char line[256];
    FILE *file = open_process_file(pid, "smaps_rollup");

    while (fgets(line, sizeof line, file)) {
        sscanf(line, "Rss: %ld", &use->rss);
        sscanf(line, "Pss: %ld", &use->pss);
    }
    fclose(file);
}

static void read_machine(struct snapshot *snapshot)
{
    unsigned long user, nice, system, idle, wait, interrupts, soft_interrupts, steal;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    FILE *file = fopen("/proc/stat", "r");

    if (!file || fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &user, &nice, &system, &idle,
                        &wait, &interrupts, &soft_interrupts, &steal) != 8)
        die("/proc/stat");
    fclose(file);
    snapshot->busy = (double)(user + nice + system + interrupts + soft_interrupts) / ticks;
    snapshot->steal = (double)steal / ticks;
}

struct snapshot snapshot_take(const struct processes *processes)
{
    struct snapshot snapshot = {0};

    for (int i = 0; i < processes->count; i++)
        read_memory(processes->items[i].pid, &snapshot.use[i]);
    /* The clocks last, and the time beside them: reading memory maps may take milliseconds. */
    for (int i = 0; i < processes->count; i++) {
        read_times(processes->items[i].pid, &snapshot.use[i]);
        /* Unlike the ticks above, nanoseconds; threads that have ended are included. */
        snapshot.use[i].cpu = clock_seconds(processes->items[i].clock);
    }
    read_machine(&snapshot);
    snapshot.own_cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    snapshot.at = now();
    return snapshot;
}

static void print_per_million(double cpu, uint64_t count)
{
    if (count)
        printf("\"cpu_s_per_million\":%.3f", cpu / (double)count * 1e6);
    else
        printf("\"cpu_s_per_million\":null");
}

void window_print(const struct processes *processes, const struct snapshot *before,
                  const struct snapshot *after, uint64_t count)
{
    double own = after->own_cpu - before->own_cpu;
    double cpu = 0;

    printf("\"seconds\":%.4f,\"processes\":[", after->at - before->at);
    for (int i = 0; i < processes->count; i++) {
        const struct use *from = &before->use[i], *to = &after->use[i];

        cpu += to->cpu - from->cpu;
        printf("%s{\"name\":\"%s\",\"pid\":%d,\"cpu_s\":%.6f,\"user_s\":%.2f,\"system_s\":%.2f,",
               i ? "," : "", processes->items[i].name, processes->items[i].pid,
               to->cpu - from->cpu, to->user - from->user, to->system - from->system);
        print_per_million(to->cpu - from->cpu, count);
        printf(",\"rss_kb\":%ld,\"rss_growth_kb\":%ld,\"pss_kb\":%ld,\"pss_growth_kb\":%ld}",
               to->rss, to->rss - from->rss, to->pss, to->pss - from->pss);
    }
    printf("],\"cpu_s\":%.6f,", cpu);
    print_per_million(cpu, count);
    printf(",\"loadgen_cpu_s\":%.6f,\"other_cpu_s\":%.2f,\"steal_s\":%.2f", own,
           after->busy - before->busy - cpu - own, after->steal - before->steal);
}

long window_rss_growth(const struct processes *processes, const struct snapshot *before,
                       const struct snapshot *after)
{
    long growth = 0;

    for (int i = 0; i < processes->count; i++)
        growth += after->use[i].rss - before->use[i].rss;
    return growth;
}

long window_pss_growth(const struct processes *processes, const struct snapshot *before,
                       const struct snapshot *after)
{
    long growth = 0;

    for (int i = 0; i < processes->count; i++)
        growth += after->use[i].pss - before->use[i].pss;
    return growth;
}

void samples_add(struct samples *samples, double seconds)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? 2 * samples->capacity : 1024;
        samples->seconds = realloc(samples->seconds, samples->capacity * sizeof(double));
        if (!samples->seconds)
            die("out of memory");
    }
    samples->seconds[samples->count++] = seconds;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

void samples_print(struct samples *samples, const char *prefix)
{
    static const struct {
        const char *name;
        double quantile;
    } wanted[] = {{"p50_ms", 0.5}, {"p99_ms", 0.99}, {"max_ms", 1.0}};

    if (samples->count)
        qsort(samples->seconds, samples->count, sizeof(double), compare);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        printf("%s\"%s%s\":", i ? "," : "", prefix, wanted[i].name);
        if (samples->count == 0)
            printf("null");
        else
            printf("%.3f",
                   1e3 * samples->seconds[(size_t)(wanted[i].quantile
                                                   * (double)(samples->count - 1))]);
    }
}
