/* What is asked of a unit about a matter: more time and a pause (of the tier above, where the flow
 * says so), who is to do it (when it was passed on too often, or a part was refused), and from
 * above, an answer (督办). A question is answered once, by a unit that is asked or one above it. */
#include "domain/matter/matter_do.h"

enum { ASKS_MAX = 64, ASK_DAYS = 1 /* working days to answer what is asked of a unit */ };

struct ask_row {
    int64_t id, unit, part, party;
    struct str kind, span, reason;
};
static const struct field row_fields[] = {
    F_ID(struct ask_row, id),      F_ID(struct ask_row, unit),   F_ID(struct ask_row, part),
    F_ID(struct ask_row, party),   F_TEXT(struct ask_row, kind), F_TEXT(struct ask_row, span),
    F_TEXT(struct ask_row, reason)};
static const struct entity row_entity = ENTITY(struct ask_row, "AskRow", row_fields);

static enum err S_open(struct store *db, const struct matter *m, struct list *ret)
{
    *ret = (struct list){0};
    if (!m->asks_open)
        return OK;
    return store_all(db,
                     "SELECT id, unit, part, party, kind, span, reason FROM matter_ask "
                     "WHERE matter = $1 AND answered_at IS NULL ORDER BY id",
                     ARGS(A_INT(m->id)), &row_entity, ASKS_MAX, ret);
}

/* ---- asking ---- */

/* What was written, but of a confidential matter: the event has that, sealed, and nothing else. */
static struct str S_words(const struct doing *d)
{
    return d->m->confidential == YES ? NO_STR : d->in->text;
}

struct question {
    const char *kind;
    int64_t unit, part, party, due_at;
};

static enum err S_ask(struct store *db, struct doing *d, const struct question *q)
{
    const struct matter_act *in = d->in;
    int64_t id = 0;
    if (d->m->asks_open >= ASKS_MAX)
        return store_fault(db, ERR_CONFLICT, "/act", "asks", "还没有答复的太多了，先等答复。",
                           "Too many questions are open: wait for answers first.");
    TRY(store_id(db, ID_COUNTY(d->m->id), &id));
    d->m->asks_open++;
    return store_exec(
        db,
        "INSERT INTO matter_ask (id, county, matter, kind, reason, text, span, part, party, unit, "
        "account, asked_at, due_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(d->m->id), A_TEXT(str_of(q->kind)),
             A_TEXT(in->reason), A_TEXT(S_words(d)), A_TEXT(in->within), A_ID(q->part),
             A_ID(q->party), A_INT(q->unit), A_ID(d->by ? d->by->account : 0), A_INT(db->now),
             A_INT(q->due_at)),
        NULL);
}

/* A question for the tier above; the topmost asks itself, so that the answer is on record. */
static enum err S_ask_above(struct store *db, struct doing *d, const char *kind, int64_t part,
                            int64_t party)
{
    struct question q = {.kind = kind, .part = part, .party = party};
    enum tier tier;
    (void)matter_above(d->m, &q.unit, &tier);
    q.due_at = limit_end(db->world->calendar, &d->pack->hours, db->now,
                         (struct limit){LIMIT_WORK_DAYS, ASK_DAYS}, NULL);
    return S_ask(db, d, &q);
}

enum err ask_settle(struct store *db, struct doing *d, int64_t part, int64_t party)
{
    return S_ask_above(db, d, "settle", part, party);
}

/* ---- clocks ---- */

static bool S_working(const struct doing *d)
{
    const struct pack_step *limit = kind_limit(d->kind, d->stage);
    return limit &&
           (limit->within[0].unit == LIMIT_WORK_DAYS || limit->within[0].unit == LIMIT_WORK_HOURS);
}

static void S_pause(const struct store *db, struct doing *d, struct str reason, struct limit span)
{
    const struct calendar *c = db->world->calendar;
    struct matter *m = d->m;
    int64_t left = S_working(d) ? workday_minutes(c, &d->pack->hours, db->now, m->due_at) * 60000
                                : m->due_at - db->now;
    m->left_ms = left > 0 ? left : 0;
    m->paused_at = db->now;
    m->pause_reason = reason.p ? reason : S("other");
    m->due_at = NO_DUE;
    m->warn_at = 0;
    m->auto_at = limit_end(c, &d->pack->hours, db->now, span, NULL);
}

enum err clock_resume(struct store *db, struct doing *d)
{
    struct matter *m = d->m;
    int64_t stood = db->now - m->paused_at;
    m->due_at = S_working(d)
                    ? workday_after(db->world->calendar, &d->pack->hours, db->now, m->left_ms)
                    : db->now + m->left_ms;
    m->paused_ms += stood;
    m->paused_at = 0;
    m->pause_reason = NO_STR;
    m->left_ms = NO_INT;
    matter_timer(db, d->pack, d->kind, m);
    return parts_resume(db, m, stood);
}

