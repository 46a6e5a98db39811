/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

/* Returns the length of the sequence at p; 0: it is invalid. */
static size_t sequence(const uint8_t *p, size_t n) {
  uint8_t a = p[0];
  if (a < 0x80) return 1;
  if (a < 0xC2 || a > 0xF4) return 0;
  size_t len = a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
  if (n < len) return 0;
  uint8_t low = 0x80, high = 0xBF;
  if (a == 0xE0) low = 0xA0;
  if (a == 0xED) high = 0x9F;
  if (a == 0xF0) low = 0x90;
  if (a == 0xF4) high = 0x8F;
  if (p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < len; i++)
    if ((p[i] & 0xC0) != 0x80) return 0;
  return len;
}

size_t zarrc_utf8_valid(const uint8_t *text, size_t n) {
  size_t i = 0;
  while (i < n) {
    uint64_t eight;
    if (n - i >= 8 && (memcpy(&eight, text + i, 8), (eight & 0x8080808080808080u) == 0)) {
      i += 8;
      continue;
    }
    size_t len = sequence(text + i, n - i);
    if (!len) return i;
    i += len;
  }
  return n;
}
