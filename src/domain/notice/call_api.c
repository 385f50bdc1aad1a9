/* The call list: people whom no machine reaches, for those who work where they live. A name and a
 * number are shown masked, and revealed for a reason that stays on record. And the slip. */
#include "domain/notice/outbox.h"
#include "domain/notice/slip.h"

#include "domain/matter/matter.h"
#include "domain/people/person.h"
#include "domain/people/scope.h"

enum { REASON_MIN = 4, REASON_MAX = 200 };

struct call {
    int64_t id, matter, person, created_at, attempts;
    struct str kind, why, number, title, label, name, phone, zh, en;
    /* what the words are made of */
    struct str act;
    enum tri asked;
    int64_t due_at;
};
static const struct field call_fields[] = {
    F_ID(struct call, id, .required = true, .doc = "The call."),
    F_TEXT(struct call, kind, .required = true, .doc = "call, or slip: bring it printed."),
    F_TEXT(struct call, why,
           .doc = "chosen: they asked for it. no_phone. failed: messages did not arrive."),
    F_ID(struct call, matter, .required = true, .doc = "What it is about."),
    F_TEXT(struct call, number, .required = true, .doc = "The matter's number."),
    F_TEXT(struct call, title, .required = true, .doc = "What was asked, in a line."),
    F_TEXT(struct call, label, .doc = "The door to bring it to, when nobody there is on record."),
    F_TEXT(struct call, name, .class = CLASS_PERSONAL, .mask = mask_name, .doc = "Whom to call."),
    F_TEXT(struct call, phone, .class = CLASS_PERSONAL, .mask = mask_phone,
           .doc = "Number to call; left out when there is none."),
    F_TEXT(struct call, zh, .required = true, .doc = "What to tell them, in Chinese."),
    F_TEXT(struct call, en, .required = true, .doc = "What to tell them, in English."),
    F_INT(struct call, attempts, .required = true, .doc = "How often nobody answered."),
    F_TIME(struct call, created_at, .required = true, .doc = "Since when it waits."),
    F_ID(struct call, person),
    F_TEXT(struct call, act),
    F_BOOL(struct call, asked),
    F_TIME(struct call, due_at),
};
enum { CALL_SHOWN = 13 };
static const struct entity stored_entity = ENTITY(struct call, "CallStored", call_fields);
static const struct entity call_entity = {
    .name = "Call", .size = sizeof(struct call), .fields = call_fields, .n = CALL_SHOWN};

struct list_in {
    int64_t limit;
    struct str after;
};
static const struct field list_fields[] = {
    F_INT(struct list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Calls a page, 20 by default."),
    F_TEXT(struct list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
};
static const struct entity list_entity = ENTITY(struct list_in, "CallList", list_fields);

#define CALL                                                                                       \
    "SELECT o.id, o.channel AS kind, o.why, o.matter, o.person, o.label, o.attempts, "             \
    "o.created_at, "                                                                               \
    "m.number, m.title, n.act, n.asked, n.due_at FROM outbox o JOIN matter m ON m.id = o.matter "  \
    "JOIN notice n ON n.id = o.notice WHERE o.state = 'waiting' AND o.next_at IS NULL "            \
    "AND o.id > $2 AND o."

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = CALL "district = $1 ORDER BY o.id LIMIT $3",
        [LEVEL_STREET] = CALL "street = $1 ORDER BY o.id LIMIT $3",
        [LEVEL_COMMUNITY] = CALL "community = $1 ORDER BY o.id LIMIT $3",
        [LEVEL_GRID] = CALL "grid = $1 ORDER BY o.id LIMIT $3"};
    *ret = (struct list){0};
    if (!sql[hat->level])
        return OK;
    return store_all(db, sql[hat->level], ARGS(A_INT(hat->unit), A_INT(s->after), A_INT(s->most)),
                     &stored_entity, (size_t)s->most, ret);
}

/* Who it is: a person, else whoever left a number with the matter. A person who is no more leaves
 * both out. */
static enum err S_who(struct store *db, int64_t person, int64_t matter, struct str *name,
                      struct str *phone)
{
    struct person p;
    if (!person)
        return outbox_contact(db, matter, name, phone);
    enum err err = person_get(db, person, &p);
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    *name = p.name;
    *phone = p.phone;
    return OK;
}

