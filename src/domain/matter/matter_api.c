/* Routes of matters. */
#include "domain/matter/matter.h"

#include "domain/matter/matter_many.h"

enum { LIMIT_MAX = 100, REASON_MAX = 200 };

/* ---- lists ---- */

static const char *const queue_codes[] = {
    "all",  "unit",      "charge",   "party",    "mine",         "verify", "asks", "parts",
    "rate", "requested", "watching", "affected", "confidential", "closed", NULL};
static const char *const sort_codes[] = {"due_at", "-due_at", "-closed_at", "-created_at", NULL};
static const char *const due_codes[] = {"today", "overdue", NULL};

static const struct field query_fields[] = {
    F_TEXT(struct matter_query, queue, .from = IN_QUERY, .codes = queue_codes,
           .doc = "Which work queue; default all that is open within reach."),
    F_TEXT(struct matter_query, kind, .from = IN_QUERY, .max = 40, .doc = "Only this kind."),
    F_TEXT(struct matter_query, stage, .from = IN_QUERY, .max = 40, .doc = "Only this stage."),
    F_TEXT(struct matter_query, awaits, .from = IN_QUERY, .codes = act_asked,
           .doc = "Only what waits for this act."),
    F_TEXT(struct matter_query, due, .from = IN_QUERY, .codes = due_codes,
           .doc = "Due by the end of today, or already overdue."),
    F_TEXT(struct matter_query, sort, .from = IN_QUERY, .codes = sort_codes,
           .doc = "Open queues: due_at or -due_at. Closed: -closed_at. Requested, watching, "
                  "affected, asks, parts and search: -created_at."),
    F_TEXT(struct matter_query, q, .from = IN_QUERY, .min = 2, .max = 60,
           .doc = "Words in titles, texts and numbers; newest first."),
    F_ID(struct matter_query, unit, .from = IN_QUERY, .doc = "Only this unit, if within reach."),
    F_INT(struct matter_query, limit, .from = IN_QUERY, .min = 1, .max = LIMIT_MAX,
          .doc = "Rows a page; default 20."),
    F_TEXT(struct matter_query, after, .from = IN_QUERY, .max = 48, .doc = "Cursor."),
};
static const struct entity query_entity = ENTITY(struct matter_query, "MatterQuery", query_fields);

static enum err S_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return matter_list(db, by, in, ret);
}

/* ---- one ---- */

static const struct field get_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The matter.")};
static const struct entity get_entity = ENTITY(struct subject_in, "MatterGet", get_fields);

static enum err S_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(matter_load(db, ((const struct subject_in *)in)->id, ret));
    TRY(matter_view(db, by, ret));
    return matter_shade(db, by, ret);
}

static enum err S_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return matter_order(db, by, in, ret);
}

static enum err S_act(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(matter_do(db, by, in, ret));
    return matter_shade(db, by, ret);
}

static enum err S_events(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return matter_events(db, by, in, ret);
}

/* ---- what is asked of a unit, and the parts of a whistle: for those at work on it ---- */

enum { ASKS_MAX = 500 };

struct ask_out {
    int64_t id, unit;
    struct str kind, reason, text, span, unit_name, party_name, answer;
    int64_t asked_at, due_at, answered_at;
    enum tri granted;
};
static const struct field ask_fields[] = {
    F_ID(struct ask_out, id, .required = true, .doc = "Id, to answer it by."),
    F_TEXT(struct ask_out, kind, .required = true, .doc = "extend, pause, settle or supervise."),
    F_ID(struct ask_out, unit, .required = true, .doc = "Who is to answer."),
    F_TEXT(struct ask_out, unit_name, .doc = "Name of that unit."),
    F_TEXT(struct ask_out, reason, .doc = "Why, from the pack."),
    F_TEXT(struct ask_out, text, .lines = true, .doc = "Why, in words."),
    F_TEXT(struct ask_out, span, .doc = "How long is asked for, or was given to answer."),
    F_TEXT(struct ask_out, party_name, .doc = "Settle: whom it was to go to, or who refused."),
    F_TIME(struct ask_out, asked_at, .required = true, .doc = "When it was asked."),
    F_TIME(struct ask_out, due_at, .required = true, .doc = "When the answer is due."),
    F_TIME(struct ask_out, answered_at, .doc = "When it was answered, or overtaken."),
    F_BOOL(struct ask_out, granted, .doc = "What the answer was."),
    F_TEXT(struct ask_out, answer, .lines = true, .doc = "The answer in words."),
};
static const struct entity ask_entity = ENTITY(struct ask_out, "MatterAsk", ask_fields);

