#include "domain/notice/notice.h"

#include "domain/notice/outbox.h"

enum { EVENTS_MOST = 40, DUE_MOST = 24, EACH_MOST = 12, NOTICES_MOST = 80, PURGE_MOST = 32 };
static const int64_t news_ms = 3 * (int64_t)86400000; /* what is older is no news */
static const int64_t kept_ms = 180 * (int64_t)86400000;
static const int64_t soon_ms = 24 * (int64_t)3600000;  /* before it is due … */
static const int64_t short_ms = 36 * (int64_t)3600000; /* … unless there was no more time anyway */

const char *const channel_names[] = {"in_app", "sms", "wechat", "call", "slip", NULL};

static const struct field event_fields[] = {
    F_INT(struct notice_event, seq),      F_TIME(struct notice_event, at),
    F_ID(struct notice_event, matter),    F_ID(struct notice_event, account),
    F_ID(struct notice_event, party),     F_TEXT(struct notice_event, act),
    F_TEXT(struct notice_event, side),    F_BOOL(struct notice_event, public),
    F_BOOL(struct notice_event, contact), F_ID(struct notice_event, requester),
    F_ID(struct notice_event, charge),    F_ID(struct notice_event, holder),
    F_TIME(struct notice_event, due_at),  F_ID(struct notice_event, district),
    F_ID(struct notice_event, street),    F_ID(struct notice_event, community),
    F_ID(struct notice_event, grid),      F_INT(struct notice_event, span)};
static const struct entity event_entity = ENTITY(struct notice_event, "NoticeEvent", event_fields);

/* ---- whom ---- */

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "NoticeId", id_fields);

struct circle {
    struct recipient *to;
    size_t n;
    int64_t doer; /* account of who did it */
};

static void S_add(struct circle *c, int64_t account, int64_t person, bool asked)
{
    if (c->n == RECIPIENTS_MAX || (account && account == c->doer))
        return;
    for (size_t i = 0; i < c->n; i++) {
        if (c->to[i].account == account && (account || c->to[i].person == person))
            return;
    }
    c->to[c->n++] = (struct recipient){account, person, asked};
}

/* A person: the accounts they sign in with; without any, the person. */
static enum err S_person(struct store *db, struct circle *c, int64_t person)
{
    struct list found;
    if (!person)
        return OK;
    TRY(store_all(db,
                  "SELECT id FROM account WHERE person = $1 AND disabled_at IS NULL "
                  "ORDER BY id LIMIT $2",
                  ARGS(A_INT(person), A_INT(EACH_MOST)), &id_entity, EACH_MOST, &found));
    const struct id_row *row = found.items;
    for (size_t i = 0; i < found.n; i++)
        S_add(c, row[i].id, person, true);
    if (!found.n)
        S_add(c, 0, person, true);
    return OK;
}

static enum err S_accounts(struct store *db, struct circle *c, const char *sql, int64_t of)
{
    struct list found;
    TRY(store_all(db, sql, ARGS(A_INT(of), A_INT(db->now), A_INT(EACH_MOST)), &id_entity, EACH_MOST,
                  &found));
    const struct id_row *row = found.items;
    for (size_t i = 0; i < found.n; i++)
        S_add(c, row[i].id, 0, false);
    return OK;
}

