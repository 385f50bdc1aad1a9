#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* ---- broken packs ---- */

struct broken {
    const char *old, *new; /* in the base */
    int line, column;
    const char *word; /* of the Chinese or English sentence */
};

#define STEP_1 "{do: decline, by: community, from: new, to: declined}"
#define SOLVED                                                                                     \
    "{do: rate, by: requester, given: solved, from: handled, to: closed, within: 7 days, else: "   \
    "close}"
#define UNSOLVED "{do: rate, by: requester, given: unsolved, from: handled, to: closed}"
#define REOPEN   "{do: reopen, by: requester, from: [handled, closed], to: doing, needs: reason}"
#define MORE     "\n      - "

/* A confidential kind before the first one, with one step more. */
#define QUIET(step)                                                                                \
    "  - kind: quiet\n    name: 密\n    confidential: true\n    stages:\n"                        \
    "      - {stage: new, name: 新}\n      - {stage: end, name: 完, final: true}\n    flow:\n"   \
    "      - {do: order, by: anyone, to: new}\n"                                                   \
    "      - {do: close, by: unit, from: new, to: end, within: 3 days}\n"                          \
    "      - " step "\n  - kind: repair\n"

static const struct broken broken[] = {
    /* YAML */
    {"pack: small", "pack: small\n  x: y", 1, 7, "YAML"},
    {"en: Small}", "en: Small", 3, 6, "YAML"},
    {"pack: small", "pack: \"small", 1, 7, "YAML"},
    {"pack: small", "\tpack: small", 1, 1, "YAML"},
    {"小街", "小\xFF街", 2, 13, "UTF-8"},
    {"pack: small", "pack: &x small", 1, 10, "&"},
    {"pack: small", "pack: !!str small", 1, 13, "!"},
    {"pack: small", "pack: *x", 1, 7, "*"},
    {"pack: small", "pack: small\n---\nq: r", 2, 1, "---"},
    {"pack: small", "? {x: y}\n: z", 1, 3, "冒号"},
    {"pack: small", "pack: [[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]", 1, 22, "16"},
    /* keys, types, codes, names */
    {"pack: small", "pac: small", 1, 1, "pack, name, en, hours"},
    {"pack: small", "pac: small", 1, 1, "缺少“pack”"},
    {"pack: small", "pack: small\npack: other", 2, 1, "line 1"},
    {"pack: small", "pack: [small]", 1, 7, "a text"},
    {"pack: small", "pack:", 1, 1, "missing"},
    {"pack: small", "pack: Small", 1, 7, "lower-case"},
    {"pack: small", "pack: '-x'", 1, 7, "lower-case"},
    {"{zh: 小街, en: Small}", "{en: Small}", 2, 7, "\"zh\" is missing"},
    {"{zh: 小街, en: Small}", "{zh: 小街, fr: Petite}", 2, 16, "zh, en"},
    {"{zh: 小街, en: Small}", "[小街]", 2, 7, "a text"},
    {"{zh: 小街, en: Small}", "{zh: 小街, en: Small}\nen: X", 3, 1, "two places"},
    {"zh: 小街", "zh: \"\"", 2, 12, "1 to 100"},
    {"zh: 小街", "zh: \"a\\nb\"", 2, 12, "one line"},
    /* hours */
    {"\"13:30-17:30\"", "\"11:30-17:30\"", 3, 24, "overlap"},
    {"\"13:30-17:30\"", "\"17:30-13:30\"", 3, 24, "09:00-12:00"},
    {"\"13:30-17:30\"", "\"13:30-25:00\"", 3, 24, "09:00-12:00"},
    {"\"13:30-17:30\"", "13:60-17:30", 3, 24, "09:00-12:00"},
    {"\"13:30-17:30\"", "all day", 3, 24, "09:00-12:00"},
    {"[\"08:30-12:00\", \"13:30-17:30\"]", "[]", 3, 8, "empty"},
    {"[\"08:30-12:00\", \"13:30-17:30\"]",
     "[01:00-02:00, 03:00-04:00, 05:00-06:00, 07:00-08:00, 09:00-10:00]", 3, 61, "4"},
    /* roles, sources, categories */
    {"role: grid_worker", "role: mayor", 4, 16, "social_worker"},
    {"Grid worker}]", "Grid worker}, {role: grid_worker, name: 再}]", 4, 65, "twice"},
    {"{source: phone, name: 电话}", "{source: web, name: 电话}", 5, 45, "given twice"},
    {"{source: phone, name: 电话}", "{source: phone}", 5, 36, "\"name\" is missing"},
    {"{source: phone, name: 电话}", "phone", 5, 36, "key: value"},
    {"[{source: web, name: 网页}, {source: phone, name: 电话}]", "[]", 5, 10, "at least one"},
    {"sources:", "source:", 1, 1, "“sources”"},
    {"code: a, name: 甲", "code: b.2, name: 甲", 8, 12, "first on line 7"},
    {"code: a, name: 甲", "code: a, name: 乙", 8, 12, "first on line 7"},
    {"{code: b.2, name: 二}", "{code: b.2, name: 一}", 7, 64, "“一”写了两次"},
    {"{code: b.2, name: 二}", "{code: b.2, title: 二}", 7, 69, "code, name, en, children"},
    {"children: [{code: a.1, name: 一}]", "children: 一", 8, 34, "a list"},
    /* kinds and stages */
    {"kind: repair", "kind: 报修", 10, 11, "lower-case"},
    {"name: 报修", "nam: 报修", 11, 5,
     "kind, name, en, confidential, warn, transfers, stages, flow"},
    {"    stages:\n", "    confidential: maybe\n    stages:\n", 13, 19, "true or false"},
    {"  - kind: repair\n", QUIET("{do: extend, by: unit, from: new, most: 1 day}"), 19, 9,
     "it has no \"extend\""},
    {"final: true}\n      - {stage: d", "final: yes}\n      - {stage: d", 17, 42, "true or false"},
    {"stage: handled", "stage: doing", 16, 17, "first on line 15"},
    {"    stages:\n", "    stages: none\n    stage:\n", 13, 13, "a list"},
    {"    flow:\n", "    flow: []\n    flows:\n", 19, 11, "1 to 256"},
    /* parts of a step */
    {"do: claim", "do: grab", 23, 14, "dispatch"},
    {"do: claim", "do: comment", 23, 14, "leave it out"},
    {"do: claim", "do: merge", 23, 14, "leave it out"},
    {"{do: claim, by", "{by", 23, 9, "\"do\" is missing"},
    {"by: handler, from: doing, to: doing}", "from: doing, to: doing}", 23, 9, "\"by\""},
    {"by: handler, from: doing, to: doing}", "by: mayor, from: doing, to: doing}", 23, 25,
     "requester, resident, anyone, worker, hotline, community, handler, above, unit"},
    {"by: handler, from: doing, to: doing}", "by: [], from: doing, to: doing}", 23, 25, "empty"},
    {"[anyone, resident]", "[anyone, anyone]", 20, 34, "repeated"},
    {"by: handler, from: doing, to: doing}", "by: handler, to: doing}", 23, 9, "\"from\""},
    {"by: handler, from: doing, to: doing}", "by: handler, from: [], to: doing}", 23, 40, "empty"},
    {"by: handler, from: doing, to: doing}", "by: handler, from: done, to: doing}", 23, 40,
     "new, doing, handled, closed, declined"},
    {"by: handler, from: doing, to: doing}", "by: handler, from: [doing, doing], to: doing}", 23,
     48, "repeated"},
    {"by: handler, from: doing, to: doing}", "by: handler, from: doing, to: done}", 23, 51,
     "“done”"},
    {"by: handler, from: doing, to: doing}", "by: handler, from: doing}", 23, 9,
     "\"to\" is missing"},
    {"needs: [result]", "needs: [photo]", 24, 69, "reason, result, to"},
    {"given: solved", "given: happy", 25, 42, "solved, unsolved"},
    {"within: 7 days", "within: a week", 25, 85, "4 work hours"},
    {"within: 7 days", "within: 0 days", 25, 85, "1 到 3650"},
    {"else: close", "else: escalate", 25, 99, "escalate"},
    {"to: closed}\n", "to: closed, on: overdue}\n", 26, 83, "for escalate"},
    {"to: closed}\n", "to: closed, on: overdue}\n", 26, 20, "no \"by\""},
    {"do: claim", "do: resume", 23, 14, "leave it out"},
    {"do: claim", "do: overdue", 23, 14, "by itself"},
    {"within: 3 work days", "within: {street: 3 work days}", 24, 86, "community"},
    {"within: 3 work days", "within: {community: 3 work days, town: 9 days}", 24, 111,
     "community, street, district"},
    {"en: Repair", "en: Repair\n    warn: soon", 13, 11, "4 work hours"},
    {"en: Repair", "en: Repair\n    transfers: 0", 13, 16, "1 to 99"},
    /* tiers, and steps that stay */
    {STEP_1, STEP_1 MORE "{do: escalate, on: overdue, from: handled, to: new}", 22, 43,
     "never overdue"},
    {STEP_1,
     STEP_1 MORE "{do: escalate, on: overdue, from: [new, doing], to: new}" MORE
                 "{do: escalate, on: overdue, from: doing, to: new}",
     23, 28, "line 22"},
    {STEP_1, STEP_1 MORE "{do: escalate, by: community, from: new, to: closed}", 22, 54, "final"},
    {STEP_1, STEP_1 MORE "{do: extend, by: handler, from: doing}", 22, 9, "\"most\""},
    {STEP_1, STEP_1 MORE "{do: extend, by: handler, from: doing, most: long}", 22, 54,
     "work hours"},
    {STEP_1, STEP_1 MORE "{do: extend, by: handler, from: doing, to: new, most: 1 day}", 22, 48,
     "do, by, from"},
    {STEP_1, STEP_1 MORE "{do: pause, by: requester, from: doing, most: 1 day}", 22, 25,
     "handler, community"},
    {STEP_1, STEP_1 MORE "{do: pause, by: handler, from: closed, most: 1 day}", 22, 40, "ended"},
    {STEP_1, STEP_1 MORE "{do: pause, by: handler, from: handled, most: 1 day}", 22, 40, "limit"},
    {STEP_1, STEP_1 MORE "{do: pause, by: handler, from: doing, most: 1 day, approve: all}", 22, 69,
     "above"},
    {STEP_1, STEP_1 MORE "{do: pause, by: handler, from: doing, most: 1 day, reasons: []}", 22, 69,
     "empty"},
    {STEP_1, STEP_1 MORE "{do: pause, by: handler, from: doing, most: 1 day, reasons: [rain]}", 22,
     70, "top of the pack"},
    {"sources: [", "reasons: [{reason: rain, name: 雨}, {reason: rain, name: 雨}]\nsources: [", 5,
     45, "twice"},
    {STEP_1, STEP_1 MORE "{do: supervise, by: community, from: doing, within: 1 day}", 22, 29,
     "above and hotline"},
    {STEP_1,
     STEP_1 MORE "{do: pause, by: handler, from: doing, most: 1 day}" MORE
                 "{do: pause, by: [handler, unit], from: doing, most: 2 days}",
     23, 9, "line 22"},
    /* who */
    {"[anyone, resident]", "[anyone, requester]", 20, 25, "requester"},
    {"by: unit", "by: requester", 22, 28, "\"dispatch\" cannot be done by \"requester\""},
    {"by: unit", "by: anyone", 22, 28, "anyone"},
    {"by: handler, from: doing, to: handled", "by: requester, from: doing, to: handled", 24, 26,
     "requester"},
    {"by: requester, given: unsolved", "by: handler, given: unsolved", 26, 24, "handler"},
    {"by: requester, from: [handled, closed]", "by: handler, from: [handled, closed]", 27, 26,
     "reopen"},
    /* from where, to where */
    {"resident], to: new}", "resident], from: new, to: new}", 20, 51, "order"},
    {"resident], to: new}", "resident], to: closed}", 20, 49, "final"},
    {"to: declined}", "to: handled}", 21, 53, "final"},
    {"from: [new, doing], to: doing", "from: [new, doing], to: closed", 22, 58, "final"},
    {"from: [new, doing], to: doing", "from: [new, closed], to: doing", 22, 40, "reopen"},
    {"from: [handled, closed], to: doing", "from: [handled, closed], to: handled", 27, 66,
     "change the stage"},
    {"needs: [result]", "needs: [to]", 24, 68, "dispatch and transfer"},
    {"needs: reason}", "needs: result}", 27, 80, "result"},
    {"resident], to: new}", "resident], to: new, needs: reason}", 20, 61, "order"},
    {"to: declined}", "to: declined, given: solved}", 21, 70, "rate"},
    /* limits */
    {"resident], to: new}", "resident], to: new, within: 1 day}", 20, 62, "duty"},
    {"to: declined}", "to: declined, within: 1 day}", 21, 71, "duty"},
    {"from: doing, to: doing}", "from: doing, to: doing, within: 1 day}", 23, 66, "never be met"},
    {STEP_1, STEP_1 MORE "{do: accept, by: community, from: new, to: doing, within: 1 day}", 23, 73,
     "earlier step"},
    {"given: solved, from: handled, to: closed, within: 7 days, else: close",
     "given: solved, from: handled, to: closed, else: close", 25, 83, "within"},
    {", else: close", "", 25, 85, "overdue"},
    {"within: 7 days", "within: 366 days", 25, 85, "365"},
    {"within: 7 days", "within: 23 hours", 25, 85, "at least 1 day"},
    {"within: 7 days", "within: 7 work hours", 25, 85, "at least 1 day"},
    {"within: 3 work days", "within: 3 work days, else: close", 24, 105, "submit"},
    {"given: solved, from: handled, to: closed", "given: solved, from: handled, to: doing", 25, 98,
     "final"},
    {SOLVED,
     "{do: verify, by: community, from: [new, handled], to: doing, within: 1 day}" MORE SOLVED, 26,
     85, "earlier step"},
    /* two steps that could both be meant */
    {UNSOLVED, "{do: rate, by: requester, from: handled, to: closed}", 26, 14, "given"},
    {UNSOLVED, "{do: rate, by: requester, given: solved, from: handled, to: doing}", 26, 14,
     "line 25"},
    {STEP_1, STEP_1 MORE "{do: decline, by: [community, worker], from: new, to: closed}", 22, 14,
     "line 21"},
    {REOPEN, "{do: order, by: [worker, resident], to: doing}", 27, 14, "line 20"},
    {UNSOLVED MORE REOPEN, "{do: verify, by: community, from: handled, to: closed}", 25, 42,
     "unsolved"},
    /* the graph */
    {"{do: order, by: [anyone, resident], to: new}",
     "{do: verify, by: worker, from: new, to: doing}", 10, 5, "do: order"},
    {", name: 办结, final: true}", ", name: 办结}", 17, 9, "Dead end"},
    {"      - {stage: closed", "      - {stage: lost, name: 丢了}\n      - {stage: closed", 17, 9,
     "No step leads"},
    {STEP_1, "{do: accept, by: community, from: new, to: handled}", 18, 9, "declined"},
    {"{stage: handled, name: 办好了}",
     "{stage: handled, name: 办好了}\n      - {stage: pit, name: 坑}", 17, 9, "No step leads"},
    {SOLVED MORE UNSOLVED, "{do: return, by: community, from: handled, to: doing}", 17, 9,
     "closed"},
    {SOLVED MORE UNSOLVED, "{do: return, by: community, from: handled, to: doing}", 15, 9,
     "no final stage"},
    {SOLVED MORE UNSOLVED, "{do: rate, by: requester, from: handled, to: closed}", 16, 9,
     "Only the requester"},
    {"resident], to: new}", "resident], to: doing}", 14, 9, "No step leads"},
    {STEP_1 MORE "{do: dispatch, by: unit, from: [new, doing], to: doing, within: 4 work hours}",
     STEP_1 MORE "{do: accept, by: community, from: new, to: doing}", 15, 9, "handler"},
};

