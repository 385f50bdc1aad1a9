/* A few threads with a bounded queue, each with a read connection of its own. */
#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include "store/store.h"

struct task {
    void (*run)(struct conn *reader, void *arg);
    void *arg;
    struct task *next; /* the pool's */
};

struct pool;

MUST enum err pool_start(struct database *d, size_t threads, size_t room, int64_t limit,
                         struct pool **ret);         /* limit: conn_limit of the readers */
bool pool_submit(struct pool *p, struct task *task); /* false when full */
size_t pool_waiting(struct pool *p);
void pool_stop(struct pool *p); /* runs what is queued first */

#endif
