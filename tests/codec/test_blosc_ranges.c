/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "codec/blosc_ranges.h"
#include "support/bytes_codec.h"
#include "support/counting_blob.h"
#include "support/faulty_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#if ZARRC_HAVE_BLOSC

enum { N = 1300001, BLOCK = 65536, NBLOCKS = 20 }; /* the last block is shorter */

static const char *const cnames[] = {"lz4", "zstd", "zlib", "blosclz", "snappy"};
static const char *const shuffles[] = {"shuffle", "bitshuffle", "noshuffle"};

typedef struct fixture {
  zarrc_ctx *ctx;
  uint8_t *bytes;
  counting_blob blob;
} fixture;

/* A frame of N bytes in blocks of BLOCK. */
static void frame_make(fixture *f, const char *cname, const char *shuffle, int clevel) {
  char text[200];
  size_t n;
  snprintf(text, sizeof text,
           "{\"name\": \"blosc\", \"configuration\": {\"typesize\": 4, \"cname\": \"%s\", \"clevel\": %d, "
           "\"shuffle\": \"%s\", \"blocksize\": %d}}",
           cname, clevel, shuffle, strcmp(cname, "zstd") ? BLOCK / 4 : BLOCK); /* blocks that are split grow */
  zarrc_codec *codec = bb_open(f->ctx, text);
  uint8_t *encoded = bb_encode(codec, f->bytes, N, 1, &n);
  if (clevel) assert_int_equal(zarrc_load_le32(encoded + 8), BLOCK);
  counting_blob_clear(&f->blob);
  counting_blob_init(&f->blob, f->ctx, encoded, n, false);
  free(encoded);
  zarrc_codec_close(codec);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->ctx = bb_ctx();
  f->bytes = bb_data(BB_RAMP, N);
  for (size_t i = 0; i < N; i++) f->bytes[i] ^= (uint8_t)(i / BLOCK);
  counting_blob_init(&f->blob, f->ctx, NULL, 0, false);
  frame_make(f, "lz4", "shuffle", 5);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  counting_blob_clear(&f->blob);
  free(f->bytes);
  zarrc_ctx_close(f->ctx);
  free(f);
  return 0;
}

/* Where a range lies, and how long it is. */
static void check(const fixture *f, const zarrc_range *r, size_t first, size_t nbytes) {
  assert_int_equal(r->total, N);
  assert_int_equal(r->got.len, nbytes);
  if (r->into) assert_ptr_equal(r->got.ptr, r->into);
  if (nbytes) assert_memory_equal(r->got.ptr, f->bytes + first, nbytes);
}

static bool read_ranges(fixture *f, zarrc_range *ranges, size_t n) {
  bool served = false;
  zarrc_error error;
  if (zarrc_blosc_ranges_read(f->ctx, &f->blob.blob, ranges, n, &served, &error)) fail_msg("%s", error.message);
  return served;
}

static void each_block_alone(void **state) {
  fixture *f = *state;
  for (size_t c = 0; c < sizeof cnames / sizeof *cnames; c++) {
    for (size_t s = 0; s < 3; s++) {
      frame_make(f, cnames[c], shuffles[s], 5);
      for (size_t b = 0; b < NBLOCKS; b++) {
        size_t nbytes = b < NBLOCKS - 1 ? BLOCK : N % BLOCK;
        zarrc_range whole = {.offset = (int64_t)(b * BLOCK), .nbytes = nbytes};
        zarrc_range inner = {.offset = (int64_t)(b * BLOCK + 7), .nbytes = nbytes - 100};
        counting_blob_reset(&f->blob);
        assert_true(read_ranges(f, &whole, 1));
        check(f, &whole, b * BLOCK, nbytes);
        assert_int_equal(f->blob.nreads, 3); /* header, table, block */
        assert_int_equal(f->blob.nranges, 3);
        assert_true(read_ranges(f, &inner, 1));
        check(f, &inner, b * BLOCK + 7, nbytes - 100);
        zarrc_ranges_release(&whole, 1);
        zarrc_ranges_release(&inner, 1);
      }
    }
  }
}

