/* The contract of store.h, on the engine at hand. */
#include "store/migrations.h"
#include "store/store.h"

#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct thing {
    int64_t id, n, at;
    double real;
    enum tri flag;
    struct str name;
};
static const struct field thing_fields[] = {
    F_ID(struct thing, id),     F_INT(struct thing, n),     F_TIME(struct thing, at),
    F_REAL(struct thing, real), F_BOOL(struct thing, flag), F_TEXT(struct thing, name),
};
static const struct entity thing_entity = ENTITY(struct thing, "Thing", thing_fields);

static const struct field less_fields[] = {F_ID(struct thing, id)};
static const struct entity less_entity = ENTITY(struct thing, "Less", less_fields);

static const char insert[] = "INSERT INTO thing (id, n, at, real, flag, name) "
                             "VALUES ($1, $2, $3, $4, $5, $6)";
static const char by_id[] = "SELECT id, n, at, real, flag, name FROM thing WHERE id = $1";
static const char count_all[] = "SELECT count(*) FROM thing";

static int S_setup(void **state)
{
    fixture_setup(state);
    struct fixture *f = *state;
    assert_int_equal(store_exec(&f->db,
                                "CREATE TABLE thing (id INTEGER PRIMARY KEY, n INTEGER, at INTEGER,"
                                " real REAL, flag INTEGER, name TEXT UNIQUE)",
                                NO_ARGS, NULL),
                     OK);
    return 0;
}

static int64_t S_count(struct store *db)
{
    int64_t n = -1;
    assert_int_equal(store_int(db, count_all, NO_ARGS, &n), OK);
    return n;
}

static void S_add(struct fixture *f, int64_t id)
{
    assert_int_equal(store_exec(&f->db, insert,
                                ARGS(A_INT(id), A_INT(1), A_INT(1), A_REAL(0.5), A_INT(1), A_NULL),
                                NULL),
                     OK);
}

static void test_row(void **state)
{
    struct fixture *f = *state;
    struct thing t;
    int64_t changed = -1;
    struct str odd = {"邻\0里'; --", 10};
    assert_int_equal(store_exec(&f->db, insert,
                                ARGS(A_ID(7), A_INT(-5), A_INT(1795305600000), A_REAL(0.25),
                                     A_INT(1), A_TEXT(odd)),
                                &changed),
                     OK);
    assert_int_equal(changed, 1);
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(7)), &thing_entity, &t), OK);
    assert_int_equal(t.id, 7);
    assert_int_equal(t.n, -5);
    assert_int_equal(t.at, 1795305600000);
    assert_true(t.real > 0.24 && t.real < 0.26);
    assert_int_equal(t.flag, YES);
    assert_true(str_eq(t.name, odd));
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(8)), &thing_entity, &t), ERR_NOT_FOUND);
    assert_int_equal(
        store_exec(&f->db, "UPDATE thing SET n = 1 WHERE id > $1", ARGS(A_INT(100)), &changed), OK);
    assert_int_equal(changed, 0);
}

static void test_nulls(void **state)
{
    struct fixture *f = *state;
    struct thing t;
    int64_t n = 0;
    struct str text = S("x");
    assert_int_equal(
        store_exec(&f->db, insert,
                   ARGS(A_INT(1), A_NULL, A_ID(0), A_REAL(NAN), A_NULL, A_TEXT(NO_STR)), NULL),
        OK);
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(1)), &thing_entity, &t), OK);
    assert_true(t.n == NO_INT);
    assert_int_equal(t.at, 0);
    assert_true(isnan(t.real));
    assert_int_equal(t.flag, UNSET);
    assert_null(t.name.p);
    assert_int_equal(store_int(&f->db, "SELECT n FROM thing", NO_ARGS, &n), OK);
    assert_true(n == NO_INT);
    assert_int_equal(store_text(&f->db, "SELECT name FROM thing", NO_ARGS, &text), OK);
    assert_null(text.p);
    /* An empty text is not an absent one. */
    assert_int_equal(store_exec(&f->db, "UPDATE thing SET name = $1, flag = $2",
                                ARGS(A_TEXT(S("")), A_INT(0)), NULL),
                     OK);
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(1)), &thing_entity, &t), OK);
    assert_non_null(t.name.p);
    assert_int_equal(t.name.n, 0);
    assert_int_equal(t.flag, NO);
    assert_int_equal(store_text(&f->db, "SELECT name FROM thing", NO_ARGS, &text), OK);
    assert_non_null(text.p);
}

