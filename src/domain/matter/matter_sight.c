/* What a reader sees of a matter. */
#include "domain/matter/matter_many.h"

#include <math.h>

const struct hat *matter_hat(const struct actor *by, const struct matter *m, unsigned wanted,
                             unsigned *sides)
{
    for (size_t i = 0; i < by->n; i++) {
        *sides = by->admitted[i] ? matter_sides(by, &by->hats[i], m) : 0;
        if (*sides & wanted)
            return &by->hats[i];
    }
    *sides = 0;
    return NULL;
}

/* A confidential matter is its handler's: the account that took it, and until one has, the party
 * it was sent to. */
static bool S_handles(const struct actor *by, const struct hat *h, const struct matter *m)
{
    if (m->handler)
        return by->account == m->handler;
    return h->kind == HAT_PARTY && m->party && h->party == m->party;
}

enum eye matter_eye(const struct actor *by, const struct matter *m)
{
    enum eye best = EYE_NEUTRAL;
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        enum eye eye = EYE_NEUTRAL;
        if (!by->admitted[i])
            continue;
        if (h->kind == HAT_SELF)
            eye = matter_sides(by, h, m) & SIDE_REQUESTER ? EYE_REQUESTER : EYE_AFFECTED;
        else if (m->confidential != YES || S_handles(by, h, m))
            eye = EYE_STAFF;
        best = eye > best ? eye : best;
    }
    return best;
}

/* ---- what is taken away ---- */

static void S_hide_judgement(struct matter *m)
{
    m->words = NO_STR;
    m->solved = UNSET;
    m->score = NO_INT;
}

static void S_hide_people(struct matter *m)
{
    m->requester = m->reporter = 0;
    S_hide_judgement(m);
}

/* ---- what is added ---- */

static enum err S_may(struct store *db, struct matter *m, enum act act)
{
    if (!m->may_also.items)
        m->may_also.items = arena_array(db->arena, ACT_COUNT, sizeof(struct str));
    struct str *may = m->may_also.items;
    if (!may)
        return ERR_MEMORY;
    may[m->may_also.n++] = str_of(act_names[act]);
    return OK;
}

static enum err S_households(struct store *db, enum eye eye, const struct matter *of,
                             struct matter *m)
{
    if (!of->affected)
        return OK;
    m->households = ARENA_NEW(db->arena, struct tally);
    if (!m->households)
        return ERR_MEMORY;
    TRY(matter_tally(db, of, m->households));
    if (eye != EYE_STAFF)
        *m->households = (struct tally){m->households->count, NO_INT, NO_INT, NO_INT, NAN};
    return OK;
}

/* How the lead stands, under the report's own id and words. */
static enum err S_follow(struct store *db, const struct actor *by, enum eye eye, struct matter *m)
{
    struct matter lead;
    TRY(matter_load(db, m->merged_into, &lead));
    TRY(matter_view(db, by, &lead));
    TRY(S_households(db, eye, &lead, m));
    if (eye == EYE_STAFF)
        return OK;
    m->kind = lead.kind;
    m->stage = lead.stage;
    m->awaits = lead.awaits;
    m->open = lead.open;
    m->party = 0;
    m->party_name = lead.party_name;
    m->due_at = lead.due_at;
    m->overdue = lead.overdue;
    m->remaining_minutes = lead.remaining_minutes;
    m->provisional = lead.provisional;
    m->answered_at = lead.answered_at;
    m->closed_at = lead.closed_at;
    m->tier = lead.tier;
    m->paused_at = lead.paused_at;
    m->pause_reason = lead.pause_reason;
    m->merged_into = 0;
    return matter_judged(&lead) ? S_may(db, m, ACT_CONFIRM) : OK;
}

static enum err S_staff_may(struct store *db, const struct actor *by, struct matter *m)
{
    unsigned sides = 0;
    bool unit = matter_hat(by, m, SIDE_UNIT, &sides) != NULL;
    bool worker = matter_hat(by, m, SIDE_UNIT | SIDE_WORKER, &sides) != NULL;
    if (m->confidential == YES)
        return OK;
    if (unit && m->merged_into)
        TRY(S_may(db, m, ACT_SPLIT));
    if (unit && m->open == YES)
        TRY(S_may(db, m, ACT_MERGE));
    return worker && m->open == YES ? S_may(db, m, ACT_AFFECT) : OK;
}

enum err matter_shade(struct store *db, const struct actor *by, struct matter *m)
{
    enum eye eye = matter_eye(by, m);
    if (m->confidential == YES && (eye == EYE_STAFF || eye == EYE_REQUESTER))
        TRY(confidential_open(db, m));
    if (eye == EYE_NEUTRAL)
        S_hide_people(m);
    if (eye == EYE_AFFECTED) {
        S_hide_people(m);
        m->text = NO_STR;
        m->handler = 0;
        if (matter_judged(m))
            TRY(S_may(db, m, ACT_CONFIRM));
    }
    if (eye == EYE_STAFF)
        TRY(S_staff_may(db, by, m));
    return m->merged_into ? S_follow(db, by, eye, m) : S_households(db, eye, m, m);
}

/* ---- lists ---- */

static enum err S_row_kept(struct store *db, const struct actor *by, const struct matter_row *row,
                           bool *kept)
{
    struct reach reach = {.by = by};
    *kept = false;
    TRY(matter_reach(db, row->id, &reach));
    for (size_t h = 0; h < by->n && !*kept; h++)
        *kept = by->admitted[h] && hat_reaches(&by->hats[h], &reach);
    return OK;
}

/* In a list of one's own requests: how the lead stands. */
static enum err S_row_follow(struct store *db, struct matter_row *row)
{
    struct matter lead;
    TRY(matter_load(db, row->merged_into, &lead));
    row->kind = lead.kind;
    row->stage = lead.stage;
    row->awaits = lead.awaits;
    row->open = lead.open;
    row->due_at = lead.due_at;
    row->tier = lead.tier;
    row->paused_at = lead.paused_at;
    row->closed_at = lead.closed_at;
    return OK;
}

static bool S_resident(const struct actor *by)
{
    const struct hat *hat = actor_hat(by);
    return hat && hat->kind == HAT_SELF;
}

enum err rows_shade(struct store *db, const struct actor *by, bool foreign, struct list *rows)
{
    struct matter_row *row = rows->items;
    size_t kept = 0;
    for (size_t i = 0; i < rows->n; i++) {
        bool keep = true;
        if (row[i].confidential == YES)
            TRY(S_row_kept(db, by, &row[i], &keep));
        if (row[i].merged_into && S_resident(by)) {
            TRY(S_row_follow(db, &row[i]));
            row[i].merged_into = 0;
        }
        if (foreign) {
            row[i].solved = UNSET;
            row[i].score = NO_INT;
            row[i].handler = 0;
        }
        if (keep)
            row[kept++] = row[i];
    }
    rows->n = kept;
    return OK;
}
