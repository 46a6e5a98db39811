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
  if (event->kind == ZARRC_COPY_OTHER_FILE) strcat(strcat(arg, event->path), ";");
  return ZARRC_OK;
}

static void test_others(void **state) {
  (void)state;
  zarrc_array_close(copying_array(source, "g/a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  nodes_put(source, "g/README", "hello");
  nodes_put(source, "g/a/notes/1.txt", "world");
  for (int i = 0; i < 2; i++) {
    char heard[100] = "";
    zarrc_copier *copier;
    zarrc_error error;
    zarrc_copy_options options = {
        .mode = ZARRC_COPY_OVERWRITE, .other_files = i == 1, .event = hear, .event_arg = heard};
    assert_int_equal(copying_run(source, "g", target, "h", options, &copier, &error), ZARRC_OK);
    assert_string_equal(heard, "README;a/notes/1.txt;");
    assert_int_equal(zarrc_copier_report(copier)->nother_files, 2);
    zarrc_copier_close(copier);
    char *readme = nodes_get(target, "h/README"), *notes = nodes_get(target, "h/a/notes/1.txt");
    if (i == 0) assert_null(readme);
    if (i == 0) assert_null(notes);
    if (i == 1) assert_string_equal(readme, "hello");
    if (i == 1) assert_string_equal(notes, "world");
    free(readme);
    free(notes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_others, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
