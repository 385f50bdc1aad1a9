#include "geo/shape.h"

#include <geos_c.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { RING_LEAST = 4, STRIPES = 32, SLOTS = 2048, STRIPE_POINTS = 32768 };
#define GRAIN 1e7 /* kept to 1 / GRAIN degrees */

/* One geometry being read. Rings are handed to GEOS as soon as they are whole. */
struct reading {
    GEOSContextHandle_t geos;
    struct arena *arena;
    struct problem *problem;
    struct shape *shape;
    enum datum datum;
    size_t rings;
};

static enum err S_fault(const struct reading *r, struct str field, const char *code, struct str zh,
                        struct str en)
{
    return problem_add(r->problem, ERR_INVALID,
                       (struct fault){.field = field, .code = str_of(code), .zh = zh, .en = en});
}

/* ---- coordinates ---- */

static enum err S_position(struct reading *r, struct str path, const json_t *v, double *to)
{
    const json_t *lng = json_array_get(v, 0), *lat = json_array_get(v, 1);
    if (!json_is_number(lng) || !json_is_number(lat))
        return S_fault(r, path, "position", S("每个点要写成 [经度, 纬度]。"),
                       S("Each position is [longitude, latitude]."));
    struct position p = {json_number_value(lng), json_number_value(lat)};
    if (!china_holds(p))
        return S_fault(
            r, path, "outside",
            arena_printf(r->arena,
                         "点 [%g, %g] 不在中国范围内；经度写在前，纬度写在后，是不是写反了？",
                         p.lng, p.lat),
            arena_printf(r->arena,
                         "Position [%g, %g] is outside China. Longitude comes first, "
                         "then latitude: are they swapped?",
                         p.lng, p.lat));
    p = datum_in(p, r->datum);
    to[0] = round(p.lng * GRAIN) / GRAIN;
    to[1] = round(p.lat * GRAIN) / GRAIN;
    struct box *box = &r->shape->box;
    bool first = r->shape->points++ == 0;
    box->west = first || to[0] < box->west ? to[0] : box->west;
    box->east = first || to[0] > box->east ? to[0] : box->east;
    box->south = first || to[1] < box->south ? to[1] : box->south;
    box->north = first || to[1] > box->north ? to[1] : box->north;
    return OK;
}

static enum err S_ring_points(struct reading *r, struct str path, const json_t *v, double **ret)
{
    size_t n = json_array_size(v);
    if (!json_is_array(v) || n < RING_LEAST)
        return S_fault(r, path, "ring_short", S("一圈至少要有四个点，首尾是同一个点。"),
                       S("A ring has at least four positions, the last the same as the first."));
    if (n > (size_t)(SHAPE_POINTS_MAX - r->shape->points) || r->rings++ == SHAPE_RINGS_MAX)
        return S_fault(r, path, "too_many",
                       arena_printf(r->arena, "图形太细：最多 %d 个点、%d 圈。", SHAPE_POINTS_MAX,
                                    SHAPE_RINGS_MAX),
                       arena_printf(r->arena, "Too detailed: at most %d positions and %d rings.",
                                    SHAPE_POINTS_MAX, SHAPE_RINGS_MAX));
    double *xy = arena_array(r->arena, 2 * n, sizeof *xy);
    if (!xy)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        TRY(S_position(r, arena_printf(r->arena, STR_F "/%zu", STR_A(path), i),
                       json_array_get(v, i), &xy[2 * i]));
    if (xy[0] != xy[2 * n - 2] || xy[1] != xy[2 * n - 1])
        return S_fault(r, path, "ring_open", S("一圈没有闭合：最后一个点要与第一个点相同。"),
                       S("The ring is not closed: its last position must be its first."));
    *ret = xy;
    return OK;
}

