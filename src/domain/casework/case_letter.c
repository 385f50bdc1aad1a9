/* Letters with external parties: bodies outside the tree, which have no account here. What went out
 * and what came in, and whether it was answered. */
#include "domain/casework/casework.h"

enum { NUMBER_MAX = 40, TEXT_MAX = 2000 };

static const char *const way_codes[] = {"out", "in", NULL};

struct letter {
    int64_t id;
    struct str way, number, party_name, subject, text, by_name;
    int64_t dated, party, answer_due, answered_by, answers, recorded_at;
    enum tri public, overdue;
};
static const struct field letter_fields[] = {
    F_ID(struct letter, id, .required = true, .doc = "The letter."),
    F_TEXT(struct letter, way, .required = true, .codes = way_codes, .doc = "Sent, or received."),
    F_TEXT(struct letter, number, .doc = "Its document number (文号)."),
    F_TIME(struct letter, dated, .required = true, .doc = "Its date."),
    F_ID(struct letter, party, .required = true, .doc = "The external party."),
    F_TEXT(struct letter, party_name, .required = true, .doc = "Its name."),
    F_TEXT(struct letter, subject, .required = true, .doc = "What it is about."),
    F_TEXT(struct letter, text, .lines = true, .doc = "What it says."),
    F_BOOL(struct letter, public, .required = true, .doc = "The requester may read it."),
    F_TIME(struct letter, answer_due, .doc = "By when it asks for an answer."),
    F_ID(struct letter, answered_by, .doc = "The letter that answers it."),
    F_ID(struct letter, answers, .doc = "The letter it answers."),
    F_BOOL(struct letter, overdue, .required = true, .doc = "Unanswered, and that has passed."),
    F_TIME(struct letter, recorded_at, .required = true, .doc = "When it was recorded."),
    F_TEXT(struct letter, by_name, .doc = "Who recorded it; for colleagues."),
};
const struct entity letter_entity = ENTITY(struct letter, "Letter", letter_fields);

struct letter_new {
    int64_t id, party, dated, answer_due, answers;
    struct str way, number, subject, text;
    enum tri public;
};
static const struct field new_fields[] = {
    F_ID(struct letter_new, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct letter_new, way, .required = true, .codes = way_codes, .doc = "Out or in."),
    F_TEXT(struct letter_new, number, .min = 1, .max = NUMBER_MAX, .doc = "Document number."),
    F_TIME(struct letter_new, dated, .required = true, .doc = "Its date."),
    F_ID(struct letter_new, party, .required = true, .doc = "A party of kind external."),
    F_TEXT(struct letter_new, subject, .required = true, .min = 2, .max = CASE_TITLE_MAX,
           .doc = "What it is about."),
    F_TEXT(struct letter_new, text, .max = TEXT_MAX, .lines = true,
           .doc = "What it says; numbers that identify people are taken out."),
    F_BOOL(struct letter_new, public, .doc = "The requester may read it; default false."),
    F_TIME(struct letter_new, answer_due, .doc = "By when an answer is asked for."),
    F_ID(struct letter_new, answers, .doc = "The letter that this one answers."),
};
const struct entity letter_new_entity = ENTITY(struct letter_new, "LetterNew", new_fields);

#define LETTER                                                                                     \
    "SELECT l.id, l.way, l.number, l.dated, l.party, p.name AS party_name, l.subject, l.text, "    \
    "l.public, l.answer_due, l.answered_by, q.id AS answers, l.recorded_at, a.name AS by_name "    \
    "FROM case_letter l JOIN party p ON p.id = l.party "                                           \
    "LEFT JOIN account a ON a.id = l.account "                                                     \
    "LEFT JOIN case_letter q ON q.matter = l.matter AND q.answered_by = l.id WHERE "

static void S_overdue(const struct store *db, struct letter *l)
{
    bool owed = l->answer_due && !l->answered_by;
    l->overdue = owed && l->answer_due < db->now ? YES : NO;
}

static enum err S_party(struct store *db, const struct matter *m, int64_t party)
{
    int64_t found = 0;
    enum err err =
        store_int(db, "SELECT id FROM party WHERE id = $1 AND district = $2 AND kind = 'external'",
                  ARGS(A_INT(party), A_INT(m->district)), &found);
    return err != ERR_NOT_FOUND
               ? err
               : store_fault(db, ERR_INVALID, "/party", "unknown",
                             "请选择本区县登记的外部单位（external）。",
                             "Choose an external party that is on record in this county.");
}

static enum err S_dates(struct store *db, const struct letter_new *in)
{
    if (in->dated > db->now)
        return store_fault(db, ERR_INVALID, "/dated", "future", "信函的日期还没有到。",
                           "The letter is dated in the future.");
    if (in->answer_due && in->answer_due <= in->dated)
        return store_fault(db, ERR_INVALID, "/answer_due", "past", "复函期限要晚于信函的日期。",
                           "The answer is due after the letter's date.");
    return OK;
}

