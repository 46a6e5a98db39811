/* SPDX-License-Identifier: MIT */
/* Which sizes an encoded value can have. */
#ifndef ZARRC_TOOLS_SIZES_H
#define ZARRC_TOOLS_SIZES_H

#include <zarrc/pipeline.h>

/* Gets the sizes that a chunk of nbytes bytes (0: they vary, or are not known) can have when it is encoded, in whatever
 * way. most_of: how well the size must be known for *most to be set, which is else UINT64_MAX: ZARRC_SIZE_AT_MOST is
 * what this library writes at most, ZARRC_SIZE_EXACT is what everybody writes. */
static inline void zarrc_encoded_sizes(const zarrc_pipeline *pipeline, uint64_t nbytes, zarrc_size_kind most_of,
                                       uint64_t *least, uint64_t *most) {
  zarrc_size size = zarrc_pipeline_encoded_size(pipeline, nbytes);
  *least = zarrc_pipeline_least_encoded_size(pipeline, nbytes);
  *most = nbytes > 0 && size.kind <= most_of ? size.nbytes : UINT64_MAX;
}

#endif