static void test_int_and_text(void **state)
{
    struct fixture *f = *state;
    int64_t n = 0;
    struct str text = NO_STR;
    static const char bytes[] = {0, 1, 2, (char)0xFF};
    assert_int_equal(store_int(&f->db, "SELECT id FROM thing", NO_ARGS, &n), ERR_NOT_FOUND);
    assert_int_equal(store_text(&f->db, "SELECT name FROM thing", NO_ARGS, &text), ERR_NOT_FOUND);
    assert_int_equal(store_int(&f->db, "SELECT $2 - $1", ARGS(A_INT(2), A_INT(44)), &n), OK);
    assert_int_equal(n, 42);
    assert_int_equal(store_text(&f->db, "SELECT $1", ARGS(A_BLOB(((struct str){bytes, 4}))), &text),
                     OK);
    assert_true(str_eq(text, (struct str){bytes, 4}));
    assert_int_equal(store_int(&f->db, "SELECT $1", ARGS(A_INT(INT64_MAX)), &n), OK);
    assert_true(n == INT64_MAX);
}

static void test_all(void **state)
{
    static const char sql[] = "SELECT id, name FROM thing WHERE id <= $1 ORDER BY id";
    struct fixture *f = *state;
    struct list list;
    for (int64_t id = 1; id <= 100; id++)
        S_add(f, id);
    assert_int_equal(store_all(&f->db, sql, ARGS(A_INT(100)), &thing_entity, 100, &list), OK);
    assert_int_equal(list.n, 100);
    for (size_t i = 0; i < list.n; i++)
        assert_int_equal(((const struct thing *)list.items)[i].id, i + 1);
    assert_true(((const struct thing *)list.items)[0].n == NO_INT);
    assert_int_equal(store_all(&f->db, sql, ARGS(A_INT(0)), &thing_entity, 100, &list), OK);
    assert_int_equal(list.n, 0);
    assert_int_equal(store_all(&f->db, sql, ARGS(A_INT(100)), &thing_entity, 99, &list),
                     ERR_TOO_LARGE);
    /* The statement can be used again after that. */
    assert_int_equal(store_all(&f->db, sql, ARGS(A_INT(3)), &thing_entity, 3, &list), OK);
    assert_int_equal(list.n, 3);
}

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    struct thing t;
    struct list list;
    S_add(f, 1);
    /* A column that is no field, a syntax error, a wrong number of arguments, a taken key. */
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(1)), &less_entity, &t), ERR_STORE);
    assert_int_equal(store_all(&f->db, by_id, ARGS(A_INT(1)), &less_entity, 9, &list), ERR_STORE);
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(1)), &thing_entity, &t), OK);
    assert_int_equal(store_exec(&f->db, "SELEC 1", NO_ARGS, NULL), ERR_STORE);
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(1), A_INT(2)), &thing_entity, &t),
                     ERR_STORE);
    assert_int_equal(store_one(&f->db, by_id, NO_ARGS, &thing_entity, &t), ERR_STORE);
    assert_int_equal(store_exec(&f->db, "INSERT INTO thing (id) VALUES ($1)", ARGS(A_INT(1)), NULL),
                     ERR_CONFLICT);
    assert_int_equal(store_one(&f->db, by_id, ARGS(A_INT(1)), &thing_entity, &t), OK);
}

/* $1 … are numbers, whatever the order they first stand in. */
static void test_parameters_by_name(void **state)
{
    struct fixture *f = *state;
    struct str text = NO_STR;
    assert_int_equal(store_text(&f->db, "SELECT $3 || $1 || $2 || $1",
                                ARGS(A_TEXT(S("a")), A_TEXT(S("b")), A_TEXT(S("c"))), &text),
                     OK);
    assert_true(str_eq(text, S("caba")));
}

