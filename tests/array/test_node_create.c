/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/meddler.h"
#include "array/node.h"
#include "support/files.h"
#include "support/said.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "{\"zarr_format\": 3, \"node_type\": \"group\"}"
#define ARRAY "{\"zarr_format\": 3, \"node_type\": \"array\"}"

static void test_create(void **state) {
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(create_node(store, "a/b/c", ARRAY, ZARRC_CREATE_NEW, NULL), ZARRC_OK);
  expect_keys("a/b/c/zarr.json a/b/zarr.json a/zarr.json zarr.json ");
  assert_int_equal(create_node(store, "a/b/c", ARRAY, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_int_equal(create_node(store, "a/b", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  /* nothing lies below an array, not even when it is asked for by force */
  assert_int_equal(create_node(store, "a/b/c/d", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(SAID(error), "a/b/c/zarr.json: an array"));
  assert_int_equal(create_node(store, "a/b/c/d/e", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_CONFLICT);
  expect_keys("a/b/c/zarr.json a/b/zarr.json a/zarr.json zarr.json ");
  assert_int_equal(create_node(store, "a/b", ARRAY, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_OK);
  expect_keys("a/b/zarr.json a/zarr.json zarr.json ");
  assert_int_equal(create_node(store, "", GROUP, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_OK);
  expect_keys("zarr.json ");
  assert_int_equal(create_node(store, "a/../b", GROUP, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(create_node(store, ".", GROUP, ZARRC_CREATE_OVERWRITE, NULL), ZARRC_INVALID_ARGUMENT);
  expect_keys("zarr.json ");
}

/* A node of another format, or one that cannot be read, is something there already. */
static void test_create_beside(void **state) {
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "v2/.zarray", "{\"zarr_format\": 2}");
  nodes_put(store, "bad/zarr.json", "{");
  nodes_put(store, "dir/x", "");
  assert_int_equal(create_node(store, "v2", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_int_equal(create_node(store, "v2/a", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), "v2/.zarray: an array: no node can lie below it");
  assert_int_equal(create_node(store, "bad", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_int_equal(create_node(store, "bad/a", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_INVALID_METADATA);
  expect_keys("bad/zarr.json dir/x v2/.zarray ");
  assert_int_equal(create_node(store, "v2", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_OK);
  assert_int_equal(create_node(store, "bad", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_OK);
  assert_int_equal(create_node(store, "dir", GROUP, ZARRC_CREATE_NEW, &error), ZARRC_OK);
  expect_keys("bad/zarr.json dir/x dir/zarr.json v2/zarr.json zarr.json ");
}

static void test_read_only(void **state) {
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "a/zarr.json", GROUP);
  store->read_only = true;
  assert_int_equal(create_node(store, "a", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "read-only"));
  expect_keys("a/zarr.json ");
  store->read_only = false;
}

/* Somebody else makes the node, or a parent, at any moment in between. */
static void test_create_at_once(void **state) {
  (void)state;
  for (int at = 1; at <= 3; at++) {
    zarrc_error error = {0};
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    meddler m = meddle("a/zarr.json", at, GROUP);
    zarrc_status status = create_node(&m.store, "a", ARRAY, ZARRC_CREATE_NEW, &error);
    assert_int_equal(status, m.countdown == 0 ? ZARRC_CONFLICT : ZARRC_OK);
    char *text = nodes_get(store, "a/zarr.json");
    assert_string_equal(text, m.countdown == 0 ? GROUP : ARRAY);
    if (status) assert_non_null(strstr(SAID(error), "already"));
    free(text);
    /* the parent becomes a group: good; an array: nothing may lie below it */
    for (int array = 0; array < 2; array++) {
      assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
      m = meddle("a/zarr.json", at, array ? ARRAY : GROUP);
      status = create_node(&m.store, "a/b", ARRAY, ZARRC_CREATE_NEW, &error);
      assert_int_equal(m.countdown, 0);
      assert_int_equal(status, array ? ZARRC_CONFLICT : ZARRC_OK);
      text = nodes_get(store, "a/b/zarr.json");
      assert_int_equal(text == NULL, array);
      free(text);
    }
  }
}

static void expect_text(const char *key, const char *expected) {
  char *text = nodes_get(store, key);
  if (expected)
    assert_string_equal(text, expected);
  else
    assert_null(text);
  free(text);
}

/* Somebody else makes a node of format 2: whoever loses leaves the attributes of the other. theirs: they were there
 * before (0), come (1), or go (2), while ours are stored. */
static void test_attributes_at_once(void **state) {
  static const char theirs[] = "{\"theirs\": 1}", ours[] = "{\"ours\": 1}", array[] = "{\"zarr_format\": 2}";
  (void)state;
  for (int how = 0; how < 2; how++)
    for (int with = 0; with < 2; with++)
      for (int at = 1; at <= 4; at++) {
        zarrc_error error = {0};
        assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
        nodes_put(store, ".zgroup", "{\"zarr_format\": 2}");
        if (how == 0) nodes_put(store, "a/.zattrs", theirs);
        meddler outer = meddle("a/.zattrs", how ? at : 0, theirs), inner = meddle("a/.zarray", at, array);
        outer.inner = &inner.store;
        zarrc_documents documents = zarrc_documents_of(array, strlen(array));
        documents.name = ".zarray";
        if (with) documents.attributes = (zarrc_bytes){.ptr = (const uint8_t *)ours, .len = strlen(ours)};
        zarrc_status status = zarrc_node_create(&outer.store, "a", &documents, ZARRC_CREATE_NEW, &error);
        bool lost = inner.countdown == 0;
        assert_int_equal(status, lost ? ZARRC_CONFLICT : ZARRC_OK);
        if (lost) expect_text("a/.zattrs", how && outer.countdown ? NULL : theirs);
        if (!lost && how == 0) expect_text("a/.zattrs", with ? ours : NULL);
      }
}

enum { CREATORS = 4, ROUNDS = 200 };

static char *tree;

static zarrc_store *open_round(zarrc_ctx *c, int round) {
  zarrc_store *files = NULL;
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true};
  char name[16];
  snprintf(name, sizeof name, "%d", round);
  char *path = path_in(tree, name);
  zarrc_file_store_open(c, path, &options, &files, NULL);
  free(path);
  return files;
}

/* Makes the root of many stores, and returns of how many. The third creator makes groups without attributes, the fourth
 * groups of format 3. */
static int create_all(int which) {
  zarrc_ctx *own;
  char attributes[32], text[100];
  int n = 0;
  snprintf(attributes, sizeof attributes, "{\"creator\": %d}", which);
  snprintf(text, sizeof text, "{\"zarr_format\": %d, \"node_type\": \"group\", \"creator\": %d}", which == 3 ? 3 : 2,
           which);
  zarrc_documents documents = zarrc_documents_of(text, strlen(text));
  documents.name = which == 3 ? "zarr.json" : which == 2 ? ".zgroup" : ".zarray";
  if (which < 2) documents.attributes = (zarrc_bytes){.ptr = (const uint8_t *)attributes, .len = strlen(attributes)};
  if (zarrc_ctx_open(NULL, &own, NULL)) return -1;
  for (int i = 0; i < ROUNDS; i++) {
    zarrc_store *files = open_round(own, i);
    zarrc_status status = files ? zarrc_node_create(files, "", &documents, ZARRC_CREATE_NEW, NULL) : ZARRC_IO;
    n += status == ZARRC_OK ? 1 : status == ZARRC_CONFLICT ? 0 : -ROUNDS;
    zarrc_store_close(files);
  }
  zarrc_ctx_close(own);
  return n;
}

static void *creator_main(void *arg) {
  *(int *)arg = create_all(*(int *)arg);
  return NULL;
}

/* Expects that the documents are those of one creator. */
static void expect_one(zarrc_store *files) {
  static const char *const names[] = {".zarray", ".zgroup", "zarr.json"};
  int ncreators = 0, which = -1;
  for (int k = 0; k < 3; k++) {
    char *text = nodes_get(files, names[k]);
    ncreators += text != NULL;
    if (text) which = atoi(strstr(text, "creator") + 9);
    free(text);
  }
  assert_int_equal(ncreators, 1);
  char *attributes = nodes_get(files, ".zattrs");
  assert_int_equal(attributes != NULL, which < 2);
  if (attributes) assert_int_equal(atoi(strstr(attributes, "creator") + 9), which);
  free(attributes);
}

/* Several create a node at once in a directory, of both formats and kinds: it is of one of them as a whole. */
static void test_creators_at_once(void **state) {
  pthread_t threads[CREATORS];
  int n[CREATORS], sum = 0;
  (void)state;
  tree = tree_make();
  for (int i = 0; i < CREATORS; i++) {
    n[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, creator_main, &n[i]), 0);
  }
  for (int i = 0; i < CREATORS; i++) {
    pthread_join(threads[i], NULL);
    sum += n[i];
  }
  assert_int_equal(sum, ROUNDS);
  for (int i = 0; i < ROUNDS; i++) {
    zarrc_store *files = open_round(ctx, i);
    expect_one(files);
    zarrc_store_close(files);
  }
  tree_remove(tree);
}

/* A store that fails is reported, and is not a node that is missing. */
static void test_create_on_fire(void **state) {
  static const char *const keys[] = {"zarr.json", ".zarray", ".zgroup", "a/zarr.json", "a/.zarray", "a/.zgroup"};
  (void)state;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    for (int at = 1;; at++) {
      zarrc_error error = {0};
      assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
      meddler m = meddle(keys[i], at, NULL);
      zarrc_status status = create_node(&m.store, "a", ARRAY, ZARRC_CREATE_NEW, &error);
      if (m.countdown > 0) {
        assert_true(at > 1);
        assert_int_equal(status, ZARRC_OK);
        break;
      }
      assert_int_equal(status, ZARRC_IO);
      assert_string_equal(error.key, keys[i]);
      char *text = nodes_get(store, "a/zarr.json");
      assert_null(text);
    }
  }
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_create),           EMPTY_STORE(test_create_beside),      EMPTY_STORE(test_read_only),
      EMPTY_STORE(test_create_at_once),   EMPTY_STORE(test_attributes_at_once), EMPTY_STORE(test_create_on_fire),
      EMPTY_STORE(test_creators_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
