#include "base/workday.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* "2026-10-01 09:30" in Asia/Shanghai. */
static int64_t S_at(const char *text)
{
    int f[5] = {0};
    char *end = NULL;
    for (size_t i = 0; i < 5; i++) {
        f[i] = (int)strtol(text, &end, 10);
        text = *end ? end + 1 : end;
    }
    return day_start(day_from_civil(f[0], f[1], f[2])) + (f[3] * 60 + f[4]) * (int64_t)60000;
}

static int64_t S_day(const char *text)
{
    return day_of(S_at(text));
}

static void S_set(struct calendar *c, int month, int first, int last, bool works)
{
    for (int day = first; day <= last; day++)
        assert_int_equal(calendar_set(c, day_from_civil(2026, month, day), works), OK);
}

/* The State Council's calendar of 2026, from chinese-days 1.5.7, out of order on purpose. */
static int S_setup(void **state)
{
    struct calendar *c = calendar_new();
    assert_non_null(c);
    S_set(c, 10, 1, 7, false);
    S_set(c, 10, 10, 10, true);
    S_set(c, 9, 20, 20, true);
    S_set(c, 9, 25, 27, false);
    S_set(c, 2, 15, 23, false);
    S_set(c, 2, 14, 14, true);
    S_set(c, 2, 28, 28, true);
    S_set(c, 1, 1, 3, false);
    S_set(c, 1, 4, 4, true);
    S_set(c, 4, 4, 6, false);
    S_set(c, 5, 1, 5, false);
    S_set(c, 5, 9, 9, true);
    S_set(c, 6, 19, 21, false);
    *state = c;
    return 0;
}

static int S_teardown(void **state)
{
    calendar_free(*state);
    return 0;
}

static void test_civil(void **state)
{
    (void)state;
    static const struct {
        int64_t day;
        int year, month, mday;
    } t[] = {
        {0, 1970, 1, 1},      {-1, 1969, 12, 31},    {59, 1970, 3, 1},     {11016, 2000, 2, 29},
        {11017, 2000, 3, 1},  {20453, 2025, 12, 31}, {20454, 2026, 1, 1},  {-25509, 1900, 2, 28},
        {-25508, 1900, 3, 1}, {-719162, 1, 1, 1},    {-719163, 0, 12, 31}, {2932896, 9999, 12, 31},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        int year = 0, month = 0, mday = 0;
        assert_int_equal(day_from_civil(t[i].year, t[i].month, t[i].mday), t[i].day);
        day_to_civil(t[i].day, &year, &month, &mday);
        assert_int_equal(year, t[i].year);
        assert_int_equal(month, t[i].month);
        assert_int_equal(mday, t[i].mday);
    }
    for (int64_t day = -800000; day < 800000; day += 13) {
        int year = 0, month = 0, mday = 0;
        day_to_civil(day, &year, &month, &mday);
        assert_int_equal(day_from_civil(year, month, mday), day);
    }
}

static void test_day_of(void **state)
{
    (void)state;
    const int64_t hour = 3600000;
    assert_int_equal(day_of(0), 0);
    assert_int_equal(day_of(16 * hour - 1), 0);
    assert_int_equal(day_of(16 * hour), 1);
    assert_int_equal(day_of(-8 * hour), 0);
    assert_int_equal(day_of(-8 * hour - 1), -1);
    assert_int_equal(day_start(0), -8 * hour);
    for (int64_t day = -3; day < 4; day++) {
        assert_int_equal(day_of(day_start(day)), day);
        assert_int_equal(day_of(day_start(day) - 1), day - 1);
    }
    assert_true(day_of(INT64_MAX) > 0);
    assert_true(day_of(INT64_MIN) < 0);
}

static void test_calendar(void **state)
{
    static const struct {
        const char *day;
        bool works;
    } t[] = {
        {"2026-01-01", false}, {"2026-01-04", true},  {"2026-02-14", true},
        {"2026-02-16", false}, {"2026-02-23", false}, {"2026-02-24", true},
        {"2026-02-28", true},  {"2026-03-01", false}, {"2026-09-20", true},
        {"2026-09-19", false}, {"2026-10-07", false}, {"2026-10-08", true},
        {"2026-10-10", true},  {"2026-10-11", false}, {"2026-11-23", true},
        {"2027-01-01", true}, /* a Friday of a year that is not published */
        {"1969-12-31", true},  {"1969-12-28", false},
    };
    struct calendar *c = *state;
    for (size_t i = 0; i < COUNT_OF(t); i++)
        assert_int_equal(calendar_works(c, S_day(t[i].day)), t[i].works);
    assert_true(calendar_published(c, 2026));
    assert_false(calendar_published(c, 2025));
    assert_false(calendar_published(c, 2027));
}

