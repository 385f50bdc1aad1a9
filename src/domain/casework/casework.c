/* Who works on a matter and who looks at it, and what follows from its timeline. */
#include "domain/casework/casework.h"

#include <string.h>

static const struct field id_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The matter.")};
const struct entity case_id_entity = ENTITY(struct subject_in, "CaseId", id_fields);

static const struct field page_fields[] = {
    F_ID(struct case_page, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_ID(struct case_page, after, .from = IN_QUERY, .doc = "`next` of the page before."),
    F_INT(struct case_page, limit, .from = IN_QUERY, .min = 1, .max = CASE_PAGE_MAX,
          .doc = "Rows a page, 100 by default."),
};
const struct entity case_page_entity = ENTITY(struct case_page, "CasePage", page_fields);

enum err case_page_cut(struct store *db, int64_t limit, size_t size, struct page *ret)
{
    int64_t last = 0;
    if (ret->items.n <= (size_t)limit)
        return OK;
    ret->items.n = (size_t)limit;
    memcpy(&last, (const char *)ret->items.items + (size_t)(limit - 1) * size, sizeof last);
    ret->next = arena_printf(db->arena, "%lld", (long long)last);
    return ret->next.p ? OK : ERR_MEMORY;
}

/* ---- who ---- */

enum err work_begin(struct store *db, const struct actor *by, int64_t matter, const char *field,
                    struct work_on *ret)
{
    *ret = (struct work_on){.by = by};
    TRY(matter_load(db, matter, &ret->m));
    for (size_t i = 0; i < by->n && !ret->hat; i++) {
        unsigned side = by->admitted[i] ? matter_sides(by, &by->hats[i], &ret->m) : 0;
        ret->side = side & (SIDE_UNIT | SIDE_WORKER | SIDE_HANDLER);
        ret->hat = ret->side ? &by->hats[i] : NULL;
    }
    if (!ret->hat)
        return store_fault(db, ERR_FORBIDDEN, field, "side",
                           "这由事项所在单位的工作人员或现在的承办方来做。",
                           "That is for workers of the matter's place, or the party that has it.");
    /* What is written here is read by everybody at the place. */
    if (ret->m.confidential == YES)
        return store_fault(db, ERR_CONFLICT, field, "confidential",
                           "保密事项不在这里记录，请写在经过里。",
                           "Nothing is kept here of a confidential matter: use its timeline.");
    db->note->role = (int)ret->hat->role;
    return OK;
}

enum err work_open(struct store *db, const struct work_on *w, const char *field)
{
    return w->m.open == YES
               ? OK
               : store_fault(db, ERR_CONFLICT, field, "closed", "这件事已经办结，要先重新办理。",
                             "The matter is closed: open it again first.");
}

enum err work_event(struct store *db, const struct work_on *w, enum act act, bool public,
                    int64_t party, struct str text)
{
    const struct matter_act what = {
        .text = text, .to = party, .public = public ? YES : NO, .score = NO_INT};
    return matter_event_write(db, &w->m, w->by, w->hat, act, w->side, w->m.stage, &what);
}

enum err work_owner(struct store *db, const struct matter *m, int64_t party, int64_t account)
{
    int64_t found = 0;
    if (party && account)
        return store_fault(db, ERR_INVALID, "/account", "one_of",
                           "负责的要么是一个承办方，要么是一个账号。",
                           "The owner is a party or an account, not both.");
    if (!party && !account)
        return OK;
    enum err err =
        party ? store_int(db, "SELECT party FROM matter_sent WHERE matter = $1 AND party = $2",
                          ARGS(A_INT(m->id), A_INT(party)), &found)
              : store_int(db,
                          "SELECT id FROM account WHERE id = $1 AND district = $2 "
                          "AND disabled_at IS NULL",
                          ARGS(A_INT(account), A_INT(m->district)), &found);
    if (err != ERR_NOT_FOUND)
        return err;
    return party
               ? store_fault(db, ERR_INVALID, "/party", "unknown",
                             "这件事没有派给过这个承办方，请先派单。",
                             "The matter was never sent to this party: dispatch it first.")
               : store_fault(db, ERR_INVALID, "/account", "unknown", "没有这个账号，或不在本区县。",
                             "There is no such account in this county.");
}

enum err work_sees(struct store *db, const struct actor *by, int64_t matter, enum sees *ret)
{
    struct matter m;
    *ret = SEES_OWN;
    TRY(matter_load(db, matter, &m));
    for (size_t i = 0; i < by->n; i++) {
        if (!by->admitted[i])
            continue;
        if (by->hats[i].kind == HAT_UNIT)
            *ret = SEES_ALL;
        else if (*ret == SEES_OWN && (matter_sides(by, &by->hats[i], &m) & SIDE_HANDLER))
            *ret = SEES_WORK;
    }
    return OK;
}

enum err work_reached(struct store *db, const struct actor *by, int64_t matter, bool *ret)
{
    struct reach reach = {.by = by};
    *ret = false;
    TRY(matter_reach(db, matter, &reach));
    for (size_t i = 0; i < by->n && !*ret; i++)
        *ret = by->admitted[i] && hat_reaches(&by->hats[i], &reach);
    return OK;
}

enum err work_clean(struct store *db, struct str text, struct str *ret)
{
    struct str found = NO_STR;
    return text_redact(db->arena, text, ret, &found);
}

/* ---- what follows from the timeline ---- */

enum { EVENTS_MOST = 256, WEIGHT_MOST = 64 };

struct followed {
    int64_t seq, at, matter, pack;
    struct str act, kind, outcome;
    enum tri open;
};
static const struct field followed_fields[] = {
    F_INT(struct followed, seq),   F_TIME(struct followed, at),     F_ID(struct followed, matter),
    F_INT(struct followed, pack),  F_TEXT(struct followed, act),    F_TEXT(struct followed, kind),
    F_BOOL(struct followed, open), F_TEXT(struct followed, outcome)};
static const struct entity followed_entity =
    ENTITY(struct followed, "CaseFollowed", followed_fields);

static bool S_is(struct str act, enum act a)
{
    return str_eq(act, str_of(act_names[a]));
}

/* Written by nobody: the plan comes with the kind. */
static enum err S_plan(struct store *db, const struct followed *f, const struct pack *pack,
                       const struct pack_kind *kind)
{
    struct work_on w = {0};
    int64_t made = 0;
    TRY(matter_load(db, f->matter, &w.m));
    TRY(milestones_plan(db, &w.m, pack, kind, f->at, &made));
    struct str text =
        arena_printf(db->arena, "共 %lld 项 / %lld in all", (long long)made, (long long)made);
    return made ? work_event(db, &w, ACT_MILESTONE, true, 0, text) : OK;
}

bool case_dropped(struct str outcome)
{
    return str_eq(outcome, str_of(outcome_names[OUTCOME_DECLINED])) ||
           str_eq(outcome, str_of(outcome_names[OUTCOME_WITHDRAWN]));
}

static bool S_in_chain(const struct pack *pack, struct str kind)
{
    for (size_t i = 0; i < pack->chain_count; i++) {
        for (size_t k = 0; k < pack->chains[i].link_count; k++) {
            if (str_eq(pack->chains[i].links[k].kind, kind))
                return true;
        }
    }
    return false;
}

/* What was closed before it was recorded here (an import) is history, and enters no chain. */
static bool S_enters(const struct store *db, const struct followed *f)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    return S_is(f->act, ACT_ORDER) && !case_dropped(f->outcome) &&
           (f->open == YES || f->at > db->now - DAY_MS);
}

