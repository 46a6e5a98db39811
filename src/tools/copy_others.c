/* SPDX-License-Identifier: MIT */
/* Copies files of the source that do not belong to Zarr. */
#include "tools/copy.h"

#include "base/text.h"

#include <string.h>

/* The most bytes that are held of a file, within options.memory, which is at least 1 MiB. */
#define PIECE ((uint64_t)1 << 18)

/* Returns the array at a node; NULL: it is a group. */
static const zarrc_copy_item *item_at(const zarrc_copier *k, size_t node) {
  size_t low = 0, high = k->plan.nitems;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (k->plan.items[middle].node < node)
      low = middle + 1;
    else
      high = middle;
  }
  return low < k->plan.nitems && k->plan.items[low].node == node ? &k->plan.items[low] : NULL;
}

/* Returns whether a file is a chunk of an array that is copied. Where only consolidated metadata tell of an array, its
 * chunks look like files of nobody. */
static bool is_chunk(const zarrc_copier *k, const char *key) {
  int64_t chunk[ZARRC_MAX_NDIM];
  for (size_t n = strlen(key); n > 0;) {
    while (n > 0 && key[n - 1] != '/') n--;
    if (n > 0) n--;
    size_t node = zarrc_tree_find(k->plan.tree, key, n);
    const zarrc_copy_item *a = node == SIZE_MAX ? NULL : item_at(k, node);
    if (a) return zarrc_array_chunk_of(a->source, key, chunk);
    if (node != SIZE_MAX) return false;
  }
  return false;
}

static zarrc_status tell(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  zarrc_copier *k = arg;
  if (is_chunk(k, entry->key)) return ZARRC_OK;
  k->plan.nothers++;
  return zarrc_copy_tell(k, (zarrc_copy_event){.kind = ZARRC_COPY_OTHER_FILE, .path = zarrc_copy_below(k, entry->key)},
                         error);
}

static zarrc_status tell_unlisted(void *arg, const char *path, zarrc_error *error) {
  zarrc_copier *k = arg;
  const char *below = zarrc_copy_below(k, path);
  zarrc_status status = ZARRC_OK;
  if (!k->plan.first_unlisted) status = zarrc_text_copy(k->ctx, below, strlen(below), &k->plan.first_unlisted, error);
  if (status) return status;
  k->plan.nunlisted++;
  return zarrc_copy_tell(k, (zarrc_copy_event){.kind = ZARRC_COPY_UNLISTED, .path = below}, error);
}

zarrc_status zarrc_copy_find_others(zarrc_copier *k, zarrc_error *error) {
  zarrc_survey found;
  k->plan.nothers = k->plan.nunlisted = 0;
  zarrc_status status = zarrc_node_survey(k->source.store, k->source.path, &found, tell, k, error);
  if (status == ZARRC_UNSUPPORTED) return ZARRC_OK;
  if (!status) status = zarrc_tree_each_unlisted(k->plan.tree, tell_unlisted, k, error);
  uint64_t nnodes = zarrc_tree_nnodes(k->plan.tree); /* there may be documents below an array, too */
  if (!status && found.nnodes > nnodes + k->plan.nunlisted) k->plan.nunlisted = found.nnodes - nnodes;
  return zarrc_copy_about(k, ZARRC_COPY_SOURCE, status);
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
