/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

#define CONSOLIDATED                                                                                                   \
  "{\"kind\": \"inline\", \"must_understand\": false, \"metadata\": {\"a\": {\"attributes\": {\"_FillValue\": NaN}}}}"

static void test_documents(void **state) {
  static const struct {
    const char *members;
    zarrc_status status;
    const char *expected; /* the canonical document, or part of the message */
  } rows[] = {
      {"", ZARRC_OK, "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}"},
      {", \"node_type\": \"group\", \"attributes\": {\"b\":1, \"a\": NaN}", ZARRC_OK,
       "{\n  \"attributes\": {\"b\":1, \"a\": NaN},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}"},
      {", \"attributes\": null", ZARRC_OK,
       "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}"},
      {", \"consolidated_metadata\": null", ZARRC_OK,
       "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}"},
      {", \"consolidated_metadata\": " CONSOLIDATED, ZARRC_OK,
       "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n  \"consolidated_metadata\": " CONSOLIDATED
       ",\n  \"node_type\": \"group\"\n}"},
      {", \"x\": {\"must_understand\": false}", ZARRC_OK,
       "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\",\n  \"x\": {\"must_understand\": "
       "false}\n}"},
      {", \"x\": 1", ZARRC_UNSUPPORTED, "g/zarr.json: /x: "},
      {", \"attributes\": []", ZARRC_INVALID_METADATA, "g/zarr.json: /attributes: "},
      {", \"node_type\": \"array\"", ZARRC_INVALID_ARGUMENT, "this is an array, not a group"},
      {", \"node_type\": \"zzz\"", ZARRC_INVALID_METADATA, "/node_type"},
      {", \"consolidated_metadata\": []", ZARRC_INVALID_METADATA, "/consolidated_metadata: must be an object"},
      {", \"consolidated_metadata\": {\"kind\": \"zzz\", \"metadata\": {}}", ZARRC_UNSUPPORTED, "only \"inline\""},
      {", \"consolidated_metadata\": {\"metadata\": {\"kind\": \"inline\"}}", ZARRC_UNSUPPORTED, "only \"inline\""},
      {", \"consolidated_metadata\": {\"kind\": \"inline\"}", ZARRC_INVALID_METADATA, "metadata: must be an object"},
      {", \"consolidated_metadata\": {\"kind\": \"inline\", \"metadata\": []}", ZARRC_INVALID_METADATA,
       "metadata: must be an object"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[512];
    zarrc_group *g = NULL;
    zarrc_error error = {0};
    snprintf(text, sizeof text, "{\"zarr_format\": 3%s}", rows[i].members);
    nodes_put(store, "g/zarr.json", text);
    zarrc_status status = zarrc_group_open(store, "g", NULL, &g, &error);
    if (status != rows[i].status) fail_msg("%s: %s", text, status ? SAID(error) : "accepted");
    if (status && !strstr(SAID(error), rows[i].expected)) fail_msg("%s: %s", text, SAID(error));
    if (!status) assert_string_equal(zarrc_group_metadata(g), rows[i].expected);
    zarrc_group_close(g);
  }
  zarrc_group_close(NULL);
}

static void test_open(void **state) {
  zarrc_group *g = NULL;
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_group_open(store, "", NULL, &g, &error), ZARRC_NOT_FOUND);
  assert_string_equal(error.key, "zarr.json");
  nodes_put(store, "v2/.zgroup", "{}");
  assert_int_equal(zarrc_group_open(store, "v2", NULL, &g, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error), "v2/.zgroup: /zarr_format: is missing");
  nodes_put(store, "v2/.zarray", "{\"zarr_format\": 2}");
  assert_int_equal(zarrc_group_open(store, "v2", NULL, &g, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "v2/.zarray: this is an array, not a group");
  assert_int_equal(zarrc_group_open(store, "a//b", NULL, &g, &error), ZARRC_INVALID_ARGUMENT);
  assert_null(g);
}

/* A group of format 2: what is known stays as it is, and attributes have a document of their own. */
static void test_format_2(void **state) {
  static const char document[] = "{\"zarr_format\": 2, \"_nczarr_group\": {\"dims\": {}}}";
  static const char laid[] = "{\n  \"zarr_format\": 2,\n  \"_nczarr_group\": {\n    \"dims\": {}\n  }\n}";
  zarrc_group *g = NULL;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "g/.zgroup", document);
  assert_int_equal(zarrc_group_open(store, "g", NULL, &g, &error), ZARRC_OK);
  assert_int_equal(zarrc_group_format(g), 2);
  assert_string_equal(zarrc_group_metadata(g), laid);
  assert_string_equal(zarrc_group_attributes(g), "{}");
  for (int i = 0; i < 2; i++) { /* there is no .zattrs, there is one */
    assert_int_equal(zarrc_group_set_attributes(g, i ? "{\"b\": 2}" : "{\"a\":1}", 8 - !i, &error), ZARRC_OK);
    char *text = nodes_get(store, "g/.zattrs"), *same = nodes_get(store, "g/.zgroup");
    assert_string_equal(text, i ? "{\"b\": 2}" : "{\"a\":1}");
    assert_string_equal(same, document);
    free(text);
    free(same);
  }
  assert_string_equal(zarrc_group_attributes(g), "{\"b\": 2}");
  zarrc_buf buf = zarrc_buf_new(store->ctx, 4096);
  assert_int_equal(zarrc_group_document(g, 3, &buf, NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_append(&buf, "", 1, NULL), ZARRC_OK);
  assert_string_equal((const char *)buf.ptr,
                      "{\n  \"attributes\": {\"b\": 2},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}");
  zarrc_buf_clear(&buf);
  zarrc_group_close(g);
}

static void test_create(void **state) {
  zarrc_group *g = NULL;
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_group_create(store, "a/g", "{\"x\": [1 ]}", ZARRC_CREATE_NEW, NULL, &g, NULL), ZARRC_OK);
  assert_string_equal(zarrc_group_path(g), "a/g");
  assert_string_equal(zarrc_group_attributes(g), "{\"x\": [1 ]}");
  char *text = nodes_get(store, "a/g/zarr.json");
  assert_string_equal(text, zarrc_group_metadata(g));
  free(text);
  char *keys = nodes_keys(store);
  assert_string_equal(keys, "a/g/zarr.json a/zarr.json zarr.json ");
  free(keys);
  zarrc_group_close(g);
  g = NULL;
  assert_int_equal(zarrc_group_create(store, "a/g", NULL, ZARRC_CREATE_NEW, NULL, &g, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_group_create(store, "b", "[]", ZARRC_CREATE_NEW, NULL, &g, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_group_create(store, NULL, NULL, ZARRC_CREATE_NEW, NULL, &g, &error), ZARRC_INVALID_ARGUMENT);
  assert_null(g);
  assert_int_equal(zarrc_group_create(store, "a", NULL, ZARRC_CREATE_OVERWRITE, NULL, &g, &error), ZARRC_OK);
  keys = nodes_keys(store);
  assert_string_equal(keys, "a/zarr.json zarr.json ");
  free(keys);
  zarrc_group_close(g);
}

static void test_attributes(void **state) {
  zarrc_group *g = NULL, *h = NULL;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "g/zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"x\": {\"must_understand\": false}, "
            "\"consolidated_metadata\": " CONSOLIDATED "}");
  assert_int_equal(zarrc_group_open(store, "g", NULL, &g, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_set_attributes(g, "{ \"a\":1.50}", 11, NULL), ZARRC_OK);
  assert_string_equal(zarrc_group_attributes(g), "{ \"a\":1.50}");
  assert_int_equal(zarrc_group_open(store, "g", NULL, &h, NULL), ZARRC_OK);
  assert_string_equal(zarrc_group_metadata(g), zarrc_group_metadata(h));
  assert_non_null(strstr(zarrc_group_metadata(g), CONSOLIDATED));
  assert_non_null(strstr(zarrc_group_metadata(g), "\"x\": {\"must_understand\": false}"));
  assert_int_equal(zarrc_group_set_attributes(g, "null", 4, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(zarrc_group_attributes(g), "{ \"a\":1.50}");
  nodes_put(store, "g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"array\"}");
  assert_int_equal(zarrc_group_set_attributes(g, "{}", 2, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_group_close(g);
  zarrc_group_close(h);
}

/* ------------------------------------------------------------------------------------------------------- children */

typedef struct seen {
  char text[256];
  int stop_after;
} seen;

/* "path=array path=group path=UNSUPPORTED" */
static zarrc_status see(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why, zarrc_error *error) {
  seen *s = arg;
  if (s->stop_after-- == 0) return zarrc_fail(error, ZARRC_CANCELED, "enough");
  size_t n = strlen(s->text);
  assert_int_equal(kind == ZARRC_NODE_UNREADABLE, why != NULL);
  if (why) assert_true(strncmp(why->key, path, strlen(path)) == 0);
  snprintf(s->text + n, sizeof s->text - n, "%s=%s ", path,
           why                        ? zarrc_status_name(why->code)
           : kind == ZARRC_NODE_ARRAY ? "array"
                                      : "group");
  return ZARRC_OK;
}

static void test_list(void **state) {
  zarrc_group *root = NULL, *g = NULL;
  seen s = {.stop_after = -1};
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_group_create(store, "", NULL, ZARRC_CREATE_NEW, NULL, &root, NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_list(root, see, &s, NULL), ZARRC_OK);
  assert_string_equal(s.text, "");
  char *document = nodes_document(NULL);
  static const char *const arrays[] = {"b/zarr.json", "a-b/zarr.json", "a/z/zarr.json", "Z/zarr.json"};
  for (size_t i = 0; i < 4; i++) nodes_put(store, arrays[i], document);
  free(document);
  nodes_put(store, "a/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  nodes_put(store, "b/c/0/0", "");
  nodes_put(store, "nothing/x", "");
  nodes_put(store, "file", "");
  assert_int_equal(zarrc_group_list(root, see, &s, NULL), ZARRC_OK);
  assert_string_equal(s.text, "Z=array a=group a-b=array b=array ");
  assert_int_equal(zarrc_group_open(store, "a", NULL, &g, NULL), ZARRC_OK);
  s = (seen){.stop_after = -1};
  assert_int_equal(zarrc_group_list(g, see, &s, NULL), ZARRC_OK);
  assert_string_equal(s.text, "a/z=array ");
  s = (seen){.stop_after = 2};
  assert_int_equal(zarrc_group_list(root, see, &s, &error), ZARRC_CANCELED);
  assert_string_equal(s.text, "Z=array a=group ");
  zarrc_group_close(root);
  zarrc_group_close(g);
}

/* What is wrong with one child hides no other one. */
static void test_list_unreadable(void **state) {
  zarrc_group *root = NULL;
  seen s = {.stop_after = -1};
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_group_create(store, "", NULL, ZARRC_CREATE_NEW, NULL, &root, NULL), ZARRC_OK);
  char *document = nodes_document(NULL);
  nodes_put(store, "m/zarr.json", document);
  free(document);
  nodes_put(store, "a/zarr.json", "{");
  nodes_put(store, "b/zarr.json", "{\"zarr_format\": 2, \"node_type\": \"array\"}");
  nodes_put(store, "c/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"zzz\"}");
  nodes_put(store, "x/.zarray", "{}");
  nodes_put(store, "y/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "z/zarr.json", "");
  assert_int_equal(zarrc_group_list(root, see, &s, &error), ZARRC_OK);
  assert_string_equal(s.text, "a=INVALID_METADATA b=INVALID_METADATA c=INVALID_METADATA m=array x=INVALID_METADATA "
                              "y=group z=INVALID_METADATA ");
  s = (seen){.stop_after = 2};
  assert_int_equal(zarrc_group_list(root, see, &s, &error), ZARRC_CANCELED);
  assert_string_equal(s.text, "a=INVALID_METADATA b=INVALID_METADATA ");
  zarrc_group_close(root);
}

/* A store of groups "a", "b" and "c"; b's document is beyond reach. */
static zarrc_status far_status;

static zarrc_status far_fail(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  (void)blob, (void)ranges, (void)n;
  return zarrc_fail(error, far_status, "beyond reach");
}

static size_t far_blob_nbytes(const zarrc_store *self, size_t key_nbytes) {
  (void)self, (void)key_nbytes;
  return sizeof(zarrc_memory_blob);
}

static zarrc_status far_open(zarrc_store *self, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops failing = {.struct_size = sizeof failing, .read = far_fail};
  static const char text[] = "{\"zarr_format\": 3, \"node_type\": \"group\"}";
  (void)error;
  zarrc_memory_blob_init((zarrc_memory_blob *)blob, self->ctx, text, sizeof text - 1);
  if (!strcmp(key, "b/zarr.json")) blob->ops = &failing;
  return ZARRC_OK;
}

static zarrc_status far_list(zarrc_store *self, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error) {
  static const char *const keys[] = {"c", "b", "a"};
  zarrc_status status = ZARRC_OK;
  (void)self, (void)prefix, (void)deep, (void)sizes;
  for (size_t i = 0; i < 3 && !status; i++) {
    zarrc_entry entry = {.key = keys[i], .is_prefix = true, .nbytes = ZARRC_UNKNOWN};
    status = fn(arg, &entry, error);
  }
  return status;
}

/* A child's own fault is told of the child, the network's ends the listing. */
static void test_list_beyond_reach(void **state) {
  static const zarrc_store_ops ops = {
      .struct_size = sizeof ops, .name = "far", .blob_nbytes = far_blob_nbytes, .open = far_open, .list = far_list};
  static const zarrc_status ending[] = {ZARRC_NETWORK, ZARRC_NO_MEMORY, ZARRC_CANCELED, ZARRC_INTERNAL};
  zarrc_store far = {.ops = &ops, .ctx = ctx, .read_only = true};
  zarrc_group *root = NULL;
  seen s = {.stop_after = -1};
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_group_open(&far, "", NULL, &root, NULL), ZARRC_OK);
  far_status = ZARRC_IO;
  assert_int_equal(zarrc_group_list(root, see, &s, &error), ZARRC_OK);
  assert_string_equal(s.text, "a=group b=IO c=group ");
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
    s = (seen){.stop_after = -1};
    far_status = ending[i];
    assert_int_equal(zarrc_group_list(root, see, &s, &error), ending[i]);
    assert_int_equal(error.code, ending[i]);
    assert_non_null(strstr(SAID(error), "beyond reach"));
    assert_string_equal(s.text, "a=group ");
  }
  zarrc_group_close(root);
}

static void *set_often(void *arg) {
  char text[32];
  for (int i = 0; i < 100; i++) {
    snprintf(text, sizeof text, "{\"i\": %d}", i);
    if (zarrc_group_set_attributes(arg, text, strlen(text), NULL)) return arg;
  }
  return NULL;
}

static void test_threads(void **state) {
  zarrc_group *g = NULL;
  pthread_t threads[3];
  (void)state;
  assert_int_equal(zarrc_group_create(store, "g", NULL, ZARRC_CREATE_NEW, NULL, &g, NULL), ZARRC_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, set_often, g), 0);
  for (int i = 0; i < 3; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  char *text = nodes_get(store, "g/zarr.json");
  assert_string_equal(text, zarrc_group_metadata(g));
  assert_string_equal(zarrc_group_attributes(g), "{\"i\": 99}");
  free(text);
  zarrc_group_close(g);
}

static zarrc_status ignore(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                           zarrc_error *error) {
  (void)arg;
  (void)path;
  (void)kind;
  (void)why;
  (void)error;
  return ZARRC_OK;
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  zarrc_group *g = NULL;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  (void)arg;
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status) status = zarrc_group_create(memory, "a/g", "{\"x\": 1}", ZARRC_CREATE_NEW, NULL, &g, NULL);
  if (!status) status = zarrc_group_set_attributes(g, "{}", 2, NULL);
  zarrc_group_close(g);
  g = NULL;
  if (!status) status = zarrc_group_open(memory, "a", NULL, &g, NULL);
  if (!status) status = zarrc_group_list(g, ignore, NULL, NULL);
  zarrc_group_close(g);
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
      EMPTY_STORE(test_documents),
      EMPTY_STORE(test_open),
      EMPTY_STORE(test_create),
      EMPTY_STORE(test_format_2),
      EMPTY_STORE(test_attributes),
      EMPTY_STORE(test_list),
      EMPTY_STORE(test_threads),
      EMPTY_STORE(test_list_unreadable),
      EMPTY_STORE(test_list_beyond_reach),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
