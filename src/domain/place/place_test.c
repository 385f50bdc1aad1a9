#include "domain/place/place.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A small tree in a database of its own:
 *   1 甘肃省 > 2 兰州市 > 城关区 > 酒泉路街道, 张掖路街道 > communities
 * Ids at the district and below carry home county number 1. */
#define HOME(n) ((int64_t)1 << 43 | (n))
enum { PROVINCE = 1, CITY = 2 };
#define DISTRICT HOME(1)
#define STREET   HOME(2)
#define STREET_2 HOME(3)

struct fixture {
    char folder[64];
    struct database *database;
    struct arena *arena;
    struct problem problem;
    struct note note;
    struct store db;
};
static struct fixture f;

static void S_insert(int64_t id, int64_t parent, const char *level, const char *code,
                     const char *name)
{
    int64_t city = id == PROVINCE ? 0 : CITY, district = ID_COUNTY(id) ? DISTRICT : 0;
    int64_t street = id == STREET_2 ? STREET_2 : id > DISTRICT ? STREET : 0;
    int64_t community = id > STREET_2 ? id : 0;
    const struct arg *args =
        ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_ID(parent), A_TEXT(str_of(level)),
             A_TEXT(str_of(code)), A_TEXT(str_of(name)), A_INT(PROVINCE), A_ID(city),
             A_ID(district), A_ID(street), A_ID(community));
    assert_int_equal(store_exec(&f.db,
                                "INSERT INTO unit (id, county, parent, level, code, name, "
                                "province, city, district, street, community, valid_from) "
                                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
                                args, NULL),
                     OK);
}

static int S_setup(void **state)
{
    static const char *const communities[] = {"中街子社区居委会", "南稍门社区居委会", "东村村委会",
                                              "东社区居委会",     "100%社区",         "甘南路社区"};
    const char *why = NULL;
    (void)state;
    f = (struct fixture){.folder = "/tmp/linli-place-XXXXXX"};
    assert_non_null(mkdtemp(f.folder));
    f.arena = arena_new(1 << 22);
    assert_non_null(f.arena);
    assert_int_equal(database_open(str_of(f.folder), OPEN_OWN, &f.database, &why), OK);
    assert_int_equal(database_migrate(f.database, &why), OK);
    f.db = (struct store){.conn = database_writer(f.database),
                          .arena = f.arena,
                          .problem = &f.problem,
                          .now = 1000,
                          .note = &f.note};
    assert_int_equal(store_exec(&f.db,
                                "INSERT INTO county (county, code, next_id) "
                                "VALUES (1, '620102', 100)",
                                NO_ARGS, NULL),
                     OK);
    S_insert(PROVINCE, 0, "province", "62", "甘肃省");
    S_insert(CITY, PROVINCE, "city", "6201", "兰州市");
    S_insert(DISTRICT, CITY, "county", "620102", "城关区");
    S_insert(STREET, DISTRICT, "street", "620102001", "酒泉路街道");
    S_insert(STREET_2, DISTRICT, "street", "620102002", "张掖路街道办事处");
    for (size_t i = 0; i < COUNT_OF(communities); i++) {
        char code[16];
        snprintf(code, sizeof code, "62010200100%zu", i % 10);
        S_insert(HOME(10 + (int64_t)i), STREET, "community", code, communities[i]);
    }
    return 0;
}

static int S_teardown(void **state)
{
    static const char *const names[] = {"linli.db", "linli.db-wal", "linli.db-shm", "linli.lock"};
    char path[128];
    (void)state;
    database_close(f.database);
    arena_free(f.arena);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", f.folder, names[i]);
        unlink(path);
    }
    return rmdir(f.folder);
}

static bool S_faulted(const char *field, const char *code)
{
    bool found = f.problem.count == 1 && str_eq(f.problem.faults[0].field, str_of(field)) &&
                 str_eq(f.problem.faults[0].code, str_of(code));
    f.problem = (struct problem){0};
    return found;
}

static void S_look_up(void **state)
{
    struct unit u;
    struct ancestors at;
    struct reach reach;
    (void)state;
    assert_int_equal(place_by_code(&f.db, S("620102001000"), &u), OK);
    assert_int_equal(u.id, HOME(10));
    assert_int_equal(u.parent, STREET);
    assert_true(str_eq(u.level, S("community")));
    assert_int_equal(place_by_code(&f.db, S("6201020010"), &u), ERR_NOT_FOUND);
    assert_int_equal(place_get(&f.db, 77, &u), ERR_NOT_FOUND);
    assert_int_equal(place_ancestors(&f.db, HOME(10), &at), OK);
    assert_int_equal(at.province, PROVINCE);
    assert_int_equal(at.city, CITY);
    assert_int_equal(at.district, DISTRICT);
    assert_int_equal(at.street, STREET);
    assert_int_equal(at.community, HOME(10)); /* itself */
    assert_int_equal(at.grid, 0);
    assert_int_equal(place_reach(&f.db, DISTRICT, &reach), OK);
    assert_int_equal(reach.at.district, DISTRICT);
    assert_int_equal(reach.at.street, 0);
    assert_int_equal(place_reach(&f.db, 77, &reach), ERR_NOT_FOUND);
}

