#include "domain/modules.h"

#include "domain/matter/matter.h"
#include "domain/patrol/patrol.h"
#include "domain/people/people.h"
#include "domain/place/unit_shape.h"

const struct module *const modules[] = {&people_module, &shape_module,  &place_module,
                                        &matter_module, &patrol_module, NULL};
