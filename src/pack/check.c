#include "pack/read.h"

/* What is being checked, and the stages as sets of bits. */
struct check {
    struct reader *r;
    const struct pack_kind *kind;
    const struct kind_mark *mark;
    uint64_t finals;
};

/* Where a step of an act may lead. */
enum end { END_ANY, END_FINAL, END_OPEN };

/* What makes sense for an act, whatever the place. */
struct rule {
    unsigned sides; /* who could be allowed to */
    unsigned needs; /* what it could ask for */
    enum end end;
    bool limit; /* a duty somebody can be late with */
    bool stays; /* may lead to the stage it began in */
};

enum { ELSE_LEAST = 100, ELSE_MOST = 36500 }; /* days, in hundredths */

enum {
    STAFF = SIDE_UNIT | SIDE_WORKER | SIDE_HOTLINE,
    ON_BEHALF = SIDE_REQUESTER | SIDE_WORKER | SIDE_HOTLINE,
    ORDERS = SIDE_RESIDENT | SIDE_ANYONE | STAFF,
    WHY = NEED_REASON,
    WHAT = NEED_REASON | NEED_RESULT,
    WHERE = NEED_REASON | NEED_TO,
};

static const struct rule rules[ACT_COUNT] = {
    [ACT_ORDER] = {ORDERS, 0, END_OPEN, false, false},
    [ACT_ACCEPT] = {STAFF, WHY, END_OPEN, true, false},
    [ACT_DECLINE] = {STAFF, WHY, END_FINAL, false, false},
    [ACT_DISPATCH] = {STAFF, WHERE, END_OPEN, true, true},
    [ACT_CLAIM] = {STAFF | SIDE_HANDLER, WHY, END_OPEN, true, true},
    [ACT_TRANSFER] = {STAFF | SIDE_HANDLER, WHERE, END_OPEN, false, true},
    [ACT_SUBMIT] = {STAFF | SIDE_HANDLER, WHAT, END_ANY, true, false},
    [ACT_VERIFY] = {STAFF, WHAT, END_ANY, true, false},
    [ACT_RETURN] = {STAFF | SIDE_HANDLER | SIDE_REQUESTER, WHY, END_OPEN, false, true},
    [ACT_RATE] = {ON_BEHALF, WHY, END_ANY, true, false},
    [ACT_REOPEN] = {ON_BEHALF | SIDE_UNIT, WHY, END_OPEN, false, false},
    [ACT_WITHDRAW] = {ON_BEHALF, WHY, END_FINAL, false, false},
    [ACT_CLOSE] = {ON_BEHALF | SIDE_UNIT, WHAT, END_FINAL, true, false},
    [ACT_ESCALATE] = {STAFF | SIDE_HANDLER | SIDE_ABOVE, WHY, END_OPEN, false, true},
    [ACT_WHISTLE] = {STAFF, WHERE, END_OPEN, false, true},
};

static uint64_t S_bit(size_t stage)
{
    return (uint64_t)1 << stage;
}

/* ---- one step ---- */

static void S_check_sides(const struct check *c, const struct pack_step *step,
                          const struct step_mark *mark)
{
    const char *act = act_names[step->act];
    for (size_t i = 0; i < side_word_count; i++) {
        struct str word = side_words[i].word;
        unsigned side = side_words[i].bit;
        bool synonym = str_eq(word, S("unit"));
        if (synonym || !(step->by & side) || (rules[step->act].sides & side))
            continue;
        fault_add(c->r->report, mark->by, "“%s”这一步不能由“%.*s”来做。",
                  "\"%s\" cannot be done by \"%.*s\".", act, SHOW(word));
    }
}

static void S_check_needs(const struct check *c, const struct pack_step *step,
                          const struct step_mark *mark)
{
    const char *act = act_names[step->act];
    if (step->needs & ~rules[step->act].needs)
        fault_add(c->r->report, mark->needs,
                  "“%s”用不着填这些：to 只用于 dispatch、transfer，result 只用于 submit、verify、"
                  "close，order 什么都不填。",
                  "\"%s\" cannot ask for that: \"to\" is for dispatch and transfer, \"result\" for "
                  "submit, verify and close; order asks for nothing.",
                  act);
    if (step->given != GIVEN_ANY && step->act != ACT_RATE)
        fault_add(c->r->report, mark->given, "given 只用于 rate，不能用于“%s”。",
                  "\"given\" is for rate, not for \"%s\".", act);
}

