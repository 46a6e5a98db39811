/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/node.h"
#include "support/nodes.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;
static zarrc_store *store;

static int open_store(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL);
}

static int close_store(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

#define GROUP "{\"zarr_format\": 3, \"node_type\": \"group\"}"
#define ARRAY "{\"zarr_format\": 3, \"node_type\": \"array\"}"

static void expect_keys(const char *expected) {
  char *keys = nodes_keys(store);
  assert_string_equal(keys, expected);
  free(keys);
}

static void test_find(void **state) {
  zarrc_node_kind kind;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "zarr.json", GROUP);
  nodes_put(store, "a/zarr.json", ARRAY);
  nodes_put(store, "v2/.zgroup", "{}");
  nodes_put(store, "bad/zarr.json", "{");
  nodes_put(store, "implicit/x/zarr.json", GROUP);
  assert_int_equal(zarrc_node_find(store, "", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_GROUP);
  assert_int_equal(zarrc_node_find(store, "a", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_ARRAY);
  assert_int_equal(zarrc_node_find(store, "implicit", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_NONE);
  assert_int_equal(zarrc_node_find(store, "none", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_NONE);
  assert_int_equal(zarrc_node_find(store, "v2", &kind, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(error.message, "\"v2\": Zarr format 2 is not supported by this version");
  assert_int_equal(zarrc_node_find(store, "bad", &kind, &error), ZARRC_INVALID_METADATA);
  assert_ptr_equal(strstr(error.message, "bad/zarr.json: "), error.message);
  assert_string_equal(error.key, "bad/zarr.json");
  assert_int_equal(zarrc_node_find(store, "..", &kind, &error), ZARRC_INVALID_ARGUMENT);
}

static void test_create(void **state) {
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_node_create(store, "a/b/c", ARRAY, ZARRC_CREATE_NEW, NULL), ZARRC_OK);
  expect_keys("a/b/c/zarr.json a/b/zarr.json a/zarr.json zarr.json ");
  assert_int_equal(zarrc_node_create(store, "a/b/c", ARRAY, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_node_create(store, "a/b", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  /* nothing lies below an array, not even when it is asked for by force */
  assert_int_equal(zarrc_node_create(store, "a/b/c/d", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(error.message, "\"a/b/c\" is an array"));
  assert_int_equal(zarrc_node_create(store, "a/b/c/d/e", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_CONFLICT);
  expect_keys("a/b/c/zarr.json a/b/zarr.json a/zarr.json zarr.json ");
  assert_int_equal(zarrc_node_create(store, "a/b", ARRAY, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_OK);
  expect_keys("a/b/zarr.json a/zarr.json zarr.json ");
  assert_int_equal(zarrc_node_create(store, "", GROUP, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_OK);
  expect_keys("zarr.json ");
  assert_int_equal(zarrc_node_create(store, "a/../b", GROUP, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_node_create(store, ".", GROUP, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_INVALID_ARGUMENT);
  expect_keys("zarr.json ");
}

/* A node of another format, or one that cannot be read, is something there already. */
static void test_create_beside(void **state) {
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "v2/.zarray", "{}");
  nodes_put(store, "bad/zarr.json", "{");
  nodes_put(store, "dir/x", "");
  assert_int_equal(zarrc_node_create(store, "v2", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_node_create(store, "v2/a", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_node_create(store, "bad", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_node_create(store, "bad/a", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_INVALID_METADATA);
  expect_keys("bad/zarr.json dir/x v2/.zarray ");
  assert_int_equal(zarrc_node_create(store, "v2", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_OK);
  assert_int_equal(zarrc_node_create(store, "bad", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_OK);
  assert_int_equal(zarrc_node_create(store, "dir", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_OK);
  expect_keys("bad/zarr.json dir/x dir/zarr.json v2/zarr.json zarr.json ");
}

static void test_read_only(void **state) {
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "a/zarr.json", GROUP);
  store->read_only = true;
  assert_int_equal(zarrc_node_create(store, "a", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "read-only"));
  expect_keys("a/zarr.json ");
  store->read_only = false;
}

/* The key stands in front of a message once, whoever has named it before. */
static void test_blame(void **state) {
  zarrc_error error = {0};
  (void)state;
  zarrc_node_blame(NULL, "k");
  zarrc_node_blame(&error, "k");
  assert_string_equal(error.message, "");
  zarrc_fail(&error, ZARRC_CORRUPT, "bad");
  zarrc_node_blame(&error, "a/c/0");
  assert_string_equal(error.message, "a/c/0: bad");
  assert_string_equal(error.key, "a/c/0");
  zarrc_node_blame(&error, "a/c/0");
  assert_string_equal(error.message, "a/c/0: bad");
  zarrc_error_prefix(&error, "gzip: ");
  zarrc_node_blame(&error, "a/c/0");
  assert_string_equal(error.message, "a/c/0: gzip: bad");
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_find),      EMPTY_STORE(test_create),     EMPTY_STORE(test_create_beside),
      EMPTY_STORE(test_read_only), cmocka_unit_test(test_blame),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
