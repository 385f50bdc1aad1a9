/* The unit tests' program. Without arguments it runs every module of src/test.h, else the named
 * ones. Exit status: 0 all passed, 1 some failed, 2 a name that is no module. */
#include "test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    int (*run)(void);
};

#define UNIT_ROW(name) {#name, name##_tests},

static const struct unit units[] = {UNIT_TESTS(UNIT_ROW){NULL, NULL}};

static const struct unit *S_find(const char *name)
{
    for (const struct unit *u = units; u->name; u++) {
        if (strcmp(u->name, name) == 0)
            return u;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    bool failed = false;
    for (int i = 1; i < argc; i++) {
        const struct unit *u = S_find(argv[i]);
        if (!u) {
            fprintf(stderr, "no unit tests named %s\n", argv[i]);
            return 2;
        }
        failed |= u->run() != 0;
    }
    for (const struct unit *u = units; argc == 1 && u->name; u++)
        failed |= u->run() != 0;
    return failed;
}
