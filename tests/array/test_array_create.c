/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "support/faulty_alloc.h"
#include "support/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_array *create(const char *path, const zarrc_array_config *config, zarrc_create_mode mode) {
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  if (zarrc_array_create(store, path, config, mode, NULL, &array, &error)) fail_msg("%s", error.message);
  return array;
}

static const int64_t shape[] = {100, 200};

/* What is stored is what the handle shows, and can be opened. */
static void check_stored(zarrc_array *array, const char *key) {
  char *text = nodes_get(store, key);
  assert_non_null(text);
  assert_string_equal(text, zarrc_array_metadata(array));
  free(text);
}

static void test_defaults(void **state) {
  needs_codec("zstd");
  zarrc_array_config config = {.data_type = "float32", .ndim = 2, .shape = shape};
  zarrc_array *a = create("a", &config, ZARRC_CREATE_NEW);
  (void)state;
  assert_string_equal(zarrc_array_codecs(a),
                      "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": \"zstd\", "
                      "\"configuration\": {\"level\": 3, \"checksum\": false}}]");
  assert_string_equal(zarrc_array_attributes(a), "{}");
  assert_null(zarrc_array_dimension_name(a, 0));
  assert_int_equal(zarrc_array_grid(a)->chunk_shape[0], 100);
  assert_int_equal(zarrc_array_grid(a)->chunk_shape[1], 200);
  assert_non_null(strstr(zarrc_array_metadata(a), "\"fill_value\": 0.0,"));
  assert_non_null(strstr(zarrc_array_metadata(a), "\"name\": \"default\","));
  check_stored(a, "a/zarr.json");
  expect_keys("a/zarr.json zarr.json ");
  zarrc_array_close(a);
}

static void test_everything(void **state) {
  static const int64_t chunk[] = {10, 20}, shard[] = {50, 100};
  static const char *const names[] = {"y", NULL};
  zarrc_array_config config = {.struct_size = sizeof config,
                               .data_type = "\"uint16\"",
                               .ndim = 2,
                               .shape = shape,
                               .chunk_shape = chunk,
                               .shard_shape = shard,
                               .codecs = "[\"bytes\", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}]",
                               .fill_value = "9",
                               .chunk_key_encoding = "v2",
                               .separator = '/',
                               .dimension_names = names,
                               .attributes = "{\"n\": NaN}"};
  zarrc_error error = {0};
  zarrc_array *a = NULL;
  int64_t inner[2];
  (void)state;
  assert_int_equal(zarrc_array_create(store, "a/b", &config, ZARRC_CREATE_NEW, NULL, &a, &error),
                   ZARRC_INVALID_METADATA); /* bytes of two-byte elements needs its byte order */
  expect_keys("");
  config.codecs = "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]";
  a = create("a/b", &config, ZARRC_CREATE_NEW);
  assert_true(zarrc_array_inner_chunk_shape(a, inner));
  assert_int_equal(inner[0], 10);
  assert_int_equal(inner[1], 20);
  assert_int_equal(zarrc_array_grid(a)->chunk_shape[0], 50);
  assert_string_equal(zarrc_array_dimension_name(a, 0), "y");
  assert_null(zarrc_array_dimension_name(a, 1));
  assert_string_equal(zarrc_array_attributes(a), "{\"n\": NaN}");
  assert_int_equal(*(const uint16_t *)zarrc_array_fill(a), 9);
  assert_string_equal(
      zarrc_array_codecs(a),
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [10, 20], \"codecs\": "
      "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}], \"index_codecs\": [{\"name\": "
      "\"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": \"crc32c\"}], "
      "\"index_location\": \"end\"}}]");
  char key[32];
  assert_int_equal(zarrc_array_chunk_key(a, (const int64_t[]){1, 1}, key, sizeof key, NULL), ZARRC_OK);
  assert_string_equal(key, "a/b/1/1");
  check_stored(a, "a/b/zarr.json");
  expect_keys("a/b/zarr.json a/zarr.json zarr.json ");
  char *group = nodes_get(store, "a/zarr.json");
  assert_string_equal(group, "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}");
  free(group);
  zarrc_array_close(a);
}