static void test_calendar_replaces(void **state)
{
    struct calendar *c = *state;
    int64_t day = S_day("2026-10-08");
    assert_int_equal(calendar_set(c, day, false), OK);
    assert_false(calendar_works(c, day));
    assert_int_equal(calendar_set(c, day, true), OK);
    assert_true(calendar_works(c, day));
    assert_int_equal(calendar_set(c, S_day("2027-12-31"), false), OK);
    assert_true(calendar_published(c, 2027));
    assert_false(calendar_published(c, 2028));
}

static void test_limit_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum limit_unit unit;
        int n;
    } t[] = {
        {"4 work hours", LIMIT_WORK_HOURS, 4},
        {"1 work hour", LIMIT_WORK_HOURS, 1},
        {"3 work days", LIMIT_WORK_DAYS, 3},
        {"1 work day", LIMIT_WORK_DAYS, 1},
        {"7 days", LIMIT_DAYS, 7},
        {"1 day", LIMIT_DAYS, 1},
        {"24 hours", LIMIT_HOURS, 24},
        {"30 minutes", LIMIT_MINUTES, 30},
        {"1 minute", LIMIT_MINUTES, 1},
        {"  3650   days ", LIMIT_DAYS, 3650},
    };
    static const char *const bad[] = {
        "",
        "7",
        "days",
        "0 days",
        "-1 days",
        "3651 days",
        "7 weeks",
        "7 dayss",
        "7days",
        "1.5 days",
        "7 work",
        "7 work minutes",
        "7 days now",
        "work 7 days",
        "7 Days",
        "七 days",
        "7 work work days",
        "99999999999999999999 days",
        "s",
        "7 s",
    };
    struct limit limit = {LIMIT_NONE, 0};
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        assert_true(limit_parse(str_of(t[i].text), &limit));
        assert_int_equal(limit.unit, t[i].unit);
        assert_int_equal(limit.n, t[i].n);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(limit_parse(str_of(bad[i]), &limit));
    assert_false(limit_parse(NO_STR, &limit));
}

static void test_limit_end(void **state)
{
    static const struct {
        const char *from, *limit, *end;
    } t[] = {
        /* the wall clock does not care for holidays */
        {"2026-10-01 23:50", "30 minutes", "2026-10-02 00:20"},
        {"2026-10-01 09:00", "24 hours", "2026-10-02 09:00"},
        {"2026-10-01 09:00", "7 days", "2026-10-08 09:00"},
        /* work hours: inside, to the brim, across lunch, across the evening */
        {"2026-11-23 09:00", "2 work hours", "2026-11-23 11:00"},
        {"2026-11-23 09:00", "3 work hours", "2026-11-23 12:00"},
        {"2026-11-23 11:00", "4 work hours", "2026-11-23 17:00"},
        {"2026-11-23 17:30", "1 work hour", "2026-11-24 09:30"},
        {"2026-11-23 09:00", "7 work hours", "2026-11-23 18:00"},
        {"2026-11-23 09:00", "14 work hours", "2026-11-24 18:00"},
        {"2026-11-23 10:30", "21 work hours", "2026-11-26 10:30"},
        /* begun outside hours */
        {"2026-11-23 07:00", "1 work hour", "2026-11-23 10:00"},
        {"2026-11-23 12:00", "1 work hour", "2026-11-23 15:00"},
        {"2026-11-23 12:59", "1 work hour", "2026-11-23 15:00"},
        {"2026-11-23 18:00", "1 work hour", "2026-11-24 10:00"},
        {"2026-11-27 23:59", "1 work hour", "2026-11-30 10:00"},
        {"2026-11-28 10:00", "4 work hours", "2026-11-30 15:00"},
        /* over National Day, with the worked Saturday behind it */
        {"2026-09-30 17:00", "2 work hours", "2026-10-08 10:00"},
        {"2026-10-09 17:00", "2 work hours", "2026-10-10 10:00"},
        {"2026-10-10 17:00", "2 work hours", "2026-10-12 10:00"},
        /* work days: the day of arrival does not count */
        {"2026-11-23 09:00", "1 work day", "2026-11-24 18:00"},
        {"2026-11-23 23:59", "1 work day", "2026-11-24 18:00"},
        {"2026-11-27 09:00", "1 work day", "2026-11-30 18:00"},
        {"2026-11-28 09:00", "1 work day", "2026-11-30 18:00"},
        {"2026-11-27 09:00", "5 work days", "2026-12-04 18:00"},
        {"2026-09-30 09:00", "1 work day", "2026-10-08 18:00"},
        {"2026-09-30 09:00", "3 work days", "2026-10-10 18:00"},
        {"2026-10-03 09:00", "4 work days", "2026-10-12 18:00"},
        /* Spring Festival: Saturday 14 and 28 February worked, 15 to 23 off */
        {"2026-02-13 16:00", "1 work day", "2026-02-14 18:00"},
        {"2026-02-13 16:00", "2 work days", "2026-02-24 18:00"},
        {"2026-02-14 16:00", "5 work days", "2026-02-28 18:00"},
        {"2026-02-14 16:00", "6 work days", "2026-03-02 18:00"},
        {"2026-02-14 16:00", "3 work hours", "2026-02-24 10:00"},
    };
    struct calendar *c = *state;
    const struct hours h = HOURS_DEFAULT;
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct limit limit = {LIMIT_NONE, 0};
        bool provisional = true;
        assert_true(limit_parse(str_of(t[i].limit), &limit));
        int64_t end = limit_end(c, &h, S_at(t[i].from), limit, &provisional);
        if (end != S_at(t[i].end))
            fail_msg("%s from %s: off by %lld minutes", t[i].limit, t[i].from,
                     (long long)(end - S_at(t[i].end)) / 60000);
        assert_false(provisional);
        assert_int_equal(limit_end(c, &h, S_at(t[i].from), limit, NULL), end);
    }
    assert_int_equal(limit_end(c, &h, S_at("2026-10-01"), (struct limit){LIMIT_NONE, 0}, NULL), 0);
}

