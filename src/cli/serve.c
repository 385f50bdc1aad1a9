/* linli serve: the program, serving. */
#include "cli/cli.h"

#include "base/log.h"
#include "domain/modules.h"
#include "http/server.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOSTS_MAX = 16 };

struct serve_options {
    const char *data, *port, *address, *hosts, *clock, *workers, *throttle;
    bool quiet, secure, help;
};

static int S_serve(struct house *h, const struct serve_options *o, struct server_options *options)
{
    struct server *server = NULL;
    const char *why = NULL;
    enum err err = server_start(h->database, &h->world, &h->clock, modules, options, &server, &why);
    if (err != OK) {
        fprintf(stderr, "linli serve: %s\n", why ? why : "cannot start");
        return EXIT_FAILED;
    }
    printf("Linli serves at http://%s:%d\n", o->address, server_port(server));
    fflush(stdout);
    log_line(LOG_INFO, "serving", LOG_FIELDS(L_INT("port", server_port(server))));
    server_run(server);
    server_free(server);
    log_line(LOG_INFO, "stopped", NULL);
    return EXIT_DONE;
}

/* "a.example,b.example" into a list; what does not fit is left out and said. */
static size_t S_hosts(const char *text, struct str hosts[HOSTS_MAX])
{
    struct str rest = str_of(text);
    size_t n = 0;
    while (rest.p && n < HOSTS_MAX) {
        struct str host = str_trim(str_split(&rest, ','));
        if (host.n)
            hosts[n++] = host;
    }
    if (rest.p)
        fprintf(stderr, "linli serve: only the first %d hosts are used\n", HOSTS_MAX);
    return n;
}

int cli_serve(int argc, char **argv)
{
    struct serve_options o = {
        .data = "data", .port = "8080", .address = "127.0.0.1", .throttle = "120"};
    const struct cli_option options[] = {
        {.name = "data", .value = &o.data},         {.name = "port", .value = &o.port},
        {.name = "address", .value = &o.address},   {.name = "hosts", .value = &o.hosts},
        {.name = "clock", .value = &o.clock},       {.name = "workers", .value = &o.workers},
        {.name = "throttle", .value = &o.throttle}, {.name = "quiet", .flag = &o.quiet},
        {.name = "secure", .flag = &o.secure},
    };
    struct str hosts[HOSTS_MAX];
    int64_t port = 0, workers = 0, throttle = 0;
    size_t words = 0;
    int code = cli_options(argc, argv, options, COUNT_OF(options), NULL, 0, &words, &o.help);
    if (code != EXIT_DONE || o.help)
        return code;
    if (!str_int(str_of(o.port), &port) || port < 0 || port > 65535 ||
        (o.workers && (!str_int(str_of(o.workers), &workers) || workers < 1 || workers > 64))) {
        fprintf(stderr, "linli serve: --port is 0 to 65535, --workers 1 to 64\n");
        return EXIT_USAGE;
    }
    if (!str_int(str_of(o.throttle), &throttle) || throttle < 0 || throttle > 1000000) {
        fprintf(stderr, "linli serve: --throttle is 0 to 1000000 writes a minute\n");
        return EXIT_USAGE;
    }
    struct house house;
    code = house_open(o.data, &house);
    if (code != EXIT_DONE)
        return code;
    if (o.clock && clock_shifted(o.clock, &house.clock) != OK) {
        fprintf(stderr, "linli serve: --clock needs a file of 8 bytes\n");
        house_close(&house);
        return EXIT_USAGE;
    }
    struct server_options server = {.address = str_of(o.address),
                                    .port = (int)port,
                                    .hosts = hosts,
                                    .host_count = o.hosts ? S_hosts(o.hosts, hosts) : 0,
                                    .workers = (size_t)workers,
                                    .throttle = throttle,
                                    .quiet = o.quiet,
                                    .secure = o.secure};
    code = S_serve(&house, &o, &server);
    house_close(&house);
    return code;
}
