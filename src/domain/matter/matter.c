/* Matters: ordering, loading, what a reader sees. */
#include "domain/matter/matter.h"
#include "geo/datum.h"

#include "domain/matter/matter_many.h"

#include <math.h>
#include <string.h>

enum {
    CONTACT_MAX = 64 * 1024,
    TRACKING_BYTES = 10,
    TITLE_MAX = 60,
    TEXT_MAX = 2000,
    PLACE_MAX = 120
};

static const struct field matter_fields[] = {
    F_ID(struct matter, id, .required = true, .doc = "Id."),
    F_TEXT(struct matter, number, .required = true, .doc = "Number people use."),
    F_TEXT(struct matter, kind, .required = true, .doc = "Kind, from the pack."),
    F_TEXT(struct matter, category, .doc = "Category, from the pack."),
    F_TEXT(struct matter, stage, .required = true, .doc = "Stage, from the pack."),
    F_TEXT(struct matter, awaits, .doc = "The act it waits for."),
    F_TEXT(struct matter, outcome, .required = true, .codes = outcome_names,
           .doc = "How it stands, apart from its stage: closed is not solved."),
    F_BOOL(struct matter, open, .required = true, .doc = "Not yet in a final stage."),
    F_TEXT(struct matter, title, .required = true, .doc = "What is asked, in a line."),
    F_TEXT(struct matter, text, .lines = true, .doc = "What is asked, in full."),
    F_TEXT(struct matter, place, .doc = "Where, in words."),
    F_REAL(struct matter, lng, .doc = "Longitude, WGS-84."),
    F_REAL(struct matter, lat, .doc = "Latitude, WGS-84."),
    F_TEXT(struct matter, source, .required = true, .doc = "How it came in."),
    F_ID(struct matter, unit, .required = true, .doc = "Unit where it is."),
    F_ID(struct matter, charge, .required = true, .doc = "Unit in charge."),
    F_ID(struct matter, district),
    F_ID(struct matter, street),
    F_ID(struct matter, community),
    F_ID(struct matter, grid),
    F_ID(struct matter, party, .doc = "Party it was sent to."),
    F_TEXT(struct matter, party_name, .doc = "Name of that party."),
    F_ID(struct matter, handler, .doc = "Account that claimed it."),
    F_TEXT(struct matter, tier, .required = true, .codes = tier_names,
           .doc = "Tier of the unit in charge."),
    F_TIME(struct matter, created_at, .required = true, .doc = "When it came in."),
    F_TIME(struct matter, due_at, .doc = "When the present stage is due."),
    F_BOOL(struct matter, overdue, .required = true, .doc = "Open and past due."),
    F_INT(struct matter, remaining_minutes,
          .doc = "Working minutes until due; negative when overdue."),
    F_BOOL(struct matter, provisional,
           .doc = "The limit touches a year whose holidays are not published yet."),
    F_BOOL(struct matter, late, .required = true, .doc = "An office's step came after it was due."),
    F_TIME(struct matter, paused_at, .doc = "The clock stands since then."),
    F_TEXT(struct matter, pause_reason, .doc = "Why it stands, from the pack."),
    F_INT(struct matter, transfers, .required = true, .doc = "How often it was passed on."),
    F_INT(struct matter, returns, .required = true, .doc = "How often it was sent back."),
    F_INT(struct matter, reopens, .required = true, .doc = "How often it was opened again."),
    F_INT(struct matter, escalations, .required = true, .doc = "How often a tier handed it up."),
    F_INT(struct matter, extensions, .required = true, .doc = "How often it was given more time."),
    F_BOOL(struct matter, settled, .required = true,
           .doc = "The tier above has said who does it: it is not passed on any more."),
    F_INT(struct matter, asks_open, .required = true, .doc = "Questions not yet answered."),
    F_INT(struct matter, parts_open, .required = true, .doc = "Co-handlers' parts not yet done."),
    F_TIME(struct matter, answered_at, .doc = "When somebody first took it up."),
    F_TIME(struct matter, handled_at, .doc = "When it was last said to be done."),
    F_TIME(struct matter, closed_at, .doc = "When it reached a final stage."),
    F_BOOL(struct matter, solved, .doc = "The requester's own word."),
    F_INT(struct matter, score, .doc = "The requester's score, 1 to 5."),
    F_TEXT(struct matter, words, .lines = true, .doc = "The requester's words."),
    F_INT(struct matter, version, .required = true, .doc = "Grows with every change."),
    F_LIST(struct matter, may, .item = T_TEXT, .required = true, .doc = "Acts you could do now."),
    F_BOOL(struct matter, confidential, .required = true,
           .doc = "Its words are for its handler and its requester alone."),
    F_ID(struct matter, merged_into, .doc = "The lead this report follows."),
    F_OBJECT(struct matter, households, struct tally, &tally_entity,
             .doc = "Its households, and what they say."),
    F_LIST(struct matter, may_also, .item = T_TEXT,
           .doc =
               "What else you could do, each a route of its own: confirm, merge, split, affect."),
    F_TEXT(struct matter, tracking_code,
           .doc = "Only in the answer to an anonymous order: keep it to follow the matter."),
    F_ID(struct matter, located,
         .doc = "Only in the answer to an order: the unit its coordinates lie in, where that is "
                "another than the unit it was given."),
};
const struct entity matter_entity = ENTITY(struct matter, "Matter", matter_fields);

