#include "base/str.h"

#include <string.h>

struct str str_of(const char *text)
{
    return text ? (struct str){text, strlen(text)} : NO_STR;
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_has(struct str hay, struct str needle)
{
    return needle.n == 0 || (hay.n && memmem(hay.p, hay.n, needle.p, needle.n));
}

struct str str_trim(struct str s)
{
    while (s.n && strchr(" \t\r\n", s.p[0]) && s.p[0])
        s.p++, s.n--;
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]) && s.p[s.n - 1])
        s.n--;
    return s;
}

struct str str_split(struct str *s, char by)
{
    const char *at = s->n ? memchr(s->p, by, s->n) : NULL;
    struct str head = *s;
    if (at) {
        head.n = (size_t)(at - s->p);
        *s = (struct str){at + 1, s->n - head.n - 1};
    } else {
        *s = NO_STR;
    }
    return head;
}

bool str_int(struct str s, int64_t *ret)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + (minus ? 1 : 0);
    uint64_t value = 0;
    size_t at = minus ? 1 : 0;
    if (at == s.n || s.n - at > 19)
        return false;
    for (; at < s.n; at++) {
        if (s.p[at] < '0' || s.p[at] > '9')
            return false;
        value = value * 10 + (uint64_t)(s.p[at] - '0');
        if (value > limit)
            return false;
    }
    *ret = minus ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* Bytes that follow a lead byte, and the smallest code point that many bytes may hold; -1 when
 * the byte cannot lead. */
static int S_follow(unsigned char lead, uint32_t *least)
{
    if (lead < 0x80)
        return *least = 0, 0;
    if (lead >= 0xC2 && lead <= 0xDF)
        return *least = 0x80, 1;
    if (lead >= 0xE0 && lead <= 0xEF)
        return *least = 0x800, 2;
    if (lead >= 0xF0 && lead <= 0xF4)
        return *least = 0x10000, 3;
    return -1;
}

size_t utf8_valid(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t at = 0;
    while (at < s.n) {
        uint32_t least = 0;
        int follow = S_follow(p[at], &least);
        if (follow < 0 || s.n - at <= (size_t)follow)
            return at;
        uint32_t code = follow ? p[at] & (0x3Fu >> follow) : p[at];
        for (int i = 1; i <= follow; i++) {
            if ((p[at + (size_t)i] & 0xC0) != 0x80)
                return at;
            code = code << 6 | (p[at + (size_t)i] & 0x3F);
        }
        if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
            return at;
        at += (size_t)follow + 1;
    }
    return at;
}

uint32_t utf8_next(struct str s, size_t *at)
{
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t least = 0;
    int follow = S_follow(p[*at], &least);
    uint32_t code = follow > 0 ? p[*at] & (0x3Fu >> follow) : p[*at];
    *at += 1;
    for (int i = 0; i < follow; i++)
        code = code << 6 | (p[(*at)++] & 0x3F);
    return code;
}

size_t utf8_count(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return count;
}

uint64_t str_hash(struct str s)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * 1099511628211u;
    return hash;
}
