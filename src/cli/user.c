/* `linli user`: the first accounts, and a way back in when nobody can sign in. What it does is in
 * the audit like everything else, by nobody, with the reason "linli user". */
#include "cli/cli.h"

#include "domain/people/account.h"
#include "domain/people/credential.h"
#include "domain/place/place.h"
#include "gate/gate.h"

#include <stdio.h>
#include <string.h>

enum { LIST_STEP = 500 };

struct user_args {
    const char *data, *name, *login, *role, *unit, *party, *url;
};

/* What is asked for and what came of it. */
struct user_work {
    struct account_new account;
    struct hat_new hat;
    struct str token;
    int64_t id, expires_at;
};

static enum err S_party(struct store *db, const char *text, int64_t *ret)
{
    if (str_int(str_of(text), ret) && *ret > 0)
        return OK;
    return store_fault(db, ERR_INVALID, "/party", "number", "请填写编号（十进制数字）。",
                       "An id is a decimal number.");
}

static enum err S_read_unit(struct store *db, const char *code, struct unit *ret)
{
    enum err err = place_by_code(db, str_of(code), ret);
    if (err != ERR_NOT_FOUND)
        return err;
    return store_fault(db, ERR_INVALID, "/unit", "unknown",
                       "没有这个代码的单位，请先运行 linli import。",
                       "There is no unit with this code; run linli import first.");
}

static enum err S_audit(struct store *db, const char *op, const struct unit *unit, int64_t subject)
{
    const struct actor nobody = {0};
    *db->note = (struct note){.subject = subject,
                              .district = unit->district,
                              .street = unit->street,
                              .reason = S("linli user")};
    return audit_write(db, &nobody, op);
}

static enum err S_read_add(struct store *db, const struct user_args *a, struct user_work *w,
                           struct unit *unit)
{
    w->hat.role = role_parse(str_of(a->role));
    if (w->hat.role == ROLE_NONE)
        return store_fault(db, ERR_INVALID, "/role", "unknown",
                           "没有这个角色，linli user --help 列出了全部角色。",
                           "There is no such role; linli user --help lists them.");
    TRY(S_read_unit(db, a->unit, unit));
    w->account =
        (struct account_new){.login = str_of(a->login), .name = str_of(a->name), .unit = unit->id};
    if (a->party)
        return S_party(db, a->party, &w->hat.party);
    w->hat.unit = unit->id;
    return OK;
}

static enum err S_add(struct store *db, const struct user_args *a, struct user_work *w)
{
    struct unit unit;
    int64_t hat = 0;
    TRY(S_read_add(db, a, w, &unit));
    TRY(account_create(db, &w->account, &w->id));
    w->hat.account = w->id;
    TRY(hat_grant(db, &w->hat, &hat));
    TRY(S_audit(db, "accounts.create", &unit, w->id));
    return link_create(db, w->id, &w->token, &w->expires_at);
}

/* An account by its login name, or its id: a login never begins with a digit. */
static enum err S_link(struct store *db, const char *which, struct user_work *w)
{
    struct credential account;
    enum err err = str_int(str_of(which), &w->id)
                       ? credential_by_id(db, w->id, &account)
                       : credential_by_login(db, str_of(which), &account);
    if (err == ERR_NOT_FOUND || (err == OK && account.disabled_at))
        return store_fault(db, ERR_INVALID, "", "unknown", "没有这个账号，或已停用。",
                           "There is no such account, or it is disabled.");
    TRY(err);
    w->id = account.id;
    const struct unit at = {.district = account.district, .street = account.street};
    TRY(S_audit(db, "accounts.link", &at, w->id));
    return link_create(db, w->id, &w->token, &w->expires_at);
}

static int S_write(struct house *h, const struct user_args *a, const char *link_for)
{
    struct user_work w = {0};
    char until[25];
    enum err err = conn_begin(h->db.conn);
    if (err == OK)
        err = link_for ? S_link(&h->db, link_for, &w) : S_add(&h->db, a, &w);
    if (err == OK)
        err = conn_commit(h->db.conn);
    if (err != OK) {
        conn_rollback(h->db.conn);
        return house_fault(h, err, "user");
    }
    struct str end = time_text(w.expires_at, until);
    printf("%lld\n%s/in/" STR_F "\n", (long long)w.id, a->url, STR_A(w.token));
    fprintf(stderr, "一次有效，截至 " STR_F " / good for one sign-in until " STR_F "\n", STR_A(end),
            STR_A(end));
    return EXIT_DONE;
}

static void S_print(const struct account *a)
{
    const struct hat_out *hat = a->hats.items;
    printf("%lld\t" STR_F "\t" STR_F "\t%s\t", (long long)a->id,
           STR_A(a->login.p ? a->login : S("-")), STR_A(a->name),
           a->disabled_at    ? "disabled"
           : a->locked_until ? "locked"
                             : "active");
    for (size_t i = 0; i < a->hats.n; i++) {
        struct str at = hat[i].unit ? hat[i].unit_name : hat[i].party_name;
        printf("%s" STR_F "%s" STR_F, i ? ", " : "", STR_A(hat[i].role), at.p ? "@" : "",
               STR_A(at.p ? at : S("")));
    }
    putchar('\n');
}

static int S_list(struct house *h)
{
    struct list found = {0};
    int64_t after = 0;
    do {
        arena_reset(h->arena);
        enum err err = account_all(&h->db, after, LIST_STEP, &found);
        if (err != OK)
            return house_fault(h, err, "user list");
        const struct account *a = found.items;
        for (size_t i = 0; i < found.n; i++)
            S_print(&a[i]);
        after = found.n ? a[found.n - 1].id : after;
    } while (found.n == LIST_STEP);
    return EXIT_DONE;
}

static bool S_complete(const struct user_args *a, const char *what, size_t words)
{
    if (strcmp(what, "add") == 0)
        return words == 1 && a->name && a->role && a->unit;
    return strcmp(what, "link") == 0 ? words == 2 : strcmp(what, "list") == 0 && words == 1;
}

int cli_user(int argc, char **argv)
{
    struct user_args a = {.data = "data", .url = "http://127.0.0.1:8080"};
    const struct cli_option options[] = {
        {"data", &a.data, NULL}, {"name", &a.name, NULL}, {"login", &a.login, NULL},
        {"role", &a.role, NULL}, {"unit", &a.unit, NULL}, {"party", &a.party, NULL},
        {"url", &a.url, NULL},
    };
    const char *words[2] = {NULL};
    struct house h;
    size_t n = 0;
    bool help = false;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (!n || !S_complete(&a, words[0], n))
        return cli_misuse("user", "要 add --name --role --unit，或 link LOGIN，或 list。",
                          "One of: add --name --role --unit, link LOGIN, list.");
    code = house_enter(a.data, &h);
    if (code != EXIT_DONE)
        return code;
    code = strcmp(words[0], "list") == 0 ? S_list(&h) : S_write(&h, &a, words[1]);
    house_close(&h);
    return code;
}
