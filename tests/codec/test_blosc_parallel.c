/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "base/pool.h"
#include "codec/blosc_library.h"
#include "codec/blosc_parallel.h"
#include "support/bytes_codec.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !ZARRC_HAVE_BLOSC
int main(void) {
  return 0;
}
#else

/* Several threads must give what one gives. */

enum { BLOCK = 1 << 15, NBYTES = 40 * BLOCK + 1000 };

typedef struct fixture {
  zarrc_ctx *alone, *four;
  uint8_t *bytes, *frame, *one, *other;
  size_t nframe;
} fixture;

static zarrc_ctx *ctx_open(zarrc_ctx_options options) {
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->alone = ctx_open((zarrc_ctx_options){.threads = 1});
  f->four = ctx_open((zarrc_ctx_options){.threads = 4});
  f->bytes = bb_data(BB_RAMP, NBYTES);
  f->one = malloc(NBYTES);
  f->other = malloc(NBYTES);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  free(f->bytes);
  free(f->one);
  free(f->other);
  zarrc_ctx_close(f->four);
  zarrc_ctx_close(f->alone);
  free(f);
  return 0;
}

/* What hardly compresses, and yet is not stored as it is. */
static void make_noise(fixture *f) {
  free(f->bytes);
  f->bytes = bb_data(BB_NOISE, NBYTES);
  for (size_t i = 3; i < NBYTES; i += 4) f->bytes[i] = 0;
}

static void frame_make(fixture *f, const char *cname, const char *shuffle) {
  char json[200];
  snprintf(json, sizeof json,
           "{\"name\": \"blosc\", \"configuration\": {\"typesize\": 4, \"cname\": \"%s\", \"clevel\": 3, "
           "\"shuffle\": \"%s\", \"blocksize\": %d}}",
           cname, shuffle, BLOCK);
  zarrc_codec *codec = bb_open(f->alone, json);
  f->frame = bb_encode(codec, f->bytes, NBYTES, 1, &f->nframe);
  zarrc_codec_close(codec);
}

/* Decodes with one thread and with several: the same status, and the same bytes. */
static zarrc_status decode_both(fixture *f, zarrc_ctx *several) {
  zarrc_blosc_frame frame;
  zarrc_error a = {0}, b = {0};
  if (zarrc_blosc_frame_check(f->frame, f->nframe, &frame, NULL)) return ZARRC_TRUNCATED; /* seen before any thread */
  memset(f->one, 1, NBYTES);
  memset(f->other, 2, NBYTES);
  assert_int_equal(zarrc_blosc_parallel_ngroups(f->alone, &frame), 1);
  while (zarrc_pool_idle(several) < 3) sched_yield(); /* helpers of the call before may still be on their way */
  assert_true(zarrc_blosc_parallel_ngroups(several, &frame) > 1);
  zarrc_status status = zarrc_blosc_frame_decode(f->alone, f->frame, &frame, f->one, &a);
  assert_int_equal(zarrc_blosc_frame_decode(several, f->frame, &frame, f->other, &b), status);
  if (status) assert_string_equal(a.message, b.message);
  if (!status) assert_memory_equal(f->one, f->other, NBYTES);
  return status;
}

static void all_formats(void **state) {
  static const char *const cnames[] = {"blosclz", "lz4", "zlib", "zstd"};
  static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
  fixture *f = *state;
  for (size_t i = 0; i < sizeof cnames / sizeof *cnames; i++) {
    for (size_t k = 0; k < sizeof shuffles / sizeof *shuffles; k++) {
      zarrc_blosc_frame frame;
      frame_make(f, cnames[i], shuffles[k]);
      assert_int_equal(zarrc_blosc_frame_check(f->frame, f->nframe, &frame, NULL), ZARRC_OK);
      assert_true(frame.nblocks > 10);
      assert_int_equal(decode_both(f, f->four), ZARRC_OK);
      assert_memory_equal(f->one, f->bytes, NBYTES);
      free(f->frame);
    }
  }
}

/* As threads of libblosc leave them. */
static void blocks_in_any_order(void **state) {
  fixture *f = *state;
  zarrc_blosc_frame frame;
  frame_make(f, "zstd", "shuffle");
  assert_int_equal(zarrc_blosc_frame_check(f->frame, f->nframe, &frame, NULL), ZARRC_OK);
  uint8_t *mixed = malloc(f->nframe);
  uint32_t at = ZARRC_BLOSC_HEADER_NBYTES + 4 * frame.nblocks;
  memcpy(mixed, f->frame, at);
  for (uint32_t i = 0; i < frame.nblocks; i++) {
    uint32_t block = (i * 7 + 3) % frame.nblocks, from;
    uint32_t nbytes = zarrc_blosc_block_cbytes(&frame, f->frame, block, &from);
    zarrc_store_le32(mixed + ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)block, at);
    memcpy(mixed + at, f->frame + from, nbytes);
    at += nbytes;
  }
  assert_int_equal(at, f->nframe);
  assert_memory_not_equal(mixed, f->frame, f->nframe);
  free(f->frame);
  f->frame = mixed;
  assert_int_equal(decode_both(f, f->four), ZARRC_OK);
  assert_memory_equal(f->other, f->bytes, NBYTES);
  free(f->frame);
}

static void damaged_blocks(void **state) {
  fixture *f = *state;
  int nbad = 0;
  make_noise(f);
  for (size_t i = 0; i < NBYTES; i++) f->bytes[i] &= 3;
  frame_make(f, "zstd", "shuffle");
  for (size_t at = 16; at < f->nframe; at += f->nframe / 97) {
    f->frame[at] ^= 0x10;
    nbad += decode_both(f, f->four) != ZARRC_OK;
    f->frame[at] ^= 0x10;
  }
  assert_true(nbad > 10);
  free(f->frame);
}

/* Where there is no memory for the groups, the frame is decoded as it is. */
static void little_memory(void **state) {
  fixture *f = *state;
  zarrc_ctx *narrow = ctx_open((zarrc_ctx_options){.threads = 4, .max_memory = 140000});
  make_noise(f);
  frame_make(f, "zstd", "shuffle");
  assert_int_equal(decode_both(f, narrow), ZARRC_OK);
  assert_memory_equal(f->other, f->bytes, NBYTES);
  free(f->frame);
  zarrc_ctx_close(narrow);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_formats, set_up, tear_down),
      cmocka_unit_test_setup_teardown(blocks_in_any_order, set_up, tear_down),
      cmocka_unit_test_setup_teardown(damaged_blocks, set_up, tear_down),
      cmocka_unit_test_setup_teardown(little_memory, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
