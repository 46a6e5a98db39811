/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "codec/blosc_frame.h"
#include "support/guard.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 0, FORMAT_VERSION = 1, FLAGS = 2, TYPESIZE = 3, NBYTES = 4, BLOCKSIZE = 8, CBYTES = 12 };

/* A frame of two whole blocks of 1,024 bytes and one of 100, each as a copy of its bytes (i % 251). split: into
 * streams of a type of 4 bytes. */
static size_t frame_make(uint8_t *p, bool split) {
  enum { BLOCK = 1024, LAST = 100, N = 3 };
  uint32_t at = 16 + 4 * N;
  memset(p, 0, 16);
  p[VERSION] = 2, p[FORMAT_VERSION] = 1, p[TYPESIZE] = 4;
  p[FLAGS] = (uint8_t)(1 << 5 | (split ? 0 : ZARRC_BLOSC_UNSPLIT));
  zarrc_store_le32(p + NBYTES, 2 * BLOCK + LAST);
  zarrc_store_le32(p + BLOCKSIZE, BLOCK);
  for (uint32_t i = 0, byte = 0; i < N; i++) {
    uint32_t nstreams = split && i < N - 1 ? 4 : 1, nbytes = (i < N - 1 ? BLOCK : LAST) / nstreams;
    zarrc_store_le32(p + 16 + 4 * i, at);
    for (uint32_t s = 0; s < nstreams; s++, at += 4 + nbytes) {
      zarrc_store_le32(p + at, nbytes);
      for (uint32_t k = 0; k < nbytes; k++) p[at + 4 + k] = (uint8_t)(byte++ % 251);
    }
  }
  zarrc_store_le32(p + CBYTES, at);
  return at;
}

static zarrc_status check(const uint8_t *p, size_t n, zarrc_blosc_frame *frame) {
  guard g = guard_end_of(p, n);
  zarrc_error error = {0};
  guard_read_only(&g);
  zarrc_status status = zarrc_blosc_frame_check(g.ptr, n, frame, &error);
  if (status) assert_true(*error.message);
  guard_free(&g);
  return status;
}

static void good_frames_are_read(void **state) {
  (void)state;
  for (int split = 0; split < 2; split++) {
    uint8_t p[4096];
    zarrc_blosc_frame f = {0};
    size_t n = frame_make(p, split);
    assert_int_equal(check(p, n, &f), ZARRC_OK);
    assert_int_equal(f.nbytes, 2148);
    assert_int_equal(f.blocksize, 1024);
    assert_int_equal(f.cbytes, n);
    assert_int_equal(f.nblocks, 3);
    assert_int_equal(f.typesize, 4);
    assert_int_equal(f.format, 1);
    assert_false(f.stored);
    assert_int_equal(zarrc_blosc_block_nbytes(&f, 0), 1024);
    assert_int_equal(zarrc_blosc_block_nbytes(&f, 1), 1024);
    assert_int_equal(zarrc_blosc_block_nbytes(&f, 2), 100);
    memset(p + n, 0xee, 5);
    assert_int_equal(check(p, n + 5, &f), ZARRC_OK); /* what lies behind does not count */
    for (size_t cut = 0; cut < n; cut++) assert_int_equal(check(p, cut, &f), ZARRC_TRUNCATED);
  }
}

static void stored_and_empty_frames(void **state) {
  (void)state;
  uint8_t p[64] = {2, 1, 0x33, 4, 5, 0, 0, 0, 5, 0, 0, 0, 21};
  zarrc_blosc_frame f;
  assert_int_equal(check(p, 21, &f), ZARRC_OK);
  assert_true(f.stored);
  assert_int_equal(f.nblocks, 0);
  for (size_t n = 0; n < 21; n++) assert_int_equal(check(p, n, &f), ZARRC_TRUNCATED);
  p[FLAGS] = 0xd6; /* no compressor is known by such flags, and none is needed */
  assert_int_equal(check(p, 21, &f), ZARRC_OK);
  assert_true(f.stored);
  p[FLAGS] |= ZARRC_BLOSC_RESERVED;
  assert_int_equal(check(p, 21, &f), ZARRC_CORRUPT);
  p[FLAGS] = 0x33;
  p[CBYTES] = 22;
  assert_int_equal(check(p, 22, &f), ZARRC_CORRUPT);
  p[CBYTES] = 20;
  assert_int_equal(check(p, 22, &f), ZARRC_CORRUPT);
  static const uint8_t empty[] = {2, 1, 0x33, 4, 0, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0};
  assert_int_equal(check(empty, 16, &f), ZARRC_OK);
  assert_int_equal(f.nbytes, 0);
  assert_int_equal(f.nblocks, 0);
}