/* As stored: every column of the table that the rules read. */
static const struct field stored_fields[] = {
    F_ID(struct matter, id),
    F_TEXT(struct matter, number),
    F_TEXT(struct matter, kind),
    F_TEXT(struct matter, category),
    F_TEXT(struct matter, stage),
    F_TEXT(struct matter, awaits),
    F_TEXT(struct matter, outcome),
    F_BOOL(struct matter, open),
    F_TEXT(struct matter, title),
    F_TEXT(struct matter, text),
    F_TEXT(struct matter, place),
    F_REAL(struct matter, lng),
    F_REAL(struct matter, lat),
    F_TEXT(struct matter, source),
    F_ID(struct matter, unit),
    F_ID(struct matter, charge),
    F_ID(struct matter, district),
    F_ID(struct matter, street),
    F_ID(struct matter, community),
    F_ID(struct matter, grid),
    F_ID(struct matter, party),
    F_ID(struct matter, handler),
    F_ID(struct matter, requester),
    F_ID(struct matter, reporter),
    F_TEXT(struct matter, party_name),
    F_TIME(struct matter, created_at),
    F_TIME(struct matter, due_at),
    F_TIME(struct matter, auto_at),
    F_TIME(struct matter, answered_at),
    F_TIME(struct matter, handled_at),
    F_TIME(struct matter, closed_at),
    F_TEXT(struct matter, tier),
    F_TIME(struct matter, warn_at),
    F_BOOL(struct matter, late),
    F_INT(struct matter, transfers),
    F_INT(struct matter, returns),
    F_INT(struct matter, reopens),
    F_INT(struct matter, escalations),
    F_INT(struct matter, extensions),
    F_BOOL(struct matter, settled),
    F_TIME(struct matter, paused_at),
    F_TEXT(struct matter, pause_reason),
    F_INT(struct matter, left_ms),
    F_INT(struct matter, paused_ms),
    F_INT(struct matter, asks_open),
    F_INT(struct matter, parts_open),
    F_BOOL(struct matter, provisional),
    F_BOOL(struct matter, solved),
    F_INT(struct matter, score),
    F_TEXT(struct matter, words),
    F_INT(struct matter, version),
    F_INT(struct matter, pack),
    F_TEXT(struct matter, held),
    F_TEXT(struct matter, contact),
    F_TEXT(struct matter, contact_key),
    F_ID(struct matter, merged_into),
    F_INT(struct matter, affected),
    F_BOOL(struct matter, confidential),
    F_TEXT(struct matter, sealed),
    F_INT(struct matter, cell),
    F_TEXT(struct matter, spot),
};
static const struct entity stored_entity = ENTITY(struct matter, "MatterStored", stored_fields);

