/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/files.h"
#include "support/nodes.h"
#include "tools/two_stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void test_changes_nothing(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  assert_int_equal(copying_plan(source, "a", target, "b", (zarrc_copy_options){0}, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->nobjects, 5);
  assert_int_equal(zarrc_copier_array(copier, 0)->source_nobjects, 5);
  assert_int_equal(zarrc_copier_plan(copier, &error), ZARRC_INVALID_ARGUMENT); /* once */
  zarrc_copier_close(copier);
  char *keys = nodes_keys(target);
  assert_string_equal(keys, "");
  free(keys);
}

static void test_shapes(void **state) {
  const int64_t one[] = {3}, two[] = {3, 3};
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(source, "g/a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  zarrc_array_close(copying_array(source, "g/b", 2, (int64_t[]){4, 4}, (int64_t[]){2, 2}, NULL, NULL));
  zarrc_copy_options options = {.chunk_shape = one, .nchunk_shape = 1};
  assert_int_equal(copying_plan(source, "g", target, "", options, &copier, &error), ZARRC_OK);
  assert_true(zarrc_copier_array(copier, 0)->rechunked);
  assert_false(zarrc_copier_array(copier, 1)->rechunked);
  zarrc_copier_close(copier);
  options = (zarrc_copy_options){.chunk_shape = two, .nchunk_shape = 2};
  assert_int_equal(copying_plan(source, "g/a", target, "", options, &copier, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(zarrc_copier_report(copier)->option, "chunk_shape");
  zarrc_copier_close(copier);
  options = (zarrc_copy_options){.shard_shape = (int64_t[]){9, 9, 9}, .nshard_shape = 3};
  assert_int_equal(copying_plan(source, "g", target, "", options, &copier, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "no array has 3 dimensions");
  assert_string_equal(zarrc_copier_report(copier)->option, "shard_shape");
  zarrc_copier_close(copier);
  assert_int_equal(copying_plan(source, "none", target, "", (zarrc_copy_options){0}, &copier, &error), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_copier_report(copier)->side, ZARRC_COPY_SOURCE);
  assert_int_equal(zarrc_copier_run(copier, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_copier_close(copier);
}

/* Where so many threads need more than the memory, fewer work, in a context of the copier's own. */
static void test_fewer_threads(void **state) {
  zarrc_ctx_options limits = {.struct_size = sizeof limits, .threads = 8};
  const int64_t n[] = {1 << 19};
  zarrc_ctx *own;
  zarrc_store *from, *to;
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_ctx_open(&limits, &own, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(own, &from, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(own, &to, NULL), ZARRC_OK);
  zarrc_array_close(copying_array(from, "a", 1, n, (int64_t[]){n[0] / 2}, NULL, NULL));
  zarrc_copy_options options = {.memory = 12 << 20};
  assert_int_equal(copying_run(from, "a", to, "a", options, &copier, &error), ZARRC_OK);
  assert_in_range(zarrc_copier_report(copier)->threads, 1, 7);
  assert_in_range(zarrc_copier_report(copier)->memory, 1, 12 << 20);
  zarrc_copier_close(copier);
  copying_same(from, "a", to, "a");
  options.memory = 1 << 20;
  assert_int_equal(copying_run(from, "a", to, "b", options, &copier, &error), ZARRC_LIMIT);
  assert_int_equal(zarrc_copier_report(copier)->obstacle, ZARRC_COPY_NEEDS_MEMORY);
  zarrc_copier_close(copier);
  zarrc_store_close(from);
  zarrc_store_close(to);
  zarrc_ctx_close(own);
}

/* Returns the CPU time of planning a copy of n arrays, of which only consolidated metadata tell, and n other files. */
static double plan_many(int n) {
  char *folder = tree_make(), *document = nodes_document("attributes", "{}", NULL), name[40];
  zarrc_store *files;
  zarrc_copier *copier;
  zarrc_error error;
  char *text = malloc(200 + (size_t)n * (strlen(document) + 30));
  assert_non_null(text);
  char *end =
      text + sprintf(text, "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": {\"kind\": "
                           "\"inline\", \"must_understand\": false, \"metadata\": {");
  for (int i = 0; i < n; i++) end += sprintf(end, "%s\"a%06d\": %s", i ? ", " : "", i, document);
  strcpy(end, "}}}");
  assert_int_equal(zarrc_file_store_open(ctx, folder, NULL, &files, NULL), ZARRC_OK);
  nodes_put(files, "zarr.json", text);
  for (int i = 0; i < n; i++) {
    snprintf(name, sizeof name, "f%d", i);
    nodes_put(files, name, "");
  }
  clock_t begin = clock();
  if (copying_plan(files, "", target, "b", (zarrc_copy_options){0}, &copier, &error)) fail_msg("%s", error.message);
  clock_t took = clock() - begin;
  assert_int_equal(zarrc_copier_report(copier)->narrays, n);
  assert_int_equal(zarrc_copier_report(copier)->nother_files, n);
  zarrc_copier_close(copier);
  zarrc_store_close(files);
  tree_remove(folder);
  free(document);
  free(text);
  return (double)took;
}

/* Planning takes time in proportion to nodes and files. It was 54 times as long when each model listed all models. */
static void test_many(void **state) {
  (void)state;
  double few = plan_many(1000), many = plan_many(16000);
  if (many > 32 * few) fail_msg("16000 arrays take %.1f times as long as 1000", many / few);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_changes_nothing, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_shapes, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_fewer_threads, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_many, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
