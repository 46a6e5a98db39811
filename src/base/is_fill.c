/* SPDX-License-Identifier: MIT */
/*
 * Whether a view contains nothing but the fill value. Elements with the same bits are equal, except structs that
 * contain a NaN or NaT, which equal nothing. As in zarr-python, any two NaNs are also equal, and any two true booleans,
 * and complex numbers that compare equal.
 */
#include "base/copy.h"
#include "base/copy_swap.h"
#include "base/floats.h"

#include <string.h>

/* Returns the bits of a number of 1, 2, 4 or 8 bytes. */
static uint64_t bits_of(const uint8_t *p, size_t nbytes, bool swap) {
  uint16_t h;
  uint32_t w;
  uint64_t d;
  switch (nbytes) {
  case 1:
    return *p;
  case 2:
    memcpy(&h, p, 2);
    return zarrc_swap_u16(h, swap ? 2 : 1);
  case 4:
    memcpy(&w, p, 4);
    return zarrc_swap_u32(w, swap ? 4 : 1);
  default:
    memcpy(&d, p, 8);
    return zarrc_swap_u64(d, swap ? 8 : 1);
  }
}

/* Returns whether elements with different bits may be equal. */
static bool is_loose(zarrc_type type) {
  return type == ZARRC_BOOL || zarrc_float_format_of(type) || type == ZARRC_STRING || type == ZARRC_BYTES;
}

static bool equal_loosely(const zarrc_dtype *dtype, const uint8_t *p, const uint8_t *fill, bool swap) {
  const size_t n = zarrc_copy_unit(dtype->type);
  if (zarrc_dtype_is_variable(dtype)) {
    zarrc_text a, b;
    memcpy(&a, p, sizeof a);
    memcpy(&b, fill, sizeof b);
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
  }
  const uint64_t a = bits_of(p, n, swap), b = bits_of(fill, n, false);
  if (dtype->type == ZARRC_BOOL) return (a != 0) == (b != 0);
  const zarrc_float_format *f = zarrc_float_format_of(dtype->type);
  if (!zarrc_type_is_complex(dtype->type)) return a == b || (zarrc_float_is_nan(f, a) && zarrc_float_is_nan(f, b));
  const uint64_t c = bits_of(p + n, n, swap), d = bits_of(fill + n, n, false);
  const bool nan_here = zarrc_float_is_nan(f, a) || zarrc_float_is_nan(f, c),
             nan_there = zarrc_float_is_nan(f, b) || zarrc_float_is_nan(f, d);
  if (nan_here || nan_there) return nan_here && nan_there;
  return (a == b || zarrc_float_magnitude(f, a | b) == 0) && (c == d || zarrc_float_magnitude(f, c | d) == 0);
}

static bool equal_bits(const zarrc_dtype *dtype, const uint8_t *p, const uint8_t *fill, bool swap) {
  if (dtype->type == ZARRC_STRUCT) {
    for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
      const zarrc_field *f = zarrc_dtype_field(dtype, i);
      if (!equal_bits(&f->dtype, p + f->offset, fill + f->offset, swap)) return false;
    }
    return true;
  }
  const size_t unit = zarrc_copy_unit(dtype->type);
  if (!swap || unit == 1) return memcmp(p, fill, dtype->item_size) == 0;
  for (size_t i = 0; i < dtype->item_size; i += unit) {
    if (bits_of(p + i, unit, true) != bits_of(fill + i, unit, false)) return false;
  }
  return true;
}

