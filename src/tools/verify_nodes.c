/* SPDX-License-Identifier: MIT */
/* The nodes of a store that is verified: finds them, also below groups that cannot be read, and looks at their
 * documents. */
#include "tools/verify.h"

#include "base/documents.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

zarrc_status zarrc_verifier_tell(void *verifier, const zarrc_finding *finding, zarrc_error *error) {
  zarrc_verifier *v = verifier;
  if (finding->severity == ZARRC_FAULT)
    v->report.nfaults++;
  else
    v->report.nnotes++;
  return v->options.finding ? v->options.finding(v->options.finding_arg, finding, error) : ZARRC_OK;
}

const char *zarrc_verifier_below(const zarrc_verifier *v, const char *key) {
  size_t n = strlen(v->path);
  return n > 0 && !strncmp(key, v->path, n) ? key + n + (key[n] == '/') : key;
}

zarrc_status zarrc_verifier_tell_key(zarrc_verifier *v, zarrc_severity severity, const char *key,
                                     const zarrc_error *why, const char *fix, zarrc_error *error) {
  zarrc_problems problems = {.ctx = v->ctx};
  zarrc_status status = zarrc_problems_add(&problems, severity, false, why, fix, error);
  if (!status) status = zarrc_problems_tell(&problems, key, zarrc_verifier_tell, v, error);
  zarrc_problems_clear(&problems);
  return status;
}

zarrc_status zarrc_verifier_tell_node(zarrc_verifier *v, zarrc_severity severity, const char *path,
                                      const zarrc_error *why, const char *fix, zarrc_error *error) {
  char key[sizeof why->key + 16];
  const char *name = why->key[0] ? zarrc_key_name(why->key) : ZARRC_ZARR_JSON, *rest = zarrc_verifier_below(v, path);
  if (!zarrc_name_is_document(name)) name = ZARRC_ZARR_JSON;
  snprintf(key, sizeof key, "%.*s%s%s", (int)(sizeof why->key - 1), rest, *rest ? "/" : "", name);
  return zarrc_verifier_tell_key(v, severity, key, why, fix, error);
}

/* -------------------------------------------------------------------------------------------------------- nodes */

static zarrc_status refuse(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)arg, (void)entry;
  return zarrc_fail(error, ZARRC_CONFLICT, "there is something");
}

/* Fails as `why` says if nothing is stored at the path. */
static zarrc_status check_something(const zarrc_verifier *v, const zarrc_error *why, zarrc_error *error) {
  if (zarrc_store_list(v->store, v->path, true, false, refuse, NULL, NULL) == ZARRC_CONFLICT) return ZARRC_OK;
  if (error) *error = *why;
  return why->code;
}

static const char again[] = "write the document again, from its consolidated copy or that of another array like it";

static zarrc_status look_below(zarrc_verifier *v, const char *path, zarrc_error *error);

static zarrc_status check_node(zarrc_verifier *v, const zarrc_tree *tree, size_t i, zarrc_error *error) {
  const zarrc_tree_node *node = zarrc_tree_get(tree, i);
  const zarrc_array_options options = {.struct_size = sizeof options};
  zarrc_error why = {0};
  zarrc_array *array = NULL;
  v->report.nnodes++;
  if (node->why) {
    zarrc_status told = zarrc_verifier_tell_node(v, ZARRC_FAULT, node->path, node->why, again, error);
    return told ? told : look_below(v, node->path, error);
  }
  if (node->kind != ZARRC_NODE_ARRAY) return ZARRC_OK;
  zarrc_status status = zarrc_tree_open_array(tree, i, &options, &array, &why);
  if (!status) {
    const char *notice;
    for (size_t k = 0; !status && (notice = zarrc_array_notice(array, k)); k++) {
      zarrc_fail(&why, ZARRC_INVALID_METADATA, "%s", notice);
      status = zarrc_verifier_tell_node(v, ZARRC_NOTE, node->path, &why,
                                        "zarrc copy writes a document that all programs read", error);
    }
  } else if (status == ZARRC_UNSUPPORTED) {
    status = zarrc_verifier_tell_node(v, ZARRC_NOTE, node->path, &why, "its chunks cannot be looked at by this version",
                                      error);
  } else if (zarrc_problem_is_local(status)) {
    status = zarrc_verifier_tell_node(v, ZARRC_FAULT, node->path, &why, again, error);
  } else if (error) {
    *error = why;
  }
  zarrc_array_close(array);
  return status;
}

/* Looks at the nodes of a tree, which the verifier keeps until its end. */
static zarrc_status add_tree(zarrc_verifier *v, zarrc_tree *tree, zarrc_error *error) {
  size_t nbytes = (v->ntrees + 1) * sizeof *v->trees;
  zarrc_tree **trees = zarrc_realloc(v->ctx, v->trees, nbytes);
  if (!trees) {
    zarrc_tree_close(tree);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of nodes");
  }
  v->trees = trees;
  v->trees[v->ntrees++] = tree;
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < zarrc_tree_nnodes(tree) && !status; i++) status = check_node(v, tree, i, error);
  return status;
}

