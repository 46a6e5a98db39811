/* SPDX-License-Identifier: MIT */
/* Writes whose elements are fetched or applied part by part: they must store what a write of all of them stores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/nodes.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;
static char *tree;

static int set_up(void **state) {
  (void)state;
  tree = tree_make();
  return zarrc_ctx_open(&(zarrc_ctx_options){.threads = 3}, &ctx, NULL);
}

static int tear_down(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

/* What is fetched from, and what was asked for. */
typedef struct source {
  zarrc_view all; /* of the array */
  atomic_size_t ncalls, most, nitems;
  zarrc_status fails; /* when this is asked for: */
  int64_t fails_at[2];
  bool silent; /* it does not say why */
} source;

static zarrc_status fetch(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  source *s = arg;
  size_t n = 1;
  bool hit = s->fails != ZARRC_OK;
  for (int i = 0; i < s->all.ndim; i++) {
    assert_int_equal(part->step[i], 1);
    assert_int_equal(part->count[i], view->shape[i]);
    assert_true(part->start[i] >= 0 && part->start[i] + part->count[i] <= s->all.shape[i]);
    if (i < 2) hit = hit && s->fails_at[i] >= part->start[i] && s->fails_at[i] < part->start[i] + part->count[i];
    n *= (size_t)part->count[i];
  }
  s->ncalls++;
  s->nitems += n;
  size_t most = s->most;
  while (n > most && !atomic_compare_exchange_weak(&s->most, &most, n)) {
  }
  if (hit) return s->silent ? s->fails : zarrc_fail(error, s->fails, "nothing to fetch");
  zarrc_view from = zarrc_view_part(&s->all, part);
  zarrc_copy(view, &from);
  return ZARRC_OK;
}

static zarrc_array *array_make(zarrc_store *store, const char *path, const char *shape, const char *chunk,
                               const char *type, const char *fill, const char *codecs) {
  char text[2000];
  zarrc_error error = {0};
  zarrc_array *array = NULL;
  snprintf(text, sizeof text,
           "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": %s, \"data_type\": \"%s\", \"chunk_grid\": "
           "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": %s}}, \"chunk_key_encoding\": {\"name\": "
           "\"default\"}, \"fill_value\": %s, \"codecs\": %s}",
           shape, type, chunk, fill, codecs);
  if (zarrc_array_create_json(store, path, text, strlen(text), ZARRC_CREATE_NEW, NULL, &array, &error))
    fail_msg("%s", error.message);
  return array;
}

static zarrc_store *file_store(void) {
  zarrc_store *store = NULL;
  char *path = path_in(tree, "store");
  assert_int_equal(zarrc_file_store_open(ctx, path, &(zarrc_file_store_options){.create = true}, &store, NULL),
                   ZARRC_OK);
  free(path);
  return store;
}

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define SHARD(shape, inner, more)                                                                                      \
  "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": [" inner               \
  "], \"index_codecs\": [" BYTES ", {\"name\": \"crc32c\"}]" more "}}"
#define TURN "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}"
#define ZSTD "{\"name\": \"zstd\", \"configuration\": {\"level\": 1, \"checksum\": false}}"

static const char *const chains[] = {
    "[" BYTES "]",
    "[" TURN ", " BYTES ", " ZSTD "]",
    "[" SHARD("[8, 8]", BYTES, "") "]",
    "[" SHARD("[8, 8]", BYTES ", " ZSTD, "") "]",
    "[" SHARD("[8, 8]", TURN ", " BYTES, ", \"index_location\": \"start\"") "]",
    "[" TURN ", " SHARD("[8, 8]", BYTES, "") "]",
    "[" SHARD("[8, 8]", BYTES, "") ", {\"name\": \"crc32c\"}]",
    "[" SHARD("[16, 16]", SHARD("[4, 8]", BYTES ", " ZSTD, ""), "") "]",
};
enum { ROWS = 117, COLUMNS = 133, NCHAINS = sizeof chains / sizeof *chains };

