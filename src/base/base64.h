/* SPDX-License-Identifier: MIT */
/* Base64, RFC 4648 section 4: the standard alphabet, with padding. */
#ifndef ZARRC_BASE_BASE64_H
#define ZARRC_BASE_BASE64_H

#include <zarrc/base.h>

/* Decodes text, writes the first max bytes to out, and returns the number of decoded bytes; SIZE_MAX: invalid. lenient
 * ignores ASCII characters outside the alphabet and stops at the padding, like Python's b64decode. */
size_t zarrc_base64_decode(const char *text, size_t n, bool lenient, uint8_t *out, size_t max);
/* Appends n bytes as base64. bytes NULL: zeros. */
zarrc_status zarrc_base64_append(zarrc_buf *out, const uint8_t *bytes, size_t n, zarrc_error *error);

#endif
