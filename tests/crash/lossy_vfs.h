/* A disk that can lose power. This SQLite VFS keeps whatever was written to a database, its WAL or
 * its journal in memory until the file is synced: readers see it, the real file does not. When the
 * power goes, every later call fails, and lossy_restore decides what the disk really holds: all
 * that was synced, and of the rest nothing, a random part in sectors of 512 bytes, or a beginning
 * whose last write is torn, as the seed says. Shared memory is lost whole.
 *
 * It is the process's default VFS once registered, so that the program's own store runs on it
 * unchanged. Calls may come from any thread; only one world is on at a time. */
#ifndef LOSSY_VFS_H
#define LOSSY_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum { SECTOR = 512 };

struct lossy_stats {
    int64_t calls, syncs; /* writes, truncations, syncs and deletions since power on; syncs alone */
    int64_t kept, lost;   /* unsynced sectors that lossy_restore kept and lost */
    int64_t checkpoints;  /* syncs of a database file */
    int64_t wal_restarts; /* WAL headers written */
    bool in_sync, in_write; /* the call during which the power went */
};

/* Registers it as the default VFS; false when SQLite refuses. */
bool lossy_register(void);

/* Power on, everything on disk as it is. The power goes during the cut-th call, or when cut is
 * negative, during the -cut-th sync; 0: never. */
void lossy_power_on(uint64_t seed, int64_t cut);

/* The power goes now, between two calls. */
void lossy_power_off(void);
bool lossy_is_off(void);

/* After every file has been closed: the real files become what the disk holds. False when the real
 * disk fails. */
bool lossy_restore(void);

struct lossy_stats lossy_stats(void);

/* The generator that the seed feeds (SplitMix64). */
uint64_t lossy_random(uint64_t *state);

#endif
