/* SPDX-License-Identifier: MIT */
/* Creates the groups and arrays of a copy, without chunks. */
#include "tools/copy.h"

#include "base/documents.h"
#include "base/json.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* Returns whether two JSON texts are the same but for blanks between tokens. */
static bool same_json(const char *a, const char *b) {
  bool quoted = false;
  for (;; a++, b++) {
    if (!quoted) {
      a += strspn(a, " \t\r\n");
      b += strspn(b, " \t\r\n");
    }
    if (*a != *b) return false;
    if (*a == 0) return true;
    if (*a == '"') quoted = !quoted;
    if (quoted && *a == '\\' && a[1] != 0 && a[1] == b[1]) {
      a++;
      b++;
    }
  }
}

static zarrc_status refuse_resume(zarrc_copier *k, const char *path, zarrc_error *error) {
  k->work.report.obstacle = ZARRC_COPY_OTHERWISE_THERE;
  return zarrc_fail(error, ZARRC_CONFLICT, "%.200s%swhat is there is not what this copy would make", path,
                    path[0] ? ": " : "");
}

/* Appends the members of a group's document. Consolidated metadata is left out: it may describe other chunks. */
static zarrc_status put_members(const zarrc_json *root, zarrc_buf *out, bool *consolidated, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "{", 1, error);
  bool comma = false;
  for (size_t i = 0; i < zarrc_json_length(root) && !status; i++) {
    const char *key = zarrc_json_key(root, i);
    size_t n;
    const char *text = zarrc_json_text(zarrc_json_at(root, i), &n);
    if (!strcmp(key, "consolidated_metadata")) {
      *consolidated = true;
      continue;
    }
    if (comma) status = zarrc_buf_append(out, ", ", 2, error);
    if (!status) status = zarrc_json_put_string(out, key, strlen(key), error);
    if (!status) status = zarrc_buf_append(out, ": ", 2, error);
    if (!status) status = zarrc_buf_append(out, text, n, error);
    comma = true;
  }
  return status ? status : zarrc_buf_append(out, "}", 1, error);
}

/* Finds out whether a group of format 2 has a .zmetadata of its own. */
static zarrc_status find_zmetadata(const zarrc_copier *k, const char *path, bool *there, zarrc_error *error) {
  char *key;
  uint8_t first;
  zarrc_key_blob blob;
  zarrc_error why;
  zarrc_range range = {.nbytes = 1, .into = &first};
  zarrc_status status = zarrc_copy_key(k, path, zarrc_consolidated_document(2), &key, error);
  if (status) return status;
  status = zarrc_key_blob_open(&blob, k->source.store, key, &why);
  if (!status) status = zarrc_blob_read(blob.blob, &range, 1, &why);
  zarrc_key_blob_close(&blob);
  *there = status == ZARRC_OK;
  if (status == ZARRC_NOT_FOUND || status == ZARRC_TRUNCATED) status = ZARRC_OK; /* an empty one says nothing */
  if (status) zarrc_error_in_key(&why, k->source.store, key);
  if (status && error) *error = why;
  zarrc_free(k->ctx, key);
  return status;
}

static zarrc_status group_document(zarrc_copier *k, const char *path, const zarrc_group *source, zarrc_buf *out,
                                   zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(k->ctx, SIZE_MAX / 2);
  zarrc_json_doc *doc;
  bool consolidated = false;
  zarrc_status status = zarrc_group_document(source, 3, &text, error);
  if (!status)
    status =
        zarrc_json_parse(k->ctx, (const char *)text.ptr, text.len, "attributes consolidated_metadata", &doc, error);
  zarrc_buf_clear(&text);
  if (status) return status;
  status = put_members(zarrc_json_root(doc), out, &consolidated, error);
  zarrc_json_close(doc);
  if (!status && zarrc_group_format(source) == 2) status = find_zmetadata(k, path, &consolidated, error);
  if (status || !consolidated) return status;
  k->work.nconsolidated++;
  return zarrc_copy_tell(k, (zarrc_copy_event){.kind = ZARRC_COPY_CONSOLIDATED, .path = zarrc_copy_below(k, path)},
                         error);
}

static zarrc_status compare_group(zarrc_copier *k, const char *target, const zarrc_buf *text, zarrc_error *error) {
  const zarrc_group_options options = {.struct_size = sizeof options, .zarr_format = k->options.zarr_format};
  zarrc_group *copy = NULL, *model = NULL;
  zarrc_status status = zarrc_group_open(&k->out.store, target, NULL, &copy, error);
  if (!status)
    status = zarrc_group_create_json(k->plan.models, "resumed", (const char *)text->ptr, text->len,
                                     ZARRC_CREATE_OVERWRITE, &options, &model, error);
  if (!status && !(same_json(zarrc_group_metadata(copy), zarrc_group_metadata(model)) &&
                   same_json(zarrc_group_attributes(copy), zarrc_group_attributes(model))))
    status = refuse_resume(k, target, error);
  zarrc_group_close(copy);
  zarrc_group_close(model);
  return status;
}

/* Finds what a resumed copy has at a path. A document on a stage may be unreadable, for example after a power cut:
 * returns ZARRC_NODE_NONE and sets *damaged. */
