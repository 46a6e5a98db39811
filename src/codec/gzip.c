/* SPDX-License-Identifier: MIT */
/*
 * gzip (RFC 1952). Writes one member without time and name. Reads any number of members, with zeros between and after
 * them. libdeflate decodes whole members; zlib is used if the reader may stop early, or if there is no libdeflate.
 */
#include "base/checked.h"
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/gzip_fast.h"
#include "codec/gzip_member.h"
#include "codec/library.h"
#include "codec/one_piece.h"

#include <string.h>

#if ZARRC_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#if ZARRC_HAVE_ZLIB
#include <zlib.h>
#endif

#define GZIP_TRAILER_NBYTES 8u
/* Two bits of a deflate stream decode to 258 bytes at most. */
#define GZIP_MAX_RATIO 1032u
/* Values that decode to more than this are decoded by zlib, so that they can be canceled. */
#define LONG_NBYTES ((size_t)1 << 28)

typedef zarrc_gzip_config gzip;

const char *zarrc_libdeflate_version(void) {
#if ZARRC_HAVE_LIBDEFLATE
  return LIBDEFLATE_VERSION_STRING;
#else
  return NULL;
#endif
}

const char *zarrc_zlib_version(void) {
#if ZARRC_HAVE_ZLIB
  return zlibVersion();
#else
  return NULL;
#endif
}

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

#if ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB

/* -------------------------------------------------------------------------------------------------- a member */

static uint32_t gzip_crc32(const uint8_t *p, size_t n) {
#if ZARRC_HAVE_LIBDEFLATE
  return libdeflate_crc32(0, p, n);
#else
  return (uint32_t)crc32_z(0, p, n);
#endif
}

/* Compares the trailer of a member with what it decoded to. */
static zarrc_status check_trailer(const zarrc_gzip_member *m, const uint8_t *p, size_t n, const uint8_t *decoded,
                                  size_t ndecoded, zarrc_error *error) {
  if (n < GZIP_TRAILER_NBYTES) return zarrc_gzip_member_fail(m, ZARRC_TRUNCATED, "the checksum is cut off", error);
  uint32_t stored = zarrc_load_le32(p), computed = ndecoded ? gzip_crc32(decoded, ndecoded) : 0;
  if (stored != computed)
    return zarrc_fail(error, ZARRC_CHECKSUM, "member %zu at byte %zu: CRC-32 is %08x, stored is %08x", m->number, m->at,
                      computed, stored);
  stored = zarrc_load_le32(p + 4);
  if (stored != (uint32_t)ndecoded)
    return zarrc_fail(error, ZARRC_CHECKSUM, "member %zu at byte %zu: %zu bytes decoded, its length says %u", m->number,
                      m->at, ndecoded, stored);
  return ZARRC_OK;
}

static zarrc_status too_long(const zarrc_buf *out, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "decodes to more than %zu bytes", out->max);
}

/* Returns the most bytes that n bytes can decode to, up to what is allowed. */
static size_t decoded_bound(size_t n, const zarrc_buf *out) {
  size_t bound;
  return zarrc_mul_size(n, GZIP_MAX_RATIO, &bound) && bound < out->max ? bound : out->max;
}

/* The compressed data of a member, and where it is decoded to. */
typedef struct inflating {
  const zarrc_gzip_member *member;
  const uint8_t *in;
  size_t n;
  size_t need, bound; /* bytes of the output after which the decoder may stop; the most that it can have */
  zarrc_buf *out;
  size_t used; /* set: length of the compressed data */
  bool enough; /* set: the decoder stopped early */
} inflating;

/* Doubles the capacity of out, up to bound; *grown = false: it has that capacity already. */
static zarrc_status grow_out(zarrc_buf *out, size_t bound, bool *grown, zarrc_error *error) {
  size_t more = out->cap < 65536 ? 65536 : out->cap;
  *grown = out->cap < bound;
  if (!*grown) return ZARRC_OK;
  if (more > bound - out->cap) more = bound - out->cap;
  return zarrc_buf_reserve(out, out->cap - out->len + more, error);
}

/* ---------------------------------------------------------------------------------------------- zlib */

#if ZARRC_HAVE_ZLIB

static void *stream_alloc(void *ctx, unsigned n, unsigned size) {
  return zarrc_malloc(ctx, (size_t)n * size);
}

static void stream_free(void *ctx, void *p) {
  zarrc_free(ctx, p);
}

/* Returns how many bytes to pass to zlib between two checks for cancellation. */
static unsigned stream_some(size_t n) {
  return n < 1u << 23 ? (unsigned)n : 1u << 23;
}

