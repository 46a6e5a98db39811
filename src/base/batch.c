/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

zarrc_status zarrc_for_each(zarrc_ctx *ctx, size_t n, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                            void *arg, zarrc_error *error) {
  return zarrc_pool_run(ctx, n, fn, arg, false, false, error);
}

zarrc_status zarrc_for_all(zarrc_ctx *ctx, size_t n, zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error),
                           void *arg, zarrc_error *error) {
  return zarrc_pool_run(ctx, n, fn, arg, true, false, error);
}

zarrc_status zarrc_for_each_waiting(zarrc_ctx *ctx, size_t n,
                                    zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                                    zarrc_error *error) {
  return zarrc_pool_run(ctx, n, fn, arg, false, true, error);
}
