#include "pack/read.h"

#include <stdio.h>
#include <string.h>

const struct word side_words[] = {
    {S("requester"), SIDE_REQUESTER}, {S("resident"), SIDE_RESIDENT}, {S("anyone"), SIDE_ANYONE},
    {S("worker"), SIDE_WORKER},       {S("hotline"), SIDE_HOTLINE},   {S("community"), SIDE_UNIT},
    {S("handler"), SIDE_HANDLER},     {S("above"), SIDE_ABOVE},       {S("unit"), SIDE_UNIT},
};
const size_t side_word_count = COUNT_OF(side_words);

static const struct word need_words[] = {
    {S("reason"), NEED_REASON}, {S("result"), NEED_RESULT}, {S("to"), NEED_TO}};

static const struct word given_words[] = {{S("solved"), GIVEN_SOLVED},
                                          {S("unsolved"), GIVEN_UNSOLVED}};

/* "a, b, c" */
static struct str S_join(struct arena *a, const struct word *words, size_t n)
{
    struct str all = arena_printf(a, STR_F, STR_A(words[0].word));
    for (size_t i = 1; i < n && all.p; i++)
        all = arena_printf(a, STR_F ", " STR_F, STR_A(all), STR_A(words[i].word));
    return all;
}

static struct str S_stage_names(struct reader *r, const struct pack_kind *kind)
{
    struct str all = S("");
    for (size_t i = 0; i < kind->stage_count && all.p; i++)
        all = arena_printf(r->scratch, STR_F "%s" STR_F, STR_A(all), i ? ", " : "",
                           STR_A(kind->stages[i].stage));
    return all;
}

/* `key: true` or `key: false`; false when it is not there. */
static bool S_flag(struct reader *r, const struct node *map, const char *key)
{
    const struct node *value = node_typed(map, key, NODE_TEXT, false, r->report);
    bool yes = value && str_eq(value->text, S("true"));
    if (value && !yes && !str_eq(value->text, S("false")))
        fault_add(r->report, value->at, "%s 只能写 true 或 false。", "\"%s\" is true or false.",
                  key);
    return yes;
}

/* ---- stages ---- */

static void S_stage(struct reader *r, const struct node *item, struct pack_kind *kind,
                    struct kind_mark *mark)
{
    static const char *const keys[] = {"stage", "name", "en", "final", NULL};
    node_keys(item, keys, r->report);
    struct pack_stage stage = {.name = read_label(r, item),
                               .stage = read_code(r, item, "stage"),
                               .line = item->at.line,
                               .awaits = ACT_COUNT};
    size_t first = 0;
    stage.final = S_flag(r, item, "final");
    if (!stage.stage.n)
        return;
    if (kind_stage(kind, stage.stage, &first)) {
        fault_add(r->report, node_get(item, "stage")->at,
                  "阶段“%.*s”写了两次（第一次在第 %d 行）。",
                  "Stage \"%.*s\" is given twice (first on line %d).", SHOW(stage.stage),
                  kind->stages[first].line);
        return;
    }
    mark->stages[kind->stage_count] = item->at;
    kind->stages[kind->stage_count++] = stage;
}

static void S_stages(struct reader *r, const struct node *map, struct pack_kind *kind,
                     struct kind_mark *mark)
{
    const struct node *list = node_typed(map, "stages", NODE_LIST, true, r->report);
    if (!list)
        return;
    if (list->count == 0 || list->count > STAGES_MAX) {
        fault_add(r->report, list->at, "阶段要有 1 到 %d 个。", "There must be 1 to %d stages.",
                  (int)STAGES_MAX);
        return;
    }
    kind->stages = arena_array(r->arena, list->count, sizeof *kind->stages);
    mark->stages = arena_array(r->scratch, list->count, sizeof *mark->stages);
    if (!kind->stages || !mark->stages)
        return;
    for (const struct node *item = list->child; item; item = item->next)
        if (read_map(r, item))
            S_stage(r, item, kind, mark);
}

/* ---- the parts of a step ---- */

/* One word of a table, as its bit; 0 and a fault when it is not in it. */
static unsigned S_bit(struct reader *r, const struct node *item, const struct word *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (item->type == NODE_TEXT && str_eq(item->text, words[i].word))
            return words[i].bit;
    struct str all = S_join(r->scratch, words, n);
    fault_add(r->report, item->at, "不认识“%.*s”；这里可以写：%.*s。",
              "\"%.*s\" is not known here; known: %.*s.", SHOW(item->text), STR_A(all));
    return 0;
}

