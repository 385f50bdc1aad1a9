/* The reader: from events to parts to sums. */
#include "domain/figure/figure.h"

#include "domain/matter/matter.h"

#include <stdlib.h>

/* A sum that changes: one of a unit's, at bucket -1, or a bucket of its spread. */
struct delta {
    int64_t unit, indicator, month, county, bucket;
    struct str kind, source;
    int64_t n, skipped, total, met;
    bool used;
};

/* All changes of one run, added up before any is written: what lies close together has most of its
 * sums in common, the higher the more. */
struct run {
    struct store *db;
    struct delta *deltas; /* open addressing; room is a power of two */
    size_t n, room;
};

enum { ROOM_FIRST = 1024, STEP_ARENA = 1 << 30 };

/* ---- changes ---- */

static bool S_same(const struct delta *a, const struct delta *b)
{
    return a->unit == b->unit && a->indicator == b->indicator && a->month == b->month &&
           a->county == b->county && a->bucket == b->bucket && str_eq(a->kind, b->kind) &&
           str_eq(a->source, b->source);
}

static size_t S_slot(const struct run *r, const struct delta *d)
{
    uint64_t h = (uint64_t)d->unit * 0x9E3779B97F4A7C15u ^ (uint64_t)d->indicator;
    h = (h ^ (uint64_t)d->month) * 0xBF58476D1CE4E5B9u + (uint64_t)d->bucket;
    h = (h ^ str_hash(d->kind)) * 0x94D049BB133111EBu ^ str_hash(d->source);
    size_t at = (size_t)(h ^ h >> 31) & (r->room - 1);
    while (r->deltas[at].used && !S_same(&r->deltas[at], d))
        at = (at + 1) & (r->room - 1);
    return at;
}

static enum err S_grow(struct run *r)
{
    struct run old = *r;
    r->room = old.room ? old.room * 4 : ROOM_FIRST;
    r->deltas = arena_array(r->db->arena, r->room, sizeof *r->deltas);
    if (!r->deltas)
        return ERR_MEMORY;
    for (size_t i = 0; i < old.room; i++) {
        if (old.deltas[i].used)
            r->deltas[S_slot(r, &old.deltas[i])] = old.deltas[i];
    }
    return OK;
}

static enum err S_add(struct run *r, struct delta d)
{
    if (r->n * 2 >= r->room)
        TRY(S_grow(r));
    struct delta *at = &r->deltas[S_slot(r, &d)];
    if (at->used) {
        at->n += d.n;
        at->skipped += d.skipped;
        at->total += d.total;
        at->met += d.met;
        return OK;
    }
    *at = d;
    at->used = true;
    r->n++;
    return OK;
}

/* A part into (sign 1) or out of (-1) the sums of all units above it, in all and by kind and
 * source. */
static enum err S_count(struct run *r, const struct figure_matter *m, const struct figure_place *at,
                        const struct figure_part *p, int64_t sign)
{
    const int64_t units[] = {at->province, at->city,      at->district,
                             at->street,   at->community, at->grid};
    struct delta d = {.indicator = p->indicator,
                      .month = p->month,
                      .county = at->county,
                      .bucket = -1,
                      .n = p->state >= PART_COUNTS ? sign : 0,
                      .skipped = p->state == PART_LEFT_OUT ? sign : 0,
                      .total = p->amount * sign,
                      .met = p->state == PART_MEETS ? p->amount * sign : 0};
    for (size_t i = 0; i < COUNT_OF(units) * 2; i++) {
        d.unit = units[i / 2];
        d.kind = i % 2 ? m->kind : S("");
        d.source = i % 2 ? m->source : S("");
        if (!d.unit)
            continue;
        TRY(S_add(r, d));
        struct delta spread = d;
        spread.bucket = p->bucket;
        if (p->bucket >= 0)
            TRY(S_add(r, spread));
    }
    return OK;
}

