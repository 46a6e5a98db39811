/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/select.h"
#include "support/chunk.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

/* What is one cell: the innermost inner chunk, a chunk that has to be decoded whole, or nothing. */
static void cells(void **state) {
  static const struct {
    const char *codecs;
    bool whole;
  } rows[] = {{"[\"bytes\"]", false},
              {"[{\"name\": \"transpose\", \"configuration\": {\"order\": [0]}}, \"bytes\"]", false},
              {"[\"bytes\", \"crc32c\"]", true}};
  static const int64_t cell[] = {2};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){6});
    zarrc_pipeline *p = chunk_pipeline(ctx, rows[i].codecs, &spec);
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, NULL, 0);
    zarrc_picking picking = {.pipeline = p, .blob = &blob.blob};
    zarrc_boxing boxing = zarrc_picking_boxing(&picking);
    assert_int_equal(boxing.whole, rows[i].whole);
    assert_null(boxing.cell);
    assert_true(boxing.gap < boxing.max);
    picking.nlevels = 1;
    picking.level[0] = cell;
    boxing = zarrc_picking_boxing(&picking);
    assert_false(boxing.whole);
    assert_ptr_equal(boxing.cell, cell);
    zarrc_memory_blob_clear(&blob);
    zarrc_pipeline_close(p);
  }
}

static void limits_of_the_options(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){6});
  (void)state;
  spec.options.coalesce_gap = 3;
  spec.options.coalesce_max = 5;
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"bytes\"]", &spec);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, NULL, 0);
  zarrc_boxing boxing = zarrc_picking_boxing(&(zarrc_picking){.pipeline = p, .blob = &blob.blob});
  assert_true(boxing.gap == 3 && boxing.max == 5);
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* A box has what the chunk has there, in the byte order of the caller's view, or the fill value. */
static void boxes(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 1, (int64_t[]){6});
  static const uint16_t fill = 0x1234;
  spec.fill = &fill;
  zarrc_pipeline *p =
      chunk_pipeline(ctx, "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]", &spec);
  static const uint8_t value[] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0};
  (void)state;
  for (int there = 0; there < 2; there++) {
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, there ? value : NULL, there ? sizeof value : 0);
    zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, NULL);
    view.dtype.endian = ZARRC_BIG;
    zarrc_picking picking = {.pipeline = p, .blob = &blob.blob, .view = &view};
    zarrc_region region = chunk_region(1, (int64_t[]){2}, (int64_t[]){3}, NULL);
    zarrc_box box;
    atomic_init(&picking.missing, false);
    assert_int_equal(zarrc_box_read(&picking, &region, &box, NULL), ZARRC_OK);
    assert_memory_equal(box.view.data, there ? "\0\3\0\4\0\5" : "\x12\x34\x12\x34\x12\x34", 6);
    assert_int_equal(atomic_load(&picking.missing), !there);
    zarrc_box_release(&box);
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_pipeline_close(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(cells), cmocka_unit_test(limits_of_the_options),
                                     cmocka_unit_test(boxes)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
