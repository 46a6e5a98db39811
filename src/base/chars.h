/* SPDX-License-Identifier: MIT */
/* Single characters of UTF-8 text. */
#ifndef ZARRC_BASE_CHARS_H
#define ZARRC_BASE_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at p, which has n bytes before it ends; 0: none, or not valid. cp may be NULL. */
size_t zarrc_char_next(const void *p, size_t n, uint32_t *cp);
/* Writes a character and returns its length; 0: a surrogate, or beyond U+10FFFF. */
size_t zarrc_char_put(char out[4], uint32_t cp);

/* Whether a terminal might obey the character instead of showing it: control characters, and those that turn the
 * direction of writing. */
static inline bool zarrc_char_is_hidden(uint32_t cp) {
  return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e || cp == 0x200f ||
         (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* -1: not a hexadecimal digit */
static inline int zarrc_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Text of unknown origin made fit for a message: cut to a few dozen bytes, control characters and malformed bytes
 * shown as "?". Returns out. */
#define ZARRC_EXCERPT 64
const char *zarrc_excerpt(char out[ZARRC_EXCERPT], const void *text, size_t n);

#endif
