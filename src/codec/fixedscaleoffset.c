/* SPDX-License-Identifier: MIT */
/*
 * numcodecs.fixedscaleoffset: stores (x - offset) * scale, rounded. NumPy decides in which type that is computed:
 * floats in their own, integers in theirs (and wrap) while the settings are integers, else in float64; to decode,
 * integers are always divided as float64.
 */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/filter.h"
#include "codec/filter_loops.h"
#include "codec/filter_loops_avx2.h"
#include "codec/filter_loops_avx512.h"

enum { OFFSET, SCALE, DTYPE, ASTYPE };
static const char *const setting_names[] = {"offset", "scale", "dtype", "astype", NULL};
static const zarrc_filter_schema schema = {"fixedscaleoffset", setting_names, "NNdd", 0, DTYPE, ASTYPE};

static zarrc_status fixedscaleoffset_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  zarrc_status status = zarrc_filter_open(codec, &schema, error);
  const zarrc_setting *setting = ((zarrc_filter *)zarrc_codec_instance(codec))->setting;
  for (int i = DTYPE; !status && i <= ASTYPE; i++)
    if (zarrc_setting_is_dtype(&setting[i]) && setting[i].type >= ZARRC_COMPLEX64)
      status =
          zarrc_fail(error, ZARRC_UNSUPPORTED, "configuration.%s: complex numbers are not supported", setting_names[i]);
  return status;
}

static zarrc_status fixedscaleoffset_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  zarrc_filter *f = zarrc_codec_instance(codec);
  zarrc_status status = zarrc_filter_set_dtype(f, DTYPE, spec, error);
  if (!status) zarrc_filter_set_fill(f, spec, zarrc_filter_encoded(f)->type);
  return status;
}

static zarrc_status fixedscaleoffset_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                              zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  (void)grid;
  if (spec->dtype.type == ZARRC_COMPLEX64 || spec->dtype.type == ZARRC_COMPLEX128)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "complex numbers are not supported");
  if (!zarrc_setting_is_dtype(&f->setting[DTYPE])) return ZARRC_OK;
  return zarrc_filter_check(spec, &f->setting[DTYPE], setting_names[DTYPE], error);
}

/* ------------------------------------------------------------------------------------------------------- computing */

typedef struct scaling {
  zarrc_type from, to;
  zarrc_type first, last; /* types in which is subtracted and multiplied, or divided and added */
  zarrc_scale_values values;
} scaling;

static size_t size_of(zarrc_type type) {
  return zarrc_dtype_of(type).item_size;
}

/* Gets a setting for computations in `type`. ZARRC_INVALID_METADATA: it is an integer that the type does not hold. */
static zarrc_status value_for(const zarrc_setting *setting, const char *name, zarrc_type type, double *real,
                              uint64_t *bits, zarrc_error *error) {
  bool negative = false;
  *real = setting->real;
  if (!zarrc_is_integer(type)) return ZARRC_OK;
  unsigned width = 8 * zarrc_dtype_of(type).item_size;
  bool is_signed = type <= ZARRC_INT64;
  uint64_t largest = UINT64_MAX >> (64 - width + is_signed);
  bool fits = zarrc_setting_integer(setting, &negative, bits);
  if (fits) fits = negative ? is_signed && 0 - *bits <= largest + 1 : *bits <= largest;
  if (fits) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is %s, which is out of range for %s", name,
                    setting->text, zarrc_filter_type_name(type));
}

static zarrc_type computed_in(zarrc_type type, const zarrc_setting *setting) {
  if (type >= ZARRC_FLOAT16) return type;
  if (setting->kind == ZARRC_SETTING_REAL) return ZARRC_FLOAT64;
  return type == ZARRC_BOOL ? ZARRC_INT64 : type;
}

/* Computes the elements of one type with another, and stores them as a third. */
static void compute(const scaling *s, zarrc_type from, zarrc_type type, zarrc_scale_op op, const void *in, void *out,
                    zarrc_type to, size_t n) {
  _Alignas(16) uint8_t a[ZARRC_FILTER_PIECE * 8], b[ZARRC_FILTER_PIECE * 8];
  const uint8_t *source = in;
  uint8_t *target = out;
  const size_t item = size_of(from), size = size_of(to);
  if (from == type && type == to) {
    zarrc_scale_loop(type, &s->values, op, in, out, n);
    return;
  }
  for (size_t count; n; n -= count, source += count * item, target += count * size) {
    count = n < ZARRC_FILTER_PIECE ? n : ZARRC_FILTER_PIECE;
    if (from != type) zarrc_convert(from, type, source, a, count);
    zarrc_scale_loop(type, &s->values, op, from == type ? source : a, type == to ? target : b, count);
    if (type != to) zarrc_convert(type, to, b, target, count);
  }
}

