/* Between the files that read a pack: load.c (the pack), flow.c (a kind of matter), check.c (what
 * a flow means), milestone.c (what a long matter passes, and chains of matters), patrol.c
 * (inspection rounds). Marks say where in the YAML each thing stands; they live in the scratch
 * arena, which is gone when pack_load returns. */
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
    struct mark at, act, by, from, to, within, otherwise, given, needs, on;
};

/* The same for a step that stays. */
struct stay_mark {
    struct mark at, by, from, needs, most, within;
};

struct kind_mark {
    struct mark at;
    struct mark *stages; /* as many as the kind has */
    struct step_mark *steps;
    struct stay_mark *stays;
};

struct word {
    struct str word;
    unsigned bit;
};

enum { STAGES_MAX = 64, STEPS_MAX = 256, CODE_MAX = 64, LABEL_MAX = 100, PARTS_MAX = 32 };

/* A code: lower-case letters, digits, - _ and ., at most CODE_MAX. NO_STR, and a fault, if not. */
struct str read_code(struct reader *r, const struct node *map, const char *key);

/* `name: 报修` with `en: Repair` beside it, or `name: {zh: 报修, en: Repair}`. */
struct pack_label read_label(struct reader *r, const struct node *map);

/* The index-th child of a list, for loops that read maps: a fault and NULL for anything else. */
const struct node *read_map(struct reader *r, const struct node *item);

/* A list of that key, of a length that comparing each item with each can bear; NULL, and a fault
 * when it is required, if there is none. */
const struct node *read_list(struct reader *r, const struct node *root, const char *key,
                             bool required);

/* Has an item between first and this one the same code under that key? Then that is a fault. */
bool read_twice(struct reader *r, const struct node *first, const struct node *item,
                const char *key, struct str code);

/* The kinds of body (body.c). */
void read_bodies(struct reader *r, const struct node *root);

/* The root's `patrols`, after kinds, categories and sources (patrol.c). */
void read_patrols(struct reader *r, const struct node *root);

/* One item of matters: into *kind and *mark. False when it has faults that make checking its flow
 * meaningless. */
bool read_kind(struct reader *r, const struct node *map, struct pack_kind *kind,
               struct kind_mark *mark);

/* One item of a flow whose act leaves the stage as it is (stay.c), appended to the kind's. */
bool act_stays(enum act act);
void read_stay(struct reader *r, const struct node *item, enum act act, struct pack_kind *kind,
               struct kind_mark *mark);

/* Parts of any item of a flow. */
struct mark mark_of(const struct node *item,
                    const char *key); /* the item's own if it has no such */
unsigned read_by(struct reader *r, const struct node *item);
unsigned read_needs(struct reader *r, const struct node *item);
uint64_t read_from(struct reader *r, const struct node *item, const struct pack_kind *kind);
bool read_limit(struct reader *r, const struct node *value, struct limit *ret);
bool read_whole(struct reader *r, const struct node *map, const char *key, int most, int *ret);
/* `milestones` of a kind, and `chains` of the root, whose kinds have been read. */
void read_milestones(struct reader *r, const struct node *map, struct pack_kind *kind);
void read_chains(struct reader *r, const struct node *root);

/* `indicators:` of the root, into the pack; without that key those of indicator_default. Kinds,
 * sources and categories have been read before. */
void read_indicators(struct reader *r, const struct node *root);

/* What the flow means: who may, from where, to where, by when. */
void check_kind(struct reader *r, const struct pack_kind *kind, const struct kind_mark *mark);
void check_stays(struct reader *r, const struct pack_kind *kind, const struct kind_mark *mark);

/* The root keys `forms` and `services`, after categories and matters (service.c). */
void read_services(struct reader *r, const struct node *root);

/* Names of a set of sides, for a sentence. */
extern const struct word side_words[];
extern const size_t side_word_count;

#endif
