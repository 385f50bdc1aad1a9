/* For unit tests of domains: a store in a folder of its own under /tmp, migrated, with vault and
 * world, a small division tree, and a way to call a route as a request would: decoded from JSON,
 * prepared and read on a reader's snapshot, admitted by the gate, run by the writer, encoded. The
 * time stands still until a test moves db.now. What must not fail fails the test. */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include "gate/gate.h"
#include "store/writer.h"

#include <jansson.h>

struct fixture {
    char folder[32];
    struct database *database;
    struct conn *reader;
    struct vault *vault;
    struct world world;
    struct arena *arena;
    struct problem problem; /* of the last call */
    struct note note;
    struct session_cache *sessions;
    struct store db; /* on the writing connection, for looking and preparing */
    json_t *reply;   /* of the last call that had one */
    /* 甘肃 / 兰州 / 城关 / 东岗 / 雁南, 雁北 / grids of 雁南; 铁路 has 铁西; 七里河 has 西园. */
    int64_t province, city, chengguan, donggang, yannan, yanbei, grid1, grid2, micro;
    int64_t tielu, tiexi, qilihe, xiyuan;
    int serial;
};

/* cmocka's setup and teardown: *state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A unit below another (0: none), of the same county unless `county` names a new one. */
int64_t fixture_unit(struct fixture *f, int64_t parent, const char *level, const char *code,
                     const char *name, int64_t county);

/* A new account with one hat (at a unit, or as a party or person when these are not 0), signed
 * in. ROLE_NONE: no hat. */
struct actor fixture_actor(struct fixture *f, enum role role, int64_t unit, int64_t party,
                           int64_t person);

/* Who a token is now. */
enum err fixture_identify(struct fixture *f, struct str token, struct actor *ret);

/* Calls an operation. params: "id=1&limit=2", or NULL; body: JSON with ' for ", or NULL. */
enum err fixture_call(struct fixture *f, const struct module *m, const char *op, struct actor *by,
                      const char *params, const char *body);

/* As printf, in the fixture's arena. */
const char *fixture_text(struct fixture *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* From the last reply, by a path such as "items/0/name": NO_STR when it is not there or not a
 * text; and a text of digits as a number, 0 likewise. */
struct str fixture_get(const struct fixture *f, const char *path);
int64_t fixture_get_id(const struct fixture *f, const char *path);

/* Fails the test unless the last call ended so, with a fault of this field and code. */
void fixture_assert_err(const struct fixture *f, enum err got, enum err want, const char *field,
                        const char *code);

/* Fails the test unless that text is in the last reply; want NULL: unless nothing is there. */
void fixture_assert_text(const struct fixture *f, const char *path, const char *want);

/* A party, and a person; phone may be NULL. */
int64_t fixture_party(struct fixture *f, const char *kind, const char *name, int64_t unit);
int64_t fixture_person(struct fixture *f, const char *name, const char *phone, int64_t unit);

#endif
