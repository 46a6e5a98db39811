/* SPDX-License-Identifier: MIT */
/* Goes through the keys of a store in the order of their bytes, and looks at many at once. */
#include "base/documents.h"
#include "base/reading.h"
#include "base/text.h"
#include "tools/verify.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>
#include <zarrc/plugin/store.h>

/* So many keys are looked at together. */
#define WINDOW 1024

/* An array whose keys are being gone through. */
typedef struct opened {
  zarrc_verify_node node;
  zarrc_array *array;
  zarrc_verified verified;
} opened;

/* A key to look at. */
typedef struct item {
  char *key;
  uint64_t nbytes, ninner;
  bool is_prefix;
  bool is_chunk;
  zarrc_problems problems;
} item;

typedef struct walk {
  zarrc_verifier *v;
  size_t skip; /* bytes of the path and its slash, before what keys are below it */
  opened array;
  item items[WINDOW]; /* of this array, or of none */
  size_t n;
  char *lost; /* the last folder of chunks without a document */
} walk;

/* Some of what is in one folder, or below a prefix. */
typedef struct found {
  char *key; /* with a slash behind a prefix */
  uint64_t nbytes;
} found;

typedef struct folder {
  walk *w;
  found *items;
  size_t n, cap;
} folder;

/* ------------------------------------------------------------------------------------------------- keys of arrays */

