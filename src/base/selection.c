/* SPDX-License-Identifier: MIT */
#include "base/selection.h"

#include "base/sized.h"

zarrc_pick zarrc_pick_slice(int64_t start, int64_t stop, int64_t step) {
  return (zarrc_pick){.kind = ZARRC_PICK_SLICE, .start = start, .stop = stop, .step = step};
}

zarrc_pick zarrc_pick_index(int64_t index) {
  return (zarrc_pick){.kind = ZARRC_PICK_INDEX, .start = index};
}

zarrc_pick zarrc_pick_list(const int64_t *list, size_t n) {
  return (zarrc_pick){.kind = ZARRC_PICK_LIST, .list = list, .n = n};
}

zarrc_pick zarrc_pick_mask(const uint8_t *mask, size_t n) {
  return (zarrc_pick){.kind = ZARRC_PICK_MASK, .mask = mask, .n = n};
}

zarrc_status zarrc_selection_shape(const zarrc_selection *selection, int ndim, const int64_t *shape, int *out_ndim,
                                   int64_t *out_shape, zarrc_error *error) {
  zarrc_status status = ZARRC_CHECK_ROOM(selection, "selection", error);
  zarrc_axes axes;
  uint32_t n;
  int64_t room;
  if (status) return status;
  switch (selection->kind) {
  case ZARRC_SELECT_AXES:
    status = zarrc_axes_open(NULL, selection, ndim, shape, &axes, error);
    if (status) return status;
    *out_ndim = 0;
    for (int i = 0; i < ndim; i++)
      if (!axes.dropped[i]) out_shape[(*out_ndim)++] = axes.room[i] ? axes.room[i] : axes.region.count[i];
    return ZARRC_OK;
  case ZARRC_SELECT_POINTS:
  case ZARRC_SELECT_MASK:
    status = zarrc_points_count(selection, ndim, shape, &n, error);
    if (status) return status;
    room = zarrc_points_room(selection, n);
    *out_ndim = 1;
    out_shape[0] = room ? room : n;
    return ZARRC_OK;
  case ZARRC_SELECT_BLOCKS:
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "blocks are selected of arrays only");
  }
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no kind of selection %d", (int)selection->kind);
}
