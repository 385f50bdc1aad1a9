/* linli figures: read figures without a server, and prove them. */
#include "cli/cli.h"
#include "domain/figure/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STEP_ARENA = 1 << 30 };

struct figures_options {
    const char *data, *unit, *from, *to, *by, *indicator;
    bool repair, help;
};

/* ---- show ---- */

static void S_print_row(const struct figure_row *r)
{
    const struct str group = r->month.p    ? r->month
                             : r->kind.p   ? r->kind
                             : r->source.p ? r->source
                                           : r->unit_name;
    printf(STR_F "\t" STR_F "\t%lld\t%lld\t%lld\t", STR_A(r->indicator),
           STR_A(group.p ? group : S("-")), (long long)r->numerator, (long long)r->denominator,
           (long long)r->left_out);
    if (isfinite(r->value))
        printf("%.4f", r->value);
    else
        printf("-");
    const struct figure_quantile *q = r->quantiles.items;
    for (size_t i = 0; i < r->quantiles.n; i++)
        printf("\tp%lld=%lld", (long long)q[i].percent, (long long)q[i].ms);
    putchar('\n');
}

static int S_show(struct house *h, const struct figures_options *o)
{
    struct figure_query in = {.indicator = str_of(o->indicator),
                              .from = str_of(o->from),
                              .to = str_of(o->to),
                              .by = str_of(o->by)};
    struct unit unit;
    struct figures figures;
    enum err err = place_by_code(&h->db, str_of(o->unit), &unit);
    if (err == ERR_NOT_FOUND) {
        fprintf(
            stderr,
            "linli: --unit %s: 没有这个代码的地方；街道的如 620102003，市的如 6201。 / No place "
            "has this code; a street's is like 620102003, a city's like 6201.\n",
            o->unit);
        return EXIT_REFUSED;
    }
    if (err == OK) {
        in.unit = unit.id;
        err = figures_list(&h->db, NULL, &in, &figures);
    }
    if (err != OK)
        return house_fault(h, err, o->unit);
    const struct figure_row *row = figures.rows.items;
    printf("# " STR_F " " STR_F " … " STR_F "\n", STR_A(figures.unit_name), STR_A(figures.from),
           STR_A(figures.to));
    puts("# indicator\tof\tnumerator\tdenominator\tleft out\tvalue");
    for (size_t i = 0; i < figures.rows.n; i++)
        S_print_row(&row[i]);
    return EXIT_DONE;
}

/* ---- check ---- */

/* What the server would have read by and by, a transaction a step. */
static enum err S_catch_up(struct store *db, struct progress *progress)
{
    struct store own = *db;
    int64_t done = 0;
    enum err err = OK;
    own.arena = arena_new(STEP_ARENA);
    if (!own.arena)
        return ERR_MEMORY;
    do {
        arena_reset(own.arena);
        err = conn_begin(own.conn);
        if (err == OK)
            err = figures_read(&own, FIGURES_STEP, SIZE_MAX, &done);
        if (err == OK)
            err = conn_commit(own.conn);
        if (err == OK)
            progress_step(progress, progress->done + done);
    } while (err == OK && done);
    if (err != OK && conn_in_transaction(own.conn))
        conn_rollback(own.conn);
    arena_free(own.arena);
    return err;
}

/* In one transaction, kept only when it is a repair. */
static enum err S_prove(struct store *db, bool repair, struct figures_verdict *ret)
{
    TRY(conn_begin(db->conn));
    enum err err = figures_check(db, repair, ret);
    if (err == OK && repair)
        return conn_commit(db->conn);
    conn_rollback(db->conn);
    return err;
}

static int S_count(struct house *h)
{
    struct figures_at at;
    enum err err = figures_where(&h->db, &at);
    struct progress progress = progress_start("Events", at.waiting);
    if (err == OK)
        err = S_catch_up(&h->db, &progress);
    if (err != OK)
        return house_fault(h, err, "figures");
    progress_end(&progress, "events counted in");
    return EXIT_DONE;
}

static int S_check(struct house *h, bool repair)
{
    struct figures_verdict v = {0};
    int code = S_count(h);
    if (code != EXIT_DONE)
        return code;
    enum err err = S_prove(&h->db, repair, &v);
    if (err != OK)
        return house_fault(h, err, "figures");
    bool wrong = v.wrong_matters || v.wrong_sums;
    printf("  matters %lld, parts %lld, sums %lld\n", (long long)v.matters, (long long)v.parts,
           (long long)v.sums);
    printf("  wrong: matters %lld, sums %lld\n", (long long)v.wrong_matters,
           (long long)v.wrong_sums);
    if (!wrong)
        puts("数据与记录一致。 / The figures are those of the records.");
    else if (repair)
        puts("已按记录重新算好。 / They have been computed anew from the records.");
    else
        puts("数据与记录不一致；用 --repair 按记录重新计算。 / The figures are not those of the "
             "records; --repair computes them anew.");
    return wrong && !repair ? EXIT_REFUSED : EXIT_DONE;
}

int cli_figures(int argc, char **argv)
{
    struct figures_options o = {.data = "data"};
    const struct cli_option options[] = {
        {.name = "data", .value = &o.data},   {.name = "unit", .value = &o.unit},
        {.name = "from", .value = &o.from},   {.name = "to", .value = &o.to},
        {.name = "by", .value = &o.by},       {.name = "indicator", .value = &o.indicator},
        {.name = "repair", .flag = &o.repair}};
    const char *words[1];
    size_t n = 0;
    struct house h;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &o.help);
    if (code != EXIT_DONE || o.help)
        return code;
    bool check = n == 1 && strcmp(words[0], "check") == 0;
    bool count = n == 1 && strcmp(words[0], "count") == 0;
    bool show = n == 1 && strcmp(words[0], "show") == 0 && o.unit;
    if (!check && !count && !show)
        return cli_misuse("figures",
                          "用法：linli figures show --unit 代码，或 linli figures check、count。",
                          "Use: linli figures show --unit CODE, linli figures check, or count.");
    code = house_enter(o.data, &h);
    if (code != EXIT_DONE)
        return code;
    code = check ? S_check(&h, o.repair) : count ? S_count(&h) : S_show(&h, &o);
    house_close(&h);
    return code;
}
