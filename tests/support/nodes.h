/* SPDX-License-Identifier: MIT */
/* Documents and keys for tests of arrays and groups. Everything here fails the test rather than return an error. */
#ifndef ZARRC_TESTS_NODES_H
#define ZARRC_TESTS_NODES_H

#include <zarrc/zarrc.h>

/* A zarr.json: 4 x 6 int32 in chunks of 2 x 3, bytes little. The arguments are pairs of a member and the JSON that is
 * to stand there instead (NULL: the member is left out; further ones are added), ended by NULL. Freed with free. */
char *nodes_document(const char *member, ...);

void nodes_put(zarrc_store *store, const char *key, const char *text);
/* The value of a key as a string (free it); NULL: there is none. */
char *nodes_get(zarrc_store *store, const char *key);
/* All keys, sorted, a blank behind each; free it. */
char *nodes_keys(zarrc_store *store);

/* The one array of a read-only directory. */
zarrc_array *nodes_open_directory(zarrc_ctx *ctx, const char *path, zarrc_store **store);

#endif
