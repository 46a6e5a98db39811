/* SPDX-License-Identifier: MIT */
/* What the stores share. */
#ifndef ZARRC_STORE_COMMON_H
#define ZARRC_STORE_COMMON_H

#include <zarrc/store.h>

/* Where a range lies in a value of `total` bytes. ZARRC_TRUNCATED: not inside the value; ZARRC_LIMIT: longer than the
 * range allows. Sets range->total. */
zarrc_status zarrc_range_locate(zarrc_range *range, uint64_t total, uint64_t *start, size_t *nbytes,
                                zarrc_error *error);

/* Whether key lies below prefix ("" is above everything). */
bool zarrc_key_is_below(const char *key, const char *prefix);

#endif