static void test_arena_cap(void **state)
{
    struct fixture *f = *state;
    struct store db = f->db;
    struct list list;
    for (int64_t id = 1; id <= 1000; id++)
        S_add(f, id);
    db.arena = arena_new(8192);
    assert_int_equal(store_all(&db, "SELECT id FROM thing", NO_ARGS, &thing_entity, 1000, &list),
                     ERR_MEMORY);
    arena_free(db.arena);
}

static void test_savepoints(void **state)
{
    struct fixture *f = *state;
    struct conn *c = f->db.conn;
    assert_int_equal(conn_begin(c), OK);
    assert_int_equal(conn_savepoint(c), OK);
    S_add(f, 1);
    assert_int_equal(conn_release(c), OK);
    assert_int_equal(conn_savepoint(c), OK);
    S_add(f, 2);
    assert_int_equal(conn_undo(c), OK);
    assert_int_equal(conn_savepoint(c), OK);
    S_add(f, 3);
    assert_int_equal(conn_release(c), OK);
    assert_int_equal(conn_commit(c), OK);
    assert_int_equal(S_count(&f->db), 2);
    assert_int_equal(conn_undo(c), ERR_STORE); /* there is none */
    assert_int_equal(conn_begin(c), OK);
    assert_int_equal(conn_begin(c), ERR_STORE); /* it has begun */
    S_add(f, 4);
    conn_rollback(c);
    conn_rollback(c); /* nothing to roll back is no harm */
    assert_int_equal(S_count(&f->db), 2);
}

/* The counter in the table is always past every id that was handed out and kept. */
static void S_kept(struct fixture *f, int64_t id)
{
    int64_t next = 0;
    assert_int_equal(
        store_int(&f->db, "SELECT next_id FROM county WHERE county = 7", NO_ARGS, &next), OK);
    assert_int_equal(ID_COUNTY(id), 7);
    assert_true((id & ((INT64_C(1) << 43) - 1)) < next);
}

static int64_t S_id(struct fixture *f)
{
    int64_t id = 0;
    assert_int_equal(store_id(&f->db, 7, &id), OK);
    return id;
}

static void test_ids_after_undo(void **state)
{
    struct fixture *f = *state;
    struct conn *c = f->db.conn;
    int64_t last = 0, next = 0;
    /* Whether a block is begun inside what is undone or before it, no kept id comes again. */
    for (int round = 0; round < 4000; round++) {
        assert_int_equal(conn_begin(c), OK);
        assert_int_equal(conn_savepoint(c), OK);
        S_id(f);
        if (round % 3)
            assert_int_equal(conn_release(c), OK);
        else
            assert_int_equal(conn_undo(c), OK);
        assert_int_equal(conn_savepoint(c), OK);
        next = S_id(f);
        assert_int_equal(conn_release(c), OK);
        if (round % 100 == 99) {
            conn_rollback(c);
            continue;
        }
        assert_int_equal(conn_commit(c), OK);
        assert_true(next > last);
        last = next;
        if (round % 50 == 0)
            S_kept(f, last);
    }
    S_kept(f, last);
}

static void test_ids_of_counties(void **state)
{
    struct fixture *f = *state;
    int64_t seven = 0, eight = 0, again = 0;
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(store_id(&f->db, 7, &seven), OK);
    assert_int_equal(store_id(&f->db, 8, &eight), OK);
    assert_int_equal(store_id(&f->db, 7, &again), OK);
    assert_int_equal(store_id(&f->db, 999, &again), ERR_NOT_FOUND);
    assert_int_equal(store_id(&f->db, 999, &again), ERR_NOT_FOUND);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_int_equal(ID_COUNTY(seven), 7);
    assert_int_equal(ID_COUNTY(eight), 8);
}

