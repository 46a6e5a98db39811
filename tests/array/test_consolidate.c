/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/consolidating.h"
#include "support/fault_store.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <string.h>

#define ZGROUP "{\"zarr_format\": 2}"
#define ZARRAY                                                                                                         \
  "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"<i4\", \"compressor\": null, \"filters\": "      \
  "null, "                                                                                                             \
  "\"fill_value\": 7, \"order\": \"C\"}"

static zarrc_status tell(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                         zarrc_error *error) {
  char *text = arg;
  (void)error;
  sprintf(text + strlen(text), "%s%s ", path, why ? "!" : kind == ZARRC_NODE_GROUP ? "/" : "");
  return ZARRC_OK;
}

/* Everything below a group of format 3, as its consolidated metadata tell it, at any depth. */
static void list_all(zarrc_group *group, char *text) {
  char children[1000] = "", *state, *path;
  size_t n = strlen(zarrc_group_path(group));
  assert_int_equal(zarrc_group_list(group, tell, children, NULL), ZARRC_OK);
  for (path = strtok_r(children, " ", &state); path; path = strtok_r(NULL, " ", &state)) {
    zarrc_group *sub = NULL;
    size_t len = strlen(path);
    sprintf(text + strlen(text), "%s ", path);
    if (path[len - 1] != '/') continue;
    path[len - 1] = 0;
    assert_int_equal(zarrc_group_open_group(group, path + n + (n > 0), &sub, NULL), ZARRC_OK);
    list_all(sub, text);
    zarrc_group_close(sub);
  }
}

