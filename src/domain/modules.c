#include "domain/modules.h"

#include "domain/body/pair.h"
#include "domain/matter/matter.h"
#include "domain/people/people.h"
#include "domain/place/place.h"

const struct module *const modules[] = {&people_module, &place_module, &matter_module,
                                        &body_module,   &pair_module,  NULL};
