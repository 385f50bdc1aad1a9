#include "gate/vault.h"

#include "gate/world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COUNTY_KEYS = 256,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

struct county_key {
    int64_t county;
    unsigned char key[KEY_SIZE];
};

struct vault {
    unsigned char master[KEY_SIZE];
    unsigned char wrap[KEY_SIZE];   /* wraps county keys */
    unsigned char answer[KEY_SIZE]; /* with the client's key: seals idempotent answers */
    unsigned char hash[HASH_PURPOSES][KEY_SIZE];
    pthread_mutex_t lock;
    struct county_key counties[COUNTY_KEYS];
    size_t n;
};

/* One key per purpose from the master key, so that no two uses share one. */
static void S_derive(struct vault *v)
{
    static const char context[] = "linli_v1";
    crypto_kdf_derive_from_key(v->wrap, KEY_SIZE, 1, context, v->master);
    crypto_kdf_derive_from_key(v->answer, KEY_SIZE, 2, context, v->master);
    for (uint64_t i = 0; i < HASH_PURPOSES; i++)
        crypto_kdf_derive_from_key(v->hash[i], KEY_SIZE, 16 + i, context, v->master);
}

/* Written to a name of its own first: a half-written key must never be taken for a key. */
static enum err S_make_key(const char *folder, const char *path, unsigned char key[KEY_SIZE])
{
    char draft[4200];
    snprintf(draft, sizeof draft, "%s.new", path);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    randombytes_buf(key, KEY_SIZE);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    bool written = write(fd, key, KEY_SIZE) == KEY_SIZE && fsync(fd) == 0;
    if (close(fd) != 0 || !written || rename(draft, path) != 0)
        return ERR_IO;
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return ERR_IO;
    written = fsync(dir) == 0;
    close(dir);
    return written ? OK : ERR_IO;
}

static enum err S_master(struct str folder, unsigned char key[KEY_SIZE], const char **why)
{
    char keys[4096], path[4120];
    snprintf(keys, sizeof keys, STR_F "/keys", STR_A(folder));
    snprintf(path, sizeof path, "%s/master.key", keys);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        enum err err = S_make_key(keys, path, key);
        if (err != OK)
            *why = "主密钥写不进 keys/master.key。 / The master key cannot be written to "
                   "keys/master.key.";
        return err;
    }
    ssize_t got = fd < 0 ? -1 : read(fd, key, KEY_SIZE);
    if (fd >= 0)
        close(fd);
    if (got != KEY_SIZE) {
        *why = "keys/master.key 无法读取。 / keys/master.key cannot be read.";
        return ERR_IO;
    }
    return OK;
}

enum err vault_open(struct str folder, struct vault **ret, const char **why)
{
    if (sodium_init() < 0) {
        *why = "libsodium 启动失败。 / libsodium does not start.";
        return ERR_MEMORY;
    }
    struct vault *v = calloc(1, sizeof *v);
    if (!v) {
        *why = "内存不足。 / Out of memory.";
        return ERR_MEMORY;
    }
    enum err err = S_master(folder, v->master, why);
    if (err != OK) {
        free(v);
        return err;
    }
    S_derive(v);
    pthread_mutex_init(&v->lock, NULL);
    *ret = v;
    return OK;
}

void vault_close(struct vault *v)
{
    if (!v)
        return;
    pthread_mutex_destroy(&v->lock);
    sodium_memzero(v, sizeof *v);
    free(v);
}

void vault_hash(struct vault *v, enum purpose purpose, struct str s, unsigned char ret[HASH_SIZE])
{
    crypto_generichash(ret, HASH_SIZE, (const unsigned char *)s.p, s.n, v->hash[purpose], KEY_SIZE);
}

struct str vault_hash_str(struct vault *v, enum purpose purpose, struct str s, struct arena *a)
{
    unsigned char hash[HASH_SIZE];
    vault_hash(v, purpose, s, hash);
    return arena_str(a, (struct str){(const char *)hash, HASH_SIZE});
}

struct str seal(const unsigned char key[KEY_SIZE], struct str clear, struct arena *a)
{
    unsigned char *out = clear.p ? arena_alloc(a, NONCE + clear.n + TAG) : NULL;
    unsigned long long n = 0;
    if (!out)
        return NO_STR;
    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, &n, (const unsigned char *)clear.p,
                                               clear.n, NULL, 0, NULL, out, key);
    return (struct str){(const char *)out, NONCE + (size_t)n};
}

