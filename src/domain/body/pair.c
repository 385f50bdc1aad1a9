#include "domain/body/pair.h"

#include "domain/people/person.h"

#include <sodium.h>

enum { PURGE_MOST = 50 };
static const int64_t day_ms = 86400000;

const char *const contact_ways[] = {"visit", "phone", "message", "meeting", "other", NULL};
static const char *const side_names[] = {"member", "resident", "worker", NULL};

static const struct field pair_fields[] = {
    F_ID(struct pair, id, .required = true, .doc = "The pair."),
    F_ID(struct pair, body, .required = true, .doc = "The body the member is in."),
    F_TEXT(struct pair, body_name, .required = true, .doc = "Its name."),
    F_ID(struct pair, member, .required = true, .doc = "The membership."),
    F_ID(struct pair, member_person, .required = true, .doc = "The member."),
    F_ID(struct pair, person, .required = true, .doc = "The resident."),
    F_TEXT(struct pair, member_name,
           .doc = "The member's name: whole in a public post and for the two, else masked."),
    F_TEXT(struct pair, name, .doc = "The resident's name: whole for the two, else masked."),
    F_TEXT(struct pair, purpose, .required = true, .doc = "What the pair is for."),
    F_BOOL(struct pair, public, .required = true, .doc = "Whether the member's post is public."),
    F_ID(struct pair, unit, .required = true, .doc = "Where the resident lives."),
    F_TEXT(struct pair, unit_name, .required = true, .doc = "Its name."),
    F_TIME(struct pair, since, .required = true, .doc = "Since when."),
    F_TIME(struct pair, until, .doc = "When it ended; absent while it lasts."),
    F_INT(struct pair, contacts, .doc = "How many contacts there were."),
    F_TIME(struct pair, last_at, .doc = "The last of them."),
};
const struct entity pair_entity = ENTITY(struct pair, "Pair", pair_fields);

static const struct field contact_fields[] = {
    F_ID(struct pair_contact, id, .required = true, .doc = "The record."),
    F_TIME(struct pair_contact, at, .required = true, .doc = "When there was contact."),
    F_TEXT(struct pair_contact, way, .required = true, .codes = contact_ways, .doc = "How."),
    F_TEXT(struct pair_contact, side, .required = true, .codes = side_names,
           .doc = "Who wrote it down."),
    F_TEXT(struct pair_contact, text, .class = CLASS_SENSITIVE, .lines = true,
           .doc = "The note, for the two alone, for a year."),
    F_TIME(struct pair_contact, recorded_at, .required = true, .doc = "When it was written down."),
};
const struct entity pair_contact_entity =
    ENTITY(struct pair_contact, "PairContact", contact_fields);

/* ---- reading ---- */

#define PAIR                                                                                       \
    "SELECT p.id, p.body, body.name AS body_name, p.member, p.member_person, p.person, "           \
    "p.purpose, m.public, p.unit, unit.name AS unit_name, p.since, p.until, "                      \
    "(SELECT count(*) FROM pair_contact WHERE pair = p.id) AS contacts, "                          \
    "(SELECT max(at) FROM pair_contact WHERE pair = p.id) AS last_at "                             \
    "FROM pair AS p JOIN body ON body.id = p.body JOIN body_member AS m ON m.id = p.member "       \
    "JOIN unit ON unit.id = p.unit WHERE "
#define FOUND                                                                                      \
    " AND p.id > $2 AND ($4 IS NULL OR p.body = $4) AND ($5 = 1 OR p.until IS NULL) "              \
    "ORDER BY p.id LIMIT $3"

bool pair_own(const struct actor *by, const struct pair *p)
{
    return by->person && (by->person == p->person || by->person == p->member_person);
}

static enum err S_name(struct store *db, int64_t id, bool whole, struct str *ret)
{
    struct person person;
    TRY(person_get(db, id, &person));
    *ret = whole ? person.name : masked_name(person.name, db->arena);
    return OK;
}

static enum err S_names(struct store *db, bool own, struct pair *p)
{
    TRY(S_name(db, p->person, own, &p->name));
    return S_name(db, p->member_person, own || p->public == YES, &p->member_name);
}

enum err pairs_name(struct store *db, int64_t person, struct list *pairs)
{
    struct pair *p = pairs->items;
    const struct actor reader = {.person = person};
    for (size_t i = 0; i < pairs->n; i++)
        TRY(S_names(db, pair_own(&reader, &p[i]), &p[i]));
    return OK;
}

