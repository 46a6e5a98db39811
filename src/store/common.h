/* SPDX-License-Identifier: MIT */
/* What the stores share. */
#ifndef ZARRC_STORE_COMMON_H
#define ZARRC_STORE_COMMON_H

#include <zarrc/store.h>

/* Whether key lies below prefix ("" is above everything). */
bool zarrc_key_is_below(const char *key, const char *prefix);

/* ZARRC_INVALID_ARGUMENT unless a store, and those that it hands on to, have the functions that none can be without. */
zarrc_status zarrc_store_check(const zarrc_store *store, zarrc_error *error);

/* `close` of a store that is one block of its context's memory. */
void zarrc_store_free(zarrc_store *store);

#endif
