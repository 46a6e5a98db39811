/* SPDX-License-Identifier: MIT */
#include "base/copy.h"
#include "base/reading.h"
#include "pipeline/select.h"

#include <string.h>
#include <zarrc/plugin/codec.h>

/* Returns whether any part of a chunk can be read without decoding all of it. */
static bool reads_parts(const zarrc_pipeline *p) {
  size_t last = zarrc_pipeline_ncodecs(p) - 1;
  for (size_t i = 0; i < last; i++)
    if (!zarrc_codec_keeps_parts(zarrc_pipeline_codec(p, i))) return false;
  return zarrc_codec_supports_partial_decode(zarrc_pipeline_codec(p, last)) &&
         !zarrc_dtype_is_variable(&zarrc_pipeline_spec(p)->dtype);
}

zarrc_boxing zarrc_picking_boxing(const zarrc_picking *picking) {
  const zarrc_chunk_options *options = &picking->pipeline->specs[0].options;
  zarrc_joining joining = zarrc_blob_joining(picking->pipeline->ctx, picking->blob, options);
  zarrc_boxing b = {
      .cell = picking->nlevels ? picking->level[picking->nlevels - 1] : NULL, .gap = joining.gap, .max = joining.max};
  b.whole = !b.cell && !reads_parts(picking->pipeline);
  return b;
}

zarrc_status zarrc_picking_read(zarrc_picking *picking, const zarrc_region *region, const zarrc_view *to,
                                zarrc_error *error) {
  bool missing = false;
  zarrc_status status = zarrc_read(picking->pipeline, picking->blob, region, to, &missing, error);
  if (status == ZARRC_PENDING) {
    /* Other parts are still asked for. The elements are read again later, but text must be valid in the meantime. */
    atomic_store(&picking->pending, true);
    status = zarrc_dtype_is_variable(&to->dtype) ? zarrc_pipeline_fill(picking->pipeline, to, error) : ZARRC_OK;
  }
  if (missing) atomic_store(&picking->missing, true);
  return status;
}

void zarrc_box_release(zarrc_box *box) {
  zarrc_bytes_release(&box->bytes);
  zarrc_arena_close(box->arena);
}

zarrc_status zarrc_box_read(zarrc_picking *picking, const zarrc_region *region, zarrc_box *out, zarrc_error *error) {
  zarrc_ctx *ctx = picking->pipeline->ctx;
  zarrc_spec spec = picking->pipeline->specs[0];
  zarrc_box box = {0};
  size_t nbytes;
  spec.dtype = picking->view->dtype;
  for (int i = 0; i < spec.ndim; i++) spec.shape[i] = region->count[i];
  zarrc_status status = zarrc_spec_nbytes(ctx, &spec, &nbytes, error);
  if (!status) status = zarrc_scratch_take(ctx, nbytes, &box.bytes, error);
  if (!status && zarrc_dtype_is_variable(&spec.dtype)) status = zarrc_arena_open(ctx, &box.arena, error);
  if (!status) {
    box.view = zarrc_view_c(&spec.dtype, spec.ndim, spec.shape, (void *)box.bytes.ptr);
    box.view.arena = box.arena;
    status = zarrc_picking_read(picking, region, &box.view, error);
  }
  if (status)
    zarrc_box_release(&box);
  else
    *out = box;
  return status;
}

/* Copies the text of every element of a view to an arena. */
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
