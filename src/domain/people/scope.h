/* Which records a hat's place lets its holder list, and where a unit lies. A list is asked for hat
 * by hat, each an equality on the column of the hat's level, and merged by id, so that several
 * hats cost several short queries and never a scan. */
#ifndef PEOPLE_SCOPE_H
#define PEOPLE_SCOPE_H

#include "gate/route.h"

/* A unit that records can belong to: one in force, in a county. */
struct unit_place {
    int64_t unit, county; /* county: home county number of what is made there */
    enum level level;
    struct ancestors at;
};

/* Faults /unit when there is no such unit in force, or it lies above the counties. */
MUST enum err unit_place(struct store *db, int64_t unit, struct unit_place *ret);

/* Does any admitted hat cover the place? */
bool scope_covers(const struct actor *by, const struct ancestors *at);

/* The same for a unit named in a request; faults /unit alike whether it is unknown or foreign. */
MUST enum err scope_unit(struct store *db, const struct actor *by, int64_t unit,
                         struct unit_place *ret);

/* The same for a unit asked for in a query (it faults "unit"); 0 asks for that of the first
 * admitted unit hat, and gives a place without a unit to who has none. Down to grids. */
MUST enum err scope_asked(struct store *db, const struct actor *by, int64_t unit,
                          struct unit_place *ret);

struct scan {
    const struct entity *row; /* its first member is the int64_t the list is ordered by */
    bool down;                /* newest first */
    bool self;                /* also asked for hats held as oneself */
    const void *in;           /* filters, for fetch */
    /* At most `most` rows of the hat's place that come after `after`, in order. */
    enum err (*fetch)(struct store *db, const struct hat *hat, const struct scan *s,
                      struct list *ret);
    int64_t after; /* set by scope_page */
    int64_t most;
};

/* One page over all admitted hats. `after` is the cursor as the client sent it, limit NO_INT the
 * default. The items are rows of s->row in the arena. */
enum { PAGE_DEFAULT = 20, PAGE_MAX = 100 };
MUST enum err scope_page(struct store *db, const struct actor *by, struct scan *s, struct str after,
                         int64_t limit, struct page *ret);

/* For a page of what stands below one subject, in order of the int64_t that rows begin with: rows
 * to ask for (one more than limit, NO_INT the default), the cursor as a number, and the page cut
 * to size again with its next. */
int64_t page_most(int64_t limit);
MUST enum err page_after(struct store *db, struct str after, int64_t *ret);
MUST enum err page_cut(struct store *db, struct page *page, int64_t most, size_t row_size);

#endif
