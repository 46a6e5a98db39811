/* SPDX-License-Identifier: MIT */
#include "base/reading.h"

#include "base/checked.h"
#include "base/ops.h"

#include <inttypes.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

/* Defaults for near blobs: a request costs as much as reading 30 KiB, and a window fits into the cache for decoding. */
#define NEAR_GAP    ((uint64_t)64 << 10)
#define NEAR_WINDOW ((uint64_t)1 << 20)
/* The part of max_memory that one read may take. */
#define OF_THE_LIMIT 16

void zarrc_bytes_release(zarrc_bytes *bytes) {
  if (!bytes) return;
  if (bytes->release) bytes->release(bytes);
  *bytes = (zarrc_bytes){0};
}

void zarrc_ranges_release(zarrc_range *ranges, size_t n) {
  for (size_t i = 0; i < n; i++) zarrc_bytes_release(&ranges[i].got);
}

/* Makes sure that a failure of a plug-in's blob has a message. */
static zarrc_status said(zarrc_status status, zarrc_error *error) {
  if (status && error && error->code != status) zarrc_fail(error, status, "%s", zarrc_status_words(status));
  return status;
}

static zarrc_status refuse_write(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the value cannot be written: it was opened for reading only");
}

zarrc_status zarrc_blob_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  ZARRC_FIND_OP(blob, read);
  zarrc_status status = blob->ops->read(blob, ranges, n, error);
  return status ? said(status, error) : ZARRC_OK;
}

zarrc_status zarrc_blob_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                zarrc_error *error) {
  ZARRC_FIND_OP(blob, replace);
  if (!ZARRC_HAS_OP(blob->ops, replace)) return refuse_write(error);
  return said(blob->ops->replace(blob, parts, n, if_unchanged, error), error);
}

zarrc_status zarrc_blob_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  ZARRC_FIND_OP(blob, replace_from);
  if (!ZARRC_HAS_OP(blob->ops, replace_from)) return refuse_write(error);
  return said(blob->ops->replace_from(blob, parts, if_unchanged, error), error);
}

zarrc_status zarrc_blob_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  ZARRC_FIND_OP(blob, erase);
  if (!ZARRC_HAS_OP(blob->ops, erase)) return refuse_write(error);
  return said(blob->ops->erase(blob, if_unchanged, error), error);
}

static zarrc_status refuse_append(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "the store takes values as a whole only, not piece by piece");
}

zarrc_status zarrc_blob_append(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, zarrc_error *error) {
  if (!zarrc_blob_is_writable(blob)) return refuse_write(error);
  ZARRC_FIND_OP(blob, append);
  if (!ZARRC_HAS_OP(blob->ops, append)) return refuse_append(error);
  return said(blob->ops->append(blob, parts, n, error), error);
}

zarrc_status zarrc_blob_publish(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  ZARRC_FIND_OP(blob, publish);
  if (!ZARRC_HAS_OP(blob->ops, publish)) return refuse_append(error);
  return said(blob->ops->publish(blob, if_unchanged, error), error);
}

zarrc_status zarrc_blob_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  memset(out, 0, sizeof *out); /* a store need not set all */
  ZARRC_FIND_OP(blob, identify);
  *known = false;
  if (!ZARRC_HAS_OP(blob->ops, identify)) return ZARRC_OK;
  return said(blob->ops->identify(blob, out, known, error), error);
}

bool zarrc_blob_expect(zarrc_blob *blob, const zarrc_identity *identity) {
  ZARRC_FIND_OP(blob, expect);
  if (!ZARRC_HAS_OP(blob->ops, expect)) return false;
  blob->ops->expect(blob, identity);
  return true;
}

bool zarrc_blob_expect_none(zarrc_blob *blob) {
  ZARRC_FIND_OP(blob, expect_none);
  if (!ZARRC_HAS_OP(blob->ops, expect_none)) return false;
  blob->ops->expect_none(blob);
  return true;
}

bool zarrc_blob_keep(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out) {
  ZARRC_FIND_OP(blob, keep);
  return nbytes > 0 && ZARRC_HAS_OP(blob->ops, keep) && blob->ops->keep(blob, offset, nbytes, out);
}

void zarrc_blob_close(zarrc_blob *blob) {
  ZARRC_FIND_OP(blob, close);
  if (ZARRC_HAS_OP(blob->ops, close)) blob->ops->close(blob);
}

bool zarrc_blob_is_writable(const zarrc_blob *blob) {
  ZARRC_FIND_OP(blob, replace);
  return ZARRC_HAS_OP(blob->ops, replace);
}

zarrc_blob_traits zarrc_blob_get_traits(const zarrc_blob *blob) {
  zarrc_blob_traits t = {0};
  const zarrc_blob_traits *given = blob->traits;
  if (given && given->struct_size >= sizeof t)
    t = *given; /* small reads come here several times: without a call of memcpy */
  else if (given)
    memcpy(&t, given, given->struct_size);
  t.struct_size = sizeof t;
  if (!t.gap) t.gap = NEAR_GAP;
  if (!t.window) t.window = NEAR_WINDOW;
  if (!t.requests) t.requests = 1;
  return t;
}

/* ------------------------------------------------------------------------------------------------------- reading */

bool zarrc_blob_is_near(const zarrc_blob *blob) {
  if (!blob->traits) return true;
  zarrc_blob_traits t = zarrc_blob_get_traits(blob);
  return t.gap <= NEAR_GAP && t.requests == 1 && !t.deferred;
}

