/* Every module's unit tests. To add a module: write src/X/X_test.c with `int X_tests(void)`, which
 * runs one cmocka group and returns its failures, and add one line X(X) here. tools/style.sh
 * refuses a test file whose function is not in the list. */
#ifndef TEST_H
#define TEST_H

/* clang-format off */
#define UNIT_TESTS(X)                                                                              \
    X(body)                                                                                        \
    X(csv)                                                                                         \
    X(load)                                                                                        \
    X(cli)                                                                                         \
    X(place)                                                                                       \
    X(base)                                                                                        \
    X(check)                                                                                       \
    X(diff)                                                                                        \
    X(encode)                                                                                      \
    X(entity)                                                                                      \
    X(geo)                                                                                         \
    X(gate)                                                                                        \
    X(many)                                                                                        \
    X(milestone)                                                                                   \
    X(feed)                                                                                        \
    X(message)                                                                                     \
    X(matter)                                                                                      \
    X(mediation)                                                                                   \
    X(parse)                                                                                       \
    X(figure)                                                                                      \
    X(indicator)                                                                                   \
    X(rule)                                                                                        \
    X(pool)                                                                                        \
    X(pack)                                                                                        \
    X(pack_body)                                                                                   \
    X(pack_patrol)                                                                                 \
    X(people)                                                                                      \
    X(person)                                                                                      \
    X(session)                                                                                     \
    X(service)                                                                                     \
    X(strict)                                                                                      \
    X(unit_shape)                                                                                  \
    X(store)                                                                                       \
    X(writer)                                                                                      \
    X(workday)
/* clang-format on */

#define UNIT_DECLARE(name) int name##_tests(void);
UNIT_TESTS(UNIT_DECLARE)

#endif
