/* Routes of patrols and rounds. */
#include "domain/matter/matter.h"
#include "domain/patrol/patrol.h"
#include "domain/place/place.h"

enum { REASON_MOST = 200, ANSWER_MOST = 2000, ITEMS_MOST = 60 };

/* ---- what can be walked, from the pack ---- */

struct kinds_in {
    int64_t unit;
};
static const struct field kinds_fields[] = {
    F_ID(struct kinds_in, unit, .from = IN_QUERY, .required = true, .doc = "Where.")};
static const struct entity kinds_entity = ENTITY(struct kinds_in, "PatrolKindQuery", kinds_fields);

struct patrol_kind {
    struct str code, zh, en;
    struct list by;        /* struct str */
    struct list checklist; /* struct kind_item */
};
struct kind_item {
    struct str item, zh, en, kind, finding;
};
static const struct field item_fields[] = {
    F_TEXT(struct kind_item, item, .required = true, .doc = "As it stands in an answer."),
    F_TEXT(struct kind_item, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct kind_item, en, .required = true, .doc = "English name."),
    F_TEXT(struct kind_item, kind, .required = true, .codes = item_kind_names,
           .doc = "ok: all right or not; number; text."),
    F_TEXT(struct kind_item, finding, .doc = "The kind of matter it becomes when not ok."),
};
static const struct entity item_entity = ENTITY(struct kind_item, "PatrolItem", item_fields);
static const struct field kind_fields[] = {
    F_TEXT(struct patrol_kind, code, .required = true, .doc = "As it stands in a patrol."),
    F_TEXT(struct patrol_kind, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct patrol_kind, en, .required = true, .doc = "English name."),
    F_LIST(struct patrol_kind, by, .item = T_TEXT, .required = true, .doc = "Roles that walk it."),
    F_LIST(struct patrol_kind, checklist, .of = &item_entity, .required = true,
           .doc = "What is looked at."),
};
static const struct entity kind_entity = ENTITY(struct patrol_kind, "PatrolKind", kind_fields);

static enum err S_kind(struct store *db, const struct pack_patrol *p, struct patrol_kind *ret)
{
    struct kind_item *items = arena_array(db->arena, p->item_count, sizeof *items);
    if (!items)
        return ERR_MEMORY;
    for (size_t i = 0; i < p->item_count; i++)
        items[i] =
            (struct kind_item){.item = p->items[i].item,
                               .zh = p->items[i].name.zh,
                               .en = p->items[i].name.en,
                               .kind = str_of(item_kind_names[p->items[i].kind]),
                               .finding = p->items[i].finding.n ? p->items[i].finding : NO_STR};
    *ret = (struct patrol_kind){.code = p->patrol,
                                .zh = p->name.zh,
                                .en = p->name.en,
                                .by = {p->by, p->by_count},
                                .checklist = {items, p->item_count}};
    return OK;
}

static enum err S_kinds(struct store *db, const struct actor *by, const void *in, void *out)
{
    struct page *ret = out;
    struct ancestors at;
    (void)by;
    enum err err = place_ancestors(db, ((const struct kinds_in *)in)->unit, &at);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const struct pack *pack = err == OK ? world_pack_at(db->world, &at) : NULL;
    if (!pack)
        return store_fault(db, ERR_INVALID, "unit", "no_pack", "这个地方还没有开通。",
                           "This place has no pack in force.");
    struct patrol_kind *kinds = arena_array(db->arena, pack->patrol_count + 1, sizeof *kinds);
    if (!kinds)
        return ERR_MEMORY;
    for (size_t i = 0; i < pack->patrol_count; i++)
        TRY(S_kind(db, &pack->patrols[i], &kinds[i]));
    ret->items = (struct list){kinds, pack->patrol_count};
    return OK;
}

/* ---- patrols ---- */

static const struct field list_fields[] = {
    F_ID(struct patrol_query, unit, .from = IN_QUERY, .doc = "Only those of this unit or below."),
    F_INT(struct patrol_query, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Rows a page, 20 by default."),
    F_TEXT(struct patrol_query, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
};
static const struct entity list_entity = ENTITY(struct patrol_query, "PatrolList", list_fields);

static enum err S_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct patrol_query *q = in;
    struct scan scan = {.row = &patrol_entity, .fetch = patrol_fetch, .in = q};
    return scope_page(db, by, &scan, q->after, q->limit, ret);
}

static const struct field id_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The patrol.")};
static const struct entity id_entity = ENTITY(struct subject_in, "PatrolId", id_fields);

static enum err S_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return patrol_get(db, ((const struct subject_in *)in)->id, ret);
}

static enum err S_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return patrol_create(db, by, in, ret);
}

