/* Rules: the small typed language in which a pack says what counts, such as `late == no`,
 * `outcome == solved and score >= 4` or `answered_at - created_at <= 24 hours`. A rule looks at one
 * record, given as an array of facts, and at nothing else: no clock, no other record, no SQL. It is
 * parsed and type-checked when the pack is loaded and evaluated by one function. The table
 * tests/rules/cases.json says what each form gives; whoever else evaluates rules runs the same
 * table. docs/PACKS.md explains the language to those who write it.
 *
 *   rule    = all { "or" all }            all   = not { "and" not }
 *   not     = "not" not | compare
 *   compare = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum | "is" [ "not" ] "set" ]
 *   sum     = term { ("+" | "-") term }
 *   term    = fact | number [ "minutes" | "hours" | "days" ] | "yes" | "no" | code | "(" rule ")"
 *
 * A code stands only to the right of `==` or `!=` behind a fact that holds codes. Times differ in
 * spans. A comparison with a fact that is not set is no, whatever is compared; so is a yes-or-no
 * fact that is not set. A sum with one is not set.
 *
 * Values are whole numbers, times ms UTC, spans ms, yes 1 and no 0. A struct rule lives in the
 * arena it was parsed into, and never changes. */
#ifndef PACK_RULE_H
#define PACK_RULE_H

#include "base/arena.h"
#include "base/err.h"

enum rule_type { RULE_BOOL, RULE_NUMBER, RULE_CODE, RULE_TIME, RULE_SPAN };

struct rule_fact {
    const char *name;
    enum rule_type type;
};

/* What a rule may speak of. knows (may be NULL: any will do) says whether a fact can hold a code,
 * and if not, puts those it can into *allowed. */
struct rule_facts {
    const struct rule_fact *facts;
    size_t n;
    bool (*knows)(void *arg, size_t fact, struct str code, struct str *allowed);
    void *arg;
};

struct rule_value {
    bool set;
    int64_t n;    /* all but codes */
    struct str s; /* codes */
};

/* What is wrong with a rule, and at which character (from 0) of its text. */
struct rule_fault {
    size_t at;
    struct str zh, en;
};

enum { RULE_TEXT_MAX = 500, RULE_NODES_MAX = 100, RULE_DEPTH_MAX = 16 };

struct rule;

/* ERR_INVALID, and *fault filled, when the text is no rule; its words live in the arena. */
MUST enum err rule_parse(struct arena *a, struct str text, const struct rule_facts *facts,
                         struct rule **ret, struct rule_fault *fault);
enum rule_type rule_type(const struct rule *r);
struct str rule_text(const struct rule *r);

/* facts: as many values as the rule was parsed with, in that order. */
struct rule_value rule_eval(const struct rule *r, const struct rule_value *facts);
bool rule_holds(const struct rule *r, const struct rule_value *facts); /* set, and yes */

#endif
