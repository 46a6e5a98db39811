/* SPDX-License-Identifier: MIT */
/*
 * numcodecs.packbits: stores eight booleans in a byte, the first in the highest bit. The first byte says how many bits
 * of the last one are padding. (The codec that is registered as `packbits` is another one, and turns elements into
 * bytes.)
 */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/filter.h"
#include "codec/filter_loops_avx2.h"
#include "codec/packed.h"

static const char *const setting_names[] = {NULL};
static const zarrc_filter_schema schema = {.id = "packbits", .names = setting_names, .kinds = ""};

static zarrc_status packbits_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return zarrc_filter_open(codec, &schema, error);
}

static zarrc_status packbits_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  (void)error;
  zarrc_filter_set_fill(zarrc_codec_instance(codec), spec, ZARRC_UINT8);
  return ZARRC_OK;
}

static zarrc_status packbits_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                      zarrc_error *error) {
  (void)codec, (void)grid;
  if (spec->dtype.type == ZARRC_BOOL) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are not of type bool");
}

/* Returns the bytes that nitems booleans take up. */
static int64_t packed_nbytes(int64_t nitems) {
  return 1 + nitems / 8 + (nitems % 8 != 0);
}

static zarrc_status packbits_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out,
                                     zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  (void)error;
  out->dtype = zarrc_dtype_of(ZARRC_UINT8);
  out->fill = f->has_fill ? f->fill : NULL;
  out->ndim = 1;
  out->shape[0] = packed_nbytes(zarrc_spec_nitems(in));
  return ZARRC_OK;
}

static zarrc_size packbits_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return (zarrc_size){ZARRC_SIZE_EXACT, 1 + nbytes / 8 + (nbytes % 8 != 0)};
}

/* Packs n booleans, of which only the last n % 8 may be fewer than eight. */
static void pack(const uint8_t *in, uint8_t *out, size_t n) {
  size_t i = zarrc_pack_avx2(in, out, n);
  for (; i + 8 <= n; i += 8) {
    uint64_t eight = 0;
    for (unsigned k = 0; k < 8; k++) eight |= (uint64_t)(in[i + k] != 0) << 8 * k;
    out[i / 8] = (uint8_t)(eight * 0x8040201008040201u >> 56);
  }
  if (i == n) return;
  out[i / 8] = 0;
  for (unsigned k = 0; i + k < n; k++) out[i / 8] |= (uint8_t)((in[i + k] != 0) << (7 - k));
}

static void unpack(const uint8_t *in, uint8_t *out, size_t n) {
  size_t i = zarrc_unpack_avx2(in, out, n);
  for (; i + 8 <= n; i += 8)
    for (unsigned k = 0; k < 8; k++) out[i + k] = in[i / 8] >> (7 - k) & 1;
  for (; i < n; i++) out[i] = in[i / 8] >> (7 - i % 8) & 1;
}

/* The two sides of a chunk, the memory of both in C order. */
typedef struct sides {
  zarrc_packed decoded, encoded;
} sides;

static zarrc_status take_sides(zarrc_ctx *ctx, const zarrc_view *decoded, const zarrc_view *encoded, sides *s,
                               zarrc_error *error) {
  zarrc_status status = zarrc_packed_take(ctx, decoded, &s->decoded, error);
  return status ? status : zarrc_packed_take(ctx, encoded, &s->encoded, error);
}

static zarrc_status release_sides(sides *s, zarrc_status status) {
  zarrc_packed_release(&s->decoded);
  zarrc_packed_release(&s->encoded);
  return status;
}

static zarrc_status packbits_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                    const zarrc_view *encoded, zarrc_error *error) {
  size_t n = (size_t)zarrc_view_nitems(decoded);
  sides s = {0};
  (void)spec;
  zarrc_status status = take_sides(zarrc_codec_ctx(codec), decoded, encoded, &s, error);
  if (!status) {
    uint8_t *out = s.encoded.memory;
    zarrc_packed_load(&s.decoded);
    out[0] = (uint8_t)((8 - n % 8) % 8);
    pack(s.decoded.memory, out + 1, n);
    zarrc_packed_store(&s.encoded);
  }
  return release_sides(&s, status);
}

static zarrc_status check_header(const uint8_t *in, const zarrc_spec *spec, zarrc_error *error) {
  unsigned padding = (unsigned)(8 - zarrc_spec_nitems(spec) % 8) % 8;
  if (*in == padding) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CORRUPT, "the first byte says that %u bits are padding, not %u", *in, padding);
}

static zarrc_status packbits_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                    const zarrc_view *decoded, zarrc_error *error) {
  size_t n = (size_t)zarrc_view_nitems(decoded);
  sides s = {0};
  zarrc_status status = take_sides(zarrc_codec_ctx(codec), decoded, encoded, &s, error);
  if (status) return release_sides(&s, status);
  zarrc_packed_load(&s.encoded);
  const uint8_t *in = s.encoded.memory;
  status = check_header(in, spec, error);
  if (!status) {
    unpack(in + 1, s.decoded.memory, n);
    zarrc_packed_store(&s.decoded);
  }
  return release_sides(&s, status);
}

static void packbits_place(const zarrc_codec *codec, const zarrc_spec *spec, int64_t *start, int64_t *end) {
  (void)codec, (void)spec;
  *start = 1 + *start / 8;
  *end = packed_nbytes(*end);
}

static zarrc_status packbits_decode_run(const zarrc_codec *codec, const zarrc_spec *spec, int64_t first,
                                        const zarrc_view *encoded, const zarrc_view *decoded, zarrc_error *error) {
  const uint8_t *in = encoded->data;
  uint8_t *out = decoded->data;
  size_t n = (size_t)decoded->shape[0], ahead = (size_t)((8 - first % 8) % 8); /* those in the first byte */
  (void)codec;
  zarrc_status status = check_header(in++, spec, error);
  if (status) return status;
  if (ahead > n) ahead = n;
  for (size_t i = 0; i < ahead; i++) out[i] = *in >> (7 - (unsigned)(first + (int64_t)i) % 8) & 1;
  if (ahead < n) unpack(in + (first % 8 != 0), out + ahead, n - ahead);
  return ZARRC_OK;
}

static const zarrc_runs packbits_runs = {
    .struct_size = sizeof packbits_runs, .header = 1, .place = packbits_place, .decode = packbits_decode_run};

const zarrc_codec_class zarrc_packbits_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.packbits",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .instance_size = sizeof(zarrc_filter),
    .open = packbits_open,
    .to_json = zarrc_filter_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = zarrc_filter_equal,
    .evolve = packbits_evolve,
    .validate = packbits_validate,
    .resolve = packbits_resolve,
    .encoded_size = packbits_encoded_size,
    .u.aa = {.encode = packbits_encode, .decode = packbits_decode, .runs = &packbits_runs},
};
