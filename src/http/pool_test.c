/* The pool: what is quick does not wait behind what is slow. */
#include "http/pool.h"

#include "base/err.h"
#include "test.h"
#include "test_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, ROOM = 8, SLOW_US = 20 * 1000, GIVE_UP_S = 10 };

struct errand {
    sem_t begun, may; /* told when it runs; waited for before it ends */
};

static void S_run(struct conn *reader, void *arg)
{
    struct errand *w = arg;
    (void)reader;
    sem_post(&w->begun);
    sem_wait(&w->may);
}

static void S_rest(void *arg)
{
    (void)arg;
}

static struct task S_task(struct errand *w)
{
    sem_init(&w->begun, 0, 0);
    sem_init(&w->may, 0, 0);
    return (struct task){.run = S_run, .arg = w};
}

static bool S_begins(struct errand *w)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += GIVE_UP_S;
    return sem_timedwait(&w->begun, &until) == 0;
}

/* One thread sits in a slow task, as taken a good while ago; the other sleeps. One task more, and
 * nothing after it: it has to run, without the next arrival or tick. */
static void test_quick_behind_slow(void **state)
{
    struct fixture *f = *state;
    struct pool_options o = {.threads = THREADS, .room = ROOM, .rest = S_rest};
    struct errand slow, quick;
    struct task first = S_task(&slow), second = S_task(&quick);
    struct pool *p = NULL;
    assert_int_equal(pool_start(f->database, &o, &p), OK);
    assert_null(pool_submit(p, &first));
    assert_true(S_begins(&slow));
    usleep(SLOW_US); /* the pool goes by the real clock, which no test can move */
    assert_null(pool_submit(p, &second));
    bool ran = S_begins(&quick);
    sem_post(&slow.may);
    sem_post(&quick.may);
    pool_stop(p);
    assert_true(ran);
}

int pool_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_quick_behind_slow, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
