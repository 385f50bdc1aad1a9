/* Routes of mediations. */
#include "domain/mediation/mediation.h"

#include "domain/matter/matter.h"
#include "domain/people/scope.h"

enum { NAME_LIMIT = 60, PLACE_MAX = 120, TEXT_MAX = 2000, AGREEMENT_MAX = 10000, HASH_MAX = 64 };

static const char *const side_codes[] = {"party", "mediator", NULL};
static const char *const kind_codes[] = {"promise", "revisit", NULL};
static const char *const result_codes[] = {"kept", "partly", "broken", NULL};

static bool S_form_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 0;
}

static bool S_form_hash(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool hex = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
        if (!hex)
            return false;
    }
    return s.n == HASH_MAX;
}

#define ID(T) F_ID(T, id, .from = IN_PATH, .required = true, .doc = "The mediation.")

/* ---- the codes ---- */

static const struct field code_fields[] = {
    F_TEXT(struct mediation_code, code, .required = true, .doc = "Two or four digits."),
    F_TEXT(struct mediation_code, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct mediation_code, en, .required = true, .doc = "English name.")};
static const struct entity code_entity =
    ENTITY(struct mediation_code, "MediationCode", code_fields);

struct codes {
    struct list types, ways;
};
static const struct field codes_fields[] = {
    F_LIST(struct codes, types, .of = &code_entity, .required = true,
           .doc = "What a dispute is about: GB/T 31000-2015, table 91."),
    F_LIST(struct codes, ways, .of = &code_entity, .required = true,
           .doc = "How it is resolved: table 93.")};
static const struct entity codes_entity = ENTITY(struct codes, "MediationCodes", codes_fields);

