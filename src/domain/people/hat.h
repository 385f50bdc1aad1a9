/* Hats as they are shown and given: which role, held where. */
#ifndef PEOPLE_HAT_H
#define PEOPLE_HAT_H

#include "domain/people/people.h"

struct hat_out {
    int64_t id;
    struct str role, kind; /* kind: unit, party, self */
    int64_t unit;
    struct str unit_name, level;
    int64_t party;
    struct str party_name;
    int64_t person;
    int64_t since;
};
extern const struct entity hat_entity;

/* Those an account holds now, at most HATS_MAX, items are struct hat_out. */
MUST enum err hats_of(struct store *db, int64_t account, struct list *ret);

/* One of them; ERR_NOT_FOUND when the account does not hold it now. */
MUST enum err hat_find(struct store *db, int64_t account, int64_t hat, struct hat_out *ret);

/* Where what a hat is held as lies; ERR_NOT_FOUND when there is no such unit, party or person. */
MUST enum err hat_place(struct store *db, int64_t unit, int64_t party, int64_t person,
                        struct ancestors *ret);

MUST enum err hat_end(struct store *db, int64_t hat);

#endif
