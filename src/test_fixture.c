#include "test_fixture.h"

#include "domain/people/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_CAP = 64 << 20, REPLY_CAP = 1 << 20, PARAMS = 8 };
static const int64_t start_of_time = 1795305600000; /* 2026-11-22T00:00:00Z */

static void S_must(enum err err, const char *why)
{
    if (err != OK)
        fail_msg("fixture: %s (%d)", why, (int)err);
}

int64_t fixture_unit(struct fixture *f, int64_t parent, const char *level, const char *code,
                     const char *name, int64_t county)
{
    static const char copy[] =
        "INSERT INTO unit (id, county, parent, level, code, name, province, city, district, "
        "street, community, grid, valid_from) "
        "SELECT $1, $2, $3, $4, $5, $6, province, city, district, street, community, grid, 0 "
        "FROM (SELECT 1) AS one LEFT JOIN unit ON unit.id = $3";
    static const char *const own[LEVEL_COUNT] = {
        [LEVEL_PROVINCE] = "UPDATE unit SET province = id WHERE id = $1",
        [LEVEL_CITY] = "UPDATE unit SET city = id WHERE id = $1",
        [LEVEL_COUNTY] = "UPDATE unit SET district = id WHERE id = $1",
        [LEVEL_STREET] = "UPDATE unit SET street = id WHERE id = $1",
        [LEVEL_COMMUNITY] = "UPDATE unit SET community = id WHERE id = $1",
        [LEVEL_GRID] = "UPDATE unit SET grid = id WHERE id = $1",
    };
    int64_t id = 0, home = county ? county : ID_COUNTY(parent);
    if (county)
        S_must(store_exec(&f->db, "INSERT INTO county (county, code) VALUES ($1, $2)",
                          ARGS(A_INT(county), A_TEXT(str_of(code))), NULL),
               "county");
    S_must(store_id(&f->db, home, &id), "unit id");
    S_must(store_exec(&f->db, copy,
                      ARGS(A_INT(id), A_INT(home), A_ID(parent), A_TEXT(str_of(level)),
                           A_TEXT(str_of(code)), A_TEXT(str_of(name))),
                      NULL),
           "unit");
    const char *sql = own[level_parse(str_of(level))];
    if (sql)
        S_must(store_exec(&f->db, sql, ARGS(A_INT(id)), NULL), "unit's own column");
    return id;
}

static void S_tree(struct fixture *f)
{
    S_must(conn_begin(f->db.conn), "begin");
    f->province = fixture_unit(f, 0, "province", "62", "甘肃省", 0);
    f->city = fixture_unit(f, f->province, "city", "6201", "兰州市", 0);
    f->chengguan = fixture_unit(f, f->city, "county", "620102", "城关区", 7);
    f->donggang = fixture_unit(f, f->chengguan, "street", "620102015", "东岗街道", 0);
    f->yannan = fixture_unit(f, f->donggang, "community", "620102015001", "雁南社区", 0);
    f->grid1 = fixture_unit(f, f->yannan, "grid", NULL, "第一网格", 0);
    f->grid2 = fixture_unit(f, f->yannan, "grid", NULL, "第二网格", 0);
    f->micro = fixture_unit(f, f->grid1, "micro_grid", NULL, "一号楼", 0);
    f->yanbei = fixture_unit(f, f->donggang, "community", "620102015002", "雁北社区", 0);
    f->tielu = fixture_unit(f, f->chengguan, "street", "620102016", "铁路街道", 0);
    f->tiexi = fixture_unit(f, f->tielu, "community", "620102016001", "铁西社区", 0);
    f->qilihe = fixture_unit(f, f->city, "county", "620103", "七里河区", 8);
    f->xiyuan = fixture_unit(f, f->qilihe, "street", "620103001", "西园街道", 0);
    S_must(conn_commit(f->db.conn), "commit");
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *why = "no memory";
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/linli-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->arena = arena_new(ARENA_CAP);
    f->sessions = session_cache_new();
    S_must(database_open(str_of(f->folder), OPEN_OWN, &f->database, &why), why);
    S_must(database_migrate(f->database, &why), why);
    S_must(database_reader(f->database, &f->reader), "reader");
    S_must(vault_open(str_of(f->folder), &f->vault, &why), why);
    f->db = (struct store){.conn = database_writer(f->database),
                           .arena = f->arena,
                           .problem = &f->problem,
                           .now = start_of_time,
                           .world = &f->world,
                           .note = &f->note};
    S_must(world_load(&f->db, f->vault, &f->world, &why), why);
    S_tree(f);
    *state = f;
    return 0;
}

