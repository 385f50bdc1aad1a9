/* Patrols (巡查): a patrol is a list of points to be looked at, made for a unit; a round is one
 * walk along it, given out by whoever works there, to parties too (volunteers see the rounds given
 * to them and no others). At each point the checklist of the pack's patrol is answered, or the
 * point is skipped with a reason; what is not all right becomes a matter, once, and each knows the
 * other. A round keeps the pack it began under.
 *
 * Whether a walker stood at the point is kept as yes or no; coordinates of people are not.
 * Positions of points are WGS-84. Texts and lists live in the store's arena; times are ms UTC. */
#ifndef DOMAIN_PATROL_H
#define DOMAIN_PATROL_H

#include "domain/people/scope.h"
#include "gate/route.h"

enum { PATROL_POINTS_MAX = 100, ROUND_PARTIES_MAX = PARTIES_MAX };

/* ---- patrols ---- */

struct patrol_point {
    int64_t id, unit;
    struct str place;
    double lng, lat;
};

struct patrol {
    int64_t id;
    struct str kind, name;
    int64_t unit;
    struct str unit_name;
    int64_t created_at, ended_at;
    struct list points; /* struct patrol_point; not in lists of patrols */
};
extern const struct entity patrol_entity, patrol_new_entity;

struct patrol_new {
    int64_t unit;
    struct str kind, name, datum;
    struct list points; /* struct patrol_point without ids */
};

MUST enum err patrol_create(struct store *db, const struct actor *by, const struct patrol_new *in,
                            struct patrol *ret);
MUST enum err patrol_get(struct store *db, int64_t id, struct patrol *ret);
MUST enum err patrol_end(struct store *db, int64_t id); /* once more changes nothing */
MUST enum err patrol_reach(struct store *db, int64_t id, struct reach *ret);

/* ---- rounds ---- */

/* An answer as given, and as kept. */
struct round_answer {
    int64_t point;
    struct str item;
    enum tri ok;
    double number;
    struct str text;
    int64_t matter; /* what a finding became, and how that stands */
    struct str matter_number, stage, outcome;
    enum tri open;
};

struct round_stop {
    int64_t point, unit;
    struct str place;
    double lng, lat;
    int64_t at;
    struct str by_name, role;
    enum tri at_point;
    struct str reason;   /* why it was skipped */
    struct list answers; /* struct round_answer */
};

struct round {
    int64_t id, patrol;
    struct str kind, name;
    int64_t unit;
    struct str unit_name, state; /* open, complete, partial */
    int64_t given_at, started_at;
    struct str started_by;
    int64_t ended_at, points, visited, skipped, findings, findings_open, pack;
    struct list parties;   /* struct round_party */
    struct list checklist; /* struct item_label */
    struct list stops;     /* struct round_stop; like the two above not in lists of rounds */
};
extern const struct entity round_entity;

struct round_visit {
    int64_t id, point;
    struct list answers; /* struct round_answer: item, ok, number, text */
    double lng, lat;
    struct str datum;
};
extern const struct entity round_visit_entity;

struct round_skip {
    int64_t id, point;
    struct str reason;
};

MUST enum err round_give(struct store *db, int64_t patrol, const struct list *parties,
                         int64_t *ret);
MUST enum err round_visit(struct store *db, const struct actor *by, const struct round_visit *in);
MUST enum err round_skip(struct store *db, const struct actor *by, const struct round_skip *in);
MUST enum err round_end(struct store *db, int64_t id);
MUST enum err round_reach(struct store *db, int64_t id, struct reach *ret);

/* A round without what is in it: for its rules; and the whole, as it is shown (round_view.c). */
MUST enum err round_load(struct store *db, int64_t id, struct round *ret);
MUST enum err round_view(struct store *db, int64_t id, struct round *ret);

/* The patrol of the pack the round began under. ERR_STORE when it is not there. */
MUST enum err round_checklist(struct store *db, const struct round *r,
                              const struct pack_patrol **ret);

/* Lists, hat by hat: functions for struct scan. The filters are struct patrol_query. */
struct patrol_query {
    int64_t unit, patrol, limit;
    struct str state, after;
};
MUST enum err patrol_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                           struct list *ret);
MUST enum err round_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                          struct list *ret);

/* Where a matter was found: no row, or one. */
struct finding {
    int64_t round, patrol;
    struct str name;
    int64_t point;
    struct str place, item, text;
    int64_t at;
};
extern const struct entity finding_entity;
MUST enum err finding_of(struct store *db, int64_t matter, struct list *ret);

extern const struct module patrol_module;

#endif