static void test_types(void **state) {
  static const struct {
    const char *type, *codec, *fill;
  } rows[] = {
      {"bool", "\"bytes\"", "false"},
      {"int8", "\"bytes\"", "0"},
      {"string", "\"vlen-utf8\"", "\"\""},
      {"bytes", "\"vlen-bytes\"", "\"\""},
      {"complex64", "\"bytes\"", "[\n    0.0,\n    0.0\n  ]"},
      {"{\"name\": \"numpy.datetime64\", \"configuration\": {\"unit\": \"s\", \"scale_factor\": 1}}", "\"bytes\"",
       "-9223372036854775808"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array_config config = {.data_type = rows[i].type, .ndim = 2, .shape = shape};
    char fill[64] = "\"fill_value\": ";
    zarrc_array *a = create("a", &config, ZARRC_CREATE_OVERWRITE);
    assert_non_null(strstr(zarrc_array_codecs(a), rows[i].codec));
    assert_non_null(strstr(zarrc_array_metadata(a), strcat(fill, rows[i].fill)));
    zarrc_array_close(a);
  }
}

static uint64_t chunk_nbytes(const zarrc_array *a, const int64_t *edges) {
  uint64_t n = zarrc_array_dtype(a)->item_size;
  for (int i = 0; i < zarrc_array_ndim(a); i++) n *= (uint64_t)edges[i];
  return n;
}

/* A chunk shape that is chosen has at most 1 MiB, and more than a quarter of it where the array is large enough. */
static void test_chosen_chunks(void **state) {
  static const int64_t shapes[][4] = {
      {10000000, 1, 1, 1}, {5000, 5000, 1, 1}, {3, 1000000, 1, 1}, {101, 103, 107, 109},
      {7, 0, 5, 3},        {0, 0, 0, 0},       {1, 1, 1, 1},       {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}};
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    zarrc_array_config config = {.data_type = "float64", .ndim = 4, .shape = shapes[i]};
    zarrc_array *a = create("a", &config, ZARRC_CREATE_OVERWRITE);
    uint64_t n = chunk_nbytes(a, zarrc_array_grid(a)->chunk_shape);
    assert_true(n <= 1 << 20);
    if (i < 4 || i == 7) assert_true(n > 1 << 18);
    zarrc_array_close(a);
    config.shard_shape = shapes[i];
    if (i > 3) continue;
    a = create("a", &config, ZARRC_CREATE_OVERWRITE); /* inner chunks that divide the shard */
    int64_t inner[4];
    assert_true(zarrc_array_inner_chunk_shape(a, inner));
    for (int k = 0; k < 4; k++) assert_int_equal(shapes[i][k] % inner[k], 0);
    assert_true(chunk_nbytes(a, inner) <= 1 << 20);
    zarrc_array_close(a);
  }
}

static void test_rank_0(void **state) {
  zarrc_array_config config = {.data_type = "int16"};
  zarrc_array *a = create("", &config, ZARRC_CREATE_NEW);
  int16_t value = 7, back = 0;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 0, NULL, &value);
  (void)state;
  assert_int_equal(zarrc_array_write(a, NULL, &view, NULL), ZARRC_OK);
  view.data = &back;
  assert_int_equal(zarrc_array_read(a, NULL, &view, NULL), ZARRC_OK);
  assert_int_equal(back, 7);
  expect_keys("c zarr.json ");
  zarrc_array_close(a);
}

