/* SPDX-License-Identifier: MIT */
/* The inside of an open group. */
#ifndef ZARRC_ARRAY_GROUP_H
#define ZARRC_ARRAY_GROUP_H

#include "array/consolidated.h"
#include "array/editions.h"

struct zarrc_group {
  zarrc_ctx *ctx;
  zarrc_store *store;
  char *path;
  int format; /* 2 or 3 */
  zarrc_group_options options;
  zarrc_editions editions;
  bool is_below;                              /* `consolidated` are those of a group above */
  _Atomic(zarrc_consolidated *) consolidated; /* NULL: not read yet */
};

/* Opens a group from its documents. ZARRC_INVALID_ARGUMENT: they are those of an array. */
zarrc_status zarrc_group_open_documents(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                        const zarrc_group_options *options, zarrc_group **out, zarrc_error *error);

/* Takes consolidated metadata out of the document of a new handle: in an entry of those of another group they do not
 * count. */
zarrc_status zarrc_group_forget_consolidated(zarrc_group *group, zarrc_error *error);

/* Gets the consolidated metadata that describe what is below the group; *out NULL: there are none, or they
 * are to be ignored. They live as long as the group. */
zarrc_status zarrc_group_consolidated(zarrc_group *group, const zarrc_consolidated **out, zarrc_error *error);

#endif
