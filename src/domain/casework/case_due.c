/* What is owed about matters by a day: kept, listed, and told to the timeline when it is missed. */
#include "domain/casework/casework.h"

#include "domain/people/scope.h"
#include "domain/place/place.h"

#include <stdlib.h>

enum { DUE_LIMIT = 100, DUE_DEFAULT = 20, SOON_DAYS = 7 };

static const struct {
    const char *name, *missed;
} whats[] = {
    [DUE_MILESTONE] = {"milestone", "里程碑到期，还没有完成 / milestone not reached in time"},
    [DUE_FOLLOW_UP] = {"follow_up", "到期没有跟进 / follow-up missed"},
    [DUE_LETTER] = {"letter", "到期没有复函 / no answer in time"},
    [DUE_LINK] = {"link", "到期没有下一步 / the next step is missing"},
};

enum err due_put(struct store *db, const struct matter *m, const struct due *d)
{
    return store_exec(
        db,
        "INSERT INTO case_due (id, county, what, matter, title, due_at, party, account, district, "
        "street, community, grid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title, due_at = excluded.due_at, "
        "party = excluded.party, account = excluded.account, missed_at = "
        "CASE WHEN case_due.due_at = excluded.due_at THEN case_due.missed_at END",
        ARGS(A_INT(d->id), A_INT(ID_COUNTY(m->id)), A_TEXT(str_of(whats[d->what].name)),
             A_INT(m->id), A_TEXT(d->title), A_INT(d->due_at), A_ID(d->party), A_ID(d->account),
             A_INT(m->district), A_ID(m->street), A_ID(m->community), A_ID(m->grid)),
        NULL);
}

enum err due_end(struct store *db, int64_t id)
{
    return store_exec(db, "DELETE FROM case_due WHERE id = $1", ARGS(A_INT(id)), NULL);
}

enum err due_rest(struct store *db, int64_t matter, bool dropped)
{
    TRY(store_exec(db, "DELETE FROM case_due WHERE matter = $1 AND what = 'milestone'",
                   ARGS(A_INT(matter)), NULL));
    if (!dropped)
        return OK;
    TRY(store_exec(db, "DELETE FROM case_due WHERE matter = $1 AND what IN ('follow_up', 'link')",
                   ARGS(A_INT(matter)), NULL));
    return store_exec(db,
                      "UPDATE case_follow_rule SET ended_at = $2 "
                      "WHERE matter = $1 AND ended_at IS NULL",
                      ARGS(A_INT(matter), A_INT(db->now)), NULL);
}

enum err due_resume(struct store *db, const struct matter *m)
{
    const struct arg *args =
        ARGS(A_INT(m->id), A_INT(m->district), A_ID(m->street), A_ID(m->community), A_ID(m->grid));
    TRY(store_exec(
        db,
        "INSERT INTO case_due (id, county, what, matter, title, due_at, party, account, district, "
        "street, community, grid) SELECT s.id, s.county, 'milestone', s.matter, s.title, s.due_at, "
        "s.party, s.account, $2, $3, $4, $5 FROM case_milestone s WHERE s.matter = $1 "
        "AND s.due_at IS NOT NULL AND s.done_at IS NULL AND s.dropped_at IS NULL "
        "ON CONFLICT (id) DO NOTHING",
        args, NULL));
    return store_exec(
        db,
        "INSERT INTO case_due (id, county, what, matter, title, due_at, district, street, "
        "community, grid) SELECT c.id, c.county, 'link', c.matter, c.next_name, c.next_by, $2, $3, "
        "$4, $5 FROM case_link c WHERE c.matter = $1 AND c.next_by IS NOT NULL "
        "AND c.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM case_link n "
        "WHERE n.prev = c.matter AND n.chain = c.chain) ON CONFLICT (id) DO NOTHING",
        args, NULL);
}

/* ---- lists ---- */

struct due_query {
    struct str due;
    int64_t unit, limit;
    struct str after;
};
static const char *const due_codes[] = {"overdue", "soon", NULL};
static const struct field query_fields[] = {
    F_TEXT(struct due_query, due, .from = IN_QUERY, .codes = due_codes,
           .doc = "Overdue, or due within the next seven days; all by default."),
    F_ID(struct due_query, unit, .from = IN_QUERY, .doc = "Only this unit, if within reach."),
    F_INT(struct due_query, limit, .from = IN_QUERY, .min = 1, .max = DUE_LIMIT,
          .doc = "Rows a page; default 20."),
    F_TEXT(struct due_query, after, .from = IN_QUERY, .max = 48, .doc = "Cursor."),
};
const struct entity due_query_entity = ENTITY(struct due_query, "DueQuery", query_fields);

