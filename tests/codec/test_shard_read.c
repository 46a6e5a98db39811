/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/counting_blob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

/* 64 inner chunks of 256 bytes, in C order. */
static const char codecs[] = "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [8, 8], "
                             "\"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]}}]";
#define INDEX_NBYTES (64 * 16 + 4)

typedef struct fixture {
  zarrc_spec spec;
  zarrc_pipeline *p;
  uint32_t *numbers;
  counting_blob blob;
} fixture;

static void begin(fixture *f, zarrc_ctx *ctx, const char *chain, zarrc_chunk_options options, bool remote) {
  f->spec = chunk_spec(ZARRC_UINT32, 2, (int64_t[]){64, 64});
  f->spec.options = options;
  f->spec.options.subchunk_order = ZARRC_LEXICOGRAPHIC;
  f->p = chunk_pipeline(ctx, chain, &f->spec);
  f->numbers = chunk_numbers(&f->spec);
  size_t n;
  uint8_t *bytes = chunk_encode(ctx, f->p, f->numbers, &n);
  counting_blob_init(&f->blob, ctx, bytes, n, remote);
  free(bytes);
}

static void end(fixture *f) {
  counting_blob_clear(&f->blob);
  free(f->numbers);
  zarrc_pipeline_close(f->p);
}

/* Reads a box and checks it; the counts are left in the blob. */
static void box(fixture *f, int64_t i0, int64_t j0, int64_t ni, int64_t nj) {
  zarrc_region r = chunk_region(2, (int64_t[]){i0, j0}, (int64_t[]){ni, nj}, NULL);
  uint32_t *to = malloc((size_t)(ni * nj) * 4);
  zarrc_view view = zarrc_view_c(&f->spec.dtype, 2, r.count, to);
  zarrc_error error;
  counting_blob_reset(&f->blob);
  if (zarrc_read(f->p, &f->blob.blob, &r, &view, NULL, &error)) fail_msg("%s", error.message);
  for (int64_t i = 0; i < ni; i++) assert_memory_equal(to + i * nj, f->numbers + (i0 + i) * 64 + j0, (size_t)nj * 4);
  free(to);
}

/* The index, and one vectored read of the inner chunks that are needed. */
static void only_what_is_needed(void **state) {
  fixture f;
  for (int remote = 0; remote < 2; remote++) {
    begin(&f, *state, codecs, (zarrc_chunk_options){0}, remote);
    box(&f, 9, 9, 1, 1);
    assert_int_equal(f.blob.nreads, 2);
    assert_int_equal(f.blob.nread, INDEX_NBYTES + 256);
    box(&f, 0, 0, 64, 64);
    assert_int_equal(f.blob.nreads, 2);
    assert_int_equal(f.blob.nranges, 2);
    assert_int_equal(f.blob.nread, INDEX_NBYTES + 64 * 256);
    end(&f);
  }
}

/* Ranges join over a gap, unless they become too long; both are options. */
static void near_ranges_are_joined(void **state) {
  fixture f;
  begin(&f, *state, codecs, (zarrc_chunk_options){.coalesce_gap = 1}, false);
  box(&f, 0, 16, 24, 8); /* inner chunks 2, 10, 18: 1792 bytes between them */
  assert_int_equal(f.blob.nreads, 2);
  assert_int_equal(f.blob.nranges, 1 + 3);
  assert_int_equal(f.blob.nread, INDEX_NBYTES + 3 * 256);
  end(&f);
  begin(&f, *state, codecs, (zarrc_chunk_options){.coalesce_gap = 1792}, false);
  box(&f, 0, 16, 24, 8);
  assert_int_equal(f.blob.nranges, 1 + 1);
  assert_int_equal(f.blob.nread, INDEX_NBYTES + 17 * 256);
  end(&f);
  begin(&f, *state, codecs, (zarrc_chunk_options){.coalesce_gap = UINT64_MAX, .coalesce_max = UINT64_MAX}, true);
  box(&f, 0, 16, 24, 8);
  assert_int_equal(f.blob.nranges, 1 + 1);
  end(&f);
  begin(&f, *state, codecs, (zarrc_chunk_options){.coalesce_gap = 1792, .coalesce_max = 9 * 256}, true);
  box(&f, 0, 16, 24, 8);
  assert_int_equal(f.blob.nranges, 1 + 2);
  assert_int_equal(f.blob.nread, INDEX_NBYTES + 10 * 256);
  end(&f);
}

