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

zarrc_status zarrc_spec_check(const zarrc_spec *spec, zarrc_error *error) {
  zarrc_status status = ZARRC_CHECK_ROOM(spec, "chunk spec", error);
  return status ? status : ZARRC_CHECK_ROOM(&spec->options, "chunk options", error);
}
