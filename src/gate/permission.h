/* Roles, what each may do at all, and how each is held. Where a hat may do it is its scope
 * (actor.h); what may be done to one matter is its flow (pack.h). There is no role that may do
 * everything, and the three administrators (system, security, audit) see no residents' business. */
#ifndef GATE_PERMISSION_H
#define GATE_PERMISSION_H

#include "base/str.h"

enum role {
    ROLE_NONE,
    ROLE_RESIDENT,
    ROLE_VOLUNTEER,
    ROLE_GRID_WORKER,
    ROLE_SOCIAL_WORKER,
    ROLE_HANDLER,
    ROLE_SECRETARY,
    ROLE_STREET,
    ROLE_DISTRICT,
    ROLE_HOTLINE,
    ROLE_SYSTEM_ADMIN,
    ROLE_SECURITY_ADMIN,
    ROLE_AUDITOR,
    ROLE_COUNT
};
extern const char *const role_names[ROLE_COUNT + 1]; /* "none", "resident", …; NULL ends it */
enum role role_parse(struct str s);                  /* ROLE_NONE when unknown */

/* What a hat is held as: a role at a unit, as a party, or as oneself. */
enum hat_kind { HAT_UNIT, HAT_PARTY, HAT_SELF };
enum hat_kind role_kind(enum role r);

enum perm {
    PERM_NONE, /* a route without a permission stops the boot */
    PERM_PUBLIC,
    PERM_SIGNED_IN,
    PERM_MATTER_ORDER,
    PERM_MATTER_READ,
    PERM_MATTER_ACT,
    PERM_MATTER_REVEAL,
    PERM_MATTER_GLASS,
    PERM_UNIT_WRITE,
    PERM_PARTY_READ,
    PERM_PARTY_WRITE,
    PERM_PERSON_READ,
    PERM_PERSON_WRITE,
    PERM_PERSON_REVEAL,
    PERM_ACCOUNT_READ,
    PERM_ACCOUNT_WRITE,
    PERM_AUDIT_READ,
    PERM_MEDIATION_READ,
    PERM_MEDIATION_WRITE,
    PERM_MEDIATION_SIGN,
    PERM_BODY_READ,
    PERM_BODY_WRITE,
    PERM_PAIR_CONTACT,
    PERM_PATROL_WALK,
    PERM_PATROL_WRITE,
    PERM_WEBHOOK_WRITE,
    PERM_FIGURE_READ,
    PERM_COUNT
};
extern const char *const perm_names[PERM_COUNT + 1];

bool role_may(enum role r, enum perm p);

/* Administrators whose powers must never meet in one account. */
bool role_separated(enum role r);

#endif
