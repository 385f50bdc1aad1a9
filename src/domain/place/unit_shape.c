#include "domain/place/unit_shape.h"

#include <math.h>

/* ---- cells ----
 *
 * The world is cut into 2^k by 2^k cells, for seven sizes k: from 5.6 degrees of longitude (a
 * province) to 0.0014 (a yard). A shape is found by the cells its box touches at the finest size
 * at which these are few; a position lies in one cell of each size. */

enum { SIZE_FIRST = 6, SIZE_LAST = 18, SIZE_STEP = 2, SIZES = 7, CELLS_FEW = 16, COVER_MAX = 256 };

struct cells {
    int64_t x, y, x_end, y_end; /* the ends among them */
    int size;
};

static int64_t S_index(double degrees, double whole, int size)
{
    int64_t n = (int64_t)1 << size, i = (int64_t)floor(degrees / whole * (double)n);
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static int64_t S_cell(int64_t x, int64_t y, int size)
{
    return (int64_t)size << 40 | x << 20 | y;
}

static struct cells S_cells(const struct box *box, int size)
{
    return (struct cells){.x = S_index(box->west + 180.0, 360.0, size),
                          .x_end = S_index(box->east + 180.0, 360.0, size),
                          .y = S_index(box->south + 90.0, 180.0, size),
                          .y_end = S_index(box->north + 90.0, 180.0, size),
                          .size = size};
}

/* China has fewer than 200 cells of the largest size. */
static struct cells S_cover(const struct box *box)
{
    struct cells c = S_cells(box, SIZE_LAST);
    while (c.size > SIZE_FIRST && (c.x_end - c.x + 1) * (c.y_end - c.y + 1) > CELLS_FEW)
        c = S_cells(box, c.size - SIZE_STEP);
    return c;
}

/* ---- writing ---- */

enum err shape_drop(struct store *db, int64_t unit)
{
    TRY(store_exec(db, "DELETE FROM shape_cell WHERE unit = $1", ARGS(A_INT(unit)), NULL));
    return store_exec(db, "DELETE FROM unit_shape WHERE unit = $1", ARGS(A_INT(unit)), NULL);
}

static enum err S_put_cells(struct store *db, int64_t unit, const struct box *box)
{
    const struct cells c = S_cover(box);
    for (int64_t x = c.x; x <= c.x_end; x++) {
        for (int64_t y = c.y; y <= c.y_end; y++)
            TRY(store_exec(db,
                           "INSERT INTO shape_cell (cell, unit, west, south, east, north) "
                           "VALUES ($1, $2, $3, $4, $5, $6)",
                           ARGS(A_INT(S_cell(x, y, c.size)), A_INT(unit), A_REAL(box->west),
                                A_REAL(box->south), A_REAL(box->east), A_REAL(box->north)),
                           NULL));
    }
    return OK;
}

enum err shape_put(struct store *db, int64_t unit, const struct shape *s, bool *changed)
{
    struct str before = NO_STR;
    enum err err =
        store_text(db, "SELECT wkb FROM unit_shape WHERE unit = $1", ARGS(A_INT(unit)), &before);
    *changed = err == ERR_NOT_FOUND || !str_eq(before, s->wkb);
    if (err != ERR_NOT_FOUND)
        TRY(err);
    if (!*changed)
        return OK;
    TRY(shape_drop(db, unit));
    TRY(store_exec(db,
                   "INSERT INTO unit_shape (unit, county, wkb, stamp, points, west, south, east, "
                   "north, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                   ARGS(A_INT(unit), A_INT(ID_COUNTY(unit)), A_BLOB(s->wkb), A_INT(s->stamp),
                        A_INT(s->points), A_REAL(s->box.west), A_REAL(s->box.south),
                        A_REAL(s->box.east), A_REAL(s->box.north), A_INT(db->now)),
                   NULL));
    return S_put_cells(db, unit, &s->box);
}

/* ---- where a position belongs ---- */

struct candidate {
    int64_t unit, stamp;
    struct str level;
};
static const struct field candidate_fields[] = {
    F_ID(struct candidate, unit), F_INT(struct candidate, stamp), F_TEXT(struct candidate, level)};
