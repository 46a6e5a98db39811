/* SPDX-License-Identifier: MIT */
/* The golden stores of tests/data/stores, which zarr-python 3.4.2 wrote: every one is found by looking at the folder,
 * and gets its verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/json.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/nodes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { V3_STORES = 19, V2_STORES = 5 };

static struct {
  size_t stores, arrays, arrays_2, stores_2, sharded, nested, rectilinear, variable, empty, with_missing, exact;
} seen;

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

/* ----------------------------------------------------------------------------------------------- expected values */

typedef struct values {
  zarrc_view view;
  zarrc_arena *arena;
  void *memory; /* malloc'ed for the elements, exactly as long */
} values;

/* Room for all elements of an array, little-endian; text has room of its own. */
static values values_new(const zarrc_array *array) {
  values v = {0};
  zarrc_dtype dtype = *zarrc_array_dtype(array);
  dtype.endian = ZARRC_LITTLE;
  v.view = zarrc_view_c(&dtype, zarrc_array_ndim(array), zarrc_array_shape(array), NULL);
  v.view.data = v.memory = malloc((size_t)zarrc_view_nitems(&v.view) * dtype.item_size);
  if (zarrc_dtype_is_variable(&dtype)) assert_int_equal(zarrc_arena_open(ctx, &v.arena, NULL), ZARRC_OK);
  v.view.arena = v.arena;
  return v;
}

static void values_free(values *v) {
  zarrc_arena_close(v->arena);
  free(v->memory);
}

static bool has(const char *text, const char *part) {
  return strstr(text, part) != NULL;
}

/* A .npy: a header whose length is at byte 8, then the elements. */
static void load_npy(const char *path, values *v) {
  size_t n, nbytes = (size_t)zarrc_view_nitems(&v->view) * v->view.dtype.item_size;
  uint8_t *file = data_read(path, &n);
  assert_true(n > 10 && !memcmp(file, "\x93NUMPY\x01", 7));
  size_t head = 10 + (size_t)file[8] + 256 * (size_t)file[9];
  assert_true(head <= n && n - head == nbytes);
  char *text = strndup((char *)file + 10, head - 10);
  v->view.dtype.endian = has(text, "'>") ? ZARRC_BIG : ZARRC_LITTLE;
  assert_true(has(text, "'fortran_order': False"));
  free(text);
  if (nbytes) memcpy(v->memory, file + head, nbytes);
  free(file);
}

/* {"shape": ..., "values": [{"base64": ...} or a string, ...]} */
static void load_json(const char *path, values *v) {
  size_t n, nitems = (size_t)zarrc_view_nitems(&v->view);
  char *json = (char *)data_read(path, &n);
  zarrc_text *texts = v->memory;
  zarrc_json_doc *doc;
  assert_int_equal(zarrc_json_parse(ctx, json, n, NULL, &doc, NULL), ZARRC_OK);
  const zarrc_json *list = zarrc_json_get(zarrc_json_root(doc), "values");
  assert_int_equal(zarrc_json_length(list), nitems);
  for (size_t i = 0; i < nitems; i++) {
    const zarrc_json *item = zarrc_json_at(list, i), *encoded = zarrc_json_get(item, "base64");
    const char *text = zarrc_json_get_string(encoded ? encoded : item, &n);
    uint8_t *bytes;
    assert_non_null(text);
    assert_int_equal(zarrc_arena_take(v->arena, n, &bytes, NULL), ZARRC_OK);
    if (!encoded && n) memcpy(bytes, text, n);
    texts[i] = (zarrc_text){bytes, encoded ? zarrc_base64_decode(text, n, false, bytes, n) : n};
    assert_true(texts[i].len <= n);
  }
  zarrc_json_close(doc);
  free(json);
}

/* The two views have one shape and hold elements of one type. */
static void check_same(const char *name, const zarrc_view *got, const zarrc_view *expected) {
  int64_t n = zarrc_view_nitems(expected);
  values a = {.view = zarrc_view_c(&expected->dtype, expected->ndim, expected->shape, NULL)}, b = a;
  size_t nbytes = (size_t)n * expected->dtype.item_size;
  a.view.data = a.memory = malloc(nbytes);
  b.view.data = b.memory = malloc(nbytes);
  zarrc_copy(&a.view, got);
  zarrc_copy(&b.view, expected);
  if (zarrc_dtype_is_variable(&expected->dtype)) {
    const zarrc_text *x = a.memory, *y = b.memory;
    for (int64_t i = 0; i < n; i++)
      if (x[i].len != y[i].len || (x[i].len && memcmp(x[i].ptr, y[i].ptr, x[i].len) != 0))
        fail_msg("%s: element %lld differs", name, (long long)i);
  } else if (nbytes && memcmp(a.memory, b.memory, nbytes) != 0) {
    fail_msg("%s: the values differ", name);
  }
  values_free(&a);
  values_free(&b);
}

/* -------------------------------------------------------------------------------------------------------- arrays */

