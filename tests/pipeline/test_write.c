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
#include "support/said.h"

#include "codec/crc32c.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

static void fill_value_is_not_stored(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {"[" BYTES "]", "[" BYTES ", {\"name\": \"zstd\"}]",
                                       "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}]"};
  int16_t fill = 9, nines[8] = {9, 9, 9, 9, 9, 9, 9, 9}, one = 1;
  for (int k = 0; k < 3; k++)
    for (int keep = 0; keep < 2; keep++) {
      zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, (int64_t[]){8});
      spec.fill = &fill;
      spec.options.write_empty_chunks = keep;
      zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
      counting_blob blob;
      counting_blob_init(&blob, ctx, NULL, 0, false);
      zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, nines), single = view;
      assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &view}, false, NULL), ZARRC_OK);
      assert_int_equal(blob.bytes != NULL, keep);
      /* One number, and then fill value again: the value goes. */
      zarrc_region r = chunk_region(1, (int64_t[]){3}, (int64_t[]){1}, NULL);
      single.shape[0] = 1;
      single.data = &one;
      assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &single}, false, NULL), ZARRC_OK);
      assert_non_null(blob.bytes);
      single.data = nines;
      assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &single}, false, NULL), ZARRC_OK);
      assert_int_equal(blob.bytes != NULL, keep);
      counting_blob_clear(&blob);
      zarrc_pipeline_close(p);
    }
}

/* Numbers in rows of n. */
typedef struct numbers_at {
  const double *numbers;
  int64_t n;
} numbers_at;

static zarrc_status fetch_numbers(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  const numbers_at *source = arg;
  (void)error;
  for (int64_t y = 0; y < part->count[0]; y++)
    for (int64_t x = 0; x < part->count[1]; x++)
      memcpy((uint8_t *)view->data + y * view->stride[0] + x * view->stride[1],
             &source->numbers[(part->start[0] + y) * source->n + part->start[1] + x], sizeof(double));
  return ZARRC_OK;
}

/* What lies beyond the array is no neighbour: a fill value that destroys sums is not put there. */
static void padding_destroys_nothing(void **state) {
  zarrc_ctx *ctx = *state;
  static const double fills[] = {NAN, INFINITY, 9.969209968386869e36, -9999, 0};
#define DELTA "[{\"name\": \"numcodecs.delta\", \"configuration\": {\"dtype\": \"<f8\"}}, " BYTES "]"
#define SHARD_OF(codecs)                                                                                               \
  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 4], \"codecs\": " codecs                 \
  ", \"index_codecs\": [" BYTES "]}}]"
  static const char *const chains[] = {DELTA, SHARD_OF(DELTA), SHARD_OF(SHARD_OF(DELTA))};
  double values[6] = {1, 2, 3, 4, 5, 6}, got[6], empty[6];
  for (size_t k = 0; k < 3 * sizeof fills / sizeof *fills; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_FLOAT64, 2, (int64_t[]){4, 4});
    spec.fill = &fills[k / 3];
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[k % 3], &spec);
    counting_blob blob;
    counting_blob_init(&blob, ctx, NULL, 0, false);
    zarrc_region inside = chunk_region(2, (int64_t[]){0, 0}, (int64_t[]){3, 2}, NULL);
    zarrc_view from = zarrc_view_c(&spec.dtype, 2, inside.count, values), to = from;
    to.data = got;
    assert_int_equal(zarrc_write(p, &blob.blob, &inside, &(zarrc_values){.view = &from}, true, NULL), ZARRC_OK);
    assert_int_equal(zarrc_read(p, &blob.blob, &inside, &to, NULL, NULL), ZARRC_OK);
    assert_memory_equal(got, values, sizeof values);
    for (int i = 0; i < 6; i++) empty[i] = fills[k / 3];
    from.data = empty;
    assert_int_equal(zarrc_write(p, &blob.blob, &inside, &(zarrc_values){.view = &from}, true, NULL), ZARRC_OK);
    assert_null(blob.bytes);
    from.shape[0] = 1;
    assert_int_equal(zarrc_write(p, &blob.blob, &inside, &(zarrc_values){.view = &from}, true, NULL),
                     ZARRC_INVALID_ARGUMENT);
    counting_blob_clear(&blob);
    zarrc_pipeline_close(p);
  }
}

