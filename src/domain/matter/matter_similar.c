/* What is open near by, for somebody who is about to report. Candidates come from two indexes: the
 * cells of a grid that 300 metres around the point touch, and the open matters of the community.
 * They are few (CELL_MOST of a cell, CANDIDATES of each index), and are ranked here: near, of the
 * same kind, with the same words. */
#include "domain/matter/matter_many.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_M = 300, CELL_MOST = 20, CANDIDATES = 200, SHOWN_MOST = 5, TERMS = 64, Q_MAX = 200 };

/* A cell is a thousandth of a degree both ways: 111 metres to the north, 66 (in the far north of
 * the country) to 105 to the east. */
static const double cells_a_degree = 1000, metres_a_degree = 111195,
                    rad = 3.14159265358979323846 / 180;
static const int64_t cells_around = 360000;

static int64_t S_column(double lng)
{
    return (int64_t)floor((lng + 180) * cells_a_degree);
}

static int64_t S_row(double lat)
{
    return (int64_t)floor((lat + 90) * cells_a_degree);
}

int64_t matter_cell(double lng, double lat)
{
    return isnan(lng) || isnan(lat) ? NO_INT : S_row(lat) * cells_around + S_column(lng);
}

enum err cells_read(struct store *db, const struct around *a, const struct entity *e,
                    struct list *ret)
{
    double north = a->metres / metres_a_degree, narrow = cos(a->lat * rad);
    double east = north / (narrow > 0.1 ? narrow : 0.1);
    char *rows = arena_array(db->arena, a->most, e->size);
    *ret = (struct list){.items = rows};
    if (!rows)
        return ERR_MEMORY;
    for (int64_t y = S_row(a->lat - north); y <= S_row(a->lat + north); y++) {
        for (int64_t x = S_column(a->lng - east); x <= S_column(a->lng + east); x++) {
            struct list some;
            TRY(store_all(db, a->sql, ARGS(A_INT(y * cells_around + x), A_INT(a->cell_most)), e,
                          (size_t)a->cell_most, &some));
            for (size_t i = 0; i < some.n && ret->n < a->most; i++)
                memcpy(rows + ret->n++ * e->size, (const char *)some.items + i * e->size, e->size);
        }
    }
    return OK;
}

double matter_distance(double lng, double lat, double lng2, double lat2)
{
    const double earth = 6371008.8;
    double dy = sin((lat2 - lat) * rad / 2), dx = sin((lng2 - lng) * rad / 2);
    double h = dy * dy + cos(lat * rad) * cos(lat2 * rad) * dx * dx;
    return 2 * earth * asin(sqrt(h > 1 ? 1 : h)); /* NAN stays NAN */
}

enum err matter_spot(struct arena *a, struct str place, struct str *ret)
{
    *ret = NO_STR;
    if (!place.p)
        return OK;
    char *to = arena_alloc(a, place.n + 1);
    size_t n = 0;
    if (!to)
        return ERR_MEMORY;
    for (size_t at = 0; at < place.n;) {
        size_t start = at;
        if (!text_letter(utf8_next(place, &at)))
            continue;
        for (size_t i = start; i < at; i++) {
            char c = place.p[i];
            to[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
    }
    if (n)
        *ret = (struct str){to, n};
    return OK;
}

/* ---- the question ---- */

struct query {
    int64_t unit;
    double lng, lat;
    struct str q, kind;
};
static const struct field query_fields[] = {
    F_ID(struct query, unit, .from = IN_QUERY, .required = true, .doc = "Where."),
    F_REAL(struct query, lng, .from = IN_QUERY, .min = -180, .max = 180,
           .doc = "Longitude, WGS-84."),
    F_REAL(struct query, lat, .from = IN_QUERY, .min = -90, .max = 90, .doc = "Latitude, WGS-84."),
    F_TEXT(struct query, q, .from = IN_QUERY, .max = Q_MAX, .doc = "What you are about to write."),
    F_TEXT(struct query, kind, .from = IN_QUERY, .max = 40, .doc = "What kind it would be."),
};
const struct entity similar_query_entity = ENTITY(struct query, "SimilarQuery", query_fields);

struct similar {
    int64_t id;
    struct str kind, title, stage, place;
    int64_t created_at, affected, metres;
    /* For ranking: never sent. */
    int64_t pack;
    double lng, lat;
    struct str text;
    int64_t rank;
};
static const struct field similar_fields[] = {
    F_ID(struct similar, id, .required = true, .doc = "The matter, to join."),
    F_TEXT(struct similar, kind, .required = true, .doc = "Kind, from the pack."),
    F_TEXT(struct similar, title, .required = true, .doc = "What was asked, in a line."),
    F_TEXT(struct similar, stage, .required = true, .doc = "Stage, from the pack."),
    F_TEXT(struct similar, place, .doc = "Where, in words."),
    F_TIME(struct similar, created_at, .required = true, .doc = "When it came in."),
    F_INT(struct similar, affected, .required = true, .doc = "Households it affects so far."),
    F_INT(struct similar, metres, .doc = "How far from the point asked about."),
};
const struct entity similar_entity = ENTITY(struct similar, "Similar", similar_fields);

static const struct field row_fields[] = {
    F_ID(struct similar, id),        F_TEXT(struct similar, kind),
    F_TEXT(struct similar, title),   F_TEXT(struct similar, stage),
    F_TEXT(struct similar, place),   F_TIME(struct similar, created_at),
    F_INT(struct similar, affected), F_INT(struct similar, pack),
    F_REAL(struct similar, lng),     F_REAL(struct similar, lat),
    F_TEXT(struct similar, text)};
static const struct entity row_entity = ENTITY(struct similar, "SimilarRow", row_fields);

#define ROWS                                                                                       \
    "SELECT id, kind, title, stage, place, created_at, affected, pack, lng, lat, "                 \
    "substr(text, 1, 120) AS text FROM matter WHERE open = 1 AND confidential = 0 AND "

static enum err S_around(struct store *db, const struct query *q, struct list *ret)
{
    static const char sql[] = ROWS "cell = $1 ORDER BY id DESC LIMIT $2";
    const struct around a = {.lng = q->lng,
                             .lat = q->lat,
                             .metres = NEAR_M,
                             .sql = sql,
                             .cell_most = CELL_MOST,
                             .most = CANDIDATES};
    return cells_read(db, &a, &row_entity, ret);
}

/* The latest due are the latest come: the index of the open ones is walked from its end. */
static enum err S_of_community(struct store *db, const struct query *q, struct list *ret)
{
    int64_t community = NO_INT;
    enum err err =
        store_int(db, "SELECT community FROM unit WHERE id = $1", ARGS(A_INT(q->unit)), &community);
    *ret = (struct list){0};
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "unit", "unknown", "没有这个地方。",
                           "There is no such unit.");
    TRY(err);
    if (community == NO_INT)
        return OK;
    return store_all(db, ROWS "community = $1 ORDER BY due_at DESC, id DESC LIMIT $2",
                     ARGS(A_INT(community), A_INT(CANDIDATES)), &row_entity, CANDIDATES, ret);
}

/* ---- ranking ---- */

struct asked {
    const struct query *q;
    int64_t term[TERMS];
    size_t n;
};

static int64_t S_shared(const struct asked *a, const int64_t *term, size_t n)
{
    int64_t shared = 0;
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < n; k++) {
            if (a->term[i] == term[k]) {
                shared++;
                break;
            }
        }
    }
    return shared;
}

