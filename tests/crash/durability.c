/* Power cuts. Each point builds a world from a seed: batches of real commands through the real
 * writer, on a disk that forgets what was not synced (lossy_vfs.h), the power going during one
 * write or sync of the whole. Then the machine starts again, and
 *   - the database is whole,
 *   - every acknowledged command is there exactly once, with all its rows,
 *   - every other command is there whole or not at all,
 *   - all commands sent again under their keys end up there exactly once.
 * With --off the writer runs with synchronous = OFF, which must lose acknowledged commands: a
 * harness that cannot see loss would prove nothing.
 *
 * Every point is lived twice, first without a cut.
 *
 *   crash [--points N] [--seed S] [--off]     the last line is a summary in JSON; 0: no failure */
#include "lossy_vfs.h"
#include "town.h"

#include "domain/matter/matter.h"

#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMANDS = 96, BATCH_MOST = 9, TEXT_MOST = 1800, JOB_ARENA = 4 << 20, WRITER_ROOM = 4096 };

struct command {
    struct job job;
    struct problem problem;
    const struct actor *by;
    char key[32], title[32], text[TEXT_MOST + 1];
    const struct command
        *on;      /* an act on what that one ordered, `title` its text; NULL: an order */
    bool refused; /* asks for something there is not: undone alone */
    bool acked;
    int64_t id;
};

struct totals {
    int64_t points, failures, commands, acked, acked_lost, unacked_kept, broken;
    int64_t in_sync, in_write, kept, lost, checkpoints, restarts;
};

struct point {
    uint64_t seed, random;
    bool off;      /* synchronous = OFF */
    bool threaded; /* through the writer's thread */
    bool pinned;   /* a reader holds a snapshot for a while */
    struct actor by;
    struct command commands[COMMANDS];
    char why[160]; /* the first thing that was wrong; empty: nothing */
};

static uint64_t S_below(struct point *p, uint64_t n)
{
    return lossy_random(&p->random) % n;
}

static void S_wrong(struct point *p, const struct command *c, const char *what)
{
    if (!p->why[0])
        snprintf(p->why, sizeof p->why, "%s%s%s", c ? c->title : "", c ? ": " : "", what);
}

/* ---- commands ---- */

static struct once S_once(const struct command *c)
{
    return (struct once){
        .account = c->by->account, .key = str_of(c->key), .request = str_of(c->text)};
}

static enum err S_order(struct store *db, const struct command *c, struct matter *m)
{
    const struct matter_new in = {.kind = c->refused ? S("nothing-such") : S("repair"),
                                  .title = str_of(c->title),
                                  .text = str_of(c->text),
                                  .unit = town_unit(LEVEL_GRID),
                                  .lng = NAN,
                                  .lat = NAN,
                                  .contact_phone = S("13900000000")};
    return matter_order(db, c->by, &in, m);
}

/* Of what may be done to it now something that asks for words alone. */
static struct str S_act_now(const struct matter *m, const struct command *c)
{
    static const struct str acts[] = {S("accept"), S("escalate"), S("supervise")};
    const struct str *may = m->may.items;
    for (size_t i = 0; i < COUNT_OF(acts); i++) {
        struct str act = acts[(i + (unsigned char)c->text[0]) % COUNT_OF(acts)];
        for (size_t k = 0; k < m->may.n; k++) {
            if (str_eq(may[k], act))
                return act;
        }
    }
    return S("comment");
}

static enum err S_do(struct store *db, const struct command *c, struct matter *m)
{
    int64_t id = 0;
    TRY(store_int(db, "SELECT id FROM matter WHERE title = $1", ARGS(A_TEXT(str_of(c->on->title))),
                  &id));
    TRY(matter_load(db, id, m));
    TRY(matter_view(db, c->by, m));
    const struct matter_act in = {.id = id,
                                  .act = c->refused ? S("claim") : S_act_now(m, c),
                                  .text = str_of(c->title),
                                  .public = UNSET,
                                  .score = NO_INT,
                                  .version = NO_INT};
    db->note->subject = id;
    return matter_do(db, c->by, &in, m);
}

