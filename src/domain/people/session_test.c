#include "domain/people/credential.h"
#include "domain/people/people.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <string.h>

#define MINUTE ((int64_t)60000)
#define DAY    ((int64_t)86400000)

static enum err S_call(struct fixture *f, const char *op, struct actor *by, const char *params,
                       const char *body)
{
    return fixture_call(f, &people_module, op, by, params, body);
}

static int64_t S_count(struct fixture *f, const char *sql, int64_t id)
{
    int64_t n = -1;
    assert_int_equal(store_int(&f->db, sql, ARGS(A_INT(id)), &n), OK);
    return n;
}

/* A stored password that is quick to compare, so that the tests are. */
static void S_password(struct fixture *f, int64_t account, const char *password)
{
    char hash[crypto_pwhash_STRBYTES];
    assert_int_equal(crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_MIN,
                                       crypto_pwhash_MEMLIMIT_MIN),
                     0);
    assert_int_equal(store_exec(&f->db, "UPDATE account SET password = $2 WHERE id = $1",
                                ARGS(A_INT(account), A_TEXT(str_of(hash))), NULL),
                     OK);
}

static enum err S_sign_in(struct fixture *f, const char *login, const char *password)
{
    struct actor nobody = {0};
    return S_call(f, "sessions.create", &nobody, NULL,
                  fixture_text(f, "{'login':'%s','password':'%s'}", login, password));
}

static enum err S_link_in(struct fixture *f, struct str token)
{
    struct actor nobody = {0};
    return S_call(f, "sessions.create", &nobody, NULL,
                  fixture_text(f, "{'link':'" STR_F "'}", STR_A(token)));
}

/* --- Signing in --- */

static void S_test_one_way(void **state)
{
    static const struct {
        const char *body, *field, *code;
    } cases[] = {
        {"{}", "", "one_of"},
        {"{'login':'anna'}", "/password", "required"},
        {"{'password':'0123456789abc'}", "/login", "required"},
        {"{'login':'anna','password':'x','link':'0123456789abcdef'}", "", "one_of"},
        {"{'tracking':'01234567','link':'0123456789abcdef'}", "", "one_of"},
    };
    struct fixture *f = *state;
    struct actor nobody = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        fixture_assert_err(f, S_call(f, "sessions.create", &nobody, NULL, cases[i].body),
                           ERR_INVALID, cases[i].field, cases[i].code);
}

static void S_test_sign_in(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0), now;
    S_password(f, by.account, "long enough it is");
    fixture_assert_err(f, S_sign_in(f, "nobody", "long enough it is"), ERR_DENIED, "", "wrong");
    fixture_assert_err(f, S_sign_in(f, "user1", "long enough it was"), ERR_DENIED, "", "wrong");
    assert_int_equal(S_sign_in(f, "User1", "long enough it is"), OK);
    assert_int_equal(fixture_get_id(f, "account"), by.account);
    fixture_assert_text(f, "name", "测试");
    fixture_assert_text(f, "hats/0/role", "grid_worker");
    fixture_assert_text(f, "hats/0/kind", "unit");
    fixture_assert_text(f, "hats/0/level", "grid");
    fixture_assert_text(f, "hats/0/unit_name", "第一网格");
    struct str token = arena_str(f->arena, fixture_get(f, "token"));
    assert_int_equal(fixture_identify(f, token, &now), OK);
    assert_int_equal(now.account, by.account);
    /* From the cache as from the table. */
    unsigned char hash[HASH_SIZE];
    vault_hash(f->vault, HASH_SESSION, token, hash);
    assert_memory_equal(now.session, hash, HASH_SIZE);
    assert_int_equal(fixture_identify(f, token, &now), OK);
    assert_memory_equal(now.session, hash, HASH_SIZE);
    assert_int_equal(S_call(f, "sessions.current", &now, NULL, NULL), OK);
    assert_int_equal(fixture_get_id(f, "account"), by.account);
    fixture_assert_text(f, "token", NULL);
    assert_int_equal(S_call(f, "sessions.delete", &now, NULL, NULL), OK);
    assert_int_equal(fixture_identify(f, token, &now), ERR_UNAUTHENTICATED);
}

static void S_test_sign_in_again_ends_the_session_before(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    S_password(f, by.account, "long enough it is");
    assert_int_equal(
        S_call(f, "sessions.create", &by, NULL, "{'login':'user1','password':'long enough it is'}"),
        OK);
    assert_int_equal(S_count(f, "SELECT count(*) FROM session WHERE account = $1", by.account), 1);
}

