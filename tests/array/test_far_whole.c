/* SPDX-License-Identifier: MIT */
/* Far shards that are fetched as a whole, in one request, as a selection touches all of their inner chunks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/far_store.h"
#include "support/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An array of one shard with the elements 1, 2, 3, ..., in a far store. */
typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_store *near;
  far_store far;
  zarrc_array *array;
} fixture;

static void open_far(fixture *f, const char *shape, const char *inner) {
  static const char *const bytes = "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}";
  char grid[100], codecs[300];
  int32_t numbers[16];
  memset(f, 0, sizeof *f);
  snprintf(grid, sizeof grid, "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": %s}}", shape);
  snprintf(codecs, sizeof codecs,
           "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": %s, \"codecs\": [%s],"
           " \"index_codecs\": [%s]}}]",
           inner, bytes, bytes);
  char *document = nodes_document("shape", shape, "chunk_grid", grid, "codecs", codecs, NULL);
  assert_int_equal(zarrc_ctx_open(NULL, &f->ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f->ctx, &f->near, NULL), ZARRC_OK);
  nodes_put(f->near, "zarr.json", document);
  free(document);
  far_store_init(&f->far, f->ctx, f->near);
  for (int i = 0; i < 16; i++) numbers[i] = i + 1;
  assert_int_equal(zarrc_array_open(f->near, "", NULL, &f->array, NULL), ZARRC_OK);
  zarrc_view view =
      zarrc_view_c(zarrc_array_dtype(f->array), zarrc_array_ndim(f->array), zarrc_array_shape(f->array), numbers);
  assert_int_equal(zarrc_array_write(f->array, NULL, &view, NULL), ZARRC_OK);
  zarrc_array_close(f->array);
  assert_int_equal(zarrc_array_open(&f->far.store, "", NULL, &f->array, NULL), ZARRC_OK);
  far_store_begin(&f->far);
}

static void close_far(fixture *f) {
  zarrc_array_close(f->array);
  far_store_clear(&f->far);
  zarrc_store_close(f->near);
  zarrc_ctx_close(f->ctx);
}

/* A selection that touches all inner chunks of a shard fetches it as a whole, whatever it picks of them. */
static void points_in_all_inner_chunks(void **state) {
  (void)state;
  fixture f;
  const int64_t at[2][5] = {{0, 3, 2, 1, 0}, {2, 1, 3, 0, 0}};
  int32_t some[5];
  for (int n = 3; n < 6; n++) { /* without the fourth point there is an inner chunk that is not touched */
    open_far(&f, "[4, 4]", "[2, 2]");
    zarrc_selection points = {.kind = ZARRC_SELECT_POINTS, .npoints = (uint32_t)n, .coordinate = {at[0], at[1]}};
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(f.array), 1, (int64_t[]){n}, some);
    assert_int_equal(zarrc_array_read_selection(f.array, &points, &view, NULL), ZARRC_OK);
    for (int i = 0; i < n; i++) assert_int_equal(some[i], at[0][i] * 4 + at[1][i] + 1);
    assert_int_equal(f.far.nwaves, n == 3 ? 2 : 1);
    assert_int_equal(f.far.ntwice, 0);
    close_far(&f);
  }
}

/* So does a step that is no longer than an inner chunk. */
static void steps_through_all_inner_chunks(void **state) {
  (void)state;
  fixture f;
  int32_t some[4];
  for (int step = 2; step < 4; step++) { /* every third index leaves out an inner chunk of two */
    zarrc_region r = {.start = {1}, .count = {step == 2 ? 4 : 3}, .step = {step}};
    open_far(&f, "[8]", "[2]");
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(f.array), 1, r.count, some);
    assert_int_equal(zarrc_array_read(f.array, &r, &view, NULL), ZARRC_OK);
    for (int i = 0; i < r.count[0]; i++) assert_int_equal(some[i], 1 + step * i + 1);
    assert_int_equal(f.far.nwaves, step == 2 ? 1 : 2);
    assert_int_equal(f.far.ntwice, 0);
    close_far(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_in_all_inner_chunks),
      cmocka_unit_test(steps_through_all_inner_chunks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
