#include "cli/cli.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    HOUSE_ARENA = 256 << 20,
    BAR_WIDTH = 30,
    BAR_EVERY_US = 100000,
    LINE_EVERY_US = 5000000,
    READ_SIZE = 64 * 1024
};

/* --- Options --- */

int cli_misuse(const char *command, const char *zh, const char *en)
{
    fprintf(stderr, "linli %s: %s / %s\n", command, zh, en);
    fprintf(stderr, "linli %s --help\n", command);
    return EXIT_USAGE;
}

static int S_option_fault(const char *command, struct str name, const char *zh, const char *en)
{
    fprintf(stderr, "linli %s: --" STR_F ": %s / %s\n", command, STR_A(name), zh, en);
    fprintf(stderr, "linli %s --help\n", command);
    return EXIT_USAGE;
}

/* One `--name`, `--name=value` or `--name value`; *i moves over a value that is a word of its own.
 */
static int S_option(int argc, char **argv, int *i, const struct cli_option *options, size_t n)
{
    const char *text = argv[*i] + 2, *equals = strchr(text, '=');
    struct str name = {text, equals ? (size_t)(equals - text) : strlen(text)};
    size_t at = 0;
    while (at < n && !str_eq(str_of(options[at].name), name))
        at++;
    if (at == n)
        return S_option_fault(argv[0], name, "没有这个选项。", "There is no such option.");
    if (options[at].flag && equals)
        return S_option_fault(argv[0], name, "这个选项不带值。", "The option takes no value.");
    if (options[at].flag) {
        *options[at].flag = true;
        return EXIT_DONE;
    }
    const char *value = equals ? equals + 1 : NULL;
    if (!equals && *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0)
        value = argv[++*i];
    if (!value || !*value)
        return S_option_fault(argv[0], name, "这个选项要带一个值。", "The option needs a value.");
    *options[at].value = value;
    return EXIT_DONE;
}

int cli_options(int argc, char **argv, const struct cli_option *options, size_t n,
                const char **words, size_t words_max, size_t *word_count, bool *help)
{
    bool only_words = false;
    *word_count = 0;
    *help = false;
    for (int i = 1; i < argc; i++) {
        const char *s = argv[i];
        if (!only_words && strcmp(s, "--") == 0) {
            only_words = true;
        } else if (!only_words && (strcmp(s, "--help") == 0 || strcmp(s, "-h") == 0)) {
            const struct cli_command *command = cli_find(argv[0]);
            fputs(command ? command->usage : "", stdout);
            *help = true;
            return EXIT_DONE;
        } else if (!only_words && strncmp(s, "--", 2) == 0) {
            int code = S_option(argc, argv, &i, options, n);
            if (code != EXIT_DONE)
                return code;
        } else if (!only_words && s[0] == '-' && s[1]) {
            return cli_misuse(argv[0], "选项以两个短横开头。", "Options begin with two dashes.");
        } else if (*word_count == words_max) {
            return cli_misuse(argv[0], "参数太多。", "Too many arguments.");
        } else {
            words[(*word_count)++] = s;
        }
    }
    return EXIT_DONE;
}

/* --- Words --- */

static const char *S_err_name(enum err err)
{
    static const char *const names[] = {
        [OK] = "ok",
        [ERR_INVALID] = "内容不对 / invalid",
        [ERR_MALFORMED] = "无法读懂 / malformed",
        [ERR_METHOD] = "方法不对 / wrong method",
        [ERR_UNAUTHENTICATED] = "没有登录 / not signed in",
        [ERR_DENIED] = "被拒绝 / denied",
        [ERR_FORBIDDEN] = "没有权限 / forbidden",
        [ERR_NOT_FOUND] = "找不到 / not found",
        [ERR_CONFLICT] = "有冲突 / conflict",
        [ERR_TOO_LARGE] = "太大 / too large",
        [ERR_TOO_MANY] = "太多 / too many",
        [ERR_BUSY] = "正忙 / busy",
        [ERR_STORE] = "数据库出错 / the database refused",
        [ERR_MEMORY] = "内存不足 / out of memory",
        [ERR_IO] = "读写失败 / reading or writing failed",
    };
    return (size_t)err < COUNT_OF(names) && names[err] ? names[err] : "未知错误 / unknown error";
}

