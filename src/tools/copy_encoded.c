/* SPDX-License-Identifier: MIT */
/* Copies stored objects unchanged: of arrays whose elements cannot be read, or would change if they were encoded again.
 */
#include "tools/copy.h"

#include <string.h>
#include <zarrc/plugin/codec.h>
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

static bool is_lossy(const zarrc_pipeline *pipeline) {
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(pipeline); i++) {
    const zarrc_codec *codec = zarrc_pipeline_codec(pipeline, i);
    const zarrc_pipeline *inner = zarrc_shard_inner(codec);
    if (zarrc_codec_get_class(codec)->lossy || (inner && is_lossy(inner))) return true;
  }
  return false;
}

static bool have_same_objects(const zarrc_copy_item *a) {
  if (a->from.regular != a->to.regular) return false;
  for (int i = 0; i < a->from.ndim; i++) {
    if (a->from.object_shape[i] != a->to.object_shape[i]) return false;
    for (int64_t chunk = 0; !a->from.regular && chunk < a->from.object_grid[i]; chunk++)
      if (zarrc_grid_edge(zarrc_array_grid(a->source), i, chunk) !=
          zarrc_grid_edge(zarrc_array_grid(a->model), i, chunk))
        return false;
  }
  return true;
}

bool zarrc_copy_keeps_chunks(const zarrc_copy_item *a) {
  const zarrc_pipeline *pipeline = NULL;
  int64_t first[ZARRC_MAX_NDIM] = {0};
  if (a->from.nobjects == 0 || zarrc_array_pipeline(a->source, first, &pipeline, NULL) || !is_lossy(pipeline))
    return false;
  return !strcmp(zarrc_array_codecs(a->source), zarrc_array_codecs(a->model)) &&
         !strcmp(zarrc_array_data_type(a->source), zarrc_array_data_type(a->model)) && have_same_objects(a);
}

zarrc_status zarrc_copy_encoded_check_listed(const zarrc_copy_item *a, zarrc_error *error) {
  if (a->stored.known) return ZARRC_OK;
  zarrc_fail(error, ZARRC_UNSUPPORTED, "its chunks cannot be listed");
  zarrc_error_in_key(error, zarrc_array_store(a->source), zarrc_array_path(a->source));
  return ZARRC_UNSUPPORTED;
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
    status = zarrc_copy_compare(&from, &to, a->cut.piece, error);
    *mended = status == ZARRC_CORRUPT; /* it differs: copied again below */
    if (*mended) status = ZARRC_OK;
  }
  if (status || (stored && !*mended)) return status;
  status = zarrc_copy_value(&from, &to, a->cut.piece, nbytes, side, error);
  if (status || !k->options.check) return status;
  *side = ZARRC_COPY_TARGET;
  return zarrc_copy_compare(&from, &to, a->cut.piece, error);
}
