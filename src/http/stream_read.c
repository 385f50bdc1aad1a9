/* What streams need from the database, on a worker. */
#include "http/stream.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_EVENTS = 128, TOO_FAR = 50000, TEXT_CAP = 1 << 20 };

static void S_event(struct buf *out, const char *name, const struct entity *e,
                    const struct live *live)
{
    buf_printf(out, "id: %lld\nevent: %s\ndata: ", (long long)live->seq, name);
    entity_encode(e, live->event, MASKED, out);
    buf_put(out, S("\n\n"));
}

/* One page of what the reader may see. Who has been away too long, or names an entry that there
 * never was, is told to look at everything anew. */
static enum err S_page(struct store *db, const struct route *r, const struct actor *by,
                       int64_t after, struct buf *out, struct stream_page *ret)
{
    struct list found;
    TRY(r->feed->last(db, &ret->last));
    if (after == NO_INT || after > ret->last || ret->last - after > TOO_FAR) {
        ret->upto = ret->last;
        if (after != NO_INT)
            buf_put(out, S("event: reset\ndata: {}\n"));
        /* Without data nothing is dispatched, and where to go on from is still known. */
        buf_printf(out, "id: %lld\n\n", (long long)ret->last);
        return OK;
    }
    TRY(r->feed->read(db, after, PAGE_EVENTS, &found));
    const struct live *live = found.items;
    for (size_t i = 0; i < found.n; i++) {
        if (live_visible(by, &live[i]))
            S_event(out, r->feed->name, r->out, &live[i]);
    }
    ret->upto = found.n == PAGE_EVENTS ? live[found.n - 1].seq : ret->last;
    /* What was not for this reader is behind them all the same. */
    buf_printf(out, "id: %lld\n\n", (long long)ret->upto);
    return out->full || arena_full(db->arena) ? ERR_MEMORY : OK;
}

enum err stream_begin(struct store *db, struct request *q)
{
    const struct feed_in *in = q->in;
    TRY(gate_admit(db, q->route, &q->actor, q->in));
    buf_put(&q->out, S("retry: 3000\n\n"));
    return S_page(db, q->route, &q->actor, in->after, &q->out, &q->page);
}

size_t actor_keys(const struct actor *by, int64_t ret[HATS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < by->n; i++) {
        int64_t key = hat_key(&by->hats[i]);
        if (by->admitted[i] && key)
            ret[n++] = by->hats[i].kind == HAT_UNIT ? -key : key;
    }
    return n;
}

/* ---- for all at once ---- */

void batch_free(struct batch *b)
{
    if (!b)
        return;
    buf_free(&b->text);
    free(b->keys);
    free(b);
}

static void S_tell(struct batch *b, const struct poll *p, const struct live *live)
{
    struct told *t = &b->told[b->n++];
    struct buf one = buf_new(TEXT_CAP);
    S_event(&one, p->feed->name, p->event, live);
    *t = (struct told){.seq = live->seq,
                       .account = live->account,
                       .internal = live->internal,
                       .text = b->text.n,
                       .key = b->key_n};
    buf_printf(&b->text, "%zx\r\n", one.n);
    t->inner = b->text.n;
    t->inner_n = one.n;
    buf_put(&b->text, buf_str(&one));
    buf_put(&b->text, S("\r\n"));
    t->text_n = b->text.n - t->text;
    t->key_n = reach_keys(&live->reach, b->keys + b->key_n);
    for (size_t i = 0; i < live->also.n; i++)
        b->keys[b->key_n + t->key_n++] = ((const int64_t *)live->also.items)[i];
    b->key_n += t->key_n;
    b->upto = live->seq;
    buf_free(&one);
}

static enum err S_poll(struct store *db, struct poll *p)
{
    struct list found;
    TRY(p->feed->read(db, p->after, BATCH_MAX, &found));
    if (!found.n)
        return OK;
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return ERR_MEMORY;
    b->text = buf_new(TEXT_CAP);
    const struct live *live = found.items;
    size_t keys = found.n * REACH_KEYS;
    for (size_t i = 0; i < found.n; i++)
        keys += live[i].also.n;
    b->keys = calloc(keys, sizeof *b->keys);
    for (size_t i = 0; b->keys && i < found.n; i++)
        S_tell(b, p, &live[i]);
    if (!b->keys || b->text.full || arena_full(db->arena)) {
        batch_free(b);
        return ERR_MEMORY;
    }
    p->batch = b;
    return OK;
}

/* Runs `work` on a snapshot with memory of its own. False when it failed. */
static bool S_read(struct conn *reader, struct server *s, void *arg,
                   enum err (*work)(struct store *db, void *arg))
{
    struct problem problem = {0};
    struct note note = {0};
    struct store db = {.conn = reader,
                       .arena = arena_new(ARENA_CAP),
                       .problem = &problem,
                       .now = clock_now(s->clock),
                       .world = s->world,
                       .note = &note};
    enum err err = db.arena ? conn_begin(reader) : ERR_MEMORY;
    if (err == OK) {
        err = work(&db, arg);
        if (conn_commit(reader) != OK)
            conn_rollback(reader);
    }
    arena_free(db.arena);
    return err == OK;
}

static enum err S_poll_work(struct store *db, void *arg)
{
    return S_poll(db, arg);
}

/* A failure is tried again at the next commit or tick. */
void stream_poll(struct conn *reader, void *arg)
{
    struct poll *p = arg;
    p->batch = NULL;
    if (!S_read(reader, p->server, p, S_poll_work)) {
        batch_free(p->batch);
        p->batch = NULL;
    }
    streams_polled(p);
}

/* ---- for one ---- */

static enum err S_look_work(struct store *db, void *arg)
{
    struct look *l = arg;
    struct actor by;
    enum err err = gate_identify_session(db, l->server->sessions, l->session, &by);
    by.named = l->named;
    if (err == OK)
        err = gate_permit(db, l->route, &by);
    l->gone = err == ERR_UNAUTHENTICATED || err == ERR_FORBIDDEN;
    if (l->gone)
        return OK;
    TRY(err);
    l->key_n = actor_keys(&by, l->keys);
    if (l->after == NO_INT)
        return OK;
    return S_page(db, l->route, &by, l->after, &l->text, &l->page);
}

/* When the database fails the stream ends, and its reader tries again. */
void stream_look(struct conn *reader, void *arg)
{
    struct look *l = arg;
    l->text = buf_new(TEXT_CAP);
    if (!S_read(reader, l->server, l, S_look_work))
        l->gone = true;
    streams_looked(l);
}
