/* SPDX-License-Identifier: MIT */
#include "codec/checksum.h"
#include "base/checked.h"
#include "base/endian.h"

#include <string.h>

#define SUM_NBYTES ZARRC_CHECKSUM_NBYTES
/* Bytes that are summed and copied at once; they fit the nearest cache. */
#define STEP_NBYTES ((size_t)1 << 14)

zarrc_size zarrc_checksum_encoded_size(uint64_t nbytes) {
  uint64_t size;
  if (!zarrc_add_u64(nbytes, SUM_NBYTES, &size)) return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
  return (zarrc_size){ZARRC_SIZE_EXACT, size};
}

/* ------------------------------------------------------------------------------------------- encode and decode */

zarrc_status zarrc_checksum_encode(const zarrc_checksum *c, zarrc_parts *parts, zarrc_error *error) {
  uint32_t sum = c->first;
  uint8_t *memory;
  zarrc_bytes all;
  zarrc_status status = c->at_once ? zarrc_parts_join(parts, &all, error) : ZARRC_OK;
  if (!status && c->at_once) sum = c->sum(sum, all.ptr, all.len);
  for (size_t i = 0; !c->at_once && i < parts->nitems; i++) sum = c->sum(sum, parts->items[i].ptr, parts->items[i].len);
  if (!status) status = zarrc_parts_add(parts, SUM_NBYTES, &memory, error);
  if (status) return status;
  zarrc_store_le32(memory, sum);
  if (c->at_start) {
    zarrc_bytes last = parts->items[parts->nitems - 1];
    memmove(parts->items + 1, parts->items, (parts->nitems - 1) * sizeof *parts->items);
    parts->items[0] = last;
  }
  return ZARRC_OK;
}

static zarrc_status too_short(size_t nbytes, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes hold no checksum of 4", nbytes);
}

/* Returns where the bytes of a value begin, which is not too short. */
static const uint8_t *bytes_of(const zarrc_checksum *c, const zarrc_bytes *value) {
  return value->ptr + (c->at_start ? SUM_NBYTES : 0);
}

/* Compares a computed checksum with the one of the value. */
static zarrc_status compare(const zarrc_checksum *c, uint32_t computed, const zarrc_bytes *value, zarrc_error *error) {
  size_t n = value->len - SUM_NBYTES;
  uint32_t stored = zarrc_load_le32(value->ptr + (c->at_start ? 0 : n));
  if (computed == stored) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CHECKSUM, "%s of %zu bytes is %08x, stored is %08x", c->name, n, computed, stored);
}

zarrc_status zarrc_checksum_check(const zarrc_checksum *c, const zarrc_bytes *encoded, size_t *nbytes,
                                  zarrc_error *error) {
  if (encoded->len < SUM_NBYTES) return too_short(encoded->len, error);
  *nbytes = encoded->len - SUM_NBYTES;
  return compare(c, c->sum(c->first, bytes_of(c, encoded), *nbytes), encoded, error);
}

zarrc_status zarrc_checksum_decode(const zarrc_checksum *c, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                   zarrc_error *error) {
  uint32_t sum = c->first;
  if (in->len < SUM_NBYTES) return too_short(in->len, error);
  const uint8_t *from = bytes_of(c, in);
  size_t n = in->len - SUM_NBYTES, most = c->at_once ? n : STEP_NBYTES;
  bool fits = n <= out->max;
  size_t ncopied = !fits ? 0 : n < need ? n : need;
  zarrc_status status = zarrc_buf_reserve(out, ncopied, error);
  if (status) return status;
  if (c->at_once && n == 0) sum = c->sum(sum, from, 0);
  for (size_t at = 0, step; at < n; at += step) {
    step = n - at < most ? n - at : most;
    sum = c->sum(sum, from + at, step);
    if (at < ncopied) memcpy(out->ptr + at, from + at, step < ncopied - at ? step : ncopied - at);
  }
  status = compare(c, sum, in, error);
  if (status) return status;
  if (!fits) return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "holds %zu bytes, not %zu or less", n, out->max);
  out->len = ncopied;
  return ZARRC_OK;
}