/* A word or a list of words, as a set. */
static unsigned S_set(struct reader *r, const struct node *value, const struct word *words,
                      size_t n)
{
    unsigned set = 0;
    if (value->type != NODE_LIST)
        return S_bit(r, value, words, n);
    if (!value->child)
        fault_add(r->report, value->at, "“%.*s”不能是空的。", "\"%.*s\" is empty.",
                  SHOW(value->key));
    for (const struct node *item = value->child; item; item = item->next) {
        unsigned bit = S_bit(r, item, words, n);
        if (bit & set)
            fault_add(r->report, item->at, "“%.*s”重复了。", "\"%.*s\" is repeated.",
                      SHOW(item->text));
        set |= bit;
    }
    return set;
}

static bool S_stage_index(struct reader *r, const struct node *item, const struct pack_kind *kind,
                          size_t *ret)
{
    if (item->type == NODE_TEXT && kind_stage(kind, item->text, ret))
        return true;
    struct str all = S_stage_names(r, kind);
    fault_add(r->report, item->at, "没有“%.*s”这个阶段；本事项的阶段有：%.*s。",
              "There is no stage \"%.*s\"; the stages here are %.*s.", SHOW(item->text),
              STR_A(all));
    return false;
}

static uint64_t S_from(struct reader *r, const struct node *value, const struct pack_kind *kind)
{
    const struct node *item = value->type == NODE_LIST ? value->child : value;
    uint64_t from = 0;
    size_t stage = 0;
    if (!item)
        fault_add(r->report, value->at, "“%s”不能是空的。", "\"%s\" is empty.", "from");
    for (; item; item = value->type == NODE_LIST ? item->next : NULL) {
        if (!S_stage_index(r, item, kind, &stage))
            continue;
        if (from >> stage & 1)
            fault_add(r->report, item->at, "“%.*s”重复了。", "\"%.*s\" is repeated.",
                      SHOW(item->text));
        from |= (uint64_t)1 << stage;
    }
    return from;
}

static bool S_act(struct reader *r, const struct node *item, enum act *ret)
{
    const struct node *value = node_typed(item, "do", NODE_TEXT, true, r->report);
    if (!value)
        return false;
    if (!act_parse(value->text, ret)) {
        fault_add(r->report, value->at,
                  "不认识动作“%.*s”；可用的动作：order、accept、decline、dispatch、claim、"
                  "transfer、submit、verify、return、rate、reopen、withdraw、close、escalate、"
                  "whistle、extend、pause、supervise。",
                  "\"%.*s\" is not an act; the acts are order, accept, decline, dispatch, claim, "
                  "transfer, submit, verify, return, rate, reopen, withdraw, close, escalate, "
                  "whistle, extend, pause, supervise.",
                  SHOW(value->text));
        return false;
    }
    if (*ret >= ACT_FLOW_END) {
        fault_add(r->report, value->at,
                  "“%.*s”不写在流程里：它由有关的人随时做，或随时间和事情自己发生。",
                  "\"%.*s\" is for whoever is concerned, or comes by itself: leave it out of the "
                  "flow.",
                  SHOW(value->text));
        return false;
    }
    return true;
}

bool read_limit(struct reader *r, const struct node *value, struct limit *ret)
{
    if (limit_parse(value->text, ret))
        return true;
    fault_add(r->report, value->at,
              "看不懂时限“%.*s”；写法如 4 work hours、3 work days、7 days、24 hours、"
              "30 minutes，数字从 1 到 3650。",
              "\"%.*s\" is not a limit; write 4 work hours, 3 work days, 7 days, 24 hours, "
              "30 minutes, with a number from 1 to 3650.",
              SHOW(value->text));
    return false;
}

bool read_whole(struct reader *r, const struct node *map, const char *key, int most, int *ret)
{
    const struct node *value = node_typed(map, key, NODE_TEXT, false, r->report);
    int64_t n = 0;
    if (!value)
        return false;
    if (str_int(value->text, &n) && n >= 1 && n <= most) {
        *ret = (int)n;
        return true;
    }
    fault_add(r->report, value->at, "“%s”要写 1 到 %d 的整数。",
              "\"%s\" is a whole number from 1 to %d.", key, most);
    return false;
}

