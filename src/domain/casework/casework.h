/* Long matters (长期事项): what a matter of months or years needs beside its flow. Milestones with
 * an owner and a day; the households it is about, each with its progress at each milestone; regular
 * follow-ups; letters with bodies outside the tree; and chains, in which one matter leads to the
 * next. All of it hangs on a matter and is reached as the matter is.
 *
 * Whatever is owed by a day has a row of case_due as long as it is, whichever of these it belongs
 * to: the lists of what is late, and the one tick that tells the timeline, know nothing else.
 *
 * Writing takes a hat that works on the matter: a worker's or manager's at its place, or the party
 * it was sent to. Words are redacted as all free text is; what was taken out is dropped. Records
 * live in the store's arena; times are ms UTC, 0 where there is none. */
#ifndef DOMAIN_CASEWORK_H
#define DOMAIN_CASEWORK_H

#include "domain/matter/matter.h"

enum { CASE_TITLE_MAX = 60, CASE_WORDS_MAX = 1000, MILESTONES_OF_MATTER = 60 };

extern const struct module casework_module;

/* ---- who works on a matter, and who looks (casework.c) ---- */

/* A matter with the hat it is worked on under. */
struct work_on {
    const struct actor *by;
    struct matter m;
    const struct hat *hat;
    unsigned side;
};

/* ERR_FORBIDDEN naming `field` when no admitted hat works on the matter. */
MUST enum err work_begin(struct store *db, const struct actor *by, int64_t matter,
                         const char *field, struct work_on *ret);

/* ERR_CONFLICT naming `field` when the matter is closed. */
MUST enum err work_open(struct store *db, const struct work_on *w, const char *field);

/* A line in the timeline; party and text may be absent. */
MUST enum err work_event(struct store *db, const struct work_on *w, enum act act, bool public,
                         int64_t party, struct str text);

/* An owner is one party the matter was sent to, or one account of its county: faults /party and
 * /account. Neither is fine. */
MUST enum err work_owner(struct store *db, const struct matter *m, int64_t party, int64_t account);

/* What may be read: a unit sees all; the party whose turn it is sees all but who is who; everybody
 * else who reaches the matter sees what is public, and what is their own. */
enum sees { SEES_OWN, SEES_WORK, SEES_ALL };
MUST enum err work_sees(struct store *db, const struct actor *by, int64_t matter, enum sees *ret);

/* Does any admitted hat reach the matter? For rows of lists that no gate has looked at. */
MUST enum err work_reached(struct store *db, const struct actor *by, int64_t matter, bool *ret);

/* The text without numbers that identify people. */
MUST enum err work_clean(struct store *db, struct str text, struct str *ret);

/* Declined or withdrawn: nothing is to come of it. */
bool case_dropped(struct str outcome);

/* Follows the timeline (plans, rests, resumes) and tells it what was missed: the module's tick. */
MUST enum err casework_tick(struct store *db, void *unused);

/* ---- what is owed (case_due.c) ---- */

enum due_what { DUE_MILESTONE, DUE_FOLLOW_UP, DUE_LETTER, DUE_LINK };

struct due {
    int64_t id; /* of what is owed */
    enum due_what what;
    struct str title;
    int64_t due_at, party, account; /* party and account: whose it is, 0: nobody's in particular */
};
MUST enum err due_put(struct store *db, const struct matter *m, const struct due *d);
MUST enum err due_end(struct store *db, int64_t id);

/* The milestones of a matter that has ended are owed no longer; when it was declined or withdrawn,
 * neither are its follow-ups and its next in a chain. Opened again, they are. */
MUST enum err due_rest(struct store *db, int64_t matter, bool dropped);
MUST enum err due_resume(struct store *db, const struct matter *m);

/* Tells the timeline what has passed its day since, a few at a time. */
MUST enum err due_tick(struct store *db);

handler_fn milestones_due, follow_ups_due, letters_due, chains_due;
extern const struct entity due_query_entity, due_entity;

/* ---- milestones (case_milestone.c) ---- */

struct milestone {
    int64_t id;
    struct str code, title, en;
    enum tri each;
    int64_t seq, party, account, due_at, done_at;
    struct str party_name, account_name, words;
    enum tri overdue;
    int64_t households, waiting, doing, done, not_needed; /* each: NO_INT otherwise */
};
extern const struct entity milestone_entity;

/* Those of a matter, in order, with the totals of their households. */
MUST enum err milestones_of(struct store *db, int64_t matter, struct list *ret);
MUST enum err milestone_find(struct store *db, int64_t matter, int64_t id, struct milestone *ret);

/* Those the kind declares and the matter lacks; their days count from `from`. *made is how many. */
MUST enum err milestones_plan(struct store *db, const struct matter *m, const struct pack *pack,
                              const struct pack_kind *kind, int64_t from, int64_t *made);

/* A milestone that each household has to pass is reached when all have, and not when one has not:
 * brought up to date after anything about households changed; one, as just found, or all. */
MUST enum err milestone_settle(struct store *db, const struct work_on *w, struct milestone *s);
MUST enum err milestones_settle(struct store *db, const struct work_on *w);

handler_fn milestones_list, milestones_add, milestones_plan_now, milestones_change, milestones_done;
extern const struct entity milestone_new_entity, milestone_change_entity, milestone_done_entity;

/* ---- households (case_household.c) ---- */

struct household_new {
    int64_t id; /* the matter */
    struct str label, note;
    int64_t person; /* who lives there, 0: nobody on record */
};
enum { HOUSEHOLD_LABEL_MAX = 60, HOUSEHOLD_NOTE_MAX = 200, HOUSEHOLDS_OF_MATTER = 2000 };

/* Adds one; faults /label when the matter has it, or has its fill. Inside a command; that the
 * person may be named is the caller's matter. */
MUST enum err household_create(struct store *db, const struct household_new *in, int64_t *ret);

/* After some were imported: brings milestones up to date and tells the timeline. */
MUST enum err households_imported(struct store *db, int64_t matter, int64_t count);

handler_fn households_list, households_add, households_reveal, households_mine, progress_set;
extern const struct entity household_query_entity, household_entity, household_new_entity,
    household_reveal_entity, household_note_entity, household_lines_entity, progress_entity;

/* ---- follow-ups (case_follow.c), letters (case_letter.c) ---- */

handler_fn follow_rule_get, follow_rule_set, follow_ups_list, follow_ups_add;
extern const struct entity follow_rule_entity, follow_rule_new_entity, follow_up_entity,
    follow_up_new_entity;

handler_fn letters_list, letters_add;
extern const struct entity letter_entity, letter_new_entity;

/* ---- chains (case_chain.c) ---- */

/* A matter of a kind that stands in a chain enters it when it is ordered. */
MUST enum err chain_enter(struct store *db, const struct matter *m, const struct pack *pack);

handler_fn chain_get, chain_next, chain_join, chain_end;
extern const struct entity chain_member_entity, chain_next_entity, chain_join_entity,
    chain_end_entity;

/* ---- what a place's pack declares (case_pack.c) ---- */

handler_fn chains_list;
extern const struct entity chain_query_entity, chain_entity;

/* {id}: the matter. {id, after, limit}: a page of what hangs on it. */
extern const struct entity case_id_entity, case_page_entity;
struct case_page {
    int64_t id, after, limit;
};
enum { CASE_PAGE_DEFAULT = 100, CASE_PAGE_MAX = 100 };

/* The page of rows fetched one too many: cuts it, and says the next cursor, the int64_t that each
 * row begins with. */
MUST enum err case_page_cut(struct store *db, int64_t limit, size_t size, struct page *ret);

#endif
