/* SPDX-License-Identifier: MIT */
/*
 * The checksums of numcodecs. crc32, crc32c and adler32 have a location; fletcher32 and jenkins_lookup3, which are
 * those of HDF5, follow the bytes.
 */
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/checksum.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/crc32c.h"
#include "codec/deflate.h"

#include <inttypes.h>

typedef struct sums {
  zarrc_checksum checksum;
  bool has_location; /* the configuration names the location */
} sums;

/* --------------------------------------------------------------------------------------------------- the sums */

/* HDF5's sum of big-endian words of 16 bits. An odd last byte is the high byte of a word. */
static uint32_t fletcher32(uint32_t before, const void *bytes, size_t n) {
  enum { MOST = 360 }; /* words before the sums must be folded */
  const uint8_t *p = bytes;
  uint32_t a = 0, b = 0;
  (void)before;
  for (size_t left = n / 2; left;) {
    size_t some = left < MOST ? left : MOST;
    left -= some;
    for (; some; some--, p += 2) b += a += (uint32_t)p[0] << 8 | p[1];
    a = (a & 0xffff) + (a >> 16);
    b = (b & 0xffff) + (b >> 16);
  }
  if (n % 2) {
    b += a += (uint32_t)*p << 8;
    a = (a & 0xffff) + (a >> 16);
    b = (b & 0xffff) + (b >> 16);
  }
  a = (a & 0xffff) + (a >> 16);
  b = (b & 0xffff) + (b >> 16);
  return b << 16 | a;
}

static uint32_t turn(uint32_t x, unsigned bits) {
  return x << bits | x >> (32 - bits);
}

/* Bob Jenkins' lookup3 ("hashlittle") of bytes. */
static uint32_t lookup3(uint32_t initval, const void *bytes, size_t n) {
  const uint8_t *p = bytes;
  uint32_t a = 0xdeadbeef + (uint32_t)n + initval, b = a, c = a;
  uint8_t last[12] = {0};
  if (n == 0) return c;
  for (; n > 12; n -= 12, p += 12) {
    a += zarrc_load_le32(p), b += zarrc_load_le32(p + 4), c += zarrc_load_le32(p + 8);
    a -= c, a ^= turn(c, 4), c += b;
    b -= a, b ^= turn(a, 6), a += c;
    c -= b, c ^= turn(b, 8), b += a;
    a -= c, a ^= turn(c, 16), c += b;
    b -= a, b ^= turn(a, 19), a += c;
    c -= b, c ^= turn(b, 4), b += a;
  }
  memcpy(last, p, n);
  a += zarrc_load_le32(last), b += zarrc_load_le32(last + 4), c += zarrc_load_le32(last + 8);
  c ^= b, c -= turn(b, 14);
  a ^= c, a -= turn(c, 11);
  b ^= a, b -= turn(a, 25);
  c ^= b, c -= turn(b, 16);
  a ^= c, a -= turn(c, 4);
  b ^= a, b -= turn(a, 14);
  c ^= b, c -= turn(b, 24);
  return c;
}

/* -------------------------------------------------------------------------------------------------- metadata */

static const char *location_at(int i) {
  static const char *const names[] = {"end", "start", NULL};
  return names[i];
}

/* Opens a codec with a location, for which the checksum of the instance has the default. */
static zarrc_status open_located(zarrc_codec *codec, zarrc_checksum checksum, zarrc_error *error) {
  static const char *const keys[] = {"location", NULL};
  sums *s = zarrc_codec_instance(codec);
  zarrc_config config;
  int location = checksum.at_start;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (status) return status;
  s->has_location = zarrc_config_has(&config, "location");
  if (s->has_location) status = zarrc_config_choice(&config, "location", location_at, &location, error);
  s->checksum = checksum;
  s->checksum.at_start = location;
  return status;
}

static zarrc_status crc32_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return open_located(codec, (zarrc_checksum){"CRC-32", zarrc_crc32, 0, false, true}, error);
}

static zarrc_status crc32c_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return open_located(codec, (zarrc_checksum){"CRC-32C", zarrc_crc32c, 0, false, false}, error);
}

static zarrc_status adler32_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return open_located(codec, (zarrc_checksum){"Adler-32", zarrc_adler32, 1, false, true}, error);
}

