/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/split.h"
#include "support/faulty_alloc.h"

#include <zarrc/array.h>

#include <stdlib.h>
#include <string.h>

enum { MAX_LENGTH = 60, MAX_EDGES = 64 };

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

static uint32_t seed = 20240917;

static int64_t below(int64_t n) {
  seed = seed * 1664525u + 1013904223u;
  return n > 0 ? (int64_t)(seed >> 8) % n : 0;
}

/* A grid of up to three axes, each with edges of its own or without. */
typedef struct random_grid {
  zarrc_grid grid;
  zarrc_grid_axis axes[3];
  int64_t edge[3][MAX_EDGES], first[3][MAX_EDGES], shape[3];
} random_grid;

static void make_grid(random_grid *g, int ndim) {
  memset(g, 0, sizeof *g);
  g->grid.ndim = ndim;
  for (int i = 0; i < ndim; i++) {
    int64_t end = 0, n = 0;
    g->shape[i] = below(ndim == 1 ? MAX_LENGTH : 9);
    g->grid.chunk_shape[i] = 1 + below(7);
    if (below(2)) continue;
    g->grid.kind = ZARRC_RECTILINEAR;
    g->grid.axes = g->axes;
    do {
      g->first[i][n] = end;
      g->edge[i][n] = 1 + below(6);
      end += g->edge[i][n++];
    } while (end < g->shape[i] || (n < MAX_EDGES && below(3) == 0));
    g->axes[i] = (zarrc_grid_axis){n, g->edge[i], g->first[i]};
  }
}

static zarrc_region make_region(const random_grid *g) {
  zarrc_region r = {0};
  for (int i = 0; i < g->grid.ndim; i++) {
    r.step[i] = 1 + (below(2) ? below(4) : below(20));
    r.start[i] = below(g->shape[i]);
    int64_t most = g->shape[i] ? (g->shape[i] - 1 - r.start[i]) / r.step[i] + 1 : 0;
    r.count[i] = below(2) ? most : below(most + 1);
    if (below(4) == 0 && g->shape[i]) r.start[i] = 0, r.step[i] = 1, r.count[i] = g->shape[i];
  }
  return r;
}

/* Lists of ascending indices, some of them more than once, on some axes. */
typedef struct random_lists {
  zarrc_list lists[3];
  int64_t index[3][12];
} random_lists;

static void make_lists(random_lists *l, const random_grid *g, zarrc_region *r) {
  memset(l, 0, sizeof *l);
  for (int i = 0; i < g->grid.ndim; i++) {
    if (g->shape[i] == 0 || below(2)) continue;
    int64_t n = below(12), at = below(g->shape[i]);
    l->lists[i] = (zarrc_list){.index = l->index[i], .n = (uint32_t)n};
    r->start[i] = r->step[i] = -77;
    r->count[i] = n;
    for (int64_t k = 0; k < n; k++) {
      l->index[i][k] = at;
      if (at + 1 < g->shape[i]) at += below(g->shape[i] - at);
    }
  }
}

/* Marks every element that the parts cover, and checks each part against the definition. */
static void check_split(const random_grid *g, const zarrc_region *r, const zarrc_list *lists) {
  zarrc_split s;
  int ndim = g->grid.ndim;
  int64_t total = 1, covered = 0;
  for (int i = 0; i < ndim; i++) total *= r->count[i];
  assert_int_equal(zarrc_split_open(ctx, &g->grid, g->shape, r, lists, &s, NULL), ZARRC_OK);
  uint8_t *seen = calloc((size_t)total + 1, 1);
  assert_non_null(seen);
  if (total == 0) assert_int_equal(s.nchunks, 0);
  for (size_t c = 0; c < s.nchunks; c++) {
    zarrc_chunk_part one;
    bool complete = true;
    int64_t n = 1, index[3] = {0};
    zarrc_split_at(&s, c, &one);
    for (int i = 0; i < ndim; i++) {
      int64_t first = zarrc_grid_first(&g->grid, i, one.chunk[i]), edge = zarrc_grid_edge(&g->grid, i, one.chunk[i]);
      int64_t inside = g->shape[i] - first < edge ? g->shape[i] - first : edge;
      int64_t last = one.part.start[i] + (one.part.count[i] - 1) * one.part.step[i];
      assert_true(one.part.count[i] >= 1 && one.view.count[i] >= 1 && one.view.step[i] == 1);
      assert_true(one.part.start[i] >= 0 && last < inside);
      if (lists && lists[i].index) {
        const int64_t *taken = lists[i].index + one.view.start[i];
        assert_int_equal(one.part.step[i], 1);
        assert_int_equal(first + one.part.start[i], taken[0]);
        assert_int_equal(first + last, taken[one.view.count[i] - 1]);
        complete = false;
      } else {
        assert_int_equal(one.part.count[i], one.view.count[i]);
        for (int64_t k = 0; k < one.part.count[i]; k++)
          assert_int_equal(first + one.part.start[i] + k * one.part.step[i],
                           r->start[i] + (one.view.start[i] + k) * r->step[i]);
        if (one.part.count[i] != inside) complete = false;
        if (one.part.count[i] == 1) assert_int_equal(one.part.step[i], 1);
      }
      n *= one.view.count[i];
    }
    assert_int_equal(one.complete, complete);
    for (int64_t k = 0; k < n; k++) {
      int64_t at = 0;
      for (int i = 0; i < ndim; i++) at = at * r->count[i] + one.view.start[i] + index[i];
      assert_int_equal(seen[at], 0);
      seen[at] = 1;
      covered++;
      for (int i = ndim - 1; i >= 0 && ++index[i] == one.view.count[i]; i--) index[i] = 0;
    }
  }
  assert_int_equal(covered, total);
  free(seen);
  zarrc_split_close(&s);
}

