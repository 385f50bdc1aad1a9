#include "pack/pack_test.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* clang-format off: one line of the pack a line */
const char pack_test_base[] =
    "pack: small\n"
    "name: {zh: 小街, en: Small}\n"
    "hours: [\"08:30-12:00\", \"13:30-17:30\"]\n"
    "roles: [{role: grid_worker, name: 网格员, en: Grid worker}]\n"
    "sources: [{source: web, name: 网页}, {source: phone, name: 电话}]\n"
    "categories:\n"
    "  - {code: b, name: 乙, children: [{code: b.1, name: 一}, {code: b.2, name: 二}]}\n"
    "  - {code: a, name: 甲, children: [{code: a.1, name: 一}]}\n"
    "matters:\n"
    "  - kind: repair\n"
    "    name: 报修\n"
    "    en: Repair\n"
    "    stages:\n"
    "      - {stage: new, name: 收到了, en: Received}\n"
    "      - {stage: doing, name: 正在办}\n"
    "      - {stage: handled, name: 办好了}\n"
    "      - {stage: closed, name: 办结, final: true}\n"
    "      - {stage: declined, name: 没有受理, final: true}\n"
    "    flow:\n"
    "      - {do: order, by: [anyone, resident], to: new}\n"
    "      - {do: decline, by: community, from: new, to: declined}\n"
    "      - {do: dispatch, by: unit, from: [new, doing], to: doing, within: 4 work hours}\n"
    "      - {do: claim, by: handler, from: doing, to: doing}\n"
    "      - {do: submit, by: handler, from: doing, to: handled, needs: [result], within: 3 work "
    "days}\n"
    "      - {do: rate, by: requester, given: solved, from: handled, to: closed, within: 7 days, "
    "else: close}\n"
    "      - {do: rate, by: requester, given: unsolved, from: handled, to: closed}\n"
    "      - {do: reopen, by: requester, from: [handled, closed], to: doing, needs: reason}\n";
/* clang-format on */

enum err pack_test_load(struct str yaml, struct pack_report *report, struct pack **ret)
{
    *report = (struct pack_report){.arena = arena_new(1 << 22)};
    assert_non_null(report->arena);
    return pack_load(yaml, report, ret);
}

/* The base with its first `old` replaced. */
struct str pack_test_changed(const char *old, const char *new, char *text)
{
    const char *at = strstr(pack_test_base, old);
    if (!at)
        fail_msg("not in the base: %s", old);
    int n = snprintf(text, PACK_TEST_TEXT, "%.*s%s%s", (int)(at - pack_test_base), pack_test_base,
                     new, at + strlen(old));
    return (struct str){text, (size_t)n};
}

static struct pack *S_good(struct str yaml)
{
    struct pack_report report;
    struct pack *p = NULL;
    enum err err = pack_test_load(yaml, &report, &p);
    for (size_t i = 0; i < report.n; i++)
        print_error("%d:%d " STR_F "\n", report.faults[i].line, report.faults[i].column,
                    STR_A(report.faults[i].en));
    assert_int_equal(err, OK);
    assert_non_null(p);
    assert_int_equal(report.n, 0);
    arena_free(report.arena);
    return p;
}

/* ---- good packs ---- */

static void test_reads(void **state)
{
    (void)state;
    struct pack *p = S_good(str_of(pack_test_base));
    assert_true(str_eq(p->pack, S("small")));
    assert_true(str_eq(p->name.zh, S("小街")));
    assert_true(str_eq(p->name.en, S("Small")));
    assert_int_equal(p->id, 0);
    assert_int_equal(p->hash.n, 64);
    assert_true(str_eq(p->yaml, str_of(pack_test_base)));
    assert_int_equal(p->hours.n, 2);
    assert_int_equal(p->hours.spans[0].from, 8 * 60 + 30);
    assert_int_equal(p->hours.spans[1].to, 17 * 60 + 30);
    assert_int_equal(p->role_count, 1);
    assert_true(str_eq(p->roles[0].name.en, S("Grid worker")));
    assert_int_equal(p->source_count, 2);
    assert_true(str_eq(p->sources[1].name.en, S("电话"))); /* en falls back */
    assert_true(pack_source_known(p, S("phone")));
    assert_false(pack_source_known(p, S("fax")));
    assert_int_equal(p->kind_count, 1);
    pack_free(p);
    pack_free(NULL);
}