struct part_out {
    int64_t id, party;
    struct str party_name, text, state, answer;
    enum tri settled, late;
    int64_t asked_at, due_at, ended_at;
};
static const struct field part_fields[] = {
    F_ID(struct part_out, id, .required = true, .doc = "Id."),
    F_ID(struct part_out, party, .required = true, .doc = "Who does it."),
    F_TEXT(struct part_out, party_name, .required = true, .doc = "Name of that party."),
    F_TEXT(struct part_out, text, .required = true, .lines = true, .doc = "What is asked of it."),
    F_TEXT(struct part_out, state, .required = true, .doc = "open, refused, done or dropped."),
    F_BOOL(struct part_out, settled, .required = true,
           .doc = "The tier above has said that it does this."),
    F_TIME(struct part_out, asked_at, .required = true, .doc = "When it was asked."),
    F_TIME(struct part_out, due_at, .doc = "When it is due."),
    F_TIME(struct part_out, ended_at, .doc = "When it was done, refused or dropped."),
    F_BOOL(struct part_out, late, .required = true, .doc = "It came after it was due."),
    F_TEXT(struct part_out, answer, .lines = true, .doc = "Its result, or why it was refused."),
};
static const struct entity part_entity = ENTITY(struct part_out, "MatterPart", part_fields);

static bool S_staff(const struct actor *by)
{
    const struct hat *hat = actor_hat(by);
    return hat && hat->kind != HAT_SELF;
}

/* Residents see the timeline, not what offices ask each other. */
static enum err S_asks(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct page *page = ret;
    if (!S_staff(by))
        return OK;
    return store_all(db,
                     "SELECT k.id, k.kind, k.unit, u.name AS unit_name, k.reason, k.text, k.span, "
                     "p.name AS party_name, k.asked_at, k.due_at, k.answered_at, k.granted, "
                     "k.answer FROM matter_ask k LEFT JOIN unit u ON u.id = k.unit "
                     "LEFT JOIN party p ON p.id = k.party WHERE k.matter = $1 ORDER BY k.id "
                     "LIMIT $2",
                     ARGS(A_INT(((const struct subject_in *)in)->id), A_INT(ASKS_MAX)), &ask_entity,
                     ASKS_MAX, &page->items);
}

static enum err S_parts(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct page *page = ret;
    if (!S_staff(by))
        return OK;
    TRY(store_all(db,
                  "SELECT t.id, t.party, p.name AS party_name, t.text, t.state, t.settled, "
                  "t.asked_at, t.due_at, t.ended_at, t.late, t.answer FROM matter_part t "
                  "JOIN party p ON p.id = t.party WHERE t.matter = $1 ORDER BY t.id LIMIT $2",
                  ARGS(A_INT(((const struct subject_in *)in)->id), A_INT(ASKS_MAX)), &part_entity,
                  ASKS_MAX, &page->items));
    struct part_out *part = page->items.items;
    for (size_t i = 0; i < page->items.n; i++) {
        if (part[i].due_at == NO_DUE)
            part[i].due_at = 0;
    }
    return OK;
}

/* ---- the contact, for a reason ---- */

struct reveal {
    int64_t id;
    struct str reason;
};
static const struct field reveal_fields[] = {
    F_ID(struct reveal, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct reveal, reason, .required = true, .min = 4, .max = REASON_MAX,
           .doc = "Why; it is recorded."),
};
static const struct entity reveal_entity = ENTITY(struct reveal, "MatterReveal", reveal_fields);

struct contact {
    struct str name, phone, numbers;
};
static const struct field contact_fields[] = {
    F_TEXT(struct contact, name, .class = CLASS_PERSONAL, .mask = mask_name,
           .doc = "Whom to call."),
    F_TEXT(struct contact, phone, .class = CLASS_PERSONAL, .mask = mask_phone,
           .doc = "Number to call."),
    F_TEXT(struct contact, numbers, .class = CLASS_SENSITIVE, .lines = true,
           .doc = "Numbers found in the text, a line each."),
};
static const struct entity contact_entity = ENTITY(struct contact, "MatterContact", contact_fields);

static enum err S_reveal(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct reveal *ask = in;
    struct contact *contact = ret;
    struct matter m;
    unsigned char key[KEY_SIZE];
    db->note->reason = ask->reason;
    TRY(matter_load(db, ask->id, &m));
    if (m.confidential == YES && matter_eye(by, &m) != EYE_STAFF)
        return ERR_NOT_FOUND;
    if (!m.contact.p)
        return OK;
    TRY(vault_unwrap(db, ID_COUNTY(m.id), m.contact_key, key));
    struct str clear = unseal(key, m.contact, db->arena);
    if (!clear.p)
        return ERR_STORE;
    contact->name = str_split(&clear, '\n');
    contact->phone = str_split(&clear, '\n');
    contact->numbers = str_trim(clear);
    if (!contact->name.n)
        contact->name = NO_STR;
    if (!contact->phone.n)
        contact->phone = NO_STR;
    if (!contact->numbers.n)
        contact->numbers = NO_STR;
    return OK;
}