static void test_random(void **state) {
  random_grid g;
  random_lists l;
  (void)state;
  print_message("seed %u\n", seed);
  for (int i = 0; i < 6000; i++) {
    make_grid(&g, (int)below(4));
    zarrc_region r = make_region(&g);
    check_split(&g, &r, NULL);
    make_lists(&l, &g, &r);
    check_split(&g, &r, l.lists);
  }
}

static zarrc_region line(int64_t start, int64_t count, int64_t step) {
  return (zarrc_region){.start = {start}, .count = {count}, .step = {step}};
}

/* Steps that skip chunks: no chunk without a selected element is visited, however many there are. */
static void test_skipping(void **state) {
  zarrc_grid grid = {.ndim = 1, .chunk_shape = {10}};
  int64_t shape[] = {INT64_MAX};
  zarrc_region r = line(5, 3, (int64_t)1 << 61);
  zarrc_split s;
  zarrc_chunk_part one;
  (void)state;
  assert_int_equal(zarrc_split_open(ctx, &grid, shape, &r, NULL, &s, NULL), ZARRC_OK);
  assert_int_equal(s.nchunks, 3);
  zarrc_split_at(&s, 2, &one);
  assert_int_equal(one.chunk[0], (5 + ((int64_t)1 << 62)) / 10);
  assert_int_equal(one.part.start[0], (5 + ((int64_t)1 << 62)) % 10);
  assert_int_equal(one.view.start[0], 2);
  assert_false(one.complete);
  zarrc_split_close(&s);
}

/* The last chunk of the longest axis there is: nothing wraps round. */
static void test_end_of_numbers(void **state) {
  zarrc_grid grid = {.ndim = 1, .chunk_shape = {(int64_t)1 << 62}};
  int64_t shape[] = {INT64_MAX};
  zarrc_region r = line(0, INT64_MAX, 1);
  zarrc_split s;
  zarrc_chunk_part one;
  (void)state;
  assert_int_equal(zarrc_split_open(ctx, &grid, shape, &r, NULL, &s, NULL), ZARRC_OK);
  assert_int_equal(s.nchunks, 2);
  zarrc_split_at(&s, 1, &one);
  assert_int_equal(one.part.count[0], INT64_MAX - ((int64_t)1 << 62));
  assert_true(one.complete);
  zarrc_split_close(&s);
}

static void test_too_many(void **state) {
  zarrc_grid grid = {.ndim = 3, .chunk_shape = {1, 1, 1}};
  int64_t shape[] = {(int64_t)1 << 31, (int64_t)1 << 31, (int64_t)1 << 31};
  zarrc_region r = zarrc_region_all(3, shape);
  zarrc_split s;
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_split_open(ctx, &grid, shape, &r, NULL, &s, &error), ZARRC_LIMIT);
  r.count[1] = 0;
  assert_int_equal(zarrc_split_open(ctx, &grid, shape, &r, NULL, &s, &error), ZARRC_OK);
  assert_int_equal(s.nchunks, 0);
  zarrc_split_close(&s);
}

static void test_rank_0(void **state) {
  zarrc_grid grid = {0};
  zarrc_region r = {0};
  zarrc_split s;
  zarrc_chunk_part one;
  (void)state;
  assert_int_equal(zarrc_split_open(ctx, &grid, NULL, &r, NULL, &s, NULL), ZARRC_OK);
  assert_int_equal(s.nchunks, 1);
  zarrc_split_at(&s, 0, &one);
  assert_true(one.complete);
  zarrc_split_close(&s);
}

static zarrc_status open_listed(const zarrc_ctx_options *options, void *arg) {
  static const int64_t edge[] = {2, 2, 9, 1}, first[] = {0, 2, 4, 13}, shape[] = {14, 14};
  static const zarrc_grid_axis axes[] = {{4, edge, first}, {4, edge, first}};
  zarrc_grid grid = {.kind = ZARRC_RECTILINEAR, .ndim = 2, .axes = axes};
  zarrc_region r = {.start = {0, 1}, .count = {3, 4}, .step = {5, 4}};
  zarrc_ctx *own;
  zarrc_split s;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  static const int64_t index[] = {1, 1, 5, 13};
  zarrc_list lists[2] = {{.index = index, .n = 4}};
  status = zarrc_split_open(own, &grid, shape, &r, NULL, &s, NULL);
  if (!status) {
    assert_int_equal(s.nchunks, 2 * 3);
    zarrc_split_close(&s);
    r.count[0] = 4;
    status = zarrc_split_open(own, &grid, shape, &r, lists, &s, NULL);
  }
  if (!status) {
    assert_int_equal(s.nchunks, 3 * 3);
    zarrc_split_close(&s);
  }
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, open_listed, NULL) >= 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),   cmocka_unit_test(test_skipping), cmocka_unit_test(test_end_of_numbers),
      cmocka_unit_test(test_too_many), cmocka_unit_test(test_rank_0),   cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
