/* Where a matter lies, from the unit and the coordinates it was ordered with. */
#include "domain/matter/matter.h"
#include "domain/place/unit_shape.h"

/* The coordinates may say more than the unit that was chosen, but never put anybody else in charge:
 * they lead from a community to its grid, from a grid to its micro-grid. A street's matter stays
 * the street's, and a matter of one place whose coordinates lie in another stays where its unit is.
 */
static bool S_refines(const struct unit *chosen, const struct unit *found)
{
    enum level level = level_parse(chosen->level);
    bool below = level == LEVEL_COMMUNITY ? found->community == chosen->id
                 : level == LEVEL_GRID    ? found->grid == chosen->id
                                          : false;
    return below && level_parse(found->level) > level;
}

enum err matter_place(struct store *db, struct matter_new *in, int64_t *located)
{
    struct position at;
    struct unit chosen, found;
    int64_t unit = 0;
    bool given = false;
    *located = 0;
    TRY(spot_read(db,
                  &(struct spot_in){.lng = in->lng,
                                    .lat = in->lat,
                                    .datum = in->datum,
                                    .lng_field = "/lng",
                                    .lat_field = "/lat",
                                    .datum_field = "/datum"},
                  &at, &given));
    in->lng = at.lng;
    in->lat = at.lat;
    enum err err = given ? place_locate(db, at, &unit) : ERR_NOT_FOUND;
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_NOT_FOUND) {
        if (in->unit)
            return OK;
        return given ? store_fault(db, ERR_INVALID, "/unit", "not_located",
                                   "这个位置还没有划到网格，请选择社区或网格。",
                                   "No unit's shape covers this position yet: choose a community "
                                   "or grid.")
                     : store_fault(db, ERR_INVALID, "/unit", "required",
                                   "请选择社区或网格，或给出经度和纬度。",
                                   "Choose a community or grid, or give longitude and latitude.");
    }
    if (!in->unit) {
        in->unit = unit;
        return OK;
    }
    err = place_get(db, in->unit, &chosen);
    if (err == ERR_NOT_FOUND)
        return OK; /* said by who looks at the unit */
    TRY(err);
    TRY(place_get(db, unit, &found));
    if (S_refines(&chosen, &found))
        in->unit = unit;
    *located = in->unit == unit ? 0 : unit;
    return OK;
}
