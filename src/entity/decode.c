#include "entity/entity.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4000, LIST_MAX = 1000, DEPTH_MAX = 8, NAME_MOST = 80 };

/* Where a fault is: "/title" in a body, "limit" among parameters. */
struct where {
    struct arena *arena;
    struct problem *problem;
    struct str path;
};

static enum err S_fault(const struct where *w, const char *code, struct str zh, struct str en,
                        struct str allowed)
{
    return problem_add(w->problem, ERR_INVALID,
                       (struct fault){w->path, str_of(code), zh, en, allowed});
}

#define TEXT(w, ...) arena_printf((w)->arena, __VA_ARGS__)

static enum err S_wrong_type(const struct where *w, const char *zh, const char *en)
{
    return S_fault(w, "type", TEXT(w, STR_F "：要填%s。", STR_A(w->path), zh),
                   TEXT(w, STR_F ": must be %s.", STR_A(w->path), en), str_of(en));
}

void entity_blank(const struct entity *e, void *ret)
{
    memset(ret, 0, e->size);
    for (size_t i = 0; i < e->n; i++) {
        char *at = (char *)ret + e->fields[i].off;
        if (e->fields[i].type == T_INT)
            *(int64_t *)(void *)at = NO_INT;
        else if (e->fields[i].type == T_REAL)
            *(double *)(void *)at = NAN;
    }
}

const struct field *entity_field(const struct entity *e, struct str name)
{
    for (size_t i = 0; i < e->n; i++) {
        /* The key is the name in quotes with a colon: its length saves most comparisons. */
        const struct field *f = &e->fields[i];
        if (f->key.n == name.n + 3 && memcmp(f->name, name.p, name.n) == 0)
            return f;
    }
    return NULL;
}

struct range field_range(const struct field *f)
{
    struct range r = {f->min, f->max};
    if (f->type == T_INT || f->type == T_REAL) {
        if (f->min == 0 && f->max == 0)
            r.least = NO_INT + 1;
        if (f->max == 0 && f->min >= 0)
            r.most = INT64_MAX;
        return r;
    }
    if (f->min == 0 && f->required)
        r.least = 1;
    if (f->max == 0)
        r.most = f->type == T_LIST ? LIST_MAX : TEXT_MAX;
    return r;
}

/* ---- checks ---- */

static struct str S_joined(struct arena *a, const char *const *codes)
{
    struct buf b = buf_new(4096);
    for (size_t i = 0; codes[i]; i++) {
        buf_put(&b, i ? S(" | ") : S(""));
        buf_put(&b, str_of(codes[i]));
    }
    struct str joined = arena_str(a, buf_str(&b));
    buf_free(&b);
    return joined;
}

static enum err S_code(const struct where *w, const struct field *f, struct str s)
{
    for (size_t i = 0; f->codes[i]; i++) {
        if (str_eq(s, str_of(f->codes[i])))
            return OK;
    }
    struct str allowed = S_joined(w->arena, f->codes);
    return S_fault(
        w, "not_allowed", TEXT(w, STR_F "：只能是 " STR_F "。", STR_A(w->path), STR_A(allowed)),
        TEXT(w, STR_F ": must be one of " STR_F ".", STR_A(w->path), STR_A(allowed)), allowed);
}

/* U+007F stands for what was no text at all (see entity_parse); no control character is. */
static bool S_plain(const struct field *f, struct str s)
{
    if (utf8_valid(s) != s.n)
        return false;
    for (size_t at = 0; at < s.n;) {
        uint32_t c = utf8_next(s, &at);
        bool line = f->lines && (c == '\n' || c == '\t');
        if ((c < 0x20 && !line) || (c >= 0x7F && c < 0xA0))
            return false;
    }
    return true;
}

static enum err S_length(const struct where *w, const struct field *f, struct str s)
{
    int64_t count = (int64_t)utf8_count(s);
    struct range r = field_range(f);
    if (count > r.most)
        return S_fault(w, "too_long",
                       TEXT(w, STR_F "：最多 %lld 个字，现在有 %lld 个。", STR_A(w->path),
                            (long long)r.most, (long long)count),
                       TEXT(w, STR_F ": at most %lld characters, %lld given.", STR_A(w->path),
                            (long long)r.most, (long long)count),
                       TEXT(w, "%lld..%lld", (long long)r.least, (long long)r.most));
    if (count < r.least)
        return S_fault(
            w, "too_short", TEXT(w, STR_F "：至少 %lld 个字。", STR_A(w->path), (long long)r.least),
            TEXT(w, STR_F ": at least %lld characters.", STR_A(w->path), (long long)r.least),
            TEXT(w, "%lld..%lld", (long long)r.least, (long long)r.most));
    return OK;
}

