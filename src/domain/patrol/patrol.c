/* Patrols: the points, and who reaches them. */
#include "domain/patrol/patrol.h"
#include "domain/place/unit_shape.h"

#include <math.h>

enum { NAME_MOST = 60, PLACE_MOST = 120 };

static const struct field point_fields[] = {
    F_ID(struct patrol_point, id, .required = true, .doc = "The point."),
    F_ID(struct patrol_point, unit, .required = true, .doc = "The unit it lies in."),
    F_TEXT(struct patrol_point, place, .required = true, .doc = "Where, in words."),
    F_REAL(struct patrol_point, lng, .doc = "Longitude, WGS-84."),
    F_REAL(struct patrol_point, lat, .doc = "Latitude, WGS-84."),
};
static const struct entity point_entity = ENTITY(struct patrol_point, "PatrolPoint", point_fields);

static const struct field patrol_fields[] = {
    F_ID(struct patrol, id, .required = true, .doc = "The patrol."),
    F_TEXT(struct patrol, kind, .required = true, .doc = "Which patrol of the pack it is."),
    F_TEXT(struct patrol, name, .required = true, .doc = "Its name."),
    F_ID(struct patrol, unit, .required = true, .doc = "The unit it was made for."),
    F_TEXT(struct patrol, unit_name, .required = true, .doc = "The unit's name."),
    F_TIME(struct patrol, created_at, .required = true, .doc = "When it was made."),
    F_TIME(struct patrol, ended_at, .doc = "Since when no round of it is given any more."),
    F_LIST(struct patrol, points, .of = &point_entity,
           .doc = "Its points in the order of the walk; not in lists of patrols."),
};
const struct entity patrol_entity = ENTITY(struct patrol, "Patrol", patrol_fields);

static const struct field point_new_fields[] = {
    F_ID(struct patrol_point, unit,
         .doc = "The unit it lies in: the patrol's own or one below. Without it the one its "
                "coordinates lie in, else the patrol's."),
    F_TEXT(struct patrol_point, place, .required = true, .min = 1, .max = PLACE_MOST,
           .doc = "Where, in words."),
    F_REAL(struct patrol_point, lng, .min = -180, .max = 180, .doc = "Longitude, in `datum`."),
    F_REAL(struct patrol_point, lat, .min = -90, .max = 90, .form_doc = LAT_DOC,
           .doc = "Latitude, in `datum`."),
};
static const struct entity point_new_entity =
    ENTITY(struct patrol_point, "PatrolPointNew", point_new_fields);
static const struct field new_fields[] = {
    F_ID(struct patrol_new, unit, .required = true, .doc = "The unit it is for."),
    F_TEXT(struct patrol_new, kind, .required = true, .max = 64, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Which patrol of the pack (GET /api/patrol-kinds)."),
    F_TEXT(struct patrol_new, name, .required = true, .min = 2, .max = NAME_MOST,
           .doc = "Its name."),
    F_TEXT(struct patrol_new, datum, .codes = datum_names,
           .doc = "Datum of the points' coordinates: wgs84 unless given."),
    F_LIST(struct patrol_new, points, .of = &point_new_entity, .required = true, .min = 1,
           .max = PATROL_POINTS_MAX, .doc = "Its points in the order of the walk."),
};
const struct entity patrol_new_entity = ENTITY(struct patrol_new, "PatrolNew", new_fields);

#define PATROL                                                                                     \
    "SELECT p.id, p.kind, p.name, p.unit, u.name AS unit_name, p.created_at, p.ended_at "          \
    "FROM patrol p JOIN unit u ON u.id = p.unit WHERE "

enum err patrol_get(struct store *db, int64_t id, struct patrol *ret)
{
    TRY(store_one(db, PATROL "p.id = $1", ARGS(A_INT(id)), &patrol_entity, ret));
    return store_all(
        db, "SELECT id, unit, place, lng, lat FROM patrol_point WHERE patrol = $1 ORDER BY ord",
        ARGS(A_INT(id)), &point_entity, PATROL_POINTS_MAX, &ret->points);
}

#define FOUND                                                                                      \
    " AND p.id > $2 AND p.ended_at IS NULL "                                                       \
    "AND ($4 IS NULL OR $4 IN (p.unit, p.district, p.street, p.community, p.grid)) "               \
    "ORDER BY p.id LIMIT $3"

enum err patrol_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                      struct list *ret)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = PATROL "p.district = $1" FOUND,
        [LEVEL_STREET] = PATROL "p.street = $1" FOUND,
        [LEVEL_COMMUNITY] = PATROL "p.community = $1" FOUND,
        [LEVEL_GRID] = PATROL "p.grid = $1" FOUND,
    };
    const struct patrol_query *q = s->in;
    *ret = (struct list){0};
    if (!sql[hat->level])
        return OK;
    return store_all(db, sql[hat->level],
                     ARGS(A_INT(hat->unit), A_INT(s->after), A_INT(s->most), A_ID(q->unit)),
                     &patrol_entity, (size_t)s->most, ret);
}

