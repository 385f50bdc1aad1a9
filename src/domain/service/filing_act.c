/* What happens to a filing: answers and materials, the one notice, consent, trips, completion. */
#include "domain/service/service.h"

#include "domain/matter/matter.h"

/* ---- who may ---- */

/* A filing under way, and the one who acts on it, under all hats that reach it. */
struct acting {
    struct filing_state s;
    struct matter m;
    bool own;               /* the applicant */
    bool desk;              /* whoever sits at the window */
    bool neighbour;         /* who reaches it by a consent */
    const struct pack *law; /* the pack whose changed list is told, or NULL */
};

static enum err S_side_fault(struct store *db)
{
    return store_fault(db, ERR_FORBIDDEN, "/act", "side", "这一步要由别的人来做。",
                       "That step is somebody else's to take.");
}

static enum err S_acting(struct store *db, const struct actor *by, int64_t id, struct acting *ret)
{
    const unsigned window = SIDE_WORKER | SIDE_UNIT | SIDE_HOTLINE;
    *ret = (struct acting){.law = NULL};
    TRY(filing_load(db, id, &ret->s));
    TRY(matter_load(db, id, &ret->m));
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        if (!by->admitted[i])
            continue;
        unsigned sides = matter_sides(by, h, &ret->m);
        bool requester = (sides & SIDE_REQUESTER) != 0;
        ret->own = ret->own || requester;
        ret->desk = ret->desk || (h->kind == HAT_UNIT && (sides & window));
        ret->neighbour = ret->neighbour || (h->kind == HAT_SELF && !requester);
    }
    return OK;
}

/* Its contents may be changed until it has been accepted. */
static enum err S_open(struct store *db, const struct acting *a)
{
    size_t stage = 0;
    const struct pack *pack = world_pack(db->world, a->m.pack);
    const struct pack_kind *kind = pack ? pack_kind(pack, a->m.kind) : NULL;
    if (!kind || !kind_stage(kind, a->m.stage, &stage))
        return ERR_STORE;
    return kind_step(kind, ACT_ACCEPT, stage, ~0u, GIVEN_ANY, NULL)
               ? OK
               : store_fault(db, ERR_CONFLICT, "/act", "stage", "已经受理，申办内容不能再改。",
                             "It has been accepted; the filing can no longer be changed.");
}

/* The applicant, a desk, or whoever filed it for the applicant while the consent stands. */
static enum err S_filer(struct store *db, const struct actor *by, const struct acting *a)
{
    int64_t consent = 0;
    if (!a->neighbour && !a->desk && !a->own)
        return S_side_fault(db);
    if (a->own || by->account != a->s.row.proxy_account)
        return OK;
    enum err err = store_int(db,
                             "SELECT id FROM filing_consent WHERE matter = $1 AND account = $2 "
                             "AND withdrawn_at IS NULL",
                             ARGS(A_INT(a->s.row.id), A_INT(by->account)), &consent);
    if (err != ERR_NOT_FOUND)
        return err;
    return store_fault(db, ERR_FORBIDDEN, "/act", "consent", "本人已经撤回委托，不能再代办。",
                       "The consent was withdrawn: you can no longer act for them.");
}

/* ---- complete or not ---- */

/* Takes a step of the flow when the actor may; *done says whether it was taken. */
static enum err S_step(struct store *db, const struct actor *by, int64_t id, enum act act,
                       struct str text, bool *done)
{
    struct matter m;
    const struct matter_act in = {
        .id = id, .act = str_of(act_names[act]), .text = text, .score = NO_INT, .version = NO_INT};
    *done = false;
    TRY(matter_load(db, id, &m));
    TRY(matter_view(db, by, &m));
    const struct str *may = m.may.items;
    for (size_t i = 0; i < m.may.n && !*done; i++)
        *done = str_eq(may[i], in.act);
    return *done ? matter_do(db, by, &in, &m) : OK;
}