static enum err S_write(struct store *db, const struct delta *d)
{
    if (d->bucket >= 0)
        return store_exec(
            db,
            "INSERT INTO figure_spread (unit, indicator, kind, source, month, bucket, county, n) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
            "ON CONFLICT (unit, indicator, kind, source, month, bucket, county) "
            "DO UPDATE SET n = figure_spread.n + excluded.n",
            ARGS(A_INT(d->unit), A_INT(d->indicator), A_TEXT(d->kind), A_TEXT(d->source),
                 A_INT(d->month), A_INT(d->bucket), A_INT(d->county), A_INT(d->n)),
            NULL);
    return store_exec(
        db,
        "INSERT INTO figure (unit, indicator, kind, source, month, county, n, skipped, total, met) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (unit, indicator, kind, source, month, county) DO UPDATE SET "
        "n = figure.n + excluded.n, skipped = figure.skipped + excluded.skipped, "
        "total = figure.total + excluded.total, met = figure.met + excluded.met",
        ARGS(A_INT(d->unit), A_INT(d->indicator), A_TEXT(d->kind), A_TEXT(d->source),
             A_INT(d->month), A_INT(d->county), A_INT(d->n), A_INT(d->skipped), A_INT(d->total),
             A_INT(d->met)),
        NULL);
}

static int S_order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The order of both tables. */
static int S_by_key(const void *one, const void *other)
{
    const struct delta *a = *(const struct delta *const *)one;
    const struct delta *b = *(const struct delta *const *)other;
    int order = S_order(a->unit, b->unit);
    order = order ? order : S_order(a->indicator, b->indicator);
    order = order ? order : str_cmp(a->kind, b->kind);
    order = order ? order : S_order(a->month, b->month);
    order = order ? order : str_cmp(a->source, b->source);
    return order ? order : S_order(a->bucket, b->bucket);
}

/* In the order of the tables: neighbours lie on the same page. */
static enum err S_write_all(const struct run *r)
{
    const struct delta **changed = arena_array(r->db->arena, r->n, sizeof *changed);
    size_t n = 0;
    if (!r->n)
        return OK;
    if (!changed)
        return ERR_MEMORY;
    for (size_t i = 0; i < r->room; i++) {
        const struct delta *d = &r->deltas[i];
        if (d->used && (d->n || d->skipped || d->total || d->met))
            changed[n++] = d;
    }
    qsort(changed, n, sizeof *changed, S_by_key);
    for (size_t i = 0; i < n; i++)
        TRY(S_write(r->db, changed[i]));
    return OK;
}

/* ---- places ---- */

static const struct field place_fields[] = {
    F_ID(struct figure_place, id),        F_INT(struct figure_place, county),
    F_ID(struct figure_place, province),  F_ID(struct figure_place, city),
    F_ID(struct figure_place, district),  F_ID(struct figure_place, street),
    F_ID(struct figure_place, community), F_ID(struct figure_place, grid)};
static const struct entity place_entity = ENTITY(struct figure_place, "FigurePlace", place_fields);

static enum err S_place_find(struct store *db, struct figure_place *p)
{
    enum err err = store_int(db,
                             "SELECT id FROM figure_place WHERE district = $1 AND street = $2 AND "
                             "community = $3 AND grid = $4 AND city = $5 AND province = $6",
                             ARGS(A_INT(p->district), A_INT(p->street), A_INT(p->community),
                                  A_INT(p->grid), A_INT(p->city), A_INT(p->province)),
                             &p->id);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(store_id(db, p->county, &p->id));
    return store_exec(db,
                      "INSERT INTO figure_place (id, county, province, city, district, street, "
                      "community, grid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                      ARGS(A_INT(p->id), A_INT(p->county), A_INT(p->province), A_INT(p->city),
                           A_INT(p->district), A_INT(p->street), A_INT(p->community),
                           A_INT(p->grid)),
                      NULL);
}

/* The place of an old part, which is nearly always that of now. */
static enum err S_place_of(struct store *db, const struct figure_matter *m, int64_t id,
                           struct figure_place *ret)
{
    *ret = m->place;
    if (m->place.id == id)
        return OK;
    return store_one(db,
                     "SELECT id, county, province, city, district, street, community, grid "
                     "FROM figure_place WHERE id = $1",
                     ARGS(A_INT(id)), &place_entity, ret);
}

/* ---- one matter ---- */

static const struct figure_part *S_find(const struct figure_part *parts, size_t n,
                                        int64_t indicator)
{
    for (size_t i = 0; i < n; i++) {
        if (parts[i].indicator == indicator)
            return &parts[i];
    }
    return NULL;
}

