#include "domain/body/body.h"

static const char *const of_names[] = {"person", "party", NULL};

static const struct field total_fields[] = {
    F_TEXT(struct body_total, category, .required = true, .doc = "Code of the category."),
    F_TEXT(struct body_total, zh, .required = true, .doc = "Its name in Chinese."),
    F_TEXT(struct body_total, en, .required = true, .doc = "Its name in English."),
    F_TEXT(struct body_total, of, .required = true, .codes = of_names,
           .doc = "Whom it is made of: people, or organisations as such."),
    F_INT(struct body_total, count, .required = true, .doc = "How many there are now."),
};
static const struct entity total_entity = ENTITY(struct body_total, "BodyTotal", total_fields);

static const struct field body_fields[] = {
    F_ID(struct body, id, .required = true, .doc = "The body."),
    F_TEXT(struct body, kind, .required = true, .doc = "Its kind, from the pack."),
    F_TEXT(struct body, part, .doc = "Which part of its parent it is, from the pack."),
    F_TEXT(struct body, name, .required = true, .doc = "Its name."),
    F_TEXT(struct body, purpose, .lines = true, .doc = "Charter or purpose, in words."),
    F_ID(struct body, parent, .doc = "The body it is a part of."),
    F_ID(struct body, unit, .required = true, .doc = "The unit it belongs to."),
    F_TEXT(struct body, unit_name, .required = true, .doc = "The unit's name."),
    F_TIME(struct body, valid_from, .required = true, .doc = "Since when it is in being."),
    F_TIME(struct body, valid_to, .doc = "When it ended; absent while it is in being."),
    F_INT(struct body, members, .doc = "People in it now."),
    F_INT(struct body, units, .doc = "Organisations in it now as such, such as core units."),
    F_INT(struct body, parts, .doc = "Bodies below it now."),
    F_LIST(struct body, totals, .of = &total_entity,
           .doc = "Who is in it now by category, in the pack's order; people add up to `members`, "
                  "organisations to `units`."),
};
const struct entity body_entity = ENTITY(struct body, "Body", body_fields);

#define BODY                                                                                       \
    "SELECT body.id, body.kind, body.part, body.name, body.purpose, body.parent, body.unit, "      \
    "unit.name AS unit_name, body.valid_from, body.valid_to "                                      \
    "FROM body JOIN unit ON unit.id = body.unit WHERE "

/* ---- counting ---- */

/* The pack's categories in its order, then those that rows are in and the pack no longer has. */
static enum err S_totals(struct store *db, const struct pack_body *kind, struct body *b)
{
    struct list rows;
    TRY(store_all(db,
                  "SELECT category, CASE WHEN min(person) IS NULL THEN 'party' ELSE 'person' END "
                  "AS \"of\", category AS zh, category AS en, count(*) AS count FROM body_member "
                  "WHERE body = $1 AND until IS NULL GROUP BY category ORDER BY category",
                  ARGS(A_INT(b->id)), &total_entity, BODY_MEMBERS_MAX, &rows));
    size_t known = kind ? kind->member_count : 0, n = known;
    struct body_total *all = arena_array(db->arena, known + rows.n + 1, sizeof *all);
    const struct body_total *row = rows.items;
    if (!all)
        return ERR_MEMORY;
    for (size_t i = 0; i < known; i++) {
        const struct pack_member *c = &kind->members[i];
        all[i] = (struct body_total){c->category, c->name.zh, c->name.en,
                                     str_of(of_names[c->party ? 1 : 0]), 0};
    }
    b->members = b->units = 0;
    for (size_t i = 0; i < rows.n; i++) {
        size_t at = 0;
        while (at < known && !str_eq(all[at].category, row[i].category))
            at++;
        if (at < known)
            all[at].count = row[i].count;
        else
            all[n++] = row[i];
        *(str_eq(row[i].of, S("party")) ? &b->units : &b->members) += row[i].count;
    }
    b->totals = (struct list){all, n};
    return OK;
}

static const struct field place_fields[] = {
    F_ID(struct ancestors, province),  F_ID(struct ancestors, city),
    F_ID(struct ancestors, district),  F_ID(struct ancestors, street),
    F_ID(struct ancestors, community), F_ID(struct ancestors, grid)};
static const struct entity place_entity = ENTITY(struct ancestors, "BodyPlace", place_fields);

/* The kind as the pack in force has it now; NULL when it has none of that name. */
static enum err S_kind(struct store *db, int64_t unit, struct str kind,
                       const struct pack_body **ret)
{
    struct ancestors at;
    TRY(store_one(
        db, "SELECT province, city, district, street, community, grid FROM unit WHERE id = $1",
        ARGS(A_INT(unit)), &place_entity, &at));
    const struct pack *pack = world_pack_at(db->world, &at);
    *ret = pack ? pack_body(pack, kind) : NULL;
    return OK;
}