static bool S_says(const struct pack_fault *f, const char *word)
{
    return str_has(f->zh, str_of(word)) || str_has(f->en, str_of(word));
}

/* False, having said why, when the pack is not refused there for that. */
static bool S_refused(const struct broken *b, struct str yaml)
{
    struct pack_report report;
    struct pack *p = NULL;
    enum err err = pack_test_load(yaml, &report, &p);
    bool found = false;
    for (size_t i = 0; i < report.n; i++) {
        const struct pack_fault *f = &report.faults[i];
        found = found || (f->line == b->line && f->column == b->column && S_says(f, b->word));
        assert_true(f->zh.n > 0 && f->en.n > 0);
        assert_int_equal(utf8_valid(f->zh), f->zh.n);
        if (i > 0)
            assert_true(f[-1].line <= f->line);
    }
    if (err != ERR_INVALID || !found) {
        print_error("%s\n  became %s\n  wanted %d:%d %s\n", b->old, b->new, b->line, b->column,
                    b->word);
        for (size_t i = 0; i < report.n; i++)
            print_error("  got %d:%d " STR_F " " STR_F "\n", report.faults[i].line,
                        report.faults[i].column, STR_A(report.faults[i].zh),
                        STR_A(report.faults[i].en));
    }
    assert_null(p);
    arena_free(report.arena);
    return err == ERR_INVALID && found;
}