/* A folder's files, not what is in folders below. */
static void S_empty(const char *folder)
{
    char path[512];
    DIR *d = opendir(folder);
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(folder);
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    char keys[64];
    json_decref(f->reply);
    world_free(&f->world);
    vault_close(f->vault);
    conn_close(f->reader);
    database_close(f->database);
    session_cache_free(f->sessions);
    arena_free(f->arena);
    snprintf(keys, sizeof keys, "%s/keys", f->folder);
    S_empty(keys);
    S_empty(f->folder);
    free(f);
    return 0;
}

const char *fixture_text(struct fixture *f, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return arena_str(f->arena, str_of(text)).p;
}

enum err fixture_identify(struct fixture *f, struct str token, struct actor *ret)
{
    struct store db = f->db;
    db.conn = f->reader;
    return gate_identify(&db, f->sessions, token, ret);
}

struct actor fixture_actor(struct fixture *f, enum role role, int64_t unit, int64_t party,
                           int64_t person)
{
    const struct account_new account = {
        .name = S("测试"),
        .login = str_of(fixture_text(f, "user%d", ++f->serial)),
        .unit = unit ? unit : f->yannan,
    };
    struct hat_new hat = {
        .role = role, .unit = party || person ? 0 : unit, .party = party, .person = person};
    struct str token = NO_STR;
    struct actor actor;
    int64_t end = 0, id = 0;
    f->problem.count = 0;
    S_must(conn_begin(f->db.conn), "begin");
    S_must(account_create(&f->db, &account, &hat.account), "account");
    if (role != ROLE_NONE)
        S_must(hat_grant(&f->db, &hat, &id), "hat");
    S_must(session_start(&f->db, hat.account, 0, &token, &end), "session");
    S_must(conn_commit(f->db.conn), "commit");
    S_must(fixture_identify(f, token, &actor), "identify");
    return actor;
}

/* One call on its way: what http's struct request is there. */
struct call {
    struct fixture *f;
    const struct route *route;
    struct actor *by;
    void *in, *ret;
};

static const struct route *S_route(const struct module *m, const char *op)
{
    for (size_t i = 0; i < m->n; i++) {
        if (strcmp(m->routes[i].op, op) == 0)
            return &m->routes[i];
    }
    fail_msg("fixture: there is no operation %s", op);
    return NULL;
}

static enum err S_decode(struct call *c, const char *params, const char *body)
{
    struct fixture *f = c->f;
    const struct entity *e = c->route->in;
    struct param list[PARAMS];
    size_t n = 0;
    json_t *json = NULL;
    struct str rest = str_of(params);
    if (!e)
        return OK;
    while (rest.p && n < PARAMS) {
        struct str value = str_split(&rest, '&'), name = str_split(&value, '=');
        const struct field *field = entity_field(e, name);
        list[n++] = (struct param){name, value, field ? field->from : IN_QUERY};
    }
    if (body) {
        char *text = strdup(body);
        for (char *p = text; p && *p; p++)
            *p = (char)(*p == '\'' ? '"' : *p);
        json = json_loads(text, 0, NULL);
        free(text);
        if (!json)
            fail_msg("fixture: not JSON: %s", body);
    }
    c->in = arena_alloc(f->arena, e->size);
    enum err err = entity_decode(e, json, list, n, f->arena, &f->problem, c->in);
    json_decref(json);
    return err;
}

static enum err S_run(struct store *at, void *arg)
{
    struct call *c = arg;
    struct store db = *at;
    db.note = &c->f->note;
    TRY(gate_admit(&db, c->route, c->by, c->in));
    TRY(c->route->fn(&db, c->by, c->in, c->ret));
    return c->route->work == COMMAND ? audit_write(&db, c->by, c->route->op) : OK;
}

