/* SPDX-License-Identifier: MIT */
#include "s3_store.h"

#include "store/s3_write.h"

static void test_sums(void **state) {
  zarrc_bytes parts[] = {{.ptr = (const uint8_t *)"12345", .len = 5}, {0}, {.ptr = (const uint8_t *)"6789", .len = 4}};
  zarrc_s3_value v = {.parts = parts, .n = 3, .nbytes = 9};
  char sum[ZARRC_S3_SUM_NBYTES], other[ZARRC_S3_SUM_NBYTES];
  (void)state;
  zarrc_s3_sum(&v, 0, 9, sum); /* e3069283, the check value of CRC-32C */
  assert_string_equal(sum, "4waSgw==");
  zarrc_bytes middle = {.ptr = (const uint8_t *)"4567", .len = 4};
  zarrc_s3_sum(&v, 3, 4, sum);
  zarrc_s3_sum(&(zarrc_s3_value){.parts = &middle, .n = 1, .nbytes = 4}, 0, 4, other);
  assert_string_equal(sum, other);
  zarrc_s3_sum(&v, 0, 0, sum);
  assert_string_equal(sum, "AAAAAA==");
}

/* Answers come whole, with whatever status; so does a failure. */
static void test_answers(void **state) {
  s3_fixture *f = *state;
  zarrc_s3_store *s3 = (zarrc_s3_store *)f->store;
  zarrc_s3_condition is_new = {.is_new = true};
  zarrc_sign_pair headers[2] = {{"x-amz-checksum-crc32c", "4waSgw=="}};
  zarrc_bytes bytes = {.ptr = (const uint8_t *)"123456789", .len = 9};
  needs_s3();
  for (int i = 0; i < 2; i++) {
    zarrc_get get = {.send = &bytes, .nsend = 1, .send_nbytes = 9};
    zarrc_s3_extra extra = {.headers = headers, .body_hash = "UNSIGNED-PAYLOAD"};
    extra.nheaders = 1 + zarrc_s3_condition_put(&is_new, &get, headers + 1);
    assert_int_equal(extra.nheaders, 2);
    assert_int_equal(zarrc_s3_change(s3, &get, "PUT", "k", &extra, NULL), ZARRC_OK);
    assert_int_equal(get.answer.status, i ? 412 : 200);
    zarrc_buf_clear(&get.body);
  }
  s3_expect(f->store, "k", "123456789");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), S3_TEST(test_answers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