/* The same if inner chunks are written one after another: the writer says how much of the chunk lies in the array. A
 * chunk that is written as far as it does is not read. */
static void padding_destroys_nothing_part_by_part(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      DELTA, SHARD_OF(DELTA), SHARD_OF(SHARD_OF(DELTA)),
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, {\"name\": \"sharding_indexed\", "
      "\"configuration\": {\"chunk_shape\": [4, 2], \"codecs\": " DELTA "}}]"};
  const double fill = NAN, values[6] = {1, 2, 3, 4, 5, 6};
  const int64_t inside[] = {3, 2};
  for (int k = 0; k < 4; k++)
    for (int kind = 0; kind < 2; kind++) {
      zarrc_spec spec = chunk_spec(ZARRC_FLOAT64, 2, (int64_t[]){4, 4});
      spec.fill = &fill;
      zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
      counting_blob blob;
      counting_blob_init(&blob, ctx, NULL, 0, false);
      double got[6];
      zarrc_region all = chunk_region(2, (int64_t[]){0, 0}, inside, NULL);
      zarrc_view to = zarrc_view_c(&spec.dtype, 2, all.count, got);
      for (int row = 0; row < 3; row += 2) {
        zarrc_region part = chunk_region(2, (int64_t[]){row, 0}, (int64_t[]){row ? 1 : 2, 2}, NULL);
        if (k == 0) part = all;
        zarrc_view view = zarrc_view_c(&spec.dtype, 2, part.count, (double *)values + 2 * part.start[0]);
        numbers_at source = {values, 2};
        zarrc_values from = {.inside = inside};
        if (kind == 0)
          from.view = &view;
        else
          from.fetch = fetch_numbers, from.arg = &source;
        assert_int_equal(zarrc_write(p, &blob.blob, &part, &from, false, NULL), ZARRC_OK);
      }
      assert_int_equal(zarrc_read(p, &blob.blob, &all, &to, NULL, NULL), ZARRC_OK);
      assert_memory_equal(got, values, sizeof values);
      counting_blob_clear(&blob);
      zarrc_pipeline_close(p);
    }
}

/* A shard without inner chunks is no value, not an empty one: what stands behind it makes nothing of it. */
static void nothing_encodes_to_nothing(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}, \"crc32c\"]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}, \"zstd\", \"crc32c\"]"};
  int16_t zeros[8] = {0};
  for (int k = 0; k < 3; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, (int64_t[]){8});
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
    zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, zeros);
    zarrc_parts parts;
    zarrc_parts_init(&parts, ctx);
    assert_int_equal(zarrc_encode(p, &view, &parts, NULL), ZARRC_OK);
    assert_int_equal(parts.nitems, 0);
    zarrc_parts_clear(&parts);
    zarrc_pipeline_close(p);
  }
}

/* A write that covers the chunk, or says it is fresh, reads nothing, even of a damaged value. */
static void covered_chunks_are_not_read(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      "[" BYTES ", {\"name\": \"zstd\"}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}, \"crc32c\"]"};
  for (int k = 0; k < 2; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, (int64_t[]){8});
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
    int16_t *numbers = chunk_numbers(&spec), to[8];
    zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers), part = view, back = view;
    zarrc_region r = chunk_region(1, (int64_t[]){0}, (int64_t[]){5}, NULL);
    part.shape[0] = 5;
    back.data = to;
    counting_blob blob;
    counting_blob_init(&blob, ctx, "rubbish", 7, false);
    assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &part}, false, NULL),
                     k ? ZARRC_CHECKSUM : ZARRC_CORRUPT);
    assert_memory_equal(blob.bytes, "rubbish", 7);
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &part}, true, NULL), ZARRC_OK);
    assert_int_equal(blob.nreads, 0);
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &back, NULL, NULL), ZARRC_OK);
    for (int i = 0; i < 8; i++) assert_int_equal(to[i], i < 5 ? i + 1 : 0);
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &view}, false, NULL), ZARRC_OK);
    assert_int_equal(blob.nreads, 0);
    counting_blob_clear(&blob);
    free(numbers);
    zarrc_pipeline_close(p);
  }
}

/* A blob that somebody else changes the first times that it is replaced. */
typedef struct contested {
  zarrc_blob blob;
  counting_blob inner;
  int conflicts;
} contested;

