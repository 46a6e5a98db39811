/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/versions.h"

#include <stdio.h>

/* The newest version of a key is remembered until it is forgotten, or others take its place. */
static void versions_are_remembered(void **state) {
  (void)state;
  zarrc_ctx *ctx;
  zarrc_store *one, *other;
  zarrc_identity found, version = {.word = {1, 2, 3, 4, 5}, .nbytes = 6};
  size_t n = 0;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &one, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &other, NULL), ZARRC_OK);
  assert_false(zarrc_versions_find(one, "a", &found));
  zarrc_versions_keep(one, "a", NULL);
  zarrc_versions_keep(one, "a", &version);
  assert_true(zarrc_versions_find(one, "a", &found));
  assert_memory_equal(&found, &version, sizeof version);
  assert_false(zarrc_versions_find(one, "b", &found) || zarrc_versions_find(other, "a", &found));
  version.nbytes = 7;
  zarrc_versions_keep(one, "a", &version);
  assert_true(zarrc_versions_find(one, "a", &found) && found.nbytes == 7);
  zarrc_versions_keep(one, "a", NULL);
  assert_false(zarrc_versions_find(one, "a", &found));
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < 10000; i++) {
      char key[20];
      snprintf(key, sizeof key, "k%d", i);
      version.nbytes = (uint64_t)i;
      if (!pass) zarrc_versions_keep(one, key, &version);
      if (!pass || !zarrc_versions_find(one, key, &found)) continue;
      assert_int_equal(found.nbytes, i);
      n++;
    }
  assert_true(n > 500 && n < 10000);
  zarrc_store_close(other);
  zarrc_store_close(one);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(versions_are_remembered)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
