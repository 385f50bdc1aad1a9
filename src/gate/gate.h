/* The one gate. It says who a token is, whether any of the actor's hats may use a route, and
 * whether any of those reaches the subject. What it admits is all a handler gets; a subject out of
 * reach is ERR_NOT_FOUND, so that nobody learns that it exists. */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "gate/route.h"

/* Sessions in memory, in front of the table. An entry is believed until a command that changes
 * sessions, hats or accounts has been committed (gate_changed), for SESSION_TRUST_MS at most. */
struct session_cache;
enum { SESSION_TRUST_MS = 5000 };
struct session_cache *session_cache_new(void);
void session_cache_free(struct session_cache *c);
void gate_changed(struct session_cache *c);

/* Fills *ret from a token (NO_STR: nobody). ERR_UNAUTHENTICATED when the token is unknown or
 * over. */
MUST enum err gate_identify(struct store *db, struct session_cache *c, struct str token,
                            struct actor *ret);

/* The same for a session known by the hash of its token: who an open stream's reader is now. */
MUST enum err gate_identify_session(struct store *db, struct session_cache *c,
                                    const unsigned char hash[HASH_SIZE], struct actor *ret);

/* Permission alone: has any hat (the named one, when one is named) the route's permission? Sets
 * by->admitted. */
MUST enum err gate_permit(struct store *db, const struct route *r, struct actor *by);

/* Permission, then reach. `in` is the decoded input (its subject_in when the route has a reach).
 * Sets by->admitted. */
MUST enum err gate_admit(struct store *db, const struct route *r, struct actor *by, const void *in);

/* A new session; the token is in the arena and nowhere else. Inside a command. */
enum { SESSION_DAYS = 30, SESSION_TRACKING_HOURS = 12 };
MUST enum err session_start(struct store *db, int64_t account, int64_t matter, struct str *token,
                            int64_t *expires_at);

/* One row of the audit, in the command's own transaction: the only way in, and the place where
 * sealing will hook in. What and where is in db->note; without a place there, it is that of the
 * acting hat. */
MUST enum err audit_write(struct store *db, const struct actor *by, const char *op);

/* Exactly once by key. once_find answers ERR_NOT_FOUND when the key is new, OK with the stored
 * answer when the same was asked, ERR_CONFLICT when something else was. once_keep stores, and
 * answers ERR_CONFLICT when the key is not new: what the command wrote must then be undone. */
struct once {
    int64_t account;
    struct str key;     /* as the client sent it */
    struct str request; /* what is asked: operation, path and body */
};
MUST enum err once_find(struct store *db, const struct once *o, int64_t *status,
                        struct str *answer);
MUST enum err once_keep(struct store *db, const struct once *o, int64_t status, struct str answer);
MUST enum err once_purge(struct store *db); /* those older than 30 days */

/* Argon2id. Slow by intent (about 0.1 s, 64 MiB): only on the slow threads. */
struct str password_hash(struct str password, struct arena *a); /* NO_STR: no memory */
bool password_matches(struct str hash, struct str password);

#endif
