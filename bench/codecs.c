/* SPDX-License-Identifier: MIT */
/*
 * codecs FILE.npy ITEM_SIZE [WORD]: encoding and decoding of single chunks, ours against a bare loop over the codec's
 * library (warm contexts, memory that is there), one thread, in turns. Chunks are cut from the elements of the file.
 * A line of JSON for each codec (with WORD in its name) and size of chunks: the best speeds in GB/s of decoded bytes,
 * and their ratios.
 */
#include "ideal.h"
#include "measure.h"

#include <zarrc/pipeline.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL ((size_t)8 << 20)
enum { ROUNDS = 5 };

typedef struct codec_case {
  const char *name, *library, *json;
  ideal_chain chain; /* item_size is filled in */
} codec_case;

#define BLOSC(cname, shuffle)                                                                                          \
  "{\"name\": \"blosc\", \"configuration\": {\"cname\": \"" cname "\", \"clevel\": 5, \"shuffle\": \"" shuffle         \
  "\", \"typesize\": %d, \"blocksize\": 0}}"
#define GZIP "{\"name\": \"gzip\", \"configuration\": {\"level\": 5}}"

static const codec_case cases[] = {
    {"blosc lz4 shuffle",
     "c-blosc",
     BLOSC("lz4", "shuffle"),
     {.library = IDEAL_BLOSC, .level = 5, .shuffle = 1, .cname = "lz4"}},
    {"blosc zstd bitshuffle",
     "c-blosc",
     BLOSC("zstd", "bitshuffle"),
     {.library = IDEAL_BLOSC, .level = 5, .shuffle = 2, .cname = "zstd"}},
    {"zstd 3",
     "libzstd",
     "{\"name\": \"zstd\", \"configuration\": {\"level\": 3, \"checksum\": false}}",
     {.library = IDEAL_ZSTD, .level = 3}},
    {"gzip 5", "libdeflate", GZIP, {.library = IDEAL_GZIP, .level = 5}},
    {"gzip 5", "zlib", GZIP, {.library = IDEAL_ZLIB, .level = 5}},
    {"crc32c", "ISA-L", "\"crc32c\"", {.library = IDEAL_NONE, .crc = true}},
};

static const size_t sizes[] = {(size_t)64 << 10, (size_t)512 << 10, (size_t)4 << 20};

/* A chunk in its three shapes. */
typedef struct chunk {
  const uint8_t *elements;
  uint8_t *bare; /* what the library makes of it */
  size_t bare_nbytes;
  zarrc_parts parts; /* what we make of it */
} chunk;

typedef struct bench {
  const codec_case *what;
  zarrc_ctx *ctx;
  zarrc_pipeline *pipeline;
  ideal_codec *codec;
  zarrc_dtype dtype;
  size_t nbytes, nchunks, room; /* of a chunk; chunks; for an encoded one */
  chunk *chunks;
  uint8_t *decoded;
} bench;

static zarrc_view view_of(const bench *b, const uint8_t *elements) {
  int64_t n = (int64_t)(b->nbytes / b->dtype.item_size);
  return zarrc_view_c(&b->dtype, 1, &n, (void *)(uintptr_t)elements);
}

static bool encode_bare(bench *b) {
  for (size_t i = 0; i < b->nchunks; i++) {
    chunk *c = &b->chunks[i];
    c->bare_nbytes = ideal_encode(b->codec, c->elements, b->nbytes, c->bare, b->room);
    if (c->bare_nbytes == 0) return false;
  }
  return true;
}

static bool encode_ours(bench *b) {
  for (size_t i = 0; i < b->nchunks; i++) {
    zarrc_view view = view_of(b, b->chunks[i].elements);
    zarrc_parts_clear(&b->chunks[i].parts);
    if (zarrc_encode(b->pipeline, &view, &b->chunks[i].parts, NULL) != ZARRC_OK) return false;
  }
  return true;
}

/* Both decode what the library made. */
static bool decode_bare(bench *b) {
  for (size_t i = 0; i < b->nchunks; i++) {
    const chunk *c = &b->chunks[i];
    const uint8_t *got = ideal_decode(b->codec, c->bare, c->bare_nbytes, b->decoded, b->nbytes);
    if (got == NULL) return false;
    if (got != b->decoded) memcpy(b->decoded, got, b->nbytes);
  }
  return true;
}

static bool decode_ours(bench *b) {
  zarrc_view view = view_of(b, b->decoded);
  for (size_t i = 0; i < b->nchunks; i++) {
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, b->ctx, b->chunks[i].bare, b->chunks[i].bare_nbytes);
    zarrc_status status = zarrc_read(b->pipeline, &blob.blob, NULL, &view, NULL, NULL);
    zarrc_memory_blob_clear(&blob);
    if (status != ZARRC_OK) return false;
  }
  return true;
}

/* Whether the last chunk came out right. */
static bool is_right(const bench *b) {
  return memcmp(b->decoded, b->chunks[b->nchunks - 1].elements, b->nbytes) == 0;
}

