#include "domain/place/place.h"

#include <string.h>

/* Every statement that fills a struct unit names these columns. */
#define UNIT_COLUMNS                                                                               \
    "id, parent, code, name, level, colour, province, city, district, street, community, grid, "   \
    "valid_from, valid_to "

bool form_unit_code(struct str s)
{
    static const char may[] = "0123456789-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < s.n; i++) {
        if (!memchr(may, s.p[i], sizeof may - 1))
            return false;
    }
    return s.n > 0 && s.n <= UNIT_CODE_MAX;
}

enum err place_get(struct store *db, int64_t id, struct unit *ret)
{
    return store_one(db, "SELECT " UNIT_COLUMNS "FROM unit WHERE id = $1", ARGS(A_INT(id)),
                     &unit_entity, ret);
}

enum err place_by_code(struct store *db, struct str code, struct unit *ret)
{
    return store_one(db, "SELECT " UNIT_COLUMNS "FROM unit WHERE code = $1 AND valid_to IS NULL",
                     ARGS(A_TEXT(code)), &unit_entity, ret);
}

struct ancestors unit_ancestors(const struct unit *u)
{
    return (struct ancestors){.province = u->province,
                              .city = u->city,
                              .district = u->district,
                              .street = u->street,
                              .community = u->community,
                              .grid = u->grid};
}

enum err place_ancestors(struct store *db, int64_t id, struct ancestors *ret)
{
    struct unit u;
    TRY(place_get(db, id, &u));
    *ret = unit_ancestors(&u);
    return OK;
}

enum err place_reach(struct store *db, int64_t id, struct reach *ret)
{
    *ret = (struct reach){0};
    return place_ancestors(db, id, &ret->at);
}

/* `%` and `_` in what is looked for are meant as they stand. */
static struct str S_pattern(struct arena *a, struct str q)
{
    char *p = arena_alloc(a, q.n * 2 + 3);
    size_t n = 0;
    if (!p)
        return NO_STR;
    p[n++] = '%';
    for (size_t i = 0; i < q.n; i++) {
        if (q.p[i] == '%' || q.p[i] == '_' || q.p[i] == '\\')
            p[n++] = '\\';
        p[n++] = q.p[i];
    }
    if (n > 1)
        p[n++] = '%';
    return (struct str){p, n};
}

enum err place_list(struct store *db, const struct unit_query *query, struct list *ret)
{
    struct str like = S_pattern(db->arena, query->q);
    if (!like.p)
        return ERR_MEMORY;
    if (query->parent == 0)
        return store_all(
            db,
            "SELECT " UNIT_COLUMNS "FROM unit WHERE parent IS NULL AND id > $1 "
            "AND valid_to IS NULL AND level = COALESCE($2, level) "
            "AND name LIKE $3 ESCAPE '\\' ORDER BY id LIMIT $4",
            ARGS(A_INT(query->after), A_TEXT(query->level), A_TEXT(like), A_INT(query->max)),
            &unit_entity, (size_t)query->max, ret);
    return store_all(
        db,
        "SELECT " UNIT_COLUMNS "FROM unit WHERE parent = $1 AND id > $2 AND valid_to IS NULL "
        "AND level = COALESCE($3, level) AND name LIKE $4 ESCAPE '\\' ORDER BY id LIMIT $5",
        ARGS(A_INT(query->parent), A_INT(query->after), A_TEXT(query->level), A_TEXT(like),
             A_INT(query->max)),
        &unit_entity, (size_t)query->max, ret);
}

/* --- By name --- */

static struct str S_without(struct str s, struct str suffix)
{
    bool ends = s.n > suffix.n && memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
    return ends ? (struct str){s.p, s.n - suffix.n} : s;
}

/* What is left of a name without how its kind is written: first the office, then the kind. One
 * suffix of each, so that 东村村委会 and 东村 still are the same. */
static struct str S_stem(struct str name)
{
    const struct str offices[] = {S("居民委员会"), S("村民委员会"), S("居委会"), S("村委会"),
                                  S("办事处"),     S("人民政府"),   S("管委会")};
    const struct str kinds[] = {S("社区"), S("街道"), S("村")};
    struct str stem = str_trim(name);
    for (size_t i = 0, n = stem.n; i < COUNT_OF(offices) && stem.n == n; i++)
        stem = S_without(stem, offices[i]);
    for (size_t i = 0, n = stem.n; i < COUNT_OF(kinds) && stem.n == n; i++)
        stem = S_without(stem, kinds[i]);
    return stem;
}

enum err place_child_by_name(struct store *db, int64_t parent, struct str name, struct unit *ret)
{
    const struct unit_query query = {.parent = parent, .max = UNIT_CHILDREN_MAX};
    struct str stem = S_stem(name);
    struct list children;
    size_t fits = 0;
    TRY(place_list(db, &query, &children));
    const struct unit *child = children.items;
    for (size_t i = 0; i < children.n; i++) {
        if (str_eq(child[i].name, name)) {
            *ret = child[i];
            return OK;
        }
        if (str_eq(S_stem(child[i].name), stem)) {
            *ret = child[i];
            fits++;
        }
    }
    return fits == 1 ? OK : fits ? ERR_CONFLICT : ERR_NOT_FOUND;
}

/* --- Creating --- */