static void S_test_lock(void **state)
{
    static const char failures[] = "SELECT failures FROM account WHERE id = $1";
    static const char told[] = "SELECT count(*) FROM audit WHERE subject = $1 AND reason = 'wrong'";
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    S_password(f, by.account, "long enough it is");
    for (int i = 1; i <= 4; i++) {
        fixture_assert_err(f, S_sign_in(f, "user1", "guess"), ERR_DENIED, "", "wrong");
        assert_int_equal(S_count(f, failures, by.account), i);
    }
    /* Failures age out: the count begins again. */
    f->db.now += 15 * MINUTE;
    for (int i = 1; i <= 5; i++)
        fixture_assert_err(f, S_sign_in(f, "user1", "guess"), ERR_DENIED, "", "wrong");
    assert_int_equal(S_count(f, failures, by.account), 5);
    assert_int_equal(S_count(f, told, by.account), 9);
    fixture_assert_err(f, S_sign_in(f, "user1", "long enough it is"), ERR_DENIED, "", "locked");
    assert_true(str_eq(f->problem.faults[0].allowed, S("2026-11-22T00:30:00.000Z")) ||
                str_eq(f->problem.faults[0].allowed, S("2026-11-22T00:30:00Z")));
    f->db.now += 15 * MINUTE - 1;
    fixture_assert_err(f, S_sign_in(f, "user1", "guess"), ERR_DENIED, "", "locked");
    assert_int_equal(S_count(f, failures, by.account), 5);
    f->db.now += 1;
    assert_int_equal(S_sign_in(f, "user1", "long enough it is"), OK);
    assert_int_equal(S_count(f, failures, by.account), 0);
}

static void S_test_link(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_SECURITY_ADMIN, f->chengguan, 0, 0);
    assert_int_equal(S_call(f, "accounts.create", &by, NULL,
                            fixture_text(f, "{'name':'李明','unit':'%lld'}", (long long)f->yannan)),
                     OK);
    int64_t id = fixture_get_id(f, "id");
    const char *path = fixture_text(f, "id=%lld", (long long)id);
    struct str first = arena_str(f->arena, fixture_get(f, "link"));
    assert_int_equal(first.n, 32);
    assert_int_equal(S_link_in(f, first), OK);
    assert_int_equal(fixture_get_id(f, "account"), id);
    fixture_assert_err(f, S_link_in(f, first), ERR_DENIED, "/link", "wrong");

    assert_int_equal(S_call(f, "accounts.link", &by, path, NULL), OK);
    struct str second = arena_str(f->arena, fixture_get(f, "link"));
    assert_int_equal(S_call(f, "accounts.link", &by, path, NULL), OK);
    struct str third = arena_str(f->arena, fixture_get(f, "link"));
    fixture_assert_err(f, S_link_in(f, second), ERR_DENIED, "/link", "wrong");
    f->db.now += 7 * DAY;
    fixture_assert_err(f, S_link_in(f, third), ERR_DENIED, "/link", "wrong");

    assert_int_equal(S_call(f, "accounts.link", &by, path, NULL), OK);
    struct str fourth = arena_str(f->arena, fixture_get(f, "link"));
    f->db.now += 7 * DAY - 1;
    assert_int_equal(S_link_in(f, fourth), OK);
}

/* A matter as far as tracking goes. */
static int64_t S_matter(struct fixture *f, const char *code)
{
    int64_t id = 0;
    struct str hash = vault_hash_str(f->vault, HASH_TRACKING, str_of(code), f->arena);
    assert_int_equal(store_id(&f->db, 7, &id), OK);
    assert_int_equal(
        store_exec(&f->db,
                   "INSERT INTO matter (id, county, number, kind, pack, stage, outcome, open, "
                   "title, source, unit, charge, district, tracking, created_at, due_at, "
                   "provisional, version) VALUES ($1, 7, 'x', 'repair', 1, 'new', 'none', 1, 'x', "
                   "'web', $2, $2, $3, $4, 0, 0, 0, 1)",
                   ARGS(A_INT(id), A_INT(f->yannan), A_INT(f->chengguan), A_BLOB(hash)), NULL),
        OK);
    return id;
}

static void S_test_tracking(void **state)
{
    struct fixture *f = *state;
    struct actor nobody = {0}, by;
    int64_t matter = S_matter(f, "0a1b2c3d4e");
    fixture_assert_err(f, S_call(f, "sessions.create", &nobody, NULL, "{'tracking':'0a1b2c3d4f'}"),
                       ERR_DENIED, "/tracking", "wrong");
    assert_int_equal(S_call(f, "sessions.create", &nobody, NULL, "{'tracking':'OA1B 2C3D-4E'}"),
                     OK);
    assert_int_equal(fixture_get_id(f, "matter"), matter);
    fixture_assert_text(f, "account", NULL);
    assert_int_equal(fixture_identify(f, arena_str(f->arena, fixture_get(f, "token")), &by), OK);
    assert_int_equal(by.hats[0].matter, matter);
    assert_int_equal(S_call(f, "sessions.current", &by, NULL, NULL), OK);
    assert_int_equal(fixture_get_id(f, "matter"), matter);
    fixture_assert_err(f, S_call(f, "passwords.set", &by, NULL, "{'password':'a good long one'}"),
                       ERR_FORBIDDEN, "", "tracking");
    assert_int_equal(S_call(f, "sessions.delete", &by, NULL, NULL), OK);
    assert_int_equal(S_call(f, "sessions.current", &by, NULL, NULL), ERR_NOT_FOUND);
}

