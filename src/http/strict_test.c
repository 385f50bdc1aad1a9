/* The strict guard: a table of what a client may send, each given whole, byte by byte and cut at
 * every point; all ways must agree. */
#include "http/strict.h"

#include "base/err.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

enum { BODY_CAP = 64 };

static const struct str hosts[] = {{"linli.example", 13}, {"[::1]", 5}};
static const struct strict_rules any_host = {.body_max = BODY_CAP};
static const struct strict_rules our_hosts = {
    .body_max = BODY_CAP, .hosts = hosts, .host_count = COUNT_OF(hosts)};

struct row {
    const char *name;
    struct str bytes;
    enum strict_verdict verdict;
    uint64_t requests;
};

#define H  "Host: a\r\n"
#define GO "GET / HTTP/1.1\r\n"
#define PO "POST /x HTTP/1.1\r\n"
#define OKAY(name, text, n)                                                                        \
    {                                                                                              \
        name, {"" text, sizeof(text) - 1}, STRICT_OK, n                                            \
    }
#define BAD(name, text, n)                                                                         \
    {                                                                                              \
        name, {"" text, sizeof(text) - 1}, STRICT_BAD, n                                           \
    }
#define LONG(name, text)                                                                           \
    {                                                                                              \
        name, {"" text, sizeof(text) - 1}, STRICT_BODY_TOO_LARGE, 0                                \
    }

