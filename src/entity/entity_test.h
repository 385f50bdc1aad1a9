/* What the tests of descriptors share: a struct with a field of every type, a way to read one
 * document into it, and tables of documents that must be refused. */
#ifndef ENTITY_ENTITY_TEST_H
#define ENTITY_ENTITY_TEST_H

#include "entity/entity.h"

struct leaf {
    struct str name;
    int64_t size;
};
extern const struct entity test_leaf_entity;

struct branch {
    struct list leaves;
    struct leaf *best;
};
extern const struct entity test_branch_entity;

struct tree {
    int64_t id, any, count, below, planted;
    double lng, wide;
    enum tri tall;
    struct str title, note, colour, phone;
    struct list tags, friends, branches;
    struct branch *root;
    int64_t limit;
    double near;
    enum tri all;
    struct str after;
};
extern const struct entity test_tree_entity;

/* One document, read; the caller frees the arena. */
struct reading {
    struct arena *arena;
    struct problem problem;
    struct tree tree;
    enum err err;
};
struct reading test_read(struct str body); /* with the path's id=7 */
struct reading test_read_with(struct str body, const struct param *params, size_t n);

/* Fails the test unless there was this one fault, told in both languages. */
void test_expect_fault(const struct reading *r, struct str from, enum err err, const char *field,
                       const char *code);

struct bad {
    struct str body;
    const char *field, *code;
    enum err err; /* OK stands for ERR_INVALID */
};
void test_check_bad(const struct bad *rows, size_t n);

/* A body with a good title and one more member. */
#define WITH(member)                                                                               \
    {                                                                                              \
        "{\"title\":\"树木\"," member "}", sizeof("{\"title\":\"树木\"," member "}") - 1           \
    }
#define BODY(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

#endif
