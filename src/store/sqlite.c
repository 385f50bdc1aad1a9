/* store.h on SQLite: one writing connection in WAL mode with synchronous=FULL, read-only readers.
 * The only file that includes sqlite3.h. */
#include "store/engine.h"
#include "store/migrations.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* 3.51.3 is the first release without the WAL-reset bug. */
enum {
    SQLITE_OLDEST = 3051003,
    BUSY_MS = 5000,
    BACKUP_PAGES = 512,
    PARAMS_MAX = 64,
    STEPS_CHUNK = 100000,
    CHECK_ARENA = 65536
};

struct sqlite_conn {
    struct conn conn;
    sqlite3 *db;
    int64_t allowed; /* chunks of steps a query may take, 0: no limit */
    int64_t taken;   /* by the query under way */
};

struct stmt {
    struct sqlite_conn *conn;
    sqlite3_stmt *q;
    int params;
    int param[PARAMS_MAX]; /* our $1 … to SQLite's index: it numbers by first appearance */
};

struct database {
    char *path;
    int lock; /* descriptor of linli.lock, -1 when read-only */
    struct conn *writer;
};

static enum err S_err(int rc)
{
    switch (rc) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return OK;
    case SQLITE_BUSY: return ERR_BUSY;
    case SQLITE_INTERRUPT: return ERR_TOO_LARGE; /* conn_limit stopped it */
    case SQLITE_NOMEM: return ERR_MEMORY;
    case SQLITE_CONSTRAINT: return ERR_CONFLICT;
    default: return ERR_STORE;
    }
}

static sqlite3 *S_db(struct conn *c)
{
    return ((struct sqlite_conn *)(void *)c)->db;
}

static enum err S_prepare(struct conn *c, const char *sql, struct stmt **ret)
{
    struct stmt *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_MEMORY;
    s->conn = (struct sqlite_conn *)(void *)c;
    int rc = sqlite3_prepare_v3(S_db(c), sql, -1, SQLITE_PREPARE_PERSISTENT, &s->q, NULL);
    if (rc != SQLITE_OK) {
        free(s);
        return S_err(rc);
    }
    s->params = sqlite3_bind_parameter_count(s->q);
    for (int i = 1; i <= s->params && i < PARAMS_MAX; i++) {
        const char *name = sqlite3_bind_parameter_name(s->q, i);
        int number = name ? atoi(name + 1) : 0;
        if (number > 0 && number < PARAMS_MAX)
            s->param[number] = i;
    }
    *ret = s;
    return OK;
}

static void S_finish(struct stmt *s)
{
    sqlite3_finalize(s->q);
    free(s);
}

/* Every parameter must be given: one left out would still point at what an earlier run gave. */
static enum err S_bind(struct stmt *s, const struct arg *args)
{
    int i = 0;
    s->conn->taken = 0;
    for (; args[i].kind != ARG_END; i++) {
        const struct arg *a = &args[i];
        int at = i + 1 < PARAMS_MAX ? s->param[i + 1] : 0;
        int rc = SQLITE_OK;
        if (!at)
            return ERR_STORE; /* more arguments than parameters */
        /* The arguments outlive the statement's run, so nothing is copied. */
        switch (a->kind) {
        case ARG_INT: rc = sqlite3_bind_int64(s->q, at, a->i); break;
        case ARG_REAL: rc = sqlite3_bind_double(s->q, at, a->r); break;
        case ARG_TEXT: rc = sqlite3_bind_text(s->q, at, a->s.p, (int)a->s.n, SQLITE_STATIC); break;
        case ARG_BLOB: rc = sqlite3_bind_blob(s->q, at, a->s.p, (int)a->s.n, SQLITE_STATIC); break;
        default: rc = sqlite3_bind_null(s->q, at); break;
        }
        if (rc != SQLITE_OK)
            return S_err(rc);
    }
    return i == s->params ? OK : ERR_STORE;
}

static enum err S_step(struct stmt *s, bool *row)
{
    int rc = sqlite3_step(s->q);
    *row = rc == SQLITE_ROW;
    return S_err(rc);
}

static void S_reset(struct stmt *s)
{
    sqlite3_reset(s->q);
}

static int S_columns(struct stmt *s)
{
    return sqlite3_column_count(s->q);
}

static const char *S_name(struct stmt *s, int column)
{
    return sqlite3_column_name(s->q, column);
}

/* The connection is this thread's alone, so a cell may be read without taking a copy first. */
static bool S_get_int(struct stmt *s, int column, int64_t *ret)
{
    sqlite3_value *v = sqlite3_column_value(s->q, column);
    if (sqlite3_value_type(v) == SQLITE_NULL)
        return false;
    *ret = sqlite3_value_int64(v);
    return true;
}

static bool S_get_real(struct stmt *s, int column, double *ret)
{
    sqlite3_value *v = sqlite3_column_value(s->q, column);
    if (sqlite3_value_type(v) == SQLITE_NULL)
        return false;
    *ret = sqlite3_value_double(v);
    return true;
}

