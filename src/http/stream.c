/* Open streams on the loop: finding those that an entry is for, writing, pulses, ends. */
#include "http/stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    STREAMS_MAX = 12000,
    SLOTS = 8192,
    OUT_MAX = 64 * 1024,
    SEND_ROOM = 32 * 1024, /* of the socket: what the kernel keeps for a slow reader */
    INPUT_MAX = 1024,      /* a reader has nothing to say */
    STALL_S = 30,
    A_TURN = 256, /* streams written to in one turn of the loop */
    A_TICK = 256, /* streams looked at in one tick */
};

/* A stream under one key of its reader, in a chain of a hash. */
struct link {
    struct link *next, **at;
    struct stream *stream;
    int64_t key;
    bool unit;
};

struct stream {
    struct stream *next, *prev; /* by pulse, the longest ago first */
    struct server *server;
    struct evhttp_request *ev;
    const struct route *route;
    int64_t serial, seq, account, named, pulse_at;
    unsigned char session[HASH_SIZE];
    size_t slot;    /* in the table */
    bool behind;    /* what the batches hold is not yet its turn */
    bool looking;   /* with a worker */
    uint64_t mask;  /* entries of the present batch it gets */
    size_t touched; /* where it stands in the list of those */
    size_t n;
    struct link links[];
};

struct streams {
    struct stream pulse; /* head of the ring */
    struct link *slots[SLOTS];
    struct stream *table[STREAMS_MAX];
    uint16_t vacant[STREAMS_MAX]; /* places in the table, the next one last */
    size_t n;
    int64_t serial, cursor; /* cursor: the last entry that batches have told */
    struct poll poll;
    bool polling, stale;
    struct event *ready, *turn;
    pthread_mutex_t lock; /* of what workers hand over */
    bool polled;
    struct look *looked;
    struct batch *batch; /* being written */
    struct stream **touched;
    size_t touched_n, touched_at;
};

static void S_ready(evutil_socket_t fd, short what, void *arg);
static void S_turn(evutil_socket_t fd, short what, void *arg);

struct streams *streams_new(struct server *s)
{
    struct streams *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    all->pulse.next = all->pulse.prev = &all->pulse;
    for (size_t i = 0; i < STREAMS_MAX; i++)
        all->vacant[i] = (uint16_t)(STREAMS_MAX - 1 - i);
    pthread_mutex_init(&all->lock, NULL);
    all->ready = event_new(s->base, -1, 0, S_ready, s);
    all->turn = event_new(s->base, -1, 0, S_turn, s);
    all->touched = calloc(STREAMS_MAX, sizeof(struct stream *));
    if (!all->ready || !all->turn || !all->touched) {
        streams_free(all);
        return NULL;
    }
    return all;
}

/* ---- the index ---- */

static struct link **S_slot(struct streams *all, int64_t key)
{
    return all->slots + ((uint64_t)key * 0x9E3779B97F4A7C15u >> 51);
}

static void S_link(struct streams *all, struct stream *t, const int64_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct link *l = &t->links[i];
        bool unit = keys[i] < 0;
        *l = (struct link){.stream = t, .key = unit ? -keys[i] : keys[i], .unit = unit};
        l->at = S_slot(all, l->key);
        l->next = *l->at;
        if (l->next)
            l->next->at = &l->next;
        *l->at = l;
    }
    t->n = n;
}

static bool S_same_keys(const struct stream *t, const int64_t *keys, size_t n)
{
    bool same = t->n == n;
    for (size_t i = 0; same && i < n; i++)
        same = keys[i] == (t->links[i].unit ? -t->links[i].key : t->links[i].key);
    return same;
}

static void S_pulse_last(struct streams *all, struct stream *t, int64_t now)
{
    t->pulse_at = now;
    t->next = &all->pulse;
    t->prev = all->pulse.prev;
    t->prev->next = t->next->prev = t;
}

static void S_unpulse(struct stream *t)
{
    t->next->prev = t->prev;
    t->prev->next = t->next;
}

