/* Routes of services and filings. */
#include "domain/service/service.h"

#include "domain/matter/matter.h"
#include "domain/people/scope.h"

#include <math.h>

enum { NOTE_MAX = 500, ANSWERS_MAX = 64, CODES_MAX = 64 };

#define F_CODE(T, name, ...)                                                                       \
    F_TEXT(T, name, .max = 64, .form = form_code, .form_doc = "lower-case letters, digits, _ . -", \
           .form_zh = "小写字母、数字、_ . -", ##__VA_ARGS__)

static const char *const how_codes[] = {"in_person", "phone", "written", NULL};
static const char *const who_codes[] = {"applicant", "proxy", NULL};

/* ---- the catalogue ---- */

static const struct field query_fields[] = {
    F_ID(struct service_query, unit, .from = IN_QUERY, .required = true, .doc = "Where."),
    F_TEXT(struct service_query, q, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "Words in the name, or in who qualifies."),
    F_CODE(struct service_query, category, .from = IN_QUERY, .doc = "Only this category.")};
static const struct entity query_entity =
    ENTITY(struct service_query, "ServiceQuery", query_fields);

static enum err S_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return service_list(db, in, &((struct page *)ret)->items);
}

static const struct field ask_fields[] = {
    F_CODE(struct service_ask, code, .from = IN_PATH, .required = true, .doc = "The service."),
    F_ID(struct service_ask, unit, .from = IN_QUERY, .required = true, .doc = "Where."),
    F_TEXT(struct service_ask, answers, .from = IN_QUERY, .min = 3, .max = 400,
           .doc = "Answers that decide what to bring: household:single,rent:yes.")};
static const struct entity ask_entity = ENTITY(struct service_ask, "ServiceAsk", ask_fields);

static enum err S_service(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return service_get(db, in, ret);
}

/* ---- filing ---- */

static const struct field new_fields[] = {
    F_CODE(struct filing_new, service, .required = true, .doc = "Service, from the pack."),
    F_ID(struct filing_new, unit, .required = true,
         .doc = "Where the applicant lives: a community or grid."),
    F_LIST(struct filing_new, answers, .of = &answer_entity, .max = ANSWERS_MAX,
           .doc = "Answers to the form; every fault is told at once, at /answers/FIELD."),
    F_LIST(struct filing_new, materials, .item = T_TEXT, .max = CODES_MAX,
           .doc = "Codes of the materials that are there."),
    F_TEXT(struct filing_new, text, .max = NOTE_MAX, .lines = true, .doc = "Anything else."),
    F_CODE(struct filing_new, source, .doc = "How it came in."),
    F_TEXT(struct filing_new, phone, .class = CLASS_PERSONAL, .max = 20, .form = form_phone,
           .form_doc = "11 digits, or area code and number", .form_zh = "11 位手机号，或区号加号码",
           .mask = mask_phone, .doc = "Number to call about it; sealed."),
    F_ID(struct filing_new, applicant, .doc = "For whom; oneself when left out."),
    F_TEXT(struct filing_new, applicant_name, .class = CLASS_PERSONAL, .max = 30,
           .doc = "For a neighbour: the name, with the ID number."),
    F_TEXT(struct filing_new, applicant_id_number, .class = CLASS_SENSITIVE, .min = 18, .max = 18,
           .form = form_id_number, .form_doc = "17 digits and a check digit or X",
           .form_zh = "17 位数字加校验码，校验码是数字或 X",
           .doc = "For a neighbour: the ID number."),
    F_TEXT(struct filing_new, consent_how, .codes = how_codes,
           .doc = "How the person consented, when it is filed for somebody."),
    F_TEXT(struct filing_new, consent_text, .class = CLASS_PERSONAL, .min = 2, .max = NOTE_MAX,
           .lines = true, .doc = "To what they consented; sealed."),
    F_BOOL(struct filing_new, at_window, .doc = "Filed at a window: counts as a trip."),
};
static const struct entity new_entity = ENTITY(struct filing_new, "FilingNew", new_fields);

static enum err S_create(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return filing_create(db, by, in, ret);
}