static bool S_get_text(struct stmt *s, int column, struct str *ret)
{
    sqlite3_value *v = sqlite3_column_value(s->q, column);
    if (sqlite3_value_type(v) == SQLITE_NULL)
        return false;
    const void *p = sqlite3_value_blob(v);
    *ret =
        (struct str){p ? p : "", (size_t)sqlite3_value_bytes(v)}; /* an empty blob reads as NULL */
    return true;
}

static int64_t S_changed(struct conn *c)
{
    return sqlite3_changes64(S_db(c));
}

static enum err S_script(struct conn *c, const char *sql)
{
    return S_err(sqlite3_exec(S_db(c), sql, NULL, NULL, NULL));
}

static void S_close(struct conn *c)
{
    sqlite3_close_v2(S_db(c));
    free(c);
}

static const struct engine sqlite_engine = {
    .prepare = S_prepare,
    .finish = S_finish,
    .bind = S_bind,
    .step = S_step,
    .reset = S_reset,
    .columns = S_columns,
    .name = S_name,
    .get_int = S_get_int,
    .get_real = S_get_real,
    .get_text = S_get_text,
    .changed = S_changed,
    .script = S_script,
    .close = S_close,
};

/* One connection, with what every connection needs. Readers never checkpoint. */
static enum err S_connect(const char *path, bool writes, struct conn **ret)
{
    static const char for_writer[] = "PRAGMA journal_mode = WAL;"
                                     "PRAGMA synchronous = FULL;"
                                     "PRAGMA secure_delete = ON;"
                                     "PRAGMA wal_autocheckpoint = 16384;"
                                     "PRAGMA cache_size = -65536;"
                                     "PRAGMA temp_store = MEMORY;";
    static const char for_reader[] = "PRAGMA query_only = ON;"
                                     "PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA cache_size = -16384;"
                                     "PRAGMA mmap_size = 268435456;"
                                     "PRAGMA temp_store = MEMORY;";
    struct sqlite_conn *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_MEMORY;
    c->conn.engine = &sqlite_engine;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE;
    int rc = sqlite3_open_v2(path, &c->db, flags | (writes ? SQLITE_OPEN_CREATE : 0), NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(c->db, 0);
    /* Plans that do not look at bound values: a statement is planned once, not at every new value
     * that a partial index's condition might have been compared with. */
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(c->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(c->db, writes ? for_writer : for_reader, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        S_close(&c->conn);
        return rc == SQLITE_NOMEM ? ERR_MEMORY : ERR_STORE;
    }
    *ret = &c->conn;
    return OK;
}

/* Called every STEPS_CHUNK steps. A statement's steps are counted over all its runs, so one call
 * may come early in a run: it takes two to mean anything. */
static int S_stop(void *arg)
{
    struct sqlite_conn *c = arg;
    return ++c->taken > c->allowed + 1;
}

int64_t conn_writes(struct conn *c)
{
    return sqlite3_total_changes64(S_db(c));
}

bool conn_in_transaction(struct conn *c)
{
    return !sqlite3_get_autocommit(S_db(c));
}

void conn_limit(struct conn *c, int64_t steps)
{
    struct sqlite_conn *s = (struct sqlite_conn *)(void *)c;
    s->allowed = steps / STEPS_CHUNK;
    sqlite3_progress_handler(s->db, STEPS_CHUNK, steps ? S_stop : NULL, s);
}

/* The lock is the kernel's, so a killed process leaves none behind. */
static int S_lock(const char *folder, const char **why)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/linli.lock", folder) >= (int)sizeof path) {
        *why = "数据文件夹的名字太长。 / The data folder's name is too long.";
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        *why = "数据文件夹不能写入。 / The data folder cannot be written.";
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *why = "另一个邻里程序正在用这个数据文件夹；先停下它，或用 --data 指明别的。 / Another "
               "Linli process holds this data folder: stop it first, or name another with --data.";
        close(fd);
        return -1;
    }
    return fd;
}

static enum err S_folder(struct str folder, enum open_mode mode, struct database *d,
                         const char **why)
{
    char name[4096];
    if (folder.n == 0 || folder.n > sizeof name - 16) {
        *why = "数据文件夹的名字为空或太长。 / The data folder's name is empty or too long.";
        return ERR_INVALID;
    }
    snprintf(name, sizeof name, STR_F, STR_A(folder));
    d->lock = -1;
    if (mode == OPEN_OWN) {
        if (mkdir(name, 0700) != 0 && errno != EEXIST) {
            *why = "数据文件夹建不了。 / The data folder cannot be made.";
            return ERR_IO;
        }
        d->lock = S_lock(name, why);
        if (d->lock < 0)
            return ERR_CONFLICT;
    }
    if (asprintf(&d->path, "%s/linli.db", name) < 0)
        return ERR_MEMORY;
    return OK;
}

