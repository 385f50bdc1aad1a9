/* Live: what happens to matters, told as it happens to whoever may see them. The log is
 * matter_event, read by its numbers; who may know of an entry is who reaches its matter
 * (matter_reach), and what units say among themselves stays with them, as in the timeline. An entry
 * says what and where, never what was written or by whom. */
#ifndef DOMAIN_LIVE_H
#define DOMAIN_LIVE_H

#include "gate/route.h"

/* One entry as it is told: also the `data` of a webhook. */
struct live_event {
    int64_t seq, at, matter;
    struct str number, act, stage, title;
};
extern const struct entity live_event_entity;
extern const struct module live_module;

/* A feed's read and last (gate/feed.h). */
MUST enum err live_read(struct store *db, int64_t after, int64_t most, struct list *ret);
MUST enum err live_last(struct store *db, int64_t *ret);

#endif
