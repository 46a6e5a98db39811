/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t zarrc_char_next(const void *p, size_t n, uint32_t *cp) {
  const uint8_t *s = p;
  if (n == 0 || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4) return 0;
  size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
  if (n < len) return 0;
  uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
  for (size_t i = 1; i < len; i++) {
    if ((s[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (s[i] & 0x3fu);
  }
  if ((len == 3 && c < 0x800) || (len == 4 && c < 0x10000)) return 0; /* overlong */
  if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) return 0;
  if (cp) *cp = c;
  return len;
}

size_t zarrc_char_put(char out[4], uint32_t cp) {
  if (cp < 0x80) {
    out[0] = (char)cp;
    return 1;
  }
  if (cp < 0x800) {
    out[0] = (char)(0xc0 | cp >> 6);
    out[1] = (char)(0x80 | (cp & 0x3f));
    return 2;
  }
  if (cp < 0x10000) {
    if (cp >= 0xd800 && cp <= 0xdfff) return 0;
    out[0] = (char)(0xe0 | cp >> 12);
    out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[2] = (char)(0x80 | (cp & 0x3f));
    return 3;
  }
  if (cp > 0x10ffff) return 0;
  out[0] = (char)(0xf0 | cp >> 18);
  out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
  out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
  out[3] = (char)(0x80 | (cp & 0x3f));
  return 4;
}

const char *zarrc_excerpt(char out[ZARRC_EXCERPT], const void *text, size_t n) {
  const uint8_t *s = text;
  size_t at = 0;
  for (size_t i = 0; i < n;) {
    uint32_t cp = 0;
    size_t len = zarrc_char_next(s + i, n - i, &cp);
    bool fit = len > 0 && cp >= 0x20 && !(cp >= 0x7f && cp <= 0x9f);
    size_t nout = fit ? len : 1;
    if (at + nout > ZARRC_EXCERPT - 4) {
      memcpy(out + at, "...", 3);
      at += 3;
      break;
    }
    if (fit) {
      memcpy(out + at, s + i, len);
    } else {
      out[at] = '?';
    }
    at += nout;
    i += len ? len : 1;
  }
  out[at] = 0;
  return out;
}

void zarrc_text_fit(char *out, size_t size, const char *text) {
  size_t n = strlen(text), fits = 0;
  if (n < size) {
    memcpy(out, text, n + 1);
    return;
  }
  for (size_t i = 0, len; i <= size - 4; i += len ? len : 1) {
    fits = i;
    len = zarrc_char_next(text + i, n - i, NULL);
  }
  memcpy(out, text, fits);
  memcpy(out + fits, "...", 4);
}

void zarrc_chunk_text(int ndim, const int64_t *chunk, char *out, size_t size) {
  size_t at = 0;
  *out = 0;
  for (int i = 0; i < ndim && at < size; i++) {
    int n = snprintf(out + at, size - at, "%s%" PRId64, i > 0 ? "," : "", chunk[i]);
    at += n > 0 ? (size_t)n : 0;
  }
}
