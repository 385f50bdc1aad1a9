#include "entity/entity_test.h"
#include "entity/schema.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

/* ---- writing ---- */

struct shown {
    int64_t id, count, at;
    double real;
    enum tri on;
    struct str text, name, secret, raw;
    int64_t hidden;
    struct list tags, ids, leaves;
    struct leaf *leaf;
};
static const struct field shown_fields[] = {
    F_ID(struct shown, id),
    F_INT(struct shown, count),
    F_TIME(struct shown, at),
    F_REAL(struct shown, real),
    F_BOOL(struct shown, on),
    F_TEXT(struct shown, text),
    F_TEXT(struct shown, name, .class = CLASS_PERSONAL, .mask = mask_name),
    F_TEXT(struct shown, secret, .class = CLASS_SENSITIVE),
    F_RAW(struct shown, raw),
    F_ID(struct shown, hidden, .class = CLASS_MINOR, .mask = mask_name),
    F_LIST(struct shown, tags, .item = T_TEXT),
    F_LIST(struct shown, ids, .item = T_ID),
    F_LIST(struct shown, leaves, .of = &test_leaf_entity),
    F_OBJECT(struct shown, leaf, struct leaf, &test_leaf_entity),
};
static const struct entity shown_entity = ENTITY(struct shown, "Shown", shown_fields);

static void S_assert_encoded(const struct entity *e, const void *from, enum sight sight,
                             const char *want)
{
    struct buf out = buf_new(4096);
    entity_encode(e, from, sight, &out);
    if (!str_eq(buf_str(&out), str_of(want)))
        fail_msg("got " STR_F ", want %s", STR_A(buf_str(&out)), want);
    buf_free(&out);
}

static void S_test_encode(void **state)
{
    (void)state;
    struct str tags[] = {S("a\"b"), S("树")};
    int64_t ids[] = {1, INT64_MAX};
    struct leaf leaves[] = {{S("x"), 3}, {S("y"), NO_INT}};
    struct shown s;
    entity_blank(&shown_entity, &s);
    S_assert_encoded(&shown_entity, &s, CLEAR, "{}");
    s = (struct shown){.id = 9,
                       .count = 0,
                       .at = INT64_C(1795309200000),
                       .real = 0.1,
                       .on = NO,
                       .text = S(""),
                       .name = S("王小明"),
                       .secret = S("x"),
                       .raw = S("{\"a\":[1]}"),
                       .hidden = 5,
                       .tags = {tags, 2},
                       .ids = {ids, 2},
                       .leaves = {leaves, 2},
                       .leaf = leaves};
    S_assert_encoded(&shown_entity, &s, MASKED,
                     "{\"id\":\"9\",\"count\":0,\"at\":\"2026-11-22T01:00:00.000Z\",\"real\":0.1,"
                     "\"on\":false,\"text\":\"\",\"name\":\"王**\",\"raw\":{\"a\":[1]},"
                     "\"tags\":[\"a\\\"b\",\"树\"],\"ids\":[\"1\",\"9223372036854775807\"],"
                     "\"leaves\":[{\"name\":\"x\",\"size\":3},{\"name\":\"y\"}],"
                     "\"leaf\":{\"name\":\"x\",\"size\":3}}");
    S_assert_encoded(&shown_entity, &s, CLEAR,
                     "{\"id\":\"9\",\"count\":0,\"at\":\"2026-11-22T01:00:00.000Z\",\"real\":0.1,"
                     "\"on\":false,\"text\":\"\",\"name\":\"王小明\",\"secret\":\"x\","
                     "\"raw\":{\"a\":[1]},\"hidden\":\"5\","
                     "\"tags\":[\"a\\\"b\",\"树\"],\"ids\":[\"1\",\"9223372036854775807\"],"
                     "\"leaves\":[{\"name\":\"x\",\"size\":3},{\"name\":\"y\"}],"
                     "\"leaf\":{\"name\":\"x\",\"size\":3}}");
}

static void S_test_encode_required(void **state)
{
    (void)state;
    struct branch none;
    entity_blank(&test_branch_entity, &none);
    S_assert_encoded(&test_branch_entity, &none, CLEAR, "{\"leaves\":[]}");
    struct leaf leaf;
    entity_blank(&test_leaf_entity, &leaf);
    S_assert_encoded(&test_leaf_entity, &leaf, CLEAR, "{\"name\":null}");
}

