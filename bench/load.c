/* A load client for the benches: N keep-alive connections on one epoll thread, each sending its
 * next request as soon as the last was answered. Loopback only; stops after --seconds.
 *
 *   load --port P --clients N --seconds S [--idle N] [--token T] --get PATH
 *   load … --post PATH --body FILE     a body a line, taken in turn, each with a key of its own
 *
 * Prints one JSON line: requests answered 2xx, others, seconds, and the latency's p50 and p99 in
 * microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 8192, ANSWER_MAX = 256 * 1024, BODIES_MAX = 4096, SAMPLES_MAX = 1 << 22 };

struct client {
    int fd;
    char request[REQUEST_MAX];
    size_t request_n, sent;
    char answer[ANSWER_MAX];
    size_t answer_n;
    int64_t started;
};

struct load {
    int port, clients, idle;
    double seconds;
    const char *token, *path;
    char *bodies[BODIES_MAX];
    size_t body_count, body_next;
    uint64_t key_next, key_seed;
    int epoll;
    int64_t good, bad, stop_at;
    uint32_t *samples;
    size_t sample_count;
};

static int64_t S_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void S_fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int S_connect(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        S_fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* RFC 9562: 48 bits of time, then random bits; as Linli's own pages make their keys. */
static const char *S_uuid7(struct load *l)
{
    static char text[40];
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    uint64_t a = (l->key_seed + ++l->key_next) * 0x9E3779B97F4A7C15u, b = a * 0xD1342543DE82EF95u;
    snprintf(text, sizeof text, "%08x-%04x-7%03x-8%03x-%012llx", (unsigned)(ms >> 16),
             (unsigned)(ms & 0xFFFF), (unsigned)(a >> 52), (unsigned)(b >> 52),
             (unsigned long long)(a & 0xFFFFFFFFFFFF));
    return text;
}

static void S_request(struct load *l, struct client *c)
{
    int n = 0;
    if (!l->body_count) {
        n = snprintf(c->request, REQUEST_MAX,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
                     l->path, l->token);
    } else {
        const char *body = l->bodies[l->body_next++ % l->body_count];
        n = snprintf(c->request, REQUEST_MAX,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                     "Content-Type: application/json\r\nIdempotency-Key: %s\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     l->path, l->token, S_uuid7(l), strlen(body), body);
    }
    if (n <= 0 || n >= REQUEST_MAX)
        S_fail("the request is too long");
    c->request_n = (size_t)n;
    c->sent = 0;
    c->answer_n = 0;
    c->started = S_now();
}

static void S_send(struct client *c)
{
    while (c->sent < c->request_n) {
        ssize_t n = write(c->fd, c->request + c->sent, c->request_n - c->sent);
        if (n <= 0)
            S_fail("write");
        c->sent += (size_t)n;
    }
}

/* True when a whole answer is there. */
static bool S_whole(const struct client *c)
{
    const char *head = memmem(c->answer, c->answer_n, "\r\n\r\n", 4);
    if (!head)
        return false;
    const char *length = memmem(c->answer, (size_t)(head - c->answer), "Content-Length: ", 16);
    size_t body = length ? strtoul(length + 16, NULL, 10) : 0;
    return c->answer_n >= (size_t)(head - c->answer) + 4 + body;
}

static void S_answered(struct load *l, struct client *c)
{
    int64_t took = S_now() - c->started;
    bool good = c->answer_n > 9 && c->answer[9] == '2';
    l->good += good;
    if (!good && l->bad++ == 0)
        fprintf(stderr, "load: %.*s\n", (int)(c->answer_n < 900 ? c->answer_n : 900), c->answer);
    if (l->sample_count < SAMPLES_MAX)
        l->samples[l->sample_count++] = (uint32_t)took;
}

static void S_readable(struct load *l, struct client *c)
{
    ssize_t n = read(c->fd, c->answer + c->answer_n, ANSWER_MAX - c->answer_n);
    if (n <= 0)
        S_fail("the server closed a connection");
    c->answer_n += (size_t)n;
    if (!S_whole(c))
        return;
    S_answered(l, c);
    if (S_now() < l->stop_at) {
        S_request(l, c);
        S_send(c);
    } else {
        c->started = 0;
    }
}

static void S_bodies(struct load *l, const char *file)
{
    char line[4096];
    FILE *f = fopen(file, "r");
    if (!f)
        S_fail(file);
    while (l->body_count < BODIES_MAX && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        l->bodies[l->body_count++] = strdup(line);
    }
    fclose(f);
}

static int S_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t S_quantile(struct load *l, double q)
{
    return l->sample_count ? l->samples[(size_t)((double)(l->sample_count - 1) * q)] : 0;
}

static void S_run(struct load *l)
{
    struct client *clients = calloc((size_t)l->clients, sizeof *clients);
    struct epoll_event events[256];
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->samples = calloc(SAMPLES_MAX, sizeof *l->samples);
    if (!clients || !l->samples)
        S_fail("memory");
    for (int i = 0; i < l->idle; i++)
        S_connect(l->port); /* held open until the end */
    for (int i = 0; i < l->clients; i++) {
        clients[i].fd = S_connect(l->port);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &clients[i]};
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, clients[i].fd, &e);
    }
    int64_t start = S_now(), active = l->clients;
    l->stop_at = start + (int64_t)(l->seconds * 1e6);
    for (int i = 0; i < l->clients; i++) {
        S_request(l, &clients[i]);
        S_send(&clients[i]);
    }
    while (active > 0) {
        int n = epoll_wait(l->epoll, events, 256, 5000);
        if (n <= 0)
            S_fail("no answer within 5 s");
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            S_readable(l, c);
            active -= c->started == 0;
        }
    }
    double took = (double)(S_now() - start) / 1e6;
    qsort(l->samples, l->sample_count, sizeof *l->samples, S_compare);
    printf("{\"good\":%lld,\"bad\":%lld,\"seconds\":%.6f,\"p50\":%u,\"p99\":%u}\n",
           (long long)l->good, (long long)l->bad, took, S_quantile(l, 0.5), S_quantile(l, 0.99));
}

int main(int argc, char **argv)
{
    struct load l = {.clients = 1, .seconds = 1, .token = "none", .path = "/"};
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    l.key_seed = (uint64_t)S_now() * 0x9E3779B97F4A7C15u;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--port"))
            l.port = atoi(value);
        else if (!strcmp(name, "--clients"))
            l.clients = atoi(value);
        else if (!strcmp(name, "--idle"))
            l.idle = atoi(value);
        else if (!strcmp(name, "--seconds"))
            l.seconds = atof(value);
        else if (!strcmp(name, "--token"))
            l.token = value;
        else if (!strcmp(name, "--get") || !strcmp(name, "--post"))
            l.path = value;
        else if (!strcmp(name, "--body"))
            S_bodies(&l, value);
    }
    S_run(&l);
    return 0;
}
