/* Confidential matters. The row keeps its number, kind, stage and limits, and a neutral word for a
 * title; title, text, place and category are sealed under the matter's own key, and so is the text
 * of every event. Its place columns stay empty: whatever asks for matters by place, today or
 * tomorrow, cannot find it, because it is not there. Where it lies is read from its unit when the
 * matter itself is loaded. */
#include "domain/matter/matter_many.h"

#include "domain/place/place.h"

#include <math.h>

enum { SEALED_MAX = 64 * 1024, REASON_MIN = 4, REASON_MAX = 200, LOOKS_MAX = 100 };

static const unsigned managers = 1u << ROLE_SECRETARY | 1u << ROLE_STREET | 1u << ROLE_DISTRICT;

static struct str S_neutral(void)
{
    return S("保密事项");
}

enum err confidential_place(struct store *db, struct matter *m)
{
    struct ancestors at;
    TRY(place_ancestors(db, m->unit, &at));
    m->district = at.district;
    m->street = at.street;
    m->community = at.community;
    m->grid = at.grid;
    return OK;
}

/* ---- who reaches it ---- */

/* The one who asked; the account that took it, until then the party it was sent to; and who manages
 * the unit in charge, who sees that it is there. */
enum err confidential_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct matter m;
    TRY(matter_load(db, id, &m));
    ret->at = (struct ancestors){
        .district = m.district, .street = m.street, .community = m.community, .grid = m.grid};
    ret->matter = id;
    ret->person = m.requester;
    ret->only = m.charge;
    ret->roles = managers;
    ret->theirs = m.handler && ret->by && ret->by->account == m.handler;
    if (!m.handler && m.party)
        ret->parties[ret->party_count++] = m.party;
    return OK;
}

/* ---- sealing ---- */

static enum err S_key(struct store *db, const struct matter *m, unsigned char key[KEY_SIZE])
{
    return vault_unwrap(db, ID_COUNTY(m->id), m->contact_key, key);
}

/* A line each for title, place and category; the text is the rest. */
enum err confidential_seal(struct store *db, const struct matter *m, struct matter *stored)
{
    unsigned char key[KEY_SIZE];
    const struct str lines[] = {m->title, m->place, m->category};
    struct buf clear = buf_new(SEALED_MAX);
    *stored = *m;
    TRY(m->contact_key.p ? S_key(db, m, key)
                         : vault_new_key(db, ID_COUNTY(m->id), key, &stored->contact_key));
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        buf_put(&clear, lines[i]);
        buf_char(&clear, '\n');
    }
    buf_put(&clear, m->text);
    stored->sealed = clear.full ? NO_STR : seal(key, buf_str(&clear), db->arena);
    buf_free(&clear);
    stored->title = S_neutral();
    stored->text = stored->place = stored->category = stored->spot = NO_STR;
    stored->lng = stored->lat = NAN;
    stored->cell = NO_INT;
    stored->district = stored->street = stored->community = stored->grid = 0;
    return stored->sealed.p ? OK : ERR_MEMORY;
}

static struct str S_line(struct str *rest)
{
    struct str line = str_split(rest, '\n');
    return line.n ? line : NO_STR;
}

enum err confidential_open(struct store *db, struct matter *m)
{
    struct str clear = NO_STR;
    TRY(confidential_open_text(db, m, m->sealed, &clear));
    m->title = S_line(&clear);
    m->place = S_line(&clear);
    m->category = S_line(&clear);
    m->text = clear.n ? clear : NO_STR;
    return OK;
}

enum err confidential_seal_text(struct store *db, const struct matter *m, struct str *text,
                                struct str *sealed)
{
    unsigned char key[KEY_SIZE];
    if (!text->p)
        return OK;
    TRY(S_key(db, m, key));
    *sealed = seal(key, *text, db->arena);
    *text = NO_STR;
    return sealed->p ? OK : ERR_MEMORY;
}