static void test_categories(void **state)
{
    (void)state;
    struct pack *p = S_good(str_of(pack_test_base));
    static const char *const order[] = {"b", "b.1", "b.2", "a", "a.1"};
    assert_int_equal(p->category_count, COUNT_OF(order));
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        assert_true(str_eq(p->categories[i].code, str_of(order[i])));
        assert_ptr_equal(pack_category(p, str_of(order[i])), &p->categories[i]);
    }
    assert_true(str_eq(pack_category(p, S("b.2"))->parent, S("b")));
    assert_int_equal(pack_category(p, S("a"))->parent.n, 0);
    assert_null(pack_category(p, S("b.3")));
    assert_null(pack_category(p, S("")));
    assert_null(pack_category(p, S("zzz")));
    pack_free(p);
}

static void test_kind(void **state)
{
    (void)state;
    struct pack *p = S_good(str_of(pack_test_base));
    const struct pack_kind *k = pack_kind(p, S("repair"));
    assert_non_null(k);
    assert_null(pack_kind(p, S("repai")));
    assert_int_equal(k->line, 10);
    assert_int_equal(k->stage_count, 5);
    assert_int_equal(k->step_count, 8);
    static const enum act awaits[] = {ACT_DISPATCH, ACT_SUBMIT, ACT_RATE, ACT_COUNT, ACT_COUNT};
    for (size_t i = 0; i < k->stage_count; i++) {
        assert_int_equal(k->stages[i].awaits, awaits[i]);
        assert_int_equal(k->stages[i].final, i >= 3);
        assert_int_equal(k->stages[i].line, 14 + (int)i);
    }
    size_t stage = 99;
    assert_true(kind_stage(k, S("handled"), &stage));
    assert_int_equal(stage, 2);
    assert_false(kind_stage(k, S("Handled"), &stage));
    const struct pack_step *s = k->steps;
    assert_int_equal(s[0].by, SIDE_ANYONE | SIDE_RESIDENT);
    assert_int_equal(s[0].from, 0);
    assert_int_equal(s[1].needs, NEED_REASON); /* implied by decline */
    assert_int_equal(s[2].by, SIDE_UNIT);
    assert_int_equal(s[2].from, 3);
    assert_int_equal(s[2].to, 1);
    assert_int_equal(s[2].needs, NEED_TO); /* implied by dispatch */
    assert_int_equal(s[2].within[0].unit, LIMIT_WORK_HOURS);
    assert_int_equal(s[5].given, GIVEN_SOLVED);
    assert_true(s[5].else_close);
    assert_int_equal(s[5].within[0].n, 7);
    assert_int_equal(s[6].given, GIVEN_UNSOLVED);
    assert_false(s[6].else_close);
    assert_int_equal(s[7].from, 4 | 8);
    assert_int_equal(s[7].line, 27);
    pack_free(p);
}