static enum err S_complete(struct store *db, const struct actor *by, const struct filing_state *s)
{
    bool done = false;
    const struct pack *pack = world_pack(db->world, s->row.pack);
    int64_t promised = limit_end(db->world->calendar, pack ? &pack->hours : &HOURS_DEFAULT, db->now,
                                 s->service->within, NULL);
    int64_t id = s->row.id;
    TRY(store_exec(db,
                   "UPDATE filing SET complete_at = $2, promised_at = $3 WHERE matter = $1 "
                   "AND complete_at IS NULL",
                   ARGS(A_INT(id), A_INT(db->now), A_ID(promised)), NULL));
    TRY(matter_hold(db, id, ACT_COUNT));
    TRY(S_step(db, by, id, ACT_ACCEPT, S("材料齐全，已受理。"), &done));
    /* Who may not accept gives it back to those who do. */
    return done ? OK : S_step(db, by, id, ACT_RETURN, S("材料已补齐。"), &done);
}

enum err filing_settle(struct store *db, const struct actor *by, int64_t id)
{
    struct filing_state s;
    TRY(filing_load(db, id, &s));
    const struct pack_material **missing =
        arena_array(db->arena, s.service->bring_count + 1, sizeof *missing);
    if (!missing)
        return ERR_MEMORY;
    if (filing_missing(&s, missing) == 0)
        return S_complete(db, by, &s);
    TRY(store_exec(db, "UPDATE filing SET complete_at = NULL, promised_at = NULL WHERE matter = $1",
                   ARGS(A_INT(id)), NULL));
    return matter_hold(db, id, ACT_ACCEPT);
}

/* ---- answers and materials ---- */

enum err filing_answer(struct store *db, const struct actor *by, const struct filing_answers *in)
{
    struct acting a;
    struct answers answers;
    TRY(S_acting(db, by, in->id, &a));
    TRY(S_filer(db, by, &a));
    TRY(S_open(db, &a));
    TRY(answers_check(db, a.s.service->form, &in->answers, &answers));
    TRY(filing_store_answers(db, in->id, &answers));
    TRY(store_exec(db, "UPDATE filing SET answers_at = $2 WHERE matter = $1",
                   ARGS(A_INT(in->id), A_INT(db->now)), NULL));
    TRY(matter_say(db, by, in->id, S("修改了申办表。")));
    return filing_settle(db, by, in->id);
}

/* May a material be asked for that the notice, once given, has not named? Other answers may call
 * for those that depend on them, and for no others. */
static bool S_may_ask(const struct acting *a, size_t material)
{
    const struct filing_stored *row = &a->s.row;
    bool changed = row->answers_at > row->told_at;
    return a->law || !row->told_at || (changed && a->s.service->bring[material].when.choices);
}

static enum err S_told_once(struct store *db, struct str material)
{
    struct fault f = {
        .field = arena_printf(db->arena, "/materials/" STR_F, STR_A(material)),
        .code = S("told_once"),
        .zh = S("已经一次性告知过，清单之外的材料不能再要。"),
        .en = S("What is missing was told once and completely; nothing more may be asked for.")};
    return problem_add(db->problem, ERR_CONFLICT, f);
}

static enum err S_tick_fault(struct store *db, const char *field)
{
    return store_fault(db, ERR_INVALID, field, "unknown", "清单里没有这份材料。",
                       "That material is not on the list.");
}

static bool S_material(const struct filing_state *s, struct str code, size_t *ret)
{
    for (*ret = 0; *ret < s->service->bring_count; (*ret)++) {
        if (str_eq(s->service->bring[*ret].material, code))
            return true;
    }
    return false;
}

static enum err S_look_ticks(struct store *db, const struct acting *a,
                             const struct filing_materials *in)
{
    const struct str *have = in->have.items, *lack = in->lack.items;
    enum err all = OK;
    size_t at = 0;
    if (!in->have.n && !in->lack.n)
        return store_fault(db, ERR_INVALID, "/have", "required", "请勾选有哪些材料。",
                           "Say which materials are there.");
    for (size_t i = 0; i < in->have.n; i++) {
        if (!S_material(&a->s, have[i], &at))
            return S_tick_fault(db, "/have");
    }
    for (size_t i = 0; i < in->lack.n; i++) {
        if (!S_material(&a->s, lack[i], &at))
            return S_tick_fault(db, "/lack");
        /* Whoever applies may take back a tick; the desk may not ask for more by taking it. */
        if (a->desk && !a->s.told[at] && !S_may_ask(a, at))
            all = S_told_once(db, lack[i]);
    }
    return all;
}