int house_fault(const struct house *h, enum err err, const char *what)
{
    const struct problem *p = &h->problem;
    if (p->count == 0)
        fprintf(stderr, "linli: %s: %s\n", what, S_err_name(err));
    for (size_t i = 0; i < p->count && i < PROBLEM_MAX; i++) {
        const struct fault *f = &p->faults[i];
        fprintf(stderr, "linli: %s: " STR_F "%s" STR_F " / " STR_F "\n", what, STR_A(f->field),
                f->field.n ? ": " : "", STR_A(f->zh), STR_A(f->en));
    }
    if (p->count > PROBLEM_MAX)
        fprintf(stderr, "linli: %s: … +%zu\n", what, p->count - PROBLEM_MAX);
    bool refused =
        err == ERR_INVALID || err == ERR_MALFORMED || err == ERR_TOO_LARGE || err == ERR_CONFLICT;
    return refused ? EXIT_REFUSED : EXIT_FAILED;
}

void file_fault(const char *path, int64_t line, int64_t column, struct str zh, struct str en)
{
    fprintf(stderr, "%s:", path);
    if (line)
        fprintf(stderr, "%lld:", (long long)line);
    if (line && column)
        fprintf(stderr, "%lld:", (long long)column);
    fprintf(stderr, " " STR_F " / " STR_F "\n", STR_A(zh), STR_A(en));
}

/* --- The house --- */

/* Is keys/master.key there? Without records that it has sealed, a new one may be made. */
static int S_key_there(struct house *h, const char *folder)
{
    char path[4096];
    int64_t county = 0;
    enum err err = store_int(&h->db, "SELECT county FROM county WHERE key IS NOT NULL LIMIT 1",
                             NO_ARGS, &county);
    if (err == ERR_NOT_FOUND)
        return EXIT_DONE;
    if (err != OK)
        return house_fault(h, err, folder);
    if (snprintf(path, sizeof path, "%s/keys/master.key", folder) < (int)sizeof path &&
        access(path, F_OK) == 0)
        return EXIT_DONE;
    fprintf(stderr,
            "linli: %s: 缺少 keys/master.key，没有它已加密的内容无法读取。请放回备份时另存的密钥。 "
            "/ keys/master.key is missing, and what is sealed cannot be read without it. Put back "
            "the key that was kept apart from the backup.\n",
            folder);
    return EXIT_REFUSED;
}

/* Asking for a new key unwraps the county's, and stores nothing. */
int house_key_fits(struct house *h, const char *folder)
{
    unsigned char key[KEY_SIZE];
    struct str wrapped = NO_STR;
    int64_t county = 0;
    enum err err = store_int(&h->db, "SELECT county FROM county WHERE key IS NOT NULL LIMIT 1",
                             NO_ARGS, &county);
    if (err == ERR_NOT_FOUND)
        return EXIT_DONE;
    if (err == OK)
        err = vault_new_key(&h->db, county, key, &wrapped);
    explicit_bzero(key, sizeof key);
    if (err == OK)
        return EXIT_DONE;
    fprintf(stderr,
            "linli: %s: keys/master.key 不是这个数据库的密钥。 / keys/master.key is not the key of "
            "this database.\n",
            folder);
    return EXIT_REFUSED;
}

