/* Routes of bodies: staff list and keep those of their places, and everybody may read which there
 * are at a unit and who looks after it. */
#include "domain/body/body.h"

#include "domain/people/person.h"
#include "domain/people/people_api.h"
#include "domain/place/place.h"

enum { BODY_NAME_MAX = 100, PURPOSE_MAX = 2000, POST_MAX = 64 };

/* ---- kinds ---- */

struct kinds_in {
    int64_t unit;
};
static const struct field kinds_in_fields[] = {
    F_ID(struct kinds_in, unit, .from = IN_QUERY, .required = true, .doc = "The unit.")};
static const struct entity kinds_in_entity =
    ENTITY(struct kinds_in, "BodyKindList", kinds_in_fields);

struct kind_member {
    struct str category, zh, en, of;
    enum tri public;
};
static const struct field kind_member_fields[] = {
    F_TEXT(struct kind_member, category, .required = true, .doc = "Code of the category."),
    F_TEXT(struct kind_member, zh, .required = true, .doc = "Its name in Chinese."),
    F_TEXT(struct kind_member, en, .required = true, .doc = "Its name in English."),
    F_TEXT(struct kind_member, of, .required = true, .doc = "person or party."),
    F_BOOL(struct kind_member, public, .required = true, .doc = "Whether it is a public post."),
};
static const struct entity kind_member_entity =
    ENTITY(struct kind_member, "BodyKindMember", kind_member_fields);

struct kind_part {
    struct str part, kind, zh, en;
};
static const struct field kind_part_fields[] = {
    F_TEXT(struct kind_part, part, .required = true, .doc = "Code of the part."),
    F_TEXT(struct kind_part, kind, .required = true, .doc = "The kind of body it is."),
    F_TEXT(struct kind_part, zh, .required = true, .doc = "Its name in Chinese."),
    F_TEXT(struct kind_part, en, .required = true, .doc = "Its name in English."),
};
static const struct entity kind_part_entity =
    ENTITY(struct kind_part, "BodyKindPart", kind_part_fields);

struct body_kind {
    struct str kind, zh, en;
    struct list members, parts;
};
static const struct field kind_fields[] = {
    F_TEXT(struct body_kind, kind, .required = true, .doc = "Code of the kind."),
    F_TEXT(struct body_kind, zh, .required = true, .doc = "Its name in Chinese."),
    F_TEXT(struct body_kind, en, .required = true, .doc = "Its name in English."),
    F_LIST(struct body_kind, members, .of = &kind_member_entity, .doc = "Whom it is made of."),
    F_LIST(struct body_kind, parts, .of = &kind_part_entity,
           .doc = "The bodies that each has below it from the start."),
};
static const struct entity kind_entity = ENTITY(struct body_kind, "BodyKind", kind_fields);

static enum err S_kind_out(struct store *db, const struct pack_body *k, struct body_kind *ret)
{
    struct kind_member *members = arena_array(db->arena, k->member_count, sizeof *members);
    struct kind_part *parts = arena_array(db->arena, k->part_count + 1, sizeof *parts);
    if (!members || !parts)
        return ERR_MEMORY;
    for (size_t i = 0; i < k->member_count; i++)
        members[i] = (struct kind_member){.category = k->members[i].category,
                                          .zh = k->members[i].name.zh,
                                          .en = k->members[i].name.en,
                                          .of = k->members[i].party ? S("party") : S("person"),
                                          .public = k->members[i].public ? YES : NO};
    for (size_t i = 0; i < k->part_count; i++)
        parts[i] = (struct kind_part){k->parts[i].part, k->parts[i].kind, k->parts[i].name.zh,
                                      k->parts[i].name.en};
    *ret = (struct body_kind){.kind = k->kind,
                              .zh = k->name.zh,
                              .en = k->name.en,
                              .members = {members, k->member_count},
                              .parts = {parts, k->part_count}};
    return OK;
}

