/* SPDX-License-Identifier: MIT */
/* numcodecs.shuffle: first the first bytes of all elements, then all second bytes, and so on. */
#include "base/reading.h"
#include "codec/blosc_shuffle.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/one_piece.h"

#include <inttypes.h>
#include <string.h>

/* Larger elements are read as a whole: each of their bytes would be a range of its own. */
#define MAX_RANGES 64

typedef struct shuffle {
  int64_t elementsize; /* 0 or 1: nothing is moved */
  bool tunable;        /* evolve sets elementsize */
} shuffle;

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status shuffle_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"elementsize", NULL};
  shuffle *s = zarrc_codec_instance(codec);
  zarrc_config config;
  *s = (shuffle){.elementsize = 4};
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  s->tunable = !zarrc_config_has(&config, "elementsize");
  if (!status && !s->tunable) status = zarrc_config_int(&config, "elementsize", 0, INT32_MAX, &s->elementsize, error);
  return status;
}

static bool shuffle_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const shuffle *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->elementsize == b->elementsize && a->tunable == b->tunable;
}

static zarrc_status shuffle_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const shuffle *s = zarrc_codec_instance(codec);
  if (s->tunable) return zarrc_buf_printf(out, error, "{\"name\": \"numcodecs.shuffle\", \"configuration\": {}}");
  return zarrc_buf_printf(out, error,
                          "{\"name\": \"numcodecs.shuffle\", \"configuration\": {\"elementsize\": %" PRId64 "}}",
                          s->elementsize);
}

static zarrc_status shuffle_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  (void)error;
  shuffle *s = zarrc_codec_instance(codec);
  if (s->tunable) s->elementsize = zarrc_dtype_is_variable(&spec->dtype) ? 1 : (int64_t)spec->dtype.item_size;
  s->tunable = false;
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------- encode and decode */

/* Returns the size of the elements that are shuffled. */
static size_t size_of(const zarrc_codec *codec) {
  int64_t size = ((const shuffle *)zarrc_codec_instance(codec))->elementsize;
  return size > 1 ? (size_t)size : 1;
}

static zarrc_status shuffle_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  zarrc_one_piece p;
  size_t size = size_of(codec);
  if (size == 1) return ZARRC_OK;
  if (parts->nbytes % size)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "%" PRIu64 " bytes are no whole number of elements of %zu",
                      parts->nbytes, size);
  zarrc_status status = zarrc_one_piece_join(&p, parts, error);
  if (!status) status = zarrc_one_piece_add(&p, parts, p.in.len, error);
  if (status) {
    zarrc_parts_clear(&p.made);
    return status;
  }
  if (p.in.len > 0) zarrc_shuffle_kernels_best()->unzip(p.memory, p.in.len / size, p.in.ptr, size, p.in.len / size);
  return zarrc_one_piece_end(&p, parts, p.in.len, error);
}

static zarrc_status shuffle_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                   zarrc_error *error) {
  size_t size = size_of(codec), n = in->len / size;
  if (in->len % size)
    return zarrc_fail(error, ZARRC_CORRUPT, "%zu bytes are no whole number of elements of %zu", in->len, size);
  if (in->len > out->max)
    return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "holds %zu bytes, not %zu or less", in->len, out->max);
  size_t some = need / size < n ? need / size + 1 : n;
  if (some > n) some = n;
  zarrc_status status = zarrc_buf_reserve(out, some * size, error);
  if (status) return status;
  if (size > 1 && some > 0)
    zarrc_shuffle_kernels_best()->zip(out->ptr, in->ptr, n, size, some);
  else if (some > 0)
    memcpy(out->ptr, in->ptr, some);
  out->len = some * size;
  return ZARRC_OK;
}

static bool shuffle_states_size(const zarrc_codec *codec, const zarrc_bytes *in, uint64_t nbytes) {
  (void)codec;
  return in->len == nbytes;
}

/* -------------------------------------------------------------------------------------------------------- read */

