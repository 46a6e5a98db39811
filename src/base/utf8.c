/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"
#include "base/chars.h"

#include <string.h>

size_t zarrc_utf8_valid(const uint8_t *text, size_t n) {
  size_t i = 0;
  while (i < n) {
    uint64_t eight;
    if (n - i >= 8 && (memcpy(&eight, text + i, 8), (eight & 0x8080808080808080u) == 0)) {
      i += 8;
      continue;
    }
    size_t len = zarrc_char_next(text + i, n - i, NULL);
    if (!len) return i;
    i += len;
  }
  return n;
}
