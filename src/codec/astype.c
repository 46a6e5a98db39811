/* SPDX-License-Identifier: MIT */
/* numcodecs.astype: stores elements as another type. */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/filter.h"

enum { ENCODED, DECODED };
static const char *const setting_names[] = {"encode_dtype", "decode_dtype", NULL};
static const zarrc_filter_schema schema = {"astype", setting_names, "Dd", 0, DECODED, ENCODED};

static zarrc_status astype_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return zarrc_filter_open(codec, &schema, error);
}

static zarrc_status astype_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  zarrc_filter *f = zarrc_codec_instance(codec);
  zarrc_status status = zarrc_filter_set_dtype(f, DECODED, spec, error);
  if (!status) zarrc_filter_set_fill(f, spec, f->setting[ENCODED].type);
  return status;
}

static zarrc_status astype_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                    zarrc_error *error) {
  const zarrc_filter *f = zarrc_codec_instance(codec);
  (void)grid;
  if (!zarrc_setting_is_dtype(&f->setting[DECODED])) return ZARRC_OK;
  return zarrc_filter_check(spec, &f->setting[DECODED], setting_names[DECODED], error);
}

typedef struct conversion {
  zarrc_type from, to;
} conversion;

static void convert(void *arg, const void *in, void *out, size_t n) {
  const conversion *c = arg;
  zarrc_convert(c->from, c->to, in, out, n);
}

static zarrc_status astype_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                  const zarrc_view *encoded, zarrc_error *error) {
  const zarrc_setting *setting = ((zarrc_filter *)zarrc_codec_instance(codec))->setting;
  zarrc_filter_side from = zarrc_filter_side_of(decoded, spec->dtype.endian, &setting[DECODED]);
  zarrc_filter_side to = zarrc_filter_side_native(encoded);
  conversion c = {setting[DECODED].type, setting[ENCODED].type};
  return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, convert, &c, error);
}

static zarrc_status astype_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                  const zarrc_view *decoded, zarrc_error *error) {
  const zarrc_setting *setting = ((zarrc_filter *)zarrc_codec_instance(codec))->setting;
  zarrc_filter_side from = zarrc_filter_side_native(encoded);
  zarrc_filter_side to = zarrc_filter_side_of(decoded, spec->dtype.endian, &setting[DECODED]);
  conversion c = {setting[ENCODED].type, setting[DECODED].type};
  return zarrc_filter_run(zarrc_codec_ctx(codec), &from, &to, convert, &c, error);
}

const zarrc_codec_class zarrc_astype_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.astype",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .lossy = true,
    .instance_size = sizeof(zarrc_filter),
    .open = astype_open,
    .to_json = zarrc_filter_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = zarrc_filter_equal,
    .evolve = astype_evolve,
    .validate = astype_validate,
    .resolve = zarrc_filter_resolve,
    .encoded_size = zarrc_filter_encoded_size,
    .u.aa = {.encode = astype_encode, .decode = astype_decode, .pointwise = true},
};
