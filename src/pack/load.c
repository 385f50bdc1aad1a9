#include "pack/read.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    PACK_CAP = 32 << 20,
    SCRATCH_CAP = 64 << 20,
    CATEGORIES_MAX = 10000,
    LIST_MAX = 200,
    HASH_BYTES = 32,
};

/* The program's roles; gate/permission gives them their meaning. */
static const char *const role_names[] = {
    "resident", "volunteer", "grid_worker", "social_worker", "handler",        "secretary",
    "street",   "district",  "hotline",     "system_admin",  "security_admin", "auditor",
};

/* ---- small readers ---- */

static bool S_code_ok(struct str s)
{
    if (s.n == 0 || s.n > CODE_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool inner = i > 0 && (c == '-' || c == '_' || c == '.');
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !inner)
            return false;
    }
    return true;
}

struct str read_code(struct reader *r, const struct node *map, const char *key)
{
    const struct node *value = node_typed(map, key, NODE_TEXT, true, r->report);
    if (!value)
        return NO_STR;
    if (S_code_ok(value->text))
        return arena_str(r->arena, value->text);
    fault_add(r->report, value->at,
              "代码“%.*s”不合规：用小写字母、数字和 - _ .，以字母或数字开头，最多 %d 个字。",
              "\"%.*s\" is not a code: lower-case letters, digits and - _ . after the first "
              "character, at most %d.",
              SHOW(value->text), (int)CODE_MAX);
    return NO_STR;
}

static struct str S_name(struct reader *r, const struct node *value)
{
    struct str text = str_trim(value->text);
    size_t n = utf8_count(text);
    if (n > 0 && n <= LABEL_MAX && !memchr(text.p, '\n', text.n))
        return arena_str(r->arena, text);
    fault_add(r->report, value->at, "名称要写在一行里，1 到 %d 个字。",
              "A name is one line of 1 to %d characters.", (int)LABEL_MAX);
    return NO_STR;
}

struct pack_label read_label(struct reader *r, const struct node *map)
{
    static const char *const keys[] = {"zh", "en", NULL};
    struct pack_label label = {NO_STR, NO_STR};
    const struct node *name = node_get(map, "name"), *zh = NULL;
    const struct node *en = node_typed(map, "en", NODE_TEXT, false, r->report);
    if (name && name->type == NODE_MAP) {
        node_keys(name, keys, r->report);
        zh = node_typed(name, "zh", NODE_TEXT, true, r->report);
        const struct node *inner = node_typed(name, "en", NODE_TEXT, false, r->report);
        if (en && inner)
            fault_add(r->report, en->key_at, "英文名写了两处，留一处即可。",
                      "The English name is given in two places: keep one.");
        en = en ? en : inner;
    } else {
        zh = node_typed(map, "name", NODE_TEXT, true, r->report);
    }
    if (zh)
        label.zh = S_name(r, zh);
    label.en = en ? S_name(r, en) : label.zh;
    return label;
}

const struct node *read_map(struct reader *r, const struct node *item)
{
    if (item->type == NODE_MAP)
        return item;
    fault_add(r->report, item->at, "这一项要写成“键: 值”，例如 {…: …, name: …}。",
              "This item must be made of \"key: value\", as in {…: …, name: …}.");
    return NULL;
}

/* ---- hours ---- */

static bool S_two_digits(struct str s, int *ret)
{
    if (s.n != 2 || s.p[0] < '0' || s.p[0] > '9' || s.p[1] < '0' || s.p[1] > '9')
        return false;
    *ret = (s.p[0] - '0') * 10 + (s.p[1] - '0');
    return true;
}

/* "09:00" to minutes after midnight; "24:00" is the end of the day. */
static bool S_clock(struct str s, int *ret)
{
    int hour = 0, minute = 0;
    struct str first = str_split(&s, ':');
    if (!S_two_digits(first, &hour) || !S_two_digits(s, &minute) || minute > 59)
        return false;
    *ret = hour * 60 + minute;
    return *ret <= 24 * 60;
}