static int S_house(const char *folder, struct house *h)
{
    const char *why = "内存不足。 / Out of memory.";
    h->arena = arena_new(HOUSE_ARENA);
    enum err err = h->arena ? OK : ERR_MEMORY;
    if (err == OK)
        err = database_open(str_of(folder), OPEN_OWN, &h->database, &why);
    if (err == OK)
        err = database_migrate(h->database, &why);
    if (err == OK) {
        h->db = (struct store){.conn = database_writer(h->database),
                               .arena = h->arena,
                               .problem = &h->problem,
                               .now = clock_now(&h->clock),
                               .world = &h->world,
                               .note = &h->note};
        int code = S_key_there(h, folder);
        if (code != EXIT_DONE)
            return code;
        err = vault_open(str_of(folder), &h->vault, &why);
    }
    if (err == OK)
        err = world_load(&h->db, h->vault, &h->world, &why);
    if (err == OK)
        return house_key_fits(h, folder);
    fprintf(stderr, "linli: %s: %s (%s)\n", folder, why, S_err_name(err));
    return EXIT_FAILED;
}

int house_open(const char *folder, struct house *ret)
{
    *ret = (struct house){0};
    int code = S_house(folder, ret);
    if (code != EXIT_DONE)
        house_close(ret);
    return code;
}

int house_enter(const char *folder, struct house *ret)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/linli.db", folder) < (int)sizeof path &&
        access(path, F_OK) == 0)
        return house_open(folder, ret);
    fprintf(stderr,
            "linli: %s: 这里没有邻里的数据，请用 --data 指明数据文件夹。\n"
            "linli: %s: there is no Linli data here; say where with --data.\n",
            folder, folder);
    return EXIT_FAILED;
}

void house_close(struct house *h)
{
    world_free(&h->world);
    vault_close(h->vault);
    database_close(h->database);
    arena_free(h->arena);
    *h = (struct house){0};
}

/* --- Progress --- */

struct progress progress_start(const char *what, int64_t all)
{
    int64_t now = clock_ticks();
    return (struct progress){.what = what,
                             .all = all,
                             .shown_at = now,
                             .started_at = now,
                             .tty = isatty(STDERR_FILENO) == 1};
}

static void S_bar(const struct progress *p)
{
    char bar[BAR_WIDTH + 1];
    int64_t done = p->done < p->all ? p->done : p->all;
    int full = (int)(done * BAR_WIDTH / p->all);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)full);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%s [%s] %3d%% %lld/%lld", p->what, bar, (int)(done * 100 / p->all),
            (long long)p->done, (long long)p->all);
    fflush(stderr);
}

void progress_step(struct progress *p, int64_t done)
{
    int64_t now = clock_ticks();
    p->done = done;
    if (now - p->shown_at < (p->tty ? BAR_EVERY_US : LINE_EVERY_US))
        return;
    p->shown_at = now;
    if (p->tty && p->all > 0)
        S_bar(p);
    else if (p->all > 0)
        fprintf(stderr, "%s: %lld/%lld\n", p->what, (long long)done, (long long)p->all);
    else
        fprintf(stderr, p->tty ? "\r%s: %lld" : "%s: %lld\n", p->what, (long long)done);
}

void progress_end(struct progress *p, const char *unit)
{
    if (p->tty)
        fputs("\r\033[K", stderr);
    printf("%s: %lld %s, %.1f s\n", p->what, (long long)p->done, unit,
           (double)(clock_ticks() - p->started_at) / 1e6);
}

/* --- Files --- */

enum err file_read(const char *path, size_t max, struct arena *a, struct str *ret)
{
    char piece[READ_SIZE];
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    struct buf all = buf_new(max);
    do {
        got = read(fd, piece, sizeof piece);
        if (got > 0)
            buf_put(&all, (struct str){piece, (size_t)got});
    } while ((got > 0 && !all.full) || (got < 0 && errno == EINTR));
    close(fd);
    enum err err = got < 0 ? ERR_IO : all.full ? ERR_TOO_LARGE : OK;
    if (err == OK) {
        *ret = arena_str(a, all.n ? buf_str(&all) : S(""));
        err = ret->p ? OK : ERR_MEMORY;
    }
    buf_free(&all);
    return err;
}