static enum err S_code_list(struct store *db, const struct mediation_code *from, struct list *ret)
{
    size_t n = 0;
    while (from[n].code.p)
        n++;
    struct mediation_code *out = arena_array(db->arena, n, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        out[i] = from[i];
    *ret = (struct list){out, n};
    return OK;
}

static enum err S_codes(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct codes *out = ret;
    (void)by;
    (void)in;
    TRY(S_code_list(db, dispute_types, &out->types));
    return S_code_list(db, dispute_ways, &out->ways);
}

/* ---- what is done to one: each answers with the whole ---- */

static const struct field new_fields[] = {
    F_ID(struct mediation_new, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct mediation_new, type, .required = true, .max = 4, .form = S_form_digits,
           .form_doc = "two or four digits", .form_zh = "两位或四位数字",
           .doc = "GB/T 31000-2015, table 91."),
    F_TEXT(struct mediation_new, way, .required = true, .max = 4, .form = S_form_digits,
           .form_doc = "two or four digits", .form_zh = "两位或四位数字",
           .doc = "GB/T 31000-2015, table 93.")};
static const struct entity new_entity = ENTITY(struct mediation_new, "MediationNew", new_fields);

static const struct field get_fields[] = {ID(struct subject_in)};
static const struct entity get_entity = ENTITY(struct subject_in, "MediationGet", get_fields);

static const struct field person_fields[] = {
    ID(struct mediator_new),
    F_TEXT(struct mediator_new, side, .required = true, .codes = side_codes,
           .doc = "In dispute, or mediating."),
    F_TEXT(struct mediator_new, name, .required = true, .class = CLASS_PERSONAL, .max = NAME_LIMIT,
           .doc = "Name; sealed."),
    F_TEXT(struct mediator_new, phone, .class = CLASS_PERSONAL, .max = 20, .form = form_phone,
           .form_doc = "11 digits, or area code and number", .form_zh = "11 位手机号，或区号加号码",
           .doc = "Phone; sealed."),
    F_ID(struct mediator_new, person, .doc = "Their record: so they see the mediation themselves."),
    F_ID(struct mediator_new, party, .doc = "The team or firm: so it sees the mediation."),
    F_ID(struct mediator_new, account, .doc = "The account of a worker who mediates.")};
static const struct entity person_entity =
    ENTITY(struct mediator_new, "MediationPersonNew", person_fields);

static const struct field session_fields[] = {
    ID(struct session_new), F_TIME(struct session_new, at, .required = true, .doc = "When it was."),
    F_TEXT(struct session_new, place, .required = true, .max = PLACE_MAX, .doc = "Where."),
    F_LIST(struct session_new, came, .item = T_ID, .max = PEOPLE_MAX, .doc = "Who came."),
    F_TEXT(struct session_new, notes, .class = CLASS_SENSITIVE, .max = TEXT_MAX, .lines = true,
           .doc = "Notes; sealed.")};
static const struct entity session_entity =
    ENTITY(struct session_new, "MediationSessionNew", session_fields);

static const struct field agreement_fields[] = {
    ID(struct agreement_new),
    F_TEXT(struct agreement_new, text, .required = true, .min = 10, .max = AGREEMENT_MAX,
           .class = CLASS_SENSITIVE, .lines = true, .doc = "The agreement in full; sealed."),
    F_TEXT(struct agreement_new, void_reason, .min = 4, .max = 200,
           .doc = "Why signatures that are there are voided.")};
static const struct entity agreement_entity =
    ENTITY(struct agreement_new, "MediationAgreementNew", agreement_fields);

static const struct field signature_fields[] = {
    ID(struct signature_new),
    F_ID(struct signature_new, signer, .required = true, .doc = "Who signs, of `persons`."),
    F_TEXT(struct signature_new, hash, .required = true, .max = HASH_MAX, .form = S_form_hash,
           .form_doc = "64 hex digits", .form_zh = "64 位十六进制数",
           .doc = "Hash of the text that was read."),
    F_TEXT(struct signature_new, drawn, .required = true, .class = CLASS_SENSITIVE,
           .max = DRAWN_MAX, .form = form_strokes,
           .form_doc = "an SVG path of at least 8 points, M12,30 L13,34 …",
           .form_zh = "至少 8 个点的 SVG 路径，M12,30 L13,34 …",
           .doc = "The strokes as drawn; sealed.")};
static const struct entity signature_entity =
    ENTITY(struct signature_new, "MediationSignatureNew", signature_fields);

static const struct field due_fields[] = {
    ID(struct due_new),
    F_TEXT(struct due_new, kind, .required = true, .codes = kind_codes,
           .doc = "What somebody promised, or coming back to see."),
    F_ID(struct due_new, who, .doc = "Promise: whose."),
    F_TEXT(struct due_new, what, .class = CLASS_PERSONAL, .max = TEXT_MAX, .lines = true,
           .doc = "Promise: what is to be done; sealed."),
    F_TIME(struct due_new, due_at, .required = true, .doc = "By when.")};
static const struct entity due_entity = ENTITY(struct due_new, "MediationDueNew", due_fields);

static const struct field done_fields[] = {
    ID(struct due_done),
    F_ID(struct due_done, due, .from = IN_PATH, .required = true, .doc = "What was due."),
    F_TEXT(struct due_done, result, .required = true, .codes = result_codes,
           .doc = "How it turned out."),
    F_TEXT(struct due_done, text, .class = CLASS_PERSONAL, .max = TEXT_MAX, .lines = true,
           .doc = "Evidence, in words; sealed.")};
static const struct entity done_entity = ENTITY(struct due_done, "MediationDueDone", done_fields);

struct reveal {
    int64_t id;
    struct str reason;
};
static const struct field reveal_fields[] = {
    ID(struct reveal), F_TEXT(struct reveal, reason, .required = true, .min = 4, .max = 200,
                              .doc = "Why; it is recorded.")};
static const struct entity reveal_entity = ENTITY(struct reveal, "MediationReveal", reveal_fields);

/* A handler that does and then answers with the whole. */
#define DOES(name, does)                                                                           \
    static enum err name(struct store *db, const struct actor *by, const void *in, void *ret)      \
    {                                                                                              \
        TRY(does(db, by, in));                                                                     \
        return mediation_get(db, ((const struct subject_in *)in)->id, ret);                        \
    }
DOES(S_open, mediation_open)
DOES(S_add, mediation_add)
DOES(S_sit, mediation_sit)
DOES(S_agree, mediation_agree)
DOES(S_sign, mediation_sign)
DOES(S_promise, mediation_promise)
DOES(S_done, mediation_done)

static enum err S_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return mediation_get(db, ((const struct subject_in *)in)->id, ret);
}

static enum err S_reveal(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct reveal *r = in;
    struct matter m;
    (void)by;
    TRY(matter_load(db, r->id, &m));
    db->note->reason = r->reason;
    db->note->district = m.district;
    db->note->street = m.street;
    return mediation_get(db, r->id, ret);
}

static const struct field verified_signature_fields[] = {
    F_ID(struct verified_signature, id, .required = true, .doc = "The signature."),
    F_ID(struct verified_signature, signer, .required = true, .doc = "Who signed."),
    F_BOOL(struct verified_signature, matches, .required = true,
           .doc = "Text, signer, time and strokes are those that were signed.")};
