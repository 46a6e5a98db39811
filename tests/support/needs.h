/* SPDX-License-Identifier: MIT */
/* What tests take for granted, a codec or a system that can do something: without it they say so and are skipped. */
#ifndef ZARRC_TESTS_NEEDS_H
#define ZARRC_TESTS_NEEDS_H

#include <stdbool.h>

/* Skips the test that runs, with a word, unless the codec of that name was built in. */
void needs_codec(const char *name);

/* Skips the test that runs, with a word, unless libcurl was built in. */
void needs_curl(void);

/* Skips the test that runs, with a word, where an emulator cannot start threads in a process that was forked from one
 * with threads, as qemu-user before 9.0. Elsewhere the system must be able to. */
void needs_threads_after_fork(void);

/* Whether the message of an error says that a library was left out of the build. */
bool says_left_out(const char *message);

#endif