static enum err S_tick(struct store *db, const struct actor *by, int64_t id, struct str code,
                       bool have, bool told)
{
    return store_exec(db,
                      "INSERT INTO filing_material (county, matter, material, have, told, at, "
                      "account) VALUES ($1, $2, $3, $4, $5, $6, $7) "
                      "ON CONFLICT (matter, material) DO UPDATE SET have = excluded.have, "
                      "told = CASE WHEN excluded.told = 1 THEN 1 ELSE filing_material.told END, "
                      "at = excluded.at, account = excluded.account",
                      ARGS(A_INT(ID_COUNTY(id)), A_INT(id), A_TEXT(code), A_INT(have), A_INT(told),
                           A_INT(db->now), A_ID(by->account)),
                      NULL);
}

enum err filing_material(struct store *db, const struct actor *by,
                         const struct filing_materials *in)
{
    struct acting a;
    const struct str *have = in->have.items, *lack = in->lack.items;
    TRY(S_acting(db, by, in->id, &a));
    TRY(S_filer(db, by, &a));
    TRY(S_open(db, &a));
    TRY(S_look_ticks(db, &a, in));
    for (size_t i = 0; i < in->have.n; i++)
        TRY(S_tick(db, by, in->id, have[i], true, false));
    for (size_t i = 0; i < in->lack.n; i++)
        TRY(S_tick(db, by, in->id, lack[i], false, false));
    return filing_settle(db, by, in->id);
}

/* ---- the one notice ---- */

/* A changed list can be asked for only about the same questions. */
static bool S_same_form(const struct pack_form *a, const struct pack_form *b)
{
    bool same = a->field_count == b->field_count;
    for (size_t i = 0; same && i < a->field_count; i++)
        same = str_eq(a->fields[i].field, b->fields[i].field) &&
               a->fields[i].choice_count == b->fields[i].choice_count;
    return same;
}

/* The pack in force has changed since: the filing is held to its list from now on. */
static enum err S_new_law(struct store *db, struct acting *a)
{
    const struct ancestors at = {.district = a->m.district,
                                 .street = a->m.street,
                                 .community = a->m.community,
                                 .grid = a->m.grid};
    const struct pack *now = world_pack_at(db->world, &at);
    const struct pack_service *service = now ? pack_service(now, a->s.row.service) : NULL;
    if (!service || now->id == a->s.row.pack)
        return store_fault(db, ERR_CONFLICT, "/law", "unchanged",
                           "材料清单没有变过，不能再次告知。",
                           "The list of materials has not changed since.");
    if (!S_same_form(service->form, a->s.service->form))
        return store_fault(db, ERR_CONFLICT, "/law", "form", "申办表也变了，请重新申办。",
                           "The form has changed as well: file anew.");
    TRY(filing_load_under(db, a->s.row.id, now, &a->s));
    a->law = now;
    return OK;
}

static enum err S_look_notice(struct store *db, const struct acting *a,
                              const struct pack_material *const *missing, size_t n, bool *again)
{
    enum err all = OK;
    size_t at = 0;
    *again = a->s.row.told_at != 0;
    if (n == 0)
        return store_fault(db, ERR_CONFLICT, "/act", "complete", "材料已经齐全，不用告知。",
                           "Nothing is missing.");
    for (size_t i = 0; i < n; i++) {
        bool fresh = S_material(&a->s, missing[i]->material, &at) && !a->s.told[at];
        if (fresh)
            *again = false;
        if (fresh && !S_may_ask(a, at))
            all = S_told_once(db, missing[i]->material);
    }
    return all;
}

