/* Accounts, hats, sessions, persons and parties. Besides the routes there are plain functions for
 * the command line, for loaders and for other domains: they check what the record itself asks for
 * and nothing about who asks, run inside a command, and answer with the new id. What is wrong is
 * in db->problem under the name of the member. */
#ifndef PEOPLE_PEOPLE_H
#define PEOPLE_PEOPLE_H

#include "gate/route.h"

extern const struct module people_module;

/* Someone who can sign in. The unit says which administrators look after the account. */
struct account_new {
    struct str login; /* NO_STR: signs in by link only */
    struct str name;
    int64_t unit;
    struct str password; /* as password_hash gives it; NO_STR: none set yet */
};
MUST enum err account_create(struct store *db, const struct account_new *in, int64_t *ret);

/* What an account may act as: exactly one of unit, party and person. */
struct hat_new {
    int64_t account;
    enum role role;
    int64_t unit, party, person;
};
MUST enum err hat_grant(struct store *db, const struct hat_new *in, int64_t *ret);

/* A token that signs the account in once; every earlier one of the account is void. */
enum { LINK_DAYS = 7 };
MUST enum err link_create(struct store *db, int64_t account, struct str *token,
                          int64_t *expires_at);

/* Whom a matter can be sent to, or (external: a body outside the tree, as which nobody can act)
 * whom letters are exchanged with. NULL ends it. */
extern const char *const party_kinds[]; /* person team department organisation firm external */
struct party_new {
    struct str kind, name, duty; /* duty may be absent */
    int64_t unit;
};
MUST enum err party_create(struct store *db, const struct party_new *in, int64_t *ret);

/* A resident, in the clear: it is sealed on its way into the store. All but the name may be
 * absent. */
struct person_new {
    int64_t unit; /* a community or a grid */
    struct str name, phone, id_number, address;
};
MUST enum err person_create(struct store *db, const struct person_new *in, int64_t *ret);

/* A link or tracking code as its hash is taken: lower case, without the spaces and dashes that
 * people read it out with, and o, i, l as the digits they are mistaken for. */
struct str code_canonical(struct str typed, struct arena *a);

#endif
