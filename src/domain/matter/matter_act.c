/* What acts do. Who may, from where and to where is the pack's; the effects are the same for every
 * kind. */
#include "domain/matter/matter_do.h"

#include "domain/matter/matter_many.h"

#include <math.h>

enum { WORDS_MAX = 1000 };

static bool S_form_limit(struct str s)
{
    struct limit limit;
    return limit_parse(s, &limit);
}
#define LIMIT_FORM                                                                                 \
    .max = 24, .form = S_form_limit,                                                               \
    .form_doc = "as in 4 work hours, 3 work days, 7 days, 24 hours",                               \
    .form_zh = "如 4 work hours、3 work days、7 days、24 hours"

static const struct field part_fields[] = {
    F_ID(struct part_new, to, .required = true, .doc = "The co-handling party."),
    F_TEXT(struct part_new, text, .required = true, .max = WORDS_MAX, .lines = true,
           .doc = "What is asked of it."),
    F_TEXT(struct part_new, within, LIMIT_FORM, .doc = "Its limit; default that of the whole."),
};
static const struct entity part_entity = ENTITY(struct part_new, "PartNew", part_fields);

static const struct field act_fields[] = {
    F_ID(struct matter_act, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct matter_act, act, .required = true, .codes = act_asked, .doc = "What is done."),
    F_TEXT(struct matter_act, text, .max = WORDS_MAX, .lines = true,
           .doc = "Reason, result, answer, comment, or the requester's words."),
    F_TEXT(struct matter_act, reason, .max = 64, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Extend, pause: which of the pack's reasons."),
    F_ID(struct matter_act, to, .doc = "The party it is sent to."),
    F_TEXT(struct matter_act, within, LIMIT_FORM,
           .doc = "Extend, pause: how long. Supervise: how long there is to answer."),
    F_LIST(struct matter_act, parts, .of = &part_entity, .max = 12,
           .doc = "Whistle: a part for each co-handler."),
    F_ID(struct matter_act, ask, .doc = "Answer: which question."),
    F_BOOL(struct matter_act, granted, .doc = "Answer: is it granted?"),
    F_BOOL(struct matter_act, public, .doc = "A comment everybody sees; default true."),
    F_BOOL(struct matter_act, on, .doc = "Watch, or no longer; default true."),
    F_BOOL(struct matter_act, solved, .doc = "Rate: was it solved?"),
    F_INT(struct matter_act, score, .min = 1, .max = 5, .doc = "Rate: 1 to 5."),
    F_INT(struct matter_act, version, .min = 1, .max = INT32_MAX,
          .doc = "The version you saw: another one is a conflict."),
};
const struct entity matter_act_entity = ENTITY(struct matter_act, "MatterAct", act_fields);

unsigned matter_sides(const struct actor *by, const struct hat *h, const struct matter *m)
{
    struct ancestors at = {
        .district = m->district, .street = m->street, .community = m->community, .grid = m->grid};
    unsigned handler = m->handler && m->handler == by->account ? SIDE_HANDLER : 0;
    if (h->kind == HAT_PARTY)
        return handler | (m->party && h->party == m->party ? SIDE_HANDLER : 0);
    if (h->kind == HAT_SELF) {
        bool asked = h->matter ? h->matter == m->id : h->person && h->person == m->requester;
        return asked ? SIDE_REQUESTER : 0;
    }
    if (!hat_covers(h, &at))
        return handler;
    if (h->role == ROLE_HOTLINE)
        return handler | SIDE_HOTLINE;
    if (h->role == ROLE_GRID_WORKER || h->role == ROLE_SOCIAL_WORKER)
        return handler | SIDE_WORKER;
    /* Who manages a unit manages what its communities are in charge of, but a community does not
     * manage what its street has taken over. */
    bool charge = h->unit == m->charge || (h->level == LEVEL_STREET && m->charge != m->district) ||
                  h->level == LEVEL_COUNTY;
    bool above =
        h->level == LEVEL_COUNTY || (h->level == LEVEL_STREET && matter_tier(m) == TIER_COMMUNITY);
    return handler | SIDE_WORKER | (charge ? SIDE_UNIT : 0) | (above ? SIDE_ABOVE : 0);
}

enum err matter_event_write(struct store *db, const struct matter *m, const struct actor *by,
                            const struct hat *hat, enum act act, unsigned side,
                            struct str from_stage, const struct matter_act *in)
{
    static const struct {
        unsigned side;
        const char *name;
    } names[] = {{SIDE_REQUESTER, "requester"}, {SIDE_HANDLER, "handler"},
                 {SIDE_UNIT, "unit"},           {SIDE_HOTLINE, "hotline"},
                 {SIDE_WORKER, "worker"},       {SIDE_RESIDENT, "resident"},
                 {SIDE_ANYONE, "anyone"},       {SIDE_ABOVE, "above"}};
    const char *name = "time";
    for (size_t i = COUNT_OF(names); i-- > 0;) {
        if (side & names[i].side)
            name = names[i].name;
    }
    struct str role = hat ? str_of(role_names[hat->role]) : NO_STR;
    struct str text = in->text, sealed = NO_STR;
    if (m->confidential == YES)
        TRY(confidential_seal_text(db, m, &text, &sealed));
    return store_exec(
        db,
        "INSERT INTO matter_event (county, matter, at, act, account, role, side, from_stage, "
        "to_stage, public, text, party, solved, score, reason, span, granted, sealed) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        ARGS(A_INT(ID_COUNTY(m->id)), A_INT(m->id), A_INT(db->now), A_TEXT(str_of(act_names[act])),
             A_ID(by ? by->account : 0), A_TEXT(role), A_TEXT(str_of(name)), A_TEXT(from_stage),
             A_TEXT(m->stage), A_INT(in->public != NO), A_TEXT(text), A_ID(in->to),
             A_TRI(in->solved), A_OPT(act == ACT_RATE ? in->score : NO_INT), A_TEXT(in->reason),
             A_TEXT(in->within), A_TRI(in->granted), A_BLOB(sealed)),
        NULL);
}

