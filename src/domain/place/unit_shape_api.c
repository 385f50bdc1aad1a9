/* Routes of shapes: a unit's own, those below a unit, and where a position belongs. */
#include "domain/place/unit_shape.h"

#include <math.h>

enum { SHAPE_BODY_MAX = 512 * 1024, SHAPES_DEFAULT = 100, SHAPES_MAX = 500 };

#define DATUM_DOC "Datum of the coordinates: wgs84 unless given."

/* ---- where a position belongs ---- */

struct at_in {
    double lng, lat;
    struct str datum;
};
static const struct field at_fields[] = {
    F_REAL(struct at_in, lng, .from = IN_QUERY, .required = true, .min = -180, .max = 180,
           .doc = "Longitude."),
    F_REAL(struct at_in, lat, .from = IN_QUERY, .required = true, .min = -90, .max = 90,
           .form_doc = LAT_DOC, .doc = "Latitude."),
    F_TEXT(struct at_in, datum, .from = IN_QUERY, .codes = datum_names, .doc = DATUM_DOC),
};
static const struct entity at_entity = ENTITY(struct at_in, "UnitAt", at_fields);

struct located {
    struct unit *unit;
    struct list chain; /* struct unit, from the province down, the unit itself last */
};
static const struct field located_fields[] = {
    F_OBJECT(struct located, unit, struct unit, &unit_entity, .required = true,
             .doc = "The smallest unit whose shape covers the position."),
    F_LIST(struct located, chain, .of = &unit_entity, .required = true,
           .doc = "The units it lies in, from the province down; itself is the last."),
};
static const struct entity located_entity = ENTITY(struct located, "UnitLocated", located_fields);

static enum err S_chain(struct store *db, struct located *ret)
{
    enum { DEEPEST = 8 };
    struct unit *chain = arena_array(db->arena, DEEPEST, sizeof *chain);
    const struct unit *u = ret->unit;
    const int64_t above[] = {u->province, u->city, u->district, u->street, u->community, u->grid};
    if (!chain)
        return ERR_MEMORY;
    for (size_t i = 0; i < COUNT_OF(above); i++) {
        if (above[i] && above[i] != u->id)
            TRY(place_get(db, above[i], &chain[ret->chain.n++]));
    }
    chain[ret->chain.n++] = *u;
    ret->chain.items = chain;
    return OK;
}

static enum err S_at(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct at_in *in = data;
    struct located *ret = out;
    struct position at;
    bool given = false;
    int64_t unit = 0;
    (void)by;
    TRY(spot_read(db,
                  &(struct spot_in){.lng = in->lng,
                                    .lat = in->lat,
                                    .datum = in->datum,
                                    .lng_field = "lng",
                                    .lat_field = "lat",
                                    .datum_field = "datum"},
                  &at, &given));
    enum err err = place_locate(db, at, &unit);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, err, "", "not_located", "这个位置还没有划到任何单位。",
                           "No unit's shape covers this position yet.");
    TRY(err);
    ret->unit = ARENA_NEW(db->arena, struct unit);
    if (!ret->unit)
        return ERR_MEMORY;
    TRY(place_get(db, unit, ret->unit));
    return S_chain(db, ret);
}

/* ---- one shape ---- */

struct shape_get_in {
    int64_t id;
    struct str datum;
};
static const struct field get_fields[] = {
    F_ID(struct shape_get_in, id, .from = IN_PATH, .required = true, .doc = "The unit."),
    F_TEXT(struct shape_get_in, datum, .from = IN_QUERY, .codes = datum_names,
           .doc = "Datum of the answer: wgs84 unless given; gcj02 for maps that are drawn in it."),
};
static const struct entity get_entity = ENTITY(struct shape_get_in, "ShapeGet", get_fields);

/* The codes of the descriptor have let nothing else through. */
static enum datum S_datum(struct str s)
{
    enum datum datum = DATUM_WGS84;
    return datum_parse(s, &datum) ? datum : DATUM_WGS84;
}

static enum err S_get(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct shape_get_in *in = data;
    (void)by;
    return feature_get(db, in->id, S_datum(in->datum), ret);
}

struct shape_set_in {
    int64_t id;
    struct str geometry, datum;
    enum tri mend;
};
static const struct field set_fields[] = {
    F_ID(struct shape_set_in, id, .from = IN_PATH, .required = true, .doc = "The unit."),
    F_RAW(struct shape_set_in, geometry, .required = true,
          .doc = "A GeoJSON Polygon or MultiPolygon (RFC 7946): rings closed, either way round."),
    F_TEXT(struct shape_set_in, datum, .codes = datum_names, .doc = DATUM_DOC),
    F_BOOL(struct shape_set_in, mend,
           .doc = "Put right spikes, touching rings and small crossings, where the area stays the "
                  "same within a hundredth. What was kept is the answer."),
};
static const struct entity set_entity = ENTITY(struct shape_set_in, "ShapeSet", set_fields);

