/* SPDX-License-Identifier: MIT */
/*
 * cast_value: stores numbers as another type. Zarr extensions, "cast_value codec". A list of pairs says what single
 * numbers become; every other number is rounded if it must be, and brought into the range of the type as configured.
 * What is then still not there is an error.
 */
#include "base/checked.h"
#include "base/fill.h"
#include "base/floats.h"
#include "base/parsed.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/filter.h"
#include "codec/reals.h"

#include <string.h>

static const char *rounding_name(int i) {
  static const char *const names[] = {"nearest-even", "towards-zero", "towards-positive", "towards-negative",
                                      "nearest-away"};
  return i >= 0 && i < 5 ? names[i] : NULL;
}

static const char *range_name(int i) {
  static const char *const names[] = {"clamp", "wrap"};
  return i >= 0 && i < 2 ? names[i] : NULL;
}

/* Pairs of numbers: a real, and the bits of what it becomes. */
typedef struct pair {
  zarrc_real from;
  uint8_t to[8];
} pair;

typedef struct pairs {
  pair *items;
  size_t n;
} pairs;

typedef struct cast_value {
  zarrc_type from, to; /* of decoded and encoded elements; `from` once the codec is evolved */
  int rounding, range; /* range: 0: none */
  pairs encode, decode;
  bool has_fill;
  uint8_t fill[8]; /* of the encoded chunk */
} cast_value;

/* -------------------------------------------------------------------------------------------------- configuration */

static zarrc_status read_type(const zarrc_codec *codec, const zarrc_config *config, cast_value *c, zarrc_error *error) {
  const zarrc_json *value = zarrc_json_get(config->root, "data_type");
  zarrc_dtype dtype = {0};
  if (!value) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.data_type is missing");
  zarrc_status status = zarrc_dtype_open_parsed(zarrc_codec_ctx(codec), value, &dtype, error);
  if (status) {
    zarrc_error_prefix(error, "configuration.data_type: ");
    return status;
  }
  c->to = dtype.type;
  zarrc_dtype_close(&dtype);
  if (zarrc_is_real(c->to)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.data_type is no type of integers or floats");
}

/* Returns ZARRC_INVALID_METADATA unless a list of the map has nothing but pairs. */
static zarrc_status check_pairs(const zarrc_json *map, const char *name, zarrc_error *error) {
  const zarrc_json *list = zarrc_json_get(map, name);
  if (!list) return ZARRC_OK;
  bool valid = zarrc_json_is(list, ZARRC_JSON_ARRAY);
  for (size_t i = 0; i < zarrc_json_length(list) && valid; i++) {
    const zarrc_json *item = zarrc_json_at(list, i);
    valid = zarrc_json_is(item, ZARRC_JSON_ARRAY) && zarrc_json_length(item) == 2;
  }
  if (valid) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.scalar_map.%s must be a list of pairs", name);
}

static zarrc_status cast_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"data_type", "rounding", "out_of_range", "scalar_map", NULL};
  static const char *const directions[] = {"encode", "decode", NULL};
  cast_value *c = zarrc_codec_instance(codec);
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = read_type(codec, &config, c, error);
  if (!status) status = zarrc_config_choice(&config, "rounding", rounding_name, &c->rounding, error);
  if (!status && zarrc_config_has(&config, "out_of_range")) {
    status = zarrc_config_choice(&config, "out_of_range", range_name, &c->range, error);
    c->range++;
  }
  const zarrc_json *map = zarrc_json_get(config.root, "scalar_map");
  if (status || !map || zarrc_json_is(map, ZARRC_JSON_NULL)) return status;
  status = zarrc_json_check_keys(map, directions, error);
  if (status) zarrc_error_prefix(error, "configuration.scalar_map: ");
  if (!status) status = check_pairs(map, "encode", error);
  return status ? status : check_pairs(map, "decode", error);
}

static void cast_close(zarrc_codec *codec) {
  cast_value *c = zarrc_codec_instance(codec);
  zarrc_free(zarrc_codec_ctx(codec), c->encode.items);
  zarrc_free(zarrc_codec_ctx(codec), c->decode.items);
}

