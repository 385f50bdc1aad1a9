/* linli pack: check a pack, say what differs between two, and put one into force at a unit. */
#include "cli/cli.h"

#include "domain/place/place.h"
#include "gate/gate.h"
#include "pack/diff.h"

#include <stdio.h>
#include <string.h>

enum { PACK_ARENA = 64 << 20, PACK_FILE_MAX = 4 << 20 };
enum { DIFF_SAME = 0, DIFF_DIFFERENT = 1, DIFF_ERROR = 2 }; /* exit codes of diff, as diff(1) */

/* The pack of a file; every mistake in it is told. */
static int S_read(const char *path, struct house *h, struct pack **ret)
{
    struct pack_report report = {.arena = h->arena};
    struct str yaml = NO_STR;
    enum err err = file_read(path, PACK_FILE_MAX, h->arena, &yaml);
    if (err == OK)
        err = pack_load(yaml, &report, ret);
    for (size_t i = 0; i < report.n; i++) {
        const struct pack_fault *f = &report.faults[i];
        file_fault(path, f->line, f->column, f->zh, f->en);
    }
    if (err == OK)
        return EXIT_DONE;
    return report.n ? EXIT_REFUSED : house_fault(h, err, path);
}

/* The same, and what it is. */
static int S_load(const char *path, struct house *h, struct pack **ret)
{
    int code = S_read(path, h, ret);
    const struct pack *p = *ret;
    if (code != EXIT_DONE || !p)
        return code;
    printf("%s: " STR_F " (" STR_F ")，%zu 类事项，%zu 个分类 / " STR_F
           ", %zu kinds, %zu categories\n",
           path, STR_A(p->name.zh), STR_A(p->pack), p->kind_count, p->category_count,
           STR_A(p->name.en), p->kind_count, p->category_count);
    return EXIT_DONE;
}

/* No data folder is needed: only its arena and problem, to speak with one voice. */
static int S_check(const char *path)
{
    struct pack *pack = NULL;
    struct house h = {.arena = arena_new(PACK_ARENA)};
    int code = h.arena ? S_load(path, &h, &pack) : house_fault(&h, ERR_MEMORY, path);
    pack_free(pack);
    arena_free(h.arena);
    return code;
}

/* before: what was in force there until now, at the unit or above it; NULL when nothing was. */
static enum err S_store(struct house *h, const struct pack *pack, const char *code,
                        const struct pack **before)
{
    const struct actor nobody = {0};
    struct unit unit;
    int64_t id = 0;
    TRY(place_by_code(&h->db, str_of(code), &unit));
    const struct ancestors at = unit_ancestors(&unit);
    *before = world_pack_at(&h->world, &at);
    TRY(conn_begin(h->db.conn));
    h->note = (struct note){.subject = unit.id, .district = unit.district, .street = unit.street};
    enum err err = world_store_pack(&h->db, pack, unit.id, &id);
    if (err == OK)
        err = audit_write(&h->db, &nobody, "pack.activate");
    if (err == OK)
        err = conn_commit(h->db.conn);
    if (err != OK)
        conn_rollback(h->db.conn);
    return err;
}

static void S_say_active(const struct pack *before, const struct pack *now, const char *unit)
{
    if (!before)
        printf("这是 %s 的第一份方案。 / It is the first pack in force at %s.\n", unit, unit);
    else if (str_eq(before->hash, now->hash))
        printf("%s 用的本来就是这份方案。 / This very pack was in force at %s already.\n", unit,
               unit);
    else
        printf("取代“" STR_F "”（" STR_F "）。 / It replaces \"" STR_F "\" (" STR_F ").\n",
               STR_A(before->name.zh), STR_A(before->pack), STR_A(before->name.en),
               STR_A(before->pack));
    printf("已在 %s 启用；未办结的事项仍按开始时的流程办完。\n"
           "In force at %s. Open matters finish under the flow they began with.\n",
           unit, unit);
}

static int S_activate(const char *path, const char *data, const char *unit)
{
    struct house h;
    struct pack *pack = NULL;
    const struct pack *before = NULL;
    int code = house_enter(data, &h);
    if (code != EXIT_DONE)
        return code;
    code = S_load(path, &h, &pack);
    if (code == EXIT_DONE) {
        enum err err = S_store(&h, pack, unit, &before);
        if (err == OK && pack)
            S_say_active(before, pack, unit);
        else
            code = house_fault(&h, err, unit);
    }
    pack_free(pack);
    house_close(&h);
    return code;
}

