/* What people can apply for at a place, out of the pack in force there. */
#include "domain/service/service.h"

#include "domain/place/place.h"

static const struct field label_fields[] = {
    F_TEXT(struct label, code, .required = true, .doc = "Code, from the pack."),
    F_TEXT(struct label, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct label, en, .required = true, .doc = "English name.")};
const struct entity service_label_entity = ENTITY(struct label, "ServiceLabel", label_fields);

/* When something is asked for: a field of the form, and the choices. */
struct when_out {
    struct str field;
    struct list choices;
};
static const struct field when_fields[] = {
    F_TEXT(struct when_out, field, .required = true, .doc = "The deciding field."),
    F_LIST(struct when_out, choices, .item = T_TEXT, .required = true, .doc = "One of these.")};
static const struct entity when_entity = ENTITY(struct when_out, "ServiceWhen", when_fields);

struct bring_out {
    struct str code, zh, en;
    int64_t copies;
    enum tri original, needed;
    struct when_out *when;
};
static const struct field bring_fields[] = {
    F_TEXT(struct bring_out, code, .required = true, .doc = "Code, from the pack."),
    F_TEXT(struct bring_out, zh, .required = true, .doc = "What to bring."),
    F_TEXT(struct bring_out, en, .required = true, .doc = "The same in English."),
    F_INT(struct bring_out, copies, .required = true, .doc = "How many copies."),
    F_BOOL(struct bring_out, original, .required = true, .doc = "Bring the original to be seen."),
    F_BOOL(struct bring_out, needed,
           .doc = "By the answers given; absent while the deciding one is not."),
    F_OBJECT(struct bring_out, when, struct when_out, &when_entity,
             .doc = "Only then; absent: always.")};
static const struct entity bring_entity = ENTITY(struct bring_out, "ServiceMaterial", bring_fields);

struct field_out {
    struct str code, zh, en, type, class;
    enum tri required;
    int64_t max;
    struct list choices;
    struct when_out *when;
};
static const struct field field_fields[] = {
    F_TEXT(struct field_out, code, .required = true, .doc = "Code, from the pack."),
    F_TEXT(struct field_out, zh, .required = true, .doc = "What is asked."),
    F_TEXT(struct field_out, en, .required = true, .doc = "The same in English."),
    F_TEXT(struct field_out, type, .required = true, .codes = field_type_names,
           .doc = "How it is answered; a date is 2026-11-22, a yes_no is yes or no."),
    F_TEXT(struct field_out, class, .required = true, .codes = field_class_names,
           .doc = "What is not open is sealed."),
    F_BOOL(struct field_out, required, .required = true, .doc = "It must be answered."),
    F_INT(struct field_out, max, .doc = "Most characters of a text, largest number."),
    F_LIST(struct field_out, choices, .of = &service_label_entity, .doc = "What can be chosen."),
    F_OBJECT(struct field_out, when, struct when_out, &when_entity,
             .doc = "Asked only then; absent: always.")};
static const struct entity field_entity = ENTITY(struct field_out, "ServiceField", field_fields);

#define WORDS(T)                                                                                   \
    F_TEXT(T, code, .required = true, .doc = "Code, from the pack."),                              \
        F_TEXT(T, zh, .required = true, .doc = "Chinese name."),                                   \
        F_TEXT(T, en, .required = true, .doc = "English name."),                                   \
        F_TEXT(T, category, .doc = "Category, from the pack."),                                    \
        F_TEXT(T, who_zh, .required = true, .lines = true, .doc = "Who qualifies."),               \
        F_TEXT(T, who_en, .required = true, .lines = true, .doc = "The same in English."),         \
        F_TEXT(T, words_zh, .required = true, .lines = true, .doc = "How long it takes."),         \
        F_TEXT(T, words_en, .required = true, .lines = true, .doc = "The same in English."),       \
        F_TEXT(T, fee_zh, .required = true, .lines = true, .doc = "What it costs."),               \
        F_TEXT(T, fee_en, .required = true, .lines = true, .doc = "The same in English.")

