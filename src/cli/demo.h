/* A demo scene: a YAML file that names a street's pack, grids, parties, people, accounts and
 * opening matters, so that a new folder has something to look at. What the file says is all there
 * is: the loader knows no place by name. Everything is done by the commands that people use, as the
 * accounts of the scene, at times before now, inside one transaction of the caller's.
 *
 * A unit is meant by its official code, or by that of a unit above it and the names below:
 * 620102003003/第一网格. Other things are meant by the `key` they have in the file. What is wrong
 * is in the report, or in the store's problem while `at` says where in the file it was met. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "domain/place/place.h"
#include "gate/gate.h"
#include "pack/yaml.h"

struct scene_name {
    struct str key, name, roles, where; /* of an account: in the pack's words; units, parties */
    int64_t id;
    struct actor *actor; /* of an account */
};

enum { SCENE_NAMES_MAX = 128 };
struct scene_names {
    struct scene_name items[SCENE_NAMES_MAX];
    size_t n;
};

struct scene {
    struct store db; /* its time is moved to when a thing is to have happened */
    const struct node *root;
    struct pack_report report;
    struct mark at;
    int64_t now; /* the real time */
    const struct pack *pack;
    struct session_cache *sessions;
    struct scene_names parties, accounts;
    uint64_t random;
    int64_t serial;                  /* of the last person made up: it gives the day of birth */
    int64_t persons, grids, matters; /* how many there are so far */
};

/* demo_scene.c: places, parties and accounts. */
MUST enum err scene_places(struct scene *sc);
MUST enum err scene_parties(struct scene *sc);
MUST enum err scene_accounts(struct scene *sc);

/* The text of a key, NO_STR when it is not there; a missing one is a fault when it is required. */
struct str scene_text(struct scene *sc, const struct node *map, const char *key, bool required);
/* The first item of a list of maps; NULL when there is none. */
const struct node *scene_list(struct scene *sc, const struct node *map, const char *key);
MUST enum err scene_unit(struct scene *sc, const struct node *map, const char *key,
                         struct unit *ret);
/* The unit that a text of a list means. */
MUST enum err scene_place(struct scene *sc, const struct node *n, struct unit *ret);
/* A number from 0 to a few thousand, 0 when it is not there. */
int64_t scene_count(struct scene *sc, const struct node *map, const char *key);
/* What has that key, or NULL and a fault at `at`. */
const struct scene_name *scene_find(struct scene *sc, const struct scene_names *names,
                                    struct str key, struct mark at);
/* `26 hours` to milliseconds; 0 and a fault when it is missing or anything else. */
int64_t scene_ago(struct scene *sc, const struct node *map);
/* ERR_INVALID when the report has a fault, else OK. */
MUST enum err scene_sound(const struct scene *sc);

/* demo_people.c: a resident of a unit who does not exist. Names come from tables, phones begin
 * with 100 (no mobile number does), ID numbers have a correct check character and a sequence from
 * 990 on. name NO_STR: one is made up. */
MUST enum err scene_person(struct scene *sc, int64_t unit, struct str name, struct str address,
                           int64_t *ret);

/* The same, grown up. */
MUST enum err scene_adult(struct scene *sc, int64_t unit, int64_t *ret);

/* demo_bodies.c: committees, clubs and groups with their members. */
MUST enum err scene_bodies(struct scene *sc);

/* demo_matters.c: the opening matters, each act by its account through the route's own gate and
 * with its audit row, in the order in which they are to have happened. */
MUST enum err scene_matters(struct scene *sc);

#endif