static enum err S_notice(struct store *db, const struct actor *by, int64_t id,
                         const struct pack_material *const *missing, size_t n, struct str law)
{
    struct str text =
        law.p ? arena_printf(db->arena, "规定有变化：" STR_F "。", STR_A(law)) : S("");
    bool done = false;
    for (size_t i = 0; i < n && text.p; i++) {
        TRY(S_tick(db, by, id, missing[i]->material, false, true));
        text = arena_printf(db->arena, STR_F "%s" STR_F, STR_A(text), i ? "、" : "还缺：",
                            STR_A(missing[i]->name.zh));
    }
    if (!text.p)
        return ERR_MEMORY;
    TRY(store_exec(db, "UPDATE filing SET told_at = $2, told_by = $3 WHERE matter = $1",
                   ARGS(A_INT(id), A_INT(db->now), A_INT(by->account)), NULL));
    TRY(S_step(db, by, id, ACT_RETURN, text, &done));
    return done ? OK : matter_say(db, by, id, text);
}

enum err filing_tell(struct store *db, const struct actor *by, const struct filing_notice *in)
{
    struct acting a;
    bool again = false;
    TRY(S_acting(db, by, in->id, &a));
    if (!a.desk)
        return S_side_fault(db);
    TRY(S_open(db, &a));
    if (in->law.p)
        TRY(S_new_law(db, &a));
    const struct pack_material **missing =
        arena_array(db->arena, a.s.service->bring_count + 1, sizeof *missing);
    if (!missing)
        return ERR_MEMORY;
    size_t n = filing_missing(&a.s, missing);
    TRY(S_look_notice(db, &a, missing, n, &again));
    if (again) /* the notice stands as it was given */
        return OK;
    if (a.law)
        TRY(store_exec(db, "UPDATE filing SET pack = $2 WHERE matter = $1",
                       ARGS(A_INT(in->id), A_INT(a.law->id)), NULL));
    TRY(S_notice(db, by, in->id, missing, n, in->law));
    return filing_settle(db, by, in->id);
}

/* ---- trips ---- */

enum err filing_visit(struct store *db, const struct actor *by, const struct filing_trip *in)
{
    struct acting a;
    int64_t id = 0;
    TRY(S_acting(db, by, in->id, &a));
    if (!a.desk)
        return S_side_fault(db);
    TRY(store_id(db, ID_COUNTY(in->id), &id));
    TRY(store_exec(db,
                   "INSERT INTO filing_trip (id, county, matter, who, at, account) "
                   "VALUES ($1, $2, $3, $4, $5, $6)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(in->id)), A_INT(in->id), A_TEXT(in->who),
                        A_INT(db->now), A_INT(by->account)),
                   NULL));
    return store_exec(db, "UPDATE filing SET trips = trips + 1 WHERE matter = $1",
                      ARGS(A_INT(in->id)), NULL);
}

/* ---- consent ---- */

enum err filing_agree(struct store *db, const struct actor *by, const struct filing_consent *in)
{
    struct acting a;
    TRY(S_acting(db, by, in->id, &a));
    if (!a.desk)
        return S_side_fault(db);
    TRY(filing_store_consent(db, by, in->id, in->how, in->text));
    return matter_say(db, by, in->id, S("记录了本人的委托。"));
}

enum err filing_disagree(struct store *db, const struct actor *by, const struct filing_withdraw *in)
{
    struct acting a;
    int64_t changed = 0;
    TRY(S_acting(db, by, in->id, &a));
    if (!a.own && !a.desk)
        return S_side_fault(db);
    if (!a.own && !in->text.p)
        return store_fault(db, ERR_INVALID, "/text", "required", "请写明本人是怎样说的。",
                           "Write down what the person said.");
    db->note->reason = in->text;
    TRY(store_exec(db,
                   "UPDATE filing_consent SET withdrawn_at = $2, withdrawn_by = $3 "
                   "WHERE matter = $1 AND withdrawn_at IS NULL",
                   ARGS(A_INT(in->id), A_INT(db->now), A_ID(by->account)), &changed));
    if (!changed)
        return store_fault(db, ERR_CONFLICT, "/act", "none", "没有有效的委托。",
                           "No consent stands.");
    return matter_say(db, by, in->id, S("本人撤回了委托。"));
}
