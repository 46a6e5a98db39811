/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/zarrc.h>

#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <string.h>

#define FIELD(name, type) "{\"name\": \"" name "\", \"data_type\": " type "}"
#define STRUCT(fields)    "{\"name\": \"struct\", \"configuration\": {\"fields\": [" fields "]}}"
#define CHAIN(orders)                                                                                                  \
  "[{\"name\": \"zarrc.field_order\", \"configuration\": {\"orders\": \"" orders "\"}}, {\"name\": \"bytes\", "        \
  "\"configuration\": {\"endian\": \"little\"}}]"

static const char type[] = STRUCT(FIELD("a", "\"int32\"") ", " FIELD(
    "p", STRUCT(FIELD("b", "\"float32\"") ", " FIELD("n", "\"uint8\""))) ", " FIELD("c", "\"uint16\""));

enum { ITEM = 11, NITEMS = 3 };

/* numpy.array([(1, (1.5, 7), 258), (-2, (-0.25, 9), 3), (3, (2.0, 8), 4)]).tobytes() of
 * [("a", "<i4"), ("p", [("b", ">f4"), ("n", "|u1")]), ("c", ">u2")], and with all fields little-endian */
/* clang-format off */
static const uint8_t mixed[ITEM * NITEMS] = {
    0x01, 0, 0, 0, 0x3f, 0xc0, 0, 0, 7, 0x01, 0x02,
    0xfe, 0xff, 0xff, 0xff, 0xbe, 0x80, 0, 0, 9, 0, 0x03,
    0x03, 0, 0, 0, 0x40, 0, 0, 0, 8, 0, 0x04};
static const uint8_t little[ITEM * NITEMS] = {
    0x01, 0, 0, 0, 0, 0, 0xc0, 0x3f, 7, 0x02, 0x01,
    0xfe, 0xff, 0xff, 0xff, 0, 0, 0x80, 0xbe, 9, 0x03, 0,
    0x03, 0, 0, 0, 0, 0, 0, 0x40, 8, 0x04, 0};
/* clang-format on */

static zarrc_spec spec_of(const zarrc_dtype *dtype) {
  return (zarrc_spec){.dtype = *dtype, .ndim = 1, .shape = {NITEMS}, .order = 'C'};
}

/* Reads elements from first on into memory in a byte order. */
static void expect_read(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_dtype *dtype, zarrc_endian endian,
                        int64_t first, int64_t n) {
  uint8_t got[ITEM * NITEMS], plain[ITEM * NITEMS];
  zarrc_memory_blob blob;
  zarrc_dtype own = *dtype, as_little = *dtype;
  own.endian = endian;
  as_little.endian = ZARRC_LITTLE;
  zarrc_memory_blob_init(&blob, ctx, mixed, sizeof mixed);
  blob.present = true;
  zarrc_region region = {.start = {first}, .count = {n}, .step = {1}};
  zarrc_view to = zarrc_view_c(&own, 1, &n, got), same = zarrc_view_c(&as_little, 1, &n, plain);
  zarrc_error error = {0};
  if (zarrc_read(p, &blob.blob, &region, &to, NULL, &error)) fail_msg("%s", SAID(error));
  zarrc_copy(&same, &to);
  assert_memory_equal(plain, little + ITEM * first, (size_t)n * ITEM);
  zarrc_memory_blob_clear(&blob);
}

