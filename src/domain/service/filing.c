/* Filings: taking one in, and what it holds. What happens to it later is in filing_act.c. */
#include "domain/service/service.h"

#include "domain/matter/matter.h"
#include "domain/people/person.h"
#include "domain/people/scope.h"

#include <sodium.h>

static const struct field stored_fields[] = {
    F_ID(struct filing_stored, id),
    F_TEXT(struct filing_stored, service),
    F_INT(struct filing_stored, pack),
    F_ID(struct filing_stored, applicant),
    F_ID(struct filing_stored, proxy_account),
    F_INT(struct filing_stored, trips),
    F_TIME(struct filing_stored, filed_at),
    F_TIME(struct filing_stored, answers_at),
    F_TIME(struct filing_stored, told_at),
    F_TIME(struct filing_stored, complete_at),
    F_TIME(struct filing_stored, promised_at),
};
static const struct entity stored_entity =
    ENTITY(struct filing_stored, "FilingStored", stored_fields);

/* ---- who files for whom ---- */

struct place_row {
    int64_t id, district, street, community, grid;
};
static const struct field place_fields[] = {
    F_ID(struct place_row, id), F_ID(struct place_row, district), F_ID(struct place_row, street),
    F_ID(struct place_row, community), F_ID(struct place_row, grid)};
static const struct entity place_entity = ENTITY(struct place_row, "FilingPlace", place_fields);

/* Everything known before a filing is written. */
struct taking {
    const struct filing_new *in;
    const struct actor *by;
    struct unit_place place;
    const struct pack *pack;
    const struct pack_service *service;
    bool worker;       /* filed from a desk whose unit covers the place */
    int64_t applicant; /* person */
    struct answers answers;
    bool *have; /* by the service's materials */
};

static enum err S_nobody(struct store *db, const char *field)
{
    return store_fault(db, ERR_INVALID, field, "unknown", "没有这个人，或不在您的范围内。",
                       "There is no such person within your reach.");
}

static enum err S_at_desk(struct store *db, struct taking *t)
{
    bool self = false;
    TRY(unit_place(db, t->in->unit, &t->place));
    for (size_t i = 0; i < t->by->n; i++) {
        const struct hat *h = &t->by->hats[i];
        t->worker = t->worker || (t->by->admitted[i] && hat_covers(h, &t->place.at));
        self = self || (t->by->admitted[i] && h->kind == HAT_SELF && h->person);
    }
    if (!t->worker && !self)
        return store_fault(db, ERR_INVALID, "/unit", "unknown", "没有这个单位，或不在您的范围内。",
                           "There is no such unit, or it is out of your reach.");
    t->pack = world_pack_at(db->world, &t->place.at);
    return t->pack ? OK
                   : store_fault(db, ERR_INVALID, "/unit", "no_pack", "这个地方还没有开通。",
                                 "This place does not offer services yet.");
}

/* By full ID number and name together: neither alone tells whether somebody is on record. */
static enum err S_by_number(struct store *db, struct taking *t)
{
    struct person p;
    int64_t id = 0;
    struct str index =
        vault_hash_str(db->world->vault, HASH_ID_NUMBER, t->in->applicant_id_number, db->arena);
    enum err err = store_int(db, "SELECT id FROM person WHERE county = $1 AND id_index = $2",
                             ARGS(A_INT(t->place.county), A_BLOB(index)), &id);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK)
        TRY(person_get(db, id, &p));
    if (err != OK || !t->in->applicant_name.p || !str_eq(p.name, t->in->applicant_name))
        return store_fault(db, ERR_INVALID, "/applicant_id_number", "unknown",
                           "姓名和身份证号码对不上；没有登记的，请先到社区登记。",
                           "Name and ID number match nobody on record; register at the community "
                           "first.");
    t->applicant = id;
    return OK;
}