static const struct field get_fields[] = {
    F_ID(struct subject_in, id, .from = IN_PATH, .required = true, .doc = "The filing.")};
static const struct entity get_entity = ENTITY(struct subject_in, "FilingGet", get_fields);

static enum err S_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return filing_get(db, ((const struct subject_in *)in)->id, ret);
}

struct reveal {
    int64_t id;
    struct str reason;
};
static const struct field reveal_fields[] = {
    F_ID(struct reveal, id, .from = IN_PATH, .required = true, .doc = "The filing."),
    F_TEXT(struct reveal, reason, .required = true, .min = 4, .max = 200,
           .doc = "Why; it is recorded.")};
static const struct entity reveal_entity = ENTITY(struct reveal, "FilingReveal", reveal_fields);

static enum err S_reveal(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct reveal *r = in;
    (void)by;
    db->note->reason = r->reason;
    return filing_get(db, r->id, ret);
}

/* ---- what happens to it ---- */

static const struct field answers_fields[] = {
    F_ID(struct filing_answers, id, .from = IN_PATH, .required = true, .doc = "The filing."),
    F_LIST(struct filing_answers, answers, .of = &answer_entity, .required = true,
           .max = ANSWERS_MAX, .doc = "All answers anew.")};
static const struct entity answers_entity =
    ENTITY(struct filing_answers, "FilingAnswersNew", answers_fields);

static enum err S_answers(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(filing_answer(db, by, in));
    return filing_get(db, ((const struct subject_in *)in)->id, ret);
}

static const struct field materials_fields[] = {
    F_ID(struct filing_materials, id, .from = IN_PATH, .required = true, .doc = "The filing."),
    F_LIST(struct filing_materials, have, .item = T_TEXT, .max = CODES_MAX,
           .doc = "Codes of those that are there now."),
    F_LIST(struct filing_materials, lack, .item = T_TEXT, .max = CODES_MAX,
           .doc = "Codes of those that are not, after all.")};
static const struct entity materials_entity =
    ENTITY(struct filing_materials, "FilingMaterialsNew", materials_fields);

static enum err S_materials(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(filing_material(db, by, in));
    return filing_get(db, ((const struct subject_in *)in)->id, ret);
}

static const struct field notice_fields[] = {
    F_ID(struct filing_notice, id, .from = IN_PATH, .required = true, .doc = "The filing."),
    F_TEXT(struct filing_notice, law, .min = 4, .max = NOTE_MAX, .lines = true,
           .doc = "What rule has changed, when the list of the pack has since.")};
static const struct entity notice_entity =
    ENTITY(struct filing_notice, "FilingNotice", notice_fields);

static enum err S_notice(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(filing_tell(db, by, in));
    return filing_get(db, ((const struct subject_in *)in)->id, ret);
}

static const struct field trip_fields[] = {
    F_ID(struct filing_trip, id, .from = IN_PATH, .required = true, .doc = "The filing."),
    F_TEXT(struct filing_trip, who, .required = true, .codes = who_codes, .doc = "Who came.")};
static const struct entity trip_entity = ENTITY(struct filing_trip, "FilingTrip", trip_fields);

static enum err S_trip(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(filing_visit(db, by, in));
    return filing_get(db, ((const struct subject_in *)in)->id, ret);
}

static const struct field consent_fields[] = {
    F_ID(struct filing_consent, id, .from = IN_PATH, .required = true, .doc = "The filing."),
    F_TEXT(struct filing_consent, how, .required = true, .codes = how_codes, .doc = "How."),
    F_TEXT(struct filing_consent, text, .required = true, .class = CLASS_PERSONAL, .min = 2,
           .max = NOTE_MAX, .lines = true, .doc = "To what; sealed.")};
static const struct entity consent_entity =
    ENTITY(struct filing_consent, "FilingConsentNew", consent_fields);

static enum err S_consent(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(filing_agree(db, by, in));
    return filing_get(db, ((const struct subject_in *)in)->id, ret);
}

static const struct field withdraw_fields[] = {
    F_ID(struct filing_withdraw, id, .from = IN_PATH, .required = true, .doc = "The filing."),
    F_TEXT(struct filing_withdraw, text, .max = NOTE_MAX, .lines = true,
           .doc = "What the person said, when a desk records it.")};
