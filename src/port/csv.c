#include "port/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024, READ_FIRST = 4 * 1024 };

struct csv {
    int fd;
    char *p;          /* row_max + READ_SIZE bytes, and one more for a last line break */
    size_t from, end; /* what has been read and not yet taken */
    size_t row_max;
    int64_t line; /* of p[from] */
    int64_t base; /* of p[0], in the file */
    size_t step;  /* how much is read next: little at first, for who jumps about */
    bool ended;   /* nothing more is read */
    enum err err;
    size_t columns;
    struct str *head;
    struct str values[CSV_COLUMNS_MAX];
};

static const struct csv_fault fault_open = {"引号没有结束，或者这一行太长。",
                                            "A quote is never closed, or the row is too long."};
static const struct csv_fault fault_quote = {
    "引号只能把整个值括起来，值里面的引号要写两遍。",
    "A quote may only stand around a whole value; one inside it is written twice."};
static const struct csv_fault fault_many = {"列太多了：最多 256 列。",
                                            "Too many columns: 256 are allowed."};
static const struct csv_fault fault_ragged = {"这一行的列数和表头不一样。",
                                              "The row has not as many values as the head."};
static const struct csv_fault fault_utf8 = {"不是 UTF-8 文字，请另存为 UTF-8 编码的 CSV。",
                                            "Not UTF-8: save the file as CSV in UTF-8."};
static const struct csv_fault fault_empty = {"文件是空的，没有表头。",
                                             "The file is empty: it has no head."};

/* Moves what is left to the front and reads behind it. False when nothing more came. */
static bool S_fill(struct csv *c)
{
    if (c->ended || c->err != OK)
        return false;
    memmove(c->p, c->p + c->from, c->end - c->from);
    c->end -= c->from;
    c->base += (int64_t)c->from;
    c->from = 0;
    size_t room = c->row_max + READ_SIZE - c->end;
    c->step = c->step * 2 < READ_SIZE ? c->step * 2 : READ_SIZE;
    ssize_t got = 0;
    do {
        got = read(c->fd, c->p + c->end, room < c->step ? room : c->step);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        c->err = ERR_IO;
        return false;
    }
    if (got == 0) {
        /* A last line may lack its break: give it one, so that no row has to be a special case. */
        c->ended = true;
        if (c->end == 0 || c->p[c->end - 1] == '\n')
            return false;
        c->p[c->end++] = '\n';
        return true;
    }
    c->end += (size_t)got;
    return true;
}

/* The end of a quoted value that begins behind its quote at p[at]: the closing quote, with
 * doubled ones folded in place; NULL when the bytes at hand do not hold it. *n is the value's
 * length, *breaks the line breaks inside. */
static char *S_quoted(char *p, const char *end, size_t *n, int64_t *breaks)
{
    char *to = p;
    for (char *at = p; at < end; at++) {
        if (*at == '"' && at + 1 < end && at[1] == '"') {
            at++;
        } else if (*at == '"') {
            *n = (size_t)(to - p);
            return at + 1 < end ? at : NULL; /* the byte behind decides if it was doubled */
        }
        *breaks += *at == '\n';
        *to++ = *at;
    }
    return NULL;
}

/* Whether a whole row lies in p[from, end): folding quotes changes the bytes, so that a row must
 * be known to be whole before it is split. *ret is its length with the break. */
static bool S_whole(const struct csv *c, size_t *ret)
{
    const char *p = c->p + c->from, *end = c->p + c->end;
    const char *at = memchr(p, '\n', (size_t)(end - p));
    if (!at)
        return false;
    /* Nearly every row has its quotes in pairs before the first line break. */
    size_t quotes = 0;
    const char *counted = p;
    for (;;) {
        for (; counted < at; counted++)
            quotes += *counted == '"';
        if (quotes % 2 == 0) {
            *ret = (size_t)(at - p) + 1;
            return true;
        }
        at = at + 1 < end ? memchr(at + 1, '\n', (size_t)(end - at - 1)) : NULL;
        if (!at)
            return false;
    }
}

/* Splits one whole row of n bytes. The fault is that which leaves no way to go on. */
static struct csv_fault S_split(struct csv *c, size_t n, struct csv_row *row)
{
    char *at = c->p + c->from, *end = at + n - 1; /* end is the line break */
    int64_t breaks = 0;
    if (end > at && end[-1] == '\r')
        end--;
    for (;;) {
        if (row->n == CSV_COLUMNS_MAX)
            return fault_many;
        struct str *value = &c->values[row->n++];
        if (*at == '"' && at < end) {
            char *close = S_quoted(at + 1, end + 1, &value->n, &breaks);
            value->p = at + 1;
            if (!close || (close + 1 != end && close[1] != ','))
                return fault_quote;
            at = close + 1;
        } else {
            char *comma = memchr(at, ',', (size_t)(end - at));
            *value = (struct str){at, (size_t)((comma ? comma : end) - at)};
            if (memchr(value->p, '"', value->n))
                return fault_quote;
            at = comma ? comma : end;
        }
        if (at == end)
            break;
        at++;
    }
    c->line += breaks + 1;
    return (struct csv_fault){0};
}

