/* SPDX-License-Identifier: MIT */
/* crc32c: the bytes, followed by their CRC-32C as a little-endian number. */
#include "codec/crc32c.h"
#include "base/checked.h"
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/crc32c_table.h"

#if ZARRC_HAVE_ISAL
#include <isa-l.h>
#endif

#define SUM_NBYTES 4u
/* Bytes that are summed and copied at once; they fit the nearest cache. */
#define STEP_NBYTES ((size_t)1 << 14)

const char *zarrc_isal_version(void) {
#if ZARRC_HAVE_ISAL
#define TEXT_OF(x)          #x
#define VERSION_OF(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)
  return VERSION_OF(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
#else
  return NULL;
#endif
}

/* --------------------------------------------------------------------------------------------------- the sum */

uint32_t zarrc_crc32c_portable(uint32_t crc, const void *bytes, size_t n) {
  const uint32_t(*t)[256] = crc32c_table;
  const uint8_t *p = bytes;
  crc = ~crc;
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t x = zarrc_load_le64(p) ^ crc;
    crc = t[7][x & 255] ^ t[6][x >> 8 & 255] ^ t[5][x >> 16 & 255] ^ t[4][x >> 24 & 255] ^ t[3][x >> 32 & 255] ^
          t[2][x >> 40 & 255] ^ t[1][x >> 48 & 255] ^ t[0][x >> 56];
  }
  for (; n; n--, p++) crc = crc >> 8 ^ t[0][(crc ^ *p) & 255];
  return ~crc;
}

uint32_t zarrc_crc32c(uint32_t crc, const void *bytes, size_t n) {
#if ZARRC_HAVE_ISAL
  uint8_t *p = (uint8_t *)bytes;
  crc = ~crc;
  for (int some; n; n -= (size_t)some, p += some) {
    some = n < 1u << 30 ? (int)n : 1 << 30;
    crc = crc32_iscsi(p, some, crc);
  }
  return ~crc;
#else
  return zarrc_crc32c_portable(crc, bytes, n);
#endif
}

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status crc32c_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {NULL};
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  return status;
}

static zarrc_size crc32c_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  uint64_t size;
  if (!zarrc_add_u64(nbytes, SUM_NBYTES, &size)) return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
  return (zarrc_size){ZARRC_SIZE_EXACT, size};
}

/* ------------------------------------------------------------------------------------------- encode and decode */

static zarrc_status crc32c_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  (void)codec;
  uint32_t crc = 0;
  uint8_t *sum;
  for (size_t i = 0; i < parts->nitems; i++) crc = zarrc_crc32c(crc, parts->items[i].ptr, parts->items[i].len);
  zarrc_status status = zarrc_parts_add(parts, SUM_NBYTES, &sum, error);
  if (!status) zarrc_store_le32(sum, crc);
  return status;
}

static zarrc_status too_short(size_t nbytes, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes hold no checksum of 4", nbytes);
}

/* Compares the checksum of n bytes with the one stored after them. */
static zarrc_status compare(uint32_t crc, const uint8_t *bytes, size_t n, zarrc_error *error) {
  uint32_t stored = zarrc_load_le32(bytes + n);
  if (crc == stored) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CHECKSUM, "CRC-32C of %zu bytes is %08x, stored is %08x", n, crc, stored);
}

static zarrc_status crc32c_check(const zarrc_codec *codec, const zarrc_bytes *encoded, size_t *nbytes,
                                 zarrc_error *error) {
  (void)codec;
  if (encoded->len < SUM_NBYTES) return too_short(encoded->len, error);
  *nbytes = encoded->len - SUM_NBYTES;
  return compare(zarrc_crc32c(0, encoded->ptr, *nbytes), encoded->ptr, *nbytes, error);
}

