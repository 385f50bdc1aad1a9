#include "geo/shape.h"
#include "test.h"

#include <geos_c.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Degrees to the metre, well enough for a limit. */
#define METRE 1e-5

/* ---- datums ---- */

/* WGS-84, and GCJ-02 by the published formula, worked out apart from this program. */
static const struct {
    struct position wgs, gcj;
} known[] = {
    {{116.404, 39.915}, {116.41024449916938, 39.91640428150164}},
    {{103.8636, 36.0611}, {103.86594802084953, 36.06072340941303}},
    {{108.9402, 34.2416}, {108.94484858670872, 34.24000186320982}},
    {{114.3505, 22.6906}, {114.3554218868133, 22.68789448448116}},
    {{87.6168, 43.8256}, {87.61964994946926, 43.82680539311119}},
    {{112.3387, 16.8328}, {112.34361223313411, 16.831169769134288}},
};

static void S_test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct position out = datum_out(known[i].wgs, DATUM_GCJ02);
        struct position in = datum_in(known[i].gcj, DATUM_GCJ02);
        assert_true(fabs(out.lng - known[i].gcj.lng) < 1e-9);
        assert_true(fabs(out.lat - known[i].gcj.lat) < 1e-9);
        assert_true(metres_between(in, known[i].wgs) < 0.001);
        assert_true(metres_between(known[i].gcj, known[i].wgs) > 50);
        struct position same = datum_in(known[i].wgs, DATUM_CGCS2000);
        assert_true(same.lng == known[i].wgs.lng && same.lat == known[i].wgs.lat);
    }
}

static void S_test_round_trip(void **state)
{
    double worst = 0;
    (void)state;
    for (double lng = 73; lng <= 136; lng += 0.37) {
        for (double lat = 3; lat <= 54; lat += 0.41) {
            struct position p = {lng, lat};
            struct position back = datum_in(datum_out(p, DATUM_GCJ02), DATUM_GCJ02);
            worst = fmax(worst, metres_between(p, back));
        }
    }
    assert_true(worst < 0.01);
    const struct position tokyo = {139.69, 35.69}, quito = {-78.5, -0.2};
    assert_true(datum_out(tokyo, DATUM_GCJ02).lng == tokyo.lng);
    assert_true(datum_in(quito, DATUM_GCJ02).lat == quito.lat);
}

static void S_test_words(void **state)
{
    enum datum d = DATUM_COUNT;
    (void)state;
    assert_true(datum_parse(NO_STR, &d) && d == DATUM_WGS84);
    assert_true(datum_parse(S("gcj02"), &d) && d == DATUM_GCJ02);
    assert_true(datum_parse(S("cgcs2000"), &d) && d == DATUM_CGCS2000);
    assert_false(datum_parse(S("bd09"), &d));
    assert_true(china_holds((struct position){103.86, 36.06}));
    assert_false(china_holds((struct position){36.06, 103.86}));
    assert_true(
        fabs(metres_between((struct position){103, 36}, (struct position){103, 37}) - 111195) < 10);
}

/* ---- reading ---- */

struct bench {
    struct arena *arena;
    struct problem problem;
};

static int S_setup(void **state)
{
    static struct bench b;
    b = (struct bench){.arena = arena_new(64 << 20)};
    *state = &b;
    return b.arena ? 0 : -1;
}

static int S_teardown(void **state)
{
    arena_free(((struct bench *)*state)->arena);
    return 0;
}