static enum err S_kinds(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct page *page = ret;
    struct ancestors at = {0};
    (void)by;
    enum err err = place_ancestors(db, ((const struct kinds_in *)in)->unit, &at);
    const struct pack *pack = err == OK ? world_pack_at(db->world, &at) : NULL;
    if (err == ERR_NOT_FOUND || (err == OK && !pack))
        return store_fault(db, ERR_INVALID, "unit", "no_pack", "这个地方还没有开通。",
                           "No pack is in force at this place yet.");
    TRY(err);
    struct body_kind *out = arena_array(db->arena, pack->body_count + 1, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < pack->body_count; i++)
        TRY(S_kind_out(db, &pack->bodies[i], &out[i]));
    page->items = (struct list){out, pack->body_count};
    return OK;
}

/* ---- lists ---- */

struct list_in {
    int64_t limit;
    struct str after, kind;
    int64_t unit;
    enum tri ended;
};
static const struct field list_in_fields[] = {
    F_INT(struct list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Bodies a page, 20 by default."),
    F_TEXT(struct list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
    F_TEXT(struct list_in, kind, .from = IN_QUERY, .min = 1, .max = 64, .form = form_code,
           .form_doc = "a code of the pack", .form_zh = "方案里的代码", .doc = "Only this kind."),
    F_ID(struct list_in, unit, .from = IN_QUERY, .doc = "Only those of this unit or below."),
    F_BOOL(struct list_in, ended, .from = IN_QUERY, .doc = "Also those that have ended."),
};
static const struct entity list_in_entity = ENTITY(struct list_in, "BodyList", list_in_fields);

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    const struct list_in *q = s->in;
    const struct body_find find = {.hat = hat,
                                   .after = s->after,
                                   .most = s->most,
                                   .kind = q->kind,
                                   .unit = q->unit,
                                   .ended = q->ended == YES};
    return body_page(db, &find, ret);
}

static enum err S_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct list_in *q = in;
    struct scan scan = {.row = &body_entity, .fetch = S_fetch, .in = q};
    TRY(scope_page(db, by, &scan, q->after, q->limit, ret));
    return bodies_count(db, &((struct page *)ret)->items);
}

/* A page of something below one subject, by id. */
struct below_in {
    int64_t id, limit;
    struct str after;
};
#define BELOW(T, what)                                                                             \
    F_ID(T, id, .from = IN_PATH, .required = true, .doc = (what)),                                 \
        F_INT(T, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,                               \
              .doc = "Items a page, 20 by default."),                                              \
        F_TEXT(T, after, .from = IN_QUERY, .min = 1, .max = 40,                                    \
               .doc = "`next` of the page before.")

static const struct field below_fields[] = {BELOW(struct below_in, "The unit.")};
static const struct entity below_entity = ENTITY(struct below_in, "UnitBodies", below_fields);

static enum err S_of_unit(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct below_in *q = in;
    struct page *page = ret;
    int64_t after = 0, most = page_most(q->limit);
    (void)by;
    TRY(page_after(db, q->after, &after));
    TRY(body_of_unit(db, q->id, after, most, &page->items));
    TRY(page_cut(db, page, most, sizeof(struct body)));
    return bodies_count(db, &page->items);
}

static enum err S_duties(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct below_in *q = in;
    struct page *page = ret;
    struct ancestors at;
    int64_t after = 0, most = page_most(q->limit);
    (void)by;
    TRY(page_after(db, q->after, &after));
    TRY(place_ancestors(db, q->id, &at));
    TRY(member_duties(db, &at, q->id, after, most, &page->items));
    return page_cut(db, page, most, sizeof(struct body_member));
}

/* ---- one body ---- */

static const struct field id_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The body.")};
static const struct entity id_entity = ENTITY(struct subject_in, "BodyId", id_fields);

static enum err S_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return body_get(db, ((const struct subject_in *)in)->id, ret);
}

static enum err S_parts(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return body_parts(db, ((const struct subject_in *)in)->id, &((struct page *)ret)->items);
}

struct members_in {
    int64_t id, limit;
    struct str after, category;
    enum tri former;
};
static const struct field members_in_fields[] = {
    BELOW(struct members_in, "The body."),
    F_TEXT(struct members_in, category, .from = IN_QUERY, .min = 1, .max = 64, .form = form_code,
           .form_doc = "a code of the pack", .form_zh = "方案里的代码",
           .doc = "Only this category."),
    F_BOOL(struct members_in, former, .from = IN_QUERY, .doc = "Also those who have left."),
};
static const struct entity members_in_entity =
    ENTITY(struct members_in, "BodyMemberList", members_in_fields);