static void S_span(struct reader *r, const struct node *item)
{
    struct hours *hours = &r->pack->hours;
    struct span span = {0, 0};
    struct str rest = item->text;
    struct str from = str_split(&rest, '-');
    if (item->type != NODE_TEXT || !S_clock(str_trim(from), &span.from) ||
        !S_clock(str_trim(rest), &span.to) || span.from >= span.to) {
        fault_add(r->report, item->at, "工作时间要写成 \"09:00-12:00\"，开始早于结束。",
                  "Hours are written \"09:00-12:00\", the start before the end.");
    } else if (hours->n > 0 && span.from < hours->spans[hours->n - 1].to) {
        fault_add(r->report, item->at, "工作时段要从早到晚排列，不能重叠。",
                  "Hours go from early to late and do not overlap.");
    } else if (hours->n == COUNT_OF(hours->spans)) {
        fault_add(r->report, item->at, "工作时段最多 %d 个。", "At most %d spans of hours.",
                  (int)COUNT_OF(hours->spans));
    } else {
        hours->spans[hours->n++] = span;
    }
}

static void S_hours(struct reader *r, const struct node *root)
{
    const struct node *list = node_typed(root, "hours", NODE_LIST, false, r->report);
    for (const struct node *item = list ? list->child : NULL; item; item = item->next)
        S_span(r, item);
    if (list && !list->child)
        fault_add(r->report, list->at, "工作时间不能是空的；不写就是 9-12 点、14-18 点。",
                  "The hours are empty; leave the line out for 9-12 and 14-18.");
    if (r->pack->hours.n == 0)
        r->pack->hours = HOURS_DEFAULT;
}

/* ---- roles and sources: flat lists of a code with a label ---- */

static bool S_known_role(struct str role)
{
    for (size_t i = 0; i < COUNT_OF(role_names); i++)
        if (str_eq(role, str_of(role_names[i])))
            return true;
    return false;
}

bool read_twice(struct reader *r, const struct node *first, const struct node *item,
                const char *key, struct str code)
{
    for (; first != item; first = first->next) {
        const struct node *other = first->type == NODE_MAP ? node_get(first, key) : NULL;
        if (!other || !str_eq(other->text, code))
            continue;
        fault_add(r->report, node_get(item, key)->at, "“%.*s”写了两次（第一次在第 %d 行）。",
                  "\"%.*s\" is given twice (first on line %d).", SHOW(code), other->at.line);
        return true;
    }
    return false;
}

const struct node *read_list(struct reader *r, const struct node *root, const char *key,
                             bool required)
{
    const struct node *list = node_typed(root, key, NODE_LIST, required, r->report);
    if (list && list->count > LIST_MAX) {
        fault_add(r->report, list->at, "“%s”太长：最多 %d 项。", "\"%s\" has over %d items.", key,
                  (int)LIST_MAX);
        return NULL;
    }
    if (list && required && !list->child)
        fault_add(r->report, list->at, "“%s”里至少写一项。", "\"%s\" needs at least one item.",
                  key);
    return list;
}

static void S_roles(struct reader *r, const struct node *root)
{
    static const char *const keys[] = {"role", "name", "en", NULL};
    const struct node *list = read_list(r, root, "roles", false);
    struct pack *p = r->pack;
    p->roles = list ? arena_array(r->arena, list->count, sizeof *p->roles) : NULL;
    for (const struct node *item = p->roles ? list->child : NULL; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_role role = {.name = read_label(r, item), .role = read_code(r, item, "role")};
        if (!role.role.n || read_twice(r, list->child, item, "role", role.role))
            continue;
        if (S_known_role(role.role))
            p->roles[p->role_count++] = role;
        else
            fault_add(r->report, node_get(item, "role")->at,
                      "没有“%.*s”这个角色；可用的有：resident、volunteer、grid_worker、"
                      "social_worker、handler、secretary、street、district、hotline、"
                      "system_admin、security_admin、auditor。",
                      "There is no role \"%.*s\"; the roles are resident, volunteer, grid_worker, "
                      "social_worker, handler, secretary, street, district, hotline, "
                      "system_admin, security_admin, auditor.",
                      SHOW(role.role));
    }
}