static const struct entity candidate_entity =
    ENTITY(struct candidate, "ShapeCandidate", candidate_fields);
enum { CANDIDATES_MAX = 4096 };

static enum err S_candidates(struct store *db, struct position at, struct list *ret)
{
    const struct box point = {at.lng, at.lat, at.lng, at.lat};
    int64_t cell[SIZES];
    for (int i = 0; i < SIZES; i++) {
        struct cells c = S_cells(&point, SIZE_FIRST + i * SIZE_STEP);
        cell[i] = S_cell(c.x, c.y, c.size);
    }
    return store_all(db,
                     "SELECT c.unit, s.stamp, u.level FROM shape_cell c "
                     "JOIN unit_shape s ON s.unit = c.unit JOIN unit u ON u.id = c.unit "
                     "WHERE c.cell IN ($1, $2, $3, $4, $5, $6, $7) AND c.west <= $8 "
                     "AND c.east >= $8 AND c.south <= $9 AND c.north >= $9 "
                     "AND u.valid_to IS NULL",
                     ARGS(A_INT(cell[0]), A_INT(cell[1]), A_INT(cell[2]), A_INT(cell[3]),
                          A_INT(cell[4]), A_INT(cell[5]), A_INT(cell[6]), A_REAL(at.lng),
                          A_REAL(at.lat)),
                     &candidate_entity, CANDIDATES_MAX, ret);
}

static enum err S_covers(struct store *db, const struct candidate *c, struct position at, bool *ret)
{
    struct shape_cache *cache = db->world->shapes;
    struct str wkb = NO_STR;
    enum err err = shape_covers(cache, c->unit, c->stamp, NO_STR, at, ret);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(store_text(db, "SELECT wkb FROM unit_shape WHERE unit = $1", ARGS(A_INT(c->unit)), &wkb));
    return shape_covers(cache, c->unit, c->stamp, wkb, at, ret);
}

enum err place_locate(struct store *db, struct position at, int64_t *ret)
{
    struct list found;
    int deepest = LEVEL_NONE;
    *ret = 0;
    TRY(S_candidates(db, at, &found));
    const struct candidate *c = found.items;
    for (size_t i = 0; i < found.n; i++) {
        int level = (int)level_parse(c[i].level);
        bool covers = false;
        if (level < deepest || (level == deepest && c[i].unit > *ret))
            continue;
        TRY(S_covers(db, &c[i], at, &covers));
        if (!covers)
            continue;
        deepest = level;
        *ret = c[i].unit;
    }
    return *ret ? OK : ERR_NOT_FOUND;
}

enum err spot_read(struct store *db, const struct spot_in *in, struct position *ret, bool *given)
{
    enum datum datum = DATUM_WGS84;
    bool lng = !isnan(in->lng), lat = !isnan(in->lat);
    *given = lng && lat;
    *ret = (struct position){NAN, NAN};
    if (!datum_parse(in->datum, &datum))
        return store_fault(db, ERR_INVALID, in->datum_field, "unknown",
                           "坐标系要是 wgs84、gcj02 或 cgcs2000。",
                           "The datum is wgs84, gcj02 or cgcs2000.");
    if (lng != lat)
        return store_fault(db, ERR_INVALID, lng ? in->lat_field : in->lng_field, "required",
                           "经度 lng 和纬度 lat 要一起填。",
                           "Longitude (lng) and latitude (lat) go together.");
    if (!*given)
        return OK;
    struct position p = {in->lng, in->lat};
    if (!china_holds(p))
        return store_fault(db, ERR_INVALID, in->lng_field, "outside",
                           "这个点不在中国范围内；lng 是经度（73 到 136），lat 是纬度（3 到 "
                           "54），是不是写反了？",
                           "That is outside China. lng is the longitude (73 to 136), lat the "
                           "latitude (3 to 54): are they swapped?");
    *ret = datum_in(p, datum);
    return OK;
}

/* ---- as features ---- */

