#include "entity/entity_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* ---- texts ---- */

static void S_test_lengths(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {BODY("{\"title\":\"\"}"), "/title", "too_short", OK},
        {BODY("{\"title\":\"树\"}"), "/title", "too_short", OK},
        {BODY("{\"title\":\"树木树木树木\"}"), "/title", "too_long", OK},
        {BODY("{\"title\":\"😀😀😀😀😀😀\"}"), "/title", "too_long", OK},
    };
    test_check_bad(rows, COUNT_OF(rows));
    static const struct str good[] = {
        BODY("{\"title\":\"树木\"}"), BODY("{\"title\":\"树木树木树\"}"),
        BODY("{\"title\":\"😀😀😀😀😀\"}"), BODY("{\"title\":\"\\ud83d\\ude00\\u6811\"}")};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct reading r = test_read(good[i]);
        assert_int_equal(r.err, OK);
        arena_free(r.arena);
    }
    /* Without a limit of its own a text has one all the same. */
    char body[16100] = "{\"title\":\"树木\",\"note\":\"";
    size_t n = strlen(body);
    for (size_t i = 0; i < 4000; i++, n += 3)
        memcpy(body + n, "木", 3);
    memcpy(body + n, "\"}", 3);
    struct reading r = test_read(str_of(body));
    assert_int_equal(r.err, OK);
    arena_free(r.arena);
    memcpy(body + n, "x\"}", 4);
    r = test_read(str_of(body));
    test_expect_fault(&r, S("4001"), ERR_INVALID, "/note", "too_long");
    assert_true(str_has(r.problem.faults[0].zh, S("4001")));
    arena_free(r.arena);
}

static void S_test_bad_texts(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {WITH("\"note\":\"a\\u0000b\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"a\0b\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"a\x01\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\u0001\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\u007f\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\x7f\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\u0085\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"a\rb\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\ud800\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\ud800\\ud800\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\uDC00x\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\ud83dx\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\\ud83d\\u0041\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\xff\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\xc0\x80\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\xed\xa0\x80\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\xe6\xa0\""), "/note", "bad_text", OK},
        {WITH("\"note\":\"\xf4\x90\x80\x80\""), "/note", "bad_text", OK},
        {WITH("\"tags\":[\"ok\",\"\\u0000\"]"), "/tags/1", "bad_text", OK},
        {WITH("\"tags\":[\"ok\",\"a\\nb\"]"), "/tags/1", "bad_text", OK},
        {BODY("{\"title\":\"a\\nb\"}"), "/title", "bad_text", OK},
        {WITH("\"phone\":\"\\u0000\""), "/phone", "bad_text", OK},
        {WITH("\"colour\":\"\xff\""), "/colour", "bad_text", OK},
        {WITH("\"friends\":[\"1\",\"\\u0000\"]"), "/friends/1", "type", OK},
        {WITH("\"planted\":\"\\u0000\""), "/planted", "type", OK},
    };
    test_check_bad(rows, COUNT_OF(rows));
    /* An escaped backslash is no escape of what follows it. */
    struct reading r = test_read(S("{\"title\":\"树木\",\"note\":\"\\\\u0000 \\\"\\\\\\\"\"}"));
    assert_int_equal(r.err, OK);
    assert_true(str_eq(r.tree.note, S("\\u0000 \"\\\"")));
    arena_free(r.arena);
}

static void S_test_codes_and_forms(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {WITH("\"colour\":\"blue\""), "/colour", "not_allowed", OK},
        {WITH("\"colour\":\"\""), "/colour", "not_allowed", OK},
        {WITH("\"colour\":\"Red\""), "/colour", "not_allowed", OK},
        {WITH("\"colour\":\"red \""), "/colour", "not_allowed", OK},
        {WITH("\"phone\":\"1391234567\""), "/phone", "form", OK},
    };
    test_check_bad(rows, COUNT_OF(rows));
    struct reading r = test_read(rows[0].body);
    assert_true(str_eq(r.problem.faults[0].allowed, S("red | green")));
    arena_free(r.arena);
}

