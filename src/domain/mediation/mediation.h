/* Mediation (调解): what is recorded beside a matter while a dispute is talked through, under the
 * matter's id. Who is in dispute and who mediates, the sessions, the agreement with its signatures,
 * what was promised by when, and when somebody comes back to see.
 *
 * It is seen by those who are in it, by who mediates and by the unit that began it, and by nobody
 * else: narrower than its matter. Names, phones, notes, agreement and strokes are sealed under the
 * matter's key. A signature binds text, signer, time and strokes with SHA-256; once there is one,
 * another text voids all of them. mediation_verify computes everything anew.
 *
 * Texts and lists live in the store's arena; times are ms UTC. */
#ifndef DOMAIN_MEDIATION_H
#define DOMAIN_MEDIATION_H

#include "gate/route.h"

extern const struct module mediation_module;

/* GB/T 31000-2015, tables 91 and 93 (codes.c); an entry without a code ends a list. */
struct mediation_code {
    struct str code, zh, en;
};
extern const struct mediation_code dispute_types[], dispute_ways[];
const struct mediation_code *mediation_code(const struct mediation_code *list, struct str code);

enum { PEOPLE_MAX = 30, SESSIONS_MAX = 100, DUES_MAX = 100, DRAWN_MAX = 20000 };

struct mediation_new {
    int64_t id;
    struct str type, way;
};
struct mediator_new { /* or a party */
    int64_t id;
    struct str side, name, phone;
    int64_t person, party, account;
};
struct session_new {
    int64_t id, at;
    struct str place, notes;
    struct list came; /* int64_t */
};
struct agreement_new {
    int64_t id;
    struct str text, void_reason;
};
struct signature_new {
    int64_t id, signer;
    struct str drawn, hash;
};
struct due_new {
    int64_t id;
    struct str kind, what;
    int64_t who, due_at;
};
struct due_done {
    int64_t id, due;
    struct str result, text;
};

/* As shown. */
struct mediation_person {
    int64_t id;
    struct str side, name, phone, sealed_name, sealed_phone;
    int64_t person, party, account;
    enum tri has_signed;
};
struct mediation_session {
    int64_t id, at;
    struct str place, notes, sealed;
    struct list came;
};
struct mediation_signature {
    int64_t id, signer, at;
    struct str drawn, hash, sealed;
};
struct mediation_due {
    int64_t id;
    struct str kind, what, result, text, sealed_what, sealed_text;
    int64_t who, due_at, done_at;
    enum tri overdue;
};
struct mediation {
    int64_t id;
    struct str type, type_zh, type_en, way, way_zh, way_en;
    int64_t opened_at, agreement, agreed_at;
    struct str text, hash, sealed; /* of the agreement in force */
    enum tri concluded;            /* every party, and a mediator, have signed it */
    struct list persons, sessions, signatures, dues;
};
extern const struct entity mediation_entity;

struct verified_signature {
    int64_t id, signer;
    enum tri matches;
};
struct mediation_verified {
    enum tri whole, text;
    struct str hash;
    struct list signatures;
};

MUST enum err mediation_reach(struct store *db, int64_t id, struct reach *ret); /* a reach_fn */
MUST enum err mediation_get(struct store *db, int64_t id, struct mediation *ret);
MUST enum err mediation_open(struct store *db, const struct actor *by,
                             const struct mediation_new *in);
MUST enum err mediation_add(struct store *db, const struct actor *by,
                            const struct mediator_new *in);
MUST enum err mediation_sit(struct store *db, const struct actor *by, const struct session_new *in);
MUST enum err mediation_agree(struct store *db, const struct actor *by,
                              const struct agreement_new *in);
MUST enum err mediation_sign(struct store *db, const struct actor *by,
                             const struct signature_new *in);
MUST enum err mediation_promise(struct store *db, const struct actor *by, const struct due_new *in);
MUST enum err mediation_done(struct store *db, const struct actor *by, const struct due_done *in);
/* Loads its matter, and says whether the actor runs the mediation: by a hat of the unit in charge
 * or of a mediator's party. A firm that is in dispute itself only reads and signs. The audit row of
 * what follows lies where the matter does. */
struct matter;
MUST enum err mediation_runs(struct store *db, const struct actor *by, int64_t id, struct matter *m,
                             bool *ret);

MUST enum err mediation_verify(struct store *db, int64_t id, struct mediation_verified *ret);

/* Strokes drawn on a screen, as an SVG path of lines: M12,30 L13,34 … , at least MARKS_LEAST
 * points. */
enum { MARKS_LEAST = 8 };
form_fn form_strokes;

#endif
