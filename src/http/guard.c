/* The strict guard of every connection. It watches the bytes as they are added to the connection's
 * input buffer, which is before evhttp reads them, so that no request reaches a handler that the
 * guard has not passed.
 *
 * libevent tells nobody when a connection ends that never carried a whole request, so guards are
 * found by their bufferevent's address, and a new connection at the same address starts afresh:
 * there are never more guards than connections were open at once. */
#include "http/request.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { GUARD_SLOTS = 16384, LINGER_S = 5, LINGER_MAX = 4 << 20 };

struct guard {
    struct server *server;
    struct bufferevent *bev;
    struct strict strict;
    uint64_t begun;   /* requests handed to us by evhttp */
    uint64_t replied; /* of those, answered */
    uint64_t thrown;  /* bytes that came after the refusal */
    bool ended;       /* the refusal has been sent */
    struct guard *next;
};

static struct guard **S_slot(struct server *s, const struct bufferevent *bev)
{
    return s->guards + ((uintptr_t)bev >> 4) * 2654435761u % GUARD_SLOTS;
}

static struct guard *S_find(struct server *s, const struct bufferevent *bev)
{
    struct guard *g = *S_slot(s, bev);
    while (g && g->bev != bev)
        g = g->next;
    return g;
}

/* What still comes is read and thrown away, for a while: closing at once would reset the
 * connection, and the client might never see why. */
static void S_linger(struct guard *g)
{
    struct evbuffer *input = bufferevent_get_input(g->bev);
    g->thrown += evbuffer_get_length(input);
    evbuffer_drain(input, evbuffer_get_length(input));
    if (g->thrown > LINGER_MAX)
        shutdown(bufferevent_getfd(g->bev), SHUT_RD);
}

/* Past libevent's buffers: evhttp may be in the middle of this request, and would not answer it at
 * all. Only when nothing else is on its way to the client. */
static void S_refuse(struct guard *g)
{
    static const struct timeval linger = {.tv_sec = LINGER_S};
    static const struct {
        const char *line, *slug;
    } kinds[] = {
        [STRICT_BAD] = {"400 Bad Request", "malformed"},
        [STRICT_HEAD_TOO_LARGE] = {"431 Request Header Fields Too Large", "malformed"},
        [STRICT_BODY_TOO_LARGE] = {"413 Content Too Large", "too-large"},
    };
    static const char zh[] = "请求不合规，没有处理。";
    static const char en[] = "The request is not well formed; nothing was done.";
    char body[768], text[1280];
    const char *line = kinds[g->strict.verdict].line;
    int n =
        snprintf(body, sizeof body,
                 "{\"type\":\"/problems/%s\",\"status\":%.3s,\"title\":\"%s\",\"title_zh\":\"%s\","
                 "\"title_en\":\"%s\",\"errors\":[{\"field\":\"\",\"code\":\"strict\","
                 "\"zh\":\"请求格式不合规。\",\"en\":\"%s.\"}]}",
                 kinds[g->strict.verdict].slug, line, zh, zh, en, g->strict.why);
    n = snprintf(text, sizeof text,
                 "HTTP/1.1 %s\r\nContent-Type: application/problem+json\r\n"
                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                 "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
                 line, n, body);
    int fd = bufferevent_getfd(g->bev);
    g->ended = true;
    /* A client that cannot take a few hundred bytes now is not owed more. */
    bool sent = send(fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n;
    shutdown(fd, sent ? SHUT_WR : SHUT_RDWR);
    bufferevent_set_timeouts(g->bev, &linger, &linger);
    S_linger(g);
}

static void S_refuse_if_due(struct guard *g)
{
    if (g->strict.verdict != STRICT_OK && !g->ended && g->replied >= g->strict.bad_request &&
        evbuffer_get_length(bufferevent_get_output(g->bev)) == 0)
        S_refuse(g);
}

/* The replies to what came before a refused request have left. */
static void S_sent(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    (void)output;
    if (info->n_deleted)
        S_refuse_if_due(arg);
}

static void S_bytes(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct guard *g = arg;
    struct evbuffer_iovec part[16];
    struct evbuffer_ptr at;
    if (!info->n_added)
        return;
    if (g->ended) {
        S_linger(g);
        return;
    }
    if (g->strict.verdict != STRICT_OK)
        return;
    size_t fresh = info->n_added;
    evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - fresh, EVBUFFER_PTR_SET);
    int n = evbuffer_peek(input, (ev_ssize_t)fresh, &at, part, (int)COUNT_OF(part));
    size_t left = fresh;
    for (int i = 0; i < n && i < (int)COUNT_OF(part); i++) {
        size_t len = part[i].iov_len < left ? part[i].iov_len : left;
        strict_feed(&g->strict, &g->server->rules, part[i].iov_base, len);
        left -= len;
    }
    /* libevent reads into four pieces at most; bytes that could not be seen are not trusted. */
    if (left && g->strict.verdict == STRICT_OK)
        strict_refuse(&g->strict, STRICT_BAD, "the request came in too many pieces");
    if (g->strict.verdict == STRICT_OK)
        return;
    g->server->tally.refused++;
    S_refuse_if_due(g);
}

static struct bufferevent *S_connection(struct event_base *base, void *arg)
{
    struct server *s = arg;
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!bev)
        return NULL;
    struct guard *g = S_find(s, bev);
    if (!g) {
        g = calloc(1, sizeof *g);
        if (!g) {
            bufferevent_free(bev);
            return NULL;
        }
        g->next = *S_slot(s, bev);
        *S_slot(s, bev) = g;
    }
    g->server = s;
    g->bev = bev;
    g->begun = g->replied = g->thrown = 0;
    g->ended = false;
    strict_init(&g->strict);
    evbuffer_add_cb(bufferevent_get_input(bev), S_bytes, g);
    evbuffer_add_cb(bufferevent_get_output(bev), S_sent, g);
    return bev;
}

void guard_attach(struct server *s)
{
    s->guards = calloc(GUARD_SLOTS, sizeof(struct guard *));
    evhttp_set_bevcb(s->http, S_connection, s);
}

static struct guard *S_of(struct server *s, struct evhttp_request *ev)
{
    struct evhttp_connection *c = evhttp_request_get_connection(ev);
    return c ? S_find(s, evhttp_connection_get_bufferevent(c)) : NULL;
}

bool guard_pass(struct server *s, struct evhttp_request *ev)
{
    struct guard *g = S_of(s, ev);
    uint64_t ordinal = g ? g->begun++ : 0;
    return g && !g->ended && (g->strict.verdict == STRICT_OK || ordinal < g->strict.bad_request) &&
           ordinal < g->strict.requests;
}

void guard_replied(struct server *s, struct evhttp_request *ev)
{
    struct guard *g = S_of(s, ev);
    if (g)
        g->replied++;
}

void guard_free(struct server *s)
{
    struct guard **slots = s->guards;
    for (size_t i = 0; slots && i < GUARD_SLOTS; i++) {
        while (slots[i]) {
            struct guard *next = slots[i]->next;
            free(slots[i]);
            slots[i] = next;
        }
    }
    free(slots);
}