static zarrc_status contested_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  return zarrc_blob_read(&((contested *)blob)->inner.blob, ranges, n, error);
}

static zarrc_status contested_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                      zarrc_error *error) {
  contested *c = (contested *)blob;
  if (if_unchanged && c->conflicts-- > 0) {
    c->inner.bytes[0] = (uint8_t)('0' + c->conflicts);
    return zarrc_fail(error, ZARRC_CONFLICT, "changed meanwhile");
  }
  return c->inner.blob.ops->replace(&c->inner.blob, parts, n, false, error);
}

static zarrc_status contested_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  (void)blob, (void)if_unchanged;
  return zarrc_fail(error, ZARRC_INTERNAL, "not to be called");
}

static const zarrc_blob_ops contested_ops = {.struct_size = sizeof(zarrc_blob_ops),
                                             .read = contested_read,
                                             .replace = contested_replace,
                                             .erase = contested_erase};

/* What the others wrote meanwhile is kept, and only where it is kept does the write ask for an unchanged value. */
static void conflicts_start_the_write_again(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"bytes\"]", &spec);
  contested c = {.blob = {.ops = &contested_ops}, .conflicts = 3};
  zarrc_region r = chunk_region(1, (int64_t[]){2}, (int64_t[]){1}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, r.count, "X"), all = zarrc_view_c(&spec.dtype, 1, spec.shape, "WXYZ");
  counting_blob_init(&c.inner, ctx, "abcd", 4, false);
  assert_int_equal(zarrc_write(p, &c.blob, &r, &(zarrc_values){.view = &view}, false, NULL), ZARRC_OK);
  assert_memory_equal(c.inner.bytes, "0bXd", 4);
  c.conflicts = 1000;
  assert_int_equal(zarrc_write(p, &c.blob, NULL, &(zarrc_values){.view = &all}, false, NULL), ZARRC_OK);
  assert_memory_equal(c.inner.bytes, "WXYZ", 4);
  counting_blob_clear(&c.inner);
  zarrc_pipeline_close(p);
}

