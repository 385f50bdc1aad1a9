/* The places, parties, people and accounts of a demo scene. */
#include "cli/demo.h"

#include "domain/people/people.h"

enum { COUNT_MAX = 5000, MINUTE_MS = 60000 };

/* ---- reading ---- */

struct str scene_text(struct scene *sc, const struct node *map, const char *key, bool required)
{
    const struct node *n = node_typed(map, key, NODE_TEXT, required, &sc->report);
    return n ? n->text : NO_STR;
}

const struct node *scene_list(struct scene *sc, const struct node *map, const char *key)
{
    const struct node *list = node_typed(map, key, NODE_LIST, false, &sc->report);
    for (const struct node *n = list ? list->child : NULL; n; n = n->next) {
        if (n->type != list->child->type)
            fault_add(&sc->report, n->at, "列表里各项的写法要一致。",
                      "The items of a list must be written alike.");
    }
    return list && scene_sound(sc) == OK ? list->child : NULL;
}

enum err scene_sound(const struct scene *sc)
{
    return sc->report.n ? ERR_INVALID : OK;
}

static enum err S_no_unit(struct scene *sc, const struct node *n, enum err err)
{
    if (err != ERR_NOT_FOUND && err != ERR_CONFLICT)
        return err;
    fault_add(
        &sc->report, n->at,
        "找不到单位“%.*s”；请先运行 linli import tree，再看代码和名称是否写对。",
        "There is no unit \"%.*s\": run linli import tree first, then look at code and names.",
        SHOW(n->text));
    return ERR_INVALID;
}

enum err scene_unit(struct scene *sc, const struct node *map, const char *key, struct unit *ret)
{
    const struct node *n = node_typed(map, key, NODE_TEXT, true, &sc->report);
    return n ? scene_place(sc, n, ret) : ERR_INVALID;
}

enum err scene_place(struct scene *sc, const struct node *n, struct unit *ret)
{
    struct str rest = n->text;
    sc->at = n->at;
    enum err err = place_by_code(&sc->db, str_split(&rest, '/'), ret);
    while (err == OK && rest.p)
        err = place_child_by_name(&sc->db, ret->id, str_split(&rest, '/'), ret);
    return err == OK ? OK : S_no_unit(sc, n, err);
}

const struct scene_name *scene_find(struct scene *sc, const struct scene_names *names,
                                    struct str key, struct mark at)
{
    for (size_t i = 0; i < names->n; i++) {
        if (str_eq(names->items[i].key, key))
            return &names->items[i];
    }
    fault_add(&sc->report, at, "前面没有叫“%.*s”的。", "Nothing above has the key \"%.*s\".",
              SHOW(key));
    return NULL;
}

static struct scene_name *S_add(struct scene *sc, struct scene_names *names, const struct node *map)
{
    struct scene_name new = {.key = scene_text(sc, map, "key", true),
                             .name = scene_text(sc, map, "name", true)};
    bool room = names->n < SCENE_NAMES_MAX;
    for (size_t i = 0; room && i < names->n; i++) {
        if (str_eq(names->items[i].key, new.key))
            fault_add(&sc->report, map->at, "“%.*s”写了两次。", "\"%.*s\" is there twice.",
                      SHOW(new.key));
    }
    if (!room)
        fault_add(&sc->report, map->at, "太多：最多 %d 个。", "Too many: at most %d.",
                  (int)SCENE_NAMES_MAX);
    if (scene_sound(sc) != OK)
        return NULL;
    names->items[names->n] = new;
    return &names->items[names->n++];
}

int64_t scene_ago(struct scene *sc, const struct node *map)
{
    static const int64_t minutes[] = {[LIMIT_MINUTES] = 1, [LIMIT_HOURS] = 60, [LIMIT_DAYS] = 1440};
    const struct node *n = node_typed(map, "ago", NODE_TEXT, true, &sc->report);
    struct limit limit;
    if (!n)
        return 0;
    if (limit_parse(n->text, &limit) && limit.unit >= LIMIT_MINUTES && limit.unit <= LIMIT_DAYS)
        return minutes[limit.unit] * limit.n * MINUTE_MS;
    fault_add(&sc->report, n->at, "看不懂“%.*s”；写法如 30 minutes、26 hours、3 days。",
              "\"%.*s\" is not a time: write 30 minutes, 26 hours, 3 days.", SHOW(n->text));
    return 0;
}

