#include "lossy_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DISKS = 8, PATH_CAP = 512 };

/* One change that no sync has followed: a truncation when bytes is NULL. */
struct change {
    int64_t at;
    size_t n;
    unsigned char *bytes;
    struct change *next;
};

struct image {
    unsigned char *bytes;
    int64_t size, room;
};

/* A file: what its readers see, what a power cut leaves for certain, and what lies between. */
struct disk {
    char path[PATH_CAP];
    int open;
    bool database, wal;
    struct image seen, synced;
    struct change *first, **last;
};

struct lossy_file {
    sqlite3_file base;
    struct disk *disk;
    sqlite3_file *real; /* behind this struct: locks and shared memory are its */
};

static struct {
    pthread_mutex_t lock;
    sqlite3_vfs vfs, *real;
    struct disk disks[DISKS];
    uint64_t random;
    int64_t cut;
    bool off;
    struct lossy_stats stats;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

uint64_t lossy_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t S_below(uint64_t n)
{
    return lossy_random(&world.random) % n;
}

/* ---- images ---- */

/* A test without memory is over. */
static void *S_alloc(void *old, size_t n)
{
    void *p = realloc(old, n ? n : 1);
    if (!p)
        abort();
    return p;
}

/* A file that grows reads as zeros where nothing was written. */
static void S_resize(struct image *i, int64_t size)
{
    if (size > i->room) {
        i->room = size * 2;
        i->bytes = S_alloc(i->bytes, (size_t)i->room);
    }
    if (size > i->size)
        memset(i->bytes + i->size, 0, (size_t)(size - i->size));
    i->size = size;
}

static void S_put(struct image *i, int64_t at, const unsigned char *bytes, size_t n)
{
    if (at + (int64_t)n > i->size)
        S_resize(i, at + (int64_t)n);
    memcpy(i->bytes + at, bytes, n);
}

static void S_apply(struct image *i, const struct change *c)
{
    if (c->bytes)
        S_put(i, c->at, c->bytes, c->n);
    else
        S_resize(i, c->at);
}

static void S_forget(struct disk *d)
{
    while (d->first) {
        struct change *next = d->first->next;
        free(d->first->bytes);
        free(d->first);
        d->first = next;
    }
    d->last = &d->first;
}

static void S_free(struct disk *d)
{
    S_forget(d);
    free(d->seen.bytes);
    free(d->synced.bytes);
    memset(d, 0, sizeof *d);
}

static void S_change(struct disk *d, int64_t at, const void *bytes, size_t n)
{
    struct change *c = S_alloc(NULL, sizeof *c);
    *c = (struct change){.at = at, .n = n};
    if (bytes) {
        c->bytes = S_alloc(NULL, n);
        memcpy(c->bytes, bytes, n);
    }
    *d->last = c;
    d->last = &c->next;
    S_apply(&d->seen, c);
}

static void S_sync(struct disk *d)
{
    for (const struct change *c = d->first; c; c = c->next)
        S_apply(&d->synced, c);
    S_forget(d);
}

static bool S_read_real(struct disk *d)
{
    FILE *f = fopen(d->path, "rb");
    if (!f)
        return false;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    S_resize(&d->synced, size);
    S_resize(&d->seen, size);
    bool read = size == 0 || fread(d->synced.bytes, (size_t)size, 1, f) == 1;
    if (read && size)
        memcpy(d->seen.bytes, d->synced.bytes, (size_t)size);
    fclose(f);
    return read;
}

static bool S_write_real(const struct disk *d)
{
    FILE *f = fopen(d->path, "wb");
    bool good =
        f && (d->synced.size == 0 || fwrite(d->synced.bytes, (size_t)d->synced.size, 1, f) == 1);
    return f && fclose(f) == 0 && good;
}

/* ---- the power ---- */

/* Counts one call that changes the disk. False when the power is off; *now when it goes during
 * this one. */
static bool S_call(bool sync, bool *now)
{
    *now = false;
    if (world.off)
        return false;
    world.stats.calls++;
    world.stats.syncs += sync;
    *now = world.cut > 0 ? world.stats.calls == world.cut : sync && world.stats.syncs == -world.cut;
    if (*now)
        world.off = true;
    return true;
}

/* The sectors of one unsynced write that made it. */
static void S_part(struct disk *d, const struct change *c, bool torn)
{
    int64_t end = c->at + (int64_t)c->n;
    uint64_t sectors = (c->n + SECTOR - 1) / SECTOR, whole = torn ? S_below(sectors + 1) : 0, i = 0;
    for (int64_t at = c->at; at < end; i++) {
        int64_t stop = (at / SECTOR + 1) * SECTOR < end ? (at / SECTOR + 1) * SECTOR : end;
        bool keep = torn ? i < whole : S_below(2);
        if (keep)
            S_put(&d->synced, at, c->bytes + (at - c->at), (size_t)(stop - at));
        world.stats.kept += keep;
        world.stats.lost += !keep;
        at = stop;
    }
}

/* What a disk without power holds of the writes that no sync followed: nothing, a random part, or
 * a beginning with the last write torn. */
static void S_lose(struct disk *d)
{
    uint64_t how = S_below(3), n = 0, whole = 0;
    for (const struct change *c = d->first; c; c = c->next)
        n++;
    whole = n ? S_below(n) : 0;
    for (const struct change *c = d->first; c; c = c->next, whole--) {
        if (how == 2 && whole == 0) {
            if (c->bytes)
                S_part(d, c, true);
            break;
        }
        if (how == 0 && c->bytes)
            world.stats.lost += (int64_t)(c->n + SECTOR - 1) / SECTOR;
        else if (how == 1 && c->bytes)
            S_part(d, c, false);
        else if (how == 2 || (how == 1 && S_below(2)))
            S_apply(&d->synced, c);
    }
    S_forget(d);
}

void lossy_power_on(uint64_t seed, int64_t cut)
{
    pthread_mutex_lock(&world.lock);
    world.random = seed;
    world.cut = cut;
    world.off = false;
    world.stats = (struct lossy_stats){0};
    pthread_mutex_unlock(&world.lock);
}

void lossy_power_off(void)
{
    pthread_mutex_lock(&world.lock);
    world.off = true;
    pthread_mutex_unlock(&world.lock);
}

bool lossy_is_off(void)
{
    pthread_mutex_lock(&world.lock);
    bool off = world.off;
    pthread_mutex_unlock(&world.lock);
    return off;
}

struct lossy_stats lossy_stats(void)
{
    pthread_mutex_lock(&world.lock);
    struct lossy_stats stats = world.stats;
    pthread_mutex_unlock(&world.lock);
    return stats;
}

bool lossy_restore(void)
{
    char shm[PATH_CAP + 8];
    bool good = true;
    pthread_mutex_lock(&world.lock);
    for (size_t i = 0; i < DISKS; i++) {
        struct disk *d = &world.disks[i];
        if (!d->path[0])
            continue;
        if (d->open)
            good = false;
        S_lose(d);
        good = S_write_real(d) && good;
        if (d->database) {
            snprintf(shm, sizeof shm, "%s-shm", d->path);
            unlink(shm);
        }
        S_free(d);
    }
    pthread_mutex_unlock(&world.lock);
    return good;
}

/* ---- a file's methods ---- */

static struct disk *S_disk(sqlite3_file *f)
{
    return ((struct lossy_file *)(void *)f)->disk;
}

static sqlite3_file *S_real(sqlite3_file *f)
{
    return ((struct lossy_file *)(void *)f)->real;
}

/* A file closed with the power on is as its readers saw it, for a program that goes on: what is
 * not synced stays in doubt until then. */
static int S_close(sqlite3_file *f)
{
    pthread_mutex_lock(&world.lock);
    S_disk(f)->open--;
    pthread_mutex_unlock(&world.lock);
    return S_real(f)->pMethods->xClose(S_real(f));
}

static int S_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    int rc = SQLITE_IOERR_READ;
    pthread_mutex_lock(&world.lock);
    const struct image *i = &S_disk(f)->seen;
    if (!world.off) {
        int64_t there = at < i->size ? i->size - at : 0;
        size_t got = there < n ? (size_t)there : (size_t)n;
        if (got)
            memcpy(to, i->bytes + at, got);
        memset((char *)to + got, 0, (size_t)n - got);
        rc = got == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }
    pthread_mutex_unlock(&world.lock);
    return rc;
}

