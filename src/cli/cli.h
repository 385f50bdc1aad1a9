/* What the commands share: one file a command, each `int cli_NAME(int argc, char **argv)` with
 * argv[0] its own name; the result is the exit code. Words go to stdout, faults to stderr. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "gate/world.h"
#include "store/writer.h"

#define LINLI_VERSION "0.1.0"

/* Exit codes, as in sysexits: 0 done, 1 failed, 2 wrong use, 3 input refused. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

struct cli_command {
    const char *name, *summary, *usage; /* usage: the whole --help text */
    int (*run)(int argc, char **argv);
};
extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;
const struct cli_command *cli_find(const char *name);

int cli_serve(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_pack(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_restore(int argc, char **argv);
int cli_figures(int argc, char **argv);
int cli_routes(int argc, char **argv);
int cli_openapi(int argc, char **argv);
int cli_version(int argc, char **argv);

/* What is wrong with a file, as `FILE:line:column: zh / en` on stderr; line or column 0: none. */
void file_fault(const char *path, int64_t line, int64_t column, struct str zh, struct str en);

/* Options are `--name value` or `--name=value` and flags `--name`, in any order around the words.
 * Returns EXIT_DONE, or after saying why EXIT_USAGE; --help prints the command's usage and sets
 * *help. A word that begins with a dash stands behind `--`. At most words_max
 * words. */
struct cli_option {
    const char *name;   /* without the dashes */
    const char **value; /* options that take one */
    bool *flag;         /* flags */
};
int cli_options(int argc, char **argv, const struct cli_option *options, size_t n,
                const char **words, size_t words_max, size_t *word_count, bool *help);

/* Says what is wrong with how a command was called; returns EXIT_USAGE. */
int cli_misuse(const char *command, const char *zh, const char *en);

/* A data folder opened for work from the command line: owned, migrated, vault and world loaded. A
 * folder whose records are sealed with another master key than keys/master.key, or which lacks it,
 * is refused: a new key made in its place would hide the loss. */
struct house {
    struct database *database;
    struct vault *vault;
    struct world world;
    struct arena *arena;
    struct problem problem;
    struct note note;
    struct clock clock;
    struct store db; /* on the writing connection */
};
MUST int house_open(const char *folder, struct house *ret); /* says what is wrong; an exit code */

/* The same, but a folder that is no data folder yet is refused, not made: for commands that only
 * mean something where there is data, so that a mistyped name leaves nothing behind. */
MUST int house_enter(const char *folder, struct house *ret);
void house_close(struct house *h);

/* Does the vault's master key open what the database holds? Says so if not; an exit code. */
int house_key_fits(struct house *h, const char *folder);

/* Prints the problem's faults, or `what` with the error's name, to stderr; returns an exit code. */
int house_fault(const struct house *h, enum err err, const char *what);

/* A progress bar on a terminal, a line now and then elsewhere, on stderr. all 0: unknown. At the
 * end a line with what was done and how long it took, on stdout. */
struct progress {
    const char *what;
    int64_t all, done, shown_at, started_at; /* times in µs, as of clock_ticks */
    bool tty;
};
struct progress progress_start(const char *what, int64_t all);
void progress_step(struct progress *p, int64_t done);
void progress_end(struct progress *p, const char *unit);

/* A whole file in the arena. */
MUST enum err file_read(const char *path, size_t max, struct arena *a, struct str *ret);

#endif
