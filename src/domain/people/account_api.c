/* What security administrators do: accounts, their links, their hats. */
#include "domain/people/account.h"
#include "domain/people/people_api.h"
#include "domain/people/scope.h"

struct list_in {
    int64_t limit;
    struct str after;
};
static const struct field account_list_in_fields[] = {
    F_INT(struct list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Accounts a page, 20 by default."),
    F_TEXT(struct list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
};
const struct entity account_list_in_entity =
    ENTITY(struct list_in, "AccountList", account_list_in_fields);

struct account_id {
    int64_t id;
};
static const struct field account_id_fields[] = {
    F_ID(struct account_id, id, .from = IN_PATH, .required = true, .doc = "The account.")};
const struct entity account_id_entity = ENTITY(struct account_id, "AccountId", account_id_fields);

struct account_in {
    struct str login, name;
    int64_t unit;
};
static const struct field account_in_fields[] = {
    F_TEXT(struct account_in, login, .min = LOGIN_MIN, .max = LOGIN_MAX, .form = form_login,
           .form_doc = "a lower-case letter, then lower-case letters, digits and . _ -",
           .form_zh = "小写字母开头，后面是小写字母、数字和 . _ -",
           .doc = "Login name; without one the account signs in by link only."),
    F_TEXT(struct account_in, name, .required = true, .min = 1, .max = ACCOUNT_NAME_MAX,
           .doc = "The name colleagues see."),
    F_ID(struct account_in, unit, .required = true,
         .doc = "The unit it belongs to: its county and street look after the account."),
};
const struct entity account_in_entity = ENTITY(struct account_in, "AccountNew", account_in_fields);

struct account_link {
    int64_t id;
    struct str link;
    int64_t expires_at;
};
static const struct field account_link_fields[] = {
    F_ID(struct account_link, id, .required = true, .doc = "The account."),
    F_TEXT(struct account_link, link, .class = CLASS_SENSITIVE, .required = true,
           .doc = "A token that signs it in once; earlier ones are void."),
    F_TIME(struct account_link, expires_at, .required = true, .doc = "Until when it may be used."),
};
const struct entity account_link_entity =
    ENTITY(struct account_link, "AccountLink", account_link_fields);

struct hat_in {
    int64_t id;
    struct str role;
    int64_t unit, party, person;
};
static const struct field hat_in_fields[] = {
    F_ID(struct hat_in, id, .from = IN_PATH, .required = true, .doc = "The account."),
    F_TEXT(struct hat_in, role, .required = true, .codes = &role_names[1], .doc = "The role."),
    F_ID(struct hat_in, unit, .doc = "Where it is held: a county, street, community or grid."),
    F_ID(struct hat_in, party, .doc = "The party it is held as (handler, volunteer)."),
    F_ID(struct hat_in, person, .doc = "The person it is held as (resident)."),
};
const struct entity hat_in_entity = ENTITY(struct hat_in, "HatNew", hat_in_fields);

struct hat_path {
    int64_t id, hat;
};
static const struct field hat_path_fields[] = {
    F_ID(struct hat_path, id, .from = IN_PATH, .required = true, .doc = "The account."),
    F_ID(struct hat_path, hat, .from = IN_PATH, .required = true, .doc = "The hat."),
};
const struct entity hat_path_entity = ENTITY(struct hat_path, "HatId", hat_path_fields);

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    return account_page(db, hat->level, hat->unit, s->after, s->most, ret);
}

enum err accounts_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct list_in *q = in;
    struct page *page = ret;
    struct scan scan = {.row = &account_entity, .fetch = S_fetch};
    TRY(scope_page(db, by, &scan, q->after, q->limit, page));
    return account_hats(db, &page->items);
}

enum err accounts_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return account_get(db, ((const struct account_id *)in)->id, ret);
}

static enum err S_link(struct store *db, int64_t account, struct account_link *ret)
{
    ret->id = account;
    return link_create(db, account, &ret->link, &ret->expires_at);
}

enum err accounts_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct account_in *a = in;
    struct account_new made = {.login = a->login, .name = a->name, .unit = a->unit};
    struct unit_place place;
    int64_t id = 0;
    TRY(scope_unit(db, by, a->unit, &place));
    TRY(account_create(db, &made, &id));
    *db->note =
        (struct note){.subject = id, .district = place.at.district, .street = place.at.street};
    return S_link(db, id, ret);
}

enum err accounts_link(struct store *db, const struct actor *by, const void *in, void *ret)
{
    int64_t id = ((const struct account_id *)in)->id;
    struct account a;
    (void)by;
    TRY(account_get(db, id, &a));
    if (a.disabled_at)
        return store_fault(db, ERR_CONFLICT, "", "disabled", "这个账号已停用。",
                           "The account is disabled.");
    return S_link(db, id, ret);
}

/* Nobody raises, lowers or shuts out themselves: it takes a second administrator. */
static enum err S_not_self(struct store *db, const struct actor *by, int64_t account)
{
    if (by->account != account)
        return OK;
    return store_fault(db, ERR_FORBIDDEN, "", "self",
                       "不能对自己的账号这样做，请由另一位管理员办理。",
                       "Not to your own account: another administrator must do it.");
}

enum err accounts_disable(struct store *db, const struct actor *by, const void *in, void *ret)
{
    int64_t id = ((const struct account_id *)in)->id;
    (void)ret;
    TRY(S_not_self(db, by, id));
    return account_disable(db, id);
}

/* What a hat was given for is in its audit row: which role, and at what. */
static void S_note(struct store *db, struct str role, int64_t at)
{
    db->note->reason = arena_printf(db->arena, STR_F " %lld", STR_A(role), (long long)at);
}

enum err hats_grant(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct hat_in *h = in;
    struct hat_new made = {.account = h->id,
                           .role = role_parse(h->role),
                           .unit = h->unit,
                           .party = h->party,
                           .person = h->person};
    struct ancestors at = {0};
    int64_t id = 0;
    TRY(S_not_self(db, by, h->id));
    enum err err =
        h->unit || h->party || h->person ? hat_place(db, h->unit, h->party, h->person, &at) : OK;
    if (err == ERR_NOT_FOUND || (err == OK && at.district && !scope_covers(by, &at)))
        return store_fault(db, ERR_INVALID,
                           h->unit    ? "/unit"
                           : h->party ? "/party"
                                      : "/person",
                           "unknown", "没有找到，或不在您的范围内。",
                           "There is no such thing, or it is out of your reach.");
    TRY(err);
    TRY(hat_grant(db, &made, &id));
    S_note(db, h->role, h->unit ? h->unit : h->party ? h->party : h->person);
    return hat_find(db, h->id, id, ret);
}

enum err hats_revoke(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct hat_path *p = in;
    struct hat_out hat;
    struct ancestors at = {0};
    (void)ret;
    TRY(S_not_self(db, by, p->id));
    TRY(hat_find(db, p->id, p->hat, &hat));
    TRY(hat_place(db, hat.unit, hat.party, hat.person, &at));
    if (!scope_covers(by, &at))
        return store_fault(db, ERR_FORBIDDEN, "", "foreign", "这个身份由别处授予，您不能收回。",
                           "This hat lies outside your reach.");
    S_note(db, hat.role, hat.unit ? hat.unit : hat.party ? hat.party : hat.person);
    return hat_end(db, p->hat);
}
