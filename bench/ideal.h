/* SPDX-License-Identifier: MIT */
/*
 * The bare loop that our reads and writes are measured against: what a program for one array would do that knows its
 * layout beforehand, checks little, and calls the codec's library itself. ideal.c is the loop over files,
 * ideal_codec.c the libraries, ideal_place.c the way between a chunk and its place in the array.
 */
#ifndef ZARRC_BENCH_IDEAL_H
#define ZARRC_BENCH_IDEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NDIM = 3 };

/* GZIP is libdeflate; ZLIB makes the same format. STREAM is libdeflate too, in the format zlib. */
typedef enum ideal_library { IDEAL_NONE, IDEAL_BLOSC, IDEAL_ZSTD, IDEAL_GZIP, IDEAL_ZLIB, IDEAL_STREAM } ideal_library;

/* How one chunk (or inner chunk) is stored: elements, turned round in their byte order or in their axes, then a
 * library, then a checksum behind it. */
typedef struct ideal_chain {
  ideal_library library;
  int level, shuffle; /* shuffle and cname: blosc */
  const char *cname;
  bool swap, turn, crc; /* turn: axes from last to first */
  size_t item_size;
} ideal_chain;

/* ------------------------------------------------------------------------------------------------ libraries */

/* Contexts of the libraries that one thread keeps. */
typedef struct ideal_codec ideal_codec;
ideal_codec *ideal_codec_open(const ideal_chain *chain);
void ideal_codec_close(ideal_codec *codec);

/* Decodes n bytes into `size` bytes. Returns where they are: `to`, or in `from` where nothing has to be done. NULL:
 * they are damaged. */
const uint8_t *ideal_decode(ideal_codec *codec, const uint8_t *from, size_t n, uint8_t *to, size_t size);
/* Encodes n bytes into at most `room`; returns how many there are now, 0: it failed. from may be `to` where the chain
 * has no library. */
size_t ideal_encode(ideal_codec *codec, const uint8_t *from, size_t n, uint8_t *to, size_t room);

uint32_t ideal_crc32c(const uint8_t *bytes, size_t n);

/* -------------------------------------------------------------------------------------------------- placing */

/* Copies between a packed chunk and its place in the array, both of `shape` elements; the array's strides are in
 * bytes, its last one is that of packed elements. spare: room for a chunk. */
void ideal_scatter(const ideal_chain *chain, const uint8_t *chunk, const int64_t *shape, uint8_t *array,
                   const int64_t *stride, uint8_t *spare);
void ideal_gather(const ideal_chain *chain, uint8_t *chunk, const int64_t *shape, const uint8_t *array,
                  const int64_t *stride);

#endif
