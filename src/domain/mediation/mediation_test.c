#include "domain/mediation/mediation.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_strokes(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } t[] = {
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,8", true},
        {"M1,1 L2,2 M3,3 L4,4 M5,5 L6,6 L7,7 L9999,0", true},
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7", false},          /* a dot or a dash */
        {"L1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,8", false},     /* no pen put down */
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,8 ", false},    /* open end */
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,", false},      /* half a point */
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8", false},       /* the same */
        {"M1,1  L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,8", false},    /* two spaces */
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,12345", false}, /* off every screen */
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L-8,8", false},    /* negative */
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 C8,8", false},     /* another command */
        {"M1,1 L2,2 L3,3 L4,4 L5,5 L6,6 L7,7 L8,8\"/>", false}, /* out of the attribute */
        {"M", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(t); i++)
        assert_int_equal(form_strokes(str_of(t[i].text)), t[i].good);
}

/* Two levels: every four-digit code has its group, and no code comes twice. */
static void test_codes(void **state)
{
    const struct mediation_code *const lists[] = {dispute_types, dispute_ways};
    (void)state;
    for (size_t l = 0; l < COUNT_OF(lists); l++) {
        for (const struct mediation_code *c = lists[l]; c->code.p; c++) {
            assert_true(c->code.n == 2 || c->code.n == 4);
            assert_ptr_equal(mediation_code(lists[l], c->code), c);
            assert_non_null(mediation_code(lists[l], (struct str){c->code.p, 2}));
        }
        assert_null(mediation_code(lists[l], S("98")));
        assert_null(mediation_code(lists[l], NO_STR));
    }
}

int mediation_tests(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_strokes),
                                       cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests_name("mediation", tests, NULL, NULL);
}