/* An answer goes the other way, between the same two, once. */
static enum err S_question(struct store *db, const struct letter_new *in)
{
    struct letter asked;
    if (!in->answers)
        return OK;
    enum err err = store_one(db, LETTER "l.matter = $1 AND l.id = $2",
                             ARGS(A_INT(in->id), A_INT(in->answers)), &letter_entity, &asked);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/answers", "unknown", "这件事没有这封信函。",
                           "The matter has no such letter.");
    TRY(err);
    if (str_eq(asked.way, in->way) || asked.party != in->party)
        return store_fault(db, ERR_INVALID, "/answers", "not_allowed",
                           "复函要与去函方向相反，并且是同一个单位。",
                           "An answer goes the other way, between the same two.");
    return asked.answered_by ? store_fault(db, ERR_CONFLICT, "/answers", "answered",
                                           "这封信函已经有复函。", "It has been answered already.")
                             : OK;
}

static enum err S_insert(struct store *db, const struct work_on *w, const struct letter_new *in,
                         int64_t id)
{
    TRY(store_exec(db,
                   "INSERT INTO case_letter (id, county, matter, way, number, dated, party, "
                   "subject, text, public, answer_due, account, recorded_at) VALUES ($1, $2, $3, "
                   "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(in->id), A_TEXT(in->way),
                        A_TEXT(in->number), A_INT(in->dated), A_INT(in->party), A_TEXT(in->subject),
                        A_TEXT(in->text), A_INT(in->public == YES), A_ID(in->answer_due),
                        A_INT(w->by->account), A_INT(db->now)),
                   NULL));
    if (in->answer_due)
        TRY(due_put(
            db, &w->m,
            &(struct due){
                .id = id, .what = DUE_LETTER, .title = in->subject, .due_at = in->answer_due}));
    if (!in->answers)
        return OK;
    TRY(store_exec(db, "UPDATE case_letter SET answered_by = $2 WHERE id = $1",
                   ARGS(A_INT(in->answers), A_INT(id)), NULL));
    return due_end(db, in->answers);
}

/* A letter may be recorded when the matter is closed: answers come late. */
enum err letters_add(struct store *db, const struct actor *by, const void *data, void *ret)
{
    struct letter_new in = *(const struct letter_new *)data;
    struct work_on w;
    int64_t id = 0;
    TRY(work_begin(db, by, in.id, "/subject", &w));
    TRY(S_party(db, &w.m, in.party));
    TRY(S_dates(db, &in));
    TRY(S_question(db, &in));
    TRY(work_clean(db, in.subject, &in.subject));
    TRY(work_clean(db, in.text, &in.text));
    TRY(work_clean(db, in.number, &in.number));
    TRY(store_id(db, ID_COUNTY(in.id), &id));
    TRY(S_insert(db, &w, &in, id));
    bool out = str_eq(in.way, S("out"));
    struct str text = arena_printf(db->arena, "%s：" STR_F "%s" STR_F,
                                   in.answers ? "复函 / answer"
                                   : out      ? "去函 / letter sent"
                                              : "来函 / letter received",
                                   STR_A(in.subject), in.number.n ? "，" : "", STR_A(in.number));
    TRY(work_event(db, &w, ACT_LETTER, in.public == YES, in.party, text));
    TRY(store_one(db, LETTER "l.id = $1", ARGS(A_INT(id)), &letter_entity, ret));
    S_overdue(db, ret);
    return OK;
}

/* Everybody who reaches the matter sees what is public, and what they wrote. */
enum err letters_list(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct case_page *in = data;
    struct page *page = ret;
    int64_t limit = in->limit == NO_INT ? CASE_PAGE_DEFAULT : in->limit;
    enum sees sees;
    TRY(work_sees(db, by, in->id, &sees));
    TRY(store_all(db,
                  LETTER "l.matter = $1 AND l.id > $2 AND ($3 = 1 OR l.public = 1 "
                         "OR l.account = $4) ORDER BY l.id LIMIT $5",
                  ARGS(A_INT(in->id), A_INT(in->after), A_INT(sees != SEES_OWN), A_ID(by->account),
                       A_INT(limit + 1)),
                  &letter_entity, CASE_PAGE_MAX + 1, &page->items));
    TRY(case_page_cut(db, limit, sizeof(struct letter), page));
    struct letter *l = page->items.items;
    for (size_t i = 0; i < page->items.n; i++) {
        S_overdue(db, &l[i]);
        l[i].by_name = sees == SEES_OWN ? NO_STR : l[i].by_name;
    }
    return OK;
}
