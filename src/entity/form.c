/* Forms texts may have to take, and masks that hide who is meant. */
#include "entity/entity.h"

#include <ctype.h>

static bool S_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!isdigit((unsigned char)s.p[i]))
            return false;
    }
    return s.n > 0;
}

static int S_number(struct str s, size_t at, size_t n)
{
    int value = 0;
    for (size_t i = at; i < at + n; i++)
        value = value * 10 + (s.p[i] - '0');
    return value;
}

static bool S_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1800 && year <= 2200 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (month == 2 && leap);
}

bool form_date(struct str s)
{
    return s.n == 10 && s.p[4] == '-' && s.p[7] == '-' && S_digits((struct str){s.p, 4}) &&
           S_digits((struct str){s.p + 5, 2}) && S_digits((struct str){s.p + 8, 2}) &&
           S_date(S_number(s, 0, 4), S_number(s, 5, 2), S_number(s, 8, 2));
}

bool form_phone(struct str s)
{
    if (s.n == 11 && s.p[0] == '1' && S_digits(s))
        return true;
    struct str rest = s, area = str_split(&rest, '-');
    return rest.p && area.n >= 3 && area.n <= 4 && area.p[0] == '0' && S_digits(area) &&
           (rest.n == 7 || rest.n == 8) && S_digits(rest);
}

/* GB 11643-1999: 17 digits with a birth date, and a check character by ISO 7064 MOD 11-2. */
bool form_id_number(struct str s)
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char checks[] = "10X98765432";
    int sum = 0;
    if (s.n != 18 || !S_digits((struct str){s.p, 17}))
        return false;
    if (!S_date(S_number(s, 6, 4), S_number(s, 10, 2), S_number(s, 12, 2)))
        return false;
    for (size_t i = 0; i < 17; i++)
        sum += (s.p[i] - '0') * weights[i];
    return s.p[17] == checks[sum % 11];
}

bool form_code(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || isdigit(c);
        if (!plain && (i == 0 || (c != '_' && c != '-' && c != '.')))
            return false;
    }
    return s.n > 0;
}

void mask_name(struct buf *out, struct str s)
{
    size_t at = 0, count = utf8_count(s);
    if (!s.n)
        return;
    utf8_next(s, &at);
    buf_put(out, (struct str){s.p, at});
    for (size_t i = 1; i < count || i < 2; i++)
        buf_char(out, '*');
}

/* The first `head` and last `tail` characters stay when there are more than that. */
static void S_middle(struct buf *out, struct str s, size_t head, size_t tail)
{
    size_t count = utf8_count(s), i = 0;
    for (size_t at = 0; at < s.n; i++) {
        size_t start = at;
        utf8_next(s, &at);
        bool stays = count > head + tail && (i < head || i >= count - tail);
        buf_put(out, stays ? (struct str){s.p + start, at - start} : S("*"));
    }
}

void mask_phone(struct buf *out, struct str s)
{
    S_middle(out, s, 3, 4);
}

void mask_id_number(struct buf *out, struct str s)
{
    S_middle(out, s, 6, 4);
}
