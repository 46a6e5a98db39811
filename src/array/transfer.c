/* SPDX-License-Identifier: MIT */
#include "array/transfer.h"

#include "array/grid.h"
#include "array/node.h"
#include "base/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

zarrc_status zarrc_transfer_check(const zarrc_transfer *t, int ndim, const int64_t *shape, const char *what,
                                  zarrc_error *error) {
  const zarrc_view *view = t->view;
  zarrc_status status = zarrc_array_check_readable(t->array, error);
  if (status) return status;
  if (t->write && (t->array->store->read_only || !t->array->store->ops->replace))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only");
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

/* Adds where it happened: the chunk, an inner one behind it, and the key. */
static void blame_chunk(zarrc_error *error, int ndim, const int64_t *chunk, const char *key) {
  char text[sizeof error->chunk], inner[sizeof error->chunk];
  if (!error) return;
  zarrc_chunk_text(ndim, chunk, text, sizeof text);
  memcpy(inner, error->chunk, sizeof inner);
  inner[sizeof inner - 1] = 0;
  if (snprintf(error->chunk, sizeof error->chunk, "%s%s%s", text, *inner ? "/" : "", inner) < 0) error->chunk[0] = 0;
  zarrc_node_blame(error, key);
}

zarrc_status zarrc_transfer_visit(const zarrc_transfer *t, const int64_t *chunk, zarrc_visit_fn fn, void *arg,
                                  zarrc_error *error) {
  const zarrc_metadata *m = t->m;
  zarrc_array *array = t->array;
  zarrc_visit visit = {.transfer = t, .chunk = chunk, .pipeline = array->fixed->pipeline};
  zarrc_pipeline *own = NULL;
  zarrc_key_blob blob;
  char key[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_key_of_chunk(&m->keys, array->path, m->ndim, chunk, key, sizeof key, error);
  if (status) return status;
  atomic_init(&visit.missing, false);
  zarrc_grid_chunk_shape(&m->grid, chunk, visit.shape);
  if (m->grid.axes) status = zarrc_array_shape_pipeline(array, visit.shape, &visit.pipeline, &own, error);
  if (!status) {
    status = zarrc_key_blob_init(&blob, array->store, key, error);
    if (!status) {
      visit.blob = &blob.blob;
      status = fn(arg, &visit, error);
      zarrc_key_blob_clear(&blob);
    }
  }
  if (!status && atomic_load(&visit.missing) && array->options.missing_is_error)
    status = zarrc_fail(error, ZARRC_NOT_FOUND, "the chunk is missing");
  zarrc_pipeline_close(own);
  if (status) blame_chunk(error, m->ndim, chunk, key);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- boxes */

/* Whether a part of a chunk is read without decoding all of it, whatever part. */
static bool reads_parts(const zarrc_pipeline *p) {
  size_t last = zarrc_pipeline_ncodecs(p) - 1;
  for (size_t i = 0; i < last; i++) {
    const zarrc_codec_class *c = zarrc_codec_get_class(zarrc_pipeline_codec(p, i));
    if (c->kind != ZARRC_ARRAY_TO_ARRAY || !c->u.aa.map) return false;
  }
  return zarrc_codec_supports_partial_decode(zarrc_pipeline_codec(p, last)) &&
         !zarrc_dtype_is_variable(&zarrc_pipeline_spec(p)->dtype);
}

zarrc_boxing zarrc_visit_boxing(const zarrc_visit *visit) {
  const zarrc_metadata *m = visit->transfer->array->fixed;
  const zarrc_chunk_options *options = &zarrc_pipeline_spec(visit->pipeline)->options;
  bool remote = visit->blob->ops->remote;
  zarrc_boxing b = {.cells = m->nlevels > 0,
                    .gap = remote ? (uint64_t)1 << 20 : (uint64_t)64 << 10,
                    .max = remote ? (uint64_t)16 << 20 : (uint64_t)1 << 20};
  for (int i = 0; b.cells && i < m->ndim; i++) b.cell[i] = m->level_shape[m->nlevels - 1][i];
  b.whole = !b.cells && !reads_parts(visit->pipeline);
  if (options->coalesce_gap) b.gap = options->coalesce_gap;
  if (options->coalesce_max) b.max = options->coalesce_max;
  return b;
}

zarrc_status zarrc_visit_read(zarrc_visit *visit, const zarrc_region *region, const zarrc_view *to,
                              zarrc_error *error) {
  bool missing = false;
  zarrc_status status = zarrc_read(visit->pipeline, visit->blob, region, to, &missing, error);
  if (missing) atomic_store(&visit->missing, true);
  return status;
}

void zarrc_box_release(zarrc_box *box) {
  zarrc_bytes_release(&box->bytes);
  zarrc_arena_close(box->arena);
}

zarrc_status zarrc_box_read(zarrc_visit *visit, const zarrc_region *region, zarrc_box *out, zarrc_error *error) {
  zarrc_ctx *ctx = visit->transfer->array->ctx;
  zarrc_spec spec = *zarrc_pipeline_spec(visit->pipeline);
  zarrc_box box = {0};
  size_t nbytes;
  spec.dtype = visit->transfer->view->dtype;
  for (int i = 0; i < spec.ndim; i++) spec.shape[i] = region->count[i];
  zarrc_status status = zarrc_spec_nbytes(ctx, &spec, &nbytes, error);
  if (!status) status = zarrc_scratch_take(ctx, nbytes, &box.bytes, error);
  if (!status && zarrc_dtype_is_variable(&spec.dtype)) status = zarrc_arena_open(ctx, &box.arena, error);
  if (!status) {
    box.view = zarrc_view_c(&spec.dtype, spec.ndim, spec.shape, (void *)box.bytes.ptr);
    box.view.arena = box.arena;
    status = zarrc_visit_read(visit, region, &box.view, error);
  }
  if (status)
    zarrc_box_release(&box);
  else
    *out = box;
  return status;
}

/* Gives every element of a view text of its own. */
static zarrc_status keep_text(const zarrc_view *view, zarrc_arena *arena, zarrc_error *error) {
  int64_t index[ZARRC_MAX_NDIM] = {0};
  for (int64_t n = zarrc_view_nitems(view); n > 0; n--) {
    uint8_t *element = view->data, *copy;
    zarrc_text text;
    for (int i = 0; i < view->ndim; i++) element += index[i] * view->stride[i];
    memcpy(&text, element, sizeof text);
    zarrc_status status = zarrc_arena_take(arena, text.len, &copy, error);
    if (status) return status;
    if (text.len) memcpy(copy, text.ptr, text.len);
    text.ptr = copy;
    memcpy(element, &text, sizeof text);
    for (int i = view->ndim - 1; i >= 0 && ++index[i] == view->shape[i]; i--) index[i] = 0;
  }
  return ZARRC_OK;
}

zarrc_status zarrc_take_elements(const zarrc_view *to, const zarrc_view *from, zarrc_arena *arena, zarrc_error *error) {
  if (to->ndim == 0)
    zarrc_copy_element(&to->dtype, to->data, from->data, to->dtype.endian != from->dtype.endian);
  else
    zarrc_copy(to, from);
  return arena && zarrc_dtype_is_variable(&to->dtype) ? keep_text(to, arena, error) : ZARRC_OK;
}
