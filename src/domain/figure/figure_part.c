/* What a matter gives to the indicators of its pack. */
#include "domain/figure/figure.h"
#include "domain/matter/matter.h"

#include <math.h>

static const struct field part_fields[] = {
    F_ID(struct figure_part, matter),  F_INT(struct figure_part, indicator),
    F_ID(struct figure_part, place),   F_INT(struct figure_part, month),
    F_INT(struct figure_part, state),  F_INT(struct figure_part, amount),
    F_INT(struct figure_part, bucket),
};
const struct entity figure_part_entity = ENTITY(struct figure_part, "FigurePart", part_fields);

/* Columns of a matter, and what its events add up to. */
struct row {
    int64_t id, pack, province, city, district, street, community, grid;
    struct str kind, category, source, stage, outcome;
    enum tri open, solved, late, imported, inside_grid;
    int64_t score, escalations, extensions, transfers, returns, reopens, paused;
    int64_t created_at, answered_at, handled_at, closed_at, due_at;
};
static const struct field row_fields[] = {
    F_ID(struct row, id),           F_INT(struct row, pack),        F_ID(struct row, province),
    F_ID(struct row, city),         F_ID(struct row, district),     F_ID(struct row, street),
    F_ID(struct row, community),    F_ID(struct row, grid),         F_TEXT(struct row, kind),
    F_TEXT(struct row, category),   F_TEXT(struct row, source),     F_TEXT(struct row, stage),
    F_TEXT(struct row, outcome),    F_BOOL(struct row, open),       F_BOOL(struct row, solved),
    F_BOOL(struct row, late),       F_BOOL(struct row, imported),   F_BOOL(struct row, inside_grid),
    F_INT(struct row, score),       F_INT(struct row, escalations), F_INT(struct row, extensions),
    F_INT(struct row, transfers),   F_INT(struct row, returns),     F_INT(struct row, reopens),
    F_INT(struct row, paused),      F_TIME(struct row, created_at), F_TIME(struct row, answered_at),
    F_TIME(struct row, handled_at), F_TIME(struct row, closed_at),  F_TIME(struct row, due_at),
};
static const struct entity row_entity = ENTITY(struct row, "FigureMatter", row_fields);

/* A party is outside when it does not belong to the matter's own community. What was done is
 * counted from the events, so that matters from before such columns were kept count as well. */
static enum err S_row(struct store *db, int64_t id, struct row *ret)
{
    return store_one(
        db,
        "SELECT m.id, m.pack, u.province, u.city, m.district, m.street, m.community, m.grid, "
        "m.kind, m.category, m.source, m.stage, m.outcome, m.open, m.solved, m.late, m.imported, "
        "m.score, "
        "m.escalations, m.extensions, m.paused_ms AS paused, m.created_at, m.answered_at, "
        "m.closed_at, m.due_at, "
        "CASE WHEN m.charge = m.community AND m.escalations = 0 AND NOT EXISTS "
        "(SELECT 1 FROM matter_sent s JOIN party p ON p.id = s.party WHERE s.matter = m.id "
        "AND (p.community IS NULL OR p.community <> m.community)) AND NOT EXISTS "
        "(SELECT 1 FROM matter_part t JOIN party p ON p.id = t.party WHERE t.matter = m.id "
        "AND (p.community IS NULL OR p.community <> m.community)) THEN 1 ELSE 0 END AS "
        "inside_grid, "
        "e.transfers, e.returns, e.reopens, e.handled_at FROM matter m "
        "LEFT JOIN unit u ON u.id = m.district CROSS JOIN "
        "(SELECT COALESCE(sum(CASE WHEN act = 'transfer' THEN 1 ELSE 0 END), 0) AS transfers, "
        "COALESCE(sum(CASE WHEN act = 'return' THEN 1 ELSE 0 END), 0) AS returns, "
        "COALESCE(sum(CASE WHEN act = 'reopen' THEN 1 ELSE 0 END), 0) AS reopens, "
        "max(CASE WHEN act = 'submit' THEN at END) AS handled_at "
        "FROM matter_event WHERE matter = $1) AS e WHERE m.id = $1",
        ARGS(A_INT(id)), &row_entity, ret);
}

/* ---- facts ---- */

static struct rule_value S_code(struct str s)
{
    return (struct rule_value){.set = s.p != NULL, .s = s};
}

static struct rule_value S_yes(enum tri t)
{
    return (struct rule_value){.set = t != UNSET, .n = t == YES};
}