static const struct field new_fields[] = {
    F_TEXT(struct matter_new, kind, .required = true, .max = 40, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Kind, from the pack."),
    F_TEXT(struct matter_new, category, .max = 40, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Category, from the pack."),
    F_TEXT(struct matter_new, title, .required = true, .min = 2, .max = TITLE_MAX,
           .doc = "What is asked, in a line."),
    F_TEXT(struct matter_new, text, .max = TEXT_MAX, .lines = true,
           .doc = "What is asked, in full. Phone and ID numbers are taken out and sealed."),
    F_ID(struct matter_new, unit,
         .doc = "Where: a community, grid or micro-grid (or a street). It can be left out when the "
                "coordinates lie in a unit with a shape."),
    F_TEXT(struct matter_new, place, .max = PLACE_MAX, .doc = "Where, in words."),
    F_REAL(struct matter_new, lng, .min = -180, .max = 180, .doc = "Longitude, in `datum`."),
    F_REAL(struct matter_new, lat, .min = -90, .max = 90, .form_doc = LAT_DOC,
           .doc = "Latitude, in `datum`."),
    F_TEXT(struct matter_new, datum, .codes = datum_names,
           .doc = "Datum of lng and lat: wgs84 unless given. They are kept as WGS-84."),
    F_TEXT(struct matter_new, source, .max = 40, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "How it came in."),
    F_ID(struct matter_new, requester,
         .doc = "The person who asks, when a worker orders on their behalf."),
    F_TEXT(struct matter_new, contact_name, .max = 40, .class = CLASS_PERSONAL, .mask = mask_name,
           .doc = "Whom to call about it; sealed."),
    F_TEXT(struct matter_new, contact_phone, .class = CLASS_PERSONAL, .form = form_phone,
           .form_doc = "11 digits, or area code and number", .form_zh = "11 位手机号，或区号加号码",
           .mask = mask_phone, .max = 20, .doc = "Number to call about it; sealed."),
};
const struct entity matter_new_entity = ENTITY(struct matter_new, "MatterNew", new_fields);

enum err matter_load(struct store *db, int64_t id, struct matter *ret)
{
    TRY(store_one(
        db,
        "SELECT m.id, m.number, m.kind, m.category, m.stage, m.awaits, m.outcome, m.open, "
        "m.title, m.text, m.place, m.lng, m.lat, m.source, m.unit, m.charge, m.district, "
        "m.street, m.community, m.grid, m.party, m.handler, m.requester, m.reporter, "
        "p.name AS party_name, m.created_at, m.due_at, m.auto_at, m.answered_at, "
        "m.handled_at, m.closed_at, m.tier, m.warn_at, m.late, m.transfers, m.returns, "
        "m.reopens, m.escalations, m.extensions, m.settled, m.paused_at, m.pause_reason, "
        "m.left_ms, m.paused_ms, m.asks_open, m.parts_open, "
        "m.provisional, m.solved, m.score, m.words, m.version, m.pack, m.held, "
        "m.contact, m.contact_key, m.merged_into, m.affected, m.confidential, m.sealed, m.cell, "
        "m.spot "
        "FROM matter m LEFT JOIN party p ON p.id = m.party WHERE m.id = $1",
        ARGS(A_INT(id)), &stored_entity, ret));
    ret->remaining_minutes = NO_INT;
    return ret->confidential == YES ? confidential_place(db, ret) : OK;
}

struct reach_row {
    int64_t district, street, community, grid, requester, affected;
    enum tri confidential;
};
static const struct field reach_fields[] = {
    F_ID(struct reach_row, district),      F_ID(struct reach_row, street),
    F_ID(struct reach_row, community),     F_ID(struct reach_row, grid),
    F_ID(struct reach_row, requester),     F_INT(struct reach_row, affected),
    F_BOOL(struct reach_row, confidential)};
static const struct entity reach_entity = ENTITY(struct reach_row, "MatterReach", reach_fields);

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "IdRow", id_fields);

enum err matter_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct reach_row row;
    struct list sent;
    TRY(store_one(db,
                  "SELECT district, street, community, grid, requester, affected, confidential "
                  "FROM matter WHERE id = $1",
                  ARGS(A_INT(id)), &reach_entity, &row));
    if (row.confidential == YES)
        return confidential_reach(db, id, ret);
    ret->at = (struct ancestors){.district = row.district,
                                 .street = row.street,
                                 .community = row.community,
                                 .grid = row.grid};
    ret->matter = id;
    ret->person = row.requester;
    if (row.affected > 0)
        TRY(household_reach(db, id, ret));
    TRY(store_all(db, "SELECT party AS id FROM matter_sent WHERE matter = $1 LIMIT $2",
                  ARGS(A_INT(id), A_INT(PARTIES_MAX)), &id_entity, PARTIES_MAX, &sent));
    const struct id_row *party = sent.items;
    for (size_t i = 0; i < sent.n; i++)
        ret->parties[i] = party[i].id;
    ret->party_count = sent.n;
    return OK;
}

