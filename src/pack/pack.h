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
    ACT_ESCALATE, /* the tier above takes charge; by hand, or by itself when overdue */
    ACT_WHISTLE,  /* 吹哨: sent to a lead, with a part for each co-handler */
    /* Of the flow too, but the stage stays: struct pack_stay. */
    ACT_EXTEND,    /* more time */
    ACT_PAUSE,     /* the clock stops, for a declared reason */
    ACT_SUPERVISE, /* 督办: the tier above wants an answer */
    /* What follows from those, for whoever is concerned. */
    ACT_FLOW_END,              /* the acts before it can stand in a flow */
    ACT_RESUME = ACT_FLOW_END, /* the clock runs on */
    ACT_ANSWER, /* to what was asked: more time, a pause, who does it, a supervision */
    ACT_REPORT, /* a co-handler says its part is done */
    ACT_REFUSE, /* … or that it is not its to do: the tier above settles it */
    ACT_COMMENT,
    ACT_WATCH,
    /* Never asked for as an act: they come by themselves, or from a route of their own. */
    ACT_ASKED_END,
    ACT_WARN = ACT_ASKED_END, /* time: it will soon be due */
    ACT_OVERDUE,              /* time: it is past due */
    /* Many and one (domain/matter/matter_many.h). */
    ACT_MERGE,   /* a report now follows another, its lead */
    ACT_SPLIT,   /* … or no longer does */
    ACT_JOIN,    /* somebody else has the same trouble: on the lead */
    ACT_AFFECT,  /* households were added */
    ACT_CONFIRM, /* one of them said whether it is solved */
    ACT_GLASS,   /* somebody broke the glass of a confidential matter */
    /* Long matters (domain/casework). */
    ACT_MILESTONE, /* a milestone was set, changed or reached */
    ACT_PROGRESS,  /* households got further at one */
    ACT_FOLLOW_UP, /* somebody asked how it stands */
    ACT_LETTER,    /* a letter went out or came in */
    ACT_LINK,      /* it was joined to the next, or to the one before, in a chain */
    ACT_MISSED,    /* time: one of these was owed, and its day has passed */
    ACT_COUNT
};
extern const char *const act_names[ACT_COUNT + 1];     /* "order" …; NULL ends it */
extern const char *const act_asked[ACT_ASKED_END + 1]; /* those before ACT_ASKED_END alone */
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
    SIDE_ABOVE = 1 << 7,     /* who manages a unit above the one in charge */
};

/* The tiers (分层办理): which unit above the place is in charge. */
enum tier { TIER_COMMUNITY, TIER_STREET, TIER_DISTRICT, TIER_COUNT };
extern const char *const tier_names[TIER_COUNT + 1]; /* "community", …; NULL ends it */
bool tier_parse(struct str s, enum tier *ret);

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
    OUTCOME_MERGED, /* follows another matter: neither solved nor unsolved by itself */
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
    unsigned by;      /* set of enum side */
    uint64_t from;    /* bit i: stage i; 0 for order */
    size_t to;        /* index of a stage */
    unsigned needs;   /* set of enum need; `to` is implied by dispatch and transfer, and
                         `reason` by decline */
    enum given given; /* rate only */
    struct limit within[TIER_COUNT]; /* how long a matter may wait in `from` for this step, at each
                                        tier; all of them given, or none */
    bool else_close; /* when it has waited that long, time closes it (OUTCOME_NO_ANSWER) into
                        `to`, which is final; rate and close only */
    bool overdue;    /* escalate: time does it when the matter is overdue; `by` is 0 */
    int line;
};

struct pack_reason {
    struct str reason;
    struct pack_label name;
};

/* A step that leaves the stage as it is: extend, pause, supervise. */
struct pack_stay {
    enum act act;
    unsigned by;
    uint64_t from;
    unsigned needs;
    struct limit most;           /* extend, pause: the longest that may be asked for at once */
    struct limit within;         /* supervise: how long there is to answer */
    int times;                   /* extend, pause: how often; 0: as often as is asked */
    bool above;                  /* extend, pause: the tier above must approve */
    struct pack_reason *reasons; /* extend, pause: of which one must be named; may be none */
    size_t reason_count;
    int line;
};

/* What a long matter passes on its way. */
struct pack_milestone {
    struct str milestone; /* code */
    struct pack_label name;
    struct limit within; /* from when the matter was taken on; LIMIT_NONE: no day is set */
    bool each;           /* every household has to pass it */
};

/* One link of a chain: a matter of this chain at this place. */
struct pack_link {
    struct str link; /* code */
    struct pack_label name;
    struct str kind;     /* of the matter; NO_STR: any. One that is ordered enters by itself */
    struct limit within; /* how soon the next link must be there; LIMIT_NONE: no limit */
    bool many;           /* several next ones may come of it */
};

/* Matters that lead from one to the next, in this order, so that none is lost on the way. */
struct pack_chain {
    struct str chain; /* code */
    struct pack_label name;
    struct pack_link *links;
    size_t link_count;
};

struct pack_kind {
    struct str kind;
    struct pack_label name;
    bool confidential;         /* seen by handler and requester alone; its words are sealed */
    struct pack_stage *stages; /* at most 64; in file order */
    size_t stage_count;
    struct pack_step *steps;
    size_t step_count;
    struct pack_stay *stays;
    size_t stay_count;
    struct limit warn; /* this long before it is due; LIMIT_NONE: no warning */
    int transfers;     /* the transfer with this number is the tier above's to settle */
    struct pack_milestone *milestones;
    size_t milestone_count;
    int line;
};
enum { TRANSFERS_DEFAULT = 3 };

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