/* Returns the deepest node that a key is below. */
static zarrc_verify_node node_above(const zarrc_verifier *v, const char *key) {
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

static void close_array(walk *w) {
  zarrc_array_close(w->array.array);
  w->array = (opened){0};
}

/* Looks at one key: of an array that can be read. */
static zarrc_status look(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  walk *w = arg;
  item *k = &w->items[i];
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_error why;
  zarrc_array *array = w->array.array;
  zarrc_problems_clear(&k->problems);
  if (!array) return ZARRC_OK;
  k->is_chunk = zarrc_array_chunk_of(array, k->key, chunk);
  if (k->is_prefix) {
    if (!k->is_chunk) return ZARRC_OK;
    zarrc_fail(&why, ZARRC_IO, "a folder stands where the chunk belongs, which can therefore not be read");
    zarrc_chunk_text(zarrc_array_ndim(array), chunk, why.chunk, sizeof why.chunk);
    return zarrc_problems_add(&k->problems, ZARRC_FAULT, true, &why, "remove the folder, and write the chunk again",
                              error);
  }
  if (k->is_chunk)
    return zarrc_verify_object(&w->array.verified, from, k->key, chunk, k->nbytes, w->v->options.deep, &k->problems,
                               &k->ninner, error);
  zarrc_fail(&why, ZARRC_INVALID_METADATA, "it is neither a chunk of the grid nor a document of the array");
  return zarrc_problems_add(&k->problems, ZARRC_FAULT, false, &why,
                            "remove it, or correct the shape of the array if it is a chunk", error);
}

/* Tells what was found, in the order of the keys, and makes room. */
static zarrc_status flush(walk *w, zarrc_error *error) {
  zarrc_verifier *v = w->v;
  const uint64_t nbytes = w->n > 0 && v->options.deep && w->items[0].nbytes != ZARRC_UNKNOWN ? w->items[0].nbytes : 0;
  const zarrc_each_options options = {.struct_size = sizeof options, .value_nbytes = nbytes};
  zarrc_status status = w->n > 0 ? zarrc_store_each(v->store, w->n, &options, look, w, error) : ZARRC_OK;
  for (size_t i = 0; i < w->n; i++) {
    item *k = &w->items[i];
    const char *below = k->key + w->skip;
    v->report.nchunks += k->is_chunk && !k->is_prefix;
    v->report.ninner += k->ninner;
    if (!status) status = zarrc_problems_tell(&k->problems, below, zarrc_verifier_tell, v, error);
    if (!status && i + 1 == w->n && v->options.progress)
      v->options.progress(v->options.progress_arg, &v->report, below);
    zarrc_problems_clear(&k->problems);
    zarrc_free(v->ctx, k->key);
    *k = (item){.problems.ctx = v->ctx};
  }
  w->n = 0;
  return status;
}

/* Opens the array that the next keys belong to, or none. */
static zarrc_status enter(walk *w, zarrc_verify_node node, zarrc_error *error) {
  const zarrc_array_options options = {.struct_size = sizeof options};
  zarrc_status status = flush(w, error);
  if (status) return status;
  close_array(w);
  w->array.node = node;
  const zarrc_tree_node *n = node.tree ? zarrc_tree_get(node.tree, node.i) : NULL;
  if (!n || n->why || n->kind != ZARRC_NODE_ARRAY) return ZARRC_OK;
  status = zarrc_tree_open_array(node.tree, node.i, &options, &w->array.array, error);
  if (zarrc_problem_is_local(status)) return ZARRC_OK; /* told with the nodes */
  if (!status) zarrc_verified_init(&w->array.verified, w->array.array);
  return status;
}

/* --------------------------------------------------------------------------------------------- keys of no array */

/* Returns the length of the folder that a key is in if it looks like a chunk of an array there: "a/c/0/3", "a/0.3"; 0:
 * it does not, or the folder is that of a node. */
static size_t folder_of_chunk(const char *key) {
  size_t n = strlen(key);
  const char *name = zarrc_key_name(key);
  if (*name == 0 || strspn(name, "0123456789.") != strlen(name) || strspn(name, "0123456789") == 0) return SIZE_MAX;
  while (n > 0 && strspn(key + n - 1, "0123456789./") > 0) n--; /* back over the coordinates */
  if (n > 0 && key[n - 1] == 'c' && (n == 1 || key[n - 2] == '/')) return n > 1 ? n - 2 : 0;
  while (n > 0 && key[n] != '/') n++;
  return n;
}

/* Looks at a key that belongs to no array that can be read. */
static zarrc_status look_at_other(walk *w, const char *key, zarrc_error *error) {
  zarrc_problems problems = {.ctx = w->v->ctx};
  const zarrc_verify_node at = w->array.node;
  const zarrc_tree_node *node = at.tree ? zarrc_tree_get(at.tree, at.i) : NULL;
  zarrc_error why;
  size_t n = folder_of_chunk(key);
  zarrc_status status;
  if (zarrc_name_is_document(zarrc_key_name(key)) || (node && (node->why || node->kind != ZARRC_NODE_GROUP)))
    return ZARRC_OK; /* what cannot be read was told with the nodes */
  if (n != SIZE_MAX) {
    if (w->lost && strlen(w->lost) == n && !strncmp(w->lost, key, n)) return ZARRC_OK;
    if (zarrc_verifier_is_unreadable(w->v, key, n)) return ZARRC_OK;
    zarrc_free(w->v->ctx, w->lost);
    w->lost = zarrc_malloc(w->v->ctx, n + 1);
    if (!w->lost) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a key");
    memcpy(w->lost, key, n);
    w->lost[n] = 0;
    zarrc_fail(&why, ZARRC_NOT_FOUND, "it looks like a chunk, but its folder has no document that describes an array");
    status = zarrc_problems_add(&problems, ZARRC_FAULT, false, &why,
                                "write the zarr.json of the array again, as its siblings or a copy have it", error);
  } else {
    zarrc_fail(&why, ZARRC_INVALID_METADATA, "it belongs to no array and no group");
    status = zarrc_problems_add(&problems, ZARRC_NOTE, false, &why, "leave it, if it is meant to be there", error);
  }
  if (!status) status = zarrc_problems_tell(&problems, key + w->skip, zarrc_verifier_tell, w->v, error);
  zarrc_problems_clear(&problems);
  return status;
}

/* Takes the next key. Its bytes are copied. */
static zarrc_status next_key(walk *w, const char *key, uint64_t nbytes, bool is_prefix, zarrc_error *error) {
  zarrc_verifier *v = w->v;
  zarrc_verify_node node = node_above(v, key);
  size_t n = strlen(key);
  zarrc_status status = zarrc_ctx_check_canceled(v->ctx, error);
  if (!status && (node.tree != w->array.node.tree || node.i != w->array.node.i)) status = enter(w, node, error);
  if (status) return status;
  if (!is_prefix) {
    v->report.nkeys++;
    if (nbytes != ZARRC_UNKNOWN) v->report.nbytes += nbytes;
  }
  if (!w->array.array) return is_prefix ? ZARRC_OK : look_at_other(w, key, error);
  const char *rest = key + strlen(zarrc_array_path(w->array.array));
  if (!is_prefix && zarrc_name_is_document(rest + (*rest == '/'))) return ZARRC_OK;
  item *k = &w->items[w->n];
  *k = (item){.nbytes = nbytes, .is_prefix = is_prefix, .problems.ctx = v->ctx};
  k->key = zarrc_malloc(v->ctx, n + 1);
  if (!k->key) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a key");
  memcpy(k->key, key, n + 1);
  return ++w->n == WINDOW ? flush(w, error) : ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------------- all keys */

static bool is_before(const walk *w, const char *key) {
  const char *after = w->v->options.after;
  return after && strcmp(key + w->skip, after) <= 0;
}

static zarrc_status add(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  folder *f = arg;
  zarrc_ctx *ctx = f->w->v->ctx;
  if (f->n == f->cap) {
    size_t cap = f->cap * 2 + 64;
    found *items = cap < SIZE_MAX / sizeof *items ? zarrc_realloc(ctx, f->items, cap * sizeof *items) : NULL;
    if (!items) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu keys", cap);
    f->items = items;
    f->cap = cap;
  }
  size_t n = strlen(entry->key);
  found *e = &f->items[f->n];
  e->nbytes = entry->nbytes;
  e->key = zarrc_malloc(ctx, n + 2);
  if (!e->key) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a key");
  memcpy(e->key, entry->key, n + 1);
  if (entry->is_prefix && !entry->is_circle) memcpy(e->key + n, "/", 2);
  f->n++;
  return ZARRC_OK;
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const found *)a)->key, ((const found *)b)->key);
}

