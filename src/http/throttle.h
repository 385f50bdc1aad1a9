/* How often one address may write without having signed in: a bucket of drops that refills with
 * time (token bucket), so that a family behind one router is not held up, and a script is. Only
 * the loop touches it. Addresses are kept as hashes in a table of fixed size: two that meet share
 * a bucket. */
#ifndef HTTP_THROTTLE_H
#define HTTP_THROTTLE_H

#include "base/str.h"

enum { THROTTLE_SLOTS = 4096 };

struct throttle {
    int64_t per_minute; /* 0: no limit */
    struct bucket {
        uint64_t who;
        int64_t left; /* thousandths of a write */
        int64_t at;   /* µs when that was so */
    } buckets[THROTTLE_SLOTS];
};

/* Takes one write out of the address's bucket; false when it is empty. now is in µs. */
bool throttle_take(struct throttle *t, struct str address, int64_t now);

#endif
