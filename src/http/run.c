/* A request on a worker thread and, when it is a command, on the writer. */
#include "http/request.h"

#include <string.h>

enum { KEY_MIN = 16, KEY_MAX = 128, PAGE_ROOM = 12 * 1024 };

static struct store S_store(struct request *q, struct conn *conn, int64_t now)
{
    return (struct store){.conn = conn,
                          .arena = q->arena,
                          .problem = &q->problem,
                          .now = now,
                          .world = q->server->world,
                          .note = &q->note};
}

static bool S_has_body(const struct entity *e)
{
    for (size_t i = 0; e && i < e->n; i++) {
        if (e->fields[i].from == IN_BODY)
            return true;
    }
    return false;
}

/* Parameters and body into q->in. A route without input refuses both. */
static enum err S_decode(struct store *db, struct request *q)
{
    static const struct entity nothing = {.name = "Nothing"};
    const struct entity *e = q->route->in ? q->route->in : &nothing;
    json_t *body = NULL;
    if (!S_has_body(e) && q->body.n > 0 && q->route->work == QUERY)
        return store_fault(db, ERR_MALFORMED, "", "body", "这个请求不带正文。",
                           "This request takes no body.");
    if (S_has_body(e) || q->body.n > 0)
        TRY(entity_parse(q->body, q->arena, &q->problem, &body));
    q->in = arena_alloc(q->arena, e->size + 1);
    enum err err =
        q->in ? entity_decode(e, body, q->params, q->param_count, q->arena, &q->problem, q->in)
              : ERR_MEMORY;
    json_decref(body);
    return err;
}

static enum err S_room_for_reply(struct request *q)
{
    size_t size = q->route->page ? sizeof(struct page) : q->route->out ? q->route->out->size : 1;
    q->ret = arena_alloc(q->arena, size);
    if (!q->ret)
        return ERR_MEMORY;
    if (q->route->out && !q->route->page)
        entity_blank(q->route->out, q->ret);
    return OK;
}

static enum err S_encode(struct request *q)
{
    const struct route *r = q->route;
    q->status = r->status;
    if (r->page) {
        const struct page *page = q->ret;
        buf_room(&q->out, PAGE_ROOM); /* asked for once, not by doubling */
        entity_encode_page(r->out, &page->items, page->next, r->sight, &q->out);
    } else if (r->out) {
        entity_encode(r->out, q->ret, r->sight, &q->out);
    }
    return q->out.full || arena_full(q->arena) ? ERR_TOO_LARGE : OK;
}

static enum err S_query(struct store *db, struct request *q)
{
    TRY(gate_admit(db, q->route, &q->actor, q->in));
    TRY(S_room_for_reply(q));
    TRY(q->route->fn(db, &q->actor, q->in, q->ret));
    return S_encode(q);
}

/* The cookie of a reply that sets or clears it. The token is read from the encoded reply, so that
 * an answer that is given again signs the browser in as the lost one would have. */
static void S_cookie(struct request *q)
{
    const char *secure = q->server->secure ? "; Secure" : "";
    if (q->route->cookie == COOKIE_CLEAR)
        q->cookie = arena_printf(
            q->arena, "linli_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0%s", secure);
    if (q->route->cookie != COOKIE_SET)
        return;
    json_t *reply = json_loadb(q->out.p, q->out.n, 0, NULL);
    const char *token = json_string_value(json_object_get(reply, "token"));
    if (token)
        q->cookie = arena_printf(
            q->arena, "linli_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", token,
            SESSION_DAYS * 86400, secure);
    json_decref(reply);
}

static struct once S_once(const struct request *q)
{
    struct str what = arena_printf(q->arena, "%s\n" STR_F "\n" STR_F, q->route->op, STR_A(q->path),
                                   STR_A(q->body));
    return (struct once){.account = q->actor.account, .key = q->key, .request = what};
}

/* The same key again: the stored answer, or a fault when it asks for something else. */
static enum err S_replay(struct store *db, struct request *q, const struct once *once)
{
    int64_t status = 0;
    struct str answer = NO_STR;
    TRY(once_find(db, once, &status, &answer));
    q->status = (int)status;
    q->replayed = true;
    buf_put(&q->out, answer);
    return OK;
}

/* What this key was answered with; ERR_NOT_FOUND when it is new. */
static enum err S_answered(struct store *db, struct request *q, const struct once *once)
{
    enum err err = S_replay(db, q, once);
    if (err == ERR_CONFLICT)
        return store_fault(db, err, "Idempotency-Key", "reused",
                           "这个 Idempotency-Key 已用于另一项内容不同的提交。",
                           "This Idempotency-Key was used for a different request.");
    if (err == OK)
        S_cookie(q);
    return err;
}

