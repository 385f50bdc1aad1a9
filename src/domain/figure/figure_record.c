/* The records behind a figure: the very parts that were added up. */
#include "domain/figure/figure.h"
#include "domain/matter/matter.h"

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100, CODE_LENGTH = 64 };

static const char *const part_codes[] = {"numerator", "denominator", "failed", "left_out", NULL};

static const struct field query_fields[] = {
    F_ID(struct record_query, unit, .from = IN_QUERY, .required = true,
         .doc = "Of which unit: one that your hat covers."),
    F_TEXT(struct record_query, indicator, .from = IN_QUERY, .required = true, .max = CODE_LENGTH,
           .form = form_code, .form_doc = "lower-case letters, digits, _ . -",
           .form_zh = "小写字母、数字、_ . -", .doc = "Which indicator."),
    F_ID(struct record_query, definition, .from = IN_QUERY,
         .doc = "Which of its definitions; default the one in force."),
    F_TEXT(struct record_query, part, .from = IN_QUERY, .codes = part_codes,
           .doc = "numerator: what meets it. failed: what counts and does not. denominator: both, "
                  "the default. left_out: what is left out."),
    F_TEXT(struct record_query, kind, .from = IN_QUERY, .max = CODE_LENGTH, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Only this kind."),
    F_TEXT(struct record_query, source, .from = IN_QUERY, .max = CODE_LENGTH, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Only this source."),
    F_TEXT(struct record_query, from, .from = IN_QUERY, .min = 7, .max = 7,
           .doc = "First month, as 2026-11; default the last."),
    F_TEXT(struct record_query, to, .from = IN_QUERY, .min = 7, .max = 7,
           .doc = "Last month; default the present one."),
    F_INT(struct record_query, limit, .from = IN_QUERY, .min = 1, .max = LIMIT_MAX,
          .doc = "Rows a page; default 20."),
    F_TEXT(struct record_query, after, .from = IN_QUERY, .max = 80, .doc = "Cursor."),
};
const struct entity record_query_entity = ENTITY(struct record_query, "RecordQuery", query_fields);

/* Where a page goes on: the parts are in order of place, state, month and matter. */
struct cursor {
    int64_t place, state, month, matter;
};
static const struct field cursor_fields[] = {
    F_ID(struct cursor, place), F_INT(struct cursor, state), F_INT(struct cursor, month),
    F_ID(struct cursor, matter)};
static const struct entity cursor_entity = ENTITY(struct cursor, "RecordCursor", cursor_fields);

static enum err S_cursor(struct store *db, struct str after, struct cursor *ret)
{
    struct str rest = after;
    *ret = (struct cursor){0};
    if (!after.p)
        return OK;
    if (str_int(str_split(&rest, '.'), &ret->place) &&
        str_int(str_split(&rest, '.'), &ret->state) &&
        str_int(str_split(&rest, '.'), &ret->month) && str_int(rest, &ret->matter))
        return OK;
    return store_fault(db, ERR_INVALID, "after", "cursor", "翻页标记不对，请从第一页开始。",
                       "That is no cursor; begin at the first page.");
}

/* $1 unit, $2 definition, $3 $4 states, $5 $6 months, $7 $8 kind and source or NULL, $9 … $12 after
 * which, $13 how many. */
#define RECORDS(level)                                                                             \
    "SELECT c.place, c.state, c.month, c.matter FROM figure_place p "                              \
    "CROSS JOIN figure_part c ON c.place = p.id JOIN matter m ON m.id = c.matter "                 \
    "WHERE p." level " = $1 AND p.id >= $9 AND c.indicator = $2 AND c.state >= $3 "                \
    "AND c.state <= $4 AND c.month >= $5 AND c.month <= $6 AND ($7 IS NULL OR m.kind = $7) "       \
    "AND ($8 IS NULL OR m.source = $8) "                                                           \
    "AND (p.id, c.state, c.month, c.matter) > ($9, $10, $11, $12) "                                \
    "ORDER BY p.id, c.state, c.month, c.matter LIMIT $13"

static const char *S_sql(struct str level)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_PROVINCE] = RECORDS("province"),   [LEVEL_CITY] = RECORDS("city"),
        [LEVEL_COUNTY] = RECORDS("district"),     [LEVEL_STREET] = RECORDS("street"),
        [LEVEL_COMMUNITY] = RECORDS("community"), [LEVEL_GRID] = RECORDS("grid"),
    };
    return sql[level_parse(level)];
}

