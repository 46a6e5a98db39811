/* SPDX-License-Identifier: MIT */
/* crc32c: the bytes, followed by their CRC-32C as a little-endian number. */
#include "codec/crc32c.h"
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/checksum.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/crc32c_table.h"

#if ZARRC_HAVE_ISAL
#include <isa-l.h>
#endif

const char *zarrc_isal_version(void) {
#if ZARRC_HAVE_ISAL
#define TEXT_OF(x)          #x
#define VERSION_OF(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)
  return VERSION_OF(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
#else
  return NULL;
#endif
}

/* --------------------------------------------------------------------------------------------------- the sum */

uint32_t zarrc_crc32c_portable(uint32_t crc, const void *bytes, size_t n) {
  const uint32_t(*t)[256] = crc32c_table;
  const uint8_t *p = bytes;
  crc = ~crc;
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t x = zarrc_load_le64(p) ^ crc;
    crc = t[7][x & 255] ^ t[6][x >> 8 & 255] ^ t[5][x >> 16 & 255] ^ t[4][x >> 24 & 255] ^ t[3][x >> 32 & 255] ^
          t[2][x >> 40 & 255] ^ t[1][x >> 48 & 255] ^ t[0][x >> 56];
  }
  for (; n; n--, p++) crc = crc >> 8 ^ t[0][(crc ^ *p) & 255];
  return ~crc;
}

uint32_t zarrc_crc32c(uint32_t crc, const void *bytes, size_t n) {
#if ZARRC_HAVE_ISAL
  uint8_t *p = (uint8_t *)bytes;
  crc = ~crc;
  for (int some; n; n -= (size_t)some, p += some) {
    some = n < 1u << 30 ? (int)n : 1 << 30;
    crc = crc32_iscsi(p, some, crc);
  }
  return ~crc;
#else
  return zarrc_crc32c_portable(crc, bytes, n);
#endif
}

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status crc32c_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {NULL};
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  return status;
}

static const zarrc_checksum crc32c = {"CRC-32C", zarrc_crc32c, 0, false, false};

static zarrc_size crc32c_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return zarrc_checksum_encoded_size(nbytes);
}

static zarrc_status crc32c_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  (void)codec;
  return zarrc_checksum_encode(&crc32c, parts, error);
}

static zarrc_status crc32c_check(const zarrc_codec *codec, const zarrc_bytes *encoded, size_t *nbytes,
                                 zarrc_error *error) {
  (void)codec;
  return zarrc_checksum_check(&crc32c, encoded, nbytes, error);
}

static zarrc_status crc32c_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                  zarrc_error *error) {
  (void)codec;
  return zarrc_checksum_decode(&crc32c, in, need, out, error);
}

static zarrc_status crc32c_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,
                                zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  return zarrc_checksum_read(&crc32c, zarrc_codec_ctx(codec), options, encoded, ranges, n, served, error);
}

const zarrc_codec_class zarrc_crc32c_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "crc32c",
    .kind = ZARRC_BYTES_TO_BYTES,
    .fixed_size = true,
    .open = crc32c_open,
    .encoded_size = crc32c_encoded_size,
    .u.bb = {.encode = crc32c_encode, .decode = crc32c_decode, .read = crc32c_read, .check = crc32c_check},
};

zarrc_status zarrc_crc32c_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error) {
  return zarrc_codec_open_config(ctx, &zarrc_crc32c_class, NULL, NULL, 0, NULL, out, error);
}