/* Reads until a whole row is at hand. False at the end, or with the rest's fault. */
static bool S_ready(struct csv *c, size_t *n, struct csv_fault *fault)
{
    while (!S_whole(c, n)) {
        if (c->end - c->from > c->row_max || !S_fill(c)) {
            if (c->err == OK && c->end > c->from)
                *fault = fault_open;
            return false;
        }
    }
    if (*n > c->row_max + 2)
        *fault = fault_open;
    return *n <= c->row_max + 2;
}

bool csv_next(struct csv *c, struct csv_row *ret)
{
    bool blank = true, utf8 = true;
    size_t n = 0;
    while (blank) {
        *ret = (struct csv_row){
            .line = c->line, .at = c->base + (int64_t)c->from, .values = c->values};
        if (!S_ready(c, &n, &ret->fault)) {
            c->from = c->end;
            c->ended = true;
            return ret->fault.zh != NULL;
        }
        struct str whole = {c->p + c->from, n};
        blank = whole.p[0] == '\n' || (n == 2 && whole.p[0] == '\r');
        utf8 = utf8_valid(whole) == n; /* before splitting, which folds quotes in place */
        ret->fault = S_split(c, n, ret);
        c->from += n;
    }
    if (ret->fault.zh) {
        c->from = c->end;
        c->ended = true;
    } else if (!utf8) {
        ret->fault = fault_utf8;
    } else if (c->head && ret->n != c->columns) {
        ret->fault = fault_ragged;
    }
    return true;
}

/* The head outlives the rows: its values move to memory of their own. */
static enum err S_head(struct csv *c, struct csv_fault *fault)
{
    struct csv_row row;
    if (S_fill(c) && c->end - c->from >= 3 && memcmp(c->p + c->from, "\xEF\xBB\xBF", 3) == 0)
        c->from += 3;
    if (!csv_next(c, &row)) {
        *fault = fault_empty;
        return c->err == OK ? ERR_INVALID : c->err;
    }
    if (row.fault.zh) {
        *fault = row.fault;
        return ERR_INVALID;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < row.n; i++)
        bytes += row.values[i].n;
    c->head = malloc(row.n * sizeof *c->head + bytes + 1);
    if (!c->head)
        return ERR_MEMORY;
    char *text = (char *)(c->head + row.n);
    for (size_t i = 0; i < row.n; i++) {
        memcpy(text, row.values[i].p, row.values[i].n);
        c->head[i] = (struct str){text, row.values[i].n};
        text += row.values[i].n;
    }
    c->columns = row.n;
    return OK;
}

enum err csv_open(const char *path, size_t row_max, struct csv **ret, struct csv_fault *fault)
{
    struct csv_fault unheard;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    struct csv *c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return ERR_MEMORY;
    }
    c->fd = fd;
    c->row_max = row_max;
    c->line = 1;
    c->step = READ_FIRST;
    c->p = malloc(row_max + READ_SIZE + 1);
    enum err err = c->p ? S_head(c, fault ? fault : &unheard) : ERR_MEMORY;
    if (err != OK) {
        csv_close(c);
        return err;
    }
    *ret = c;
    return OK;
}

void csv_close(struct csv *c)
{
    if (!c)
        return;
    close(c->fd);
    free(c->p);
    free(c->head);
    free(c);
}

int csv_column(const struct csv *c, const char *name)
{
    for (size_t i = 0; i < c->columns; i++) {
        if (str_eq(c->head[i], str_of(name)))
            return (int)i;
    }
    return -1;
}

/* What has been split is no longer as it stands in the file, so only the very next row is at hand.
 */
enum err csv_seek(struct csv *c, int64_t line, int64_t at)
{
    if (c->err == OK && !c->ended && at == c->base + (int64_t)c->from)
        return OK;
    if (lseek(c->fd, (off_t)at, SEEK_SET) < 0)
        return ERR_IO;
    c->base = at;
    c->from = c->end = 0;
    c->line = line;
    c->step = READ_FIRST;
    c->ended = false;
    c->err = OK;
    return OK;
}

enum err csv_error(const struct csv *c)
{
    return c->err;
}
