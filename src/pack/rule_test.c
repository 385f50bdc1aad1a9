#include "pack/rule.h"
#include "entity/entity.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* The table that every evaluator of rules runs: tests/rules/cases.json, from the source's root. */
enum { FACTS = 32 };

struct table {
    json_t *json;
    struct rule_fact facts[FACTS];
    size_t n;
};

static enum rule_type S_type(const char *name)
{
    static const char *const names[] = {"bool", "number", "code", "time", "span"};
    size_t i = 0;
    while (i < COUNT_OF(names) && strcmp(names[i], name) != 0)
        i++;
    assert_true(i < COUNT_OF(names));
    return (enum rule_type)i;
}

static int S_setup(void **state)
{
    static struct table t;
    json_error_t error;
    const char *name = NULL;
    json_t *type = NULL;
    t = (struct table){.json = json_load_file("tests/rules/cases.json", 0, &error)};
    if (!t.json)
        fail_msg("tests/rules/cases.json:%d: %s", error.line, error.text);
    json_object_foreach(json_object_get(t.json, "facts"), name, type)
    {
        assert_true(t.n < FACTS);
        t.facts[t.n++] = (struct rule_fact){name, S_type(json_string_value(type))};
    }
    *state = &t;
    return 0;
}

static int S_teardown(void **state)
{
    json_decref(((struct table *)*state)->json);
    return 0;
}

static bool S_knows(void *arg, size_t fact, struct str code, struct str *allowed)
{
    const struct table *t = arg;
    json_t *codes = json_object_get(json_object_get(t->json, "codes"), t->facts[fact].name);
    size_t i = 0;
    json_t *one = NULL;
    bool known = !codes;
    json_array_foreach(codes, i, one) known = known || str_eq(str_of(json_string_value(one)), code);
    *allowed = S("none, handled, solved, unsolved");
    return known;
}

static struct rule_value S_value(const struct rule_fact *f, json_t *given)
{
    struct rule_value value = {.set = given != NULL};
    if (json_is_boolean(given))
        value.n = json_is_true(given);
    else if (json_is_integer(given))
        value.n = json_integer_value(given);
    else if (given && f->type == RULE_TIME)
        assert_true(time_parse(str_of(json_string_value(given)), &value.n));
    else if (given)
        value.s = str_of(json_string_value(given));
    return value;
}

static void S_check(const struct table *t, struct arena *a, json_t *one)
{
    const struct rule_facts facts = {t->facts, t->n, S_knows, (void *)t};
    const char *text = json_string_value(json_object_get(one, "rule"));
    struct rule_value values[FACTS] = {0};
    struct rule_fault fault;
    struct rule *rule = NULL;
    json_t *gives = json_object_get(one, "gives"), *given = json_object_get(one, "facts");
    if (rule_parse(a, str_of(text), &facts, &rule, &fault) != OK)
        fail_msg("%s: at %zu: " STR_F, text, fault.at, STR_A(fault.en));
    for (size_t i = 0; i < t->n; i++)
        values[i] = S_value(&t->facts[i], json_object_get(given, t->facts[i].name));
    struct rule_value got = rule_eval(rule, values);
    int64_t want = json_is_boolean(gives) ? json_is_true(gives) : json_integer_value(gives);
    if (got.set == json_is_null(gives) || (got.set && got.n != want))
        fail_msg("%s: got %s %lld", text, got.set ? "set" : "unset", (long long)got.n);
    assert_true(rule_holds(rule, values) == (got.set && got.n));
    assert_true(str_eq(rule_text(rule), str_of(text)));
}

static void S_test_cases(void **state)
{
    const struct table *t = *state;
    struct arena *a = arena_new(4 << 20);
    json_t *cases = json_object_get(t->json, "cases"), *one = NULL;
    size_t i = 0;
    assert_true(json_array_size(cases) > 50);
    json_array_foreach(cases, i, one) S_check(t, a, one);
    arena_free(a);
}

static void S_test_faults(void **state)
{
    const struct table *t = *state;
    const struct rule_facts facts = {t->facts, t->n, S_knows, (void *)t};
    struct arena *a = arena_new(4 << 20);
    json_t *faults = json_object_get(t->json, "faults"), *one = NULL;
    size_t i = 0;
    assert_true(json_array_size(faults) > 20);
    json_array_foreach(faults, i, one)
    {
        const char *text = json_string_value(json_object_get(one, "rule"));
        struct str says = str_of(json_string_value(json_object_get(one, "says")));
        struct rule_fault fault;
        struct rule *rule = NULL;
        size_t at = (size_t)json_integer_value(json_object_get(one, "at"));
        if (rule_parse(a, str_of(text), &facts, &rule, &fault) != ERR_INVALID)
            fail_msg("%s: taken", text);
        if (fault.at != at || !str_has(fault.en, says) || !fault.zh.n)
            fail_msg("%s: at %zu: " STR_F, text, fault.at, STR_A(fault.en));
    }
    arena_free(a);
}

/* A rule of a hundred conditions is refused, not run over. */
static void S_test_long(void **state)
{
    const struct table *t = *state;
    const struct rule_facts facts = {t->facts, t->n, NULL, NULL};
    struct arena *a = arena_new(4 << 20);
    struct rule_fault fault;
    struct rule *rule = NULL;
    struct str text = S("open");
    for (int i = 0; i < 60; i++)
        text = arena_printf(a, STR_F " or open", STR_A(text));
    assert_int_equal(rule_parse(a, text, &facts, &rule, &fault), ERR_INVALID);
    assert_true(str_has(fault.en, S("too long")));
    text = arena_printf(a, "open%*s", RULE_TEXT_MAX, "");
    assert_int_equal(rule_parse(a, text, &facts, &rule, &fault), ERR_INVALID);
    arena_free(a);
}

int rule_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_cases),
        cmocka_unit_test(S_test_faults),
        cmocka_unit_test(S_test_long),
    };
    return cmocka_run_group_tests_name("rule", tests, S_setup, S_teardown);
}
