/* Many readers of Server-Sent Events on one epoll thread, for the live bench. Loopback only; ends
 * when its standard input does.
 *
 *   listen --port P --streams N --token T [--token T …]     streams take the tokens in turn
 *
 * Prints "ready N" when every stream has begun. Then, for each event number it hears of on any
 * stream, when all N have heard it: "told SEQ µs…", the times (CLOCK_REALTIME, microseconds) at
 * which each stream did, one a stream. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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

enum { STREAMS_MAX = 20000, TOKENS_MAX = 64, SEQS = 256, LINE_MAX_ = 512, AT_ONCE = 64 };

struct reader {
    int fd;
    bool begun, event; /* event: the block being read is one, not only an id */
    char line[LINE_MAX_];
    size_t n;
    int64_t id;
};

struct told {
    int64_t seq, count, *at;
};

static struct reader readers[STREAMS_MAX];
static struct told tolds[SEQS];
static int64_t begun, wanted;

static int64_t S_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void S_fail(const char *what)
{
    fprintf(stderr, "listen: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void S_connect(struct reader *r, int port, const char *token)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char ask[512];
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (r->fd < 0 || connect(r->fd, (struct sockaddr *)&at, sizeof at) != 0)
        S_fail("connect");
    int n = snprintf(ask, sizeof ask,
                     "GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
                     token);
    if (write(r->fd, ask, (size_t)n) != n)
        S_fail("write");
    fcntl(r->fd, F_SETFL, O_NONBLOCK);
}

static void S_told(int64_t seq, int64_t at)
{
    struct told *t = &tolds[seq % SEQS];
    if (t->seq != seq) {
        t->seq = seq;
        t->count = 0;
        if (!t->at)
            t->at = calloc((size_t)wanted, sizeof *t->at);
        if (!t->at)
            S_fail("memory");
    }
    if (t->count < wanted)
        t->at[t->count++] = at;
    if (t->count != wanted)
        return;
    printf("told %lld", (long long)seq);
    for (int64_t i = 0; i < wanted; i++)
        printf(" %lld", (long long)t->at[i]);
    printf("\n");
    fflush(stdout);
}

/* One line; chunk sizes and heads are lines that say nothing here. */
static void S_line(struct reader *r, int64_t at)
{
    r->line[r->n] = '\0';
    if (strncmp(r->line, "HTTP/", 5) == 0 && strncmp(r->line + 9, "200", 3) != 0)
        S_fail(r->line);
    if (strncmp(r->line, "id: ", 4) == 0) {
        r->id = atoll(r->line + 4);
        begun += !r->begun;
        r->begun = true;
    }
    r->event = r->event || strncmp(r->line, "event: matter", 13) == 0;
    if (r->event && strncmp(r->line, "data: ", 6) == 0) {
        r->event = false;
        S_told(r->id, at);
    }
    r->n = 0;
}

static void S_read(struct reader *r)
{
    char bytes[16384];
    for (;;) {
        ssize_t n = read(r->fd, bytes, sizeof bytes);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            S_fail("a stream ended");
        int64_t at = S_now();
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\n')
                S_line(r, at);
            else if (r->n < LINE_MAX_ - 1)
                r->line[r->n++] = bytes[i];
        }
    }
}

int main(int argc, char **argv)
{
    const char *tokens[TOKENS_MAX];
    struct epoll_event events[512], in = {.events = EPOLLIN};
    struct rlimit files = {65536, 65536};
    int port = 0, tokens_n = 0, epoll = epoll_create1(EPOLL_CLOEXEC);
    bool said = false;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--port"))
            port = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--streams"))
            wanted = atoll(argv[i + 1]);
        else if (!strcmp(argv[i], "--token") && tokens_n < TOKENS_MAX)
            tokens[tokens_n++] = argv[i + 1];
    }
    setrlimit(RLIMIT_NOFILE, &files);
    if (!tokens_n || wanted < 1 || wanted > STREAMS_MAX)
        S_fail("usage");
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &in);
    for (int64_t opened = 0;;) {
        for (; opened < wanted && opened < begun + AT_ONCE; opened++) {
            S_connect(&readers[opened], port, tokens[opened % tokens_n]);
            struct epoll_event e = {.events = EPOLLIN, .data.ptr = &readers[opened]};
            epoll_ctl(epoll, EPOLL_CTL_ADD, readers[opened].fd, &e);
        }
        int n = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < n; i++) {
            char byte;
            if (events[i].data.ptr)
                S_read(events[i].data.ptr);
            else if (read(0, &byte, 1) <= 0)
                return 0;
        }
        if (!said && begun == wanted) {
            printf("ready %lld\n", (long long)wanted);
            fflush(stdout);
            said = true;
        }
    }
}
