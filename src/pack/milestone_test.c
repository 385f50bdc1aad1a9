#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* What is put behind the base's last kind, or behind the whole, and the fault it must give. */
struct written {
    const char *text;
    int line, column; /* counted from the text's own first line, which is 1 */
    const char *word; /* of the Chinese or English sentence; NULL: no fault */
};

static const struct written milestones[] = {
    {"    milestones:\n      - {milestone: a, name: 一, within: 30 days, each: household}\n", 0, 0,
     NULL},
    {"    milestones: []\n", 1, 17, "1 to 40"},
    {"    milestones: a\n", 1, 17, "a list"},
    {"    milestones:\n      - a\n", 2, 9, "key: value"},
    {"    milestones:\n      - {milestone: a}\n", 2, 9, "\"name\" is missing"},
    {"    milestones:\n      - {name: 一}\n", 2, 9, "\"milestone\" is missing"},
    {"    milestones:\n      - {milestone: A, name: 一}\n", 2, 21, "lower-case"},
    {"    milestones:\n      - {milestone: a, name: 一, within: a month}\n", 2, 41, "30 days"},
    {"    milestones:\n      - {milestone: a, name: 一, within: 0 days}\n", 2, 41, "3650"},
    {"    milestones:\n      - {milestone: a, name: 一, each: house}\n", 2, 39, "household"},
    {"    milestones:\n      - {milestone: a, name: 一, owner: x}\n", 2, 33,
     "milestone, name, en, within, each"},
    {"    milestones:\n      - {milestone: a, name: 一}\n      - {milestone: a, name: 二}\n", 3, 21,
     "given twice"},
};

#define CHAIN     "chains:\n  - chain: c\n    name: 链\n    links:\n"
#define LINK_1    "      - {link: a, name: 一, within: 7 days}\n"
#define LINK_LAST "      - {link: z, name: 末}\n"

static const struct written chains[] = {
    {CHAIN LINK_1 LINK_LAST, 0, 0, NULL},
    {CHAIN "      - {link: a, name: 一, kind: repair, many: true}\n" LINK_LAST, 0, 0, NULL},
    {"chains: []\n", 1, 9, "1 to 40"},
    {"chains:\n  - chain: c\n    name: 链\n", 2, 5, "\"links\" is missing"},
    {CHAIN LINK_LAST, 5, 7, "two links"},
    {CHAIN LINK_1 LINK_1, 6, 36, "last link"},
    {CHAIN LINK_1 "      - {link: z, name: 末, many: true}\n", 6, 9, "last link"},
    {CHAIN LINK_1 LINK_1 LINK_LAST, 6, 16, "given twice"},
    {CHAIN "      - {link: a, name: 一, many: yes}\n" LINK_LAST, 5, 34, "true or false"},
    {CHAIN "      - {link: a, name: 一, kind: none}\n" LINK_LAST, 5, 34, "no kind of matter"},
    {CHAIN "      - {link: a, name: 一, kind: repair}\n      - {link: z, name: 末, kind: repair}\n",
     5, 7, "two links of one chain"},
    {CHAIN LINK_1 LINK_LAST "  - chain: c\n    name: 链\n    links:\n" LINK_1 LINK_LAST, 7, 12,
     "given twice"},
    {CHAIN "      - {link: a, name: 一, after: z}\n" LINK_LAST, 5, 28,
     "link, name, en, kind, within, many"},
};

static int S_lines(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void S_check(const struct written *w)
{
    char text[PACK_TEST_TEXT];
    struct pack_report report;
    struct pack *pack = NULL;
    int before = S_lines(pack_test_base);
    bool found = false;
    int n = snprintf(text, sizeof text, "%s%s", pack_test_base, w->text);
    assert_in_range(n, 1, sizeof text - 1);
    enum err err = pack_test_load(str_of(text), &report, &pack);
    assert_int_equal(err, w->word ? ERR_INVALID : OK);
    for (size_t i = 0; i < report.n; i++) {
        const struct pack_fault *f = &report.faults[i];
        struct str word = str_of(w->word);
        found = found || (f->line == before + w->line && f->column == w->column &&
                          (str_has(f->en, word) || str_has(f->zh, word)));
    }
    for (size_t i = 0; !found && i < report.n; i++)
        print_error("%d:%d " STR_F "\n", report.faults[i].line - before, report.faults[i].column,
                    STR_A(report.faults[i].en));
    if (w->word && !found)
        fail_msg("%sno fault \"%s\" at %d:%d", w->text, w->word, w->line, w->column);
    pack_free(pack);
    arena_free(report.arena);
}

static void S_test_milestones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(milestones); i++)
        S_check(&milestones[i]);
}

static void S_test_chains(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chains); i++)
        S_check(&chains[i]);
}

static void S_test_read(void **state)
{
    (void)state;
    char text[PACK_TEST_TEXT];
    struct pack_report report;
    struct pack *pack = NULL;
    size_t link = 0;
    snprintf(text, sizeof text, "%s%s%s", pack_test_base, milestones[0].text, chains[1].text);
    assert_int_equal(pack_test_load(str_of(text), &report, &pack), OK);
    const struct pack_kind *kind = &pack->kinds[pack->kind_count - 1];
    assert_int_equal(kind->milestone_count, 1);
    assert_true(kind->milestones[0].each);
    assert_int_equal(kind->milestones[0].within.unit, LIMIT_DAYS);
    assert_int_equal(kind->milestones[0].within.n, 30);
    const struct pack_chain *chain = pack_chain(pack, S("c"));
    assert_non_null(chain);
    assert_null(pack_chain(pack, S("d")));
    assert_true(chain_link(chain, S("z"), &link));
    assert_int_equal(link, 1);
    assert_false(chain_link(chain, S("y"), &link));
    assert_true(chain->links[0].many);
    assert_true(str_eq(chain->links[0].kind, S("repair")));
    assert_int_equal(chain->links[0].within.unit, LIMIT_NONE);
    pack_free(pack);
    arena_free(report.arena);
}

int milestone_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_milestones),
        cmocka_unit_test(S_test_chains),
        cmocka_unit_test(S_test_read),
    };
    return cmocka_run_group_tests_name("milestone", tests, NULL, NULL);
}