static void read_only_values_are_not_written(void **state) {
  zarrc_ctx *ctx = *state;
  static const zarrc_blob_ops read_only = {.struct_size = sizeof(zarrc_blob_ops), .read = contested_read};
  zarrc_blob blob = {.ops = &read_only};
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"bytes\"]", &spec);
  uint8_t x[4] = {1};
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, x);
  assert_int_equal(zarrc_write(p, &blob, NULL, &(zarrc_values){.view = &view}, false, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_region all = zarrc_region_all(1, spec.shape);
  assert_int_equal(zarrc_write(p, &blob, &all, &(zarrc_values){0}, false, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_pipeline_close(p);
}

/* ------------------------------------------------------------------------------------------------------- changes */

/* Adds 100 to single elements of a chunk of 4 x 6 bytes. */
typedef struct adding {
  int64_t at[3][2];
  int n;
  atomic_int napplied, nitems;
  zarrc_status fail;
} adding;

static bool is_in(const zarrc_region *part, const int64_t *at) {
  for (int i = 0; i < 2; i++) {
    int64_t k = at[i] - part->start[i];
    if (k < 0 || k % part->step[i] || k / part->step[i] >= part->count[i]) return false;
  }
  return true;
}

static bool adding_touches(void *arg, const zarrc_region *part) {
  const adding *a = arg;
  for (int i = 0; i < a->n; i++)
    if (is_in(part, a->at[i])) return true;
  return false;
}

static zarrc_status adding_apply(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  adding *a = arg;
  atomic_fetch_add(&a->napplied, 1);
  atomic_fetch_add(&a->nitems, (int)zarrc_view_nitems(view));
  for (int i = 0; i < a->n; i++) {
    if (!is_in(part, a->at[i])) continue;
    uint8_t *p = view->data;
    for (int k = 0; k < 2; k++) p += (a->at[i][k] - part->start[k]) / part->step[k] * view->stride[k];
    *p = (uint8_t)(*p + 100);
  }
  return a->fail ? zarrc_fail(error, a->fail, "on purpose") : ZARRC_OK;
}

#define SHARD(shape, codecs)                                                                                           \
  "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": [" codecs "]}}"
#define TURN "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}"

/* parts and items: how often a change is applied, and to how many elements. */
static const struct {
  const char *chain;
  int parts, items;
} modified[] = {
    {"[\"bytes\"]", 1, 20},
    {"[" TURN ", \"bytes\", {\"name\": \"zstd\"}]", 1, 20},
    {"[" SHARD("[2, 2]", "\"bytes\"") "]", 2, 6},
    {"[" SHARD("[2, 3]", TURN ", \"bytes\", {\"name\": \"zstd\"}") ", \"crc32c\"]", 2, 10},
    {"[" SHARD("[4, 2]", SHARD("[1, 1]", "\"bytes\"")) "]", 3, 3},
    {"[" SHARD("[4, 2]", TURN "," SHARD("[1, 1]", "\"bytes\"")) "]", 2, 12},
    {"[" TURN "," SHARD("[2, 2]", "\"bytes\"") "]", 1, 20},
};

static void changes_are_made_in_place(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  for (size_t k = 0; k < sizeof modified / sizeof *modified; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){4, 6});
    zarrc_pipeline *p = chunk_pipeline(ctx, modified[k].chain, &spec);
    uint8_t *numbers = chunk_numbers(&spec), to[24];
    zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers), back = view;
    adding a = {.at = {{0, 1}, {3, 5}, {3, 4}}, .n = 3};
    const zarrc_values values = {.touches = adding_touches, .apply = adding_apply, .arg = &a};
    zarrc_region r = chunk_region(2, (int64_t[]){0, 1}, (int64_t[]){4, 5}, NULL);
    counting_blob blob;
    back.data = to;
    counting_blob_init(&blob, ctx, NULL, 0, false);
    /* once with values, once without */
    for (int stored = 1; stored >= 0; stored--) {
      if (stored) {
        assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &view}, false, NULL), ZARRC_OK);
      } else {
        assert_int_equal(blob.blob.ops->erase(&blob.blob, false, NULL), ZARRC_OK);
        a.napplied = a.nitems = 0;
      }
      blob.nreplaced = 0;
      assert_int_equal(zarrc_write(p, &blob.blob, &r, &values, false, NULL), ZARRC_OK);
      assert_int_equal(blob.nreplaced, 1);
      assert_int_equal(a.napplied, modified[k].parts);
      assert_int_equal(a.nitems, modified[k].items);
      assert_int_equal(zarrc_read(p, &blob.blob, NULL, &back, NULL, NULL), ZARRC_OK);
      for (int i = 0; i < 24; i++)
        assert_int_equal(to[i], (stored ? i + 1 : 0) + (i == 1 || i == 23 || i == 22 ? 100 : 0));
    }
    counting_blob_clear(&blob);
    free(numbers);
    zarrc_pipeline_close(p);
  }
}

/* Inner chunks without a change are not decoded: damaged ones do not matter, and stay as they are. */
static void untouched_inner_chunks_are_kept(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){4, 6});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[" SHARD("[2, 3]", "\"bytes\", \"crc32c\"") "]", &spec);
  uint8_t *numbers = chunk_numbers(&spec), to[3];
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers);
  zarrc_region all = zarrc_region_all(2, spec.shape);
  adding a = {.at = {{0, 0}, {3, 5}}, .n = 2};
  zarrc_values values = {.touches = adding_touches, .apply = adding_apply, .arg = &a};
  counting_blob blob;
  counting_blob_init(&blob, ctx, NULL, 0, false);
  assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &view}, false, NULL), ZARRC_OK);
  blob.bytes[10] ^= 1; /* inner chunk 1,0 comes second */
  assert_int_equal(zarrc_write(p, &blob.blob, &all, &values, false, NULL), ZARRC_OK);
  zarrc_region row = chunk_region(2, (int64_t[]){3, 3}, (int64_t[]){1, 3}, NULL);
  zarrc_view back = zarrc_view_c(&spec.dtype, 2, row.count, to);
  assert_int_equal(zarrc_read(p, &blob.blob, &row, &back, NULL, NULL), ZARRC_OK);
  assert_memory_equal(to, ((uint8_t[]){22, 23, 124}), 3);
  row.start[1] = 0;
  assert_int_equal(zarrc_read(p, &blob.blob, &row, &back, NULL, NULL), ZARRC_CHECKSUM);
  /* nobody says what is touched: all of it is */
  values.touches = NULL;
  assert_int_equal(zarrc_write(p, &blob.blob, &all, &values, false, NULL), ZARRC_CHECKSUM);
  counting_blob_clear(&blob);
  free(numbers);
  zarrc_pipeline_close(p);
}

