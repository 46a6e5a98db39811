/* SPDX-License-Identifier: MIT */
/* One handle stays open while another array is put in the place of its array: in a directory, and in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/files.h"
#include "support/nodes.h"
#include "support/said.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 12 };

static zarrc_ctx *ctx;
static zarrc_store *store;
static char *directory;
static zarrc_array *array; /* the one that stays open: 1 to 12 in chunks of 2, missing from 8 on */

/* Chunks of `chunk` int32; the arguments are as those of nodes_document. */
#define DOCUMENT(chunk, ...)                                                                                           \
  nodes_document("shape", "[12]", "chunk_grid",                                                                        \
                 "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [" chunk "]}}", __VA_ARGS__)

static zarrc_array *create(const char *path, char *document) {
  zarrc_array *made = NULL;
  zarrc_error error = {0};
  if (zarrc_array_create_json(store, path, document, strlen(document), ZARRC_CREATE_OVERWRITE, NULL, &made, &error))
    fail_msg("%s", SAID(error));
  free(document);
  return made;
}

static zarrc_status transfer(zarrc_array *a, bool write, int64_t first, int64_t n, int32_t *values,
                             zarrc_error *error) {
  zarrc_region region = {.start = {first}, .count = {n}, .step = {1}};
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 1, &n, values);
  return write ? zarrc_array_write(a, &region, &view, error) : zarrc_array_read(a, &region, &view, error);
}

static void store_values(zarrc_array *a, int64_t n) {
  int32_t values[N];
  zarrc_error error = {0};
  for (int i = 0; i < N; i++) values[i] = i + 1;
  if (transfer(a, true, 0, n, values, &error)) fail_msg("%s", SAID(error));
}

static int open_array(void) {
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  if (directory) {
    zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
    if (zarrc_file_store_open(ctx, directory, &options, &store, NULL)) return -1;
  } else if (zarrc_memory_store_open(ctx, &store, NULL)) {
    return -1;
  }
  zarrc_array_close(create("g/a", DOCUMENT("2", NULL)));
  if (zarrc_array_open(store, "g/a", NULL, &array, NULL)) return -1;
  store_values(array, 8);
  return 0;
}

static int open_memory(void **state) {
  (void)state;
  directory = NULL;
  return open_array();
}

static int open_directory(void **state) {
  (void)state;
  directory = tree_make();
  return open_array();
}

static int close_all(void **state) {
  (void)state;
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  if (directory) tree_remove(directory);
  return 0;
}

static void expect_values(int64_t first, int64_t n) {
  int32_t values[N];
  zarrc_error error = {0};
  if (transfer(array, false, first, n, values, &error)) fail_msg("%s", SAID(error));
  for (int64_t i = 0; i < n; i++) assert_int_equal(values[i], first + i < 8 ? first + i + 1 : 0);
}

static const char replaced[] = "g/a/zarr.json: another array has been put in the place of the array that is open: "
                               "open it again",
                  removed[] = "g/a/zarr.json: the array that is open has been removed",
                  by_group[] = "g/a/zarr.json: a group has been put in the place of the array that is open: "
                               "open it again";

static void expect(zarrc_status status, const zarrc_error *error, zarrc_status wanted, const char *message) {
  if (status != wanted) fail_msg("%d: %s", (int)status, SAID(*error));
  assert_int_equal(error->code, wanted);
  assert_true(said_last(error, message));
  assert_string_equal(error->key, "g/a/zarr.json");
}

/* All ways to read a missing chunk, and to write, meet the same. */
static void expect_refused(zarrc_status wanted, const char *message) {
  static const int64_t at[] = {11, 9};
  int32_t values[N] = {0};
  zarrc_error error = {0};
  int64_t n = 2;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 1, &n, values);
  zarrc_selection list = {.kind = ZARRC_SELECT_AXES, .pick[0] = zarrc_pick_list(at, 2)};
  zarrc_selection points = {.kind = ZARRC_SELECT_POINTS, .npoints = 2, .coordinate[0] = at};
  expect(transfer(array, false, 10, 2, values, &error), &error, wanted, message);
  expect(transfer(array, false, 0, N, values, &error), &error, wanted, message);
  expect(zarrc_array_read_selection(array, &list, &view, &error), &error, wanted, message);
  expect(zarrc_array_read_selection(array, &points, &view, &error), &error, wanted, message);
  expect(zarrc_array_check_current(array, &error), &error, wanted, message);
  char *before = nodes_keys(store);
  expect(transfer(array, true, 10, 2, values, &error), &error, wanted, message);
  expect(transfer(array, true, 0, 1, values, &error), &error, wanted, message);
  expect(zarrc_array_write_selection(array, &list, &view, &error), &error, wanted, message);
  expect(zarrc_array_write_selection(array, &points, &view, &error), &error, wanted, message);
  expect(zarrc_array_erase_chunk(array, (int64_t[]){0}, &error), &error, wanted, message);
  char *after = nodes_keys(store);
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static void test_other_chunks(void **state) {
  (void)state;
  expect_values(0, N);
  char *documents[] = {
      DOCUMENT("6", NULL),
      DOCUMENT("2", "data_type", "\"float32\"", NULL),
      DOCUMENT("2", "fill_value", "7", NULL),
      DOCUMENT("2", "codecs", "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]", NULL),
      DOCUMENT("2", "chunk_key_encoding", "{\"name\": \"v2\"}", NULL),
      nodes_document(NULL),
  };
  for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
    zarrc_array *other = create("g/a", documents[i]);
    if (i == 0) store_values(other, N);
    expect_refused(ZARRC_CONFLICT, replaced);
    zarrc_array_close(other);
  }
  zarrc_array_close(create("g/a", DOCUMENT("2", NULL))); /* its like is back */
  store_values(array, 8);
  expect_values(0, N);
}

