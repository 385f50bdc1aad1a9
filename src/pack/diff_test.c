#include "pack/diff.h"
#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct pack *S_pack(struct str yaml)
{
    struct pack_report report;
    struct pack *p = NULL;
    enum err err = pack_test_load(yaml, &report, &p);
    if (err != OK)
        fail_msg("%d: " STR_F, report.faults[0].line, STR_A(report.faults[0].en));
    arena_free(report.arena);
    return p;
}

/* One change to the base, and the sentences that it makes, the English ones. */
struct change {
    const char *old, *new;
    const char *says[3];
};

static void S_check(const struct change *c)
{
    static char text[PACK_TEST_TEXT];
    struct pack *before = S_pack(str_of(pack_test_base));
    struct pack *after = S_pack(pack_test_changed(c->old, c->new, text));
    struct arena *a = arena_new(1 << 20);
    struct list changes;
    size_t want = 0;
    assert_int_equal(pack_diff(before, after, a, &changes), OK);
    const struct pack_change *got = changes.items;
    for (; want < COUNT_OF(c->says) && c->says[want]; want++) {
        if (want >= changes.n || !str_eq(got[want].en, str_of(c->says[want])))
            fail_msg("%s: got " STR_F, c->new, STR_A(want < changes.n ? got[want].en : S("none")));
        assert_true(got[want].zh.n > 0);
    }
    if (changes.n > want)
        fail_msg("%s: also " STR_F, c->new, STR_A(got[want].en));
    arena_free(a);
    pack_free(before);
    pack_free(after);
}

#define REPAIR  "kind of matter \"Repair\" (repair): "
#define DECLINE "      - {do: decline, by: community, from: new, to: declined}\n"

static void S_test_changes(void **state)
{
    static const struct change changes[] = {
        /* another layout means the same */
        {"pack: small", "# a note\npack: \"small\"", {NULL}},
        {"[anyone, resident]", "[resident, anyone]", {NULL}},
        {"by: community", "by: [community]", {NULL}},
        {"name: 报修\n    en: Repair", "name: {zh: 报修, en: Repair}", {NULL}},
        /* names, hours, roles, sources */
        {"en: Small", "en: Tiny", {"The pack is now called \"Tiny\" in English"}},
        {"13:30-17:30",
         "14:00-18:00",
         {"hours: 08:30-12:00, 13:30-17:30 becomes 08:30-12:00, 14:00-18:00"}},
        {"en: Grid worker",
         "en: Warden",
         {"role \"Grid worker\" (grid_worker): now called \"Warden\" in English"}},
        {", {source: phone, name: 电话}", "", {"source \"电话\" (phone) is removed"}},
        {"{source: phone, name: 电话}",
         "{source: call, name: 电话}",
         {"source \"电话\" (phone) is removed", "source \"电话\" (call) is added"}},
        {"source: phone, name: 电话",
         "source: phone, name: 来电",
         {"source \"电话\" (phone): now called \"来电\" in Chinese"}},
        /* categories, at any depth */
        {"{code: b.2, name: 二}",
         "{code: b.2, name: 三}",
         {"category \"乙\" (b): category \"二\" (b.2): now called \"三\" in Chinese"}},
        {", {code: b.2, name: 二}", "", {"category \"乙\" (b): category \"二\" (b.2) is removed"}},
        /* stages and steps */
        {"name: 正在办",
         "name: 在办",
         {REPAIR "stage \"正在办\" (doing): now called \"在办\" in Chinese"}},
        {"      - {stage: doing, name: 正在办}\n      - {stage: handled, name: 办好了}\n",
         "      - {stage: handled, name: 办好了}\n      - {stage: doing, name: 正在办}\n",
         {REPAIR "stages are in another order"}},
        {"within: 4 work hours",
         "within: 1 work day",
         {REPAIR "step dispatch from doing, new: limit: 4 work hours becomes 1 work day"}},
        {", within: 4 work hours",
         "",
         {REPAIR "step dispatch from doing, new: limit is no longer given (it was 4 work hours)"}},
        {"to: doing}\n      - {do: submit",
         "to: doing, needs: reason}\n      - {do: submit",
         {REPAIR "step claim from doing: what it asks for is now given: reason"}},
        {DECLINE,
         DECLINE "      - {do: accept, by: community, from: new, to: doing}\n",
         {REPAIR "step accept from new is added"}},
        /* of two ratings the one that is meant */
        {"given: unsolved, from: handled, to: closed",
         "given: unsolved, from: handled, to: doing",
         {REPAIR "step rate from handled: to: closed becomes doing"}},
        {"kind: repair",
         "kind: mending",
         {"kind of matter \"Repair\" (repair) is removed",
          "kind of matter \"Repair\" (mending) is added"}},
        /* bodies */
        {"matters:\n",
         "bodies: [{kind: club, name: 社团, members: [{category: one, name: 成员}]}]\nmatters:\n",
         {"kind of body \"社团\" (club) is added"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        S_check(&changes[i]);
}

int diff_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_changes),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
