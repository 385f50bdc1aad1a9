#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 512 };

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

char *buf_grow(struct buf *b, size_t n)
{
    if (b->full)
        return NULL;
    if (n > b->cap || b->n > b->cap - n) {
        b->full = true;
        return NULL;
    }
    if (b->room - b->n >= n)
        return b->p + b->n;
    size_t room = b->room ? b->room : FIRST_ROOM;
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
    char *at = s.n ? buf_room(b, s.n) : NULL;
    if (at) {
        memcpy(at, s.p, s.n);
        b->n += s.n;
    }
}

void buf_char(struct buf *b, char c)
{
    char *at = buf_room(b, 1);
    if (at) {
        *at = c;
        b->n++;
    }
}

char *int_text(char *to, int64_t value)
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
        *to++ = '-';
    memcpy(to, digits + at, sizeof digits - at);
    return to + (sizeof digits - at);
}

void buf_int(struct buf *b, int64_t value)
{
    char text[21];
    buf_put(b, (struct str){text, (size_t)(int_text(text, value) - text)});
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *at = n < 0 ? NULL : buf_room(b, (size_t)n + 1);
    if (at) {
        vsnprintf(at, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

/* True when none of eight bytes must be escaped: by the classic test for a zero byte, once for
 * what is below a space, once each for the quote and the backslash. */
static bool S_plain8(const char *p)
{
    const uint64_t ones = 0x0101010101010101u, highs = ones * 0x80;
    uint64_t v;
    memcpy(&v, p, sizeof v);
    uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
    uint64_t found =
        ((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    return (found & highs) == 0;
}

static char *S_escape(char *to, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "\"\"\\\\\nn\rr\tt";
    for (size_t i = 0; i < sizeof shorts - 1; i += 2) {
        if ((char)c == shorts[i]) {
            *to++ = '\\';
            *to++ = shorts[i + 1];
            return to;
        }
    }
    static const char unicode[4] = {'\\', 'u', '0', '0'};
    memcpy(to, unicode, sizeof unicode);
    to[4] = hex[c >> 4];
    to[5] = hex[c & 15];
    return to + 6;
}

void buf_json(struct buf *b, struct str s)
{
    /* The longest escape is six bytes: room is asked for the worst, the bytes used are counted. */
    char *start = s.n <= (SIZE_MAX - 2) / 6 ? buf_room(b, s.n * 6 + 2) : NULL;
    char *to = start;
    if (!to)
        return;
    *to++ = '"';
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        if (s.n - i >= 8 && S_plain8(s.p + i)) {
            memcpy(to, s.p + i, 8);
            to += 8;
            i += 8;
        } else if (c >= 0x20 && c != '"' && c != '\\') {
            *to++ = s.p[i++];
        } else {
            to = S_escape(to, c);
            i++;
        }
    }
    *to++ = '"';
    b->n += (size_t)(to - start);
}
