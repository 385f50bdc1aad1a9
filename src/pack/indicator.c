/* Reads `indicators:` of a pack. */
#include "pack/read.h"

#include <sodium.h>
#include <string.h>

enum { INDICATORS_MAX = 50, DOC_MAX = 300 };

const struct rule_fact indicator_facts[FACT_COUNT] = {
    [FACT_KIND] = {"kind", RULE_CODE},
    [FACT_CATEGORY] = {"category", RULE_CODE},
    [FACT_SOURCE] = {"source", RULE_CODE},
    [FACT_STAGE] = {"stage", RULE_CODE},
    [FACT_OUTCOME] = {"outcome", RULE_CODE},
    [FACT_OPEN] = {"open", RULE_BOOL},
    [FACT_SOLVED] = {"solved", RULE_BOOL},
    [FACT_SCORE] = {"score", RULE_NUMBER},
    [FACT_LATE] = {"late", RULE_BOOL},
    [FACT_IMPORTED] = {"imported", RULE_BOOL},
    [FACT_INSIDE_GRID] = {"inside_grid", RULE_BOOL},
    [FACT_TRANSFERS] = {"transfers", RULE_NUMBER},
    [FACT_RETURNS] = {"returns", RULE_NUMBER},
    [FACT_REOPENS] = {"reopens", RULE_NUMBER},
    [FACT_ESCALATIONS] = {"escalations", RULE_NUMBER},
    [FACT_EXTENSIONS] = {"extensions", RULE_NUMBER},
    [FACT_CREATED_AT] = {"created_at", RULE_TIME},
    [FACT_ANSWERED_AT] = {"answered_at", RULE_TIME},
    [FACT_HANDLED_AT] = {"handled_at", RULE_TIME},
    [FACT_CLOSED_AT] = {"closed_at", RULE_TIME},
    [FACT_DUE_AT] = {"due_at", RULE_TIME},
    [FACT_PAUSED] = {"paused", RULE_SPAN},
};

/* ---- codes that a rule names ---- */

static void S_list(struct arena *a, struct str *all, struct str word)
{
    *all = arena_printf(a, STR_F "%s" STR_F, STR_A(*all), all->n ? ", " : "", STR_A(word));
}

/* A stage is known when any kind has it; those of the first kind are told. */
static bool S_knows(void *arg, size_t fact, struct str code, struct str *allowed)
{
    const struct reader *r = arg;
    const struct pack *p = r->pack;
    bool found = false;
    struct str all = S("");
    if (fact == FACT_CATEGORY) {
        *allowed = S("categories");
        return pack_category(p, code) != NULL;
    }
    for (size_t i = 0; fact == FACT_OUTCOME && i < OUTCOME_COUNT; i++) {
        found = found || str_eq(code, str_of(outcome_names[i]));
        S_list(r->scratch, &all, str_of(outcome_names[i]));
    }
    for (size_t i = 0; fact == FACT_SOURCE && i < p->source_count; i++) {
        found = found || str_eq(code, p->sources[i].source);
        S_list(r->scratch, &all, p->sources[i].source);
    }
    for (size_t i = 0; fact == FACT_KIND && i < p->kind_count; i++) {
        found = found || str_eq(code, p->kinds[i].kind);
        S_list(r->scratch, &all, p->kinds[i].kind);
    }
    for (size_t i = 0; fact == FACT_STAGE && i < p->kind_count; i++) {
        size_t stage = 0;
        found = found || kind_stage(&p->kinds[i], code, &stage);
        for (size_t s = 0; !found && i == 0 && s < p->kinds[i].stage_count; s++)
            S_list(r->scratch, &all, p->kinds[i].stages[s].stage);
    }
    *allowed = all;
    return found;
}

/* ---- the parts of an indicator ---- */

/* The rule of a key; NULL when it is not given, and with a fault when it is wrong. */
static const struct rule *S_rule(struct reader *r, const struct node *map, const char *key,
                                 bool required)
{
    const struct node *value = node_typed(map, key, NODE_TEXT, required, r->report);
    const struct rule_facts facts = {indicator_facts, FACT_COUNT, S_knows, r};
    struct rule_fault fault;
    struct rule *rule = NULL;
    if (!value || rule_parse(r->arena, value->text, &facts, &rule, &fault) == OK)
        return rule;
    struct mark at = value->at;
    at.column += (int)fault.at + value->quoted;
    /* Both are given to both: each shows its own and no character of the other. */
    fault_add(r->report, at, "%s%.0s", "%.0s%s", fault.zh.p, fault.en.p);
    return NULL;
}

