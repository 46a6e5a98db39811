/* SPDX-License-Identifier: MIT */
/* The elements of a view as consecutive items in C order and native byte order, for codecs that walk over them. */
#ifndef ZARRC_CODEC_PACKED_H
#define ZARRC_CODEC_PACKED_H

#include <zarrc/data.h>

typedef struct zarrc_packed {
  const zarrc_view *view;
  void *memory;       /* that of the view, if it is packed, native and aligned; else scratch memory */
  zarrc_bytes keeper; /* owns the scratch memory */
} zarrc_packed;

/* Takes memory for the elements of a view, which is to be released whether or not this succeeds. `packed` is zeroed. */
zarrc_status zarrc_packed_take(zarrc_ctx *ctx, const zarrc_view *view, zarrc_packed *packed, zarrc_error *error);
/* Copy the elements from the view to the memory, and back, unless they are the same. */
void zarrc_packed_load(const zarrc_packed *packed);
void zarrc_packed_store(const zarrc_packed *packed);
void zarrc_packed_release(zarrc_packed *packed);

#endif