/* `warn` before it is due; 0 when there is less time than that. */
static int64_t S_warn_at(const struct store *db, const struct pack *pack, struct limit warn,
                         int64_t due)
{
    const struct calendar *c = db->world->calendar;
    int64_t working = limit_working(&pack->hours, warn);
    int64_t at = due - limit_wall(warn);
    if (working)
        at = workday_after(c, &pack->hours, db->now,
                           workday_minutes(c, &pack->hours, db->now, due) * 60000 - working);
    return at > db->now ? at : 0;
}

void matter_timer(const struct store *db, const struct pack *pack, const struct pack_kind *kind,
                  struct matter *m)
{
    bool due = m->open == YES && m->due_at != NO_DUE;
    m->auto_at = due ? m->due_at : 0;
    m->warn_at =
        due && kind->warn.unit != LIMIT_NONE ? S_warn_at(db, pack, kind->warn, m->due_at) : 0;
    if (m->warn_at)
        m->auto_at = m->warn_at;
}

void matter_limits(const struct store *db, const struct pack *pack, const struct pack_kind *kind,
                   size_t stage, struct matter *m)
{
    bool provisional = false;
    const struct pack_step *step = kind_limit(kind, stage);
    enum tier tier = TIER_COMMUNITY;
    m->stage = kind->stages[stage].stage;
    m->open = kind->stages[stage].final ? NO : YES;
    m->awaits = m->open == NO ? NO_STR : str_of(act_names[kind->stages[stage].awaits]);
    m->due_at = NO_DUE;
    if (step && m->open == YES && tier_parse(m->tier, &tier))
        m->due_at =
            limit_end(db->world->calendar, &pack->hours, db->now, step->within[tier], &provisional);
    m->provisional = provisional ? YES : NO;
    matter_timer(db, pack, kind, m);
}

/* Where an order is placed, with the name its number begins with. */
struct spot {
    int64_t id, province, city, district, street, community, grid;
    struct str prefix;
};
static const struct field spot_fields[] = {F_ID(struct spot, id),     F_ID(struct spot, province),
                                           F_ID(struct spot, city),   F_ID(struct spot, district),
                                           F_ID(struct spot, street), F_ID(struct spot, community),
                                           F_ID(struct spot, grid),   F_TEXT(struct spot, prefix)};
static const struct entity spot_entity = ENTITY(struct spot, "Spot", spot_fields);

static enum err S_spot(struct store *db, int64_t unit, struct spot *ret)
{
    enum err err = store_one(
        db,
        "SELECT u.id, u.province, u.city, u.district, u.street, u.community, u.grid, "
        "s.name AS prefix FROM unit u LEFT JOIN unit s ON s.id = COALESCE(u.street, u.district) "
        "WHERE u.id = $1 AND u.valid_to IS NULL",
        ARGS(A_INT(unit)), &spot_entity, ret);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/unit", "unknown", "没有这个地方。",
                           "There is no such unit.");
    TRY(err);
    if (!ret->district)
        return store_fault(db, ERR_INVALID, "/unit", "level", "请选到街道、社区或网格。",
                           "Choose a street, community or grid.");
    return OK;
}

