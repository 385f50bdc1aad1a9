/* A whistle's parts: what each co-handler is asked to do, by when, and whether it has. The whole is
 * not said to be done before every part is; a party that says a part is not its to do hands the
 * question up, and what the tier above then says is final. */
#include "domain/matter/matter_do.h"

enum { PARTS_MAX = 12 };

struct part_row {
    int64_t id, due_at;
    enum tri settled;
    struct str span;
};
static const struct field row_fields[] = {
    F_ID(struct part_row, id), F_TIME(struct part_row, due_at), F_BOOL(struct part_row, settled),
    F_TEXT(struct part_row, span)};
static const struct entity row_entity = ENTITY(struct part_row, "PartRow", row_fields);

static enum err S_twice(struct store *db, const struct doing *d, size_t at, const char *field)
{
    const struct part_new *part = d->in->parts.items;
    bool twice = part[at].to == d->in->to;
    for (size_t i = 0; i < at; i++)
        twice = twice || part[i].to == part[at].to;
    return twice ? store_fault(db, ERR_INVALID, field, "twice",
                               "同一家只能有一份：不能既主办又协办，也不能列两次。",
                               "Each party has one part: not lead and co-handler, and not twice.")
                 : OK;
}

enum err parts_checked(struct store *db, const struct doing *d)
{
    const struct part_new *part = d->in->parts.items;
    if (d->act != ACT_WHISTLE)
        return d->in->parts.n == 0
                   ? OK
                   : store_fault(db, ERR_INVALID, "/parts", "not_allowed", "只有吹哨才列协办单位。",
                                 "Only a whistle gives parts.");
    if (d->in->parts.n == 0 || d->in->parts.n > PARTS_MAX)
        return store_fault(db, ERR_INVALID, "/parts", "required", "请列出 1 到 12 家协办单位。",
                           "Name 1 to 12 co-handlers.");
    for (size_t i = 0; i < d->in->parts.n; i++) {
        struct str field = arena_printf(db->arena, "/parts/%zu/to", i), name;
        if (!field.p)
            return ERR_MEMORY;
        TRY(party_known(db, d->m, part[i].to, field.p, &name));
        TRY(S_twice(db, d, i, field.p));
    }
    return OK;
}

static int64_t S_due(const struct store *db, const struct doing *d, struct str span)
{
    struct limit limit;
    if (span.p && limit_parse(span, &limit))
        return limit_end(db->world->calendar, &d->pack->hours, db->now, limit, NULL);
    return d->m->due_at;
}

enum err parts_give(struct store *db, struct doing *d)
{
    const struct part_new *part = d->in->parts.items;
    for (size_t i = 0; i < d->in->parts.n; i++) {
        int64_t id = 0;
        TRY(store_id(db, ID_COUNTY(d->m->id), &id));
        TRY(store_exec(db,
                       "INSERT INTO matter_part (id, county, matter, party, text, span, state, "
                       "settled, asked_at, due_at, late) "
                       "VALUES ($1, $2, $3, $4, $5, $6, 'open', 0, $7, $8, 0)",
                       ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(d->m->id), A_INT(part[i].to),
                            A_TEXT(part[i].text), A_TEXT(part[i].within), A_INT(db->now),
                            A_INT(S_due(db, d, part[i].within))),
                       NULL));
        TRY(matter_shown_to(db, d->m, part[i].to));
    }
    d->m->parts_open = (int64_t)d->in->parts.n;
    return OK;
}

enum err parts_drop(struct store *db, struct matter *m)
{
    int64_t ended = 0;
    if (!m->parts_open)
        return OK;
    m->parts_open = 0;
    TRY(store_exec(db,
                   "UPDATE matter_ask SET answered_at = $2, granted = 0 WHERE matter = $1 "
                   "AND answered_at IS NULL AND part IS NOT NULL",
                   ARGS(A_INT(m->id), A_INT(db->now)), &ended));
    m->asks_open -= ended;
    return store_exec(db,
                      "UPDATE matter_part SET state = 'dropped', ended_at = $2 "
                      "WHERE matter = $1 AND state IN ('open', 'refused')",
                      ARGS(A_INT(m->id), A_INT(db->now)), NULL);
}

enum err parts_done(struct store *db, const struct matter *m)
{
    return m->parts_open == 0
               ? OK
               : store_fault(
                     db, ERR_CONFLICT, "/act", "parts",
                     "还有协办单位没有办完：全部办完，才算办完。",
                     "A co-handler has not finished: the whole is done when all parts are.");
}