static enum err S_members(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct members_in *q = in;
    struct page *page = ret;
    struct member_find find = {.body = q->id,
                               .most = page_most(q->limit),
                               .category = q->category,
                               .former = q->former == YES};
    (void)by;
    TRY(page_after(db, q->after, &find.after));
    TRY(member_page(db, &find, &page->items));
    return page_cut(db, page, find.most, sizeof(struct body_member));
}

static const struct field new_fields[] = {
    F_ID(struct body_new, unit, .required = true, .doc = "The unit it belongs to."),
    F_TEXT(struct body_new, kind, .required = true, .min = 1, .max = 64, .form = form_code,
           .form_doc = "a code of the pack", .form_zh = "方案里的代码",
           .doc = "Its kind, from the pack."),
    F_TEXT(struct body_new, name, .required = true, .min = 2, .max = BODY_NAME_MAX,
           .doc = "Its name."),
    F_TEXT(struct body_new, purpose, .max = PURPOSE_MAX, .lines = true,
           .doc = "Charter or purpose, in words."),
    F_ID(struct body_new, parent, .doc = "The body it is a part of."),
    F_TIME(struct body_new, valid_from, .doc = "Since when; now unless given."),
};
static const struct entity new_entity = ENTITY(struct body_new, "BodyNew", new_fields);

static enum err S_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct unit_place place;
    int64_t id = 0;
    TRY(scope_unit(db, by, ((const struct body_new *)in)->unit, &place));
    TRY(body_create(db, in, &id));
    *db->note =
        (struct note){.subject = id, .district = place.at.district, .street = place.at.street};
    return body_get(db, id, ret);
}

static enum err S_end(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    (void)ret;
    return body_end(db, ((const struct subject_in *)in)->id);
}

/* ---- members ---- */

static const struct field join_fields[] = {
    F_ID(struct body_join, id, .from = IN_PATH, .required = true, .doc = "The body."),
    F_TEXT(struct body_join, category, .required = true, .min = 1, .max = 64, .form = form_code,
           .form_doc = "a code of the pack", .form_zh = "方案里的代码",
           .doc = "Category, from the pack."),
    F_ID(struct body_join, person, .doc = "The person; required by categories of people."),
    F_ID(struct body_join, party,
         .doc = "The organisation; required by categories of organisations, and with a person the "
                "one that the person sits for."),
    F_TEXT(struct body_join, post, .min = 1, .max = POST_MAX, .doc = "Post."),
    F_ID(struct body_join, duty, .doc = "A unit within the body's: the area looked after."),
    F_TIME(struct body_join, since, .doc = "Since when; now unless given."),
};
static const struct entity join_entity = ENTITY(struct body_join, "BodyJoin", join_fields);

/* What the actor cannot reach is, to them, not there. */
static enum err S_within(struct store *db, const struct actor *by, reach_fn *reach, int64_t id,
                         const char *field, const char *zh, const char *en)
{
    struct reach at = {0};
    enum err err = id ? reach(db, id, &at) : OK;
    bool within = !id;
    for (size_t i = 0; id && err == OK && i < by->n; i++)
        within = within || (by->admitted[i] && hat_reaches(&by->hats[i], &at));
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return within ? OK : store_fault(db, ERR_INVALID, field, "unknown", zh, en);
}

static enum err S_join(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct body_join *j = in;
    struct list one;
    int64_t id = 0;
    TRY(S_within(db, by, person_reach, j->person, "/person", "没有这个人，或不在您的范围内。",
                 "There is no such person within your reach."));
    TRY(S_within(db, by, party_reach, j->party, "/party", "没有这个单位，或不在您的范围内。",
                 "There is no such organisation within your reach."));
    TRY(body_add(db, j, &id));
    const struct member_find find = {.body = j->id, .after = id - 1, .most = 1};
    TRY(member_page(db, &find, &one));
    *(struct body_member *)ret = *(const struct body_member *)one.items;
    return OK;
}

struct leave_in {
    int64_t id, member;
};
static const struct field leave_fields[] = {
    F_ID(struct leave_in, id, .from = IN_PATH, .required = true, .doc = "The body."),
    F_ID(struct leave_in, member, .from = IN_PATH, .required = true, .doc = "The membership."),
};
static const struct entity leave_entity = ENTITY(struct leave_in, "BodyLeave", leave_fields);