static void test_steps(void **state)
{
    (void)state;
    static const struct {
        enum act act;
        size_t stage;
        unsigned sides;
        enum given given;
        int step; /* -1: none */
        bool wrong;
    } t[] = {
        {ACT_ORDER, 4, SIDE_RESIDENT, GIVEN_ANY, 0, false},
        {ACT_ORDER, 0, SIDE_WORKER, GIVEN_ANY, -1, true},
        {ACT_DISPATCH, 0, SIDE_UNIT | SIDE_WORKER, GIVEN_ANY, 2, false},
        {ACT_DISPATCH, 1, SIDE_UNIT, GIVEN_SOLVED, 2, false},
        {ACT_DISPATCH, 2, SIDE_UNIT, GIVEN_ANY, -1, false},
        {ACT_DISPATCH, 0, SIDE_HANDLER, GIVEN_ANY, -1, true},
        {ACT_CLAIM, 1, SIDE_HANDLER, GIVEN_ANY, 3, false},
        {ACT_RATE, 2, SIDE_REQUESTER, GIVEN_SOLVED, 5, false},
        {ACT_RATE, 2, SIDE_REQUESTER, GIVEN_UNSOLVED, 6, false},
        {ACT_RATE, 2, SIDE_REQUESTER, GIVEN_ANY, 5, false},
        {ACT_RATE, 2, SIDE_HANDLER, GIVEN_UNSOLVED, -1, true},
        {ACT_RATE, 2, 0, GIVEN_UNSOLVED, -1, true},
        {ACT_RATE, 3, SIDE_REQUESTER, GIVEN_SOLVED, -1, false},
        {ACT_REOPEN, 3, SIDE_REQUESTER, GIVEN_ANY, 7, false},
        {ACT_REOPEN, 4, SIDE_REQUESTER, GIVEN_ANY, -1, false},
        {ACT_COMMENT, 0, SIDE_REQUESTER, GIVEN_ANY, -1, false},
    };
    struct pack *p = S_good(str_of(pack_test_base));
    const struct pack_kind *k = &p->kinds[0];
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        bool wrong = !t[i].wrong;
        const struct pack_step *step =
            kind_step(k, t[i].act, t[i].stage, t[i].sides, t[i].given, &wrong);
        assert_int_equal(step ? step - k->steps : -1, t[i].step);
        assert_int_equal(wrong, t[i].wrong);
        assert_ptr_equal(kind_step(k, t[i].act, t[i].stage, t[i].sides, t[i].given, NULL), step);
    }
    assert_ptr_equal(kind_limit(k, 0), &k->steps[2]);
    assert_ptr_equal(kind_limit(k, 1), &k->steps[4]); /* not dispatch: it stays in doing */
    assert_ptr_equal(kind_limit(k, 2), &k->steps[5]);
    assert_null(kind_limit(k, 3));
    pack_free(p);
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACT_COUNT; i++) {
        enum act act = ACT_COUNT;
        assert_true(act_parse(str_of(act_names[i]), &act));
        assert_int_equal(act, i);
    }
    assert_null(act_names[ACT_COUNT]);
    assert_null(outcome_names[OUTCOME_COUNT]);
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        assert_non_null(outcome_names[i]);
    enum act act = ACT_RATE;
    assert_false(act_parse(S("orde"), &act));
    assert_false(act_parse(NO_STR, &act));
    assert_int_equal(act, ACT_RATE);
}

/* Other ways to write the same, and what is allowed though rare. */
static void test_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new;
    } t[] = {
        {"name: {zh: 小街, en: Small}", "name: 小街"},
        {"name: {zh: 小街, en: Small}", "name: 小街\nen: Small"},
        {"pack: small", "\xEF\xBB\xBFpack: \"small\"  # with a byte order mark"},
        {"hours: [\"08:30-12:00\", \"13:30-17:30\"]\n", ""},
        {"[\"08:30-12:00\", \"13:30-17:30\"]", "['00:00-24:00']"},
        {"[\"08:30-12:00\", \"13:30-17:30\"]", "[08:30 - 12:00, 12:00-17:00]"},
        {"en: Small}", "en: ~}"},
        {"name: 正在办}", "name: 正在办, final: false}"},
        {"{do: order, by: [anyone, resident], to: new}",
         "do: order\n        by:\n          - worker\n          - hotline\n"
         "          - community\n        to: new"},
        {"within: 7 days", "within: 24 hours"},
        {"within: 7 days", "within: 1440 minutes"},
        {"within: 7 days", "within: 365 days"},
        {"given: solved, from", "from"}, /* with the next line's rating gone */
    };
    char *text = test_malloc(PACK_TEST_TEXT);
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct str yaml = pack_test_changed(t[i].old, t[i].new, text);
        char *unsolved = strstr(text, "      - {do: rate, by: requester, given: unsolved");
        if (i + 1 == COUNT_OF(t)) {
            size_t line = (size_t)(strchr(unsolved, '\n') + 1 - unsolved);
            memmove(unsolved, unsolved + line, strlen(unsolved + line) + 1);
            yaml.n -= line;
        }
        pack_free(S_good(yaml));
    }
    test_free(text);
}

static void test_hash(void **state)
{
    (void)state;
    char *text = test_malloc(PACK_TEST_TEXT);
    struct pack *a = S_good(str_of(pack_test_base)), *b = S_good(str_of(pack_test_base));
    struct pack *c = S_good(pack_test_changed("small", "smalx", text));
    assert_true(str_eq(a->hash, b->hash));
    assert_false(str_eq(a->hash, c->hash));
    pack_free(a);
    pack_free(b);
    pack_free(c);
    test_free(text);
}