static void S_test_encode_page(void **state)
{
    (void)state;
    struct leaf leaves[] = {{S("x"), 3}, {S("y"), NO_INT}};
    static const struct {
        size_t n;
        struct str next;
        const char *want;
    } rows[] = {
        {0, {NULL, 0}, "{\"items\":[]}"},
        {1, {"a\"", 2}, "{\"items\":[{\"name\":\"x\",\"size\":3}],\"next\":\"a\\\"\"}"},
        {2, {NULL, 0}, "{\"items\":[{\"name\":\"x\",\"size\":3},{\"name\":\"y\"}]}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = buf_new(4096);
        const struct list items = {rows[i].n ? leaves : NULL, rows[i].n};
        entity_encode_page(&test_leaf_entity, &items, rows[i].next, CLEAR, &out);
        assert_true(str_eq(buf_str(&out), str_of(rows[i].want)));
        buf_free(&out);
    }
}

static void S_test_encode_reals(void **state)
{
    (void)state;
    static const double rows[] = {
        0,           -0.5,     103.8712345678,   1.0 / 3,       1e300,
        -1e-300,     1e15 + 1, 0.1 + 0.2,        36.0700000001, 5e-324,
        1e7,         -34.2321, 103.8712345,      -0.0000001,    99999999.5,
        99999999.25, 1e8,      12345678.1234567, 0.00000005,    -1e8};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct shown s;
        struct buf out = buf_new(256);
        entity_blank(&shown_entity, &s);
        s.real = rows[i];
        entity_encode(&shown_entity, &s, CLEAR, &out);
        json_t *v = json_loadb(out.p, out.n, 0, NULL);
        assert_non_null(v);
        assert_true(json_number_value(json_object_get(v, "real")) == rows[i]);
        json_decref(v);
        buf_free(&out);
    }
    static const struct {
        double value;
        const char *text;
    } texts[] = {{108.947, "{\"real\":108.947}"},
                 {-0.05, "{\"real\":-0.05}"},
                 {100, "{\"real\":100}"},
                 {-180, "{\"real\":-180}"},
                 {1e-7, "{\"real\":0.0000001}"}};
    struct shown s;
    entity_blank(&shown_entity, &s);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        s.real = texts[i].value;
        S_assert_encoded(&shown_entity, &s, CLEAR, texts[i].text);
    }
    s.real = INFINITY;
    S_assert_encoded(&shown_entity, &s, CLEAR, "{}");
}

/* What was read is written as it came. */
static void S_test_round_trip(void **state)
{
    (void)state;
    static const char text[] =
        "{\"id\":\"7\",\"any\":-3,\"planted\":\"2026-11-22T01:00:00.000Z\",\"wide\":0.5,"
        "\"tall\":true,\"title\":\"树\\\"木\",\"tags\":[\"a\"],\"friends\":[\"1\",\"2\"],"
        "\"root\":{\"leaves\":[{\"name\":\"z\"}]}}";
    json_t *want = json_loads(text, 0, NULL);
    json_t *body = json_deep_copy(want);
    json_object_del(body, "id");
    char *sent = json_dumps(body, 0);
    struct reading r = test_read(str_of(sent));
    struct buf out = buf_new(4096);
    assert_int_equal(r.err, OK);
    entity_encode(&test_tree_entity, &r.tree, CLEAR, &out);
    json_t *got = json_loadb(out.p, out.n, 0, NULL);
    assert_true(json_equal(got, want));
    json_decref(got);
    json_decref(want);
    json_decref(body);
    free(sent);
    buf_free(&out);
    arena_free(r.arena);
}

/* ---- schema ---- */

static void S_assert_schema(struct buf *out, const char *want)
{
    json_error_t error;
    json_t *got = json_loadb(out->p, out->n, JSON_REJECT_DUPLICATES, &error);
    json_t *expected = json_loads(want, 0, NULL);
    if (!got)
        fail_msg("no JSON: %s in " STR_F, error.text, STR_A(buf_str(out)));
    assert_non_null(expected);
    if (!json_equal(got, expected))
        fail_msg("got " STR_F ", want %s", STR_A(buf_str(out)), want);
    json_decref(got);
    json_decref(expected);
    buf_free(out);
}