/* ---- may it be done ---- */

enum err doing_kind(struct store *db, struct doing *d)
{
    d->pack = world_pack(db->world, d->m->pack);
    d->kind = d->pack ? pack_kind(d->pack, d->m->kind) : NULL;
    return d->kind && kind_stage(d->kind, d->m->stage, &d->stage) ? OK : ERR_STORE;
}

/* The first admitted hat that may do it decides under which hat it is done. */
static bool S_find_step(struct doing *d, bool *wrong_side)
{
    int64_t unit;
    enum tier tier;
    if (d->act == ACT_ESCALATE && !matter_above(d->m, &unit, &tier))
        return false;
    for (size_t i = 0; i < d->by->n && !d->step && !d->stay; i++) {
        const struct hat *h = &d->by->hats[i];
        if (!d->by->admitted[i])
            continue;
        d->sides = matter_sides(d->by, h, d->m);
        d->hat = h;
        if (d->act >= ACT_EXTEND)
            d->stay = kind_stay(d->kind, d->act, d->stage, d->sides, wrong_side);
        else if (!str_eq(d->m->held, str_of(act_names[d->act])))
            d->step = kind_step(d->kind, d->act, d->stage, d->sides, d->given, wrong_side);
    }
    return d->step || d->stay;
}

static struct str S_may_text(struct store *db, const struct matter *m)
{
    struct buf b = buf_new(1024);
    const struct str *act = m->may.items;
    for (size_t i = 0; i < m->may.n; i++) {
        buf_put(&b, i ? S(" | ") : S(""));
        buf_put(&b, act[i]);
    }
    struct str text = arena_str(db->arena, b.n ? buf_str(&b) : S("comment"));
    buf_free(&b);
    return text;
}

