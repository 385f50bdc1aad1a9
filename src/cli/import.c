#include "cli/import.h"

#include "cli/cli.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} subjects[] = {
    {"tree", import_tree},
    {"calendar", import_calendar},
    {"matters", import_matters},
    {"households", import_households},
};

int cli_import(int argc, char **argv)
{
    const char *words[1];
    size_t n = 0;
    bool help = false;
    for (size_t i = 0; argc > 1 && i < COUNT_OF(subjects); i++) {
        if (strcmp(argv[1], subjects[i].name) == 0)
            return subjects[i].run(argc, argv);
    }
    if (argc > 1) {
        int code = cli_options(argc, argv, NULL, 0, words, COUNT_OF(words), &n, &help);
        if (code != EXIT_DONE || help)
            return code;
    }
    return cli_misuse("import", "要导入什么：tree、calendar、matters 或 households？",
                      "Import what: tree, calendar, matters or households?");
}
