/* SPDX-License-Identifier: MIT */
/* The names of metadata documents, of Zarr format 3 and 2. */
#ifndef ZARRC_BASE_DOCUMENTS_H
#define ZARRC_BASE_DOCUMENTS_H

#include <stdbool.h>
#include <string.h>

/* The names of documents each of which makes the folder it is in an array or a group. */
enum { ZARRC_NNODE_NAMES = 3 };
#define ZARRC_NODE_NAMES "zarr.json", ".zarray", ".zgroup"
static const char *const zarrc_node_names[ZARRC_NNODE_NAMES] = {ZARRC_NODE_NAMES};

/* Returns whether a document of this name, and it alone, makes the folder it is in an array or a group. */
static inline bool zarrc_name_makes_node(const char *name) {
  for (int i = 0; i < ZARRC_NNODE_NAMES; i++)
    if (!strcmp(name, zarrc_node_names[i])) return true;
  return false;
}

/* Returns whether a file of this name belongs to the array or group whose folder it is in. */
static inline bool zarrc_name_is_document(const char *name) {
  return zarrc_name_makes_node(name) || !strcmp(name, ".zattrs") || !strcmp(name, ".zmetadata");
}

/* Returns the last segment of a key. */
static inline const char *zarrc_key_name(const char *key) {
  const char *slash = strrchr(key, '/');
  return slash ? slash + 1 : key;
}

#endif
