/* `linli import matters --map MAP FILE`: matters of another system, from CSV. All rows that can be
 * taken become visible together; those that cannot go to a file with the reason. */
#include "cli/cli.h"
#include "cli/import.h"
#include "cli/import_rows.h"
#include "domain/figure/figure.h"
#include "cli/refused.h"
#include "domain/matter/matter.h"
#include "gate/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20, STEP = 256, INDEX_STEP = 2000 };

struct refusal_at {
    int64_t line;
    struct refusal why;
};

struct matters_import {
    struct house *house;
    const char *file, *map_file;
    struct refusal_at *refused; /* owned */
    size_t refusals, room;
    struct refused_file refused_file;
    struct csv *csv;
    struct import_map map;
    struct pack_report report;
    struct replay replay;
    int64_t rows;
};

/* ---- the refused ---- */

static enum err S_refused(struct matters_import *in, int64_t line, struct refusal why)
{
    if (in->refusals == in->room) {
        size_t room = in->room ? in->room * 2 : 256;
        struct refusal_at *rows = realloc(in->refused, room * sizeof *rows);
        if (!rows)
            return ERR_MEMORY;
        in->refused = rows;
        in->room = room;
    }
    in->refused[in->refusals++] = (struct refusal_at){line, why};
    return OK;
}

static int S_by_line(const void *a, const void *b)
{
    const struct refusal_at *x = a, *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

/* In the order of the file, which is not that of the replay. */
static enum err S_write_refused(struct matters_import *in)
{
    if (in->refusals)
        qsort(in->refused, in->refusals, sizeof *in->refused, S_by_line);
    for (size_t i = 0; i < in->refusals; i++) {
        const struct refusal_at *row = &in->refused[i];
        TRY(refused_row(&in->refused_file, row->line, row->why.column, row->why.zh, row->why.en));
    }
    return refused_flush(&in->refused_file);
}

/* ---- the file ---- */

static enum err S_open(struct matters_import *in)
{
    struct csv_fault fault = {0};
    csv_close(in->csv);
    in->csv = NULL;
    enum err err = csv_open(in->file, CSV_ROW_MAX, &in->csv, &fault);
    if (err == ERR_INVALID)
        return store_fault(&in->house->db, err, "", "head", fault.zh, fault.en);
    return err;
}

static enum err S_read_map(struct matters_import *in)
{
    struct house *h = in->house;
    struct str yaml = NO_STR;
    enum err err = file_read(in->map_file, FILE_MAX, h->arena, &yaml);
    if (err != OK)
        return store_fault(&h->db, err, in->map_file, "map", "读不了映射表。",
                           "The map cannot be read.");
    TRY(S_open(in));
    return import_map_read(yaml, in->csv, h->arena, &in->report, &in->map);
}

/* Where no pack is in force the map's comes into force: a file beside the map. */
static enum err S_pack(struct matters_import *in)
{
    struct house *h = in->house;
    const struct ancestors at = unit_ancestors(&in->replay.at);
    struct pack_report report = {.arena = h->arena};
    const char *why = NULL, *slash = strrchr(in->map_file, '/');
    struct str yaml = NO_STR;
    struct pack *pack = NULL;
    int64_t id = 0;
    if (world_pack_at(&h->world, &at))
        return OK;
    struct str path =
        arena_printf(h->arena, "%.*s" STR_F, slash ? (int)(slash - in->map_file) + 1 : 0,
                     in->map_file, STR_A(in->map.pack));
    if (!path.p)
        return ERR_MEMORY;
    if (file_read(path.p, FILE_MAX, h->arena, &yaml) != OK || pack_load(yaml, &report, &pack) != OK)
        return store_fault(&h->db, ERR_INVALID, path.p, "pack",
                           "读不了方案，请先运行 linli pack check。",
                           "The pack cannot be read: run linli pack check.");
    enum err err = world_store_pack(&h->db, pack, in->replay.at.id, &id);
    pack_free(pack);
    TRY(err);
    world_free(&h->world);
    return world_load(&h->db, h->vault, &h->world, &why);
}

static enum err S_learn(struct matters_import *in)
{
    struct csv_row row;
    while (csv_next(in->csv, &row)) {
        const struct refusal why = {.zh = row.fault.zh, .en = row.fault.en};
        in->rows++;
        TRY(why.zh ? S_refused(in, row.line, why) : replay_learn(&in->replay, &row));
    }
    TRY(csv_error(in->csv));
    replay_sort(&in->replay);
    return S_open(in);
}

static enum err S_rows(struct matters_import *in)
{
    struct progress progress = progress_start("Matters", in->rows);
    struct replay *r = &in->replay;
    struct csv_row row;
    for (size_t i = 0; i < r->n; i++) {
        struct refusal why;
        TRY(replay_until(r, r->order[i].created));
        TRY(csv_seek(in->csv, r->order[i].line, r->order[i].at));
        if (!csv_next(in->csv, &row) || row.fault.zh)
            return ERR_IO; /* it could be read a moment ago */
        TRY(replay_row(r, &row, &why));
        if (why.zh)
            TRY(S_refused(in, row.line, why));
        if (i % STEP == 0)
            progress_step(&progress, (int64_t)i);
    }
    TRY(replay_until(r, INT64_MAX));
    progress.done = in->rows;
    progress_end(&progress, "rows");
    return OK;
}

/* So that they can be searched for, and are counted, at once. */
static enum err S_index(struct matters_import *in)
{
    int64_t done = 0;
    do {
        arena_reset(in->replay.db.arena);
        TRY(matter_index(&in->replay.db, INDEX_STEP, &done));
    } while (done);
    return figures_catch_up(&in->house->db);
}

/* One row of audit for the file. */
static enum err S_audit(struct matters_import *in)
{
    const struct actor nobody = {0};
    struct store *db = &in->house->db;
    const char *slash = strrchr(in->file, '/');
    *db->note = (struct note){.subject = in->replay.at.id,
                              .district = in->replay.at.district,
                              .street = in->replay.at.street,
                              .reason = arena_printf(db->arena, "linli import matters %s: %lld",
                                                     slash ? slash + 1 : in->file,
                                                     (long long)in->replay.accepted)};
    return audit_write(db, &nobody, "matters.import");
}

static enum err S_import(struct matters_import *in)
{
    struct replay *r = &in->replay;
    struct store *db = &in->house->db;
    r->house = in->house;
    r->map = &in->map;
    enum err err = place_by_code(db, in->map.at, &r->at);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/at", "unknown",
                           "没有这个代码的单位，请先运行 linli import tree。",
                           "There is no unit with this code; run linli import tree first.");
    TRY(err);
    TRY(S_pack(in));
    TRY(replay_start(r));
    TRY(S_learn(in));
    TRY(S_rows(in));
    if (!r->accepted)
        return OK;
    TRY(S_index(in));
    return S_audit(in);
}