static const struct entity verified_signature_entity =
    ENTITY(struct verified_signature, "VerifiedSignature", verified_signature_fields);
static const struct field verified_fields[] = {
    F_BOOL(struct mediation_verified, whole, .required = true, .doc = "Everything matches."),
    F_BOOL(struct mediation_verified, text, .required = true, .doc = "The text matches its hash."),
    F_TEXT(struct mediation_verified, hash, .doc = "The hash on record."),
    F_LIST(struct mediation_verified, signatures, .of = &verified_signature_entity,
           .required = true, .doc = "Each signature.")};
static const struct entity verified_entity =
    ENTITY(struct mediation_verified, "MediationVerified", verified_fields);

static enum err S_verify(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return mediation_verify(db, ((const struct subject_in *)in)->id, ret);
}

/* ---- what is due at a unit: when and whether, and not what ---- */

struct due_row {
    int64_t id, mediation;
    struct str number, kind;
    int64_t due_at;
    enum tri overdue;
};
static const struct field due_row_fields[] = {
    F_ID(struct due_row, id, .required = true, .doc = "What is due."),
    F_ID(struct due_row, mediation, .required = true, .doc = "In which mediation, and matter."),
    F_TEXT(struct due_row, number, .required = true, .doc = "The matter's number."),
    F_TEXT(struct due_row, kind, .required = true, .codes = kind_codes,
           .doc = "A promise, or a revisit."),
    F_TIME(struct due_row, due_at, .required = true, .doc = "By when."),
    F_BOOL(struct due_row, overdue, .required = true, .doc = "Past due.")};
static const struct entity due_row_entity =
    ENTITY(struct due_row, "MediationDueOpen", due_row_fields);

