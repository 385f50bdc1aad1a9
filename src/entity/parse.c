/* Reading JSON and times. */
#include "entity/entity.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NESTED_MAX = 32, REPLACED = 0x7F };

static enum err S_malformed(struct problem *p, struct str field, const char *code, struct str zh,
                            struct str en)
{
    return problem_add(p, ERR_MALFORMED, (struct fault){field, str_of(code), zh, en, NO_STR});
}

/* A pass over the document before the parser: how deep it goes and under which top-level member,
 * and a copy in which what is no text inside a string has become U+007F. */
struct scan {
    struct str body;
    char *copy; /* with a NUL after it */
    size_t at;
    int depth, deepest;
    bool in_object, in_string;
    size_t string_start;
    struct str last; /* string last seen at depth 1 of an object, in the copy */
    struct str deepest_member;
};

static bool S_hex4(struct str s, size_t at, unsigned *ret)
{
    unsigned value = 0;
    if (s.n < 4 || at > s.n - 4)
        return false;
    for (size_t i = at; i < at + 4; i++) {
        int c = tolower((unsigned char)s.p[i]);
        if (!isxdigit(c))
            return false;
        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret = value;
    return true;
}

/* \u0000 and half a surrogate pair are no text; written over in the copy as \u007f. */
static void S_escape(struct scan *s)
{
    unsigned first = 0, second = 0;
    size_t at = s->at;
    s->at += 2;
    if (at + 1 >= s->body.n || s->body.p[at + 1] != 'u' || !S_hex4(s->body, at + 2, &first))
        return;
    s->at = at + 6;
    bool high = first >= 0xD800 && first < 0xDC00;
    bool pair = high && at + 7 < s->body.n && s->body.p[at + 6] == '\\' &&
                s->body.p[at + 7] == 'u' && S_hex4(s->body, at + 8, &second) && second >= 0xDC00 &&
                second < 0xE000;
    if (pair)
        s->at = at + 12;
    else if (first == 0 || (first >= 0xD800 && first < 0xE000))
        memcpy(s->copy + at + 2, "007f", 4);
}

static void S_in_string(struct scan *s)
{
    unsigned char c = (unsigned char)s->body.p[s->at];
    if (c == '\\') {
        S_escape(s);
        return;
    }
    if (c == '"') {
        s->in_string = false;
        if (s->depth == 1 && s->in_object)
            s->last = (struct str){s->copy + s->string_start, s->at - s->string_start};
    } else if (c < 0x20) {
        s->copy[s->at] = REPLACED;
    }
    s->at++;
}

/* A number that no machine number holds would stop the parser. It becomes a text of the same
 * length, U+007F and its sign and zeroes; shorter than 5 characters none is too large. */
static void S_number(struct scan *s)
{
    char *from = s->copy + s->at;
    size_t n = 0;
    while (s->at + n < s->body.n && strchr("+-.0123456789eE", s->body.p[s->at + n]) &&
           s->body.p[s->at + n])
        n++;
    int64_t whole = 0;
    struct str token = {from, n};
    s->at += n;
    bool real = memchr(from, '.', n) || memchr(from, 'e', n) || memchr(from, 'E', n);
    /* The second pass finds it marked already. */
    if (n < 5 || *from == '"' || (real ? isfinite(strtod(from, NULL)) : str_int(token, &whole)))
        return;
    char sign = *from == '-' ? '-' : '+';
    memset(from, '0', n);
    from[0] = from[n - 1] = '"';
    from[1] = REPLACED;
    from[2] = sign;
}

static void S_outside(struct scan *s)
{
    char c = s->body.p[s->at];
    if (c == '-' || isdigit((unsigned char)c)) {
        S_number(s);
        return;
    }
    s->at++;
    if (c == '"') {
        s->in_string = true;
        s->string_start = s->at;
    } else if (c == '{' || c == '[') {
        s->depth++;
        if (s->depth > s->deepest) {
            s->deepest = s->depth;
            s->deepest_member = s->last;
        }
    } else if (c == '}' || c == ']') {
        s->depth--;
    }
}

static void S_replace_broken(char *copy, size_t n)
{
    size_t at = 0;
    while (at < n) {
        at += utf8_valid((struct str){copy + at, n - at});
        if (at < n)
            copy[at++] = REPLACED;
    }
}

/* Looks at the document up to a place. */
static struct scan S_scan(struct str body, char *copy, size_t upto)
{
    struct scan s = {.body = body, .copy = copy};
    while (s.at < body.n && strchr(" \t\r\n", body.p[s.at]) && body.p[s.at])
        s.at++;
    s.in_object = s.at < body.n && body.p[s.at] == '{';
    while (s.at < upto) {
        if (s.in_string)
            S_in_string(&s);
        else
            S_outside(&s);
    }
    return s;
}

static struct str S_top_member(struct arena *a, struct str name)
{
    return name.p && utf8_valid(name) == name.n ? arena_printf(a, "/" STR_F, STR_A(name)) : S("");
}

static enum err S_not_json(const json_error_t *error, struct str body, char *copy, struct arena *a,
                           struct problem *problem)
{
    if (json_error_code(error) != json_error_duplicate_key)
        return S_malformed(
            problem, S(""), "json",
            arena_printf(a, "JSON 第 %d 行第 %d 列有错。", error->line, error->column),
            arena_printf(a, "Not JSON: line %d, column %d.", error->line, error->column));
    /* The parser stands right after the second one's name. */
    struct scan s = S_scan(body, copy, (size_t)error->position);
    return S_malformed(
        problem, S_top_member(a, s.last), "twice",
        arena_printf(a, "JSON 第 %d 行第 %d 列：这一项出现了两次。", error->line, error->column),
        arena_printf(a, "Line %d, column %d: this member is given twice.", error->line,
                     error->column));
}

enum err entity_parse(struct str body, struct arena *a, struct problem *problem, json_t **ret)
{
    json_error_t error;
    char *copy = (char *)(uintptr_t)arena_str(a, body).p;
    if (!str_trim(body).n)
        return S_malformed(problem, S(""), "empty", S("没有内容。"), S("The body is empty."));
    if (!copy)
        return ERR_MEMORY;
    struct scan s = S_scan(body, copy, body.n);
    S_replace_broken(copy, body.n);
    if (s.deepest > NESTED_MAX)
        return S_malformed(problem, S_top_member(a, s.deepest_member), "too_deep",
                           S("内容嵌套太深。"), S("Nested too deeply."));
    *ret = json_loadb(copy, body.n, JSON_REJECT_DUPLICATES, &error);
    return *ret ? OK : S_not_json(&error, body, copy, a, problem);
}

static bool S_part(struct str *s, size_t n, int64_t least, int64_t most, int64_t *ret)
{
    struct str part = {s->p, n};
    if (s->n < n || !str_int(part, ret) || part.p[0] == '-' || *ret < least || *ret > most)
        return false;
    *s = (struct str){s->p + n, s->n - n};
    return true;
}

static bool S_sign(struct str *s, char sign)
{
    if (!s->n || s->p[0] != sign)
        return false;
    *s = (struct str){s->p + 1, s->n - 1};
    return true;
}

static bool S_days(int64_t year, int64_t month, int64_t day, int64_t *ret)
{
    static const int64_t length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > length[month - 1] + (month == 2 && leap))
        return false;
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    *ret = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return true;
}

