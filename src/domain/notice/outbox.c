#include "domain/notice/outbox.h"

#include <sodium.h>

/* ---- in ---- */

struct place_row {
    int64_t district, street, community, grid;
};
static const struct field place_fields[] = {
    F_ID(struct place_row, district), F_ID(struct place_row, street),
    F_ID(struct place_row, community), F_ID(struct place_row, grid)};
static const struct entity place_entity = ENTITY(struct place_row, "OutboxPlace", place_fields);

struct entry {
    const char *channel, *why;
    int64_t notice, webhook, account, person, matter, seq;
    struct str label; /* a door, when nobody there is on record */
    bool machine;     /* for a worker; else for a person to see to */
};

struct waiting {
    int64_t id, notice;
};
static const struct field waiting_fields[] = {F_ID(struct waiting, id),
                                              F_ID(struct waiting, notice)};
static const struct entity waiting_entity = ENTITY(struct waiting, "OutboxWaiting", waiting_fields);

/* What somebody is to say or bring in person is said once, as it stands by then: a newer word takes
 * the place of the one that still waits. ERR_NOT_FOUND: none does. */
static enum err S_renew(struct store *db, const struct entry *o)
{
    struct waiting w;
    TRY(store_one(
        db,
        "SELECT id, notice FROM outbox WHERE matter = $1 AND label IS NOT DISTINCT FROM $2 "
        "AND person IS NOT DISTINCT FROM $3 AND state = 'waiting' AND next_at IS NULL LIMIT 1",
        ARGS(A_INT(o->matter), A_TEXT(o->label), A_ID(o->person)), &waiting_entity, &w));
    if (w.notice >= o->notice)
        return OK;
    return store_exec(
        db, "UPDATE outbox SET channel = $2, why = $3, notice = $4, seq = $5 WHERE id = $1",
        ARGS(A_INT(w.id), A_TEXT(str_of(o->channel)), A_TEXT(str_of(o->why)), A_INT(o->notice),
             A_INT(o->seq)),
        NULL);
}

static enum err S_put(struct store *db, const struct entry *o)
{
    struct place_row at = {0};
    int64_t id = 0;
    enum err err = o->machine ? ERR_NOT_FOUND : S_renew(db, o);
    if (err != ERR_NOT_FOUND)
        return err;
    err = o->person
              ? store_one(db, "SELECT district, street, community, grid FROM person WHERE id = $1",
                          ARGS(A_INT(o->person)), &place_entity, &at)
              : store_one(db, "SELECT district, street, community, grid FROM matter WHERE id = $1",
                          ARGS(A_INT(o->matter)), &place_entity, &at);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    TRY(store_id(db, ID_COUNTY(o->matter), &id));
    return store_exec(
        db,
        "INSERT INTO outbox (id, county, channel, state, why, notice, webhook, account, person, "
        "matter, seq, district, street, community, grid, created_at, next_at, attempts, label) "
        "VALUES ($1, $2, $3, 'waiting', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
        "0, $17)",
        ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_TEXT(str_of(o->channel)), A_TEXT(str_of(o->why)),
             A_ID(o->notice), A_ID(o->webhook), A_ID(o->account), A_ID(o->person), A_INT(o->matter),
             A_INT(o->seq), A_ID(at.district), A_ID(at.street), A_ID(at.community), A_ID(at.grid),
             A_INT(db->now), A_ID(o->machine ? db->now : 0), A_TEXT(o->label)),
        NULL);
}

static const char *S_channel(struct str name)
{
    for (size_t i = 0; channel_names[i]; i++) {
        if (str_eq(name, str_of(channel_names[i])))
            return channel_names[i];
    }
    return channel_names[0];
}

enum err outbox_notice(struct store *db, const struct notice_event *e, const struct addressee *to,
                       int64_t notice)
{
    struct preference p;
    int64_t person = to->person, any = 0;
    if (to->label.p)
        return S_put(db, &(struct entry){.channel = "slip",
                                         .why = "no_phone",
                                         .notice = notice,
                                         .matter = to->matter,
                                         .seq = e->seq,
                                         .label = to->label});
    TRY(preference_of(db, to, &p));
    if (str_eq(p.channel, S("in_app")))
        return OK;
    if (!person && to->account) {
        enum err err = store_int(db, "SELECT person FROM account WHERE id = $1",
                                 ARGS(A_INT(to->account)), &any);
        if (err != OK)
            return err;
        person = any == NO_INT ? 0 : any;
    }
    bool machine = str_eq(p.channel, S("sms")) || str_eq(p.channel, S("wechat"));
    return S_put(db, &(struct entry){.channel = S_channel(p.channel),
                                     .why = machine    ? NULL
                                            : p.chosen ? "chosen"
                                                       : "no_phone",
                                     .notice = notice,
                                     .account = to->account,
                                     .person = person,
                                     .matter = to->matter,
                                     .seq = e->seq,
                                     .machine = machine});
}

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "OutboxId", id_fields);