static enum err S_refuse(struct store *db, struct doing *d, bool wrong_side)
{
    struct fault f = {.field = S("/act"),
                      .code = wrong_side ? S("side") : S("stage"),
                      .zh = wrong_side ? S("这一步要由别的人来做。")
                                       : S("事项现在的环节不能做这一步。"),
                      .en = wrong_side ? S("That step is somebody else's to take.")
                                       : S("That cannot be done at its present stage.")};
    TRY(matter_view(db, d->by, d->m));
    f.allowed = S_may_text(db, d->m);
    return problem_add(db->problem, wrong_side ? ERR_FORBIDDEN : ERR_CONFLICT, f);
}

static enum err S_needs(struct store *db, const struct doing *d)
{
    bool text = d->in->text.p && str_trim(d->in->text).n > 0;
    if ((d->step->needs & NEED_REASON) && !text)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写明原因。",
                           "Give the reason.");
    if ((d->step->needs & NEED_RESULT) && !text)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写明办理结果。",
                           "Say what was done.");
    bool sends = d->act == ACT_DISPATCH || d->act == ACT_TRANSFER || d->act == ACT_WHISTLE;
    if (sends && !d->in->to)
        return store_fault(db, ERR_INVALID, "/to", "required", "请选择派给谁。",
                           "Choose whom to send it to.");
    if (!sends && d->in->to)
        return store_fault(db, ERR_INVALID, "/to", "not_allowed",
                           "只有派单、吹哨和转办才填派给谁。",
                           "Only dispatch, whistle and transfer take a party.");
    if (d->act == ACT_RATE && d->in->solved == UNSET)
        return store_fault(db, ERR_INVALID, "/solved", "required", "请说明问题是否已经解决。",
                           "Say whether it was solved.");
    if (d->act == ACT_CLAIM && !d->by->account)
        return store_fault(db, ERR_FORBIDDEN, "/act", "side", "请先登录。", "Sign in first.");
    if (d->act == ACT_TRANSFER && d->m->settled == YES)
        return store_fault(db, ERR_CONFLICT, "/act", "settled", "上一级已经定了由谁办，不能再转。",
                           "The tier above has said who does it: it is not passed on any more.");
    return d->act == ACT_TRANSFER ? ask_pending(db, d->m, "settle") : OK;
}

/* An office does not say that it is over while a part of it, or an answer, is still owed. */
static enum err S_nothing_owed(struct store *db, const struct doing *d)
{
    bool over = d->act == ACT_SUBMIT || d->act == ACT_VERIFY || d->act == ACT_CLOSE ||
                d->act == ACT_DECLINE;
    if (!over)
        return OK;
    TRY(parts_done(db, d->m));
    return asks_answered(db, d->m);
}

/* ---- what it does ---- */

static enum err S_update(struct store *db, const struct matter *m)
{
    return store_exec(
        db,
        "UPDATE matter SET stage = $2, awaits = $3, outcome = $4, open = $5, party = $6, "
        "handler = $7, due_at = $8, auto_at = $9, provisional = $10, answered_at = $11, "
        "closed_at = $12, solved = $13, score = $14, words = $15, charge = $16, tier = $17, "
        "late = $18, handled_at = $19, warn_at = $20, transfers = $21, returns = $22, "
        "reopens = $23, escalations = $24, extensions = $25, settled = $26, paused_at = $27, "
        "pause_reason = $28, left_ms = $29, paused_ms = $30, asks_open = $31, parts_open = $32, "
        "version = version + 1 WHERE id = $1",
        ARGS(A_INT(m->id), A_TEXT(m->stage), A_TEXT(m->awaits), A_TEXT(m->outcome),
             A_INT(m->open == YES), A_ID(m->party), A_ID(m->handler), A_INT(m->due_at),
             A_ID(m->auto_at), A_INT(m->provisional == YES), A_ID(m->answered_at),
             A_ID(m->closed_at), A_TRI(m->solved), A_OPT(m->score),
             A_TEXT(m->confidential == YES ? NO_STR : m->words), A_INT(m->charge), A_TEXT(m->tier),
             A_INT(m->late == YES), A_ID(m->handled_at), A_ID(m->warn_at), A_INT(m->transfers),
             A_INT(m->returns), A_INT(m->reopens), A_INT(m->escalations), A_INT(m->extensions),
             A_INT(m->settled == YES), A_ID(m->paused_at), A_TEXT(m->pause_reason),
             A_OPT(m->left_ms), A_INT(m->paused_ms), A_INT(m->asks_open), A_INT(m->parts_open)),
        NULL);
}

