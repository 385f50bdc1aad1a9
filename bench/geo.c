/* What one look-up costs, on one thread, in a data folder with shapes:
 *
 *   geo FOLDER ROUNDS
 *
 * Random positions within the shapes are located (a) by the program, place_locate: the query for
 * candidates and the prepared shape, as a request does it; (b) by the prepared shapes alone, the
 * unit being known; (c) by GEOS as it comes: a tree of all shapes in memory and an unprepared
 * covers of its candidates. (a) and (c) must agree. Prints a line of JSON. */
#include "domain/place/unit_shape.h"
#include "gate/world.h"

#include <geos_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHAPES_MAX = 200000, ARENA_MAX = 1 << 30 };

struct shape_row {
    int64_t unit, stamp;
    struct str wkb;
};
static const struct field row_fields[] = {
    F_ID(struct shape_row, unit), F_INT(struct shape_row, stamp), F_TEXT(struct shape_row, wkb)};
static const struct entity row_entity = ENTITY(struct shape_row, "BenchShape", row_fields);

struct asked {
    struct position at;
    int64_t unit; /* as GEOS alone finds it; 0: none */
    size_t row;
};

struct trial {
    GEOSContextHandle_t geos;
    GEOSGeometry *point;
    GEOSGeometry **shapes;
    const struct shape_row *rows;
    size_t found;
};

static double S_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

static double S_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void S_candidate(void *item, void *arg)
{
    struct trial *t = arg;
    size_t i = (size_t)(uintptr_t)item - 1;
    bool better = t->found == SIZE_MAX || t->rows[i].unit < t->rows[t->found].unit;
    if (better && GEOSCovers_r(t->geos, t->shapes[i], t->point) == 1)
        t->found = i;
}

/* (c): fills what each position should be found in; answers µs a look-up. */
static double S_plain(const struct list *rows, struct asked *asked, size_t n)
{
    struct trial t = {.geos = GEOS_init_r(), .rows = rows->items};
    GEOSWKBReader *reader = GEOSWKBReader_create_r(t.geos);
    GEOSSTRtree *tree = GEOSSTRtree_create_r(t.geos, 10);
    t.shapes = calloc(rows->n, sizeof(void *));
    for (size_t i = 0; i < rows->n; i++) {
        const struct shape_row *row = (const struct shape_row *)rows->items + i;
        t.shapes[i] =
            GEOSWKBReader_read_r(t.geos, reader, (const unsigned char *)row->wkb.p, row->wkb.n);
        GEOSSTRtree_insert_r(t.geos, tree, t.shapes[i], (void *)(uintptr_t)(i + 1));
    }
    double start = 0;
    for (size_t i = 0; i < n; i++) {
        /* The first question builds the tree. */
        start = i == 1 ? S_now() : start;
        t.point = GEOSGeom_createPointFromXY_r(t.geos, asked[i].at.lng, asked[i].at.lat);
        t.found = SIZE_MAX;
        GEOSSTRtree_query_r(t.geos, tree, t.point, S_candidate, &t);
        asked[i].row = t.found;
        asked[i].unit = t.found == SIZE_MAX ? 0 : t.rows[t.found].unit;
        GEOSGeom_destroy_r(t.geos, t.point);
    }
    double took = S_now() - start;
    GEOSSTRtree_destroy_r(t.geos, tree);
    for (size_t i = 0; i < rows->n; i++)
        GEOSGeom_destroy_r(t.geos, t.shapes[i]);
    free(t.shapes);
    GEOSWKBReader_destroy_r(t.geos, reader);
    GEOS_finish_r(t.geos);
    return took / (double)n;
}

/* (a). The first pass prepares the shapes, the second is what is measured. */
static double S_locate(struct store *db, const struct asked *asked, size_t n, size_t *wrong)
{
    double start = 0;
    for (int pass = 0; pass < 2; pass++) {
        start = S_now();
        for (size_t i = 0; i < n; i++) {
            int64_t unit = 0;
            enum err err = place_locate(db, asked[i].at, &unit);
            *wrong += err != (asked[i].unit ? OK : ERR_NOT_FOUND) || unit != asked[i].unit;
            arena_reset(db->arena);
        }
    }
    return (S_now() - start) / (double)n;
}

/* (b) */
static double S_prepared(struct store *db, const struct list *rows, const struct asked *asked,
                         size_t n, size_t *wrong)
{
    double start = S_now();
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        const struct shape_row *row = (const struct shape_row *)rows->items + asked[i].row;
        bool covers = false;
        if (!asked[i].unit)
            continue;
        enum err err =
            shape_covers(db->world->shapes, row->unit, row->stamp, row->wkb, asked[i].at, &covers);
        *wrong += err != OK || !covers;
        done++;
    }
    return (S_now() - start) / (double)done;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new(ARENA_MAX), *scratch = arena_new(ARENA_MAX);
    struct world world = {.shapes = shape_cache_new()};
    struct problem problem = {0};
    struct database *d = NULL;
    struct conn *conn = NULL;
    struct list rows;
    const char *why = "";
    size_t n = argc == 3 ? (size_t)atoi(argv[2]) : 0, wrong = 0, hit = 0;
    uint64_t seed = 20261125;
    struct asked *asked = calloc(n + 1, sizeof *asked);
    if (!n || !asked || database_open(str_of(argv[1]), OPEN_READ_ONLY, &d, &why) != OK ||
        database_reader(d, &conn) != OK || conn_begin(conn) != OK)
        return fprintf(stderr, "geo FOLDER ROUNDS: %s\n", why), 1;
    struct store db = {.conn = conn, .arena = arena, .problem = &problem, .world = &world};
    if (store_all(&db, "SELECT unit, stamp, wkb FROM unit_shape ORDER BY unit", NO_ARGS,
                  &row_entity, SHAPES_MAX, &rows) != OK)
        return 1;
    double box[4] = {103, 36, 104, 37};
    for (size_t i = 0; i < n; i++)
        asked[i].at = (struct position){box[0] + S_random(&seed) * (box[2] - box[0]),
                                        box[1] + S_random(&seed) * (box[3] - box[1])};
    double plain = S_plain(&rows, asked, n);
    for (size_t i = 0; i < n; i++)
        hit += asked[i].unit != 0;
    db.arena = scratch;
    double locate = S_locate(&db, asked, n, &wrong);
    double prepared = S_prepared(&db, &rows, asked, n, &wrong);
    printf("{\"shapes\":%zu,\"asked\":%zu,\"found\":%zu,\"wrong\":%zu,\"locate_us\":%.3f,"
           "\"prepared_us\":%.3f,\"plain_us\":%.3f}\n",
           rows.n, n, hit, wrong, locate, prepared, plain);
    conn_rollback(conn);
    conn_close(conn);
    database_close(d);
    shape_cache_free(world.shapes);
    free(asked);
    arena_free(arena);
    arena_free(scratch);
    return wrong != 0;
}
