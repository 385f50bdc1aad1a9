/* A few threads with a bounded queue, each with a read connection of its own. */
#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include "store/store.h"

struct task {
    void (*run)(struct conn *reader, void *arg);
    void *arg;
    struct task *next; /* the pool's, as is the next */
    int64_t since;     /* when it was submitted, µs */
};

struct pool;

struct pool_options {
    size_t threads, room;
    int64_t steps; /* conn_limit of the readers */
    bool eager;    /* every task is slow: wake a thread for each */
    /* Called by a thread that has run a task or several and finds no more, and now and then while
     * it does: to tell of their results at once rather than one by one. */
    void (*rest)(void *arg);
    void *rest_arg;
};
MUST enum err pool_start(struct database *d, const struct pool_options *options, struct pool **ret);

/* Takes a list of tasks, as far as there is room; answers what was not taken, NULL when all was.
 * An empty list only has another thread look at what waits: to be called now and then, so that
 * nothing waits behind one slow task. */
struct task *pool_submit(struct pool *p, struct task *tasks);
size_t pool_waiting(struct pool *p);
void pool_stop(struct pool *p); /* runs what is queued first */

#endif
