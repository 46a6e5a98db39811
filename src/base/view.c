/* SPDX-License-Identifier: MIT */
/* Views, regions and specs: arithmetic only. */
#include "base/checked.h"

#include <zarrc/data.h>

zarrc_view zarrc_view_c(const zarrc_dtype *dtype, int ndim, const int64_t *shape, void *data) {
  zarrc_view view; /* axes that it does not have are not cleared: that takes longer than the rest */
  view.data = data;
  view.dtype = *dtype;
  view.ndim = ndim;
  view.arena = NULL;
  uint64_t stride = dtype->item_size; /* may overflow if there are no elements */
  for (int i = ndim - 1; i >= 0; i--) {
    view.shape[i] = shape[i];
    view.stride[i] = (int64_t)stride;
    stride *= (uint64_t)shape[i];
  }
  return view;
}

zarrc_view zarrc_view_part(const zarrc_view *view, const zarrc_region *region) {
  zarrc_view part = *view;
  for (int i = 0; i < view->ndim; i++) {
    part.shape[i] = region->count[i];
    if (region->count[i] > 1) part.stride[i] *= region->step[i]; /* otherwise step may be any number */
    if (region->count[i]) part.data = (uint8_t *)part.data + region->start[i] * view->stride[i];
  }
  return part;
}

static int64_t shape_nitems(int ndim, const int64_t *shape) {
  int64_t n = 1;
  for (int i = 0; i < ndim; i++) {
    if (shape[i] == 0) return 0;
    if (!zarrc_mul_i64(n, shape[i], &n)) n = INT64_MAX;
  }
  return n;
}

int64_t zarrc_view_nitems(const zarrc_view *view) {
  return shape_nitems(view->ndim, view->shape);
}

int64_t zarrc_spec_nitems(const zarrc_spec *spec) {
  return shape_nitems(spec->ndim, spec->shape);
}

bool zarrc_view_is_packed_c(const zarrc_view *view) {
  int64_t stride = view->dtype.item_size;
  if (zarrc_view_nitems(view) == 0) return true;
  for (int i = view->ndim - 1; i >= 0; i--) {
    if (view->shape[i] != 1 && view->stride[i] != stride) return false;
    stride *= view->shape[i];
  }
  return true;
}

zarrc_region zarrc_region_all(int ndim, const int64_t *shape) {
  zarrc_region region = {0};
  for (int i = 0; i < ndim; i++) {
    region.count[i] = shape[i];
    region.step[i] = 1;
  }
  return region;
}

/* A valid region with as many indices as the axis has selects all of it, whatever its steps. */
bool zarrc_region_is_all(const zarrc_region *region, int ndim, const int64_t *shape) {
  for (int i = 0; i < ndim; i++)
    if (region->count[i] != shape[i]) return false;
  return true;
}

zarrc_status zarrc_region_check(const zarrc_region *region, int ndim, const int64_t *shape, zarrc_error *error) {
  for (int i = 0; i < ndim; i++) {
    int64_t start = region->start[i], count = region->count[i], step = region->step[i], last;
    if (step < 1)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: a step of %lld, below 1", i, (long long)step);
    bool inside = start >= 0 && start <= shape[i] && count >= 0;
    if (inside && count > 0)
      inside = zarrc_mul_i64(count - 1, step, &last) && zarrc_add_i64(last, start, &last) && last < shape[i];
    if (!inside)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                        "axis %d: %lld elements from %lld on, every %lld, do not lie in a length of %lld", i,
                        (long long)count, (long long)start, (long long)step, (long long)shape[i]);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_spec_nbytes(const zarrc_ctx *ctx, const zarrc_spec *spec, size_t *out, zarrc_error *error) {
  uint64_t nbytes, max = zarrc_ctx_get_options(ctx)->max_chunk_bytes;
  bool fits = zarrc_mul_u64((uint64_t)zarrc_spec_nitems(spec), spec->dtype.item_size, &nbytes);
  if (!fits || nbytes > max || nbytes > SIZE_MAX / 2)
    return zarrc_fail(error, ZARRC_LIMIT, "a chunk of more bytes than the %llu that are allowed",
                      (unsigned long long)max);
  *out = (size_t)nbytes;
  return ZARRC_OK;
}
