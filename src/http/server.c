#include "http/request.h"

#include "base/log.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <event2/thread.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    TIMEOUT_S = 75,
    WRITER_ROOM = 4096,
    WORKER_ROOM = 4096,
    SLOW_THREADS = 2,
    SLOW_ROOM = 64,
    QUERY_STEPS = 50 * 1000 * 1000, /* a query past this asks too broadly */
    TICKS_AN_HOUR = 4 * 3600,
    BODY_CEILING = 1024 * 1024,
    IDLE_MAX = 512, /* requests kept for reuse */
};

/* ---- requests, reused ---- */

static struct request *S_new(struct server *s)
{
    struct request *q = s->idle;
    if (q) {
        s->idle = q->next;
        s->idle_n--;
        struct arena *arena = q->arena;
        *q = (struct request){.arena = arena};
    } else {
        q = calloc(1, sizeof *q);
        if (q)
            q->arena = arena_new(ARENA_CAP);
        if (q && !q->arena) {
            free(q);
            q = NULL;
        }
    }
    if (q) {
        q->server = s;
        q->out = buf_new(REPLY_CAP);
        q->started = clock_ticks();
    }
    return q;
}

/* A burst, such as everybody's streams after a restart, does not keep its memory. */
static void S_release(struct server *s, struct request *q)
{
    buf_free(&q->out);
    if (s->idle_n == IDLE_MAX) {
        arena_free(q->arena);
        free(q);
        return;
    }
    s->idle_n++;
    arena_reset(q->arena);
    q->next = s->idle;
    s->idle = q;
}

/* The client went away: what runs goes on, its reply has nobody to go to. */
static void S_gone(struct evhttp_connection *c, void *arg)
{
    (void)c;
    ((struct request *)arg)->ev = NULL;
}

static void S_log(const struct request *q)
{
    if (q->server->quiet)
        return;
    log_line(q->status >= 500 ? LOG_ERROR : LOG_INFO, "request",
             LOG_FIELDS(L_TEXT("op", q->route ? q->route->op : "none"), L_INT("status", q->status),
                        L_INT("us", clock_ticks() - q->started)));
}

static void S_finish(struct request *q)
{
    struct server *s = q->server;
    struct evhttp_connection *c = q->ev ? evhttp_request_get_connection(q->ev) : NULL;
    if (c)
        evhttp_connection_set_closecb(c, NULL, NULL);
    bool stream = q->ev && q->err == OK && q->route && q->route->work == STREAM;
    if (stream && !stream_open(q))
        q->err = ERR_BUSY;
    if (q->ev)
        reply_send(q);
    else if (!stream)
        q->status = err_status(q->err);
    s->tally.by_class[q->status / 100 < 6 ? q->status / 100 : 0]++;
    s->tally.in_flight--;
    s->tally.queue_full += q->err == ERR_BUSY;
    S_log(q);
    S_release(s, q);
}

void request_done(struct request *q)
{
    struct server *s = q->server;
    q->next = NULL;
    pthread_mutex_lock(&s->done_lock);
    *s->done_tail = q;
    s->done_tail = &q->next;
    pthread_mutex_unlock(&s->done_lock);
}

/* A thread has no more to do for now: the loop is told of what has gathered. */
static void S_rest(void *arg)
{
    struct server *s = arg;
    pthread_mutex_lock(&s->done_lock);
    bool tell = s->done && !s->told;
    s->told = s->told || tell;
    pthread_mutex_unlock(&s->done_lock);
    if (tell && eventfd_write(s->wake_fd, 1) != 0)
        log_line(LOG_ERROR, "wake_failed", NULL);
}

static void S_wake(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    eventfd_t count;
    (void)what;
    if (eventfd_read(fd, &count) != 0)
        return;
    pthread_mutex_lock(&s->done_lock);
    struct request *q = s->done;
    s->done = NULL;
    s->done_tail = &s->done;
    s->told = false;
    pthread_mutex_unlock(&s->done_lock);
    while (q) {
        struct request *next = q->next;
        if (q->route && q->route->work == COMMAND && q->err == OK)
            streams_stale(s);
        S_finish(q);
        q = next;
    }
    streams_poll(s);
}