static void expect_consolidated(const char *path, const char *expected) {
  char text[1000] = "";
  bool consolidated = false;
  zarrc_group *group = NULL;
  assert_int_equal(zarrc_group_open(store, path, NULL, &group, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_is_consolidated(group, &consolidated, NULL), ZARRC_OK);
  assert_true(consolidated);
  list_all(group, text);
  assert_string_equal(text, expected);
  zarrc_group_close(group);
}

static void test_document_3(void **state) {
  (void)state;
  nodes_put(store, "g/zarr.json",
            "\xef\xbb\xbf{\"node_type\": \"group\", \"attributes\": {\"x\": NaN}, \"zarr_format\": 3, "
            "\"other\": {\"must_understand\": false}}");
  nodes_put(store, "g/b/zarr.json", "{\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}\n");
  nodes_put(store, "g/b/a/zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {}, \"consolidated_metadata\": {\"kind\": "
            "\"inline\", \"metadata\": {\"gone\": {}}}}");
  nodes_put(store, "g/c/.zgroup", ZGROUP); /* of another format */
  nodes_put(store, "g/c/d/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  for (int i = 0; i < 2; i++) { /* again makes the same */
    assert_int_equal(zarrc_consolidate(store, "g", false, NULL), ZARRC_OK);
    char *text = nodes_get(store, "g/zarr.json");
    assert_string_equal(text, "{\n"
                              "  \"node_type\": \"group\",\n"
                              "  \"attributes\": {\"x\": NaN},\n"
                              "  \"zarr_format\": 3,\n"
                              "  \"consolidated_metadata\": {\n"
                              "    \"kind\": \"inline\",\n"
                              "    \"must_understand\": false,\n"
                              "    \"metadata\": {\n"
                              "      \"b\": {\n"
                              "        \"attributes\": {},\n"
                              "        \"zarr_format\": 3,\n"
                              "        \"node_type\": \"group\",\n"
                              "        \"consolidated_metadata\": {\n"
                              "          \"kind\": \"inline\",\n"
                              "          \"must_understand\": false,\n"
                              "          \"metadata\": {}\n"
                              "        }\n"
                              "      },\n"
                              "      \"b/a\": {\n"
                              "        \"attributes\": {},\n"
                              "        \"zarr_format\": 3,\n"
                              "        \"node_type\": \"group\",\n"
                              "        \"consolidated_metadata\": {\n"
                              "          \"kind\": \"inline\",\n"
                              "          \"must_understand\": false,\n"
                              "          \"metadata\": {}\n"
                              "        }\n"
                              "      }\n"
                              "    }\n"
                              "  },\n"
                              "  \"other\": {\"must_understand\": false}\n"
                              "}");
    free(text);
  }
  expect_differences("g", "");
}

static void test_document_2(void **state) {
  (void)state;
  nodes_put(store, ".zgroup", ZGROUP);
  nodes_put(store, ".zattrs", "{\"a\": 1}\n");
  nodes_put(store, "x/.zarray", ZARRAY);
  nodes_put(store, "x/.zattrs", "{\n  \"b\": 2\n}");
  nodes_put(store, "w/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  assert_int_equal(zarrc_consolidate(store, "", false, NULL), ZARRC_OK);
  char *text = nodes_get(store, ".zmetadata");
  assert_string_equal(text, "{\n"
                            "  \"metadata\": {\n"
                            "    \".zgroup\": " ZGROUP ",\n"
                            "    \".zattrs\": {\"a\": 1},\n"
                            "    \"x/.zarray\": " ZARRAY ",\n"
                            "    \"x/.zattrs\": {\n"
                            "      \"b\": 2\n"
                            "    }\n"
                            "  },\n"
                            "  \"zarr_consolidated_format\": 1\n"
                            "}");
  free(text);
  expect_differences("", "");
  expect_consolidated("", "x ");
}

/* Whatever is changed through the library is changed in the consolidated metadata above, in those of every group. */
static void test_kept_3(void **state) {
  zarrc_group *group = NULL;
  const int64_t longer[] = {9};
  (void)state;
  make_group("", NULL);
  make_group("a/b", "{\"x\": 1}");
  zarrc_array_close(make_array("a/b/old", ZARRC_CREATE_NEW));
  assert_int_equal(zarrc_consolidate(store, "", false, NULL), ZARRC_OK);
  assert_int_equal(zarrc_consolidate(store, "a", false, NULL), ZARRC_OK);
  expect_consolidated("a", "a/b/ a/b/old ");

  zarrc_array *array = make_array("a/new/er/x", ZARRC_CREATE_NEW); /* with groups that are made for it */
  expect_consolidated("", "a/ a/b/ a/b/old a/new/ a/new/er/ a/new/er/x ");
  expect_consolidated("a", "a/b/ a/b/old a/new/ a/new/er/ a/new/er/x ");
  assert_int_equal(zarrc_array_resize(array, longer, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_set_attributes(array, "{\"y\": 2}", 8, NULL), ZARRC_OK);
  zarrc_array_close(array);
  assert_int_equal(zarrc_group_open(store, "", NULL, &group, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_open_array(group, "a/new/er/x", NULL, &array, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_shape(array)[0], 9);
  assert_string_equal(zarrc_array_attributes(array), "{\"y\": 2}");
  zarrc_array_close(array);
  zarrc_group_close(group);

  assert_int_equal(zarrc_group_open(store, "a/b", NULL, &group, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_set_attributes(group, "{\"x\": 3}", 8, NULL), ZARRC_OK);
  zarrc_group_close(group);
  expect_differences("", "");
  expect_differences("a", "");
  /* those of the group that has them stay when its own attributes change */
  assert_int_equal(zarrc_group_open(store, "a", NULL, &group, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_set_attributes(group, "{\"x\": 4}", 8, NULL), ZARRC_OK);
  zarrc_group_close(group);
  expect_differences("", "");
  expect_differences("a", "");

  zarrc_array_close(make_array("a/new", ZARRC_CREATE_OVERWRITE)); /* with what was below it */
  expect_consolidated("", "a/ a/b/ a/b/old a/new ");
  assert_int_equal(zarrc_store_erase_prefix(store, "a/b", NULL), ZARRC_OK);
  expect_differences("a", "-a/b -a/b/old ");
  assert_int_equal(zarrc_consolidated_refresh(store, "a/b", NULL), ZARRC_OK);
  expect_consolidated("", "a/ a/new ");
  expect_consolidated("a", "a/new ");
  assert_int_equal(zarrc_groups_make(store, "a/g/h", 3, NULL), ZARRC_OK);
  expect_consolidated("", "a/ a/g/ a/g/h/ a/new ");
  expect_differences("", "");
  /* overwriting the group takes its own away, and leaves those above right */
  assert_int_equal(zarrc_group_create(store, "a", NULL, ZARRC_CREATE_OVERWRITE, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  expect_consolidated("", "a/ ");
  expect_differences("", "");
}

static void test_kept_2(void **state) {
  zarrc_group *group = NULL;
  zarrc_array *array = NULL;
  const int64_t longer[] = {9};
  (void)state;
  nodes_put(store, ".zgroup", ZGROUP);
  nodes_put(store, "g/.zgroup", ZGROUP);
  nodes_put(store, "g/x/.zarray", ZARRAY);
  assert_int_equal(zarrc_consolidate(store, "", false, NULL), ZARRC_OK);
  assert_int_equal(zarrc_consolidate(store, "g", false, NULL), ZARRC_OK);
  nodes_put(store, "g/y/.zarray", ZARRAY);
  nodes_put(store, "g/y/.zattrs", "{\"b\": 1}");
  expect_differences("", "+g/y ");
  assert_int_equal(zarrc_array_open(store, "g/x", NULL, &array, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_resize(array, longer, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_set_attributes(array, "{\"c\": 1}", 8, NULL), ZARRC_OK);
  zarrc_array_close(array);
  expect_differences("", "+g/y "); /* only what was changed is updated */
  assert_int_equal(zarrc_group_open(store, "g", NULL, &group, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_set_attributes(group, "{\"d\": 1}", 8, NULL), ZARRC_OK);
  zarrc_group_close(group);
  char *text = nodes_get(store, "g/.zmetadata"); /* which has the group's own documents */
  assert_non_null(strstr(text, "\".zattrs\": {\"d\": 1}"));
  free(text);
  expect_differences("g", "+g/y ");
  assert_int_equal(zarrc_consolidated_refresh(store, "g/y", NULL), ZARRC_OK);
  expect_differences("g", "");
  expect_differences("", "");
}

/* Arrays that were opened from consolidated metadata, of either format, are changed like any other: from what is stored
 * now, and in all that describes them. One that only consolidated metadata describe has no document to change. */
static void test_opened_through(void **state) {
  const int64_t longer[] = {9}, longest[] = {12};
  (void)state;
  for (int format = 2; format <= 3; format++) {
    const zarrc_group_options of_group = {.struct_size = sizeof of_group, .zarr_format = format};
    const zarrc_array_options of_array = {.struct_size = sizeof of_array, .zarr_format = format};
    const int64_t shape[] = {5};
    const zarrc_array_config config = {
        .struct_size = sizeof config, .data_type = "int32", .ndim = 1, .shape = shape, .attributes = "{\"a\": 1}"};
    const char *main = format == 2 ? "g/x/.zarray" : "g/x/zarr.json", *held = format == 2 ? ".zmetadata" : "zarr.json";
    zarrc_group *root = NULL;
    zarrc_array *array = NULL, *other = NULL;
    zarrc_error error = {0};
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    assert_int_equal(zarrc_group_create(store, "", NULL, ZARRC_CREATE_NEW, &of_group, &root, NULL), ZARRC_OK);
    zarrc_group_close(root);
    assert_int_equal(zarrc_array_create(store, "g/x", &config, ZARRC_CREATE_NEW, &of_array, &array, NULL), ZARRC_OK);
    zarrc_array_close(array);
    assert_int_equal(zarrc_consolidate(store, "g", false, NULL), ZARRC_OK);
    assert_int_equal(zarrc_consolidate(store, "", false, NULL), ZARRC_OK);
    assert_int_equal(zarrc_group_open(store, "", NULL, &root, NULL), ZARRC_OK);
    assert_int_equal(zarrc_group_open_array(root, "g/x", NULL, &array, NULL), ZARRC_OK);
    /* somebody else is faster: both changes count */
    assert_int_equal(zarrc_array_open(store, "g/x", NULL, &other, NULL), ZARRC_OK);
    assert_int_equal(zarrc_array_resize(other, longer, NULL), ZARRC_OK);
    zarrc_array_close(other);
    assert_int_equal(zarrc_array_set_attributes(array, "{\"b\": 2}", 8, NULL), ZARRC_OK);
    assert_int_equal(zarrc_array_shape(array)[0], 9);
    assert_int_equal(zarrc_array_resize(array, longest, NULL), ZARRC_OK);
    zarrc_array_close(array);
    zarrc_group_close(root);
    expect_differences("", "");
    expect_differences("g", "");
    assert_int_equal(zarrc_group_open(store, "", NULL, &root, NULL), ZARRC_OK);
    assert_int_equal(zarrc_group_open_array(root, "g/x", NULL, &array, NULL), ZARRC_OK);
    assert_int_equal(zarrc_array_shape(array)[0], 12);
    assert_string_equal(zarrc_array_attributes(array), "{\"b\": 2}");
    zarrc_array_close(array);
    zarrc_group_close(root);
    /* without a document of its own */
    assert_int_equal(zarrc_store_erase(store, main, NULL), ZARRC_OK);
    char *before = nodes_get(store, held);
    assert_int_equal(zarrc_group_open(store, "", NULL, &root, NULL), ZARRC_OK);
    assert_int_equal(zarrc_group_open_array(root, "g/x", NULL, &array, NULL), ZARRC_OK);
    zarrc_status status = zarrc_array_resize(array, longer, &error);
    assert_int_equal(status, ZARRC_NOT_FOUND);
    assert_non_null(strstr(SAID(error), "only consolidated metadata describe this array"));
    assert_int_equal(zarrc_array_shape(array)[0], 12);
    if (format == 3) assert_int_not_equal(zarrc_array_set_attributes(array, "{\"c\": 1}", 8, NULL), ZARRC_OK);
    zarrc_array_close(array);
    zarrc_group_close(root);
    char *after = nodes_get(store, held);
    assert_string_equal(before, after);
    free(before);
    free(after);
  }
}

/* What others have put there, and nobody knows, stays. */
static void test_kept_members(void **state) {
  zarrc_array *array = NULL;
  const int64_t longer[] = {9};
  (void)state;
  nodes_put(store, ".zgroup", ZGROUP);
  nodes_put(store, "x/.zarray", ZARRAY);
  nodes_put(store, ".zmetadata",
            "{\"extra\": [NaN], \"metadata\": {\"x/.zarray\": 1, \"x/.nczarray\": {\"k\": 1}, \"only/.zarray\": {}}, "
            "\"z\": 1}");
  assert_int_equal(zarrc_array_open(store, "x", NULL, &array, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_resize(array, longer, NULL), ZARRC_OK);
  zarrc_array_close(array);
  char *text = nodes_get(store, ".zmetadata"), *zarray = nodes_get(store, "x/.zarray");
  assert_true(
      !strncmp(text, "{\"extra\": [NaN], \"metadata\": {\n    \"only/.zarray\": {},\n    \"x/.zarray\": {\n", 70));
  assert_non_null(strstr(text, ",\n    \"x/.nczarray\": {\"k\": 1}\n  }, \"z\": 1}"));
  free(text);
  free(zarray);
}

/* Where there are none, or none that anybody could read, nothing happens. */
static void test_none(void **state) {
  static const char *const documents[] = {
      "{\"zarr_format\": 3, \"node_type\": \"group\"}",
      "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": null}",
      "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {\"consolidated_metadata\": {}}}"};
  (void)state;
  for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
    nodes_put(store, "zarr.json", documents[i]);
    zarrc_array_close(make_array("a", i ? ZARRC_CREATE_OVERWRITE : ZARRC_CREATE_NEW));
    char *text = nodes_get(store, "zarr.json");
    assert_string_equal(text, documents[i]);
    free(text);
  }
  zarrc_error error = {0};
  char text[10] = "";
  assert_int_equal(zarrc_consolidated_compare(store, "", differ, text, &error), ZARRC_NOT_FOUND);
  assert_string_equal(SAID(error), "the group has no consolidated metadata");
  assert_int_equal(zarrc_consolidate(store, "none", false, &error), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_consolidate(store, "a", false, &error), ZARRC_INVALID_ARGUMENT);
  store->read_only = true;
  assert_int_equal(zarrc_consolidate(store, "", false, &error), ZARRC_INVALID_ARGUMENT);
  store->read_only = false;
}

/* If they cannot be updated, the error says that the change is done. */
static void test_not_updated(void **state) {
  zarrc_group *group = NULL;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": {\"kind\": \"inline\", "
            "\"metadata\": {\"..\": {}}}}");
  assert_int_equal(zarrc_group_create(store, "a", NULL, ZARRC_CREATE_NEW, NULL, &group, &error),
                   ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error),
                      "zarr.json: the change itself is stored, but these consolidated metadata could not be "
                      "updated: /metadata: \"..\" is not the path of a node");
  expect_keys("a/zarr.json zarr.json ");
}

/* Any call that fails: the change is not done, or it is and the error says so, or both are done. */
static void test_faults(void **state) {
  (void)state;
  for (size_t at = 1;; at++) {
    fault_store failing;
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    const int64_t longer[] = {9};
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    make_group("", NULL);
    zarrc_array_close(make_array("g/x", ZARRC_CREATE_NEW));
    assert_int_equal(zarrc_consolidate(store, "", false, NULL), ZARRC_OK);
    fault_store_init(&failing, store);
    assert_int_equal(zarrc_array_open(&failing.store, "g/x", NULL, &array, NULL), ZARRC_OK);
    fault_store_arm(&failing, at, ZARRC_IO);
    zarrc_status status = zarrc_array_resize(array, longer, &error);
    zarrc_array_close(array);
    size_t nfaults = atomic_load(&failing.nfaults);
    assert_int_equal(zarrc_array_open(store, "g/x", NULL, &array, NULL), ZARRC_OK);
    bool done = zarrc_array_shape(array)[0] == 9, said = status && strstr(SAID(error), "the change itself is stored");
    zarrc_array_close(array);
    assert_int_equal(status, nfaults ? ZARRC_IO : ZARRC_OK);
    assert_true(done || status);
    char text[100] = "";
    assert_int_equal(zarrc_consolidated_compare(store, "", differ, text, NULL), ZARRC_OK);
    assert_true(!*text || (said && done)); /* also said if it is a document without any that cannot be read */
    if (nfaults) continue;
    print_message("%zu calls\n", atomic_load(&failing.calls));
    break;
  }
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  static const char group[] = "{\"zarr_format\": 3, \"node_type\": \"group\"}";
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  zarrc_group *g = NULL;
  char text[100] = "";
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status) status = zarrc_store_set(memory, "zarr.json", group, sizeof group - 1, NULL);
  if (!status) status = zarrc_store_set(memory, "a/zarr.json", group, sizeof group - 1, NULL);
  if (!status) status = zarrc_consolidate(memory, "", false, NULL);
  if (!status) status = zarrc_group_create(memory, "a/b", NULL, ZARRC_CREATE_NEW, NULL, &g, NULL);
  zarrc_group_close(g);
  if (!status) status = zarrc_consolidated_compare(memory, "", differ, text, NULL);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status ? status : *text ? ZARRC_INTERNAL : ZARRC_OK;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, whole_life, NULL));
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_document_3), EMPTY_STORE(test_document_2),     EMPTY_STORE(test_kept_3),
      EMPTY_STORE(test_kept_2),     EMPTY_STORE(test_opened_through), EMPTY_STORE(test_kept_members),
      EMPTY_STORE(test_none),       EMPTY_STORE(test_not_updated),    EMPTY_STORE(test_faults),
      EMPTY_STORE(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
