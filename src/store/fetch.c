/* SPDX-License-Identifier: MIT */
/* Fetches many values at once, or one after another from a store that cannot do that. */
#include "store/common.h"

#include "base/ops.h"
#include "base/sized.h"

#include <zarrc/plugin/store.h>

/* Reads the part of a range that exists, and the length of the value. */
static zarrc_status read_range(zarrc_blob *blob, zarrc_range *range, zarrc_error *error) {
  range->total = ZARRC_UNKNOWN;
  zarrc_status status = zarrc_blob_read(blob, range, 1, error);
  uint64_t total = range->total, offset = (uint64_t)range->offset;
  if ((status != ZARRC_TRUNCATED && status != ZARRC_LIMIT) || total == ZARRC_UNKNOWN) return status;
  range->got = (zarrc_bytes){0};
  if (status == ZARRC_LIMIT || (range->offset > 0 && offset >= total)) return ZARRC_OK;
  zarrc_range there = {.offset = range->offset > 0 ? range->offset : 0, .nbytes = total};
  if (range->offset > 0) there.nbytes = total - offset;
  status = zarrc_blob_read(blob, &there, 1, error);
  if (!status) range->got = there.got;
  return status;
}

static zarrc_status read_request(zarrc_request *r) {
  for (size_t i = 0; i < r->n; i++) {
    zarrc_status status = read_range(r->blob, &r->ranges[i], r->error);
    if (!status) continue;
    zarrc_ranges_release(r->ranges, i);
    return status;
  }
  return ZARRC_OK;
}

bool zarrc_store_fetches(const zarrc_store *store) {
  return ZARRC_HAS_OP(store->ops, fetch);
}

/* Calls `fetch`, which must not return ZARRC_PENDING: whoever waits for it would ask again and again. */
static zarrc_status fetch_all(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  static const char *const words = "the store's function fetch returned ZARRC_PENDING";
  zarrc_status status = store->ops->fetch(store, requests, n, error);
  if (status == ZARRC_PENDING) return zarrc_fail(error, ZARRC_INTERNAL, "%s", words);
  for (size_t i = 0; i < n && !status; i++)
    if (requests[i].status == ZARRC_PENDING)
      requests[i].status = zarrc_fail(requests[i].error, ZARRC_INTERNAL, "%s", words);
  return status;
}

zarrc_status zarrc_store_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  for (size_t i = 0; i < n; i++) {
    zarrc_status status = ZARRC_CHECK_ROOM(&requests[i], "request", error);
    if (status) return status;
  }
  if (zarrc_store_fetches(store)) return fetch_all(store, requests, n, error);
  for (size_t i = 0; i < n; i++) {
    zarrc_status status = zarrc_ctx_check_canceled(store->ctx, error);
    if (status) {
      while (i-- > 0)
        if (!requests[i].status) zarrc_ranges_release(requests[i].ranges, requests[i].n);
      return status;
    }
    requests[i].status = read_request(&requests[i]);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_store_fetch_behind(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  for (size_t i = 0; i < n; i++) requests[i].blob = requests[i].blob->ops->inner(requests[i].blob);
  return zarrc_store_fetch(store, requests, n, error);
}
