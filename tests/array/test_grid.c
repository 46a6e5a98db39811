/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/grid.h"
#include "support/faulty_alloc.h"

#include <zarrc/array.h>

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

static zarrc_status parse(zarrc_ctx *with, const char *json, int ndim, const int64_t *shape, bool strict,
                          zarrc_grid *out, zarrc_error *error) {
  zarrc_json_doc *doc;
  zarrc_rules rules = zarrc_rules_open(with, strict);
  zarrc_status status = zarrc_json_parse(with, json, strlen(json), NULL, &doc, error);
  if (status) return status;
  status = zarrc_grid_parse(with, zarrc_json_root(doc), ndim, shape, &rules, out, error);
  zarrc_rules_close(&rules);
  zarrc_json_close(doc);
  return status;
}

static void check_json(const zarrc_grid *grid, const char *expected) {
  char text[512];
  zarrc_buf buf = zarrc_buf_over(text, sizeof text - 1);
  assert_int_equal(zarrc_grid_to_json(grid, &buf, NULL), ZARRC_OK);
  text[buf.len] = 0;
  assert_string_equal(text, expected);
}

#define REGULAR(sizes) "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": " sizes "}}"
#define RECTILINEAR(lists)                                                                                             \
  "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": " lists "}}"

static void test_parse(void **state) {
  static const struct {
    const char *json;
    bool strict;
    zarrc_status status;
    const char *expected; /* canonical, or part of the message */
  } rows[] = {
      {REGULAR("[2, 3]"), true, ZARRC_OK, REGULAR("[2, 3]")},
      {REGULAR("[1, 9223372036854775807]"), true, ZARRC_OK, REGULAR("[1, 9223372036854775807]")},
      {"{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2, 3], \"a\": 1}}", false, ZARRC_OK,
       REGULAR("[2, 3]")},
      {"{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2, 3], \"a\": 1}}", true, ZARRC_INVALID_METADATA,
       "\"a\""},
      {"{\"name\": \"regular\", \"must_understand\": true, \"configuration\": {\"chunk_shape\": [2, 3]}}", true,
       ZARRC_OK, REGULAR("[2, 3]")},
      {"{\"name\": \"regular\", \"x\": 1, \"configuration\": {\"chunk_shape\": [2, 3]}}", false, ZARRC_INVALID_METADATA,
       "\"x\""},
      {REGULAR("[2, 0]"), false, ZARRC_INVALID_METADATA, "/chunk_grid/configuration/chunk_shape/1"},
      {REGULAR("[-1, 3]"), false, ZARRC_INVALID_METADATA, "/chunk_grid/configuration/chunk_shape/0"},
      {REGULAR("[2, 3.0]"), false, ZARRC_INVALID_METADATA, "chunk_shape/1: a chunk size must be an integer"},
      {REGULAR("[true, 3]"), false, ZARRC_INVALID_METADATA, "a boolean"},
      {REGULAR("[\"2\", 3]"), false, ZARRC_INVALID_METADATA, "a string"},
      {REGULAR("[null, 3]"), false, ZARRC_INVALID_METADATA, "null"},
      {REGULAR("[[2], 3]"), false, ZARRC_INVALID_METADATA, "an array"},
      {REGULAR("[9223372036854775808, 3]"), false, ZARRC_INVALID_METADATA, "2^63-1"},
      {REGULAR("[99999999999999999999999, 3]"), false, ZARRC_INVALID_METADATA, "chunk_shape/0"},
      {REGULAR("[2]"), false, ZARRC_INVALID_METADATA, "has 1 sizes where shape has 2"},
      {REGULAR("[2, 3, 4]"), false, ZARRC_INVALID_METADATA, "has 3 sizes"},
      {REGULAR("[]"), false, ZARRC_INVALID_METADATA, "has 0 sizes"},
      {REGULAR("2"), false, ZARRC_INVALID_METADATA, "must be a list"},
      {"{\"name\": \"regular\", \"configuration\": {}}", false, ZARRC_INVALID_METADATA, "is missing"},
      {"{\"name\": \"regular\", \"configuration\": null}", false, ZARRC_INVALID_METADATA, "must be an object"},
      {"{\"name\": \"regular\"}", false, ZARRC_INVALID_METADATA, "/chunk_grid/configuration: is missing"},
      {"\"regular\"", false, ZARRC_INVALID_METADATA, "must be an object"},
      {"{\"configuration\": {}}", false, ZARRC_INVALID_METADATA, "/chunk_grid/name: is missing"},
      {"{\"name\": 3, \"configuration\": {}}", false, ZARRC_INVALID_METADATA, "/chunk_grid/name"},
      {"{\"name\": \"zzz\", \"configuration\": {}}", false, ZARRC_UNSUPPORTED, "\"zzz\""},
      /* rectilinear; shape 4, 6 */
      {RECTILINEAR("[2, [[3, 2]]]"), true, ZARRC_OK, RECTILINEAR("[2, [[3, 2]]]")},
      {RECTILINEAR("[[1, 1, 1, 1], [4, 2]]"), true, ZARRC_OK, RECTILINEAR("[[[1, 4]], [4, 2]]")},
      {RECTILINEAR("[[4, 4, 4], [4, 2]]"), true, ZARRC_OK, RECTILINEAR("[[[4, 3]], [4, 2]]")},
      {RECTILINEAR("[[[1, 2], 2], 6]"), true, ZARRC_OK, RECTILINEAR("[[[1, 2], 2], 6]")},
      {RECTILINEAR("[[[1, 1], [3, 1]], [[6, 1]]]"), true, ZARRC_OK, RECTILINEAR("[[1, 3], [6]]")},
      {RECTILINEAR("[[4, 0], [4, 2]]"), false, ZARRC_INVALID_METADATA, "chunk_shapes/0"},
      {RECTILINEAR("[0, 6]"), false, ZARRC_INVALID_METADATA, "chunk_shapes/0"},
      {RECTILINEAR("[[3], 6]"), false, ZARRC_INVALID_METADATA, "add up to 3, the axis has 4"},
      {RECTILINEAR("[[], 6]"), false, ZARRC_INVALID_METADATA, "no sizes"},
      {RECTILINEAR("[[[2, 0]], 6]"), false, ZARRC_INVALID_METADATA, "a count"},
      {RECTILINEAR("[[[2, 2, 2]], 6]"), false, ZARRC_INVALID_METADATA, "[size, count]"},
      {RECTILINEAR("[[[[2], 2]], 6]"), false, ZARRC_INVALID_METADATA, "an array"},
      {RECTILINEAR("[[true, 3], 6]"), false, ZARRC_INVALID_METADATA, "a boolean"},
      {RECTILINEAR("[4]"), false, ZARRC_INVALID_METADATA, "has 1 axes"},
      {RECTILINEAR("4"), false, ZARRC_INVALID_METADATA, "must be a list"},
      {RECTILINEAR("[[[9223372036854775807, 2]], 6]"), false, ZARRC_INVALID_METADATA, "more than 2^63-1"},
      {RECTILINEAR("[[[1, 9223372036854775807]], 6]"), false, ZARRC_LIMIT, "more than 524288"},
      {RECTILINEAR("[[[1, 300000]], [[1, 300000]]]"), false, ZARRC_LIMIT, "more than 524288"},
      {"{\"name\": \"rectilinear\", \"configuration\": {\"chunk_shapes\": [2, 3]}}", false, ZARRC_INVALID_METADATA,
       "/kind: is missing"},
      {"{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"zzz\", \"chunk_shapes\": [2, 3]}}", false,
       ZARRC_UNSUPPORTED, "\"zzz\""},
      {"{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\"}}", false, ZARRC_INVALID_METADATA,
       "chunk_shapes: is missing"},
  };
  static const int64_t shape[] = {4, 6};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_grid grid;
    zarrc_error error = {0};
    zarrc_status status = parse(ctx, rows[i].json, 2, shape, rows[i].strict, &grid, &error);
    if (status != rows[i].status) fail_msg("%s: %s", rows[i].json, error.message);
    if (status) {
      if (!strstr(error.message, rows[i].expected)) fail_msg("%s: %s", rows[i].json, error.message);
      continue;
    }
    check_json(&grid, rows[i].expected);
    zarrc_grid_clear(ctx, &grid);
  }
  print_message("%zu grids\n", sizeof rows / sizeof *rows);
}

