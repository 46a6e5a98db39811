/* SPDX-License-Identifier: MIT */
/* What is below a group: from its consolidated metadata, or, if it has none, from the store. */
#include "array/array.h"
#include "array/children.h"
#include "array/document.h"
#include "array/group.h"
#include "array/key.h"
#include "array/node.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* --------------------------------------------------------------------------------------- consolidated metadata */

zarrc_status zarrc_group_is_consolidated(zarrc_group *group, bool *out, zarrc_error *error) {
  const zarrc_consolidated *c;
  zarrc_status status = zarrc_group_consolidated(group, &c, error);
  if (!status) *out = c != NULL;
  return status;
}

/* Returns the path of the group relative to the one that has the consolidated metadata. */
static const char *path_in(const zarrc_group *group, const zarrc_consolidated *c) {
  size_t n = strlen(zarrc_consolidated_path(c));
  return group->path + n + (n > 0 && group->path[n] == '/');
}

/* Adds to an error which node of which document it is about. */
static zarrc_status blame(const zarrc_group *group, const zarrc_consolidated *c, const char *path, zarrc_status status,
                          zarrc_error *error) {
  char seen[ZARRC_EXCERPT];
  if (status && status != ZARRC_NOT_FOUND)
    zarrc_error_prefix(error, "consolidated metadata of \"%s\": ", zarrc_excerpt(seen, path, strlen(path)));
  if (status) zarrc_error_in_document(error, group->store, zarrc_consolidated_path(c), zarrc_consolidated_name(c));
  return status;
}

static zarrc_status kind_of(const zarrc_group *group, const zarrc_consolidated *c, const char *path,
                            zarrc_node_kind *out, zarrc_error *error) {
  zarrc_documents documents;
  zarrc_json_doc *doc = NULL;
  zarrc_document_kind kind;
  zarrc_status status = zarrc_consolidated_find(c, path, &documents, error);
  if (!status) status = zarrc_document_parse(group->ctx, &documents, &doc, &kind, error);
  zarrc_json_close(doc);
  if (!status) *out = kind.node;
  return blame(group, c, path, status, error);
}

static zarrc_status list_consolidated(zarrc_group *group, const zarrc_consolidated *c, zarrc_node_fn fn, void *arg,
                                      zarrc_error *error) {
  zarrc_consolidated_children children = zarrc_consolidated_below(c, path_in(group, c));
  const char *path;
  zarrc_status status = ZARRC_OK;
  while (!status && (path = zarrc_consolidated_next(&children))) {
    zarrc_node_kind kind = ZARRC_NODE_UNREADABLE;
    char whole[ZARRC_MAX_KEY];
    zarrc_error why;
    status = zarrc_key_join(zarrc_consolidated_path(c), path, whole, sizeof whole, error);
    if (status) break;
    zarrc_status known = kind_of(group, c, path, &kind, &why);
    if (zarrc_children_end(known)) {
      if (error) *error = why;
      return known;
    }
    status = fn(arg, whole, kind, known ? &why : NULL, error);
  }
  return status;
}

zarrc_status zarrc_group_list(zarrc_group *group, zarrc_node_fn fn, void *arg, zarrc_error *error) {
  const zarrc_consolidated *c;
  zarrc_status status = zarrc_group_consolidated(group, &c, error);
  if (status) return status;
  return c ? list_consolidated(group, c, fn, arg, error)
           : zarrc_children_list(group->store, group->path, fn, arg, error);
}

/* ------------------------------------------------------------------------------------------------------- opening */

/* A node below a group, and its documents, on loan, if they are consolidated. */
typedef struct member {
  const zarrc_consolidated *c;
  char whole[ZARRC_MAX_KEY], path[ZARRC_MAX_KEY]; /* paths in the store, and in the consolidated metadata */
  zarrc_documents documents;
} member;

static zarrc_status find_member(zarrc_group *group, const char *path, member *m, zarrc_error *error) {
  if (!path) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no path");
  zarrc_status status = zarrc_key_check(path, error);
  if (!status) status = zarrc_key_join(group->path, path, m->whole, sizeof m->whole, error);
  if (!status) status = zarrc_group_consolidated(group, &m->c, error);
  if (status || !m->c) return status;
  status = zarrc_key_join(path_in(group, m->c), path, m->path, sizeof m->path, error);
  return status ? status
                : blame(group, m->c, m->path, zarrc_consolidated_find(m->c, m->path, &m->documents, error), error);
}

zarrc_status zarrc_group_open_array(zarrc_group *group, const char *path, const zarrc_array_options *options,
                                    zarrc_array **out, zarrc_error *error) {
  member m = {0};
  zarrc_status status = find_member(group, path, &m, error);
  if (status) return status;
  if (!m.c) return zarrc_array_open(group->store, m.whole, options, out, error);
  status = zarrc_array_open_documents(group->store, m.whole, &m.documents, options, out, error);
  if (!status) (*out)->is_consolidated = true;
  if (!status) zarrc_array_tell_notices(*out);
  return blame(group, m.c, m.path, status, error);
}

