#include "port/fetch.h"

#include "base/err.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

enum { CONNECT_MS = 5000, WHOLE_MS = 10000 };

struct fetch {
    CURL *curl; /* made for the first request */
    const atomic_bool *stopping;
};

/* What is used of it, and whether all of it was found. */
#define CURL_FUNCTIONS(X)                                                                          \
    X(curl_global_init)                                                                            \
    X(curl_easy_init)                                                                              \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_reset)                                                                             \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_getinfo)                                                                           \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)
#define CURL_MEMBER(name) __typeof__(name) *(name);
static struct {
    CURL_FUNCTIONS(CURL_MEMBER)
    bool found;
} lib;

static void S_load(void)
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return;
    lib.found = true;
#define CURL_LOAD(name)                                                                            \
    *(void **)&lib.name = dlsym(handle, #name);                                                    \
    lib.found = lib.found && lib.name;
    CURL_FUNCTIONS(CURL_LOAD)
    lib.found = lib.found && lib.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* The handle of this thread, NULL when there can be none. */
static CURL *S_curl(struct fetch *f)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, S_load);
    if (!f->curl && lib.found)
        f->curl = lib.curl_easy_init();
    return f->curl;
}

struct fetch *fetch_new(const atomic_bool *stopping)
{
    struct fetch *f = calloc(1, sizeof *f);
    if (f)
        f->stopping = stopping;
    return f;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    if (f->curl)
        lib.curl_easy_cleanup(f->curl);
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
    lib.curl_easy_setopt(f->curl, CURLOPT_URL, in->url);
    lib.curl_easy_setopt(f->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    lib.curl_easy_setopt(f->curl, CURLOPT_FOLLOWLOCATION, 0L);
    lib.curl_easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
    lib.curl_easy_setopt(f->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    lib.curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    lib.curl_easy_setopt(f->curl, CURLOPT_USERAGENT, "Linli");
    lib.curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, S_take);
    lib.curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, &ret->body);
    lib.curl_easy_setopt(f->curl, CURLOPT_XFERINFOFUNCTION, S_stop);
    lib.curl_easy_setopt(f->curl, CURLOPT_XFERINFODATA, f);
    lib.curl_easy_setopt(f->curl, CURLOPT_NOPROGRESS, 0L);
    if (in->body.p) {
        lib.curl_easy_setopt(f->curl, CURLOPT_POST, 1L);
        lib.curl_easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)in->body.n);
        lib.curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, in->body.p);
    }
}

void fetch_run(struct fetch *f, const struct fetch_in *in, struct fetch_out *ret)
{
    struct curl_slist *headers = NULL;
    curl_off_t wait_s = 0;
    long status = 0;
    *ret = (struct fetch_out){.body = buf_new(FETCH_ANSWER_MAX), .error = "no_libcurl"};
    if (!S_curl(f))
        return;
    lib.curl_easy_reset(f->curl);
    S_options(f, in, ret);
    for (size_t i = 0; in->headers[i]; i++)
        headers = lib.curl_slist_append(headers, in->headers[i]);
    headers = lib.curl_slist_append(headers, "Expect:");
    lib.curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
    ret->error = S_error(lib.curl_easy_perform(f->curl));
    lib.curl_slist_free_all(headers);
    lib.curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
    lib.curl_easy_getinfo(f->curl, CURLINFO_RETRY_AFTER, &wait_s);
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
