/* SPDX-License-Identifier: MIT */
/* The root over elements and metadata, which does not depend on chunks, codecs and Zarr format. */
#include "tools/digest.h"

#include "base/json.h"
#include "base/text.h"
#include "tools/sums.h"
#include "tools/verify.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

/* Elements are read so many bytes at a time, but at least a row of chunks. */
#define SLAB_NBYTES ((uint64_t)32 << 20)

/* --------------------------------------------------------------------------------------------------------- metadata */

typedef struct member {
  const char *key;
  const zarrc_json *value;
} member;

static int by_key(const void *a, const void *b) {
  return strcmp(((const member *)a)->key, ((const member *)b)->key);
}

static zarrc_status put(zarrc_ctx *ctx, zarrc_buf *out, const zarrc_json *value, zarrc_error *error);

static zarrc_status put_object(zarrc_ctx *ctx, zarrc_buf *out, const zarrc_json *object, zarrc_error *error) {
  size_t n = zarrc_json_length(object);
  member *members = zarrc_malloc(ctx, (n + 1) * sizeof *members);
  if (!members) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for metadata");
  for (size_t i = 0; i < n; i++) members[i] = (member){zarrc_json_key(object, i), zarrc_json_at(object, i)};
  if (n > 1) qsort(members, n, sizeof *members, by_key);
  zarrc_status status = zarrc_buf_append(out, "{", 1, error);
  for (size_t i = 0; i < n && !status; i++) {
    if (i > 0) status = zarrc_buf_append(out, ",", 1, error);
    if (!status) status = zarrc_json_put_string(out, members[i].key, strlen(members[i].key), error);
    if (!status) status = zarrc_buf_append(out, ":", 1, error);
    if (!status) status = put(ctx, out, members[i].value, error);
  }
  zarrc_free(ctx, members);
  return status ? status : zarrc_buf_append(out, "}", 1, error);
}

/* Appends JSON without blanks, with the members of objects in order. Numbers keep their spelling. */
static zarrc_status put(zarrc_ctx *ctx, zarrc_buf *out, const zarrc_json *value, zarrc_error *error) {
  size_t n;
  const char *text;
  zarrc_status status;
  switch (zarrc_json_get_kind(value)) {
  case ZARRC_JSON_OBJECT:
    return put_object(ctx, out, value, error);
  case ZARRC_JSON_STRING:
    text = zarrc_json_get_string(value, &n);
    return zarrc_json_put_string(out, text, n, error);
  case ZARRC_JSON_ARRAY:
    status = zarrc_buf_append(out, "[", 1, error);
    for (size_t i = 0; i < zarrc_json_length(value) && !status; i++) {
      if (i > 0) status = zarrc_buf_append(out, ",", 1, error);
      if (!status) status = put(ctx, out, zarrc_json_at(value, i), error);
    }
    return status ? status : zarrc_buf_append(out, "]", 1, error);
  default:
    text = zarrc_json_text(value, &n);
    return zarrc_buf_append(out, text, n, error);
  }
}

/* Appends what the documents say that has nothing to do with chunks. json: a document of format 3. */
static zarrc_status put_metadata(zarrc_ctx *ctx, const zarrc_buf *json, zarrc_buf *out, zarrc_error *error) {
  static const char *const names[] = {"node_type", "shape", "data_type", "fill_value", "dimension_names", "attributes"};
  zarrc_json_doc *doc;
  zarrc_status status = zarrc_json_parse(ctx, (const char *)json->ptr, json->len, "+", &doc, error);
  if (status) return status;
  for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++) {
    const zarrc_json *value = zarrc_json_get(zarrc_json_root(doc), names[i]);
    if (!value) continue;
    status = zarrc_buf_printf(out, error, "%s ", names[i]);
    if (!status) status = put(ctx, out, value, error);
    if (!status) status = zarrc_buf_append(out, "\n", 1, error);
  }
  zarrc_json_close(doc);
  return status;
}

/* --------------------------------------------------------------------------------------------------------- elements */

static void add_texts(zarrc_sha256_state *state, const zarrc_text *texts, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    const uint8_t length[4] = {(uint8_t)texts[i].len, (uint8_t)(texts[i].len >> 8), (uint8_t)(texts[i].len >> 16),
                               (uint8_t)(texts[i].len >> 24)};
    zarrc_sha256_add(state, length, sizeof length);
    zarrc_sha256_add(state, texts[i].ptr, texts[i].len);
  }
}