static void read_equal(const char *name, zarrc_array *array, const values *expected) {
  zarrc_error error = {0};
  values got = values_new(array);
  const zarrc_view *all = &expected->view;
  if (zarrc_array_read(array, NULL, &got.view, &error)) fail_msg("%s: %s", name, error.message);
  check_same(name, &got.view, all);
  for (int64_t i = 0; i < zarrc_view_nitems(all); i += 3) { /* one element, and every other one from there on */
    zarrc_region one = {0}, some = {0};
    int64_t rest = i;
    for (int k = all->ndim - 1; k >= 0; k--) {
      one.start[k] = some.start[k] = rest % all->shape[k];
      one.count[k] = one.step[k] = 1;
      some.step[k] = 2;
      some.count[k] = (all->shape[k] - some.start[k] + 1) / 2;
      rest /= all->shape[k];
    }
    for (int turn = 0; turn < 2; turn++) {
      const zarrc_region *region = turn ? &some : &one;
      zarrc_view part = zarrc_view_part(all, region);
      zarrc_view to = zarrc_view_c(&part.dtype, part.ndim, part.shape, got.memory);
      to.arena = got.arena;
      if (zarrc_array_read(array, region, &to, &error)) fail_msg("%s: %s", name, error.message);
      check_same(name, &to, &part);
    }
  }
  values_free(&got);
}

static uint8_t *value_of(zarrc_store *store, const char *key, size_t *n) {
  zarrc_bytes bytes = {0};
  if (zarrc_store_get(store, key, UINT64_MAX, &bytes, NULL)) return NULL;
  uint8_t *copy = malloc(bytes.len + 1);
  memcpy(copy, bytes.ptr, bytes.len);
  *n = bytes.len;
  zarrc_bytes_release(&bytes);
  return copy;
}

/* The array made anew from its zarr.json, written whole and read again; without a compressor in its chain every stored
 * byte is the same. */
static void rewrite(const char *name, zarrc_store *store, const char *keys, const values *expected) {
  zarrc_store *memory;
  zarrc_array *copy;
  zarrc_error error = {0};
  size_t n = 0, m = 0;
  assert_int_equal(zarrc_memory_store_open(ctx, &memory, NULL), ZARRC_OK);
  char *json = (char *)value_of(store, "zarr.json", &n);
  if (zarrc_array_create_json(memory, "", json, n, ZARRC_CREATE_NEW, NULL, &copy, &error) ||
      zarrc_array_write(copy, NULL, &expected->view, &error))
    fail_msg("%s: %s", name, error.message);
  read_equal(name, copy, expected);
  char *now = nodes_keys(memory);
  assert_string_equal(now, keys);
  free(now);
  const char *codecs = zarrc_array_codecs(copy);
  if (!has(codecs, "\"gzip\"") && !has(codecs, "\"zstd\"") && !has(codecs, "\"blosc\"")) {
    seen.exact++;
    char *list = strdup(keys), *rest = list;
    for (char *key; (key = strtok_r(rest, " ", &rest));) {
      uint8_t *theirs = value_of(store, key, &n), *ours = value_of(memory, key, &m);
      if (!theirs || !ours || n != m || memcmp(theirs, ours, n) != 0) fail_msg("%s: %s: other bytes", name, key);
      free(theirs);
      free(ours);
    }
    free(list);
  }
  free(json);
  zarrc_array_close(copy);
  zarrc_store_close(memory);
}

static void count(const zarrc_array *array, const char *keys) {
  const char *codecs = zarrc_array_codecs(array), *shard = strstr(codecs, "sharding_indexed");
  const zarrc_grid *grid = zarrc_array_grid(array);
  int64_t nchunks = 1, nitems = 1, nkeys = -1; /* zarr.json is one of them */
  for (int i = 0; i < grid->ndim; i++) {
    nchunks *= zarrc_grid_nchunks(grid, i, zarrc_array_shape(array)[i]);
    nitems *= zarrc_array_shape(array)[i];
  }
  for (; *keys; keys++) nkeys += *keys == ' ';
  seen.arrays++;
  seen.sharded += shard != NULL;
  seen.nested += shard && has(shard + 1, "sharding_indexed");
  seen.rectilinear += grid->kind == ZARRC_RECTILINEAR;
  seen.variable += zarrc_dtype_is_variable(zarrc_array_dtype(array));
  seen.empty += nitems == 0;
  seen.with_missing += nkeys < nchunks;
}

/* -------------------------------------------------------------------------------------------------------- stores */

/* The list of keys in store.json, a blank behind each. */
static char *keys_in(const zarrc_json *list) {
  char *text = calloc(1, 4096);
  size_t n, at = 0;
  for (size_t i = 0; i < zarrc_json_length(list); i++) {
    const char *key = zarrc_json_get_string(zarrc_json_at(list, i), &n);
    assert_true(key && at + n + 2 < 4096);
    at += (size_t)snprintf(text + at, 4096 - at, "%s ", key);
  }
  return text;
}

