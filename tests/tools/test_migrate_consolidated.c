/* SPDX-License-Identifier: MIT */
/* Hierarchies with consolidated metadata, migrated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "support/fault_store.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/tools.h>

#define ARRAY                                                                                                          \
  "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"<i2\", "                                         \
  "\"order\": \"C\", \"fill_value\": null, "                                                                           \
  "\"filters\": null, \"compressor\": null}"
#define GROUP "{\"zarr_format\": 2}"

/* Two groups, both consolidated, and an array in each. */
static void fill(zarrc_store *in) {
  nodes_put(in, ".zgroup", GROUP);
  nodes_put(in, ".zattrs", "{\"r\": 1}");
  nodes_put(in, "a/.zarray", ARRAY);
  nodes_put(in, "a/.zattrs", "{\"_ARRAY_DIMENSIONS\": [\"x\"]}");
  nodes_put(in, "g/.zgroup", GROUP);
  nodes_put(in, "g/b/.zarray", ARRAY);
  nodes_put(in, "h/.zgroup", GROUP);
  assert_int_equal(zarrc_consolidate(in, "g", false, NULL), ZARRC_OK);
  assert_int_equal(zarrc_consolidate(in, "", false, NULL), ZARRC_OK);
}

static zarrc_migrate_report report;

static zarrc_status migrate_in(zarrc_store *in, zarrc_migrate_options options, zarrc_error *error) {
  options.struct_size = sizeof options;
  report = (zarrc_migrate_report){.struct_size = sizeof report};
  return zarrc_migrate(in, "", &options, &report, error);
}

static void migrate(zarrc_migrate_options options) {
  zarrc_error error = {0};
  if (migrate_in(store, options, &error)) fail_msg("%s", SAID(error));
}

static zarrc_status refuse(void *arg, const char *path, zarrc_consolidated_difference difference, zarrc_error *error) {
  (void)arg, (void)error;
  fail_msg("%s: %d", path, (int)difference);
  return ZARRC_INTERNAL;
}

/* The group has consolidated metadata that say what the documents say; or has
 * none. */