/* Reads a range of the decoded value: the same elements of each plane. */
static zarrc_status read_planes(zarrc_ctx *ctx, size_t size, zarrc_blob *encoded, uint64_t total, zarrc_range *r,
                                zarrc_error *error) {
  zarrc_range planes[MAX_RANGES];
  zarrc_bytes memory, elements;
  uint64_t start = 0;
  size_t nbytes = 0;
  zarrc_status status = zarrc_range_locate(r, total, &start, &nbytes, error);
  if (status) return status;
  r->got = (zarrc_bytes){r->into ? r->into : (const void *)"", nbytes, NULL, NULL};
  if (nbytes == 0) return ZARRC_OK;
  uint64_t first = start / size;
  size_t n = (size_t)((start + nbytes - 1) / size - first) + 1, before = (size_t)(start % size);
  status = zarrc_scratch_take(ctx, n * size, &memory, error);
  if (status) return status;
  for (size_t k = 0; k < size; k++)
    planes[k] = (zarrc_range){
        .offset = (int64_t)(total / size * k + first), .nbytes = n, .into = (uint8_t *)memory.ptr + k * n};
  status = zarrc_blob_read(encoded, planes, size, error);
  bool direct = r->into && n * size == nbytes;
  if (!status && direct) zarrc_shuffle_kernels_best()->zip(r->into, memory.ptr, n, size, n);
  if (!status && !direct) {
    status = zarrc_scratch_take(ctx, n * size, &elements, error);
    if (!status) zarrc_shuffle_kernels_best()->zip((uint8_t *)elements.ptr, memory.ptr, n, size, n);
    if (!status && r->into) {
      memcpy(r->into, elements.ptr + before, nbytes);
      zarrc_bytes_release(&elements);
    } else if (!status) {
      r->got = elements;
      r->got.ptr += before;
      r->got.len = nbytes;
    }
  }
  zarrc_bytes_release(&memory);
  if (status) r->got = (zarrc_bytes){0};
  return status;
}

/* Returns whether all ranges together are small enough that reading them plane by plane is worth it. */
static bool are_few(zarrc_range *ranges, size_t n, size_t size, uint64_t total) {
  uint64_t sum = 0, start;
  size_t nbytes;
  for (size_t i = 0; i < n; i++) {
    if (zarrc_range_locate(&ranges[i], total, &start, &nbytes, NULL)) return false;
    sum += nbytes + 2 * size;
    if (sum > total / 2) return false;
  }
  return true;
}

static zarrc_status shuffle_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,
                                 zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  size_t size = size_of(codec);
  zarrc_range nothing = {.nbytes = 0};
  (void)options;
  *served = false;
  if (size > MAX_RANGES || !zarrc_blob_is_near(encoded)) return ZARRC_OK;
  if (size == 1) {
    *served = true;
    return zarrc_blob_read(encoded, ranges, n, error);
  }
  zarrc_status status = zarrc_blob_read(encoded, &nothing, 1, error);
  if (status) return status;
  uint64_t total = nothing.total;
  zarrc_bytes_release(&nothing.got);
  if (total == ZARRC_UNKNOWN || total > INT64_MAX || total % size || !are_few(ranges, n, size, total)) return ZARRC_OK;
  for (size_t i = 0; !status && i < n; i++) {
    status = read_planes(zarrc_codec_ctx(codec), size, encoded, total, &ranges[i], error);
    if (status) zarrc_ranges_release(ranges, i);
  }
  *served = !status;
  return status;
}

const zarrc_codec_class zarrc_numcodecs_shuffle_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.shuffle",
    .kind = ZARRC_BYTES_TO_BYTES,
    .fixed_size = true,
    .instance_size = sizeof(shuffle),
    .open = shuffle_open,
    .to_json = shuffle_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = shuffle_equal,
    .evolve = shuffle_evolve,
    .u.bb = {.encode = shuffle_encode,
             .decode = shuffle_decode,
             .read = shuffle_read,
             .states_size = shuffle_states_size},
};
