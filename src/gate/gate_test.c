#include "gate/gate.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* ---- who may what ---- */

static void S_test_roles(void **state)
{
    (void)state;
    static const enum perm matters[] = {PERM_MATTER_ORDER, PERM_MATTER_READ, PERM_MATTER_ACT,
                                        PERM_MATTER_REVEAL};
    static const enum perm people[] = {PERM_PERSON_READ, PERM_PERSON_WRITE, PERM_PERSON_REVEAL,
                                       PERM_PARTY_READ, PERM_PARTY_WRITE};
    for (int r = ROLE_NONE + 1; r < ROLE_COUNT; r++) {
        int may = 0;
        for (int p = PERM_MATTER_ORDER; p < PERM_COUNT; p++)
            may += role_may((enum role)r, (enum perm)p);
        assert_true(may > 0 && may < PERM_COUNT - PERM_MATTER_ORDER);
        assert_true(role_may((enum role)r, PERM_PUBLIC));
        assert_false(role_may((enum role)r, PERM_NONE));
        assert_true(role_parse(str_of(role_names[r])) == (enum role)r);
        for (size_t i = 0; role_separated((enum role)r) && i < COUNT_OF(matters); i++)
            assert_false(role_may((enum role)r, matters[i]));
        for (size_t i = 0; role_separated((enum role)r) && i < COUNT_OF(people); i++)
            assert_false(role_may((enum role)r, people[i]));
        assert_true(role_separated((enum role)r) || !role_may((enum role)r, PERM_ACCOUNT_WRITE));
        assert_true(r == ROLE_AUDITOR || !role_may((enum role)r, PERM_AUDIT_READ));
    }
    for (int p = PERM_MATTER_ORDER; p < PERM_COUNT; p++) {
        int may = 0;
        for (int r = ROLE_NONE + 1; r < ROLE_COUNT; r++)
            may += role_may((enum role)r, (enum perm)p);
        assert_true(may > 0); /* nobody else could ever do it */
        assert_false(role_may(ROLE_NONE, (enum perm)p));
    }
    assert_true(role_parse(S("none")) == ROLE_NONE && role_parse(S("Secretary")) == ROLE_NONE);
    assert_true(role_parse(S("")) == ROLE_NONE && role_parse(NO_STR) == ROLE_NONE);
    assert_null(role_names[ROLE_COUNT]);
    assert_null(perm_names[PERM_COUNT]);
}

static void S_test_levels(void **state)
{
    (void)state;
    const struct ancestors at = {1, 2, 3, 4, 5, 6};
    for (int l = LEVEL_PROVINCE; l < LEVEL_COUNT; l++) {
        assert_true(level_parse(str_of(level_names[l])) == (enum level)l);
        assert_true(ancestors_at(&at, (enum level)l) == (l == LEVEL_MICRO_GRID ? 0 : l));
    }
    assert_true(level_parse(S("none")) == LEVEL_NONE && level_parse(S("City")) == LEVEL_NONE);
    assert_true(ancestors_at(&at, LEVEL_NONE) == 0);
}

/* ---- how far a hat reaches ---- */

