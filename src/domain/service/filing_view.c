/* A filing as it is shown. */
#include "domain/service/service.h"

#include "domain/matter/matter.h"

#include <sodium.h>

enum { CONSENTS_MAX = 50, VISITS_MAX = 50 };

/* ---- answers ---- */

struct answer_out {
    struct str field, zh, en, value, sealed;
};

/* Without its form a masked answer would still tell too much: numbers keep their ends. */
static void S_mask(struct buf *out, struct str s)
{
    if (form_phone(s))
        mask_phone(out, s);
    else if (form_id_number(s))
        mask_id_number(out, s);
    else
        buf_put(out, S("***"));
}

static const struct field answer_fields[] = {
    F_TEXT(struct answer_out, field, .required = true, .doc = "Field of the form."),
    F_TEXT(struct answer_out, zh, .required = true, .doc = "What was asked."),
    F_TEXT(struct answer_out, en, .required = true, .doc = "The same in English."),
    F_TEXT(struct answer_out, value, .lines = true, .doc = "The answer, when it is open."),
    F_TEXT(struct answer_out, sealed, .lines = true, .class = CLASS_SENSITIVE, .mask = S_mask,
           .doc = "The answer, when it is personal: masked, or revealed for a reason."),
};
static const struct entity answer_out_entity =
    ENTITY(struct answer_out, "FilingAnswer", answer_fields);

