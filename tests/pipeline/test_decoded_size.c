/* SPDX-License-Identifier: MIT */
/* Chunks that decode to another number of bytes than the chunk has are refused, whatever part of them is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 40

/* A pipeline for chunks of ROWS × columns elements; %d in the chain: half of the columns. */
static zarrc_pipeline *open_rows(zarrc_ctx *ctx, const char *format, int64_t columns, zarrc_spec *spec) {
  char codecs[512];
  *spec = chunk_spec(ZARRC_UINT16, 2, (int64_t[]){ROWS, columns});
  assert_true(snprintf(codecs, sizeof codecs, format, (int)columns / 2) < (int)sizeof codecs);
  return chunk_pipeline(ctx, codecs, spec);
}

/* Reads several parts of a stored chunk; each must be refused. */
static void parts_are_refused(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_spec *spec, const uint8_t *encoded,
                              size_t n, zarrc_status expected, const char *what) {
  const int64_t last = spec->shape[1] - 1;
  static const int64_t steps[2] = {1, 1}, two[2] = {2, 2};
  const int64_t start[][2] = {{0, 0}, {1, 0}, {0, 0}, {0, 0}, {3, 1}, {ROWS - 1, last}, {ROWS / 2, 0}};
  const int64_t count[][2] = {{1, 1}, {1, 2}, {ROWS, last}, {ROWS - 1, last + 1}, {5, 3}, {1, 1}, {1, last + 1}};
  uint16_t *to = calloc((size_t)(ROWS * (last + 1)), sizeof *to);
  for (size_t i = 0; i < sizeof start / sizeof *start; i++)
    for (int variant = 0; variant < 6; variant++) { /* of the blob: near or far; of the elements: order, steps */
      zarrc_region r = chunk_region(2, start[i], count[i], variant >= 4 ? two : steps);
      if (variant >= 4)
        for (int k = 0; k < 2; k++) r.count[k] = (r.count[k] + 1) / 2;
      zarrc_view view = zarrc_view_c(&spec->dtype, 2, r.count, to);
      if (variant % 2) view.dtype.endian = ZARRC_BIG;
      counting_blob blob;
      counting_blob_init(&blob, ctx, encoded, n, variant == 2 || variant == 3);
      zarrc_error error = {0};
      zarrc_status status = zarrc_read(p, &blob.blob, &r, &view, NULL, &error);
      if (status != expected)
        fail_msg("%s, part %zu, variant %d: %s %s", what, i, variant, zarrc_status_name(status), error.message);
      counting_blob_clear(&blob);
    }
  free(to);
}

#define LITTLE "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define BIG    "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}"

/* Each chain encodes columns - 2, and columns + 2, of a chunk that has `columns`. */
static void shorter_and_longer_chunks(void **state) {
  static const char *const chains[] = {
      "[" LITTLE ", {\"name\": \"gzip\"}]",
      "[" BIG ", {\"name\": \"gzip\"}]",
      "[" LITTLE ", {\"name\": \"zstd\"}]",
      "[" BIG ", {\"name\": \"zstd\"}]",
      "[" LITTLE ", {\"name\": \"blosc\"}]",
      "[" BIG ", {\"name\": \"blosc\", \"configuration\": {\"blocksize\": 512, \"cname\": \"lz4\"}}]",
      "[" LITTLE ", {\"name\": \"blosc\", \"configuration\": {\"clevel\": 0}}]",
      "[" LITTLE ", {\"name\": \"zstd\"}, {\"name\": \"gzip\"}]",
      "[" LITTLE ", {\"name\": \"gzip\"}, {\"name\": \"zstd\"}, \"crc32c\"]",
      "[" LITTLE ", \"crc32c\", {\"name\": \"zstd\"}]",
      "[" LITTLE ", \"crc32c\"]",
      "[" LITTLE ", {\"name\": \"blosc\"}, {\"name\": \"gzip\"}]",
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, " LITTLE ", {\"name\": \"zstd\"}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [20, %d], \"codecs\": [" BIG
      ", {\"name\": \"zstd\"}]}}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [20, %d], \"codecs\": [" LITTLE
      ", {\"name\": \"gzip\"}]}}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [20, %d], \"codecs\": [" LITTLE
      ", {\"name\": \"blosc\"}]}}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [20, %d], \"codecs\": [" LITTLE
      ", {\"name\": \"zstd\"}]}}, {\"name\": \"gzip\"}]",
  };
  zarrc_ctx *ctx = *state;
  for (size_t k = 0; k < sizeof chains / sizeof *chains; k++)
    for (int64_t columns = 60; columns <= 6000; columns *= 100)
      for (int64_t other = columns - 2; other <= columns + 2; other += 4) {
        zarrc_spec spec, stored;
        size_t n;
        zarrc_pipeline *p = open_rows(ctx, chains[k], columns, &spec), *q = open_rows(ctx, chains[k], other, &stored);
        void *numbers = chunk_numbers(&stored);
        uint8_t *encoded = chunk_encode(ctx, q, numbers, &n);
        parts_are_refused(ctx, p, &spec, encoded, n, ZARRC_SIZE_MISMATCH, chains[k]);
        free(encoded);
        free(numbers);
        zarrc_pipeline_close(q);
        zarrc_pipeline_close(p);
      }
}

/* A checksum that is trusted is not looked at; the length of what it sums is. */
static void trusted_checksums(void **state) {
  zarrc_ctx *ctx = *state;
  const char *codecs = "[" LITTLE ", \"crc32c\", {\"name\": \"zstd\"}]";
  for (int64_t other = 58; other <= 62; other += 4) {
    zarrc_spec spec, stored;
    size_t n;
    zarrc_pipeline_close(open_rows(ctx, codecs, 60, &spec));
    spec.options.trust_checksums = true;
    zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec), *q = open_rows(ctx, codecs, other, &stored);
    void *numbers = chunk_numbers(&stored);
    uint8_t *encoded = chunk_encode(ctx, q, numbers, &n);
    parts_are_refused(ctx, p, &spec, encoded, n, ZARRC_SIZE_MISMATCH, codecs);
    free(encoded);
    free(numbers);
    zarrc_pipeline_close(q);
    zarrc_pipeline_close(p);
  }
}