/* More counties than a connection keeps blocks for. */
static void test_many_counties(void **state)
{
    enum { MANY = 150 };
    struct fixture *f = *state;
    int64_t last[MANY] = {0}, id = 0;
    assert_int_equal(conn_begin(f->db.conn), OK);
    for (int64_t i = 0; i < MANY; i++) {
        struct str code = str_of(fixture_text(f, "99%04d", (int)i));
        assert_int_equal(store_exec(&f->db, "INSERT INTO county (county, code) VALUES ($1, $2)",
                                    ARGS(A_INT(100 + i), A_TEXT(code)), NULL),
                         OK);
    }
    for (int round = 0; round < 3; round++) {
        for (int64_t i = 0; i < MANY; i++) {
            assert_int_equal(store_id(&f->db, 100 + i, &id), OK);
            assert_int_equal(ID_COUNTY(id), 100 + i);
            assert_true(id > last[i]);
            last[i] = id;
        }
    }
    assert_int_equal(conn_commit(f->db.conn), OK);
}

static void test_snapshot(void **state)
{
    struct fixture *f = *state;
    struct store reader = f->db;
    reader.conn = f->reader;
    assert_int_equal(conn_begin(f->reader), OK);
    assert_int_equal(S_count(&reader), 0);
    S_add(f, 1);
    assert_int_equal(S_count(&reader), 0);
    assert_int_equal(conn_commit(f->reader), OK);
    assert_int_equal(S_count(&reader), 1);
    assert_int_equal(store_exec(&reader, "DELETE FROM thing", NO_ARGS, NULL), ERR_STORE);
    assert_int_equal(S_count(&reader), 1);
}

static void test_limit(void **state)
{
    static const char endless[] =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT count(*) FROM n WHERE i < 0";
    struct fixture *f = *state;
    struct store reader = f->db;
    int64_t n = 0;
    reader.conn = f->reader;
    conn_limit(f->reader, 100000);
    assert_int_equal(store_int(&reader, endless, NO_ARGS, &n), ERR_TOO_LARGE);
    assert_int_equal(S_count(&reader), 0);
    conn_limit(f->reader, INT64_MAX);
    assert_int_equal(S_count(&reader), 0);
    conn_limit(f->reader, 0);
    assert_int_equal(S_count(&reader), 0);
}

static int64_t heard_done, heard_all;
static void S_hear(int64_t done, int64_t all)
{
    assert_true(done >= heard_done && done <= all);
    heard_done = done;
    heard_all = all;
}

