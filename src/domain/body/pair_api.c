/* Routes of pairs: made and ended by who keeps the body, seen by the two and by workers where the
 * resident lives. */
#include "domain/body/pair.h"

#include "domain/people/people_api.h"

enum { PURPOSE_MAX = 200, NOTE_MAX = 1000 };

struct list_in {
    int64_t limit;
    struct str after;
    int64_t body;
    enum tri ended;
};
static const struct field list_in_fields[] = {
    F_INT(struct list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Pairs a page, 20 by default."),
    F_TEXT(struct list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
    F_ID(struct list_in, body, .from = IN_QUERY, .doc = "Only of this body."),
    F_BOOL(struct list_in, ended, .from = IN_QUERY, .doc = "Also those that have ended."),
};
static const struct entity list_in_entity = ENTITY(struct list_in, "PairList", list_in_fields);

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    const struct list_in *q = s->in;
    const struct pair_find find = {
        .hat = hat, .after = s->after, .most = s->most, .body = q->body, .ended = q->ended == YES};
    return pair_page(db, &find, ret);
}

static enum err S_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct list_in *q = in;
    struct scan scan = {.row = &pair_entity, .fetch = S_fetch, .in = q, .self = true};
    TRY(scope_page(db, by, &scan, q->after, q->limit, ret));
    return pairs_name(db, by->person, &((struct page *)ret)->items);
}

static const struct field new_fields[] = {
    F_ID(struct pair_new, member, .required = true, .doc = "The membership of a body."),
    F_ID(struct pair_new, person, .required = true, .doc = "The resident."),
    F_TEXT(struct pair_new, purpose, .required = true, .min = 2, .max = PURPOSE_MAX,
           .doc = "What the pair is for."),
};
static const struct entity new_entity = ENTITY(struct pair_new, "PairNew", new_fields);

static bool S_reaches(const struct actor *by, const struct reach *r)
{
    for (size_t i = 0; i < by->n; i++)
        if (by->admitted[i] && hat_reaches(&by->hats[i], r))
            return true;
    return false;
}

/* The member's body and the resident both lie within reach; else, to this actor, neither is. */
static enum err S_within(struct store *db, const struct actor *by, const struct pair_new *in)
{
    struct reach body = {0}, person = {0};
    int64_t id = 0;
    enum err err =
        store_int(db, "SELECT body FROM body_member WHERE id = $1", ARGS(A_INT(in->member)), &id);
    if (err == OK)
        err = body_own_reach(db, id, &body);
    if (err == ERR_NOT_FOUND || (err == OK && !S_reaches(by, &body)))
        return store_fault(db, ERR_INVALID, "/member", "unknown",
                           "没有这位成员，或不在您的范围内。",
                           "There is no such member within your reach.");
    if (err == OK)
        err = person_reach(db, in->person, &person);
    if (err == ERR_NOT_FOUND || (err == OK && !S_reaches(by, &person)))
        return store_fault(db, ERR_INVALID, "/person", "unknown", "没有这个人，或不在您的范围内。",
                           "There is no such person within your reach.");
    return err;
}

static enum err S_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct reach at = {0};
    int64_t id = 0;
    TRY(S_within(db, by, in));
    TRY(pair_create(db, in, &id));
    TRY(pair_reach(db, id, &at));
    *db->note = (struct note){.subject = id, .district = at.at.district, .street = at.at.street};
    return pair_get(db, id, false, ret);
}

static const struct field id_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The pair.")};
static const struct entity id_entity = ENTITY(struct subject_in, "PairId", id_fields);

static enum err S_end(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    (void)ret;
    return pair_end(db, ((const struct subject_in *)in)->id);
}