/* 雁南-20261122-0042: the street's short name, the day there, a count of that day. */
static enum err S_number(struct store *db, const struct spot *at, struct str *ret)
{
    static const struct str endings[] = {{"街道办事处", 15}, {"街道", 6}, {"镇", 3}, {"乡", 3}};
    struct str prefix = at->prefix.p ? at->prefix : S("邻里");
    int year = 0, month = 0, day = 0;
    int64_t n = 0;
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        if (prefix.n > endings[i].n &&
            str_eq((struct str){prefix.p + prefix.n - endings[i].n, endings[i].n}, endings[i])) {
            prefix.n -= endings[i].n;
            break;
        }
    }
    day_to_civil(day_of(db->now), &year, &month, &day);
    struct str name =
        arena_printf(db->arena, "matter/%lld/%04d%02d%02d",
                     (long long)(at->street ? at->street : at->district), year, month, day);
    TRY(store_int(db,
                  "INSERT INTO counter (name, n) VALUES ($1, 1) "
                  "ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n",
                  ARGS(A_TEXT(name)), &n));
    *ret = arena_printf(db->arena, STR_F "-%04d%02d%02d-%04lld", STR_A(prefix), year, month, day,
                        (long long)n);
    return ret->p ? OK : ERR_MEMORY;
}

/* Which hat an order is made under, and the sides that puts it on. A worker's hat comes before
 * the worker's own as a resident; nobody's hat is needed where the flow lets anyone ask. */
static unsigned S_order_sides(const struct actor *by, const struct ancestors *at,
                              const struct hat **hat)
{
    *hat = NULL;
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        if (!by->admitted[i] || !role_may(h->role, PERM_MATTER_ORDER) || h->matter)
            continue;
        if (h->kind == HAT_UNIT && hat_covers(h, at)) {
            *hat = h;
            bool manages = h->role == ROLE_SECRETARY || h->role == ROLE_STREET;
            return h->role == ROLE_HOTLINE ? SIDE_HOTLINE
                                           : SIDE_WORKER | (manages ? SIDE_UNIT : 0u);
        }
        if (h->kind == HAT_SELF && !*hat)
            *hat = h;
    }
    return *hat ? SIDE_RESIDENT | SIDE_REQUESTER | SIDE_ANYONE : SIDE_ANYONE;
}

static enum err S_source(struct store *db, const struct pack *pack, unsigned sides,
                         struct str asked, struct str *ret)
{
    *ret = sides & SIDE_HOTLINE ? S("hotline") : sides & SIDE_WORKER ? S("worker") : S("web");
    if (!asked.p || str_eq(asked, *ret))
        return OK;
    *ret = asked;
    return pack_source_known(pack, asked)
               ? OK
               : store_fault(db, ERR_INVALID, "/source", "unknown", "没有这个来源。",
                             "The pack has no such source.");
}

/* Name, phone, and the numbers found in title, text and place, sealed under the matter's own key.
 */
static enum err S_contact(struct store *db, const struct matter_new *in, const struct str found[3],
                          struct matter *m)
{
    const struct str parts[] = {in->contact_name, in->contact_phone, found[0], found[1], found[2]};
    unsigned char key[KEY_SIZE];
    struct buf clear = buf_new(CONTACT_MAX);
    bool any = false;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        any = any || parts[i].p;
        buf_put(&clear, parts[i]);
        /* Name and phone are a line each, there or not; what was found is lines already. */
        buf_put(&clear, i < 2 ? S("\n") : S(""));
    }
    enum err err = any ? vault_new_key(db, ID_COUNTY(m->id), key, &m->contact_key) : OK;
    if (any && err == OK) {
        m->contact = seal(key, buf_str(&clear), db->arena);
        err = m->contact.p && !clear.full ? OK : ERR_MEMORY;
    }
    buf_free(&clear);
    return err;
}

