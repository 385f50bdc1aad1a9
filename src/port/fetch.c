#include "port/fetch.h"

#include "base/err.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

enum { CONNECT_MS = 5000, WHOLE_MS = 10000 };

struct fetch {
    CURL *curl;
    const atomic_bool *stopping;
};

static void S_once(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct fetch *fetch_new(const atomic_bool *stopping)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, S_once);
    struct fetch *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->stopping = stopping;
    f->curl = curl_easy_init();
    if (f->curl)
        return f;
    free(f);
    return NULL;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    curl_easy_cleanup(f->curl);
    free(f);
}

static size_t S_take(char *bytes, size_t size, size_t n, void *arg)
{
    struct buf *body = arg;
    buf_put(body, (struct str){bytes, size * n});
    return body->full ? 0 : size * n; /* too long an answer ends it */
}

static int S_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(((struct fetch *)arg)->stopping);
}

static const char *S_error(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return NULL;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return "connect";
    case CURLE_OPERATION_TIMEDOUT: return "timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return "tls";
    case CURLE_ABORTED_BY_CALLBACK: return "stopped";
    default: return "network";
    }
}

static void S_options(struct fetch *f, const struct fetch_in *in, struct fetch_out *ret)
{
    curl_easy_setopt(f->curl, CURLOPT_URL, in->url);
    curl_easy_setopt(f->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(f->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(f->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    curl_easy_setopt(f->curl, CURLOPT_USERAGENT, "Linli");
    curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, S_take);
    curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, &ret->body);
    curl_easy_setopt(f->curl, CURLOPT_XFERINFOFUNCTION, S_stop);
    curl_easy_setopt(f->curl, CURLOPT_XFERINFODATA, f);
    curl_easy_setopt(f->curl, CURLOPT_NOPROGRESS, 0L);
    if (in->body.p) {
        curl_easy_setopt(f->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)in->body.n);
        curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, in->body.p);
    }
}

void fetch_run(struct fetch *f, const struct fetch_in *in, struct fetch_out *ret)
{
    struct curl_slist *headers = NULL;
    curl_off_t wait_s = 0;
    long status = 0;
    *ret = (struct fetch_out){.body = buf_new(FETCH_ANSWER_MAX)};
    curl_easy_reset(f->curl);
    S_options(f, in, ret);
    for (size_t i = 0; in->headers[i]; i++)
        headers = curl_slist_append(headers, in->headers[i]);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
    ret->error = S_error(curl_easy_perform(f->curl));
    curl_slist_free_all(headers);
    curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(f->curl, CURLINFO_RETRY_AFTER, &wait_s);
    ret->status = (int)status;
    ret->retry_ms = (int64_t)wait_s * 1000;
}

void form_escape(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        if (plain)
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