/* The same, of one of these types. */
static const struct rule *S_rule_of(struct reader *r, const struct node *map, const char *key,
                                    bool required, enum rule_type one, enum rule_type other)
{
    const struct rule *rule = S_rule(r, map, key, required);
    if (!rule || rule_type(rule) == one || rule_type(rule) == other)
        return rule;
    if (one == RULE_BOOL)
        fault_add(r->report, node_get(map, key)->at, "“%s”要写成一个条件，结果是“是”或“否”。",
                  "\"%s\" must be a condition, yes or no.", key);
    else if (other == RULE_SPAN)
        fault_add(r->report, node_get(map, key)->at, "“%s”要算出一个数或一段时长。",
                  "\"%s\" must give a number or a span of time.", key);
    else
        fault_add(r->report, node_get(map, key)->at, "“%s”要算出一个数。",
                  "\"%s\" must give a number.", key);
    return NULL;
}

static struct str S_sentence(struct reader *r, const struct node *value)
{
    struct str text = value ? str_trim(value->text) : NO_STR;
    if (!value || (text.n > 0 && utf8_count(text) <= DOC_MAX))
        return value ? arena_str(r->arena, text) : NO_STR;
    fault_add(r->report, value->at, "说明要写 1 到 %d 个字。", "Give 1 to %d characters.",
              (int)DOC_MAX);
    return NO_STR;
}

static struct pack_label S_doc(struct reader *r, const struct node *map)
{
    static const char *const keys[] = {"zh", "en", NULL};
    struct pack_label doc = {NO_STR, NO_STR};
    const struct node *value = node_typed(map, "doc", NODE_MAP, true, r->report);
    if (!value)
        return doc;
    node_keys(value, keys, r->report);
    doc.zh = S_sentence(r, node_typed(value, "zh", NODE_TEXT, true, r->report));
    doc.en = S_sentence(r, node_typed(value, "en", NODE_TEXT, false, r->report));
    if (!doc.en.p)
        doc.en = doc.zh;
    return doc;
}

static void S_at(struct reader *r, const struct node *map, struct pack_indicator *ret)
{
    static const enum fact times[] = {FACT_CREATED_AT, FACT_ANSWERED_AT, FACT_HANDLED_AT,
                                      FACT_CLOSED_AT};
    const struct node *value = node_typed(map, "at", NODE_TEXT, true, r->report);
    for (size_t i = 0; value && i < COUNT_OF(times); i++) {
        if (str_eq(value->text, str_of(indicator_facts[times[i]].name))) {
            ret->at = times[i];
            return;
        }
    }
    if (value)
        fault_add(r->report, value->at,
                  "at 写哪个时间决定算进哪个月：created_at、answered_at、handled_at 或 closed_at。",
                  "\"at\" is the time that puts it into a month: created_at, answered_at, "
                  "handled_at or closed_at.");
}

static void S_quantiles(struct reader *r, const struct node *map, struct pack_indicator *ret)
{
    const struct node *list = node_typed(map, "quantiles", NODE_LIST, false, r->report);
    int64_t last = 0, n = 0;
    if (list && (!ret->measure || rule_type(ret->measure) != RULE_SPAN))
        fault_add(r->report, list->at, "quantiles 只用于 measure 量的是时长的指标。",
                  "\"quantiles\" is for indicators whose \"measure\" is a span of time.");
    for (const struct node *item = list ? list->child : NULL; item; item = item->next) {
        bool good = item->type == NODE_TEXT && str_int(item->text, &n) && n > last && n < 100;
        if (!good || ret->quantile_count == QUANTILES_MAX) {
            fault_add(r->report, item->at, "分位写 1 到 99 的整数，从小到大，最多 %d 个。",
                      "Quantiles are whole numbers from 1 to 99, ascending, at most %d.",
                      (int)QUANTILES_MAX);
            return;
        }
        ret->quantiles[ret->quantile_count++] = n;
        last = n;
    }
}

/* ---- an indicator ---- */

static void S_hash_part(crypto_generichash_state *state, struct str s)
{
    crypto_generichash_update(state, (const unsigned char *)(s.p ? s.p : ""), s.n);
    crypto_generichash_update(state, (const unsigned char *)"\n", 1);
}

/* 62 bits, so that it is a plain positive number everywhere. Quantiles are read off the same
 * sums, and are not in it. */
