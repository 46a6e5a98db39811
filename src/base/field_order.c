/* SPDX-License-Identifier: MIT */
#include "base/field_order.h"

#include "base/copy.h"

/* Bytes of elements whose fields are swapped one after the other: they stay in the nearest cache meanwhile. */
#define PIECE_NBYTES 16384u

/* Returns the first letter after those of a type; NULL: they do not fit. */
static const char *skip(const zarrc_dtype *dtype, const char *orders) {
  if (dtype->type != ZARRC_STRUCT) {
    bool fits = zarrc_copy_unit(dtype->type) == 1 ? *orders == '|' : *orders == '<' || *orders == '>';
    return fits ? orders + 1 : NULL;
  }
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype) && orders; i++)
    orders = skip(&zarrc_dtype_field(dtype, i)->dtype, orders);
  return orders;
}

bool zarrc_field_orders_fit(const zarrc_dtype *dtype, const char *orders) {
  const char *rest = skip(dtype, orders);
  return rest && *rest == 0;
}

/* Swaps the units of which a field consists, in n elements. */
static void swap_field(const zarrc_dtype *dtype, uint8_t *p, int64_t n, int64_t stride) {
  unsigned unit = zarrc_copy_unit(dtype->type);
  for (int64_t i = 0; i < n; i++, p += stride)
    for (uint32_t at = 0; at < dtype->item_size; at += unit)
      for (unsigned k = 0; k < unit / 2; k++) {
        uint8_t byte = p[at + k];
        p[at + k] = p[at + unit - 1 - k];
        p[at + unit - 1 - k] = byte;
      }
}

/* Swaps fields of n elements; returns the first letter after those of the type. */
static const char *swap_elements(const zarrc_dtype *dtype, const char *orders, uint8_t *p, int64_t n, int64_t stride) {
  if (dtype->type != ZARRC_STRUCT) {
    if (*orders == '>') swap_field(dtype, p, n, stride);
    return orders + 1;
  }
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
    const zarrc_field *field = zarrc_dtype_field(dtype, i);
    orders = swap_elements(&field->dtype, orders, p + field->offset, n, stride);
  }
  return orders;
}

static void swap_row(const zarrc_dtype *dtype, const char *orders, uint8_t *p, int64_t n, int64_t stride) {
  int64_t most = PIECE_NBYTES / dtype->item_size + 1;
  for (int64_t at = 0; at < n; at += most)
    swap_elements(dtype, orders, p + at * stride, n - at < most ? n - at : most, stride);
}

void zarrc_field_orders_swap(const zarrc_view *view, const char *orders) {
  int64_t index[ZARRC_MAX_NDIM] = {0};
  int last = view->ndim - 1, axis;
  uint8_t *p = view->data;
  if (zarrc_view_nitems(view) == 0) return;
  if (view->ndim == 0) {
    swap_row(&view->dtype, orders, p, 1, 0);
    return;
  }
  do {
    swap_row(&view->dtype, orders, p, view->shape[last], view->stride[last]);
    for (axis = last - 1; axis >= 0; axis--) {
      p += view->stride[axis];
      if (++index[axis] < view->shape[axis]) break;
      p -= view->stride[axis] * view->shape[axis];
      index[axis] = 0;
    }
  } while (axis >= 0);
}