/* What http does of a command, without the wire. */
static enum err S_command(struct store *at, void *arg)
{
    struct command *c = arg;
    struct note note = {0};
    struct store db = *at;
    struct once once = S_once(c);
    struct matter m;
    struct str answer = NO_STR;
    int64_t status = 0;
    db.note = &note;
    enum err err = once_find(&db, &once, &status, &answer);
    if (err == OK)
        return str_int(answer, &c->id) ? OK : ERR_STORE;
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(c->on ? S_do(&db, c, &m) : S_order(&db, c, &m));
    c->id = m.id;
    answer = arena_printf(db.arena, "%lld", (long long)m.id);
    TRY(once_keep(&db, &once, 201, answer));
    return audit_write(&db, c->by, c->on ? "matters.act" : "matters.create");
}

static void S_done(void *arg, enum err err)
{
    struct command *c = arg;
    c->acked = err == OK;
}

static void S_prepare(struct point *p, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    p->seed = p->random = seed;
    p->by = town_worker();
    p->threaded = S_below(p, 4) == 0;
    p->pinned = S_below(p, 4) == 0;
    for (size_t i = 0; i < COMMANDS; i++) {
        struct command *c = &p->commands[i];
        size_t n = 1 + (size_t)S_below(p, TEXT_MOST);
        c->by = &p->by;
        snprintf(c->key, sizeof c->key, "key-of-command-%06zu", i);
        snprintf(c->title, sizeof c->title, "断电 %03zu", i);
        for (size_t k = 0; k < n; k++)
            c->text[k] = (char)('a' + S_below(p, 26));
        c->refused = S_below(p, 12) == 0;
        /* Every third is an act on something ordered before; the first of all is an order. */
        const struct command *on = i && i % 3 == 0 ? &p->commands[S_below(p, i)] : NULL;
        c->on = on && !on->on && !on->refused ? on : NULL;
        c->job = (struct job){.run = S_command,
                              .done = S_done,
                              .arg = c,
                              .arena = arena_new(JOB_ARENA),
                              .problem = &c->problem};
    }
}

static void S_free(struct point *p)
{
    for (size_t i = 0; i < COMMANDS; i++)
        arena_free(p->commands[i].job.arena);
}

/* One batch through writer_run, which calls no `done`. */
static void S_batch(struct town *t, struct command *first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        first[i].job.next = i + 1 < n ? &first[i + 1].job : NULL;
    enum err err = writer_run(t->db.conn, &t->world, t->db.now, &first->job);
    for (size_t i = 0; i < n; i++)
        first[i].acked = err == OK && first[i].job.err == OK;
}

static void S_by_batches(struct point *p, struct town *t, struct conn *reader)
{
    for (size_t at = 0; at < COMMANDS && !lossy_is_off();) {
        size_t n = 1 + (size_t)S_below(p, BATCH_MOST);
        n = n < COMMANDS - at ? n : COMMANDS - at;
        S_batch(t, &p->commands[at], n);
        at += n;
        if (reader && at > COMMANDS / 2) {
            conn_rollback(reader);
            reader = NULL;
        }
    }
}

static void S_by_thread(struct point *p, struct town *t)
{
    const struct clock clock = {NULL};
    struct writer *w = NULL;
    if (writer_start(t->db.conn, &clock, &t->world, WRITER_ROOM, &w) != OK) {
        S_wrong(p, NULL, "the writer does not start");
        return;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!writer_submit(w, &p->commands[i].job))
            S_wrong(p, &p->commands[i], "the writer does not take it");
        if (S_below(p, 5) == 0)
            sched_yield();
    }
    writer_stop(w);
}

/* ---- what must be there ---- */

static int64_t S_count(struct point *p, struct store *db, const char *sql, const struct arg *args)
{
    int64_t n = -1;
    if (store_int(db, sql, args, &n) != OK)
        S_wrong(p, NULL, sql);
    return n;
}

/* All rows of a command: 0 none, 1 each once, -1 anything else. */
static int S_present_act(struct point *p, struct store *db, const struct command *c)
{
    struct str answer = NO_STR;
    struct once once = S_once(c);
    int64_t status = 0;
    int64_t n = S_count(p, db, "SELECT count(*) FROM matter_event WHERE text = $1",
                        ARGS(A_TEXT(str_of(c->title))));
    enum err err = once_find(db, &once, &status, &answer);
    return n == 0 && err == ERR_NOT_FOUND ? 0 : n == 1 && err == OK ? 1 : -1;
}

