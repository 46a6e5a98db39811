/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/context.h"
#include "support/said.h"

#include "store/zip.h"

/* What the directory tells of a member is enough to refuse it. */
static void test_refusals(void **state) {
  static const struct {
    zarrc_zip_member member;
    zarrc_status status;
  } rows[] = {{{.nstored = 9, .nbytes = 9}, ZARRC_OK},
              {{.nstored = 9, .nbytes = 90, .method = 8}, ZARRC_OK},
              {{.nstored = 9, .nbytes = 1 << 20, .method = 8}, ZARRC_CORRUPT}, /* no stream is so dense */
              {{.trouble = ZARRC_ZIP_ENCRYPTED}, ZARRC_UNSUPPORTED},
              {{.trouble = ZARRC_ZIP_METHOD, .method = 12}, ZARRC_UNSUPPORTED},
              {{.trouble = ZARRC_ZIP_ELSEWHERE}, ZARRC_UNSUPPORTED},
              {{.trouble = ZARRC_ZIP_NO_SIZES}, ZARRC_CORRUPT},
              {{.trouble = ZARRC_ZIP_SIZES}, ZARRC_CORRUPT},
              {{.trouble = ZARRC_ZIP_OUTSIDE}, ZARRC_CORRUPT}};
  (void)state;
  zarrc_zip_blob blob = {0};
  assert_int_equal(zarrc_zip_check(&blob, NULL), ZARRC_NOT_FOUND);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error = {0};
    blob.member = &rows[i].member;
    assert_int_equal(zarrc_zip_check(&blob, &error), rows[i].status);
    if (rows[i].status) assert_string_equal(error.codec, "zip");
  }
}

/* A local header has the name that the directory has, and its bytes end before the directory. */
static void test_headers(void **state) {
  char names[] = "c/0";
  uint8_t header[33] = {'P', 'K', 3, 4, [26] = 3, [28] = 5, [30] = 'c', '/', '0'};
  const zarrc_zip_member member = {.at = 100, .nstored = 9, .nbytes = 9};
  zarrc_zip_store z = {.directory = {.ctx = *state, .names = names, .end = 147}};
  zarrc_zip_blob blob = {.z = &z, .member = &member};
  assert_int_equal(zarrc_zip_take_header(&blob, header, NULL), ZARRC_OK);
  assert_int_equal(blob.data, 100 + 30 + 3 + 5);
  z.directory.end--;
  assert_int_equal(zarrc_zip_take_header(&blob, header, NULL), ZARRC_CORRUPT);
  z.directory.end++;
  for (int at = 0; at < 33; at++) {
    if ((at > 3 && at < 26) || at == 28 || at == 29) continue; /* the directory has these, too, or nobody knows them */
    header[at] ^= 1;
    assert_int_equal(zarrc_zip_take_header(&blob, header, NULL), ZARRC_CORRUPT);
    header[at] ^= 1;
  }
}

static void count(zarrc_bytes *bytes) {
  ++*(int *)bytes->owner;
}

/* Bytes are given back once, with the last of those who hold them. */
static void test_sharing(void **state) {
  int released = 0;
  const zarrc_bytes lent = {.ptr = (const uint8_t *)"123456789", .len = 9, .release = count, .owner = &released};
  zarrc_zip_shared *shared = zarrc_zip_share(*state, &lent);
  assert_non_null(shared);
  zarrc_bytes part = zarrc_zip_lend(shared, 3, 2), none = zarrc_zip_lend(shared, 9, 0);
  assert_memory_equal(part.ptr, "45", 2);
  zarrc_zip_drop(shared);
  zarrc_bytes_release(&none);
  assert_int_equal(released, 0);
  zarrc_bytes_release(&part);
  assert_int_equal(released, 1);
  zarrc_zip_drop(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals), cmocka_unit_test(test_headers),
                                     cmocka_unit_test(test_sharing)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
