/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"
#include "support/needs.h"

#include "pipeline/decoded_blob.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_pipeline *p;
  uint8_t *plain, *encoded;
  size_t nbytes, encoded_nbytes;
  counting_blob stored;
  zarrc_decoded_blob blobs[ZARRC_MAX_CODECS];
  zarrc_blob *top;
} fixture;

static void begin(fixture *f, zarrc_ctx *ctx, const char *codecs) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){100000});
  f->ctx = ctx;
  f->p = chunk_pipeline(ctx, codecs, &spec);
  f->plain = chunk_numbers(&spec);
  f->nbytes = 100000;
  f->encoded = chunk_encode(ctx, f->p, f->plain, &f->encoded_nbytes);
  counting_blob_init(&f->stored, ctx, f->encoded, f->encoded_nbytes, false);
  f->top = zarrc_decoded_blobs_stack(f->p, &f->stored.blob, f->blobs);
}

static void end(fixture *f) {
  zarrc_decoded_blobs_clear(f->p, f->blobs);
  counting_blob_clear(&f->stored);
  free(f->encoded);
  free(f->plain);
  zarrc_pipeline_close(f->p);
}

static void ranges_of_a_decoded_value(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  static const char *const chains[] = {
      "[\"bytes\", {\"name\": \"gzip\"}]", "[\"bytes\", {\"name\": \"zstd\"}, \"crc32c\"]",
      "[\"bytes\", \"crc32c\", \"crc32c\"]",
      "[\"bytes\", {\"name\": \"blosc\", \"configuration\": {\"blocksize\": 4096}}, {\"name\": \"gzip\"}]"};
  for (size_t k = 0; k < sizeof chains / sizeof *chains; k++) {
    fixture f;
    begin(&f, *state, chains[k]);
    uint8_t into[500];
    zarrc_range ranges[] = {{.offset = 1000, .nbytes = 500, .into = into},
                            {.offset = 70000, .nbytes = 1},
                            {.offset = -10, .nbytes = 10},
                            {.offset = 99990, .nbytes = 100, .to_end = true},
                            {.offset = 100000, .nbytes = 0}};
    assert_int_equal(zarrc_blob_read(f.top, ranges, 2, NULL), ZARRC_OK);
    assert_memory_equal(into, f.plain + 1000, 500);
    assert_memory_equal(ranges[1].got.ptr, f.plain + 70000, 1);
    zarrc_ranges_release(ranges, 2);
    assert_int_equal(zarrc_blob_read(f.top, ranges, 5, NULL), ZARRC_OK);
    assert_memory_equal(ranges[2].got.ptr, f.plain + 99990, 10);
    assert_int_equal(ranges[3].got.len, 10);
    assert_memory_equal(ranges[3].got.ptr, f.plain + 99990, 10);
    assert_int_equal(ranges[3].total, 100000);
    zarrc_ranges_release(ranges, 5);
    size_t nread = f.stored.nread;
    assert_int_equal(zarrc_blob_read(f.top, ranges, 4, NULL), ZARRC_OK);
    assert_int_equal(f.stored.nread, nread); /* what was decoded is kept */
    zarrc_ranges_release(ranges, 4);
    zarrc_range outside[] = {{.offset = 99999, .nbytes = 2},
                             {.offset = -100001, .nbytes = 1},
                             {.offset = 100001, .nbytes = 0},
                             {.offset = INT64_MAX, .nbytes = UINT64_MAX}};
    for (int i = 0; i < 4; i++) assert_int_equal(zarrc_blob_read(f.top, &outside[i], 1, NULL), ZARRC_TRUNCATED);
    zarrc_range tight = {.nbytes = 99999, .to_end = true};
    assert_int_equal(zarrc_blob_read(f.top, &tight, 1, NULL), ZARRC_LIMIT);
    end(&f);
  }
}

