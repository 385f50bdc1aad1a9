/* The forms and services of a pack: what people can apply for, and what they are asked. */
#include "pack/read.h"

#include <stdio.h>
#include <string.h>

const char *const field_type_names[FIELD_TYPES + 1] = {
    "text", "number", "date", "choice", "yes_no", "phone", "id_number", "file_note", NULL};
const char *const field_class_names[FIELD_CLASSES + 1] = {"open", "personal", "sensitive", NULL};

enum { ITEMS_MAX = 200, FIELDS_MAX = 64, CHOICES_MAX = 64, BRING_MAX = 40, WORDS_MAX = 300 };

const struct pack_service *pack_service(const struct pack *p, struct str service)
{
    for (size_t i = 0; i < p->service_count; i++)
        if (str_eq(p->services[i].service, service))
            return &p->services[i];
    return NULL;
}

/* ---- small readers ---- */

static struct str S_text(struct reader *r, const struct node *value)
{
    struct str text = str_trim(value->text);
    size_t n = utf8_count(text);
    if (n > 0 && n <= WORDS_MAX)
        return arena_str(r->arena, text);
    fault_add(r->report, value->at, "这段话要有 1 到 %d 个字。", "Write 1 to %d characters here.",
              (int)WORDS_MAX);
    return NO_STR;
}

/* `where: 窗口` or `where: {zh: 窗口, en: Window}`. */
static struct pack_label S_words(struct reader *r, const struct node *map, const char *key,
                                 bool required)
{
    static const char *const keys[] = {"zh", "en", NULL};
    struct pack_label words = {NO_STR, NO_STR};
    const struct node *value = node_get(map, key);
    const struct node *zh = NULL, *en = NULL;
    if (value && value->type == NODE_MAP) {
        node_keys(value, keys, r->report);
        zh = node_typed(value, "zh", NODE_TEXT, true, r->report);
        en = node_typed(value, "en", NODE_TEXT, false, r->report);
    } else {
        zh = node_typed(map, key, NODE_TEXT, required, r->report);
    }
    if (zh)
        words.zh = S_text(r, zh);
    words.en = en ? S_text(r, en) : words.zh;
    return words;
}

static bool S_yes(struct reader *r, const struct node *map, const char *key)
{
    const struct node *value = node_typed(map, key, NODE_TEXT, false, r->report);
    bool yes = value && (str_eq(value->text, S("yes")) || str_eq(value->text, S("true")));
    bool no = value && (str_eq(value->text, S("no")) || str_eq(value->text, S("false")));
    if (value && !yes && !no)
        fault_add(r->report, value->at, "“%s”只能写 yes 或 no。", "\"%s\" is yes or no.", key);
    return yes;
}

/* A whole number of 1 to `most`, or `otherwise` when it is not given. */
static int64_t S_number(struct reader *r, const struct node *map, const char *key, int64_t most,
                        int64_t otherwise)
{
    const struct node *value = node_typed(map, key, NODE_TEXT, false, r->report);
    int64_t n = otherwise;
    if (value && (!str_int(value->text, &n) || n < 1 || n > most))
        fault_add(r->report, value->at, "“%s”要写 1 到 %lld 的整数。",
                  "\"%s\" is a whole number from 1 to %lld.", key, (long long)most);
    return n;
}

/* The place of a word in a NULL-ended list; false and a fault when it is not in it. */
static bool S_one_of(struct reader *r, const struct node *value, const char *const *words, int *ret)
{
    char all[200];
    size_t used = 0;
    for (int i = 0; words[i]; i++) {
        if (str_eq(value->text, str_of(words[i]))) {
            *ret = i;
            return true;
        }
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", words[i]);
    }
    fault_add(r->report, value->at, "不认识“%.*s”；这里可以写：%s。",
              "\"%.*s\" is not known here; known: %s.", SHOW(value->text), all);
    return false;
}

static void S_twice(struct reader *r, const struct node *item, const char *key)
{
    const struct node *at = node_get(item, key);
    fault_add(r->report, at ? at->at : item->at, "“%.*s”写了两次。", "\"%.*s\" is given twice.",
              SHOW(at ? at->text : NO_STR));
}