enum err bodies_count(struct store *db, struct list *bodies)
{
    struct body *b = bodies->items;
    for (size_t i = 0; i < bodies->n; i++) {
        const struct pack_body *kind = NULL;
        TRY(S_kind(db, b[i].unit, b[i].kind, &kind));
        TRY(S_totals(db, kind, &b[i]));
        TRY(store_int(db, "SELECT count(*) FROM body WHERE parent = $1 AND valid_to IS NULL",
                      ARGS(A_INT(b[i].id)), &b[i].parts));
    }
    return OK;
}

/* ---- reading ---- */

enum err body_get(struct store *db, int64_t id, struct body *ret)
{
    struct list one = {ret, 1};
    TRY(store_one(db, BODY "body.id = $1", ARGS(A_INT(id)), &body_entity, ret));
    return bodies_count(db, &one);
}

/* Above the hat's own unit only what is that very unit's. */
#define HERE(level) "(body." level " = $1 OR body.unit IN ($7, $8, $9))"
#define FOUND                                                                                      \
    " AND body.id > $2 AND ($4 IS NULL OR body.kind = $4) AND ($5 = 1 OR body.valid_to IS NULL) "  \
    "AND ($6 IS NULL OR $6 IN (body.unit, body.district, body.street, body.community, "            \
    "body.grid)) ORDER BY body.id LIMIT $3"

enum err body_page(struct store *db, const struct body_find *f, struct list *ret)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = BODY HERE("district") FOUND,
        [LEVEL_STREET] = BODY HERE("street") FOUND,
        [LEVEL_COMMUNITY] = BODY HERE("community") FOUND,
        [LEVEL_GRID] = BODY HERE("grid") FOUND,
    };
    const struct hat *hat = f->hat;
    *ret = (struct list){0};
    if (!sql[hat->level])
        return OK;
    return store_all(db, sql[hat->level],
                     ARGS(A_INT(hat->unit), A_INT(f->after), A_INT(f->most), A_TEXT(f->kind),
                          A_INT(f->ended), A_ID(f->unit), A_ID(hat->at.district),
                          A_ID(hat->at.street), A_ID(hat->at.community)),
                     &body_entity, (size_t)f->most, ret);
}

enum err body_of_unit(struct store *db, int64_t unit, int64_t after, int64_t most, struct list *ret)
{
    return store_all(db,
                     BODY "body.unit = $1 AND body.id > $2 AND body.valid_to IS NULL "
                          "ORDER BY body.id LIMIT $3",
                     ARGS(A_INT(unit), A_INT(after), A_INT(most)), &body_entity, (size_t)most, ret);
}

enum err body_parts(struct store *db, int64_t id, struct list *ret)
{
    TRY(store_all(db, BODY "body.parent = $1 AND body.valid_to IS NULL ORDER BY body.id",
                  ARGS(A_INT(id)), &body_entity, BODY_PARTS_MAX, ret));
    return bodies_count(db, ret);
}

/* ---- making and ending ---- */

static enum err S_name_free(struct store *db, const struct body_new *in)
{
    int64_t one = 0;
    enum err err = store_int(
        db,
        "SELECT 1 FROM body WHERE unit = $1 AND kind = $2 AND name = $3 "
        "AND valid_to IS NULL AND COALESCE(parent, 0) = $4",
        ARGS(A_INT(in->unit), A_TEXT(in->kind), A_TEXT(in->name), A_INT(in->parent)), &one);
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    return store_fault(db, ERR_CONFLICT, "/name", "taken", "这里已经有同名的组织。",
                       "There is one of that name here already.");
}

/* The body it is to be a part of: in being, at this unit or above, and no part itself. */
static enum err S_parent(struct store *db, const struct body_new *in, const struct ancestors *at)
{
    struct body above;
    int64_t parts = 0;
    if (!in->parent)
        return OK;
    enum err err =
        store_one(db, BODY "body.id = $1", ARGS(A_INT(in->parent)), &body_entity, &above);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    bool over = err == OK && !above.valid_to &&
                (above.unit == in->unit || above.unit == at->district || above.unit == at->street ||
                 above.unit == at->community || above.unit == at->grid);
    if (!over)
        return store_fault(db, ERR_INVALID, "/parent", "unknown", "这里没有这个上级组织。",
                           "There is no such body over this place.");
    if (above.parent)
        return store_fault(db, ERR_INVALID, "/parent", "depth", "组织最多两层。",
                           "Bodies lie two deep at most.");
    TRY(store_int(db, "SELECT count(*) FROM body WHERE parent = $1 AND valid_to IS NULL",
                  ARGS(A_INT(in->parent)), &parts));
    return parts < BODY_PARTS_MAX
               ? OK
               : store_fault(db, ERR_CONFLICT, "/parent", "full", "下面的组织已满 100 个。",
                             "It has 100 bodies below it, which is the most.");
}