static enum err S_applicant(struct store *db, struct taking *t)
{
    struct place_row row;
    if (t->in->applicant_id_number.p)
        TRY(S_by_number(db, t));
    else
        t->applicant = t->in->applicant ? t->in->applicant : t->worker ? 0 : t->by->person;
    if (!t->applicant)
        return store_fault(db, ERR_INVALID, "/applicant", "required", "请选择为谁申办。",
                           "Say who applies.");
    enum err err =
        store_one(db, "SELECT id, district, street, community, grid FROM person WHERE id = $1",
                  ARGS(A_INT(t->applicant)), &place_entity, &row);
    if (err == ERR_NOT_FOUND)
        return S_nobody(db, "/applicant");
    TRY(err);
    struct ancestors at = {.district = row.district,
                           .street = row.street,
                           .community = row.community,
                           .grid = row.grid};
    bool near = t->worker && scope_covers(t->by, &at);
    if (!near && t->in->applicant && t->applicant != t->by->person)
        return S_nobody(db, "/applicant");
    bool home = ancestors_at(&at, t->place.level) == t->place.unit ||
                (row.community && row.community == t->place.at.community);
    return home ? OK
                : store_fault(db, ERR_INVALID, "/unit", "not_home", "请在本人居住的社区申办。",
                              "Apply at the community where the person lives.");
}

static enum err S_consent(struct store *db, const struct taking *t)
{
    bool own = !t->worker && t->applicant == t->by->person;
    if (t->in->at_window == YES && !t->worker)
        return store_fault(db, ERR_INVALID, "/at_window", "not_allowed",
                           "在窗口申办由工作人员记录。", "A visit to a window is counted there.");
    if (own && (t->in->consent_how.p || t->in->consent_text.p))
        return store_fault(db, ERR_INVALID, "/consent_how", "not_allowed", "为自己申办不需要委托。",
                           "One's own filing needs no consent.");
    if (!own && !t->in->consent_how.p)
        return store_fault(db, ERR_INVALID, "/consent_how", "required",
                           "替别人申办，请记下本人是怎样同意的。",
                           "Filing for somebody else: say how they consented.");
    if (!own && !t->in->consent_text.p)
        return store_fault(db, ERR_INVALID, "/consent_text", "required", "请记下本人同意了什么。",
                           "Write down what they consented to.");
    return OK;
}

static enum err S_ticks(struct store *db, struct taking *t)
{
    const struct str *code = t->in->materials.items;
    t->have = arena_array(db->arena, t->service->bring_count + 1, sizeof *t->have);
    if (!t->have)
        return ERR_MEMORY;
    for (size_t i = 0; i < t->in->materials.n; i++) {
        bool known = false;
        for (size_t m = 0; m < t->service->bring_count; m++) {
            bool same = str_eq(t->service->bring[m].material, code[i]);
            t->have[m] = t->have[m] || same;
            known = known || same;
        }
        if (!known)
            return store_fault(db, ERR_INVALID, "/materials", "unknown", "清单里没有这份材料。",
                               "That material is not on the list.");
    }
    return OK;
}

/* All that can be refused is looked at before anything is written. */
static enum err S_look(struct store *db, struct taking *t)
{
    TRY(S_at_desk(db, t));
    TRY(S_applicant(db, t));
    TRY(S_consent(db, t));
    t->service = pack_service(t->pack, t->in->service);
    if (!t->service)
        return store_fault(db, ERR_INVALID, "/service", "unknown", "这里不办这件事。",
                           "There is no such service here.");
    enum err answers = answers_check(db, t->service->form, &t->in->answers, &t->answers);
    TRY(S_ticks(db, t));
    return answers;
}

/* ---- writing ---- */

enum err filing_store_answers(struct store *db, int64_t id, const struct answers *a)
{
    unsigned char key[KEY_SIZE];
    TRY(store_exec(db, "DELETE FROM filing_answer WHERE matter = $1", ARGS(A_INT(id)), NULL));
    TRY(matter_key_make(db, id, key));
    enum err err = OK;
    for (size_t i = 0; i < a->form->field_count && err == OK; i++) {
        const struct pack_field *f = &a->form->fields[i];
        if (!a->value[i].p)
            continue;
        bool open = f->class == FIELD_OPEN;
        struct str sealed = open ? NO_STR : seal(key, a->value[i], db->arena);
        if (!open && !sealed.p)
            err = ERR_MEMORY;
        else
            err = store_exec(db,
                             "INSERT INTO filing_answer (county, matter, field, value, sealed) "
                             "VALUES ($1, $2, $3, $4, $5)",
                             ARGS(A_INT(ID_COUNTY(id)), A_INT(id), A_TEXT(f->field),
                                  A_TEXT(open ? a->value[i] : NO_STR), A_BLOB(sealed)),
                             NULL);
    }
    sodium_memzero(key, sizeof key);
    return err;
}