static void S_by_name(void **state)
{
    static const struct {
        int64_t parent;
        const char *name;
        enum err err;
        int64_t id;
    } cases[] = {
        {STREET, "中街子社区居委会", OK, HOME(10)},
        {STREET, "中街子社区", OK, HOME(10)},
        {STREET, "中街子", OK, HOME(10)},
        {STREET, " 中街子社区居民委员会 ", OK, HOME(10)},
        {STREET, "中街", ERR_NOT_FOUND, 0},
        {STREET, "东村村委会", OK, HOME(12)}, /* as it stands, although 东社区 has the same stem */
        {STREET, "东社区居委会", OK, HOME(13)},
        {STREET, "东", ERR_CONFLICT, 0},
        {STREET, "社区", ERR_NOT_FOUND, 0},
        {DISTRICT, "酒泉路街道办事处", OK, STREET},
        {DISTRICT, "张掖路街道", OK, STREET_2},
        {DISTRICT, "张掖路", OK, STREET_2},
        {STREET_2, "中街子社区", ERR_NOT_FOUND, 0},
        {0, "甘肃省", OK, PROVINCE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct unit u = {0};
        assert_int_equal(place_child_by_name(&f.db, cases[i].parent, str_of(cases[i].name), &u),
                         cases[i].err);
        if (cases[i].err == OK)
            assert_int_equal(u.id, cases[i].id);
    }
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define NONE                                                                                       \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

static void S_refused(void **state)
{
    static const struct {
        struct unit_new in;
        enum err err;
        const char *field, *code;
    } cases[] = {
        {{77, TEXT("grid"), TEXT("一"), NONE, NONE}, ERR_NOT_FOUND, "/parent", "not_found"},
        {{STREET, TEXT("grid"), TEXT("一"), NONE, NONE}, ERR_INVALID, "/level", "level"},
        {{DISTRICT, TEXT("street"), TEXT("一"), NONE, NONE}, ERR_INVALID, "/level", "level"},
        {{HOME(10), TEXT("micro_grid"), TEXT("一"), NONE, NONE}, ERR_INVALID, "/level", "level"},
        {{HOME(10), TEXT("none"), TEXT("一"), NONE, NONE}, ERR_INVALID, "/level", "level"},
        {{STREET, TEXT("community"), TEXT("100%社区"), NONE, NONE}, ERR_CONFLICT, "/name", "taken"},
        {{STREET_2, TEXT("community"), TEXT("新"), TEXT("620102001000"), NONE},
         ERR_CONFLICT,
         "/code",
         "taken"},
    };
    struct unit u;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(place_create(&f.db, &cases[i].in, &u), cases[i].err);
        assert_true(S_faulted(cases[i].field, cases[i].code));
    }
}

static void S_create(void **state)
{
    struct unit_new in = {.parent = HOME(10),
                          .level = S("grid"),
                          .name = S("第一网格"),
                          .code = S("JQ-1"),
                          .colour = S("red")};
    struct unit grid, micro, stored;
    struct ancestors at;
    (void)state;
    assert_int_equal(place_create(&f.db, &in, &grid), OK);
    assert_int_equal(ID_COUNTY(grid.id), 1);
    assert_int_equal(grid.grid, grid.id);
    in = (struct unit_new){.parent = grid.id, .level = S("micro_grid"), .name = S("1 号楼")};
    assert_int_equal(place_create(&f.db, &in, &micro), OK);
    assert_int_equal(place_get(&f.db, micro.id, &stored), OK);
    assert_true(str_eq(stored.name, S("1 号楼")));
    assert_int_equal(stored.valid_from, 1000);
    assert_null(stored.code.p);
    assert_int_equal(place_ancestors(&f.db, micro.id, &at), OK);
    assert_int_equal(at.grid, grid.id);
    assert_int_equal(at.community, HOME(10));
    assert_int_equal(place_by_code(&f.db, S("JQ-1"), &stored), OK);
    assert_true(str_eq(stored.colour, S("red")));
    /* A unit that is no more takes no new ones, and gives its code free. */
    assert_int_equal(
        store_exec(&f.db, "UPDATE unit SET valid_to = 5 WHERE id = $1", ARGS(A_INT(grid.id)), NULL),
        OK);
    in.name = S("2 号楼");
    assert_int_equal(place_create(&f.db, &in, &micro), ERR_CONFLICT);
    assert_true(S_faulted("/parent", "ended"));
    assert_int_equal(place_by_code(&f.db, S("JQ-1"), &stored), ERR_NOT_FOUND);
    assert_int_equal(place_get(&f.db, grid.id, &stored), OK);
    assert_int_equal(stored.valid_to, 5);
}

static void S_move(void **state)
{
    struct unit_new in = {.parent = HOME(10), .level = S("grid"), .name = S("第一网格")};
    struct unit grid, micro, u;
    int64_t n = 0;
    (void)state;
    assert_int_equal(place_create(&f.db, &in, &grid), OK);
    in = (struct unit_new){.parent = grid.id, .level = S("micro_grid"), .name = S("1 号楼")};
    assert_int_equal(place_create(&f.db, &in, &micro), OK);
    assert_int_equal(
        store_exec(&f.db,
                   "INSERT INTO person (id, county, unit, district, street, "
                   "community, created_at) VALUES ($1, 1, $2, $3, $4, $2, 1)",
                   ARGS(A_INT(HOME(50)), A_INT(HOME(10)), A_INT(DISTRICT), A_INT(STREET)), NULL),
        OK);
    assert_int_equal(
        store_exec(&f.db,
                   "INSERT INTO case_due (id, county, what, matter, title, due_at, district, "
                   "street, community) VALUES (1, 1, 'milestone', 1, 'x', 1, $2, $3, $1)",
                   ARGS(A_INT(HOME(10)), A_INT(DISTRICT), A_INT(STREET)), NULL),
        OK);
    assert_int_equal(place_get(&f.db, HOME(10), &u), OK);
    u.parent = u.street = STREET_2;
    assert_int_equal(place_move(&f.db, &u), OK);
    assert_int_equal(place_get(&f.db, micro.id, &u), OK);
    assert_int_equal(u.street, STREET_2);
    assert_int_equal(u.parent, grid.id);
    assert_int_equal(place_get(&f.db, HOME(11), &u), OK);
    assert_int_equal(u.street, STREET);
    assert_int_equal(store_int(&f.db, "SELECT street FROM person", NO_ARGS, &n), OK);
    assert_int_equal(n, STREET_2);
    assert_int_equal(store_int(&f.db, "SELECT street FROM case_due", NO_ARGS, &n), OK);
    assert_int_equal(n, STREET_2);
}

/* --- Routes --- */

static const struct route *S_route(const char *op)
{
    for (size_t i = 0; i < place_module.n; i++) {
        if (strcmp(place_module.routes[i].op, op) == 0)
            return &place_module.routes[i];
    }
    fail_msg("no route %s", op);
    return NULL;
}

/* The fields of an input by name, as the decoder would set them. */
struct value {
    const char *name, *text;
    int64_t number;
};

static void *S_input(const struct route *r, const struct value *given)
{
    char *in = arena_alloc(f.arena, r->in->size);
    assert_non_null(in);
    entity_blank(r->in, in);
    for (; given->name; given++) {
        const struct field *field = entity_field(r->in, str_of(given->name));
        assert_non_null(field);
        if (given->text)
            *(struct str *)(void *)(in + field->off) = str_of(given->text);
        else
            *(int64_t *)(void *)(in + field->off) = given->number;
    }
    return in;
}
#define GIVEN(...) ((const struct value[]){__VA_ARGS__, {NULL, NULL, 0}})

/* The ids listed, minus HOME(0), as "10 11 | next". */
static enum err S_list(const struct value *given, char out[128])
{
    const struct route *r = S_route("units.list");
    const struct actor nobody = {0};
    struct page page = {{NULL, 0}, {NULL, 0}};
    enum err err = r->fn(&f.db, &nobody, S_input(r, given), &page);
    const struct unit *u = page.items.items;
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; err == OK && i < page.items.n; i++)
        n += (size_t)snprintf(out + n, 128 - n, "%s%d", i ? " " : "", (int)(u[i].id & 0xFFFFFF));
    if (err == OK && page.next.p)
        snprintf(out + n, 128 - n, " | " STR_F, STR_A(page.next));
    return err;
}

