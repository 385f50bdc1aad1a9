/* `linli demo NAME`: fills a data folder with the scene packs/scenes/NAME.yaml, once. */
#include "cli/demo.h"

#include "cli/cli.h"
#include "domain/people/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PATH_ROOM = 4096,
    FILE_MAX = 4 << 20,
    TRY_MAX = 1 << 16,
    NAME_COLUMNS = 12,
    WHERE_COLUMNS = 36,
    ROLE_COLUMNS = 24
};

struct demo {
    struct house *house;
    struct scene *scene;
    const char *name, *packs, *url, *data;
    char path[PATH_ROOM]; /* of the scene */
    struct str tokens[SCENE_NAMES_MAX];
    struct str attempt; /* the commands to try */
};

/* ---- where the packs are ---- */

static bool S_scene_in(struct demo *d, const char *packs)
{
    int n = snprintf(d->path, sizeof d->path, "%s/scenes/%s.yaml", packs, d->name);
    d->packs = packs;
    return n > 0 && n < (int)sizeof d->path && access(d->path, R_OK) == 0;
}

/* The folder given, else ./packs, else where `make install` puts them beside the program. */
static bool S_find(struct demo *d, char installed[PATH_ROOM])
{
    static const char beside[] = "/../share/linli/packs";
    if (d->packs)
        return S_scene_in(d, d->packs);
    if (S_scene_in(d, "packs"))
        return true;
    ssize_t n = readlink("/proc/self/exe", installed, PATH_ROOM - sizeof beside);
    if (n <= 0)
        return false;
    installed[n] = '\0';
    char *slash = strrchr(installed, '/');
    if (!slash)
        return false;
    memcpy(slash, beside, sizeof beside);
    return S_scene_in(d, installed);
}

/* ---- loading ---- */

/* The pack comes into force, and the world is read anew with it. */
static enum err S_pack(struct demo *d)
{
    struct scene *sc = d->scene;
    struct house *h = d->house;
    struct str name = scene_text(sc, sc->root, "pack", true), yaml = NO_STR;
    struct pack *pack = NULL;
    const char *why = NULL;
    struct unit at;
    int64_t id = 0;
    TRY(scene_sound(sc));
    TRY(scene_unit(sc, sc->root, "at", &at));
    struct str path = arena_printf(h->arena, "%s/" STR_F, d->packs, STR_A(name));
    if (!path.p)
        return ERR_MEMORY;
    enum err err = file_read(path.p, FILE_MAX, h->arena, &yaml);
    if (err != OK || pack_load(yaml, &sc->report, &pack) != OK) {
        /* Its own mistakes are for `linli pack check`. */
        sc->report.n = 0;
        fault_add(&sc->report, sc->root->at, "读不了方案 %.*s，请先运行 linli pack check。",
                  "The pack %.*s cannot be read: run linli pack check.", SHOW(path));
        return ERR_INVALID;
    }
    err = world_store_pack(&sc->db, pack, at.id, &id);
    pack_free(pack);
    TRY(err);
    world_free(&h->world);
    TRY(world_load(&h->db, h->vault, &h->world, &why));
    sc->pack = world_pack(&h->world, id);
    return sc->pack ? OK : ERR_STORE;
}

/* What was opened to act in people's names is closed again, and each gets a link. */
static enum err S_links(struct demo *d)
{
    struct scene_names *accounts = &d->scene->accounts;
    int64_t until = 0;
    for (size_t i = 0; i < accounts->n; i++) {
        TRY(credential_revoke(&d->house->db, accounts->items[i].id, NULL));
        TRY(link_create(&d->house->db, accounts->items[i].id, &d->tokens[i], &until));
    }
    return OK;
}

/* ---- what to try ---- */

