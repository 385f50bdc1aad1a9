#include "http/pool.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS_MAX = 64, STUCK_US = 1000, BEHIND_US = 2000, TASKS_A_REST = 16 };

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct task *head, **tail;
    size_t waiting, room, asleep, threads;
    int64_t taken_at; /* when a task was last taken, µs */
    bool stopping, eager;
    void (*rest)(void *arg);
    void *rest_arg;
    struct thread {
        pthread_t id;
        struct pool *pool;
        struct conn *reader;
    } thread[THREADS_MAX];
};

static void *S_thread(void *arg)
{
    struct thread *self = arg;
    struct pool *p = self->pool;
    pthread_setname_np(pthread_self(), "linli-worker");
    size_t since_rest = 0;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        if (since_rest && (!p->head || since_rest == TASKS_A_REST)) {
            since_rest = 0;
            pthread_mutex_unlock(&p->lock);
            p->rest(p->rest_arg);
            pthread_mutex_lock(&p->lock);
            continue;
        }
        while (!p->head && !p->stopping) {
            p->asleep++;
            pthread_cond_wait(&p->wake, &p->lock);
            p->asleep--;
        }
        struct task *task = p->head;
        if (!task)
            break;
        p->head = task->next;
        if (!p->head)
            p->tail = &p->head;
        p->waiting--;
        p->taken_at = clock_ticks();
        pthread_mutex_unlock(&p->lock);
        task->run(self->reader, task->arg);
        since_rest++;
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum err pool_start(struct database *d, const struct pool_options *o, struct pool **ret)
{
    struct pool *p = calloc(1, sizeof *p);
    enum err err = p && o->threads <= THREADS_MAX ? OK : ERR_MEMORY;
    if (err != OK) {
        free(p);
        return err;
    }
    p->room = o->room;
    p->eager = o->eager;
    p->rest = o->rest;
    p->rest_arg = o->rest_arg;
    p->tail = &p->head;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    for (size_t i = 0; i < o->threads && err == OK; i++) {
        struct thread *t = &p->thread[i];
        t->pool = p;
        err = database_reader(d, &t->reader);
        if (err != OK)
            break;
        conn_limit(t->reader, o->steps);
        if (pthread_create(&t->id, NULL, S_thread, t) != 0) {
            conn_close(t->reader);
            err = ERR_MEMORY;
            break;
        }
        p->threads++;
    }
    if (err != OK) {
        pool_stop(p);
        return err;
    }
    *ret = p;
    return OK;
}

/* Waking a thread costs as much as answering a small query, and two that share a core with the loop
 * cost more than one that keeps up. So a sleeping one is woken only when none is awake, when the
 * last task was taken so long ago that those awake must be busy with something slow, or when what
 * came first has waited so long that they are many requests behind. An eager pool's tasks are all
 * slow. */
struct task *pool_submit(struct pool *p, struct task *tasks)
{
    int64_t now = clock_ticks();
    pthread_mutex_lock(&p->lock);
    bool behind = p->eager || p->asleep == p->threads || now - p->taken_at > STUCK_US ||
                  (p->head && now - p->head->since > BEHIND_US);
    while (tasks && !p->stopping && p->waiting < p->room) {
        struct task *next = tasks->next;
        tasks->next = NULL;
        tasks->since = now;
        *p->tail = tasks;
        p->tail = &tasks->next;
        p->waiting++;
        tasks = next;
    }
    if (p->asleep && p->waiting && behind)
        pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    return tasks;
}

size_t pool_waiting(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    size_t waiting = p->waiting;
    pthread_mutex_unlock(&p->lock);
    return waiting;
}

void pool_stop(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->threads; i++) {
        pthread_join(p->thread[i].id, NULL);
        conn_close(p->thread[i].reader);
    }
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->wake);
    free(p);
}
