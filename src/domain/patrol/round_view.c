/* Rounds as they are shown: lists, and a whole one with stops, answers and what became of findings.
 */
#include "domain/patrol/patrol.h"

enum { ANSWERS_MAX = 6000 };

/* ---- descriptors ---- */

struct round_party {
    int64_t id;
    struct str name;
};
static const struct field party_fields[] = {
    F_ID(struct round_party, id, .required = true, .doc = "The party."),
    F_TEXT(struct round_party, name, .required = true, .doc = "Its name.")};
static const struct entity party_entity = ENTITY(struct round_party, "RoundParty", party_fields);

struct item_label {
    struct str item, zh, en, kind;
};
static const struct field item_fields[] = {
    F_TEXT(struct item_label, item, .required = true, .doc = "As it stands in an answer."),
    F_TEXT(struct item_label, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct item_label, en, .required = true, .doc = "English name."),
    F_TEXT(struct item_label, kind, .required = true, .codes = item_kind_names,
           .doc = "ok: all right or not; number; text.")};
static const struct entity item_entity = ENTITY(struct item_label, "ChecklistItem", item_fields);

static const struct field answer_fields[] = {
    F_TEXT(struct round_answer, item, .required = true, .doc = "The item of the checklist."),
    F_BOOL(struct round_answer, ok, .doc = "All right, or not."),
    F_REAL(struct round_answer, number, .doc = "The number read."),
    F_TEXT(struct round_answer, text, .lines = true, .doc = "Words."),
    F_ID(struct round_answer, matter, .doc = "The matter a finding became."),
    F_TEXT(struct round_answer, matter_number, .doc = "Its number."),
    F_TEXT(struct round_answer, stage, .doc = "The stage it is in."),
    F_TEXT(struct round_answer, outcome, .codes = outcome_names, .doc = "How it stands."),
    F_BOOL(struct round_answer, open, .doc = "It is still being dealt with."),
};
static const struct entity answer_entity =
    ENTITY(struct round_answer, "RoundAnswer", answer_fields);

static const struct field stop_fields[] = {
    F_ID(struct round_stop, point, .required = true, .doc = "The point."),
    F_ID(struct round_stop, unit, .required = true, .doc = "The unit it lies in."),
    F_TEXT(struct round_stop, place, .required = true, .doc = "Where, in words."),
    F_REAL(struct round_stop, lng, .doc = "Longitude of the point, WGS-84."),
    F_REAL(struct round_stop, lat, .doc = "Latitude of the point, WGS-84."),
    F_TIME(struct round_stop, at, .doc = "When it was visited or skipped; absent before."),
    F_TEXT(struct round_stop, by_name, .doc = "By whom."),
    F_TEXT(struct round_stop, role, .doc = "Role it was done under."),
    F_BOOL(struct round_stop, at_point,
           .doc = "The walker stood within 100 m of the point; absent when not known."),
    F_TEXT(struct round_stop, reason, .doc = "Why it was skipped."),
    F_LIST(struct round_stop, answers, .of = &answer_entity, .required = true,
           .doc = "The checklist's answers."),
};
static const struct entity stop_entity = ENTITY(struct round_stop, "RoundStop", stop_fields);

static const char *const states[] = {"open", "complete", "partial", NULL};
static const struct field round_fields[] = {
    F_ID(struct round, id, .required = true, .doc = "The round."),
    F_ID(struct round, patrol, .required = true, .doc = "The patrol it walks."),
    F_TEXT(struct round, kind, .required = true, .doc = "Which patrol of the pack it is."),
    F_TEXT(struct round, name, .required = true, .doc = "The patrol's name."),
    F_ID(struct round, unit, .required = true, .doc = "The unit it is for."),
    F_TEXT(struct round, unit_name, .required = true, .doc = "The unit's name."),
    F_TEXT(struct round, state, .required = true, .codes = states,
           .doc = "partial: it has ended, and points were skipped."),
    F_TIME(struct round, given_at, .required = true, .doc = "When it was given out."),
    F_TIME(struct round, started_at, .doc = "When the first point was dealt with."),
    F_TEXT(struct round, started_by, .doc = "By whom."),
    F_TIME(struct round, ended_at, .doc = "When it ended."),
    F_INT(struct round, points, .required = true, .doc = "Points to look at."),
    F_INT(struct round, visited, .required = true, .doc = "Points visited."),
    F_INT(struct round, skipped, .required = true, .doc = "Points skipped, with a reason."),
    F_INT(struct round, findings, .required = true, .doc = "Things that were not all right."),
    F_INT(struct round, findings_open, .required = true, .doc = "Those still being dealt with."),
    F_LIST(struct round, parties, .of = &party_entity,
           .doc = "The parties it was given to; not in lists of rounds."),
    F_LIST(struct round, checklist, .of = &item_entity,
           .doc = "What is looked at; not in lists of rounds."),
    F_LIST(struct round, stops, .of = &stop_entity,
           .doc = "Its points in the order of the walk; not in lists of rounds."),
};
const struct entity round_entity = ENTITY(struct round, "Round", round_fields);