/* ---- the command ---- */

static void S_print(const struct matters_import *in)
{
    static const char *const repairs[REPAIRS] = {
        [REPAIR_ID] = "代码与名称不符，以名称为准 / the id disagrees with its name: the name was "
                      "taken",
        [REPAIR_KIND] = "没有写明种类，用映射表的默认值 / no kind: the map's default was taken",
        [REPAIR_PLACE] = "没有写明街道社区，记在区县 / no street and community: taken at the unit "
                         "the file is for",
        [REPAIR_SIGN] =
            "去掉了名称末尾多余的标点 / signs left over at the end of a name were taken "
            "off",
    };
    const struct replay *r = &in->replay;
    printf("  read %lld, accepted %lld, known already %lld, refused %lld\n", (long long)in->rows,
           (long long)r->accepted, (long long)r->known, (long long)in->refusals);
    for (int i = 0; i < REPAIRS; i++) {
        if (r->repaired[i])
            printf("  repaired %lld: %s\n", (long long)r->repaired[i], repairs[i]);
    }
    refused_print(&in->refused_file);
}

static int S_fault(const struct matters_import *in, enum err err)
{
    for (size_t i = 0; i < in->report.n; i++)
        file_fault(in->map_file, in->report.faults[i].line, in->report.faults[i].column,
                   in->report.faults[i].zh, in->report.faults[i].en);
    return in->report.n ? EXIT_REFUSED : house_fault(in->house, err, in->file);
}

static int S_run(struct matters_import *in)
{
    struct conn *conn = in->house->db.conn;
    enum err err = S_read_map(in);
    if (err != OK)
        return S_fault(in, err);
    err = conn_begin(conn);
    if (err == OK) {
        err = S_import(in);
        if (err == OK)
            err = S_write_refused(in);
        if (err == OK)
            err = conn_commit(conn);
        if (err != OK)
            conn_rollback(conn);
    }
    if (err != OK)
        return S_fault(in, err);
    S_print(in);
    return EXIT_DONE;
}

int import_matters(int argc, char **argv)
{
    const char *words[2], *data = "data", *map = NULL, *refused = NULL;
    const struct cli_option options[] = {
        {"data", &data, NULL}, {"map", &map, NULL}, {"refused", &refused, NULL}};
    struct house h;
    size_t n = 0;
    bool help = false;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 2 || !map)
        return cli_misuse("import", "请给出 CSV 文件和 --map 映射表。",
                          "Name the CSV file, and the map with --map.");
    code = house_open(data, &h);
    if (code != EXIT_DONE)
        return code;
    struct matters_import *in = ARENA_NEW(h.arena, struct matters_import);
    if (!in) {
        house_close(&h);
        return EXIT_FAILED;
    }
    in->house = &h;
    in->file = words[1];
    in->map_file = map;
    in->report.arena = h.arena;
    code = refused_name(&in->refused_file, refused, words[1]) ? S_run(in) : EXIT_USAGE;
    refused_close(&in->refused_file);
    free(in->refused);
    csv_close(in->csv);
    replay_end(&in->replay);
    house_close(&h);
    return code;
}
