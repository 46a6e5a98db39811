/* SPDX-License-Identifier: MIT */
/* The levels of shards of an array, from the list of codecs in its document. */
#ifndef ZARRC_ARRAY_LAYOUT_H
#define ZARRC_ARRAY_LAYOUT_H

#include <zarrc/array.h>

#include "base/json.h"

typedef struct zarrc_layout {
  int nlevels;
  zarrc_shard_level level[ZARRC_MAX_NESTING]; /* outermost first */
} zarrc_layout;

/* Finds the levels of shards in a list of codecs for ndim axes, up to the first that is invalid. */
void zarrc_layout_read(const zarrc_json *codecs, int ndim, zarrc_layout *out);

#endif