static void S_test_purge(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct str token = NO_STR;
    int64_t end = 0;
    assert_int_equal(link_create(&f->db, by.account, &token, &end), OK);
    f->db.now += 7 * DAY;
    assert_int_equal(people_module.tick(&f->db, NULL), OK);
    assert_int_equal(S_count(f, "SELECT count(*) FROM link WHERE account = $1", by.account), 0);
    assert_int_equal(S_count(f, "SELECT count(*) FROM session WHERE account = $1", by.account), 1);
    f->db.now += 23 * DAY;
    assert_int_equal(people_module.tick(&f->db, NULL), OK);
    assert_int_equal(S_count(f, "SELECT count(*) FROM session WHERE account = $1", by.account), 0);
}

/* --- Passwords --- */

static void S_test_password_fit(void **state)
{
    static const struct {
        const char *password, *code; /* code NULL: fits */
    } cases[] = {
        {"short", "length"},
        {"九个字符不够长吗呢", "length"},
        {"十个字符可以算够长了", NULL},
        {"aaaaaaaaaaaa", "same"},
        {"好好好好好好好好好好", "same"},
        {"aaaaaaaaaaab", NULL},
        {"1234567890", "common"},
        {"Woaini1314", "common"},
        {"QWERTYUIOP", "common"},
        {"Zhang.Wei-2026", "login"},
        {"zhang.wei-2027", NULL},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        f->problem.count = 0;
        enum err err = password_fit(&f->db, S("zhang.wei-2026"), str_of(cases[i].password));
        if (cases[i].code)
            fixture_assert_err(f, err, ERR_INVALID, "/password", cases[i].code);
        else
            assert_int_equal(err, OK);
    }
}

static void S_test_password_set(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct str token = NO_STR, other = NO_STR;
    int64_t end = 0;
    assert_int_equal(session_start(&f->db, by.account, 0, &other, &end), OK);
    assert_int_equal(link_create(&f->db, by.account, &token, &end), OK);
    assert_int_equal(S_call(f, "passwords.set", &by, NULL, "{'password':'a good long one'}"), OK);
    struct actor now;
    assert_int_equal(fixture_identify(f, other, &now), ERR_UNAUTHENTICATED);
    fixture_assert_err(f, S_link_in(f, token), ERR_DENIED, "/link", "wrong");
    assert_int_equal(S_call(f, "sessions.current", &by, NULL, NULL), OK);
    assert_int_equal(S_sign_in(f, "user1", "a good long one"), OK);

    fixture_assert_err(f, S_call(f, "passwords.set", &by, NULL, "{'password':'another long one'}"),
                       ERR_INVALID, "/current", "required");
    fixture_assert_err(
        f,
        S_call(f, "passwords.set", &by, NULL, "{'current':'guess','password':'another long one'}"),
        ERR_DENIED, "/current", "wrong");
    assert_int_equal(S_count(f, "SELECT failures FROM account WHERE id = $1", by.account), 1);
    fixture_assert_err(f,
                       S_call(f, "passwords.set", &by, NULL,
                              "{'current':'a good long one','password':'1234567890'}"),
                       ERR_INVALID, "/password", "common");
    assert_int_equal(S_call(f, "passwords.set", &by, NULL,
                            "{'current':'a good long one','password':'another long one'}"),
                     OK);
    assert_int_equal(S_count(f, "SELECT failures FROM account WHERE id = $1", by.account), 0);
    fixture_assert_err(f, S_sign_in(f, "user1", "a good long one"), ERR_DENIED, "", "wrong");
    assert_int_equal(S_sign_in(f, "user1", "another long one"), OK);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int session_tests(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(S_test_one_way),
        WITH_STORE(S_test_sign_in),
        WITH_STORE(S_test_sign_in_again_ends_the_session_before),
        WITH_STORE(S_test_lock),
        WITH_STORE(S_test_link),
        WITH_STORE(S_test_tracking),
        WITH_STORE(S_test_purge),
        WITH_STORE(S_test_password_fit),
        WITH_STORE(S_test_password_set),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
