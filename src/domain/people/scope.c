#include "domain/people/scope.h"

#include "domain/place/place.h"

#include <stdlib.h>
#include <string.h>

static enum err S_unknown(struct store *db)
{
    return store_fault(db, ERR_INVALID, "/unit", "unknown", "没有这个单位，或不在您的范围内。",
                       "There is no such unit, or it is out of your reach.");
}

static enum err S_place(struct store *db, const struct unit *unit, struct unit_place *ret)
{
    if (unit->valid_to)
        return S_unknown(db);
    *ret = (struct unit_place){.unit = unit->id,
                               .county = ID_COUNTY(unit->id),
                               .level = level_parse(unit->level),
                               .at = unit_ancestors(unit)};
    if (ret->level < LEVEL_COUNTY || ret->county <= 0)
        return store_fault(db, ERR_INVALID, "/unit", "level", "请选择区县或以下的单位。",
                           "Choose a unit at county level or below.");
    return OK;
}

enum err unit_place(struct store *db, int64_t unit, struct unit_place *ret)
{
    struct unit found;
    enum err err = place_get(db, unit, &found);
    if (err == ERR_NOT_FOUND)
        return S_unknown(db);
    TRY(err);
    return S_place(db, &found, ret);
}

bool scope_covers(const struct actor *by, const struct ancestors *at)
{
    for (size_t i = 0; i < by->n; i++) {
        if (by->admitted[i] && hat_covers(&by->hats[i], at))
            return true;
    }
    return false;
}

enum err scope_unit(struct store *db, const struct actor *by, int64_t unit, struct unit_place *ret)
{
    struct unit found;
    enum err err = place_get(db, unit, &found);
    struct ancestors at = err == OK ? unit_ancestors(&found) : (struct ancestors){0};
    if (err == ERR_NOT_FOUND || (err == OK && !scope_covers(by, &at)))
        return S_unknown(db);
    TRY(err);
    return S_place(db, &found, ret);
}

enum err scope_asked(struct store *db, const struct actor *by, int64_t unit, struct unit_place *ret)
{
    struct unit found;
    for (size_t i = 0; !unit && i < by->n; i++) {
        if (by->admitted[i] && by->hats[i].kind == HAT_UNIT)
            unit = by->hats[i].unit;
    }
    *ret = (struct unit_place){0};
    if (!unit)
        return OK;
    enum err err = place_get(db, unit, &found);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK)
        *ret = (struct unit_place){.unit = found.id,
                                   .county = ID_COUNTY(found.id),
                                   .level = level_parse(found.level),
                                   .at = unit_ancestors(&found)};
    bool listed = ret->level >= LEVEL_COUNTY && ret->level <= LEVEL_GRID;
    return listed && scope_covers(by, &ret->at)
               ? OK
               : store_fault(db, ERR_INVALID, "unit", "unknown", "没有这个单位，或不在您的范围内。",
                             "There is no such unit, or it is out of your reach.");
}

static int64_t S_id(const void *row)
{
    int64_t id = 0;
    memcpy(&id, row, sizeof id);
    return id;
}

static int S_up(const void *a, const void *b)
{
    int64_t x = S_id(a), y = S_id(b);
    return (x > y) - (x < y);
}

static int S_down(const void *a, const void *b)
{
    return S_up(b, a);
}

/* Several hats may cover the same record: it is listed once. Returns how many are left. */
static size_t S_merge(const struct scan *s, char *rows, size_t n)
{
    size_t kept = 0, size = s->row->size;
    qsort(rows, n, size, s->down ? S_down : S_up);
    for (size_t i = 0; i < n; i++) {
        if (kept && S_id(rows + (kept - 1) * size) == S_id(rows + i * size))
            continue;
        if (kept != i)
            memcpy(rows + kept * size, rows + i * size, size);
        kept++;
    }
    return kept;
}

static bool S_asked(const struct scan *s, const struct hat *h)
{
    return h->kind == HAT_UNIT || (s->self && h->kind == HAT_SELF && h->person);
}

static enum err S_gather(struct store *db, const struct actor *by, const struct scan *s,
                         struct list *ret)
{
    struct list found[HATS_MAX] = {{0}};
    size_t sum = 0;
    for (size_t i = 0; i < by->n; i++) {
        if (by->admitted[i] && S_asked(s, &by->hats[i]))
            TRY(s->fetch(db, &by->hats[i], s, &found[i]));
        sum += found[i].n;
    }
    *ret = (struct list){0};
    if (!sum)
        return OK;
    char *rows = arena_array(db->arena, sum, s->row->size);
    if (!rows)
        return ERR_MEMORY;
    for (size_t i = 0; i < by->n; i++) {
        if (found[i].n)
            memcpy(rows + ret->n * s->row->size, found[i].items, found[i].n * s->row->size);
        ret->n += found[i].n;
    }
    ret->items = rows;
    ret->n = S_merge(s, rows, ret->n);
    return OK;
}

enum err scope_page(struct store *db, const struct actor *by, struct scan *s, struct str after,
                    int64_t limit, struct page *ret)
{
    size_t room = limit == NO_INT ? PAGE_DEFAULT : (size_t)limit;
    s->after = s->down ? INT64_MAX : 0;
    if (after.p && (!str_int(after, &s->after) || s->after < 0))
        return store_fault(db, ERR_INVALID, "after", "cursor",
                           "翻页位置无效，请使用上一页给出的 next。",
                           "That is no cursor; use `next` of the page before.");
    s->most = (int64_t)room + 1;
    *ret = (struct page){0};
    TRY(S_gather(db, by, s, &ret->items));
    if (ret->items.n <= room)
        return OK;
    ret->items.n = room;
    int64_t last = S_id((const char *)ret->items.items + (room - 1) * s->row->size);
    ret->next = arena_printf(db->arena, "%lld", (long long)last);
    return ret->next.p ? OK : ERR_MEMORY;
}

int64_t page_most(int64_t limit)
{
    return (limit == NO_INT ? PAGE_DEFAULT : limit) + 1;
}

enum err page_after(struct store *db, struct str after, int64_t *ret)
{
    *ret = 0;
    return !after.p || (str_int(after, ret) && *ret >= 0)
               ? OK
               : store_fault(db, ERR_INVALID, "after", "cursor",
                             "翻页位置无效，请使用上一页给出的 next。",
                             "That is no cursor; use `next` of the page before.");
}

enum err page_cut(struct store *db, struct page *page, int64_t most, size_t row_size)
{
    if ((int64_t)page->items.n < most)
        return OK;
    page->items.n--;
    int64_t last = S_id((const char *)page->items.items + (page->items.n - 1) * row_size);
    page->next = arena_printf(db->arena, "%lld", (long long)last);
    return page->next.p ? OK : ERR_MEMORY;
}