enum err doing_save(struct store *db, struct doing *d)
{
    if (d->hat)
        db->note->role = (int)d->hat->role;
    TRY(S_update(db, d->m));
    d->m->version++;
    return matter_event_write(db, d->m, d->by, d->hat, d->act, d->sides,
                              d->kind->stages[d->stage].stage, d->in);
}

/* An office that leaves a stage after it was due is late, whatever comes of it. */
static void S_lateness(const struct store *db, struct doing *d)
{
    const struct pack_step *limit = kind_limit(d->kind, d->stage);
    if (d->m->due_at < db->now && limit && limit->by != SIDE_REQUESTER)
        d->m->late = YES;
}

/* The stage after the step; its limit starts anew only when the matter moved or was sent. */
static enum err S_move(struct store *db, struct doing *d)
{
    struct matter *m = d->m;
    bool restart = d->step->to != d->stage || d->act == ACT_DISPATCH || d->act == ACT_WHISTLE ||
                   d->act == ACT_ESCALATE;
    if (!restart)
        return OK;
    S_lateness(db, d);
    if (m->paused_at)
        TRY(clock_resume(db, d));
    matter_limits(db, d->pack, d->kind, d->step->to, m);
    if (m->open == NO) {
        m->closed_at = db->now;
        TRY(parts_drop(db, m));
    }
    if (d->act == ACT_WHISTLE)
        TRY(parts_give(db, d));
    return asks_overtaken(db, m);
}

enum err doing_apply(struct store *db, struct doing *d)
{
    TRY(matter_effect(db, d));
    TRY(S_move(db, d));
    return doing_save(db, d);
}

/* ---- acts outside the flow ---- */

static enum err S_comment(struct store *db, struct doing *d)
{
    if (!d->in->text.p || !str_trim(d->in->text).n)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写下要说的话。",
                           "Write your comment.");
    d->hat = actor_hat(d->by);
    d->sides = d->hat ? matter_sides(d->by, d->hat, d->m) : 0;
    if (d->hat && d->hat->kind == HAT_SELF && !d->sides)
        d->sides = SIDE_RESIDENT; /* one of the households it affects */
    if (d->hat && d->hat->kind == HAT_SELF && d->in->public == NO)
        return store_fault(db, ERR_INVALID, "/public", "not_allowed",
                           "只有工作人员可以写内部留言。",
                           "Only staff can write internal comments.");
    return matter_event_write(db, d->m, d->by, d->hat, ACT_COMMENT,
                              d->sides ? d->sides : SIDE_WORKER, d->m->stage, d->in);
}

static enum err S_watch(struct store *db, struct doing *d)
{
    if (!d->by->account)
        return store_fault(db, ERR_FORBIDDEN, "/act", "side", "登录后才能关注。",
                           "Sign in to watch a matter.");
    if (d->in->on == NO)
        return store_exec(db, "DELETE FROM matter_watch WHERE account = $1 AND matter = $2",
                          ARGS(A_INT(d->by->account), A_INT(d->m->id)), NULL);
    return store_exec(db,
                      "INSERT INTO matter_watch (account, matter) VALUES ($1, $2) "
                      "ON CONFLICT (account, matter) DO NOTHING",
                      ARGS(A_INT(d->by->account), A_INT(d->m->id)), NULL);
}

/* Numbers that identify people stay out of what is written along the way, too. Only the requester
 * and the unit can still be asked for them, so what was found is dropped, not kept. */
static enum err S_clean(struct store *db, const struct matter_act *in, struct matter_act *ret)
{
    struct str found = NO_STR;
    *ret = *in;
    return text_redact(db->arena, in->text, &ret->text, &found);
}

