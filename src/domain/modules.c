#include "domain/modules.h"

#include "domain/body/pair.h"
#include "domain/casework/casework.h"
#include "domain/figure/figure.h"
#include "domain/live/live.h"
#include "domain/matter/matter.h"
#include "domain/matter/matter_many.h"
#include "domain/mediation/mediation.h"
#include "domain/notice/notice.h"
#include "domain/notice/outbox.h"
#include "domain/patrol/patrol.h"
#include "domain/people/people.h"
#include "domain/place/unit_shape.h"
#include "domain/service/service.h"

/* units.at and units.shapes come before units.get, whose path takes any word there. */
const struct module *const modules[] = {&people_module,
                                        &shape_module,
                                        &place_module,
                                        &many_module,
                                        &matter_module,
                                        &casework_module,
                                        &service_module,
                                        &mediation_module,
                                        &body_module,
                                        &pair_module,
                                        &patrol_module,
                                        &live_module,
                                        &notice_module,
                                        &call_module,
                                        &webhook_module,
                                        &figure_module,
                                        NULL};
