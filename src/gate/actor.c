#include "gate/actor.h"

const char *const level_names[LEVEL_COUNT + 1] = {
    "none", "province", "city", "county", "street", "community", "grid", "micro_grid", NULL};

enum level level_parse(struct str s)
{
    for (int i = 1; i < LEVEL_COUNT; i++) {
        if (str_eq(s, str_of(level_names[i])))
            return (enum level)i;
    }
    return LEVEL_NONE;
}

int64_t ancestors_at(const struct ancestors *at, enum level level)
{
    switch (level) {
    case LEVEL_PROVINCE: return at->province;
    case LEVEL_CITY: return at->city;
    case LEVEL_COUNTY: return at->district;
    case LEVEL_STREET: return at->street;
    case LEVEL_COMMUNITY: return at->community;
    case LEVEL_GRID: return at->grid;
    default: return 0;
    }
}

bool hat_covers(const struct hat *h, const struct ancestors *at)
{
    return h->kind == HAT_UNIT && h->unit != 0 && ancestors_at(at, h->level) == h->unit;
}

static bool S_lies_in(const struct hat *h, int64_t unit)
{
    for (int level = LEVEL_PROVINCE; unit && level <= LEVEL_GRID; level++) {
        if (ancestors_at(&h->at, (enum level)level) == unit)
            return true;
    }
    return false;
}

static bool S_within(const struct hat *h, const struct reach *r)
{
    return (!r->only || h->unit == r->only) && (!r->roles || r->roles >> h->role & 1);
}

static bool S_among(int64_t id, const int64_t *ids, size_t n)
{
    for (size_t i = 0; id && i < n; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

/* A tracking code's hat reaches its one matter, and nothing that is a person's. */
static bool S_self_reaches(const struct hat *h, const struct reach *r)
{
    if (h->matter)
        return h->matter == r->matter;
    return h->person && (h->person == r->person || S_among(h->person, r->persons, r->person_count));
}

bool hat_reaches(const struct hat *h, const struct reach *r)
{
    if (h->kind == HAT_SELF)
        return S_self_reaches(h, r);
    if (r->theirs)
        return true;
    if (h->kind == HAT_UNIT)
        return S_within(h, r) && (hat_covers(h, &r->at) || S_lies_in(h, r->shared));
    return S_among(h->party, r->parties, r->party_count);
}

const struct hat *actor_hat(const struct actor *by)
{
    for (size_t i = 0; i < by->n; i++) {
        if (by->admitted[i])
            return &by->hats[i];
    }
    return NULL;
}