/* Reads a region and hashes its elements. */
static zarrc_status add_region(zarrc_sha256_state *state, zarrc_array *array, const zarrc_region *region,
                               zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_array_store(array)->ctx;
  zarrc_dtype dtype = *zarrc_array_dtype(array);
  uint64_t nitems = zarrc_product(region->count, zarrc_array_ndim(array));
  uint64_t nbytes = zarrc_times(nitems, dtype.item_size);
  zarrc_bytes memory;
  zarrc_arena *arena = NULL;
  if (nbytes >= SIZE_MAX / 2) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a row of chunks");
  zarrc_status status = zarrc_scratch_take(ctx, nbytes ? (size_t)nbytes : 1, &memory, error);
  if (status) return status;
  if (zarrc_dtype_is_variable(&dtype))
    status = zarrc_arena_open(ctx, &arena, error);
  else
    dtype.endian = ZARRC_LITTLE;
  zarrc_view view = zarrc_view_c(&dtype, zarrc_array_ndim(array), region->count, (void *)(uintptr_t)memory.ptr);
  view.arena = arena;
  if (!status) status = zarrc_array_read(array, region, &view, error);
  if (!status && arena)
    add_texts(state, (const zarrc_text *)(const void *)memory.ptr, nitems);
  else if (!status)
    zarrc_sha256_add(state, memory.ptr, (size_t)nbytes);
  zarrc_arena_close(arena);
  zarrc_bytes_release(&memory);
  return status;
}

/* Hashes all elements in C order, a slab along the first axis at a time. */
static zarrc_status add_elements(zarrc_sha256_state *state, zarrc_array *array, zarrc_error *error) {
  const int64_t *shape = zarrc_array_shape(array);
  int ndim = zarrc_array_ndim(array);
  zarrc_chunk_layout layout = {.struct_size = sizeof layout};
  zarrc_region region = {0};
  zarrc_status status = zarrc_array_chunk_layout(array, &layout, error);
  for (int i = 0; i < ndim; i++) {
    region.count[i] = shape[i];
    region.step[i] = 1;
  }
  if (status || zarrc_product(shape, ndim) == 0) return status;
  if (ndim == 0) return add_region(state, array, &region, error);
  int64_t edge = layout.object_shape[0] > 0 ? layout.object_shape[0] : 1;
  region.count[0] = edge;
  uint64_t row = zarrc_times(zarrc_product(region.count, ndim), zarrc_array_dtype(array)->item_size);
  int64_t step = row == 0 || row >= SLAB_NBYTES ? edge : (int64_t)(SLAB_NBYTES / row) * edge;
  for (int64_t at = 0; at < shape[0] && !status; at += step) {
    region.start[0] = at;
    region.count[0] = shape[0] - at < step ? shape[0] - at : step;
    status = add_region(state, array, &region, error);
  }
  return status;
}

static zarrc_status put_elements(zarrc_array *array, zarrc_buf *out, zarrc_error *error) {
  zarrc_sha256_state *state;
  uint8_t hash[ZARRC_SHA256_NBYTES];
  char text[ZARRC_SHA256_TEXT];
  zarrc_status status = zarrc_array_check_readable(array, error);
  if (!status) status = zarrc_sha256_begin(&state, error);
  if (status) return status;
  status = add_elements(state, array, error);
  zarrc_status ended = zarrc_sha256_end(state, hash, status ? NULL : error);
  if (!status) status = ended;
  if (status) return status;
  zarrc_sha256_to_text(hash, text);
  return zarrc_buf_printf(out, error, "elements %s\n", text);
}

/* -------------------------------------------------------------------------------------------------------- the root */

/* Appends what is hashed of a node. */
static zarrc_status put_node(const zarrc_tree *tree, size_t i, const char *path, zarrc_buf *out, zarrc_error *error) {
  const zarrc_tree_node *node = zarrc_tree_get(tree, i);
  zarrc_array *array = NULL;
  zarrc_group *group = NULL;
  zarrc_buf json = zarrc_buf_new(out->ctx, SIZE_MAX / 2);
  bool is_array = node->kind == ZARRC_NODE_ARRAY;
  zarrc_status status =
      is_array ? zarrc_tree_open_array(tree, i, NULL, &array, error) : zarrc_tree_open_group(tree, i, &group, error);
  if (!status)
    status = is_array ? zarrc_array_document(array, 3, &json, error) : zarrc_group_document(group, 3, &json, error);
  if (!status) status = zarrc_buf_printf(out, error, "path %s\n", path);
  if (!status) status = put_metadata(out->ctx, &json, out, error);
  if (!status && is_array) status = put_elements(array, out, error);
  zarrc_array_close(array);
  zarrc_group_close(group);
  zarrc_buf_clear(&json);
  return status;
}

zarrc_status zarrc_digest_values(zarrc_store *store, const char *path, char out[ZARRC_SHA256_TEXT],
                                 zarrc_error *error) {
  zarrc_tree *tree;
  zarrc_merkle merkle = {0};
  zarrc_buf text = zarrc_buf_new(store->ctx, SIZE_MAX / 2);
  size_t skip = *path ? strlen(path) + 1 : 0;
  zarrc_status status = zarrc_tree_open(store, path, -1, NULL, &tree, error);
  if (status) return status;
  status = zarrc_tree_check(tree, error);
  for (size_t i = 0; i < zarrc_tree_nnodes(tree) && !status; i++) {
    const char *whole = zarrc_tree_get(tree, i)->path;
    text.len = 0;
    status = put_node(tree, i, strlen(whole) < skip ? "" : whole + skip, &text, error);
    if (!status) status = zarrc_merkle_add(&merkle, text.ptr, text.len, error);
  }
  if (!status) status = zarrc_merkle_root(&merkle, out, error);
  zarrc_buf_clear(&text);
  zarrc_tree_close(tree);
  return status;
}
