/* SPDX-License-Identifier: MIT */
/* What goes wrong with some nodes while others are shown. */
#ifndef ZARRC_CLI_FAILURES_H
#define ZARRC_CLI_FAILURES_H

#include "cli.h"

/* Whether a failure is about one node alone, so that others can be listed. */
bool cli_is_of_one_node(zarrc_status status);

typedef struct cli_failures {
  size_t n;
  zarrc_error first;
} cli_failures;

void cli_failures_add(cli_failures *failures, const zarrc_error *why);
/* ZARRC_OK where there were none, else the first with the number of all others. */
zarrc_status cli_failures_end(const cli_failures *failures, zarrc_error *error);

#endif
