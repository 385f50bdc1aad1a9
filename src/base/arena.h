/* Memory of one request (or one command-line job). Everything allocated lives until the arena is
 * reset or freed; there is no free of a single piece. An arena has a cap: past it, and when the
 * machine has no memory, allocation answers NULL and arena_full stays true, so that the caller
 * at the boundary can refuse the request. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

#include <stdarg.h>

struct arena;

struct arena *arena_new(size_t cap); /* NULL when the machine has no memory */
void arena_free(struct arena *a);    /* NULL is fine */
void arena_reset(struct arena *a);   /* keeps the first block for reuse */
bool arena_full(const struct arena *a);

void *arena_alloc(struct arena *a, size_t size);                  /* zeroed, aligned to 16 */
void *arena_array(struct arena *a, size_t count, size_t size);    /* as calloc */
struct str arena_str(struct arena *a, struct str s);              /* a copy, NUL after it */
struct str arena_printf(struct arena *a, const char *format, ...) /* NUL after it */
    __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(a, type) ((type *)arena_alloc(a, sizeof(type)))

#endif
