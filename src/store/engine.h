/* What an SQL engine must offer so that store.h works on it: the seam between SQLite today and
 * PostgreSQL soon. Nothing outside src/store includes this. A statement belongs to one connection;
 * the texts of a column live until the next step. */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "store/store.h"

struct stmt; /* the engine's own */

struct engine {
    enum err (*prepare)(struct conn *c, const char *sql, struct stmt **ret);
    void (*finish)(struct stmt *s);
    enum err (*bind)(struct stmt *s, const struct arg *args);
    enum err (*step)(struct stmt *s, bool *row);
    void (*reset)(struct stmt *s);
    int (*columns)(struct stmt *s);
    const char *(*name)(struct stmt *s, int column);
    /* One call a cell, for it is made for every cell of every row. False: NULL. */
    bool (*get_int)(struct stmt *s, int column, int64_t *ret);
    bool (*get_real)(struct stmt *s, int column, double *ret);
    bool (*get_text)(struct stmt *s, int column, struct str *ret); /* text or blob */
    int64_t (*changed)(struct conn *c);
    enum err (*script)(struct conn *c, const char *sql); /* several statements, for migrations */
    void (*close)(struct conn *c);
};

enum { CACHE_SLOTS = 2048, MAP_MAX = 64, ID_BLOCKS = 64 };

/* A prepared statement and how its columns fall into the entity it last filled. */
struct cached {
    const char *sql; /* the literal's address is the key */
    struct stmt *stmt;
    const struct entity *entity;
    const struct field *map[MAP_MAX];
    void *blank; /* a struct of that entity with every field absent */
    int columns;
};

/* Ids of one county handed to this connection and not yet used. */
struct id_block {
    int64_t county, next, end;
};

struct conn {
    const struct engine *engine;
    struct cached *cache[CACHE_SLOTS]; /* NULL: free */
    size_t cached;
    struct id_block blocks[ID_BLOCKS];
    size_t block_count;
    bool block_taken; /* since the savepoint: undoing it takes the block back */
};

#endif