static void S_sources(struct reader *r, const struct node *root)
{
    static const char *const keys[] = {"source", "name", "en", NULL};
    const struct node *list = read_list(r, root, "sources", true);
    struct pack *p = r->pack;
    p->sources = list ? arena_array(r->arena, list->count, sizeof *p->sources) : NULL;
    for (const struct node *item = p->sources ? list->child : NULL; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_source source = {.name = read_label(r, item),
                                     .source = read_code(r, item, "source")};
        if (source.source.n && !read_twice(r, list->child, item, "source", source.source))
            p->sources[p->source_count++] = source;
    }
}

static void S_reasons(struct reader *r, const struct node *root)
{
    static const char *const keys[] = {"reason", "name", "en", NULL};
    const struct node *list = read_list(r, root, "reasons", false);
    struct pack *p = r->pack;
    p->reasons = list ? arena_array(r->arena, list->count, sizeof *p->reasons) : NULL;
    for (const struct node *item = p->reasons ? list->child : NULL; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_reason reason = {.name = read_label(r, item),
                                     .reason = read_code(r, item, "reason")};
        if (reason.reason.n && !read_twice(r, list->child, item, "reason", reason.reason))
            p->reasons[p->reason_count++] = reason;
    }
}

/* ---- categories ---- */

static size_t S_count(const struct node *list)
{
    size_t n = 0;
    for (const struct node *item = list ? list->child : NULL; item; item = item->next)
        n += 1 + (item->type == NODE_MAP ? S_count(node_get(item, "children")) : 0);
    return n;
}

/* Depth is bounded by YAML_DEPTH_MAX. */
static void S_category_list(struct reader *r, const struct node *list, struct str parent,
                            struct mark *marks)
{
    static const char *const keys[] = {"code", "name", "en", "children", NULL};
    struct pack *p = r->pack;
    for (const struct node *item = list->child; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_category category = {
            .name = read_label(r, item), .code = read_code(r, item, "code"), .parent = parent};
        const struct node *children = node_typed(item, "children", NODE_LIST, false, r->report);
        if (category.code.n) {
            marks[p->category_count] = node_get(item, "code")->at;
            p->categories[p->category_count++] = category;
        }
        if (children)
            S_category_list(r, children, category.code, marks);
    }
}

static int S_by_code(const void *a, const void *b)
{
    const struct pack_category *const *x = a, *const *y = b;
    int order = str_cmp((*x)->code, (*y)->code);
    return order ? order : (*x > *y) - (*x < *y);
}

static int S_by_name(const void *a, const void *b)
{
    const struct pack_category *const *x = a, *const *y = b;
    int order = str_cmp((*x)->parent, (*y)->parent);
    if (order == 0)
        order = str_cmp((*x)->name.zh, (*y)->name.zh);
    return order ? order : (*x > *y) - (*x < *y);
}

static void S_category_twice(struct reader *r, const struct pack_category **sorted,
                             const struct mark *marks, bool names)
{
    const struct pack *p = r->pack;
    for (size_t i = 1; i < p->category_count; i++) {
        const struct pack_category *a = sorted[i - 1], *b = sorted[i];
        struct str what = names ? b->name.zh : b->code;
        bool same = names ? what.n && str_eq(a->parent, b->parent) && str_eq(a->name.zh, what)
                          : str_eq(a->code, what);
        if (same)
            fault_add(r->report, marks[b - p->categories],
                      "分类“%.*s”写了两次（第一次在第 %d 行）。",
                      "Category \"%.*s\" is given twice (first on line %d).", SHOW(what),
                      marks[a - p->categories].line);
    }
}

