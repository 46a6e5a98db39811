/* SPDX-License-Identifier: MIT */
/* Doubles as decimal text, in any locale. */
#ifndef ZARRC_BASE_DECIMAL_H
#define ZARRC_BASE_DECIMAL_H

#include <stddef.h>

/* Reads the number at the beginning of text, correctly rounded (if too large: infinity), and returns the length of what
 * was read; 0: there is no number. Accepts more than decimals (hexadecimal, "inf"): callers check first. */
size_t zarrc_decimal_read(const char *text, double *out);

/* Writes the shortest decimal that reads back as the same double (of several, the nearest), spelled like Python's repr,
 * and returns its length. value must be finite. */
#define ZARRC_DECIMAL_MAX 32
size_t zarrc_decimal_write(char out[ZARRC_DECIMAL_MAX], double value);

#endif
