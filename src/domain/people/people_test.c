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

/* --- Accounts --- */

static void S_test_account_scope(void **state)
{
    struct fixture *f = *state;
    struct actor county = fixture_actor(f, ROLE_SECURITY_ADMIN, f->chengguan, 0, 0);
    struct actor street = fixture_actor(f, ROLE_SECURITY_ADMIN, f->donggang, 0, 0);
    struct actor inside = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct actor beside = fixture_actor(f, ROLE_GRID_WORKER, f->tiexi, 0, 0);
    struct actor far = fixture_actor(f, ROLE_STREET, f->xiyuan, 0, 0);
    const int64_t all[] = {county.account, street.account, inside.account, beside.account};
    assert_int_equal(S_call(f, "accounts.list", &county, NULL, NULL), OK);
    for (size_t i = 0; i < COUNT_OF(all); i++)
        assert_int_equal(fixture_get_id(f, fixture_text(f, "items/%zu/id", i)), all[i]);
    fixture_assert_text(f, "items/4/id", NULL);
    fixture_assert_text(f, "items/2/hats/0/role", "grid_worker");
    assert_int_equal(S_call(f, "accounts.list", &street, NULL, NULL), OK);
    assert_int_equal(fixture_get_id(f, "items/0/id"), street.account);
    assert_int_equal(fixture_get_id(f, "items/1/id"), inside.account);
    fixture_assert_text(f, "items/2/id", NULL);

    const struct {
        struct actor *by;
        int64_t id;
        enum err want;
    } cases[] = {
        {&county, beside.account, OK},
        {&county, far.account, ERR_NOT_FOUND},
        {&street, inside.account, OK},
        {&street, beside.account, ERR_NOT_FOUND},
        {&street, county.account, ERR_NOT_FOUND},
        {&street, 7, ERR_NOT_FOUND},
        {&inside, inside.account, ERR_FORBIDDEN},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *path = fixture_text(f, "id=%lld", (long long)cases[i].id);
        assert_int_equal(S_call(f, "accounts.get", cases[i].by, path, NULL), cases[i].want);
        if (cases[i].want == ERR_NOT_FOUND)
            assert_int_equal(S_call(f, "accounts.link", cases[i].by, path, NULL), ERR_NOT_FOUND);
    }
}

static void S_test_account_pages(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_SECURITY_ADMIN, f->chengguan, 0, 0);
    const struct hat_new second = {
        .account = by.account, .role = ROLE_SECURITY_ADMIN, .unit = f->donggang};
    int64_t hat = 0, last = 0, seen = 0;
    for (int i = 0; i < 4; i++)
        fixture_actor(f, ROLE_GRID_WORKER, i % 2 ? f->yannan : f->tiexi, 0, 0);
    /* What both hats cover is listed once. */
    assert_int_equal(hat_grant(&f->db, &second, &hat), OK);
    struct str token = NO_STR;
    int64_t end = 0;
    assert_int_equal(session_start(&f->db, by.account, 0, &token, &end), OK);
    assert_int_equal(fixture_identify(f, token, &by), OK);
    assert_int_equal(by.n, 2);
    const char *params = "limit=2";
    for (;;) {
        assert_int_equal(S_call(f, "accounts.list", &by, params, NULL), OK);
        for (int i = 0; fixture_get_id(f, fixture_text(f, "items/%d/id", i)); i++, seen++) {
            assert_true(fixture_get_id(f, fixture_text(f, "items/%d/id", i)) > last);
            last = fixture_get_id(f, fixture_text(f, "items/%d/id", i));
        }
        struct str next = fixture_get(f, "next");
        if (!next.p)
            break;
        params = fixture_text(f, "limit=2&after=" STR_F, STR_A(next));
    }
    assert_int_equal(seen, 5);
    fixture_assert_err(f, S_call(f, "accounts.list", &by, "after=x1", NULL), ERR_INVALID, "after",
                       "cursor");
}

