#include "port/csv.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/linli-csv-XXXXXX";

static void S_write(struct str text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

/* Every row as `line:value|value` or `line!`, one after the other with `;` between. */
static void S_rows(struct csv *c, char *out, size_t size)
{
    struct csv_row row;
    size_t n = 0;
    out[0] = '\0';
    while (csv_next(c, &row)) {
        n += (size_t)snprintf(out + n, size - n, "%s%d%s", n ? ";" : "", (int)row.line,
                              row.fault.zh ? "!" : "");
        for (size_t i = 0; !row.fault.zh && i < row.n; i++)
            n += (size_t)snprintf(out + n, size - n, "%s" STR_F, i ? "|" : ":",
                                  STR_A(row.values[i]));
        assert_true(n < size);
    }
    assert_int_equal(csv_error(c), OK);
}

#define T(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static const struct {
    struct str text;
    const char *rows;
} tables[] = {
    {T("a,b\n1,2\n3,4\n"), "2:1|2;3:3|4"},
    {T("a,b\r\n1,2\r\n3,4"), "2:1|2;3:3|4"}, /* CRLF, no last break */
    {T("\xEF\xBB\xBF"
       "a,b\n1,2"),
     "2:1|2"},                                                 /* byte order mark */
    {T("a,b\n,\n\"\",\"\"\n"), "2:|;3:|"},                     /* empty values */
    {T("a,b\n\"1,5\",\"a\"\"b\"\n"), "2:1,5|a\"b"},            /* comma and quote inside */
    {T("a,b\n\"x\r\ny\nz\",2\n3,4\n"), "2:x\r\ny\nz|2;5:3|4"}, /* breaks inside */
    {T("a,b\n\n\r\n1,2\n\n"), "4:1|2"},                        /* empty lines */
    {T("a,b\n1\n1,2,3\n1,2\n"), "2!;3!;4:1|2"},                /* ragged rows do not stop it */
    {T("a,b\n\xC0\xC1,2\n1,2\n"), "2!;3:1|2"},                 /* not UTF-8 */
    {T("a,b\n1,\"2\n3,4\n"), "2!"},                            /* never closed */
    {T("a,b\n1,\"2\"x\n3,4\n"), "2!"},                         /* text behind a closing quote */
    {T("a,b\n1,2\"\n3,\"4\n"), "2!"},                          /* quote inside an unquoted value */
    {T("a,b\n\"\"\"\",\"\"\"\"\"\"\n"), "2:\"|\"\""},          /* nothing but quotes */
    {T("a\n\"\"\nx"), "2:;3:x"}, /* "" is a value, not an empty line */
    {T("a,b\n"), ""},
    {T("a,b"), ""},
};

static void S_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        char rows[256];
        struct csv *c = NULL;
        S_write(tables[i].text);
        assert_int_equal(csv_open(path, 64, &c, NULL), OK);
        S_rows(c, rows, sizeof rows);
        assert_string_equal(rows, tables[i].rows);
        csv_close(c);
    }
}

static void S_columns(void **state)
{
    struct csv *c = NULL;
    (void)state;
    S_write(S("\xEF\xBB\xBF\"code\",name,\"two\nlines\"\n1,2,3\n"));
    assert_int_equal(csv_open(path, 64, &c, NULL), OK);
    assert_int_equal(csv_column(c, "code"), 0);
    assert_int_equal(csv_column(c, "two\nlines"), 2);
    assert_int_equal(csv_column(c, "nam"), -1);
    struct csv_row row;
    assert_true(csv_next(c, &row));
    assert_int_equal(csv_column(c, "name"), 1); /* the head is still there */
    assert_int_equal(row.line, 3);
    assert_false(csv_next(c, &row));
    assert_false(csv_next(c, &row));
    csv_close(c);
}

static void S_refused(void **state)
{
    struct csv_fault fault = {0};
    struct csv *c = NULL;
    (void)state;
    S_write(S(""));
    assert_int_equal(csv_open(path, 64, &c, &fault), ERR_INVALID);
    assert_non_null(strstr(fault.en, "empty"));
    S_write(S("\"code,name\n"));
    assert_int_equal(csv_open(path, 64, &c, &fault), ERR_INVALID);
    assert_non_null(strstr(fault.en, "quote"));
    S_write(S("\xB1\xE0\xBA\xC5,\xC3\xFB\n")); /* GB 18030 */
    assert_int_equal(csv_open(path, 64, &c, &fault), ERR_INVALID);
    assert_non_null(strstr(fault.en, "UTF-8"));
    assert_int_equal(csv_open("/nonexistent/x.csv", 64, &c, NULL), ERR_NOT_FOUND);
    assert_int_equal(csv_open("/tmp", 64, &c, NULL), ERR_IO);
    assert_null(c);
}

