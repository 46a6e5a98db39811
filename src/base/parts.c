/* SPDX-License-Identifier: MIT */
#include <zarrc/base.h>
#include <zarrc/plugin/blob.h>

#include "base/checked.h"

#include <string.h>

enum { NFIRST = sizeof((zarrc_parts *)0)->first / sizeof(zarrc_bytes) };

void zarrc_parts_init(zarrc_parts *parts, zarrc_ctx *ctx) {
  *parts = (zarrc_parts){.ctx = ctx, .cap = NFIRST};
  parts->items = parts->first;
}

static void pieces_release(zarrc_parts *parts) {
  for (size_t i = 0; i < parts->nitems; i++) zarrc_bytes_release(&parts->items[i]);
  parts->nitems = 0;
  parts->nbytes = 0;
}

void zarrc_parts_clear(zarrc_parts *parts) {
  pieces_release(parts);
  if (parts->source) parts->source->close(parts->source_state);
  if (parts->items != parts->first) zarrc_free(parts->ctx, parts->items);
  zarrc_parts_init(parts, parts->ctx);
}

zarrc_status zarrc_parts_next(zarrc_parts *parts, bool *more, zarrc_error *error) {
  parts->past_nbytes += parts->nbytes;
  pieces_release(parts);
  *more = false;
  if (!parts->source) return ZARRC_OK;
  zarrc_status status = parts->source->next(parts->source_state, parts, error);
  *more = !status && parts->nitems > 0;
  return status;
}

static zarrc_status make_room(zarrc_parts *parts, zarrc_error *error) {
  if (parts->nitems < parts->cap) return ZARRC_OK;
  size_t cap, nbytes;
  zarrc_bytes *items = NULL;
  bool first = parts->items == parts->first;
  if (zarrc_mul_size(parts->cap, 2, &cap) && zarrc_mul_size(cap, sizeof *items, &nbytes))
    items = zarrc_realloc(parts->ctx, first ? NULL : parts->items, nbytes);
  if (!items) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %zu pieces", parts->cap * 2);
  if (first) memcpy(items, parts->first, sizeof parts->first);
  parts->items = items;
  parts->cap = cap;
  return ZARRC_OK;
}

zarrc_status zarrc_parts_push(zarrc_parts *parts, zarrc_bytes bytes, zarrc_error *error) {
  uint64_t nbytes;
  zarrc_status status = make_room(parts, error);
  if (!status && !zarrc_add_u64(parts->nbytes, bytes.len, &nbytes))
    status = zarrc_fail(error, ZARRC_LIMIT, "pieces of more than 2^64 bytes");
  if (status) {
    zarrc_bytes_release(&bytes);
    return status;
  }
  parts->items[parts->nitems++] = bytes;
  parts->nbytes = nbytes;
  return ZARRC_OK;
}

zarrc_status zarrc_parts_add(zarrc_parts *parts, size_t nbytes, uint8_t **memory, zarrc_error *error) {
  zarrc_bytes bytes = {0};
  zarrc_status status = ZARRC_OK;
  bool into = parts->into && nbytes <= parts->into_nbytes;
  if (into) {
    bytes = (zarrc_bytes){.ptr = parts->into, .len = nbytes};
  } else {
    status = zarrc_scratch_take(parts->ctx, nbytes, &bytes, error);
  }
  uint8_t *ptr = (uint8_t *)bytes.ptr;
  if (!status) status = zarrc_parts_push(parts, bytes, error);
  if (status) return status;
  if (into) {
    parts->into = NULL;
    parts->into_nbytes = 0;
  }
  *memory = ptr;
  return ZARRC_OK;
}

void zarrc_parts_trim(zarrc_parts *parts, size_t nbytes) {
  if (parts->nitems == 0) return;
  zarrc_bytes *last = &parts->items[parts->nitems - 1];
  if (nbytes >= last->len) return;
  parts->nbytes -= last->len - nbytes;
  last->len = nbytes;
}

/* Several pieces are replaced by a single one. */
zarrc_status zarrc_parts_join(zarrc_parts *parts, zarrc_bytes *out, zarrc_error *error) {
  if (parts->nitems > 1) {
    zarrc_bytes joined;
    if (parts->nbytes > SIZE_MAX)
      return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for pieces of %llu bytes",
                        (unsigned long long)parts->nbytes);
    zarrc_status status = zarrc_scratch_take(parts->ctx, (size_t)parts->nbytes, &joined, error);
    if (status) return status;
    uint8_t *at = (uint8_t *)joined.ptr;
    for (size_t i = 0; i < parts->nitems; i++) {
      if (parts->items[i].len) memcpy(at, parts->items[i].ptr, parts->items[i].len);
      at += parts->items[i].len;
      zarrc_bytes_release(&parts->items[i]);
    }
    parts->items[0] = joined;
    parts->nitems = 1;
  }
  *out = (zarrc_bytes){0};
  if (parts->nitems) *out = (zarrc_bytes){.ptr = parts->items[0].ptr, .len = parts->items[0].len};
  return ZARRC_OK;
}
