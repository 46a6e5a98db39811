/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/faultio.h"
#include "support/files.h"

#include "store/file.h"

#include <stdio.h>

static char *tree;
static const char *document = "zarr.json"; /* of the old version and the new one */
static int place, stage;

static void put(const char *name, const char *text) {
  char *path = path_in(tree, name);
  file_write_text(path, text);
  free(path);
}

/* Returns the path of the document in a folder, valid until the next call. */
static char *document_of(const char *folder) {
  static char name[64];
  snprintf(name, sizeof name, "%s/%s", folder, document);
  return name;
}

static void make(void) {
  tree = tree_make();
  put(document_of("p"), "old");
  put("p/c/0", "old");
  put("p/d", "old");
  put(document_of("p/.zarrc-partial/new"), "new");
  put("p/.zarrc-partial/new/c/0", "new");
  put("p/.zarrc-partial/new/c/1", "new");
  char *p = path_in(tree, "p"), *s = path_in(tree, "p/.zarrc-partial");
  place = openat(AT_FDCWD, p, O_RDONLY | O_DIRECTORY);
  stage = openat(AT_FDCWD, s, O_RDONLY | O_DIRECTORY);
  assert_true(place >= 0 && stage >= 0);
  free(p);
  free(s);
}

static void unmake(void) {
  close(place);
  close(stage);
  tree_remove(tree);
}

/* text NULL: there is no such file. */
static void expect(const char *name, const char *text) {
  char *path = path_in(tree, name);
  size_t n;
  assert_int_equal(file_exists(path), text != NULL);
  if (text) {
    uint8_t *got = file_read(path, &n);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, n);
    free(got);
  }
  free(path);
}

static void expect_old(void) {
  expect(document_of("p"), "old");
  expect("p/c/0", "old");
  expect("p/c/1", NULL);
  expect("p/d", "old");
  expect(document_of("p/.zarrc-partial/new"), "new");
  expect("p/.zarrc-partial/new/c/1", "new");
}

static void expect_new(void) {
  expect(document_of("p"), "new");
  expect("p/c/0", "new");
  expect("p/c/1", "new");
  expect("p/d", NULL);
}

static void test_moves(void **state) {
  zarrc_error error;
  (void)state;
  make();
  assert_int_equal(zarrc_file_move_in(place, stage, false, &error), ZARRC_CONFLICT);
  expect_old();
  assert_int_equal(zarrc_file_move_in(place, stage, true, &error), ZARRC_OK);
  expect_new();
  assert_int_equal(zarrc_file_undo_move_in(place, stage), 0); /* it came to its end: nothing to undo */
  expect_new();
  unmake();
}

/* Each rename fails in its turn: all is as it was. Ended at each rename, all can be made as it was. */
static void test_is_undone(void **state) {
  zarrc_error error;
  (void)state;
  for (unsigned at = 1;; at++) {
    make();
    faultio_arm(FAULTIO_RENAME | FAULTIO_MKDIR, at, EIO, false);
    zarrc_status status = zarrc_file_move_in(place, stage, true, &error);
    unsigned failed = faultio.failed;
    faultio.armed = false;
    if (failed) {
      assert_int_equal(status, ZARRC_IO);
      expect_old();
    } else {
      assert_int_equal(status, ZARRC_OK);
      assert_true(at > 6);
    }
    unmake();
    if (!failed) break;
    make();
    faultio_arm(FAULTIO_RENAME | FAULTIO_MKDIR | FAULTIO_UNLINK, at, EIO, true); /* and nothing can be undone */
    zarrc_file_move_in(place, stage, true, &error);
    faultio.armed = false;
    assert_int_equal(zarrc_file_undo_move_in(place, stage), 0);
    expect_old();
    unmake();
  }
}

/* The same for a node of format 2. */
static void test_format_2(void **state) {
  document = ".zarray";
  test_moves(state);
  test_is_undone(state);
  document = "zarr.json";
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_moves),
      cmocka_unit_test(test_is_undone),
      cmocka_unit_test(test_format_2),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