enum err confidential_open_text(struct store *db, const struct matter *m, struct str sealed,
                                struct str *text)
{
    unsigned char key[KEY_SIZE];
    if (!sealed.p)
        return OK;
    TRY(S_key(db, m, key));
    *text = unseal(key, sealed, db->arena);
    return text->p ? OK : ERR_STORE;
}

/* ---- breaking the glass ---- */

/* By place, whatever the matter is: who may break the glass must lie above it. */
enum err glass_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct matter m;
    TRY(matter_load(db, id, &m));
    ret->at = (struct ancestors){
        .district = m.district, .street = m.street, .community = m.community, .grid = m.grid};
    return OK;
}

struct glass_in {
    int64_t id;
    struct str reason;
};
static const struct field glass_in_fields[] = {
    F_ID(struct glass_in, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct glass_in, reason, .required = true, .min = REASON_MIN, .max = REASON_MAX,
           .doc = "Why; the person, the handler and the auditor are told at once."),
};
const struct entity glass_in_entity = ENTITY(struct glass_in, "GlassNew", glass_in_fields);

struct glass_out {
    int64_t until;
};
static const struct field glass_out_fields[] = {
    F_TIME(struct glass_out, until, .required = true, .doc = "Until when you may read it.")};
const struct entity glass_out_entity = ENTITY(struct glass_out, "GlassOpened", glass_out_fields);

enum err matters_break_glass(struct store *db, const struct actor *by, const void *in, void *out)
{
    const struct glass_in *ask = in;
    struct glass_out *ret = out;
    const struct hat *hat = actor_hat(by);
    struct matter m;
    int64_t id = 0;
    struct matter_act what = {.score = NO_INT, .text = ask->reason};
    TRY(matter_load(db, ask->id, &m));
    if (m.confidential != YES || !hat)
        return store_fault(db, ERR_CONFLICT, "", "open", "这件事不是保密事项，可以直接查看。",
                           "This matter is not confidential: look at it as usual.");
    ret->until = db->now + (int64_t)GLASS_HOURS * 3600000;
    db->note->reason = ask->reason;
    TRY(store_id(db, ID_COUNTY(m.id), &id));
    TRY(store_exec(db,
                   "INSERT INTO glass (id, county, matter, account, role, reason, handler, person, "
                   "district, street, at, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
                   "$11, $12)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(m.id)), A_INT(m.id), A_INT(by->account),
                        A_TEXT(str_of(role_names[hat->role])), A_TEXT(ask->reason), A_ID(m.handler),
                        A_ID(m.requester), A_INT(m.district), A_ID(m.street), A_INT(db->now),
                        A_INT(ret->until)),
                   NULL));
    return matter_event_write(db, &m, by, hat, ACT_GLASS, SIDE_UNIT, m.stage, &what);
}

/* ---- who looked ---- */

static const struct field many_id_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The matter.")};
const struct entity many_id_entity = ENTITY(struct subject_in, "MatterId", many_id_fields);

struct glass {
    int64_t at, until;
    struct str by_name, role, reason;
};
static const struct field glass_fields[] = {
    F_TIME(struct glass, at, .required = true, .doc = "When."),
    F_TIME(struct glass, until, .required = true, .doc = "Until when they could read it."),
    F_TEXT(struct glass, by_name, .doc = "Who."),
    F_TEXT(struct glass, role, .required = true, .doc = "Acting as."),
    F_TEXT(struct glass, reason, .required = true, .lines = true, .doc = "The reason given."),
};
const struct entity glass_entity = ENTITY(struct glass, "Glass", glass_fields);

/* For the one it is about and the one who handles it; nobody else is told who else looked. */
enum err matters_glass(struct store *db, const struct actor *by, const void *in, void *out)
{
    struct page *page = out;
    struct matter m;
    TRY(matter_load(db, ((const struct subject_in *)in)->id, &m));
    enum eye eye = matter_eye(by, &m);
    if (m.confidential != YES || (eye != EYE_REQUESTER && eye != EYE_STAFF))
        return OK;
    return store_all(db,
                     "SELECT g.at, g.until, a.name AS by_name, g.role, g.reason FROM glass g "
                     "LEFT JOIN account a ON a.id = g.account WHERE g.matter = $1 "
                     "ORDER BY g.at DESC, g.id DESC LIMIT $2",
                     ARGS(A_INT(m.id), A_INT(LOOKS_MAX)), &glass_entity, LOOKS_MAX, &page->items);
}