enum err notice_recipients(struct store *db, const struct notice_event *e, struct list *ret)
{
    static const char party[] =
        "SELECT DISTINCT h.account AS id FROM hat h JOIN account a ON a.id = h.account "
        "WHERE h.party = $1 AND (h.until IS NULL OR h.until > $2) AND a.disabled_at IS NULL "
        "ORDER BY h.account LIMIT $3";
    static const char unit[] =
        "SELECT DISTINCT h.account AS id FROM hat h JOIN account a ON a.id = h.account "
        "WHERE h.unit = $1 AND h.role IN ('secretary', 'street', 'district') "
        "AND (h.until IS NULL OR h.until > $2) AND a.disabled_at IS NULL "
        "ORDER BY h.account LIMIT $3";
    static const char watching[] =
        "SELECT w.account AS id FROM matter_watch w JOIN account a ON a.id = w.account "
        "WHERE w.matter = $1 AND a.disabled_at IS NULL AND a.created_at <= $2 "
        "ORDER BY w.account LIMIT $3";
    const struct words *w = notice_words(e->act);
    struct circle c = {.to = arena_array(db->arena, RECIPIENTS_MAX, sizeof *c.to),
                       .doer = e->account};
    if (!c.to)
        return ERR_MEMORY;
    bool open = e->public != NO;
    /* Those whom a common matter affects join here: S_person for each. */
    if (open && w->asked_zh)
        TRY(S_person(db, &c, e->requester));
    if (open && w->asked_zh && !e->requester && e->contact == YES)
        S_add(&c, 0, 0, true);
    if (open && w->party)
        TRY(S_accounts(db, &c, party, e->party ? e->party : e->holder));
    if (open && w->unit)
        TRY(S_accounts(db, &c, unit, e->charge));
    if (open)
        TRY(S_accounts(db, &c, watching, e->matter));
    *ret = (struct list){c.to, c.n};
    return OK;
}

static const struct field preference_fields[] = {F_TEXT(struct preference, channel),
                                                 F_TEXT(struct preference, address),
                                                 F_TEXT(struct preference, key)};
static const struct entity preference_entity =
    ENTITY(struct preference, "PreferenceRow", preference_fields);

enum err preference_of(struct store *db, const struct recipient *to, struct preference *ret)
{
    int64_t phone = 0;
    *ret = (struct preference){.channel = S("sms")};
    if (!to->account && !to->person)
        return OK;
    enum err err =
        store_one(db, "SELECT channel, address, key FROM preference WHERE who = $1",
                  ARGS(A_INT(to->account ? to->account : to->person)), &preference_entity, ret);
    ret->chosen = err == OK;
    if (err != ERR_NOT_FOUND)
        return err;
    *ret = (struct preference){.channel = S("in_app")};
    if (to->account)
        return OK;
    err = store_int(db, "SELECT id FROM person WHERE id = $1 AND phone IS NOT NULL",
                    ARGS(A_INT(to->person)), &phone);
    ret->channel = err == OK ? S("sms") : S("call");
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- making them ---- */

static enum err S_make(struct store *db, const struct notice_event *e, const struct recipient *to)
{
    int64_t id = 0;
    TRY(store_id(db, ID_COUNTY(e->matter), &id));
    TRY(store_exec(db,
                   "INSERT INTO notice (id, county, account, person, matter, seq, at, act, asked, "
                   "due_at, unread) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_ID(to->account), A_ID(to->person),
                        A_INT(e->matter), A_INT(e->seq), A_INT(e->at), A_TEXT(e->act),
                        A_INT(to->asked), A_ID(e->due_at), A_INT(to->account != 0)),
                   NULL));
    return outbox_notice(db, e, to, id);
}

static enum err S_tell(struct store *db, struct notice_event *e, size_t *made)
{
    struct list to;
    if (e->at < db->now - news_ms)
        return OK; /* brought in from another system */
    if (e->due_at >= INT64_C(253402300799000))
        e->due_at = 0;
    TRY(outbox_webhooks(db, e));
    TRY(notice_recipients(db, e, &to));
    const struct recipient *one = to.items;
    for (size_t i = 0; i < to.n; i++)
        TRY(S_make(db, e, &one[i]));
    *made += to.n;
    return OK;
}

