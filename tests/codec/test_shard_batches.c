/* SPDX-License-Identifier: MIT */
/* A shard that is stored batch by batch is the shard that is stored at once, and is there whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/said.h"

#include "store/file.h"

#include <stdlib.h>
#include <string.h>

enum { EDGE = 512, INNER = 32, NINNER = (EDGE / INNER) * (EDGE / INNER) };
/* Half of the shard: a batch is a sixteenth of that. */
#define LIMIT ((uint64_t)EDGE * EDGE)

#define LITTLE    "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"
#define BIG       "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}"
#define TRANSPOSE "{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}"
#define SHARD(shape, codecs)                                                                                           \
  "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": [" codecs              \
  "], \"index_codecs\": [" LITTLE ", {\"name\": \"crc32c\"}]}}"

static const char *const chains[] = {
    "[" SHARD("[32, 32]", LITTLE) "]",
    "[" TRANSPOSE ", " SHARD("[32, 32]", LITTLE) "]",
    "[" SHARD("[32, 32]", BIG ", {\"name\": \"crc32c\"}") "]",
    "[" SHARD("[32, 32]", TRANSPOSE ", " LITTLE ", {\"name\": \"gzip\"}") "]",
    "[" TRANSPOSE ", " SHARD("[32, 32]", LITTLE ", {\"name\": \"gzip\"}") "]",
    "[" SHARD("[32, 32]", SHARD("[4, 8]", LITTLE)) "]",
};

/* A context, a store and a pipeline, with and without a limit. */
typedef struct side {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_pipeline *p;
} side;

static zarrc_spec shard_spec(zarrc_subchunk_order order) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 2, (int64_t[]){EDGE, EDGE});
  spec.options.subchunk_order = order;
  return spec;
}

