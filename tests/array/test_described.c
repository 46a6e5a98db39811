/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/consolidating.h"
#include "support/documents.h"
#include "support/fault_store.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>

static void expect_conflict(zarrc_status status, const zarrc_error *error, const char *said) {
  assert_int_equal(status, ZARRC_CONFLICT);
  assert_string_equal(SAID(*error), said);
}

static zarrc_status try_create(const char *path, int format, zarrc_create_mode mode, zarrc_error *error) {
  const zarrc_group_options options = {.struct_size = sizeof options, .zarr_format = format};
  zarrc_group *group = NULL;
  zarrc_status status = zarrc_group_create(store, path, NULL, mode, &options, &group, error);
  zarrc_group_close(group);
  return status;
}

static void expect_attributes(const char *path, const char *expected) {
  zarrc_array *array = NULL;
  zarrc_group *group = NULL;
  assert_int_equal(zarrc_node_open(store, path, NULL, NULL, &array, &group, NULL), ZARRC_OK);
  assert_string_equal(array ? zarrc_array_attributes(array) : zarrc_group_attributes(group), expected);
  zarrc_array_close(array);
  zarrc_group_close(group);
}

/* What only consolidated metadata describe is not replaced by something new, and nothing is made below it. */
static void test_only_described(void **state) {
  static const char *const names[] = {"zarr.json", ".zarray", ".zgroup", ".zattrs"};
  zarrc_error error = {0};
  (void)state;
  for (int format = 2; format <= 3; format++) {
    const int64_t shape[] = {5};
    const zarrc_array_config config = {.struct_size = sizeof config, .data_type = "int32", .ndim = 1, .shape = shape};
    const zarrc_array_options options = {.struct_size = sizeof options, .zarr_format = format};
    zarrc_array *array = NULL;
    zarrc_group *group = NULL;
    char *before, *after, key[100];
    const char *holder = format == 3 ? "h/zarr.json" : "h/.zmetadata";
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    assert_int_equal(try_create("h/g/s", format, ZARRC_CREATE_NEW, NULL), ZARRC_OK);
    assert_int_equal(zarrc_group_open(store, "h/g", NULL, &group, NULL), ZARRC_OK);
    assert_int_equal(zarrc_group_set_attributes(group, "{\"x\": 1}", 8, NULL), ZARRC_OK);
    zarrc_group_close(group);
    assert_int_equal(zarrc_array_create(store, "h/a", &config, ZARRC_CREATE_NEW, &options, &array, NULL), ZARRC_OK);
    zarrc_array_close(array);
    assert_int_equal(zarrc_consolidate(store, "h", false, NULL), ZARRC_OK);
    for (size_t i = 0; i < 4; i++) {
      snprintf(key, sizeof key, "h/a/%s", names[i]);
      assert_int_equal(zarrc_store_erase(store, key, NULL), ZARRC_OK);
      snprintf(key, sizeof key, "h/g/%s", names[i]);
      assert_int_equal(zarrc_store_erase(store, key, NULL), ZARRC_OK);
    }
    before = nodes_get(store, holder);

    expect_conflict(
        zarrc_array_create(store, "h/a", &config, ZARRC_CREATE_NEW, &options, &array, &error), &error,
        "h/a: there is an array or a group already, in the consolidated metadata of the group at h, without "
        "a document of its own");
    assert_int_equal(zarrc_node_check(store, "h/a", format, ZARRC_CREATE_NEW, NULL), ZARRC_CONFLICT);
    assert_int_equal(try_create("h/a", format, ZARRC_CREATE_NEW, NULL), ZARRC_CONFLICT);
    assert_int_equal(try_create("h/g", format, ZARRC_CREATE_NEW, NULL), ZARRC_CONFLICT);
    assert_int_equal(zarrc_groups_make(store, "h/g", format, NULL), ZARRC_CONFLICT);
    static const char below[] = "h/g: has no document of its own and is only in the consolidated metadata of the group "
                                "at h: nothing can be created below it";
    expect_conflict(try_create("h/g/n/m", format, ZARRC_CREATE_NEW, &error), &error, below);
    expect_conflict(try_create("h/g/n", format, ZARRC_CREATE_OVERWRITE_ALL, &error), &error, below);
    expect_conflict(zarrc_groups_make(store, "h/g/n", format, &error), &error, below);
    assert_int_equal(try_create("h/a/n", format, ZARRC_CREATE_NEW, NULL), ZARRC_CONFLICT);

    expect_conflict(zarrc_consolidate(store, "h", false, &error), &error,
                    format == 3 ? "h/zarr.json: 2 arrays or groups without a document of their own are only in the "
                                  "present consolidated metadata and would be dropped, the first is a"
                                : "h/.zmetadata: 2 arrays or groups without a document of their own are only in the "
                                  "present consolidated metadata and would be dropped, the first is a");
    after = nodes_get(store, holder);
    assert_string_equal(after, before);
    free(before);
    free(after);
    expect_attributes("h/g", "{\"x\": 1}");

    assert_int_equal(try_create("h/new", format, ZARRC_CREATE_NEW, NULL), ZARRC_OK);
    assert_int_equal(try_create("h/g", format, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_OK);
    expect_attributes("h/g", "{}");
    expect_conflict(zarrc_consolidate(store, "h", false, &error), &error,
                    format == 3 ? "h/zarr.json: 1 array or group without a document of its own is only in the present "
                                  "consolidated metadata and would be dropped: a"
                                : "h/.zmetadata: 1 array or group without a document of its own is only in the present "
                                  "consolidated metadata and would be dropped: a");
    assert_int_equal(zarrc_consolidate(store, "h", true, NULL), ZARRC_OK);
    expect_differences("h", "");
    assert_int_equal(try_create("h/a", format, ZARRC_CREATE_NEW, NULL), ZARRC_OK);
  }
}

/* What cannot be read describes nothing, and is in nobody's way. */
static void test_unreadable(void **state) {
  static const char *const wrong[] = {"{", "[]", "{\"metadata\": 1}"};
  (void)state;
  for (size_t i = 0; i < 2 * sizeof wrong / sizeof *wrong; i++) {
    int format = 2 + i % 2;
    char text[200];
    zarrc_node_kind kind;
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    snprintf(text, sizeof text, "{\"zarr_format\": %d, \"node_type\": \"group\", \"consolidated_metadata\": %s}",
             format, i / 2 ? wrong[i / 2] : "null");
    nodes_put(store, format == 2 ? "g/.zgroup" : "g/zarr.json", text);
    nodes_put(store, format == 2 ? "g/.zmetadata" : "unused", wrong[i / 2]);
    try_create("g/a/b", format, ZARRC_CREATE_NEW, NULL); /* may tell that consolidated metadata were not updated */
    assert_int_equal(zarrc_node_find(store, "g/a/b", &kind, NULL), ZARRC_OK);
    assert_int_equal(kind, ZARRC_NODE_GROUP);
  }
}

/* A store that fails is reported: nothing is created then. */
static void test_on_fire(void **state) {
  (void)state;
  for (size_t at = 1;; at++) {
    fault_store failing;
    const zarrc_group_options options = {.struct_size = sizeof options, .zarr_format = 2};
    zarrc_group *group = NULL;
    zarrc_node_kind kind;
    zarrc_error error = {0};
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    assert_int_equal(try_create("g/a", 2, ZARRC_CREATE_NEW, NULL), ZARRC_OK);
    assert_int_equal(zarrc_consolidate(store, "g", false, NULL), ZARRC_OK);
    assert_int_equal(zarrc_store_erase(store, "g/a/.zgroup", NULL), ZARRC_OK);
    fault_store_init(&failing, store);
    fault_store_arm(&failing, at, ZARRC_IO);
    zarrc_status status = zarrc_group_create(&failing.store, "g/a", NULL, ZARRC_CREATE_NEW, &options, &group, &error);
    assert_int_equal(zarrc_node_find(store, "g/a", &kind, NULL), ZARRC_OK);
    assert_int_equal(kind, ZARRC_NODE_NONE);
    if (status == ZARRC_CONFLICT) break;
    assert_int_equal(status, ZARRC_IO);
  }
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_only_described),
      EMPTY_STORE(test_unreadable),
      EMPTY_STORE(test_on_fire),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