static void S_lists(void **state)
{
    char got[128], next[32], want[128];
    (void)state;
    assert_int_equal(S_list(GIVEN({NULL, NULL, 0}), got), OK);
    assert_string_equal(got, "1");
    assert_int_equal(S_list(GIVEN({"parent", NULL, STREET}), got), OK);
    assert_string_equal(got, "10 11 12 13 14 15");
    assert_int_equal(S_list(GIVEN({"parent", NULL, STREET}, {"limit", NULL, 6}), got), OK);
    assert_string_equal(got, "10 11 12 13 14 15"); /* the last page has no next */
    assert_int_equal(S_list(GIVEN({"parent", NULL, STREET}, {"limit", NULL, 2}), got), OK);
    snprintf(next, sizeof next, "%lld", (long long)HOME(11));
    snprintf(want, sizeof want, "10 11 | %s", next);
    assert_string_equal(got, want);
    assert_int_equal(
        S_list(GIVEN({"parent", NULL, STREET}, {"limit", NULL, 4}, {"after", next, 0}), got), OK);
    assert_string_equal(got, "12 13 14 15");
    assert_int_equal(S_list(GIVEN({"parent", NULL, STREET}, {"level", "grid", 0}), got), OK);
    assert_string_equal(got, "");
    assert_int_equal(S_list(GIVEN({"parent", NULL, STREET}, {"q", "南", 0}), got), OK);
    assert_string_equal(got, "11 15");
    assert_int_equal(S_list(GIVEN({"parent", NULL, STREET}, {"q", "%", 0}), got), OK);
    assert_string_equal(got, "14"); /* a percent sign, not everything */
    assert_int_equal(S_list(GIVEN({"parent", NULL, STREET}, {"q", "_", 0}), got), OK);
    assert_string_equal(got, "");
    assert_int_equal(S_list(GIVEN({"code", "620102001", 0}), got), OK);
    assert_string_equal(got, "2");
    assert_int_equal(S_list(GIVEN({"code", "620102001", 0}, {"q", "酒泉", 0}), got), OK);
    assert_string_equal(got, "2");
    assert_int_equal(S_list(GIVEN({"code", "620102001", 0}, {"parent", NULL, CITY}), got), OK);
    assert_string_equal(got, "");
    assert_int_equal(S_list(GIVEN({"code", "620102999", 0}), got), OK);
    assert_string_equal(got, "");
    assert_int_equal(S_list(GIVEN({"q", "南", 0}), got), ERR_INVALID);
    assert_true(S_faulted("q", "parent_required"));
    assert_int_equal(S_list(GIVEN({"after", "x1", 0}), got), ERR_INVALID);
    assert_true(S_faulted("after", "cursor"));
}

