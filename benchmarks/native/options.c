#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { TEXT, WHOLE, SECONDS, MARKER, LINES, FLAG, PROCESS };

struct specification {
    const char *name;
    enum kind kind;
    void *value;
};

static int whole(const char *name, const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < 1 || value > 1000000)
        die("%s takes a whole number from 1 to 1000000, not \"%s\"", name, text);
    return (int)value;
}

static double seconds(const char *name, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0))
        die("%s takes seconds, not \"%s\"", name, text);
    return value;
}

static void set(const struct specification *option, const char *text)
{
    switch (option->kind) {
    case TEXT:
        *(const char **)option->value = text;
        break;
    case WHOLE:
        *(int *)option->value = whole(option->name, text);
        break;
    case SECONDS:
        *(double *)option->value = seconds(option->name, text);
        break;
    case MARKER:
        if (!*text)
            die("%s is empty", option->name);
        *(struct span *)option->value = span_of(text);
        break;
    case LINES:
        *(struct lines *)option->value = lines_load(text);
        break;
    case FLAG:
        *(bool *)option->value = true;
        break;
    case PROCESS:
        processes_add(option->value, text);
        break;
    }
}

/* Ids unique across runs: against the same server a repeated id would be answered from memory. */
static uint64_t fresh_id(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void parse(struct options *options, int count, char **arguments)
{
    const struct specification known[] = {
        {"--port", WHOLE, &options->port},
        {"--path", TEXT, &options->path},
        {"--subprotocol", TEXT, &options->subprotocol},
        {"--header", TEXT, &options->header},
        {"--sockets", WHOLE, &options->sockets},
        {"--parallel", WHOLE, &options->parallel},
        {"--init", LINES, &options->init},
        {"--publisher-init", LINES, &options->publisher_init},
        {"--message", LINES, &options->message},
        {"--marker", MARKER, &options->marker},
        {"--reply-marker", MARKER, &options->reply_marker},
        {"--ready-marker", MARKER, &options->ready_marker},
        {"--outstanding", WHOLE, &options->outstanding},
        {"--expect", WHOLE, &options->expect},
        {"--verify", FLAG, &options->verify},
        {"--binary", FLAG, &options->binary},
        {"--seconds", SECONDS, &options->seconds},
        {"--warm", SECONDS, &options->warm},
        {"--pause", SECONDS, &options->pause},
        {"--deadline", SECONDS, &options->deadline},
        {"--process", PROCESS, &options->processes},
    };
    size_t total = sizeof known / sizeof known[0];

    for (int i = 2; i < count; i++) {
        size_t at = 0;

        while (at < total && strcmp(known[at].name, arguments[i]))
            at++;
        if (at == total)
            die("unknown option %s", arguments[i]);
        if (known[at].kind != FLAG && i + 1 == count)
            die("%s takes a value", arguments[i]);
        set(&known[at], known[at].kind == FLAG ? NULL : arguments[++i]);
    }
}

static void unescape(struct options *options)
{
    struct lines *files[] = {&options->init, &options->publisher_init, &options->message};

    if (!options->binary)
        return;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        for (int line = 0; line < files[i]->count; line++)
            span_unescape(&files[i]->items[line]);
    span_unescape(&options->ready_marker);
}

struct options options_parse(int count, char **arguments)
{
    if (count < 2)
        die("usage: loadgen fanout|idle|commands|storm|requests --port PORT --sockets N [OPTION...]");
    struct options options = {
        .mode = arguments[1],
        .path = "/ws",
        .parallel = 16,
        .outstanding = 1,
        .expect = 1,
        .seconds = 5,
        .warm = 1,
        .deadline = 60,
        .reply_marker = span_of("mood_update_response"),
        .first_id = fresh_id(),
    };
    bool storm = !strcmp(options.mode, "storm");

    options.marker = span_of(storm ? "\"type\":\"missed_messages\"" : "\"type\":\"mood_changed\"");
    parse(&options, count, arguments);
    unescape(&options);
    if (!options.port || !options.sockets)
        die("--port and --sockets are required");
    if (options.init.count > 1 && options.init.count < options.sockets)
        die("--init has %d lines for %d sockets", options.init.count, options.sockets);
    return options;
}
