#include "domain/modules.h"

#include "domain/casework/casework.h"
#include "domain/body/pair.h"
#include "domain/figure/figure.h"
#include "domain/matter/matter.h"
#include "domain/matter/matter_many.h"
#include "domain/mediation/mediation.h"
#include "domain/people/people.h"
#include "domain/place/place.h"
#include "domain/service/service.h"

const struct module *const modules[] = {&people_module,
                                        &place_module,
                                        &many_module,
                                        &matter_module,
                                        &casework_module,
                                        &service_module,
                                        &mediation_module,
                                        &body_module,
                                        &pair_module,
                                        &figure_module,
                                        NULL};