static void S_create_scope(void **state)
{
    const struct route *r = S_route("units.create");
    struct actor by = {.account = 9, .n = 2};
    struct unit u;
    (void)state;
    by.hats[0] = (struct hat){.kind = HAT_UNIT, .unit = STREET_2, .level = LEVEL_STREET};
    by.hats[1] = (struct hat){.kind = HAT_UNIT, .unit = STREET, .level = LEVEL_STREET};
    by.admitted[0] = true;
    const void *in = S_input(
        r, GIVEN({"parent", NULL, HOME(10)}, {"level", "grid", 0}, {"name", "第一网格", 0}));
    assert_int_equal(r->fn(&f.db, &by, in, &u), ERR_NOT_FOUND); /* the hat is not admitted */
    assert_true(S_faulted("/parent", "not_found"));
    by.admitted[1] = true;
    assert_int_equal(r->fn(&f.db, &by, in, &u), OK);
    assert_int_equal(f.note.subject, u.id);
    assert_int_equal(f.note.street, STREET);
    in = S_input(r, GIVEN({"parent", NULL, 77}, {"level", "grid", 0}, {"name", "二", 0}));
    assert_int_equal(r->fn(&f.db, &by, in, &u), ERR_NOT_FOUND); /* and so is what is not there */
    assert_true(S_faulted("/parent", "not_found"));
}

static void S_rows(void **state)
{
    (void)state;
    assert_int_equal(S_route("units.list")->perm, PERM_PUBLIC);
    assert_int_equal(S_route("units.get")->perm, PERM_PUBLIC);
    assert_non_null(S_route("units.get")->reach);
    assert_int_equal(S_route("units.create")->perm, PERM_UNIT_WRITE);
    assert_int_equal(S_route("units.create")->work, COMMAND);
    assert_true(form_unit_code(S("JQ-1_a")));
    assert_false(form_unit_code(S("")));
    assert_false(form_unit_code(S("网格1")));
    assert_false(form_unit_code(S("123456789012345678901")));
}

int place_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, S_setup, S_teardown)
    const struct CMUnitTest tests[] = {
        TEST(S_look_up), TEST(S_by_name), TEST(S_create), TEST(S_refused),
        TEST(S_move),    TEST(S_lists),   TEST(S_rows),   TEST(S_create_scope),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
