/* The one way to the database, for every engine. A `struct store` is one request's (or one
 * command's) hold on a connection: a reader's snapshot, or the writer inside a transaction. It
 * carries what a command may depend on: the connection, the arena its results live in, the
 * problem it reports to, and the time. Nothing else: no globals, no wall clock.
 *
 * SQL is a literal in the function that uses it, with $1 … $n parameters; it is never formatted,
 * and its address is the key of the connection's statement cache, so it must be static. Written
 * so that SQLite and PostgreSQL both run it. Times are INTEGER milliseconds UTC, ids INTEGER 63
 * bits, flags INTEGER 0/1. Rows fill a struct by column name: a column must be a field of the
 * entity, NULL gives the absent value. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/problem.h"
#include "entity/entity.h"

struct conn;
struct world; /* gate/world.h: the store only carries it */

/* What a command touched, for its audit row. The gate fills in where the subject lies; a handler
 * that makes something new, or that was given a reason, says so here. */
struct note {
    int64_t subject; /* id, 0: none */
    int64_t district, street;
    int role; /* enum role it was done under; 0: that of the first admitted hat */
    struct str reason;
};

struct store {
    struct conn *conn;
    struct arena *arena;
    struct problem *problem;
    int64_t now; /* ms UTC */
    const struct world *world;
    struct note *note; /* never NULL in a handler */
};

enum arg_kind { ARG_END, ARG_NULL, ARG_INT, ARG_REAL, ARG_TEXT, ARG_BLOB };
struct arg {
    enum arg_kind kind;
    union {
        int64_t i;
        double r;
        struct str s;
    };
};
#define A_INT(value)                                                                               \
    {                                                                                              \
        .kind = ARG_INT, .i = (value)                                                              \
    }
#define A_REAL(value)                                                                              \
    {                                                                                              \
        .kind = ARG_REAL, .r = (value)                                                             \
    } /* NAN is NULL */
#define A_TEXT(value)                                                                              \
    {                                                                                              \
        .kind = ARG_TEXT, .s = (value)                                                             \
    } /* NO_STR is NULL */
#define A_BLOB(value)                                                                              \
    {                                                                                              \
        .kind = ARG_BLOB, .s = (value)                                                             \
    } /* NO_STR is NULL */
#define A_ID(value)                                                                                \
    {                                                                                              \
        .kind = (value) ? ARG_INT : ARG_NULL, .i = (value)                                         \
    } /* 0 is NULL */
#define A_OPT(value)                                                                               \
    {                                                                                              \
        .kind = (value) == NO_INT ? ARG_NULL : ARG_INT, .i = (value)                               \
    }
#define A_TRI(value)                                                                               \
    {                                                                                              \
        .kind = (value) == UNSET ? ARG_NULL : ARG_INT, .i = (value) == YES                         \
    }
#define A_NULL                                                                                     \
    {                                                                                              \
        .kind = ARG_NULL                                                                           \
    }
#define ARGS(...) ((const struct arg[]){__VA_ARGS__, {.kind = ARG_END}})
#define NO_ARGS   ((const struct arg[]){{.kind = ARG_END}})

/* A statement with no rows. *changed (may be NULL) is the number of rows touched. */
MUST enum err store_exec(struct store *db, const char *sql, const struct arg *args,
                         int64_t *changed);

/* Exactly the first row: ERR_NOT_FOUND when there is none. */
MUST enum err store_one(struct store *db, const char *sql, const struct arg *args,
                        const struct entity *e, void *ret);

/* Every row, at most max (more is ERR_TOO_LARGE); the items live in the arena. */
MUST enum err store_all(struct store *db, const char *sql, const struct arg *args,
                        const struct entity *e, size_t max, struct list *ret);

/* The first column of the first row: ERR_NOT_FOUND when there is none; NULL reads as NO_INT. */
MUST enum err store_int(struct store *db, const char *sql, const struct arg *args, int64_t *ret);
MUST enum err store_text(struct store *db, const char *sql, const struct arg *args,
                         struct str *ret); /* text or blob, copied into the arena */

/* The next id of a home county (1 … 2^20-1): county number above a 43-bit counter. Only inside a
 * command. */
MUST enum err store_id(struct store *db, int64_t county, int64_t *ret);
#define ID_COUNTY(id) ((int64_t)(id) >> 43)

/* Adds a fault to the request's problem and returns err. Texts are literals or in the arena. */
static inline enum err store_fault(struct store *db, enum err err, const char *field,
                                   const char *code, const char *zh, const char *en)
{
    return problem_add(
        db->problem, err,
        (struct fault){
            .field = str_of(field), .code = str_of(code), .zh = str_of(zh), .en = str_of(en)});
}

/* Opening and closing. A data folder holds linli.db and linli.lock; one process at a time owns it
 * (ERR_CONFLICT otherwise, the message in *why). READ_ONLY takes no lock and may look at a folder
 * that a server holds. */
struct database;
enum open_mode { OPEN_READ_ONLY, OPEN_OWN };
MUST enum err database_open(struct str folder, enum open_mode mode, struct database **ret,
                            const char **why);
void database_close(struct database *d);

/* The only writing connection (NULL when read-only), and a further read connection that the
 * caller closes. A connection belongs to one thread at a time. */
struct conn *database_writer(struct database *d);
MUST enum err database_reader(struct database *d, struct conn **ret);
void conn_close(struct conn *c);

/* Brings the schema up to date, forward only, one transaction a migration. */
MUST enum err database_migrate(struct database *d, const char **why);

/* Transactions. Readers: conn_begin takes a snapshot until conn_end. Writers: conn_begin …
 * conn_commit; within it a command may be a savepoint that is kept or undone. */
MUST enum err conn_begin(struct conn *c);
MUST enum err conn_commit(struct conn *c);
void conn_rollback(struct conn *c);
MUST enum err conn_savepoint(struct conn *c);
MUST enum err conn_release(struct conn *c);
MUST enum err conn_undo(struct conn *c); /* back to the savepoint, which is gone afterwards */

/* Rows written on this connection since it was opened, undone ones included: two equal answers say
 * that nothing was written between them. */
int64_t conn_writes(struct conn *c);

/* An engine may roll back by itself (a full disk): what a command writes after that would be
 * committed on its own. */
bool conn_in_transaction(struct conn *c);

/* A query that runs longer than this many virtual-machine steps is stopped with ERR_TOO_LARGE;
 * 0 is no limit. */
void conn_limit(struct conn *c, int64_t steps);

/* A consistent copy of the database to a new file, while it is being written to. progress may be
 * NULL; it hears pages done and pages in all. */
MUST enum err database_backup(struct database *d, struct str file,
                              void (*progress)(int64_t done, int64_t all));

/* Reads the whole file and checks its structure, foreign rows and schema version. */
MUST enum err database_check(struct str file, int64_t *version, const char **why);

/* Engine version in use, e.g. "SQLite 3.53.2". */
const char *store_engine(void);

#endif