static const struct row rows[] = {
    OKAY("plain", GO H "\r\n", 1),
    OKAY("half a line", "GET / HT", 0),
    OKAY("half a head", GO H, 0),
    OKAY("1.0", "GET / HTTP/1.0\r\n" H "\r\n", 1),
    OKAY("length", PO H "Content-Length: 3\r\n\r\nabc", 1),
    OKAY("length in small letters", PO H "content-length:3\r\n\r\nabc", 1),
    OKAY("length with blanks", PO H "Content-Length:   3  \r\n\r\nabc", 1),
    OKAY("length of nothing, on GET", GO H "Content-Length: 0\r\n\r\n", 1),
    OKAY("body not yet whole", PO H "Content-Length: 3\r\n\r\nab", 0),
    OKAY("chunked", PO H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 1),
    OKAY("Chunked", PO H "transfer-encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", 1),
    OKAY("chunks", PO H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n02\r\nbc\r\n000\r\n\r\n", 1),
    OKAY("a body that looks like a head", PO H "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
         1),
    OKAY("bytes of every kind in a body", PO H "Content-Length: 4\r\n\r\n\0\r\n\xFF", 1),
    OKAY("three in a row", GO H "\r\n" PO H "Content-Length: 2\r\n\r\nhi" GO H "\r\n", 3),
    OKAY("chunked, then another", PO H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GO H "\r\n",
         2),
    OKAY("UTF-8 in a value", GO H "X: 邻里\r\n\r\n", 1),
    OKAY("tab in a value", GO H "X: a\tb\r\n\r\n", 1),
    OKAY("empty value", GO H "X:\r\n\r\n", 1),
    OKAY("DELETE", "DELETE /x HTTP/1.1\r\n" H "\r\n", 1),

    BAD("two lengths", PO H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 0),
    BAD("two equal lengths", PO H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0),
    BAD("a list of lengths", PO H "Content-Length: 3, 3\r\n\r\nabc", 0),
    BAD("length with a sign", PO H "Content-Length: +3\r\n\r\nabc", 0),
    BAD("negative length", PO H "Content-Length: -1\r\n\r\n", 0),
    BAD("hexadecimal length", PO H "Content-Length: 0x3\r\n\r\nabc", 0),
    BAD("empty length", PO H "Content-Length:\r\n\r\n", 0),
    BAD("length past 64 bits", PO H "Content-Length: 18446744073709551619\r\n\r\n", 0),
    BAD("length after a tab", PO H "Content-Length:\t3\r\n\r\nabc", 0),
    BAD("both", PO H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0),
    BAD("both, the other way", PO H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 0),
    BAD("xchunked", PO H "Transfer-Encoding: xchunked\r\n\r\n", 0),
    BAD("gzip, chunked", PO H "Transfer-Encoding: gzip, chunked\r\n\r\n", 0),
    BAD("chunked, identity", PO H "Transfer-Encoding: chunked, identity\r\n\r\n", 0),
    BAD("identity", PO H "Transfer-Encoding: identity\r\n\r\n", 0),
    BAD("chunked twice", PO H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        0),
    BAD("chunked after a tab", PO H "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", 0),
    BAD("quoted chunked", PO H "Transfer-Encoding: \"chunked\"\r\n\r\n", 0),
    BAD("chunked in 1.0", "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 0),
    BAD("GET with a body", GO H "Content-Length: 1\r\n\r\na", 0),
    BAD("GET with chunks", GO H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0),
    BAD("DELETE with a body", "DELETE / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\na", 0),
    BAD("unknown method with a body", "POSTS / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\na", 0),

    BAD("no Host", GO "\r\n", 0),
    BAD("two Hosts", GO H H "\r\n", 0),
    BAD("Host in two spellings", GO H "hOST: a\r\n\r\n", 0),
    BAD("empty Host", GO "Host: \r\n\r\n", 0),
    BAD("Host with a path", GO "Host: a/b\r\n\r\n", 0),
    BAD("Host with a user", GO "Host: me@a\r\n\r\n", 0),
    BAD("two names in Host", GO "Host: a, b\r\n\r\n", 0),
    BAD("blank before the colon", GO "Host : a\r\n\r\n", 0),
    BAD("tab before the colon", GO "Host\t: a\r\n\r\n", 0),
    BAD("name that is not a token", GO H "X(y): 1\r\n\r\n", 0),
    BAD("UTF-8 in a name", GO H "邻: 1\r\n\r\n", 0),
    BAD("NUL in a name", GO H "X\0Y: 1\r\n\r\n", 0),
    BAD("no name", GO H ": 1\r\n\r\n", 0),
    BAD("no colon", GO H "what\r\n\r\n", 0),
    BAD("folded line", GO H "X: a\r\n b\r\n\r\n", 0),
    BAD("first line folded", GO " X: a\r\n" H "\r\n", 0),
    BAD("NUL in a value", GO H "X: a\0b\r\n\r\n", 0),
    BAD("escape in a value", GO H "X: a\x1b[0m\r\n\r\n", 0),
    BAD("delete in a value", GO H "X: a\x7f\r\n\r\n", 0),
    BAD("bare CR in a value", GO H "X: a\rb\r\n\r\n", 0),
    BAD("bare CR in a value, LF at its end", GO H "X: a\rb\n\r\n", 0),
    BAD("bare LF ends a line", GO H "X: a\n\r\n", 0),
    BAD("bare LF ends the head", GO H "\n", 0),
    BAD("bare LF ends the first line", "GET / HTTP/1.1\n" H "\r\n", 0),
    BAD("CR CR LF", GO H "\r\r\n", 0),
    BAD("Expect", PO H "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n", 0),

    BAD("0.9", "GET /\r\n", 0),
    BAD("2.0", "GET / HTTP/2.0\r\n", 0),
    BAD("1.2", "GET / HTTP/1.2\r\n", 0),
    BAD("HTTP/1.10", "GET / HTTP/1.10\r\n", 0),
    BAD("http/1.1", "GET / http/1.1\r\n", 0),
    BAD("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0),
    BAD("TLS", "\x16\x03\x01\x02", 0),
    BAD("absolute form", "GET http://a/ HTTP/1.1\r\n", 0),
    BAD("authority form", "CONNECT a:1 HTTP/1.1\r\n", 0),
    BAD("asterisk", "OPTIONS * HTTP/1.1\r\n", 0),
    BAD("two blanks", "GET  / HTTP/1.1\r\n", 0),
    BAD("blank in the target", "GET /a b HTTP/1.1\r\n", 0),
    BAD("tab in the line", "GET\t/ HTTP/1.1\r\n", 0),
    BAD("UTF-8 in the target", "GET /邻 HTTP/1.1\r\n", 0),
    BAD("NUL in the target", "GET /\0 HTTP/1.1\r\n", 0),
    BAD("small method", "get / HTTP/1.1\r\n", 0),
    BAD("long method", "ABCDEFGHIJK / HTTP/1.1\r\n", 0),
    BAD("empty line first", "\r\n" GO H "\r\n", 0),
    BAD("no target", "GET HTTP/1.1\r\n", 0),

#define CHUNKS PO H "Transfer-Encoding: chunked\r\n\r\n"
    BAD("empty chunk size", CHUNKS "\r\n", 0),
    BAD("chunk size not hexadecimal", CHUNKS "g\r\n", 0),
    BAD("chunk size with 0x", CHUNKS "0x1\r\na\r\n", 0),
    BAD("negative chunk size", CHUNKS "-1\r\n", 0),
    BAD("blank in a chunk size", CHUNKS "1 \r\na\r\n", 0),
    BAD("chunk extension", CHUNKS "1;a=b\r\nx\r\n", 0),
    BAD("chunk size of nine digits", CHUNKS "000000001\r\n", 0),
    BAD("chunk shorter than said", CHUNKS "3\r\na\r\n0\r\n\r\n", 0),
    BAD("chunk longer than said", CHUNKS "1\r\nabc\r\n", 0),
    BAD("bare LF after a chunk size", CHUNKS "1\na\r\n", 0),
    BAD("bare LF after a chunk", CHUNKS "1\r\na\n", 0),
    BAD("trailer", CHUNKS "0\r\nX: 1\r\n\r\n", 0),
    BAD("second request bad", GO H "\r\n" GO "\r\n", 1),
    BAD("bytes after a body", PO H "Content-Length: 1\r\n\r\nab" GO, 1),
    LONG("length past the limit", PO H "Content-Length: 65\r\n\r\n"),
    LONG("chunk past the limit", CHUNKS "41\r\n"),
    LONG("chunks past the limit", CHUNKS "1\r\na\r\n40\r\n"),
};

static void S_expect(const struct strict *g, const struct row *r, const char *how, size_t at)
{
    if (g->verdict != r->verdict || g->requests != r->requests)
        fail_msg("%s, %s %zu: verdict %d (%s) after %d requests, not %d after %d", r->name, how, at,
                 (int)g->verdict, g->why ? g->why : "", (int)g->requests, (int)r->verdict,
                 (int)r->requests);
    if (g->verdict != STRICT_OK) {
        assert_non_null(g->why);
        assert_int_equal(g->bad_request, r->requests);
    }
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        struct strict g;
        for (size_t cut = 0; cut <= r->bytes.n; cut++) {
            strict_init(&g);
            strict_feed(&g, &any_host, r->bytes.p, cut);
            strict_feed(&g, &any_host, r->bytes.p + cut, r->bytes.n - cut);
            S_expect(&g, r, "cut at", cut);
        }
        strict_init(&g);
        for (size_t at = 0; at < r->bytes.n; at++)
            strict_feed(&g, &any_host, r->bytes.p + at, 1);
        S_expect(&g, r, "byte by byte", r->bytes.n);
    }
}

static void test_stays_refused(void **state)
{
    (void)state;
    struct strict g;
    struct str good = S(GO H "\r\n"), bad = S(GO "\r\n");
    strict_init(&g);
    assert_int_equal(strict_feed(&g, &any_host, good.p, good.n), STRICT_OK);
    assert_int_equal(strict_feed(&g, &any_host, bad.p, bad.n), STRICT_BAD);
    const char *why = g.why;
    assert_int_equal(strict_feed(&g, &any_host, good.p, good.n), STRICT_BAD);
    assert_int_equal(g.requests, 1);
    assert_int_equal(g.bad_request, 1);
    assert_ptr_equal(g.why, why);
    strict_refuse(&g, STRICT_BODY_TOO_LARGE, "another reason");
    assert_int_equal(g.verdict, STRICT_BAD);
}

static void test_refused_from_outside(void **state)
{
    (void)state;
    struct strict g;
    strict_init(&g);
    strict_refuse(&g, STRICT_BAD, "too many pieces");
    assert_int_equal(strict_feed(&g, &any_host, GO H "\r\n", 20), STRICT_BAD);
    assert_int_equal(g.requests, 0);
    assert_string_equal(g.why, "too many pieces");
}

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        enum strict_verdict verdict;
    } cases[] = {
        {"linli.example", STRICT_OK},
        {"LINLI.Example", STRICT_OK},
        {"linli.example:8080", STRICT_OK},
        {"[::1]", STRICT_OK},
        {"[::1]:80", STRICT_OK},
        {"other.example", STRICT_BAD},
        {"linli.example.evil", STRICT_BAD},
        {"xlinli.example", STRICT_BAD},
        {"linli.exampl", STRICT_BAD},
        {"[::2]", STRICT_BAD},
        {"linli.example@evil", STRICT_BAD},
        {"linli.example:8080:1", STRICT_BAD},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct strict g;
        strict_init(&g);
        strict_feed(&g, &our_hosts, GO "Host: ", strlen(GO "Host: "));
        strict_feed(&g, &our_hosts, cases[i].host, strlen(cases[i].host));
        strict_feed(&g, &our_hosts, "\r\n\r\n", 4);
        if (g.verdict != cases[i].verdict)
            fail_msg("%s: %d", cases[i].host, (int)g.verdict);
    }
}

