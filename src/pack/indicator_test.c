#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static char text[PACK_TEST_TEXT];

/* The base and, behind it, a list of indicators: 28 lines on. */
static struct str S_with(const char *indicators)
{
    int n = snprintf(text, sizeof text, "%sindicators:\n%s", pack_test_base, indicators);
    assert_in_range(n, 1, (int)sizeof text - 1);
    return (struct str){text, (size_t)n};
}

static struct pack *S_load(struct str yaml)
{
    struct pack_report report;
    struct pack *p = NULL;
    if (pack_test_load(yaml, &report, &p) != OK)
        fail_msg("line %d:%d: " STR_F, report.faults[0].line, report.faults[0].column,
                 STR_A(report.faults[0].en));
    arena_free(report.arena);
    return p;
}

/* The part of an indicator that every test has. */
#define GOOD "  - {indicator: a, name: 甲, doc: {zh: 说明}, of: matter, at: closed_at"

static void S_test_default(void **state)
{
    (void)state;
    struct pack *p = S_load(str_of(pack_test_base));
    assert_true(p->indicator_count >= 12);
    const struct pack_indicator *i = pack_indicator(p, S("on_time_rate"));
    assert_non_null(i);
    assert_true(i->meets && !i->measure && i->at == FACT_CLOSED_AT);
    const struct pack_indicator *t = pack_indicator(p, S("answer_time"));
    assert_non_null(t);
    assert_int_equal(t->quantile_count, 2);
    assert_int_equal(t->quantiles[1], 90);
    assert_null(pack_indicator(p, S("none")));
    pack_free(p);
}

static struct str S_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be read", path);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    return (struct str){text, n};
}

/* The packs that come with Linli count what the default does, word for word. */
static void S_test_packs(void **state)
{
    static const char *const files[] = {"packs/yannan.yaml", "packs/pingshan.yaml"};
    (void)state;
    struct pack *base = S_load(str_of(pack_test_base));
    for (size_t f = 0; f < COUNT_OF(files); f++) {
        struct pack *p = S_load(S_file(files[f]));
        assert_int_equal(p->indicator_count, base->indicator_count);
        for (size_t i = 0; i < p->indicator_count; i++) {
            const struct pack_indicator *a = &p->indicators[i], *b = &base->indicators[i];
            assert_true(a->key == b->key);
            assert_true(str_eq(a->doc.zh, b->doc.zh) && str_eq(a->doc.en, b->doc.en));
            assert_true(str_eq(a->name.zh, b->name.zh) && str_eq(a->name.en, b->name.en));
        }
        pack_free(p);
    }
    pack_free(base);
}

static void S_test_empty(void **state)
{
    (void)state;
    struct pack *p = S_load(S_with("  []\n"));
    assert_int_equal(p->indicator_count, 0);
    pack_free(p);
}

static int64_t S_key(const char *indicator)
{
    struct pack *p = S_load(S_with(indicator));
    int64_t key = p->indicators[0].key;
    pack_free(p);
    return key;
}

/* What is counted makes the key; how it is called does not. */
static void S_test_key(void **state)
{
    static const char *const other[] = {
        "  - {indicator: b, name: 甲, doc: {zh: 说明}, of: matter, at: closed_at, when: yes}\n",
        "  - {indicator: a, name: 甲, doc: {zh: 说明}, of: matter, at: created_at, when: yes}\n",
        GOOD ", when: open == no}\n",
        GOOD ", when: yes, meets: open}\n",
        GOOD ", when: yes, except: open}\n",
        GOOD ", when: yes, meets: open, weight: score}\n",
        GOOD ", when: yes, measure: score}\n",
    };
    (void)state;
    int64_t key = S_key(GOOD ", when: yes}\n");
    assert_true(key > 0);
    assert_true(key == S_key("  - {indicator: a, name: 乙, doc: {zh: 别的}, of: matter, "
                             "at: closed_at, when: yes}\n"));
    for (size_t i = 0; i < COUNT_OF(other); i++)
        assert_true(S_key(other[i]) != key && S_key(other[i]) > 0);
}

struct wrong {
    const char *indicator;
    int line, column;
    const char *says;
};

static void S_test_faults(void **state)
{
    static const struct wrong rows[] = {
        {GOOD ", when: opn}\n", 29, 77, "no fact"},
        {GOOD ", when: \"opn\"}\n", 29, 78, "no fact"},
        {GOOD ", when: open and clsoed}\n", 29, 86, "no fact"},
        {GOOD ", when: score}\n", 29, 77, "must be a condition"},
        {GOOD ", when: yes, meets: score >= yes}\n", 29, 95, "a number on the left"},
        {GOOD ", when: yes, measure: created_at}\n", 29, 91, "a number or a span"},
        {GOOD ", when: yes, meets: open, weight: paused}\n", 29, 103, "must give a number"},
        {GOOD ", when: yes, meets: open, measure: score}\n", 29, 95, "not both"},
        {GOOD ", when: yes, weight: score}\n", 29, 82, "goes with"},
        {GOOD ", when: yes, measure: score, quantiles: [50]}\n", 29, 109, "span of time"},
        {GOOD ", when: yes, measure: paused, quantiles: [90, 50]}\n", 29, 115, "ascending"},
        {GOOD ", when: yes, measure: paused, quantiles: [100]}\n", 29, 111, "1 to 99"},
        {GOOD ", when: kind == repai}\n", 29, 85, "repair"},
        {GOOD ", when: source == fax}\n", 29, 87, "phone"},
        {GOOD ", when: outcome == sloved}\n", 29, 88, "handled"},
        {GOOD ", when: category == c}\n", 29, 89, "categories"},
        {GOOD ", when: stage == nowhere}\n", 29, 86, "doing"},
        {GOOD ", when: yes, by: unit}\n", 29, 82, "not known here"},
        {GOOD "}\n", 29, 5, "\"when\" is missing"},
        {GOOD ", when: yes}\n" GOOD ", when: yes}\n", 30, 17, "given twice"},
        {"  - {indicator: a, name: 甲, doc: {zh: 说明}, of: person, at: closed_at, when: yes}\n",
         29, 48, "only be matter"},
        {"  - {indicator: a, name: 甲, doc: {zh: 说明}, of: matter, at: due_at, when: yes}\n", 29,
         60, "closed_at"},
        {"  - {indicator: a, name: 甲, of: matter, at: closed_at, when: yes}\n", 29, 5,
         "\"doc\" is missing"},
        {"  - word\n", 29, 5, "key: value"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pack_report report;
        struct pack *p = NULL;
        if (pack_test_load(S_with(rows[i].indicator), &report, &p) != ERR_INVALID)
            fail_msg("taken: %s", rows[i].indicator);
        const struct pack_fault *f = &report.faults[0];
        if (f->line != rows[i].line || f->column != rows[i].column ||
            !str_has(f->en, str_of(rows[i].says)) || !f->zh.n)
            fail_msg("%s: %d:%d: " STR_F, rows[i].indicator, f->line, f->column, STR_A(f->en));
        arena_free(report.arena);
    }
}

int indicator_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_default), cmocka_unit_test(S_test_packs),
        cmocka_unit_test(S_test_empty),   cmocka_unit_test(S_test_key),
        cmocka_unit_test(S_test_faults),
    };
    return cmocka_run_group_tests_name("indicator", tests, NULL, NULL);
}