/* Every chunk against the definition: chunks lie side by side, each element is in one. */
static void check_arithmetic(const zarrc_grid *grid, int axis, int64_t length) {
  int64_t n = zarrc_grid_nchunks(grid, axis, length), x = 0;
  assert_true(n >= 0);
  for (int64_t c = 0; c < n; c++) {
    int64_t edge = zarrc_grid_edge(grid, axis, c);
    assert_int_equal(zarrc_grid_first(grid, axis, c), x);
    assert_true(x < length && edge >= 1);
    for (int64_t k = 0; k < edge && x + k < length; k++) assert_int_equal(zarrc_grid_find(grid, axis, x + k), c);
    x += edge;
  }
  assert_true(x >= length);
}

static void test_arithmetic(void **state) {
  static const char *const grids[] = {REGULAR("[1]"),
                                      REGULAR("[3]"),
                                      REGULAR("[100]"),
                                      RECTILINEAR("[4]"),
                                      RECTILINEAR("[[3, 1, 1, 20, [2, 5], 1, 40]]"),
                                      RECTILINEAR("[[100]]")};
  (void)state;
  for (size_t i = 0; i < sizeof grids / sizeof *grids; i++) {
    for (int64_t length = 0; length <= 40; length++) {
      zarrc_grid grid;
      assert_int_equal(parse(ctx, grids[i], 1, &length, true, &grid, NULL), ZARRC_OK);
      check_arithmetic(&grid, 0, length);
      if (length == 0) assert_int_equal(zarrc_grid_nchunks(&grid, 0, 0), 0);
      zarrc_grid_clear(ctx, &grid);
    }
  }
}

