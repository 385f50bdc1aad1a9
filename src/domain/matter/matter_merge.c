/* Reports that follow a lead. A merged report leaves the queues without having ended: its outcome
 * says "merged", it has no time of closing, and its stage stays what it was, so that a split puts
 * it back. Chains are never longer than one: what followed a report that is merged follows its
 * lead. */
#include "domain/matter/matter_many.h"

enum { REASON_MAX = 200, TEXT_MAX = 2000, PLACE_MAX = 120 };

enum err merged_refuse(struct store *db, const struct matter *m)
{
    if (!m->merged_into)
        return OK;
    return store_fault(db, ERR_CONFLICT, "/act", "merged", "这件事已并入另一件一起办理。",
                       "This report has been joined to another matter and follows it.");
}

enum err merged_since(struct store *db, int64_t id, int64_t *ret)
{
    return store_int(db, "SELECT max(seq) FROM matter_event WHERE matter = $1 AND act = 'merge'",
                     ARGS(A_INT(id)), ret);
}

/* ---- merge ---- */

struct merge {
    int64_t id, into;
    struct str text;
};
static const struct field merge_fields[] = {
    F_ID(struct merge, id, .from = IN_PATH, .required = true, .doc = "The report."),
    F_ID(struct merge, into, .required = true, .doc = "The matter it is to follow: its lead."),
    F_TEXT(struct merge, text, .max = REASON_MAX, .lines = true,
           .doc = "What its requester is told."),
};
const struct entity merge_entity = ENTITY(struct merge, "MatterMerge", merge_fields);

static enum err S_report_fits(struct store *db, const struct matter *m)
{
    TRY(merged_refuse(db, m));
    if (m->confidential == YES || m->open != YES)
        return store_fault(db, ERR_CONFLICT, "", "stage", "已结束或保密的事项不能合并。",
                           "What is closed or confidential is not merged.");
    /* They move in one command: the writer must not be held up by a whole quarter. */
    if (m->affected > HOUSEHOLDS_A_CALL)
        return store_fault(db, ERR_CONFLICT, "/into", "too_many",
                           "这件事登记的住户太多，请把另一件并入这一件。",
                           "It has too many households to move: let the other follow this one.");
    return m->parts_open || m->asks_open
               ? store_fault(db, ERR_CONFLICT, "", "pending",
                             "还有协办任务或督办没有了结，请先了结再合并。",
                             "Parts or questions of it are still open: settle them first.")
               : OK;
}

/* The lead must be one the same reader manages, open, and no follower itself. */
static enum err S_lead_fits(struct store *db, const struct actor *by, const struct matter *m,
                            int64_t into, struct matter *lead)
{
    unsigned sides = 0;
    enum err err = matter_load(db, into, lead);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_NOT_FOUND || lead->confidential == YES || lead->district != m->district ||
        !matter_hat(by, lead, SIDE_UNIT, &sides))
        return store_fault(db, ERR_INVALID, "/into", "unknown", "没有这件事，或不归您管。",
                           "There is no such matter that you manage.");
    if (lead->id == m->id)
        return store_fault(db, ERR_INVALID, "/into", "same", "不能并入自己。",
                           "A matter cannot follow itself.");
    if (lead->merged_into)
        return problem_add(db->problem, ERR_CONFLICT,
                           (struct fault){.field = S("/into"),
                                          .code = S("merged"),
                                          .zh = S("那件事已并入另一件，请并入后者。"),
                                          .en = S("That one follows another: choose its lead."),
                                          .allowed = arena_printf(db->arena, "%lld",
                                                                  (long long)lead->merged_into)});
    if (lead->open != YES)
        return store_fault(db, ERR_CONFLICT, "/into", "stage", "那件事已经结束。",
                           "That one is closed.");
    return OK;
}

/* What follows the report follows the lead from now on, and is told so. */
static enum err S_repoint(struct store *db, const struct matter *m, const struct matter *lead)
{
    TRY(store_exec(db,
                   "INSERT INTO matter_event (county, matter, at, act, side, from_stage, to_stage, "
                   "public) SELECT county, id, $2, 'merge', 'unit', stage, stage, 1 FROM matter "
                   "WHERE merged_into = $1 ORDER BY id",
                   ARGS(A_INT(m->id), A_INT(db->now)), NULL));
    return store_exec(db, "UPDATE matter SET merged_into = $2 WHERE merged_into = $1",
                      ARGS(A_INT(m->id), A_INT(lead->id)), NULL);
}

