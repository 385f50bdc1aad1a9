/* Rounds: giving one out, walking it, ending it. */
#include "domain/matter/matter.h"
#include "domain/patrol/patrol.h"
#include "domain/place/unit_shape.h"

#include <math.h>

/* Who is this near stands at the point: what a phone's position is worth between houses. */
#define NEAR_METRES 100.0
enum { TITLE_MOST = 60 };

/* ---- giving ---- */

struct patrol_row {
    int64_t unit, county, district, street, community, grid, ended_at, points;
    struct str kind;
};
static const struct field patrol_row_fields[] = {
    F_ID(struct patrol_row, unit),       F_INT(struct patrol_row, county),
    F_ID(struct patrol_row, district),   F_ID(struct patrol_row, street),
    F_ID(struct patrol_row, community),  F_ID(struct patrol_row, grid),
    F_TIME(struct patrol_row, ended_at), F_INT(struct patrol_row, points),
    F_TEXT(struct patrol_row, kind)};
static const struct entity patrol_row_entity =
    ENTITY(struct patrol_row, "PatrolRow", patrol_row_fields);

static enum err S_parties(struct store *db, int64_t district, const struct list *parties)
{
    const int64_t *party = parties->items;
    for (size_t i = 0; i < parties->n; i++) {
        int64_t found = 0;
        const char *field = arena_printf(db->arena, "/parties/%zu", i).p;
        enum err err = store_int(db, "SELECT id FROM party WHERE id = $1 AND district = $2",
                                 ARGS(A_INT(party[i]), A_INT(district)), &found);
        if (err == ERR_NOT_FOUND)
            return store_fault(db, ERR_INVALID, field, "unknown", "本区县没有这支队伍。",
                               "There is no such party in this county.");
        TRY(err);
    }
    return OK;
}

static enum err S_give(struct store *db, int64_t patrol, const struct patrol_row *g,
                       const struct list *parties, int64_t pack, int64_t *ret)
{
    TRY(store_id(db, g->county, ret));
    TRY(store_exec(db,
                   "INSERT INTO patrol_round (id, county, patrol, pack, unit, district, street, "
                   "community, grid, state, given_at, points, visited, skipped, findings) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $11, 0, 0, 0)",
                   ARGS(A_INT(*ret), A_INT(g->county), A_INT(patrol), A_INT(pack), A_INT(g->unit),
                        A_ID(g->district), A_ID(g->street), A_ID(g->community), A_ID(g->grid),
                        A_INT(db->now), A_INT(g->points)),
                   NULL));
    for (size_t i = 0; i < parties->n; i++)
        TRY(store_exec(db,
                       "INSERT INTO patrol_party (party, round) VALUES ($1, $2) "
                       "ON CONFLICT (party, round) DO NOTHING",
                       ARGS(A_INT(((const int64_t *)parties->items)[i]), A_INT(*ret)), NULL));
    return OK;
}

enum err round_give(struct store *db, int64_t patrol, const struct list *parties, int64_t *ret)
{
    struct patrol_row g;
    TRY(store_one(db,
                  "SELECT p.unit, p.county, p.district, p.street, p.community, p.grid, p.kind, "
                  "p.ended_at, (SELECT COUNT(*) FROM patrol_point o WHERE o.patrol = p.id) AS "
                  "points FROM patrol p WHERE p.id = $1",
                  ARGS(A_INT(patrol)), &patrol_row_entity, &g));
    if (g.ended_at)
        return store_fault(db, ERR_CONFLICT, "", "ended", "这条巡查路线已经停用。",
                           "This patrol has ended.");
    struct ancestors at;
    TRY(place_ancestors(db, g.unit, &at));
    const struct pack *pack = world_pack_at(db->world, &at);
    if (!pack || !pack_patrol(pack, g.kind))
        return store_fault(db, ERR_CONFLICT, "", "no_pack", "这里的方案已经没有这种巡查。",
                           "The pack in force here no longer has this patrol.");
    TRY(S_parties(db, g.district, parties));
    TRY(S_give(db, patrol, &g, parties, pack->id, ret));
    *db->note = (struct note){.subject = *ret, .district = g.district, .street = g.street};
    return OK;
}

/* ---- what a walk begins with ---- */

struct walk {
    struct round round;
    const struct pack_patrol *patrol;
    const struct hat *hat;
    struct patrol_point point;
};

