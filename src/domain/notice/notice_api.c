/* Routes of notices, and of how one wants to be told. */
#include "domain/notice/notice.h"
#include "domain/people/people_api.h"
#include "domain/people/scope.h"

#include <sodium.h>

/* ---- the list ---- */

struct notice_row {
    int64_t id, matter, at, due_at;
    struct str number, title, act, zh, en;
    enum tri asked, unread;
};
static const struct field row_fields[] = {
    F_ID(struct notice_row, id, .required = true, .doc = "The notice."),
    F_ID(struct notice_row, matter, .required = true, .doc = "What it is about."),
    F_TIME(struct notice_row, at, .required = true, .doc = "When it happened."),
    F_TEXT(struct notice_row, number, .required = true, .doc = "The matter's number."),
    F_TEXT(struct notice_row, title, .required = true, .doc = "What was asked, in a line."),
    F_TEXT(struct notice_row, act, .required = true, .doc = "What was done, or what time did."),
    F_TEXT(struct notice_row, zh, .required = true, .doc = "The notice in Chinese."),
    F_TEXT(struct notice_row, en, .required = true, .doc = "The notice in English."),
    F_BOOL(struct notice_row, unread, .required = true, .doc = "Not yet read."),
    F_BOOL(struct notice_row, asked),
    F_TIME(struct notice_row, due_at),
};
static const struct entity row_entity = ENTITY(struct notice_row, "NoticeRow", row_fields);
/* As sent: without what only the words are made of. */
static const struct entity notice_entity = {
    .name = "Notice", .size = sizeof(struct notice_row), .fields = row_fields, .n = 9};

struct list_in {
    int64_t limit;
    struct str after;
};
static const struct field list_fields[] = {
    F_INT(struct list_in, limit, .from = IN_QUERY, .min = 1, .max = PAGE_MAX,
          .doc = "Notices a page, 20 by default."),
    F_TEXT(struct list_in, after, .from = IN_QUERY, .min = 1, .max = 40,
           .doc = "`next` of the page before."),
};
static const struct entity list_entity = ENTITY(struct list_in, "NoticeList", list_fields);

/* "1.ID" among the unread, "0.ID" among the read. */
static enum err S_cursor(struct store *db, struct str after, int64_t *unread, int64_t *id)
{
    struct str rest = after;
    *unread = 1;
    *id = INT64_MAX;
    if (!after.p)
        return OK;
    struct str part = str_split(&rest, '.');
    bool good = rest.p && str_int(part, unread) && (*unread == 0 || *unread == 1) &&
                str_int(rest, id) && *id >= 0;
    return good ? OK
                : store_fault(db, ERR_INVALID, "after", "cursor",
                              "翻页位置无效，请使用上一页给出的 next。",
                              "That is no cursor; use `next` of the page before.");
}

static enum err S_some(struct store *db, int64_t account, int64_t unread, int64_t before,
                       int64_t most, struct list *ret)
{
    return store_all(db,
                     "SELECT n.id, n.matter, n.at, n.act, n.asked, n.due_at, n.unread, m.number, "
                     "m.title FROM notice n JOIN matter m ON m.id = n.matter "
                     "WHERE n.account = $1 AND n.unread = $2 AND n.id < $3 "
                     "ORDER BY n.id DESC LIMIT $4",
                     ARGS(A_INT(account), A_INT(unread), A_INT(before), A_INT(most)), &row_entity,
                     (size_t)most, ret);
}

static enum err S_say(struct store *db, struct notice_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct notice_about about = {.act = rows[i].act,
                                           .number = rows[i].number,
                                           .title = rows[i].title,
                                           .due_at = rows[i].due_at,
                                           .asked = rows[i].asked == YES};
        rows[i].zh = notice_text(db->arena, &about, false);
        rows[i].en = notice_text(db->arena, &about, true);
    }
    return arena_full(db->arena) ? ERR_MEMORY : OK;
}

static enum err S_list(struct store *db, const struct actor *by, const void *data, void *out)
{
    const struct list_in *in = data;
    struct page *page = out;
    struct list found;
    int64_t unread = 1, before = INT64_MAX;
    int64_t room = in->limit == NO_INT ? PAGE_DEFAULT : in->limit;
    TRY(S_cursor(db, in->after, &unread, &before));
    struct notice_row *rows = arena_array(db->arena, (size_t)room + 1, sizeof *rows);
    if (!rows)
        return ERR_MEMORY;
    size_t n = 0;
    for (; unread >= 0 && (int64_t)n <= room; unread--, before = INT64_MAX) {
        TRY(S_some(db, by->account, unread, before, room + 1 - (int64_t)n, &found));
        for (size_t i = 0; i < found.n; i++)
            rows[n++] = ((const struct notice_row *)found.items)[i];
    }
    if ((int64_t)n > room) {
        const struct notice_row *last = &rows[room - 1];
        n = (size_t)room;
        page->next = arena_printf(db->arena, "%d.%lld", last->unread == YES, (long long)last->id);
    }
    page->items = (struct list){rows, n};
    return S_say(db, rows, n);
}