static enum err S_set(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct shape_set_in *in = data;
    struct shape shape;
    bool changed = false;
    (void)by;
    json_t *geometry = json_loadb(in->geometry.p, in->geometry.n, 0, NULL);
    enum err err = geometry ? shape_read(geometry, S_datum(in->datum), in->mend == YES, "/geometry",
                                         db->arena, db->problem, &shape)
                            : ERR_MEMORY;
    json_decref(geometry);
    TRY(err);
    TRY(shape_put(db, in->id, &shape, &changed));
    return feature_get(db, in->id, DATUM_WGS84, ret);
}

static const struct field drop_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The unit.")};
static const struct entity drop_entity = ENTITY(struct subject_in, "ShapeDrop", drop_fields);

static enum err S_drop(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    (void)ret;
    return shape_drop(db, ((const struct subject_in *)in)->id);
}

/* ---- those below a unit ---- */

struct shapes_in {
    int64_t unit, limit, after;
    struct str datum;
};
static const struct field shapes_fields[] = {
    F_ID(struct shapes_in, unit, .from = IN_QUERY, .required = true,
         .doc = "Shapes of the units directly below this one."),
    F_INT(struct shapes_in, limit, .from = IN_QUERY, .min = 1, .max = SHAPES_MAX,
          .doc = "At most this many; 100 unless given."),
    F_ID(struct shapes_in, after, .from = IN_QUERY, .doc = "`next` of the page before."),
    F_TEXT(struct shapes_in, datum, .from = IN_QUERY, .codes = datum_names,
           .doc = "Datum of the answer: wgs84 unless given."),
};
static const struct entity shapes_entity = ENTITY(struct shapes_in, "ShapeList", shapes_fields);

struct collection {
    struct str type, datum, next;
    struct list features;
};
static const struct field collection_fields[] = {
    F_TEXT(struct collection, type, .required = true, .doc = "Always FeatureCollection."),
    F_TEXT(struct collection, datum, .required = true, .codes = datum_names,
           .doc = "Datum of the coordinates."),
    F_LIST(struct collection, features, .of = &feature_entity, .required = true,
           .doc = "A feature a unit."),
    F_TEXT(struct collection, next, .doc = "Cursor of the next page."),
};
static const struct entity collection_entity =
    ENTITY(struct collection, "FeatureCollection", collection_fields);

static enum err S_shapes(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct shapes_in *in = data;
    struct collection *ret = out;
    int64_t limit = in->limit == NO_INT ? SHAPES_DEFAULT : in->limit;
    enum datum to = S_datum(in->datum);
    (void)by;
    ret->type = S("FeatureCollection");
    ret->datum = str_of(datum_names[to]);
    TRY(feature_list(db, in->unit, in->after, limit + 1, to, &ret->features));
    if (ret->features.n > (size_t)limit) {
        const struct feature *last = (const struct feature *)ret->features.items + limit - 1;
        ret->features.n = (size_t)limit;
        ret->next = arena_printf(db->arena, "%lld", (long long)last->id);
    }
    return OK;
}

static const struct route routes[] = {
    {.op = "units.at",
     .verb = "GET",
     .path = "/api/units/at",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_at,
     .in = &at_entity,
     .out = &located_entity,
     .status = 200,
     .doc = "The smallest unit whose shape covers a position, and those it lies in."},
    {.op = "units.shapes",
     .verb = "GET",
     .path = "/api/units/shapes",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_shapes,
     .in = &shapes_entity,
     .out = &collection_entity,
     .status = 200,
     .media = "application/geo+json",
     .doc = "Shapes of the units directly below one, as a GeoJSON FeatureCollection."},
    {.op = "units.shape",
     .verb = "GET",
     .path = "/api/units/{id}/shape",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_get,
     .in = &get_entity,
     .out = &feature_entity,
     .reach = place_reach,
     .status = 200,
     .media = "application/geo+json",
     .doc = "A unit's shape, as a GeoJSON Feature."},
    {.op = "units.shape_set",
     .verb = "PUT",
     .path = "/api/units/{id}/shape",
     .work = COMMAND,
     .perm = PERM_UNIT_WRITE,
     .fn = S_set,
     .in = &set_entity,
     .out = &feature_entity,
     .reach = place_reach,
     .status = 200,
     .body_max = SHAPE_BODY_MAX,
     .media = "application/geo+json",
     .doc = "Gives a unit a shape, in place of the one it had."},
    {.op = "units.shape_drop",
     .verb = "DELETE",
     .path = "/api/units/{id}/shape",
     .work = COMMAND,
     .perm = PERM_UNIT_WRITE,
     .fn = S_drop,
     .in = &drop_entity,
     .reach = place_reach,
     .status = 204,
     .doc = "Takes a unit's shape away."},
};
/* Before the module of units: its /api/units/{id} would take "at" for an id. */
const struct module shape_module = {
    .name = "shapes",
    .doc = "Shapes of units, and where a position belongs.",
    .source = "src/domain/place/unit_shape_api.c",
    .routes = routes,
    .n = COUNT_OF(routes),
};