enum err filing_store_consent(struct store *db, const struct actor *by, int64_t id, struct str how,
                              struct str text)
{
    unsigned char key[KEY_SIZE];
    int64_t row = 0;
    TRY(store_id(db, ID_COUNTY(id), &row));
    TRY(matter_key_make(db, id, key));
    struct str words = seal(key, text, db->arena);
    sodium_memzero(key, sizeof key);
    if (!words.p)
        return ERR_MEMORY;
    return store_exec(db,
                      "INSERT INTO filing_consent (id, county, matter, how, words, account, at) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                      ARGS(A_INT(row), A_INT(ID_COUNTY(id)), A_INT(id), A_TEXT(how), A_BLOB(words),
                           A_INT(by->account), A_INT(db->now)),
                      NULL);
}

static enum err S_order(struct store *db, const struct taking *t, struct matter *m)
{
    struct matter_new order;
    entity_blank(&matter_new_entity, &order);
    order.kind = t->service->kind;
    order.category = t->service->category;
    order.title = t->service->name.zh;
    order.text = t->in->text;
    order.unit = t->in->unit;
    order.source = t->in->source;
    order.requester = t->applicant;
    order.consented = true;
    order.contact_phone = t->in->phone;
    return matter_order(db, t->by, &order, m);
}

static enum err S_insert(struct store *db, const struct taking *t, const struct matter *m)
{
    bool own = t->applicant == t->by->person;
    TRY(store_exec(
        db,
        "INSERT INTO filing (matter, county, service, pack, district, street, community, grid, "
        "applicant, proxy, proxy_account, trips, filed_at, answers_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $12)",
        ARGS(A_INT(m->id), A_INT(ID_COUNTY(m->id)), A_TEXT(t->service->service), A_INT(m->pack),
             A_INT(m->district), A_ID(m->street), A_ID(m->community), A_ID(m->grid),
             A_INT(t->applicant), A_ID(own || t->worker ? 0 : t->by->person),
             A_ID(own ? 0 : t->by->account), A_INT(db->now)),
        NULL));
    for (size_t i = 0; i < t->service->bring_count; i++) {
        if (t->have[i])
            TRY(store_exec(db,
                           "INSERT INTO filing_material (county, matter, material, have, told, at, "
                           "account) VALUES ($1, $2, $3, 1, 0, $4, $5)",
                           ARGS(A_INT(ID_COUNTY(m->id)), A_INT(m->id),
                                A_TEXT(t->service->bring[i].material), A_INT(db->now),
                                A_INT(t->by->account)),
                           NULL));
    }
    return filing_store_answers(db, m->id, &t->answers);
}

enum err filing_create(struct store *db, const struct actor *by, const struct filing_new *in,
                       struct filing *ret)
{
    struct taking t = {.in = in, .by = by};
    struct matter m;
    TRY(S_look(db, &t));
    TRY(S_order(db, &t, &m));
    TRY(S_insert(db, &t, &m));
    if (in->consent_how.p)
        TRY(filing_store_consent(db, by, m.id, in->consent_how, in->consent_text));
    if (in->at_window == YES && t.worker)
        TRY(filing_visit(db, by, &(struct filing_trip){m.id, S("applicant")}));
    TRY(filing_settle(db, by, m.id));
    return filing_get(db, m.id, ret);
}

/* ---- reading ---- */

struct answer_row {
    struct str field, value, sealed;
};
static const struct field answer_row_fields[] = {F_TEXT(struct answer_row, field),
                                                 F_TEXT(struct answer_row, value),
                                                 F_TEXT(struct answer_row, sealed)};
static const struct entity answer_row_entity =
    ENTITY(struct answer_row, "FilingAnswerRow", answer_row_fields);

