/* The bodies of a demo scene: as many members as the scene says by category, each a person who
 * does not exist, and the organisations it names. */
#include "cli/demo.h"

#include "domain/body/body.h"
#include "domain/people/people.h"

enum { AREAS_MAX = 64, UNITS_MAX = 200 };

/* What the members of one body are made with, each thing in turn. */
struct makings {
    int64_t body;
    int64_t areas[AREAS_MAX]; /* where they live, and what they look after */
    size_t area_count, next_area;
    int64_t units[UNITS_MAX]; /* organisations that are members as such */
    size_t unit_count, next_unit;
};

static enum err S_areas(struct scene *sc, const struct node *map, struct makings *m)
{
    for (const struct node *n = scene_list(sc, map, "areas"); n; n = n->next) {
        struct unit unit;
        if (m->area_count == AREAS_MAX) {
            fault_add(&sc->report, n->at, "片区太多：最多 %d 个。", "At most %d areas.",
                      (int)AREAS_MAX);
            return ERR_INVALID;
        }
        TRY(scene_place(sc, n, &unit));
        m->areas[m->area_count++] = unit.id;
    }
    if (!m->area_count)
        fault_add(&sc->report, map->at, "缺少“areas”：成员住在哪里？",
                  "\"areas\" is missing: where do the members live?");
    return scene_sound(sc);
}

/* `{category: core_unit, names: […]}`: each name becomes an organisation, and a member. */
static enum err S_units(struct scene *sc, const struct node *map, int64_t unit, struct makings *m)
{
    static const char *const keys[] = {"category", "names", NULL};
    const struct node *units = node_typed(map, "units", NODE_MAP, false, &sc->report);
    if (!units)
        return scene_sound(sc);
    node_keys(units, keys, &sc->report);
    struct str category = scene_text(sc, units, "category", true);
    for (const struct node *n = scene_list(sc, units, "names"); n; n = n->next) {
        const struct party_new in = {.kind = S("organisation"), .name = n->text, .unit = unit};
        struct body_join join = {.id = m->body, .category = category};
        int64_t id = 0;
        if (m->unit_count == UNITS_MAX) {
            fault_add(&sc->report, n->at, "单位太多：最多 %d 个。", "At most %d organisations.",
                      (int)UNITS_MAX);
            return ERR_INVALID;
        }
        sc->at = n->at;
        TRY(party_create(&sc->db, &in, &join.party));
        TRY(body_add(&sc->db, &join, &id));
        m->units[m->unit_count++] = join.party;
    }
    return scene_sound(sc);
}

/* `{category: …, count: 55, post: 委员, area: true, sits: true}`: that many people; with area each
 * looks after one, with sits each sits for one of the organisations. */
static enum err S_members(struct scene *sc, const struct node *map, struct makings *m)
{
    static const char *const keys[] = {"category", "count", "post", "area", "sits", NULL};
    node_keys(map, keys, &sc->report);
    struct body_join join = {.id = m->body,
                             .category = scene_text(sc, map, "category", true),
                             .post = scene_text(sc, map, "post", false)};
    int64_t count = scene_count(sc, map, "count"), id = 0;
    bool area = str_eq(scene_text(sc, map, "area", false), S("true"));
    bool sits = str_eq(scene_text(sc, map, "sits", false), S("true")) && m->unit_count;
    TRY(scene_sound(sc));
    sc->at = map->at;
    for (int64_t i = 0; i < count; i++) {
        int64_t home = m->areas[m->next_area++ % m->area_count];
        join.duty = area ? home : 0;
        join.party = sits ? m->units[m->next_unit++ % m->unit_count] : 0;
        TRY(scene_adult(sc, home, &join.person));
        TRY(body_add(&sc->db, &join, &id));
    }
    return OK;
}

/* `each`: the members of each of the parts that the body was made with. */
static enum err S_each(struct scene *sc, const struct node *map, struct makings *m)
{
    const struct node *each = scene_list(sc, map, "each");
    struct list parts;
    TRY(scene_sound(sc));
    if (!each)
        return OK;
    TRY(body_parts(&sc->db, m->body, &parts));
    const struct body *part = parts.items;
    for (size_t i = 0; i < parts.n; i++) {
        m->body = part[i].id;
        for (const struct node *n = each; n; n = n->next)
            TRY(S_members(sc, n, m));
    }
    return OK;
}

static enum err S_body(struct scene *sc, const struct node *map)
{
    static const char *const keys[] = {"kind",  "name",    "purpose", "at", "areas",
                                       "units", "members", "each",    NULL};
    struct makings m = {0};
    struct unit at;
    node_keys(map, keys, &sc->report);
    TRY(scene_unit(sc, map, "at", &at));
    const struct body_new in = {.unit = at.id,
                                .kind = scene_text(sc, map, "kind", true),
                                .name = scene_text(sc, map, "name", true),
                                .purpose = scene_text(sc, map, "purpose", false)};
    TRY(scene_sound(sc));
    sc->at = map->at;
    TRY(body_create(&sc->db, &in, &m.body));
    TRY(S_areas(sc, map, &m));
    TRY(S_units(sc, map, at.id, &m));
    for (const struct node *n = scene_list(sc, map, "members"); n; n = n->next)
        TRY(S_members(sc, n, &m));
    return S_each(sc, map, &m);
}

enum err scene_bodies(struct scene *sc)
{
    for (const struct node *n = scene_list(sc, sc->root, "bodies"); n; n = n->next)
        TRY(S_body(sc, n));
    return scene_sound(sc);
}
