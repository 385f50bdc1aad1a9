/* Mediations: who is in one, sessions, promises. The agreement is in agreement.c. */
#include "domain/mediation/mediation.h"

#include "domain/matter/matter.h"

#include <sodium.h>

const struct mediation_code *mediation_code(const struct mediation_code *list, struct str code)
{
    while (list->code.p && !str_eq(list->code, code))
        list++;
    return list->code.p ? list : NULL;
}

/* ---- who reaches it ---- */

struct reach_row {
    int64_t unit, district, street, community;
};
static const struct field reach_fields[] = {
    F_ID(struct reach_row, unit), F_ID(struct reach_row, district), F_ID(struct reach_row, street),
    F_ID(struct reach_row, community)};
static const struct entity reach_entity = ENTITY(struct reach_row, "MediationReach", reach_fields);

struct who_row {
    int64_t person, party;
};
static const struct field who_fields[] = {F_ID(struct who_row, person),
                                          F_ID(struct who_row, party)};
static const struct entity who_entity = ENTITY(struct who_row, "MediationWho", who_fields);

enum err mediation_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct reach_row row;
    struct list people;
    TRY(store_one(db,
                  "SELECT d.unit, m.district, m.street, m.community FROM mediation d "
                  "JOIN matter m ON m.id = d.matter WHERE d.matter = $1",
                  ARGS(A_INT(id)), &reach_entity, &row));
    /* Only the unit that mediates: not its grids, not whoever is above it, and not the tier that
     * the matter may have gone up to meanwhile. */
    ret->at = (struct ancestors){.community = row.unit == row.community ? row.unit : 0,
                                 .street = row.unit == row.street ? row.unit : 0,
                                 .district = row.unit == row.district ? row.unit : 0};
    TRY(store_all(db,
                  "SELECT person, party FROM mediation_person WHERE matter = $1 ORDER BY id "
                  "LIMIT $2",
                  ARGS(A_INT(id), A_INT(PEOPLE_MAX)), &who_entity, PEOPLE_MAX, &people));
    const struct who_row *who = people.items;
    for (size_t i = 0; i < people.n; i++) {
        if (who[i].person)
            ret->persons[ret->person_count++] = who[i].person;
        if (who[i].party)
            ret->parties[ret->party_count++] = who[i].party;
    }
    return OK;
}

enum err mediation_runs(struct store *db, const struct actor *by, int64_t id, struct matter *m,
                        bool *ret)
{
    TRY(matter_load(db, id, m));
    db->note->district = m->district;
    db->note->street = m->street;
    *ret = false;
    for (size_t i = 0; i < by->n && !*ret; i++) {
        const struct hat *h = &by->hats[i];
        int64_t found = 0;
        if (!by->admitted[i] || h->kind == HAT_SELF)
            continue;
        enum err err = h->kind == HAT_UNIT
                           ? OK
                           : store_int(db,
                                       "SELECT id FROM mediation_person WHERE matter = $1 "
                                       "AND party = $2 AND side = 'mediator'",
                                       ARGS(A_INT(id), A_INT(h->party)), &found);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
        *ret = err == OK;
    }
    return OK;
}

static enum err S_runs(struct store *db, const struct actor *by, int64_t id, struct matter *m)
{
    bool runs = false;
    TRY(mediation_runs(db, by, id, m, &runs));
    return runs ? OK
                : store_fault(db, ERR_FORBIDDEN, "/act", "side", "这一步由调解员或负责单位来做。",
                              "That is for who mediates, or the unit in charge.");
}

/* How many rows a mediation has of something, so that none grows without end. */
static enum err S_room(struct store *db, const char *sql, int64_t id, int64_t most)
{
    int64_t n = 0;
    TRY(store_int(db, sql, ARGS(A_INT(id)), &n));
    return n < most ? OK
                    : store_fault(db, ERR_CONFLICT, "/act", "too_many", "已经记得太多，不能再加。",
                                  "There are too many already.");
}

/* Seals up to two texts under the matter's key; NO_STR stays NO_STR. */
static enum err S_seal(struct store *db, int64_t id, struct str a, struct str b, struct str *sa,
                       struct str *sb)
{
    unsigned char key[KEY_SIZE];
    TRY(matter_key_make(db, id, key));
    *sa = a.p ? seal(key, a, db->arena) : NO_STR;
    *sb = b.p ? seal(key, b, db->arena) : NO_STR;
    sodium_memzero(key, sizeof key);
    return arena_full(db->arena) ? ERR_MEMORY : OK;
}

/* ---- opening ---- */

