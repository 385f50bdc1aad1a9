#include "domain/people/party.h"

#include "domain/people/people_api.h"
#include "domain/people/scope.h"

const char *const party_kinds[] = {"person", "team",     "department", "organisation",
                                   "firm",   "external", NULL};

static const struct field party_fields[] = {
    F_ID(struct party, id, .required = true, .doc = "The party."),
    F_TEXT(struct party, kind, .required = true, .codes = party_kinds, .doc = "What it is."),
    F_TEXT(struct party, name, .required = true, .doc = "Its name."),
    F_TEXT(struct party, duty, .doc = "What it is there for."),
    F_ID(struct party, unit, .required = true, .doc = "The unit it belongs to."),
    F_TEXT(struct party, unit_name, .required = true, .doc = "The unit's name."),
    F_TIME(struct party, created_at, .required = true, .doc = "When it was recorded."),
};
const struct entity party_entity = ENTITY(struct party, "Party", party_fields);

#define PARTY                                                                                      \
    "SELECT party.id, party.kind, party.name, party.duty, party.unit, unit.name AS unit_name, "    \
    "party.created_at FROM party JOIN unit ON unit.id = party.unit WHERE "
/* Above the hat's own unit only what is that very unit's. */
#define HERE(level) "(party." level " = $1 OR party.unit IN ($7, $8, $9))"
#define FOUND                                                                                      \
    " AND party.id > $2 AND ($4 IS NULL OR party.kind = $4) "                                      \
    "AND ($5 IS NULL OR party.name LIKE $5 ESCAPE '!') "                                           \
    "AND ($6 IS NULL OR $6 IN (party.unit, party.district, party.street, party.community, "        \
    "party.grid)) ORDER BY party.id LIMIT $3"

enum err party_get(struct store *db, int64_t id, struct party *ret)
{
    return store_one(db, PARTY "party.id = $1", ARGS(A_INT(id)), &party_entity, ret);
}

/* %q% with LIKE's own characters taken literally; NO_STR for NO_STR. */
static struct str S_pattern(struct str q, struct arena *a)
{
    char *p = q.p ? arena_alloc(a, 2 * q.n + 2) : NULL;
    size_t n = 0;
    if (!p)
        return NO_STR;
    p[n++] = '%';
    for (size_t i = 0; i < q.n; i++) {
        if (q.p[i] == '%' || q.p[i] == '_' || q.p[i] == '!')
            p[n++] = '!';
        p[n++] = q.p[i];
    }
    p[n++] = '%';
    return (struct str){p, n};
}

enum err party_page(struct store *db, const struct party_find *f, struct list *ret)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = PARTY HERE("district") FOUND,
        [LEVEL_STREET] = PARTY HERE("street") FOUND,
        [LEVEL_COMMUNITY] = PARTY HERE("community") FOUND,
        [LEVEL_GRID] = PARTY HERE("grid") FOUND,
    };
    const struct hat *hat = f->hat;
    struct str pattern = S_pattern(f->q, db->arena);
    *ret = (struct list){0};
    if (f->q.p && !pattern.p)
        return ERR_MEMORY;
    if (!sql[hat->level])
        return OK;
    return store_all(db, sql[hat->level],
                     ARGS(A_INT(hat->unit), A_INT(f->after), A_INT(f->most), A_TEXT(f->kind),
                          A_TEXT(pattern), A_ID(f->unit), A_ID(hat->at.district),
                          A_ID(hat->at.street), A_ID(hat->at.community)),
                     &party_entity, (size_t)f->most, ret);
}

static bool S_kind_known(struct str kind)
{
    for (size_t i = 0; party_kinds[i]; i++) {
        if (str_eq(kind, str_of(party_kinds[i])))
            return true;
    }
    return false;
}

enum err party_create(struct store *db, const struct party_new *in, int64_t *ret)
{
    struct unit_place place;
    if (!S_kind_known(in->kind))
        return store_fault(db, ERR_INVALID, "/kind", "unknown", "没有这种承办方。",
                           "There is no such kind of party.");
    TRY(unit_place(db, in->unit, &place));
    TRY(store_id(db, place.county, ret));
    return store_exec(db,
                      "INSERT INTO party (id, county, kind, name, duty, unit, district, street, "
                      "community, grid, created_at) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                      ARGS(A_INT(*ret), A_INT(place.county), A_TEXT(in->kind), A_TEXT(in->name),
                           A_TEXT(in->duty), A_INT(in->unit), A_ID(place.at.district),
                           A_ID(place.at.street), A_ID(place.at.community), A_ID(place.at.grid),
                           A_INT(db->now)),
                      NULL);
}

struct party_place {
    int64_t unit, district, street, community, grid;
};
static const struct field place_fields[] = {
    F_ID(struct party_place, unit), F_ID(struct party_place, district),
    F_ID(struct party_place, street), F_ID(struct party_place, community),
    F_ID(struct party_place, grid)};
static const struct entity place_entity = ENTITY(struct party_place, "PartyPlace", place_fields);

/* A party's own people reach it, the units it lies in, and the units below its own: they may send
 * to it. */
enum err party_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct party_place p;
    ret->parties[0] = id;
    ret->party_count = 1;
    TRY(store_one(db, "SELECT unit, district, street, community, grid FROM party WHERE id = $1",
                  ARGS(A_INT(id)), &place_entity, &p));
    ret->shared = p.unit;
    ret->at = (struct ancestors){
        .district = p.district, .street = p.street, .community = p.community, .grid = p.grid};
    return OK;
}
