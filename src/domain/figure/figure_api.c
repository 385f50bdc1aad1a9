/* Routes of figures. */
#include "domain/figure/figure.h"
#include "domain/matter/matter.h"

struct definition_query {
    int64_t unit;
};
static const struct field definition_query_fields[] = {
    F_ID(struct definition_query, unit, .from = IN_QUERY, .required = true,
         .doc = "At which unit: one that your hat covers.")};
static const struct entity definition_query_entity =
    ENTITY(struct definition_query, "IndicatorQuery", definition_query_fields);

static enum err S_definitions(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct page *page = ret;
    struct unit unit;
    TRY(figure_unit(db, by, ((const struct definition_query *)in)->unit, &unit));
    const struct ancestors at = unit_ancestors(&unit);
    return figure_definitions(db, unit.id, &at, NO_STR, &page->items);
}

static enum err S_figures(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return figures_list(db, by, in, ret);
}

static enum err S_records(struct store *db, const struct actor *by, const void *in, void *ret)
{
    return figure_records(db, by, in, ret);
}

static const struct route routes[] = {
    {.op = "indicators.list",
     .verb = "GET",
     .path = "/api/indicators",
     .work = QUERY,
     .perm = PERM_FIGURE_READ,
     .fn = S_definitions,
     .in = &definition_query_entity,
     .out = &figure_definition_entity,
     .page = true,
     .status = 200,
     .doc = "What is counted at a unit, each with its definition."},
    {.op = "figures.list",
     .verb = "GET",
     .path = "/api/figures",
     .work = QUERY,
     .perm = PERM_FIGURE_READ,
     .fn = S_figures,
     .in = &figure_query_entity,
     .out = &figures_entity,
     .status = 200,
     .doc = "Figures of a unit and all below it, with their definitions beside them."},
    {.op = "figures.records",
     .verb = "GET",
     .path = "/api/figures/records",
     .work = QUERY,
     .perm = PERM_FIGURE_READ,
     .fn = S_records,
     .in = &record_query_entity,
     .out = &matter_row_entity,
     .page = true,
     .status = 200,
     .doc = "The matters behind a figure, within your reach."},
};

const struct module figure_module = {.name = "figures",
                                     .doc = "What is counted, from the records as they change.",
                                     .source = "src/domain/figure/figure_api.c",
                                     .routes = routes,
                                     .n = COUNT_OF(routes),
                                     .tick = figures_tick};
