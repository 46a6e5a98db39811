/* SPDX-License-Identifier: MIT */
/* Documents of a node that are not in a store, or not yet. */
#ifndef ZARRC_TESTS_DOCUMENTS_H
#define ZARRC_TESTS_DOCUMENTS_H

#include "array/node.h"

#define DOCUMENTS(text, n) (&(zarrc_documents){.main = {.ptr = (const uint8_t *)(text), .len = (n)}})
/* The same, as if they were read from a store. */
#define STORED(text, n) (&(zarrc_documents){.name = "zarr.json", .main = {.ptr = (const uint8_t *)(text), .len = (n)}})

/* Creates a node of format 3. */
static inline zarrc_status create_node(zarrc_store *in, const char *path, const char *text, zarrc_create_mode mode,
                                       zarrc_error *error) {
  zarrc_documents documents = zarrc_documents_of(text, strlen(text));
  documents.name = "zarr.json";
  return zarrc_node_create(in, path, &documents, mode, error);
}

#endif
