#include "domain/people/credential.h"

#include "gate/gate.h"

#include <string.h>

enum { LINK_BYTES = 20, PURGE_MOST = 100 };
static const int64_t minute_ms = 60000, day_ms = 86400000;

static const struct field credential_fields[] = {
    F_ID(struct credential, id),           F_INT(struct credential, county),
    F_ID(struct credential, district),     F_ID(struct credential, street),
    F_TEXT(struct credential, login),      F_TEXT(struct credential, password),
    F_INT(struct credential, failures),    F_TIME(struct credential, locked_until),
    F_TIME(struct credential, disabled_at)};
static const struct entity credential_entity =
    ENTITY(struct credential, "Credential", credential_fields);

#define CREDENTIAL                                                                                 \
    "SELECT id, county, district, street, login, password, failures, locked_until, disabled_at "   \
    "FROM account WHERE "

enum err credential_by_login(struct store *db, struct str login, struct credential *ret)
{
    return store_one(db, CREDENTIAL "login = $1", ARGS(A_TEXT(text_lower(login, db->arena))),
                     &credential_entity, ret);
}

enum err credential_by_id(struct store *db, int64_t account, struct credential *ret)
{
    return store_one(db, CREDENTIAL "id = $1", ARGS(A_INT(account)), &credential_entity, ret);
}

bool credential_proves(struct str stored, struct str password)
{
    /* Of a random text that nobody kept, with the cost password_hash uses. */
    static const char of_nothing[] = "$argon2id$v=19$m=65536,t=2,p=1$Dr7KYjjculkUo/HeCGFY4A$"
                                     "inqRrIITw37bgGf5QPCPUzXOL9fIBIhEa+VU++vlEXU";
    bool same = password_matches(stored.p ? stored : str_of(of_nothing), password);
    return same && stored.p;
}

/* How many failures count now. */
static int64_t S_standing(const struct store *db, const struct credential *c)
{
    return db->now < c->locked_until ? c->failures : 0;
}

enum err credential_open(struct store *db, const struct credential *c)
{
    char until[25];
    if (S_standing(db, c) < LOCK_FAILURES)
        return OK;
    long long minutes = (c->locked_until - db->now + minute_ms - 1) / minute_ms;
    struct fault fault = {
        .code = S("locked"),
        .zh = arena_printf(db->arena, "密码错误次数太多，请在 %lld 分钟后再试。", minutes),
        .en = arena_printf(db->arena, "Too many failures; try again in %lld minutes.", minutes),
        .allowed = arena_str(db->arena, time_text(c->locked_until, until)),
    };
    return problem_add(db->problem, ERR_DENIED, fault);
}

enum err credential_failed(struct store *db, const struct credential *c)
{
    return store_exec(
        db, "UPDATE account SET failures = $2, locked_until = $3 WHERE id = $1",
        ARGS(A_INT(c->id), A_INT(S_standing(db, c) + 1), A_INT(db->now + LOCK_MINUTES * minute_ms)),
        NULL);
}

enum err credential_succeeded(struct store *db, const struct credential *c)
{
    return store_exec(db,
                      "UPDATE account SET failures = 0, locked_until = 0 "
                      "WHERE id = $1 AND failures > 0",
                      ARGS(A_INT(c->id)), NULL);
}

enum err credential_wrong(struct store *db, const char *field)
{
    return store_fault(db, ERR_DENIED, field, "wrong", "登录信息不正确，或已失效。",
                       "That is not right, or is no longer valid.");
}

struct str text_lower(struct str s, struct arena *a)
{
    char *p = arena_alloc(a, s.n + 1);
    if (!p)
        return NO_STR;
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + ('a' - 'A') : s.p[i]);
    return (struct str){p, s.n};
}

struct str code_canonical(struct str typed, struct arena *a)
{
    struct str s = text_lower(typed, a);
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!s.p || !p)
        return NO_STR;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == ' ' || c == '-')
            continue;
        c = (char)(c == 'o' ? '0' : c);
        p[n++] = (char)(c == 'i' || c == 'l' ? '1' : c);
    }
    return (struct str){p, n};
}

