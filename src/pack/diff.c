#include "pack/diff.h"

#include "pack/read.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGES_MAX = 20000, DIFF_SCRATCH = 64 << 20, ALIKE = 100 };

struct diff {
    struct arena *arena;   /* of the sentences */
    struct arena *scratch; /* of the trees */
    struct pack_change *changes;
    size_t n, room;
};

/* A list whose items have a code: how its items are called, and the lists within them. */
struct listing {
    const char *key, *code, *zh, *en;
    const struct listing *below;
    size_t below_count;
    bool ordered; /* the order of its items means something */
};
#define ALONE        .below = NULL
#define BELOW(table) .below = (table), .below_count = COUNT_OF(table)

static const struct listing categories[1]; /* its items hold the same list */
static const struct listing categories[1] = {
    {"children", "code", "分类", "category", BELOW(categories)}};
static const struct listing kind_lists[] = {{"stages", "stage", "阶段", "stage", .ordered = true},
                                            {"flow", "do", "步骤", "step", .ordered = true}};
static const struct listing body_lists[] = {
    {"members", "category", "成员类别", "member category", ALONE},
    {"parts", "part", "下设组织", "part", ALONE}};

/* The lists of a pack's root: a line each. */
static const struct listing root_lists[] = {
    {"roles", "role", "角色", "role", ALONE},
    {"sources", "source", "来源", "source", ALONE},
    {"categories", "code", "分类", "category", BELOW(categories)},
    {"matters", "kind", "事项", "kind of matter", BELOW(kind_lists)},
    {"bodies", "kind", "组织", "kind of body", BELOW(body_lists)},
    {"indicators", "indicator", "指标", "indicator", ALONE},
};

/* What the other keys of items are called. */
static const struct {
    const char *key, *zh, *en;
} key_words[] = {
    {"name", "名称", "name"},       {"en", "英文名", "English name"},
    {"hours", "工作时间", "hours"}, {"pack", "方案代码", "code of the pack"},
    {"by", "谁可以做", "who may"},  {"from", "从哪个阶段", "from"},
    {"to", "到哪个阶段", "to"},     {"needs", "要求填写", "what it asks for"},
    {"within", "时限", "limit"},    {"else", "到时", "when the limit has passed"},
    {"given", "评价", "rating"},    {"final", "是否结束", "whether it ends there"},
    {"of", "成员是", "made of"},    {"public", "是否公开职务", "whether it is a public post"},
    {"kind", "种类", "kind"},
};

/* Where in the pack: `事项“报修”（repair）：`; empty at the root. */
struct place {
    struct str zh, en;
};

/* ---- saying ---- */

/* One sentence, in both languages, after the place it is about. */
static void S_say(struct diff *d, const struct place *at, struct str zh, struct str en)
{
    if (d->n == CHANGES_MAX)
        return;
    if (d->n == d->room) {
        size_t room = d->room ? d->room * 2 : 64;
        struct pack_change *more = arena_array(d->arena, room, sizeof *more);
        if (!more)
            return;
        if (d->n)
            memcpy(more, d->changes, d->n * sizeof *more);
        d->changes = more;
        d->room = room;
    }
    d->changes[d->n++] =
        (struct pack_change){arena_printf(d->arena, STR_F STR_F, STR_A(at->zh), STR_A(zh)),
                             arena_printf(d->arena, STR_F STR_F, STR_A(at->en), STR_A(en))};
}
#define SAY(d, ...) arena_printf((d)->arena, __VA_ARGS__)

/* ---- values as text ---- */

static int S_by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str S_value(struct diff *d, const struct node *n);