/* The whole value goes straight into the reader's memory; nothing is kept of it. */
static void whole_values_are_decoded_in_place(void **state) {
  needs_codec("zstd");
  fixture f;
  begin(&f, *state, "[\"bytes\", {\"name\": \"zstd\"}]");
  uint8_t *into = malloc(f.nbytes);
  zarrc_range range = {.nbytes = f.nbytes, .to_end = true, .into = into};
  assert_int_equal(zarrc_blob_read(f.top, &range, 1, NULL), ZARRC_OK);
  assert_ptr_equal(range.got.ptr, into);
  assert_memory_equal(into, f.plain, f.nbytes);
  assert_null(f.blobs[0].value.ptr);
  assert_null(f.blobs[0].prefix.ptr);
  free(into);
  end(&f);
}

/* A part needs no more decoding than what lies in front of its end. */
static void a_prefix_is_enough(void **state) {
  needs_codec("zstd");
  static const char *const chains[] = {"[\"bytes\", {\"name\": \"gzip\"}]", "[\"bytes\", {\"name\": \"zstd\"}]"};
  for (int k = 0; k < 2; k++) {
    fixture f;
    begin(&f, *state, chains[k]);
    zarrc_range range = {.offset = 10, .nbytes = 90};
    assert_int_equal(zarrc_blob_read(f.top, &range, 1, NULL), ZARRC_OK);
    assert_memory_equal(range.got.ptr, f.plain + 10, 90);
    assert_false(f.blobs[0].whole);
    assert_true(f.blobs[0].prefix.len >= 100 && f.blobs[0].prefix.len < f.nbytes);
    zarrc_bytes_release(&range.got);
    range = (zarrc_range){.offset = 99000, .nbytes = 1000};
    assert_int_equal(zarrc_blob_read(f.top, &range, 1, NULL), ZARRC_OK);
    assert_memory_equal(range.got.ptr, f.plain + 99000, 1000);
    assert_true(f.blobs[0].whole);
    zarrc_bytes_release(&range.got);
    end(&f);
  }
}

/* Of a codec that only checks, what was read is kept as it came. */
static void checked_values_are_not_copied(void **state) {
  fixture f;
  begin(&f, *state, "[\"bytes\", \"crc32c\"]");
  zarrc_memory_blob lent;
  zarrc_memory_blob_init(&lent, f.ctx, f.encoded, f.encoded_nbytes);
  f.blobs[0].encoded = &lent.blob;
  zarrc_range range = {.offset = 70000, .nbytes = 1};
  assert_int_equal(zarrc_blob_read(f.top, &range, 1, NULL), ZARRC_OK);
  assert_ptr_equal(range.got.ptr, f.encoded + 70000);
  assert_int_equal(range.total, f.nbytes);
  zarrc_bytes_release(&range.got);
  zarrc_decoded_blobs_clear(f.p, f.blobs);
  zarrc_memory_blob_clear(&lent);
  static const struct {
    size_t nbytes, flipped;
    zarrc_status status;
  } wrong[] = {{100004, 0, ZARRC_CHECKSUM},        {100004, 70000, ZARRC_CHECKSUM}, {100004, 100003, ZARRC_CHECKSUM},
               {100003, SIZE_MAX, ZARRC_CHECKSUM}, {3, SIZE_MAX, ZARRC_TRUNCATED},  {0, SIZE_MAX, ZARRC_TRUNCATED}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    counting_blob_clear(&f.stored);
    counting_blob_init(&f.stored, f.ctx, f.encoded, wrong[i].nbytes, false);
    if (wrong[i].flipped < f.stored.nbytes) f.stored.bytes[wrong[i].flipped] ^= 1;
    f.top = zarrc_decoded_blobs_stack(f.p, &f.stored.blob, f.blobs);
    zarrc_error error = {0};
    assert_int_equal(zarrc_blob_read(f.top, &range, 1, &error), wrong[i].status);
    assert_string_equal(error.codec, "crc32c");
    zarrc_decoded_blobs_clear(f.p, f.blobs);
  }
  f.top = zarrc_decoded_blobs_stack(f.p, &f.stored.blob, f.blobs);
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranges_of_a_decoded_value), cmocka_unit_test(whole_values_are_decoded_in_place),
      cmocka_unit_test(a_prefix_is_enough), cmocka_unit_test(checked_values_are_not_copied)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