static zarrc_status fletcher32_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {NULL};
  sums *s = zarrc_codec_instance(codec);
  zarrc_config config;
  s->checksum = (zarrc_checksum){"Fletcher-32", fletcher32, 0, true, false};
  return zarrc_config_of(codec, keys, &config, error);
}

static zarrc_status jenkins_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"initval", "prefix", NULL};
  sums *s = zarrc_codec_instance(codec);
  zarrc_config config;
  int64_t initval = 0;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "initval", 0, UINT32_MAX, &initval, error);
  if (!status && zarrc_config_has(&config, "prefix"))
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.prefix must be null: JSON holds no bytes");
  s->checksum = (zarrc_checksum){"lookup3", lookup3, (uint32_t)initval, true, false};
  return status;
}

static bool sums_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const sums *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->checksum.at_start == b->checksum.at_start && a->checksum.first == b->checksum.first &&
         a->has_location == b->has_location;
}

/* The location is written only if it was named: older versions of numcodecs do not know it. */
static zarrc_status sums_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const sums *s = zarrc_codec_instance(codec);
  const char *name = zarrc_codec_name(codec);
  if (!s->has_location) return zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": {}}", name);
  return zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": {\"location\": \"%s\"}}", name,
                          location_at(s->checksum.at_start));
}

static zarrc_status jenkins_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const sums *s = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error,
                          "{\"name\": \"numcodecs.jenkins_lookup3\", \"configuration\": {\"initval\": %" PRIu32
                          ", \"prefix\": null}}",
                          s->checksum.first);
}

/* -------------------------------------------------------------------------------------------------- the codecs */

static const zarrc_checksum *checksum_of(const zarrc_codec *codec) {
  return &((const sums *)zarrc_codec_instance(codec))->checksum;
}

static zarrc_size sums_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return zarrc_checksum_encoded_size(nbytes);
}

static zarrc_status sums_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  return zarrc_checksum_encode(checksum_of(codec), parts, error);
}

static zarrc_status sums_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                zarrc_error *error) {
  return zarrc_checksum_decode(checksum_of(codec), in, need, out, error);
}

static zarrc_status sums_check(const zarrc_codec *codec, const zarrc_bytes *encoded, size_t *nbytes,
                               zarrc_error *error) {
  return zarrc_checksum_check(checksum_of(codec), encoded, nbytes, error);
}

static zarrc_status sums_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,
                              zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  return zarrc_checksum_read(checksum_of(codec), zarrc_codec_ctx(codec), options, encoded, ranges, n, served, error);
}

#if ZARRC_HAVE_DEFLATE
#define MISSING NULL
#else
#define MISSING "libdeflate and zlib"
#endif

/* Only where the bytes always come first is their place in the encoded value known to `check`. */
#define SUMS_CLASS(NAME, LACKS, OPEN, TO_JSON, CHECK)                                                                  \
  {                                                                                                                    \
    .struct_size = sizeof(zarrc_codec_class), .name = NAME, .kind = ZARRC_BYTES_TO_BYTES, .fixed_size = true,          \
    .instance_size = sizeof(sums), .missing_library = LACKS, .open = OPEN, .to_json = TO_JSON, .equal = sums_equal,    \
    .encoded_size = sums_encoded_size,                                                                                 \
    .u.bb = {.encode = sums_encode, .decode = sums_decode, .read = sums_read, .check = CHECK},                         \
  }

const zarrc_codec_class zarrc_numcodecs_crc32_class =
    SUMS_CLASS("numcodecs.crc32", MISSING, crc32_open, sums_to_json, NULL);
const zarrc_codec_class zarrc_numcodecs_crc32c_class =
    SUMS_CLASS("numcodecs.crc32c", NULL, crc32c_open, sums_to_json, NULL);
const zarrc_codec_class zarrc_numcodecs_adler32_class =
    SUMS_CLASS("numcodecs.adler32", MISSING, adler32_open, sums_to_json, NULL);
const zarrc_codec_class zarrc_numcodecs_fletcher32_class =
    SUMS_CLASS("numcodecs.fletcher32", NULL, fletcher32_open, sums_to_json, sums_check);
const zarrc_codec_class zarrc_numcodecs_jenkins_class =
    SUMS_CLASS("numcodecs.jenkins_lookup3", NULL, jenkins_open, jenkins_to_json, sums_check);
