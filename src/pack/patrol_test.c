#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char base[] =
    "pack: small\n"
    "name: {zh: 小街, en: Small}\n"
    "hours: [\"09:00-12:00\"]\n"
    "sources: [{source: web, name: 网页}, {source: patrol, name: 巡查}]\n"
    "categories: [{code: safe, name: 安全}]\n"
    "matters:\n"
    "  - kind: hazard\n"
    "    name: 隐患\n"
    "    stages: [{stage: new, name: 新}, {stage: closed, name: 完, final: true}]\n"
    "    flow:\n"
    "      - {do: order, by: [worker], to: new}\n"
    "      - {do: close, by: community, from: new, to: closed}\n"
    "patrols:\n"
    "  - patrol: fire\n"
    "    name: 消防\n"
    "    en: Fire\n"
    "    by: [volunteer, grid_worker]\n"
    "    checklist:\n"
    "      - {item: exit, name: 出口, en: Exit, kind: ok, finding: hazard, category: safe}\n"
    "      - {item: lamp, name: 灯, kind: ok, finding: hazard}\n"
    "      - {item: people, name: 人数, kind: number}\n"
    "      - {item: note, name: 备注, kind: text}\n";

static void S_test_good(void **state)
{
    struct pack_report report;
    struct pack *p = NULL;
    (void)state;
    assert_int_equal(pack_test_load(str_of(base), &report, &p), OK);
    const struct pack_patrol *fire = pack_patrol(p, S("fire"));
    assert_non_null(fire);
    assert_null(pack_patrol(p, S("water")));
    assert_true(p->patrol_count == 1 && fire->by_count == 2 && fire->item_count == 4);
    assert_true(str_eq(fire->name.en, S("Fire")) && str_eq(fire->by[1], S("grid_worker")));
    const struct pack_item *exit = patrol_item(fire, S("exit"));
    assert_true(exit && exit->kind == ITEM_OK && str_eq(exit->finding, S("hazard")) &&
                str_eq(exit->category, S("safe")));
    assert_true(patrol_item(fire, S("lamp"))->category.n == 0);
    assert_true(patrol_item(fire, S("people"))->kind == ITEM_NUMBER);
    assert_true(patrol_item(fire, S("note"))->kind == ITEM_TEXT);
    assert_null(patrol_item(fire, S("roof")));
    pack_free(p);
    arena_free(report.arena);
}

static const struct broken {
    const char *old, *new;
    int line, column;
    const char *word; /* of the Chinese or English sentence */
} broken[] = {
    {"patrol: fire", "patrol: 火", 14, 13, "lower-case"},
    {"    en: Fire\n", "    every: week\n", 16, 5, "patrol, name, en, by, checklist"},
    {"    by: [volunteer, grid_worker]\n", "", 14, 5, "by"},
    {"[volunteer, grid_worker]", "[]", 17, 9, "at least one role"},
    {"[volunteer, grid_worker]", "[volunteer, auditor]", 17, 21, "secretary"},
    {"[volunteer, grid_worker]", "[volunteer, volunteer]", 17, 21, "twice"},
    {"item: lamp", "item: exit", 20, 16, "first on line 19"},
    {"kind: number", "kind: colour", 21, 40, "number or text"},
    {"kind: number", "kind: number, finding: hazard", 21, 48, "kind: ok only"},
    {"kind: text", "kind: text, category: safe", 22, 44, "kind: ok only"},
    {"kind: ok, finding: hazard}", "kind: ok}", 20, 9, "finding"},
    {"finding: hazard, category", "finding: theft, category", 19, 61, "no kind of matter"},
    {"category: safe}", "category: red}", 19, 79, "no category"},
    {"by: [worker], to: new", "by: [resident], to: new", 19, 61, "worker cannot order"},
    {"source: patrol", "source: walk", 13, 1, "source \"patrol\""},
    {"  - patrol: fire\n",
     "  - patrol: fire\n    name: a\n    by: [street]\n    checklist: []\n  - "
     "patrol: fire\n",
     17, 16, "1 to 60"},
};

static void S_test_broken(void **state)
{
    static char text[PACK_TEST_TEXT];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        const struct broken *b = &broken[i];
        const char *at = strstr(base, b->old);
        struct pack_report report;
        struct pack *p = NULL;
        bool found = false;
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - base), base, b->new,
                 at + strlen(b->old));
        assert_int_equal(pack_test_load(str_of(text), &report, &p), ERR_INVALID);
        assert_null(p);
        for (size_t k = 0; k < report.n; k++) {
            const struct pack_fault *f = &report.faults[k];
            found = found || (f->line == b->line && f->column == b->column &&
                              (str_has(f->en, str_of(b->word)) || str_has(f->zh, str_of(b->word))));
        }
        if (!found) {
            for (size_t k = 0; k < report.n; k++)
                print_error("%d:%d " STR_F "\n", report.faults[k].line, report.faults[k].column,
                            STR_A(report.faults[k].en));
            fail_msg("not found: %d:%d %s", b->line, b->column, b->word);
        }
        arena_free(report.arena);
    }
}

int pack_patrol_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_good),
        cmocka_unit_test(S_test_broken),
    };
    return cmocka_run_group_tests_name("pack_patrol", tests, NULL, NULL);
}