static void impossible_headers_are_corrupt(void **state) {
  (void)state;
  static const struct {
    size_t at;
    uint32_t value;
    bool byte;
  } rows[] = {
      {VERSION, 0, true},
      {VERSION, 1, true},
      {VERSION, 3, true},
      {VERSION, 5, true},
      {FORMAT_VERSION, 0, true},
      {FORMAT_VERSION, 2, true},
      {FLAGS, 0x38, true},
      {FLAGS, 0xb0, true},
      {FLAGS, 0xd0, true},
      {FLAGS, 0xf0, true},
      {TYPESIZE, 0, true},
      {NBYTES, INT32_MAX, false},
      {NBYTES, INT32_MAX - 15, false},
      {NBYTES, UINT32_MAX, false},
      {NBYTES, 1u << 31, false},
      {NBYTES, 1023, false},
      {BLOCKSIZE, 0, false},
      {BLOCKSIZE, 2149, false},
      {BLOCKSIZE, UINT32_MAX, false},
      {BLOCKSIZE, 1u << 31, false},
      {BLOCKSIZE, 1, false},
      {CBYTES, 0, false},
      {CBYTES, 15, false},
      {CBYTES, 16, false},
      {CBYTES, 27, false},
      {CBYTES, 28, false},
      {CBYTES, 1u << 31, false},
      {CBYTES, UINT32_MAX, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t p[4096];
    zarrc_blosc_frame f;
    size_t n = frame_make(p, false);
    if (rows[i].byte)
      p[rows[i].at] = (uint8_t)rows[i].value;
    else
      zarrc_store_le32(p + rows[i].at, rows[i].value);
    if (check(p, n, &f) != ZARRC_CORRUPT) fail_msg("row %zu", i);
  }
}

/* libblosc takes blocks up to a third of 2 GiB. */
static void blocks_that_libblosc_refuses(void **state) {
  (void)state;
  uint8_t header[16] = {2, 1, 0x30, 4};
  zarrc_blosc_frame f;
  const uint32_t most = (INT32_MAX - 255 * 4) / 3;
  zarrc_store_le32(header + NBYTES, 2000000000);
  zarrc_store_le32(header + CBYTES, 5000);
  zarrc_store_le32(header + BLOCKSIZE, most);
  assert_int_equal(zarrc_blosc_frame_parse(header, &f, NULL), ZARRC_OK);
  assert_int_equal(f.nblocks, 3);
  zarrc_store_le32(header + BLOCKSIZE, most + 1);
  assert_int_equal(zarrc_blosc_frame_parse(header, &f, NULL), ZARRC_CORRUPT);
}

static void blocks_must_lie_inside(void **state) {
  (void)state;
  for (int split = 0; split < 2; split++) {
    uint8_t p[4096];
    zarrc_blosc_frame f;
    uint32_t n = (uint32_t)frame_make(p, split);
    for (uint32_t i = 0; i < 3; i++) {
      uint32_t good = zarrc_load_le32(p + 16 + 4 * i);
      const uint32_t bad[] = {0, 16, 27, n - 3, n - 1, n, n + 1, INT32_MAX, 1u << 31, UINT32_MAX};
      for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        zarrc_store_le32(p + 16 + 4 * i, bad[k]);
        if (check(p, n, &f) != ZARRC_CORRUPT) fail_msg("block %u at %u", i, bad[k]);
      }
      zarrc_store_le32(p + 16 + 4 * i, good);
    }
    assert_int_equal(check(p, n, &f), ZARRC_OK);
  }
}