static enum err S_last(struct store *db, int64_t matter, int64_t *seq)
{
    return store_int(db, "SELECT COALESCE(max(seq), 0) FROM matter_household WHERE matter = $1",
                     ARGS(A_INT(matter)), seq);
}

/* Its households become the lead's, with all that is kept of them. Whom the lead lists already
 * stays behind, and is there again when the report is split off. */
static enum err S_bring(struct store *db, const struct matter *m, const struct matter *lead)
{
    struct household h = {
        .person = m->requester, .joined = m->id, .unit = m->unit, .label = m->place};
    bool added = false;
    int64_t last = 0;
    TRY(S_last(db, lead->id, &last));
    TRY(store_exec(db,
                   "UPDATE matter_household SET matter = $2, seq = seq + $3, "
                   "via = CASE WHEN joined IS NULL THEN COALESCE(via, $1) ELSE via END, "
                   "person = CASE WHEN person IN (SELECT l.person FROM matter_household l "
                   "WHERE l.matter = $2) THEN NULL ELSE person END "
                   "WHERE matter = $1 AND (joined IS NOT NULL OR NOT EXISTS "
                   "(SELECT 1 FROM matter_household l WHERE l.matter = $2 "
                   "AND (l.person = matter_household.person OR (matter_household.person IS NULL "
                   "AND l.joined IS NULL AND l.label = matter_household.label "
                   "AND l.unit = matter_household.unit))))",
                   ARGS(A_INT(m->id), A_INT(lead->id), A_INT(last)), NULL));
    TRY(household_add(db, lead->id, &h, &added));
    if (added)
        return OK;
    h.person = 0; /* listed as a person already: the report stands for itself */
    return household_add(db, lead->id, &h, &added);
}

static enum err S_merge(struct store *db, const struct actor *by, const struct hat *hat,
                        unsigned sides, struct str text, struct matter *m,
                        const struct matter *lead)
{
    struct matter_act what = {.score = NO_INT, .text = text};
    TRY(S_repoint(db, m, lead));
    TRY(S_bring(db, m, lead));
    TRY(households_recount(db, m->id));
    TRY(households_recount(db, lead->id));
    TRY(store_exec(db,
                   "UPDATE matter SET merged_into = $2, open = 0, outcome = 'merged', "
                   "awaits = NULL, due_at = $3, auto_at = NULL, warn_at = NULL, paused_at = NULL, "
                   "pause_reason = NULL, left_ms = NULL, version = version + 1 WHERE id = $1",
                   ARGS(A_INT(m->id), A_INT(lead->id), A_INT(NO_DUE)), NULL));
    TRY(matter_event_write(db, m, by, hat, ACT_MERGE, sides, m->stage, &what));
    what.text = NO_STR;
    TRY(matter_event_write(db, lead, by, hat, ACT_JOIN, sides, lead->stage, &what));
    return matter_load(db, m->id, m);
}

enum err matters_merge(struct store *db, const struct actor *by, const void *in, void *out)
{
    const struct merge *ask = in;
    struct matter *m = out, lead;
    unsigned sides = 0;
    struct str text = NO_STR, numbers = NO_STR;
    TRY(text_redact(db->arena, ask->text, &text, &numbers));
    TRY(matter_load(db, ask->id, m));
    const struct hat *hat = matter_hat(by, m, SIDE_UNIT, &sides);
    if (!hat)
        return store_fault(db, ERR_FORBIDDEN, "/into", "side", "合并由负责的社区或街道来做。",
                           "The unit in charge merges reports.");
    TRY(S_report_fits(db, m));
    TRY(S_lead_fits(db, by, m, ask->into, &lead));
    db->note->role = (int)hat->role;
    TRY(S_merge(db, by, hat, sides, text, m, &lead));
    TRY(matter_view(db, by, m));
    return matter_shade(db, by, m);
}

/* ---- split ---- */

