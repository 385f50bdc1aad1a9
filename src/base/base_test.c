#include "base/arena.h"
#include "base/buf.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void S_assert_str(struct str got, struct str want)
{
    if (!str_eq(got, want))
        fail_msg("got \"" STR_F "\", want \"" STR_F "\"", STR_A(got), STR_A(want));
}

/* --- str --- */

static void S_test_str_of(void **state)
{
    (void)state;
    struct str s = str_of("邻里");
    assert_int_equal(s.n, 6);
    assert_memory_equal(s.p, "邻里", 6);
    assert_null(str_of(NULL).p);
    assert_int_equal(str_of(NULL).n, 0);
    assert_non_null(str_of("").p);
}

static void S_test_str_compare(void **state)
{
    (void)state;
    static const struct {
        struct str a, b;
        int order;
    } rows[] = {
        {{"", 0}, {NULL, 0}, 0},        {{"a", 1}, {NULL, 0}, 1},
        {{NULL, 0}, {"a", 1}, -1},      {{"ab", 2}, {"ab", 2}, 0},
        {{"ab", 2}, {"abc", 3}, -1},    {{"b", 1}, {"abc", 3}, 1},
        {{"a\0b", 3}, {"a\0c", 3}, -1}, {{"\xE9\x82\xBB", 3}, {"z", 1}, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int order = str_cmp(rows[i].a, rows[i].b);
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
        assert_int_equal(str_eq(rows[i].a, rows[i].b), rows[i].order == 0);
    }
}

static void S_test_str_parts(void **state)
{
    (void)state;
    assert_true(str_starts(S("610103"), S("61")));
    assert_true(str_starts(S("61"), S("61")));
    assert_true(str_starts(NO_STR, NO_STR));
    assert_false(str_starts(S("6"), S("61")));
    assert_false(str_starts(S("51"), S("61")));

    assert_true(str_has(S("漏水报修"), S("报修")));
    assert_true(str_has(S("x"), NO_STR));
    assert_true(str_has(NO_STR, S("")));
    assert_false(str_has(NO_STR, S("x")));
    assert_false(str_has(S("报"), S("报修")));
}

static void S_test_str_trim(void **state)
{
    (void)state;
    S_assert_str(str_trim(S(" \t\r\n王 五\n ")), S("王 五"));
    S_assert_str(str_trim(S("x")), S("x"));
    S_assert_str(str_trim(S(" \t ")), S(""));
    S_assert_str(str_trim(NO_STR), S(""));
    /* A NUL is not white space, although strchr finds it in every text. */
    S_assert_str(str_trim(S("\0x\0")), S("\0x\0"));
}

static void S_test_str_split(void **state)
{
    (void)state;
    struct str rest = S("a,,邻里");
    S_assert_str(str_split(&rest, ','), S("a"));
    S_assert_str(str_split(&rest, ','), S(""));
    S_assert_str(rest, S("邻里"));
    S_assert_str(str_split(&rest, ','), S("邻里"));
    assert_null(rest.p);

    /* After a last separator one empty part is left: present, unlike what follows the last part. */
    rest = S("a,");
    S_assert_str(str_split(&rest, ','), S("a"));
    assert_non_null(rest.p);
    S_assert_str(str_split(&rest, ','), S(""));
    assert_null(rest.p);
    assert_null(str_split(&rest, ',').p);
}

static void S_test_str_int(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"007", 7},
        {"42", 42},
        {"-1", -1},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "0x1",
        "--1",
        "１",
        "9223372036854775808",
        "1-",
        "1e3",
        "-9223372036854775809",
        "00000000000000000001",
        "99999999999999999999",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t value = 99;
        assert_true(str_int(str_of(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = 99;
        if (str_int(str_of(bad[i]), &value))
            fail_msg("\"%s\" was taken as a number", bad[i]);
        assert_true(value == 99);
    }
    int64_t value;
    assert_false(str_int(NO_STR, &value));
    assert_false(str_int(S("1\0"), &value));
}

static void S_test_utf8_valid(void **state)
{
    (void)state;
    static const struct {
        struct str s;
        size_t valid;
    } rows[] = {
        {{NULL, 0}, 0},
        {{"a\0b", 3}, 3},
        {{"\x7F\xC2\x80", 3}, 3},
        {{"\xDF\xBF\xE0\xA0\x80", 5}, 5},
        {{"\xED\x9F\xBF\xEE\x80\x80", 6}, 6},
        {{"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8}, 8},
        {{"a\x80", 2}, 1},            /* a follower alone */
        {{"a\xC0\x80", 3}, 1},        /* NUL in two bytes */
        {{"a\xC1\xBF", 3}, 1},        /* DEL in two bytes */
        {{"\xE0\x9F\xBF", 3}, 0},     /* U+07FF in three bytes */
        {{"\xF0\x8F\xBF\xBF", 4}, 0}, /* U+FFFF in four bytes */
        {{"\xED\xA0\x80", 3}, 0},     /* the first surrogate */
        {{"\xED\xBF\xBF", 3}, 0},     /* the last surrogate */
        {{"\xF4\x90\x80\x80", 4}, 0}, /* past U+10FFFF */
        {{"\xF5\x80\x80\x80", 4}, 0}, /* no such lead byte */
        {{"ab\xE9\x82", 4}, 2},       /* cut short */
        {{"\xE9\x82x", 3}, 0},        /* a follower missing */
        {{"\xC3\xC3\xA9", 3}, 0},     /* a lead byte after a lead byte */
        {{"\xFF", 1}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t valid = utf8_valid(rows[i].s);
        if (valid != rows[i].valid)
            fail_msg("row %zu: %zu bytes are valid, not %zu", i, valid, rows[i].valid);
    }
}

static void S_test_utf8_decode(void **state)
{
    (void)state;
    static const uint32_t want[] = {'a', 0xE9, 0x90BB, 0x1F600, 0, 0x10FFFF};
    struct str s = S("a\xC3\xA9邻\xF0\x9F\x98\x80\0\xF4\x8F\xBF\xBF");
    size_t at = 0;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_int_equal(utf8_next(s, &at), want[i]);
    assert_int_equal(at, s.n);
    assert_int_equal(utf8_count(s), sizeof want / sizeof want[0]);
    assert_int_equal(utf8_count(NO_STR), 0);
}

static void S_test_str_hash(void **state)
{
    (void)state;
    /* The published values of FNV-1a, 64 bits. */
    assert_true(str_hash(NO_STR) == 0xcbf29ce484222325u);
    assert_true(str_hash(S("a")) == 0xaf63dc4c8601ec8cu);
    assert_true(str_hash(S("foobar")) == 0x85944171f73967e8u);
}

/* --- arena --- */

static void S_test_arena_pieces(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    assert_non_null(a);
    unsigned char *last = NULL;
    for (size_t size = 1; size < 3000; size += 7) {
        unsigned char *p = arena_alloc(a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, size);
        assert_true(p != last);
        last = p;
    }
    assert_false(arena_full(a));
    arena_free(a);
    arena_free(NULL);
}

static void S_test_arena_cap(void **state)
{
    (void)state;
    struct arena *a = arena_new(100000);
    size_t got = 0;
    while (arena_alloc(a, 1000))
        got += 1000;
    assert_true(got <= 100000);
    assert_true(got >= 50000); /* doubling blocks may not waste more than half */
    assert_true(arena_full(a));

    /* Full stays true, even when a small piece would still fit. */
    (void)arena_alloc(a, 1);
    assert_true(arena_full(a));

    arena_reset(a);
    assert_false(arena_full(a));
    assert_non_null(arena_alloc(a, 1000));
    assert_null(arena_alloc(a, 100001));
    assert_true(arena_full(a));
    arena_free(a);
}

static void S_test_arena_reset(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    char *first = arena_alloc(a, 64);
    memset(first, 'x', 64);
    for (int i = 0; i < 20; i++)
        assert_non_null(arena_alloc(a, 10000));
    arena_reset(a);
    char *again = arena_alloc(a, 64);
    assert_ptr_equal(again, first);
    for (int i = 0; i < 64; i++)
        assert_int_equal(again[i], 0);
    arena_free(a);
}

static void S_test_arena_overflow(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    assert_null(arena_array(a, SIZE_MAX / 2, 3));
    assert_true(arena_full(a));
    arena_reset(a);
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_true(arena_full(a));
    arena_reset(a);
    int64_t *numbers = arena_array(a, 10, sizeof *numbers);
    assert_non_null(numbers);
    assert_true(numbers[9] == 0);
    arena_free(a);
}

static void S_test_arena_text(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 16);
    char text[] = "邻里";
    struct str copy = arena_str(a, str_of(text));
    text[0] = 'x';
    S_assert_str(copy, S("邻里"));
    assert_int_equal(copy.p[copy.n], '\0');
    assert_null(arena_str(a, NO_STR).p);
    assert_non_null(arena_str(a, S("")).p);

    struct str s = arena_printf(a, "%s-%04d", "碑林", 42);
    S_assert_str(s, S("碑林-0042"));
    assert_int_equal(s.p[s.n], '\0');
    S_assert_str(arena_printf(a, "%s", ""), S(""));
    s = arena_printf(a, "%*d", 5000, 1);
    assert_int_equal(s.n, 5000);
    assert_int_equal(s.p[4999], '1');
    assert_null(arena_printf(a, "%*d", 70000, 1).p);
    assert_true(arena_full(a));
    arena_free(a);
}

/* --- buf --- */

static void S_test_buf_grows(void **state)
{
    (void)state;
    struct buf b = buf_new(1 << 20);
    for (int i = 0; i < 5000; i++)
        buf_put(&b, S("邻里"));
    buf_put(&b, NO_STR);
    buf_char(&b, '!');
    assert_false(b.full);
    assert_int_equal(b.n, 30001);
    assert_memory_equal(b.p + 29994, "邻里!", 7);
    buf_free(&b);
    assert_null(b.p);
    assert_int_equal(buf_str(&b).n, 0);
    buf_put(&b, S("again"));
    S_assert_str(buf_str(&b), S("again"));
    buf_free(&b);
}

static void S_test_buf_ceiling(void **state)
{
    (void)state;
    struct buf b = buf_new(2000);
    char block[1001];
    memset(block, 'x', sizeof block);
    buf_put(&b, (struct str){block, sizeof block});
    assert_false(b.full);
    size_t n = b.n;
    buf_put(&b, (struct str){block, sizeof block});
    buf_put(&b, (struct str){block, sizeof block});
    assert_true(b.full);

    /* A text that is dropped is dropped whole, and so is all that follows. */
    assert_int_equal((b.n - n) % sizeof block, 0);
    n = b.n;
    buf_char(&b, 'y');
    buf_printf(&b, "%d", 1);
    assert_int_equal(b.n, n);
    assert_true(b.full);

    buf_clear(&b);
    assert_false(b.full);
    assert_int_equal(b.n, 0);
    buf_char(&b, 'y');
    S_assert_str(buf_str(&b), S("y"));
    buf_free(&b);
}

static void S_test_buf_exact_ceiling(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 1200; cap += 100) {
        struct buf b = buf_new(cap);
        size_t put = 0;
        while (put < 2000) {
            buf_char(&b, 'x');
            put++;
        }
        assert_true(b.full);
        if (b.n > cap)
            fail_msg("%zu bytes in a buffer of at most %zu", b.n, cap);
        buf_free(&b);
    }
}

static void S_test_buf_numbers(void **state)
{
    (void)state;
    struct buf b = buf_new(1000);
    static const int64_t values[] = {0, -1, 10, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        buf_int(&b, values[i]);
        buf_char(&b, ' ');
    }
    buf_printf(&b, "%s %.2f|", "米", 1.005);
    buf_printf(&b, "%s", "");
    S_assert_str(buf_str(&b), S("0 -1 10 9223372036854775807 -9223372036854775808 米 1.00|"));
    buf_free(&b);
}

static void S_test_buf_json(void **state)
{
    (void)state;
    static const struct {
        struct str in, out;
    } rows[] = {
        {{NULL, 0}, {"\"\"", 2}},
        {{"a/b", 3}, {"\"a/b\"", 5}},
        {{"\"\\", 2}, {"\"\\\"\\\\\"", 6}},
        {{"\n\r\t", 3}, {"\"\\n\\r\\t\"", 8}},
        {{"\0\x1F\x7F", 3}, {"\"\\u0000\\u001f\x7F\"", 15}},
        {{"邻\"里", 7}, {"\"邻\\\"里\"", 10}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = buf_new(1000);
        buf_json(&b, rows[i].in);
        S_assert_str(buf_str(&b), rows[i].out);
        buf_free(&b);
    }
}

int base_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_str_of),
        cmocka_unit_test(S_test_str_compare),
        cmocka_unit_test(S_test_str_parts),
        cmocka_unit_test(S_test_str_trim),
        cmocka_unit_test(S_test_str_split),
        cmocka_unit_test(S_test_str_int),
        cmocka_unit_test(S_test_utf8_valid),
        cmocka_unit_test(S_test_utf8_decode),
        cmocka_unit_test(S_test_str_hash),
        cmocka_unit_test(S_test_arena_pieces),
        cmocka_unit_test(S_test_arena_cap),
        cmocka_unit_test(S_test_arena_reset),
        cmocka_unit_test(S_test_arena_overflow),
        cmocka_unit_test(S_test_arena_text),
        cmocka_unit_test(S_test_buf_grows),
        cmocka_unit_test(S_test_buf_ceiling),
        cmocka_unit_test(S_test_buf_exact_ceiling),
        cmocka_unit_test(S_test_buf_numbers),
        cmocka_unit_test(S_test_buf_json),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