static enum err S_check_text(const struct where *w, const struct field *f, struct str s)
{
    if (!S_plain(f, s))
        return S_fault(w, "bad_text",
                       TEXT(w, STR_F "：含有不能用的字符（控制字符或乱码）。", STR_A(w->path)),
                       TEXT(w,
                            STR_F ": holds characters that are no text (control characters or "
                                  "broken UTF-8).",
                            STR_A(w->path)),
                       NO_STR);
    if (f->codes)
        return S_code(w, f, s);
    TRY(S_length(w, f, s));
    if (f->form && s.n && !f->form(s))
        return S_fault(
            w, "form",
            TEXT(w, STR_F "：格式不对，应为%s。", STR_A(w->path),
                 f->form_zh ? f->form_zh : "规定的格式"),
            TEXT(w, STR_F ": not in the form expected (%s).", STR_A(w->path), f->form_doc),
            str_of(f->form_doc));
    return OK;
}

/* A number outside what the field, or the machine, can hold. */
static enum err S_out_of_range(const struct where *w, const struct field *f, bool small)
{
    const char *code = small ? "too_small" : "too_large";
    struct range r = field_range(f);
    if (r.most == INT64_MAX && r.least == NO_INT + 1)
        return S_fault(w, code, TEXT(w, STR_F "：数字太长。", STR_A(w->path)),
                       TEXT(w, STR_F ": has too many digits.", STR_A(w->path)), NO_STR);
    const char *hint = f->form_doc ? f->form_doc : "", *stop = *hint ? " " : "";
    return S_fault(w, code,
                   TEXT(w, STR_F "：要在 %lld 到 %lld 之间。%s%s", STR_A(w->path),
                        (long long)r.least, (long long)r.most, stop, hint),
                   TEXT(w, STR_F ": must be from %lld to %lld.%s%s", STR_A(w->path),
                        (long long)r.least, (long long)r.most, stop, hint),
                   TEXT(w, "%lld..%lld", (long long)r.least, (long long)r.most));
}

static bool S_id(struct str s, int64_t *ret)
{
    return s.n && s.p[0] >= '1' && s.p[0] <= '9' && str_int(s, ret);
}

/* ---- values that come as text, in a body or as a parameter ---- */

static enum err S_text_value(const struct where *w, const struct field *f, struct str s, char *at)
{
    switch (f->type) {
    case T_ID:
        return S_id(s, (int64_t *)(void *)at)
                   ? OK
                   : S_wrong_type(w, "编号（数字文本）", "an id: a string of digits");
    case T_TIME:
        /* 1970 to the millisecond is how an absent time is held. */
        return time_parse(s, (int64_t *)(void *)at) && *(int64_t *)(void *)at != 0
                   ? OK
                   : S_wrong_type(w, "时间（如 2026-11-22T09:00:00+08:00）",
                                  "an RFC 3339 time such as 2026-11-22T09:00:00+08:00");
    case T_TEXT:
        TRY(S_check_text(w, f, s));
        *(struct str *)(void *)at = arena_str(w->arena, s);
        return arena_full(w->arena) ? ERR_MEMORY : OK;
    default: return S_wrong_type(w, "别的类型", "another type");
    }
}

static enum err S_int(const struct where *w, const struct field *f, int64_t value, char *at)
{
    struct range r = field_range(f);
    if (value < r.least || value > r.most)
        return S_out_of_range(w, f, value < r.least);
    *(int64_t *)(void *)at = value;
    return OK;
}

static enum err S_real(const struct where *w, const struct field *f, double value, char *at)
{
    struct range r = field_range(f);
    bool bounded = f->min || f->max;
    if (!isfinite(value))
        return S_wrong_type(w, "数字", "a number");
    if (bounded && (value < (double)r.least || value > (double)r.most))
        return S_out_of_range(w, f, value < (double)r.least);
    *(double *)(void *)at = value;
    return OK;
}

/* A number as JSON writes it, and nothing around it; NAN when it is none. */
static double S_number(struct str s)
{
    bool bare = s.n && (s.p[0] == '-' || isdigit((unsigned char)s.p[0])) &&
                isdigit((unsigned char)s.p[s.n - 1]);
    json_t *v = bare ? json_loadb(s.p, s.n, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL) : NULL;
    double value = v ? json_real_value(v) : NAN;
    json_decref(v);
    return value;
}

static enum err S_param(const struct where *w, const struct field *f, struct str s, char *at)
{
    int64_t number = 0;
    switch (f->type) {
    case T_INT:
        return str_int(s, &number) ? S_int(w, f, number, at)
                                   : S_wrong_type(w, "整数", "a whole number");
    case T_REAL: return S_real(w, f, S_number(s), at);
    case T_BOOL:
        if (!str_eq(s, S("true")) && !str_eq(s, S("false")))
            return S_wrong_type(w, " true 或 false", "true or false");
        *(enum tri *)(void *)at = str_eq(s, S("true")) ? YES : NO;
        return OK;
    default: return S_text_value(w, f, s, at);
    }
}

