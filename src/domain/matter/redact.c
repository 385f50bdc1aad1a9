/* Numbers that identify people do not stay in free text. */
#include "domain/matter/matter.h"

#include <ctype.h>

enum { ID_DIGITS = 18, MOBILE_DIGITS = 11 };

static bool S_digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

/* Length of the run of digits at s.p[at], with a closing X counted in. */
static size_t S_run(struct str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && S_digit(s.p[at + n]))
        n++;
    if (n == ID_DIGITS - 1 && at + n < s.n && (s.p[at + n] == 'X' || s.p[at + n] == 'x'))
        n++;
    return n;
}

/* A landline written with its area code and a dash: 0931-8123456. */
static size_t S_landline(struct str s, size_t at)
{
    size_t area = S_run(s, at);
    if (area < 3 || area > 4 || s.p[at] != '0' || at + area >= s.n || s.p[at + area] != '-')
        return 0;
    size_t rest = S_run(s, at + area + 1);
    return rest == 7 || rest == 8 ? area + 1 + rest : 0;
}

static bool S_mobile(struct str s, size_t at)
{
    return s.p[at] == '1' && s.p[at + 1] >= '3';
}

/* A mobile number in groups, as people read it out: 139 1234 5678. */
static size_t S_grouped(struct str s, size_t at)
{
    static const size_t groups[] = {3, 4, 4};
    size_t n = 0;
    char between = '\0';
    if (S_run(s, at) != groups[0] || !S_mobile(s, at))
        return 0;
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        if (S_run(s, at + n) != groups[i])
            return 0;
        n += groups[i];
        if (i + 1 == COUNT_OF(groups))
            break;
        char c = '\0';
        if (at + n < s.n)
            c = s.p[at + n];
        if ((c != ' ' && c != '-') || (between && c != between))
            return 0;
        between = c;
        n++;
    }
    return n;
}

static size_t S_phone(struct str s, size_t at, size_t run)
{
    size_t n = S_landline(s, at);
    if (!n)
        n = S_grouped(s, at);
    bool abroad = run == MOBILE_DIGITS + 2 && s.p[at] == '8' && s.p[at + 1] == '6';
    if (!n && ((run == MOBILE_DIGITS && S_mobile(s, at)) || (abroad && S_mobile(s, at + 2))))
        n = run;
    return n;
}

static size_t S_number(struct str s, size_t at, struct str *instead)
{
    size_t run = S_run(s, at);
    size_t phone = S_phone(s, at, run);
    *instead = phone ? S("〔电话〕") : S("〔证件号〕");
    return phone ? phone : run == ID_DIGITS ? run : 0;
}

enum err text_redact(struct arena *a, struct str text, struct str *clean, struct str *found)
{
    struct buf out = buf_new(text.n * 2 + 64), kept = buf_new(text.n * 2 + 64);
    for (size_t at = 0; at < text.n;) {
        struct str instead = NO_STR;
        size_t n = S_digit(text.p[at]) ? S_number(text, at, &instead) : 0;
        if (n) {
            buf_put(&out, instead);
            buf_put(&kept, (struct str){text.p + at, n});
            buf_char(&kept, '\n');
        } else {
            n = S_digit(text.p[at]) ? S_run(text, at) : 1;
            buf_put(&out, (struct str){text.p + at, n});
        }
        at += n;
    }
    *clean = text.p ? arena_str(a, out.p ? buf_str(&out) : S("")) : NO_STR;
    *found = kept.n ? arena_str(a, buf_str(&kept)) : NO_STR;
    bool full = out.full || kept.full || arena_full(a);
    buf_free(&out);
    buf_free(&kept);
    return full ? ERR_MEMORY : OK;
}
