/* A map says what the columns of a CSV file of another system's matters mean;
 * packs/pingshan.map.yaml explains each key. Texts live in the arena that the map was read into. */
#ifndef CLI_IMPORT_MAP_H
#define CLI_IMPORT_MAP_H

#include "pack/yaml.h"
#include "port/csv.h"

enum { MAP_CATEGORIES_MAX = 4, MAP_PAIRS_MAX = 16, NO_COLUMN = -1 };

struct column {
    int at;           /* NO_COLUMN: the map names none */
    const char *name; /* as the file's head has it */
};

struct import_pair {
    struct column id, name;
};

struct import_map {
    struct str map, pack, at, missing, number, zone, kind_default, handler_kind;
    bool unplaced; /* a row without a place is taken, at `at` */
    struct column key, created, street, community, kind, title, place, source, handler, in_time,
        overdue;
    struct column category[MAP_CATEGORIES_MAX];
    size_t category_count;
    const struct node *kind_values; /* key: the value, text: the kind */
    struct import_pair pairs[MAP_PAIRS_MAX];
    size_t pair_count;
};

/* Reads the map against the file it is for; every mistake, columns that the file lacks among them,
 * is in the report, and ERR_INVALID returned when there is any. */
MUST enum err import_map_read(struct str yaml, const struct csv *csv, struct arena *a,
                              struct pack_report *report, struct import_map *ret);

#endif