/* As stored: with the pack. */
static const struct field stored_fields[] = {
    F_ID(struct round, id),           F_ID(struct round, patrol),
    F_TEXT(struct round, kind),       F_TEXT(struct round, name),
    F_ID(struct round, unit),         F_TEXT(struct round, unit_name),
    F_TEXT(struct round, state),      F_TIME(struct round, given_at),
    F_TIME(struct round, started_at), F_TEXT(struct round, started_by),
    F_TIME(struct round, ended_at),   F_INT(struct round, points),
    F_INT(struct round, visited),     F_INT(struct round, skipped),
    F_INT(struct round, findings),    F_INT(struct round, findings_open),
    F_INT(struct round, pack)};
static const struct entity stored_entity = ENTITY(struct round, "RoundStored", stored_fields);

/* ---- rows ---- */

#define ROUND                                                                                      \
    "SELECT r.id, r.patrol, p.kind, p.name, r.unit, u.name AS unit_name, r.state, r.given_at, "    \
    "r.started_at, a.name AS started_by, r.ended_at, r.points, r.visited, r.skipped, r.findings, " \
    "(SELECT COUNT(*) FROM patrol_answer f JOIN matter m ON m.id = f.matter "                      \
    "WHERE f.round = r.id AND m.open = 1) AS findings_open, r.pack FROM patrol_round r "           \
    "JOIN patrol p ON p.id = r.patrol JOIN unit u ON u.id = r.unit "                               \
    "LEFT JOIN account a ON a.id = r.started_by "

enum err round_load(struct store *db, int64_t id, struct round *ret)
{
    return store_one(db, ROUND "WHERE r.id = $1", ARGS(A_INT(id)), &stored_entity, ret);
}

#define FOUND                                                                                      \
    " AND r.id < $2 AND ($4 IS NULL OR $4 IN (r.unit, r.district, r.street, r.community, "         \
    "r.grid)) AND ($5 IS NULL OR r.state = $5) AND ($6 IS NULL OR r.patrol = $6) "                 \
    "ORDER BY r.id DESC LIMIT $3"

enum err round_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                     struct list *ret)
{
    static const char *const sql[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = ROUND "WHERE r.district = $1" FOUND,
        [LEVEL_STREET] = ROUND "WHERE r.street = $1" FOUND,
        [LEVEL_COMMUNITY] = ROUND "WHERE r.community = $1" FOUND,
        [LEVEL_GRID] = ROUND "WHERE r.grid = $1" FOUND,
    };
    static const char given[] =
        ROUND "JOIN patrol_party g ON g.round = r.id WHERE g.party = $1" FOUND;
    const struct patrol_query *q = s->in;
    bool party = hat->kind == HAT_PARTY;
    const char *text = party ? given : sql[hat->level];
    *ret = (struct list){0};
    if (!text)
        return OK;
    return store_all(db, text,
                     ARGS(A_INT(party ? hat->party : hat->unit), A_INT(s->after), A_INT(s->most),
                          A_ID(q->unit), A_TEXT(q->state), A_ID(q->patrol)),
                     &stored_entity, (size_t)s->most, ret);
}

enum err round_checklist(struct store *db, const struct round *r, const struct pack_patrol **ret)
{
    const struct pack *pack = world_pack(db->world, r->pack);
    *ret = pack ? pack_patrol(pack, r->kind) : NULL;
    return *ret ? OK : ERR_STORE;
}

/* ---- the whole ---- */

static enum err S_items(struct store *db, struct round *r)
{
    const struct pack_patrol *patrol = NULL;
    TRY(round_checklist(db, r, &patrol));
    struct item_label *items = arena_array(db->arena, patrol->item_count, sizeof *items);
    if (!items)
        return ERR_MEMORY;
    for (size_t i = 0; i < patrol->item_count; i++) {
        const struct pack_item *item = &patrol->items[i];
        items[i] = (struct item_label){item->item, item->name.zh, item->name.en,
                                       str_of(item_kind_names[item->kind])};
    }
    r->checklist = (struct list){items, patrol->item_count};
    return OK;
}

static const struct field stop_row_fields[] = {
    F_ID(struct round_stop, point),      F_ID(struct round_stop, unit),
    F_TEXT(struct round_stop, place),    F_REAL(struct round_stop, lng),
    F_REAL(struct round_stop, lat),      F_TIME(struct round_stop, at),
    F_TEXT(struct round_stop, by_name),  F_TEXT(struct round_stop, role),
    F_BOOL(struct round_stop, at_point), F_TEXT(struct round_stop, reason)};
static const struct entity stop_row_entity =
    ENTITY(struct round_stop, "RoundStopRow", stop_row_fields);

static const struct field answer_row_fields[] = {F_ID(struct round_answer, point),
                                                 F_TEXT(struct round_answer, item),
                                                 F_BOOL(struct round_answer, ok),
                                                 F_REAL(struct round_answer, number),
                                                 F_TEXT(struct round_answer, text),
                                                 F_ID(struct round_answer, matter),
                                                 F_TEXT(struct round_answer, matter_number),
                                                 F_TEXT(struct round_answer, stage),
                                                 F_TEXT(struct round_answer, outcome),
                                                 F_BOOL(struct round_answer, open)};