static bool S_equal(const struct figure_part *a, const struct figure_part *b)
{
    return a->place == b->place && a->month == b->month && a->state == b->state &&
           a->amount == b->amount && a->bucket == b->bucket;
}

static enum err S_part_write(struct store *db, const struct figure_part *p)
{
    return store_exec(
        db,
        "INSERT INTO figure_part (matter, indicator, place, month, state, amount, bucket) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (matter, indicator) DO UPDATE SET "
        "place = excluded.place, month = excluded.month, state = excluded.state, "
        "amount = excluded.amount, bucket = excluded.bucket",
        ARGS(A_INT(p->matter), A_INT(p->indicator), A_INT(p->place), A_INT(p->month),
             A_INT(p->state), A_INT(p->amount), A_INT(p->bucket)),
        NULL);
}

static enum err S_take_out(struct run *r, const struct figure_matter *m,
                           const struct figure_part *old)
{
    struct figure_place at;
    TRY(S_place_of(r->db, m, old->place, &at));
    return S_count(r, m, &at, old, -1);
}

/* The matter's parts as they should be: computed, and each at the place of its time. */
static enum err S_parts(struct store *db, struct figure_matter *m, int64_t id,
                        const struct list *old, struct figure_part parts[PARTS_MAX], size_t *n)
{
    TRY(figure_matter_load(db, id, m));
    const struct pack *pack = world_pack(db->world, m->pack);
    if (!pack)
        return ERR_STORE;
    /* A confidential matter lies nowhere, so that nothing beside it tells of it: it is not counted.
     */
    *n = 0;
    if (m->place.district)
        figure_parts(m, pack, parts, n);
    if (*n)
        TRY(S_place_find(db, &m->place));
    for (size_t i = 0; i < *n; i++) {
        const struct figure_part *before = S_find(old->items, old->n, parts[i].indicator);
        bool kept = before && before->month == parts[i].month;
        parts[i].matter = id;
        parts[i].place = kept ? before->place : m->place.id;
    }
    return OK;
}

/* Brings a matter's parts up to date; *changed is whether any was not. */
static enum err S_matter(struct run *r, int64_t id, bool *changed)
{
    struct figure_matter m;
    struct figure_part parts[PARTS_MAX];
    struct list old;
    size_t n = 0;
    TRY(store_all(r->db,
                  "SELECT matter, indicator, place, month, state, amount, bucket FROM figure_part "
                  "WHERE matter = $1",
                  ARGS(A_INT(id)), &figure_part_entity, PARTS_MAX, &old));
    TRY(S_parts(r->db, &m, id, &old, parts, &n));
    const struct figure_part *before = old.items;
    *changed = false;
    for (size_t i = 0; i < old.n; i++) {
        const struct figure_part *now = S_find(parts, n, before[i].indicator);
        if (now && S_equal(now, &before[i]))
            continue;
        *changed = true;
        TRY(S_take_out(r, &m, &before[i]));
        if (!now)
            TRY(store_exec(r->db, "DELETE FROM figure_part WHERE matter = $1 AND indicator = $2",
                           ARGS(A_INT(id), A_INT(before[i].indicator)), NULL));
    }
    for (size_t i = 0; i < n; i++) {
        const struct figure_part *was = S_find(before, old.n, parts[i].indicator);
        struct figure_place at;
        if (was && S_equal(was, &parts[i]))
            continue;
        *changed = true;
        TRY(S_place_of(r->db, &m, parts[i].place, &at));
        TRY(S_count(r, &m, &at, &parts[i], 1));
        TRY(S_part_write(r->db, &parts[i]));
    }
    return OK;
}

/* ---- following the events ---- */

struct event_row {
    int64_t seq, matter;
};
static const struct field event_fields[] = {F_INT(struct event_row, seq),
                                            F_ID(struct event_row, matter)};
static const struct entity event_entity = ENTITY(struct event_row, "FigureEvent", event_fields);

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "IdRow", id_fields);

#define CURSOR S("figures_seq")

/* Matters that were brought up to date in this run: a row says all its events. */
struct seen {
    int64_t *ids; /* open addressing, 0: free */
    size_t room;
};

