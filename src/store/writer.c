#include "store/writer.h"

#include <pthread.h>
#include <stdlib.h>

enum { JOB_MAX_US = 5000 };

struct writer {
    struct conn *conn;
    const struct clock *clock;
    const struct world *world;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *head, **tail;
    size_t waiting, room;
    bool stopping, asleep;
    void (*rest)(void *arg); /* may be NULL */
    void *rest_arg;
    struct writer_stats stats; /* under lock */
};

/* The first `most` jobs of the queue, taken off it. Called under the lock. */
static struct job *S_take(struct writer *w, size_t most)
{
    struct job *batch = w->head, *last = batch;
    size_t n = 1;
    if (!batch)
        return NULL;
    for (; n < most && last->next; n++)
        last = last->next;
    w->head = last->next;
    if (!w->head)
        w->tail = &w->head;
    last->next = NULL;
    w->waiting -= n;
    return batch;
}

/* A refusal that counts itself (ERR_DENIED) is kept like a success. */
static bool S_kept(enum err err)
{
    return err == OK || err == ERR_DENIED;
}

static void S_run(struct store *base, struct job *job)
{
    struct store db = *base;
    db.arena = job->arena;
    db.problem = job->problem;
    job->err = job->run(&db, job->arg);
    if (S_kept(job->err) && job->arena && arena_full(job->arena))
        job->err = ERR_MEMORY;
}

/* One job in its own savepoint. A connection that cannot even undo is beyond a savepoint's help:
 * the caller rolls the whole batch back. */
static enum err S_guarded(struct store *base, struct job *job)
{
    job->guarded = true;
    TRY(conn_savepoint(base->conn));
    S_run(base, job);
    if (!conn_in_transaction(base->conn))
        return ERR_STORE;
    return S_kept(job->err) ? conn_release(base->conn) : conn_undo(base->conn);
}

static void S_count(struct writer_stats *stats, const struct job *job, int64_t took)
{
    stats->jobs++;
    stats->undone += !S_kept(job->err);
    stats->over_5ms += took > JOB_MAX_US;
    stats->longest_us = took > stats->longest_us ? took : stats->longest_us;
}

/* Without savepoints, which cost a copy of every page a job touches: nearly every job that fails
 * does so before it has written. *spoilt says that one had written: then the batch must be run
 * again, each job guarded. */
static enum err S_plain_pass(struct store *base, struct job *jobs, struct writer_stats *stats,
                             bool *spoilt)
{
    TRY(conn_begin(base->conn));
    for (struct job *job = jobs; job && !*spoilt; job = job->next) {
        job->guarded = false;
        int64_t start = clock_ticks(), writes = conn_writes(base->conn);
        S_run(base, job);
        if (!conn_in_transaction(base->conn))
            return ERR_STORE;
        *spoilt = !S_kept(job->err) && conn_writes(base->conn) != writes;
        if (!*spoilt)
            S_count(stats, job, clock_ticks() - start);
    }
    return OK;
}

static enum err S_guarded_pass(struct store *base, struct job *jobs, struct writer_stats *stats)
{
    TRY(conn_begin(base->conn));
    for (struct job *job = jobs; job; job = job->next) {
        int64_t start = clock_ticks();
        TRY(S_guarded(base, job));
        S_count(stats, job, clock_ticks() - start);
    }
    return OK;
}

static void S_batch(struct store *base, struct job *jobs, struct writer_stats *stats)
{
    struct conn *conn = base->conn;
    int64_t writes = conn_writes(conn);
    bool spoilt = false;
    enum err err = S_plain_pass(base, jobs, stats, &spoilt);
    if (err == OK && spoilt) {
        conn_rollback(conn);
        *stats = (struct writer_stats){.redone = 1};
        err = S_guarded_pass(base, jobs, stats);
    }
    if (err == OK)
        err = conn_commit(conn);
    if (err != OK) {
        conn_rollback(conn);
        for (struct job *job = jobs; job; job = job->next)
            job->err = ERR_STORE;
        stats->failed_commits++;
    }
    stats->batches += conn_writes(conn) != writes;
}

