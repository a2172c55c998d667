/*
 * A load generator for WebSocket and HTTP servers on this machine: one thread on epoll that looks for
 * marker strings in frames instead of decoding them, so that it is never the bottleneck.
 */
#include <string.h>

#include "modes.h"

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        int (*run)(const struct options *options);
    } modes[] = {
        {"fanout", run_fanout},
        {"idle", run_idle},
        {"commands", run_commands},
        {"storm", run_storm},
        {"requests", run_requests},
    };
    struct options options = options_parse(count, arguments);

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (!strcmp(modes[i].name, options.mode))
            return modes[i].run(&options);
    die("no mode \"%s\": fanout, idle, commands, storm or requests", options.mode);
}