static void S_extend(const struct store *db, struct doing *d, struct limit span)
{
    bool provisional = false;
    d->m->due_at =
        limit_end(db->world->calendar, &d->pack->hours, d->m->due_at, span, &provisional);
    d->m->provisional = d->m->provisional == YES || provisional ? YES : NO;
    d->m->extensions++;
    matter_timer(db, d->pack, d->kind, d->m);
}

/* ---- extend, pause, supervise ---- */

static enum err S_reason(struct store *db, const struct doing *d)
{
    const struct pack_stay *stay = d->stay;
    struct buf all = buf_new(4096);
    for (size_t i = 0; i < stay->reason_count; i++) {
        if (str_eq(stay->reasons[i].reason, d->in->reason)) {
            buf_free(&all);
            return OK;
        }
        buf_put(&all, i ? S(" | ") : S(""));
        buf_put(&all, stay->reasons[i].reason);
    }
    struct str allowed = arena_str(db->arena, all.n ? buf_str(&all) : S(""));
    buf_free(&all);
    if (!stay->reason_count && !d->in->reason.p)
        return OK;
    return problem_add(db->problem, ERR_INVALID,
                       (struct fault){.field = S("/reason"),
                                      .code = d->in->reason.p ? S("unknown") : S("required"),
                                      .zh = S("请从本方案列出的理由中选一个。"),
                                      .en = S("Choose one of the reasons that the pack declares."),
                                      .allowed = allowed});
}

/* How long: asked for within what the flow allows at once. */
static enum err S_span(struct store *db, const struct doing *d, struct limit *ret)
{
    if (!d->in->within.p)
        return store_fault(db, ERR_INVALID, "/within", "required", "请写要多久，如 3 work days。",
                           "Say how long, as in 3 work days.");
    if (limit_parse(d->in->within, ret) && limit_at_most(&d->pack->hours, *ret, d->stay->most))
        return OK;
    return store_fault(db, ERR_INVALID, "/within", "too_long", "超过了本方案一次允许的时间。",
                       "That is more than the pack allows at once.");
}

static enum err S_times(struct store *db, const struct doing *d)
{
    int64_t asked = 0;
    const char *kind = act_names[d->act];
    TRY(store_int(db,
                  "SELECT count(*) FROM matter_ask WHERE matter = $1 AND kind = $2 "
                  "AND (answered_at IS NULL OR granted = 1)",
                  ARGS(A_INT(d->m->id), A_TEXT(str_of(kind))), &asked));
    if (d->stay->times == 0 || asked < d->stay->times)
        return OK;
    return store_fault(db, ERR_CONFLICT, "/act", "times", "这件事已经用完了允许的次数。",
                       "That has been done as often as the pack allows.");
}

enum err ask_pending(struct store *db, const struct matter *m, const char *kind)
{
    struct list open;
    TRY(S_open(db, m, &open));
    const struct ask_row *ask = open.items;
    for (size_t i = 0; i < open.n; i++) {
        if (!ask[i].part && str_eq(ask[i].kind, str_of(kind)))
            return store_fault(db, ERR_CONFLICT, "/act", "pending", "已经提出，正等上一级答复。",
                               "It has been asked for: the tier above has yet to answer.");
    }
    return OK;
}

static enum err S_clock_runs(struct store *db, const struct doing *d)
{
    if (d->m->paused_at)
        return store_fault(db, ERR_CONFLICT, "/act", "paused", "已经暂停计时。",
                           "Its clock is standing already.");
    if (d->m->due_at == NO_DUE)
        return store_fault(db, ERR_CONFLICT, "/act", "no_limit", "现在没有在走的时限。",
                           "No limit is running now.");
    return OK;
}

/* Applied at once where nobody must approve; a row says all the same that it was asked for. */
static enum err S_at_once(struct store *db, struct doing *d, struct limit span)
{
    int64_t id = 0;
    TRY(store_id(db, ID_COUNTY(d->m->id), &id));
    if (d->act == ACT_PAUSE)
        S_pause(db, d, d->in->reason, span);
    else
        S_extend(db, d, span);
    return store_exec(
        db,
        "INSERT INTO matter_ask (id, county, matter, kind, reason, text, span, unit, account, "
        "asked_at, due_at, answered_at, granted) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, 1)",
        ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(d->m->id), A_TEXT(str_of(act_names[d->act])),
             A_TEXT(d->in->reason), A_TEXT(S_words(d)), A_TEXT(d->in->within), A_INT(d->m->charge),
             A_ID(d->by->account), A_INT(db->now)),
        NULL);
}

