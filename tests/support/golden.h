/* SPDX-License-Identifier: MIT */
/* Files of chunks that something else has made, such as tests/data/objects.txt; the script beside each says what is in
 * a line. What a lossy codec makes has the elements that it was made of in one more column. */
#ifndef ZARRC_TESTS_GOLDEN_H
#define ZARRC_TESTS_GOLDEN_H

#include <zarrc/zarrc.h>

/* Reads every row of a file whose first codec has this name: whole, each element by itself, mirrored; writes it; and
 * reads what is left of it when it is cut, and what becomes of it when bits are flipped. Rows with a codec that was not
 * built in are only counted. Returns the number of rows. */
size_t golden_check(zarrc_ctx *ctx, const char *file, const char *name);

#endif