enum err mediation_open(struct store *db, const struct actor *by, const struct mediation_new *in)
{
    int64_t id = 0;
    struct matter m;
    bool covers = false;
    TRY(matter_load(db, in->id, &m));
    for (size_t i = 0; i < by->n; i++)
        covers = covers ||
                 (by->admitted[i] && by->hats[i].kind == HAT_UNIT && by->hats[i].unit == m.charge);
    if (!covers)
        return store_fault(db, ERR_FORBIDDEN, "/act", "side", "调解由负责单位来开始。",
                           "The unit in charge opens a mediation.");
    if (!mediation_code(dispute_types, in->type))
        return store_fault(db, ERR_INVALID, "/type", "unknown",
                           "没有这个纠纷类别（GB/T 31000 表 91）。",
                           "There is no such type of dispute (GB/T 31000, table 91).");
    if (!mediation_code(dispute_ways, in->way))
        return store_fault(db, ERR_INVALID, "/way", "unknown",
                           "没有这种化解方式（GB/T 31000 表 93）。",
                           "There is no such way of resolving (GB/T 31000, table 93).");
    enum err err =
        store_int(db, "SELECT matter FROM mediation WHERE matter = $1", ARGS(A_INT(in->id)), &id);
    if (err == OK)
        return store_fault(db, ERR_CONFLICT, "/act", "exists", "这件事已经在调解。",
                           "It is being mediated already.");
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(store_exec(db,
                   "INSERT INTO mediation (matter, county, type, way, opened_at, opened_by, unit) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   ARGS(A_INT(in->id), A_INT(ID_COUNTY(in->id)), A_TEXT(in->type), A_TEXT(in->way),
                        A_INT(db->now), A_INT(by->account), A_INT(m.charge)),
                   NULL));
    return matter_say(db, by, in->id, S("开始调解。"));
}

/* ---- who is in it ---- */

static enum err S_known(struct store *db, const struct mediator_new *in, const struct matter *m)
{
    int64_t id = 0;
    const struct {
        int64_t id;
        const char *sql, *field;
    } asked[] = {
        {in->person, "SELECT id FROM person WHERE id = $1 AND district = $2", "/person"},
        {in->party, "SELECT id FROM party WHERE id = $1 AND district = $2", "/party"},
    };
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        enum err err = asked[i].id ? store_int(db, asked[i].sql,
                                               ARGS(A_INT(asked[i].id), A_INT(m->district)), &id)
                                   : OK;
        if (err == ERR_NOT_FOUND)
            return store_fault(db, ERR_INVALID, asked[i].field, "unknown",
                               "本区县没有这个人或单位。", "There is no such one in this county.");
        TRY(err);
    }
    /* A worker sees it by a hat at the unit that mediates; others do as a person or a team. */
    enum err err = in->account
                       ? store_int(db,
                                   "SELECT h.id FROM hat h JOIN mediation d ON d.unit = h.unit "
                                   "WHERE h.account = $1 AND d.matter = $2 AND h.until IS NULL",
                                   ARGS(A_INT(in->account), A_INT(m->id)), &id)
                       : OK;
    if (err != ERR_NOT_FOUND)
        return err;
    return store_fault(db, ERR_INVALID, "/account", "unknown",
                       "负责单位没有这个工作人员；请改填居民或队伍。",
                       "The unit in charge has no such worker; name a person or a team.");
}

enum err mediation_add(struct store *db, const struct actor *by, const struct mediator_new *in)
{
    struct matter m;
    struct str name = NO_STR, phone = NO_STR;
    int64_t id = 0, signed_ = 0;
    TRY(S_runs(db, by, in->id, &m));
    TRY(S_known(db, in, &m));
    TRY(S_room(db, "SELECT COUNT(*) FROM mediation_person WHERE matter = $1", in->id, PEOPLE_MAX));
    enum err err = store_int(db,
                             "SELECT s.id FROM mediation d JOIN mediation_signature s "
                             "ON s.agreement = d.agreement WHERE d.matter = $1 LIMIT 1",
                             ARGS(A_INT(in->id)), &signed_);
    if (err == OK)
        return store_fault(db, ERR_CONFLICT, "/act", "signed", "协议已有人签字，不能再加人。",
                           "The agreement has been signed; nobody can be added.");
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(store_id(db, ID_COUNTY(in->id), &id));
    TRY(S_seal(db, in->id, in->name, in->phone, &name, &phone));
    return store_exec(db,
                      "INSERT INTO mediation_person (id, county, matter, side, name, phone, "
                      "person, party, account, added_at) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                      ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(in->id), A_TEXT(in->side),
                           A_BLOB(name), A_BLOB(phone), A_ID(in->person), A_ID(in->party),
                           A_ID(in->account), A_INT(db->now)),
                      NULL);
}

