/* SPDX-License-Identifier: MIT */
/*
 * bitround and numcodecs.bitround: keeps so many bits of the fraction of floats, and of integers so many from the
 * highest one that is set. Zarr extensions, "bitround codec". What is stored is the rounded numbers, so decoding has
 * nothing to do.
 */
#include "base/floats.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/filter.h"
#include "codec/filter_loops.h"

#include <string.h>

enum { KEEPBITS };
static const char *const setting_names[] = {"keepbits", NULL};
static const zarrc_filter_schema schema = {.id = "bitround", .names = setting_names, .kinds = "I", .encoding_only = 1};

static zarrc_status bitround_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  zarrc_status status = zarrc_filter_open(codec, &schema, error);
  const zarrc_setting *keepbits = &((zarrc_filter *)zarrc_codec_instance(codec))->setting[KEEPBITS];
  int least = zarrc_codec_get_class(codec) == &zarrc_bitround_class;
  if (status || codec->decodes_only || keepbits->real >= least) return status;
  zarrc_error why = {0};
  status = zarrc_fail(&why, ZARRC_INVALID_METADATA, "configuration.keepbits is %s, below %d", keepbits->text, least);
  return zarrc_codec_forgive(codec, status, &why, error);
}

/* Returns the bits of the fraction of a type, or of its components; 0: it has none. */
static unsigned fraction_bits(zarrc_type type) {
  const zarrc_float_format *format = zarrc_float_format_of(type);
  return format && format->nbytes > 1 ? format->nfraction : 0;
}

/* Returns whether elements of a type are integers, as the registered codec sees them. */
static bool is_whole(zarrc_type type) {
  return zarrc_is_integer(type) || type == ZARRC_DATETIME64 || type == ZARRC_TIMEDELTA64;
}

static zarrc_status bitround_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                      zarrc_error *error) {
  const zarrc_setting *keepbits = &((zarrc_filter *)zarrc_codec_instance(codec))->setting[KEEPBITS];
  bool registered = zarrc_codec_get_class(codec) == &zarrc_bitround_class;
  unsigned bits = fraction_bits(spec->dtype.type);
  (void)grid;
  if (!registered && spec->dtype.type >= ZARRC_COMPLEX64) bits = 0;
  if (registered && is_whole(spec->dtype.type)) return ZARRC_OK;
  if (bits == 0 && registered)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no numbers that can be rounded");
  if (bits == 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no floating-point numbers");
  if (keepbits->real <= bits || codec->decodes_only) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.keepbits is %s, but the numbers have %u",
                    keepbits->text, bits);
}

/* Too many bits make nothing unreadable. */
static zarrc_status bitround_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  const zarrc_setting *keepbits = &((zarrc_filter *)zarrc_codec_instance(codec))->setting[KEEPBITS];
  unsigned bits = fraction_bits(spec->dtype.type);
  zarrc_error why = {0};
  if (bits == 0 || keepbits->real <= bits || is_whole(spec->dtype.type)) return ZARRC_OK;
  return zarrc_codec_forgive(codec, bitround_validate(codec, spec, NULL, &why), &why, error);
}

typedef struct bitrounding {
  size_t component;
  unsigned nbits, per_element;
} bitrounding;

static void round_bits(void *arg, const void *in, void *out, size_t n) {
  const bitrounding *b = arg;
  zarrc_bitround_loop(b->component, b->nbits, in, out, n * b->per_element);
}

typedef struct bit_keeping {
  size_t item;
  unsigned keepbits;
} bit_keeping;

/* Rounds a number of up to `most` to the nearest, ties to even, without carrying beyond `most`. */
static uint64_t keep_bits(uint64_t x, unsigned keepbits, uint64_t most) {
  unsigned nbits = x ? 64 - (unsigned)__builtin_clzll(x) : 0, dropped = nbits > keepbits ? nbits - keepbits : 0;
  if (dropped == 0) return x;
  uint64_t half = (x >> dropped & 1) + ((uint64_t)1 << (dropped - 1)) - 1;
  x = x > most - half ? most : x + half;
  return x >> dropped << dropped;
}

#define KEEP(type)                                                                                                     \
  static void keep_##type(unsigned keepbits, const uint8_t *in, uint8_t *out, size_t n) {                              \
    for (type x; n; n--, in += sizeof x, out += sizeof x) {                                                            \
      memcpy(&x, in, sizeof x);                                                                                        \
      x = (type)keep_bits(x, keepbits, (type)-1);                                                                      \
      memcpy(out, &x, sizeof x);                                                                                       \
    }                                                                                                                  \
  }
KEEP(uint8_t)
KEEP(uint16_t)
KEEP(uint32_t)
KEEP(uint64_t)

/* The bits of signed integers are rounded as if they were unsigned. */
static void round_integers(void *arg, const void *in, void *out, size_t n) {
  const bit_keeping *k = arg;
  if (k->item == 1)
    keep_uint8_t(k->keepbits, in, out, n);
  else if (k->item == 2)
    keep_uint16_t(k->keepbits, in, out, n);
  else if (k->item == 4)
    keep_uint32_t(k->keepbits, in, out, n);
  else
    keep_uint64_t(k->keepbits, in, out, n);
}

static zarrc_status bitround_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                    const zarrc_view *encoded, zarrc_error *error) {
  const zarrc_setting *keepbits = &((zarrc_filter *)zarrc_codec_instance(codec))->setting[KEEPBITS];
  zarrc_filter_side from = zarrc_filter_side_native(decoded), to = zarrc_filter_side_native(encoded);
  zarrc_type type = spec->dtype.type;
  if (is_whole(type)) {
    bit_keeping k = {spec->dtype.item_size, keepbits->real < 64 ? (unsigned)keepbits->real : 64};
    return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, round_integers, &k, error);
  }
  bitrounding b = {zarrc_dtype_of(type).item_size, 0, 1};
  if (zarrc_type_is_complex(type)) b.component /= 2, b.per_element = 2;
  b.nbits = fraction_bits(type) - (unsigned)keepbits->real;
  return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, round_bits, &b, error);
}

static void copy_items(void *arg, const void *in, void *out, size_t n) {
  memcpy(out, in, n * *(const size_t *)arg);
}

static zarrc_status bitround_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                    const zarrc_view *decoded, zarrc_error *error) {
  (void)spec;
  zarrc_filter_side from = zarrc_filter_side_native(encoded), to = zarrc_filter_side_native(decoded);
  size_t item = decoded->dtype.item_size;
  if (decoded->data != encoded->data)
    zarrc_copy(decoded, encoded);
  else if (from.swap != to.swap)
    return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, copy_items, &item, error);
  return ZARRC_OK;
}

#define BITROUND_CLASS(text)                                                                                           \
  {                                                                                                                    \
    .struct_size = sizeof(zarrc_codec_class), .name = text, .kind = ZARRC_ARRAY_TO_ARRAY, .fixed_size = true,          \
    .lossy = true, .instance_size = sizeof(zarrc_filter), .open = bitround_open, .to_json = zarrc_filter_to_json,      \
    .copy = zarrc_codec_copy_instance, .equal = zarrc_filter_equal, .evolve = bitround_evolve,                         \
    .validate = bitround_validate, .u.aa = {.encode = bitround_encode, .decode = bitround_decode, .pointwise = true},  \
  }
const zarrc_codec_class zarrc_bitround_class = BITROUND_CLASS("bitround");
const zarrc_codec_class zarrc_numcodecs_bitround_class = BITROUND_CLASS("numcodecs.bitround");
