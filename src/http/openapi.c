/* OpenAPI 3.1, made from the route table. */
#include "http/request.h"

#include "entity/schema.h"

enum { SCHEMAS_MAX = 256 };

struct seen {
    const struct entity *entities[SCHEMAS_MAX];
    size_t n;
};

/* The entity and all it refers to, each once. */
static void S_collect(struct seen *seen, const struct entity *e)
{
    for (size_t i = 0; i < seen->n; i++) {
        if (seen->entities[i] == e)
            return;
    }
    if (seen->n == SCHEMAS_MAX)
        return;
    seen->entities[seen->n++] = e;
    for (size_t i = 0; i < e->n; i++) {
        if (e->fields[i].of)
            S_collect(seen, e->fields[i].of);
    }
}

static bool S_has(const struct entity *e, bool body)
{
    for (size_t i = 0; e && i < e->n; i++) {
        if ((e->fields[i].from == IN_BODY) == body)
            return true;
    }
    return false;
}

static void S_body(const struct route *r, struct buf *out)
{
    if (!S_has(r->in, true))
        return;
    buf_put(out, S(",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":"
                   "{\"schema\":"));
    schema_write(r->in, true, out);
    buf_put(out, S("}}}"));
}

static void S_parameters(const struct route *r, struct buf *out)
{
    buf_put(out, S(",\"parameters\":["));
    if (S_has(r->in, false)) {
        schema_params(r->in, out);
        buf_char(out, ',');
    }
    if (r->work == COMMAND)
        buf_put(out, S("{\"$ref\":\"#/components/parameters/IdempotencyKey\"},"));
    if (r->work == STREAM)
        buf_put(out, S("{\"$ref\":\"#/components/parameters/LastEventId\"},"));
    buf_put(out, S("{\"$ref\":\"#/components/parameters/Hat\"}]"));
}

static void S_success(const struct route *r, struct buf *out)
{
    buf_printf(out, "\"%d\":{\"description\":\"%s\"", r->status,
               r->status == 201   ? "Made."
               : r->status == 204 ? "Done; nothing to say."
                                  : "The answer.");
    if (r->page) {
        buf_printf(out,
                   ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
                   "\"required\":[\"items\"],\"properties\":{\"items\":{\"type\":\"array\","
                   "\"items\":{\"$ref\":\"#/components/schemas/%s\"}},\"next\":{\"type\":"
                   "\"string\",\"description\":\"Cursor of the next page.\"}}}}}",
                   r->out->name);
    } else if (route_is_text(r)) {
        buf_put(out, S(",\"content\":{"));
        buf_json(out, str_of(r->media));
        buf_put(out, S(":{\"schema\":{\"type\":\"string\"}}}"));
    } else if (r->work == STREAM) {
        buf_printf(out,
                   ",\"content\":{\"text/event-stream\":{\"schema\":{\"type\":\"string\","
                   "\"description\":\"Server-Sent Events named %s; the data of each is a %s.\","
                   "\"contentMediaType\":\"application/json\",\"contentSchema\":{\"$ref\":"
                   "\"#/components/schemas/%s\"}}}}",
                   r->feed->name, r->out->name, r->out->name);
    } else if (r->out) {
        buf_printf(out,
                   ",\"content\":{\"%s\":{\"schema\":{\"$ref\":"
                   "\"#/components/schemas/%s\"}}}",
                   r->media ? r->media : "application/json", r->out->name);
    }
    buf_char(out, '}');
}

static void S_operation(const struct module *m, const struct route *r, struct buf *out)
{
    buf_put(out, S("{\"operationId\":"));
    buf_json(out, str_of(r->op));
    buf_put(out, S(",\"tags\":["));
    buf_json(out, str_of(m->name));
    buf_put(out, S("],\"summary\":"));
    buf_json(out, str_of(r->doc));
    buf_put(out, S(",\"description\":"));
    buf_json(out, str_of(r->doc));
    buf_put(out, S(",\"x-permission\":"));
    buf_json(out, str_of(perm_names[r->perm]));
    if (r->perm == PERM_PUBLIC)
        buf_put(out, S(",\"security\":[]"));
    S_parameters(r, out);
    S_body(r, out);
    buf_put(out, S(",\"responses\":{"));
    S_success(r, out);
    buf_put(out, S(",\"4XX\":{\"$ref\":\"#/components/responses/Problem\"},"
                   "\"5XX\":{\"$ref\":\"#/components/responses/Problem\"}}}"));
}

/* Rows of one path stand together under it, wherever they stand in the table. */
static void S_path(const struct module *const *modules, const char *path, struct buf *out)
{
    bool first = true;
    buf_json(out, str_of(path));
    buf_put(out, S(":{"));
    for (size_t m = 0; modules[m]; m++) {
        for (size_t i = 0; i < modules[m]->n; i++) {
            const struct route *r = &modules[m]->routes[i];
            if (!str_eq(str_of(r->path), str_of(path)))
                continue;
            buf_put(out, first ? S("\"") : S(",\""));
            first = false;
            for (const char *c = r->verb; *c; c++)
                buf_char(out, (char)(*c | 0x20));
            buf_put(out, S("\":"));
            S_operation(modules[m], r, out);
        }
    }
    buf_char(out, '}');
}

