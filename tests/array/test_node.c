/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "array/node.h"
#include "support/documents.h"
#include "support/said.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

#define GROUP "{\"zarr_format\": 3, \"node_type\": \"group\"}"
#define ARRAY "{\"zarr_format\": 3, \"node_type\": \"array\"}"

static void test_find(void **state) {
  zarrc_node_kind kind;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "zarr.json", GROUP);
  nodes_put(store, "a/zarr.json", ARRAY);
  nodes_put(store, "v2/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "both/.zarray", "{\"zarr_format\": 2}");
  nodes_put(store, "both/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "mixed/.zarray", "{\"zarr_format\": 2}");
  nodes_put(store, "mixed/zarr.json", GROUP);
  nodes_put(store, "attributes/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "attributes/.zattrs", "[]");
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
  assert_int_equal(zarrc_node_find(store, "v2", &kind, &error), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_GROUP);
  assert_int_equal(zarrc_node_find(store, "both", &kind, &error), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_ARRAY);
  assert_int_equal(zarrc_node_find(store, "mixed", &kind, &error), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_GROUP); /* that of format 3 */
  assert_int_equal(zarrc_node_find(store, "attributes", &kind, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error), "attributes/.zattrs: must be one JSON object");
  assert_int_equal(zarrc_node_find(store, "bad", &kind, &error), ZARRC_INVALID_METADATA);
  assert_true(said_first(&error, "bad/zarr.json: "));
  assert_string_equal(error.key, "bad/zarr.json");
  assert_int_equal(zarrc_node_find(store, "..", &kind, &error), ZARRC_INVALID_ARGUMENT);
}

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

/* ------------------------------------------------------------------------------------- what others do meanwhile */

/* A store in front of another one. Before the n-th read of a key it puts a text there, or fails. */
typedef struct meddler {
  zarrc_store store;
  zarrc_store *inner;
  const char *key, *text; /* text NULL: the read fails */
  int countdown;          /* reads of the key until then; 0: never */
} meddler;

typedef struct meddled {
  zarrc_blob blob;
  meddler *m;
  _Alignas(uint64_t) unsigned char inner[];
} meddled;

static zarrc_blob *inner_of(const zarrc_blob *blob) {
  return (zarrc_blob *)(void *)((meddled *)blob)->inner;
}

static zarrc_status meddle_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  meddler *m = ((meddled *)blob)->m;
  bool now = m->countdown > 0 && --m->countdown == 0;
  if (now && !m->text) return zarrc_fail(error, ZARRC_IO, "the disk is on fire");
  zarrc_status status = zarrc_blob_read(inner_of(blob), ranges, n, error);
  if (now) nodes_put(m->inner, m->key, m->text); /* behind the reader's back */
  return status;
}

static zarrc_store *store_inner(const zarrc_store *self) {
  return ((const meddler *)self)->inner;
}

static size_t meddle_blob_nbytes(const zarrc_store *self, size_t key_nbytes) {
  return sizeof(meddled) + store_inner(self)->ops->blob_nbytes(store_inner(self), key_nbytes);
}

static zarrc_status meddle_open(zarrc_store *self, const char *key, zarrc_blob *blob, zarrc_error *e) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .read = meddle_read, .inner = inner_of};
  meddler *m = (meddler *)self;
  if (!m->key || strcmp(key, m->key) != 0) return m->inner->ops->open(m->inner, key, blob, e);
  zarrc_status status = m->inner->ops->open(m->inner, key, inner_of(blob), e);
  if (!status) *(meddled *)blob = (meddled){.blob = {&ops, inner_of(blob)->traits}, .m = m};
  return status;
}

static const zarrc_store_ops meddle_ops = {.struct_size = sizeof meddle_ops,
                                           .name = "meddling",
                                           .blob_nbytes = meddle_blob_nbytes,
                                           .open = meddle_open,
                                           .inner = store_inner};

static meddler meddle(const char *key, int countdown, const char *text) {
  return (meddler){
      .store = {.ops = &meddle_ops, .ctx = ctx}, .inner = store, .key = key, .countdown = countdown, .text = text};
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

static const char *const stored_attributes[] = {
    "{\"zarr_format\": 3, \"node_type\": \"group\", \"x\": {\"must_understand\": false}}",
    "{\"zarr_format\": 3, \"node_type\": \"group\", \"y\": {\"must_understand\": false}}"};

/* Somebody else changes the document: the change is made again, on top of theirs. */
static void test_change_at_once(void **state) {
  zarrc_group *group = NULL;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "g/zarr.json", stored_attributes[0]);
  meddler m = meddle("g/zarr.json", 0, stored_attributes[1]);
  assert_int_equal(zarrc_group_open(&m.store, "g", NULL, &group, &error), ZARRC_OK);
  assert_non_null(strstr(zarrc_group_metadata(group), "\"x\""));
  m.countdown = 1;
  assert_int_equal(zarrc_group_set_attributes(group, "{\"a\": 1}", 8, &error), ZARRC_OK);
  assert_int_equal(m.countdown, 0);
  assert_null(strstr(zarrc_group_metadata(group), "\"x\""));
  assert_non_null(strstr(zarrc_group_metadata(group), "\"y\""));
  assert_string_equal(zarrc_group_attributes(group), "{\"a\": 1}");
  m.countdown = 1;
  m.text = NULL;
  assert_int_equal(zarrc_group_set_attributes(group, "{}", 2, &error), ZARRC_IO);
  assert_string_equal(SAID(error), "g/zarr.json: the disk is on fire");
  assert_string_equal(zarrc_group_attributes(group), "{\"a\": 1}");
  zarrc_group_close(group);
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_find),           EMPTY_STORE(test_create),         EMPTY_STORE(test_create_beside),
      EMPTY_STORE(test_read_only),      EMPTY_STORE(test_create_at_once), EMPTY_STORE(test_create_on_fire),
      EMPTY_STORE(test_change_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