/* The stream is no more; its reply is the caller's to end. */
static void S_forget(struct stream *t)
{
    struct streams *all = t->server->streams;
    for (size_t i = 0; i < t->n; i++) {
        *t->links[i].at = t->links[i].next;
        if (t->links[i].next)
            t->links[i].next->at = t->links[i].at;
    }
    if (t->mask)
        all->touched[t->touched] = NULL;
    S_unpulse(t);
    all->table[t->slot] = NULL;
    all->n--;
    all->vacant[STREAMS_MAX - 1 - all->n] = (uint16_t)t->slot;
    t->server->tally.streams--;
    free(t);
}

/* ---- ends ---- */

static void S_closed(struct evhttp_connection *c, void *arg)
{
    struct stream *t = arg;
    (void)c;
    /* A connection that broke has let go of its request, which is ours to free then. */
    if (!evhttp_request_get_connection(t->ev))
        evhttp_request_free(t->ev);
    S_forget(t);
}

/* At once, whatever still waits to be sent. */
static void S_drop(struct stream *t)
{
    struct evhttp_connection *c = evhttp_request_get_connection(t->ev);
    evhttp_connection_set_closecb(c, NULL, NULL);
    S_forget(t);
    evhttp_connection_free(c);
}

/* After all that waits has been sent, with the end of the reply. */
static void S_end(struct stream *t)
{
    struct evhttp_request *ev = t->ev;
    evhttp_connection_set_closecb(evhttp_request_get_connection(ev), NULL, NULL);
    S_forget(t);
    evhttp_send_reply_end(ev);
}

/* ---- writing ---- */

static struct bufferevent *S_bev(const struct stream *t)
{
    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(t->ev));
}

/* To the socket itself when nothing waits before it: that is one call to the kernel instead of
 * four. False when the stream is no more. */
static bool S_write(struct stream *t, const struct iovec *part, size_t n)
{
    struct bufferevent *bev = S_bev(t);
    struct evbuffer *out = bufferevent_get_output(bev);
    size_t sent = 0;
    if (!evbuffer_get_length(out)) {
        const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)part, .msg_iovlen = n};
        ssize_t done = sendmsg(bufferevent_getfd(bev), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            S_drop(t);
            return false;
        }
        sent = done > 0 ? (size_t)done : 0;
    }
    for (size_t i = 0; i < n; i++) {
        size_t skip = sent < part[i].iov_len ? sent : part[i].iov_len;
        sent -= skip;
        if (skip < part[i].iov_len)
            evbuffer_add(out, (const char *)part[i].iov_base + skip, part[i].iov_len - skip);
    }
    if (evbuffer_get_length(out) <= OUT_MAX)
        return true;
    t->server->tally.streams_dropped++;
    S_drop(t);
    return false;
}

/* A comment, to keep the line open. */
static bool S_pulse(struct stream *t)
{
    static char chunk[] = "3\r\n:\n\n\r\n";
    const struct iovec part =
        t->ev->chunked ? (struct iovec){chunk, sizeof chunk - 1} : (struct iovec){chunk + 3, 3};
    return S_write(t, &part, 1);
}

/* ---- looks ---- */

static void S_look(struct stream *t)
{
    struct look *l = calloc(1, sizeof *l);
    if (!l)
        return;
    *l = (struct look){.task = {.run = stream_look, .arg = l},
                       .server = t->server,
                       .route = t->route,
                       .serial = t->serial,
                       .slot = t->slot,
                       .named = t->named,
                       .after = t->behind ? t->seq : NO_INT};
    memcpy(l->session, t->session, HASH_SIZE);
    t->looking = true;
    if (pool_submit(t->server->workers, &l->task)) {
        t->looking = false; /* no room: the next pulse tries again */
        free(l);
    }
}

/* What was read for it has been sent: a stream that is behind reads on, no faster than its reader.
 */
static void S_sent(struct evhttp_connection *c, void *arg)
{
    struct stream *t = arg;
    (void)c;
    if (t->behind && !t->looking)
        S_look(t);
}

