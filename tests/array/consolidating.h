/* SPDX-License-Identifier: MIT */
/* Nodes in the store of array/memory_store.h, and how their consolidated metadata differ from their documents. */
#ifndef ZARRC_TESTS_ARRAY_CONSOLIDATING_H
#define ZARRC_TESTS_ARRAY_CONSOLIDATING_H

#include "array/memory_store.h"
#include "support/said.h"

#include <stdio.h>
#include <string.h>

static inline zarrc_status differ(void *arg, const char *path, zarrc_consolidated_difference difference,
                                  zarrc_error *error) {
  char *text = arg;
  (void)error;
  sprintf(text + strlen(text), "%s%s ",
          difference == ZARRC_ONLY_CONSOLIDATED  ? "-"
          : difference == ZARRC_NOT_CONSOLIDATED ? "+"
                                                 : "~",
          path);
  return ZARRC_OK;
}

/* expected: for each node a sign (- only consolidated, + not, ~ other documents), its path and a blank. */
static inline void expect_differences(const char *path, const char *expected) {
  char text[1000] = "";
  zarrc_error error = {0};
  if (zarrc_consolidated_compare(store, path, differ, text, &error)) fail_msg("%s", SAID(error));
  assert_string_equal(text, expected);
}

static inline void make_group(const char *path, const char *attributes) {
  zarrc_group *group = NULL;
  assert_int_equal(zarrc_group_create(store, path, attributes, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
}

static inline zarrc_array *make_array(const char *path, zarrc_create_mode mode) {
  const int64_t shape[] = {5};
  const zarrc_array_config config = {.struct_size = sizeof config, .data_type = "int32", .ndim = 1, .shape = shape};
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  if (zarrc_array_create(store, path, &config, mode, NULL, &array, &error)) fail_msg("%s", SAID(error));
  return array;
}

#endif
