#include "domain/notice/notice.h"

#include "domain/matter/matter_many.h"
#include "domain/notice/outbox.h"

enum { EVENTS_MOST = 12, EACH_MOST = 12, HOUSES_MOST = 24, NOTICES_MOST = 48, PURGE_MOST = 32 };
static const int64_t news_ms = 3 * (int64_t)86400000; /* what is older is no news */
static const int64_t kept_ms = 180 * (int64_t)86400000;

const char *const channel_names[] = {"in_app", "sms", "wechat", "call", "slip", NULL};

static const struct field event_fields[] = {
    F_INT(struct notice_event, seq),      F_TIME(struct notice_event, at),
    F_ID(struct notice_event, matter),    F_ID(struct notice_event, account),
    F_ID(struct notice_event, party),     F_TEXT(struct notice_event, act),
    F_TEXT(struct notice_event, side),    F_BOOL(struct notice_event, public),
    F_BOOL(struct notice_event, granted), F_BOOL(struct notice_event, contact),
    F_ID(struct notice_event, requester), F_ID(struct notice_event, charge),
    F_ID(struct notice_event, holder),    F_ID(struct notice_event, handler),
    F_TIME(struct notice_event, due_at),  F_BOOL(struct notice_event, confidential),
    F_INT(struct notice_event, affected), F_INT(struct notice_event, asks_open),
    F_ID(struct notice_event, district),  F_ID(struct notice_event, street),
    F_ID(struct notice_event, community), F_ID(struct notice_event, grid)};
static const struct entity told_entity = ENTITY(struct notice_event, "NoticeEvent", event_fields);

/* ---- whom ---- */

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "NoticeId", id_fields);

struct circle {
    struct addressee *to;
    size_t n, room;
    int64_t doer; /* account of who did it */
    struct addressee like;
};

static struct circle S_circle(struct store *db, const struct notice_event *e, size_t room)
{
    return (struct circle){.to = arena_array(db->arena, room, sizeof(struct addressee)),
                           .room = room,
                           .doer = e->account,
                           .like = {.matter = e->matter}};
}