static enum err S_seen_new(struct arena *a, size_t most, struct seen *ret)
{
    *ret = (struct seen){.room = 64};
    while (ret->room < most * 2)
        ret->room *= 2;
    ret->ids = arena_array(a, ret->room, sizeof *ret->ids);
    return ret->ids ? OK : ERR_MEMORY;
}

static bool S_seen(struct seen *s, int64_t id)
{
    size_t at = (size_t)((uint64_t)id * 0x9E3779B97F4A7C15u >> 32) & (s->room - 1);
    while (s->ids[at] && s->ids[at] != id)
        at = (at + 1) & (s->room - 1);
    bool before = s->ids[at] == id;
    s->ids[at] = id;
    return before;
}

enum err figures_read(struct store *db, int64_t most, size_t sums, int64_t *done)
{
    struct run r = {.db = db};
    struct seen seen;
    struct list events;
    int64_t from = 0;
    bool changed = false;
    *done = 0;
    TRY(matter_cursor(db, CURSOR, &from));
    TRY(store_all(db, "SELECT seq, matter FROM matter_event WHERE seq > $1 ORDER BY seq LIMIT $2",
                  ARGS(A_INT(from), A_INT(most)), &event_entity, (size_t)most, &events));
    TRY(S_seen_new(db->arena, events.n, &seen));
    const struct event_row *e = events.items;
    size_t n = 0;
    for (; n < events.n && r.n < sums; n++) {
        if (!S_seen(&seen, e[n].matter))
            TRY(S_matter(&r, e[n].matter, &changed));
    }
    if (!n)
        return OK;
    TRY(S_write_all(&r));
    *done = (int64_t)n;
    return matter_cursor_move(db, CURSOR, e[n - 1].seq);
}

enum err figures_catch_up(const struct store *db)
{
    struct store own = *db;
    int64_t done = 0;
    enum err err = OK;
    own.arena = arena_new(STEP_ARENA);
    if (!own.arena)
        return ERR_MEMORY;
    do {
        arena_reset(own.arena);
        err = figures_read(&own, FIGURES_STEP, SIZE_MAX, &done);
    } while (err == OK && done);
    arena_free(own.arena);
    return err;
}

/* So little that the writer is held for under 5 ms: what takes time is writing sums, of which a
 * closing changes a hundred and most events none. What is left waits for the next call. */
enum err figures_tick(struct store *db, void *unused)
{
    enum { TICK_EVENTS = 64, TICK_SUMS = 600 };
    int64_t done = 0;
    (void)unused;
    return figures_read(db, TICK_EVENTS, TICK_SUMS, &done);
}