static void S_check_ends(const struct check *c, const struct pack_step *step,
                         const struct step_mark *mark)
{
    const char *act = act_names[step->act];
    const struct rule *rule = &rules[step->act];
    struct str to = c->kind->stages[step->to].stage;
    bool final = c->finals & S_bit(step->to);
    struct pack_report *report = c->r->report;
    if (step->act == ACT_ORDER && step->from)
        fault_add(report, mark->from, "order 是事项的开头，不写 from。",
                  "\"order\" begins a matter: it has no \"from\".");
    if (step->act != ACT_REOPEN && (step->from & c->finals))
        fault_add(report, mark->from, "办结的阶段（final）只能用 reopen 离开，不能用“%s”。",
                  "Only reopen may leave a final stage, not \"%s\".", act);
    if (rule->end == END_FINAL && !final)
        fault_add(report, mark->to, "“%s”之后事项就结束了，阶段“%.*s”要标 final: true。",
                  "\"%s\" ends a matter: stage \"%.*s\" must be final.", act, SHOW(to));
    if (rule->end == END_OPEN && final)
        fault_add(report, mark->to, "“%s”之后事项还没有结束，不能到办结的阶段“%.*s”。",
                  "\"%s\" does not end a matter: it cannot lead to the final stage \"%.*s\".", act,
                  SHOW(to));
    if (!rule->stays && (step->from & S_bit(step->to)) && !final)
        fault_add(report, mark->to, "“%s”要换一个阶段，不能从“%.*s”还到“%.*s”。",
                  "\"%s\" must change the stage: it cannot go from \"%.*s\" to \"%.*s\".", act,
                  SHOW(to), SHOW(to));
}

/* ---- limits ---- */

/* Roughly how many days a limit is, in hundredths. */
static int64_t S_days_100(const struct check *c, struct limit limit)
{
    const struct hours *h = &c->r->pack->hours;
    int64_t day = 0, n = (int64_t)limit.n * 100;
    for (size_t i = 0; i < h->n; i++)
        day += h->spans[i].to - h->spans[i].from;
    switch (limit.unit) {
    case LIMIT_MINUTES: return n / 1440;
    case LIMIT_HOURS: return n / 24;
    case LIMIT_WORK_HOURS: return n * 60 / (day > 0 ? day : 1);
    default: return n;
    }
}

static void S_check_else(const struct check *c, const struct pack_step *step,
                         const struct step_mark *mark)
{
    struct pack_report *report = c->r->report;
    struct str to = c->kind->stages[step->to].stage;
    int64_t days = S_days_100(c, step->within[0]);
    if (step->act != ACT_RATE && step->act != ACT_CLOSE) {
        fault_add(report, mark->otherwise,
                  "else: close 只用于 rate 和 close；“%s”没做，不等于事办完了。",
                  "\"else: close\" is for rate and close: what \"%s\" has not done is not over.",
                  act_names[step->act]);
        return;
    }
    if (step->within[0].unit == LIMIT_NONE)
        fault_add(report, mark->otherwise, "写了 else: close，还要写 within：多久之后？",
                  "\"else: close\" needs \"within\": after how long?");
    else if (days < ELSE_LEAST || days > ELSE_MOST)
        fault_add(report, mark->within, "到时自动办结，要给居民至少 1 天、最多 365 天。",
                  "Before time closes a matter people get at least 1 day and at most 365.");
    if (!(c->finals & S_bit(step->to)))
        fault_add(report, mark->otherwise,
                  "到时自动办结要进到办结的阶段，“%.*s”没有标 final: true。",
                  "\"else: close\" closes into a final stage, and \"%.*s\" is not one.", SHOW(to));
}

