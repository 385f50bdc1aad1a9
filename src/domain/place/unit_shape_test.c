#include "domain/place/unit_shape.h"
#include "test.h"
#include "test_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

enum { CORNERS = 5, UNITS = 240, ASKED = 6000 };

static double S_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

struct drawn {
    int64_t unit;
    int depth;
    double xy[2 * (CORNERS + 1)];
};

/* A five-cornered shape around a middle; the corners go round once, so it never crosses itself. */
static void S_draw(struct drawn *d, double lng, double lat, double size, uint64_t *seed)
{
    for (int i = 0; i <= CORNERS; i++) {
        double turn = 2 * 3.14159265358979 * (i + 0.6 * S_random(seed)) / CORNERS;
        double r = size * (0.4 + 0.6 * S_random(seed));
        d->xy[2 * i] = round((lng + r * cos(turn)) * 1e7) / 1e7;
        d->xy[2 * i + 1] = round((lat + r * sin(turn)) * 1e7) / 1e7;
    }
    d->xy[2 * (size_t)CORNERS] = d->xy[0];
    d->xy[2 * CORNERS + 1] = d->xy[1];
}

static void S_put(struct fixture *f, const struct drawn *d)
{
    struct shape shape;
    bool changed = false;
    json_t *ring = json_array();
    for (size_t i = 0; i <= CORNERS; i++)
        json_array_append_new(ring, json_pack("[f,f]", d->xy[2 * i], d->xy[2 * i + 1]));
    json_t *g = json_pack("{s:s,s:[o]}", "type", "Polygon", "coordinates", ring);
    assert_int_equal(shape_read(g, DATUM_WGS84, false, "", f->arena, &f->problem, &shape), OK);
    assert_int_equal(shape_put(&f->db, d->unit, &shape, &changed), OK);
    assert_true(changed);
    assert_int_equal(shape_put(&f->db, d->unit, &shape, &changed), OK);
    assert_false(changed);
    json_decref(g);
}

static bool S_ray(const double *xy, struct position p)
{
    bool inside = false;
    for (int i = 0; i < CORNERS; i++) {
        const double *a = xy + 2 * (ptrdiff_t)i, *b = a + 2;
        if ((a[1] > p.lat) != (b[1] > p.lat) &&
            p.lng < a[0] + (p.lat - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
            inside = !inside;
    }
    return inside;
}

/* Shapes of every size, from a yard to a province, anywhere in China and over one another: what is
 * found is what looking at each of them finds. */
static void S_test_locate(void **state)
{
    static const char *const levels[] = {"province",  "city", "county",    "street",
                                         "community", "grid", "micro_grid"};
    static const double sizes[] = {9, 2, 0.6, 0.1, 0.02, 0.004, 0.0004};
    static struct drawn drawn[UNITS];
    struct fixture *f = *state;
    uint64_t seed = 20261125;
    size_t found = 0, deep = 0;
    assert_int_equal(conn_begin(f->db.conn), OK);
    for (int i = 0; i < UNITS; i++) {
        int level = i % 7;
        /* Half of them crowd around one place, so that levels lie over each other. */
        bool crowd = i % 2;
        double lng =
            crowd ? 103.86 + 3 * sizes[level] * (S_random(&seed) - 0.5) : 85 + 38 * S_random(&seed);
        double lat =
            crowd ? 36.06 + 3 * sizes[level] * (S_random(&seed) - 0.5) : 14 + 28 * S_random(&seed);
        drawn[i].depth = level;
        drawn[i].unit =
            fixture_unit(f, f->yannan, levels[level], NULL, fixture_text(f, "图形%d", i), 0);
        S_draw(&drawn[i], lng, lat, sizes[level], &seed);
        S_put(f, &drawn[i]);
    }
    for (int i = 0; i < ASKED; i++) {
        const struct drawn *near = &drawn[(size_t)(S_random(&seed) * UNITS)];
        double reach = 1.5 * sizes[near->depth];
        struct position p = {near->xy[0] + reach * (S_random(&seed) - 0.5),
                             near->xy[1] + reach * (S_random(&seed) - 0.5)};
        int64_t want = 0, got = 0;
        int depth = -1;
        for (size_t k = 0; k < UNITS; k++) {
            bool better =
                drawn[k].depth > depth || (drawn[k].depth == depth && drawn[k].unit < want);
            if (better && S_ray(drawn[k].xy, p)) {
                want = drawn[k].unit;
                depth = drawn[k].depth;
            }
        }
        enum err err = place_locate(&f->db, p, &got);
        assert_int_equal(err, want ? OK : ERR_NOT_FOUND);
        assert_true(got == want);
        found += want != 0;
        deep += depth >= 5;
    }
    conn_rollback(f->db.conn);
    assert_true(found > ASKED / 4 && found < ASKED && deep > ASKED / 50);
}

/* A unit that has ended, or a shape that was taken away, covers nothing. */
static void S_test_ended(void **state)
{
    struct fixture *f = *state;
    struct drawn grid = {.unit = f->grid1}, community = {.unit = f->yannan};
    uint64_t seed = 5;
    int64_t got = 0;
    const struct position p = {103.86, 36.06};
    assert_int_equal(conn_begin(f->db.conn), OK);
    S_draw(&grid, 103.86, 36.06, 0.01, &seed);
    S_draw(&community, 103.86, 36.06, 0.1, &seed);
    S_put(f, &grid);
    S_put(f, &community);
    assert_int_equal(place_locate(&f->db, p, &got), OK);
    assert_true(got == f->grid1);
    assert_int_equal(store_exec(&f->db, "UPDATE unit SET valid_to = 1 WHERE id = $1",
                                ARGS(A_INT(f->grid1)), NULL),
                     OK);
    assert_int_equal(place_locate(&f->db, p, &got), OK);
    assert_true(got == f->yannan);
    assert_int_equal(shape_drop(&f->db, f->yannan), OK);
    assert_int_equal(shape_drop(&f->db, f->yannan), OK);
    assert_int_equal(place_locate(&f->db, p, &got), ERR_NOT_FOUND);
    conn_rollback(f->db.conn);
}

int unit_shape_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(S_test_locate, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_ended, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("unit_shape", tests, NULL, NULL);
}
