#include "store/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BLOCK = 1000, ID_COUNTER_BITS = 43 };

/* The statement of a literal, prepared on first use. The program has fewer than half as many
 * literals as slots; a full table is an error, not a leak. */
static enum err S_cached(struct conn *c, const char *sql, struct cached **ret)
{
    size_t at = ((uintptr_t)sql >> 3) * 2654435761u % CACHE_SLOTS;
    while (c->cache[at] && c->cache[at]->sql != sql)
        at = (at + 1) % CACHE_SLOTS;
    if (!c->cache[at]) {
        if (c->cached == CACHE_SLOTS - 1)
            return ERR_MEMORY;
        struct cached *made = calloc(1, sizeof *made);
        if (!made)
            return ERR_MEMORY;
        enum err err = c->engine->prepare(c, sql, &made->stmt);
        if (err != OK) {
            free(made);
            return err;
        }
        made->sql = sql;
        made->columns = c->engine->columns(made->stmt);
        c->cache[at] = made;
        c->cached++;
    }
    *ret = c->cache[at];
    return OK;
}

/* Which field each column fills. A column that is no field of the entity is a programming error
 * and refuses the query, so that no test can pass over it. */
static enum err S_map(struct conn *c, struct cached *q, const struct entity *e)
{
    if (q->entity == e)
        return OK;
    if (q->columns > MAP_MAX)
        return ERR_STORE;
    for (int i = 0; i < q->columns; i++) {
        q->map[i] = entity_field(e, str_of(c->engine->name(q->stmt, i)));
        if (!q->map[i])
            return ERR_STORE;
    }
    void *blank = realloc(q->blank, e->size);
    if (!blank)
        return ERR_MEMORY;
    entity_blank(e, blank);
    q->blank = blank;
    q->entity = e;
    return OK;
}

static enum err S_fill(struct store *db, struct cached *q, const struct entity *e, void *ret)
{
    const struct engine *g = db->conn->engine;
    memcpy(ret, q->blank, e->size);
    for (int i = 0; i < q->columns; i++) {
        const struct field *f = q->map[i];
        void *at = (char *)ret + f->off;
        struct str text;
        int64_t number;
        switch (f->type) {
        case T_ID:
        case T_INT:
        case T_TIME: g->get_int(q->stmt, i, at); break;
        case T_REAL: g->get_real(q->stmt, i, at); break;
        case T_BOOL:
            if (g->get_int(q->stmt, i, &number))
                *(enum tri *)at = number ? YES : NO;
            break;
        case T_TEXT:
        case T_RAW:
            if (g->get_text(q->stmt, i, &text))
                *(struct str *)at = arena_str(db->arena, text);
            break;
        case T_LIST:
        case T_OBJECT: return ERR_STORE;
        }
    }
    return arena_full(db->arena) ? ERR_MEMORY : OK;
}

static enum err S_start(struct store *db, const char *sql, const struct arg *args,
                        struct cached **ret)
{
    TRY(S_cached(db->conn, sql, ret));
    enum err err = db->conn->engine->bind((*ret)->stmt, args);
    if (err != OK)
        db->conn->engine->reset((*ret)->stmt);
    return err;
}

enum err store_exec(struct store *db, const char *sql, const struct arg *args, int64_t *changed)
{
    struct cached *q = NULL;
    bool row = false;
    TRY(S_start(db, sql, args, &q));
    enum err err = db->conn->engine->step(q->stmt, &row);
    db->conn->engine->reset(q->stmt);
    if (err == OK && changed)
        *changed = db->conn->engine->changed(db->conn);
    return err;
}

enum err store_one(struct store *db, const char *sql, const struct arg *args,
                   const struct entity *e, void *ret)
{
    struct cached *q = NULL;
    bool row = false;
    TRY(S_start(db, sql, args, &q));
    enum err err = db->conn->engine->step(q->stmt, &row);
    if (err == OK)
        err = row ? S_map(db->conn, q, e) : ERR_NOT_FOUND;
    if (err == OK)
        err = S_fill(db, q, e, ret);
    db->conn->engine->reset(q->stmt);
    return err;
}

/* Room for one more item, the array doubling inside the arena. */
static enum err S_grow(struct arena *a, const struct entity *e, size_t *room, struct list *list)
{
    if (list->n < *room)
        return OK;
    size_t more = *room ? *room * 2 : 32;
    void *items = arena_array(a, more, e->size);
    if (!items)
        return ERR_MEMORY;
    if (list->n)
        memcpy(items, list->items, list->n * e->size);
    list->items = items;
    *room = more;
    return OK;
}

