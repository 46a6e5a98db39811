/* SPDX-License-Identifier: MIT */
/* Which sanitizers the tests are built with: 0 or 1. */
#ifndef ZARRC_TESTS_SANITIZERS_H
#define ZARRC_TESTS_SANITIZERS_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ZARRC_ASAN 1
#elif __has_feature(thread_sanitizer)
#define ZARRC_TSAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ZARRC_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define ZARRC_TSAN 1
#endif

#ifndef ZARRC_ASAN
#define ZARRC_ASAN 0
#else
#include <sanitizer/asan_interface.h>
#endif
#ifndef ZARRC_TSAN
#define ZARRC_TSAN 0
#endif

#endif
