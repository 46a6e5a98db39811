/* SPDX-License-Identifier: MIT */
/* Deflate streams (RFC 1951), and the checksums of gzip and zlib. Only deflate.c calls libdeflate and zlib. */
#ifndef ZARRC_CODEC_DEFLATE_H
#define ZARRC_CODEC_DEFLATE_H

#include "codec/one_piece.h"

/* 0: both libraries are missing. Then only the two checksums are defined, and they compute nothing. */
#define ZARRC_HAVE_DEFLATE (ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB)

/* Two bits of a deflate stream decode to 258 bytes at most. */
#define ZARRC_DEFLATE_MAX_RATIO 1032u

/* The result for some bytes is the start for those that follow. CRC-32 starts with 0, Adler-32 with 1. */
uint32_t zarrc_crc32(uint32_t crc, const void *bytes, size_t n);
uint32_t zarrc_adler32(uint32_t adler, const void *bytes, size_t n);

/* Returns the most bytes that n bytes can decode to, up to what `out` may hold. */
size_t zarrc_inflate_bound(size_t n, const zarrc_buf *out);
/* Returns whether to decode with zlib: `need` bytes are wanted, and `guess` bytes are estimated in all. */
bool zarrc_inflate_by_stream(size_t need, size_t guess);

/* What decodes. The caller sets ctx and stream before it is opened. */
typedef struct zarrc_inflater {
  zarrc_ctx *ctx;
  bool stream; /* decode with zlib */
  void *object;
} zarrc_inflater;

zarrc_status zarrc_inflater_open(zarrc_inflater *d, zarrc_error *error);
void zarrc_inflater_close(zarrc_inflater *d);

/* Bytes that begin with a deflate stream, and where it is decoded to. */
typedef struct zarrc_inflating {
  const uint8_t *in;
  size_t n;
  size_t need, bound; /* bytes of the output after which the decoder may stop; the most that it can have */
  zarrc_buf *out;
  size_t used; /* set: length of the stream */
  bool enough; /* set: the decoder stopped early */
} zarrc_inflating;

/* Appends what a stream decodes to. ZARRC_TRUNCATED, ZARRC_CORRUPT; ZARRC_SIZE_MISMATCH: out is too small. */
zarrc_status zarrc_inflate(zarrc_inflater *d, zarrc_inflating *t, zarrc_error *error);

/* The stream that is made has free bytes before and after it, which the caller fills. */
typedef struct zarrc_deflating {
  int level; /* 0 to 9 */
  size_t before, after;
} zarrc_deflating;

/* Encodes p->in as the new piece of p. *made: the length of the piece, with what is free. */
zarrc_status zarrc_deflate(zarrc_ctx *ctx, const zarrc_deflating *t, zarrc_parts *parts, zarrc_one_piece *p,
                           size_t *made, zarrc_error *error);

#endif
