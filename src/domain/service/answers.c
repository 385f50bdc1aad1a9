/* Answers against the form of the pack: every fault at once, each named by its field. */
#include "domain/service/service.h"

#include <ctype.h>

enum { VALUE_MAX = 1000, TEXT_MAX = 200, NUMBER_DIGITS = 12 };

static const struct field answer_fields[] = {
    F_TEXT(struct answer, field, .required = true, .max = 64, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "Field of the form."),
    F_TEXT(struct answer, value, .required = true, .max = VALUE_MAX, .lines = true,
           .class = CLASS_PERSONAL,
           .doc = "The answer as text: a number in digits, a date as 2026-11-22, a choice as its "
                  "code, yes or no."),
};
const struct entity answer_entity = ENTITY(struct answer, "Answer", answer_fields);

static enum err S_fault(struct store *db, struct str field, const char *code, const char *zh,
                        const char *en, struct str allowed)
{
    struct str at = arena_printf(db->arena, "/answers/" STR_F, STR_A(field));
    return problem_add(db->problem, ERR_INVALID,
                       (struct fault){at, str_of(code), str_of(zh), str_of(en), allowed});
}

static bool S_chosen(const struct pack_field *f, struct str value, size_t *ret)
{
    for (*ret = 0; *ret < f->choice_count; (*ret)++) {
        if (str_eq(f->choices[*ret].choice, value))
            return true;
    }
    return false;
}

bool answers_hold(const struct answers *a, const struct pack_when *when)
{
    size_t choice = 0;
    if (!when->choices)
        return true;
    const struct pack_field *f = &a->form->fields[when->field];
    struct str value = a->value[when->field];
    return value.p && S_chosen(f, value, &choice) && (when->choices >> choice & 1);
}

/* 12 or 1234.5: digits, and one or two more after a point. */
static bool S_number(struct str s, int64_t max)
{
    struct str rest = s, whole = str_split(&rest, '.');
    int64_t n = 0;
    bool more = false;
    if (!whole.n || whole.n > NUMBER_DIGITS || !isdigit((unsigned char)whole.p[0]) ||
        !str_int(whole, &n))
        return false;
    if (rest.p && (rest.n < 1 || rest.n > 2))
        return false;
    for (size_t i = 0; rest.p && i < rest.n; i++) {
        if (!isdigit((unsigned char)rest.p[i]))
            return false;
        more = more || rest.p[i] != '0';
    }
    return !max || n < max || (n == max && !more);
}

static struct str S_choices(struct store *db, const struct pack_field *f)
{
    struct str all = S("");
    for (size_t i = 0; i < f->choice_count && all.p; i++)
        all = arena_printf(db->arena, STR_F "%s" STR_F, STR_A(all), i ? " | " : "",
                           STR_A(f->choices[i].choice));
    return all;
}

static enum err S_value(struct store *db, const struct pack_field *f, struct str value)
{
    size_t choice = 0;
    int64_t most = f->max ? f->max : TEXT_MAX;
    switch (f->type) {
    case FIELD_NUMBER:
        return S_number(value, f->max)
                   ? OK
                   : S_fault(db, f->field, "number", "请填数字，最多两位小数，不超过规定的上限。",
                             "Give a number with at most two decimals, not above its limit.",
                             f->max ? arena_printf(db->arena, "0..%lld", (long long)f->max)
                                    : NO_STR);
    case FIELD_DATE:
        return form_date(value) ? OK
                                : S_fault(db, f->field, "date", "日期要写成 2026-11-22。",
                                          "Write the date as 2026-11-22.", S("YYYY-MM-DD"));
    case FIELD_CHOICE:
    case FIELD_YES_NO:
        return S_chosen(f, value, &choice)
                   ? OK
                   : S_fault(db, f->field, "choice", "请从给出的选项里选。",
                             "Choose one of what is offered.", S_choices(db, f));
    case FIELD_PHONE:
        return form_phone(value) ? OK
                                 : S_fault(db, f->field, "phone", "电话号码不对，请核对。",
                                           "That is no phone number.", S("13912345678"));
    case FIELD_ID_NUMBER:
        return form_id_number(value)
                   ? OK
                   : S_fault(db, f->field, "id_number", "身份证号码不对，请核对。",
                             "That is no ID number.", S("17 digits and a check digit or X"));
    default:
        return utf8_count(value) <= (size_t)most
                   ? OK
                   : S_fault(db, f->field, "too_long", "这一项写得太长。", "That is too long.",
                             arena_printf(db->arena, "1..%lld", (long long)most));
    }
}

static enum err S_place(struct store *db, const struct answer *given, struct answers *ret)
{
    for (size_t i = 0; i < ret->form->field_count; i++) {
        if (!str_eq(ret->form->fields[i].field, given->field))
            continue;
        if (ret->value[i].p)
            return S_fault(db, given->field, "twice", "这一项填了两次。", "That is answered twice.",
                           NO_STR);
        struct str value = str_trim(given->value);
        ret->value[i] = value.n ? value : NO_STR;
        return OK;
    }
    return S_fault(db, given->field, "unknown", "表单里没有这一项。", "The form has no such field.",
                   NO_STR);
}

enum err answers_check(struct store *db, const struct pack_form *form, const struct list *given,
                       struct answers *ret)
{
    const struct answer *answer = given->items;
    enum err all = OK;
    *ret =
        (struct answers){form, arena_array(db->arena, form->field_count + 1, sizeof *ret->value)};
    if (!ret->value)
        return ERR_MEMORY;
    for (size_t i = 0; i < given->n; i++) {
        enum err err = S_place(db, &answer[i], ret);
        all = all == OK ? err : all;
    }
    for (size_t i = 0; i < form->field_count; i++) {
        const struct pack_field *f = &form->fields[i];
        bool asked = answers_hold(ret, &f->when);
        enum err err = OK;
        if (ret->value[i].p && !asked)
            err = S_fault(db, f->field, "not_asked", "按前面的选择，这一项不用填。",
                          "By the earlier choice this is not asked.", NO_STR);
        else if (ret->value[i].p)
            err = S_value(db, f, ret->value[i]);
        else if (asked && f->required)
            err =
                S_fault(db, f->field, "required", "这一项要填。", "This must be answered.", NO_STR);
        all = all == OK ? err : all;
    }
    return all;
}
