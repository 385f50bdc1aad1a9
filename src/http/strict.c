#include "http/strict.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Where in a message the machine is. Lines are gathered up to CR LF; a body of known length is
 * stepped over. */
enum { AT_REQUEST_LINE, AT_FIELD, AT_BODY, AT_CHUNK_SIZE, AT_CHUNK, AT_CHUNK_END, AT_TRAILER };

enum { LINE_KEPT = STRICT_NAME_MAX, SIZE_DIGITS = 8, METHOD_MAX = 10 };

void strict_init(struct strict *g)
{
    memset(g, 0, sizeof *g);
}

static enum strict_verdict S_refuse(struct strict *g, enum strict_verdict verdict, const char *why)
{
    if (g->verdict == STRICT_OK) {
        g->verdict = verdict;
        g->why = why;
        g->bad_request = g->requests;
    }
    return g->verdict;
}

void strict_refuse(struct strict *g, enum strict_verdict verdict, const char *why)
{
    S_refuse(g, verdict, why);
}

static enum strict_verdict S_bad(struct strict *g, const char *why)
{
    return S_refuse(g, STRICT_BAD, why);
}

/* RFC 9110: token characters. */
static bool S_token(char c)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c && strchr("-0123456789_!#$%&'*+.^`|~", c));
}

/* A message has been read whole: the next begins. */
static void S_next(struct strict *g)
{
    g->requests++;
    memset(&g->s, 0, sizeof g->s);
}

static bool S_named(const struct strict_state *s, const char *name)
{
    return s->name_n == strlen(name) && strncasecmp(s->name, name, s->name_n) == 0;
}

/* ---- the request line: METHOD SP target SP HTTP/1.x ---- */

/* The line is judged as it comes, for a target may be longer than what is kept of a line. `step`
 * is the part it is in: 0 method, 1 target, 2 version. */
static enum strict_verdict S_request_char(struct strict *g, char c)
{
    struct strict_state *s = &g->s;
    if (c == ' ') {
        if (s->step == 2 || s->name_n == 0)
            return S_bad(g, "the request line is not METHOD target HTTP/1.1");
        if (s->step == 0)
            s->may_body = S_named(s, "POST") || S_named(s, "PUT") || S_named(s, "PATCH");
        s->step++;
        s->name_n = 0;
        return STRICT_OK;
    }
    if (s->step == 0 && (c < 'A' || c > 'Z' || s->name_n == METHOD_MAX))
        return S_bad(g, "the method is not a known word");
    if (s->step == 1 && (c < 0x21 || c > 0x7E))
        return S_bad(g, "the target holds a character that must be escaped");
    if (s->step == 1 && s->name_n == 0 && c != '/')
        return S_bad(g, "the target must begin with a slash");
    if (s->step == 2 && s->name_n == 8)
        return S_bad(g, "the HTTP version is not 1.0 or 1.1");
    if (s->step != 1)
        s->name[s->name_n] = c;
    s->name_n++;
    return STRICT_OK;
}

static enum strict_verdict S_request_end(struct strict *g)
{
    struct strict_state *s = &g->s;
    bool version = s->step == 2 && s->name_n == 8 && memcmp(s->name, "HTTP/1.", 7) == 0 &&
                   (s->name[7] == '0' || s->name[7] == '1');
    if (!version)
        return S_bad(g, "the request line is not METHOD target HTTP/1.1");
    s->http10 = s->name[7] == '0';
    s->step = 0;
    s->name_n = s->value_n = 0;
    s->at = AT_FIELD;
    return STRICT_OK;
}

/* ---- a field: name ":" value ---- */

static enum strict_verdict S_field_char(struct strict *g, char c)
{
    struct strict_state *s = &g->s;
    if (s->step == 1) {
        if ((unsigned char)c < 0x20 && c != '\t')
            return S_bad(g, "a header value holds a control character");
        if (c == 0x7F)
            return S_bad(g, "a header value holds a control character");
        if (s->value_n < LINE_KEPT)
            s->value[s->value_n] = c;
        s->value_n++;
        return STRICT_OK;
    }
    if (c == ':') {
        if (s->name_n == 0)
            return S_bad(g, "a header has no name");
        s->step = 1;
        return STRICT_OK;
    }
    if (!S_token(c))
        return S_bad(g, "a header name holds a character that is not allowed");
    if (s->name_n == STRICT_NAME_MAX)
        return S_refuse(g, STRICT_HEAD_TOO_LARGE, "a header name is too long");
    s->name[s->name_n++] = c;
    return STRICT_OK;
}

