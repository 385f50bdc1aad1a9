/* Reading figures: a few sums by equality on unit, definition, kind and source and a range of
 * months, never a matter. */
#include "domain/figure/figure.h"
#include "domain/people/scope.h"
#include "domain/place/place.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROWS_MAX = 5000,
    SPREAD_MAX = 200000,
    BUCKETS = 700,
    MONTHS_MAX = 240,
    DEFINITIONS_MAX = 500
};

/* ---- words ---- */

static const struct field quantile_fields[] = {
    F_INT(struct figure_quantile, percent, .required = true, .doc = "Per cent."),
    F_INT(struct figure_quantile, ms, .required = true,
          .doc = "So many took no longer than this, ms; right to 2 %."),
};
static const struct entity quantile_entity =
    ENTITY(struct figure_quantile, "FigureQuantile", quantile_fields);

static const char *const type_codes[] = {"count", "share", "mean", "time", NULL};

static const struct field definition_fields[] = {
    F_ID(struct figure_definition, definition, .required = true,
         .doc = "What exactly is counted: another definition is another id."),
    F_TEXT(struct figure_definition, indicator, .required = true, .doc = "Code, from the pack."),
    F_TEXT(struct figure_definition, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct figure_definition, en, .required = true, .doc = "English name."),
    F_TEXT(struct figure_definition, doc_zh, .required = true, .doc = "What it is, in Chinese."),
    F_TEXT(struct figure_definition, doc_en, .required = true, .doc = "What it is, in English."),
    F_TEXT(struct figure_definition, type, .required = true, .codes = type_codes,
           .doc = "count: matters. share: numerator of denominator. mean: of a number. time: mean "
                  "and quantiles, ms."),
    F_TEXT(struct figure_definition, at, .required = true,
           .doc = "The time that puts a matter into a month."),
    F_TEXT(struct figure_definition, when, .required = true, .doc = "Rule: what counts at all."),
    F_TEXT(struct figure_definition, except, .doc = "Rule: what of it is left out."),
    F_TEXT(struct figure_definition, meets, .doc = "Rule: what is in the numerator."),
    F_TEXT(struct figure_definition, weight, .doc = "Rule: how much each counts."),
    F_TEXT(struct figure_definition, measure, .doc = "Rule: what is measured."),
    F_BOOL(struct figure_definition, current, .required = true,
           .doc = "Of the pack in force at the unit; else of an older one, or of units below."),
};
const struct entity figure_definition_entity =
    ENTITY(struct figure_definition, "Indicator", definition_fields);

static const struct field row_fields[] = {
    F_TEXT(struct figure_row, indicator, .required = true, .doc = "Code, from the pack."),
    F_ID(struct figure_row, definition, .required = true, .doc = "Of which definition."),
    F_ID(struct figure_row, unit, .required = true, .doc = "Of which unit."),
    F_TEXT(struct figure_row, unit_name, .doc = "By unit: its name."),
    F_TEXT(struct figure_row, month, .doc = "By month: which, as 2026-11."),
    F_TEXT(struct figure_row, kind, .doc = "By kind: which."),
    F_TEXT(struct figure_row, source, .doc = "By source: which."),
    F_INT(struct figure_row, numerator, .required = true,
          .doc =
              "Of those that count, how many (or how much weight) meet it; mean and time: the sum "
              "of what was measured."),
    F_INT(struct figure_row, denominator, .required = true,
          .doc = "How many count, or their weight."),
    F_INT(struct figure_row, left_out, .required = true, .doc = "Matters that are left out."),
    F_REAL(struct figure_row, value,
           .doc = "Numerator by denominator; of a count, the count. Absent when nothing counts."),
    F_LIST(struct figure_row, quantiles, .of = &quantile_entity, .doc = "Of a time."),
};
static const struct entity row_entity = ENTITY(struct figure_row, "Figure", row_fields);

