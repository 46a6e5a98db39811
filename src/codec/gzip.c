/* SPDX-License-Identifier: MIT */
/*
 * gzip (RFC 1952). Writes one member without time and name. Reads any number of members, with zeros between and after
 * them. libdeflate decodes whole members; zlib is used if the reader may stop early, or if there is no libdeflate.
 */
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/deflate.h"
#include "codec/gzip_fast.h"
#include "codec/gzip_member.h"
#include "codec/numcodecs_names.h"
#include "codec/one_piece.h"

#include <string.h>

#define GZIP_HEADER_NBYTES  10u
#define GZIP_TRAILER_NBYTES 8u
#define DEFAULT_LEVEL       6 /* for level -1, which only numcodecs.gzip may have */

typedef zarrc_gzip_config gzip;

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status gzip_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"level", NULL};
  gzip *g = zarrc_codec_instance(codec);
  zarrc_config config;
  *g = (gzip)ZARRC_GZIP_CONFIG_INIT;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "level", 0, 9, &g->level, error);
  return status;
}

static zarrc_status set_gzip(zarrc_codec *codec, const void *config, zarrc_error *error) {
  const gzip *g = config;
  *(gzip *)zarrc_codec_instance(codec) = *g;
  return zarrc_config_check_int("level", g->level, 0, 9, error);
}

zarrc_status zarrc_gzip_codec_open(zarrc_ctx *ctx, const zarrc_gzip_config *given, zarrc_codec **out,
                                   zarrc_error *error) {
  gzip config = ZARRC_GZIP_CONFIG_INIT;
  return zarrc_codec_open_config(ctx, &zarrc_gzip_class, given, &config, sizeof config, set_gzip, out, error);
}

zarrc_status zarrc_gzip_codec_get(const zarrc_codec *codec, zarrc_gzip_config *config, zarrc_error *error) {
  return zarrc_codec_get_config(codec, &zarrc_gzip_class, zarrc_codec_instance(codec), sizeof *config, config, error);
}

static bool gzip_equal(const zarrc_codec *a, const zarrc_codec *b) {
  return ((const gzip *)zarrc_codec_instance(a))->level == ((const gzip *)zarrc_codec_instance(b))->level;
}

static zarrc_status gzip_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const gzip *g = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"gzip\", \"configuration\": {\"level\": %d}}", (int)g->level);
}

#if ZARRC_HAVE_DEFLATE

/* -------------------------------------------------------------------------------------------------- a member */

/* Compares the trailer of a member with what it decoded to. */
static zarrc_status check_trailer(const zarrc_gzip_member *m, const uint8_t *p, size_t n, const uint8_t *decoded,
                                  size_t ndecoded, zarrc_error *error) {
  if (n < GZIP_TRAILER_NBYTES) return zarrc_gzip_member_fail(m, ZARRC_TRUNCATED, "the checksum is cut off", error);
  uint32_t stored = zarrc_load_le32(p), computed = zarrc_crc32(0, decoded, ndecoded);
  if (stored != computed)
    return zarrc_fail(error, ZARRC_CHECKSUM, "member %zu at byte %zu: CRC-32 is %08x, stored is %08x", m->number, m->at,
                      computed, stored);
  stored = zarrc_load_le32(p + 4);
  if (stored != (uint32_t)ndecoded)
    return zarrc_fail(error, ZARRC_CHECKSUM, "member %zu at byte %zu: %zu bytes decoded, its length says %u", m->number,
                      m->at, ndecoded, stored);
  return ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------- decode */

/* Returns the length that the last member states, modulo 2^32. If there is only one member this is the total. */
static uint32_t length_stated(const zarrc_bytes *in) {
  return in->len >= GZIP_TRAILER_NBYTES ? zarrc_load_le32(in->ptr + in->len - 4) : 0;
}

/* Returns whether there may be a second member: what looks like its header can also be compressed data. */
static bool second_member(const zarrc_bytes *in) {
  const uint8_t *p = in->ptr + 1, *end = in->ptr + in->len;
  while (end - p > 2 && (p = memchr(p + 1, 0x8b, (size_t)(end - p) - 2)))
    if (p[-1] == 0x1f && p[1] == 8) return true;
  return false;
}

static bool gzip_states_size(const zarrc_codec *codec, const zarrc_bytes *in, uint64_t nbytes) {
  (void)codec;
  return length_stated(in) == (uint32_t)nbytes && nbytes / ZARRC_DEFLATE_MAX_RATIO <= in->len && !second_member(in);
}

/* Estimates the decoded length: what is stated, if that is possible. */
static size_t length_guess(const zarrc_bytes *in, size_t bound) {
  size_t guess = length_stated(in);
  if (guess > bound || guess < in->len / 2) guess = bound / 4 < in->len ? bound : 4 * in->len;
  return guess;
}

/* Decodes the stream of a member, and names the member where it is damaged. */
static zarrc_status inflate_member(zarrc_inflater *d, zarrc_inflating *t, const zarrc_gzip_member *m,
                                   zarrc_error *error) {
  zarrc_status status = zarrc_inflate(d, t, error);
  if (status == ZARRC_CORRUPT || status == ZARRC_TRUNCATED)
    zarrc_error_prefix(error, "member %zu at byte %zu: ", m->number, m->at);
  return status;
}

static zarrc_status gzip_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                zarrc_error *error) {
  size_t bound = zarrc_inflate_bound(in->len, out), guess = length_guess(in, bound);
  zarrc_gzip_member m = {1, 0};
  zarrc_inflater d = {.ctx = zarrc_codec_ctx(codec)};
  zarrc_inflating t = {.need = need > out->max ? SIZE_MAX : need, .bound = bound, .out = out};
  d.stream = zarrc_inflate_by_stream(t.need, guess);
  if (!in->len) return ZARRC_OK; /* no member and no bytes: the caller finds out if the chunk should have some */
  zarrc_status status = zarrc_buf_reserve(out, t.need < guess ? t.need : guess, error);
  if (!status) status = zarrc_inflater_open(&d, error);
  if (status) return status;
  for (size_t at = 0; !status && at < in->len; m.number++) {
    size_t used = 0, first = out->len;
    m.at = at;
    status = zarrc_gzip_header_skip(&m, in->ptr + at, in->len - at, &used, error);
    if (status) break;
    at += used;
    t.in = in->ptr + at;
    t.n = in->len - at;
    status = inflate_member(&d, &t, &m, error);
    if (status || t.enough) break;
    at += t.used;
    const uint8_t *decoded = first < out->len ? out->ptr + first : NULL;
    status = check_trailer(&m, in->ptr + at, in->len - at, decoded, out->len - first, error);
    for (at += GZIP_TRAILER_NBYTES; at < in->len && !in->ptr[at];) at++;
  }
  zarrc_inflater_close(&d);
  return status;
}

