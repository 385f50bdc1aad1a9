/* The rows of a file of another system's matters, each to a matter or to the reason why not. Small
 * faults that leave no doubt are repaired, and counted. The file is read twice: first each row is
 * learned from, then the rows are replayed in the order of the times they came in, whatever their
 * order in the file, and a matter ends between those that came in before and after that. Inside
 * one transaction of the caller's; what is remembered between rows lives in the house's arena. */
#ifndef CLI_IMPORT_ROWS_H
#define CLI_IMPORT_ROWS_H

#include "cli/cli.h"
#include "cli/import_map.h"
#include "domain/matter/matter_import.h"
#include "domain/place/place.h"

enum repair {
    REPAIR_ID,    /* an id that its name mostly does not come with: the name was taken */
    REPAIR_KIND,  /* no kind: the map's default */
    REPAIR_PLACE, /* neither street nor community: the unit the file is for */
    REPAIR_SIGN,  /* signs left over at the end of a name */
    REPAIRS
};

/* What was said of a text before, found by the text. */
struct memo_slot {
    struct str key; /* NO_STR: free */
    struct str text;
    int64_t value;
};
struct memo {
    struct memo_slot *slots;
    size_t n, room; /* room is a power of two */
};

/* A row of the file, and when it came in: INT64_MIN when that cannot be read. */
struct replay_row {
    int64_t created, line, at;
};

struct replay {
    struct house *house;
    const struct import_map *map;
    const struct csv_row *row;
    struct store db;         /* of the row: its time, and an arena emptied after it */
    const struct pack *pack; /* in force at `at` */
    struct unit at;
    struct list streets; /* children of `at`, of struct unit */
    struct memo memo;
    unsigned repairs; /* of the row: bits of enum repair */
    int64_t repaired[REPAIRS];
    int64_t accepted, known;  /* known: replayed before */
    struct replay_row *order; /* of all rows that could be split, n of them */
    size_t n, room;
    struct import_ending *endings; /* still to come: a heap, the next one first */
    size_t ending_count, ending_room;
};

struct refusal {
    const char *column, *zh, *en; /* zh NULL: none */
};

/* Before any row: pack, streets, arena. replay_end frees what it made. */
MUST enum err replay_start(struct replay *r);
void replay_end(struct replay *r);

/* First every row is shown once, to learn when it came in and which id a name mostly comes with;
 * replay_sort then puts r->order into the order of time. */
MUST enum err replay_learn(struct replay *r, const struct csv_row *row);
void replay_sort(struct replay *r);

/* Then, row by row: what ends until the row came in, then the row itself; and what is left. */
MUST enum err replay_until(struct replay *r, int64_t now);
MUST enum err replay_row(struct replay *r, const struct csv_row *row, struct refusal *ret);

#endif
