/* SPDX-License-Identifier: MIT */
/* Copies files of the source that do not belong to Zarr. */
#include "tools/copy.h"

/* The most bytes that are held of a file, within options.memory, which is at least 1 MiB. */
#define PIECE ((uint64_t)1 << 18)

/* Returns whether a file is a chunk of an array that is copied. Where only consolidated metadata tell of an array, its
 * chunks look like files of nobody. */
static bool is_chunk(const zarrc_copier *k, const char *key) {
  int64_t chunk[ZARRC_MAX_NDIM];
  for (size_t i = 0; i < k->plan.nitems; i++)
    if (zarrc_array_chunk_of(k->plan.items[i].source, key, chunk)) return true;
  return false;
}

static zarrc_status tell(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  zarrc_copier *k = arg;
  if (is_chunk(k, entry->key)) return ZARRC_OK;
  k->plan.nothers++;
  return zarrc_copy_tell(k, (zarrc_copy_event){.kind = ZARRC_COPY_OTHER_FILE, .path = zarrc_copy_below(k, entry->key)},
                         error);
}

zarrc_status zarrc_copy_find_others(zarrc_copier *k, zarrc_error *error) {
  zarrc_survey found;
  size_t nnodes = zarrc_tree_nnodes(k->plan.tree);
  k->plan.nothers = 0;
  zarrc_status status = zarrc_node_survey(k->source.store, k->source.path, &found, tell, k, error);
  if (!status && found.nnodes > nnodes) k->plan.nunlisted = found.nnodes - nnodes;
  return status == ZARRC_UNSUPPORTED ? ZARRC_OK : zarrc_copy_about(k, ZARRC_COPY_SOURCE, status);
}

static zarrc_status copy_file(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  zarrc_copier *k = arg;
  if (is_chunk(k, entry->key)) return ZARRC_OK;
  char *target = NULL;
  uint64_t nbytes;
  zarrc_copy_side side;
  zarrc_status status = zarrc_copy_join(k, zarrc_copy_below(k, entry->key), &target, error);
  if (status) return status;
  const zarrc_copy_place from = {k->source.store, entry->key}, to = {zarrc_copy_store(k), target};
  status = zarrc_copy_value(&from, &to, PIECE, &nbytes, &side, error);
  zarrc_free(k->ctx, target);
  return zarrc_copy_about(k, side, status);
}

zarrc_status zarrc_copy_others(zarrc_copier *k, zarrc_error *error) {
  zarrc_survey again;
  if (k->plan.nothers == 0 || !k->options.other_files) return ZARRC_OK;
  return zarrc_node_survey(k->source.store, k->source.path, &again, copy_file, k, error);
}
