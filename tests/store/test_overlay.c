/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/fault_store.h"
#include "support/files.h"
#include "support/said.h"

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *front, *behind, *store;

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &front, NULL) ||
         zarrc_file_store_open(ctx, tree, NULL, &behind, NULL) || zarrc_overlay_store_open(front, behind, &store, NULL);
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_store_close(behind);
  zarrc_store_close(front);
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

static void test_contract(void **state) {
  (void)state;
  contract_obey(store);
  zarrc_store *swapped; /* all is in front */
  contract_ok(zarrc_overlay_store_open(behind, front, &swapped, NULL), NULL);
  contract_obey(swapped);
  zarrc_store_close(swapped);
}

static void test_reading(void **state) {
  zarrc_error error;
  (void)state;
  contract_set(behind, "g/zarr.json", "behind");
  contract_set(behind, "g/a/c/0", "chunk");
  contract_set(front, "g/zarr.json", "in front");
  contract_set(front, "g/a/zarr.json", "only here");
  contract_expect(store, "g/zarr.json", "in front");
  contract_expect(store, "g/a/zarr.json", "only here");
  contract_expect(store, "g/a/c/0", "chunk");
  contract_expect(store, "g/nothing", NULL);
  contract_expect_list(store, "", true, true, "g/a/c/0=5 g/a/zarr.json=9 g/zarr.json=8 ");
  contract_expect_list(store, "g", false, false, "g/a/ g/zarr.json ");
  contract_expect_list(store, "g/a", false, false, "g/a/c/ g/a/zarr.json ");
  contract_names names = {.stop_at = 1};
  assert_int_equal(zarrc_store_list(store, "", true, false, contract_note, &names, &error), ZARRC_CANCELED);
}

/* What is in front and cannot be changed is not changed behind either. */
static void test_front_read_only(void **state) {
  zarrc_error error;
  (void)state;
  contract_set(front, "g/zarr.json", "in front");
  contract_set(behind, "g/zarr.json", "behind");
  front->read_only = true;
  assert_int_equal(zarrc_store_set(store, "g/zarr.json", "new", 3, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "/g/zarr.json: the value cannot be written: it was opened for reading only"));
  assert_int_equal(zarrc_store_erase(store, "g/zarr.json", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_erase_prefix(store, "g", &error), ZARRC_INVALID_ARGUMENT);
  contract_expect(behind, "g/zarr.json", "behind");
  contract_set(store, "g/a/c/0", "chunk");
  contract_expect(behind, "g/a/c/0", "chunk");
  contract_ok(zarrc_store_erase_prefix(store, "g/a", &error), &error);
  contract_expect_list(store, "", true, false, "g/zarr.json ");
  front->read_only = false;
}

static void test_front_writable(void **state) {
  zarrc_error error;
  (void)state;
  contract_set(front, "a", "in front");
  contract_set(behind, "a", "behind");
  contract_set(store, "a", "changed");
  contract_expect(front, "a", "changed");
  contract_expect(behind, "a", "behind");
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
  contract_expect_list(front, "", true, false, "");
  contract_expect_list(behind, "", true, false, "");
}

/* An operation that fails behind is reported. */
static void test_faults(void **state) {
  (void)state;
  fault_store faulty;
  zarrc_store *over = NULL;
  fault_store_init(&faulty, behind);
  contract_ok(zarrc_overlay_store_open(front, &faulty.store, &over, NULL), NULL);
  contract_set(front, "doc", "text");
  contract_set(behind, "value", "text");
  fault_store_arm(&faulty, 1, ZARRC_NETWORK);
  contract_expect(over, "doc", "text"); /* asks nobody behind */
  assert_int_equal(faulty.calls, 0);
  zarrc_error error;
  zarrc_bytes got = {0};
  for (int what = 0; what < 4; what++) {
    contract_names names = {.stop_at = 16};
    fault_store_arm(&faulty, 1, ZARRC_NETWORK);
    zarrc_status status = what == 0   ? zarrc_store_get(over, "value", 9, &got, &error)
                          : what == 1 ? zarrc_store_set(over, "value", "new", 3, &error)
                          : what == 2 ? zarrc_store_list(over, "", true, false, contract_note, &names, &error)
                                      : zarrc_store_erase_prefix(over, "v", &error);
    assert_int_equal(status, ZARRC_NETWORK);
    assert_int_equal(faulty.nfaults, 1);
    assert_non_null(strstr(SAID(error), "fault of operation 1"));
  }
  contract_expect(behind, "value", "text");
  zarrc_store_close(over);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_contract), TEST(test_reading), TEST(test_front_read_only), TEST(test_front_writable), TEST(test_faults),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