static enum err S_supervise(struct store *db, struct doing *d)
{
    struct limit within = d->stay->within;
    if (!d->in->text.p || !str_trim(d->in->text).n)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写明督办要求。",
                           "Say what is to be answered.");
    if (d->in->within.p && !limit_parse(d->in->within, &within))
        return ERR_INVALID;
    struct question q = {.kind = "supervise", .unit = d->m->charge};
    struct matter_act said = *d->in;
    q.due_at = limit_end(db->world->calendar, &d->pack->hours, db->now, within, NULL);
    TRY(S_ask(db, d, &q));
    said.public = NO; /* between offices */
    d->in = &said;
    return doing_save(db, d);
}

enum err ask_stay(struct store *db, struct doing *d)
{
    struct limit span = {0};
    if (d->act == ACT_SUPERVISE)
        return S_supervise(db, d);
    TRY(S_clock_runs(db, d));
    TRY(S_reason(db, d));
    TRY(S_span(db, d, &span));
    TRY(ask_pending(db, d->m, act_names[d->act]));
    TRY(S_times(db, d));
    TRY(d->stay->above ? S_ask_above(db, d, act_names[d->act], 0, 0) : S_at_once(db, d, span));
    return doing_save(db, d);
}

/* ---- resuming ---- */

enum err may_resume(struct store *db, struct doing *d, bool *ret)
{
    bool wrong_side = false;
    (void)db;
    *ret = false;
    for (size_t i = 0; d->m->paused_at && i < d->by->n && !*ret; i++) {
        if (!d->by->admitted[i])
            continue;
        d->hat = &d->by->hats[i];
        d->sides = matter_sides(d->by, d->hat, d->m);
        *ret = (d->sides & (SIDE_UNIT | SIDE_ABOVE)) ||
               kind_stay(d->kind, ACT_PAUSE, d->stage, d->sides, &wrong_side);
    }
    return OK;
}

enum err ask_resume(struct store *db, struct doing *d)
{
    bool may = false;
    TRY(may_resume(db, d, &may));
    if (!may)
        return store_fault(db, d->m->paused_at ? ERR_FORBIDDEN : ERR_CONFLICT, "/act",
                           d->m->paused_at ? "side" : "stage",
                           d->m->paused_at ? "要由能暂停的人来恢复。" : "现在没有暂停。",
                           d->m->paused_at ? "Who may pause may resume."
                                           : "Its clock is not standing.");
    TRY(clock_resume(db, d));
    return doing_save(db, d);
}

/* ---- answering ---- */

static enum tier S_tier_of(const struct matter *m, int64_t unit)
{
    return unit == m->community ? TIER_COMMUNITY : unit == m->street ? TIER_STREET : TIER_DISTRICT;
}

static bool S_answers(struct doing *d, const struct ask_row *ask)
{
    bool supervised = str_eq(ask->kind, S("supervise"));
    for (size_t i = 0; i < d->by->n; i++) {
        const struct hat *h = &d->by->hats[i];
        if (!d->by->admitted[i])
            continue;
        unsigned sides = matter_sides(d->by, h, d->m);
        bool may = supervised ? (sides & (SIDE_UNIT | SIDE_HANDLER)) != 0
                              : hat_manages(h, d->m, S_tier_of(d->m, ask->unit));
        if (may) {
            d->hat = h;
            d->sides = supervised ? sides : SIDE_ABOVE;
            return true;
        }
    }
    return false;
}

enum err may_answer(struct store *db, struct doing *d, bool *ret)
{
    struct list open;
    TRY(S_open(db, d->m, &open));
    const struct ask_row *ask = open.items;
    *ret = false;
    for (size_t i = 0; i < open.n && !*ret; i++)
        *ret = S_answers(d, &ask[i]);
    return OK;
}

static enum err S_find(struct store *db, struct doing *d, struct ask_row *ret)
{
    struct list open;
    if (!d->in->ask)
        return store_fault(db, ERR_INVALID, "/ask", "required", "请指明答复的是哪一条。",
                           "Say which question you answer.");
    TRY(S_open(db, d->m, &open));
    const struct ask_row *ask = open.items;
    for (size_t i = 0; i < open.n; i++) {
        if (ask[i].id != d->in->ask)
            continue;
        *ret = ask[i];
        return S_answers(d, ret) ? OK
                                 : store_fault(db, ERR_FORBIDDEN, "/act", "side",
                                               "这一条要由被问的单位或它的上级答复。",
                                               "The unit that was asked answers, or one above it.");
    }
    return store_fault(db, ERR_INVALID, "/ask", "unknown", "没有这一条，或已经答复过了。",
                       "There is no such open question.");
}

