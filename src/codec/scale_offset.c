/* SPDX-License-Identifier: MIT */
/*
 * scale_offset: stores (x - offset) * scale, and reads x / scale + offset, in the type of the elements. Zarr
 * extensions, "scale_offset codec". Integers that are out of range when they are written, on the way too, or not
 * divisible when they are read, are errors; floats are rounded after each step, and may become infinite in types that
 * have infinities.
 */
#include "base/fill.h"
#include "base/floats.h"
#include "base/number_bits.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/filter.h"
#include "codec/reals.h"

#include <string.h>

typedef struct scale_offset {
  zarrc_type type; /* once the codec is evolved */
  bool has_fill;
  uint8_t offset[8], scale[8], fill[8]; /* elements */
} scale_offset;

static zarrc_status scale_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"offset", "scale", NULL};
  zarrc_config config;
  return zarrc_config_of(codec, keys, &config, error);
}

/* ------------------------------------------------------------------------------------------------------ arithmetic */

/* What is computed, and with what. */
typedef struct scaling {
  zarrc_type type;
  bool encode, failed;
  uint8_t element[8]; /* that failed */
  int64_t offset_i, scale_i;
  uint64_t offset_u, scale_u;
  double offset, scale;
  unsigned nbits; /* of integers */
  bool is_signed;
  const zarrc_float_format *format;
} scaling;

static bool step_signed(const scaling *s, int64_t x, int64_t *out) {
  int64_t most = INT64_MAX >> (64 - s->nbits), least = -most - 1;
  if (s->encode) {
    if (__builtin_sub_overflow(x, s->offset_i, &x) || x > most || x < least) return false;
    return !__builtin_mul_overflow(x, s->scale_i, out) && *out <= most && *out >= least;
  }
  if (s->scale_i == -1 ? x == INT64_MIN : x % s->scale_i != 0) return false;
  return !__builtin_add_overflow(x / s->scale_i, s->offset_i, out) && *out <= most && *out >= least;
}

static bool step_unsigned(const scaling *s, uint64_t x, uint64_t *out) {
  uint64_t most = UINT64_MAX >> (64 - s->nbits);
  if (s->encode)
    return !__builtin_sub_overflow(x, s->offset_u, &x) && !__builtin_mul_overflow(x, s->scale_u, out) && *out <= most;
  return x % s->scale_u == 0 && !__builtin_add_overflow(x / s->scale_u, s->offset_u, out) && *out <= most;
}

/* Returns a result of float64, rounded to the type. No type of fewer bits is rounded twice in effect: float64 has more
 * than twice as many as any other, and two more. */
static bool narrow(const scaling *s, double *x) {
  bool known;
  *x = zarrc_float_value(s->format, zarrc_float_bits(s->format, *x, &known));
  return known;
}

static bool step_float(const scaling *s, double x, double *out) {
  *out = s->encode ? x - s->offset : x / s->scale;
  if (!narrow(s, out)) return false;
  *out = s->encode ? *out * s->scale : *out + s->offset;
  return narrow(s, out);
}

/* Computes one element. */
static bool step(const scaling *s, const void *in, void *out) {
  size_t nbytes = zarrc_dtype_of(s->type).item_size;
  uint64_t bits = zarrc_load_bits(in, nbytes), result = 0;
  int64_t number = 0;
  double real = 0;
  bool known;
  if (s->format) {
    known = step_float(s, zarrc_float_value(s->format, bits), &real);
    if (known) result = zarrc_float_bits(s->format, real, &known);
  } else if (s->is_signed) {
    known = step_signed(s, (int64_t)(bits << (64 - s->nbits)) >> (64 - s->nbits), &number);
    result = (uint64_t)number & UINT64_MAX >> (64 - s->nbits);
  } else {
    known = step_unsigned(s, bits, &result);
  }
  if (known) zarrc_store_bits(out, nbytes, result);
  return known;
}

