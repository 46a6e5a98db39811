/* SPDX-License-Identifier: MIT */
/* Goes through the keys of a store, and looks at many at once. */
#include "base/documents.h"
#include "base/text.h"
#include "tools/keys.h"
#include "tools/verify.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* So many keys are looked at together. */
#define WINDOW 1024

/* What is at a key. */
typedef enum kind {
  IS_DOCUMENT,
  IS_CHUNK,
  IS_OTHER,  /* in an array that can be read */
  IS_FOREIGN /* in none */
} kind;

/* A key to look at. */
typedef struct item {
  char *key;
  uint64_t nbytes, ninner;
  kind kind;
  bool is_folder, is_lost;       /* lost: only the digest has it */
  bool again;                    /* it is looked at once more, as bytes may have been changed on their way */
  bool has_line;                 /* the digest has it */
  const char *inner, *inner_end; /* what the digest has of it */
  char hash[ZARRC_SHA256_TEXT];
  zarrc_problems problems;
} item;

typedef struct walk {
  zarrc_verifier *v;
  size_t skip; /* bytes of the path and its slash, before what keys are below it */
  zarrc_verify_node node;
  zarrc_array *array; /* that of the items, if it can be read */
  zarrc_verified verified;
  zarrc_manifest digest; /* text NULL: there is none */
  char *last;            /* the key that came last: with a digest they must be in order */
  char *lost;            /* the last folder of chunks without a document */
  item items[WINDOW];
  size_t n;
} walk;

/* ------------------------------------------------------------------------------------------------------- one key */

static zarrc_status look_at_folder(const walk *w, item *k, const int64_t *chunk, zarrc_error *error) {
  zarrc_error why;
  if (k->kind != IS_CHUNK) return ZARRC_OK;
  zarrc_fail(&why, ZARRC_IO, "a folder stands where the chunk belongs, which can therefore not be read");
  zarrc_chunk_text(zarrc_array_ndim(w->array), chunk, why.chunk, sizeof why.chunk);
  return zarrc_problems_add(&k->problems, ZARRC_FAULT, true, &why, "remove the folder, and write the chunk again",
                            error);
}

static zarrc_status look_at_other(item *k, zarrc_error *error) {
  zarrc_error why;
  if (*zarrc_key_name(k->key) == '.') { /* .DS_Store, .nczarray */
    zarrc_fail(&why, ZARRC_INVALID_METADATA, "it is no chunk and no document, but of another program");
    return zarrc_problems_add(&k->problems, ZARRC_NOTE, false, &why, "leave it, if it is meant to be there", error);
  }
  zarrc_fail(&why, ZARRC_INVALID_METADATA, "it is neither a chunk of the grid nor a document of the array");
  return zarrc_problems_add(&k->problems, ZARRC_FAULT, false, &why,
                            "remove it, or correct the shape of the array if it is a chunk", error);
}

/* Looks at the value of a key. */
static zarrc_status look_once(walk *w, zarrc_store *from, item *k, zarrc_error *error) {
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_status status = ZARRC_OK;
  zarrc_problems_clear(&k->problems);
  if (k->kind == IS_CHUNK) zarrc_array_chunk_of(w->array, k->key, chunk);
  const zarrc_verify_place place = {.array = w->array, .key = k->key, .chunk = k->kind == IS_CHUNK ? chunk : NULL};
  if (k->is_folder) return look_at_folder(w, k, chunk, error);
  if (k->is_lost) return zarrc_verify_lost(&place, &k->problems, error);
  if (k->kind == IS_CHUNK)
    status = zarrc_verify_object(&w->verified, from, k->key, chunk, k->nbytes, w->v->options.deep, &k->problems,
                                 &k->ninner, error);
  else if (k->kind == IS_OTHER)
    status = look_at_other(k, error);
  if (status || !w->digest.text) return status;
  zarrc_manifest line = {.inner = k->inner, .inner_end = k->inner_end};
  memcpy(line.hash, k->hash, sizeof line.hash);
  return zarrc_verify_value(&place, from, k->nbytes, k->has_line ? &line : NULL, &k->problems, error);
}

/* Looks at the value of a key, as a thread of its own. What came over a network and is damaged is fetched once more. */
static zarrc_status look(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  walk *w = arg;
  item *k = &w->items[i];
  zarrc_status status = look_once(w, from, k, error);
  if (status || from == w->v->store || k->again || !zarrc_problems_are_damage(&k->problems)) return status;
  k->again = true;
  return zarrc_fail(error, ZARRC_CHECKSUM, "damaged, perhaps on its way");
}

/* ---------------------------------------------------------------------------------------- keys that are in no array */

/* Returns the length of the folder that a key is in if it looks like a chunk of an array there: "a/c/0/3", "a/0.3";
 * SIZE_MAX: it does not. */
