/* Reading a request on the loop: headers, parameters, body, and what can be refused at once. */
#include "http/request.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

static struct str S_header(struct request *q, const char *name)
{
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(q->ev), name);
    return arena_str(q->arena, str_of(value));
}

static struct str S_token(struct request *q)
{
    static const struct str bearer = {"Bearer ", 7};
    struct str authorization = S_header(q, "Authorization");
    if (str_starts(authorization, bearer))
        return (struct str){authorization.p + bearer.n, authorization.n - bearer.n};
    struct str cookies = S_header(q, "Cookie");
    while (cookies.p) {
        struct str cookie = str_trim(str_split(&cookies, ';'));
        if (str_starts(cookie, S("linli_session=")))
            return (struct str){cookie.p + 14, cookie.n - 14};
    }
    return NO_STR;
}

/* %XX and nothing else: a path segment or a query value. False when it is broken. */
static bool S_unescape(struct arena *a, struct str *s, bool plus)
{
    size_t n = 0;
    char *to = arena_alloc(a, s->n + 1);
    if (!to)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        char c = s->p[i];
        if (c == '%') {
            if (s->n - i < 3 || !isxdigit((unsigned char)s->p[i + 1]) ||
                !isxdigit((unsigned char)s->p[i + 2]))
                return false;
            char hex[3] = {s->p[i + 1], s->p[i + 2], '\0'};
            c = (char)strtol(hex, NULL, 16);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        to[n++] = c;
    }
    *s = (struct str){to, n};
    return true;
}

static enum err S_malformed(struct request *q, struct str field, const char *code, struct str zh,
                            struct str en)
{
    return problem_add(&q->problem, ERR_MALFORMED,
                       (struct fault){field, str_of(code), zh, en, NO_STR});
}

static enum err S_no_escape(struct request *q, struct str name)
{
    return S_malformed(q, name, "escape", S("% 之后要有两位十六进制数字。"),
                       S("After % there must be two hexadecimal digits."));
}

static enum err S_query_params(struct request *q, struct str query)
{
    while (query.p) {
        struct str value = str_split(&query, '&');
        struct str name = str_split(&value, '=');
        if (!name.n && !value.p)
            continue;
        if (q->param_count == PARAMS_MAX_)
            return S_malformed(q, S(""), "too_many", S("网址里的参数太多。"),
                               S("Too many parameters."));
        if (!value.p)
            value = S("");
        if (!S_unescape(q->arena, &name, true))
            return S_no_escape(q, S(""));
        if (!S_unescape(q->arena, &value, true))
            return S_no_escape(q, utf8_valid(name) == name.n ? name : S(""));
        q->params[q->param_count++] =
            (struct param){.name = name, .value = value, .from = IN_QUERY};
    }
    return OK;
}

/* application/json, whatever parameters follow it. */
static bool S_is_json(struct str type)
{
    struct str json = S("application/json"), media = str_trim(str_split(&type, ';'));
    return media.n == json.n && strncasecmp(media.p, json.p, json.n) == 0;
}

/* A write can only come from our own pages or from a program: the Idempotency-Key header and the
 * JSON type cannot be sent by another site's form, and what a browser says of the origin must
 * agree. */
static enum err S_same_origin(struct request *q)
{
    struct str site = S_header(q, "Sec-Fetch-Site");
    struct str origin = S_header(q, "Origin");
    struct str host = S_header(q, "Host");
    bool good = !site.p || str_eq(site, S("same-origin")) || str_eq(site, S("none"));
    if (origin.p) {
        const char *after = strstr(origin.p, "://");
        good = good && after && str_eq(str_of(after + 3), host);
    }
    if (!good)
        return problem_add(&q->problem, ERR_FORBIDDEN,
                           (struct fault){.field = S("Origin"),
                                          .code = S("origin"),
                                          .zh = S("这个请求来自别的网站。"),
                                          .en = S("This request comes from another site.")});
    if (q->body.n && !S_is_json(S_header(q, "Content-Type")))
        return S_malformed(q, S("Content-Type"), "type", S("正文要用 application/json。"),
                           S("The body must be application/json."));
    return OK;
}

static enum err S_body(struct request *q)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(q->ev);
    size_t n = evbuffer_get_length(input);
    size_t most = q->route->body_max ? q->route->body_max : (size_t)BODY_MAX;
    if (n > most)
        return problem_add(&q->problem, ERR_TOO_LARGE,
                           (struct fault){S(""), S("too_large"),
                                          arena_printf(q->arena, "正文最多 %zu 字节。", most),
                                          arena_printf(q->arena, "At most %zu bytes.", most),
                                          arena_printf(q->arena, "0..%zu", most)});
    char *body = arena_alloc(q->arena, n + 1);
    if (!body || evbuffer_copyout(input, body, n) != (ev_ssize_t)n)
        return ERR_MEMORY;
    q->body = (struct str){body, n};
    return OK;
}

static enum err S_hat_named(struct request *q)
{
    struct str hat = S_header(q, "Linli-Hat");
    if (!hat.p || (str_int(hat, &q->actor.named) && q->actor.named > 0))
        return OK;
    return S_malformed(q, S("Linli-Hat"), "form", S("Linli-Hat 要是一个身份的编号。"),
                       S("Linli-Hat must be the id of a hat."));
}

/* Who is at the other end. Behind a proxy (served over TLS there) the proxy says it. */
static struct str S_address(struct request *q)
{
    char *peer = NULL;
    ev_uint16_t port = 0;
    struct str forwarded = q->server->secure ? S_header(q, "X-Forwarded-For") : NO_STR;
    struct str last = NO_STR;
    while (forwarded.p)
        last = str_trim(str_split(&forwarded, ','));
    evhttp_connection_get_peer(evhttp_request_get_connection(q->ev), &peer, &port);
    return last.n ? last : str_of(peer);
}

enum err request_receive(struct request *q, struct str verb, struct str path, struct str query)
{
    struct buf allow = buf_new(256);
    q->path = arena_str(q->arena, path);
    q->lang = S_header(q, "Accept-Language");
    q->route = routes_match(q->server->routes, verb, q->path, q, &allow);
    if (!q->route) {
        if (allow.n)
            evhttp_add_header(evhttp_request_get_output_headers(q->ev), "Allow",
                              arena_printf(q->arena, STR_F, STR_A(buf_str(&allow))).p);
        bool known = allow.n > 0;
        buf_free(&allow);
        return known ? ERR_METHOD : ERR_NOT_FOUND;
    }
    buf_free(&allow);
    for (size_t i = 0; i < q->param_count; i++) {
        if (!S_unescape(q->arena, &q->params[i].value, false))
            return S_no_escape(q, q->params[i].name);
    }
    TRY(S_query_params(q, query));
    TRY(S_body(q));
    q->token = S_token(q);
    if (q->route->work == COMMAND) {
        q->key = S_header(q, "Idempotency-Key");
        TRY(S_same_origin(q));
    }
    if ((q->route->work == COMMAND || q->route->throttled) && !q->token.p &&
        !throttle_take(&q->server->throttle, S_address(q), q->started))
        return ERR_TOO_MANY;
    return S_hat_named(q);
}