static void test_backup_and_check(void **state)
{
    struct fixture *f = *state;
    struct str copy = str_of(fixture_text(f, "%s/copy.db", f->folder));
    int64_t version = 0;
    const char *why = NULL;
    heard_done = heard_all = 0;
    S_add(f, 1);
    assert_int_equal(conn_begin(f->db.conn), OK);
    S_add(f, 2); /* not committed: not in the copy */
    assert_int_equal(database_backup(f->database, copy, S_hear), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_true(heard_all > 0);
    assert_int_equal(heard_done, heard_all);
    assert_int_equal(database_check(copy, &version, &why), OK);
    assert_int_equal(version, migrations[migration_count - 1].version);

    struct str out = str_of(fixture_text(f, "%s/out", f->folder));
    struct database *d = NULL;
    assert_int_equal(database_open(out, OPEN_OWN, &d, &why), OK);
    database_close(d);
    assert_int_equal(rename(copy.p, fixture_text(f, "%s/linli.db", out.p)), 0);
    assert_int_equal(database_open(out, OPEN_OWN, &d, &why), OK);
    struct store db = {.conn = database_writer(d), .arena = f->arena};
    assert_int_equal(S_count(&db), 1);
    database_close(d);
    unlink(fixture_text(f, "%s/linli.db", out.p));
    unlink(fixture_text(f, "%s/linli.lock", out.p));
    rmdir(out.p);
}

/* Writes a file; the bytes of a database with some of them changed, or others. */
static struct str S_file(struct fixture *f, const char *name, struct str bytes)
{
    struct str path = str_of(fixture_text(f, "%s/%s", f->folder, name));
    FILE *file = fopen(path.p, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void test_check_refuses(void **state)
{
    static char bytes[4 << 20];
    struct fixture *f = *state;
    int64_t version = 0;
    const char *why = NULL;
    struct str copy = str_of(fixture_text(f, "%s/copy.db", f->folder));
    assert_int_equal(database_backup(f->database, copy, NULL), OK);
    FILE *file = fopen(copy.p, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(n > 40000 && n < sizeof bytes);

    assert_int_equal(database_check(S("/nowhere/at.db"), &version, &why), ERR_IO);
    struct str text =
        S_file(f, "text", S("this is no database, and long enough to be sure of it."));
    struct str half = S_file(f, "half", (struct str){bytes, n / 2});
    memset(bytes + n / 2, 0x5A, 8192);
    struct str torn = S_file(f, "torn", (struct str){bytes, n});
    const struct str broken[] = {text, half, torn};
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        why = NULL;
        if (database_check(broken[i], &version, &why) == OK || !why)
            fail_msg(STR_F " passed", STR_A(broken[i]));
    }
    /* A database, but not ours. */
    struct str other = S_file(f, "other", S(""));
    assert_int_equal(database_check(other, &version, &why), ERR_INVALID);
}

static void test_owner(void **state)
{
    struct fixture *f = *state;
    struct str folder = str_of(f->folder);
    struct database *second = NULL;
    const char *why = NULL;
    assert_int_equal(database_open(folder, OPEN_OWN, &second, &why), ERR_CONFLICT);
    assert_non_null(strstr(why, "holds this data folder"));
    assert_int_equal(database_open(folder, OPEN_READ_ONLY, &second, &why), OK);
    assert_null(database_writer(second));
    struct store db = f->db;
    assert_int_equal(database_reader(second, &db.conn), OK);
    assert_int_equal(S_count(&db), 0);
    conn_close(db.conn);
    database_close(second);
    assert_int_equal(database_open(S("/nowhere/at/all"), OPEN_READ_ONLY, &second, &why),
                     ERR_NOT_FOUND);
    assert_int_equal(database_open(S("/nowhere/at/all"), OPEN_OWN, &second, &why), ERR_IO);
    assert_int_equal(database_open(S(""), OPEN_OWN, &second, &why), ERR_INVALID);
}

static void test_migrate(void **state)
{
    struct fixture *f = *state;
    const char *why = NULL;
    int64_t version = 0;
    assert_int_equal(store_int(&f->db, "PRAGMA user_version", NO_ARGS, &version), OK);
    assert_int_equal(version, migrations[migration_count - 1].version);
    assert_int_equal(database_migrate(f->database, &why), OK); /* again: nothing to do */
    assert_int_equal(store_exec(&f->db, "PRAGMA user_version = 9999", NO_ARGS, NULL), OK);
    assert_int_equal(database_migrate(f->database, &why), ERR_CONFLICT);
    assert_non_null(strstr(why, "newer"));
    /* A migration that fails leaves nothing of itself, and the version as it was. */
    assert_int_equal(store_exec(&f->db, "PRAGMA user_version = 0", NO_ARGS, NULL), OK);
    assert_int_equal(database_migrate(f->database, &why), ERR_STORE);
    assert_string_equal(why, migrations[0].name);
    assert_int_equal(store_int(&f->db, "PRAGMA user_version", NO_ARGS, &version), OK);
    assert_int_equal(version, 0);
    S_add(f, 1);
}

int store_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, S_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_row),
        TEST(test_nulls),
        TEST(test_int_and_text),
        TEST(test_all),
        TEST(test_refusals),
        TEST(test_parameters_by_name),
        TEST(test_arena_cap),
        TEST(test_savepoints),
        TEST(test_ids_after_undo),
        TEST(test_ids_of_counties),
        TEST(test_many_counties),
        TEST(test_snapshot),
        TEST(test_limit),
        TEST(test_backup_and_check),
        TEST(test_check_refuses),
        TEST(test_owner),
        TEST(test_migrate),
    };
#undef TEST
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
