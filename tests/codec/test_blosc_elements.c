/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "codec/blosc_block.h"
#include "codec/blosc_elements.h"
#include "codec/blosc_ranges.h"
#include "support/bytes_codec.h"
#include "support/counting_blob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if ZARRC_HAVE_BLOSC && ZARRC_HAVE_ZSTD

static const char *const cnames[] = {"zstd", "lz4"};

static uint8_t *encode(zarrc_ctx *ctx, const char *cname, const char *shuffle, int typesize, int blocksize,
                       const uint8_t *bytes, size_t n, size_t *nencoded) {
  char text[200];
  snprintf(text, sizeof text,
           "{\"name\": \"blosc\", \"configuration\": {\"typesize\": %d, \"cname\": \"%s\", \"clevel\": 5, "
           "\"shuffle\": \"%s\", \"blocksize\": %d}}",
           typesize, cname, shuffle, blocksize);
  zarrc_codec *codec = bb_open(ctx, text);
  uint8_t *encoded = bb_encode(codec, bytes, n, 1, nencoded);
  zarrc_codec_close(codec);
  return encoded;
}

/* Whatever libblosc has made: picked bytes are those that it was given. */
static void picks(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const shuffles[] = {"shuffle", "bitshuffle", "noshuffle"};
  static const int typesizes[] = {1, 2, 3, 4, 8, 15, 16, 17, 32, 255};
  static const size_t sizes[] = {1, 7, 100, 4096, 4097, 20000, 65536, 70001};
  size_t npicked = 0;
  for (size_t s = 0; s < 6; s++)
    for (size_t t = 0; t < sizeof typesizes / sizeof *typesizes; t++)
      for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t n = sizes[k], nencoded;
        zarrc_blosc_frame f;
        uint8_t *bytes = bb_data(BB_RAMP, n);
        uint8_t *encoded =
            encode(ctx, cnames[s / 3], shuffles[s % 3], typesizes[t], k & 1 ? 0 : 8192, bytes, n, &nencoded);
        assert_int_equal(zarrc_blosc_frame_check(encoded, nencoded, &f, NULL), ZARRC_OK);
        for (uint32_t b = 0; b < f.nblocks; b++) {
          uint32_t nbytes = zarrc_blosc_block_nbytes(&f, b);
          if (!zarrc_blosc_block_can(&f, b)) continue;
          uint8_t *streams = malloc(nbytes), *partly = malloc(nbytes), *got = malloc(nbytes);
          uint32_t at = zarrc_load_le32(encoded + ZARRC_BLOSC_HEADER_NBYTES + 4 * b);
          zarrc_error error;
          if (zarrc_blosc_streams_decode(ctx, &f, b, encoded + at, f.cbytes - at, nbytes, streams, &error))
            fail_msg("%s", error.message);
          zarrc_blosc_elements_pick(&f, b, streams, 0, nbytes, got);
          assert_memory_equal(got, bytes + (size_t)b * f.blocksize, nbytes);
          for (uint32_t first = 0; first < nbytes; first += 97) {
            uint32_t length = nbytes - first < 5 ? nbytes - first : 5;
            zarrc_blosc_elements_pick(&f, b, streams, first, length, got);
            assert_memory_equal(got, bytes + (size_t)b * f.blocksize + first, length);
            if (first % 5) continue;
            uint32_t need = zarrc_blosc_elements_need(&f, b, first, length);
            memset(partly, 0xee, nbytes);
            assert_int_equal(zarrc_blosc_streams_decode(ctx, &f, b, encoded + at, f.cbytes - at, need, partly, &error),
                             ZARRC_OK);
            zarrc_blosc_elements_pick(&f, b, partly, first, length, got);
            assert_memory_equal(got, bytes + (size_t)b * f.blocksize + first, length);
          }
          npicked++;
          free(streams);
          free(partly);
          free(got);
        }
        free(encoded);
        free(bytes);
      }
  assert_true(npicked > (ZARRC_HAVE_LZ4 ? 600 : 300));
}

enum { N = 65536 };

