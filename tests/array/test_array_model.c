/* SPDX-License-Identifier: MIT */
/* Arrays of all kinds, written and read in regions through memory of all kinds, against packed elements in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "support/needs.h"
#include "support/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed;

static int64_t below(int64_t n) {
  seed = seed * 1664525u + 1013904223u;
  return n > 0 ? (int64_t)(seed >> 8) % n : 0;
}

typedef struct kind {
  zarrc_type type;
  const char *name, *fill;
  unsigned unit;
} kind;

static const kind kinds[] = {
    {ZARRC_UINT8, "\"uint8\"", "3", 1},           {ZARRC_INT16, "\"int16\"", "-1", 2},
    {ZARRC_INT32, "\"int32\"", "0", 4},           {ZARRC_FLOAT64, "\"float64\"", "2.0", 8},
    {ZARRC_FLOAT32, "\"float32\"", "\"NaN\"", 4}, {ZARRC_COMPLEX64, "\"complex64\"", "[1.0, 2.0]", 4},
};

typedef struct model {
  kind kind;
  int ndim;
  int64_t shape[4];
  size_t item, nitems;
  uint8_t *elements; /* packed, C order */
} model;

static void random_grid(char *out, size_t n, int ndim, const int64_t *shape) {
  bool lists = below(3) == 0;
  size_t at =
      (size_t)snprintf(out, n, "{\"name\": \"%s\", \"configuration\": {%s\"%s\": [", lists ? "rectilinear" : "regular",
                       lists ? "\"kind\": \"inline\", " : "", lists ? "chunk_shapes" : "chunk_shape");
  for (int i = 0; i < ndim; i++) {
    at += (size_t)snprintf(out + at, n - at, "%s", i ? ", " : "");
    if (!lists || below(2)) {
      at += (size_t)snprintf(out + at, n - at, "%d", (int)below(5) + 1);
      continue;
    }
    int64_t end = 0;
    do {
      int64_t edge = 1 + below(4);
      at += (size_t)snprintf(out + at, n - at, "%s%d", end ? ", " : "[", (int)edge);
      end += edge;
    } while (end < shape[i]);
    at += (size_t)snprintf(out + at, n - at, "]");
  }
  snprintf(out + at, n - at, "]}}");
}

static void random_codecs(char *out, size_t n, int ndim) {
  static const char *const compressors[] = {
      "",
      ", {\"name\": \"zstd\", \"configuration\": {\"level\": 1, \"checksum\": true}}",
      ", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}",
      ", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\", \"clevel\": 5, \"shuffle\": \"shuffle\"}}",
      ", {\"name\": \"crc32c\"}",
  };
  size_t at = (size_t)snprintf(out, n, "[");
  if (ndim > 0 && below(3) == 0) {
    at += (size_t)snprintf(out + at, n - at, "{\"name\": \"transpose\", \"configuration\": {\"order\": [");
    for (int i = 0; i < ndim; i++) at += (size_t)snprintf(out + at, n - at, "%s%d", i ? ", " : "", (i + 1) % ndim);
    at += (size_t)snprintf(out + at, n - at, "]}}, ");
  }
  snprintf(out + at, n - at, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"%s\"}}%s]",
           below(2) ? "little" : "big", compressors[below(5)]);
}

static zarrc_array *random_array(zarrc_store *store, model *m) {
  char grid[512], codecs[512], shape[64] = "[";
  zarrc_error error = {0};
  zarrc_array *array = NULL;
  *m = (model){.kind = kinds[below(sizeof kinds / sizeof *kinds)], .ndim = (int)below(5), .nitems = 1};
  for (int i = 0; i < m->ndim; i++) {
    m->shape[i] = below(12) == 0 ? 0 : 1 + below(m->ndim < 3 ? 13 : 6);
    m->nitems *= (size_t)m->shape[i];
    snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%d", i ? "," : "", (int)m->shape[i]);
  }
  strcat(shape, "]");
  random_grid(grid, sizeof grid, m->ndim, m->shape);
  random_codecs(codecs, sizeof codecs, m->ndim);
  char *document =
      nodes_document("shape", shape, "chunk_grid", grid, "codecs", codecs, "data_type", m->kind.name, "fill_value",
                     m->kind.fill, "chunk_key_encoding", below(2) ? "\"v2\"" : "\"default\"", NULL);
  if (zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_OVERWRITE, NULL, &array, &error))
    fail_msg("%s: %s", document, error.message);
  free(document);
  m->item = zarrc_array_dtype(array)->item_size;
  m->elements = malloc(m->nitems * m->item + 1);
  assert_non_null(m->elements);
  for (size_t i = 0; i < m->nitems; i++) memcpy(m->elements + i * m->item, zarrc_array_fill(array), m->item);
  return array;
}

static zarrc_region random_region(const model *m) {
  zarrc_region r = {0};
  bool whole = below(4) == 0;
  for (int i = 0; i < m->ndim; i++) {
    r.step[i] = whole ? 1 : 1 + below(2) * below(6);
    r.start[i] = whole ? 0 : below(m->shape[i]);
    int64_t most = m->shape[i] ? (m->shape[i] - 1 - r.start[i]) / r.step[i] + 1 : 0;
    r.count[i] = whole || below(3) == 0 ? most : below(most + 1);
  }
  return r;
}

