/* The households a matter is about, and how far each has come. */
#include "domain/casework/casework.h"

#include "domain/people/people_api.h"
#include "domain/people/scope.h"

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

struct household {
    int64_t seq, id, matter;
    struct str number, matter_title, label;
    int64_t person;
    enum tri noted;
    struct list cells;
};
static const struct field household_fields[] = {
    F_INT(struct household, seq, .required = true, .doc = "Its number within the matter."),
    F_ID(struct household, id, .required = true, .doc = "The household."),
    F_ID(struct household, matter, .required = true, .doc = "The matter."),
    F_TEXT(struct household, number, .doc = "The matter's number; for the household itself."),
    F_TEXT(struct household, matter_title, .doc = "What it is about; for the household itself."),
    F_TEXT(struct household, label, .required = true, .doc = "Which one: building, door."),
    F_ID(struct household, person, .doc = "Who lives there, for the units."),
    F_BOOL(struct household, noted, .required = true, .doc = "There is a sealed note."),
    F_LIST(struct household, cells, .of = &cell_entity, .required = true,
           .doc = "Where it stands at each milestone that every household has to pass."),
};
const struct entity household_entity = ENTITY(struct household, "Household", household_fields);

static enum err S_cells(struct store *db, struct household *h, bool staff)
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

/* Who works on it sees them all; a resident their own. */
enum err households_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct household_query *q = in;
    struct page *page = ret;
    enum sees sees;
    int64_t limit = q->limit == NO_INT ? CASE_PAGE_DEFAULT : q->limit;
    TRY(work_sees(db, by, q->id, &sees));
    TRY(store_all(db,
                  "SELECT seq, id, matter, label, person, key IS NOT NULL AS noted "
                  "FROM case_household WHERE matter = $1 AND seq > $2 "
                  "AND ($3 = 1 OR person = $4) ORDER BY seq LIMIT $5",
                  ARGS(A_INT(q->id), A_INT(q->after == NO_INT ? 0 : q->after),
                       A_INT(sees != SEES_OWN), A_ID(by->person), A_INT(limit + 1)),
                  &household_entity, CASE_PAGE_MAX + 1, &page->items));
    TRY(case_page_cut(db, limit, sizeof(struct household), page));
    struct household *h = page->items.items;
    for (size_t i = 0; i < page->items.n; i++) {
        h[i].person = sees == SEES_ALL ? h[i].person : 0;
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
                  "SELECT h.seq, h.id, h.matter, m.number, m.title AS matter_title, h.label, "
                  "0 AS noted FROM case_household h JOIN matter m ON m.id = h.matter "
                  "WHERE h.person = $1 ORDER BY h.id DESC LIMIT $2",
                  ARGS(A_INT(by->person), A_INT(CASE_PAGE_MAX)), &household_entity, CASE_PAGE_MAX,
                  &lines->households));
    struct household *h = lines->households.items;
    for (size_t i = 0; i < lines->households.n; i++)
        TRY(S_cells(db, &h[i], false));
    return OK;
}

/* ---- added ---- */

static const struct field new_fields[] = {
    F_ID(struct household_new, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct household_new, label, .required = true, .min = 1, .max = HOUSEHOLD_LABEL_MAX,
           .doc = "Which one: building, door."),
    F_ID(struct household_new, person, .doc = "Who lives there: they see their own line."),
    F_TEXT(struct household_new, note, .max = HOUSEHOLD_NOTE_MAX, .lines = true,
           .class = CLASS_PERSONAL, .doc = "What must be known of them; sealed."),
};
const struct entity household_new_entity = ENTITY(struct household_new, "HouseholdNew", new_fields);

