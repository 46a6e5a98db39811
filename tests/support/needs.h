/* SPDX-License-Identifier: MIT */
/* Tests that take a codec for granted say so; a build without it skips them. */
#ifndef ZARRC_TESTS_NEEDS_H
#define ZARRC_TESTS_NEEDS_H

#include <stdbool.h>

/* Skips the test that runs, with a word, unless the codec of that name was built in. */
void needs_codec(const char *name);

/* Whether the message of an error says that a library was left out of the build. */
bool says_left_out(const char *message);

#endif
