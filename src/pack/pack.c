#include "pack/pack.h"

/* In the order of enum act. */
#define ASKED                                                                                      \
    "order", "accept", "decline", "dispatch", "claim", "transfer", "submit", "verify", "return",   \
        "rate", "reopen", "withdraw", "close", "escalate", "whistle", "extend", "pause",           \
        "supervise", "resume", "answer", "report", "refuse", "comment", "watch"
const char *const act_asked[ACT_ASKED_END + 1] = {ASKED, NULL};
const char *const act_names[ACT_COUNT + 1] = {
    ASKED,   "warn",      "overdue",  "merge",     "split",  "join", "affect", "confirm",
    "glass", "milestone", "progress", "follow_up", "letter", "link", "missed", NULL,
};

const char *const tier_names[TIER_COUNT + 1] = {"community", "street", "district", NULL};

const char *const outcome_names[OUTCOME_COUNT + 1] = {
    [OUTCOME_NONE] = "none",
    [OUTCOME_HANDLED] = "handled",
    [OUTCOME_SOLVED] = "solved",
    [OUTCOME_UNSOLVED] = "unsolved",
    [OUTCOME_NO_ANSWER] = "no_answer",
    [OUTCOME_DECLINED] = "declined",
    [OUTCOME_WITHDRAWN] = "withdrawn",
    [OUTCOME_MERGED] = "merged",
    [OUTCOME_COUNT] = NULL,
};

bool act_parse(struct str s, enum act *ret)
{
    for (size_t i = 0; i < ACT_COUNT; i++) {
        if (str_eq(s, str_of(act_names[i]))) {
            *ret = (enum act)i;
            return true;
        }
    }
    return false;
}

bool tier_parse(struct str s, enum tier *ret)
{
    for (int i = 0; i < TIER_COUNT; i++) {
        if (str_eq(s, str_of(tier_names[i]))) {
            *ret = (enum tier)i;
            return true;
        }
    }
    return false;
}

void pack_free(struct pack *p)
{
    if (p)
        arena_free(p->arena);
}

const struct pack_kind *pack_kind(const struct pack *p, struct str kind)
{
    for (size_t i = 0; i < p->kind_count; i++)
        if (str_eq(p->kinds[i].kind, kind))
            return &p->kinds[i];
    return NULL;
}

const struct pack_category *pack_category(const struct pack *p, struct str code)
{
    size_t low = 0, high = p->category_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(p->category_by_code[middle]->code, code);
        if (order == 0)
            return p->category_by_code[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool pack_source_known(const struct pack *p, struct str source)
{
    for (size_t i = 0; i < p->source_count; i++)
        if (str_eq(p->sources[i].source, source))
            return true;
    return false;
}

const struct pack_chain *pack_chain(const struct pack *p, struct str chain)
{
    for (size_t i = 0; i < p->chain_count; i++)
        if (str_eq(p->chains[i].chain, chain))
            return &p->chains[i];
    return NULL;
}

bool chain_link(const struct pack_chain *c, struct str link, size_t *ret)
{
    for (size_t i = 0; i < c->link_count; i++) {
        if (str_eq(c->links[i].link, link)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

const struct pack_body *pack_body(const struct pack *p, struct str kind)
{
    for (size_t i = 0; i < p->body_count; i++)
        if (str_eq(p->bodies[i].kind, kind))
            return &p->bodies[i];
    return NULL;
}

const struct pack_member *body_category(const struct pack_body *b, struct str category)
{
    for (size_t i = 0; i < b->member_count; i++)
        if (str_eq(b->members[i].category, category))
            return &b->members[i];
    return NULL;
}

bool kind_stage(const struct pack_kind *k, struct str stage, size_t *ret)
{
    for (size_t i = 0; i < k->stage_count; i++) {
        if (str_eq(k->stages[i].stage, stage)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool S_fits(const struct pack_step *step, enum act act, size_t stage, enum given given)
{
    if (step->act != act || (act != ACT_ORDER && !(step->from >> stage & 1)))
        return false;
    return act != ACT_RATE || step->given == GIVEN_ANY || given == GIVEN_ANY ||
           step->given == given;
}

const struct pack_step *kind_step(const struct pack_kind *k, enum act act, size_t stage,
                                  unsigned sides, enum given given, bool *wrong_side)
{
    bool fits = false;
    for (size_t i = 0; i < k->step_count; i++) {
        const struct pack_step *step = &k->steps[i];
        if (!S_fits(step, act, stage, given))
            continue;
        if (!(step->by & sides)) {
            fits = true;
            continue;
        }
        if (wrong_side)
            *wrong_side = false;
        return step;
    }
    if (wrong_side)
        *wrong_side = fits;
    return NULL;
}

const struct pack_step *kind_limit(const struct pack_kind *k, size_t stage)
{
    for (size_t i = 0; i < k->step_count; i++) {
        const struct pack_step *step = &k->steps[i];
        if (step->within[0].unit != LIMIT_NONE && (step->from >> stage & 1) && step->to != stage)
            return step;
    }
    return NULL;
}

const struct pack_step *kind_overdue(const struct pack_kind *k, size_t stage)
{
    for (size_t i = 0; i < k->step_count; i++) {
        if (k->steps[i].overdue && (k->steps[i].from >> stage & 1))
            return &k->steps[i];
    }
    return NULL;
}

const struct pack_stay *kind_stay(const struct pack_kind *k, enum act act, size_t stage,
                                  unsigned sides, bool *wrong_side)
{
    bool fits = false;
    for (size_t i = 0; i < k->stay_count; i++) {
        const struct pack_stay *stay = &k->stays[i];
        if (stay->act != act || !(stay->from >> stage & 1))
            continue;
        if (stay->by & sides) {
            *wrong_side = false;
            return stay;
        }
        fits = true;
    }
    *wrong_side = fits;
    return NULL;
}
