#include "gate/permission.h"

const char *const role_names[ROLE_COUNT + 1] = {
    "none",   "resident", "volunteer", "grid_worker",  "social_worker",  "handler", "secretary",
    "street", "district", "hotline",   "system_admin", "security_admin", "auditor", NULL};

const char *const perm_names[PERM_COUNT + 1] = {
    "none",          "public",       "signed_in",     "matter.order", "matter.read", "matter.act",
    "matter.reveal", "unit.write",   "party.read",    "party.write",  "person.read", "person.write",
    "person.reveal", "account.read", "account.write", "audit.read",   "figure.read", NULL};

#define P(name) (1u << PERM_##name)

static const unsigned matter_party = P(MATTER_READ) | P(MATTER_ACT);
static const unsigned field_worker = P(MATTER_ORDER) | P(MATTER_READ) | P(MATTER_ACT) |
                                     P(MATTER_REVEAL) | P(PARTY_READ) | P(PERSON_READ) |
                                     P(PERSON_WRITE) | P(PERSON_REVEAL) | P(FIGURE_READ);

bool role_may(enum role r, enum perm p)
{
    const unsigned may[ROLE_COUNT] = {
        [ROLE_RESIDENT] = P(MATTER_ORDER) | P(MATTER_READ) | P(MATTER_ACT),
        [ROLE_VOLUNTEER] = matter_party,
        [ROLE_GRID_WORKER] = field_worker,
        [ROLE_SOCIAL_WORKER] = field_worker,
        [ROLE_HANDLER] = matter_party | P(MATTER_REVEAL),
        [ROLE_SECRETARY] = field_worker | P(PARTY_WRITE),
        [ROLE_STREET] = (field_worker & ~P(PERSON_WRITE)) | P(PARTY_WRITE),
        [ROLE_DISTRICT] = matter_party | P(PARTY_READ) | P(FIGURE_READ),
        [ROLE_HOTLINE] = matter_party | P(MATTER_ORDER) | P(PARTY_READ) | P(FIGURE_READ),
        [ROLE_SYSTEM_ADMIN] = P(UNIT_WRITE),
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
