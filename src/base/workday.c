#include "base/workday.h"

#include <stdlib.h>
#include <string.h>

/* In milliseconds. */
static const int64_t MINUTE = 60000;
static const int64_t HOUR = 3600000;
static const int64_t DAY = 86400000;
static const int64_t EAST = 28800000; /* Asia/Shanghai is UTC+8 */

struct exception {
    int64_t day;
    bool works;
};

struct calendar {
    struct exception *days; /* ascending by day */
    size_t n, room;
};

static int64_t S_floor(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ---- days and civil dates ---- */

int64_t day_of(int64_t ms)
{
    int64_t in_day = ms % DAY;
    return S_floor(ms, DAY) + ((in_day < 0 ? in_day + DAY : in_day) >= DAY - EAST);
}

int64_t day_start(int64_t day)
{
    return day * DAY - EAST;
}

static bool S_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days before the first of that month in that year. */
static int S_before_month(int64_t year, int month)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    return before[month - 1] + (month > 2 && S_leap(year));
}

/* Day number of 1 January. */
static int64_t S_new_year(int64_t year)
{
    int64_t past = year - 1;
    int64_t leaps = S_floor(past, 4) - S_floor(past, 100) + S_floor(past, 400);
    return past * 365 + leaps - 719162; /* days from 0001-01-01 to 1970-01-01 */
}

int64_t day_from_civil(int year, int month, int day)
{
    return S_new_year(year) + S_before_month(year, month) + day - 1;
}

void day_to_civil(int64_t day, int *year, int *month, int *mday)
{
    /* 146097 days in 400 years; the estimate is off by one year at most. */
    int64_t y = 1970 + S_floor(day * 400, 146097);
    while (S_new_year(y) > day)
        y--;
    while (S_new_year(y + 1) <= day)
        y++;
    int in_year = (int)(day - S_new_year(y));
    int m = 12;
    while (S_before_month(y, m) > in_year)
        m--;
    *year = (int)y;
    *month = m;
    *mday = in_year - S_before_month(y, m) + 1;
}

static int S_year_of(int64_t day)
{
    int year = 0, month = 0, mday = 0;
    day_to_civil(day, &year, &month, &mday);
    return year;
}

/* ---- the calendar ---- */

struct calendar *calendar_new(void)
{
    return calloc(1, sizeof(struct calendar));
}

void calendar_free(struct calendar *c)
{
    if (!c)
        return;
    free(c->days);
    free(c);
}

