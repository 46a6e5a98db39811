/* SPDX-License-Identifier: MIT */
/* Five bytes say what the chunk is and which part of it is read; the rest is the chunk, or what a longer one is made
 * of. */
#include <zarrc/pipeline.h>

#include "fuzz.h"

/* A chunk of elements so long as the bytes say, times 400: more than a reader looks at first. */
static uint8_t *long_chunk(fuzz_input *in, int64_t nitems, size_t *n) {
  uint8_t *chunk = malloc(4 + (size_t)nitems * (4 + 63 * 400)), *p = chunk + 4;
  must(chunk != NULL);
  memcpy(chunk, &(uint32_t){(uint32_t)nitems}, 4);
  for (int64_t i = 0; i < nitems; i++) {
    uint32_t len = take_byte(in) % 64 * 400u;
    memcpy(p, &len, 4);
    memset(p + 4, 'a' + (int)(i % 26), len);
    p += 4 + len;
  }
  *n = (size_t)(p - chunk);
  must((chunk = realloc(chunk, *n)) != NULL);
  return chunk;
}

static void check_chunk(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_region *region, const uint8_t *bytes,
                        size_t n) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view whole = fuzz_view_new(ctx, &spec->dtype, spec->ndim, spec->shape);
  zarrc_view part = fuzz_view_new(ctx, &spec->dtype, spec->ndim, region->count);
  zarrc_memory_blob blob;
  zarrc_error error = {0};
  zarrc_memory_blob_init(&blob, ctx, bytes, n);
  blob.present = true;
  zarrc_status all = zarrc_read(p, &blob.blob, NULL, &whole, NULL, &error);
  fuzz_check_error(all, &error);
  zarrc_status some = zarrc_read(p, &blob.blob, region, &part, NULL, &error);
  fuzz_check_error(some, &error);
  if (!all) {
    must(!some && fuzz_is_part(ctx, &part, &whole, region));
    zarrc_parts parts;
    zarrc_bytes joined;
    zarrc_parts_init(&parts, ctx);
    must(!zarrc_encode(p, &whole, &parts, NULL) && !zarrc_parts_join(&parts, &joined, NULL));
    must(joined.len <= n && !memcmp(joined.ptr, bytes, joined.len));
    zarrc_parts_clear(&parts);
  }
  zarrc_memory_blob_clear(&blob);
  fuzz_view_free(&part);
  fuzz_view_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  unsigned how = take_byte(&in);
  const char *codecs = how & 1 ? "[\"vlen-utf8\"]" : "[\"vlen-bytes\"]";
  zarrc_spec spec = {.dtype = zarrc_dtype_of(how & 1 ? ZARRC_STRING : ZARRC_BYTES), .ndim = how & 2 ? 2 : 1};
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_pipeline *p;
  spec.shape[0] = take_number(&in, 1, 8);
  spec.shape[1] = take_number(&in, 1, 8);
  if (how & 4) spec.ndim = 0;
  must(!zarrc_pipeline_open(ctx, codecs, strlen(codecs), &spec, &p, NULL));
  zarrc_region region = take_region(&in, spec.ndim, spec.shape);
  if (how & 8) {
    size_t n, cut = take_byte(&in) * 1000u;
    uint8_t *chunk = long_chunk(&in, zarrc_spec_nitems(&spec), &n);
    if (how & 16 && cut < n) must((chunk = realloc(chunk, n -= cut)) != NULL);
    check_chunk(ctx, p, &region, chunk, n);
    free(chunk);
  } else {
    check_chunk(ctx, p, &region, in.bytes, in.n);
  }
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
  return 0;
}