static const struct field figures_fields[] = {
    F_ID(struct figures, unit, .required = true, .doc = "The unit asked for."),
    F_TEXT(struct figures, unit_name, .required = true, .doc = "Its name."),
    F_TEXT(struct figures, from, .required = true, .doc = "First month."),
    F_TEXT(struct figures, to, .required = true, .doc = "Last month."),
    F_INT(struct figures, seq, .required = true, .doc = "The last event that is counted in."),
    F_TIME(struct figures, as_of, .doc = "When that event was."),
    F_INT(struct figures, waiting, .required = true, .doc = "Events not yet counted in."),
    F_LIST(struct figures, definitions, .of = &figure_definition_entity, .required = true,
           .doc = "What the figures mean."),
    F_LIST(struct figures, rows, .of = &row_entity, .required = true, .doc = "The figures."),
};
const struct entity figures_entity = ENTITY(struct figures, "Figures", figures_fields);

/* ---- months ---- */

int64_t month_parse(struct str s)
{
    int64_t year = 0, month = 0;
    if (s.n != 7 || s.p[4] != '-' || !str_int((struct str){s.p, 4}, &year) ||
        !str_int((struct str){s.p + 5, 2}, &month) || year < 1900 || month < 1 || month > 12)
        return 0;
    return year * 100 + month;
}

static struct str S_month_text(struct arena *a, int64_t month)
{
    return arena_printf(a, "%04lld-%02lld", (long long)(month / 100), (long long)(month % 100));
}

/* Months as the request has them, both the present one unless given. */
enum err figure_months(struct store *db, struct str from, struct str to, int64_t *first,
                       int64_t *last)
{
    static const char zh[] = "月份写成 2026-11 这样。", en[] = "A month is written 2026-11.";
    *last = to.p ? month_parse(to) : month_of(db->now);
    *first = from.p ? month_parse(from) : *last;
    if (!*last)
        return store_fault(db, ERR_INVALID, "to", "month", zh, en);
    if (!*first)
        return store_fault(db, ERR_INVALID, "from", "month", zh, en);
    int64_t span = (*last / 100 - *first / 100) * 12 + *last % 100 - *first % 100;
    if (span < 0)
        return store_fault(db, ERR_INVALID, "from", "order", "起始月份要在截止月份之前。",
                           "The first month comes before the last.");
    if (span >= MONTHS_MAX)
        return store_fault(db, ERR_INVALID, "from", "range", "一次最多看 240 个月。",
                           "At most 240 months at a time.");
    return OK;
}

/* ---- definitions ---- */

static struct str S_rule(const struct rule *r)
{
    return r ? rule_text(r) : NO_STR;
}

static void S_define(const struct pack_indicator *i, bool current, struct figure_definition *ret)
{
    bool span = i->measure && rule_type(i->measure) == RULE_SPAN;
    *ret = (struct figure_definition){.definition = i->key,
                                      .indicator = i->indicator,
                                      .zh = i->name.zh,
                                      .en = i->name.en,
                                      .doc_zh = i->doc.zh,
                                      .doc_en = i->doc.en,
                                      .type = i->meets      ? S("share")
                                              : !i->measure ? S("count")
                                              : span        ? S("time")
                                                            : S("mean"),
                                      .at = str_of(indicator_facts[i->at].name),
                                      .when = S_rule(i->when),
                                      .except = S_rule(i->except),
                                      .meets = S_rule(i->meets),
                                      .weight = S_rule(i->weight),
                                      .measure = S_rule(i->measure),
                                      .current = current ? YES : NO};
}

static bool S_listed(const struct figure_definition *list, size_t n, int64_t key)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].definition == key)
            return true;
    }
    return false;
}

