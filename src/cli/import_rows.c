#include "cli/import_rows.h"

#include "domain/people/people.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_ARENA = 8 << 20, TITLE_MAX = 60, PLACE_MAX = 120, TEXT_SHORT = 2 };

/* A row's own fault: it is refused, the others go on. */
static enum err S_refuse(struct refusal *ret, struct column c, const char *zh, const char *en)
{
    *ret = (struct refusal){c.name, zh, en};
    return OK;
}

/* ---- what was seen before ---- */

static enum err S_grow(struct replay *r)
{
    struct memo *m = &r->memo, old = *m;
    m->room = old.room ? old.room * 2 : 1024;
    m->slots = arena_array(r->house->arena, m->room, sizeof *m->slots);
    if (!m->slots)
        return ERR_MEMORY;
    for (size_t i = 0; i < old.room; i++) {
        size_t at = (size_t)str_hash(old.slots[i].key.p ? old.slots[i].key : S("")) & (m->room - 1);
        while (old.slots[i].key.p && m->slots[at].key.p)
            at = (at + 1) & (m->room - 1);
        if (old.slots[i].key.p)
            m->slots[at] = old.slots[i];
    }
    return OK;
}

/* The slot of a key, a new one with value 0 when it was not seen before. */
static enum err S_memo(struct replay *r, struct str key, struct memo_slot **ret)
{
    struct memo *m = &r->memo;
    if (m->n * 2 >= m->room)
        TRY(S_grow(r));
    size_t at = (size_t)str_hash(key) & (m->room - 1);
    while (m->slots[at].key.p && !str_eq(m->slots[at].key, key))
        at = (at + 1) & (m->room - 1);
    *ret = &m->slots[at];
    if (m->slots[at].key.p)
        return OK;
    m->slots[at].key = arena_str(r->house->arena, key);
    m->n++;
    return m->slots[at].key.p ? OK : ERR_MEMORY;
}

/* ---- values ---- */

/* Without spaces around; NO_STR when the value is missing. */
static struct str S_value(const struct replay *r, struct column c)
{
    struct str s = c.at < 0 ? NO_STR : str_trim(r->row->values[c.at]);
    bool missing = s.n == 0 || (r->map->missing.p && str_eq(s, r->map->missing));
    return missing ? NO_STR : s;
}

/* Without the signs that were left over at its end. */
static struct str S_tidy(struct replay *r, struct str s)
{
    static const char *const signs[] = {"、", "，", "。", "；", "：", ",", ".", ";", ":"};
    struct str tidy = s;
    for (size_t i = 0; i < COUNT_OF(signs) && tidy.n;) {
        size_t n = strlen(signs[i]);
        bool ends = tidy.n > n && memcmp(tidy.p + tidy.n - n, signs[i], n) == 0;
        tidy.n -= ends ? n : 0;
        i = ends ? 0 : i + 1;
    }
    if (tidy.n != s.n)
        r->repairs |= 1u << REPAIR_SIGN;
    return tidy;
}

static struct str S_at_most(struct str s, size_t characters)
{
    size_t at = 0;
    for (size_t i = 0; i < characters && at < s.n; i++)
        utf8_next(s, &at);
    return (struct str){s.p, at};
}

/* When the row came in; false when that cannot be read. */
static bool S_time(struct replay *r, int64_t *ret)
{
    struct str value = S_value(r, r->map->created);
    struct str text = arena_printf(r->db.arena, STR_F STR_F, STR_A(value), STR_A(r->map->zone));
    char *gap = text.p ? memchr(text.p, ' ', text.n) : NULL;
    if (gap)
        *gap = 'T';
    return value.p && text.p && time_parse(text, ret);
}

static enum err S_created(struct replay *r, struct refusal *ret)
{
    struct column c = r->map->created;
    if (!S_time(r, &r->db.now))
        return S_refuse(ret, c, "不是时间（年-月-日 时:分:秒）。",
                        "Not a time (YYYY-MM-DD HH:MM:SS).");
    if (r->db.now > r->house->db.now)
        return S_refuse(ret, c, "时间在将来。", "The time is in the future.");
    return OK;
}

