#include "base/log.h"

#include "base/buf.h"

#include <stddef.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_ = 4096 };

void log_line(enum log_level level, const char *event, const struct log_field *fields)
{
    static const char *const levels[] = {"info", "warn", "error"};
    struct buf line = buf_new(LINE_MAX_);
    struct timespec now;
    struct tm utc;
    char at[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(&line, "{\"at\":\"%s.%03ldZ\",\"level\":\"%s\",\"event\":", at,
               now.tv_nsec / 1000000, levels[level]);
    buf_json(&line, str_of(event));
    for (; fields && fields->name; fields++) {
        buf_char(&line, ',');
        buf_json(&line, str_of(fields->name));
        buf_char(&line, ':');
        if (fields->text)
            buf_json(&line, str_of(fields->text));
        else
            buf_int(&line, fields->number);
    }
    buf_put(&line, S("}\n"));
    /* One write: lines of two threads never mix. A log that cannot be written stops nothing. */
    ssize_t ignored = write(STDERR_FILENO, line.p, line.n);
    (void)ignored;
    buf_free(&line);
}