static enum err S_leave(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct leave_in *q = in;
    (void)by;
    (void)ret;
    return body_leave(db, q->id, q->member);
}

static const struct route routes[] = {
    {.op = "bodies.kinds",
     .verb = "GET",
     .path = "/api/body-kinds",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_kinds,
     .in = &kinds_in_entity,
     .out = &kind_entity,
     .page = true,
     .status = 200,
     .doc = "The kinds of body in use at a place, and whom each is made of."},
    {.op = "units.bodies",
     .verb = "GET",
     .path = "/api/units/{id}/bodies",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_of_unit,
     .in = &below_entity,
     .out = &body_entity,
     .page = true,
     .reach = place_reach,
     .status = 200,
     .doc = "The bodies of a unit, with how many are in them by category."},
    {.op = "units.duties",
     .verb = "GET",
     .path = "/api/units/{id}/duties",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_duties,
     .in = &below_entity,
     .out = &body_member_entity,
     .page = true,
     .reach = place_reach,
     .status = 200,
     .doc = "Which members of bodies look after a unit, or one it lies in."},
    {.op = "bodies.list",
     .verb = "GET",
     .path = "/api/bodies",
     .work = QUERY,
     .perm = PERM_BODY_READ,
     .fn = S_list,
     .in = &list_in_entity,
     .out = &body_entity,
     .page = true,
     .status = 200,
     .doc = "Bodies within one's places and of the units above them, by id."},
    {.op = "bodies.get",
     .verb = "GET",
     .path = "/api/bodies/{id}",
     .work = QUERY,
     .perm = PERM_BODY_READ,
     .fn = S_get,
     .in = &id_entity,
     .out = &body_entity,
     .reach = body_reach,
     .status = 200,
     .doc = "One body, with how many are in it by category."},
    {.op = "bodies.parts",
     .verb = "GET",
     .path = "/api/bodies/{id}/parts",
     .work = QUERY,
     .perm = PERM_BODY_READ,
     .fn = S_parts,
     .in = &id_entity,
     .out = &body_entity,
     .page = true,
     .reach = body_reach,
     .status = 200,
     .doc = "The bodies below one."},
    {.op = "bodies.members",
     .verb = "GET",
     .path = "/api/bodies/{id}/members",
     .work = QUERY,
     .perm = PERM_BODY_READ,
     .fn = S_members,
     .in = &members_in_entity,
     .out = &body_member_entity,
     .page = true,
     .reach = body_reach,
     .status = 200,
     .doc = "Who is in a body; names are as they are in public posts, masked in others."},
    {.op = "bodies.create",
     .verb = "POST",
     .path = "/api/bodies",
     .work = COMMAND,
     .perm = PERM_BODY_WRITE,
     .fn = S_create,
     .in = &new_entity,
     .out = &body_entity,
     .status = 201,
     .doc = "Make a body at a unit the hat covers, with the parts its kind has."},
    {.op = "bodies.end",
     .verb = "POST",
     .path = "/api/bodies/{id}/end",
     .work = COMMAND,
     .perm = PERM_BODY_WRITE,
     .fn = S_end,
     .in = &id_entity,
     .reach = body_own_reach,
     .status = 204,
     .doc = "End a body that has no parts in being; its members leave with it."},
    {.op = "bodies.join",
     .verb = "POST",
     .path = "/api/bodies/{id}/members",
     .work = COMMAND,
     .perm = PERM_BODY_WRITE,
     .fn = S_join,
     .in = &join_entity,
     .out = &body_member_entity,
     .reach = body_own_reach,
     .status = 201,
     .doc = "Put a person or an organisation into a body."},
    {.op = "bodies.leave",
     .verb = "POST",
     .path = "/api/bodies/{id}/members/{member}/end",
     .work = COMMAND,
     .perm = PERM_BODY_WRITE,
     .fn = S_leave,
     .in = &leave_entity,
     .reach = body_own_reach,
     .status = 204,
     .doc = "A member leaves; the row stays, with an end."},
};

const struct module body_module = {.name = "bodies",
                                   .doc = "Committees, clubs, working groups and who is in them.",
                                   .source = "src/domain/body/body_api.c",
                                   .routes = routes,
                                   .n = COUNT_OF(routes)};
