#include "domain/body/pair.h"
#include "domain/place/place.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char pack_text[] =
    "pack: small\n"
    "name: 小街\n"
    "sources: [{source: web, name: 网页}]\n"
    "matters:\n"
    "  - kind: ask\n"
    "    name: 问\n"
    "    stages: [{stage: new, name: 新}, {stage: end, name: 完, final: true}]\n"
    "    flow:\n"
    "      - {do: order, by: anyone, to: new}\n"
    "      - {do: submit, by: community, from: new, to: end}\n"
    "bodies:\n"
    "  - kind: committee\n"
    "    name: 委员会\n"
    "    members:\n"
    "      - {category: head, name: 主任, en: Head, public: true}\n"
    "      - {category: other, name: 其他, en: Other}\n"
    "      - {category: core, name: 核心单位, en: Core, of: party}\n"
    "  - kind: project\n"
    "    name: 项目\n"
    "    members: [{category: head, name: 负责人}]\n"
    "    parts: [{part: a, kind: group, name: 一组}, {part: b, kind: group, name: 二组}]\n"
    "  - {kind: group, name: 小组, members: [{category: member, name: 组员}]}\n";

/* The pack comes into force at the street. */
static void S_activate(struct fixture *f)
{
    struct pack_report report = {.arena = f->arena};
    struct pack *pack = NULL;
    const char *why = NULL;
    int64_t id = 0;
    assert_int_equal(pack_load(str_of(pack_text), &report, &pack), OK);
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(world_store_pack(&f->db, pack, f->donggang, &id), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    pack_free(pack);
    world_free(&f->world);
    assert_int_equal(world_load(&f->db, f->vault, &f->world, &why), OK);
}

static int S_setup(void **state)
{
    int bad = fixture_setup(state);
    if (!bad)
        S_activate(*state);
    return bad;
}

static enum err S_call(struct fixture *f, const char *op, struct actor *by, const char *params,
                       const char *body)
{
    return fixture_call(f, &body_module, op, by, params, body);
}

static int64_t S_make(struct fixture *f, struct actor *by, int64_t unit, const char *kind,
                      const char *name)
{
    const char *body =
        fixture_text(f, "{'unit':'%lld','kind':'%s','name':'%s'}", (long long)unit, kind, name);
    assert_int_equal(S_call(f, "bodies.create", by, NULL, body), OK);
    return fixture_get_id(f, "id");
}

static const char *S_id(struct fixture *f, int64_t id)
{
    return fixture_text(f, "id=%lld", (long long)id);
}

static enum err S_join(struct fixture *f, struct actor *by, int64_t body, const char *category,
                       const char *who, int64_t id)
{
    return S_call(f, "bodies.join", by, S_id(f, body),
                  fixture_text(f, "{'category':'%s','%s':'%lld'}", category, who, (long long)id));
}

static void S_assert_count(struct fixture *f, int64_t body, int64_t members, int64_t units)
{
    struct body b;
    int64_t people = 0, organisations = 0;
    assert_int_equal(body_get(&f->db, body, &b), OK);
    assert_int_equal(b.members, members);
    assert_int_equal(b.units, units);
    const struct body_total *t = b.totals.items;
    for (size_t i = 0; i < b.totals.n; i++)
        *(str_eq(t[i].of, S("party")) ? &organisations : &people) += t[i].count;
    assert_int_equal(people, members);
    assert_int_equal(organisations, units);
}

/* Totals add up, whoever comes and goes; and who has left is still there to be read. */
static void S_test_totals(void **state)
{
    struct fixture *f = *state;
    struct actor street = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    int64_t body = S_make(f, &street, f->donggang, "committee", "社工委");
    int64_t wang = fixture_person(f, "王建国", NULL, f->yannan);
    int64_t li = fixture_person(f, "李秀英", NULL, f->yanbei);
    int64_t school = fixture_party(f, "organisation", "一小", f->donggang);
    S_assert_count(f, body, 0, 0);
    assert_int_equal(S_join(f, &street, body, "head", "person", wang), OK);
    fixture_assert_text(f, "name", "王建国");
    assert_int_equal(S_join(f, &street, body, "other", "person", li), OK);
    fixture_assert_text(f, "name", "李**");
    int64_t left = fixture_get_id(f, "id");
    assert_int_equal(S_join(f, &street, body, "core", "party", school), OK);
    fixture_assert_text(f, "party_name", "一小");
    S_assert_count(f, body, 2, 1);
    const char *gone = fixture_text(f, "id=%lld&member=%lld", (long long)body, (long long)left);
    assert_int_equal(S_call(f, "bodies.leave", &street, gone, NULL), OK);
    assert_int_equal(S_call(f, "bodies.leave", &street, gone, NULL), OK);
    S_assert_count(f, body, 1, 1);
    const char *former = fixture_text(f, "id=%lld&former=true&category=other", (long long)body);
    assert_int_equal(S_call(f, "bodies.members", &street, former, NULL), OK);
    assert_int_equal(fixture_get_id(f, "items/0/id"), left);
    assert_true(fixture_get(f, "items/0/until").p != NULL);
    assert_int_equal(S_join(f, &street, body, "other", "person", li), OK);
    S_assert_count(f, body, 2, 1);
    assert_int_equal(S_call(f, "bodies.end", &street, S_id(f, body), NULL), OK);
    S_assert_count(f, body, 0, 0);
}

static void S_test_refused(void **state)
{
    struct fixture *f = *state;
    struct actor street = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    struct actor worker = fixture_actor(f, ROLE_GRID_WORKER, f->yannan, 0, 0);
    struct actor community = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    int64_t body = S_make(f, &street, f->donggang, "committee", "社工委");
    int64_t wang = fixture_person(f, "王建国", NULL, f->yannan);
    int64_t away = fixture_person(f, "赵远", NULL, f->tiexi);
    int64_t school = fixture_party(f, "organisation", "一小", f->donggang);
    const char *id = S_id(f, body);
    const struct {
        const char *category, *who;
        int64_t whom;
        enum err err;
        const char *field, *code;
    } cases[] = {
        {"tail", "person", wang, ERR_INVALID, "/category", "unknown"},
        {"core", "person", wang, ERR_INVALID, "/person", "party_only"},
        {"head", "party", school, ERR_INVALID, "/person", "required"},
        {"head", "person", away, ERR_INVALID, "/person", "unknown"},
        {"head", "person", 12345, ERR_INVALID, "/person", "unknown"},
        {"core", "party", 12345, ERR_INVALID, "/party", "unknown"},
        {"head", "person", wang, OK, NULL, NULL},
        {"other", "person", wang, ERR_CONFLICT, "/person", "member"},
        {"core", "party", school, OK, NULL, NULL},
        {"core", "party", school, ERR_CONFLICT, "/party", "member"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum err err = S_join(f, &street, body, cases[i].category, cases[i].who, cases[i].whom);
        if (cases[i].err == OK)
            assert_int_equal(err, OK);
        else
            fixture_assert_err(f, err, cases[i].err, cases[i].field, cases[i].code);
    }
    const char *duty =
        fixture_text(f, "{'category':'other','person':'%lld','duty':'%lld'}",
                     (long long)fixture_person(f, "孙", NULL, f->yannan), (long long)f->tiexi);
    fixture_assert_err(f, S_call(f, "bodies.join", &street, id, duty), ERR_INVALID, "/duty",
                       "unknown");
    /* A community reads its street's bodies and changes none of them; a worker changes nothing. */
    assert_int_equal(S_call(f, "bodies.get", &community, id, NULL), OK);
    assert_int_equal(S_call(f, "bodies.end", &community, id, NULL), ERR_NOT_FOUND);
    assert_int_equal(S_call(f, "bodies.end", &worker, id, NULL), ERR_FORBIDDEN);
}

/* A project is made with its groups, and ends after them. */
static void S_test_parts(void **state)
{
    struct fixture *f = *state;
    struct actor street = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    int64_t body = S_make(f, &street, f->donggang, "project", "改造");
    assert_int_equal(S_call(f, "bodies.parts", &street, S_id(f, body), NULL), OK);
    fixture_assert_text(f, "items/0/name", "一组");
    fixture_assert_text(f, "items/1/part", "b");
    int64_t first = fixture_get_id(f, "items/0/id"), second = fixture_get_id(f, "items/1/id");
    fixture_assert_err(f, S_call(f, "bodies.end", &street, S_id(f, body), NULL), ERR_CONFLICT, "id",
                       "parts");
    const char *below = "{'unit':'%lld','kind':'%s','name':'三组','parent':'%lld'}";
    const long long unit = (long long)f->donggang;
    fixture_assert_err(f,
                       S_call(f, "bodies.create", &street, NULL,
                              fixture_text(f, below, unit, "group", (long long)first)),
                       ERR_INVALID, "/parent", "depth");
    fixture_assert_err(f,
                       S_call(f, "bodies.create", &street, NULL,
                              fixture_text(f, below, unit, "project", (long long)body)),
                       ERR_INVALID, "/kind", "depth");
    fixture_assert_err(f,
                       S_call(f, "bodies.create", &street, NULL,
                              fixture_text(f, below, unit, "club", (long long)body)),
                       ERR_INVALID, "/kind", "unknown");
    fixture_assert_err(
        f,
        S_call(f, "bodies.create", &street, NULL, fixture_text(f, below, unit, "group", 12345LL)),
        ERR_INVALID, "/parent", "unknown");
    fixture_assert_err(
        f,
        S_call(f, "bodies.create", &street, NULL,
               fixture_text(f, "{'unit':'%lld','kind':'project','name':'改造'}", unit)),
        ERR_CONFLICT, "/name", "taken");
    assert_int_equal(S_call(f, "bodies.end", &street, S_id(f, first), NULL), OK);
    assert_int_equal(S_call(f, "bodies.end", &street, S_id(f, second), NULL), OK);
    assert_int_equal(S_call(f, "bodies.end", &street, S_id(f, body), NULL), OK);
    int64_t again = S_make(f, &street, f->donggang, "project", "改造");
    assert_true(again > body);
}

/* Anybody may ask who looks after a place: whose area it is, or one it lies in. */
static void S_test_duties(void **state)
{
    struct fixture *f = *state;
    struct actor street = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    struct actor nobody = {0};
    int64_t body = S_make(f, &street, f->donggang, "committee", "社工委");
    const int64_t areas[] = {f->donggang, f->yannan, f->grid1, f->grid2, f->yanbei};
    static const char *const names[] = {"街", "社", "一格", "二格", "北"};
    for (size_t i = 0; i < COUNT_OF(areas); i++) {
        int64_t person = fixture_person(f, names[i], NULL, f->yannan);
        assert_int_equal(S_call(f, "bodies.join", &street, S_id(f, body),
                                fixture_text(f, "{'category':'head','person':'%lld','duty':'%lld'}",
                                             (long long)person, (long long)areas[i])),
                         OK);
    }
    assert_int_equal(S_call(f, "units.duties", &nobody, S_id(f, f->grid1), NULL), OK);
    fixture_assert_text(f, "items/0/name", "街");
    fixture_assert_text(f, "items/1/name", "社");
    fixture_assert_text(f, "items/2/name", "一格");
    fixture_assert_text(f, "items/3/name", NULL);
    assert_int_equal(S_call(f, "units.bodies", &nobody, S_id(f, f->donggang), NULL), OK);
    assert_int_equal(fixture_get_id(f, "items/0/id"), body);
}

/* A community that moves to another street takes its bodies and pairs along, those that last. */
static void S_test_moved(void **state)
{
    struct fixture *f = *state;
    struct actor secretary = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    struct actor street = fixture_actor(f, ROLE_STREET, f->donggang, 0, 0);
    struct actor new_street = fixture_actor(f, ROLE_STREET, f->tielu, 0, 0);
    int64_t ended = S_make(f, &secretary, f->yannan, "group", "旧组");
    int64_t body = S_make(f, &secretary, f->yannan, "group", "新组");
    int64_t wang = fixture_person(f, "王建国", NULL, f->yannan);
    int64_t li = fixture_person(f, "李秀英", NULL, f->yannan);
    assert_int_equal(S_call(f, "bodies.end", &secretary, S_id(f, ended), NULL), OK);
    assert_int_equal(S_join(f, &secretary, body, "member", "person", wang), OK);
    const char *pair = fixture_text(f, "{'member':'%lld','person':'%lld','purpose':'走动'}",
                                    (long long)fixture_get_id(f, "id"), (long long)li);
    assert_int_equal(fixture_call(f, &pair_module, "pairs.create", &secretary, NULL, pair), OK);
    int64_t id = fixture_get_id(f, "id");
    assert_int_equal(
        fixture_call(f, &pair_module, "pairs.contacts", &new_street, S_id(f, id), NULL),
        ERR_NOT_FOUND);
    struct unit unit;
    assert_int_equal(place_get(&f->db, f->yannan, &unit), OK);
    unit.parent = unit.street = f->tielu;
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(place_move(&f->db, &unit), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_int_equal(S_call(f, "bodies.get", &new_street, S_id(f, body), NULL), OK);
    assert_int_equal(S_call(f, "bodies.get", &street, S_id(f, body), NULL), ERR_NOT_FOUND);
    assert_int_equal(S_call(f, "bodies.get", &new_street, S_id(f, ended), NULL), ERR_NOT_FOUND);
    assert_int_equal(
        fixture_call(f, &pair_module, "pairs.contacts", &new_street, S_id(f, id), NULL), OK);
}

int body_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(S_test_totals, S_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_refused, S_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_parts, S_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_duties, S_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_moved, S_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
