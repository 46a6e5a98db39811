/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/faulty_alloc.h"
#include "support/needs.h"
#include "support/nodes.h"
#include "support/said.h"
#include "support/sanitizers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --------------------------------------------------------------------------------------------------- single cases */

typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
  int32_t memory[24];
  zarrc_view view;
} fixture;

static const int64_t shape46[] = {4, 6};

static fixture open_fixture(const zarrc_array_options *options, const char *member, const char *json) {
  fixture f = {0};
  zarrc_error error = {0};
  char *document = nodes_document(member, json, NULL);
  assert_int_equal(zarrc_ctx_open(NULL, &f.ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f.ctx, &f.store, NULL), ZARRC_OK);
  if (zarrc_array_create_json(f.store, "a", document, strlen(document), ZARRC_CREATE_NEW, options, &f.array, &error))
    fail_msg("%s", SAID(error));
  free(document);
  for (int i = 0; i < 24; i++) f.memory[i] = i + 1;
  return f;
}

static zarrc_view *view_of(fixture *f) {
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  f->view = zarrc_view_c(&dtype, 2, shape46, f->memory);
  return &f->view;
}

static void close_fixture(fixture *f) {
  zarrc_array_close(f->array);
  zarrc_store_close(f->store);
  zarrc_ctx_close(f->ctx);
}

static zarrc_region box(int64_t r0, int64_t c0, int64_t nr, int64_t nc) {
  return (zarrc_region){.start = {r0, c0}, .count = {nr, nc}, .step = {1, 1}};
}