static int S_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    bool now = false;
    pthread_mutex_lock(&world.lock);
    struct disk *d = S_disk(f);
    bool on = S_call(false, &now);
    if (on)
        S_change(d, at, bytes, (size_t)n);
    world.stats.in_write = world.stats.in_write || now;
    world.stats.wal_restarts += on && d->wal && at == 0;
    pthread_mutex_unlock(&world.lock);
    return on && !now ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

static int S_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    bool now = false;
    pthread_mutex_lock(&world.lock);
    bool on = S_call(false, &now);
    if (on)
        S_change(S_disk(f), size, NULL, 0);
    pthread_mutex_unlock(&world.lock);
    return on && !now ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

/* The power may go before a sync has done anything, or after it has, but before it says so. */
static int S_sync_file(sqlite3_file *f, int flags)
{
    bool now = false;
    (void)flags;
    pthread_mutex_lock(&world.lock);
    struct disk *d = S_disk(f);
    bool on = S_call(true, &now);
    if (on && (!now || S_below(2)))
        S_sync(d);
    world.stats.in_sync = world.stats.in_sync || now;
    world.stats.checkpoints += on && !now && d->database;
    pthread_mutex_unlock(&world.lock);
    return on && !now ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int S_size(sqlite3_file *f, sqlite3_int64 *size)
{
    pthread_mutex_lock(&world.lock);
    *size = S_disk(f)->seen.size;
    pthread_mutex_unlock(&world.lock);
    return SQLITE_OK;
}

static int S_lock(sqlite3_file *f, int level)
{
    return S_real(f)->pMethods->xLock(S_real(f), level);
}

static int S_unlock(sqlite3_file *f, int level)
{
    return S_real(f)->pMethods->xUnlock(S_real(f), level);
}

static int S_reserved(sqlite3_file *f, int *held)
{
    return S_real(f)->pMethods->xCheckReservedLock(S_real(f), held);
}

/* Nothing may touch the real file behind our back. */
static int S_control(sqlite3_file *f, int op, void *arg)
{
    (void)f;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int S_sector(sqlite3_file *f)
{
    return S_real(f)->pMethods->xSectorSize(S_real(f));
}

static int S_traits(sqlite3_file *f)
{
    return S_real(f)->pMethods->xDeviceCharacteristics(S_real(f));
}

static int S_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    return S_real(f)->pMethods->xShmMap(S_real(f), page, size, extend, ret);
}

static int S_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return S_real(f)->pMethods->xShmLock(S_real(f), at, n, flags);
}

