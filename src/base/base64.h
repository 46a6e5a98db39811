/* SPDX-License-Identifier: MIT */
/* Base64, RFC 4648 section 4: the standard alphabet, with padding. */
#ifndef ZARRC_BASE_BASE64_H
#define ZARRC_BASE_BASE64_H

#include <zarrc/base.h>

/* Decodes, writes the first max bytes of it, and returns how many there are; SIZE_MAX: not base64. lenient skips
 * ASCII that is not of the alphabet and stops at the padding, as Python's b64decode does. */
size_t zarrc_base64_decode(const char *text, size_t n, bool lenient, uint8_t *out, size_t max);
/* Appends n bytes encoded; bytes NULL: zeros. */
zarrc_status zarrc_base64_append(zarrc_buf *out, const uint8_t *bytes, size_t n, zarrc_error *error);

#endif
