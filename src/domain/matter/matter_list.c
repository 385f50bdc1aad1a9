/* Work queues. Each hat asks one index range, beginning with an equality on the hat's own unit,
 * party or person; several hats' answers are merged. SQL is one literal a queue: what differs
 * between them is only the first condition and the order. */
#include "domain/matter/matter.h"

#include "domain/matter/matter_many.h"

#include <stdlib.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100, FETCH_MAX = LIMIT_MAX + 1 };

static const struct field row_fields[] = {
    F_ID(struct matter_row, id, .required = true, .doc = "Id."),
    F_TEXT(struct matter_row, number, .required = true, .doc = "Number people use."),
    F_TEXT(struct matter_row, kind, .required = true, .doc = "Kind, from the pack."),
    F_TEXT(struct matter_row, category, .doc = "Category, from the pack."),
    F_TEXT(struct matter_row, stage, .required = true, .doc = "Stage, from the pack."),
    F_TEXT(struct matter_row, awaits, .doc = "The act it waits for."),
    F_TEXT(struct matter_row, outcome, .required = true, .codes = outcome_names,
           .doc = "How it stands, apart from its stage."),
    F_BOOL(struct matter_row, open, .required = true, .doc = "Not yet in a final stage."),
    F_TEXT(struct matter_row, title, .required = true, .doc = "What is asked, in a line."),
    F_TEXT(struct matter_row, place, .doc = "Where, in words."),
    F_TEXT(struct matter_row, source, .required = true, .doc = "How it came in."),
    F_ID(struct matter_row, unit, .required = true, .doc = "Unit where it is."),
    F_ID(struct matter_row, charge, .required = true, .doc = "Unit in charge."),
    F_ID(struct matter_row, party, .doc = "Party it was sent to."),
    F_TEXT(struct matter_row, party_name, .doc = "Name of that party."),
    F_ID(struct matter_row, handler, .doc = "Account that claimed it."),
    F_TEXT(struct matter_row, tier, .required = true, .codes = tier_names,
           .doc = "Tier of the unit in charge."),
    F_TIME(struct matter_row, created_at, .required = true, .doc = "When it came in."),
    F_TIME(struct matter_row, due_at, .doc = "When the present stage is due."),
    F_TIME(struct matter_row, paused_at, .doc = "The clock stands since then."),
    F_BOOL(struct matter_row, overdue, .required = true, .doc = "Open and past due."),
    F_TIME(struct matter_row, closed_at, .doc = "When it reached a final stage."),
    F_BOOL(struct matter_row, solved, .doc = "The requester's own word."),
    F_INT(struct matter_row, score, .doc = "The requester's score, 1 to 5."),
    F_INT(struct matter_row, version, .required = true, .doc = "Grows with every change."),
    F_BOOL(struct matter_row, confidential, .required = true,
           .doc = "Its words are for its handler and its requester alone."),
    F_ID(struct matter_row, merged_into, .doc = "The lead this report follows."),
};
const struct entity matter_row_entity = ENTITY(struct matter_row, "MatterRow", row_fields);

#define COLUMNS                                                                                    \
    "SELECT m.id, m.number, m.kind, m.category, m.stage, m.awaits, m.outcome, m.open, m.title, "   \
    "m.place, m.source, m.unit, m.charge, m.party, p.name AS party_name, m.handler, "              \
    "m.tier, m.created_at, m.due_at, m.paused_at, m.closed_at, m.solved, m.score, m.version, "     \
    "m.confidential, m.merged_into FROM "
#define PARTY " LEFT JOIN party p ON p.id = m.party "
#define FILTER                                                                                     \
    "AND ($6 IS NULL OR m.kind = $6) AND ($7 IS NULL OR m.stage = $7) "                            \
    "AND ($8 IS NULL OR m.awaits = $8) "
/* $1 whose, $2 $3 after which, $4 due before, $5 how many; the filter stands in the literal only
 * when something is asked to be filtered, for it is looked at for every row. */
#define OPEN(whose, filter)                                                                        \
    COLUMNS "matter m" PARTY "WHERE m.open = 1 AND " whose                                         \
            " = $1 AND (m.due_at, m.id) > ($2, $3) AND m.due_at < $4 " filter                      \
            "ORDER BY m.due_at, m.id LIMIT $5"