static void same_as_a_write(void **state) {
  needs_codec("zstd");
  (void)state;
  static const zarrc_region regions[] = {
      {.count = {ROWS, COLUMNS}, .step = {1, 1}},
      {.start = {3, 5}, .count = {100, 90}, .step = {1, 1}},
      {.start = {64, 64}, .count = {53, 64}, .step = {1, 1}},
      {.start = {70, 70}, .count = {1, 1}, .step = {1, 1}},
  };
  int32_t *values = malloc(sizeof(int32_t) * ROWS * COLUMNS), *a = malloc(sizeof(int32_t) * ROWS * COLUMNS),
          *b = malloc(sizeof(int32_t) * ROWS * COLUMNS);
  for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = i % 1000 < 500 ? 0 : i * 7;
  for (int file = 0; file < 2; file++) {
    zarrc_store *store = NULL;
    if (file)
      store = file_store();
    else
      assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
    for (int k = 0; k < NCHAINS; k++) {
      char path[2][20];
      zarrc_array *array[2];
      for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%c%d", "ab"[i], k);
        array[i] = array_make(store, path[i], "[117, 133]", "[64, 64]", "int32", "0", chains[k]);
      }
      const zarrc_dtype *dtype = zarrc_array_dtype(array[0]);
      int64_t shape[2] = {ROWS, COLUMNS};
      source s = {.all = zarrc_view_c(dtype, 2, shape, values)};
      for (size_t r = 0; r < sizeof regions / sizeof *regions; r++) {
        zarrc_error error = {0};
        zarrc_view part = zarrc_view_part(&s.all, &regions[r]);
        assert_int_equal(zarrc_array_write(array[0], &regions[r], &part, NULL), ZARRC_OK);
        atomic_store(&s.nitems, 0);
        if (zarrc_array_write_values(array[1], r ? &regions[r] : NULL, &(zarrc_values){.fetch = fetch, .arg = &s},
                                     &error))
          fail_msg("%s", error.message);
        assert_int_equal(s.nitems, regions[r].count[0] * regions[r].count[1]); /* each once */
        zarrc_view x = zarrc_view_c(dtype, 2, shape, a), y = zarrc_view_c(dtype, 2, shape, b);
        assert_int_equal(zarrc_array_read(array[0], NULL, &x, NULL), ZARRC_OK);
        assert_int_equal(zarrc_array_read(array[1], NULL, &y, NULL), ZARRC_OK);
        assert_memory_equal(a, b, sizeof(int32_t) * ROWS * COLUMNS);
        for (int i = 0; i < ROWS * COLUMNS; i++) values[i] += i % 64 ? 1 : 0;
      }
      zarrc_array_close(array[0]);
      zarrc_array_close(array[1]);
    }
    zarrc_store_close(store);
  }
  free(values);
  free(a);
  free(b);
}

/* ------------------------------------------------------------------------------------------------------- applied */

/* Adds 1000 to each element of the array that lies in some of its rows. */
typedef struct adding {
  bool row[ROWS];
  atomic_size_t nitems;
} adding;

static bool adds(void *arg, const zarrc_region *part) {
  const adding *a = arg;
  for (int64_t i = 0; i < part->count[0]; i++)
    if (a->row[part->start[0] + i * part->step[0]]) return part->count[1] > 0;
  return false;
}

static zarrc_status add(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  adding *a = arg;
  (void)error;
  a->nitems += (size_t)zarrc_view_nitems(view);
  for (int64_t i = 0; i < view->shape[0]; i++)
    for (int64_t k = 0; k < view->shape[1] && a->row[part->start[0] + i * part->step[0]]; k++) {
      int32_t *at = (int32_t *)(void *)((uint8_t *)view->data + i * view->stride[0] + k * view->stride[1]);
      *at += 1000;
    }
  return ZARRC_OK;
}