static void test_broken(void **state)
{
    (void)state;
    char *text = test_malloc(PACK_TEST_TEXT);
    size_t wrong = 0;
    for (size_t i = 0; i < COUNT_OF(broken); i++)
        wrong += !S_refused(&broken[i], pack_test_changed(broken[i].old, broken[i].new, text));
    test_free(text);
    assert_int_equal(wrong, 0);
}

/* Whole texts, rather than changes of the base. */
static void test_unreadable(void **state)
{
    (void)state;
    static const struct {
        struct str yaml;
        int line, column;
        const char *word;
    } t[] = {
        {S(""), 1, 1, "empty"},
        {S("# nothing\n"), 1, 1, "empty"},
        {S("- pack: a\n"), 1, 1, "key: value"},
        {S("pack\n"), 1, 1, "key: value"},
        {S("pack: a\nname: b\0c\n"), 2, 8, "UTF-8"},
        {S("pack: a\nname: b\n"), 1, 1, "“matters”"},
        {S("pack: a\nname: b\n"), 1, 1, "“sources”"},
        {S("pack: a\nmatters: [x, {kind: k}]\n"), 2, 11, "key: value"},
        {S("pack: a\nmatters: [x, {kind: k}]\n"), 2, 14, "“stages”"},
        {S("pack: a\nmatters: [{kind: k}, {kind: k}]\n"), 2, 29, "given twice"},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct broken b = {"", t[i].yaml.p, t[i].line, t[i].column, t[i].word};
        assert_true(S_refused(&b, t[i].yaml));
    }
}

