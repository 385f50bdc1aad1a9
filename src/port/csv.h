/* Reads a CSV file (RFC 4180) a row at a time: quoted values with doubled quotes, commas and line
 * breaks, CRLF or LF, with or without a byte order mark. The first row names the columns; empty
 * lines are passed over. The text is UTF-8.
 *
 * A row's values point into the reader and live until the next row is asked for. What is wrong
 * with a row (too few or too many values, bytes that are not UTF-8) is in row.fault, and reading
 * goes on behind it; after a row that does not end (a quote never closed, or more than row_max
 * bytes) or that cannot be split, row.fault is set and nothing follows. */
#ifndef PORT_CSV_H
#define PORT_CSV_H

#include "base/err.h"
#include "base/str.h"

struct csv;

/* What is wrong with a row, as literals; zh NULL: nothing. */
struct csv_fault {
    const char *zh, *en;
};

struct csv_row {
    int64_t line; /* where it begins, from 1 */
    int64_t at;   /* … and at which byte of the file */
    size_t n;
    const struct str *values;
    struct csv_fault fault;
};

enum { CSV_COLUMNS_MAX = 256, CSV_ROW_MAX = 64 * 1024 };

/* Opens a file and reads its head. row_max is the most bytes a row may have. ERR_NOT_FOUND: there
 * is no such file; ERR_INVALID: the head cannot be read, and *fault (may be NULL) says why. */
MUST enum err csv_open(const char *path, size_t row_max, struct csv **ret, struct csv_fault *fault);
void csv_close(struct csv *c);

/* The column of that name: its place in row.values, or -1. */
int csv_column(const struct csv *c, const char *name);

/* The next row; false at the end, and when the file cannot be read further: see csv_error. */
bool csv_next(struct csv *c, struct csv_row *ret);

/* Goes on with the row that begins there, as a row told: for reading rows in another order. */
MUST enum err csv_seek(struct csv *c, int64_t line, int64_t at);

/* OK, or ERR_IO when reading failed. */
MUST enum err csv_error(const struct csv *c);

#endif
