/* SPDX-License-Identifier: MIT */
/* Two bytes say which codec the chunk is of and what shape it has; the rest is the chunk. */
#include "chunk.h"

#define VLEN_ARRAY "{\"name\": \"numcodecs.vlen-array\", \"configuration\": {\"dtype\": \"<i2\"}}"
#define CATEGORIZE                                                                                                     \
  "{\"name\": \"numcodecs.categorize\", \"configuration\": {\"labels\": [\"a\", \"\", \"\\u00fc\"], \"dtype\": "       \
  "\"|O\", \"astype\": \"<i2\"}}"
#define BIG "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}"

static const char *const codecs[] = {"[\"numcodecs.json2\"]", "[\"numcodecs.msgpack2\"]", "[" VLEN_ARRAY "]",
                                     ("[" CATEGORIZE ", " BIG "]")};

/* What was read can be written, and is read as the same. */
static void check_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole) {
  fuzz_again again = fuzz_read_again(ctx, p, whole, NULL);
  must(!again.encoded && !again.read && again.same);
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
  must(!zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, NULL));
  zarrc_region region = take_region(&in, spec.ndim, spec.shape);
  zarrc_view whole = fuzz_view_new(ctx, &spec.dtype, spec.ndim, spec.shape);
  zarrc_view part = fuzz_view_new(ctx, &spec.dtype, spec.ndim, region.count);
  fuzz_reads r = fuzz_read_chunk(ctx, p, &in, &region, &whole, &part);
  if (!r.all) {
    must(!r.some && fuzz_is_part(ctx, &part, &whole, &region));
    check_again(ctx, p, &whole);
  }
  fuzz_view_free(&part);
  fuzz_view_free(&whole);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
  return 0;
}