zarrc_status zarrc_group_open_group(zarrc_group *group, const char *path, zarrc_group **out, zarrc_error *error) {
  member m = {0};
  zarrc_status status = find_member(group, path, &m, error);
  if (status) return status;
  if (!m.c) return zarrc_group_open(group->store, m.whole, &group->options, out, error);
  zarrc_group *made = NULL;
  status = zarrc_group_open_documents(group->store, m.whole, &m.documents, &group->options, &made, error);
  if (!status) {
    made->is_below = true;
    atomic_init(&made->consolidated, zarrc_consolidated_share(atomic_load(&group->consolidated)));
    status = zarrc_group_forget_consolidated(made, error);
  }
  if (status)
    zarrc_group_close(made);
  else
    *out = made;
  return blame(group, m.c, m.path, status, error);
}

zarrc_status zarrc_group_is_stale(zarrc_group *group, const char *path, bool *out, zarrc_error *error) {
  member m = {0};
  zarrc_documents documents = {0};
  bool same = false;
  *out = false;
  zarrc_status status = find_member(group, path, &m, error);
  if (status || !m.c) return status;
  status = zarrc_node_read(group->store, m.whole, NULL, &documents, error);
  if (status == ZARRC_NOT_FOUND) return ZARRC_OK;
  if (!status) status = zarrc_consolidated_same(group->ctx, &m.documents, &documents, &same, error);
  zarrc_documents_release(&documents);
  if (status && !zarrc_document_is_wrong(status)) return status;
  *out = !same;
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------- opening by any means */

/* Opens a node through a group above it. ZARRC_NOT_FOUND: the group has no consolidated metadata, or it is not there.
 */
static zarrc_status open_through(zarrc_group *above, const char *path, const zarrc_array_options *options,
                                 zarrc_array **array, zarrc_group **group, zarrc_error *error) {
  const zarrc_consolidated *c;
  zarrc_status status = zarrc_group_consolidated(above, &c, error);
  if (status || !c) return status ? status : ZARRC_NOT_FOUND;
  status = zarrc_group_open_group(above, path, group, error);
  return status == ZARRC_INVALID_ARGUMENT ? zarrc_group_open_array(above, path, options, array, error) : status;
}

/* Looks for a node without documents in the consolidated metadata of the groups above it. */
static zarrc_status open_consolidated(zarrc_store *store, const char *path, const zarrc_array_options *array_options,
                                      const zarrc_group_options *group_options, zarrc_array **array,
                                      zarrc_group **group, zarrc_error *error) {
  char parent[ZARRC_MAX_KEY];
  size_t n = strlen(path);
  zarrc_status status = ZARRC_NOT_FOUND;
  if (n >= sizeof parent) return ZARRC_NOT_FOUND;
  memcpy(parent, path, n + 1);
  while (status == ZARRC_NOT_FOUND && *parent) {
    zarrc_group *above = NULL;
    char *slash = strrchr(parent, '/');
    *(slash ? slash : parent) = 0;
    status = zarrc_group_open(store, parent, group_options, &above, error);
    if (!status)
      status = open_through(above, path + strlen(parent) + (*parent != 0), array_options, array, group, error);
    zarrc_group_close(above);
  }
  return status;
}

zarrc_status zarrc_node_open(zarrc_store *store, const char *path, const zarrc_array_options *array_options,
                             const zarrc_group_options *group_options, zarrc_array **array, zarrc_group **group,
                             zarrc_error *error) {
  zarrc_documents documents;
  zarrc_error why;
  uint64_t version = 0;
  zarrc_array *found_array = NULL;
  zarrc_group *found_group = NULL;
  zarrc_status status = zarrc_node_read(store, path, &version, &documents, error);
  if (!status) {
    status = zarrc_group_open_documents(store, path, &documents, group_options, &found_group, error);
    if (status == ZARRC_INVALID_ARGUMENT)
      status = zarrc_array_open_documents(store, path, &documents, array_options, &found_array, error);
    if (!status && found_array) atomic_store(&found_array->version, version);
    if (!status && found_array) zarrc_array_tell_notices(found_array);
    if (status) zarrc_error_in_document(error, store, path, documents.name);
    zarrc_documents_release(&documents);
  } else if (status == ZARRC_NOT_FOUND && !(group_options && group_options->no_consolidated)) {
    zarrc_status other = open_consolidated(store, path, array_options, group_options, &found_array, &found_group, &why);
    if (!other || zarrc_children_end(other) || zarrc_document_is_wrong(other)) status = other;
    if (other && status == other && error && status != ZARRC_NOT_FOUND) *error = why;
  }
  if (status) return status;
  *array = found_array;
  *group = found_group;
  return ZARRC_OK;
}