struct dues_in {
    int64_t unit, limit;
    enum tri overdue;
    struct str kind, after;
};
static const struct field dues_fields[] = {
    F_ID(struct dues_in, unit, .from = IN_QUERY,
         .doc = "A unit within your reach; your hat's own by default."),
    F_BOOL(struct dues_in, overdue, .from = IN_QUERY, .doc = "Only what is past due."),
    F_TEXT(struct dues_in, kind, .from = IN_QUERY, .codes = kind_codes, .doc = "Only this kind."),
    F_INT(struct dues_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Rows a page, 20 by default."),
    F_TEXT(struct dues_in, after, .from = IN_QUERY, .min = 1, .max = 48,
           .doc = "`next` of the page before.")};
static const struct entity dues_entity = ENTITY(struct dues_in, "MediationDueQuery", dues_fields);

#define DUES(column)                                                                               \
    "SELECT d.id, d.matter AS mediation, m.number, d.kind, d.due_at, "                             \
    "CASE WHEN d.due_at < $7 THEN 1 ELSE 0 END AS overdue "                                        \
    "FROM mediation_due d JOIN matter m ON m.id = d.matter "                                       \
    "WHERE d.done_at IS NULL AND d." column " = $1 AND d.due_at < $2 "                             \
    "AND (d.due_at > $3 OR (d.due_at = $3 AND d.id > $4)) "                                        \
    "AND ($5 IS NULL OR d.kind = $5) ORDER BY d.due_at, d.id LIMIT $6"

static enum err S_cursor(struct store *db, struct str after, int64_t *at, int64_t *id)
{
    struct str rest = after, first = str_split(&rest, '.');
    if (!after.p || (str_int(first, at) && rest.p && str_int(rest, id)))
        return OK;
    return store_fault(db, ERR_INVALID, "after", "cursor",
                       "翻页位置无效，请使用上一页给出的 next。",
                       "That is no cursor; use `next` of the page before.");
}

static enum err S_dues(struct store *db, const struct actor *by, const void *in, void *ret)
{
    static const char *const levels[LEVEL_COUNT] = {[LEVEL_COUNTY] = DUES("district"),
                                                    [LEVEL_STREET] = DUES("street"),
                                                    [LEVEL_COMMUNITY] = DUES("community"),
                                                    [LEVEL_GRID] = DUES("grid")};
    const struct dues_in *q = in;
    struct page *page = ret;
    struct unit_place place;
    int64_t at = 0, id = 0, room = q->limit == NO_INT ? PAGE_DEFAULT : q->limit;
    int64_t before = q->overdue == YES ? db->now : NO_DUE;
    TRY(scope_asked(db, by, q->unit, &place));
    if (!place.unit)
        return OK;
    TRY(S_cursor(db, q->after, &at, &id));
    TRY(store_all(db, levels[place.level],
                  ARGS(A_INT(place.unit), A_INT(before), A_INT(at), A_INT(id), A_TEXT(q->kind),
                       A_INT(room + 1), A_INT(db->now)),
                  &due_row_entity, (size_t)room + 1, &page->items));
    if (page->items.n <= (size_t)room)
        return OK;
    page->items.n = (size_t)room;
    const struct due_row *last = (const struct due_row *)page->items.items + room - 1;
    page->next = arena_printf(db->arena, "%lld.%lld", (long long)last->due_at, (long long)last->id);
    return page->next.p ? OK : ERR_MEMORY;
}

/* What acts on one mediation, and answers with it. */
#define ACT(name, path_, perm_, fn_, in_, doc_)                                                    \
    {                                                                                              \
        .op = "mediations." name, .verb = "POST", .path = "/api/mediations/{id}/" path_,           \
        .work = COMMAND, .perm = (perm_), .fn = (fn_), .in = &(in_), .out = &mediation_entity,     \
        .reach = mediation_reach, .status = 200, .doc = (doc_)                                     \
    }

static const struct route routes[] = {
    {.op = "mediations.codes",
     .verb = "GET",
     .path = "/api/mediation-codes",
     .work = QUERY,
     .perm = PERM_PUBLIC,
     .fn = S_codes,
     .out = &codes_entity,
     .status = 200,
     .doc = "Types of dispute and ways of resolving (GB/T 31000-2015)."},
    {.op = "mediations.open",
     .verb = "POST",
     .path = "/api/matters/{id}/mediation",
     .work = COMMAND,
     .perm = PERM_MEDIATION_WRITE,
     .fn = S_open,
     .in = &new_entity,
     .out = &mediation_entity,
     .reach = matter_reach,
     .status = 201,
     .doc = "Begin to mediate in a matter."},
    {.op = "mediations.get",
     .verb = "GET",
     .path = "/api/mediations/{id}",
     .work = QUERY,
     .perm = PERM_MEDIATION_READ,
     .fn = S_get,
     .in = &get_entity,
     .out = &mediation_entity,
     .reach = mediation_reach,
     .status = 200,
     .doc = "One mediation, for who is in it, who mediates, and the unit that began it."},
    {.op = "mediations.verify",
     .verb = "GET",
     .path = "/api/mediations/{id}/verify",
     .work = QUERY,
     .perm = PERM_MEDIATION_READ,
     .fn = S_verify,
     .in = &get_entity,
     .out = &verified_entity,
     .reach = mediation_reach,
     .status = 200,
     .doc = "Are text and signatures still those that were signed?"},
    {.op = "mediations.reveal",
     .verb = "POST",
     .path = "/api/mediations/{id}/reveal",
     .work = COMMAND,
     .perm = PERM_MEDIATION_WRITE,
     .fn = S_reveal,
     .in = &reveal_entity,
     .out = &mediation_entity,
     .reach = mediation_reach,
     .status = 200,
     .sight = CLEAR,
     .doc = "Names, phones, notes and strokes in the clear, for a recorded reason."},
    ACT("add", "persons", PERM_MEDIATION_WRITE, S_add, person_entity,
        "Add who is in dispute, or who mediates."),
    ACT("sit", "sessions", PERM_MEDIATION_WRITE, S_sit, session_entity, "Record a session."),
    ACT("agree", "agreement", PERM_MEDIATION_WRITE, S_agree, agreement_entity,
        "Write the agreement; with a reason, anew after it was signed."),
    ACT("sign", "signatures", PERM_MEDIATION_SIGN, S_sign, signature_entity,
        "Sign the agreement with strokes drawn on a screen."),
    ACT("promise", "dues", PERM_MEDIATION_WRITE, S_promise, due_entity,
        "Set what is promised by when, or when somebody comes back to see."),
    ACT("done", "dues/{due}/done", PERM_MEDIATION_WRITE, S_done, done_entity,
        "Record how a promise was kept, or what a revisit found."),
    {.op = "mediations.dues",
     .verb = "GET",
     .path = "/api/mediation-dues",
     .work = QUERY,
     .perm = PERM_MEDIATION_READ,
     .fn = S_dues,
     .in = &dues_entity,
     .out = &due_row_entity,
     .page = true,
     .status = 200,
     .doc = "Promises and revisits of a unit that are not done, most urgent first."},
};

const struct module mediation_module = {.name = "mediations",
                                        .doc = "Disputes talked through: sessions, agreement, "
                                               "signatures, promises.",
                                        .source = "src/domain/mediation/mediation_api.c",
                                        .routes = routes,
                                        .n = COUNT_OF(routes)};