struct count_out {
    int64_t unread;
};
static const struct field count_fields[] = {
    F_INT(struct count_out, unread, .required = true, .doc = "Notices not yet read.")};
static const struct entity count_entity = ENTITY(struct count_out, "NoticeCount", count_fields);

static enum err S_count(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)in;
    return store_int(db, "SELECT count(*) FROM notice WHERE account = $1 AND unread = 1",
                     ARGS(A_INT(by->account)), &((struct count_out *)ret)->unread);
}

struct read_in {
    int64_t notice, upto;
};
static const struct field read_fields[] = {
    F_ID(struct read_in, notice, .doc = "This one has been read."),
    F_ID(struct read_in, upto, .doc = "Or this one and all that are older."),
};
static const struct entity read_entity = ENTITY(struct read_in, "NoticeRead", read_fields);

static enum err S_read(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct read_in *in = data;
    (void)ret;
    if (!in->notice == !in->upto)
        return store_fault(db, ERR_INVALID, "/notice", "one_of", "notice 和 upto 填且只填一个。",
                           "Give one of notice and upto.");
    return store_exec(
        db,
        "UPDATE notice SET unread = 0 WHERE account = $1 AND unread = 1 "
        "AND id <= $2 AND (id = $2 OR $3 = 1)",
        ARGS(A_INT(by->account), A_INT(in->notice ? in->notice : in->upto), A_INT(in->upto != 0)),
        NULL);
}

/* ---- how one wants to be told ---- */

struct choice {
    int64_t id; /* of a person; no field of one's own */
    struct str channel, openid;
};
#define CHOICE_FIELDS                                                                              \
    F_TEXT(struct choice, channel, .required = true, .codes = channel_names,                       \
           .doc = "in_app: found when signed in. sms, wechat: sent. call: somebody calls. slip: "  \
                  "somebody brings it printed."),                                                  \
        F_TEXT(struct choice, openid, .min = 8, .max = 64, .class = CLASS_PERSONAL,                \
               .form = form_openid, .form_doc = "letters, digits, _ and -",                        \
               .form_zh = "字母、数字、_ 和 -",                                                    \
               .doc = "Their WeChat openid; with wechat only. Sealed.")

static bool form_openid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        if (!good)
            return false;
    }
    return s.n > 0;
}

static const struct field own_fields[] = {CHOICE_FIELDS};
static const struct entity own_entity = ENTITY(struct choice, "PreferenceIn", own_fields);
static const struct field of_person_fields[] = {
    F_ID(struct choice, id, .from = IN_PATH, .required = true, .doc = "The person."),
    CHOICE_FIELDS};
static const struct entity of_person_entity =
    ENTITY(struct choice, "PersonPreferenceIn", of_person_fields);

struct choice_out {
    struct str channel;
    enum tri chosen;
};
static const struct field choice_out_fields[] = {
    F_TEXT(struct choice_out, channel, .required = true, .codes = channel_names,
           .doc = "How they are told."),
    F_BOOL(struct choice_out, chosen, .required = true, .doc = "False: nobody has chosen yet.")};
static const struct entity choice_out_entity =
    ENTITY(struct choice_out, "Preference", choice_out_fields);

static enum err S_phone_needed(struct store *db, int64_t person)
{
    int64_t id = 0;
    enum err err = store_int(db, "SELECT id FROM person WHERE id = $1 AND phone IS NOT NULL",
                             ARGS(A_INT(person)), &id);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "/channel", "no_phone", "没有登记手机号，发不了短信。",
                           "There is no phone on record to send messages to.");
    return err;
}

