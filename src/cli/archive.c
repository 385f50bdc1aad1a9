#include "cli/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

enum err path_join(const char *folder, const char *name, char ret[ARCHIVE_PATH])
{
    int n = snprintf(ret, ARCHIVE_PATH, "%s/%s", folder, name);
    return n < ARCHIVE_PATH ? OK : ERR_INVALID;
}

enum err file_sum(const char *path, char ret[SUM_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[crypto_hash_sha256_BYTES];
    unsigned char piece[PIECE];
    crypto_hash_sha256_state state;
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    crypto_hash_sha256_init(&state);
    while ((got = read(fd, piece, sizeof piece)) > 0)
        crypto_hash_sha256_update(&state, piece, (unsigned long long)got);
    close(fd);
    crypto_hash_sha256_final(&state, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        ret[i * 2] = digits[hash[i] >> 4];
        ret[i * 2 + 1] = digits[hash[i] & 15];
    }
    ret[SUM_TEXT - 1] = '\0';
    return got < 0 ? ERR_IO : OK;
}

static enum err S_write(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno != EINTR)
            return ERR_IO;
        if (put > 0) {
            p += put;
            n -= (size_t)put;
        }
    }
    return OK;
}

static enum err S_new(const char *path, int *fd)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return OK;
    return errno == EEXIST ? ERR_CONFLICT : ERR_IO;
}

/* Closing can be where a full disk is first told. */
static enum err S_close(int fd, enum err err)
{
    if (err == OK && fsync(fd) != 0)
        err = ERR_IO;
    if (close(fd) != 0 && err == OK)
        err = ERR_IO;
    return err;
}

enum err file_create(const char *path, struct str text)
{
    int fd = -1;
    TRY(S_new(path, &fd));
    return S_close(fd, S_write(fd, text.p, text.n));
}

enum err file_copy(const char *from, const char *to, void (*progress)(int64_t done))
{
    char piece[PIECE];
    int64_t done = 0;
    ssize_t got = 0;
    int out = -1, in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    enum err err = S_new(to, &out);
    if (err == OK) {
        while (err == OK && (got = read(in, piece, sizeof piece)) > 0) {
            err = S_write(out, piece, (size_t)got);
            done += got;
            if (progress)
                progress(done);
        }
        err = S_close(out, got < 0 ? ERR_IO : err);
    }
    explicit_bzero(piece, sizeof piece); /* it may have been a key */
    close(in);
    return err;
}

enum err path_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    return S_close(fd, OK);
}

struct str sums_find(struct str sums, const char *name)
{
    while (sums.p) {
        struct str line = str_trim(str_split(&sums, '\n'));
        struct str sum = {line.p, SUM_TEXT - 1};
        if (line.n < SUM_TEXT + 1)
            continue;
        /* Two spaces, or a space and a star: text and binary are the same here. */
        struct str file = {line.p + SUM_TEXT + 1, line.n - SUM_TEXT - 1};
        if (str_eq(file, str_of(name)))
            return sum;
    }
    return NO_STR;
}
