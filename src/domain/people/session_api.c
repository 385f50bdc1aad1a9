/* Signing in and out, and one's own password. */
#include "domain/people/credential.h"
#include "domain/people/hat.h"
#include "domain/people/people_api.h"
#include "gate/gate.h"

/* Exactly one of login with password, link, tracking. */
struct session_in {
    struct str login, password, link, tracking;
    /* Found out by prepare. */
    int64_t account;     /* whose login it is, 0: nobody's */
    struct str compared; /* the stored password that was looked at */
    bool proved;
};
static const struct field session_in_fields[] = {
    F_TEXT(struct session_in, login, .class = CLASS_PERSONAL, .min = 1, .max = 64,
           .doc = "Login name, with password."),
    F_TEXT(struct session_in, password, .class = CLASS_SENSITIVE, .min = 1, .max = PASSWORD_MAX,
           .doc = "Password, with login."),
    F_TEXT(struct session_in, link, .class = CLASS_SENSITIVE, .min = 16, .max = 64,
           .doc = "The token of a one-time sign-in link."),
    F_TEXT(struct session_in, tracking, .class = CLASS_SENSITIVE, .min = 8, .max = 64,
           .doc = "A matter's tracking code: the session sees this matter and nothing else."),
};
const struct entity session_in_entity = ENTITY(struct session_in, "SessionNew", session_in_fields);

struct session_out {
    struct str token;
    int64_t expires_at, account, person, matter;
    struct str name;
    struct list hats;
};
static const struct field session_out_fields[] = {
    F_TEXT(struct session_out, token, .class = CLASS_SENSITIVE,
           .doc = "The session token, told once: Authorization: Bearer, or the cookie."),
    F_TIME(struct session_out, expires_at, .required = true, .doc = "When the session ends."),
    F_ID(struct session_out, account, .doc = "The account; none with a tracking code."),
    F_TEXT(struct session_out, name, .doc = "The account's name, as colleagues see it."),
    F_ID(struct session_out, person, .doc = "The person the account belongs to."),
    F_ID(struct session_out, matter, .doc = "The one matter of a tracking code's session."),
    F_LIST(struct session_out, hats, .of = &hat_entity, .required = true,
           .doc = "What the account may act as."),
};
const struct entity session_out_entity = ENTITY(struct session_out, "Session", session_out_fields);

static enum err S_one_way(struct store *db, const struct session_in *in)
{
    bool by_login = in->login.p || in->password.p;
    if (by_login + (in->link.p != NULL) + (in->tracking.p != NULL) != 1)
        return store_fault(db, ERR_INVALID, "", "one_of",
                           "请用登录名和密码、登录链接、查询码中的一种登录。",
                           "Sign in one way: login and password, link, or tracking.");
    if (by_login && !in->login.p)
        return store_fault(db, ERR_INVALID, "/login", "required", "请填写登录名。",
                           "The login is missing.");
    if (by_login && !in->password.p)
        return store_fault(db, ERR_INVALID, "/password", "required", "请填写密码。",
                           "The password is missing.");
    return OK;
}

enum err sessions_prepare(struct store *db, const struct actor *by, void *in)
{
    struct session_in *s = in;
    struct credential c = {0};
    (void)by;
    s->account = 0;
    s->compared = NO_STR;
    s->proved = false;
    TRY(S_one_way(db, s));
    if (!s->login.p)
        return OK;
    enum err err = credential_by_login(db, s->login, &c);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK)
        TRY(credential_open(db, &c));
    s->account = c.id;
    s->compared = c.password;
    s->proved = credential_proves(c.password, s->password);
    return OK;
}

/* A refusal that names an account is worth a row, so that its administrators see the guessing. */
static enum err S_refuse(struct store *db, const struct actor *by, const struct credential *c,
                         const char *field, const char *op)
{
    *db->note = (struct note){
        .subject = c->id, .district = c->district, .street = c->street, .reason = S("wrong")};
    TRY(credential_failed(db, c));
    TRY(audit_write(db, by, op));
    return credential_wrong(db, field);
}

/* The time between prepare and here is anyone's: the lock, and what was compared, are looked at
 * once more. */
static enum err S_by_password(struct store *db, const struct actor *by, const struct session_in *in,
                              struct credential *ret)
{
    if (!in->account)
        return credential_wrong(db, "");
    TRY(credential_by_id(db, in->account, ret));
    TRY(credential_open(db, ret));
    if (ret->disabled_at || (in->proved && !str_eq(ret->password, in->compared)))
        return credential_wrong(db, "");
    return in->proved ? OK : S_refuse(db, by, ret, "", "sessions.create");
}

static enum err S_by_link(struct store *db, struct str link, struct credential *ret)
{
    int64_t account = 0;
    enum err err = link_use(db, link, &account);
    if (err == OK)
        err = credential_by_id(db, account, ret);
    if (err == ERR_NOT_FOUND || (err == OK && ret->disabled_at))
        return store_fault(
            db, ERR_DENIED, "/link", "wrong",
            "这个链接不能再用：用过了、过了 7 天，或已被新的链接代替。请让给您链接的人再发一个。",
            "This link is no longer good: it was used, is older than 7 days, or a newer one "
            "replaced "
            "it. Ask whoever gave it to you for another.");
    return err;
}

struct tracked {
    int64_t id, district, street;
};
static const struct field tracked_fields[] = {
    F_ID(struct tracked, id), F_ID(struct tracked, district), F_ID(struct tracked, street)};
static const struct entity tracked_entity = ENTITY(struct tracked, "Tracked", tracked_fields);

