/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/data.h>

#include "support/faulty_alloc.h"

#include <stdlib.h>
#include <string.h>

enum { NPIECES = 400, NROUNDS = 16 };

typedef struct pieces {
  zarrc_arena *arena;
  uint8_t *piece[NROUNDS][NPIECES];
} pieces;

static size_t size_of(size_t i) {
  return i % 40 == 39 ? 5000 * i : i % 37;
}

static zarrc_status take_round(void *arg, size_t round, zarrc_error *error) {
  pieces *p = arg;
  for (size_t i = 0; i < NPIECES; i++) {
    zarrc_status status = zarrc_arena_take(p->arena, size_of(i), &p->piece[round][i], error);
    if (status) return status;
    memset(p->piece[round][i], (int)(round * 16 + i), size_of(i));
  }
  return ZARRC_OK;
}

/* Pieces taken by several threads keep what was put in them, and go with the arena. */
static void pieces_do_not_touch(void **state) {
  (void)state;
  faulty_alloc alloc = {0};
  zarrc_ctx_options options = {.alloc = faulty_alloc_use(&alloc), .threads = 4};
  zarrc_ctx *ctx = NULL;
  pieces *p = calloc(1, sizeof *p);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_arena_open(ctx, &p->arena, NULL), ZARRC_OK);
  assert_int_equal(zarrc_for_each(ctx, NROUNDS, take_round, p, NULL), ZARRC_OK);
  for (size_t round = 0; round < NROUNDS; round++) {
    for (size_t i = 0; i < NPIECES; i++) {
      assert_non_null(p->piece[round][i]);
      for (size_t k = 0; k < size_of(i); k++) {
        if (p->piece[round][i][k] != (uint8_t)(round * 16 + i)) fail_msg("piece %zu of %zu", i, round);
      }
    }
  }
  zarrc_arena_close(p->arena);
  zarrc_arena_close(NULL);
  zarrc_ctx_close(ctx);
  assert_int_equal(alloc.blocks, 0);
  free(p);
}

static void small_pieces_share_blocks(void **state) {
  (void)state;
  faulty_alloc alloc = {0};
  zarrc_ctx_options options = {.alloc = faulty_alloc_use(&alloc), .threads = 1};
  zarrc_ctx *ctx = NULL;
  zarrc_arena *arena = NULL;
  uint8_t *p;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_arena_open(ctx, &arena, NULL), ZARRC_OK);
  size_t calls = alloc.calls, nbytes = alloc.nbytes;
  for (int i = 0; i < 10000; i++) assert_int_equal(zarrc_arena_take(arena, 300, &p, NULL), ZARRC_OK);
  assert_true(alloc.calls - calls < 30);
  assert_true(alloc.nbytes - nbytes < 2 * 3000000);
  zarrc_arena_close(arena);
  zarrc_ctx_close(ctx);
}

static zarrc_status take_some(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *ctx = NULL;
  zarrc_arena *arena = NULL;
  uint8_t *p;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (!status) status = zarrc_arena_open(ctx, &arena, NULL);
  for (size_t i = 0; i < 100 && !status; i++) {
    status = zarrc_arena_take(arena, 10 * i, &p, NULL);
    if (!status) memset(p, 1, 10 * i);
  }
  zarrc_arena_close(arena);
  zarrc_ctx_close(ctx);
  return status;
}

static void no_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, take_some, NULL) > 5);
  zarrc_ctx *ctx = NULL;
  zarrc_arena *arena = NULL;
  uint8_t *p = NULL;
  zarrc_ctx_options options = {.max_memory = 1 << 20};
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_arena_open(ctx, &arena, NULL), ZARRC_OK);
  assert_int_equal(zarrc_arena_take(arena, SIZE_MAX, &p, NULL), ZARRC_NO_MEMORY);
  assert_int_equal(zarrc_arena_take(arena, SIZE_MAX / 2, &p, NULL), ZARRC_NO_MEMORY);
  assert_null(p);
  assert_int_equal(zarrc_arena_take(arena, 3, &p, NULL), ZARRC_OK);
  zarrc_arena_close(arena);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_do_not_touch),
      cmocka_unit_test(small_pieces_share_blocks),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
