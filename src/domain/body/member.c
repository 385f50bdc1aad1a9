/* Who is in a body: joining, leaving, and being shown. */
#include "domain/body/body.h"

#include "domain/people/person.h"
#include "domain/place/place.h"

static const struct field member_fields[] = {
    F_ID(struct body_member, id, .required = true, .doc = "The membership."),
    F_ID(struct body_member, body, .required = true, .doc = "The body."),
    F_TEXT(struct body_member, body_name, .required = true, .doc = "Its name."),
    F_TEXT(struct body_member, category, .required = true, .doc = "Category, from the pack."),
    F_ID(struct body_member, person, .doc = "The person; absent for an organisation as such."),
    F_ID(struct body_member, party,
         .doc = "The organisation; with a person, the one that the person sits for."),
    F_TEXT(struct body_member, name,
           .doc = "The person's name: as it is when `public`, else masked."),
    F_TEXT(struct body_member, party_name, .doc = "The organisation's name."),
    F_TEXT(struct body_member, post, .doc = "Post."),
    F_BOOL(struct body_member, public, .required = true, .doc = "Whether it is a public post."),
    F_ID(struct body_member, duty, .doc = "The area the member looks after."),
    F_TEXT(struct body_member, duty_name, .doc = "The area's name."),
    F_TIME(struct body_member, since, .required = true, .doc = "Since when."),
    F_TIME(struct body_member, until, .doc = "When the member left; absent while in it."),
};
const struct entity body_member_entity = ENTITY(struct body_member, "BodyMember", member_fields);

enum { NAME_ROOM = 1024 };

#define MEMBER                                                                                     \
    "SELECT m.id, m.body, body.name AS body_name, m.category, m.person, m.party, "                 \
    "party.name AS party_name, m.post, m.public, m.duty, unit.name AS duty_name, m.since, "        \
    "m.until FROM body_member AS m JOIN body ON body.id = m.body "                                 \
    "LEFT JOIN party ON party.id = m.party LEFT JOIN unit ON unit.id = m.duty WHERE "

/* ---- reading ---- */

struct str masked_name(struct str name, struct arena *a)
{
    struct buf masked = buf_new(NAME_ROOM);
    mask_name(&masked, name);
    struct str ret = name.p ? arena_str(a, buf_str(&masked)) : NO_STR;
    buf_free(&masked);
    return ret;
}

static enum err S_names(struct store *db, struct list *members)
{
    struct body_member *m = members->items;
    for (size_t i = 0; i < members->n; i++) {
        struct person person;
        if (!m[i].person)
            continue;
        TRY(person_get(db, m[i].person, &person));
        m[i].name = m[i].public == YES ? person.name : masked_name(person.name, db->arena);
    }
    return arena_full(db->arena) ? ERR_MEMORY : OK;
}

enum err member_page(struct store *db, const struct member_find *f, struct list *ret)
{
    TRY(store_all(db,
                  MEMBER "m.body = $1 AND m.id > $2 AND ($4 IS NULL OR m.category = $4) "
                         "AND ($5 = 1 OR m.until IS NULL) ORDER BY m.id LIMIT $3",
                  ARGS(A_INT(f->body), A_INT(f->after), A_INT(f->most), A_TEXT(f->category),
                       A_INT(f->former)),
                  &body_member_entity, (size_t)f->most, ret));
    return S_names(db, ret);
}

enum err member_duties(struct store *db, const struct ancestors *at, int64_t unit, int64_t after,
                       int64_t most, struct list *ret)
{
    TRY(store_all(db,
                  MEMBER "m.duty IN ($1, $2, $3, $4, $5) AND m.until IS NULL AND m.id > $6 "
                         "ORDER BY m.id LIMIT $7",
                  ARGS(A_INT(unit), A_ID(at->district), A_ID(at->street), A_ID(at->community),
                       A_ID(at->grid), A_INT(after), A_INT(most)),
                  &body_member_entity, (size_t)most, ret));
    return S_names(db, ret);
}

/* ---- joining ---- */

static enum err S_category(struct store *db, const struct body *body, const struct body_join *in,
                           struct body_total *ret, bool *public)
{
    struct ancestors at;
    TRY(place_ancestors(db, body->unit, &at));
    const struct pack *pack = world_pack_at(db->world, &at);
    const struct pack_body *kind = pack ? pack_body(pack, body->kind) : NULL;
    const struct pack_member *found = kind ? body_category(kind, in->category) : NULL;
    const struct body_total *total = body->totals.items;
    if (!found)
        return store_fault(db, ERR_INVALID, "/category", "unknown", "这种组织没有这个类别。",
                           "This kind of body has no such category.");
    *ret = total[found - kind->members];
    *public = found->public;
    if (found->party && in->person)
        return store_fault(db, ERR_INVALID, "/person", "party_only", "这个类别是单位，不填个人。",
                           "This category is made of organisations: leave the person out.");
    if (found->party && !in->party)
        return store_fault(db, ERR_INVALID, "/party", "required", "请选择单位。",
                           "Choose the organisation.");
    if (!found->party && !in->person)
        return store_fault(db, ERR_INVALID, "/person", "required", "请选择个人。",
                           "Choose the person.");
    return OK;
}

