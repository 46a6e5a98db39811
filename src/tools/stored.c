/* SPDX-License-Identifier: MIT */
#include <zarrc/tools.h>

#include "base/documents.h"
#include "base/sized.h"
#include "tools/sums.h"

#include <string.h>

typedef struct counting {
  const zarrc_array *array;
  zarrc_stored found;
} counting;

/* Returns whether a key is that of a document of the array itself. */
static bool is_document(const zarrc_array *array, const char *key) {
  size_t n = strlen(zarrc_array_path(array));
  return zarrc_name_is_document(key + n + (n > 0));
}

static zarrc_status count_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  counting *k = arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_status status = zarrc_ctx_check_canceled(zarrc_array_store(k->array)->ctx, error);
  if (status || entry->is_prefix || is_document(k->array, entry->key)) return status;
  if (!zarrc_array_chunk_of(k->array, entry->key, chunk)) {
    k->found.nothers++;
    return ZARRC_OK;
  }
  k->found.nobjects++;
  if (entry->nbytes != ZARRC_UNKNOWN) k->found.nbytes = zarrc_plus(k->found.nbytes, entry->nbytes);
  return ZARRC_OK;
}

static zarrc_status count_temporary(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  counting *k = arg;
  zarrc_status status = zarrc_ctx_check_canceled(zarrc_array_store(k->array)->ctx, error);
  k->found.ntemporary++;
  if (entry->nbytes != ZARRC_UNKNOWN) k->found.temporary_nbytes = zarrc_plus(k->found.temporary_nbytes, entry->nbytes);
  return status;
}

zarrc_status zarrc_array_count_stored(const zarrc_array *array, zarrc_stored *out, zarrc_error *error) {
  zarrc_store *store = zarrc_array_store(array);
  const char *path = zarrc_array_path(array);
  counting k = {.array = array};
  zarrc_status status = zarrc_store_list(store, path, true, true, count_entry, &k, error);
  if (!status) status = zarrc_store_list_temporary(store, path, count_temporary, &k, error);
  return status ? status : zarrc_sized_give(out, &k.found, sizeof k.found, "stored counts", error);
}
