#include "domain/people/hat.h"

#include "domain/people/people_api.h"
#include "domain/people/scope.h"
#include "domain/place/place.h"

static const char *const kind_names[] = {"unit", "party", "self", NULL};

static const struct field hat_fields[] = {
    F_ID(struct hat_out, id, .required = true, .doc = "The hat."),
    F_TEXT(struct hat_out, role, .required = true, .codes = &role_names[1], .doc = "The role."),
    F_TEXT(struct hat_out, kind, .required = true, .codes = kind_names,
           .doc = "Whether it is held at a unit, as a party or as oneself."),
    F_ID(struct hat_out, unit, .doc = "The unit it is held at."),
    F_TEXT(struct hat_out, unit_name, .doc = "The unit's name."),
    F_TEXT(struct hat_out, level, .codes = &level_names[1], .doc = "The unit's level."),
    F_ID(struct hat_out, party, .doc = "The party it is held as."),
    F_TEXT(struct hat_out, party_name, .doc = "The party's name."),
    F_ID(struct hat_out, person, .doc = "The person it is held as."),
    F_TIME(struct hat_out, since, .required = true, .doc = "When it was granted."),
};
const struct entity hat_entity = ENTITY(struct hat_out, "Hat", hat_fields);

#define HAT                                                                                        \
    "SELECT hat.id, hat.role, hat.unit, unit.name AS unit_name, unit.level, hat.party, "           \
    "party.name AS party_name, hat.person, hat.since FROM hat "                                    \
    "LEFT JOIN unit ON unit.id = hat.unit LEFT JOIN party ON party.id = hat.party "                \
    "WHERE hat.account = $1 AND (hat.until IS NULL OR hat.until > $2) "

static void S_kind(struct hat_out *h)
{
    h->kind = str_of(kind_names[h->person ? HAT_SELF : h->party ? HAT_PARTY : HAT_UNIT]);
}

enum err hats_of(struct store *db, int64_t account, struct list *ret)
{
    TRY(store_all(db, HAT "ORDER BY hat.id LIMIT $3",
                  ARGS(A_INT(account), A_INT(db->now), A_INT(HATS_MAX)), &hat_entity, HATS_MAX,
                  ret));
    struct hat_out *hats = ret->items;
    for (size_t i = 0; i < ret->n; i++)
        S_kind(&hats[i]);
    return OK;
}

enum err hat_find(struct store *db, int64_t account, int64_t hat, struct hat_out *ret)
{
    TRY(store_one(db, HAT "AND hat.id = $3", ARGS(A_INT(account), A_INT(db->now), A_INT(hat)),
                  &hat_entity, ret));
    S_kind(ret);
    return OK;
}

enum err hat_place(struct store *db, int64_t unit, int64_t party, int64_t person,
                   struct ancestors *ret)
{
    struct reach reach = {0};
    if (unit)
        return place_ancestors(db, unit, ret);
    TRY(party ? party_reach(db, party, &reach) : person_reach(db, person, &reach));
    *ret = reach.at;
    return OK;
}

enum err hat_end(struct store *db, int64_t hat)
{
    return store_exec(db, "UPDATE hat SET until = $2 WHERE id = $1 AND until IS NULL",
                      ARGS(A_INT(hat), A_INT(db->now)), NULL);
}

/* Is what it is to be held as what the role is held as? */
static enum err S_form(struct store *db, const struct hat_new *in)
{
    if (in->role <= ROLE_NONE || in->role >= ROLE_COUNT)
        return store_fault(db, ERR_INVALID, "/role", "unknown", "没有这个角色。",
                           "There is no such role.");
    enum hat_kind kind = role_kind(in->role);
    if ((in->unit != 0) + (in->party != 0) + (in->person != 0) != 1)
        return store_fault(db, ERR_INVALID, "", "one_of", "请给出 unit、party、person 中的一个。",
                           "Give exactly one of unit, party and person.");
    if (kind == HAT_SELF && !in->person)
        return store_fault(db, ERR_INVALID, "/person", "kind", "居民身份要对应一个人（person）。",
                           "This role is held as a person.");
    if (kind == HAT_PARTY && !in->party)
        return store_fault(db, ERR_INVALID, "/party", "kind", "这个角色要对应一个承办方（party）。",
                           "This role is held as a party.");
    if (kind == HAT_UNIT && (in->person || (in->party && role_separated(in->role))))
        return store_fault(db, ERR_INVALID, "/unit", "kind", "这个角色要对应一个单位（unit）。",
                           "This role is held at a unit.");
    return OK;
}

