/* What was wrong with a request, for a person to read: RFC 9457 is written from it. Each fault
 * names a field as a JSON pointer ("/title") or a query or path name ("limit"), and says in
 * Chinese and English what was wrong and what is allowed. Texts are literals or live in the
 * request's arena. Past PROBLEM_MAX faults the rest are counted, not kept. */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include "base/err.h"
#include "base/str.h"

enum { PROBLEM_MAX = 24 };

struct fault {
    struct str field;   /* NO_STR when the whole request is meant */
    struct str code;    /* a stable word: required, type, too_long, unknown, … */
    struct str zh, en;  /* one sentence each */
    struct str allowed; /* what is allowed, or NO_STR */
};

struct problem {
    size_t count; /* faults met, kept or not */
    struct fault faults[PROBLEM_MAX];
};

/* Adds a fault and returns err, so that `return problem_add(...)` reads as one line. Inline, so
 * that a reader, and an analyzer, sees that what is returned is what was given. */
static inline enum err problem_add(struct problem *p, enum err err, struct fault fault)
{
    if (p->count < PROBLEM_MAX)
        p->faults[p->count] = fault;
    p->count++;
    return err;
}

#endif
