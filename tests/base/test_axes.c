/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/selection.h"
#include "support/faulty_alloc.h"

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

static const int64_t shape[] = {20};

/* What steps evenly becomes a line, whatever it was asked for as. */
static void lines(void **state) {
  static const int64_t even[] = {2, 5, 8, -9}, down[] = {8, 5, 2}, twice[] = {4, 4}, same[] = {7}, odd[] = {1, 2, 4};
  static const uint8_t all[20] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  static const uint8_t none[20], thirds[20] = {0, 1, 0, 0, 1, 0, 0, 1}, some[20] = {1, 1, 0, 1};
  const struct {
    zarrc_pick pick;
    int64_t start, count, step; /* step 0: a list */
  } rows[] = {
      {{0}, 0, 20, 1},
      {zarrc_pick_slice(3, INT64_MAX, 4), 3, 5, 4},
      {zarrc_pick_slice(-3, -1, 1), 17, 2, 1},
      {zarrc_pick_slice(0, 20, INT64_MAX), 0, 1, 1},
      {zarrc_pick_slice(20, 30, 1), 0, 0, 1},
      {zarrc_pick_slice(INT64_MIN, INT64_MAX, 1), 0, 20, 1},
      {zarrc_pick_slice(INT64_MAX, INT64_MIN, 1), 0, 0, 1},
      {zarrc_pick_index(-20), 0, 1, 1},
      {zarrc_pick_list(NULL, 0), 0, 0, 1},
      {zarrc_pick_list(even, 4), 2, 4, 3},
      {zarrc_pick_list(same, 1), 7, 1, 1},
      {zarrc_pick_list(down, 3), 0, 3, 0},
      {zarrc_pick_list(twice, 2), 0, 2, 0},
      {zarrc_pick_list(odd, 3), 0, 3, 0},
      {zarrc_pick_mask(all, 20), 0, 20, 1},
      {zarrc_pick_mask(none, 20), 0, 0, 1},
      {zarrc_pick_mask(thirds, 20), 1, 3, 3},
      {zarrc_pick_mask(some, 20), 0, 3, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_selection selection = {.pick = {rows[i].pick}};
    zarrc_axes axes;
    assert_int_equal(zarrc_axes_open(ctx, &selection, 1, shape, &axes, NULL), ZARRC_OK);
    assert_int_equal(axes.region.count[0], rows[i].count);
    assert_int_equal(axes.dropped[0], rows[i].pick.kind == ZARRC_PICK_INDEX);
    assert_int_equal(axes.any_listed, rows[i].step == 0);
    assert_int_equal(axes.listed[0], axes.any_listed);
    if (rows[i].step) {
      assert_int_equal(axes.region.start[0], rows[i].start);
      assert_int_equal(axes.region.step[0], rows[i].step);
      assert_int_equal(zarrc_region_check(&axes.region, 1, shape, NULL), ZARRC_OK);
    }
    zarrc_axes_close(&axes);
    zarrc_axes_close(&axes);
  }
}

static void lists(void **state) {
  static const int64_t odd[] = {8, 5, -1, 5, 0}, ascending[] = {0, 3, 3, 19};
  static const uint8_t some[20] = {1, 7, 0, 1};
  const struct {
    zarrc_pick pick;
    uint32_t n;
    int64_t index[5];
    uint32_t at[5];
    bool has_at;
  } rows[] = {
      {zarrc_pick_list(odd, 5), 5, {0, 5, 5, 8, 19}, {4, 1, 3, 0, 2}, true},
      {zarrc_pick_list(ascending, 4), 4, {0, 3, 3, 19}, {0}, false},
      {zarrc_pick_mask(some, 20), 3, {0, 1, 3}, {0}, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_selection selection = {.pick = {rows[i].pick}};
    zarrc_axes axes;
    assert_int_equal(zarrc_axes_open(ctx, &selection, 1, shape, &axes, NULL), ZARRC_OK);
    assert_int_equal(zarrc_axes_list(&axes, false, NULL), ZARRC_OK);
    assert_int_equal(axes.lists[0].n, rows[i].n);
    assert_memory_equal(axes.lists[0].index, rows[i].index, rows[i].n * sizeof(int64_t));
    assert_int_equal(axes.lists[0].at != NULL, rows[i].has_at);
    if (rows[i].has_at) assert_memory_equal(axes.lists[0].at, rows[i].at, rows[i].n * sizeof(uint32_t));
    zarrc_axes_close(&axes);
  }
}

/* Lists that are moved, and lists that say where their elements go. */
static void moved_lists(void **state) {
  static const int64_t ascending[] = {101, 104, 104, 119}, odd[] = {108, 105, 119, 99};
  static const uint32_t at[] = {7, 0, 3, 9};
  (void)state;
  for (int k = 0; k < 4; k++) {
    bool sorted = k & 1, moved = k & 2;
    zarrc_selection selection = {.pick = {zarrc_pick_list(sorted ? ascending : odd, 4)}};
    static const int64_t expected[2][4] = {{5, 8, 19, 19}, {1, 4, 4, 19}};
    static const uint32_t expected_at[2][4] = {{0, 7, 3, 9}, {7, 0, 3, 9}};
    zarrc_axes axes;
    selection.pick[0].start = 100;
    selection.pick[0].at = at;
    assert_int_equal(zarrc_axes_open(ctx, &selection, 1, shape, &axes, NULL), ZARRC_OK);
    assert_int_equal(axes.room[0], 10);
    assert_int_equal(zarrc_axes_list(&axes, moved, NULL), ZARRC_OK);
    const zarrc_list *list = &axes.lists[0];
    assert_int_equal(list->n, 4);
    assert_int_equal(list->origin, sorted && moved ? 100 : 0);
    for (int i = 0; i < 4; i++) {
      assert_int_equal(list->index[i] - list->origin, expected[sorted][i]);
      assert_int_equal(list->at[i], expected_at[sorted][i]);
    }
    zarrc_axes_close(&axes);
  }
  static const int64_t far[] = {INT64_MIN};
  zarrc_selection selection = {.pick = {zarrc_pick_list(far, 1)}};
  zarrc_axes axes;
  selection.pick[0].start = 1;
  assert_int_equal(zarrc_axes_open(ctx, &selection, 1, shape, &axes, NULL), ZARRC_INVALID_ARGUMENT);
}

static zarrc_status list_unordered(const zarrc_ctx_options *options, void *arg) {
  static const int64_t odd[] = {8, 5, -1};
  zarrc_selection selection = {.pick = {zarrc_pick_list(odd, 3)}};
  zarrc_ctx *own;
  zarrc_axes axes = {0};
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = zarrc_axes_open(own, &selection, 1, shape, &axes, NULL);
  if (!status) status = zarrc_axes_list(&axes, false, NULL);
  zarrc_axes_close(&axes);
  zarrc_ctx_close(own);
  return status;
}

static void no_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, list_unordered, NULL) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(lists), cmocka_unit_test(moved_lists),
                                     cmocka_unit_test(no_memory)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
