/* SPDX-License-Identifier: MIT */
/* The copy as a simple loop: what the tests compare with, and what copies single elements. */
#include "base/copy.h"

#include <string.h>

void zarrc_copy_element(const zarrc_dtype *dtype, void *dst, const void *src, bool swap) {
  const unsigned unit = zarrc_copy_unit(dtype->type);
  if (swap && dtype->type == ZARRC_STRUCT) {
    for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
      const zarrc_field *field = zarrc_dtype_field(dtype, i);
      zarrc_copy_element(&field->dtype, (uint8_t *)dst + field->offset, (const uint8_t *)src + field->offset, true);
    }
  } else if (swap && unit > 1) {
    for (size_t i = 0; i < dtype->item_size; i += unit) {
      for (size_t k = 0; k < unit; k++) ((uint8_t *)dst)[i + k] = ((const uint8_t *)src)[i + unit - 1 - k];
    }
  } else {
    memcpy(dst, src, dtype->item_size);
  }
}

void zarrc_copy_plain(const zarrc_view *dst, const zarrc_view *src) {
  int64_t index[ZARRC_MAX_NDIM] = {0};
  if (zarrc_view_nitems(dst) == 0) return;
  for (;;) {
    int64_t to = 0, from = 0;
    int i = dst->ndim;
    for (int k = 0; k < dst->ndim; k++) {
      to += index[k] * dst->stride[k];
      from += index[k] * src->stride[k];
    }
    zarrc_copy_element(&dst->dtype, (uint8_t *)dst->data + to, (const uint8_t *)src->data + from,
                       dst->dtype.endian != src->dtype.endian);
    while (i-- > 0) {
      if (++index[i] < dst->shape[i]) break;
      index[i] = 0;
    }
    if (i < 0) return;
  }
}