/* What may be made by hand, and below what. The tree above it comes from the official list. */
static const struct {
    enum level level, parent;
} fits[] = {
    {LEVEL_COMMUNITY, LEVEL_STREET}, {LEVEL_GRID, LEVEL_COMMUNITY}, {LEVEL_MICRO_GRID, LEVEL_GRID}};

static enum err S_check_parent(struct store *db, const struct unit_new *in, struct unit *parent)
{
    enum err err = place_get(db, in->parent, parent);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, err, "/parent", "not_found", "没有这个上级单位。",
                           "There is no such parent unit.");
    TRY(err);
    if (parent->valid_to)
        return store_fault(db, ERR_CONFLICT, "/parent", "ended", "这个上级单位已经撤销。",
                           "The parent unit is no more.");
    for (size_t i = 0; i < COUNT_OF(fits); i++) {
        if (fits[i].level == level_parse(in->level) && fits[i].parent == level_parse(parent->level))
            return OK;
    }
    return store_fault(db, ERR_INVALID, "/level", "level",
                       "层级不符：街道下设社区，社区下设网格，网格下设微网格。",
                       "The level does not fit: communities lie below a street, grids below a "
                       "community, micro-grids below a grid.");
}

static enum err S_check_new(struct store *db, const struct unit_new *in)
{
    int64_t found = 0;
    enum err err = store_int(
        db, "SELECT id FROM unit WHERE parent = $1 AND name = $2 AND valid_to IS NULL LIMIT 1",
        ARGS(A_INT(in->parent), A_TEXT(in->name)), &found);
    if (err == OK)
        return store_fault(db, ERR_CONFLICT, "/name", "taken", "这个上级单位下已有同名单位。",
                           "The parent has a unit of that name already.");
    if (err != ERR_NOT_FOUND || !in->code.p)
        return err == ERR_NOT_FOUND ? OK : err;
    err = store_int(db, "SELECT id FROM unit WHERE code = $1 AND valid_to IS NULL",
                    ARGS(A_TEXT(in->code)), &found);
    if (err == OK)
        return store_fault(db, ERR_CONFLICT, "/code", "taken", "这个代码已有单位在用。",
                           "A unit has that code already.");
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err place_create(struct store *db, const struct unit_new *in, struct unit *ret)
{
    struct unit parent;
    int64_t id = 0;
    TRY(S_check_parent(db, in, &parent));
    TRY(S_check_new(db, in));
    TRY(store_id(db, ID_COUNTY(parent.id), &id));
    *ret = parent;
    ret->id = id;
    ret->parent = parent.id;
    ret->level = in->level;
    ret->name = in->name;
    ret->code = in->code;
    ret->colour = in->colour;
    ret->valid_from = db->now;
    switch (level_parse(in->level)) {
    case LEVEL_COMMUNITY: ret->community = id; break;
    case LEVEL_GRID: ret->grid = id; break;
    default: break; /* a micro-grid's grid is its parent's */
    }
    return store_exec(db,
                      "INSERT INTO unit (id, county, parent, level, code, name, colour, province, "
                      "city, district, street, community, grid, valid_from) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                      ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(ret->parent), A_TEXT(ret->level),
                           A_TEXT(ret->code), A_TEXT(ret->name), A_TEXT(ret->colour),
                           A_ID(ret->province), A_ID(ret->city), A_ID(ret->district),
                           A_ID(ret->street), A_ID(ret->community), A_ID(ret->grid),
                           A_INT(ret->valid_from)),
                      NULL);
}

/* --- Moving --- */

/* Rows below a community that carry the places above it; what has ended stays where it was. */
#define MOVE(table) "UPDATE " table " SET district = $2, street = $3 WHERE community = $1"
static const char *const moves_along[] = {MOVE("person"),
                                          MOVE("party"),
                                          MOVE("case_due"),
                                          MOVE("patrol"),
                                          MOVE("mediation_due") " AND done_at IS NULL",
                                          MOVE("body") " AND valid_to IS NULL",
                                          MOVE("pair") " AND until IS NULL",
                                          MOVE("patrol_round") " AND state = 'open'",
                                          MOVE("outbox") " AND state = 'waiting'",
                                          MOVE("matter") " AND open = 1"};

enum err place_move(struct store *db, const struct unit *u)
{
    TRY(store_exec(db,
                   "UPDATE unit SET parent = $2, province = $3, city = $4, district = $5, "
                   "street = $6 WHERE id = $1",
                   ARGS(A_INT(u->id), A_ID(u->parent), A_ID(u->province), A_ID(u->city),
                        A_ID(u->district), A_ID(u->street)),
                   NULL));
    if (!u->community)
        return OK; /* what lies below has rows of its own in the list, and is moved by them */
    const struct arg *args = ARGS(A_INT(u->community), A_ID(u->province), A_ID(u->city),
                                  A_ID(u->district), A_ID(u->street));
    TRY(store_exec(db,
                   "UPDATE unit SET province = $2, city = $3, district = $4, street = $5 "
                   "WHERE parent = $1 OR parent IN (SELECT id FROM unit WHERE parent = $1)",
                   args, NULL));
    args = ARGS(A_INT(u->community), A_ID(u->district), A_ID(u->street));
    for (size_t i = 0; i < COUNT_OF(moves_along); i++)
        TRY(store_exec(db, moves_along[i], args, NULL));
    return OK;
}
