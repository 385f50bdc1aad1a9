/* What a long matter passes on its way, and chains of matters. */
#include "pack/read.h"

enum { MILESTONES_MAX = 40, CHAINS_MAX = 40, LINKS_MAX = 20 };

static void S_within(struct reader *r, const struct node *item, struct limit *ret)
{
    const struct node *within = node_typed(item, "within", NODE_TEXT, false, r->report);
    if (within && !limit_parse(within->text, ret))
        fault_add(r->report, within->at,
                  "看不懂时限“%.*s”；写法如 30 days、20 work days，数字从 1 到 3650。",
                  "\"%.*s\" is not a limit; write 30 days or 20 work days, with a number from 1 to "
                  "3650.",
                  SHOW(within->text));
}

static bool S_flag(struct reader *r, const struct node *item, const char *key)
{
    const struct node *value = node_typed(item, key, NODE_TEXT, false, r->report);
    if (value && !str_eq(value->text, S("true")) && !str_eq(value->text, S("false")))
        fault_add(r->report, value->at, "%s 只能写 true 或 false。", "\"%s\" is true or false.",
                  key);
    return value && str_eq(value->text, S("true"));
}

static void S_twice(struct reader *r, const struct node *item, const char *key, struct str code)
{
    fault_add(r->report, node_get(item, key)->at, "“%.*s”写了两次。", "\"%.*s\" is given twice.",
              SHOW(code));
}

/* A list of 1 to `most` items; NULL when there is none to be read. */
static const struct node *S_items(struct reader *r, const struct node *map, const char *key,
                                  bool required, int most)
{
    const struct node *list = node_typed(map, key, NODE_LIST, required, r->report);
    if (!list || (list->count > 0 && list->count <= (size_t)most))
        return list;
    fault_add(r->report, list->at, "“%s”要有 1 到 %d 项。", "\"%s\" has 1 to %d items.", key, most);
    return NULL;
}

/* ---- milestones ---- */

static void S_milestone(struct reader *r, const struct node *item, struct pack_kind *kind)
{
    static const char *const keys[] = {"milestone", "name", "en", "within", "each", NULL};
    node_keys(item, keys, r->report);
    struct pack_milestone m = {.name = read_label(r, item),
                               .milestone = read_code(r, item, "milestone")};
    const struct node *each = node_typed(item, "each", NODE_TEXT, false, r->report);
    S_within(r, item, &m.within);
    m.each = each != NULL;
    if (each && !str_eq(each->text, S("household")))
        fault_add(r->report, each->at, "each 只能写 household（每户），不能写“%.*s”。",
                  "\"each\" can only be household, not \"%.*s\".", SHOW(each->text));
    if (!m.milestone.n)
        return;
    for (size_t i = 0; i < kind->milestone_count; i++) {
        if (str_eq(kind->milestones[i].milestone, m.milestone)) {
            S_twice(r, item, "milestone", m.milestone);
            return;
        }
    }
    kind->milestones[kind->milestone_count++] = m;
}

void read_milestones(struct reader *r, const struct node *map, struct pack_kind *kind)
{
    const struct node *list = S_items(r, map, "milestones", false, MILESTONES_MAX);
    kind->milestones = list ? arena_array(r->arena, list->count, sizeof *kind->milestones) : NULL;
    for (const struct node *item = kind->milestones ? list->child : NULL; item; item = item->next)
        if (read_map(r, item))
            S_milestone(r, item, kind);
}

/* ---- chains ---- */

static void S_link(struct reader *r, const struct node *item, struct pack_chain *chain)
{
    static const char *const keys[] = {"link", "name", "en", "kind", "within", "many", NULL};
    size_t first = 0;
    node_keys(item, keys, r->report);
    struct pack_link link = {.name = read_label(r, item), .link = read_code(r, item, "link")};
    const struct node *kind = node_get(item, "kind"), *within = node_get(item, "within");
    S_within(r, item, &link.within);
    link.many = S_flag(r, item, "many");
    if (kind)
        link.kind = read_code(r, item, "kind");
    if (kind && link.kind.n && !pack_kind(r->pack, link.kind))
        fault_add(r->report, kind->at, "没有“%.*s”这一类事项。",
                  "There is no kind of matter \"%.*s\".", SHOW(link.kind));
    if (!item->next && (within || link.many))
        fault_add(r->report, within ? within->at : item->at,
                  "最后一环没有下一环，不能写 within 或 many。",
                  "Nothing comes after the last link: it takes neither \"within\" nor \"many\".");
    if (!link.link.n)
        return;
    if (chain_link(chain, link.link, &first))
        S_twice(r, item, "link", link.link);
    else
        chain->links[chain->link_count++] = link;
}

/* A kind stands at one link of a chain, or it would not be known where an order enters. */
static void S_kinds_once(struct reader *r, const struct node *list, const struct pack_chain *chain)
{
    for (size_t i = 0; i < chain->link_count; i++) {
        for (size_t k = 0; k < i; k++) {
            struct str kind = chain->links[i].kind;
            if (kind.n && str_eq(chain->links[k].kind, kind))
                fault_add(r->report, list->at, "“%.*s”这一类事项在一条链里占了两环。",
                          "Kind \"%.*s\" stands at two links of one chain.", SHOW(kind));
        }
    }
}

static void S_chain(struct reader *r, const struct node *item)
{
    static const char *const keys[] = {"chain", "name", "en", "links", NULL};
    node_keys(item, keys, r->report);
    struct pack_chain chain = {.name = read_label(r, item), .chain = read_code(r, item, "chain")};
    const struct node *list = S_items(r, item, "links", true, LINKS_MAX);
    if (list && list->count < 2)
        fault_add(r->report, list->at, "一条链至少要有两环。", "A chain has two links at least.");
    chain.links = list ? arena_array(r->arena, list->count, sizeof *chain.links) : NULL;
    for (const struct node *link = chain.links ? list->child : NULL; link; link = link->next)
        if (read_map(r, link))
            S_link(r, link, &chain);
    if (chain.links)
        S_kinds_once(r, list, &chain);
    if (!chain.chain.n)
        return;
    if (pack_chain(r->pack, chain.chain))
        S_twice(r, item, "chain", chain.chain);
    else
        r->pack->chains[r->pack->chain_count++] = chain;
}

void read_chains(struct reader *r, const struct node *root)
{
    const struct node *list = S_items(r, root, "chains", false, CHAINS_MAX);
    struct pack *p = r->pack;
    p->chains = list ? arena_array(r->arena, list->count, sizeof *p->chains) : NULL;
    for (const struct node *item = p->chains ? list->child : NULL; item; item = item->next)
        if (read_map(r, item))
            S_chain(r, item);
}