/* ---- the packs that come with the program ---- */

static struct pack *S_file(const char *path)
{
    char *text = test_malloc(PACK_TEST_TEXT);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s: run the tests in the root of the repository", path);
    size_t n = fread(text, 1, PACK_TEST_TEXT, file);
    fclose(file);
    struct pack *p = S_good((struct str){text, n});
    test_free(text);
    return p;
}

/* Whoever may rate can also say that it is not solved; every kind can be asked for and declared. */
static void S_expect_kinds(const struct pack *p, const char *const *kinds, size_t n)
{
    assert_int_equal(p->kind_count, n);
    for (size_t i = 0; i < n; i++) {
        const struct pack_kind *k = pack_kind(p, str_of(kinds[i]));
        if (!k) {
            fail_msg("no kind %s", kinds[i]);
            return;
        }
        assert_non_null(kind_step(k, ACT_ORDER, 0, SIDE_RESIDENT, GIVEN_ANY, NULL));
        assert_non_null(kind_limit(k, 0));
        assert_false(str_eq(k->name.zh, k->name.en));
        for (size_t stage = 0; stage < k->stage_count; stage++) {
            assert_false(str_eq(k->stages[stage].name.zh, k->stages[stage].name.en));
            assert_int_equal(k->stages[stage].final, k->stages[stage].awaits == ACT_COUNT);
            assert_int_equal(k->stages[stage].final, kind_limit(k, stage) == NULL);
        }
    }
}

static void test_yannan(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "repair",  "heating-water", "property",   "hardship", "legacy",      "epidemic", "dispute",
        "inquiry", "wish",          "suggestion", "safety",   "counselling", "service"};
    static const char *const tops[] = {"policy",       "demand",   "together",      "mediation",
                                       "volunteering", "cohesion", "heating-water", "property",
                                       "epidemic",     "hardship", "legacy"};
    static const char *const sources[] = {"web",           "wechat",  "phone", "hotline",
                                          "hotline_12345", "walk_in", "patrol"};
    struct pack *p = S_file("packs/yannan.yaml");
    S_expect_kinds(p, kinds, COUNT_OF(kinds));
    for (size_t i = 0; i < p->kind_count; i++)
        assert_int_equal(p->kinds[i].confidential, str_eq(p->kinds[i].kind, S("counselling")));
    size_t top = 0;
    for (size_t i = 0; i < p->category_count; i++) {
        assert_false(str_eq(p->categories[i].name.zh, p->categories[i].name.en));
        top += p->categories[i].parent.n == 0;
    }
    assert_int_equal(top, COUNT_OF(tops)); /* six functions and five problem classes */
    for (size_t i = 0; i < COUNT_OF(tops); i++)
        assert_non_null(pack_category(p, str_of(tops[i])));
    for (size_t i = 0; i < COUNT_OF(sources); i++)
        assert_true(pack_source_known(p, str_of(sources[i])));
    pack_free(p);
}

/* The code for a path of names, as an importer looks it up. */
static struct str S_code_of(const struct pack *p, const char *const *names, size_t n)
{
    struct str parent = NO_STR;
    for (size_t level = 0; level < n; level++) {
        size_t i = 0;
        while (i < p->category_count && !(str_eq(p->categories[i].parent, parent) &&
                                          str_eq(p->categories[i].name.zh, str_of(names[level]))))
            i++;
        if (i == p->category_count)
            return NO_STR;
        parent = p->categories[i].code;
    }
    return parent;
}

