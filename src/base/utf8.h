/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_UTF8_H
#define ZARRC_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How many of the n bytes, from the first on, are valid UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing
 * beyond U+10FFFF): n if all are. */
size_t zarrc_utf8_valid(const uint8_t *text, size_t n);

#endif
