/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/file.h"
#include "support/faultio.h"
#include "support/files.h"

#include <errno.h>
#include <string.h>

static void test_fail(void **state) {
  (void)state;
  zarrc_error error = {0};
  assert_int_equal(zarrc_file_fail(&error, ENOSPC, "cannot %s", "write"), ZARRC_IO);
  assert_int_equal(error.code, ZARRC_IO);
  assert_int_equal(error.os_error, ENOSPC);
  assert_string_equal(error.message, "cannot write: No space left on device");
  assert_int_equal(zarrc_file_fail(&error, 4321, "cannot read"), ZARRC_IO);
  assert_non_null(strstr(error.message, "4321"));
  assert_int_equal(zarrc_file_fail(NULL, EIO, "nobody listens"), ZARRC_IO);
}

/* Pieces used up in two steps of every length leave what follows. */
static void test_advance(void **state) {
  (void)state;
  char text[] = "abcdef";
  for (size_t first = 0; first <= 6; first++) {
    for (size_t second = 0; first + second <= 6; second++) {
      struct iovec pieces[] = {{NULL, 0}, {text, 1}, {text + 1, 2}, {NULL, 0}, {text + 3, 3}, {NULL, 0}}, *iov = pieces;
      char left[8] = "";
      int n = 6;
      assert_int_equal(zarrc_file_advance(&iov, &n, first), first < 6);
      assert_int_equal(zarrc_file_advance(&iov, &n, second), first + second < 6);
      if (n > 0) assert_true(iov->iov_len > 0);
      for (int i = 0; i < n; i++)
        if (iov[i].iov_len > 0) strncat(left, iov[i].iov_base, iov[i].iov_len);
      assert_string_equal(left, text + first + second);
    }
  }
}

/* Directories that cannot be synced are not an error; those where it goes wrong are. */
static void test_sync_dir(void **state) {
  (void)state;
  char *tree = tree_make();
  int dir = open(tree, O_RDONLY | O_DIRECTORY);
  assert_int_equal(zarrc_file_sync_dir(dir), 0);
  static const int errors[] = {EINVAL, ENOTSUP, EINTR, EIO, ENOSPC};
  for (int i = 0; i < 5; i++) {
    faultio_arm(FAULTIO_SYNC, 1, errors[i], false);
    int failed = zarrc_file_sync_dir(dir), error = errno;
    faultio.armed = false;
    assert_int_equal(failed, i < 3 ? 0 : -1);
    if (failed) assert_int_equal(error, errors[i]);
  }
  close(dir);
  tree_remove(tree);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_fail), cmocka_unit_test(test_advance),
                                     cmocka_unit_test(test_sync_dir)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