static enum err S_by_tracking(struct store *db, struct str tracking, struct session_out *ret)
{
    struct str code = code_canonical(tracking, db->arena);
    struct str hash =
        code.p ? vault_hash_str(db->world->vault, HASH_TRACKING, code, db->arena) : NO_STR;
    if (!hash.p)
        return ERR_MEMORY;
    struct tracked m;
    enum err err = store_one(db, "SELECT id, district, street FROM matter WHERE tracking = $1",
                             ARGS(A_BLOB(hash)), &tracked_entity, &m);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_DENIED, "/tracking", "wrong",
                           "没有这个查询码。它是 16 位字母和数字，像 3k4k 63ka xhzp d9hx，报完事时"
                           "在屏幕上显示过；不是事项编号。找不到了，请问社区。",
                           "There is no such tracking code. It is 16 letters and digits, like 3k4k "
                           "63ka xhzp d9hx, shown on the screen when the request was sent; it is "
                           "not the request's number. If it is lost, ask your community.");
    TRY(err);
    *db->note = (struct note){.subject = m.id, .district = m.district, .street = m.street};
    ret->matter = m.id;
    return session_start(db, 0, ret->matter, &ret->token, &ret->expires_at);
}

static enum err S_end(struct store *db, const struct actor *by)
{
    struct str hash = {(const char *)by->session, HASH_SIZE};
    return store_exec(db, "DELETE FROM session WHERE hash = $1", ARGS(A_BLOB(hash)), NULL);
}

static enum err S_account(struct store *db, int64_t account, struct session_out *ret)
{
    static const char sql[] = "SELECT id AS account, name, person FROM account WHERE id = $1";
    struct session_out found;
    TRY(store_one(db, sql, ARGS(A_INT(account)), &session_out_entity, &found));
    ret->account = found.account;
    ret->name = found.name;
    ret->person = found.person;
    return hats_of(db, account, &ret->hats);
}

enum err sessions_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct session_in *s = in;
    struct session_out *out = ret;
    struct credential c = {0};
    if (s->tracking.p)
        return S_by_tracking(db, s->tracking, out);
    TRY(s->link.p ? S_by_link(db, s->link, &c) : S_by_password(db, by, s, &c));
    TRY(credential_succeeded(db, &c));
    /* Whoever was signed in here before is not any more. */
    TRY(S_end(db, by));
    TRY(session_start(db, c.id, 0, &out->token, &out->expires_at));
    *db->note = (struct note){.subject = c.id, .district = c.district, .street = c.street};
    return S_account(db, c.id, out);
}

enum err sessions_current(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct session_out *out = ret;
    struct str hash = {(const char *)by->session, HASH_SIZE};
    (void)in;
    TRY(store_int(db, "SELECT expires_at FROM session WHERE hash = $1", ARGS(A_BLOB(hash)),
                  &out->expires_at));
    if (by->account)
        return S_account(db, by->account, out);
    out->matter = by->hats[0].matter;
    return OK;
}

enum err sessions_delete(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)in;
    (void)ret;
    db->note->subject = by->account;
    return S_end(db, by);
}

struct password_in {
    struct str current, password;
    /* By prepare. */
    struct str compared, hash;
    bool proved;
};
static const struct field password_in_fields[] = {
    F_TEXT(struct password_in, current, .class = CLASS_SENSITIVE, .min = 1, .max = PASSWORD_MAX,
           .doc = "The password so far; needed when one is set."),
    F_TEXT(struct password_in, password, .class = CLASS_SENSITIVE, .required = true,
           .min = PASSWORD_MIN, .max = PASSWORD_MAX,
           .doc = "The new password: not the login name, not one character repeated, not one of "
                  "the most common."),
};
const struct entity password_in_entity =
    ENTITY(struct password_in, "PasswordNew", password_in_fields);

enum err passwords_prepare(struct store *db, const struct actor *by, void *in)
{
    struct password_in *p = in;
    struct credential c;
    p->compared = p->hash = NO_STR;
    p->proved = false;
    if (!by->account)
        return store_fault(db, ERR_FORBIDDEN, "", "tracking", "用查询码登录时没有密码可设。",
                           "A tracking code's session has no password.");
    TRY(credential_by_id(db, by->account, &c));
    TRY(password_fit(db, c.login, p->password));
    TRY(credential_open(db, &c));
    p->compared = c.password;
    p->proved = !c.password.p || (p->current.p && credential_proves(c.password, p->current));
    p->hash = p->proved ? password_hash(p->password, db->arena) : NO_STR;
    return p->proved && !p->hash.p ? ERR_MEMORY : OK;
}

enum err passwords_set(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct password_in *p = in;
    struct credential c;
    (void)ret;
    TRY(credential_by_id(db, by->account, &c));
    TRY(credential_open(db, &c));
    if (c.password.p && !p->current.p)
        return store_fault(db, ERR_INVALID, "/current", "required", "请填写原密码。",
                           "The password so far is missing.");
    if (!p->proved)
        return S_refuse(db, by, &c, "/current", "passwords.set");
    if (!str_eq(c.password, p->compared) || !c.password.p != !p->compared.p)
        return store_fault(db, ERR_CONFLICT, "/current", "changed", "密码刚刚被改过，请重新登录。",
                           "The password has just been changed; sign in again.");
    TRY(store_exec(db,
                   "UPDATE account SET password = $2, failures = 0, locked_until = 0 WHERE id = $1",
                   ARGS(A_INT(by->account), A_TEXT(p->hash)), NULL));
    *db->note = (struct note){.subject = c.id, .district = c.district, .street = c.street};
    return credential_revoke(db, by->account, by->session);
}
