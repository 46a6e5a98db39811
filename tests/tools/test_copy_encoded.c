/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/nodes.h"
#include "tools/two_stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chunks of an array with a codec that nobody knows are moved as they are. */
static void test_unknown(void **state) {
  char *document = nodes_document("codecs", "[{\"name\": \"bytes\"}, {\"name\": \"nobody.knows\"}]", NULL);
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  nodes_put(source, "g/a/zarr.json", document);
  nodes_put(source, "g/a/c/0/1", "whatever");
  nodes_put(source, "g/a/c/1/0", "it is");
  free(document);
  zarrc_copy_options options = {.check = true};
  assert_int_equal(copying_run(source, "g/a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_true(zarrc_copier_array(copier, 0)->encoded);
  assert_int_equal(zarrc_copier_report(copier)->written_nobjects, 2);
  zarrc_copier_close(copier);
  char *one = nodes_get(target, "b/c/0/1"), *two = nodes_get(target, "b/c/1/0");
  assert_string_equal(one, "whatever");
  assert_string_equal(two, "it is");
  free(one);
  free(two);
  options.codecs = "gzip(1)";
  assert_int_equal(copying_plan(source, "g/a", target, "c", options, &copier, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(error.message, "can only be copied with its own chunks, codecs and keys"));
  zarrc_copier_close(copier);
}

/* Four floats in chunks of two through numcodecs.quantize, the first of which somebody stored without rounding. */
static void put_floats(const char *path, const char *codecs) {
  const float values[2] = {1.23456f, 2.5f}, zeros[2] = {0};
  char key[40];
  char *document = nodes_document("shape", "[4]", "data_type", "\"float32\"", "chunk_grid",
                                  "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2]}}", "codecs",
                                  codecs, "fill_value", "0", NULL);
  snprintf(key, sizeof key, "%s/zarr.json", path);
  nodes_put(source, key, document);
  free(document);
  snprintf(key, sizeof key, "%s/c/0", path);
  assert_int_equal(zarrc_store_set(source, key, values, sizeof values, NULL), ZARRC_OK);
  snprintf(key, sizeof key, "%s/c/1", path);
  assert_int_equal(zarrc_store_set(source, key, zeros, sizeof zeros, NULL), ZARRC_OK);
}

static void check_same_value(const char *a, const char *b, size_t nbytes) {
  zarrc_bytes one, two;
  assert_int_equal(zarrc_store_get(source, a, 1000, &one, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_get(target, b, 1000, &two, NULL), ZARRC_OK);
  assert_int_equal(one.len, nbytes);
  assert_int_equal(two.len, nbytes);
  assert_memory_equal(one.ptr, two.ptr, nbytes);
  zarrc_bytes_release(&one);
  zarrc_bytes_release(&two);
}

#define QUANTIZE                                                                                                       \
  "[{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 1, \"dtype\": \"<f4\"}}, {\"name\": "           \
  "\"bytes\", \"configuration\": {\"endian\": \"little\"}}]"

/* Filters that lose something are not applied a second time, as long as codecs and chunks stay the same. */
static void test_lossy(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  put_floats("a", QUANTIZE);
  zarrc_copy_options options = {.check = true};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  const zarrc_copy_array *plan = zarrc_copier_array(copier, 0);
  assert_true(plan->as_stored);
  assert_false(plan->encoded);
  assert_int_equal(zarrc_copier_report(copier)->copied_nbytes, 16);
  zarrc_copier_close(copier);
  check_same_value("a/c/0", "b/c/0", 8);
  check_same_value("a/c/1", "b/c/1", 8);
  /* other keys: the chunks are the same */
  options = (zarrc_copy_options){.chunk_key_encoding = "v2"};
  assert_int_equal(copying_run(source, "a", target, "d", options, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  check_same_value("a/c/0", "d/0", 8);
  /* other chunks: encoded anew */
  options = (zarrc_copy_options){.chunk_shape = (int64_t[]){4}, .nchunk_shape = 1};
  assert_int_equal(copying_plan(source, "a", target, "e", options, &copier, &error), ZARRC_OK);
  assert_false(zarrc_copier_array(copier, 0)->as_stored);
  zarrc_copier_close(copier);
  /* what is not stored is stored if it is wanted */
  assert_int_equal(zarrc_store_erase(source, "a/c/1", NULL), ZARRC_OK);
  options = (zarrc_copy_options){.write_empty_chunks = true};
  assert_int_equal(copying_run(source, "a", target, "f", options, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  check_same_value("a/c/0", "f/c/0", 8);
  char *empty = nodes_get(target, "f/c/1");
  assert_non_null(empty);
  free(empty);
}

/* What is copied as it is stored is decoded: a damaged chunk is told, and not kept. */
static void test_lossy_damaged(void **state) {
  static const char codecs[] =
      "[{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 5}}, {\"name\": \"bytes\", \"configuration\": "
      "{\"endian\": \"little\"}}, {\"name\": \"crc32c\"}]";
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  put_floats("a", codecs);
  nodes_put(source, "a/c/0", "eight bycrc.");
  nodes_put(source, "a/c/1", "");
  assert_int_equal(zarrc_store_erase(source, "a/c/1", NULL), ZARRC_OK);
  assert_int_equal(copying_run(source, "a", target, "b", (zarrc_copy_options){0}, &copier, &error), ZARRC_CHECKSUM);
  assert_int_equal(zarrc_copier_report(copier)->side, ZARRC_COPY_SOURCE);
  assert_string_equal(error.key, "a/c/0");
  zarrc_copier_close(copier);
  assert_null(nodes_get(target, "b/c/0"));
}

/* One that was copied before is checked too, and made anew. */
static void test_lossy_resumed(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  put_floats("a", QUANTIZE);
  assert_int_equal(copying_run(source, "a", target, "b", (zarrc_copy_options){0}, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  zarrc_copy_options options = {.mode = ZARRC_COPY_RESUME};
  assert_int_equal(zarrc_store_erase(target, "b/c/1", NULL), ZARRC_OK);
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->skipped_nobjects, 1);
  assert_int_equal(zarrc_copier_report(copier)->written_nobjects, 1);
  zarrc_copier_close(copier);
  check_same_value("a/c/1", "b/c/1", 8);
  nodes_put(target, "b/c/0", "8 bytes.");
  options.check = true;
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->mended_nobjects, 1);
  zarrc_copier_close(copier);
  check_same_value("a/c/0", "b/c/0", 8);
}

/* The same in shards too large to be decoded at once. */
static void test_lossy_shards(void **state) {
  zarrc_array_config config = {.struct_size = sizeof config,
                               .data_type = "float64",
                               .ndim = 1,
                               .shape = (int64_t[]){300000},
                               .chunk_shape = (int64_t[]){1000},
                               .shard_shape = (int64_t[]){200000},
                               .codecs = "[{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 5}}, {\"name\": "
                                         "\"bytes\", \"configuration\": {\"endian\": \"little\"}}]"};
  zarrc_array *array;
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  double *values = malloc(300000 * sizeof *values);
  assert_non_null(values);
  for (int i = 0; i < 300000; i++) values[i] = i + 0.3;
  assert_int_equal(zarrc_array_create(source, "a", &config, ZARRC_CREATE_NEW, NULL, &array, &error), ZARRC_OK);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 1, config.shape, values);
  assert_int_equal(zarrc_array_write(array, NULL, &view, &error), ZARRC_OK);
  zarrc_array_close(array);
  free(values);
  for (int i = 0; i < 2; i++) {
    const zarrc_copy_options options = {.memory = i ? 0 : 1 << 20, .check = i};
    if (copying_run(source, "a", target, i ? "c" : "b", options, &copier, &error)) fail_msg("%s", error.message);
    assert_true(zarrc_copier_array(copier, 0)->as_stored);
    assert_int_equal(zarrc_copier_report(copier)->written_nobjects, 2);
    assert_int_equal(zarrc_copier_report(copier)->copied_nbytes, 300000 * 8);
    zarrc_copier_close(copier);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_unknown, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_lossy, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_lossy_damaged, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_lossy_resumed, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_lossy_shards, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