static void S_add(struct circle *c, int64_t account, int64_t person, bool asked)
{
    if (c->n == c->room || (account && account == c->doer))
        return;
    for (size_t i = 0; i < c->n; i++) {
        if (c->to[i].account == account && c->to[i].house == c->like.house &&
            (account || c->to[i].person == person))
            return;
    }
    c->to[c->n] = c->like;
    c->to[c->n].account = account;
    c->to[c->n].person = person;
    c->to[c->n++].asked = asked;
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

/* Those whom `which` finds of the matter: parties, or units; and the accounts of each. */
static enum err S_all_of(struct store *db, struct circle *c, const char *which,
                         const char *accounts, int64_t matter)
{
    struct list found;
    TRY(store_all(db, which, ARGS(A_INT(matter), A_INT(EACH_MOST)), &id_entity, EACH_MOST, &found));
    const struct id_row *row = found.items;
    for (size_t i = 0; i < found.n; i++)
        TRY(S_accounts(db, c, accounts, row[i].id));
    return OK;
}

static const char party_sql[] =
    "SELECT DISTINCT h.account AS id FROM hat h JOIN account a ON a.id = h.account "
    "WHERE h.party = $1 AND (h.until IS NULL OR h.until > $2) AND a.disabled_at IS NULL "
    "ORDER BY h.account LIMIT $3";
static const char unit_sql[] =
    "SELECT DISTINCT h.account AS id FROM hat h JOIN account a ON a.id = h.account "
    "WHERE h.unit = $1 AND h.role IN ('secretary', 'street', 'district') "
    "AND (h.until IS NULL OR h.until > $2) AND a.disabled_at IS NULL "
    "ORDER BY h.account LIMIT $3";

/* The glass of a confidential matter was broken: its handler, who asked, and the auditors of the
 * place are told at once. */
static enum err S_glass(struct store *db, struct circle *c, const struct notice_event *e)
{
    static const char auditors[] =
        "SELECT DISTINCT h.account AS id FROM glass g JOIN hat h ON h.unit IN (g.district, "
        "g.street) "
        "JOIN account a ON a.id = h.account WHERE g.matter = $1 AND h.role = 'auditor' "
        "AND (h.until IS NULL OR h.until > $2) AND a.disabled_at IS NULL ORDER BY h.account LIMIT "
        "$3";
    if (e->handler)
        S_add(c, e->handler, 0, false);
    TRY(S_person(db, c, e->requester));
    return S_accounts(db, c, auditors, e->matter);
}

/* Who works on it. */
static enum err S_at_work(struct store *db, struct circle *c, const struct notice_event *e,
                          const struct words *w)
{
    static const char parts[] = "SELECT party AS id FROM matter_part WHERE matter = $1 "
                                "AND state = 'open' ORDER BY id LIMIT $2";
    static const char asked[] = "SELECT DISTINCT unit AS id FROM matter_ask WHERE matter = $1 "
                                "AND answered_at IS NULL ORDER BY unit LIMIT $2";
    if (w->party && e->confidential == YES && e->handler)
        S_add(c, e->handler, 0, false);
    else if (w->party)
        TRY(S_accounts(db, c, party_sql, e->party ? e->party : e->holder));
    if (str_eq(e->act, S("whistle")))
        TRY(S_all_of(db, c, parts, party_sql, e->matter));
    if (w->unit)
        TRY(S_accounts(db, c, unit_sql, e->charge));
    return w->asks && e->asks_open ? S_all_of(db, c, asked, unit_sql, e->matter) : OK;
}

/* More time and a pause are told to who asked when they are so, not when they are asked for. */
static bool S_for_who_asked(const struct notice_event *e, const struct words *w)
{
    if (e->public == NO || !w->asked_zh)
        return false;
    if (str_eq(e->act, S("answer")))
        return e->granted == YES;
    return !(str_eq(e->act, S("extend")) || str_eq(e->act, S("pause"))) || !e->asks_open;
}

enum err notice_addressees(struct store *db, const struct notice_event *e, struct list *ret)
{
    static const char watching[] =
        "SELECT w.account AS id FROM matter_watch w JOIN account a ON a.id = w.account "
        "WHERE w.matter = $1 AND a.disabled_at IS NULL AND a.created_at <= $2 "
        "ORDER BY w.account LIMIT $3";
    const struct words *w = notice_words(e->act);
    struct circle c = S_circle(db, e, ADDRESSEES_MAX);
    if (!c.to)
        return ERR_MEMORY;
    if (str_eq(e->act, S("glass"))) {
        TRY(S_glass(db, &c, e));
    } else if (S_for_who_asked(e, w)) {
        TRY(S_person(db, &c, e->requester));
        if (!e->requester && e->contact == YES)
            S_add(&c, 0, 0, true);
    }
    if (e->public != NO || w->inside)
        TRY(S_at_work(db, &c, e, w));
    if (e->public != NO && e->confidential != YES)
        TRY(S_accounts(db, &c, watching, e->matter));
    *ret = (struct list){c.to, c.n};
    return OK;
}

struct door {
    struct str label;
    enum tri contact;
};
static const struct field door_fields[] = {F_TEXT(struct door, label),
                                           F_BOOL(struct door, contact)};
static const struct entity door_entity = ENTITY(struct door, "NoticeDoor", door_fields);

/* Nobody on record: whoever left a number with a report that follows, else the door itself. */
static enum err S_door(struct store *db, struct circle *c, const struct notice_event *e,
                       const struct recipient *r)
{
    struct door door;
    TRY(store_one(db,
                  "SELECT a.label, j.contact IS NOT NULL AS contact FROM matter_household a "
                  "LEFT JOIN matter j ON j.id = a.joined WHERE a.matter = $1 AND a.seq = $2",
                  ARGS(A_INT(e->matter), A_INT(r->seq)), &door_entity, &door));
    if (r->matter == e->matter)
        c->like.label = door.label;
    if (r->matter == e->matter || door.contact == YES)
        S_add(c, 0, 0, true);
    c->like.label = NO_STR;
    return OK;
}

enum err notice_households(struct store *db, const struct notice_event *e, int64_t after,
                           int64_t most, struct list *ret)
{
    struct list found;
    struct circle c = S_circle(db, e, (size_t)most * EACH_MOST);
    if (!c.to)
        return ERR_MEMORY;
    TRY(matter_recipients(db, e->matter, after, most, &found));
    const struct recipient *r = found.items;
    for (size_t i = 0; i < found.n; i++) {
        /* What was before a household came is not news to it: events are read a little later. */
        if (r[i].added_at > e->at)
            continue;
        c.like.house = r[i].seq;
        c.like.matter = r[i].matter;
        /* Who asked is told as that, and not once more as a household. */
        if (r[i].person && r[i].person == e->requester)
            continue;
        if (r[i].person)
            TRY(S_person(db, &c, r[i].person));
        else
            TRY(S_door(db, &c, e, &r[i]));
    }
    *ret = (struct list){c.to, c.n};
    return OK;
}

static const struct field preference_fields[] = {F_TEXT(struct preference, channel),
                                                 F_TEXT(struct preference, address),
                                                 F_TEXT(struct preference, key)};
static const struct entity preference_entity =
    ENTITY(struct preference, "PreferenceRow", preference_fields);

enum err preference_of(struct store *db, const struct addressee *to, struct preference *ret)
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

static enum err S_make(struct store *db, const struct notice_event *e, const struct addressee *to)
{
    int64_t id = 0;
    TRY(store_id(db, ID_COUNTY(e->matter), &id));
    TRY(store_exec(db,
                   "INSERT INTO notice (id, county, account, person, matter, seq, at, act, asked, "
                   "due_at, unread, house) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_ID(to->account), A_ID(to->person),
                        A_INT(to->matter), A_INT(e->seq), A_INT(e->at), A_TEXT(e->act),
                        A_INT(to->asked), A_ID(e->due_at), A_INT(to->account != 0),
                        A_ID(to->house)),
                   NULL));
    return outbox_notice(db, e, to, id);
}