static void S_states(struct str part, int64_t *least, int64_t *most)
{
    *least = str_eq(part, S("numerator")) ? PART_MEETS : PART_COUNTS;
    *most = str_eq(part, S("failed")) ? PART_COUNTS : PART_MEETS;
    if (str_eq(part, S("left_out")))
        *least = *most = PART_LEFT_OUT;
}

static enum err S_definition(struct store *db, const struct record_query *in,
                             const struct unit *unit, int64_t *ret)
{
    const struct ancestors at = unit_ancestors(unit);
    struct list list;
    TRY(figure_definitions(db, unit->id, &at, in->indicator, &list));
    const struct figure_definition *d = list.items;
    for (size_t i = 0; i < list.n; i++) {
        if (in->definition && in->definition != d[i].definition)
            continue;
        *ret = d[i].definition;
        return OK;
    }
    if (list.n)
        return store_fault(db, ERR_INVALID, "definition", "unknown", "这个指标没有这种定义。",
                           "The indicator has no such definition here.");
    return store_fault(db, ERR_INVALID, "indicator", "unknown", "这里没有这个指标。",
                       "There is no such indicator here.");
}

/* A matter may have moved since it was counted: whoever no longer reaches it does not see it. */
static enum err S_rows(struct store *db, const struct actor *by, const struct list *found,
                       struct page *ret)
{
    const struct cursor *c = found->items;
    struct matter_row *rows = arena_array(db->arena, found->n + 1, sizeof *rows);
    size_t n = 0;
    if (!rows)
        return ERR_MEMORY;
    for (size_t i = 0; i < found->n; i++) {
        struct reach reach = {0};
        bool reached = false;
        TRY(matter_reach(db, c[i].matter, &reach));
        for (size_t h = 0; h < by->n && !reached; h++)
            reached = by->admitted[h] && hat_reaches(&by->hats[h], &reach);
        if (!reached)
            continue;
        TRY(store_one(db,
                      "SELECT m.id, m.number, m.kind, m.category, m.stage, m.awaits, m.outcome, "
                      "m.open, m.title, m.place, m.source, m.unit, m.charge, m.party, "
                      "p.name AS party_name, m.handler, m.created_at, m.due_at, m.closed_at, "
                      "m.solved, m.score, m.version "
                      "FROM matter m LEFT JOIN party p ON p.id = m.party WHERE m.id = $1",
                      ARGS(A_INT(c[i].matter)), &matter_row_entity, &rows[n]));
        rows[n].overdue = rows[n].open == YES && rows[n].due_at < db->now ? YES : NO;
        rows[n].due_at = rows[n].due_at == NO_DUE ? 0 : rows[n].due_at;
        n++;
    }
    ret->items = (struct list){rows, n};
    return OK;
}

enum err figure_records(struct store *db, const struct actor *by, const struct record_query *in,
                        struct page *ret)
{
    struct unit unit;
    struct cursor after;
    struct list found;
    int64_t key = 0, first = 0, last = 0, least = 0, most = 0;
    int64_t limit = in->limit == NO_INT ? LIMIT_DEFAULT : in->limit;
    TRY(figure_unit(db, by, in->unit, &unit));
    TRY(figure_months(db, in->from, in->to, &first, &last));
    TRY(S_cursor(db, in->after, &after));
    TRY(S_definition(db, in, &unit, &key));
    S_states(in->part, &least, &most);
    const char *sql = S_sql(unit.level);
    *ret = (struct page){0};
    if (!sql)
        return OK;
    TRY(store_all(db, sql,
                  ARGS(A_INT(unit.id), A_INT(key), A_INT(least), A_INT(most), A_INT(first),
                       A_INT(last), A_TEXT(in->kind), A_TEXT(in->source), A_INT(after.place),
                       A_INT(after.state), A_INT(after.month), A_INT(after.matter),
                       A_INT(limit + 1)),
                  &cursor_entity, LIMIT_MAX + 1, &found));
    if (found.n > (size_t)limit) {
        found.n = (size_t)limit;
        const struct cursor *c = (const struct cursor *)found.items + found.n - 1;
        ret->next = arena_printf(db->arena, "%lld.%lld.%lld.%lld", (long long)c->place,
                                 (long long)c->state, (long long)c->month, (long long)c->matter);
    }
    return S_rows(db, by, &found, ret);
}
