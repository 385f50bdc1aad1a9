#include "geo/datum.h"

#include <math.h>

const char *const datum_names[DATUM_COUNT + 1] = {"wgs84", "gcj02", "cgcs2000", NULL};

#define PI_ 3.14159265358979323846
/* The ellipsoid the shift is computed on: Krasovsky's, as the published formula has it. */
#define SEMI_MAJOR   6378245.0
#define ECCENTRIC_SQ 0.00669342162296594323
#define EARTH_RADIUS 6371008.8 /* m, mean */
/* 1e-9 degrees are a tenth of a millimetre. */
#define CLOSE_ENOUGH 1e-9
enum { STEPS_MAX = 16 };

bool datum_parse(struct str s, enum datum *ret)
{
    *ret = DATUM_WGS84;
    if (!s.p)
        return true;
    for (int i = 0; i < DATUM_COUNT; i++) {
        if (str_eq(s, str_of(datum_names[i]))) {
            *ret = (enum datum)i;
            return true;
        }
    }
    return false;
}

/* Where the shift is defined; the bounds are the formula's own, and wider than the country. */
static bool S_shifted(struct position p)
{
    return p.lng >= 72.004 && p.lng <= 137.8347 && p.lat >= 0.8293 && p.lat <= 55.8271;
}

/* A sum of sines common to both directions, in metres before scaling. */
static double S_waves(double t, double a, double b, double c)
{
    return (20.0 * sin(6.0 * t * PI_) + 20.0 * sin(2.0 * t * PI_)) * 2.0 / 3.0 +
           (20.0 * sin(a * PI_) + 40.0 * sin(a / 3.0 * PI_)) * 2.0 / 3.0 +
           (b * sin(a / 12.0 * PI_) + c * sin(a / 30.0 * PI_)) * 2.0 / 3.0;
}

static struct position S_shift(struct position p)
{
    double x = p.lng - 105.0, y = p.lat - 35.0, root = sqrt(fabs(x));
    double north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root +
                   S_waves(x, y, 160.0, 320.0);
    double east =
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + S_waves(x, x, 150.0, 300.0);
    double phi = p.lat / 180.0 * PI_, s = sin(phi), w = 1.0 - ECCENTRIC_SQ * s * s;
    return (struct position){p.lng + east * 180.0 / (SEMI_MAJOR / sqrt(w) * cos(phi) * PI_),
                             p.lat + north * 180.0 /
                                         (SEMI_MAJOR * (1.0 - ECCENTRIC_SQ) / (w * sqrt(w)) * PI_)};
}

struct position datum_out(struct position p, enum datum to)
{
    return to == DATUM_GCJ02 && S_shifted(p) ? S_shift(p) : p;
}

/* The shift changes by less than a thousandth of the way, so each step brings three digits more. */
struct position datum_in(struct position p, enum datum from)
{
    struct position guess = p;
    if (from != DATUM_GCJ02 || !S_shifted(p))
        return p;
    for (int i = 0; i < STEPS_MAX; i++) {
        struct position there = S_shift(guess);
        double lng = there.lng - p.lng, lat = there.lat - p.lat;
        guess.lng -= lng;
        guess.lat -= lat;
        if (fabs(lng) < CLOSE_ENOUGH && fabs(lat) < CLOSE_ENOUGH)
            break;
    }
    return guess;
}

bool china_holds(struct position p)
{
    return p.lng >= 73.0 && p.lng <= 136.0 && p.lat >= 3.0 && p.lat <= 54.0;
}

double metres_between(struct position a, struct position b)
{
    double to = PI_ / 180.0;
    double lat = sin((b.lat - a.lat) * to / 2.0), lng = sin((b.lng - a.lng) * to / 2.0);
    double h = lat * lat + cos(a.lat * to) * cos(b.lat * to) * lng * lng;
    return 2.0 * EARTH_RADIUS * asin(sqrt(h < 1.0 ? h : 1.0));
}
