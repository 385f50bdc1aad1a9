#include "entity/entity_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a struct of every type ---- */

static const struct field leaf_fields[] = {
    F_TEXT(struct leaf, name, .required = true, .max = 4),
    F_INT(struct leaf, size, .min = 1, .max = 9),
};
const struct entity test_leaf_entity = ENTITY(struct leaf, "Leaf", leaf_fields);

static const struct field branch_fields[] = {
    F_LIST(struct branch, leaves, .of = &test_leaf_entity, .required = true, .max = 3),
    F_OBJECT(struct branch, best, struct leaf, &test_leaf_entity),
};
const struct entity test_branch_entity = ENTITY(struct branch, "Branch", branch_fields);

static const char *const colours[] = {"red", "green", NULL};

static const struct field tree_fields[] = {
    F_ID(struct tree, id, .from = IN_PATH, .required = true),
    F_INT(struct tree, any),
    F_INT(struct tree, count, .min = 1, .max = 100),
    F_INT(struct tree, below, .min = -5),
    F_TIME(struct tree, planted),
    F_REAL(struct tree, lng, .min = -180, .max = 180),
    F_REAL(struct tree, wide),
    F_BOOL(struct tree, tall),
    F_TEXT(struct tree, title, .required = true, .min = 2, .max = 5),
    F_TEXT(struct tree, note, .lines = true),
    F_TEXT(struct tree, colour, .codes = colours),
    F_TEXT(struct tree, phone, .form = form_phone, .form_doc = "11 digits"),
    F_LIST(struct tree, tags, .item = T_TEXT, .max = 3),
    F_LIST(struct tree, friends, .item = T_ID, .min = 2),
    F_LIST(struct tree, branches, .of = &test_branch_entity),
    F_OBJECT(struct tree, root, struct branch, &test_branch_entity),
    F_INT(struct tree, limit, .from = IN_QUERY, .min = 1, .max = 100),
    F_REAL(struct tree, near, .from = IN_QUERY),
    F_BOOL(struct tree, all, .from = IN_QUERY),
    F_TEXT(struct tree, after, .from = IN_QUERY, .max = 8),
};
const struct entity test_tree_entity = ENTITY(struct tree, "Tree", tree_fields);

/* ---- reading one document ---- */

struct reading test_read_with(struct str body, const struct param *params, size_t n)
{
    struct reading r = {.arena = arena_new(16 << 20)};
    json_t *json = NULL;
    assert_non_null(r.arena);
    r.err = entity_parse(body, r.arena, &r.problem, &json);
    if (r.err == OK)
        r.err = entity_decode(&test_tree_entity, json, params, n, r.arena, &r.problem, &r.tree);
    json_decref(json);
    return r;
}

static const struct param seven = {{"id", 2}, {"7", 1}, IN_PATH};

struct reading test_read(struct str body)
{
    return test_read_with(body, &seven, 1);
}

void test_expect_fault(const struct reading *r, struct str from, enum err err, const char *field,
                       const char *code)
{
    const struct fault *fault = &r->problem.faults[0];
    if (r->err != err || r->problem.count != 1 || !str_eq(fault->field, str_of(field)) ||
        !str_eq(fault->code, str_of(code)))
        fail_msg("%.200s: got %d, %zu faults, first \"" STR_F "\" " STR_F "; want %d, \"%s\" %s",
                 from.p, (int)r->err, r->problem.count, STR_A(fault->field), STR_A(fault->code),
                 (int)err, field, code);
    assert_true(fault->zh.n > 0 && utf8_valid(fault->zh) == fault->zh.n);
    assert_true(fault->en.n > 0 && utf8_valid(fault->en) == fault->en.n);
}

void test_check_bad(const struct bad *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct reading r = test_read(rows[i].body);
        test_expect_fault(&r, rows[i].body, rows[i].err ? rows[i].err : ERR_INVALID, rows[i].field,
                          rows[i].code);
        arena_free(r.arena);
    }
}

