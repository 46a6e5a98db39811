/* SPDX-License-Identifier: MIT */
/* How to read from a blob, according to its traits. Only here is it decided what is near and what is far. */
#ifndef ZARRC_BASE_READING_H
#define ZARRC_BASE_READING_H

#include <zarrc/blob.h>
#include <zarrc/data.h>

/* How ranges are joined to larger ones. */
typedef struct zarrc_joining {
  uint64_t gap;    /* most unwanted bytes between two ranges */
  uint64_t max;    /* most bytes of a joined range */
  uint64_t window; /* most bytes to request at once */
} zarrc_joining;

/* Returns what the blob prefers, unless the options say otherwise, limited by max_memory. */
zarrc_joining zarrc_blob_joining(const zarrc_ctx *ctx, const zarrc_blob *blob, const zarrc_chunk_options *options);

/* Returns whether a small read costs next to nothing. If so, a codec first reads a table of contents and then little
 * else; if not, one large read is faster than three small ones. */
bool zarrc_blob_is_near(const zarrc_blob *blob);

#endif
