/* What every request may read and none may change: the vault, the packs in force, the working-day
 * calendar and the prepared shapes (which keep themselves right, geo/shape.h). Made once at start;
 * a struct store carries a pointer to it. */
#ifndef GATE_WORLD_H
#define GATE_WORLD_H

#include "gate/actor.h"
#include "gate/vault.h"
#include "geo/shape.h"
#include "pack/pack.h"

struct pack_place {
    int64_t unit;
    const struct pack *pack;
};

struct world {
    struct vault *vault;
    struct calendar *calendar;
    struct shape_cache *shapes;
    struct pack **packs; /* every version an open matter may have begun under */
    size_t pack_count;
    struct pack_place *places; /* which pack is in force where */
    size_t place_count;
};

/* Loads the calendar and the packs from the store. */
MUST enum err world_load(struct store *db, struct vault *vault, struct world *ret,
                         const char **why);
void world_free(struct world *w); /* not the vault */

/* The pack in force at a place: that of its nearest ancestor that has one; NULL when none has. */
const struct pack *world_pack_at(const struct world *w, const struct ancestors *at);
const struct pack *world_pack(const struct world *w, int64_t id);

/* Puts a pack into force at a unit from now on, keeping the versions before it. Inside a command.
 */
MUST enum err world_store_pack(struct store *db, const struct pack *pack, int64_t unit,
                               int64_t *ret);

#endif