/* ---- types ---- */

static void S_test_wrong_types(void **state)
{
    (void)state;
    static const char *const values[] = {"7",
                                         "7.5",
                                         "true",
                                         "\"red\"",
                                         "[]",
                                         "{}",
                                         "\"12\"",
                                         "\"2026-11-22T09:00:00Z\"",
                                         "[\"1\",\"2\"]"};
    /* Which of the values above each field takes; the letters are their places. */
    static const struct {
        const char *name, *takes;
    } fields[] = {
        {"any", "0"},  {"count", "0"},  {"planted", "7"}, {"lng", "01"},    {"wide", "01"},
        {"tall", "2"}, {"note", "367"}, {"tags", "48"},   {"friends", "8"}, {"branches", "4"},
    };
    for (size_t f = 0; f < COUNT_OF(fields); f++) {
        for (size_t v = 0; v < COUNT_OF(values); v++) {
            char text[128], path[32];
            int n = snprintf(text, sizeof text, "{\"title\":\"树木\",\"%s\":%s}", fields[f].name,
                             values[v]);
            struct str body = {text, (size_t)n};
            struct reading r = test_read(body);
            snprintf(path, sizeof path, "/%s", fields[f].name);
            if (strchr(fields[f].takes, (int)('0' + v))) {
                if (r.err != OK)
                    fail_msg("%s was refused", text);
            } else if (strcmp(fields[f].name, "friends") == 0 && v == 4) {
                test_expect_fault(&r, body, ERR_INVALID, path, "too_short");
            } else if (strcmp(fields[f].name, "branches") == 0 && v == 8) {
                assert_true(str_eq(r.problem.faults[1].field, S("/branches/1")));
            } else {
                test_expect_fault(&r, body, ERR_INVALID, path, "type");
            }
            arena_free(r.arena);
        }
    }
}

static void S_test_values(void **state)
{
    (void)state;
    struct reading r = test_read(
        S("{\"title\":\"树木\",\"any\":-9223372036854775807,\"count\":100,\"below\":-5,"
          "\"planted\":\"2026-11-22T09:00:00+08:00\",\"lng\":-180,\"wide\":1.5e300,\"tall\":false,"
          "\"note\":\"一\\n二\\t三\",\"colour\":\"green\",\"phone\":\"13912345678\","
          "\"tags\":[\"a\",\"\"],\"friends\":[\"1\",\"9223372036854775807\"],"
          "\"branches\":[{\"leaves\":[{\"name\":\"x\"},{\"name\":\"y\",\"size\":9}]}],"
          "\"root\":{\"leaves\":[{\"name\":\"z\"}],\"best\":{\"name\":\"w\",\"size\":1}}}"));
    const struct tree *t = &r.tree;
    assert_int_equal(r.err, OK);
    assert_int_equal(t->id, 7);
    assert_true(t->any == -INT64_MAX && t->count == 100 && t->below == -5);
    assert_true(t->planted == INT64_C(1795309200000));
    assert_true(t->lng == -180 && t->wide == 1.5e300 && t->tall == NO);
    assert_true(str_eq(t->note, S("一\n二\t三")) && str_eq(t->colour, S("green")));
    assert_int_equal(t->tags.n, 2);
    assert_non_null(((struct str *)t->tags.items)[1].p);
    assert_true(((int64_t *)t->friends.items)[1] == INT64_MAX);
    const struct branch *branch = t->branches.items;
    const struct leaf *leaf = branch->leaves.items;
    assert_int_equal(branch->leaves.n, 2);
    assert_true(leaf[0].size == NO_INT && leaf[1].size == 9 && str_eq(leaf[1].name, S("y")));
    assert_null(branch->best);
    assert_true(t->root->best->size == 1 && str_eq(t->root->best->name, S("w")));
    assert_true(t->limit == NO_INT && isnan(t->near) && t->all == UNSET && !t->after.p);
    arena_free(r.arena);
}

