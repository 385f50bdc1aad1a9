/* `linli import households --matter NUMBER FILE`: the households of one matter, from CSV. All rows
 * that can be taken become visible together; those that cannot go to a file with the reason. */
#include "cli/cli.h"
#include "cli/import.h"
#include "cli/refused.h"
#include "domain/casework/casework.h"
#include "gate/gate.h"
#include "port/csv.h"

#include <string.h>

struct households_import {
    struct house *house;
    const char *file, *number;
    struct refused_file refused;
    struct csv *csv;
    int label, person, note; /* columns, -1: there is none */
    struct matter m;
    int64_t rows, accepted, known;
};

/* What is wrong with a row; zh NULL: nothing. */
struct wrong {
    const char *column, *zh, *en;
};

static int S_column(const struct csv *csv, const char *en, const char *zh)
{
    int at = csv_column(csv, en);
    return at >= 0 ? at : csv_column(csv, zh);
}

static struct str S_value(const struct csv_row *row, int column)
{
    struct str s = column >= 0 ? str_trim(row->values[column]) : NO_STR;
    return s.n ? s : NO_STR;
}

static enum err S_open(struct households_import *in)
{
    struct csv_fault fault = {0};
    struct store *db = &in->house->db;
    enum err err = csv_open(in->file, CSV_ROW_MAX, &in->csv, &fault);
    if (err == ERR_INVALID)
        return store_fault(db, err, "", "head", fault.zh, fault.en);
    TRY(err);
    in->label = S_column(in->csv, "label", "户");
    in->person = S_column(in->csv, "id_number", "身份证号");
    in->note = S_column(in->csv, "note", "备注");
    return in->label >= 0
               ? OK
               : store_fault(db, ERR_INVALID, "label", "required", "缺少“label”（或“户”）这一列。",
                             "There is no column \"label\" (or 户).");
}

/* By number, which two counties may share, or by id. */
static enum err S_matter(struct households_import *in)
{
    struct store *db = &in->house->db;
    struct str number = str_of(in->number);
    int64_t id = 0, found = 0;
    if (!str_int(number, &id)) {
        TRY(store_int(db, "SELECT count(*) FROM matter WHERE number = $1", ARGS(A_TEXT(number)),
                      &found));
        if (found > 1)
            return store_fault(db, ERR_INVALID, "--matter", "several",
                               "有几件事是这个编号，请改用 id。",
                               "Several matters have this number: give the id.");
        enum err err =
            store_int(db, "SELECT id FROM matter WHERE number = $1", ARGS(A_TEXT(number)), &id);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    enum err err = matter_load(db, id, &in->m);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_INVALID, "--matter", "unknown", "没有这件事。",
                           "There is no such matter.");
    TRY(err);
    return in->m.open == YES ? OK
                             : store_fault(db, ERR_INVALID, "--matter", "closed",
                                           "这件事已经办结。", "The matter is closed.");
}

static bool S_fits(struct str s, size_t most)
{
    return utf8_count(s) <= most && !memchr(s.p ? s.p : "", '\n', s.n);
}

