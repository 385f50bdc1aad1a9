/* The households a matter affects: who adds them, what they may say, and who may see what they
 * said. */
#include "domain/matter/matter_many.h"

#include <math.h>

enum { LIST_MAX = 100, WORDS_MAX = 1000 };

static const struct field tally_fields[] = {
    F_INT(struct tally, count, .required = true, .doc = "Households it affects."),
    F_INT(struct tally, solved, .doc = "… that said it is solved."),
    F_INT(struct tally, unsolved, .doc = "… that said it is not."),
    F_INT(struct tally, unanswered, .doc = "… that have not said."),
    F_REAL(struct tally, score, .doc = "Mean of their scores, from five answers up."),
};
const struct entity tally_entity = ENTITY(struct tally, "Households", tally_fields);

struct count_row {
    int64_t count, solved, unsolved, scores;
    double score;
};
static const struct field count_fields[] = {
    F_INT(struct count_row, count), F_INT(struct count_row, solved),
    F_INT(struct count_row, unsolved), F_INT(struct count_row, scores),
    F_REAL(struct count_row, score)};
static const struct entity count_entity = ENTITY(struct count_row, "AffectedCount", count_fields);

/* Answers given before it was opened again were about another repair. */
static enum err S_round(struct store *db, int64_t matter, int64_t *ret)
{
    TRY(store_int(db, "SELECT max(at) FROM matter_event WHERE matter = $1 AND act = 'reopen'",
                  ARGS(A_INT(matter)), ret));
    *ret = *ret == NO_INT ? 0 : *ret;
    return OK;
}

enum err matter_tally(struct store *db, const struct matter *m, struct tally *ret)
{
    struct count_row row;
    int64_t since = 0;
    TRY(S_round(db, m->id, &since));
    TRY(store_one(db,
                  "SELECT count(*) AS count, "
                  "count(CASE WHEN answered_at >= $2 AND solved = 1 THEN 1 END) AS solved, "
                  "count(CASE WHEN answered_at >= $2 AND solved = 0 THEN 1 END) AS unsolved, "
                  "count(CASE WHEN answered_at >= $2 THEN score END) AS scores, "
                  "avg(CASE WHEN answered_at >= $2 THEN score END) AS score "
                  "FROM matter_affected WHERE matter = $1",
                  ARGS(A_INT(m->id), A_INT(since)), &count_entity, &row));
    *ret = (struct tally){.count = row.count,
                          .solved = row.solved,
                          .unsolved = row.unsolved,
                          .unanswered = row.count - row.solved - row.unsolved,
                          .score = row.scores >= SCORES_SHOWN_FROM ? row.score : NAN};
    return OK;
}

bool matter_judged(const struct matter *m)
{
    static const enum outcome judged[] = {OUTCOME_HANDLED, OUTCOME_SOLVED, OUTCOME_UNSOLVED,
                                          OUTCOME_NO_ANSWER};
    for (size_t i = 0; i < COUNT_OF(judged); i++) {
        if (str_eq(m->outcome, str_of(outcome_names[judged[i]])))
            return true;
    }
    return false;
}

enum err affected_reach(struct store *db, int64_t id, struct reach *ret)
{
    for (size_t i = 0; ret->by && i < ret->by->n; i++) {
        const struct hat *h = &ret->by->hats[i];
        int64_t found = 0;
        if (h->kind != HAT_SELF || !h->person || h->person == ret->person)
            continue;
        enum err err =
            store_int(db, "SELECT seq FROM matter_affected WHERE person = $1 AND matter = $2",
                      ARGS(A_INT(h->person), A_INT(id)), &found);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
        if (err == OK) {
            ret->person = h->person;
            return OK;
        }
    }
    return OK;
}

/* ---- adding ---- */

enum err affected_next(struct store *db, int64_t matter, int64_t *seq)
{
    TRY(store_int(db, "SELECT max(seq) FROM matter_affected WHERE matter = $1", ARGS(A_INT(matter)),
                  seq));
    *seq = *seq == NO_INT ? 1 : *seq + 1;
    return OK;
}

