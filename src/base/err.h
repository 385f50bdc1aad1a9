/* The outcomes a Linli function can have. Library code returns one of these and never logs; only
 * http and cli turn them into words for a person. Details of what was wrong travel in a
 * struct problem (problem.h). */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
    OK = 0,
    ERR_INVALID,         /* 422: the input is wrong; the problem names the fields */
    ERR_MALFORMED,       /* 400: not even readable (JSON, framing, path) */
    ERR_METHOD,          /* 405: the path is known, but not with this verb */
    ERR_UNAUTHENTICATED, /* 401: sign in first */
    ERR_DENIED,          /* 401: a refusal that is itself recorded: the writer commits what the
                            command wrote (a failed sign-in is counted), the reply is a problem */
    ERR_FORBIDDEN,       /* 403: this hat may not do this */
    ERR_NOT_FOUND,       /* 404: no such thing, or not yours to see */
    ERR_CONFLICT,        /* 409: the thing is not in a state that allows it */
    ERR_TOO_LARGE,       /* 413: past a declared limit */
    ERR_TOO_MANY,        /* 429: slow down */
    ERR_BUSY,            /* 503: a bounded queue is full; nothing was done */
    ERR_STORE,           /* 500: the database refused; nothing was acknowledged */
    ERR_MEMORY,          /* 500: an arena reached its cap, or the machine has no memory */
    ERR_IO,              /* 500: a file or socket failed */
};

#define MUST __attribute__((warn_unused_result))

/* The one control-flow macro: pass an error up. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (expr);                                                                \
        if (try_err_ != OK)                                                                        \
            return try_err_;                                                                       \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
