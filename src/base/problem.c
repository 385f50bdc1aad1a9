#include "base/problem.h"

enum err problem_add(struct problem *p, enum err err, struct fault fault)
{
    if (p->count < PROBLEM_MAX)
        p->faults[p->count] = fault;
    p->count++;
    return err;
}
