/* SPDX-License-Identifier: MIT */
/* numcodecs.quantize: rounds floats to so many decimal digits, in powers of two. Decoding changes nothing but the type.
 */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/filter.h"
#include "codec/filter_loops.h"

#include <math.h>

enum { DIGITS, DTYPE, ASTYPE };
static const char *const setting_names[] = {"digits", "dtype", "astype", NULL};
static const zarrc_filter_schema schema = {"quantize", setting_names, "Idd", 1u << DIGITS, DTYPE, ASTYPE};

/* Beyond these numcodecs overflows. */
#define MIN_DIGITS (-308)
#define MAX_DIGITS 307

static bool is_float(zarrc_type type) {
  return type >= ZARRC_FLOAT16 && type <= ZARRC_FLOAT64;
}

static zarrc_status quantize_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  zarrc_status status = zarrc_filter_open(codec, &schema, error);
  const zarrc_setting *setting = ((zarrc_filter *)zarrc_codec_instance(codec))->setting;
  if (!status && (setting[DIGITS].real < MIN_DIGITS || setting[DIGITS].real > MAX_DIGITS)) {
    zarrc_error why = {0};
    status = zarrc_fail(&why, ZARRC_INVALID_METADATA, "configuration.digits is %s, outside %d to %d",
                        setting[DIGITS].text, MIN_DIGITS, MAX_DIGITS);
    status = zarrc_codec_forgive(codec, status, &why, error);
  }
  for (int i = DTYPE; !status && i <= ASTYPE; i++)
    if (zarrc_setting_is_dtype(&setting[i]) && !is_float(setting[i].type))
      status = zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is %s, but must be a floating-point type",
                          setting_names[i], setting[i].text);
  return status;
}

static zarrc_status quantize_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                      zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  (void)grid;
  if (zarrc_setting_is_dtype(&f->setting[DTYPE]))
    return zarrc_filter_check(spec, &f->setting[DTYPE], setting_names[DTYPE], error);
  if (is_float(spec->dtype.type)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no floating-point numbers");
}

static zarrc_status quantize_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  zarrc_filter *f = zarrc_codec_instance(codec);
  zarrc_status status = quantize_validate(codec, spec, NULL, error);
  if (!status) status = zarrc_filter_set_dtype(f, DTYPE, spec, error);
  if (!status) zarrc_filter_set_fill(f, spec, zarrc_filter_encoded(f)->type);
  return status;
}

typedef struct rounding {
  zarrc_type from, to;
  zarrc_scale_values values;
  bool encode;
} rounding;

static void round_block(void *arg, const void *in, void *out, size_t n) {
  const rounding *r = arg;
  _Alignas(16) uint8_t a[ZARRC_FILTER_NBYTES];
  if (!r->encode) {
    zarrc_convert(r->from, r->to, in, out, n);
    return;
  }
  void *memory = r->from == r->to ? out : a;
  zarrc_scale_loop(r->from, &r->values, ZARRC_SCALE_ROUND, in, memory, n);
  if (memory != out) zarrc_convert(r->from, r->to, memory, out, n);
}

static zarrc_status quantize_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                    const zarrc_view *encoded, zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  const zarrc_setting *setting = f->setting;
  zarrc_filter_side from = zarrc_filter_side_of(decoded, spec->dtype.endian, &setting[DTYPE]);
  zarrc_filter_side to = zarrc_filter_side_native(encoded);
  rounding r = {.from = setting[DTYPE].type, .to = zarrc_filter_encoded(f)->type, .encode = true};
  /* numcodecs computes ceil(log2(10.0 ** digits)) in other words, with the same result for all digits in range */
  r.values.scale = ldexp(1.0, (int)ceil(setting[DIGITS].real * 3.321928094887362));
  return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, round_block, &r, error);
}

static zarrc_status quantize_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                    const zarrc_view *decoded, zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  zarrc_filter_side from = zarrc_filter_side_native(encoded);
  zarrc_filter_side to = zarrc_filter_side_of(decoded, spec->dtype.endian, &f->setting[DTYPE]);
  rounding r = {.from = zarrc_filter_encoded(f)->type, .to = f->setting[DTYPE].type};
  bool same = from.swap == to.swap && from.swap_2 == to.swap_2 && r.from == r.to;
  if (same && encoded->data == decoded->data) return ZARRC_OK; /* in place */
  return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, round_block, &r, error);
}

const zarrc_codec_class zarrc_quantize_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.quantize",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .lossy = true,
    .instance_size = sizeof(zarrc_filter),
    .open = quantize_open,
    .to_json = zarrc_filter_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = zarrc_filter_equal,
    .evolve = quantize_evolve,
    .validate = quantize_validate,
    .resolve = zarrc_filter_resolve,
    .encoded_size = zarrc_filter_encoded_size,
    .u.aa = {.encode = quantize_encode, .decode = quantize_decode, .pointwise = true},
};