enum err pair_get(struct store *db, int64_t id, bool own, struct pair *ret)
{
    TRY(store_one(db, PAIR "p.id = $1", ARGS(A_INT(id)), &pair_entity, ret));
    return S_names(db, own, ret);
}

enum err pair_page(struct store *db, const struct pair_find *f, struct list *ret)
{
    static const char *const by_place[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = PAIR "p.district = $1" FOUND,
        [LEVEL_STREET] = PAIR "p.street = $1" FOUND,
        [LEVEL_COMMUNITY] = PAIR "p.community = $1" FOUND,
        [LEVEL_GRID] = PAIR "p.grid = $1" FOUND,
    };
    static const char own[] = PAIR "(p.person = $1 OR p.member_person = $1)" FOUND;
    const struct hat *hat = f->hat;
    const char *sql = hat->kind == HAT_SELF ? own : by_place[hat->level];
    int64_t of = hat->kind == HAT_SELF ? hat->person : hat->unit;
    *ret = (struct list){0};
    if (!sql || !of)
        return OK;
    return store_all(
        db, sql, ARGS(A_INT(of), A_INT(f->after), A_INT(f->most), A_ID(f->body), A_INT(f->ended)),
        &pair_entity, (size_t)f->most, ret);
}

/* ---- pairing ---- */

struct whom {
    int64_t body, person, unit, district, street, community, grid;
};
static const struct field whom_fields[] = {F_ID(struct whom, body),   F_ID(struct whom, person),
                                           F_ID(struct whom, unit),   F_ID(struct whom, district),
                                           F_ID(struct whom, street), F_ID(struct whom, community),
                                           F_ID(struct whom, grid)};
static const struct entity whom_entity = ENTITY(struct whom, "PairWhom", whom_fields);

static enum err S_unknown(struct store *db, enum err err, const char *field, const char *zh,
                          const char *en)
{
    return err == ERR_NOT_FOUND ? store_fault(db, ERR_INVALID, field, "unknown", zh, en) : err;
}

static enum err S_free(struct store *db, const struct pair_new *in, int64_t body)
{
    int64_t one = 0;
    enum err err = store_int(db, "SELECT 1 FROM pair WHERE member = $1 AND until IS NULL",
                             ARGS(A_INT(in->member)), &one);
    if (err == OK)
        return store_fault(db, ERR_CONFLICT, "/member", "paired", "这位成员已经结对。",
                           "This member is in a pair already.");
    if (err == ERR_NOT_FOUND)
        err = store_int(db, "SELECT 1 FROM pair WHERE body = $1 AND person = $2 AND until IS NULL",
                        ARGS(A_INT(body), A_INT(in->person)), &one);
    if (err == OK)
        return store_fault(db, ERR_CONFLICT, "/person", "paired", "这位居民已经结对。",
                           "This resident is in a pair already.");
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err pair_create(struct store *db, const struct pair_new *in, int64_t *ret)
{
    struct whom member, whom;
    TRY(S_unknown(db,
                  store_one(db,
                            "SELECT body, person FROM body_member WHERE id = $1 "
                            "AND until IS NULL AND person IS NOT NULL",
                            ARGS(A_INT(in->member)), &whom_entity, &member),
                  "/member", "没有这位成员。", "There is no such member."));
    TRY(S_unknown(
        db,
        store_one(db, "SELECT unit, district, street, community, grid FROM person WHERE id = $1",
                  ARGS(A_INT(in->person)), &whom_entity, &whom),
        "/person", "没有这个人。", "There is no such person."));
    if (member.person == in->person)
        return store_fault(db, ERR_INVALID, "/person", "self", "不能和自己结对。",
                           "Nobody is paired with themselves.");
    TRY(S_free(db, in, member.body));
    TRY(store_id(db, ID_COUNTY(in->person), ret));
    return store_exec(
        db,
        "INSERT INTO pair (id, county, body, member, member_person, person, purpose, unit, "
        "district, street, community, grid, since) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        ARGS(A_INT(*ret), A_INT(ID_COUNTY(*ret)), A_INT(member.body), A_INT(in->member),
             A_INT(member.person), A_INT(in->person), A_TEXT(in->purpose), A_INT(whom.unit),
             A_ID(whom.district), A_ID(whom.street), A_ID(whom.community), A_ID(whom.grid),
             A_INT(db->now)),
        NULL);
}

enum err pair_end(struct store *db, int64_t id)
{
    return store_exec(db, "UPDATE pair SET until = $2 WHERE id = $1 AND until IS NULL",
                      ARGS(A_INT(id), A_INT(db->now)), NULL);
}

