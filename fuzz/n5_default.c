/* SPDX-License-Identifier: MIT */
/* Bytes that say which codecs are inside, the type, the shape of the chunk and a part of it; the rest is the block. */
#include <zarrc/pipeline.h>

#include "fuzz.h"

#define N5(more)                                                                                                       \
  "[{\"name\": \"n5_default\", \"configuration\": {\"codecs\": [{\"name\": \"transpose\", \"configuration\": "         \
  "{\"order\": [1, 0]}}, {\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}" more "]}}]"

static const char *const codecs[] = {N5(""), N5(", \"gzip\""), N5(", \"zstd\""), N5(", \"crc32c\""),
                                     N5(", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\"}}")};

/* What was read can be written, and is read as the same. */
static void check_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view again = fuzz_view_new(ctx, &spec->dtype, spec->ndim, spec->shape);
  zarrc_memory_blob blob;
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_parts_init(&parts, ctx);
  must(!zarrc_encode(p, whole, &parts, NULL) && !zarrc_parts_join(&parts, &joined, NULL));
  zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
  blob.present = true;
  must(!zarrc_read(p, &blob.blob, NULL, &again, NULL, NULL));
  must(fuzz_views_equal(&again, whole));
  zarrc_memory_blob_clear(&blob);
  zarrc_parts_clear(&parts);
  fuzz_view_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const zarrc_type types[] = {ZARRC_INT8, ZARRC_UINT16, ZARRC_FLOAT64};
  fuzz_input in = {data, size};
  const char *chain = codecs[take_byte(&in) % (sizeof codecs / sizeof *codecs)];
  zarrc_spec spec = {.dtype = zarrc_dtype_of(types[take_byte(&in) % 3]),
                     .ndim = 2,
                     .shape = {take_number(&in, 1, 5), take_number(&in, 1, 5)}};
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_pipeline *p;
  zarrc_error error = {0};
  zarrc_region region = take_region(&in, 2, spec.shape);
  zarrc_status status = zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, &error);
  if (!status) {
    zarrc_view whole = fuzz_view_new(ctx, &spec.dtype, 2, spec.shape);
    zarrc_view part = fuzz_view_new(ctx, &spec.dtype, 2, region.count);
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, in.bytes, in.n);
    blob.present = true;
    zarrc_status all = zarrc_read(p, &blob.blob, NULL, &whole, NULL, &error);
    fuzz_check_error(all, &error);
    zarrc_status some = zarrc_read(p, &blob.blob, &region, &part, NULL, &error);
    fuzz_check_error(some, &error);
    must(all || (!some && fuzz_is_part(ctx, &part, &whole, &region)));
    if (!all) check_again(ctx, p, &whole);
    zarrc_memory_blob_clear(&blob);
    fuzz_view_free(&part);
    fuzz_view_free(&whole);
    zarrc_pipeline_close(p);
  }
  must(!status || fuzz_left_out(status, &error));
  zarrc_ctx_close(ctx);
  return 0;
}