static enum err S_end(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    (void)ret;
    return patrol_end(db, ((const struct subject_in *)in)->id);
}

/* ---- rounds ---- */

struct give_in {
    int64_t id;
    struct list parties;
};
static const struct field give_fields[] = {
    F_ID(struct give_in, id, .from = IN_PATH, .required = true, .doc = "The patrol."),
    F_LIST(struct give_in, parties, .item = T_ID, .max = ROUND_PARTIES_MAX,
           .doc = "Parties that may walk it besides those who work in the place."),
};
static const struct entity give_entity = ENTITY(struct give_in, "RoundGive", give_fields);

static enum err S_give(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct give_in *in = data;
    int64_t round = 0;
    (void)by;
    TRY(round_give(db, in->id, &in->parties, &round));
    return round_view(db, round, ret);
}

static const char *const states[] = {"open", "complete", "partial", NULL};
static const struct field rounds_fields[] = {
    F_ID(struct patrol_query, unit, .from = IN_QUERY, .doc = "Only those of this unit or below."),
    F_ID(struct patrol_query, patrol, .from = IN_QUERY, .doc = "Only those of this patrol."),
    F_TEXT(struct patrol_query, state, .from = IN_QUERY, .codes = states,
           .doc = "Only those in this state."),
    F_INT(struct patrol_query, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Rows a page, 20 by default."),
    F_TEXT(struct patrol_query, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
};
static const struct entity rounds_entity = ENTITY(struct patrol_query, "RoundList", rounds_fields);

static enum err S_rounds(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct patrol_query *q = in;
    struct scan scan = {
        .row = &round_entity, .fetch = round_fetch, .in = q, .down = true, .parties = true};
    return scope_page(db, by, &scan, q->after, q->limit, ret);
}

static const struct field round_id_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The round.")};
static const struct entity round_id_entity = ENTITY(struct subject_in, "RoundId", round_id_fields);

static enum err S_round(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return round_view(db, ((const struct subject_in *)in)->id, ret);
}

static const struct field answer_fields[] = {
    F_TEXT(struct round_answer, item, .required = true, .max = 64, .form = form_code,
           .form_doc = "lower-case letters, digits, _ . -", .form_zh = "小写字母、数字、_ . -",
           .doc = "The item of the checklist."),
    F_BOOL(struct round_answer, ok, .doc = "All right, or not: for items of kind ok."),
    F_REAL(struct round_answer, number, .doc = "The number read: for items of kind number."),
    F_TEXT(struct round_answer, text, .min = 2, .max = ANSWER_MOST, .lines = true,
           .doc = "Words; asked for where something is not all right. Phone and ID numbers are "
                  "taken out."),
};
static const struct entity answer_entity =
    ENTITY(struct round_answer, "RoundAnswerNew", answer_fields);
static const struct field visit_fields[] = {
    F_ID(struct round_visit, id, .from = IN_PATH, .required = true, .doc = "The round."),
    F_ID(struct round_visit, point, .required = true, .doc = "The point."),
    F_LIST(struct round_visit, answers, .of = &answer_entity, .required = true, .min = 1,
           .max = ITEMS_MOST, .doc = "The whole checklist; only words may be left out."),
    F_REAL(struct round_visit, lng, .min = -180, .max = 180,
           .doc = "Where the walker stands, in `datum`: compared with the point, then dropped."),
    F_REAL(struct round_visit, lat, .min = -90, .max = 90, .form_doc = LAT_DOC, .doc = "Likewise."),
    F_TEXT(struct round_visit, datum, .codes = datum_names, .doc = "wgs84 unless given."),
};
const struct entity round_visit_entity = ENTITY(struct round_visit, "RoundVisit", visit_fields);

static enum err S_visit(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(round_visit(db, by, in));
    return round_view(db, ((const struct round_visit *)in)->id, ret);
}

static const struct field skip_fields[] = {
    F_ID(struct round_skip, id, .from = IN_PATH, .required = true, .doc = "The round."),
    F_ID(struct round_skip, point, .required = true, .doc = "The point."),
    F_TEXT(struct round_skip, reason, .required = true, .min = 2, .max = REASON_MOST,
           .doc = "Why it is not visited."),
};
static const struct entity skip_entity = ENTITY(struct round_skip, "RoundSkip", skip_fields);

static enum err S_skip(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(round_skip(db, by, in));
    return round_view(db, ((const struct round_skip *)in)->id, ret);
}

static enum err S_finish(struct store *db, const struct actor *by, const void *in, void *ret)
{
    int64_t id = ((const struct subject_in *)in)->id;
    (void)by;
    TRY(round_end(db, id));
    return round_view(db, id, ret);
}

static const struct field found_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The matter.")};
static const struct entity found_entity = ENTITY(struct subject_in, "FindingOf", found_fields);

static enum err S_found(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return finding_of(db, ((const struct subject_in *)in)->id, &((struct page *)ret)->items);
}

/* ---- the rows ---- */

static const struct route routes[] = {
    {.op = "patrols.kinds",
     .verb = "GET",
     .path = "/api/patrol-kinds",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_kinds,
     .in = &kinds_entity,
     .out = &kind_entity,
     .page = true,
     .status = 200,
     .doc = "What can be walked at a place, with its checklists."},
    {.op = "patrols.list",
     .verb = "GET",
     .path = "/api/patrols",
     .work = QUERY,
     .perm = PERM_PATROL_WALK,
     .fn = S_list,
     .in = &list_entity,
     .out = &patrol_entity,
     .page = true,
     .status = 200,
     .doc = "Patrols within your reach that have not ended."},
    {.op = "patrols.create",
     .verb = "POST",
     .path = "/api/patrols",
     .work = COMMAND,
     .perm = PERM_PATROL_WRITE,
     .fn = S_create,
     .in = &patrol_new_entity,
     .out = &patrol_entity,
     .status = 201,
     .doc = "Make a patrol: points to be looked at, for a unit the hat covers."},
    {.op = "patrols.get",
     .verb = "GET",
     .path = "/api/patrols/{id}",
     .work = QUERY,
     .perm = PERM_PATROL_WALK,
     .fn = S_get,
     .in = &id_entity,
     .out = &patrol_entity,
     .reach = patrol_reach,
     .status = 200,
     .doc = "One patrol with its points."},
    {.op = "rounds.give",
     .verb = "POST",
     .path = "/api/patrols/{id}/rounds",
     .work = COMMAND,
     .perm = PERM_PATROL_WALK,
     .fn = S_give,
     .in = &give_entity,
     .out = &round_entity,
     .reach = patrol_reach,
     .status = 201,
     .doc = "Give a round of it out: to those who work there, and to parties."},
    {.op = "patrols.end",
     .verb = "POST",
     .path = "/api/patrols/{id}/end",
     .work = COMMAND,
     .perm = PERM_PATROL_WRITE,
     .fn = S_end,
     .in = &id_entity,
     .reach = patrol_reach,
     .status = 204,
     .doc = "Give no more rounds of it; those that are open go on."},
    {.op = "rounds.list",
     .verb = "GET",
     .path = "/api/rounds",
     .work = QUERY,
     .perm = PERM_PATROL_WALK,
     .fn = S_rounds,
     .in = &rounds_entity,
     .out = &round_entity,
     .page = true,
     .status = 200,
     .doc = "Rounds within your reach or given to your party, newest first."},
    {.op = "rounds.get",
     .verb = "GET",
     .path = "/api/rounds/{id}",
     .work = QUERY,
     .perm = PERM_PATROL_WALK,
     .fn = S_round,
     .in = &round_id_entity,
     .out = &round_entity,
     .reach = round_reach,
     .status = 200,
     .doc = "A round: its stops, answers, and how its findings stand."},
    {.op = "rounds.visit",
     .verb = "POST",
     .path = "/api/rounds/{id}/visits",
     .work = COMMAND,
     .perm = PERM_PATROL_WALK,
     .fn = S_visit,
     .in = &round_visit_entity,
     .out = &round_entity,
     .reach = round_reach,
     .status = 200,
     .doc = "Answer the checklist at a point; what is not all right becomes a matter."},
    {.op = "rounds.skip",
     .verb = "POST",
     .path = "/api/rounds/{id}/skips",
     .work = COMMAND,
     .perm = PERM_PATROL_WALK,
     .fn = S_skip,
     .in = &skip_entity,
     .out = &round_entity,
     .reach = round_reach,
     .status = 200,
     .doc = "Leave a point out, with the reason."},
    {.op = "rounds.end",
     .verb = "POST",
     .path = "/api/rounds/{id}/end",
     .work = COMMAND,
     .perm = PERM_PATROL_WALK,
     .fn = S_finish,
     .in = &round_id_entity,
     .out = &round_entity,
     .reach = round_reach,
     .status = 200,
     .doc = "End a round, when every point has been visited or skipped."},
    {.op = "matters.findings",
     .verb = "GET",
     .path = "/api/matters/{id}/findings",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_found,
     .in = &found_entity,
     .out = &finding_entity,
     .page = true,
     .reach = matter_reach,
     .status = 200,
     .doc = "Where on a round a matter was found; nothing when it was not."},
};

const struct module patrol_module = {.name = "patrols",
                                     .doc = "Inspection rounds, whose findings become matters.",
                                     .source = "src/domain/patrol/patrol_api.c",
                                     .routes = routes,
                                     .n = COUNT_OF(routes)};
