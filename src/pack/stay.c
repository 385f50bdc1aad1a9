/* Steps of a flow that leave the stage as it is: more time (extend), a clock that stops (pause), an
 * answer wanted from above (supervise). */
#include "pack/read.h"

enum { TIMES_MAX = 99 };

bool act_stays(enum act act)
{
    return act == ACT_EXTEND || act == ACT_PAUSE || act == ACT_SUPERVISE;
}

static const struct pack_reason *S_declared(const struct pack *p, struct str code)
{
    for (size_t i = 0; i < p->reason_count; i++) {
        if (str_eq(p->reasons[i].reason, code))
            return &p->reasons[i];
    }
    return NULL;
}

static void S_reason(struct reader *r, const struct node *item, struct pack_stay *stay)
{
    const struct pack_reason *reason =
        item->type == NODE_TEXT ? S_declared(r->pack, item->text) : NULL;
    bool twice = false;
    for (size_t i = 0; reason && i < stay->reason_count; i++)
        twice = twice || str_eq(stay->reasons[i].reason, reason->reason);
    if (!reason)
        fault_add(r->report, item->at, "方案开头的 reasons 里没有“%.*s”这个理由。",
                  "\"%.*s\" is not among the reasons at the top of the pack.", SHOW(item->text));
    else if (twice)
        fault_add(r->report, item->at, "“%.*s”重复了。", "\"%.*s\" is repeated.", SHOW(item->text));
    else
        stay->reasons[stay->reason_count++] = *reason;
}

static void S_reasons(struct reader *r, const struct node *item, struct pack_stay *stay)
{
    const struct node *list = node_typed(item, "reasons", NODE_LIST, false, r->report);
    if (!list)
        return;
    if (list->count == 0)
        fault_add(r->report, list->at, "reasons 不能是空的；不限理由就不写。",
                  "\"reasons\" is empty; leave it out to ask for none.");
    stay->reasons = arena_array(r->arena, list->count, sizeof *stay->reasons);
    for (const struct node *one = stay->reasons ? list->child : NULL; one; one = one->next)
        S_reason(r, one, stay);
}

static void S_approve(struct reader *r, const struct node *item, struct pack_stay *stay)
{
    const struct node *approve = node_typed(item, "approve", NODE_TEXT, false, r->report);
    if (approve && !str_eq(approve->text, S("above")))
        fault_add(r->report, approve->at, "approve 只能写 above（上一级批准）；不用批准就不写。",
                  "\"approve\" can only be above; leave it out where nobody must.");
    stay->above = approve != NULL;
}

static void S_most(struct reader *r, const struct node *item, struct pack_stay *stay)
{
    const char *key = stay->act == ACT_SUPERVISE ? "within" : "most";
    const struct node *value = node_typed(item, key, NODE_TEXT, true, r->report);
    if (value)
        (void)read_limit(r, value, stay->act == ACT_SUPERVISE ? &stay->within : &stay->most);
}

void read_stay(struct reader *r, const struct node *item, enum act act, struct pack_kind *kind,
               struct kind_mark *mark)
{
    static const char *const asks[] = {"do",    "by",      "from",    "needs", "most",
                                       "times", "approve", "reasons", NULL};
    static const char *const supervise[] = {"do", "by", "from", "needs", "within", NULL};
    size_t before = r->report->n;
    struct pack_stay stay = {.act = act, .line = item->at.line};
    node_keys(item, act == ACT_SUPERVISE ? supervise : asks, r->report);
    stay.by = read_by(r, item);
    stay.from = read_from(r, item, kind);
    stay.needs = read_needs(r, item);
    S_most(r, item, &stay);
    S_reasons(r, item, &stay);
    S_approve(r, item, &stay);
    (void)read_whole(r, item, "times", TIMES_MAX, &stay.times);
    if (r->report->n != before)
        return;
    mark->stays[kind->stay_count] = (struct stay_mark){.at = item->at,
                                                       .by = mark_of(item, "by"),
                                                       .from = mark_of(item, "from"),
                                                       .needs = mark_of(item, "needs"),
                                                       .most = mark_of(item, "most"),
                                                       .within = mark_of(item, "within")};
    kind->stays[kind->stay_count++] = stay;
}

/* ---- what they mean ---- */

static uint64_t S_clocked(const struct pack_kind *k)
{
    uint64_t stages = 0;
    for (size_t i = 0; i < k->stage_count; i++) {
        const struct pack_step *limit = kind_limit(k, i);
        if (limit && limit->by != SIDE_REQUESTER)
            stages |= (uint64_t)1 << i;
    }
    return stages;
}

static void S_check(struct reader *r, const struct pack_kind *kind, const struct pack_stay *stay,
                    const struct stay_mark *mark)
{
    unsigned office = SIDE_WORKER | SIDE_HOTLINE | SIDE_UNIT | SIDE_HANDLER;
    unsigned may = stay->act == ACT_SUPERVISE ? SIDE_ABOVE | SIDE_HOTLINE : office;
    uint64_t finals = 0;
    const char *act = act_names[stay->act];
    for (size_t i = 0; i < kind->stage_count; i++)
        finals |= (uint64_t)kind->stages[i].final << i;
    if (stay->by & ~may)
        fault_add(r->report, mark->by,
                  stay->act == ACT_SUPERVISE
                      ? "“%s”只能由 above、hotline 来做。"
                      : "“%s”只能由 handler、community、worker、hotline 来做。",
                  stay->act == ACT_SUPERVISE
                      ? "\"%s\" can be done by above and hotline only."
                      : "\"%s\" can be done by handler, community, worker and hotline only.",
                  act);
    if (stay->from & finals)
        fault_add(r->report, mark->from, "办结了的事项不能再“%s”。",
                  "What has ended cannot be the subject of \"%s\".", act);
    if (stay->act != ACT_SUPERVISE && !(stay->from & S_clocked(kind)))
        fault_add(r->report, mark->from,
                  "这些阶段里没有办事的时限，“%s”没有意义：先给离开的那一步写 within。",
                  "No office has a limit in these stages, so \"%s\" would change nothing: give "
                  "the step that leaves them a \"within\".",
                  act);
    if (stay->needs & ~(unsigned)NEED_REASON)
        fault_add(r->report, mark->needs, "“%s”只能要求填 reason。",
                  "\"%s\" can only ask for a reason.", act);
}

void check_stays(struct reader *r, const struct pack_kind *kind, const struct kind_mark *mark)
{
    for (size_t i = 0; i < kind->stay_count; i++) {
        const struct pack_stay *stay = &kind->stays[i];
        S_check(r, kind, stay, &mark->stays[i]);
        for (size_t j = 0; j < i; j++) {
            const struct pack_stay *other = &kind->stays[j];
            if (other->act == stay->act && (other->from & stay->from) && (other->by & stay->by))
                fault_add(r->report, mark->stays[i].at,
                          "和第 %d 行重复：同一个人在同一阶段做“%s”，不知道走哪一步。",
                          "This repeats line %d: the same side doing \"%s\" in the same stage "
                          "could take either step.",
                          other->line, act_names[stay->act]);
        }
    }
}