static void S_check_within(const struct check *c, size_t at)
{
    const struct pack_step *step = &c->kind->steps[at];
    const struct step_mark *mark = &c->mark->steps[at];
    struct pack_report *report = c->r->report;
    uint64_t leaves = step->from & ~S_bit(step->to), taken = 0;
    for (size_t stage = 0; stage < c->kind->stage_count; stage++)
        if ((leaves & S_bit(stage)) && kind_limit(c->kind, stage) != step)
            taken |= S_bit(stage);
    if (!rules[step->act].limit)
        fault_add(report, mark->within, "“%s”不是谁必须按时做的事，不能写 within。",
                  "\"%s\" is nobody's duty, so it has no limit: leave \"within\" out.",
                  act_names[step->act]);
    else if (!leaves)
        fault_add(report, mark->within, "这一步不离开阶段，时限永远不会停，去掉 within。",
                  "This step stays in its stage, so the limit could never be met: leave \"within\" "
                  "out.");
    else if (taken == leaves)
        fault_add(report, mark->within,
                  "这个时限不会起算：它的每个阶段前面都有别的步骤写了 within（一个阶段只算一个）。",
                  "This limit never runs: an earlier step has the limit of each of its stages "
                  "(a stage has one).");
    else if (taken && step->else_close)
        fault_add(report, mark->otherwise,
                  "有的阶段前面的步骤已写了 within，在那里不会自动办结；请把两步的阶段分开。",
                  "In some of its stages an earlier step has the limit, so time would not close "
                  "them: give them steps of their own.");
    if (step->by == SIDE_REQUESTER && rules[step->act].limit && !step->else_close)
        fault_add(report, mark->within,
                  "不能给居民设逾期：只由 requester 做的步骤，within 要配 else: close。",
                  "A resident cannot be overdue: where only the requester may, \"within\" needs "
                  "\"else: close\".");
}

/* What time hands up must be due some time, to an office, and not be closed instead. */
static void S_check_overdue(const struct check *c, size_t at)
{
    const struct pack_step *step = &c->kind->steps[at];
    struct pack_report *report = c->r->report;
    for (size_t stage = 0; stage < c->kind->stage_count; stage++) {
        const struct pack_step *limit = kind_limit(c->kind, stage);
        if (!(step->from & S_bit(stage)) ||
            (limit && limit->by != SIDE_REQUESTER && !limit->else_close))
            continue;
        fault_add(report, c->mark->steps[at].from,
                  "“%.*s”里没有办事的时限，不会超时，也就不会自动上报。",
                  "In \"%.*s\" no office has a limit, so a matter is never overdue there.",
                  SHOW(c->kind->stages[stage].stage));
    }
    for (size_t i = 0; i < at; i++) {
        if (c->kind->steps[i].overdue && (c->kind->steps[i].from & step->from))
            fault_add(report, c->mark->steps[at].on, "和第 %d 行重复：同一阶段超时只走一步。",
                      "This repeats line %d: an overdue matter leaves a stage one way only.",
                      c->kind->steps[i].line);
    }
}

/* ---- steps against each other ---- */

static bool S_clash(const struct pack_step *a, const struct pack_step *b)
{
    bool stage = a->act == ACT_ORDER || (a->from & b->from);
    bool given = a->given == b->given || a->given == GIVEN_ANY || b->given == GIVEN_ANY;
    return a->act == b->act && stage && given && (a->by & b->by);
}

static void S_check_pairs(const struct check *c, size_t at)
{
    const struct pack_step *steps = c->kind->steps;
    const struct step_mark *mark = &c->mark->steps[at];
    for (size_t i = 0; i < at; i++) {
        if (!S_clash(&steps[i], &steps[at]))
            continue;
        if (steps[i].given != steps[at].given)
            fault_add(c->r->report, mark->act,
                      "和第 %d 行的评价冲突：同一阶段要么都写 given，要么都不写。",
                      "This clashes with the rating on line %d: in one stage either both have "
                      "\"given\" or neither.",
                      steps[i].line);
        else
            fault_add(c->r->report, mark->act,
                      "和第 %d 行重复：同一个人在同一阶段做“%s”，不知道走哪一步。",
                      "This repeats line %d: the same side doing \"%s\" in the same stage could "
                      "take either step.",
                      steps[i].line, act_names[steps[at].act]);
        return;
    }
}

