/* The files under web/plain, embedded by tools/embed.sh in byte order of path. The data are
 * constants. */
#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

#include <stddef.h>

struct asset {
    const char *path; /* below web/plain, with a slash in front: "/page.css"; a page without its
                       * .html, "/in", and index.html as "/" */
    const char *type; /* media type, as the Content-Type header says it */
    const unsigned char *data;
    size_t size; /* bytes; one NUL stands after them */
};

extern const struct asset assets[]; /* one more, all zero, after the last */
extern const size_t asset_count;

#endif