/* Of a large inner chunk that nothing has to decode only the part is read, where reads are cheap. */
static void plain_parts_by_ranges(void **state) {
  static const char large[] =
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [64, 32], \"codecs\": "
      "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]}}]";
  enum { LARGE_INDEX = 2 * 16 + 4, LARGE_CHUNK = 64 * 32 * 4 };
  fixture f;
  for (int remote = 0; remote < 2; remote++) {
    begin(&f, *state, large, (zarrc_chunk_options){0}, remote);
    box(&f, 40, 40, 1, 1);
    assert_int_equal(f.blob.nread, LARGE_INDEX + (remote ? LARGE_CHUNK : 4));
    box(&f, 10, 0, 2, 64); /* two rows of each: one range in each */
    assert_int_equal(f.blob.nranges, remote ? 2 : 3);
    assert_int_equal(f.blob.nread, LARGE_INDEX + (remote ? 2 * LARGE_CHUNK : 2 * 2 * 32 * 4));
    end(&f);
  }
}

/* Inner chunks that lie in Morton order, or in any other, are read once each: in one range where all are wanted. */
static void any_order_is_read_once(void **state) {
  fixture f;
  for (int order = 0; order < 3; order++) {
    zarrc_spec spec = chunk_spec(ZARRC_UINT32, 2, (int64_t[]){64, 64});
    spec.options.subchunk_order = (zarrc_subchunk_order)order;
    f.spec = spec;
    f.p = chunk_pipeline(*state, codecs, &spec);
    f.numbers = chunk_numbers(&spec);
    size_t n;
    uint8_t *bytes = chunk_encode(*state, f.p, f.numbers, &n);
    counting_blob_init(&f.blob, *state, bytes, n, false);
    free(bytes);
    box(&f, 0, 0, 64, 64);
    assert_int_equal(f.blob.nranges, 2);
    assert_int_equal(f.blob.nread, n);
    box(&f, 0, 0, 64, 63);
    assert_int_equal(f.blob.nread, n);
    end(&f);
  }
}

/* Missing inner chunks are fill value wherever they are, beside those that are there, by one thread or several. */
static void missing_among_others(void **state) {
  (void)state;
  for (unsigned threads = 1; threads <= 3; threads += 2) {
    zarrc_ctx_options options = {.threads = threads};
    zarrc_ctx *ctx;
    assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
    zarrc_spec spec = chunk_spec(ZARRC_UINT32, 2, (int64_t[]){64, 64});
    uint32_t fill = 77, *to = malloc(64 * 64 * 4);
    spec.fill = &fill;
    zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec);
    uint32_t *numbers = chunk_numbers(&spec);
    for (int i = 0; i < 64; i++)
      for (int j = 0; j < 64; j++)
        if ((i / 8 * 5 + j / 8) % 3) numbers[i * 64 + j] = fill;
    size_t n;
    uint8_t *bytes = chunk_encode(ctx, p, numbers, &n);
    assert_int_equal(n, INDEX_NBYTES + 22 * 256);
    counting_blob blob;
    counting_blob_init(&blob, ctx, bytes, n, false);
    for (int64_t edge = 3; edge <= 64; edge += 61) {
      zarrc_region r = chunk_region(2, (int64_t[]){64 - edge, 0}, (int64_t[]){edge, 64}, NULL);
      zarrc_view view = zarrc_view_c(&spec.dtype, 2, r.count, to);
      memset(to, 0, 64 * 64 * 4);
      assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
      assert_memory_equal(to, numbers + (64 - edge) * 64, (size_t)edge * 64 * 4);
    }
    counting_blob_clear(&blob);
    free(bytes);
    free(numbers);
    free(to);
    zarrc_pipeline_close(p);
    zarrc_ctx_close(ctx);
  }
}

/* Large shards are read window by window: what is held at once is far less than the shard. */
static void windows(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  zarrc_ctx *ctx;
  (void)state;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_spec spec = chunk_spec(ZARRC_UINT32, 3, (int64_t[]){128, 128, 128}); /* 8 MiB, inner chunks of 16 KiB */
  zarrc_pipeline *p = chunk_pipeline(ctx,
                                     "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": "
                                     "[16, 16, 16], \"codecs\": [{\"name\": \"bytes\", \"configuration\": "
                                     "{\"endian\": \"little\"}}]}}]",
                                     &spec);
  uint32_t *numbers = chunk_numbers(&spec), *back = malloc(8 << 20);
  size_t n;
  uint8_t *bytes = chunk_encode(ctx, p, numbers, &n);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  p = chunk_pipeline(ctx,
                     "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [16, 16, 16], "
                     "\"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]}}]",
                     &spec);
  counting_blob blob;
  counting_blob_init(&blob, ctx, bytes, n, false);
  zarrc_view to = zarrc_view_c(&spec.dtype, 3, spec.shape, back);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  assert_memory_equal(back, numbers, 8 << 20);
  assert_true(blob.nreads >= 8 && blob.nreads <= 16);
  assert_true(zarrc_ctx_memory_peak(ctx) < 1 << 20); /* the blob's own copies are not the context's */
  counting_blob_clear(&blob);
  free(bytes);
  free(back);
  free(numbers);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
}

