/* Who acts, and how far that reaches. An actor is an account (or nobody, or the holder of a
 * tracking code) with its hats. Everything that can be seen or changed has a reach: the ancestors
 * it lies under, the parties it was sent to, the person it is about. A hat reaches it when its
 * unit is one of the ancestors, its party one of the parties, its person the person. What is shared
 * with the units below its own is reached from those as well. */
#ifndef GATE_ACTOR_H
#define GATE_ACTOR_H

#include "entity/entity.h"
#include "gate/permission.h"
#include "gate/vault.h"

enum level {
    LEVEL_NONE,
    LEVEL_PROVINCE,
    LEVEL_CITY,
    LEVEL_COUNTY,
    LEVEL_STREET,
    LEVEL_COMMUNITY,
    LEVEL_GRID,
    LEVEL_MICRO_GRID,
    LEVEL_COUNT
};
extern const char *const level_names[LEVEL_COUNT + 1]; /* "none", "province", … */
enum level level_parse(struct str s);

/* Where something lies: the ids of its ancestors (itself among them when it is a unit), 0 where
 * there is none. Kept as plain columns on every row that is asked for by place. */
struct ancestors {
    int64_t province, city, district, street, community, grid;
};

enum { HATS_MAX = 16, PARTIES_MAX = 64, PERSONS_MAX = 32 };

struct hat {
    int64_t id;
    enum role role;
    enum hat_kind kind;
    int64_t unit;
    enum level level;    /* of the unit */
    int64_t party;       /* HAT_PARTY */
    int64_t person;      /* HAT_SELF */
    int64_t matter;      /* HAT_SELF by tracking code: this matter and nothing else */
    struct ancestors at; /* of the unit */
};

struct actor {
    int64_t account; /* 0: nobody signed in */
    int64_t person;  /* 0: none known */
    int64_t county;  /* home county number of the account */
    struct str name; /* as colleagues see it */
    struct hat hats[HATS_MAX];
    size_t n;
    bool admitted[HATS_MAX];          /* by the gate, for the route at hand */
    int64_t named;                    /* the hat the request names, 0 when it names none */
    unsigned char session[HASH_SIZE]; /* of the token that was shown; zeroes when none was */
};

struct reach {
    const struct actor *by; /* set by the gate: who asks, for a reach that depends on it */
    struct ancestors at;
    int64_t matter;
    int64_t person; /* … whose self hat reaches it */
    int64_t only;   /* unit hats at this unit alone reach it; 0: at any unit it lies under */
    unsigned roles; /* … and of these roles alone (bit = enum role); 0: of every role */
    bool theirs;    /* every hat of the asking account but a self hat reaches it */
    int64_t shared; /* the unit whose own it is, when hats below that unit reach it; else 0 */
    int64_t parties[PARTIES_MAX];
    size_t party_count;
    int64_t persons[PERSONS_MAX]; /* others whose it is as well */
    size_t person_count;
};

bool hat_reaches(const struct hat *h, const struct reach *r);
bool hat_covers(const struct hat *h, const struct ancestors *at); /* unit hats only */
int64_t ancestors_at(const struct ancestors *at, enum level level);

/* The first admitted hat, the one an act is recorded under; NULL when none is needed. */
const struct hat *actor_hat(const struct actor *by);

#endif
