/* A mediation as it is read: what is sealed is opened here, and masked by its descriptor. What
 * cannot be opened, because a row was altered, is absent: mediation_verify says so. */
#include "domain/mediation/mediation.h"

#include "domain/matter/matter.h"

#include <sodium.h>

static const struct field person_fields[] = {
    F_ID(struct mediation_person, id, .required = true,
         .doc = "As sessions and signatures name "
                "them."),
    F_TEXT(struct mediation_person, side, .required = true, .doc = "party or mediator."),
    F_TEXT(struct mediation_person, name, .class = CLASS_PERSONAL, .mask = mask_name,
           .doc = "Name."),
    F_TEXT(struct mediation_person, phone, .class = CLASS_PERSONAL, .mask = mask_phone,
           .doc = "Phone."),
    F_ID(struct mediation_person, person, .doc = "Their record, where there is one."),
    F_ID(struct mediation_person, party, .doc = "The team, firm or office, where it is one."),
    F_ID(struct mediation_person, account, .doc = "A worker's account, where it is one."),
    F_BOOL(struct mediation_person, has_signed, .required = true,
           .doc = "Has signed the agreement."),
};
static const struct entity person_entity =
    ENTITY(struct mediation_person, "MediationPerson", person_fields);

static const struct field session_fields[] = {
    F_ID(struct mediation_session, id, .required = true, .doc = "The session."),
    F_TIME(struct mediation_session, at, .required = true, .doc = "When."),
    F_TEXT(struct mediation_session, place, .required = true, .doc = "Where."),
    F_LIST(struct mediation_session, came, .item = T_ID, .required = true, .doc = "Who came."),
    F_TEXT(struct mediation_session, notes, .class = CLASS_SENSITIVE, .lines = true,
           .doc = "Notes; only where they are revealed."),
};
static const struct entity session_entity =
    ENTITY(struct mediation_session, "MediationSession", session_fields);

static const struct field signature_fields[] = {
    F_ID(struct mediation_signature, id, .required = true, .doc = "The signature."),
    F_ID(struct mediation_signature, signer, .required = true, .doc = "Who signed."),
    F_TIME(struct mediation_signature, at, .required = true, .doc = "When."),
    F_TEXT(struct mediation_signature, hash, .required = true,
           .doc = "SHA-256 of text, signer, time in ms and strokes, a line each."),
    F_TEXT(struct mediation_signature, drawn, .class = CLASS_SENSITIVE,
           .doc = "The strokes as an SVG path; only where they are revealed."),
};
static const struct entity signature_entity =
    ENTITY(struct mediation_signature, "MediationSignature", signature_fields);

static const struct field due_fields[] = {
    F_ID(struct mediation_due, id, .required = true, .doc = "What is due."),
    F_TEXT(struct mediation_due, kind, .required = true, .doc = "promise or revisit."),
    F_ID(struct mediation_due, who, .doc = "Whose promise."),
    F_TEXT(struct mediation_due, what, .lines = true, .doc = "What is to be done."),
    F_TIME(struct mediation_due, due_at, .required = true, .doc = "By when."),
    F_BOOL(struct mediation_due, overdue, .required = true, .doc = "Not done, and past due."),
    F_TIME(struct mediation_due, done_at, .doc = "When the result was recorded."),
    F_TEXT(struct mediation_due, result, .doc = "kept, partly or broken."),
    F_TEXT(struct mediation_due, text, .lines = true, .doc = "Evidence, in words."),
};
static const struct entity due_entity = ENTITY(struct mediation_due, "MediationDue", due_fields);

static const struct field mediation_fields[] = {
    F_ID(struct mediation, id, .required = true, .doc = "The matter's id."),
    F_TEXT(struct mediation, type, .required = true, .doc = "GB/T 31000-2015, table 91."),
    F_TEXT(struct mediation, type_zh, .required = true, .doc = "Its Chinese name."),
    F_TEXT(struct mediation, type_en, .required = true, .doc = "Its English name."),
    F_TEXT(struct mediation, way, .required = true, .doc = "GB/T 31000-2015, table 93."),
    F_TEXT(struct mediation, way_zh, .required = true, .doc = "Its Chinese name."),
    F_TEXT(struct mediation, way_en, .required = true, .doc = "Its English name."),
    F_TIME(struct mediation, opened_at, .required = true, .doc = "When it was opened."),
    F_LIST(struct mediation, persons, .of = &person_entity, .required = true,
           .doc = "Parties and mediators."),
    F_LIST(struct mediation, sessions, .of = &session_entity, .required = true, .doc = "Sessions."),
    F_TEXT(struct mediation, text, .lines = true, .doc = "The agreement in force."),
    F_TEXT(struct mediation, hash, .doc = "SHA-256 of its text: name it when signing."),
    F_TIME(struct mediation, agreed_at, .doc = "When it was written."),
    F_BOOL(struct mediation, concluded, .required = true,
           .doc = "Every party, and a mediator, have signed."),
    F_LIST(struct mediation, signatures, .of = &signature_entity, .required = true,
           .doc = "Signatures under it."),
    F_LIST(struct mediation, dues, .of = &due_entity, .required = true,
           .doc = "Promises and revisits."),
};
const struct entity mediation_entity = ENTITY(struct mediation, "Mediation", mediation_fields);

