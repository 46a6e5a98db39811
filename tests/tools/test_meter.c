/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/meter.h"

#include "store/contract.h"
#include "support/copying.h"
#include "support/files.h"

/* What goes through is counted, and is what the inner store has. */
static void test_counts(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *inner;
  zarrc_meter meter;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &inner, NULL), ZARRC_OK);
  zarrc_meter_init(&meter, inner, ctx);
  zarrc_array *array = copying_array(&meter.store, "a", 1, (int64_t[]){6}, (int64_t[]){2}, NULL, NULL);
  zarrc_array_close(array);
  assert_true(atomic_load(&meter.writes) >= 4); /* the document and three chunks */
  atomic_store(&meter.opened, 0);
  atomic_store(&meter.reads, 0);
  atomic_store(&meter.read_bytes, 0);
  zarrc_bytes bytes;
  assert_int_equal(zarrc_store_get(&meter.store, "a/c/1", 100, &bytes, NULL), ZARRC_OK);
  assert_int_equal(bytes.len, 8);
  zarrc_bytes_release(&bytes);
  assert_int_equal(atomic_load(&meter.opened), 1);
  assert_int_equal(atomic_load(&meter.read_bytes), 8);
  assert_int_equal(zarrc_store_get(&meter.store, "a/c/9", 100, &bytes, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(atomic_load(&meter.opened), 1);
  assert_int_equal(zarrc_store_get(&meter.store, "a/zarr.json", 10000, &bytes, NULL), ZARRC_OK);
  zarrc_bytes_release(&bytes);
  assert_int_equal(atomic_load(&meter.opened), 1); /* documents that are read are not counted */
  assert_int_equal(atomic_load(&meter.read_bytes), 8);
  copying_same(&meter.store, "a", inner, "a");
  assert_int_equal(zarrc_store_erase_prefix(&meter.store, "a", NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_get(inner, "a/c/1", 100, &bytes, NULL), ZARRC_NOT_FOUND);
  zarrc_store_close(&meter.store);
  zarrc_store_close(inner);
  zarrc_ctx_close(ctx);
}

typedef struct world {
  char *tree;
  zarrc_ctx *ctx;
  zarrc_store *files, *prefix;
  zarrc_meter meter;
} world;

static int open_all(void **state) {
  world *w = calloc(1, sizeof *w);
  *state = w;
  w->tree = tree_make();
  if (zarrc_ctx_open(NULL, &w->ctx, NULL) || zarrc_file_store_open(w->ctx, w->tree, NULL, &w->files, NULL) ||
      zarrc_prefix_store_open(w->files, "some/where", &w->prefix, NULL))
    return -1;
  zarrc_meter_init(&w->meter, w->prefix, w->ctx);
  return 0;
}

static int close_all(void **state) {
  world *w = *state;
  zarrc_store_close(&w->meter.store);
  zarrc_store_close(w->prefix);
  zarrc_store_close(w->files);
  zarrc_ctx_close(w->ctx);
  tree_remove(w->tree);
  free(w);
  return 0;
}

static void test_contract(void **state) {
  contract_obey(&((world *)*state)->meter.store);
}

static void expect(const zarrc_meter *m, unsigned opened, unsigned reads, unsigned read_bytes, unsigned writes,
                   unsigned written_bytes) {
  assert_int_equal(m->opened, opened);
  assert_int_equal(m->reads, reads);
  assert_int_equal(m->read_bytes, read_bytes);
  assert_int_equal(m->writes, writes);
  assert_int_equal(m->written_bytes, written_bytes);
}

static void test_numbers(void **state) {
  world *w = *state;
  zarrc_store *store = &w->meter.store;
  zarrc_error error;
  zarrc_key_blob blob;
  contract_expect(store, "k", NULL);
  expect(&w->meter, 0, 1, 0, 0, 0);
  contract_set(store, "k", "0123456789");
  contract_expect(w->files, "some/where/k", "0123456789");
  expect(&w->meter, 0, 1, 0, 1, 10);
  contract_ok(zarrc_key_blob_open(&blob, store, "k", &error), &error);
  zarrc_range ranges[] = {{.offset = 2, .nbytes = 3}, {.offset = -1, .nbytes = 1}};
  for (int i = 0; i < 2; i++) {
    contract_ok(zarrc_blob_read(blob.blob, ranges, 2, &error), &error);
    zarrc_ranges_release(ranges, 2);
  }
  expect(&w->meter, 1, 5, 8, 1, 10);
  zarrc_bytes kept;
  assert_true(zarrc_blob_keep(blob.blob, 0, 4, &kept));
  contract_ok(zarrc_blob_replace(blob.blob, &kept, 1, true, &error), &error);
  expect(&w->meter, 1, 5, 8, 2, 14);
  contract_ok(zarrc_blob_erase(blob.blob, false, &error), &error);
  zarrc_key_blob_close(&blob);
  expect(&w->meter, 1, 5, 8, 2, 14);
}

typedef struct pieces {
  int left;
} pieces;

static zarrc_status pieces_next(void *state, zarrc_parts *parts, zarrc_error *error) {
  pieces *p = state;
  if (p->left-- <= 0) return ZARRC_OK;
  return zarrc_parts_push(parts, (zarrc_bytes){.ptr = (const uint8_t *)"piece", .len = 5}, error);
}

static void pieces_close(void *state) {
  ((pieces *)state)->left = -100;
}

/* What is stored batch by batch is counted batch by batch, and its source is its owner's again afterwards. */
static void test_batches(void **state) {
  static const zarrc_source source = {sizeof(zarrc_source), pieces_next, pieces_close};
  world *w = *state;
  zarrc_error error;
  zarrc_key_blob blob;
  zarrc_parts parts;
  pieces p = {3};
  zarrc_parts_init(&parts, w->ctx);
  contract_ok(zarrc_parts_push(&parts, (zarrc_bytes){.ptr = (const uint8_t *)"head", .len = 4}, &error), &error);
  parts.source = &source;
  parts.source_state = &p;
  contract_ok(zarrc_key_blob_open(&blob, &w->meter.store, "k", &error), &error);
  assert_true(zarrc_blob_get_traits(blob.blob).streams);
  contract_ok(zarrc_blob_replace_from(blob.blob, &parts, false, &error), &error);
  zarrc_key_blob_close(&blob);
  expect(&w->meter, 0, 0, 0, 1, 19);
  contract_expect(w->files, "some/where/k", "headpiecepiecepiece");
  assert_ptr_equal(parts.source, &source);
  zarrc_parts_clear(&parts);
  assert_int_equal(p.left, -100);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts), TEST(test_contract), TEST(test_numbers),
                                     TEST(test_batches)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
