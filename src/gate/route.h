/* One row per route: from it come dispatch, the gate, decoding, checks, OpenAPI and the tests'
 * matrices. A domain lists its rows; domain/modules.c lists the domains.
 *
 * A handler sees the database, who acts (already admitted), the decoded input, and the struct to
 * fill. Queries run on a worker thread inside one read snapshot; commands run on the writer, each
 * undone alone when it fails, and the reply leaves only after the commit. Handlers never see HTTP.
 */
#ifndef GATE_ROUTE_H
#define GATE_ROUTE_H

#include "gate/actor.h"
#include "gate/world.h"

/* in: struct of route->in, or NULL; ret: struct of route->out, a struct page, or NULL. */
typedef enum err handler_fn(struct store *db, const struct actor *by, const void *in, void *ret);

/* Where the subject of a request lies, by its id; ERR_NOT_FOUND when there is none. *ret comes
 * zeroed but for ->by, the actor who asks. */
typedef enum err reach_fn(struct store *db, int64_t id, struct reach *ret);

enum work { QUERY, COMMAND };
enum cookie { COOKIE_NONE, COOKIE_SET, COOKIE_CLEAR };

struct page {
    struct list items;
    struct str next; /* cursor of the next page, NO_STR on the last */
};

struct route {
    const char *op; /* operationId, "matters.act" */
    const char *verb, *path;
    enum work work;
    enum perm perm;
    handler_fn *fn;
    /* Slow work of a command (password hashing), done before it on the slow threads, on a read
     * snapshot; it may change `in`. */
    enum err (*prepare)(struct store *db, const struct actor *by, void *in);
    const struct entity *in, *out;
    bool page;      /* the reply is a struct page of out */
    bool throttled; /* a query that costs something and that strangers may ask: as rare as writes */
    reach_fn *reach;  /* required when the path has {id} */
    int status;       /* of success: 200, 201 or 204 */
    size_t body_max;  /* bytes; 0 is BODY_MAX */
    enum sight sight; /* CLEAR only where the reply is its reader's own, or recorded */
    enum cookie cookie;
    const char *doc; /* one English sentence */
};
enum { BODY_MAX = 64 * 1024 };

struct module {
    const char *name;   /* OpenAPI tag */
    const char *doc;    /* one English sentence */
    const char *source; /* the file its rows stand in */
    const struct route *routes;
    size_t n;
    /* Background work, called four times a second as a command of its own; short (5 ms). When
     * work is left, *(bool *)more says that it wants to be called again at once, behind what has
     * come meanwhile; `more` may be NULL. May be NULL. */
    enum err (*tick)(struct store *db, void *more);
};

/* The first column of every input with a path id: the gate reads the subject's id from here. */
struct subject_in {
    int64_t id;
};

#endif