static enum err S_ring(struct reading *r, struct str path, const json_t *v, GEOSGeometry **ret)
{
    double *xy = NULL;
    TRY(S_ring_points(r, path, v, &xy));
    GEOSCoordSequence *seq =
        GEOSCoordSeq_copyFromBuffer_r(r->geos, xy, (unsigned)json_array_size(v), 0, 0);
    /* GEOS owns the sequence from here on, also when it fails. */
    *ret = seq ? GEOSGeom_createLinearRing_r(r->geos, seq) : NULL;
    return *ret ? OK : ERR_MEMORY;
}

static void S_drop(const struct reading *r, GEOSGeometry **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        GEOSGeom_destroy_r(r->geos, items[i]);
}

static enum err S_polygon(struct reading *r, struct str path, const json_t *v, GEOSGeometry **ret)
{
    size_t n = json_array_size(v);
    if (!json_is_array(v) || n == 0)
        return S_fault(r, path, "polygon", S("多边形至少要有一圈。"),
                       S("A polygon has at least one ring."));
    GEOSGeometry **rings = arena_array(r->arena, n, sizeof(void *));
    enum err err = rings ? OK : ERR_MEMORY;
    size_t made = 0;
    while (err == OK && made < n) {
        struct str at = arena_printf(r->arena, STR_F "/%zu", STR_A(path), made);
        err = S_ring(r, at, json_array_get(v, made), &rings[made]);
        made += err == OK;
    }
    if (err != OK) {
        S_drop(r, rings, made);
        return err;
    }
    /* GEOS owns the rings from here on, also when it fails. */
    *ret = GEOSGeom_createPolygon_r(r->geos, rings[0], rings + 1, (unsigned)n - 1);
    return *ret ? OK : ERR_MEMORY;
}

static enum err S_polygons(struct reading *r, struct str path, const json_t *v, GEOSGeometry **ret)
{
    size_t n = json_array_size(v);
    if (!json_is_array(v) || n == 0)
        return S_fault(r, path, "polygon", S("至少要有一个多边形。"),
                       S("There is at least one polygon."));
    GEOSGeometry **parts = arena_array(r->arena, n, sizeof(void *));
    enum err err = parts ? OK : ERR_MEMORY;
    size_t made = 0;
    while (err == OK && made < n) {
        struct str at = arena_printf(r->arena, STR_F "/%zu", STR_A(path), made);
        err = S_polygon(r, at, json_array_get(v, made), &parts[made]);
        made += err == OK;
    }
    if (err != OK) {
        S_drop(r, parts, made);
        return err;
    }
    *ret = GEOSGeom_createCollection_r(r->geos, GEOS_MULTIPOLYGON, parts, (unsigned)n);
    return *ret ? OK : ERR_MEMORY;
}

static enum err S_geometry(struct reading *r, const char *field, const json_t *v,
                           GEOSGeometry **ret)
{
    const char *type = json_string_value(json_object_get(v, "type"));
    const json_t *coordinates = json_object_get(v, "coordinates");
    struct str path = arena_printf(r->arena, "%s/coordinates", field);
    if (type && strcmp(type, "Polygon") == 0)
        return S_polygon(r, path, coordinates, ret);
    if (type && strcmp(type, "MultiPolygon") == 0)
        return S_polygons(r, path, coordinates, ret);
    return problem_add(r->problem, ERR_INVALID,
                       (struct fault){arena_printf(r->arena, "%s/type", field), S("type"),
                                      S("图形要是 GeoJSON 的 Polygon 或 MultiPolygon。"),
                                      S("The geometry must be a GeoJSON Polygon or MultiPolygon."),
                                      S("Polygon | MultiPolygon")});
}

/* ---- validity ---- */

static const char *S_reason_zh(const char *reason)
{
    static const char *const words[][2] = {
        {"Self-intersection", "边线自己交叉"},
        {"Ring Self-intersection", "一圈碰到了自己"},
        {"Hole lies outside shell", "洞在外圈之外"},
        {"Nested holes", "洞里套洞"},
        {"Interior is disconnected", "内部被洞隔断"},
        {"Nested shells", "几个多边形互相重叠"},
        {"Duplicate Rings", "同一圈写了两次"},
        {"Too few points in geometry component", "一圈里不同的点太少"},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(reason, words[i][0]) == 0)
            return words[i][1];
    }
    return "图形不成立";
}