/* Its place in the matter's list; refused when it is there already. */
static enum err S_place(struct store *db, int64_t matter, struct str label, int64_t *seq)
{
    int64_t known = 0;
    TRY(store_int(db, "SELECT count(*) FROM case_household WHERE matter = $1 AND label = $2",
                  ARGS(A_INT(matter), A_TEXT(label)), &known));
    if (known)
        return store_fault(db, ERR_CONFLICT, "/label", "taken", "这一户已经在名单里。",
                           "This household is on the list already.");
    TRY(store_int(db, "SELECT COALESCE(max(seq), 0) + 1 FROM case_household WHERE matter = $1",
                  ARGS(A_INT(matter)), seq));
    if (*seq > HOUSEHOLDS_OF_MATTER)
        return store_fault(db, ERR_CONFLICT, "/label", "too_many", "一件事最多 2000 户。",
                           "A matter has 2000 households at most.");
    return OK;
}

enum err household_create(struct store *db, const struct household_new *in, int64_t *ret)
{
    unsigned char key[KEY_SIZE];
    struct str label = NO_STR, sealed = NO_STR, wrapped = NO_STR;
    int64_t seq = 0;
    TRY(work_clean(db, str_trim(in->label), &label));
    if (!label.n)
        return store_fault(db, ERR_INVALID, "/label", "required", "请写明是哪一户。",
                           "Say which household.");
    TRY(S_place(db, in->id, label, &seq));
    TRY(store_id(db, ID_COUNTY(in->id), ret));
    if (in->note.n) {
        TRY(vault_new_key(db, ID_COUNTY(in->id), key, &wrapped));
        sealed = seal(key, in->note, db->arena);
        sodium_memzero(key, sizeof key);
        if (!sealed.p)
            return ERR_MEMORY;
    }
    return store_exec(db,
                      "INSERT INTO case_household (id, county, matter, seq, label, person, note, "
                      "key, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                      ARGS(A_INT(*ret), A_INT(ID_COUNTY(*ret)), A_INT(in->id), A_INT(seq),
                           A_TEXT(label), A_ID(in->person), A_BLOB(sealed), A_BLOB(wrapped),
                           A_INT(db->now)),
                      NULL);
}

/* Only somebody who lives within the worker's own reach can be named. */
static enum err S_person(struct store *db, const struct work_on *w, int64_t person)
{
    struct reach reach = {0};
    enum err err = person ? person_reach(db, person, &reach) : OK;
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (!person || (err == OK && hat_covers(w->hat, &reach.at)))
        return OK;
    return store_fault(db, ERR_INVALID, "/person", "unknown", "没有这个人，或不在您的范围内。",
                       "There is no such person within your reach.");
}

static enum err S_one(struct store *db, int64_t id, struct household *ret)
{
    TRY(store_one(db,
                  "SELECT seq, id, matter, label, person, key IS NOT NULL AS noted "
                  "FROM case_household WHERE id = $1",
                  ARGS(A_INT(id)), &household_entity, ret));
    return S_cells(db, ret, true);
}

enum err households_add(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct household_new *new = in;
    struct work_on w;
    int64_t id = 0;
    TRY(work_begin(db, by, new->id, "/label", &w));
    TRY(work_open(db, &w, "/label"));
    TRY(S_person(db, &w, new->person));
    TRY(household_create(db, new, &id));
    TRY(milestones_settle(db, &w));
    TRY(S_one(db, id, ret));
    struct household *made = ret;
    struct str text = arena_printf(db->arena, "增加一户 / added：" STR_F, STR_A(made->label));
    made->person = w.hat->kind == HAT_UNIT ? made->person : 0;
    return work_event(db, &w, ACT_PROGRESS, false, 0, text);
}

enum err households_imported(struct store *db, int64_t matter, int64_t count)
{
    const struct actor nobody = {0};
    struct work_on w = {.by = &nobody};
    TRY(matter_load(db, matter, &w.m));
    TRY(milestones_settle(db, &w));
    return work_event(db, &w, ACT_PROGRESS, false, 0,
                      arena_printf(db->arena, "导入 %lld 户 / %lld households imported",
                                   (long long)count, (long long)count));
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
        store_one(db, "SELECT note, key FROM case_household WHERE matter = $1 AND id = $2",
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
        enum err err = store_int(db, "SELECT seq FROM case_household WHERE id = $1 AND matter = $2",
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
                          "FROM case_household h WHERE h.matter = $4 " KEPT,
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
