/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/packed.h"
#include "support/context.h"

#include <string.h>

/* What is packed, native and aligned is used where it is. */
static void own_memory(void **state) {
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  _Alignas(8) int32_t numbers[6] = {1, 2, 3, 4, 5, 6};
  zarrc_view view = zarrc_view_c(&dtype, 2, (int64_t[]){2, 3}, numbers);
  zarrc_packed packed;
  assert_int_equal(zarrc_packed_take(*state, &view, &packed, NULL), ZARRC_OK);
  assert_ptr_equal(packed.memory, numbers);
  zarrc_packed_load(&packed);
  zarrc_packed_store(&packed);
  zarrc_packed_release(&packed);
  assert_int_equal(numbers[5], 6);
}

/* Anything else is copied, and back. */
static void scratch_memory(void **state) {
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  _Alignas(8) uint8_t bytes[25] = {0};
  const int32_t numbers[6] = {1, 2, 3, 4, 5, 6};
  for (int how = 0; how < 3; how++) {
    zarrc_view view = zarrc_view_c(&dtype, 1, (int64_t[]){6}, bytes + (how == 0)), plain = view;
    zarrc_packed packed;
    plain.data = (void *)(uintptr_t)numbers;
    if (how == 1) view.dtype.endian = ZARRC_NATIVE_IS_BIG ? ZARRC_LITTLE : ZARRC_BIG;
    if (how == 2) view.data = bytes + 20, view.stride[0] = -4;
    zarrc_copy(&view, &plain);
    assert_int_equal(zarrc_packed_take(*state, &view, &packed, NULL), ZARRC_OK);
    assert_ptr_not_equal(packed.memory, view.data);
    zarrc_packed_load(&packed);
    assert_memory_equal(packed.memory, numbers, sizeof numbers);
    memset(bytes, 0, sizeof bytes);
    zarrc_packed_store(&packed);
    zarrc_packed_load(&packed);
    assert_memory_equal(packed.memory, numbers, sizeof numbers);
    zarrc_packed_release(&packed);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(own_memory), cmocka_unit_test(scratch_memory)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