static int S_present(struct point *p, struct store *db, const struct command *c)
{
    if (c->on)
        return S_present_act(p, db, c);
    static const char *const counts[] = {
        "SELECT count(*) FROM matter WHERE title = $1",
        "SELECT count(*) FROM matter_event e JOIN matter m ON m.id = e.matter WHERE m.title = $1 "
        "AND e.act = 'order'",
        "SELECT count(*) FROM audit a JOIN matter m ON m.id = a.subject WHERE m.title = $1 "
        "AND a.act = 'matters.create'",
    };
    struct str title = str_of(c->title), answer = NO_STR, text = NO_STR;
    struct once once = S_once(c);
    int64_t status = 0, id = 0;
    int64_t first = S_count(p, db, counts[0], ARGS(A_TEXT(title)));
    bool same = true;
    for (size_t i = 1; i < COUNT_OF(counts); i++)
        same = same && S_count(p, db, counts[i], ARGS(A_TEXT(title))) == first;
    enum err err = once_find(db, &once, &status, &answer);
    if (first == 0)
        return same && err == ERR_NOT_FOUND ? 0 : -1;
    if (first != 1 || !same || err != OK || status != 201 || !str_int(answer, &id))
        return -1;
    err = store_text(db, "SELECT text FROM matter WHERE id = $1 AND title = $2",
                     ARGS(A_INT(id), A_TEXT(title)), &text);
    return err == OK && str_eq(text, str_of(c->text)) && (!c->acked || id == c->id) ? 1 : -1;
}

/* What holds whatever was lost. */
static void S_consistent(struct point *p, struct store *db)
{
    static const struct {
        const char *sql, *what;
    } zero[] = {
        {"SELECT count(*) FROM matter_event WHERE matter NOT IN (SELECT id FROM matter)",
         "events of no matter"},
        {"SELECT count(*) FROM audit WHERE subject NOT IN (SELECT id FROM matter)",
         "audit rows of no matter"},
        {"SELECT (SELECT count(*) FROM idempotency) - (SELECT count(*) FROM matter_event)",
         "answers and events differ in number"},
        {"SELECT (SELECT count(*) FROM audit) - (SELECT count(*) FROM matter_event)",
         "audit rows and events differ in number"},
        {"SELECT count(*) FROM matter m WHERE m.version <> (SELECT count(*) FROM matter_event e "
         "WHERE e.matter = m.id AND e.act <> 'comment')",
         "a matter is not what its events made of it"},
        {"SELECT (SELECT COALESCE(sum(asks_open), 0) FROM matter) - "
         "(SELECT count(*) FROM matter_ask WHERE answered_at IS NULL)",
         "questions without a matter that knows of them, or the other way round"},
        {"SELECT count(*) FROM matter m WHERE m.escalations <> (SELECT count(*) FROM matter_event "
         "e "
         "WHERE e.matter = m.id AND e.act = 'escalate')",
         "a matter went up without an event, or the other way round"},
        {"SELECT (SELECT COALESCE(sum(n), 0) FROM counter WHERE name LIKE 'matter/%') - "
         "(SELECT count(*) FROM matter)",
         "the counter of numbers is not that of matters"},
        {"SELECT count(*) FROM matter m JOIN county c ON c.county = m.county "
         "WHERE (m.id & 8796093022207) >= c.next_id",
         "an id could be given out again"},
        {"SELECT count(*) - count(DISTINCT number) FROM matter", "a number was given twice"},
        {"SELECT count(*) FROM matter m JOIN county c ON c.county = m.county "
         "WHERE m.contact_key IS NOT NULL AND c.key IS NULL",
         "the county's key is lost"},
    };
    for (size_t i = 0; i < COUNT_OF(zero); i++) {
        if (S_count(p, db, zero[i].sql, NO_ARGS) != 0)
            S_wrong(p, NULL, zero[i].what);
    }
}

static void S_look(struct point *p, struct town *t, struct totals *sum)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *c = &p->commands[i];
        int present = S_present(p, &t->db, c);
        sum->acked += c->acked;
        sum->acked_lost += c->acked && present != 1;
        sum->unacked_kept += !c->acked && present == 1;
        if (c->acked && present != 1)
            S_wrong(p, c, present ? "acknowledged, and there in part" : "acknowledged, and lost");
        if (present < 0)
            S_wrong(p, c, "there in part");
        if (present && c->refused)
            S_wrong(p, c, "refused, and there");
    }
    S_consistent(p, &t->db);
}

