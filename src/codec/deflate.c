/* SPDX-License-Identifier: MIT */
/*
 * Deflate streams, and the checksums of gzip and zlib. No other file calls libdeflate or zlib. libdeflate decodes whole
 * streams; zlib is used if the reader may stop early, or if there is no libdeflate.
 */
#include "codec/deflate.h"
#include "base/checked.h"
#include "codec/gzip_member.h"
#include "codec/library.h"
#include "codec/stream.h"

#include <string.h>

#if ZARRC_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#if ZARRC_HAVE_ZLIB
#include <zlib.h>
#endif

/* Values that decode to more than this are decoded by zlib, so that they can be canceled. */
#define LONG_NBYTES ((size_t)1 << 28)

typedef zarrc_inflating inflating;

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

#if ZARRC_HAVE_DEFLATE

uint32_t zarrc_crc32(uint32_t crc, const void *bytes, size_t n) {
  if (n == 0) return crc; /* without bytes both libraries may start again */
#if ZARRC_HAVE_LIBDEFLATE
  return libdeflate_crc32(crc, bytes, n);
#else
  return (uint32_t)crc32_z(crc, bytes, n);
#endif
}

uint32_t zarrc_adler32(uint32_t adler, const void *bytes, size_t n) {
  if (n == 0) return adler;
#if ZARRC_HAVE_LIBDEFLATE
  return libdeflate_adler32(adler, bytes, n);
#else
  return (uint32_t)adler32_z(adler, bytes, n);
#endif
}

/* -------------------------------------------------------------------------------------------------- decode */

size_t zarrc_inflate_bound(size_t n, const zarrc_buf *out) {
  size_t bound;
  return zarrc_mul_size(n, ZARRC_DEFLATE_MAX_RATIO, &bound) && bound < out->max ? bound : out->max;
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
static zarrc_status fail_stream(const z_stream *z, int result, zarrc_error *error) {
  if (result == Z_MEM_ERROR) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for zlib");
  if (result == Z_BUF_ERROR || result == Z_OK)
    return zarrc_fail(error, ZARRC_TRUNCATED, "the compressed data is cut off");
  return zarrc_fail(error, ZARRC_CORRUPT, "%s", z->msg ? z->msg : "bad compressed data");
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
      status = zarrc_stream_grow(out, t->bound, &grown, error);
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
    if (!room && z->avail_out == 0) return zarrc_stream_too_long(out, error);
    if (room) out->len += out_before - z->avail_out;
  }
  if (result != Z_STREAM_END) return fail_stream(z, result, error);
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
  zarrc_status status = z->total_out > room ? zarrc_stream_too_long(out, error) : fail_stream(z, result, error);
  give_stream(ctx, z);
  return status;
#else
  (void)ctx;
  if (why == LIBDEFLATE_INSUFFICIENT_SPACE) return zarrc_stream_too_long(out, error);
  return zarrc_fail(error, ZARRC_CORRUPT, "bad compressed data, or it is cut off");
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
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) status = zarrc_stream_grow(out, t->bound, &grown, error);
    if (status) return status;
    if (!grown) return fail_whole(ctx, t, result, error);
  }
}

#endif

zarrc_status zarrc_inflater_open(zarrc_inflater *d, zarrc_error *error) {
#if ZARRC_HAVE_ZLIB
  if (d->stream) {
    d->object = take_stream(d->ctx, error);
    return d->object ? ZARRC_OK : ZARRC_NO_MEMORY;
  }
#endif
#if ZARRC_HAVE_LIBDEFLATE
  d->object = zarrc_warm_take(d->ctx, &decompressor_key);
  if (!d->object) d->object = libdeflate_alloc_decompressor();
  if (!d->object) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for libdeflate");
#endif
  return ZARRC_OK;
}

void zarrc_inflater_close(zarrc_inflater *d) {
#if ZARRC_HAVE_ZLIB
  if (d->stream) {
    give_stream(d->ctx, d->object);
    return;
  }
#endif
#if ZARRC_HAVE_LIBDEFLATE
  zarrc_warm_give(d->ctx, &decompressor_key, d->object, free_decompressor);
#endif
}

zarrc_status zarrc_inflate(zarrc_inflater *d, zarrc_inflating *t, zarrc_error *error) {
  t->used = 0;
#if ZARRC_HAVE_ZLIB
  if (d->stream) {
    inflateReset(d->object);
    return inflate_stream(t, d->object, error);
  }
#endif
#if ZARRC_HAVE_LIBDEFLATE
  return inflate_whole(d->ctx, t, d->object, error);
#else
  return ZARRC_INTERNAL;
#endif
}

