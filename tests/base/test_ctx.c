/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "support/faulty_alloc.h"

#include <stdlib.h>
#include <string.h>

static void test_defaults(void **state) {
  (void)state;
  zarrc_ctx_options zeroed = {0};
  for (int given = 0; given < 2; given++) {
    zarrc_ctx *ctx = NULL;
    assert_int_equal(zarrc_ctx_open(given ? &zeroed : NULL, &ctx, NULL), ZARRC_OK);
    const zarrc_ctx_options *o = zarrc_ctx_get_options(ctx);
    assert_int_equal(o->struct_size, sizeof *o);
    assert_non_null(o->alloc.resize);
    assert_null(o->exec.for_each);
    assert_int_equal(o->threads, zarrc_cpu_count());
    assert_true(o->max_chunk_bytes == (uint64_t)8 << 30);
    assert_true(o->max_memory == 0);
    assert_true(o->index_cache_bytes == 16 << 20);
    assert_null(o->canceled);
    zarrc_ctx_close(ctx);
  }
  zarrc_ctx_close(NULL);
}

static void test_options_are_kept(void **state) {
  (void)state;
  faulty_alloc a = {0};
  zarrc_ctx_options given = {.struct_size = sizeof given,
                             .alloc = faulty_alloc_use(&a),
                             .threads = 3,
                             .max_chunk_bytes = 1000,
                             .max_memory = 1 << 20,
                             .index_cache_bytes = UINT64_MAX};
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&given, &ctx, NULL), ZARRC_OK);
  assert_memory_equal(zarrc_ctx_get_options(ctx), &given, sizeof given);
  assert_int_equal(zarrc_ctx_memory(ctx), a.nbytes);
  assert_int_equal(zarrc_ctx_memory_peak(ctx), a.nbytes);
  zarrc_ctx_close(ctx);
  assert_int_equal(a.nbytes, 0);
  given.threads = 1000000;
  assert_int_equal(zarrc_ctx_open(&given, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_ctx_get_options(ctx)->threads, 1024);
  zarrc_ctx_close(ctx);
}

/* Callers that were compiled with shorter or longer options. */
static void test_struct_size(void **state) {
  (void)state;
  zarrc_ctx *ctx = NULL;
  zarrc_error e;
  zarrc_ctx_options o = {.threads = 5, .max_memory = 1 << 30};
  o.struct_size = offsetof(zarrc_ctx_options, max_memory);
  assert_int_equal(zarrc_ctx_open(&o, &ctx, &e), ZARRC_OK);
  assert_int_equal(zarrc_ctx_get_options(ctx)->threads, 5);
  assert_true(zarrc_ctx_get_options(ctx)->max_memory == 0);
  assert_int_equal(zarrc_ctx_get_options(ctx)->struct_size, sizeof o);
  zarrc_ctx_close(ctx);

  o.struct_size = sizeof o.struct_size - 1;
  ctx = (void *)&o;
  assert_int_equal(zarrc_ctx_open(&o, &ctx, &e), ZARRC_INVALID_ARGUMENT);
  assert_ptr_equal(ctx, &o);

  char *longer = calloc(1, sizeof o + 10);
  o.struct_size = sizeof o + 10;
  memcpy(longer, &o, sizeof o);
  assert_int_equal(zarrc_ctx_open((zarrc_ctx_options *)(void *)longer, &ctx, &e), ZARRC_OK);
  assert_int_equal(zarrc_ctx_get_options(ctx)->threads, 5);
  zarrc_ctx_close(ctx);
  longer[sizeof o + 9] = 1;
  assert_int_equal(zarrc_ctx_open((zarrc_ctx_options *)(void *)longer, &ctx, &e), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(e.message, "options"));
  free(longer);
}

static void test_too_little_memory(void **state) {
  (void)state;
  zarrc_ctx *ctx = NULL;
  zarrc_error e;
  assert_int_equal(zarrc_ctx_open(&(zarrc_ctx_options){.max_memory = 100}, &ctx, &e), ZARRC_NO_MEMORY);
  assert_null(ctx);
}

static zarrc_status open_close(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *ctx = NULL;
  zarrc_error e;
  zarrc_status status = zarrc_ctx_open(options, &ctx, &e);
  assert_int_equal(status == ZARRC_OK, ctx != NULL);
  if (status) assert_int_equal(e.code, status);
  zarrc_ctx_close(ctx);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  assert_int_equal(faulty_alloc_each(NULL, open_close, NULL), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),          cmocka_unit_test(test_struct_size),
      cmocka_unit_test(test_options_are_kept),  cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_too_little_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
