/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_ASKING_H
#define ZARRC_BASE_ASKING_H

#include <zarrc/plugin/blob.h>

/* Returns how many fetched bytes are held. */
uint64_t zarrc_asking_nbytes(const zarrc_asking *asking);
/* Returns whether reads have noted anything since zarrc_asking_wanted was called. */
bool zarrc_asking_has_wishes(const zarrc_asking *asking);

#endif
