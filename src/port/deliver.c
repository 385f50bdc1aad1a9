#include "port/deliver.h"

#include "port/message.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 2, AT_ONCE = 8, LOOK_EVERY_MS = 250, ARENA_ROOM = 8 << 20, WHY_MAX = 256 };

struct deliver {
    struct deliver_options o;
    struct writer *writer;
    json_t *config;
    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool busy; /* the first thread has found something: the others are to help */
    size_t n;
    struct thread {
        pthread_t id;
        struct deliver *deliver;
        struct conn *reader;
        struct sender sender;
        struct arena *arena;
    } thread[THREADS];
};

/* ---- commands ---- */

struct command {
    struct list parcels;
    const struct attempt *outcome;
    int64_t webhook;
};

static enum err S_claim(struct store *db, void *arg)
{
    return outbox_claim(db, AT_ONCE, &((struct command *)arg)->parcels);
}

static enum err S_report(struct store *db, void *arg)
{
    const struct command *c = arg;
    TRY(outbox_report(db, &c->outcome->d));
    return c->outcome->gone ? webhook_end(db, c->webhook) : OK;
}

static enum err S_call(struct thread *t, enum err (*run)(struct store *db, void *arg), void *arg)
{
    struct problem problem = {0};
    struct job job = {.run = run, .arg = arg, .arena = t->arena, .problem = &problem};
    return writer_call(t->deliver->writer, &job);
}

/* ---- reading ---- */

struct reading {
    struct store db;
    struct problem problem;
    struct note note;
};

static void S_reading(struct thread *t, struct reading *r)
{
    *r = (struct reading){0};
    r->db = (struct store){.conn = t->reader,
                           .arena = t->arena,
                           .problem = &r->problem,
                           .now = clock_now(t->deliver->o.clock),
                           .world = t->deliver->o.world,
                           .note = &r->note};
}

static bool S_due(struct thread *t)
{
    struct reading r;
    bool due = false;
    S_reading(t, &r);
    if (conn_begin(t->reader) != OK)
        return false;
    if (outbox_due(&r.db, &due) != OK)
        due = false;
    if (conn_commit(t->reader) != OK)
        conn_rollback(t->reader);
    return due;
}

/* Each statement sees what is committed: no snapshot is held while the other side answers. */
static void S_send(struct thread *t, const struct parcel *p)
{
    struct reading r;
    struct attempt outcome;
    struct command c = {.outcome = &outcome, .webhook = p->webhook};
    S_reading(t, &r);
    if (message_send(&t->sender, &r.db, p, &outcome) != OK)
        return; /* the lease ends, and it is tried again */
    if (outcome.d.error && strcmp(outcome.d.error, "stopped") == 0)
        return;
    /* A full queue: likewise. */
    if (S_call(t, S_report, &c) != OK)
        return;
}

static void S_busy(struct deliver *d, bool busy)
{
    pthread_mutex_lock(&d->lock);
    d->busy = busy;
    if (busy)
        pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->lock);
}

/* False when there was nothing to do. */
static bool S_round(struct thread *t)
{
    struct command c = {0};
    arena_reset(t->arena);
    if (!S_due(t) || S_call(t, S_claim, &c) != OK)
        return false;
    const struct parcel *p = c.parcels.items;
    if (c.parcels.n && t == t->deliver->thread)
        S_busy(t->deliver, true);
    for (size_t i = 0; i < c.parcels.n && !atomic_load(&t->deliver->stopping); i++)
        S_send(t, &p[i]);
    return c.parcels.n > 0;
}

/* The first thread looks now and then, and so do the others while it is at work. */
static void S_sleep(struct thread *t)
{
    struct deliver *d = t->deliver;
    struct timespec until;
    bool first = t == d->thread;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_EVERY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&d->lock);
    if ((first || d->busy) && !atomic_load(&d->stopping))
        pthread_cond_timedwait(&d->wake, &d->lock, &until);
    while (!first && !d->busy && !atomic_load(&d->stopping))
        pthread_cond_wait(&d->wake, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

static void *S_thread(void *arg)
{
    struct thread *t = arg;
    struct deliver *d = t->deliver;
    pthread_setname_np(pthread_self(), "linli-deliver");
    while (!atomic_load(&d->stopping)) {
        S_sleep(t);
        while (!atomic_load(&d->stopping) && S_round(t))
            ;
        if (t == d->thread)
            S_busy(d, false);
    }
    return NULL;
}

/* ---- start and stop ---- */

static enum err S_open_thread(struct deliver *d, struct thread *t)
{
    t->deliver = d;
    TRY(database_reader(d->o.database, &t->reader));
    t->arena = arena_new(ARENA_ROOM);
    t->sender = (struct sender){.fetch = fetch_new(&d->stopping), .config = d->config};
    return t->arena && t->sender.fetch ? OK : ERR_MEMORY;
}

static void S_close_thread(struct thread *t)
{
    fetch_free(t->sender.fetch);
    arena_free(t->arena);
    if (t->reader)
        conn_close(t->reader);
}

enum err deliver_open(const struct deliver_options *options, struct deliver **ret, const char **why)
{
    static char said[WHY_MAX];
    struct arena *a = arena_new(ARENA_ROOM);
    struct deliver *d = calloc(1, sizeof *d);
    *why = "内存不足。 / Out of memory.";
    if (!a || !d) {
        arena_free(a);
        free(d);
        return ERR_MEMORY;
    }
    d->o = *options;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->wake, NULL);
    const char *wrong = NULL;
    d->config = message_config(options->folder, a, &wrong);
    if (wrong) {
        size_t n = strlen(wrong) < WHY_MAX ? strlen(wrong) : WHY_MAX - 1;
        memcpy(said, wrong, n);
        said[n] = '\0';
        *why = said;
    }
    arena_free(a);
    enum err err = wrong ? ERR_INVALID : OK;
    for (size_t i = 0; i < THREADS && err == OK; i++)
        err = S_open_thread(d, &d->thread[i]);
    if (err != OK)
        deliver_stop(d);
    else
        *ret = d;
    return err;
}

enum err deliver_start(struct deliver *d, struct writer *writer)
{
    d->writer = writer;
    for (; d->n < THREADS; d->n++) {
        if (pthread_create(&d->thread[d->n].id, NULL, S_thread, &d->thread[d->n]) != 0)
            return ERR_MEMORY;
    }
    return OK;
}

void deliver_stop(struct deliver *d)
{
    if (!d)
        return;
    atomic_store(&d->stopping, true);
    pthread_mutex_lock(&d->lock);
    pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < d->n; i++)
        pthread_join(d->thread[i].id, NULL);
    for (size_t i = 0; i < THREADS; i++)
        S_close_thread(&d->thread[i]);
    json_decref(d->config);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->wake);
    free(d);
}
