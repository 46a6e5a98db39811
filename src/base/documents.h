/* SPDX-License-Identifier: MIT */
/* The documents of each Zarr format: what they are called, and which of them a node has. Their names stand here alone.
 */
#ifndef ZARRC_BASE_DOCUMENTS_H
#define ZARRC_BASE_DOCUMENTS_H

#include <stdbool.h>
#include <string.h>

/* Format 3 has one document a node, which also holds attributes and consolidated metadata. */
#define ZARRC_ZARR_JSON "zarr.json"
/* Format 2 has the first in an array and the second in a group; the attributes of either, and the consolidated metadata
 * of a group, are in documents of their own. */
#define ZARRC_ZARRAY    ".zarray"
#define ZARRC_ZGROUP    ".zgroup"
#define ZARRC_ZATTRS    ".zattrs"
#define ZARRC_ZMETADATA ".zmetadata"

/* The names of documents each of which makes the folder it is in an array or a group. */
enum { ZARRC_NNODE_NAMES = 3 };
#define ZARRC_NODE_NAMES ZARRC_ZARR_JSON, ZARRC_ZARRAY, ZARRC_ZGROUP
static const char *const zarrc_node_names[ZARRC_NNODE_NAMES] = {ZARRC_NODE_NAMES};

/* Returns the name of the document that describes an array or a group of a format (2 or 3). */
static inline const char *zarrc_node_document(int format, bool is_group) {
  return format == 3 ? ZARRC_ZARR_JSON : is_group ? ZARRC_ZGROUP : ZARRC_ZARRAY;
}

/* Returns the name of the document that holds the attributes of an array or a group. */
static inline const char *zarrc_attributes_document(int format, bool is_group) {
  return format == 3 ? zarrc_node_document(3, is_group) : ZARRC_ZATTRS;
}

/* Returns the name of the document of a group that holds consolidated metadata. */
static inline const char *zarrc_consolidated_document(int format) {
  return format == 3 ? zarrc_node_document(3, true) : ZARRC_ZMETADATA;
}

/* Returns the format, 2 or 3, of a document that describes a node. */
static inline int zarrc_document_format(const char *name) {
  return strcmp(name, ZARRC_ZARR_JSON) ? 2 : 3;
}

/* Returns whether a document of this name, and it alone, makes the folder it is in an array or a group. */
static inline bool zarrc_name_makes_node(const char *name) {
  for (int i = 0; i < ZARRC_NNODE_NAMES; i++)
    if (!strcmp(name, zarrc_node_names[i])) return true;
  return false;
}

/* Returns whether a file of this name belongs to the array or group whose folder it is in. */
static inline bool zarrc_name_is_document(const char *name) {
  return zarrc_name_makes_node(name) || !strcmp(name, ZARRC_ZATTRS) || !strcmp(name, ZARRC_ZMETADATA);
}

/* Returns the last segment of a key. */
static inline const char *zarrc_key_name(const char *key) {
  const char *slash = strrchr(key, '/');
  return slash ? slash + 1 : key;
}

#endif
