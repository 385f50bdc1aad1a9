/* Feeds: what happens, in the order it happened, for streams that tell of it at once. A domain says
 * how its log is read and who may know of each entry; the HTTP layer keeps the streams, and asks
 * the same gate as for everything else. Entries have ascending numbers and are committed in that
 * order, so that whoever has seen up to one number has missed nothing before it. */
#ifndef GATE_FEED_H
#define GATE_FEED_H

#include "gate/actor.h"
#include "store/store.h"

/* One entry, with who may know of it. */
struct live {
    struct reach reach;
    struct list also; /* int64_t: persons beside those of the reach, however many, who may know what
                         is not internal */
    int64_t seq;
    int64_t account;   /* who did it; 0: nobody with an account */
    bool internal;     /* for the units, and for who did it */
    const void *event; /* a struct of the route's `out` */
};

struct feed {
    const char *name; /* the event's name on the wire */

    /* At most `most` entries behind `after`, in order: a list of struct live in the arena. */
    enum err (*read)(struct store *db, int64_t after, int64_t most, struct list *ret);
    enum err (*last)(struct store *db, int64_t *ret); /* number of the newest; 0: none yet */
};

/* The first member of a STREAM's input: tell what came after this one; NO_INT: from now on. */
struct feed_in {
    int64_t after;
};

/* May any admitted hat know of it? */
bool live_visible(const struct actor *by, const struct live *e);

#endif