/* A page that a worker has read, up to where it says. */
static void S_page(struct stream *t, struct str text, const struct stream_page *page)
{
    struct evbuffer *part = evbuffer_new();
    bool have = part && evbuffer_add(part, text.p, text.n) == 0;
    t->seq = page->upto;
    t->behind = page->upto < page->last || page->upto < t->server->streams->cursor;
    if (!have)
        S_drop(t);
    else if (text.n)
        evhttp_send_reply_chunk_with_cb(t->ev, part, S_sent, t);
    else if (t->behind)
        S_look(t);
    if (part)
        evbuffer_free(part);
}

static void S_looked(struct streams *all, struct look *l)
{
    /* It may have ended meanwhile, and another stand in its place. */
    struct stream *t = all->table[l->slot];
    if (t && t->serial != l->serial)
        t = NULL;
    if (t) {
        t->looking = false;
        if (l->gone || !S_same_keys(t, l->keys, l->key_n))
            S_end(t);
        else if (l->after != NO_INT)
            S_page(t, buf_str(&l->text), &l->page);
    }
    buf_free(&l->text);
    free(l);
}

/* ---- a batch, to all ---- */

static void S_mark(struct streams *all, const struct told *t, const struct link *l, uint64_t bit)
{
    struct stream *to = l->stream;
    bool inside = l->unit || (t->account && t->account == to->account);
    if (to->behind || to->seq >= t->seq || (t->internal && !inside))
        return;
    if (!to->mask) {
        to->touched = all->touched_n;
        all->touched[all->touched_n++] = to;
    }
    to->mask |= bit;
}

static void S_begin_batch(struct streams *all, struct batch *b)
{
    all->batch = b;
    all->touched_n = all->touched_at = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct told *t = &b->told[i];
        for (size_t k = 0; k < t->key_n; k++) {
            int64_t key = b->keys[t->key + k];
            for (const struct link *l = *S_slot(all, key); l; l = l->next) {
                if (l->key == key)
                    S_mark(all, t, l, (uint64_t)1 << i);
            }
        }
    }
    if (b->upto > all->cursor)
        all->cursor = b->upto;
    event_active(all->turn, 0, 0);
}

static void S_write_batch(struct stream *t, const struct batch *b)
{
    struct iovec part[BATCH_MAX];
    size_t n = 0;
    bool chunked = t->ev->chunked;
    for (size_t i = 0; i < b->n; i++) {
        const struct told *o = &b->told[i];
        if (t->mask & (uint64_t)1 << i)
            part[n++] = chunked ? (struct iovec){b->text.p + o->text, o->text_n}
                                : (struct iovec){b->text.p + o->inner, o->inner_n};
    }
    t->mask = 0;
    t->seq = b->upto;
    t->server->tally.streams_told += (int64_t)n;
    S_write(t, part, n);
}

static void S_turn(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    struct streams *all = s->streams;
    (void)fd;
    (void)what;
    for (int i = 0; i < A_TURN && all->touched_at < all->touched_n; i++) {
        struct stream *t = all->touched[all->touched_at++];
        if (t)
            S_write_batch(t, all->batch);
    }
    if (all->touched_at < all->touched_n) {
        event_active(all->turn, 0, 0);
        return;
    }
    all->stale = all->stale || (all->batch && all->batch->n == BATCH_MAX);
    batch_free(all->batch);
    all->batch = NULL;
    streams_poll(s);
}

/* ---- from the workers ---- */

static void S_hand_over(struct streams *all)
{
    event_active(all->ready, 0, 0);
    pthread_mutex_unlock(&all->lock);
}

void streams_polled(struct poll *p)
{
    struct streams *all = p->server->streams;
    pthread_mutex_lock(&all->lock);
    all->polled = true;
    S_hand_over(all);
}

void streams_looked(struct look *l)
{
    struct streams *all = l->server->streams;
    pthread_mutex_lock(&all->lock);
    l->next = all->looked;
    all->looked = l;
    S_hand_over(all);
}