#define OPEN_LAST(whose)                                                                           \
    COLUMNS "matter m" PARTY "WHERE m.open = 1 AND " whose                                         \
            " = $1 AND (m.due_at, m.id) < ($2, $3) AND m.due_at < $4 " FILTER                      \
            "ORDER BY m.due_at DESC, m.id DESC LIMIT $5"
/* In the order of enum variant. */
#define VARIANTS(whose)                                                                            \
    {                                                                                              \
        OPEN(whose, ""), OPEN(whose, FILTER), OPEN_LAST(whose)                                     \
    }
#define CLOSED(whose)                                                                              \
    COLUMNS "matter m" PARTY "WHERE m.open = 0 AND " whose                                         \
            " = $1 AND (m.closed_at, m.id) < ($2, $3) AND m.due_at < $4 " FILTER                   \
            "ORDER BY m.closed_at DESC, m.id DESC LIMIT $5"
#define LIKES(pattern)                                                                             \
    "m.title LIKE " pattern " ESCAPE '\\' OR m.text LIKE " pattern " ESCAPE '\\' "                 \
    "OR m.number LIKE " pattern " ESCAPE '\\'"
/* $9 $10 $11 terms, $12 $13 $14 patterns; CROSS JOIN keeps the terms in front. */
#define FOUND(whose)                                                                               \
    COLUMNS "matter_term t CROSS JOIN matter m ON m.id = t.matter" PARTY                           \
            "WHERE t.term = $9 AND t.matter < $3 AND $2 = $2 AND " whose                           \
            " = $1 AND m.due_at < $4 " FILTER                                                      \
            "AND EXISTS (SELECT 1 FROM matter_term x WHERE x.term = $10 AND x.matter = t.matter) " \
            "AND EXISTS (SELECT 1 FROM matter_term y WHERE y.term = $11 AND y.matter = t.matter) " \
            "AND (" LIKES("$12") ") AND ($13 IS NULL OR " LIKES(                                   \
                "$13") ") "                                                                        \
                       "AND ($14 IS NULL OR " LIKES("$14") ") ORDER BY t.matter DESC LIMIT $5"

/* What a page is sorted by, and what its cursor therefore holds. */
enum sort { BY_DUE, BY_DUE_LAST, BY_CLOSED, BY_ID };

/* Which literal of an open queue. */
enum variant { PLAIN, FILTERED, LAST };

/* One scope a queue is asked for. */
struct ask {
    const char *sql;
    int64_t whose;
};

struct asking {
    const struct matter_query *in;
    enum sort sort;
    int64_t limit, after, after_id, due_before;
    struct ask asks[HATS_MAX * 3];
    size_t n;
    enum variant variant;
    struct matter_terms terms;
};

/* The literal for a unit's level: its address is the statement's key, so one each. */
static const char *S_unit_sql(const struct asking *a, enum level level)
{
#define OF_LEVEL(column)                                                                           \
    {                                                                                              \
        OPEN(column, ""), OPEN(column, FILTER), OPEN_LAST(column), CLOSED(column), FOUND(column)   \
    }
    static const char *const sql[][5] = {OF_LEVEL("m.district"), OF_LEVEL("m.street"),
                                         OF_LEVEL("m.community"), OF_LEVEL("m.grid")};
    if (level < LEVEL_COUNTY || level > LEVEL_GRID)
        return NULL;
    int which = a->in->q.p ? LAST + 2 : a->sort == BY_CLOSED ? LAST + 1 : (int)a->variant;
    return sql[level - LEVEL_COUNTY][which];
}

static void S_ask(struct asking *a, const char *sql, int64_t whose)
{
    if (sql && whose && a->n < COUNT_OF(a->asks))
        a->asks[a->n++] = (struct ask){sql, whose};
}

struct unit_row {
    struct str level;
    int64_t province, city, district, street, community, grid;
};
static const struct field unit_fields[] = {
    F_TEXT(struct unit_row, level), F_ID(struct unit_row, province),
    F_ID(struct unit_row, city),    F_ID(struct unit_row, district),
    F_ID(struct unit_row, street),  F_ID(struct unit_row, community),
    F_ID(struct unit_row, grid)};
static const struct entity unit_entity = ENTITY(struct unit_row, "UnitRow", unit_fields);