/* Long texts end in a fault, not in a long time or a lot of memory. */
static void test_too_much(void **state)
{
    (void)state;
    static const struct {
        const char *start, *repeated;
        size_t times;
        const char *word;
    } t[] = {
        {"pack: a\nname: ", "很", 101, "100"},
        {"pack: a\nname: ", "x", (1 << 20) + 1, "1024"},
        {"pack: a\nx: [", "1,", 100001, "100000"},
        {"pack: a\nsources: [", "{},", 201, "200"},
        {"pack: a\ncategories:\n", "  - {code: a, name: b}\n", 10001, "10000"},
        {"pack: a\n", "z: 1\n", 40000, "not known"},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        size_t n = strlen(t[i].start), each = strlen(t[i].repeated);
        char *text = test_malloc(n + t[i].times * each + 2);
        memcpy(text, t[i].start, n);
        for (size_t k = 0; k < t[i].times; k++, n += each)
            memcpy(text + n, t[i].repeated, each);
        if (strchr(t[i].start, '['))
            text[n++] = ']';
        text[n] = '\0';
        struct pack_report report;
        struct pack *p = NULL;
        bool found = false;
        assert_int_equal(pack_test_load((struct str){text, n}, &report, &p), ERR_INVALID);
        for (size_t k = 0; k < report.n; k++)
            found = found || S_says(&report.faults[k], t[i].word);
        assert_true(found);
        assert_true(report.n <= 200);
        arena_free(report.arena);
        test_free(text);
    }
}