static void check_v3(const char *name, zarrc_store *store, const zarrc_json *nodes, const char *keys) {
  size_t n;
  assert_int_equal(zarrc_json_length(nodes), 1); /* a store of several nodes would need more than this test does */
  const zarrc_json *node = zarrc_json_at(nodes, 0), *json = zarrc_json_get(node, "json");
  zarrc_array *array;
  zarrc_error error = {0};
  char path[300];
  if (zarrc_array_open(store, zarrc_json_get_string(zarrc_json_get(node, "path"), &n), NULL, &array, &error))
    fail_msg("%s: %s", name, error.message);
  values expected = values_new(array);
  if (json) {
    snprintf(path, sizeof path, "stores/%s/%s", name, zarrc_json_get_string(json, &n));
    load_json(path, &expected);
  } else {
    assert_non_null(zarrc_json_get(node, "npy"));
    snprintf(path, sizeof path, "stores/%s/expected.npy", name);
    load_npy(path, &expected);
  }
  read_equal(name, array, &expected);
  rewrite(name, store, keys, &expected);
  count(array, keys);
  values_free(&expected);
  zarrc_array_close(array);
}

/* Version 2: the nodes are what they should be, and arrays read equal, unless codecs of numcodecs are not there. */
static void check_v2(const char *name, zarrc_store *store, const zarrc_json *nodes) {
  size_t n;
  for (size_t i = 0; i < zarrc_json_length(nodes); i++) {
    const zarrc_json *node = zarrc_json_at(nodes, i), *json = zarrc_json_get(node, "json");
    const char *path = zarrc_json_get_string(zarrc_json_get(node, "path"), &n);
    bool is_group = zarrc_json_get(node, "group") != NULL;
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    zarrc_node_kind kind;
    char file[300];
    if (zarrc_node_find(store, path, &kind, &error)) fail_msg("%s: %s", name, error.message);
    assert_int_equal(kind, is_group ? ZARRC_NODE_GROUP : ZARRC_NODE_ARRAY);
    if (is_group) continue;
    zarrc_status status = zarrc_array_open(store, path, NULL, &array, &error);
    if (status == ZARRC_UNSUPPORTED && has(error.message, "numcodecs.")) continue;
    if (status) fail_msg("%s: %s", name, error.message);
    values expected = values_new(array);
    bool own = zarrc_json_length(nodes) == 1 && !json; /* store.json tells another path */
    snprintf(file, sizeof file, "stores/%s/%s", name,
             own ? "expected.npy" : zarrc_json_get_string(zarrc_json_get(node, json ? "json" : "npy"), &n));
    if (json)
      load_json(file, &expected);
    else
      load_npy(file, &expected);
    read_equal(name, array, &expected);
    values_free(&expected);
    zarrc_array_close(array);
    seen.arrays_2++;
  }
  seen.stores_2++;
}

static void check_store(const char *name) {
  char path[512];
  zarrc_file_store_options options = {.read_only = true};
  zarrc_json_doc *doc;
  zarrc_store *store;
  size_t n;
  snprintf(path, sizeof path, "stores/%s/store.json", name);
  char *json = (char *)data_read(path, &n);
  assert_int_equal(zarrc_json_parse(ctx, json, n, NULL, &doc, NULL), ZARRC_OK);
  free(json);
  snprintf(path, sizeof path, "%s/stores/%s/store.zarr", ZARRC_TEST_DATA, name);
  assert_int_equal(zarrc_file_store_open(ctx, path, &options, &store, NULL), ZARRC_OK);
  char *keys = nodes_keys(store), *listed = keys_in(zarrc_json_get(zarrc_json_root(doc), "keys"));
  assert_string_equal(keys, listed);
  const zarrc_json *nodes = zarrc_json_get(zarrc_json_root(doc), "nodes");
  if (has(keys, "zarr.json "))
    check_v3(name, store, nodes, keys);
  else
    check_v2(name, store, nodes);
  seen.stores++;
  free(keys);
  free(listed);
  zarrc_store_close(store);
  zarrc_json_close(doc);
}

static void test_stores(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  DIR *folder = opendir(ZARRC_TEST_DATA "/stores");
  size_t found = 0;
  (void)state;
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (entry->d_name[0] == '.') continue;
    found++;
    check_store(entry->d_name);
  }
  closedir(folder);
  print_message(
      "%zu arrays of v3 stores read equal, rewritten and read equal: %zu with shards (%zu nested), %zu rectilinear,"
      " %zu of variable length, %zu without elements, %zu with missing chunks; %zu rewritten to the byte."
      " %zu arrays of %zu v2 stores read equal\n",
      seen.arrays, seen.sharded, seen.nested, seen.rectilinear, seen.variable, seen.empty, seen.with_missing,
      seen.exact, seen.arrays_2, seen.stores_2);
  assert_int_equal(seen.stores, found);
  assert_int_equal(seen.arrays, V3_STORES);
  assert_int_equal(seen.stores_2, V2_STORES);
  assert_true(seen.sharded >= 4 && seen.nested && seen.rectilinear && seen.variable && seen.empty &&
              seen.with_missing && seen.exact);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_stores)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
