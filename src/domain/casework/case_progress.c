/* The households of a matter as they are read, and how far each has come. */
#include "domain/casework/casework.h"

#include "domain/matter/matter_many.h"

#include <sodium.h>

static const char *const state_names[] = {"waiting", "doing", "done", "not_needed", NULL};
static const char *const state_words[] = {"待办 / waiting", "办理中 / under way", "已办 / done",
                                          "不需要 / not needed"};

/* ---- as sent ---- */

struct cell {
    int64_t milestone;
    struct str title, state, by_name, words;
    int64_t at;
};
static const struct field cell_fields[] = {
    F_ID(struct cell, milestone, .required = true, .doc = "The milestone."),
    F_TEXT(struct cell, title, .required = true, .doc = "What is to be reached."),
    F_TEXT(struct cell, state, .required = true, .codes = state_names, .doc = "How it stands."),
    F_TIME(struct cell, at, .doc = "Since when."),
    F_TEXT(struct cell, by_name, .doc = "Who recorded it; for colleagues."),
    F_TEXT(struct cell, words, .lines = true, .doc = "What was said with it."),
};
static const struct entity cell_entity = ENTITY(struct cell, "HouseholdCell", cell_fields);

struct line {
    int64_t seq, id, matter;
    struct str number, matter_title, label, words;
    int64_t unit, person, joined, added_at, answered_at, score;
    enum tri noted, solved;
    struct list cells;
};
static const struct field line_fields[] = {
    F_INT(struct line, seq, .required = true, .doc = "Its place in the list."),
    F_ID(struct line, id, .required = true, .doc = "The household."),
    F_ID(struct line, matter, .required = true, .doc = "The matter."),
    F_TEXT(struct line, number, .doc = "The matter's number; for the household itself."),
    F_TEXT(struct line, matter_title, .doc = "What it is about; for the household itself."),
    F_TEXT(struct line, label, .doc = "The dwelling, by name."),
    F_ID(struct line, unit, .required = true, .doc = "Where."),
    F_ID(struct line, person, .doc = "Who lives there; never shown to the handler."),
    F_ID(struct line, joined,
         .doc = "Their own report, which follows this matter; never shown to the handler."),
    F_TIME(struct line, added_at, .required = true, .doc = "When it was added."),
    F_TIME(struct line, answered_at,
           .doc = "When it last said something; never shown to the handler."),
    F_BOOL(struct line, solved, .doc = "Its word; never shown to the handler."),
    F_INT(struct line, score, .doc = "Its score; never shown to the handler."),
    F_TEXT(struct line, words, .lines = true, .doc = "Its words; never to the handler."),
    F_BOOL(struct line, noted, .doc = "There is a sealed note; for who works on it."),
    F_LIST(struct line, cells, .of = &cell_entity, .required = true,
           .doc = "Where it stands at each milestone that every household has to pass."),
};
const struct entity household_entity = ENTITY(struct line, "Household", line_fields);

static enum err S_cells(struct store *db, struct line *h, bool staff)
{
    return store_all(db,
                     "SELECT s.id AS milestone, s.title, COALESCE(g.state, 'waiting') AS state, "
                     "g.at, g.words, a.name AS by_name FROM case_milestone s "
                     "LEFT JOIN case_progress g ON g.milestone = s.id AND g.household = $2 "
                     "LEFT JOIN account a ON a.id = g.account AND $3 = 1 "
                     "WHERE s.matter = $1 AND s.each = 1 AND s.dropped_at IS NULL "
                     "ORDER BY s.seq, s.id",
                     ARGS(A_INT(h->matter), A_INT(h->id), A_INT(staff)), &cell_entity,
                     MILESTONES_OF_MATTER, &h->cells);
}