struct contacts_in {
    int64_t id, limit;
    struct str after;
};
static const struct field contacts_in_fields[] = {
    F_ID(struct contacts_in, id, .from = IN_PATH, .required = true, .doc = "The pair."),
    F_INT(struct contacts_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Contacts a page, 20 by default."),
    F_TEXT(struct contacts_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
};
static const struct entity contacts_in_entity =
    ENTITY(struct contacts_in, "PairContactList", contacts_in_fields);

static enum err S_contacts(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct contacts_in *q = in;
    struct page *page = ret;
    struct pair pair;
    int64_t after = 0, most = page_most(q->limit);
    TRY(page_after(db, q->after, &after));
    TRY(pair_get(db, q->id, false, &pair));
    TRY(contact_page(db, q->id, pair_own(by, &pair), after, most, &page->items));
    return page_cut(db, page, most, sizeof(struct pair_contact));
}

static const struct field contact_fields[] = {
    F_ID(struct contact_new, id, .from = IN_PATH, .required = true, .doc = "The pair."),
    F_TEXT(struct contact_new, way, .required = true, .codes = contact_ways, .doc = "How."),
    F_TEXT(struct contact_new, text, .class = CLASS_SENSITIVE, .min = 1, .max = NOTE_MAX,
           .lines = true, .doc = "A note for the two alone; it is dropped after a year."),
    F_TIME(struct contact_new, at, .doc = "When there was contact; now unless given."),
};
static const struct entity contact_entity =
    ENTITY(struct contact_new, "PairContactNew", contact_fields);

static enum err S_contact(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct contact_new *c = in;
    struct pair pair;
    struct list one;
    int64_t id = 0;
    TRY(contact_add(db, c, by, &id));
    TRY(pair_get(db, c->id, false, &pair));
    TRY(contact_page(db, c->id, pair_own(by, &pair), id - 1, 1, &one));
    *(struct pair_contact *)ret = *(const struct pair_contact *)one.items;
    return OK;
}

static const struct route routes[] = {
    {.op = "pairs.list",
     .verb = "GET",
     .path = "/api/pairs",
     .work = QUERY,
     .perm = PERM_PAIR_CONTACT,
     .fn = S_list,
     .in = &list_in_entity,
     .out = &pair_entity,
     .page = true,
     .status = 200,
     .doc = "One's own pairs, and for workers those whose resident lives within their places."},
    {.op = "pairs.create",
     .verb = "POST",
     .path = "/api/pairs",
     .work = COMMAND,
     .perm = PERM_BODY_WRITE,
     .fn = S_create,
     .in = &new_entity,
     .out = &pair_entity,
     .status = 201,
     .doc = "Pair a member of a body with a resident, for a purpose."},
    {.op = "pairs.end",
     .verb = "POST",
     .path = "/api/pairs/{id}/end",
     .work = COMMAND,
     .perm = PERM_BODY_WRITE,
     .fn = S_end,
     .in = &id_entity,
     .reach = pair_reach,
     .status = 204,
     .doc = "End a pair; its contacts stay."},
    {.op = "pairs.contacts",
     .verb = "GET",
     .path = "/api/pairs/{id}/contacts",
     .work = QUERY,
     .perm = PERM_PAIR_CONTACT,
     .fn = S_contacts,
     .in = &contacts_in_entity,
     .out = &pair_contact_entity,
     .page = true,
     .reach = pair_reach,
     .status = 200,
     .sight = CLEAR, /* the handler leaves notes to the two out for everybody else */
     .doc = "The contacts of a pair; notes for the two alone."},
    {.op = "pairs.contact",
     .verb = "POST",
     .path = "/api/pairs/{id}/contacts",
     .work = COMMAND,
     .perm = PERM_PAIR_CONTACT,
     .fn = S_contact,
     .in = &contact_entity,
     .out = &pair_contact_entity,
     .reach = pair_reach,
     .status = 201,
     .sight = CLEAR,
     .doc = "Write down that there was contact."},
};

const struct module pair_module = {.name = "pairs",
                                   .doc = "A member of a body and a resident, one to one.",
                                   .source = "src/domain/body/pair_api.c",
                                   .routes = routes,
                                   .n = COUNT_OF(routes),
                                   .tick = pair_tick};