/* A frame of one block that is stored as it is, with or without its content size. */
static size_t raw_frame(uint8_t *to, const uint8_t *bytes, size_t n, bool has_size) {
  const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd}, with[] = {0x60}, without[] = {0x00, 0x58};
  size_t at = sizeof magic;
  memcpy(to, magic, sizeof magic);
  if (has_size) {
    memcpy(to + at, with, 1);
    to[at + 1] = (uint8_t)(n - 256);
    to[at + 2] = (uint8_t)((n - 256) >> 8);
    at += 3;
  } else {
    memcpy(to + at, without, 2);
    at += 2;
  }
  uint32_t header = (uint32_t)n << 3 | 1;
  for (int i = 0; i < 3; i++) to[at++] = (uint8_t)(header >> 8 * i);
  memcpy(to + at, bytes, n);
  return at + n;
}

/* What several frames say is added up, and where one says nothing, all are decoded. */
static void frames_of_zstd(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec;
  zarrc_pipeline *p = open_rows(ctx, "[" LITTLE ", {\"name\": \"zstd\"}]", 60, &spec);
  const size_t nbytes = ROWS * 60 * 2,
               lengths[][2] = {{2000, 2800}, {1600, 3199}, {1600, 3201}, {300, 300}, {4800, 300}};
  uint8_t *plain = chunk_numbers(&spec), *source = calloc(1, 2 * nbytes), *encoded = malloc(3 * nbytes);
  for (size_t i = 0; i < nbytes; i++) source[i] = source[nbytes + i] = plain[i];
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (int has = 0; has < 4; has++) {
      size_t n = raw_frame(encoded, source, lengths[i][0], has & 1);
      n += raw_frame(encoded + n, source + lengths[i][0], lengths[i][1], has & 2);
      bool right = lengths[i][0] + lengths[i][1] == nbytes;
      assert_int_equal(right, i == 0);
      parts_are_refused(ctx, p, &spec, encoded, n, right ? ZARRC_OK : ZARRC_SIZE_MISMATCH, "frames");
    }
  free(encoded);
  free(source);
  free(plain);
  zarrc_pipeline_close(p);
}

/* The last of several members has as many bytes as the chunk, or says so. */
static void members_of_gzip(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec, part;
  const char *codecs = "[" LITTLE ", {\"name\": \"gzip\"}]";
  zarrc_pipeline *p = open_rows(ctx, codecs, 60, &spec), *q = open_rows(ctx, codecs, 2, &part);
  void *numbers = chunk_numbers(&spec);
  size_t n, nfirst;
  uint8_t *whole = chunk_encode(ctx, p, numbers, &n), *first = chunk_encode(ctx, q, numbers, &nfirst);
  uint8_t *both = malloc(nfirst + n);
  memcpy(both, first, nfirst);
  memcpy(both + nfirst, whole, n);
  parts_are_refused(ctx, p, &spec, both, nfirst + n, ZARRC_SIZE_MISMATCH, "two members");
  parts_are_refused(ctx, p, &spec, whole, n, ZARRC_OK, "one member");
  memcpy(first + nfirst - 4, (uint8_t[]){ROWS * 60 * 2 & 255, ROWS * 60 * 2 >> 8, 0, 0}, 4);
  uint16_t to[ROWS * 60];
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, to);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, first, nfirst);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL), ZARRC_CHECKSUM);
  zarrc_memory_blob_clear(&blob);
  free(both);
  free(first);
  free(whole);
  free(numbers);
  zarrc_pipeline_close(q);
  zarrc_pipeline_close(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shorter_and_longer_chunks),
      cmocka_unit_test(trusted_checksums),
      cmocka_unit_test(frames_of_zstd),
      cmocka_unit_test(members_of_gzip),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