static void as_numpy(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_dtype dtype, own;
  zarrc_pipeline *p = NULL;
  assert_int_equal(zarrc_dtype_open(ctx, type, strlen(type), &dtype, NULL), ZARRC_OK);
  zarrc_spec spec = spec_of(&dtype);
  static const char chain[] = CHAIN("<>|>");
  assert_int_equal(zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, NULL), ZARRC_OK);
  for (int endian = 0; endian < 2; endian++) {
    expect_read(ctx, p, &dtype, endian ? ZARRC_BIG : ZARRC_LITTLE, 0, NITEMS);
    expect_read(ctx, p, &dtype, endian ? ZARRC_BIG : ZARRC_LITTLE, 1, 2);
  }
  /* and the other way, from memory in either order */
  for (int endian = 0; endian < 2; endian++) {
    uint8_t memory[ITEM * NITEMS];
    zarrc_parts parts;
    own = dtype;
    own.endian = endian ? ZARRC_BIG : ZARRC_LITTLE;
    zarrc_dtype as_little = dtype;
    as_little.endian = ZARRC_LITTLE;
    zarrc_view from = zarrc_view_c(&own, 1, spec.shape, memory),
               given = zarrc_view_c(&as_little, 1, spec.shape, (void *)(uintptr_t)little);
    zarrc_copy(&from, &given);
    zarrc_parts_init(&parts, ctx);
    assert_int_equal(zarrc_encode(p, &from, &parts, NULL), ZARRC_OK);
    zarrc_buf all = zarrc_buf_new(ctx, 1000);
    for (size_t i = 0; i < parts.nitems; i++)
      assert_int_equal(zarrc_buf_append(&all, parts.items[i].ptr, parts.items[i].len, NULL), ZARRC_OK);
    assert_int_equal(all.len, sizeof mixed);
    assert_memory_equal(all.ptr, mixed, sizeof mixed);
    zarrc_buf_clear(&all);
    zarrc_parts_clear(&parts);
  }
  zarrc_pipeline_close(p);
  zarrc_dtype_close(&dtype);
}

static void bad_settings_are_refused(void **state) {
  static const struct {
    const char *codec, *words;
  } rows[] = {
      {"{}", "must be a string of <"},
      {"{\"orders\": 3}", "must be a string of <"},
      {"{\"orders\": \"<>|=\"}", "must be a string of <"},
      {"{\"orders\": \"<>\\u0000\"}", "must be a string of <"},
      {"{\"orders\": \"<>\"}", "does not fit"},
      {"{\"orders\": \"<>|>>\"}", "does not fit"},
      {"{\"orders\": \"<>>>\"}", "does not fit"},
      {"{\"orders\": \"<>|>\", \"speed\": 1}", "speed"},
  };
  zarrc_dtype dtype, number = zarrc_dtype_of(ZARRC_INT16);
  assert_int_equal(zarrc_dtype_open(*state, type, strlen(type), &dtype, NULL), ZARRC_OK);
  for (size_t i = 0; i <= sizeof rows / sizeof *rows; i++) {
    bool last = i == sizeof rows / sizeof *rows; /* elements that are no structs */
    char chain[300];
    zarrc_pipeline *p = NULL;
    zarrc_error error = {0};
    zarrc_spec spec = spec_of(last ? &number : &dtype);
    snprintf(chain, sizeof chain,
             "[{\"name\": \"zarrc.field_order\", \"configuration\": %s}, {\"name\": \"bytes\", "
             "\"configuration\": {\"endian\": \"little\"}}]",
             last ? "{\"orders\": \">\"}" : rows[i].codec);
    assert_int_equal(zarrc_pipeline_open(*state, chain, strlen(chain), &spec, &p, &error), ZARRC_INVALID_METADATA);
    if (!strstr(SAID(error), last ? "does not fit" : rows[i].words)) fail_msg("%s: %s", chain, SAID(error));
  }
  zarrc_dtype_close(&dtype);
}

static zarrc_status round_trip(const zarrc_ctx_options *options, void *arg) {
  static const char chain[] = CHAIN("<>|>");
  zarrc_ctx *ctx;
  zarrc_dtype dtype = {0};
  zarrc_pipeline *p = NULL;
  zarrc_parts parts;
  zarrc_buf json;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  json = zarrc_buf_new(ctx, 1000);
  status = zarrc_dtype_open(ctx, type, strlen(type), &dtype, NULL);
  zarrc_spec spec = spec_of(&dtype);
  if (!status) status = zarrc_pipeline_open(ctx, chain, strlen(chain), &spec, &p, NULL);
  if (!status) status = zarrc_pipeline_to_json(p, &json, NULL);
  if (!status && (json.len != strlen(chain) || memcmp(json.ptr, chain, json.len) != 0)) status = ZARRC_INTERNAL;
  zarrc_view from = zarrc_view_c(&dtype, 1, spec.shape, (void *)(uintptr_t)little);
  if (!status) status = zarrc_encode(p, &from, &parts, NULL);
  zarrc_parts_clear(&parts);
  zarrc_buf_clear(&json);
  zarrc_pipeline_close(p);
  zarrc_dtype_close(&dtype);
  zarrc_ctx_close(ctx);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, round_trip, NULL) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numpy),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
