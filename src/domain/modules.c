#include "domain/modules.h"

#include "domain/figure/figure.h"
#include "domain/matter/matter.h"
#include "domain/people/people.h"
#include "domain/place/place.h"

const struct module *const modules[] = {&people_module, &place_module, &matter_module,
                                        &figure_module, NULL};
