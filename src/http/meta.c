/* What is answered on the loop itself: health, metrics, OpenAPI and the embedded pages. */
#include "http/assets.h"
#include "http/request.h"

#include <event2/buffer.h>
#include <string.h>

enum { TEXT_CAP = 4 * 1024 * 1024 };

static void S_send(struct server *s, struct evhttp_request *ev, const char *type, bool keep,
                   const void *bytes, size_t n)
{
    reply_headers(s, ev, type, keep);
    evbuffer_add(evhttp_request_get_output_buffer(ev), bytes, n);
    evhttp_send_reply(ev, 200, "OK", NULL);
}

static void S_metric(struct buf *b, const char *name, const char *type, const char *help,
                     int64_t value)
{
    buf_printf(b, "# HELP linli_%s %s\n# TYPE linli_%s %s\nlinli_%s %lld\n", name, help, name, type,
               name, (long long)value);
}

static void S_metrics(struct server *s, struct evhttp_request *ev)
{
    struct buf b = buf_new(TEXT_CAP);
    struct writer_stats w = writer_stats(s->writer);
    S_metric(&b, "requests_total", "counter", "Requests received.", s->tally.requests);
    S_metric(&b, "requests_refused_total", "counter", "Connections refused by the strict guard.",
             s->tally.refused);
    S_metric(&b, "requests_busy_total", "counter", "Requests answered 503: a queue was full.",
             s->tally.queue_full);
    S_metric(&b, "requests_in_flight", "gauge", "Requests being worked on.", s->tally.in_flight);
    S_metric(&b, "live_streams", "gauge", "Open event streams.", s->tally.streams);
    S_metric(&b, "live_events_total", "counter", "Events told to streams.", s->tally.streams_told);
    S_metric(&b, "live_dropped_total", "counter", "Streams dropped: too slow to read.",
             s->tally.streams_dropped);
    buf_put(&b, S("# HELP linli_replies_total Replies by status class.\n"
                  "# TYPE linli_replies_total counter\n"));
    for (int class = 2; class < 6; class ++)
        buf_printf(&b, "linli_replies_total{class=\"%dxx\"} %lld\n", class,
                   (long long)s->tally.by_class[class]);
    S_metric(&b, "worker_queue", "gauge", "Requests waiting for a worker.",
             (int64_t)pool_waiting(s->workers));
    S_metric(&b, "writer_queue", "gauge", "Commands waiting for the writer.", (int64_t)w.waiting);
    S_metric(&b, "writer_commits_total", "counter", "Commits.", w.batches);
    S_metric(&b, "writer_commands_total", "counter", "Commands run by the writer.", w.jobs);
    S_metric(&b, "writer_undone_total", "counter", "Commands undone.", w.undone);
    S_metric(&b, "writer_redone_total", "counter", "Batches run again with savepoints.", w.redone);
    S_metric(&b, "writer_failed_commits_total", "counter", "Commits that failed whole.",
             w.failed_commits);
    S_metric(&b, "writer_over_5ms_total", "counter", "Commands that held the writer over 5 ms.",
             w.over_5ms);
    S_metric(&b, "writer_longest_microseconds", "gauge", "Longest command so far.", w.longest_us);
    buf_put(&b, S("# HELP linli_writer_batch Commands a commit.\n"
                  "# TYPE linli_writer_batch histogram\n"));
    int64_t sum = 0;
    for (size_t i = 0; i < COUNT_OF(w.sizes); i++) {
        sum += w.sizes[i];
        buf_printf(&b, "linli_writer_batch_bucket{le=\"%d\"} %lld\n", 1 << i, (long long)sum);
    }
    buf_printf(&b,
               "linli_writer_batch_bucket{le=\"+Inf\"} %lld\nlinli_writer_batch_sum %lld\n"
               "linli_writer_batch_count %lld\n",
               (long long)w.batches, (long long)w.jobs, (long long)w.batches);
    S_send(s, ev, "text/plain; version=0.0.4; charset=utf-8", false, b.p, b.n);
    buf_free(&b);
}

static const struct asset *S_asset(struct str path)
{
    for (size_t i = 0; i < asset_count; i++) {
        if (str_eq(path, str_of(assets[i].path)))
            return &assets[i];
    }
    return NULL;
}

bool meta_reply(struct server *s, struct evhttp_request *ev, struct str verb, struct str path)
{
    static const char healthy[] = "{\"status\":\"ok\"}\n";
    if (!str_eq(verb, S("GET")) && !str_eq(verb, S("HEAD")))
        return false;
    if (str_eq(path, S("/healthz"))) {
        S_send(s, ev, "application/json", false, healthy, sizeof healthy - 1);
        return true;
    }
    if (str_eq(path, S("/metrics"))) {
        S_metrics(s, ev);
        return true;
    }
    if (str_eq(path, S("/api/openapi.json"))) {
        struct buf b = buf_new(TEXT_CAP);
        openapi_write(s->modules, &b);
        S_send(s, ev, "application/json", true, b.p, b.n);
        buf_free(&b);
        return true;
    }
    /* A one-time link carries its token in the path; the page reads it there. */
    if (str_starts(path, S("/in/")))
        path = S("/in");
    const struct asset *asset = S_asset(path);
    if (asset)
        S_send(s, ev, asset->type, true, asset->data, asset->size);
    return asset != NULL;
}
