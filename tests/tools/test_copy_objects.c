/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/copy.h"

#include "support/nodes.h"
#include "tools/two_stores.h"

static void test_list(void **state) {
  zarrc_array *array = copying_array(source, "a", 2, (int64_t[]){4, 24}, (int64_t[]){2, 2}, NULL, NULL);
  zarrc_chunk_layout layout = {.struct_size = sizeof layout};
  zarrc_copy_objects o;
  (void)state;
  assert_int_equal(zarrc_array_chunk_layout(array, &layout, NULL), ZARRC_OK);
  assert_int_equal(zarrc_copy_objects_read(array, &layout, false, &o, NULL), ZARRC_OK);
  assert_true(o.known);
  assert_int_equal(o.n, 24);
  assert_int_equal(o.nbytes, 24 * 16);
  for (size_t i = 0; i < o.n; i++) assert_int_equal(o.items[i].number, i);
  zarrc_copy_objects_clear(&o);
  nodes_put(source, "a/c/0/3", "short");
  nodes_put(source, "a/c/1/11", "");
  assert_int_equal(zarrc_store_erase(source, "a/c/1/2", NULL), ZARRC_OK);
  assert_int_equal(zarrc_copy_objects_read(array, &layout, true, &o, NULL), ZARRC_OK);
  assert_int_equal(o.n, 21);
  assert_int_equal(o.nfaulty, 2);
  assert_null(zarrc_copy_objects_find(&o, 3));
  assert_null(zarrc_copy_objects_find(&o, 14));
  assert_int_equal(zarrc_copy_objects_find(&o, 13)->nbytes, 16);
  zarrc_copy_objects_clear(&o);
  assert_null(zarrc_copy_objects_find(&o, 13));
  zarrc_array_close(array);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_list, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
