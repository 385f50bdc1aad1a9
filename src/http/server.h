/* The HTTP front: one event-loop thread, worker threads for reading, slow threads for hashing, the
 * writer. Only src/http includes libevent.
 *
 * The way of a request: the loop checks it (strict, CSRF, limits), finds its route and hands it to
 * a worker; there the gate says who asks, the input is decoded, a query answered. A command goes
 * on to the writer. Replies leave from the loop, a command's only after the commit. Every queue is
 * bounded: when one is full the answer is 503 with Retry-After and nothing was done. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/clock.h"
#include "gate/gate.h"
#include "store/writer.h"

struct server_options {
    struct str address; /* "127.0.0.1" */
    int port;           /* 0: any free one */
    const struct str *hosts;
    size_t host_count; /* names it answers to; none: any */
    size_t workers;    /* 0: as many as there are processors */
    int64_t throttle;  /* writes a minute from one address without a session; 0: any */
    bool quiet;        /* no request log */
    bool secure;       /* served over TLS by a proxy in front: Secure cookies */
};

struct server;

MUST enum err server_start(struct database *database, const struct world *world,
                           const struct clock *clock, const struct module *const *modules,
                           const struct server_options *options, struct server **ret,
                           const char **why);
int server_port(const struct server *s);

/* The writer, for what works beside the server. `ending` is called when no request is taken any
 * more and the writer still runs: what uses it must end there. */
struct writer *server_writer(const struct server *s);
void server_on_end(struct server *s, void (*ending)(void *arg), void *arg);

/* Runs until server_stop, or SIGINT or SIGTERM; then lets what was begun end. */
void server_run(struct server *s);
void server_stop(struct server *s); /* from any thread */
void server_free(struct server *s);

/* OpenAPI 3.1 of the route table. */
void openapi_write(const struct module *const *modules, struct buf *out);

/* Every row has a permission, a reply, a reach when its path has {id}, and an operationId of its
 * own. NULL when so, else what is wrong. */
const char *routes_check(const struct module *const *modules);

#endif
