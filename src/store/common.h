/* SPDX-License-Identifier: MIT */
/* What the stores share. */
#ifndef ZARRC_STORE_COMMON_H
#define ZARRC_STORE_COMMON_H

#include <zarrc/store.h>

/* Whether key lies below prefix ("" is above everything). */
bool zarrc_key_is_below(const char *key, const char *prefix);

/* `close` of a store that is one block of its context's memory. */
void zarrc_store_free(zarrc_store *store);

#endif
