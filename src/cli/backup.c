#include "cli/archive.h"
#include "cli/cli.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* database_backup tells its progress without an argument of ours. */
static struct progress progress;

static void S_progress(int64_t done, int64_t all)
{
    progress.all = all;
    progress_step(&progress, done);
}

struct backup {
    const char *data;
    char to[ARCHIVE_PATH];    /* the folder when it is complete */
    char draft[ARCHIVE_PATH]; /* until then */
    bool with_key;
    struct house h; /* for saying what is wrong */
};

static enum err S_database(struct backup *b, const char **what)
{
    char file[ARCHIVE_PATH];
    struct database *database = NULL;
    int64_t version = 0;
    *what = b->data;
    TRY(path_join(b->draft, ARCHIVE_DB, file));
    TRY(database_open(str_of(b->data), OPEN_READ_ONLY, &database, what));
    progress = progress_start("Backup", 0);
    enum err err = database_backup(database, str_of(file), S_progress);
    database_close(database);
    *what = b->draft;
    TRY(err);
    progress.done = progress.all;
    progress_end(&progress, "pages");
    TRY(path_sync(file));
    return database_check(str_of(file), &version, what);
}

static enum err S_key(const struct backup *b, const char **what)
{
    char keys[ARCHIVE_PATH], from[ARCHIVE_PATH], to[ARCHIVE_PATH];
    *what = "keys/master.key";
    if (!b->with_key)
        return OK;
    TRY(path_join(b->data, "keys", keys));
    TRY(path_join(keys, ARCHIVE_KEY, from));
    TRY(path_join(b->draft, ARCHIVE_KEY, to));
    return file_copy(from, to, NULL);
}

static enum err S_sums(struct backup *b, const char **what)
{
    static const char *const names[] = {ARCHIVE_DB, ARCHIVE_KEY};
    struct buf text = buf_new(4096);
    char path[ARCHIVE_PATH], sum[SUM_TEXT];
    enum err err = OK;
    *what = b->draft;
    for (size_t i = 0; err == OK && i < COUNT_OF(names) - !b->with_key; i++) {
        err = path_join(b->draft, names[i], path);
        if (err == OK)
            err = file_sum(path, sum);
        if (err == OK)
            buf_printf(&text, "%s  %s\n", sum, names[i]);
    }
    if (err == OK)
        err = path_join(b->draft, ARCHIVE_SUMS, path);
    if (err == OK)
        err = file_create(path, buf_str(&text));
    buf_free(&text);
    return err;
}

/* Under its own name only when nothing is missing any more, so that what has the name can be
 * restored. */
static enum err S_name(struct backup *b, const char **what)
{
    char parent[ARCHIVE_PATH];
    *what = b->to;
    TRY(path_sync(b->draft));
    if (rename(b->draft, b->to) != 0)
        return errno == EEXIST || errno == ENOTEMPTY ? ERR_CONFLICT : ERR_IO;
    TRY(path_join(b->to, "..", parent));
    return path_sync(parent);
}

/* What a backup that was broken off has left. */
static void S_clear(const struct backup *b)
{
    static const char *const names[] = {ARCHIVE_DB, ARCHIVE_DB "-journal", ARCHIVE_KEY,
                                        ARCHIVE_SUMS};
    char path[ARCHIVE_PATH];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (path_join(b->draft, names[i], path) == OK)
            unlink(path);
    }
    rmdir(b->draft);
}

static int S_write(struct backup *b)
{
    const char *what = b->draft;
    enum err err = mkdir(b->draft, 0700) == 0 ? OK : ERR_IO;
    if (err == OK)
        err = S_database(b, &what);
    if (err == OK)
        err = S_key(b, &what);
    if (err == OK)
        err = S_sums(b, &what);
    if (err == OK)
        err = S_name(b, &what);
    if (err != OK) {
        S_clear(b);
        return house_fault(&b->h, err, what);
    }
    printf("%s: 完整，已核对。 / Complete and checked.\n", b->to);
    if (b->with_key)
        puts("备份里有主密钥：谁拿到这个备份，谁就能读取其中的一切。 / The master key is in the "
             "backup: who has the backup can read all of it.");
    else
        printf("备份里没有主密钥，请另外保管 %s/keys/master.key，缺了它加密内容无法恢复。 / The "
               "master key is not in the backup: keep %s/keys/master.key apart from it. Without "
               "the key what is sealed is lost.\n",
               b->data, b->data);
    return EXIT_DONE;
}

int cli_backup(int argc, char **argv)
{
    struct backup b = {0};
    const char *words[1];
    size_t n = 0;
    bool help = false;
    struct stat there;
    const struct cli_option options[] = {{"data", &b.data, NULL}, {"with-key", NULL, &b.with_key}};
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 1 || !b.data)
        return cli_misuse("backup", "请给出备份文件夹和 --data。",
                          "Name the backup's folder, and --data.");
    size_t length = strlen(words[0]);
    while (length > 1 && words[0][length - 1] == '/')
        length--;
    if (length + sizeof ".partial" > ARCHIVE_PATH || sodium_init() < 0)
        return cli_misuse("backup", "文件夹名太长。", "The folder's name is too long.");
    snprintf(b.to, sizeof b.to, "%.*s", (int)length, words[0]);
    snprintf(b.draft, sizeof b.draft, "%.*s.partial", (int)length, words[0]);
    if (lstat(b.to, &there) == 0) {
        fprintf(stderr,
                "linli backup: %s: 已经存在，备份不覆盖任何东西。 / There is something of "
                "that name, and a backup overwrites nothing.\n",
                b.to);
        return EXIT_REFUSED;
    }
    S_clear(&b);
    return S_write(&b);
}
