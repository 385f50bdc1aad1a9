#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* clang-format off: one line of the pack a line; the first is line 28 */
static const char bodies[] =
    "bodies:\n"
    "  - kind: committee\n"
    "    name: 委员会\n"
    "    members:\n"
    "      - {category: head, name: 主任, public: true}\n"
    "      - {category: other, name: 其他, of: person}\n"
    "      - {category: core, name: 核心单位, of: party}\n"
    "    parts: [{part: one, kind: group, name: 一组}]\n"
    "  - {kind: group, name: 小组, members: [{category: member, name: 组员}]}\n";
/* clang-format on */

/* The base with bodies behind it, the first `old` in them replaced. */
static enum err S_load(const char *old, const char *new, struct pack_report *report,
                       struct pack **ret)
{
    static char text[PACK_TEST_TEXT];
    const char *at = strstr(bodies, old);
    if (!at)
        fail_msg("not in the bodies: %s", old);
    int n = snprintf(text, sizeof text, "%s%.*s%s%s", pack_test_base, (int)(at - bodies), bodies,
                     new, at + strlen(old));
    return pack_test_load((struct str){text, (size_t)n}, report, ret);
}

static void S_test_read(void **state)
{
    struct pack_report report;
    struct pack *p = NULL;
    (void)state;
    assert_int_equal(S_load("", "", &report, &p), OK);
    assert_int_equal(p->body_count, 2);
    const struct pack_body *committee = pack_body(p, S("committee"));
    assert_non_null(committee);
    assert_null(pack_body(p, S("club")));
    assert_int_equal(committee->member_count, 3);
    assert_int_equal(committee->part_count, 1);
    assert_true(str_eq(committee->parts[0].kind, S("group")));
    assert_true(body_category(committee, S("head"))->public);
    assert_false(body_category(committee, S("other"))->public);
    assert_false(body_category(committee, S("other"))->party);
    assert_true(body_category(committee, S("core"))->party);
    assert_null(body_category(committee, S("tail")));
    pack_free(p);
    arena_free(report.arena);
}

static void S_test_broken(void **state)
{
    static const struct {
        const char *old, *new;
        int line, column;
        const char *word;
    } broken[] = {
        {"kind: committee", "kind: Committee", 29, 11, "lower-case"},
        {"name: 委员会", "nam: 委员会", 30, 5, "members"},
        {"name: 小组, members: [{category: member, name: 组员}]", "name: 小组", 36, 5, "members"},
        {"[{category: member, name: 组员}]", "[]", 36, 38, "at least one"},
        {"category: other", "category: head", 33, 20, "line 32"},
        {"public: true", "public: yes", 32, 44, "true or false"},
        {"of: party", "of: firm", 34, 42, "person or party"},
        {"of: party", "of: party, public: true", 34, 57, "open anyway"},
        {"kind: group, name: 一组", "kind: team, name: 一组", 35, 31, "no kind of body \"team\""},
        {"kind: group, name: 一组", "kind: committee, name: 一组", 35, 31, "two deep"},
        {"name: 一组}]", "name: 一组}, {part: one, kind: group, name: 二组}]", 35, 56, "line 35"},
        {"{kind: group,", "{kind: committee,", 36, 12, "line 29"},
        {"[{part: one, kind: group, name: 一组}]", "一组", 35, 12, "a list"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct pack_report report;
        struct pack *p = NULL;
        bool found = false;
        assert_int_equal(S_load(broken[i].old, broken[i].new, &report, &p), ERR_INVALID);
        assert_null(p);
        for (size_t f = 0; f < report.n; f++)
            found = found || (report.faults[f].line == broken[i].line &&
                              report.faults[f].column == broken[i].column &&
                              (str_has(report.faults[f].en, str_of(broken[i].word)) ||
                               str_has(report.faults[f].zh, str_of(broken[i].word))));
        if (!found)
            fail_msg("%s: first fault %d:%d " STR_F, broken[i].new, report.faults[0].line,
                     report.faults[0].column, STR_A(report.faults[0].en));
        arena_free(report.arena);
    }
}

int pack_body_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_read),
        cmocka_unit_test(S_test_broken),
    };
    return cmocka_run_group_tests_name("pack_body", tests, NULL, NULL);
}