static void S_test_absent(void **state)
{
    (void)state;
    struct reading r = test_read(S("{\"title\":\"树木\",\"any\":null,\"planted\":null,\"lng\":null,"
                                   "\"tall\":null,\"note\":null,\"tags\":null,\"root\":null}"));
    const struct tree *t = &r.tree;
    assert_int_equal(r.err, OK);
    assert_true(t->any == NO_INT && t->planted == 0 && isnan(t->lng) && t->tall == UNSET);
    assert_true(!t->note.p && t->tags.n == 0 && !t->root);
    arena_free(r.arena);
}

static void S_test_numbers(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {WITH("\"any\":1.0"), "/any", "type", OK},
        {WITH("\"any\":1e2"), "/any", "type", OK},
        {WITH("\"any\":-9223372036854775808"), "/any", "too_small", OK},
        {WITH("\"any\":9223372036854775808"), "/any", "too_large", OK},
        {WITH("\"any\":-9999999999999999999999"), "/any", "too_small", OK},
        {WITH("\"count\":0"), "/count", "too_small", OK},
        {WITH("\"count\":101"), "/count", "too_large", OK},
        {WITH("\"count\":99999999999999999999"), "/count", "too_large", OK},
        {WITH("\"count\":-1e400"), "/count", "too_small", OK},
        {WITH("\"below\":-6"), "/below", "too_small", OK},
        {WITH("\"below\":1"), "/below", "too_large", OK},
        {WITH("\"lng\":180.000001"), "/lng", "too_large", OK},
        {WITH("\"lng\":-180.000001"), "/lng", "too_small", OK},
        {WITH("\"lng\":1e400"), "/lng", "too_large", OK},
        {WITH("\"wide\":1e400"), "/wide", "too_large", OK},
        {WITH("\"wide\":-1e400"), "/wide", "too_small", OK},
        {WITH("\"note\":1e400"), "/note", "bad_text", OK},
        {WITH("\"tags\":[1e400]"), "/tags/0", "bad_text", OK},
        {WITH("\"friends\":[\"1\",99999999999999999999]"), "/friends/1", "type", OK},
        {WITH("\"tall\":1e400"), "/tall", "type", OK},
        {WITH("\"lng\":NaN"), "", "json", ERR_MALFORMED},
        {WITH("\"lng\":01"), "", "json", ERR_MALFORMED},
        {WITH("\"lng\":.5"), "", "json", ERR_MALFORMED},
        {BODY("1e400"), "", "json", ERR_MALFORMED},
    };
    test_check_bad(rows, COUNT_OF(rows));
    struct reading r = test_read(S("{\"title\":\"树木\",\"count\":1,\"wide\":1,\"lng\":1e-400}"));
    assert_true(r.err == OK && r.tree.count == 1 && r.tree.wide == 1 && r.tree.lng == 0);
    arena_free(r.arena);
}

static void S_test_lone_limits(void **state)
{
    (void)state;
    const struct field at_least = {.type = T_INT, .min = 1}, none = {.type = T_REAL},
                       at_most = {.type = T_INT, .max = 9}, below = {.type = T_INT, .min = -9},
                       text = {.type = T_TEXT}, must = {.type = T_TEXT, .required = true},
                       list = {.type = T_LIST, .required = true, .max = 7};
    const struct {
        const struct field *field;
        int64_t least, most;
    } rows[] = {
        {&at_least, 1, INT64_MAX},
        {&none, NO_INT + 1, INT64_MAX},
        {&at_most, 0, 9},
        {&below, -9, 0},
        {&text, 0, 4000},
        {&must, 1, 4000},
        {&list, 1, 7},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct range r = field_range(rows[i].field);
        assert_true(r.least == rows[i].least && r.most == rows[i].most);
    }
}

/* ---- members ---- */

