/* SPDX-License-Identifier: MIT */
/* Failures of single nodes while others are listed. */
#ifndef ZARRC_CLI_FAILURES_H
#define ZARRC_CLI_FAILURES_H

#include "cli.h"

/* Returns whether a failure concerns one node only, so that the others can still be listed. */
bool cli_is_of_one_node(zarrc_status status);

typedef struct cli_failures {
  size_t n;
  zarrc_error first;
} cli_failures;

void cli_failures_add(cli_failures *failures, const zarrc_error *why);
/* Returns ZARRC_OK if nothing failed; otherwise the first failure, whose message counts the others. */
zarrc_status cli_failures_end(const cli_failures *failures, zarrc_error *error);

#endif