/* What was kept of a value, without the blanks around it. */
static struct str S_value(const struct strict_state *s)
{
    size_t n = s->value_n < LINE_KEPT ? s->value_n : (size_t)LINE_KEPT;
    return str_trim((struct str){s->value, n});
}

/* A value that decides framing must be seen whole. evhttp takes no tab for a blank: it would not
 * know "<tab>chunked", and read the body as the next request. */
static bool S_plain(const struct strict_state *s)
{
    return s->value_n <= LINE_KEPT && !memchr(s->value, '\t', s->value_n);
}

static enum strict_verdict S_length(struct strict *g, const struct strict_rules *rules,
                                    struct str value)
{
    struct strict_state *s = &g->s;
    int64_t length = 0;
    if (s->has_length)
        return S_bad(g, "there is more than one Content-Length");
    if (!value.n || !S_plain(s) || !isdigit((unsigned char)value.p[0]) || s->value_n > 24 ||
        !str_int(value, &length))
        return S_bad(g, "Content-Length is not a number");
    s->has_length = true;
    s->length = (uint64_t)length;
    return s->length > rules->body_max ? S_refuse(g, STRICT_BODY_TOO_LARGE, "the body is too large")
                                       : STRICT_OK;
}

static enum strict_verdict S_host(struct strict *g, const struct strict_rules *rules,
                                  struct str value)
{
    if (g->s.has_host)
        return S_bad(g, "there is more than one Host");
    g->s.has_host = true;
    if (!value.n || g->s.value_n > STRICT_NAME_MAX)
        return S_bad(g, "Host is empty or too long");
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (!isalnum((unsigned char)c) && !strchr(".-_:[]", c))
            return S_bad(g, "Host holds a character that is not allowed");
    }
    const char *colon = memrchr(value.p, ':', value.n);
    const char *bracket = memrchr(value.p, ']', value.n);
    size_t n = colon && (!bracket || colon > bracket) ? (size_t)(colon - value.p) : value.n;
    for (size_t i = 0; i < rules->host_count; i++) {
        if (rules->hosts[i].n == n && strncasecmp(rules->hosts[i].p, value.p, n) == 0)
            return STRICT_OK;
    }
    return rules->host_count ? S_bad(g, "this Host is not served here") : STRICT_OK;
}

static enum strict_verdict S_field_end(struct strict *g, const struct strict_rules *rules)
{
    struct strict_state *s = &g->s;
    enum strict_verdict verdict = STRICT_OK;
    struct str value = S_value(s);
    if (s->step != 1)
        return S_bad(g, "a header has no colon");
    if (++s->fields > STRICT_FIELDS_MAX)
        return S_refuse(g, STRICT_HEAD_TOO_LARGE, "there are too many headers");
    if (S_named(s, "Content-Length")) {
        verdict = S_length(g, rules, value);
    } else if (S_named(s, "Transfer-Encoding")) {
        if (s->has_encoding || !S_plain(s) || value.n != 7 ||
            strncasecmp(value.p, "chunked", 7) != 0)
            verdict = S_bad(g, "Transfer-Encoding must be chunked, once");
        s->has_encoding = s->chunked = true;
    } else if (S_named(s, "Host")) {
        verdict = S_host(g, rules, value);
    } else if (S_named(s, "Expect")) {
        /* Nothing we serve waits for a 100: refusing is clearer than ignoring. */
        verdict = S_bad(g, "Expect is not supported");
    }
    s->step = 0;
    s->name_n = s->value_n = 0;
    return verdict;
}

static enum strict_verdict S_head_end(struct strict *g)
{
    struct strict_state *s = &g->s;
    if (!s->has_host)
        return S_bad(g, "there is no Host");
    if (s->has_length && s->has_encoding)
        return S_bad(g, "Content-Length and Transfer-Encoding stand together");
    if (s->has_encoding && s->http10)
        return S_bad(g, "HTTP/1.0 knows no Transfer-Encoding");
    /* evhttp looks for no body behind these methods: it would read it as the next request. */
    if (!s->may_body && (s->has_encoding || s->length))
        return S_bad(g, "this method takes no body");
    s->body_left = s->length;
    if (s->chunked) {
        s->at = AT_CHUNK_SIZE;
        s->name_n = 0;
    } else if (s->body_left) {
        s->at = AT_BODY;
    } else {
        S_next(g);
    }
    return STRICT_OK;
}

/* ---- chunks ---- */

static enum strict_verdict S_chunk_char(struct strict *g, char c)
{
    struct strict_state *s = &g->s;
    if (!isxdigit((unsigned char)c) || s->name_n == SIZE_DIGITS)
        return S_bad(g, "a chunk size is not a number, or has an extension");
    int digit = isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
    s->body_left = s->body_left * 16 + (uint64_t)digit;
    s->name_n++;
    return STRICT_OK;
}

