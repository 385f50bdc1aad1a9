/* Replies: RFC 9457 problem documents, security headers, and the sending itself. */
#include "http/request.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>

struct kind {
    int status;
    const char *reason, *slug, *zh, *en;
};

static const struct kind kinds[] = {
    [OK] = {200, "OK", "ok", "", ""},
    [ERR_INVALID] = {422, "Unprocessable Content", "invalid", "有内容不符合要求，没有保存。",
                     "Something in the request is wrong; nothing was saved."},
    [ERR_MALFORMED] = {400, "Bad Request", "malformed", "请求无法读懂，没有保存。",
                       "The request cannot be read; nothing was saved."},
    [ERR_METHOD] = {405, "Method Not Allowed", "method", "这个地址不能这样请求。",
                    "That path does not take this method."},
    [ERR_UNAUTHENTICATED] = {401, "Unauthorized", "unauthenticated", "请先登录。",
                             "Sign in first."},
    [ERR_FORBIDDEN] = {403, "Forbidden", "forbidden", "您没有做这件事的权限。",
                       "You may not do that."},
    [ERR_NOT_FOUND] = {404, "Not Found", "not-found", "没有找到，或不在您的范围内。",
                       "There is no such thing, or it is out of your reach."},
    [ERR_CONFLICT] = {409, "Conflict", "conflict", "现在的状态不允许这样做，没有保存。",
                      "Its present state does not allow that; nothing was saved."},
    [ERR_DENIED] = {401, "Unauthorized", "denied", "没有通过核对。", "That was not accepted."},
    [ERR_TOO_LARGE] = {413, "Content Too Large", "too-large",
                       "内容太多，或查询范围太大，请缩小后再试。",
                       "Too large, or too broad a question; narrow it and try again."},
    [ERR_TOO_MANY] = {429, "Too Many Requests", "too-many", "操作太频繁，请稍后再试。",
                      "Too many requests; try again a little later."},
    [ERR_BUSY] = {503, "Service Unavailable", "busy", "系统正忙，没有保存，请稍后再试。",
                  "Busy; nothing was done. Try again shortly."},
    [ERR_STORE] = {500, "Internal Server Error", "store", "系统出错，没有保存，请稍后再试。",
                   "The server failed; nothing was saved. Try again later."},
    [ERR_MEMORY] = {500, "Internal Server Error", "memory", "系统出错，没有保存，请稍后再试。",
                    "The server failed; nothing was saved. Try again later."},
    [ERR_IO] = {500, "Internal Server Error", "io", "系统出错，没有保存，请稍后再试。",
                "The server failed; nothing was saved. Try again later."},
};

int err_status(enum err err)
{
    return kinds[err].status;
}

static void S_fault(struct buf *out, const struct fault *f)
{
    buf_put(out, S("{\"field\":"));
    buf_json(out, f->field.p ? f->field : S(""));
    buf_put(out, S(",\"code\":"));
    buf_json(out, f->code);
    buf_put(out, S(",\"zh\":"));
    buf_json(out, f->zh);
    buf_put(out, S(",\"en\":"));
    buf_json(out, f->en);
    if (f->allowed.p) {
        buf_put(out, S(",\"allowed\":"));
        buf_json(out, f->allowed);
    }
    buf_char(out, '}');
}

void reply_problem(struct request *q, enum err err)
{
    const struct kind *k = &kinds[err];
    struct buf *out = &q->out;
    bool english = str_starts(q->lang, S("en"));
    size_t kept = q->problem.count < PROBLEM_MAX ? q->problem.count : PROBLEM_MAX;
    q->status = k->status;
    buf_clear(out);
    buf_printf(out, "{\"type\":\"/problems/%s\",\"status\":%d,\"title\":", k->slug, k->status);
    buf_json(out, str_of(english ? k->en : k->zh));
    buf_put(out, S(",\"title_zh\":"));
    buf_json(out, str_of(k->zh));
    buf_put(out, S(",\"title_en\":"));
    buf_json(out, str_of(k->en));
    buf_put(out, S(",\"errors\":["));
    for (size_t i = 0; i < kept; i++) {
        if (i)
            buf_char(out, ',');
        S_fault(out, &q->problem.faults[i]);
    }
    buf_put(out, S("]"));
    if (q->problem.count > kept)
        buf_printf(out, ",\"more\":%zu", q->problem.count - kept);
    buf_char(out, '}');
}

/* Nothing of ours runs inside another site, and nothing of another site's inside ours. What only
 * means something for a page stays off the API's replies: each header costs. */
void reply_headers(struct server *s, struct evhttp_request *ev, const char *type, bool page)
{
    static const char *const of_page[][2] = {
        {"Cache-Control", "public, max-age=300"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
         "frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(self), geolocation=(self), microphone=(self)"},
    };
    static const char *const of_data[][2] = {
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    };
    struct evkeyvalq *headers = evhttp_request_get_output_headers(ev);
    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; i < (page ? COUNT_OF(of_page) : COUNT_OF(of_data)); i++)
        evhttp_add_header(headers, page ? of_page[i][0] : of_data[i][0],
                          page ? of_page[i][1] : of_data[i][1]);
    if (s->secure)
        evhttp_add_header(headers, "Strict-Transport-Security", "max-age=31536000");
}

static void S_free_bytes(const void *data, size_t n, void *extra)
{
    (void)n;
    (void)extra;
    free((void *)(uintptr_t)data);
}

static const char *S_reason(int status)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].status == status)
            return kinds[i].reason;
    }
    return status == 201 ? "Created" : status == 204 ? "No Content" : "";
}

void reply_stream(struct request *q)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(q->ev);
    reply_headers(q->server, q->ev, "text/event-stream", false);
    /* A proxy in front must not gather what is to be told at once. */
    evhttp_add_header(headers, "X-Accel-Buffering", "no");
    evhttp_add_header(headers, "Connection", "close");
    q->status = 200;
    evhttp_send_reply_start(q->ev, 200, "OK");
}

void reply_send(struct request *q)
{
    struct server *s = q->server;
    bool problem = q->err != OK;
    if (problem)
        reply_problem(q, q->err);
    const char *media = q->route && q->route->media ? q->route->media : "application/json";
    reply_headers(s, q->ev, problem ? "application/problem+json" : media, false);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(q->ev);
    if (q->route && route_is_text(q->route) && !problem) {
        /* A document made for one reader: it may have its looks from us, and nothing else. */
        evhttp_remove_header(headers, "Content-Security-Policy");
        evhttp_add_header(headers, "Content-Security-Policy",
                          "default-src 'none'; style-src 'self'; frame-ancestors 'none'");
        evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
    }
    if (q->cookie.p && !problem)
        evhttp_add_header(headers, "Set-Cookie", q->cookie.p);
    if (q->replayed && !problem)
        evhttp_add_header(headers, "Idempotent-Replayed", "true");
    if (q->err == ERR_BUSY || q->err == ERR_TOO_MANY)
        evhttp_add_header(headers, "Retry-After", q->err == ERR_BUSY ? "1" : "60");
    if (q->out.n) {
        /* The buffer's bytes go to libevent as they are; it frees them when they are sent. */
        evbuffer_add_reference(evhttp_request_get_output_buffer(q->ev), q->out.p, q->out.n,
                               S_free_bytes, NULL);
        q->out = buf_new(REPLY_CAP);
    }
    guard_replied(s, q->ev);
    evhttp_send_reply(q->ev, q->status, S_reason(q->status), NULL);
    q->ev = NULL;
}
