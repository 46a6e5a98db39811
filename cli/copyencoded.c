/* SPDX-License-Identifier: MIT */
/* Arrays whose elements cannot be read: their stored chunks are copied as they are. */
#include "copy.h"
#include "signals.h"

#include <string.h>

/* Returns ZARRC_OK where everything that the stored bytes depend on stays as it is. */
zarrc_status cli_copy_encoded_check(const cli_copy_wish *w, const zarrc_array *source, zarrc_error *error) {
  int ndim = zarrc_array_ndim(source);
  int64_t inner[ZARRC_MAX_NDIM];
  bool same = w->codecs == NULL && w->key_encoding == NULL && w->separator == NULL;
  bool chunks = w->nchunks >= 0 && (w->single || w->nchunks == ndim);
  bool shards = w->nshards >= 0 && (w->single || w->nshards == ndim);
  if (w->no_shards && zarrc_array_inner_chunk_shape(source, inner)) shards = true;
  if (same && !chunks && !shards) return ZARRC_OK;
  const char *path = zarrc_array_path(source);
  zarrc_status status = zarrc_array_check_readable(source, error);
  zarrc_error_prefix(error, "%.200s%scan only be copied with its own chunks, codecs and keys: ", path,
                     path[0] != 0 ? ": " : "");
  return status;
}

zarrc_status cli_copy_encoded_plan(cli_copy_array *a, zarrc_error *error) {
  if (!a->stored.known)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "%.200s: its chunks cannot be listed", zarrc_array_path(a->source));
  for (int i = 0; i < a->to.ndim; i++) a->m[i] = 1;
  a->lanes = 1;
  a->nlist = a->nobjects = a->reads = a->total_regions = a->stored.n;
  a->read_bytes = a->stored.nbytes;
  a->reads_known = true;
  return ZARRC_OK;
}

static zarrc_status check_copy(zarrc_store *store, const char *key, const zarrc_bytes *bytes, uint64_t memory,
                               zarrc_error *error) {
  zarrc_bytes again = {0};
  zarrc_status status = zarrc_store_get(store, key, memory, &again, error);
  if (status == ZARRC_OK && (again.len != bytes->len || memcmp(again.ptr, bytes->ptr, bytes->len) != 0))
    status = zarrc_fail(error, ZARRC_CORRUPT, "%.300s: the copy differs from the source", key);
  zarrc_bytes_release(&again);
  return status;
}

static zarrc_status copy_object(cli_copying *k, const cli_copy_array *a, uint64_t number, zarrc_error *error) {
  char from[2048], to[2048];
  int64_t chunk[ZARRC_MAX_NDIM] = {0};
  zarrc_bytes bytes = {0};
  for (int i = a->from.ndim - 1; i >= 0; i--) {
    chunk[i] = (int64_t)(number % (uint64_t)a->from.object_grid[i]);
    number /= (uint64_t)a->from.object_grid[i];
  }
  zarrc_status status = zarrc_array_chunk_key(a->source, chunk, from, sizeof from, error);
  if (status == ZARRC_OK) status = zarrc_array_chunk_key(a->copy, chunk, to, sizeof to, error);
  cli_about(k->c, k->source_url);
  if (status == ZARRC_OK) status = zarrc_store_get(zarrc_array_store(a->source), from, k->memory, &bytes, error);
  if (status == ZARRC_LIMIT) snprintf(k->c->hint, sizeof k->c->hint, "more --memory");
  if (status == ZARRC_OK) {
    cli_about(k->c, k->copy_url);
    status = zarrc_store_set(zarrc_array_store(a->copy), to, bytes.ptr, bytes.len, error);
    if (status == ZARRC_OK && k->check) status = check_copy(zarrc_array_store(a->copy), to, &bytes, k->memory, error);
    if (status == ZARRC_OK) cli_progress_add(&k->progress, 1, bytes.len);
  }
  zarrc_bytes_release(&bytes);
  return status;
}

zarrc_status cli_copy_encoded(cli_copying *k, const cli_copy_array *a, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < a->stored.n && status == ZARRC_OK; i++) {
    if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
    status = copy_object(k, a, a->stored.items[i].number, error);
  }
  if (status == ZARRC_OK) k->c->subject[0] = 0;
  return status;
}
