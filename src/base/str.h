/* Text as pointer and length. A str owns nothing: it lives as long as what it points into (a
 * literal, an arena, a request body). It need not end in NUL. An absent text is NO_STR. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n;
};

#define S(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define NO_STR     ((struct str){NULL, 0})
#define STR_F      "%.*s" /* printf with STR_A */
#define STR_A(s)   (int)(s).n, (s).p

struct str str_of(const char *text); /* NULL gives NO_STR */
bool str_eq(struct str a, struct str b);
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_has(struct str hay, struct str needle);
struct str str_trim(struct str s);

/* The part before the first `by`; *s becomes the rest, NO_STR after the last part. */
struct str str_split(struct str *s, char by);

/* Whole decimal text to a number; false when it is anything else or does not fit. */
bool str_int(struct str s, int64_t *ret);

/* Length of the valid UTF-8 prefix of s: s.n when all of it is valid (RFC 3629). */
size_t utf8_valid(struct str s);

/* Decodes the code point at s.p[*at] and moves *at past it; s must be valid UTF-8. */
uint32_t utf8_next(struct str s, size_t *at);

/* Number of code points; s must be valid UTF-8. */
size_t utf8_count(struct str s);

/* 64-bit FNV-1a, for hash tables in memory; not for secrets. */
uint64_t str_hash(struct str s);

#endif