/* What n's children say, each behind its key in a map. Only lists of maps keep their order. */
static struct str S_values(struct diff *d, const struct node *n)
{
    struct str *texts = arena_array(d->scratch, n->count + 1, sizeof *texts), all = S("");
    size_t count = 0;
    bool maps = false;
    for (const struct node *c = n->child; texts && c; c = c->next) {
        struct str value = S_value(d, c);
        maps = maps || (n->type == NODE_LIST && c->type != NODE_TEXT);
        texts[count++] = n->type == NODE_LIST ? value
                                              : arena_printf(d->scratch, STR_F ": " STR_F,
                                                             STR_A(c->key), STR_A(value));
    }
    if (!texts)
        return NO_STR;
    if (!maps)
        qsort(texts, count, sizeof *texts, S_by_text);
    for (size_t i = 0; i < count; i++)
        all =
            arena_printf(d->scratch, STR_F "%s" STR_F, STR_A(all), i ? ", " : "", STR_A(texts[i]));
    return all;
}

/* What a node says, apart from its layout: `[a, b]` and `[b, a]` are one, and so are `a` and
 * `[a]`. NO_STR when there is nothing. */
static struct str S_value(struct diff *d, const struct node *n)
{
    if (!n || n->type == NODE_EMPTY)
        return NO_STR;
    return n->type == NODE_TEXT ? n->text : S_values(d, n);
}

static bool S_same(struct diff *d, const struct node *a, const struct node *b)
{
    struct str x = S_value(d, a), y = S_value(d, b);
    return x.p && y.p ? str_eq(x, y) : !x.p && !y.p;
}

/* A name is written in two ways. */
static struct str S_name(struct diff *d, const struct node *item, const char *language)
{
    const struct node *name = node_get(item, "name");
    bool map = name && name->type == NODE_MAP;
    const struct node *zh = map ? node_get(name, "zh") : name;
    const struct node *en = node_get(item, "en");
    if (map && !en)
        en = node_get(name, "en");
    return S_value(d, strcmp(language, "en") == 0 && en ? en : zh);
}

static struct str S_text(struct diff *d, const struct node *item, const char *key)
{
    return S_value(d, node_get(item, key));
}

/* ---- what goes with what ---- */

/* How well an item fits one of the other list: 0 not at all. Codes are unique but for those of
 * steps, where what else is alike decides. */
static int S_fit(struct diff *d, const struct listing *l, const struct node *a,
                 const struct node *b)
{
    static const struct {
        const char *key;
        int worth;
    } alike[] = {{"from", 4}, {"by", 3}, {"given", 2}, {"to", 1}};
    struct str code = S_text(d, a, l->code);
    int fit = 1;
    if (!code.p || !str_eq(code, S_text(d, b, l->code)))
        return 0;
    for (size_t i = 0; i < COUNT_OF(alike); i++) {
        struct str x = S_text(d, a, alike[i].key), y = S_text(d, b, alike[i].key);
        fit += (!x.p && !y.p) || (x.p && str_eq(x, y)) ? alike[i].worth : 0;
    }
    return S_same(d, a, b) ? ALIKE : fit;
}

struct items {
    const struct node **item;
    size_t *other; /* 1 + index in the other list, 0: none */
    size_t n;
};

static bool S_items(struct diff *d, const struct node *list, struct items *ret)
{
    size_t room = list ? list->count + 1 : 1;
    *ret = (struct items){.item = arena_array(d->scratch, room, sizeof(void *)),
                          .other = arena_array(d->scratch, room, sizeof(size_t))};
    if (!ret->item || !ret->other)
        return false;
    for (const struct node *c = list ? list->child : NULL; c; c = c->next)
        if (c->type == NODE_MAP)
            ret->item[ret->n++] = c;
    return true;
}

/* First what has not changed at all, so that it takes nobody else's place. */
static void S_match(struct diff *d, const struct listing *l, struct items *a, struct items *b)
{
    for (int least = ALIKE; least > 0; least -= ALIKE - 1) {
        for (size_t i = 0; i < a->n; i++) {
            int best = least - 1;
            size_t at = 0;
            for (size_t j = 0; j < b->n && !a->other[i]; j++) {
                int fit = b->other[j] ? 0 : S_fit(d, l, a->item[i], b->item[j]);
                if (fit > best) {
                    best = fit;
                    at = j + 1;
                }
            }
            if (at) {
                a->other[i] = at;
                b->other[at - 1] = i + 1;
            }
        }
    }
}

/* ---- comparing ---- */