static void test_extremes(void **state) {
  zarrc_grid grid = {.ndim = 1, .chunk_shape = {INT64_MAX}};
  (void)state;
  assert_int_equal(zarrc_grid_nchunks(&grid, 0, INT64_MAX), 1);
  assert_int_equal(zarrc_grid_find(&grid, 0, INT64_MAX - 1), 0);
  assert_int_equal(zarrc_grid_first(&grid, 0, 2), INT64_MAX);
  grid.chunk_shape[0] = 1;
  assert_int_equal(zarrc_grid_nchunks(&grid, 0, INT64_MAX), INT64_MAX);
  assert_int_equal(zarrc_grid_first(&grid, 0, INT64_MAX), INT64_MAX);
}

static void test_shapes(void **state) {
  static const int64_t shape[] = {4, 6};
  zarrc_grid grid;
  int64_t n[2], edges[2];
  (void)state;
  assert_int_equal(parse(ctx, RECTILINEAR("[3, [1, 5, 7]]"), 2, shape, true, &grid, NULL), ZARRC_OK);
  zarrc_grid_shape(&grid, shape, n);
  assert_int_equal(n[0], 2);
  assert_int_equal(n[1], 2);
  zarrc_grid_chunk_shape(&grid, (const int64_t[]){1, 1}, edges);
  assert_int_equal(edges[0], 3);
  assert_int_equal(edges[1], 5);
  zarrc_grid_clear(ctx, &grid);
}

static void test_resize(void **state) {
  static const int64_t shape[] = {4, 6}, grown[] = {9, 10}, shrunk[] = {1, 0};
  zarrc_grid grid, other, third;
  (void)state;
  assert_int_equal(parse(ctx, RECTILINEAR("[2, [4, 3]]"), 2, shape, true, &grid, NULL), ZARRC_OK);
  assert_int_equal(zarrc_grid_resize(ctx, &grid, grown, &other, NULL), ZARRC_OK);
  check_json(&other, RECTILINEAR("[2, [4, [3, 2]]]"));
  check_arithmetic(&other, 0, grown[0]);
  check_arithmetic(&other, 1, grown[1]);
  assert_true(zarrc_grid_agree(&grid, &other));
  assert_true(zarrc_grid_agree(&other, &grid));
  assert_int_equal(zarrc_grid_resize(ctx, &other, shrunk, &third, NULL), ZARRC_OK);
  check_json(&third, RECTILINEAR("[2, [4, [3, 2]]]"));
  zarrc_grid_clear(ctx, &third);
  zarrc_grid_clear(ctx, &other);
  assert_int_equal(parse(ctx, RECTILINEAR("[2, [4, 4]]"), 2, shape, true, &other, NULL), ZARRC_OK);
  assert_false(zarrc_grid_agree(&grid, &other));
  zarrc_grid_clear(ctx, &other);
  assert_int_equal(parse(ctx, RECTILINEAR("[2, 4]"), 2, shape, true, &other, NULL), ZARRC_OK);
  assert_false(zarrc_grid_agree(&grid, &other));
  zarrc_grid_clear(ctx, &other);
  zarrc_grid_clear(ctx, &grid);
  assert_int_equal(parse(ctx, REGULAR("[2, 3]"), 2, shape, true, &grid, NULL), ZARRC_OK);
  assert_int_equal(zarrc_grid_resize(ctx, &grid, grown, &other, NULL), ZARRC_OK);
  assert_true(zarrc_grid_agree(&grid, &other));
  other.chunk_shape[1] = 4;
  assert_false(zarrc_grid_agree(&grid, &other));
}

static zarrc_status parse_and_grow(const zarrc_ctx_options *options, void *arg) {
  static const int64_t shape[] = {4, 6}, grown[] = {9, 10};
  zarrc_ctx *own = NULL;
  zarrc_grid grid = {0}, other = {0};
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = parse(own, RECTILINEAR("[2, [4, 3]]"), 2, shape, true, &grid, NULL);
  if (!status) status = zarrc_grid_resize(own, &grid, grown, &other, NULL);
  zarrc_grid_clear(own, &grid);
  zarrc_grid_clear(own, &other);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, parse_and_grow, NULL) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parse),  cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_extremes),
      cmocka_unit_test(test_shapes), cmocka_unit_test(test_resize),     cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
