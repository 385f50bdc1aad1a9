#include "domain/matter/matter_many.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

/* ---- places ---- */

static void S_test_spot(void **state)
{
    (void)state;
    static const struct {
        const char *place, *spot;
    } rows[] = {
        {"5号楼 2单元", "5号楼2单元"},
        {"5号楼、2单元。", "5号楼2单元"},
        {"B区-3#101", "b区3101"},
        {"Éric 里", "Éric里"},
        {" 、。", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str spot = NO_STR;
        assert_int_equal(matter_spot(a, str_of(rows[i].place), &spot), OK);
        if (!str_eq(spot, str_of(rows[i].spot)) || !spot.p != !rows[i].spot)
            fail_msg("%s: got " STR_F, rows[i].place, STR_A(spot));
    }
    arena_free(a);
}

static void S_test_distance(void **state)
{
    (void)state;
    static const struct {
        double lng, lat, lng2, lat2, metres;
    } rows[] = {
        {103.87, 36.07, 103.87, 36.07, 0},
        {103.87, 36.07, 103.87, 36.08, 1111.95},
        {103.87, 36.07, 103.88, 36.07, 898.8},
        {179.999, 0, -179.999, 0, 222.4}, /* over the date line */
        {0, 0, 180, 0, 20015114},         /* half way around */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double m = matter_distance(rows[i].lng, rows[i].lat, rows[i].lng2, rows[i].lat2);
        if (fabs(m - rows[i].metres) > 0.001 * rows[i].metres + 0.001)
            fail_msg("row %zu: %f, not %f", i, m, rows[i].metres);
    }
    assert_true(isnan(matter_distance(103.87, 36.07, NAN, NAN)));
    assert_int_equal(matter_cell(NAN, 36.07), NO_INT);
    assert_int_equal(matter_cell(103.8701, 36.0701), matter_cell(103.8709, 36.0709));
    assert_int_not_equal(matter_cell(103.8709, 36.07), matter_cell(103.8711, 36.07));
}

struct cell_row {
    int64_t cell;
};
static const struct field cell_fields[] = {F_INT(struct cell_row, cell)};
static const struct entity cell_entity = ENTITY(struct cell_row, "CellRow", cell_fields);

/* Whatever lies within the circle lies in one of the cells that are read, from Hainan to Mohe. */
static void S_test_cells(void **state)
{
    struct fixture *f = *state;
    static const char sql[] = "SELECT CAST($1 AS INTEGER) AS cell WHERE $2 > 0";
    for (int step = 0; step < 8; step++) {
        double lat = 18.1237 + 5.0371 * step;
        struct around a = {
            .lng = 103.8703, .lat = lat, .metres = 300, .sql = sql, .cell_most = 1, .most = 400};
        struct list cells;
        assert_int_equal(cells_read(&f->db, &a, &cell_entity, &cells), OK);
        assert_in_range(cells.n, 20, 120);
        for (int degrees = 0; degrees < 360; degrees += 7) {
            double angle = degrees * 3.14159265358979323846 / 180;
            double north = 299.9 / 111195 * sin(angle);
            double east = 299.9 / 111195 / cos(lat * 3.14159265358979323846 / 180) * cos(angle);
            int64_t cell = matter_cell(a.lng + east, lat + north);
            const struct cell_row *row = cells.items;
            bool found = false;
            for (size_t i = 0; i < cells.n; i++)
                found = found || row[i].cell == cell;
            if (!found)
                fail_msg("latitude %f, %d degrees: not read", lat, degrees);
        }
    }
}

/* ---- whom to tell ---- */

static void S_exec(struct fixture *f, const char *sql, const struct arg *args)
{
    assert_int_equal(store_exec(&f->db, sql, args, NULL), OK);
}

static void S_matter(struct fixture *f, int64_t id, int64_t requester, int64_t reporter,
                     int64_t lead)
{
    S_exec(
        f,
        "INSERT INTO matter (id, county, number, kind, pack, stage, outcome, open, title, "
        "source, unit, charge, district, requester, reporter, created_at, due_at, provisional, "
        "merged_into, version) VALUES ($1, 1, 'n', 'repair', 1, 'new', 'none', 1, 't', 'web', 1, "
        "1, 1, $2, $3, 0, 0, 0, $4, 1)",
        ARGS(A_INT(id), A_ID(requester), A_ID(reporter), A_ID(lead)));
}

static void S_expect(const struct list *got, size_t at, const struct recipient *want)
{
    const struct recipient *r = (const struct recipient *)got->items + at;
    assert_int_equal(r->seq, want->seq);
    assert_int_equal(r->person, want->person);
    assert_int_equal(r->account, want->account);
    assert_int_equal(r->matter, want->matter);
}

static void S_test_recipients(void **state)
{
    struct fixture *f = *state;
    /* As a sheet names them, and reports that follow. */
    const struct household rows[] = {
        {.person = 71, .label = S("3号楼102"), .note = S("晚上在家"), .unit = 1},
        {.joined = 2, .unit = 1},
        {.label = S("3号楼101"), .unit = 1},
        {.joined = 3, .unit = 1}};
    const struct household known[] = {
        {.person = 71, .unit = 1}, {.label = S("3号楼101")}, {.label = S(" 3号楼102 ")}};
    const struct matter m = {.id = 1, .unit = 1};
    struct list got;
    bool added = false;
    assert_int_equal(conn_begin(f->db.conn), OK);
    S_matter(f, 1, 70, 0, 0);
    S_matter(f, 2, 72, 0, 1); /* by a person */
    S_matter(f, 3, 0, 9, 1);  /* typed in by a worker */
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(household_name(&f->db, &m, &rows[i], &added), OK);
        assert_true(added);
    }
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        assert_int_equal(household_name(&f->db, &m, &known[i], &added), OK);
        assert_false(added);
    }
    assert_int_equal(matter_recipients(&f->db, 1, -1, 10, &got), OK);
    assert_int_equal(got.n, 1);
    S_expect(&got, 0, &(struct recipient){0, 70, 0, 1, 0});
    assert_int_equal(matter_recipients(&f->db, 1, 0, 3, &got), OK);
    assert_int_equal(got.n, 3);
    S_expect(&got, 0, &(struct recipient){1, 71, 0, 1, 0});
    S_expect(&got, 1, &(struct recipient){2, 72, 0, 2, 0});
    S_expect(&got, 2, &(struct recipient){3, 0, 0, 1, 0});
    assert_int_equal(matter_recipients(&f->db, 1, 3, 3, &got), OK);
    assert_int_equal(got.n, 1);
    S_expect(&got, 0, &(struct recipient){4, 0, 9, 3, 0});
    assert_int_equal(conn_commit(f->db.conn), OK);
}

