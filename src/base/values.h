/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_VALUES_H
#define ZARRC_BASE_VALUES_H

#include <zarrc/data.h>

/* Returns ZARRC_INVALID_ARGUMENT unless exactly one of view, fetch and apply is set, and unless the region, of ndim
 * axes, has no steps if elements are fetched; also for values NULL. ZARRC_UNSUPPORTED: a newer caller has set a member
 * that this library does not know. */
zarrc_status zarrc_values_check(const zarrc_values *values, int ndim, const zarrc_region *region, zarrc_error *error);

/* Calls fetch or apply, one of which is set. If the function fails and leaves the error empty, fills it. */
zarrc_status zarrc_values_put(const zarrc_values *values, const zarrc_region *part, const zarrc_view *to,
                              zarrc_error *error);

/* Values for a box of something larger: what fetches, applies or touches parts of the box passes them on to `outer` in
 * coordinates of the larger thing. */
typedef struct zarrc_values_moved {
  const zarrc_values *outer;
  int ndim;
  int64_t origin[ZARRC_MAX_NDIM]; /* of the box, in the larger thing; set by the caller */
} zarrc_values_moved;

/* Sets `out` to the values of the box. `outer`, which has no view, and `moved` must outlive it. */
void zarrc_values_move(zarrc_values_moved *moved, const zarrc_values *outer, int ndim, zarrc_values *out);

/* Returns whether values touch a part. */
bool zarrc_values_touch(const zarrc_values *values, const zarrc_region *part);

/* Returns ZARRC_UNSUPPORTED if a newer caller has set a member that this library does not know, in the spec or in its
 * options. */
zarrc_status zarrc_spec_check(const zarrc_spec *spec, zarrc_error *error);

#endif
