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

/* Chunks of an array with a codec that nobody knows are moved as they are. */
static void test_unknown(void **state) {
  char *document = nodes_document("codecs", "[{\"name\": \"bytes\"}, {\"name\": \"nobody.knows\"}]", NULL);
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  nodes_put(source, "g/a/zarr.json", document);
  nodes_put(source, "g/a/c/0/1", "whatever");
  nodes_put(source, "g/a/c/1/0", "it is");
  free(document);
  zarrc_copy_options options = {.check = true};
  assert_int_equal(copying_run(source, "g/a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_true(zarrc_copier_array(copier, 0)->encoded);
  assert_int_equal(zarrc_copier_report(copier)->written_nobjects, 2);
  zarrc_copier_close(copier);
  char *one = nodes_get(target, "b/c/0/1"), *two = nodes_get(target, "b/c/1/0");
  assert_string_equal(one, "whatever");
  assert_string_equal(two, "it is");
  free(one);
  free(two);
  options.codecs = "gzip(1)";
  assert_int_equal(copying_plan(source, "g/a", target, "c", options, &copier, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(error.message, "can only be copied with its own chunks, codecs and keys"));
  zarrc_copier_close(copier);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_unknown, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
