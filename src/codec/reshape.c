/* SPDX-License-Identifier: MIT */
/* reshape: the same elements in C order, in a chunk of another shape. Zarr extensions, "reshape codec". */
#include "base/checked.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/packed.h"

#include <string.h>

/* An axis of the encoded chunk: of a fixed length, or of as many elements as some axes of the decoded chunk. */
typedef struct axis {
  int64_t length;     /* 0: of axes; -1: of what is left */
  uint8_t first, end; /* of axes: which of the listed ones */
} axis;

typedef struct reshape {
  int ndim, nlisted;
  axis axis[ZARRC_MAX_NDIM];
  uint8_t listed[ZARRC_MAX_NDIM]; /* axes of the decoded chunk, in increasing order */
} reshape;

/* -------------------------------------------------------------------------------------------------- configuration */

static zarrc_status read_axes(reshape *r, const zarrc_json *list, int i, zarrc_error *error) {
  axis *a = &r->axis[i];
  a->first = a->end = (uint8_t)r->nlisted;
  for (size_t k = 0; k < zarrc_json_length(list); k++) {
    int64_t number;
    if (!zarrc_json_get_int64(zarrc_json_at(list, k), &number) || number < 0 || number >= ZARRC_MAX_NDIM)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.shape[%d][%zu] is no number of an axis", i, k);
    if (r->nlisted && number <= r->listed[r->nlisted - 1])
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.shape[%d]: axes must be in increasing order", i);
    r->listed[r->nlisted++] = (uint8_t)number;
  }
  a->end = (uint8_t)r->nlisted;
  return ZARRC_OK;
}

static zarrc_status read_axis(reshape *r, const zarrc_json *value, int i, bool *any_left, zarrc_error *error) {
  axis *a = &r->axis[i];
  if (zarrc_json_is(value, ZARRC_JSON_ARRAY)) return read_axes(r, value, i, error);
  bool valid = zarrc_json_get_int64(value, &a->length) && (a->length > 0 || a->length == -1);
  if (!valid)
    return zarrc_fail(error, ZARRC_INVALID_METADATA,
                      "configuration.shape[%d] must be a positive integer, -1 or a list of axes", i);
  if (a->length == -1 && *any_left)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.shape has -1 more than once");
  *any_left |= a->length == -1;
  return ZARRC_OK;
}

static zarrc_status reshape_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"shape", NULL};
  reshape *r = zarrc_codec_instance(codec);
  zarrc_config config;
  bool any_left = false;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  const zarrc_json *shape = status ? NULL : zarrc_json_get(config.root, "shape");
  if (status) return status;
  if (!zarrc_json_is(shape, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.shape must be a list");
  if (zarrc_json_length(shape) > ZARRC_MAX_NDIM)
    return zarrc_fail(error, ZARRC_LIMIT, "configuration.shape has %zu axes, the limit is %d", zarrc_json_length(shape),
                      ZARRC_MAX_NDIM);
  r->ndim = (int)zarrc_json_length(shape);
  for (int i = 0; i < r->ndim && !status; i++)
    status = read_axis(r, zarrc_json_at(shape, (size_t)i), i, &any_left, error);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ the shape */

/* Returns the product of lengths; -1: it is too large. */
static int64_t product(const int64_t *lengths, int n) {
  int64_t x = 1;
  for (int i = 0; i < n; i++) {
    if (lengths[i] == 0) return 0;
    if (x < 0 || !zarrc_mul_i64(x, lengths[i], &x)) x = -1;
  }
  return x;
}

/* Checks that the axes of which an encoded axis is made are at its place. */
static zarrc_status check_place(const reshape *r, int i, int ndim, const int64_t *in, const int64_t *out,
                                zarrc_error *error) {
  const axis *a = &r->axis[i];
  if (a->length || a->first == a->end) return ZARRC_OK;
  int first = r->listed[a->first], last = r->listed[a->end - 1];
  if (product(out, i) == product(in, first) &&
      product(out + i + 1, r->ndim - i - 1) == product(in + last + 1, ndim - last - 1))
    return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA,
                    "configuration.shape[%d]: there are not as many elements before and after its axes", i);
}

static zarrc_status find_lengths(const reshape *r, int ndim, const int64_t *in, int64_t *out, zarrc_error *error) {
  int64_t known = 1, all = product(in, ndim);
  int left = -1;
  for (int i = 0; i < r->ndim; i++) {
    const axis *a = &r->axis[i];
    out[i] = a->length > 0 ? a->length : 1;
    if (a->length < 0) left = i;
    for (int k = a->first; a->length == 0 && k < a->end; k++) {
      if (r->listed[k] >= ndim)
        return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.shape[%d]: the chunk has no axis %d", i,
                          r->listed[k]);
      if (!zarrc_mul_i64(out[i], in[r->listed[k]], &out[i])) out[i] = INT64_MAX;
    }
  }
  known = product(out, r->ndim);
  if (left >= 0 && known > 0 && all % known == 0) out[left] = all / known;
  if (product(out, r->ndim) == all && all >= 0) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "%lld elements do not have the shape that is configured",
                    (long long)all);
}