enum err figures_where(struct store *db, struct figures_at *ret)
{
    int64_t last = 0;
    *ret = (struct figures_at){0};
    TRY(matter_cursor(db, CURSOR, &ret->seq));
    TRY(store_int(db, "SELECT COALESCE(max(seq), 0) FROM matter_event", NO_ARGS, &last));
    ret->waiting = last - ret->seq;
    enum err err = store_int(db, "SELECT at FROM matter_event WHERE seq = $1",
                             ARGS(A_INT(ret->seq)), &ret->at);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- proving the sums ---- */

/* What the sums must be, out of the parts: in SQL, so that it is another hand than the reader's. */
#define PART_SUMS(level, kind, source)                                                             \
    "SELECT p." level " AS unit, c.indicator, " kind " AS kind, " source " AS source, c.month, "   \
    "p.county, sum(CASE WHEN c.state >= 2 THEN 1 ELSE 0 END) AS n, "                               \
    "sum(CASE WHEN c.state = 1 THEN 1 ELSE 0 END) AS skipped, sum(c.amount) AS total, "            \
    "sum(CASE WHEN c.state = 3 THEN c.amount ELSE 0 END) AS met "                                  \
    "FROM figure_part c JOIN figure_place p ON p.id = c.place JOIN matter m ON m.id = c.matter "   \
    "WHERE p." level " <> 0 GROUP BY 1, 2, 3, 4, 5, 6 "
#define PART_BUCKETS(level, kind, source)                                                          \
    "SELECT p." level " AS unit, c.indicator, " kind " AS kind, " source " AS source, c.month, "   \
    "c.bucket, p.county, count(*) AS n "                                                           \
    "FROM figure_part c JOIN figure_place p ON p.id = c.place JOIN matter m ON m.id = c.matter "   \
    "WHERE p." level " <> 0 AND c.bucket >= 0 GROUP BY 1, 2, 3, 4, 5, 6, 7 "
#define BOTH(part, level) part(level, "''", "''") "UNION ALL " part(level, "m.kind", "m.source")
#define ALL_LEVELS(part)                                                                           \
    BOTH(part, "province")                                                                         \
    "UNION ALL " BOTH(part, "city") "UNION ALL " BOTH(part, "district") "UNION ALL " BOTH(         \
        part, "street") "UNION ALL " BOTH(part, "community") "UNION ALL " BOTH(part, "grid")
#define SUMS                                                                                       \
    "SELECT unit, indicator, kind, source, month, county, n, skipped, total, met FROM figure "     \
    "WHERE n <> 0 OR skipped <> 0 OR total <> 0 OR met <> 0"
#define BUCKETS                                                                                    \
    "SELECT unit, indicator, kind, source, month, bucket, county, n FROM figure_spread "           \
    "WHERE n <> 0"
/* Rows of either that are not in the other. */
#define APART(one, other)                                                                          \
    "SELECT count(*) FROM (SELECT * FROM (" one ") AS a EXCEPT SELECT * FROM (" other ") AS b) "   \
    "AS c"

/* Every matter's parts anew, in the table too: the sums are not touched. */
static enum err S_check_matters(struct store *db, struct figures_verdict *ret)
{
    enum { STEP = 500 };
    struct list ids;
    int64_t after = 0;
    do {
        struct run r = {.db = db};
        arena_reset(db->arena);
        TRY(store_all(db, "SELECT id FROM matter WHERE id > $1 ORDER BY id LIMIT $2",
                      ARGS(A_INT(after), A_INT(STEP)), &id_entity, STEP, &ids));
        const struct id_row *row = ids.items;
        for (size_t i = 0; i < ids.n; i++) {
            bool changed = false;
            TRY(S_matter(&r, row[i].id, &changed));
            ret->wrong_matters += changed;
            after = row[i].id;
        }
        ret->matters += (int64_t)ids.n;
    } while (ids.n == STEP);
    return OK;
}

static enum err S_check_sums(struct store *db, struct figures_verdict *ret)
{
    static const char *const apart[] = {
        APART(ALL_LEVELS(PART_SUMS), SUMS), APART(SUMS, ALL_LEVELS(PART_SUMS)),
        APART(ALL_LEVELS(PART_BUCKETS), BUCKETS), APART(BUCKETS, ALL_LEVELS(PART_BUCKETS))};
    /* A wrong sum is found on both sides, a missing or needless one on one. */
    for (size_t i = 0; i < COUNT_OF(apart); i += 2) {
        int64_t lacking = 0, besides = 0;
        TRY(store_int(db, apart[i], NO_ARGS, &lacking));
        TRY(store_int(db, apart[i + 1], NO_ARGS, &besides));
        ret->wrong_sums += lacking > besides ? lacking : besides;
    }
    TRY(store_int(db, "SELECT count(*) FROM figure_part", NO_ARGS, &ret->parts));
    return store_int(db,
                     "SELECT (SELECT count(*) FROM figure) + (SELECT count(*) FROM figure_spread)",
                     NO_ARGS, &ret->sums);
}

static enum err S_rebuild(struct store *db)
{
    static const char *const steps[] = {
        "DELETE FROM figure", "DELETE FROM figure_spread",
        "INSERT INTO figure (unit, indicator, kind, source, month, county, n, skipped, total, "
        "met) " ALL_LEVELS(PART_SUMS),
        "INSERT INTO figure_spread (unit, indicator, kind, source, month, bucket, county, "
        "n) " ALL_LEVELS(PART_BUCKETS)};
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        TRY(store_exec(db, steps[i], NO_ARGS, NULL));
    return OK;
}

enum err figures_check(const struct store *db, bool repair, struct figures_verdict *ret)
{
    struct store own = *db;
    *ret = (struct figures_verdict){0};
    own.arena = arena_new(STEP_ARENA);
    enum err err = own.arena ? S_check_sums(&own, ret) : ERR_MEMORY;
    if (err == OK)
        err = S_check_matters(&own, ret);
    if (err == OK && repair)
        err = S_rebuild(&own);
    arena_free(own.arena);
    return err;
}
