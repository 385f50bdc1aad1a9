/* Residents. What tells who someone is (name, phone, ID number, address) is sealed under a key of
 * their own, itself wrapped by the county's; phone and ID number are found by keyed hashes. */
#ifndef PEOPLE_PERSON_H
#define PEOPLE_PERSON_H

#include "domain/people/people.h"

struct person {
    int64_t id;
    struct str name, phone, id_number, address; /* in the clear, in the arena */
    int64_t unit;
    struct str unit_name;
    int64_t created_at;
};
extern const struct entity person_entity;

MUST enum err person_get(struct store *db, int64_t id, struct person *ret);

/* Those of a hat's place after an id, in order, as sealed rows: only what is shown is opened. A
 * phone or an ID number, when given, finds exactly. */
struct person_find {
    enum level level;
    int64_t unit, after, most;
    struct str phone, id_number; /* or NO_STR */
};
extern const struct entity person_row_entity;
MUST enum err person_page(struct store *db, const struct person_find *find, struct list *ret);

/* Rows of person_page to persons. */
MUST enum err persons_open(struct store *db, const struct list *rows, struct list *ret);

#endif