static void only_touched_blocks_are_read(void **state) {
  fixture *f = *state;
  static uint8_t memory[3 * BLOCK];
  zarrc_range ranges[] = {
      {.offset = 5 * BLOCK - 10, .nbytes = sizeof memory, .into = memory},
      {.offset = 100, .nbytes = 1},
      {.offset = 6 * BLOCK + 5, .nbytes = 600},
      {.offset = -300, .nbytes = 200},
      {.offset = N - 1, .nbytes = 10, .to_end = true},
      {.offset = 3 * BLOCK, .nbytes = 0},
      {.offset = N, .nbytes = 9, .to_end = true},
      {.offset = N, .nbytes = 0},
  };
  counting_blob_reset(&f->blob);
  assert_true(read_ranges(f, ranges, 8));
  check(f, &ranges[0], 5 * BLOCK - 10, sizeof memory);
  check(f, &ranges[1], 100, 1);
  check(f, &ranges[2], 6 * BLOCK + 5, 600);
  check(f, &ranges[3], N - 300, 200);
  check(f, &ranges[4], N - 1, 1);
  check(f, &ranges[5], 3 * BLOCK, 0);
  check(f, &ranges[6], N, 0);
  check(f, &ranges[7], N, 0);
  assert_int_equal(f->blob.nreads, 3);
  assert_int_equal(f->blob.nranges, 2 + 3); /* blocks 4 to 7 lie together */
  assert_true(f->blob.nread < f->blob.nbytes / 2);
  zarrc_ranges_release(ranges, 8);
}

static void every_pair_of_ends(void **state) {
  fixture *f = *state;
  frame_make(f, "lz4", "bitshuffle", 1);
  for (size_t first = 0; first < N; first += 51700) {
    for (size_t nbytes = 1; first + nbytes <= N && nbytes < 500000; nbytes += 101300) {
      uint8_t *memory = malloc(nbytes);
      zarrc_range range = {.offset = (int64_t)first, .nbytes = nbytes, .into = memory};
      if (read_ranges(f, &range, 1)) check(f, &range, first, nbytes);
      zarrc_ranges_release(&range, 1);
      free(memory);
    }
  }
}

static void stored_frames_are_read_as_they_are(void **state) {
  fixture *f = *state;
  uint8_t memory[100];
  frame_make(f, "lz4", "shuffle", 0);
  assert_int_equal(f->blob.nbytes, N + 16);
  zarrc_range ranges[] = {{.offset = 0, .nbytes = 10},
                          {.offset = -100, .nbytes = 100, .into = memory},
                          {.offset = -5, .nbytes = 100, .to_end = true},
                          {.offset = 50, .nbytes = 0}};
  counting_blob_reset(&f->blob);
  assert_true(read_ranges(f, ranges, 4));
  check(f, &ranges[0], 0, 10);
  check(f, &ranges[1], N - 100, 100);
  check(f, &ranges[2], N - 5, 5);
  check(f, &ranges[3], 0, 0);
  assert_int_equal(f->blob.nread, 16 + 115);
  zarrc_ranges_release(ranges, 4);
}

static void not_served(fixture *f, zarrc_range *range) {
  counting_blob_reset(&f->blob);
  assert_false(read_ranges(f, range, 1));
  assert_null(range->got.ptr);
}

static void most_of_a_frame_is_not_served(void **state) {
  fixture *f = *state;
  zarrc_range much = {.nbytes = BLOCK * 10 + 1}, half = {.nbytes = BLOCK * 10}, none = {.offset = 5, .nbytes = 0};
  not_served(f, &much);
  not_served(f, &none);
  assert_true(read_ranges(f, &half, 1));
  check(f, &half, 0, BLOCK * 10);
  zarrc_ranges_release(&half, 1);
}

static void remote_values_are_read_at_once(void **state) {
  fixture *f = *state;
  counting_blob remote;
  zarrc_range range = {.nbytes = 10};
  bool served = true;
  counting_blob_init(&remote, f->ctx, f->blob.bytes, f->blob.nbytes, true);
  assert_int_equal(zarrc_blosc_ranges_read(f->ctx, &remote.blob, &range, 1, &served, NULL), ZARRC_OK);
  assert_false(served);
  assert_int_equal(remote.nreads, 0);
  counting_blob_clear(&remote);
}