static bool measure(bench *b) {
  bool (*const steps[])(bench *) = {encode_bare, encode_ours, decode_bare, decode_ours};
  double best[4] = {0};
  size_t stored = 0;
  for (int round = -1; round < ROUNDS; round++) /* the first one is not counted */
    for (int i = 0; i < 4; i++) {
      if (i >= 2) memset(b->decoded, 0, b->nbytes);
      double begin = bench_seconds();
      if (!steps[i](b)) return false;
      double gbs = (double)(b->nchunks * b->nbytes) / 1e9 / (bench_seconds() - begin);
      if (i >= 2 && !is_right(b)) return false;
      if (round >= 0 && gbs > best[i]) best[i] = gbs;
    }
  for (size_t i = 0; i < b->nchunks; i++) stored += (size_t)b->chunks[i].parts.nbytes;
  printf("{\"codec\": \"%s\", \"library\": \"%s\", \"chunk_bytes\": %zu, \"compression\": %.2f, \"encode_gbs\": %.3f, "
         "\"library_encode_gbs\": %.3f, \"encode_ratio\": %.3f, \"decode_gbs\": %.3f, \"library_decode_gbs\": %.3f, "
         "\"decode_ratio\": %.3f}\n",
         b->what->name, b->what->library, b->nbytes, (double)(b->nchunks * b->nbytes) / (double)stored, best[1],
         best[0], best[1] / best[0], best[3], best[2], best[3] / best[2]);
  fflush(stdout);
  return true;
}

static zarrc_status open_pipeline(bench *b, zarrc_error *error) {
  char codec[512], json[640];
  zarrc_spec spec = {.dtype = b->dtype, .ndim = 1, .shape = {(int64_t)(b->nbytes / b->dtype.item_size)}};
  const char *at = strstr(b->what->json, "%d");
  if (at == NULL)
    snprintf(codec, sizeof codec, "%s", b->what->json);
  else
    snprintf(codec, sizeof codec, "%.*s%u%s", (int)(at - b->what->json), b->what->json, b->dtype.item_size, at + 2);
  int n =
      snprintf(json, sizeof json, "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, %s]", codec);
  return zarrc_pipeline_open(b->ctx, json, (size_t)n, &spec, &b->pipeline, error);
}

/* One codec, chunks of one size, cut from all over the data. */
static bool run(zarrc_ctx *ctx, const codec_case *what, size_t nbytes, zarrc_dtype dtype, const uint8_t *data,
                size_t n) {
  bench b = {.what = what, .ctx = ctx, .dtype = dtype, .nbytes = nbytes, .room = nbytes + nbytes / 8 + 65536};
  zarrc_error error = {0};
  ideal_chain chain = what->chain;
  chain.item_size = dtype.item_size;
  b.nchunks = (TOTAL < n ? TOTAL : n) / nbytes;
  if (b.nchunks == 0) return true;
  b.codec = ideal_codec_open(&chain);
  b.chunks = calloc(b.nchunks, sizeof *b.chunks);
  b.decoded = bench_pages(nbytes);
  uint8_t *encoded = bench_pages(b.nchunks * b.room);
  bool good = b.codec != NULL && b.chunks != NULL && b.decoded != NULL && encoded != NULL &&
              open_pipeline(&b, &error) == ZARRC_OK;
  size_t step = n / b.nchunks / 64 * 64;
  for (size_t i = 0; b.chunks != NULL && i < b.nchunks; i++) {
    b.chunks[i].elements = data + i * step;
    b.chunks[i].bare = encoded + i * b.room;
    zarrc_parts_init(&b.chunks[i].parts, ctx);
  }
  good = good && measure(&b);
  if (!good) fprintf(stderr, "codecs: %s: failed, or wrong elements %s\n", what->name, error.message);
  for (size_t i = 0; b.chunks != NULL && i < b.nchunks; i++) zarrc_parts_clear(&b.chunks[i].parts);
  free(b.chunks);
  bench_pages_free(encoded, b.nchunks * b.room);
  bench_pages_free(b.decoded, nbytes);
  ideal_codec_close(b.codec);
  zarrc_pipeline_close(b.pipeline);
  return good;
}

int main(int argc, char **argv) {
  static const zarrc_type types[] = {0, ZARRC_UINT8, ZARRC_UINT16, 0, ZARRC_FLOAT32, 0, 0, 0, ZARRC_FLOAT64};
  int size = argc > 2 ? atoi(argv[2]) : 0;
  if (size != 1 && size != 2 && size != 4 && size != 8) {
    fprintf(stderr, "codecs FILE.npy ITEM_SIZE [WORD]\n");
    return 2;
  }
  zarrc_ctx *ctx = NULL;
  uint64_t nbytes = 0;
  uint8_t *data = bench_read_npy(argv[1], &nbytes);
  bool good = data != NULL && zarrc_ctx_open(&(zarrc_ctx_options){.threads = 1}, &ctx, NULL) == ZARRC_OK;
  if (!good) fprintf(stderr, "codecs: %s cannot be read\n", argv[1]);
  for (size_t i = 0; good && i < sizeof cases / sizeof *cases; i++)
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
      if (argc < 4 || strstr(cases[i].name, argv[3]))
        good &= run(ctx, &cases[i], sizes[k], zarrc_dtype_of(types[size]), data, (size_t)nbytes);
  bench_pages_free(data, (size_t)nbytes);
  zarrc_ctx_close(ctx);
  return good ? 0 : 1;
}