/* Households came or went: what is reached may be so no longer, or be so now. */
static enum err S_recount(struct store *db, int64_t matter, int *weight)
{
    const struct actor nobody = {0};
    struct work_on w = {.by = &nobody};
    int64_t each = 0;
    TRY(store_int(db,
                  "SELECT count(*) FROM case_milestone WHERE matter = $1 AND each = 1 "
                  "AND dropped_at IS NULL",
                  ARGS(A_INT(matter)), &each));
    if (!each)
        return OK;
    *weight += WEIGHT_MOST; /* thousands of rows are counted: one such matter a tick */
    TRY(matter_load(db, matter, &w.m));
    return milestones_settle(db, &w);
}

/* One event; *weight grows with what it cost. */
static enum err S_follow(struct store *db, const struct followed *f, int *weight)
{
    const struct pack *pack = world_pack(db->world, f->pack);
    const struct pack_kind *kind = pack ? pack_kind(pack, f->kind) : NULL;
    bool taken_on = S_is(f->act, ACT_ACCEPT) || S_is(f->act, ACT_DISPATCH);
    struct matter m;
    if (pack && S_enters(db, f) && S_in_chain(pack, f->kind)) {
        *weight += 1;
        TRY(matter_load(db, f->matter, &m));
        return chain_enter(db, &m, pack);
    }
    if (f->open == NO)
        return due_rest(db, f->matter, case_dropped(f->outcome));
    if (taken_on && kind && kind->milestone_count) {
        *weight += (int)kind->milestone_count;
        return S_plan(db, f, pack, kind);
    }
    if (S_is(f->act, ACT_REOPEN) || S_is(f->act, ACT_SPLIT)) {
        *weight += 1;
        TRY(matter_load(db, f->matter, &m));
        TRY(due_resume(db, &m));
    }
    bool moved = S_is(f->act, ACT_AFFECT) || S_is(f->act, ACT_JOIN) || S_is(f->act, ACT_SPLIT);
    return moved ? S_recount(db, f->matter, weight) : OK;
}

enum err casework_tick(struct store *db, void *unused)
{
    struct list rows;
    int64_t from = 0;
    int weight = 0;
    (void)unused;
    TRY(due_tick(db));
    TRY(matter_cursor(db, S("casework_seq"), &from));
    TRY(store_all(db,
                  "SELECT e.seq, e.at, e.act, e.matter, m.pack, m.kind, m.open, m.outcome "
                  "FROM matter_event e JOIN matter m ON m.id = e.matter "
                  "WHERE e.seq > $1 ORDER BY e.seq LIMIT $2",
                  ARGS(A_INT(from), A_INT(EVENTS_MOST)), &followed_entity, EVENTS_MOST, &rows));
    const struct followed *f = rows.items;
    size_t i = 0;
    for (; i < rows.n && weight < WEIGHT_MOST; i++)
        TRY(S_follow(db, &f[i], &weight));
    if (!i)
        return OK;
    return matter_cursor_move(db, S("casework_seq"), f[i - 1].seq);
}
