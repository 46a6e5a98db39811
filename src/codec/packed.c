/* SPDX-License-Identifier: MIT */
#include "codec/packed.h"
#include "base/checked.h"
#include "base/copy.h"

#include <zarrc/plugin/blob.h>

static bool is_usable(const zarrc_view *view) {
  bool is_native = view->dtype.endian == ZARRC_NATIVE || !zarrc_dtype_has_endian(&view->dtype);
  size_t unit = zarrc_dtype_is_variable(&view->dtype) ? _Alignof(zarrc_text) : zarrc_copy_unit(view->dtype.type);
  return is_native && zarrc_view_is_packed_c(view) && (unit < 2 || (uintptr_t)view->data % unit == 0);
}

zarrc_status zarrc_packed_take(zarrc_ctx *ctx, const zarrc_view *view, zarrc_packed *packed, zarrc_error *error) {
  int64_t n = zarrc_view_nitems(view);
  size_t nbytes;
  *packed = (zarrc_packed){.view = view, .memory = view->data};
  if (is_usable(view)) return ZARRC_OK;
  if ((uint64_t)n > SIZE_MAX || !zarrc_mul_size((size_t)n, view->dtype.item_size, &nbytes))
    return zarrc_fail(error, ZARRC_LIMIT, "%lld elements are too many", (long long)n);
  zarrc_status status = zarrc_scratch_take(ctx, nbytes, &packed->keeper, error);
  if (!status) packed->memory = (void *)(uintptr_t)packed->keeper.ptr;
  return status;
}

static zarrc_view memory_of(const zarrc_packed *packed) {
  const zarrc_view *view = packed->view;
  zarrc_dtype dtype = view->dtype;
  dtype.endian = ZARRC_NATIVE;
  return zarrc_view_c(&dtype, view->ndim, view->shape, packed->memory);
}

void zarrc_packed_load(const zarrc_packed *packed) {
  zarrc_view memory = memory_of(packed);
  if (packed->memory != packed->view->data) zarrc_copy(&memory, packed->view);
}

void zarrc_packed_store(const zarrc_packed *packed) {
  zarrc_view memory = memory_of(packed);
  if (packed->memory != packed->view->data) zarrc_copy(packed->view, &memory);
}

void zarrc_packed_release(zarrc_packed *packed) {
  zarrc_bytes_release(&packed->keeper);
}
