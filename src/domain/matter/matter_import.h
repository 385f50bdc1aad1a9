/* Matters that another system has dealt with, replayed: with their own time of arrival, and no
 * more than that system told. One that ended is stored as closed with the outcome `handled`; when
 * it ended is not known, only whether that was in time. So closed_at is the limit itself
 * (due_at) when it was, and a millisecond after when it was not, and the event says so:
 * closed_at <= due_at then is what the source said. Nothing else is made up: no acceptance, no
 * answer, no rating. */
#ifndef DOMAIN_MATTER_IMPORT_H
#define DOMAIN_MATTER_IMPORT_H

#include "gate/world.h"

/* A replay goes in the order of time: matter_import lets a matter come in and be sent, and says
 * when it ended; matter_import_end ends it, when that time has come. */
enum imported_end { IMPORTED_OPEN, IMPORTED_IN_TIME, IMPORTED_OVERDUE };

struct matter_imported {
    const struct pack *pack;
    const struct pack_kind *kind; /* of the pack */
    struct str number, category, title, place, source;
    int64_t unit;
    struct ancestors at; /* of the unit */
    int64_t party;       /* whom it was sent to, 0: nobody known */
    enum imported_end end;
};

/* db->now is when it came in. Inside a command. Answers with the id and, unless it is open, with
 * when it ended. */
struct import_ending {
    int64_t id, at;
    const struct pack_kind *kind;
    enum imported_end end;
};
MUST enum err matter_import(struct store *db, const struct matter_imported *in,
                            struct import_ending *ret);
MUST enum err matter_import_end(struct store *db, const struct import_ending *in);

#endif