/* ---- documents ---- */

static void S_test_malformed(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {BODY(""), "", "empty", ERR_MALFORMED},
        {BODY(" \n\t"), "", "empty", ERR_MALFORMED},
        {BODY("\0"), "", "json", ERR_MALFORMED},
        {BODY("{"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"树木\"} x"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"树木\"}{}"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"树木\",}"), "", "json", ERR_MALFORMED},
        {BODY("{'title':'树木'}"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"树木"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"树木\\"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"\\u00"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"\\ud800\\u"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"\\uZZZZ\"}"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"\\x\"}"), "", "json", ERR_MALFORMED},
        {BODY("{\"title\":\"树木\"\xff}"), "", "json", ERR_MALFORMED},
        {BODY("\xef\xbb\xbf{\"title\":\"树木\"}"), "", "json", ERR_MALFORMED},
        {BODY("]]]]"), "", "json", ERR_MALFORMED},
        {BODY("\"a"), "", "json", ERR_MALFORMED},
        {BODY("-"), "", "json", ERR_MALFORMED},
    };
    test_check_bad(rows, COUNT_OF(rows));
}

static struct str S_nested(struct arena *a, const char *before, size_t depth, const char *after)
{
    struct buf b = buf_new(1 << 20);
    buf_put(&b, str_of(before));
    for (size_t i = 0; i < depth; i++)
        buf_char(&b, '[');
    for (size_t i = 0; i < depth; i++)
        buf_char(&b, ']');
    buf_put(&b, str_of(after));
    struct str s = arena_str(a, buf_str(&b));
    buf_free(&b);
    return s;
}

static void S_test_depth(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t depth;
        const char *after, *field, *code;
        enum err err;
    } rows[] = {
        {"{\"title\":\"树木\",\"note\":", 100, "}", "/note", "too_deep", ERR_MALFORMED},
        {"{\"title\":\"树木\",\"note\":", 32, "}", "/note", "too_deep", ERR_MALFORMED},
        {"{\"title\":\"树木\",\"note\":", 31, "}", "/note", "type", ERR_INVALID},
        {"{\"title\":\"树木\",\"root\":{\"leaves\":", 50, "}}", "/root", "too_deep", ERR_MALFORMED},
        {"", 100000, "", "", "too_deep", ERR_MALFORMED},
        {"[\"note\",", 100, "]", "", "too_deep", ERR_MALFORMED},
    };
    struct arena *a = arena_new(4 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str body = S_nested(a, rows[i].before, rows[i].depth, rows[i].after);
        struct reading r = test_read(body);
        test_expect_fault(&r, body, rows[i].err, rows[i].field, rows[i].code);
        arena_free(r.arena);
    }
    /* Brackets inside a text are no nesting. */
    struct reading r = test_read(S_nested(a, "{\"title\":\"树木\",\"note\":\"", 40, "\"}"));
    assert_int_equal(r.err, OK);
    arena_free(r.arena);
    arena_free(a);
}

/* ---- times ---- */

static void S_test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", 0},
        {"1970-01-01T08:00:00+08:00", "1970-01-01T00:00:00.000Z", 0},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z", -1},
        {"1900-03-01T00:00:00Z", "1900-03-01T00:00:00.000Z", -INT64_C(2203891200000)},
        {"1900-02-28T23:59:59Z", "1900-02-28T23:59:59.000Z", -INT64_C(2203891201000)},
        {"1600-01-01T00:00:00Z", "1600-01-01T00:00:00.000Z", -INT64_C(11676096000000)},
        {"2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000Z", INT64_C(951825600000)},
        {"2024-02-29T23:30:00-00:30", "2024-03-01T00:00:00.000Z", INT64_C(1709251200000)},
        {"2026-11-22T09:00:00+08:00", "2026-11-22T01:00:00.000Z", INT64_C(1795309200000)},
        {"2026-11-22T00:00:00+08:00", "2026-11-21T16:00:00.000Z", INT64_C(1795276800000)},
        {"2026-11-22t09:00:00z", "2026-11-22T09:00:00.000Z", INT64_C(1795338000000)},
        {"2026-11-22T09:00:00.5Z", "2026-11-22T09:00:00.500Z", INT64_C(1795338000500)},
        {"2026-11-22T09:00:00.123456789Z", "2026-11-22T09:00:00.123Z", INT64_C(1795338000123)},
        {"2026-11-22T09:00:00-23:59", "2026-11-23T08:59:00.000Z", INT64_C(1795424340000)},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", TIME_LAST},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = 1, again = 1;
        char text[25];
        if (!time_parse(str_of(rows[i].text), &ms) || ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
        assert_string_equal(time_text(ms, text).p, rows[i].utc);
        assert_true(time_parse(str_of(text), &again) && again == ms);
    }
}

