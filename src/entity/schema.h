/* JSON Schema (the OpenAPI 3.1 dialect) of an entity, from its descriptor. */
#ifndef ENTITY_SCHEMA_H
#define ENTITY_SCHEMA_H

#include "entity/entity.h"

/* The object's schema; of a request only what its body holds, and nothing else is allowed. */
void schema_write(const struct entity *e, bool request, struct buf *out);

/* The entries of `parameters` for what is read from the path and the query, with commas between. */
void schema_params(const struct entity *e, struct buf *out);

#endif