struct due_row {
    int64_t id, matter;
    struct str number, matter_title, title;
    int64_t due_at;
    enum tri overdue;
    int64_t party, account;
    struct str party_name, account_name;
};
static const struct field row_fields[] = {
    F_ID(struct due_row, id, .required = true, .doc = "What is owed."),
    F_ID(struct due_row, matter, .required = true, .doc = "The matter."),
    F_TEXT(struct due_row, number, .required = true, .doc = "Its number."),
    F_TEXT(struct due_row, matter_title, .required = true, .doc = "What the matter is about."),
    F_TEXT(struct due_row, title, .required = true,
           .doc = "What is owed: the milestone, the letter's subject, how often to follow up, or "
                  "the link that is to come."),
    F_TIME(struct due_row, due_at, .required = true, .doc = "By when."),
    F_BOOL(struct due_row, overdue, .required = true, .doc = "That has passed."),
    F_ID(struct due_row, party, .doc = "The party that owes it."),
    F_TEXT(struct due_row, party_name, .doc = "Its name."),
    F_ID(struct due_row, account, .doc = "The account that owes it."),
    F_TEXT(struct due_row, account_name, .doc = "Whose that is."),
};
const struct entity due_entity = ENTITY(struct due_row, "Due", row_fields);

#define DUE(whose)                                                                                 \
    "SELECT d.id, d.matter, m.number, m.title AS matter_title, d.title, d.due_at, d.party, "       \
    "p.name AS party_name, d.account, a.name AS account_name FROM case_due d "                     \
    "JOIN matter m ON m.id = d.matter LEFT JOIN party p ON p.id = d.party "                        \
    "LEFT JOIN account a ON a.id = d.account WHERE " whose                                         \
    " = $1 AND d.what = $2 AND (d.due_at, d.id) > ($3, $4) AND d.due_at >= $5 "                    \
    "AND d.due_at < $6 ORDER BY d.due_at, d.id LIMIT $7"

struct asked {
    const char *what;
    int64_t limit, after, after_id, from, before;
};

static enum err S_asked(struct store *db, const struct due_query *in, enum due_what what,
                        struct asked *ret)
{
    bool overdue = str_eq(in->due, S("overdue")), soon = str_eq(in->due, S("soon"));
    *ret = (struct asked){.what = whats[what].name,
                          .limit = in->limit == NO_INT ? DUE_DEFAULT : in->limit,
                          .from = soon ? db->now : 0,
                          .before = overdue ? db->now
                                    : soon  ? day_start(day_of(db->now) + 1 + SOON_DAYS)
                                            : INT64_MAX};
    struct str rest = in->after, key = str_split(&rest, '.');
    if (!in->after.p || (str_int(key, &ret->after) && str_int(rest, &ret->after_id)))
        return OK;
    return store_fault(db, ERR_INVALID, "after", "cursor", "翻页标记不对，请从第一页开始。",
                       "That is no cursor; begin at the first page.");
}

static const char *const of_level[LEVEL_COUNT] = {[LEVEL_COUNTY] = DUE("d.district"),
                                                  [LEVEL_STREET] = DUE("d.street"),
                                                  [LEVEL_COMMUNITY] = DUE("d.community"),
                                                  [LEVEL_GRID] = DUE("d.grid")};

/* What one hat is asked for; NULL: nothing. */
static const char *S_sql(const struct hat *h, int64_t *whose)
{
    static const char of_party[] = DUE("d.party");
    *whose = h->kind == HAT_UNIT ? h->unit : h->party;
    return h->kind == HAT_UNIT ? of_level[h->level] : h->kind == HAT_PARTY ? of_party : NULL;
}

static enum err S_fetch(struct store *db, const char *sql, int64_t whose, const struct asked *a,
                        struct due_row *rows, size_t *n)
{
    struct list some;
    TRY(store_all(db, sql,
                  ARGS(A_INT(whose), A_TEXT(str_of(a->what)), A_INT(a->after), A_INT(a->after_id),
                       A_INT(a->from), A_INT(a->before), A_INT(a->limit + 1)),
                  &due_entity, DUE_LIMIT + 1, &some));
    for (size_t i = 0; i < some.n; i++)
        rows[(*n)++] = ((const struct due_row *)some.items)[i];
    return OK;
}