static enum err S_counted_there(struct store *db, int64_t unit, int64_t key, bool *ret)
{
    int64_t one = 0;
    enum err err = store_int(db, "SELECT 1 FROM figure WHERE unit = $1 AND indicator = $2 LIMIT 1",
                             ARGS(A_INT(unit), A_INT(key)), &one);
    *ret = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err figure_definitions(struct store *db, int64_t unit, const struct ancestors *at,
                            struct str code, struct list *ret)
{
    const struct world *w = db->world;
    const struct pack *here = world_pack_at(w, at);
    struct figure_definition *list = arena_array(db->arena, DEFINITIONS_MAX, sizeof *list);
    size_t n = 0;
    if (!list)
        return ERR_MEMORY;
    /* The pack in force first, then the newest of the others. */
    for (size_t i = 0; i <= w->pack_count; i++) {
        const struct pack *p = i ? w->packs[w->pack_count - i] : here;
        for (size_t k = 0; p && k < p->indicator_count && n < DEFINITIONS_MAX; k++) {
            const struct pack_indicator *one = &p->indicators[k];
            bool shown = p == here;
            if ((code.p && !str_eq(code, one->indicator)) || S_listed(list, n, one->key))
                continue;
            if (!shown)
                TRY(S_counted_there(db, unit, one->key, &shown));
            if (shown)
                S_define(one, p == here, &list[n++]);
        }
    }
    *ret = (struct list){list, n};
    return OK;
}

static const struct pack_indicator *S_indicator(const struct world *w, int64_t key)
{
    for (size_t i = 0; i < w->pack_count; i++) {
        for (size_t k = 0; k < w->packs[i]->indicator_count; k++) {
            if (w->packs[i]->indicators[k].key == key)
                return &w->packs[i]->indicators[k];
        }
    }
    return NULL;
}

/* ---- sums ---- */

/* What is asked, as the sums know it. The rows that hold all together have kind and source ''. For
 * the others a kind is one or, when NO_STR, any; a source is a range of one or of all (codes lie
 * between ! and ~). One kind is an equality that the months follow in the index: the common
 * questions read their own rows and no others. */
struct asking {
    const struct figure_query *in;
    int64_t unit, first, last;
    struct str kind, source[2];
};

struct sum {
    int64_t unit, month, n, skipped, total, met;
    struct str unit_name, kind, source;
};
static const struct field sum_fields[] = {
    F_ID(struct sum, unit),   F_INT(struct sum, month),      F_INT(struct sum, n),
    F_INT(struct sum, total), F_INT(struct sum, skipped),    F_INT(struct sum, met),
    F_TEXT(struct sum, kind), F_TEXT(struct sum, unit_name), F_TEXT(struct sum, source)};
static const struct entity sum_entity = ENTITY(struct sum, "FigureSum", sum_fields);

#define SUM(columns, from, kind, group)                                                            \
    "SELECT " columns "sum(f.n) AS n, sum(f.skipped) AS skipped, sum(f.total) AS total, "          \
    "sum(f.met) AS met FROM " from "f.indicator = $2 AND " kind " AND f.source >= $4 "             \
    "AND f.source <= $5 AND f.month >= $6 AND f.month <= $7 " group
#define OF_UNIT  "figure f WHERE f.unit = $1 AND "
#define OF_UNITS "unit u CROSS JOIN figure f ON f.unit = u.id WHERE u.parent = $1 AND "
#define ONE_KIND "f.kind = $3"
#define ANY_KIND "f.kind > COALESCE($3, '')"

enum by { BY_NOTHING, BY_MONTH, BY_UNIT, BY_KIND, BY_SOURCE };
static const char *const by_codes[] = {"month", "unit", "kind", "source", NULL};

static enum by S_by(struct str by)
{
    int at = 0;
    while (by.p && by_codes[at] && !str_eq(by, str_of(by_codes[at])))
        at++;
    return by.p ? (enum by)(at + 1) : BY_NOTHING;
}

/* In the order of enum by. */
#define SUMS(kind)                                                                                 \
    {                                                                                              \
        SUM("", OF_UNIT, kind, ""),                                                                \
            SUM("f.month, ", OF_UNIT, kind, "GROUP BY f.month ORDER BY f.month"),                  \
            SUM("u.id AS unit, u.name AS unit_name, ", OF_UNITS, kind,                             \
                "GROUP BY u.id, u.name ORDER BY u.id"),                                            \
            SUM("f.kind, ", OF_UNIT, kind, "GROUP BY f.kind ORDER BY f.kind"),                     \
            SUM("f.source, ", OF_UNIT, kind, "GROUP BY f.source ORDER BY f.source")                \
    }

static enum err S_sums(struct store *db, const struct asking *a, int64_t key, struct list *ret)
{
    static const char *const one[] = SUMS(ONE_KIND), *const any[] = SUMS(ANY_KIND);
    enum by by = S_by(a->in->by);
    return store_all(db, a->kind.p ? one[by] : any[by],
                     ARGS(A_INT(a->unit), A_INT(key), A_TEXT(a->kind), A_TEXT(a->source[0]),
                          A_TEXT(a->source[1]), A_INT(a->first), A_INT(a->last)),
                     &sum_entity, ROWS_MAX, ret);
}

/* ---- quantiles ---- */

struct bucket {
    int64_t bucket, n;
};
static const struct field bucket_fields[] = {F_INT(struct bucket, bucket), F_INT(struct bucket, n)};
static const struct entity bucket_entity = ENTITY(struct bucket, "FigureBucket", bucket_fields);

/* The middle of a bucket, as a ratio; below a minute half of one. */
static int64_t S_bucket_ms(int64_t bucket)
{
    const double minute = 60000;
    return (int64_t)(bucket ? minute * pow(1.04, (double)bucket - 0.5) : minute / 2);
}

static enum err S_buckets(struct store *db, const struct asking *a, int64_t key, struct list *ret)
{
    /* Of one kind the rows are few, and adding them up here is quicker than grouping them there. */
    static const char one[] =
        "SELECT bucket, n FROM figure_spread f WHERE f.unit = $1 AND f.indicator = $2 "
        "AND " ONE_KIND " AND f.source >= $4 AND f.source <= $5 AND f.month >= $6 "
        "AND f.month <= $7";
    static const char any[] =
        "SELECT bucket, sum(n) AS n FROM figure_spread f WHERE f.unit = $1 AND f.indicator = $2 "
        "AND " ANY_KIND " AND f.source >= $4 AND f.source <= $5 AND f.month >= $6 "
        "AND f.month <= $7 GROUP BY bucket";
    return store_all(db, a->kind.p ? one : any,
                     ARGS(A_INT(a->unit), A_INT(key), A_TEXT(a->kind), A_TEXT(a->source[0]),
                          A_TEXT(a->source[1]), A_INT(a->first), A_INT(a->last)),
                     &bucket_entity, SPREAD_MAX, ret);
}

static enum err S_spread(struct store *db, const struct asking *a, const struct pack_indicator *i,
                         struct figure_row *row)
{
    struct list rows;
    struct figure_quantile *q = arena_array(db->arena, i->quantile_count, sizeof *q);
    int64_t n[BUCKETS] = {0}, all = 0, below = 0;
    size_t k = 0;
    if (!q)
        return ERR_MEMORY;
    TRY(S_buckets(db, a, i->key, &rows));
    const struct bucket *b = rows.items;
    for (size_t at = 0; at < rows.n; at++) {
        n[b[at].bucket < BUCKETS ? b[at].bucket : BUCKETS - 1] += b[at].n;
        all += b[at].n;
    }
    /* The smallest time that so many of a hundred do not exceed. */
    for (int64_t at = 0; all && at < BUCKETS; at++) {
        below += n[at];
        for (; k < i->quantile_count && below * 100 >= all * i->quantiles[k]; k++)
            q[k] = (struct figure_quantile){i->quantiles[k], S_bucket_ms(at)};
    }
    row->quantiles = (struct list){q, k};
    return OK;
}

/* ---- rows ---- */

static int64_t S_none(int64_t n)
{
    return n == NO_INT ? 0 : n;
}

/* The same question, of one row's unit, month, kind or source only. */
static struct asking S_narrow(const struct asking *a, const struct sum *s)
{
    struct asking one = *a;
    if (s->unit)
        one.unit = s->unit;
    if (s->month != NO_INT)
        one.first = one.last = s->month;
    if (s->kind.p)
        one.kind = s->kind;
    if (s->source.p)
        one.source[0] = one.source[1] = s->source;
    return one;
}

static enum err S_row(struct store *db, const struct asking *a, const struct pack_indicator *i,
                      const struct sum *s, struct figure_row *ret)
{
    int64_t n = S_none(s->n), total = S_none(s->total), met = S_none(s->met);
    const struct asking one = S_narrow(a, s);
    *ret = (struct figure_row){.indicator = i->indicator,
                               .definition = i->key,
                               .unit = one.unit,
                               .unit_name = s->unit_name,
                               .month =
                                   s->month == NO_INT ? NO_STR : S_month_text(db->arena, s->month),
                               .kind = s->kind,
                               .source = s->source,
                               .numerator = i->measure ? total : met,
                               .denominator = i->measure ? n : total,
                               .left_out = S_none(s->skipped)};
    bool count = !i->measure && !i->meets;
    ret->value = count              ? (double)total
                 : ret->denominator ? (double)ret->numerator / (double)ret->denominator
                                    : NAN;
    return i->quantile_count && n > 0 ? S_spread(db, &one, i, ret) : OK;
}

static enum err S_rows(struct store *db, const struct asking *a, struct figures *ret)
{
    const struct figure_definition *d = ret->definitions.items;
    struct list sums[DEFINITIONS_MAX] = {0};
    size_t n = 0, at = 0;
    for (size_t i = 0; i < ret->definitions.n; i++) {
        TRY(S_sums(db, a, d[i].definition, &sums[i]));
        n += sums[i].n;
    }
    if (n > ROWS_MAX)
        return store_fault(db, ERR_TOO_LARGE, "indicator", "too_many",
                           "数据太多，请写明要看哪个指标。",
                           "That is too much: name the indicator.");
    struct figure_row *rows = arena_array(db->arena, n + 1, sizeof *rows);
    if (!rows)
        return ERR_MEMORY;
    for (size_t i = 0; i < ret->definitions.n; i++) {
        const struct pack_indicator *indicator = S_indicator(db->world, d[i].definition);
        const struct sum *sum = sums[i].items;
        for (size_t k = 0; indicator && k < sums[i].n; k++)
            TRY(S_row(db, a, indicator, &sum[k], &rows[at++]));
    }
    ret->rows = (struct list){rows, at};
    return OK;
}

/* ---- the question ---- */

enum err figure_unit(struct store *db, const struct actor *by, int64_t id, struct unit *ret)
{
    TRY(place_get(db, id, ret));
    const struct ancestors at = unit_ancestors(ret);
    return !by || scope_covers(by, &at) ? OK : ERR_NOT_FOUND;
}

enum err figures_list(struct store *db, const struct actor *by, const struct figure_query *in,
                      struct figures *ret)
{
    struct asking a = {.in = in, .unit = in->unit};
    struct unit unit;
    struct figures_at where;
    TRY(figure_unit(db, by, in->unit, &unit));
    const struct ancestors at = unit_ancestors(&unit);
    TRY(figure_months(db, in->from, in->to, &a.first, &a.last));
    enum by group = S_by(in->by);
    bool together = !in->kind.p && !in->source.p && group != BY_KIND && group != BY_SOURCE;
    a.kind = together ? S("") : in->kind;
    a.source[0] = in->source.p ? in->source : together ? S("") : S("!");
    a.source[1] = in->source.p ? in->source : together ? S("") : S("~");
    TRY(figures_where(db, &where));
    *ret = (struct figures){.unit = unit.id,
                            .unit_name = unit.name,
                            .from = S_month_text(db->arena, a.first),
                            .to = S_month_text(db->arena, a.last),
                            .seq = where.seq,
                            .as_of = where.at,
                            .waiting = where.waiting};
    TRY(figure_definitions(db, unit.id, &at, in->indicator, &ret->definitions));
    if (in->indicator.p && !ret->definitions.n)
        return store_fault(db, ERR_INVALID, "indicator", "unknown", "这里没有这个指标。",
                           "There is no such indicator here.");
    return S_rows(db, &a, ret);
}

static const struct field query_fields[] = {
    F_ID(struct figure_query, unit, .from = IN_QUERY, .required = true,
         .doc = "Of which unit: one that your hat covers."),
    F_TEXT(struct figure_query, indicator, .from = IN_QUERY, .max = 64, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Only this one."),
    F_TEXT(struct figure_query, kind, .from = IN_QUERY, .max = 64, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Only this kind."),
    F_TEXT(struct figure_query, source, .from = IN_QUERY, .max = 64, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Only this source."),
    F_TEXT(struct figure_query, from, .from = IN_QUERY, .min = 7, .max = 7,
           .doc = "First month, as 2026-11; default the last."),
    F_TEXT(struct figure_query, to, .from = IN_QUERY, .min = 7, .max = 7,
           .doc = "Last month; default the present one."),
    F_TEXT(struct figure_query, by, .from = IN_QUERY, .codes = by_codes,
           .doc = "A row for each month, unit below, kind or source; default one in all."),
};
const struct entity figure_query_entity = ENTITY(struct figure_query, "FigureQuery", query_fields);