/* Index of the first exception on or after that day. */
static size_t S_at_or_after(const struct calendar *c, int64_t day)
{
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum err calendar_set(struct calendar *c, int64_t day, bool works)
{
    size_t at = S_at_or_after(c, day);
    if (at < c->n && c->days[at].day == day) {
        c->days[at].works = works;
        return OK;
    }
    if (c->n == c->room) {
        size_t room = c->room ? c->room * 2 : 64;
        struct exception *days = realloc(c->days, room * sizeof *days);
        if (!days)
            return ERR_MEMORY;
        c->days = days;
        c->room = room;
    }
    memmove(c->days + at + 1, c->days + at, (c->n - at) * sizeof *c->days);
    c->days[at] = (struct exception){day, works};
    c->n++;
    return OK;
}

bool calendar_published(const struct calendar *c, int year)
{
    size_t at = S_at_or_after(c, S_new_year(year));
    return at < c->n && c->days[at].day < S_new_year((int64_t)year + 1);
}

static bool S_weekday(int64_t day)
{
    return (day + 3) - S_floor(day + 3, 7) * 7 < 5; /* 1970-01-01 was a Thursday */
}

bool calendar_works(const struct calendar *c, int64_t day)
{
    size_t at = S_at_or_after(c, day);
    if (at < c->n && c->days[at].day == day)
        return c->days[at].works;
    return S_weekday(day);
}

/* Weekdays before that day, counted from a Monday long ago: only differences mean anything. */
static int64_t S_weekdays_before(int64_t day)
{
    int64_t week = S_floor(day + 3, 7);
    int64_t in_week = day + 3 - week * 7;
    return week * 5 + (in_week < 5 ? in_week : 5);
}

/* Working days in [from, to): by arithmetic, so that a span of years costs no more than a week. */
static int64_t S_work_days(const struct calendar *c, int64_t from, int64_t to)
{
    int64_t n = S_weekdays_before(to) - S_weekdays_before(from);
    for (size_t i = S_at_or_after(c, from); i < c->n && c->days[i].day < to; i++)
        n += (int)c->days[i].works - (int)S_weekday(c->days[i].day);
    return n;
}

/* ---- limits ---- */

static struct str S_word(struct str *rest)
{
    struct str word = NO_STR;
    while (rest->n && word.n == 0)
        word = str_split(rest, ' ');
    return word;
}

static bool S_word_is(struct str word, struct str one)
{
    if (word.n == one.n + 1 && word.p[one.n] == 's')
        word.n--;
    return str_eq(word, one);
}

bool limit_parse(struct str s, struct limit *ret)
{
    int64_t n = 0;
    struct str number = S_word(&s), word = S_word(&s);
    bool work = str_eq(word, S("work"));
    if (work)
        word = S_word(&s);
    if (S_word(&s).n || !str_int(number, &n) || n < 1 || n > 3650)
        return false;
    enum limit_unit unit = LIMIT_NONE;
    if (S_word_is(word, S("hour")))
        unit = work ? LIMIT_WORK_HOURS : LIMIT_HOURS;
    else if (S_word_is(word, S("day")))
        unit = work ? LIMIT_WORK_DAYS : LIMIT_DAYS;
    else if (S_word_is(word, S("minute")) && !work)
        unit = LIMIT_MINUTES;
    if (unit == LIMIT_NONE)
        return false;
    *ret = (struct limit){unit, (int)n};
    return true;
}

/* Working minutes of a whole day. */
static int S_day_minutes(const struct hours *h)
{
    int minutes = 0;
    for (size_t i = 0; i < h->n; i++)
        minutes += h->spans[i].to - h->spans[i].from;
    return minutes;
}

/* Nothing ends in a day without hours; such hours mean the usual ones. */
static struct hours S_usable(const struct hours *h)
{
    return h && S_day_minutes(h) > 0 ? *h : HOURS_DEFAULT;
}

static int64_t S_work_hours_end(const struct calendar *c, const struct hours *h, int64_t from,
                                int64_t left)
{
    int64_t whole = S_day_minutes(h) * MINUTE;
    for (int64_t day = day_of(from);; day++) {
        int64_t start = day_start(day);
        if (!calendar_works(c, day))
            continue;
        if (start >= from && left > whole) {
            left -= whole;
            continue;
        }
        for (size_t i = 0; i < h->n; i++) {
            int64_t open = start + h->spans[i].from * MINUTE;
            int64_t end = start + h->spans[i].to * MINUTE;
            open = open < from ? from : open;
            if (open >= end)
                continue;
            if (end - open >= left)
                return open + left;
            left -= end - open;
        }
    }
}

static int64_t S_work_days_end(const struct calendar *c, const struct hours *h, int64_t from, int n)
{
    int64_t day = day_of(from);
    while (n > 0)
        n -= calendar_works(c, ++day);
    return day_start(day) + h->spans[h->n - 1].to * MINUTE;
}

int64_t workday_after(const struct calendar *c, const struct hours *h, int64_t from, int64_t ms)
{
    struct hours used = S_usable(h);
    return ms > 0 ? S_work_hours_end(c, &used, from, ms) : from;
}

int64_t limit_working(const struct hours *h, struct limit limit)
{
    struct hours used = S_usable(h);
    switch (limit.unit) {
    case LIMIT_WORK_HOURS: return limit.n * HOUR;
    case LIMIT_WORK_DAYS: return limit.n * (int64_t)S_day_minutes(&used) * MINUTE;
    default: return 0;
    }
}

int64_t limit_wall(struct limit limit)
{
    switch (limit.unit) {
    case LIMIT_MINUTES: return limit.n * MINUTE;
    case LIMIT_HOURS: return limit.n * HOUR;
    case LIMIT_DAYS: return limit.n * DAY;
    default: return 0;
    }
}

/* A limit as time on the wall clock, a working day standing for a whole one. */
static int64_t S_length(const struct hours *h, struct limit limit)
{
    struct hours used = S_usable(h);
    return limit_wall(limit) + limit_working(h, limit) / S_day_minutes(&used) * (DAY / MINUTE);
}

bool limit_at_most(const struct hours *h, struct limit a, struct limit most)
{
    return S_length(h, a) <= S_length(h, most);
}

int64_t limit_end(const struct calendar *c, const struct hours *h, int64_t from, struct limit limit,
                  bool *provisional)
{
    struct hours used = S_usable(h);
    int64_t end = 0, first = day_of(from);
    if (provisional)
        *provisional = false;
    switch (limit.unit) {
    case LIMIT_MINUTES: return from + limit.n * MINUTE;
    case LIMIT_HOURS: return from + limit.n * HOUR;
    case LIMIT_DAYS: return from + limit.n * DAY;
    case LIMIT_WORK_HOURS: end = S_work_hours_end(c, &used, from, limit.n * HOUR); break;
    case LIMIT_WORK_DAYS:
        first++; /* the day of `from` is never asked about */
        end = S_work_days_end(c, &used, from, limit.n);
        break;
    case LIMIT_NONE: return 0;
    }
    /* `end` may be 24:00, which is still that day. */
    for (int year = S_year_of(first); provisional && year <= S_year_of(day_of(end - 1)); year++)
        *provisional = *provisional || !calendar_published(c, year);
    return end;
}

/* Working time, in ms, from the start of that day to `until`, a time in or after it. */
static int64_t S_worked(const struct calendar *c, const struct hours *h, int64_t day, int64_t until)
{
    int64_t sum = 0, at = until - day_start(day);
    if (!calendar_works(c, day))
        return 0;
    for (size_t i = 0; i < h->n; i++) {
        int64_t open = h->spans[i].from * MINUTE, end = h->spans[i].to * MINUTE;
        if (at > open)
            sum += (at < end ? at : end) - open;
    }
    return sum;
}

int64_t workday_minutes(const struct calendar *c, const struct hours *h, int64_t from, int64_t to)
{
    if (to < from)
        return -workday_minutes(c, h, to, from);
    struct hours used = S_usable(h);
    int64_t first = day_of(from), last = day_of(to);
    int64_t whole = S_work_days(c, first, last) * S_day_minutes(&used);
    int64_t edges = S_worked(c, &used, last, to) - S_worked(c, &used, first, from);
    return whole + S_floor(edges, MINUTE);
}