/* The types of most data, without a detour. Each step is rounded, also by processors that compute in a wider type. */
static void step_floats(const scaling *s, const float *in, float *out, size_t n) {
  float offset = (float)s->offset, scale = (float)s->scale;
  if (s->encode)
    for (size_t i = 0; i < n; i++) out[i] = (float)(in[i] - offset) * scale;
  else
    for (size_t i = 0; i < n; i++) out[i] = (float)(in[i] / scale) + offset;
}

static void step_doubles(const scaling *s, const double *in, double *out, size_t n) {
  if (s->encode)
    for (size_t i = 0; i < n; i++) out[i] = (double)(in[i] - s->offset) * s->scale;
  else
    for (size_t i = 0; i < n; i++) out[i] = (double)(in[i] / s->scale) + s->offset;
}

static void scale_block(void *arg, const void *in, void *out, size_t n) {
  scaling *s = arg;
  size_t nbytes = zarrc_dtype_of(s->type).item_size;
  const uint8_t *source = in;
  uint8_t *target = out;
  if (s->type == ZARRC_FLOAT32) {
    step_floats(s, in, out, n);
    return;
  }
  if (s->type == ZARRC_FLOAT64) {
    step_doubles(s, in, out, n);
    return;
  }
  for (size_t i = 0; i < n && !s->failed; i++, source += nbytes, target += nbytes) {
    s->failed = !step(s, source, target);
    if (s->failed) memcpy(s->element, source, nbytes);
  }
}

static scaling scaling_of(const scale_offset *c, bool encode) {
  scaling s = {.type = c->type, .encode = encode, .format = zarrc_float_format_of(c->type)};
  size_t nbytes = zarrc_dtype_of(c->type).item_size;
  s.nbits = zarrc_integer_nbits(c->type, &s.is_signed);
  s.offset_u = zarrc_load_bits(c->offset, nbytes);
  s.scale_u = zarrc_load_bits(c->scale, nbytes);
  if (s.format) {
    s.offset = zarrc_float_value(s.format, s.offset_u);
    s.scale = zarrc_float_value(s.format, s.scale_u);
  } else {
    s.offset_i = (int64_t)(s.offset_u << (64 - s.nbits)) >> (64 - s.nbits);
    s.scale_i = (int64_t)(s.scale_u << (64 - s.nbits)) >> (64 - s.nbits);
  }
  return s;
}

/* Returns whether an integer cannot be divided by the scale. */
static bool has_remainder(const scaling *s, const void *element) {
  uint64_t bits = zarrc_load_bits(element, zarrc_dtype_of(s->type).item_size);
  if (s->encode || s->format) return false;
  if (!s->is_signed) return bits % s->scale_u != 0;
  return s->scale_i != -1 && ((int64_t)(bits << (64 - s->nbits)) >> (64 - s->nbits)) % s->scale_i != 0;
}

static zarrc_status fail_step(const scaling *s, zarrc_status status, zarrc_error *error) {
  char text[64], name[64];
  zarrc_buf value = zarrc_buf_over(text, sizeof text - 1), type = zarrc_buf_over(name, sizeof name - 1);
  zarrc_dtype dtype = zarrc_dtype_of(s->type);
  if (zarrc_fill_to_json(&dtype, s->element, &value, NULL)) value.len = 0;
  if (zarrc_dtype_to_json(&dtype, &type, NULL)) type.len = 0;
  text[value.len] = name[type.len] = 0;
  if (has_remainder(s, s->element))
    return zarrc_fail(error, status, "%s cannot be scaled back: its division by the scale has a non-zero remainder",
                      text);
  /* the name without its quotes */
  return zarrc_fail(error, status, "%s cannot be %s: the result is outside the range of dtype %.*s", text,
                    s->encode ? "scaled" : "scaled back", type.len > 2 ? (int)type.len - 2 : 0, name + 1);
}

static zarrc_status run(const zarrc_codec *codec, bool encode, const zarrc_view *from, const zarrc_view *to,
                        zarrc_error *error) {
  scaling s = scaling_of(zarrc_codec_instance(codec), encode);
  zarrc_filter_side source = zarrc_filter_side_native(from), target = zarrc_filter_side_native(to);
  zarrc_status status = zarrc_filter_run(zarrc_codec_ctx(codec), &source, &target, scale_block, &s, error);
  if (status || !s.failed) return status;
  return fail_step(&s, encode ? ZARRC_INVALID_ARGUMENT : ZARRC_CORRUPT, error);
}