static void S_test_account_create(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_SECURITY_ADMIN, f->donggang, 0, 0);
    long long in = f->yannan, out = f->tiexi;
    const char *anna = fixture_text(f, "{'login':'anna','name':'安娜','unit':'%lld'}", in);
    assert_int_equal(S_call(f, "accounts.create", &by, NULL, anna), OK);
    int64_t id = fixture_get_id(f, "id");
    assert_int_equal(S_count(f,
                             "SELECT count(*) FROM audit WHERE subject = $1 "
                             "AND act = 'accounts.create' AND street IS NOT NULL",
                             id),
                     1);
    fixture_assert_err(f, S_call(f, "accounts.create", &by, NULL, anna), ERR_CONFLICT, "/login",
                       "taken");
    fixture_assert_err(f,
                       S_call(f, "accounts.create", &by, NULL,
                              fixture_text(f, "{'name':'安娜','unit':'%lld'}", out)),
                       ERR_INVALID, "/unit", "unknown");
    fixture_assert_err(f, S_call(f, "accounts.create", &by, NULL, "{'name':'安娜','unit':'12345'}"),
                       ERR_INVALID, "/unit", "unknown");
    static const char *const refused[] = {"13800138000", "Anna", "an", "-anna", "an na", "安娜安"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        const char *body =
            fixture_text(f, "{'login':'%s','name':'安娜','unit':'%lld'}", refused[i], in);
        assert_int_equal(S_call(f, "accounts.create", &by, NULL, body), ERR_INVALID);
        assert_true(str_eq(f->problem.faults[0].field, S("/login")));
        /* The same for those who come past the descriptor; upper case alone is put right. */
        const struct account_new made = {
            .login = str_of(refused[i]), .name = S("安娜"), .unit = f->yannan};
        f->problem.count = 0;
        if (i != 1)
            fixture_assert_err(f, account_create(&f->db, &made, &id), ERR_INVALID, "/login",
                               "form");
    }
}

static void S_test_account_disable(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_SECURITY_ADMIN, f->chengguan, 0, 0);
    struct actor gone = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    const char *path = fixture_text(f, "id=%lld", (long long)gone.account);
    struct str link = NO_STR;
    int64_t end = 0;
    S_password(f, gone.account, "long enough it is");
    assert_int_equal(link_create(&f->db, gone.account, &link, &end), OK);
    fixture_assert_err(
        f,
        S_call(f, "accounts.disable", &by, fixture_text(f, "id=%lld", (long long)by.account), NULL),
        ERR_FORBIDDEN, "", "self");
    assert_int_equal(S_call(f, "accounts.disable", &by, path, NULL), OK);
    assert_int_equal(S_count(f, "SELECT count(*) FROM session WHERE account = $1", gone.account),
                     0);
    fixture_assert_err(f, S_sign_in(f, "user2", "long enough it is"), ERR_DENIED, "", "wrong");
    fixture_assert_err(f, S_link_in(f, link), ERR_DENIED, "/link", "wrong");
    fixture_assert_err(f, S_call(f, "accounts.link", &by, path, NULL), ERR_CONFLICT, "",
                       "disabled");
    fixture_assert_err(
        f,
        S_call(f, "hats.grant", &by, path,
               fixture_text(f, "{'role':'street','unit':'%lld'}", (long long)f->donggang)),
        ERR_CONFLICT, "", "disabled");
}

/* --- Hats --- */