static void S_categories(struct reader *r, const struct node *root)
{
    const struct node *list = node_typed(root, "categories", NODE_LIST, false, r->report);
    struct pack *p = r->pack;
    size_t n = S_count(list), each = sizeof(void *);
    if (n > CATEGORIES_MAX) {
        fault_add(r->report, list->at, "分类太多：最多 %d 个。", "At most %d categories.",
                  (int)CATEGORIES_MAX);
        return;
    }
    p->categories = arena_array(r->arena, n, sizeof *p->categories);
    struct mark *marks = arena_array(r->scratch, n, sizeof *marks);
    const struct pack_category **sorted = arena_array(r->arena, n, each);
    if (!list || !p->categories || !marks || !sorted)
        return;
    S_category_list(r, list, NO_STR, marks);
    for (size_t i = 0; i < p->category_count; i++)
        sorted[i] = &p->categories[i];
    qsort(sorted, p->category_count, each, S_by_name);
    S_category_twice(r, sorted, marks, true);
    qsort(sorted, p->category_count, each, S_by_code);
    S_category_twice(r, sorted, marks, false);
    p->category_by_code = sorted;
}

/* ---- the pack ---- */

static void S_matters(struct reader *r, const struct node *root)
{
    const struct node *list = read_list(r, root, "matters", true);
    struct pack *p = r->pack;
    p->kinds = list ? arena_array(r->arena, list->count, sizeof *p->kinds) : NULL;
    for (const struct node *item = p->kinds ? list->child : NULL; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        struct pack_kind kind = {.line = item->at.line};
        struct kind_mark mark = {.at = item->at};
        if (read_kind(r, item, &kind, &mark))
            check_kind(r, &kind, &mark);
        if (kind.kind.n && !read_twice(r, list->child, item, "kind", kind.kind))
            p->kinds[p->kind_count++] = kind;
    }
}

static void S_root(struct reader *r, const struct node *root)
{
    static const char *const keys[] = {
        "pack",    "name",   "en",    "hours",    "roles",  "sources", "reasons",    "categories",
        "matters", "chains", "forms", "services", "bodies", "patrols", "indicators", NULL};
    const struct node *map = node_get(root, "map");
    if (map && !node_get(root, "matters")) {
        fault_add(
            r->report, map->key_at,
            "这像是导入映射，不是方案；它用在：linli import matters 文件.csv --map 这个文件。",
            "This looks like an import map, not a pack. It is used so: linli import matters "
            "FILE.csv --map THIS_FILE.");
        return;
    }
    node_keys(root, keys, r->report);
    r->pack->pack = read_code(r, root, "pack");
    r->pack->name = read_label(r, root);
    S_hours(r, root);
    S_roles(r, root);
    S_sources(r, root);
    S_reasons(r, root);
    S_categories(r, root);
    S_matters(r, root);
    read_chains(r, root);
    read_services(r, root);
    read_bodies(r, root);
    read_patrols(r, root);
    read_indicators(r, root);
}

static struct str S_hash(struct arena *a, struct str yaml)
{
    unsigned char hash[HASH_BYTES];
    char hex[HASH_BYTES * 2 + 1];
    if (crypto_generichash(hash, sizeof hash, (const unsigned char *)yaml.p, yaml.n, NULL, 0) != 0)
        return NO_STR;
    return arena_str(a, str_of(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash)));
}

static enum err S_load(struct reader *r, struct str yaml)
{
    size_t before = r->report->n;
    r->pack->yaml = arena_str(r->arena, yaml);
    r->pack->hash = S_hash(r->arena, yaml);
    const struct node *root = yaml_read(r->scratch, yaml, r->report);
    if (root)
        S_root(r, root);
    fault_sort(r->report);
    if (arena_full(r->arena) || arena_full(r->scratch) || arena_full(r->report->arena))
        return ERR_MEMORY;
    return r->report->n > before || !root ? ERR_INVALID : OK;
}

enum err pack_load(struct str yaml, struct pack_report *report, struct pack **ret)
{
    *ret = NULL;
    struct arena *arena = arena_new(PACK_CAP), *scratch = arena_new(SCRATCH_CAP);
    struct pack *p = arena ? ARENA_NEW(arena, struct pack) : NULL;
    enum err err = ERR_MEMORY;
    if (p && scratch) {
        struct reader r = {arena, scratch, report, p};
        p->arena = arena;
        err = S_load(&r, yaml);
    }
    arena_free(scratch);
    if (err == OK)
        *ret = p;
    else
        arena_free(arena);
    return err;
}