static const struct field point_fields[] = {
    F_ID(struct patrol_point, id), F_ID(struct patrol_point, unit),
    F_TEXT(struct patrol_point, place), F_REAL(struct patrol_point, lng),
    F_REAL(struct patrol_point, lat)};
static const struct entity point_entity = ENTITY(struct patrol_point, "RoundPoint", point_fields);

/* The first admitted hat whose role the pack lets walk. */
static const struct hat *S_walker(const struct actor *by, const struct pack_patrol *patrol)
{
    for (size_t i = 0; i < by->n; i++) {
        for (size_t k = 0; by->admitted[i] && k < patrol->by_count; k++) {
            if (str_eq(patrol->by[k], str_of(role_names[by->hats[i].role])))
                return &by->hats[i];
        }
    }
    return NULL;
}

static enum err S_open(struct store *db, const struct round *r)
{
    return str_eq(r->state, S("open")) ? OK
                                       : store_fault(db, ERR_CONFLICT, "", "ended",
                                                     "这次巡查已经结束。", "This round has ended.");
}

static enum err S_begin(struct store *db, const struct actor *by, int64_t round, int64_t point,
                        struct walk *w)
{
    int64_t seen = 0;
    TRY(round_load(db, round, &w->round));
    TRY(round_checklist(db, &w->round, &w->patrol));
    w->hat = S_walker(by, w->patrol);
    if (!w->hat)
        return store_fault(db, ERR_FORBIDDEN, "/point", "role", "这种巡查不由您的身份来走。",
                           "This patrol is not walked under your hat.");
    TRY(S_open(db, &w->round));
    /* A point whose grid is no more lies in the round's own unit. */
    enum err err = store_one(
        db,
        "SELECT p.id, CASE WHEN u.valid_to IS NULL THEN p.unit ELSE $3 END AS unit, "
        "p.place, p.lng, p.lat FROM patrol_point p JOIN unit u ON u.id = p.unit "
        "WHERE p.id = $1 AND p.patrol = $2",
        ARGS(A_INT(point), A_INT(w->round.patrol), A_INT(w->round.unit)), &point_entity, &w->point);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/point", "unknown", "这条路线上没有这个点。",
                           "The patrol has no such point.");
    TRY(err);
    err = store_int(db, "SELECT at FROM patrol_visit WHERE round = $1 AND point = $2",
                    ARGS(A_INT(round), A_INT(point)), &seen);
    if (err == OK)
        return store_fault(db, ERR_CONFLICT, "/point", "visited", "这个点已经走过了。",
                           "This point has been dealt with already.");
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err S_keep_visit(struct store *db, const struct actor *by, const struct walk *w,
                             enum tri at_point, struct str reason, int64_t findings)
{
    bool skipped = reason.p != NULL;
    TRY(store_exec(
        db,
        "INSERT INTO patrol_visit (round, point, county, at, account, role, at_point, reason) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        ARGS(A_INT(w->round.id), A_INT(w->point.id), A_INT(ID_COUNTY(w->round.id)), A_INT(db->now),
             A_INT(by->account), A_TEXT(str_of(role_names[w->hat->role])), A_TRI(at_point),
             A_TEXT(reason)),
        NULL));
    return store_exec(db,
                      "UPDATE patrol_round SET started_at = COALESCE(started_at, $2), "
                      "started_by = COALESCE(started_by, $3), visited = visited + $4, "
                      "skipped = skipped + $5, findings = findings + $6 WHERE id = $1",
                      ARGS(A_INT(w->round.id), A_INT(db->now), A_INT(by->account), A_INT(!skipped),
                           A_INT(skipped), A_INT(findings)),
                      NULL);
}

/* ---- answers ---- */

static const char *S_at(struct store *db, size_t i, const char *name)
{
    return arena_printf(db->arena, "/answers/%zu/%s", i, name).p;
}

static enum err S_check_answer(struct store *db, const struct pack_item *item,
                               const struct round_answer *a, size_t i)
{
    bool number = !isnan(a->number);
    if ((item->kind != ITEM_OK && a->ok != UNSET) || (item->kind == ITEM_OK && a->ok == UNSET))
        return store_fault(db, ERR_INVALID, S_at(db, i, "ok"),
                           a->ok == UNSET ? "required" : "unknown",
                           "合格与否（ok）只用于、也必须用于要看合格的项。",
                           "\"ok\" belongs to the items that are all right or not, and there it "
                           "must be.");
    if (number != (item->kind == ITEM_NUMBER))
        return store_fault(db, ERR_INVALID, S_at(db, i, "number"), number ? "unknown" : "required",
                           "数值（number）只用于、也必须用于要填数的项。",
                           "\"number\" belongs to the items that are a number, and there it must "
                           "be.");
    if (!a->text.p && (item->kind == ITEM_TEXT || a->ok == NO))
        return store_fault(db, ERR_INVALID, S_at(db, i, "text"), "required", "请写明情况。",
                           "Say what was found.");
    return OK;
}

