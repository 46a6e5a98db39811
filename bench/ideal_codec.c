/* SPDX-License-Identifier: MIT */
#include "ideal.h"

#include <blosc.h>
#include <isa-l.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct ideal_codec {
  ideal_chain chain;
  ZSTD_CCtx *compress;
  ZSTD_DCtx *decompress;
  struct libdeflate_compressor *deflate;
  struct libdeflate_decompressor *inflate;
};

ideal_codec *ideal_codec_open(const ideal_chain *chain) {
  ideal_codec *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->chain = *chain;
  if (chain->library == IDEAL_ZSTD) {
    c->compress = ZSTD_createCCtx();
    c->decompress = ZSTD_createDCtx();
  } else if (chain->library == IDEAL_GZIP || chain->library == IDEAL_STREAM) {
    c->deflate = libdeflate_alloc_compressor(chain->level);
    c->inflate = libdeflate_alloc_decompressor();
  }
  return c;
}

void ideal_codec_close(ideal_codec *codec) {
  if (codec == NULL) return;
  ZSTD_freeCCtx(codec->compress);
  ZSTD_freeDCtx(codec->decompress);
  libdeflate_free_compressor(codec->deflate);
  libdeflate_free_decompressor(codec->inflate);
  free(codec);
}

uint32_t ideal_crc32c(const uint8_t *bytes, size_t n) {
  return ~crc32_iscsi((unsigned char *)(uintptr_t)bytes, (int)n, ~0U);
}

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

static size_t zlib_compress(int level, const uint8_t *from, size_t n, uint8_t *to, size_t room) {
  z_stream z = {.next_in = (uint8_t *)(uintptr_t)from, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)room};
  if (deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  size_t got = deflate(&z, Z_FINISH) == Z_STREAM_END ? z.total_out : 0;
  deflateEnd(&z);
  return got;
}

static bool zlib_decompress(const uint8_t *from, size_t n, uint8_t *to, size_t size) {
  z_stream z = {.next_in = (uint8_t *)(uintptr_t)from, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)size};
  if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) return false;
  bool good = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == size;
  inflateEnd(&z);
  return good;
}

const uint8_t *ideal_decode(ideal_codec *codec, const uint8_t *from, size_t n, uint8_t *to, size_t size) {
  size_t got = 0;
  if (codec->chain.crc) {
    uint32_t stored;
    if (n < sizeof stored) return NULL;
    n -= sizeof stored;
    memcpy(&stored, from + n, sizeof stored);
    if (stored != ideal_crc32c(from, n)) return NULL;
  }
  switch (codec->chain.library) {
  case IDEAL_NONE:
    return n == size ? from : NULL;
  case IDEAL_BLOSC:
    return blosc_decompress_ctx(from, to, size, 1) == (int)size ? to : NULL;
  case IDEAL_ZSTD:
    return ZSTD_decompressDCtx(codec->decompress, to, size, from, n) == size ? to : NULL;
  case IDEAL_GZIP:
    if (libdeflate_gzip_decompress(codec->inflate, from, n, to, size, &got) != LIBDEFLATE_SUCCESS) return NULL;
    return got == size ? to : NULL;
  case IDEAL_STREAM:
    if (libdeflate_zlib_decompress(codec->inflate, from, n, to, size, &got) != LIBDEFLATE_SUCCESS) return NULL;
    return got == size ? to : NULL;
  case IDEAL_ZLIB:
    return zlib_decompress(from, n, to, size) ? to : NULL;
  }
  return NULL;
}

static size_t pack(const ideal_codec *codec, const uint8_t *from, size_t n, uint8_t *to, size_t room) {
  const ideal_chain *chain = &codec->chain;
  size_t got;
  int size;
  switch (chain->library) {
  case IDEAL_NONE:
    if (from != to) memcpy(to, from, n);
    return n;
  case IDEAL_BLOSC:
    size = blosc_compress_ctx(chain->level, chain->shuffle, chain->item_size, n, from, to, room, chain->cname, 0, 1);
    return size > 0 ? (size_t)size : 0;
  case IDEAL_ZSTD:
    got = ZSTD_compressCCtx(codec->compress, to, room, from, n, chain->level);
    return ZSTD_isError(got) ? 0 : got;
  case IDEAL_GZIP:
    return libdeflate_gzip_compress(codec->deflate, from, n, to, room);
  case IDEAL_STREAM:
    return libdeflate_zlib_compress(codec->deflate, from, n, to, room);
  case IDEAL_ZLIB:
    return zlib_compress(chain->level, from, n, to, room);
  }
  return 0;
}

size_t ideal_encode(ideal_codec *codec, const uint8_t *from, size_t n, uint8_t *to, size_t room) {
  size_t got = pack(codec, from, n, to, room);
  if (got > 0 && codec->chain.crc) {
    uint32_t sum = ideal_crc32c(to, got);
    memcpy(to + got, &sum, sizeof sum);
    got += sizeof sum;
  }
  return got;
}