static enum err S_kind(struct replay *r, struct matter_imported *in, struct refusal *ret)
{
    struct column c = r->map->kind;
    struct str value = S_value(r, c), kind = NO_STR;
    for (const struct node *n = r->map->kind_values; n && value.p; n = n->next) {
        if (str_eq(n->key, value))
            kind = n->text;
    }
    if (value.p && !kind.p)
        return S_refuse(ret, c, "映射表里没有这种事项。", "The map has no kind for this value.");
    if (!value.p) {
        kind = r->map->kind_default;
        r->repairs |= 1u << REPAIR_KIND;
    }
    if (!kind.p)
        return S_refuse(ret, c, "没有写明是哪种事项。", "The kind is missing.");
    in->kind = pack_kind(r->pack, kind);
    if (in->kind && in->kind->confidential)
        return S_refuse(ret, c, "保密事项不能从台账导入。",
                        "Confidential matters are not taken from a table.");
    return in->kind ? OK : S_refuse(ret, c, "方案里没有这种事项。", "The pack has no such kind.");
}

static const struct pack_category *S_category_below(const struct pack *pack, struct str parent,
                                                    struct str name)
{
    for (size_t i = 0; i < pack->category_count; i++) {
        const struct pack_category *c = &pack->categories[i];
        if (str_eq(c->name.zh, name) && !c->parent.p == !parent.p &&
            (!parent.p || str_eq(c->parent, parent)))
            return c;
    }
    return NULL;
}

/* Down by names, as far as they are given. */
static enum err S_category(struct replay *r, struct matter_imported *in, struct refusal *ret)
{
    for (size_t i = 0; i < r->map->category_count; i++) {
        struct column c = r->map->category[i];
        struct str name = S_value(r, c);
        if (!name.p)
            return OK;
        const struct pack_category *found = S_category_below(r->pack, in->category, name);
        if (!found)
            found = S_category_below(r->pack, in->category, S_tidy(r, name));
        if (!found)
            return S_refuse(ret, c, "方案里没有这个分类。", "The pack has no such category.");
        in->category = found->code;
    }
    return OK;
}

static enum err S_source(struct replay *r, struct matter_imported *in, struct refusal *ret)
{
    struct str name = S_value(r, r->map->source);
    for (size_t i = 0; i < r->pack->source_count && name.p; i++) {
        if (str_eq(r->pack->sources[i].name.zh, name)) {
            in->source = r->pack->sources[i].source;
            return OK;
        }
    }
    return S_refuse(ret, r->map->source, "方案里没有这个来源。", "The pack has no such source.");
}

static enum err S_words(struct replay *r, struct matter_imported *in, struct refusal *ret)
{
    struct str title = S_value(r, r->map->title), place = S_value(r, r->map->place);
    title = title.p ? S_tidy(r, title) : title;
    if (!title.p || utf8_count(title) < TEXT_SHORT)
        return S_refuse(ret, r->map->title, "没有标题。", "The title is missing.");
    in->title = S_at_most(title, TITLE_MAX);
    in->place = place.p ? S_at_most(place, PLACE_MAX) : NO_STR;
    return OK;
}

static enum err S_end(struct replay *r, struct matter_imported *in, struct refusal *ret)
{
    struct str in_time = S_value(r, r->map->in_time), overdue = S_value(r, r->map->overdue);
    bool yes = in_time.p && str_eq(in_time, S("1")), late = overdue.p && str_eq(overdue, S("1"));
    if (yes && late)
        return S_refuse(ret, r->map->overdue, "不能既按时又超时。",
                        "It cannot be both in time and overdue.");
    in->end = yes ? IMPORTED_IN_TIME : late ? IMPORTED_OVERDUE : IMPORTED_OPEN;
    return OK;
}

/* ---- places and parties ---- */

/* A child by name, asked for once; ret->id 0 when there is none. */
static enum err S_child(struct replay *r, const struct unit *parent, struct str name,
                        struct unit *ret)
{
    struct memo_slot *slot = NULL;
    struct str key =
        arena_printf(r->db.arena, "unit/%lld/" STR_F, (long long)parent->id, STR_A(name));
    TRY(key.p ? S_memo(r, key, &slot) : ERR_MEMORY);
    *ret = (struct unit){0};
    if (!slot->value) {
        enum err err = place_child_by_name(&r->db, parent->id, name, ret);
        if (err != OK && err != ERR_NOT_FOUND && err != ERR_CONFLICT)
            return err;
        slot->value = err == OK ? ret->id : NO_INT;
    }
    return slot->value == NO_INT || ret->id ? OK : place_get(&r->db, slot->value, ret);
}

