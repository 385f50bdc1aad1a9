/* Pairs (结对): one member of a body and one resident, for a purpose, with a record of each
 * contact. At most one pair at a time a member, and one a resident in the same body.
 *
 * A pair is seen by its two people, and by workers where the resident lives. Only the two read each
 * other's whole name and the notes; workers read that there was contact, when, how and who wrote it
 * down. Either of the two, or a worker, writes a contact down. Notes are sealed with the resident's
 * key and dropped after NOTE_DAYS; that there was contact stays.
 *
 * Faults are under /member, /person, /at, and the id of the path. Texts and lists live in the
 * store's arena. */
#ifndef DOMAIN_BODY_PAIR_H
#define DOMAIN_BODY_PAIR_H

#include "domain/body/body.h"

struct pair {
    int64_t id, body;
    struct str body_name;
    int64_t member, member_person, person;
    struct str member_name, name, purpose;
    enum tri public; /* the member's post */
    int64_t unit;
    struct str unit_name;
    int64_t since, until, contacts, last_at;
};
extern const struct entity pair_entity;

struct pair_contact {
    int64_t id, at;
    struct str way, side, text;
    int64_t recorded_at;
};
extern const struct entity pair_contact_entity;
extern const char *const contact_ways[]; /* visit phone message meeting other; NULL ends it */

enum { NOTE_DAYS = 365 };

struct pair_new {
    int64_t member, person;
    struct str purpose;
};
MUST enum err pair_create(struct store *db, const struct pair_new *in, int64_t *ret);
MUST enum err pair_end(struct store *db, int64_t id); /* once more changes nothing */

/* own: the reader is one of the two. */
MUST enum err pair_get(struct store *db, int64_t id, bool own, struct pair *ret);

/* Of a hat, in order of id: a unit's by where the resident lives, a person's own. */
struct pair_find {
    const struct hat *hat;
    int64_t after, most;
    int64_t body; /* 0: any */
    bool ended;
};
MUST enum err pair_page(struct store *db, const struct pair_find *find, struct list *ret);

/* The names of a page of pairs, for a reader who is that person (0: none). */
MUST enum err pairs_name(struct store *db, int64_t person, struct list *pairs);

struct contact_new {
    int64_t id; /* the pair */
    struct str way, text;
    int64_t at; /* 0: now */
};
MUST enum err contact_add(struct store *db, const struct contact_new *in, const struct actor *by,
                          int64_t *ret);

/* Contacts of a pair, in order of id; notes only when the reader is one of the two. */
MUST enum err contact_page(struct store *db, int64_t pair, bool own, int64_t after, int64_t most,
                           struct list *ret);

/* Is the actor one of the two? */
bool pair_own(const struct actor *by, const struct pair *p);

MUST enum err pair_reach(struct store *db, int64_t id, struct reach *ret);

/* Drops notes that are past their time, a few at a time: a module's tick. */
MUST enum err pair_tick(struct store *db, void *unused);

extern const struct module pair_module;

#endif