static void S_test_no_times(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T09:00:00",
        "2026-11-22 09:00:00Z",
        "2026-11-22T09:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T09:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-02-29T09:00:00Z",
        "2100-02-29T09:00:00Z",
        "2026-04-31T09:00:00Z",
        "2026-00-10T09:00:00Z",
        "2026-13-10T09:00:00Z",
        "2026-11-00T09:00:00Z",
        "2026-11-22T09:00:00+8:00",
        "2026-11-22T09:00:00+0800",
        "2026-11-22T09:00:00+24:00",
        "2026-11-22T09:00:00+08:60",
        "2026-11-22T09:00:00Zx",
        "2026-11-22T09:00:00Z ",
        " 2026-11-22T09:00:00Z",
        "2026-11-22T09:00:00.Z",
        "2026-11-22T09:00:00.1234567890Z",
        "+026-11-22T09:00:00Z",
        "-026-11-22T09:00:00Z",
        "2026-1-22T09:00:00Z",
        "1599-12-31T23:59:59Z",
        "9999-12-31T23:59:59-00:01",
        "12026-11-22T09:00:00Z",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = 0;
        if (time_parse(str_of(rows[i]), &ms))
            fail_msg("\"%s\" was taken for a time", rows[i]);
    }
    /* How an absent time is held must not be sent as a time. */
    struct reading r = test_read(S("{\"title\":\"树木\",\"planted\":\"1970-01-01T00:00:00Z\"}"));
    test_expect_fault(&r, S("1970"), ERR_INVALID, "/planted", "type");
    arena_free(r.arena);
}

static void S_test_every_day(void **state)
{
    (void)state;
    int64_t before = 0;
    char text[25];
    assert_true(time_parse(S("1899-12-31T12:00:00Z"), &before));
    for (int i = 0; i < 100000; i++) {
        int64_t ms = 0;
        assert_true(time_parse(time_text(before + 86400000, text), &ms));
        assert_true(ms == before + 86400000);
        before = ms;
    }
    assert_true(str_starts(time_text(before, text), S("2173-10-")));
    assert_string_equal(time_text(INT64_MAX, text).p, "9999-12-31T23:59:59.999Z");
    assert_string_equal(time_text(INT64_MIN, text).p, "0001-01-01T00:00:00.000Z");
    assert_string_equal(time_text(-1, text).p, "1969-12-31T23:59:59.999Z");
}

/* ---- forms and masks ---- */

struct form_row {
    const char *text;
    bool good;
};

static void S_check_form(form_fn *form, const char *name, const struct form_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (form(str_of(rows[i].text)) != rows[i].good)
            fail_msg("%s: \"%s\"", name, rows[i].text);
    }
}

