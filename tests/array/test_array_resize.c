/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_array *create(const char *path, char *document) {
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  if (zarrc_array_create_json(store, path, document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, &error))
    fail_msg("%s", SAID(error));
  free(document);
  return array;
}

/* Writes 1, 2, 3, ... everywhere. */
static void fill_up(zarrc_array *a) {
  const int64_t *shape = zarrc_array_shape(a);
  size_t n = (size_t)(shape[0] * shape[1]);
  int32_t *memory = malloc(n * sizeof *memory + 1);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 2, shape, memory);
  assert_non_null(memory);
  for (size_t i = 0; i < n; i++) memory[i] = (int32_t)i + 1;
  assert_int_equal(zarrc_array_write(a, NULL, &view, NULL), ZARRC_OK);
  free(memory);
}

/* Reads it again: `width` was the length of a row when it was written; the first rows x columns are as they were. */
static void check(zarrc_array *a, int64_t width, int64_t rows, int64_t columns) {
  const int64_t *shape = zarrc_array_shape(a);
  size_t n = (size_t)(shape[0] * shape[1]);
  int32_t *memory = malloc(n * sizeof *memory + 1);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 2, shape, memory);
  assert_non_null(memory);
  assert_int_equal(zarrc_array_read(a, NULL, &view, NULL), ZARRC_OK);
  for (int64_t i = 0; i < shape[0]; i++)
    for (int64_t k = 0; k < shape[1]; k++)
      if (i < rows && k < columns) assert_int_equal(memory[i * shape[1] + k], i * width + k + 1);
  free(memory);
}