enum err database_open(struct str folder, enum open_mode mode, struct database **ret,
                       const char **why)
{
    if (sqlite3_libversion_number() < SQLITE_OLDEST) {
        *why = "SQLite 库早于 3.51.3，WAL 模式下可能丢数据。 / The SQLite library is older than "
               "3.51.3, which can lose data in WAL mode.";
        return ERR_STORE;
    }
    struct database *d = calloc(1, sizeof *d);
    if (!d) {
        *why = "内存不足。 / Out of memory.";
        return ERR_MEMORY;
    }
    enum err err = S_folder(folder, mode, d, why);
    if (err == OK && mode == OPEN_OWN) {
        err = S_connect(d->path, true, &d->writer);
        if (err != OK)
            *why = "数据库文件打不开。 / The database file cannot be opened.";
    } else if (err == OK && access(d->path, R_OK) != 0) {
        *why = "这个文件夹里没有数据库。 / There is no database in this folder.";
        err = ERR_NOT_FOUND;
    }
    if (err != OK) {
        database_close(d);
        return err;
    }
    *ret = d;
    return OK;
}

void database_close(struct database *d)
{
    if (!d)
        return;
    conn_close(d->writer);
    if (d->lock >= 0)
        close(d->lock);
    free(d->path);
    free(d);
}

struct conn *database_writer(struct database *d)
{
    return d->writer;
}

enum err database_reader(struct database *d, struct conn **ret)
{
    return S_connect(d->path, false, ret);
}

enum err database_migrate(struct database *d, const char **why)
{
    sqlite3 *db = S_db(d->writer);
    char set_version[64];
    struct store q = {.conn = d->writer};
    int64_t version = 0;
    TRY(store_int(&q, "PRAGMA user_version", NO_ARGS, &version));
    if (migration_count && version > migrations[migration_count - 1].version) {
        *why = "这个数据库是更新版本的邻里建的，请用新版本。 / This database was made by a newer "
               "Linli: use that version.";
        return ERR_CONFLICT;
    }
    for (size_t i = 0; i < migration_count; i++) {
        if (migrations[i].version <= version)
            continue;
        snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d",
                 migrations[i].version);
        if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db, migrations[i].sql, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db, set_version, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
            *why = migrations[i].name;
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
            return ERR_STORE;
        }
    }
    return OK;
}

enum err database_backup(struct database *d, struct str file,
                         void (*progress)(int64_t done, int64_t all))
{
    char name[4096];
    struct conn *from = NULL;
    sqlite3 *to = NULL;
    snprintf(name, sizeof name, STR_F, STR_A(file));
    TRY(database_reader(d, &from));
    int rc = sqlite3_open_v2(name, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    sqlite3_backup *copy =
        rc == SQLITE_OK ? sqlite3_backup_init(to, "main", S_db(from), "main") : NULL;
    /* One snapshot for the whole copy: without it a busy writer would restart the copy for ever. */
    int64_t version = 0;
    struct store snapshot = {.conn = from};
    enum err err = copy ? conn_begin(from) : ERR_IO;
    if (err == OK)
        err = store_int(&snapshot, "PRAGMA user_version", NO_ARGS, &version);
    do {
        rc = err == OK ? sqlite3_backup_step(copy, BACKUP_PAGES) : SQLITE_ERROR;
        if (progress && err == OK)
            progress(sqlite3_backup_pagecount(copy) - sqlite3_backup_remaining(copy),
                     sqlite3_backup_pagecount(copy));
    } while (rc == SQLITE_OK || rc == SQLITE_BUSY);
    if (err == OK && rc != SQLITE_DONE)
        err = S_err(rc) == OK ? ERR_STORE : S_err(rc);
    sqlite3_backup_finish(copy);
    if (err == OK && sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != 0)
        err = ERR_IO;
    sqlite3_close_v2(to);
    conn_rollback(from);
    conn_close(from);
    return err;
}

enum err database_check(struct str file, int64_t *version, const char **why)
{
    char name[4096];
    struct conn *c = NULL;
    struct str verdict = NO_STR;
    snprintf(name, sizeof name, STR_F, STR_A(file));
    if (access(name, R_OK) != 0) {
        *why = "文件无法读取。 / The file cannot be read.";
        return ERR_IO;
    }
    struct arena *a = arena_new(CHECK_ARENA);
    if (!a || S_connect(name, false, &c) != OK) {
        *why = "文件不是数据库。 / The file is not a database.";
        arena_free(a);
        return ERR_INVALID;
    }
    struct store db = {.conn = c, .arena = a};
    enum err err = store_text(&db, "PRAGMA integrity_check(1)", NO_ARGS, &verdict);
    if (err == OK && !str_eq(verdict, S("ok")))
        err = ERR_INVALID;
    if (err == OK)
        err = store_int(&db, "PRAGMA user_version", NO_ARGS, version);
    if (err != OK)
        *why = "数据库已损坏。 / The database is damaged.";
    if (err == OK && *version == 0) {
        *why = "文件不是邻里的数据库。 / The file is not a Linli database.";
        err = ERR_INVALID;
    }
    conn_close(c);
    arena_free(a);
    return err;
}

const char *store_engine(void)
{
    return "SQLite " SQLITE_VERSION;
}