/* 257 columns are one too many. */
static void S_wide(void **state)
{
    char text[600];
    struct csv *c = NULL;
    struct csv_fault fault = {0};
    (void)state;
    memset(text, ',', 256);
    text[255] = '\n';
    S_write((struct str){text, 256});
    assert_int_equal(csv_open(path, 1024, &c, NULL), OK);
    csv_close(c);
    c = NULL;
    text[255] = ',';
    text[256] = '\n';
    S_write((struct str){text, 257});
    assert_int_equal(csv_open(path, 1024, &c, &fault), ERR_INVALID);
    assert_non_null(strstr(fault.en, "256"));
    assert_null(c);
}

/* The cap counts a row's bytes without its break. */
static void S_cap(void **state)
{
    static const struct {
        size_t length;
        const char *rows;
    } cases[] = {{64, "2:"}, {65, "2!"}, {100000, "2!"}, {600000, "2!"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t n = cases[i].length;
        char *text = malloc(n + 8), rows[256];
        struct csv *c = NULL;
        assert_non_null(text);
        memset(text, 'x', n + 8);
        memcpy(text, "a\n", 2);
        memcpy(text + 2 + n, "\r\ny\n", 4);
        S_write((struct str){text, n + 6});
        assert_int_equal(csv_open(path, 64, &c, NULL), OK);
        S_rows(c, rows, sizeof rows);
        assert_memory_equal(rows, cases[i].rows, 2);
        assert_int_equal(strstr(rows, ";3:y") != NULL, n == 64);
        csv_close(c);
        free(text);
    }
}

/* Rows that lie across the ends of what is read at once, every third value with a break inside. */
static void S_long(void **state)
{
    enum { ROWS = 100000 };
    struct csv *c = NULL;
    struct csv_row row;
    (void)state;
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("n,text\n", f);
    for (int i = 0; i < ROWS; i++)
        fprintf(f, i % 3 ? "%d,\"社区%d\"\r\n" : "%d,\"a\n\"\"%d\"\n", i, i);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(csv_open(path, 64, &c, NULL), OK);
    int64_t line = 2;
    for (int i = 0; i < ROWS; i++) {
        char want[32];
        int n = snprintf(want, sizeof want, i % 3 ? "社区%d" : "a\n\"%d", i);
        assert_true(csv_next(c, &row));
        assert_null(row.fault.zh);
        assert_int_equal(row.line, line);
        assert_true(str_eq(row.values[1], (struct str){want, (size_t)n}));
        line += i % 3 ? 1 : 2;
    }
    assert_false(csv_next(c, &row));
    csv_close(c);
}

static int S_setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int S_teardown(void **state)
{
    (void)state;
    return unlink(path);
}

/* Rows in any order, as they were told: quotes folded before, the last row without its break. */
static void S_test_seek(void **state)
{
    static const int order[] = {3, 0, 2, 1, 1, 3, 0};
    static const char *const want[] = {"1|\"a\"", "2|b\nc", "3|丁", "4|e"};
    struct csv *c = NULL;
    struct csv_row row;
    int64_t at[4] = {0}, line[4] = {0};
    (void)state;
    S_write(S("\xEF\xBB\xBFn,t\r\n1,\"\"\"a\"\"\"\r\n\n2,\"b\nc\"\r\n3,丁\r\n4,e"));
    assert_int_equal(csv_open(path, CSV_ROW_MAX, &c, NULL), OK);
    for (size_t i = 0; i < COUNT_OF(at); i++) {
        assert_true(csv_next(c, &row));
        line[i] = row.line;
        at[i] = row.at;
    }
    assert_false(csv_next(c, &row));
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        char got[64];
        assert_int_equal(csv_seek(c, line[order[i]], at[order[i]]), OK);
        assert_true(csv_next(c, &row));
        assert_int_equal(row.n, 2);
        snprintf(got, sizeof got, STR_F "|" STR_F, STR_A(row.values[0]), STR_A(row.values[1]));
        assert_string_equal(got, want[order[i]]);
        assert_int_equal(row.line, line[order[i]]);
        assert_int_equal(row.at, at[order[i]]);
    }
    csv_close(c);
}

int csv_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_tables),    cmocka_unit_test(S_columns), cmocka_unit_test(S_refused),
        cmocka_unit_test(S_wide),      cmocka_unit_test(S_cap),     cmocka_unit_test(S_long),
        cmocka_unit_test(S_test_seek),
    };
    return cmocka_run_group_tests_name("csv", tests, S_setup, S_teardown);
}