static void S_test_hat_reaches(void **state)
{
    (void)state;
    enum { FAR = 99 };
    static const struct {
        const char *what;
        struct hat hat;
        struct reach reach;
        bool reaches;
    } rows[] = {
        {"county", {.unit = 3, .level = LEVEL_COUNTY}, {.at = {1, 2, 3, 4, 5, 6}}, true},
        {"street", {.unit = 4, .level = LEVEL_STREET}, {.at = {1, 2, 3, 4, 5, 6}}, true},
        {"community", {.unit = 5, .level = LEVEL_COMMUNITY}, {.at = {1, 2, 3, 4, 5, 0}}, true},
        {"grid", {.unit = 6, .level = LEVEL_GRID}, {.at = {1, 2, 3, 4, 5, 6}}, true},
        {"another street", {.unit = FAR, .level = LEVEL_STREET}, {.at = {1, 2, 3, 4, 5, 6}}, false},
        {"upwards", {.unit = 6, .level = LEVEL_GRID}, {.at = {1, 2, 3, 4, 5, 0}}, false},
        {"another level's id",
         {.unit = 4, .level = LEVEL_COMMUNITY},
         {.at = {1, 2, 3, 4, 5}},
         false},
        {"shared from above",
         {.unit = 6, .level = LEVEL_GRID, .at = {1, 2, 3, 4, 5, 6}},
         {.at = {0, 0, 3, 4}, .shared = 4},
         true},
        {"shared elsewhere",
         {.unit = 6, .level = LEVEL_GRID, .at = {1, 2, 3, 4, 5, 6}},
         {.at = {0, 0, 3, FAR}, .shared = FAR},
         false},
        {"above, not shared",
         {.unit = 6, .level = LEVEL_GRID, .at = {1, 2, 3, 4, 5, 6}},
         {.at = {0, 0, 3, 4}},
         false},
        {"shared, by a party hat",
         {.kind = HAT_PARTY, .party = 8, .at = {1, 2, 3, 4, 5, 6}},
         {.at = {0, 0, 3, 4}, .shared = 4},
         false},
        {"no unit, no ancestor", {.unit = 0, .level = LEVEL_STREET}, {.at = {1}}, false},
        {"no level", {.unit = 5, .level = LEVEL_NONE}, {.at = {1, 2, 3, 4, 5}}, false},
        {"unit hat by party",
         {.unit = 7, .level = LEVEL_STREET, .party = 8},
         {.parties = {8}, .party_count = 1},
         false},
        {"party", {.kind = HAT_PARTY, .party = 8}, {.parties = {7, 8}, .party_count = 2}, true},
        {"party gone",
         {.kind = HAT_PARTY, .party = 8},
         {.parties = {7, 8}, .party_count = 1},
         false},
        {"party hat by place",
         {.kind = HAT_PARTY, .unit = 5, .level = LEVEL_COMMUNITY, .party = 9},
         {.at = {1, 2, 3, 4, 5}, .parties = {8}, .party_count = 1},
         false},
        {"no party", {.kind = HAT_PARTY}, {.at = {1}}, false},
        {"self", {.kind = HAT_SELF, .person = 11}, {.person = 11}, true},
        {"another self", {.kind = HAT_SELF, .person = 11}, {.person = 12}, false},
        {"nobody asked", {.kind = HAT_SELF}, {.person = 0}, false},
        {"tracking", {.kind = HAT_SELF, .matter = 20}, {.matter = 20}, true},
        {"tracking another", {.kind = HAT_SELF, .matter = 20}, {.matter = 21}, false},
        {"tracking, same person",
         {.kind = HAT_SELF, .matter = 20, .person = 11},
         {.matter = 21, .person = 11},
         false},
        {"self by place",
         {.kind = HAT_SELF, .person = 11, .unit = 5, .level = LEVEL_COMMUNITY},
         {.at = {1, 2, 3, 4, 5}, .person = 12},
         false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (hat_reaches(&rows[i].hat, &rows[i].reach) != rows[i].reaches)
            fail_msg("%s", rows[i].what);
    }
}

/* ---- the vault ---- */

static void S_test_hashes(void **state)
{
    struct fixture *f = *state;
    unsigned char hash[HASH_PURPOSES][HASH_SIZE], again[HASH_SIZE];
    for (int p = 0; p < HASH_PURPOSES; p++) {
        vault_hash(f->vault, (enum purpose)p, S("13912345678"), hash[p]);
        vault_hash(f->vault, (enum purpose)p, S("13912345678"), again);
        assert_memory_equal(hash[p], again, HASH_SIZE);
        vault_hash(f->vault, (enum purpose)p, S("13912345679"), again);
        assert_memory_not_equal(hash[p], again, HASH_SIZE);
        for (int q = 0; q < p; q++)
            assert_memory_not_equal(hash[p], hash[q], HASH_SIZE);
    }
    struct str text = vault_hash_str(f->vault, HASH_PHONE, S("13912345678"), f->arena);
    assert_int_equal(text.n, HASH_SIZE);
    assert_memory_equal(text.p, hash[HASH_PHONE], HASH_SIZE);
}

/* Another data folder has another master key, and nothing of one is any use in the other; the same
 * folder opened again has the same. */
static void S_test_masters(void **state)
{
    struct fixture *f = *state;
    struct vault *same = NULL;
    unsigned char one[HASH_SIZE], two[HASH_SIZE];
    const char *why = NULL;
    void *other = NULL;
    assert_int_equal(vault_open(str_of(f->folder), &same, &why), OK);
    vault_hash(f->vault, HASH_PHONE, S("x"), one);
    vault_hash(same, HASH_PHONE, S("x"), two);
    assert_memory_equal(one, two, HASH_SIZE);
    vault_close(same);
    assert_int_equal(fixture_setup(&other), 0);
    struct fixture *g = other;
    vault_hash(g->vault, HASH_PHONE, S("x"), two);
    assert_memory_not_equal(one, two, HASH_SIZE);
    struct str sealed = vault_seal_answer(f->vault, S("key"), S("answer"), f->arena);
    assert_null(vault_unseal_answer(g->vault, S("key"), sealed, f->arena).p);
    fixture_teardown(&other);
    assert_int_not_equal(vault_open(S("/proc/none"), &same, &why), OK);
    assert_non_null(why);
}

static void S_test_seal(void **state)
{
    struct fixture *f = *state;
    unsigned char key[KEY_SIZE] = {1}, other[KEY_SIZE] = {2};
    static const struct str texts[] = {{"", 0}, {"x", 1}, {"王小明 13912345678", 21}, {"\0\0", 2}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct str sealed = seal(key, texts[i], f->arena);
        assert_true(sealed.n > texts[i].n + 16);
        assert_true(texts[i].n < 4 || !str_has(sealed, texts[i]));
        assert_false(str_eq(sealed, seal(key, texts[i], f->arena)));
        struct str clear = unseal(key, sealed, f->arena);
        assert_true(clear.p && str_eq(clear, texts[i]));
        assert_null(unseal(other, sealed, f->arena).p);
        for (size_t at = 0; at < sealed.n; at++) {
            char *altered = (char *)(uintptr_t)arena_str(f->arena, sealed).p;
            altered[at] ^= 1;
            assert_null(unseal(key, (struct str){altered, sealed.n}, f->arena).p);
            assert_null(unseal(key, (struct str){sealed.p, at}, f->arena).p);
        }
    }
    assert_null(seal(key, NO_STR, f->arena).p);
    assert_null(unseal(key, NO_STR, f->arena).p);
}

static void S_test_answers(void **state)
{
    struct fixture *f = *state;
    struct str sealed = vault_seal_answer(f->vault, S("key-of-the-client"), S("{}"), f->arena);
    struct str clear = vault_unseal_answer(f->vault, S("key-of-the-client"), sealed, f->arena);
    assert_true(str_eq(clear, S("{}")));
    assert_null(vault_unseal_answer(f->vault, S("key-of-the-clienT"), sealed, f->arena).p);
    assert_null(vault_unseal_answer(f->vault, S(""), sealed, f->arena).p);
}

static void S_test_subject_keys(void **state)
{
    struct fixture *f = *state;
    unsigned char one[KEY_SIZE], two[KEY_SIZE], again[KEY_SIZE];
    struct str wrapped_one = NO_STR, wrapped_two = NO_STR;
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(vault_new_key(&f->db, 7, one, &wrapped_one), OK);
    assert_int_equal(vault_new_key(&f->db, 7, two, &wrapped_two), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_memory_not_equal(one, two, KEY_SIZE);
    assert_int_equal(vault_unwrap(&f->db, 7, wrapped_one, again), OK);
    assert_memory_equal(one, again, KEY_SIZE);
    /* Another county's key opens nothing of this one's. */
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(vault_new_key(&f->db, 8, two, &wrapped_two), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_int_equal(vault_unwrap(&f->db, 8, wrapped_one, again), ERR_STORE);
    assert_int_equal(vault_unwrap(&f->db, 8, wrapped_two, again), OK);
    assert_int_equal(vault_new_key(&f->db, 999, two, &wrapped_two), ERR_NOT_FOUND);
}

/* A county key that was made by a command that was undone must not be kept in memory. */
static void S_test_undone_key(void **state)
{
    struct fixture *f = *state;
    unsigned char key[KEY_SIZE], again[KEY_SIZE];
    struct str wrapped = NO_STR;
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(vault_new_key(&f->db, 7, key, &wrapped), OK);
    conn_rollback(f->db.conn);
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(vault_new_key(&f->db, 7, key, &wrapped), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_int_equal(vault_unwrap(&f->db, 7, wrapped, again), OK);
    assert_memory_equal(key, again, KEY_SIZE);
}

static void S_test_tokens(void **state)
{
    struct fixture *f = *state;
    struct str before = NO_STR;
    assert_int_equal(token_new(16, f->arena).n, 26);
    assert_int_equal(token_new(10, f->arena).n, 16);
    for (int i = 0; i < 100; i++) {
        struct str token = token_new(20, f->arena);
        assert_int_equal(token.n, 32);
        assert_int_equal(strspn(token.p, "0123456789abcdefghjkmnpqrstvwxyz"), 32);
        assert_false(str_eq(token, before));
        before = token;
    }
}

/* ---- sessions ---- */

/* A token for an account, or for a matter's tracking code. */
static struct str S_token(struct fixture *f, int64_t account, int64_t matter)
{
    struct str token = NO_STR;
    int64_t end = 0;
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(session_start(&f->db, account, matter, &token, &end), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_true(end > f->db.now);
    return token;
}

static void S_exec(struct fixture *f, const char *sql, int64_t id)
{
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(store_exec(&f->db, sql, ARGS(A_INT(id)), NULL), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
}

static void S_test_identify(void **state)
{
    struct fixture *f = *state;
    struct actor actor, clerk = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    struct str token = S_token(f, clerk.account, 0);
    assert_int_equal(fixture_identify(f, NO_STR, &actor), OK);
    assert_true(actor.account == 0 && actor.n == 0);
    assert_int_equal(fixture_identify(f, token, &actor), OK);
    assert_true(actor.account == clerk.account && actor.n == 1 && actor.county == 7);
    assert_true(actor.hats[0].role == ROLE_SECRETARY && actor.hats[0].level == LEVEL_COMMUNITY);
    assert_true(actor.hats[0].at.street == f->donggang && actor.hats[0].at.grid == 0);
    assert_true(str_eq(actor.name, S("测试")));
    assert_int_equal(fixture_identify(f, S("nosuchtokenatall"), &actor), ERR_UNAUTHENTICATED);
    assert_int_equal(fixture_identify(f, S(""), &actor), ERR_UNAUTHENTICATED);
    char *upper = (char *)(uintptr_t)arena_str(f->arena, token).p;
    upper[0] = (char)(upper[0] == '0' ? '1' : '0');
    assert_int_equal(fixture_identify(f, (struct str){upper, token.n}, &actor),
                     ERR_UNAUTHENTICATED);
}

static void S_test_cache(void **state)
{
    struct fixture *f = *state;
    struct actor actor, clerk = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    struct str token = S_token(f, clerk.account, 0);
    int64_t start = f->db.now;
    assert_int_equal(fixture_identify(f, token, &actor), OK);
    S_exec(f, "UPDATE account SET disabled_at = 1 WHERE id = $1", clerk.account);
    assert_int_equal(fixture_identify(f, token, &actor), OK); /* from memory */
    assert_true(actor.account == clerk.account && str_eq(actor.name, S("测试")));
    gate_changed(f->sessions);
    assert_int_equal(fixture_identify(f, token, &actor), ERR_UNAUTHENTICATED);
    /* Time alone makes an entry stale, forwards and backwards. */
    for (int back = 0; back < 2; back++) {
        S_exec(f, "UPDATE account SET disabled_at = NULL WHERE id = $1", clerk.account);
        gate_changed(f->sessions);
        f->db.now = start;
        assert_int_equal(fixture_identify(f, token, &actor), OK);
        S_exec(f, "UPDATE account SET disabled_at = 1 WHERE id = $1", clerk.account);
        f->db.now = start + SESSION_TRUST_MS - 1;
        assert_int_equal(fixture_identify(f, token, &actor), OK);
        f->db.now = start + (back ? -SESSION_TRUST_MS : SESSION_TRUST_MS);
        assert_int_equal(fixture_identify(f, token, &actor), ERR_UNAUTHENTICATED);
    }
    f->db.now = start;
}

static void S_test_session_end(void **state)
{
    struct fixture *f = *state;
    struct actor actor, clerk = fixture_actor(f, ROLE_SECRETARY, f->yannan, 0, 0);
    struct str token = S_token(f, clerk.account, 0);
    int64_t start = f->db.now, end = start + (int64_t)SESSION_DAYS * 86400000;
    f->db.now = end - 1;
    assert_int_equal(fixture_identify(f, token, &actor), OK);
    f->db.now = end; /* what is kept in memory does not outlive it */
    assert_int_equal(fixture_identify(f, token, &actor), ERR_UNAUTHENTICATED);
    f->db.now = start;
    S_exec(f, "UPDATE hat SET until = 1 WHERE account = $1", clerk.account);
    gate_changed(f->sessions);
    assert_int_equal(fixture_identify(f, token, &actor), OK);
    assert_int_equal(actor.n, 0);
}

/* ---- admission ---- */

/* Subjects by id: 雁南's grid 1, 铁西, a party's, a person's, a matter's. */
enum { AT_GRID = 1, AT_TIEXI, WITH_PARTY, OF_PERSON, NOWHERE, THE_PARTY = 501, THE_PERSON };
static struct fixture *S_here;

static enum err S_reach(struct store *db, int64_t id, struct reach *ret)
{
    const struct fixture *f = S_here;
    assert_non_null(db);
    if (id == AT_GRID)
        ret->at = (struct ancestors){f->province, f->city,   f->chengguan,
                                     f->donggang, f->yannan, f->grid1};
    else if (id == AT_TIEXI)
        ret->at = (struct ancestors){f->province, f->city, f->chengguan, f->tielu, f->tiexi, 0};
    else if (id == WITH_PARTY)
        ret->parties[ret->party_count++] = THE_PARTY;
    else if (id == OF_PERSON)
        ret->person = THE_PERSON;
    else
        return ERR_NOT_FOUND;
    return OK;
}

static struct hat S_hat(const struct fixture *f, enum role role)
{
    return (struct hat){.id = 900,
                        .role = role,
                        .unit = f->yannan,
                        .level = LEVEL_COMMUNITY,
                        .kind = role_kind(role),
                        .party = THE_PARTY,
                        .person = THE_PERSON};
}

static void S_test_admit(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *what;
        enum role role; /* ROLE_NONE: no hat */
        bool signed_in;
        enum perm perm;
        int64_t subject; /* 0: the route has none */
        enum err err;
    } rows[] = {
        {"nobody, public", ROLE_NONE, false, PERM_PUBLIC, 0, OK},
        {"nobody, public subject", ROLE_NONE, false, PERM_PUBLIC, AT_GRID, OK},
        {"nobody, public, no subject", ROLE_NONE, false, PERM_PUBLIC, NOWHERE, ERR_NOT_FOUND},
        {"nobody, signed in", ROLE_NONE, false, PERM_SIGNED_IN, 0, ERR_UNAUTHENTICATED},
        {"nobody", ROLE_NONE, false, PERM_MATTER_READ, AT_GRID, ERR_UNAUTHENTICATED},
        {"nobody, nothing", ROLE_NONE, false, PERM_MATTER_READ, NOWHERE, ERR_UNAUTHENTICATED},
        {"no hat, signed in", ROLE_NONE, true, PERM_SIGNED_IN, 0, OK},
        {"no hat", ROLE_NONE, true, PERM_MATTER_READ, AT_GRID, ERR_FORBIDDEN},
        {"own", ROLE_SECRETARY, true, PERM_MATTER_READ, AT_GRID, OK},
        {"foreign", ROLE_SECRETARY, true, PERM_MATTER_READ, AT_TIEXI, ERR_NOT_FOUND},
        {"not there", ROLE_SECRETARY, true, PERM_MATTER_READ, NOWHERE, ERR_NOT_FOUND},
        {"no permission, own", ROLE_SECRETARY, true, PERM_AUDIT_READ, AT_GRID, ERR_FORBIDDEN},
        {"no permission, foreign", ROLE_SECRETARY, true, PERM_AUDIT_READ, AT_TIEXI, ERR_FORBIDDEN},
        {"no permission, nothing", ROLE_SECRETARY, true, PERM_AUDIT_READ, NOWHERE, ERR_FORBIDDEN},
        {"unit by party", ROLE_SECRETARY, true, PERM_MATTER_READ, WITH_PARTY, ERR_NOT_FOUND},
        {"party", ROLE_HANDLER, true, PERM_MATTER_READ, WITH_PARTY, OK},
        {"party by place", ROLE_HANDLER, true, PERM_MATTER_READ, AT_GRID, ERR_NOT_FOUND},
        {"self", ROLE_RESIDENT, true, PERM_MATTER_READ, OF_PERSON, OK},
        {"self by place", ROLE_RESIDENT, true, PERM_MATTER_READ, AT_GRID, ERR_NOT_FOUND},
        {"no subject needed", ROLE_SECRETARY, true, PERM_MATTER_READ, 0, OK},
        {"signed in, foreign", ROLE_SECRETARY, true, PERM_SIGNED_IN, AT_TIEXI, ERR_NOT_FOUND},
    };
    S_here = f;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct subject_in in = {rows[i].subject};
        const struct route route = {.perm = rows[i].perm, .reach = in.id ? S_reach : NULL};
        struct actor by = {.account = rows[i].signed_in ? 1 : 0, .n = rows[i].role != ROLE_NONE};
        by.hats[0] = S_hat(f, rows[i].role);
        f->problem.count = 0;
        enum err err = gate_admit(&f->db, &route, &by, &in);
        if (err != rows[i].err)
            fail_msg("%s: %d", rows[i].what, (int)err);
        if (err == OK)
            assert_true(by.admitted[0] == (rows[i].role != ROLE_NONE));
        if (err == ERR_UNAUTHENTICATED || err == ERR_FORBIDDEN)
            assert_int_equal(f->problem.count, 1);
    }
}

/* Of several hats those are admitted that have both the permission and the reach. */
static void S_test_several_hats(void **state)
{
    struct fixture *f = *state;
    const struct subject_in in = {AT_GRID};
    const struct route route = {.perm = PERM_PERSON_WRITE, .reach = S_reach};
    struct actor by = {.account = 1, .n = 4};
    S_here = f;
    by.hats[0] = S_hat(f, ROLE_DISTRICT); /* reach, no permission */
    by.hats[1] = S_hat(f, ROLE_SECRETARY);
    by.hats[2] = S_hat(f, ROLE_SECRETARY);
    by.hats[3] = S_hat(f, ROLE_GRID_WORKER);
    by.hats[1].unit = f->tiexi; /* permission, no reach */
    for (size_t i = 0; i < by.n; i++)
        by.hats[i].id = 900 + (int64_t)i;
    assert_int_equal(gate_admit(&f->db, &route, &by, &in), OK);
    assert_true(!by.admitted[0] && !by.admitted[1] && by.admitted[2] && by.admitted[3]);
    assert_ptr_equal(actor_hat(&by), &by.hats[2]);
    assert_true(f->note.subject == AT_GRID && f->note.street == f->donggang);
    static const struct {
        int64_t named;
        enum err err;
    } named[] = {{903, OK}, {900, ERR_FORBIDDEN}, {901, ERR_NOT_FOUND}, {999, ERR_FORBIDDEN}};
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        by.named = named[i].named;
        assert_int_equal(gate_admit(&f->db, &route, &by, &in), named[i].err);
    }
    by.named = 903;
    assert_int_equal(gate_admit(&f->db, &route, &by, &in), OK);
    assert_ptr_equal(actor_hat(&by), &by.hats[3]);
}

int gate_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_roles),
        cmocka_unit_test(S_test_levels),
        cmocka_unit_test(S_test_hat_reaches),
        cmocka_unit_test_setup_teardown(S_test_hashes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_masters, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_seal, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_answers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_subject_keys, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_undone_key, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_tokens, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_identify, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_cache, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_session_end, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_admit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(S_test_several_hats, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
