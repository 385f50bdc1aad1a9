/* What differs between two packs, in words: what is added, removed, renamed or changed, from the
 * second pack's point of view. It compares what the YAML says, not how it is laid out: comments,
 * quotes and the order of words in a set do not matter.
 *
 * Lists of the root are compared item by item, by the items' code; a new list of packs needs one
 * line in the table of diff.c. One that has no line is told to differ as a whole. Sentences live
 * in the arena given. ERR_MEMORY when it is full. */
#ifndef PACK_DIFF_H
#define PACK_DIFF_H

#include "entity/entity.h"
#include "pack/pack.h"

struct pack_change {
    struct str zh, en;
};

/* *ret: struct pack_change, in the order of the packs; none when they mean the same. */
MUST enum err pack_diff(const struct pack *before, const struct pack *after, struct arena *a,
                        struct list *ret);

#endif
