/* SPDX-License-Identifier: MIT */
#include "base/values.h"

#include "base/sized.h"

zarrc_status zarrc_values_check(const zarrc_values *values, int ndim, const zarrc_region *region, zarrc_error *error) {
  if (!values) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "values: there are none");
  zarrc_status status = ZARRC_CHECK_ROOM(values, "values", error);
  if (status) return status;
  if (!!values->view + !!values->fetch + !!values->apply != 1)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "values: one of view, fetch and apply is needed");
  if (values->touches && !values->apply)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "values: touches without apply");
  for (int i = 0; i < ndim && values->fetch; i++)
    if (region->step[i] != 1)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: elements are not fetched in steps", i);
  return ZARRC_OK;
}

zarrc_status zarrc_values_put(const zarrc_values *values, const zarrc_region *part, const zarrc_view *to,
                              zarrc_error *error) {
  if (error) error->code = ZARRC_OK; /* so that what it holds from before is not taken for the function's */
  zarrc_status status = (values->fetch ? values->fetch : values->apply)(values->arg, part, to, error);
  if (status && error && error->code != status) zarrc_fail(error, status, "%s", zarrc_status_words(status));
  return status;
}

bool zarrc_values_touch(const zarrc_values *values, const zarrc_region *part) {
  return !values->touches || values->touches(values->arg, part);
}

static const zarrc_values *move(const zarrc_values_moved *m, const zarrc_region *part, zarrc_region *out) {
  *out = *part;
  for (int i = 0; i < m->ndim; i++) out->start[i] += m->origin[i];
  return m->outer;
}

static zarrc_status fetch_moved(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  zarrc_region moved;
  const zarrc_values *outer = move(arg, part, &moved);
  return outer->fetch(outer->arg, &moved, view, error);
}

static zarrc_status apply_moved(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  zarrc_region moved;
  const zarrc_values *outer = move(arg, part, &moved);
  return outer->apply(outer->arg, &moved, view, error);
}

static bool touches_moved(void *arg, const zarrc_region *part) {
  zarrc_region moved;
  const zarrc_values *outer = move(arg, part, &moved);
  return zarrc_values_touch(outer, &moved);
}

void zarrc_values_move(zarrc_values_moved *moved, const zarrc_values *outer, int ndim, zarrc_values *out) {
  moved->outer = outer;
  moved->ndim = ndim;
  *out = (zarrc_values){.arg = moved};
  if (outer->fetch) {
    out->fetch = fetch_moved;
  } else {
    out->apply = apply_moved;
    out->touches = touches_moved;
  }
}

zarrc_status zarrc_spec_check(const zarrc_spec *spec, zarrc_error *error) {
  zarrc_status status = ZARRC_CHECK_ROOM(spec, "chunk spec", error);
  return status ? status : ZARRC_CHECK_ROOM(&spec->options, "chunk options", error);
}