enum err writer_run(struct conn *conn, const struct world *world, int64_t now, struct job *jobs)
{
    struct writer_stats stats = {0};
    struct store base = {.conn = conn, .world = world, .now = now};
    S_batch(&base, jobs, &stats);
    return stats.failed_commits ? ERR_STORE : OK;
}

static void S_add_stats(struct writer_stats *sum, const struct writer_stats *more)
{
    size_t slot = 0;
    while (slot + 1 < COUNT_OF(sum->sizes) && more->jobs > (int64_t)1 << slot)
        slot++;
    sum->sizes[slot]++;
    sum->batches += more->batches;
    sum->jobs += more->jobs;
    sum->undone += more->undone;
    sum->redone += more->redone;
    sum->failed_commits += more->failed_commits;
    sum->over_5ms += more->over_5ms;
    if (more->longest_us > sum->longest_us)
        sum->longest_us = more->longest_us;
}

static void *S_thread(void *arg)
{
    struct writer *w = arg;
    pthread_setname_np(pthread_self(), "linli-writer");
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->head && !w->stopping) {
            w->asleep = true;
            pthread_cond_wait(&w->wake, &w->lock);
            w->asleep = false;
        }
        struct job *batch = S_take(w, WRITER_BATCH);
        if (!batch)
            break;
        pthread_mutex_unlock(&w->lock);
        struct writer_stats stats = {0};
        struct store base = {.conn = w->conn, .world = w->world, .now = clock_now(w->clock)};
        S_batch(&base, batch, &stats);
        while (batch) {
            struct job *next = batch->next; /* done may free the job */
            batch->done(batch->arg, batch->err);
            batch = next;
        }
        if (w->rest)
            w->rest(w->rest_arg);
        pthread_mutex_lock(&w->lock);
        S_add_stats(&w->stats, &stats);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum err writer_start(struct conn *conn, const struct clock *clock, const struct world *world,
                      size_t room, struct writer **ret)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return ERR_MEMORY;
    w->conn = conn;
    w->clock = clock;
    w->world = world;
    w->room = room;
    w->tail = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    if (pthread_create(&w->thread, NULL, S_thread, w) != 0) {
        free(w);
        return ERR_MEMORY;
    }
    *ret = w;
    return OK;
}

void writer_on_rest(struct writer *w, void (*rest)(void *arg), void *arg)
{
    w->rest = rest;
    w->rest_arg = arg;
}

bool writer_submit(struct writer *w, struct job *job)
{
    pthread_mutex_lock(&w->lock);
    bool taken = !w->stopping && w->waiting < w->room;
    if (taken) {
        job->next = NULL;
        *w->tail = job;
        w->tail = &job->next;
        w->waiting++;
        if (w->asleep)
            pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return taken;
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ended;
    enum err err;
    struct job *job;
};

static enum err S_call_run(struct store *db, void *arg)
{
    struct waiter *wait = arg;
    return wait->job->run(db, wait->job->arg);
}

static void S_call_done(void *arg, enum err err)
{
    struct waiter *wait = arg;
    pthread_mutex_lock(&wait->lock);
    wait->ended = true;
    wait->err = err;
    pthread_cond_signal(&wait->wake);
    pthread_mutex_unlock(&wait->lock);
}

enum err writer_call(struct writer *w, struct job *job)
{
    struct waiter wait = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .job = job};
    struct job call = {.run = S_call_run,
                       .done = S_call_done,
                       .arg = &wait,
                       .arena = job->arena,
                       .problem = job->problem};
    if (!writer_submit(w, &call))
        return ERR_BUSY;
    pthread_mutex_lock(&wait.lock);
    while (!wait.ended)
        pthread_cond_wait(&wait.wake, &wait.lock);
    pthread_mutex_unlock(&wait.lock);
    return wait.err;
}

struct writer_stats writer_stats(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct writer_stats stats = w->stats;
    stats.waiting = w->waiting;
    pthread_mutex_unlock(&w->lock);
    return stats;
}

void writer_stop(struct writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    free(w);
}
