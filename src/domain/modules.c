#include "domain/modules.h"

#include "domain/live/live.h"
#include "domain/matter/matter.h"
#include "domain/notice/notice.h"
#include "domain/notice/outbox.h"
#include "domain/people/people.h"
#include "domain/place/place.h"

const struct module *const modules[] = {
    &people_module, &place_module, &matter_module,  &live_module,
    &notice_module, &call_module,  &webhook_module, NULL};