/* What evolve has made is not copied. */
static zarrc_status cast_copy(zarrc_codec *to, const zarrc_codec *from, zarrc_error *error) {
  const cast_value *source = zarrc_codec_instance(from);
  cast_value *c = zarrc_codec_instance(to);
  (void)error;
  *c = (cast_value){.to = source->to, .rounding = source->rounding, .range = source->range};
  return ZARRC_OK;
}

/* Reads a number of a type as a fill value of it is written. */
static zarrc_status read_number(zarrc_ctx *ctx, zarrc_type type, const zarrc_json *json, uint8_t *out,
                                zarrc_error *error) {
  zarrc_dtype dtype = zarrc_dtype_of(type);
  if (zarrc_json_string_is(json, "+Infinity")) { /* as in the example of the specification */
    static const zarrc_real infinity = {.is_infinite = true};
    if (zarrc_real_store(type, &infinity, ZARRC_ROUND_EVEN, ZARRC_RANGE_ERROR, out)) return ZARRC_OK;
  }
  return zarrc_fill_from_parsed(ctx, &dtype, json, false, NULL, out, error);
}

static zarrc_status read_pairs(zarrc_ctx *ctx, const zarrc_json *list, zarrc_type from, zarrc_type to, pairs *out,
                               zarrc_error *error) {
  size_t n = zarrc_json_length(list), nbytes;
  _Alignas(8) uint8_t element[8];
  zarrc_status status = ZARRC_OK;
  if (!n) return ZARRC_OK;
  out->items = zarrc_mul_size(n, sizeof *out->items, &nbytes) ? zarrc_malloc(ctx, nbytes) : NULL;
  if (!out->items) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu pairs", n);
  for (size_t i = 0; i < n && !status; i++) {
    const zarrc_json *item = zarrc_json_at(list, i);
    status = read_number(ctx, from, zarrc_json_at(item, 0), element, error);
    out->items[i].from = zarrc_real_load(from, element);
    if (!status) status = read_number(ctx, to, zarrc_json_at(item, 1), out->items[i].to, error);
    if (status) zarrc_error_prefix(error, "%zu: ", i);
  }
  out->n = n;
  return status;
}

/* ---------------------------------------------------------------------------------------------------------- casting */

/* A cast in one direction. */
typedef struct casting {
  const cast_value *c;
  zarrc_type from, to;
  const pairs *map;
  bool failed;
  uint8_t element[8]; /* that could not be cast */
} casting;

static bool cast_one(const casting *k, const void *in, void *out) {
  zarrc_real real = zarrc_real_load(k->from, in);
  for (size_t i = 0; i < k->map->n; i++) {
    if (!zarrc_real_equal(&real, &k->map->items[i].from)) continue;
    memcpy(out, k->map->items[i].to, zarrc_dtype_of(k->to).item_size);
    return true;
  }
  return zarrc_real_store(k->to, &real, (zarrc_rounding)k->c->rounding, (zarrc_out_of_range)k->c->range, out);
}

static void cast_block(void *arg, const void *in, void *out, size_t n) {
  casting *k = arg;
  size_t from = zarrc_dtype_of(k->from).item_size, to = zarrc_dtype_of(k->to).item_size;
  const uint8_t *source = in;
  uint8_t *target = out;
  for (size_t i = 0; i < n && !k->failed; i++, source += from, target += to) {
    k->failed = !cast_one(k, source, target);
    if (k->failed) memcpy(k->element, source, from);
  }
}

/* Names the element that could not be cast. */
static zarrc_status fail_cast(const casting *k, zarrc_status status, zarrc_error *error) {
  char text[64];
  zarrc_buf buf = zarrc_buf_over(text, sizeof text - 1);
  zarrc_dtype from = zarrc_dtype_of(k->from), to = zarrc_dtype_of(k->to);
  char target[64];
  zarrc_buf name = zarrc_buf_over(target, sizeof target - 1);
  if (zarrc_fill_to_json(&from, k->element, &buf, NULL) || zarrc_dtype_to_json(&to, &name, NULL)) buf.len = 0;
  text[buf.len] = 0;
  target[name.len] = 0;
  return zarrc_fail(error, status, "%s cannot be cast to %s", text, target);
}

static casting casting_of(const cast_value *c, bool encode) {
  if (encode) return (casting){.c = c, .from = c->from, .to = c->to, .map = &c->encode};
  return (casting){.c = c, .from = c->to, .to = c->from, .map = &c->decode};
}

