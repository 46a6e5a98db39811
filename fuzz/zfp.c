/* SPDX-License-Identifier: MIT */
/* Bytes that say which settings, the type, the shape of the chunk and a part of it; the rest is the encoded chunk. */
#include <zarrc/pipeline.h>

#include "fuzz.h"

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
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view again = fuzz_view_new(ctx, &spec->dtype, spec->ndim, spec->shape);
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_error error = {0};
  zarrc_parts_init(&parts, ctx);
  zarrc_status status = zarrc_encode(p, whole, &parts, &error);
  must(!status || (status == ZARRC_INVALID_ARGUMENT && strstr(error.message, "not finite")));
  if (!status) {
    zarrc_memory_blob blob;
    must(!zarrc_parts_join(&parts, &joined, NULL));
    zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
    blob.present = true;
    must(!zarrc_read(p, &blob.blob, NULL, &again, NULL, NULL));
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_parts_clear(&parts);
  fuzz_view_free(&again);
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
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, in.bytes, in.n);
    blob.present = true;
    zarrc_status all = zarrc_read(p, &blob.blob, NULL, &whole, NULL, &error);
    fuzz_check_error(all, &error);
    zarrc_status some = zarrc_read(p, &blob.blob, &region, &part, NULL, &error);
    fuzz_check_error(some, &error);
    must(all == some && (all || fuzz_is_part(ctx, &part, &whole, &region)));
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
