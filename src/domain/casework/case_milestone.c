/* Milestones: what a long matter passes on its way, whose it is, and by when. */
#include "domain/casework/casework.h"

static const struct field milestone_fields[] = {
    F_ID(struct milestone, id, .required = true, .doc = "The milestone."),
    F_TEXT(struct milestone, code, .doc = "Its code in the pack; none when it was set by hand."),
    F_TEXT(struct milestone, title, .required = true, .doc = "What is to be reached."),
    F_TEXT(struct milestone, en, .doc = "The same in English, where the pack says it."),
    F_BOOL(struct milestone, each, .required = true, .doc = "Every household has to pass it."),
    F_INT(struct milestone, seq, .required = true, .doc = "They are shown in this order."),
    F_ID(struct milestone, party, .doc = "The party whose it is."),
    F_TEXT(struct milestone, party_name, .doc = "Its name."),
    F_ID(struct milestone, account, .doc = "The account whose it is; for the units."),
    F_TEXT(struct milestone, account_name, .doc = "Its name; for colleagues."),
    F_TIME(struct milestone, due_at, .doc = "By when."),
    F_TIME(struct milestone, done_at, .doc = "When it was reached."),
    F_BOOL(struct milestone, overdue, .required = true, .doc = "Not reached, and its day passed."),
    F_TEXT(struct milestone, words, .lines = true, .doc = "What shows that it was reached."),
    F_INT(struct milestone, households, .doc = "How many households there are."),
    F_INT(struct milestone, waiting, .doc = "Those that have not begun."),
    F_INT(struct milestone, doing, .doc = "Those under way."),
    F_INT(struct milestone, done, .doc = "Those that passed it."),
    F_INT(struct milestone, not_needed, .doc = "Those that need not."),
};
const struct entity milestone_entity = ENTITY(struct milestone, "Milestone", milestone_fields);

#define MILESTONE                                                                                  \
    "SELECT s.id, s.code, s.title, s.en, s.each, s.seq, s.party, p.name AS party_name, "           \
    "s.account, "                                                                                  \
    "a.name AS account_name, s.due_at, s.done_at, s.words, "                                       \
    "COALESCE(SUM(CASE WHEN g.state = 'doing' THEN 1 ELSE 0 END), 0) AS doing, "                   \
    "COALESCE(SUM(CASE WHEN g.state = 'done' THEN 1 ELSE 0 END), 0) AS done, "                     \
    "COALESCE(SUM(CASE WHEN g.state = 'not_needed' THEN 1 ELSE 0 END), 0) AS not_needed "          \
    "FROM case_milestone s LEFT JOIN party p ON p.id = s.party "                                   \
    "LEFT JOIN account a ON a.id = s.account "                                                     \
    "LEFT JOIN case_progress g ON g.milestone = s.id "                                             \
    "WHERE s.matter = $1 AND s.dropped_at IS NULL "
#define GROUPED "GROUP BY s.id, p.name, a.name ORDER BY s.seq, s.id LIMIT $2"

static enum tri S_overdue(const struct store *db, const struct milestone *s)
{
    return !s->done_at && s->due_at && s->due_at < db->now ? YES : NO;
}

/* Counts are told only where there is something to count. */
static void S_fill(const struct store *db, struct milestone *s, int64_t households)
{
    bool each = s->each == YES;
    s->overdue = S_overdue(db, s);
    s->households = each ? households : NO_INT;
    s->waiting = each ? households - s->doing - s->done - s->not_needed : NO_INT;
    s->doing = each ? s->doing : NO_INT;
    s->done = each ? s->done : NO_INT;
    s->not_needed = each ? s->not_needed : NO_INT;
}

static enum err S_households(struct store *db, int64_t matter, int64_t *ret)
{
    return store_int(db, "SELECT count(*) FROM case_household WHERE matter = $1",
                     ARGS(A_INT(matter)), ret);
}

enum err milestones_of(struct store *db, int64_t matter, struct list *ret)
{
    int64_t households = 0;
    TRY(S_households(db, matter, &households));
    TRY(store_all(db, MILESTONE GROUPED, ARGS(A_INT(matter), A_INT(MILESTONES_OF_MATTER)),
                  &milestone_entity, MILESTONES_OF_MATTER, ret));
    struct milestone *s = ret->items;
    for (size_t i = 0; i < ret->n; i++)
        S_fill(db, &s[i], households);
    return OK;
}

