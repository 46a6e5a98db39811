/* SPDX-License-Identifier: MIT */
/* A node and all below it, as a list in depth-first order. */
#ifndef ZARRC_CLI_TREE_H
#define ZARRC_CLI_TREE_H

#include "cli.h"

typedef struct cli_tree_node {
  char *path; /* in the store */
  zarrc_node_kind kind;
  int depth;        /* 0: the node that was asked for */
  bool last;        /* of its siblings */
  zarrc_error *why; /* it, or what a group holds, cannot be read; NULL: it can */
} cli_tree_node;

typedef struct cli_tree {
  cli_tree_node *items;
  size_t n, cap;
} cli_tree;

/* depth: how many levels below the node; negative: all. What cannot be read below the node is listed all the same. */
zarrc_status cli_tree_read(zarrc_store *store, const char *path, int64_t depth, cli_tree *out, zarrc_error *error);
/* The failure of the first node that cannot be read, if there is one. */
zarrc_status cli_tree_whole(const cli_tree *tree, zarrc_error *error);
void cli_tree_clear(cli_tree *tree);

/* Whether a failure is about one node alone, so that others can be listed. */
bool cli_is_of_one_node(zarrc_status status);
/* Notes why a node cannot be read. */
zarrc_status cli_tree_blame(cli_tree_node *node, const zarrc_error *why, zarrc_error *error);

/* What goes wrong with some nodes while others are shown. */
typedef struct cli_failures {
  size_t n;
  zarrc_error first;
} cli_failures;

void cli_failures_add(cli_failures *failures, const zarrc_error *why);
/* ZARRC_OK where there were none, else the first with the number of all others. */
zarrc_status cli_failures_end(const cli_failures *failures, zarrc_error *error);

#endif