static zarrc_status scale_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                 const zarrc_view *encoded, zarrc_error *error) {
  (void)spec;
  return run(codec, true, decoded, encoded, error);
}

static zarrc_status scale_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                 const zarrc_view *decoded, zarrc_error *error) {
  (void)spec;
  return run(codec, false, encoded, decoded, error);
}

/* ------------------------------------------------------------------------------------------------------- describing */

static zarrc_status read_setting(zarrc_ctx *ctx, const zarrc_json *root, zarrc_type type, const char *name,
                                 uint64_t missing, uint8_t *out, zarrc_error *error) {
  zarrc_dtype dtype = zarrc_dtype_of(type);
  const zarrc_json *json = zarrc_json_get(root, name);
  zarrc_real real = {.mantissa = missing};
  zarrc_status status = ZARRC_OK;
  if (json)
    status = zarrc_fill_from_parsed(ctx, &dtype, json, false, NULL, out, error);
  else if (!zarrc_real_store(type, &real, ZARRC_ROUND_EVEN, ZARRC_RANGE_ERROR, out))
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "the type has no %d, so it must be given", (int)missing);
  if (status == ZARRC_INVALID_METADATA) zarrc_error_prefix(error, "configuration.%s: ", name);
  return status;
}

static zarrc_status scale_fill(scale_offset *c, const zarrc_spec *spec, zarrc_error *error) {
  scaling s = scaling_of(c, true);
  uint8_t zero[8] = {0};
  const void *fill = spec->fill ? spec->fill : zero;
  c->has_fill = true;
  if (step(&s, fill, c->fill)) return ZARRC_OK;
  memcpy(s.element, fill, spec->dtype.item_size);
  zarrc_status status = fail_step(&s, ZARRC_INVALID_METADATA, error);
  zarrc_error_prefix(error, "the fill value ");
  return status;
}

static zarrc_status scale_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  scale_offset *c = zarrc_codec_instance(codec);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_json_doc *doc = NULL;
  c->type = spec->dtype.type;
  if (!zarrc_is_real(c->type)) return ZARRC_OK; /* refused by validate */
  const char *text = codec->configuration ? codec->configuration : "{}";
  size_t n = codec->configuration ? codec->configuration_nbytes : 2;
  zarrc_status status = zarrc_json_parse(ctx, text, n, NULL, &doc, error);
  const zarrc_json *root = status ? NULL : zarrc_json_root(doc);
  if (!status) status = read_setting(ctx, root, c->type, "offset", 0, c->offset, error);
  if (!status) status = read_setting(ctx, root, c->type, "scale", 1, c->scale, error);
  zarrc_json_close(doc);
  scaling s = scaling_of(c, false);
  if (!status && !s.format && !s.scale_u)
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.scale is 0, by which integers cannot be divided");
  return status ? status : scale_fill(c, spec, error);
}

static zarrc_status scale_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                   zarrc_error *error) {
  (void)codec, (void)grid;
  if (zarrc_is_real(spec->dtype.type)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no integers or floats");
}

static zarrc_status scale_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out, zarrc_error *error) {
  const scale_offset *c = zarrc_codec_instance(codec);
  (void)in, (void)error;
  if (c->has_fill) out->fill = c->fill;
  return ZARRC_OK;
}

const zarrc_codec_class zarrc_scale_offset_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "scale_offset",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .lossy = true,
    .instance_size = sizeof(scale_offset),
    .open = scale_open,
    .to_json = zarrc_codec_written_json,
    .copy = zarrc_codec_copy_instance,
    .evolve = scale_evolve,
    .validate = scale_validate,
    .resolve = scale_resolve,
    .u.aa = {.encode = scale_encode, .decode = scale_decode, .pointwise = true},
};
