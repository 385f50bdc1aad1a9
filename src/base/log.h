/* Structured log lines on stderr, one JSON object a line: time, level, event and a few fields.
 * Never personal data: fields are numbers, operationIds, error names. Only http and cli log. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    const char *text; /* NULL: the number */
    int64_t number;
};
#define L_TEXT(name_, value)                                                                       \
    {                                                                                              \
        .name = (name_), .text = (value)                                                           \
    }
#define L_INT(name_, value)                                                                        \
    {                                                                                              \
        .name = (name_), .number = (value)                                                         \
    }
#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__, {.name = NULL}})

void log_line(enum log_level level, const char *event, const struct log_field *fields);

#endif
