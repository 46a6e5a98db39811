/* SPDX-License-Identifier: MIT */
/* The input says what the chunk is and which codecs it goes through; what is left is decoded as if it were a chunk. */
#include <zarrc/codecs.h>
#include <zarrc/pipeline.h>

#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct text {
  char bytes[16384];
  size_t n;
} text;

static void say(text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(t->bytes + t->n, sizeof t->bytes - t->n, format, args);
  va_end(args);
  must(n >= 0 && (t->n += (size_t)n) < sizeof t->bytes);
}

/* A permutation of the axes; the shape is permuted with it. */
static void say_transpose(text *t, fuzz_input *in, int ndim, int64_t *shape) {
  int order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  int64_t turned[8];
  say(t, "{\"name\":\"transpose\",\"configuration\":{\"order\":[");
  for (int i = 0; i < ndim; i++) {
    int j = (int)take_number(in, i, ndim - 1), axis = order[j];
    order[j] = order[i];
    order[i] = axis;
    turned[i] = shape[axis];
    say(t, i ? ",%d" : "%d", axis);
  }
  for (int i = 0; i < ndim; i++) shape[i] = turned[i];
  say(t, "]}},");
}

static void say_compressors(text *t, fuzz_input *in) {
  for (int64_t n = take_number(in, 0, 3); n > 0; n--) {
    int64_t which = take_number(in, 0, 3), level = take_number(in, 0, 9), more = take_byte(in);
    if (which == 0) say(t, ",{\"name\":\"gzip\",\"configuration\":{\"level\":%d}}", (int)level);
    if (which == 1)
      say(t, ",{\"name\":\"zstd\",\"configuration\":{\"level\":%d,\"checksum\":%s}}", (int)level - 3,
          more & 1 ? "true" : "false");
    if (which == 2)
      say(t,
          ",{\"name\":\"blosc\",\"configuration\":{\"cname\":\"%s\",\"clevel\":%d,\"shuffle\":\"%s\",\"typesize\":%d,"
          "\"blocksize\":%d}}",
          zarrc_blosc_cname_name((zarrc_blosc_cname)(more % 6)), (int)level,
          zarrc_blosc_shuffle_name((zarrc_blosc_shuffle)(more / 6 % 3)), 1 + (int)(more % 17),
          more & 64 ? (int)more : 0);
    if (which == 3) say(t, ",\"crc32c\"");
  }
}

static void say_chain(text *t, fuzz_input *in, zarrc_type type, int ndim, const int64_t *chunk, int nesting) {
  int64_t shape[8], inner[8];
  for (int i = 0; i < ndim; i++) shape[i] = chunk[i];
  say(t, "[");
  for (int64_t n = take_number(in, 0, 2); n > 0; n--) say_transpose(t, in, ndim, shape);
  if (nesting && take_byte(in) & 1) {
    say(t, "{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[");
    for (int i = 0; i < ndim; i++) {
      int64_t divisor = take_number(in, 1, shape[i]);
      inner[i] = shape[i] % divisor ? shape[i] : divisor;
      say(t, i ? ",%d" : "%d", (int)inner[i]);
    }
    say(t, "],\"codecs\":");
    say_chain(t, in, type, ndim, inner, nesting - 1);
    unsigned index = take_byte(in);
    say(t,
        ",\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"%s\"}}%s],\"index_location\":\"%s\"}}",
        index & 1 ? "big" : "little", index & 2 ? ",\"crc32c\"" : "", index & 4 ? "start" : "end");
  } else if (type == ZARRC_STRING || type == ZARRC_BYTES) {
    say(t, "\"vlen-%s\"", type == ZARRC_STRING ? "utf8" : "bytes");
  } else {
    say(t, "{\"name\":\"bytes\",\"configuration\":{\"endian\":\"%s\"}}", take_byte(in) & 1 ? "big" : "little");
  }
  say_compressors(t, in);
  say(t, "]");
}

/* bytes NULL: there is no value. */
static zarrc_status decode(zarrc_ctx *ctx, const zarrc_pipeline *p, const uint8_t *bytes, size_t n,
                           const zarrc_region *region, zarrc_view *to) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_memory_blob blob;
  zarrc_error error = {0};
  *to = fuzz_view_new(ctx, &spec->dtype, spec->ndim, region ? region->count : spec->shape);
  zarrc_memory_blob_init(&blob, ctx, bytes, n);
  blob.present = bytes != NULL;
  zarrc_status status = zarrc_read(p, &blob.blob, region, to, NULL, &error);
  fuzz_check_error(status, &error);
  zarrc_memory_blob_clear(&blob);
  return status;
}