zarrc_joining zarrc_blob_joining(const zarrc_ctx *ctx, const zarrc_blob *blob, const zarrc_chunk_options *options) {
  zarrc_blob_traits t = zarrc_blob_get_traits(blob);
  uint64_t most = zarrc_ctx_get_options(ctx)->max_memory / OF_THE_LIMIT;
  zarrc_joining j = {.gap = t.gap, .max = t.requests == 1 ? t.window : t.window / t.requests, .window = t.window};
  if (options->coalesce_gap) j.gap = options->coalesce_gap;
  if (options->coalesce_max) {
    j.max = options->coalesce_max;
    j.window = j.max <= UINT64_MAX / t.requests ? j.max * t.requests : UINT64_MAX;
  }
  if (most && j.window > most) j.window = most;
  if (j.max > j.window) j.max = j.window;
  return j;
}

zarrc_status zarrc_blob_read_all(zarrc_blob *blob, uint64_t max, zarrc_bytes *out, zarrc_error *error) {
  zarrc_range range = {.nbytes = max, .to_end = true};
  zarrc_status status = zarrc_blob_read(blob, &range, 1, error);
  if (!status) *out = range.got;
  return status;
}

zarrc_status zarrc_range_locate(zarrc_range *range, uint64_t total, uint64_t *start, size_t *nbytes,
                                zarrc_error *error) {
  range->total = total;
  uint64_t offset = (uint64_t)range->offset, back = 0 - offset, length = range->nbytes;
  bool inside = range->offset >= 0 ? offset <= total : back <= total;
  if (inside) {
    *start = range->offset >= 0 ? offset : total - back;
    uint64_t left = total - *start;
    if (range->to_end) {
      if (left > range->nbytes)
        return zarrc_fail(error, ZARRC_LIMIT, "%llu bytes, of which at most %llu may be read", (unsigned long long)left,
                          (unsigned long long)range->nbytes);
      length = left;
    }
    inside = length <= left;
  }
  if (!inside) {
    zarrc_fail(error, ZARRC_TRUNCATED, "%llu bytes at %s%llu wanted of a value of %llu bytes",
               (unsigned long long)range->nbytes, range->offset < 0 ? "-" : "",
               (unsigned long long)(range->offset < 0 ? back : offset), (unsigned long long)total);
    if (error) error->offset = total > INT64_MAX ? -1 : (int64_t)total;
    return ZARRC_TRUNCATED;
  }
  if (length > SIZE_MAX) return zarrc_fail(error, ZARRC_LIMIT, "a range is larger than memory");
  *nbytes = (size_t)length;
  return ZARRC_OK;
}

/* -------------------------------------------------------------------------------------------------- memory blobs */

static zarrc_status memory_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const zarrc_memory_blob *b = (const zarrc_memory_blob *)blob;
  if (!b->present) return zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
  uint64_t start = 0;
  size_t nbytes = 0;
  for (size_t i = 0; i < n; i++) {
    zarrc_status status = zarrc_range_locate(&ranges[i], b->value.len, &start, &nbytes, error);
    if (status) return status;
  }
  for (size_t i = 0; i < n; i++) {
    zarrc_range *r = &ranges[i];
    zarrc_range_locate(r, b->value.len, &start, &nbytes, NULL);
    r->got = (zarrc_bytes){.ptr = b->value.ptr ? b->value.ptr + start : NULL, .len = nbytes};
    if (r->into) {
      if (nbytes) memcpy(r->into, r->got.ptr, nbytes);
      r->got.ptr = r->into;
    }
  }
  return ZARRC_OK;
}

static void value_release(zarrc_bytes *bytes) {
  zarrc_free(bytes->owner, (void *)bytes->ptr);
}

/* The pieces may point into the value that is replaced. */
static zarrc_status memory_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                   zarrc_error *error) {
  zarrc_memory_blob *b = (zarrc_memory_blob *)blob;
  (void)if_unchanged; /* nobody else can change it */
  size_t nbytes = 0;
  bool fits = true;
  for (size_t i = 0; i < n; i++) fits = fits && zarrc_add_size(nbytes, parts[i].len, &nbytes);
  uint8_t *value = fits && b->ctx ? zarrc_malloc(b->ctx, nbytes) : NULL;
  if (!value) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a value of %zu pieces", n);
  uint8_t *at = value;
  for (size_t i = 0; i < n; i++) {
    if (parts[i].len) memcpy(at, parts[i].ptr, parts[i].len);
    at += parts[i].len;
  }
  zarrc_bytes_release(&b->value);
  b->value = (zarrc_bytes){value, nbytes, value_release, b->ctx};
  b->present = true;
  return ZARRC_OK;
}

static zarrc_status memory_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  (void)if_unchanged;
  (void)error;
  zarrc_memory_blob_clear((zarrc_memory_blob *)blob);
  return ZARRC_OK;
}

static void memory_close(zarrc_blob *blob) {
  zarrc_memory_blob_clear((zarrc_memory_blob *)blob);
}

static const zarrc_blob_ops memory_ops = {.struct_size = sizeof memory_ops,
                                          .read = memory_read,
                                          .close = memory_close,
                                          .replace = memory_replace,
                                          .erase = memory_erase};

void zarrc_memory_blob_init(zarrc_memory_blob *blob, zarrc_ctx *ctx, const void *ptr, size_t nbytes) {
  *blob = (zarrc_memory_blob){
      .blob = {.ops = &memory_ops}, .ctx = ctx, .value = {.ptr = ptr, .len = ptr ? nbytes : 0}, .present = ptr != NULL};
}

void zarrc_memory_blob_clear(zarrc_memory_blob *blob) {
  zarrc_bytes_release(&blob->value);
  blob->present = false;
}