/* Feeds `text` n times. */
static enum strict_verdict S_repeat(struct strict *g, const char *text, size_t n)
{
    enum strict_verdict verdict = g->verdict;
    for (size_t i = 0; i < n; i++)
        verdict = strict_feed(g, &any_host, text, strlen(text));
    return verdict;
}

static void test_head_limits(void **state)
{
    (void)state;
    struct strict g;
    strict_init(&g);
    S_repeat(&g, "GET /", 1);
    assert_int_equal(S_repeat(&g, "a", STRICT_HEAD_MAX - 100), STRICT_OK);
    assert_int_equal(S_repeat(&g, " HTTP/1.1\r\n" H "\r\n", 1), STRICT_OK);
    assert_int_equal(g.requests, 1);

    /* The limit is for one head: the next request has its own. */
    S_repeat(&g, GO H "X: ", 1);
    assert_int_equal(S_repeat(&g, "b", STRICT_HEAD_MAX), STRICT_HEAD_TOO_LARGE);
    assert_int_equal(g.bad_request, 1);

    strict_init(&g);
    S_repeat(&g, GO H, 1);
    assert_int_equal(S_repeat(&g, "X: 1\r\n", STRICT_FIELDS_MAX - 1), STRICT_OK);
    assert_int_equal(S_repeat(&g, "X: 1\r\n", 1), STRICT_HEAD_TOO_LARGE);

    strict_init(&g);
    S_repeat(&g, GO, 1);
    assert_int_equal(S_repeat(&g, "n", STRICT_NAME_MAX), STRICT_OK);
    assert_int_equal(S_repeat(&g, "n", 1), STRICT_HEAD_TOO_LARGE);
}