/* The most common passwords that are long enough to pass the length rule. */
static const char *const common[] = {
    "1234567890",   "0123456789",   "0987654321",   "9876543210",    "12345678910", "123456789a",
    "a123456789",   "1234567891",   "123123123123", "1234512345",    "1122334455",  "1357924680",
    "1472583690",   "147258369a",   "123456789q",   "123456789qq",   "q123456789",  "qq123456789",
    "abc123456789", "abcd123456",   "abcd1234567",  "abc1234567",    "abcdefghij",  "a1b2c3d4e5",
    "a1234567890",  "aa123456789",  "1q2w3e4r5t",   "1qaz2wsx3edc",  "q1w2e3r4t5",  "qazwsxedcrfv",
    "qwertyuiop",   "qwerty12345",  "qwerty123456", "asdfghjkl;",    "zxcvbnm123",  "password12",
    "password123",  "password1234", "p@ssw0rd123",  "administrator", "admin12345",  "admin123456",
    "iloveyou123",  "woaini1314",   "woaini520",    "woaini521314",  "5201314520",  "woaiwojia520",
    "zhang123456",  "wang123456",   "88888888888",  "passw0rd123",   "changeme123", "letmein123",
    "welcome123",
};

static bool S_common(struct str lower)
{
    for (size_t i = 0; i < COUNT_OF(common); i++) {
        if (str_eq(lower, str_of(common[i])))
            return true;
    }
    return false;
}

static bool S_one_character(struct str s)
{
    size_t at = 0;
    uint32_t first = s.n ? utf8_next(s, &at) : 0;
    while (at < s.n) {
        if (utf8_next(s, &at) != first)
            return false;
    }
    return true;
}

enum err password_fit(struct store *db, struct str login, struct str password)
{
    struct str lower = text_lower(password, db->arena);
    size_t n = utf8_count(password);
    if (!lower.p)
        return ERR_MEMORY;
    if (n < PASSWORD_MIN || n > PASSWORD_MAX)
        return store_fault(db, ERR_INVALID, "/password", "length", "密码要 10 到 200 个字符。",
                           "A password has 10 to 200 characters.");
    if (login.p && str_eq(lower, login))
        return store_fault(db, ERR_INVALID, "/password", "login", "密码不能与登录名相同。",
                           "The password must not be the login name.");
    if (S_one_character(password))
        return store_fault(db, ERR_INVALID, "/password", "same", "密码不能只是同一个字符。",
                           "The password must not be one character repeated.");
    if (S_common(lower))
        return store_fault(db, ERR_INVALID, "/password", "common",
                           "这个密码太常见，容易被猜中，请换一个。",
                           "That is one of the most common passwords; choose another.");
    return OK;
}

enum err link_create(struct store *db, int64_t account, struct str *token, int64_t *expires_at)
{
    unsigned char hash[HASH_SIZE];
    *token = token_new(LINK_BYTES, db->arena);
    if (!token->p)
        return ERR_MEMORY;
    vault_hash(db->world->vault, HASH_LINK, *token, hash);
    *expires_at = db->now + LINK_DAYS * day_ms;
    TRY(store_exec(db, "DELETE FROM link WHERE account = $1 AND used_at IS NULL",
                   ARGS(A_INT(account)), NULL));
    return store_exec(
        db, "INSERT INTO link (hash, account, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        ARGS(A_BLOB(((struct str){(const char *)hash, HASH_SIZE})), A_INT(account), A_INT(db->now),
             A_INT(*expires_at)),
        NULL);
}

enum err link_use(struct store *db, struct str token, int64_t *account)
{
    struct str code = code_canonical(token, db->arena);
    unsigned char hash[HASH_SIZE];
    if (!code.p)
        return ERR_MEMORY;
    vault_hash(db->world->vault, HASH_LINK, code, hash);
    return store_int(db,
                     "UPDATE link SET used_at = $2 WHERE hash = $1 AND used_at IS NULL "
                     "AND expires_at > $2 RETURNING account",
                     ARGS(A_BLOB(((struct str){(const char *)hash, HASH_SIZE})), A_INT(db->now)),
                     account);
}

enum err credential_revoke(struct store *db, int64_t account, const unsigned char *keep)
{
    static const unsigned char none[HASH_SIZE];
    struct str kept = {(const char *)(keep ? keep : none), HASH_SIZE};
    TRY(store_exec(db, "DELETE FROM session WHERE account = $1 AND hash <> $2",
                   ARGS(A_INT(account), A_BLOB(kept)), NULL));
    return store_exec(db, "DELETE FROM link WHERE account = $1 AND used_at IS NULL",
                      ARGS(A_INT(account)), NULL);
}

/* A few at a time: the writer has others to serve. */
enum err credential_purge(struct store *db, void *unused)
{
    (void)unused;
    TRY(store_exec(db,
                   "DELETE FROM session WHERE hash IN (SELECT hash FROM session "
                   "WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                   ARGS(A_INT(db->now), A_INT(PURGE_MOST)), NULL));
    return store_exec(db,
                      "DELETE FROM link WHERE hash IN (SELECT hash FROM link "
                      "WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
                      ARGS(A_INT(db->now), A_INT(PURGE_MOST)), NULL);
}
