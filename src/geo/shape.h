/* Shapes: the polygons of units, and the question whether one covers a position. The only user of
 * GEOS; no other file includes it. A shape comes in as a GeoJSON geometry (RFC 7946, Polygon or
 * MultiPolygon) in any datum, is checked, and is WGS-84 from then on, rounded to 1e-7 degrees
 * (1 cm). It is kept as WKB, and sent with its outer rings counterclockwise.
 *
 * Whoever asks often asks a shape_cache: prepared geometries, found by id and stamp (a hash of the
 * WKB), so that what is kept can never be another's or outdated, and nothing has to be told when a
 * shape changes. Any thread may ask: a prepared geometry is finished by its first question, so each
 * is asked under the lock of its stripe, which has a GEOS context of its own. */
#ifndef GEO_SHAPE_H
#define GEO_SHAPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/problem.h"
#include "geo/datum.h"

#include <jansson.h>

enum { SHAPE_POINTS_MAX = 20000, SHAPE_RINGS_MAX = 1000 };

struct box {
    double west, south, east, north;
};

struct shape {
    struct str wkb; /* in the arena */
    int64_t stamp;  /* hash of the WKB, not negative */
    int64_t points;
    bool mended;
    struct box box;
};

/* Reads and checks a geometry. ERR_INVALID with a fault at `field` or below it
 * ("/geometry/coordinates/0/3"), and where the ring crosses itself in words. With mend, spikes,
 * rings that touch themselves and small crossings are put right first (outlines from coarse maps
 * are full of them), if the area stays the same within a hundredth. */
MUST enum err shape_read(const json_t *geometry, enum datum from, bool mend, const char *field,
                         struct arena *a, struct problem *problem, struct shape *ret);

/* Writes a stored shape as a GeoJSON geometry. ERR_STORE when it is no WKB. */
MUST enum err shape_write(struct str wkb, enum datum to, struct buf *out);

/* A bounded store of prepared geometries. */
struct shape_cache;
struct shape_cache *shape_cache_new(void); /* NULL without memory */
void shape_cache_free(struct shape_cache *c);

/* Does the shape cover the position, its edge included? With wkb NO_STR only when it is kept:
 * ERR_NOT_FOUND says that the caller should ask again with the WKB. */
MUST enum err shape_covers(struct shape_cache *c, int64_t id, int64_t stamp, struct str wkb,
                           struct position at, bool *ret);

#endif
