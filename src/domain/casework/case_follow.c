/* Follow-ups: somebody asks, again and again, how a long matter stands. A rule says how often; each
 * time is recorded. When the matter closes, the rule goes on to one revisit and ends with it; when
 * it is declined or withdrawn, the rule ends. */
#include "domain/casework/casework.h"

/* ---- the rule ---- */

struct follow_rule {
    int64_t id;
    enum tri on;
    struct str every;
    int64_t party, account, next_at;
    struct str party_name, account_name;
    enum tri overdue;
};
static const struct field rule_fields[] = {
    F_ID(struct follow_rule, id, .doc = "The rule in force."),
    F_BOOL(struct follow_rule, on, .required = true, .doc = "There is a rule in force."),
    F_TEXT(struct follow_rule, every, .doc = "How often."),
    F_ID(struct follow_rule, party, .doc = "The party that follows up."),
    F_TEXT(struct follow_rule, party_name, .doc = "Its name."),
    F_ID(struct follow_rule, account, .doc = "The account that follows up; for the units."),
    F_TEXT(struct follow_rule, account_name, .doc = "Its name; for colleagues."),
    F_TIME(struct follow_rule, next_at, .doc = "When the next one is due."),
    F_BOOL(struct follow_rule, overdue, .doc = "That has passed."),
};
const struct entity follow_rule_entity = ENTITY(struct follow_rule, "FollowRule", rule_fields);

struct follow_rule_new {
    int64_t id;
    struct str every;
    int64_t party, account;
    enum tri on;
};
static const struct field rule_new_fields[] = {
    F_ID(struct follow_rule_new, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct follow_rule_new, every, .required = true, .max = 20,
           .doc = "How often: 30 days, 20 work days."),
    F_ID(struct follow_rule_new, party, .doc = "The party that follows up."),
    F_ID(struct follow_rule_new, account, .doc = "The account that follows up."),
    F_BOOL(struct follow_rule_new, on, .doc = "False ends the rule; default true."),
};
const struct entity follow_rule_new_entity =
    ENTITY(struct follow_rule_new, "FollowRuleNew", rule_new_fields);

/* *ret is absent (on is NO) when there is none. */
static enum err S_rule(struct store *db, int64_t matter, struct follow_rule *ret)
{
    enum err err = store_one(
        db,
        "SELECT r.id, r.every, r.party, p.name AS party_name, r.account, a.name AS account_name, "
        "r.next_at FROM case_follow_rule r LEFT JOIN party p ON p.id = r.party "
        "LEFT JOIN account a ON a.id = r.account WHERE r.matter = $1 AND r.ended_at IS NULL",
        ARGS(A_INT(matter)), &follow_rule_entity, ret);
    if (err == ERR_NOT_FOUND) {
        *ret = (struct follow_rule){.on = NO};
        return OK;
    }
    TRY(err);
    ret->on = YES;
    ret->overdue = ret->next_at < db->now ? YES : NO;
    return OK;
}

static enum err S_every(struct store *db, struct str every, struct limit *ret)
{
    if (limit_parse(every, ret) && (ret->unit == LIMIT_DAYS || ret->unit == LIMIT_WORK_DAYS))
        return OK;
    return problem_add(
        db->problem, ERR_INVALID,
        (struct fault){.field = S("/every"),
                       .code = S("limit"),
                       .zh = S("请写多少天一次，例如 30 days 或 20 work days。"),
                       .en = S("Say every how many days, as in 30 days or 20 work days."),
                       .allowed = S("1..3650 days | 1..3650 work days")});
}

static int64_t S_next(const struct store *db, const struct matter *m, struct limit every)
{
    const struct pack *pack = world_pack(db->world, m->pack);
    const struct hours hours = pack ? pack->hours : HOURS_DEFAULT;
    return limit_end(db->world->calendar, &hours, db->now, every, NULL);
}

static enum err S_owe(struct store *db, const struct matter *m, const struct follow_rule *r)
{
    struct limit every = {0};
    TRY(S_every(db, r->every, &every));
    const struct due due = {.id = r->id,
                            .what = DUE_FOLLOW_UP,
                            .title = arena_printf(db->arena, "每 %d %s跟进 / every " STR_F, every.n,
                                                  every.unit == LIMIT_DAYS ? "天" : "个工作日",
                                                  STR_A(r->every)),
                            .due_at = r->next_at,
                            .party = r->party,
                            .account = r->account};
    return due_put(db, m, &due);
}

static enum err S_end(struct store *db, const struct follow_rule *r)
{
    TRY(store_exec(db, "UPDATE case_follow_rule SET ended_at = $2 WHERE id = $1",
                   ARGS(A_INT(r->id), A_INT(db->now)), NULL));
    return due_end(db, r->id);
}

/* A rule in force is changed in its place. */
static enum err S_set(struct store *db, const struct work_on *w, struct follow_rule *r)
{
    bool fresh = !r->id;
    if (fresh)
        TRY(store_id(db, ID_COUNTY(w->m.id), &r->id));
    TRY(store_exec(db,
                   "INSERT INTO case_follow_rule (id, county, matter, every, party, account, "
                   "next_at, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                   "ON CONFLICT (id) DO UPDATE SET every = excluded.every, party = excluded.party, "
                   "account = excluded.account, next_at = excluded.next_at",
                   ARGS(A_INT(r->id), A_INT(ID_COUNTY(r->id)), A_INT(w->m.id), A_TEXT(r->every),
                        A_ID(r->party), A_ID(r->account), A_INT(r->next_at), A_INT(db->now)),
                   NULL));
    return S_owe(db, &w->m, r);
}

