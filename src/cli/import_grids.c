/* `linli import grids FILE.geojson`: shapes of units, and the grids they belong to. A feature means
 * a unit by its code, or by its name below the unit whose code is its `parent`; a grid or
 * micro-grid that is not there yet is made. Features that cannot be taken are kept, with the
 * reason, in a file of their own (and the first fifty told); all others become visible together. */
#include "cli/cli.h"
#include "cli/import.h"
#include "domain/place/unit_shape.h"
#include "gate/gate.h"

#include <stdio.h>
#include <string.h>

enum { PATH_ROOM = 4096, FEATURE_ARENA = 16 << 20, STEP = 64, FAULTS_SHOWN = 50 };

struct grids_import {
    struct house *house;
    const char *file, *key;
    char refused_file[PATH_ROOM];
    enum datum datum;
    bool mend;
    struct store db; /* of the feature: an arena and a problem of its own */
    struct problem problem;
    json_t *root, *refused;
    int64_t made, changed, same, mended;
};

/* ---- what a feature says ---- */

/* A text or a whole number, as the property of that name; NO_STR when there is none. */
static struct str S_property(const struct grids_import *in, const json_t *properties,
                             const char *name)
{
    const json_t *v = json_object_get(properties, name);
    if (json_is_string(v) && json_string_length(v))
        return str_trim((struct str){json_string_value(v), json_string_length(v)});
    if (json_is_integer(v))
        return arena_printf(in->db.arena, "%lld", (long long)json_integer_value(v));
    return NO_STR;
}

static enum err S_refuse(struct grids_import *in, const char *field, const char *code,
                         const char *zh, const char *en)
{
    return store_fault(&in->db, ERR_INVALID, field, code, zh, en);
}

static bool S_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return false;
    }
    return s.n > 0 && utf8_count(s) <= UNIT_NAME_MAX;
}

/* The grid that is not there yet, as the route would make it. */
static enum err S_make(struct grids_import *in, const json_t *properties, int64_t parent,
                       struct str name, struct str code, struct unit *ret)
{
    struct str level = S_property(in, properties, "level"),
               colour = S_property(in, properties, "colour");
    static const char *const colours[] = {"red", "orange", "yellow", "green", "blue", NULL};
    bool known = !colour.p;
    if (!level.p)
        level = S("grid");
    if (!str_eq(level, S("grid")) && !str_eq(level, S("micro_grid")))
        return S_refuse(in, "/properties/level", "level",
                        "没有这个单位；只能新建 grid 或 micro_grid。",
                        "There is no such unit, and only a grid or micro_grid can be made.");
    if (!S_plain(name))
        return S_refuse(in, "/properties/name", "required",
                        "新建网格要有名称（name），最多 64 个字。",
                        "A new grid needs a name of at most 64 characters.");
    if (code.p && !form_unit_code(code))
        return S_refuse(in, "/properties/code", "form",
                        "代码只能用字母、数字、- 和 _，最多 20 位。",
                        "A code is at most 20 letters, digits, - and _.");
    for (size_t i = 0; colours[i]; i++)
        known = known || str_eq(colour, str_of(colours[i]));
    if (!known)
        return S_refuse(in, "/properties/colour", "unknown",
                        "颜色要是 red、orange、yellow、green 或 blue。",
                        "The colour is red, orange, yellow, green or blue.");
    TRY(place_create(
        &in->db,
        &(struct unit_new){
            .parent = parent, .level = level, .name = name, .code = code, .colour = colour},
        ret));
    in->made++;
    return OK;
}

static enum err S_below(struct grids_import *in, int64_t parent, struct str name, struct unit *ret)
{
    int64_t id = 0;
    TRY(store_int(&in->db,
                  "SELECT id FROM unit WHERE parent = $1 AND name = $2 AND valid_to IS NULL "
                  "ORDER BY id LIMIT 1",
                  ARGS(A_INT(parent), A_TEXT(name)), &id));
    return place_get(&in->db, id, ret);
}

