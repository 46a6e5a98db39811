/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

char *zarrc_text_new(zarrc_ctx *ctx, const void *text, size_t n) {
  char *copy = zarrc_malloc(ctx, n + 1);
  if (!copy) return NULL;
  if (n) memcpy(copy, text, n);
  copy[n] = '\0';
  return copy;
}

zarrc_status zarrc_text_copy(zarrc_ctx *ctx, const void *text, size_t n, char **out, zarrc_error *error) {
  *out = zarrc_text_new(ctx, text, n);
  return *out ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu bytes of text", n);
}