static zarrc_status run(const zarrc_codec *codec, bool encode, const zarrc_view *from, const zarrc_view *to,
                        zarrc_error *error) {
  casting k = casting_of(zarrc_codec_instance(codec), encode);
  zarrc_filter_side source = zarrc_filter_side_native(from), target = zarrc_filter_side_native(to);
  zarrc_status status = zarrc_filter_run(zarrc_codec_ctx(codec), &source, &target, cast_block, &k, error);
  if (status || !k.failed) return status;
  return fail_cast(&k, encode ? ZARRC_INVALID_ARGUMENT : ZARRC_CORRUPT, error);
}

static zarrc_status cast_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                const zarrc_view *encoded, zarrc_error *error) {
  (void)spec;
  return run(codec, true, decoded, encoded, error);
}

static zarrc_status cast_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                const zarrc_view *decoded, zarrc_error *error) {
  (void)spec;
  return run(codec, false, encoded, decoded, error);
}

/* ------------------------------------------------------------------------------------------------------- describing */

/* Casts the fill value, and back: it must be the same then. */
static zarrc_status cast_fill(cast_value *c, const zarrc_spec *spec, zarrc_error *error) {
  _Alignas(8) uint8_t zero[8] = {0}, back[8];
  const void *fill = spec->fill ? spec->fill : zero;
  casting there = casting_of(c, true), here = casting_of(c, false);
  c->has_fill = true;
  memcpy(there.element, fill, spec->dtype.item_size);
  if (cast_one(&there, fill, c->fill) && cast_one(&here, c->fill, back)) {
    zarrc_real a = zarrc_real_load(c->from, fill), b = zarrc_real_load(c->from, back);
    if (zarrc_real_equal(&a, &b)) return ZARRC_OK;
  }
  zarrc_status status = fail_cast(&there, ZARRC_INVALID_METADATA, error);
  zarrc_error_prefix(error, "the fill value must stay the same when it is cast, and back: ");
  return status;
}

static zarrc_status cast_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  cast_value *c = zarrc_codec_instance(codec);
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_json_doc *doc = NULL;
  c->from = spec->dtype.type;
  if (!zarrc_is_real(c->from)) return ZARRC_OK; /* refused by validate */
  zarrc_status status = zarrc_json_parse(ctx, codec->configuration, codec->configuration_nbytes, NULL, &doc, error);
  const zarrc_json *map = status ? NULL : zarrc_json_get(zarrc_json_root(doc), "scalar_map");
  if (!status) status = read_pairs(ctx, zarrc_json_get(map, "encode"), c->from, c->to, &c->encode, error);
  if (!status) status = read_pairs(ctx, zarrc_json_get(map, "decode"), c->to, c->from, &c->decode, error);
  if (status == ZARRC_INVALID_METADATA) zarrc_error_prefix(error, "configuration.scalar_map: ");
  zarrc_json_close(doc);
  return status ? status : cast_fill(c, spec, error);
}

static zarrc_status cast_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                  zarrc_error *error) {
  const cast_value *c = zarrc_codec_instance(codec);
  (void)grid;
  if (!zarrc_is_real(spec->dtype.type))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no integers or floats");
  bool is_signed;
  if (c->range != ZARRC_RANGE_WRAP || zarrc_integer_nbits(c->to, &is_signed)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.out_of_range is wrap, which only integers do");
}

static zarrc_status cast_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out, zarrc_error *error) {
  const cast_value *c = zarrc_codec_instance(codec);
  (void)in, (void)error;
  out->dtype = zarrc_dtype_of(c->to);
  out->fill = c->has_fill ? c->fill : NULL;
  return ZARRC_OK;
}

static zarrc_size cast_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const cast_value *c = zarrc_codec_instance(codec);
  return zarrc_filter_size(spec, c->to, nbytes);
}

const zarrc_codec_class zarrc_cast_value_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "cast_value",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .lossy = true,
    .instance_size = sizeof(cast_value),
    .open = cast_open,
    .close = cast_close,
    .to_json = zarrc_codec_written_json,
    .copy = cast_copy,
    .evolve = cast_evolve,
    .validate = cast_validate,
    .resolve = cast_resolve,
    .encoded_size = cast_encoded_size,
    .u.aa = {.encode = cast_encode, .decode = cast_decode, .pointwise = true},
};