static enum err S_unit(struct grids_import *in, const json_t *properties, struct unit *ret)
{
    struct str code = S_property(in, properties, in->key);
    struct str name = S_property(in, properties, "name");
    struct str above = S_property(in, properties, "parent");
    struct unit parent;
    enum err err = code.p ? place_by_code(&in->db, code, ret) : ERR_NOT_FOUND;
    if (err != ERR_NOT_FOUND)
        return err;
    if (!above.p)
        return code.p ? S_refuse(in, "/properties/parent", "unknown",
                                 "没有这个代码的单位；要新建网格，请写明上级单位的代码（parent）。",
                                 "No unit has this code; to make a grid, name the code of the unit "
                                 "above (parent).")
                      : S_refuse(in, "/properties", "required",
                                 "请写明单位代码，或名称（name）和上级单位的代码（parent）。",
                                 "Name the unit's code, or its name and the code of the unit above "
                                 "(parent).");
    err = place_by_code(&in->db, above, &parent);
    if (err == ERR_NOT_FOUND)
        return S_refuse(in, "/properties/parent", "unknown", "没有这个代码的上级单位。",
                        "No unit has the code of the unit above.");
    TRY(err);
    err = name.p && !code.p ? S_below(in, parent.id, name, ret) : ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? S_make(in, properties, parent.id, name, code, ret) : err;
}

/* The shape first: what is refused must not have made a grid. */
static enum err S_feature(struct grids_import *in, const json_t *feature)
{
    struct shape shape;
    struct unit unit;
    bool changed = false;
    const json_t *geometry = json_object_get(feature, "geometry");
    if (!json_is_object(feature) || !json_is_object(geometry))
        return S_refuse(in, "/geometry", "required", "没有图形（geometry）。",
                        "There is no geometry.");
    TRY(shape_read(geometry, in->datum, in->mend, "/geometry", in->db.arena, in->db.problem,
                   &shape));
    TRY(S_unit(in, json_object_get(feature, "properties"), &unit));
    TRY(shape_put(&in->db, unit.id, &shape, &changed));
    in->changed += changed;
    in->same += !changed;
    in->mended += shape.mended;
    return OK;
}

/* ---- the refused ---- */

static enum err S_refused(struct grids_import *in, json_t *feature, size_t number)
{
    const struct fault *f = &in->problem.faults[0];
    struct str about = in->problem.count ? f->field : S("");
    struct str zh = arena_printf(in->db.arena, "第 %zu 个图形：" STR_F "（" STR_F "）", number,
                                 STR_A(f->zh), STR_A(about));
    struct str en = arena_printf(in->db.arena, "Feature %zu: " STR_F " (" STR_F ")", number,
                                 STR_A(f->en), STR_A(about));
    if (json_array_size(in->refused) < FAULTS_SHOWN)
        file_fault(in->file, 0, 0, zh, en);
    json_t *copy = json_is_object(feature) ? json_copy(feature) : json_object();
    json_t *why = json_pack("{s:s#,s:s#,s:s#}", "field", about.p, (int)about.n, "zh", f->zh.p,
                            (int)f->zh.n, "en", f->en.p, (int)f->en.n);
    if (!in->refused)
        in->refused = json_array();
    bool good = json_object_set_new(copy, "refused", why) == 0 &&
                json_array_append_new(in->refused, copy) == 0;
    return good ? OK : ERR_MEMORY;
}

static enum err S_write_refused(struct grids_import *in)
{
    json_t *all = json_pack("{s:s,s:O}", "type", "FeatureCollection", "features", in->refused);
    bool good = all && json_dump_file(all, in->refused_file, JSON_INDENT(1)) == 0;
    json_decref(all);
    return good ? OK : ERR_IO;
}

/* ---- the file ---- */

/* What RFC 7946 has no more and older files still have. Degrees are degrees; metres are not. */
static bool S_degrees(const json_t *root)
{
    static const char *const known[] = {"CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490",
                                        "EPSG:4490"};
    const json_t *crs = json_object_get(json_object_get(root, "crs"), "properties");
    const char *name = json_string_value(json_object_get(crs, "name"));
    bool good = !name;
    for (size_t i = 0; name && i < COUNT_OF(known); i++) {
        size_t n = strlen(name), ends = strlen(known[i]);
        good = good || (n >= ends && strcmp(name + n - ends, known[i]) == 0);
    }
    return good;
}

