#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Put behind a base whose kind has an accept step: the forms begin on line 30. */
static const char kind_old[] = "{do: decline, by: community, from: new, to: declined}";
static const char kind_new[] = "{do: accept, by: community, from: new, to: doing}\n"
                               "      - {do: decline, by: community, from: new, to: declined}";

static const char tail[] =
    "forms:\n"
    "  - form: aid\n"
    "    fields:\n"
    "      - {field: home, name: 住处, type: choice, required: yes, choices: [{choice: own, name: "
    "自有}, {choice: rent, name: 租}]}\n"
    "      - {field: poor, name: 低保, en: Poor, type: yes_no}\n"
    "      - {field: since, name: 租了多久, type: number, max: 99, when: {home: rent}}\n"
    "      - {field: phone, name: 电话, type: phone}\n"
    "      - {field: number, name: 证件, type: id_number}\n"
    "      - {field: ill, name: 病情, type: text, class: sensitive, max: 50}\n"
    "services:\n"
    "  - service: relief\n"
    "    name: 救助\n"
    "    en: Relief\n"
    "    category: b.1\n"
    "    for: 困难家庭\n"
    "    where: {zh: 一窗, en: Window 1}\n"
    "    kind: repair\n"
    "    form: aid\n"
    "    within: 5 work days\n"
    "    fee: 免费\n"
    "    bring:\n"
    "      - {material: card, name: 身份证, original: yes, copies: 2}\n"
    "      - {material: lease, name: 合同, when: {home: [rent]}}\n"
    "      - {material: proof, name: 低保证, when: {poor: \"yes\"}}\n";

/* The whole, with the tail's first `old` replaced. */
static struct str S_pack(const char *old, const char *new, char *text)
{
    struct str base = pack_test_changed(kind_old, kind_new, text);
    const char *at = strstr(tail, old);
    if (!at)
        fail_msg("not in the tail: %s", old);
    int n = snprintf(text + base.n, PACK_TEST_TEXT - base.n, "%.*s%s%s", (int)(at - tail), tail,
                     new, at + strlen(old));
    return (struct str){text, base.n + (size_t)n};
}

static void test_reads(void **state)
{
    (void)state;
    char *text = test_malloc(PACK_TEST_TEXT);
    struct pack_report report;
    struct pack *p = NULL;
    enum err err = pack_test_load(S_pack("forms", "forms", text), &report, &p);
    for (size_t i = 0; i < report.n; i++)
        print_error("%d:%d " STR_F "\n", report.faults[i].line, report.faults[i].column,
                    STR_A(report.faults[i].en));
    assert_int_equal(err, OK);
    const struct pack_service *s = pack_service(p, S("relief"));
    assert_non_null(s);
    assert_null(pack_service(p, S("relie")));
    assert_true(str_eq(s->kind, S("repair")) && str_eq(s->category, S("b.1")));
    assert_true(str_eq(s->who.en, S("困难家庭")) && str_eq(s->where.en, S("Window 1")));
    assert_true(str_eq(s->words.zh, S("5 个工作日")) && str_eq(s->words.en, S("5 working days")));
    assert_int_equal(s->within.unit, LIMIT_WORK_DAYS);
    const struct pack_form *f = s->form;
    assert_int_equal(f->field_count, 6);
    assert_true(f->fields[0].required && !f->fields[1].required);
    assert_int_equal(f->fields[1].choice_count, 2); /* yes, no */
    assert_int_equal(f->fields[2].when.field, 0);
    assert_int_equal(f->fields[2].when.choices, 2);
    assert_int_equal(f->fields[2].max, 99);
    static const enum field_class classes[] = {FIELD_OPEN,     FIELD_OPEN,      FIELD_OPEN,
                                               FIELD_PERSONAL, FIELD_SENSITIVE, FIELD_SENSITIVE};
    for (size_t i = 0; i < f->field_count; i++)
        assert_int_equal(f->fields[i].class, classes[i]);
    assert_int_equal(s->bring_count, 3);
    assert_true(s->bring[0].original && s->bring[0].copies == 2 && !s->bring[0].when.choices);
    assert_int_equal(s->bring[1].copies, 1);
    assert_int_equal(s->bring[2].when.field, 1);
    assert_int_equal(s->bring[2].when.choices, 1);
    pack_free(p);
    arena_free(report.arena);
    test_free(text);
}