static void test_refused(void **state) {
  fixture f = open_fixture(NULL, NULL, NULL);
  zarrc_error error = {0};
  (void)state;
  zarrc_view *view = view_of(&f);
  struct {
    zarrc_region region;
    zarrc_type type;
    int ndim;
    int64_t rows;
    const char *message;
  } rows[] = {
      {box(0, 0, 4, 7), ZARRC_INT32, 2, 4, "axis 1"},
      {box(4, 0, 1, 6), ZARRC_INT32, 2, 1, "axis 0"},
      {box(-1, 0, 1, 6), ZARRC_INT32, 2, 1, "axis 0"},
      {box(0, 0, 4, 6), ZARRC_UINT32, 2, 4, "data type"},
      {box(0, 0, 4, 6), ZARRC_FLOAT32, 2, 4, "data type"},
      {box(0, 0, 4, 6), ZARRC_INT32, 2, 3, "axis 0: memory for 3 elements, the region has 4"},
      {box(0, 0, 4, 6), ZARRC_INT32, 1, 4, "1 dimensions"},
      {{.start = {0, 0}, .count = {4, 6}, .step = {0, 1}}, ZARRC_INT32, 2, 4, "axis 0"},
      {{.start = {0, 0}, .count = {4, 6}, .step = {1, -1}}, ZARRC_INT32, 2, 4, "axis 1"},
      {{.start = {0, 0}, .count = {2, 6}, .step = {INT64_MAX, 1}}, ZARRC_INT32, 2, 2, "axis 0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    view->dtype = zarrc_dtype_of(rows[i].type);
    view->ndim = rows[i].ndim;
    view->shape[0] = rows[i].rows;
    for (int write = 0; write < 2; write++) {
      zarrc_status status = write ? zarrc_array_write(f.array, &rows[i].region, view, &error)
                                  : zarrc_array_read(f.array, &rows[i].region, view, &error);
      assert_int_equal(status, ZARRC_INVALID_ARGUMENT);
      if (!strstr(SAID(error), rows[i].message)) fail_msg("row %zu: %s", i, SAID(error));
    }
  }
  char *keys = nodes_keys(f.store);
  assert_string_equal(keys, "a/zarr.json zarr.json ");
  free(keys);
  close_fixture(&f);
}

static void test_chunks_are_made_when_needed(void **state) {
  fixture f = open_fixture(NULL, NULL, NULL);
  zarrc_region r = box(1, 2, 1, 2), none = box(1, 0, 0, 6);
  int32_t two[] = {7, 8};
  (void)state;
  view_of(&f);
  zarrc_view view = f.view;
  view.data = two;
  view.shape[0] = 1;
  view.shape[1] = 2;
  assert_int_equal(zarrc_array_write(f.array, &r, &view, NULL), ZARRC_OK);
  char *keys = nodes_keys(f.store);
  assert_string_equal(keys, "a/c/0/0 a/c/0/1 a/zarr.json zarr.json ");
  free(keys);
  two[0] = 0; /* the fill value: its chunk goes */
  assert_int_equal(zarrc_array_write(f.array, &r, &view, NULL), ZARRC_OK);
  keys = nodes_keys(f.store);
  assert_string_equal(keys, "a/c/0/1 a/zarr.json zarr.json ");
  free(keys);
  view.shape[0] = 0;
  view.shape[1] = 6;
  assert_int_equal(zarrc_array_write(f.array, &none, &view, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_read(f.array, &none, &view, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_read(f.array, NULL, &f.view, NULL), ZARRC_OK);
  for (int i = 0; i < 24; i++) assert_int_equal(f.memory[i], i == 9 ? 8 : 0);
  close_fixture(&f);
}

static void test_write_empty_chunks(void **state) {
  zarrc_array_options options = {.chunk.write_empty_chunks = true};
  fixture f = open_fixture(&options, NULL, NULL);
  (void)state;
  memset(f.memory, 0, sizeof f.memory);
  assert_int_equal(zarrc_array_write(f.array, NULL, view_of(&f), NULL), ZARRC_OK);
  char *keys = nodes_keys(f.store);
  assert_string_equal(keys, "a/c/0/0 a/c/0/1 a/c/1/0 a/c/1/1 a/zarr.json zarr.json ");
  free(keys);
  close_fixture(&f);
}

/* A damaged chunk: a read and a write of a part fail, naming it; a write of all of it that lies in the array does not
 * look at it. In the array 4 x 6 with chunks 3 x 4 the last one is cut on both sides. */
static void test_damaged(void **state) {
  fixture f = open_fixture(NULL, "chunk_grid", "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [3, 4]}}");
  zarrc_region part = box(3, 4, 1, 1), edge = box(3, 4, 1, 2);
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_array_write(f.array, NULL, view_of(&f), NULL), ZARRC_OK);
  nodes_put(f.store, "a/c/1/1", "short");
  assert_int_equal(zarrc_status_exit_code(zarrc_array_read(f.array, NULL, &f.view, &error)), 6);
  assert_string_equal(error.chunk, "1,1");
  assert_string_equal(error.key, "a/c/1/1");
  assert_true(said_first(&error, "a/c/1/1: chunk 1,1, byte 5: codec bytes: "));
  assert_null(strstr(SAID(error) + 1, "a/c/1/1"));
  f.view.shape[0] = f.view.shape[1] = 1;
  assert_int_equal(zarrc_status_exit_code(zarrc_array_write(f.array, &part, &f.view, &error)), 6);
  assert_string_equal(error.chunk, "1,1");
  f.view.shape[1] = 2;
  f.memory[0] = 77;
  f.memory[1] = 88;
  assert_int_equal(zarrc_array_write(f.array, &edge, &f.view, &error), ZARRC_OK);
  char *chunk = nodes_get(f.store, "a/c/1/1");
  int32_t elements[12];
  memcpy(elements, chunk, sizeof elements);
  for (int i = 2; i < 12; i++) assert_int_equal(elements[i], 0); /* padding is the fill value */
#if !ZARRC_NATIVE_IS_BIG
  assert_int_equal(elements[0], 77);
  assert_int_equal(elements[1], 88);
#endif
  free(chunk);
  close_fixture(&f);
}

static void test_missing(void **state) {
  zarrc_array_options options = {.missing_is_error = true};
  fixture f = open_fixture(&options, NULL, NULL);
  zarrc_region r = box(0, 0, 2, 3);
  zarrc_error error = {0};
  int64_t chunk[] = {0, 1};
  (void)state;
  assert_int_equal(zarrc_array_write(f.array, NULL, view_of(&f), NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_erase_chunk(f.array, chunk, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_erase_chunk(f.array, chunk, NULL), ZARRC_OK); /* no error if it is not there */
  assert_int_equal(zarrc_array_read(f.array, NULL, &f.view, &error), ZARRC_NOT_FOUND);
  assert_string_equal(error.chunk, "0,1");
  assert_string_equal(SAID(error), "a/c/0/1: chunk 0,1: the chunk is missing");
  f.view.shape[0] = 2;
  f.view.shape[1] = 3;
  assert_int_equal(zarrc_array_read(f.array, &r, &f.view, &error), ZARRC_OK);
  chunk[1] = 2;
  assert_int_equal(zarrc_array_erase_chunk(f.array, chunk, &error), ZARRC_INVALID_ARGUMENT);
  close_fixture(&f);
}

static void test_read_only(void **state) {
  fixture f = open_fixture(NULL, NULL, NULL);
  zarrc_error error = {0};
  int64_t chunk[] = {0, 0};
  (void)state;
  assert_int_equal(zarrc_array_write(f.array, NULL, view_of(&f), NULL), ZARRC_OK);
  f.store->read_only = true;
  assert_int_equal(zarrc_array_write(f.array, NULL, &f.view, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "read-only"));
  assert_int_equal(zarrc_array_erase_chunk(f.array, chunk, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_resize(f.array, shape46, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_set_attributes(f.array, "{}", 2, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_read(f.array, NULL, &f.view, &error), ZARRC_OK);
  f.store->read_only = false;
  close_fixture(&f);
}

static void test_text(void **state) {
  char *document = nodes_document("data_type", "\"string\"", "fill_value", "\"none\"", "codecs",
                                  "[{\"name\": \"vlen-utf8\"}]", NULL);
  zarrc_text texts[24], back[24];
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
  zarrc_arena *arena;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_create_json(store, "", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, NULL),
                   ZARRC_OK);
  free(document);
  assert_int_equal(zarrc_arena_open(ctx, &arena, NULL), ZARRC_OK);
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
  for (size_t i = 0; i < 24; i++) texts[i] = (zarrc_text){(const uint8_t *)letters + i, i % 3};
  zarrc_region r = box(0, 0, 2, 6);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, r.count, texts);
  assert_int_equal(zarrc_array_write(array, &r, &view, NULL), ZARRC_OK);
  view = zarrc_view_c(zarrc_array_dtype(array), 2, shape46, back);
  assert_int_equal(zarrc_array_read(array, NULL, &view, NULL), ZARRC_INVALID_ARGUMENT); /* no arena */
  view.arena = arena;
  assert_int_equal(zarrc_array_read(array, NULL, &view, NULL), ZARRC_OK);
  for (size_t i = 0; i < 24; i++) {
    zarrc_text expected = i < 12 ? texts[i] : (zarrc_text){(const uint8_t *)"none", 4};
    assert_int_equal(back[i].len, expected.len);
    if (expected.len) assert_memory_equal(back[i].ptr, expected.ptr, expected.len);
  }
  zarrc_arena_close(arena);
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

/* Shards are written row of inner chunks by row: beside the array there is no fill value that would take away what a
 * filter computes with neighbours. */
static void test_padded_inner_chunks(void **state) {
  zarrc_error error = {0};
  float numbers[24], back[24];
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
  char *document = nodes_document(
      "data_type", "\"float32\"", "fill_value", "\"NaN\"", "chunk_grid",
      "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [4, 8]}}", "codecs",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 4], \"codecs\": [{\"name\": "
      "\"numcodecs.delta\", \"configuration\": {\"dtype\": \"<f4\"}}, {\"name\": \"bytes\", \"configuration\": "
      "{\"endian\": \"little\"}}], \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": "
      "\"little\"}}]}}]",
      NULL);
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  if (zarrc_array_create_json(store, "", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, &error))
    fail_msg("%s", SAID(error));
  free(document);
  for (int i = 0; i < 24; i++) numbers[i] = (float)i + 1;
  for (int row = 0; row < 4; row += 2) {
    zarrc_region r = box(row, 0, 2, 6);
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, r.count, numbers + 6 * row);
    assert_int_equal(zarrc_array_write(array, &r, &view, NULL), ZARRC_OK);
  }
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, shape46, back);
  assert_int_equal(zarrc_array_read(array, NULL, &view, NULL), ZARRC_OK);
  assert_memory_equal(back, numbers, sizeof back);
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

/* A chunk of 2^60 elements: what nobody wrote may be read, and nothing of its size is taken. */
static void test_huge_chunk(void **state) {
  char *document = nodes_document("chunk_grid",
                                  "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": "
                                  "[1152921504606846976, 1]}}",
                                  "shape", "[1152921504606846976, 3]", "fill_value", "5", NULL);
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
  int32_t memory[4] = {0};
  zarrc_region r = {.start = {0, 0}, .count = {2, 2}, .step = {1152921504606846975, 2}};
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_create_json(store, "", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, NULL),
                   ZARRC_LIMIT);
  nodes_put(store, "zarr.json", document);
  assert_int_equal(zarrc_array_open(store, "", NULL, &array, NULL), ZARRC_OK);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, r.count, memory);
  zarrc_status status = zarrc_array_read(array, &r, &view, NULL);
  assert_true(status == ZARRC_OK || status == ZARRC_LIMIT);
  for (int i = 0; i < 4; i++) assert_int_equal(memory[i], status ? 0 : 5);
  memory[0] = 6;
  assert_int_equal(zarrc_array_write(array, &r, &view, NULL), ZARRC_LIMIT);
  nodes_put(store, "c/0/0", "short");
  assert_int_not_equal(zarrc_array_read(array, &r, &view, NULL), ZARRC_OK);
  assert_true(zarrc_ctx_memory_peak(ctx) < 16 << 20);
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  free(document);
}

/* --------------------------------------------------------------------------------------- threads, fork, no memory */

enum { WRITERS = 8 };

typedef struct writer {
  fixture *f;
  int column;
} writer;

static void *write_column(void *arg) {
  const writer *w = arg;
  for (int32_t round = 1; round <= 20; round++) {
    int32_t values[4] = {round, round, round, round};
    zarrc_region r = box(0, w->column, 4, 1);
    zarrc_view view = w->f->view;
    view.data = values;
    view.shape[1] = 1;
    view.stride[0] = 4;
    if (zarrc_array_write(w->f->array, &r, &view, NULL)) return arg;
  }
  return NULL;
}

/* Threads that write disjoint parts of the same chunks lose nothing. */
static void test_writers(void **state) {
  fixture f = open_fixture(NULL, "chunk_grid", "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [4, 6]}}");
  pthread_t threads[6];
  writer writers[6];
  (void)state;
  view_of(&f);
  for (int i = 0; i < 6; i++) {
    writers[i] = (writer){&f, i};
    assert_int_equal(pthread_create(&threads[i], NULL, write_column, &writers[i]), 0);
  }
  for (int i = 0; i < 6; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(zarrc_array_read(f.array, NULL, &f.view, NULL), ZARRC_OK);
  for (int i = 0; i < 24; i++) assert_int_equal(f.memory[i], 20);
  close_fixture(&f);
}

static void test_fork(void **state) {
  if (ZARRC_TSAN) skip(); /* it does not allow threads in a child of a process that has threads */
  zarrc_ctx_options options = {.threads = 4};
  int32_t memory[24], back[24] = {0};
  char *document = nodes_document(NULL);
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
  int status;
  (void)state;
  needs_threads_after_fork();
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  assert_int_equal(
      zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, NULL), ZARRC_OK);
  for (int i = 0; i < 24; i++) memory[i] = i;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, shape46, memory);
  assert_int_equal(zarrc_array_write(array, NULL, &view, NULL), ZARRC_OK);
  pid_t child = fork();
  if (child == 0) {
    view.data = back;
    bool same = !zarrc_array_read(array, NULL, &view, NULL) && !memcmp(memory, back, sizeof back) &&
                !zarrc_array_set_attributes(array, "{}", 2, NULL);
    _exit(same ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  free(document);
}

typedef struct oom {
  faulty_alloc alloc;
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
} oom;

/* Every allocation of a write fails in turn: each chunk is the old one or the new one, and a second write succeeds. */
static void test_no_memory(void **state) {
  needs_codec("zstd");
  char *document = nodes_document("chunk_grid",
                                  "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", "
                                  "\"chunk_shapes\": [[1, 3], [2, [2, 2]]]}}",
                                  "codecs",
                                  "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}, {\"name\": "
                                  "\"zstd\", \"configuration\": {\"level\": 1, \"checksum\": false}}]",
                                  NULL);
  size_t at = 0, nfailed = 0;
  bool failed = true;
  (void)state;
  while (failed) {
    oom o = {.alloc = {0}};
    zarrc_ctx_options options = {.threads = 1, .alloc = faulty_alloc_use(&o.alloc)};
    int32_t old[24], new[24], back[24];
    assert_int_equal(zarrc_ctx_open(&options, &o.ctx, NULL), ZARRC_OK);
    assert_int_equal(zarrc_memory_store_open(o.ctx, &o.store, NULL), ZARRC_OK);
    assert_int_equal(
        zarrc_array_create_json(o.store, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, &o.array, NULL),
        ZARRC_OK);
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(o.array), 2, shape46, old);
    for (int i = 0; i < 24; i++) old[i] = i, new[i] = 100 + i;
    /* half of the chunks are there before */
    zarrc_region r = box(0, 0, 1, 6);
    view.shape[0] = 1;
    assert_int_equal(zarrc_array_write(o.array, &r, &view, NULL), ZARRC_OK);
    memset(old + 6, 0, sizeof old - 6 * sizeof *old);
    view.shape[0] = 4;
    view.data = new;
    o.alloc.fail_at = (size_t)o.alloc.calls + ++at;
    zarrc_status status = zarrc_array_write(o.array, NULL, &view, NULL);
    failed = o.alloc.failed > 0;
    nfailed += failed;
    assert_true(status == ZARRC_OK || (failed && status == ZARRC_NO_MEMORY));
    view.data = back;
    o.alloc.fail_at = 0;
    assert_int_equal(zarrc_array_read(o.array, NULL, &view, NULL), ZARRC_OK);
    for (int i = 0; i < 24; i++) {
      int first = (i < 6 ? 0 : 6) + i % 6 / 2 * 2; /* of the chunk that element i is in */
      bool is_new = back[first] == new[first];
      assert_int_equal(back[i], is_new ? new[i] : old[i]);
      if (status == ZARRC_OK) assert_true(is_new);
    }
    view.data = new;
    assert_int_equal(zarrc_array_write(o.array, NULL, &view, NULL), ZARRC_OK);
    view.data = back;
    assert_int_equal(zarrc_array_read(o.array, NULL, &view, NULL), ZARRC_OK);
    assert_memory_equal(back, new, sizeof new);
    zarrc_array_close(o.array);
    zarrc_store_close(o.store);
    zarrc_ctx_close(o.ctx);
    assert_int_equal(o.alloc.blocks, 0);
  }
  print_message("%zu allocations failed\n", nfailed);
  assert_true(nfailed > 5);
  free(document);
}

/* Open, write and read with every allocation failing, once and for ever. */
static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  const char *document = arg;
  int32_t memory[24] = {1, 2, 3};
  zarrc_ctx *ctx = NULL;
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (!status) status = zarrc_memory_store_open(ctx, &store, NULL);
  if (!status)
    status = zarrc_array_create_json(store, "a/b", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, NULL);
  if (!status) {
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, shape46, memory);
    status = zarrc_array_write(array, NULL, &view, NULL);
    zarrc_array_close(array);
    array = NULL;
    if (!status) status = zarrc_array_open(store, "a/b", NULL, &array, NULL);
    if (!status) status = zarrc_array_read(array, NULL, &view, NULL);
  }
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory_ever(void **state) {
  char *document = nodes_document("dimension_names", "[\"x\", null]", NULL);
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, whole_life, document));
  free(document);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_chunks_are_made_when_needed),
      cmocka_unit_test(test_write_empty_chunks),
      cmocka_unit_test(test_damaged),
      cmocka_unit_test(test_missing),
      cmocka_unit_test(test_read_only),
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_padded_inner_chunks),
      cmocka_unit_test(test_huge_chunk),
      cmocka_unit_test(test_writers),
      cmocka_unit_test(test_fork),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_no_memory_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
