/* The `patrols` of a pack: checklists, who may walk them, and which matter a finding becomes. */
#include "pack/read.h"

enum { ITEMS_MAX = 60 };

const char *const item_kind_names[] = {"ok", "number", "text", NULL};

/* Who walks: those at work in a place, and parties. */
static const char *const walkers[] = {"volunteer", "grid_worker", "social_worker",
                                      "handler",   "secretary",   "street"};

const struct pack_patrol *pack_patrol(const struct pack *p, struct str patrol)
{
    for (size_t i = 0; i < p->patrol_count; i++) {
        if (str_eq(p->patrols[i].patrol, patrol))
            return &p->patrols[i];
    }
    return NULL;
}

const struct pack_item *patrol_item(const struct pack_patrol *p, struct str item)
{
    for (size_t i = 0; i < p->item_count; i++) {
        if (str_eq(p->items[i].item, item))
            return &p->items[i];
    }
    return NULL;
}

/* ---- who ---- */

static void S_walker(struct reader *r, const struct node *node, struct pack_patrol *patrol)
{
    bool known = false;
    for (size_t i = 0; node->type == NODE_TEXT && i < COUNT_OF(walkers); i++)
        known = known || str_eq(node->text, str_of(walkers[i]));
    for (size_t i = 0; known && i < patrol->by_count; i++) {
        if (str_eq(patrol->by[i], node->text)) {
            fault_add(r->report, node->at, "“%.*s”写了两次。", "\"%.*s\" is given twice.",
                      SHOW(node->text));
            return;
        }
    }
    if (known)
        patrol->by[patrol->by_count++] = arena_str(r->arena, node->text);
    else
        fault_add(r->report, node->at,
                  "by 里写谁来走：volunteer、grid_worker、social_worker、handler、secretary、"
                  "street。",
                  "\"by\" says who walks: volunteer, grid_worker, social_worker, handler, "
                  "secretary, street.");
}

static void S_by(struct reader *r, const struct node *map, struct pack_patrol *patrol)
{
    const struct node *by = node_typed(map, "by", NODE_LIST, true, r->report);
    patrol->by = arena_array(r->arena, by ? by->count + 1 : 1, sizeof *patrol->by);
    if (!by || !patrol->by)
        return;
    for (const struct node *item = by->child; item; item = item->next)
        S_walker(r, item, patrol);
    if (!by->child)
        fault_add(r->report, by->at, "by 里至少写一个角色。", "\"by\" needs at least one role.");
}

/* ---- what ---- */

/* A finding must be a matter that whoever walks can order: the walker comes as a worker of the
 * place. */
static void S_finding(struct reader *r, const struct node *map, struct pack_item *item)
{
    const struct node *finding = node_get(map, "finding"), *category = node_get(map, "category");
    if (item->kind != ITEM_OK) {
        const struct node *extra = finding ? finding : category;
        if (extra)
            fault_add(r->report, extra->key_at, "finding 和 category 只用于 kind: ok。",
                      "\"finding\" and \"category\" are for kind: ok only.");
        return;
    }
    item->finding = read_code(r, map, "finding");
    const struct pack_kind *kind = item->finding.n ? pack_kind(r->pack, item->finding) : NULL;
    if (item->finding.n && !kind)
        fault_add(r->report, finding->at, "matters 里没有“%.*s”这一类事项。",
                  "There is no kind of matter \"%.*s\".", SHOW(item->finding));
    else if (kind && !kind_step(kind, ACT_ORDER, 0, SIDE_WORKER, GIVEN_ANY, NULL))
        fault_add(r->report, finding->at,
                  "“%.*s”不能由工作人员提出（order 的 by 里没有 worker），不能作 finding。",
                  "A worker cannot order \"%.*s\" (worker is not in its order's \"by\"): it cannot "
                  "be a finding.",
                  SHOW(item->finding));
    if (!category)
        return;
    item->category = read_code(r, map, "category");
    /* What is no list of categories has been said; then there is none to look in. */
    if (item->category.n && r->pack->category_by_code && !pack_category(r->pack, item->category))
        fault_add(r->report, category->at, "categories 里没有“%.*s”这个分类。",
                  "There is no category \"%.*s\".", SHOW(item->category));
}

static bool S_item(struct reader *r, const struct node *map, struct pack_item *item)
{
    static const char *const keys[] = {"item", "name", "en", "kind", "finding", "category", NULL};
    node_keys(map, keys, r->report);
    *item = (struct pack_item){.name = read_label(r, map), .item = read_code(r, map, "item")};
    const struct node *kind = node_typed(map, "kind", NODE_TEXT, true, r->report);
    if (!kind)
        return false;
    for (int i = ITEM_OK; item_kind_names[i]; i++) {
        if (str_eq(kind->text, str_of(item_kind_names[i]))) {
            item->kind = (enum item_kind)i;
            S_finding(r, map, item);
            return item->item.n > 0;
        }
    }
    fault_add(r->report, kind->at, "kind 是 ok、number 或 text。",
              "\"kind\" is ok, number or text.");
    return false;
}

static void S_checklist(struct reader *r, const struct node *map, struct pack_patrol *patrol)
{
    const struct node *list = node_typed(map, "checklist", NODE_LIST, true, r->report);
    if (list && (!list->child || list->count > ITEMS_MAX)) {
        fault_add(r->report, list->at, "checklist 要有 1 到 %d 项。",
                  "\"checklist\" has 1 to %d items.", (int)ITEMS_MAX);
        return;
    }
    patrol->items = list ? arena_array(r->arena, list->count, sizeof *patrol->items) : NULL;
    for (const struct node *n = patrol->items ? list->child : NULL; n; n = n->next) {
        struct pack_item *item = &patrol->items[patrol->item_count];
        if (read_map(r, n) && S_item(r, n, item) &&
            !read_twice(r, list->child, n, "item", item->item))
            patrol->item_count++;
    }
}

void read_patrols(struct reader *r, const struct node *root)
{
    static const char *const keys[] = {"patrol", "name", "en", "by", "checklist", NULL};
    const struct node *list = read_list(r, root, "patrols", false);
    struct pack *p = r->pack;
    if (list && p->source_count && !pack_source_known(p, S("patrol")))
        fault_add(r->report, list->key_at, "有 patrols 时，sources 里要有 patrol。",
                  "With \"patrols\" there must be a source \"patrol\".");
    p->patrols = list ? arena_array(r->arena, list->count, sizeof *p->patrols) : NULL;
    for (const struct node *n = p->patrols ? list->child : NULL; n; n = n->next) {
        if (!read_map(r, n))
            continue;
        node_keys(n, keys, r->report);
        struct pack_patrol patrol = {.name = read_label(r, n), .patrol = read_code(r, n, "patrol")};
        S_by(r, n, &patrol);
        S_checklist(r, n, &patrol);
        if (patrol.patrol.n && !read_twice(r, list->child, n, "patrol", patrol.patrol))
            p->patrols[p->patrol_count++] = patrol;
    }
}