/* What an answer must say. */
static enum err S_answer_needs(struct store *db, const struct doing *d, const struct ask_row *ask)
{
    bool settle = str_eq(ask->kind, S("settle")), supervised = str_eq(ask->kind, S("supervise"));
    bool text = d->in->text.p && str_trim(d->in->text).n;
    if (settle && !d->in->to)
        return store_fault(db, ERR_INVALID, "/to", "required", "请定下由谁办。",
                           "Say who is to do it.");
    if (!settle && d->in->to)
        return store_fault(db, ERR_INVALID, "/to", "not_allowed", "这一条不用填派给谁。",
                           "This answer takes no party.");
    if (!settle && !supervised && d->in->granted == UNSET)
        return store_fault(db, ERR_INVALID, "/granted", "required", "请说明同意还是不同意。",
                           "Say whether it is granted.");
    if (!text && (supervised || (!settle && d->in->granted == NO)))
        return store_fault(db, ERR_INVALID, "/text", "required", "请写明答复或不同意的原因。",
                           "Give the answer, or the reason why not.");
    return OK;
}

static enum err S_settled(struct store *db, struct doing *d, const struct ask_row *ask)
{
    struct str name;
    TRY(party_known(db, d->m, d->in->to, "/to", &name));
    if (ask->part)
        return part_settle(db, d->m, ask->part, d->in->to);
    d->m->settled = YES;
    return matter_send(db, d->m, d->in->to);
}

static enum err S_answered(struct store *db, struct doing *d, const struct ask_row *ask)
{
    struct limit span = {0};
    bool granted = d->in->granted == YES && limit_parse(ask->span, &span);
    if (str_eq(ask->kind, S("settle")))
        return S_settled(db, d, ask);
    if (str_eq(ask->kind, S("pause")) && granted)
        S_pause(db, d, ask->reason, span);
    if (str_eq(ask->kind, S("extend")) && granted)
        S_extend(db, d, span);
    return OK;
}

enum err ask_answer(struct store *db, struct doing *d)
{
    struct matter_act said = *d->in;
    struct ask_row ask;
    TRY(S_find(db, d, &ask));
    TRY(S_answer_needs(db, d, &ask));
    bool clock = str_eq(ask.kind, S("pause")) || str_eq(ask.kind, S("extend"));
    if (clock && d->in->granted == YES)
        TRY(S_clock_runs(db, d));
    TRY(S_answered(db, d, &ask));
    d->m->asks_open--;
    TRY(store_exec(db,
                   "UPDATE matter_ask SET answered_at = $2, answered_by = $3, granted = $4, "
                   "answer = $5 WHERE id = $1",
                   ARGS(A_INT(ask.id), A_INT(db->now), A_ID(d->by->account), A_TRI(d->in->granted),
                        A_TEXT(S_words(d))),
                   NULL));
    /* The timeline tells what was answered, not only that. */
    said.reason = ask.kind;
    said.within = ask.span;
    said.public = str_eq(ask.kind, S("supervise")) ? NO : said.public;
    d->in = &said;
    return doing_save(db, d);
}

/* ---- what a move does to open questions ---- */

enum err asks_overtaken(struct store *db, struct matter *m)
{
    int64_t ended = 0;
    if (!m->asks_open)
        return OK;
    TRY(store_exec(db,
                   "UPDATE matter_ask SET answered_at = $2, granted = 0 WHERE matter = $1 "
                   "AND answered_at IS NULL AND (kind <> 'supervise' OR $3 = 0) "
                   "AND part IS NULL",
                   ARGS(A_INT(m->id), A_INT(db->now), A_INT(m->open == YES)), &ended));
    m->asks_open -= ended;
    return m->asks_open ? store_exec(db,
                                     "UPDATE matter_ask SET unit = $2 WHERE matter = $1 "
                                     "AND answered_at IS NULL AND kind = 'supervise'",
                                     ARGS(A_INT(m->id), A_INT(m->charge)), NULL)
                        : OK;
}

enum err asks_answered(struct store *db, const struct matter *m)
{
    struct list open;
    TRY(S_open(db, m, &open));
    const struct ask_row *ask = open.items;
    for (size_t i = 0; i < open.n; i++) {
        if (str_eq(ask[i].kind, S("supervise")))
            return store_fault(db, ERR_CONFLICT, "/act", "supervised",
                               "上一级正在督办：先答复督办。",
                               "The tier above waits for an answer: give it first.");
    }
    return OK;
}
