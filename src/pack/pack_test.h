/* What the tests of the pack reader share: a good pack, ways to change and load it. */
#ifndef PACK_PACK_TEST_H
#define PACK_PACK_TEST_H

#include "pack/pack.h"

enum { PACK_TEST_TEXT = 200 * 1024 };

/* A good pack of 27 lines. */
extern const char pack_test_base[];

/* pack_load with a new report, whose arena the caller frees. */
enum err pack_test_load(struct str yaml, struct pack_report *report, struct pack **ret);

/* The base with its first `old` replaced, written to PACK_TEST_TEXT bytes at text. */
struct str pack_test_changed(const char *old, const char *new, char *text);

#endif
