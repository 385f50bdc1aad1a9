/* `linli export grids`: shapes of what lies below a unit, as GeoJSON that `linli import grids`
 * reads again. */
#include "cli/cli.h"
#include "domain/place/unit_shape.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 100, PAGE_ARENA = 64 << 20, DEPTH_MAX = 7, ALL_CAP = 1 << 30 };

struct grids_export {
    struct house *house;
    FILE *to;
    enum datum datum;
    int64_t written;
};

static enum err S_put(struct grids_export *out, const struct feature *f)
{
    struct buf text = buf_new(ALL_CAP);
    buf_put(&text, out->written++ ? S(",\n") : S("\n"));
    entity_encode(&feature_entity, f, CLEAR, &text);
    bool good = !text.full && fwrite(text.p, 1, text.n, out->to) == text.n;
    buf_free(&text);
    return good ? OK : ERR_IO;
}

/* The units below one that have a shape, page by page, with an arena a page. */
static enum err S_shapes(struct grids_export *out, int64_t parent)
{
    struct store db = out->house->db;
    struct list page = {0};
    int64_t after = 0;
    enum err err = OK;
    do {
        db.arena = arena_new(PAGE_ARENA);
        err = db.arena ? feature_list(&db, parent, after, PAGE, out->datum, &page) : ERR_MEMORY;
        const struct feature *f = page.items;
        for (size_t i = 0; err == OK && i < page.n; i++) {
            after = f[i].id;
            err = S_put(out, &f[i]);
        }
        arena_free(db.arena);
    } while (err == OK && page.n == PAGE);
    return err;
}

/* All that lies below, level by level; the tree is seven levels deep. */
static enum err S_below(struct grids_export *out, int64_t parent, int depth)
{
    struct store db = out->house->db;
    struct unit_query query = {.parent = parent, .max = PAGE};
    struct list units = {0};
    TRY(S_shapes(out, parent));
    do {
        db.arena = arena_new(PAGE_ARENA);
        enum err err = db.arena ? place_list(&db, &query, &units) : ERR_MEMORY;
        const struct unit *u = units.items;
        for (size_t i = 0; err == OK && i < units.n; i++) {
            query.after = u[i].id;
            if (depth < DEPTH_MAX)
                err = S_below(out, u[i].id, depth + 1);
        }
        arena_free(db.arena);
        TRY(err);
    } while (units.n == PAGE);
    return OK;
}

static enum err S_export(struct grids_export *out, const char *code)
{
    struct store *db = &out->house->db;
    struct unit unit;
    enum err err = place_by_code(db, str_of(code), &unit);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "--unit", "unknown", "没有这个代码的单位。",
                           "No unit has this code.");
    TRY(err);
    fprintf(out->to, "{\"type\":\"FeatureCollection\",\"datum\":\"%s\",\"features\":[",
            datum_names[out->datum]);
    TRY(S_below(out, unit.id, 0));
    return fputs("\n]}\n", out->to) < 0 || fflush(out->to) != 0 ? ERR_IO : OK;
}

static int S_grids(const char *data, const char *unit, const char *file, enum datum datum)
{
    struct house h;
    struct grids_export out = {.house = &h, .datum = datum};
    int code = house_enter(data, &h);
    if (code != EXIT_DONE)
        return code;
    out.to = file ? fopen(file, "we") : stdout;
    enum err err = out.to ? S_export(&out, unit) : ERR_IO;
    if (out.to && out.to != stdout && fclose(out.to) != 0)
        err = ERR_IO;
    if (err == OK)
        fprintf(stderr, "  已导出 %lld 个图形 / shapes written\n", (long long)out.written);
    code = err == OK ? EXIT_DONE : house_fault(&h, err, file ? file : unit);
    house_close(&h);
    return code;
}

int cli_export(int argc, char **argv)
{
    const char *words[2] = {NULL}, *data = "data", *unit = NULL, *file = NULL, *named = "wgs84";
    const struct cli_option options[] = {{.name = "data", .value = &data},
                                         {.name = "unit", .value = &unit},
                                         {.name = "out", .value = &file},
                                         {.name = "datum", .value = &named}};
    enum datum datum = DATUM_WGS84;
    size_t n = 0;
    bool help = false;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 1 || strcmp(words[0], "grids") != 0)
        return cli_misuse("export", "要导出什么：grids？", "Export what: grids?");
    if (!unit)
        return cli_misuse("export", "请用 --unit 给出单位代码。",
                          "Name the unit's code with --unit.");
    if (!datum_parse(str_of(named), &datum))
        return cli_misuse("export", "--datum 是 wgs84、gcj02 或 cgcs2000。",
                          "--datum is wgs84, gcj02 or cgcs2000.");
    return S_grids(data, unit, file, datum);
}
