/* SPDX-License-Identifier: MIT */
/* What the traits of a blob mean to those who read it: the one place where near and far are told apart. */
#ifndef ZARRC_BASE_READING_H
#define ZARRC_BASE_READING_H

#include <zarrc/blob.h>
#include <zarrc/data.h>

/* How ranges are joined. */
typedef struct zarrc_joining {
  uint64_t gap;    /* over so many bytes that nobody wants */
  uint64_t max;    /* to ranges of up to so many */
  uint64_t window; /* and so many bytes are asked for at once */
} zarrc_joining;

/* Returns what the blob says, unless the chunk's options say otherwise, within the memory that the context may hold. */
zarrc_joining zarrc_blob_joining(const zarrc_ctx *ctx, const zarrc_blob *blob, const zarrc_chunk_options *options);

/* Returns whether a question costs next to nothing: then a codec asks for a table of what lies where, and for little
 * else; of a far blob one large answer comes sooner than the third small one. */
bool zarrc_blob_is_near(const zarrc_blob *blob);

#endif
