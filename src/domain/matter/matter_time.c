/* What time does to a matter: it warns, notes that one is overdue, hands it to the tier above,
 * closes it, lets a clock run on. One column, auto_at, says when time acts next. */
#include "domain/matter/matter_do.h"

enum { ACT_MOST = 40, INDEX_MOST = 40 };

struct id_row {
    int64_t id;
};
static const struct field id_fields[] = {F_ID(struct id_row, id)};
static const struct entity id_entity = ENTITY(struct id_row, "IdRow", id_fields);

/* Past due: closed where the flow says so, handed up where it says that; else it is only noted. */
static enum err S_due(struct store *db, struct doing *d)
{
    const struct pack_step *limit = kind_limit(d->kind, d->stage);
    int64_t unit;
    enum tier tier;
    if (!limit)
        return ERR_STORE;
    d->step = limit->else_close ? limit : kind_overdue(d->kind, d->stage);
    d->act = limit->else_close ? ACT_CLOSE : ACT_ESCALATE;
    if (d->step && (limit->else_close || matter_above(d->m, &unit, &tier)))
        return doing_apply(db, d);
    d->act = ACT_OVERDUE;
    d->m->auto_at = 0;
    d->m->late = limit->by == SIDE_REQUESTER ? d->m->late : YES;
    return doing_save(db, d);
}

static enum err S_act(struct store *db, int64_t id)
{
    struct matter m;
    struct matter_act in = {.score = NO_INT};
    struct doing d = {.in = &in, .m = &m};
    TRY(matter_load(db, id, &m));
    TRY(doing_kind(db, &d));
    if (m.paused_at) {
        d.act = ACT_RESUME;
        TRY(clock_resume(db, &d));
        return doing_save(db, &d);
    }
    if (m.due_at <= db->now)
        return S_due(db, &d);
    d.act = ACT_WARN;
    in.public = NO;
    m.warn_at = 0;
    m.auto_at = m.due_at;
    return doing_save(db, &d);
}

enum err matter_tick(struct store *db, void *more)
{
    struct list due;
    int64_t done = 0;
    TRY(store_all(db,
                  "SELECT id FROM matter WHERE auto_at IS NOT NULL AND auto_at <= $1 "
                  "ORDER BY auto_at LIMIT $2",
                  ARGS(A_INT(db->now), A_INT(ACT_MOST)), &id_entity, ACT_MOST, &due));
    const struct id_row *row = due.items;
    for (size_t i = 0; i < due.n; i++)
        TRY(S_act(db, row[i].id));
    if (more)
        *(bool *)more = due.n == ACT_MOST;
    return matter_index(db, INDEX_MOST, &done);
}
