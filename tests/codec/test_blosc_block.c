/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/blosc_block.h"
#include "support/bytes_codec.h"

#include <stdlib.h>
#include <string.h>

#if ZARRC_HAVE_BLOSC && ZARRC_HAVE_ZSTD
#include <blosc.h>

/* A frame of libblosc is decoded to what it was given. */
static void decode(zarrc_ctx *ctx, const uint8_t *p, size_t made, const uint8_t *bytes, size_t n, uint8_t *got) {
  zarrc_blosc_frame frame;
  assert_int_equal(zarrc_blosc_frame_check(p, made, &frame, NULL), ZARRC_OK);
  if (frame.stored || !zarrc_blosc_blocks_can(&frame)) return;
  memset(got, 0, n);
  assert_int_equal(zarrc_blosc_blocks_decode(ctx, p, &frame, 0, frame.nblocks, got, NULL), ZARRC_OK);
  assert_memory_equal(got, bytes, n);
}

/* One frame made here and one by libblosc: the same header, about the same length, and both decode both. */
static bool compare(zarrc_ctx *ctx, zarrc_blosc_cname cname, const uint8_t *bytes, size_t n, size_t typesize,
                    int clevel, int shuffle, size_t blocksize) {
  zarrc_blosc_frame plan, frame;
  size_t made = 0;
  if (!zarrc_blosc_frame_plan((uint32_t)n, (uint8_t)typesize, cname, clevel, (zarrc_blosc_shuffle)shuffle,
                              (uint32_t)blocksize, &plan))
    return false;
  uint8_t *ours = malloc(n + 16), *theirs = malloc(n + 16), *got = malloc(n);
  zarrc_error error;
  if (zarrc_blosc_frame_encode(ctx, &plan, clevel, bytes, ours, &made, &error)) fail_msg("%s", error.message);
  assert_true(made <= n + 16);
  int wanted = blosc_compress_ctx(clevel, shuffle, typesize, n, bytes, theirs, n + 16, zarrc_blosc_cname_name(cname),
                                  blocksize, 1);
  assert_true(wanted > 0);
  if (memcmp(ours, theirs, 12) != 0)
    fail_msg(
        "%s of %zu bytes, typesize %zu, clevel %d, shuffle %d, blocksize %zu: flags %02x and %02x, blocks %u and %u",
        zarrc_blosc_cname_name(cname), n, typesize, clevel, shuffle, blocksize, ours[2], theirs[2],
        *(uint32_t *)(void *)(ours + 8), *(uint32_t *)(void *)(theirs + 8));
  assert_in_range(made, (size_t)wanted - (size_t)wanted / 8, (size_t)wanted + (size_t)wanted / 8);
  assert_int_equal(zarrc_blosc_frame_check(ours, made, &frame, NULL), ZARRC_OK);
  memset(got, 0, n);
  assert_int_equal(blosc_decompress_ctx(ours, got, n, 1), n);
  assert_memory_equal(got, bytes, n);
  decode(ctx, theirs, (size_t)wanted, bytes, n, got);
  free(ours);
  free(theirs);
  free(got);
  return true;
}

static void frames_of(zarrc_ctx *ctx, zarrc_blosc_cname cname) {
  static const size_t typesizes[] = {1, 2, 3, 4, 8, 16, 17, 255};
  static const size_t sizes[] = {128, 129, 1000, 4096, 32767, 32768, 65536, 100001, 131072, 300000, 1 << 20};
  static const size_t blocksizes[] = {0, 1, 200, 16384, 1 << 22};
  size_t ncompared = 0;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (int kind = 0; kind < 3; kind++) {
      uint8_t *bytes = bb_data((bb_kind)kind, sizes[s]);
      for (size_t t = 0; t < sizeof typesizes / sizeof *typesizes; t++)
        for (int shuffle = (s < 8 ? 0 : 1); shuffle < (s < 8 ? 3 : 2); shuffle++) {
          for (size_t b = 0; b < sizeof blocksizes / sizeof *blocksizes; b++)
            if (blocksizes[b] == 0 || sizes[s] / blocksizes[b] < 4100)
              ncompared += compare(ctx, cname, bytes, sizes[s], typesizes[t], 1, shuffle, blocksizes[b]);
          if (t == 3 && kind == BB_RAMP && (s == 2 || s == 5 || s == 8))
            for (int clevel = 2; clevel < 10; clevel++)
              ncompared += compare(ctx, cname, bytes, sizes[s], typesizes[t], clevel, shuffle, 0);
        }
      free(bytes);
    }
  assert_true(ncompared > 700);
}