/* ---- rows ---- */

static const struct field head_fields[] = {
    F_ID(struct mediation, id),        F_TEXT(struct mediation, type),
    F_TEXT(struct mediation, way),     F_TIME(struct mediation, opened_at),
    F_ID(struct mediation, agreement), F_TIME(struct mediation, agreed_at),
    F_TEXT(struct mediation, hash),    F_TEXT(struct mediation, sealed)};
static const struct entity head_entity = ENTITY(struct mediation, "MediationHead", head_fields);

static const struct field person_row_fields[] = {F_ID(struct mediation_person, id),
                                                 F_TEXT(struct mediation_person, side),
                                                 F_TEXT(struct mediation_person, sealed_name),
                                                 F_TEXT(struct mediation_person, sealed_phone),
                                                 F_ID(struct mediation_person, person),
                                                 F_ID(struct mediation_person, party),
                                                 F_ID(struct mediation_person, account)};
static const struct entity person_row_entity =
    ENTITY(struct mediation_person, "MediationPersonRow", person_row_fields);

static const struct field session_row_fields[] = {
    F_ID(struct mediation_session, id), F_TIME(struct mediation_session, at),
    F_TEXT(struct mediation_session, place), F_TEXT(struct mediation_session, sealed)};
static const struct entity session_row_entity =
    ENTITY(struct mediation_session, "MediationSessionRow", session_row_fields);

static const struct field signature_row_fields[] = {
    F_ID(struct mediation_signature, id), F_ID(struct mediation_signature, signer),
    F_TIME(struct mediation_signature, at), F_TEXT(struct mediation_signature, hash),
    F_TEXT(struct mediation_signature, sealed)};
static const struct entity signature_row_entity =
    ENTITY(struct mediation_signature, "MediationSignatureRow", signature_row_fields);

static const struct field due_row_fields[] = {
    F_ID(struct mediation_due, id),       F_TEXT(struct mediation_due, kind),
    F_ID(struct mediation_due, who),      F_TEXT(struct mediation_due, sealed_what),
    F_TIME(struct mediation_due, due_at), F_TIME(struct mediation_due, done_at),
    F_TEXT(struct mediation_due, result), F_TEXT(struct mediation_due, sealed_text)};
static const struct entity due_row_entity =
    ENTITY(struct mediation_due, "MediationDueRow", due_row_fields);

struct came_row {
    int64_t session, person;
};
static const struct field came_fields[] = {F_ID(struct came_row, session),
                                           F_ID(struct came_row, person)};
static const struct entity came_entity = ENTITY(struct came_row, "MediationCame", came_fields);

/* ---- opening what is sealed ---- */

static struct str S_open(struct store *db, const unsigned char key[KEY_SIZE], struct str sealed)
{
    return sealed.p ? unseal(key, sealed, db->arena) : NO_STR;
}

static void S_unseal(struct store *db, const unsigned char key[KEY_SIZE], struct mediation *d)
{
    struct mediation_person *p = d->persons.items;
    struct mediation_session *s = d->sessions.items;
    struct mediation_signature *g = d->signatures.items;
    struct mediation_due *u = d->dues.items;
    d->text = S_open(db, key, d->sealed);
    for (size_t i = 0; i < d->persons.n; i++) {
        p[i].name = S_open(db, key, p[i].sealed_name);
        p[i].phone = S_open(db, key, p[i].sealed_phone);
    }
    for (size_t i = 0; i < d->sessions.n; i++)
        s[i].notes = S_open(db, key, s[i].sealed);
    for (size_t i = 0; i < d->signatures.n; i++)
        g[i].drawn = S_open(db, key, g[i].sealed);
    for (size_t i = 0; i < d->dues.n; i++) {
        u[i].what = S_open(db, key, u[i].sealed_what);
        u[i].text = S_open(db, key, u[i].sealed_text);
        u[i].overdue = !u[i].done_at && u[i].due_at < db->now ? YES : NO;
    }
}

