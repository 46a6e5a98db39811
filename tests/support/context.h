/* SPDX-License-Identifier: MIT */
/* A context with the defaults as the state of a group of tests. */
#ifndef ZARRC_TESTS_CONTEXT_H
#define ZARRC_TESTS_CONTEXT_H

#include <zarrc/base.h>

static inline int context_setup(void **state) {
  return zarrc_ctx_open(NULL, (zarrc_ctx **)state, NULL) != ZARRC_OK;
}

static inline int context_teardown(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

#endif
