/* SPDX-License-Identifier: MIT */
/*
 * Arrays and selections of every kind drawn at random: what is written and read through them is compared with a plain
 * list of numbers in memory. The seed is printed; ZARRC_SEED and ZARRC_DRAWS in the environment set another seed and
 * number of draws.
 */
#include "support/needs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/zarrc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NDRAWS = 1000, MAX_RANK = 4, MAX_TAKEN = 12, MAX_ITEMS = 4096 };

static uint64_t state = 1;

static int64_t below(int64_t n) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (int64_t)((state * 0x2545F4914F6CDD1Du >> 11) % (uint64_t)n);
}

static bool chance(int percent) {
  return below(100) < percent;
}

/* -------------------------------------------------------------------------------------------------------- arrays */

typedef struct text {
  char s[8192];
  size_t n;
} text;

static void put(text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  t->n += (size_t)vsnprintf(t->s + t->n, sizeof t->s - t->n, format, args);
  va_end(args);
  assert_true(t->n < sizeof t->s);
}

/* turned: the axes in reverse order, as they are behind a transpose. */
static void put_shape(text *t, int ndim, const int64_t *shape, bool turned) {
  put(t, "[");
  for (int i = 0; i < ndim; i++) put(t, i ? ", %d" : "%d", (int)shape[turned ? ndim - 1 - i : i]);
  put(t, "]");
}

static void put_turn(text *t, int ndim) {
  put(t, "{\"name\": \"transpose\", \"configuration\": {\"order\": [");
  for (int i = 0; i < ndim; i++) put(t, i ? ", %d" : "%d", ndim - 1 - i);
  put(t, "]}}, ");
}

typedef struct model {
  bool texts;
  int ndim;
  int64_t shape[MAX_RANK], inner[MAX_RANK], middle[MAX_RANK];
  int nitems;
  int32_t numbers[MAX_ITEMS]; /* 0 is the fill value */
} model;

