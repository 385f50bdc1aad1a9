/* The households of a matter: who adds them, what they may say, and whom to tell. How far each has
 * come, and who may see what of them, is domain/casework's. */
#include "domain/matter/matter_many.h"

#include <math.h>
#include <sodium.h>

enum { WORDS_MAX = 1000 };

static const struct field tally_fields[] = {
    F_INT(struct tally, count, .required = true, .doc = "Households it affects."),
    F_INT(struct tally, solved, .doc = "… that said it is solved."),
    F_INT(struct tally, unsolved, .doc = "… that said it is not."),
    F_INT(struct tally, unanswered, .doc = "… that have not said."),
    F_REAL(struct tally, score, .doc = "Mean of their scores, from five answers up."),
};
const struct entity tally_entity = ENTITY(struct tally, "HouseholdTally", tally_fields);

struct count_row {
    int64_t count, solved, unsolved, scores;
    double score;
};
static const struct field count_fields[] = {
    F_INT(struct count_row, count), F_INT(struct count_row, solved),
    F_INT(struct count_row, unsolved), F_INT(struct count_row, scores),
    F_REAL(struct count_row, score)};
static const struct entity count_entity = ENTITY(struct count_row, "HouseholdCount", count_fields);

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
                  "FROM matter_household WHERE matter = $1",
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

