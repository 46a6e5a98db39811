/* SPDX-License-Identifier: MIT */
/* Two bytes say which codec the chunk is of and what shape it has; the rest is the chunk. */
#include <zarrc/pipeline.h>

#include "fuzz.h"

#define VLEN_ARRAY "{\"name\": \"numcodecs.vlen-array\", \"configuration\": {\"dtype\": \"<i2\"}}"
#define CATEGORIZE                                                                                                     \
  "{\"name\": \"numcodecs.categorize\", \"configuration\": {\"labels\": [\"a\", \"\", \"\\u00fc\"], \"dtype\": "       \
  "\"|O\", \"astype\": \"<i2\"}}"
#define BIG "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}"

static const char *const codecs[] = {"[\"numcodecs.json2\"]", "[\"numcodecs.msgpack2\"]", "[" VLEN_ARRAY "]",
                                     ("[" CATEGORIZE ", " BIG "]")};

/* What was read can be written, and is read as the same. */
static void check_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view again = fuzz_view_new(ctx, &spec->dtype, spec->ndim, spec->shape);
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_memory_blob blob;
  zarrc_parts_init(&parts, ctx);
  must(!zarrc_encode(p, whole, &parts, NULL) && !zarrc_parts_join(&parts, &joined, NULL));
  zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
  blob.present = true;
  must(!zarrc_read(p, &blob.blob, NULL, &again, NULL, NULL) && fuzz_views_equal(&again, whole));
  zarrc_memory_blob_clear(&blob);
  zarrc_parts_clear(&parts);
  fuzz_view_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  unsigned how = take_byte(&in), shape = take_byte(&in);
  const char *chain = codecs[how % 4];
  zarrc_spec spec = {.dtype = zarrc_dtype_of(how % 4 == 2 ? ZARRC_BYTES : ZARRC_STRING),
                     .ndim = how & 4 ? 2 : 1,
                     .shape = {1 + shape % 8, 1 + shape / 8 % 8},
                     .options = {.write_empty_chunks = true}};
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_pipeline *p;
  zarrc_memory_blob blob;
  zarrc_error error = {0};
  must(!zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, NULL));
  zarrc_region region = take_region(&in, spec.ndim, spec.shape);
  zarrc_view whole = fuzz_view_new(ctx, &spec.dtype, spec.ndim, spec.shape);
  zarrc_view part = fuzz_view_new(ctx, &spec.dtype, spec.ndim, region.count);
  zarrc_memory_blob_init(&blob, ctx, in.bytes, in.n);
  blob.present = true;
  zarrc_status all = zarrc_read(p, &blob.blob, NULL, &whole, NULL, &error);
  fuzz_check_error(all, &error);
  zarrc_status some = zarrc_read(p, &blob.blob, &region, &part, NULL, &error);
  fuzz_check_error(some, &error);
  if (!all) {
    must(!some && fuzz_is_part(ctx, &part, &whole, &region));
    check_again(ctx, p, &whole);
  }
  zarrc_memory_blob_clear(&blob);
  fuzz_view_free(&part);
  fuzz_view_free(&whole);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
  return 0;
}
