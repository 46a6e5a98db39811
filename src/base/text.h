/* SPDX-License-Identifier: MIT */
/* Texts, and single characters of UTF-8. */
#ifndef ZARRC_BASE_TEXT_H
#define ZARRC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zarrc/base.h>

/* Returns a copy of n bytes with a NUL behind them, which the caller frees with zarrc_free; NULL: no memory. text may
 * be NULL if n is 0. */
char *zarrc_text_new(zarrc_ctx *ctx, const void *text, size_t n);

/* Does the same for callers that have an error to fill: ZARRC_OK, or ZARRC_NO_MEMORY and NULL. */
zarrc_status zarrc_text_copy(zarrc_ctx *ctx, const void *text, size_t n, char **out, zarrc_error *error);

/* Returns the length of the character at p, of which n bytes are readable; 0: it is invalid. cp may be NULL. */
size_t zarrc_char_next(const void *p, size_t n, uint32_t *cp);
/* Writes a character and returns its length; 0: it is a surrogate or beyond U+10FFFF. */
size_t zarrc_char_put(char out[4], uint32_t cp);

/* Returns whether a terminal might obey a character instead of showing it: control characters, and characters that
 * change the direction of text. */
static inline bool zarrc_char_is_hidden(uint32_t cp) {
  return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e || cp == 0x200f ||
         (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* Returns the value of a hexadecimal digit; -1: it is none. */
static inline int zarrc_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Makes text of unknown origin safe for a message: truncates it to a few dozen bytes, and replaces control characters
 * and invalid bytes by "?". Returns out. */
#define ZARRC_EXCERPT 64
const char *zarrc_excerpt(char out[ZARRC_EXCERPT], const void *text, size_t n);

/* Copies text to memory of `size` bytes, at least 4. Text that is too long is cut after a whole character, and ends
 * with "...". */
void zarrc_text_fit(char *out, size_t size, const char *text);

/* Writes coordinates, such as those of a chunk, to memory of `size` bytes: "0,3"; the last of those that fit may be
 * cut. */
void zarrc_chunk_text(int ndim, const int64_t *chunk, char *out, size_t size);

#endif