/* Everything once more under the same keys, as clients do that got no answer. */
static void S_again(struct point *p, struct town *t)
{
    for (size_t at = 0; at < COMMANDS; at += BATCH_MOST) {
        size_t n = COMMANDS - at < BATCH_MOST ? COMMANDS - at : (size_t)BATCH_MOST;
        for (size_t i = at; i < at + n; i++) {
            arena_reset(p->commands[i].job.arena);
            p->commands[i].problem.count = 0;
        }
        S_batch(t, &p->commands[at], n);
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *c = &p->commands[i];
        if (c->acked == c->refused)
            S_wrong(p, c, "sent again, it ended otherwise than it should");
        if (S_present(p, &t->db, c) != !c->refused)
            S_wrong(p, c, "sent again, it is not there exactly once");
    }
    S_consistent(p, &t->db);
}

/* ---- a point ---- */

static bool S_tune(struct point *p, struct town *t)
{
    static const char *const pages[] = {
        "PRAGMA wal_autocheckpoint = 25", "PRAGMA wal_autocheckpoint = 100",
        "PRAGMA wal_autocheckpoint = 400", "PRAGMA wal_autocheckpoint = 4000"};
    int64_t ignored = 0;
    if (p->off && store_exec(&t->db, "PRAGMA synchronous = OFF", NO_ARGS, NULL) != OK)
        return false;
    return store_int(&t->db, pages[S_below(p, COUNT_OF(pages))], NO_ARGS, &ignored) == OK;
}

static void S_live(struct point *p, const char *folder)
{
    struct town t;
    struct conn *reader = NULL;
    const char *why = NULL;
    bool open = town_open(&t, folder, &why) && S_tune(p, &t);
    if (open && p->pinned && database_reader(t.database, &reader) == OK) {
        struct store db = {.conn = reader};
        int64_t n = 0;
        bool pinned = conn_begin(reader) == OK &&
                      store_int(&db, "SELECT count(*) FROM unit", NO_ARGS, &n) == OK;
        if (!pinned && !lossy_is_off())
            S_wrong(p, NULL, "no snapshot");
    }
    if (open && p->threaded)
        S_by_thread(p, &t);
    else if (open)
        S_by_batches(p, &t, reader);
    else if (!lossy_is_off())
        S_wrong(p, NULL, why ? why : "the town does not open");
    /* Nothing of an orderly end: what closing would still write is never written. */
    lossy_power_off();
    conn_close(reader);
    town_close(&t);
}

static void S_restart(struct point *p, const char *folder, struct totals *sum)
{
    char file[TOWN_PATH + 16];
    struct town t;
    int64_t version = 0;
    const char *why = "the town does not open after the cut";
    lossy_power_on(p->random, 0);
    bool open = town_open(&t, folder, &why);
    if (!open)
        S_wrong(p, NULL, why);
    snprintf(file, sizeof file, "%s/linli.db", folder);
    if (open && database_check(str_of(file), &version, &why) != OK) {
        S_wrong(p, NULL, why);
        open = false;
    }
    sum->broken += !open;
    if (open) {
        S_look(p, &t, sum);
        if (!p->off)
            S_again(p, &t);
    }
    town_close(&t);
    if (!lossy_restore())
        S_wrong(p, NULL, "a file was left open");
}

static void S_add(struct totals *sum, const struct lossy_stats *s)
{
    sum->in_sync += s->in_sync;
    sum->in_write += s->in_write;
    sum->kept += s->kept;
    sum->lost += s->lost;
    sum->checkpoints += s->checkpoints;
    sum->restarts += s->wal_restarts;
}