static enum err S_do(struct store *db, struct request *q, const struct once *once)
{
    TRY(gate_admit(db, q->route, &q->actor, q->in));
    TRY(S_room_for_reply(q));
    TRY(q->route->fn(db, &q->actor, q->in, q->ret));
    TRY(S_encode(q));
    S_cookie(q);
    TRY(once_keep(db, once, q->status, buf_str(&q->out)));
    return audit_write(db, &q->actor, q->route->op);
}

/* Nothing of a run before stays. */
static void S_afresh(struct request *q)
{
    q->problem = (struct problem){0};
    q->note = (struct note){0};
    q->replayed = false;
    buf_clear(&q->out);
}

/* On the writer, in its transaction: undone alone when it fails. Nearly every key is new, so the
 * plain run does not look: keeping the answer finds a key that is not, the batch is run again,
 * guarded, and then each key is looked up first. A refusal may be the first one's doing, so it
 * looks as well. */
static enum err S_command(struct store *at, void *arg)
{
    struct request *q = arg;
    struct store db = S_store(q, at->conn, at->now);
    const struct once once = S_once(q);
    const bool look = q->job.guarded;
    const int64_t writes = conn_writes(at->conn);
    S_afresh(q);
    if (!once.request.p)
        return ERR_MEMORY;
    enum err err = look ? S_answered(&db, q, &once) : ERR_NOT_FOUND;
    if (err != ERR_NOT_FOUND)
        return err;
    err = S_do(&db, q, &once);
    if (err == OK || look || conn_writes(at->conn) != writes)
        return err;
    const struct problem refused = q->problem;
    S_afresh(q);
    const enum err before = S_answered(&db, q, &once);
    if (before == ERR_NOT_FOUND)
        q->problem = refused;
    return before == ERR_NOT_FOUND ? err : before;
}

static void S_committed(void *arg, enum err err)
{
    struct request *q = arg;
    q->err = err;
    if (err == OK && (q->route->perm == PERM_ACCOUNT_WRITE || q->route->perm == PERM_SIGNED_IN))
        gate_changed(q->server->sessions);
    request_done(q);
}

static void S_to_writer(struct request *q)
{
    q->job = (struct job){
        .run = S_command, .done = S_committed, .arg = q, .arena = q->arena, .problem = &q->problem};
    if (!writer_submit(q->server->writer, &q->job)) {
        q->err = ERR_BUSY;
        request_done(q);
    }
}

static enum err S_key_check(struct store *db, const struct request *q)
{
    bool good = q->key.n >= KEY_MIN && q->key.n <= KEY_MAX;
    for (size_t i = 0; i < q->key.n; i++)
        good = good && q->key.p[i] > ' ' && q->key.p[i] < 0x7F;
    return good ? OK
                : store_fault(db, ERR_MALFORMED, "Idempotency-Key", "key",
                              "每次提交都要带 Idempotency-Key：16 到 128 个可见的 ASCII 字符。",
                              "Every write needs an Idempotency-Key of 16 to 128 visible ASCII "
                              "characters.");
}

/* Who asks, may they at all, what do they ask. */
static enum err S_understand(struct store *db, struct request *q)
{
    int64_t named = q->actor.named;
    enum err err = gate_identify(db, q->server->sessions, q->token, &q->actor);
    /* A browser cannot take back its own cookie: a session that has ended is nobody where one signs
     * in and where anyone may read. An order is refused, or it would silently be nobody's. */
    bool nobody = q->route->cookie == COOKIE_SET || q->route->work == QUERY;
    if (err == ERR_UNAUTHENTICATED && q->route->perm == PERM_PUBLIC && nobody) {
        q->problem = (struct problem){0};
        err = OK;
    }
    TRY(err);
    q->actor.named = named;
    TRY(gate_permit(db, q->route, &q->actor));
    if (q->route->work == COMMAND)
        TRY(S_key_check(db, q));
    return S_decode(db, q);
}

static enum err S_read(struct store *db, struct request *q)
{
    if (!q->in)
        TRY(S_understand(db, q));
    if (q->route->work == QUERY)
        return S_query(db, q);
    if (q->prepared && q->route->prepare)
        return q->route->prepare(db, &q->actor, q->in);
    return OK;
}

void request_run(struct conn *reader, void *arg)
{
    struct request *q = arg;
    struct server *s = q->server;
    struct store db = S_store(q, reader, clock_now(s->clock));
    q->err = conn_begin(reader);
    if (q->err == OK) {
        q->err = S_read(&db, q);
        /* A read transaction has nothing to lose: ending it can only release the snapshot. */
        if (conn_commit(reader) != OK)
            conn_rollback(reader);
    }
    if (q->err != OK || q->route->work == QUERY) {
        request_done(q);
    } else if (q->route->prepare && !q->prepared) {
        q->prepared = true;
        q->task.next = NULL;
        if (pool_submit(s->slow, &q->task)) {
            q->err = ERR_BUSY;
            request_done(q);
        }
    } else {
        S_to_writer(q);
    }
}