static enum err S_list(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct list_in *in = data;
    struct page *page = out;
    struct scan scan = {.row = &stored_entity, .fetch = S_fetch, .in = in};
    TRY(scope_page(db, by, &scan, in->after, in->limit, page));
    struct call *c = page->items.items;
    for (size_t i = 0; i < page->items.n; i++) {
        const struct notice_about about = {.act = c[i].act,
                                           .number = c[i].number,
                                           .title = c[i].title,
                                           .due_at = c[i].due_at,
                                           .asked = c[i].asked == YES};
        c[i].zh = notice_text(db->arena, &about, false);
        c[i].en = notice_text(db->arena, &about, true);
        if (!c[i].label.p)
            TRY(S_who(db, c[i].person, c[i].matter, &c[i].name, &c[i].phone));
    }
    return OK;
}

static const struct field reach_fields[] = {
    F_ID(struct ancestors, district), F_ID(struct ancestors, street),
    F_ID(struct ancestors, community), F_ID(struct ancestors, grid)};
static const struct entity reach_entity = ENTITY(struct ancestors, "CallReach", reach_fields);

static enum err S_reach(struct store *db, int64_t id, struct reach *ret)
{
    return store_one(db,
                     "SELECT district, street, community, grid FROM outbox "
                     "WHERE id = $1 AND channel IN ('call', 'slip')",
                     ARGS(A_INT(id)), &reach_entity, &ret->at);
}

struct reveal_in {
    int64_t id;
    struct str reason;
};
static const struct field reveal_fields[] = {
    F_ID(struct reveal_in, id, .from = IN_PATH, .required = true, .doc = "The call."),
    F_TEXT(struct reveal_in, reason, .required = true, .min = REASON_MIN, .max = REASON_MAX,
           .doc = "Why; it is recorded."),
};
static const struct entity reveal_entity = ENTITY(struct reveal_in, "CallReveal", reveal_fields);

struct who {
    struct str name, phone;
};
static const struct field who_fields[] = {
    F_TEXT(struct who, name, .class = CLASS_PERSONAL, .mask = mask_name, .doc = "Whom to call."),
    F_TEXT(struct who, phone, .class = CLASS_PERSONAL, .mask = mask_phone,
           .doc = "Number to call."),
};
static const struct entity who_entity = ENTITY(struct who, "CallWho", who_fields);

static enum err S_reveal(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct reveal_in *in = data;
    struct who *ret = out;
    struct call c;
    (void)by;
    db->note->reason = in->reason;
    TRY(store_one(db, "SELECT id, person, matter, label FROM outbox WHERE id = $1",
                  ARGS(A_INT(in->id)), &stored_entity, &c));
    if (c.label.p)
        return OK; /* a door, and nobody on record */
    return S_who(db, c.person, c.matter, &ret->name, &ret->phone);
}

static const char *const outcome_codes[] = {"reached",        "no_answer", "wrong_number",
                                            "told_in_person", "printed",   NULL};
struct done_in {
    int64_t id;
    struct str outcome;
};
static const struct field done_fields[] = {
    F_ID(struct done_in, id, .from = IN_PATH, .required = true, .doc = "The call."),
    F_TEXT(struct done_in, outcome, .required = true, .codes = outcome_codes,
           .doc = "How it went. With no_answer it stays on the list."),
};
static const struct entity done_entity = ENTITY(struct done_in, "CallDone", done_fields);

static enum err S_done(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct done_in *in = data;
    (void)ret;
    if (str_eq(in->outcome, S("no_answer")))
        return store_exec(db,
                          "UPDATE outbox SET attempts = attempts + 1, caller = $2 "
                          "WHERE id = $1 AND state = 'waiting'",
                          ARGS(A_INT(in->id), A_INT(by->account)), NULL);
    return store_exec(db,
                      "UPDATE outbox SET state = 'sent', outcome = $3, caller = $2, "
                      "ended_at = $4 WHERE id = $1 AND state = 'waiting'",
                      ARGS(A_INT(in->id), A_INT(by->account), A_TEXT(in->outcome), A_INT(db->now)),
                      NULL);
}

static const struct field matter_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The matter.")};
static const struct entity matter_in_entity = ENTITY(struct subject_in, "SlipIn", matter_fields);

