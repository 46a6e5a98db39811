/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sized.h"

#include <string.h>

/* Three versions of one struct; the library has the second. */
typedef struct first {
  size_t struct_size;
  int64_t a;
} first;
typedef struct second {
  size_t struct_size;
  int64_t a, b;
} second;
typedef struct third {
  size_t struct_size;
  int64_t a, b, c;
} third;

static void taken(void **state) {
  zarrc_error error = {0};
  second ours = {.b = 9};
  (void)state;
  assert_int_equal(zarrc_sized_take(&ours, sizeof ours, &(first){sizeof(first), 1}, "it", &error), ZARRC_OK);
  assert_true(ours.struct_size == sizeof ours && ours.a == 1 && ours.b == 9);
  assert_int_equal(zarrc_sized_take(&ours, sizeof ours, &(second){0, 2, 3}, "it", &error), ZARRC_OK);
  assert_true(ours.struct_size == sizeof ours && ours.a == 2 && ours.b == 3);
  assert_int_equal(zarrc_sized_take(&ours, sizeof ours, &(third){sizeof(third), 4, 5, 0}, "it", &error), ZARRC_OK);
  assert_true(ours.struct_size == sizeof ours && ours.a == 4 && ours.b == 5);
  assert_int_equal(zarrc_sized_take(&ours, sizeof ours, &(third){sizeof(third), 6, 7, -1}, "it", &error),
                   ZARRC_UNSUPPORTED);
  assert_non_null(strstr(error.message, "it: byte 24"));
  assert_int_equal(zarrc_sized_take(&ours, sizeof ours, &(second){sizeof(size_t) - 1, 6, 7}, "it", &error),
                   ZARRC_INVALID_ARGUMENT);
  assert_true(ours.a == 4 && ours.b == 5);
}

static void given(void **state) {
  const second ours = {sizeof ours, 1, 2};
  struct {
    first old;
    int64_t guard;
  } older = {{sizeof(first), 0}, -1};
  second same = {sizeof same, 0, 0};
  third newer = {sizeof newer, 7, 8, 9};
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_sized_give(&older, &ours, sizeof ours, "it", &error), ZARRC_OK);
  assert_true(older.old.struct_size == sizeof(first) && older.old.a == 1 && older.guard == -1);
  assert_int_equal(zarrc_sized_give(&same, &ours, sizeof ours, "it", &error), ZARRC_OK);
  assert_true(same.a == 1 && same.b == 2);
  assert_int_equal(zarrc_sized_give(&newer, &ours, sizeof ours, "it", &error), ZARRC_OK);
  assert_true(newer.struct_size == sizeof newer && newer.a == 1 && newer.b == 2 && newer.c == 0);
  same = (second){0, 5, 6};
  assert_int_equal(zarrc_sized_give(&same, &ours, sizeof ours, "it", &error), ZARRC_INVALID_ARGUMENT);
  assert_true(same.a == 5 && same.b == 6);
}

static void room(void **state) {
  struct {
    int64_t a;
    uint16_t room[3];
    int64_t b;
  } it = {1, {0}, 2};
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(ZARRC_CHECK_ROOM(&it, "it", &error), ZARRC_OK);
  for (int i = 0; i < 3; i++) {
    it.room[i] = 0x100;
    assert_int_equal(ZARRC_CHECK_ROOM(&it, "it", &error), ZARRC_UNSUPPORTED);
    assert_non_null(strstr(error.message, "it: "));
    assert_non_null(strstr(error.message, zarrc_version()));
    it.room[i] = 0;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(taken), cmocka_unit_test(given), cmocka_unit_test(room)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