static void frames_of_zstd(void **state) {
  frames_of(*state, ZARRC_BLOSC_ZSTD);
}

static void frames_of_lz4(void **state) {
  if (ZARRC_HAVE_LZ4)
    frames_of(*state, ZARRC_BLOSC_LZ4);
  else
    skip();
}

/* Damaged frames that pass the checks: both decode them to the same bytes, or neither does. */
static void damage(void **state) {
  enum { N = 60000 };
  zarrc_ctx *ctx = *state;
  uint8_t *bytes = bb_data(BB_RAMP, N), *p = malloc(N + 16), *ours = malloc(N), *theirs = malloc(N);
  size_t made = 0, nboth = 0, nneither = 0;
  zarrc_blosc_frame f;
  for (int shuffle = 0; shuffle < (ZARRC_HAVE_LZ4 ? 6 : 3); shuffle++) {
    const char *cname = shuffle < 3 ? "zstd" : "lz4";
    made = (size_t)blosc_compress_ctx(3, shuffle % 3, 4, N, bytes, p, N + 16, cname, 16000, 1);
    assert_in_range(made, 300, N);
    for (size_t bit = 0; bit < made * 8; bit += bit < 2000 ? 1 : made * 8 / 3000 | 1) {
      uint8_t *exact = malloc(made);
      memcpy(exact, p, made);
      exact[bit / 8] ^= (uint8_t)(1 << bit % 8);
      bool checked = !zarrc_blosc_frame_check(exact, made, &f, NULL) && f.nbytes == N && zarrc_blosc_blocks_can(&f);
      memset(ours, 0, N);
      memset(theirs, 0, N);
      if (checked) {
        bool here = !zarrc_blosc_blocks_decode(ctx, exact, &f, 0, f.nblocks, ours, NULL);
        bool there = blosc_decompress_ctx(exact, theirs, N, 1) == N;
        if (here != there) fail_msg("bit %zu: %d here, %d there", bit, here, there);
        if (here) assert_memory_equal(ours, theirs, N);
        *(here ? &nboth : &nneither) += 1;
      }
      free(exact);
    }
  }
  assert_true(nboth > 100 && nneither > 100);
  free(bytes);
  free(p);
  free(ours);
  free(theirs);
}

/* What is left to libblosc, or to nobody. */
static void not_here(void **state) {
  (void)state;
  zarrc_blosc_frame f;
  assert_false(zarrc_blosc_frame_plan(4096, 4, ZARRC_BLOSC_ZSTD, 0, ZARRC_BLOSC_SHUFFLE, 0, &f));
  assert_false(zarrc_blosc_frame_plan(127, 4, ZARRC_BLOSC_ZSTD, 5, ZARRC_BLOSC_SHUFFLE, 0, &f));
  assert_false(zarrc_blosc_frame_plan(200, 255, ZARRC_BLOSC_ZSTD, 5, ZARRC_BLOSC_SHUFFLE, 0, &f));
  assert_false(zarrc_blosc_frame_plan(4 * 1001, 4, ZARRC_BLOSC_ZSTD, 5, ZARRC_BLOSC_BITSHUFFLE, 0, &f));
  assert_false(zarrc_blosc_frame_plan(4096, 4, ZARRC_BLOSC_LZ4HC, 5, ZARRC_BLOSC_SHUFFLE, 0, &f));
  assert_false(zarrc_blosc_frame_plan(4096, 4, ZARRC_BLOSC_BLOSCLZ, 5, ZARRC_BLOSC_SHUFFLE, 0, &f));
  assert_true(zarrc_blosc_frame_plan(4 * 1000, 4, ZARRC_BLOSC_ZSTD, 5, ZARRC_BLOSC_BITSHUFFLE, 0, &f));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(frames_of_zstd), cmocka_unit_test(frames_of_lz4),
                                     cmocka_unit_test(damage), cmocka_unit_test(not_here)};
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}

#else

int main(void) {
  return 0;
}

#endif
