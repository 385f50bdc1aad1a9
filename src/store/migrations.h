/* The schema's migrations for SQLite: sql/NNNN_name.sqlite.sql, embedded by tools/embed.sh in
 * ascending order of version, which starts at 1 without gaps. The texts are constants. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include <stddef.h>

struct migration {
    int version;      /* NNNN */
    const char *name; /* as in the file's name */
    const char *sql;  /* the whole file: several statements, no transaction of its own */
};

extern const struct migration migrations[]; /* one more, all zero, after the last */
extern const size_t migration_count;

#endif
