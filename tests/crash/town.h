/* The smallest town the program's own store, vault and pack can run: one street with a community
 * and a grid, the Yannan pack in force. It is built once; every point of a test begins with a copy
 * of it. A town that is open owns its folder; closing it is all that ever frees it. */
#ifndef TOWN_H
#define TOWN_H

#include "gate/gate.h"
#include "store/writer.h"

enum { TOWN_PATH = 96, HOME_COUNTY = 7 };

struct town {
    char folder[TOWN_PATH];
    struct database *database;
    struct vault *vault;
    struct world world;
    bool loaded;
    struct arena *arena;
    struct problem problem;
    struct note note;
    struct store db; /* on the writing connection */
};

int64_t town_unit(enum level level);
struct actor town_worker(void); /* a grid worker of the community */

/* A new town in an empty folder; pack is the pack file's text. False: *why says what failed. */
bool town_build(const char *folder, struct str pack, const char **why);

/* The files of one town into the folder of another, which they replace. */
bool town_copy(const char *from, const char *to);

bool town_open(struct town *t, const char *folder, const char **why);
void town_close(struct town *t);

/* Removes a closed town's folder. */
void town_remove(const char *folder);

/* A whole file into the arena; NO_STR when it cannot be read. */
struct str file_text(struct arena *a, const char *path);

#endif