/* ---- what can be asked for, from the pack ---- */

struct kind_query {
    int64_t unit;
};
static const struct field kind_query_fields[] = {
    F_ID(struct kind_query, unit, .from = IN_QUERY, .required = true, .doc = "Where.")};
static const struct entity kind_query_entity =
    ENTITY(struct kind_query, "KindQuery", kind_query_fields);

struct label {
    struct str code, zh, en, parent;
};
static const struct field label_fields[] = {
    F_TEXT(struct label, code, .required = true, .doc = "As it stands in a matter."),
    F_TEXT(struct label, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct label, en, .required = true, .doc = "English name."),
    F_TEXT(struct label, parent, .doc = "Code of the category above.")};
static const struct entity label_entity = ENTITY(struct label, "Label", label_fields);

struct kind_out {
    struct str code, zh, en;
    enum tri anyone;
    struct list stages, reasons;
};
static const struct field kind_fields[] = {
    F_TEXT(struct kind_out, code, .required = true, .doc = "As it stands in a matter."),
    F_TEXT(struct kind_out, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct kind_out, en, .required = true, .doc = "English name."),
    F_BOOL(struct kind_out, anyone, .required = true,
           .doc = "It can be asked for without signing in."),
    F_LIST(struct kind_out, stages, .of = &label_entity, .required = true, .doc = "Its stages."),
    F_LIST(struct kind_out, reasons, .of = &label_entity, .required = true,
           .doc = "Why its limit may be extended, or its clock stand.")};
static const struct entity kind_entity = ENTITY(struct kind_out, "Kind", kind_fields);

struct place_row {
    int64_t province, city, district, street, community, grid;
};
static const struct field place_fields[] = {
    F_ID(struct place_row, province),  F_ID(struct place_row, city),
    F_ID(struct place_row, district),  F_ID(struct place_row, street),
    F_ID(struct place_row, community), F_ID(struct place_row, grid)};
static const struct entity place_entity = ENTITY(struct place_row, "PlaceRow", place_fields);

static enum err S_pack(struct store *db, int64_t unit, const struct pack **ret)
{
    struct place_row at;
    enum err err = store_one(
        db, "SELECT province, city, district, street, community, grid FROM unit WHERE id = $1",
        ARGS(A_INT(unit)), &place_entity, &at);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    *ret = err == OK
               ? world_pack_at(db->world, &(struct ancestors){at.province, at.city, at.district,
                                                              at.street, at.community, at.grid})
               : NULL;
    return *ret ? OK
                : store_fault(db, ERR_INVALID, "unit", "no_pack", "这个地方还没有开通。",
                              "This place does not take requests yet.");
}

/* The pack's reasons that some step of the kind names. */
static enum err S_reasons(struct arena *a, const struct pack *pack, const struct pack_kind *k,
                          struct list *ret)
{
    struct label *reasons = arena_array(a, pack->reason_count + 1, sizeof *reasons);
    *ret = (struct list){.items = reasons};
    for (size_t r = 0; reasons && r < pack->reason_count; r++) {
        const struct pack_reason *reason = &pack->reasons[r];
        bool named = false;
        for (size_t i = 0; i < k->stay_count; i++) {
            for (size_t j = 0; j < k->stays[i].reason_count; j++)
                named = named || str_eq(k->stays[i].reasons[j].reason, reason->reason);
        }
        if (named)
            reasons[ret->n++] = (struct label){
                .code = reason->reason, .zh = reason->name.zh, .en = reason->name.en};
    }
    return reasons ? OK : ERR_MEMORY;
}

static enum err S_kinds(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct pack *pack = NULL;
    struct page *page = ret;
    (void)by;
    TRY(S_pack(db, ((const struct kind_query *)in)->unit, &pack));
    struct kind_out *out = arena_array(db->arena, pack->kind_count, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < pack->kind_count; i++) {
        const struct pack_kind *k = &pack->kinds[i];
        struct label *stages = arena_array(db->arena, k->stage_count, sizeof *stages);
        if (!stages)
            return ERR_MEMORY;
        for (size_t s = 0; s < k->stage_count; s++)
            stages[s] = (struct label){
                .code = k->stages[s].stage, .zh = k->stages[s].name.zh, .en = k->stages[s].name.en};
        bool anyone = kind_step(k, ACT_ORDER, 0, SIDE_ANYONE, GIVEN_ANY, NULL) != NULL;
        out[i] = (struct kind_out){.code = k->kind,
                                   .anyone = anyone ? YES : NO,
                                   .zh = k->name.zh,
                                   .en = k->name.en,
                                   .stages = {stages, k->stage_count}};
        TRY(S_reasons(db->arena, pack, k, &out[i].reasons));
    }
    page->items = (struct list){out, pack->kind_count};
    return OK;
}

