/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/faulty_alloc.h"
#include "support/nodes.h"
#include "tools/two_stores.h"

#include <stdlib.h>
#include <string.h>

static void refused(const zarrc_copy_options *options, const char *message) {
  zarrc_copier *copier = NULL;
  zarrc_error error = {0};
  assert_int_equal(zarrc_copier_open(source, "", target, "", options, &copier, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, message);
  assert_null(copier);
}

static void test_options(void **state) {
  const int64_t zero[] = {2, 0}, one[] = {1};
  zarrc_copy_options o = {.struct_size = sizeof o, .chunk_shape = zero, .nchunk_shape = 2};
  (void)state;
  refused(&o, "chunk_shape: 0 is not at least 1");
  o = (zarrc_copy_options){.struct_size = sizeof o, .shard_shape = one, .nshard_shape = 33};
  refused(&o, "shard_shape: 33 numbers");
  o = (zarrc_copy_options){.struct_size = sizeof o, .shard_shape = one, .nshard_shape = 1, .no_shards = true};
  refused(&o, "shard_shape and no_shards exclude each other");
  o = (zarrc_copy_options){.struct_size = sizeof o, .separator = '-'};
  refused(&o, "separator: must be '/' or '.'");
  o = (zarrc_copy_options){.struct_size = sizeof o, .chunk_key_encoding = "v3"};
  refused(&o, "chunk_key_encoding: must be \"default\" or \"v2\"");
  zarrc_copier *copier = NULL;
  zarrc_error error;
  assert_int_equal(zarrc_copier_open(source, "a", source, "a/b", NULL, &copier, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_copier_open(source, "a/b", source, "a", NULL, &copier, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_ctx *other;
  zarrc_store *elsewhere;
  assert_int_equal(zarrc_ctx_open(NULL, &other, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(other, &elsewhere, NULL), ZARRC_OK);
  assert_int_equal(zarrc_copier_open(source, "", elsewhere, "", NULL, &copier, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_store_close(elsewhere);
  zarrc_ctx_close(other);
  assert_int_equal(zarrc_copier_open(source, "a", source, "ab", NULL, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
}

/* A caller that was compiled with a shorter struct, and with a longer one. */
static void test_growth(void **state) {
  struct {
    zarrc_copy_options o;
    char more[8];
  } newer = {.o.struct_size = sizeof newer};
  struct {
    size_t struct_size;
    zarrc_copy_mode mode;
  } older = {.struct_size = sizeof older, .mode = ZARRC_COPY_OVERWRITE};
  zarrc_copier *copier = NULL;
  (void)state;
  assert_int_equal(zarrc_copier_open(source, "", target, "", (zarrc_copy_options *)&older, &copier, NULL), ZARRC_OK);
  zarrc_copier_close(copier);
  assert_int_equal(zarrc_copier_open(source, "", target, "", &newer.o, &copier, NULL), ZARRC_OK);
  zarrc_copier_close(copier);
  newer.more[3] = 1;
  assert_int_equal(zarrc_copier_open(source, "", target, "", &newer.o, &copier, NULL), ZARRC_UNSUPPORTED);
}

typedef struct heard {
  size_t n;
  uint64_t done, total, nbytes;
} heard;

static zarrc_status hear(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  (void)error;
  heard *h = arg;
  if (event->kind != ZARRC_COPY_PROGRESS) return ZARRC_OK;
  assert_true(event->ndone >= h->done);
  assert_true(h->n > 0 || event->ndone == 0);
  h->done = event->ndone;
  h->total = event->ntotal;
  h->nbytes = event->nbytes;
  h->n++;
  return ZARRC_OK;
}

static void test_hierarchy(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  heard h = {0};
  (void)state;
  zarrc_array_close(copying_array(source, "g/a", 2, (int64_t[]){7, 5}, (int64_t[]){3, 5}, NULL, NULL));
  zarrc_array_close(copying_array(source, "g/b/c", 1, (int64_t[]){9}, (int64_t[]){2}, (int64_t[]){4}, NULL));
  zarrc_copy_options options = {.codecs = "gzip(1)", .check = true, .event = hear, .event_arg = &h};
  assert_int_equal(copying_run(source, "g", target, "x/y", options, &copier, &error), ZARRC_OK);
  const zarrc_copy_report *r = zarrc_copier_report(copier);
  assert_int_equal(r->ngroups, 2);
  assert_int_equal(r->narrays, 2);
  assert_int_equal(r->nobjects, 3 + 3);
  assert_int_equal(r->nbytes, (35 + 9) * 4);
  assert_int_equal(r->copied_nbytes, (35 + 9) * 4);
  assert_int_equal(r->written_nobjects, 6);
  assert_int_equal(r->obstacle, ZARRC_COPY_NO_OBSTACLE);
  assert_false(r->resumable);
  assert_string_equal(zarrc_copier_array(copier, 1)->path, "b/c");
  assert_int_equal(h.done, 6);
  assert_int_equal(h.total, 6);
  assert_int_equal(h.nbytes, (35 + 9) * 4);
  assert_int_equal(zarrc_copier_run(copier, &error), ZARRC_INVALID_ARGUMENT); /* once */
  zarrc_copier_close(copier);
  copying_same(source, "g/a", target, "x/y/a");
  copying_same(source, "g/b/c", target, "x/y/b/c");
  char *parent = nodes_get(target, "x/zarr.json"), *codecs = nodes_get(target, "x/y/a/zarr.json");
  assert_non_null(parent);
  assert_non_null(strstr(codecs, "gzip"));
  free(parent);
  free(codecs);
}

static zarrc_status replace_source(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  bool *done = arg;
  if (event->kind != ZARRC_COPY_PROGRESS || *done) return ZARRC_OK;
  *done = true;
  zarrc_array_config config = {.struct_size = sizeof config,
                               .data_type = "float32",
                               .ndim = 1,
                               .shape = (int64_t[]){4},
                               .chunk_shape = (int64_t[]){2},
                               .codecs = "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"};
  zarrc_array *other;
  float values[4] = {1, 2, 3, 4};
  zarrc_status status = zarrc_array_create(source, "a", &config, ZARRC_CREATE_OVERWRITE, NULL, &other, error);
  if (status) return status;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(other), 1, config.shape, values);
  status = zarrc_array_write(other, NULL, &view, error);
  zarrc_array_close(other);
  return status;
}

/* Its chunks are all there, and as long as the old ones. */
static void test_source_replaced(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  bool done = false;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL));
  zarrc_copy_options options = {.event = replace_source, .event_arg = &done};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(error.message, "another array has been put in the place of the array that is open"));
  zarrc_copier_close(copier);
}

static bool is_canceled(void *stop) {
  return *(bool *)stop;
}

static zarrc_status stop_at_first(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  (void)error;
  if (event->ndone > 0) *(bool *)arg = true;
  return ZARRC_OK;
}

static void test_cancel(void **state) {
  bool stop = false;
  zarrc_ctx_options limits = {
      .struct_size = sizeof limits, .canceled = is_canceled, .canceled_ud = &stop, .threads = 1};
  zarrc_ctx *own;
  zarrc_store *from, *to;
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_ctx_open(&limits, &own, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(own, &from, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(own, &to, NULL), ZARRC_OK);
  zarrc_array_close(copying_array(from, "a", 1, (int64_t[]){20}, (int64_t[]){1}, NULL, NULL));
  zarrc_copy_options options = {.event = stop_at_first, .event_arg = &stop};
  assert_int_equal(copying_run(from, "a", to, "a", options, &copier, &error), ZARRC_CANCELED);
  assert_int_equal(zarrc_copier_report(copier)->side, ZARRC_COPY_NEITHER);
  assert_true(zarrc_copier_report(copier)->resumable);
  zarrc_copier_close(copier);
  stop = false;
  options = (zarrc_copy_options){.mode = ZARRC_COPY_RESUME};
  assert_int_equal(copying_run(from, "a", to, "a", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->skipped_nobjects, 1);
  zarrc_copier_close(copier);
  copying_same(from, "a", to, "a");
  zarrc_store_close(from);
  zarrc_store_close(to);
  zarrc_ctx_close(own);
}

static zarrc_status whole(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own = NULL;
  zarrc_store *from = NULL, *to = NULL;
  zarrc_copier *copier = NULL;
  zarrc_copy_options wish = {.struct_size = sizeof wish, .codecs = "crc32c", .check = true};
  int64_t chunk[] = {3};
  char *document = arg;
  wish.chunk_shape = chunk;
  wish.nchunk_shape = 1;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (!status) status = zarrc_memory_store_open(own, &from, NULL);
  if (!status) status = zarrc_memory_store_open(own, &to, NULL);
  if (!status)
    status = zarrc_store_set(from, "g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}", 40, NULL);
  if (!status) status = zarrc_store_set(from, "g/a/zarr.json", document, strlen(document), NULL);
  if (!status) status = zarrc_store_set(from, "g/a/c/0", "abcdefgh", 8, NULL);
  if (!status) status = zarrc_store_set(from, "g/other", "x", 1, NULL);
  if (!status) status = zarrc_copier_open(from, "g", to, "h", &wish, &copier, NULL);
  if (!status) status = zarrc_copier_run(copier, NULL);
  zarrc_copier_close(copier);
  zarrc_store_close(from);
  zarrc_store_close(to);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1};
  char *document = nodes_document("shape", "[4]", "chunk_grid",
                                  "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2]}}", NULL);
  (void)state;
  assert_true(faulty_alloc_each(&options, whole, document) > 50);
  free(document);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_options, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_growth, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_hierarchy, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_source_replaced, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_cancel, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_no_memory, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