struct str unseal(const unsigned char key[KEY_SIZE], struct str sealed, struct arena *a)
{
    if (sealed.n < NONCE + TAG)
        return NO_STR;
    const unsigned char *in = (const unsigned char *)sealed.p;
    unsigned char *out = arena_alloc(a, sealed.n - NONCE - TAG + 1);
    unsigned long long n = 0;
    if (!out || crypto_aead_xchacha20poly1305_ietf_decrypt(out, &n, NULL, in + NONCE,
                                                           sealed.n - NONCE, NULL, 0, in, key) != 0)
        return NO_STR;
    return (struct str){(const char *)out, (size_t)n};
}

/* The county's key, made by the first command that needs it. */
static enum err S_stored_county_key(struct store *db, int64_t county, unsigned char key[KEY_SIZE])
{
    struct vault *v = db->world->vault;
    struct str wrapped = NO_STR;
    TRY(store_text(db, "SELECT key FROM county WHERE county = $1", ARGS(A_INT(county)), &wrapped));
    if (wrapped.p) {
        struct str clear = unseal(v->wrap, wrapped, db->arena);
        if (clear.n != KEY_SIZE)
            return ERR_STORE;
        memcpy(key, clear.p, KEY_SIZE);
        return OK;
    }
    randombytes_buf(key, KEY_SIZE);
    wrapped = seal(v->wrap, (struct str){(const char *)key, KEY_SIZE}, db->arena);
    return store_exec(db, "UPDATE county SET key = $2 WHERE county = $1",
                      ARGS(A_INT(county), A_BLOB(wrapped)), NULL);
}

static enum err S_county_key(struct store *db, int64_t county, unsigned char key[KEY_SIZE])
{
    struct vault *v = db->world->vault;
    bool found = false;
    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < v->n && !found; i++) {
        found = v->counties[i].county == county;
        if (found)
            memcpy(key, v->counties[i].key, KEY_SIZE);
    }
    pthread_mutex_unlock(&v->lock);
    return found ? OK : S_stored_county_key(db, county, key);
}

enum err vault_new_key(struct store *db, int64_t county, unsigned char key[KEY_SIZE],
                       struct str *wrapped)
{
    unsigned char with[KEY_SIZE];
    TRY(S_county_key(db, county, with));
    randombytes_buf(key, KEY_SIZE);
    *wrapped = seal(with, (struct str){(const char *)key, KEY_SIZE}, db->arena);
    return wrapped->p ? OK : ERR_MEMORY;
}

enum err vault_unwrap(struct store *db, int64_t county, struct str wrapped,
                      unsigned char key[KEY_SIZE])
{
    struct vault *v = db->world->vault;
    unsigned char with[KEY_SIZE];
    TRY(S_county_key(db, county, with));
    struct str clear = unseal(with, wrapped, db->arena);
    if (clear.n != KEY_SIZE)
        return ERR_STORE;
    memcpy(key, clear.p, KEY_SIZE);
    /* What has unwrapped something is a committed key: only now may it be kept in memory, for a
     * key made by a command that was undone must not outlive it. */
    pthread_mutex_lock(&v->lock);
    bool known = false;
    for (size_t i = 0; i < v->n && !known; i++)
        known = v->counties[i].county == county;
    if (!known && v->n < COUNTY_KEYS) {
        v->counties[v->n].county = county;
        memcpy(v->counties[v->n++].key, with, KEY_SIZE);
    }
    pthread_mutex_unlock(&v->lock);
    return OK;
}

static void S_answer_key(struct vault *v, struct str client_key, unsigned char ret[KEY_SIZE])
{
    crypto_generichash(ret, KEY_SIZE, (const unsigned char *)client_key.p, client_key.n, v->answer,
                       KEY_SIZE);
}

struct str vault_seal_answer(struct vault *v, struct str client_key, struct str clear,
                             struct arena *a)
{
    unsigned char key[KEY_SIZE];
    S_answer_key(v, client_key, key);
    return seal(key, clear, a);
}

struct str vault_unseal_answer(struct vault *v, struct str client_key, struct str sealed,
                               struct arena *a)
{
    unsigned char key[KEY_SIZE];
    S_answer_key(v, client_key, key);
    return unseal(key, sealed, a);
}

struct str token_new(size_t bytes, struct arena *a)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    size_t n = (bytes * 8 + 4) / 5;
    char *p = arena_alloc(a, n + 1);
    if (!p)
        return NO_STR;
    /* 5 bits of a random byte each: no bias, and no bookkeeping of bits across bytes. */
    randombytes_buf(p, n);
    for (size_t i = 0; i < n; i++)
        p[i] = digits[(unsigned char)p[i] & 31];
    return (struct str){p, n};
}
