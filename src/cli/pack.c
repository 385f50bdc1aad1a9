/* linli pack: check a pack, and put one into force at a unit. */
#include "cli/cli.h"

#include "domain/place/place.h"
#include "gate/gate.h"

#include <stdio.h>
#include <string.h>

enum { PACK_ARENA = 64 << 20, PACK_FILE_MAX = 4 << 20 };

/* The pack of a file; every mistake in it is told. */
static int S_load(const char *path, struct house *h, struct pack **ret)
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
    if (err != OK)
        return report.n ? EXIT_REFUSED : house_fault(h, err, path);
    const struct pack *p = *ret;
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

int cli_pack(int argc, char **argv)
{
    const char *words[2], *data = "data", *unit = NULL;
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
    return cli_misuse("pack",
                      "用法：linli pack check 文件，或 linli pack activate 文件 --unit 代码。",
                      "Use: linli pack check FILE, or linli pack activate FILE --unit CODE.");
}