static const struct field row_fields[] = {WORDS(struct service_row)};
const struct entity service_row_entity = ENTITY(struct service_row, "ServiceRow", row_fields);

static const struct field view_fields[] = {
    WORDS(struct service_view),
    F_TEXT(struct service_view, where_zh, .required = true, .lines = true, .doc = "Where."),
    F_TEXT(struct service_view, where_en, .required = true, .lines = true,
           .doc = "The same in English."),
    F_TEXT(struct service_view, basis_zh, .lines = true, .doc = "By which rule."),
    F_TEXT(struct service_view, basis_en, .lines = true, .doc = "The same in English."),
    F_TEXT(struct service_view, kind, .required = true, .doc = "Kind of matter that carries it."),
    F_LIST(struct service_view, bring, .of = &bring_entity, .required = true,
           .doc = "What to bring."),
    F_LIST(struct service_view, fields, .of = &field_entity, .required = true,
           .doc = "What the form asks, in order.")};
const struct entity service_view_entity = ENTITY(struct service_view, "Service", view_fields);

/* A query's unit: its fault has no slash. */
static enum err S_pack(struct store *db, int64_t unit, const struct pack **ret)
{
    struct ancestors at;
    enum err err = place_ancestors(db, unit, &at);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    *ret = err == OK ? world_pack_at(db->world, &at) : NULL;
    return *ret ? OK
                : store_fault(db, ERR_INVALID, "unit", "no_pack", "这个地方还没有开通。",
                              "This place does not offer services yet.");
}

/* Latin letters are found in either case. */
static struct str S_lower(struct store *db, struct str s)
{
    char *out = arena_alloc(db->arena, s.n + 1);
    for (size_t i = 0; out && i < s.n; i++)
        out[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
    return out ? (struct str){out, s.n} : NO_STR;
}

static bool S_found(struct store *db, const struct pack_service *s, struct str q)
{
    const struct str texts[] = {s->name.zh, s->name.en, s->who.zh, s->who.en};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (str_has(S_lower(db, texts[i]), q))
            return true;
    }
    return false;
}

enum err service_list(struct store *db, const struct service_query *in, struct list *ret)
{
    const struct pack *pack = NULL;
    TRY(S_pack(db, in->unit, &pack));
    struct service_row *out = arena_array(db->arena, pack->service_count + 1, sizeof *out);
    struct str q = in->q.p ? S_lower(db, str_trim(in->q)) : S("");
    if (!out)
        return ERR_MEMORY;
    *ret = (struct list){out, 0};
    for (size_t i = 0; i < pack->service_count; i++) {
        const struct pack_service *s = &pack->services[i];
        if ((in->category.p && !str_eq(s->category, in->category)) || !S_found(db, s, q))
            continue;
        out[ret->n++] =
            (struct service_row){s->service, s->name.zh,  s->name.en,  s->category, s->who.zh,
                                 s->who.en,  s->words.zh, s->words.en, s->fee.zh,   s->fee.en};
    }
    return OK;
}

/* ---- one ---- */

static struct when_out *S_when(struct store *db, const struct pack_form *form,
                               const struct pack_when *when)
{
    const struct pack_field *f = &form->fields[when->field];
    struct when_out *out = when->choices ? ARENA_NEW(db->arena, struct when_out) : NULL;
    struct str *choice = out ? arena_array(db->arena, f->choice_count, sizeof *choice) : NULL;
    if (!choice)
        return NULL;
    *out = (struct when_out){f->field, {choice, 0}};
    for (size_t i = 0; i < f->choice_count; i++) {
        if (when->choices >> i & 1)
            choice[out->choices.n++] = f->choices[i].choice;
    }
    return out;
}

