#include "domain/people/people.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
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

/* --- Parties --- */

static void S_assert_names(struct fixture *f, const char *names)
{
    char got[512] = "";
    for (int i = 0; fixture_get(f, fixture_text(f, "items/%d/name", i)).p; i++) {
        struct str name = fixture_get(f, fixture_text(f, "items/%d/name", i));
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "%s" STR_F, i ? " " : "", STR_A(name));
    }
    assert_string_equal(got, names);
}

static void S_test_party_list(void **state)
{
    struct fixture *f = *state;
    fixture_party(f, "team", "维修队", f->yannan);
    fixture_party(f, "organisation", "100%公益", f->yannan);
    fixture_party(f, "firm", "雁北物业", f->yanbei);
    fixture_party(f, "department", "城管队", f->donggang);
    fixture_party(f, "team", "铁西队", f->tiexi);
    fixture_party(f, "department", "区住建局", f->chengguan);
    fixture_party(f, "team", "网格队", f->grid1);
    fixture_party(f, "team", "七里河队", f->qilihe);
    struct actor county = fixture_actor(f, ROLE_DISTRICT, f->chengguan, 0, 0);
    struct actor street = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    struct actor yannan = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    struct actor grid = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct actor away = fixture_actor(f, ROLE_SECRETARY, f->xiyuan, 0, 0);
    const struct {
        struct actor *by;
        const char *params, *names;
    } cases[] = {
        {&street, NULL, "维修队 100%公益 雁北物业 城管队 区住建局 网格队"},
        {&county, NULL, "维修队 100%公益 雁北物业 城管队 铁西队 区住建局 网格队"},
        {&away, NULL, "七里河队"},
        {&yannan, NULL, "维修队 100%公益 城管队 区住建局 网格队"},
        {&grid, NULL, "维修队 100%公益 城管队 区住建局 网格队"},
        {&street, "kind=firm", "雁北物业"},
        {&street, "q=队", "维修队 城管队 网格队"},
        {&street, "q=%", "100%公益"},
        {&street, "q=_", ""},
        {&street, "q=队&kind=team", "维修队 网格队"},
        {&street, fixture_text(f, "unit=%lld", (long long)f->yannan), "维修队 100%公益 网格队"},
        {&yannan, "kind=department", "城管队 区住建局"},
        {&yannan, fixture_text(f, "unit=%lld", (long long)f->tiexi), ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(S_call(f, "parties.list", cases[i].by, cases[i].params, NULL), OK);
        S_assert_names(f, cases[i].names);
    }
}

static void S_test_party_create(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    struct actor worker = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct actor beside = fixture_actor(f, ROLE_SECRETARY, f->yanbei, 0, 0);
    const char *body = fixture_text(
        f, "{'kind':'team','name':'维修队','duty':'水电','unit':'%lld'}", (long long)f->yannan);
    assert_int_equal(S_call(f, "parties.create", &by, NULL, body), OK);
    fixture_assert_text(f, "duty", "水电");
    fixture_assert_text(f, "unit_name", "雁南社区");
    const char *path = fixture_text(f, "id=%lld", (long long)fixture_get_id(f, "id"));
    assert_int_equal(S_call(f, "parties.get", &by, path, NULL), OK);
    assert_int_equal(S_call(f, "parties.get", &beside, path, NULL), ERR_NOT_FOUND);
    assert_int_equal(S_call(f, "parties.get", &worker, path, NULL), OK);
    path = fixture_text(f, "id=%lld",
                        (long long)fixture_party(f, "department", "城管队", f->donggang));
    assert_int_equal(S_call(f, "parties.get", &beside, path, NULL), OK);
    path = fixture_text(f, "id=%lld", (long long)fixture_party(f, "team", "七里河队", f->qilihe));
    assert_int_equal(S_call(f, "parties.get", &beside, path, NULL), ERR_NOT_FOUND);
    assert_int_equal(S_call(f, "parties.create", &worker, NULL, body), ERR_FORBIDDEN);
    fixture_assert_err(f, S_call(f, "parties.create", &beside, NULL, body), ERR_INVALID, "/unit",
                       "unknown");
}

/* --- Persons --- */

static const char NUMBER[] = "620102198001010017";

static void S_test_person(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct str raw = NO_STR;
    const char *body = fixture_text(f,
                                    "{'unit':'%lld','name':'王小明','phone':'13800138000',"
                                    "'id_number':'%s','address':'一号楼三单元'}",
                                    (long long)f->grid1, NUMBER);
    assert_int_equal(S_call(f, "persons.create", &by, NULL, body), OK);
    int64_t id = fixture_get_id(f, "id");
    fixture_assert_text(f, "name", "王**");
    assert_false(str_eq(fixture_get(f, "phone"), S("13800138000")));
    assert_false(str_eq(fixture_get(f, "id_number"), str_of(NUMBER)));
    fixture_assert_text(f, "address", NULL);
    fixture_assert_text(f, "unit_name", "第一网格");
    assert_int_equal(store_text(&f->db,
                                "SELECT name || phone || id_number || address FROM person "
                                "WHERE id = $1",
                                ARGS(A_INT(id)), &raw),
                     OK);
    assert_false(str_has(raw, S("13800138000")) || str_has(raw, S("王小明")) ||
                 str_has(raw, str_of(NUMBER)) || str_has(raw, S("三单元")));
    fixture_assert_err(f, S_call(f, "persons.create", &by, NULL, body), ERR_CONFLICT, "/id_number",
                       "taken");

    const char *path = fixture_text(f, "id=%lld", (long long)id);
    assert_int_equal(S_call(f, "persons.get", &by, path, NULL), OK);
    fixture_assert_text(f, "name", "王**");
    assert_int_equal(S_call(f, "persons.reveal", &by, path, "{'reason':'嗯'}"), ERR_INVALID);
    assert_int_equal(S_call(f, "persons.reveal", &by, path, "{'reason':'上门探访前联系'}"), OK);
    fixture_assert_text(f, "name", "王小明");
    fixture_assert_text(f, "phone", "13800138000");
    fixture_assert_text(f, "id_number", NUMBER);
    fixture_assert_text(f, "address", "一号楼三单元");
    assert_int_equal(S_count(f,
                             "SELECT count(*) FROM audit WHERE subject = $1 AND "
                             "act = 'persons.reveal' AND reason = '上门探访前联系'",
                             id),
                     1);
    /* Erased: the key is gone, and with it all it sealed. */
    assert_int_equal(
        store_exec(&f->db, "UPDATE person SET key = NULL WHERE id = $1", ARGS(A_INT(id)), NULL),
        OK);
    assert_int_equal(S_call(f, "persons.reveal", &by, path, "{'reason':'上门探访前联系'}"), OK);
    fixture_assert_text(f, "name", NULL);
}

static void S_test_person_scope(void **state)
{
    struct fixture *f = *state;
    struct actor one = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct actor two = fixture_actor(f, ROLE_GRID_WORKER, f->grid2, 0, 0);
    struct actor all = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    struct actor admin = fixture_actor(f, ROLE_SECURITY_ADMIN, f->chengguan, 0, 0);
    int64_t wang = fixture_person(f, "王小明", "13800138000", f->grid1);
    fixture_person(f, "李小红", "13900139000", f->grid2);
    fixture_person(f, "赵大", "13800138000", f->yannan);
    fixture_person(f, "孙五", "13800138000", f->tiexi);
    const struct {
        struct actor *by;
        const char *params, *names;
    } cases[] = {
        {&one, NULL, "王**"},
        {&two, NULL, "李**"},
        {&all, NULL, "王** 李** 赵*"},
        {&all, "phone=13800138000", "王** 赵*"},
        {&two, "phone=13800138000", ""},
        {&all, "phone=13700137000", ""},
        {&all, "limit=1", "王**"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(S_call(f, "persons.list", cases[i].by, cases[i].params, NULL), OK);
        S_assert_names(f, cases[i].names);
    }
    const char *path = fixture_text(f, "id=%lld", (long long)wang);
    assert_int_equal(S_call(f, "persons.get", &two, path, NULL), ERR_NOT_FOUND);
    assert_int_equal(S_call(f, "persons.reveal", &two, path, "{'reason':'就是想看看'}"),
                     ERR_NOT_FOUND);
    assert_int_equal(S_call(f, "persons.get", &admin, path, NULL), ERR_FORBIDDEN);
    fixture_assert_err(
        f,
        S_call(f, "persons.create", &two, NULL,
               fixture_text(f, "{'unit':'%lld','name':'钱七'}", (long long)f->grid1)),
        ERR_INVALID, "/unit", "unknown");
    const struct person_new street = {.unit = f->donggang, .name = S("钱七")};
    int64_t id = 0;
    f->problem.count = 0;
    fixture_assert_err(f, person_create(&f->db, &street, &id), ERR_INVALID, "/unit", "level");
}

static void S_test_person_by_number(void **state)
{
    struct fixture *f = *state;
    struct actor by = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    const struct person_new in = {.unit = f->grid1,
                                  .name = S("王小明"),
                                  .phone = S("13800138000"),
                                  .id_number = S("62010219800101005X")};
    int64_t id = 0;
    assert_int_equal(person_create(&f->db, &in, &id), OK);
    fixture_person(f, "王小红", "13800138000", f->grid1);
    static const char *const found[] = {"id_number=62010219800101005X",
                                        "id_number=62010219800101005X&phone=13800138000"};
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        assert_int_equal(S_call(f, "persons.list", &by, found[i], NULL), OK);
        assert_int_equal(fixture_get_id(f, "items/0/id"), id);
        fixture_assert_text(f, "items/1/id", NULL);
    }
    assert_int_equal(
        S_call(f, "persons.list", &by, "id_number=62010219800101005X&phone=13900139000", NULL), OK);
    fixture_assert_text(f, "items/0/id", NULL);
}

/* --- Audit --- */

static void S_test_audit(void **state)
{
    struct fixture *f = *state;
    struct actor worker = fixture_actor(f, ROLE_GRID_WORKER, f->grid1, 0, 0);
    struct actor beside = fixture_actor(f, ROLE_SECRETARY, f->tiexi, 0, 0);
    struct actor county = fixture_actor(f, ROLE_AUDITOR, f->chengguan, 0, 0);
    struct actor street = fixture_actor(f, ROLE_AUDITOR, f->donggang, 0, 0);
    struct actor far = fixture_actor(f, ROLE_AUDITOR, f->qilihe, 0, 0);
    const char *path =
        fixture_text(f, "id=%lld", (long long)fixture_person(f, "王小明", "13800138000", f->grid1));
    const char *other =
        fixture_text(f, "id=%lld", (long long)fixture_person(f, "孙五", NULL, f->tiexi));
    assert_int_equal(S_call(f, "persons.reveal", &worker, path, "{'reason':'第一次看'}"), OK);
    assert_int_equal(S_call(f, "persons.reveal", &beside, other, "{'reason':'第二次看'}"), OK);
    assert_int_equal(S_call(f, "persons.reveal", &worker, path, "{'reason':'第三次看'}"), OK);
    const struct {
        struct actor *by;
        const char *params, *reasons;
    } cases[] = {
        {&county, NULL, "第三次看 第二次看 第一次看 "},
        {&street, NULL, "第三次看 第一次看 "},
        {&far, NULL, ""},
        {&county, fixture_text(f, "subject=%s", path + 3), "第三次看 第一次看 "},
        {&street, fixture_text(f, "subject=%s", other + 3), ""},
        {&county, fixture_text(f, "account=%lld", (long long)beside.account), "第二次看 "},
        {&county, "act=persons.reveal&limit=1", "第三次看 "},
        {&county, "act=persons.create", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char got[256] = "";
        assert_int_equal(S_call(f, "audit.list", cases[i].by, cases[i].params, NULL), OK);
        for (int n = 0; fixture_get(f, fixture_text(f, "items/%d/act", n)).p; n++) {
            struct str reason = fixture_get(f, fixture_text(f, "items/%d/reason", n));
            size_t at = strlen(got);
            snprintf(got + at, sizeof got - at, STR_F " ", STR_A(reason));
        }
        assert_string_equal(got, cases[i].reasons);
    }
    assert_int_equal(S_call(f, "audit.list", &county, "limit=2", NULL), OK);
    struct str next = fixture_get(f, "next");
    assert_int_equal(S_call(f, "audit.list", &county,
                            fixture_text(f, "limit=2&after=" STR_F, STR_A(next)), NULL),
                     OK);
    fixture_assert_text(f, "items/0/reason", "第一次看");
    fixture_assert_text(f, "items/0/role", "grid_worker");
    fixture_assert_text(f, "items/0/account_name", "测试");
    fixture_assert_text(f, "next", NULL);
    assert_int_equal(S_call(f, "audit.list", &worker, NULL, NULL), ERR_FORBIDDEN);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int person_tests(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(S_test_party_list),       WITH_STORE(S_test_party_create),
        WITH_STORE(S_test_person),           WITH_STORE(S_test_person_scope),
        WITH_STORE(S_test_person_by_number), WITH_STORE(S_test_audit),
    };
    return cmocka_run_group_tests_name("person", tests, NULL, NULL);
}
