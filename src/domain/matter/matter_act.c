/* What acts do. Who may, from where and to where is the pack's; the effects are the same for every
 * kind. */
#include "domain/matter/matter.h"

#include <math.h>

enum { WORDS_MAX = 1000 };

static const struct field act_fields[] = {
    F_ID(struct matter_act, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct matter_act, act, .required = true, .codes = act_names, .doc = "What is done."),
    F_TEXT(struct matter_act, text, .max = WORDS_MAX, .lines = true,
           .doc = "Reason, result, comment, or the requester's words."),
    F_ID(struct matter_act, to, .doc = "The party it is sent to."),
    F_BOOL(struct matter_act, public, .doc = "A comment everybody sees; default true."),
    F_BOOL(struct matter_act, on, .doc = "Watch, or no longer; default true."),
    F_BOOL(struct matter_act, solved, .doc = "Rate: was it solved?"),
    F_INT(struct matter_act, score, .min = 1, .max = 5, .doc = "Rate: 1 to 5."),
    F_INT(struct matter_act, version, .min = 1, .max = INT32_MAX,
          .doc = "The version you saw: another one is a conflict."),
};
const struct entity matter_act_entity = ENTITY(struct matter_act, "MatterAct", act_fields);

/* One act under way. */
struct doing {
    const struct actor *by;
    const struct matter_act *in;
    const struct pack *pack;
    const struct pack_kind *kind;
    size_t stage; /* before */
    enum act act;
    enum given given;
    const struct hat *hat; /* NULL: time */
    unsigned sides;
    const struct pack_step *step;
    struct matter *m;
};

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
    return handler | SIDE_WORKER | (charge ? SIDE_UNIT : 0);
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
                 {SIDE_ANYONE, "anyone"}};
    const char *name = "time";
    for (size_t i = COUNT_OF(names); i-- > 0;) {
        if (side & names[i].side)
            name = names[i].name;
    }
    struct str role = hat ? str_of(role_names[hat->role]) : NO_STR;
    return store_exec(
        db,
        "INSERT INTO matter_event (county, matter, at, act, account, role, side, from_stage, "
        "to_stage, public, text, party, solved, score) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        ARGS(A_INT(ID_COUNTY(m->id)), A_INT(m->id), A_INT(db->now), A_TEXT(str_of(act_names[act])),
             A_ID(by ? by->account : 0), A_TEXT(role), A_TEXT(str_of(name)), A_TEXT(from_stage),
             A_TEXT(m->stage), A_INT(in->public != NO), A_TEXT(in->text), A_ID(in->to),
             A_TRI(in->solved), A_OPT(act == ACT_RATE ? in->score : NO_INT)),
        NULL);
}

/* ---- may it be done ---- */

static enum err S_kind_of(struct store *db, struct doing *d)
{
    d->pack = world_pack(db->world, d->m->pack);
    d->kind = d->pack ? pack_kind(d->pack, d->m->kind) : NULL;
    return d->kind && kind_stage(d->kind, d->m->stage, &d->stage) ? OK : ERR_STORE;
}

/* The first admitted hat that may do it decides under which hat it is done. */
static bool S_find_step(struct doing *d, bool *wrong_side)
{
    for (size_t i = 0; i < d->by->n && !d->step; i++) {
        const struct hat *h = &d->by->hats[i];
        if (!d->by->admitted[i])
            continue;
        d->sides = matter_sides(d->by, h, d->m);
        d->hat = h;
        d->step = kind_step(d->kind, d->act, d->stage, d->sides, d->given, wrong_side);
        if (d->step && str_eq(d->m->held, str_of(act_names[d->act])))
            d->step = NULL;
    }
    return d->step != NULL;
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
    bool sends = d->act == ACT_DISPATCH || d->act == ACT_TRANSFER;
    if (sends && !d->in->to)
        return store_fault(db, ERR_INVALID, "/to", "required", "请选择派给谁。",
                           "Choose whom to send it to.");
    if (!sends && d->in->to)
        return store_fault(db, ERR_INVALID, "/to", "not_allowed", "只有派单和转办才填派给谁。",
                           "Only dispatch and transfer take a party.");
    if (d->act == ACT_RATE && d->in->solved == UNSET)
        return store_fault(db, ERR_INVALID, "/solved", "required", "请说明问题是否已经解决。",
                           "Say whether it was solved.");
    if (d->act == ACT_CLAIM && !d->by->account)
        return store_fault(db, ERR_FORBIDDEN, "/act", "side", "请先登录。", "Sign in first.");
    return OK;
}

