/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/text.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <string.h>

static void a_copy_ends_with_nul(void **state) {
  static const struct {
    const char *text;
    size_t n;
  } cases[] = {{"abc", 3}, {"abc", 2}, {"a\0b", 3}, {"", 0}, {NULL, 0}};
  zarrc_ctx *ctx;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *copies[2];
    copies[0] = zarrc_text_new(ctx, cases[i].text, cases[i].n);
    assert_int_equal(zarrc_text_copy(ctx, cases[i].text, cases[i].n, &copies[1], NULL), ZARRC_OK);
    for (int k = 0; k < 2; k++) {
      assert_non_null(copies[k]);
      if (cases[i].n) assert_memory_equal(copies[k], cases[i].text, cases[i].n);
      assert_int_equal(copies[k][cases[i].n], 0);
      zarrc_free(ctx, copies[k]);
    }
  }
  zarrc_ctx_close(ctx);
}

static void no_memory_is_said(void **state) {
  faulty_alloc alloc = {0};
  zarrc_ctx_options options = {.struct_size = sizeof options, .alloc = faulty_alloc_use(&alloc)};
  zarrc_ctx *ctx;
  zarrc_error error;
  char *copy = (char *)"before";
  (void)state;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  alloc.fail_at = alloc.calls + 1;
  alloc.forever = true;
  assert_null(zarrc_text_new(ctx, "abc", 3));
  assert_int_equal(zarrc_text_copy(ctx, "abc", 3, &copy, &error), ZARRC_NO_MEMORY);
  assert_string_equal(SAID(error), "no memory for 3 bytes of text");
  assert_null(copy);
  zarrc_ctx_close(ctx);
  assert_int_equal(alloc.blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_copy_ends_with_nul), cmocka_unit_test(no_memory_is_said)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
