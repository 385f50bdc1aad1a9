/* The working-day calendar and working hours of China, and time limits that run on them.
 *
 * A calendar is the weekend rule (Saturday, Sunday off) plus the published exceptions: statutory
 * holidays (off) and make-up days (worked). The State Council publishes a year at a time: a result
 * that touches a year without any published exception is provisional.
 *
 * All times are milliseconds UTC; days are counted in Asia/Shanghai, which has had no daylight
 * saving since 1991 (UTC+8 all year). A day number is days since 1970-01-01. The calendar owns its
 * arrays; calendar_free frees them. Nothing here reads the wall clock. */
#ifndef BASE_WORKDAY_H
#define BASE_WORKDAY_H

#include "base/err.h"
#include "base/str.h"

struct calendar;

struct calendar *calendar_new(void); /* weekends only; NULL without memory */
void calendar_free(struct calendar *c);

/* Declares one exception. Later calls for the same day replace earlier ones. */
MUST enum err calendar_set(struct calendar *c, int64_t day, bool works);

bool calendar_published(const struct calendar *c, int year);
bool calendar_works(const struct calendar *c, int64_t day);

/* Daily working spans in minutes after midnight, ascending and not overlapping. */
struct span {
    int from, to;
};
struct hours {
    struct span spans[4];
    size_t n;
};
#define HOURS_DEFAULT ((struct hours){.spans = {{9 * 60, 12 * 60}, {14 * 60, 18 * 60}}, .n = 2})

enum limit_unit {
    LIMIT_NONE,
    LIMIT_MINUTES,
    LIMIT_HOURS,
    LIMIT_DAYS,
    LIMIT_WORK_HOURS,
    LIMIT_WORK_DAYS
};
struct limit {
    enum limit_unit unit;
    int n;
};

/* "4 work hours", "3 work days", "7 days", "24 hours", "30 minutes"; singular too. False when it
 * is anything else, or n is not 1 … 3650. */
bool limit_parse(struct str s, struct limit *ret);

/* When a limit that starts at `from` ends. Minutes, hours and days run on the wall clock. Work
 * hours run only inside working spans of working days. N work days end with the last span of the
 * Nth working day after the day of `from` (the day a matter came in does not count; one that came
 * in on a day off counts from the next working day on). *provisional (may be NULL) is set when a
 * year that is not published was touched. LIMIT_NONE gives 0. */
int64_t limit_end(const struct calendar *c, const struct hours *h, int64_t from, struct limit limit,
                  bool *provisional);

/* When `ms` of working time have passed since `from`. */
int64_t workday_after(const struct calendar *c, const struct hours *h, int64_t from, int64_t ms);

/* How much working time, in ms, is in a limit counted in it; 0 for a limit on the wall clock. */
int64_t limit_working(const struct hours *h, struct limit limit);

/* The same span on the wall clock, in ms; 0 for a limit in working time. */
int64_t limit_wall(struct limit limit);

/* Whether one limit is at most as long as another, a working day counted as a day. */
bool limit_at_most(const struct hours *h, struct limit a, struct limit most);

/* Working minutes between two times (negative when to < from). */
int64_t workday_minutes(const struct calendar *c, const struct hours *h, int64_t from, int64_t to);

/* Day number and minute of day in Asia/Shanghai, and civil dates (proleptic Gregorian). */
int64_t day_of(int64_t ms);
int64_t day_start(int64_t day); /* ms UTC of 00:00 there */
int64_t day_from_civil(int year, int month, int day);
void day_to_civil(int64_t day, int *year, int *month, int *mday);

#endif
