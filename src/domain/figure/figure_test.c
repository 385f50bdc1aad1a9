#include "domain/figure/figure.h"
#include "pack/pack_test.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t hour = 3600000, october = 1791792000000; /* 2026-10-12T08:00:00Z */
static char text[PACK_TEST_TEXT];

static void S_must(enum err err)
{
    assert_int_equal(err, OK);
}

/* Puts the small pack with these indicators (NULL: those of packs that name none) into force at
 * 城关; answers with its id. */
static int64_t S_pack(struct fixture *f, const char *indicators)
{
    struct pack_report report;
    struct pack *p = NULL;
    const char *why = NULL;
    int64_t id = 0;
    int n = snprintf(text, sizeof text, "%s%s%s", pack_test_base, indicators ? "indicators:\n" : "",
                     indicators ? indicators : "");
    S_must(pack_test_load((struct str){text, (size_t)n}, &report, &p));
    S_must(conn_begin(f->db.conn));
    S_must(world_store_pack(&f->db, p, f->chengguan, &id));
    S_must(conn_commit(f->db.conn));
    pack_free(p);
    arena_free(report.arena);
    world_free(&f->world);
    S_must(world_load(&f->db, f->vault, &f->world, &why));
    return id;
}

/* A matter of 雁南's first grid that was closed an hour after it came in, as solved, with a score
 * of 5, in time; what is to be otherwise is set afterwards. */
static int64_t S_matter(struct fixture *f, int64_t pack, int64_t created)
{
    int64_t id = 0;
    S_must(store_id(&f->db, 7, &id));
    S_must(store_exec(
        &f->db,
        "INSERT INTO matter (id, county, number, kind, pack, stage, outcome, open, title, source, "
        "unit, charge, district, street, community, grid, reporter, created_at, due_at, "
        "answered_at, closed_at, solved, score, provisional, version) VALUES ($1, 7, 'n', "
        "'repair', $2, 'closed', 'solved', 0, 't', 'web', $3, $4, $5, $6, $4, $3, 1, $7, "
        "253402300799000, $8, $8, 1, 5, 0, 1)",
        ARGS(A_INT(id), A_INT(pack), A_INT(f->grid1), A_INT(f->yannan), A_INT(f->chengguan),
             A_INT(f->donggang), A_INT(created), A_INT(created + hour)),
        NULL));
    return id;
}

static void S_event(struct fixture *f, int64_t matter, const char *act, int64_t at)
{
    S_must(store_exec(&f->db,
                      "INSERT INTO matter_event (county, matter, at, act, side, to_stage, public) "
                      "VALUES (7, $1, $2, $3, 'unit', 'closed', 1)",
                      ARGS(A_INT(matter), A_INT(at), A_TEXT(str_of(act))), NULL));
}

static void S_set(struct fixture *f, const char *sql, int64_t matter, int64_t value)
{
    S_must(store_exec(&f->db, sql, ARGS(A_INT(matter), A_INT(value)), NULL));
    S_event(f, matter, "comment", f->db.now);
}

static void S_read(struct fixture *f)
{
    int64_t done = 0;
    do {
        S_must(conn_begin(f->db.conn));
        S_must(figures_tick(&f->db, NULL));
        S_must(conn_commit(f->db.conn));
        struct figures_at at;
        S_must(figures_where(&f->db, &at));
        done = at.waiting;
    } while (done);
}

static struct figures S_figures(struct fixture *f, int64_t unit, const char *indicator,
                                const char *from, const char *to)
{
    const struct figure_query in = {
        .unit = unit, .indicator = str_of(indicator), .from = str_of(from), .to = str_of(to)};
    struct figures ret;
    f->problem.count = 0;
    S_must(figures_list(&f->db, NULL, &in, &ret));
    return ret;
}

static struct figure_row S_row(struct fixture *f, int64_t unit, const char *indicator,
                               const char *month)
{
    struct figures all = S_figures(f, unit, indicator, month, month);
    assert_int_equal(all.rows.n, 1);
    return *(const struct figure_row *)all.rows.items;
}