static void S_test_forms(void **state)
{
    (void)state;
    static const struct form_row ids[] = {
        {"11010519491231002X", true},   {"610103199003070017", false},
        {"440524188001010014", true},   {"11010519491231002x", false},
        {"110105194912310021", false},  {"11010519491231003X", false},
        {"1101051949123100", false},    {"11010519491231002", false},
        {"11010519490231002X", false},  {"11010519491331002X", false},
        {"11010519491231002X ", false}, {"X1010519491231002X", false},
        {"1101051949123100２X", false}, {"", false},
    };
    static const struct form_row phones[] = {
        {"13912345678", true},
        {"1391234567", false},
        {"139123456789", false},
        {"23912345678", false},
        {"0931-8123456", true},
        {"010-12345678", true},
        {"0931-123456", false},
        {"0931-123456789", false},
        {"931-8123456", false},
        {"09311-8123456", false},
        {"01-8123456", false},
        {"0931 8123456", false},
        {"0931-812-3456", false},
        {"+8613912345678", false},
        {"139-12345678", false},
        {"", false},
        {"-", false},
        {"0931-", false},
    };
    static const struct form_row codes[] = {
        {"demand.street-lamp", true},
        {"a", true},
        {"0a_b", true},
        {"", false},
        {"A", false},
        {".a", false},
        {"a b", false},
        {"-a", false},
        {"灯", false},
        {"a/b", false},
    };
    static const struct form_row dates[] = {
        {"2026-11-22", true},  {"2024-02-29", true},  {"2026-02-29", false}, {"2026-13-01", false},
        {"2026-00-01", false}, {"2026-01-00", false}, {"2026-1-01", false},  {"1799-12-31", false},
        {"2201-01-01", false}, {"2026/11/22", false}, {"", false},           {"2026-11-2x", false},
    };
    S_check_form(form_id_number, "id number", ids, COUNT_OF(ids));
    S_check_form(form_phone, "phone", phones, COUNT_OF(phones));
    S_check_form(form_code, "code", codes, COUNT_OF(codes));
    S_check_form(form_date, "date", dates, COUNT_OF(dates));
}

/* Every check character there is, and no other fits the same 17 digits. */
static void S_test_check_digits(void **state)
{
    (void)state;
    bool seen[256] = {false};
    for (int serial = 0; serial < 40; serial++) {
        int fits = 0;
        for (const char *last = "0123456789X"; *last; last++) {
            char whole[32];
            snprintf(whole, sizeof whole, "61010319900307%03d%c", serial, *last);
            if (form_id_number(str_of(whole))) {
                fits++;
                seen[(unsigned char)*last] = true;
            }
        }
        assert_int_equal(fits, 1);
    }
    for (const char *last = "0123456789X"; *last; last++)
        assert_true(seen[(unsigned char)*last]);
}

static void S_test_masks(void **state)
{
    (void)state;
    static const struct {
        mask_fn *mask;
        const char *text, *masked;
    } rows[] = {
        {mask_name, "王小明", "王**"},
        {mask_name, "王", "王*"},
        {mask_name, "欧阳修", "欧**"},
        {mask_name, "Ann", "A**"},
        {mask_name, "", ""},
        {mask_phone, "13912345678", "139****5678"},
        {mask_phone, "0931-8123456", "093*****3456"},
        {mask_phone, "1234567", "*******"},
        {mask_phone, "12345678", "123*5678"},
        {mask_phone, "一二三四五六七八", "一二三*五六七八"},
        {mask_phone, "", ""},
        {mask_id_number, "610103199003070017", "610103********0017"},
        {mask_id_number, "11010519491231002X", "110105********002X"},
        {mask_id_number, "1234567890", "**********"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = buf_new(256);
        rows[i].mask(&out, str_of(rows[i].text));
        if (!str_eq(buf_str(&out), str_of(rows[i].masked)))
            fail_msg("%s became " STR_F, rows[i].text, STR_A(buf_str(&out)));
        buf_free(&out);
    }
}

int parse_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_lengths),         cmocka_unit_test(S_test_bad_texts),
        cmocka_unit_test(S_test_codes_and_forms), cmocka_unit_test(S_test_malformed),
        cmocka_unit_test(S_test_depth),           cmocka_unit_test(S_test_times),
        cmocka_unit_test(S_test_no_times),        cmocka_unit_test(S_test_every_day),
        cmocka_unit_test(S_test_forms),           cmocka_unit_test(S_test_check_digits),
        cmocka_unit_test(S_test_masks),
    };
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