static void S_test_schema(void **state)
{
    (void)state;
    struct buf out = buf_new(8192);
    schema_write(&test_tree_entity, true, &out);
    S_assert_schema(
        &out,
        "{\"type\":\"object\",\"properties\":{\"any\":{\"type\":\"integer\"},"
        "\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100},"
        "\"below\":{\"type\":\"integer\",\"minimum\":-5,\"maximum\":0},"
        "\"planted\":{\"type\":\"string\",\"format\":\"date-time\"},"
        "\"lng\":{\"type\":\"number\",\"minimum\":-180,\"maximum\":180},"
        "\"wide\":{\"type\":\"number\"},\"tall\":{\"type\":\"boolean\"},"
        "\"title\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":5},"
        "\"note\":{\"type\":\"string\",\"maxLength\":4000},"
        "\"colour\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"]},"
        "\"phone\":{\"type\":\"string\",\"maxLength\":4000,\"x-form\":\"11 digits\"},"
        "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":4000},"
        "\"maxItems\":3},"
        "\"friends\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
        "\"pattern\":\"^[1-9][0-9]{0,18}$\"},\"minItems\":2,\"maxItems\":1000},"
        "\"branches\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Branch\"},"
        "\"maxItems\":1000},"
        "\"root\":{\"$ref\":\"#/components/schemas/Branch\"}},"
        "\"required\":[\"title\"],\"additionalProperties\":false}");
    out = buf_new(8192);
    schema_write(&shown_entity, false, &out);
    S_assert_schema(
        &out,
        "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\","
        "\"pattern\":\"^[1-9][0-9]{0,18}$\"},\"count\":{\"type\":\"integer\"},"
        "\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"real\":{\"type\":\"number\"},"
        "\"on\":{\"type\":\"boolean\"},\"text\":{\"type\":\"string\"},"
        "\"name\":{\"type\":\"string\",\"x-privacy\":\"personal\"},"
        "\"secret\":{\"type\":\"string\",\"x-privacy\":\"sensitive\"},"
        "\"raw\":{\"type\":[\"object\",\"null\"]},\"hidden\":{\"type\":\"string\","
        "\"pattern\":\"^[1-9][0-9]{0,18}$\",\"x-privacy\":\"minor\"},"
        "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
        "\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
        "\"pattern\":\"^[1-9][0-9]{0,18}$\"}},"
        "\"leaves\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Leaf\"}},"
        "\"leaf\":{\"$ref\":\"#/components/schemas/Leaf\"}}}");
    out = buf_new(8192);
    schema_write(&test_leaf_entity, true, &out);
    S_assert_schema(&out, "{\"type\":\"object\",\"properties\":{"
                          "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":4},"
                          "\"size\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9}},"
                          "\"required\":[\"name\"],\"additionalProperties\":false}");
}

static void S_test_schema_params(void **state)
{
    (void)state;
    struct buf out = buf_new(8192);
    buf_char(&out, '[');
    schema_params(&test_tree_entity, &out);
    buf_char(&out, ']');
    S_assert_schema(
        &out, "[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"description\":\"id\","
              "\"schema\":{\"type\":\"string\",\"pattern\":\"^[1-9][0-9]{0,18}$\"}},"
              "{\"name\":\"limit\",\"in\":\"query\",\"required\":false,\"description\":\"limit\","
              "\"schema\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}},"
              "{\"name\":\"near\",\"in\":\"query\",\"required\":false,\"description\":\"near\","
              "\"schema\":{\"type\":\"number\"}},"
              "{\"name\":\"all\",\"in\":\"query\",\"required\":false,\"description\":\"all\","
              "\"schema\":{\"type\":\"boolean\"}},"
              "{\"name\":\"after\",\"in\":\"query\",\"required\":false,\"description\":\"after\","
              "\"schema\":{\"type\":\"string\",\"maxLength\":8}}]");
}

static void S_test_fields(void **state)
{
    (void)state;
    assert_string_equal(entity_field(&test_tree_entity, S("count"))->name, "count");
    assert_null(entity_field(&test_tree_entity, S("coun")));
    assert_null(entity_field(&test_tree_entity, S("countx")));
    assert_null(entity_field(&test_tree_entity, S("")));
    assert_null(entity_field(&test_tree_entity, NO_STR));
}

int encode_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_encode),        cmocka_unit_test(S_test_encode_required),
        cmocka_unit_test(S_test_encode_page),   cmocka_unit_test(S_test_encode_reals),
        cmocka_unit_test(S_test_round_trip),    cmocka_unit_test(S_test_schema),
        cmocka_unit_test(S_test_schema_params), cmocka_unit_test(S_test_fields),
    };
    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