static void small_frames_are_not_served(void **state) {
  fixture *f = *state;
  static const uint8_t empty[] = {2, 1, 0x31, 4, 0, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0};
  zarrc_range range = {.nbytes = 1};
  zarrc_codec *codec =
      bb_open(f->ctx, "{\"name\": \"blosc\", \"configuration\": {\"cname\": \"blosclz\", \"blocksize\": 2000000}}");
  size_t n;
  uint8_t *one_block = bb_encode(codec, f->bytes, 5000, 1, &n);
  counting_blob_clear(&f->blob);
  counting_blob_init(&f->blob, f->ctx, one_block, n, false);
  not_served(f, &range);
  counting_blob_clear(&f->blob);
  counting_blob_init(&f->blob, f->ctx, empty, sizeof empty, false);
  not_served(f, &range);
  free(one_block);
  zarrc_codec_close(codec);
}

/* Blocks may lie in any order; then the whole is decoded. */
static void blocks_in_another_order_are_not_served(void **state) {
  fixture *f = *state;
  uint32_t third = zarrc_load_le32(f->blob.bytes + 16 + 8), fourth = zarrc_load_le32(f->blob.bytes + 16 + 12);
  zarrc_range range = {.offset = 2 * BLOCK, .nbytes = 10}, fifth = {.offset = 4 * BLOCK, .nbytes = 10};
  zarrc_store_le32(f->blob.bytes + 16 + 8, fourth);
  zarrc_store_le32(f->blob.bytes + 16 + 12, third);
  not_served(f, &range);
  assert_true(read_ranges(f, &fifth, 1)); /* nothing is wrong with that one */
  check(f, &fifth, 4 * BLOCK, 10);
  zarrc_ranges_release(&fifth, 1);
}

static void ranges_outside_are_refused(void **state) {
  fixture *f = *state;
  static const struct {
    zarrc_range range;
    zarrc_status status;
  } rows[] = {
      {{.offset = N, .nbytes = 1}, ZARRC_TRUNCATED},
      {{.offset = N - 1, .nbytes = 2}, ZARRC_TRUNCATED},
      {{.offset = N + 1, .nbytes = 0}, ZARRC_TRUNCATED},
      {{.offset = N + 1, .nbytes = 5, .to_end = true}, ZARRC_TRUNCATED},
      {{.offset = -N - 1, .nbytes = 1}, ZARRC_TRUNCATED},
      {{.offset = -5, .nbytes = 6}, ZARRC_TRUNCATED},
      {{.offset = INT64_MIN, .nbytes = 1}, ZARRC_TRUNCATED},
      {{.offset = INT64_MAX, .nbytes = UINT64_MAX}, ZARRC_TRUNCATED},
      {{.offset = -5, .nbytes = 4, .to_end = true}, ZARRC_LIMIT},
      {{.offset = 0, .nbytes = N - 1, .to_end = true}, ZARRC_LIMIT},
  };
  for (int stored = 0; stored < 2; stored++) {
    frame_make(f, "lz4", "shuffle", stored ? 0 : 5);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      zarrc_range ranges[2] = {{.nbytes = 5}, rows[i].range};
      bool served = false;
      if (zarrc_blosc_ranges_read(f->ctx, &f->blob.blob, ranges, 2, &served, NULL) != rows[i].status)
        fail_msg("row %zu", i);
      assert_false(served);
      assert_null(ranges[0].got.ptr);
      assert_null(ranges[1].got.ptr);
    }
  }
}

static void no_value(void **state) {
  fixture *f = *state;
  zarrc_range range = {.nbytes = 1};
  bool served = false;
  counting_blob_clear(&f->blob);
  counting_blob_init(&f->blob, f->ctx, NULL, 0, false);
  assert_int_equal(zarrc_blosc_ranges_read(f->ctx, &f->blob.blob, &range, 1, &served, NULL), ZARRC_NOT_FOUND);
}