struct split {
    int64_t id;
    struct str reason;
};
static const struct field split_fields[] = {
    F_ID(struct split, id, .from = IN_PATH, .required = true, .doc = "The report."),
    F_TEXT(struct split, reason, .required = true, .min = 2, .max = REASON_MAX, .lines = true,
           .doc = "Why it is another trouble after all; its requester is told."),
};
const struct entity split_entity = ENTITY(struct split, "MatterSplit", split_fields);

/* What it brought along goes with it. */
static enum err S_take_back(struct store *db, const struct matter *m)
{
    int64_t last = 0;
    TRY(S_last(db, m->id, &last));
    TRY(store_exec(db, "DELETE FROM matter_household WHERE matter = $1 AND joined = $2",
                   ARGS(A_INT(m->merged_into), A_INT(m->id)), NULL));
    TRY(store_exec(db,
                   "UPDATE matter_household SET matter = $2, seq = seq + $3, via = NULL "
                   "WHERE matter = $1 AND via = $2",
                   ARGS(A_INT(m->merged_into), A_INT(m->id), A_INT(last)), NULL));
    TRY(households_recount(db, m->merged_into));
    return households_recount(db, m->id);
}

/* Back to the stage it was in, with a limit of its own that begins now. */
static enum err S_stand_again(struct store *db, struct matter *m)
{
    const struct pack *pack = world_pack(db->world, m->pack);
    const struct pack_kind *kind = pack ? pack_kind(pack, m->kind) : NULL;
    size_t stage = 0;
    if (!kind || !kind_stage(kind, m->stage, &stage))
        return ERR_STORE;
    matter_limits(db, pack, kind, stage, m);
    enum outcome was = kind->stages[stage].awaits == ACT_RATE ? OUTCOME_HANDLED : OUTCOME_NONE;
    return store_exec(db,
                      "UPDATE matter SET merged_into = NULL, open = $2, outcome = $3, awaits = $4, "
                      "due_at = $5, auto_at = $6, provisional = $7, warn_at = $8, "
                      "version = version + 1 WHERE id = $1",
                      ARGS(A_INT(m->id), A_INT(m->open == YES), A_TEXT(str_of(outcome_names[was])),
                           A_TEXT(m->awaits), A_INT(m->due_at), A_ID(m->auto_at),
                           A_INT(m->provisional == YES), A_ID(m->warn_at)),
                      NULL);
}

enum err matters_split(struct store *db, const struct actor *by, const void *in, void *out)
{
    const struct split *ask = in;
    struct matter *m = out, lead;
    unsigned sides = 0;
    struct matter_act what = {.score = NO_INT};
    struct str numbers = NO_STR;
    TRY(text_redact(db->arena, ask->reason, &what.text, &numbers));
    TRY(matter_load(db, ask->id, m));
    const struct hat *hat = matter_hat(by, m, SIDE_UNIT, &sides);
    if (!hat)
        return store_fault(db, ERR_FORBIDDEN, "/reason", "side", "拆分由负责的社区或街道来做。",
                           "The unit in charge splits reports.");
    if (!m->merged_into)
        return store_fault(db, ERR_CONFLICT, "", "not_merged", "这件事没有并入别的事项。",
                           "This report does not follow another matter.");
    TRY(matter_load(db, m->merged_into, &lead));
    db->note->role = (int)hat->role;
    db->note->reason = what.text;
    TRY(S_take_back(db, m));
    TRY(S_stand_again(db, m));
    TRY(matter_event_write(db, m, by, hat, ACT_SPLIT, sides, m->stage, &what));
    what.text = NO_STR;
    TRY(matter_event_write(db, &lead, by, hat, ACT_SPLIT, sides, lead.stage, &what));
    TRY(matter_load(db, m->id, m));
    TRY(matter_view(db, by, m));
    return matter_shade(db, by, m);
}

/* ---- join: mine too ---- */

struct join {
    int64_t id;
    struct str text, place, contact_name, contact_phone;
};
static const struct field join_fields[] = {
    F_ID(struct join, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct join, text, .max = TEXT_MAX, .lines = true,
           .doc = "How it is at your place. Numbers are taken out and sealed."),
    F_TEXT(struct join, place, .max = LABEL_MAX, .doc = "Your place, such as 3号楼2单元501."),
    F_TEXT(struct join, contact_name, .max = 40, .class = CLASS_PERSONAL, .mask = mask_name,
           .doc = "Whom to call about it; sealed."),
    F_TEXT(struct join, contact_phone, .class = CLASS_PERSONAL, .form = form_phone,
           .form_doc = "11 digits, or area code and number", .form_zh = "11 位手机号，或区号加号码",
           .mask = mask_phone, .max = 20, .doc = "Number to call about it; sealed."),
};
const struct entity join_entity = ENTITY(struct join, "MatterJoin", join_fields);

