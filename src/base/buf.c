#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buf buf_new(size_t cap)
{
    return (struct buf){.cap = cap};
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.cap = b->cap};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

/* Room for n more bytes, or NULL. */
static char *S_room(struct buf *b, size_t n)
{
    if (b->full)
        return NULL;
    if (n > b->cap || b->n > b->cap - n) {
        b->full = true;
        return NULL;
    }
    if (b->room - b->n >= n)
        return b->p + b->n;
    size_t room = b->room ? b->room : 512;
    while (room < b->n + n)
        room *= 2;
    char *p = realloc(b->p, room);
    if (!p) {
        b->full = true;
        return NULL;
    }
    b->p = p;
    b->room = room;
    return b->p + b->n;
}

void buf_put(struct buf *b, struct str s)
{
    char *at = s.n ? S_room(b, s.n) : NULL;
    if (at) {
        memcpy(at, s.p, s.n);
        b->n += s.n;
    }
}

void buf_char(struct buf *b, char c)
{
    char *at = S_room(b, 1);
    if (at) {
        *at = c;
        b->n++;
    }
}

void buf_int(struct buf *b, int64_t value)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    /* Two digits a division: ids have seventeen, and there are many on a page. */
    for (; rest >= 100; rest /= 100) {
        at -= 2;
        memcpy(digits + at, pairs + rest % 100 * 2, 2);
    }
    if (rest >= 10) {
        at -= 2;
        memcpy(digits + at, pairs + rest * 2, 2);
    } else {
        digits[--at] = (char)('0' + rest);
    }
    if (value < 0)
        buf_char(b, '-');
    buf_put(b, (struct str){digits + at, sizeof digits - at});
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *at = n < 0 ? NULL : S_room(b, (size_t)n + 1);
    if (at) {
        vsnprintf(at, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_json(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t from = 0;
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(b, (struct str){s.p + from, i - from});
        from = i + 1;
        switch (c) {
        case '"': buf_put(b, S("\\\"")); break;
        case '\\': buf_put(b, S("\\\\")); break;
        case '\n': buf_put(b, S("\\n")); break;
        case '\r': buf_put(b, S("\\r")); break;
        case '\t': buf_put(b, S("\\t")); break;
        default: {
            char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_put(b, (struct str){escape, sizeof escape});
        }
        }
    }
    buf_put(b, (struct str){s.p + from, s.n - from});
    buf_char(b, '"');
}