static const struct entity withdraw_entity =
    ENTITY(struct filing_withdraw, "FilingConsentWithdraw", withdraw_fields);

static enum err S_withdraw(struct store *db, const struct actor *by, const void *in, void *ret)
{
    TRY(filing_disagree(db, by, in));
    return filing_get(db, ((const struct subject_in *)in)->id, ret);
}

/* ---- lists and figures ---- */

struct filing_row {
    int64_t id;
    struct str number, service, stage, outcome;
    enum tri open;
    int64_t trips, filed_at, told_at, complete_at, promised_at;
};
static const struct field row_fields[] = {
    F_ID(struct filing_row, id, .required = true, .doc = "The filing, and its matter."),
    F_TEXT(struct filing_row, number, .required = true, .doc = "Number people use."),
    F_TEXT(struct filing_row, service, .required = true, .doc = "Service, from the pack."),
    F_TEXT(struct filing_row, stage, .required = true, .doc = "Stage of the matter."),
    F_TEXT(struct filing_row, outcome, .required = true, .doc = "Outcome of the matter."),
    F_BOOL(struct filing_row, open, .required = true, .doc = "Not yet in a final stage."),
    F_INT(struct filing_row, trips, .required = true, .doc = "Visits to a window."),
    F_TIME(struct filing_row, filed_at, .required = true, .doc = "When it was filed."),
    F_TIME(struct filing_row, told_at, .doc = "When it was told what is missing."),
    F_TIME(struct filing_row, complete_at, .doc = "Since when it is complete."),
    F_TIME(struct filing_row, promised_at, .doc = "When the service is due.")};
static const struct entity row_entity = ENTITY(struct filing_row, "FilingRow", row_fields);

