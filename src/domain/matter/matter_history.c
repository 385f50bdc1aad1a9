/* The same trouble at the same place, over the years, as one history: so that the fourth burst of
 * one pipe is not mended like the first. The same place is the same words for it in the community
 * (signs and spaces aside), or a point at most SAME_M away; the same trouble is the same group of
 * categories or, where none was given, the same kind. For the units, and only as far as they reach.
 */
#include "domain/matter/matter_many.h"
#include "domain/people/scope.h"

#include <math.h>
#include <stdlib.h>

enum { SAME_M = 50, CELL_MOST = 100, ROWS_MOST = 400, RECURS_FROM = 3 };

static const int64_t year_ms = INT64_C(365) * 86400000;

struct past {
    int64_t id;
    struct str number, kind, category, title, stage, outcome;
    enum tri open, solved;
    int64_t created_at, closed_at;
    /* For deciding: never sent. */
    int64_t district, street, community, grid;
    double lng, lat;
    struct str spot;
};
static const struct field past_fields[] = {
    F_ID(struct past, id, .required = true, .doc = "The matter."),
    F_TEXT(struct past, number, .required = true, .doc = "Number people use."),
    F_TEXT(struct past, kind, .required = true, .doc = "Kind, from the pack."),
    F_TEXT(struct past, category, .doc = "Category, from the pack."),
    F_TEXT(struct past, title, .required = true, .doc = "What was asked, in a line."),
    F_TEXT(struct past, stage, .required = true, .doc = "Stage, from the pack."),
    F_TEXT(struct past, outcome, .required = true, .codes = outcome_names, .doc = "How it ended."),
    F_BOOL(struct past, open, .required = true, .doc = "Not yet in a final stage."),
    F_BOOL(struct past, solved, .doc = "The requester's own word."),
    F_TIME(struct past, created_at, .required = true, .doc = "When it came in."),
    F_TIME(struct past, closed_at, .doc = "When it reached a final stage."),
};
static const struct entity past_entity = ENTITY(struct past, "PastMatter", past_fields);

static const struct field row_fields[] = {
    F_ID(struct past, id),           F_TEXT(struct past, number),    F_TEXT(struct past, kind),
    F_TEXT(struct past, category),   F_TEXT(struct past, title),     F_TEXT(struct past, stage),
    F_TEXT(struct past, outcome),    F_BOOL(struct past, open),      F_BOOL(struct past, solved),
    F_TIME(struct past, created_at), F_TIME(struct past, closed_at), F_ID(struct past, district),
    F_ID(struct past, street),       F_ID(struct past, community),   F_ID(struct past, grid),
    F_REAL(struct past, lng),        F_REAL(struct past, lat),       F_TEXT(struct past, spot)};
static const struct entity row_entity = ENTITY(struct past, "PastRow", row_fields);

struct history {
    int64_t count, first_at, last_at, year;
    enum tri recurring;
    struct list items;
};
static const struct field history_fields[] = {
    F_INT(struct history, count, .required = true, .doc = "How often, this matter included."),
    F_TIME(struct history, first_at, .doc = "The first time."),
    F_TIME(struct history, last_at, .doc = "The last time."),
    F_INT(struct history, year, .required = true,
          .doc = "How often in the last 12 months; without what was withdrawn or declined."),
    F_BOOL(struct history, recurring, .required = true, .doc = "Three times or more in that year."),
    F_LIST(struct history, items, .of = &past_entity, .required = true, .doc = "Newest first."),
};
const struct entity history_entity = ENTITY(struct history, "MatterHistory", history_fields);

#define ROWS                                                                                       \
    "SELECT id, number, kind, category, title, stage, outcome, open, solved, created_at, "         \
    "closed_at, district, street, community, grid, lng, lat, spot FROM matter "                    \
    "WHERE merged_into IS NULL AND confidential = 0 AND "

static enum err S_around(struct store *db, const struct matter *m, struct list *ret)
{
    static const char sql[] = ROWS "cell = $1 ORDER BY open DESC, id DESC LIMIT $2";
    const struct around a = {.lng = m->lng,
                             .lat = m->lat,
                             .metres = SAME_M,
                             .sql = sql,
                             .cell_most = CELL_MOST,
                             .most = ROWS_MOST};
    return m->cell == NO_INT ? OK : cells_read(db, &a, &row_entity, ret);
}