static enum err S_categories(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct pack *pack = NULL;
    struct page *page = ret;
    (void)by;
    TRY(S_pack(db, ((const struct kind_query *)in)->unit, &pack));
    struct label *out = arena_array(db->arena, pack->category_count + 1, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < pack->category_count; i++)
        out[i] = (struct label){.code = pack->categories[i].code,
                                .zh = pack->categories[i].name.zh,
                                .en = pack->categories[i].name.en,
                                .parent = pack->categories[i].parent};
    page->items = (struct list){out, pack->category_count};
    return OK;
}

static const struct route routes[] = {
    {.op = "matters.create",
     .verb = "POST",
     .path = "/api/matters",
     .work = COMMAND,
     .perm = PERM_PUBLIC,
     .fn = S_create,
     .in = &matter_new_entity,
     .out = &matter_entity,
     .status = 201,
     .sight = MASKED,
     .doc = "Order: a request, repair, wish or finding comes in."},
    {.op = "matters.list",
     .verb = "GET",
     .path = "/api/matters",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_list,
     .in = &query_entity,
     .out = &matter_row_entity,
     .page = true,
     .status = 200,
     .doc = "A work queue, or a search, within your reach."},
    {.op = "matters.get",
     .verb = "GET",
     .path = "/api/matters/{id}",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_get,
     .in = &get_entity,
     .out = &matter_entity,
     .reach = matter_reach,
     .status = 200,
     .doc = "One matter, and what you could do to it now."},
    {.op = "matters.act",
     .verb = "POST",
     .path = "/api/matters/{id}/acts",
     .work = COMMAND,
     .perm = PERM_MATTER_ACT,
     .fn = S_act,
     .in = &matter_act_entity,
     .out = &matter_entity,
     .reach = matter_reach,
     .status = 200,
     .doc = "Do something to a matter: accept, dispatch, submit, rate and so on."},
    {.op = "matters.events",
     .verb = "GET",
     .path = "/api/matters/{id}/events",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_events,
     .in = &event_query_entity,
     .out = &event_entity,
     .page = true,
     .reach = matter_reach,
     .status = 200,
     .doc = "Its timeline, oldest first."},
    {.op = "matters.asks",
     .verb = "GET",
     .path = "/api/matters/{id}/asks",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_asks,
     .in = &get_entity,
     .out = &ask_entity,
     .page = true,
     .reach = matter_reach,
     .status = 200,
     .doc = "What was asked of a unit: more time, a pause, who does it, an answer to the tier "
            "above."},
    {.op = "matters.parts",
     .verb = "GET",
     .path = "/api/matters/{id}/parts",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_parts,
     .in = &get_entity,
     .out = &part_entity,
     .page = true,
     .reach = matter_reach,
     .status = 200,
     .doc = "The parts that a whistle gave to co-handlers."},
    {.op = "matters.reveal",
     .verb = "POST",
     .path = "/api/matters/{id}/reveal",
     .work = COMMAND,
     .perm = PERM_MATTER_REVEAL,
     .fn = S_reveal,
     .in = &reveal_entity,
     .out = &contact_entity,
     .reach = matter_reach,
     .status = 200,
     .sight = CLEAR,
     .doc = "The contact given with it, in the clear, for a recorded reason."},
    {.op = "kinds.list",
     .verb = "GET",
     .path = "/api/kinds",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_kinds,
     .in = &kind_query_entity,
     .out = &kind_entity,
     .page = true,
     .status = 200,
     .doc = "What can be asked for at a place."},
    {.op = "categories.list",
     .verb = "GET",
     .path = "/api/categories",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_categories,
     .in = &kind_query_entity,
     .out = &label_entity,
     .page = true,
     .status = 200,
     .doc = "The categories in use at a place, parents first."},
};

const struct module matter_module = {.name = "matters",
                                     .doc = "Anything with a flow: order, dispatch, submit, rate.",
                                     .source = "src/domain/matter/matter_api.c",
                                     .routes = routes,
                                     .n = COUNT_OF(routes),
                                     .tick = matter_tick};