struct joined {
    int64_t matter, report;
    struct str number, tracking_code;
};
static const struct field joined_fields[] = {
    F_ID(struct joined, matter, .required = true, .doc = "The matter you follow."),
    F_ID(struct joined, report,
         .doc = "Your own report, which follows it, when you have no record."),
    F_TEXT(struct joined, number, .doc = "Its number."),
    F_TEXT(struct joined, tracking_code, .doc = "Keep it: it shows you how the matter stands."),
};
const struct entity joined_entity = ENTITY(struct joined, "MatterJoined", joined_fields);

/* The person somebody is signed in as, under a hat of their own. */
static const struct hat *S_self(const struct actor *by)
{
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        if (h->kind == HAT_SELF && h->person && (!by->named || by->named == h->id))
            return h;
    }
    return NULL;
}

/* Only what anybody may report is found by anybody; the rest does not exist here. */
static enum err S_joinable(struct store *db, const struct matter *m)
{
    const struct pack *pack = world_pack(db->world, m->pack);
    const struct pack_kind *kind = pack ? pack_kind(pack, m->kind) : NULL;
    bool found = kind && m->confidential != YES &&
                 kind_step(kind, ACT_ORDER, 0, SIDE_ANYONE, GIVEN_ANY, NULL);
    if (!found)
        return ERR_NOT_FOUND;
    TRY(merged_refuse(db, m));
    return m->open == YES
               ? OK
               : store_fault(db, ERR_CONFLICT, "", "stage", "这件事已经结束，请重新提交。",
                             "That one is closed: send a report of your own.");
}

static enum err S_join_person(struct store *db, const struct actor *by, const struct hat *hat,
                              struct str label, const struct matter *m)
{
    struct household h = {.person = hat->person, .unit = m->unit, .label = label};
    struct matter_act what = {.score = NO_INT};
    bool added = false;
    if (hat->person == m->requester)
        return OK;
    TRY(household_add(db, m->id, &h, &added));
    if (!added)
        return OK;
    db->note->role = (int)hat->role;
    TRY(households_recount(db, m->id));
    return matter_event_write(db, m, by, hat, ACT_JOIN, SIDE_RESIDENT, m->stage, &what);
}

/* A light report of the same kind at the same place, which follows from its first moment on. */
static enum err S_join_report(struct store *db, const struct actor *by, const struct join *in,
                              const struct matter *lead, struct joined *ret)
{
    const struct note note = *db->note;
    struct matter report;
    struct matter_new new = {.kind = lead->kind,
                             .category = lead->category,
                             .title = lead->title,
                             .text = in->text,
                             .place = in->place.p ? in->place : lead->place,
                             .unit = lead->unit,
                             .lng = lead->lng,
                             .lat = lead->lat,
                             .contact_name = in->contact_name,
                             .contact_phone = in->contact_phone};
    TRY(matter_order(db, by, &new, &report));
    ret->tracking_code = report.tracking_code; /* not in the row, which is read again below */
    TRY(S_merge(db, NULL, NULL, SIDE_ANYONE, NO_STR, &report, lead));
    ret->report = report.id;
    ret->number = report.number;
    *db->note = note;
    return OK;
}

enum err matters_join(struct store *db, const struct actor *by, const void *in, void *out)
{
    const struct join *ask = in;
    struct joined *ret = out;
    struct matter m;
    struct str place = NO_STR, numbers = NO_STR;
    const struct hat *self = S_self(by);
    TRY(matter_load(db, ask->id, &m));
    TRY(S_joinable(db, &m));
    TRY(text_redact(db->arena, ask->place, &place, &numbers));
    ret->matter = m.id;
    if (self)
        return S_join_person(db, by, self, place, &m);
    return S_join_report(db, by, ask, &m, ret);
}
