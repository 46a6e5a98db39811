/* SPDX-License-Identifier: MIT */
/* transpose: encoded axis i is decoded axis order[i]. Reorders axes and moves no data. */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"

#include <inttypes.h>
#include <string.h>

typedef zarrc_transpose_config transpose; /* letter is set until evolve knows the number of axes */

/* Checks that the order contains every axis once. */
static zarrc_status check_order(const transpose *t, zarrc_error *error) {
  uint32_t seen = 0;
  for (int i = 0; i < t->ndim; i++) {
    int axis = t->order[i];
    if (axis < 0 || axis >= t->ndim || seen >> axis & 1)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.order is not a permutation of 0 to %d",
                        t->ndim - 1);
    seen |= (uint32_t)1 << axis;
  }
  return ZARRC_OK;
}

static zarrc_status too_many_axes(uint64_t n, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_LIMIT, "configuration.order names %" PRIu64 " axes, the limit is %d", n,
                    ZARRC_MAX_NDIM);
}

static zarrc_status parse_order(transpose *t, const zarrc_json *order, zarrc_error *error) {
  if (zarrc_json_string_is(order, "C") || zarrc_json_string_is(order, "F")) {
    t->letter = zarrc_json_string_is(order, "C") ? 'C' : 'F';
    return ZARRC_OK;
  }
  if (!zarrc_json_is(order, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.order must be a list of integers");
  if (zarrc_json_length(order) > ZARRC_MAX_NDIM) return too_many_axes(zarrc_json_length(order), error);
  t->ndim = (int)zarrc_json_length(order);
  for (int i = 0; i < t->ndim; i++) {
    int64_t axis;
    if (!zarrc_json_get_int64(zarrc_json_at(order, (size_t)i), &axis))
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.order[%d] is not an integer", i);
    t->order[i] = axis < 0 || axis >= t->ndim ? -1 : (int)axis;
  }
  return check_order(t, error);
}

static zarrc_status transpose_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"order", NULL};
  transpose *t = zarrc_codec_instance(codec);
  zarrc_config config;
  t->struct_size = sizeof *t;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (status) return status;
  const zarrc_json *order = zarrc_json_get(config.root, "order");
  if (!order) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.order is missing");
  return parse_order(t, order, error);
}

static zarrc_status set_transpose(zarrc_codec *codec, const void *config, zarrc_error *error) {
  transpose *t = zarrc_codec_instance(codec);
  *t = *(const transpose *)config;
  if (t->letter && t->letter != 'C' && t->letter != 'F')
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.order must be a list of integers");
  if (t->letter) t->ndim = 0;
  if (t->ndim < 0) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.order names %d axes", t->ndim);
  if (t->ndim > ZARRC_MAX_NDIM) return too_many_axes((uint64_t)t->ndim, error);
  for (int i = t->ndim; i < ZARRC_MAX_NDIM; i++) t->order[i] = 0;
  return check_order(t, error);
}

zarrc_status zarrc_transpose_codec_open(zarrc_ctx *ctx, const zarrc_transpose_config *given, zarrc_codec **out,
                                        zarrc_error *error) {
  transpose config = ZARRC_TRANSPOSE_CONFIG_INIT;
  if (!given) return zarrc_fail(error, ZARRC_INVALID_METADATA, "codec transpose: configuration.order is missing");
  return zarrc_codec_open_config(ctx, &zarrc_transpose_class, given, &config, sizeof config, set_transpose, out, error);
}

zarrc_status zarrc_transpose_codec_get(const zarrc_codec *codec, zarrc_transpose_config *config, zarrc_error *error) {
  return zarrc_codec_get_config(codec, &zarrc_transpose_class, zarrc_codec_instance(codec), sizeof *config, config,
                                error);
}

static bool transpose_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const transpose *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->letter == b->letter && a->ndim == b->ndim && memcmp(a->order, b->order, sizeof a->order) == 0;
}

static zarrc_status transpose_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const transpose *t = zarrc_codec_instance(codec);
  static const char head[] = "{\"name\": \"transpose\", \"configuration\": {\"order\": ";
  zarrc_status status = zarrc_buf_append(out, head, sizeof head - 1, error);
  if (!status && t->letter) return zarrc_buf_printf(out, error, "\"%c\"}}", t->letter);
  if (!status) status = zarrc_buf_append(out, "[", 1, error);
  for (int i = 0; !status && i < t->ndim; i++) status = zarrc_buf_printf(out, error, i ? ", %d" : "%d", t->order[i]);
  return status ? status : zarrc_buf_append(out, "]}}", 3, error);
}

static zarrc_status transpose_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                       zarrc_error *error) {
  const transpose *t = zarrc_codec_instance(codec);
  (void)grid;
  if (t->letter || t->ndim == spec->ndim) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.order names %d axes, the chunk has %d", t->ndim,
                    spec->ndim);
}

/* Returns the decoded axis that corresponds to encoded axis i. */
static int axis_of(const transpose *t, int ndim, int i) {
  if (t->letter) return t->letter == 'C' ? i : ndim - 1 - i;
  return t->order[i];
}

static zarrc_status transpose_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  transpose *t = zarrc_codec_instance(codec);
  if (t->letter) {
    t->ndim = spec->ndim;
    for (int i = 0; i < t->ndim; i++) t->order[i] = axis_of(t, t->ndim, i);
    t->letter = 0;
  }
  return transpose_validate(codec, spec, NULL, error);
}

static zarrc_status transpose_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out,
                                      zarrc_error *error) {
  const transpose *t = zarrc_codec_instance(codec);
  zarrc_status status = transpose_validate(codec, in, NULL, error);
  for (int i = 0; !status && i < in->ndim; i++) out->shape[i] = in->shape[axis_of(t, in->ndim, i)];
  return status;
}

static void transpose_map(const zarrc_codec *codec, const zarrc_view *decoded, zarrc_view *encoded) {
  const transpose *t = zarrc_codec_instance(codec);
  *encoded = *decoded;
  for (int i = 0; i < decoded->ndim; i++) {
    int axis = axis_of(t, decoded->ndim, i);
    encoded->shape[i] = decoded->shape[axis];
    encoded->stride[i] = decoded->stride[axis];
  }
}

static void transpose_map_region(const zarrc_codec *codec, int ndim, const zarrc_region *decoded,
                                 zarrc_region *encoded) {
  const transpose *t = zarrc_codec_instance(codec);
  for (int i = 0; i < ndim; i++) {
    int axis = axis_of(t, ndim, i);
    encoded->start[i] = decoded->start[axis];
    encoded->count[i] = decoded->count[axis];
    encoded->step[i] = decoded->step[axis];
  }
}

const zarrc_codec_class zarrc_transpose_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "transpose",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .instance_size = sizeof(transpose),
    .open = transpose_open,
    .to_json = transpose_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = transpose_equal,
    .evolve = transpose_evolve,
    .validate = transpose_validate,
    .resolve = transpose_resolve,
    .u.aa = {.map = transpose_map, .map_region = transpose_map_region},
};
