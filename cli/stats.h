/* SPDX-License-Identifier: MIT */
/* --stats: what was asked of stores over a network. */
#ifndef ZARRC_CLI_STATS_H
#define ZARRC_CLI_STATS_H

#include "cli.h"

/* Adds the counts of the node's store, which is about to be closed, to those of its URL. */
void cli_stats_add(cli *c, const cli_node *node);
/* Prints all counts on standard error, as a line for each URL, or with --json as one document. */
void cli_stats_print(const cli *c);

#endif