static enum err S_check(const struct reading *r, const char *field, const GEOSGeometry *g)
{
    char *reason = NULL;
    GEOSGeometry *where = NULL;
    double x = NAN, y = NAN;
    char valid = GEOSisValidDetail_r(r->geos, g, 0, &reason, &where);
    struct str zh = NO_STR, en = NO_STR;
    if (valid == 0) {
        const char *why = reason ? reason : "Invalid";
        if (where && (!GEOSGeomGetX_r(r->geos, where, &x) || !GEOSGeomGetY_r(r->geos, where, &y)))
            x = y = NAN;
        /* Where it is in the coordinates that were given. */
        struct position p = datum_out((struct position){x, y}, r->datum);
        zh = arena_printf(r->arena, "%s，在 [%.6f, %.6f] 处。", S_reason_zh(why), p.lng, p.lat);
        en = arena_printf(r->arena, "%s at [%.6f, %.6f].", why, p.lng, p.lat);
    }
    GEOSFree_r(r->geos, reason);
    GEOSGeom_destroy_r(r->geos, where);
    if (valid == 0)
        return S_fault(r, str_of(field), "invalid", zh, en);
    return valid == 1 ? OK : ERR_MEMORY;
}

static enum err S_store(const struct reading *r, const GEOSGeometry *g)
{
    size_t n = 0;
    GEOSWKBWriter *writer = GEOSWKBWriter_create_r(r->geos);
    unsigned char *bytes = writer ? GEOSWKBWriter_write_r(r->geos, writer, g, &n) : NULL;
    if (bytes)
        r->shape->wkb = arena_str(r->arena, (struct str){(const char *)bytes, n});
    GEOSFree_r(r->geos, bytes);
    GEOSWKBWriter_destroy_r(r->geos, writer);
    r->shape->stamp = (int64_t)(str_hash(r->shape->wkb) & INT64_MAX);
    return r->shape->wkb.p ? OK : ERR_MEMORY;
}

/* What can be mended without asking what was meant: spikes, touching rings, small crossings. NULL
 * when the area would become another by more than a hundredth. */
static GEOSGeometry *S_mended(const struct reading *r, const GEOSGeometry *g)
{
    double before = 0, after = 0;
    GEOSMakeValidParams *how = GEOSMakeValidParams_create_r(r->geos);
    if (!how)
        return NULL;
    GEOSMakeValidParams_setMethod_r(r->geos, how, GEOS_MAKE_VALID_STRUCTURE);
    GEOSGeometry *valid = GEOSMakeValidWithParams_r(r->geos, g, how);
    GEOSMakeValidParams_destroy_r(r->geos, how);
    int type = valid ? GEOSGeomTypeId_r(r->geos, valid) : -1;
    bool good = (type == GEOS_POLYGON || type == GEOS_MULTIPOLYGON) &&
                GEOSArea_r(r->geos, g, &before) && GEOSArea_r(r->geos, valid, &after) &&
                after > 0 && fabs(after - before) <= after / 100;
    if (good)
        return valid;
    GEOSGeom_destroy_r(r->geos, valid);
    return NULL;
}

static void S_mend(const struct reading *r, GEOSGeometry **g)
{
    GEOSGeometry *valid = GEOSisValid_r(r->geos, *g) == 0 ? S_mended(r, *g) : NULL;
    if (!valid)
        return;
    GEOSGeom_destroy_r(r->geos, *g);
    *g = valid;
    r->shape->points = GEOSGetNumCoordinates_r(r->geos, valid);
    r->shape->mended = true;
}

enum err shape_read(const json_t *geometry, enum datum from, bool mend, const char *field,
                    struct arena *a, struct problem *problem, struct shape *ret)
{
    struct reading r = {
        .geos = GEOS_init_r(), .arena = a, .problem = problem, .shape = ret, .datum = from};
    GEOSGeometry *g = NULL;
    *ret = (struct shape){.wkb = NO_STR};
    if (!r.geos)
        return ERR_MEMORY;
    enum err err = S_geometry(&r, field, geometry, &g);
    if (err == OK && mend)
        S_mend(&r, &g);
    if (err == OK)
        err = S_check(&r, field, g);
    if (err == OK)
        err = S_store(&r, g);
    GEOSGeom_destroy_r(r.geos, g);
    GEOS_finish_r(r.geos);
    return err;
}

