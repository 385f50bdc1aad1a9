/* Coordinates as people bring them, and as Linli keeps them. Three datums are in use in China:
 *
 *   wgs84     what GPS gives; what Linli stores and what GeoJSON (RFC 7946) means
 *   gcj02     what mobile maps show: WGS-84 shifted by up to 700 m, by a formula
 *   cgcs2000  the national survey's. Its origin and axes are WGS-84's, and its ellipsoid differs in
 *             the ninth digit of the flattening, which moves a place by 0.1 mm. What is left is
 * that CGCS2000 stands still at the year 2000 while the ground goes on by some 3 cm a year: less
 * than a metre, where a phone's own error is several. It is taken as WGS-84.
 *
 * Degrees, longitude first; nothing is allocated and nothing fails. A position is asked whether
 * it lies in China (china_holds) before it is believed: one written latitude first never does. */
#ifndef GEO_DATUM_H
#define GEO_DATUM_H

#include "base/str.h"

enum datum { DATUM_WGS84, DATUM_GCJ02, DATUM_CGCS2000, DATUM_COUNT };
extern const char *const datum_names[DATUM_COUNT + 1]; /* NULL ends it */

/* What is said of a latitude that is none: the two are easily swapped. */
#define LAT_DOC "lng 是经度，lat 是纬度 / lng is the longitude, lat the latitude: not swapped?"

struct position {
    double lng, lat;
};

/* NO_STR is wgs84; false when there is no such datum. */
bool datum_parse(struct str s, enum datum *ret);

/* To WGS-84 from what was given, and from WGS-84 to what is asked for. The way back from GCJ-02 is
 * an iteration that ends within a millimetre. Outside the rectangle for which the shift is defined
 * a position stays as it is, both ways. */
struct position datum_in(struct position p, enum datum from);
struct position datum_out(struct position p, enum datum to);

/* Within the rectangle around China's land and islands: 73 to 136 east, 3 to 54 north. */
bool china_holds(struct position p);

/* Metres between two positions near each other, on a sphere. */
double metres_between(struct position a, struct position b);

#endif