/* Nothing is stored when the configuration is refused. */
static void test_refused(void **state) {
  static const int64_t zero[] = {10, 0}, minus[] = {-1, 200}, ten[] = {10, 10}, odd[] = {15, 20};
  static const struct {
    zarrc_array_config config;
    zarrc_status status;
    const char *message;
  } rows[] = {
      {{.ndim = 2, .shape = shape}, ZARRC_INVALID_ARGUMENT, "data type"},
      {{.data_type = "int3", .ndim = 2, .shape = shape}, ZARRC_UNSUPPORTED, "int3"},
      {{.data_type = "int32", .ndim = 33, .shape = shape}, ZARRC_INVALID_ARGUMENT, "33 dimensions"},
      {{.data_type = "int32", .ndim = -1, .shape = shape}, ZARRC_INVALID_ARGUMENT, "dimensions"},
      {{.data_type = "int32", .ndim = 2}, ZARRC_INVALID_ARGUMENT, "shape"},
      {{.data_type = "int32", .ndim = 2, .shape = minus}, ZARRC_INVALID_ARGUMENT, "shape: axis 0"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .chunk_shape = zero}, ZARRC_INVALID_ARGUMENT, "chunk shape"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .shard_shape = zero}, ZARRC_INVALID_ARGUMENT, "shard shape"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .chunk_shape = ten, .shard_shape = odd},
       ZARRC_INVALID_METADATA,
       "shard"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .chunk_key_encoding = "v3"}, ZARRC_INVALID_ARGUMENT, "\"v2\""},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .separator = '-'}, ZARRC_INVALID_ARGUMENT, "separator"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .codecs = "[]"}, ZARRC_INVALID_METADATA, "codecs"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .codecs = "[\"bytes\"], \"shape\": [1]"},
       ZARRC_INVALID_METADATA,
       "codecs: "},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .fill_value = "1.5"}, ZARRC_INVALID_METADATA, "fill_value"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .fill_value = "1, \"x\": 2"},
       ZARRC_INVALID_METADATA,
       "fill value: "},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .attributes = "[]"}, ZARRC_INVALID_ARGUMENT, "attributes"},
      {{.data_type = "int32", .ndim = 2, .shape = shape, .attributes = "{}, \"x\": {}"},
       ZARRC_INVALID_ARGUMENT,
       "attributes"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array *a = NULL;
    zarrc_error error = {0};
    zarrc_status status = zarrc_array_create(store, "a", &rows[i].config, ZARRC_CREATE_NEW, NULL, &a, &error);
    if (status != rows[i].status) fail_msg("row %zu: %s", i, status ? error.message : "accepted");
    if (!strstr(error.message, rows[i].message)) fail_msg("row %zu: %s", i, error.message);
    assert_null(a);
    expect_keys("");
  }
}

static void test_modes(void **state) {
  zarrc_array_config config = {.data_type = "int32", .ndim = 2, .shape = shape}, bad = config;
  zarrc_array *a = create("a", &config, ZARRC_CREATE_NEW), *b = NULL;
  zarrc_error error = {0};
  int32_t one = 1;
  zarrc_region r = {.start = {0, 0}, .count = {1, 1}, .step = {1, 1}};
  (void)state;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 2, r.count, &one);
  assert_int_equal(zarrc_array_write(a, &r, &view, NULL), ZARRC_OK);
  nodes_put(store, "a/c/9/9", "left over");
  nodes_put(store, "ab/x", "another");
  assert_int_equal(zarrc_array_create(store, "a", &config, ZARRC_CREATE_NEW, NULL, &b, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(error.message, "already"));
  bad.fill_value = "null";
  assert_int_not_equal(zarrc_array_create(store, "a", &bad, ZARRC_CREATE_OVERWRITE, NULL, &b, &error), ZARRC_OK);
  expect_keys("a/c/0/0 a/c/9/9 a/zarr.json ab/x zarr.json "); /* refused before anything was removed */
  zarrc_array_close(a);
  a = create("a", &config, ZARRC_CREATE_OVERWRITE);
  expect_keys("a/zarr.json ab/x zarr.json ");
  zarrc_array_close(a);
  a = create("ab", &config, ZARRC_CREATE_NEW); /* a directory without metadata is nothing */
  zarrc_array_close(a);
}

