/* The file that the refused rows of an import go to, as CSV: line, column, and the reason in both
 * languages. It is made when the first row is refused, and holds nothing of the row but its line:
 * what was refused may be about people. */
#ifndef CLI_REFUSED_H
#define CLI_REFUSED_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { REFUSED_PATH = 4096 };

struct refused_file {
    char path[REFUSED_PATH];
    FILE *file; /* NULL: nothing was refused yet */
    int64_t n;
};

/* Where it will be: `path`, or FILE.refused.csv when that is NULL. False when that is too long. */
bool refused_name(struct refused_file *r, const char *path, const char *file);

/* One row; column may be NULL. */
MUST enum err refused_row(struct refused_file *r, int64_t line, const char *column, const char *zh,
                          const char *en);

/* What was written is on its way to the disk. */
MUST enum err refused_flush(struct refused_file *r);
void refused_close(struct refused_file *r);

/* Says where the file is, when there is one. */
void refused_print(const struct refused_file *r);

#endif