static size_t folder_of_chunk(const char *key) {
  size_t n = strlen(key);
  const char *name = zarrc_key_name(key);
  if (*name == 0 || strspn(name, "0123456789.") != strlen(name) || strspn(name, "0123456789") == 0) return SIZE_MAX;
  while (n > 0 && strspn(key + n - 1, "0123456789./") > 0) n--; /* back over the coordinates */
  if (n > 0 && key[n - 1] == 'c' && (n == 1 || key[n - 2] == '/')) return n > 1 ? n - 2 : 0;
  while (n > 0 && key[n] != '/') n++;
  return n;
}

/* Looks at a key that belongs to no array that can be read, in the order of the keys. */
static zarrc_status look_at_foreign(walk *w, item *k, zarrc_error *error) {
  const zarrc_tree_node *node = w->node.tree ? zarrc_tree_get(w->node.tree, w->node.i) : NULL;
  zarrc_error why;
  size_t n = folder_of_chunk(k->key);
  if (k->is_lost || (node && (node->why || node->kind != ZARRC_NODE_GROUP))) return ZARRC_OK; /* told with the nodes */
  if (n == SIZE_MAX) {
    zarrc_fail(&why, ZARRC_INVALID_METADATA, "it belongs to no array and no group");
    return zarrc_problems_add(&k->problems, ZARRC_NOTE, false, &why, "leave it, if it is meant to be there", error);
  }
  if (w->lost && strlen(w->lost) == n && !strncmp(w->lost, k->key, n)) return ZARRC_OK;
  if (zarrc_verifier_is_unreadable(w->v, k->key, n)) return ZARRC_OK;
  zarrc_free(w->v->ctx, w->lost);
  zarrc_status status = zarrc_text_copy(w->v->ctx, k->key, n, &w->lost, error);
  if (status) return status;
  zarrc_fail(&why, ZARRC_NOT_FOUND, "it looks like a chunk, but its folder has no document that describes an array");
  return zarrc_problems_add(&k->problems, ZARRC_FAULT, false, &why,
                            "write the zarr.json of the array again, as its siblings or a copy have it", error);
}

/* ------------------------------------------------------------------------------------------------------ many keys */

/* Tells what was found, in the order of the keys, and makes room. */
static zarrc_status flush(walk *w, zarrc_error *error) {
  zarrc_verifier *v = w->v;
  bool whole = w->n > 0 && v->options.deep && w->items[0].nbytes != ZARRC_UNKNOWN;
  const zarrc_each_options options = {.struct_size = sizeof options, .value_nbytes = whole ? w->items[0].nbytes : 0};
  zarrc_status status = w->n > 0 ? zarrc_store_each(v->store, w->n, &options, look, w, error) : ZARRC_OK;
  for (size_t i = 0; i < w->n; i++) {
    item *k = &w->items[i];
    const char *below = k->key + w->skip;
    v->report.nchunks += k->kind == IS_CHUNK && !k->is_folder && !k->is_lost;
    v->report.ninner += k->ninner;
    if (!status && k->kind == IS_FOREIGN) status = look_at_foreign(w, k, error);
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
  zarrc_array_close(w->array);
  w->array = NULL;
  w->node = node;
  const zarrc_tree_node *n = node.tree ? zarrc_tree_get(node.tree, node.i) : NULL;
  if (!n || n->why || n->kind != ZARRC_NODE_ARRAY) return ZARRC_OK;
  status = zarrc_tree_open_array(node.tree, node.i, &options, &w->array, error);
  if (zarrc_problem_is_local(status)) return ZARRC_OK; /* told with the nodes */
  if (!status) zarrc_verified_init(&w->verified, w->array);
  return status;
}

static kind kind_of(const walk *w, const char *key) {
  int64_t chunk[ZARRC_MAX_NDIM];
  if (w->array && zarrc_array_chunk_of(w->array, key, chunk)) return IS_CHUNK;
  const char *rest = w->array ? key + strlen(zarrc_array_path(w->array)) : zarrc_key_name(key);
  if (zarrc_name_is_document(rest + (*rest == '/'))) return IS_DOCUMENT;
  return w->array ? IS_OTHER : IS_FOREIGN;
}

/* Takes a key to look at. Its bytes are copied. */
static zarrc_status add(walk *w, const char *key, const item *as, zarrc_error *error) {
  zarrc_verify_node node = zarrc_verifier_above(w->v, key);
  zarrc_status status = zarrc_ctx_check_canceled(w->v->ctx, error);
  if (!status && (node.tree != w->node.tree || node.i != w->node.i)) status = enter(w, node, error);
  if (status) return status;
  item *k = &w->items[w->n];
  *k = *as;
  k->problems.ctx = w->v->ctx;
  k->kind = kind_of(w, key);
  if (k->is_folder && k->kind != IS_CHUNK) return ZARRC_OK;
  if (k->kind == IS_DOCUMENT && !w->digest.text) return ZARRC_OK; /* looked at with the nodes */
  status = zarrc_text_copy(w->v->ctx, key, strlen(key), &k->key, error);
  if (status) return status;
  return ++w->n == WINDOW ? flush(w, error) : ZARRC_OK;
}

/* Takes the keys of the digest before this one (NULL: all), which are lost. Then the digest is at this key, if it has
 * it. */
static zarrc_status add_lost(walk *w, const char *key, zarrc_error *error) {
  static const item lost = {.nbytes = ZARRC_UNKNOWN, .is_lost = true};
  zarrc_status status = ZARRC_OK;
  zarrc_buf whole = zarrc_buf_new(w->v->ctx, SIZE_MAX / 2);
  while (!status && w->digest.has_line && (!key || strcmp(w->digest.key, key + w->skip) < 0)) {
    const char *after = w->v->options.after;
    whole.len = 0;
    status = zarrc_buf_printf(&whole, error, "%s%s%s", w->v->path, *w->v->path ? "/" : "", w->digest.key);
    if (!status) status = zarrc_buf_append(&whole, "", 1, error);
    if (!status && (!after || strcmp(w->digest.key, after) > 0)) status = add(w, (const char *)whole.ptr, &lost, error);
    if (!status) status = zarrc_manifest_next(&w->digest, error);
  }
  zarrc_buf_clear(&whole);
  return status;
}

/* Keys must come in order to be compared with a digest. */
static zarrc_status check_order(walk *w, const char *key, zarrc_error *error) {
  if (w->last && strcmp(w->last, key) >= 0)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "the store does not list its keys in order, as is needed for a digest");
  zarrc_free(w->v->ctx, w->last);
  return zarrc_text_copy(w->v->ctx, key, strlen(key), &w->last, error);
}

