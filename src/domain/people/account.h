/* Accounts: who can sign in, and which administrators look after them. An account lies at the
 * county and street of the unit it was made for. */
#ifndef PEOPLE_ACCOUNT_H
#define PEOPLE_ACCOUNT_H

#include "domain/people/hat.h"

struct account {
    int64_t id;
    struct str login, name;
    int64_t person, district, street;
    enum tri has_password, has_link; /* has_link: one is waiting to be used */
    int64_t locked_until;            /* 0 when it is not locked */
    int64_t created_at, disabled_at;
    struct list hats; /* of struct hat_out */
};
extern const struct entity account_entity;

enum { LOGIN_MIN = 3, LOGIN_MAX = 64, ACCOUNT_NAME_MAX = 30 };

/* A lower-case letter, then lower-case letters, digits and . _ -: not a digit first, for a phone
 * or ID number as a login would stand unencrypted in every list. */
form_fn form_login;

/* With its hats. */
MUST enum err account_get(struct store *db, int64_t id, struct account *ret);

/* Those of a county or street after an id, in order, without hats. */
MUST enum err account_page(struct store *db, enum level level, int64_t unit, int64_t after,
                           int64_t most, struct list *ret);

/* Every account there is, after an id, with its hats: for the command line. */
MUST enum err account_all(struct store *db, int64_t after, int64_t most, struct list *ret);

MUST enum err account_hats(struct store *db, struct list *accounts);

/* Ends it and everything that still opens it. */
MUST enum err account_disable(struct store *db, int64_t id);

#endif
