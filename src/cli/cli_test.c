#include "cli/cli.h"
#include "domain/place/place.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Commands are run as from main, in a folder of their own, with what they print caught. */
static char root[64];
static int home = -1; /* where the process was, before and after each test */
static char said[16384];

static int S_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int S_setup(void **state)
{
    (void)state;
    strcpy(root, "/tmp/linli-cli-XXXXXX");
    home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return home >= 0 && mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

static int S_teardown(void **state)
{
    (void)state;
    int back = fchdir(home);
    close(home);
    return back == 0 ? nftw(root, S_remove, 16, FTW_DEPTH | FTW_PHYS) : -1;
}

static void S_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static struct {
    int to, out, err;
} caught;

static void S_catch(void)
{
    fflush(stdout);
    caught.out = dup(STDOUT_FILENO);
    caught.err = dup(STDERR_FILENO);
    caught.to = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(caught.to, STDOUT_FILENO);
    dup2(caught.to, STDERR_FILENO);
}

static void S_release(void)
{
    fflush(stdout);
    dup2(caught.out, STDOUT_FILENO);
    dup2(caught.err, STDERR_FILENO);
    ssize_t n = pread(caught.to, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = '\0';
    close(caught.to);
    close(caught.out);
    close(caught.err);
}

/* "import tree cd --data d" */
static int S_run(const char *line)
{
    char words[512], *argv[17] = {NULL}, *rest = words;
    int argc = 0;
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    const struct cli_command *command = cli_find(argv[0]);
    assert_non_null(command);
    S_catch();
    int code = command->run(argc, argv);
    S_release();
    return code;
}

static bool S_said(const char *what)
{
    return strstr(said, what) != NULL;
}

static int64_t S_count(const char *folder, const char *sql)
{
    struct database *d = NULL;
    const char *why = NULL;
    int64_t n = -1;
    assert_int_equal(database_open(str_of(folder), OPEN_OWN, &d, &why), OK);
    struct store db = {.conn = database_writer(d)};
    assert_int_equal(store_int(&db, sql, NO_ARGS, &n), OK);
    database_close(d);
    return n;
}

/* --- Options --- */

static void S_options(void **state)
{
    static const struct {
        const char *args[6];
        int code;
        const char *want; /* a, then flag, then words */
    } cases[] = {
        {{"version"}, EXIT_DONE, "-/0"},
        {{"version", "--a", "x"}, EXIT_DONE, "x/0"},
        {{"version", "--a=x"}, EXIT_DONE, "x/0"},
        {{"version", "--a=x=y"}, EXIT_DONE, "x=y/0"},
        {{"version", "w", "--flag", "v"}, EXIT_DONE, "-/1 w v"},
        {{"version", "w", "--a", "-1"}, EXIT_DONE, "-1/0 w"},
        {{"version", "--", "--flag"}, EXIT_DONE, "-/0 --flag"},
        {{"version", "-"}, EXIT_DONE, "-/0 -"},
        {{"version", "--a"}, EXIT_USAGE, NULL},
        {{"version", "--a="}, EXIT_USAGE, NULL},
        {{"version", "--a", "--flag"}, EXIT_USAGE, NULL},
        {{"version", "--flag=1"}, EXIT_USAGE, NULL},
        {{"version", "--fla"}, EXIT_USAGE, NULL},
        {{"version", "-x"}, EXIT_USAGE, NULL},
        {{"version", "1", "2", "3"}, EXIT_USAGE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *words[2], *a = "-";
        char *argv[7] = {NULL}, got[64];
        bool flag = false, help = false;
        size_t n = 0;
        int argc = 0;
        const struct cli_option options[] = {{"a", &a, NULL}, {"flag", NULL, &flag}};
        for (; argc < 6 && cases[i].args[argc]; argc++)
            argv[argc] = strdup(cases[i].args[argc]);
        S_catch();
        int code = cli_options(argc, argv, options, COUNT_OF(options), words, 2, &n, &help);
        S_release();
        assert_int_equal(code, cases[i].code);
        assert_false(help);
        snprintf(got, sizeof got, "%s/%d%s%s%s%s", a, flag, n > 0 ? " " : "", n > 0 ? words[0] : "",
                 n > 1 ? " " : "", n > 1 ? words[1] : "");
        if (cases[i].want)
            assert_string_equal(got, cases[i].want);
        while (argc)
            free(argv[--argc]);
    }
}

static void S_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_command_count; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s --help", cli_commands[i].name);
        assert_int_equal(S_run(line), EXIT_DONE);
        assert_string_equal(said, cli_commands[i].usage);
        assert_int_equal(strncmp(said, "usage: linli ", 13), 0);
    }
    assert_null(cli_find("nothing"));
}

static void S_wrong_use(void **state)
{
    static const char *const lines[] = {"import",          "import streets", "import tree",
                                        "import calendar", "pack",           "pack check",
                                        "pack eat x",      "backup x",       "backup --data x",
                                        "restore x",       "version words",  "backup a b --data x"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        assert_int_equal(S_run(lines[i]), EXIT_USAGE);
        assert_true(S_said("--help"));
    }
}

/* --- The tree --- */

static void S_tree_files(const char *streets, const char *villages)
{
    mkdir("cd", 0700);
    S_write("cd/provinces.csv", "code,name\n44,\"广东省\"\n62,\"甘肃省\"\n");
    S_write("cd/cities.csv", "code,name,provinceCode\n4419,\"东莞市\",44\n6201,\"兰州市\",62\n");
    S_write("cd/areas.csv", "code,name,cityCode,provinceCode\n441900,\"东莞市\",4419,44\n"
                            "620102,\"城关区\",6201,62\n620103,\"七里河区\",6201,62\n");
    S_write("cd/streets.csv", streets);
    S_write("cd/villages.csv", villages);
}

#define STREETS                                                                                    \
    "code,name,areaCode,provinceCode,cityCode\n441900003,\"东城街道\",441900,44,4419\n"        \
    "620102001,\"酒泉路街道\",620102,62,6201\n620103001,\"西园街道\",620103,62,6201\n"
#define VILLAGES_HEAD "code,name,streetCode,provinceCode,cityCode,areaCode\n"
#define VILLAGES                                                                                   \
    VILLAGES_HEAD "441900003001,\"岗贝社区\",441900003,44,4419,441900\n"                       \
                  "620102001001,\"中街子社区\",620102001,62,6201,620102\n"                    \
                  "620102001002,\"南稍门社区\",620102001,62,6201,620102\n"

static void S_tree(void **state)
{
    (void)state;
    S_tree_files(STREETS, VILLAGES);
    assert_int_equal(S_run("import tree cd --data d"), EXIT_DONE);
    assert_true(S_said("added 13,"));
    assert_int_equal(S_count("d", "SELECT COUNT(*) FROM unit WHERE valid_to IS NULL"), 13);
    assert_int_equal(S_count("d", "SELECT COUNT(*) FROM county"), 4); /* with the nation */
    /* Each carries its ancestors, and the home county number in its id. */
    assert_int_equal(S_count("d",
                             "SELECT COUNT(*) FROM unit u JOIN county c ON c.county = u.county "
                             "JOIN unit d ON d.id = u.district JOIN unit s ON s.id = u.street "
                             "WHERE u.community = u.id AND u.parent = s.id AND s.parent = d.id "
                             "AND d.code = c.code AND d.parent = u.city AND u.id / 8796093022208 = "
                             "u.county"),
                     3);
    assert_int_equal(S_count("d", "SELECT COUNT(*) FROM unit WHERE county = 0"), 4);
    assert_int_equal(S_run("import tree cd --data d"), EXIT_DONE);
    assert_true(S_said("nothing to do"));
    assert_int_equal(S_run("import tree cd --data d --force"), EXIT_DONE);
    assert_true(S_said("added 0, renamed 0, moved 0, ended 0"));
}

/* Other files: a new name, a unit in another place, two gone, one new. */
static void S_tree_again(void **state)
{
    (void)state;
    S_tree_files(STREETS, VILLAGES);
    assert_int_equal(S_run("import tree cd --data d"), EXIT_DONE);
    assert_int_equal(S_count("d", "SELECT id FROM unit WHERE code = '620102001001'"),
                     S_count("d", "SELECT id FROM unit WHERE name = '中街子社区'"));
    int64_t id = S_count("d", "SELECT id FROM unit WHERE code = '620102001001'");
    S_tree_files(STREETS, VILLAGES_HEAD "620102001001,\"新街子社区\",620102001,62,6201,620102\n"
                                        "620103001009,\"新社区\",620103001,62,6201,620103\n"
                                        "620103001010,\"错放社区\",620103001,62,6201,620103\n");
    /* A community made by hand has an audit row, and is not ended. */
    struct house h;
    struct unit made;
    assert_int_equal(house_open("d", &h), EXIT_DONE);
    assert_int_equal(place_by_code(&h.db, S("620102001"), &made), OK);
    const struct unit_new by_hand = {
        .parent = made.id, .level = S("community"), .name = S("新区"), .code = S("620102001099")};
    assert_int_equal(place_create(&h.db, &by_hand, &made), OK);
    assert_int_equal(store_exec(&h.db,
                                "INSERT INTO audit (county, at, account, role, act, subject) "
                                "VALUES (1, 1, 1, 'system_admin', 'units.create', $1)",
                                ARGS(A_INT(made.id)), NULL),
                     OK);
    /* One that was made below the wrong street is put right. */
    const struct unit_new misplaced = {.parent = by_hand.parent,
                                       .level = S("community"),
                                       .name = S("错放社区"),
                                       .code = S("620103001010")};
    assert_int_equal(place_create(&h.db, &misplaced, &made), OK);
    house_close(&h);
    assert_int_equal(S_run("import tree cd --data d"), EXIT_DONE);
    assert_true(S_said("added 1, renamed 1, moved 1, ended 2"));
    assert_int_equal(S_count("d", "SELECT COUNT(*) FROM unit u JOIN unit s ON s.id = u.street "
                                  "WHERE u.name = '错放社区' AND u.parent = s.id AND "
                                  "s.code = '620103001'"),
                     1);
    assert_int_equal(S_count("d", "SELECT id FROM unit WHERE name = '新街子社区'"), id);
    assert_int_equal(S_count("d", "SELECT COUNT(*) FROM unit WHERE code = '620102001099' AND "
                                  "valid_to IS NULL"),
                     1);
    assert_int_equal(S_count("d", "SELECT COUNT(*) FROM unit WHERE valid_to IS NOT NULL AND "
                                  "name IN ('岗贝社区', '南稍门社区')"),
                     2);
}

static void S_tree_refused(void **state)
{
    static const struct {
        const char *streets, *villages, *say;
    } cases[] = {
        {STREETS, VILLAGES_HEAD "620102001001,a,620102001\n", "cd/villages.csv:2:"},
        {STREETS, VILLAGES_HEAD "62010200100,a,620102001,62,6201,620102\n", "digits"},
        {STREETS, VILLAGES_HEAD "62010200100x,a,620102001,62,6201,620102\n", "digits"},
        {STREETS, VILLAGES_HEAD "620102001001,,620102001,62,6201,620102\n", "name is empty"},
        {STREETS, VILLAGES_HEAD "620102009001,a,620102009,62,6201,620102\n", "no unit with"},
        {STREETS, VILLAGES_HEAD "620103001001,a,620102001,62,6201,620102\n", "no unit with"},
        {STREETS, VILLAGES "620102001002,b,620102001,62,6201,620102\n", "cd/villages.csv:5:"},
        {STREETS, VILLAGES "620102001001,b,620102001,62,6201,620102\n", "out of ascending"},
        {STREETS, "code,name\n", "head lacks"},
        {STREETS, "", "empty"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        S_tree_files(cases[i].streets, cases[i].villages);
        assert_int_equal(S_run("import tree cd --data d"), EXIT_REFUSED);
        if (!S_said(cases[i].say))
            fail_msg("%s is not in: %s", cases[i].say, said);
        assert_int_equal(S_count("d", "SELECT COUNT(*) FROM unit"), 0);
        assert_int_equal(S_count("d", "SELECT COUNT(*) FROM county"), 1);
    }
    unlink("cd/streets.csv");
    assert_int_equal(S_run("import tree cd --data d"), EXIT_FAILED);
}

/* --- The calendar --- */

static void S_calendar(void **state)
{
    static const struct {
        const char *json;
        int code;
        int64_t days, off;
    } cases[] = {
        {"{\"holidays\":{\"2025-01-01\":\"New Year's Day,元旦,1\"},\"workdays\":"
         "{\"2025-01-26\":\"Spring Festival,春节,4\",\"2026-01-04\":\"x\"}}",
         EXIT_DONE, 3, 1},
        {"{\"holidays\":{\"2025-02-30\":\"a,b,1\"},\"workdays\":{}}", EXIT_REFUSED, 3, 1},
        {"{\"holidays\":{\"2025-1-1\":\"a,b,1\"},\"workdays\":{}}", EXIT_REFUSED, 3, 1},
        {"{\"holidays\":{\"2025-01-02\":5},\"workdays\":{}}", EXIT_REFUSED, 3, 1},
        {"{\"holidays\":{\"2025-01-02\":\"a\"},\"workdays\":{\"2025-01-02\":\"a\"}}", EXIT_REFUSED,
         3, 1},
        {"{\"holidays\":{}}", EXIT_REFUSED, 3, 1},
        {"[1,", EXIT_REFUSED, 3, 1},
        /* The file is the truth for 2025, and says nothing of 2026. */
        {"{\"holidays\":{\"2025-01-26\":\"a,b,1\",\"2025-05-01\":\"c\"},\"workdays\":{}}",
         EXIT_DONE, 3, 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        S_write("days.json", cases[i].json);
        assert_int_equal(S_run("import calendar days.json --data d"), cases[i].code);
        assert_int_equal(S_count("d", "SELECT COUNT(*) FROM calendar_day"), cases[i].days);
        assert_int_equal(S_count("d", "SELECT COUNT(*) FROM calendar_day WHERE works = 0"),
                         cases[i].off);
    }
    assert_int_equal(S_count("d", "SELECT day FROM calendar_day WHERE name = 'b'"), 20114);
    assert_int_equal(S_run("import calendar days.json --data d"), EXIT_DONE);
    assert_true(S_said("0 changed"));
}

/* --- Backup and restore --- */

/* A folder in which something is sealed. */
static void S_sealed(const char *folder)
{
    struct house h;
    unsigned char key[KEY_SIZE];
    struct str wrapped;
    assert_int_equal(house_open(folder, &h), EXIT_DONE);
    assert_int_equal(vault_new_key(&h.db, 0, key, &wrapped), OK);
    house_close(&h);
}

static void S_backup(void **state)
{
    struct database *d = NULL;
    const char *why = NULL;
    struct stat st;
    (void)state;
    S_sealed("d");
    /* While another holds the folder. */
    assert_int_equal(database_open(S("d"), OPEN_OWN, &d, &why), OK);
    assert_int_equal(S_run("backup b --data d"), EXIT_DONE);
    assert_true(S_said("d/keys/master.key"));
    assert_int_equal(S_run("backup bk/ --data d --with-key"), EXIT_DONE);
    database_close(d);
    assert_int_equal(access("b/master.key", F_OK), -1);
    assert_int_equal(access("b.partial", F_OK), -1);
    assert_int_equal(stat("bk/master.key", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(S_run("backup b --data d"), EXIT_REFUSED);
    assert_int_equal(S_run("backup c --data nowhere"), EXIT_FAILED);
    assert_int_equal(access("c", F_OK), -1);
    assert_int_equal(access("c.partial", F_OK), -1);

    assert_int_equal(S_run("restore bk --data r1"), EXIT_DONE);
    S_sealed("r1"); /* opens: the key fits */
    assert_int_equal(S_run("restore bk --data r1"), EXIT_REFUSED);
    assert_int_equal(S_run("restore b --data r2 --key d/keys/master.key"), EXIT_DONE);
    S_sealed("r2");
    /* Without the key nothing may be opened: a new key in its place would hide the loss. */
    struct house h;
    assert_int_equal(S_run("restore b --data r3"), EXIT_DONE);
    assert_true(S_said("r3/keys/master.key"));
    S_write("days.json", "{\"holidays\":{},\"workdays\":{}}");
    assert_int_equal(S_run("import calendar days.json --data r3"), EXIT_REFUSED);
    assert_int_equal(access("r3/keys", F_OK), -1);
    /* Nor with another key. */
    S_sealed("other");
    assert_int_equal(S_run("restore b --data r4 --key other/keys/master.key"), EXIT_REFUSED);
    assert_true(S_said("not the key"));
    assert_int_equal(access("r4/linli.db", F_OK), -1);
    assert_int_equal(S_run("restore b --data r4 --key d/keys/master.key"), EXIT_DONE);
    assert_int_equal(house_open("r4", &h), EXIT_DONE);
    house_close(&h);
}

static void S_damaged(void **state)
{
    (void)state;
    S_sealed("d");
    assert_int_equal(S_run("backup b --data d --with-key"), EXIT_DONE);
    int fd = open("b/linli.db", O_RDWR);
    char c = 0;
    assert_int_equal(pread(fd, &c, 1, 5000), 1);
    c ^= 1;
    assert_int_equal(pwrite(fd, &c, 1, 5000), 1);
    assert_int_equal(S_run("restore b --data r"), EXIT_REFUSED);
    assert_true(S_said("damaged or altered"));
    c ^= 1;
    assert_int_equal(pwrite(fd, &c, 1, 5000), 1);
    close(fd);
    assert_int_equal(rename("b/master.key", "key"), 0);
    assert_int_equal(S_run("restore b --data r"), EXIT_FAILED);
    S_write("b/master.key", "0123456789abcdef0123456789abcdef");
    assert_int_equal(S_run("restore b --data r"), EXIT_REFUSED);
    assert_int_equal(access("r", F_OK), -1); /* nothing was begun */
    assert_int_equal(rename("key", "b/master.key"), 0);
    /* What a broken-off restore left does not stand in the way; anything else does. */
    mkdir("r", 0700);
    mkdir("r/restore.partial", 0700);
    S_write("r/restore.partial/linli.db", "half");
    S_write("r/note", "mine");
    assert_int_equal(S_run("restore b --data r"), EXIT_REFUSED);
    assert_int_equal(unlink("r/note"), 0);
    assert_int_equal(S_run("restore b --data r"), EXIT_DONE);
    assert_int_equal(unlink("b/SHA256SUMS"), 0);
    assert_int_equal(S_run("restore b --data r5"), EXIT_REFUSED);
}

static void S_pack(void **state)
{
    (void)state;
    S_write("bad.yaml", "pack: x\nfoo: [\n");
    assert_int_equal(S_run("pack check bad.yaml"), EXIT_REFUSED);
    assert_true(S_said("bad.yaml:3:1: "));
    assert_true(S_said(" / "));
    assert_int_equal(S_run("pack check none.yaml"), EXIT_FAILED);
}

int cli_tests(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, S_setup, S_teardown)
    const struct CMUnitTest tests[] = {
        TEST(S_options),    TEST(S_help),         TEST(S_wrong_use), TEST(S_tree),
        TEST(S_tree_again), TEST(S_tree_refused), TEST(S_calendar),  TEST(S_backup),
        TEST(S_damaged),    TEST(S_pack),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