static const struct pack_item *S_item(const struct pack_patrol *p, struct str item)
{
    return patrol_item(p, item);
}

/* Each item once; words are the only ones that may be left out. */
static enum err S_check_answers(struct store *db, const struct walk *w,
                                const struct round_visit *in)
{
    const struct round_answer *a = in->answers.items;
    for (size_t i = 0; i < in->answers.n; i++) {
        const struct pack_item *item = S_item(w->patrol, a[i].item);
        if (!item)
            return store_fault(db, ERR_INVALID, S_at(db, i, "item"), "unknown",
                               "检查表里没有这一项。", "The checklist has no such item.");
        for (size_t k = 0; k < i; k++) {
            if (str_eq(a[k].item, a[i].item))
                return store_fault(db, ERR_INVALID, S_at(db, i, "item"), "twice",
                                   "这一项答了两次。", "This item is answered twice.");
        }
        TRY(S_check_answer(db, item, &a[i], i));
    }
    for (size_t i = 0; i < w->patrol->item_count; i++) {
        const struct pack_item *item = &w->patrol->items[i];
        bool there = item->kind == ITEM_TEXT;
        for (size_t k = 0; k < in->answers.n; k++)
            there = there || str_eq(a[k].item, item->item);
        if (!there)
            return store_fault(
                db, ERR_INVALID, "/answers", "required",
                arena_printf(db->arena, "还没有检查“" STR_F "”。", STR_A(item->name.zh)).p,
                arena_printf(db->arena, "\"" STR_F "\" is not answered.", STR_A(item->name.en)).p);
    }
    return OK;
}

/* ---- findings ---- */

static struct str S_cut(struct str s, size_t most)
{
    size_t at = 0;
    for (size_t n = 0; at < s.n && n < most; n++)
        utf8_next(s, &at);
    return (struct str){s.p, at};
}

/* Who walks a round comes as a worker of the place the point lies in: the round lends that. It does
 * so for the finding alone. */
static enum err S_order(struct store *db, const struct actor *by, const struct walk *w,
                        const struct pack_item *item, struct str text, int64_t *ret)
{
    struct actor walker = {.account = by->account,
                           .person = by->person,
                           .county = by->county,
                           .name = by->name,
                           .n = 1,
                           .admitted = {true}};
    struct hat *hat = &walker.hats[0];
    struct unit unit;
    struct matter m;
    struct matter_new in;
    TRY(place_get(db, w->point.unit, &unit));
    *hat = (struct hat){.id = w->hat->id,
                        .role = w->hat->role,
                        .kind = HAT_UNIT,
                        .unit = unit.id,
                        .level = level_parse(unit.level),
                        .at = unit_ancestors(&unit)};
    entity_blank(&matter_new_entity, &in);
    struct str title =
        arena_printf(db->arena, STR_F "：" STR_F, STR_A(w->point.place), STR_A(item->name.zh));
    in.kind = item->finding;
    in.category = item->category.n ? item->category : NO_STR;
    in.title = S_cut(title, TITLE_MOST);
    in.text = text;
    in.place = w->point.place;
    in.unit = unit.id;
    in.lng = w->point.lng;
    in.lat = w->point.lat;
    in.source = S("patrol");
    TRY(matter_order(db, &walker, &in, &m));
    *ret = m.id;
    return OK;
}

/* The matter is ordered under the pack in force now; the round may have begun under another. Looked
 * at before anything is written. */
static enum err S_check_findings(struct store *db, const struct walk *w,
                                 const struct round_visit *in)
{
    const struct round_answer *a = in->answers.items;
    struct ancestors at;
    TRY(place_ancestors(db, w->point.unit, &at));
    const struct pack *pack = world_pack_at(db->world, &at);
    for (size_t i = 0; i < in->answers.n; i++) {
        const struct pack_item *item = S_item(w->patrol, a[i].item);
        if (a[i].ok != NO || !item)
            continue;
        const struct pack_kind *kind = pack ? pack_kind(pack, item->finding) : NULL;
        bool good = kind && kind_step(kind, ACT_ORDER, 0, SIDE_WORKER, GIVEN_ANY, NULL) &&
                    (!item->category.n || pack_category(pack, item->category)) &&
                    pack_source_known(pack, S("patrol"));
        if (!good)
            return store_fault(db, ERR_CONFLICT, S_at(db, i, "item"), "no_kind",
                               "方案换过了，这一类问题不再受理；请结束这次巡查，重新安排。",
                               "The pack has changed and no longer takes this kind: end this round "
                               "and give another.");
    }
    return OK;
}

