/* The timeline. Colleagues see who did what; who asked, and who judged, is told to nobody. Internal
 * comments are for the units, and for who wrote them: a firm sees what was sent to it, not what was
 * said. A resident sees the steps, and no other resident's words. Who follows a lead sees the
 * lead's steps since then beside their own. What households confirm is counted, not listed. */
#include "domain/matter/matter_many.h"

enum { LIMIT_MAX = 100 };

struct event {
    int64_t seq, at;
    struct str act, side, role, by_name, from_stage, to_stage, text, party_name, reason, span;
    enum tri public, solved, granted;
    int64_t score;
    int64_t account, matter; /* never sent */
    struct str sealed;
};
static const struct field event_fields[] = {
    F_INT(struct event, seq, .required = true, .doc = "Order of events."),
    F_TIME(struct event, at, .required = true, .doc = "When."),
    F_TEXT(struct event, act, .required = true, .codes = act_names, .doc = "What was done."),
    F_TEXT(struct event, side, .required = true,
           .doc = "On which side: requester, resident, anyone, worker, hotline, unit, handler, "
                  "above, time."),
    F_TEXT(struct event, role, .doc = "Role it was done under."),
    F_TEXT(struct event, by_name, .doc = "Who, for colleagues; never who asked or rated."),
    F_TEXT(struct event, from_stage, .doc = "Stage before."),
    F_TEXT(struct event, to_stage, .required = true, .doc = "Stage after."),
    F_TEXT(struct event, text, .lines = true, .doc = "Reason, result, comment or words."),
    F_TEXT(struct event, party_name, .doc = "Party it was sent to."),
    F_TEXT(struct event, reason, .doc = "Why, from the pack; of an answer, what was asked."),
    F_TEXT(struct event, span, .doc = "How long was asked for, or is given."),
    F_BOOL(struct event, granted, .doc = "What the answer was."),
    F_BOOL(struct event, public, .required = true, .doc = "Shown to the requester."),
    F_BOOL(struct event, solved, .doc = "The requester's word."),
    F_INT(struct event, score, .doc = "The requester's score."),
};
const struct entity matter_event_entity = ENTITY(struct event, "MatterEvent", event_fields);

static const struct field stored_fields[] = {
    F_INT(struct event, seq),         F_TIME(struct event, at),       F_TEXT(struct event, act),
    F_TEXT(struct event, side),       F_TEXT(struct event, role),     F_TEXT(struct event, by_name),
    F_TEXT(struct event, from_stage), F_TEXT(struct event, to_stage), F_TEXT(struct event, text),
    F_TEXT(struct event, party_name), F_BOOL(struct event, public),   F_BOOL(struct event, solved),
    F_INT(struct event, score),       F_ID(struct event, account),    F_ID(struct event, matter),
    F_TEXT(struct event, reason),     F_TEXT(struct event, span),     F_BOOL(struct event, granted),
    F_TEXT(struct event, sealed)};
static const struct entity stored_entity = ENTITY(struct event, "MatterEventStored", stored_fields);

