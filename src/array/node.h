/* SPDX-License-Identifier: MIT */
/* The documents of a node in a store: finding, creating and changing them. */
#ifndef ZARRC_ARRAY_NODE_H
#define ZARRC_ARRAY_NODE_H

#include <zarrc/array.h>

#include "array/document.h"
#include "array/editions.h"

/* Reads the documents at a path; the caller releases them. There is a node of format 2 if there is no zarr.json, and a
 * .zarray or a .zgroup. ZARRC_NOT_FOUND: there is no node. *version (or NULL): a number for the identity of the
 * document that describes the node; 0: unknown. */
zarrc_status zarrc_node_read(zarrc_store *store, const char *path, uint64_t *version, zarrc_documents *out,
                             zarrc_error *error);

/* Finds out what is at a path; {0, ZARRC_NODE_NONE}: nothing. The caller releases *documents, whose name is that of the
 * document that describes the node, if one was read, even if that is wrong; else NULL. */
zarrc_status zarrc_node_find_documents(zarrc_store *store, const char *path, zarrc_document_kind *out,
                                       zarrc_documents *documents, zarrc_error *error);

/* Reads one of the documents of a node. ZARRC_NOT_FOUND: there is none of that name. */
zarrc_status zarrc_node_read_document(zarrc_store *store, const char *path, const char *name, zarrc_bytes *out,
                                      zarrc_error *error);

/* Finds out whether the document called `name` still has a version. *changed: it has not, or that is unknown; then it
 * has been read, and *version is the new one. In stores that cannot tell versions nothing ever changes.
 * ZARRC_NOT_FOUND: it was removed. */
zarrc_status zarrc_node_read_changed(zarrc_store *store, const char *path, const char *name, uint64_t *version,
                                     bool *changed, zarrc_bytes *out, zarrc_error *error);

/* Returns ZARRC_INVALID_ARGUMENT or ZARRC_LIMIT unless a node may be at a path; "" is the root of the store. */
zarrc_status zarrc_node_path_check(const char *path, zarrc_error *error);

/* Returns ZARRC_INVALID_ARGUMENT if the store is read-only. */
zarrc_status zarrc_node_refuse_read_only(const zarrc_store *store, zarrc_error *error);

/* -------------------------------------------------------------------------------------------------- node_create.c */

/* Gets the format that a caller asks for: 3 or 2; 0: 3. Anything else is ZARRC_INVALID_ARGUMENT. */
zarrc_status zarrc_format_check(int given, int *format, zarrc_error *error);

/* Stores the checked documents of a new node, of which `name` says the kind, and those of groups above it that are
 * missing, which get the same format. Of format 2 the attributes come first, and the document that makes it a node
 * last. */
zarrc_status zarrc_node_create(zarrc_store *store, const char *path, const zarrc_documents *documents,
                               zarrc_create_mode mode, zarrc_error *error);

/* Creates groups of a format at a path and above it where there is no node. */
zarrc_status zarrc_node_make_groups(zarrc_store *store, const char *path, int format, zarrc_error *error);

/* --------------------------------------------------------------------------------------------------------- node.c */

/* How to change a document of an open node. */
typedef struct zarrc_node_ops {
  zarrc_status (*open)(void *arg, const zarrc_documents *documents, zarrc_edition **out, zarrc_error *error);
  zarrc_status (*change)(void *arg, zarrc_edition *edition, zarrc_error *error);
  const char *(*text)(void *arg, const zarrc_edition *edition); /* of the document that is changed */
} zarrc_node_ops;

/* Reads the stored documents of a node, changes one and stores it, repeatedly if others change it meanwhile. Then makes
 * the result the newest of `editions`. main: the document that describes the node; changed: that one, or ".zattrs". */
zarrc_status zarrc_node_change(zarrc_store *store, const char *path, const char *main, const char *changed,
                               const zarrc_node_ops *ops, void *arg, zarrc_editions *editions, zarrc_error *error);

#endif