/* ---- requests come ---- */

static struct str S_verb(struct evhttp_request *ev)
{
    switch (evhttp_request_get_command(ev)) {
    case EVHTTP_REQ_GET: return S("GET");
    case EVHTTP_REQ_POST: return S("POST");
    case EVHTTP_REQ_PUT: return S("PUT");
    case EVHTTP_REQ_PATCH: return S("PATCH");
    case EVHTTP_REQ_DELETE: return S("DELETE");
    case EVHTTP_REQ_HEAD: return S("HEAD");
    default: return S("OTHER");
    }
}

static void S_request(struct evhttp_request *ev, void *arg)
{
    struct server *s = arg;
    struct str query = str_of(evhttp_request_get_uri(ev));
    struct str path = str_split(&query, '?');
    struct str verb = S_verb(ev);
    s->tally.requests++;
    if (!guard_pass(s, ev)) {
        evhttp_add_header(evhttp_request_get_output_headers(ev), "Connection", "close");
        guard_replied(s, ev);
        evhttp_send_reply(ev, 400, "Bad Request", NULL);
        return;
    }
    if (!s->stopping && meta_reply(s, ev, verb, path)) {
        guard_replied(s, ev);
        return;
    }
    struct request *q = s->stopping ? NULL : S_new(s);
    if (!q) {
        guard_replied(s, ev);
        evhttp_send_reply(ev, 503, "Service Unavailable", NULL);
        return;
    }
    q->ev = ev;
    s->tally.in_flight++;
    evhttp_connection_set_closecb(evhttp_request_get_connection(ev), S_gone, q);
    q->err = request_receive(q, verb, path, query);
    q->task = (struct task){.run = request_run, .arg = q};
    if (q->err != OK) {
        S_finish(q);
        return;
    }
    if (!s->fresh)
        event_active(s->flush, 0, 0);
    *s->fresh_tail = &q->task;
    s->fresh_tail = &q->task.next;
}

/* After what this turn of the loop has read: to the workers, in one go. What finds no room is
 * answered 503. */
static void S_flush(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    (void)fd;
    (void)what;
    struct task *left = pool_submit(s->workers, s->fresh);
    s->fresh = NULL;
    s->fresh_tail = &s->fresh;
    while (left) {
        struct request *q = left->arg;
        left = left->next;
        q->err = ERR_BUSY;
        S_finish(q);
    }
}

/* ---- background work, on the writer like everything that writes ---- */

struct chore {
    struct job job;
    struct server *server;
    struct arena *arena;
    struct problem problem;
    enum err (*run)(struct store *db, void *more);
    bool more; /* it has not come to the end of its work */
};

static enum err S_purge(struct store *db, void *more)
{
    (void)more;
    TRY(once_purge(db));
    return store_exec(db, "DELETE FROM session WHERE expires_at < $1", ARGS(A_INT(db->now)), NULL);
}

static enum err S_chore_run(struct store *db, void *arg)
{
    struct chore *c = arg;
    c->more = false;
    return c->run(db, &c->more);
}

/* Work that is left goes behind what has come meanwhile. */
static void S_chore_done(void *arg, enum err err)
{
    struct chore *c = arg;
    bool again = err == OK && c->more;
    if (again)
        arena_reset(c->arena);
    if (again && writer_submit(c->server->writer, &c->job))
        return;
    if (err != OK)
        log_line(LOG_WARN, "chore_failed", LOG_FIELDS(L_INT("err", err)));
    arena_free(c->arena);
    free(c);
}