enum err outbox_webhooks(struct store *db, const struct notice_event *e)
{
    enum { WEBHOOKS_MOST = 16 };
    struct list found;
    struct str act = arena_printf(db->arena, "%%," STR_F ",%%", STR_A(e->act));
    TRY(store_all(db,
                  "SELECT id FROM webhook WHERE unit IN ($1, $2, $3, $4) AND ended_at IS NULL "
                  "AND (acts = ',' OR acts LIKE $5) ORDER BY id LIMIT $6",
                  ARGS(A_INT(e->district), A_INT(e->street), A_INT(e->community), A_INT(e->grid),
                       A_TEXT(act), A_INT(WEBHOOKS_MOST)),
                  &id_entity, WEBHOOKS_MOST, &found));
    const struct id_row *row = found.items;
    for (size_t i = 0; i < found.n; i++)
        TRY(S_put(db, &(struct entry){.channel = "webhook",
                                      .webhook = row[i].id,
                                      .matter = e->matter,
                                      .seq = e->seq,
                                      .machine = true}));
    return OK;
}

/* ---- out ---- */

static const struct field parcel_fields[] = {
    F_ID(struct parcel, id),      F_INT(struct parcel, attempts), F_TEXT(struct parcel, channel),
    F_ID(struct parcel, notice),  F_ID(struct parcel, webhook),   F_ID(struct parcel, account),
    F_ID(struct parcel, person),  F_ID(struct parcel, matter),    F_INT(struct parcel, seq),
    F_TIME(struct parcel, at),    F_TIME(struct parcel, due_at),  F_TEXT(struct parcel, act),
    F_TEXT(struct parcel, stage), F_TEXT(struct parcel, number),  F_TEXT(struct parcel, title),
    F_BOOL(struct parcel, asked)};
static const struct entity parcel_entity = ENTITY(struct parcel, "Parcel", parcel_fields);

