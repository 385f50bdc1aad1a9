/* What a step of the flow does to a matter, the same for every kind. */
#include "domain/matter/matter_do.h"

struct party_row {
    struct str name;
};
static const struct field party_fields[] = {F_TEXT(struct party_row, name)};
static const struct entity party_entity = ENTITY(struct party_row, "PartyRow", party_fields);

enum err party_known(struct store *db, const struct matter *m, int64_t party, const char *field,
                     struct str *name)
{
    struct party_row row;
    enum err err = store_one(
        db, "SELECT name FROM party WHERE id = $1 AND district = $2 AND kind <> 'external'",
        ARGS(A_INT(party), A_INT(m->district)), &party_entity, &row);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, field, "unknown", "没有这个承办方，或不在本区县。",
                           "There is no such party in this county.");
    TRY(err);
    *name = row.name;
    return OK;
}

enum err matter_shown_to(struct store *db, const struct matter *m, int64_t party)
{
    return store_exec(db,
                      "INSERT INTO matter_sent (party, matter) VALUES ($1, $2) "
                      "ON CONFLICT (matter, party) DO NOTHING",
                      ARGS(A_INT(party), A_INT(m->id)), NULL);
}

enum err matter_send(struct store *db, struct matter *m, int64_t party)
{
    TRY(party_known(db, m, party, "/to", &m->party_name));
    m->party = party;
    m->handler = 0;
    return matter_shown_to(db, m, party);
}

enum tier matter_tier(const struct matter *m)
{
    enum tier tier = TIER_DISTRICT;
    (void)tier_parse(m->tier, &tier);
    return tier;
}

bool matter_above(const struct matter *m, int64_t *unit, enum tier *tier)
{
    enum tier now = matter_tier(m);
    *tier = now == TIER_COMMUNITY && m->street ? TIER_STREET : TIER_DISTRICT;
    *unit = *tier == TIER_STREET ? m->street : m->district;
    return now != TIER_DISTRICT;
}

bool hat_manages(const struct hat *h, const struct matter *m, enum tier tier)
{
    struct ancestors at = {
        .district = m->district, .street = m->street, .community = m->community, .grid = m->grid};
    enum tier own = h->level == LEVEL_COUNTY   ? TIER_DISTRICT
                    : h->level == LEVEL_STREET ? TIER_STREET
                                               : TIER_COMMUNITY;
    bool manager = h->role == ROLE_SECRETARY || h->role == ROLE_STREET || h->role == ROLE_DISTRICT;
    return manager && h->level <= LEVEL_COMMUNITY && own >= tier && hat_covers(h, &at);
}

static bool S_awaits_verify(const struct pack_kind *k, size_t stage)
{
    for (size_t i = 0; i < k->step_count; i++) {
        if (k->steps[i].act == ACT_VERIFY && (k->steps[i].from & (uint64_t)1 << stage))
            return true;
    }
    return false;
}

static void S_outcome(struct matter *m, enum outcome outcome)
{
    m->outcome = str_of(outcome_names[outcome]);
}

static void S_rated(struct doing *d)
{
    struct matter *m = d->m;
    m->solved = d->in->solved;
    m->score = d->in->score;
    m->words = d->in->text;
    S_outcome(m, m->solved == YES ? OUTCOME_SOLVED : OUTCOME_UNSOLVED);
}

static void S_undone(struct matter *m)
{
    S_outcome(m, OUTCOME_NONE);
    m->handled_at = 0;
}

static void S_reopened(struct matter *m)
{
    S_undone(m);
    m->solved = UNSET;
    m->score = NO_INT;
    m->words = NO_STR;
    m->closed_at = 0;
    m->reopens++;
}

static void S_returned(struct doing *d)
{
    S_undone(d->m);
    d->m->returns++;
    /* Sent back by those it was sent to: it is nobody's again. */
    if (d->sides & SIDE_HANDLER && !(d->sides & SIDE_UNIT))
        d->m->party = d->m->handler = 0;
}

static void S_submitted(const struct store *db, struct doing *d)
{
    d->m->handled_at = db->now;
    if (!S_awaits_verify(d->kind, d->step->to))
        S_outcome(d->m, OUTCOME_HANDLED);
}

/* Passed on once too often, it is not passed on at all: the tier above says who does it. */
static enum err S_transfer(struct store *db, struct doing *d)
{
    struct str name;
    d->m->transfers++;
    /* The tier above does not see what is confidential. */
    if (d->m->transfers < d->kind->transfers || d->m->confidential == YES)
        return matter_send(db, d->m, d->in->to);
    TRY(party_known(db, d->m, d->in->to, "/to", &name));
    return ask_settle(db, d, 0, d->in->to);
}

static void S_escalated(struct doing *d)
{
    struct matter *m = d->m;
    enum tier tier;
    if (!matter_above(m, &m->charge, &tier))
        return;
    m->tier = str_of(tier_names[tier]);
    m->escalations++;
    m->transfers = 0;
    if (d->step->to != d->stage)
        m->party = m->handler = 0;
}

static enum err S_dispatched(struct store *db, struct doing *d)
{
    TRY(parts_drop(db, d->m));
    return matter_send(db, d->m, d->in->to);
}

enum err matter_effect(struct store *db, struct doing *d)
{
    struct matter *m = d->m;
    if (d->sides & (SIDE_UNIT | SIDE_HANDLER) && !m->answered_at)
        m->answered_at = db->now;
    switch (d->act) {
    case ACT_DISPATCH:
    case ACT_WHISTLE: return S_dispatched(db, d);
    case ACT_TRANSFER: return S_transfer(db, d);
    case ACT_CLAIM: m->handler = d->by->account; break;
    case ACT_ESCALATE: S_escalated(d); break;
    case ACT_DECLINE: S_outcome(m, OUTCOME_DECLINED); break;
    case ACT_WITHDRAW: S_outcome(m, OUTCOME_WITHDRAWN); break;
    case ACT_SUBMIT: S_submitted(db, d); break;
    case ACT_VERIFY: S_outcome(m, OUTCOME_HANDLED); break;
    case ACT_RETURN: S_returned(d); break;
    case ACT_RATE: S_rated(d); break;
    case ACT_REOPEN: S_reopened(m); break;
    case ACT_CLOSE: S_outcome(m, d->hat ? OUTCOME_HANDLED : OUTCOME_NO_ANSWER); break;
    default: break;
    }
    return OK;
}
