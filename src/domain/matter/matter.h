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
    struct str tier; /* of the unit in charge: tier_names */
    int64_t created_at, due_at, answered_at, handled_at, closed_at;
    int64_t warn_at, auto_at; /* when to warn; when time itself acts next, the warning included */
    enum tri late;            /* an office's step came after it was due */
    int64_t transfers, returns, reopens, escalations, extensions;
    enum tri settled;        /* the tier above has said who does it */
    int64_t paused_at;       /* the clock stands since then; 0: it runs */
    struct str pause_reason; /* code, from the pack */
    int64_t left_ms;         /* what was left on it, in working time when the limit is */
    int64_t paused_ms;       /* pauses that are over, on the wall clock */
    int64_t asks_open, parts_open;
    enum tri provisional;      /* the limit touches a year not yet published */
    enum tri overdue;          /* as of now */
    int64_t remaining_minutes; /* working minutes until due, negative when over */
    enum tri solved;
    int64_t score;
    struct str words;
    int64_t version, pack;
    struct str held;                           /* an act that must wait, NO_STR when none */
    struct list may;                           /* acts the reader could do now, struct str */
    struct list may_also;                      /* … and what has a route of its own */
    struct str tracking_code;                  /* only in the answer to an anonymous order */
    int64_t located;                           /* only in the answer to an order: matter_place */
    struct str contact, contact_key, tracking; /* sealed, hashed: never sent */
    int64_t merged_into;                       /* the lead this report follows */
    int64_t affected;                          /* households: rows of matter_household */
    struct tally *households;                  /* what they say; NULL when there are none */
    enum tri confidential;
    struct str sealed; /* confidential: title, place, text, category */
    int64_t cell;      /* where it lies (matter_cell), NO_INT without coordinates */
    struct str spot;   /* the place's words without signs and spaces */
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
    struct str tier;
    int64_t created_at, due_at, paused_at, closed_at;
    enum tri overdue;
    enum tri solved;
    int64_t score, version;
    enum tri confidential;
    int64_t merged_into;
};
extern const struct entity matter_row_entity;

struct matter_new {
    struct str kind, category, title, text, place, source;
    int64_t unit;
    double lng, lat; /* in `datum` as they come, in WGS-84 behind matter_place */
    struct str datum;
    int64_t requester; /* person, when a worker asks on somebody's behalf */
    bool consented;    /* not a field: the requester was looked at, and has consented */
    struct str contact_name, contact_phone;
};
extern const struct entity matter_new_entity;

/* What a whistle asks of one co-handler. */
struct part_new {
    int64_t to;
    struct str text, within;
};

struct matter_act {
    int64_t id;
    struct str act, text, reason;
    int64_t to; /* party */
    struct str within;
    struct list parts; /* struct part_new */
    int64_t ask;
    enum tri granted, public, on, solved;
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

/* What other domains keep with a matter (matter_key.c). The matter's own key, made on first use
 * (inside a command); and one act that has to wait, until it is released with ACT_COUNT. */
MUST enum err matter_key_make(struct store *db, int64_t id, unsigned char key[KEY_SIZE]);
MUST enum err matter_key(struct store *db, int64_t id, unsigned char key[KEY_SIZE]);
MUST enum err matter_hold(struct store *db, int64_t id, enum act act);
/* A line in its timeline that everybody who sees it sees: a comment by the acting hat. */
MUST enum err matter_say(struct store *db, const struct actor *by, int64_t id, struct str text);

/* Fills what depends on the reader and the time: overdue, remaining, what may be done. */
MUST enum err matter_view(struct store *db, const struct actor *by, struct matter *m);

/* The due time, and when time itself acts, of a matter that enters a stage now. */
void matter_limits(const struct store *db, const struct pack *pack, const struct pack_kind *kind,
                   size_t stage, struct matter *m);

/* When to warn and when time acts next, of a matter whose due time was just set. */
void matter_timer(const struct store *db, const struct pack *pack, const struct pack_kind *kind,
                  struct matter *m);

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

/* Does what time does, a few at a time: a module's tick (matter_time.c). */
MUST enum err matter_tick(struct store *db, void *more);

/* How far a follower of matter_event has read: the seq of its last event, 0 before the first. Each
 * follower keeps its place under a name of its own, in the transaction of what it made of them. */
MUST enum err matter_cursor(struct store *db, struct str name, int64_t *ret);
MUST enum err matter_cursor_move(struct store *db, struct str name, int64_t to);

/* Text search (matter_search.c): the orders among the next `most` events not yet looked at. *done
 * is how many events were. */
MUST enum err matter_index(struct store *db, int64_t most, int64_t *done);
enum { QUERY_TERMS = 3, QUERY_WORDS = 3 };
struct matter_terms {
    int64_t term[QUERY_TERMS];    /* of the words asked for; unused ones repeat the first */
    struct str like[QUERY_WORDS]; /* NO_STR when unused */
    size_t n;
};
/* The terms of a text themselves, at most `most` of them; returns how many. And what a word is
 * made of: letters of any script, and digits. */
size_t text_terms(struct str text, int64_t *term, size_t most);
bool text_letter(uint32_t c);
MUST enum err matter_terms(struct store *db, struct str q, struct matter_terms *ret);

/* Takes phone and ID numbers out of a text: *clean says 〔电话〕 or 〔证件号〕 in their place,
 * *found (a line each) is to be sealed. */
MUST enum err text_redact(struct arena *a, struct str text, struct str *clean, struct str *found);

#endif
