/* SPDX-License-Identifier: MIT */
/* numcodecs.zlib: one zlib stream (RFC 1950). What follows it is damage. */
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/deflate.h"

#include <inttypes.h>

#define HEADER_NBYTES  2u
#define TRAILER_NBYTES 4u
#define DEFAULT_LEVEL  6 /* of zlib, for level -1 */

typedef struct zlib {
  int64_t level;
} zlib;

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status zlib_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"level", NULL};
  zlib *z = zarrc_codec_instance(codec);
  zarrc_config config;
  z->level = 1;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "level", -1, 9, &z->level, error);
  return status;
}

static bool zlib_equal(const zarrc_codec *a, const zarrc_codec *b) {
  return ((const zlib *)zarrc_codec_instance(a))->level == ((const zlib *)zarrc_codec_instance(b))->level;
}

static zarrc_status zlib_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zlib *z = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"numcodecs.zlib\", \"configuration\": {\"level\": %d}}",
                          (int)z->level);
}

#if ZARRC_HAVE_DEFLATE

/* ---------------------------------------------------------------------------------------------- decode */

static zarrc_status check_header(const zarrc_bytes *in, zarrc_error *error) {
  if (in->len < HEADER_NBYTES) return zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes hold no header of 2", in->len);
  const uint8_t *p = in->ptr;
  if ((p[0] & 15) != 8 || p[0] >> 4 > 7 || (p[0] << 8 | p[1]) % 31)
    return zarrc_fail(error, ZARRC_CORRUPT, "no zlib header");
  if (p[1] & 32) return zarrc_fail(error, ZARRC_UNSUPPORTED, "the stream needs a dictionary");
  return ZARRC_OK;
}

/* Checks what follows the compressed data, at p. */
static zarrc_status check_trailer(const uint8_t *p, size_t n, const uint8_t *decoded, size_t ndecoded,
                                  zarrc_error *error) {
  if (n < TRAILER_NBYTES) return zarrc_fail(error, ZARRC_TRUNCATED, "the checksum is cut off");
  uint32_t stored = zarrc_load_be32(p), computed = zarrc_adler32(1, decoded, ndecoded);
  if (stored != computed)
    return zarrc_fail(error, ZARRC_CHECKSUM, "Adler-32 is %08x, stored is %08x", computed, stored);
  if (n > TRAILER_NBYTES)
    return zarrc_fail(error, ZARRC_CORRUPT, "%zu bytes follow the compressed data", n - TRAILER_NBYTES);
  return ZARRC_OK;
}

static zarrc_status zlib_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                zarrc_error *error) {
  zarrc_status status = check_header(in, error);
  if (status) return status;
  size_t bound = zarrc_inflate_bound(in->len, out), guess = bound / 4 < in->len ? bound : 4 * in->len;
  zarrc_inflating t = {
      in->ptr + HEADER_NBYTES, in->len - HEADER_NBYTES, need > out->max ? SIZE_MAX : need, bound, out, 0, false};
  zarrc_inflater d = {.ctx = zarrc_codec_ctx(codec), .stream = zarrc_inflate_by_stream(t.need, guess)};
  status = zarrc_buf_reserve(out, t.need < guess ? t.need : guess, error);
  if (!status) status = zarrc_inflater_open(&d, error);
  if (status) return status;
  status = zarrc_inflate(&d, &t, error);
  zarrc_inflater_close(&d);
  if (status || t.enough) return status;
  return check_trailer(t.in + t.used, t.n - t.used, out->ptr, out->len, error);
}

/* ---------------------------------------------------------------------------------------------- encode */

static zarrc_status zlib_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  const zlib *z = zarrc_codec_instance(codec);
  int level = z->level < 0 ? DEFAULT_LEVEL : (int)z->level;
  zarrc_deflating t = {level, HEADER_NBYTES, TRAILER_NBYTES};
  zarrc_one_piece p;
  size_t made = 0;
  zarrc_status status = zarrc_one_piece_join(&p, parts, error);
  if (!status) status = zarrc_deflate(zarrc_codec_ctx(codec), &t, parts, &p, &made, error);
  if (status) {
    zarrc_parts_clear(&p.made);
    return status;
  }
  static const uint8_t flags[] = {0x01, 0x5e, 0x9c, 0xda}; /* fastest, fast, default, best */
  uint32_t sum = zarrc_adler32(1, p.in.ptr, p.in.len);
  p.memory[0] = 0x78;
  p.memory[1] = flags[level < 2 ? 0 : level < 6 ? 1 : level == 6 ? 2 : 3];
  for (size_t i = 0; i < TRAILER_NBYTES; i++) p.memory[made - TRAILER_NBYTES + i] = (uint8_t)(sum >> (24 - 8 * i));
  return zarrc_one_piece_end(&p, parts, made, error);
}

static zarrc_size zlib_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return zarrc_size_at_most(nbytes, nbytes / 512 + 128);
}

#else

#define zlib_encode       NULL
#define zlib_decode       NULL
#define zlib_encoded_size NULL

#endif

/* Of anything but nothing: its header, the shortest deflate stream and its trailer. */
static uint64_t zlib_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return nbytes > 0 ? 8 : 0;
}

const zarrc_codec_class zarrc_numcodecs_zlib_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.zlib",
    .kind = ZARRC_BYTES_TO_BYTES,
    .self_describing = true,
    .instance_size = sizeof(zlib),
#if !ZARRC_HAVE_DEFLATE
    .missing_library = "libdeflate and zlib",
#endif
    .open = zlib_open,
    .to_json = zlib_to_json,
    .equal = zlib_equal,
    .encoded_size = zlib_encoded_size,
    .least_encoded_size = zlib_least_encoded_size,
    .u.bb = {.encode = zlib_encode, .decode = zlib_decode},
};