/* ---- out ---- */

static GEOSGeometry *S_load(GEOSContextHandle_t geos, struct str wkb)
{
    GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
    GEOSGeometry *g =
        reader ? GEOSWKBReader_read_r(geos, reader, (const unsigned char *)wkb.p, wkb.n) : NULL;
    GEOSWKBReader_destroy_r(geos, reader);
    return g;
}

/* Seven decimals without the zeros at their end. */
static void S_number(struct buf *out, double v)
{
    char text[64];
    size_t n = (size_t)snprintf(text, sizeof text, "%.7f", v);
    while (n > 1 && text[n - 1] == '0')
        n--;
    if (text[n - 1] == '.')
        n--;
    buf_put(out, (struct str){text, n});
}

/* Outer rings counterclockwise and holes clockwise, whichever way they are kept. */
static void S_put_ring(GEOSContextHandle_t geos, const GEOSGeometry *ring, bool hole, enum datum to,
                       struct buf *out)
{
    const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(geos, ring);
    unsigned n = 0;
    char left = 1;
    if (!seq || !GEOSCoordSeq_getSize_r(geos, seq, &n))
        n = 0;
    bool turn = n && GEOSCoordSeq_isCCW_r(geos, seq, &left) && (left != 0) == hole;
    buf_char(out, '[');
    for (unsigned i = 0; i < n; i++) {
        struct position p = {0};
        if (!GEOSCoordSeq_getXY_r(geos, seq, turn ? n - 1 - i : i, &p.lng, &p.lat))
            break;
        p = datum_out(p, to);
        buf_put(out, i ? S(",[") : S("["));
        S_number(out, p.lng);
        buf_char(out, ',');
        S_number(out, p.lat);
        buf_char(out, ']');
    }
    buf_char(out, ']');
}

static void S_put_polygon(GEOSContextHandle_t geos, const GEOSGeometry *g, enum datum to,
                          struct buf *out)
{
    int holes = GEOSGetNumInteriorRings_r(geos, g);
    buf_char(out, '[');
    S_put_ring(geos, GEOSGetExteriorRing_r(geos, g), false, to, out);
    for (int i = 0; i < holes; i++) {
        buf_char(out, ',');
        S_put_ring(geos, GEOSGetInteriorRingN_r(geos, g, i), true, to, out);
    }
    buf_char(out, ']');
}

enum err shape_write(struct str wkb, enum datum to, struct buf *out)
{
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSGeometry *g = geos ? S_load(geos, wkb) : NULL;
    bool many = g && GEOSGeomTypeId_r(geos, g) == GEOS_MULTIPOLYGON;
    if (g) {
        int n = many ? GEOSGetNumGeometries_r(geos, g) : 1;
        buf_put(out, many ? S("{\"type\":\"MultiPolygon\",\"coordinates\":[")
                          : S("{\"type\":\"Polygon\",\"coordinates\":"));
        for (int i = 0; i < n; i++) {
            if (i)
                buf_char(out, ',');
            S_put_polygon(geos, many ? GEOSGetGeometryN_r(geos, g, i) : g, to, out);
        }
        buf_put(out, many ? S("]}") : S("}"));
        GEOSGeom_destroy_r(geos, g);
    }
    if (geos)
        GEOS_finish_r(geos);
    return g ? OK : geos ? ERR_STORE : ERR_MEMORY;
}

/* ---- prepared ---- */

struct kept {
    int64_t id, stamp;
    GEOSGeometry *shape; /* NULL: free */
    const GEOSPreparedGeometry *prepared;
    size_t points;
};