static enum err S_make_all(struct store *db, const struct notice_event *e, const struct list *to)
{
    const struct addressee *one = to->items;
    for (size_t i = 0; i < to->n; i++)
        TRY(S_make(db, e, &one[i]));
    return OK;
}

/* How far the reader is: behind an event, or within the next one's households. */
enum { HOUSES_LEFT = -1 }; /* within an event, before its first household */
struct reader {
    int64_t seq, house;
    size_t made;
};

/* One event, as far as this tick's share goes; r->house stays when households are left. */
static enum err S_tell(struct store *db, struct notice_event *e, struct reader *r)
{
    struct list to;
    bool houses = e->affected && S_for_who_asked(e, notice_words(e->act));
    if (e->due_at >= NO_DUE)
        e->due_at = 0;
    if (!r->house) {
        TRY(outbox_webhooks(db, e));
        TRY(notice_addressees(db, e, &to));
        TRY(S_make_all(db, e, &to));
        r->made += to.n;
    }
    int64_t after = r->house == HOUSES_LEFT ? 0 : r->house;
    while (houses && r->made < NOTICES_MOST) {
        struct list page;
        TRY(notice_households(db, e, after, HOUSES_MOST, &to));
        TRY(S_make_all(db, e, &to));
        r->made += HOUSES_MOST;
        TRY(matter_recipients(db, e->matter, after, HOUSES_MOST, &page));
        if (page.n < HOUSES_MOST) {
            r->house = 0;
            return OK;
        }
        after = r->house = ((const struct recipient *)page.items)[page.n - 1].seq;
    }
    /* The share ran out before the first page: the households come with the next tick. */
    if (houses && !r->house)
        r->house = HOUSES_LEFT;
    return OK;
}

static enum err S_events(struct store *db, bool *more)
{
    struct list rows;
    struct reader r = {0};
    TRY(matter_cursor(db, S("notice_seq"), &r.seq));
    TRY(matter_cursor(db, S("notice_house"), &r.house));
    TRY(store_all(
        db,
        "SELECT e.seq, e.at, e.matter, e.account, e.party, e.act, e.side, e.public, "
        "e.granted, m.contact IS NOT NULL AS contact, m.requester, m.charge, "
        "m.party AS holder, m.handler, m.due_at, m.confidential, m.affected, m.asks_open, "
        "m.district, m.street, m.community, m.grid "
        "FROM matter_event e JOIN matter m ON m.id = e.matter WHERE e.seq > $1 "
        "ORDER BY e.seq LIMIT $2",
        ARGS(A_INT(r.seq), A_INT(EVENTS_MOST)), &told_entity, EVENTS_MOST, &rows));
    struct notice_event *e = rows.items;
    int64_t seq = r.seq, house = r.house;
    for (size_t i = 0; i < rows.n && r.made < NOTICES_MOST; i++) {
        if (e[i].at >= db->now - news_ms) /* else brought in from another system */
            TRY(S_tell(db, &e[i], &r));
        if (r.house)
            break;
        r.seq = e[i].seq;
    }
    *more = rows.n && (r.seq != e[rows.n - 1].seq || rows.n == EVENTS_MOST);
    if (r.house != house)
        TRY(matter_cursor_move(db, S("notice_house"), r.house));
    return r.seq != seq ? matter_cursor_move(db, S("notice_seq"), r.seq) : OK;
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

enum err notice_tick(struct store *db, void *more)
{
    bool left = false;
    TRY(S_events(db, &left));
    if (more)
        *(bool *)more = left;
    return S_purge(db);
}
