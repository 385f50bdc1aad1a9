/* Indicators (指标): what a place counts, as its pack declares it. Of every matter a rule says
 * whether it counts at all (when), whether it is left out all the same, with its number shown
 * (except), and whether it meets what is asked (meets); or what is measured of it (measure). Which
 * time puts it into a month is said too (at). domain/figure keeps the sums.
 *
 * key is a hash of all that decides what is counted, name and words apart: two packs that say the
 * same count together, and a definition that is changed never mixes with the one before. Packs
 * without `indicators` have those of indicator_default.c. */
#ifndef PACK_INDICATOR_H
#define PACK_INDICATOR_H

#include "pack/rule.h"

/* The facts of a matter, in the order of indicator_facts. */
enum fact {
    FACT_KIND,
    FACT_CATEGORY,
    FACT_SOURCE,
    FACT_STAGE,
    FACT_OUTCOME,
    FACT_OPEN,
    FACT_SOLVED, /* the requester's own word */
    FACT_SCORE,
    FACT_LATE,     /* an office's step came after it was due, or it was closed after it was */
    FACT_IMPORTED, /* dealt with in another system */
    FACT_INSIDE_GRID,
    FACT_TRANSFERS,
    FACT_RETURNS,
    FACT_REOPENS,
    FACT_ESCALATIONS,
    FACT_EXTENSIONS,
    FACT_CREATED_AT,
    FACT_ANSWERED_AT,
    FACT_HANDLED_AT, /* when it was last said to be done */
    FACT_CLOSED_AT,
    FACT_DUE_AT,
    FACT_PAUSED, /* how long its clock stood */
    FACT_COUNT
};
extern const struct rule_fact indicator_facts[FACT_COUNT];

enum { QUANTILES_MAX = 5 };

struct pack_label {
    struct str zh, en; /* en falls back to zh */
};

struct pack_indicator {
    struct str indicator; /* code */
    struct pack_label name, doc;
    int64_t key;
    enum fact at; /* one of the times */
    const struct rule *when;
    const struct rule *except;        /* NULL: nothing is left out */
    const struct rule *meets;         /* NULL, when measure is too: all that count are counted */
    const struct rule *weight;        /* of meets; NULL: each counts once */
    const struct rule *measure;       /* number or span; NULL with meets */
    int64_t quantiles[QUANTILES_MAX]; /* per cent, of a span */
    size_t quantile_count;
    int line;
};

/* The indicators of packs that name none, as YAML. */
extern const char indicator_default[];

#endif