static enum err S_insert(struct store *db, const struct body_new *in, struct str part,
                         const struct unit_place *at, int64_t *ret)
{
    TRY(store_id(db, at->county, ret));
    return store_exec(
        db,
        "INSERT INTO body (id, county, kind, part, name, purpose, parent, unit, district, street, "
        "community, grid, valid_from) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        ARGS(A_INT(*ret), A_INT(at->county), A_TEXT(in->kind), A_TEXT(part), A_TEXT(in->name),
             A_TEXT(in->purpose), A_ID(in->parent), A_INT(in->unit), A_ID(at->at.district),
             A_ID(at->at.street), A_ID(at->at.community), A_ID(at->at.grid),
             A_INT(in->valid_from ? in->valid_from : db->now)),
        NULL);
}

enum err body_create(struct store *db, const struct body_new *in, int64_t *ret)
{
    struct unit_place place;
    const struct pack_body *kind = NULL;
    int64_t id = 0;
    TRY(unit_place(db, in->unit, &place));
    TRY(S_kind(db, in->unit, in->kind, &kind));
    if (!kind)
        return store_fault(db, ERR_INVALID, "/kind", "unknown", "本地方案里没有这种组织。",
                           "The pack in force here has no such kind of body.");
    if (in->valid_from > db->now)
        return store_fault(db, ERR_INVALID, "/valid_from", "future", "开始时间还没有到。",
                           "That time has not come yet.");
    TRY(S_parent(db, in, &place.at));
    TRY(S_name_free(db, in));
    if (in->parent && kind->part_count)
        return store_fault(db, ERR_INVALID, "/kind", "depth", "组织最多两层。",
                           "Bodies lie two deep at most.");
    TRY(S_insert(db, in, NO_STR, &place, ret));
    for (size_t i = 0; i < kind->part_count; i++) {
        const struct pack_part *part = &kind->parts[i];
        const struct body_new below = {.unit = in->unit,
                                       .kind = part->kind,
                                       .name = part->name.zh,
                                       .parent = *ret,
                                       .valid_from = in->valid_from};
        TRY(S_insert(db, &below, part->part, &place, &id));
    }
    return OK;
}

enum err body_end(struct store *db, int64_t id)
{
    int64_t parts = 0, ended = 0;
    TRY(store_int(db, "SELECT count(*) FROM body WHERE parent = $1 AND valid_to IS NULL",
                  ARGS(A_INT(id)), &parts));
    if (parts)
        return store_fault(db, ERR_CONFLICT, "id", "parts", "请先结束它下面的组织。",
                           "End the bodies below it first.");
    TRY(store_exec(db, "UPDATE body SET valid_to = $2 WHERE id = $1 AND valid_to IS NULL",
                   ARGS(A_INT(id), A_INT(db->now)), &ended));
    if (!ended)
        return OK;
    TRY(store_exec(db, "UPDATE body_member SET until = $2 WHERE body = $1 AND until IS NULL",
                   ARGS(A_INT(id), A_INT(db->now)), NULL));
    return store_exec(db, "UPDATE pair SET until = $2 WHERE body = $1 AND until IS NULL",
                      ARGS(A_INT(id), A_INT(db->now)), NULL);
}

/* ---- reach ---- */

struct body_place {
    int64_t unit, district, street, community, grid;
};
static const struct field reach_fields[] = {
    F_ID(struct body_place, unit), F_ID(struct body_place, district),
    F_ID(struct body_place, street), F_ID(struct body_place, community),
    F_ID(struct body_place, grid)};
static const struct entity reach_entity = ENTITY(struct body_place, "BodyReach", reach_fields);

enum err body_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct body_place p;
    TRY(store_one(db, "SELECT unit, district, street, community, grid FROM body WHERE id = $1",
                  ARGS(A_INT(id)), &reach_entity, &p));
    ret->shared = p.unit;
    ret->at = (struct ancestors){
        .district = p.district, .street = p.street, .community = p.community, .grid = p.grid};
    return OK;
}

enum err body_own_reach(struct store *db, int64_t id, struct reach *ret)
{
    TRY(body_reach(db, id, ret));
    ret->shared = 0;
    return OK;
}
