#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

enum { PACK_ARENA = 64 << 20, PACK_FILE_MAX = 4 << 20 };

/* Whether the file is a pack that can be put into force; every mistake is told. */
static int S_check(const char *path, struct house *h)
{
    struct pack_report report = {.arena = h->arena};
    struct pack *pack = NULL;
    struct str yaml = NO_STR;
    enum err err = file_read(path, PACK_FILE_MAX, h->arena, &yaml);
    if (err == OK)
        err = pack_load(yaml, &report, &pack);
    for (size_t i = 0; i < report.n; i++) {
        const struct pack_fault *f = &report.faults[i];
        file_fault(path, f->line, f->column, f->zh, f->en);
    }
    if (err != OK)
        return report.n ? EXIT_REFUSED : house_fault(h, err, path);
    printf("%s: " STR_F " (" STR_F "), %zu kinds, %zu categories\n", path, STR_A(pack->name.zh),
           STR_A(pack->pack), pack->kind_count, pack->category_count);
    pack_free(pack);
    return EXIT_DONE;
}

int cli_pack(int argc, char **argv)
{
    const char *words[2];
    size_t n = 0;
    bool help = false;
    int code = cli_options(argc, argv, NULL, 0, words, COUNT_OF(words), &n, &help);
    if (code != EXIT_DONE || help)
        return code;
    if (n != 2 || strcmp(words[0], "check") != 0)
        return cli_misuse("pack", "用法：linli pack check 文件。", "Use: linli pack check FILE.");
    /* No data folder is needed: only its arena and problem, to speak with one voice. */
    struct house h = {.arena = arena_new(PACK_ARENA)};
    code = h.arena ? S_check(words[1], &h) : house_fault(&h, ERR_MEMORY, words[1]);
    arena_free(h.arena);
    return code;
}