/* The key of idle streams. A new stream allocates and clears about 40 KiB. */
static const char stream_key = 0;

static void close_stream(void *object) {
  z_stream *z = object;
  zarrc_ctx *ctx = z->opaque;
  inflateEnd(z);
  zarrc_free(ctx, z);
}

/* Takes an idle stream or makes one; NULL: there is no memory. zlib's state points to the struct, so it must not
 * move. */
static z_stream *take_stream(zarrc_ctx *ctx, zarrc_error *error) {
  z_stream *z = zarrc_warm_take(ctx, &stream_key);
  if (z && inflateReset(z) == Z_OK) return z;
  if (z) close_stream(z);
  z = zarrc_malloc(ctx, sizeof *z);
  if (z) *z = (z_stream){.zalloc = stream_alloc, .zfree = stream_free, .opaque = ctx};
  if (z && inflateInit2(z, -15) == Z_OK) return z;
  zarrc_free(ctx, z);
  zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for zlib");
  return NULL;
}

static void give_stream(zarrc_ctx *ctx, z_stream *z) {
  zarrc_warm_give(ctx, &stream_key, z, close_stream);
}

/* Fails with the reason why inflate stopped before the end of the stream. */
static zarrc_status fail_stream(const zarrc_gzip_member *m, const z_stream *z, int result, zarrc_error *error) {
  if (result == Z_MEM_ERROR) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for zlib");
  if (result == Z_BUF_ERROR || result == Z_OK)
    return zarrc_gzip_member_fail(m, ZARRC_TRUNCATED, "the compressed data is cut off", error);
  return zarrc_gzip_member_fail(m, ZARRC_CORRUPT, z->msg ? z->msg : "bad compressed data", error);
}

static zarrc_status inflate_stream(inflating *t, z_stream *z, zarrc_error *error) {
  zarrc_buf *out = t->out;
  size_t at = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    uint8_t beyond;
    size_t end = t->need < out->cap ? t->need : out->cap;
    size_t room = end - out->len;
    if ((t->enough = out->len >= t->need)) return ZARRC_OK;
    zarrc_status status = zarrc_ctx_check_canceled(z->opaque, error);
    if (status) return status;
    if (!room) {
      bool grown;
      status = grow_out(out, t->bound, &grown, error);
      if (status) return status;
      if (grown) continue;
    }
    z->next_in = (z_const Bytef *)(t->in + at);
    z->avail_in = stream_some(t->n - at);
    z->next_out = room ? out->ptr + out->len : &beyond;
    z->avail_out = room ? stream_some(room) : 1;
    unsigned in_before = z->avail_in, out_before = z->avail_out;
    result = inflate(z, Z_NO_FLUSH);
    at += in_before - z->avail_in;
    if (!room && z->avail_out == 0) return too_long(out, error);
    if (room) out->len += out_before - z->avail_out;
  }
  if (result != Z_STREAM_END) return fail_stream(t->member, z, result, error);
  t->used = at;
  return ZARRC_OK;
}

#endif

/* ---------------------------------------------------------------------------------------------- libdeflate */

#if ZARRC_HAVE_LIBDEFLATE

/* The keys of idle objects. */
static const char decompressor_key = 0;
static const char compressor_keys[10] = {0};

static void free_decompressor(void *d) {
  libdeflate_free_decompressor(d);
}

static void free_compressor(void *c) {
  libdeflate_free_compressor(c);
}

/* Finds out what is wrong. libdeflate cannot tell damage, truncation and too much output apart (it reads zeros after
 * the end); zlib can. */
static zarrc_status fail_whole(zarrc_ctx *ctx, const inflating *t, enum libdeflate_result why, zarrc_error *error) {
  const zarrc_buf *out = t->out;
#if ZARRC_HAVE_ZLIB
  uint8_t trash[4096];
  size_t room = out->max - out->len;
  z_stream *z = take_stream(ctx, error);
  int result = Z_OK;
  (void)why;
  if (!z) return ZARRC_NO_MEMORY;
  for (size_t at = 0; result == Z_OK && z->total_out <= room; at = (size_t)(z->next_in - t->in)) {
    z->next_in = (z_const Bytef *)(t->in + at);
    z->avail_in = stream_some(t->n - at);
    z->next_out = trash;
    z->avail_out = sizeof trash;
    result = inflate(z, Z_NO_FLUSH);
  }
  zarrc_status status = z->total_out > room ? too_long(out, error) : fail_stream(t->member, z, result, error);
  give_stream(ctx, z);
  return status;
#else
  (void)ctx;
  if (why == LIBDEFLATE_INSUFFICIENT_SPACE) return too_long(out, error);
  return zarrc_gzip_member_fail(t->member, ZARRC_CORRUPT, "bad compressed data, or it is cut off", error);
#endif
}

