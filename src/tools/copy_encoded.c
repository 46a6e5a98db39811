/* SPDX-License-Identifier: MIT */
/* Copies the stored objects of arrays whose elements cannot be read, unchanged. */
#include "tools/copy.h"

#include <string.h>
#include <zarrc/plugin/store.h>

zarrc_status zarrc_copy_encoded_check(const zarrc_copier *k, const zarrc_array *source, zarrc_error *error) {
  const zarrc_copy_options *o = &k->options;
  int ndim = zarrc_array_ndim(source);
  int64_t inner[ZARRC_MAX_NDIM];
  bool same = !o->codecs && !o->chunk_key_encoding && !o->separator;
  bool chunks = o->chunk_shape && (k->plan.single || o->nchunk_shape == ndim);
  bool shards = o->shard_shape && (k->plan.single || o->nshard_shape == ndim);
  if (o->no_shards && zarrc_array_inner_chunk_shape(source, inner)) shards = true;
  if (same && !chunks && !shards) return ZARRC_OK;
  zarrc_status status = zarrc_array_check_readable(source, error);
  zarrc_error_prefix(error, "can only be copied with its own chunks, codecs and keys: ");
  zarrc_error_in_key(error, zarrc_array_store(source), zarrc_array_path(source));
  return status;
}

/* The most bytes that are held of one value. */
#define MAX_PIECE ((uint64_t)8 << 20)

static uint64_t piece_of(uint64_t memory, unsigned lanes) {
  uint64_t piece = memory / 4 / (lanes > 0 ? lanes : 1);
  return piece > MAX_PIECE ? MAX_PIECE : piece < 65536 ? 65536 : piece;
}

zarrc_status zarrc_copy_encoded_plan(zarrc_copier *k, zarrc_copy_item *a, zarrc_error *error) {
  if (!a->stored.known) {
    zarrc_fail(error, ZARRC_UNSUPPORTED, "its chunks cannot be listed");
    zarrc_error_in_key(error, zarrc_array_store(a->source), zarrc_array_path(a->source));
    return ZARRC_UNSUPPORTED;
  }
  a->cut.at_once = k->plan.threads;
  a->cut.region_nbytes = piece_of(k->options.memory, k->plan.threads);
  a->cut.memory = zarrc_times(a->cut.region_nbytes, k->plan.threads);
  a->cut.total_regions = a->to.nobjects;
  for (int i = 0; i < a->to.ndim; i++) {
    a->cut.m[i] = 1;
    a->cut.nregions[i] = a->to.object_grid[i];
  }
  return zarrc_copy_narrow(a, k->ctx, false, error);
}

void zarrc_copy_encoded_there(zarrc_copy_item *a) {
  zarrc_copy_objects *there = &a->there;
  size_t n = 0;
  for (size_t i = 0; i < there->n; i++) {
    const zarrc_copy_object *object = zarrc_copy_objects_find(&a->stored, there->items[i].number);
    if (object && object->nbytes == there->items[i].nbytes)
      there->items[n++] = there->items[i];
    else
      there->nfaulty++;
  }
  there->n = n;
}

zarrc_status zarrc_copy_encoded(const zarrc_copier *k, const zarrc_copy_item *a, const int64_t *chunk, bool stored,
                                bool *mended, uint64_t *nbytes, zarrc_copy_side *side, zarrc_error *error) {
  char from_key[2048], to_key[2048];
  const zarrc_copy_place from = {zarrc_array_store(a->source), from_key}, to = {zarrc_array_store(a->copy), to_key};
  *mended = false;
  *nbytes = 0;
  *side = ZARRC_COPY_TARGET;
  zarrc_status status = zarrc_array_chunk_key(a->source, chunk, from_key, sizeof from_key, error);
  if (!status) status = zarrc_array_chunk_key(a->copy, chunk, to_key, sizeof to_key, error);
  if (!status && stored && k->options.check) {
    status = zarrc_copy_compare(&from, &to, a->cut.region_nbytes, error);
    *mended = status == ZARRC_CORRUPT; /* it differs: copied again below */
    if (*mended) status = ZARRC_OK;
  }
  if (status || (stored && !*mended)) return status;
  status = zarrc_copy_value(&from, &to, a->cut.region_nbytes, nbytes, side, error);
  if (status || !k->options.check) return status;
  *side = ZARRC_COPY_TARGET;
  return zarrc_copy_compare(&from, &to, a->cut.region_nbytes, error);
}
