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
    assert_int_equal(
        store_exec(&f.db,
                   "INSERT INTO person (id, county, unit, district, street, "
                   "community, created_at) VALUES ($1, 1, $2, $3, $4, $2, 1)",
                   ARGS(A_INT(HOME(50)), A_INT(HOME(10)), A_INT(DISTRICT), A_INT(STREET)), NULL),
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
        TEST(S_look_up), TEST(S_by_name), TEST(S_create),       TEST(S_move),
        TEST(S_lists),   TEST(S_rows),    TEST(S_create_scope),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