static const struct entity answer_row_entity =
    ENTITY(struct round_answer, "RoundAnswerRow", answer_row_fields);

/* Answers come point by point: each stop is given its run of them. */
static void S_share(const struct list *answers, struct list *stops)
{
    struct round_answer *a = answers->items;
    struct round_stop *stop = stops->items;
    for (size_t i = 0, n = 0; i < answers->n; i += n) {
        for (n = 1; i + n < answers->n && a[i + n].point == a[i].point; n++)
            continue;
        for (size_t k = 0; k < stops->n; k++) {
            if (stop[k].point == a[i].point)
                stop[k].answers = (struct list){a + i, n};
        }
    }
}

enum err round_view(struct store *db, int64_t id, struct round *ret)
{
    struct list answers;
    TRY(round_load(db, id, ret));
    TRY(S_items(db, ret));
    TRY(store_all(db,
                  "SELECT y.id, y.name FROM patrol_party g JOIN party y ON y.id = g.party "
                  "WHERE g.round = $1 ORDER BY y.id",
                  ARGS(A_INT(id)), &party_entity, ROUND_PARTIES_MAX, &ret->parties));
    TRY(store_all(db,
                  "SELECT p.id AS point, p.unit, p.place, p.lng, p.lat, v.at, a.name AS by_name, "
                  "v.role, v.at_point, v.reason FROM patrol_point p "
                  "LEFT JOIN patrol_visit v ON v.round = $1 AND v.point = p.id "
                  "LEFT JOIN account a ON a.id = v.account WHERE p.patrol = $2 ORDER BY p.ord",
                  ARGS(A_INT(id), A_INT(ret->patrol)), &stop_row_entity, PATROL_POINTS_MAX,
                  &ret->stops));
    TRY(store_all(db,
                  "SELECT f.point, f.item, f.ok, f.number, f.text, f.matter, "
                  "m.number AS matter_number, m.stage, m.outcome, m.open FROM patrol_answer f "
                  "LEFT JOIN matter m ON m.id = f.matter WHERE f.round = $1 "
                  "ORDER BY f.point, f.ord",
                  ARGS(A_INT(id)), &answer_row_entity, ANSWERS_MAX, &answers));
    S_share(&answers, &ret->stops);
    return OK;
}

struct reach_row {
    int64_t district, street, community, grid;
};
static const struct field reach_fields[] = {
    F_ID(struct reach_row, district), F_ID(struct reach_row, street),
    F_ID(struct reach_row, community), F_ID(struct reach_row, grid)};
static const struct entity reach_entity = ENTITY(struct reach_row, "RoundReach", reach_fields);

enum err round_reach(struct store *db, int64_t id, struct reach *ret)
{
    struct reach_row row;
    struct list parties;
    TRY(store_one(db, "SELECT district, street, community, grid FROM patrol_round WHERE id = $1",
                  ARGS(A_INT(id)), &reach_entity, &row));
    ret->at = (struct ancestors){.district = row.district,
                                 .street = row.street,
                                 .community = row.community,
                                 .grid = row.grid};
    TRY(store_all(db,
                  "SELECT y.id, y.name FROM patrol_party g JOIN party y ON y.id = g.party "
                  "WHERE g.round = $1 LIMIT $2",
                  ARGS(A_INT(id), A_INT(PARTIES_MAX)), &party_entity, PARTIES_MAX, &parties));
    for (size_t i = 0; i < parties.n; i++)
        ret->parties[i] = ((const struct round_party *)parties.items)[i].id;
    ret->party_count = parties.n;
    return OK;
}

/* ---- from a matter back to where it was found ---- */

static const struct field finding_fields[] = {
    F_ID(struct finding, round, .required = true, .doc = "The round."),
    F_ID(struct finding, patrol, .required = true, .doc = "The patrol."),
    F_TEXT(struct finding, name, .required = true, .doc = "The patrol's name."),
    F_ID(struct finding, point, .required = true, .doc = "The point."),
    F_TEXT(struct finding, place, .required = true, .doc = "Where, in words."),
    F_TEXT(struct finding, item, .required = true, .doc = "The item that was not all right."),
    F_TEXT(struct finding, text, .lines = true, .doc = "What was found."),
    F_TIME(struct finding, at, .required = true, .doc = "When."),
};
const struct entity finding_entity = ENTITY(struct finding, "Finding", finding_fields);

enum err finding_of(struct store *db, int64_t matter, struct list *ret)
{
    return store_all(db,
                     "SELECT f.round, r.patrol, p.name, f.point, o.place, f.item, f.text, v.at "
                     "FROM patrol_answer f JOIN patrol_round r ON r.id = f.round "
                     "JOIN patrol p ON p.id = r.patrol JOIN patrol_point o ON o.id = f.point "
                     "JOIN patrol_visit v ON v.round = f.round AND v.point = f.point "
                     "WHERE f.matter = $1",
                     ARGS(A_INT(matter)), &finding_entity, 1, ret);
}