/* Did what was to be told arrive? Without who it is: that is the call list's, for a reason. */
struct told {
    int64_t id, created_at, next_at, ended_at, attempts;
    struct str channel, state, act, error, outcome, label;
};
static const struct field told_fields[] = {
    F_ID(struct told, id, .required = true, .doc = "The message, call or slip."),
    F_TEXT(struct told, channel, .required = true, .doc = "sms, wechat, call or slip."),
    F_TEXT(struct told, act, .required = true, .doc = "What is told of."),
    F_TEXT(struct told, state, .required = true,
           .doc = "waiting, sending, sent, failed (and tried again), given_up."),
    F_INT(struct told, attempts, .required = true, .doc = "How often it was tried."),
    F_TEXT(struct told, error, .doc = "Why the last attempt failed."),
    F_TEXT(struct told, outcome, .doc = "How a call went."),
    F_TEXT(struct told, label, .doc = "The door a slip goes to, when nobody there is on record."),
    F_TIME(struct told, created_at, .required = true, .doc = "Since when it waits."),
    F_TIME(struct told, next_at, .doc = "When it is tried next."),
    F_TIME(struct told, ended_at, .doc = "When it was over."),
};
static const struct entity told_entity = ENTITY(struct told, "MatterDelivery", told_fields);

struct told_in {
    int64_t id, limit;
    struct str after;
};
static const struct field told_in_fields[] = {
    F_ID(struct told_in, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct told_in, after, .from = IN_QUERY, .min = 1, .max = 20,
           .doc = "`next` of the page before."),
    F_INT(struct told_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Deliveries a page, 20 by default."),
};
static const struct entity told_in_entity =
    ENTITY(struct told_in, "MatterDeliveries", told_in_fields);

static enum err S_told(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct told_in *in = data;
    int64_t after, most = page_most(in->limit);
    struct page *page = ret;
    (void)by;
    TRY(page_after(db, in->after, &after));
    TRY(store_all(db,
                  "SELECT o.id, o.channel, n.act, o.state, o.attempts, o.error, o.outcome, "
                  "o.created_at, o.next_at, o.ended_at, o.label FROM outbox o "
                  "JOIN notice n ON n.id = o.notice WHERE o.matter = $1 AND o.id < $2 "
                  "ORDER BY o.id DESC LIMIT $3",
                  ARGS(A_INT(in->id), A_INT(after ? after : INT64_MAX), A_INT(most)), &told_entity,
                  (size_t)most, &page->items));
    return page_cut(db, page, most, sizeof(struct told));
}

static const struct field slip_fields[] = {F_TEXT(struct text_out, text)};
static const struct entity slip_entity = ENTITY(struct text_out, "Slip", slip_fields);

static const struct route routes[] = {
    {.op = "calls.list",
     .verb = "GET",
     .path = "/api/calls",
     .work = QUERY,
     .perm = PERM_PERSON_READ,
     .fn = S_list,
     .in = &list_entity,
     .out = &call_entity,
     .page = true,
     .status = 200,
     .sight = MASKED,
     .doc = "People of your place to be called, or brought a slip; oldest first."},
    {.op = "calls.reveal",
     .verb = "POST",
     .path = "/api/calls/{id}/reveal",
     .work = COMMAND,
     .perm = PERM_PERSON_REVEAL,
     .fn = S_reveal,
     .in = &reveal_entity,
     .out = &who_entity,
     .reach = S_reach,
     .status = 200,
     .sight = CLEAR,
     .doc = "Name and number of one, in the clear, for a recorded reason."},
    {.op = "calls.done",
     .verb = "POST",
     .path = "/api/calls/{id}/done",
     .work = COMMAND,
     .perm = PERM_PERSON_REVEAL,
     .fn = S_done,
     .in = &done_entity,
     .reach = S_reach,
     .status = 204,
     .doc = "Say how a call went."},
    {.op = "matters.deliveries",
     .verb = "GET",
     .path = "/api/matters/{id}/deliveries",
     .work = QUERY,
     .perm = PERM_PERSON_READ,
     .fn = S_told,
     .in = &told_in_entity,
     .out = &told_entity,
     .page = true,
     .reach = matter_reach,
     .status = 200,
     .doc = "Messages, calls and slips about a matter and how they went, newest first."},
    {.op = "matters.slip",
     .verb = "GET",
     .path = "/api/matters/{id}/slip",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = slip_get,
     .in = &matter_in_entity,
     .out = &slip_entity,
     .reach = matter_reach,
     .media = "text/html; charset=utf-8",
     .status = 200,
     .doc = "A sheet to print for somebody without a phone."},
};

const struct module call_module = {.name = "calls",
                                   .doc = "People whom no machine reaches.",
                                   .source = "src/domain/notice/call_api.c",
                                   .routes = routes,
                                   .n = COUNT_OF(routes)};
