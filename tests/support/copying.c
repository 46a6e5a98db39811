/* SPDX-License-Identifier: MIT */
#include "support/copying.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void ok(zarrc_status status, const zarrc_error *error) {
  if (status) fail_msg("%s: %s", zarrc_status_name(status), error->message);
}

zarrc_array *copying_array(zarrc_store *store, const char *path, int ndim, const int64_t *shape, const int64_t *chunks,
                           const int64_t *shards, const char *codecs) {
  zarrc_array_config config = {.struct_size = sizeof config,
                               .data_type = "int32",
                               .ndim = ndim,
                               .shape = shape,
                               .chunk_shape = chunks,
                               .shard_shape = shards,
                               .codecs = codecs ? codecs
                                                : "[{\"name\": \"bytes\", \"configuration\": {\"endian\": "
                                                  "\"little\"}}]"};
  zarrc_array *array;
  zarrc_error error;
  size_t n = 1;
  ok(zarrc_array_create(store, path, &config, ZARRC_CREATE_NEW, NULL, &array, &error), &error);
  for (int i = 0; i < ndim; i++) n *= (size_t)shape[i];
  int32_t *values = malloc(n * sizeof *values + 1);
  assert_non_null(values);
  for (size_t i = 0; i < n; i++) values[i] = (int32_t)i + 1;
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), ndim, shape, values);
  ok(zarrc_array_write(array, NULL, &view, &error), &error);
  free(values);
  return array;
}

zarrc_status copying_plan(zarrc_store *source, const char *from, zarrc_store *target, const char *to,
                          zarrc_copy_options options, zarrc_copier **out, zarrc_error *why) {
  options.struct_size = sizeof options;
  ok(zarrc_copier_open(source, from, target, to, &options, out, why), why);
  return zarrc_copier_plan(*out, why);
}

zarrc_status copying_run(zarrc_store *source, const char *from, zarrc_store *target, const char *to,
                         zarrc_copy_options options, zarrc_copier **out, zarrc_error *why) {
  zarrc_status status = copying_plan(source, from, target, to, options, out, why);
  return status ? status : zarrc_copier_run(*out, why);
}

static int32_t *read_all(zarrc_store *store, const char *path, size_t *n, int *ndim, int64_t *shape) {
  zarrc_array *array;
  zarrc_error error;
  ok(zarrc_array_open(store, path, NULL, &array, &error), &error);
  *ndim = zarrc_array_ndim(array);
  *n = 1;
  for (int i = 0; i < *ndim; i++) *n *= (size_t)(shape[i] = zarrc_array_shape(array)[i]);
  int32_t *values = malloc(*n * sizeof *values + 1);
  assert_non_null(values);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), *ndim, shape, values);
  ok(zarrc_array_read(array, NULL, &view, &error), &error);
  zarrc_array_close(array);
  return values;
}

void copying_same(zarrc_store *a, const char *path_a, zarrc_store *b, const char *path_b) {
  size_t n, m;
  int ndim, other;
  int64_t shape[ZARRC_MAX_NDIM], others[ZARRC_MAX_NDIM];
  int32_t *x = read_all(a, path_a, &n, &ndim, shape), *y = read_all(b, path_b, &m, &other, others);
  assert_int_equal(ndim, other);
  assert_memory_equal(shape, others, sizeof *shape * (size_t)ndim);
  assert_memory_equal(x, y, n * sizeof *x);
  free(x);
  free(y);
}