/* The unit asked for, when some hat covers it. */
static enum err S_one_unit(struct store *db, const struct actor *by, struct asking *a)
{
    struct unit_row row;
    TRY(store_one(db,
                  "SELECT level, province, city, district, street, community, grid FROM unit "
                  "WHERE id = $1",
                  ARGS(A_INT(a->in->unit)), &unit_entity, &row));
    struct ancestors at = {row.province, row.city,      row.district,
                           row.street,   row.community, row.grid};
    for (size_t i = 0; i < by->n; i++) {
        if (by->admitted[i] && hat_covers(&by->hats[i], &at)) {
            S_ask(a, S_unit_sql(a, level_parse(row.level)), a->in->unit);
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err S_ask_units(struct store *db, const struct actor *by, struct asking *a)
{
    if (a->in->unit)
        return S_one_unit(db, by, a);
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        if (by->admitted[i] && h->kind == HAT_UNIT)
            S_ask(a, S_unit_sql(a, h->level), h->unit);
    }
    return OK;
}

static void S_ask_hats(const struct actor *by, struct asking *a, enum hat_kind kind,
                       const char *sql)
{
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        if (by->admitted[i] && h->kind == kind && !h->matter)
            S_ask(a, sql, kind == HAT_PARTY ? h->party : kind == HAT_SELF ? h->person : h->unit);
    }
}

static enum err S_asks(struct store *db, const struct actor *by, struct asking *a)
{
    static const char *const party[] = VARIANTS("m.party");
    static const char party_found[] = FOUND("m.party");
    static const char *const handler[] = VARIANTS("m.handler");
    static const char *const verify[] =
        VARIANTS("m.awaits = 'verify' AND m.confidential = 0 AND m.charge");
    static const char *const confidential[] = VARIANTS("m.confidential = 1 AND m.charge");
    static const char *const rate[] = VARIANTS("m.awaits = 'rate' AND m.requester");
    static const char requested[] =
        COLUMNS "matter m" PARTY "WHERE m.requester = $1 AND $2 = $2 AND m.id < $3 "
                "AND m.due_at < $4 " FILTER "ORDER BY m.id DESC LIMIT $5";
    static const char *const charge[] = VARIANTS("m.confidential = 0 AND m.charge");
    static const char asks[] = COLUMNS
        "(SELECT DISTINCT matter FROM matter_ask WHERE unit = $1 "
        "AND answered_at IS NULL) a CROSS JOIN matter m ON m.id = a.matter" PARTY
        "WHERE $2 = $2 AND m.id < $3 AND m.due_at < $4 " FILTER "ORDER BY m.id DESC LIMIT $5";
    static const char parts[] = COLUMNS
        "(SELECT DISTINCT matter FROM matter_part WHERE party = $1 AND state = 'open') a "
        "CROSS JOIN matter m ON m.id = a.matter" PARTY
        "WHERE $2 = $2 AND m.id < $3 AND m.due_at < $4 " FILTER "ORDER BY m.id DESC LIMIT $5";
    static const char watching[] =
        COLUMNS "matter_watch w CROSS JOIN matter m ON m.id = w.matter" PARTY
                "WHERE w.account = $1 AND $2 = $2 AND w.matter < $3 AND m.due_at < $4 " FILTER
                "ORDER BY w.matter DESC LIMIT $5";
    static const char requested_found[] = FOUND("m.requester");
    static const char affecting[] =
        COLUMNS "matter_affected f CROSS JOIN matter m ON m.id = f.matter" PARTY
                "WHERE f.person = $1 AND $2 = $2 AND f.matter < $3 AND m.due_at < $4 " FILTER
                "ORDER BY f.matter DESC LIMIT $5";
    static const char *const own[] = VARIANTS("m.requester");
    struct str queue = a->in->queue;
    bool all = !queue.p || str_eq(queue, S("all"));
    bool found = a->in->q.p != NULL;
    if (all || str_eq(queue, S("unit")) || str_eq(queue, S("closed")))
        TRY(S_ask_units(db, by, a));
    if (all || str_eq(queue, S("party")))
        S_ask_hats(by, a, HAT_PARTY, found ? party_found : party[a->variant]);
    if (all)
        S_ask_hats(by, a, HAT_SELF, found ? requested_found : own[a->variant]);
    if (str_eq(queue, S("charge")))
        S_ask_hats(by, a, HAT_UNIT, charge[a->variant]);
    if (str_eq(queue, S("asks")))
        S_ask_hats(by, a, HAT_UNIT, asks);
    if (str_eq(queue, S("parts")))
        S_ask_hats(by, a, HAT_PARTY, parts);
    if (str_eq(queue, S("mine")))
        S_ask(a, handler[a->variant], by->account);
    if (str_eq(queue, S("watching")))
        S_ask(a, watching, by->account);
    if (str_eq(queue, S("verify")))
        S_ask_hats(by, a, HAT_UNIT, verify[a->variant]);
    if (str_eq(queue, S("confidential")))
        S_ask_hats(by, a, HAT_UNIT, confidential[a->variant]);
    if (str_eq(queue, S("rate")))
        S_ask_hats(by, a, HAT_SELF, rate[a->variant]);
    if (str_eq(queue, S("requested")))
        S_ask_hats(by, a, HAT_SELF, requested);
    if (str_eq(queue, S("affected")))
        S_ask_hats(by, a, HAT_SELF, affecting);
    return OK;
}

static int64_t S_key(enum sort sort, const struct matter_row *r)
{
    switch (sort) {
    case BY_DUE: return r->due_at;
    case BY_DUE_LAST: return -r->due_at;
    case BY_CLOSED: return -r->closed_at;
    default: return -r->id;
    }
}

/* The order of a page: the key, then the id, in the direction of the sort. */
static int S_compare(const struct matter_row *a, const struct matter_row *b, enum sort sort)
{
    int64_t x = S_key(sort, a), y = S_key(sort, b);
    if (x == y) {
        x = sort == BY_DUE ? a->id : -a->id;
        y = sort == BY_DUE ? b->id : -b->id;
    }
    return (x > y) - (x < y);
}

/* Two sorted lists into one, what stands in both taken once, at most `most` of them. */
static enum err S_merge(struct arena *arena, enum sort sort, size_t most, const struct list *more,
                        struct list *into)
{
    if (!into->n || !more->n) {
        *into = into->n ? *into : *more;
        return OK;
    }
    struct matter_row *to = arena_array(arena, most, sizeof *to);
    const struct matter_row *a = into->items, *b = more->items;
    size_t i = 0, k = 0, n = 0;
    if (!to)
        return ERR_MEMORY;
    while (n < most && (i < into->n || k < more->n)) {
        int order = i == into->n ? 1 : k == more->n ? -1 : S_compare(&a[i], &b[k], sort);
        to[n++] = order <= 0 ? a[i] : b[k];
        i += order <= 0;
        k += order >= 0;
    }
    *into = (struct list){to, n};
    return OK;
}

static enum err S_fetch(struct store *db, const struct asking *a, const struct ask *ask,
                        struct list *ret)
{
    const struct arg args[] = {
        A_INT(ask->whose),
        A_INT(a->after),
        A_INT(a->after_id),
        A_INT(a->due_before),
        A_INT(a->limit + 1),
        /* Only a filtered literal has the next three, only a search the rest. */
        {.kind = a->variant == PLAIN ? ARG_END
                 : a->in->kind.p     ? ARG_TEXT
                                     : ARG_NULL,
         .s = a->in->kind},
        A_TEXT(a->in->stage),
        A_TEXT(a->in->awaits),
        {.kind = a->in->q.p ? ARG_INT : ARG_END, .i = a->terms.term[0]},
        A_INT(a->terms.term[1]),
        A_INT(a->terms.term[2]),
        A_TEXT(a->terms.like[0]),
        A_TEXT(a->terms.like[1]),
        A_TEXT(a->terms.like[2]),
        {.kind = ARG_END}};
    return store_all(db, ask->sql, args, &matter_row_entity, FETCH_MAX, ret);
}

static enum err S_cursor(struct store *db, struct str after, struct asking *a)
{
    a->after = a->sort == BY_DUE ? INT64_MIN + 1 : INT64_MAX;
    a->after_id = a->sort == BY_DUE ? 0 : INT64_MAX;
    if (!after.p)
        return OK;
    struct str rest = after, key = str_split(&rest, '.');
    if (str_int(key, &a->after) && str_int(rest, &a->after_id))
        return OK;
    return store_fault(db, ERR_INVALID, "after", "cursor", "翻页标记不对，请从第一页开始。",
                       "That is no cursor; begin at the first page.");
}

static int64_t S_due(const struct store *db, struct str due)
{
    if (str_eq(due, S("overdue")))
        return db->now;
    return str_eq(due, S("today")) ? day_start(day_of(db->now) + 1) : INT64_MAX;
}

/* What a queue is sorted by, and whether what was asked for is that: only columns that an index of
 * the queue ends with. */
static enum err S_sort(struct store *db, const struct matter_query *in, struct asking *a)
{
    static const char zh[] = "这个队列不能这样排序。", en[] = "That queue cannot be sorted so.";
    bool newest = in->q.p || str_eq(in->queue, S("requested")) ||
                  str_eq(in->queue, S("watching")) || str_eq(in->queue, S("affected")) ||
                  str_eq(in->queue, S("asks")) || str_eq(in->queue, S("parts"));
    bool closed = str_eq(in->queue, S("closed"));
    const char *allowed = newest ? "-created_at" : closed ? "-closed_at" : "due_at | -due_at";
    a->sort = newest ? BY_ID : closed ? BY_CLOSED : BY_DUE;
    if (a->sort == BY_DUE && str_eq(in->sort, S("-due_at")))
        a->sort = BY_DUE_LAST;
    bool fits = !in->sort.p || str_eq(in->sort, str_of(allowed)) ||
                (a->sort <= BY_DUE_LAST && str_has(str_of(allowed), in->sort));
    a->variant = a->sort == BY_DUE_LAST                                           ? LAST
                 : in->kind.p || in->stage.p || in->awaits.p || a->sort != BY_DUE ? FILTERED
                                                                                  : PLAIN;
    return fits ? OK
                : problem_add(db->problem, ERR_INVALID,
                              (struct fault){.field = S("sort"),
                                             .code = S("not_allowed"),
                                             .zh = str_of(zh),
                                             .en = str_of(en),
                                             .allowed = str_of(allowed)});
}

static enum err S_prepare(struct store *db, const struct matter_query *in, struct asking *a)
{
    a->in = in;
    a->limit = in->limit == NO_INT ? LIMIT_DEFAULT : in->limit;
    TRY(S_sort(db, in, a));
    bool searchable = !in->queue.p || str_eq(in->queue, S("all"));
    if (in->q.p && !searchable)
        return store_fault(db, ERR_INVALID, "q", "queue", "搜索不分队列，请去掉 queue。",
                           "Search goes over everything within reach: leave out queue.");
    if (in->q.p)
        TRY(matter_terms(db, in->q, &a->terms));
    a->due_before = S_due(db, in->due);
    return S_cursor(db, in->after, a);
}

/* What somebody once watched they may no longer be allowed to see. */
static enum err S_only_reached(struct store *db, const struct actor *by, struct list *rows)
{
    struct matter_row *row = rows->items;
    size_t kept = 0;
    for (size_t i = 0; i < rows->n; i++) {
        struct reach reach = {.by = by};
        bool reached = false;
        TRY(matter_reach(db, row[i].id, &reach));
        for (size_t h = 0; h < by->n && !reached; h++)
            reached = by->admitted[h] && hat_reaches(&by->hats[h], &reach);
        if (reached)
            row[kept++] = row[i];
    }
    rows->n = kept;
    return OK;
}

enum err matter_list(struct store *db, const struct actor *by, const struct matter_query *in,
                     struct page *ret)
{
    struct asking a = {0};
    struct list all = {0};
    TRY(S_prepare(db, in, &a));
    TRY(S_asks(db, by, &a));
    for (size_t i = 0; i < a.n; i++) {
        struct list some;
        TRY(S_fetch(db, &a, &a.asks[i], &some));
        TRY(S_merge(db->arena, a.sort, (size_t)a.limit + 1, &some, &all));
    }
    struct matter_row *row = all.items;
    if (all.n > (size_t)a.limit) {
        const struct matter_row *last = &row[a.limit - 1];
        int64_t key = a.sort <= BY_DUE_LAST ? last->due_at : last->closed_at;
        all.n = (size_t)a.limit;
        ret->next = arena_printf(db->arena, "%lld.%lld", (long long)key, (long long)last->id);
    }
    if (str_eq(in->queue, S("watching")))
        TRY(S_only_reached(db, by, &all));
    TRY(rows_shade(db, by, str_eq(in->queue, S("affected")), &all));
    for (size_t i = 0; row && i < all.n; i++) {
        row[i].overdue = row[i].open == YES && row[i].due_at < db->now ? YES : NO;
        if (row[i].due_at == NO_DUE)
            row[i].due_at = 0;
    }
    ret->items = all;
    return OK;
}
