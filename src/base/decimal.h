/* SPDX-License-Identifier: MIT */
/* Doubles as decimal text, the same in every locale. */
#ifndef ZARRC_BASE_DECIMAL_H
#define ZARRC_BASE_DECIMAL_H

#include <stddef.h>

/* Reads the number at the start of NUL-terminated text, correctly rounded (too large: infinity), and returns the
 * length of what was read; 0: no number. Knows more than decimals (hexadecimal, names): callers look first. */
size_t zarrc_decimal_read(const char *text, double *out);

/* The shortest decimal that reads back as the same double, the nearest where there are several, spelt as Python's
 * repr does. value is finite. Returns the length, without the final NUL. */
#define ZARRC_DECIMAL_MAX 32
size_t zarrc_decimal_write(char out[ZARRC_DECIMAL_MAX], double value);

#endif
