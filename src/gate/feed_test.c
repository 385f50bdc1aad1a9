#include "gate/feed.h"
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { DISTRICT = 11, STREET, COMMUNITY, GRID, PARTY, PARTY_B, PERSON, MATTER, OTHER, FAR };

static const struct hat hats[] = {
    {.kind = HAT_UNIT, .unit = DISTRICT, .level = LEVEL_COUNTY},
    {.kind = HAT_UNIT, .unit = STREET, .level = LEVEL_STREET},
    {.kind = HAT_UNIT, .unit = COMMUNITY, .level = LEVEL_COMMUNITY},
    {.kind = HAT_UNIT, .unit = GRID, .level = LEVEL_GRID},
    {.kind = HAT_UNIT, .unit = OTHER, .level = LEVEL_COMMUNITY},
    {.kind = HAT_UNIT, .unit = OTHER, .level = LEVEL_MICRO_GRID},
    {.kind = HAT_PARTY, .party = PARTY},
    {.kind = HAT_PARTY, .party = PARTY_B},
    {.kind = HAT_PARTY, .party = OTHER},
    {.kind = HAT_SELF, .person = PERSON},
    {.kind = HAT_SELF, .person = OTHER},
    {.kind = HAT_SELF},
    {.kind = HAT_SELF, .matter = MATTER},
    {.kind = HAT_SELF, .matter = OTHER, .person = PERSON},
};

static const struct live lives[] = {
    {.reach = {.at = {.district = DISTRICT, .street = STREET, .community = COMMUNITY, .grid = GRID},
               .matter = MATTER,
               .person = PERSON,
               .parties = {PARTY, PARTY_B},
               .party_count = 2}},
    {.reach = {.at = {.district = DISTRICT, .street = STREET}, .matter = MATTER}},
    {.reach = {.at = {.district = DISTRICT, .community = COMMUNITY}, .person = PERSON}},
    {.reach = {.at = {.district = FAR}, .parties = {PARTY_B}, .party_count = 1}},
    {.reach = {.at = {.district = DISTRICT}}},
};

/* A stream is found by its hat's key exactly when the gate says that the hat reaches the entry.
 * (Ids of different things never meet.) */
static void S_test_keys(void **state)
{
    size_t reached = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lives); i++) {
        int64_t keys[REACH_KEYS];
        size_t n = reach_keys(&lives[i].reach, keys);
        for (size_t h = 0; h < COUNT_OF(hats); h++) {
            int64_t key = hat_key(&hats[h]);
            bool found = false;
            for (size_t k = 0; k < n; k++)
                found = found || (key && keys[k] == key);
            assert_int_equal(found, hat_reaches(&hats[h], &lives[i].reach));
            reached += found;
        }
    }
    assert_true(reached > 10);
}

static void S_test_internal(void **state)
{
    (void)state;
    for (size_t h = 0; h < COUNT_OF(hats); h++) {
        struct actor by = {.account = 7, .n = 1, .hats = {hats[h]}, .admitted = {true}};
        struct live live = lives[0];
        bool reaches = hat_reaches(&hats[h], &live.reach);
        assert_int_equal(live_visible(&by, &live), reaches);
        live.internal = true;
        assert_int_equal(live_visible(&by, &live), reaches && hats[h].kind == HAT_UNIT);
        live.account = 7; /* their own words */
        assert_int_equal(live_visible(&by, &live), reaches);
        by.admitted[0] = false;
        assert_false(live_visible(&by, &live));
    }
}

int feed_tests(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(S_test_keys),
        cmocka_unit_test(S_test_internal),
    };
    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
