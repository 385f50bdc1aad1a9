/* A backup: a folder with
 *   linli.db     a consistent copy of the database
 *   master.key   only when asked for
 *   SHA256SUMS   the sums of these, as sha256sum writes them; written last
 * and the durable handling of files that making and restoring one need. Everything written is
 * on the disk when a function returns OK. Paths are at most ARCHIVE_PATH bytes. */
#ifndef CLI_ARCHIVE_H
#define CLI_ARCHIVE_H

#include "base/arena.h"
#include "base/err.h"

enum { ARCHIVE_PATH = 4096, SUM_TEXT = 65 };

#define ARCHIVE_DB   "linli.db"
#define ARCHIVE_KEY  "master.key"
#define ARCHIVE_SUMS "SHA256SUMS"

/* folder/name; ERR_INVALID when it is too long. */
MUST enum err path_join(const char *folder, const char *name, char ret[ARCHIVE_PATH]);

/* A file's SHA-256 in hex. */
MUST enum err file_sum(const char *path, char ret[SUM_TEXT]);

/* A new file, 0600; ERR_CONFLICT when there is one of that name. progress may be NULL. */
MUST enum err file_create(const char *path, struct str text);
MUST enum err file_copy(const char *from, const char *to, void (*progress)(int64_t done));

/* What has been written to a file, or renamed in a folder, reaches the disk. */
MUST enum err path_sync(const char *path);

/* The sum that SHA256SUMS, read into `sums`, gives for a name; NO_STR when it has none. */
struct str sums_find(struct str sums, const char *name);

#endif
