/* SPDX-License-Identifier: MIT */
/* Bytes that say which codec of numbers and which type; the rest is the chunk. */
#include <zarrc/pipeline.h>

#include "fuzz.h"

#define CAST(type, more)                                                                                               \
  "[{\"name\": \"cast_value\", \"configuration\": {\"data_type\": \"" type "\"" more "}}, \"bytes\"]"

static const char *const codecs[] = {
    "[\"packbits\"]",
    "[{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"first_byte\", \"last_bit\": 2}}]",
    "[{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"last_byte\", \"first_bit\": 1}}]",
    CAST("int4", ", \"out_of_range\": \"wrap\""),
    CAST("float4_e2m1fn", ", \"out_of_range\": \"clamp\", \"rounding\": \"nearest-away\""),
    CAST("uint8", ", \"scalar_map\": {\"encode\": [[1, 2]], \"decode\": [[2, 1]]}"),
    ("[{\"name\": \"scale_offset\", \"configuration\": {\"offset\": 0, \"scale\": 3}}, {\"name\": \"bytes\", "
     "\"configuration\": {\"endian\": \"big\"}}]"),
};

/* What was read can be written, unless it cannot be cast, and is read as the same. */
static void check_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view again = fuzz_view_new(ctx, &spec->dtype, spec->ndim, spec->shape);
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_error error = {0};
  zarrc_parts_init(&parts, ctx);
  zarrc_status status = zarrc_encode(p, whole, &parts, &error);
  fuzz_check_error(status, &error);
  if (!status) {
    zarrc_memory_blob blob;
    must(!zarrc_parts_join(&parts, &joined, NULL));
    zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
    blob.present = true;
    zarrc_read(p, &blob.blob, NULL, &again, NULL, NULL);
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_parts_clear(&parts);
  fuzz_view_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const zarrc_type types[] = {ZARRC_INT4,    ZARRC_INT16,   ZARRC_UINT64,          ZARRC_FLOAT16,
                                     ZARRC_FLOAT64, ZARRC_FLOAT32, ZARRC_FLOAT8_E4M3FNUZ, ZARRC_BFLOAT16};
  fuzz_input in = {data, size};
  const char *chain = codecs[take_byte(&in) % (sizeof codecs / sizeof *codecs)];
  zarrc_spec spec = {.dtype = zarrc_dtype_of(types[take_byte(&in) % 8]),
                     .ndim = 2,
                     .shape = {take_number(&in, 1, 5), take_number(&in, 1, 5)},
                     .options = {.write_empty_chunks = true}};
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_pipeline *p;
  zarrc_memory_blob blob;
  zarrc_error error = {0};
  zarrc_region region = take_region(&in, 2, spec.shape);
  zarrc_status status = zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, &error);
  fuzz_check_error(status, &error);
  if (!status) {
    zarrc_view whole = fuzz_view_new(ctx, &spec.dtype, 2, spec.shape);
    zarrc_view part = fuzz_view_new(ctx, &spec.dtype, 2, region.count);
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
  zarrc_ctx_close(ctx);
  return 0;
}
