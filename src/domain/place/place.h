/* Units: the division tree from provinces to communities, and the grids and micro-grids below. A
 * unit is an opaque id; its official code is an attribute that may be renumbered, and a unit that
 * is no more keeps its row and gets an end (valid_to). Every row carries its ancestors, itself
 * among them at its own level; a micro-grid's grid is its parent. The county-level ancestor is
 * called district, because `county` is the home county number in the id.
 *
 * Texts and lists live in the store's arena. */
#ifndef DOMAIN_PLACE_PLACE_H
#define DOMAIN_PLACE_PLACE_H

#include "gate/actor.h"
#include "gate/route.h"
#include "store/store.h"

struct unit {
    int64_t id, parent;
    struct str code, name, level, colour;
    int64_t province, city, district, street, community, grid;
    int64_t valid_from, valid_to; /* ms UTC; valid_to 0: in being */
};
extern const struct entity unit_entity;
extern const struct module place_module;

enum { UNIT_NAME_MAX = 64, UNIT_CODE_MAX = 20, UNIT_CHILDREN_MAX = 10000 };

/* Letters, digits, '-' and '_'. */
form_fn form_unit_code;

/* By id, also a unit that is no more; by code only one in being. ERR_NOT_FOUND. */
MUST enum err place_get(struct store *db, int64_t id, struct unit *ret);
MUST enum err place_by_code(struct store *db, struct str code, struct unit *ret);

struct ancestors unit_ancestors(const struct unit *u);
MUST enum err place_ancestors(struct store *db, int64_t id, struct ancestors *ret);
MUST enum err place_reach(struct store *db, int64_t id, struct reach *ret); /* a reach_fn */

/* The child of that name, for importers: as it stands, else but for how its kind is written
 * (雁南社区居委会, 雁南社区 and 雁南 are one; 东街道办事处 and 东街道 are). ERR_NOT_FOUND, and
 * ERR_CONFLICT when several fit and none as it stands. */
MUST enum err place_child_by_name(struct store *db, int64_t parent, struct str name,
                                  struct unit *ret);

/* A new community, grid or micro-grid below `parent`. Faults name the fields /parent, /level,
 * /name, /code. Inside a command; who may is the caller's matter. */
struct unit_new {
    int64_t parent;
    struct str level, name, code, colour; /* code and colour may be absent */
};
MUST enum err place_create(struct store *db, const struct unit_new *in, struct unit *ret);

/* Puts an existing unit, with all that is open below it, under the ancestors it now has: for an
 * importer that finds a community under another street. What is closed keeps the unit of its
 * time. Inside a command. */
MUST enum err place_move(struct store *db, const struct unit *u);

/* What there is below a unit (0: the provinces), in order of id, of one level and with a text in
 * the name when these are given. At most `max`, behind the id `after`. */
struct unit_query {
    int64_t parent, after, max;
    struct str level, q;
};
MUST enum err place_list(struct store *db, const struct unit_query *query, struct list *ret);

#endif
