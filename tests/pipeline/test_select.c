/* SPDX-License-Identifier: MIT */
/* Selections of one chunk against a plain model: the elements picked out of a decoded chunk one by one. What is read
 * and decoded for them is counted in test_select_lists.c and test_select_points.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"

#include <stdlib.h>
#include <string.h>

#define SHARD(shape, codecs)                                                                                           \
  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": " codecs "}}]"
#define LITTLE "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

static const char *const chains[] = {
    "[" LITTLE "]",
    "[" LITTLE ", \"crc32c\"]",
    "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, " LITTLE "]",
    SHARD("[4, 3]", "[" LITTLE "]"),
    SHARD("[4, 6]", SHARD("[2, 3]", "[" LITTLE ", \"crc32c\"]")),
};
enum { NCHAINS = sizeof chains / sizeof *chains, ROWS = 8, COLUMNS = 6, NITEMS = ROWS * COLUMNS, MOST = 40 };

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

static uint32_t seed = 1;

static uint32_t draw(uint32_t n) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % n;
}

/* A selection, and what it means: element i of the result is element from[i] of the chunk; -1: none is put there. */
typedef struct drawn {
  zarrc_selection selection;
  int64_t lists[2][MOST];
  uint32_t at[2][MOST];
  uint8_t flags[NITEMS];
  zarrc_view mask;
  int ndim;
  int64_t shape[2];
  int from[MOST * MOST];
} drawn;

/* What one axis takes: index[i] goes to place i (-1: nothing does); returns how many places there are. */
static int draw_pick(drawn *d, int axis, int length, int *index) {
  zarrc_pick *pick = &d->selection.pick[axis];
  int n = 0, most = (int)draw(12);
  switch (draw(5)) {
  case 0:
    for (; n < length; n++) index[n] = n;
    return n;
  case 1:
    *pick = zarrc_pick_slice(draw(4), length - draw(3), 1 + draw(3));
    for (int64_t i = pick->start; i < pick->stop; i += pick->step) index[n++] = (int)i;
    return n;
  case 2:
    index[0] = (int)draw(length);
    *pick = zarrc_pick_index(index[0] - (int64_t)draw(2) * length);
    return 1;
  case 3:
    for (int i = 0; i < length; i++) {
      d->flags[axis * ROWS + i] = (uint8_t)draw(2);
      if (d->flags[axis * ROWS + i]) index[n++] = i;
    }
    *pick = zarrc_pick_mask(d->flags + axis * ROWS, length);
    return n;
  default: {
    int64_t origin = draw(2) ? (int64_t)draw(100) : 0;
    bool sorted = draw(2), placed = draw(2) && most > 0;
    for (int i = 0; i < most; i++) {
      d->lists[axis][i] = sorted && i ? d->lists[axis][i - 1] + draw(2) : (int64_t)draw(length);
      if (d->lists[axis][i] >= length) d->lists[axis][i] = length - 1;
      d->at[axis][i] = (uint32_t)i;
    }
    for (int i = 0; placed && i < most; i++) { /* somewhere else, each somewhere of its own */
      uint32_t k = draw(most), other = d->at[axis][k];
      d->at[axis][k] = d->at[axis][i];
      d->at[axis][i] = other;
    }
    n = most;
    for (int i = 0; placed && i < most; i++) d->at[axis][i] += 1;
    n += placed;
    for (int i = 0; i < n; i++) index[i] = -1;
    for (int i = 0; i < most; i++) index[placed ? d->at[axis][i] : (uint32_t)i] = (int)d->lists[axis][i];
    for (int i = 0; i < most; i++) d->lists[axis][i] += origin - (sorted ? 0 : (int64_t)draw(2) * length);
    *pick = zarrc_pick_list(d->lists[axis], most);
    pick->start = origin;
    if (placed) pick->at = d->at[axis];
    return n;
  }
  }
}

static void draw_axes(drawn *d) {
  int index[2][MOST], n[2] = {draw_pick(d, 0, ROWS, index[0]), draw_pick(d, 1, COLUMNS, index[1])};
  for (int k = 0; k < 2; k++)
    if (d->selection.pick[k].kind != ZARRC_PICK_INDEX) d->shape[d->ndim++] = n[k];
  for (int i = 0; i < n[0] * n[1]; i++) {
    int row = index[0][i / n[1]], column = index[1][i % n[1]];
    d->from[i] = row < 0 || column < 0 ? -1 : row * COLUMNS + column;
  }
}

static void draw_points(drawn *d) {
  bool placed = draw(2);
  d->selection.kind = ZARRC_SELECT_POINTS;
  d->selection.npoints = draw(MOST - 1);
  d->ndim = 1;
  d->shape[0] = (int64_t)d->selection.npoints + (placed && d->selection.npoints);
  if (placed && d->selection.npoints) d->from[0] = -1;
  for (size_t i = 0; i < d->selection.npoints; i++) {
    size_t place = placed ? d->selection.npoints - i : i;
    d->lists[0][i] = draw(ROWS);
    d->lists[1][i] = draw(COLUMNS);
    d->at[0][i] = (uint32_t)place;
    d->from[place] = (int)(d->lists[0][i] * COLUMNS + d->lists[1][i]);
    if (draw(3) == 0) d->lists[0][i] -= ROWS;
  }
  d->selection.coordinate[0] = d->lists[0];
  d->selection.coordinate[1] = d->lists[1];
  if (placed) d->selection.at = d->at[0];
}