/* Changes of values where they lie, in indices of the array: what is read, changed and written would be the same. */
static void values_are_applied(void **state) {
  needs_codec("zstd");
  (void)state;
  static const zarrc_region regions[] = {
      {.count = {ROWS, COLUMNS}, .step = {1, 1}},
      {.start = {60, 5}, .count = {50, 90}, .step = {1, 1}},
      {.start = {1, 2}, .count = {20, 40}, .step = {5, 3}},
  };
  int32_t *values = malloc(sizeof(int32_t) * ROWS * COLUMNS), *back = malloc(sizeof(int32_t) * ROWS * COLUMNS);
  zarrc_store *store = file_store();
  for (int k = 0; k < NCHAINS; k++) {
    char path[8];
    snprintf(path, sizeof path, "p%d", k);
    zarrc_array *array = array_make(store, path, "[117, 133]", "[64, 64]", "int32", "0", chains[k]);
    zarrc_view all = zarrc_view_c(zarrc_array_dtype(array), 2, (int64_t[]){ROWS, COLUMNS}, values), to = all;
    to.data = back;
    for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = i < 64 * COLUMNS ? 0 : i; /* two chunks have no value */
    assert_int_equal(zarrc_array_write(array, NULL, &all, NULL), ZARRC_OK);
    for (size_t r = 0; r < sizeof regions / sizeof *regions; r++)
      for (int touches = 0; touches < 2; touches++) {
        adding a = {.nitems = 0};
        zarrc_error error = {0};
        zarrc_view part = zarrc_view_part(&all, &regions[r]);
        zarrc_values applied = {.apply = add, .touches = touches ? adds : NULL, .arg = &a};
        for (int i = touches ? 30 : 0; i < ROWS; i += 31) a.row[i] = true;
        assert_int_equal(add(&a, &regions[r], &part, NULL), ZARRC_OK);
        atomic_store(&a.nitems, 0);
        if (zarrc_array_write_values(array, r ? &regions[r] : NULL, &applied, &error)) fail_msg("%s", error.message);
        if (!touches) assert_int_equal(a.nitems, regions[r].count[0] * regions[r].count[1]); /* each once */
        assert_int_equal(zarrc_array_read(array, NULL, &to, NULL), ZARRC_OK);
        assert_memory_equal(back, values, sizeof(int32_t) * ROWS * COLUMNS);
      }
    zarrc_array_close(array);
  }
  zarrc_store_close(store);
  free(values);
  free(back);
}