/* One limit for every tier, or each tier's own: what is not given is that of the tier below. */
static void S_within(struct reader *r, const struct node *item, struct pack_step *step)
{
    const struct node *value = node_get(item, "within");
    if (value && value->type == NODE_MAP) {
        node_keys(value, tier_names, r->report);
        for (int tier = 0; tier < TIER_COUNT; tier++) {
            const struct node *own =
                node_typed(value, tier_names[tier], NODE_TEXT, tier == 0, r->report);
            step->within[tier] = tier ? step->within[tier - 1] : (struct limit){0};
            if (own)
                (void)read_limit(r, own, &step->within[tier]);
        }
        return;
    }
    value = node_typed(item, "within", NODE_TEXT, false, r->report);
    struct limit limit = {0};
    if (value && read_limit(r, value, &limit)) {
        for (int tier = 0; tier < TIER_COUNT; tier++)
            step->within[tier] = limit;
    }
}

static void S_limit(struct reader *r, const struct node *item, struct pack_step *step)
{
    const struct node *otherwise = node_typed(item, "else", NODE_TEXT, false, r->report);
    S_within(r, item, step);
    if (otherwise && !str_eq(otherwise->text, S("close")))
        fault_add(r->report, otherwise->at, "else 只能写 close（到时自动办结），不能写“%.*s”。",
                  "\"else\" can only be close, not \"%.*s\".", SHOW(otherwise->text));
    step->else_close = otherwise != NULL;
}

struct mark mark_of(const struct node *item, const char *key)
{
    const struct node *value = node_get(item, key);
    return value ? value->at : item->at;
}

unsigned read_by(struct reader *r, const struct node *item)
{
    const struct node *by = node_get(item, "by");
    if (by && by->type != NODE_EMPTY)
        return S_set(r, by, side_words, side_word_count);
    fault_add(r->report, item->at, "缺少“by”：谁可以做这一步？",
              "\"by\" is missing: who may do this?");
    return 0;
}

unsigned read_needs(struct reader *r, const struct node *item)
{
    const struct node *needs = node_get(item, "needs");
    return needs ? S_set(r, needs, need_words, COUNT_OF(need_words)) : 0;
}

uint64_t read_from(struct reader *r, const struct node *item, const struct pack_kind *kind)
{
    const struct node *from = node_get(item, "from");
    if (from)
        return S_from(r, from, kind);
    fault_add(r->report, item->at, "缺少“from”：从哪个阶段做这一步？",
              "\"from\" is missing: in which stage may this be done?");
    return 0;
}

/* `on: overdue` stands where `by` does: time does it. */
static bool S_on(struct reader *r, const struct node *item, enum act act)
{
    const struct node *on = node_typed(item, "on", NODE_TEXT, false, r->report);
    if (!on)
        return false;
    if (act != ACT_ESCALATE || !str_eq(on->text, S("overdue")))
        fault_add(r->report, on->at, "on 只用于 escalate，只能写 overdue（超时自动上报）。",
                  "\"on\" is for escalate, and can only be overdue.");
    if (node_get(item, "by"))
        fault_add(r->report, node_get(item, "by")->key_at, "写了 on 就不写 by：由时间来做。",
                  "With \"on\" there is no \"by\": time does it.");
    return true;
}

/* Reads a step into *step; false when a part of it is missing or wrong. */
static bool S_step(struct reader *r, const struct node *item, enum act act,
                   const struct pack_kind *kind, struct pack_step *step)
{
    static const char *const keys[] = {"do",     "by",   "on",    "from",  "to",
                                       "within", "else", "needs", "given", NULL};
    size_t before = r->report->n;
    node_keys(item, keys, r->report);
    *step = (struct pack_step){.act = act, .line = item->at.line};
    const struct node *given = node_get(item, "given");
    const struct node *to = node_typed(item, "to", NODE_TEXT, true, r->report);
    step->overdue = S_on(r, item, act);
    if (!step->overdue)
        step->by = read_by(r, item);
    if (act != ACT_ORDER || node_get(item, "from"))
        step->from = read_from(r, item, kind);
    if (to)
        S_stage_index(r, to, kind, &step->to);
    step->needs = read_needs(r, item);
    if (given)
        step->given = (enum given)S_bit(r, given, given_words, COUNT_OF(given_words));
    S_limit(r, item, step);
    if (act == ACT_DISPATCH || act == ACT_TRANSFER || act == ACT_WHISTLE)
        step->needs |= NEED_TO;
    if (act == ACT_DECLINE || (act == ACT_ESCALATE && !step->overdue))
        step->needs |= NEED_REASON;
    return r->report->n == before;
}

