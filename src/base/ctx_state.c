/* SPDX-License-Identifier: MIT */
/* The options and the slots of a context. */
#include "base/ctx.h"

const zarrc_ctx_options *zarrc_ctx_get_options(const zarrc_ctx *ctx) {
  return &ctx->options;
}

zarrc_status zarrc_ctx_check_canceled(const zarrc_ctx *ctx, zarrc_error *error) {
  const zarrc_ctx_options *options = &ctx->options;
  if (!options->canceled || !options->canceled(options->canceled_ud)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CANCELED, "canceled");
}

void *zarrc_ctx_get_slot(const zarrc_ctx *ctx, zarrc_ctx_slot which) {
  return atomic_load_explicit(&ctx->slots[which].object, memory_order_acquire);
}

bool zarrc_ctx_set_slot(zarrc_ctx *ctx, zarrc_ctx_slot which, void *object,
                        void (*destroy)(zarrc_ctx *ctx, void *object)) {
  void *none = NULL;
  if (!atomic_compare_exchange_strong(&ctx->slots[which].object, &none, object)) return false;
  ctx->slots[which].destroy = destroy; /* read by zarrc_ctx_close only, when nobody else uses the context */
  return true;
}