static enum err S_place(struct replay *r, struct matter_imported *in, struct refusal *ret)
{
    const struct import_map *map = r->map;
    struct str street = S_value(r, map->street), community = S_value(r, map->community);
    struct unit at = r->at;
    if (!street.p && !map->unplaced)
        return S_refuse(ret, map->street, "没有写明街道。", "The street is missing.");
    if (!street.p && community.p)
        return S_refuse(ret, map->street, "有社区而没有街道。", "A community, but no street.");
    if (!street.p)
        r->repairs |= 1u << REPAIR_PLACE;
    else
        TRY(S_child(r, &r->at, S_tidy(r, street), &at));
    if (!at.id)
        return S_refuse(ret, map->street, "行政区划里没有这个街道。",
                        "The division tree has no such street.");
    const struct unit parent = at;
    if (community.p)
        TRY(S_child(r, &parent, S_tidy(r, community), &at));
    if (!at.id)
        return S_refuse(ret, map->community, "这个街道下没有这个社区。",
                        "The street has no such community.");
    in->unit = at.id;
    in->at = unit_ancestors(&at);
    return OK;
}

/* A unit of a street says so in its name: 城建办（坑梓街道办事处）. */
static int64_t S_party_unit(const struct replay *r, struct str name)
{
    const struct unit *street = r->streets.items;
    for (size_t i = 0; i < r->streets.n; i++) {
        if (str_has(name, street[i].name))
            return street[i].id;
    }
    return r->at.id;
}

static enum err S_party(struct replay *r, struct matter_imported *in)
{
    struct str name = S_value(r, r->map->handler);
    struct memo_slot *slot = NULL;
    if (!name.p)
        return OK;
    name = S_tidy(r, name);
    const struct party_new new = {
        .kind = r->map->handler_kind, .name = name, .unit = S_party_unit(r, name)};
    struct str key = arena_printf(r->db.arena, "party/" STR_F, STR_A(name));
    TRY(key.p ? S_memo(r, key, &slot) : ERR_MEMORY);
    if (!slot->value) {
        enum err err = store_int(
            &r->db, "SELECT id FROM party WHERE unit = $1 AND name = $2 ORDER BY id LIMIT 1",
            ARGS(A_INT(new.unit), A_TEXT(name)), &slot->value);
        if (err == ERR_NOT_FOUND)
            err = party_create(&r->db, &new, &slot->value);
        TRY(err);
    }
    in->party = slot->value;
    return OK;
}

/* ---- the order of time ---- */

static void *S_more(void *items, size_t n, size_t size, size_t *room)
{
    if (n < *room)
        return items;
    *room = *room ? *room * 2 : 1024;
    return realloc(items, *room * size);
}

static enum err S_remember(struct replay *r)
{
    struct replay_row row = {.line = r->row->line, .at = r->row->at};
    struct replay_row *order = S_more(r->order, r->n, sizeof *order, &r->room);
    if (!order)
        return ERR_MEMORY;
    r->order = order;
    if (!S_time(r, &row.created))
        row.created = INT64_MIN;
    r->order[r->n++] = row;
    return OK;
}

static int S_earlier(const void *a, const void *b)
{
    const struct replay_row *x = a, *y = b;
    int64_t one = x->created == y->created ? x->line : x->created;
    int64_t other = x->created == y->created ? y->line : y->created;
    return (one > other) - (one < other);
}

void replay_sort(struct replay *r)
{
    if (r->n)
        qsort(r->order, r->n, sizeof *r->order, S_earlier);
}

static bool S_before(const struct import_ending *a, const struct import_ending *b)
{
    return a->at != b->at ? a->at < b->at : a->id < b->id;
}