/* JSON with ' for ". */
static enum err S_read(struct bench *b, const char *text, enum datum datum, struct shape *ret)
{
    char json[4096];
    snprintf(json, sizeof json, "%s", text);
    for (char *c = json; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(v);
    b->problem = (struct problem){0};
    enum err err = shape_read(v, datum, false, "/geometry", b->arena, &b->problem, ret);
    json_decref(v);
    return err;
}

static struct str S_written(struct bench *b, const struct shape *s, enum datum to)
{
    struct buf out = buf_new(1 << 20);
    assert_int_equal(shape_write(s->wkb, to, &out), OK);
    struct str text = arena_str(b->arena, buf_str(&out));
    buf_free(&out);
    return text;
}

#define SQUARE "[[103,36],[104,36],[104,37],[103,37],[103,36]]"

static void S_test_read(void **state)
{
    struct bench *b = *state;
    struct shape s, turned, hole, many;
    assert_int_equal(S_read(b, "{'type':'Polygon','coordinates':[" SQUARE "]}", 0, &s), OK);
    assert_int_equal(s.points, 5);
    assert_true(s.box.west == 103 && s.box.east == 104 && s.box.south == 36 && s.box.north == 37);
    assert_string_equal(S_written(b, &s, DATUM_WGS84).p,
                        "{\"type\":\"Polygon\",\"coordinates\":[" SQUARE "]}");
    /* The other way round is the same shape, and so are altitudes. */
    assert_int_equal(S_read(b,
                            "{'type':'Polygon','coordinates':"
                            "[[[103,36,1500],[103,37],[104,37],[104,36],[103,36,1500]]]}",
                            0, &turned),
                     OK);
    assert_true(str_has(S_written(b, &turned, DATUM_WGS84), S("[103,36],[104,36],[104,37]")));
    /* A hole comes out clockwise although it came counterclockwise. */
    assert_int_equal(S_read(b,
                            "{'type':'Polygon','coordinates':[" SQUARE
                            ",[[103.2,36.2],[103.4,36.2],[103.4,36.4],[103.2,36.2]]]}",
                            0, &hole),
                     OK);
    assert_true(str_has(S_written(b, &hole, DATUM_WGS84),
                        S("[[103.2,36.2],[103.4,36.4],[103.4,36.2],[103.2,36.2]]")));
    assert_int_equal(S_read(b,
                            "{'type':'MultiPolygon','coordinates':[[" SQUARE "],"
                            "[[[105,36],[106,36],[106,37],[105,36]]]]}",
                            0, &many),
                     OK);
    assert_true(many.box.east == 106 && many.points == 9);
    assert_true(str_starts(S_written(b, &many, DATUM_WGS84), S("{\"type\":\"MultiPolygon\"")));
}

static void S_test_read_gcj(void **state)
{
    struct bench *b = *state;
    struct shape s;
    assert_int_equal(S_read(b,
                            "{'type':'Polygon','coordinates':[[[103.8659480,36.0607234],"
                            "[103.9,36.06],[103.9,36.1],[103.8659480,36.0607234]]]}",
                            DATUM_GCJ02, &s),
                     OK);
    assert_true(fabs(s.box.west - 103.8636) < METRE);
    assert_true(str_has(S_written(b, &s, DATUM_GCJ02), S("103.865948,36.0607234")));
    assert_true(str_has(S_written(b, &s, DATUM_WGS84), S("[103.8636,36.0611]")));
}

static void S_test_refused(void **state)
{
    static const struct {
        const char *json, *field, *code, *en;
    } cases[] = {
        {"7", "/geometry/type", "type", "Polygon"},
        {"{'type':'Point','coordinates':[103,36]}", "/geometry/type", "type", "MultiPolygon"},
        {"{'type':'Polygon'}", "/geometry/coordinates", "polygon", "ring"},
        {"{'type':'Polygon','coordinates':[]}", "/geometry/coordinates", "polygon", "ring"},
        {"{'type':'MultiPolygon','coordinates':[]}", "/geometry/coordinates", "polygon", "one"},
        {"{'type':'MultiPolygon','coordinates':[[" SQUARE "],7]}", "/geometry/coordinates/1",
         "polygon", "ring"},
        {"{'type':'Polygon','coordinates':[" SQUARE ",[[103,36],[103,36]]]}",
         "/geometry/coordinates/1", "ring_short", "four"},
        {"{'type':'Polygon','coordinates':[[[103,36],[104,36],[104,37],[103,37]]]}",
         "/geometry/coordinates/0", "ring_open", "closed"},
        {"{'type':'Polygon','coordinates':[[[103,36],[104,'x'],[104,37],[103,36]]]}",
         "/geometry/coordinates/0/1", "position", "longitude"},
        {"{'type':'Polygon','coordinates':[[[103,36],[104],[104,37],[103,36]]]}",
         "/geometry/coordinates/0/1", "position", "longitude"},
        {"{'type':'Polygon','coordinates':[[[36,103],[36,104],[37,104],[36,103]]]}",
         "/geometry/coordinates/0/0", "outside", "swapped"},
        {"{'type':'Polygon','coordinates':[[[103,36],[104,37],[104,36],[103,37],[103,36]]]}",
         "/geometry", "invalid", "Self-intersection at [103.500000, 36.500000]"},
        {"{'type':'Polygon','coordinates':[[[103,36],[104,36],[103,36],[103,36]]]}", "/geometry",
         "invalid", "Too few points"},
        {"{'type':'MultiPolygon','coordinates':[[" SQUARE "],[" SQUARE "]]}", "/geometry",
         "invalid", "at ["},
    };
    struct bench *b = *state;
    struct shape s;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(S_read(b, cases[i].json, 0, &s), ERR_INVALID);
        const struct fault *f = &b->problem.faults[0];
        assert_int_equal(b->problem.count, 1);
        assert_true(str_eq(f->field, str_of(cases[i].field)));
        assert_true(str_eq(f->code, str_of(cases[i].code)));
        assert_true(str_has(f->en, str_of(cases[i].en)));
        assert_true(f->zh.n > 0);
    }
}