/* A list of maps with at most `most` items; NULL when it is not there or too long. */
static const struct node *S_list(struct reader *r, const struct node *map, const char *key,
                                 bool required, int most)
{
    const struct node *list = node_typed(map, key, NODE_LIST, required, r->report);
    if (!list || (list->count && list->count <= (size_t)most))
        return list;
    fault_add(r->report, list->at, "“%s”要有 1 到 %d 项。", "\"%s\" has 1 to %d items.", key, most);
    return NULL;
}

/* ---- conditions ---- */

static bool S_choice(const struct pack_field *f, struct str word, size_t *ret)
{
    for (*ret = 0; *ret < f->choice_count; (*ret)++)
        if (str_eq(f->choices[*ret].choice, word))
            return true;
    return false;
}

static void S_when_choice(struct reader *r, const struct node *item, const struct pack_field *f,
                          struct pack_when *when)
{
    size_t choice = 0;
    if (item->type == NODE_TEXT && S_choice(f, item->text, &choice))
        when->choices |= (uint64_t)1 << choice;
    else
        fault_add(r->report, item->at, "“%.*s”没有“%.*s”这个选项。",
                  "\"%.*s\" has no choice \"%.*s\".", SHOW(f->field), SHOW(item->text));
}

/* `when: {household: [single, couple]}`: a choice made in one of the form's first n fields. */
static struct pack_when S_when(struct reader *r, const struct node *map,
                               const struct pack_form *form, size_t n)
{
    struct pack_when when = {0};
    const struct node *value = node_typed(map, "when", NODE_MAP, false, r->report);
    const struct node *key = value ? value->child : NULL;
    if (!value)
        return when;
    if (!key || key->next) {
        fault_add(r->report, value->at, "when 里写一个字段和它的选项，如 {household: single}。",
                  "\"when\" is one field and its choices, such as {household: single}.");
        return when;
    }
    while (when.field < n && !str_eq(form->fields[when.field].field, key->key))
        when.field++;
    if (when.field == n || form->fields[when.field].choice_count == 0) {
        fault_add(r->report, key->key_at, "前面没有“%.*s”这个选择题（choice 或 yes_no）。",
                  "No earlier field \"%.*s\" is a choice or yes_no.", SHOW(key->key));
        return (struct pack_when){0};
    }
    const struct pack_field *field = &form->fields[when.field];
    const struct node *item = key->type == NODE_LIST ? key->child : key;
    for (; item; item = key->type == NODE_LIST ? item->next : NULL)
        S_when_choice(r, item, field, &when);
    return when;
}

/* ---- forms ---- */

static void S_choices(struct reader *r, const struct node *map, struct pack_field *f)
{
    static const char *const keys[] = {"choice", "name", "en", NULL};
    const struct node *list = S_list(r, map, "choices", true, CHOICES_MAX);
    f->choices = list ? arena_array(r->arena, list->count, sizeof *f->choices) : NULL;
    for (const struct node *item = f->choices ? list->child : NULL; item; item = item->next) {
        size_t at = 0;
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_choice choice = {.name = read_label(r, item),
                                     .choice = read_code(r, item, "choice")};
        if (choice.choice.n && S_choice(f, choice.choice, &at))
            S_twice(r, item, "choice");
        else if (choice.choice.n)
            f->choices[f->choice_count++] = choice;
    }
}

static void S_yes_no(struct reader *r, struct pack_field *f)
{
    f->choices = arena_array(r->arena, 2, sizeof *f->choices);
    if (!f->choices)
        return;
    f->choices[f->choice_count++] = (struct pack_choice){S("yes"), {S("是"), S("Yes")}};
    f->choices[f->choice_count++] = (struct pack_choice){S("no"), {S("否"), S("No")}};
}

/* A number that tells who somebody is is never open, whatever the writer meant. */
static void S_class(struct reader *r, const struct node *map, struct pack_field *f)
{
    const struct node *class = node_typed(map, "class", NODE_TEXT, false, r->report);
    enum field_class least = f->type == FIELD_ID_NUMBER ? FIELD_SENSITIVE
                             : f->type == FIELD_PHONE   ? FIELD_PERSONAL
                                                        : FIELD_OPEN;
    int given = (int)least;
    if (class && S_one_of(r, class, field_class_names, &given) && given < (int)least)
        fault_add(r->report, class->at, "电话至少是 personal，证件号码只能是 sensitive。",
                  "A phone is personal at least, an ID number is sensitive.");
    f->class = (enum field_class)given;
}

