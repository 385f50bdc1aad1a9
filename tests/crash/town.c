#include "town.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_CAP = 64 << 20, FILE_CAP = 64 << 20 };

static const char *const files[] = {"linli.db",   "linli.db-wal",    "linli.db-shm",
                                    "linli.lock", "keys/master.key", "linli.db-journal"};

int64_t town_unit(enum level level)
{
    return (int64_t)HOME_COUNTY << 43 | (int64_t)level;
}

static struct ancestors S_at(enum level level)
{
    struct ancestors at = {0};
    int64_t *const columns[] = {[LEVEL_PROVINCE] = &at.province,   [LEVEL_CITY] = &at.city,
                                [LEVEL_COUNTY] = &at.district,     [LEVEL_STREET] = &at.street,
                                [LEVEL_COMMUNITY] = &at.community, [LEVEL_GRID] = &at.grid};
    for (enum level l = LEVEL_PROVINCE; l <= level && l <= LEVEL_GRID; l++)
        *columns[l] = town_unit(l);
    return at;
}

struct actor town_worker(void)
{
    static const struct {
        enum role role;
        enum level level;
    } hats[] = {{ROLE_GRID_WORKER, LEVEL_COMMUNITY},
                {ROLE_SECRETARY, LEVEL_COMMUNITY},
                {ROLE_STREET, LEVEL_STREET},
                {ROLE_DISTRICT, LEVEL_COUNTY}};
    struct actor by = {.account = town_unit(LEVEL_COUNT), .county = HOME_COUNTY};
    by.name = S("网格员");
    for (size_t i = 0; i < COUNT_OF(hats); i++) {
        by.hats[by.n++] = (struct hat){.id = (int64_t)i + 1,
                                       .role = hats[i].role,
                                       .kind = HAT_UNIT,
                                       .unit = town_unit(hats[i].level),
                                       .level = hats[i].level,
                                       .at = S_at(hats[i].level)};
        by.admitted[i] = true;
    }
    return by;
}

struct str file_text(struct arena *a, const char *path)
{
    struct str text = NO_STR;
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (f && fstat(fileno(f), &st) == 0 && st.st_size < FILE_CAP) {
        char *p = arena_alloc(a, (size_t)st.st_size + 1);
        if (p && fread(p, 1, (size_t)st.st_size, f) == (size_t)st.st_size)
            text = (struct str){p, (size_t)st.st_size};
    }
    if (f)
        fclose(f);
    return text;
}

static bool S_copy(struct arena *a, const char *from, const char *to)
{
    struct str text = file_text(a, from);
    FILE *f = text.p ? fopen(to, "wb") : NULL;
    bool good = f && fwrite(text.p, 1, text.n, f) == text.n;
    return f && fclose(f) == 0 && good;
}

void town_remove(const char *folder)
{
    char path[TOWN_PATH + 32];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/keys", folder);
    rmdir(path);
    rmdir(folder);
}

bool town_copy(const char *from, const char *to)
{
    static const char *const kept[] = {"linli.db", "keys/master.key"};
    char source[TOWN_PATH + 32], target[TOWN_PATH + 32];
    struct arena *a = arena_new(ARENA_CAP);
    bool good = a != NULL;
    town_remove(to);
    snprintf(target, sizeof target, "%s/keys", to);
    good = good && mkdir(to, 0700) == 0 && mkdir(target, 0700) == 0;
    for (size_t i = 0; i < COUNT_OF(kept) && good; i++) {
        snprintf(source, sizeof source, "%s/%s", from, kept[i]);
        snprintf(target, sizeof target, "%s/%s", to, kept[i]);
        good = S_copy(a, source, target);
    }
    arena_free(a);
    return good;
}

bool town_open(struct town *t, const char *folder, const char **why)
{
    *t = (struct town){.arena = arena_new(ARENA_CAP)};
    snprintf(t->folder, sizeof t->folder, "%s", folder);
    enum err err = t->arena ? OK : ERR_MEMORY;
    *why = "no memory";
    if (err == OK)
        err = database_open(str_of(t->folder), OPEN_OWN, &t->database, why);
    if (err == OK)
        err = database_migrate(t->database, why);
    if (err == OK)
        err = vault_open(str_of(t->folder), &t->vault, why);
    if (err == OK) {
        t->db = (struct store){.conn = database_writer(t->database),
                               .arena = t->arena,
                               .problem = &t->problem,
                               .now = clock_now(&(struct clock){NULL}),
                               .world = &t->world,
                               .note = &t->note};
        err = world_load(&t->db, t->vault, &t->world, why);
        t->loaded = err == OK;
    }
    return err == OK;
}

void town_close(struct town *t)
{
    if (t->loaded)
        world_free(&t->world);
    vault_close(t->vault);
    database_close(t->database);
    arena_free(t->arena);
    *t = (struct town){0};
}

static enum err S_tree(struct store *db)
{
    TRY(store_exec(db, "INSERT INTO county (county, code, next_id) VALUES ($1, '620102', 1000)",
                   ARGS(A_INT(HOME_COUNTY)), NULL));
    for (enum level l = LEVEL_PROVINCE; l <= LEVEL_GRID; l++) {
        struct ancestors at = S_at(l);
        TRY(store_exec(
            db,
            "INSERT INTO unit (id, county, parent, level, name, province, city, district, street, "
            "community, grid, valid_from) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, 0)",
            ARGS(A_INT(town_unit(l)), A_INT(HOME_COUNTY),
                 A_ID(l == LEVEL_PROVINCE ? 0 : town_unit(l - 1)), A_TEXT(str_of(level_names[l])),
                 A_ID(at.province), A_ID(at.city), A_ID(at.district), A_ID(at.street),
                 A_ID(at.community), A_ID(at.grid)),
            NULL));
    }
    return OK;
}

static enum err S_pack(struct store *db, struct str text)
{
    struct pack_report report = {.arena = db->arena};
    struct pack *pack = NULL;
    int64_t id = 0;
    TRY(pack_load(text, &report, &pack));
    enum err err = world_store_pack(db, pack, town_unit(LEVEL_COUNTY), &id);
    pack_free(pack);
    return err;
}

bool town_build(const char *folder, struct str pack, const char **why)
{
    struct town t;
    bool good = town_open(&t, folder, why);
    if (good) {
        *why = "the town cannot be built";
        good = conn_begin(t.db.conn) == OK && S_tree(&t.db) == OK && S_pack(&t.db, pack) == OK &&
               conn_commit(t.db.conn) == OK;
    }
    town_close(&t);
    return good;
}