static void test_other_hours(void **state)
{
    struct calendar *c = *state;
    const struct hours always = {.spans = {{0, 24 * 60}}, .n = 1};
    const struct hours none = {.n = 0};
    int64_t from = S_at("2026-11-27 12:00"); /* Friday */
    struct limit day = {LIMIT_WORK_DAYS, 1}, hours = {LIMIT_WORK_HOURS, 13};
    assert_int_equal(limit_end(c, &always, from, day, NULL), S_at("2026-12-01 00:00"));
    assert_int_equal(limit_end(c, &always, from, hours, NULL), S_at("2026-11-30 01:00"));
    assert_int_equal(limit_end(c, &none, from, day, NULL), S_at("2026-11-30 18:00"));
    assert_int_equal(limit_end(c, NULL, from, day, NULL), S_at("2026-11-30 18:00"));
    assert_int_equal(workday_minutes(c, NULL, from, S_at("2026-11-27 23:00")), 240);
    assert_int_equal(
        limit_end(c, &always, from, (struct limit){LIMIT_WORK_DAYS, 3650}, NULL) > from, true);
}

static void test_provisional(void **state)
{
    static const struct {
        const char *from, *limit;
        bool provisional;
    } t[] = {
        {"2026-12-30 09:00", "1 work day", false},   {"2026-12-31 09:00", "1 work day", true},
        {"2026-12-31 09:00", "7 work hours", false}, {"2026-12-31 09:00", "8 work hours", true},
        {"2026-12-30 09:00", "9 days", false},       {"2027-03-01 09:00", "1 work hour", true},
        {"2025-12-31 09:00", "1 work day", false}, /* it asks about 2026 only */
        {"2025-12-31 17:00", "2 work hours", true},  {"2026-06-01 09:00", "500 work days", true},
    };
    struct calendar *c = *state;
    const struct hours h = HOURS_DEFAULT;
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct limit limit = {LIMIT_NONE, 0};
        bool provisional = !t[i].provisional;
        assert_true(limit_parse(str_of(t[i].limit), &limit));
        (void)limit_end(c, &h, S_at(t[i].from), limit, &provisional);
        if (provisional != t[i].provisional)
            fail_msg("%s from %s", t[i].limit, t[i].from);
    }
    const struct hours night = {.spans = {{0, 24 * 60}}, .n = 1};
    bool provisional = true; /* ends at 24:00 of 31 December, which is still 2026 */
    (void)limit_end(c, &night, S_at("2026-12-30 09:00"), (struct limit){LIMIT_WORK_DAYS, 1},
                    &provisional);
    assert_false(provisional);
}

