/* Arguments → one command; its exit code is the program's, and nothing else ends it. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void S_overview(FILE *out)
{
    fputs("Linli 邻里: takes in what residents need, gets it done, and proves it was done.\n\n"
          "usage: linli COMMAND …\n\n",
          out);
    for (size_t i = 0; i < cli_command_count; i++)
        fprintf(out, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].summary);
    fputs("\nlinli COMMAND --help tells more.\n", out);
}

static int S_run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        S_overview(stdout);
        return EXIT_DONE;
    }
    const struct cli_command *command = cli_find(strcmp(name, "--version") ? name : "version");
    if (!command) {
        fprintf(stderr, "linli: 没有 %s 这个命令。 / There is no command %s.\n\n", name, name);
        S_overview(stderr);
        return EXIT_USAGE;
    }
    return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    umask(0077); /* what Linli writes is its owner's alone */
    int code = S_run(argc, argv);
    if (fflush(stdout) != 0 && code == EXIT_DONE) {
        perror("linli: stdout");
        code = EXIT_FAILED;
    }
    return code;
}