zarrc_verify_node zarrc_verifier_find(const zarrc_verifier *verifier, const char *path, size_t n) {
  for (size_t t = 0; t < verifier->ntrees; t++) {
    size_t i = zarrc_tree_find(verifier->trees[t], path, n);
    if (i != SIZE_MAX) return (zarrc_verify_node){verifier->trees[t], i};
  }
  return (zarrc_verify_node){0};
}

zarrc_verify_node zarrc_verifier_above(const zarrc_verifier *v, const char *key) {
  size_t least = strlen(v->path), n = strlen(key);
  for (;;) {
    while (n > least && key[n - 1] != '/') n--;
    size_t end = n > 0 && key[n - 1] == '/' ? n - 1 : n;
    if (end < least) end = least;
    zarrc_verify_node node = zarrc_verifier_find(v, key, end);
    if (node.tree || n <= least) return node;
    n = end;
  }
}

bool zarrc_verifier_is_unreadable(const zarrc_verifier *verifier, const char *path, size_t n) {
  const zarrc_buf *paths = &verifier->unreadable;
  for (size_t at = 0; at < paths->len; at += strlen((const char *)paths->ptr + at) + 1) {
    const char *one = (const char *)paths->ptr + at;
    if (strlen(one) == n && !memcmp(one, path, n)) return true;
  }
  return false;
}

/* Opens the nodes at and below a path. root: it is the one to verify, at which there should be one. */
static zarrc_status open_tree(zarrc_verifier *v, const char *path, bool root, zarrc_error *error) {
  const zarrc_group_options options = {.struct_size = sizeof options, .no_consolidated = true};
  zarrc_tree *tree = NULL;
  zarrc_error why = {0};
  zarrc_status status = zarrc_tree_open(v->store, path, -1, &options, &tree, &why);
  if (!status) return add_tree(v, tree, error);
  if (status == ZARRC_UNSUPPORTED || !zarrc_problem_is_local(status)) {
    if (error) *error = why;
    return status;
  }
  bool missing = status == ZARRC_NOT_FOUND;
  if (root && missing)
    status = check_something(v, &why, error);
  else
    status = ZARRC_OK;
  if (!status && (root || !missing)) {
    status = zarrc_verifier_tell_node(v, ZARRC_FAULT, path, &why, again, error);
    if (!status) status = zarrc_buf_append(&v->unreadable, path, strlen(path) + 1, error);
  }
  return status ? status : look_below(v, path, error);
}

/* Folders in a folder. */
typedef struct folders {
  zarrc_verifier *v;
  zarrc_buf paths; /* each with a NUL */
} folders;

/* Keeps a folder that may be a node: those of chunks are named after coordinates. */
static zarrc_status keep_folder(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  folders *f = arg;
  const char *name = zarrc_key_name(entry->key);
  if (!entry->is_prefix || entry->is_circle || !strcmp(name, "c") || strspn(name, "0123456789") == strlen(name))
    return ZARRC_OK;
  return zarrc_buf_append(&f->paths, entry->key, strlen(entry->key) + 1, error);
}

/* Looks for nodes in the folders below a path at which none can be opened. */
static zarrc_status look_below(zarrc_verifier *v, const char *path, zarrc_error *error) {
  folders f = {v, zarrc_buf_new(v->ctx, SIZE_MAX / 2)};
  zarrc_status status = zarrc_store_list(v->store, path, false, false, keep_folder, &f, error);
  for (size_t at = 0; at < f.paths.len && !status; at += strlen((const char *)f.paths.ptr + at) + 1)
    status = open_tree(v, (const char *)f.paths.ptr + at, false, error);
  zarrc_buf_clear(&f.paths);
  return status;
}

zarrc_status zarrc_verifier_open_nodes(zarrc_verifier *verifier, zarrc_error *error) {
  return open_tree(verifier, verifier->path, true, error);
}

void zarrc_verifier_init(zarrc_verifier *verifier, zarrc_store *store, const char *path) {
  *verifier = (zarrc_verifier){
      .ctx = store->ctx, .store = store, .path = path, .unreadable = zarrc_buf_new(store->ctx, SIZE_MAX / 2)};
}

void zarrc_verifier_clear(zarrc_verifier *verifier) {
  for (size_t i = 0; i < verifier->ntrees; i++) zarrc_tree_close(verifier->trees[i]);
  zarrc_free(verifier->ctx, verifier->trees);
  zarrc_buf_clear(&verifier->unreadable);
}