/* What stands between two % in the commands to try: url, unit CODE, party KEY, link KEY. */
static enum err S_try_word(struct demo *d, struct str word, struct buf *out)
{
    struct scene *sc = d->scene;
    struct mark at = node_get(sc->root, "try")->at;
    struct str what = str_split(&word, ' ');
    const struct scene_name *found = NULL;
    if (str_eq(what, S("url"))) {
        buf_put(out, str_of(d->url));
    } else if (str_eq(what, S("unit"))) {
        struct node code = {.type = NODE_TEXT, .key = S("unit"), .text = word, .at = at};
        const struct node map = {.type = NODE_MAP, .child = &code, .count = 1, .at = at};
        struct unit unit;
        TRY(scene_unit(sc, &map, "unit", &unit));
        buf_int(out, unit.id);
    } else if (str_eq(what, S("party"))) {
        found = scene_find(sc, &sc->parties, word, at);
        buf_int(out, found ? found->id : 0);
    } else {
        found = scene_find(sc, &sc->accounts, word, at);
        buf_put(out, found ? d->tokens[found - sc->accounts.items] : S(""));
    }
    return scene_sound(sc);
}

static enum err S_try(struct demo *d, struct buf *out)
{
    struct str rest = scene_text(d->scene, d->scene->root, "try", false);
    while (rest.p) {
        buf_put(out, str_split(&rest, '%'));
        if (rest.p)
            TRY(S_try_word(d, str_split(&rest, '%'), out));
    }
    d->attempt = arena_str(d->house->arena, out->n ? buf_str(out) : S(""));
    return d->attempt.p && !out->full ? OK : ERR_MEMORY;
}

static struct str S_setting(const struct demo *d)
{
    return arena_printf(d->house->arena, "demo.%s", d->name);
}

static enum err S_loaded(const struct demo *d)
{
    int64_t one = 0;
    return store_int(&d->house->db, "SELECT 1 FROM setting WHERE name = $1",
                     ARGS(A_TEXT(S_setting(d))), &one);
}

static enum err S_audit(const struct demo *d)
{
    const struct actor nobody = {0};
    struct store *db = &d->house->db;
    *db->note = (struct note){.reason = arena_printf(db->arena, "linli demo %s", d->name)};
    return audit_write(db, &nobody, "demo.load");
}

static enum err S_load(struct demo *d)
{
    static const char *const keys[] = {"scene",  "name",        "pack",    "at",
                                       "since",  "communities", "parties", "accounts",
                                       "bodies", "matters",     "try",     NULL};
    struct scene *sc = d->scene;
    struct house *h = d->house;
    struct str yaml = NO_STR;
    TRY(file_read(d->path, FILE_MAX, h->arena, &yaml));
    sc->root = yaml_read(h->arena, yaml, &sc->report);
    if (!sc->root)
        return sc->report.n ? ERR_INVALID : ERR_MEMORY;
    const struct node *since = node_typed(sc->root, "since", NODE_MAP, true, &sc->report);
    node_keys(sc->root, keys, &sc->report);
    int64_t ago = since ? scene_ago(sc, since) : 0;
    TRY(scene_sound(sc));
    TRY(S_audit(d));
    sc->db.now = sc->now - ago;
    TRY(S_pack(d));
    TRY(scene_places(sc));
    TRY(scene_parties(sc));
    TRY(scene_accounts(sc));
    TRY(scene_bodies(sc));
    TRY(scene_matters(sc));
    sc->db.now = sc->now;
    TRY(S_links(d));
    struct buf commands = buf_new(TRY_MAX);
    enum err err = S_try(d, &commands);
    buf_free(&commands);
    TRY(err);
    return store_exec(&h->db, "INSERT INTO setting (name, value) VALUES ($1, $2)",
                      ARGS(A_TEXT(S_setting(d)), A_INT(sc->now)), NULL);
}

static int S_fault(const struct demo *d, enum err err)
{
    const struct scene *sc = d->scene;
    const struct problem *p = &d->house->problem;
    for (size_t i = 0; i < sc->report.n; i++)
        file_fault(d->path, sc->report.faults[i].line, sc->report.faults[i].column,
                   sc->report.faults[i].zh, sc->report.faults[i].en);
    for (size_t i = 0; i < p->count && i < PROBLEM_MAX; i++)
        file_fault(d->path, sc->at.line, sc->at.column, p->faults[i].zh, p->faults[i].en);
    if (!sc->report.n && !p->count) {
        file_fault(d->path, sc->at.line, sc->at.column, S("这一步没有做成。"),
                   S("This could not be done."));
        return house_fault(d->house, err, d->path);
    }
    return EXIT_REFUSED;
}

/* ---- printing ---- */

