/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_UTF8_H
#define ZARRC_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Returns how many of n bytes, from the first on, are valid UTF-8 (RFC 3629). */
size_t zarrc_utf8_valid(const uint8_t *text, size_t n);

#endif