/* -------------------------------------------------------------------------------------------------------- read */

static zarrc_status reaches_sum(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_TRUNCATED, "the value ends before the bytes that are needed do");
}

/* Makes the range of the encoded value for a range of the decoded one. If the checksum follows the bytes, a range to
 * the end includes it, and is a loan. */
static zarrc_status range_encoded(const zarrc_checksum *c, const zarrc_range *r, zarrc_range *out, zarrc_error *error) {
  *out = (zarrc_range){.offset = r->offset, .nbytes = r->nbytes, .into = r->into};
  if (c->at_start) {
    out->to_end = r->to_end;
    if (r->offset >= 0 && !zarrc_add_i64(r->offset, SUM_NBYTES, &out->offset)) return reaches_sum(error);
    return ZARRC_OK;
  }
  if (r->offset < 0) {
    uint64_t back = (uint64_t) - (r->offset + 1) + 1;
    if (r->to_end && back > r->nbytes)
      return zarrc_fail(error, ZARRC_LIMIT, "%llu bytes where %llu are allowed", (unsigned long long)back,
                        (unsigned long long)r->nbytes);
    if (r->to_end) out->nbytes = back;
    if (out->nbytes > back || !zarrc_add_i64(r->offset, -(int64_t)SUM_NBYTES, &out->offset)) return reaches_sum(error);
  } else if (r->to_end) {
    out->to_end = true;
    out->into = NULL;
    if (!zarrc_add_u64(r->nbytes, SUM_NBYTES, &out->nbytes)) out->nbytes = UINT64_MAX;
  }
  return ZARRC_OK;
}

/* Returns whether a range that was read has no byte of the checksum, unless it goes to the end. */
static bool range_is_inside(const zarrc_checksum *c, const zarrc_range *read) {
  if (read->total < SUM_NBYTES) return false;
  if (c->at_start) return read->offset >= 0 || (uint64_t) - (read->offset + 1) < read->total - SUM_NBYTES;
  if (read->to_end) return read->got.len >= SUM_NBYTES;
  return read->offset < 0 || (uint64_t)read->offset + read->nbytes <= read->total - SUM_NBYTES;
}

/* Passes what was read to the caller's range. */
static void range_decoded(const zarrc_checksum *c, zarrc_range *read, zarrc_range *r) {
  r->total = read->total - SUM_NBYTES;
  r->got = read->got;
  if (c->at_start || !read->to_end) return;
  r->got.len -= SUM_NBYTES;
  if (!r->into) return;
  if (r->got.len) memcpy(r->into, r->got.ptr, r->got.len);
  r->got = (zarrc_bytes){.ptr = r->into, .len = r->got.len};
  zarrc_bytes_release(&read->got);
}

zarrc_status zarrc_checksum_read(const zarrc_checksum *c, zarrc_ctx *ctx, const zarrc_chunk_options *options,
                                 zarrc_blob *encoded, zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  zarrc_bytes memory;
  *served = false;
  if (!options || !options->trust_checksums || !n) return ZARRC_OK;
  zarrc_status status = zarrc_scratch_take(ctx, n * sizeof(zarrc_range), &memory, error);
  if (status) return status;
  zarrc_range *read = (void *)memory.ptr;
  for (size_t i = 0; i < n && !status; i++) status = range_encoded(c, &ranges[i], &read[i], error);
  if (!status) status = zarrc_blob_read(encoded, read, n, error);
  if (status) goto done;
  bool known = true;
  for (size_t i = 0; i < n && known && !status; i++) {
    known = read[i].total != ZARRC_UNKNOWN;
    if (known && !range_is_inside(c, &read[i])) status = reaches_sum(error);
  }
  *served = known && !status;
  for (size_t i = 0; i < n && *served; i++) range_decoded(c, &read[i], &ranges[i]);
  if (!*served) zarrc_ranges_release(read, n);
done:
  zarrc_bytes_release(&memory);
  return status;
}