/* ---- making one ---- */

static enum err S_point_unit(struct store *db, const struct unit_place *place, const char *field,
                             struct patrol_point *point)
{
    struct unit unit;
    bool given = point->unit != 0;
    int64_t found = 0;
    if (!given && !isnan(point->lng)) {
        enum err err = place_locate(db, (struct position){point->lng, point->lat}, &found);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    point->unit = given ? point->unit : found ? found : place->unit;
    if (point->unit == place->unit)
        return OK;
    enum err err = place_get(db, point->unit, &unit);
    struct ancestors at = err == OK ? unit_ancestors(&unit) : (struct ancestors){0};
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK && !unit.valid_to && ancestors_at(&at, place->level) == place->unit)
        return OK;
    if (given)
        return store_fault(db, ERR_INVALID, field, "outside", "点要在这条巡查路线的单位之内。",
                           "A point lies within the patrol's unit.");
    point->unit = place->unit; /* its coordinates lie elsewhere: the words say where it is */
    return OK;
}

static enum err S_points(struct store *db, const struct unit_place *place,
                         const struct patrol_new *in, struct patrol_point **ret)
{
    struct patrol_point *points = arena_array(db->arena, in->points.n, sizeof *points);
    if (!points)
        return ERR_MEMORY;
    for (size_t i = 0; i < in->points.n; i++) {
        const char *field[3];
        static const char *const names[] = {"lng", "lat", "unit"};
        struct position at;
        bool given = false;
        points[i] = ((const struct patrol_point *)in->points.items)[i];
        for (size_t k = 0; k < COUNT_OF(names); k++)
            field[k] = arena_printf(db->arena, "/points/%zu/%s", i, names[k]).p;
        TRY(spot_read(db,
                      &(struct spot_in){.lng = points[i].lng,
                                        .lat = points[i].lat,
                                        .datum = in->datum,
                                        .lng_field = field[0],
                                        .lat_field = field[1],
                                        .datum_field = "/datum"},
                      &at, &given));
        points[i].lng = at.lng;
        points[i].lat = at.lat;
        TRY(S_point_unit(db, place, field[2], &points[i]));
    }
    *ret = points;
    return OK;
}

static enum err S_insert(struct store *db, const struct unit_place *place,
                         const struct patrol_new *in, const struct patrol_point *points,
                         int64_t *ret)
{
    const struct ancestors *at = &place->at;
    TRY(store_id(db, place->county, ret));
    TRY(store_exec(db,
                   "INSERT INTO patrol (id, county, kind, name, unit, district, street, community, "
                   "grid, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                   ARGS(A_INT(*ret), A_INT(place->county), A_TEXT(in->kind), A_TEXT(in->name),
                        A_INT(place->unit), A_ID(at->district), A_ID(at->street),
                        A_ID(at->community), A_ID(at->grid), A_INT(db->now)),
                   NULL));
    for (size_t i = 0; i < in->points.n; i++) {
        int64_t id = 0;
        TRY(store_id(db, place->county, &id));
        TRY(store_exec(db,
                       "INSERT INTO patrol_point (id, county, patrol, ord, unit, place, lng, lat) "
                       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                       ARGS(A_INT(id), A_INT(place->county), A_INT(*ret), A_INT((int64_t)i),
                            A_INT(points[i].unit), A_TEXT(points[i].place), A_REAL(points[i].lng),
                            A_REAL(points[i].lat)),
                       NULL));
    }
    return OK;
}

enum err patrol_create(struct store *db, const struct actor *by, const struct patrol_new *in,
                       struct patrol *ret)
{
    struct unit_place place;
    struct patrol_point *points = NULL;
    int64_t id = 0;
    TRY(scope_unit(db, by, in->unit, &place));
    const struct pack *pack = world_pack_at(db->world, &place.at);
    if (!pack || !pack_patrol(pack, in->kind))
        return store_fault(db, ERR_INVALID, "/kind", "unknown", "这里的方案没有这种巡查。",
                           "The pack in force here has no such patrol.");
    TRY(S_points(db, &place, in, &points));
    TRY(S_insert(db, &place, in, points, &id));
    *db->note =
        (struct note){.subject = id, .district = place.at.district, .street = place.at.street};
    return patrol_get(db, id, ret);
}

enum err patrol_end(struct store *db, int64_t id)
{
    return store_exec(db, "UPDATE patrol SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL",
                      ARGS(A_INT(id), A_INT(db->now)), NULL);
}

static const struct field reach_fields[] = {
    F_ID(struct ancestors, district), F_ID(struct ancestors, street),
    F_ID(struct ancestors, community), F_ID(struct ancestors, grid)};
static const struct entity reach_entity = ENTITY(struct ancestors, "PatrolReach", reach_fields);

enum err patrol_reach(struct store *db, int64_t id, struct reach *ret)
{
    return store_one(db, "SELECT district, street, community, grid FROM patrol WHERE id = $1",
                     ARGS(A_INT(id)), &reach_entity, &ret->at);
}
