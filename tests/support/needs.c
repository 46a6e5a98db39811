/* SPDX-License-Identifier: MIT */
#include "support/needs.h"

#include <zarrc/zarrc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

void needs_codec(const char *name) {
  zarrc_ctx *ctx;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  bool is_there = zarrc_codec_is_available(ctx, name);
  zarrc_ctx_close(ctx);
  if (is_there) return;
  print_message("skipped: this build has no %s\n", name);
  skip();
}

bool says_left_out(const char *message) {
  return strstr(message, "zarrc was built without") != NULL;
}