/* Memory in any order of axes, forwards or backwards, with gaps, in either byte order. Returns what to free. */
static uint8_t *random_view(const model *m, const zarrc_region *r, zarrc_view *view) {
  int order[4] = {0, 1, 2, 3};
  int64_t nbytes = (int64_t)m->item;
  *view = (zarrc_view){.dtype = zarrc_dtype_of(m->kind.type), .ndim = m->ndim};
  view->dtype.endian = below(2) ? ZARRC_BIG : ZARRC_LITTLE;
  if (below(2))
    for (int i = 0; i < m->ndim; i++) {
      int k = (int)below(m->ndim), was = order[i];
      order[i] = order[k];
      order[k] = was;
    }
  for (int i = m->ndim - 1; i >= 0; i--) {
    int axis = order[i];
    view->shape[axis] = r->count[axis];
    view->stride[axis] = nbytes;
    nbytes *= r->count[axis] > 0 ? r->count[axis] : 1;
    if (below(4) == 0) nbytes += (int64_t)m->item * below(3);
  }
  uint8_t *memory = malloc((size_t)nbytes), *origin = memory;
  assert_non_null(memory);
  memset(memory, 0x5a, (size_t)nbytes);
  for (int i = 0; i < m->ndim; i++) {
    if (below(3) != 0 || r->count[i] == 0) continue;
    origin += (r->count[i] - 1) * view->stride[i];
    view->stride[i] = -view->stride[i];
  }
  view->data = origin;
  return memory;
}

static void swap_units(const model *m, zarrc_endian endian, const uint8_t *from, uint8_t *to) {
  for (size_t i = 0; i < m->item; i++)
    to[i] = from[endian == ZARRC_NATIVE ? i : i / m->kind.unit * m->kind.unit + m->kind.unit - 1 - i % m->kind.unit];
}

static void random_element(const model *m, uint8_t *out) {
  int64_t x = below(5);
  float f[2] = {(float)x, (float)below(3)};
  double d = (double)x;
  if (m->kind.type == ZARRC_FLOAT32 || m->kind.type == ZARRC_COMPLEX64)
    memcpy(out, f, m->item);
  else if (m->kind.type == ZARRC_FLOAT64)
    memcpy(out, &d, m->item);
  else
    memset(out, (int)x, m->item);
}

typedef enum act { SET, SET_FILL, COMPARE } act;

/* Walks the elements of a region: sets model and view, or compares them. */
static void walk(model *m, const zarrc_region *r, const zarrc_view *view, act what, const void *fill) {
  int64_t index[4] = {0}, n = 1;
  for (int i = 0; i < m->ndim; i++) n *= r->count[i];
  for (int64_t k = 0; k < n; k++) {
    size_t at = 0;
    uint8_t *p = view->data, swapped[16];
    for (int i = 0; i < m->ndim; i++) {
      at = at * (size_t)m->shape[i] + (size_t)(r->start[i] + index[i] * r->step[i]);
      p += index[i] * view->stride[i];
    }
    uint8_t *element = m->elements + at * m->item;
    if (what == SET_FILL) memcpy(element, fill, m->item);
    if (what == SET) random_element(m, element);
    swap_units(m, view->dtype.endian, element, swapped);
    if (what == COMPARE)
      assert_memory_equal(p, swapped, m->item);
    else
      memcpy(p, swapped, m->item);
    for (int i = m->ndim - 1; i >= 0 && ++index[i] == r->count[i]; i--) index[i] = 0;
  }
}

static void work_on(zarrc_array *array, model *m) {
  for (int i = 0; i < 10; i++) {
    zarrc_region r = random_region(m), all = zarrc_region_all(m->ndim, m->shape);
    zarrc_error error = {0};
    zarrc_view view;
    bool write = below(2);
    uint8_t *memory = random_view(m, &r, &view);
    if (write) {
      walk(m, &r, &view, below(4) ? SET : SET_FILL, zarrc_array_fill(array));
      if (zarrc_array_write(array, &r, &view, &error)) fail_msg("%s", error.message);
      free(memory);
      r = all;
      memory = random_view(m, &r, &view);
    }
    if (zarrc_array_read(array, write ? NULL : &r, &view, &error)) fail_msg("%s", error.message);
    walk(m, &r, &view, COMPARE, NULL);
    free(memory);
  }
}

static zarrc_status add_value(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  uint64_t *hash = arg;
  (void)error;
  *hash += zarrc_hash(ZARRC_HASH_EMPTY, entry->key, strlen(entry->key)) ^ entry->nbytes;
  return ZARRC_OK;
}

/* The same numbers with 1, 2 and 8 threads: equal results, and equal stores. */
static void test_model(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  uint64_t hashes[3];
  (void)state;
  for (int run = 0; run < 3; run++) {
    zarrc_ctx_options options = {.threads = (unsigned[]){1, 2, 8}[run]};
    zarrc_ctx *ctx;
    zarrc_store *store;
    seed = 1;
    hashes[run] = 0;
    assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
    assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
    if (run == 0) print_message("seed %u\n", seed);
    for (int i = 0; i < 150; i++) {
      model m;
      zarrc_array *array = random_array(store, &m), *again = NULL;
      work_on(array, &m);
      assert_int_equal(zarrc_array_open(store, "a", NULL, &again, NULL), ZARRC_OK);
      zarrc_array_close(array);
      work_on(again, &m);
      zarrc_array_close(again);
      free(m.elements);
      assert_int_equal(zarrc_store_list(store, "", true, true, add_value, &hashes[run], NULL), ZARRC_OK);
    }
    zarrc_store_close(store);
    zarrc_ctx_close(ctx);
  }
  assert_int_equal(hashes[0], hashes[1]);
  assert_int_equal(hashes[0], hashes[2]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