/* ---- what it does ---- */

struct party_row {
    struct str name;
};
static const struct field party_fields[] = {F_TEXT(struct party_row, name)};
static const struct entity party_entity = ENTITY(struct party_row, "PartyRow", party_fields);

/* A matter can go to any party of the same county, and they keep seeing it. */
static enum err S_send(struct store *db, struct doing *d)
{
    struct party_row party;
    enum err err = store_one(db, "SELECT name FROM party WHERE id = $1 AND district = $2",
                             ARGS(A_INT(d->in->to), A_INT(d->m->district)), &party_entity, &party);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/to", "unknown", "没有这个承办方，或不在本区县。",
                           "There is no such party in this county.");
    TRY(err);
    d->m->party = d->in->to;
    d->m->party_name = party.name;
    d->m->handler = 0;
    return store_exec(db,
                      "INSERT INTO matter_sent (party, matter) VALUES ($1, $2) "
                      "ON CONFLICT (matter, party) DO NOTHING",
                      ARGS(A_INT(d->in->to), A_INT(d->m->id)), NULL);
}

static bool S_awaits_verify(const struct pack_kind *k, size_t stage)
{
    for (size_t i = 0; i < k->step_count; i++) {
        if (k->steps[i].act == ACT_VERIFY && (k->steps[i].from & (uint64_t)1 << stage))
            return true;
    }
    return false;
}

static void S_outcome(struct matter *m, enum outcome outcome)
{
    m->outcome = str_of(outcome_names[outcome]);
}

static void S_rated(struct doing *d)
{
    struct matter *m = d->m;
    m->solved = d->in->solved;
    m->score = d->in->score;
    m->words = d->in->text;
    S_outcome(m, m->solved == YES ? OUTCOME_SOLVED : OUTCOME_UNSOLVED);
}

static void S_reopened(struct matter *m)
{
    S_outcome(m, OUTCOME_NONE);
    m->solved = UNSET;
    m->score = NO_INT;
    m->words = NO_STR;
    m->closed_at = 0;
}

static enum err S_effect(struct store *db, struct doing *d)
{
    struct matter *m = d->m;
    if (d->sides & (SIDE_UNIT | SIDE_HANDLER) && !m->answered_at)
        m->answered_at = db->now;
    switch (d->act) {
    case ACT_DISPATCH:
    case ACT_TRANSFER: return S_send(db, d);
    case ACT_CLAIM: m->handler = d->by->account; break;
    case ACT_DECLINE: S_outcome(m, OUTCOME_DECLINED); break;
    case ACT_WITHDRAW: S_outcome(m, OUTCOME_WITHDRAWN); break;
    case ACT_SUBMIT:
        if (!S_awaits_verify(d->kind, d->step->to))
            S_outcome(m, OUTCOME_HANDLED);
        break;
    case ACT_VERIFY: S_outcome(m, OUTCOME_HANDLED); break;
    case ACT_RETURN:
        S_outcome(m, OUTCOME_NONE);
        /* Sent back by those it was sent to: it is nobody's again. */
        if (d->sides & SIDE_HANDLER && !(d->sides & SIDE_UNIT))
            m->party = m->handler = 0;
        break;
    case ACT_RATE: S_rated(d); break;
    case ACT_REOPEN: S_reopened(m); break;
    case ACT_CLOSE: S_outcome(m, d->hat ? OUTCOME_HANDLED : OUTCOME_NO_ANSWER); break;
    default: break;
    }
    return OK;
}

static enum err S_update(struct store *db, const struct matter *m)
{
    return store_exec(
        db,
        "UPDATE matter SET stage = $2, awaits = $3, outcome = $4, open = $5, party = $6, "
        "handler = $7, due_at = $8, auto_at = $9, provisional = $10, answered_at = $11, "
        "closed_at = $12, solved = $13, score = $14, words = $15, version = version + 1 "
        "WHERE id = $1",
        ARGS(A_INT(m->id), A_TEXT(m->stage), A_TEXT(m->awaits), A_TEXT(m->outcome),
             A_INT(m->open == YES), A_ID(m->party), A_ID(m->handler), A_INT(m->due_at),
             A_ID(m->auto_at), A_INT(m->provisional == YES), A_ID(m->answered_at),
             A_ID(m->closed_at), A_TRI(m->solved), A_OPT(m->score), A_TEXT(m->words)),
        NULL);
}