static void failing_changes_store_nothing(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  for (size_t k = 0; k < sizeof modified / sizeof *modified; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){4, 6});
    zarrc_pipeline *p = chunk_pipeline(ctx, modified[k].chain, &spec);
    uint8_t *numbers = chunk_numbers(&spec);
    zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers);
    adding a = {.at = {{0, 1}}, .n = 1, .fail = ZARRC_CANCELED};
    const zarrc_values values = {.touches = adding_touches, .apply = adding_apply, .arg = &a};
    zarrc_region all = zarrc_region_all(2, spec.shape), outside = all;
    zarrc_error error = {0};
    counting_blob blob;
    counting_blob_init(&blob, ctx, NULL, 0, false);
    assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &view}, false, NULL), ZARRC_OK);
    blob.nreplaced = 0;
    assert_int_equal(zarrc_write(p, &blob.blob, &all, &values, false, &error), ZARRC_CANCELED);
    assert_non_null(strstr(SAID(error), "on purpose"));
    outside.start[1] = 1;
    assert_int_equal(zarrc_write(p, &blob.blob, &outside, &values, false, &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(blob.nreplaced, 0);
    counting_blob_clear(&blob);
    free(numbers);
    zarrc_pipeline_close(p);
  }
}

/* A change sees what the others wrote meanwhile. */
static void conflicts_start_the_change_again(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){1, 4});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"bytes\"]", &spec);
  zarrc_region all = zarrc_region_all(2, spec.shape);
  contested c = {.blob = {.ops = &contested_ops}, .conflicts = 3};
  adding a = {.at = {{0, 0}, {0, 1}}, .n = 2};
  const zarrc_values values = {.touches = adding_touches, .apply = adding_apply, .arg = &a};
  counting_blob_init(&c.inner, ctx, "abcd", 4, false);
  assert_int_equal(zarrc_write(p, &c.blob, &all, &values, false, NULL), ZARRC_OK);
  assert_int_equal(a.napplied, 4);
  assert_memory_equal(c.inner.bytes, ((uint8_t[]){'0' + 100, 'b' + 100, 'c', 'd'}), 4);
  counting_blob_clear(&c.inner);
  zarrc_pipeline_close(p);
}

/* Text of variable length, and a chunk that becomes all fill value. */
static zarrc_status put_text(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  (void)part, (void)error;
  memcpy(view->data, arg, sizeof(zarrc_text));
  return ZARRC_OK;
}

static void changes_of_text(void **state) {
  needs_codec("gzip");
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      "[\"vlen-utf8\", {\"name\": \"gzip\"}]", "[" SHARD("[2]", "\"vlen-utf8\"") "]",
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [0]}}, " SHARD("[2]", "\"vlen-utf8\"") "]"};
  zarrc_dtype string;
  assert_int_equal(zarrc_dtype_parse(ctx, "string", &string, NULL), ZARRC_OK);
  for (int k = 0; k < 3; k++) {
    zarrc_spec spec = {.dtype = string, .ndim = 1, .shape = {4}};
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
    zarrc_text *back = malloc(4 * sizeof *back);
    zarrc_view view = zarrc_view_c(&string, 1, spec.shape, back);
    zarrc_text other = {(const uint8_t *)"other", 5}, nothing = {0};
    zarrc_values values = {.apply = put_text, .arg = &other};
    zarrc_region r = chunk_region(1, (int64_t[]){2}, (int64_t[]){1}, NULL);
    counting_blob blob;
    counting_blob_init(&blob, ctx, NULL, 0, false);
    for (int i = 0; i < 4; i++) back[i] = (zarrc_text){(const uint8_t *)"text", (size_t)i};
    assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &view}, false, NULL), ZARRC_OK);
    assert_int_equal(zarrc_write(p, &blob.blob, &r, &values, false, NULL), ZARRC_OK);
    assert_int_equal(zarrc_arena_open(ctx, &view.arena, NULL), ZARRC_OK);
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL), ZARRC_OK);
    for (int i = 0; i < 4; i++) {
      assert_int_equal(back[i].len, i == 2 ? 5 : i);
      if (i) assert_memory_equal(back[i].ptr, i == 2 ? "other" : "text", back[i].len);
    }
    values.arg = &nothing;
    for (int i = 0; i < 4; i++) {
      r.start[0] = i;
      assert_non_null(blob.bytes);
      assert_int_equal(zarrc_write(p, &blob.blob, &r, &values, false, NULL), ZARRC_OK);
    }
    assert_null(blob.bytes);
    zarrc_arena_close(view.arena);
    free(back);
    counting_blob_clear(&blob);
    zarrc_pipeline_close(p);
  }
  zarrc_dtype_close(&string);
}

