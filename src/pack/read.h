/* Between the files that read a pack: load.c (the pack), flow.c (a kind of matter), check.c (what
 * a flow means). Marks say where in the YAML each thing stands; they live in the scratch arena,
 * which is gone when pack_load returns. */
#ifndef PACK_READ_H
#define PACK_READ_H

#include "pack/yaml.h"

struct reader {
    struct arena *arena;   /* the pack's */
    struct arena *scratch; /* tree and marks */
    struct pack_report *report;
    struct pack *pack;
};

/* Where a step's parts stand; the step itself where a part is not given. */
struct step_mark {
    struct mark at, act, by, from, to, within, otherwise, given, needs;
};

struct kind_mark {
    struct mark at;
    struct mark *stages; /* as many as the kind has */
    struct step_mark *steps;
};

struct word {
    struct str word;
    unsigned bit;
};

enum { STAGES_MAX = 64, STEPS_MAX = 256, CODE_MAX = 64, LABEL_MAX = 100 };

/* A code: lower-case letters, digits, - _ and ., at most CODE_MAX. NO_STR, and a fault, if not. */
struct str read_code(struct reader *r, const struct node *map, const char *key);

/* `name: 报修` with `en: Repair` beside it, or `name: {zh: 报修, en: Repair}`. */
struct pack_label read_label(struct reader *r, const struct node *map);

/* The index-th child of a list, for loops that read maps: a fault and NULL for anything else. */
const struct node *read_map(struct reader *r, const struct node *item);

/* One item of matters: into *kind and *mark. False when it has faults that make checking its flow
 * meaningless. */
bool read_kind(struct reader *r, const struct node *map, struct pack_kind *kind,
               struct kind_mark *mark);

/* `indicators:` of the root, into the pack; without that key those of indicator_default. Kinds,
 * sources and categories have been read before. */
void read_indicators(struct reader *r, const struct node *root);

/* What the flow means: who may, from where, to where, by when. */
void check_kind(struct reader *r, const struct pack_kind *kind, const struct kind_mark *mark);

/* Names of a set of sides, for a sentence. */
extern const struct word side_words[];
extern const size_t side_word_count;

#endif
