/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/select.h"
#include "support/documents.h"
#include "support/nodes.h"

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

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define SHARD(shape, codecs)                                                                                           \
  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": " codecs "}}]"

/* 10 x 9 elements in chunks of 8 x 12: none but the first is whole. */
static zarrc_metadata *open_metadata(const char *codecs) {
  zarrc_metadata *m = NULL;
  zarrc_error error = {0};
  char *document =
      nodes_document("shape", "[10, 9]", "chunk_grid",
                     "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [8, 12]}}", "codecs", codecs, NULL);
  if (zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, &error)) fail_msg("%s", error.message);
  free(document);
  return m;
}

static const char *const chains[] = {"[" BYTES "]", SHARD("[4, 6]", "[" BYTES "]")};

/* By chunk; what lies in a chunk is put in order there. */
static void points_are_put_in_order(void **state) {
  static const int64_t rows[] = {9, 0, 3, 0, -1, 4, 0}, columns[] = {8, 6, 0, 6, 8, 0, 5};
  static const uint32_t order[] = {1, 2, 3, 5, 6, 0, 4};
  (void)state;
  for (int c = 0; c < 2; c++) {
    zarrc_metadata *m = open_metadata(chains[c]);
    zarrc_selection selection = {.kind = ZARRC_SELECT_POINTS, .npoints = 7, .coordinate = {rows, columns}};
    zarrc_points p;
    int64_t chunk[2];
    assert_int_equal(zarrc_points_open(m, &selection, &p, NULL), ZARRC_OK);
    assert_int_equal(p.n, 7);
    assert_int_equal(zarrc_points_list(&p, NULL), ZARRC_OK);
    assert_memory_equal(p.order, order, sizeof order);
    assert_int_equal(p.nchunks, 2);
    assert_memory_equal(p.first, ((uint32_t[]){0, 5, 7}), 3 * sizeof *p.first);
    zarrc_points_chunk(&p, p.chunk[p.order[0]], chunk);
    assert_true(chunk[0] == 0 && chunk[1] == 0);
    zarrc_points_chunk(&p, p.chunk[p.order[6]], chunk);
    assert_true(chunk[0] == 1 && chunk[1] == 0);
    zarrc_points_close(&p);
    zarrc_points_close(&p);
    zarrc_metadata_close(m);
  }
}

/* A mask in memory of any layout. */
static void masks(void **state) {
  zarrc_metadata *m = open_metadata(chains[0]);
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_BOOL);
  uint8_t *flags = calloc(9 * 10, 1); /* column by column, backwards */
  zarrc_view mask = {.data = flags + 89, .dtype = dtype, .ndim = 2, .shape = {10, 9}, .stride = {-1, -10}};
  zarrc_selection selection = {.kind = ZARRC_SELECT_MASK, .mask = &mask};
  zarrc_points p;
  (void)state;
  static const int64_t at[][2] = {{0, 3}, {2, 8}, {9, 0}, {9, 8}};
  for (int i = 0; i < 4; i++) flags[89 - at[i][0] - 10 * at[i][1]] = (uint8_t)(i + 1);
  assert_int_equal(zarrc_points_open(m, &selection, &p, NULL), ZARRC_OK);
  assert_int_equal(p.n, 4);
  assert_int_equal(zarrc_points_list(&p, NULL), ZARRC_OK);
  for (int i = 0; i < 4; i++) {
    int64_t seen[2] = {(int64_t)p.within[i] / 12, (int64_t)p.within[i] % 12};
    assert_int_equal(p.order[i], i);
    assert_int_equal(p.chunk[i], at[i][0] / 8);
    assert_int_equal(seen[0], at[i][0] % 8);
    assert_int_equal(seen[1], at[i][1]);
  }
  zarrc_points_close(&p);
  memset(flags, 0, 90);
  assert_int_equal(zarrc_points_open(m, &selection, &p, NULL), ZARRC_OK);
  assert_int_equal(zarrc_points_list(&p, NULL), ZARRC_OK);
  assert_int_equal(p.nchunks, 0);
  zarrc_points_close(&p);
  zarrc_metadata_close(m);
  free(flags);
}

/* Chunks beyond 2^64 have no numbers. */
static void too_many_chunks(void **state) {
  zarrc_metadata *m = NULL;
  static const int64_t far[] = {INT64_MAX - 1};
  zarrc_selection selection = {.kind = ZARRC_SELECT_POINTS, .npoints = 1, .coordinate = {far, far}};
  zarrc_points p;
  zarrc_error error = {0};
  (void)state;
  char *document = nodes_document("shape", "[9223372036854775807, 9223372036854775807]", "chunk_grid",
                                  "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [1, 1]}}", NULL);
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL), ZARRC_OK);
  assert_int_equal(zarrc_points_open(m, &selection, &p, NULL), ZARRC_OK);
  assert_int_equal(zarrc_points_list(&p, &error), ZARRC_LIMIT);
  assert_non_null(strstr(error.message, "2^64-1 chunks"));
  zarrc_points_close(&p);
  selection.npoints = 0;
  assert_int_equal(zarrc_points_open(m, &selection, &p, NULL), ZARRC_OK);
  assert_int_equal(zarrc_points_list(&p, &error), ZARRC_OK);
  zarrc_points_close(&p);
  zarrc_metadata_close(m);
  free(document);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(points_are_put_in_order), cmocka_unit_test(masks),
                                     cmocka_unit_test(too_many_chunks)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