static side side_open(const char *tree, const zarrc_ctx_options *options, const char *json,
                      zarrc_subchunk_order order) {
  side s = {0};
  zarrc_spec spec = shard_spec(order);
  const zarrc_file_store_options create = {.struct_size = sizeof create, .create = true};
  assert_int_equal(zarrc_ctx_open(options, &s.ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_file_store_open(s.ctx, tree, &create, &s.store, NULL), ZARRC_OK);
  s.p = chunk_pipeline(s.ctx, json, &spec);
  return s;
}

static void side_close(side *s) {
  zarrc_pipeline_close(s->p);
  zarrc_store_close(s->store);
  zarrc_ctx_close(s->ctx);
}

static zarrc_status values_put(const side *s, const char *key, const zarrc_region *region, const zarrc_values *values,
                               zarrc_error *error) {
  zarrc_key_blob blob;
  assert_int_equal(zarrc_key_blob_open(&blob, s->store, key, NULL), ZARRC_OK);
  zarrc_status status = zarrc_write(s->p, blob.blob, region, values, false, error);
  zarrc_key_blob_close(&blob);
  return status;
}

static zarrc_status put(const side *s, const char *key, const zarrc_region *region, const zarrc_view *view,
                        zarrc_error *error) {
  return values_put(s, key, region, &(zarrc_values){.view = view}, error);
}

static void expect_same(const side *a) {
  zarrc_bytes x, y;
  zarrc_status there = zarrc_store_get(a->store, "a", UINT64_MAX, &x, NULL);
  assert_int_equal(zarrc_store_get(a->store, "b", UINT64_MAX, &y, NULL), there);
  if (there) {
    assert_int_equal(there, ZARRC_NOT_FOUND);
    return;
  }
  assert_int_equal(x.len, y.len);
  assert_memory_equal(x.ptr, y.ptr, x.len);
  zarrc_bytes_release(&x);
  zarrc_bytes_release(&y);
}

/* Reads key "a" whole within the limit, and compares it with what is read without. */
static void expect_read(const side *a, const side *b) {
  const zarrc_spec *spec = zarrc_pipeline_spec(a->p);
  const side *sides[] = {a, b};
  uint16_t *got[2];
  for (int i = 0; i < 2; i++) {
    zarrc_key_blob blob;
    zarrc_error error;
    got[i] = calloc(EDGE * EDGE, sizeof **got);
    zarrc_view all = zarrc_view_c(&spec->dtype, 2, spec->shape, got[i]);
    assert_int_equal(zarrc_key_blob_open(&blob, sides[i]->store, "a", NULL), ZARRC_OK);
    if (zarrc_read(sides[i]->p, blob.blob, NULL, &all, NULL, &error)) fail_msg("%s", SAID(error));
    zarrc_key_blob_close(&blob);
  }
  assert_memory_equal(got[0], got[1], EDGE * EDGE * sizeof **got);
  free(got[0]);
  free(got[1]);
}

static uint16_t noise(uint32_t i) {
  i = (i ^ i >> 15) * 0x2c1b3c6du;
  return (uint16_t)(1 + (i >> 13 & 1023));
}

/* Every fifth inner chunk is fill value. */
static uint16_t *numbers(void) {
  uint16_t *out = malloc(EDGE * EDGE * sizeof *out);
  for (uint32_t y = 0; y < EDGE; y++)
    for (uint32_t x = 0; x < EDGE; x++)
      out[y * EDGE + x] = (y / INNER * (EDGE / INNER) + x / INNER) % 5 ? noise(y * EDGE + x) : 0;
  return out;
}

typedef struct adding {
  int calls, fail_at;
} adding;

/* Called by any thread; elements are those of one inner chunk. */
static zarrc_status add_one(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  adding *a = arg;
  (void)part;
  if (a->fail_at && __atomic_add_fetch(&a->calls, 1, __ATOMIC_RELAXED) == a->fail_at)
    return zarrc_fail(error, ZARRC_IO, "the change failed");
  for (int64_t y = 0; y < view->shape[0]; y++)
    for (int64_t x = 0; x < view->shape[1]; x++)
      ++*(uint16_t *)(void *)((uint8_t *)view->data + y * view->stride[0] + x * view->stride[1]);
  return ZARRC_OK;
}

static void same_shards(void **state) {
  needs_codec("gzip");
  const char *tree = *state;
  uint16_t *data = numbers();
  zarrc_error e;
  for (size_t c = 0; c < sizeof chains / sizeof *chains; c++) {
    zarrc_subchunk_order order = (zarrc_subchunk_order)(c % 4);
    const char *json = chains[c];
    side a = side_open(tree, &(zarrc_ctx_options){.threads = 2}, json, order);
    side b = side_open(tree, &(zarrc_ctx_options){.threads = 2, .max_memory = LIMIT}, json, order);
    const zarrc_spec *spec = zarrc_pipeline_spec(a.p);
    zarrc_view all = zarrc_view_c(&spec->dtype, 2, spec->shape, data);
    assert_int_equal(put(&a, "a", NULL, &all, &e), ZARRC_OK);
    if (put(&b, "b", NULL, &all, &e)) fail_msg("%s", SAID(e));
    expect_same(&a);

    /* parts of most inner chunks, all of some, none of others */
    zarrc_region part = chunk_region(2, (int64_t[]){5, 40}, (int64_t[]){300, 209}, (int64_t[]){1, 2});
    zarrc_view some = zarrc_view_c(&spec->dtype, 2, part.count, data);
    assert_int_equal(put(&a, "a", &part, &some, &e), ZARRC_OK);
    if (put(&b, "b", &part, &some, &e)) fail_msg("%s", SAID(e));
    expect_same(&a);

    adding adds = {0};
    zarrc_values values = {.apply = add_one, .arg = &adds};
    part = chunk_region(2, (int64_t[]){0, 0}, (int64_t[]){400, EDGE}, NULL);
    assert_int_equal(values_put(&a, "a", &part, &values, &e), ZARRC_OK);
    if (!strstr(json,
                "[" TRANSPOSE)) { /* behind a transpose the part is changed as a whole, for which there is no memory */
      if (values_put(&b, "b", &part, &values, &e)) fail_msg("%s", SAID(e));
      expect_same(&a);
    }

    expect_read(&a, &b);
    assert_true(zarrc_ctx_memory_peak(b.ctx) <= LIMIT);

    uint16_t zero = 0;
    zarrc_view nothing = {.data = &zero, .dtype = spec->dtype, .ndim = 2, .shape = {EDGE, EDGE}};
    assert_int_equal(put(&a, "a", NULL, &nothing, &e), ZARRC_OK);
    assert_int_equal(put(&b, "b", NULL, &nothing, &e), ZARRC_OK);
    assert_int_equal(zarrc_store_get(a.store, "b", UINT64_MAX, &(zarrc_bytes){0}, NULL), ZARRC_NOT_FOUND);
    expect_same(&a);
    side_close(&a);
    side_close(&b);
  }
  free(data);
}

static zarrc_status refuse_temp(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)arg, (void)error;
  assert_int_equal(strlen(entry->key), 1);
  return ZARRC_OK;
}

