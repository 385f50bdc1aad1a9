/* linli routes, linli openapi: what the program answers to. */
#include "cli/cli.h"

#include "domain/modules.h"
#include "http/server.h"

#include <stdio.h>

enum { TEXT_CAP = 16 * 1024 * 1024 };

static void S_json(const struct route *r, const char *module, struct buf *out)
{
    buf_printf(out,
               "{\"op\":\"%s\",\"verb\":\"%s\",\"path\":\"%s\",\"module\":\"%s\",\"work\":\"%s\","
               "\"permission\":\"%s\",\"subject\":%s,\"status\":%d,\"body_max\":%zu,\"roles\":[",
               r->op, r->verb, r->path, module,
               r->work == COMMAND  ? "command"
               : r->work == STREAM ? "stream"
                                   : "query",
               perm_names[r->perm], r->reach ? "true" : "false", r->status,
               r->body_max ? r->body_max : BODY_MAX);
    const char *comma = "";
    for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++) {
        if (r->perm == PERM_SIGNED_IN || role_may((enum role)role, r->perm)) {
            buf_printf(out, "%s\"%s\"", comma, role_names[role]);
            comma = ",";
        }
    }
    buf_put(out, S("]}"));
}

static void S_all_json(struct buf *out)
{
    const char *comma = "[";
    for (size_t m = 0; modules[m]; m++) {
        for (size_t i = 0; i < modules[m]->n; i++) {
            buf_put(out, str_of(comma));
            comma = ",\n";
            S_json(&modules[m]->routes[i], modules[m]->name, out);
        }
    }
    buf_put(out, S("]\n"));
}

int cli_routes(int argc, char **argv)
{
    bool json = false, help = false;
    const struct cli_option options[] = {{.name = "json", .flag = &json}};
    size_t words = 0;
    int code = cli_options(argc, argv, options, COUNT_OF(options), NULL, 0, &words, &help);
    if (code != EXIT_DONE || help)
        return code;
    const char *fault = routes_check(modules);
    if (fault) {
        fprintf(stderr, "linli routes: 路由表有误。 / The route table is wrong: %s\n", fault);
        return EXIT_FAILED;
    }
    if (json) {
        struct buf out = buf_new(TEXT_CAP);
        S_all_json(&out);
        fwrite(out.p, 1, out.n, stdout);
        buf_free(&out);
        return EXIT_DONE;
    }
    for (size_t m = 0; modules[m]; m++) {
        for (size_t i = 0; i < modules[m]->n; i++) {
            const struct route *r = &modules[m]->routes[i];
            printf("%-7s %-38s %-20s %-14s %s\n", r->verb, r->path, r->op, perm_names[r->perm],
                   modules[m]->source);
        }
    }
    return EXIT_DONE;
}

int cli_openapi(int argc, char **argv)
{
    bool help = false;
    size_t words = 0;
    int code = cli_options(argc, argv, NULL, 0, NULL, 0, &words, &help);
    if (code != EXIT_DONE || help)
        return code;
    struct buf out = buf_new(TEXT_CAP);
    openapi_write(modules, &out);
    fwrite(out.p, 1, out.n, stdout);
    fputc('\n', stdout);
    buf_free(&out);
    return EXIT_DONE;
}
