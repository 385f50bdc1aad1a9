/* One-stop service (最多跑一次): what people can apply for at a place, and filings. A filing is a
 * matter of the service's kind, under the same id, with the answers to the pack's form, the list of
 * materials, the consent of whoever is filed for, and the trips that were made for it.
 *
 * What is missing is told once and completely: one notice a filing. After it nothing more may be
 * asked for unless the answers or the pack have changed. Until everything is there the matter's
 * accept is held; then it is accepted, and the service's own limit runs from that time.
 *
 * Answers above open, and the words of a consent, are sealed under the matter's key. Faults of
 * answers are named by the field's code ("/answers/income"). Texts and lists live in the store's
 * arena; times are ms UTC. */
#ifndef DOMAIN_SERVICE_H
#define DOMAIN_SERVICE_H

#include "gate/route.h"

extern const struct module service_module;

struct label {
    struct str code, zh, en;
};
extern const struct entity service_label_entity;

/* ---- the catalogue ---- */

struct service_row {
    struct str code, zh, en, category, who_zh, who_en, words_zh, words_en, fee_zh, fee_en;
};
extern const struct entity service_row_entity;

struct service_view {
    struct str code, zh, en, category, who_zh, who_en, where_zh, where_en, words_zh, words_en;
    struct str fee_zh, fee_en, basis_zh, basis_en, kind;
    struct list bring, fields;
};
extern const struct entity service_view_entity;

struct service_ask {
    struct str code;
    int64_t unit;
    struct str answers;
};
struct service_query {
    int64_t unit;
    struct str q, category;
};
MUST enum err service_list(struct store *db, const struct service_query *in, struct list *ret);
MUST enum err service_get(struct store *db, const struct service_ask *in, struct service_view *ret);

/* ---- answers ---- */

struct answer {
    struct str field, value;
};
extern const struct entity answer_entity;

/* Answers by the form's fields, NO_STR where there is none. */
struct answers {
    const struct pack_form *form;
    struct str *value;
};
/* Every fault is told at once. */
MUST enum err answers_check(struct store *db, const struct pack_form *form,
                            const struct list *given, struct answers *ret);
bool answers_hold(const struct answers *a, const struct pack_when *when);

/* ---- filings ---- */

struct filing_new {
    struct str service;
    int64_t unit;
    struct list answers;   /* struct answer */
    struct list materials; /* codes of those that are there */
    struct str text, source;
    int64_t applicant;
    struct str applicant_name, applicant_id_number, consent_how, consent_text, phone;
    enum tri at_window;
};

/* As stored. */
struct filing_stored {
    int64_t id;
    struct str service;
    int64_t pack, applicant, proxy_account, trips;
    int64_t filed_at, answers_at, told_at, complete_at, promised_at;
};

struct filing {
    int64_t id;
    struct str number, service, zh, en, stage, outcome;
    int64_t unit, applicant;
    enum tri on_behalf, consented, complete, accepted;
    int64_t trips, filed_at, told_at, complete_at, promised_at;
    struct list answers, materials, missing, consents, visits;
};
extern const struct entity filing_entity;

struct filing_answers {
    int64_t id;
    struct list answers;
};
struct filing_materials {
    int64_t id;
    struct list have, lack;
};
struct filing_notice {
    int64_t id;
    struct str law;
};
struct filing_trip {
    int64_t id;
    struct str who;
};
struct filing_consent {
    int64_t id;
    struct str how, text;
};
struct filing_withdraw {
    int64_t id;
    struct str text;
};

MUST enum err filing_create(struct store *db, const struct actor *by, const struct filing_new *in,
                            struct filing *ret);
MUST enum err filing_get(struct store *db, int64_t id, struct filing *ret);
MUST enum err filing_reach(struct store *db, int64_t id, struct reach *ret); /* a reach_fn */
MUST enum err filing_answer(struct store *db, const struct actor *by,
                            const struct filing_answers *in);
MUST enum err filing_material(struct store *db, const struct actor *by,
                              const struct filing_materials *in);
MUST enum err filing_tell(struct store *db, const struct actor *by, const struct filing_notice *in);
MUST enum err filing_visit(struct store *db, const struct actor *by, const struct filing_trip *in);
MUST enum err filing_agree(struct store *db, const struct actor *by,
                           const struct filing_consent *in);
MUST enum err filing_disagree(struct store *db, const struct actor *by,
                              const struct filing_withdraw *in);

/* Shared between the files of this folder. */
struct filing_state {
    struct filing_stored row;
    const struct pack_service *service; /* of row.pack */
    struct answers answers;             /* sealed ones opened */
    bool *have, *told;                  /* by the service's materials */
};
MUST enum err filing_load(struct store *db, int64_t id, struct filing_state *ret);
/* The same as it would be under another version of the pack. */
MUST enum err filing_load_under(struct store *db, int64_t id, const struct pack *pack,
                                struct filing_state *ret);
/* The materials that the answers call for and that are not there. */
size_t filing_missing(const struct filing_state *s, const struct pack_material **ret);
MUST enum err filing_store_answers(struct store *db, int64_t id, const struct answers *a);
/* After materials or answers changed: held, or complete and, where the actor may, accepted. */
MUST enum err filing_settle(struct store *db, const struct actor *by, int64_t id);
MUST enum err filing_store_consent(struct store *db, const struct actor *by, int64_t id,
                                   struct str how, struct str text);
#endif
