/* SPDX-License-Identifier: MIT */
#include "array/transfer.h"

#include "array/grid.h"
#include "array/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

static zarrc_status check_view(const zarrc_transfer *t, int ndim, const int64_t *shape, const char *what,
                               zarrc_error *error) {
  const zarrc_view *view = t->view;
  if (!view) return ZARRC_OK;
  if (view->ndim != ndim)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "memory of %d dimensions, the %s has %d", view->ndim, what, ndim);
  for (int i = 0; i < ndim; i++)
    if (view->shape[i] != shape[i])
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: memory for %" PRId64 " elements, the %s has %" PRId64,
                        i, view->shape[i], what, shape[i]);
  if (!zarrc_dtype_equal(&view->dtype, &t->m->dtype))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the memory has another data type than the array");
  if (!t->write && !view->arena && zarrc_dtype_is_variable(&t->m->dtype))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "reading elements of variable length needs an arena for them");
  return ZARRC_OK;
}

zarrc_status zarrc_transfer_begin(const zarrc_transfer *t, int ndim, const int64_t *shape, const char *what,
                                  zarrc_error *error) {
  zarrc_status status = zarrc_array_check_readable(t->array, error);
  if (status) return status;
  if (t->write && t->array->store->read_only)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only");
  status = check_view(t, ndim, shape, what, error);
  return status || !t->write || zarrc_array_is_fresh(t->array) ? status : zarrc_array_check_current(t->array, error);
}

/* Returns whether a failure may be due to a chunk of another array. (There may even be a directory in its place.) */
static bool is_doubtful(zarrc_status status) {
  switch (status) {
  case ZARRC_CORRUPT:
  case ZARRC_TRUNCATED:
  case ZARRC_CHECKSUM:
  case ZARRC_SIZE_MISMATCH:
  case ZARRC_LIMIT:
  case ZARRC_NOT_FOUND:
  case ZARRC_IO:
    return true;
  default:
    return false;
  }
}

zarrc_status zarrc_transfer_end(const zarrc_transfer *t, zarrc_status status, zarrc_error *error) {
  zarrc_error why;
  if (status ? !is_doubtful(status) : !t->write && !atomic_load(t->missing)) return status;
  zarrc_status found = zarrc_array_check_current(t->array, &why);
  if (!found || (status && found != ZARRC_CONFLICT && found != ZARRC_NOT_FOUND)) return status;
  if (error) *error = why;
  return found;
}

/* Adds the chunk and its key to an error. */
static void blame_chunk(const zarrc_array *array, const int64_t *chunk, const char *key, zarrc_error *error) {
  if (!error) return;
  zarrc_chunk_text(array->fixed->ndim, chunk, error->chunk, sizeof error->chunk);
  zarrc_error_in_key(error, array->store, key);
}

zarrc_status zarrc_transfer_visit(const zarrc_transfer *t, zarrc_store *from, const int64_t *chunk, zarrc_visit_fn fn,
                                  void *arg, zarrc_error *error) {
  const zarrc_metadata *m = t->m;
  zarrc_array *array = t->array;
  zarrc_visit visit = {.transfer = t, .chunk = chunk, .pipeline = array->fixed->pipeline};
  zarrc_pipeline *own = NULL;
  zarrc_key_blob blob;
  char key[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_key_of_chunk(&m->keys, array->path, m->ndim, chunk, key, sizeof key, error);
  if (status) return status;
  zarrc_grid_chunk_shape(&m->grid, chunk, visit.shape);
  if (m->grid.axes) status = zarrc_array_shape_pipeline(array, visit.shape, &visit.pipeline, &own, error);
  if (!status) {
    status = zarrc_key_blob_open(&blob, from, key, error);
    if (!status) {
      visit.blob = blob.blob;
      status = fn(arg, &visit, error);
      zarrc_key_blob_close(&blob);
    }
  }
  if (!status && visit.missing) atomic_store(t->missing, true);
  if (!status && visit.missing && array->options.missing_is_error)
    status = zarrc_fail(error, ZARRC_NOT_FOUND, "the chunk is missing");
  zarrc_pipeline_close(own);
  if (status) blame_chunk(array, chunk, key, error);
  return status;
}

zarrc_status zarrc_visit_select(zarrc_visit *visit, const zarrc_selection *selection, const zarrc_view *view,
                                zarrc_error *error) {
  if (visit->transfer->write) return zarrc_write_selection(visit->pipeline, visit->blob, selection, view, false, error);
  return zarrc_read_selection(visit->pipeline, visit->blob, selection, view, &visit->missing, error);
}