static bool S_first_of_path(const struct module *const *modules, size_t module, size_t row)
{
    struct str path = str_of(modules[module]->routes[row].path);
    for (size_t m = 0; m <= module; m++) {
        for (size_t i = 0; i < (m == module ? row : modules[m]->n); i++) {
            if (str_eq(path, str_of(modules[m]->routes[i].path)))
                return false;
        }
    }
    return true;
}

static void S_paths(const struct module *const *modules, struct buf *out)
{
    bool first = true;
    for (size_t m = 0; modules[m]; m++) {
        for (size_t i = 0; i < modules[m]->n; i++) {
            if (!S_first_of_path(modules, m, i))
                continue;
            if (!first)
                buf_char(out, ',');
            first = false;
            S_path(modules, modules[m]->routes[i].path, out);
        }
    }
}

static void S_schemas(const struct module *const *modules, struct buf *out)
{
    struct seen seen = {0};
    for (size_t m = 0; modules[m]; m++) {
        for (size_t i = 0; i < modules[m]->n; i++) {
            const struct route *r = &modules[m]->routes[i];
            if (r->out && !route_is_text(r))
                S_collect(&seen, r->out);
            for (size_t f = 0; r->in && f < r->in->n; f++) {
                if (r->in->fields[f].of)
                    S_collect(&seen, r->in->fields[f].of);
            }
        }
    }
    for (size_t i = 0; i < seen.n; i++) {
        buf_json(out, str_of(seen.entities[i]->name));
        buf_char(out, ':');
        schema_write(seen.entities[i], false, out);
        buf_char(out, ',');
    }
}

static const char components[] =
    "\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457 problem document.\","
    "\"required\":[\"type\",\"status\",\"title\",\"title_zh\",\"title_en\",\"errors\"],"
    "\"properties\":{\"type\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
    "\"title\":{\"type\":\"string\"},\"title_zh\":{\"type\":\"string\"},"
    "\"title_en\":{\"type\":\"string\"},\"more\":{\"type\":\"integer\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"required\":[\"field\",\"code\",\"zh\",\"en\"],\"properties\":{"
    "\"field\":{\"type\":\"string\",\"description\":\"JSON pointer, or the name of a parameter.\"},"
    "\"code\":{\"type\":\"string\"},\"zh\":{\"type\":\"string\"},\"en\":{\"type\":\"string\"},"
    "\"allowed\":{\"type\":\"string\"}}}}}}},"
    "\"responses\":{\"Problem\":{\"description\":\"What was wrong, in Chinese and English.\","
    "\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":"
    "\"#/components/schemas/Problem\"}}}}},"
    "\"parameters\":{\"IdempotencyKey\":{\"name\":\"Idempotency-Key\",\"in\":\"header\","
    "\"required\":true,\"description\":\"Chosen by the client, one per write: the same key with "
    "the same request gives the same answer.\",\"schema\":{\"type\":\"string\",\"minLength\":16,"
    "\"maxLength\":128}},\"LastEventId\":{\"name\":\"Last-Event-ID\",\"in\":\"header\","
    "\"required\":false,\"description\":\"The last event that arrived: what came after it is told "
    "first. An EventSource sends it by itself.\",\"schema\":{\"type\":\"string\",\"pattern\":"
    "\"^[0-9]{1,18}$\"}},\"Hat\":{\"name\":\"Linli-Hat\",\"in\":\"header\",\"required\":false,"
    "\"description\":\"The hat to act under, when one has several.\",\"schema\":{\"type\":"
    "\"string\",\"pattern\":\"^[1-9][0-9]{0,18}$\"}}},"
    "\"securitySchemes\":{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\","
    "\"name\":\"linli_session\"},\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}";

void openapi_write(const struct module *const *modules, struct buf *out)
{
    buf_put(out,
            S("{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Linli 邻里\",\"version\":\"0.1.0\","
              "\"description\":\"Grassroots community governance and service.\","
              "\"contact\":{\"name\":\"Linli\",\"url\":\"https://linli.example/\"},"
              "\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}},"
              "\"servers\":[{\"url\":\"/\",\"description\":\"This server.\"}],"
              "\"security\":[{\"session\":[]},{\"bearer\":[]}],\"tags\":["));
    for (size_t m = 0; modules[m]; m++) {
        buf_put(out, m ? S(",{\"name\":") : S("{\"name\":"));
        buf_json(out, str_of(modules[m]->name));
        buf_put(out, S(",\"description\":"));
        buf_json(out, str_of(modules[m]->doc));
        buf_char(out, '}');
    }
    buf_put(out, S("],\"paths\":{"));
    S_paths(modules, out);
    buf_put(out, S("},\"components\":{\"schemas\":{"));
    S_schemas(modules, out);
    buf_put(out, (struct str){components, sizeof components - 1});
    buf_put(out, S("}}"));
}
