/* A growing byte buffer with a ceiling. Appends past the ceiling (or without memory) are dropped
 * and `full` stays true: check it once, at the end. The buffer owns its bytes; buf_free frees
 * them. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
    char *p;
    size_t n, room, cap;
    bool full;
};

struct buf buf_new(size_t cap);
void buf_free(struct buf *b);
void buf_clear(struct buf *b);
struct str buf_str(const struct buf *b);

/* Room for n bytes at the end, to be written by hand; then b->n is moved on. NULL past the
 * ceiling. Inline, for it stands before every piece of every reply. */
char *buf_grow(struct buf *b, size_t n);
static inline char *buf_room(struct buf *b, size_t n)
{
    bool fits = !b->full && n <= b->room - b->n && n <= b->cap && b->n <= b->cap - n;
    return fits ? b->p + b->n : buf_grow(b, n);
}

/* Writes a number's decimal text, at most 20 bytes; answers where it ends. */
char *int_text(char *to, int64_t value);

void buf_put(struct buf *b, struct str s);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_json(struct buf *b, struct str s); /* quoted and escaped for JSON; s is valid UTF-8 */

#endif