static void S_test_mended(void **state)
{
    struct bench *b = *state;
    struct shape s;
    /* A spike out and back, and a bow tie that nobody can read. */
    const char *spike =
                   "{\"type\":\"Polygon\",\"coordinates\":[[[103,36],[104,36],[105,36],[104,36],"
                   "[104,37],[103,37],[103,36]]]}",
               *bow = "{\"type\":\"Polygon\",\"coordinates\":[[[103,36],[104,37],[104,36],[103,37],"
                      "[103,36]]]}";
    json_t *v = json_loads(spike, 0, NULL);
    assert_int_equal(shape_read(v, 0, false, "", b->arena, &b->problem, &s), ERR_INVALID);
    assert_int_equal(shape_read(v, 0, true, "", b->arena, &b->problem, &s), OK);
    assert_true(s.mended && s.points == 5);
    assert_true(str_has(S_written(b, &s, DATUM_WGS84), S("[104,37]")));
    assert_false(str_has(S_written(b, &s, DATUM_WGS84), S("[105,36]")));
    json_decref(v);
    v = json_loads(bow, 0, NULL);
    assert_int_equal(shape_read(v, 0, true, "", b->arena, &b->problem, &s), ERR_INVALID);
    json_decref(v);
}

/* ---- covering, against GEOS as it is and against a ray ---- */

enum { STAR = 60, POINTS = 20000, RING_ROOM = 8192 };

static double S_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* A star with deep bays, and a hole. */
static size_t S_star(double lng, double lat, double xy[2 * (STAR + 1)], char *json)
{
    size_t n = 0;
    int at = sprintf(json, "{'type':'Polygon','coordinates':[[");
    for (int i = 0; i <= STAR; i++) {
        double turn = 2 * 3.14159265358979 * (i % STAR) / STAR, r = i % 2 ? 0.02 : 0.05;
        xy[2 * n] = round((lng + r * cos(turn)) * 1e7) / 1e7;
        xy[2 * n + 1] = round((lat + r * sin(turn)) * 1e7) / 1e7;
        at += sprintf(json + at, "%s[%.7f,%.7f]", i ? "," : "", xy[2 * n], xy[2 * n + 1]);
        n++;
    }
    sprintf(json + at, "]]}");
    return n;
}

/* Crossings of a ray to the east. */
static bool S_ray(const double *xy, size_t n, struct position p)
{
    bool inside = false;
    for (size_t i = 0; i + 1 < n; i++) {
        double x1 = xy[2 * i], y1 = xy[2 * i + 1], x2 = xy[2 * i + 2], y2 = xy[2 * i + 3];
        if ((y1 > p.lat) != (y2 > p.lat) && p.lng < x1 + (p.lat - y1) / (y2 - y1) * (x2 - x1))
            inside = !inside;
    }
    return inside;
}

static bool S_plain(GEOSContextHandle_t geos, const struct shape *s, struct position p)
{
    GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
    GEOSGeometry *g = GEOSWKBReader_read_r(geos, reader, (const unsigned char *)s->wkb.p, s->wkb.n);
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(geos, p.lng, p.lat);
    bool covers = GEOSCovers_r(geos, g, point) == 1;
    GEOSGeom_destroy_r(geos, point);
    GEOSGeom_destroy_r(geos, g);
    GEOSWKBReader_destroy_r(geos, reader);
    return covers;
}