static zarrc_status next_key(void *arg, const char *key, uint64_t nbytes, bool is_folder, zarrc_error *error) {
  walk *w = arg;
  item as = {.nbytes = nbytes, .is_folder = is_folder};
  zarrc_status status = ZARRC_OK;
  if (!is_folder) {
    w->v->report.nkeys++;
    if (nbytes != ZARRC_UNKNOWN) w->v->report.nbytes += nbytes;
  }
  if (is_folder || !w->digest.text) return add(w, key, &as, error);
  status = check_order(w, key, error);
  if (!status) status = add_lost(w, key, error);
  if (status) return status;
  as.has_line = w->digest.has_line && !strcmp(w->digest.key, key + w->skip);
  if (!as.has_line) return add(w, key, &as, error);
  memcpy(as.hash, w->digest.hash, sizeof as.hash);
  as.inner = w->digest.inner;
  as.inner_end = w->digest.inner_end;
  status = add(w, key, &as, error);
  return status ? status : zarrc_manifest_next(&w->digest, error);
}

/* Tells of a folder that cannot be listed. A store that cannot list at all is a failure. */
static zarrc_status tell_closed(void *arg, const char *folder, const zarrc_error *why, zarrc_error *error) {
  walk *w = arg;
  if (zarrc_problem_is_local(why->code) && why->code != ZARRC_UNSUPPORTED)
    return zarrc_verifier_tell_key(w->v, ZARRC_FAULT, zarrc_verifier_below(w->v, folder), why,
                                   "have it be readable, and verify again", error);
  if (error) *error = *why;
  return why->code;
}

static zarrc_status run(walk *w, zarrc_error *error) {
  const zarrc_verifier *v = w->v;
  zarrc_status status = ZARRC_OK;
  if (v->options.digest) status = zarrc_manifest_open(v->ctx, v->options.digest, v->options.ndigest, &w->digest, error);
  if (!status) status = zarrc_keys_each(v->store, v->path, v->options.after, next_key, tell_closed, w, error);
  if (!status) status = add_lost(w, NULL, error);
  return status ? status : flush(w, error);
}

zarrc_status zarrc_verify_keys(zarrc_verifier *v, zarrc_error *error) {
  walk *w = zarrc_malloc(v->ctx, sizeof *w);
  if (!w) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of keys");
  memset(w, 0, sizeof *w);
  w->v = v;
  w->digest.ctx = v->ctx;
  w->skip = *v->path ? strlen(v->path) + 1 : 0;
  zarrc_status status = run(w, error);
  for (size_t i = 0; i < w->n; i++) {
    zarrc_problems_clear(&w->items[i].problems);
    zarrc_free(v->ctx, w->items[i].key);
  }
  zarrc_manifest_close(&w->digest);
  zarrc_array_close(w->array);
  zarrc_free(v->ctx, w->last);
  zarrc_free(v->ctx, w->lost);
  zarrc_free(v->ctx, w);
  return status;
}