/* Whatever the bytes are: what is read of a part is that part of the whole. */
static void check_bytes(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_region *region, const uint8_t *bytes,
                        size_t n, const zarrc_view *expected) {
  zarrc_view whole, part;
  zarrc_status all = decode(ctx, p, bytes, n, NULL, &whole), some = decode(ctx, p, bytes, n, region, &part);
  must(all || (!some && fuzz_is_part(ctx, &part, &whole, region)));
  must(!expected || (!all && fuzz_views_equal(&whole, expected)));
  fuzz_view_free(&whole);
  fuzz_view_free(&part);
}

static void check_pipeline(zarrc_ctx *ctx, const zarrc_pipeline *p, fuzz_input *in) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view view = fuzz_view_new(ctx, &spec->dtype, spec->ndim, spec->shape);
  zarrc_region region = take_region(in, spec->ndim, spec->shape);
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_parts_init(&parts, ctx);
  fuzz_view_fill(&view, take_byte(in));
  unsigned at = take_byte(in), change = take_byte(in);
  must(!zarrc_encode(p, &view, &parts, NULL) && !zarrc_parts_join(&parts, &joined, NULL));
  zarrc_size claim = zarrc_pipeline_encoded_size(p, (uint64_t)zarrc_view_nitems(&view) * view.dtype.item_size);
  bool sized = parts.nitems && !view.arena;
  must(!sized || claim.kind != ZARRC_SIZE_EXACT || claim.nbytes == joined.len);
  must(!sized || claim.kind != ZARRC_SIZE_AT_MOST || claim.nbytes >= joined.len);
  uint8_t *bytes = parts.nitems ? malloc(joined.len ? joined.len : 1) : NULL;
  if (joined.len) memcpy(bytes, joined.ptr, joined.len);
  check_bytes(ctx, p, &region, bytes, joined.len, &view);
  if (joined.len) {
    bytes[at * (joined.len - 1) / 255] ^= (uint8_t)(change ? change : 1);
    check_bytes(ctx, p, &region, bytes, joined.len, NULL);
  }
  check_bytes(ctx, p, &region, in->bytes, in->n, NULL);
  free(bytes);
  zarrc_parts_clear(&parts);
  fuzz_view_free(&view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const zarrc_type types[] = {ZARRC_UINT8,      ZARRC_INT16, ZARRC_FLOAT32, ZARRC_INT64, ZARRC_COMPLEX64,
                                     ZARRC_COMPLEX128, ZARRC_BOOL,  ZARRC_STRING,  ZARRC_BYTES, ZARRC_DATETIME64};
  fuzz_input in = {data, size};
  text codecs = {.n = 0};
  static zarrc_ctx *ctx; /* its compressors are dear to make: kept */
  if (!ctx) ctx = fuzz_ctx();
  zarrc_pipeline *p, *again;
  zarrc_spec spec = {.dtype = zarrc_dtype_of(types[take_byte(&in) % 10]), .ndim = (int)take_number(&in, 0, 4)};
  spec.options.write_empty_chunks = take_byte(&in) & 1;
  for (int i = 0; i < spec.ndim; i++) spec.shape[i] = take_number(&in, 1, spec.ndim < 3 ? 8 : 4);
  say_chain(&codecs, &in, spec.dtype.type, spec.ndim, spec.shape, 2);
  zarrc_error error = {0};
  zarrc_status status = zarrc_pipeline_open(ctx, codecs.bytes, codecs.n, &spec, &p, &error);
  if (fuzz_left_out(status, &error)) return 0;
  must(!status);
  zarrc_buf json = zarrc_buf_new(ctx, 1 << 20), twice = zarrc_buf_new(ctx, 1 << 20);
  must(!zarrc_pipeline_to_json(p, &json, NULL));
  must(!zarrc_pipeline_open(ctx, (const char *)json.ptr, json.len, &spec, &again, NULL));
  must(!zarrc_pipeline_to_json(again, &twice, NULL));
  must(json.len == twice.len && !memcmp(json.ptr, twice.ptr, json.len));
  check_pipeline(ctx, again, &in);
  zarrc_buf_clear(&json);
  zarrc_buf_clear(&twice);
  zarrc_pipeline_close(again);
  zarrc_pipeline_close(p);
  return 0;
}