enum err milestone_find(struct store *db, int64_t matter, int64_t id, struct milestone *ret)
{
    int64_t households = 0;
    enum err err = store_one(db, MILESTONE "AND s.id = $3 " GROUPED,
                             ARGS(A_INT(matter), A_INT(1), A_INT(id)), &milestone_entity, ret);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/milestone", "unknown", "这件事没有这个里程碑。",
                           "The matter has no such milestone.");
    TRY(err);
    TRY(S_households(db, matter, &households));
    S_fill(db, ret, households);
    return OK;
}

/* The row of what is owed, as the milestone now is. */
static enum err S_owe(struct store *db, const struct matter *m, const struct milestone *s)
{
    const struct due due = {.id = s->id,
                            .what = DUE_MILESTONE,
                            .title = s->title,
                            .due_at = s->due_at,
                            .party = s->party,
                            .account = s->account};
    return s->due_at && !s->done_at && m->open == YES ? due_put(db, m, &due) : due_end(db, s->id);
}

static enum err S_insert(struct store *db, const struct matter *m, struct milestone *s)
{
    TRY(store_id(db, ID_COUNTY(m->id), &s->id));
    TRY(store_exec(db,
                   "INSERT INTO case_milestone (id, county, matter, seq, code, title, en, each, "
                   "party, account, due_at, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                   "$10, $11, $12)",
                   ARGS(A_INT(s->id), A_INT(ID_COUNTY(s->id)), A_INT(m->id), A_INT(s->seq),
                        A_TEXT(s->code), A_TEXT(s->title), A_TEXT(s->en), A_INT(s->each == YES),
                        A_ID(s->party), A_ID(s->account), A_ID(s->due_at), A_INT(db->now)),
                   NULL));
    return S_owe(db, m, s);
}

/* ---- from the pack ---- */

enum err milestones_plan(struct store *db, const struct matter *m, const struct pack *pack,
                         const struct pack_kind *kind, int64_t from, int64_t *made)
{
    *made = 0;
    for (size_t i = 0; i < kind->milestone_count; i++) {
        const struct pack_milestone *p = &kind->milestones[i];
        int64_t known = 0;
        struct milestone s = {
            .code = p->milestone,
            .title = p->name.zh,
            .each = p->each ? YES : NO,
            .seq = (int64_t)(i + 1) * 10,
            .due_at = limit_end(db->world->calendar, &pack->hours, from, p->within, NULL)};
        /* One that was dropped stays dropped. */
        enum err err =
            store_int(db, "SELECT id FROM case_milestone WHERE matter = $1 AND code = $2",
                      ARGS(A_INT(m->id), A_TEXT(s.code)), &known);
        if (err == OK)
            continue;
        if (err != ERR_NOT_FOUND)
            return err;
        TRY(S_insert(db, m, &s));
        ++*made;
    }
    return OK;
}

enum err milestones_plan_now(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct work_on w;
    int64_t made = 0;
    (void)ret;
    TRY(work_begin(db, by, ((const struct subject_in *)in)->id, "/id", &w));
    TRY(work_open(db, &w, "/id"));
    /* What the place declares today: an old matter may have begun before there were any. */
    const struct ancestors at = {.district = w.m.district,
                                 .street = w.m.street,
                                 .community = w.m.community,
                                 .grid = w.m.grid};
    const struct pack *pack = world_pack_at(db->world, &at);
    const struct pack_kind *kind = pack ? pack_kind(pack, w.m.kind) : NULL;
    if (!kind || !kind->milestone_count)
        return OK;
    TRY(milestones_plan(db, &w.m, pack, kind, db->now, &made));
    struct str text =
        arena_printf(db->arena, "共 %lld 项 / %lld in all", (long long)made, (long long)made);
    return made ? work_event(db, &w, ACT_MILESTONE, true, 0, text) : OK;
}

/* ---- set and changed by hand ---- */

struct milestone_new {
    int64_t id;
    struct str title;
    enum tri each;
    int64_t seq, party, account, due_at;
};
static const struct field new_fields[] = {
    F_ID(struct milestone_new, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct milestone_new, title, .required = true, .min = 2, .max = CASE_TITLE_MAX,
           .doc = "What is to be reached."),
    F_BOOL(struct milestone_new, each, .doc = "Every household has to pass it; default false."),
    F_INT(struct milestone_new, seq, .min = 1, .max = 100000,
          .doc = "Its place in the order; at the end by default."),
    F_ID(struct milestone_new, party, .doc = "The party whose it is."),
    F_ID(struct milestone_new, account, .doc = "The account whose it is."),
    F_TIME(struct milestone_new, due_at, .doc = "By when."),
};
const struct entity milestone_new_entity = ENTITY(struct milestone_new, "MilestoneNew", new_fields);