static zarrc_status inflate_whole(zarrc_ctx *ctx, inflating *t, struct libdeflate_decompressor *d, zarrc_error *error) {
  zarrc_buf *out = t->out;
  uint8_t nothing;
  for (;;) {
    size_t made;
    enum libdeflate_result result = libdeflate_deflate_decompress_ex(
        d, t->in, t->n, out->cap ? out->ptr + out->len : &nothing, out->cap - out->len, &t->used, &made);
    if (result == LIBDEFLATE_SUCCESS) {
      out->len += made;
      return ZARRC_OK;
    }
    bool grown = false;
    zarrc_status status = ZARRC_OK;
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) status = grow_out(out, t->bound, &grown, error);
    if (status) return status;
    if (!grown) return fail_whole(ctx, t, result, error);
  }
}

#endif

/* ---------------------------------------------------------------------------------------------- decode */

typedef struct decoder {
  zarrc_ctx *ctx;
  bool stream; /* decode with zlib */
#if ZARRC_HAVE_ZLIB
  z_stream *z;
#endif
#if ZARRC_HAVE_LIBDEFLATE
  struct libdeflate_decompressor *whole;
#endif
} decoder;

static zarrc_status open_decoder(decoder *d, zarrc_error *error) {
#if ZARRC_HAVE_ZLIB
  if (d->stream) {
    d->z = take_stream(d->ctx, error);
    return d->z ? ZARRC_OK : ZARRC_NO_MEMORY;
  }
#endif
#if ZARRC_HAVE_LIBDEFLATE
  d->whole = zarrc_warm_take(d->ctx, &decompressor_key);
  if (!d->whole) d->whole = libdeflate_alloc_decompressor();
  if (!d->whole) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for libdeflate");
#endif
  return ZARRC_OK;
}

static void close_decoder(decoder *d) {
#if ZARRC_HAVE_ZLIB
  if (d->stream) {
    give_stream(d->ctx, d->z);
    return;
  }
#endif
#if ZARRC_HAVE_LIBDEFLATE
  zarrc_warm_give(d->ctx, &decompressor_key, d->whole, free_decompressor);
#endif
}

static zarrc_status inflate_with(decoder *d, inflating *t, zarrc_error *error) {
#if ZARRC_HAVE_ZLIB
  if (d->stream) {
    if (t->member->number > 1) inflateReset(d->z);
    return inflate_stream(t, d->z, error);
  }
#endif
#if ZARRC_HAVE_LIBDEFLATE
  return inflate_whole(d->ctx, t, d->whole, error);
#else
  return ZARRC_INTERNAL;
#endif
}

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
  return length_stated(in) == (uint32_t)nbytes && nbytes / GZIP_MAX_RATIO <= in->len && !second_member(in);
}

/* Estimates the decoded length: what is stated, if that is possible. */
static size_t length_guess(const zarrc_bytes *in, size_t bound) {
  size_t guess = length_stated(in);
  if (guess > bound || guess < in->len / 2) guess = bound / 4 < in->len ? bound : 4 * in->len;
  return guess;
}

/* Returns whether to use zlib. It takes two to three times as long as libdeflate, but can stop early or when
 * canceled. */
static bool stream_is_better(size_t need, size_t guess) {
  return ZARRC_HAVE_ZLIB && (!ZARRC_HAVE_LIBDEFLATE || need < guess / 8 * 3 || guess > LONG_NBYTES);
}

static zarrc_status gzip_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                zarrc_error *error) {
  size_t bound = decoded_bound(in->len, out), guess = length_guess(in, bound);
  zarrc_gzip_member m = {1, 0};
  decoder d = {.ctx = zarrc_codec_ctx(codec)};
  inflating t = {.member = &m, .need = need > out->max ? SIZE_MAX : need, .bound = bound, .out = out};
  d.stream = stream_is_better(t.need, guess);
  if (!in->len) return ZARRC_OK; /* no member and no bytes: the caller finds out if the chunk should have some */
  zarrc_status status = zarrc_buf_reserve(out, t.need < guess ? t.need : guess, error);
  if (!status) status = open_decoder(&d, error);
  if (status) return status;
  for (size_t at = 0; !status && at < in->len; m.number++) {
    size_t used = 0, first = out->len;
    m.at = at;
    status = zarrc_gzip_header_skip(&m, in->ptr + at, in->len - at, &used, error);
    if (status) break;
    at += used;
    t.in = in->ptr + at;
    t.n = in->len - at;
    status = inflate_with(&d, &t, error);
    if (status || t.enough) break;
    at += t.used;
    const uint8_t *decoded = first < out->len ? out->ptr + first : NULL;
    status = check_trailer(&m, in->ptr + at, in->len - at, decoded, out->len - first, error);
    for (at += GZIP_TRAILER_NBYTES; at < in->len && !in->ptr[at];) at++;
  }
  close_decoder(&d);
  return status;
}