/* A shard in a shard is read by ranges at each level. */
static void every_level_by_ranges(void **state) {
  static const char nested[] =
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [64, 64], \"codecs\": "
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [4, 4], \"codecs\": "
      "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}, \"crc32c\"], \"index_location\": "
      "\"start\"}}]}}]";
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT64, 2, (int64_t[]){256, 256});
  zarrc_pipeline *p = chunk_pipeline(ctx, nested, &spec);
  uint64_t *numbers = chunk_numbers(&spec), one;
  size_t n;
  uint8_t *bytes = chunk_encode(ctx, p, numbers, &n);
  counting_blob blob;
  counting_blob_init(&blob, ctx, bytes, n, false);
  zarrc_region r = chunk_region(2, (int64_t[]){100, 37}, (int64_t[]){1, 1}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, r.count, &one);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
  assert_int_equal(one, 100 * 256 + 37 + 1);
  /* Outer index, inner index, one inner chunk. */
  assert_int_equal(blob.nread, 16 * 16 + 4 + 256 * 16 + 4 + 4 * 4 * 8 + 4);
  assert_int_equal(blob.nranges, 3);
  counting_blob_clear(&blob);
  free(bytes);
  free(numbers);
  zarrc_pipeline_close(p);
}

/* A value of which a host fetches what was asked for, between two reads. */
typedef struct deferred_blob {
  zarrc_blob blob;
  const uint8_t *bytes;
  size_t nbytes;
  bool *fetched, *wanted; /* each byte */
} deferred_blob;

static zarrc_status deferred_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  deferred_blob *b = (deferred_blob *)blob;
  bool missed = false;
  for (size_t i = 0; i < n; i++) {
    uint64_t start;
    size_t nbytes;
    zarrc_status status = zarrc_range_locate(&ranges[i], b->nbytes, &start, &nbytes, error);
    if (status) return status;
    for (size_t k = 0; k < nbytes; k++) {
      b->wanted[start + k] = true;
      missed = missed || !b->fetched[start + k];
    }
    ranges[i].got = (zarrc_bytes){.ptr = b->bytes + start, .len = nbytes};
    if (ranges[i].into) ranges[i].got.ptr = memcpy(ranges[i].into, b->bytes + start, nbytes);
  }
  return missed ? zarrc_fail(error, ZARRC_PENDING, "not fetched yet") : ZARRC_OK;
}

static const zarrc_blob_ops deferred_ops = {.struct_size = sizeof deferred_ops, .read = deferred_read};

/* Reads every second inner chunk of a row, in more ranges than one window takes, round by round; returns the bytes that
 * were fetched. */
static size_t rounds_read(zarrc_ctx *ctx, const char *chain, uint64_t gap, int nrounds) {
  zarrc_blob_traits traits = {
      .struct_size = sizeof traits, .gap = gap, .window = 64 << 20, .requests = 4, .deferred = true};
  zarrc_spec spec = chunk_spec(ZARRC_UINT32, 3, (int64_t[]){64, 64, 64});
  zarrc_pipeline *p = chunk_pipeline(ctx, chain, &spec);
  uint32_t *numbers = chunk_numbers(&spec), back[64 * 64 * 4];
  size_t n, nfetched = 0;
  uint8_t *bytes = chunk_encode(ctx, p, numbers, &n);
  deferred_blob blob = {{&deferred_ops, &traits}, bytes, n, calloc(n, 1), calloc(n, 1)};
  zarrc_region r = chunk_region(3, (int64_t[]){0, 0, 3}, (int64_t[]){64, 64, 4}, (int64_t[]){1, 1, 16});
  zarrc_view view = zarrc_view_c(&spec.dtype, 3, r.count, back);
  bool missing;
  memset(back, 0xA5, sizeof back);
  for (int round = 0; round < nrounds; round++) {
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, &missing, NULL), ZARRC_PENDING);
    assert_false(missing);
    for (size_t i = 0; i < 64 * 64 * 4; i++) assert_int_equal(back[i], 0xA5A5A5A5);
    memcpy(blob.fetched, blob.wanted, n);
  }
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, &missing, NULL), ZARRC_OK);
  for (size_t i = 0; i < 64 * 64 * 4; i++) assert_int_equal(back[i], numbers[i / 4 * 64 + 3 + i % 4 * 16]);
  for (size_t i = 0; i < n; i++) nfetched += blob.fetched[i];
  free(blob.fetched);
  free(blob.wanted);
  free(bytes);
  free(numbers);
  zarrc_pipeline_close(p);
  return nfetched;
}