/* Who came to which session: rows are in order of session. */
static enum err S_came(struct store *db, struct mediation *d)
{
    enum { CAME_MAX = SESSIONS_MAX * PEOPLE_MAX };
    struct list rows;
    TRY(store_all(db,
                  "SELECT c.session, c.person FROM mediation_session s JOIN mediation_came c "
                  "ON c.session = s.id WHERE s.matter = $1 ORDER BY c.session, c.person",
                  ARGS(A_INT(d->id)), &came_entity, CAME_MAX, &rows));
    const struct came_row *row = rows.items;
    struct mediation_session *s = d->sessions.items;
    for (size_t i = 0; i < d->sessions.n; i++) {
        int64_t *ids = arena_array(db->arena, PEOPLE_MAX, sizeof *ids);
        if (!ids)
            return ERR_MEMORY;
        s[i].came = (struct list){ids, 0};
        for (size_t r = 0; r < rows.n && s[i].came.n < PEOPLE_MAX; r++) {
            if (row[r].session == s[i].id)
                ids[s[i].came.n++] = row[r].person;
        }
    }
    return OK;
}

static void S_conclude(struct mediation *d)
{
    struct mediation_person *p = d->persons.items;
    const struct mediation_signature *g = d->signatures.items;
    size_t parties = 0, mediators = 0, lacking = 0;
    for (size_t i = 0; i < d->persons.n; i++) {
        bool party = str_eq(p[i].side, S("party"));
        p[i].has_signed = NO;
        for (size_t s = 0; s < d->signatures.n; s++) {
            if (g[s].signer == p[i].id)
                p[i].has_signed = YES;
        }
        parties += party;
        lacking += party && p[i].has_signed == NO;
        mediators += !party && p[i].has_signed == YES;
    }
    d->concluded = d->agreed_at && parties >= 2 && !lacking && mediators ? YES : NO;
}

static enum err S_lists(struct store *db, struct mediation *d)
{
    int64_t id = d->id;
    TRY(store_all(db,
                  "SELECT id, side, name AS sealed_name, phone AS sealed_phone, person, party, "
                  "account FROM mediation_person WHERE matter = $1 ORDER BY id",
                  ARGS(A_INT(id)), &person_row_entity, PEOPLE_MAX, &d->persons));
    TRY(store_all(db,
                  "SELECT id, at, place, notes AS sealed FROM mediation_session "
                  "WHERE matter = $1 ORDER BY at, id",
                  ARGS(A_INT(id)), &session_row_entity, SESSIONS_MAX, &d->sessions));
    TRY(store_all(db,
                  "SELECT id, signer, at, hash, drawn AS sealed FROM mediation_signature "
                  "WHERE agreement = $1 ORDER BY id",
                  ARGS(A_INT(d->agreement)), &signature_row_entity, PEOPLE_MAX, &d->signatures));
    return store_all(db,
                     "SELECT id, kind, who, what AS sealed_what, due_at, done_at, result, "
                     "words AS sealed_text FROM mediation_due WHERE matter = $1 ORDER BY due_at, "
                     "id",
                     ARGS(A_INT(id)), &due_row_entity, DUES_MAX, &d->dues);
}

enum err mediation_get(struct store *db, int64_t id, struct mediation *ret)
{
    unsigned char key[KEY_SIZE];
    TRY(store_one(db,
                  "SELECT d.matter AS id, d.type, d.way, d.opened_at, d.agreement, "
                  "a.at AS agreed_at, a.hash, a.text AS sealed FROM mediation d "
                  "LEFT JOIN mediation_agreement a ON a.id = d.agreement WHERE d.matter = $1",
                  ARGS(A_INT(id)), &head_entity, ret));
    TRY(S_lists(db, ret));
    TRY(S_came(db, ret));
    S_conclude(ret);
    const struct mediation_code *type = mediation_code(dispute_types, ret->type);
    const struct mediation_code *way = mediation_code(dispute_ways, ret->way);
    if (!type || !way)
        return ERR_STORE;
    ret->type_zh = type->zh;
    ret->type_en = type->en;
    ret->way_zh = way->zh;
    ret->way_en = way->en;
    /* Before anything was sealed there may be no key yet. */
    enum err err = matter_key(db, id, key);
    if (err == OK)
        S_unseal(db, key, ret);
    sodium_memzero(key, sizeof key);
    return err == ERR_NOT_FOUND ? OK : err;
}