static void S_check_row(struct fixture *f, int64_t unit, const char *indicator, const char *month,
                        int64_t numerator, int64_t denominator, int64_t left_out)
{
    struct figure_row row = S_row(f, unit, indicator, month);
    if (row.numerator != numerator || row.denominator != denominator || row.left_out != left_out)
        fail_msg("%s: %lld of %lld, %lld left out", indicator, (long long)row.numerator,
                 (long long)row.denominator, (long long)row.left_out);
}

static void S_check_sums(struct fixture *f)
{
    struct figures_verdict v;
    S_must(conn_begin(f->db.conn));
    S_must(figures_check(&f->db, false, &v));
    conn_rollback(f->db.conn);
    assert_int_equal(v.wrong_matters, 0);
    assert_int_equal(v.wrong_sums, 0);
    assert_true(v.matters > 0 && v.parts > 0);
}

/* ---- what is late, and what stays inside ---- */

static void S_test_late(void **state)
{
    struct fixture *f = *state;
    int64_t pack = S_pack(f, NULL), m[5];
    for (size_t i = 0; i < COUNT_OF(m); i++) {
        m[i] = S_matter(f, pack, october);
        S_event(f, m[i], "order", october);
    }
    S_set(f, "UPDATE matter SET late = $2 WHERE id = $1", m[0], 1);
    S_set(f, "UPDATE matter SET due_at = $2 WHERE id = $1", m[1], october + hour - 1);
    S_set(f, "UPDATE matter SET due_at = $2 WHERE id = $1", m[2], october + hour);
    S_set(f, "UPDATE matter SET outcome = 'withdrawn', version = $2 WHERE id = $1", m[3], 2);
    S_read(f);
    S_check_row(f, f->grid1, "on_time_rate", "2026-10", 2, 4, 1);
    S_check_row(f, f->province, "on_time_rate", "2026-10", 2, 4, 1);
    S_check_row(f, f->grid2, "on_time_rate", "2026-10", 0, 0, 0);
    assert_true(isnan(S_row(f, f->grid2, "on_time_rate", "2026-10").value));
    S_check_sums(f);
}

static void S_test_inside(void **state)
{
    struct fixture *f = *state;
    int64_t pack = S_pack(f, NULL), m[6];
    int64_t team = fixture_party(f, "team", "维修队", f->yannan);
    int64_t office = fixture_party(f, "department", "城管", f->donggang);
    for (size_t i = 0; i < COUNT_OF(m); i++) {
        m[i] = S_matter(f, pack, october);
        S_event(f, m[i], "order", october);
    }
    const char *sent = "INSERT INTO matter_sent (matter, party) VALUES ($1, $2)";
    S_set(f, sent, m[0], team);
    S_set(f, sent, m[1], office);
    S_set(f, "UPDATE matter SET escalations = $2 WHERE id = $1", m[2], 1);
    S_set(f, "UPDATE matter SET charge = $2 WHERE id = $1", m[3], f->donggang);
    S_set(f,
          "INSERT INTO matter_part (id, county, matter, party, text, state, settled, asked_at, "
          "due_at, late) VALUES (1, 7, $1, $2, 't', 'done', 1, 1, 1, 0)",
          m[4], office);
    S_read(f);
    S_check_row(f, f->yannan, "inside_grid_rate", "2026-10", 2, 6, 0);
    S_check_row(f, f->yannan, "escalated_rate", "2026-10", 1, 6, 0);
    S_check_sums(f);
}

/* ---- months and places of the time ---- */

