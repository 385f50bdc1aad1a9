/* Many and one, and what only few may read. A matter can have many households, each of which may
 * say whether it is solved; a report of the same trouble can follow another matter, its lead, and
 * be split off again; who is about to report is shown what is open near by. A confidential matter
 * keeps its words sealed under its own key, and its place out of every list.
 *
 * Who reads what of a matter is decided in one place: matter_eye says as what somebody reads it,
 * matter_shade takes away, opens or adds what goes with that. Lists and structs live in the arena;
 * what is wrong with a request is in db->problem. Distances are metres, places WGS-84. */
#ifndef DOMAIN_MATTER_MANY_H
#define DOMAIN_MATTER_MANY_H

#include "domain/matter/matter.h"

/* ---- who reads (matter_sight.c) ---- */

enum eye {
    EYE_NEUTRAL, /* the unit in charge of a confidential matter: that it is there, and its limits */
    EYE_AFFECTED,  /* one of its households: how it goes, not what others said */
    EYE_REQUESTER, /* who asked */
    EYE_STAFF      /* who works on it */
};
enum eye matter_eye(const struct actor *by, const struct matter *m);

/* What this reader sees of a matter that matter_view has filled. A report that follows a lead shows
 * its requester how the lead stands. */
MUST enum err matter_shade(struct store *db, const struct actor *by, struct matter *m);

/* The same for rows of a list: drops confidential ones that are another's now. foreign: they are
 * other people's requests, which only affect the reader. */
MUST enum err rows_shade(struct store *db, const struct actor *by, bool foreign, struct list *rows);

/* The timeline (matter_events.c). */
struct event_query {
    int64_t id, after, limit;
};
extern const struct entity matter_event_entity, event_query_entity;
MUST enum err matter_events(struct store *db, const struct actor *by, const struct event_query *q,
                            struct page *ret);

/* The first admitted hat that is on one of the wanted sides (a set of enum side), or NULL. */
const struct hat *matter_hat(const struct actor *by, const struct matter *m, unsigned wanted,
                             unsigned *sides);

/* ---- the households of a matter (matter_household.c) ---- */

enum {
    HOUSEHOLDS_A_CALL = 500,
    HOUSEHOLDS_OF_MATTER = 5000,
    LABEL_MAX = 60,
    HOUSEHOLD_NOTE_MAX = 200,
    SCORES_SHOWN_FROM = 5
};

struct tally {
    int64_t count, solved, unsolved, unanswered;
    double score; /* mean; NAN below SCORES_SHOWN_FROM answers */
};
extern const struct entity tally_entity;
MUST enum err matter_tally(struct store *db, const struct matter *m, struct tally *ret);

/* Sets ret->person when one of ret->by's self hats is a household's. */
MUST enum err household_reach(struct store *db, int64_t id, struct reach *ret);

/* The reader's own row, also when m follows a lead: the report's that follows, else the person's.
 * *seq is 0 when there is none. */
MUST enum err household_own(struct store *db, const struct actor *by, const struct matter *m,
                            int64_t *matter, int64_t *seq);

/* May households say now whether it is solved? */
bool matter_judged(const struct matter *m);

/* One to be added. The note is sealed; all but the unit may be absent. */
struct household {
    int64_t person, joined, unit;
    struct str label, note;
};
/* *added is false when its person or report is listed already. Count and timeline are the
 * caller's: households_recount. */
MUST enum err household_add(struct store *db, int64_t matter, const struct household *h,
                            bool *added);
MUST enum err households_recount(struct store *db, int64_t matter);

/* As the units add them, whose list has a dwelling once, whoever lives there: refused (the matter,
 * and `more` rows in all) before the first, named one by one (unit 0: the matter's), and told with
 * count and timeline after the last. by and hat may be NULL. */
MUST enum err households_refuse(struct store *db, const struct matter *m, size_t more);
MUST enum err household_name(struct store *db, const struct matter *m, const struct household *h,
                             bool *added);
MUST enum err households_told(struct store *db, const struct matter *m, const struct actor *by,
                              const struct hat *hat, unsigned sides, int64_t added);

/* Whom a step of a matter is to be told to, page by page: its requester first (seq 0), then its
 * households. `matter` is the id under which they know it: their own report, when that
 * follows this one. Begin with after = -1. person and account may both be 0: then a tracking code
 * alone leads there. For whoever sends notices; events themselves are followed by seq. */
struct recipient {
    int64_t seq, person, account, matter;
    int64_t added_at; /* ms UTC */
};
MUST enum err matter_recipients(struct store *db, int64_t matter, int64_t after, int64_t most,
                                struct list *ret);

/* ---- reports that follow a lead (matter_merge.c) ---- */

/* What follows another takes no steps of its own. */
MUST enum err merged_refuse(struct store *db, const struct matter *m);

/* The seq of the event by which it began to follow its lead. */
MUST enum err merged_since(struct store *db, int64_t id, int64_t *ret);

/* ---- near by (matter_similar.c) ---- */

int64_t matter_cell(double lng, double lat); /* NO_INT without coordinates */
double matter_distance(double lng, double lat, double lng2, double lat2);

/* The rows of the cells that a circle touches: `sql` is asked for each, with the cell as $1 and
 * cell_most as $2. At most `most` rows in all; some lie outside of the circle. */
struct around {
    double lng, lat, metres;
    const char *sql;
    int64_t cell_most;
    size_t most;
};
MUST enum err cells_read(struct store *db, const struct around *a, const struct entity *e,
                         struct list *ret);

/* A place's words as they can be compared: letters and digits alone; NO_STR when nothing is left.
 */
MUST enum err matter_spot(struct arena *a, struct str place, struct str *ret);

/* ---- confidential matters (matter_confidential.c) ---- */

enum { GLASS_HOURS = 24 };

/* Where it lies: the row itself does not say, so that no list by place can hold it. */
MUST enum err confidential_place(struct store *db, struct matter *m);
MUST enum err confidential_reach(struct store *db, int64_t id, struct reach *ret);

/* What is to be stored of a new one: words sealed, place blank. Inside a command. */
MUST enum err confidential_seal(struct store *db, const struct matter *m, struct matter *stored);
/* The words of an event: *text becomes NO_STR. */
MUST enum err confidential_seal_text(struct store *db, const struct matter *m, struct str *text,
                                     struct str *sealed);
MUST enum err confidential_open(struct store *db, struct matter *m);
MUST enum err confidential_open_text(struct store *db, const struct matter *m, struct str sealed,
                                     struct str *text);

/* ---- routes (many_api.c) ---- */

extern const struct module many_module;
extern const struct entity household_new_entity, household_added_entity, confirm_entity;
handler_fn households_add, matters_confirm;
extern const struct entity merge_entity, split_entity, join_entity, joined_entity;
handler_fn matters_merge, matters_split, matters_join;
extern const struct entity similar_query_entity, similar_entity;
handler_fn matters_similar;
extern const struct entity history_entity;
handler_fn matters_history;
extern const struct entity glass_in_entity, glass_out_entity, many_id_entity, glass_entity,
    opened_entity;
handler_fn matters_break_glass, matters_glass, matters_opened;
reach_fn glass_reach;

#endif
