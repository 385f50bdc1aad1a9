/* Delivery: threads of their own that send what is in the outbox (domain/notice/outbox.h). They
 * read on connections of their own, write through the writer like everybody, and hold neither it
 * nor the loop while the other side takes its time. Numbers and openids are unsealed for the moment
 * of sending and then wiped. */
#ifndef PORT_DELIVER_H
#define PORT_DELIVER_H

#include "store/writer.h"

struct deliver;
struct deliver_options {
    struct database *database;
    const struct world *world;
    const struct clock *clock;
    struct str folder; /* the data folder, where deliver.json may be */
};

/* Reads deliver.json and opens the connections; before the server starts, for SQLite opens none
 * safely beside one that is at work. ERR_INVALID when deliver.json is wrong; *why says how, in both
 * languages, until the process ends. */
MUST enum err deliver_open(const struct deliver_options *options, struct deliver **ret,
                           const char **why);

/* Begins to send, writing through this writer. */
MUST enum err deliver_start(struct deliver *d, struct writer *writer);

/* What is being sent is broken off and sent again another time. Before the writer is stopped.
 * Frees it, started or not; NULL is fine. */
void deliver_stop(struct deliver *d);

#endif