static void S_item(struct reader *r, const struct node *item, struct pack_kind *kind,
                   struct kind_mark *mark)
{
    enum act act = ACT_ORDER; /* asks for least, when the act is not known */
    if (!read_map(r, item))
        return;
    bool known = S_act(r, item, &act);
    if (known && act_stays(act)) {
        read_stay(r, item, act, kind, mark);
        return;
    }
    if (!S_step(r, item, known ? act : ACT_ORDER, kind, &kind->steps[kind->step_count]) || !known)
        return;
    mark->steps[kind->step_count++] = (struct step_mark){
        .at = item->at,
        .act = mark_of(item, "do"),
        .by = mark_of(item, "by"),
        .on = mark_of(item, "on"),
        .from = mark_of(item, "from"),
        .to = mark_of(item, "to"),
        .within = mark_of(item, "within"),
        .otherwise = mark_of(item, "else"),
        .given = mark_of(item, "given"),
        .needs = mark_of(item, "needs"),
    };
}

static void S_flow(struct reader *r, const struct node *map, struct pack_kind *kind,
                   struct kind_mark *mark)
{
    const struct node *list = node_typed(map, "flow", NODE_LIST, true, r->report);
    if (!list)
        return;
    if (list->count == 0 || list->count > STEPS_MAX) {
        fault_add(r->report, list->at, "流程要有 1 到 %d 步。", "A flow has 1 to %d steps.",
                  (int)STEPS_MAX);
        return;
    }
    kind->steps = arena_array(r->arena, list->count, sizeof *kind->steps);
    kind->stays = arena_array(r->arena, list->count, sizeof *kind->stays);
    mark->steps = arena_array(r->scratch, list->count, sizeof *mark->steps);
    mark->stays = arena_array(r->scratch, list->count, sizeof *mark->stays);
    if (!kind->steps || !kind->stays || !mark->steps || !mark->stays)
        return;
    for (const struct node *item = list->child; item; item = item->next)
        S_item(r, item, kind, mark);
}

/* ---- what a stage waits for ---- */

/* Acts that move a matter on, as opposed to sending it sideways, back or away. */
static bool S_moves_on(enum act act)
{
    switch (act) {
    case ACT_ACCEPT:
    case ACT_DISPATCH:
    case ACT_SUBMIT:
    case ACT_VERIFY:
    case ACT_RATE:
    case ACT_CLOSE: return true;
    default: return false;
    }
}

static enum act S_awaits(const struct pack_kind *kind, size_t stage)
{
    enum act other = ACT_COUNT;
    for (size_t i = 0; i < kind->step_count; i++) {
        const struct pack_step *step = &kind->steps[i];
        if (!(step->from >> stage & 1) || step->to == stage)
            continue;
        if (S_moves_on(step->act))
            return step->act;
        if (other == ACT_COUNT)
            other = step->act;
    }
    return other;
}

/* ---- a kind ---- */

bool read_kind(struct reader *r, const struct node *map, struct pack_kind *kind,
               struct kind_mark *mark)
{
    static const char *const keys[] = {"kind",      "name",   "en",   "confidential", "warn",
                                       "transfers", "stages", "flow", "milestones",   NULL};
    size_t before = r->report->n;
    node_keys(map, keys, r->report);
    kind->kind = read_code(r, map, "kind");
    kind->name = read_label(r, map);
    kind->confidential = S_flag(r, map, "confidential");
    const struct node *warn = node_typed(map, "warn", NODE_TEXT, false, r->report);
    if (warn)
        (void)read_limit(r, warn, &kind->warn);
    kind->transfers = TRANSFERS_DEFAULT;
    (void)read_whole(r, map, "transfers", 99, &kind->transfers);
    S_stages(r, map, kind, mark);
    if (kind->stage_count > 0)
        S_flow(r, map, kind, mark);
    read_milestones(r, map, kind);
    for (size_t i = 0; i < kind->stage_count; i++)
        if (!kind->stages[i].final)
            kind->stages[i].awaits = S_awaits(kind, i);
    return r->report->n == before && kind->step_count > 0;
}