enum err affected_add(struct store *db, int64_t matter, int64_t seq, const struct household *h,
                      bool *added)
{
    int64_t changed = 0;
    TRY(store_exec(db,
                   "INSERT INTO matter_affected (matter, seq, county, person, joined, via, label, "
                   "unit, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                   "ON CONFLICT DO NOTHING",
                   ARGS(A_INT(matter), A_INT(seq), A_INT(ID_COUNTY(matter)), A_ID(h->person),
                        A_ID(h->joined), A_ID(h->via), A_TEXT(h->label), A_INT(h->unit),
                        A_INT(db->now)),
                   &changed));
    *added = changed > 0;
    return OK;
}

enum err affected_recount(struct store *db, int64_t matter)
{
    return store_exec(db,
                      "UPDATE matter SET affected = (SELECT count(*) FROM matter_affected "
                      "WHERE matter = $1) WHERE id = $1",
                      ARGS(A_INT(matter)), NULL);
}

struct affect_in {
    int64_t id;
    struct list labels, persons;
    int64_t all_of, after;
};
static const struct field affect_fields[] = {
    F_ID(struct affect_in, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_LIST(struct affect_in, labels, .item = T_TEXT, .max = AFFECT_MOST,
           .doc = "Dwellings by name, such as 3号楼2单元501."),
    F_LIST(struct affect_in, persons, .item = T_ID, .max = AFFECT_MOST,
           .doc = "Persons of the archive within your reach."),
    F_ID(struct affect_in, all_of, .doc = "Everybody recorded in this unit, 500 a call."),
    F_ID(struct affect_in, after, .doc = "With all_of: `next` of the call before."),
};
const struct entity affect_in_entity = ENTITY(struct affect_in, "AffectedNew", affect_fields);

struct affect_out {
    int64_t added, already, count, next;
};
static const struct field affect_out_fields[] = {
    F_INT(struct affect_out, added, .required = true, .doc = "Households that are new."),
    F_INT(struct affect_out, already, .required = true, .doc = "… that were there already."),
    F_INT(struct affect_out, count, .required = true, .doc = "Households it affects now."),
    F_ID(struct affect_out, next, .doc = "With all_of: there are more; call again after this."),
};
const struct entity affect_out_entity =
    ENTITY(struct affect_out, "AffectedAdded", affect_out_fields);

struct person_row {
    int64_t id, unit, district, street, community, grid;
};
static const struct field person_fields[] = {
    F_ID(struct person_row, id),        F_ID(struct person_row, unit),
    F_ID(struct person_row, district),  F_ID(struct person_row, street),
    F_ID(struct person_row, community), F_ID(struct person_row, grid)};
static const struct entity person_entity =
    ENTITY(struct person_row, "AffectedPerson", person_fields);

/* What is to be added, looked at before anything is written. */
struct adding {
    const struct affect_in *in;
    const struct matter *m;
    const struct hat *hat;
    struct household *found;
    size_t n;
};

static enum err S_labels(struct store *db, struct adding *a)
{
    const struct str *label = a->in->labels.items;
    for (size_t i = 0; i < a->in->labels.n; i++) {
        struct str clean = NO_STR, numbers = NO_STR, text = str_trim(label[i]);
        if (!text.n || utf8_count(text) > LABEL_MAX || str_has(text, S("\n")))
            return store_fault(db, ERR_INVALID, "/labels", "length",
                               "每一户写 1 到 60 个字，一户一项。",
                               "Name each dwelling in 1 to 60 characters, one an item.");
        TRY(text_redact(db->arena, text, &clean, &numbers));
        a->found[a->n++] = (struct household){.label = clean, .unit = a->m->unit};
    }
    return OK;
}

static enum err S_persons(struct store *db, struct adding *a)
{
    const int64_t *id = a->in->persons.items;
    for (size_t i = 0; i < a->in->persons.n; i++) {
        struct person_row row;
        enum err err = store_one(
            db, "SELECT id, unit, district, street, community, grid FROM person WHERE id = $1",
            ARGS(A_INT(id[i])), &person_entity, &row);
        struct ancestors at = {.district = row.district,
                               .street = row.street,
                               .community = row.community,
                               .grid = row.grid};
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
        if (err == ERR_NOT_FOUND || !hat_covers(a->hat, &at))
            return store_fault(db, ERR_INVALID, "/persons", "unknown",
                               "有人不在档案里，或不在您的范围内。",
                               "Somebody there is not recorded within your reach.");
        a->found[a->n++] = (struct household){.person = row.id, .unit = row.unit};
    }
    return OK;
}

struct unit_row {
    struct str level;
    int64_t district, street, community, grid;
};
static const struct field unit_fields[] = {
    F_TEXT(struct unit_row, level), F_ID(struct unit_row, district), F_ID(struct unit_row, street),
    F_ID(struct unit_row, community), F_ID(struct unit_row, grid)};
static const struct entity unit_entity = ENTITY(struct unit_row, "AffectedUnit", unit_fields);

/* Everybody of a community or grid: a whole street is not one matter's neighbours. */
static enum err S_all_of(struct store *db, struct adding *a, int64_t *next)
{
#define PERSONS_OF(column)                                                                         \
    "SELECT id, unit, district, street, community, grid FROM person WHERE " column                 \
    " = $1 AND id > $2 ORDER BY id LIMIT $3"
    struct unit_row row = {0};
    struct list list;
    enum err err =
        store_one(db, "SELECT level, district, street, community, grid FROM unit WHERE id = $1",
                  ARGS(A_INT(a->in->all_of)), &unit_entity, &row);
    struct ancestors at = {.district = row.district,
                           .street = row.street,
                           .community = row.community,
                           .grid = row.grid};
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    enum level level = err == OK ? level_parse(row.level) : LEVEL_NONE;
    if ((level != LEVEL_COMMUNITY && level != LEVEL_GRID) || !hat_covers(a->hat, &at))
        return store_fault(db, ERR_INVALID, "/all_of", "unknown",
                           "请选择您范围内的一个社区或网格。",
                           "Choose a community or grid within your reach.");
    TRY(store_all(db, level == LEVEL_GRID ? PERSONS_OF("grid") : PERSONS_OF("community"),
                  ARGS(A_INT(a->in->all_of), A_INT(a->in->after), A_INT(AFFECT_MOST)),
                  &person_entity, AFFECT_MOST, &list));
    const struct person_row *p = list.items;
    for (size_t i = 0; i < list.n; i++)
        a->found[a->n++] = (struct household){.person = p[i].id, .unit = p[i].unit};
    *next = list.n == AFFECT_MOST ? p[list.n - 1].id : 0;
    return OK;
}

static enum err S_may_add(struct store *db, const struct actor *by, struct adding *a,
                          unsigned *sides)
{
    const struct affect_in *in = a->in;
    a->hat = matter_hat(by, a->m, SIDE_UNIT | SIDE_WORKER, sides);
    if (!a->hat || a->hat->kind != HAT_UNIT)
        return store_fault(db, ERR_FORBIDDEN, "/labels", "side", "受影响的住户由社区来登记。",
                           "The community says which households are affected.");
    if (a->m->confidential == YES || a->m->open != YES)
        return store_fault(db, ERR_CONFLICT, "", "stage",
                           "已结束、已合并或保密的事项不能再登记住户。",
                           "No households are added to what is closed, merged or confidential.");
    if ((in->labels.n > 0) + (in->persons.n > 0) + (in->all_of != 0) != 1)
        return store_fault(db, ERR_INVALID, "/labels", "one_of",
                           "labels、persons、all_of 请只填一项。",
                           "Give labels, persons or all_of: exactly one.");
    return OK;
}

enum err matters_affect(struct store *db, const struct actor *by, const void *in, void *out)
{
    struct affect_out *ret = out;
    struct matter m;
    struct adding a = {.in = in, .m = &m};
    unsigned sides = 0;
    int64_t seq = 0;
    TRY(matter_load(db, a.in->id, &m));
    TRY(S_may_add(db, by, &a, &sides));
    a.found = arena_array(db->arena, AFFECT_MOST, sizeof *a.found);
    if (!a.found)
        return ERR_MEMORY;
    TRY(S_labels(db, &a));
    TRY(S_persons(db, &a));
    if (a.in->all_of)
        TRY(S_all_of(db, &a, &ret->next));
    TRY(affected_next(db, m.id, &seq));
    ret->added = 0;
    for (size_t i = 0; i < a.n; i++) {
        bool added = false;
        TRY(affected_add(db, m.id, seq, &a.found[i], &added));
        seq += added;
        ret->added += added;
    }
    ret->already = (int64_t)a.n - ret->added;
    ret->count = m.affected + ret->added;
    db->note->role = (int)a.hat->role;
    if (!ret->added)
        return OK;
    TRY(affected_recount(db, m.id));
    struct matter_act what = {.score = NO_INT};
    what.text = arena_printf(db->arena, "+%lld 户 / households", (long long)ret->added);
    return matter_event_write(db, &m, by, a.hat, ACT_AFFECT, sides, m.stage, &what);
}

/* ---- what a household says ---- */

struct confirm {
    int64_t id;
    enum tri solved;
    int64_t score;
    struct str words;
};
static const struct field confirm_fields[] = {
    F_ID(struct confirm, id, .from = IN_PATH, .required = true,
         .doc = "The matter, or your own report that follows it."),
    F_BOOL(struct confirm, solved, .required = true, .doc = "Is it solved at your place?"),
    F_INT(struct confirm, score, .min = 1, .max = 5, .doc = "1 to 5."),
    F_TEXT(struct confirm, words, .max = WORDS_MAX, .lines = true,
           .doc = "Your words; those it is about do not see who said them."),
};
const struct entity confirm_entity = ENTITY(struct confirm, "MatterConfirm", confirm_fields);

/* The household's row: that of the report which follows, else that of the person. */
static enum err S_own_row(struct store *db, const struct actor *by, const struct matter *m,
                          int64_t *matter, int64_t *seq)
{
    *matter = m->merged_into ? m->merged_into : m->id;
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        enum err err = ERR_NOT_FOUND;
        if (!by->admitted[i] || h->kind != HAT_SELF)
            continue;
        if (m->merged_into && matter_sides(by, h, m) & SIDE_REQUESTER)
            err = store_int(db, "SELECT seq FROM matter_affected WHERE joined = $1 AND matter = $2",
                            ARGS(A_INT(m->id), A_INT(*matter)), seq);
        else if (h->person)
            err = store_int(db, "SELECT seq FROM matter_affected WHERE person = $1 AND matter = $2",
                            ARGS(A_INT(h->person), A_INT(*matter)), seq);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return store_fault(db, ERR_FORBIDDEN, "/solved", "side", "只有受影响的住户自己可以确认。",
                       "Only an affected household itself can say so.");
}

enum err matters_confirm(struct store *db, const struct actor *by, const void *in, void *out)
{
    const struct confirm *c = in;
    struct matter *m = out, lead;
    int64_t matter = 0, seq = 0;
    struct str words = NO_STR, numbers = NO_STR;
    TRY(matter_load(db, c->id, m));
    TRY(S_own_row(db, by, m, &matter, &seq));
    TRY(matter_load(db, matter, &lead));
    if (!matter_judged(&lead))
        return store_fault(db, ERR_CONFLICT, "/solved", "stage", "还没有办好，办好后会请您确认。",
                           "It is not handled yet; you will be asked when it is.");
    TRY(text_redact(db->arena, c->words, &words, &numbers));
    TRY(store_exec(db,
                   "UPDATE matter_affected SET answered_at = $3, solved = $4, score = $5, "
                   "words = $6 WHERE matter = $1 AND seq = $2",
                   ARGS(A_INT(matter), A_INT(seq), A_INT(db->now), A_TRI(c->solved),
                        A_OPT(c->score), A_TEXT(words)),
                   NULL));
    /* The step says that somebody did, for whoever counts; not who, and not what. */
    struct matter_act what = {.score = NO_INT, .public = NO};
    TRY(matter_event_write(db, &lead, NULL, NULL, ACT_CONFIRM, SIDE_RESIDENT, lead.stage, &what));
    TRY(matter_view(db, by, m));
    return matter_shade(db, by, m);
}

/* ---- who they are ---- */

struct affected_query {
    int64_t id, after, limit;
};
static const struct field affected_query_fields[] = {
    F_ID(struct affected_query, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_INT(struct affected_query, after, .from = IN_QUERY, .min = 0, .max = INT32_MAX,
          .doc = "Households after this seq."),
    F_INT(struct affected_query, limit, .from = IN_QUERY, .min = 1, .max = LIST_MAX,
          .doc = "Rows a page; default 100."),
};
const struct entity affected_query_entity =
    ENTITY(struct affected_query, "AffectedQuery", affected_query_fields);

struct affected {
    int64_t seq, person, joined, unit;
    struct str label, words;
    int64_t added_at, answered_at, score;
    enum tri solved;
};
static const struct field affected_fields[] = {
    F_INT(struct affected, seq, .required = true, .doc = "Its place in the list."),
    F_TEXT(struct affected, label, .doc = "The dwelling, by name."),
    F_ID(struct affected, unit, .required = true, .doc = "Where."),
    F_ID(struct affected, person, .doc = "The person, for the community."),
    F_ID(struct affected, joined, .doc = "Their own report, which follows this matter."),
    F_TIME(struct affected, added_at, .required = true, .doc = "When it was added."),
    F_TIME(struct affected, answered_at,
           .doc = "When it last said something; never shown to the handler."),
    F_BOOL(struct affected, solved, .doc = "Its word; never shown to the handler."),
    F_INT(struct affected, score, .doc = "Its score; never shown to the handler."),
    F_TEXT(struct affected, words, .lines = true, .doc = "Its words; never to the handler."),
};
const struct entity affected_entity = ENTITY(struct affected, "Affected", affected_fields);

#define AFFECTED                                                                                   \
    "SELECT seq, person, joined, unit, label, added_at, answered_at, solved, score, words "        \
    "FROM matter_affected WHERE matter = $1 AND seq > $2 "

/* A resident sees their own line; who handles it sees where to go, not who said what. */
enum err matters_affected(struct store *db, const struct actor *by, const void *in, void *out)
{
    const struct affected_query *q = in;
    struct page *page = out;
    const struct hat *hat = actor_hat(by);
    struct matter m;
    int64_t limit = q->limit == NO_INT ? LIST_MAX : q->limit;
    const struct arg id = A_INT(q->id), after = A_INT(q->after == NO_INT ? 0 : q->after);
    const struct arg most = A_INT(limit + 1);
    TRY(matter_load(db, q->id, &m));
    if (hat && hat->kind == HAT_SELF && m.merged_into)
        TRY(store_all(db, AFFECTED "AND joined = $3 ORDER BY seq LIMIT $4",
                      ARGS(A_INT(m.merged_into), after, A_INT(m.id), most), &affected_entity,
                      LIST_MAX + 1, &page->items));
    else if (hat && hat->kind == HAT_SELF)
        TRY(store_all(db, AFFECTED "AND person = $3 ORDER BY seq LIMIT $4",
                      ARGS(id, after, A_INT(hat->person), most), &affected_entity, LIST_MAX + 1,
                      &page->items));
    else
        TRY(store_all(db, AFFECTED "ORDER BY seq LIMIT $3", ARGS(id, after, most), &affected_entity,
                      LIST_MAX + 1, &page->items));
    struct affected *row = page->items.items;
    if (page->items.n > (size_t)limit) {
        page->items.n = (size_t)limit;
        page->next = arena_printf(db->arena, "%lld", (long long)row[limit - 1].seq);
    }
    bool rated = (hat && hat->kind == HAT_PARTY) || (m.handler && m.handler == by->account);
    for (size_t i = 0; rated && i < page->items.n; i++)
        row[i] = (struct affected){.seq = row[i].seq,
                                   .unit = row[i].unit,
                                   .label = row[i].label,
                                   .added_at = row[i].added_at,
                                   .score = NO_INT};
    return OK;
}

/* ---- whom to tell ---- */

static const struct field recipient_fields[] = {
    F_INT(struct recipient, seq), F_ID(struct recipient, person), F_ID(struct recipient, account),
    F_ID(struct recipient, matter)};
static const struct entity recipient_entity =
    ENTITY(struct recipient, "Recipient", recipient_fields);

enum err matter_recipients(struct store *db, int64_t matter, int64_t after, int64_t most,
                           struct list *ret)
{
    if (after < 0)
        return store_all(db,
                         "SELECT 0 AS seq, requester AS person, NULL AS account, id AS matter "
                         "FROM matter WHERE id = $1",
                         ARGS(A_INT(matter)), &recipient_entity, 1, ret);
    return store_all(db,
                     "SELECT a.seq, COALESCE(a.person, j.requester) AS person, "
                     "j.reporter AS account, COALESCE(a.joined, a.matter) AS matter "
                     "FROM matter_affected a LEFT JOIN matter j ON j.id = a.joined "
                     "WHERE a.matter = $1 AND a.seq > $2 ORDER BY a.seq LIMIT $3",
                     ARGS(A_INT(matter), A_INT(after), A_INT(most)), &recipient_entity,
                     (size_t)most, ret);
}
