/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/array.h"
#include "support/faulty_alloc.h"
#include "support/nodes.h"
#include "support/said.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;
static zarrc_store *store;

static int open_all(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL);
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

static zarrc_array *put_and_open(const char *path, char *document, const zarrc_array_options *options) {
  char key[64];
  zarrc_error error = {0};
  zarrc_array *array = NULL;
  snprintf(key, sizeof key, "%s%szarr.json", path, *path ? "/" : "");
  nodes_put(store, key, document);
  free(document);
  if (zarrc_array_open(store, path, options, &array, &error)) fail_msg("%s", SAID(error));
  return array;
}

static void test_getters(void **state) {
  char *document =
      nodes_document("dimension_names", "[\"x\", null]", "attributes", "{\"a\": 1}", "fill_value", "-7", NULL);
  zarrc_array *a = put_and_open("g/a", document, NULL);
  int64_t inner[2], chunk[] = {1, 1};
  char key[32];
  (void)state;
  assert_ptr_equal(zarrc_array_store(a), store);
  assert_string_equal(zarrc_array_path(a), "g/a");
  assert_int_equal(zarrc_array_ndim(a), 2);
  assert_int_equal(zarrc_array_shape(a)[0], 4);
  assert_int_equal(zarrc_array_shape(a)[1], 6);
  assert_int_equal(zarrc_array_dtype(a)->type, ZARRC_INT32);
  assert_int_equal(zarrc_array_grid(a)->chunk_shape[1], 3);
  assert_int_equal(*(const int32_t *)zarrc_array_fill(a), -7);
  assert_string_equal(zarrc_array_codecs(a), "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]");
  assert_string_equal(zarrc_array_attributes(a), "{\"a\": 1}");
  assert_non_null(strstr(zarrc_array_metadata(a), "\"fill_value\": -7,\n"));
  assert_string_equal(zarrc_array_dimension_name(a, 0), "x");
  assert_null(zarrc_array_dimension_name(a, 1));
  assert_null(zarrc_array_dimension_name(a, 2));
  assert_null(zarrc_array_dimension_name(a, -1));
  assert_false(zarrc_array_inner_chunk_shape(a, inner));
  assert_int_equal(zarrc_array_chunk_key(a, chunk, key, sizeof key, NULL), ZARRC_OK);
  assert_string_equal(key, "g/a/c/1/1");
  assert_int_equal(zarrc_array_chunk_key(a, chunk, key, 9, NULL), ZARRC_LIMIT);
  chunk[0] = 2;
  assert_int_equal(zarrc_array_chunk_key(a, chunk, key, sizeof key, NULL), ZARRC_INVALID_ARGUMENT);
  chunk[0] = -1;
  assert_int_equal(zarrc_array_chunk_key(a, chunk, key, sizeof key, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_array_close(a);
  zarrc_array_close(NULL);
}

static void test_inner_chunk_shape(void **state) {
  zarrc_array *a = put_and_open(
      "s",
      nodes_document("codecs", "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1, 3]}}]",
                     "data_type", "\"uint8\"", NULL),
      NULL);
  int64_t inner[2];
  (void)state;
  assert_true(zarrc_array_inner_chunk_shape(a, inner));
  assert_int_equal(inner[0], 1);
  assert_int_equal(inner[1], 3);
  zarrc_array_close(a);
}

#define UNKNOWN_TYPE  "{\"name\": \"acme.decimal\", \"configuration\": {\"digits\": 9}}"
#define UNKNOWN_CHAIN "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}, \"acme.squeeze\"]"
#define SHARD         "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1, 3], \"codecs\": "

static zarrc_status fetch_nothing(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  (void)arg, (void)part, (void)view;
  return zarrc_fail(error, ZARRC_INTERNAL, "not to be called");
}

/* What every function that needs elements says of an array that was opened with allow_unknown. */
static void check_unreadable(zarrc_array *a, const char *message) {
  int64_t chunk[2] = {0}, shape[] = {4, 6};
  int32_t memory[24];
  zarrc_dtype type = zarrc_dtype_of(ZARRC_INT32);
  zarrc_view view = zarrc_view_c(&type, 2, shape, memory);
  const zarrc_pipeline *pipeline;
  zarrc_selection all = {0};
  for (int i = 0; i < 6; i++) {
    zarrc_error error = {0};
    zarrc_status status = i == 0   ? zarrc_array_check_readable(a, &error)
                          : i == 1 ? zarrc_array_read(a, NULL, &view, &error)
                          : i == 2 ? zarrc_array_write(a, NULL, &view, &error)
                          : i == 3 ? zarrc_array_read_selection(a, &all, &view, &error)
                          : i == 4 ? zarrc_array_write_values(a, NULL, &(zarrc_values){.fetch = fetch_nothing}, &error)
                                   : zarrc_array_pipeline(a, chunk, &pipeline, &error);
    assert_int_equal(status, ZARRC_UNSUPPORTED);
    assert_int_equal(error.code, ZARRC_UNSUPPORTED);
    if (!strstr(SAID(error), message)) fail_msg("call %d: %s", i, SAID(error));
    assert_int_equal(zarrc_array_check_readable(a, NULL), ZARRC_UNSUPPORTED);
  }
}

/* Arrays with an unknown data type or codec: shut by default, open for looking with allow_unknown. */
static void test_unknown(void **state) {
  static const struct {
    const char *type, *fill, *codecs;
    bool dtype, shard;
    const char *message;
  } rows[] = {
      {UNKNOWN_TYPE, "{\"a\": [1, null]}", UNKNOWN_CHAIN, false, false, "/data_type: "},
      {"\"int32\"", "7", UNKNOWN_CHAIN, true, false, "/codecs: unknown codec acme.squeeze"},
      {"\"int32\"", "7", "[" SHARD UNKNOWN_CHAIN "}}]", true, true, "unknown codec acme.squeeze"},
      {UNKNOWN_TYPE, "\"1.5\"", "[" SHARD UNKNOWN_CHAIN "}}]", false, true, "/data_type: "},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *fill = rows[i].fill;
    char *document = nodes_document("data_type", rows[i].type, "fill_value", fill, "codecs", rows[i].codecs, NULL);
    zarrc_array_options options = {.allow_unknown = true};
    zarrc_error error = {0};
    zarrc_array *a = NULL, *copy = NULL;
    int64_t chunk[] = {1, 1}, shape[] = {2, 6};
    char key[32];
    nodes_put(store, "u/zarr.json", document);
    free(document);
    assert_int_equal(zarrc_array_open(store, "u", NULL, &a, &error), ZARRC_UNSUPPORTED);
    if (!strstr(SAID(error), rows[i].message)) fail_msg("%s", SAID(error));
    assert_int_equal(zarrc_array_open(store, "u", &options, &a, &error), ZARRC_OK);
    check_unreadable(a, rows[i].message);
    assert_true((zarrc_array_dtype(a) != NULL) == rows[i].dtype);
    assert_true((zarrc_array_fill(a) != NULL) == rows[i].dtype);
    assert_string_equal(zarrc_array_data_type(a), rows[i].type);
    assert_string_equal(zarrc_array_fill_value(a), fill);
    assert_non_null(strstr(zarrc_array_codecs(a), UNKNOWN_CHAIN));
    assert_true(zarrc_array_inner_chunk_shape(a, (int64_t[2]){0}) == rows[i].shard);
    assert_int_equal(zarrc_array_chunk_key(a, chunk, key, sizeof key, NULL), ZARRC_OK);
    assert_string_equal(key, "u/c/1/1");
    /* its document makes another array of the same kind, whose attributes and length can be changed */
    const char *text = zarrc_array_metadata(a);
    assert_int_equal(
        zarrc_array_create_json(store, "copy", text, strlen(text), ZARRC_CREATE_OVERWRITE, NULL, &copy, &error),
        ZARRC_UNSUPPORTED);
    assert_int_equal(
        zarrc_array_create_json(store, "copy", text, strlen(text), ZARRC_CREATE_OVERWRITE, &options, &copy, &error),
        ZARRC_OK);
    assert_string_equal(zarrc_array_metadata(copy), text);
    nodes_put(store, "copy/c/1/0", "encoded");
    assert_int_equal(zarrc_array_set_attributes(copy, "{\"k\": 1}", 8, &error), ZARRC_OK);
    assert_int_equal(zarrc_array_resize(copy, shape, &error), ZARRC_OK);
    assert_null(nodes_get(store, "copy/c/1/0"));
    check_unreadable(copy, rows[i].message);
    zarrc_array_close(copy);
    zarrc_array_close(a);
  }
}

/* allow_unknown forgives what is not known, and nothing else; what is known stays readable. */
static void test_unknown_only(void **state) {
  static const char *const wrong[][2] = {{"codecs", "{}"},
                                         {"data_type", "7"},
                                         {"fill_value", "null"},
                                         {"shape", "[1]"},
                                         {"codecs", "[\"bytes\", \"bytes\"]"}};
  zarrc_array_options options = {.allow_unknown = true};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    zarrc_array *a = NULL;
    char *document = nodes_document(wrong[i][0], wrong[i][1], NULL);
    nodes_put(store, "w/zarr.json", document);
    free(document);
    assert_int_equal(zarrc_array_open(store, "w", &options, &a, NULL), ZARRC_INVALID_METADATA);
  }
  zarrc_array *a = put_and_open("k", nodes_document(NULL), &options);
  assert_int_equal(zarrc_array_check_readable(a, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_data_type(a), "\"int32\"");
  zarrc_array_close(a);
}

/* What cannot be opened, and how the message begins. */
static void test_not_opened(void **state) {
  static const struct {
    const char *key, *text, *path;
    zarrc_status status;
    const char *message, *error_key;
  } rows[] = {
      {"x", "x", "none", ZARRC_NOT_FOUND, "none/zarr.json: ", "none/zarr.json"},
      {"v2/.zarray", "{}", "v2", ZARRC_INVALID_METADATA, "v2/.zarray: /zarr_format: is missing", "v2/.zarray"},
      {"v2s/.zarray", "{\"zarr_format\": 2}", "v2s", ZARRC_INVALID_METADATA, "v2s/.zarray: /shape: is missing",
       "v2s/.zarray"},
      {"v2g/.zgroup", "{\"zarr_format\": 2}", "v2g", ZARRC_INVALID_ARGUMENT,
       "v2g/.zgroup: this is a group, not an array", "v2g/.zgroup"},
      {"grp/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}", "grp", ZARRC_INVALID_ARGUMENT,
       "grp/zarr.json: /node_type: this is a group, not an array", "grp/zarr.json"},
      {"bad/zarr.json", "{\"zarr_format\": 3, ", "bad", ZARRC_INVALID_METADATA, "bad/zarr.json: ", "bad/zarr.json"},
      {"empty/zarr.json", "", "empty", ZARRC_INVALID_METADATA, "empty/zarr.json: ", "empty/zarr.json"},
      {"x", "x", "../a", ZARRC_INVALID_ARGUMENT, "../a: no valid key", "../a"},
      {"x", "x", "/a", ZARRC_INVALID_ARGUMENT, "/a: no valid key", "/a"},
      {"x", "x", "a/", ZARRC_INVALID_ARGUMENT, "a/: no valid key", "a/"},
      {"x", "x", "a//b", ZARRC_INVALID_ARGUMENT, "a//b: no valid key", "a//b"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error = {0};
    zarrc_array *array = (zarrc_array *)&error;
    nodes_put(store, rows[i].key, rows[i].text);
    assert_int_equal(zarrc_array_open(store, rows[i].path, NULL, &array, &error), rows[i].status);
    assert_ptr_equal(array, &error); /* written only on success */
    if (strncmp(SAID(error), rows[i].message, strlen(rows[i].message)) != 0) fail_msg("%s", SAID(error));
    assert_string_equal(error.key, rows[i].error_key);
  }
}

static void test_long_paths(void **state) {
  char path[ZARRC_MAX_PATH + 2];
  zarrc_array *array;
  (void)state;
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = 0;
  assert_int_equal(zarrc_array_open(store, path, NULL, &array, NULL), ZARRC_LIMIT);
  path[sizeof path - 2] = 0;
  assert_int_equal(zarrc_array_open(store, path, NULL, &array, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_array_open(store, NULL, NULL, &array, NULL), ZARRC_INVALID_ARGUMENT);
}

static void test_options(void **state) {
  char *document = nodes_document(
      "chunk_grid", "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2, 3], \"a\": 1}}", NULL);
  zarrc_array_options options = {.strict = true};
  zarrc_array *array = NULL;
  (void)state;
  nodes_put(store, "o/zarr.json", document);
  free(document);
  assert_int_equal(zarrc_array_open(store, "o", &options, &array, NULL), ZARRC_INVALID_METADATA);
  options.struct_size = sizeof options;
  assert_int_equal(zarrc_array_open(store, "o", &options, &array, NULL), ZARRC_INVALID_METADATA);
  /* a caller compiled against a version that had no strict */
  options.struct_size = offsetof(zarrc_array_options, strict);
  assert_int_equal(zarrc_array_open(store, "o", &options, &array, NULL), ZARRC_OK);
  zarrc_array_close(array);
}

static void note(void *ud, const char *at, const char *path, const char *sentence) {
  char *said = ud;
  snprintf(said + strlen(said), 200 - strlen(said), "%s %s %s;", at ? at : "-", path, sentence);
}

/* The context tells of each opening, and may want all arrays strict. */
static void test_notices(void **state) {
  (void)state;
  for (int strict = 0; strict < 2; strict++) {
    char *document = nodes_document("attributes", "null", NULL), said[200] = "";
    zarrc_ctx_options options = {.struct_size = sizeof options, .notice = note, .notice_ud = said, .strict = strict};
    zarrc_ctx *own = NULL;
    zarrc_store *memory = NULL;
    zarrc_array *array = NULL;
    assert_int_equal(zarrc_ctx_open(&options, &own, NULL), ZARRC_OK);
    assert_int_equal(zarrc_memory_store_open(own, &memory, NULL), ZARRC_OK);
    nodes_put(memory, "a/b/zarr.json", document);
    free(document);
    assert_int_equal(zarrc_array_open(memory, "a/b", NULL, &array, NULL), strict ? ZARRC_INVALID_METADATA : ZARRC_OK);
    assert_true(strict ? !*said : strstr(said, " a/b /attributes: must not be null;") != NULL);
    if (!strict) zarrc_array_close(array);
    zarrc_store_close(memory);
    zarrc_ctx_close(own);
  }
}

/* Each struct that a caller fills, as a caller compiled with a newer header gives it: longer, with one more member.
 * What it sets there is refused, not dropped; unset it does not matter. */
static void test_newer_structs(void **state) {
  static const int64_t shape[1] = {1};
  const struct {
    zarrc_array_options options;
    uint64_t added;
  } open = {{.struct_size = sizeof open}, 1}, open_unset = {{.struct_size = sizeof open}, 0};
  const struct {
    zarrc_array_config config;
    uint64_t added;
  } create = {{.struct_size = sizeof create, .data_type = "int8", .ndim = 1, .shape = shape}, 1},
    create_unset = {{.struct_size = sizeof create, .data_type = "int8", .ndim = 1, .shape = shape}, 0};
  const struct {
    zarrc_file_store_options options;
    uint64_t added;
  } file = {{.struct_size = sizeof file}, 1}, file_unset = {{.struct_size = sizeof file}, 0};
  const struct {
    zarrc_open_options options;
    uint64_t added;
  } url = {{.struct_size = sizeof url}, 1}, url_unset = {{.struct_size = sizeof url}, 0};
  zarrc_array *array = NULL;
  zarrc_store *s = NULL;
  char *path = NULL;
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_array_create(store, "n", &create.config, ZARRC_CREATE_NEW, NULL, &array, &error),
                   ZARRC_UNSUPPORTED);
  assert_non_null(strstr(SAID(error), zarrc_version()));
  assert_int_equal(zarrc_array_create(store, "n", &create_unset.config, ZARRC_CREATE_NEW, NULL, &array, &error),
                   ZARRC_OK);
  zarrc_array_close(array);
  assert_int_equal(zarrc_array_open(store, "n", &open.options, &array, &error), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_array_open(store, "n", &open_unset.options, &array, &error), ZARRC_OK);
  zarrc_array_close(array);
  assert_int_equal(zarrc_file_store_open(ctx, "/", &file.options, &s, &error), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_file_store_open(ctx, "/", &file_unset.options, &s, &error), ZARRC_OK);
  zarrc_store_close(s);
  assert_int_equal(zarrc_store_open(ctx, "memory:", &url.options, &s, &path, &error), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_store_open(ctx, "memory:", &url_unset.options, &s, &path, &error), ZARRC_OK);
  zarrc_store_close(s);
  zarrc_free(ctx, path);
}

/* ------------------------------------------------------------------------------------------------------ pipelines */

static zarrc_array *rectilinear(void) {
  /* edges 1, 2, ... 20 on both axes: 400 chunk shapes */
  char lists[512] = "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": [";
  for (int axis = 0; axis < 2; axis++) {
    strcat(lists, axis ? ", [1" : "[1");
    for (int i = 2; i <= 20; i++) snprintf(lists + strlen(lists), sizeof lists - strlen(lists), ", %d", i);
    strcat(lists, "]");
  }
  strcat(lists, "]}}");
  return put_and_open("r", nodes_document("chunk_grid", lists, "shape", "[210, 210]", NULL), NULL);
}

static void test_regular_pipeline(void **state) {
  zarrc_array *a = put_and_open("p", nodes_document(NULL), NULL);
  int64_t chunk[] = {0, 0}, outside[] = {0, 2};
  const zarrc_pipeline *p, *q;
  (void)state;
  assert_int_equal(zarrc_array_pipeline(a, chunk, &p, NULL), ZARRC_OK);
  chunk[1] = 1;
  assert_int_equal(zarrc_array_pipeline(a, chunk, &q, NULL), ZARRC_OK);
  assert_ptr_equal(p, q);
  assert_int_equal(zarrc_pipeline_spec(p)->shape[1], 3);
  assert_int_equal(zarrc_array_pipeline(a, outside, &q, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_array_close(a);
}

static void *ask_pipelines(void *arg) {
  zarrc_array *a = arg;
  for (int64_t i = 0; i < 400; i++) {
    int64_t chunk[] = {i / 20, i * 7 % 20};
    const zarrc_pipeline *p = NULL, *q = NULL;
    if (zarrc_array_pipeline(a, chunk, &p, NULL) || zarrc_array_pipeline(a, chunk, &q, NULL) || p != q) return arg;
    const zarrc_spec *spec = zarrc_pipeline_spec(p);
    if (spec->shape[0] != chunk[0] + 1 || spec->shape[1] != chunk[1] + 1) return arg;
  }
  return NULL;
}

/* All threads get the same pipeline for a shape. */
static void test_pipelines_of_shapes(void **state) {
  zarrc_array *a = rectilinear();
  pthread_t threads[4];
  (void)state;
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, ask_pipelines, a), 0);
  for (int i = 0; i < 4; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  size_t n = 0;
  for (const zarrc_shape_pipeline *p = atomic_load(&a->pipelines); p; p = p->next) n++;
  assert_int_equal(n, atomic_load(&a->npipelines));
  assert_true(n < 400); /* one a shape; the first shape's is not on the list */
  zarrc_array_close(a);
}

/* Reading all the shapes there are keeps a bounded number of pipelines. */
static void test_many_shapes(void **state) {
  zarrc_array *a = rectilinear();
  size_t n = 210 * 210;
  int32_t *memory = malloc(n * sizeof *memory), *back = malloc(n * sizeof *back);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(a), 2, zarrc_array_shape(a), memory);
  (void)state;
  assert_true(memory && back);
  for (size_t i = 0; i < n; i++) memory[i] = (int32_t)i;
  assert_int_equal(zarrc_array_write(a, NULL, &view, NULL), ZARRC_OK);
  view.data = back;
  assert_int_equal(zarrc_array_read(a, NULL, &view, NULL), ZARRC_OK);
  assert_memory_equal(memory, back, n * sizeof *memory);
  assert_true(atomic_load(&a->npipelines) <= 256 + 64);
  zarrc_array_close(a);
  free(memory);
  free(back);
}

static zarrc_status open_shapes(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  zarrc_array *a = NULL;
  const zarrc_pipeline *p;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status) status = zarrc_store_set(memory, "zarr.json", arg, strlen(arg), NULL);
  if (!status) status = zarrc_array_open(memory, "", NULL, &a, NULL);
  if (!status) status = zarrc_array_pipeline(a, (const int64_t[]){1, 0}, &p, NULL);
  zarrc_array_close(a);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  char *document = nodes_document("chunk_grid",
                                  "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", "
                                  "\"chunk_shapes\": [[1, 3], 6]}}",
                                  NULL);
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, open_shapes, document));
  free(document);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_getters),
      cmocka_unit_test(test_inner_chunk_shape),
      cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_unknown_only),
      cmocka_unit_test(test_not_opened),
      cmocka_unit_test(test_long_paths),
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_notices),
      cmocka_unit_test(test_newer_structs),
      cmocka_unit_test(test_regular_pipeline),
      cmocka_unit_test(test_pipelines_of_shapes),
      cmocka_unit_test(test_many_shapes),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
