/* SPDX-License-Identifier: MIT */
/* Lists the stored objects of an array. */
#include "tools/copy.h"

#include <stdlib.h>

typedef struct counting {
  const zarrc_array *array;
  const zarrc_chunk_layout *layout;
  uint64_t exact; /* size of every object; 0: sizes differ */
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

static zarrc_status count_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  counting *k = arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  zarrc_status status = zarrc_ctx_check_canceled(k->out->ctx, error);
  if (status || entry->is_prefix || !zarrc_array_chunk_of(k->array, entry->key, chunk)) return status;
  zarrc_copy_object object = {.number = number_of(k->layout, chunk), .nbytes = entry->nbytes};
  bool known = object.nbytes != ZARRC_UNKNOWN;
  if (known && k->whole && (object.nbytes == 0 || (k->exact > 0 && object.nbytes != k->exact))) {
    k->out->nfaulty++;
    return ZARRC_OK;
  }
  if (!known) object.nbytes = 0;
  return add(k, object, error);
}

/* Returns the encoded size of a chunk if the codecs give all chunks the same; otherwise 0. */
static uint64_t exact_size(zarrc_array *array, const zarrc_chunk_layout *l) {
  const zarrc_pipeline *pipeline = NULL;
  int64_t first[ZARRC_MAX_NDIM] = {0};
  if (!l->regular || l->object_nbytes == 0 || l->object_nbytes == UINT64_MAX) return 0;
  if (zarrc_array_pipeline(array, first, &pipeline, NULL)) return 0;
  zarrc_size size = zarrc_pipeline_encoded_size(pipeline, l->object_nbytes);
  return size.kind == ZARRC_SIZE_EXACT ? size.nbytes : 0;
}

zarrc_status zarrc_copy_objects_read(zarrc_array *array, const zarrc_chunk_layout *layout, bool whole,
                                     zarrc_copy_objects *out, zarrc_error *error) {
  zarrc_store *store = zarrc_array_store(array);
  counting k = {.array = array, .layout = layout, .whole = whole, .out = out};
  *out = (zarrc_copy_objects){.ctx = store->ctx};
  if (layout->nobjects == UINT64_MAX) return ZARRC_OK;
  out->known = true;
  if (whole) k.exact = exact_size(array, layout);
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
