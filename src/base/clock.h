/* The time, as an argument. A clock is the machine's, or a test's: then it is shifted by the
 * milliseconds held in a file (8 bytes, this machine's byte order), which the test may rewrite
 * while the program runs. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"

#include <stdint.h>

struct clock {
    const int64_t *shift; /* NULL: the machine's time as it is */
};

MUST enum err clock_shifted(const char *file, struct clock *ret);
int64_t clock_now(const struct clock *c); /* ms since 1970, UTC */
int64_t clock_ticks(void);                /* µs that only go forward, for measuring */

#endif
