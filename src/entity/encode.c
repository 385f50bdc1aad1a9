#include "entity/entity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void S_digits(char *to, int64_t value, int n)
{
    while (n-- > 0) {
        to[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Days to a civil date by eras of 400 years (146,097 days), March first so that a leap day is a
 * year's last. */
static void S_civil(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    *day = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

struct str time_text(int64_t ms, char ret[25])
{
    ms = ms < TIME_FIRST ? TIME_FIRST : ms > TIME_LAST ? TIME_LAST : ms;
    int64_t days = ms / 86400000, rest = ms % 86400000;
    int64_t year = 0, month = 0, day = 0;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    S_civil(days, &year, &month, &day);
    S_digits(ret, year, 4);
    ret[4] = ret[7] = '-';
    S_digits(ret + 5, month, 2);
    S_digits(ret + 8, day, 2);
    ret[10] = 'T';
    S_digits(ret + 11, rest / 3600000, 2);
    ret[13] = ret[16] = ':';
    S_digits(ret + 14, rest / 60000 % 60, 2);
    S_digits(ret + 17, rest / 1000 % 60, 2);
    ret[19] = '.';
    S_digits(ret + 20, rest % 1000, 3);
    ret[23] = 'Z';
    ret[24] = '\0';
    return (struct str){ret, 24};
}

static bool S_absent(const struct field *f, const char *at)
{
    switch (f->type) {
    case T_ID:
    case T_TIME: return *(const int64_t *)(const void *)at == 0;
    case T_INT: return *(const int64_t *)(const void *)at == NO_INT;
    case T_REAL: return !isfinite(*(const double *)(const void *)at);
    case T_BOOL: return *(const enum tri *)(const void *)at == UNSET;
    case T_TEXT:
    case T_RAW: return ((const struct str *)(const void *)at)->p == NULL;
    case T_LIST: return ((const struct list *)(const void *)at)->n == 0;
    case T_OBJECT: return *(void *const *)(const void *)at == NULL;
    }
    return true;
}

static void S_list(const struct field *f, const struct list *list, enum sight sight,
                   struct buf *out)
{
    const char *item = list->items;
    buf_char(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            buf_char(out, ',');
        if (f->of) {
            entity_encode(f->of, item + i * f->of->size, sight, out);
        } else if (f->item == T_ID) {
            buf_char(out, '"');
            buf_int(out, ((const int64_t *)list->items)[i]);
            buf_char(out, '"');
        } else {
            buf_json(out, ((const struct str *)list->items)[i]);
        }
    }
    buf_char(out, ']');
}

static void S_text(const struct field *f, struct str s, enum sight sight, struct buf *out)
{
    if (sight == CLEAR || f->class == CLASS_OPEN) {
        buf_json(out, s);
        return;
    }
    struct buf masked = buf_new(s.n * 4 + 64);
    f->mask(&masked, s);
    buf_json(out, buf_str(&masked));
    buf_free(&masked);
}

/* A number of at most seven decimals, as places on a map are: printing and reading it back would
 * take longer than the rest of the record. False, and nothing written, when it has more. */
static bool S_decimal(double value, struct buf *out)
{
    enum { DECIMALS = 7, SCALE = 10000000 };
    if (!(fabs(value) < 1e8))
        return false;
    /* Below 2^53 both scaled and SCALE are exact, so their quotient is the double nearest to the
     * decimal text: the same as reading that text would give. */
    int64_t scaled = (int64_t)(value * SCALE + (value < 0 ? -0.5 : 0.5));
    if ((double)scaled / SCALE != value)
        return false;
    char text[32], *to = text;
    int64_t rest = scaled < 0 ? -scaled : scaled;
    if (scaled < 0)
        *to++ = '-';
    to = int_text(to, rest / SCALE);
    *to++ = '.';
    S_digits(to, rest % SCALE, DECIMALS);
    to += DECIMALS;
    while (to[-1] == '0')
        to--;
    to -= to[-1] == '.';
    buf_put(out, (struct str){text, (size_t)(to - text)});
    return true;
}

/* The fewest digits that read back as the same number. */
static void S_real(double value, struct buf *out)
{
    char text[32];
    int digits = 15;
    if (S_decimal(value, out))
        return;
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    buf_put(out, str_of(text));
}

/* An id, whole number, flag or time, with what stands before it, in one piece: most of a page is
 * these. False when the field is of another type. */
static bool S_short(const struct field *f, char before, const char *at, struct buf *out)
{
    enum { LONGEST = 32 };
    if (f->type != T_ID && f->type != T_INT && f->type != T_BOOL && f->type != T_TIME)
        return false;
    char *start = buf_room(out, 1 + f->key.n + LONGEST), *to = start;
    if (!to)
        return true;
    *to++ = before;
    memcpy(to, f->key.p, f->key.n);
    to += f->key.n;
    if (f->type == T_BOOL) {
        struct str word = *(const enum tri *)(const void *)at == YES ? S("true") : S("false");
        memcpy(to, word.p, word.n);
        to += word.n;
    } else if (f->type == T_INT) {
        to = int_text(to, *(const int64_t *)(const void *)at);
    } else {
        *to++ = '"';
        to = f->type == T_ID ? int_text(to, *(const int64_t *)(const void *)at)
                             : to + time_text(*(const int64_t *)(const void *)at, to).n;
        *to++ = '"';
    }
    out->n += (size_t)(to - start);
    return true;
}

static void S_value(const struct field *f, const char *at, enum sight sight, struct buf *out)
{
    switch (f->type) {
    case T_REAL: S_real(*(const double *)(const void *)at, out); break;
    case T_TEXT: S_text(f, *(const struct str *)(const void *)at, sight, out); break;
    case T_RAW: buf_put(out, *(const struct str *)(const void *)at); break;
    case T_LIST: S_list(f, (const void *)at, sight, out); break;
    case T_OBJECT: entity_encode(f->of, *(void *const *)(const void *)at, sight, out); break;
    default: break; /* S_short has written it */
    }
}

void entity_encode(const struct entity *e, const void *from, enum sight sight, struct buf *out)
{
    char before = '{';
    for (size_t i = 0; i < e->n; i++) {
        const struct field *f = &e->fields[i];
        const char *at = (const char *)from + f->off;
        bool absent = S_absent(f, at);
        bool masked = sight == MASKED && f->class != CLASS_OPEN;
        bool hidden = masked && (!f->mask || f->type != T_TEXT);
        if (hidden || (absent && !f->required))
            continue;
        if (absent || !S_short(f, before, at, out)) {
            buf_char(out, before);
            buf_put(out, f->key);
            if (absent)
                buf_put(out, f->type == T_LIST ? S("[]") : S("null"));
            else
                S_value(f, at, sight, out);
        }
        before = ',';
    }
    if (before == '{')
        buf_char(out, '{');
    buf_char(out, '}');
}

void entity_encode_page(const struct entity *e, const struct list *items, struct str next,
                        enum sight sight, struct buf *out)
{
    const char *item = items->items;
    buf_put(out, S("{\"items\":["));
    for (size_t i = 0; i < items->n; i++) {
        if (i)
            buf_char(out, ',');
        entity_encode(e, item + i * e->size, sight, out);
    }
    buf_char(out, ']');
    if (next.p) {
        buf_put(out, S(",\"next\":"));
        buf_json(out, next);
    }
    buf_char(out, '}');
}