/* ---- diff ---- */

/* What is in force at a unit, from a folder that a server may hold: only read. */
static enum err S_in_force(struct house *h, const char *data, const char *unit,
                           const struct pack **ret, const char **why)
{
    struct unit found;
    struct conn *reader = NULL;
    *why = data;
    TRY(database_open(str_of(data), OPEN_READ_ONLY, &h->database, why));
    TRY(database_reader(h->database, &reader));
    h->db =
        (struct store){.conn = reader, .arena = h->arena, .problem = &h->problem, .note = &h->note};
    enum err err = world_load(&h->db, NULL, &h->world, why);
    if (err == OK) {
        *why = unit;
        err = place_by_code(&h->db, str_of(unit), &found);
    }
    if (err == OK) {
        const struct ancestors at = unit_ancestors(&found);
        *ret = world_pack_at(&h->world, &at);
        err = *ret ? OK : ERR_NOT_FOUND;
    }
    conn_close(reader);
    return err;
}

static int S_say_diff(struct house *h, const struct pack *a, const struct pack *b)
{
    struct list changes;
    enum err err = pack_diff(a, b, h->arena, &changes);
    if (err != OK) {
        house_fault(h, err, "diff");
        return DIFF_ERROR;
    }
    const struct pack_change *c = changes.items;
    for (size_t i = 0; i < changes.n; i++)
        printf(STR_F " / " STR_F "\n", STR_A(c[i].zh), STR_A(c[i].en));
    if (!changes.n) {
        puts("两份方案没有区别。 / The two packs do not differ.");
        return DIFF_SAME;
    }
    printf("共 %zu 处不同。启用之后，新来的事项按新方案办；未办结的事项仍按开始时的流程办完。\n"
           "%zu differences. Once it is in force, new matters follow the new pack; open matters "
           "finish under the flow they began with.\n",
           changes.n, changes.n);
    return DIFF_DIFFERENT;
}

/* before: a file, or NULL for what is in force at the unit. */
static int S_diff(const char *before, const char *after, const char *data, const char *unit)
{
    struct house h = {.arena = arena_new(PACK_ARENA)};
    struct pack *a = NULL, *b = NULL;
    const struct pack *old = NULL;
    const char *why = "memory";
    bool sound = h.arena != NULL;
    if (sound && before) {
        sound = S_read(before, &h, &a) == EXIT_DONE;
        old = a;
    } else if (sound) {
        enum err err = S_in_force(&h, data, unit, &old, &why);
        sound = err == OK;
        if (!sound)
            house_fault(&h, err, why);
    }
    sound = sound && S_read(after, &h, &b) == EXIT_DONE;
    int code = sound && old && b ? S_say_diff(&h, old, b) : DIFF_ERROR;
    pack_free(a);
    pack_free(b);
    house_close(&h);
    return code;
}

int cli_pack(int argc, char **argv)
{
    const char *words[3], *data = "data", *unit = NULL;
    const struct cli_option options[] = {{.name = "data", .value = &data},
                                         {.name = "unit", .value = &unit}};
    size_t n = 0;
    bool help = false;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n == 2 && strcmp(words[0], "check") == 0)
        return S_check(words[1]);
    if (n == 2 && unit && strcmp(words[0], "activate") == 0)
        return S_activate(words[1], data, unit);
    if (n == 3 && !unit && strcmp(words[0], "diff") == 0)
        return S_diff(words[1], words[2], data, NULL);
    if (n == 2 && unit && strcmp(words[0], "diff") == 0)
        return S_diff(NULL, words[1], data, unit);
    return cli_misuse("pack",
                      "用法：linli pack check 文件，linli pack diff 旧文件 新文件（或 文件 --unit "
                      "代码），或 linli pack activate 文件 --unit 代码。",
                      "Use: linli pack check FILE, linli pack diff OLD NEW (or FILE --unit CODE), "
                      "or linli pack activate FILE --unit CODE.");
}