static zarrc_status crc32c_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                  zarrc_error *error) {
  (void)codec;
  uint32_t crc = 0;
  if (in->len < SUM_NBYTES) return too_short(in->len, error);
  size_t n = in->len - SUM_NBYTES;
  bool fits = n <= out->max;
  size_t ncopied = !fits ? 0 : n < need ? n : need;
  zarrc_status status = zarrc_buf_reserve(out, ncopied, error);
  if (status) return status;
  for (size_t at = 0, step; at < n; at += step) {
    step = n - at < STEP_NBYTES ? n - at : STEP_NBYTES;
    crc = zarrc_crc32c(crc, in->ptr + at, step);
    if (at < ncopied) memcpy(out->ptr + at, in->ptr + at, step < ncopied - at ? step : ncopied - at);
  }
  status = compare(crc, in->ptr, n, error);
  if (status) return status;
  if (!fits) return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "holds %zu bytes, not %zu or less", n, out->max);
  out->len = ncopied;
  return ZARRC_OK;
}

/* -------------------------------------------------------------------------------------------------------- read */

static zarrc_status reaches_sum(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_TRUNCATED, "the value ends before the bytes that are needed do");
}

/* Makes the range of the encoded value for a range of the decoded one. To the end: with the checksum, as a loan. */
static zarrc_status range_encoded(const zarrc_range *r, zarrc_range *out, zarrc_error *error) {
  *out = (zarrc_range){.offset = r->offset, .nbytes = r->nbytes, .into = r->into};
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

/* Returns whether a range that was read ends before the checksum. */
static bool range_is_inside(const zarrc_range *read) {
  if (read->total < SUM_NBYTES) return false;
  if (read->to_end) return read->got.len >= SUM_NBYTES;
  return read->offset < 0 || (uint64_t)read->offset + read->nbytes <= read->total - SUM_NBYTES;
}

/* Passes what was read to the caller's range. */
static void range_decoded(zarrc_range *read, zarrc_range *r) {
  r->total = read->total - SUM_NBYTES;
  r->got = read->got;
  if (!read->to_end) return;
  r->got.len -= SUM_NBYTES;
  if (!r->into) return;
  if (r->got.len) memcpy(r->into, r->got.ptr, r->got.len);
  r->got = (zarrc_bytes){.ptr = r->into, .len = r->got.len};
  zarrc_bytes_release(&read->got);
}

/* Reads ranges without verifying the checksum, if the reader trusts stored bytes. */
static zarrc_status crc32c_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,
                                zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  zarrc_bytes memory;
  *served = false;
  if (!options || !options->trust_checksums || !n) return ZARRC_OK;
  zarrc_status status = zarrc_scratch_take(zarrc_codec_ctx(codec), n * sizeof(zarrc_range), &memory, error);
  if (status) return status;
  zarrc_range *read = (void *)memory.ptr;
  for (size_t i = 0; i < n && !status; i++) status = range_encoded(&ranges[i], &read[i], error);
  if (!status) status = zarrc_blob_read(encoded, read, n, error);
  if (status) goto done;
  bool known = true;
  for (size_t i = 0; i < n && known && !status; i++) {
    known = read[i].total != ZARRC_UNKNOWN;
    if (known && !range_is_inside(&read[i])) status = reaches_sum(error);
  }
  *served = known && !status;
  for (size_t i = 0; i < n && *served; i++) range_decoded(&read[i], &ranges[i]);
  if (!*served) zarrc_ranges_release(read, n);
done:
  zarrc_bytes_release(&memory);
  return status;
}

const zarrc_codec_class zarrc_crc32c_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "crc32c",
    .kind = ZARRC_BYTES_TO_BYTES,
    .fixed_size = true,
    .open = crc32c_open,
    .encoded_size = crc32c_encoded_size,
    .u.bb = {.encode = crc32c_encode, .decode = crc32c_decode, .read = crc32c_read, .check = crc32c_check},
};

zarrc_status zarrc_crc32c_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error) {
  return zarrc_codec_open_config(ctx, &zarrc_crc32c_class, NULL, NULL, 0, NULL, out, error);
}