enum err pair_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct pair p;
    struct whom at;
    TRY(store_one(db, "SELECT person, member_person FROM pair WHERE id = $1", ARGS(A_INT(id)),
                  &pair_entity, &p));
    TRY(store_one(db, "SELECT unit, district, street, community, grid FROM pair WHERE id = $1",
                  ARGS(A_INT(id)), &whom_entity, &at));
    ret->person = p.person;
    ret->persons[ret->person_count++] = p.member_person;
    ret->at = (struct ancestors){
        .district = at.district, .street = at.street, .community = at.community, .grid = at.grid};
    return OK;
}

/* ---- contacts ---- */

struct key_row {
    int64_t county;
    struct str key;
};
static const struct field key_fields[] = {F_INT(struct key_row, county),
                                          F_TEXT(struct key_row, key)};
static const struct entity key_entity = ENTITY(struct key_row, "PairKey", key_fields);

/* The resident's key; ERR_NOT_FOUND when the person has been erased. */
static enum err S_key(struct store *db, int64_t pair, unsigned char key[KEY_SIZE])
{
    struct key_row row;
    TRY(store_one(db,
                  "SELECT person.county, person.key FROM pair JOIN person ON person.id = "
                  "pair.person WHERE pair.id = $1",
                  ARGS(A_INT(pair)), &key_entity, &row));
    return row.key.p ? vault_unwrap(db, row.county, row.key, key) : ERR_NOT_FOUND;
}

static const char *S_side(const struct actor *by, const struct pair *p)
{
    if (!pair_own(by, p))
        return side_names[2];
    return side_names[by->person == p->person ? 1 : 0];
}

enum err contact_add(struct store *db, const struct contact_new *in, const struct actor *by,
                     int64_t *ret)
{
    unsigned char key[KEY_SIZE];
    struct pair p;
    struct str note = NO_STR;
    TRY(pair_get(db, in->id, false, &p));
    if (p.until)
        return store_fault(db, ERR_CONFLICT, "id", "ended", "结对已经结束。",
                           "This pair has ended.");
    if (in->at > db->now)
        return store_fault(db, ERR_INVALID, "/at", "future", "时间还没有到。",
                           "That time has not come yet.");
    if (in->text.p) {
        TRY(S_key(db, in->id, key));
        note = seal(key, in->text, db->arena);
        sodium_memzero(key, sizeof key);
        if (!note.p)
            return ERR_MEMORY;
    }
    TRY(store_id(db, ID_COUNTY(in->id), ret));
    return store_exec(
        db,
        "INSERT INTO pair_contact (id, county, pair, at, way, side, note, note_until, account, "
        "recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        ARGS(A_INT(*ret), A_INT(ID_COUNTY(*ret)), A_INT(in->id), A_INT(in->at ? in->at : db->now),
             A_TEXT(in->way), A_TEXT(str_of(S_side(by, &p))), A_BLOB(note),
             A_INT(db->now + NOTE_DAYS * day_ms), A_INT(by->account), A_INT(db->now)),
        NULL);
}

/* Sealed notes to what the reader may see of them. */
static enum err S_open(struct store *db, int64_t pair, bool own, struct list *contacts)
{
    unsigned char key[KEY_SIZE];
    struct pair_contact *c = contacts->items;
    enum err err = own ? S_key(db, pair, key) : ERR_NOT_FOUND;
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    for (size_t i = 0; i < contacts->n; i++)
        if (c[i].text.p)
            c[i].text = err == OK ? unseal(key, c[i].text, db->arena) : NO_STR;
    sodium_memzero(key, sizeof key);
    return arena_full(db->arena) ? ERR_MEMORY : OK;
}

enum err contact_page(struct store *db, int64_t pair, bool own, int64_t after, int64_t most,
                      struct list *ret)
{
    TRY(store_all(db,
                  "SELECT id, at, way, side, note AS text, recorded_at FROM pair_contact "
                  "WHERE pair = $1 AND id > $2 ORDER BY id LIMIT $3",
                  ARGS(A_INT(pair), A_INT(after), A_INT(most)), &pair_contact_entity, (size_t)most,
                  ret));
    return S_open(db, pair, own, ret);
}

enum err pair_tick(struct store *db, void *unused)
{
    (void)unused;
    return store_exec(db,
                      "UPDATE pair_contact SET note = NULL WHERE id IN (SELECT id FROM "
                      "pair_contact WHERE note IS NOT NULL AND note_until <= $1 "
                      "ORDER BY note_until LIMIT $2)",
                      ARGS(A_INT(db->now), A_INT(PURGE_MOST)), NULL);
}
