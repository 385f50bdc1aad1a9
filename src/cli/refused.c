#include "cli/refused.h"

bool refused_name(struct refused_file *r, const char *path, const char *file)
{
    int length =
        snprintf(r->path, sizeof r->path, "%s%s", path ? path : file, path ? "" : ".refused.csv");
    return length > 0 && length < (int)sizeof r->path;
}

static void S_quoted(FILE *f, const char *text)
{
    putc('"', f);
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            putc('"', f);
        putc(*p, f);
    }
    putc('"', f);
}

enum err refused_row(struct refused_file *r, int64_t line, const char *column, const char *zh,
                     const char *en)
{
    r->n++;
    if (!r->file) {
        r->file = fopen(r->path, "we");
        if (!r->file)
            return ERR_IO;
        fputs("line,column,zh,en\r\n", r->file);
    }
    fprintf(r->file, "%lld,", (long long)line);
    S_quoted(r->file, column ? column : "");
    putc(',', r->file);
    S_quoted(r->file, zh);
    putc(',', r->file);
    S_quoted(r->file, en);
    return fputs("\r\n", r->file) < 0 ? ERR_IO : OK;
}

enum err refused_flush(struct refused_file *r)
{
    return r->file && fflush(r->file) != 0 ? ERR_IO : OK;
}

void refused_close(struct refused_file *r)
{
    if (r->file)
        fclose(r->file);
    r->file = NULL;
}

void refused_print(const struct refused_file *r)
{
    if (r->file)
        printf("  没有收下的行和原因 / refused rows and why: %s\n", r->path);
}