static void S_test_members(void **state)
{
    (void)state;
    static const struct bad rows[] = {
        {BODY("{}"), "/title", "required", OK},
        {BODY("{\"title\":null}"), "/title", "required", OK},
        {WITH("\"what\":1"), "/what", "unknown", OK},
        {WITH("\"what\":null"), "/what", "unknown", OK},
        {WITH("\"titl\":1"), "/titl", "unknown", OK},
        {WITH("\"\":1"), "/", "unknown", OK},
        {WITH("\"a/b~c\":1"), "/a~1b~0c", "unknown", OK},
        {WITH("\"id\":\"7\""), "/id", "unknown", OK},
        {WITH("\"limit\":1"), "/limit", "unknown", OK},
        {WITH("\"a\\u0000\":1"), "/a\x7f", "unknown", OK},
        {WITH("\"title\":\"又木\""), "/title", "twice", ERR_MALFORMED},
        {WITH("\"t\\u0069tle\":\"又木\""), "/t\\u0069tle", "twice", ERR_MALFORMED},
        {WITH("\"root\":{\"leaves\":[],\"leaves\":[]}"), "/root", "twice", ERR_MALFORMED},
        {WITH("\"any\":1e400,\"any\":1"), "/any", "twice", ERR_MALFORMED},
        {BODY("[{\"a\":1,\"a\":2}]"), "", "twice", ERR_MALFORMED},
        {WITH("\"root\":[]"), "/root", "type", OK},
        {WITH("\"root\":{}"), "/root/leaves", "required", OK},
        {WITH("\"root\":{\"leaves\":[]}"), "/root/leaves", "too_short", OK},
        {WITH("\"root\":{\"leaves\":[{\"name\":\"a\"}],\"x\":1}"), "/root/x", "unknown", OK},
        {WITH("\"branches\":[{\"leaves\":[{\"name\":\"a\"},{\"name\":\"b\",\"size\":10}]}]"),
         "/branches/0/leaves/1/size", "too_large", OK},
        {WITH("\"branches\":[{\"leaves\":[{\"name\":\"a\"},{\"size\":1}]}]"),
         "/branches/0/leaves/1/name", "required", OK},
        {WITH("\"branches\":[{\"leaves\":[null]}]"), "/branches/0/leaves/0", "type", OK},
        {WITH("\"branches\":[{\"leaves\":[{\"name\":\"a\"}],\"best\":{\"name\":\"abcde\"}}]"),
         "/branches/0/best/name", "too_long", OK},
        {WITH("\"tags\":[\"1\",\"2\",\"3\",\"4\"]"), "/tags", "too_long", OK},
        {WITH("\"tags\":[\"1\",null]"), "/tags/1", "type", OK},
        {WITH("\"friends\":[\"1\"]"), "/friends", "too_short", OK},
        {WITH("\"friends\":[\"1\",\"x\"]"), "/friends/1", "type", OK},
        {BODY("[]"), "", "type", OK},
        {BODY("null"), "", "json", ERR_MALFORMED},
    };
    test_check_bad(rows, COUNT_OF(rows));
}

static void S_test_long_name(void **state)
{
    (void)state;
    char body[512] = "{\"title\":\"树木\",\"x";
    while (strlen(body) < 400)
        strcat(body, "木");
    strcat(body, "\":1}");
    struct reading r = test_read(str_of(body));
    struct str field = r.problem.faults[0].field;
    assert_int_equal(r.err, ERR_INVALID);
    assert_true(field.n >= 80 && field.n < 90 && utf8_valid(field) == field.n);
    arena_free(r.arena);
}

static void S_test_many_faults(void **state)
{
    (void)state;
    struct reading r = test_read(S("{\"any\":\"x\",\"tall\":1,\"what\":1,\"root\":{\"x\":1}}"));
    assert_int_equal(r.err, ERR_INVALID);
    assert_int_equal(r.problem.count, 6);
    arena_free(r.arena);
    char body[8192] = "{\"title\":\"树木\"";
    for (int i = 0; i < 200; i++) {
        size_t n = strlen(body);
        snprintf(body + n, sizeof body - n, ",\"x%d\":%d", i, i);
    }
    strcat(body, "}");
    r = test_read(str_of(body));
    assert_int_equal(r.err, ERR_INVALID);
    assert_int_equal(r.problem.count, 200);
    arena_free(r.arena);
}