/* Returns whether a struct in native byte order contains a NaN or NaT. */
static bool has_nan(const zarrc_dtype *dtype, const uint8_t *p) {
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype); i++) {
    const zarrc_field *f = zarrc_dtype_field(dtype, i);
    const zarrc_type type = f->dtype.type;
    const uint8_t *q = p + f->offset;
    const size_t n = zarrc_copy_unit(type);
    if (type == ZARRC_STRUCT && has_nan(&f->dtype, q)) return true;
    const zarrc_float_format *format = zarrc_float_format_of(type);
    if (format && zarrc_float_is_nan(format, bits_of(q, n, false))) return true;
    if (zarrc_type_is_complex(type) && zarrc_float_is_nan(format, bits_of(q + n, n, false))) return true;
    if ((type == ZARRC_DATETIME64 || type == ZARRC_TIMEDELTA64) && bits_of(q, 8, false) == (uint64_t)1 << 63)
      return true;
  }
  return false;
}

/* Compares an element with the fill value; NULL: zeros, or empty text. */
static bool is_equal(const zarrc_dtype *dtype, const uint8_t *p, const uint8_t *fill, bool swap) {
  static const uint8_t zeros[16] = {0};
  if (!fill && !is_loose(dtype->type)) {
    for (size_t i = 0; i < dtype->item_size; i++) {
      if (p[i]) return false;
    }
    return true;
  }
  if (!fill) fill = zeros;
  if (is_loose(dtype->type)) return equal_loosely(dtype, p, fill, swap);
  return equal_bits(dtype, p, fill, swap);
}

static inline __attribute__((always_inline)) bool same_items_of(const uint8_t *p, int64_t n, int64_t step,
                                                                const uint8_t *first, const size_t item) {
  for (int64_t i = 0; i < n; i++) {
    if (memcmp(p + i * step, first, item) != 0) return false;
  }
  return true;
}

/* Returns whether n elements have the same bits as `first`. */
static bool same_items(const uint8_t *p, int64_t n, int64_t step, const uint8_t *first, size_t item) {
  if (step == (int64_t)item) {
    return memcmp(p, first, item) == 0 && memcmp(p, p + item, (size_t)(n - 1) * item) == 0;
  }
  switch (item) {
  case 1:
    return same_items_of(p, n, step, first, 1);
  case 2:
    return same_items_of(p, n, step, first, 2);
  case 4:
    return same_items_of(p, n, step, first, 4);
  case 8:
    return same_items_of(p, n, step, first, 8);
  case 16:
    return same_items_of(p, n, step, first, 16);
  default:
    return same_items_of(p, n, step, first, item);
  }
}

bool zarrc_is_fill(const zarrc_view *view, const void *element) {
  const zarrc_dtype *dtype = &view->dtype;
  const bool swap = dtype->endian != ZARRC_NATIVE, loose = is_loose(dtype->type);
  int64_t index[ZARRC_COPY_MAX_AXES] = {0};
  zarrc_copy_axis axes[ZARRC_COPY_MAX_AXES], inner = {1, 0, 0};
  int naxes = 0;
  uint8_t *p = view->data;
  const uint8_t *src = p; /* not read */

  if (zarrc_view_nitems(view) == 0 || dtype->item_size == 0) return true;
  if (element && dtype->type == ZARRC_STRUCT && has_nan(dtype, element)) return false;
  for (int i = 0; i < view->ndim; i++) {
    if (view->stride[i]) axes[naxes++] = (zarrc_copy_axis){view->shape[i], view->stride[i], 0};
  }
  naxes = zarrc_copy_simplify(axes, naxes, &p, &src);
  if (naxes) inner = axes[--naxes];

  const uint8_t *first = p; /* once it is known to be equal, others are compared with it, in its byte order */
  if (!is_equal(dtype, first, element, swap)) return false;
  for (;;) {
    int i = naxes - 1;
    if (!same_items(p, inner.n, inner.d, first, dtype->item_size)) {
      if (!loose) return false;
      for (int64_t k = 0; k < inner.n; k++) {
        if (!is_equal(dtype, p + k * inner.d, element, swap)) return false;
      }
    }
    for (; i >= 0; i--) {
      p += axes[i].d;
      if (++index[i] < axes[i].n) break;
      p -= axes[i].n * axes[i].d;
      index[i] = 0;
    }
    if (i < 0) return true;
  }
}