static void expect_consolidated(zarrc_store *in, const char *path, int format, bool has) {
  zarrc_group *group = NULL;
  bool is;
  assert_int_equal(zarrc_group_open(in, path, NULL, &group, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_format(group), format);
  assert_int_equal(zarrc_group_is_consolidated(group, &is, NULL), ZARRC_OK);
  assert_int_equal(is, has);
  zarrc_group_close(group);
  if (has) assert_int_equal(zarrc_consolidated_compare(in, path, refuse, NULL, NULL), ZARRC_OK);
}

static void expect_all(zarrc_store *in, int format) {
  expect_consolidated(in, "", format, true);
  expect_consolidated(in, "g", format, true);
  expect_consolidated(in, "h", format, false);
}

static void there_and_back(void **state) {
  (void)state;
  fill(store);
  char *before = nodes_get(store, ".zmetadata");
  migrate((zarrc_migrate_options){.dry_run = true});
  assert_int_equal(report.nconsolidated, 2);
  assert_int_equal(report.nwritten, 5);
  expect_all(store, 2);
  migrate((zarrc_migrate_options){0});
  assert_int_equal(report.nconsolidated, 2);
  assert_int_equal(report.nwritten, 5);
  expect_all(store, 3);
  /* once more: there is nothing to do */
  migrate((zarrc_migrate_options){0});
  assert_int_equal(report.nwritten, 0);
  /* back: all of it is there */
  migrate((zarrc_migrate_options){.zarr_format = 2});
  assert_int_equal(report.nwritten, 0);
  assert_int_equal(report.nremoved, 5);
  expect_all(store, 2);
  char *after = nodes_get(store, ".zmetadata");
  assert_string_equal(before, after);
  free(after);
  free(before);
  /* and if the documents of format 2 have been removed meanwhile */
  migrate((zarrc_migrate_options){.remove_v2_metadata = true});
  assert_int_equal(report.ndropped, 0);
  expect_all(store, 3);
  expect_keys("a/zarr.json g/b/zarr.json g/zarr.json h/zarr.json zarr.json ");
  migrate((zarrc_migrate_options){.zarr_format = 2, .dry_run = true});
  assert_int_equal(report.nconsolidated, 2);
  uint64_t nwritten = report.nwritten;
  migrate((zarrc_migrate_options){.zarr_format = 2});
  assert_int_equal(report.nconsolidated, 2);
  assert_int_equal(report.nwritten, nwritten);
  expect_all(store, 2);
  expect_keys(".zattrs .zgroup .zmetadata a/.zarray a/.zattrs g/.zgroup "
              "g/.zmetadata g/b/.zarray h/.zgroup ");
}

/* What is created in format 3 is in the .zmetadata, and what is not
 * consolidated any more has none. */
static void changed_meanwhile(void **state) {
  zarrc_group *made = NULL;
  (void)state;
  fill(store);
  migrate((zarrc_migrate_options){0});
  assert_int_equal(zarrc_group_create(store, "g/new", NULL, ZARRC_CREATE_NEW, NULL, &made, NULL), ZARRC_OK);
  zarrc_group_close(made);
  migrate((zarrc_migrate_options){.zarr_format = 2});
  expect_all(store, 2);
  assert_int_equal(report.ndropped, 0);
  /* no consolidated metadata in format 3: the old .zmetadata goes, and that is
   * told */
  migrate((zarrc_migrate_options){0});
  nodes_put(store, "zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": "
            "{\"r\": 2}}");
  migrate((zarrc_migrate_options){.zarr_format = 2, .force = true});
  assert_int_equal(report.ndropped, 1);
  assert_int_equal(report.nconsolidated, 1);
  expect_consolidated(store, "", 2, false);
  expect_consolidated(store, "g", 2, true);
}

/* Consolidated metadata that cannot be read are refused before anything is
 * written. */
static void unusable(void **state) {
  zarrc_error error = {0};
  (void)state;
  fill(store);
  nodes_put(store, "g/.zmetadata", "{\"metadata\": 3}");
  char *keys = nodes_keys(store);
  assert_int_equal(migrate_in(store, (zarrc_migrate_options){0}, &error), ZARRC_INVALID_METADATA);
  if (!strstr(SAID(error), "g/.zmetadata")) fail_msg("%s", SAID(error));
  char *after = nodes_keys(store);
  assert_string_equal(keys, after);
  free(keys);
  free(after);
}

/* Wherever it is interrupted, the same call goes on and ends with everything
 * consolidated, in both directions. */
static void goes_on_after_an_interruption(void **state) {
  size_t ncalls = 0;
  (void)state;
  for (int round = 0; round < 3; round++) /* to format 3, back, and back without documents of format 2 */
    for (size_t at = 1;; at++) {
      const zarrc_migrate_options options = {.struct_size = sizeof options, .zarr_format = round ? 2 : 3};
      fault_store faulty;
      zarrc_error error = {0};
      assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
      fill(store);
      if (round) migrate((zarrc_migrate_options){.remove_v2_metadata = round == 2});
      fault_store_init(&faulty, store);
      fault_store_arm(&faulty, at, ZARRC_IO);
      zarrc_status status = migrate_in(&faulty.store, options, NULL);
      if (status && migrate_in(store, options, &error)) fail_msg("%d, %zu: %s", round, at, SAID(error));
      expect_all(store, options.zarr_format);
      if (!atomic_load(&faulty.nfaults)) break;
      ncalls++;
    }
  print_message("%zu faults\n", ncalls);
  assert_true(ncalls > 100);
}

static zarrc_status there(const zarrc_ctx_options *options, void *arg) {
  static const char *const keys[][2] = {
      {".zgroup", GROUP}, {"a/.zarray", ARRAY}, {".zmetadata", "{\"metadata\": {\"a/.zarray\": " ARRAY "}}"}};
  const zarrc_migrate_options back = {.struct_size = sizeof back, .zarr_format = 2};
  const zarrc_migrate_options removing = {.struct_size = sizeof removing, .remove_v2_metadata = true};
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = zarrc_memory_store_open(own, &memory, NULL);
  for (size_t i = 0; i < 3 && !status; i++)
    status = zarrc_store_set(memory, keys[i][0], keys[i][1], strlen(keys[i][1]), NULL);
  if (!status) status = zarrc_migrate(memory, "", &removing, NULL, NULL);
  if (!status) status = zarrc_migrate(memory, "", &back, NULL, NULL);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, there, NULL) > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(there_and_back, open_store, close_store),
      cmocka_unit_test_setup_teardown(changed_meanwhile, open_store, close_store),
      cmocka_unit_test_setup_teardown(unusable, open_store, close_store),
      cmocka_unit_test_setup_teardown(goes_on_after_an_interruption, open_store, close_store),
      cmocka_unit_test_setup_teardown(allocations_may_fail, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
