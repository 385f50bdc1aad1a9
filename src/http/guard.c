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

enum { GUARD_SLOTS = 16384 };

struct guard {
    struct server *server;
    struct bufferevent *bev;
    struct strict strict;
    uint64_t begun;   /* requests handed to us by evhttp */
    uint64_t replied; /* of those, answered */
    bool ended;
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

/* Past the socket buffers of libevent: evhttp may still be reading this request, and would not
 * answer it at all. Only when nothing else is on its way to the client. */
static void S_refuse_now(struct guard *g)
{
    static const char *const lines[] = {
        [STRICT_OK] = "",
        [STRICT_BAD] = "400 Bad Request",
        [STRICT_HEAD_TOO_LARGE] = "431 Request Header Fields Too Large",
        [STRICT_BODY_TOO_LARGE] = "413 Content Too Large",
    };
    char text[768];
    char body[320];
    int body_n = snprintf(body, sizeof body,
                          "{\"type\":\"/problems/malformed\",\"status\":%.3s,"
                          "\"title\":\"请求不合规，没有处理。\",\"errors\":[{\"field\":\"\","
                          "\"code\":\"strict\",\"zh\":\"请求格式不合规。\",\"en\":\"%s\"}]}",
                          lines[g->strict.verdict], g->strict.why ? g->strict.why : "");
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %s\r\nContent-Type: application/problem+json\r\n"
                     "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
                     lines[g->strict.verdict], body_n, body);
    int fd = bufferevent_getfd(g->bev);
    g->ended = true;
    /* A client that cannot take a few hundred bytes now is not owed more. */
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        shutdown(fd, SHUT_WR);
    shutdown(fd, SHUT_RD);
}

static void S_bytes(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct guard *g = arg;
    struct evbuffer_iovec part[16];
    struct evbuffer_ptr at;
    if (!info->n_added || g->ended)
        return;
    size_t fresh = info->n_added;
    evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - fresh, EVBUFFER_PTR_SET);
    int n = evbuffer_peek(input, (ev_ssize_t)fresh, &at, part, (int)COUNT_OF(part));
    for (int i = 0; i < n && i < (int)COUNT_OF(part); i++)
        strict_feed(&g->strict, &g->server->rules, part[i].iov_base, part[i].iov_len);
    /* libevent reads into four pieces at most; bytes that could not be seen are not trusted. */
    if (n > (int)COUNT_OF(part) && g->strict.verdict == STRICT_OK)
        g->strict.verdict = STRICT_BAD;
    if (g->strict.verdict == STRICT_OK)
        return;
    g->server->tally.refused++;
    if (g->replied >= g->strict.bad_request &&
        evbuffer_get_length(bufferevent_get_output(g->bev)) == 0)
        S_refuse_now(g);
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
    g->begun = g->replied = 0;
    g->ended = false;
    strict_init(&g->strict);
    evbuffer_add_cb(bufferevent_get_input(bev), S_bytes, g);
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