enum err store_all(struct store *db, const char *sql, const struct arg *args,
                   const struct entity *e, size_t max, struct list *ret)
{
    struct cached *q = NULL;
    size_t room = 0;
    *ret = (struct list){0};
    TRY(S_start(db, sql, args, &q));
    enum err err = S_map(db->conn, q, e);
    while (err == OK) {
        bool row = false;
        err = db->conn->engine->step(q->stmt, &row);
        if (err != OK || !row)
            break;
        err = ret->n == max ? ERR_TOO_LARGE : S_grow(db->arena, e, &room, ret);
        if (err == OK)
            err = S_fill(db, q, e, (char *)ret->items + ret->n * e->size);
        ret->n += err == OK;
    }
    db->conn->engine->reset(q->stmt);
    return err;
}

enum err store_int(struct store *db, const char *sql, const struct arg *args, int64_t *ret)
{
    const struct engine *g = db->conn->engine;
    struct cached *q = NULL;
    bool row = false;
    TRY(S_start(db, sql, args, &q));
    enum err err = g->step(q->stmt, &row);
    if (err == OK && row && !g->get_int(q->stmt, 0, ret))
        *ret = NO_INT;
    g->reset(q->stmt);
    return err == OK && !row ? ERR_NOT_FOUND : err;
}

enum err store_text(struct store *db, const char *sql, const struct arg *args, struct str *ret)
{
    const struct engine *g = db->conn->engine;
    struct cached *q = NULL;
    bool row = false;
    TRY(S_start(db, sql, args, &q));
    enum err err = g->step(q->stmt, &row);
    struct str text = NO_STR;
    if (err == OK && row && g->get_text(q->stmt, 0, &text))
        text = arena_str(db->arena, text);
    if (err == OK)
        *ret = text;
    g->reset(q->stmt);
    return err == OK && !row ? ERR_NOT_FOUND : err;
}

/* Ids are taken from the county's counter a block at a time, so that most cost nothing. */
static enum err S_block(struct store *db, int64_t county, struct id_block *block)
{
    int64_t end = 0;
    TRY(store_int(db,
                  "UPDATE county SET next_id = next_id + $2 WHERE county = $1 RETURNING next_id",
                  ARGS(A_INT(county), A_INT(ID_BLOCK)), &end));
    *block = (struct id_block){.county = county, .next = end - ID_BLOCK, .end = end};
    db->conn->block_taken = true;
    return OK;
}

enum err store_id(struct store *db, int64_t county, int64_t *ret)
{
    struct conn *c = db->conn;
    size_t at = 0;
    while (at < c->block_count && c->blocks[at].county != county)
        at++;
    if (at == c->block_count) {
        /* More counties than slots: the oldest block's rest is given up, a gap and nothing worse.
         */
        at = c->block_count < ID_BLOCKS ? c->block_count++ : 0;
        c->blocks[at] = (struct id_block){.county = county};
    }
    struct id_block *block = &c->blocks[at];
    if (block->next == block->end)
        TRY(S_block(db, county, block));
    *ret = county << ID_COUNTER_BITS | block->next++;
    return OK;
}

void conn_close(struct conn *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        if (!c->cache[i])
            continue;
        c->engine->finish(c->cache[i]->stmt);
        free(c->cache[i]->blank);
        free(c->cache[i]);
    }
    c->engine->close(c);
}

static enum err S_run(struct conn *c, const char *sql)
{
    struct store db = {.conn = c};
    return store_exec(&db, sql, NO_ARGS, NULL);
}

enum err conn_begin(struct conn *c)
{
    return S_run(c, "BEGIN");
}

/* A block taken in a transaction that did not commit was never taken. */
static void S_forget_blocks(struct conn *c)
{
    c->block_count = 0;
    c->block_taken = false;
}

enum err conn_commit(struct conn *c)
{
    return S_run(c, "COMMIT");
}

void conn_rollback(struct conn *c)
{
    /* Fails only when the engine has already rolled back by itself. */
    enum err ignored = S_run(c, "ROLLBACK");
    (void)ignored;
    S_forget_blocks(c);
}

enum err conn_savepoint(struct conn *c)
{
    c->block_taken = false;
    return S_run(c, "SAVEPOINT command");
}

enum err conn_release(struct conn *c)
{
    return S_run(c, "RELEASE command");
}

enum err conn_undo(struct conn *c)
{
    if (c->block_taken)
        S_forget_blocks(c);
    TRY(S_run(c, "ROLLBACK TO command"));
    return S_run(c, "RELEASE command");
}
