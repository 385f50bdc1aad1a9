/* The raw limits beside which Linli is measured, each on the same rows:
 *
 *   raw commit DB FROM.db SINCE BATCH   inserts into DB the matters (with their event, audit row,
 *       idempotent answer and day counter) that FROM.db took in at or after SINCE (ms), BATCH
 *       matters a commit, with the writer's own settings. Prints {"rows":…,"seconds":…}.
 *   raw query DB UNIT N                 the queue page of a community by bare SQLite, N times.
 *       Prints {"cpu_us":…,"bytes":…} for one page.
 *   raw reply SIZE                      a bare evhttp server of one fixed reply; prints its port
 *       and, when its input closes, {"requests":…,"cpu_us":…}. */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>

enum { COLUMNS_MAX = 64 };

static double S_seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void S_check(sqlite3 *db, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return;
    fprintf(stderr, "raw: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static sqlite3 *S_open(const char *path)
{
    sqlite3 *db = NULL;
    S_check(db, sqlite3_open(path, &db));
    S_check(db, sqlite3_exec(db,
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 16384;"
                             "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;",
                             NULL, NULL, NULL));
    return db;
}

/* The rows of one table, held in memory so that reading them is not measured. */
struct rows {
    const char *select, *insert;
    sqlite3_value **values;
    int columns, n;
    sqlite3_stmt *to;
};

static void S_load(sqlite3 *from, sqlite3 *to, struct rows *r, int64_t since)
{
    char insert[2048];
    sqlite3_stmt *q = NULL;
    int room = 0;
    S_check(from, sqlite3_prepare_v2(from, r->select, -1, &q, NULL));
    sqlite3_bind_int64(q, 1, since);
    r->columns = sqlite3_column_count(q);
    while (sqlite3_step(q) == SQLITE_ROW) {
        if (r->n == room) {
            room = room ? room * 2 : 4096;
            r->values = realloc(r->values, (size_t)room * (size_t)r->columns * sizeof *r->values);
        }
        for (int i = 0; i < r->columns; i++)
            r->values[r->n * r->columns + i] = sqlite3_value_dup(sqlite3_column_value(q, i));
        r->n++;
    }
    sqlite3_finalize(q);
    size_t n = (size_t)snprintf(insert, sizeof insert, "%s VALUES (?1", r->insert);
    for (int i = 2; i <= r->columns; i++)
        n += (size_t)snprintf(insert + n, sizeof insert - n, ",?%d", i);
    snprintf(insert + n, sizeof insert - n, ")");
    S_check(to, sqlite3_prepare_v2(to, insert, -1, &r->to, NULL));
}

static void S_insert(sqlite3 *db, const struct rows *r, int i)
{
    for (int c = 0; c < r->columns; c++)
        sqlite3_bind_value(r->to, c + 1, r->values[i * r->columns + c]);
    S_check(db, sqlite3_step(r->to));
    sqlite3_reset(r->to);
}

static void S_run(sqlite3 *db, sqlite3_stmt *q)
{
    S_check(db, sqlite3_step(q));
    sqlite3_reset(q);
}

static int S_commit(char **argv)
{
    sqlite3 *db = S_open(argv[0]), *from = S_open(argv[1]);
    int64_t since = atoll(argv[2]);
    double batch = atof(argv[3]), room = 0;
    struct rows tables[] = {
        {.select = "SELECT * FROM matter WHERE created_at >= ?1 ORDER BY id",
         .insert = "INSERT INTO matter"},
        {.select = "SELECT * FROM matter_event WHERE at >= ?1 ORDER BY seq",
         .insert = "INSERT INTO matter_event"},
        {.select = "SELECT * FROM idempotency WHERE at >= ?1 ORDER BY at",
         .insert = "INSERT INTO idempotency"},
        {.select = "SELECT * FROM audit WHERE at >= ?1 ORDER BY seq",
         .insert = "INSERT INTO audit"},
    };
    sqlite3_stmt *begin, *commit, *counter;
    for (size_t t = 0; t < 4; t++)
        S_load(from, db, &tables[t], since);
    sqlite3_close(from);
    S_check(db, sqlite3_prepare_v2(db, "BEGIN", -1, &begin, NULL));
    S_check(db, sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL));
    S_check(db, sqlite3_prepare_v2(db,
                                   "INSERT INTO counter (name, n) VALUES ('raw', 1) ON CONFLICT "
                                   "(name) DO UPDATE SET n = n + 1",
                                   -1, &counter, NULL));
    double start = S_seconds(CLOCK_MONOTONIC);
    int n = tables[0].n;
    for (int i = 0; i < n;) {
        /* A batch size is an average: what is over one time is made up the next. */
        room += batch;
        S_run(db, begin);
        for (; i < n && room >= 1; i++, room -= 1) {
            for (size_t t = 0; t < 4; t++)
                if (i < tables[t].n)
                    S_insert(db, &tables[t], i);
            S_run(db, counter);
        }
        S_run(db, commit);
    }
    printf("{\"rows\":%d,\"seconds\":%.6f}\n", n, S_seconds(CLOCK_MONOTONIC) - start);
    return 0;
}

static int S_query(char **argv)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL, *begin = NULL, *end = NULL;
    int64_t unit = atoll(argv[1]), bytes = 0;
    int n = atoi(argv[2]);
    S_check(db, sqlite3_open_v2(argv[0], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    S_check(db, sqlite3_exec(db,
                             "PRAGMA query_only = ON; PRAGMA cache_size = -16384;"
                             "PRAGMA mmap_size = 268435456;",
                             NULL, NULL, NULL));
    S_check(db, sqlite3_prepare_v2(
                    db,
                    "SELECT m.id, m.number, m.kind, m.category, m.stage, m.awaits, m.outcome, "
                    "m.open, m.title, m.place, m.source, m.unit, m.charge, m.party, "
                    "p.name AS party_name, m.handler, m.created_at, m.due_at, m.closed_at, "
                    "m.solved, m.score, m.version FROM matter m LEFT JOIN party p ON p.id = "
                    "m.party WHERE m.open = 1 AND m.community = ?1 AND (m.due_at, m.id) > (?2, ?3) "
                    "AND m.due_at < ?4 ORDER BY m.due_at, m.id LIMIT 21",
                    -1, &q, NULL));
    S_check(db, sqlite3_prepare_v2(db, "BEGIN", -1, &begin, NULL));
    S_check(db, sqlite3_prepare_v2(db, "COMMIT", -1, &end, NULL));
    double start = S_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < n; i++) {
        S_run(db, begin);
        sqlite3_bind_int64(q, 1, unit);
        sqlite3_bind_int64(q, 2, INT64_MIN + 1);
        sqlite3_bind_int64(q, 3, 0);
        sqlite3_bind_int64(q, 4, INT64_MAX);
        while (sqlite3_step(q) == SQLITE_ROW) {
            for (int c = 0; c < sqlite3_column_count(q); c++) {
                bytes += sqlite3_column_type(q, c) == SQLITE_TEXT
                             ? (sqlite3_column_text(q, c), sqlite3_column_bytes(q, c))
                             : sqlite3_column_int64(q, c) != 0;
            }
        }
        sqlite3_reset(q);
        S_run(db, end);
    }
    double cpu = S_seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    printf("{\"cpu_us\":%.3f,\"bytes\":%lld}\n", cpu / n * 1e6, (long long)(bytes / n));
    return 0;
}

struct reply {
    struct event_base *base;
    char *body;
    size_t size;
    int64_t requests;
};

static void S_keep(const void *data, size_t n, void *extra)
{
    (void)data;
    (void)n;
    (void)extra;
}

static void S_reply(struct evhttp_request *ev, void *arg)
{
    struct reply *r = arg;
    r->requests++;
    evhttp_add_header(evhttp_request_get_output_headers(ev), "Content-Type", "application/json");
    evbuffer_add_reference(evhttp_request_get_output_buffer(ev), r->body, r->size, S_keep, NULL);
    evhttp_send_reply(ev, 200, "OK", NULL);
}

static void S_stop(evutil_socket_t fd, short what, void *arg)
{
    struct reply *r = arg;
    (void)fd;
    (void)what;
    event_base_loopbreak(r->base);
}

static int S_serve(char **argv)
{
    struct reply r = {.base = event_base_new(), .size = (size_t)atoll(argv[0])};
    struct sockaddr_in at;
    struct rlimit files = {65536, 65536};
    socklen_t n = sizeof at;
    setrlimit(RLIMIT_NOFILE, &files);
    r.body = calloc(1, r.size + 1);
    memset(r.body, 'x', r.size);
    struct evhttp *http = evhttp_new(r.base);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    evhttp_set_gencb(http, S_reply, &r);
    if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &n))
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    struct event *closed = event_new(r.base, 0, EV_READ, S_stop, &r);
    event_add(closed, NULL);
    double start = S_seconds(CLOCK_PROCESS_CPUTIME_ID);
    event_base_dispatch(r.base);
    printf("{\"requests\":%lld,\"cpu_us\":%.3f}\n", (long long)r.requests,
           (S_seconds(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)r.requests * 1e6);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && !strcmp(argv[1], "commit"))
        return S_commit(argv + 2);
    if (argc == 5 && !strcmp(argv[1], "query"))
        return S_query(argv + 2);
    if (argc == 3 && !strcmp(argv[1], "reply"))
        return S_serve(argv + 2);
    fprintf(stderr, "usage: raw commit DB FROM SINCE BATCH | query DB UNIT N | reply SIZE\n");
    return 2;
}