/* Where nothing is there yet, all that is wanted is asked for at once, level by level, and nothing is filled. */
static void all_is_asked_for(void **state) {
  assert_int_equal(rounds_read(*state,
                               "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [8, 8, 8], "
                               "\"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]}}]",
                               1 << 20, 2),
                   512 * 16 + 4 + 256 * 2048);
}

/* Shards in a shard are read by their indices, but where another request costs more than all of them. */
static void small_shards_are_asked_for_whole(void **state) {
  static const char chain[] = "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [16, 16, 16], "
                              "\"codecs\": [{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": "
                              "[8, 8, 8], \"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": "
                              "\"little\"}}]}}]}}]";
  size_t index = 64 * 16 + 4, inner = 8 * 16 + 4;
  assert_int_equal(rounds_read(*state, chain, inner + 8 * 2048 - 1, 3), index + 64 * inner + 256 * 2048);
  assert_int_equal(rounds_read(*state, chain, inner + 8 * 2048, 2), index + 64 * (inner + 8 * 2048));
}

/* Steps that pass over inner chunks do not read them. */
static void skipped_chunks_are_not_read(void **state) {
  fixture f;
  begin(&f, *state, codecs, (zarrc_chunk_options){.coalesce_gap = 1}, false);
  zarrc_region r = chunk_region(2, (int64_t[]){0, 0}, (int64_t[]){2, 2}, (int64_t[]){40, 40});
  uint32_t to[4];
  zarrc_view view = zarrc_view_c(&f.spec.dtype, 2, r.count, to);
  assert_int_equal(zarrc_read(f.p, &f.blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
  assert_int_equal(f.blob.nread, INDEX_NBYTES + 4 * 256);
  assert_true(to[0] == 1 && to[1] == 41 && to[2] == 40 * 64 + 1 && to[3] == 40 * 64 + 41);
  end(&f);
}

/* A missing inner chunk costs the index only, and is fill value; an unreadable one does not hurt its neighbours. */
static void missing_and_damaged_neighbours(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT32, 1, (int64_t[]){12});
  uint32_t fill = 7, numbers[] = {1, 2, 3, 4, 7, 7, 7, 7, 9, 10, 11, 12}, to[4];
  spec.fill = &fill;
  zarrc_pipeline *p = chunk_pipeline(ctx,
                                     "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [4], "
                                     "\"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, "
                                     "\"crc32c\"]}}]",
                                     &spec);
  size_t n;
  uint8_t *bytes = chunk_encode(ctx, p, numbers, &n);
  assert_int_equal(n, 2 * 20 + 3 * 16 + 4);
  bytes[3] ^= 0x40;
  counting_blob blob;
  counting_blob_init(&blob, ctx, bytes, n, false);
  static const zarrc_status expected[] = {ZARRC_CHECKSUM, ZARRC_OK, ZARRC_OK};
  for (int64_t i = 0; i < 3; i++) {
    zarrc_region r = chunk_region(1, (int64_t[]){4 * i}, (int64_t[]){4}, NULL);
    zarrc_view view = zarrc_view_c(&spec.dtype, 1, r.count, to);
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), expected[i]);
    if (i) assert_memory_equal(to, numbers + 4 * i, sizeof to);
    if (i == 1) assert_int_equal(blob.nread, 3 * 16 + 4);
  }
  counting_blob_clear(&blob);
  free(bytes);
  zarrc_pipeline_close(p);
}

static int setup(void **state) {
  zarrc_ctx_options options = {.threads = 2};
  return zarrc_ctx_open(&options, (zarrc_ctx **)state, NULL) != ZARRC_OK;
}

static int teardown(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_what_is_needed),
      cmocka_unit_test(near_ranges_are_joined),
      cmocka_unit_test(windows),
      cmocka_unit_test(missing_among_others),
      cmocka_unit_test(plain_parts_by_ranges),
      cmocka_unit_test(any_order_is_read_once),
      cmocka_unit_test(every_level_by_ranges),
      cmocka_unit_test(all_is_asked_for),
      cmocka_unit_test(small_shards_are_asked_for_whole),
      cmocka_unit_test(skipped_chunks_are_not_read),
      cmocka_unit_test(missing_and_damaged_neighbours),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
