/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/digest.h"

#include <stdio.h>
#include <string.h>

static zarrc_ctx *ctx;

static int begin(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) != ZARRC_OK;
}

static int end(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

/* Roots of RFC 6962 trees over the leaves "", 00, 10, 2021, 3031, 40414243, 5051525354555657,
 * 606162636465666768696a6b6c6d6e6f, as Certificate Transparency's own tests have them. */
static void test_roots(void **state) {
  static const char *const leaves[] = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  static const char *const roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  zarrc_merkle merkle = {0};
  char root[ZARRC_SHA256_TEXT];
  (void)state;
  assert_int_equal(zarrc_merkle_root(&merkle, root, NULL), ZARRC_OK);
  assert_string_equal(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (size_t i = 0; i < 8; i++) {
    uint8_t leaf[16];
    size_t n = strlen(leaves[i]) / 2;
    for (size_t k = 0; k < n; k++) {
      unsigned byte;
      assert_int_equal(sscanf(leaves[i] + 2 * k, "%2x", &byte), 1);
      leaf[k] = (uint8_t)byte;
    }
    assert_int_equal(zarrc_merkle_add(&merkle, leaf, n, NULL), ZARRC_OK);
    assert_int_equal(zarrc_merkle_root(&merkle, root, NULL), ZARRC_OK);
    assert_string_equal(root, roots[i]);
  }
}

static const char one[] = "1111111111111111111111111111111111111111111111111111111111111111",
                  two[] = "2222222222222222222222222222222222222222222222222222222222222222";

static void make(zarrc_buf *out) {
  zarrc_merkle merkle = {0};
  char root[ZARRC_SHA256_TEXT];
  *out = zarrc_buf_new(ctx, 10000);
  assert_int_equal(zarrc_manifest_begin(out, NULL), ZARRC_OK);
  assert_int_equal(zarrc_manifest_put(out, &merkle, one, "a/c/0", NULL), ZARRC_OK);
  assert_int_equal(zarrc_manifest_put_inner(out, two, "0,1", NULL), ZARRC_OK);
  assert_int_equal(zarrc_manifest_put_inner(out, one, "1,0", NULL), ZARRC_OK);
  assert_int_equal(zarrc_manifest_put(out, &merkle, two, "with \\ and \n in it", NULL), ZARRC_OK);
  assert_int_equal(zarrc_merkle_root(&merkle, root, NULL), ZARRC_OK);
  assert_int_equal(zarrc_manifest_end(out, root, "", NULL), ZARRC_OK);
}

static void test_read(void **state) {
  zarrc_buf text;
  zarrc_manifest m;
  char hash[ZARRC_SHA256_TEXT];
  const char *chunk, *next;
  size_t n;
  (void)state;
  make(&text);
  assert_int_equal(zarrc_manifest_open(ctx, (const char *)text.ptr, text.len, &m, NULL), ZARRC_OK);
  assert_true(m.has_line);
  assert_string_equal(m.key, "a/c/0");
  assert_string_equal(m.hash, one);
  next = zarrc_manifest_inner(m.inner, m.inner_end, hash, &chunk, &n);
  assert_string_equal(hash, two);
  assert_int_equal(n, 3);
  assert_memory_equal(chunk, "0,1", 3);
  next = zarrc_manifest_inner(next, m.inner_end, hash, &chunk, &n);
  assert_memory_equal(chunk, "1,0", 3);
  assert_null(zarrc_manifest_inner(next, m.inner_end, hash, &chunk, &n));
  assert_int_equal(zarrc_manifest_next(&m, NULL), ZARRC_OK);
  assert_string_equal(m.key, "with \\ and \n in it");
  assert_ptr_equal(m.inner, m.inner_end);
  assert_int_equal(zarrc_manifest_next(&m, NULL), ZARRC_OK);
  assert_false(m.has_line);
  zarrc_manifest_close(&m);
  zarrc_buf_clear(&text);
}

/* Whatever byte is changed or missing is noticed, but for those of inner chunks and the first line's end. */
static void test_damaged(void **state) {
  zarrc_buf text;
  zarrc_manifest m;
  (void)state;
  make(&text);
  for (size_t n = 0; n < text.len; n++) {
    assert_int_not_equal(zarrc_manifest_open(ctx, (const char *)text.ptr, n, &m, NULL), ZARRC_OK);
    zarrc_manifest_close(&m);
  }
  const char *inner = strstr((const char *)text.ptr, "\n# 2") + 1, *behind = strstr(inner, "\n\\") + 1;
  for (size_t i = 0; i < text.len; i++) {
    const char *at = (const char *)text.ptr + i;
    if (at >= inner && at < behind) continue;
    text.ptr[i] ^= 2;
    zarrc_status status = zarrc_manifest_open(ctx, (const char *)text.ptr, text.len, &m, NULL);
    zarrc_manifest_close(&m);
    if (!status) fail_msg("a change of byte %zu is not noticed", i);
    text.ptr[i] ^= 2;
  }
  zarrc_buf_clear(&text);
}

int main(void) {
  if (!zarrc_sha256_is_there()) return 0; /* this build has no digests */
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_roots), cmocka_unit_test(test_read),
                                     cmocka_unit_test(test_damaged)};
  return cmocka_run_group_tests(tests, begin, end);
}
