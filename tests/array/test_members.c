/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "support/fault_store.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define GROUP "{\"zarr_format\": 3, \"node_type\": \"group\"}"
#define ARRAY_2                                                                                                        \
  "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"<i4\", \"compressor\": null, \"filters\": "      \
  "null, "                                                                                                             \
  "\"fill_value\": 7, \"order\": \"C\"}"

static const zarrc_group_options ignoring = {.struct_size = sizeof ignoring, .no_consolidated = true};

static zarrc_status tell(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                         zarrc_error *error) {
  char *text = arg;
  (void)error;
  sprintf(text + strlen(text), "%s%s ", path, why ? "!" : kind == ZARRC_NODE_GROUP ? "/" : "");
  return ZARRC_OK;
}

static void expect_list(zarrc_group *group, const char *expected) {
  char text[400] = "";
  assert_int_equal(zarrc_group_list(group, tell, text, NULL), ZARRC_OK);
  assert_string_equal(text, expected);
}

static zarrc_group *open_group(zarrc_store *from, const char *path, const zarrc_group_options *options) {
  zarrc_group *group = NULL;
  zarrc_error error = {0};
  if (zarrc_group_open(from, path, options, &group, &error)) fail_msg("%s", SAID(error));
  return group;
}

/* A group "g" of format 3 whose consolidated metadata tell of a group, two arrays and something unreadable; of these
 * only the array g/sub/y has a document. In the store there is also an array that they do not tell of. */
static void put_3(void) {
  char *array = nodes_document(NULL), text[4000];
  snprintf(text, sizeof text,
           "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {\"a\": 1}, \"consolidated_metadata\": {"
           "\"kind\": \"inline\", \"must_understand\": false, \"metadata\": {\"x\": %s, \"sub\": {\"zarr_format\": 3, "
           "\"node_type\": \"group\", \"attributes\": {\"b\": 2}, \"consolidated_metadata\": {\"kind\": \"inline\", "
           "\"metadata\": {}}}, \"sub/y\": %s, \"bad\": {\"zarr_format\": 4}}}}",
           array, array);
  nodes_put(store, "g/zarr.json", text);
  nodes_put(store, "g/sub/y/zarr.json", array);
  nodes_put(store, "g/new/zarr.json", array);
  free(array);
}

static void put_2(void) {
  nodes_put(store, "g/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "g/.zattrs", "{\"a\": 1}");
  nodes_put(
      store, "g/.zmetadata",
      "{\"zarr_consolidated_format\": 1, \"metadata\": {\".zgroup\": {\"zarr_format\": 2}, \"x/.zarray\": " ARRAY_2
      ", \"x/.zattrs\": {\"c\": 3}, \"sub/.zgroup\": {\"zarr_format\": 2}, \"sub/.zattrs\": {\"b\": 2}, "
      "\"sub/y/.zarray\": " ARRAY_2 ", \"bad/.zarray\": []}}");
  nodes_put(store, "g/sub/y/.zarray", ARRAY_2);
  nodes_put(store, "g/new/.zarray", ARRAY_2);
}

static void check_members(zarrc_group *g) {
  zarrc_group *sub = NULL, *none = NULL;
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  bool consolidated = false;
  assert_int_equal(zarrc_group_is_consolidated(g, &consolidated, NULL), ZARRC_OK);
  assert_true(consolidated);
  expect_list(g, "g/bad! g/sub/ g/x ");
  assert_int_equal(zarrc_group_open_group(g, "sub", &sub, NULL), ZARRC_OK);
  assert_string_equal(zarrc_group_path(sub), "g/sub");
  assert_string_equal(zarrc_group_attributes(sub), "{\"b\": 2}");
  assert_null(strstr(zarrc_group_metadata(sub), "consolidated"));
  expect_list(sub, "g/sub/y ");
  assert_int_equal(zarrc_group_is_consolidated(sub, &consolidated, NULL), ZARRC_OK);
  assert_true(consolidated);
  zarrc_group_close(g);
  assert_int_equal(zarrc_group_open_array(sub, "y", NULL, &array, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_path(array), "g/sub/y");
  zarrc_array_close(array);
  assert_int_equal(zarrc_group_open_array(sub, "z", NULL, &array, &error), ZARRC_NOT_FOUND);
  assert_non_null(strstr(SAID(error), "no array and no group \"sub/z\" is in the consolidated metadata"));
  assert_int_equal(zarrc_group_open_group(sub, "y", &none, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_group_open_group(sub, "", &none, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_group_open_group(sub, "../x", &none, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_group_close(sub);
}

/* Elements of an array without a document: what is stored, else the fill value; and they can be written. */
static void check_elements(const char *key) {
  zarrc_array *array = NULL;
  zarrc_group *none, *g = open_group(store, "g", NULL);
  int32_t element = 0;
  int64_t one[2] = {1, 1};
  zarrc_error error = {0};
  assert_int_equal(zarrc_group_open_array(g, "x", NULL, &array, NULL), ZARRC_OK);
  zarrc_group_close(g);
  int ndim = zarrc_array_ndim(array);
  zarrc_region region = {{0}, {0}, {0}};
  for (int i = 0; i < ndim; i++) region.count[i] = region.step[i] = 1;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), ndim, one, &element);
  assert_int_equal(zarrc_array_read(array, &region, &view, &error), ZARRC_OK);
  assert_int_equal(element, *(const int32_t *)zarrc_array_fill(array));
  element = 77;
  assert_int_equal(zarrc_array_write(array, &region, &view, &error), ZARRC_OK);
  element = 0;
  assert_int_equal(zarrc_array_read(array, &region, &view, &error), ZARRC_OK);
  assert_int_equal(element, 77);
  char *chunk = nodes_get(store, key);
  assert_non_null(chunk);
  free(chunk);
  assert_int_equal(zarrc_array_set_attributes(array, "{}", 2, &error), ZARRC_NOT_FOUND);
  assert_non_null(strstr(SAID(error), "only consolidated metadata describe this array"));
  zarrc_array_close(array);
  /* by its path it is found, too, if nothing else is there */
  assert_int_equal(zarrc_array_open(store, "g/x", NULL, &array, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_node_open(store, "g/x", NULL, NULL, &array, &none, NULL), ZARRC_OK);
  assert_null(none);
  zarrc_array_close(array);
  assert_int_equal(zarrc_node_open(store, "g/sub", NULL, NULL, &array, &g, NULL), ZARRC_OK);
  assert_null(array);
  expect_list(g, "g/sub/y ");
  zarrc_group_close(g);
  assert_int_equal(zarrc_node_open(store, "g/x", NULL, &ignoring, &array, &none, &error), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_node_open(store, "g/z", NULL, NULL, &array, &none, &error), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_node_open(store, "z/z", NULL, NULL, &array, &none, &error), ZARRC_NOT_FOUND);
}

static void test_format_3(void **state) {
  (void)state;
  put_3();
  check_members(open_group(store, "g", NULL));
  check_elements("g/x/c/0/0");
  zarrc_group *g = open_group(store, "g", &ignoring);
  expect_list(g, "g/new ");
  zarrc_group_close(g);
}

static void test_format_2(void **state) {
  zarrc_array *array = NULL;
  (void)state;
  put_2();
  check_members(open_group(store, "g", NULL));
  zarrc_group *g = open_group(store, "g", NULL);
  assert_int_equal(zarrc_group_open_array(g, "x", NULL, &array, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_attributes(array), "{\"c\": 3}");
  zarrc_array_close(array);
  zarrc_group_close(g);
  check_elements("g/x/0");
  g = open_group(store, "g", &ignoring);
  expect_list(g, "g/new ");
  zarrc_group_close(g);
}

/* What is wrong is told of the document that it is in. */
static void test_wrong(void **state) {
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  char text[100] = "";
  (void)state;
  put_3();
  zarrc_group *g = open_group(store, "g", NULL);
  assert_int_equal(zarrc_group_open_array(g, "bad", NULL, &array, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error), "g/zarr.json: consolidated metadata of \"bad\": /zarr_format: must be 3");
  zarrc_group_close(g);
  nodes_put(store, "g/zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": {\"kind\": \"inline\", "
            "\"metadata\": {\"/a\": {}}}}");
  g = open_group(store, "g", NULL); /* it can be opened, and its attributes read */
  assert_int_equal(zarrc_group_list(g, tell, text, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error), "g/zarr.json: /consolidated_metadata: /metadata: \"/a\" is not the path of a node");
  zarrc_group_close(g);
  put_2();
  nodes_put(store, "h/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "h/.zmetadata", "{");
  g = open_group(store, "h", NULL);
  assert_int_equal(zarrc_group_list(g, tell, text, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "h/.zmetadata: "));
  zarrc_group_close(g);
  /* nobody can say whether there is a node that has no document of its own */
  g = NULL;
  assert_int_equal(zarrc_node_open(store, "h/none", NULL, NULL, &array, &g, &error), ZARRC_INVALID_METADATA);
  assert_non_null(strstr(SAID(error), "h/.zmetadata: "));
  assert_int_equal(zarrc_node_open(store, "h/none", NULL, &ignoring, &array, &g, &error), ZARRC_NOT_FOUND);
}

/* Without `metadata`, and with null, there are none, and the store is listed. */
static void test_absent(void **state) {
  bool consolidated = true;
  (void)state;
  nodes_put(store, "g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": null}");
  nodes_put(store, "g/a/zarr.json", GROUP);
  nodes_put(store, "h/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "h/.zmetadata", "{\"zarr_consolidated_format\": 1}");
  nodes_put(store, "h/a/.zgroup", "{\"zarr_format\": 2}");
  for (int i = 0; i < 2; i++) {
    zarrc_group *g = open_group(store, i ? "h" : "g", NULL);
    assert_int_equal(zarrc_group_is_consolidated(g, &consolidated, NULL), ZARRC_OK);
    assert_false(consolidated);
    expect_list(g, i ? "h/a/ " : "g/a/ ");
    zarrc_group_close(g);
  }
}

/* A whole hierarchy takes one read, or, of format 2, those that its outermost group takes and one more. */
static void test_reads(void **state) {
  (void)state;
  for (int format = 2; format <= 3; format++) {
    char *array = nodes_document(NULL), name[40], listed[4000] = "";
    fault_store counted;
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    nodes_put(store, format == 3 ? "zarr.json" : ".zgroup", format == 3 ? GROUP : "{\"zarr_format\": 2}");
    for (int i = 0; i < 100; i++) {
      snprintf(name, sizeof name, "a%02d/%s", i, format == 3 ? "zarr.json" : ".zarray");
      nodes_put(store, name, format == 3 ? array : ARRAY_2);
    }
    free(array);
    assert_int_equal(zarrc_consolidate(store, "", false, NULL), ZARRC_OK);
    fault_store_init(&counted, store);
    fault_store_arm(&counted, 0, ZARRC_OK);
    zarrc_group *g = open_group(&counted.store, "", NULL);
    assert_int_equal(zarrc_group_list(g, tell, listed, NULL), ZARRC_OK);
    for (int i = 0; i < 100; i++) {
      zarrc_array *a = NULL;
      snprintf(name, sizeof name, "a%02d", i);
      assert_int_equal(zarrc_group_open_array(g, name, NULL, &a, NULL), ZARRC_OK);
      zarrc_array_close(a);
    }
    size_t calls = atomic_load(&counted.calls);
    print_message("format %d: %zu calls for 100 arrays\n", format, calls);
    assert_int_equal(calls, format == 3 ? 1 : 5);
    zarrc_group_close(g);
  }
}

static void *list_once(void *arg) {
  char text[400] = "";
  return zarrc_group_list(arg, tell, text, NULL) || strcmp(text, "g/bad! g/sub/ g/x ") ? arg : NULL;
}

static void test_threads(void **state) {
  pthread_t threads[4];
  (void)state;
  put_3();
  zarrc_group *g = open_group(store, "g", NULL);
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, list_once, g), 0);
  for (int i = 0; i < 4; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  zarrc_group_close(g);
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  zarrc_group *g = NULL, *sub = NULL;
  zarrc_array *a = NULL;
  char listed[200] = "";
  const char *text = arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status) status = zarrc_store_set(memory, "g/zarr.json", text, strlen(text), NULL);
  if (!status) status = zarrc_group_open(memory, "g", NULL, &g, NULL);
  if (!status) status = zarrc_group_list(g, tell, listed, NULL);
  if (!status) status = zarrc_group_open_group(g, "sub", &sub, NULL);
  zarrc_group_close(g);
  g = NULL;
  if (!status) status = zarrc_group_open_array(sub, "y", NULL, &a, NULL);
  zarrc_array_close(a);
  a = NULL;
  if (!status) status = zarrc_node_open(memory, "g/x", NULL, NULL, &a, &g, NULL);
  zarrc_array_close(a);
  zarrc_group_close(g);
  zarrc_group_close(sub);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  put_3();
  char *text = nodes_get(store, "g/zarr.json"), *bad = strstr(text, ", \"bad\"");
  strcpy(bad, "}}}"); /* what is wrong is told in memory of its own, and not having that is another failure */
  print_message("%zu allocations\n", faulty_alloc_each(&options, whole_life, text));
  free(text);
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_format_3), EMPTY_STORE(test_format_2), EMPTY_STORE(test_wrong),     EMPTY_STORE(test_absent),
      EMPTY_STORE(test_reads),    EMPTY_STORE(test_threads),  EMPTY_STORE(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
