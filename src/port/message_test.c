#include "port/message.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* The sum was made with another program (Python's hmac). */
static void S_test_sign(void **state)
{
    struct arena *a = arena_new(1 << 16);
    struct str secret = S("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    struct str id = S("msg_p5jXN8AQM9LWM0D4loKWxJek"), body = S("{\"test\": 2432232314}");
    (void)state;
    assert_string_equal(webhook_sign(a, secret, id, 1614265330, body).p,
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    static const struct str bad[] = {{"MfKQ", 4}, {"whsec_*", 7}};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_null(webhook_sign(a, bad[i], id, 1, body).p);
    arena_free(a);
}

/* ---- the outbox ---- */

struct row {
    struct str state, error, channel;
    int64_t attempts, next_at;
};
static const struct field row_fields[] = {F_TEXT(struct row, state), F_TEXT(struct row, error),
                                          F_TEXT(struct row, channel), F_INT(struct row, attempts),
                                          F_TIME(struct row, next_at)};
static const struct entity row_entity = ENTITY(struct row, "OutboxTest", row_fields);

static struct row S_row(struct fixture *f, int64_t id)
{
    struct row row = {0};
    assert_int_equal(store_one(&f->db,
                               "SELECT state, error, channel, attempts, next_at FROM outbox "
                               "WHERE id = $1",
                               ARGS(A_INT(id)), &row_entity, &row),
                     OK);
    return row;
}

/* A matter, a notice of it to a person with a phone, and what that puts into the outbox. */
static int64_t S_prepare(struct fixture *f)
{
    int64_t id = 0, matter = 0, person = fixture_person(f, "王小明", "13912345678", f->yannan);
    assert_int_equal(store_id(&f->db, ID_COUNTY(f->yannan), &matter), OK);
    assert_int_equal(
        store_exec(
            &f->db,
            "INSERT INTO matter (id, county, number, kind, pack, stage, outcome, open, title, "
            "source, unit, charge, district, created_at, due_at, provisional, version, "
            "requester) VALUES ($1, 7, 'N-1', 'repair', 1, 'new', 'none', 1, '路灯', 'web', $2, "
            "$2, $3, $4, $5, 0, 1, $6)",
            ARGS(A_INT(matter), A_INT(f->yannan), A_INT(f->chengguan), A_INT(f->db.now),
                 A_INT(f->db.now + 1), A_INT(person)),
            NULL),
        OK);
    assert_int_equal(
        store_exec(&f->db,
                   "INSERT INTO matter_event (county, matter, at, act, side, to_stage, public) "
                   "VALUES (7, $1, $2, 'order', 'worker', 'new', 1)",
                   ARGS(A_INT(matter), A_INT(f->db.now)), NULL),
        OK);
    assert_int_equal(notice_tick(&f->db, NULL), OK);
    assert_int_equal(store_int(&f->db, "SELECT id FROM outbox WHERE channel = 'sms'", NO_ARGS, &id),
                     OK);
    return id;
}

static void S_test_lease(void **state)
{
    struct fixture *f = *state;
    struct list one, two;
    bool due = false;
    assert_int_equal(conn_begin(f->db.conn), OK);
    int64_t id = S_prepare(f);
    assert_int_equal(outbox_claim(&f->db, 8, &one), OK);
    assert_int_equal(one.n, 1);
    const struct parcel *p = one.items;
    assert_int_equal(p->attempts, 1);
    /* Claimed is claimed, until the lease is over; then the first has nothing to say any more. */
    assert_int_equal(outbox_due(&f->db, &due), OK);
    assert_false(due);
    f->db.now += OUTBOX_LEASE_MS;
    assert_int_equal(outbox_claim(&f->db, 8, &two), OK);
    assert_int_equal(two.n, 1);
    assert_int_equal(outbox_report(&f->db, &(struct delivery){.id = id, .attempts = 1}), OK);
    assert_true(str_eq(S_row(f, id).state, S("sending")));
    assert_int_equal(outbox_report(&f->db, &(struct delivery){.id = id, .attempts = 2}), OK);
    assert_true(str_eq(S_row(f, id).state, S("sent")));
    assert_int_equal(S_row(f, id).next_at, 0);
    assert_int_equal(conn_commit(f->db.conn), OK);
}

static void S_test_waits(void **state)
{
    struct fixture *f = *state;
    static const int64_t waits_s[] = {5, 60, 600, 3600, 21600, 86400};
    struct list claimed;
    int64_t calls = 0;
    assert_int_equal(conn_begin(f->db.conn), OK);
    int64_t id = S_prepare(f);
    for (size_t i = 0; i <= COUNT_OF(waits_s); i++) {
        struct delivery d = {.id = id, .attempts = (int64_t)i + 1, .error = "timeout"};
        assert_int_equal(outbox_claim(&f->db, 8, &claimed), OK);
        assert_int_equal(claimed.n, 1);
        /* The other side may ask for longer, and not for less. */
        d.wait_ms = i == 1 ? 120000 : 1;
        assert_int_equal(outbox_report(&f->db, &d), OK);
        struct row row = S_row(f, id);
        bool last = i == COUNT_OF(waits_s);
        int64_t wait = last ? 0 : i == 1 ? 120000 : waits_s[i] * 1000;
        assert_int_equal(row.next_at, last ? 0 : f->db.now + wait);
        assert_true(str_eq(row.state, last ? S("given_up") : S("failed")));
        f->db.now += wait;
    }
    assert_int_equal(
        store_int(&f->db, "SELECT count(*) FROM outbox WHERE channel = 'call' AND why = 'failed'",
                  NO_ARGS, &calls),
        OK);
    assert_int_equal(calls, 1);
    assert_int_equal(conn_commit(f->db.conn), OK);
}

/* ---- words ---- */

static void S_test_words(void **state)
{
    struct fixture *f = *state;
    /* Every act says something to somebody, whole and in both languages. */
    for (size_t i = 0; act_names[i]; i++) {
        for (int asked = 0; asked < 2; asked++) {
            const struct notice_about about = {.act = str_of(act_names[i]),
                                               .number = S("N-1"),
                                               .title = S("{title}{"),
                                               .due_at = f->db.now,
                                               .asked = asked};
            for (int english = 0; english < 2; english++) {
                struct str text = notice_text(f->arena, &about, english);
                assert_true(str_has(text, S("{title}{")) && str_has(text, S("N-1")));
                assert_false(str_has(text, S("{number}")) || str_has(text, S("{due}")));
            }
        }
    }
    const struct notice_about due = {
        .act = S("warn"), .number = S("N-1"), .title = S("灯"), .due_at = f->db.now};
    assert_string_equal(notice_text(f->arena, &due, false).p,
                        "“灯”（N-1）快到期了，期限 2026-11-22 08:00。");
}

int message_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_sign),
        cmocka_unit_test_setup_teardown(S_test_lease, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_waits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_words, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