/* Chinese characters are two columns wide. */
static void S_padded(struct str s, int columns)
{
    for (size_t at = 0; at < s.n;)
        columns -= utf8_next(s, &at) >= 0x1100 ? 2 : 1;
    printf(STR_F "%*s", STR_A(s), columns > 0 ? columns : 1, "");
}

/* How to come by new links, as commands to paste. */
static void S_print_more(const struct demo *d)
{
    const char *program = program_invocation_name;
    printf("要新的登录链接（先停下服务） / new sign-in links (stop the server first):\n"
           "  %s user list --data %s\n"
           "  %s user link ID --data %s --url %s\n",
           program, d->data, program, d->data, d->url);
}

static void S_print_links(const struct demo *d)
{
    const struct scene_names *accounts = &d->scene->accounts;
    putchar('\n');
    S_padded(S("角色 role"), ROLE_COLUMNS);
    S_padded(S("姓名 name"), NAME_COLUMNS);
    S_padded(S("单位或队伍 unit or team"), WHERE_COLUMNS);
    puts("一次性登录链接 one-time sign-in link");
    for (size_t i = 0; i < accounts->n; i++) {
        S_padded(accounts->items[i].roles, ROLE_COLUMNS);
        S_padded(accounts->items[i].name, NAME_COLUMNS);
        S_padded(accounts->items[i].where, WHERE_COLUMNS);
        printf("%s/in/" STR_F "\n", d->url, STR_A(d->tokens[i]));
    }
    puts("链接只在这里显示一次，7 天内有效。 / Shown this once, good for 7 days.");
    S_print_more(d);
}

/* ---- the command ---- */

static int S_run(struct demo *d)
{
    struct house *h = d->house;
    struct scene *sc = d->scene;
    enum err err = S_loaded(d);
    if (err == OK) {
        printf("%s: 已经装好，没有改动。 / loaded already, nothing was changed.\n", d->name);
        S_print_more(d);
        return EXIT_DONE;
    }
    *sc = (struct scene){.db = h->db,
                         .report = {.arena = h->arena},
                         .now = h->db.now,
                         .sessions = session_cache_new()};
    err = err == ERR_NOT_FOUND ? conn_begin(h->db.conn) : err;
    if (err == OK) {
        err = S_load(d);
        if (err == OK)
            err = conn_commit(h->db.conn);
        if (err != OK)
            conn_rollback(h->db.conn);
    }
    session_cache_free(sc->sessions);
    if (err != OK)
        return S_fault(d, err);
    printf("%s: %lld 个网格、%lld 名虚构居民、%zu 个承办方、%zu 个账号、%lld 件事项 / %lld grids, "
           "%lld fictitious residents, %zu parties, %zu accounts, %lld matters\n",
           d->name, (long long)sc->grids, (long long)sc->persons, sc->parties.n, sc->accounts.n,
           (long long)sc->matters, (long long)sc->grids, (long long)sc->persons, sc->parties.n,
           sc->accounts.n, (long long)sc->matters);
    S_print_links(d);
    printf("\n" STR_F, STR_A(d->attempt));
    return EXIT_DONE;
}

int cli_demo(int argc, char **argv)
{
    const char *words[1];
    struct demo d = {.url = "http://127.0.0.1:8080", .data = "data"};
    const struct cli_option options[] = {
        {"data", &d.data, NULL}, {"packs", &d.packs, NULL}, {"url", &d.url, NULL}};
    char installed[PATH_ROOM];
    struct house h;
    size_t n = 0;
    bool help = false;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 1 || !form_code(str_of(words[0])))
        return cli_misuse("demo", "请给出场景的名字，如 yannan。", "Name a scene, such as yannan.");
    d.name = words[0];
    if (!S_find(&d, installed))
        return cli_misuse("demo",
                          "找不到这个场景的文件 scenes/NAME.yaml，请用 --packs 指明方案文件夹。",
                          "There is no scenes/NAME.yaml: name the packs folder with --packs.");
    code = house_open(d.data, &h);
    if (code != EXIT_DONE)
        return code;
    d.house = &h;
    d.scene = ARENA_NEW(h.arena, struct scene);
    code = d.scene ? S_run(&d) : house_fault(&h, ERR_MEMORY, "demo");
    house_close(&h);
    return code;
}