/* ---- values of a body ---- */

static enum err S_object(struct where *w, const struct entity *e, const json_t *body, int from,
                         int depth, void *ret);

static enum err S_item(struct where *w, const struct field *f, const json_t *v, size_t i, int depth,
                       struct list *list)
{
    struct where inner = *w;
    inner.path = TEXT(w, STR_F "/%zu", STR_A(w->path), i);
    if (f->of)
        return S_object(&inner, f->of, v, IN_BODY, depth + 1,
                        (char *)list->items + i * f->of->size);
    struct field scalar = {.name = f->name, .type = f->item, .max = 0};
    size_t size = f->item == T_ID ? sizeof(int64_t) : sizeof(struct str);
    if (!json_is_string(v))
        return S_wrong_type(&inner, "文本", "a string");
    return S_text_value(&inner, &scalar, (struct str){json_string_value(v), json_string_length(v)},
                        (char *)list->items + i * size);
}

static enum err S_list(struct where *w, const struct field *f, const json_t *v, int depth, char *at)
{
    struct range r = field_range(f);
    size_t most = (size_t)r.most, least = (size_t)r.least, n = json_array_size(v);
    if (!json_is_array(v))
        return S_wrong_type(w, "列表", "a list");
    if (n > most)
        return S_fault(w, "too_long", TEXT(w, STR_F "：最多 %zu 项。", STR_A(w->path), most),
                       TEXT(w, STR_F ": at most %zu items.", STR_A(w->path), most),
                       TEXT(w, "%zu..%zu", least, most));
    if (n < least)
        return S_fault(w, "too_short", TEXT(w, STR_F "：至少 %zu 项。", STR_A(w->path), least),
                       TEXT(w, STR_F ": at least %zu items.", STR_A(w->path), least),
                       TEXT(w, "%zu..%zu", least, most));
    size_t size = f->of ? f->of->size : f->item == T_ID ? sizeof(int64_t) : sizeof(struct str);
    struct list *list = (void *)at;
    list->items = arena_array(w->arena, n + 1, size);
    if (!list->items)
        return ERR_MEMORY;
    enum err all = OK;
    for (size_t i = 0; i < n; i++) {
        enum err err = S_item(w, f, json_array_get(v, i), i, depth, list);
        all = all == OK ? err : all;
    }
    list->n = n;
    return all;
}

/* A number that no machine number can hold, as entity_parse has marked it. */
static bool S_huge(const json_t *v)
{
    const char *s = json_string_value(v);
    return s && s[0] == 0x7F && (s[1] == '-' || s[1] == '+');
}

/* An object that another module will read: its text, whatever it holds. */
static enum err S_raw(const struct where *w, const json_t *v, char *at)
{
    if (!json_is_object(v))
        return S_wrong_type(w, "一个对象", "an object");
    char *text = json_dumps(v, JSON_COMPACT);
    if (text)
        *(struct str *)(void *)at = arena_str(w->arena, str_of(text));
    free(text);
    return text && !arena_full(w->arena) ? OK : ERR_MEMORY;
}

static enum err S_member(struct where *w, const struct field *f, const json_t *v, int depth,
                         char *at)
{
    if ((f->type == T_INT || f->type == T_REAL) && S_huge(v))
        return S_out_of_range(w, f, json_string_value(v)[1] == '-');
    switch (f->type) {
    case T_INT:
        return json_is_integer(v) ? S_int(w, f, json_integer_value(v), at)
                                  : S_wrong_type(w, "整数", "a whole number");
    case T_REAL:
        return json_is_number(v) ? S_real(w, f, json_number_value(v), at)
                                 : S_wrong_type(w, "数字", "a number");
    case T_BOOL:
        if (!json_is_boolean(v))
            return S_wrong_type(w, " true 或 false", "true or false");
        *(enum tri *)(void *)at = json_is_true(v) ? YES : NO;
        return OK;
    case T_LIST: return S_list(w, f, v, depth, at);
    case T_OBJECT: {
        void *inner = arena_alloc(w->arena, f->of->size);
        if (!inner)
            return ERR_MEMORY;
        *(void **)(void *)at = inner;
        return S_object(w, f->of, v, IN_BODY, depth + 1, inner);
    }
    case T_RAW: return S_raw(w, v, at);
    default:
        if (!json_is_string(v))
            return S_wrong_type(w, f->type == T_ID ? "编号（数字文本）" : "文本",
                                f->type == T_ID ? "an id: a string of digits" : "a string");
        return S_text_value(w, f, (struct str){json_string_value(v), json_string_length(v)}, at);
    }
}

