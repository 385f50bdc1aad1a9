#include "cli/cli.h"

#include <stdio.h>

int cli_version(int argc, char **argv)
{
    size_t n = 0;
    bool help = false;
    int code = cli_options(argc, argv, NULL, 0, NULL, 0, &n, &help);
    if (code == EXIT_DONE && !help)
        printf("linli %s, %s\n", LINLI_VERSION, store_engine());
    return code;
}