static void S_list(struct diff *d, const struct listing *l, const struct place *at,
                   const struct node *a, const struct node *b);

/* How an item is called: `事项“报修”（repair）`; a step, which has no name: `步骤 submit（从
 * doing）`. */
static struct place S_called(struct diff *d, const struct listing *l, const struct node *item)
{
    struct str code = S_text(d, item, l->code), from = S_text(d, item, "from");
    if (node_get(item, "name"))
        return (struct place){
            SAY(d, "%s“" STR_F "”（" STR_F "）", l->zh, STR_A(S_name(d, item, "zh")), STR_A(code)),
            SAY(d, "%s \"" STR_F "\" (" STR_F ")", l->en, STR_A(S_name(d, item, "en")),
                STR_A(code))};
    if (!from.p)
        return (struct place){SAY(d, "%s " STR_F, l->zh, STR_A(code)),
                              SAY(d, "%s " STR_F, l->en, STR_A(code))};
    return (struct place){SAY(d, "%s " STR_F "（从 " STR_F "）", l->zh, STR_A(code), STR_A(from)),
                          SAY(d, "%s " STR_F " from " STR_F, l->en, STR_A(code), STR_A(from))};
}

static void S_renamed(struct diff *d, const struct place *at, const struct node *a,
                      const struct node *b)
{
    struct str zh = S_name(d, a, "zh"), new_zh = S_name(d, b, "zh");
    struct str en = S_name(d, a, "en"), new_en = S_name(d, b, "en");
    bool follows = str_eq(en, zh) && str_eq(new_en, new_zh); /* no English name of its own */
    if (!str_eq(zh, new_zh))
        S_say(d, at, SAY(d, "改名为“" STR_F "”", STR_A(new_zh)),
              SAY(d, "now called \"" STR_F "\" in Chinese", STR_A(new_zh)));
    if (!str_eq(en, new_en) && !follows)
        S_say(d, at, SAY(d, "英文名改为“" STR_F "”", STR_A(new_en)),
              SAY(d, "now called \"" STR_F "\" in English", STR_A(new_en)));
}

static void S_changed(struct diff *d, const struct place *at, struct str key, struct str old,
                      struct str new)
{
    struct str zh = key, en = key;
    for (size_t i = 0; i < COUNT_OF(key_words); i++) {
        if (str_eq(key, str_of(key_words[i].key))) {
            zh = str_of(key_words[i].zh);
            en = str_of(key_words[i].en);
        }
    }
    if (!old.p)
        S_say(d, at, SAY(d, STR_F "：新写了 " STR_F, STR_A(zh), STR_A(new)),
              SAY(d, STR_F " is now given: " STR_F, STR_A(en), STR_A(new)));
    else if (!new.p)
        S_say(d, at, SAY(d, STR_F "：不再写（原来是 " STR_F "）", STR_A(zh), STR_A(old)),
              SAY(d, STR_F " is no longer given (it was " STR_F ")", STR_A(en), STR_A(old)));
    else
        S_say(d, at, SAY(d, STR_F "：从 " STR_F " 改为 " STR_F, STR_A(zh), STR_A(old), STR_A(new)),
              SAY(d, STR_F ": " STR_F " becomes " STR_F, STR_A(en), STR_A(old), STR_A(new)));
}

static bool S_has(const struct listing *lists, size_t n, struct str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(key, str_of(lists[i].key)))
            return true;
    return str_eq(key, S("name")) || str_eq(key, S("en"));
}

/* Everything of a map but its name and what has a line in the table; a list of maps is too long
 * to be written out. */
