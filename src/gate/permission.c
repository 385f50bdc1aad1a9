#include "gate/permission.h"

const char *const role_names[ROLE_COUNT + 1] = {
    "none",   "resident", "volunteer", "grid_worker",  "social_worker",  "handler", "secretary",
    "street", "district", "hotline",   "system_admin", "security_admin", "auditor", NULL};

const char *const perm_names[PERM_COUNT + 1] = {
    [PERM_NONE] = "none",
    [PERM_PUBLIC] = "public",
    [PERM_SIGNED_IN] = "signed_in",
    [PERM_MATTER_ORDER] = "matter.order",
    [PERM_MATTER_READ] = "matter.read",
    [PERM_MATTER_ACT] = "matter.act",
    [PERM_MATTER_REVEAL] = "matter.reveal",
    [PERM_MATTER_GLASS] = "matter.glass",
    [PERM_UNIT_WRITE] = "unit.write",
    [PERM_PARTY_READ] = "party.read",
    [PERM_PARTY_WRITE] = "party.write",
    [PERM_PERSON_READ] = "person.read",
    [PERM_PERSON_WRITE] = "person.write",
    [PERM_PERSON_REVEAL] = "person.reveal",
    [PERM_ACCOUNT_READ] = "account.read",
    [PERM_ACCOUNT_WRITE] = "account.write",
    [PERM_AUDIT_READ] = "audit.read",
    [PERM_MEDIATION_READ] = "mediation.read",
    [PERM_MEDIATION_WRITE] = "mediation.write",
    [PERM_MEDIATION_SIGN] = "mediation.sign",
    [PERM_BODY_READ] = "body.read",
    [PERM_BODY_WRITE] = "body.write",
    [PERM_PAIR_CONTACT] = "pair.contact",
    [PERM_PATROL_WALK] = "patrol.walk",
    [PERM_PATROL_WRITE] = "patrol.write",
    [PERM_WEBHOOK_WRITE] = "webhook.write",
    [PERM_FIGURE_READ] = "figure.read",
    [PERM_COUNT] = NULL,
};
_Static_assert(PERM_COUNT <= 32, "a role's permissions are a set of bits");

#define P(name)  (1u << PERM_##name)
#define MEDIATOR (P(MEDIATION_READ) | P(MEDIATION_WRITE) | P(MEDIATION_SIGN))

static const unsigned matter_party = P(MATTER_READ) | P(MATTER_ACT);
/* A party orders only where a round lends it a place (domain/patrol). */
static const unsigned walking_party = matter_party | P(MATTER_ORDER) | P(PATROL_WALK);
static const unsigned field_worker = P(MATTER_ORDER) | P(MATTER_READ) | P(MATTER_ACT) |
                                     P(MATTER_REVEAL) | P(PARTY_READ) | P(PERSON_READ) |
                                     P(PERSON_WRITE) | P(PERSON_REVEAL) | MEDIATOR | P(BODY_READ) |
                                     P(PAIR_CONTACT) | P(PATROL_WALK) | P(FIGURE_READ);

bool role_may(enum role r, enum perm p)
{
    const unsigned may[ROLE_COUNT] = {
        [ROLE_RESIDENT] = P(MATTER_ORDER) | P(MATTER_READ) | P(MATTER_ACT) | P(MEDIATION_READ) |
                          P(MEDIATION_SIGN) | P(PAIR_CONTACT),
        [ROLE_VOLUNTEER] = walking_party | MEDIATOR,
        [ROLE_GRID_WORKER] = field_worker,
        [ROLE_SOCIAL_WORKER] = field_worker,
        [ROLE_HANDLER] = walking_party | P(MATTER_REVEAL) | MEDIATOR,
        [ROLE_SECRETARY] =
            field_worker | P(PARTY_WRITE) | P(MATTER_GLASS) | P(BODY_WRITE) | P(PATROL_WRITE),
        [ROLE_STREET] = (field_worker & ~P(PERSON_WRITE)) | P(PARTY_WRITE) | P(MATTER_GLASS) |
                        P(BODY_WRITE) | P(PATROL_WRITE),
        [ROLE_DISTRICT] = matter_party | P(PARTY_READ) | P(MATTER_GLASS) | P(BODY_READ) |
                          P(PATROL_WALK) | P(FIGURE_READ),
        [ROLE_HOTLINE] = matter_party | P(MATTER_ORDER) | P(PARTY_READ) | P(FIGURE_READ),
        [ROLE_SYSTEM_ADMIN] = P(UNIT_WRITE) | P(WEBHOOK_WRITE),
        [ROLE_SECURITY_ADMIN] = P(ACCOUNT_READ) | P(ACCOUNT_WRITE),
        [ROLE_AUDITOR] = P(AUDIT_READ),
    };
    return p == PERM_PUBLIC || (may[r] & 1u << p) != 0;
}

enum role role_parse(struct str s)
{
    for (int i = 1; i < ROLE_COUNT; i++) {
        if (str_eq(s, str_of(role_names[i])))
            return (enum role)i;
    }
    return ROLE_NONE;
}

enum hat_kind role_kind(enum role r)
{
    if (r == ROLE_RESIDENT)
        return HAT_SELF;
    return r == ROLE_VOLUNTEER || r == ROLE_HANDLER ? HAT_PARTY : HAT_UNIT;
}

bool role_separated(enum role r)
{
    return r == ROLE_SYSTEM_ADMIN || r == ROLE_SECURITY_ADMIN || r == ROLE_AUDITOR;
}