/* zlib takes two to three times as long as libdeflate, but can stop early or when canceled. */
bool zarrc_inflate_by_stream(size_t need, size_t guess) {
  return ZARRC_HAVE_ZLIB && (!ZARRC_HAVE_LIBDEFLATE || need < guess / 8 * 3 || guess > LONG_NBYTES);
}

/* -------------------------------------------------------------------------------------------------- encode */

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

/* Makes a deflate stream that is a sequence of those of the parts. */
static zarrc_status deflate_parts(zarrc_ctx *ctx, int level, struct libdeflate_compressor *c, zarrc_parts *parts,
                                  const zarrc_deflating *t, zarrc_one_piece *p, size_t *made, zarrc_error *error) {
  size_t part = part_nbytes(level), at = t->before, used;
  size_t each = libdeflate_deflate_compress_bound(c, part) + ZARRC_DEFLATE_CONTINUE_NBYTES;
  size_t bound = at + (p->in.len / part + 1) * each + t->after;
  zarrc_status status = zarrc_one_piece_add(p, parts, bound, error);
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
  *made = at + t->after;
  return status;
}

static bool takes_long(int level, size_t n) {
  return n > 4 * part_nbytes(level);
}

#elif ZARRC_HAVE_LIBDEFLATE

#define takes_long(level, n)                                   false
#define deflate_parts(ctx, level, c, parts, t, p, made, error) ZARRC_INTERNAL

#endif

#if ZARRC_HAVE_LIBDEFLATE

static zarrc_status deflate_whole(struct libdeflate_compressor *c, zarrc_parts *parts, const zarrc_deflating *t,
                                  zarrc_one_piece *p, size_t *made, zarrc_error *error) {
  size_t bound = libdeflate_deflate_compress_bound(c, p->in.len);
  zarrc_status status = zarrc_one_piece_add(p, parts, t->before + bound + t->after, error);
  if (status) return status;
  *made = libdeflate_deflate_compress(c, p->in.ptr, p->in.len, p->memory + t->before, bound);
  if (!*made) return zarrc_fail(error, ZARRC_INTERNAL, "libdeflate: %zu bytes do not fit into %zu", p->in.len, bound);
  *made += t->before + t->after;
  return ZARRC_OK;
}

zarrc_status zarrc_deflate(zarrc_ctx *ctx, const zarrc_deflating *t, zarrc_parts *parts, zarrc_one_piece *p,
                           size_t *made, zarrc_error *error) {
  const void *key = &compressor_keys[t->level];
  struct libdeflate_compressor *c = zarrc_warm_take(ctx, key);
  if (!c) c = libdeflate_alloc_compressor(t->level);
  if (!c) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for libdeflate");
  zarrc_status status = takes_long(t->level, p->in.len) ? deflate_parts(ctx, t->level, c, parts, t, p, made, error)
                                                        : deflate_whole(c, parts, t, p, made, error);
  zarrc_warm_give(ctx, key, c, free_compressor);
  return status;
}

#else

zarrc_status zarrc_deflate(zarrc_ctx *ctx, const zarrc_deflating *t, zarrc_parts *parts, zarrc_one_piece *p,
                           size_t *made, zarrc_error *error) {
  z_stream z = {.zalloc = stream_alloc, .zfree = stream_free, .opaque = ctx};
  size_t at = 0, done = 0;
  int result = Z_OK;
  if (deflateInit2(&z, t->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for zlib");
  size_t bound = deflateBound(&z, p->in.len);
  zarrc_status status = zarrc_one_piece_add(p, parts, t->before + bound + t->after, error);
  while (!status && result == Z_OK) {
    if ((status = zarrc_ctx_check_canceled(ctx, error))) break;
    z.next_in = (z_const Bytef *)(p->in.ptr + at);
    z.avail_in = stream_some(p->in.len - at);
    z.next_out = p->memory + t->before + done;
    z.avail_out = stream_some(bound - done);
    unsigned in_before = z.avail_in, out_before = z.avail_out;
    result = deflate(&z, in_before == p->in.len - at ? Z_FINISH : Z_NO_FLUSH);
    at += in_before - z.avail_in;
    done += out_before - z.avail_out;
  }
  if (!status && result != Z_STREAM_END)
    status = zarrc_fail(error, ZARRC_INTERNAL, "zlib: %zu bytes do not fit into %zu", p->in.len, bound);
  deflateEnd(&z);
  *made = t->before + done + t->after;
  return status;
}

#endif

#else

uint32_t zarrc_crc32(uint32_t crc, const void *bytes, size_t n) {
  (void)bytes, (void)n;
  return crc;
}

uint32_t zarrc_adler32(uint32_t adler, const void *bytes, size_t n) {
  (void)bytes, (void)n;
  return adler;
}

#endif
