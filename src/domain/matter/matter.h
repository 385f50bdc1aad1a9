/* Matters (事项): anything with a flow. A matter is ordered, goes from stage to stage by acts, and
 * ends with an outcome, which is a fact of its own: closed is not solved. What may be done by whom
 * and when comes from the pack it began under; what each act does is here, once for all kinds.
 *
 * Every row carries where it lies as plain columns, so that a queue is one index range. */
#ifndef DOMAIN_MATTER_H
#define DOMAIN_MATTER_H

#include "gate/route.h"

/* Nothing is due: after every real time, so that a queue ends with it. */
#define NO_DUE INT64_C(253402300799000)

/* A whole matter, as stored and as sent. */
struct matter {
    int64_t id;
    struct str number, kind, category, stage, awaits, outcome;
    enum tri open;
    struct str title, text, place;
    double lng, lat;
    struct str source;
    int64_t unit, charge, district, street, community, grid;
    int64_t party, handler, requester, reporter;
    struct str party_name;
    int64_t created_at, due_at, answered_at, closed_at, auto_at;
    enum tri provisional;      /* the limit touches a year not yet published */
    enum tri overdue;          /* as of now */
    int64_t remaining_minutes; /* working minutes until due, negative when over */
    enum tri solved;
    int64_t score;
    struct str words;
    int64_t version, pack;
    struct list may;          /* acts the reader could do now, struct str */
    struct str tracking_code; /* only in the answer to an anonymous order */
    int64_t located;          /* only in the answer to an order: see matter_place */
    struct str contact, contact_key, tracking; /* sealed, hashed: never sent */
};
extern const struct entity matter_entity; /* as sent */

/* A matter in a list. */
struct matter_row {
    int64_t id;
    struct str number, kind, category, stage, awaits, outcome;
    enum tri open;
    struct str title, place, source;
    int64_t unit, charge, party, handler;
    struct str party_name;
    int64_t created_at, due_at, closed_at;
    enum tri overdue;
    enum tri solved;
    int64_t score, version;
};
extern const struct entity matter_row_entity;

struct matter_new {
    struct str kind, category, title, text, place, source;
    int64_t unit;
    double lng, lat; /* in `datum` as they come, in WGS-84 behind matter_place */
    struct str datum;
    int64_t requester; /* person, when a worker asks on somebody's behalf */
    struct str contact_name, contact_phone;
};
extern const struct entity matter_new_entity;

struct matter_act {
    int64_t id;
    struct str act, text;
    int64_t to; /* party */
    enum tri public, on, solved;
    int64_t score, version;
};
extern const struct entity matter_act_entity;

extern const struct module matter_module;

MUST enum err matter_order(struct store *db, const struct actor *by, const struct matter_new *in,
                           struct matter *ret);
/* Takes the coordinates to WGS-84 and finds the unit (matter_place.c): without one, the smallest
 * that covers the coordinates; a community or grid becomes the grid or micro-grid in it that does;
 * otherwise the unit given stays, and *located is where the coordinates lie, if elsewhere. */
MUST enum err matter_place(struct store *db, struct matter_new *in, int64_t *located);
MUST enum err matter_do(struct store *db, const struct actor *by, const struct matter_act *in,
                        struct matter *ret);
MUST enum err matter_load(struct store *db, int64_t id, struct matter *ret);
MUST enum err matter_reach(struct store *db, int64_t id, struct reach *ret);

/* Fills what depends on the reader and the time: overdue, remaining, what may be done. */
MUST enum err matter_view(struct store *db, const struct actor *by, struct matter *m);

/* The due time, and when time itself acts, of a matter that enters a stage now. */
void matter_limits(const struct store *db, const struct pack *pack, const struct pack_kind *kind,
                   size_t stage, struct matter *m);

MUST enum err matter_event_write(struct store *db, const struct matter *m, const struct actor *by,
                                 const struct hat *hat, enum act act, unsigned side,
                                 struct str from_stage, const struct matter_act *in);

/* The sides a hat is on for a matter: a set of enum side. */
unsigned matter_sides(const struct actor *by, const struct hat *h, const struct matter *m);

/* Queues and search (matter_list.c). */
struct matter_query {
    struct str queue, kind, stage, awaits, due, q, sort;
    int64_t unit, limit;
    struct str after;
};
MUST enum err matter_list(struct store *db, const struct actor *by, const struct matter_query *in,
                          struct page *ret);

/* Closes what time closes, a few at a time: a module's tick. */
MUST enum err matter_tick(struct store *db, void *unused);

/* Text search (matter_search.c): the orders among the next `most` events not yet looked at. *done
 * is how many events were. */
MUST enum err matter_index(struct store *db, int64_t most, int64_t *done);
enum { QUERY_TERMS = 3, QUERY_WORDS = 3 };
struct matter_terms {
    int64_t term[QUERY_TERMS];    /* of the words asked for; unused ones repeat the first */
    struct str like[QUERY_WORDS]; /* NO_STR when unused */
    size_t n;
};
MUST enum err matter_terms(struct store *db, struct str q, struct matter_terms *ret);

/* Takes phone and ID numbers out of a text: *clean says 〔电话〕 or 〔证件号〕 in their place,
 * *found (a line each) is to be sealed. */
MUST enum err text_redact(struct arena *a, struct str text, struct str *clean, struct str *found);

#endif