static enum err S_insert(struct store *db, const struct matter *m)
{
    return store_exec(
        db,
        "INSERT INTO matter (id, county, number, kind, category, pack, stage, awaits, outcome, "
        "open, title, text, place, lng, lat, source, unit, charge, district, street, community, "
        "grid, requester, reporter, contact, contact_key, tracking, created_at, due_at, auto_at, "
        "provisional, tier, warn_at, cell, spot, confidential, sealed, version) VALUES ($1, $2, "
        "$3, $4, $5, $6, $7, $8, 'none', $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, "
        "$20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, 1)",
        ARGS(A_INT(m->id), A_INT(ID_COUNTY(m->id)), A_TEXT(m->number), A_TEXT(m->kind),
             A_TEXT(m->category), A_INT(m->pack), A_TEXT(m->stage), A_TEXT(m->awaits),
             A_INT(m->open == YES), A_TEXT(m->title), A_TEXT(m->text), A_TEXT(m->place),
             A_REAL(m->lng), A_REAL(m->lat), A_TEXT(m->source), A_INT(m->unit), A_INT(m->charge),
             A_INT(m->district), A_ID(m->street), A_ID(m->community), A_ID(m->grid),
             A_ID(m->requester), A_ID(m->reporter), A_BLOB(m->contact), A_BLOB(m->contact_key),
             A_BLOB(m->tracking), A_INT(m->created_at), A_INT(m->due_at), A_ID(m->auto_at),
             A_INT(m->provisional == YES), A_TEXT(m->tier), A_ID(m->warn_at), A_OPT(m->cell),
             A_TEXT(m->spot), A_INT(m->confidential == YES), A_BLOB(m->sealed)),
        NULL);
}

/* The order step of the kind asked for, and what the pack says of category and source. */
static enum err S_order_step(struct store *db, const struct pack *pack, unsigned sides,
                             bool signed_in, const struct matter_new *in,
                             const struct pack_kind **kind, const struct pack_step **step)
{
    bool wrong_side = false;
    *kind = pack_kind(pack, in->kind);
    if (!*kind)
        return store_fault(db, ERR_INVALID, "/kind", "unknown", "这里不办理这一类事项。",
                           "Matters of this kind are not taken in here.");
    if (in->category.p && !pack_category(pack, in->category))
        return store_fault(db, ERR_INVALID, "/category", "unknown", "没有这个分类。",
                           "The pack has no such category.");
    *step = kind_step(*kind, ACT_ORDER, 0, sides, GIVEN_ANY, &wrong_side);
    if (*step)
        return OK;
    if (sides == SIDE_ANYONE && wrong_side)
        return store_fault(db, signed_in ? ERR_FORBIDDEN : ERR_UNAUTHENTICATED, "/kind", "side",
                           "这一类事项要先登录，或由工作人员代报。",
                           "Sign in to ask for this, or ask a worker to.");
    return store_fault(db, ERR_FORBIDDEN, "/kind", "side", "您的身份不能提出这一类事项。",
                       "Your hat may not order this kind.");
}

/* A worker may name the person asked for, when that person lives within the worker's reach. */
static enum err S_requester(struct store *db, const struct actor *by, const struct hat *hat,
                            int64_t asked, bool consented, int64_t *ret)
{
    struct reach_row row;
    *ret = asked;
    if (consented)
        return OK;
    if (!asked) {
        *ret = hat && hat->kind == HAT_SELF ? by->person : 0;
        return OK;
    }
    enum err err =
        store_one(db, "SELECT district, street, community, grid FROM person WHERE id = $1",
                  ARGS(A_INT(asked)), &reach_entity, &row);
    struct ancestors at = {.district = row.district,
                           .street = row.street,
                           .community = row.community,
                           .grid = row.grid};
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    bool self = hat && hat->kind == HAT_SELF && asked == by->person;
    if (err == ERR_NOT_FOUND || !(self || (hat && hat_covers(hat, &at))))
        return store_fault(db, ERR_INVALID, "/requester", "unknown",
                           "没有这个人，或不在您的范围内。",
                           "There is no such person within your reach.");
    *ret = asked;
    return OK;
}

