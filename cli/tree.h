/* SPDX-License-Identifier: MIT */
/* A node and all below it, as a list in depth-first order. */
#ifndef ZARRC_CLI_TREE_H
#define ZARRC_CLI_TREE_H

#include "cli.h"

typedef struct cli_tree_node {
  char *path; /* in the store */
  zarrc_node_kind kind;
  int depth; /* 0: the node that was asked for */
  bool last; /* of its siblings */
} cli_tree_node;

typedef struct cli_tree {
  cli_tree_node *items;
  size_t n, cap;
} cli_tree;

/* depth: how many levels below the node; negative: all. */
zarrc_status cli_tree_read(zarrc_store *store, const char *path, int64_t depth, cli_tree *out, zarrc_error *error);
void cli_tree_clear(cli_tree *tree);

#endif
