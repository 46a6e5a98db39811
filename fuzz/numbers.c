/* SPDX-License-Identifier: MIT */
/* Bytes that say which codec of numbers and which type; the rest is the chunk. */
#include "chunk.h"

#define CAST(type, more)                                                                                               \
  "[{\"name\": \"cast_value\", \"configuration\": {\"data_type\": \"" type "\"" more "}}, \"bytes\"]"

#define FILTER(name, more)                                                                                             \
  "[{\"name\": \"numcodecs." name "\", \"configuration\": {" more "}}, {\"name\": \"bytes\", \"configuration\": "      \
  "{\"endian\": \"little\"}}]"

static const char *const codecs[] = {
    "[\"packbits\"]",
    "[{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"first_byte\", \"last_bit\": 2}}]",
    "[{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"last_byte\", \"first_bit\": 1}}]",
    CAST("int4", ", \"out_of_range\": \"wrap\""),
    CAST("float4_e2m1fn", ", \"out_of_range\": \"clamp\", \"rounding\": \"nearest-away\""),
    CAST("uint8", ", \"scalar_map\": {\"encode\": [[1, 2]], \"decode\": [[2, 1]]}"),
    ("[{\"name\": \"scale_offset\", \"configuration\": {\"offset\": 0, \"scale\": 3}}, {\"name\": \"bytes\", "
     "\"configuration\": {\"endian\": \"big\"}}]"),
    FILTER("delta", "\"dtype\": \"<f8\""),
    FILTER("delta", "\"dtype\": \"<i2\", \"astype\": \"|i1\""),
    FILTER("fixedscaleoffset", "\"offset\": 10, \"scale\": 0.3, \"dtype\": \"<f4\", \"astype\": \"<i2\""),
    FILTER("quantize", "\"digits\": 2, \"dtype\": \"<f4\""),
    FILTER("astype", "\"encode_dtype\": \"<i4\", \"decode_dtype\": \"<f8\""),
    FILTER("bitround", "\"keepbits\": 3"),
    "[{\"name\": \"numcodecs.packbits\"}, \"bytes\"]",
};

/* What was read can be written, unless it cannot be cast, and is read as the same. */
static void check_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole) {
  zarrc_error error = {0};
  fuzz_again again = fuzz_read_again(ctx, p, whole, &error);
  fuzz_check_error(again.encoded, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const zarrc_type types[] = {ZARRC_INT4,    ZARRC_INT16,           ZARRC_UINT64,   ZARRC_FLOAT16, ZARRC_FLOAT64,
                                     ZARRC_FLOAT32, ZARRC_FLOAT8_E4M3FNUZ, ZARRC_BFLOAT16, ZARRC_BOOL};
  fuzz_input in = {data, size};
  const char *chain = codecs[take_byte(&in) % (sizeof codecs / sizeof *codecs)];
  zarrc_spec spec = {.dtype = zarrc_dtype_of(types[take_byte(&in) % (sizeof types / sizeof *types)]),
                     .ndim = 2,
                     .shape = {take_number(&in, 1, 5), take_number(&in, 1, 5)},
                     .options = {.write_empty_chunks = true}};
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_pipeline *p;
  zarrc_error error = {0};
  zarrc_region region = take_region(&in, 2, spec.shape);
  zarrc_status status = zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, &error);
  fuzz_check_error(status, &error);
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
  zarrc_ctx_close(ctx);
  return 0;
}
