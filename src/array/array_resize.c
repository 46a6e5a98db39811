/* SPDX-License-Identifier: MIT */
/*
 * Changing an array's metadata. A resize first stores the new metadata and then erases the chunks outside. If the
 * process ends in between, no visible element is lost, but those chunks remain in the store.
 */
#include "array/array.h"

#include "array/consolidated.h"
#include "array/document.h"
#include "array/grid.h"
#include "array/node.h"
#include "base/checked.h"
#include "base/documents.h"

#include <inttypes.h>
#include <string.h>

/* Up to so many chunks are erased by coordinates whether they exist or not; for more, the store is listed. */
enum { ERASE_BLINDLY = 4096, BATCH = 65536 };

/* ----------------------------------------------------------------------------------------------------- metadata */

typedef struct change {
  zarrc_array *array;
  bool reshape; /* false: change the attributes */
  const int64_t *shape;
  const char *attributes;
  size_t nattributes;
  int64_t old_shape[ZARRC_MAX_NDIM];
} change;

static zarrc_status open_stored(void *arg, const zarrc_documents *documents, zarrc_edition **out, zarrc_error *error) {
  const change *c = arg;
  zarrc_metadata *m;
  zarrc_status status = zarrc_array_open_stored(c->array, documents, &m, error);
  if (!status) *out = &m->edition;
  return status;
}

static zarrc_status apply(void *arg, zarrc_edition *edition, zarrc_error *error) {
  change *c = arg;
  zarrc_metadata *m = (zarrc_metadata *)edition;
  if (!c->reshape) return zarrc_metadata_set_attributes(m, c->attributes, c->nattributes, error);
  memcpy(c->old_shape, m->shape, sizeof c->old_shape);
  return zarrc_metadata_set_shape(m, c->shape, error);
}

/* Format 2 has the attributes in a document of their own. */
static bool is_zattrs(const change *c) {
  return c->array->fixed->format == 2 && !c->reshape;
}

static const char *text_of(void *arg, const zarrc_edition *edition) {
  const zarrc_metadata *m = (const zarrc_metadata *)edition;
  return is_zattrs(arg) ? m->attributes : m->text;
}

static const zarrc_node_ops ops = {.open = open_stored, .change = apply, .text = text_of};

static zarrc_status store(change *c, zarrc_error *error) {
  zarrc_array *a = c->array;
  const char *main = zarrc_array_document_name(a);
  zarrc_status status = zarrc_consolidated_change_node(a->store, a->path, main, is_zattrs(c) ? ZARRC_ZATTRS : main,
                                                       &ops, c, &a->editions, error);
  if (status == ZARRC_NOT_FOUND && a->is_consolidated)
    zarrc_error_append(error, ": only consolidated metadata describe this array, which cannot be changed so");
  return status;
}

zarrc_status zarrc_array_set_attributes(zarrc_array *array, const char *json, size_t n, zarrc_error *error) {
  change c = {.array = array, .attributes = json, .nattributes = n};
  return store(&c, error);
}

/* ------------------------------------------------------------------------------------------------------- erasing */

/* The chunks of a grid that are outside of a smaller one, as disjoint boxes, one for each axis. */
typedef struct outside {
  zarrc_array *array;
  const zarrc_metadata *m;
  int64_t from[ZARRC_MAX_NDIM], to[ZARRC_MAX_NDIM]; /* numbers of chunks on each axis, before and after */
  int axis;                                         /* of the box that is being erased */
  zarrc_buf keys, offsets;                          /* keys to be erased */
  bool full;
} outside;

/* Gets a side of a box: indices below `to` on axes before its own, from `to` on on its own, all on axes after it. */
static void box_side(const outside *o, int box, int axis, int64_t *begin, int64_t *n) {
  int64_t kept = o->to[axis] < o->from[axis] ? o->to[axis] : o->from[axis];
  *begin = axis == box ? kept : 0;
  *n = axis < box ? kept : o->from[axis] - *begin;
}

/* Returns the number of chunks in a box; SIZE_MAX: too many to count. */
static size_t box_nchunks(const outside *o, int box) {
  size_t total = 1;
  bool counted = true;
  for (int i = 0; i < o->m->ndim; i++) {
    int64_t begin, n;
    box_side(o, box, i, &begin, &n);
    if (n == 0) return 0;
    if (counted) counted = (uint64_t)n <= SIZE_MAX && zarrc_mul_size(total, (size_t)n, &total);
  }
  return counted ? total : SIZE_MAX;
}