/* A shard whose index says that an inner chunk lies in the index. What is kept of it is stored only after the shard
 * was read. */
static void kept_pieces_live_until_they_are_stored(void **state) {
  zarrc_ctx *ctx = *state;
  static const char chain[] = "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [4], "
                              "\"index_codecs\": [" BYTES "], \"index_location\": \"start\"}}, \"crc32c\"]";
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){8});
  zarrc_pipeline *p = chunk_pipeline(ctx, chain, &spec);
  uint8_t shard[40] = {0}, numbers[4] = {5, 6, 7, 8}, to[8];
  shard[8] = 4;   /* chunk 0: 4 bytes at byte 0 */
  shard[16] = 32; /* chunk 1: 4 bytes at byte 32 */
  shard[24] = 4;
  uint32_t crc = zarrc_crc32c(0, shard, 36);
  for (int i = 0; i < 4; i++) shard[36 + i] = (uint8_t)(crc >> 8 * i);
  counting_blob blob;
  counting_blob_init(&blob, ctx, shard, sizeof shard, false);
  zarrc_region r = chunk_region(1, (int64_t[]){4}, (int64_t[]){4}, NULL);
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, r.count, numbers), all = zarrc_view_c(&spec.dtype, 1, spec.shape, to);
  assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &from}, false, NULL), ZARRC_OK);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &all, NULL, NULL), ZARRC_OK);
  assert_memory_equal(to, ((uint8_t[]){0, 0, 0, 0, 5, 6, 7, 8}), 8);
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* An array-to-array codec that computes, and cannot. */
static zarrc_status broken_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)codec, (void)configuration, (void)n, (void)error;
  return ZARRC_OK;
}

static zarrc_status broken_run(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *from,
                               const zarrc_view *to, zarrc_error *error) {
  (void)codec, (void)spec, (void)from, (void)to;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "out of order");
}

static const zarrc_codec_class broken = {.struct_size = sizeof(zarrc_codec_class),
                                         .name = "example.broken",
                                         .kind = ZARRC_ARRAY_TO_ARRAY,
                                         .open = broken_open,
                                         .u.aa = {.encode = broken_run, .decode = broken_run}};

static void errors_name_the_codec(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){2});
  assert_int_equal(zarrc_register_codec(ctx, &broken, NULL), ZARRC_OK);
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"example.broken\", " BYTES "]", &spec);
  uint8_t numbers[2] = {1, 2};
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers);
  zarrc_memory_blob blob;
  zarrc_error error = {0};
  zarrc_memory_blob_init(&blob, ctx, NULL, 0);
  assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &from}, false, &error), ZARRC_UNSUPPORTED);
  assert_string_equal(SAID(error), "codec example.broken: out of order");
  assert_string_equal(error.codec, "example.broken");
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fill_value_is_not_stored),
      cmocka_unit_test(padding_destroys_nothing),
      cmocka_unit_test(padding_destroys_nothing_part_by_part),
      cmocka_unit_test(nothing_encodes_to_nothing),
      cmocka_unit_test(covered_chunks_are_not_read),
      cmocka_unit_test(conflicts_start_the_write_again),
      cmocka_unit_test(read_only_values_are_not_written),
      cmocka_unit_test(changes_are_made_in_place),
      cmocka_unit_test(untouched_inner_chunks_are_kept),
      cmocka_unit_test(failing_changes_store_nothing),
      cmocka_unit_test(conflicts_start_the_change_again),
      cmocka_unit_test(changes_of_text),
      cmocka_unit_test(kept_pieces_live_until_they_are_stored),
      cmocka_unit_test(errors_name_the_codec),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
