/* SPDX-License-Identifier: MIT */
/* Which objects of an array are stored. */
#include "copy.h"
#include "signals.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef struct counting {
  const zarrc_array *array;
  const cli_layout *layout;
  uint64_t exact; /* bytes that every object has; 0: they differ */
  bool whole;
  cli_copy_stored *out;
  size_t cap;
} counting;

static int by_number(const void *a, const void *b) {
  uint64_t x = ((const cli_copy_object *)a)->number, y = ((const cli_copy_object *)b)->number;
  return x < y ? -1 : x > y;
}

static zarrc_status add(counting *k, cli_copy_object object, zarrc_error *error) {
  cli_copy_stored *s = k->out;
  if (s->n == k->cap) {
    size_t cap = k->cap * 2 + 64;
    cli_copy_object *items = realloc(s->items, cap * sizeof *items);
    if (items == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a list of %zu objects", cap);
    s->items = items;
    k->cap = cap;
  }
  s->items[s->n++] = object;
  s->nbytes += object.nbytes;
  return ZARRC_OK;
}

/* The number of a chunk of the grid; false: it lies outside. */
static bool number_of(const cli_layout *l, const int64_t *chunk, uint64_t *out) {
  *out = 0;
  for (int i = 0; i < l->ndim; i++) {
    if (chunk[i] >= l->object_grid[i]) return false;
    *out = *out * (uint64_t)l->object_grid[i] + (uint64_t)chunk[i];
  }
  return true;
}

static zarrc_status count_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  counting *k = arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  cli_copy_object object = {.nbytes = entry->nbytes};
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  if (entry->is_prefix || !cli_chunk_of(k->array, entry->key, chunk) || !number_of(k->layout, chunk, &object.number))
    return ZARRC_OK;
  bool known = object.nbytes != ZARRC_UNKNOWN;
  if (known && k->whole && (object.nbytes == 0 || (k->exact > 0 && object.nbytes != k->exact))) {
    k->out->nfaulty++;
    return ZARRC_OK;
  }
  if (!known) object.nbytes = 0;
  return add(k, object, error);
}

/* Bytes that the codecs make of every chunk, where that depends on nothing; else 0. */
static uint64_t exact_size(zarrc_array *array, const cli_layout *l) {
  const zarrc_pipeline *pipeline = NULL;
  int64_t first[ZARRC_MAX_NDIM] = {0};
  if (!l->regular || l->object_bytes == 0 || l->object_bytes == UINT64_MAX) return 0;
  if (zarrc_array_pipeline(array, first, &pipeline, NULL) != ZARRC_OK) return 0;
  zarrc_size size = zarrc_pipeline_encoded_size(pipeline, l->object_bytes);
  return size.kind == ZARRC_SIZE_EXACT ? size.nbytes : 0;
}

zarrc_status cli_copy_stored_read(zarrc_array *array, const cli_layout *layout, bool whole, cli_copy_stored *out,
                                  zarrc_error *error) {
  counting k = {.array = array, .layout = layout, .whole = whole, .out = out};
  *out = (cli_copy_stored){0};
  if (layout->nobjects == UINT64_MAX) return ZARRC_OK;
  out->known = true;
  if (whole) k.exact = exact_size(array, layout);
  zarrc_status status =
      zarrc_store_list(zarrc_array_store(array), zarrc_array_path(array), true, true, count_entry, &k, error);
  if (status == ZARRC_UNSUPPORTED) {
    out->known = false;
    return ZARRC_OK;
  }
  if (status != ZARRC_OK) return status;
  if (out->n > 1) qsort(out->items, out->n, sizeof *out->items, by_number);
  return ZARRC_OK;
}

void cli_copy_stored_clear(cli_copy_stored *stored) {
  free(stored->items);
  *stored = (cli_copy_stored){0};
}

const cli_copy_object *cli_copy_stored_find(const cli_copy_stored *stored, uint64_t number) {
  cli_copy_object object = {.number = number};
  return stored->n > 0 ? bsearch(&object, stored->items, stored->n, sizeof object, by_number) : NULL;
}
