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

#include <stdio.h>
#include <string.h>
#include <zarrc/tools.h>

#define MEMBERS                                                                                                        \
  "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"<i2\", \"order\": \"C\", \"fill_value\": null, " \
  "\"filters\": null, \"compressor\": null"
#define ARRAY     MEMBERS "}"
#define OF_NCZARR MEMBERS ", \"_NCZARR_ARRAY\": {}}"
#define OF_2      ".zattrs .zgroup .zmetadata a/.zarray a/.zattrs a/0 g/.zgroup g/b/.zarray g/b/1 "
#define BOTH                                                                                                           \
  ".zattrs .zgroup .zmetadata a/.zarray a/.zattrs a/0 a/zarr.json g/.zgroup g/b/.zarray g/b/1 g/b/zarr.json "          \
  "g/zarr.json zarr.json "
#define OF_3 "a/0 a/zarr.json g/b/1 g/b/zarr.json g/zarr.json zarr.json "

static void fill(zarrc_store *in) {
  nodes_put(in, ".zgroup", "{\"zarr_format\": 2}");
  nodes_put(in, ".zattrs", "{\"r\": 1}");
  nodes_put(in, ".zmetadata", "{\"zarr_consolidated_format\": 1, \"metadata\": {}}");
  nodes_put(in, "a/.zarray", ARRAY);
  nodes_put(in, "a/.zattrs", "{\"_ARRAY_DIMENSIONS\": [\"x\"]}");
  nodes_put(in, "a/0", "abcd");
  nodes_put(in, "g/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(in, "g/b/.zarray", ARRAY);
  nodes_put(in, "g/b/1", "efgh");
}

static zarrc_status migrate(int format, bool remove_v2, zarrc_migrate_report *report, zarrc_error *error) {
  const zarrc_migrate_options options = {
      .struct_size = sizeof options, .zarr_format = format, .remove_v2_metadata = remove_v2};
  *report = (zarrc_migrate_report){.struct_size = sizeof *report};
  return zarrc_migrate(store, "", &options, report, error);
}

static void expect_format(const char *path, int format) {
  zarrc_array *array = NULL;
  int16_t got[4];
  zarrc_view to =
      zarrc_view_c(&(zarrc_dtype){.type = ZARRC_INT16, .endian = ZARRC_LITTLE, .item_size = 2}, 1, (int64_t[]){4}, got);
  assert_int_equal(zarrc_array_open(store, path, NULL, &array, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_format(array), format);
  assert_int_equal(zarrc_array_read(array, NULL, &to, NULL), ZARRC_OK);
  assert_memory_equal((char *)got + (path[0] == 'a' ? 0 : 4), path[0] == 'a' ? "abcd" : "efgh", 4);
  zarrc_array_close(array);
}

static void test_there_and_back(void **state) {
  zarrc_migrate_report r;
  zarrc_error error;
  (void)state;
  fill(store);
  nodes_put(store, "a/.zarray", OF_NCZARR);
  assert_int_equal(migrate(3, false, &r, NULL), ZARRC_OK);
  assert_int_equal(r.narrays, 2);
  assert_int_equal(r.ngroups, 2);
  assert_int_equal(r.nmigrated, 4);
  assert_int_equal(r.nwritten, 4);
  assert_int_equal(r.nremoved, 0);
  expect_keys(BOTH);
  expect_format("a", 3);
  expect_format("g/b", 3);
  zarrc_array *array = NULL;
  assert_int_equal(zarrc_array_open(store, "a", NULL, &array, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_dimension_name(array, 0), "x");
  zarrc_array_close(array);
  assert_int_equal(migrate(3, false, &r, NULL), ZARRC_OK);
  assert_int_equal(r.nmigrated + r.nwritten, 0);
  /* what was there says the same, so nothing is written */
  assert_int_equal(migrate(2, false, &r, NULL), ZARRC_OK);
  assert_int_equal(r.nmigrated, 4);
  assert_int_equal(r.nwritten, 0);
  assert_int_equal(r.nremoved, 4);
  expect_keys(OF_2);
  expect_format("a", 2);
  char *text = nodes_get(store, "a/.zarray");
  assert_string_equal(text, OF_NCZARR);
  free(text);
  /* what format 3 cannot say is not removed unasked */
  assert_int_equal(migrate(0, true, &r, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), "a: its .zarray says what format 3 has no place for: _NCZARR_ARRAY");
  assert_true(r.differ);
  expect_keys(OF_2);
  nodes_put(store, "a/.zarray", ARRAY);
  /* at once */
  assert_int_equal(migrate(0, true, &r, NULL), ZARRC_OK);
  expect_keys(OF_3);
  expect_format("g/b", 3);
  /* and from format 3 alone */
  assert_int_equal(migrate(2, false, &r, NULL), ZARRC_OK);
  expect_keys(OF_2);
  expect_format("a", 2);
  expect_format("g/b", 2);
}

/* What was changed in one format is not forgotten with the documents of the other. With force what was changed in
 * format 3 is what format 2 says after going back. */
static void test_changed_meanwhile(void **state) {
  zarrc_migrate_report r;
  zarrc_error error = {0};
  zarrc_array *array = NULL;
  (void)state;
  fill(store);
  assert_int_equal(migrate(3, false, &r, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_open(store, "a", NULL, &array, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_resize(array, (int64_t[]){6}, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_set_attributes(array, "{\"n\": 1}", 8, NULL), ZARRC_OK);
  zarrc_array_close(array);
  assert_int_equal(migrate(3, true, &r, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), "a: its documents of format 2 and 3 no longer say the same");
  expect_keys(BOTH);
  assert_int_equal(migrate(2, false, &r, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), "a: its documents of format 2 and 3 no longer say the same");
  expect_keys(BOTH);
  const zarrc_migrate_options back = {.struct_size = sizeof back, .zarr_format = 2, .force = true};
  assert_int_equal(zarrc_migrate(store, "", &back, NULL, NULL), ZARRC_OK);
  expect_keys(OF_2);
  assert_int_equal(zarrc_array_open(store, "a", NULL, &array, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_shape(array)[0], 6);
  assert_string_equal(zarrc_array_attributes(array), "{\"n\": 1, \"_ARRAY_DIMENSIONS\": [\"x\"]}");
  zarrc_array_close(array);
  /* with force the rest is removed all the same */
  assert_int_equal(migrate(3, false, &r, NULL), ZARRC_OK);
  nodes_put(store, "a/.zattrs", "{}");
  assert_int_equal(migrate(3, true, &r, &error), ZARRC_CONFLICT);
  const zarrc_migrate_options options = {.struct_size = sizeof options, .remove_v2_metadata = true, .force = true};
  assert_int_equal(zarrc_migrate(store, "", &options, NULL, NULL), ZARRC_OK);
  expect_keys(OF_3);
}

static zarrc_status hear(void *arg, const zarrc_migrate_event *event, zarrc_error *error) {
  (void)error;
  strcat(strcat(arg, event->step == ZARRC_MIGRATE_WRITE ? "+" : "-"), event->key);
  return ZARRC_OK;
}

static void test_dry_run(void **state) {
  char heard[400] = "";
  zarrc_migrate_options options = {
      .struct_size = sizeof options, .dry_run = true, .remove_v2_metadata = true, .event = hear, .event_arg = heard};
  (void)state;
  fill(store);
  store->read_only = true;
  assert_int_equal(zarrc_migrate(store, "", &options, NULL, NULL), ZARRC_OK);
  assert_string_equal(heard,
                      "+g/b/zarr.json+g/zarr.json+a/zarr.json+zarr.json-g/b/.zarray-g/.zgroup-a/.zarray-a/.zattrs"
                      "-.zmetadata-.zgroup-.zattrs");
  expect_keys(OF_2);
  options.dry_run = false;
  zarrc_error error = {0};
  assert_int_equal(zarrc_migrate(store, "", &options, NULL, &error), ZARRC_INVALID_ARGUMENT);
  store->read_only = false;
  options.zarr_format = 2;
  assert_int_equal(zarrc_migrate(store, "", &options, NULL, &error), ZARRC_INVALID_ARGUMENT);
  options.zarr_format = 4;
  assert_int_equal(zarrc_migrate(store, "", &options, NULL, &error), ZARRC_INVALID_ARGUMENT);
  expect_keys(OF_2);
}

/* If one node cannot be migrated none is. */
static void test_refused(void **state) {
  zarrc_migrate_report r;
  zarrc_error error = {0};
  (void)state;
  fill(store);
  nodes_put(
      store, "z/.zarray",
      "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"|O\", \"order\": \"C\", \"fill_value\": "
      "null, \"filters\": [{\"id\": \"pickle\"}], \"compressor\": null}");
  assert_int_equal(migrate(3, false, &r, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(SAID(error), "z/.zarray"));
  expect_keys(OF_2 "z/.zarray ");
  assert_int_equal(zarrc_store_erase_prefix(store, "z", NULL), ZARRC_OK);
  /* a part of a hierarchy */
  assert_int_equal(zarrc_migrate(store, "g", NULL, NULL, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), "a group of Zarr format 2: all that is below it has the same format");
  expect_keys(OF_2);
  assert_int_equal(migrate(3, true, &r, &error), ZARRC_OK);
  /* an array that was made in format 3 */
  char *document = nodes_document(NULL);
  nodes_put(store, "g/c/zarr.json", document);
  free(document);
  assert_int_equal(migrate(2, false, &r, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(SAID(error), "g/c: the chunk keys begin with c/"));
  expect_keys("a/0 a/zarr.json g/b/1 g/b/zarr.json g/c/zarr.json g/zarr.json zarr.json ");
  assert_int_equal(zarrc_migrate(store, "nothing", NULL, NULL, &error), ZARRC_NOT_FOUND);
}

/* What format 3 has got meanwhile is not forgotten, even if the documents of format 2 are still there. */
static void test_extension(void **state) {
  zarrc_migrate_report r;
  zarrc_error error = {0};
  (void)state;
  fill(store);
  assert_int_equal(migrate(3, false, &r, &error), ZARRC_OK);
  nodes_put(store, "g/zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"x\": {\"must_understand\": false}}");
  assert_int_equal(migrate(2, false, &r, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(SAID(error), "g: Zarr format 2 has no place for members of an extension");
  expect_keys(BOTH);
}

/* A node that is only in consolidated metadata would be lost from sight. */
static void test_orphan(void **state) {
  zarrc_migrate_report r;
  zarrc_error error = {0};
  (void)state;
  fill(store);
  nodes_put(store, ".zmetadata",
            "{\"zarr_consolidated_format\": 1, \"metadata\": {\"o/.zgroup\": {\"zarr_format\": 2}, "
            "\".zgroup\": {\"zarr_format\": 2}}}");
  assert_int_equal(migrate(3, false, &r, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(SAID(error), "o: is only in the consolidated metadata of a group above it");
  expect_keys(OF_2);
}

/* Members that no codec knows are accepted where they are stored. */
static void test_members_nobody_knows(void **state) {
  zarrc_migrate_report r;
  zarrc_error error = {0};
  (void)state;
  nodes_put(
      store, ".zarray",
      "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"<i2\", \"order\": \"C\", \"fill_value\": "
      "0, \"filters\": null, \"compressor\": {\"id\": \"gzip\", \"level\": 1, \"speed\": 3}}");
  if (migrate(3, false, &r, &error)) fail_msg("%s", SAID(error));
  if (migrate(3, true, &r, &error)) fail_msg("%s", SAID(error));
  expect_keys("zarr.json ");
}

/* Whatever call of the store fails, elements are never lost from sight, and the next try succeeds. */
static void test_faults(void **state) {
  static const int formats[] = {3, 3, 2};
  size_t ncalls = 0;
  (void)state;
  for (int i = 0; i < 3; i++) {
    for (size_t at = 1;; at++) {
      fault_store faulty;
      zarrc_migrate_report r;
      const zarrc_migrate_options options = {
          .struct_size = sizeof options, .zarr_format = formats[i], .remove_v2_metadata = i == 1};
      assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
      fill(store);
      if (i == 2) assert_int_equal(migrate(3, at % 2, &r, NULL), ZARRC_OK);
      fault_store_init(&faulty, store);
      fault_store_arm(&faulty, at, ZARRC_IO);
      zarrc_status status = zarrc_migrate(&faulty.store, "", &options, NULL, NULL);
      if (!atomic_load(&faulty.nfaults)) {
        assert_int_equal(status, ZARRC_OK);
        break;
      }
      if (status) assert_int_equal(status, ZARRC_IO); /* versions of documents need not be known */
      ncalls++;
      zarrc_array *array = NULL;
      assert_int_equal(zarrc_array_open(store, "g/b", NULL, &array, NULL), ZARRC_OK);
      expect_format("g/b", zarrc_array_format(array));
      zarrc_array_close(array);
      assert_int_equal(zarrc_migrate(store, "", &options, NULL, NULL), ZARRC_OK);
      expect_format("g/b", formats[i]);
      expect_format("a", formats[i]);
    }
  }
  print_message("%zu faults\n", ncalls);
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  static const char *const keys[][2] = {
      {".zgroup", "{\"zarr_format\": 2}"}, {"a/.zarray", ARRAY}, {"a/.zattrs", "{\"_ARRAY_DIMENSIONS\": [\"x\"]}"}};
  const zarrc_migrate_options back = {.struct_size = sizeof back, .zarr_format = 2};
  const zarrc_migrate_options there = {.struct_size = sizeof there, .remove_v2_metadata = true};
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  for (size_t i = 0; i < 3 && !status; i++)
    status = zarrc_store_set(memory, keys[i][0], keys[i][1], strlen(keys[i][1]), NULL);
  if (!status) status = zarrc_migrate(memory, "", NULL, NULL, NULL);
  if (!status) status = zarrc_migrate(memory, "", &back, NULL, NULL);
  if (!status) status = zarrc_migrate(memory, "", &there, NULL, NULL);
  if (!status) status = zarrc_migrate(memory, "", &back, NULL, NULL);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, whole_life, NULL));
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_there_and_back), EMPTY_STORE(test_changed_meanwhile),
      EMPTY_STORE(test_dry_run),        EMPTY_STORE(test_extension),
      EMPTY_STORE(test_orphan),         EMPTY_STORE(test_members_nobody_knows),
      EMPTY_STORE(test_refused),        EMPTY_STORE(test_faults),
      EMPTY_STORE(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