static void S_test_covers(void **state)
{
    struct bench *b = *state;
    struct shape_cache *c = shape_cache_new();
    GEOSContextHandle_t geos = GEOS_init_r();
    double xy[2 * (STAR + 1)];
    char json[RING_ROOM];
    struct shape s;
    uint64_t seed = 20261125;
    size_t n = S_star(103.86, 36.06, xy, json), inside = 0;
    bool covers = false;
    assert_int_equal(S_read(b, json, 0, &s), OK);
    assert_int_equal(shape_covers(c, 7, s.stamp, NO_STR, (struct position){1, 1}, &covers),
                     ERR_NOT_FOUND);
    for (int i = 0; i < POINTS; i++) {
        struct position p = {103.8 + 0.12 * S_random(&seed), 36.0 + 0.12 * S_random(&seed)};
        assert_int_equal(shape_covers(c, 7, s.stamp, i ? NO_STR : s.wkb, p, &covers), OK);
        assert_int_equal(covers, S_ray(xy, n, p));
        assert_int_equal(covers, S_plain(geos, &s, p));
        inside += covers;
    }
    assert_true(inside > POINTS / 10 && inside < POINTS * 9 / 10);
    /* A corner is covered; another stamp is another shape. */
    assert_int_equal(shape_covers(c, 7, s.stamp, NO_STR, (struct position){xy[0], xy[1]}, &covers),
                     OK);
    assert_true(covers);
    assert_int_equal(shape_covers(c, 7, s.stamp ^ 1, NO_STR, (struct position){1, 1}, &covers),
                     ERR_NOT_FOUND);
    assert_int_equal(shape_covers(c, 8, 8, S("no wkb"), (struct position){1, 1}, &covers),
                     ERR_STORE);
    GEOS_finish_r(geos);
    shape_cache_free(c);
}

/* Many shapes and threads at once: what is answered does not depend on what is kept. */
struct crowd {
    struct shape_cache *cache;
    const struct shape *shapes;
    size_t n;
    uint64_t seed;
    size_t wrong;
};

static void *S_ask(void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < POINTS; i++) {
        size_t k = (size_t)(S_random(&c->seed) * (double)c->n);
        const struct shape *s = &c->shapes[k];
        bool in = S_random(&c->seed) < 0.5, covers = !in;
        /* Its own middle, or far beyond. */
        struct position p = {(s->box.west + s->box.east) / 2 + (in ? 0 : 1),
                             (s->box.south + s->box.north) / 2};
        enum err err = shape_covers(c->cache, (int64_t)k + 1, s->stamp, NO_STR, p, &covers);
        if (err == ERR_NOT_FOUND)
            err = shape_covers(c->cache, (int64_t)k + 1, s->stamp, s->wkb, p, &covers);
        c->wrong += err != OK || covers != in;
    }
    return NULL;
}

static void S_test_threads(void **state)
{
    enum { SHAPES = 300, THREADS = 4 };
    struct bench *b = *state;
    struct shape_cache *cache = shape_cache_new();
    struct shape *shapes = arena_array(b->arena, SHAPES, sizeof *shapes);
    struct crowd crowd[THREADS];
    pthread_t threads[THREADS];
    double xy[2 * (STAR + 1)];
    char json[RING_ROOM];
    for (int i = 0; i < SHAPES; i++) {
        S_star(100 + i * 0.01, 36, xy, json);
        assert_int_equal(S_read(b, json, 0, &shapes[i]), OK);
    }
    for (size_t i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){cache, shapes, SHAPES, 77 + i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, S_ask, &crowd[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(crowd[i].wrong, 0);
    }
    shape_cache_free(cache);
}

int geo_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_known),
        cmocka_unit_test(S_test_round_trip),
        cmocka_unit_test(S_test_words),
        cmocka_unit_test_setup_teardown(S_test_read, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(S_test_read_gcj, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(S_test_refused, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(S_test_mended, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(S_test_covers, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(S_test_threads, S_setup, S_teardown),
    };
    return cmocka_run_group_tests_name("geo", tests, NULL, NULL);
}