int64_t scene_count(struct scene *sc, const struct node *map, const char *key)
{
    const struct node *n = node_typed(map, key, NODE_TEXT, false, &sc->report);
    int64_t value = 0;
    if (n && (!str_int(n->text, &value) || value < 0 || value > COUNT_MAX))
        fault_add(&sc->report, n->at, "要写 0 到 %d 的整数。", "A number from 0 to %d.",
                  (int)COUNT_MAX);
    return value;
}

/* ---- places and residents ---- */

static enum err S_below(struct scene *sc, int64_t parent, enum level level, struct str name,
                        struct str colour, struct unit *ret)
{
    const struct unit_new in = {
        .parent = parent, .level = str_of(level_names[level]), .name = name, .colour = colour};
    sc->grids++;
    return place_create(&sc->db, &in, ret);
}

static enum err S_grid(struct scene *sc, const struct unit *community, const struct node *map,
                       struct unit *ret)
{
    static const char *const keys[] = {"name", "colour", "micro", NULL};
    struct str name = scene_text(sc, map, "name", true);
    struct str colour = scene_text(sc, map, "colour", false);
    struct unit micro;
    node_keys(map, keys, &sc->report);
    TRY(scene_sound(sc));
    sc->at = map->at;
    TRY(S_below(sc, community->id, LEVEL_GRID, name, colour, ret));
    for (const struct node *n = scene_list(sc, map, "micro"); n; n = n->next)
        TRY(S_below(sc, ret->id, LEVEL_MICRO_GRID, n->text, NO_STR, &micro));
    return OK;
}

/* In turn in each grid and yard, so that every queue and map has some. */
static enum err S_residents(struct scene *sc, const struct node *map, const struct unit *community,
                            const struct unit *grids, size_t grid_count)
{
    const struct node *yards = scene_list(sc, map, "yards");
    int64_t count = scene_count(sc, map, "residents"), id = 0;
    const struct node *yard = yards;
    TRY(scene_sound(sc));
    for (int64_t i = 0; i < count; i++) {
        struct str address = NO_STR;
        int64_t unit = grid_count ? grids[(size_t)i % grid_count].id : community->id;
        if (yard)
            address = arena_printf(sc->db.arena, STR_F " %d 单元 %d0%d 室", STR_A(yard->text),
                                   (int)(i % 4) + 1, (int)(i % 6) + 1, (int)(i % 2) + 1);
        TRY(scene_person(sc, unit, NO_STR, address, &id));
        yard = yard && yard->next ? yard->next : yards;
    }
    return OK;
}

static enum err S_community(struct scene *sc, const struct node *map)
{
    static const char *const keys[] = {"at", "grids", "yards", "residents", NULL};
    struct unit community;
    size_t n = 0;
    node_keys(map, keys, &sc->report);
    TRY(scene_unit(sc, map, "at", &community));
    const struct node *list = scene_list(sc, map, "grids");
    size_t room = list ? node_get(map, "grids")->count : 0;
    struct unit *grids = arena_array(sc->db.arena, room + 1, sizeof *grids);
    if (!grids)
        return ERR_MEMORY;
    for (; list; list = list->next)
        TRY(S_grid(sc, &community, list, &grids[n++]));
    return S_residents(sc, map, &community, grids, n);
}

enum err scene_places(struct scene *sc)
{
    for (const struct node *n = scene_list(sc, sc->root, "communities"); n; n = n->next)
        TRY(S_community(sc, n));
    return scene_sound(sc);
}

/* ---- parties ---- */

enum err scene_parties(struct scene *sc)
{
    static const char *const keys[] = {"key", "kind", "name", "duty", "at", NULL};
    for (const struct node *n = scene_list(sc, sc->root, "parties"); n; n = n->next) {
        struct unit at;
        node_keys(n, keys, &sc->report);
        struct scene_name *party = S_add(sc, &sc->parties, n);
        TRY(scene_unit(sc, n, "at", &at));
        const struct party_new in = {.kind = scene_text(sc, n, "kind", true),
                                     .name = scene_text(sc, n, "name", true),
                                     .duty = scene_text(sc, n, "duty", false),
                                     .unit = at.id};
        TRY(scene_sound(sc));
        sc->at = n->at;
        TRY(party_create(&sc->db, &in, &party->id));
    }
    return scene_sound(sc);
}

