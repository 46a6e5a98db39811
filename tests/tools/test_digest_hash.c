/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/nodes.h"
#include "tools/digest.h"

#include <stdlib.h>
#include <string.h>

static void test_values(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  char hash[ZARRC_SHA256_TEXT], whole[ZARRC_SHA256_TEXT];
  uint8_t wanted[ZARRC_SHA256_NBYTES];
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  nodes_put(store, "a", "abc");
  assert_int_equal(zarrc_digest_value(store, "a", 3, hash, NULL), ZARRC_OK);
  assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_int_equal(zarrc_digest_value(store, "a", ZARRC_UNKNOWN, hash, NULL), ZARRC_OK);
  assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_int_equal(zarrc_digest_value(store, "b", 3, hash, NULL), ZARRC_NOT_FOUND);
  size_t n = (40u << 20) + 5; /* in pieces */
  uint8_t *bytes = malloc(n);
  assert_non_null(bytes);
  for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(i * 31 >> 3);
  assert_int_equal(zarrc_store_set(store, "c", bytes, n, NULL), ZARRC_OK);
  assert_int_equal(zarrc_digest_value(store, "c", n, hash, NULL), ZARRC_OK);
  assert_int_equal(zarrc_sha256(bytes, n, wanted, NULL), ZARRC_OK);
  zarrc_sha256_to_text(wanted, whole);
  assert_string_equal(hash, whole);
  assert_int_equal(zarrc_digest_value(store, "c", n - 1, hash, NULL), ZARRC_CONFLICT); /* it has grown since */
  free(bytes);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

int main(void) {
  if (!zarrc_sha256_is_there()) return 0; /* this build has no digests */
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
