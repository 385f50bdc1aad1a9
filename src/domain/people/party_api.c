/* Parties: listed for whoever sends matters, made by those who manage a unit. */
#include "domain/people/party.h"
#include "domain/people/people_api.h"
#include "domain/people/scope.h"

struct party_list_in {
    int64_t limit;
    struct str after, kind, q;
    int64_t unit;
};
static const struct field party_list_in_fields[] = {
    F_INT(struct party_list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Parties a page, 20 by default."),
    F_TEXT(struct party_list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
    F_TEXT(struct party_list_in, kind, .from = IN_QUERY, .codes = party_kinds,
           .doc = "Only this kind."),
    F_TEXT(struct party_list_in, q, .from = IN_QUERY, .min = 1, .max = 64,
           .doc = "Only those whose name holds this text."),
    F_ID(struct party_list_in, unit, .from = IN_QUERY, .doc = "Only those of this unit or below."),
};
const struct entity party_list_in_entity =
    ENTITY(struct party_list_in, "PartyList", party_list_in_fields);

struct party_id {
    int64_t id;
};
static const struct field party_id_fields[] = {
    F_ID(struct party_id, id, .from = IN_PATH, .required = true, .doc = "The party.")};
const struct entity party_id_entity = ENTITY(struct party_id, "PartyId", party_id_fields);

static const struct field party_in_fields[] = {
    F_TEXT(struct party_new, kind, .required = true, .codes = party_kinds, .doc = "What it is."),
    F_TEXT(struct party_new, name, .required = true, .min = 1, .max = 64, .doc = "Its name."),
    F_TEXT(struct party_new, duty, .min = 1, .max = 200, .doc = "What it is there for."),
    F_ID(struct party_new, unit, .required = true, .doc = "The unit it belongs to."),
};
const struct entity party_in_entity = ENTITY(struct party_new, "PartyNew", party_in_fields);

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    const struct party_list_in *q = s->in;
    const struct party_find find = {.hat = hat,
                                    .after = s->after,
                                    .most = s->most,
                                    .kind = q->kind,
                                    .q = q->q,
                                    .unit = q->unit};
    return party_page(db, &find, ret);
}

enum err parties_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct party_list_in *q = in;
    struct scan scan = {.row = &party_entity, .fetch = S_fetch, .in = q};
    return scope_page(db, by, &scan, q->after, q->limit, ret);
}

enum err parties_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return party_get(db, ((const struct party_id *)in)->id, ret);
}

enum err parties_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct party_new *p = in;
    struct unit_place place;
    int64_t id = 0;
    TRY(scope_unit(db, by, p->unit, &place));
    TRY(party_create(db, p, &id));
    *db->note =
        (struct note){.subject = id, .district = place.at.district, .street = place.at.street};
    return party_get(db, id, ret);
}