static void S_field(struct reader *r, const struct node *item, struct pack_form *form)
{
    static const char *const keys[] = {"field", "name",  "en",   "type",    "required",
                                       "max",   "class", "when", "choices", NULL};
    int type = FIELD_TEXT;
    node_keys(item, keys, r->report);
    struct pack_field f = {.name = read_label(r, item), .field = read_code(r, item, "field")};
    const struct node *word = node_typed(item, "type", NODE_TEXT, true, r->report);
    const struct node *choices = node_get(item, "choices");
    if (!word || !S_one_of(r, word, field_type_names, &type))
        return;
    f.type = (enum field_type)type;
    f.required = S_yes(r, item, "required");
    f.max = S_number(r, item, "max", f.type == FIELD_NUMBER ? INT32_MAX : 1000, 0);
    if (f.type == FIELD_CHOICE)
        S_choices(r, item, &f);
    else if (choices)
        fault_add(r->report, choices->key_at, "只有 choice 才写选项。",
                  "Only a choice has choices.");
    if (f.type == FIELD_YES_NO)
        S_yes_no(r, &f);
    S_class(r, item, &f);
    f.when = S_when(r, item, form, form->field_count);
    for (size_t i = 0; i < form->field_count; i++) {
        if (f.field.n && str_eq(form->fields[i].field, f.field)) {
            S_twice(r, item, "field");
            return;
        }
    }
    if (f.field.n)
        form->fields[form->field_count++] = f;
}

static const struct pack_form *S_form_of(const struct pack *p, struct str code)
{
    for (size_t i = 0; i < p->form_count; i++)
        if (str_eq(p->forms[i].form, code))
            return &p->forms[i];
    return NULL;
}

static void S_forms(struct reader *r, const struct node *root)
{
    static const char *const keys[] = {"form", "fields", NULL};
    const struct node *list = S_list(r, root, "forms", false, ITEMS_MAX);
    struct pack *p = r->pack;
    p->forms = list ? arena_array(r->arena, list->count, sizeof *p->forms) : NULL;
    for (const struct node *item = p->forms ? list->child : NULL; item; item = item->next) {
        if (!read_map(r, item))
            continue;
        node_keys(item, keys, r->report);
        struct pack_form form = {.form = read_code(r, item, "form")};
        const struct node *fields = S_list(r, item, "fields", true, FIELDS_MAX);
        form.fields = fields ? arena_array(r->arena, fields->count, sizeof *form.fields) : NULL;
        for (const struct node *f = form.fields ? fields->child : NULL; f; f = f->next)
            if (read_map(r, f))
                S_field(r, f, &form);
        if (form.form.n && S_form_of(p, form.form))
            S_twice(r, item, "form");
        else if (form.form.n)
            p->forms[p->form_count++] = form;
    }
}

/* ---- services ---- */

static void S_material(struct reader *r, const struct node *item, struct pack_service *s)
{
    static const char *const keys[] = {"material", "name", "en", "copies",
                                       "original", "when", NULL};
    static const struct pack_form none = {0};
    const struct pack_form *form = s->form ? s->form : &none;
    node_keys(item, keys, r->report);
    struct pack_material m = {.name = read_label(r, item),
                              .material = read_code(r, item, "material")};
    m.copies = (int)S_number(r, item, "copies", 20, 1);
    m.original = S_yes(r, item, "original");
    m.when = S_when(r, item, form, form->field_count);
    for (size_t i = 0; i < s->bring_count; i++) {
        if (m.material.n && str_eq(s->bring[i].material, m.material)) {
            S_twice(r, item, "material");
            return;
        }
    }
    if (m.material.n)
        s->bring[s->bring_count++] = m;
}

/* Wherever an order of that kind arrives, it can be accepted. */
static bool S_kind_accepts(const struct pack_kind *kind)
{
    for (size_t i = 0; i < kind->step_count; i++) {
        const struct pack_step *step = &kind->steps[i];
        if (step->act == ACT_ORDER && !kind_step(kind, ACT_ACCEPT, step->to, ~0u, GIVEN_ANY, NULL))
            return false;
    }
    return true;
}

