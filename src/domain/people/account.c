#include "domain/people/account.h"

#include "domain/people/credential.h"
#include "domain/people/people_api.h"
#include "domain/people/scope.h"

static const struct field account_fields[] = {
    F_ID(struct account, id, .required = true, .doc = "The account."),
    F_TEXT(struct account, login, .doc = "Login name; none: it signs in by link only."),
    F_TEXT(struct account, name, .required = true, .doc = "As colleagues see it."),
    F_ID(struct account, person, .doc = "The person it belongs to."),
    F_ID(struct account, district, .doc = "The county whose administrators look after it."),
    F_ID(struct account, street, .doc = "The street whose administrators look after it."),
    F_BOOL(struct account, has_password, .required = true, .doc = "Whether a password is set."),
    F_BOOL(struct account, has_link, .required = true,
           .doc = "Whether a one-time link waits to be used."),
    F_TIME(struct account, locked_until, .doc = "Until when failed sign-ins lock it."),
    F_TIME(struct account, created_at, .required = true, .doc = "When it was made."),
    F_TIME(struct account, disabled_at, .doc = "When it was disabled."),
    F_LIST(struct account, hats, .of = &hat_entity, .required = true,
           .doc = "What it may act as now."),
};
const struct entity account_entity = ENTITY(struct account, "Account", account_fields);

/* $1 is now. */
#define ACCOUNT                                                                                    \
    "SELECT id, login, name, person, district, street, created_at, disabled_at, "                  \
    "CASE WHEN password IS NULL THEN 0 ELSE 1 END AS has_password, "                               \
    "CASE WHEN EXISTS (SELECT 1 FROM link WHERE link.account = account.id "                        \
    "AND link.used_at IS NULL AND link.expires_at > $1) THEN 1 ELSE 0 END AS has_link, "           \
    "CASE WHEN failures >= $2 AND locked_until > $1 THEN locked_until END AS locked_until "        \
    "FROM account WHERE "

enum err account_hats(struct store *db, struct list *accounts)
{
    struct account *a = accounts->items;
    for (size_t i = 0; i < accounts->n; i++)
        TRY(hats_of(db, a[i].id, &a[i].hats));
    return OK;
}

enum err account_get(struct store *db, int64_t id, struct account *ret)
{
    TRY(store_one(db, ACCOUNT "id = $3", ARGS(A_INT(db->now), A_INT(LOCK_FAILURES), A_INT(id)),
                  &account_entity, ret));
    return hats_of(db, id, &ret->hats);
}

enum err account_page(struct store *db, enum level level, int64_t unit, int64_t after, int64_t most,
                      struct list *ret)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = ACCOUNT "district = $3 AND id > $4 ORDER BY id LIMIT $5",
        [LEVEL_STREET] = ACCOUNT "street = $3 AND id > $4 ORDER BY id LIMIT $5",
    };
    *ret = (struct list){0};
    if (!sql[level])
        return OK;
    return store_all(
        db, sql[level],
        ARGS(A_INT(db->now), A_INT(LOCK_FAILURES), A_INT(unit), A_INT(after), A_INT(most)),
        &account_entity, (size_t)most, ret);
}

enum err account_all(struct store *db, int64_t after, int64_t most, struct list *ret)
{
    TRY(store_all(db, ACCOUNT "id > $3 ORDER BY id LIMIT $4",
                  ARGS(A_INT(db->now), A_INT(LOCK_FAILURES), A_INT(after), A_INT(most)),
                  &account_entity, (size_t)most, ret));
    return account_hats(db, ret);
}

bool form_login(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = c >= 'a' && c <= 'z';
        bool other = (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!letter && (!other || i == 0))
            return false;
    }
    return true;
}

static enum err S_login_free(struct store *db, struct str login)
{
    struct credential other;
    enum err err = credential_by_login(db, login, &other);
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    return store_fault(db, ERR_CONFLICT, "/login", "taken", "这个登录名已有人使用，请换一个。",
                       "This login is taken; choose another.");
}

/* For whoever does not come through a route's descriptor. */
static enum err S_form(struct store *db, const struct account_new *in, struct str login)
{
    bool name = in->name.n > 0 && utf8_valid(in->name) == in->name.n &&
                utf8_count(in->name) <= ACCOUNT_NAME_MAX;
    if (!name)
        return store_fault(db, ERR_INVALID, "/name", "length", "姓名要 1 到 30 个字。",
                           "A name has 1 to 30 characters.");
    if (login.p && (login.n < LOGIN_MIN || login.n > LOGIN_MAX || !form_login(login)))
        return store_fault(db, ERR_INVALID, "/login", "form",
                           "登录名要 3 到 64 个字符：小写字母开头，其后为小写字母、数字和 . _ -。",
                           "A login has 3 to 64 characters: a lower-case letter, then lower-case "
                           "letters, digits and . _ -.");
    return OK;
}

enum err account_create(struct store *db, const struct account_new *in, int64_t *ret)
{
    struct unit_place place;
    struct str login = in->login.p ? text_lower(in->login, db->arena) : NO_STR;
    TRY(S_form(db, in, login));
    TRY(unit_place(db, in->unit, &place));
    if (login.p)
        TRY(S_login_free(db, login));
    TRY(store_id(db, place.county, ret));
    return store_exec(
        db,
        "INSERT INTO account (id, county, login, name, district, street, password, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        ARGS(A_INT(*ret), A_INT(place.county), A_TEXT(login), A_TEXT(in->name),
             A_ID(place.at.district), A_ID(place.at.street), A_TEXT(in->password), A_INT(db->now)),
        NULL);
}

enum err account_disable(struct store *db, int64_t id)
{
    TRY(store_exec(db, "UPDATE account SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL",
                   ARGS(A_INT(id), A_INT(db->now)), NULL));
    return credential_revoke(db, id, NULL);
}

enum err account_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct credential c;
    TRY(credential_by_id(db, id, &c));
    ret->at.district = c.district;
    ret->at.street = c.street;
    return OK;
}
