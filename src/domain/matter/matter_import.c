#include "domain/matter/matter_import.h"

#include "domain/matter/matter.h"
#include "domain/matter/matter_many.h"

/* Whoever did it then: the step alone says where it leads. */
static const unsigned every_side = SIDE_REQUESTER | SIDE_RESIDENT | SIDE_ANYONE | SIDE_WORKER |
                                   SIDE_HOTLINE | SIDE_UNIT | SIDE_HANDLER;

/* The stage in which this kind ends when it was dealt with. */
static bool S_end_stage(const struct pack_kind *kind, size_t *ret)
{
    for (size_t i = 0; i < kind->step_count; i++) {
        const struct pack_step *s = &kind->steps[i];
        if ((s->act == ACT_RATE || s->act == ACT_CLOSE) && kind->stages[s->to].final) {
            *ret = s->to;
            return true;
        }
    }
    return false;
}

static enum err S_insert(struct store *db, const struct matter *m)
{
    return store_exec(
        db,
        "INSERT INTO matter (id, county, number, kind, category, pack, stage, awaits, outcome, "
        "open, title, place, source, unit, charge, district, street, community, grid, party, "
        "created_at, due_at, provisional, tier, spot, imported, version) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
        "$19, $20, $21, $22, $23, $24, $25, 1, 1)",
        ARGS(A_INT(m->id), A_INT(ID_COUNTY(m->id)), A_TEXT(m->number), A_TEXT(m->kind),
             A_TEXT(m->category), A_INT(m->pack), A_TEXT(m->stage), A_TEXT(m->awaits),
             A_TEXT(m->outcome), A_INT(m->open == YES), A_TEXT(m->title), A_TEXT(m->place),
             A_TEXT(m->source), A_INT(m->unit), A_INT(m->charge), A_INT(m->district),
             A_ID(m->street), A_ID(m->community), A_ID(m->grid), A_ID(m->party),
             A_INT(m->created_at), A_INT(m->due_at), A_INT(m->provisional == YES), A_TEXT(m->tier),
             A_TEXT(m->spot)),
        NULL);
}

static enum err S_event(const struct store *db, const struct matter *m, int64_t at, enum act act,
                        unsigned side, struct str from, struct str to, const struct matter_act *in)
{
    struct store then = *db;
    struct matter after = *m;
    then.now = at;
    after.stage = to;
    return matter_event_write(&then, &after, NULL, NULL, act, side, from, in);
}

static enum err S_events(struct store *db, const struct matter *m, struct str first,
                         struct str sent)
{
    struct matter_act what = {.score = NO_INT};
    TRY(S_event(db, m, m->created_at, ACT_ORDER, SIDE_ANYONE, NO_STR, first, &what));
    if (!m->party)
        return OK;
    what.to = m->party;
    TRY(store_exec(db, "INSERT INTO matter_sent (party, matter) VALUES ($1, $2)",
                   ARGS(A_INT(m->party), A_INT(m->id)), NULL));
    return S_event(db, m, m->created_at, ACT_DISPATCH, SIDE_UNIT, first, sent, &what);
}

/* When it ended, in time or not: at its limit, or just after. */
static struct import_ending S_ending(const struct matter_imported *in, struct matter *m)
{
    if (m->due_at == NO_DUE)
        m->due_at = m->created_at;
    return (struct import_ending){.id = m->id,
                                  .at = m->due_at + (in->end == IMPORTED_OVERDUE),
                                  .kind = in->kind,
                                  .end = in->end};
}

enum err matter_import(struct store *db, const struct matter_imported *in,
                       struct import_ending *ret)
{
    const struct pack_step *order = kind_step(in->kind, ACT_ORDER, 0, every_side, GIVEN_ANY, NULL);
    const struct pack_step *dispatch =
        order ? kind_step(in->kind, ACT_DISPATCH, order->to, every_side, GIVEN_ANY, NULL) : NULL;
    size_t end = 0;
    if (!order || (in->end != IMPORTED_OPEN && !S_end_stage(in->kind, &end)))
        return ERR_INVALID;
    size_t stage = dispatch && in->party ? dispatch->to : order->to;
    struct str first = in->kind->stages[order->to].stage, sent = in->kind->stages[stage].stage;
    struct matter m = {.number = in->number,
                       .kind = in->kind->kind,
                       .category = in->category,
                       .pack = in->pack->id,
                       .outcome = str_of(outcome_names[OUTCOME_NONE]),
                       .title = in->title,
                       .place = in->place,
                       .source = in->source,
                       .unit = in->unit,
                       .district = in->at.district,
                       .street = in->at.street,
                       .community = in->at.community,
                       .grid = in->at.grid,
                       .party = dispatch ? in->party : 0,
                       .created_at = db->now};
    m.charge = m.community ? m.community : m.street ? m.street : m.district;
    m.tier = str_of(tier_names[m.community ? TIER_COMMUNITY
                               : m.street  ? TIER_STREET
                                           : TIER_DISTRICT]);
    TRY(store_id(db, ID_COUNTY(in->at.district), &m.id));
    matter_limits(db, in->pack, in->kind, stage, &m);
    *ret = (struct import_ending){.id = m.id};
    if (in->end != IMPORTED_OPEN)
        *ret = S_ending(in, &m);
    TRY(matter_spot(db->arena, m.place, &m.spot));
    TRY(S_insert(db, &m));
    return S_events(db, &m, first, sent);
}

enum err matter_import_end(struct store *db, const struct import_ending *in)
{
    const struct str in_time = S("原系统记为按时办结，没有记下办结时间：这里记在时限届满之时。 / "
                                 "Ended in time; the source gives no time of ending.");
    const struct str overdue = S("原系统记为超时办结，没有记下办结时间：这里记在时限刚过之时。 / "
                                 "Ended overdue; the source gives no time of ending.");
    const struct matter_act what = {
        .score = NO_INT, .public = NO, .text = in->end == IMPORTED_IN_TIME ? in_time : overdue};
    struct matter m;
    size_t stage = 0;
    if (!S_end_stage(in->kind, &stage))
        return ERR_INVALID;
    TRY(matter_load(db, in->id, &m));
    struct str before = m.stage;
    m.stage = in->kind->stages[stage].stage;
    TRY(store_exec(db,
                   "UPDATE matter SET stage = $2, awaits = NULL, outcome = $3, open = 0, "
                   "closed_at = $4, handled_at = $4, late = $5, auto_at = NULL, warn_at = NULL, "
                   "version = version + 1 WHERE id = $1",
                   ARGS(A_INT(m.id), A_TEXT(m.stage),
                        A_TEXT(str_of(outcome_names[OUTCOME_HANDLED])), A_INT(in->at),
                        A_INT(in->end == IMPORTED_OVERDUE)),
                   NULL));
    return S_event(db, &m, in->at, ACT_CLOSE, SIDE_UNIT, before, m.stage, &what);
}
