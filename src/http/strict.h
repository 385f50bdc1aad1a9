/* The strict request guard. evhttp parses leniently, so every byte a client sends is also fed
 * through this small HTTP/1.1 framing machine (RFC 9112), which answers one question: is what has
 * come so far beyond doubt? It refuses whatever two parsers could read in two ways: more than one
 * Content-Length, Content-Length together with Transfer-Encoding, any Transfer-Encoding but
 * exactly "chunked", a body with a method other than POST, PUT and PATCH, a header name that is
 * not a token (so also `Host :` and folded lines), a control character (NUL, bare CR, bare LF line
 * ends) in a line, no Host or several, a Host that is not in the configured list, a request line
 * that is not METHOD SP target SP HTTP/1.0|1.1, a head longer than STRICT_HEAD_MAX or with more
 * than STRICT_FIELDS_MAX fields, a bad chunk size, a body longer than body_max.
 *
 * It holds no request: a fixed-size struct per connection, no allocation, any split of the bytes
 * gives the same verdict. Once refused it stays refused. */
#ifndef HTTP_STRICT_H
#define HTTP_STRICT_H

#include "base/str.h"

enum { STRICT_HEAD_MAX = 16 * 1024, STRICT_FIELDS_MAX = 64, STRICT_NAME_MAX = 256 };

struct strict_rules {
    size_t body_max;         /* bytes of one body, after un-chunking */
    const struct str *hosts; /* names without port, lower case; NULL: any host */
    size_t host_count;
};

enum strict_verdict { STRICT_OK, STRICT_BAD, STRICT_HEAD_TOO_LARGE, STRICT_BODY_TOO_LARGE };

struct strict {
    enum strict_verdict verdict;
    const char *why;      /* a literal, English, for the problem document; NULL while OK */
    uint64_t bad_request; /* ordinal, from 0, of the request on this connection that was refused */
    uint64_t requests;    /* complete requests seen so far */
    /* … the machine's own state, private to strict.c */
    struct strict_state {
        int at;
        size_t head, fields, name_n;
        uint64_t body_left, length, body_seen;
        bool has_length, has_encoding, has_host, may_body, chunked, http10, cr;
        char name[STRICT_NAME_MAX], value[STRICT_NAME_MAX];
        size_t value_n;
        int step;
    } s;
};

void strict_init(struct strict *g);
enum strict_verdict strict_feed(struct strict *g, const struct strict_rules *rules,
                                const char *bytes, size_t n);

/* A refusal for a reason the bytes themselves do not show. why is a literal. */
void strict_refuse(struct strict *g, enum strict_verdict verdict, const char *why);

#endif
