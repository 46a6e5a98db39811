/* SPDX-License-Identifier: MIT */
/* Writes a digest of what is stored. */
#include "tools/digest.h"

#include "base/sized.h"
#include "base/text.h"
#include "tools/keys.h"
#include "tools/verify.h"

#include <string.h>
#include <zarrc/plugin/store.h>

/* So many keys are hashed together. */
#define WINDOW 256

/* A key to hash. */
typedef struct item {
  char *key;
  uint64_t nbytes, ninner;
  char hash[ZARRC_SHA256_TEXT];
  zarrc_buf inner; /* the lines of its inner chunks */
} item;

typedef struct digesting {
  zarrc_ctx *ctx;
  zarrc_store *store;
  size_t skip; /* bytes of the path and its slash */
  zarrc_write_fn write;
  void *write_arg;
  zarrc_digest_report report;
  zarrc_verifier nodes; /* which arrays have shards */
  zarrc_verify_node node;
  zarrc_array *array; /* of the items, if it has shards */
  zarrc_merkle merkle;
  zarrc_buf lines;
  item items[WINDOW];
  size_t n;
} digesting;

static zarrc_status put_inner(item *k, zarrc_stored_shard *shard, const zarrc_inner_chunk *e, int ndim,
                              zarrc_error *error) {
  char hash[ZARRC_SHA256_TEXT], chunk[sizeof error->inner_chunk];
  zarrc_status status = zarrc_digest_inner(shard, e->number, hash, error);
  if (status) return status;
  zarrc_chunk_text(ndim, e->chunk, chunk, sizeof chunk);
  k->ninner++;
  return zarrc_manifest_put_inner(&k->inner, hash, chunk, error);
}

/* Hashes the inner chunks of a shard. One that is damaged has no lines, or not all of them. */
static zarrc_status hash_inner(digesting *d, zarrc_store *from, item *k, const int64_t *chunk, zarrc_error *error) {
  zarrc_stored_shard *shard;
  zarrc_stored_shard_info info = {.struct_size = sizeof info};
  zarrc_inner_chunk e;
  zarrc_error why = {0};
  zarrc_status status = zarrc_stored_shard_open(d->array, from, k->key, chunk, &shard, &why);
  if (!status) {
    status = zarrc_stored_shard_describe(shard, &info, &why);
    for (uint64_t i = 0; i < info.nchunks && !status; i++) {
      zarrc_stored_shard_get(shard, i, &e);
      if (e.present && !e.status) status = put_inner(k, shard, &e, info.ndim, &why);
    }
    zarrc_stored_shard_close(shard);
  }
  if (!status || zarrc_problem_is_local(status)) return ZARRC_OK;
  if (error) *error = why;
  return status;
}

static zarrc_status hash_item(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  digesting *d = arg;
  item *k = &d->items[i];
  int64_t chunk[ZARRC_MAX_NDIM];
  k->inner.len = 0;
  k->ninner = 0;
  zarrc_status status = zarrc_digest_value(from, k->key, k->nbytes, k->hash, error);
  if (status || !d->array || !zarrc_array_chunk_of(d->array, k->key, chunk)) return status;
  return hash_inner(d, from, k, chunk, error);
}

/* Writes the lines of the keys that were hashed, and makes room for others. */
static zarrc_status flush(digesting *d, zarrc_error *error) {
  const zarrc_each_options options = {.struct_size = sizeof options,
                                      .value_nbytes = d->n && d->items->nbytes != ZARRC_UNKNOWN ? d->items->nbytes : 0};
  zarrc_status status = d->n > 0 ? zarrc_store_each(d->store, d->n, &options, hash_item, d, error) : ZARRC_OK;
  for (size_t i = 0; i < d->n; i++) {
    item *k = &d->items[i];
    if (!status) status = zarrc_manifest_put(&d->lines, &d->merkle, k->hash, k->key + d->skip, error);
    if (!status) status = zarrc_buf_append(&d->lines, k->inner.ptr, k->inner.len, error);
    d->report.ninner += k->ninner;
    zarrc_free(d->ctx, k->key);
    zarrc_buf_clear(&k->inner);
  }
  d->n = 0;
  if (!status) status = d->write(d->write_arg, (const char *)d->lines.ptr, d->lines.len, error);
  d->lines.len = 0;
  return status;
}

