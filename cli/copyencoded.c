/* SPDX-License-Identifier: MIT */
/* Arrays whose elements cannot be read: their stored chunks are copied as they are. */
#include "copy.h"
#include "text.h"

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

/* The most that is held of one value at a time. */
#define MAX_PIECE ((uint64_t)8 << 20)

static uint64_t piece_of(uint64_t memory, unsigned lanes) {
  uint64_t piece = memory / 4 / (lanes > 0 ? lanes : 1);
  return piece > MAX_PIECE ? MAX_PIECE : piece < 65536 ? 65536 : piece;
}

zarrc_status cli_copy_encoded_plan(cli_copy_array *a, uint64_t memory, unsigned threads, zarrc_error *error) {
  if (!a->stored.known)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "%.200s: its chunks cannot be listed", zarrc_array_path(a->source));
  a->lanes = threads;
  a->region_bytes = piece_of(memory, threads);
  a->memory = cli_times(a->region_bytes, threads);
  a->total_regions = a->to.nobjects;
  for (int i = 0; i < a->to.ndim; i++) {
    a->m[i] = 1;
    a->nregions[i] = a->to.object_grid[i];
  }
  return cli_copy_narrow(a, false, error);
}

void cli_copy_encoded_there(cli_copy_array *a) {
  cli_copy_stored *there = &a->there;
  size_t n = 0;
  for (size_t i = 0; i < there->n; i++) {
    const cli_copy_object *object = cli_copy_stored_find(&a->stored, there->items[i].number);
    if (object != NULL && object->nbytes == there->items[i].nbytes)
      there->items[n++] = there->items[i];
    else
      there->nfaulty++;
  }
  there->n = n;
}

zarrc_status cli_copy_encoded(const cli_copy_run *run, const int64_t *chunk, bool stored, bool *mended,
                              uint64_t *nbytes, zarrc_error *error) {
  const cli_copy_array *a = run->array;
  char from_key[2048], to_key[2048];
  cli_stored_value from = {zarrc_array_store(a->source), from_key, run->source_url},
                   to = {zarrc_array_store(a->copy), to_key, run->copy_url};
  *mended = false;
  *nbytes = 0;
  zarrc_status status = zarrc_array_chunk_key(a->source, chunk, from_key, sizeof from_key, error);
  if (status == ZARRC_OK) status = zarrc_array_chunk_key(a->copy, chunk, to_key, sizeof to_key, error);
  if (status == ZARRC_OK && stored && run->check) {
    status = cli_stored_compare(&from, &to, a->region_bytes, error);
    *mended = status == ZARRC_CORRUPT; /* it was there, but another one: made anew */
    if (*mended) status = ZARRC_OK;
  }
  if (status != ZARRC_OK || (stored && !*mended)) return status;
  status = cli_stored_copy(&from, &to, a->region_bytes, nbytes, error);
  if (status == ZARRC_OK && run->check) status = cli_stored_compare(&from, &to, a->region_bytes, error);
  return status;
}