enum err outbox_due(struct store *db, bool *ret)
{
    int64_t next = 0;
    enum err err = store_int(db,
                             "SELECT next_at FROM outbox WHERE next_at IS NOT NULL "
                             "AND next_at <= $1 ORDER BY next_at LIMIT 1",
                             ARGS(A_INT(db->now)), &next);
    *ret = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err outbox_claim(struct store *db, int64_t most, struct list *ret)
{
    TRY(store_all(db,
                  "SELECT o.id, o.attempts + 1 AS attempts, o.channel, o.notice, o.webhook, "
                  "o.account, o.person, o.matter, o.seq, COALESCE(n.at, e.at) AS at, n.due_at, "
                  "COALESCE(n.act, e.act) AS act, e.to_stage AS stage, m.number, m.title, n.asked "
                  "FROM outbox o JOIN matter m ON m.id = o.matter "
                  "LEFT JOIN notice n ON n.id = o.notice "
                  "LEFT JOIN matter_event e ON e.seq = o.seq "
                  "WHERE o.next_at IS NOT NULL AND o.next_at <= $1 ORDER BY o.next_at LIMIT $2",
                  ARGS(A_INT(db->now), A_INT(most)), &parcel_entity, (size_t)most, ret));
    const struct parcel *p = ret->items;
    for (size_t i = 0; i < ret->n; i++)
        TRY(store_exec(db,
                       "UPDATE outbox SET state = 'sending', attempts = $2, next_at = $3 "
                       "WHERE id = $1",
                       ARGS(A_INT(p[i].id), A_INT(p[i].attempts), A_INT(db->now + OUTBOX_LEASE_MS)),
                       NULL));
    return OK;
}

/* A person who could not be reached by a machine is called; not who left no number at all with what
 * they asked, for they have their tracking code. */
static enum err S_call_instead(struct store *db, int64_t id, const char *error)
{
    struct parcel p;
    TRY(store_one(db,
                  "SELECT id, channel, notice, account, person, matter, seq FROM outbox "
                  "WHERE id = $1",
                  ARGS(A_INT(id)), &parcel_entity, &p));
    bool unknown = !p.account && !p.person && str_eq(str_of(error), S("no_address"));
    if (!p.notice || unknown)
        return OK;
    return S_put(db, &(struct entry){.channel = "call",
                                     .why = "failed",
                                     .notice = p.notice,
                                     .account = p.account,
                                     .person = p.person,
                                     .matter = p.matter,
                                     .seq = p.seq});
}

enum err outbox_report(struct store *db, const struct delivery *d)
{
    /* Once and six times more, and then no more. */
    static const int64_t waits_s[] = {5, 60, 600, 3600, 21600, 86400};
    bool over = d->error && (d->final || d->attempts > (int64_t)COUNT_OF(waits_s));
    int64_t next = 0, changed = 0;
    if (d->error && !over) {
        int64_t wait = waits_s[d->attempts - 1] * 1000;
        next = db->now + (wait > d->wait_ms ? wait : d->wait_ms);
    }
    /* Whoever's lease ran out has nothing to say any more. */
    TRY(store_exec(db,
                   "UPDATE outbox SET state = $3, error = $4, next_at = $5, ended_at = $6 "
                   "WHERE id = $1 AND attempts = $2 AND state = 'sending'",
                   ARGS(A_INT(d->id), A_INT(d->attempts),
                        A_TEXT(!d->error ? S("sent")
                               : over    ? S("given_up")
                                         : S("failed")),
                        A_TEXT(str_of(d->error)), A_ID(next), A_ID(next ? 0 : db->now)),
                   &changed));
    return over && changed ? S_call_instead(db, d->id, d->error) : OK;
}

struct sealed_row {
    int64_t county;
    struct str sealed, key, url;
};
static const struct field sealed_fields[] = {
    F_INT(struct sealed_row, county), F_TEXT(struct sealed_row, sealed),
    F_TEXT(struct sealed_row, key), F_TEXT(struct sealed_row, url)};
static const struct entity sealed_entity = ENTITY(struct sealed_row, "Sealed", sealed_fields);

static enum err S_open(struct store *db, const struct sealed_row *row, struct str *ret)
{
    unsigned char key[KEY_SIZE];
    *ret = NO_STR;
    if (!row->sealed.p || !row->key.p)
        return OK;
    TRY(vault_unwrap(db, row->county, row->key, key));
    *ret = unseal(key, row->sealed, db->arena);
    sodium_memzero(key, sizeof key);
    return ret->p ? OK : ERR_STORE;
}

enum err outbox_contact(struct store *db, int64_t matter, struct str *name, struct str *phone)
{
    struct sealed_row row;
    struct str clear = NO_STR;
    TRY(store_one(db,
                  "SELECT county, contact AS sealed, contact_key AS key FROM matter WHERE id = $1",
                  ARGS(A_INT(matter)), &sealed_entity, &row));
    TRY(S_open(db, &row, &clear));
    *name = clear.p ? str_split(&clear, '\n') : NO_STR;
    *phone = clear.p ? str_split(&clear, '\n') : NO_STR;
    *name = name->n ? *name : NO_STR;
    *phone = phone->n ? *phone : NO_STR;
    return OK;
}

enum err outbox_address(struct store *db, const struct parcel *p, struct str *ret)
{
    struct sealed_row row;
    struct str name = NO_STR;
    if (!p->account && !p->person)
        return outbox_contact(db, p->matter, &name, ret);
    enum err err =
        str_eq(p->channel, S("wechat"))
            ? store_one(db, "SELECT county, address AS sealed, key FROM preference WHERE who = $1",
                        ARGS(A_INT(p->account ? p->account : p->person)), &sealed_entity, &row)
            : store_one(db, "SELECT county, phone AS sealed, key FROM person WHERE id = $1",
                        ARGS(A_INT(p->person)), &sealed_entity, &row);
    *ret = NO_STR;
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    return S_open(db, &row, ret);
}

enum err webhook_target(struct store *db, int64_t id, struct str *url, struct str *secret)
{
    struct sealed_row row;
    TRY(store_one(db,
                  "SELECT county, secret AS sealed, key, url FROM webhook "
                  "WHERE id = $1 AND ended_at IS NULL",
                  ARGS(A_INT(id)), &sealed_entity, &row));
    *url = row.url;
    TRY(S_open(db, &row, secret));
    return secret->p ? OK : ERR_STORE;
}

enum err webhook_end(struct store *db, int64_t id)
{
    return store_exec(db, "UPDATE webhook SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL",
                      ARGS(A_INT(id), A_INT(db->now)), NULL);
}