/* Both have a chunk c/0, but not of the same size. */
static void test_damaged_chunks(void **state) {
  int32_t values[N];
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "g/a/c/0", "abc");
  zarrc_status status = transfer(array, false, 0, 2, values, &error);
  assert_int_equal(zarrc_status_exit_code(status), 6); /* damage is damage */
  assert_string_equal(error.key, "g/a/c/0");
  zarrc_array *other = create("g/a", DOCUMENT("6", NULL));
  store_values(other, N);
  expect(transfer(array, false, 0, 2, values, &error), &error, ZARRC_CONFLICT, replaced);
  zarrc_array_close(other);
}

static void test_removed(void **state) {
  (void)state;
  assert_int_equal(zarrc_store_erase_prefix(store, "g/a", NULL), ZARRC_OK);
  expect_refused(ZARRC_NOT_FOUND, removed);
  zarrc_group *group = NULL;
  assert_int_equal(zarrc_group_create(store, "g", NULL, ZARRC_CREATE_OVERWRITE, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  expect_refused(ZARRC_NOT_FOUND, removed);
  assert_int_equal(zarrc_group_create(store, "g/a", NULL, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  expect_refused(ZARRC_CONFLICT, by_group);
}

/* Other attributes, another shape and the same once more are no other array. */
static void test_same_chunks(void **state) {
  static const char attributes[] = "{\"a\": 1}";
  zarrc_array *other = NULL;
  (void)state;
  assert_int_equal(zarrc_array_open(store, "g/a", NULL, &other, NULL), ZARRC_OK);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(zarrc_array_set_attributes(other, attributes, sizeof attributes - 1, NULL), ZARRC_OK);
    expect_values(0, N);
    assert_int_equal(zarrc_array_resize(other, (int64_t[]){N + 4 * i}, NULL), ZARRC_OK);
    expect_values(0, N);
    store_values(array, 8);
    char *document = nodes_get(store, "g/a/zarr.json");
    nodes_put(store, "g/a/zarr.json", document);
    free(document);
    expect_values(6, 6);
  }
  assert_string_equal(zarrc_array_attributes(array), "{}");
  assert_int_equal(zarrc_array_shape(array)[0], N);
  zarrc_array_close(other);
}

/* Where all chunks are there the document is not looked at. */
static void test_present_chunks(void **state) {
  (void)state;
  assert_int_equal(zarrc_store_erase(store, "g/a/zarr.json", NULL), ZARRC_OK);
  expect_values(0, 8);
  expect_refused(ZARRC_NOT_FOUND, removed);
}

static void test_unreadable_document(void **state) {
  int32_t values[N];
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "g/a/zarr.json", "{\"zarr_format\": 3");
  expect_values(0, 8);
  assert_int_equal(transfer(array, false, 8, 2, values, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(error.key, "g/a/zarr.json");
  nodes_put(store, "g/a/c/0", "abc"); /* what is wrong with the chunk comes first */
  assert_int_equal(zarrc_status_exit_code(transfer(array, false, 0, 2, values, &error)), 6);
}

static void test_missing_is_error(void **state) {
  zarrc_array_options options = {.struct_size = sizeof options, .missing_is_error = true};
  int32_t values[N];
  zarrc_error error = {0};
  (void)state;
  zarrc_array_close(array);
  assert_int_equal(zarrc_array_open(store, "g/a", &options, &array, NULL), ZARRC_OK);
  assert_int_equal(transfer(array, false, 0, N, values, &error), ZARRC_NOT_FOUND);
  assert_true(strstr(SAID(error), "the chunk is missing") != NULL);
  zarrc_array_close(create("g/a", DOCUMENT("6", NULL)));
  expect(transfer(array, false, 0, N, values, &error), &error, ZARRC_CONFLICT, replaced);
}

/* The array is replaced while its values are fetched, so between two chunks of one write. */
static zarrc_status replace_and_fetch(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  (void)error;
  if (!atomic_flag_test_and_set((atomic_flag *)arg)) zarrc_array_close(create("g/a", DOCUMENT("6", NULL)));
  memset(view->data, 1, (size_t)part->count[0] * sizeof(int32_t));
  return ZARRC_OK;
}

static void test_replaced_in_a_write(void **state) {
  atomic_flag done = ATOMIC_FLAG_INIT;
  zarrc_error error = {0};
  (void)state;
  expect(zarrc_array_write_values(array, NULL, &(zarrc_values){.fetch = replace_and_fetch, .arg = &done}, &error),
         &error, ZARRC_CONFLICT, replaced);
}

#define TEST(f)                                                                                                        \
  {"memory/" #f, f, open_memory, close_all, NULL}, {                                                                   \
    "directory/" #f, f, open_directory, close_all, NULL                                                                \
  }

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_other_chunks),     TEST(test_damaged_chunks),      TEST(test_removed),
      TEST(test_same_chunks),      TEST(test_present_chunks),      TEST(test_unreadable_document),
      TEST(test_missing_is_error), TEST(test_replaced_in_a_write),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