/* What a service names must be there. */
static void S_references(struct reader *r, const struct node *item, struct pack_service *s)
{
    s->form = NULL;
    const struct node *form = node_typed(item, "form", NODE_TEXT, true, r->report);
    const struct node *kind = node_typed(item, "kind", NODE_TEXT, true, r->report);
    const struct node *category = node_typed(item, "category", NODE_TEXT, false, r->report);
    const struct pack_kind *carries = kind ? pack_kind(r->pack, kind->text) : NULL;
    if (form && !(s->form = S_form_of(r->pack, form->text)))
        fault_add(r->report, form->at, "没有“%.*s”这张表单。", "There is no form \"%.*s\".",
                  SHOW(form->text));
    if (kind && !carries)
        fault_add(r->report, kind->at, "没有“%.*s”这类事项。",
                  "There is no kind of matter \"%.*s\".", SHOW(kind->text));
    if (carries && !S_kind_accepts(carries))
        fault_add(r->report, kind->at, "“%.*s”收到以后不能 accept：材料齐了才受理。",
                  "What is ordered as \"%.*s\" cannot be accepted: a filing is, when complete.",
                  SHOW(kind->text));
    if (category && (!r->pack->category_by_code || !pack_category(r->pack, category->text)))
        fault_add(r->report, category->at, "没有“%.*s”这个分类。", "There is no category \"%.*s\".",
                  SHOW(category->text));
    s->kind = carries ? carries->kind : NO_STR;
    s->category = category ? arena_str(r->arena, category->text) : NO_STR;
}

/* `within: 30 work days`, or words of its own. */
static void S_within(struct reader *r, const struct node *item, struct pack_service *s)
{
    static const struct pack_label units[] = {
        [LIMIT_MINUTES] = {S("分钟"), S("minutes")},
        [LIMIT_HOURS] = {S("小时"), S("hours")},
        [LIMIT_DAYS] = {S("天"), S("days")},
        [LIMIT_WORK_HOURS] = {S("个工作小时"), S("working hours")},
        [LIMIT_WORK_DAYS] = {S("个工作日"), S("working days")},
    };
    const struct node *value = node_get(item, "within");
    if (!value || value->type != NODE_TEXT || !limit_parse(value->text, &s->within)) {
        s->words = S_words(r, item, "within", true);
        return;
    }
    const struct pack_label *unit = &units[s->within.unit];
    s->words.zh = arena_printf(r->arena, "%d " STR_F, s->within.n, STR_A(unit->zh));
    s->words.en = arena_printf(r->arena, "%d " STR_F, s->within.n, STR_A(unit->en));
}

static void S_service(struct reader *r, const struct node *item)
{
    static const char *const keys[] = {"service", "name",        "en",   "category", "for",
                                       "bring",   "where",       "kind", "form",     "within",
                                       "fee",     "legal_basis", NULL};
    struct pack *p = r->pack;
    node_keys(item, keys, r->report);
    struct pack_service s = {.name = read_label(r, item), .service = read_code(r, item, "service")};
    S_references(r, item, &s);
    S_within(r, item, &s);
    s.who = S_words(r, item, "for", true);
    s.where = S_words(r, item, "where", true);
    s.fee = S_words(r, item, "fee", true);
    s.basis = S_words(r, item, "legal_basis", false);
    const struct node *bring = S_list(r, item, "bring", false, BRING_MAX);
    s.bring = bring ? arena_array(r->arena, bring->count, sizeof *s.bring) : NULL;
    for (const struct node *m = s.bring ? bring->child : NULL; m; m = m->next)
        if (read_map(r, m))
            S_material(r, m, &s);
    if (s.service.n && pack_service(p, s.service))
        S_twice(r, item, "service");
    else if (s.service.n)
        p->services[p->service_count++] = s;
}

void read_services(struct reader *r, const struct node *root)
{
    S_forms(r, root);
    const struct node *list = S_list(r, root, "services", false, ITEMS_MAX);
    r->pack->services = list ? arena_array(r->arena, list->count, sizeof *r->pack->services) : NULL;
    for (const struct node *item = r->pack->services ? list->child : NULL; item; item = item->next)
        if (read_map(r, item))
            S_service(r, item);
}