static void draw_mask(drawn *d) {
  d->selection.kind = ZARRC_SELECT_MASK;
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_BOOL);
  d->mask = zarrc_view_c(&dtype, 2, (int64_t[]){ROWS, COLUMNS}, d->flags);
  d->selection.mask = &d->mask;
  d->ndim = 1;
  for (int i = 0; i < NITEMS; i++) {
    d->flags[i] = draw(3) == 0;
    if (d->flags[i]) d->from[d->shape[0]++] = i;
  }
}

static drawn *draw_selection(void) {
  drawn *d = calloc(1, sizeof *d);
  switch (draw(4)) {
  case 0:
    draw_points(d);
    break;
  case 1:
    draw_mask(d);
    break;
  default:
    draw_axes(d);
  }
  return d;
}

static zarrc_pipeline *pipeline_of(int chain, zarrc_spec *spec) {
  static const uint16_t fill = 7;
  *spec = chunk_spec(ZARRC_UINT16, 2, (int64_t[]){ROWS, COLUMNS});
  spec->fill = &fill;
  return chunk_pipeline(ctx, chains[chain], spec);
}

static void selections_are_read(void **state) {
  (void)state;
  for (int i = 0; i < 400; i++) {
    zarrc_spec spec;
    zarrc_pipeline *p = pipeline_of(i % NCHAINS, &spec);
    drawn *d = draw_selection();
    uint16_t *numbers = chunk_numbers(&spec), *out = malloc(sizeof d->from);
    size_t nbytes;
    uint8_t *value = chunk_encode(ctx, p, numbers, &nbytes);
    bool there = i % 7, missing = there;
    int64_t shape[ZARRC_MAX_NDIM];
    int ndim;
    zarrc_memory_blob blob;
    zarrc_view to = zarrc_view_c(&spec.dtype, d->ndim, d->shape, out);
    zarrc_error error = {0};
    zarrc_memory_blob_init(&blob, ctx, there ? value : NULL, there ? nbytes : 0);
    memset(out, 0xee, sizeof d->from);
    assert_int_equal(zarrc_selection_shape(&d->selection, 2, spec.shape, &ndim, shape, NULL), ZARRC_OK);
    assert_int_equal(ndim, d->ndim);
    for (int k = 0; k < ndim; k++) assert_int_equal(shape[k], d->shape[k]);
    if (zarrc_read_selection(p, &blob.blob, &d->selection, &to, &missing, &error)) fail_msg("%d: %s", i, error.message);
    for (int k = 0; k < zarrc_view_nitems(&to); k++) {
      uint16_t expected = d->from[k] < 0 ? 0xeeee : there ? numbers[d->from[k]] : 7;
      if (out[k] != expected) fail_msg("%d: element %d is %d, not %d", i, k, out[k], expected);
    }
    if (there) assert_false(missing);
    zarrc_memory_blob_clear(&blob);
    free(value);
    free(numbers);
    free(out);
    free(d);
    zarrc_pipeline_close(p);
  }
}

static void selections_are_written(void **state) {
  (void)state;
  for (int i = 0; i < 400; i++) {
    zarrc_spec spec;
    zarrc_pipeline *p = pipeline_of(i % NCHAINS, &spec);
    drawn *d = draw_selection();
    uint16_t *numbers = chunk_numbers(&spec), *from = malloc(sizeof d->from), out[NITEMS];
    size_t nbytes;
    uint8_t *value = chunk_encode(ctx, p, numbers, &nbytes);
    bool fresh = i % 5 == 0, one = i % 3 == 0;
    zarrc_memory_blob blob;
    zarrc_view view = zarrc_view_c(&spec.dtype, one ? 0 : d->ndim, d->shape, from);
    zarrc_view all = zarrc_view_c(&spec.dtype, 2, spec.shape, out);
    int64_t nitems = 1;
    zarrc_error error = {0};
    for (int k = 0; k < d->ndim; k++) nitems *= d->shape[k];
    for (int k = 0; k < NITEMS && fresh; k++) numbers[k] = 7;
    for (int k = 0; k < MOST * MOST; k++) from[k] = (uint16_t)(1000 + k);
    /* The last value stays: the last in the order of the selection, which for points that are placed is backwards. */
    bool backwards = d->selection.kind == ZARRC_SELECT_POINTS && d->selection.at;
    bool twice = false;
    for (int k = 0; k < nitems; k++) {
      int place = backwards ? (int)nitems - 1 - k : k;
      if (d->from[place] < 0) continue;
      twice |= numbers[d->from[place]] >= 1000;
      numbers[d->from[place]] = one ? 1000 : (uint16_t)(1000 + place);
    }
    bool shuffled = d->selection.kind == ZARRC_SELECT_AXES && (d->selection.pick[0].at || d->selection.pick[1].at);
    zarrc_memory_blob_init(&blob, ctx, value, nbytes);
    if (zarrc_write_selection(p, &blob.blob, &d->selection, &view, fresh, &error)) fail_msg("%d: %s", i, error.message);
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &all, NULL, NULL), ZARRC_OK);
    for (int k = 0; k < NITEMS && !(twice && shuffled && !one) && (nitems || !fresh); k++)
      if (out[k] != numbers[k]) fail_msg("%d: element %d is %d, not %d", i, k, out[k], numbers[k]);
    zarrc_memory_blob_clear(&blob);
    free(value);
    free(numbers);
    free(from);
    free(d);
    zarrc_pipeline_close(p);
  }
}

