#include "domain/matter/matter.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* ---- text_redact ---- */

struct redacted {
    const char *text, *clean, *found;
};

static void S_check_redacted(const struct redacted *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new(1 << 20);
        struct str clean = NO_STR, found = NO_STR;
        assert_int_equal(text_redact(a, str_of(rows[i].text), &clean, &found), OK);
        if (!str_eq(clean, str_of(rows[i].clean)) || !str_eq(found, str_of(rows[i].found)))
            fail_msg("%s: got " STR_F " and " STR_F, rows[i].text, STR_A(clean), STR_A(found));
        assert_true(!clean.p == !rows[i].text);
        assert_true(!found.p == !rows[i].found);
        arena_free(a);
    }
}

static void S_test_redact_phones(void **state)
{
    (void)state;
    static const struct redacted rows[] = {
        {"13912345678", "〔电话〕", "13912345678\n"},
        {"电话13912345678。", "电话〔电话〕。", "13912345678\n"},
        {"找王师傅，13912345678，急！", "找王师傅，〔电话〕，急！", "13912345678\n"},
        {"（19912345678）", "（〔电话〕）", "19912345678\n"},
        {"微信wx13912345678x", "微信wx〔电话〕x", "13912345678\n"},
        {"+8613912345678", "+〔电话〕", "8613912345678\n"},
        {"+86 13912345678", "+86 〔电话〕", "13912345678\n"},
        {"139 1234 5678", "〔电话〕", "139 1234 5678\n"},
        {"139-1234-5678转", "〔电话〕转", "139-1234-5678\n"},
        {"0931-8123456", "〔电话〕", "0931-8123456\n"},
        {"座机010-12345678，下午", "座机〔电话〕，下午", "010-12345678\n"},
        {"13912345678/18812345678", "〔电话〕/〔电话〕", "13912345678\n18812345678\n"},
        {"13912345678\n0931-8123456", "〔电话〕\n〔电话〕", "13912345678\n0931-8123456\n"},
    };
    S_check_redacted(rows, COUNT_OF(rows));
}

static void S_test_redact_ids(void **state)
{
    (void)state;
    static const struct redacted rows[] = {
        {"610103199003070017", "〔证件号〕", "610103199003070017\n"},
        {"身份证11010519491231002X。", "身份证〔证件号〕。", "11010519491231002X\n"},
        {"11010519491231002x", "〔证件号〕", "11010519491231002x\n"},
        {"王610103199003070017李", "王〔证件号〕李", "610103199003070017\n"},
        {"610103199003070017，13912345678", "〔证件号〕，〔电话〕",
         "610103199003070017\n13912345678\n"},
    };
    S_check_redacted(rows, COUNT_OF(rows));
}

/* Numbers of other things stay. */
static void S_test_redact_others(void **state)
{
    (void)state;
    static const struct redacted rows[] = {
        {NULL, NULL, NULL},
        {"", "", NULL},
        {"路灯不亮", "路灯不亮", NULL},
        {"3号楼2单元1101室", "3号楼2单元1101室", NULL},
        {"2026-11-22 09:00", "2026-11-22 09:00", NULL},
        {"1391234567", "1391234567", NULL},
        {"139123456789", "139123456789", NULL},
        {"12912345678", "12912345678", NULL},
        {"6101031990030700170", "6101031990030700170", NULL},
        {"61010319900307001", "61010319900307001", NULL},
        {"913912345678", "913912345678", NULL},
        {"8512912345678", "8512912345678", NULL},
        {"0931-812345", "0931-812345", NULL},
        {"0931-812345678", "0931-812345678", NULL},
        {"10931-8123456", "10931-8123456", NULL},
        {"2931-8123456", "2931-8123456", NULL},
        {"139 1234-5678", "139 1234-5678", NULL},
        {"139 1234 56789", "139 1234 56789", NULL},
        {"139 1234", "139 1234", NULL},
        {"139 1234 ", "139 1234 ", NULL},
        {"0931-", "0931-", NULL},
        {"12345", "12345", NULL},
    };
    S_check_redacted(rows, COUNT_OF(rows));
}

static void S_test_redact_memory(void **state)
{
    (void)state;
    char text[16385];
    struct arena *a = arena_new(16 << 10);
    struct str clean = NO_STR, found = NO_STR;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "13912345678", 11);
    assert_int_equal(text_redact(a, str_of(text), &clean, &found), ERR_MEMORY);
    arena_free(a);
}

/* ---- terms ---- */

static int64_t S_term(const char *text)
{
    return (int64_t)(str_hash(str_of(text)) & ((UINT64_C(1) << 48) - 1));
}

struct asked {
    const char *q;
    const char *terms[QUERY_TERMS]; /* first, last, middle; NULL: refused */
    const char *like[QUERY_WORDS];
};

static void S_check_asked(const struct asked *row)
{
    struct problem problem = {0};
    struct store db = {.arena = arena_new(1 << 20), .problem = &problem};
    struct matter_terms got;
    enum err err = matter_terms(&db, str_of(row->q), &got);
    if (err != (row->terms[0] ? OK : ERR_INVALID))
        fail_msg("%s: %d", row->q, (int)err);
    for (size_t i = 0; row->terms[0] && i < QUERY_TERMS; i++) {
        if (got.term[i] != S_term(row->terms[i]))
            fail_msg("%s: term %zu is not %s", row->q, i, row->terms[i]);
        if (!str_eq(got.like[i], str_of(row->like[i])))
            fail_msg("%s: pattern %zu is " STR_F, row->q, i, STR_A(got.like[i]));
    }
    if (!row->terms[0]) {
        assert_true(str_eq(problem.faults[0].field, S("q")));
        assert_true(str_eq(problem.faults[0].code, S("too_short")));
    }
    arena_free(db.arena);
}

static void S_test_terms(void **state)
{
    (void)state;
    static const struct asked rows[] = {
        {"漏水", {"漏水", "漏水", "漏水"}, {"%漏水%", NULL, NULL}},
        {"路灯", {"路灯", "路灯", "路灯"}, {"%路灯%", NULL, NULL}},
        {"门口路灯", {"门口", "路灯", "口路"}, {"%门口路灯%", NULL, NULL}},
        {"漏水 路灯", {"漏水", "路灯", "路灯"}, {"%漏水%", "%路灯%", NULL}},
        {"  漏水  ", {"漏水", "漏水", "漏水"}, {"%漏水%", NULL, NULL}},
        {"DN20水管", {"dn20", "水管", "水管"}, {"%DN20水管%", NULL, NULL}},
        {"LED", {"led", "led", "led"}, {"%LED%", NULL, NULL}},
        {"漏水，路灯", {"漏水", "路灯", "路灯"}, {"%漏水，路灯%", NULL, NULL}},
        {"50%_a\\", {"50", "a", "a"}, {"%50\\%\\_a\\\\%", NULL, NULL}},
        {"漏水 路灯 电梯 井盖", {"漏水", "电梯", "路灯"}, {"%漏水%", "%路灯%", "%电梯%"}},
        {"灯", {NULL}, {NULL}},
        {"灯 水", {NULL}, {NULL}},
        {"。", {NULL}, {NULL}},
        {"%%", {NULL}, {NULL}},
        {"", {NULL}, {NULL}},
        {"   ", {NULL}, {NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        S_check_asked(&rows[i]);
}

int matter_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_redact_phones), cmocka_unit_test(S_test_redact_ids),
        cmocka_unit_test(S_test_redact_others), cmocka_unit_test(S_test_redact_memory),
        cmocka_unit_test(S_test_terms),
    };
    return cmocka_run_group_tests_name("matter", tests, NULL, NULL);
}