static zarrc_status erase_in_box(void *arg, size_t i, zarrc_error *error) {
  const outside *o = arg;
  int64_t chunk[ZARRC_MAX_NDIM];
  char key[ZARRC_MAX_KEY];
  for (int k = o->m->ndim - 1; k >= 0; k--) {
    int64_t begin, n;
    box_side(o, o->axis, k, &begin, &n);
    chunk[k] = begin + (int64_t)(i % (size_t)n);
    i /= (size_t)n;
  }
  zarrc_status status = zarrc_key_of_chunk(&o->m->keys, o->array->path, o->m->ndim, chunk, key, sizeof key, error);
  return status ? status : zarrc_store_erase(o->array->store, key, error);
}

static bool is_outside(const outside *o, const char *key) {
  int64_t chunk[ZARRC_MAX_NDIM];
  size_t n = strlen(o->array->path);
  if (n && (strncmp(key, o->array->path, n) != 0 || key[n] != '/')) return false;
  if (!zarrc_key_to_chunk(&o->m->keys, key + (n ? n + 1 : 0), o->m->ndim, chunk)) return false;
  for (int i = 0; i < o->m->ndim; i++)
    if (chunk[i] >= o->to[i]) return true;
  return false;
}

static zarrc_status collect(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  outside *o = arg;
  if (entry->is_prefix || !is_outside(o, entry->key)) return ZARRC_OK;
  if (o->offsets.len == BATCH * sizeof o->keys.len) {
    o->full = true;
    return zarrc_fail(error, ZARRC_LIMIT, "more than %d chunks to erase", BATCH);
  }
  zarrc_status status = zarrc_buf_append(&o->offsets, &o->keys.len, sizeof o->keys.len, error);
  return status ? status : zarrc_buf_append(&o->keys, entry->key, strlen(entry->key) + 1, error);
}

static zarrc_status erase_listed(void *arg, size_t i, zarrc_error *error) {
  const outside *o = arg;
  size_t offset;
  memcpy(&offset, o->offsets.ptr + i * sizeof offset, sizeof offset);
  return zarrc_store_erase(o->array->store, (const char *)o->keys.ptr + offset, error);
}

/* Lists the chunks outside and erases them, some at a time. */
static zarrc_status erase_by_list(outside *o, zarrc_error *error) {
  zarrc_status status;
  do {
    o->full = false;
    o->keys.len = o->offsets.len = 0;
    status = zarrc_store_list(o->array->store, o->array->path, true, false, collect, o, error);
    if (o->full) status = ZARRC_OK;
    if (!status) status = zarrc_for_each(o->array->ctx, o->offsets.len / sizeof o->keys.len, erase_listed, o, error);
  } while (!status && o->full);
  return status;
}

static zarrc_status erase_outside(outside *o, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  size_t total = 0;
  for (int i = 0; i < o->m->ndim; i++)
    if (!zarrc_add_size(total, box_nchunks(o, i), &total)) total = SIZE_MAX;
  if (total > ERASE_BLINDLY) return erase_by_list(o, error);
  for (o->axis = 0; o->axis < o->m->ndim && !status; o->axis++)
    status = zarrc_for_each(o->array->ctx, box_nchunks(o, o->axis), erase_in_box, o, error);
  return status;
}

zarrc_status zarrc_array_resize(zarrc_array *array, const int64_t *shape, zarrc_error *error) {
  change c = {.array = array, .reshape = true, .shape = shape};
  outside o = {.array = array};
  int64_t newest[ZARRC_MAX_NDIM];
  zarrc_status status;
  for (int i = 0; i < array->fixed->ndim; i++)
    if (shape[i] < 0) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: a length of %" PRId64, i, shape[i]);
  status = store(&c, error);
  if (status) return status;
  o.m = (const zarrc_metadata *)zarrc_editions_enter(&array->editions);
  o.keys = zarrc_buf_new(array->ctx, (size_t)BATCH * ZARRC_MAX_KEY);
  o.offsets = zarrc_buf_new(array->ctx, BATCH * sizeof(size_t));
  zarrc_grid_shape(&o.m->grid, c.old_shape, o.from);
  zarrc_grid_shape(&o.m->grid, shape, o.to);
  zarrc_grid_shape(&o.m->grid, o.m->shape, newest); /* differs if somebody else has resized since */
  for (int i = 0; i < o.m->ndim; i++)
    if (newest[i] > o.to[i]) o.to[i] = newest[i];
  status = erase_outside(&o, error);
  zarrc_buf_clear(&o.keys);
  zarrc_buf_clear(&o.offsets);
  zarrc_editions_leave(&array->editions);
  return status;
}