/* Opens the array that the next keys belong to, if it has shards that are not encoded further as a whole. */
static zarrc_status enter(digesting *d, zarrc_verify_node node, zarrc_error *error) {
  const zarrc_array_options options = {.struct_size = sizeof options};
  zarrc_verified v = {0};
  zarrc_status status = flush(d, error);
  if (status) return status;
  zarrc_array_close(d->array);
  d->array = NULL;
  d->node = node;
  const zarrc_tree_node *n = node.tree ? zarrc_tree_get(node.tree, node.i) : NULL;
  if (!n || n->why || n->kind != ZARRC_NODE_ARRAY) return ZARRC_OK;
  status = zarrc_tree_open_array(node.tree, node.i, &options, &d->array, error);
  if (zarrc_problem_is_local(status)) return ZARRC_OK;
  if (!status) zarrc_verified_init(&v, d->array);
  if (!status && !v.is_sharded) {
    zarrc_array_close(d->array);
    d->array = NULL;
  }
  return status;
}

static zarrc_status next_key(void *arg, const char *key, uint64_t nbytes, bool is_folder, zarrc_error *error) {
  digesting *d = arg;
  zarrc_status status = zarrc_ctx_check_canceled(d->ctx, error);
  if (status || is_folder) return status;
  zarrc_verify_node node = zarrc_verifier_above(&d->nodes, key);
  if (node.tree != d->node.tree || node.i != d->node.i) status = enter(d, node, error);
  if (status) return status;
  item *k = &d->items[d->n];
  *k = (item){.nbytes = nbytes, .inner = zarrc_buf_new(d->ctx, SIZE_MAX / 2)};
  status = zarrc_text_copy(d->ctx, key, strlen(key), &k->key, error);
  if (status) return status;
  d->report.nkeys++;
  if (nbytes != ZARRC_UNKNOWN) d->report.nbytes += nbytes;
  return ++d->n == WINDOW ? flush(d, error) : ZARRC_OK;
}

static zarrc_status end(digesting *d, const zarrc_digest_options *options, zarrc_error *error) {
  zarrc_status status = flush(d, error);
  if (!status && d->report.nkeys == 0) status = zarrc_fail(error, ZARRC_NOT_FOUND, "nothing is stored there");
  if (!status) status = zarrc_merkle_root(&d->merkle, d->report.root, error);
  if (!status && options->values) status = zarrc_digest_values(d->store, d->nodes.path, d->report.values, error);
  if (!status) status = zarrc_manifest_end(&d->lines, d->report.root, d->report.values, error);
  return status ? status : d->write(d->write_arg, (const char *)d->lines.ptr, d->lines.len, error);
}

static zarrc_status run(digesting *d, const char *path, const zarrc_digest_options *options, zarrc_error *error) {
  if (!zarrc_sha256_is_there())
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "this build has no libcrypto, which SHA-256 needs");
  zarrc_status status = zarrc_verifier_open_nodes(&d->nodes, error);
  if (!status) status = zarrc_manifest_begin(&d->lines, error);
  if (!status) status = zarrc_keys_each(d->store, path, NULL, next_key, NULL, d, error);
  if (!status) status = end(d, options, error);
  for (size_t i = 0; i < d->n; i++) {
    zarrc_free(d->ctx, d->items[i].key);
    zarrc_buf_clear(&d->items[i].inner);
  }
  return status;
}

zarrc_status zarrc_digest(zarrc_store *store, const char *path, const zarrc_digest_options *options,
                          zarrc_write_fn write, void *write_arg, zarrc_digest_report *report, zarrc_error *error) {
  zarrc_digest_options taken = {.struct_size = sizeof taken};
  zarrc_status status = options ? zarrc_sized_take(&taken, sizeof taken, options, "digest options", error) : ZARRC_OK;
  if (status) return status;
  digesting *d = zarrc_malloc(store->ctx, sizeof *d);
  if (!d) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a digest");
  *d = (digesting){.ctx = store->ctx,
                   .store = store,
                   .skip = *path ? strlen(path) + 1 : 0,
                   .write = write,
                   .write_arg = write_arg,
                   .lines = zarrc_buf_new(store->ctx, SIZE_MAX / 2)};
  zarrc_verifier_init(&d->nodes, store, path);
  status = zarrc_sized_give(report, &d->report, sizeof d->report, "the report", error);
  if (!status) status = run(d, path, &taken, error);
  zarrc_sized_give(report, &d->report, sizeof d->report, "the report", NULL);
  zarrc_array_close(d->array);
  zarrc_verifier_clear(&d->nodes);
  zarrc_buf_clear(&d->lines);
  zarrc_free(store->ctx, d);
  return status;
}
