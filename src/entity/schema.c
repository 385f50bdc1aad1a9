#include "entity/schema.h"

static void S_member(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_json(out, value);
}

/* What is declared, and of a request also what goes without saying. */
static void S_bounds(const struct field *f, bool request, struct buf *out, const char *least,
                     const char *most)
{
    bool number = f->type == T_INT || f->type == T_REAL;
    struct range r = field_range(f);
    bool low = f->min || (number ? f->max : request && r.least);
    bool high = f->max || (number ? f->min < 0 : request);
    if (low)
        buf_printf(out, ",\"%s\":%lld", least, (long long)r.least);
    if (high)
        buf_printf(out, ",\"%s\":%lld", most, (long long)r.most);
}

static void S_enum(const struct field *f, struct buf *out)
{
    buf_put(out, S(",\"enum\":["));
    for (size_t i = 0; f->codes[i]; i++) {
        if (i)
            buf_char(out, ',');
        buf_json(out, str_of(f->codes[i]));
    }
    buf_char(out, ']');
}

static void S_text(const struct field *f, bool request, struct buf *out)
{
    buf_put(out, S("\"type\":\"string\""));
    if (f->codes)
        S_enum(f, out);
    else
        S_bounds(f, request, out, "minLength", "maxLength");
}

static void S_ref(const struct entity *e, struct buf *out)
{
    buf_printf(out, "\"$ref\":\"#/components/schemas/%s\"", e->name);
}

static void S_id(struct buf *out)
{
    buf_put(out, S("\"type\":\"string\",\"pattern\":\"^[1-9][0-9]{0,18}$\""));
}

/* An item of a list of scalars. */
static void S_scalar(enum type type, bool request, struct buf *out)
{
    if (type == T_ID)
        S_id(out);
    else
        S_text(&(struct field){.type = type}, request, out);
}

static void S_type(const struct field *f, bool request, struct buf *out)
{
    switch (f->type) {
    case T_ID: S_id(out); break;
    case T_INT:
        buf_put(out, S("\"type\":\"integer\""));
        S_bounds(f, request, out, "minimum", "maximum");
        break;
    case T_REAL:
        buf_put(out, S("\"type\":\"number\""));
        S_bounds(f, request, out, "minimum", "maximum");
        break;
    case T_BOOL: buf_put(out, S("\"type\":\"boolean\"")); break;
    case T_TEXT: S_text(f, request, out); break;
    case T_TIME: buf_put(out, S("\"type\":\"string\",\"format\":\"date-time\"")); break;
    case T_LIST:
        buf_put(out, S("\"type\":\"array\",\"items\":{"));
        if (f->of)
            S_ref(f->of, out);
        else
            S_scalar(f->item, request, out);
        buf_put(out, S("}"));
        S_bounds(f, request, out, "minItems", "maxItems");
        break;
    case T_OBJECT: S_ref(f->of, out); break;
    case T_RAW:
        buf_put(out, request ? S("\"type\":\"object\"") : S("\"type\":[\"object\",\"null\"]"));
        break;
    }
}

static void S_schema(const struct field *f, bool request, struct buf *out)
{
    static const char *const classes[] = {"open", "personal", "sensitive", "minor"};
    buf_char(out, '{');
    S_type(f, request, out);
    if (f->doc)
        S_member(out, "description", str_of(f->doc));
    if (f->form_doc)
        S_member(out, "x-form", str_of(f->form_doc));
    if (f->class != CLASS_OPEN)
        S_member(out, "x-privacy", str_of(classes[f->class]));
    buf_char(out, '}');
}

static void S_required(const struct entity *e, bool request, struct buf *out)
{
    const char *comma = ",\"required\":[";
    for (size_t i = 0; i < e->n; i++) {
        if (!e->fields[i].required || (request && e->fields[i].from != IN_BODY))
            continue;
        buf_put(out, str_of(comma));
        buf_json(out, str_of(e->fields[i].name));
        comma = ",";
    }
    if (*comma == ',' && comma[1] == '\0')
        buf_char(out, ']');
}

void schema_write(const struct entity *e, bool request, struct buf *out)
{
    bool first = true;
    buf_put(out, S("{\"type\":\"object\",\"properties\":{"));
    for (size_t i = 0; i < e->n; i++) {
        if (request && e->fields[i].from != IN_BODY)
            continue;
        if (!first)
            buf_char(out, ',');
        first = false;
        buf_put(out, e->fields[i].key);
        S_schema(&e->fields[i], request, out);
    }
    buf_char(out, '}');
    S_required(e, request, out);
    if (request)
        buf_put(out, S(",\"additionalProperties\":false"));
    buf_char(out, '}');
}

void schema_params(const struct entity *e, struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < e->n; i++) {
        const struct field *f = &e->fields[i];
        if (f->from == IN_BODY)
            continue;
        if (!first)
            buf_char(out, ',');
        first = false;
        buf_put(out, S("{\"name\":"));
        buf_json(out, str_of(f->name));
        buf_printf(out, ",\"in\":\"%s\",\"required\":%s", f->from == IN_PATH ? "path" : "query",
                   f->required ? "true" : "false");
        S_member(out, "description", str_of(f->doc ? f->doc : f->name));
        buf_put(out, S(",\"schema\":{"));
        S_type(f, true, out);
        buf_put(out, S("}}"));
    }
}