static int64_t S_key(const struct pack_indicator *i)
{
    const struct rule *const rules[] = {i->when, i->except, i->meets, i->weight, i->measure};
    crypto_generichash_state state;
    unsigned char hash[16];
    int64_t key = 0;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    S_hash_part(&state, i->indicator);
    S_hash_part(&state, str_of(indicator_facts[i->at].name));
    for (size_t k = 0; k < COUNT_OF(rules); k++)
        S_hash_part(&state, rules[k] ? rule_text(rules[k]) : S(""));
    crypto_generichash_final(&state, hash, sizeof hash);
    for (size_t k = 0; k < 8; k++)
        key = (key & (INT64_MAX >> 8)) << 8 | hash[k];
    return (key & (INT64_MAX >> 1)) | 1;
}

static void S_shape(struct reader *r, const struct node *map)
{
    const struct node *measure = node_get(map, "measure"), *weight = node_get(map, "weight");
    if (measure && node_get(map, "meets"))
        fault_add(r->report, measure->key_at, "meets 和 measure 只写一个：要么算比率，要么量数值。",
                  "Give \"meets\" or \"measure\", not both: a share, or something measured.");
    if (weight && !node_get(map, "meets"))
        fault_add(r->report, weight->key_at, "weight 要和 meets 一起用。",
                  "\"weight\" goes with \"meets\".");
}

static bool S_indicator(struct reader *r, const struct node *map, struct pack_indicator *ret)
{
    static const char *const keys[] = {"indicator", "name",   "en",     "doc",   "of",
                                       "at",        "when",   "except", "meets", "measure",
                                       "quantiles", "weight", NULL};
    size_t before = r->report->n;
    const struct node *of = node_typed(map, "of", NODE_TEXT, true, r->report);
    node_keys(map, keys, r->report);
    *ret = (struct pack_indicator){.indicator = read_code(r, map, "indicator"),
                                   .name = read_label(r, map),
                                   .doc = S_doc(r, map),
                                   .line = map->at.line};
    if (of && !str_eq(of->text, S("matter")))
        fault_add(r->report, of->at, "of 现在只能写 matter。", "\"of\" can only be matter.");
    S_at(r, map, ret);
    ret->when = S_rule_of(r, map, "when", true, RULE_BOOL, RULE_BOOL);
    ret->except = S_rule_of(r, map, "except", false, RULE_BOOL, RULE_BOOL);
    ret->meets = S_rule_of(r, map, "meets", false, RULE_BOOL, RULE_BOOL);
    ret->weight = S_rule_of(r, map, "weight", false, RULE_NUMBER, RULE_NUMBER);
    ret->measure = S_rule_of(r, map, "measure", false, RULE_NUMBER, RULE_SPAN);
    S_quantiles(r, map, ret);
    S_shape(r, map);
    if (r->report->n > before)
        return false;
    ret->key = S_key(ret);
    return true;
}

static void S_add(struct reader *r, const struct node *item)
{
    struct pack *p = r->pack;
    struct pack_indicator one;
    if (!read_map(r, item) || !S_indicator(r, item, &one))
        return;
    for (size_t i = 0; i < p->indicator_count; i++) {
        if (!str_eq(p->indicators[i].indicator, one.indicator))
            continue;
        fault_add(r->report, node_get(item, "indicator")->at,
                  "“%.*s”写了两次（第一次在第 %d 行）。",
                  "\"%.*s\" is given twice (first on line %d).", SHOW(one.indicator),
                  p->indicators[i].line);
        return;
    }
    p->indicators[p->indicator_count++] = one;
}

void read_indicators(struct reader *r, const struct node *root)
{
    const struct node *list = node_typed(root, "indicators", NODE_LIST, false, r->report);
    struct pack *p = r->pack;
    if (!list && !node_get(root, "indicators")) {
        root = yaml_read(r->scratch, str_of(indicator_default), r->report);
        list = root ? node_get(root, "indicators") : NULL;
    }
    if (list && list->count > INDICATORS_MAX) {
        fault_add(r->report, list->at, "“%s”太长：最多 %d 项。", "\"%s\" has over %d items.",
                  "indicators", (int)INDICATORS_MAX);
        return;
    }
    p->indicators = list ? arena_array(r->arena, list->count, sizeof *p->indicators) : NULL;
    for (const struct node *item = p->indicators ? list->child : NULL; item; item = item->next)
        S_add(r, item);
}

const struct pack_indicator *pack_indicator(const struct pack *p, struct str code)
{
    for (size_t i = 0; i < p->indicator_count; i++) {
        if (str_eq(p->indicators[i].indicator, code))
            return &p->indicators[i];
    }
    return NULL;
}
