/* SPDX-License-Identifier: MIT */
#include "failures.h"

bool cli_is_of_one_node(zarrc_status status) {
  return status != ZARRC_NO_MEMORY && status != ZARRC_NETWORK && status != ZARRC_CANCELED && status != ZARRC_INTERNAL;
}

void cli_failures_add(cli_failures *failures, const zarrc_error *why) {
  if (failures->n++ == 0) failures->first = *why;
}

zarrc_status cli_failures_end(const cli_failures *failures, zarrc_error *error) {
  if (failures->n == 0) return ZARRC_OK;
  if (!error) return failures->first.code;
  *error = failures->first;
  if (failures->n > 1)
    zarrc_error_append(error, " (%zu other%s cannot be read either)", failures->n - 1, failures->n == 2 ? "" : "s");
  return error->code;
}