struct stripe {
    pthread_mutex_t lock;
    GEOSContextHandle_t geos;
    size_t points;
    struct kept slots[SLOTS];
};

struct shape_cache {
    struct stripe stripes[STRIPES];
};

struct shape_cache *shape_cache_new(void)
{
    struct shape_cache *c = calloc(1, sizeof *c);
    bool good = c != NULL;
    for (size_t i = 0; c && i < STRIPES; i++) {
        pthread_mutex_init(&c->stripes[i].lock, NULL);
        c->stripes[i].geos = GEOS_init_r();
        good = good && c->stripes[i].geos;
    }
    if (good)
        return c;
    shape_cache_free(c);
    return NULL;
}

static void S_forget(struct stripe *s, struct kept *k)
{
    if (!k->shape)
        return;
    s->points -= k->points;
    GEOSPreparedGeom_destroy_r(s->geos, k->prepared);
    GEOSGeom_destroy_r(s->geos, k->shape);
    *k = (struct kept){0};
}

void shape_cache_free(struct shape_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *s = &c->stripes[i];
        for (size_t k = 0; s->points && k < SLOTS; k++)
            S_forget(s, &s->slots[k]);
        if (s->geos)
            GEOS_finish_r(s->geos);
        pthread_mutex_destroy(&s->lock);
    }
    free(c);
}

/* Ids are counters with a county above: multiplied, every bit of them counts. */
static uint64_t S_mix(int64_t id)
{
    uint64_t h = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 32;
}

static bool S_is(const struct kept *k, int64_t id, int64_t stamp)
{
    return k->shape && k->id == id && k->stamp == stamp;
}

/* Two slots each: the second is taken when the first is another's, and in the end changes hands. A
 * stripe that holds too much is emptied: that is rare, and what is asked for comes back. */
static enum err S_keep(struct stripe *s, struct kept *pair[2], int64_t id, int64_t stamp,
                       struct str wkb, struct kept **ret)
{
    GEOSGeometry *g = S_load(s->geos, wkb);
    const GEOSPreparedGeometry *prepared = g ? GEOSPrepare_r(s->geos, g) : NULL;
    int points = g ? GEOSGetNumCoordinates_r(s->geos, g) : 0;
    if (!prepared || points <= 0) {
        GEOSPreparedGeom_destroy_r(s->geos, prepared);
        GEOSGeom_destroy_r(s->geos, g);
        return ERR_STORE;
    }
    for (size_t k = 0; s->points + (size_t)points > STRIPE_POINTS && k < SLOTS; k++)
        S_forget(s, &s->slots[k]);
    struct kept *to = !pair[0]->shape || pair[0]->id == id ? pair[0] : pair[1];
    S_forget(s, to);
    *to = (struct kept){id, stamp, g, prepared, (size_t)points};
    s->points += (size_t)points;
    *ret = to;
    return OK;
}

static enum err S_ask(struct stripe *s, const struct kept *k, struct position at, bool *ret)
{
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(s->geos, at.lng, at.lat);
    int covers = point ? GEOSPreparedCovers_r(s->geos, k->prepared, point) : 2;
    GEOSGeom_destroy_r(s->geos, point);
    *ret = covers == 1;
    return covers == 2 ? ERR_MEMORY : OK;
}

enum err shape_covers(struct shape_cache *c, int64_t id, int64_t stamp, struct str wkb,
                      struct position at, bool *ret)
{
    uint64_t h = S_mix(id);
    struct stripe *s = &c->stripes[h % STRIPES];
    size_t slot = h / STRIPES % SLOTS;
    struct kept *pair[2] = {&s->slots[slot], &s->slots[slot ^ 1]}, *k = NULL;
    enum err err = OK;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < 2 && !k; i++)
        k = S_is(pair[i], id, stamp) ? pair[i] : NULL;
    if (!k)
        err = wkb.p ? S_keep(s, pair, id, stamp, wkb, &k) : ERR_NOT_FOUND;
    if (err == OK)
        err = S_ask(s, k, at, ret);
    pthread_mutex_unlock(&s->lock);
    return err;
}