static void streams_must_lie_inside(void **state) {
  (void)state;
  for (int split = 0; split < 2; split++) {
    uint8_t p[4096];
    zarrc_blosc_frame f;
    uint32_t n = (uint32_t)frame_make(p, split);
    uint32_t first = zarrc_load_le32(p + 16), last = zarrc_load_le32(p + 24);
    const uint32_t at[] = {first, last}, bad[] = {0, n, INT32_MAX, 1u << 31, UINT32_MAX, UINT32_MAX - 3};
    for (size_t i = 0; i < 2; i++) {
      uint32_t good = zarrc_load_le32(p + at[i]);
      for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        zarrc_store_le32(p + at[i], bad[k]);
        if (check(p, n, &f) != ZARRC_CORRUPT) fail_msg("stream at %u of %u bytes", at[i], bad[k]);
      }
      zarrc_store_le32(p + at[i], i ? n - last - 4 + 1 : good);
      assert_int_equal(check(p, n, &f), i ? ZARRC_CORRUPT : ZARRC_OK);
      zarrc_store_le32(p + at[i], good);
    }
  }
}

/* Blocks that share their bytes would make decoding take longer than the frame is long. */
static void blocks_must_not_overlap(void **state) {
  (void)state;
  uint8_t p[4096];
  zarrc_blosc_frame f;
  size_t n = frame_make(p, false);
  zarrc_store_le32(p + 24, zarrc_load_le32(p + 16)); /* the last is short: its stream would do */
  assert_int_equal(check(p, n, &f), ZARRC_CORRUPT);
  frame_make(p, false);
  uint32_t first = zarrc_load_le32(p + 16);
  zarrc_store_le32(p + 16, zarrc_load_le32(p + 20)); /* in another order they may lie */
  zarrc_store_le32(p + 20, first);
  assert_int_equal(check(p, n, &f), ZARRC_OK);
}

/* 1,026 bytes in streams of a 4-byte type would leave two bytes that nothing writes. */
static void blocks_must_be_divisible(void **state) {
  (void)state;
  uint8_t p[4096];
  zarrc_blosc_frame f;
  size_t n = frame_make(p, true);
  zarrc_store_le32(p + NBYTES, 2 * 1026 + 100);
  zarrc_store_le32(p + BLOCKSIZE, 1026);
  assert_int_equal(check(p, n, &f), ZARRC_CORRUPT);
  p[FLAGS] |= ZARRC_BLOSC_UNSPLIT;
  assert_int_equal(check(p, n, &f), ZARRC_OK);
}

/* Types of more than 16 bytes, and blocks of less than 128 bytes a stream, are never split. */
static void small_blocks_and_large_types_are_whole(void **state) {
  (void)state;
  static const uint8_t typesizes[] = {9, 17, 255};
  for (size_t i = 0; i < sizeof typesizes; i++) {
    uint8_t p[4096];
    zarrc_blosc_frame f;
    size_t n = frame_make(p, false);
    p[FLAGS] ^= ZARRC_BLOSC_UNSPLIT;
    p[TYPESIZE] = typesizes[i];
    assert_int_equal(check(p, n, &f), ZARRC_OK);
  }
}

/* Streams of zstd start with its magic number: libzstd would take formats of before its first release. */
static void zstd_streams_are_zstd(void **state) {
  (void)state;
  uint8_t p[4096];
  zarrc_blosc_frame f;
  size_t n = frame_make(p, false);
  uint32_t last = zarrc_load_le32(p + 24);
  p[FLAGS] = 4 << 5 | ZARRC_BLOSC_UNSPLIT;
  assert_int_equal(check(p, n, &f), ZARRC_OK); /* copies */
  zarrc_store_le32(p + last, 99);
  assert_int_equal(check(p, n, &f), ZARRC_CORRUPT);
  memcpy(p + last + 4, "\x28\xb5\x2f\xfd", 4);
  assert_int_equal(check(p, n, &f), ZARRC_OK);
  memcpy(p + last + 4, "\x27\xb5\x2f\xfd", 4);
  assert_int_equal(check(p, n, &f), ZARRC_CORRUPT);
  zarrc_store_le32(p + last, 3);
  assert_int_equal(check(p, n, &f), ZARRC_CORRUPT);
}

