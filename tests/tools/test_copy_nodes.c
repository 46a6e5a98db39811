/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/nodes.h"
#include "tools/two_stores.h"

#include <stdlib.h>
#include <string.h>

static zarrc_status hear(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  (void)error;
  if (event->kind == ZARRC_COPY_CONSOLIDATED) strcat(strcat(arg, event->path), ";");
  if (event->kind == ZARRC_COPY_STALE) strcat(strcat(strcat(arg, "stale "), event->path), ";");
  return ZARRC_OK;
}

static void test_consolidated(void **state) {
  char heard[100] = "";
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  nodes_put(source, "g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {\"a\": NaN}}");
  nodes_put(source, "g/h/zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": {\"kind\": \"inline\", "
            "\"must_understand\": false, \"metadata\": {}}, \"attributes\": {\"b\": 1}}");
  zarrc_copy_options options = {.event = hear, .event_arg = heard};
  assert_int_equal(copying_run(source, "g", target, "", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->nconsolidated, 1);
  assert_string_equal(heard, "h;");
  zarrc_copier_close(copier);
  char *root = nodes_get(target, "zarr.json"), *inner = nodes_get(target, "h/zarr.json");
  assert_non_null(strstr(root, "NaN"));
  assert_null(strstr(inner, "consolidated"));
  assert_non_null(strstr(inner, "\"b\": 1"));
  free(root);
  free(inner);
}

/* Those of format 2, in a document of their own, are told in the same way. */
static void test_consolidated_2(void **state) {
  char heard[100] = "";
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  nodes_put(source, "g/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(source, "g/h/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(source, "g/h/.zmetadata", "{\"zarr_consolidated_format\": 1, \"metadata\": {}}");
  zarrc_copy_options options = {.event = hear, .event_arg = heard, .zarr_format = 2};
  assert_int_equal(copying_run(source, "g", target, "", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->nconsolidated, 1);
  assert_string_equal(heard, "h;");
  zarrc_copier_close(copier);
  assert_int_equal(zarrc_store_get(target, "h/.zmetadata", 1000, &(zarrc_bytes){0}, &error), ZARRC_NOT_FOUND);
}

/* RESUME goes on only with what this copy would have made. */
static void test_otherwise(void **state) {
  static const char *const others[][2] = {
      {"g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {\"a\": 2}}"},
      {"g/a/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}"}};
  (void)state;
  nodes_put(source, "g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {\"a\": 1}}");
  zarrc_array_close(copying_array(source, "g/a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  for (size_t i = 0; i < 3; i++) {
    zarrc_copier *copier;
    zarrc_error error;
    zarrc_copy_options options = {0};
    assert_int_equal(zarrc_store_erase_prefix(target, "", NULL), ZARRC_OK);
    assert_int_equal(copying_run(source, "g", target, "g", options, &copier, &error), ZARRC_OK);
    zarrc_copier_close(copier);
    options.mode = ZARRC_COPY_RESUME;
    if (i < 2)
      nodes_put(target, others[i][0], others[i][1]);
    else
      options.codecs = "crc32c";
    assert_int_equal(copying_run(source, "g", target, "g", options, &copier, &error), ZARRC_CONFLICT);
    assert_int_equal(zarrc_copier_report(copier)->obstacle, ZARRC_COPY_OTHERWISE_THERE);
    assert_int_equal(zarrc_copier_report(copier)->side, ZARRC_COPY_TARGET);
    zarrc_copier_close(copier);
  }
}

/* Nodes whose own documents say something else than the consolidated metadata are told, once they are copied. */
static void test_stale(void **state) {
  static const char *const targets[] = {"w", "x", "y"};
  char heard[100] = "";
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  nodes_put(source, "g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  zarrc_array_close(copying_array(source, "g/a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  zarrc_array_close(copying_array(source, "g/b", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  nodes_put(source, "g/h/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  nodes_put(source, "g/i/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  assert_int_equal(zarrc_consolidate(source, "g", false, &error), ZARRC_OK);
  zarrc_copy_options options = {.event = hear, .event_arg = heard};
  for (int stale = 0; stale < 3; stale++) {
    *heard = 0;
    assert_int_equal(copying_run(source, "g", target, targets[stale], options, &copier, &error), ZARRC_OK);
    const zarrc_copy_report *report = zarrc_copier_report(copier);
    assert_int_equal(report->nstale, stale);
    if (stale) assert_string_equal(report->first_stale, "b");
    assert_string_equal(heard, stale == 0 ? ";" : stale == 1 ? ";stale b;" : ";stale b;stale h;");
    zarrc_copier_close(copier);
    if (stale == 1) { /* a document that cannot be read is another one, too; one that is not there says nothing */
      nodes_put(source, "g/h/zarr.json", "{");
      assert_int_equal(zarrc_store_erase(source, "g/i/zarr.json", NULL), ZARRC_OK);
    }
    if (stale) continue;
    char *text = nodes_get(source, "g/b/zarr.json");
    *strchr(strstr(text, "\"shape\""), '9') = '7';
    nodes_put(source, "g/b/zarr.json", text);
    free(text);
  }
  nodes_put(source, "g/h/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  options.no_consolidated = true;
  assert_int_equal(copying_run(source, "g", target, "z", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->nstale, 0);
  zarrc_copier_close(copier);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_consolidated, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_consolidated_2, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_stale, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_otherwise, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