static void S_test_ids(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        int64_t id; /* 0: refused */
    } rows[] = {
        {BODY("1"), 1},
        {BODY("9223372036854775807"), INT64_MAX},
        {BODY("9223372036854775808"), 0},
        {BODY("99999999999999999999"), 0},
        {BODY("0"), 0},
        {BODY("01"), 0},
        {BODY("-1"), 0},
        {BODY("+1"), 0},
        {BODY(" 1"), 0},
        {BODY("1 "), 0},
        {BODY("1.0"), 0},
        {BODY("1e2"), 0},
        {BODY("0x1"), 0},
        {BODY("1\0"), 0},
        {BODY("１"), 0},
        {BODY(""), 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct param p = {S("id"), rows[i].text, IN_PATH};
        struct reading r = test_read_with(S("{\"title\":\"树木\"}"), &p, 1);
        assert_int_equal(r.err, rows[i].id ? OK : ERR_INVALID);
        assert_true(r.tree.id == rows[i].id);
        if (!rows[i].id)
            test_expect_fault(&r, rows[i].text, ERR_INVALID, "id", "type");
        arena_free(r.arena);
    }
}

struct ring {
    struct ring *next;
};
extern const struct entity ring_entity;
static const struct field ring_fields[] = {F_OBJECT(struct ring, next, struct ring, &ring_entity)};
const struct entity ring_entity = ENTITY(struct ring, "Ring", ring_fields);

static void S_test_recursion(void **state)
{
    (void)state;
    for (int depth = 8; depth <= 9; depth++) {
        struct arena *a = arena_new(1 << 20);
        struct problem problem = {0};
        struct ring ring;
        json_t *body = json_object();
        for (int i = 0; i < depth; i++)
            body = json_pack("{s:o}", "next", body);
        enum err err = entity_decode(&ring_entity, body, NULL, 0, a, &problem, &ring);
        assert_int_equal(err, depth == 8 ? OK : ERR_INVALID);
        if (err != OK)
            assert_true(str_eq(problem.faults[0].code, S("too_deep")));
        json_decref(body);
        arena_free(a);
    }
}

static void S_test_small_arena(void **state)
{
    (void)state;
    struct arena *large = arena_new(1 << 20), *small = arena_new(16 << 10);
    struct problem problem = {0};
    struct tree tree;
    struct buf b = buf_new(1 << 20);
    json_t *body = NULL;
    buf_put(&b, S("{\"title\":\"树木\",\"note\":\""));
    for (int i = 0; i < 3900; i++)
        buf_put(&b, S("木"));
    buf_put(&b, S("\",\"friends\":[\"1\""));
    for (int i = 0; i < 900; i++)
        buf_put(&b, S(",\"2\""));
    buf_put(&b, S("]}"));
    body = json_loadb(b.p, b.n, 0, NULL);
    assert_non_null(body);
    assert_int_equal(entity_decode(&test_tree_entity, body, &seven, 1, large, &problem, &tree), OK);
    assert_int_equal(entity_decode(&test_tree_entity, body, &seven, 1, small, &problem, &tree),
                     ERR_MEMORY);
    json_decref(body);
    arena_reset(small);
    assert_non_null(arena_alloc(small, 4 << 10));
    assert_int_equal(entity_parse(buf_str(&b), small, &problem, &body), ERR_MEMORY);
    buf_free(&b);
    arena_free(small);
    arena_free(large);
}

/* ---- parameters ---- */

#define QUERY(name, value)                                                                         \
    {                                                                                              \
        BODY(name), BODY(value), IN_QUERY                                                          \
    }