/* Somebody on record in the matter's county. */
static enum err S_person(struct households_import *in, struct str number, int64_t *ret,
                         struct wrong *why)
{
    struct store *db = &in->house->db;
    if (!number.p)
        return OK;
    struct str index = vault_hash_str(db->world->vault, HASH_ID_NUMBER, number, db->arena);
    if (!index.p)
        return ERR_MEMORY;
    enum err err = store_int(db, "SELECT id FROM person WHERE county = $1 AND id_index = $2",
                             ARGS(A_INT(ID_COUNTY(in->m.id)), A_BLOB(index)), ret);
    if (err == ERR_NOT_FOUND)
        *why = (struct wrong){"id_number", "没有登记过这个身份证号码的人。",
                              "Nobody with this ID number is on record."};
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err S_row(struct households_import *in, const struct csv_row *row, struct wrong *why)
{
    struct store *db = &in->house->db;
    struct household_new new = {
        .id = in->m.id, .label = S_value(row, in->label), .note = S_value(row, in->note)};
    int64_t id = 0;
    if (!new.label.p || !S_fits(new.label, HOUSEHOLD_LABEL_MAX))
        *why = (struct wrong){"label", "户名要写在一行里，1 到 60 个字。",
                              "A household is one line of 1 to 60 characters."};
    else if (utf8_count(new.note) > HOUSEHOLD_NOTE_MAX)
        *why = (struct wrong){"note", "备注最多 200 个字。", "A note has 200 characters at most."};
    else
        TRY(S_person(in, S_value(row, in->person), &new.person, why));
    if (why->zh)
        return OK;
    enum err err = household_create(db, &new, &id);
    if (err != ERR_CONFLICT) {
        in->accepted += err == OK;
        return err;
    }
    const struct fault f = db->problem->faults[0];
    *db->problem = (struct problem){0};
    if (str_eq(f.code, S("taken")))
        in->known++;
    else
        *why = (struct wrong){"label", f.zh.p, f.en.p};
    return OK;
}

static enum err S_rows(struct households_import *in)
{
    struct csv_row row;
    while (csv_next(in->csv, &row)) {
        struct wrong why = {.zh = row.fault.zh, .en = row.fault.en};
        in->rows++;
        if (!why.zh)
            TRY(S_row(in, &row, &why));
        if (why.zh)
            TRY(refused_row(&in->refused, row.line, why.column, why.zh, why.en));
    }
    return csv_error(in->csv);
}

static enum err S_import(struct households_import *in)
{
    const struct actor nobody = {0};
    struct store *db = &in->house->db;
    TRY(S_matter(in));
    TRY(S_rows(in));
    if (!in->accepted)
        return OK;
    TRY(households_imported(db, in->m.id, in->accepted));
    *db->note = (struct note){.subject = in->m.id,
                              .district = in->m.district,
                              .street = in->m.street,
                              .reason = arena_printf(db->arena, "linli import households: %lld",
                                                     (long long)in->accepted)};
    return audit_write(db, &nobody, "households.import");
}

static int S_run(struct households_import *in)
{
    struct conn *conn = in->house->db.conn;
    enum err err = S_open(in);
    if (err == OK)
        err = conn_begin(conn);
    if (err != OK)
        return house_fault(in->house, err, in->file);
    err = S_import(in);
    if (err == OK)
        err = refused_flush(&in->refused);
    if (err == OK)
        err = conn_commit(conn);
    if (err != OK) {
        conn_rollback(conn);
        return house_fault(in->house, err, in->file);
    }
    printf(STR_F ": read %lld, accepted %lld, known already %lld, refused %lld\n",
           STR_A(in->m.number), (long long)in->rows, (long long)in->accepted, (long long)in->known,
           (long long)in->refused.n);
    refused_print(&in->refused);
    return EXIT_DONE;
}

int import_households(int argc, char **argv)
{
    const char *words[2], *data = "data", *matter = NULL, *refused = NULL;
    const struct cli_option options[] = {
        {"data", &data, NULL}, {"matter", &matter, NULL}, {"refused", &refused, NULL}};
    struct house h;
    size_t n = 0;
    bool help = false;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 2 || !matter)
        return cli_misuse("import", "请给出 CSV 文件和 --matter 事项编号。",
                          "Name the CSV file, and the matter with --matter.");
    code = house_enter(data, &h);
    if (code != EXIT_DONE)
        return code;
    struct households_import *in = ARENA_NEW(h.arena, struct households_import);
    code = EXIT_FAILED;
    if (in) {
        in->house = &h;
        in->file = words[1];
        in->number = matter;
        code = refused_name(&in->refused, refused, words[1]) ? S_run(in) : EXIT_USAGE;
        refused_close(&in->refused);
        csv_close(in->csv);
    }
    house_close(&h);
    return code;
}