/* ---------------------------------------------------------------------------------------------- encode */

/* Encodes p->in as one member. */
static zarrc_status deflate_member(zarrc_ctx *ctx, int level, zarrc_parts *parts, zarrc_one_piece *p, size_t *made,
                                   zarrc_error *error) {
  static const uint8_t header[GZIP_HEADER_NBYTES] = {0x1f, 0x8b, 8};
  zarrc_deflating t = {level, sizeof header, GZIP_TRAILER_NBYTES};
  zarrc_status status = zarrc_deflate(ctx, &t, parts, p, made, error);
  if (status) return status;
  memcpy(p->memory, header, sizeof header);
  zarrc_store_le32(p->memory + *made - 8, zarrc_crc32(0, p->in.ptr, p->in.len));
  zarrc_store_le32(p->memory + *made - 4, (uint32_t)p->in.len);
  return ZARRC_OK;
}

static zarrc_status gzip_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  const gzip *g = zarrc_codec_instance(codec);
  int level = g->level < 0 ? DEFAULT_LEVEL : (int)g->level;
  zarrc_one_piece p;
  size_t made = 0;
  zarrc_status status = zarrc_one_piece_join(&p, parts, error);
  if (!status)
    status = zarrc_gzip_fast(zarrc_codec_ctx(codec), level,
                             (size_t)zarrc_codec_encoded_size(codec, NULL, p.in.len).nbytes, parts, &p, &made, error);
  if (!status && !made) status = deflate_member(zarrc_codec_ctx(codec), level, parts, &p, &made, error);
  if (status) {
    zarrc_parts_clear(&p.made);
    return status;
  }
  p.memory[8] = level == 9 ? 2 : level == 1 ? 4 : 0; /* XFL: best, fastest, neither */
  p.memory[9] = 255;                                 /* OS: unknown */
  return zarrc_one_piece_end(&p, parts, made, error);
}

static zarrc_size gzip_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return zarrc_size_at_most(nbytes, nbytes / 512 + 128);
}

#define MISSING_LIBRARY NULL

#else

#define MISSING_LIBRARY   "libdeflate and zlib"
#define gzip_encode       NULL
#define gzip_decode       NULL
#define gzip_encoded_size NULL
#define gzip_states_size  NULL

#endif

/* Of anything but nothing: its header, the shortest deflate stream and its trailer. */
static uint64_t gzip_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return nbytes > 0 ? 20 : 0;
}

/* Of this name, and of numcodecs: these have other settings and defaults. */
#define GZIP_CLASS(class_name, open_fn, to_json_fn)                                                                    \
  {                                                                                                                    \
    .struct_size = sizeof(zarrc_codec_class), .name = class_name, .kind = ZARRC_BYTES_TO_BYTES,                        \
    .self_describing = true, .instance_size = sizeof(gzip), .missing_library = MISSING_LIBRARY, .open = open_fn,       \
    .to_json = to_json_fn, .equal = gzip_equal, .encoded_size = gzip_encoded_size,                                     \
    .least_encoded_size = gzip_least_encoded_size,                                                                     \
    .u.bb = {.encode = gzip_encode, .decode = gzip_decode, .states_size = gzip_states_size},                           \
  }
const zarrc_codec_class zarrc_gzip_class = GZIP_CLASS("gzip", gzip_open, gzip_to_json);
const zarrc_codec_class zarrc_numcodecs_gzip_class =
    GZIP_CLASS("numcodecs.gzip", zarrc_numcodecs_gzip_open, zarrc_numcodecs_gzip_to_json);