/* Reading the middle of damaged frames: an error, or as many bytes as were asked for. */
static void damage(void **state) {
  fixture *f = *state;
  size_t n = f->blob.nbytes;
  uint8_t *good = malloc(n);
  memcpy(good, f->blob.bytes, n);
  for (size_t cut = 0; cut < n; cut += cut < 200 ? 1 : n / 100) {
    zarrc_range range = {.offset = 3 * BLOCK, .nbytes = 2000};
    bool served = false;
    counting_blob_clear(&f->blob);
    counting_blob_init(&f->blob, f->ctx, good, cut, false);
    assert_int_equal(zarrc_blosc_ranges_read(f->ctx, &f->blob.blob, &range, 1, &served, NULL), ZARRC_TRUNCATED);
    assert_null(range.got.ptr);
  }
  counting_blob_clear(&f->blob);
  counting_blob_init(&f->blob, f->ctx, good, n, false);
  for (size_t bit = 0; bit < n * 8; bit += bit < 1000 ? 1 : n * 8 / 500 | 1) {
    zarrc_range range = {.offset = 3 * BLOCK, .nbytes = 2000};
    bool served = false;
    f->blob.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    zarrc_status status = zarrc_blosc_ranges_read(f->ctx, &f->blob.blob, &range, 1, &served, NULL);
    assert_true(!status || status == ZARRC_CORRUPT || status == ZARRC_TRUNCATED);
    assert_int_equal(range.got.len, served ? 2000 : 0);
    zarrc_ranges_release(&range, 1);
    f->blob.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  free(good);
}

static void claims_take_no_memory(void **state) {
  fixture *f = *state;
  uint8_t header[40] = {2, 1, 0x31, 4};
  zarrc_range range = {.offset = 1, .nbytes = 1};
  bool served = false;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_store_le32(header + 4, 2000000000);
  zarrc_store_le32(header + 8, 4);
  zarrc_store_le32(header + 12, 2100000000);
  counting_blob_clear(&f->blob);
  counting_blob_init(&f->blob, f->ctx, header, sizeof header, false);
  assert_int_equal(zarrc_blosc_ranges_read(ctx, &f->blob.blob, &range, 1, &served, NULL), ZARRC_TRUNCATED);
  zarrc_store_le32(f->blob.bytes + 8, 600000000); /* 4 blocks in 40 bytes */
  zarrc_store_le32(f->blob.bytes + 12, 40);
  assert_int_equal(zarrc_blosc_ranges_read(ctx, &f->blob.blob, &range, 1, &served, NULL), ZARRC_OK);
  assert_false(served);
  assert_true(zarrc_ctx_memory_peak(ctx) < 10000);
  zarrc_ctx_close(ctx);
}

/* ------------------------------------------------------------------------------------------------ out of memory */

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  fixture *f = arg;
  zarrc_ctx *ctx = NULL;
  zarrc_range ranges[] = {{.offset = 3 * BLOCK, .nbytes = 3000}, {.offset = 100, .nbytes = 1}};
  bool served;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  status = zarrc_blosc_ranges_read(ctx, &f->blob.blob, ranges, 2, &served, NULL);
  if (!status) assert_memory_equal(ranges[0].got.ptr, f->bytes + 3 * BLOCK, 3000);
  zarrc_ranges_release(ranges, 2);
  zarrc_ctx_close(ctx);
  return status;
}

static void out_of_memory(void **state) {
  fixture *f = *state;
  assert_true(faulty_alloc_each(NULL, work, f) > 5);
  frame_make(f, "lz4", "shuffle", 0);
  assert_true(faulty_alloc_each(NULL, work, f) > 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#else

static void nothing_is_served(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  assert_null(zarrc_find_codec(ctx, "blosc")->u.bb.read);
  zarrc_ctx_close(ctx);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
#if ZARRC_HAVE_BLOSC
    TEST(each_block_alone),
    TEST(only_touched_blocks_are_read),
    TEST(every_pair_of_ends),
    TEST(stored_frames_are_read_as_they_are),
    TEST(most_of_a_frame_is_not_served),
    TEST(remote_values_are_read_at_once),
    TEST(small_frames_are_not_served),
    TEST(blocks_in_another_order_are_not_served),
    TEST(ranges_outside_are_refused),
    TEST(no_value),
    TEST(damage),
    TEST(claims_take_no_memory),
    TEST(out_of_memory),
#else
    cmocka_unit_test(nothing_is_served),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
