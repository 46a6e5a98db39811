/* SPDX-License-Identifier: MIT */
/* Bytes that say which codecs are inside, the type, the shape of the chunk and a part of it; the rest is the block. */
#include "chunk.h"

#define N5(more)                                                                                                       \
  "[{\"name\": \"n5_default\", \"configuration\": {\"codecs\": [{\"name\": \"transpose\", \"configuration\": "         \
  "{\"order\": [1, 0]}}, {\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}" more "]}}]"

static const char *const codecs[] = {N5(""), N5(", \"gzip\""), N5(", \"zstd\""), N5(", \"crc32c\""),
                                     N5(", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\"}}")};

/* What was read can be written, and is read as the same. */
static void check_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole) {
  fuzz_again again = fuzz_read_again(ctx, p, whole, NULL);
  must(!again.encoded && !again.read && again.same);
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
    fuzz_reads r = fuzz_read_chunk(ctx, p, &in, &region, &whole, &part);
    must(r.all || (!r.some && fuzz_is_part(ctx, &part, &whole, &region)));
    if (!r.all) check_again(ctx, p, &whole);
    fuzz_view_free(&part);
    fuzz_view_free(&whole);
    zarrc_pipeline_close(p);
  }
  must(!status || fuzz_left_out(status, &error));
  zarrc_ctx_close(ctx);
  return 0;
}