static void S_test_hat_grant(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_SECURITY_ADMIN, f->donggang, 0, 0);
    int64_t team = fixture_party(f, "team", "维修队", f->yannan);
    int64_t one = fixture_party(f, "person", "王师傅", f->yannan);
    int64_t foreign = fixture_party(f, "team", "铁西队", f->tiexi);
    int64_t person = fixture_person(f, "王小明", "13800138000", f->grid1);
    const struct {
        const char *role, *what;
        int64_t id;
        enum err want;
        const char *field, *code;
    } cases[] = {
        {"grid_worker", "unit", f->grid1, OK, NULL, NULL},
        {"secretary", "unit", f->yannan, OK, NULL, NULL},
        {"street", "unit", f->donggang, OK, NULL, NULL},
        {"auditor", "unit", f->donggang, OK, NULL, NULL},
        {"handler", "party", team, OK, NULL, NULL},
        {"volunteer", "party", team, OK, NULL, NULL},
        {"grid_worker", "party", one, OK, NULL, NULL},
        {"resident", "person", person, OK, NULL, NULL},
        {"grid_worker", "unit", f->micro, ERR_INVALID, "/unit", "level"},
        {"district", "unit", f->chengguan, ERR_INVALID, "/unit", "unknown"},
        {"district", "unit", f->city, ERR_INVALID, "/unit", "level"},
        {"district", "unit", f->province, ERR_INVALID, "/unit", "level"},
        {"secretary", "unit", f->tiexi, ERR_INVALID, "/unit", "unknown"},
        {"secretary", "unit", 99, ERR_INVALID, "/unit", "unknown"},
        {"auditor", "unit", f->yannan, ERR_INVALID, "/unit", "level"},
        {"handler", "unit", f->yannan, ERR_INVALID, "/party", "kind"},
        {"handler", "party", foreign, ERR_INVALID, "/party", "unknown"},
        {"grid_worker", "party", team, ERR_INVALID, "/party", "kind"},
        {"auditor", "party", one, ERR_INVALID, "/unit", "kind"},
        {"resident", "unit", f->grid1, ERR_INVALID, "/person", "kind"},
        {"resident", "person", 99, ERR_INVALID, "/person", "unknown"},
        {"grid_worker", "person", person, ERR_INVALID, "/unit", "kind"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct actor to = fixture_actor(f, ROLE_NONE, f->yannan, 0, 0);
        const char *path = fixture_text(f, "id=%lld", (long long)to.account);
        const char *body = fixture_text(f, "{'role':'%s','%s':'%lld'}", cases[i].role,
                                        cases[i].what, (long long)cases[i].id);
        enum err err = S_call(f, "hats.grant", &by, path, body);
        if (cases[i].want != OK)
            fixture_assert_err(f, err, cases[i].want, cases[i].field, cases[i].code);
        else
            assert_int_equal(err, OK);
        if (cases[i].want == OK)
            fixture_assert_text(f, "role", cases[i].role);
    }
    struct actor to = fixture_actor(f, ROLE_NONE, f->yannan, 0, 0);
    fixture_assert_err(f,
                       S_call(f, "hats.grant", &by,
                              fixture_text(f, "id=%lld", (long long)to.account),
                              "{'role':'street'}"),
                       ERR_INVALID, "", "one_of");
    fixture_assert_err(
        f,
        S_call(f, "hats.grant", &by, fixture_text(f, "id=%lld", (long long)by.account),
               fixture_text(f, "{'role':'street','unit':'%lld'}", (long long)f->donggang)),
        ERR_FORBIDDEN, "", "self");
}

/* Whoever grants from within the program is told as well. */
static void S_test_hat_role_unknown(void **state)
{
    struct fixture *f = *state;
    static const enum role roles[] = {ROLE_NONE, ROLE_COUNT};
    struct actor to = fixture_actor(f, ROLE_NONE, f->yannan, 0, 0);
    int64_t id = 0;
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        const struct hat_new hat = {.account = to.account, .role = roles[i], .unit = f->yannan};
        f->problem.count = 0;
        fixture_assert_err(f, hat_grant(&f->db, &hat, &id), ERR_INVALID, "/role", "unknown");
    }
}

