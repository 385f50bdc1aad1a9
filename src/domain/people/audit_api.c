/* The audit, for auditors: who did what to which record, newest first. */
#include "domain/people/people_api.h"
#include "domain/people/scope.h"

struct audit_list_in {
    int64_t limit;
    struct str after;
    int64_t subject, account;
    struct str act;
};
static const struct field audit_list_in_fields[] = {
    F_INT(struct audit_list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Rows a page, 20 by default."),
    F_TEXT(struct audit_list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
    F_ID(struct audit_list_in, subject, .from = IN_QUERY, .doc = "Only about this record."),
    F_ID(struct audit_list_in, account, .from = IN_QUERY, .doc = "Only by this account."),
    F_TEXT(struct audit_list_in, act, .from = IN_QUERY, .min = 1, .max = 64,
           .doc = "Only this operation, such as persons.reveal."),
};
const struct entity audit_list_in_entity =
    ENTITY(struct audit_list_in, "AuditList", audit_list_in_fields);

struct audit_row {
    int64_t seq, at, account;
    struct str account_name, role, act;
    int64_t subject;
    struct str reason;
};
static const struct field audit_fields[] = {
    F_ID(struct audit_row, seq, .required = true, .doc = "Its place in the audit."),
    F_TIME(struct audit_row, at, .required = true, .doc = "When."),
    F_ID(struct audit_row, account, .doc = "Who; none when nobody was signed in."),
    F_TEXT(struct audit_row, account_name, .doc = "The account's name."),
    F_TEXT(struct audit_row, role, .required = true, .codes = role_names, .doc = "Acting as."),
    F_TEXT(struct audit_row, act, .required = true, .doc = "The operation."),
    F_ID(struct audit_row, subject, .doc = "The record acted on."),
    F_TEXT(struct audit_row, reason, .doc = "The reason given, or what exactly was done."),
};
const struct entity audit_entity = ENTITY(struct audit_row, "AuditRow", audit_fields);

#define AUDIT                                                                                      \
    "SELECT audit.seq, audit.at, audit.account, account.name AS account_name, audit.role, "        \
    "audit.act, audit.subject, audit.reason FROM audit "                                           \
    "LEFT JOIN account ON account.id = audit.account WHERE "
#define FOUND                                                                                      \
    " = $1 AND audit.seq < $2 AND ($4 IS NULL OR audit.account = $4) "                             \
    "AND ($5 IS NULL OR audit.act = $5) ORDER BY audit.seq DESC LIMIT $3"

static enum err S_fetch(struct store *db, const struct hat *hat, const struct scan *s,
                        struct list *ret)
{
    static const char *const every[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = AUDIT "audit.district" FOUND, [LEVEL_STREET] = AUDIT "audit.street" FOUND};
    static const char *const about[LEVEL_COUNT] = {
        [LEVEL_COUNTY] = AUDIT "audit.subject = $6 AND audit.district" FOUND,
        [LEVEL_STREET] = AUDIT "audit.subject = $6 AND audit.street" FOUND};
    const struct audit_list_in *q = s->in;
    const struct arg unit = A_INT(hat->unit), after = A_INT(s->after), most = A_INT(s->most);
    const struct arg account = A_ID(q->account), act = A_TEXT(q->act);
    *ret = (struct list){0};
    if (!every[hat->level])
        return OK;
    if (q->subject)
        return store_all(db, about[hat->level],
                         ARGS(unit, after, most, account, act, A_INT(q->subject)), &audit_entity,
                         (size_t)s->most, ret);
    return store_all(db, every[hat->level], ARGS(unit, after, most, account, act), &audit_entity,
                     (size_t)s->most, ret);
}

enum err audit_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct audit_list_in *q = in;
    struct scan scan = {.row = &audit_entity, .down = true, .fetch = S_fetch, .in = q};
    return scope_page(db, by, &scan, q->after, q->limit, ret);
}