/* Who may say "solved" must be able to say that it is not. */
static void S_check_fair(const struct check *c, size_t at)
{
    const struct pack_step *step = &c->kind->steps[at];
    uint64_t other = 0;
    if (step->act != ACT_RATE || step->given != GIVEN_SOLVED)
        return;
    for (size_t i = 0; i < c->kind->step_count; i++) {
        const struct pack_step *s = &c->kind->steps[i];
        bool no = (s->act == ACT_RATE && s->given != GIVEN_SOLVED) || s->act == ACT_REOPEN;
        if (no && (s->by & step->by))
            other |= s->from;
    }
    if (step->from & ~other)
        fault_add(c->r->report, c->mark->steps[at].given,
                  "能说“解决了”，也要能说“没解决”：加一步 rate、given: unsolved，或 reopen。",
                  "Who may say solved must be able to say unsolved: add rate with given: unsolved, "
                  "or reopen.");
}

static void S_check_step(const struct check *c, size_t at)
{
    const struct pack_step *step = &c->kind->steps[at];
    const struct step_mark *mark = &c->mark->steps[at];
    S_check_sides(c, step, mark);
    S_check_needs(c, step, mark);
    S_check_ends(c, step, mark);
    if (c->kind->confidential && step->act == ACT_WHISTLE)
        fault_add(c->r->report, mark->act, "保密事项只给经办人一个人看，不能吹哨让几家一起办。",
                  "A confidential matter is seen by its handler alone: it has no whistle.");
    if (step->within[0].unit != LIMIT_NONE)
        S_check_within(c, at);
    if (step->else_close)
        S_check_else(c, step, mark);
    if (step->overdue)
        S_check_overdue(c, at);
    S_check_pairs(c, at);
    S_check_fair(c, at);
}

/* ---- the flow as a graph ---- */

static uint64_t S_reached(const struct pack_kind *k)
{
    uint64_t seen = 0, before = 1;
    while (seen != before) {
        before = seen;
        for (size_t i = 0; i < k->step_count; i++)
            if (k->steps[i].act == ACT_ORDER || (k->steps[i].from & seen))
                seen |= S_bit(k->steps[i].to);
    }
    return seen;
}

/* Stages from which a final stage can be reached. */
static uint64_t S_ending(const struct pack_kind *k, uint64_t finals)
{
    uint64_t ends = finals, before = 0;
    while (ends != before) {
        before = ends;
        for (size_t i = 0; i < k->step_count; i++)
            if (S_bit(k->steps[i].to) & ends)
                ends |= k->steps[i].from;
    }
    return ends;
}

/* Acts after which the matter has a handler. */
static bool S_gives(enum act act)
{
    return act == ACT_DISPATCH || act == ACT_TRANSFER || act == ACT_CLAIM || act == ACT_WHISTLE;
}

/* Stages a matter can be in while nobody handles it: never sent or claimed, or handed back. */
static uint64_t S_unhandled(const struct pack_kind *k)
{
    uint64_t without = 0, with = 0, a = 1, b = 1;
    while (without != a || with != b) {
        a = without, b = with;
        for (size_t i = 0; i < k->step_count; i++) {
            const struct pack_step *s = &k->steps[i];
            bool gives = S_gives(s->act);
            bool begun = s->act == ACT_ORDER || ((s->from & without) && (s->by != SIDE_HANDLER));
            bool hands_back =
                s->act == ACT_ESCALATE || (s->act == ACT_RETURN && (s->by & SIDE_HANDLER));
            bool back = hands_back && (s->from & with);
            if ((begun && !gives) || back)
                without |= S_bit(s->to);
            if ((begun && gives) || (s->from & with))
                with |= S_bit(s->to);
        }
    }
    return without;
}

/* Who may do something in a stage that leaves it, or (handing it to someone) lets it be left. */
static unsigned S_movers(const struct pack_kind *k, size_t stage)
{
    unsigned sides = 0;
    for (size_t i = 0; i < k->step_count; i++) {
        const struct pack_step *s = &k->steps[i];
        if ((s->from & S_bit(stage)) && (s->to != stage || S_gives(s->act)))
            sides |= s->by;
    }
    return sides;
}

