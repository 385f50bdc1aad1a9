/* A pack is a place's way of working, read from YAML: the roles it uses, the kinds of matter with
 * their flows and time limits, the categories, the intake sources, the working hours. The engine
 * knows none of them by name: it knows acts (what can be done), sides (who may do it) and the
 * facts below. docs/PACKS.md is the reference for writers.
 *
 * A struct pack and everything it points to live in one arena that pack_free frees; it never
 * changes once loaded, so threads share it without locks. */
#ifndef PACK_PACK_H
#define PACK_PACK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/workday.h"
#include "pack/indicator.h"

/* What can be done to a matter. The effects are the engine's (domain/matter); who may, from where
 * and to where is the pack's. Comment and watch are always open to whoever sees the matter. */
enum act {
    ACT_ORDER,    /* a request comes in */
    ACT_ACCEPT,   /* the unit in charge takes it on */
    ACT_DECLINE,  /* … or does not, with a reason: final */
    ACT_DISPATCH, /* the unit in charge sends it to a party */
    ACT_CLAIM,    /* one person of the party (or of the unit) takes it */
    ACT_TRANSFER, /* the party, or the unit, passes it to another party */
    ACT_SUBMIT,   /* the handler says it is done, with a result */
    ACT_VERIFY,   /* the unit has looked, and it is */
    ACT_RETURN,   /* the unit sends it back to the handler; the party sends it back to the unit */
    ACT_RATE,     /* the requester judges: solved or not, 1 to 5, words */
    ACT_REOPEN,   /* the requester (or the unit) opens it again */
    ACT_WITHDRAW, /* the requester no longer asks */
    ACT_CLOSE,    /* the unit closes it, or time does (else: close) */
    ACT_COMMENT,
    ACT_WATCH,
    ACT_COUNT
};
extern const char *const act_names[ACT_COUNT + 1]; /* "order" …; NULL ends it */
bool act_parse(struct str s, enum act *ret);

/* Who may do it; a step holds a set of them. */
enum side {
    SIDE_REQUESTER = 1 << 0, /* the person who asked, or the holder of the tracking code */
    SIDE_RESIDENT = 1 << 1,  /* order: any signed-in person */
    SIDE_ANYONE = 1 << 2,    /* order: nobody need sign in */
    SIDE_WORKER = 1 << 3,    /* grid, community or social worker whose unit covers the place */
    SIDE_HOTLINE = 1 << 4,   /* a hotline desk whose unit covers the place */
    SIDE_UNIT = 1 << 5,      /* "community": who manages the unit in charge */
    SIDE_HANDLER = 1 << 6,   /* the party it was sent to, or the person who claimed it */
};

/* What a step asks for; a step holds a set of them. */
enum need { NEED_REASON = 1 << 0, NEED_RESULT = 1 << 1, NEED_TO = 1 << 2 };

/* Facts about a matter's end, apart from its stage. Closed is not solved. */
enum outcome {
    OUTCOME_NONE,
    OUTCOME_HANDLED,   /* handled, not yet confirmed */
    OUTCOME_SOLVED,    /* confirmed solved */
    OUTCOME_UNSOLVED,  /* confirmed not solved */
    OUTCOME_NO_ANSWER, /* handled, and no answer in time */
    OUTCOME_DECLINED,
    OUTCOME_WITHDRAWN,
    OUTCOME_COUNT
};
extern const char *const outcome_names[OUTCOME_COUNT + 1]; /* "none", "handled", …; NULL ends it */

/* Which rating a rate step is for. */
enum given { GIVEN_ANY, GIVEN_SOLVED, GIVEN_UNSOLVED };

struct pack_stage {
    struct str stage;
    struct pack_label name;
    bool final;      /* nothing leaves it but reopen */
    enum act awaits; /* what it waits for: the first step in file order that leaves it and moves on
                        (accept, dispatch, submit, verify, rate, close), else the first that leaves
                        it; ACT_COUNT when final */
    int line;
};

struct pack_step {
    enum act act;
    unsigned by;         /* set of enum side */
    uint64_t from;       /* bit i: stage i; 0 for order */
    size_t to;           /* index of a stage */
    unsigned needs;      /* set of enum need; `to` is implied by dispatch and transfer, and
                            `reason` by decline */
    enum given given;    /* rate only */
    struct limit within; /* how long a matter may wait in `from` for this step */
    bool else_close;     /* when it has waited that long, time closes it (OUTCOME_NO_ANSWER) into
                            `to`, which is final; rate and close only */
    int line;
};

struct pack_kind {
    struct str kind;
    struct pack_label name;
    struct pack_stage *stages; /* at most 64; in file order */
    size_t stage_count;
    struct pack_step *steps;
    size_t step_count;
    int line;
};

struct pack_category {
    struct str code;
    struct pack_label name;
    struct str parent; /* code, NO_STR at the top */
};

struct pack_role {
    struct str role; /* one of the program's roles (gate/permission.h) */
    struct pack_label name;
};

struct pack_source {
    struct str source;
    struct pack_label name;
};

struct pack {
    struct arena *arena;
    int64_t id;      /* row in the store, 0 before it is stored */
    struct str pack; /* "yannan" */
    struct pack_label name;
    struct str hash; /* hex BLAKE2b-256 of the YAML text */
    struct str yaml;
    struct hours hours;
    struct pack_role *roles;
    size_t role_count;
    struct pack_kind *kinds;
    size_t kind_count;
    struct pack_category *categories; /* parents before children */
    size_t category_count;
    const struct pack_category **category_by_code; /* the same, in order of code */
    struct pack_source *sources;
    size_t source_count;
    struct pack_indicator *indicators;
    size_t indicator_count;
};

/* One mistake in a pack, for its writer. */
struct pack_fault {
    int line, column; /* from 1 */
    struct str zh, en;
};
struct pack_report {
    struct arena *arena;
    struct pack_fault *faults;
    size_t n, room;
};

/* Reads and checks a pack. Every mistake found is in the report (in line order), which the caller
 * provides zeroed with an arena; *ret is NULL and ERR_INVALID returned when there is any. */
MUST enum err pack_load(struct str yaml, struct pack_report *report, struct pack **ret);
void pack_free(struct pack *p);

const struct pack_kind *pack_kind(const struct pack *p, struct str kind);           /* or NULL */
const struct pack_category *pack_category(const struct pack *p, struct str code);   /* or NULL */
const struct pack_indicator *pack_indicator(const struct pack *p, struct str code); /* or NULL */
bool pack_source_known(const struct pack *p, struct str source);
bool kind_stage(const struct pack_kind *k, struct str stage, size_t *ret);

/* The step that does `act` from that stage for a holder of any of `sides`; given matters for rate
 * only; GIVEN_ANY finds any. NULL when there is none; *wrong_side (may be NULL) then says whether
 * one fits but for its side. The stage does not matter to order. */
const struct pack_step *kind_step(const struct pack_kind *k, enum act act, size_t stage,
                                  unsigned sides, enum given given, bool *wrong_side);

/* The step whose time limit runs in a stage: the first that leaves it and has one, or NULL. (A step
 * that stays in its stage, such as claim, carries no limit.) */
const struct pack_step *kind_limit(const struct pack_kind *k, size_t stage);

#endif