struct household_query {
    int64_t id, after, limit;
};
static const struct field query_fields[] = {
    F_ID(struct household_query, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_INT(struct household_query, after, .from = IN_QUERY, .min = 0, .max = INT32_MAX,
          .doc = "Those after this seq."),
    F_INT(struct household_query, limit, .from = IN_QUERY, .min = 1, .max = CASE_PAGE_MAX,
          .doc = "Rows a page, 100 by default."),
};
const struct entity household_query_entity =
    ENTITY(struct household_query, "HouseholdQuery", query_fields);

#define LINE                                                                                       \
    "SELECT h.seq, h.id, h.matter, h.label, h.unit, h.person, h.joined, h.added_at, "              \
    "h.answered_at, h.solved, h.score, h.words"

/* A resident sees their own line; who handles it where to go and how far each is, not who said
 * what. */
static void S_shade(struct line *h, enum sees sees)
{
    if (sees == SEES_OWN)
        h->noted = UNSET;
    if (sees != SEES_WORK)
        return;
    h->person = h->joined = h->answered_at = 0;
    h->solved = UNSET;
    h->score = NO_INT;
    h->words = NO_STR;
}

enum err households_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct household_query *q = in;
    struct page *page = ret;
    struct matter m;
    enum sees sees;
    unsigned sides = 0;
    int64_t limit = q->limit == NO_INT ? CASE_PAGE_DEFAULT : q->limit, matter = q->id, own = 0;
    TRY(matter_load(db, q->id, &m));
    TRY(work_sees(db, by, q->id, &sees));
    /* Whoever handles it is that first, whatever else they are. */
    if (matter_hat(by, &m, SIDE_HANDLER, &sides))
        sees = SEES_WORK;
    if (sees == SEES_OWN)
        TRY(household_own(db, by, &m, &matter, &own));
    TRY(store_all(db,
                  LINE ", h.key IS NOT NULL AS noted FROM matter_household h WHERE h.matter = $1 "
                       "AND h.seq > $2 AND ($3 = 0 OR h.seq = $4) ORDER BY h.seq LIMIT $5",
                  ARGS(A_INT(matter), A_INT(q->after == NO_INT ? 0 : q->after),
                       A_INT(sees == SEES_OWN), A_INT(own), A_INT(limit + 1)),
                  &household_entity, CASE_PAGE_MAX + 1, &page->items));
    TRY(case_page_cut(db, limit, sizeof(struct line), page));
    struct line *h = page->items.items;
    for (size_t i = 0; i < page->items.n; i++) {
        S_shade(&h[i], sees);
        TRY(S_cells(db, &h[i], sees != SEES_OWN));
    }
    return OK;
}

struct lines {
    struct list households;
};
static const struct field lines_fields[] = {
    F_LIST(struct lines, households, .of = &household_entity, .required = true,
           .doc = "Your own household, once for each matter it is part of.")};
const struct entity household_lines_entity = ENTITY(struct lines, "HouseholdLines", lines_fields);

/* A household need not have asked for the matter to see its own line of it. */
enum err households_mine(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct lines *lines = ret;
    bool self = false;
    (void)in;
    for (size_t i = 0; i < by->n; i++)
        self = self || (by->admitted[i] && by->hats[i].kind == HAT_SELF && !by->hats[i].matter);
    if (!self || !by->person)
        return OK;
    TRY(store_all(db,
                  LINE ", m.number, m.title AS matter_title FROM matter_household h "
                       "JOIN matter m ON m.id = h.matter WHERE h.person = $1 "
                       "AND m.merged_into IS NULL ORDER BY h.matter DESC LIMIT $2",
                  ARGS(A_INT(by->person), A_INT(CASE_PAGE_MAX)), &household_entity, CASE_PAGE_MAX,
                  &lines->households));
    struct line *h = lines->households.items;
    for (size_t i = 0; i < lines->households.n; i++)
        TRY(S_cells(db, &h[i], false));
    return OK;
}

/* ---- the note, for a reason ---- */

struct note_ask {
    int64_t id, household;
    struct str reason;
};
static const struct field ask_fields[] = {
    F_ID(struct note_ask, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_ID(struct note_ask, household, .required = true, .doc = "The household."),
    F_TEXT(struct note_ask, reason, .required = true, .min = 4, .max = 200,
           .doc = "Why; it is recorded."),
};
const struct entity household_reveal_entity =
    ENTITY(struct note_ask, "HouseholdReveal", ask_fields);

struct note_told {
    struct str note;
};
static const struct field told_fields[] = {
    F_TEXT(struct note_told, note, .class = CLASS_PERSONAL, .lines = true, .doc = "The note.")};
const struct entity household_note_entity = ENTITY(struct note_told, "HouseholdNote", told_fields);

struct sealed_row {
    struct str note, key;
};
static const struct field sealed_fields[] = {F_TEXT(struct sealed_row, note),
                                             F_TEXT(struct sealed_row, key)};
static const struct entity sealed_entity =
    ENTITY(struct sealed_row, "HouseholdSealed", sealed_fields);

enum err households_reveal(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct note_ask *ask = in;
    struct sealed_row row;
    struct work_on w;
    unsigned char key[KEY_SIZE];
    TRY(work_begin(db, by, ask->id, "/household", &w));
    enum err err =
        store_one(db, "SELECT note, key FROM matter_household WHERE matter = $1 AND id = $2",
                  ARGS(A_INT(ask->id), A_INT(ask->household)), &sealed_entity, &row);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/household", "unknown", "名单里没有这一户。",
                           "There is no such household on the list.");
    TRY(err);
    db->note->reason = ask->reason;
    if (!row.note.p)
        return OK;
    TRY(vault_unwrap(db, ID_COUNTY(ask->household), row.key, key));
    ((struct note_told *)ret)->note = unseal(key, row.note, db->arena);
    sodium_memzero(key, sizeof key);
    return ((struct note_told *)ret)->note.p ? OK : ERR_STORE;
}