/* ---- accounts ---- */

static struct str S_role_name(const struct scene *sc, struct str role)
{
    for (size_t i = 0; i < sc->pack->role_count; i++) {
        if (str_eq(sc->pack->roles[i].role, role))
            return sc->pack->roles[i].name.zh;
    }
    return role;
}

/* So that a matter can be sent to this worker alone. */
static enum err S_own_party(struct scene *sc, const struct scene_name *account, struct str duty,
                            struct hat_new hat)
{
    int64_t id = 0;
    const struct party_new in = {
        .kind = S("person"), .name = account->name, .duty = duty, .unit = hat.unit};
    TRY(party_create(&sc->db, &in, &hat.party));
    hat.unit = 0;
    return hat_grant(&sc->db, &hat, &id);
}

/* A word behind those of a list, unless it is there. */
static void S_listed(const struct scene *sc, struct str *list, struct str word)
{
    if (!str_has(list->p ? *list : S(""), word))
        *list = arena_printf(sc->db.arena, STR_F "%s" STR_F, STR_A(*list), list->p ? "、" : "",
                             STR_A(word));
}

static enum err S_hat(struct scene *sc, struct scene_name *account, const struct node *map)
{
    static const char *const keys[] = {"role", "at", "party", "person", "duty", NULL};
    struct str role = scene_text(sc, map, "role", true), duty = scene_text(sc, map, "duty", false);
    struct str party = scene_text(sc, map, "party", false);
    struct hat_new hat = {.account = account->id, .role = role_parse(role)};
    int64_t id = 0;
    struct unit at = {0};
    struct str where;
    node_keys(map, keys, &sc->report);
    if (role.p && hat.role == ROLE_NONE)
        fault_add(&sc->report, node_get(map, "role")->at, "没有“%.*s”这个角色。",
                  "There is no role \"%.*s\".", SHOW(role));
    if (party.p) {
        const struct scene_name *found = scene_find(sc, &sc->parties, party, map->at);
        hat.party = found ? found->id : 0;
        where = found ? found->name : NO_STR;
    } else if (node_get(map, "person")) {
        TRY(scene_unit(sc, map, "person", &at));
        TRY(scene_person(sc, at.id, account->name, NO_STR, &hat.person));
        where = at.name;
    } else {
        TRY(scene_unit(sc, map, "at", &at));
        hat.unit = at.id;
        where = at.name;
    }
    TRY(scene_sound(sc));
    sc->at = map->at;
    S_listed(sc, &account->roles, S_role_name(sc, role));
    S_listed(sc, &account->where, where);
    TRY(hat_grant(&sc->db, &hat, &id));
    return duty.p ? S_own_party(sc, account, duty, hat) : OK;
}

/* Who the account is, as the gate sees a request of theirs. */
static enum err S_actor(struct scene *sc, struct scene_name *account)
{
    struct str token = NO_STR;
    int64_t until = 0;
    account->actor = ARENA_NEW(sc->db.arena, struct actor);
    if (!account->actor)
        return ERR_MEMORY;
    TRY(session_start(&sc->db, account->id, 0, &token, &until));
    return gate_identify(&sc->db, sc->sessions, token, account->actor);
}

enum err scene_accounts(struct scene *sc)
{
    static const char *const keys[] = {"key", "name", "login", "at", "hats", NULL};
    for (const struct node *n = scene_list(sc, sc->root, "accounts"); n; n = n->next) {
        struct unit at;
        node_keys(n, keys, &sc->report);
        struct scene_name *account = S_add(sc, &sc->accounts, n);
        TRY(scene_unit(sc, n, "at", &at));
        const struct account_new in = {.login = scene_text(sc, n, "login", false),
                                       .name = scene_text(sc, n, "name", true),
                                       .unit = at.id};
        TRY(scene_sound(sc));
        sc->at = n->at;
        TRY(account_create(&sc->db, &in, &account->id));
        for (const struct node *hat = scene_list(sc, n, "hats"); hat; hat = hat->next)
            TRY(S_hat(sc, account, hat));
        TRY(S_actor(sc, account));
    }
    return scene_sound(sc);
}