static const struct {
    const char *old, *new; /* in the tail */
    int line, column;
    const char *word; /* of the Chinese or English sentence */
} broken[] = {
    {"form: aid\n", "form: Aid\n", 30, 11, "lower-case"},
    {"    fields:\n", "    colour: red\n    fields:\n", 31, 5, "form, fields"},
    {"type: choice,", "type: pick,", 32, 39, "text, number, date, choice"},
    {"required: yes,", "required: perhaps,", 32, 57, "yes or no"},
    {"{choice: rent,", "{choice: own,", 32, 106, "twice"},
    {"type: yes_no}", "type: yes_no, choices: [{choice: a, name: b}]}", 33, 57, "Only a choice"},
    {"max: 99", "max: many", 34, 55, "whole number"},
    {"when: {home: rent}", "when: {house: rent}", 34, 66, "No earlier field"},
    {"when: {home: rent}", "when: {since: rent}", 34, 66, "No earlier field"},
    {"when: {home: rent}", "when: {home: hut}", 34, 72, "no choice"},
    {"when: {home: rent}", "when: {home: rent, poor: x}", 34, 65, "one field"},
    {"type: phone}", "type: phone, class: open}", 35, 54, "personal"},
    {"type: id_number}", "type: id_number, class: personal}", 36, 59, "sensitive"},
    {"class: sensitive", "class: secret", 37, 51, "open, personal, sensitive"},
    {"field: ill", "field: home", 37, 17, "twice"},
    {"category: b.1", "category: b.9", 42, 15, "no category"},
    {"    for: 困难家庭\n", "", 39, 5, "\"for\" is missing"},
    {"kind: repair", "kind: wish", 45, 11, "no kind"},
    {"form: aid\n    within", "form: help\n    within", 46, 11, "no form"},
    {"within: 5 work days", "within: [5]", 47, 13, "text"},
    {"fee: 免费\n", "fee: 免费\n    cost: 1\n", 49, 5, "not known"},
    {"copies: 2", "copies: 0", 50, 60, "1 to 20"},
    {"material: lease", "material: card", 51, 20, "twice"},
    {"{home: [rent]}", "{home: [hut]}", 51, 51, "no choice"},
};

static bool S_says(const struct pack_fault *f, const char *word)
{
    return str_has(f->zh, str_of(word)) || str_has(f->en, str_of(word));
}

static void test_broken(void **state)
{
    (void)state;
    size_t missed = 0;
    char *text = test_malloc(PACK_TEST_TEXT);
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct pack_report report;
        struct pack *p = NULL;
        bool found = false;
        assert_int_equal(pack_test_load(S_pack(broken[i].old, broken[i].new, text), &report, &p),
                         ERR_INVALID);
        assert_null(p);
        for (size_t k = 0; k < report.n; k++)
            found = found || (report.faults[k].line == broken[i].line &&
                              report.faults[k].column == broken[i].column &&
                              S_says(&report.faults[k], broken[i].word));
        for (size_t k = 0; !found && k < report.n; k++)
            print_error("%s: %d:%d " STR_F "\n", broken[i].new, report.faults[k].line,
                        report.faults[k].column, STR_A(report.faults[k].en));
        missed += !found;
        arena_free(report.arena);
    }
    assert_int_equal(missed, 0);
    test_free(text);
}

/* Without an accept step nothing could be accepted when it is complete. */
static void test_no_accept(void **state)
{
    (void)state;
    char *text = test_malloc(PACK_TEST_TEXT);
    struct pack_report report;
    struct pack *p = NULL;
    int n = snprintf(text, PACK_TEST_TEXT, "%s%s", pack_test_base, tail);
    assert_int_equal(pack_test_load((struct str){text, (size_t)n}, &report, &p), ERR_INVALID);
    assert_int_equal(report.n, 1);
    assert_true(S_says(&report.faults[0], "accept"));
    arena_free(report.arena);
    test_free(text);
}

int service_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_no_accept),
    };
    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