static enum err S_answers(struct store *db, const struct answers *a, struct list *ret)
{
    struct answer_out *out = arena_array(db->arena, a->form->field_count + 1, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    *ret = (struct list){out, 0};
    for (size_t i = 0; i < a->form->field_count; i++) {
        const struct pack_field *f = &a->form->fields[i];
        bool open = f->class == FIELD_OPEN;
        if (!a->value[i].p)
            continue;
        out[ret->n++] =
            (struct answer_out){f->field, f->name.zh, f->name.en, open ? a->value[i] : NO_STR,
                                open ? NO_STR : a->value[i]};
    }
    return OK;
}

/* ---- materials ---- */

struct material_out {
    struct str code, zh, en;
    int64_t copies;
    enum tri original, needed, have, told;
};
static const struct field material_fields[] = {
    F_TEXT(struct material_out, code, .required = true, .doc = "Code, from the pack."),
    F_TEXT(struct material_out, zh, .required = true, .doc = "What to bring."),
    F_TEXT(struct material_out, en, .required = true, .doc = "The same in English."),
    F_INT(struct material_out, copies, .required = true, .doc = "How many copies."),
    F_BOOL(struct material_out, original, .required = true, .doc = "The original is to be seen."),
    F_BOOL(struct material_out, needed, .required = true, .doc = "By the answers given."),
    F_BOOL(struct material_out, have, .required = true, .doc = "It is there."),
    F_BOOL(struct material_out, told, .required = true, .doc = "The notice names it."),
};
static const struct entity material_entity =
    ENTITY(struct material_out, "FilingMaterial", material_fields);

static enum err S_materials(struct store *db, const struct filing_state *s, struct filing *f)
{
    size_t n = s->service->bring_count;
    struct material_out *out = arena_array(db->arena, n + 1, sizeof *out);
    struct label *missing = arena_array(db->arena, n + 1, sizeof *missing);
    if (!out || !missing)
        return ERR_MEMORY;
    f->materials = (struct list){out, n};
    f->missing = (struct list){missing, 0};
    for (size_t i = 0; i < n; i++) {
        const struct pack_material *m = &s->service->bring[i];
        bool needed = answers_hold(&s->answers, &m->when);
        out[i] = (struct material_out){.code = m->material,
                                       .zh = m->name.zh,
                                       .en = m->name.en,
                                       .copies = m->copies,
                                       .original = m->original ? YES : NO,
                                       .needed = needed ? YES : NO,
                                       .have = s->have[i] ? YES : NO,
                                       .told = s->told[i] ? YES : NO};
        if (needed && !s->have[i])
            missing[f->missing.n++] = (struct label){m->material, m->name.zh, m->name.en};
    }
    return OK;
}

/* ---- consents ---- */

struct consent_out {
    int64_t id;
    struct str how, text, by_name, words;
    int64_t at, withdrawn_at;
};
static const struct field consent_fields[] = {
    F_ID(struct consent_out, id, .required = true, .doc = "The consent."),
    F_TEXT(struct consent_out, how, .required = true, .doc = "in_person, phone or written."),
    F_TEXT(struct consent_out, text, .required = true, .lines = true,
           .doc = "What was consented to."),
    F_TEXT(struct consent_out, by_name, .required = true, .doc = "To whom it was given."),
    F_TIME(struct consent_out, at, .required = true, .doc = "When."),
    F_TIME(struct consent_out, withdrawn_at, .doc = "Since when it no longer stands."),
};
static const struct entity consent_entity =
    ENTITY(struct consent_out, "FilingConsent", consent_fields);

static const struct field consent_row_fields[] = {
    F_ID(struct consent_out, id),      F_TEXT(struct consent_out, how),
    F_TEXT(struct consent_out, words), F_TEXT(struct consent_out, by_name),
    F_TIME(struct consent_out, at),    F_TIME(struct consent_out, withdrawn_at)};
static const struct entity consent_row_entity =
    ENTITY(struct consent_out, "FilingConsentRow", consent_row_fields);

static enum err S_consents(struct store *db, const struct filing_state *s, struct filing *f)
{
    unsigned char key[KEY_SIZE];
    TRY(store_all(db,
                  "SELECT c.id, c.how, c.words, a.name AS by_name, c.at, c.withdrawn_at "
                  "FROM filing_consent c JOIN account a ON a.id = c.account "
                  "WHERE c.matter = $1 ORDER BY c.id LIMIT $2",
                  ARGS(A_INT(f->id), A_INT(CONSENTS_MAX)), &consent_row_entity, CONSENTS_MAX,
                  &f->consents));
    TRY(matter_key(db, f->id, key));
    struct consent_out *c = f->consents.items;
    enum err err = OK;
    for (size_t i = 0; i < f->consents.n && err == OK; i++) {
        c[i].text = unseal(key, c[i].words, db->arena);
        err = c[i].text.p ? OK : ERR_STORE;
        if (!c[i].withdrawn_at)
            f->consented = YES;
    }
    sodium_memzero(key, sizeof key);
    f->on_behalf = s->row.proxy_account ? YES : NO;
    return err;
}

/* ---- trips ---- */

struct visit {
    struct str who;
    int64_t at;
};
static const struct field visit_fields[] = {
    F_TEXT(struct visit, who, .required = true, .doc = "applicant or proxy."),
    F_TIME(struct visit, at, .required = true, .doc = "When.")};
static const struct entity visit_entity = ENTITY(struct visit, "FilingVisit", visit_fields);

/* ---- the whole ---- */

static const struct field filing_fields[] = {
    F_ID(struct filing, id, .required = true, .doc = "The matter's id."),
    F_TEXT(struct filing, number, .required = true, .doc = "Number people use."),
    F_TEXT(struct filing, service, .required = true, .doc = "Service, from the pack."),
    F_TEXT(struct filing, zh, .required = true, .doc = "Its Chinese name."),
    F_TEXT(struct filing, en, .required = true, .doc = "Its English name."),
    F_TEXT(struct filing, stage, .required = true, .doc = "Stage of the matter."),
    F_TEXT(struct filing, outcome, .required = true, .codes = outcome_names,
           .doc = "Outcome of the matter."),
    F_ID(struct filing, unit, .required = true, .doc = "Unit where it was filed."),
    F_ID(struct filing, applicant, .required = true, .doc = "The person who applies."),
    F_BOOL(struct filing, on_behalf, .required = true, .doc = "Somebody else filed it."),
    F_BOOL(struct filing, consented, .required = true, .doc = "A consent stands."),
    F_BOOL(struct filing, complete, .required = true, .doc = "Nothing is missing."),
    F_BOOL(struct filing, accepted, .required = true, .doc = "It has been accepted."),
    F_INT(struct filing, trips, .required = true, .doc = "Visits to a window so far."),
    F_TIME(struct filing, filed_at, .required = true, .doc = "When it was filed."),
    F_TIME(struct filing, told_at, .doc = "When it was told, once, what is missing."),
    F_TIME(struct filing, complete_at, .doc = "Since when it is complete: the clock's start."),
    F_TIME(struct filing, promised_at, .doc = "When the service is due."),
    F_LIST(struct filing, answers, .of = &answer_out_entity, .required = true,
           .doc = "Answers to the form."),
    F_LIST(struct filing, materials, .of = &material_entity, .required = true,
           .doc = "The list of materials."),
    F_LIST(struct filing, missing, .of = &service_label_entity, .required = true,
           .doc = "Everything that is missing."),
    F_LIST(struct filing, consents, .of = &consent_entity, .required = true,
           .doc = "Consents of the person filed for."),
    F_LIST(struct filing, visits, .of = &visit_entity, .required = true,
           .doc = "Visits to a window, latest first."),
};
const struct entity filing_entity = ENTITY(struct filing, "Filing", filing_fields);

static enum err S_accepted(struct store *db, int64_t id, enum tri *ret)
{
    int64_t seq = 0;
    enum err err =
        store_int(db, "SELECT seq FROM matter_event WHERE matter = $1 AND act = 'accept' LIMIT 1",
                  ARGS(A_INT(id)), &seq);
    *ret = err == OK ? YES : NO;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err filing_get(struct store *db, int64_t id, struct filing *ret)
{
    struct filing_state s;
    struct matter m;
    TRY(filing_load(db, id, &s));
    TRY(matter_load(db, id, &m));
    *ret = (struct filing){.id = id,
                           .number = m.number,
                           .service = s.row.service,
                           .zh = s.service->name.zh,
                           .en = s.service->name.en,
                           .stage = m.stage,
                           .outcome = m.outcome,
                           .unit = m.unit,
                           .applicant = s.row.applicant,
                           .consented = NO,
                           .complete = s.row.complete_at ? YES : NO,
                           .trips = s.row.trips,
                           .filed_at = s.row.filed_at,
                           .told_at = s.row.told_at,
                           .complete_at = s.row.complete_at,
                           .promised_at = s.row.promised_at};
    TRY(S_accepted(db, id, &ret->accepted));
    TRY(store_all(db, "SELECT who, at FROM filing_trip WHERE matter = $1 ORDER BY id DESC LIMIT $2",
                  ARGS(A_INT(id), A_INT(VISITS_MAX)), &visit_entity, VISITS_MAX, &ret->visits));
    TRY(S_answers(db, &s.answers, &ret->answers));
    TRY(S_materials(db, &s, ret));
    return S_consents(db, &s, ret);
}
