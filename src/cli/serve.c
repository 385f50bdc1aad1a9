/* linli serve: the program, serving. */
#include "cli/cli.h"

#include "base/log.h"
#include "domain/modules.h"
#include "http/server.h"
#include "port/deliver.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOSTS_MAX = 16 };

struct serve_options {
    const char *data, *port, *address, *hosts, *clock, *workers, *throttle;
    bool quiet, secure, check, help;
};

/* ---- what would be in the way ---- */

/* Could somebody listen there? What is no plain address is left to the server to refuse. */
static bool S_port_free(const char *address, const char *port)
{
    const struct addrinfo plain = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    const int on = 1;
    struct addrinfo *at = NULL;
    if (getaddrinfo(address, port, &plain, &at) != 0)
        return true;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                 bind(fd, at->ai_addr, at->ai_addrlen) != 0 && errno == EADDRINUSE;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(at);
    return !taken;
}

/* Is a folder with data held by another process? One that is not there yet is not made. */
static bool S_folder_held(const char *folder, const char **why)
{
    char path[4096];
    struct database *database = NULL;
    if (snprintf(path, sizeof path, "%s/linli.db", folder) >= (int)sizeof path ||
        access(path, F_OK) != 0)
        return false;
    bool held = database_open(str_of(folder), OPEN_OWN, &database, why) == ERR_CONFLICT;
    database_close(database);
    return held;
}

/* Looked at before the folder is loaded, which takes long when there is much in it. */
static int S_free(const struct serve_options *o)
{
    const char *why = "";
    bool port = S_port_free(o->address, o->port), held = S_folder_held(o->data, &why);
    if (port && !held)
        return EXIT_DONE;
    if (port)
        fprintf(stderr, "linli: %s: %s\n", o->data, why);
    else if (held)
        fprintf(stderr,
                "linli: 邻里已经在运行，打开 http://%s:%s 就可以。 / Linli is running already: "
                "open http://%s:%s.\n",
                o->address, o->port, o->address, o->port);
    else
        fprintf(stderr,
                "linli: 端口 %s 已被别的程序占用，请换一个：PORT=8081 make run，或 linli serve "
                "--port 8081。 / Another program uses port %s. Choose another: PORT=8081 make run, "
                "or linli serve --port 8081.\n",
                o->port, o->port);
    return EXIT_FAILED;
}

/* ---- serving ---- */

static void S_stop_delivery(void *arg)
{
    deliver_stop(arg);
}

static int S_serve(struct house *h, const struct serve_options *o, struct server_options *options)
{
    const struct deliver_options delivery = {
        .database = h->database, .world = &h->world, .clock = &h->clock, .folder = str_of(o->data)};
    struct deliver *deliver = NULL;
    struct server *server = NULL;
    const char *why = NULL;
    enum err err = deliver_open(&delivery, &deliver, &why);
    if (err == OK)
        err = server_start(h->database, &h->world, &h->clock, modules, options, &server, &why);
    if (err == OK)
        err = deliver_start(deliver, server_writer(server));
    if (err != OK) {
        fprintf(stderr, "linli serve: %s\n", why ? why : "启动不了。 / It cannot start.");
        deliver_stop(deliver);
        server_free(server);
        return EXIT_FAILED;
    }
    server_on_end(server, S_stop_delivery, deliver);
    printf("邻里已启动 / Linli serves at http://%s:%d\n", o->address, server_port(server));
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
        fprintf(stderr, "linli serve: 只用前 %d 个主机名。 / Only the first %d hosts are used.\n",
                HOSTS_MAX, HOSTS_MAX);
    return n;
}

static int S_numbers(const struct serve_options *o, struct server_options *ret)
{
    int64_t port = 0, workers = 0, throttle = 0;
    if (!str_int(str_of(o->port), &port) || port < 0 || port > 65535 ||
        (o->workers && (!str_int(str_of(o->workers), &workers) || workers < 1 || workers > 64)))
        return cli_misuse("serve", "--port 是 0 到 65535，--workers 是 1 到 64。",
                          "--port is 0 to 65535, --workers 1 to 64.");
    if (!str_int(str_of(o->throttle), &throttle) || throttle < 0 || throttle > 1000000)
        return cli_misuse("serve", "--throttle 是每分钟 0 到 1000000 次写入。",
                          "--throttle is 0 to 1000000 writes a minute.");
    ret->port = (int)port;
    ret->workers = (size_t)workers;
    ret->throttle = throttle;
    return EXIT_DONE;
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
        {.name = "secure", .flag = &o.secure},      {.name = "check", .flag = &o.check},
    };
    struct server_options server = {0};
    struct str hosts[HOSTS_MAX];
    size_t words = 0;
    int code = cli_options(argc, argv, options, COUNT_OF(options), NULL, 0, &words, &o.help);
    if (code != EXIT_DONE || o.help)
        return code;
    code = S_numbers(&o, &server);
    if (code != EXIT_DONE)
        return code;
    struct house house;
    code = S_free(&o);
    if (code != EXIT_DONE || o.check)
        return code;
    code = house_open(o.data, &house);
    if (code != EXIT_DONE)
        return code;
    if (o.clock && clock_shifted(o.clock, &house.clock) != OK) {
        house_close(&house);
        return cli_misuse("serve", "--clock 要一个 8 字节的文件。",
                          "--clock needs a file of 8 bytes.");
    }
    server.address = str_of(o.address);
    server.hosts = hosts;
    server.host_count = o.hosts ? S_hosts(o.hosts, hosts) : 0;
    server.quiet = o.quiet;
    server.secure = o.secure;
    code = S_serve(&house, &o, &server);
    house_close(&house);
    return code;
}