static enum err S_ending_add(struct replay *r, const struct import_ending *e)
{
    struct import_ending *heap = S_more(r->endings, r->ending_count, sizeof *heap, &r->ending_room);
    if (!heap)
        return ERR_MEMORY;
    r->endings = heap;
    size_t at = r->ending_count++;
    for (; at && S_before(e, &heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = *e;
    return OK;
}

static struct import_ending S_ending_take(struct replay *r)
{
    struct import_ending *heap = r->endings, first = heap[0];
    const struct import_ending last = heap[--r->ending_count];
    size_t at = 0, n = r->ending_count;
    for (size_t child = 1; child < n; child = at * 2 + 1) {
        child += child + 1 < n && S_before(&heap[child + 1], &heap[child]);
        if (S_before(&last, &heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

enum err replay_until(struct replay *r, int64_t now)
{
    while (r->ending_count && r->endings[0].at <= now) {
        const struct import_ending e = S_ending_take(r);
        arena_reset(r->db.arena);
        TRY(matter_import_end(&r->db, &e));
    }
    return OK;
}

/* ---- ids beside names ---- */

static enum err S_pair(struct replay *r, size_t pair, struct str *id, struct memo_slot **name)
{
    const struct import_pair *p = &r->map->pairs[pair];
    struct str value = S_value(r, p->name);
    *id = S_value(r, p->id);
    *name = NULL;
    if (!value.p || !id->p)
        return OK;
    struct str key = arena_printf(r->db.arena, "name/%zu/" STR_F, pair, STR_A(value));
    return key.p ? S_memo(r, key, name) : ERR_MEMORY;
}

enum err replay_learn(struct replay *r, const struct csv_row *row)
{
    r->row = row;
    arena_reset(r->db.arena);
    TRY(S_remember(r));
    for (size_t i = 0; i < r->map->pair_count; i++) {
        struct memo_slot *name = NULL, *both = NULL;
        struct str id = NO_STR;
        TRY(S_pair(r, i, &id, &name));
        if (!name)
            continue;
        struct str key =
            arena_printf(r->db.arena, "both/" STR_F "/" STR_F, STR_A(name->key), STR_A(id));
        TRY(key.p ? S_memo(r, key, &both) : ERR_MEMORY);
        int64_t count = ++both->value;
        /* Making the second slot may have moved the first. */
        TRY(S_pair(r, i, &id, &name));
        if (name && count > name->value) {
            name->value = count;
            name->text = arena_str(r->house->arena, id);
        }
    }
    return OK;
}

static enum err S_ids(struct replay *r)
{
    for (size_t i = 0; i < r->map->pair_count; i++) {
        struct memo_slot *name = NULL;
        struct str id = NO_STR;
        TRY(S_pair(r, i, &id, &name));
        if (name && name->text.p && !str_eq(name->text, id))
            r->repairs |= 1u << REPAIR_ID;
    }
    return OK;
}

/* ---- the row ---- */

typedef enum err part_fn(struct replay *r, struct matter_imported *in, struct refusal *ret);

static enum err S_store(struct replay *r, struct matter_imported *in, struct str key)
{
    struct import_ending ending;
    int year = 0, month = 0, day = 0;
    struct str unique = S_value(r, r->map->key);
    day_to_civil(day_of(r->db.now), &year, &month, &day);
    in->number = arena_printf(r->db.arena, STR_F "-%04d%02d%02d-" STR_F, STR_A(r->map->number),
                              year, month, day, STR_A(unique));
    TRY(S_ids(r));
    TRY(S_party(r, in));
    TRY(matter_import(&r->db, in, &ending));
    if (ending.end != IMPORTED_OPEN)
        TRY(S_ending_add(r, &ending));
    TRY(store_exec(&r->db, "INSERT INTO counter (name, n) VALUES ($1, $2)",
                   ARGS(A_TEXT(key), A_INT(ending.id)), NULL));
    for (int i = 0; i < REPAIRS; i++)
        r->repaired[i] += (r->repairs >> i) & 1;
    r->accepted++;
    return OK;
}

enum err replay_row(struct replay *r, const struct csv_row *row, struct refusal *ret)
{
    static part_fn *const parts[] = {S_kind, S_category, S_source, S_place, S_words, S_end};
    struct matter_imported in = {.pack = r->pack};
    int64_t before = 0;
    *ret = (struct refusal){0};
    r->row = row;
    r->repairs = 0;
    arena_reset(r->db.arena);
    struct str unique = S_value(r, r->map->key);
    if (!unique.p)
        return S_refuse(ret, r->map->key, "没有编号。", "The key is missing.");
    struct str key =
        arena_printf(r->db.arena, "import/" STR_F "/" STR_F, STR_A(r->map->map), STR_A(unique));
    enum err err =
        store_int(&r->db, "SELECT n FROM counter WHERE name = $1", ARGS(A_TEXT(key)), &before);
    if (err == OK)
        r->known++;
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(S_created(r, ret));
    for (size_t i = 0; i < COUNT_OF(parts) && !ret->zh; i++)
        TRY(parts[i](r, &in, ret));
    return ret->zh ? OK : S_store(r, &in, key);
}

enum err replay_start(struct replay *r)
{
    const struct unit_query all = {.parent = r->at.id, .max = UNIT_CHILDREN_MAX};
    const struct ancestors at = unit_ancestors(&r->at);
    r->pack = world_pack_at(&r->house->world, &at);
    r->db = r->house->db;
    TRY(place_list(&r->house->db, &all, &r->streets));
    r->db.arena = arena_new(ROW_ARENA);
    return r->db.arena && r->pack ? OK : ERR_MEMORY;
}

void replay_end(struct replay *r)
{
    free(r->order);
    free(r->endings);
    arena_free(r->db.arena);
}
