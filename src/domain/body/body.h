/* Bodies (组织): committees, councils, clubs, working groups, alliances. Which kinds there are,
 * whom each is made of and which parts it has come from the pack in force at its unit (`bodies:`).
 * A member is a person, who may sit for an organisation, or an organisation as such (a core unit),
 * by the category it is in; people and organisations are counted apart, and every total is a count
 * of rows. Who leaves keeps the row, with an end, and so does a body that is no more.
 *
 * Bodies lie two deep: a project and its groups. A kind with parts makes them with itself.
 *
 * A member's name is the person's, opened from their record. Everybody reads it as it is when the
 * category is a public post, and masked when it is not: workers see the whole name only as they do
 * anybody's, for a recorded reason, in the person's record.
 *
 * Texts and lists live in the store's arena. What is wrong is in the problem, by the member's name:
 * /unit, /kind, /name, /parent, /valid_from; /category, /person, /party, /duty, /since. */
#ifndef DOMAIN_BODY_BODY_H
#define DOMAIN_BODY_BODY_H

#include "domain/people/scope.h"

/* Who is in a body now, of one category. */
struct body_total {
    struct str category, zh, en, of; /* of: person or party */
    int64_t count;
};

struct body {
    int64_t id;
    struct str kind, part, name, purpose;
    int64_t parent, unit;
    struct str unit_name;
    int64_t valid_from, valid_to;
    int64_t members, units, parts; /* people, organisations and bodies below, now */
    struct list totals;            /* struct body_total, in the pack's order */
};
extern const struct entity body_entity;

struct body_member {
    int64_t id, body;
    struct str body_name, category;
    int64_t person, party;
    struct str name, party_name, post;
    enum tri public;
    int64_t duty;
    struct str duty_name;
    int64_t since, until;
};
extern const struct entity body_member_entity;

extern const struct module body_module;

struct body_new {
    int64_t unit;
    struct str kind, name, purpose;
    int64_t parent, valid_from; /* 0: none, and now */
};
struct body_join {
    int64_t id; /* the body */
    struct str category;
    int64_t person, party;
    struct str post;
    int64_t duty, since; /* 0: none, and now */
};

/* Make one, with the parts its kind has; add a member. They check what the record itself asks for
 * and nothing about who asks, run inside a command, and answer with the new id. */
MUST enum err body_create(struct store *db, const struct body_new *in, int64_t *ret);
MUST enum err body_add(struct store *db, const struct body_join *in, int64_t *ret);

/* Ends a body, its members and their pairs (pair.h); ERR_CONFLICT while it has parts in being. Once
 * more changes nothing. */
MUST enum err body_end(struct store *db, int64_t id);

/* A member leaves, and their pair ends; ERR_NOT_FOUND when the body never had it. Once more changes
 * nothing. */
MUST enum err body_leave(struct store *db, int64_t body, int64_t member);

/* With its totals. */
MUST enum err body_get(struct store *db, int64_t id, struct body *ret);
MUST enum err bodies_count(struct store *db, struct list *bodies);

/* Bodies of a hat's place and those that the units above have for all of theirs, in order of id;
 * without totals. Ended ones only when asked for. */
struct body_find {
    const struct hat *hat;
    int64_t after, most;
    struct str kind; /* NO_STR: any */
    int64_t unit;    /* 0: any; else in or below this unit */
    bool ended;
};
MUST enum err body_page(struct store *db, const struct body_find *find, struct list *ret);

/* Bodies in being of one unit, in order of id, without totals. */
MUST enum err body_of_unit(struct store *db, int64_t unit, int64_t after, int64_t most,
                           struct list *ret);

/* What a body may hold at a time. A body that ends ends its members in one command: 500 rows take
 * the writer 5 ms. */
enum { BODY_PARTS_MAX = 100, BODY_MEMBERS_MAX = 500 };

/* Bodies below one, with totals. */
MUST enum err body_parts(struct store *db, int64_t id, struct list *ret);

struct member_find {
    int64_t body, after, most;
    struct str category; /* NO_STR: any */
    bool former;         /* also who has left */
};
MUST enum err member_page(struct store *db, const struct member_find *find, struct list *ret);

/* A name as those see it who may not see it whole; NO_STR for NO_STR, and without memory. */
struct str masked_name(struct str name, struct arena *a);

/* Who looks after a place: members in being whose area is this unit or one it lies in. */
MUST enum err member_duties(struct store *db, const struct ancestors *at, int64_t unit,
                            int64_t after, int64_t most, struct list *ret);

/* Reach for reading: where it lies, and the units below its own; and for changing: only the
 * former. */
MUST enum err body_reach(struct store *db, int64_t id, struct reach *ret);
MUST enum err body_own_reach(struct store *db, int64_t id, struct reach *ret);

#endif
