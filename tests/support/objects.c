/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/faulty_alloc.h"
#include "support/objects.h"

#include <stdlib.h>
#include <string.h>

void objects_check_refused(zarrc_ctx *ctx, const char *codecs, const objects_refusal *rows, size_t n) {
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 2, (int64_t[]){2, 3});
  zarrc_text out[6];
  zarrc_pipeline *pipeline = chunk_pipeline(ctx, codecs, &spec);
  for (size_t i = 0; i < n; i++) {
    zarrc_view to = zarrc_view_c(&spec.dtype, 2, spec.shape, out);
    zarrc_memory_blob blob;
    zarrc_error error = {0};
    uint8_t *exact = malloc(rows[i].n ? rows[i].n : 1);
    memcpy(exact, rows[i].bytes, rows[i].n);
    assert_int_equal(zarrc_arena_open(ctx, &to.arena, NULL), ZARRC_OK);
    zarrc_memory_blob_init(&blob, ctx, exact, rows[i].n);
    blob.present = true;
    zarrc_status status = zarrc_read(pipeline, &blob.blob, NULL, &to, NULL, &error);
    zarrc_memory_blob_clear(&blob);
    free(exact);
    if (status != rows[i].status || !strstr(error.message, rows[i].words))
      fail_msg("chunk %zu: %s: %s", i, zarrc_status_name(status), error.message);
    zarrc_arena_close(to.arena);
  }
  zarrc_pipeline_close(pipeline);
}

typedef struct trip {
  const char *codecs;
  zarrc_type type;
} trip;

static zarrc_status round_trip(const zarrc_ctx_options *options, void *arg) {
  const trip *t = arg;
  zarrc_spec spec = chunk_spec(t->type, 2, (int64_t[]){2, 3});
  zarrc_text text[6], got[6];
  for (size_t i = 0; i < 6; i++) text[i] = (zarrc_text){(const uint8_t *)"aaaaaaaa", i / 2 * 4};
  zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, text), to = zarrc_view_c(&spec.dtype, 2, spec.shape, got);
  zarrc_pipeline *pipeline = NULL;
  zarrc_memory_blob blob;
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_ctx *ctx;
  from.data = (uint8_t *)from.data + 5 * sizeof *text; /* backwards, so that it is copied */
  from.stride[0] = -from.stride[0], from.stride[1] = -from.stride[1];
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  status = zarrc_pipeline_open(ctx, t->codecs, strlen(t->codecs), &spec, &pipeline, NULL);
  if (!status) status = zarrc_encode(pipeline, &from, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) status = zarrc_arena_open(ctx, &to.arena, NULL);
  if (!status) {
    zarrc_memory_blob_init(&blob, ctx, joined.ptr, joined.len);
    blob.present = true;
    status = zarrc_read(pipeline, &blob.blob, NULL, &to, NULL, NULL);
    if (!status) assert_memory_equal(got[0].ptr, "aaaaaaaa", 8);
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_arena_close(to.arena);
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(pipeline);
  zarrc_ctx_close(ctx);
  return status;
}

void objects_check_allocations(const char *codecs, zarrc_type type) {
  assert_true(faulty_alloc_each(&(zarrc_ctx_options){.threads = 1}, round_trip, &(trip){codecs, type}) > 5);
}