/* The open part of the hat's party. */
static enum err S_own(struct store *db, const struct doing *d, struct part_row *ret)
{
    for (size_t i = 0; d->m->parts_open && i < d->by->n; i++) {
        const struct hat *h = &d->by->hats[i];
        if (!d->by->admitted[i] || h->kind != HAT_PARTY)
            continue;
        enum err err = store_one(db,
                                 "SELECT id, due_at, settled, span FROM matter_part "
                                 "WHERE party = $1 AND matter = $2 AND state = 'open'",
                                 ARGS(A_INT(h->party), A_INT(d->m->id)), &row_entity, ret);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}

enum err may_report(struct store *db, struct doing *d, bool refuse, bool *ret)
{
    struct part_row row;
    enum err err = S_own(db, d, &row);
    *ret = err == OK && !(refuse && row.settled == YES);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err S_find(struct store *db, struct doing *d, struct part_row *ret)
{
    enum err err = S_own(db, d, ret);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_CONFLICT, "/act", "part", "您没有待办的协办任务。",
                           "You have no part of it to do.");
    for (size_t i = 0; i < d->by->n && !d->hat; i++) {
        if (d->by->admitted[i] && d->by->hats[i].kind == HAT_PARTY)
            d->hat = &d->by->hats[i];
    }
    d->sides = SIDE_HANDLER;
    return err;
}

static enum err S_end(struct store *db, struct doing *d, const struct part_row *part,
                      const char *state)
{
    return store_exec(db,
                      "UPDATE matter_part SET state = $2, ended_at = $3, answer = $4, late = $5 "
                      "WHERE id = $1",
                      ARGS(A_INT(part->id), A_TEXT(str_of(state)), A_INT(db->now),
                           A_TEXT(d->in->text), A_INT(part->due_at < db->now && !d->m->paused_at)),
                      NULL);
}

enum err part_report(struct store *db, struct doing *d)
{
    struct part_row part;
    TRY(S_find(db, d, &part));
    if (!d->in->text.p || !str_trim(d->in->text).n)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写明办理结果。",
                           "Say what was done.");
    TRY(S_end(db, d, &part, "done"));
    d->m->parts_open--;
    return doing_save(db, d);
}

enum err part_refuse(struct store *db, struct doing *d)
{
    struct part_row part;
    TRY(S_find(db, d, &part));
    if (part.settled == YES)
        return store_fault(db, ERR_CONFLICT, "/act", "settled",
                           "上一级已经定了由您这里办，不能再推。",
                           "The tier above has said that it is yours to do.");
    if (!d->in->text.p || !str_trim(d->in->text).n)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写明原因。",
                           "Give the reason.");
    TRY(S_end(db, d, &part, "refused"));
    TRY(ask_settle(db, d, part.id, d->hat ? d->hat->party : 0));
    return doing_save(db, d);
}

enum err parts_resume(struct store *db, const struct matter *m, int64_t stood)
{
    if (!m->parts_open)
        return OK;
    return store_exec(db,
                      "UPDATE matter_part SET due_at = due_at + $2 "
                      "WHERE matter = $1 AND state = 'open' AND due_at < $3",
                      ARGS(A_INT(m->id), A_INT(stood), A_INT(NO_DUE)), NULL);
}

enum err part_settle(struct store *db, struct matter *m, int64_t part, int64_t party)
{
    const struct pack *pack = world_pack(db->world, m->pack);
    struct part_row row;
    struct limit limit;
    int64_t others = 0;
    TRY(store_int(db,
                  "SELECT count(*) FROM matter_part WHERE matter = $1 AND party = $2 "
                  "AND state = 'open'",
                  ARGS(A_INT(m->id), A_INT(party)), &others));
    if (others || party == m->party)
        return store_fault(db, ERR_INVALID, "/to", "twice", "这家已经有一份了，请换一家。",
                           "That party has a part of it already: choose another.");
    TRY(store_one(db, "SELECT id, due_at, settled, span FROM matter_part WHERE id = $1",
                  ARGS(A_INT(part)), &row_entity, &row));
    /* Its time begins anew with whoever has it now. */
    int64_t due = row.due_at;
    if (pack && row.span.p && limit_parse(row.span, &limit))
        due = limit_end(db->world->calendar, &pack->hours, db->now, limit, NULL);
    TRY(matter_shown_to(db, m, party));
    return store_exec(db,
                      "UPDATE matter_part SET party = $2, state = 'open', settled = 1, "
                      "ended_at = NULL, answer = NULL, late = 0, due_at = $3 WHERE id = $1",
                      ARGS(A_INT(part), A_INT(party), A_INT(due)), NULL);
}
