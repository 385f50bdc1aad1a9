/* Residents' records: written and looked up where one works, shown masked, revealed for a reason
 * that stays on record. */
#include "domain/people/people_api.h"
#include "domain/people/person.h"
#include "domain/people/scope.h"

struct person_list_in {
    int64_t limit;
    struct str after, phone, id_number;
};
static const struct field person_list_in_fields[] = {
    F_INT(struct person_list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Persons a page, 20 by default."),
    F_TEXT(struct person_list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
    F_TEXT(struct person_list_in, phone, .from = IN_QUERY, .class = CLASS_PERSONAL, .min = 1,
           .max = 20, .form = form_phone,
           .form_doc = "a mobile number, or a landline such as 0931-1234567",
           .form_zh = "手机号，或座机号，如 0931-1234567",
           .doc = "Only those with exactly this phone."),
    F_TEXT(struct person_list_in, id_number, .from = IN_QUERY, .class = CLASS_SENSITIVE, .min = 18,
           .max = 18, .form = form_id_number, .form_doc = "17 digits and a check digit or X",
           .form_zh = "17 位数字加校验码，校验码是数字或 X",
           .doc = "Only whoever has exactly this ID number."),
};
const struct entity person_list_in_entity =
    ENTITY(struct person_list_in, "PersonList", person_list_in_fields);

struct person_id {
    int64_t id;
};
static const struct field person_id_fields[] = {
    F_ID(struct person_id, id, .from = IN_PATH, .required = true, .doc = "The person.")};
const struct entity person_id_entity = ENTITY(struct person_id, "PersonId", person_id_fields);

static const struct field person_in_fields[] = {
    F_ID(struct person_new, unit, .required = true, .doc = "The community or grid they live in."),
    F_TEXT(struct person_new, name, .class = CLASS_PERSONAL, .required = true, .min = 1, .max = 30,
           .doc = "Name."),
    F_TEXT(struct person_new, phone, .class = CLASS_PERSONAL, .min = 1, .max = 20,
           .form = form_phone, .form_doc = "a mobile number, or a landline such as 0931-1234567",
           .form_zh = "手机号，或座机号，如 0931-1234567", .doc = "Phone."),
    F_TEXT(struct person_new, id_number, .class = CLASS_SENSITIVE, .min = 18, .max = 18,
           .form = form_id_number, .form_doc = "17 digits and a check digit or X",
           .form_zh = "17 位数字加校验码，校验码是数字或 X",
           .doc = "Resident identity number (GB 11643)."),
    F_TEXT(struct person_new, address, .class = CLASS_PERSONAL, .min = 1, .max = 100,
           .doc = "Where they live."),
};
const struct entity person_in_entity = ENTITY(struct person_new, "PersonNew", person_in_fields);

struct reveal_in {
    int64_t id;
    struct str reason;
};
static const struct field reveal_in_fields[] = {
    F_ID(struct reveal_in, id, .from = IN_PATH, .required = true, .doc = "The person."),
    F_TEXT(struct reveal_in, reason, .required = true, .min = 4, .max = 200,
           .doc = "Why it must be seen; kept in the audit."),
};
const struct entity reveal_in_entity = ENTITY(struct reveal_in, "PersonReveal", reveal_in_fields);

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    const struct person_list_in *q = s->in;
    const struct person_find find = {.level = hat->level,
                                     .unit = hat->unit,
                                     .after = s->after,
                                     .most = s->most,
                                     .phone = q->phone,
                                     .id_number = q->id_number};
    return person_page(db, &find, ret);
}

enum err persons_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct person_list_in *q = in;
    struct page *page = ret;
    struct scan scan = {.row = &person_row_entity, .fetch = S_fetch, .in = q};
    TRY(scope_page(db, by, &scan, q->after, q->limit, page));
    struct list sealed = page->items;
    return persons_open(db, &sealed, &page->items);
}

enum err persons_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return person_get(db, ((const struct person_id *)in)->id, ret);
}

enum err persons_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct person_new *p = in;
    struct unit_place place;
    int64_t id = 0;
    TRY(scope_unit(db, by, p->unit, &place));
    TRY(person_create(db, p, &id));
    *db->note =
        (struct note){.subject = id, .district = place.at.district, .street = place.at.street};
    return person_get(db, id, ret);
}

enum err persons_reveal(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct reveal_in *r = in;
    (void)by;
    db->note->reason = r->reason;
    return person_get(db, r->id, ret);
}