static struct rule_value S_number(int64_t n)
{
    return (struct rule_value){.set = n != NO_INT, .n = n};
}

static struct rule_value S_time(int64_t ms)
{
    return (struct rule_value){.set = ms != 0 && ms != NO_DUE, .n = ms};
}

static void S_facts(const struct row *r, struct rule_value facts[FACT_COUNT])
{
    struct rule_value closed = S_time(r->closed_at), due = S_time(r->due_at);
    bool late = r->late == YES || (closed.set && due.set && closed.n > due.n);
    facts[FACT_KIND] = S_code(r->kind);
    facts[FACT_CATEGORY] = S_code(r->category);
    facts[FACT_SOURCE] = S_code(r->source);
    facts[FACT_STAGE] = S_code(r->stage);
    facts[FACT_OUTCOME] = S_code(r->outcome);
    facts[FACT_OPEN] = S_yes(r->open);
    facts[FACT_SOLVED] = S_yes(r->solved);
    facts[FACT_SCORE] = S_number(r->score);
    facts[FACT_LATE] = S_yes(late ? YES : NO);
    facts[FACT_IMPORTED] = S_yes(r->imported);
    facts[FACT_INSIDE_GRID] = S_yes(r->inside_grid);
    facts[FACT_TRANSFERS] = S_number(r->transfers);
    facts[FACT_RETURNS] = S_number(r->returns);
    facts[FACT_REOPENS] = S_number(r->reopens);
    facts[FACT_ESCALATIONS] = S_number(r->escalations);
    facts[FACT_EXTENSIONS] = S_number(r->extensions);
    facts[FACT_CREATED_AT] = S_time(r->created_at);
    facts[FACT_ANSWERED_AT] = S_time(r->answered_at);
    facts[FACT_HANDLED_AT] = S_time(r->handled_at);
    facts[FACT_CLOSED_AT] = closed;
    facts[FACT_DUE_AT] = due;
    facts[FACT_PAUSED] = S_number(r->paused);
}

enum err figure_matter_load(struct store *db, int64_t id, struct figure_matter *ret)
{
    struct row r;
    TRY(S_row(db, id, &r));
    *ret = (struct figure_matter){.id = id,
                                  .pack = r.pack,
                                  .kind = r.kind,
                                  .source = r.source,
                                  .place = {.county = ID_COUNTY(id),
                                            .province = r.province,
                                            .city = r.city,
                                            .district = r.district,
                                            .street = r.street,
                                            .community = r.community,
                                            .grid = r.grid}};
    S_facts(&r, ret->facts);
    return OK;
}

/* ---- parts ---- */

int64_t month_of(int64_t ms)
{
    int year = 0, month = 0, day = 0;
    day_to_civil(day_of(ms), &year, &month, &day);
    return (int64_t)year * 100 + month;
}

/* Of a time measured, see figure_read.c for the way back. */
static int64_t S_bucket(int64_t ms)
{
    const double minute = 60000;
    return (double)ms < minute ? 0 : 1 + (int64_t)(log((double)ms / minute) / log(1.04));
}

static bool S_part(const struct pack_indicator *i, const struct rule_value *facts,
                   struct figure_part *ret)
{
    struct rule_value at = facts[i->at], amount = {.set = true, .n = 1};
    bool out = i->except && rule_holds(i->except, facts);
    if (!at.set || !rule_holds(i->when, facts))
        return false;
    if (i->weight || i->measure)
        amount = rule_eval(i->weight ? i->weight : i->measure, facts);
    /* What cannot be weighed or measured is left out, visibly. */
    out = out || !amount.set || (i->weight && amount.n <= 0);
    bool meets = i->meets ? rule_holds(i->meets, facts) : !i->measure;
    bool span = i->measure && rule_type(i->measure) == RULE_SPAN;
    *ret = (struct figure_part){.indicator = i->key,
                                .month = month_of(at.n),
                                .state = out     ? PART_LEFT_OUT
                                         : meets ? PART_MEETS
                                                 : PART_COUNTS,
                                .amount = out ? 0 : amount.n,
                                .bucket = span && !out ? S_bucket(amount.n) : -1};
    return true;
}

void figure_parts(const struct figure_matter *m, const struct pack *pack,
                  struct figure_part ret[PARTS_MAX], size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < pack->indicator_count && *n < PARTS_MAX; i++) {
        struct figure_part part;
        if (S_part(&pack->indicators[i], m->facts, &part))
            ret[(*n)++] = part;
    }
}
