/* The opening matters of a demo scene. */
#include "cli/demo.h"

#include "domain/matter/matter.h"

#include <stdlib.h>
#include <string.h>

enum { ACTS_MAX = 256 };

/* One thing done to one matter: its order, or an act. */
struct turn {
    const struct node *node;
    int64_t *matter; /* its id, once it was ordered */
    int64_t at;
    size_t place; /* in the file */
    bool order;
};

struct turns {
    struct turn items[ACTS_MAX];
    size_t n;
};

static void S_turn(struct scene *sc, struct turns *all, const struct node *n, int64_t *matter,
                   bool order)
{
    if (all->n == ACTS_MAX) {
        fault_add(&sc->report, n->at, "太多：最多 %d 步。", "Too many: at most %d steps.",
                  (int)ACTS_MAX);
        return;
    }
    all->items[all->n] = (struct turn){.node = n,
                                       .matter = matter,
                                       .at = sc->now - scene_ago(sc, n),
                                       .place = all->n,
                                       .order = order};
    all->n++;
}

static int S_compare(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;
    return x->at != y->at ? (x->at > y->at) - (x->at < y->at)
                          : (x->place > y->place) - (x->place < y->place);
}

/* Does as the route does: admitted by its gate, and audited. */
static enum err S_command(struct scene *sc, const char *op, const struct actor *who, const void *in,
                          struct matter *m)
{
    const struct route *r = matter_module.routes;
    struct actor by = *who;
    while (strcmp(r->op, op) != 0)
        r++;
    *sc->db.note = (struct note){0};
    TRY(gate_admit(&sc->db, r, &by, in));
    TRY(r->fn(&sc->db, &by, in, m));
    return audit_write(&sc->db, &by, op);
}

static enum err S_by(struct scene *sc, const struct node *map, struct actor *ret)
{
    const struct node *n = node_typed(map, "by", NODE_TEXT, false, &sc->report);
    const struct scene_name *who = n ? scene_find(sc, &sc->accounts, n->text, n->at) : NULL;
    *ret = who ? *who->actor : (struct actor){0};
    return scene_sound(sc);
}

static enum err S_order(struct scene *sc, const struct turn *t)
{
    static const char *const keys[] = {"by",    "ago",   "unit",   "kind", "category", "text",
                                       "title", "place", "source", "acts", NULL};
    const struct node *n = t->node;
    struct matter_new in;
    struct matter m;
    struct actor by;
    struct unit unit;
    entity_blank(&matter_new_entity, &in);
    node_keys(n, keys, &sc->report);
    TRY(scene_unit(sc, n, "unit", &unit));
    in.unit = unit.id;
    in.kind = scene_text(sc, n, "kind", true);
    in.category = scene_text(sc, n, "category", false);
    in.title = scene_text(sc, n, "title", true);
    in.text = scene_text(sc, n, "text", false);
    in.place = scene_text(sc, n, "place", false);
    in.source = scene_text(sc, n, "source", false);
    TRY(S_by(sc, n, &by));
    sc->at = n->at;
    TRY(S_command(sc, "matters.create", &by, &in, &m));
    *t->matter = m.id;
    sc->matters++;
    return OK;
}

static enum err S_act(struct scene *sc, const struct turn *t)
{
    static const char *const keys[] = {"by", "ago", "act", "to", "text", "solved", "score", NULL};
    const struct node *n = t->node, *solved = node_get(n, "solved");
    struct str to = scene_text(sc, n, "to", false), score = scene_text(sc, n, "score", false);
    struct matter_act in;
    struct matter m;
    struct actor by;
    entity_blank(&matter_act_entity, &in);
    node_keys(n, keys, &sc->report);
    in.id = *t->matter;
    in.act = scene_text(sc, n, "act", true);
    in.text = scene_text(sc, n, "text", false);
    if (to.p) {
        const struct scene_name *party = scene_find(sc, &sc->parties, to, n->at);
        in.to = party ? party->id : 0;
    }
    if (solved)
        in.solved = str_eq(solved->text, S("yes")) ? YES : NO;
    if (score.p && !str_int(score, &in.score))
        fault_add(&sc->report, n->at, "score 是 1 到 5。", "score is 1 to 5.");
    if (!in.id)
        fault_add(&sc->report, n->at, "这一步早于事项提出的时间。",
                  "This is before the matter was ordered.");
    TRY(S_by(sc, n, &by));
    sc->at = n->at;
    return S_command(sc, "matters.act", &by, &in, &m);
}

enum err scene_matters(struct scene *sc)
{
    struct turns *all = ARENA_NEW(sc->db.arena, struct turns);
    const struct node *list = scene_list(sc, sc->root, "matters");
    size_t count = list ? node_get(sc->root, "matters")->count : 0, at = 0;
    int64_t *ids = arena_array(sc->db.arena, count + 1, sizeof *ids);
    if (!all || !ids)
        return ERR_MEMORY;
    for (const struct node *n = list; n; n = n->next, at++) {
        S_turn(sc, all, n, &ids[at], true);
        for (const struct node *act = scene_list(sc, n, "acts"); act; act = act->next)
            S_turn(sc, all, act, &ids[at], false);
    }
    TRY(scene_sound(sc));
    qsort(all->items, all->n, sizeof *all->items, S_compare);
    for (size_t i = 0; i < all->n; i++) {
        sc->db.now = all->items[i].at;
        TRY(all->items[i].order ? S_order(sc, &all->items[i]) : S_act(sc, &all->items[i]));
    }
    return scene_sound(sc);
}
