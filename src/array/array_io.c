/* SPDX-License-Identifier: MIT */
/* Reading and writing regions. The i-th chunk of a region, its key, its part and its piece of the caller's memory are
 * computed from i, inside for_each. */
#include "array/array.h"

#include "array/grid.h"
#include "array/node.h"
#include "array/selection.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct job {
  zarrc_array *array;
  const zarrc_metadata *m;
  zarrc_selection selection;
  const zarrc_view *view;
  bool write;
} job;

/* Adds where it happened: the chunk, an inner one behind it, and the key. */
static void blame_chunk(zarrc_error *error, const job *j, const int64_t *chunk, const char *key) {
  char text[sizeof error->chunk], inner[sizeof error->chunk];
  if (!error) return;
  zarrc_chunk_text(j->m->ndim, chunk, text, sizeof text);
  memcpy(inner, error->chunk, sizeof inner);
  inner[sizeof inner - 1] = 0;
  if (snprintf(error->chunk, sizeof error->chunk, "%s%s%s", text, *inner ? "/" : "", inner) < 0) error->chunk[0] = 0;
  zarrc_node_blame(error, key);
}

static zarrc_status transfer(const job *j, const zarrc_selected *s, const char *key, zarrc_error *error) {
  zarrc_view view = zarrc_view_part(j->view, &s->view);
  int64_t shape[ZARRC_MAX_NDIM];
  const zarrc_pipeline *pipeline = j->array->fixed->pipeline;
  zarrc_pipeline *own = NULL;
  zarrc_key_blob blob;
  bool missing = false;
  zarrc_status status = zarrc_key_blob_init(&blob, j->array->store, key, error);
  if (status) return status;
  if (j->m->grid.axes) {
    zarrc_grid_chunk_shape(&j->m->grid, s->chunk, shape);
    status = zarrc_array_shape_pipeline(j->array, shape, &pipeline, &own, error);
  }
  if (!status)
    status = j->write ? zarrc_write(pipeline, &blob.blob, &s->part, &view, s->complete, error)
                      : zarrc_read(pipeline, &blob.blob, &s->part, &view, &missing, error);
  if (!status && missing && j->array->options.missing_is_error)
    status = zarrc_fail(error, ZARRC_NOT_FOUND, "the chunk is missing");
  zarrc_pipeline_close(own);
  zarrc_key_blob_clear(&blob);
  return status;
}

static zarrc_status do_chunk(void *arg, size_t i, zarrc_error *error) {
  const job *j = arg;
  zarrc_selected s;
  char key[ZARRC_MAX_KEY];
  zarrc_selection_at(&j->selection, i, &s);
  zarrc_status status = zarrc_key_of_chunk(&j->m->keys, j->array->path, j->m->ndim, s.chunk, key, sizeof key, error);
  if (!status) {
    status = transfer(j, &s, key, error);
    if (status) blame_chunk(error, j, s.chunk, key);
  }
  return status;
}

static zarrc_status check(const job *j, const zarrc_region *region, zarrc_error *error) {
  const zarrc_metadata *m = j->m;
  const zarrc_view *view = j->view;
  zarrc_status status = zarrc_region_check(region, m->ndim, m->shape, error);
  if (status) return status;
  if (view->ndim != m->ndim)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "memory of %d dimensions for an array of %d", view->ndim, m->ndim);
  for (int i = 0; i < m->ndim; i++)
    if (view->shape[i] != region->count[i])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                        "axis %d: memory for %" PRId64 " elements, the region has %" PRId64, i, view->shape[i],
                        region->count[i]);
  if (!zarrc_dtype_equal(&view->dtype, &m->dtype))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the memory has another data type than the array");
  if (!j->write && !view->arena && zarrc_dtype_is_variable(&m->dtype))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "reading elements of variable length needs an arena for them");
  if (j->write && (j->array->store->read_only || !j->array->store->ops->replace))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only");
  return ZARRC_OK;
}

static zarrc_status run(zarrc_array *array, const zarrc_region *region, const zarrc_view *view, bool write,
                        zarrc_error *error) {
  job j = {.array = array, .view = view, .write = write};
  zarrc_region all;
  zarrc_status status;
  j.m = (const zarrc_metadata *)zarrc_latest_enter(&array->latest);
  if (!region) {
    all = zarrc_region_all(j.m->ndim, j.m->shape);
    region = &all;
  }
  status = check(&j, region, error);
  if (!status) status = zarrc_selection_open(array->ctx, &j.m->grid, j.m->shape, region, &j.selection, error);
  if (!status) status = zarrc_for_each(array->ctx, j.selection.nchunks, do_chunk, &j, error);
  zarrc_selection_close(&j.selection);
  zarrc_latest_leave(&array->latest);
  return status;
}

zarrc_status zarrc_array_read(zarrc_array *array, const zarrc_region *region, const zarrc_view *to,
                              zarrc_error *error) {
  return run(array, region, to, false, error);
}

zarrc_status zarrc_array_write(zarrc_array *array, const zarrc_region *region, const zarrc_view *from,
                               zarrc_error *error) {
  return run(array, region, from, true, error);
}

zarrc_status zarrc_array_erase_chunk(zarrc_array *array, const int64_t *chunk, zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_array_chunk_key(array, chunk, key, sizeof key, error);
  return status ? status : zarrc_store_erase(array->store, key, error);
}