static zarrc_status encoded_shape(const zarrc_codec *codec, int ndim, const int64_t *in, int64_t *out,
                                  zarrc_error *error) {
  const reshape *r = zarrc_codec_instance(codec);
  zarrc_status status = find_lengths(r, ndim, in, out, error);
  for (int i = 0; i < r->ndim && !status; i++) status = check_place(r, i, ndim, in, out, error);
  return status;
}

static zarrc_status reshape_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                     zarrc_error *error) {
  int64_t shape[ZARRC_MAX_NDIM];
  if (grid && grid->kind != ZARRC_REGULAR) return ZARRC_OK; /* each chunk by itself, when it is used */
  return encoded_shape(codec, spec->ndim, grid ? grid->chunk_shape : spec->shape, shape, error);
}

static zarrc_status reshape_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out,
                                    zarrc_error *error) {
  const reshape *r = zarrc_codec_instance(codec);
  int64_t shape[ZARRC_MAX_NDIM];
  zarrc_status status = encoded_shape(codec, in->ndim, in->shape, shape, error);
  if (status) return status;
  out->ndim = r->ndim;
  memcpy(out->shape, shape, (size_t)r->ndim * sizeof *shape);
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------- encoding and decoding
 */

/* Copies elements between views of different shapes. */
static zarrc_status copy_elements(const zarrc_codec *codec, const zarrc_view *from, const zarrc_view *to,
                                  zarrc_error *error) {
  zarrc_packed packed = {0};
  zarrc_dtype native = from->dtype;
  native.endian = ZARRC_NATIVE;
  zarrc_status status = zarrc_packed_take(zarrc_codec_ctx(codec), from, &packed, error);
  if (!status) {
    zarrc_packed_load(&packed);
    zarrc_view turned = zarrc_view_c(&native, to->ndim, to->shape, packed.memory);
    zarrc_copy(to, &turned);
  }
  zarrc_packed_release(&packed);
  return status;
}

static zarrc_status reshape_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                   const zarrc_view *encoded, zarrc_error *error) {
  (void)spec;
  return copy_elements(codec, decoded, encoded, error);
}

static zarrc_status reshape_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                   const zarrc_view *decoded, zarrc_error *error) {
  (void)spec;
  return copy_elements(codec, encoded, decoded, error);
}

const zarrc_codec_class zarrc_reshape_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "reshape",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .instance_size = sizeof(reshape),
    .open = reshape_open,
    .to_json = zarrc_codec_written_json,
    .validate = reshape_validate,
    .resolve = reshape_resolve,
    .u.aa = {.encode = reshape_encode, .decode = reshape_decode},
};