static int S_order(const void *a, const void *b)
{
    const struct due_row *x = a, *y = b;
    if (x->due_at != y->due_at)
        return x->due_at < y->due_at ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Sorted, each once, those of the page; then only what a hat reaches, for a place or an owner alone
 * do not say who may see the matter. */
static enum err S_page(struct store *db, const struct actor *by, int64_t limit,
                       struct due_row *rows, size_t n, struct page *ret)
{
    size_t once = 0, kept = 0;
    qsort(rows, n, sizeof *rows, S_order);
    for (size_t i = 0; i < n; i++) {
        if (!once || rows[once - 1].id != rows[i].id)
            rows[once++] = rows[i];
    }
    if (once > (size_t)limit) {
        const struct due_row *last = &rows[limit - 1];
        once = (size_t)limit;
        ret->next =
            arena_printf(db->arena, "%lld.%lld", (long long)last->due_at, (long long)last->id);
    }
    for (size_t i = 0; i < once; i++) {
        bool reached = false;
        TRY(work_reached(db, by, rows[i].matter, &reached));
        rows[i].overdue = rows[i].due_at < db->now ? YES : NO;
        if (reached)
            rows[kept++] = rows[i];
    }
    ret->items = (struct list){rows, kept};
    return OK;
}

/* Of one unit, which some hat must cover. */
static enum err S_of_unit(struct store *db, const struct actor *by, int64_t unit,
                          const struct asked *a, struct due_row *rows, size_t *n)
{
    struct unit u;
    TRY(place_get(db, unit, &u));
    const struct ancestors at = unit_ancestors(&u);
    const char *sql = of_level[level_parse(u.level)];
    if (!scope_covers(by, &at))
        return ERR_NOT_FOUND;
    return sql ? S_fetch(db, sql, unit, a, rows, n) : OK;
}

static enum err S_of_hats(struct store *db, const struct actor *by, const struct asked *a,
                          struct due_row *rows, size_t *n)
{
    static const char of_account[] = DUE("d.account");
    for (size_t i = 0; i < by->n; i++) {
        int64_t whose = 0;
        const char *sql = by->admitted[i] ? S_sql(&by->hats[i], &whose) : NULL;
        if (sql)
            TRY(S_fetch(db, sql, whose, a, rows, n));
    }
    return by->account ? S_fetch(db, of_account, by->account, a, rows, n) : OK;
}

static enum err S_list(struct store *db, const struct actor *by, const struct due_query *in,
                       enum due_what what, struct page *ret)
{
    struct asked a;
    size_t n = 0;
    TRY(S_asked(db, in, what, &a));
    struct due_row *rows =
        arena_array(db->arena, (by->n + 1) * (size_t)(a.limit + 1), sizeof *rows);
    if (!rows)
        return ERR_MEMORY;
    TRY(in->unit ? S_of_unit(db, by, in->unit, &a, rows, &n) : S_of_hats(db, by, &a, rows, &n));
    return S_page(db, by, a.limit, rows, n, ret);
}

enum err milestones_due(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return S_list(db, by, in, DUE_MILESTONE, ret);
}

enum err follow_ups_due(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return S_list(db, by, in, DUE_FOLLOW_UP, ret);
}

enum err letters_due(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return S_list(db, by, in, DUE_LETTER, ret);
}

enum err chains_due(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return S_list(db, by, in, DUE_LINK, ret);
}

/* ---- what was missed ---- */

struct missed {
    int64_t id, matter;
    struct str what, title;
};
static const struct field missed_fields[] = {F_ID(struct missed, id), F_ID(struct missed, matter),
                                             F_TEXT(struct missed, what),
                                             F_TEXT(struct missed, title)};
static const struct entity missed_entity = ENTITY(struct missed, "CaseMissed", missed_fields);

static enum err S_missed(struct store *db, const struct missed *row)
{
    struct work_on w = {0};
    size_t what = 0;
    while (what + 1 < COUNT_OF(whats) && !str_eq(row->what, str_of(whats[what].name)))
        what++;
    TRY(matter_load(db, row->matter, &w.m));
    struct str text = arena_printf(db->arena, STR_F "：%s", STR_A(row->title), whats[what].missed);
    TRY(work_event(db, &w, ACT_MISSED, what == DUE_MILESTONE, 0, text));
    return store_exec(db, "UPDATE case_due SET missed_at = $2 WHERE id = $1",
                      ARGS(A_INT(row->id), A_INT(db->now)), NULL);
}

enum err due_tick(struct store *db)
{
    enum { MISSED_MOST = 16 };
    struct list rows;
    TRY(store_all(db,
                  "SELECT id, matter, what, title FROM case_due "
                  "WHERE missed_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2",
                  ARGS(A_INT(db->now), A_INT(MISSED_MOST)), &missed_entity, MISSED_MOST, &rows));
    const struct missed *row = rows.items;
    for (size_t i = 0; i < rows.n; i++)
        TRY(S_missed(db, &row[i]));
    return OK;
}
