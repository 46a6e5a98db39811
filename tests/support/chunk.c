/* SPDX-License-Identifier: MIT */
#include "support/chunk.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

zarrc_spec chunk_spec(zarrc_type type, int ndim, const int64_t *shape) {
  zarrc_spec spec = {.dtype = zarrc_dtype_of(type), .ndim = ndim};
  for (int i = 0; i < ndim; i++) spec.shape[i] = shape[i];
  return spec;
}

zarrc_pipeline *chunk_pipeline(zarrc_ctx *ctx, const char *codecs, const zarrc_spec *spec) {
  zarrc_error error;
  zarrc_pipeline *p = NULL;
  if (zarrc_pipeline_open(ctx, codecs, strlen(codecs), spec, &p, &error)) fail_msg("%s", error.message);
  return p;
}

zarrc_codec *chunk_codec(zarrc_ctx *ctx, const char *json, const zarrc_spec *spec) {
  zarrc_error error;
  zarrc_codec *codec = NULL, *evolved = NULL;
  if (zarrc_codec_open(ctx, json, strlen(json), &codec, &error)) fail_msg("%s", error.message);
  if (zarrc_codec_evolve(codec, spec, &evolved, &error)) fail_msg("%s", error.message);
  zarrc_codec_close(codec);
  return evolved;
}

void *chunk_numbers(const zarrc_spec *spec) {
  size_t item = spec->dtype.item_size, n = (size_t)zarrc_spec_nitems(spec);
  uint8_t *bytes = malloc(n * item != 0 ? n * item : 1);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < item; k++) {
      size_t at = spec->dtype.endian == ZARRC_BIG ? item - 1 - k : k;
      bytes[i * item + at] = (uint8_t)(k < 8 ? (uint64_t)(i + 1) >> (8 * k) : 0);
    }
  return bytes;
}

uint8_t *chunk_encode(zarrc_ctx *ctx, const zarrc_pipeline *p, const void *elements, size_t *nbytes) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_error error;
  zarrc_parts parts;
  zarrc_bytes joined;
  uint8_t *bytes = NULL;
  zarrc_view view = zarrc_view_c(&spec->dtype, spec->ndim, spec->shape, (void *)elements);
  zarrc_parts_init(&parts, ctx);
  if (zarrc_encode(p, &view, &parts, &error)) fail_msg("%s", error.message);
  if (parts.nitems) {
    assert_int_equal(zarrc_parts_join(&parts, &joined, NULL), ZARRC_OK);
    *nbytes = joined.len;
    bytes = malloc(joined.len ? joined.len : 1);
    if (joined.len) memcpy(bytes, joined.ptr, joined.len);
  }
  zarrc_parts_clear(&parts);
  return bytes;
}

zarrc_status chunk_there_and_back(zarrc_ctx *ctx, const char *codecs, const zarrc_spec *spec, const zarrc_view *from,
                                  const zarrc_view *to, const void *bytes, size_t n) {
  zarrc_pipeline *p = NULL;
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_parts_init(&parts, ctx);
  zarrc_status status = zarrc_pipeline_open(ctx, codecs, strlen(codecs), spec, &p, NULL);
  if (!status) status = zarrc_encode(p, from, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) {
    zarrc_memory_blob blob;
    if (bytes) assert_memory_equal(joined.ptr, bytes, n);
    zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
    blob.present = true;
    status = zarrc_read(p, &blob.blob, NULL, to, NULL, NULL);
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
  return status;
}

char *chunk_codec_json(zarrc_ctx *ctx, const zarrc_codec *codec) {
  zarrc_buf json = zarrc_buf_new(ctx, 1 << 20);
  assert_int_equal(zarrc_codec_to_json(codec, &json, NULL), ZARRC_OK);
  char *text = strndup((char *)json.ptr, json.len);
  zarrc_buf_clear(&json);
  return text;
}

zarrc_region chunk_region(int ndim, const int64_t *start, const int64_t *count, const int64_t *step) {
  zarrc_region r = {0};
  for (int i = 0; i < ndim; i++) {
    r.start[i] = start[i];
    r.count[i] = count[i];
    r.step[i] = step ? step[i] : 1;
  }
  return r;
}