/* 2^23 times 255 is nearly 2^31: more would wrap round in the decoder of blosclz. */
static void blosclz_matches_cannot_wrap_round(void **state) {
  (void)state;
  const uint32_t nstream = (1u << 23) + 100, nbytes = 20 << 20;
  uint8_t *p = calloc(24 + nstream, 1);
  zarrc_blosc_frame f;
  p[VERSION] = 2, p[FORMAT_VERSION] = 1, p[FLAGS] = ZARRC_BLOSC_UNSPLIT, p[TYPESIZE] = 1;
  zarrc_store_le32(p + NBYTES, nbytes);
  zarrc_store_le32(p + BLOCKSIZE, nbytes);
  zarrc_store_le32(p + CBYTES, 24 + nstream);
  zarrc_store_le32(p + 16, 20);
  zarrc_store_le32(p + 20, nstream);
  memset(p + 24 + 50, 0xff, (1u << 23) - 1);
  assert_int_equal(zarrc_blosc_frame_check(p, 24 + nstream, &f, NULL), ZARRC_OK);
  p[24 + 49] = 0xff;
  assert_int_equal(zarrc_blosc_frame_check(p, 24 + nstream, &f, NULL), ZARRC_CORRUPT);
  p[FLAGS] |= 1 << 5; /* lz4 is safe */
  assert_int_equal(zarrc_blosc_frame_check(p, 24 + nstream, &f, NULL), ZARRC_OK);
  free(p);
}

static void cut_frames(void **state) {
  (void)state;
  uint8_t p[4096], header[16];
  zarrc_blosc_frame f, cut;
  size_t n = frame_make(p, true);
  assert_int_equal(check(p, n, &f), ZARRC_OK);
  zarrc_blosc_frame_cut(&f, 2, false, 3000, header);
  assert_int_equal(zarrc_blosc_frame_parse(header, &cut, NULL), ZARRC_OK);
  assert_int_equal(cut.nbytes, 2048);
  assert_int_equal(cut.nblocks, 2);
  assert_int_equal(cut.flags, f.flags);
  assert_int_equal(cut.typesize, 4);
  assert_int_equal(cut.cbytes, 3000);
  zarrc_blosc_frame_cut(&f, 2, true, 3000, header);
  assert_int_equal(zarrc_blosc_frame_parse(header, &cut, NULL), ZARRC_OK);
  assert_int_equal(cut.nbytes, 1124);
  assert_int_equal(cut.flags, f.flags);
  zarrc_blosc_frame_cut(&f, 1, true, 3000, header); /* the short block alone */
  assert_int_equal(zarrc_blosc_frame_parse(header, &cut, NULL), ZARRC_OK);
  assert_int_equal(cut.nbytes, 100);
  assert_int_equal(cut.blocksize, 100);
  assert_int_equal(cut.flags, f.flags | ZARRC_BLOSC_UNSPLIT);
  zarrc_blosc_frame_cut(&f, 1, false, 3000, header);
  assert_int_equal(zarrc_blosc_frame_parse(header, &cut, NULL), ZARRC_OK);
  assert_int_equal(cut.nbytes, 1024);
  assert_int_equal(cut.flags, f.flags);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_frames_are_read),
      cmocka_unit_test(stored_and_empty_frames),
      cmocka_unit_test(impossible_headers_are_corrupt),
      cmocka_unit_test(blocks_that_libblosc_refuses),
      cmocka_unit_test(blocks_must_lie_inside),
      cmocka_unit_test(streams_must_lie_inside),
      cmocka_unit_test(blocks_must_not_overlap),
      cmocka_unit_test(blocks_must_be_divisible),
      cmocka_unit_test(small_blocks_and_large_types_are_whole),
      cmocka_unit_test(zstd_streams_are_zstd),
      cmocka_unit_test(blosclz_matches_cannot_wrap_round),
      cmocka_unit_test(cut_frames),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
