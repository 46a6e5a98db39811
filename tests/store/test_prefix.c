/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/fault_store.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/said.h"

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *memory, *files;

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &memory, NULL) ||
         zarrc_file_store_open(ctx, tree, NULL, &files, NULL);
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(files);
  zarrc_store_close(memory);
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

static zarrc_store *prefixed(zarrc_store *inner, const char *prefix) {
  zarrc_store *store;
  zarrc_error error;
  contract_ok(zarrc_prefix_store_open(inner, prefix, &store, &error), &error);
  return store;
}

static void test_contract(void **state) {
  (void)state;
  zarrc_store *const bottoms[] = {memory, files};
  static const char *const prefixes[] = {"", "a", "some/where/below"};
  for (size_t b = 0; b < 2; b++)
    for (size_t p = 0; p < 3; p++) {
      zarrc_store *store = prefixed(bottoms[b], prefixes[p]);
      if (p > 0) contract_set(bottoms[b], "a.txt", "beside");
      contract_obey(store);
      if (p > 0) contract_expect_list(bottoms[b], "", true, false, "a.txt ");
      zarrc_store_close(store);
    }
}

/* Wrappers in wrappers: five deep, so that the blob does not lie in its handle, and with all of it counted. */
static void test_nested(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_store *empty, *overlay, *low = prefixed(files, "low/er"), *high, *top;
  contract_ok(zarrc_memory_store_open(ctx, &empty, &error), &error);
  contract_ok(zarrc_overlay_store_open(empty, low, &overlay, &error), &error);
  high = prefixed(overlay, "up/per");
  fault_store inner_counts, counts;
  fault_store_init(&inner_counts, high);
  top = prefixed(&inner_counts.store, "a-name-that-is-so-long-that-the-blob-and-its-keys-need-more-than-the-room-of-a-"
                                      "handle-and-therefore-lie-in-scratch-memory/which-is-as-good");
  fault_store_init(&counts, top);
  contract_obey(&counts.store);
  assert_int_equal(counts.nfaults + inner_counts.nfaults, 0);
  assert_true(inner_counts.calls > 1000);
  contract_set(&counts.store, "k", "text");
  contract_expect(files,
                  "low/er/up/per/a-name-that-is-so-long-that-the-blob-and-its-keys-need-more-than-the-room-of-a-"
                  "handle-and-therefore-lie-in-scratch-memory/which-is-as-good/k",
                  "text");
  size_t before = inner_counts.calls;
  contract_expect(&counts.store, "k", "text");
  assert_int_equal(inner_counts.calls, before + 1);
  zarrc_store_close(top);
  zarrc_store_close(high);
  zarrc_store_close(overlay);
  zarrc_store_close(low);
  zarrc_store_close(empty);
}

/* What a file can do, a file behind wrappers can do: identities, kept bytes, values batch by batch. */
static void test_abilities(void **state) {
  (void)state;
  zarrc_store *store = prefixed(files, "p");
  fault_store top;
  zarrc_error error;
  zarrc_key_blob one, two;
  zarrc_identity a = {0}, b = {0};
  zarrc_bytes piece;
  bool known;
  fault_store_init(&top, store);
  contract_set(files, "p/value", "0123456789");
  contract_ok(zarrc_key_blob_open(&one, &top.store, "value", &error), &error);
  contract_ok(zarrc_key_blob_open(&two, files, "p/value", &error), &error);
  contract_ok(zarrc_blob_identify(one.blob, &a, &known, &error), &error);
  contract_ok(zarrc_blob_identify(two.blob, &b, &known, &error), &error);
  assert_memory_equal(&a, &b, sizeof a);
  assert_true(zarrc_blob_get_traits(one.blob).streams);
  assert_true(zarrc_blob_keep(one.blob, 2, 3, &piece));
  contract_ok(zarrc_blob_replace(one.blob, &piece, 1, true, &error), &error);
  zarrc_key_blob_close(&one);
  zarrc_key_blob_close(&two);
  contract_expect(files, "p/value", "234");
  zarrc_store_close(store);
}

static zarrc_status stop(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)entry;
  zarrc_fail(error, ZARRC_CANCELED, "stop");
  if (error) snprintf(error->key, sizeof error->key, "%s", (const char *)arg);
  return ZARRC_CANCELED;
}