static enum err S_cursor(struct store *db, struct str name, int64_t *ret)
{
    enum err err = store_int(db, "SELECT CAST(value AS INTEGER) FROM setting WHERE name = $1",
                             ARGS(A_TEXT(name)), ret);
    if (err == ERR_NOT_FOUND)
        *ret = 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err S_move(struct store *db, struct str name, int64_t to)
{
    return store_exec(db,
                      "INSERT INTO setting (name, value) VALUES ($1, $2) "
                      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                      ARGS(A_TEXT(name), A_INT(to)), NULL);
}

#define OF_MATTER                                                                                  \
    "m.contact IS NOT NULL AS contact, m.requester, m.charge, m.party AS holder, m.due_at, "       \
    "m.district, m.street, m.community, "                                                          \
    "m.grid "

static enum err S_events(struct store *db)
{
    struct list rows;
    int64_t from = 0;
    TRY(S_cursor(db, S("notice_seq"), &from));
    TRY(store_all(db,
                  "SELECT e.seq, e.at, e.matter, e.account, e.party, e.act, e.side, "
                  "e.public, " OF_MATTER
                  "FROM matter_event e JOIN matter m ON m.id = e.matter WHERE e.seq > $1 "
                  "ORDER BY e.seq LIMIT $2",
                  ARGS(A_INT(from), A_INT(EVENTS_MOST)), &event_entity, EVENTS_MOST, &rows));
    struct notice_event *e = rows.items;
    size_t made = 0, done = 0;
    while (done < rows.n && made < NOTICES_MOST)
        TRY(S_tell(db, &e[done++], &made));
    return done ? S_move(db, S("notice_seq"), e[done - 1].seq) : OK;
}

/* What became overdue, or will be due within a day, since the one told last: in order of its time
 * and id, for many are due at the same minute. */
static enum err S_due(struct store *db, const char *sql, struct str at_name, struct str id_name,
                      struct str act, int64_t least, int64_t most)
{
    struct list rows;
    int64_t at = 0, id = 0;
    TRY(S_cursor(db, at_name, &at));
    TRY(S_cursor(db, id_name, &id));
    if (at < least) {
        at = least;
        id = 0;
    }
    TRY(store_all(db, sql, ARGS(A_INT(at), A_INT(id), A_INT(most), A_INT(DUE_MOST)), &event_entity,
                  DUE_MOST, &rows));
    struct notice_event *e = rows.items;
    size_t made = 0;
    if (!rows.n)
        return OK;
    for (size_t i = 0; i < rows.n && made < NOTICES_MOST; i++) {
        at = e[i].due_at;
        id = e[i].matter;
        e[i].act = act;
        e[i].at = db->now;
        e[i].seq = 0;
        if (e[i].span == NO_INT || e[i].span >= short_ms)
            TRY(S_tell(db, &e[i], &made));
    }
    TRY(S_move(db, at_name, at));
    return S_move(db, id_name, id);
}

#define DUE(span)                                                                                  \
    "SELECT m.id AS matter, " span " AS span, " OF_MATTER                                          \
    "FROM matter m WHERE m.open = 1 AND (m.due_at, m.id) > ($1, $2) AND m.due_at <= $3 "           \
    "ORDER BY m.due_at, m.id LIMIT $4"

/* How long a limit was is looked at after a few have been taken, and not asked of the index: what
 * does not qualify must not be walked over again each time. */
static enum err S_time(struct store *db)
{
    static const char overdue[] = DUE("NULL");
    static const char soon[] =
        DUE("m.due_at - (SELECT max(e.at) FROM matter_event e WHERE e.matter = m.id "
            "AND (e.from_stage IS NULL OR e.from_stage <> e.to_stage OR e.act = 'dispatch'))");
    TRY(S_due(db, overdue, S("notice_over_at"), S("notice_over_id"), S("overdue"),
              db->now - news_ms, db->now));
    return S_due(db, soon, S("notice_soon_at"), S("notice_soon_id"), S("due_soon"), db->now,
                 db->now + soon_ms);
}

/* Notices are no archive: the timeline is. What is on its way goes before what it is made of. */
static enum err S_purge(struct store *db)
{
    TRY(store_exec(db,
                   "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_at < $1 "
                   "ORDER BY created_at LIMIT $2)",
                   ARGS(A_INT(db->now - kept_ms), A_INT(PURGE_MOST)), NULL));
    return store_exec(db,
                      "DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE at < $1 "
                      "ORDER BY at LIMIT $2)",
                      ARGS(A_INT(db->now - kept_ms - news_ms), A_INT(PURGE_MOST)), NULL);
}

enum err notice_tick(struct store *db, void *unused)
{
    (void)unused;
    TRY(S_events(db));
    TRY(S_time(db));
    return S_purge(db);
}