static enum err S_unit(struct store *db, const struct hat_new *in, int64_t *county)
{
    struct str level = NO_STR;
    enum err err = store_text(db, "SELECT level FROM unit WHERE id = $1 AND valid_to IS NULL",
                              ARGS(A_INT(in->unit)), &level);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/unit", "unknown", "没有这个单位。",
                           "There is no such unit.");
    TRY(err);
    enum level l = level_parse(level);
    if (l < LEVEL_COUNTY || l > LEVEL_GRID)
        return store_fault(db, ERR_INVALID, "/unit", "level",
                           "目前只能授予区县、街道、社区和网格一级的身份。",
                           "For now hats are held at a county, street, community or grid.");
    if (role_separated(in->role) && l > LEVEL_STREET)
        return store_fault(db, ERR_INVALID, "/unit", "level", "管理员身份只能设在区县或街道一级。",
                           "Administrators are held at a county or a street.");
    *county = ID_COUNTY(in->unit);
    return OK;
}

/* A unit's role is held as a party only by a person who is one: so that a matter can be sent to
 * that person alone. */
static enum err S_party(struct store *db, const struct hat_new *in, int64_t *county)
{
    struct str kind = NO_STR;
    enum err err =
        store_text(db, "SELECT kind FROM party WHERE id = $1", ARGS(A_INT(in->party)), &kind);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/party", "unknown", "没有这个承办方。",
                           "There is no such party.");
    TRY(err);
    if (str_eq(kind, S("external")))
        return store_fault(db, ERR_INVALID, "/party", "external",
                           "外部单位没有账号，只与它往来信函。",
                           "Nobody acts as an external party: letters are exchanged with it.");
    if (role_kind(in->role) == HAT_UNIT && !str_eq(kind, S("person")))
        return store_fault(db, ERR_INVALID, "/party", "kind",
                           "这个角色只能以个人（person）类的承办方身份持有。",
                           "This role is held as a party of kind person only.");
    *county = ID_COUNTY(in->party);
    return OK;
}

/* The account becomes this person's with the first such hat, and stays so. */
static enum err S_person(struct store *db, const struct hat_new *in, int64_t *county)
{
    int64_t person = 0, changed = 0;
    enum err err =
        store_int(db, "SELECT id FROM person WHERE id = $1", ARGS(A_INT(in->person)), &person);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/person", "unknown", "没有这个人。",
                           "There is no such person.");
    TRY(err);
    TRY(store_exec(db,
                   "UPDATE account SET person = $2 "
                   "WHERE id = $1 AND (person IS NULL OR person = $2)",
                   ARGS(A_INT(in->account), A_INT(person)), &changed));
    if (!changed)
        return store_fault(db, ERR_CONFLICT, "/person", "other", "这个账号已对应另一个人。",
                           "The account is already another person's.");
    *county = ID_COUNTY(person);
    return OK;
}

/* What the account already holds decides what it may hold besides. */
static enum err S_beside(struct store *db, const struct hat_new *in)
{
    struct list hats;
    TRY(hats_of(db, in->account, &hats));
    const struct hat_out *h = hats.items;
    for (size_t i = 0; i < hats.n; i++) {
        enum role held = role_parse(h[i].role);
        if (held == in->role && h[i].unit == in->unit && h[i].party == in->party &&
            h[i].person == in->person)
            return store_fault(db, ERR_CONFLICT, "/role", "held", "这个账号已有这个身份。",
                               "The account already holds this hat.");
        if (held != in->role && (role_separated(held) || role_separated(in->role)) &&
            role_kind(held) == HAT_UNIT && role_kind(in->role) == HAT_UNIT)
            return store_fault(db, ERR_CONFLICT, "/role", "separated",
                               "系统、安全、审计三员必须分设，也不能兼任其他岗位，请另建账号。",
                               "The three administrators stand alone: use another account.");
    }
    if (hats.n == HATS_MAX)
        return store_fault(db, ERR_CONFLICT, "/role", "too_many", "一个账号最多 16 个身份。",
                           "An account holds 16 hats at most.");
    return OK;
}

enum err hat_grant(struct store *db, const struct hat_new *in, int64_t *ret)
{
    int64_t county = 0, enabled = 0;
    enum err err = store_int(db, "SELECT id FROM account WHERE id = $1 AND disabled_at IS NULL",
                             ARGS(A_INT(in->account)), &enabled);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_CONFLICT, "", "disabled", "这个账号已停用。",
                           "The account is disabled.");
    TRY(err);
    TRY(S_form(db, in));
    TRY(in->unit    ? S_unit(db, in, &county)
        : in->party ? S_party(db, in, &county)
                    : S_person(db, in, &county));
    TRY(S_beside(db, in));
    TRY(store_id(db, county, ret));
    return store_exec(db,
                      "INSERT INTO hat (id, county, account, role, unit, party, person, since) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                      ARGS(A_INT(*ret), A_INT(county), A_INT(in->account),
                           A_TEXT(str_of(role_names[in->role])), A_ID(in->unit), A_ID(in->party),
                           A_ID(in->person), A_INT(db->now)),
                      NULL);
}