static void scale(void *arg, const void *in, void *out, size_t n) {
  const scaling *s = arg;
  _Alignas(16) uint8_t differences[ZARRC_FILTER_PIECE * 8];
  const size_t item = size_of(s->from), size = size_of(s->to);
  const uint8_t *source = in;
  uint8_t *target = out;
  if (s->first == s->last) {
    bool has = s->from == s->first ? s->from >= ZARRC_FLOAT16 : s->first == ZARRC_FLOAT64;
    size_t done = has ? zarrc_scale_avx512(s->from, s->to, &s->values, in, out, n) : 0;
    compute(s, s->from, s->first, ZARRC_SCALE_ENCODE, source + done * item, target + done * size, s->to, n - done);
    return;
  }
  const zarrc_scale_values multiply = {.scale = s->values.scale};
  for (size_t count; n; n -= count, source += count * item, target += count * size) {
    count = n < ZARRC_FILTER_PIECE ? n : ZARRC_FILTER_PIECE;
    compute(s, s->from, s->first, ZARRC_SCALE_SUBTRACT, source, differences, s->first, count);
    size_t done = zarrc_scale_avx512(s->first, s->to, &multiply, differences, target, count);
    compute(s, s->first, s->last, ZARRC_SCALE_MULTIPLY, differences + done * size_of(s->first), target + done * size,
            s->to, count - done);
  }
}

static void unscale(void *arg, const void *in, void *out, size_t n) {
  const scaling *s = arg;
  const size_t item = size_of(s->from), size = size_of(s->to);
  const uint8_t *source = in;
  uint8_t *target = out;
  size_t done = zarrc_unscale_avx512(s->from, s->to, &s->values, source, target, n);
  done += zarrc_unscale_avx2(s->from, s->to, &s->values, source + done * item, target + done * size, n - done);
  compute(s, s->from, s->first, ZARRC_SCALE_DECODE, source + done * item, target + done * size, s->to, n - done);
}

static zarrc_status fixedscaleoffset_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                            const zarrc_view *encoded, zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  const zarrc_setting *setting = f->setting;
  zarrc_filter_side from = zarrc_filter_side_of(decoded, spec->dtype.endian, &setting[DTYPE]);
  zarrc_filter_side to = zarrc_filter_side_native(encoded);
  scaling s = {.from = setting[DTYPE].type, .to = zarrc_filter_encoded(f)->type};
  s.first = computed_in(s.from, &setting[OFFSET]);
  s.last = computed_in(s.first, &setting[SCALE]);
  zarrc_status status =
      value_for(&setting[OFFSET], setting_names[OFFSET], s.first, &s.values.offset, &s.values.offset_bits, error);
  if (!status)
    status = value_for(&setting[SCALE], setting_names[SCALE], s.last, &s.values.scale, &s.values.scale_bits, error);
  return status ? status : zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, scale, &s, error);
}

static zarrc_status fixedscaleoffset_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                            const zarrc_view *decoded, zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  const zarrc_setting *setting = f->setting;
  zarrc_filter_side from = zarrc_filter_side_native(encoded);
  zarrc_filter_side to = zarrc_filter_side_of(decoded, spec->dtype.endian, &setting[DTYPE]);
  scaling s = {.from = zarrc_filter_encoded(f)->type, .to = setting[DTYPE].type};
  s.first = s.from >= ZARRC_FLOAT16 ? s.from : ZARRC_FLOAT64;
  s.values = (zarrc_scale_values){.offset = setting[OFFSET].real, .scale = setting[SCALE].real};
  return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, unscale, &s, error);
}

const zarrc_codec_class zarrc_fixedscaleoffset_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.fixedscaleoffset",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .lossy = true,
    .instance_size = sizeof(zarrc_filter),
    .open = fixedscaleoffset_open,
    .to_json = zarrc_filter_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = zarrc_filter_equal,
    .evolve = fixedscaleoffset_evolve,
    .validate = fixedscaleoffset_validate,
    .resolve = zarrc_filter_resolve,
    .encoded_size = zarrc_filter_encoded_size,
    .u.aa = {.encode = fixedscaleoffset_encode, .decode = fixedscaleoffset_decode, .pointwise = true},
};
