/* What proves who someone is: passwords, one-time links, tracking codes; and the lock against
 * guessing. Failures stand for LOCK_MINUTES from the last one; LOCK_FAILURES of them lock the
 * account until then, and attempts meanwhile are refused unread, so that they neither count nor
 * prolong it. Refusals here are ERR_DENIED: what was counted is kept. */
#ifndef PEOPLE_CREDENTIAL_H
#define PEOPLE_CREDENTIAL_H

#include "domain/people/people.h"

enum { LOCK_FAILURES = 5, LOCK_MINUTES = 15, PASSWORD_MIN = 10, PASSWORD_MAX = 200 };

/* An account as far as signing in is concerned. */
struct credential {
    int64_t id, county, district, street;
    struct str login, password; /* NO_STR: none set */
    int64_t failures, locked_until, disabled_at;
};
MUST enum err credential_by_login(struct store *db, struct str login, struct credential *ret);
MUST enum err credential_by_id(struct store *db, int64_t account, struct credential *ret);

/* A password beside what is stored; without a stored one it takes as long and fails, so that the
 * time tells nobody whether a login exists. Slow: only in prepare. */
bool credential_proves(struct str stored, struct str password);

/* Refuses with code "locked" and the time it ends while too many failures stand. */
MUST enum err credential_open(struct store *db, const struct credential *c);

MUST enum err credential_failed(struct store *db, const struct credential *c);
MUST enum err credential_succeeded(struct store *db, const struct credential *c);

/* The same refusal whatever was wrong. */
enum err credential_wrong(struct store *db, const char *field);

/* Whether a password may be set; faults /password when not. */
MUST enum err password_fit(struct store *db, struct str login, struct str password);

/* The account a link is for, and uses it up; ERR_NOT_FOUND when it is unknown, used or over. */
MUST enum err link_use(struct store *db, struct str token, int64_t *account);

/* Nothing that has been handed out still opens the account: every session but `keep` (HASH_SIZE
 * bytes, may be NULL) and every unused link ends. */
MUST enum err credential_revoke(struct store *db, int64_t account, const unsigned char *keep);

/* The module's background work: sessions and links whose time is over go. */
MUST enum err credential_purge(struct store *db, void *unused);

/* ASCII letters in lower case, as logins are stored. */
struct str text_lower(struct str s, struct arena *a);

#endif
