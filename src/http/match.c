#include "http/request.h"

#include <stdlib.h>

struct segment {
    struct str text; /* without braces */
    bool param;
};

struct compiled_route {
    const struct route *route;
    struct segment segments[SEGMENTS_MAX];
    size_t n;
};

struct compiled {
    size_t n;
    struct compiled_route routes[];
};

static size_t S_segments(struct str path, struct str ret[SEGMENTS_MAX + 1])
{
    size_t n = 0;
    if (path.n && path.p[0] == '/')
        path = (struct str){path.p + 1, path.n - 1};
    while (path.p && n <= SEGMENTS_MAX)
        ret[n++] = str_split(&path, '/');
    return n;
}

struct compiled *routes_compile(const struct module *const *modules)
{
    size_t count = 0;
    for (size_t m = 0; modules[m]; m++)
        count += modules[m]->n;
    struct compiled *c = calloc(1, sizeof *c + count * sizeof c->routes[0]);
    for (size_t m = 0; c && modules[m]; m++) {
        for (size_t i = 0; i < modules[m]->n; i++) {
            struct compiled_route *to = &c->routes[c->n++];
            struct str parts[SEGMENTS_MAX + 1];
            to->route = &modules[m]->routes[i];
            to->n = S_segments(str_of(to->route->path), parts);
            for (size_t k = 0; k < to->n && k < SEGMENTS_MAX; k++) {
                bool param = parts[k].n > 2 && parts[k].p[0] == '{';
                to->segments[k] = param ? (struct segment){{parts[k].p + 1, parts[k].n - 2}, true}
                                        : (struct segment){parts[k], false};
            }
        }
    }
    return c;
}

void routes_free(struct compiled *c)
{
    free(c);
}

static bool S_fits(const struct compiled_route *r, const struct str *parts, size_t n)
{
    if (r->n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (r->segments[i].param ? parts[i].n == 0 : !str_eq(r->segments[i].text, parts[i]))
            return false;
    }
    return true;
}

const struct route *routes_match(const struct compiled *c, struct str verb, struct str path,
                                 struct request *q, struct buf *allow)
{
    struct str parts[SEGMENTS_MAX + 1];
    size_t n = S_segments(path, parts);
    for (size_t i = 0; i < c->n; i++) {
        const struct compiled_route *r = &c->routes[i];
        if (!S_fits(r, parts, n))
            continue;
        if (!str_eq(str_of(r->route->verb), verb)) {
            buf_put(allow, allow->n ? S(", ") : S(""));
            buf_put(allow, str_of(r->route->verb));
            continue;
        }
        for (size_t k = 0; k < n; k++) {
            if (r->segments[k].param && q->param_count < PARAMS_MAX_)
                q->params[q->param_count++] =
                    (struct param){.name = r->segments[k].text, .value = parts[k], .from = IN_PATH};
        }
        return r->route;
    }
    return NULL;
}

static bool S_has_id(const struct route *r)
{
    return str_has(str_of(r->path), S("{id}"));
}

static const char *S_route_fault(const struct route *r)
{
    if (!r->op || !r->verb || !r->path || !r->doc ||
        !(r->work == STREAM ? r->feed && r->in : r->fn != NULL))
        return "a route lacks its operationId, verb, path, function or doc";
    if (r->perm == PERM_NONE || r->perm >= PERM_COUNT)
        return r->op;
    if (S_has_id(r) && (!r->reach || !r->in || !r->in->n || r->in->fields[0].off != 0 ||
                        r->in->fields[0].type != T_ID))
        return r->op;
    if (r->status != 200 && r->status != 201 && r->status != 204)
        return r->op;
    if ((r->status == 204) != !r->out || (r->work != COMMAND) != str_eq(str_of(r->verb), S("GET")))
        return r->op;
    return NULL;
}

const char *routes_check(const struct module *const *modules)
{
    for (size_t m = 0; modules[m]; m++) {
        for (size_t i = 0; i < modules[m]->n; i++) {
            const struct route *r = &modules[m]->routes[i];
            const char *fault = S_route_fault(r);
            if (fault)
                return fault;
            for (size_t k = 0; k < i; k++) {
                if (str_eq(str_of(modules[m]->routes[k].op), str_of(r->op)))
                    return r->op;
            }
        }
    }
    return NULL;
}