static enum err S_answers(struct store *db, int64_t id, struct answers *a)
{
    struct list rows;
    unsigned char key[KEY_SIZE] = {0};
    size_t most = a->form->field_count;
    a->value = arena_array(db->arena, most + 1, sizeof *a->value);
    if (!a->value)
        return ERR_MEMORY;
    TRY(store_all(db, "SELECT field, value, sealed FROM filing_answer WHERE matter = $1",
                  ARGS(A_INT(id)), &answer_row_entity, most, &rows));
    TRY(matter_key(db, id, key));
    const struct answer_row *row = rows.items;
    enum err err = OK;
    for (size_t i = 0; i < rows.n && err == OK; i++) {
        size_t at = 0;
        while (at < most && !str_eq(a->form->fields[at].field, row[i].field))
            at++;
        struct str value = row[i].value.p ? row[i].value : unseal(key, row[i].sealed, db->arena);
        if (at == most || !value.p)
            err = ERR_STORE;
        else
            a->value[at] = value;
    }
    sodium_memzero(key, sizeof key);
    return err;
}

struct material_row {
    struct str material;
    int64_t have, told;
};
static const struct field material_row_fields[] = {F_TEXT(struct material_row, material),
                                                   F_INT(struct material_row, have),
                                                   F_INT(struct material_row, told)};
static const struct entity material_row_entity =
    ENTITY(struct material_row, "FilingMaterialRow", material_row_fields);

/* Rows of materials that the list no longer has are passed over: the pack may have changed. */
static enum err S_materials(struct store *db, struct filing_state *s)
{
    enum { ROWS_MAX = 400 };
    struct list rows;
    size_t n = s->service->bring_count;
    s->have = arena_array(db->arena, n + 1, sizeof *s->have);
    s->told = arena_array(db->arena, n + 1, sizeof *s->told);
    if (!s->have || !s->told)
        return ERR_MEMORY;
    TRY(store_all(db, "SELECT material, have, told FROM filing_material WHERE matter = $1",
                  ARGS(A_INT(s->row.id)), &material_row_entity, ROWS_MAX, &rows));
    const struct material_row *row = rows.items;
    for (size_t i = 0; i < rows.n; i++) {
        for (size_t m = 0; m < n; m++) {
            if (!str_eq(s->service->bring[m].material, row[i].material))
                continue;
            s->have[m] = row[i].have == 1;
            s->told[m] = row[i].told == 1;
        }
    }
    return OK;
}

enum err filing_load(struct store *db, int64_t id, struct filing_state *ret)
{
    int64_t pack = 0;
    TRY(store_int(db, "SELECT pack FROM filing WHERE matter = $1", ARGS(A_INT(id)), &pack));
    return filing_load_under(db, id, world_pack(db->world, pack), ret);
}

enum err filing_load_under(struct store *db, int64_t id, const struct pack *pack,
                           struct filing_state *ret)
{
    *ret = (struct filing_state){0};
    TRY(store_one(db,
                  "SELECT matter AS id, service, pack, applicant, proxy_account, trips, filed_at, "
                  "answers_at, told_at, complete_at, promised_at FROM filing WHERE matter = $1",
                  ARGS(A_INT(id)), &stored_entity, &ret->row));
    ret->service = pack ? pack_service(pack, ret->row.service) : NULL;
    if (!ret->service)
        return ERR_STORE;
    ret->answers.form = ret->service->form;
    TRY(S_answers(db, id, &ret->answers));
    return S_materials(db, ret);
}

size_t filing_missing(const struct filing_state *s, const struct pack_material **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < s->service->bring_count; i++) {
        const struct pack_material *m = &s->service->bring[i];
        if (!s->have[i] && answers_hold(&s->answers, &m->when))
            ret[n++] = m;
    }
    return n;
}

enum err filing_reach(struct store *db, int64_t id, struct reach *ret)
{
    int64_t proxy = 0;
    TRY(store_int(db, "SELECT proxy FROM filing WHERE matter = $1", ARGS(A_INT(id)), &proxy));
    TRY(matter_reach(db, id, ret));
    if (proxy == NO_INT)
        return OK;
    /* A neighbour reaches it for as long as the consent stands. */
    enum err err = store_int(db,
                             "SELECT f.proxy FROM filing f JOIN filing_consent c "
                             "ON c.matter = f.matter AND c.account = f.proxy_account "
                             "WHERE f.matter = $1 AND c.withdrawn_at IS NULL",
                             ARGS(A_INT(id)), &proxy);
    if (err == OK)
        ret->persons[ret->person_count++] = proxy;
    return err == ERR_NOT_FOUND ? OK : err;
}