enum err household_reach(struct store *db, int64_t id, struct reach *ret)
{
    for (size_t i = 0; ret->by && i < ret->by->n; i++) {
        const struct hat *h = &ret->by->hats[i];
        int64_t found = 0;
        if (h->kind != HAT_SELF || !h->person || h->person == ret->person)
            continue;
        enum err err =
            store_int(db, "SELECT seq FROM matter_household WHERE person = $1 AND matter = $2",
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

static enum err S_seal(struct store *db, int64_t matter, struct str note, struct str *sealed,
                       struct str *wrapped)
{
    unsigned char key[KEY_SIZE];
    TRY(vault_new_key(db, ID_COUNTY(matter), key, wrapped));
    *sealed = seal(key, note, db->arena);
    sodium_memzero(key, sizeof key);
    return sealed->p ? OK : ERR_MEMORY;
}

enum err household_add(struct store *db, int64_t matter, const struct household *h, bool *added)
{
    struct str sealed = NO_STR, wrapped = NO_STR;
    int64_t id = 0, changed = 0;
    TRY(store_id(db, ID_COUNTY(matter), &id));
    if (h->note.n)
        TRY(S_seal(db, matter, h->note, &sealed, &wrapped));
    TRY(store_exec(db,
                   "INSERT INTO matter_household (id, county, matter, seq, person, joined, label, "
                   "unit, note, key, added_at) SELECT $1, $2, $3, COALESCE(max(seq), 0) + 1, $4, "
                   "$5, $6, $7, $8, $9, $10 FROM matter_household WHERE matter = $3 "
                   "ON CONFLICT DO NOTHING",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(matter), A_ID(h->person),
                        A_ID(h->joined), A_TEXT(h->label), A_INT(h->unit), A_BLOB(sealed),
                        A_BLOB(wrapped), A_INT(db->now)),
                   &changed));
    *added = changed > 0;
    return OK;
}

enum err household_name(struct store *db, const struct matter *m, const struct household *h,
                        bool *added)
{
    struct household clean = *h;
    struct str numbers = NO_STR;
    int64_t known = 0;
    *added = false;
    TRY(text_redact(db->arena, str_trim(h->label), &clean.label, &numbers));
    if (!clean.label.n)
        clean.label = NO_STR;
    else
        TRY(store_int(db,
                      "SELECT count(*) FROM matter_household WHERE matter = $1 AND label = $2 "
                      "AND joined IS NULL",
                      ARGS(A_INT(m->id), A_TEXT(clean.label)), &known));
    clean.unit = h->unit ? h->unit : m->unit;
    return known ? OK : household_add(db, m->id, &clean, added);
}

enum err households_recount(struct store *db, int64_t matter)
{
    return store_exec(db,
                      "UPDATE matter SET affected = (SELECT count(*) FROM matter_household "
                      "WHERE matter = $1) WHERE id = $1",
                      ARGS(A_INT(matter)), NULL);
}

enum err households_refuse(struct store *db, const struct matter *m, size_t more)
{
    if (m->confidential == YES || m->open != YES)
        return store_fault(db, ERR_CONFLICT, "", "stage",
                           "已结束、已合并或保密的事项不能再登记住户。",
                           "No households are added to what is closed, merged or confidential.");
    if (m->affected + (int64_t)more > HOUSEHOLDS_OF_MATTER)
        return store_fault(db, ERR_CONFLICT, "/households", "too_many", "一件事最多 5000 户。",
                           "A matter has 5000 households at most.");
    return OK;
}

enum err households_told(struct store *db, const struct matter *m, const struct actor *by,
                         const struct hat *hat, unsigned sides, int64_t added)
{
    struct matter_act what = {.score = NO_INT};
    TRY(households_recount(db, m->id));
    what.text = arena_printf(db->arena, "+%lld 户 / households", (long long)added);
    return matter_event_write(db, m, by, hat, ACT_AFFECT, sides, m->stage, &what);
}

static const struct field named_fields[] = {
    F_TEXT(struct household, label, .min = 1, .max = LABEL_MAX,
           .doc = "The dwelling by name, such as 3号楼2单元501."),
    F_ID(struct household, person,
         .doc = "Who lives there: a person of the archive within your "
                "reach, who follows the matter and may confirm it."),
    F_TEXT(struct household, note, .max = HOUSEHOLD_NOTE_MAX, .lines = true,
           .class = CLASS_PERSONAL, .doc = "What must be known of them; sealed."),
};
static const struct entity named_entity = ENTITY(struct household, "HouseholdNew", named_fields);

struct adding_in {
    int64_t id;
    struct list households;
    int64_t all_of, after;
};
static const struct field in_fields[] = {
    F_ID(struct adding_in, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_LIST(struct adding_in, households, .of = &named_entity, .max = HOUSEHOLDS_A_CALL,
           .doc = "Each by its label, by a person, or by both."),
    F_ID(struct adding_in, all_of,
         .doc = "Instead: everybody recorded in this community or grid, 500 a call."),
    F_ID(struct adding_in, after, .doc = "With all_of: `next` of the call before."),
};
const struct entity household_new_entity = ENTITY(struct adding_in, "HouseholdsNew", in_fields);

struct adding_out {
    int64_t added, already, count, next;
};
static const struct field out_fields[] = {
    F_INT(struct adding_out, added, .required = true, .doc = "Households that are new."),
    F_INT(struct adding_out, already, .required = true, .doc = "… that were there already."),
    F_INT(struct adding_out, count, .required = true, .doc = "Households there are now."),
    F_ID(struct adding_out, next, .doc = "With all_of: there are more; call again after this."),
};
const struct entity household_added_entity =
    ENTITY(struct adding_out, "HouseholdsAdded", out_fields);

/* Somebody of the archive, or a unit, and where that is. */
struct placed {
    int64_t id, unit, district, street, community, grid;
    struct str level;
};
static const struct field placed_fields[] = {
    F_ID(struct placed, id),     F_ID(struct placed, unit),      F_ID(struct placed, district),
    F_ID(struct placed, street), F_ID(struct placed, community), F_ID(struct placed, grid),
    F_TEXT(struct placed, level)};
static const struct entity placed_entity = ENTITY(struct placed, "HouseholdPlaced", placed_fields);

/* *ret NULL: there is none within the hat's reach. */
static enum err S_within(struct store *db, const char *sql, int64_t id, const struct hat *hat,
                         struct placed *row, struct placed **ret)
{
    enum err err = store_one(db, sql, ARGS(A_INT(id)), &placed_entity, row);
    struct ancestors at = {.district = row->district,
                           .street = row->street,
                           .community = row->community,
                           .grid = row->grid};
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    *ret = err == OK && hat_covers(hat, &at) ? row : NULL;
    return OK;
}

/* Those named, looked at before anything is written; their units are filled in. */
static enum err S_named(struct store *db, const struct hat *hat, const struct list *named)
{
    struct household *h = named->items;
    for (size_t i = 0; i < named->n; i++) {
        struct placed row = {0}, *found = NULL;
        if (!str_trim(h[i].label).n && !h[i].person)
            return store_fault(db, ERR_INVALID,
                               arena_printf(db->arena, "/households/%zu/label", i).p, "required",
                               "请写明是哪一户，或者是谁。", "Say which household, or who.");
        if (!h[i].person)
            continue;
        TRY(S_within(db,
                     "SELECT id, unit, district, street, community, grid FROM person WHERE id = $1",
                     h[i].person, hat, &row, &found));
        if (!found)
            return store_fault(
                db, ERR_INVALID, arena_printf(db->arena, "/households/%zu/person", i).p, "unknown",
                "没有这个人，或不在您的范围内。", "There is no such person within your reach.");
        h[i].unit = found->unit;
    }
    return OK;
}

static const struct field recorded_fields[] = {F_ID(struct household, person),
                                               F_ID(struct household, unit)};
static const struct entity recorded_entity =
    ENTITY(struct household, "HouseholdRecorded", recorded_fields);

/* Everybody of a community or grid: a whole street is not one matter's neighbours. */
static enum err S_all_of(struct store *db, const struct hat *hat, const struct adding_in *in,
                         struct list *ret, int64_t *next)
{
#define PERSONS_OF(column)                                                                         \
    "SELECT id AS person, unit FROM person WHERE " column " = $1 AND id > $2 ORDER BY id LIMIT $3"
    struct placed row = {0}, *found = NULL;
    TRY(S_within(db, "SELECT level, district, street, community, grid FROM unit WHERE id = $1",
                 in->all_of, hat, &row, &found));
    enum level level = found ? level_parse(row.level) : LEVEL_NONE;
    if (level != LEVEL_COMMUNITY && level != LEVEL_GRID)
        return store_fault(db, ERR_INVALID, "/all_of", "unknown",
                           "请选择您范围内的一个社区或网格。",
                           "Choose a community or grid within your reach.");
    TRY(store_all(db, level == LEVEL_GRID ? PERSONS_OF("grid") : PERSONS_OF("community"),
                  ARGS(A_INT(in->all_of), A_INT(in->after), A_INT(HOUSEHOLDS_A_CALL)),
                  &recorded_entity, HOUSEHOLDS_A_CALL, ret));
    const struct household *h = ret->items;
    *next = ret->n == HOUSEHOLDS_A_CALL ? h[ret->n - 1].person : 0;
    return OK;
}

enum err households_add(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct adding_in *in = data;
    struct adding_out *ret = out;
    struct list list = in->households;
    struct matter m;
    unsigned sides = 0;
    TRY(matter_load(db, in->id, &m));
    const struct hat *hat = matter_hat(by, &m, SIDE_UNIT | SIDE_WORKER, &sides);
    if (!hat || hat->kind != HAT_UNIT)
        return store_fault(db, ERR_FORBIDDEN, "/households", "side", "住户由社区来登记。",
                           "The community says which households there are.");
    if ((list.n > 0) == (in->all_of != 0))
        return store_fault(db, ERR_INVALID, "/households", "one_of",
                           "households 和 all_of 请只填一项。",
                           "Give households or all_of: exactly one.");
    TRY(households_refuse(db, &m, list.n));
    TRY(in->all_of ? S_all_of(db, hat, in, &list, &ret->next) : S_named(db, hat, &list));
    TRY(households_refuse(db, &m, list.n));
    db->note->role = (int)hat->role;
    ret->added = 0;
    for (size_t i = 0; i < list.n; i++) {
        bool added = false;
        TRY(household_name(db, &m, (const struct household *)list.items + i, &added));
        ret->added += added;
    }
    ret->already = (int64_t)list.n - ret->added;
    ret->count = m.affected + ret->added;
    return ret->added ? households_told(db, &m, by, hat, sides, ret->added) : OK;
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

enum err household_own(struct store *db, const struct actor *by, const struct matter *m,
                       int64_t *matter, int64_t *seq)
{
    *matter = m->merged_into ? m->merged_into : m->id;
    *seq = 0;
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        enum err err = ERR_NOT_FOUND;
        if (!by->admitted[i] || h->kind != HAT_SELF)
            continue;
        if (m->merged_into && matter_sides(by, h, m) & SIDE_REQUESTER)
            err =
                store_int(db, "SELECT seq FROM matter_household WHERE joined = $1 AND matter = $2",
                          ARGS(A_INT(m->id), A_INT(*matter)), seq);
        else if (h->person)
            err =
                store_int(db, "SELECT seq FROM matter_household WHERE person = $1 AND matter = $2",
                          ARGS(A_INT(h->person), A_INT(*matter)), seq);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

enum err matters_confirm(struct store *db, const struct actor *by, const void *in, void *out)
{
    const struct confirm *c = in;
    struct matter *m = out, lead;
    int64_t matter = 0, seq = 0;
    struct str words = NO_STR, numbers = NO_STR;
    TRY(matter_load(db, c->id, m));
    TRY(household_own(db, by, m, &matter, &seq));
    if (!seq)
        return store_fault(db, ERR_FORBIDDEN, "/solved", "side", "只有这件事的住户自己可以确认。",
                           "Only one of its households itself can say so.");
    TRY(matter_load(db, matter, &lead));
    if (!matter_judged(&lead))
        return store_fault(db, ERR_CONFLICT, "/solved", "stage", "还没有办好，办好后会请您确认。",
                           "It is not handled yet; you will be asked when it is.");
    TRY(text_redact(db->arena, c->words, &words, &numbers));
    TRY(store_exec(db,
                   "UPDATE matter_household SET answered_at = $3, solved = $4, score = $5, "
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

/* ---- whom to tell ---- */

static const struct field recipient_fields[] = {
    F_INT(struct recipient, seq), F_ID(struct recipient, person), F_ID(struct recipient, account),
    F_ID(struct recipient, matter), F_TIME(struct recipient, added_at)};
static const struct entity recipient_entity =
    ENTITY(struct recipient, "Recipient", recipient_fields);

enum err matter_recipients(struct store *db, int64_t matter, int64_t after, int64_t most,
                           struct list *ret)
{
    if (after < 0)
        return store_all(db,
                         "SELECT 0 AS seq, requester AS person, NULL AS account, id AS matter, "
                         "created_at AS added_at "
                         "FROM matter WHERE id = $1",
                         ARGS(A_INT(matter)), &recipient_entity, 1, ret);
    return store_all(db,
                     "SELECT a.seq, COALESCE(a.person, j.requester) AS person, "
                     "j.reporter AS account, COALESCE(a.joined, a.matter) AS matter, a.added_at "
                     "FROM matter_household a LEFT JOIN matter j ON j.id = a.joined "
                     "WHERE a.matter = $1 AND a.seq > $2 ORDER BY a.seq LIMIT $3",
                     ARGS(A_INT(matter), A_INT(after), A_INT(most)), &recipient_entity,
                     (size_t)most, ret);
}
