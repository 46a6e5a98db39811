/* SPDX-License-Identifier: MIT */
/* Bytes that say which settings, the type, the shape of the chunk and a part of it; the rest is the encoded chunk. */
#include "chunk.h"

#define ZFP(settings) "[{\"name\": \"zfp\", \"configuration\": {\"mode\": " settings "}}]"

static const char *const codecs[] = {
    "[\"numcodecs.zfpy\"]",
    ZFP("\"reversible\""),
    ZFP("\"fixed_rate\", \"rate\": 5.5"),
    ZFP("\"fixed_precision\", \"precision\": 17"),
    ZFP("\"fixed_accuracy\", \"tolerance\": 0.01"),
    ZFP("\"expert\", \"minbits\": 32768, \"maxbits\": 32768, \"maxprec\": 64, \"minexp\": -1074"),
    ZFP("\"expert\", \"minbits\": 1, \"maxbits\": 19, \"maxprec\": 64, \"minexp\": -1075"),
};

/* What was read can be written, if it is finite, and can be read again. */
static void check_again(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_view *whole) {
  zarrc_error error = {0};
  fuzz_again again = fuzz_read_again(ctx, p, whole, &error);
  must(!again.encoded || (again.encoded == ZARRC_INVALID_ARGUMENT && strstr(error.message, "not finite")));
  must(!again.read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const zarrc_type types[] = {ZARRC_INT32, ZARRC_INT64, ZARRC_FLOAT32, ZARRC_FLOAT64,
                                     ZARRC_INT4,  ZARRC_UINT8, ZARRC_INT16,   ZARRC_UINT64};
  fuzz_input in = {data, size};
  unsigned which = take_byte(&in) % (sizeof codecs / sizeof *codecs);
  const char *chain = codecs[which];
  zarrc_spec spec = {.dtype = zarrc_dtype_of(types[take_byte(&in) % (which ? 8 : 4)]),
                     .ndim = (int)take_number(&in, 0, 4)};
  for (int i = 0; i < spec.ndim; i++) spec.shape[i] = take_number(&in, 1, 6);
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_pipeline *p;
  zarrc_error error = {0};
  zarrc_region region = take_region(&in, spec.ndim, spec.shape);
  zarrc_status status = zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, &error);
  if (!status) {
    zarrc_view whole = fuzz_view_new(ctx, &spec.dtype, spec.ndim, spec.shape);
    zarrc_view part = fuzz_view_new(ctx, &spec.dtype, spec.ndim, region.count);
    fuzz_reads r = fuzz_read_chunk(ctx, p, &in, &region, &whole, &part);
    must(r.all == r.some && (r.all || fuzz_is_part(ctx, &part, &whole, &region)));
    if (!r.all) check_again(ctx, p, &whole);
    fuzz_view_free(&part);
    fuzz_view_free(&whole);
    zarrc_pipeline_close(p);
  }
  must(!status || fuzz_left_out(status, &error));
  zarrc_ctx_close(ctx);
  return 0;
}