/* "household:single,rent:yes" to answers of the deciding fields. */
static enum err S_deciding(struct store *db, const struct pack_form *form, struct str text,
                           struct answers *ret)
{
    *ret =
        (struct answers){form, arena_array(db->arena, form->field_count + 1, sizeof *ret->value)};
    if (!ret->value)
        return ERR_MEMORY;
    while (text.p) {
        struct str value = str_split(&text, ','), code = str_split(&value, ':');
        bool known = false;
        for (size_t i = 0; i < form->field_count; i++) {
            const struct pack_field *f = &form->fields[i];
            for (size_t c = 0; str_eq(f->field, code) && c < f->choice_count; c++)
                known = known || str_eq(f->choices[c].choice, value);
            if (str_eq(f->field, code))
                ret->value[i] = value;
        }
        if (!known)
            return store_fault(db, ERR_INVALID, "answers", "unknown",
                               "没有这个选择题或选项；写法如 household:single,rent:yes。",
                               "No such field or choice; write household:single,rent:yes.");
    }
    return OK;
}

static enum err S_bring(struct store *db, const struct pack_service *s, const struct answers *a,
                        struct list *ret)
{
    struct bring_out *out = arena_array(db->arena, s->bring_count + 1, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < s->bring_count; i++) {
        const struct pack_material *m = &s->bring[i];
        bool decided = !m->when.choices || a->value[m->when.field].p;
        out[i] = (struct bring_out){.code = m->material,
                                    .zh = m->name.zh,
                                    .en = m->name.en,
                                    .copies = m->copies,
                                    .original = m->original ? YES : NO,
                                    .needed = !decided                    ? UNSET
                                              : answers_hold(a, &m->when) ? YES
                                                                          : NO,
                                    .when = S_when(db, s->form, &m->when)};
    }
    *ret = (struct list){out, s->bring_count};
    return OK;
}

static enum err S_fields(struct store *db, const struct pack_form *form, struct list *ret)
{
    struct field_out *out = arena_array(db->arena, form->field_count + 1, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < form->field_count; i++) {
        const struct pack_field *f = &form->fields[i];
        struct label *choices = arena_array(db->arena, f->choice_count + 1, sizeof *choices);
        if (!choices)
            return ERR_MEMORY;
        for (size_t c = 0; c < f->choice_count; c++)
            choices[c] =
                (struct label){f->choices[c].choice, f->choices[c].name.zh, f->choices[c].name.en};
        out[i] = (struct field_out){.code = f->field,
                                    .zh = f->name.zh,
                                    .en = f->name.en,
                                    .type = str_of(field_type_names[f->type]),
                                    .class = str_of(field_class_names[f->class]),
                                    .required = f->required ? YES : NO,
                                    .max = f->max ? f->max : NO_INT,
                                    .choices = {choices, f->choice_count},
                                    .when = S_when(db, form, &f->when)};
    }
    *ret = (struct list){out, form->field_count};
    return OK;
}

enum err service_get(struct store *db, const struct service_ask *in, struct service_view *ret)
{
    const struct pack *pack = NULL;
    struct answers answers;
    TRY(S_pack(db, in->unit, &pack));
    const struct pack_service *s = pack_service(pack, in->code);
    if (!s)
        return store_fault(db, ERR_NOT_FOUND, "code", "unknown", "这里不办这件事。",
                           "There is no such service here.");
    TRY(S_deciding(db, s->form, in->answers, &answers));
    *ret = (struct service_view){.code = s->service,
                                 .zh = s->name.zh,
                                 .en = s->name.en,
                                 .category = s->category,
                                 .who_zh = s->who.zh,
                                 .who_en = s->who.en,
                                 .where_zh = s->where.zh,
                                 .where_en = s->where.en,
                                 .words_zh = s->words.zh,
                                 .words_en = s->words.en,
                                 .fee_zh = s->fee.zh,
                                 .fee_en = s->fee.en,
                                 .basis_zh = s->basis.zh,
                                 .basis_en = s->basis.en,
                                 .kind = s->kind};
    TRY(S_bring(db, s, &answers, &ret->bring));
    return S_fields(db, s->form, &ret->fields);
}