/* ---- who reaches ---- */

static void S_test_reach(void **state)
{
    (void)state;
    const struct ancestors at = {.district = 1, .street = 2, .community = 3, .grid = 4};
    const struct hat secretary = {
        .kind = HAT_UNIT, .role = ROLE_SECRETARY, .unit = 3, .level = LEVEL_COMMUNITY, .at = at};
    const struct hat worker = {
        .kind = HAT_UNIT, .role = ROLE_GRID_WORKER, .unit = 3, .level = LEVEL_COMMUNITY, .at = at};
    const struct hat street = {
        .kind = HAT_UNIT, .role = ROLE_STREET, .unit = 2, .level = LEVEL_STREET, .at = at};
    const struct hat party = {.kind = HAT_PARTY, .role = ROLE_HANDLER, .party = 8};
    const struct hat self = {.kind = HAT_SELF, .role = ROLE_RESIDENT, .person = 7};
    struct reach open = {.at = at};
    struct reach closed = {.at = at, .only = 3, .roles = 1u << ROLE_SECRETARY | 1u << ROLE_STREET};
    struct reach theirs = {.at = at, .only = 3, .roles = 1u << ROLE_SECRETARY, .theirs = true};
    assert_true(hat_reaches(&secretary, &open) && hat_reaches(&worker, &open));
    assert_true(hat_reaches(&street, &open));
    assert_true(hat_reaches(&secretary, &closed));
    assert_false(hat_reaches(&worker, &closed));
    assert_false(hat_reaches(&street, &closed));
    assert_false(hat_reaches(&party, &closed));
    assert_true(hat_reaches(&worker, &theirs) && hat_reaches(&party, &theirs));
    assert_false(hat_reaches(&self, &theirs));
}

int many_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_spot),
        cmocka_unit_test(S_test_distance),
        cmocka_unit_test_setup_teardown(S_test_cells, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_recipients, fixture_setup, fixture_teardown),
        cmocka_unit_test(S_test_reach),
    };
    return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