static void S_test_hats_beside(void **state)
{
    static const struct {
        enum role held, asked;
        const char *code; /* NULL: granted */
    } cases[] = {
        {ROLE_SYSTEM_ADMIN, ROLE_AUDITOR, "separated"},
        {ROLE_SECURITY_ADMIN, ROLE_SYSTEM_ADMIN, "separated"},
        {ROLE_AUDITOR, ROLE_STREET, "separated"},
        {ROLE_STREET, ROLE_SECURITY_ADMIN, "separated"},
        {ROLE_STREET, ROLE_STREET, "held"},
        {ROLE_AUDITOR, ROLE_AUDITOR, "held"},
        {ROLE_STREET, ROLE_HOTLINE, NULL},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct actor to = fixture_actor(f, cases[i].held, f->donggang, 0, 0);
        const struct hat_new in = {
            .account = to.account, .role = cases[i].asked, .unit = f->donggang};
        int64_t id = 0;
        f->problem.count = 0;
        enum err err = hat_grant(&f->db, &in, &id);
        if (cases[i].code)
            fixture_assert_err(f, err, ERR_CONFLICT, "/role", cases[i].code);
        else
            assert_int_equal(err, OK);
    }
    /* The same administration at a second place is still one administration. */
    struct actor twice = fixture_actor(f, ROLE_AUDITOR, f->donggang, 0, 0);
    const struct hat_new more = {.account = twice.account, .role = ROLE_AUDITOR, .unit = f->tielu};
    int64_t id = 0;
    assert_int_equal(hat_grant(&f->db, &more, &id), OK);
    /* An administrator may be a resident too. */
    int64_t person = fixture_person(f, "王小明", NULL, f->grid1);
    const struct hat_new self = {.account = twice.account, .role = ROLE_RESIDENT, .person = person};
    assert_int_equal(hat_grant(&f->db, &self, &id), OK);
    const struct hat_new other = {.account = twice.account,
                                  .role = ROLE_RESIDENT,
                                  .person = fixture_person(f, "李小红", NULL, f->grid1)};
    f->problem.count = 0;
    fixture_assert_err(f, hat_grant(&f->db, &other, &id), ERR_CONFLICT, "/person", "other");
}

static void S_test_hats_at_most(void **state)
{
    struct fixture *f = *state;
    struct actor to = fixture_actor(f, ROLE_NONE, f->yannan, 0, 0);
    int64_t id = 0;
    for (int i = 0; i <= HATS_MAX; i++) {
        const struct hat_new in = {.account = to.account,
                                   .role = ROLE_HANDLER,
                                   .party = fixture_party(f, "team", "队", f->yannan)};
        enum err err = hat_grant(&f->db, &in, &id);
        if (i < HATS_MAX)
            assert_int_equal(err, OK);
        else
            fixture_assert_err(f, err, ERR_CONFLICT, "/role", "too_many");
    }
}

static void S_test_hat_revoke(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_SECURITY_ADMIN, f->donggang, 0, 0);
    struct actor to = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    struct actor other = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    const struct hat_new above = {
        .account = to.account, .role = ROLE_DISTRICT, .unit = f->chengguan};
    int64_t hat = 0;
    assert_int_equal(hat_grant(&f->db, &above, &hat), OK);
    const char *own =
        fixture_text(f, "id=%lld&hat=%lld", (long long)to.account, (long long)to.hats[0].id);
    fixture_assert_err(
        f,
        S_call(f, "hats.revoke", &by,
               fixture_text(f, "id=%lld&hat=%lld", (long long)to.account, (long long)hat), NULL),
        ERR_FORBIDDEN, "", "foreign");
    assert_int_equal(S_call(f, "hats.revoke", &by,
                            fixture_text(f, "id=%lld&hat=%lld", (long long)to.account,
                                         (long long)other.hats[0].id),
                            NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(S_call(f, "hats.revoke", &by, own, NULL), OK);
    assert_int_equal(S_call(f, "hats.revoke", &by, own, NULL), ERR_NOT_FOUND);
    assert_int_equal(S_count(f,
                             "SELECT count(*) FROM audit WHERE subject = $1 AND "
                             "act = 'hats.revoke' AND reason LIKE 'street %'",
                             to.account),
                     1);
    f->db.now += 1;
    assert_int_equal(
        S_call(f, "accounts.get", &by, fixture_text(f, "id=%lld", (long long)to.account), NULL),
        OK);
    fixture_assert_text(f, "hats/0/role", "district");
    fixture_assert_text(f, "hats/1/role", NULL);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int people_tests(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(S_test_account_scope),  WITH_STORE(S_test_account_pages),
        WITH_STORE(S_test_account_create), WITH_STORE(S_test_account_disable),
        WITH_STORE(S_test_hat_grant),      WITH_STORE(S_test_hat_role_unknown),
        WITH_STORE(S_test_hats_beside),    WITH_STORE(S_test_hats_at_most),
        WITH_STORE(S_test_hat_revoke),
    };
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