static enum err S_past(struct store *db, int64_t due_at)
{
    return !due_at || due_at > db->now ? OK
                                       : store_fault(db, ERR_INVALID, "/due_at", "past",
                                                     "这个时间已经过去。", "That time has passed.");
}

enum err milestones_add(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct milestone_new *in = data;
    struct work_on w;
    struct milestone s = {.each = in->each == YES ? YES : NO,
                          .seq = in->seq,
                          .party = in->party,
                          .account = in->account,
                          .due_at = in->due_at};
    int64_t count = 0;
    TRY(work_begin(db, by, in->id, "/title", &w));
    TRY(work_open(db, &w, "/title"));
    TRY(work_owner(db, &w.m, in->party, in->account));
    TRY(S_past(db, in->due_at));
    TRY(store_int(db, "SELECT count(*) FROM case_milestone WHERE matter = $1", ARGS(A_INT(w.m.id)),
                  &count));
    if (count >= MILESTONES_OF_MATTER)
        return store_fault(db, ERR_CONFLICT, "/title", "too_many", "一件事最多 60 个里程碑。",
                           "A matter has 60 milestones at most.");
    if (s.seq == NO_INT)
        TRY(store_int(db, "SELECT COALESCE(max(seq), 0) + 10 FROM case_milestone WHERE matter = $1",
                      ARGS(A_INT(w.m.id)), &s.seq));
    TRY(work_clean(db, in->title, &s.title));
    TRY(S_insert(db, &w.m, &s));
    struct str text = arena_printf(db->arena, STR_F "：新设 / set", STR_A(s.title));
    TRY(work_event(db, &w, ACT_MILESTONE, false, 0, text));
    return milestone_find(db, w.m.id, s.id, ret);
}

