#include "cli/archive.h"
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA = 16 << 20, SUMS_MAX = 64 * 1024 };

#define STAGE "restore.partial"

static struct progress progress; /* file_copy tells its progress without an argument of ours */

static void S_progress(int64_t done)
{
    progress_step(&progress, done);
}

/* Everything is copied and checked in a folder inside the new one, which may be a mount point, and
 * moved to its place at the end: the database last, so that where it is, all is. */
struct restore {
    const char *from, *data, *key; /* key NULL: that of the backup, if any */
    char stage[ARCHIVE_PATH], keys[ARCHIVE_PATH], db[ARCHIVE_PATH], master[ARCHIVE_PATH];
    struct str sums;
    bool with_key;
    struct house h; /* for its arena and for saying what is wrong */
};

static int S_refuse(const char *path, const char *zh, const char *en)
{
    file_fault(path, 0, 0, str_of(zh), str_of(en));
    return EXIT_REFUSED;
}

/* A file of the backup has the sum that is written down for it. */
static int S_sum(struct restore *r, const char *name, const char *path)
{
    char sum[SUM_TEXT];
    enum err err = file_sum(path, sum);
    if (err != OK)
        return house_fault(&r->h, err, path);
    if (!str_eq(sums_find(r->sums, name), str_of(sum)))
        return S_refuse(path, "校验和不符，文件已经损坏或被改动。",
                        "Its sum is not that of SHA256SUMS: the file is damaged or altered.");
    return EXIT_DONE;
}

static int S_database_check(const char *path)
{
    const char *why = "";
    int64_t version = 0;
    if (database_check(str_of(path), &version, &why) == OK)
        return EXIT_DONE;
    fprintf(stderr, "%s: %s\n", path, why);
    return EXIT_REFUSED;
}

static int S_check_backup(struct restore *r)
{
    char path[ARCHIVE_PATH];
    enum err err = path_join(r->from, ARCHIVE_SUMS, path);
    if (err == OK)
        err = file_read(path, SUMS_MAX, r->h.arena, &r->sums);
    if (err == ERR_NOT_FOUND)
        return S_refuse(r->from, "不是完整的备份：没有 SHA256SUMS。",
                        "Not a complete backup: it has no SHA256SUMS.");
    if (err == OK)
        err = path_join(r->from, ARCHIVE_KEY, path);
    if (err != OK)
        return house_fault(&r->h, err, path);
    r->with_key = r->key || sums_find(r->sums, ARCHIVE_KEY).p;
    if (!r->key && r->with_key) {
        int code = S_sum(r, ARCHIVE_KEY, path);
        if (code != EXIT_DONE)
            return code;
    }
    err = path_join(r->from, ARCHIVE_DB, path);
    int code = err == OK ? S_sum(r, ARCHIVE_DB, path) : house_fault(&r->h, err, path);
    return code == EXIT_DONE ? S_database_check(path) : code;
}

/* What a restore that was broken off has left. */
static void S_clear(const struct restore *r)
{
    unlink(r->master);
    rmdir(r->keys);
    unlink(r->db);
    rmdir(r->stage);
}

static int S_folder(struct restore *r)
{
    static const char *const may[] = {".", "..", "lost+found", STAGE};
    bool empty = true;
    if (mkdir(r->data, 0700) != 0 && errno != EEXIST)
        return house_fault(&r->h, ERR_IO, r->data);
    DIR *dir = opendir(r->data);
    if (!dir)
        return house_fault(&r->h, ERR_IO, r->data);
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) { // NOLINT(concurrency-*)
        bool fine = false;
        for (size_t i = 0; i < COUNT_OF(may); i++)
            fine = fine || strcmp(e->d_name, may[i]) == 0;
        empty = empty && fine;
    }
    closedir(dir);
    if (!empty)
        return S_refuse(r->data, "文件夹不是空的，恢复不覆盖任何东西。",
                        "The folder is not empty, and restoring overwrites nothing.");
    S_clear(r);
    return EXIT_DONE;
}

