/* Webhooks: where a unit has what happens sent, signed as Standard Webhooks says. */
#include "domain/notice/outbox.h"
#include "domain/people/scope.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_BYTES = 32, URL_MAX = 300, ACTS_MAX = 300 };

struct webhook {
    int64_t id, unit, created_at, ended_at;
    struct str url, acts, secret;
};
static const struct field webhook_fields[] = {
    F_ID(struct webhook, id, .required = true, .doc = "The webhook."),
    F_ID(struct webhook, unit, .required = true, .doc = "Whose events are sent."),
    F_TEXT(struct webhook, url, .required = true, .doc = "Where they are sent."),
    F_TEXT(struct webhook, acts, .doc = "Which acts, separated by commas; left out: all."),
    F_TIME(struct webhook, created_at, .required = true, .doc = "Since when."),
    F_TIME(struct webhook, ended_at, .doc = "When it was ended, by hand or by 410 Gone."),
    F_TEXT(struct webhook, secret,
           .doc = "Only when it is made: what its messages are signed "
                  "with."),
};
static const struct entity webhook_entity = ENTITY(struct webhook, "Webhook", webhook_fields);

/* ",order,submit," as it is kept, to "order,submit"; "," to nothing. */
static void S_acts_shown(struct webhook *w)
{
    w->acts = w->acts.n > 2 ? (struct str){w->acts.p + 1, w->acts.n - 2} : NO_STR;
}

/* http or https, a host, no user in front of it, nothing that is no part of an address. */
static bool form_url(struct str s)
{
    struct str https = S("https://"), http = S("http://");
    size_t scheme = str_starts(s, https) ? https.n : str_starts(s, http) ? http.n : 0;
    bool good = scheme && s.n > scheme && s.p[scheme] != '/' && s.p[scheme] != ':';
    bool host = true;
    for (size_t i = scheme; good && i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        host = host && c != '/' && c != '?' && c != '#';
        good = c > ' ' && c < 0x7F && !strchr("\"<>\\^`{|}", c) && !(host && c == '@');
    }
    return good;
}

static bool form_acts(struct str s)
{
    while (s.p) {
        struct str act = str_split(&s, ',');
        size_t i = 0;
        while (act_names[i] && !str_eq(act, str_of(act_names[i])))
            i++;
        if (!act_names[i])
            return false;
    }
    return true;
}

struct new_in {
    int64_t unit;
    struct str url, acts;
};
static const struct field new_fields[] = {
    F_ID(struct new_in, unit, .required = true, .doc = "Whose events."),
    F_TEXT(struct new_in, url, .required = true, .min = 10, .max = URL_MAX, .form = form_url,
           .form_doc = "an http or https address without a user name",
           .form_zh = "http 或 https 地址，不带用户名", .doc = "Where to."),
    F_TEXT(struct new_in, acts, .min = 2, .max = ACTS_MAX, .form = form_acts,
           .form_doc = "codes of acts, separated by commas: order,submit",
           .form_zh = "动作的代码，用逗号隔开，如 order,submit", .doc = "Which acts; all without."),
};
static const struct entity new_entity = ENTITY(struct new_in, "WebhookNew", new_fields);

static enum err S_secret(struct store *db, struct str *ret)
{
    unsigned char bytes[SECRET_BYTES];
    char text[sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
    *ret = arena_printf(db->arena, "whsec_%s", text);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(text, sizeof text);
    return ret->p ? OK : ERR_MEMORY;
}

static enum err S_create(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct new_in *in = data;
    struct webhook *w = out;
    struct unit_place place;
    unsigned char key[KEY_SIZE];
    struct str wrapped = NO_STR;
    TRY(scope_unit(db, by, in->unit, &place));
    *w =
        (struct webhook){.unit = in->unit, .url = in->url, .acts = in->acts, .created_at = db->now};
    struct str kept = in->acts.p ? arena_printf(db->arena, "," STR_F ",", STR_A(in->acts)) : S(",");
    TRY(store_id(db, place.county, &w->id));
    TRY(S_secret(db, &w->secret));
    TRY(vault_new_key(db, place.county, key, &wrapped));
    struct str sealed = seal(key, w->secret, db->arena);
    sodium_memzero(key, sizeof key);
    if (!sealed.p || !kept.p)
        return ERR_MEMORY;
    *db->note =
        (struct note){.subject = w->id, .district = place.at.district, .street = place.at.street};
    return store_exec(
        db,
        "INSERT INTO webhook (id, county, unit, district, street, community, grid, url, acts, "
        "secret, key, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        ARGS(A_INT(w->id), A_INT(place.county), A_INT(w->unit), A_ID(place.at.district),
             A_ID(place.at.street), A_ID(place.at.community), A_ID(place.at.grid), A_TEXT(w->url),
             A_TEXT(kept), A_BLOB(sealed), A_BLOB(wrapped), A_INT(db->now)),
        NULL);
}

struct list_in {
    int64_t limit;
    struct str after;
};
static const struct field list_fields[] = {
    F_INT(struct list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Webhooks a page, 20 by default."),
    F_TEXT(struct list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
};
static const struct entity list_entity = ENTITY(struct list_in, "WebhookList", list_fields);

#define WEBHOOK "SELECT id, unit, url, acts, created_at, ended_at FROM webhook WHERE id > $2 AND "

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = WEBHOOK "district = $1 ORDER BY id LIMIT $3",
        [LEVEL_STREET] = WEBHOOK "street = $1 ORDER BY id LIMIT $3",
        [LEVEL_COMMUNITY] = WEBHOOK "community = $1 ORDER BY id LIMIT $3",
        [LEVEL_GRID] = WEBHOOK "grid = $1 ORDER BY id LIMIT $3"};
    *ret = (struct list){0};
    if (!sql[hat->level])
        return OK;
    return store_all(db, sql[hat->level], ARGS(A_INT(hat->unit), A_INT(s->after), A_INT(s->most)),
                     &webhook_entity, (size_t)s->most, ret);
}

