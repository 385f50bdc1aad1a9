#include "gate/world.h"

#include <stdlib.h>

struct pack_row {
    int64_t id;
    struct str yaml;
};
static const struct field pack_fields[] = {F_INT(struct pack_row, id),
                                           F_TEXT(struct pack_row, yaml)};
static const struct entity pack_entity = ENTITY(struct pack_row, "PackRow", pack_fields);

struct place_row {
    int64_t unit, pack;
};
static const struct field place_fields[] = {F_ID(struct place_row, unit),
                                            F_INT(struct place_row, pack)};
static const struct entity place_entity = ENTITY(struct place_row, "PackAt", place_fields);

struct day_row {
    int64_t day;
    enum tri works;
};
static const struct field day_fields[] = {F_INT(struct day_row, day),
                                          F_BOOL(struct day_row, works)};
static const struct entity day_entity = ENTITY(struct day_row, "CalendarDay", day_fields);

enum { PACKS_MAX = 4096, PLACES_MAX = 100000, DAYS_MAX = 100000 };

static enum err S_calendar(struct store *db, struct world *ret)
{
    struct list days;
    ret->calendar = calendar_new();
    if (!ret->calendar)
        return ERR_MEMORY;
    TRY(store_all(db, "SELECT day, works FROM calendar_day ORDER BY day", NO_ARGS, &day_entity,
                  DAYS_MAX, &days));
    const struct day_row *day = days.items;
    for (size_t i = 0; i < days.n; i++)
        TRY(calendar_set(ret->calendar, day[i].day, day[i].works == YES));
    return OK;
}

static enum err S_packs(struct store *db, struct world *ret, const char **why)
{
    struct list rows;
    TRY(store_all(db, "SELECT id, yaml FROM pack ORDER BY id", NO_ARGS, &pack_entity, PACKS_MAX,
                  &rows));
    const struct pack_row *row = rows.items;
    ret->packs = calloc(rows.n + 1, sizeof *ret->packs);
    if (!ret->packs)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows.n; i++) {
        struct pack_report report = {.arena = db->arena};
        enum err err = pack_load(row[i].yaml, &report, &ret->packs[i]);
        if (err != OK) {
            *why = "库里存的一份方案读不出来了。 / A stored pack can no longer be read.";
            return err;
        }
        ret->packs[i]->id = row[i].id;
        ret->pack_count++;
    }
    return OK;
}

const struct pack *world_pack(const struct world *w, int64_t id)
{
    /* Ids are given in order without gaps: the first guess is nearly always right. */
    if (id >= 1 && (size_t)id <= w->pack_count && w->packs[id - 1]->id == id)
        return w->packs[id - 1];
    for (size_t i = 0; i < w->pack_count; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): all pack_count of them are loaded */
        if (w->packs[i]->id == id)
            return w->packs[i];
    }
    return NULL;
}

static enum err S_places(struct store *db, struct world *ret)
{
    struct list rows;
    TRY(store_all(db, "SELECT unit, pack FROM pack_at ORDER BY unit", NO_ARGS, &place_entity,
                  PLACES_MAX, &rows));
    const struct place_row *row = rows.items;
    ret->places = calloc(rows.n + 1, sizeof *ret->places);
    if (!ret->places)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows.n; i++)
        ret->places[ret->place_count++] =
            (struct pack_place){.unit = row[i].unit, .pack = world_pack(ret, row[i].pack)};
    return OK;
}

enum err world_load(struct store *db, struct vault *vault, struct world *ret, const char **why)
{
    *ret = (struct world){.vault = vault, .shapes = shape_cache_new()};
    *why =
        "工作日历或方案无法从库里读出。 / The calendar or the packs cannot be read from the store.";
    if (!ret->shapes)
        return ERR_MEMORY;
    TRY(S_calendar(db, ret));
    TRY(S_packs(db, ret, why));
    return S_places(db, ret);
}

void world_free(struct world *w)
{
    calendar_free(w->calendar);
    shape_cache_free(w->shapes);
    for (size_t i = 0; i < w->pack_count; i++)
        pack_free(w->packs[i]);
    free(w->packs);
    free(w->places);
    *w = (struct world){0};
}

const struct pack *world_pack_at(const struct world *w, const struct ancestors *at)
{
    const int64_t nearest[] = {at->grid,     at->community, at->street,
                               at->district, at->city,      at->province};
    for (size_t level = 0; level < COUNT_OF(nearest); level++) {
        for (size_t i = 0; nearest[level] && i < w->place_count; i++) {
            if (w->places[i].unit == nearest[level])
                return w->places[i].pack;
        }
    }
    return NULL;
}

enum err world_store_pack(struct store *db, const struct pack *pack, int64_t unit, int64_t *ret)
{
    TRY(store_exec(db,
                   "INSERT INTO pack (name, hash, yaml, loaded_at) VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (hash) DO NOTHING",
                   ARGS(A_TEXT(pack->pack), A_TEXT(pack->hash), A_TEXT(pack->yaml), A_INT(db->now)),
                   NULL));
    TRY(store_int(db, "SELECT id FROM pack WHERE hash = $1", ARGS(A_TEXT(pack->hash)), ret));
    return store_exec(db,
                      "INSERT INTO pack_at (unit, pack, since) VALUES ($1, $2, $3) "
                      "ON CONFLICT (unit) DO UPDATE SET pack = excluded.pack, "
                      "since = excluded.since WHERE pack_at.pack <> excluded.pack",
                      ARGS(A_INT(unit), A_INT(*ret), A_INT(db->now)), NULL);
}