static enum err S_keep_answers(struct store *db, const struct actor *by, const struct walk *w,
                               const struct round_visit *in)
{
    const struct round_answer *a = in->answers.items;
    for (size_t i = 0; i < in->answers.n; i++) {
        const struct pack_item *item = S_item(w->patrol, a[i].item);
        struct str text = NO_STR, found = NO_STR;
        int64_t matter = 0;
        if (!item)
            return ERR_STORE; /* S_check_answers has let none through */
        /* Numbers that identify people are sealed with the matter; here they are left out. */
        TRY(text_redact(db->arena, a[i].text, &text, &found));
        if (a[i].ok == NO)
            TRY(S_order(db, by, w, item, a[i].text, &matter));
        TRY(store_exec(db,
                       "INSERT INTO patrol_answer (round, point, ord, county, item, ok, number, "
                       "text, matter) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                       ARGS(A_INT(w->round.id), A_INT(w->point.id),
                            A_INT((int64_t)(item - w->patrol->items)),
                            A_INT(ID_COUNTY(w->round.id)), A_TEXT(item->item), A_TRI(a[i].ok),
                            A_REAL(a[i].number), A_TEXT(text), A_ID(matter)),
                       NULL));
    }
    return OK;
}

/* ---- the walk ---- */

static enum err S_at_point(struct store *db, const struct walk *w, const struct round_visit *in,
                           enum tri *ret)
{
    struct position at;
    bool given = false;
    TRY(spot_read(db,
                  &(struct spot_in){.lng = in->lng,
                                    .lat = in->lat,
                                    .datum = in->datum,
                                    .lng_field = "/lng",
                                    .lat_field = "/lat",
                                    .datum_field = "/datum"},
                  &at, &given));
    *ret = UNSET;
    if (given && !isnan(w->point.lng))
        *ret = metres_between(at, (struct position){w->point.lng, w->point.lat}) <= NEAR_METRES
                   ? YES
                   : NO;
    return OK;
}

enum err round_visit(struct store *db, const struct actor *by, const struct round_visit *in)
{
    struct walk w;
    enum tri at_point = UNSET;
    int64_t findings = 0;
    const struct note note = *db->note;
    TRY(S_begin(db, by, in->id, in->point, &w));
    TRY(S_check_answers(db, &w, in));
    TRY(S_check_findings(db, &w, in));
    TRY(S_at_point(db, &w, in, &at_point));
    for (size_t i = 0; i < in->answers.n; i++)
        findings += ((const struct round_answer *)in->answers.items)[i].ok == NO;
    TRY(S_keep_answers(db, by, &w, in));
    *db->note = note; /* the order's own is about the matter */
    db->note->role = (int)w.hat->role;
    return S_keep_visit(db, by, &w, at_point, NO_STR, findings);
}

enum err round_skip(struct store *db, const struct actor *by, const struct round_skip *in)
{
    struct walk w;
    TRY(S_begin(db, by, in->id, in->point, &w));
    db->note->reason = in->reason;
    db->note->role = (int)w.hat->role;
    return S_keep_visit(db, by, &w, UNSET, in->reason, 0);
}

enum err round_end(struct store *db, int64_t id)
{
    struct round r;
    TRY(round_load(db, id, &r));
    TRY(S_open(db, &r));
    int64_t left = r.points - r.visited - r.skipped;
    if (left > 0)
        return store_fault(
            db, ERR_CONFLICT, "", "unfinished",
            arena_printf(db->arena, "还有 %lld 个点没有走；走不到的请写明原因跳过。",
                         (long long)left)
                .p,
            arena_printf(db->arena, "%lld points are left: visit them, or skip them with a reason.",
                         (long long)left)
                .p);
    return store_exec(
        db,
        "UPDATE patrol_round SET ended_at = $2, "
        "state = CASE WHEN skipped = 0 THEN 'complete' ELSE 'partial' END WHERE id = $1",
        ARGS(A_INT(id), A_INT(db->now)), NULL);
}
