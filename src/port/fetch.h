/* One HTTP request to the outside, with libcurl: http and https only, no redirect followed, bounded
 * in time and bytes, given up at once when the program stops. A struct fetch belongs to one thread
 * and keeps connections open between requests.
 *
 * libcurl brings some twenty libraries and 9 MB with it: it is loaded when there is something to
 * send for the first time, so that a house that sends nothing does not pay for it. */
#ifndef PORT_FETCH_H
#define PORT_FETCH_H

#include "base/buf.h"

#include <stdatomic.h>

struct fetch;
struct fetch *fetch_new(const atomic_bool *stopping); /* NULL: no memory */
void fetch_free(struct fetch *f);

enum { FETCH_HEADERS = 16, FETCH_ANSWER_MAX = 64 * 1024 };
struct fetch_in {
    const char *url;
    struct str body;                        /* NO_STR: a GET */
    const char *headers[FETCH_HEADERS + 1]; /* "Name: value"; NULL ends it */
};
struct fetch_out {
    const char *error; /* NULL: an answer came; else connect, timeout, tls, stopped, network,
                          or no_libcurl: it is not installed */
    int status;
    int64_t retry_ms; /* what Retry-After asks for; 0: nothing */
    struct buf body;  /* the caller's, to buf_free */
};
void fetch_run(struct fetch *f, const struct fetch_in *in, struct fetch_out *ret);

/* Text as part of a form's value. */
void form_escape(struct buf *out, struct str s);

#endif
