#include "domain/modules.h"

#include "domain/casework/casework.h"
#include "domain/matter/matter.h"
#include "domain/matter/matter_many.h"
#include "domain/people/people.h"
#include "domain/place/place.h"

const struct module *const modules[] = {&people_module, &place_module,    &many_module,
                                        &matter_module, &casework_module, NULL};
