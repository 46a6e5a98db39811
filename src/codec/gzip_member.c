/* SPDX-License-Identifier: MIT */
#include "codec/gzip_member.h"

#include <string.h>

zarrc_status zarrc_gzip_member_fail(const zarrc_gzip_member *m, zarrc_status code, const char *what,
                                    zarrc_error *error) {
  return zarrc_fail(error, code, "member %zu at byte %zu: %s", m->number, m->at, what);
}

zarrc_status zarrc_gzip_header_skip(const zarrc_gzip_member *m, const uint8_t *p, size_t n, size_t *out,
                                    zarrc_error *error) {
  enum { HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16, RESERVED = 0xe0 };
  static const uint8_t magic[3] = {0x1f, 0x8b, 8};
  size_t at = 10;
  for (size_t i = 0; i < sizeof magic && i < n; i++)
    if (p[i] != magic[i])
      return zarrc_gzip_member_fail(m, ZARRC_CORRUPT, i < 2 ? "no gzip header" : "unknown compression method", error);
  if (n > 3 && p[3] & RESERVED) return zarrc_gzip_member_fail(m, ZARRC_CORRUPT, "reserved flags are set", error);
  if (n < at) goto truncated;
  if (p[3] & EXTRA) {
    if (n - at < 2) goto truncated;
    at += 2u + p[at] + 256u * p[at + 1];
  }
  for (int text = NAME; text <= COMMENT; text *= 2) {
    if (!(p[3] & text)) continue;
    const uint8_t *end = at < n ? memchr(p + at, 0, n - at) : NULL;
    if (!end) goto truncated;
    at = (size_t)(end - p) + 1;
  }
  if (p[3] & HEADER_CRC) at += 2;
  if (at > n) goto truncated;
  *out = at;
  return ZARRC_OK;
truncated:
  return zarrc_gzip_member_fail(m, ZARRC_TRUNCATED, "the header is cut off", error);
}

size_t zarrc_deflate_continue(uint8_t *p, size_t nbytes, uint64_t last, unsigned unused) {
  static const uint8_t empty[4] = {0, 0, 0xff, 0xff}; /* an empty stored block without its header */
  p[last / 8] &= (uint8_t) ~(1u << last % 8);
  if (unused == 0) return nbytes;
  p[nbytes - 1] &= (uint8_t)(0xffu >> unused);
  if (unused < 3) p[nbytes++] = 0; /* the three bits of the header need another byte */
  memcpy(p + nbytes, empty, sizeof empty);
  return nbytes + sizeof empty;
}