/* Whether anybody may report its kind; what is not for anybody is not shown to anybody. */
static bool S_anyones(const struct store *db, const struct similar *m)
{
    const struct pack *pack = world_pack(db->world, m->pack);
    const struct pack_kind *kind = pack ? pack_kind(pack, m->kind) : NULL;
    return kind && !kind->confidential &&
           kind_step(kind, ACT_ORDER, 0, SIDE_ANYONE, GIVEN_ANY, NULL);
}

/* 0: not alike. Words weigh as much as nearness; two shared bigrams are none by accident. By words
 * alone only in the same community. */
static enum err S_rank(struct store *db, const struct asked *a, bool neighbours, struct similar *m)
{
    int64_t term[TERMS * 4];
    bool same = a->q->kind.p && str_eq(a->q->kind, m->kind);
    double metres = matter_distance(a->q->lng, a->q->lat, m->lng, m->lat); /* NAN: not known */
    bool near = metres <= NEAR_M;
    struct str words = arena_printf(db->arena, STR_F " " STR_F, STR_A(m->title), STR_A(m->text));
    if (!words.p)
        return ERR_MEMORY;
    int64_t shared = S_shared(a, term, text_terms(words, term, COUNT_OF(term)));
    bool worded = shared >= 2 || (shared == 1 && a->n <= 2);
    m->metres = isnan(metres) ? NO_INT : (int64_t)metres;
    m->rank = 0;
    if (near ? same || shared : neighbours && worded)
        m->rank = (near ? 100 - (int64_t)(metres / 3) : 0) + (same ? 20 : 0) +
                  (a->n ? 100 * shared / (int64_t)a->n : 0) + 1;
    return OK;
}

static int S_better(const void *a, const void *b)
{
    const struct similar *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? 1 : -1;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

static bool S_has(const struct similar *found, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (found[i].id == id)
            return true;
    }
    return false;
}

static enum err S_take(struct store *db, const struct asked *a, const struct list *rows,
                       bool neighbours, struct similar *found, size_t *n)
{
    const struct similar *row = rows->items;
    for (size_t i = 0; i < rows->n; i++) {
        found[*n] = row[i];
        if (S_has(found, *n, row[i].id) || !S_anyones(db, &row[i]))
            continue;
        TRY(S_rank(db, a, neighbours, &found[*n]));
        *n += found[*n].rank > 0;
    }
    return OK;
}

enum err matters_similar(struct store *db, const struct actor *by, const void *in, void *out)
{
    struct asked a = {.q = in};
    struct page *page = out;
    struct list around = {0}, community = {0};
    size_t n = 0;
    (void)by;
    if (isnan(a.q->lng) != isnan(a.q->lat))
        return store_fault(db, ERR_INVALID, "lat", "pair", "经度和纬度要一起填。",
                           "Give both, lng and lat.");
    if (a.q->q.p)
        a.n = text_terms(a.q->q, a.term, TERMS);
    TRY(S_of_community(db, a.q, &community));
    if (!isnan(a.q->lng))
        TRY(S_around(db, a.q, &around));
    struct similar *found = arena_array(db->arena, around.n + community.n + 1, sizeof *found);
    if (!found)
        return ERR_MEMORY;
    TRY(S_take(db, &a, &community, true, found, &n));
    TRY(S_take(db, &a, &around, false, found, &n));
    qsort(found, n, sizeof *found, S_better);
    page->items = (struct list){found, n < SHOWN_MOST ? n : SHOWN_MOST};
    return OK;
}