static enum err S_on_reader(struct call *c, bool prepare)
{
    struct store db = c->f->db;
    db.conn = c->f->reader;
    S_must(conn_begin(db.conn), "snapshot");
    enum err err = prepare ? c->route->prepare(&db, c->by, c->in) : S_run(&db, c);
    S_must(conn_commit(db.conn), "end of snapshot");
    return err;
}

static enum err S_on_writer(struct call *c)
{
    struct fixture *f = c->f;
    struct job job = {.run = S_run, .arg = c, .arena = f->arena, .problem = &f->problem};
    S_must(writer_run(f->db.conn, &f->world, f->db.now, &job), "writer");
    gate_changed(f->sessions);
    return job.err;
}

static void S_encode(struct call *c)
{
    const struct route *r = c->route;
    struct buf out = buf_new(REPLY_CAP);
    const struct page *page = c->ret;
    if (r->page)
        entity_encode_page(r->out, &page->items, page->next, r->sight, &out);
    else
        entity_encode(r->out, c->ret, r->sight, &out);
    c->f->reply = json_loadb(out.p, out.n, 0, NULL);
    if (!c->f->reply)
        fail_msg("fixture: the reply is not JSON: " STR_F, STR_A(buf_str(&out)));
    buf_free(&out);
}

enum err fixture_call(struct fixture *f, const struct module *m, const char *op, struct actor *by,
                      const char *params, const char *body)
{
    struct call c = {.f = f, .route = S_route(m, op), .by = by};
    size_t size = c.route->out ? c.route->out->size : 1;
    f->problem.count = 0;
    json_decref(f->reply);
    f->reply = NULL;
    c.ret = arena_alloc(f->arena, size > sizeof(struct page) ? size : sizeof(struct page));
    if (c.route->out && !c.route->page)
        entity_blank(c.route->out, c.ret);
    TRY(S_decode(&c, params, body));
    if (c.route->prepare)
        TRY(S_on_reader(&c, true));
    TRY(c.route->work == QUERY ? S_on_reader(&c, false) : S_on_writer(&c));
    if (c.route->out)
        S_encode(&c);
    return OK;
}

struct str fixture_get(const struct fixture *f, const char *path)
{
    const json_t *at = f->reply;
    struct str rest = str_of(path);
    while (at && rest.p) {
        char name[64];
        struct str part = str_split(&rest, '/');
        snprintf(name, sizeof name, STR_F, STR_A(part));
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(name)) : json_object_get(at, name);
    }
    return str_of(json_string_value(at));
}

int64_t fixture_get_id(const struct fixture *f, const char *path)
{
    int64_t id = 0;
    struct str text = fixture_get(f, path);
    return text.p && str_int(text, &id) ? id : 0;
}

void fixture_assert_err(const struct fixture *f, enum err got, enum err want, const char *field,
                        const char *code)
{
    bool found = false;
    for (size_t i = 0; i < f->problem.count && i < PROBLEM_MAX; i++) {
        const struct fault *fault = &f->problem.faults[i];
        found = found || (str_eq(fault->code, str_of(code)) &&
                          str_eq(fault->field.p ? fault->field : S(""), str_of(field)));
    }
    const struct fault *first = &f->problem.faults[0];
    if (got != want || !found)
        fail_msg("got %d with %zu faults, first \"" STR_F "\" " STR_F "; want %d, \"%s\" %s",
                 (int)got, f->problem.count, STR_A(first->field), STR_A(first->code), (int)want,
                 field, code);
}

void fixture_assert_text(const struct fixture *f, const char *path, const char *want)
{
    struct str got = fixture_get(f, path);
    if (!str_eq(got, str_of(want)) || !got.p != !want)
        fail_msg("%s is \"" STR_F "\", want \"%s\"", path, STR_A(got), want ? want : "(nothing)");
}

int64_t fixture_party(struct fixture *f, const char *kind, const char *name, int64_t unit)
{
    const struct party_new in = {.kind = str_of(kind), .name = str_of(name), .unit = unit};
    int64_t id = 0;
    S_must(party_create(&f->db, &in, &id), "party");
    return id;
}

int64_t fixture_person(struct fixture *f, const char *name, const char *phone, int64_t unit)
{
    const struct person_new in = {.unit = unit, .name = str_of(name), .phone = str_of(phone)};
    int64_t id = 0;
    S_must(person_create(&f->db, &in, &id), "person");
    return id;
}
