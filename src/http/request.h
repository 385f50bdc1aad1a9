/* One request on its way through the threads. It belongs to one thread at a time: the loop, then
 * a worker, then perhaps the writer, then the loop again, which alone touches `ev`. Everything a
 * request allocates is in its arena; requests are reused. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "http/pool.h"
#include "http/server.h"
#include "http/strict.h"
#include "http/throttle.h"

#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    PARAMS_MAX_ = 24,
    SEGMENTS_MAX = 8,
    ARENA_CAP = 8 * 1024 * 1024,
    REPLY_CAP = 4 * 1024 * 1024
};

/* Events read for one stream: all up to `upto` that its reader may see; `last` is the number of the
 * newest there was, so that there are more when upto is less. */
struct stream_page {
    int64_t upto, last;
};

struct request {
    struct server *server;
    struct evhttp_request *ev; /* NULL once the client has gone */
    struct arena *arena;
    struct problem problem;
    struct note note;
    const struct route *route;
    struct param params[PARAMS_MAX_];
    size_t param_count;
    struct str path, body, token, key, lang;
    int64_t started; /* µs */
    struct actor actor;
    void *in, *ret;
    enum err err;
    int status;
    struct buf out;
    struct stream_page page; /* of a STREAM: where its first events end */
    bool replayed;           /* the answer of an earlier request with the same key */
    bool prepared;           /* route->prepare has run */
    struct str cookie;       /* Set-Cookie, or NO_STR */
    struct task task;
    struct job job;
    struct request *next;
};

/* Counters for /metrics; any thread adds. */
struct tally {
    atomic_int_fast64_t requests, by_class[6], refused, in_flight, queue_full;
    atomic_int_fast64_t streams, streams_told, streams_dropped;
};

struct streams;  /* stream.c */
struct compiled; /* routes split into segments, in match.c */

struct server {
    struct event_base *base;
    struct evhttp *http;
    struct event *wake, *on_int, *on_term, *tick, *flush;
    int wake_fd, port;
    const struct world *world;
    const struct clock *clock;
    const struct module *const *modules;
    struct compiled *routes;
    struct session_cache *sessions;
    struct writer *writer;
    struct pool *workers, *slow;
    struct strict_rules rules;
    struct guard **guards; /* hash of connections, guard.c */
    struct throttle throttle;
    struct streams *streams;
    void (*ending)(void *arg);
    void *ending_arg;
    bool quiet, secure, stopping;
    int64_t ticks;
    struct tally tally;
    struct request *idle; /* for reuse; loop only */
    size_t idle_n;
    struct task *fresh, **fresh_tail; /* read in this turn of the loop, not yet with a worker */
    pthread_mutex_t done_lock;
    struct request *done, **done_tail; /* answered, waiting for the loop */
    bool told;                         /* the loop has been told of them */
};

/* match.c: the route of a verb and path; path parameters are added to the request. NULL when there
 * is none; *allow then names the verbs the path knows, or is empty. */
struct compiled *routes_compile(const struct module *const *modules);
void routes_free(struct compiled *c);
const struct route *routes_match(const struct compiled *c, struct str verb, struct str path,
                                 struct request *q, struct buf *allow);

/* receive.c: on the loop. Finds the route and reads all that the workers will need. */
MUST enum err request_receive(struct request *q, struct str verb, struct str path,
                              struct str query);

/* run.c: on a worker. Ends in request_done, there or on the writer. */
void request_run(struct conn *reader, void *arg);
void request_done(struct request *q); /* to the loop, from any thread */

/* reply.c: on the loop. */
void reply_send(struct request *q);
void reply_problem(struct request *q, enum err err); /* fills q->status and q->out */
void reply_headers(struct server *s, struct evhttp_request *ev, const char *type, bool page);
void reply_stream(struct request *q); /* the head of a reply that stays open */
int err_status(enum err err);

/* guard.c: the strict guard of every connection. */
void guard_attach(struct server *s);
/* False when the guard has refused this request; the connection is then being closed. */
bool guard_pass(struct server *s, struct evhttp_request *ev);
void guard_replied(struct server *s, struct evhttp_request *ev);
void guard_free(struct server *s);

/* stream.c: open streams, on the loop (stream.h says how). */
struct streams *streams_new(struct server *s);
void streams_end(struct server *s); /* tells all that it ends */
void streams_free(struct streams *all);
bool stream_open(struct request *q);  /* begins the reply; false: no room, nothing was sent */
void streams_stale(struct server *s); /* something was committed */
void streams_poll(struct server *s);  /* reads what is new, if anything may be */
void streams_tick(struct server *s);  /* four times a second */

/* stream_read.c: on a worker. The first events of a stream, into q->out and q->page. */
MUST enum err stream_begin(struct store *db, struct request *q);

/* meta.c: health, metrics, OpenAPI and embedded pages, which need no worker. True when it replied.
 */
bool meta_reply(struct server *s, struct evhttp_request *ev, struct str verb, struct str path);

#endif
