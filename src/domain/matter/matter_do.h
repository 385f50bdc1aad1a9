/* Between the files that do things to a matter: matter_act.c (which step, and may it be taken),
 * matter_effect.c (what a step of the flow does), matter_ask.c (what is asked of a unit: more time,
 * a pause, who does it, an answer), matter_part.c (a whistle's parts), matter_time.c (what time
 * does). All run inside a command; everything they change on the matter is in *d->m, which
 * doing_save writes. */
#ifndef DOMAIN_MATTER_DO_H
#define DOMAIN_MATTER_DO_H

#include "domain/matter/matter.h"

/* One act under way. */
struct doing {
    const struct actor *by; /* NULL: time */
    const struct matter_act *in;
    const struct pack *pack;
    const struct pack_kind *kind;
    size_t stage; /* before */
    enum act act;
    enum given given;
    const struct hat *hat; /* NULL: time */
    unsigned sides;
    const struct pack_step *step;
    const struct pack_stay *stay;
    struct matter *m;
};

/* Pack, kind and stage of d->m. */
MUST enum err doing_kind(struct store *db, struct doing *d);

/* The step's effect, the move, the row, the event. */
MUST enum err doing_apply(struct store *db, struct doing *d);

/* Writes the matter, and an event of d->act with the stage it came from. */
MUST enum err doing_save(struct store *db, struct doing *d);

/* What the step does to the matter, but for the stage (matter_effect.c). */
MUST enum err matter_effect(struct store *db, struct doing *d);

/* Sends it to a party of the same county, which keeps seeing it; faults /to. */
MUST enum err matter_send(struct store *db, struct matter *m, int64_t party);
MUST enum err party_known(struct store *db, const struct matter *m, int64_t party,
                          const char *field, struct str *name);
MUST enum err matter_shown_to(struct store *db, const struct matter *m, int64_t party);

/* ---- tiers ---- */

enum tier matter_tier(const struct matter *m);

/* The unit at the next tier up that the place has, and that tier; the topmost itself when there is
 * none above (false). */
bool matter_above(const struct matter *m, int64_t *unit, enum tier *tier);

/* A hat that manages a unit at that tier or above it, and covers the place. */
bool hat_manages(const struct hat *h, const struct matter *m, enum tier tier);

/* ---- asks ---- */

/* Extend, pause or supervise, as the flow's step d->stay has it. */
MUST enum err ask_stay(struct store *db, struct doing *d);
MUST enum err ask_resume(struct store *db, struct doing *d);
MUST enum err ask_answer(struct store *db, struct doing *d);

/* Who is to do it: the tier above says. part 0: the matter as a whole. */
MUST enum err ask_settle(struct store *db, struct doing *d, int64_t part, int64_t party);

/* Faults when that is asked already and not yet answered. */
MUST enum err ask_pending(struct store *db, const struct matter *m, const char *kind);

/* Ends open questions that the matter's move has overtaken: all but supervisions; those too when it
 * has ended. What is left goes with the matter to the unit now in charge. */
MUST enum err asks_overtaken(struct store *db, struct matter *m);

/* Faults when the tier above still waits for an answer. */
MUST enum err asks_answered(struct store *db, const struct matter *m);

/* May this actor now resume, or answer one of the open questions? */
MUST enum err may_resume(struct store *db, struct doing *d, bool *ret);
MUST enum err may_answer(struct store *db, struct doing *d, bool *ret);

/* The clock runs on with what was left on it. */
MUST enum err clock_resume(struct store *db, struct doing *d);

/* ---- parts ---- */

MUST enum err parts_checked(struct store *db, const struct doing *d); /* of d->in, for a whistle */
MUST enum err parts_give(struct store *db, struct doing *d);
/* Ends those still open, with the questions who is to do them. */
MUST enum err parts_drop(struct store *db, struct matter *m);
MUST enum err parts_done(struct store *db, const struct matter *m); /* faults when one is not */
MUST enum err parts_resume(struct store *db, const struct matter *m, int64_t stood); /* ms */
MUST enum err part_report(struct store *db, struct doing *d);
MUST enum err part_refuse(struct store *db, struct doing *d);
MUST enum err part_settle(struct store *db, struct matter *m, int64_t part, int64_t party);
MUST enum err may_report(struct store *db, struct doing *d, bool refuse, bool *ret);

#endif