static void resize(zarrc_array *a, int64_t rows, int64_t columns) {
  zarrc_error error = {0};
  if (zarrc_array_resize(a, (const int64_t[]){rows, columns}, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(zarrc_array_shape(a)[0], rows);
  assert_int_equal(zarrc_array_shape(a)[1], columns);
  /* the document is stored, and opens the same */
  zarrc_array *again = NULL;
  assert_int_equal(zarrc_array_open(store, zarrc_array_path(a), NULL, &again, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_metadata(a), zarrc_array_metadata(again));
  zarrc_array_close(again);
}

static void test_shrink_and_grow(void **state) {
  zarrc_array *a = create("a", nodes_document("attributes", "{ \"k\" : [1.50, NaN] }", NULL));
  (void)state;
  fill_up(a);
  expect_keys("a/c/0/0 a/c/0/1 a/c/1/0 a/c/1/1 a/zarr.json zarr.json ");
  resize(a, 3, 3);
  expect_keys("a/c/0/0 a/c/1/0 a/zarr.json zarr.json ");
  check(a, 6, 3, 3);
  assert_string_equal(zarrc_array_attributes(a), "{ \"k\" : [1.50, NaN] }");
  resize(a, 9, 9);
  check(a, 6, 3, 3);
  int32_t memory[81];
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 2, zarrc_array_shape(a), memory);
  assert_int_equal(zarrc_array_read(a, NULL, &view, NULL), ZARRC_OK);
  for (int i = 0; i < 9; i++)
    for (int k = 3; k < 9; k++) assert_int_equal(memory[i * 9 + k], 0); /* what was erased does not come back */
  resize(a, 0, 9);
  expect_keys("a/zarr.json zarr.json ");
  resize(a, 0, 0);
  resize(a, 2, 3);
  zarrc_array_close(a);
}

static void test_key_encodings(void **state) {
  static const char *const encodings[] = {"{\"name\": \"default\", \"configuration\": {\"separator\": \".\"}}",
                                          "\"v2\"", "{\"name\": \"v2\", \"separator\": \"/\"}"};
  static const char *const keys[] = {"a/c.0.0 a/zarr.json zarr.json ", "a/0.0 a/zarr.json zarr.json ",
                                     "a/0/0 a/zarr.json zarr.json "};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    zarrc_array *a = create("a", nodes_document("chunk_key_encoding", encodings[i], NULL));
    fill_up(a);
    resize(a, 1, 1);
    expect_keys(keys[i]);
    zarrc_array_close(a);
    assert_int_equal(zarrc_store_erase_prefix(store, "a", NULL), ZARRC_OK);
  }
}

/* So many chunks that the store is asked which there are; keys that are no chunks of the array stay. */
static void test_many_chunks(void **state) {
  zarrc_array *a = create("a", nodes_document("shape", "[2000000000000, 6]", NULL));
  (void)state;
  nodes_put(store, "a/c/999999999999/1", "x");
  nodes_put(store, "a/c/1/0", "x");
  nodes_put(store, "a/c/0/0", "x");
  nodes_put(store, "a/c/7/9", "off the grid");
  nodes_put(store, "a/c/07/0", "no chunk");
  nodes_put(store, "a/c/7/0/0", "no chunk");
  nodes_put(store, "a/c/7", "no chunk");
  nodes_put(store, "ab/c/7/0", "of another");
  resize(a, 2, 6);
  expect_keys("a/c/0/0 a/c/07/0 a/c/7 a/c/7/0/0 a/zarr.json ab/c/7/0 zarr.json ");
  zarrc_array_close(a);
}

/* More than one batch of keys. */
static void test_batches(void **state) {
  zarrc_array *a = create("", nodes_document("shape", "[2000000, 6]", NULL));
  char key[32];
  (void)state;
  for (int i = 0; i < 70000; i++) {
    snprintf(key, sizeof key, "c/%d/0", i);
    nodes_put(store, key, "");
  }
  resize(a, 4, 6);
  expect_keys("c/0/0 c/1/0 zarr.json ");
  zarrc_array_close(a);
}

static void test_rectilinear(void **state) {
  zarrc_array *a = create("a", nodes_document("chunk_grid",
                                              "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", "
                                              "\"chunk_shapes\": [2, [3, 1, 2]]}}",
                                              NULL));
  (void)state;
  fill_up(a);
  resize(a, 4, 3);
  expect_keys("a/c/0/0 a/c/1/0 a/zarr.json zarr.json ");
  check(a, 6, 4, 3);
  resize(a, 5, 11); /* the list gets an edge of 5 */
  assert_int_equal(zarrc_array_grid(a)->axes[1].nedges, 4);
  assert_int_equal(zarrc_array_grid(a)->axes[1].edge[3], 5);
  fill_up(a);
  check(a, 11, 5, 11);
  zarrc_array_close(a);
}

static void test_rank_0(void **state) {
  zarrc_array *a =
      create("a", nodes_document("shape", "[]", "chunk_grid",
                                 "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": []}}", NULL));
  (void)state;
  nodes_put(store, "a/c", "x");
  assert_int_equal(zarrc_array_resize(a, NULL, NULL), ZARRC_OK);
  expect_keys("a/c a/zarr.json zarr.json ");
  zarrc_array_close(a);
}

static void test_refused(void **state) {
  zarrc_array *a = create("a", nodes_document(NULL)), *b = NULL;
  zarrc_error error = {0};
  (void)state;
  char *before = nodes_get(store, "a/zarr.json");
  assert_int_equal(zarrc_array_resize(a, (const int64_t[]){-1, 6}, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "axis 0"));
  assert_int_equal(zarrc_array_set_attributes(a, "1", 1, &error), ZARRC_INVALID_ARGUMENT);
  char *after = nodes_get(store, "a/zarr.json");
  assert_string_equal(before, after);
  free(before);
  free(after);
  /* another array in its place, or none */
  char *document = nodes_document("fill_value", "1", NULL);
  assert_int_equal(
      zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_OVERWRITE, NULL, &b, NULL),
      ZARRC_OK);
  free(document);
  assert_int_equal(zarrc_array_resize(a, (const int64_t[]){1, 6}, &error), ZARRC_CONFLICT);
  assert_true(said_first(&error, "a/zarr.json: "));
  assert_int_equal(zarrc_store_erase(store, "a/zarr.json", NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_resize(a, (const int64_t[]){1, 6}, &error), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_array_shape(a)[0], 4);
  zarrc_array_close(b);
  zarrc_array_close(a);
}

static void test_attributes(void **state) {
  zarrc_array *a = create("a", nodes_document(NULL)), *b = NULL;
  (void)state;
  assert_int_equal(zarrc_array_open(store, "a", NULL, &b, NULL), ZARRC_OK);
  static const char text[] = "{ \"z\": 1.0,\n \"a\": \"\\u00e4\", \"n\":NaN }";
  assert_int_equal(zarrc_array_set_attributes(a, text, sizeof text - 1, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_attributes(a), text);
  /* what one handle stores the other one keeps */
  assert_int_equal(zarrc_array_resize(b, (const int64_t[]){2, 6}, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_attributes(b), text);
  assert_int_equal(zarrc_array_set_attributes(a, "{}", 2, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_shape(a)[0], 2);
  zarrc_array_close(a);
  zarrc_array_close(b);
}

/* --------------------------------------------------------------------------------------------------------- threads */

enum { ROUNDS = 60 };

static void *resize_often(void *arg) {
  for (int i = 0; i < ROUNDS; i++)
    if (zarrc_array_resize(arg, (const int64_t[]){4 + i % 3, 6}, NULL)) return arg;
  return NULL;
}

static void *set_often(void *arg) {
  char text[32];
  for (int i = 0; i < ROUNDS; i++) {
    snprintf(text, sizeof text, "{\"i\": %d}", i);
    if (zarrc_array_set_attributes(arg, text, strlen(text), NULL)) return arg;
  }
  return NULL;
}

static void *read_often(void *arg) {
  int32_t memory[24];
  zarrc_region r = {.start = {0, 0}, .count = {4, 6}, .step = {1, 1}};
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(arg), 2, r.count, memory);
  for (int i = 0; i < 4 * ROUNDS; i++) {
    if (zarrc_array_read(arg, &r, &view, NULL)) return arg;
    for (int k = 0; k < 24; k++)
      if (memory[k] != k + 1) return arg;
  }
  return NULL;
}

/* Reading goes on while shape and attributes change; no change is lost, and the handle shows what is stored. */
static void test_threads(void **state) {
  zarrc_array *a = create("a", nodes_document(NULL));
  void *(*const work[])(void *) = {resize_often, set_often, set_often, read_often, read_often};
  pthread_t threads[5];
  (void)state;
  fill_up(a);
  for (int i = 0; i < 5; i++) assert_int_equal(pthread_create(&threads[i], NULL, work[i], a), 0);
  for (int i = 0; i < 5; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  char *text = nodes_get(store, "a/zarr.json");
  assert_string_equal(text, zarrc_array_metadata(a));
  assert_string_equal(zarrc_array_attributes(a), "{\"i\": 59}");
  assert_int_equal(zarrc_array_shape(a)[0], 4 + (ROUNDS - 1) % 3);
  free(text);
  zarrc_array_close(a);
}

/* Every allocation of a resize and of new attributes fails in turn: the stored document is the old or the new one. */
static zarrc_status change_all(const zarrc_ctx_options *options, void *arg) {
  const char *document = arg;
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  zarrc_array *a = NULL;
  int32_t elements[24] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status)
    status = zarrc_array_create_json(memory, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, &a, NULL);
  if (!status) {
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 2, zarrc_array_shape(a), elements);
    status = zarrc_array_write(a, NULL, &view, NULL);
  }
  if (!status) status = zarrc_array_resize(a, (const int64_t[]){2, 9}, NULL);
  if (!status) status = zarrc_array_set_attributes(a, "{\"a\": 1}", 8, NULL);
  if (!status) status = zarrc_array_resize(a, (const int64_t[]){20000, 30000}, NULL);
  if (!status) status = zarrc_array_resize(a, (const int64_t[]){1, 1}, NULL);
  zarrc_array_close(a);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  char *document = nodes_document("chunk_grid",
                                  "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", "
                                  "\"chunk_shapes\": [2, [3, 1, 2]]}}",
                                  NULL);
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, change_all, document));
  free(document);
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_shrink_and_grow), EMPTY_STORE(test_key_encodings), EMPTY_STORE(test_many_chunks),
      EMPTY_STORE(test_batches),         EMPTY_STORE(test_rectilinear),   EMPTY_STORE(test_rank_0),
      EMPTY_STORE(test_refused),         EMPTY_STORE(test_attributes),    EMPTY_STORE(test_threads),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