static void S_test_month(void **state)
{
    struct fixture *f = *state;
    int64_t pack = S_pack(f, NULL), midnight = 1793462400000; /* 2026-11-01T00:00+08:00 */
    assert_int_equal(month_of(midnight - 1), 202610);
    assert_int_equal(month_of(midnight), 202611);
    int64_t m = S_matter(f, pack, midnight - hour);
    S_event(f, m, "order", midnight - hour);
    S_read(f);
    S_check_row(f, f->yannan, "arrived", "2026-10", 1, 1, 0);
    S_check_row(f, f->yannan, "closed", "2026-10", 0, 0, 0);
    S_check_row(f, f->yannan, "closed", "2026-11", 1, 1, 0);
    assert_int_equal(month_parse(S("2026-11")), 202611);
    assert_int_equal(month_parse(S("2026-00")), 0);
    assert_int_equal(month_parse(S("2026-1x")), 0);
    assert_int_equal(month_parse(S("202611")), 0);
}

/* A community that moves to another street: what was counted stays where it was counted. */
static void S_test_place(void **state)
{
    struct fixture *f = *state;
    int64_t pack = S_pack(f, NULL), m = S_matter(f, pack, october);
    S_set(f, "UPDATE matter SET open = 1, closed_at = NULL, score = $2 WHERE id = $1", m, 5);
    S_read(f);
    S_check_row(f, f->donggang, "arrived", "2026-10", 1, 1, 0);
    S_set(f, "UPDATE matter SET street = $2 WHERE id = $1", m, f->tielu);
    S_set(f, "UPDATE matter SET open = 0, closed_at = $2 WHERE id = $1", m, october + 2 * hour);
    S_read(f);
    S_check_row(f, f->donggang, "arrived", "2026-10", 1, 1, 0);
    S_check_row(f, f->tielu, "arrived", "2026-10", 0, 0, 0);
    S_check_row(f, f->donggang, "closed", "2026-10", 0, 0, 0);
    S_check_row(f, f->tielu, "closed", "2026-10", 1, 1, 0);
    S_check_row(f, f->chengguan, "closed", "2026-10", 1, 1, 0);
    S_check_sums(f);
}

/* ---- weights, means, quantiles ---- */

static void S_test_weight(void **state)
{
    static const char own[] =
        "  - {indicator: weighed, name: 加权, doc: {zh: 说明}, of: matter, at: closed_at, "
        "when: open == no, meets: solved, weight: score}\n"
        "  - {indicator: mean, name: 平均, doc: {zh: 说明}, of: matter, at: closed_at, "
        "when: open == no, measure: score}\n";
    struct fixture *f = *state;
    int64_t pack = S_pack(f, own), m[4];
    for (size_t i = 0; i < COUNT_OF(m); i++) {
        m[i] = S_matter(f, pack, october);
        S_event(f, m[i], "order", october);
    }
    S_set(f, "UPDATE matter SET solved = 0, score = $2 WHERE id = $1", m[0], 2);
    S_set(f, "UPDATE matter SET score = $2 WHERE id = $1", m[1], 1);
    S_set(f, "UPDATE matter SET score = NULL, version = $2 WHERE id = $1", m[2], 2);
    S_read(f);
    S_check_row(f, f->yannan, "weighed", "2026-10", 6, 8, 1);
    S_check_row(f, f->yannan, "mean", "2026-10", 8, 3, 1);
    assert_true(fabs(S_row(f, f->yannan, "mean", "2026-10").value - 8.0 / 3) < 1e-9);
    S_check_sums(f);
}

static void S_check_near(int64_t got, int64_t want)
{
    if (llabs(got - want) * 100 > want * 2)
        fail_msg("%lld is not within 2%% of %lld", (long long)got, (long long)want);
}