static void test_minutes(void **state)
{
    static const struct {
        const char *from, *to;
        int64_t minutes;
    } t[] = {
        {"2026-11-23 09:00", "2026-11-23 09:00", 0},
        {"2026-11-23 09:00", "2026-11-23 10:30", 90},
        {"2026-11-23 08:00", "2026-11-23 20:00", 420},
        {"2026-11-23 11:30", "2026-11-23 14:30", 60},
        {"2026-11-23 12:10", "2026-11-23 13:50", 0},
        {"2026-11-23 17:00", "2026-11-24 10:00", 120},
        {"2026-11-27 17:00", "2026-11-30 10:00", 120},
        {"2026-11-28 08:00", "2026-11-29 20:00", 0},
        {"2026-09-30 17:00", "2026-10-08 10:00", 120},
        {"2026-10-01 00:00", "2026-11-01 00:00", 7560}, /* 18 days: 8-10, 12-16, 19-23, 26-30 */
        {"2026-01-01 00:00", "2027-01-01 00:00", 104160},
        {"1999-12-31 00:00", "2000-01-03 00:00", 420},
    };
    struct calendar *c = *state;
    const struct hours h = HOURS_DEFAULT;
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        int64_t from = S_at(t[i].from), to = S_at(t[i].to);
        assert_int_equal(workday_minutes(c, &h, from, to), t[i].minutes);
        assert_int_equal(workday_minutes(c, &h, to, from), -t[i].minutes);
    }
    /* a millisecond short of a minute is not a minute */
    int64_t nine = S_at("2026-11-23 09:00");
    assert_int_equal(workday_minutes(c, &h, nine, nine + 59999), 0);
    assert_int_equal(workday_minutes(c, &h, nine, nine + 60000), 1);
}

/* A limit in work hours takes exactly that many working minutes, wherever it begins. */
static void test_ends_agree(void **state)
{
    struct calendar *c = *state;
    const struct hours h = HOURS_DEFAULT;
    for (int64_t from = S_at("2026-01-20 00:00"); from < S_at("2026-03-05 00:00");
         from += 2820000) {
        for (int n = 1; n < 30; n += 7) {
            int64_t end = limit_end(c, &h, from, (struct limit){LIMIT_WORK_HOURS, n}, NULL);
            assert_int_equal(workday_minutes(c, &h, from, end), n * 60);
        }
    }
}

/* What a pause leaves on a clock, and what a warning counts back. */
static void test_after(void **state)
{
    struct calendar *c = *state;
    struct hours h = HOURS_DEFAULT;
    static const int64_t hour = 3600000;
    static const struct {
        const char *from;
        int64_t ms;
        const char *end;
    } cases[] = {
        {"2026-09-30 16:30", 4 * 3600000, "2026-10-08 11:30"}, /* over the holiday */
        {"2026-09-14 09:00", 7 * 3600000, "2026-09-14 18:00"}, /* a whole day */
        {"2026-09-14 13:00", 60000, "2026-09-14 14:01"},
        {"2026-09-14 13:00", 0, "2026-09-14 13:00"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(workday_after(c, &h, S_at(cases[i].from), cases[i].ms),
                         S_at(cases[i].end));
    assert_int_equal(limit_working(&h, (struct limit){LIMIT_WORK_DAYS, 2}), 14 * hour);
    assert_int_equal(limit_working(&h, (struct limit){LIMIT_DAYS, 2}), 0);
    assert_int_equal(limit_wall((struct limit){LIMIT_DAYS, 2}), 48 * hour);
    assert_int_equal(limit_wall((struct limit){LIMIT_WORK_HOURS, 2}), 0);
    struct limit week = {LIMIT_WORK_DAYS, 5}, days = {LIMIT_DAYS, 5}, work = {LIMIT_WORK_HOURS, 36};
    assert_true(limit_at_most(&h, days, week) && limit_at_most(&h, week, days));
    assert_false(limit_at_most(&h, work, week)); /* 36 hours of 7 are more than five days */
}

int workday_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_civil),
        cmocka_unit_test(test_day_of),
        cmocka_unit_test_setup_teardown(test_calendar, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(test_calendar_replaces, S_setup, S_teardown),
        cmocka_unit_test(test_limit_parse),
        cmocka_unit_test_setup_teardown(test_limit_end, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(test_other_hours, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(test_provisional, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(test_minutes, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(test_after, S_setup, S_teardown),
        cmocka_unit_test_setup_teardown(test_ends_agree, S_setup, S_teardown),
    };
    return cmocka_run_group_tests_name("workday", tests, NULL, NULL);
}