/* What nothing touches is neither read nor stored: a damaged chunk is in nobody's way. */
static void untouched_chunks_are_left_alone(void **state) {
  (void)state;
  static int32_t values[ROWS * COLUMNS];
  zarrc_store *store = file_store();
  zarrc_array *array = array_make(store, "u", "[117, 133]", "[64, 64]", "int32", "0", "[" BYTES ", \"crc32c\"]");
  zarrc_view all = zarrc_view_c(zarrc_array_dtype(array), 2, (int64_t[]){ROWS, COLUMNS}, values);
  adding a = {.row = {[100] = true}};
  zarrc_values applied = {.apply = add, .touches = adds, .arg = &a};
  for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = i;
  assert_int_equal(zarrc_array_write(array, NULL, &all, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(store, "u/c/0/1", "damaged", 7, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_write_values(array, NULL, &applied, NULL), ZARRC_OK);
  assert_true(a.nitems == 53 * COLUMNS);
  applied.touches = NULL;
  assert_int_not_equal(zarrc_array_write_values(array, NULL, &applied, NULL), ZARRC_OK);
  zarrc_array_close(array);
  zarrc_store_close(store);
}

/* ------------------------------------------------------------------------------------------------------- fetched */

static void texts(void **state) {
  (void)state;
  enum { N = 40 };
  static const char *const codecs[] = {"[{\"name\": \"vlen-utf8\"}]",
                                       "[" SHARD("[4]", "{\"name\": \"vlen-utf8\"}", "") "]"};
  char words[N][16];
  zarrc_text values[N], back[N];
  for (int i = 0; i < N; i++) {
    snprintf(words[i], sizeof words[i], "word %d", i * i);
    values[i] = (zarrc_text){(const uint8_t *)words[i], strlen(words[i])};
  }
  zarrc_store *store = file_store();
  for (int k = 0; k < 2; k++) {
    zarrc_error error = {0};
    zarrc_array *array = array_make(store, k ? "b" : "a", "[40]", "[16]", "string", "\"\"", codecs[k]);
    int64_t shape[1] = {N};
    source s = {.all = zarrc_view_c(zarrc_array_dtype(array), 1, shape, values)};
    if (zarrc_array_write_values(array, NULL, &(zarrc_values){.fetch = fetch, .arg = &s}, &error))
      fail_msg("%s", error.message);
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 1, shape, back);
    assert_int_equal(zarrc_arena_open(ctx, &view.arena, NULL), ZARRC_OK);
    assert_int_equal(zarrc_array_read(array, NULL, &view, NULL), ZARRC_OK);
    for (int i = 0; i < N; i++) {
      assert_int_equal(back[i].len, values[i].len);
      assert_memory_equal(back[i].ptr, values[i].ptr, values[i].len);
    }
    zarrc_arena_close(view.arena);
    zarrc_array_close(array);
  }
  zarrc_store_close(store);
}

/* A shard of 64 MiB is written in a few: whatever the order of its inner chunks, no part is larger than two batches. */
static void large_shards_take_little_memory(void **state) {
  needs_codec("zstd");
  (void)state;
  static const char *const codecs[] = {"[" SHARD("[1, 64, 4096]", BYTES ", " ZSTD, "") "]",
                                       "[" SHARD("[64, 64, 64]", BYTES, "") "]",
                                       "[" SHARD("[3, 512, 128]", BYTES, "") "]"};
  static const char *const arrays[] = {"[256, 64, 4096]", "[256, 512, 512]", "[171, 512, 768]"};
  static const int64_t edges[][3] = {{256, 64, 4096}, {256, 512, 512}, {171, 512, 768}};
  zarrc_store *store = file_store();
  const size_t most = (size_t)(edges[2][0] * edges[2][1] * edges[2][2]);
  uint8_t *values = malloc(most), *line = malloc(4096);
  for (size_t i = 0; i < most; i++) values[i] = (uint8_t)(i * 2654435761u >> 24);
  for (int k = 0; k < 3; k++) {
    char path[8];
    zarrc_ctx *own = NULL;
    zarrc_store *into = NULL;
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    snprintf(path, sizeof path, "l%d", k);
    zarrc_array_close(array_make(store, path, arrays[k], arrays[k], "uint8", "0", codecs[k]));
    assert_int_equal(zarrc_ctx_open(&(zarrc_ctx_options){.threads = 2}, &own, NULL), ZARRC_OK);
    char *folder = path_in(tree, "store");
    assert_int_equal(zarrc_file_store_open(own, folder, NULL, &into, NULL), ZARRC_OK);
    free(folder);
    assert_int_equal(zarrc_array_open(into, path, NULL, &array, NULL), ZARRC_OK);
    source s = {.all = zarrc_view_c(zarrc_array_dtype(array), 3, edges[k], values)};
    if (zarrc_array_write_values(array, NULL, &(zarrc_values){.fetch = fetch, .arg = &s}, &error))
      fail_msg("%s", error.message);
    size_t nitems = (size_t)(edges[k][0] * edges[k][1] * edges[k][2]);
    assert_true(k < 2 ? s.nitems == nitems : s.nitems > nitems && s.nitems <= 2 * nitems);
    assert_true(s.ncalls >= 4);
    assert_true(s.most <= 8 << 20);
    assert_true(zarrc_ctx_memory_peak(own) < 24 << 20);
    for (int64_t i = 0; i < edges[k][0]; i += 50) { /* a line here and there */
      zarrc_region region = {.start = {i, i % 64, 0}, .count = {1, 1, edges[k][2]}, .step = {1, 1, 1}};
      zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 3, region.count, line), from;
      assert_int_equal(zarrc_array_read(array, &region, &view, NULL), ZARRC_OK);
      from = zarrc_view_part(&s.all, &region);
      assert_memory_equal(line, from.data, (size_t)edges[k][2]);
    }
    zarrc_array_close(array);
    zarrc_store_close(into);
    zarrc_ctx_close(own);
  }
  free(values);
  free(line);
  zarrc_store_close(store);
}

