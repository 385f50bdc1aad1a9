/* A YAML text as a small tree that remembers line and column, and the faults found while reading
 * it. Only what a pack needs: maps with plain keys, lists and texts; anchors, tags, several
 * documents, NUL and more than YAML_DEPTH_MAX levels are refused with a fault.
 *
 * Nodes and their texts live in the arena given to yaml_read; faults live in the report's arena.
 * Lines and columns count from 1, columns in characters. Nothing here fails loudly: a missing
 * piece of memory shows as arena_full, which the caller asks once at the end. */
#ifndef PACK_YAML_H
#define PACK_YAML_H

#include "pack/pack.h"

enum { YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 100000, YAML_SIZE_MAX = 1 << 20, FAULTS_MAX = 200 };

struct mark {
    int line, column;
};

enum node_type { NODE_EMPTY, NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
    enum node_type type;
    struct mark at;     /* where the value begins; the key, when the value is empty */
    struct str text;    /* NODE_TEXT */
    bool quoted;        /* … written in quotes: its first character stands one further on */
    struct str key;     /* in a map */
    struct mark key_at; /* in a map */
    struct node *child; /* first of a list or map */
    struct node *next;  /* in the list or map it is in */
    size_t count;       /* children */
};

/* The root map, or NULL with at least one fault in the report (or without memory). */
struct node *yaml_read(struct arena *a, struct str yaml, struct pack_report *report);

/* Adds a fault. Both formats take the same arguments in the same order. */
void fault_add(struct pack_report *report, struct mark at, const char *zh, const char *en, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

/* Sorts the faults by line and column. */
void fault_sort(struct pack_report *report);

/* For "%.*s": a writer's own text, cut to what a sentence can carry. */
#define SHOW(s) show_len(s), (s).n ? (s).p : ""
int show_len(struct str s);

/* The value of a key, or NULL. */
const struct node *node_get(const struct node *map, const char *key);

/* Reports keys that are not in the NULL-ended list, and keys given twice. */
void node_keys(const struct node *map, const char *const *known, struct pack_report *report);

/* The value of a key when it is there and of that type; any other type is a fault, as is a missing
 * or empty one when it is required. */
const struct node *node_typed(const struct node *map, const char *key, enum node_type type,
                              bool required, struct pack_report *report);

#endif