static void test_pingshan(void **state)
{
    (void)state;
    static const char *const kinds[] = {"complaint", "inquiry", "suggestion", "help", "thanks"};
    static const struct {
        const char *names[3];
        const char *code;
    } t[] = {
        {{"市容环卫", "市容城管", "市容环卫"}, "5.1159.1160"},
        {{"市容环卫", "占道经营", "无照经营游商"}, "5.178.602"},
        {{"市容环卫", "其他市容违法行为或影响市容事件", "其它无证经营"}, "5.181.602"},
        {{"市容环卫", "其他市容违法行为或影响市容事件", "乱堆物堆料"}, "5.181.615"},
        {{"市容环卫", "其他市容违法行为或影响市容事件", "乱堆物堆料、沿街晾挂"}, "5.181.615-2"},
        {{"专业事件采集", "综合事件采集", "综合事件采集"}, "695.702.703"},
        {{"市政设施", "公用部件", "路灯(灯光)井盖"}, "6.185.633"},
    };
    struct pack *p = S_file("packs/pingshan.yaml");
    size_t levels[3] = {0};
    S_expect_kinds(p, kinds, COUNT_OF(kinds));
    for (size_t i = 0; i < p->category_count; i++) {
        size_t dots = 0;
        for (size_t k = 0; k < p->categories[i].code.n; k++)
            dots += p->categories[i].code.p[k] == '.';
        levels[dots]++;
        if (dots == 0)
            assert_false(str_eq(p->categories[i].name.zh, p->categories[i].name.en));
    }
    assert_int_equal(levels[0], 18);
    assert_int_equal(levels[1], 114);
    assert_int_equal(levels[2], 295);
    for (size_t i = 0; i < COUNT_OF(t); i++)
        assert_true(str_eq(S_code_of(p, t[i].names, 3), str_of(t[i].code)));
    pack_free(p);
}

/* Tiers with limits of their own, what time hands up, and the steps that stay. */
static void test_tiers(void **state)
{
    (void)state;
    struct pack_report report;
    struct pack *p = NULL;
    char text[PACK_TEST_TEXT];
    bool wrong_side = false;
    struct str yaml = pack_test_changed(
        "needs: [result], within: 3 work days}",
        "needs: [result], within: {community: 3 work days, district: 9 days}}\n"
        "      - {do: escalate, by: community, from: new, to: new}\n"
        "      - {do: escalate, on: overdue, from: [new, doing], to: new}\n"
        "      - {do: pause, by: handler, from: doing, most: 9 days, times: 2, approve: above}\n"
        "      - {do: supervise, by: above, from: doing, within: 4 work hours}",
        text);
    assert_int_equal(pack_test_load(yaml, &report, &p), OK);
    const struct pack_kind *k = pack_kind(p, S("repair"));
    const struct pack_step *submit = kind_limit(k, 1);
    assert_int_equal(submit->act, ACT_SUBMIT);
    assert_int_equal(submit->within[TIER_COMMUNITY].n, 3);
    assert_int_equal(submit->within[TIER_STREET].unit, LIMIT_WORK_DAYS); /* as the tier below */
    assert_int_equal(submit->within[TIER_DISTRICT].unit, LIMIT_DAYS);
    assert_int_equal(kind_overdue(k, 0)->act, ACT_ESCALATE);
    assert_null(kind_overdue(k, 2));
    /* Nobody takes by hand what is time's. */
    assert_non_null(kind_step(k, ACT_ESCALATE, 0, SIDE_UNIT, GIVEN_ANY, NULL));
    assert_null(kind_step(k, ACT_ESCALATE, 1, ~0u, GIVEN_ANY, &wrong_side));
    assert_int_equal(k->stay_count, 2);
    const struct pack_stay *pause = kind_stay(k, ACT_PAUSE, 1, SIDE_HANDLER, &wrong_side);
    assert_non_null(pause);
    assert_int_equal(pause->times, 2);
    assert_true(pause->above);
    assert_null(kind_stay(k, ACT_PAUSE, 1, SIDE_UNIT, &wrong_side));
    assert_true(wrong_side);
    assert_null(kind_stay(k, ACT_SUPERVISE, 0, SIDE_ABOVE, &wrong_side));
    assert_int_equal(k->transfers, TRANSFERS_DEFAULT);
    assert_int_equal(k->warn.unit, LIMIT_NONE);
    pack_free(p);
    arena_free(report.arena);
}

int pack_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),    cmocka_unit_test(test_categories),
        cmocka_unit_test(test_kind),     cmocka_unit_test(test_steps),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_hash),     cmocka_unit_test(test_yannan),
        cmocka_unit_test(test_pingshan), cmocka_unit_test(test_tiers),
    };
    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