static zarrc_status fail_silently(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  (void)arg, (void)part, (void)view, (void)error;
  return ZARRC_CORRUPT;
}

/* Functions that fail without a word: key, chunk and inner chunk are named as always. */
static void failures_without_words(void **state) {
  needs_codec("zstd");
  (void)state;
  int32_t *values = calloc(ROWS * COLUMNS, sizeof *values);
  zarrc_store *store = file_store();
  for (int k = 0; k < NCHAINS; k++) {
    char path[8];
    zarrc_error error;
    snprintf(path, sizeof path, "s%d", k);
    zarrc_array *array = array_make(store, path, "[117, 133]", "[64, 64]", "int32", "0", chains[k]);
    source s = {.all = zarrc_view_c(zarrc_array_dtype(array), 2, (int64_t[]){ROWS, COLUMNS}, values)};
    s.fails = ZARRC_CORRUPT;
    s.fails_at[0] = 70;
    s.fails_at[1] = 9;
    s.silent = true;
    zarrc_region at = {.start = {69, 9}, .count = {3, 2}, .step = {1, 1}};
    const zarrc_values ways[] = {{.fetch = fetch, .arg = &s}, {.apply = fail_silently}};
    for (int i = 0; i < 2; i++) {
      memset(&error, 0x20, sizeof error);
      error.code = i ? ZARRC_CORRUPT : ZARRC_LIMIT; /* of an earlier failure */
      assert_int_equal(zarrc_array_write_values(array, &at, &ways[i], &error), ZARRC_CORRUPT);
      assert_int_equal(error.code, ZARRC_CORRUPT);
      assert_string_equal(error.message, zarrc_status_words(ZARRC_CORRUPT));
      assert_non_null(strstr(error.key, "c/1/0"));
      assert_string_equal(error.chunk, "1,0");
      if (i == 1 && (k == 2 || k == 3 || k == 4)) assert_string_equal(error.inner_chunk, "0,1");
      assert_int_equal(zarrc_array_write_values(array, &at, &ways[i], NULL), ZARRC_CORRUPT);
    }
    zarrc_array_close(array);
  }
  zarrc_store_close(store);
  free(values);
}

/* What fetch says is what the caller hears, and the chunk keeps what it had. */
static void a_fetch_that_fails(void **state) {
  needs_codec("zstd");
  (void)state;
  int32_t *values = malloc(sizeof(int32_t) * ROWS * COLUMNS), before[2], after[2];
  for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = i + 1;
  zarrc_store *store = file_store();
  for (int k = 0; k < NCHAINS; k++) {
    char path[8];
    zarrc_error error = {0};
    snprintf(path, sizeof path, "f%d", k);
    zarrc_array *array = array_make(store, path, "[117, 133]", "[64, 64]", "int32", "0", chains[k]);
    source s = {.all = zarrc_view_c(zarrc_array_dtype(array), 2, (int64_t[]){ROWS, COLUMNS}, values)};
    assert_int_equal(zarrc_array_write(array, NULL, &s.all, NULL), ZARRC_OK);
    s.fails = ZARRC_CHECKSUM;
    s.fails_at[0] = 70;
    s.fails_at[1] = 9;
    zarrc_region at = {.start = {70, 9}, .count = {1, 2}, .step = {1, 1}};
    zarrc_view x = zarrc_view_c(zarrc_array_dtype(array), 2, at.count, before);
    zarrc_view y = zarrc_view_c(zarrc_array_dtype(array), 2, at.count, after);
    assert_int_equal(zarrc_array_read(array, &at, &x, NULL), ZARRC_OK);
    for (int i = 0; i < ROWS * COLUMNS; i++) values[i]++;
    assert_int_equal(zarrc_array_write_values(array, NULL, &(zarrc_values){.fetch = fetch, .arg = &s}, &error),
                     ZARRC_CHECKSUM);
    assert_non_null(strstr(error.message, "nothing to fetch"));
    assert_non_null(strstr(error.key, "c/1/0"));
    assert_int_equal(zarrc_array_read(array, &at, &y, NULL), ZARRC_OK);
    assert_memory_equal(before, after, sizeof before);
    zarrc_array_close(array);
  }
  zarrc_store_close(store);
  free(values);
}