static void S_shm_barrier(sqlite3_file *f)
{
    S_real(f)->pMethods->xShmBarrier(S_real(f));
}

static int S_shm_unmap(sqlite3_file *f, int remove)
{
    return S_real(f)->pMethods->xShmUnmap(S_real(f), remove);
}

/* Version 2: shared memory, but no memory-mapped reading, which would pass us by. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = S_close,
    .xRead = S_read,
    .xWrite = S_write,
    .xTruncate = S_truncate,
    .xSync = S_sync_file,
    .xFileSize = S_size,
    .xLock = S_lock,
    .xUnlock = S_unlock,
    .xCheckReservedLock = S_reserved,
    .xFileControl = S_control,
    .xSectorSize = S_sector,
    .xDeviceCharacteristics = S_traits,
    .xShmMap = S_shm_map,
    .xShmLock = S_shm_lock,
    .xShmBarrier = S_shm_barrier,
    .xShmUnmap = S_shm_unmap,
};

/* ---- the VFS ---- */

static struct disk *S_find(const char *path)
{
    for (size_t i = 0; i < DISKS; i++) {
        if (strcmp(world.disks[i].path, path) == 0)
            return &world.disks[i];
    }
    return NULL;
}

/* The disk of a file just opened: known already, or read from the real one. */
static struct disk *S_disk_of(const char *path, int flags)
{
    struct disk *d = S_find(path);
    if (!d) {
        d = S_find("");
        if (!d || strlen(path) >= sizeof d->path)
            return NULL;
        strcpy(d->path, path);
        d->last = &d->first;
        d->database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
        d->wal = (flags & SQLITE_OPEN_WAL) != 0;
        if (!S_read_real(d)) {
            S_free(d);
            return NULL;
        }
    }
    d->open++;
    return d;
}

static int S_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *got)
{
    static const int ours = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
    struct lossy_file *file = (struct lossy_file *)(void *)f;
    (void)vfs;
    /* Temporary files need not survive: they are SQLite's own affair. */
    if (!path || !(flags & ours))
        return world.real->xOpen(world.real, path, f, flags, got);
    f->pMethods = NULL;
    if (lossy_is_off())
        return SQLITE_CANTOPEN;
    file->real = (sqlite3_file *)(void *)(file + 1);
    int rc = world.real->xOpen(world.real, path, file->real, flags, got);
    if (rc != SQLITE_OK)
        return rc;
    pthread_mutex_lock(&world.lock);
    file->disk = S_disk_of(path, flags);
    pthread_mutex_unlock(&world.lock);
    if (!file->disk) {
        file->real->pMethods->xClose(file->real);
        return SQLITE_CANTOPEN;
    }
    f->pMethods = &methods;
    return SQLITE_OK;
}

/* A deletion is at once on disk: the kindest case, and SQLite syncs the folder where it matters. */
static int S_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    bool now = false;
    (void)vfs;
    pthread_mutex_lock(&world.lock);
    bool on = S_call(false, &now);
    struct disk *d = on ? S_find(path) : NULL;
    if (d && !d->open)
        S_free(d);
    pthread_mutex_unlock(&world.lock);
    return on ? world.real->xDelete(world.real, path, sync_folder) : SQLITE_IOERR_DELETE;
}

bool lossy_register(void)
{
    world.real = sqlite3_vfs_find(NULL);
    if (!world.real)
        return false;
    world.vfs = *world.real;
    world.vfs.zName = "lossy";
    world.vfs.szOsFile += (int)sizeof(struct lossy_file);
    world.vfs.xOpen = S_open;
    world.vfs.xDelete = S_delete;
    return sqlite3_vfs_register(&world.vfs, 1) == SQLITE_OK;
}