static enum err S_copy(struct restore *r, const char **what)
{
    char path[ARCHIVE_PATH];
    struct stat size;
    *what = r->stage;
    if (mkdir(r->stage, 0700) != 0 || mkdir(r->keys, 0700) != 0)
        return ERR_IO;
    *what = r->from;
    TRY(path_join(r->from, ARCHIVE_DB, path));
    if (stat(path, &size) != 0)
        return ERR_IO;
    progress = progress_start("Restore", size.st_size);
    *what = r->db;
    TRY(file_copy(path, r->db, S_progress));
    progress.done = size.st_size;
    progress_end(&progress, "bytes");
    if (!r->with_key)
        return OK;
    *what = r->master;
    TRY(path_join(r->from, ARCHIVE_KEY, path));
    return file_copy(r->key ? r->key : path, r->master, NULL);
}

/* The copy's own sum and structure, and whether the key is the one it was sealed with. */
static int S_check_copy(struct restore *r)
{
    struct house *h = &r->h;
    struct conn *conn = NULL;
    const char *why = r->stage;
    int code = S_sum(r, ARCHIVE_DB, r->db);
    if (code == EXIT_DONE)
        code = S_database_check(r->db);
    if (code != EXIT_DONE || !r->with_key)
        return code;
    enum err err = database_open(str_of(r->stage), OPEN_READ_ONLY, &h->database, &why);
    if (err == OK)
        err = database_reader(h->database, &conn);
    if (err == OK)
        err = vault_open(str_of(r->stage), &h->vault, &why);
    if (err == OK) {
        h->world.vault = h->vault;
        h->db = (struct store){
            .conn = conn, .arena = h->arena, .problem = &h->problem, .world = &h->world};
        code = house_key_fits(h, r->data);
    } else {
        code = house_fault(h, err, why);
    }
    conn_close(conn);
    return code;
}

static enum err S_place(struct restore *r)
{
    char path[ARCHIVE_PATH];
    TRY(path_sync(r->keys));
    TRY(path_sync(r->stage));
    TRY(path_join(r->data, "keys", path));
    if (r->with_key ? rename(r->keys, path) != 0 : rmdir(r->keys) != 0)
        return ERR_IO;
    TRY(path_join(r->data, ARCHIVE_DB, path));
    if (rename(r->db, path) != 0 || rmdir(r->stage) != 0)
        return ERR_IO;
    TRY(path_sync(r->data));
    TRY(path_join(r->data, "..", path));
    return path_sync(path);
}

static int S_restore(struct restore *r)
{
    const char *what = r->data;
    int code = S_check_backup(r);
    if (code == EXIT_DONE)
        code = S_folder(r);
    if (code != EXIT_DONE)
        return code;
    enum err err = S_copy(r, &what);
    code = err == OK ? S_check_copy(r) : house_fault(&r->h, err, what);
    if (code == EXIT_DONE) {
        err = S_place(r);
        if (err != OK)
            code = house_fault(&r->h, err, r->data);
    }
    if (code != EXIT_DONE) {
        S_clear(r);
        return code;
    }
    printf("%s: 已恢复，已核对。 / Restored and checked.\n", r->data);
    if (!r->with_key)
        printf(
            "备份里没有主密钥：使用前请把另外保管的密钥放到 %s/keys/master.key。 / The backup has "
            "no master key: before the folder is used, put the key that was kept apart into "
            "%s/keys/master.key.\n",
            r->data, r->data);
    return EXIT_DONE;
}

int cli_restore(int argc, char **argv)
{
    struct restore r = {0};
    const char *words[1];
    size_t n = 0;
    bool help = false;
    const struct cli_option options[] = {{"data", &r.data, NULL}, {"key", &r.key, NULL}};
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 1 || !r.data)
        return cli_misuse("restore", "请给出备份文件夹和 --data。",
                          "Name the backup's folder, and --data.");
    r.from = words[0];
    if (path_join(r.data, STAGE, r.stage) != OK || path_join(r.stage, "keys", r.keys) != OK ||
        path_join(r.stage, ARCHIVE_DB, r.db) != OK ||
        path_join(r.keys, ARCHIVE_KEY, r.master) != OK)
        return cli_misuse("restore", "文件夹名太长。", "The folder's name is too long.");
    r.h.arena = arena_new(ARENA);
    if (!r.h.arena || sodium_init() < 0)
        return house_fault(&r.h, ERR_MEMORY, "restore");
    code = S_restore(&r);
    house_close(&r.h);
    return code;
}
