#include "cli/import_map.h"

struct reading {
    const struct csv *csv;
    const struct node *root;
    struct pack_report *report;
};

static struct str S_text(struct reading *r, const char *key, bool required)
{
    const struct node *n = node_typed(r->root, key, NODE_TEXT, required, r->report);
    return n ? n->text : NO_STR;
}

static struct column S_column_of(struct reading *r, const struct node *n)
{
    struct column column = {n->text.p ? csv_column(r->csv, n->text.p) : NO_COLUMN, n->text.p};
    if (column.at < 0)
        fault_add(r->report, n->at, "文件的表头里没有“%.*s”这一列。",
                  "The file's head has no column \"%.*s\".", SHOW(n->text));
    return column;
}

static struct column S_column(struct reading *r, const struct node *map, const char *key,
                              bool required)
{
    const struct node *n = node_typed(map, key, NODE_TEXT, required, r->report);
    return n ? S_column_of(r, n) : (struct column){.at = NO_COLUMN};
}

static void S_kind(struct reading *r, struct import_map *ret)
{
    static const char *const keys[] = {"column", "values", "default", NULL};
    const struct node *kind = node_typed(r->root, "kind", NODE_MAP, true, r->report);
    ret->kind.at = NO_COLUMN;
    if (!kind)
        return;
    node_keys(kind, keys, r->report);
    const struct node *otherwise = node_typed(kind, "default", NODE_TEXT, false, r->report);
    const struct node *values = node_typed(kind, "values", NODE_MAP, true, r->report);
    ret->kind = S_column(r, kind, "column", true);
    ret->kind_default = otherwise ? otherwise->text : NO_STR;
    ret->kind_values = values ? values->child : NULL;
}

static void S_categories(struct reading *r, struct import_map *ret)
{
    const struct node *list = node_typed(r->root, "category", NODE_LIST, false, r->report);
    for (const struct node *n = list ? list->child : NULL; n; n = n->next) {
        if (ret->category_count == MAP_CATEGORIES_MAX)
            fault_add(r->report, n->at, "最多 %d 列。", "At most %d columns.",
                      (int)MAP_CATEGORIES_MAX);
        else
            ret->category[ret->category_count++] = S_column_of(r, n);
    }
}

static void S_pairs(struct reading *r, struct import_map *ret)
{
    const struct node *list = node_typed(r->root, "pairs", NODE_LIST, false, r->report);
    for (const struct node *n = list ? list->child : NULL; n; n = n->next) {
        if (n->type != NODE_LIST || n->count != 2 || ret->pair_count == MAP_PAIRS_MAX)
            fault_add(r->report, n->at, "每项写成 [代码列, 名称列]，最多 %d 项。",
                      "Write [id column, name column], at most %d of them.", (int)MAP_PAIRS_MAX);
        else
            ret->pairs[ret->pair_count++] = (struct import_pair){
                .id = S_column_of(r, n->child), .name = S_column_of(r, n->child->next)};
    }
}

static void S_unplaced(struct reading *r, struct import_map *ret)
{
    const struct node *n = node_typed(r->root, "unplaced", NODE_TEXT, false, r->report);
    ret->unplaced = n && str_eq(n->text, S("take"));
    if (n && !ret->unplaced && !str_eq(n->text, S("refuse")))
        fault_add(r->report, n->at, "写 take 或 refuse。", "Write take or refuse.");
}

enum err import_map_read(struct str yaml, const struct csv *csv, struct arena *a,
                         struct pack_report *report, struct import_map *ret)
{
    static const char *const keys[] = {
        "map",     "pack",         "at",       "missing", "key",      "number", "created", "zone",
        "street",  "community",    "unplaced", "kind",    "category", "title",  "place",   "source",
        "handler", "handler_kind", "in_time",  "overdue", "pairs",    NULL};
    struct reading r = {csv, yaml_read(a, yaml, report), report};
    *ret = (struct import_map){0};
    if (!r.root)
        return report->n ? ERR_INVALID : ERR_MEMORY;
    node_keys(r.root, keys, report);
    ret->map = S_text(&r, "map", true);
    ret->pack = S_text(&r, "pack", true);
    ret->at = S_text(&r, "at", true);
    ret->missing = S_text(&r, "missing", false);
    ret->number = S_text(&r, "number", true);
    ret->zone = S_text(&r, "zone", true);
    ret->handler_kind = S_text(&r, "handler_kind", false);
    ret->key = S_column(&r, r.root, "key", true);
    ret->created = S_column(&r, r.root, "created", true);
    ret->street = S_column(&r, r.root, "street", true);
    ret->community = S_column(&r, r.root, "community", true);
    ret->title = S_column(&r, r.root, "title", true);
    ret->place = S_column(&r, r.root, "place", false);
    ret->source = S_column(&r, r.root, "source", true);
    ret->handler = S_column(&r, r.root, "handler", false);
    ret->in_time = S_column(&r, r.root, "in_time", true);
    ret->overdue = S_column(&r, r.root, "overdue", true);
    S_unplaced(&r, ret);
    S_kind(&r, ret);
    S_categories(&r, ret);
    S_pairs(&r, ret);
    fault_sort(report);
    return report->n ? ERR_INVALID : OK;
}
