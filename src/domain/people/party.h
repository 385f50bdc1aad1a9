/* Parties: whom a matter can be sent to. A person on duty, a team, a department, a social
 * organisation, a firm; each belongs to a unit. */
#ifndef PEOPLE_PARTY_H
#define PEOPLE_PARTY_H

#include "domain/people/people.h"

struct party {
    int64_t id;
    struct str kind, name, duty;
    int64_t unit;
    struct str unit_name;
    int64_t created_at;
};
extern const struct entity party_entity;

MUST enum err party_get(struct store *db, int64_t id, struct party *ret);

/* Those of a hat's place, and those that the units above it have for all of theirs (a street's
 * departments, not its other communities' teams), after an id, in order. */
struct party_find {
    const struct hat *hat;
    int64_t after, most;
    struct str kind, q; /* NO_STR: any. q: part of the name */
    int64_t unit;       /* 0: any; else in or below this unit */
};
MUST enum err party_page(struct store *db, const struct party_find *find, struct list *ret);

#endif