static enum err S_there(struct store *db, enum err err, const char *field, const char *zh,
                        const char *en)
{
    return err == ERR_NOT_FOUND ? store_fault(db, ERR_INVALID, field, "unknown", zh, en) : err;
}

/* The area lies in the unit the body belongs to. */
static enum err S_duty(struct store *db, const struct body *body, int64_t duty)
{
    struct unit unit = {0};
    if (!duty)
        return OK;
    enum err err = place_get(db, duty, &unit);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    bool within =
        err == OK && !unit.valid_to &&
        (unit.id == body->unit || unit.district == body->unit || unit.street == body->unit ||
         unit.community == body->unit || unit.grid == body->unit);
    return within ? OK
                  : store_fault(db, ERR_INVALID, "/duty", "unknown", "片区要在组织所在的单位之内。",
                                "The area must lie within the body's own unit.");
}

static enum err S_not_in(struct store *db, const struct body_join *in)
{
    int64_t one = 0;
    enum err err = in->person
                       ? store_int(db,
                                   "SELECT 1 FROM body_member WHERE body = $1 AND person = $2 "
                                   "AND until IS NULL AND person IS NOT NULL",
                                   ARGS(A_INT(in->id), A_INT(in->person)), &one)
                       : store_int(db,
                                   "SELECT 1 FROM body_member WHERE body = $1 AND party = $2 "
                                   "AND until IS NULL AND person IS NULL",
                                   ARGS(A_INT(in->id), A_INT(in->party)), &one);
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    return store_fault(db, ERR_CONFLICT, in->person ? "/person" : "/party", "member",
                       "已经在这个组织里。", "Already in this body.");
}

static enum err S_check(struct store *db, const struct body *body, const struct body_join *in)
{
    int64_t one = 0;
    if (body->valid_to)
        return store_fault(db, ERR_CONFLICT, "id", "ended", "这个组织已经结束。",
                           "This body has ended.");
    if (body->members + body->units >= BODY_MEMBERS_MAX)
        return store_fault(db, ERR_CONFLICT, "id", "full", "成员已满 500 个。",
                           "It has 500 members, which is the most.");
    if (in->since > db->now)
        return store_fault(db, ERR_INVALID, "/since", "future", "开始时间还没有到。",
                           "That time has not come yet.");
    if (in->person)
        TRY(S_there(
            db, store_int(db, "SELECT 1 FROM person WHERE id = $1", ARGS(A_INT(in->person)), &one),
            "/person", "没有这个人。", "There is no such person."));
    if (in->party)
        TRY(S_there(
            db, store_int(db, "SELECT 1 FROM party WHERE id = $1", ARGS(A_INT(in->party)), &one),
            "/party", "没有这个单位。", "There is no such organisation."));
    TRY(S_duty(db, body, in->duty));
    return S_not_in(db, in);
}

enum err body_add(struct store *db, const struct body_join *in, int64_t *ret)
{
    struct body body = {0};
    struct body_total total;
    bool public = false;
    TRY(body_get(db, in->id, &body));
    TRY(S_category(db, &body, in, &total, &public));
    TRY(S_check(db, &body, in));
    TRY(store_id(db, ID_COUNTY(body.id), ret));
    return store_exec(db,
                      "INSERT INTO body_member (id, county, body, category, person, party, post, "
                      "public, duty, since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                      ARGS(A_INT(*ret), A_INT(ID_COUNTY(*ret)), A_INT(in->id),
                           A_TEXT(total.category), A_ID(in->person), A_ID(in->party),
                           A_TEXT(in->post), A_INT(public), A_ID(in->duty),
                           A_INT(in->since ? in->since : db->now)),
                      NULL);
}

enum err body_leave(struct store *db, int64_t body, int64_t member)
{
    int64_t one = 0;
    TRY(store_int(db, "SELECT 1 FROM body_member WHERE id = $1 AND body = $2",
                  ARGS(A_INT(member), A_INT(body)), &one));
    TRY(store_exec(db, "UPDATE body_member SET until = $2 WHERE id = $1 AND until IS NULL",
                   ARGS(A_INT(member), A_INT(db->now)), NULL));
    return store_exec(db, "UPDATE pair SET until = $2 WHERE member = $1 AND until IS NULL",
                      ARGS(A_INT(member), A_INT(db->now)), NULL);
}
