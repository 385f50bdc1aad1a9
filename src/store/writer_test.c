/* The writer: many commands a commit, each kept or undone alone, none acknowledged before the
 * commit. */
#include "store/writer.h"

#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>
#include <string.h>
#include <unistd.h>

enum { JOB_CAP = 1 << 20 };

static int S_setup(void **state)
{
    fixture_setup(state);
    struct fixture *f = *state;
    assert_int_equal(store_exec(&f->db, "CREATE TABLE thing (id INTEGER PRIMARY KEY, bytes BLOB)",
                                NO_ARGS, NULL),
                     OK);
    return 0;
}

/* A command that writes one row and then ends as it is told. */
struct task {
    struct job job;
    struct problem problem;
    int64_t id;
    enum err ends;
    size_t bytes;       /* how much it writes */
    bool greedy;        /* fills its arena */
    sem_t *begun, *may; /* the first is told, the second waited for */
    bool ran, done;
    enum err err; /* as told to `done` */
};

static enum err S_run(struct store *db, void *arg)
{
    struct task *t = arg;
    t->ran = true;
    if (t->begun)
        sem_post(t->begun);
    if (t->may)
        sem_wait(t->may);
    if (t->greedy)
        arena_alloc(db->arena, 2 * JOB_CAP);
    TRY(store_exec(db, "INSERT INTO thing (id, bytes) VALUES ($1, zeroblob($2))",
                   ARGS(A_INT(t->id), A_INT((int64_t)t->bytes)), NULL));
    return t->ends;
}

static void S_done(void *arg, enum err err)
{
    struct task *t = arg;
    assert_false(t->done);
    t->done = true;
    t->err = err;
}

static struct task S_task(int64_t id, enum err ends)
{
    return (struct task){.id = id, .ends = ends};
}

/* Tasks into a list of jobs, as writer_run takes it. */
static struct job *S_jobs(struct task *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct task *t = &tasks[i];
        t->job = (struct job){.run = S_run,
                              .done = S_done,
                              .arg = t,
                              .arena = arena_new(JOB_CAP),
                              .problem = &t->problem,
                              .next = i + 1 < n ? &tasks[i + 1].job : NULL};
    }
    return &tasks[0].job;
}

static void S_free(struct task *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        arena_free(tasks[i].job.arena);
}

/* Looks through the reader: only what is committed counts. */
static bool S_there(struct fixture *f, int64_t id)
{
    struct store db = f->db;
    int64_t n = -1;
    db.conn = f->reader;
    assert_int_equal(
        store_int(&db, "SELECT count(*) FROM thing WHERE id = $1", ARGS(A_INT(id)), &n), OK);
    return n == 1;
}

static void test_batch(void **state)
{
    struct fixture *f = *state;
    struct task t[] = {S_task(1, OK), S_task(2, ERR_INVALID),           S_task(3, ERR_DENIED),
                       S_task(1, OK), /* taken */ S_task(5, ERR_STORE), S_task(6, OK),
                       S_task(7, OK)};
    const enum err want[] = {OK, ERR_INVALID, ERR_DENIED, ERR_CONFLICT, ERR_STORE, ERR_MEMORY, OK};
    t[5].greedy = true;
    assert_int_equal(writer_run(f->db.conn, &f->world, f->db.now, S_jobs(t, COUNT_OF(t))), OK);
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        assert_true(t[i].ran);
        assert_int_equal(t[i].job.err, want[i]);
    }
    assert_true(S_there(f, 1));
    assert_false(S_there(f, 2)); /* undone alone */
    assert_true(S_there(f, 3));  /* a refusal that counts itself is kept */
    assert_false(S_there(f, 5));
    assert_false(S_there(f, 6)); /* it passed its arena's cap */
    assert_true(S_there(f, 7));
    S_free(t, COUNT_OF(t));
}

static void test_empty_batch(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(writer_run(f->db.conn, &f->world, f->db.now, NULL), OK);
}

static enum err S_orphan(struct store *db, void *arg)
{
    return store_exec(db, "INSERT INTO child (parent) VALUES ($1)",
                      ARGS(A_INT(((struct task *)arg)->id)), NULL);
}

/* Every job did well and the commit itself fails: nobody may be told that it is done. */
static void test_commit_fails(void **state)
{
    struct fixture *f = *state;
    struct task t[] = {S_task(1, OK), S_task(404, OK), S_task(3, ERR_DENIED)};
    int64_t id = 0, next = 0;
    assert_int_equal(store_exec(&f->db, "PRAGMA foreign_keys = ON", NO_ARGS, NULL), OK);
    assert_int_equal(store_exec(&f->db,
                                "CREATE TABLE child (parent INTEGER REFERENCES thing (id) "
                                "DEFERRABLE INITIALLY DEFERRED)",
                                NO_ARGS, NULL),
                     OK);
    struct job *jobs = S_jobs(t, COUNT_OF(t));
    t[1].job.run = S_orphan;
    assert_int_not_equal(writer_run(f->db.conn, &f->world, f->db.now, jobs), OK);
    for (size_t i = 0; i < COUNT_OF(t); i++)
        assert_int_equal(t[i].job.err, ERR_STORE);
    assert_false(S_there(f, 1));
    assert_false(S_there(f, 3));
    S_free(t, COUNT_OF(t));

    /* The next batch is not hurt, and ids taken in the one that failed are not lost from view. */
    struct task good = S_task(1, OK);
    assert_int_equal(writer_run(f->db.conn, &f->world, f->db.now, S_jobs(&good, 1)), OK);
    assert_int_equal(good.job.err, OK);
    assert_true(S_there(f, 1));
    assert_int_equal(conn_begin(f->db.conn), OK);
    assert_int_equal(store_id(&f->db, 7, &id), OK);
    assert_int_equal(conn_commit(f->db.conn), OK);
    assert_int_equal(
        store_int(&f->db, "SELECT next_id FROM county WHERE county = 7", NO_ARGS, &next), OK);
    assert_true((id & ((INT64_C(1) << 43) - 1)) < next);
    S_free(&good, 1);
}

