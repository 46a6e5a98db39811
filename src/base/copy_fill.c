/* SPDX-License-Identifier: MIT */
/* Filling a view with one element: a copy from a source with steps of 0. */
#include "base/copy.h"

#include <string.h>

/* Returns whether all bytes of an element are equal, and which byte that is. */
static bool one_byte(const zarrc_dtype *dtype, const uint8_t *element, uint8_t *byte) {
  *byte = element ? element[0] : 0;
  for (uint32_t i = 1; element && i < dtype->item_size; i++) {
    if (element[i] != *byte) return false;
  }
  return true;
}

void zarrc_fill(const zarrc_view *dst, const void *element) {
  zarrc_copy_axis axes[ZARRC_COPY_MAX_AXES];
  const uint32_t item = dst->dtype.item_size;
  int naxes = dst->ndim;
  uint8_t bytes[16];
  if (item == 0 || !one_byte(&dst->dtype, element, bytes)) {
    zarrc_view src = *dst;
    src.data = (void *)(uintptr_t)element;
    src.dtype.endian = ZARRC_NATIVE;
    memset(src.stride, 0, sizeof src.stride);
    zarrc_copy(dst, &src);
    return;
  }
  for (int i = 0; i < naxes; i++) axes[i] = (zarrc_copy_axis){dst->shape[i], dst->stride[i], 0};
  memset(bytes, bytes[0], sizeof bytes);
  if (item <= sizeof bytes && (item & (item - 1)) == 0) {
    zarrc_copy_axes(zarrc_copy_kernels_best(), axes, naxes, dst->data, bytes, item, 1);
  } else {
    axes[naxes++] = (zarrc_copy_axis){item, 1, 0};
    zarrc_copy_axes(zarrc_copy_kernels_best(), axes, naxes, dst->data, bytes, 1, 1);
  }
}