static void test_create_json(void **state) {
  char *document = nodes_document("codecs", "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]",
                                  "chunk_key_encoding", "\"v2\"", NULL);
  char *group = nodes_document("node_type", "\"group\"", NULL);
  zarrc_array *a = NULL;
  (void)state;
  assert_int_equal(zarrc_array_create_json(store, "a", group, strlen(group), ZARRC_CREATE_NEW, NULL, &a, NULL),
                   ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_array_create_json(store, NULL, document, strlen(document), ZARRC_CREATE_NEW, NULL, &a, NULL),
                   ZARRC_INVALID_ARGUMENT);
  expect_keys("");
  assert_int_equal(zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, &a, NULL),
                   ZARRC_OK);
  check_stored(a, "a/zarr.json"); /* canonical, not as it was given */
  zarrc_array_close(a);
  free(document);
  free(group);
}

/* Of chunks of several sizes the largest must be one that the codecs can encode. */
static void test_largest_chunk(void **state) {
  static const char *const lists[] = {"[[1, 2147483632], [1]]", "[[1, 2147483631], [1]]"};
  static const char codecs[] =
      "[\"bytes\", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"lz4\", \"clevel\": 1, "
      "\"shuffle\": \"noshuffle\", \"blocksize\": 0}}]";
  (void)state;
  needs_codec("blosc");
  for (int i = 0; i < 2; i++) {
    char grid[160];
    zarrc_array *a = NULL;
    zarrc_error error;
    snprintf(grid, sizeof grid,
             "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": %s}}", lists[i]);
    char *document = nodes_document("data_type", "\"uint8\"", "shape", i ? "[2147483632, 1]" : "[2147483633, 1]",
                                    "chunk_grid", grid, "codecs", codecs, NULL);
    zarrc_status status =
        zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, &a, &error);
    assert_int_equal(status, i ? ZARRC_OK : ZARRC_LIMIT);
    if (!i) assert_non_null(strstr(error.message, "chunks have 2147483632 bytes"));
    if (!i) expect_keys("");
    if (i) zarrc_array_close(a);
    free(document);
  }
}

static void test_old_config(void **state) {
  zarrc_array_config config = {.struct_size = offsetof(zarrc_array_config, attributes),
                               .data_type = "int32",
                               .ndim = 2,
                               .shape = shape,
                               .attributes = "not for this caller"};
  zarrc_array *a = create("a", &config, ZARRC_CREATE_NEW);
  (void)state;
  assert_string_equal(zarrc_array_attributes(a), "{}");
  zarrc_array_close(a);
}

static zarrc_status create_and_close(const zarrc_ctx_options *options, void *arg) {
  static const int64_t chunk[] = {10, 20}, shard[] = {50, 100};
  static const char *const names[] = {"y", NULL};
  zarrc_array_config config = {.data_type = "int32",
                               .ndim = 2,
                               .shape = shape,
                               .chunk_shape = chunk,
                               .shard_shape = shard,
                               .fill_value = "9",
                               .dimension_names = names,
                               .attributes = "{\"n\": 1}"};
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  zarrc_array *a = NULL;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  (void)arg;
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status) status = zarrc_array_create(memory, "a/b", &config, ZARRC_CREATE_NEW, NULL, &a, NULL);
  zarrc_array_close(a);
  a = NULL;
  if (!status) status = zarrc_array_create(memory, "a/b", &config, ZARRC_CREATE_OVERWRITE, NULL, &a, NULL);
  zarrc_array_close(a);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, create_and_close, NULL));
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_defaults),      EMPTY_STORE(test_everything),     EMPTY_STORE(test_types),
      EMPTY_STORE(test_chosen_chunks), EMPTY_STORE(test_rank_0),         EMPTY_STORE(test_refused),
      EMPTY_STORE(test_modes),         EMPTY_STORE(test_create_json),    EMPTY_STORE(test_old_config),
      EMPTY_STORE(test_largest_chunk), cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