/* ---- progress ---- */

enum { PROGRESS_MOST = 500 };

struct progress {
    int64_t id, milestone;
    struct list households;
    enum tri all;
    struct str state, words;
};
static const struct field progress_fields[] = {
    F_ID(struct progress, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_ID(struct progress, milestone, .required = true, .doc = "The milestone."),
    F_LIST(struct progress, households, .item = T_ID, .max = PROGRESS_MOST,
           .doc = "Which households, 500 at most."),
    F_BOOL(struct progress, all, .doc = "Instead: every household of the matter."),
    F_TEXT(struct progress, state, .required = true, .codes = state_names,
           .doc = "How they stand there."),
    F_TEXT(struct progress, words, .max = CASE_WORDS_MAX, .lines = true,
           .doc = "What is to be said with it; each of these households can read it."),
};
const struct entity progress_entity = ENTITY(struct progress, "HouseholdProgress", progress_fields);

static enum err S_known(struct store *db, const struct progress *in)
{
    const int64_t *id = in->households.items;
    if ((in->all == YES) == (in->households.n > 0))
        return store_fault(db, ERR_INVALID, "/households", "one_of",
                           "请选择若干户，或者用 all 表示全部。",
                           "Choose households, or say all of them.");
    for (size_t i = 0; i < in->households.n; i++) {
        int64_t found = 0;
        enum err err =
            store_int(db, "SELECT seq FROM matter_household WHERE id = $1 AND matter = $2",
                      ARGS(A_INT(id[i]), A_INT(in->id)), &found);
        if (err == ERR_NOT_FOUND)
            return store_fault(db, ERR_INVALID, arena_printf(db->arena, "/households/%zu", i).p,
                               "unknown", "名单里没有这一户。",
                               "There is no such household on the list.");
        TRY(err);
    }
    return OK;
}

#define KEPT                                                                                       \
    "ON CONFLICT (milestone, household) DO UPDATE SET state = excluded.state, at = excluded.at, "  \
    "account = excluded.account, words = excluded.words "                                          \
    "WHERE case_progress.state <> excluded.state "                                                 \
    "OR COALESCE(case_progress.words, '') <> COALESCE(excluded.words, '')"

static enum err S_put(struct store *db, const struct work_on *w, const struct progress *in,
                      struct str words, int64_t *changed)
{
    const int64_t *id = in->households.items;
    /* $2 is the household, and nothing where every one is meant. */
    struct arg args[] = {A_INT(in->milestone),  A_INT(0),          A_INT(ID_COUNTY(in->id)),
                         A_INT(in->id),         A_TEXT(in->state), A_INT(db->now),
                         A_INT(w->by->account), A_TEXT(words),     {.kind = ARG_END}};
    *changed = 0;
    if (in->all == YES)
        return store_exec(db,
                          "INSERT INTO case_progress (milestone, household, county, matter, state, "
                          "at, account, words) SELECT $1, h.id + $2, $3, h.matter, $5, $6, $7, $8 "
                          "FROM matter_household h WHERE h.matter = $4 " KEPT,
                          args, changed);
    for (size_t i = 0; i < in->households.n; i++) {
        int64_t one = 0;
        args[1].i = id[i];
        TRY(store_exec(db,
                       "INSERT INTO case_progress (milestone, household, county, matter, state, "
                       "at, account, words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) " KEPT,
                       args, &one));
        *changed += one;
    }
    return OK;
}

enum err progress_set(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct progress *in = data;
    struct milestone *s = ret;
    struct work_on w;
    struct str words = NO_STR;
    int64_t changed = 0;
    size_t state = 0;
    TRY(work_begin(db, by, in->id, "/milestone", &w));
    TRY(work_open(db, &w, "/milestone"));
    TRY(milestone_find(db, w.m.id, in->milestone, s));
    if (s->each != YES)
        return store_fault(db, ERR_CONFLICT, "/milestone", "each",
                           "这个里程碑不分户，请直接标记完成。",
                           "This one is not passed household by household: say it was reached.");
    TRY(S_known(db, in));
    TRY(work_clean(db, in->words, &words));
    TRY(S_put(db, &w, in, words, &changed));
    while (state_names[state + 1] && !str_eq(in->state, str_of(state_names[state])))
        state++;
    struct str text = arena_printf(db->arena, STR_F "：%s，%lld 户 / %lld", STR_A(s->title),
                                   state_words[state], (long long)changed, (long long)changed);
    if (changed)
        TRY(work_event(db, &w, ACT_PROGRESS, false, 0, text));
    TRY(milestone_find(db, w.m.id, in->milestone, s));
    return milestone_settle(db, &w, s);
}