static bool S_left(const struct pack_kind *k, size_t stage)
{
    for (size_t i = 0; i < k->step_count; i++)
        if ((k->steps[i].from & S_bit(stage)) && k->steps[i].to != stage)
            return true;
    return false;
}

static void S_check_stage(const struct check *c, size_t at, uint64_t ending, uint64_t unhandled)
{
    const struct pack_kind *k = c->kind;
    struct str stage = k->stages[at].stage;
    struct mark mark = c->mark->stages[at];
    unsigned movers = S_movers(k, at);
    const struct pack_step *limit = kind_limit(k, at);
    struct pack_report *report = c->r->report;
    if (!S_left(k, at))
        fault_add(report, mark, "死胡同：没有一步离开“%.*s”。若这里就是结束，请标 final: true。",
                  "Dead end: no step leaves \"%.*s\". If matters end here, mark it final: true.",
                  SHOW(stage));
    else if (!(ending & S_bit(at)))
        fault_add(report, mark, "死胡同：从“%.*s”走不到任何办结的阶段。",
                  "Dead end: from \"%.*s\" no final stage can be reached.", SHOW(stage));
    else if (movers == SIDE_REQUESTER && !(limit && limit->else_close))
        fault_add(
            report, mark,
            "只有当事人能让事项离开“%.*s”；当事人不来就永远停着，请加 within 和 else: close。",
            "Only the requester can move a matter out of \"%.*s\", which may never happen: "
            "add \"within\" and \"else: close\".",
            SHOW(stage));
    else if ((unhandled & S_bit(at)) && !(movers & ~(unsigned)SIDE_HANDLER))
        fault_add(
            report, mark,
            "没有人能让事项离开“%.*s”：只有经办方可以，而事项可能还没有派给任何人就到了这里。",
            "Nobody may move a matter out of \"%.*s\": only the handler may, and it can get "
            "there without having been sent to anyone.",
            SHOW(stage));
}

static void S_check_graph(const struct check *c)
{
    const struct pack_kind *k = c->kind;
    uint64_t reached = S_reached(k), ending = S_ending(k, c->finals), unhandled = S_unhandled(k);
    for (size_t i = 0; i < k->stage_count; i++) {
        struct str stage = k->stages[i].stage;
        if (!(reached & S_bit(i)))
            fault_add(c->r->report, c->mark->stages[i], "没有一步能走到“%.*s”这个阶段。",
                      "No step leads to stage \"%.*s\".", SHOW(stage));
        else if (!k->stages[i].final)
            S_check_stage(c, i, ending, unhandled);
    }
}

/* What is asked of the tier above is read there, and a confidential matter is not. */
static void S_check_confidential(struct reader *r, const struct pack_kind *kind,
                                 const struct kind_mark *mark)
{
    for (size_t i = 0; i < kind->stay_count; i++)
        fault_add(r->report, mark->stays[i].at, "保密事项上一级看不到，不能“%s”。",
                  "A confidential matter is not seen by the tier above: it has no \"%s\".",
                  act_names[kind->stays[i].act]);
}

void check_kind(struct reader *r, const struct pack_kind *kind, const struct kind_mark *mark)
{
    struct check c = {r, kind, mark, 0};
    bool order = false;
    for (size_t i = 0; i < kind->stage_count; i++)
        if (kind->stages[i].final)
            c.finals |= S_bit(i);
    for (size_t i = 0; i < kind->step_count; i++) {
        order = order || kind->steps[i].act == ACT_ORDER;
        S_check_step(&c, i);
    }
    check_stays(r, kind, mark);
    if (kind->confidential)
        S_check_confidential(r, kind, mark);
    if (!order)
        fault_add(r->report, mark->at, "流程没有开头：写一步 do: order。",
                  "The flow has no beginning: add a step with do: order.");
    else if (!c.finals)
        fault_add(r->report, mark->at, "流程没有结束：至少一个阶段标 final: true。",
                  "The flow has no end: mark at least one stage final: true.");
    else
        S_check_graph(&c);
}