/* A shard that cannot be made to its end leaves what was there. */
static void whole_or_not(void **state) {
  const char *tree = *state;
  uint16_t *data = numbers();
  zarrc_error e;
  zarrc_bytes before, after;
  side a = side_open(tree, &(zarrc_ctx_options){.threads = 2}, chains[0], ZARRC_MORTON);
  side b = side_open(tree, &(zarrc_ctx_options){.threads = 2, .max_memory = LIMIT}, chains[0], ZARRC_MORTON);
  const zarrc_spec *spec = zarrc_pipeline_spec(b.p);
  zarrc_view all = zarrc_view_c(&spec->dtype, 2, spec->shape, data);
  assert_int_equal(put(&b, "b", NULL, &all, &e), ZARRC_OK);
  assert_int_equal(zarrc_store_get(a.store, "b", UINT64_MAX, &before, NULL), ZARRC_OK);
  for (int fail_at = 1; fail_at <= NINNER; fail_at += 23) {
    adding adds = {.fail_at = fail_at};
    zarrc_values values = {.apply = add_one, .arg = &adds};
    zarrc_region part = zarrc_region_all(2, spec->shape);
    assert_int_equal(values_put(&b, "b", &part, &values, &e), ZARRC_IO);
    assert_non_null(strstr(SAID(e), "inner chunk "));
    assert_non_null(strstr(SAID(e), "the change failed"));
    assert_int_equal(zarrc_store_get(a.store, "b", UINT64_MAX, &after, NULL), ZARRC_OK);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.ptr, before.ptr, before.len);
    zarrc_bytes_release(&after);
    assert_int_equal(zarrc_store_list(b.store, "", true, false, refuse_temp, NULL, NULL), ZARRC_OK);
  }
  zarrc_bytes_release(&before);
  assert_int_equal(zarrc_store_erase(b.store, "b", NULL), ZARRC_OK);
  side_close(&a);
  side_close(&b);
  free(data);
}

typedef struct attempt {
  const char *tree, *json;
  uint16_t *data;
} attempt;

static zarrc_status write_once(const zarrc_ctx_options *options, void *arg) {
  const attempt *a = arg;
  const zarrc_file_store_options create = {.struct_size = sizeof create, .create = true};
  zarrc_ctx *ctx;
  zarrc_store *store = NULL;
  zarrc_pipeline *p = NULL;
  zarrc_key_blob blob = {0};
  zarrc_spec spec = shard_spec(ZARRC_LEXICOGRAPHIC);
  zarrc_view all = zarrc_view_c(&spec.dtype, 2, spec.shape, a->data);
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  status = zarrc_file_store_open(ctx, a->tree, &create, &store, NULL);
  if (!status) status = zarrc_pipeline_open(ctx, a->json, strlen(a->json), &spec, &p, NULL);
  if (!status) status = zarrc_key_blob_open(&blob, store, "b", NULL);
  if (!status) status = zarrc_write(p, blob.blob, NULL, &(zarrc_values){.view = &all}, false, NULL);
  zarrc_key_blob_close(&blob);
  zarrc_pipeline_close(p);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return status;
}

static void no_memory(void **state) {
  attempt a = {.tree = *state, .json = chains[0], .data = numbers()};
  faulty_alloc_each(&(zarrc_ctx_options){.threads = 1, .max_memory = LIMIT}, write_once, &a);
  free(a.data);
}

static int tree_open(void **state) {
  *state = tree_make();
  return 0;
}

static int tree_close(void **state) {
  tree_remove(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_shards),
      cmocka_unit_test(whole_or_not),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, tree_open, tree_close);
}