/* ---------------------------------------------------------------------------------------------- encode */

#if ZARRC_HAVE_LIBDEFLATE && ZARRC_HAVE_ZLIB

/* libdeflate cannot be interrupted, so larger inputs are compressed in parts of this size. */
static size_t part_nbytes(int level) {
  return (size_t)(level >= 9 ? 4 : level >= 7 ? 8 : level >= 4 ? 12 : 24) << 20;
}

/* Finds the bit at which the last block of a deflate stream begins, and the number of unused bits in its last byte. */
static zarrc_status find_last_block(zarrc_ctx *ctx, const uint8_t *p, size_t n, size_t ndecoded, uint64_t *bit,
                                    unsigned *unused, zarrc_error *error) {
  uint8_t trash[16384];
  z_stream *z = take_stream(ctx, error);
  if (!z) return ZARRC_NO_MEMORY;
  bool is_last = p[0] & 1, found = false;
  z->next_in = (z_const Bytef *)p;
  z->avail_in = (unsigned)n;
  *bit = 0;
  for (int result = Z_OK; result == Z_OK && !found;) {
    z->next_out = trash;
    z->avail_out = sizeof trash;
    result = inflate(z, Z_BLOCK);
    if (!(z->data_type & 128)) continue; /* not at the end of a block */
    *unused = (unsigned)z->data_type & 7;
    found = is_last;
    if (found || z->next_in == p) continue;
    *bit = 8 * (uint64_t)(z->next_in - p) - *unused;
    is_last = p[*bit / 8] >> *bit % 8 & 1;
  }
  found = found && z->avail_in == 0 && z->total_out == ndecoded;
  give_stream(ctx, z);
  return found ? ZARRC_OK : zarrc_fail(error, ZARRC_INTERNAL, "zlib finds no end of what libdeflate made");
}

/* Makes a member whose deflate stream is a sequence of those of the parts. */
static zarrc_status deflate_parts(zarrc_ctx *ctx, int level, struct libdeflate_compressor *c, zarrc_parts *parts,
                                  zarrc_one_piece *p, size_t *made, zarrc_error *error) {
  static const uint8_t header[10] = {0x1f, 0x8b, 8};
  size_t part = part_nbytes(level), at = sizeof header, used;
  size_t each = libdeflate_deflate_compress_bound(c, part) + ZARRC_DEFLATE_CONTINUE_NBYTES;
  size_t bound = at + (p->in.len / part + 1) * each + GZIP_TRAILER_NBYTES;
  zarrc_status status = zarrc_one_piece_add(p, parts, bound, error);
  if (!status) memcpy(p->memory, header, sizeof header);
  for (size_t done = 0, n; !status && done < p->in.len; done += n, at += used) {
    uint8_t *to = p->memory + at;
    uint64_t last;
    unsigned unused;
    n = p->in.len - done < part ? p->in.len - done : part;
    status = zarrc_ctx_check_canceled(ctx, error);
    if (status) break;
    used = libdeflate_deflate_compress(c, p->in.ptr + done, n, to, each - ZARRC_DEFLATE_CONTINUE_NBYTES);
    if (!used) return zarrc_fail(error, ZARRC_INTERNAL, "libdeflate: %zu bytes do not fit into %zu", n, each);
    if (done + n == p->in.len) continue;
    status = find_last_block(ctx, to, used, n, &last, &unused, error);
    if (!status) used = zarrc_deflate_continue(to, used, last, unused);
  }
  if (status) return status;
  zarrc_store_le32(p->memory + at, gzip_crc32(p->in.ptr, p->in.len));
  zarrc_store_le32(p->memory + at + 4, (uint32_t)p->in.len);
  *made = at + GZIP_TRAILER_NBYTES;
  return ZARRC_OK;
}

static bool takes_long(int level, size_t n) {
  return n > 4 * part_nbytes(level);
}

#elif ZARRC_HAVE_LIBDEFLATE

#define takes_long(level, n)                                false
#define deflate_parts(ctx, level, c, parts, p, made, error) ZARRC_INTERNAL

#endif

#if ZARRC_HAVE_LIBDEFLATE

