/* Figures: what the packs' indicators count, always ready to be read. A background reader follows
 * the events of matters, computes anew what the matter that changed gives to each indicator of its
 * pack (its parts), and applies the difference to sums that stand for every unit above it. Nothing
 * is ever counted by going over matters, but by figures_check, which proves the sums.
 *
 * A part depends on the matter's row and events alone, so reading an event twice, or late, changes
 * nothing. What time alone changes does not enter before something happens to the matter. A part
 * keeps the place its matter had when it was first counted in that month.
 *
 * Months are numbers such as 202611, in Asia/Shanghai. Times measured are ms; their quantiles are
 * read off buckets whose bounds are a ratio of 1.04 apart, so that they are right to 2 % (below a
 * minute, to the minute). */
#ifndef DOMAIN_FIGURE_H
#define DOMAIN_FIGURE_H

#include "domain/place/place.h"

extern const struct module figure_module;

/* What one matter gives to one indicator. */
enum part_state { PART_LEFT_OUT = 1, PART_COUNTS, PART_MEETS };
struct figure_part {
    int64_t matter, indicator, place, month, state, amount, bucket;
};
extern const struct entity figure_part_entity;

/* A place as it is kept: ancestors, 0 where there is none. */
struct figure_place {
    int64_t id, county;
    int64_t province, city, district, street, community, grid;
};

/* A matter as its indicators see it (figure_part.c). */
enum { PARTS_MAX = 64 };
struct figure_matter {
    int64_t id, pack;
    struct str kind, source;
    struct figure_place place; /* as of now; id 0: not looked up */
    struct rule_value facts[FACT_COUNT];
};
MUST enum err figure_matter_load(struct store *db, int64_t id, struct figure_matter *ret);

/* The parts it gives, without matter and place, in the order of its pack. */
void figure_parts(const struct figure_matter *m, const struct pack *pack,
                  struct figure_part ret[PARTS_MAX], size_t *n);

/* The matters of the next events, `most` of them at most, and no more once `sums` sums change;
 * *done is how many events were looked at. Inside a command. figures_catch_up goes on until none
 * are left, in memory of its own: for command lines.
 */
enum { FIGURES_STEP = 16000 }; /* events, where nobody waits */
MUST enum err figures_read(struct store *db, int64_t most, size_t sums, int64_t *done);
MUST enum err figures_catch_up(const struct store *db);
MUST enum err figures_tick(struct store *db, void *unused);

/* How far the reader is: the last event read, its time, and how many are waiting. */
struct figures_at {
    int64_t seq, at, waiting;
};
MUST enum err figures_where(struct store *db, struct figures_at *ret);

/* Computes everything anew: says how many sums are not those of the parts, and how many matters
 * have other parts than their row and events give. The reader must have caught up. Inside a
 * transaction, which is to be rolled back unless it was a repair: then both have been put right.
 * In memory of its own. */
struct figures_verdict {
    int64_t matters, parts, sums; /* looked at */
    int64_t wrong_matters, wrong_sums;
};
MUST enum err figures_check(const struct store *db, bool repair, struct figures_verdict *ret);

/* ---- reading (figure_read.c) ---- */

struct figure_quantile {
    int64_t percent, ms;
};
struct figure_definition {
    int64_t definition; /* key */
    struct str indicator, zh, en, doc_zh, doc_en, type;
    struct str at, when, except, meets, weight, measure;
    enum tri current; /* of the pack in force at the unit */
};
struct figure_row {
    struct str indicator;
    int64_t definition, unit;
    struct str unit_name, month, kind, source;
    int64_t numerator, denominator, left_out;
    double value;
    struct list quantiles;
};
struct figure_query {
    int64_t unit;
    struct str indicator, kind, source, from, to, by;
};
struct figures {
    int64_t unit;
    struct str unit_name, from, to;
    int64_t seq, as_of, waiting;
    struct list definitions, rows;
};
extern const struct entity figure_definition_entity, figures_entity, figure_query_entity;

/* Of a unit as figure_unit has it. */
MUST enum err figures_list(struct store *db, const struct actor *by, const struct figure_query *in,
                           struct figures *ret);

/* The definitions that count at a unit: those of the pack in force there, then others of which
 * there are sums. code NO_STR: all. */
MUST enum err figure_definitions(struct store *db, int64_t unit, const struct ancestors *at,
                                 struct str code, struct list *ret);

/* Months: "2026-11" to 202611, 0 when it is none; that of a time; and those of a request, the
 * present one where none is given. */
int64_t month_parse(struct str s);
int64_t month_of(int64_t ms);
MUST enum err figure_months(struct store *db, struct str from, struct str to, int64_t *first,
                            int64_t *last);

/* A unit that some admitted hat covers (by NULL: any); ERR_NOT_FOUND. */
MUST enum err figure_unit(struct store *db, const struct actor *by, int64_t id, struct unit *ret);

struct record_query {
    int64_t unit, definition, limit;
    struct str indicator, part, kind, source, from, to, after;
};
extern const struct entity record_query_entity;
MUST enum err figure_records(struct store *db, const struct actor *by,
                             const struct record_query *in, struct page *ret);

#endif