static enum err S_required(const struct where *w)
{
    return S_fault(w, "required", TEXT(w, STR_F "：必须填写。", STR_A(w->path)),
                   TEXT(w, STR_F ": is required.", STR_A(w->path)), NO_STR);
}

static enum err S_unknown(const struct where *w)
{
    return S_fault(w, "unknown", TEXT(w, STR_F "：没有这一项。", STR_A(w->path)),
                   TEXT(w, STR_F ": there is no such field.", STR_A(w->path)), NO_STR);
}

/* The path of a member that a client has named: its start, escaped as RFC 6901 asks for. */
static struct str S_pointer(const struct where *w, const char *key)
{
    struct buf b = buf_new((size_t)NAME_MOST * 2);
    struct str name = str_of(key);
    for (size_t at = 0; at < name.n && at < NAME_MOST;) {
        size_t start = at;
        utf8_next(name, &at);
        if (key[start] == '~' || key[start] == '/')
            buf_put(&b, key[start] == '~' ? S("~0") : S("~1"));
        else
            buf_put(&b, (struct str){key + start, at - start});
    }
    struct str path = TEXT(w, STR_F "/" STR_F, STR_A(w->path), STR_A(buf_str(&b)));
    buf_free(&b);
    return path;
}

static enum err S_unknown_members(const struct where *w, const struct entity *e, const json_t *body,
                                  int from)
{
    const char *key;
    json_t *value;
    enum err all = OK;
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        const struct field *f = entity_field(e, str_of(key));
        if (f && f->from == from)
            continue;
        struct where inner = *w;
        inner.path = S_pointer(w, key);
        all = S_unknown(&inner);
    }
    return all;
}

static enum err S_object(struct where *w, const struct entity *e, const json_t *body, int from,
                         int depth, void *ret)
{
    if (!json_is_object(body))
        return S_wrong_type(w, "一个对象", "an object");
    if (depth > DEPTH_MAX)
        return S_fault(w, "too_deep", S("内容嵌套太深。"), S("Nested too deeply."), NO_STR);
    if (depth > 0)
        entity_blank(e, ret);
    enum err all = S_unknown_members(w, e, body, from);
    for (size_t i = 0; i < e->n; i++) {
        const struct field *f = &e->fields[i];
        if (f->from != from)
            continue;
        struct where inner = *w;
        inner.path = TEXT(w, STR_F "/%s", STR_A(w->path), f->name);
        const json_t *v = json_object_get(body, f->name);
        enum err err = OK;
        if (v && !json_is_null(v))
            err = S_member(&inner, f, v, depth, (char *)ret + f->off);
        else if (f->required)
            err = S_required(&inner);
        all = all == OK ? err : all;
    }
    return all;
}

/* ---- parameters ---- */

static enum err S_params(struct where *w, const struct entity *e, const struct param *params,
                         size_t count, void *ret)
{
    enum err all = OK;
    for (size_t i = 0; i < count; i++) {
        const struct field *f = entity_field(e, params[i].name);
        bool twice = false;
        enum err err = OK;
        w->path = utf8_valid(params[i].name) == params[i].name.n ? params[i].name : S("?");
        for (size_t k = 0; k < i; k++)
            twice = twice || str_eq(params[k].name, params[i].name);
        if (!f || f->from != params[i].from)
            err = S_unknown(w);
        else if (twice)
            err = S_fault(w, "twice", TEXT(w, STR_F "：出现了两次。", STR_A(w->path)),
                          TEXT(w, STR_F ": given twice.", STR_A(w->path)), NO_STR);
        else
            err = S_param(w, f, params[i].value, (char *)ret + f->off);
        all = all == OK ? err : all;
    }
    for (size_t i = 0; i < e->n; i++) {
        const struct field *f = &e->fields[i];
        bool given = f->from == IN_BODY || !f->required;
        for (size_t k = 0; k < count && !given; k++)
            given = str_eq(params[k].name, str_of(f->name));
        if (given)
            continue;
        w->path = str_of(f->name);
        enum err err = S_required(w);
        all = all == OK ? err : all;
    }
    return all;
}

enum err entity_decode(const struct entity *e, const json_t *body, const struct param *params,
                       size_t count, struct arena *a, struct problem *problem, void *ret)
{
    struct where w = {.arena = a, .problem = problem};
    entity_blank(e, ret);
    enum err all = S_params(&w, e, params, count, ret);
    if (body) {
        w.path = S("");
        enum err err = S_object(&w, e, body, IN_BODY, 0, ret);
        all = all == OK ? err : all;
    }
    return arena_full(a) ? ERR_MEMORY : all;
}