/* A full disk: the job that met it fails, and what the others were told is what is there. */
static void test_disk_full(void **state)
{
    struct fixture *f = *state;
    struct task t[] = {S_task(1, OK), S_task(2, OK), S_task(3, OK)};
    int64_t pages = 0;
    t[1].bytes = 8 << 20;
    assert_int_equal(store_int(&f->db, "PRAGMA max_page_count = 400", NO_ARGS, &pages), OK);
    enum err err = writer_run(f->db.conn, &f->world, f->db.now, S_jobs(t, COUNT_OF(t)));
    assert_int_equal(t[1].job.err, ERR_STORE);
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        assert_int_equal(S_there(f, t[i].id), t[i].job.err == OK);
        if (err != OK)
            assert_int_equal(t[i].job.err, ERR_STORE);
    }
    S_free(t, COUNT_OF(t));
    struct task after = S_task(9, OK);
    assert_int_equal(writer_run(f->db.conn, &f->world, f->db.now, S_jobs(&after, 1)), OK);
    assert_true(S_there(f, 9));
    S_free(&after, 1);
}

static void test_thread(void **state)
{
    enum { MANY = 2000 };
    static struct task t[MANY];
    struct fixture *f = *state;
    const struct clock clock = {NULL};
    struct writer *w = NULL;
    /* Room for all of them and one more, should the writer not have begun by then. */
    assert_int_equal(writer_start(f->db.conn, &clock, &f->world, MANY + 1, &w), OK);
    for (int64_t i = 0; i < MANY; i++)
        t[i] = S_task(i + 1, i % 10 == 3 ? ERR_INVALID : OK);
    S_jobs(t, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_true(writer_submit(w, &t[i].job));
    struct task last = S_task(MANY + 1, OK);
    assert_int_equal(writer_call(w, S_jobs(&last, 1)), OK);
    assert_true(S_there(f, MANY + 1));
    struct task refused = S_task(MANY + 2, ERR_FORBIDDEN);
    assert_int_equal(writer_call(w, S_jobs(&refused, 1)), ERR_FORBIDDEN);

    /* The counts of the last batch are added after its jobs were told. */
    struct writer_stats stats = writer_stats(w);
    for (int i = 0; i < 1000 && stats.jobs < MANY + 2; i++) {
        usleep(1000);
        stats = writer_stats(w);
    }
    int64_t sizes = 0;
    for (size_t i = 0; i < COUNT_OF(stats.sizes); i++)
        sizes += stats.sizes[i];
    assert_int_equal(stats.jobs, MANY + 2);
    assert_int_equal(stats.undone, MANY / 10 + 1);
    assert_int_equal(stats.failed_commits, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(sizes, stats.batches);
    assert_true(stats.batches >= MANY / WRITER_BATCH && stats.batches <= MANY + 2);
    writer_stop(w);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(t[i].done);
        assert_int_equal(t[i].err, t[i].ends);
        assert_int_equal(S_there(f, t[i].id), t[i].ends == OK);
    }
    S_free(t, MANY);
    S_free(&last, 1);
    S_free(&refused, 1);
}

/* Fills the queue behind a job that waits, then stops: what was taken is done, what was not was
 * told so at once. */
static void test_full_queue_and_stop(void **state)
{
    enum { ROOM = 3 };
    struct fixture *f = *state;
    const struct clock clock = {NULL};
    struct writer *w = NULL;
    sem_t begun, may;
    struct task t[ROOM + 2];
    sem_init(&begun, 0, 0);
    sem_init(&may, 0, 0);
    for (size_t i = 0; i < COUNT_OF(t); i++)
        t[i] = S_task((int64_t)i + 1, OK);
    t[0].begun = &begun;
    t[0].may = &may;
    S_jobs(t, COUNT_OF(t));
    assert_int_equal(writer_start(f->db.conn, &clock, &f->world, ROOM, &w), OK);
    assert_true(writer_submit(w, &t[0].job));
    sem_wait(&begun); /* it is off the queue now */
    for (size_t i = 1; i <= ROOM; i++)
        assert_true(writer_submit(w, &t[i].job));
    assert_false(writer_submit(w, &t[ROOM + 1].job));
    struct task called = S_task(99, OK);
    assert_int_equal(writer_call(w, S_jobs(&called, 1)), ERR_BUSY);
    assert_int_equal(writer_stats(w).waiting, ROOM);
    assert_false(t[0].done);
    assert_false(S_there(f, 1));
    sem_post(&may);
    writer_stop(w);
    for (size_t i = 0; i <= ROOM; i++) {
        assert_true(t[i].done);
        assert_int_equal(t[i].err, OK);
        assert_true(S_there(f, t[i].id));
    }
    assert_false(t[ROOM + 1].ran || t[ROOM + 1].done || called.ran);
    S_free(t, COUNT_OF(t));
    S_free(&called, 1);
    sem_destroy(&begun);
    sem_destroy(&may);
}

int writer_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, S_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_batch),     TEST(test_empty_batch), TEST(test_commit_fails),
        TEST(test_disk_full), TEST(test_thread),      TEST(test_full_queue_and_stop),
    };
#undef TEST
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