static void S_test_quantiles(void **state)
{
    static const char own[] =
        "  - {indicator: wait, name: 等候, doc: {zh: 说明}, of: matter, at: answered_at, "
        "when: answered_at is set, measure: answered_at - created_at, quantiles: [1, 50, 90, "
        "99]}\n";
    struct fixture *f = *state;
    int64_t pack = S_pack(f, own);
    for (int64_t i = 1; i <= 100; i++) {
        int64_t m = S_matter(f, pack, october);
        S_event(f, m, "order", october);
        S_set(f, "UPDATE matter SET answered_at = $2 WHERE id = $1", m, october + i * i * 1009337);
    }
    S_read(f);
    struct figures all = S_figures(f, f->donggang, "wait", "2026-10", "2027-03");
    assert_int_equal(all.rows.n, 1);
    struct figure_row row = *(const struct figure_row *)all.rows.items;
    const struct figure_quantile *q = row.quantiles.items;
    assert_int_equal(row.quantiles.n, 4);
    S_check_near(q[0].ms, 1009337);
    S_check_near(q[1].ms, 50 * 50 * 1009337LL);
    S_check_near(q[2].ms, 90 * 90 * 1009337LL);
    S_check_near(q[3].ms, 99 * 99 * 1009337LL);
    assert_int_equal(row.denominator, 100);
    S_check_sums(f);
}

/* ---- definitions ---- */

/* A definition that is changed counts from then on, beside the one before. */
static void S_test_definitions(void **state)
{
#define RATE                                                                                        \
    "  - {indicator: rate, name: 率, doc: {zh: 说明}, of: matter, at: closed_at, when: open == " \
    "no, meets: "
    struct fixture *f = *state;
    int64_t before = S_pack(f, RATE "score >= 4}\n");
    int64_t m = S_matter(f, before, october);
    S_event(f, m, "order", october);
    S_read(f);
    int64_t after = S_pack(f, RATE "score >= 5}\n");
    assert_true(before != after);
    m = S_matter(f, after, october);
    S_event(f, m, "order", october);
    S_read(f);
    struct figures all = S_figures(f, f->yannan, "rate", "2026-10", "2026-10");
    const struct figure_definition *d = all.definitions.items;
    const struct figure_row *row = all.rows.items;
    assert_int_equal(all.definitions.n, 2);
    assert_int_equal(all.rows.n, 2);
    assert_true(d[0].current == YES && str_eq(d[0].meets, S("score >= 5")));
    assert_true(d[1].current == NO && str_eq(d[1].meets, S("score >= 4")));
    for (size_t i = 0; i < 2; i++)
        assert_true(row[i].definition == d[i].definition && row[i].denominator == 1);
    /* Above the pack nothing is in force, but what was counted is there. */
    assert_int_equal(S_figures(f, f->city, "rate", "2026-10", "2026-10").rows.n, 2);
    S_check_sums(f);
}

/* ---- a tick is short ---- */

static void S_test_tick(void **state)
{
    struct fixture *f = *state;
    int64_t pack = S_pack(f, NULL), left = INT64_MAX;
    struct figures_at at;
    int ticks = 0;
    for (int i = 0; i < 300; i++) {
        int64_t m = S_matter(f, pack, october + i * hour);
        S_event(f, m, "order", october);
        S_event(f, m, "rate", october);
    }
    do {
        S_must(conn_begin(f->db.conn));
        S_must(figures_tick(&f->db, NULL));
        S_must(conn_commit(f->db.conn));
        S_must(figures_where(&f->db, &at));
        assert_true(at.waiting < left && left - at.waiting <= (left == INT64_MAX ? left : 64));
        left = at.waiting;
        ticks++;
    } while (left);
    assert_true(ticks >= 600 / 64);
    /* Read again from the start, nothing changes. */
    S_must(store_exec(&f->db, "DELETE FROM setting WHERE name = 'figures_seq'", NO_ARGS, NULL));
    S_must(figures_catch_up(&f->db));
    S_check_row(f, f->yannan, "arrived", "2026-10", 300, 300, 0);
    S_check_sums(f);
}

int figure_tests(void)
{
#define IN_TOWN(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        IN_TOWN(S_test_late),        IN_TOWN(S_test_inside), IN_TOWN(S_test_month),
        IN_TOWN(S_test_place),       IN_TOWN(S_test_weight), IN_TOWN(S_test_quantiles),
        IN_TOWN(S_test_definitions), IN_TOWN(S_test_tick),
    };
    return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}
