/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Returns the value of a character; -1: it is not in the alphabet. */
static int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t zarrc_base64_decode(const char *text, size_t n, bool lenient, uint8_t *out, size_t max) {
  uint32_t bits = 0;
  size_t nbytes = 0;
  unsigned place = 0, pads = 0; /* place: characters read of a group of four */
  for (size_t i = 0; i < n; i++) {
    int v = value_of(text[i]);
    if (v < 0) {
      if (text[i] == '=' && place >= 2) {
        if (place + ++pads < 4) continue;
        return i + 1 == n || lenient ? nbytes : SIZE_MAX;
      }
      if (!lenient || (uint8_t)text[i] >= 0x80) return SIZE_MAX;
      continue;
    }
    if (pads > 0 && !lenient) return SIZE_MAX;
    pads = 0;
    bits = bits << 6 | (uint32_t)v;
    place = (place + 1) % 4;
    if (place == 1) continue;
    unsigned left = place == 0 ? 0 : 6 - 2 * (place - 1); /* bits of the next byte */
    if (nbytes < max) out[nbytes] = (uint8_t)(bits >> left);
    nbytes++;
  }
  return place == 0 ? nbytes : SIZE_MAX;
}

zarrc_status zarrc_base64_append(zarrc_buf *out, const uint8_t *bytes, size_t n, zarrc_error *error) {
  for (size_t i = 0; i < n; i += 3) {
    size_t k = n - i < 3 ? n - i : 3;
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; j++) bits = bits << 8 | (bytes && j < k ? bytes[i + j] : 0u);
    char text[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63], k > 1 ? alphabet[bits >> 6 & 63] : '=',
                    k > 2 ? alphabet[bits & 63] : '='};
    zarrc_status status = zarrc_buf_append(out, text, sizeof text, error);
    if (status) return status;
  }
  return ZARRC_OK;
}