/* cut as in lossy_power_on; 0: only at the end. *ran: what was counted until then. */
static void S_point(const char *base, const char *folder, uint64_t seed, int64_t cut, bool off,
                    struct totals *sum, struct lossy_stats *ran)
{
    static struct point p;
    S_prepare(&p, seed);
    p.off = off;
    sum->points++;
    sum->commands += COMMANDS;
    if (!town_copy(base, folder))
        S_wrong(&p, NULL, "the town cannot be copied");
    lossy_power_on(lossy_random(&p.random), cut);
    S_live(&p, folder);
    *ran = lossy_stats();
    if (!lossy_restore())
        S_wrong(&p, NULL, "a file was left open, or the real disk failed");
    struct lossy_stats stats = lossy_stats();
    S_add(sum, &stats);
    S_restart(&p, folder, sum);
    if (p.why[0]) {
        sum->failures++;
        if (!off)
            printf("seed %" PRIu64 ", cut %" PRId64 "%s%s: %s\n", seed, cut,
                   p.threaded ? ", threaded" : "", p.pinned ? ", pinned" : "", p.why);
    }
    S_free(&p);
}

static void S_print(const struct totals *t)
{
    printf("{\"points\":%" PRId64 ",\"failures\":%" PRId64 ",\"commands\":%" PRId64
           ",\"acknowledged\":%" PRId64 ",\"acknowledged_lost\":%" PRId64
           ",\"unacknowledged_kept\":%" PRId64 ",\"broken\":%" PRId64 ",\"cuts_in_sync\":%" PRId64
           ",\"cuts_in_write\":%" PRId64 ",\"sectors_kept\":%" PRId64 ",\"sectors_lost\":%" PRId64
           ",\"checkpoint_syncs\":%" PRId64 ",\"wal_restarts\":%" PRId64 "}\n",
           t->points, t->failures, t->commands, t->acked, t->acked_lost, t->unacked_kept, t->broken,
           t->in_sync, t->in_write, t->kept, t->lost, t->checkpoints, t->restarts);
}

static int S_run(const char *root, int64_t points, uint64_t seed, bool off)
{
    char base[TOWN_PATH], folder[TOWN_PATH];
    struct totals sum = {0}, whole = {0};
    const char *why = "packs/yannan.yaml cannot be read";
    struct lossy_stats ran = {0};
    struct arena *a = arena_new(8 << 20);
    snprintf(base, sizeof base, "%s/base", root);
    snprintf(folder, sizeof folder, "%s/town", root);
    struct str pack = a ? file_text(a, "packs/yannan.yaml") : NO_STR;
    bool built = pack.p && town_build(base, pack, &why) && lossy_restore();
    if (!built)
        fprintf(stderr, "crash: %s\n", why);
    for (int64_t i = 0; i < points && built; i++) {
        uint64_t point = seed + (uint64_t)i, random = point;
        /* How many calls a whole life has says when the power may go. Syncs are few among them,
         * and where a commit is decided: every other cut is there. */
        S_point(base, folder, point, 0, off, &whole, &ran);
        bool sync = i % 2 && ran.syncs;
        int64_t most = sync ? ran.syncs : ran.calls;
        int64_t cut = 1 + (int64_t)(lossy_random(&random) % (uint64_t)(most ? most : 1));
        S_point(base, folder, point, sync ? -cut : cut, off, &sum, &ran);
    }
    sum.failures += off ? 0 : whole.failures;
    S_print(&sum);
    arena_free(a);
    town_remove(base);
    town_remove(folder);
    return built && (off || sum.failures == 0) ? 0 : 1;
}

int main(int argc, char **argv)
{
    char root[] = "/tmp/linli-crash-XXXXXX";
    int64_t points = 200, seed = 1;
    bool off = false, good = true;
    for (int i = 1; i < argc && good; i++) {
        off = off || strcmp(argv[i], "--off") == 0;
        if (strcmp(argv[i], "--points") == 0)
            good = ++i < argc && str_int(str_of(argv[i]), &points);
        else if (strcmp(argv[i], "--seed") == 0)
            good = ++i < argc && str_int(str_of(argv[i]), &seed);
        else
            good = strcmp(argv[i], "--off") == 0;
    }
    if (!good) {
        fprintf(stderr, "use: crash [--points N] [--seed S] [--off]\n");
        return 2;
    }
    if (!mkdtemp(root) || !lossy_register()) {
        fprintf(stderr, "crash: no folder under /tmp, or no VFS\n");
        return 1;
    }
    int code = S_run(root, points, (uint64_t)seed, off);
    rmdir(root);
    return code;
}
