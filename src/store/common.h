/* SPDX-License-Identifier: MIT */
/* What the stores share. */
#ifndef ZARRC_STORE_COMMON_H
#define ZARRC_STORE_COMMON_H

#include <zarrc/store.h>

/* Whether key lies below prefix ("" is above everything). */
bool zarrc_key_is_below(const char *key, const char *prefix);

#endif