/* `who` is an account, or a person without one. */
static enum err S_choose(struct store *db, int64_t who, int64_t person, const struct choice *c,
                         struct choice_out *ret)
{
    unsigned char key[KEY_SIZE];
    struct str wrapped = NO_STR, sealed = NO_STR;
    bool wechat = str_eq(c->channel, S("wechat"));
    if (wechat != (c->openid.p != NULL))
        return store_fault(db, ERR_INVALID, "/openid", wechat ? "required" : "not_allowed",
                           "选微信时要填 openid，选别的时不填。",
                           "An openid goes with wechat, and with nothing else.");
    bool home = str_eq(c->channel, S("call")) || str_eq(c->channel, S("slip"));
    if (home && !person)
        return store_fault(db, ERR_INVALID, "/channel", "no_person",
                           "没有登记住处，不知道由谁来联系您。",
                           "It is not on record where you live, so nobody could come to you.");
    if (str_eq(c->channel, S("sms")))
        TRY(S_phone_needed(db, person));
    if (wechat) {
        TRY(vault_new_key(db, ID_COUNTY(who), key, &wrapped));
        sealed = seal(key, c->openid, db->arena);
        sodium_memzero(key, sizeof key);
        if (!sealed.p)
            return ERR_MEMORY;
    }
    *ret = (struct choice_out){.channel = c->channel, .chosen = YES};
    return store_exec(db,
                      "INSERT INTO preference (who, county, channel, address, key, at) "
                      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (who) DO UPDATE SET "
                      "channel = excluded.channel, address = excluded.address, "
                      "key = excluded.key, at = excluded.at",
                      ARGS(A_INT(who), A_INT(ID_COUNTY(who)), A_TEXT(c->channel), A_BLOB(sealed),
                           A_BLOB(wrapped), A_INT(db->now)),
                      NULL);
}

static enum err S_set(struct store *db, const struct actor *by, const void *in, void *ret)
{
    if (!by->account)
        return store_fault(db, ERR_FORBIDDEN, "/channel", "tracking", "登录后才能选择。",
                           "Sign in to choose.");
    return S_choose(db, by->account, by->person, in, ret);
}

static enum err S_set_person(struct store *db, const struct actor *by, const void *in, void *ret)
{
    const struct choice *c = in;
    (void)by;
    return S_choose(db, c->id, c->id, c, ret);
}

static enum err S_chosen(struct store *db, const struct addressee *who, struct choice_out *ret)
{
    struct preference p;
    TRY(preference_of(db, who, &p));
    *ret = (struct choice_out){.channel = p.channel, .chosen = p.chosen ? YES : NO};
    return OK;
}

static enum err S_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)in;
    *(struct choice_out *)ret = (struct choice_out){.channel = S("in_app"), .chosen = NO};
    return by->account ? S_chosen(db, &(struct addressee){.account = by->account}, ret) : OK;
}

static enum err S_get_person(struct store *db, const struct actor *by, const void *in, void *ret)
{
    (void)by;
    return S_chosen(db, &(struct addressee){.person = ((const struct subject_in *)in)->id}, ret);
}

static const struct route routes[] = {
    {.op = "notices.list",
     .verb = "GET",
     .path = "/api/notices",
     .work = QUERY,
     .perm = PERM_SIGNED_IN,
     .fn = S_list,
     .in = &list_entity,
     .out = &notice_entity,
     .page = true,
     .status = 200,
     .doc = "What you are told: unread first, the newest of each first."},
    {.op = "notices.count",
     .verb = "GET",
     .path = "/api/notices/count",
     .work = QUERY,
     .perm = PERM_SIGNED_IN,
     .fn = S_count,
     .out = &count_entity,
     .status = 200,
     .doc = "How many you have not read."},
    {.op = "notices.read",
     .verb = "POST",
     .path = "/api/notices/read",
     .work = COMMAND,
     .perm = PERM_SIGNED_IN,
     .fn = S_read,
     .in = &read_entity,
     .status = 204,
     .doc = "Mark one as read, or all up to one."},
    {.op = "preference.get",
     .verb = "GET",
     .path = "/api/preference",
     .work = QUERY,
     .perm = PERM_SIGNED_IN,
     .fn = S_get,
     .out = &choice_out_entity,
     .status = 200,
     .doc = "How you are told."},
    {.op = "preference.set",
     .verb = "POST",
     .path = "/api/preference",
     .work = COMMAND,
     .perm = PERM_SIGNED_IN,
     .fn = S_set,
     .in = &own_entity,
     .out = &choice_out_entity,
     .status = 200,
     .doc = "Choose how you are told."},
    {.op = "persons.preference",
     .verb = "GET",
     .path = "/api/persons/{id}/preference",
     .work = QUERY,
     .perm = PERM_PERSON_READ,
     .fn = S_get_person,
     .in = &person_id_entity,
     .out = &choice_out_entity,
     .reach = person_reach,
     .status = 200,
     .doc = "How a resident without an account is told."},
    {.op = "persons.prefer",
     .verb = "POST",
     .path = "/api/persons/{id}/preference",
     .work = COMMAND,
     .perm = PERM_PERSON_WRITE,
     .fn = S_set_person,
     .in = &of_person_entity,
     .out = &choice_out_entity,
     .reach = person_reach,
     .status = 200,
     .doc = "Choose for a resident without an account, as they ask."},
};

const struct module notice_module = {.name = "notices",
                                     .doc = "What people are told, and how.",
                                     .source = "src/domain/notice/notice_api.c",
                                     .routes = routes,
                                     .n = COUNT_OF(routes),
                                     .tick = notice_tick};