static enum strict_verdict S_chunk_size_end(struct strict *g, const struct strict_rules *rules)
{
    struct strict_state *s = &g->s;
    if (s->name_n == 0)
        return S_bad(g, "a chunk has no size");
    s->body_seen += s->body_left;
    if (s->body_seen > rules->body_max)
        return S_refuse(g, STRICT_BODY_TOO_LARGE, "the body is too large");
    s->at = s->body_left ? AT_CHUNK : AT_TRAILER;
    s->name_n = 0;
    return STRICT_OK;
}

/* ---- lines ---- */

/* CR LF has come: what the line was decides what follows. */
static enum strict_verdict S_line_end(struct strict *g, const struct strict_rules *rules)
{
    struct strict_state *s = &g->s;
    switch (s->at) {
    case AT_REQUEST_LINE: return S_request_end(g);
    case AT_FIELD: return s->step == 0 && s->name_n == 0 ? S_head_end(g) : S_field_end(g, rules);
    case AT_CHUNK_SIZE: return S_chunk_size_end(g, rules);
    case AT_CHUNK_END:
        s->at = AT_CHUNK_SIZE;
        s->body_left = 0;
        return STRICT_OK;
    default: S_next(g); return STRICT_OK; /* the empty trailer */
    }
}

static enum strict_verdict S_line_char(struct strict *g, char c)
{
    switch (g->s.at) {
    case AT_REQUEST_LINE: return S_request_char(g, c);
    case AT_FIELD: return S_field_char(g, c);
    case AT_CHUNK_SIZE: return S_chunk_char(g, c);
    case AT_CHUNK_END: return S_bad(g, "a chunk does not end where it should");
    default: return S_bad(g, "trailers are not supported");
    }
}

static enum strict_verdict S_byte(struct strict *g, const struct strict_rules *rules, char c)
{
    struct strict_state *s = &g->s;
    bool head = s->at == AT_REQUEST_LINE || s->at == AT_FIELD;
    if (head && ++s->head > STRICT_HEAD_MAX)
        return S_refuse(g, STRICT_HEAD_TOO_LARGE, "the head is too long");
    if (s->cr) {
        s->cr = false;
        return c == '\n' ? S_line_end(g, rules) : S_bad(g, "a CR stands alone");
    }
    if (c == '\r') {
        s->cr = true;
        return STRICT_OK;
    }
    return c == '\n' ? S_bad(g, "a line ends without CR") : S_line_char(g, c);
}

/* How many bytes from here on can neither end nor spoil the target or value they stand in. Most of
 * a head is such runs, and they need not go through the machine one by one. */
static size_t S_run(const struct strict_state *s, const char *p, size_t n)
{
    bool target = s->at == AT_REQUEST_LINE && s->name_n > 0;
    size_t i = 0, room = STRICT_HEAD_MAX - s->head;
    if (s->step != 1 || s->cr || !(target || s->at == AT_FIELD))
        return 0;
    unsigned least = target ? 0x21 : 0x20;
    n = n < room ? n : room;
    while (i < n && (unsigned char)p[i] >= least && (unsigned char)p[i] < 0x7F)
        i++;
    return i;
}

static void S_take_run(struct strict_state *s, const char *p, size_t n)
{
    s->head += n;
    if (s->at == AT_REQUEST_LINE) {
        s->name_n += n;
        return;
    }
    if (s->value_n < LINE_KEPT)
        memcpy(s->value + s->value_n, p, n < LINE_KEPT - s->value_n ? n : LINE_KEPT - s->value_n);
    s->value_n += n;
}

enum strict_verdict strict_feed(struct strict *g, const struct strict_rules *rules,
                                const char *bytes, size_t n)
{
    struct strict_state *s = &g->s;
    for (size_t i = 0; i < n && g->verdict == STRICT_OK;) {
        size_t run = S_run(s, bytes + i, n - i);
        if (run) {
            S_take_run(s, bytes + i, run);
            i += run;
            continue;
        }
        if (s->at != AT_BODY && s->at != AT_CHUNK) {
            S_byte(g, rules, bytes[i++]);
            continue;
        }
        uint64_t skip = n - i < s->body_left ? n - i : s->body_left;
        i += (size_t)skip;
        s->body_left -= skip;
        if (s->body_left)
            break;
        if (s->at == AT_CHUNK)
            s->at = AT_CHUNK_END;
        else
            S_next(g);
    }
    return g->verdict;
}