struct milestone_change {
    int64_t id, milestone;
    struct str title, reason;
    int64_t seq, party, account, due_at;
    enum tri drop;
};
static const struct field change_fields[] = {
    F_ID(struct milestone_change, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_ID(struct milestone_change, milestone, .required = true, .doc = "The milestone."),
    F_TEXT(struct milestone_change, reason, .required = true, .min = 2, .max = CASE_WORDS_MAX,
           .lines = true, .doc = "Why; it stays in the timeline."),
    F_TEXT(struct milestone_change, title, .min = 2, .max = CASE_TITLE_MAX,
           .doc = "What is to be reached."),
    F_INT(struct milestone_change, seq, .min = 1, .max = 100000, .doc = "Its place in the order."),
    F_ID(struct milestone_change, party, .doc = "The party whose it is from now on."),
    F_ID(struct milestone_change, account, .doc = "The account whose it is from now on."),
    F_TIME(struct milestone_change, due_at, .doc = "By when."),
    F_BOOL(struct milestone_change, drop, .doc = "It is no longer wanted."),
};
const struct entity milestone_change_entity =
    ENTITY(struct milestone_change, "MilestoneChange", change_fields);

/* What is not given stays; a new owner takes the place of the old one, of either sort. */
static enum err S_merge(struct store *db, const struct milestone_change *in, struct milestone *s)
{
    if (in->title.p) {
        TRY(work_clean(db, in->title, &s->title));
        s->en = NO_STR;
    }
    if (in->seq != NO_INT)
        s->seq = in->seq;
    if (in->due_at)
        s->due_at = in->due_at;
    if (in->party || in->account) {
        s->party = in->party;
        s->account = in->account;
    }
    return OK;
}

static enum err S_change(struct store *db, const struct work_on *w, const struct milestone *s,
                         bool drop, struct str why)
{
    struct str reason = NO_STR;
    TRY(work_clean(db, why, &reason));
    TRY(store_exec(db,
                   "UPDATE case_milestone SET title = $2, seq = $3, due_at = $4, party = $5, "
                   "account = $6, dropped_at = $7, en = $8 WHERE id = $1",
                   ARGS(A_INT(s->id), A_TEXT(s->title), A_INT(s->seq), A_ID(s->due_at),
                        A_ID(s->party), A_ID(s->account), A_ID(drop ? db->now : 0), A_TEXT(s->en)),
                   NULL));
    TRY(drop ? due_end(db, s->id) : S_owe(db, &w->m, s));
    struct str text = arena_printf(db->arena, STR_F "：%s\n" STR_F, STR_A(s->title),
                                   drop ? "取消 / dropped" : "调整 / changed", STR_A(reason));
    return work_event(db, w, ACT_MILESTONE, false, 0, text);
}

enum err milestones_change(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct milestone_change *in = data;
    struct milestone *s = ret;
    struct work_on w;
    TRY(work_begin(db, by, in->id, "/milestone", &w));
    TRY(work_open(db, &w, "/milestone"));
    TRY(milestone_find(db, w.m.id, in->milestone, s));
    TRY(work_owner(db, &w.m, in->party, in->account));
    TRY(S_past(db, in->due_at));
    TRY(S_merge(db, in, s));
    TRY(S_change(db, &w, s, in->drop == YES, in->reason));
    return in->drop == YES ? OK : milestone_find(db, w.m.id, s->id, s);
}

/* ---- reached ---- */

/* done_at 0: not reached after all. */
static enum err S_reach(struct store *db, const struct work_on *w, struct milestone *s,
                        int64_t done_at, struct str words)
{
    s->done_at = done_at;
    s->words = words;
    s->overdue = S_overdue(db, s);
    TRY(store_exec(
        db, "UPDATE case_milestone SET done_at = $2, done_by = $3, words = $4 WHERE id = $1",
        ARGS(A_INT(s->id), A_ID(done_at), A_ID(done_at ? w->by->account : 0), A_TEXT(words)),
        NULL));
    TRY(S_owe(db, &w->m, s));
    struct str text =
        arena_printf(db->arena, STR_F "：%s", STR_A(s->title),
                     done_at ? "已完成 / reached" : "还没有完成，继续办理 / not reached after all");
    return work_event(db, w, ACT_MILESTONE, true, 0, text);
}

enum err milestone_settle(struct store *db, const struct work_on *w, struct milestone *s)
{
    bool all = s->households > 0 && s->done + s->not_needed == s->households;
    if (s->each != YES || all == (s->done_at != 0))
        return OK;
    return S_reach(db, w, s, all ? db->now : 0, NO_STR);
}

enum err milestones_settle(struct store *db, const struct work_on *w)
{
    struct list rows;
    TRY(milestones_of(db, w->m.id, &rows));
    for (size_t i = 0; i < rows.n; i++)
        TRY(milestone_settle(db, w, (struct milestone *)rows.items + i));
    return OK;
}

struct milestone_done {
    int64_t id, milestone;
    struct str words;
    enum tri done;
};
static const struct field done_fields[] = {
    F_ID(struct milestone_done, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_ID(struct milestone_done, milestone, .required = true, .doc = "The milestone."),
    F_TEXT(struct milestone_done, words, .required = true, .min = 2, .max = CASE_WORDS_MAX,
           .lines = true, .doc = "What shows it; or why it is not reached after all."),
    F_BOOL(struct milestone_done, done, .doc = "Reached, or not after all; default true."),
};
const struct entity milestone_done_entity =
    ENTITY(struct milestone_done, "MilestoneDone", done_fields);

enum err milestones_done(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct milestone_done *in = data;
    struct milestone *s = ret;
    struct work_on w;
    struct str words = NO_STR;
    TRY(work_begin(db, by, in->id, "/milestone", &w));
    TRY(work_open(db, &w, "/milestone"));
    TRY(milestone_find(db, w.m.id, in->milestone, s));
    if (s->each == YES && s->households > 0)
        return store_fault(db, ERR_CONFLICT, "/milestone", "households",
                           "这个里程碑由各户的进展决定，请填各户的进展。",
                           "This one follows from its households: record their progress.");
    TRY(work_clean(db, in->words, &words));
    TRY(S_reach(db, &w, s, in->done == NO ? 0 : db->now, words));
    return milestone_find(db, w.m.id, s->id, s);
}

/* ---- the list ---- */

enum err milestones_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct page *page = ret;
    int64_t matter = ((const struct subject_in *)in)->id;
    enum sees sees;
    TRY(work_sees(db, by, matter, &sees));
    TRY(milestones_of(db, matter, &page->items));
    struct milestone *s = page->items.items;
    for (size_t i = 0; i < page->items.n; i++) {
        if (sees != SEES_ALL)
            s[i].account = 0;
        if (sees == SEES_OWN) {
            s[i].account_name = s[i].words = NO_STR;
            s[i].households = s[i].waiting = s[i].doing = s[i].done = s[i].not_needed = NO_INT;
        }
    }
    return OK;
}