static zarrc_status deflate_whole(struct libdeflate_compressor *c, zarrc_parts *parts, zarrc_one_piece *p, size_t *made,
                                  zarrc_error *error) {
  size_t bound = libdeflate_gzip_compress_bound(c, p->in.len);
  zarrc_status status = zarrc_one_piece_add(p, parts, bound, error);
  if (status) return status;
  *made = libdeflate_gzip_compress(c, p->in.ptr, p->in.len, p->memory, bound);
  if (*made) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INTERNAL, "libdeflate: %zu bytes do not fit into %zu", p->in.len, bound);
}

static zarrc_status deflate_piece(zarrc_ctx *ctx, int level, zarrc_parts *parts, zarrc_one_piece *p, size_t *made,
                                  zarrc_error *error) {
  const void *key = &compressor_keys[level];
  struct libdeflate_compressor *c = zarrc_warm_take(ctx, key);
  if (!c) c = libdeflate_alloc_compressor(level);
  if (!c) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for libdeflate");
  zarrc_status status = takes_long(level, p->in.len) ? deflate_parts(ctx, level, c, parts, p, made, error)
                                                     : deflate_whole(c, parts, p, made, error);
  zarrc_warm_give(ctx, key, c, free_compressor);
  return status;
}

#else

static zarrc_status deflate_piece(zarrc_ctx *ctx, int level, zarrc_parts *parts, zarrc_one_piece *p, size_t *made,
                                  zarrc_error *error) {
  z_stream z = {.zalloc = stream_alloc, .zfree = stream_free, .opaque = ctx};
  size_t at = 0;
  int result = Z_OK;
  if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for zlib");
  size_t bound = deflateBound(&z, p->in.len);
  zarrc_status status = zarrc_one_piece_add(p, parts, bound, error);
  for (*made = 0; !status && result == Z_OK;) {
    if ((status = zarrc_ctx_check_canceled(ctx, error))) break;
    z.next_in = (z_const Bytef *)(p->in.ptr + at);
    z.avail_in = stream_some(p->in.len - at);
    z.next_out = p->memory + *made;
    z.avail_out = stream_some(bound - *made);
    unsigned in_before = z.avail_in, out_before = z.avail_out;
    result = deflate(&z, in_before == p->in.len - at ? Z_FINISH : Z_NO_FLUSH);
    at += in_before - z.avail_in;
    *made += out_before - z.avail_out;
  }
  if (!status && result != Z_STREAM_END)
    status = zarrc_fail(error, ZARRC_INTERNAL, "zlib: %zu bytes do not fit into %zu", p->in.len, bound);
  deflateEnd(&z);
  return status;
}

#endif

static zarrc_status gzip_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  const gzip *g = zarrc_codec_instance(codec);
  zarrc_one_piece p;
  size_t made = 0;
  zarrc_status status = zarrc_one_piece_join(&p, parts, error);
  if (!status)
    status = zarrc_gzip_fast(zarrc_codec_ctx(codec), (int)g->level,
                             (size_t)zarrc_codec_encoded_size(codec, NULL, p.in.len).nbytes, parts, &p, &made, error);
  if (!status && !made) status = deflate_piece(zarrc_codec_ctx(codec), (int)g->level, parts, &p, &made, error);
  if (status) {
    zarrc_parts_clear(&p.made);
    return status;
  }
  p.memory[8] = g->level == 9 ? 2 : g->level == 1 ? 4 : 0; /* XFL: best, fastest, neither */
  p.memory[9] = 255;                                       /* OS: unknown */
  return zarrc_one_piece_end(&p, parts, made, error);
}

static zarrc_size gzip_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  uint64_t most;
  if (!zarrc_add_u64(nbytes, nbytes / 512 + 128, &most)) return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
  return (zarrc_size){ZARRC_SIZE_AT_MOST, most};
}

#else

#define gzip_encode       NULL
#define gzip_decode       NULL
#define gzip_encoded_size NULL
#define gzip_states_size  NULL

#endif

const zarrc_codec_class zarrc_gzip_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "gzip",
    .kind = ZARRC_BYTES_TO_BYTES,
    .instance_size = sizeof(gzip),
#if !ZARRC_HAVE_LIBDEFLATE && !ZARRC_HAVE_ZLIB
    .missing_library = "libdeflate and zlib",
#endif
    .open = gzip_open,
    .to_json = gzip_to_json,
    .equal = gzip_equal,
    .encoded_size = gzip_encoded_size,
    .u.bb = {.encode = gzip_encode, .decode = gzip_decode, .states_size = gzip_states_size},
};