static enum err S_fill(struct store *db, const struct matter_new *in, const struct spot *at,
                       struct matter *m)
{
    struct str found_title = NO_STR, found_text = NO_STR, found_place = NO_STR;
    entity_blank(&stored_entity, m);
    TRY(store_id(db, ID_COUNTY(at->district), &m->id));
    TRY(S_number(db, at, &m->number));
    TRY(text_redact(db->arena, in->title, &m->title, &found_title));
    TRY(text_redact(db->arena, in->text, &m->text, &found_text));
    TRY(text_redact(db->arena, in->place, &m->place, &found_place));
    m->kind = in->kind;
    m->category = in->category;
    m->outcome = str_of(outcome_names[OUTCOME_NONE]);
    m->lng = in->lng;
    m->lat = in->lat;
    m->unit = at->id;
    m->charge = at->community ? at->community : at->street ? at->street : at->district;
    m->district = at->district;
    m->street = at->street;
    m->community = at->community;
    m->grid = at->grid;
    m->tier = str_of(tier_names[at->community ? TIER_COMMUNITY
                                : at->street  ? TIER_STREET
                                              : TIER_DISTRICT]);
    m->late = m->settled = NO;
    m->transfers = m->returns = m->reopens = m->escalations = m->extensions = 0;
    m->asks_open = m->parts_open = m->paused_ms = 0;
    m->created_at = db->now;
    m->version = 1;
    m->cell = matter_cell(m->lng, m->lat);
    TRY(matter_spot(db->arena, m->place, &m->spot));
    return S_contact(db, in, (struct str[]){found_title, found_text, found_place}, m);
}

/* Asked by nobody in particular: a code, shown once, stands for the one who asked. */
static enum err S_tracking(struct store *db, struct matter *m)
{
    m->tracking_code = token_new(TRACKING_BYTES, db->arena);
    if (!m->tracking_code.p)
        return ERR_MEMORY;
    m->tracking = vault_hash_str(db->world->vault, HASH_TRACKING, m->tracking_code, db->arena);
    return m->tracking.p ? OK : ERR_MEMORY;
}

enum err matter_order(struct store *db, const struct actor *by, const struct matter_new *asked,
                      struct matter *m)
{
    struct matter_new placed = *asked;
    const struct matter_new *in = &placed;
    int64_t located = 0;
    struct spot at;
    const struct hat *hat = NULL;
    const struct pack_kind *kind = NULL;
    const struct pack_step *step = NULL;
    TRY(matter_place(db, &placed, &located));
    TRY(S_spot(db, in->unit, &at));
    struct ancestors place = {at.province, at.city, at.district, at.street, at.community, at.grid};
    const struct pack *pack = world_pack_at(db->world, &place);
    if (!pack)
        return store_fault(db, ERR_INVALID, "/unit", "no_pack", "这个地方还没有开通。",
                           "This place does not take requests yet.");
    unsigned sides = S_order_sides(by, &place, &hat);
    TRY(S_order_step(db, pack, sides, by->account != 0, in, &kind, &step));
    struct str source = NO_STR;
    int64_t requester = 0;
    /* All that can be refused is looked at before anything is written. */
    TRY(S_source(db, pack, sides, in->source, &source));
    TRY(S_requester(db, by, hat, in->requester, in->consented, &requester));
    TRY(S_fill(db, in, &at, m));
    m->located = located;
    m->source = source;
    m->requester = requester;
    m->reporter = by->account;
    m->pack = pack->id;
    matter_limits(db, pack, kind, step->to, m);
    if (sides == SIDE_ANYONE)
        TRY(S_tracking(db, m));
    m->confidential = kind->confidential ? YES : NO;
    struct matter stored = *m;
    if (kind->confidential)
        TRY(confidential_seal(db, m, &stored));
    TRY(S_insert(db, &stored));
    m->contact_key = stored.contact_key;
    *db->note = (struct note){.subject = m->id,
                              .district = m->district,
                              .street = m->street,
                              .role = hat ? (int)hat->role : ROLE_NONE};
    struct matter_act nothing = {0};
    TRY(matter_event_write(db, m, by, hat, ACT_ORDER, sides, NO_STR, &nothing));
    return matter_view(db, by, m);
}
