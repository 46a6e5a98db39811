/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "support/faulty_alloc.h"

#include <pthread.h>
#include <string.h>

static char destroyed[8];

static void note(zarrc_ctx *ctx, void *object) {
  void *p = zarrc_malloc(ctx, 1); /* the context still works */
  assert_non_null(p);
  zarrc_free(ctx, p);
  strcat(destroyed, object);
}

static void test_slots(void **state) {
  (void)state;
  zarrc_ctx *ctx = NULL;
  char a[] = "a", b[] = "b";
  destroyed[0] = 0;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  for (int i = 0; i < ZARRC_NSLOTS; i++) assert_null(zarrc_ctx_get_slot(ctx, (zarrc_ctx_slot)i));
  assert_true(zarrc_ctx_set_slot(ctx, ZARRC_SLOT_REGISTRY, a, note));
  assert_true(zarrc_ctx_set_slot(ctx, ZARRC_SLOT_INDEX_CACHE, b, note));
  assert_false(zarrc_ctx_set_slot(ctx, ZARRC_SLOT_REGISTRY, b, note));
  assert_ptr_equal(zarrc_ctx_get_slot(ctx, ZARRC_SLOT_REGISTRY), a);
  assert_ptr_equal(zarrc_ctx_get_slot(ctx, ZARRC_SLOT_INDEX_CACHE), b);
  zarrc_ctx_close(ctx);
  assert_string_equal(destroyed, "ba");
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_true(zarrc_ctx_set_slot(ctx, ZARRC_SLOT_REGISTRY, a, NULL));
  zarrc_ctx_close(ctx);
  assert_string_equal(destroyed, "ba");
}

static void *put_one(void *arg) {
  zarrc_ctx *ctx = arg;
  int *object = zarrc_malloc(ctx, sizeof *object);
  *object = 42;
  bool first = zarrc_ctx_set_slot(ctx, ZARRC_SLOT_INDEX_CACHE, object, zarrc_free);
  const int *there = zarrc_ctx_get_slot(ctx, ZARRC_SLOT_INDEX_CACHE);
  bool good = *there == 42 && (there == object) == first;
  if (!first) zarrc_free(ctx, object);
  return !good ? NULL : first ? arg : (char *)arg + 1;
}

static void test_slot_race(void **state) {
  (void)state;
  for (int round = 0; round < 50; round++) {
    faulty_alloc a = {0};
    zarrc_ctx *ctx = NULL;
    assert_int_equal(zarrc_ctx_open(&(zarrc_ctx_options){.alloc = faulty_alloc_use(&a)}, &ctx, NULL), ZARRC_OK);
    pthread_t threads[4];
    int firsts = 0;
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, put_one, ctx), 0);
    for (int i = 0; i < 4; i++) {
      void *result;
      pthread_join(threads[i], &result);
      assert_non_null(result);
      firsts += result == (void *)ctx;
    }
    assert_int_equal(firsts, 1);
    zarrc_ctx_close(ctx);
    assert_int_equal(a.blocks, 0);
  }
}

static bool is_set(void *flag) {
  return *(const bool *)flag;
}

static void test_canceled(void **state) {
  (void)state;
  bool canceled = false;
  zarrc_ctx *ctx = NULL;
  zarrc_error error;
  zarrc_ctx_options options = {.struct_size = sizeof options, .canceled = is_set, .canceled_ud = &canceled};
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  assert_ptr_equal(zarrc_ctx_get_options(ctx)->canceled_ud, &canceled);
  assert_int_equal(zarrc_ctx_check_canceled(ctx, &error), ZARRC_OK);
  canceled = true;
  assert_int_equal(zarrc_ctx_check_canceled(ctx, &error), ZARRC_CANCELED);
  assert_int_equal(error.code, ZARRC_CANCELED);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_slots), cmocka_unit_test(test_slot_race),
                                     cmocka_unit_test(test_canceled)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