static zarrc_status find_there(zarrc_copier *k, const char *target, zarrc_node_kind *kind, bool *damaged,
                               zarrc_error *error) {
  zarrc_error why = {0};
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  zarrc_array *array = NULL;
  zarrc_group *group = NULL;
  *kind = ZARRC_NODE_NONE;
  *damaged = false;
  if (k->options.mode != ZARRC_COPY_RESUME) return ZARRC_OK;
  zarrc_status status = zarrc_node_find(&k->out.store, target, kind, &why);
  if (!status && *kind == ZARRC_NODE_ARRAY) status = zarrc_array_open(&k->out.store, target, &options, &array, &why);
  if (!status && *kind == ZARRC_NODE_GROUP) status = zarrc_group_open(&k->out.store, target, NULL, &group, &why);
  zarrc_array_close(array);
  zarrc_group_close(group);
  *damaged = !k->place.in_place && (status == ZARRC_INVALID_METADATA || status == ZARRC_UNSUPPORTED ||
                                    status == ZARRC_LIMIT || status == ZARRC_CORRUPT);
  if (*damaged) {
    *kind = ZARRC_NODE_NONE;
    return ZARRC_OK;
  }
  if (status && error) *error = why;
  return status;
}

static zarrc_status erase_document(zarrc_copier *k, const char *target, zarrc_error *error) {
  char *key;
  zarrc_status status =
      zarrc_copy_key(k, target, zarrc_node_document(k->options.zarr_format == 2 ? 2 : 3, true), &key, error);
  if (status) return status;
  status = zarrc_store_erase(zarrc_copy_store(k), key, error);
  zarrc_free(k->ctx, key);
  return status;
}

static zarrc_status store_group(zarrc_copier *k, const char *target, const zarrc_buf *text, zarrc_error *error) {
  const zarrc_group_options options = {.struct_size = sizeof options, .zarr_format = k->options.zarr_format};
  zarrc_node_kind kind;
  zarrc_group *copy = NULL;
  bool damaged;
  zarrc_status status = find_there(k, target, &kind, &damaged, error);
  if (!status && damaged) status = erase_document(k, target, error);
  if (status) return status;
  if (kind == ZARRC_NODE_ARRAY) return refuse_resume(k, target, error);
  if (kind != ZARRC_NODE_NONE) return compare_group(k, target, text, error);
  status = zarrc_group_create_json(&k->out.store, target, (const char *)text->ptr, text->len, ZARRC_CREATE_NEW,
                                   &options, &copy, error);
  zarrc_group_close(copy);
  return status;
}

/* node: its number in the tree. */
static zarrc_status make_group(zarrc_copier *k, size_t node, const char *target, zarrc_error *error) {
  zarrc_group *source = NULL;
  zarrc_buf text = zarrc_buf_new(k->ctx, SIZE_MAX / 2);
  zarrc_status status = zarrc_tree_open_group(k->plan.tree, node, &source, error);
  if (!status) status = group_document(k, zarrc_tree_get(k->plan.tree, node)->path, source, &text, error);
  zarrc_copy_about(k, ZARRC_COPY_SOURCE, status);
  if (!status) status = zarrc_copy_about(k, ZARRC_COPY_TARGET, store_group(k, target, &text, error));
  zarrc_buf_clear(&text);
  zarrc_group_close(source);
  return status;
}

static zarrc_status make_array(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error) {
  const char *text = zarrc_array_metadata(a->model);
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = a->encoded};
  zarrc_node_kind kind;
  bool damaged;
  zarrc_status status = find_there(k, a->target, &kind, &damaged, error);
  options.chunk.write_empty_chunks = k->options.write_empty_chunks;
  options.attributes = zarrc_array_attributes(a->model);
  /* its chunks cannot be trusted: how they were encoded is unknown */
  if (!status && damaged) status = zarrc_store_erase_prefix(zarrc_copy_store(k), a->target, error);
  if (status) return status;
  if (kind == ZARRC_NODE_NONE)
    return zarrc_array_create_json(&k->out.store, a->target, text, strlen(text), ZARRC_CREATE_NEW, &options, &a->copy,
                                   error);
  if (kind == ZARRC_NODE_GROUP) return refuse_resume(k, a->target, error);
  status = zarrc_array_open(&k->out.store, a->target, &options, &a->copy, error);
  if (!status && !(same_json(zarrc_array_metadata(a->copy), text) &&
                   same_json(zarrc_array_attributes(a->copy), zarrc_array_attributes(a->model))))
    return refuse_resume(k, a->target, error);
  return status;
}

zarrc_status zarrc_copy_nodes(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0, next = 0; i < zarrc_tree_nnodes(k->plan.tree) && !status; i++) {
    const zarrc_tree_node *node = zarrc_tree_get(k->plan.tree, i);
    char *target;
    status = zarrc_copy_join(k, zarrc_copy_below(k, node->path), &target, error);
    if (status) return status;
    if (node->kind == ZARRC_NODE_GROUP) {
      status = make_group(k, i, target, error);
      zarrc_free(k->ctx, target);
    } else {
      k->plan.items[next].target = target;
      status = zarrc_copy_about(k, ZARRC_COPY_TARGET, make_array(k, &k->plan.items[next++], error));
    }
  }
  return status;
}