/* What several see at once is not confidential. */
static void test_confidential(void **state)
{
    (void)state;
    char text[PACK_TEST_TEXT], both[PACK_TEST_TEXT];
    struct pack_report report;
    struct pack *p = NULL;
    pack_test_changed(STEP_1, STEP_1 MORE "{do: whistle, by: unit, from: new, to: doing}", text);
    assert_int_equal(pack_test_load(str_of(text), &report, &p), OK);
    pack_free(p);
    arena_free(report.arena);
    const char *at = strstr(text, "    stages:\n");
    assert_non_null(at);
    snprintf(both, sizeof both, "%.*s    confidential: true\n%s", (int)(at - text), text, at);
    assert_int_equal(pack_test_load(str_of(both), &report, &p), ERR_INVALID);
    assert_int_equal(report.n, 1);
    assert_true(str_has(report.faults[0].en, S("no whistle")));
    arena_free(report.arena);
}

/* Every fault of a file in one go, in the order of its lines. */
static void test_all_at_once(void **state)
{
    (void)state;
    static const char yaml[] = "name: x\npack: BAD\nhours: [9]\nextra: 1\nmatters:\n"
                               "  - {kind: k, name: k, stages: [{stage: s}], flow: [{do: fly}]}\n";
    static const int lines[] = {1, 2, 3, 4, 6, 6, 6, 6};
    struct pack_report report;
    struct pack *p = NULL;
    assert_int_equal(pack_test_load(str_of(yaml), &report, &p), ERR_INVALID);
    assert_int_equal(report.n, COUNT_OF(lines));
    for (size_t i = 0; i < report.n; i++)
        assert_int_equal(report.faults[i].line, lines[i]);
    arena_free(report.arena);
}

/* A pack cut off anywhere is refused or read, and nothing else. */
static void test_cut(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(pack_test_base); n += 3) {
        struct pack_report report;
        struct pack *p = NULL;
        enum err err = pack_test_load((struct str){pack_test_base, n}, &report, &p);
        assert_true(err == OK ? p && report.n == 0 : err == ERR_INVALID && !p && report.n > 0);
        pack_free(p);
        arena_free(report.arena);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    struct pack_report report = {.arena = arena_new(64)};
    struct pack *p = NULL;
    assert_int_equal(pack_load(S("a: b"), &report, &p), ERR_MEMORY);
    assert_null(p);
    arena_free(report.arena);
}

int check_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),       cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_too_much),     cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_confidential), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