/* ---- behind the glass ---- */

struct note_read {
    int64_t at;
    struct str act, side, text, sealed;
};
static const struct field note_fields[] = {
    F_TIME(struct note_read, at, .required = true, .doc = "When."),
    F_TEXT(struct note_read, act, .required = true, .codes = act_names, .doc = "What was done."),
    F_TEXT(struct note_read, side, .required = true, .doc = "On which side."),
    F_TEXT(struct note_read, text, .lines = true, .doc = "What was said."),
};
static const struct entity note_entity = ENTITY(struct note_read, "OpenedEvent", note_fields);

static const struct field stored_fields[] = {
    F_TIME(struct note_read, at), F_TEXT(struct note_read, act), F_TEXT(struct note_read, side),
    F_TEXT(struct note_read, text), F_TEXT(struct note_read, sealed)};
static const struct entity stored_entity =
    ENTITY(struct note_read, "OpenedEventStored", stored_fields);

struct opened {
    int64_t id;
    struct str number, kind, stage, title, text, place;
    struct list events;
};
static const struct field opened_fields[] = {
    F_ID(struct opened, id, .required = true, .doc = "The matter."),
    F_TEXT(struct opened, number, .required = true, .doc = "Number people use."),
    F_TEXT(struct opened, kind, .required = true, .doc = "Kind, from the pack."),
    F_TEXT(struct opened, stage, .required = true, .doc = "Stage, from the pack."),
    F_TEXT(struct opened, title, .required = true, .doc = "What is asked, in a line."),
    F_TEXT(struct opened, text, .lines = true, .doc = "What is asked, in full."),
    F_TEXT(struct opened, place, .doc = "Where, in words."),
    F_LIST(struct opened, events, .of = &note_entity, .required = true,
           .doc = "What was said along the way, oldest first."),
};
const struct entity opened_entity = ENTITY(struct opened, "Opened", opened_fields);

static enum err S_glass_open(struct store *db, const struct actor *by, const struct matter *m)
{
    int64_t found = 0;
    if (m->confidential != YES)
        return OK;
    enum err err = store_int(db,
                             "SELECT id FROM glass WHERE matter = $1 AND account = $2 "
                             "AND until > $3 LIMIT 1",
                             ARGS(A_INT(m->id), A_INT(by->account), A_INT(db->now)), &found);
    if (err != ERR_NOT_FOUND)
        return err;
    return store_fault(db, ERR_FORBIDDEN, "/reason", "glass",
                       "这是保密事项。确需查看，请先写明原因申请应急查看。",
                       "This matter is confidential. If you must, break the glass with a reason.");
}

enum err matters_opened(struct store *db, const struct actor *by, const void *in, void *out)
{
    struct opened *ret = out;
    struct matter m;
    TRY(matter_load(db, ((const struct subject_in *)in)->id, &m));
    TRY(S_glass_open(db, by, &m));
    if (m.confidential == YES)
        TRY(confidential_open(db, &m));
    TRY(store_all(db,
                  "SELECT at, act, side, text, sealed FROM matter_event WHERE matter = $1 "
                  "AND act <> 'confirm' ORDER BY seq LIMIT $2",
                  ARGS(A_INT(m.id), A_INT(LOOKS_MAX)), &stored_entity, LOOKS_MAX, &ret->events));
    struct note_read *e = ret->events.items;
    for (size_t i = 0; i < ret->events.n; i++)
        TRY(confidential_open_text(db, &m, e[i].sealed, &e[i].text));
    ret->id = m.id;
    ret->number = m.number;
    ret->kind = m.kind;
    ret->stage = m.stage;
    ret->title = m.title;
    ret->text = m.text;
    ret->place = m.place;
    return OK;
}