static enum err S_by_words(struct store *db, const struct matter *m, struct list *ret)
{
    if (!m->spot.p || !m->community)
        return OK;
    return store_all(db, ROWS "community = $1 AND spot = $2 ORDER BY id DESC LIMIT $3",
                     ARGS(A_INT(m->community), A_TEXT(m->spot), A_INT(ROWS_MOST)), &row_entity,
                     ROWS_MOST, ret);
}

/* The group is what stands before the first dot. */
static bool S_same_trouble(const struct matter *m, const struct past *p)
{
    struct str a = m->category, b = p->category;
    if (!a.p || !b.p)
        return str_eq(m->kind, p->kind);
    return str_eq(str_split(&a, '.'), str_split(&b, '.'));
}

static bool S_same_place(const struct matter *m, const struct past *p)
{
    if (m->spot.p && m->community == p->community && str_eq(m->spot, p->spot))
        return true;
    return matter_distance(m->lng, m->lat, p->lng, p->lat) <= SAME_M; /* NAN is not */
}

static bool S_reached(const struct actor *by, const struct past *p)
{
    return scope_covers(by, &(struct ancestors){.district = p->district,
                                                .street = p->street,
                                                .community = p->community,
                                                .grid = p->grid});
}

static int S_newer(const void *a, const void *b)
{
    const struct past *x = a, *y = b;
    if (x->created_at != y->created_at)
        return x->created_at < y->created_at ? 1 : -1;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

/* Both lists, in order of time, each matter once. */
static enum err S_join(struct arena *a, const struct list *x, const struct list *y,
                       struct past **ret, size_t *n)
{
    struct past *all = arena_array(a, x->n + y->n + 1, sizeof *all);
    const struct past *from = x->items, *more = y->items;
    size_t kept = 0;
    if (!all)
        return ERR_MEMORY;
    for (size_t i = 0; i < x->n; i++)
        all[i] = from[i];
    for (size_t i = 0; i < y->n; i++)
        all[x->n + i] = more[i];
    qsort(all, x->n + y->n, sizeof *all, S_newer);
    for (size_t i = 0; i < x->n + y->n; i++) {
        if (!kept || all[kept - 1].id != all[i].id)
            all[kept++] = all[i];
    }
    *ret = all;
    *n = kept;
    return OK;
}

static bool S_counts(const struct past *p, int64_t since)
{
    return p->created_at >= since && !str_eq(p->outcome, str_of(outcome_names[OUTCOME_DECLINED])) &&
           !str_eq(p->outcome, str_of(outcome_names[OUTCOME_WITHDRAWN]));
}

enum err matters_history(struct store *db, const struct actor *by, const void *in, void *out)
{
    struct history *ret = out;
    struct matter m;
    struct list around = {0}, words = {0};
    struct past *all = NULL;
    size_t n = 0, kept = 0;
    const struct hat *hat = actor_hat(by);
    if (!hat || hat->kind != HAT_UNIT)
        return store_fault(db, ERR_FORBIDDEN, "/id", "side", "往年的情况只有社区和街道能看。",
                           "What was before is for the community and the street.");
    TRY(matter_load(db, ((const struct subject_in *)in)->id, &m));
    *ret = (struct history){.recurring = NO};
    if (m.confidential == YES)
        return OK;
    TRY(S_around(db, &m, &around));
    TRY(S_by_words(db, &m, &words));
    TRY(S_join(db->arena, &around, &words, &all, &n));
    for (size_t i = 0; i < n; i++) {
        if (!S_same_trouble(&m, &all[i]) || !S_same_place(&m, &all[i]) || !S_reached(by, &all[i]))
            continue;
        ret->last_at = kept ? ret->last_at : all[i].created_at;
        ret->first_at = all[i].created_at;
        ret->year += S_counts(&all[i], db->now - year_ms);
        all[kept++] = all[i];
    }
    ret->count = (int64_t)kept;
    ret->recurring = ret->year >= RECURS_FROM ? YES : NO;
    ret->items = (struct list){all, kept};
    return OK;
}
