/* The domains the program is made of: a new one adds its module to the list. */
#ifndef DOMAIN_MODULES_H
#define DOMAIN_MODULES_H

#include "gate/route.h"

extern const struct module *const modules[]; /* NULL ends it */

#endif