static enum err S_list(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct list_in *in = data;
    struct page *page = out;
    struct scan scan = {.row = &webhook_entity, .fetch = S_fetch, .in = in};
    TRY(scope_page(db, by, &scan, in->after, in->limit, page));
    struct webhook *w = page->items.items;
    for (size_t i = 0; i < page->items.n; i++)
        S_acts_shown(&w[i]);
    return OK;
}

static const struct field reach_fields[] = {
    F_ID(struct ancestors, district), F_ID(struct ancestors, street),
    F_ID(struct ancestors, community), F_ID(struct ancestors, grid)};
static const struct entity reach_entity = ENTITY(struct ancestors, "WebhookReach", reach_fields);

static enum err S_reach(struct store *db, int64_t id, struct reach *ret)
{
    return store_one(db, "SELECT district, street, community, grid FROM webhook WHERE id = $1",
                     ARGS(A_INT(id)), &reach_entity, &ret->at);
}

static const struct field id_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The webhook.")};
static const struct entity id_entity = ENTITY(struct subject_in, "WebhookId", id_fields);

static enum err S_end(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    (void)ret;
    return webhook_end(db, ((const struct subject_in *)in)->id);
}

struct sent {
    int64_t id, seq, created_at, next_at, ended_at, attempts;
    struct str state, error;
};
static const struct field sent_fields[] = {
    F_ID(struct sent, id, .required = true, .doc = "webhook-id is msg_ and this."),
    F_INT(struct sent, seq, .required = true, .doc = "Number of the event."),
    F_TEXT(struct sent, state, .required = true,
           .doc = "waiting, sending, sent, failed (and tried again), given_up."),
    F_INT(struct sent, attempts, .required = true, .doc = "How often it was tried."),
    F_TEXT(struct sent, error, .doc = "Why the last attempt failed."),
    F_TIME(struct sent, created_at, .required = true, .doc = "Since when it waits."),
    F_TIME(struct sent, next_at, .doc = "When it is tried next."),
    F_TIME(struct sent, ended_at, .doc = "When it was sent or given up."),
};
static const struct entity sent_entity = ENTITY(struct sent, "WebhookDelivery", sent_fields);

struct sent_in {
    int64_t id, after, limit;
};
static const struct field sent_in_fields[] = {
    F_ID(struct sent_in, id, .from = IN_PATH, .required = true, .doc = "The webhook."),
    F_ID(struct sent_in, after, .from = IN_QUERY, .doc = "`next` of the page before."),
    F_INT(struct sent_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Deliveries a page, 20 by default."),
};
static const struct entity sent_in_entity =
    ENTITY(struct sent_in, "WebhookDeliveries", sent_in_fields);

static enum err S_sent(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct sent_in *in = data;
    struct page *page = out;
    int64_t limit = in->limit == NO_INT ? PAGE_DEFAULT : in->limit;
    (void)by;
    TRY(store_all(db,
                  "SELECT id, seq, state, attempts, error, created_at, next_at, ended_at "
                  "FROM outbox WHERE webhook = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                  ARGS(A_INT(in->id), A_INT(in->after ? in->after : INT64_MAX), A_INT(limit + 1)),
                  &sent_entity, (size_t)limit + 1, &page->items));
    if (page->items.n > (size_t)limit) {
        page->items.n = (size_t)limit;
        const struct sent *last = (const struct sent *)page->items.items + limit - 1;
        page->next = arena_printf(db->arena, "%lld", (long long)last->id);
    }
    return OK;
}

static const struct route routes[] = {
    {.op = "webhooks.list",
     .verb = "GET",
     .path = "/api/webhooks",
     .work = QUERY,
     .perm = PERM_WEBHOOK_WRITE,
     .fn = S_list,
     .in = &list_entity,
     .out = &webhook_entity,
     .page = true,
     .status = 200,
     .doc = "Where the events of the units you administer are sent."},
    {.op = "webhooks.create",
     .verb = "POST",
     .path = "/api/webhooks",
     .work = COMMAND,
     .perm = PERM_WEBHOOK_WRITE,
     .fn = S_create,
     .in = &new_entity,
     .out = &webhook_entity,
     .status = 201,
     .doc = "Have a unit's events sent somewhere; the secret is told this once."},
    {.op = "webhooks.end",
     .verb = "POST",
     .path = "/api/webhooks/{id}/end",
     .work = COMMAND,
     .perm = PERM_WEBHOOK_WRITE,
     .fn = S_end,
     .in = &id_entity,
     .reach = S_reach,
     .status = 204,
     .doc = "Send no more there."},
    {.op = "webhooks.deliveries",
     .verb = "GET",
     .path = "/api/webhooks/{id}/deliveries",
     .work = QUERY,
     .perm = PERM_WEBHOOK_WRITE,
     .fn = S_sent,
     .in = &sent_in_entity,
     .out = &sent_entity,
     .page = true,
     .reach = S_reach,
     .status = 200,
     .doc = "What was sent there and how it went, newest first."},
};

const struct module webhook_module = {.name = "webhooks",
                                      .doc = "Events sent to other systems.",
                                      .source = "src/domain/notice/webhook_api.c",
                                      .routes = routes,
                                      .n = COUNT_OF(routes)};