static void S_ready(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    struct streams *all = s->streams;
    (void)fd;
    (void)what;
    pthread_mutex_lock(&all->lock);
    struct look *looked = all->looked;
    bool polled = all->polled;
    all->looked = NULL;
    all->polled = false;
    pthread_mutex_unlock(&all->lock);
    while (looked) {
        struct look *next = looked->next;
        S_looked(all, looked);
        looked = next;
    }
    if (!polled)
        return;
    all->polling = false;
    if (all->poll.batch)
        S_begin_batch(all, all->poll.batch);
    else
        streams_poll(s);
}

/* ---- what the server calls ---- */

void streams_stale(struct server *s)
{
    s->streams->stale = true;
}

void streams_poll(struct server *s)
{
    struct streams *all = s->streams;
    if (!all->stale || all->polling || all->batch || !all->n || s->stopping)
        return;
    const struct route *r = all->pulse.next->route;
    all->poll = (struct poll){.task = {.run = stream_poll, .arg = &all->poll},
                              .server = s,
                              .feed = r->feed,
                              .event = r->out,
                              .after = all->cursor};
    all->stale = false;
    all->polling = pool_submit(s->workers, &all->poll.task) == NULL;
    all->stale = !all->polling;
}

void streams_tick(struct server *s)
{
    struct streams *all = s->streams;
    int64_t now = clock_now(s->clock);
    all->stale = true;
    streams_poll(s);
    for (int i = 0; i < A_TICK; i++) {
        struct stream *t = all->pulse.next;
        int64_t since = now - t->pulse_at;
        if (t == &all->pulse || (since >= 0 && since < PULSE_MS))
            break;
        S_unpulse(t);
        S_pulse_last(all, t, now);
        if (S_pulse(t) && !t->looking)
            S_look(t);
    }
}

bool stream_open(struct request *q)
{
    struct server *s = q->server;
    struct streams *all = s->streams;
    int64_t keys[HATS_MAX];
    size_t n = actor_keys(&q->actor, keys);
    struct stream *t = NULL;
    if (all->n < STREAMS_MAX && !s->stopping)
        t = calloc(1, sizeof *t + n * sizeof t->links[0]);
    if (!t)
        return false;
    *t = (struct stream){.server = s,
                         .ev = q->ev,
                         .route = q->route,
                         .serial = ++all->serial,
                         .slot = all->vacant[STREAMS_MAX - 1 - all->n],
                         .account = q->actor.account,
                         .named = q->actor.named};
    memcpy(t->session, q->actor.session, HASH_SIZE);
    all->table[t->slot] = t;
    if (!all->n++ && all->cursor < q->page.last)
        all->cursor = q->page.last; /* nobody has been listening */
    s->tally.streams++;
    S_link(all, t, keys, n);
    S_pulse_last(all, t, clock_now(s->clock));
    reply_stream(q);
    q->ev = NULL;
    struct evhttp_connection *c = evhttp_request_get_connection(t->ev);
    struct bufferevent *bev = S_bev(t);
    static const struct timeval stall = {.tv_sec = STALL_S};
    const int room = SEND_ROOM, on = 1;
    evhttp_connection_set_closecb(c, S_closed, t);
    evhttp_clear_headers(evhttp_request_get_input_headers(t->ev));
    bufferevent_set_timeouts(bev, NULL, &stall);
    bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
    setsockopt(bufferevent_getfd(bev), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    /* What is to be told at once does not wait for what was told before to be acknowledged. */
    setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    S_page(t, buf_str(&q->out), &q->page);
    return true;
}

void streams_end(struct server *s)
{
    struct streams *all = s->streams;
    for (size_t i = 0; i < STREAMS_MAX && all->n; i++) {
        if (all->table[i])
            S_end(all->table[i]);
    }
}

void streams_free(struct streams *all)
{
    if (!all)
        return;
    while (all->looked) {
        struct look *next = all->looked->next;
        buf_free(&all->looked->text);
        free(all->looked);
        all->looked = next;
    }
    batch_free(all->batch);
    if (all->polled)
        batch_free(all->poll.batch);
    if (all->ready)
        event_free(all->ready);
    if (all->turn)
        event_free(all->turn);
    pthread_mutex_destroy(&all->lock);
    free(all->touched);
    free(all);
}