static void begin_shard(text *t, const model *m, const int64_t *shape, bool turned) {
  put(t, "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": ");
  put_shape(t, m->ndim, shape, turned);
  put(t, ", \"codecs\": [");
}

static void put_plain(text *t, const model *m) {
  static const char *const compressors[] = {"", "", ", {\"name\": \"zstd\"}", ", {\"name\": \"crc32c\"}"};
  if (m->texts)
    put(t, "{\"name\": \"vlen-utf8\"}%s", compressors[below(4)]);
  else
    put(t, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"%s\"}}%s", chance(50) ? "little" : "big",
        compressors[below(4)]);
}

/* Plain, or one or two shards, with a transpose in front of something, and something behind the shard. */
static void put_chain(text *t, const model *m) {
  int nshards = (int)below(3), turn = m->ndim ? (int)below(2 * nshards + 3) : 9;
  bool turned = false;
  put(t, "[");
  for (int i = 0; i <= nshards; i++) {
    if (turn == i) put_turn(t, m->ndim);
    if (turn == i) turned = true;
    if (i < nshards) begin_shard(t, m, nshards == 2 && i == 0 ? m->middle : m->inner, turned);
  }
  put_plain(t, m);
  for (int i = 0; i < nshards; i++) put(t, "]}}%s", chance(15) ? ", {\"name\": \"crc32c\"}" : "");
  put(t, "]");
}

static void put_grid(text *t, const model *m) {
  bool listed = chance(40);
  put(t, "{\"name\": \"%s\", \"configuration\": {%s", listed ? "rectilinear" : "regular",
      listed ? "\"kind\": \"inline\", \"chunk_shapes\": [" : "\"chunk_shape\": [");
  for (int i = 0; i < m->ndim; i++) {
    put(t, i ? ", " : "");
    if (!listed || chance(30)) {
      put(t, "%d", (int)(m->middle[i] * (1 + below(3))));
      continue;
    }
    put(t, "[");
    for (int64_t end = 0, edge; end < m->shape[i] || end == 0; end += edge) {
      edge = m->middle[i] * (1 + below(3));
      put(t, end ? ", %d" : "%d", (int)edge);
    }
    put(t, "]");
  }
  put(t, "]}}");
}

static zarrc_array *array_draw(zarrc_store *store, model *m, const char *what) {
  static text json;
  zarrc_array_options options = {.missing_is_error = false};
  zarrc_array *array;
  zarrc_error error = {0};
  memset(m, 0, sizeof *m);
  json.n = 0;
  m->texts = chance(25);
  m->ndim = (int)below(MAX_RANK + 1);
  m->nitems = 1;
  for (int i = 0; i < m->ndim; i++) {
    m->shape[i] = chance(3) ? 0 : 1 + below(m->ndim > 2 ? 7 : m->ndim == 2 ? 20 : 60);
    m->inner[i] = 1 + below(3);
    m->middle[i] = m->inner[i] * (1 + below(2));
    m->nitems *= (int)m->shape[i];
  }
  put(&json, "{\"zarr_format\": 3, \"node_type\": \"array\", \"data_type\": \"%s\", \"shape\": ",
      m->texts ? "string" : "int32");
  put_shape(&json, m->ndim, m->shape, false);
  put(&json, ", \"chunk_grid\": ");
  put_grid(&json, m);
  put(&json,
      ", \"chunk_key_encoding\": {\"name\": \"default\"}, \"fill_value\": %s, \"codecs\": ", m->texts ? "\"\"" : "0");
  put_chain(&json, m);
  put(&json, "}");
  /* Nothing is far apart in arrays that small, unless told. */
  if (chance(70)) options.chunk.coalesce_gap = 1 + (uint64_t)below(40);
  if (chance(50)) options.chunk.coalesce_max = 1 + (uint64_t)below(200);
  options.chunk.write_empty_chunks = chance(20);
  if (zarrc_array_create_json(store, "a", json.s, json.n, ZARRC_CREATE_OVERWRITE, &options, &array, &error))
    fail_msg("%s: %s: %s", what, error.message, json.s);
  return array;
}

/* ---------------------------------------------------------------------------------------------------- selections */

/* What is drawn, and which elements that is: their numbers in the array, in C order of the result. */
typedef struct drawn {
  zarrc_selection selection;
  int64_t lists[MAX_RANK][MAX_TAKEN * 4];
  uint8_t masks[MAX_RANK][64], mask[MAX_ITEMS];
  zarrc_view mask_view;
  int ndim;
  int64_t shape[MAX_RANK];
  int n;
  int *taken;
} drawn;

static int64_t index_draw(int64_t length) {
  return below(length) - (chance(30) ? length : 0);
}

/* What Python takes of an axis, one after the other. */
static int slice_take(const zarrc_pick *p, int64_t length, int64_t *taken) {
  int n = 0;
  int64_t start = p->start < 0 ? p->start + length : p->start, stop = p->stop < 0 ? p->stop + length : p->stop;
  for (int64_t x = start < 0 ? 0 : start; x < stop && x < length; x += p->step) taken[n++] = x;
  return n;
}

static int pick_draw(drawn *d, int axis, int64_t length, int64_t *taken) {
  zarrc_pick *p = &d->selection.pick[axis];
  int n = 0;
  switch (below(length ? 5 : 2)) {
  case 0:
    for (; n < length; n++) taken[n] = n;
    return n;
  case 1:
    *p = zarrc_pick_slice(below(2 * length + 4) - length - 2,
                          chance(30) ? INT64_MAX : below(2 * length + 4) - length - 2,
                          chance(10) ? INT64_MAX - 3 : 1 + below(5));
    if (p->step > 5) {
      int64_t start = p->start < 0 ? p->start + length : p->start, stop = p->stop < 0 ? p->stop + length : p->stop;
      if (start < 0) start = 0;
      if (start < stop && start < length) taken[n++] = start;
      return n;
    }
    return slice_take(p, length, taken);
  case 2:
    *p = zarrc_pick_index(index_draw(length));
    taken[0] = p->start < 0 ? p->start + length : p->start;
    return -1;
  case 3: {
    int64_t step = chance(25) ? 1 + below(2) : 0, at = below(length);
    n = (int)below(MAX_TAKEN * (chance(10) ? 4 : 1));
    *p = zarrc_pick_list(d->lists[axis], (size_t)n);
    for (int i = 0; i < n; i++) {
      d->lists[axis][i] = step ? (at + i * step) % length : index_draw(length);
      taken[i] = d->lists[axis][i] < 0 ? d->lists[axis][i] + length : d->lists[axis][i];
    }
    return n;
  }
  default: {
    int percent = (int)below(101);
    for (int64_t i = 0; i < length; i++) {
      d->masks[axis][i] = chance(percent) ? 1 + (uint8_t)below(255) : 0;
      if (d->masks[axis][i]) taken[n++] = i;
    }
    *p = zarrc_pick_mask(d->masks[axis], (size_t)length);
    return n;
  }
  }
}

static int blocks_draw(drawn *d, int axis, const zarrc_array *array, int64_t length, int64_t *taken) {
  zarrc_pick *p = &d->selection.pick[axis];
  const zarrc_grid *grid = zarrc_array_grid(array);
  int64_t blocks[64];
  int64_t nblocks = zarrc_grid_nchunks(grid, axis, length);
  int n = 0, k = 0;
  if (chance(30)) {
    *p = zarrc_pick_slice(0, INT64_MAX, 1);
    k = slice_take(p, nblocks, blocks);
    *p = (zarrc_pick){0};
  } else if (nblocks && chance(50)) {
    *p = zarrc_pick_index(index_draw(nblocks));
    blocks[k++] = p->start < 0 ? p->start + nblocks : p->start;
  } else {
    *p = zarrc_pick_slice(below(2 * nblocks + 4) - nblocks - 2, below(2 * nblocks + 4) - nblocks - 2, 1);
    k = slice_take(p, nblocks, blocks);
  }
  for (int i = 0; i < k; i++) {
    int64_t first = zarrc_grid_first(grid, axis, blocks[i]), edge = zarrc_grid_edge(grid, axis, blocks[i]);
    for (int64_t x = first; x < first + edge && x < length; x++) taken[n++] = x;
  }
  return n;
}

static void axes_draw(drawn *d, const zarrc_array *array, const model *m) {
  int64_t taken[MAX_RANK][64];
  int n[MAX_RANK], total = 1, at[MAX_RANK] = {0};
  for (int i = 0; i < m->ndim; i++) {
    n[i] = d->selection.kind == ZARRC_SELECT_BLOCKS ? blocks_draw(d, i, array, m->shape[i], taken[i])
                                                    : pick_draw(d, i, m->shape[i], taken[i]);
    if (n[i] < 0)
      n[i] = 1;
    else
      d->shape[d->ndim++] = n[i];
    total *= n[i];
  }
  d->n = total;
  d->taken = malloc(((size_t)total + 1) * sizeof *d->taken);
  for (int k = 0; k < total; k++) {
    d->taken[k] = 0;
    for (int i = 0; i < m->ndim; i++) d->taken[k] = d->taken[k] * (int)m->shape[i] + (int)taken[i][at[i]];
    for (int i = m->ndim - 1; i >= 0 && ++at[i] == n[i]; i--) at[i] = 0;
  }
}

static void points_draw(drawn *d, const model *m) {
  d->ndim = 1;
  d->taken = calloc(MAX_ITEMS, sizeof *d->taken);
  if (d->selection.kind == ZARRC_SELECT_MASK) {
    static const zarrc_type types[] = {ZARRC_BOOL, ZARRC_UINT8};
    zarrc_dtype dtype = zarrc_dtype_of(types[below(2)]);
    int percent = (int)(chance(50) ? below(10) : below(101));
    d->mask_view = zarrc_view_c(&dtype, m->ndim, m->shape, d->mask);
    d->selection.mask = &d->mask_view;
    for (int i = 0; i < m->nitems; i++) {
      d->mask[i] = chance(percent);
      if (d->mask[i]) d->taken[d->n++] = i;
    }
    if (m->ndim && m->shape[0] && chance(30)) { /* the same mask from the end */
      d->mask_view.stride[0] = -d->mask_view.stride[0];
      d->mask_view.data = d->mask + (m->nitems - m->nitems / m->shape[0]);
      uint8_t turned[MAX_ITEMS];
      size_t row = (size_t)(m->nitems / m->shape[0]);
      for (int64_t i = 0; i < m->shape[0]; i++)
        memcpy(turned + (size_t)i * row, d->mask + (size_t)(m->shape[0] - 1 - i) * row, row);
      memcpy(d->mask, turned, (size_t)m->nitems);
    }
  } else {
    d->n = m->nitems ? (int)below(MAX_TAKEN * 4) : 0;
    d->selection.npoints = (size_t)d->n;
    for (int k = 0; k < m->ndim; k++) {
      d->selection.coordinate[k] = d->lists[k];
      bool near = chance(30);
      for (int i = 0; i < d->n; i++) {
        int64_t length = m->shape[k];
        d->lists[k][i] = near ? below(length < 3 ? length : 3) : index_draw(length);
        d->taken[i] = d->taken[i] * (int)length + (int)(d->lists[k][i] < 0 ? d->lists[k][i] + length : d->lists[k][i]);
      }
    }
  }
  d->shape[0] = d->n;
}

static drawn *selection_draw(const zarrc_array *array, const model *m) {
  drawn *d = calloc(1, sizeof *d);
  d->selection.kind = chance(50) ? ZARRC_SELECT_AXES : (zarrc_selection_kind)below(4);
  if (d->selection.kind == ZARRC_SELECT_AXES || d->selection.kind == ZARRC_SELECT_BLOCKS)
    axes_draw(d, array, m);
  else
    points_draw(d, m);
  return d;
}

static void drawn_free(drawn *d) {
  free(d->taken);
  free(d);
}

/* -------------------------------------------------------------------------------------------------------- memory */

/* Memory of a random layout for a result: axes in either order, gaps, either direction, either byte order. */
typedef struct memory {
  uint8_t *bytes;
  zarrc_view view;
} memory;

static memory memory_draw(const zarrc_array *array, const drawn *d, zarrc_arena *arena) {
  memory b = {.view = {.dtype = *zarrc_array_dtype(array), .ndim = d->ndim, .arena = arena}};
  int64_t item = b.view.dtype.item_size, stride = item, offset = 0;
  bool reverse = chance(30);
  if (chance(20) && !zarrc_dtype_is_variable(&b.view.dtype)) b.view.dtype.endian = ZARRC_BIG;
  for (int i = 0; i < d->ndim; i++) {
    int axis = reverse ? i : d->ndim - 1 - i;
    if (chance(20)) stride += item;
    b.view.shape[axis] = d->shape[axis];
    b.view.stride[axis] = stride;
    if (d->shape[axis] && chance(20)) {
      offset += stride * (d->shape[axis] - 1);
      b.view.stride[axis] = -stride;
    }
    stride *= d->shape[axis] ? d->shape[axis] : 1;
  }
  b.bytes = malloc((size_t)stride);
  memset(b.bytes, 0x55, (size_t)stride);
  b.view.data = b.bytes + offset;
  return b;
}

static uint8_t *element_at(const memory *b, int k) {
  uint8_t *p = b->view.data;
  for (int i = b->view.ndim - 1; i >= 0; i--) {
    p += k % b->view.shape[i] * b->view.stride[i];
    k /= (int)b->view.shape[i];
  }
  return p;
}

static const char digits[] = "the longest of the texts has forty letters";

static void element_set(const memory *b, int k, int32_t number) {
  uint8_t bytes[4];
  zarrc_text word = {(const uint8_t *)digits, (size_t)number};
  for (int i = 0; i < 4; i++)
    bytes[b->view.dtype.endian == ZARRC_BIG ? 3 - i : i] = (uint8_t)((uint32_t)number >> 8 * i);
  if (zarrc_dtype_is_variable(&b->view.dtype))
    memcpy(element_at(b, k), &word, sizeof word);
  else
    memcpy(element_at(b, k), bytes, 4);
}

static bool element_is(const memory *b, int k, int32_t number) {
  const uint8_t *p = element_at(b, k);
  uint32_t seen = 0;
  if (zarrc_dtype_is_variable(&b->view.dtype)) {
    zarrc_text word;
    memcpy(&word, p, sizeof word);
    return word.len == (size_t)number && (number == 0 || memcmp(word.ptr, digits, (size_t)number) == 0);
  }
  for (int i = 0; i < 4; i++) seen |= (uint32_t)p[b->view.dtype.endian == ZARRC_BIG ? 3 - i : i] << 8 * i;
  return seen == (uint32_t)number;
}

/* --------------------------------------------------------------------------------------------------------- draws */

static void shape_check(zarrc_array *array, const drawn *d, const char *what) {
  int64_t shape[ZARRC_MAX_NDIM];
  int ndim;
  zarrc_error error = {0};
  if (zarrc_array_selection_shape(array, &d->selection, &ndim, shape, &error)) fail_msg("%s: %s", what, error.message);
  assert_int_equal(ndim, d->ndim);
  for (int i = 0; i < ndim; i++) assert_int_equal(shape[i], d->shape[i]);
}

static void write_some(zarrc_array *array, model *m, const char *what) {
  drawn *d = selection_draw(array, m);
  zarrc_error error = {0};
  memory b;
  if (chance(20)) { /* one element for all */
    drawn one = {.n = 1};
    int32_t number = (int32_t)below(40);
    b = memory_draw(array, &one, NULL);
    element_set(&b, 0, number);
    for (int k = 0; k < d->n; k++) m->numbers[d->taken[k]] = number;
  } else {
    bool fill = chance(20);
    b = memory_draw(array, d, NULL);
    for (int k = 0; k < d->n; k++) {
      m->numbers[d->taken[k]] = fill ? 0 : (int32_t)below(40);
      element_set(&b, k, m->numbers[d->taken[k]]);
    }
  }
  if (zarrc_array_write_selection(array, &d->selection, &b.view, &error))
    fail_msg("%s: write: %s", what, error.message);
  free(b.bytes);
  drawn_free(d);
}

static void read_some(zarrc_array *array, const model *m, const drawn *d, const char *what) {
  zarrc_error error = {0};
  zarrc_arena *arena;
  assert_int_equal(zarrc_arena_open(zarrc_array_store(array)->ctx, &arena, NULL), ZARRC_OK);
  memory b = memory_draw(array, d, arena);
  if (zarrc_array_read_selection(array, &d->selection, &b.view, &error)) fail_msg("%s: read: %s", what, error.message);
  for (int k = 0; k < d->n; k++)
    if (!element_is(&b, k, m->numbers[d->taken[k]]))
      fail_msg("%s: kind %d: element %d, number %d of the array, is not %d: %s", what, (int)d->selection.kind, k,
               d->taken[k], (int)m->numbers[d->taken[k]], zarrc_array_metadata(array));
  free(b.bytes);
  zarrc_arena_close(arena);
}

static void one_draw(zarrc_ctx *ctx, uint64_t number) {
  static model m;
  zarrc_store *store;
  char what[64];
  snprintf(what, sizeof what, "draw %llu", (unsigned long long)number);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  zarrc_array *array = array_draw(store, &m, what);
  for (int round = 0; round < 4; round++) {
    write_some(array, &m, what);
    drawn *d = selection_draw(array, &m);
    shape_check(array, d, what);
    read_some(array, &m, d, what);
    drawn_free(d);
  }
  drawn all = {.ndim = m.ndim, .n = m.nitems};
  memcpy(all.shape, m.shape, sizeof all.shape);
  all.taken = malloc(((size_t)all.n + 1) * sizeof *all.taken);
  for (int i = 0; i < all.n; i++) all.taken[i] = i;
  read_some(array, &m, &all, what);
  free(all.taken);
  zarrc_array_close(array);
  zarrc_store_close(store);
}

static void draws(void **unused) {
  needs_codec("zstd");
  (void)unused;
  const char *seed = getenv("ZARRC_SEED"), *count = getenv("ZARRC_DRAWS");
  uint64_t n = count ? strtoull(count, NULL, 10) : NDRAWS, first = seed ? strtoull(seed, NULL, 10) : 20261123;
  zarrc_ctx *ctx[3];
  for (int i = 0; i < 3; i++) {
    zarrc_ctx_options options = {.threads = (unsigned[]){1, 2, 8}[i]};
    assert_int_equal(zarrc_ctx_open(&options, &ctx[i], NULL), ZARRC_OK);
  }
  print_message("seed %llu, %llu draws\n", (unsigned long long)first, (unsigned long long)n);
  for (uint64_t i = 0; i < n; i++) {
    state = (first + i) * 0x9E3779B97F4A7C15u | 1;
    one_draw(ctx[i % 3], first + i);
  }
  for (int i = 0; i < 3; i++) zarrc_ctx_close(ctx[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(draws)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
