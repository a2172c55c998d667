/* One function for each mode; each prints its result as one JSON object. */
#ifndef MODES_H
#define MODES_H

#include "options.h"

/* Each returns the exit status: 0, or 3 when --verify found a wrong number. */
int run_fanout(const struct options *options);
int run_idle(const struct options *options);
int run_commands(const struct options *options);
int run_storm(const struct options *options);
int run_requests(const struct options *options);

#endif