static const struct field about_fields[] = {
    F_TEXT(struct feature_about, code, .doc = "The official code, if the unit has one."),
    F_TEXT(struct feature_about, name, .required = true, .doc = "The unit's name."),
    F_TEXT(struct feature_about, level, .required = true, .codes = level_names + 1),
    F_TEXT(struct feature_about, parent, .doc = "Code of the unit above."),
    F_TEXT(struct feature_about, colour, .doc = "A grid's colour."),
};
static const struct entity about_entity =
    ENTITY(struct feature_about, "FeatureProperties", about_fields);
static const struct field feature_fields[] = {
    F_TEXT(struct feature, type, .required = true, .doc = "Always Feature."),
    F_ID(struct feature, id, .required = true, .doc = "The unit."),
    F_OBJECT(struct feature, properties, struct feature_about, &about_entity, .required = true,
             .doc = "What unit it is."),
    F_RAW(struct feature, geometry, .required = true,
          .doc = "A GeoJSON Polygon or MultiPolygon; null for a unit without a shape."),
};
const struct entity feature_entity = ENTITY(struct feature, "Feature", feature_fields);

struct feature_row {
    int64_t id;
    struct str code, name, level, parent, colour, wkb;
};
static const struct field row_fields[] = {
    F_ID(struct feature_row, id),       F_TEXT(struct feature_row, code),
    F_TEXT(struct feature_row, name),   F_TEXT(struct feature_row, level),
    F_TEXT(struct feature_row, parent), F_TEXT(struct feature_row, colour),
    F_TEXT(struct feature_row, wkb)};
static const struct entity row_entity = ENTITY(struct feature_row, "FeatureRow", row_fields);

#define FEATURE                                                                                    \
    "SELECT u.id, u.code, u.name, u.level, p.code AS parent, u.colour, s.wkb FROM unit u "
#define ABOVE "LEFT JOIN unit p ON p.id = u.parent "

enum { GEOMETRY_MAX = 4 * 1024 * 1024 };

static enum err S_feature(struct store *db, const struct feature_row *row, enum datum to,
                          struct feature *ret)
{
    struct feature_about *about = ARENA_NEW(db->arena, struct feature_about);
    struct buf out = buf_new(GEOMETRY_MAX);
    if (!about)
        return ERR_MEMORY;
    *about = (struct feature_about){row->code, row->name, row->level, row->parent, row->colour};
    *ret = (struct feature){.type = S("Feature"), .id = row->id, .properties = about};
    if (!row->wkb.p)
        buf_put(&out, S("null"));
    enum err err = row->wkb.p ? shape_write(row->wkb, to, &out) : OK;
    bool full = out.full;
    if (err == OK)
        ret->geometry = arena_str(db->arena, buf_str(&out));
    buf_free(&out);
    if (full || (err == OK && !ret->geometry.p))
        return ERR_TOO_LARGE;
    return err;
}

enum err feature_get(struct store *db, int64_t unit, enum datum to, struct feature *ret)
{
    struct feature_row row;
    TRY(store_one(db, FEATURE "LEFT JOIN unit_shape s ON s.unit = u.id " ABOVE "WHERE u.id = $1",
                  ARGS(A_INT(unit)), &row_entity, &row));
    return S_feature(db, &row, to, ret);
}

enum err feature_list(struct store *db, int64_t parent, int64_t after, int64_t most, enum datum to,
                      struct list *ret)
{
    struct list rows;
    TRY(store_all(db,
                  FEATURE "JOIN unit_shape s ON s.unit = u.id " ABOVE
                          "WHERE u.parent = $1 AND u.id > $2 AND u.valid_to IS NULL "
                          "ORDER BY u.id LIMIT $3",
                  ARGS(A_INT(parent), A_INT(after), A_INT(most)), &row_entity, (size_t)most,
                  &rows));
    struct feature *features = arena_array(db->arena, rows.n + 1, sizeof *features);
    if (!features)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows.n; i++)
        TRY(S_feature(db, (const struct feature_row *)rows.items + i, to, &features[i]));
    *ret = (struct list){features, rows.n};
    return OK;
}