enum err follow_rule_set(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct follow_rule_new *in = data;
    struct follow_rule *r = ret;
    struct work_on w;
    struct limit every = {0};
    struct str text;
    TRY(work_begin(db, by, in->id, "/every", &w));
    TRY(S_every(db, in->every, &every));
    TRY(S_rule(db, in->id, r));
    if (in->on == NO && r->on == NO)
        return OK;
    if (in->on == NO) {
        TRY(S_end(db, r));
        text = S("不再定期跟进 / no longer followed up");
    } else {
        TRY(work_open(db, &w, "/every"));
        TRY(work_owner(db, &w.m, in->party, in->account));
        r->every = in->every;
        r->party = in->party;
        r->account = in->account;
        r->next_at = S_next(db, &w.m, every);
        TRY(S_set(db, &w, r));
        text = arena_printf(db->arena, "定期跟进 / followed up every " STR_F, STR_A(in->every));
    }
    TRY(work_event(db, &w, ACT_FOLLOW_UP, false, 0, text));
    return S_rule(db, in->id, r);
}

enum err follow_rule_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    int64_t matter = ((const struct subject_in *)in)->id;
    struct follow_rule *r = ret;
    enum sees sees;
    TRY(work_sees(db, by, matter, &sees));
    TRY(S_rule(db, matter, r));
    if (sees != SEES_ALL)
        r->account = 0;
    if (sees == SEES_OWN)
        r->account_name = NO_STR;
    return OK;
}

/* ---- each time ---- */

static const char *const outcome_codes[] = {"progress", "no_change", "unreachable", "settled",
                                            NULL};

struct follow_up {
    int64_t id, at;
    struct str outcome, words, by_name;
    enum tri revisit;
};
static const struct field follow_up_fields[] = {
    F_ID(struct follow_up, id, .required = true, .doc = "The follow-up."),
    F_TIME(struct follow_up, at, .required = true, .doc = "When."),
    F_TEXT(struct follow_up, outcome, .required = true, .codes = outcome_codes,
           .doc = "What was found: it moves, it does not, nobody could be asked, it is settled."),
    F_TEXT(struct follow_up, words, .required = true, .lines = true, .doc = "In words."),
    F_TEXT(struct follow_up, by_name, .doc = "Who asked."),
    F_BOOL(struct follow_up, revisit, .required = true, .doc = "The matter was closed already."),
};
const struct entity follow_up_entity = ENTITY(struct follow_up, "FollowUp", follow_up_fields);

struct follow_up_new {
    int64_t id;
    struct str outcome, words;
};
static const struct field follow_up_new_fields[] = {
    F_ID(struct follow_up_new, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct follow_up_new, outcome, .required = true, .codes = outcome_codes,
           .doc = "What was found."),
    F_TEXT(struct follow_up_new, words, .required = true, .min = 2, .max = CASE_WORDS_MAX,
           .lines = true, .doc = "In words."),
};
const struct entity follow_up_new_entity =
    ENTITY(struct follow_up_new, "FollowUpNew", follow_up_new_fields);

#define FOLLOW_UP                                                                                  \
    "SELECT f.id, f.at, f.outcome, f.words, a.name AS by_name, f.revisit FROM case_follow_up f "   \
    "LEFT JOIN account a ON a.id = f.account WHERE "

/* After it the next is due, or after a revisit nothing more. */
static enum err S_onward(struct store *db, const struct work_on *w)
{
    struct follow_rule r;
    struct limit every = {0};
    TRY(S_rule(db, w->m.id, &r));
    if (r.on != YES)
        return OK;
    if (w->m.open == NO)
        return S_end(db, &r);
    TRY(S_every(db, r.every, &every));
    r.next_at = S_next(db, &w->m, every);
    return S_set(db, w, &r);
}

enum err follow_ups_add(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct follow_up_new *in = data;
    struct work_on w;
    struct str words = NO_STR;
    int64_t id = 0;
    TRY(work_begin(db, by, in->id, "/words", &w));
    TRY(work_clean(db, in->words, &words));
    TRY(store_id(db, ID_COUNTY(in->id), &id));
    bool revisit = w.m.open == NO;
    TRY(store_exec(db,
                   "INSERT INTO case_follow_up (id, county, matter, at, account, outcome, words, "
                   "revisit) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(in->id), A_INT(db->now),
                        A_INT(by->account), A_TEXT(in->outcome), A_TEXT(words), A_INT(revisit)),
                   NULL));
    TRY(S_onward(db, &w));
    struct str text = arena_printf(db->arena, "%s：" STR_F,
                                   revisit ? "回访 / revisit" : "跟进 / followed up", STR_A(words));
    TRY(work_event(db, &w, ACT_FOLLOW_UP, false, 0, text));
    return store_one(db, FOLLOW_UP "f.id = $1", ARGS(A_INT(id)), &follow_up_entity, ret);
}

/* For those who work on it: what is said among them is not the requester's to read. */
enum err follow_ups_list(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct case_page *in = data;
    struct page *page = ret;
    int64_t limit = in->limit == NO_INT ? CASE_PAGE_DEFAULT : in->limit;
    enum sees sees;
    TRY(work_sees(db, by, in->id, &sees));
    if (sees == SEES_OWN)
        return OK;
    TRY(store_all(db, FOLLOW_UP "f.matter = $1 AND f.id > $2 ORDER BY f.id LIMIT $3",
                  ARGS(A_INT(in->id), A_INT(in->after), A_INT(limit + 1)), &follow_up_entity,
                  CASE_PAGE_MAX + 1, &page->items));
    return case_page_cut(db, limit, sizeof(struct follow_up), page);
}
