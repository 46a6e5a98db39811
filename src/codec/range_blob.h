/* SPDX-License-Identifier: MIT */
/* A blob that is a range of another blob, which must outlive it. */
#ifndef ZARRC_CODEC_RANGE_BLOB_H
#define ZARRC_CODEC_RANGE_BLOB_H

#include <zarrc/plugin/blob.h>

typedef struct zarrc_range_blob {
  zarrc_blob blob;
  zarrc_blob *outer;
  uint64_t offset, nbytes;
} zarrc_range_blob;
void zarrc_range_blob_init(zarrc_range_blob *blob, zarrc_blob *outer, uint64_t offset, uint64_t nbytes);

#endif