static enum err S_open(struct grids_import *in)
{
    struct store *db = &in->house->db;
    json_error_t error;
    in->root = json_load_file(in->file, 0, &error);
    if (!in->root)
        return store_fault(
            db, ERR_INVALID, in->file, "malformed",
            arena_printf(db->arena, "第 %d 行读不懂，或文件打不开：%s", error.line, error.text).p,
            arena_printf(db->arena, "Line %d: %s", error.line, error.text).p);
    if (!json_is_array(json_object_get(in->root, "features")))
        return store_fault(db, ERR_INVALID, in->file, "form",
                           "这不是 GeoJSON 的 FeatureCollection。",
                           "This is no GeoJSON FeatureCollection.");
    if (!S_degrees(in->root))
        return store_fault(db, ERR_INVALID, "crs", "unknown",
                           "坐标要是经纬度（CRS84、EPSG:4326 或 EPSG:4490）；投影坐标请先转换。",
                           "Coordinates must be degrees (CRS84, EPSG:4326 or EPSG:4490): convert "
                           "projected ones first.");
    return OK;
}

static enum err S_audit(struct grids_import *in)
{
    const struct actor nobody = {0};
    struct store *db = &in->house->db;
    const char *slash = strrchr(in->file, '/');
    const long long taken = in->changed + in->same;
    *db->note = (struct note){.reason = arena_printf(db->arena, "linli import grids %s: %lld",
                                                     slash ? slash + 1 : in->file, taken)};
    return audit_write(db, &nobody, "grids.import");
}

static enum err S_features(struct grids_import *in)
{
    json_t *features = json_object_get(in->root, "features");
    size_t n = json_array_size(features);
    struct progress progress = progress_start("Shapes", (int64_t)n);
    for (size_t i = 0; i < n; i++) {
        in->problem = (struct problem){0};
        enum err err = S_feature(in, json_array_get(features, i));
        if (err == ERR_INVALID || err == ERR_CONFLICT || err == ERR_NOT_FOUND)
            err = S_refused(in, json_array_get(features, i), i + 1);
        TRY(err);
        arena_reset(in->db.arena);
        if ((i + 1) % STEP == 0)
            progress_step(&progress, (int64_t)i + 1);
    }
    progress.done = (int64_t)n;
    progress_end(&progress, "features");
    TRY(in->refused ? S_write_refused(in) : OK);
    return in->changed ? S_audit(in) : OK;
}

static enum err S_import(struct grids_import *in)
{
    struct conn *conn = in->house->db.conn;
    TRY(S_open(in));
    in->db = in->house->db;
    in->db.problem = &in->problem;
    in->db.arena = arena_new(FEATURE_ARENA);
    if (!in->db.arena)
        return ERR_MEMORY;
    TRY(conn_begin(conn));
    enum err err = S_features(in);
    if (err == OK)
        err = conn_commit(conn);
    if (err != OK)
        conn_rollback(conn);
    arena_free(in->db.arena);
    return err;
}

static int S_run(struct grids_import *in)
{
    enum err err = S_import(in);
    if (err == OK) {
        printf("  shapes changed %lld, as they were %lld, units made %lld, mended %lld, refused "
               "%zu\n",
               (long long)in->changed, (long long)in->same, (long long)in->made,
               (long long)in->mended, json_array_size(in->refused));
        if (in->refused)
            printf("  没有收下的图形和原因 / refused features and why: %s\n", in->refused_file);
    }
    json_decref(in->root);
    json_decref(in->refused);
    return err == OK ? EXIT_DONE : house_fault(in->house, err, in->file);
}

int import_grids(int argc, char **argv)
{
    const char *words[2], *data = "data", *datum = "wgs84", *refused = NULL;
    bool help = false;
    size_t n = 0;
    struct house h;
    struct grids_import in = {.house = &h, .key = "code"};
    const struct cli_option options[] = {{.name = "data", .value = &data},
                                         {.name = "datum", .value = &datum},
                                         {.name = "key", .value = &in.key},
                                         {.name = "refused", .value = &refused},
                                         {.name = "mend", .flag = &in.mend}};
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 2)
        return cli_misuse("import", "请给出 GeoJSON 文件。", "Name the GeoJSON file.");
    if (!datum_parse(str_of(datum), &in.datum))
        return cli_misuse("import", "--datum 是 wgs84、gcj02 或 cgcs2000。",
                          "--datum is wgs84, gcj02 or cgcs2000.");
    in.file = words[1];
    int length = snprintf(in.refused_file, sizeof in.refused_file, "%s%s",
                          refused ? refused : words[1], refused ? "" : ".refused.geojson");
    if (length <= 0 || length >= (int)sizeof in.refused_file)
        return cli_misuse("import", "文件名太长。", "The file's name is too long.");
    code = house_enter(data, &h);
    if (code != EXIT_DONE)
        return code;
    code = S_run(&in);
    house_close(&h);
    return code;
}
