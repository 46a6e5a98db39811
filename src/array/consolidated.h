/* SPDX-License-Identifier: MIT */
/*
 * Consolidated metadata: the documents of everything below a group in one. In format 3 that is the member
 * consolidated_metadata of the group's zarr.json, whose `metadata` has a zarr.json for each path; in format 2 it is a
 * .zmetadata, whose `metadata` has a document for each key. Both are the same here: an object with the member
 * `metadata`, which is read once, shared by all who take documents from it, and never changes.
 */
#ifndef ZARRC_ARRAY_CONSOLIDATED_H
#define ZARRC_ARRAY_CONSOLIDATED_H

#include <zarrc/array.h>

#include "array/document.h"
#include "array/node.h"

typedef struct zarrc_consolidated zarrc_consolidated;

/* Reads the object of the group at a path, of which it makes a copy; has one owner then. Documents are not checked yet.
 * ZARRC_INVALID_METADATA: it is no such object, two entries are of one document, or the name of one is no path;
 * ZARRC_LIMIT: it is too long, or has too many entries. text NULL: there is none, so no documents either. */
zarrc_status zarrc_consolidated_open(zarrc_ctx *ctx, const char *path, int format, const char *text, size_t n,
                                     zarrc_consolidated **out, zarrc_error *error);
/* Adds an owner; removes one. */
zarrc_consolidated *zarrc_consolidated_share(zarrc_consolidated *c);
void zarrc_consolidated_close(zarrc_consolidated *c);

/* Returns whether there are documents: without `metadata` there is no consolidated metadata. */
bool zarrc_consolidated_is_there(const zarrc_consolidated *c);
/* Returns the path of the group that has it, and the name of the document that it is in. */
const char *zarrc_consolidated_path(const zarrc_consolidated *c);
const char *zarrc_consolidated_name(const zarrc_consolidated *c);

/* Gets the documents of the node at a path relative to the group, on loan. ZARRC_NOT_FOUND: it is not in there, or
 * below an array. Other failures name the document, but not the node. */
zarrc_status zarrc_consolidated_find(const zarrc_consolidated *c, const char *path, zarrc_documents *out,
                                     zarrc_error *error);

/* The nodes directly below a path, by name. Begin with zarrc_consolidated_below; each call of _next returns the path of
 * one, relative to the group, and NULL past the last. */
typedef struct zarrc_consolidated_children {
  const zarrc_consolidated *c;
  uint32_t at, end;
} zarrc_consolidated_children;
zarrc_consolidated_children zarrc_consolidated_below(const zarrc_consolidated *c, const char *path);
const char *zarrc_consolidated_next(zarrc_consolidated_children *children);

/* The entries, parents before children, those of one group together (readers depend on that), by path and name. */
typedef struct zarrc_consolidated_entry {
  const char *path;   /* of the node, relative to the group */
  const char *member; /* its text in the document: the name, a colon, and the value, nmember bytes */
  size_t nmember;
  bool is_document; /* false: it is something else, that nobody knows */
  bool describes;   /* it is the document that describes the node */
} zarrc_consolidated_entry;
uint32_t zarrc_consolidated_nentries(const zarrc_consolidated *c);
zarrc_consolidated_entry zarrc_consolidated_entry_at(const zarrc_consolidated *c, uint32_t i);

/* Gets the text of the object before and after the value of `metadata`. */
void zarrc_consolidated_around(const zarrc_consolidated *c, zarrc_bytes *before, zarrc_bytes *after);

/* Gets the object from the zarr.json of a group; NULL: there is none. It lives as long as the document. */
const char *zarrc_consolidated_text(const zarrc_json *root, size_t *n);

/* ------------------------------------------------------------------------------------------------- described.c */

/* Reads the .zmetadata of the group at a path. If there is none, there are no documents in *out. */
zarrc_status zarrc_consolidated_read_2(zarrc_store *store, const char *path, zarrc_consolidated **out,
                                       zarrc_error *error);

/* Finds out whether consolidated metadata describe a node that has no document of its own in the store. */
zarrc_status zarrc_described_only(const zarrc_consolidated *c, zarrc_store *store, const char *path, bool *only,
                                  zarrc_error *error);

/* Returns ZARRC_CONFLICT if what is at a path, or a group on the way to it, is in the consolidated metadata of the
 * group above, whose documents are passed, but has no document of its own: what is created there would take the place
 * of all that is known of it. replaces: the node at the path itself may be there. Consolidated metadata that cannot be
 * read describe nothing. */
zarrc_status zarrc_described_refuse(zarrc_store *store, const char *above, const zarrc_documents *documents,
                                    const char *path, bool replaces, zarrc_error *error);

/* ----------------------------------------------------------------------------------------------- consolidate.c */

/* Which documents have changed. */
typedef enum zarrc_extent {
  ZARRC_EXTENT_ARRAY, /* those of one array */
  ZARRC_EXTENT_GROUP, /* those of one group, but of nothing below it */
  ZARRC_EXTENT_ALL    /* all at a path and below it */
} zarrc_extent;

/* Makes the consolidated metadata of all groups above a path, where there are any, describe what is at the path now, in
 * the format of the documents that have changed; 0: in both. Missing entries of groups above the path are added. */
zarrc_status zarrc_consolidated_update(zarrc_store *store, const char *path, int format, zarrc_extent extent,
                                       zarrc_error *error);

/* Do what zarrc_node_create and zarrc_node_change do, and then update consolidated metadata. */
zarrc_status zarrc_consolidated_create_node(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                            zarrc_create_mode mode, zarrc_error *error);
zarrc_status zarrc_consolidated_change_node(zarrc_store *store, const char *path, const char *main, const char *changed,
                                            const zarrc_node_ops *ops, void *arg, zarrc_editions *editions,
                                            zarrc_error *error);

/* Composes the object with everything below the group at a path. */
zarrc_status zarrc_consolidated_compose(zarrc_store *store, const char *path, int format, zarrc_consolidated **out,
                                        zarrc_error *error);

/* consolidated_compare.c: finds out whether two sets of documents say the same of a node. Consolidated metadata do not
 * count. What cannot be read is the same only as the same bytes. */
zarrc_status zarrc_consolidated_same(zarrc_ctx *ctx, const zarrc_documents *a, const zarrc_documents *b, bool *same,
                                     zarrc_error *error);

/* Appends the document of a group of format 3 as an entry has it: with attributes, and without consolidated metadata
 * but that there are none, which zarr-python needs. */
zarrc_status zarrc_consolidated_put_group(zarrc_ctx *ctx, const zarrc_bytes *document, zarrc_buf *out,
                                          zarrc_error *error);

#endif