static void S_keys(struct diff *d, const struct place *at, const struct node *a,
                   const struct node *b, const struct listing *lists, size_t n)
{
    const struct node *const both[] = {a, b};
    for (size_t side = 0; side < 2; side++) {
        for (const struct node *c = both[side]->child; c; c = c->next) {
            const char *key = arena_str(d->scratch, c->key).p;
            const struct node *other = key ? node_get(both[1 - side], key) : NULL;
            if (!key || S_has(lists, n, c->key) || (side == 1 && other) || S_same(d, c, other))
                continue; /* what both have was looked at from the first */
            bool long_ = c->type == NODE_LIST && c->child && c->child->type != NODE_TEXT;
            if (long_)
                S_say(d, at, SAY(d, "“" STR_F "”有改动", STR_A(c->key)),
                      SAY(d, "\"" STR_F "\" has changed", STR_A(c->key)));
            else
                S_changed(d, at, c->key, S_value(d, side ? other : c),
                          S_value(d, side ? c : other));
        }
    }
}

static void S_item(struct diff *d, const struct listing *l, const struct place *at,
                   const struct node *a, const struct node *b)
{
    struct place called = S_called(d, l, a);
    struct place here = {SAY(d, STR_F STR_F "：", STR_A(at->zh), STR_A(called.zh)),
                         SAY(d, STR_F STR_F ": ", STR_A(at->en), STR_A(called.en))};
    S_renamed(d, &here, a, b);
    S_keys(d, &here, a, b, l->below, l->below_count);
    for (size_t i = 0; i < l->below_count; i++)
        S_list(d, &l->below[i], &here, node_get(a, l->below[i].key), node_get(b, l->below[i].key));
}

/* Are those that both have in another order? */
static bool S_moved(const struct items *a)
{
    size_t last = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (a->other[i] && a->other[i] < last)
            return true;
        last = a->other[i] ? a->other[i] : last;
    }
    return false;
}

static void S_list(struct diff *d, const struct listing *l, const struct place *at,
                   const struct node *a, const struct node *b)
{
    struct items old, new;
    if (!S_items(d, a, &old) || !S_items(d, b, &new))
        return;
    S_match(d, l, &old, &new);
    for (size_t i = 0; i < old.n; i++) {
        struct place called = S_called(d, l, old.item[i]);
        if (!old.other[i])
            S_say(d, at, SAY(d, "去掉" STR_F, STR_A(called.zh)),
                  SAY(d, STR_F " is removed", STR_A(called.en)));
    }
    for (size_t i = 0; i < new.n; i++) {
        struct place called = S_called(d, l, new.item[i]);
        if (!new.other[i])
            S_say(d, at, SAY(d, "新增" STR_F, STR_A(called.zh)),
                  SAY(d, STR_F " is added", STR_A(called.en)));
        else if (!S_same(d, old.item[new.other[i] - 1], new.item[i]))
            S_item(d, l, at, old.item[new.other[i] - 1], new.item[i]);
    }
    if (l->ordered && S_moved(&old))
        S_say(d, at, SAY(d, "%s的次序变了", l->zh), SAY(d, "%ss are in another order", l->en));
}

static const struct node *S_tree(struct diff *d, const struct pack *p)
{
    struct pack_report report = {.arena = d->scratch};
    return yaml_read(d->scratch, p->yaml, &report);
}

static enum err S_diff(struct diff *d, const struct pack *before, const struct pack *after)
{
    const struct place root = {S(""), S("")};
    const struct node *a = S_tree(d, before), *b = S_tree(d, after);
    if (!a || !b)
        return ERR_MEMORY; /* both were read before: nothing else can be wrong */
    S_renamed(d, &(struct place){S("方案"), S("The pack is ")}, a, b);
    S_keys(d, &root, a, b, root_lists, COUNT_OF(root_lists));
    for (size_t i = 0; i < COUNT_OF(root_lists); i++)
        S_list(d, &root_lists[i], &root, node_get(a, root_lists[i].key),
               node_get(b, root_lists[i].key));
    return arena_full(d->arena) || arena_full(d->scratch) ? ERR_MEMORY : OK;
}

enum err pack_diff(const struct pack *before, const struct pack *after, struct arena *a,
                   struct list *ret)
{
    struct diff d = {.arena = a, .scratch = arena_new(DIFF_SCRATCH)};
    enum err err = d.scratch ? S_diff(&d, before, after) : ERR_MEMORY;
    *ret = (struct list){d.changes, d.n};
    arena_free(d.scratch);
    return err;
}