/* The stage after the step; its limit starts anew only when the matter moved or was sent. */
static void S_move(struct store *db, struct doing *d)
{
    struct matter *m = d->m;
    bool restart = d->step->to != d->stage || d->act == ACT_DISPATCH;
    if (restart)
        matter_limits(db, d->pack, d->kind, d->step->to, m);
    if (m->open == NO)
        m->closed_at = db->now;
}

static enum err S_apply(struct store *db, struct doing *d)
{
    struct str before = d->m->stage;
    TRY(S_effect(db, d));
    S_move(db, d);
    TRY(S_update(db, d->m));
    d->m->version++;
    return matter_event_write(db, d->m, d->by, d->hat, d->act, d->sides, before, d->in);
}

/* ---- acts outside the flow ---- */

static enum err S_comment(struct store *db, struct doing *d)
{
    if (!d->in->text.p || !str_trim(d->in->text).n)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写下要说的话。",
                           "Write your comment.");
    d->hat = actor_hat(d->by);
    d->sides = d->hat ? matter_sides(d->by, d->hat, d->m) : 0;
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

enum err matter_do(struct store *db, const struct actor *by, const struct matter_act *given,
                   struct matter *m)
{
    struct matter_act in;
    struct doing d = {.by = by, .in = &in, .m = m};
    bool wrong_side = false;
    TRY(S_clean(db, given, &in));
    TRY(matter_load(db, in.id, m));
    if (in.version != NO_INT && in.version != m->version)
        return store_fault(db, ERR_CONFLICT, "/version", "stale",
                           "这件事刚被别人改动过，请刷新后再做。",
                           "Somebody changed this matter meanwhile; look again first.");
    TRY(S_kind_of(db, &d));
    if (!act_parse(in.act, &d.act))
        return ERR_INVALID;
    if (d.act == ACT_COMMENT || d.act == ACT_WATCH) {
        TRY(d.act == ACT_COMMENT ? S_comment(db, &d) : S_watch(db, &d));
        return matter_view(db, by, m);
    }
    if (str_eq(m->held, in.act))
        return store_fault(db, ERR_CONFLICT, "/act", "held", "材料还没有齐，齐了才能做这一步。",
                           "Something is still missing; this can be done once it is there.");
    if (d.act == ACT_RATE)
        d.given = in.solved == NO ? GIVEN_UNSOLVED : GIVEN_SOLVED;
    if (!S_find_step(&d, &wrong_side))
        return S_refuse(db, &d, wrong_side);
    TRY(S_needs(db, &d));
    db->note->role = (int)d.hat->role;
    TRY(S_apply(db, &d));
    return matter_view(db, by, m);
}

/* ---- the reader's view, and time ---- */

enum err matter_view(struct store *db, const struct actor *by, struct matter *m)
{
    struct doing d = {.by = by, .m = m};
    struct str *may = arena_array(db->arena, ACT_COUNT, sizeof *may);
    if (!may)
        return ERR_MEMORY;
    TRY(S_kind_of(db, &d));
    m->may = (struct list){.items = may};
    for (int act = ACT_ACCEPT; act < ACT_COMMENT; act++) {
        bool wrong_side = false;
        d.act = (enum act)act;
        d.step = NULL;
        if (S_find_step(&d, &wrong_side))
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

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "IdRow", id_fields);

static enum err S_time_closes(struct store *db, int64_t id)
{
    struct matter m;
    struct matter_act in = {.score = NO_INT};
    struct doing d = {.in = &in, .m = &m, .act = ACT_CLOSE};
    TRY(matter_load(db, id, &m));
    TRY(S_kind_of(db, &d));
    d.step = kind_limit(d.kind, d.stage);
    return d.step ? S_apply(db, &d) : ERR_STORE;
}

enum err matter_tick(struct store *db, void *unused)
{
    enum { CLOSE_MOST = 16, INDEX_MOST = 40 };
    struct list due;
    int64_t done = 0;
    (void)unused;
    TRY(store_all(db,
                  "SELECT id FROM matter WHERE auto_at IS NOT NULL AND auto_at <= $1 "
                  "ORDER BY auto_at LIMIT $2",
                  ARGS(A_INT(db->now), A_INT(CLOSE_MOST)), &id_entity, CLOSE_MOST, &due));
    const struct id_row *row = due.items;
    for (size_t i = 0; i < due.n; i++)
        TRY(S_time_closes(db, row[i].id));
    return matter_index(db, INDEX_MOST, &done);
}