static enum err S_is_in(struct store *db, int64_t id, int64_t who, const char *field)
{
    int64_t found = 0;
    enum err err = store_int(db, "SELECT id FROM mediation_person WHERE id = $1 AND matter = $2",
                             ARGS(A_INT(who), A_INT(id)), &found);
    return err != ERR_NOT_FOUND
               ? err
               : store_fault(db, ERR_INVALID, field, "unknown", "调解里没有这个人。",
                             "Nobody of that id is in this mediation.");
}

/* ---- sessions ---- */

enum err mediation_sit(struct store *db, const struct actor *by, const struct session_new *in)
{
    struct matter m;
    struct str notes = NO_STR, none = NO_STR;
    const int64_t *came = in->came.items;
    int64_t id = 0;
    TRY(S_runs(db, by, in->id, &m));
    if (in->at > db->now)
        return store_fault(db, ERR_INVALID, "/at", "future", "这个时间还没有到。",
                           "That time has not come yet.");
    for (size_t i = 0; i < in->came.n; i++)
        TRY(S_is_in(db, in->id, came[i], "/came"));
    TRY(S_room(db, "SELECT COUNT(*) FROM mediation_session WHERE matter = $1", in->id,
               SESSIONS_MAX));
    TRY(store_id(db, ID_COUNTY(in->id), &id));
    TRY(S_seal(db, in->id, in->notes, NO_STR, &notes, &none));
    TRY(store_exec(db,
                   "INSERT INTO mediation_session (id, county, matter, at, place, notes, account, "
                   "recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(in->id), A_INT(in->at),
                        A_TEXT(in->place), A_BLOB(notes), A_INT(by->account), A_INT(db->now)),
                   NULL));
    for (size_t i = 0; i < in->came.n; i++)
        TRY(store_exec(db,
                       "INSERT INTO mediation_came (session, person) VALUES ($1, $2) "
                       "ON CONFLICT (session, person) DO NOTHING",
                       ARGS(A_INT(id), A_INT(came[i])), NULL));
    return OK;
}

/* ---- what was promised, and coming back to see ---- */

enum err mediation_promise(struct store *db, const struct actor *by, const struct due_new *in)
{
    struct matter m;
    struct str what = NO_STR, none = NO_STR;
    bool promise = str_eq(in->kind, S("promise"));
    int64_t id = 0;
    TRY(S_runs(db, by, in->id, &m));
    if (promise && (!in->what.p || !in->who))
        return store_fault(db, ERR_INVALID, in->who ? "/what" : "/who", "required",
                           "请写明谁要做什么。", "Say who is to do what.");
    if (in->who)
        TRY(S_is_in(db, in->id, in->who, "/who"));
    if (in->due_at <= db->now)
        return store_fault(db, ERR_INVALID, "/due_at", "past", "这个时间已经过去。",
                           "That time has passed.");
    TRY(S_room(db, "SELECT COUNT(*) FROM mediation_due WHERE matter = $1", in->id, DUES_MAX));
    TRY(store_id(db, ID_COUNTY(in->id), &id));
    TRY(S_seal(db, in->id, in->what, NO_STR, &what, &none));
    return store_exec(
        db,
        "INSERT INTO mediation_due (id, county, matter, district, street, community, grid, kind, "
        "who, what, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(in->id), A_INT(m.district), A_ID(m.street),
             A_ID(m.community), A_ID(m.grid), A_TEXT(in->kind), A_ID(in->who), A_BLOB(what),
             A_INT(in->due_at)),
        NULL);
}

enum err mediation_done(struct store *db, const struct actor *by, const struct due_done *in)
{
    struct matter m;
    struct str words = NO_STR, none = NO_STR;
    int64_t done = 0;
    TRY(S_runs(db, by, in->id, &m));
    enum err err = store_int(db, "SELECT done_at FROM mediation_due WHERE id = $1 AND matter = $2",
                             ARGS(A_INT(in->due), A_INT(in->id)), &done);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "due", "unknown", "调解里没有这一项。",
                           "This mediation has nothing of that id.");
    TRY(err);
    if (done != NO_INT)
        return store_fault(db, ERR_CONFLICT, "/act", "done", "这一项已经记过结果。",
                           "The result of that is on record already.");
    TRY(S_seal(db, in->id, in->text, NO_STR, &words, &none));
    return store_exec(
        db,
        "UPDATE mediation_due SET done_at = $2, result = $3, words = $4, "
        "account = $5 WHERE id = $1",
        ARGS(A_INT(in->due), A_INT(db->now), A_TEXT(in->result), A_BLOB(words), A_INT(by->account)),
        NULL);
}