/* Also where a frame is one block, and where ranges touch more than half of the blocks. */
static void served_of(zarrc_ctx *ctx, const char *cname, const char *shuffle) {
  uint8_t *bytes = bb_data(BB_RAMP, N), into[8];
  for (int blocksize = 8192; blocksize <= N; blocksize *= 8) {
    size_t n;
    uint8_t *encoded = encode(ctx, cname, shuffle, 2, blocksize, bytes, N, &n);
    counting_blob blob;
    counting_blob_init(&blob, ctx, encoded, n, false);
    zarrc_range ranges[] = {{.offset = 0, .nbytes = 2},     {.offset = 12345, .nbytes = 8, .into = into},
                            {.offset = 8190, .nbytes = 4},  {.offset = -3, .nbytes = 3},
                            {.offset = 40000, .nbytes = 0}, {.offset = 50000, .nbytes = 900}};
    static const size_t first[] = {0, 12345, 8190, N - 3, 40000, 50000};
    bool done = false;
    assert_int_equal(zarrc_blosc_ranges_read(ctx, &blob.blob, ranges, 6, &done, NULL), ZARRC_OK);
    assert_true(done);
    for (size_t i = 0; i < 6; i++) {
      assert_int_equal(ranges[i].total, N);
      assert_int_equal(ranges[i].got.len, ranges[i].nbytes);
      if (ranges[i].nbytes) assert_memory_equal(ranges[i].got.ptr, bytes + first[i], (size_t)ranges[i].nbytes);
    }
    assert_ptr_equal(ranges[1].got.ptr, into);
    zarrc_ranges_release(ranges, 6);
    zarrc_range much = {.offset = 0, .nbytes = N - 1};
    assert_int_equal(zarrc_blosc_ranges_read(ctx, &blob.blob, &much, 1, &done, NULL), ZARRC_OK);
    assert_false(done);
    zarrc_range outside[2] = {{.offset = 5, .nbytes = 5}, {.offset = N - 1, .nbytes = 2}};
    assert_int_equal(zarrc_blosc_ranges_read(ctx, &blob.blob, outside, 2, &done, NULL), ZARRC_TRUNCATED);
    assert_null(outside[0].got.ptr);
    counting_blob_clear(&blob);
    free(encoded);
  }
  free(bytes);
}

static void served(void **state) {
  for (size_t c = 0; c < 1 + ZARRC_HAVE_LZ4; c++) {
    served_of(*state, cnames[c], "bitshuffle");
    served_of(*state, cnames[c], "shuffle");
    served_of(*state, cnames[c], "noshuffle");
  }
}

/* Damaged frames: an error, or as many bytes as were asked for, and never a byte outside. */
static void damage_of(zarrc_ctx *ctx, const char *cname) {
  size_t n, nserved = 0;
  uint8_t *bytes = bb_data(BB_RAMP, N), *encoded = encode(ctx, cname, "shuffle", 4, 16384, bytes, N, &n);
  counting_blob blob;
  counting_blob_init(&blob, ctx, encoded, n, false);
  for (size_t bit = 0; bit < n * 8; bit += bit < 1000 ? 1 : n * 8 / 500 | 1) {
    zarrc_range range = {.offset = 20000, .nbytes = 10};
    bool done = false;
    blob.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    zarrc_status status = zarrc_blosc_ranges_read(ctx, &blob.blob, &range, 1, &done, NULL);
    assert_true(!status || status == ZARRC_CORRUPT || status == ZARRC_TRUNCATED);
    assert_int_equal(range.got.len, done ? 10 : 0);
    nserved += done;
    zarrc_ranges_release(&range, 1);
    blob.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_true(nserved > 10);
  zarrc_blosc_frame f;
  assert_int_equal(zarrc_blosc_frame_check(encoded, n, &f, NULL), ZARRC_OK);
  uint8_t *streams = malloc(16384);
  uint32_t at = zarrc_load_le32(encoded + ZARRC_BLOSC_HEADER_NBYTES), end = zarrc_load_le32(encoded + 20);
  for (uint32_t cut = 0; cut < end - at; cut += cut < 50 ? 1 : 37) {
    uint8_t *exact = malloc(cut + 1);
    memcpy(exact, encoded + at, cut);
    assert_int_equal(zarrc_blosc_streams_decode(ctx, &f, 0, exact, cut, 16384, streams, NULL), ZARRC_CORRUPT);
    free(exact);
  }
  free(streams);
  counting_blob_clear(&blob);
  free(encoded);
  free(bytes);
}

static void damage(void **state) {
  for (size_t c = 0; c < 1 + ZARRC_HAVE_LZ4; c++) damage_of(*state, cnames[c]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(picks), cmocka_unit_test(served), cmocka_unit_test(damage)};
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

#else

static void cannot(void **state) {
  (void)state;
  zarrc_blosc_frame frame = {.nbytes = 100, .blocksize = 100, .nblocks = 1, .typesize = 1, .format = 4};
  assert_int_equal(zarrc_blosc_block_can(&frame, 0), ZARRC_HAVE_ZSTD);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(cannot)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