static bool S_offset(struct str *s, int64_t *minutes)
{
    int64_t hours = 0, rest = 0;
    *minutes = 0;
    if (S_sign(s, 'Z') || S_sign(s, 'z'))
        return s->n == 0;
    bool minus = s->n && s->p[0] == '-';
    if (!S_sign(s, minus ? '-' : '+') || !S_part(s, 2, 0, 23, &hours) || !S_sign(s, ':') ||
        !S_part(s, 2, 0, 59, &rest))
        return false;
    *minutes = (hours * 60 + rest) * (minus ? -1 : 1);
    return s->n == 0;
}

bool time_parse(struct str s, int64_t *ret)
{
    int64_t year, month, day, hour, minute, second, offset, days, ms = 0;
    if (!S_part(&s, 4, 1600, 9999, &year) || !S_sign(&s, '-') || !S_part(&s, 2, 1, 12, &month) ||
        !S_sign(&s, '-') || !S_part(&s, 2, 1, 31, &day) || !(S_sign(&s, 'T') || S_sign(&s, 't')) ||
        !S_part(&s, 2, 0, 23, &hour) || !S_sign(&s, ':') || !S_part(&s, 2, 0, 59, &minute) ||
        !S_sign(&s, ':') || !S_part(&s, 2, 0, 59, &second))
        return false;
    if (S_sign(&s, '.')) {
        int64_t scale = 100;
        size_t n = 0;
        for (; n < s.n && isdigit((unsigned char)s.p[n]); n++, scale /= 10)
            ms += (s.p[n] - '0') * scale;
        if (n == 0 || n > 9)
            return false;
        s = (struct str){s.p + n, s.n - n};
    }
    if (!S_offset(&s, &offset) || !S_days(year, month, day, &days))
        return false;
    *ret = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + ms;
    return *ret <= TIME_LAST;
}
