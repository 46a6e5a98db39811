/* SPDX-License-Identifier: MIT */
/* What the fuzz targets of bytes→bytes codecs share. The first byte of an input says how to decode, the rest is what
 * is decoded. Aborts where something does not hold that must hold for every input. */
#ifndef ZARRC_FUZZ_BYTES_CODEC_H
#define ZARRC_FUZZ_BYTES_CODEC_H

#include <zarrc/codecs.h>
#include <zarrc/plugin/codec.h>

#include "fuzz.h"

static zarrc_codec *fuzz_codec(zarrc_ctx **ctx, const char *json) {
  zarrc_codec *codec;
  zarrc_ctx_options options = {.threads = 1};
  must(!zarrc_ctx_open(&options, ctx, NULL));
  must(!zarrc_codec_open(*ctx, json, strlen(json), &codec, NULL));
  return codec;
}

/* What was decoded, encoded and decoded again. */
static void fuzz_round_trip(const zarrc_codec *codec, const uint8_t *bytes, size_t n) {
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_parts_init(&parts, zarrc_codec_ctx(codec));
  zarrc_buf out = zarrc_buf_new(zarrc_codec_ctx(codec), n);
  must(!zarrc_parts_push(&parts, (zarrc_bytes){bytes, n, NULL, NULL}, NULL));
  must(!c->u.bb.encode(codec, &parts, NULL));
  must(!zarrc_parts_join(&parts, &joined, NULL));
  must(!c->u.bb.decode(codec, &joined, SIZE_MAX, &out, NULL));
  must(out.len == n && (!n || !memcmp(out.ptr, bytes, n)));
  zarrc_buf_clear(&out);
  zarrc_parts_clear(&parts);
}

/* Ranges of the encoded bytes, against all that was decoded (NULL: it could not be). */
static void fuzz_ranges(const zarrc_codec *codec, const uint8_t *in, size_t n, const zarrc_buf *all) {
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  zarrc_chunk_options trust = {.trust_checksums = true};
  zarrc_memory_blob blob;
  zarrc_range ranges[] = {{.offset = 1, .nbytes = 5}, {.offset = -7, .nbytes = 7}, {.offset = 3000, .nbytes = 200}};
  bool served = false;
  if (!c->u.bb.read) return;
  zarrc_memory_blob_init(&blob, zarrc_codec_ctx(codec), in, n);
  blob.present = true;
  zarrc_status status = c->u.bb.read(codec, &trust, &blob.blob, ranges, 3, &served, NULL);
  must(!status || !served);
  for (size_t i = 0; i < 3 && served; i++) {
    uint64_t first = ranges[i].offset < 0 ? ranges[i].total + (uint64_t)ranges[i].offset : (uint64_t)ranges[i].offset;
    must(ranges[i].got.len == ranges[i].nbytes);
    must(!all || (ranges[i].total == all->len && !memcmp(all->ptr + first, ranges[i].got.ptr, ranges[i].got.len)));
  }
  zarrc_ranges_release(ranges, 3);
}

static void fuzz_decode(const char *json, const uint8_t *data, size_t size) {
  static const size_t maxima[] = {0, 1, 50, 100, 4000, 100000, 1 << 20, (size_t)8 << 30};
  zarrc_ctx *ctx;
  if (!size) return;
  size_t max = maxima[size < 300 ? data[0] & 7 : data[0] % 7]; /* the largest is for what small inputs claim */
  size_t need = data[0] & 8 ? SIZE_MAX : (data[0] >> 4) * (max < 10000 ? 10u : 1000u);
  zarrc_codec *codec = fuzz_codec(&ctx, json);
  const zarrc_codec_class *c = zarrc_codec_get_class(codec);
  if (c->missing_library) { /* a build without it has nothing to try */
    zarrc_codec_close(codec);
    zarrc_ctx_close(ctx);
    return;
  }
  zarrc_bytes in = {data + 1, size - 1, NULL, NULL};
  zarrc_buf grown = zarrc_buf_new(ctx, max);
  zarrc_error error = {0};
  zarrc_status status = c->u.bb.decode(codec, &in, SIZE_MAX, &grown, &error);
  must(!status || (error.code == status && *error.message));
  must(status || grown.len <= max);
  must(status != ZARRC_INTERNAL && status != ZARRC_NO_MEMORY && status != ZARRC_INVALID_ARGUMENT);
  if (max <= 1 << 20) {
    uint8_t *memory = malloc(max ? max : 1);
    zarrc_buf fixed = zarrc_buf_over(memory, max), head = zarrc_buf_new(ctx, max);
    must(!c->u.bb.decode(codec, &in, SIZE_MAX, &fixed, NULL) == !status);
    must(status || (fixed.len == grown.len && (!fixed.len || !memcmp(fixed.ptr, grown.ptr, fixed.len))));
    zarrc_status early = c->u.bb.decode(codec, &in, need, &head, NULL);
    size_t enough = need < grown.len ? need : grown.len;
    if (!status) must(!early && head.len >= enough && (!enough || !memcmp(head.ptr, grown.ptr, enough)));
    zarrc_buf_clear(&head);
    free(memory);
  }
  fuzz_ranges(codec, data + 1, size - 1, status ? NULL : &grown);
  if (!status && grown.len <= 1 << 20) fuzz_round_trip(codec, grown.ptr, grown.len);
  zarrc_buf_clear(&grown);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

#endif