/* The last byte a head may have, with what fills it in a target or in a value, at once and byte by
 * byte. */
static void test_head_to_the_byte(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } rows[] = {{"GET /", " HTTP/1.1\r\n" H "\r\n"}, {GO H "X: ", "\r\n\r\n"}};
    static char head[STRICT_HEAD_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t before = strlen(rows[i].before), after = strlen(rows[i].after);
        for (size_t n = STRICT_HEAD_MAX; n <= STRICT_HEAD_MAX + 1; n++) {
            struct strict whole, single;
            strict_init(&whole);
            strict_init(&single);
            memset(head, 'a', n);
            memcpy(head, rows[i].before, before);
            memcpy(head + n - after, rows[i].after, after);
            strict_feed(&whole, &any_host, head, n);
            for (size_t at = 0; at < n; at++)
                strict_feed(&single, &any_host, head + at, 1);
            bool fits = n == STRICT_HEAD_MAX;
            assert_int_equal(whole.verdict, fits ? STRICT_OK : STRICT_HEAD_TOO_LARGE);
            assert_int_equal(whole.requests, fits);
            assert_int_equal(single.verdict, whole.verdict);
            assert_int_equal(single.requests, whole.requests);
        }
    }
}

/* More of a value than the guard keeps must not hide what stands at its end. */
static void test_long_values(void **state)
{
    (void)state;
    static const char *const names[] = {"Transfer-Encoding: chunked", "Content-Length: 3",
                                        "Host: a"};
    static const char *const ends[] = {"x", "", ""};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct strict g;
        strict_init(&g);
        S_repeat(&g, PO, 1);
        S_repeat(&g, names[i], 1);
        S_repeat(&g, " ", STRICT_NAME_MAX);
        S_repeat(&g, ends[i], 1);
        if (S_repeat(&g, "\r\n", 1) != STRICT_BAD)
            fail_msg("%s: %d", names[i], (int)g.verdict);
    }
}

int strict_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_stays_refused),
        cmocka_unit_test(test_refused_from_outside),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_head_limits),
        cmocka_unit_test(test_head_to_the_byte),
        cmocka_unit_test(test_long_values),
    };
    return cmocka_run_group_tests_name("strict", tests, NULL, NULL);
}