static void S_test_bad_params(void **state)
{
    (void)state;
    static const struct {
        struct param param;
        const char *code;
    } rows[] = {
        {QUERY("limit", "0"), "too_small"},
        {QUERY("limit", "101"), "too_large"},
        {QUERY("limit", "1.0"), "type"},
        {QUERY("limit", "x"), "type"},
        {QUERY("limit", ""), "type"},
        {QUERY("limit", "99999999999999999999"), "type"},
        {QUERY("limit", "5\0"), "type"},
        {QUERY("near", "1\0"), "type"},
        {QUERY("near", "inf"), "type"},
        {QUERY("near", "nan"), "type"},
        {QUERY("near", "0x1p3"), "type"},
        {QUERY("near", " 1"), "type"},
        {QUERY("near", "1 "), "type"},
        {QUERY("near", "[1]"), "type"},
        {QUERY("near", "1e400"), "type"},
        {QUERY("near", ""), "type"},
        {QUERY("near", "1,5"), "type"},
        {QUERY("all", "1"), "type"},
        {QUERY("all", "True"), "type"},
        {QUERY("all", ""), "type"},
        {QUERY("after", "123456789"), "too_long"},
        {QUERY("after", "a\0b"), "bad_text"},
        {QUERY("after", "\xff"), "bad_text"},
        {QUERY("after", "\x7f"), "bad_text"},
        {QUERY("title", "树木"), "unknown"},
        {QUERY("id", "7"), "unknown"},
        {QUERY("what", "7"), "unknown"},
        {QUERY("", "7"), "unknown"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct param params[] = {seven, rows[i].param};
        struct reading r = test_read_with(S("{\"title\":\"树木\"}"), params, 2);
        test_expect_fault(&r, rows[i].param.value, ERR_INVALID, rows[i].param.name.p, rows[i].code);
        arena_free(r.arena);
    }
}

static void S_test_params(void **state)
{
    (void)state;
    const struct param params[] = {seven, QUERY("limit", "100"), QUERY("near", "-1.5e1"),
                                   QUERY("all", "true"), QUERY("after", "树")};
    struct reading r = test_read_with(S("{\"title\":\"树木\"}"), params, COUNT_OF(params));
    assert_int_equal(r.err, OK);
    assert_true(r.tree.limit == 100 && r.tree.near == -15 && r.tree.all == YES);
    assert_true(str_eq(r.tree.after, S("树")));
    arena_free(r.arena);
    const struct param twice[] = {seven, QUERY("limit", "1"), QUERY("limit", "1")};
    r = test_read_with(S("{\"title\":\"树木\"}"), twice, 3);
    test_expect_fault(&r, S("limit twice"), ERR_INVALID, "limit", "twice");
    arena_free(r.arena);
    r = test_read_with(S("{\"title\":\"树木\"}"), NULL, 0);
    test_expect_fault(&r, S("no id"), ERR_INVALID, "id", "required");
    arena_free(r.arena);
    const struct param broken[] = {seven, QUERY("\xff", "1")};
    r = test_read_with(S("{\"title\":\"树木\"}"), broken, 2);
    test_expect_fault(&r, S("broken name"), ERR_INVALID, "?", "unknown");
    arena_free(r.arena);
}

int entity_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_wrong_types), cmocka_unit_test(S_test_values),
        cmocka_unit_test(S_test_absent),      cmocka_unit_test(S_test_numbers),
        cmocka_unit_test(S_test_lone_limits), cmocka_unit_test(S_test_members),
        cmocka_unit_test(S_test_long_name),   cmocka_unit_test(S_test_many_faults),
        cmocka_unit_test(S_test_ids),         cmocka_unit_test(S_test_recursion),
        cmocka_unit_test(S_test_small_arena), cmocka_unit_test(S_test_bad_params),
        cmocka_unit_test(S_test_params),
    };
    return cmocka_run_group_tests_name("entity", tests, NULL, NULL);
}
