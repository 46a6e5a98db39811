/* SPDX-License-Identifier: MIT */
/*
 * Remembers for each store and key which version of the value was read last, so that the cached index of a shard can be
 * used without a request. It is a guess: the blob must be made to expect that version, and reading starts again if the
 * value has another one.
 */
#ifndef ZARRC_STORE_VERSIONS_H
#define ZARRC_STORE_VERSIONS_H

#include <zarrc/plugin/store.h>

bool zarrc_versions_find(const zarrc_store *store, const char *key, zarrc_identity *out);
/* Remembers a version, possibly in place of one of another key; NULL: forgets the version of the key. */
void zarrc_versions_keep(const zarrc_store *store, const char *key, const zarrc_identity *identity);

#endif
