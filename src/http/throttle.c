#include "http/throttle.h"

enum { WRITE = 1000, MINUTE_US = 60000000 };

bool throttle_take(struct throttle *t, struct str address, int64_t now)
{
    uint64_t who = str_hash(address);
    struct bucket *b = &t->buckets[who % THROTTLE_SLOTS];
    int64_t full = t->per_minute * WRITE;
    if (!t->per_minute)
        return true;
    if (b->who != who)
        *b = (struct bucket){.who = who, .left = full, .at = now};
    int64_t since = now - b->at < MINUTE_US ? now - b->at : MINUTE_US;
    b->left += since * full / MINUTE_US;
    b->left = b->left < full ? b->left : full;
    b->at = now;
    if (b->left < WRITE)
        return false;
    b->left -= WRITE;
    return true;
}