static void test_errors(void **state) {
  (void)state;
  zarrc_store *store = NULL;
  zarrc_error error;
  zarrc_bytes got;
  static const char *const bad[] = {"/", "a/", "..", "a//b"};
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(zarrc_prefix_store_open(files, bad[i], &store, &error), ZARRC_INVALID_ARGUMENT);
  assert_null(store);
  store = prefixed(files, "p/q");
  assert_int_equal(zarrc_store_get(store, "x", 9, &got, &error), ZARRC_NOT_FOUND);
  assert_true(said_last(&error, "/p/q/x: not found"));
  assert_string_equal(error.key, "x");
  contract_set(files, "p/q/file", "text");
  assert_int_equal(zarrc_store_get(store, "file/below", 9, &got, &error), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_store_set(store, "file/below", "text", 4, &error), ZARRC_IO);
  assert_string_equal(error.key, "file/below");
  assert_non_null(strstr(SAID(error), "/p/q/file/below: ")); /* the file */
  assert_int_equal(zarrc_store_list(store, "", true, false, stop, "p/q/mine", &error), ZARRC_CANCELED);
  assert_string_equal(error.key, "p/q/mine"); /* who stops a listing names what he likes */
  files->read_only = true;
  zarrc_store_close(store);
  store = prefixed(files, "p/q");
  assert_int_equal(zarrc_store_erase_prefix(store, "file", &error), ZARRC_INVALID_ARGUMENT);
  assert_true(said_last(&error, "/p/q/file: the store is read-only"));
  files->read_only = false;
  zarrc_store_close(store);
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own = NULL;
  zarrc_store *bottom = NULL, *store = NULL;
  contract_names names = {.stop_at = 16};
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_memory_store_open(own, &bottom, NULL);
  if (!status) status = zarrc_prefix_store_open(bottom, "a/b", &store, NULL);
  if (!status) status = zarrc_store_set(store, "k", "text", 4, NULL);
  if (!status) status = zarrc_store_list(store, "", true, false, contract_note, &names, NULL);
  if (!status) status = zarrc_store_erase_prefix(store, "", NULL);
  zarrc_store_close(store);
  zarrc_store_close(bottom);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  assert_true(faulty_alloc_each(&options, whole_life, NULL) > 5);
}

/* Opening and reading a value takes no memory from the context, through two wrappers either: its blob lies in its
 * handle.
 */
static void test_no_allocation(void **state) {
  (void)state;
  faulty_alloc counts = {0};
  zarrc_ctx_options options = {.alloc = faulty_alloc_use(&counts), .threads = 1};
  zarrc_ctx *own;
  zarrc_store *bottom, *store;
  fault_store top;
  char *path = tree_make();
  uint8_t into[4];
  zarrc_error error;
  contract_ok(zarrc_ctx_open(&options, &own, &error), &error);
  contract_ok(zarrc_file_store_open(own, path, NULL, &bottom, &error), &error);
  contract_ok(zarrc_prefix_store_open(bottom, "a/prefix/of/some/length", &store, &error), &error);
  fault_store_init(&top, store);
  contract_set(&top.store, "array/c/0/0/0", "text");
  zarrc_store *const stores[] = {bottom, store, &top.store};
  static const char *const keys[] = {"a/prefix/of/some/length/array/c/0/0/0", "array/c/0/0/0", "array/c/0/0/0"};
  for (int i = 0; i < 3; i++) {
    zarrc_key_blob blob;
    zarrc_range range = {.nbytes = 4, .into = into};
    size_t before = counts.calls;
    contract_ok(zarrc_key_blob_open(&blob, stores[i], keys[i], &error), &error);
    contract_ok(zarrc_blob_read(blob.blob, &range, 1, &error), &error);
    zarrc_key_blob_close(&blob);
    assert_int_equal(counts.calls, before);
    assert_null(blob.memory.ptr);
    assert_memory_equal(into, "text", 4);
  }
  zarrc_store_close(store);
  zarrc_store_close(bottom);
  zarrc_ctx_close(own);
  tree_remove(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_contract, open_all, close_all),
      cmocka_unit_test_setup_teardown(test_nested, open_all, close_all),
      cmocka_unit_test_setup_teardown(test_abilities, open_all, close_all),
      cmocka_unit_test_setup_teardown(test_errors, open_all, close_all),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_no_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
