/* Shapes of units, and where a position belongs. A unit may have a shape (geo/shape.h); a position
 * belongs to the smallest unit in being whose shape covers it: the deepest level, then, where
 * neighbours share an edge or overlap, the lowest id, so that the answer is always the same one.
 * What is answered depends on the database alone (inside a command: on its transaction); the
 * world's shape cache only saves preparing a shape again.
 *
 * Positions are WGS-84. Texts and lists live in the store's arena. */
#ifndef DOMAIN_PLACE_UNIT_SHAPE_H
#define DOMAIN_PLACE_UNIT_SHAPE_H

#include "domain/place/place.h"
#include "geo/shape.h"

/* How coordinates are taken from a request: what the three fields are called there. */
struct spot_in {
    double lng, lat; /* NAN: not given */
    struct str datum;
    const char *lng_field, *lat_field, *datum_field;
};

/* To WGS-84. *given is false when there are none. ERR_INVALID with a fault when there is one
 * without the other, no such datum, or a position outside China, which is said to be swapped
 * perhaps. */
MUST enum err spot_read(struct store *db, const struct spot_in *in, struct position *ret,
                        bool *given);

/* Gives a unit a shape, or another one. *changed says whether it is another. Inside a command. */
MUST enum err shape_put(struct store *db, int64_t unit, const struct shape *s, bool *changed);
MUST enum err shape_drop(struct store *db, int64_t unit); /* none is fine */

/* The smallest unit in being that covers the position: ERR_NOT_FOUND when none does. */
MUST enum err place_locate(struct store *db, struct position at, int64_t *ret);

/* Shapes as features (RFC 7946), with what `linli import grids` reads again. */
struct feature_about {
    struct str code, name, level, parent, colour; /* parent: code of the unit above */
};
struct feature {
    struct str type;
    int64_t id;
    struct feature_about *properties;
    struct str geometry; /* JSON; "null" where there is none */
};
extern const struct entity feature_entity;

MUST enum err feature_get(struct store *db, int64_t unit, enum datum to, struct feature *ret);

/* Those directly below a unit that have a shape, in order of id, behind `after`. */
MUST enum err feature_list(struct store *db, int64_t parent, int64_t after, int64_t most,
                           enum datum to, struct list *ret);

extern const struct module shape_module;

#endif