/* What a form asks. A field or a material that has a `when` is asked for only when an earlier
 * field was answered with one of these choices. */
enum field_type {
    FIELD_TEXT,
    FIELD_NUMBER,
    FIELD_DATE,
    FIELD_CHOICE,
    FIELD_YES_NO, /* a choice of yes and no */
    FIELD_PHONE,
    FIELD_ID_NUMBER,
    FIELD_FILE_NOTE, /* a word on a paper that is kept elsewhere */
    FIELD_TYPES
};
extern const char *const field_type_names[FIELD_TYPES + 1]; /* "text" …; NULL ends it */
enum field_class { FIELD_OPEN, FIELD_PERSONAL, FIELD_SENSITIVE, FIELD_CLASSES };
extern const char *const field_class_names[FIELD_CLASSES + 1]; /* "open" …; NULL ends it */

struct pack_when {
    uint64_t choices; /* bit i: choice i of the field; 0: always */
    size_t field;     /* index in the form */
};

struct pack_choice {
    struct str choice;
    struct pack_label name;
};

struct pack_field {
    struct str field;
    struct pack_label name;
    enum field_type type;
    enum field_class class;
    bool required;
    int64_t max; /* characters of a text, value of a number; 0: the program's own limit */
    struct pack_choice *choices; /* at most 64 */
    size_t choice_count;
    struct pack_when when;
};

struct pack_form {
    struct str form;
    struct pack_field *fields;
    size_t field_count;
};

struct pack_material {
    struct str material;
    struct pack_label name;
    int copies;
    bool original; /* the original is to be shown */
    struct pack_when when;
};

/* What people can apply for: who qualifies, what to bring, where, how long, what it costs. A
 * filing is a matter of `kind`. */
struct pack_service {
    struct str service;
    struct pack_label name, who, where, fee, basis, words; /* words: how long, as people say it */
    struct str category, kind;
    const struct pack_form *form;
    struct pack_material *bring;
    size_t bring_count;
    struct limit within; /* LIMIT_NONE when only words are given */
};

/* Whom a kind of body is made of: people, or organisations as such (its core units). */
struct pack_member {
    struct str category;
    struct pack_label name;
    bool party;  /* organisations; they are counted apart from the people */
    bool public; /* a public post: its holder's name is shown to everybody */
};

/* A body that each of a kind has below it from the start. */
struct pack_part {
    struct str part;
    struct pack_label name;
    struct str kind; /* of that body */
};

/* A kind of body: committee, club, working group. A part's own kind has no parts. */
struct pack_body {
    struct str kind;
    struct pack_label name;
    struct pack_member *members; /* at least one */
    size_t member_count;
    struct pack_part *parts;
    size_t part_count;
    int line;
};

/* Patrols: what is looked at on a round, and who may walk one. */
enum item_kind {
    ITEM_OK,     /* all right or not: when it is not, a matter is opened */
    ITEM_NUMBER, /* a number is read */
    ITEM_TEXT,   /* words are written */
};
extern const char *const item_kind_names[]; /* "ok", "number", "text"; NULL ends it */

struct pack_item {
    struct str item;
    struct pack_label name;
    enum item_kind kind;
    struct str finding, category; /* of the matter when not ok; category may be NO_STR */
};

struct pack_patrol {
    struct str patrol;
    struct pack_label name;
    struct str *by; /* roles that may walk it */
    size_t by_count;
    struct pack_item *items;
    size_t item_count;
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
    struct pack_reason *reasons; /* why a clock may stop, or more time be asked for */
    size_t reason_count;
    struct pack_chain *chains;
    size_t chain_count;
    struct pack_form *forms;
    size_t form_count;
    struct pack_service *services;
    size_t service_count;
    struct pack_body *bodies;
    size_t body_count;
    struct pack_patrol *patrols;
    size_t patrol_count;
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
const struct pack_service *pack_service(const struct pack *p, struct str service);  /* or NULL */
const struct pack_patrol *pack_patrol(const struct pack *p, struct str patrol);     /* or NULL */
const struct pack_item *patrol_item(const struct pack_patrol *p, struct str item);  /* or NULL */
const struct pack_indicator *pack_indicator(const struct pack *p, struct str code); /* or NULL */
bool pack_source_known(const struct pack *p, struct str source);
const struct pack_chain *pack_chain(const struct pack *p, struct str chain); /* or NULL */
bool chain_link(const struct pack_chain *c, struct str link, size_t *ret);
const struct pack_body *pack_body(const struct pack *p, struct str kind); /* or NULL */
const struct pack_member *body_category(const struct pack_body *b,
                                        struct str category); /* or NULL */
bool kind_stage(const struct pack_kind *k, struct str stage, size_t *ret);

/* The step that does `act` from that stage for a holder of any of `sides`; given matters for rate
 * only; GIVEN_ANY finds any. NULL when there is none; *wrong_side (may be NULL) then says whether
 * one fits but for its side. The stage does not matter to order. */
const struct pack_step *kind_step(const struct pack_kind *k, enum act act, size_t stage,
                                  unsigned sides, enum given given, bool *wrong_side);

/* The step whose time limit runs in a stage: the first that leaves it and has one, or NULL. (A step
 * that stays in its stage, such as claim, carries no limit.) */
const struct pack_step *kind_limit(const struct pack_kind *k, size_t stage);

/* The step by which an overdue matter leaves a stage for the tier above, or NULL. */
const struct pack_step *kind_overdue(const struct pack_kind *k, size_t stage);

/* As kind_step, for the steps that stay. */
const struct pack_stay *kind_stay(const struct pack_kind *k, enum act act, size_t stage,
                                  unsigned sides, bool *wrong_side);

#endif