static void S_chore(struct server *s, enum err (*run)(struct store *db, void *more))
{
    struct chore *c = calloc(1, sizeof *c);
    if (!c)
        return;
    c->server = s;
    c->run = run;
    c->arena = arena_new(ARENA_CAP);
    c->job = (struct job){.run = S_chore_run,
                          .done = S_chore_done,
                          .arg = c,
                          .arena = c->arena,
                          .problem = &c->problem};
    if (!c->arena || !writer_submit(s->writer, &c->job))
        S_chore_done(c, ERR_BUSY);
}

static void S_tick(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    (void)fd;
    (void)what;
    pool_submit(s->workers, NULL);
    streams_tick(s);
    for (size_t m = 0; s->modules[m]; m++) {
        if (s->modules[m]->tick)
            S_chore(s, s->modules[m]->tick);
    }
    if (s->ticks++ % TICKS_AN_HOUR == 0)
        S_chore(s, S_purge);
}

/* ---- start and stop ---- */

static void S_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    server_stop(arg);
}

static void S_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Changes to what is waited for are gathered and told to the kernel once a turn: a reply enables
 * and disables the same descriptor several times. No descriptor here is ever duplicated, which is
 * what that asks for. */
static struct event_base *S_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    return base;
}

static enum err S_listen(struct server *s, const struct server_options *o, const char **why)
{
    char address[64];
    if (o->address.n >= sizeof address) {
        *why = "地址太长。 / The address is too long.";
        return ERR_INVALID;
    }
    memcpy(address, o->address.p, o->address.n);
    address[o->address.n] = '\0';
    s->http = evhttp_new(s->base);
    if (!s->http)
        return ERR_MEMORY;
    /* Every method comes to us: what evhttp refuses by itself it answers in HTML. */
    evhttp_set_allowed_methods(s->http, UINT16_MAX);
    evhttp_set_max_headers_size(s->http, STRICT_HEAD_MAX);
    evhttp_set_max_body_size(s->http, BODY_CEILING);
    evhttp_set_timeout(s->http, TIMEOUT_S);
    evhttp_set_default_content_type(s->http, NULL);
    evhttp_set_gencb(s->http, S_request, s);
    guard_attach(s);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(s->http, address, (ev_uint16_t)o->port);
    struct sockaddr_in6 at = {
        0}; /* holds the smaller IPv4 address too, its port in the same place */
    socklen_t n = sizeof at;
    if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &n) != 0) {
        *why = "这个地址或端口用不了，可能已有程序在用。 / The address or port cannot be used: "
               "another program may be serving there.";
        return ERR_IO;
    }
    /* A reply of more than 16 KiB goes out in several writes: none may wait for the client's
     * acknowledgement of the one before, which comes 40 ms later. Connections inherit this; where
     * that is refused, large replies are slow. */
    const int on = 1;
    setsockopt(evhttp_bound_socket_get_fd(bound), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s->port = ntohs(at.sin6_port);
    return OK;
}

static enum err S_events(struct server *s)
{
    static const struct timeval quarter = {.tv_usec = 250000};
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->wake = event_new(s->base, s->wake_fd, EV_READ | EV_PERSIST, S_wake, s);
    s->on_int = evsignal_new(s->base, SIGINT, S_signal, s);
    s->on_term = evsignal_new(s->base, SIGTERM, S_signal, s);
    s->tick = event_new(s->base, -1, EV_PERSIST, S_tick, s);
    s->flush = event_new(s->base, -1, 0, S_flush, s);
    if (s->wake_fd < 0 || !s->wake || !s->flush || !s->on_int || !s->on_term || !s->tick)
        return ERR_MEMORY;
    event_add(s->wake, NULL);
    event_add(s->on_int, NULL);
    event_add(s->on_term, NULL);
    event_add(s->tick, &quarter);
    return OK;
}