static void refused(void **state) {
  static const int64_t list[] = {0, 3, 4}, far[] = {0, 8};
  static const uint32_t at[] = {0, 5, 2};
  const zarrc_selection rows[] = {
      {.pick = {zarrc_pick_list(far, 2)}},
      {.pick = {zarrc_pick_list(list, 2)}}, /* the memory is for 3 */
      {.pick = {{.kind = ZARRC_PICK_LIST, .list = list, .n = 3, .at = at}}},
      {.pick = {{.kind = ZARRC_PICK_LIST, .list = list, .n = 3, .start = 20}}},
      {.pick = {{0}, {0}, zarrc_pick_index(0)}},
      {.pick = {zarrc_pick_index(0)}},
      {.kind = ZARRC_SELECT_BLOCKS},
      {.kind = ZARRC_SELECT_MASK},
      {.kind = ZARRC_SELECT_POINTS, .npoints = 3, .coordinate = {list, list}},
      {.kind = (zarrc_selection_kind)9},
  };
  zarrc_spec spec;
  uint16_t out[3][COLUMNS];
  (void)state;
  for (int c = 0; c < NCHAINS; c++) {
    zarrc_pipeline *p = pipeline_of(c, &spec);
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, NULL, 0);
    zarrc_view view = zarrc_view_c(&spec.dtype, 2, (int64_t[]){3, COLUMNS}, out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      zarrc_error error = {0};
      assert_int_equal(zarrc_read_selection(p, &blob.blob, &rows[i], &view, NULL, &error), ZARRC_INVALID_ARGUMENT);
      assert_int_equal(error.code, ZARRC_INVALID_ARGUMENT);
      assert_int_equal(zarrc_write_selection(p, &blob.blob, &rows[i], &view, false, &error), ZARRC_INVALID_ARGUMENT);
    }
    view.dtype = zarrc_dtype_of(ZARRC_INT16);
    const zarrc_selection good = {.pick = {zarrc_pick_list(list, 3)}};
    assert_int_equal(zarrc_read_selection(p, &blob.blob, &good, &view, NULL, NULL), ZARRC_INVALID_ARGUMENT);
    zarrc_memory_blob_clear(&blob);
    zarrc_pipeline_close(p);
  }
}

/* Text of variable length is copied into the arena of the view; an element that is taken twice has text of its own. */
static void text(void **state) {
  static const int64_t list[] = {3, 0, 3, 1};
  const zarrc_selection rows[] = {{.pick = {zarrc_pick_list(list, 4)}},
                                  {.kind = ZARRC_SELECT_POINTS, .npoints = 4, .coordinate = {list}}};
  static const char *const chains_of_text[] = {"[\"vlen-utf8\"]", SHARD("[2]", "[\"vlen-utf8\"]")};
  const zarrc_text texts[4] = {
      {(const uint8_t *)"a", 1}, {NULL, 0}, {(const uint8_t *)"ccc", 3}, {(const uint8_t *)"dd", 2}};
  (void)state;
  for (int i = 0; i < 4; i++) {
    zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_STRING), .ndim = 1, .shape = {4}};
    zarrc_pipeline *p = chunk_pipeline(ctx, chains_of_text[i / 2], &spec);
    size_t nbytes;
    uint8_t *value = chunk_encode(ctx, p, texts, &nbytes);
    zarrc_text out[4];
    zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, out);
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, value, nbytes);
    assert_int_equal(zarrc_read_selection(p, &blob.blob, &rows[i % 2], &view, NULL, NULL), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_arena_open(ctx, &view.arena, NULL), ZARRC_OK);
    assert_int_equal(zarrc_read_selection(p, &blob.blob, &rows[i % 2], &view, NULL, NULL), ZARRC_OK);
    zarrc_memory_blob_clear(&blob);
    free(value);
    assert_true(out[0].len == 2 && memcmp(out[0].ptr, "dd", 2) == 0);
    assert_true(out[1].len == 1 && memcmp(out[1].ptr, "a", 1) == 0);
    assert_true(out[2].len == 2 && memcmp(out[2].ptr, "dd", 2) == 0);
    assert_int_equal(out[3].len, 0);
    zarrc_arena_close(view.arena);
    zarrc_pipeline_close(p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(selections_are_read), cmocka_unit_test(selections_are_written),
                                     cmocka_unit_test(refused), cmocka_unit_test(text)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