static zarrc_status each_allocation(const zarrc_ctx_options *options, void *arg) {
  const source *s = arg;
  zarrc_ctx *own = NULL;
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  char *path = path_in(tree, "store");
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_file_store_open(own, path, NULL, &store, NULL);
  if (!status) status = zarrc_array_open(store, "m", NULL, &array, NULL);
  if (!status)
    status = zarrc_array_write_values(array, NULL, &(zarrc_values){.fetch = fetch, .arg = (void *)(uintptr_t)s}, NULL);
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(own);
  free(path);
  return status;
}

static void no_memory(void **state) {
  (void)state;
  int32_t *values = malloc(sizeof(int32_t) * 64 * 64);
  for (int i = 0; i < 64 * 64; i++) values[i] = i;
  zarrc_store *store = file_store();
  zarrc_array *array = array_make(store, "m", "[64, 64]", "[64, 64]", "int32", "0", chains[2]);
  source s = {.all = zarrc_view_c(zarrc_array_dtype(array), 2, (int64_t[]){64, 64}, values)};
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1, .max_memory = 120000};
  assert_true(faulty_alloc_each(&options, each_allocation, &s) > 10);
  assert_true(s.most < 64 * 64); /* the limit made several batches of a shard */
  zarrc_array_close(array);
  zarrc_store_close(store);
  free(values);
}

static void what_cannot_be_fetched(void **state) {
  (void)state;
  int32_t values[8 * 8] = {0};
  zarrc_store *store = file_store(), *locked = NULL;
  zarrc_array *array = array_make(store, "a", "[8, 8]", "[4, 4]", "int32", "0", chains[0]), *again = NULL;
  source s = {.all = zarrc_view_c(zarrc_array_dtype(array), 2, (int64_t[]){8, 8}, values)};
  zarrc_region steps = {.count = {4, 4}, .step = {2, 1}}, outside = {.start = {5, 0}, .count = {4, 4}, .step = {1, 1}};
  zarrc_error error = {0};
  assert_int_equal(zarrc_array_write_values(array, NULL, NULL, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_write(array, NULL, NULL, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_read(array, NULL, NULL, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_write_values(array, &steps, &(zarrc_values){.fetch = fetch, .arg = &s}, NULL),
                   ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_write_values(array, &outside, &(zarrc_values){.fetch = fetch, .arg = &s}, NULL),
                   ZARRC_INVALID_ARGUMENT);
  zarrc_array_close(array);
  zarrc_store_close(store);
  char *path = path_in(tree, "store");
  assert_int_equal(zarrc_file_store_open(ctx, path, &(zarrc_file_store_options){.read_only = true}, &locked, NULL),
                   ZARRC_OK);
  free(path);
  assert_int_equal(zarrc_array_open(locked, "a", NULL, &again, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_write_values(again, NULL, &(zarrc_values){.fetch = fetch, .arg = &s}, NULL),
                   ZARRC_INVALID_ARGUMENT);
  assert_int_equal(s.ncalls, 0);
  zarrc_array_close(again);
  zarrc_store_close(locked);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {TEST(same_as_a_write),
                                     TEST(texts),
                                     TEST(values_are_applied),
                                     TEST(untouched_chunks_are_left_alone),
                                     TEST(large_shards_take_little_memory),
                                     TEST(a_fetch_that_fails),
                                     TEST(failures_without_words),
                                     TEST(no_memory),
                                     TEST(what_cannot_be_fetched)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
