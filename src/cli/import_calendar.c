/* `linli import calendar FILE`: the published holidays and make-up days, from chinese-days.json:
 *   {"holidays": {"2026-01-01": "New Year's Day,元旦,1", …}, "workdays": {…}, …}
 * The file is the truth for every year it names: what the store has of these years becomes what
 * the file says, the other years stay. */
#include "cli/cli.h"
#include "cli/import.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 16 << 20, YEAR_FIRST = 1949, YEAR_LAST = 2199 };

struct calendar_import {
    const char *path;
    const json_t *holidays, *workdays;
    bool years[YEAR_LAST + 1];
    int64_t off, worked, changed;
    int faults;
};

static void S_fault(struct calendar_import *in, const char *list, const char *date, const char *zh,
                    const char *en)
{
    if (date)
        fprintf(stderr, "%s: /%s/%s: %s / %s\n", in->path, list, date, zh, en);
    else
        fprintf(stderr, "%s: /%s: %s / %s\n", in->path, list, zh, en);
    in->faults++;
}

/* "2026-01-01", a day that there is. */
static bool S_day(const char *date, int64_t *day, int *year)
{
    struct str rest = str_of(date);
    int64_t part[3];
    int y = 0, m = 0, d = 0;
    if (rest.n != 10 || date[4] != '-' || date[7] != '-')
        return false;
    for (int i = 0; i < 3; i++) {
        if (!str_int(str_split(&rest, '-'), &part[i]))
            return false;
    }
    if (part[0] < YEAR_FIRST || part[0] > YEAR_LAST || part[1] < 1 || part[1] > 12 || part[2] < 1)
        return false;
    *year = (int)part[0];
    *day = day_from_civil(*year, (int)part[1], (int)part[2]);
    day_to_civil(*day, &y, &m, &d);
    return y == part[0] && m == part[1] && d == part[2];
}

/* "Spring Festival,春节,4" is 春节; a value of another form is the name as it stands. */
static struct str S_name(const char *value)
{
    struct str rest = str_of(value);
    struct str english = str_split(&rest, ',');
    struct str chinese = rest.p ? str_split(&rest, ',') : NO_STR;
    return chinese.n ? chinese : english;
}

static void S_check_list(struct calendar_import *in, const char *list, const json_t *days)
{
    const char *date = NULL;
    json_t *value = NULL;
    int64_t day = 0;
    int year = 0;
    if (!json_is_object(days)) {
        S_fault(in, list, NULL, "缺少这一部分。", "This part is missing.");
        return;
    }
    json_object_foreach((json_t *)days, date, value)
    {
        if (!S_day(date, &day, &year))
            S_fault(in, list, date, "不是有效的日期（年-月-日）。", "Not a date (YYYY-MM-DD).");
        else if (!json_is_string(value))
            S_fault(in, list, date, "名称应当是文字。", "The name must be a text.");
        else
            in->years[year] = true;
        if (days == in->workdays && json_object_get(in->holidays, date))
            S_fault(in, list, date, "同一天不能既放假又上班。",
                    "A day cannot be both off and worked.");
    }
}

static enum err S_put_list(struct store *db, struct calendar_import *in, const json_t *days,
                           bool works)
{
    const char *date = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)days, date, value)
    {
        int64_t day = 0, changed = 0;
        int year = 0;
        if (!S_day(date, &day, &year))
            return ERR_INVALID;
        TRY(store_exec(db,
                       "INSERT INTO calendar_day (day, works, name) VALUES ($1, $2, $3) "
                       "ON CONFLICT (day) DO UPDATE SET works = excluded.works, "
                       "name = excluded.name WHERE calendar_day.works <> excluded.works "
                       "OR calendar_day.name <> excluded.name",
                       ARGS(A_INT(day), A_INT(works), A_TEXT(S_name(json_string_value(value)))),
                       &changed));
        in->changed += changed;
        in->off += !works;
        in->worked += works;
    }
    return OK;
}

struct day_row {
    int64_t day;
};
static const struct field day_fields[] = {F_INT(struct day_row, day)};
static const struct entity day_entity = ENTITY(struct day_row, "ImportedDay", day_fields);

/* Days that the store has of the file's years, and the file no longer. */
static enum err S_drop(struct store *db, struct calendar_import *in)
{
    struct list rows;
    TRY(store_all(db, "SELECT day FROM calendar_day ORDER BY day", NO_ARGS, &day_entity, 200000,
                  &rows));
    const struct day_row *row = rows.items;
    for (size_t i = 0; i < rows.n; i++) {
        char date[48];
        int y = 0, m = 0, d = 0;
        day_to_civil(row[i].day, &y, &m, &d);
        snprintf(date, sizeof date, "%04d-%02d-%02d", y, m, d);
        if (y < YEAR_FIRST || y > YEAR_LAST || !in->years[y] ||
            json_object_get(in->holidays, date) || json_object_get(in->workdays, date))
            continue;
        TRY(store_exec(db, "DELETE FROM calendar_day WHERE day = $1", ARGS(A_INT(row[i].day)),
                       NULL));
        in->changed++;
    }
    return OK;
}

static enum err S_put(struct store *db, void *arg)
{
    struct calendar_import *in = arg;
    TRY(S_drop(db, in));
    TRY(S_put_list(db, in, in->holidays, false));
    return S_put_list(db, in, in->workdays, true);
}

static int S_store(struct house *h, struct calendar_import *in)
{
    int first = YEAR_LAST, last = 0;
    struct job job = {.run = S_put, .arg = in, .arena = h->arena, .problem = &h->problem};
    enum err err = writer_run(h->db.conn, &h->world, h->db.now, &job);
    if (err == OK)
        err = job.err;
    if (err != OK)
        return house_fault(h, err, in->path);
    for (int year = YEAR_FIRST; year <= YEAR_LAST; year++) {
        if (in->years[year]) {
            first = year < first ? year : first;
            last = year;
        }
    }
    printf("%d–%d: %lld days off, %lld make-up days, %lld changed\n", first, last,
           (long long)in->off, (long long)in->worked, (long long)in->changed);
    return EXIT_DONE;
}

static int S_import(struct house *h, const char *path)
{
    struct calendar_import in = {.path = path};
    struct str text = NO_STR;
    json_error_t where;
    enum err err = file_read(path, FILE_MAX, h->arena, &text);
    if (err != OK)
        return house_fault(h, err, path);
    json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &where);
    if (!root) {
        file_fault(path, where.line, where.column, S("不是有效的 JSON。"), str_of(where.text));
        return EXIT_REFUSED;
    }
    in.holidays = json_object_get(root, "holidays");
    in.workdays = json_object_get(root, "workdays");
    S_check_list(&in, "holidays", in.holidays);
    S_check_list(&in, "workdays", in.workdays);
    int code = in.faults ? EXIT_REFUSED : S_store(h, &in);
    json_decref(root);
    return code;
}

int import_calendar(int argc, char **argv)
{
    const char *words[2], *data = "data";
    size_t n = 0;
    bool help = false;
    const struct cli_option options[] = {{"data", &data, NULL}};
    struct house h;
    int code =
        cli_options(argc, argv, options, COUNT_OF(options), words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 2)
        return cli_misuse("import", "请给出日历文件。", "Name the calendar file.");
    code = house_open(data, &h);
    if (code != EXIT_DONE)
        return code;
    code = S_import(&h, words[1]);
    house_close(&h);
    return code;
}