struct filings_in {
    int64_t unit, limit;
    struct str after, service;
};
static const struct field filings_fields[] = {
    F_ID(struct filings_in, unit, .from = IN_QUERY,
         .doc = "A unit within your reach; your hat's own by default. Residents see their own."),
    F_CODE(struct filings_in, service, .from = IN_QUERY, .doc = "Only this service."),
    F_INT(struct filings_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Rows a page, 20 by default."),
    F_TEXT(struct filings_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before.")};
static const struct entity filings_entity =
    ENTITY(struct filings_in, "FilingQuery", filings_fields);

#define FILINGS(column)                                                                            \
    "SELECT f.matter AS id, m.number, f.service, m.stage, m.outcome, m.open, f.trips, "            \
    "f.filed_at, f.told_at, f.complete_at, f.promised_at "                                         \
    "FROM filing f JOIN matter m ON m.id = f.matter WHERE f." column " = $1 AND f.matter < $2 "    \
    "AND ($3 IS NULL OR f.service = $3) ORDER BY f.matter DESC LIMIT $4"

/* A resident's own, and those filed for somebody whose consent stands. */
#define OWN                                                                                        \
    "SELECT f.matter AS id, m.number, f.service, m.stage, m.outcome, m.open, f.trips, "            \
    "f.filed_at, f.told_at, f.complete_at, f.promised_at "                                         \
    "FROM filing f JOIN matter m ON m.id = f.matter "                                              \
    "WHERE (f.applicant = $1 OR (f.proxy = $1 AND EXISTS (SELECT 1 FROM filing_consent c "         \
    "WHERE c.matter = f.matter AND c.account = f.proxy_account AND c.withdrawn_at IS NULL))) "     \
    "AND f.matter < $2 AND ($3 IS NULL OR f.service = $3) ORDER BY f.matter DESC LIMIT $4"

static enum err S_filings(struct store *db, const struct actor *by, const void *in, void *ret)
{
    static const char *const levels[LEVEL_COUNT] = {[LEVEL_COUNTY] = FILINGS("district"),
                                                    [LEVEL_STREET] = FILINGS("street"),
                                                    [LEVEL_COMMUNITY] = FILINGS("community"),
                                                    [LEVEL_GRID] = FILINGS("grid")};
    const struct filings_in *q = in;
    struct page *page = ret;
    struct unit_place place;
    int64_t after = INT64_MAX, room = q->limit == NO_INT ? PAGE_DEFAULT : q->limit;
    TRY(scope_asked(db, by, q->unit, &place));
    if (q->after.p && (!str_int(q->after, &after) || after < 0))
        return store_fault(db, ERR_INVALID, "after", "cursor",
                           "翻页位置无效，请使用上一页给出的 next。",
                           "That is no cursor; use `next` of the page before.");
    const struct hat *hat = actor_hat(by);
    bool own = !place.unit && hat && hat->kind == HAT_SELF && hat->person;
    if (!place.unit && !own)
        return OK; /* a party, or a tracking code: what is sent to it is in its queue */
    TRY(store_all(db, own ? OWN : levels[place.level],
                  ARGS(A_INT(own ? hat->person : place.unit), A_INT(after), A_TEXT(q->service),
                       A_INT(room + 1)),
                  &row_entity, (size_t)room + 1, &page->items));
    if (page->items.n <= (size_t)room)
        return OK;
    page->items.n = (size_t)room;
    const struct filing_row *last = (const struct filing_row *)page->items.items + room - 1;
    page->next = arena_printf(db->arena, "%lld", (long long)last->id);
    return page->next.p ? OK : ERR_MEMORY;
}

struct figure {
    struct str service;
    int64_t filed, done, one_trip;
    double share;
};
static const struct field figure_fields[] = {
    F_TEXT(struct figure, service, .required = true, .doc = "Service, from the pack."),
    F_INT(struct figure, filed, .required = true, .doc = "Filed."),
    F_INT(struct figure, done, .required = true, .doc = "Of these, done."),
    F_INT(struct figure, one_trip, .required = true, .doc = "Of these, with at most one trip."),
    F_REAL(struct figure, share, .doc = "The share of those done with at most one trip.")};
static const struct entity figure_entity = ENTITY(struct figure, "ServiceFigure", figure_fields);

struct figures {
    struct list figures;
};
static const struct field figures_fields[] = {F_LIST(struct figures, figures, .of = &figure_entity,
                                                     .required = true,
                                                     .doc = "A line a service, by code.")};
static const struct entity figures_entity =
    ENTITY(struct figures, "ServiceFigures", figures_fields);

struct figures_in {
    int64_t unit, limit;
};
static const struct field figures_in_fields[] = {
    F_ID(struct figures_in, unit, .from = IN_QUERY,
         .doc = "A unit within your reach; your hat's own by default."),
    F_INT(struct figures_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Services at most.")};
static const struct entity figures_in_entity =
    ENTITY(struct figures_in, "ServiceFigureQuery", figures_in_fields);

/* What time closed before it was ever complete was not done. */
#define DONE                                                                                       \
    "f.complete_at IS NOT NULL AND m.outcome IN ('handled', 'solved', 'unsolved', 'no_answer')"
#define FIGURES(column)                                                                            \
    "SELECT f.service, COUNT(*) AS filed, SUM(CASE WHEN " DONE " THEN 1 ELSE 0 END) AS done, "     \
    "SUM(CASE WHEN " DONE " AND f.trips <= 1 THEN 1 ELSE 0 END) AS one_trip, NULL AS share "       \
    "FROM filing f JOIN matter m ON m.id = f.matter WHERE f." column " = $1 "                      \
    "GROUP BY f.service ORDER BY f.service LIMIT $2"

static enum err S_figures(struct store *db, const struct actor *by, const void *in, void *ret)
{
    static const char *const levels[LEVEL_COUNT] = {[LEVEL_COUNTY] = FIGURES("district"),
                                                    [LEVEL_STREET] = FIGURES("street"),
                                                    [LEVEL_COMMUNITY] = FIGURES("community"),
                                                    [LEVEL_GRID] = FIGURES("grid")};
    const struct figures_in *q = in;
    struct figures *out = ret;
    struct unit_place place;
    int64_t most = q->limit == NO_INT ? PAGE_MAX : q->limit;
    TRY(scope_asked(db, by, q->unit, &place));
    if (!place.unit)
        return OK;
    TRY(store_all(db, levels[place.level], ARGS(A_INT(place.unit), A_INT(most)), &figure_entity,
                  (size_t)most, &out->figures));
    struct figure *f = out->figures.items;
    for (size_t i = 0; i < out->figures.n; i++)
        f[i].share = f[i].done ? (double)f[i].one_trip / (double)f[i].done : NAN;
    return OK;
}

/* A filing's own routes differ in few things. */
#define FILING(name, verb_, path_, work_, perm_, fn_, in_, status_, doc_)                          \
    {                                                                                              \
        .op = "filings." name, .verb = (verb_), .path = (path_), .work = (work_), .perm = (perm_), \
        .fn = (fn_), .in = &(in_), .out = &filing_entity, .reach = filing_reach,                   \
        .status = (status_), .doc = (doc_)                                                         \
    }

static const struct route routes[] = {
    {.op = "services.list",
     .verb = "GET",
     .path = "/api/services",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_list,
     .in = &query_entity,
     .out = &service_row_entity,
     .page = true,
     .status = 200,
     .doc = "What people can apply for at a place."},
    {.op = "services.get",
     .verb = "GET",
     .path = "/api/services/{code}",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_service,
     .in = &ask_entity,
     .out = &service_view_entity,
     .status = 200,
     .doc = "One service: who qualifies, what to bring, what the form asks."},
    {.op = "services.figures",
     .verb = "GET",
     .path = "/api/service-figures",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_figures,
     .in = &figures_in_entity,
     .out = &figures_entity,
     .status = 200,
     .doc = "How many filings of a unit were done with at most one trip."},
    {.op = "filings.list",
     .verb = "GET",
     .path = "/api/filings",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = S_filings,
     .in = &filings_entity,
     .out = &row_entity,
     .page = true,
     .status = 200,
     .doc = "Filings of a unit, newest first."},
    {.op = "filings.create",
     .verb = "POST",
     .path = "/api/filings",
     .work = COMMAND,
     .perm = PERM_MATTER_ORDER,
     .fn = S_create,
     .in = &new_entity,
     .out = &filing_entity,
     .status = 201,
     .doc = "Apply for a service, for oneself or with consent for somebody."},
    FILING("get", "GET", "/api/filings/{id}", QUERY, PERM_MATTER_READ, S_get, get_entity, 200,
           "One filing: answers masked, materials, what is missing."),
    {.op = "filings.reveal",
     .verb = "POST",
     .path = "/api/filings/{id}/reveal",
     .work = COMMAND,
     .perm = PERM_MATTER_REVEAL,
     .fn = S_reveal,
     .in = &reveal_entity,
     .out = &filing_entity,
     .reach = filing_reach,
     .status = 200,
     .sight = CLEAR,
     .doc = "One filing with its answers in the clear, for a recorded reason."},
    FILING("answers", "POST", "/api/filings/{id}/answers", COMMAND, PERM_MATTER_ACT, S_answers,
           answers_entity, 200, "Answer the form anew, until it is accepted."),
    FILING("materials", "POST", "/api/filings/{id}/materials", COMMAND, PERM_MATTER_ACT,
           S_materials, materials_entity, 200, "Tick what is there; complete, it is accepted."),
    FILING("notice", "POST", "/api/filings/{id}/notice", COMMAND, PERM_MATTER_ACT, S_notice,
           notice_entity, 200, "Tell, once and completely, what is missing."),
    FILING("trip", "POST", "/api/filings/{id}/trips", COMMAND, PERM_MATTER_ACT, S_trip, trip_entity,
           200, "Count a visit to a window."),
    FILING("consent", "POST", "/api/filings/{id}/consents", COMMAND, PERM_MATTER_ACT, S_consent,
           consent_entity, 200, "Record that the person consents to your acting for them."),
    FILING("withdraw", "POST", "/api/filings/{id}/consents/withdraw", COMMAND, PERM_MATTER_ACT,
           S_withdraw, withdraw_entity, 200, "The person no longer consents."),
};

const struct module service_module = {.name = "services",
                                      .doc = "One-stop service: the catalogue, and filings.",
                                      .source = "src/domain/service/service_api.c",
                                      .routes = routes,
                                      .n = COUNT_OF(routes)};