static const struct field event_query_fields[] = {
    F_ID(struct event_query, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_INT(struct event_query, after, .from = IN_QUERY, .min = 0, .max = INT64_MAX,
          .doc = "Events after this seq."),
    F_INT(struct event_query, limit, .from = IN_QUERY, .min = 1, .max = LIMIT_MAX,
          .doc = "Rows a page; default 100."),
};
const struct entity event_query_entity =
    ENTITY(struct event_query, "MatterEventQuery", event_query_fields);

#define EVENTS                                                                                     \
    "SELECT e.seq, e.at, e.act, e.side, e.role, a.name AS by_name, e.from_stage, e.to_stage, "     \
    "e.text, p.name AS party_name, e.public, e.solved, e.score, e.account, e.matter, e.sealed, "   \
    "e.reason, e.span, e.granted "                                                                 \
    "FROM matter_event e LEFT JOIN party p ON p.id = e.party "                                     \
    "LEFT JOIN account a ON a.id = e.account AND $5 = 1 "                                          \
    "AND e.side NOT IN ('requester', 'resident', 'anyone') WHERE "
#define OF_ONE                                                                                     \
    "e.matter = $1 AND e.seq > $2 AND e.act <> 'confirm' "                                         \
    "AND ($3 = 1 OR e.public = 1 OR e.account = $6) "

/* The steps of the lead since this report follows it, among its own. Each half is a short walk
 * along the index of events; the rows are few. */
static enum err S_with_lead(struct store *db, const struct matter *m, const struct arg base[6],
                            struct list *ret)
{
    int64_t since = 0;
    TRY(merged_since(db, m->id, &since));
    return store_all(db,
                     EVENTS
                     "e.seq IN (SELECT own.seq FROM matter_event own WHERE own.matter = $1 "
                     "AND own.seq > $2 AND ($3 = 1 OR own.public = 1 OR own.account = $6) "
                     "UNION ALL SELECT lead.seq FROM matter_event lead WHERE lead.matter = $7 "
                     "AND lead.seq > $2 AND lead.seq > $8 AND lead.public = 1 "
                     "AND lead.act NOT IN ('confirm', 'join', 'affect')) ORDER BY e.seq LIMIT $4",
                     ARGS(base[0], base[1], base[2], base[3], base[4], base[5],
                          A_INT(m->merged_into), A_INT(since)),
                     &stored_entity, LIMIT_MAX + 1, ret);
}

static bool S_residents(struct str side)
{
    return str_eq(side, S("requester")) || str_eq(side, S("resident")) || str_eq(side, S("anyone"));
}

/* What of it is not for these eyes, and what is sealed. */
static enum err S_shade(struct store *db, const struct actor *by, const struct matter *m,
                        enum eye eye, struct event *e)
{
    bool foreign = eye == EYE_AFFECTED ||
                   (eye == EYE_REQUESTER && (e->matter != m->id || str_eq(e->side, S("resident"))));
    bool own = e->account && e->account == by->account;
    if (e->sealed.p && (eye == EYE_STAFF || eye == EYE_REQUESTER))
        TRY(confidential_open_text(db, m, e->sealed, &e->text));
    if (foreign && S_residents(e->side) && !own) {
        e->text = NO_STR;
        e->solved = UNSET;
        e->score = NO_INT;
    }
    if (eye == EYE_NEUTRAL) {
        e->solved = UNSET;
        e->score = NO_INT;
    }
    return OK;
}

enum err matter_events(struct store *db, const struct actor *by, const struct event_query *q,
                       struct page *ret)
{
    const struct hat *hat = actor_hat(by);
    bool unit = hat && hat->kind == HAT_UNIT;
    bool staff = hat && hat->kind != HAT_SELF;
    int64_t limit = q->limit == NO_INT ? LIMIT_MAX : q->limit;
    struct matter m;
    TRY(matter_load(db, q->id, &m));
    const struct arg args[] = {A_INT(q->id),     A_INT(q->after == NO_INT ? 0 : q->after),
                               A_INT(unit),      A_INT(limit + 1),
                               A_INT(staff),     A_ID(by->account),
                               {.kind = ARG_END}};
    enum eye eye = matter_eye(by, &m);
    TRY(m.merged_into ? S_with_lead(db, &m, args, &ret->items)
                      : store_all(db, EVENTS OF_ONE "ORDER BY e.seq LIMIT $4", args, &stored_entity,
                                  LIMIT_MAX + 1, &ret->items));
    struct event *e = ret->items.items;
    if (ret->items.n > (size_t)limit) {
        ret->items.n = (size_t)limit;
        ret->next = arena_printf(db->arena, "%lld", (long long)e[limit - 1].seq);
    }
    for (size_t i = 0; i < ret->items.n; i++)
        TRY(S_shade(db, by, &m, eye, &e[i]));
    return OK;
}

/* ---- following them ---- */

enum err matter_cursor(struct store *db, struct str name, int64_t *ret)
{
    enum err err = store_int(db, "SELECT CAST(value AS INTEGER) FROM setting WHERE name = $1",
                             ARGS(A_TEXT(name)), ret);
    if (err == ERR_NOT_FOUND)
        *ret = 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err matter_cursor_move(struct store *db, struct str name, int64_t to)
{
    return store_exec(db,
                      "INSERT INTO setting (name, value) VALUES ($1, $2) "
                      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                      ARGS(A_TEXT(name), A_INT(to)), NULL);
}
