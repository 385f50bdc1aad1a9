#include "domain/place/place.h"

static const char *const colours[] = {"red", "orange", "yellow", "green", "blue", NULL};
static const char *const made_levels[] = {"community", "grid", "micro_grid", NULL};

static const struct field unit_fields[] = {
    F_ID(struct unit, id, .required = true, .doc = "Opaque; never the official code."),
    F_TEXT(struct unit, code, .max = UNIT_CODE_MAX, .doc = "The official code, if it has one."),
    F_TEXT(struct unit, name, .required = true, .max = UNIT_NAME_MAX),
    F_TEXT(struct unit, level, .required = true, .codes = level_names + 1),
    F_ID(struct unit, parent, .doc = "The unit above; absent for a province."),
    F_TEXT(struct unit, colour, .codes = colours, .doc = "A grid's colour."),
    F_ID(struct unit, province),
    F_ID(struct unit, city),
    F_ID(struct unit, district, .doc = "The county-level unit: a district, county or city."),
    F_ID(struct unit, street),
    F_ID(struct unit, community),
    F_ID(struct unit, grid),
    F_TIME(struct unit, valid_from, .required = true),
    F_TIME(struct unit, valid_to, .doc = "When the unit ended; absent while it is in being."),
};
const struct entity unit_entity = ENTITY(struct unit, "Unit", unit_fields);

struct unit_get_in {
    int64_t id;
};
static const struct field get_fields[] = {
    F_ID(struct unit_get_in, id, .from = IN_PATH, .required = true)};
static const struct entity get_entity = ENTITY(struct unit_get_in, "UnitGet", get_fields);

static enum err unit_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return place_get(db, ((const struct unit_get_in *)in)->id, ret);
}

struct unit_list_in {
    int64_t parent, limit;
    struct str level, code, q, after;
};
static const struct field list_fields[] = {
    F_ID(struct unit_list_in, parent, .from = IN_QUERY,
         .doc = "Units directly below this one; without it the provinces."),
    F_TEXT(struct unit_list_in, level, .from = IN_QUERY, .codes = level_names + 1),
    F_TEXT(struct unit_list_in, code, .from = IN_QUERY, .max = UNIT_CODE_MAX,
           .form = form_unit_code, .form_doc = "letters, digits, - and _",
           .form_zh = "字母、数字、- 和 _", .doc = "The unit in being with this official code."),
    F_TEXT(struct unit_list_in, q, .from = IN_QUERY, .max = UNIT_NAME_MAX,
           .doc = "A part of the name; only together with parent or code."),
    F_INT(struct unit_list_in, limit, .from = IN_QUERY, .min = 1, .max = 100,
          .doc = "At most this many; 20 unless given."),
    F_TEXT(struct unit_list_in, after, .from = IN_QUERY, .max = 20,
           .doc = "`next` of the page before."),
};
static const struct entity list_entity = ENTITY(struct unit_list_in, "UnitList", list_fields);

/* A code names one unit at most: the other filters only say whether that is the one. */
static enum err S_list_code(struct store *db, const struct unit_list_in *in, struct page *ret)
{
    struct unit *u = ARENA_NEW(db->arena, struct unit);
    if (!u)
        return ERR_MEMORY;
    enum err err = place_by_code(db, in->code, u);
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    bool meant = (!in->parent || u->parent == in->parent) &&
                 (!in->level.p || str_eq(u->level, in->level)) &&
                 (!in->q.p || str_has(u->name, in->q)) && !in->after.p;
    if (meant)
        ret->items = (struct list){u, 1};
    return OK;
}

static enum err unit_list(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct unit_list_in *in = data;
    struct page *ret = out;
    int64_t limit = in->limit == NO_INT ? 20 : in->limit;
    struct unit_query query = {
        .parent = in->parent, .level = in->level, .q = in->q, .max = limit + 1};
    (void)by;
    *ret = (struct page){.next = NO_STR};
    if (in->after.p && (!str_int(in->after, &query.after) || query.after < 0))
        return store_fault(db, ERR_INVALID, "after", "cursor", "after 只能用上一页给出的 next。",
                           "after takes only what the page before gave as next.");
    if (in->code.p)
        return S_list_code(db, in, ret);
    if (in->q.p && !in->parent)
        return store_fault(db, ERR_INVALID, "q", "parent_required",
                           "按名称查找时，请同时给出上级单位（parent）。",
                           "A search by name needs the unit to look below (parent).");
    TRY(place_list(db, &query, &ret->items));
    if ((int64_t)ret->items.n > limit) {
        const struct unit *units = ret->items.items;
        ret->items.n--;
        ret->next = arena_printf(db->arena, "%lld", (long long)units[limit - 1].id);
    }
    return OK;
}

static const struct field create_fields[] = {
    F_ID(struct unit_new, parent, .required = true, .doc = "The unit it lies directly below."),
    F_TEXT(struct unit_new, level, .required = true, .codes = made_levels),
    F_TEXT(struct unit_new, name, .required = true, .min = 1, .max = UNIT_NAME_MAX),
    F_TEXT(struct unit_new, code, .min = 1, .max = UNIT_CODE_MAX, .form = form_unit_code,
           .form_doc = "letters, digits, - and _", .form_zh = "字母、数字、- 和 _"),
    F_TEXT(struct unit_new, colour, .codes = colours),
};
static const struct entity create_entity = ENTITY(struct unit_new, "UnitNew", create_fields);

/* Only below what an admitted hat covers; beyond that there is, to this actor, no such unit. */
static enum err unit_create(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct unit_new *in = data;
    struct unit *u = ret;
    struct ancestors at = {0};
    bool covered = false;
    enum err err = place_ancestors(db, in->parent, &at);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    for (size_t i = 0; err == OK && i < by->n; i++)
        covered = covered || (by->admitted[i] && hat_covers(&by->hats[i], &at));
    if (!covered)
        return store_fault(db, ERR_NOT_FOUND, "/parent", "not_found", "没有这个上级单位。",
                           "There is no such parent unit.");
    TRY(place_create(db, in, u));
    db->note->subject = u->id;
    db->note->district = u->district;
    db->note->street = u->street;
    return OK;
}

static const struct route routes[] = {
    {.op = "units.list",
     .verb = "GET",
     .path = "/api/units",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = unit_list,
     .in = &list_entity,
     .out = &unit_entity,
     .page = true,
     .status = 200,
     .doc = "Lists the units directly below one, or finds one by its official code."},
    {.op = "units.get",
     .verb = "GET",
     .path = "/api/units/{id}",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = unit_get,
     .in = &get_entity,
     .out = &unit_entity,
     .reach = place_reach,
     .status = 200,
     .doc = "Shows one unit with its ancestors."},
    {.op = "units.create",
     .verb = "POST",
     .path = "/api/units",
     .work = COMMAND,
     .perm = PERM_UNIT_WRITE,
     .fn = unit_create,
     .in = &create_entity,
     .out = &unit_entity,
     .status = 201,
     .doc = "Adds a community, grid or micro-grid below a unit the hat covers."},
};
const struct module place_module = {
    .name = "units",
    .doc = "Provinces to communities, and the grids below.",
    .source = "src/domain/place/place_api.c",
    .routes = routes,
    .n = COUNT_OF(routes),
};
