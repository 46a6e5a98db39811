/* SPDX-License-Identifier: MIT */
/* Lists the stored objects of an array. */
#include "tools/copy.h"
#include "tools/sizes.h"

#include <stdlib.h>
#include <zarrc/plugin/store.h>

typedef struct counting {
  zarrc_array *array;
  const zarrc_chunk_layout *layout;
  uint64_t least, most; /* sizes that a whole object can have */
  bool whole;
  zarrc_copy_objects *out;
  size_t cap;
} counting;

static int by_number(const void *a, const void *b) {
  uint64_t x = ((const zarrc_copy_object *)a)->number, y = ((const zarrc_copy_object *)b)->number;
  return x < y ? -1 : x > y;
}

static zarrc_status add(counting *k, zarrc_copy_object object, zarrc_error *error) {
  zarrc_copy_objects *o = k->out;
  if (o->n == k->cap) {
    size_t cap = k->cap * 2 + 64;
    zarrc_copy_object *items =
        cap < SIZE_MAX / sizeof *items ? zarrc_realloc(o->ctx, o->items, cap * sizeof *items) : NULL;
    if (!items) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %zu objects", cap);
    o->items = items;
    k->cap = cap;
  }
  o->items[o->n++] = object;
  o->nbytes = zarrc_plus(o->nbytes, object.nbytes);
  return ZARRC_OK;
}

static uint64_t number_of(const zarrc_chunk_layout *l, const int64_t *chunk) {
  uint64_t number = 0;
  for (int i = 0; i < l->ndim; i++) number = number * (uint64_t)l->object_grid[i] + (uint64_t)chunk[i];
  return number;
}

/* Returns whether something of a value can be read. */
static bool is_readable(zarrc_store *store, const char *key) {
  zarrc_key_blob blob = {0};
  zarrc_range first = {.nbytes = 1};
  bool readable = !zarrc_key_blob_open(&blob, store, key, NULL) && !zarrc_blob_read(blob.blob, &first, 1, NULL);
  zarrc_key_blob_close(&blob);
  return readable;
}

/* Returns whether an object has a size that a whole one can have. Of those of unknown size, such as links that lead
 * nowhere, the first byte is read. */
static bool can_be_whole(const counting *k, const zarrc_entry *entry) {
  if (entry->nbytes == ZARRC_UNKNOWN) return is_readable(zarrc_array_store(k->array), entry->key);
  return entry->nbytes >= k->least && entry->nbytes <= k->most;
}

static zarrc_status count_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  counting *k = arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_status status = zarrc_ctx_check_canceled(k->out->ctx, error);
  if (status || entry->is_prefix || !zarrc_array_chunk_of(k->array, entry->key, chunk)) return status;
  zarrc_copy_object object = {.number = number_of(k->layout, chunk), .nbytes = entry->nbytes};
  if (k->whole && !can_be_whole(k, entry)) {
    k->out->nfaulty++;
    return ZARRC_OK;
  }
  if (object.nbytes == ZARRC_UNKNOWN) object.nbytes = 0;
  return add(k, object, error);
}

/* Sets which sizes an object can have that a copy has written. */
static void set_sizes(counting *k) {
  const zarrc_chunk_layout *l = k->layout;
  const zarrc_pipeline *pipeline = NULL;
  int64_t first[ZARRC_MAX_NDIM] = {0};
  k->least = 1;
  k->most = UINT64_MAX;
  if (!l->regular || l->nobjects == 0 || zarrc_array_pipeline(k->array, first, &pipeline, NULL)) return;
  uint64_t nbytes = l->object_nbytes == UINT64_MAX ? 0 : l->object_nbytes; /* 0: their length varies, or is not known */
  zarrc_encoded_sizes(pipeline, nbytes, ZARRC_SIZE_AT_MOST, &k->least, &k->most);
  if (k->least == 0) k->least = 1;
}

zarrc_status zarrc_copy_objects_read(zarrc_array *array, const zarrc_chunk_layout *layout, bool whole,
                                     zarrc_copy_objects *out, zarrc_error *error) {
  zarrc_store *store = zarrc_array_store(array);
  counting k = {.array = array, .layout = layout, .whole = whole, .out = out};
  *out = (zarrc_copy_objects){.ctx = store->ctx};
  if (layout->nobjects == UINT64_MAX) return ZARRC_OK;
  out->known = true;
  if (whole) set_sizes(&k);
  zarrc_status status = zarrc_store_list(store, zarrc_array_path(array), true, true, count_entry, &k, error);
  if (status == ZARRC_UNSUPPORTED) {
    out->known = false;
    return ZARRC_OK;
  }
  if (!status && out->n > 1) qsort(out->items, out->n, sizeof *out->items, by_number);
  return status;
}

void zarrc_copy_objects_clear(zarrc_copy_objects *objects) {
  if (objects->ctx) zarrc_free(objects->ctx, objects->items);
  *objects = (zarrc_copy_objects){0};
}

const zarrc_copy_object *zarrc_copy_objects_find(const zarrc_copy_objects *objects, uint64_t number) {
  zarrc_copy_object object = {.number = number};
  return objects->n > 0 ? bsearch(&object, objects->items, objects->n, sizeof object, by_number) : NULL;
}
