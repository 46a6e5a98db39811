/* SPDX-License-Identifier: MIT */
/* The nodes of a store that is verified: finds them, also below groups that cannot be read, and looks at their
 * documents. */
#include "tools/verify.h"

#include "base/documents.h"
#include "base/text.h"

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

/* Folders nested deeper are not looked into, as zarrc_tree_open does not. */
enum { MAX_DEPTH = 256 };

static const char again[] = "write the document again, from its consolidated copy or that of another array like it";

/* Notes that the folders below a path are to be looked into for nodes: there is none at it that can be opened. */
static zarrc_status look_below(zarrc_verifier *v, const char *path, zarrc_error *error) {
  return zarrc_buf_append(&v->closed, path, strlen(path) + 1, error);
}

static zarrc_status tell_unreadable(zarrc_verifier *v, const char *path, const zarrc_error *why, zarrc_error *error) {
  if (why->code == ZARRC_UNSUPPORTED)
    return zarrc_verifier_tell_node(v, ZARRC_NOTE, path, why, "this version cannot read it", error);
  return zarrc_verifier_tell_node(v, ZARRC_FAULT, path, why, again, error);
}

static zarrc_status check_node(zarrc_verifier *v, const zarrc_tree *tree, size_t i, zarrc_error *error) {
  const zarrc_tree_node *node = zarrc_tree_get(tree, i);
  const zarrc_array_options options = {.struct_size = sizeof options};
  zarrc_error why = {0};
  zarrc_array *array = NULL;
  v->report.nnodes++;
  if (node->why) {
    zarrc_status told = tell_unreadable(v, node->path, node->why, error);
    bool has_below = node->why->code != ZARRC_ACCESS; /* such as a link to a folder above it */
    return told || !has_below ? told : look_below(v, node->path, error);
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
    if (!node.tree && v->described) {
      node = (zarrc_verify_node){v->described, zarrc_tree_find(v->described, key, end)};
      if (node.i == SIZE_MAX) node = (zarrc_verify_node){0};
    }
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

/* Opens the nodes at and below a path, and looks at their documents. *missing: there is no node at it. */
static zarrc_status open_tree(zarrc_verifier *v, const char *path, bool *missing, zarrc_error *error) {
  const zarrc_group_options options = {.struct_size = sizeof options, .no_consolidated = true};
  zarrc_tree *tree = NULL;
  zarrc_error why = {0};
  zarrc_status status = zarrc_tree_open(v->store, path, -1, &options, &tree, &why);
  *missing = status == ZARRC_NOT_FOUND;
  if (!status) return add_tree(v, tree, error);
  if (!zarrc_problem_is_local(status)) {
    if (error) *error = why;
    return status;
  }
  status = *missing ? ZARRC_OK : tell_unreadable(v, path, &why, error);
  if (!status && !*missing) status = zarrc_buf_append(&v->unreadable, path, strlen(path) + 1, error);
  return status ? status : look_below(v, path, error);
}

/* Folders in a folder. */
typedef struct folders {
  zarrc_verifier *v;
  zarrc_buf paths; /* each with a NUL */
} folders;

static bool has_document(const zarrc_verifier *v, const char *path) {
  zarrc_buf key = zarrc_buf_new(v->ctx, SIZE_MAX / 2);
  bool found = false;
  for (int i = 0; i < ZARRC_NNODE_NAMES && !found; i++) {
    zarrc_bytes bytes = {0};
    key.len = 0;
    if (zarrc_buf_printf(&key, NULL, "%s/%s", path, zarrc_node_names[i]) || zarrc_buf_append(&key, "", 1, NULL)) break;
    zarrc_status status = zarrc_store_get(v->store, (const char *)key.ptr, 0, &bytes, NULL);
    found = status == ZARRC_OK || status == ZARRC_LIMIT;
    zarrc_bytes_release(&bytes);
  }
  zarrc_buf_clear(&key);
  return found;
}

/* Keeps a folder that may be a node. One that is named like a coordinate holds chunks, unless it has a document. */
static zarrc_status keep_folder(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  folders *f = arg;
  const char *name = zarrc_key_name(entry->key);
  if (!entry->is_prefix || entry->is_circle) return ZARRC_OK;
  if ((!strcmp(name, "c") || strspn(name, "0123456789") == strlen(name)) && !has_document(f->v, entry->key))
    return ZARRC_OK;
  return zarrc_buf_append(&f->paths, entry->key, strlen(entry->key) + 1, error);
}

/* Tells that a folder cannot be listed. */
static zarrc_status tell_closed(zarrc_verifier *v, const char *path, const zarrc_error *why, zarrc_error *error) {
  return zarrc_verifier_tell_key(v, ZARRC_FAULT, zarrc_verifier_below(v, path), why,
                                 "have it be readable, and verify again", error);
}

/* Opens the nodes in the folders of one, at whose path none can be opened. */
static zarrc_status open_below(zarrc_verifier *v, const char *path, zarrc_error *error) {
  folders f = {v, zarrc_buf_new(v->ctx, SIZE_MAX / 2)};
  zarrc_error why = {0};
  bool missing;
  zarrc_status status = zarrc_store_list(v->store, path, false, false, keep_folder, &f, &why);
  if (zarrc_problem_is_local(status))
    status = tell_closed(v, path, &why, error);
  else if (status && error)
    *error = why;
  for (size_t at = 0; at < f.paths.len && !status; at += strlen((const char *)f.paths.ptr + at) + 1)
    status = open_tree(v, (const char *)f.paths.ptr + at, &missing, error);
  zarrc_buf_clear(&f.paths);
  return status;
}

/* Opens what is below all paths that look_below has noted, which may note others. */
static zarrc_status open_closed(zarrc_verifier *v, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  while (v->nopened < v->closed.len && !status) {
    const char *next = (const char *)v->closed.ptr + v->nopened;
    char *path;
    status = zarrc_text_copy(v->ctx, next, strlen(next), &path, error);
    if (status) return status;
    v->nopened += strlen(path) + 1;
    size_t depth = 0;
    for (const char *p = path; *p; p++) depth += *p == '/';
    if (depth < MAX_DEPTH) {
      status = open_below(v, path, error);
    } else {
      zarrc_error why = {0};
      zarrc_fail(&why, ZARRC_LIMIT, "folders are nested too deep to look for nodes in them");
      status = tell_closed(v, path, &why, error);
    }
    zarrc_free(v->ctx, path);
  }
  return status;
}

/* Opens a node that listings do not show. */
static zarrc_status open_unlisted(void *arg, const char *path, zarrc_error *error) {
  zarrc_verifier *v = arg;
  zarrc_error why = {0};
  bool missing;
  if (zarrc_verifier_find(v, path, strlen(path)).tree || zarrc_verifier_is_unreadable(v, path, strlen(path)))
    return ZARRC_OK;
  zarrc_fail(&why, ZARRC_INVALID_METADATA, "a folder above it is no group, so that listings do not show it");
  zarrc_status status =
      zarrc_verifier_tell_node(v, ZARRC_NOTE, path, &why, "write a group into each folder above it", error);
  return status ? status : open_tree(v, path, &missing, error);
}

zarrc_status zarrc_verifier_open_nodes(zarrc_verifier *verifier, zarrc_error *error) {
  zarrc_error why = {0};
  bool missing = false;
  zarrc_status status = open_tree(verifier, verifier->path, &missing, error);
  if (!status && missing) {
    zarrc_fail(&why, ZARRC_NOT_FOUND, "no array and no group is there");
    zarrc_error_in_key(&why, verifier->store, verifier->path);
    status = check_something(verifier, &why, error);
    if (!status) status = zarrc_verifier_tell_node(verifier, ZARRC_FAULT, verifier->path, &why, again, error);
    if (!status) status = zarrc_buf_append(&verifier->unreadable, verifier->path, strlen(verifier->path) + 1, error);
  }
  if (!status) status = open_closed(verifier, error);
  const zarrc_tree *first = verifier->ntrees > 0 ? verifier->trees[0] : NULL;
  if (!status && first) status = zarrc_tree_each_unlisted(first, open_unlisted, verifier, error);
  return status ? status : open_closed(verifier, error);
}

void zarrc_verifier_init(zarrc_verifier *verifier, zarrc_store *store, const char *path) {
  *verifier = (zarrc_verifier){.ctx = store->ctx,
                               .store = store,
                               .path = path,
                               .unreadable = zarrc_buf_new(store->ctx, SIZE_MAX / 2),
                               .closed = zarrc_buf_new(store->ctx, SIZE_MAX / 2)};
}

void zarrc_verifier_clear(zarrc_verifier *verifier) {
  for (size_t i = 0; i < verifier->ntrees; i++) zarrc_tree_close(verifier->trees[i]);
  zarrc_tree_close(verifier->described);
  zarrc_free(verifier->ctx, verifier->trees);
  zarrc_buf_clear(&verifier->unreadable);
  zarrc_buf_clear(&verifier->closed);
}
