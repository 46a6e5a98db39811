/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"
#include "support/filters.h"
#include "support/said.h"

#include <zarrc/plugin/codec.h>

#include <stdlib.h>
#include <string.h>

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.packbits") > 40);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {"{\"name\": \"numcodecs.packbits\", \"configuration\": {}}", ZARRC_INT8, ZARRC_INVALID_METADATA,
       "not of type bool"},
      {"{\"name\": \"numcodecs.packbits\", \"configuration\": {\"first_bit\": 0}}", ZARRC_BOOL, ZARRC_INVALID_METADATA,
       "first_bit"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.packbits\", \"configuration\": {}}", ZARRC_BOOL);
}

/* The first byte must say what the shape says. */
static void damage_is_found(void **state) {
  const int64_t shape[] = {13}, packed[] = {3};
  zarrc_spec spec = chunk_spec(ZARRC_BOOL, 1, shape);
  zarrc_dtype byte = zarrc_dtype_of(ZARRC_UINT8);
  uint8_t out[13];
  zarrc_codec *codec = chunk_codec(*state, "{\"name\": \"numcodecs.packbits\"}", &spec);
  for (unsigned first = 0; first < 256; first++) {
    uint8_t in[] = {(uint8_t)first, 0x80, 0x0f};
    zarrc_error error = {0};
    zarrc_codec_job job = {.spec = &spec,
                           .decoded = zarrc_view_c(&spec.dtype, 1, shape, out),
                           .encoded = zarrc_view_c(&byte, 1, packed, in)};
    zarrc_status status = zarrc_codec_decode(codec, &job, 1, &error);
    assert_int_equal(status, first == 3 ? ZARRC_OK : ZARRC_CORRUPT);
    if (first != 3) assert_non_null(strstr(SAID(error), "bits are padding, not 3"));
    if (first == 3) assert_memory_equal(out, "\1\0\0\0\0\0\0\0\0\0\0\0\1", 13);
  }
  zarrc_codec_close(codec);
}

/* Any part is what the whole has there, whatever the run of bits is that it begins in, and no more bytes are read. */
static void parts(void **state) {
  const int64_t shapes[][3] = {{5, 7, 11}, {1, 1, 200}, {3, 8, 16}};
  uint32_t draw = 7;
  for (size_t k = 0; k < 3; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_BOOL, 3, shapes[k]);
    size_t n = (size_t)(shapes[k][0] * shapes[k][1] * shapes[k][2]), nbytes;
    zarrc_pipeline *p = chunk_pipeline(*state, "[\"numcodecs.packbits\", \"bytes\"]", &spec);
    uint8_t whole[400], found[400];
    counting_blob blob;
    for (size_t i = 0; i < n; i++) whole[i] = (uint8_t)((draw = draw * 1103515245 + 12345) >> 20 & 1);
    uint8_t *encoded = chunk_encode(*state, p, whole, &nbytes);
    assert_int_equal(nbytes, 1 + (n + 7) / 8);
    assert_true(zarrc_codec_keeps_parts(zarrc_pipeline_codec(p, 0)));
    counting_blob_init(&blob, *state, encoded, nbytes, false);
    for (int i = 0; i < 2000; i++) {
      zarrc_region r = {0};
      for (int axis = 0; axis < 3; axis++) {
        draw = draw * 1103515245 + 12345;
        r.start[axis] = (draw >> 8) % (uint32_t)shapes[k][axis];
        r.step[axis] = 1 + (draw >> 4) % 3;
        r.count[axis] = (draw >> 20) % (uint32_t)((shapes[k][axis] - r.start[axis] - 1) / r.step[axis] + 2);
      }
      zarrc_view to = zarrc_view_c(&spec.dtype, 3, r.count, found),
                 from = zarrc_view_c(&spec.dtype, 3, shapes[k], whole);
      zarrc_view part = zarrc_view_part(&from, &r);
      uint8_t wanted[400];
      zarrc_view copy = zarrc_view_c(&spec.dtype, 3, r.count, wanted);
      zarrc_copy(&copy, &part);
      assert_int_equal(zarrc_read(p, &blob.blob, &r, &to, NULL, NULL), ZARRC_OK);
      assert_memory_equal(found, wanted, (size_t)zarrc_view_nitems(&to));
    }
    zarrc_region one = {.start = {0, 0, 5}, .count = {1, 1, 1}, .step = {1, 1, 1}};
    zarrc_view to = zarrc_view_c(&spec.dtype, 3, one.count, found);
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_read(p, &blob.blob, &one, &to, NULL, NULL), ZARRC_OK);
    assert_int_equal(blob.nread, 2);
    encoded[0] ^= 1; /* parts see that the padding is not right, too */
    counting_blob_clear(&blob);
    counting_blob_init(&blob, *state, encoded, nbytes, false);
    assert_int_equal(zarrc_read(p, &blob.blob, &one, &to, NULL, NULL), ZARRC_CORRUPT);
    counting_blob_clear(&blob);
    free(encoded);
    zarrc_pipeline_close(p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
      cmocka_unit_test(damage_is_found),
      cmocka_unit_test(parts),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