static zarrc_status walk_folder(walk *w, const char *prefix, zarrc_error *error);

/* Goes into a folder, or takes a key. */
static zarrc_status step(walk *w, found *e, zarrc_error *error) {
  size_t n = strlen(e->key);
  const char *after = w->v->options.after;
  if (e->key[n - 1] != '/') return is_before(w, e->key) ? ZARRC_OK : next_key(w, e->key, e->nbytes, false, error);
  if (is_before(w, e->key) && strncmp(e->key + w->skip, after, n - w->skip) != 0) return ZARRC_OK;
  e->key[n - 1] = 0;
  zarrc_status status = is_before(w, e->key) ? ZARRC_OK : next_key(w, e->key, ZARRC_UNKNOWN, true, error);
  return status ? status : walk_folder(w, e->key, error);
}

/* Goes through a folder and those in it. */
static zarrc_status walk_folder(walk *w, const char *prefix, zarrc_error *error) {
  folder f = {.w = w};
  zarrc_status status = zarrc_store_list(w->v->store, prefix, false, true, add, &f, error);
  if (!status && f.n > 1) qsort(f.items, f.n, sizeof *f.items, by_key);
  for (size_t i = 0; i < f.n; i++) {
    if (!status) status = step(w, &f.items[i], error);
    zarrc_free(w->v->ctx, f.items[i].key);
  }
  zarrc_free(w->v->ctx, f.items);
  return status;
}

static zarrc_status take(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  walk *w = arg;
  if (entry->is_prefix || is_before(w, entry->key)) return ZARRC_OK;
  return next_key(w, entry->key, entry->nbytes, false, error);
}

/* Returns whether the store has folders, which can be empty, and lists one as quickly as many. */
static bool is_near(zarrc_store *store, const char *path) {
  zarrc_key_blob blob = {0};
  zarrc_status status = zarrc_key_blob_open(&blob, store, *path ? path : ZARRC_ZARR_JSON, NULL);
  bool near = !status && zarrc_blob_is_near(blob.blob);
  zarrc_key_blob_close(&blob);
  return near;
}

zarrc_status zarrc_verify_keys(zarrc_verifier *v, zarrc_error *error) {
  walk *w = zarrc_malloc(v->ctx, sizeof *w);
  if (!w) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of keys");
  memset(w, 0, sizeof *w);
  w->v = v;
  w->skip = *v->path ? strlen(v->path) + 1 : 0;
  zarrc_status status = is_near(v->store, v->path) ? walk_folder(w, v->path, error)
                                                   : zarrc_store_list(v->store, v->path, true, true, take, w, error);
  if (!status) status = flush(w, error);
  for (size_t i = 0; i < w->n; i++) {
    zarrc_problems_clear(&w->items[i].problems);
    zarrc_free(v->ctx, w->items[i].key);
  }
  close_array(w);
  zarrc_free(v->ctx, w->lost);
  zarrc_free(v->ctx, w);
  return status;
}
