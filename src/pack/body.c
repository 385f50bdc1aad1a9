#include "pack/read.h"

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

static void S_member(struct reader *r, const struct node *item, struct pack_member *ret)
{
    static const char *const keys[] = {"category", "name", "en", "of", "public", NULL};
    node_keys(item, keys, r->report);
    *ret = (struct pack_member){.name = read_label(r, item),
                                .category = read_code(r, item, "category"),
                                .public = S_flag(r, item, "public")};
    const struct node *of = node_typed(item, "of", NODE_TEXT, false, r->report);
    ret->party = of && str_eq(of->text, S("party"));
    if (of && !ret->party && !str_eq(of->text, S("person")))
        fault_add(r->report, of->at, "of 只能写 person（人）或 party（单位），不能写“%.*s”。",
                  "\"of\" is person or party, not \"%.*s\".", SHOW(of->text));
    if (ret->party && ret->public)
        fault_add(r->report, node_get(item, "public")->at, "单位的名称本来就公开，去掉 public。",
                  "An organisation's name is open anyway: leave \"public\" out.");
}

static void S_members(struct reader *r, const struct node *map, struct pack_body *body)
{
    const struct node *list = read_list(r, map, "members", true);
    body->members = list ? arena_array(r->arena, list->count, sizeof *body->members) : NULL;
    for (const struct node *item = body->members ? list->child : NULL; item; item = item->next) {
        struct pack_member member;
        if (!read_map(r, item))
            continue;
        S_member(r, item, &member);
        if (member.category.n && !read_twice(r, list->child, item, "category", member.category))
            body->members[body->member_count++] = member;
    }
}

static void S_parts(struct reader *r, const struct node *map, struct pack_body *body)
{
    static const char *const keys[] = {"part", "kind", "name", "en", NULL};
    const struct node *list = read_list(r, map, "parts", false);
    if (list && list->count > PARTS_MAX) {
        fault_add(r->report, list->at, "“parts”太长：最多 %d 项。", "\"parts\" has over %d items.",
                  (int)PARTS_MAX);
        return;
    }
    body->parts = list ? arena_array(r->arena, list->count, sizeof *body->parts) : NULL;
    for (const struct node *item = body->parts ? list->child : NULL; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_part part = {.name = read_label(r, item),
                                 .part = read_code(r, item, "part"),
                                 .kind = read_code(r, item, "kind")};
        if (part.part.n && !read_twice(r, list->child, item, "part", part.part))
            body->parts[body->part_count++] = part;
    }
}

/* Each part is of a kind there is, which has no parts itself: bodies lie two deep. */
static void S_check_parts(struct reader *r, const struct node *map)
{
    const struct node *list = node_get(map, "parts");
    for (const struct node *item = list ? list->child : NULL; item; item = item->next) {
        const struct node *kind = item->type == NODE_MAP ? node_get(item, "kind") : NULL;
        if (!kind || kind->type != NODE_TEXT)
            continue;
        const struct pack_body *body = pack_body(r->pack, kind->text);
        if (!body)
            fault_add(r->report, kind->at, "bodies 里没有“%.*s”这种组织。",
                      "There is no kind of body \"%.*s\" in bodies.", SHOW(kind->text));
        else if (body->part_count)
            fault_add(r->report, kind->at, "“%.*s”自己还有 parts；组织最多两层。",
                      "\"%.*s\" has parts of its own: bodies lie two deep at most.",
                      SHOW(kind->text));
    }
}

void read_bodies(struct reader *r, const struct node *root)
{
    static const char *const keys[] = {"kind", "name", "en", "members", "parts", NULL};
    const struct node *list = read_list(r, root, "bodies", false);
    struct pack *p = r->pack;
    p->bodies = list ? arena_array(r->arena, list->count, sizeof *p->bodies) : NULL;
    for (const struct node *item = p->bodies ? list->child : NULL; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_body body = {
            .name = read_label(r, item), .kind = read_code(r, item, "kind"), .line = item->at.line};
        S_members(r, item, &body);
        S_parts(r, item, &body);
        if (body.kind.n && !read_twice(r, list->child, item, "kind", body.kind))
            p->bodies[p->body_count++] = body;
    }
    for (const struct node *item = p->bodies ? list->child : NULL; item; item = item->next)
        if (item->type == NODE_MAP)
            S_check_parts(r, item);
}