/* A step of the flow. */
static enum err S_step(struct store *db, struct doing *d)
{
    bool wrong_side = false;
    if (d->act == ACT_RATE)
        d->given = d->in->solved == NO ? GIVEN_UNSOLVED : GIVEN_SOLVED;
    if (d->act >= ACT_FLOW_END || !S_find_step(d, &wrong_side))
        return S_refuse(db, d, wrong_side);
    TRY(parts_checked(db, d));
    if (d->stay)
        return ask_stay(db, d);
    TRY(S_needs(db, d));
    TRY(S_nothing_owed(db, d));
    return doing_apply(db, d);
}

static enum err S_do(struct store *db, struct doing *d)
{
    switch (d->act) {
    case ACT_COMMENT: return S_comment(db, d);
    case ACT_WATCH: return S_watch(db, d);
    case ACT_RESUME: return ask_resume(db, d);
    case ACT_ANSWER: return ask_answer(db, d);
    case ACT_REPORT: return part_report(db, d);
    case ACT_REFUSE: return part_refuse(db, d);
    default: return S_step(db, d);
    }
}

enum err matter_do(struct store *db, const struct actor *by, const struct matter_act *given,
                   struct matter *m)
{
    struct matter_act in;
    struct doing d = {.by = by, .in = &in, .m = m};
    TRY(S_clean(db, given, &in));
    TRY(matter_load(db, in.id, m));
    if (in.version != NO_INT && in.version != m->version)
        return store_fault(db, ERR_CONFLICT, "/version", "stale",
                           "这件事刚被别人改动过，请刷新后再做。",
                           "Somebody changed this matter meanwhile; look again first.");
    TRY(doing_kind(db, &d));
    if (!act_parse(in.act, &d.act))
        return ERR_INVALID;
    if (d.act != ACT_COMMENT && d.act != ACT_WATCH)
        TRY(merged_refuse(db, m));
    if (str_eq(m->held, in.act))
        return store_fault(db, ERR_CONFLICT, "/act", "held", "材料还没有齐，齐了才能做这一步。",
                           "Something is still missing; this can be done once it is there.");
    TRY(S_do(db, &d));
    return matter_view(db, by, m);
}

/* ---- the reader's view ---- */

/* May the actor do d->act now? */
static enum err S_may(struct store *db, struct doing *d, bool *ret)
{
    bool wrong_side = false, clock = d->m->due_at != NO_DUE && !d->m->paused_at;
    d->step = NULL;
    d->stay = NULL;
    d->hat = NULL;
    *ret = false;
    switch (d->act) {
    case ACT_RESUME: return may_resume(db, d, ret);
    case ACT_ANSWER: return may_answer(db, d, ret);
    case ACT_REPORT:
    case ACT_REFUSE: return may_report(db, d, d->act == ACT_REFUSE, ret);
    case ACT_TRANSFER: *ret = d->m->settled != YES && S_find_step(d, &wrong_side); return OK;
    case ACT_EXTEND:
    case ACT_PAUSE: *ret = clock && S_find_step(d, &wrong_side); return OK;
    default: *ret = S_find_step(d, &wrong_side); return OK;
    }
}

enum err matter_view(struct store *db, const struct actor *by, struct matter *m)
{
    struct doing d = {.by = by, .m = m};
    struct str *may = arena_array(db->arena, ACT_COUNT, sizeof *may);
    if (!may)
        return ERR_MEMORY;
    TRY(doing_kind(db, &d));
    m->may = (struct list){.items = may};
    for (int act = ACT_ACCEPT; act < ACT_COMMENT && !m->merged_into; act++) {
        bool yes = false;
        d.act = (enum act)act;
        TRY(S_may(db, &d, &yes));
        if (yes)
            may[m->may.n++] = str_of(act_names[act]);
    }
    m->overdue = m->open == YES && m->due_at < db->now ? YES : NO;
    m->remaining_minutes = NO_INT;
    if (m->open == YES && m->due_at != NO_DUE)
        m->remaining_minutes =
            workday_minutes(db->world->calendar, &d.pack->hours, db->now, m->due_at);
    if (m->due_at == NO_DUE)
        m->due_at = 0;
    return OK;
}