static enum err S_threads(struct server *s, struct database *d, size_t workers)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (!workers)
        workers = processors > 1 ? (size_t)processors : 2;
    const struct pool_options fast = {.threads = workers,
                                      .room = WORKER_ROOM,
                                      .steps = QUERY_STEPS,
                                      .rest = S_rest,
                                      .rest_arg = s};
    const struct pool_options slow = {.threads = SLOW_THREADS,
                                      .room = SLOW_ROOM,
                                      .steps = QUERY_STEPS,
                                      .eager = true,
                                      .rest = S_rest,
                                      .rest_arg = s};
    TRY(pool_start(d, &fast, &s->workers));
    TRY(pool_start(d, &slow, &s->slow));
    TRY(writer_start(database_writer(d), s->clock, s->world, WRITER_ROOM, &s->writer));
    writer_on_rest(s->writer, S_rest, s);
    return OK;
}

enum err server_start(struct database *database, const struct world *world,
                      const struct clock *clock, const struct module *const *modules,
                      const struct server_options *options, struct server **ret, const char **why)
{
    *why = routes_check(modules);
    if (*why)
        return ERR_INVALID;
    *why = "内存不足。 / Out of memory.";
    struct server *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_MEMORY;
    s->world = world;
    s->clock = clock;
    s->modules = modules;
    s->throttle.per_minute = options->throttle;
    s->quiet = options->quiet;
    s->secure = options->secure;
    s->rules = (struct strict_rules){
        .body_max = BODY_CEILING, .hosts = options->hosts, .host_count = options->host_count};
    s->done_tail = &s->done;
    s->fresh_tail = &s->fresh;
    pthread_mutex_init(&s->done_lock, NULL);
    signal(SIGPIPE, SIG_IGN);
    S_raise_files();
    evthread_use_pthreads();
    s->base = S_base();
    s->routes = routes_compile(modules);
    s->sessions = session_cache_new();
    s->streams = s->base ? streams_new(s) : NULL;
    enum err err = s->base && s->routes && s->sessions && s->streams ? OK : ERR_MEMORY;
    if (err == OK)
        err = S_listen(s, options, why);
    if (err == OK)
        err = S_events(s);
    if (err == OK)
        err = S_threads(s, database, options->workers);
    if (err != OK) {
        server_free(s);
        return err;
    }
    *ret = s;
    return OK;
}

int server_port(const struct server *s)
{
    return s->port;
}

struct writer *server_writer(const struct server *s)
{
    return s->writer;
}

void server_on_end(struct server *s, void (*ending)(void *arg), void *arg)
{
    s->ending = ending;
    s->ending_arg = arg;
}

void server_run(struct server *s)
{
    event_base_dispatch(s->base);
    /* No request is taken any more; what was taken ends, and its replies leave. */
    s->stopping = true;
    event_del(s->tick);
    event_del(s->flush);
    S_flush(-1, 0, s);
    if (s->ending)
        s->ending(s->ending_arg);
    pool_stop(s->workers);
    pool_stop(s->slow);
    writer_stop(s->writer);
    s->workers = s->slow = NULL;
    s->writer = NULL;
    streams_end(s);
    eventfd_write(s->wake_fd, 1);
    for (int i = 0; i < 8; i++)
        event_base_loop(s->base, EVLOOP_NONBLOCK);
}

void server_stop(struct server *s)
{
    event_base_loopbreak(s->base);
}

static void S_free_event(struct event *e)
{
    if (e)
        event_free(e);
}

void server_free(struct server *s)
{
    if (!s)
        return;
    pool_stop(s->workers);
    pool_stop(s->slow);
    writer_stop(s->writer);
    if (s->streams)
        streams_end(s);
    if (s->http)
        evhttp_free(s->http);
    streams_free(s->streams);
    S_free_event(s->wake);
    S_free_event(s->on_int);
    S_free_event(s->on_term);
    S_free_event(s->tick);
    S_free_event(s->flush);
    if (s->base)
        event_base_free(s->base);
    if (s->wake_fd > 0)
        close(s->wake_fd);
    while (s->idle) {
        struct request *next = s->idle->next;
        arena_free(s->idle->arena);
        free(s->idle);
        s->idle = next;
    }
    guard_free(s);
    routes_free(s->routes);
    session_cache_free(s->sessions);
    pthread_mutex_destroy(&s->done_lock);
    free(s);
}
