/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/transfer.h"
#include "support/nodes.h"
#include "support/said.h"

#include <stdlib.h>
#include <string.h>

typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
  zarrc_transfer t;
  atomic_bool missing;
} fixture;

/* 4 x 6 int32; on axis 1 chunks of 4 and of 2. */
static int setup(void **state) {
  static fixture f;
  char *document = nodes_document("chunk_grid",
                                  "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", "
                                  "\"chunk_shapes\": [2, [4, 2]]}}",
                                  NULL);
  zarrc_array_options options = {.missing_is_error = true};
  zarrc_status status = zarrc_ctx_open(NULL, &f.ctx, NULL);
  if (!status) status = zarrc_memory_store_open(f.ctx, &f.store, NULL);
  if (!status)
    status =
        zarrc_array_create_json(f.store, "a", document, strlen(document), ZARRC_CREATE_NEW, &options, &f.array, NULL);
  free(document);
  f.t = (zarrc_transfer){.array = f.array, .m = f.array->fixed, .missing = &f.missing};
  *state = &f;
  return status != ZARRC_OK;
}

static int teardown(void **state) {
  fixture *f = *state;
  zarrc_array_close(f->array);
  zarrc_store_close(f->store);
  zarrc_ctx_close(f->ctx);
  return 0;
}

static void checks_memory(void **state) {
  fixture *f = *state;
  zarrc_dtype int32 = zarrc_dtype_of(ZARRC_INT32), int16 = zarrc_dtype_of(ZARRC_INT16);
  const struct {
    const zarrc_dtype *dtype;
    int ndim;
    int64_t shape[2];
    const char *message;
  } rows[] = {
      {&int32, 2, {4, 5}, NULL},
      {&int32, 1, {4}, "memory of 1 dimensions, the thing has 2"},
      {&int32, 2, {4, 6}, "axis 1: memory for 6 elements, the thing has 5"},
      {&int16, 2, {4, 5}, "another data type"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_view view = zarrc_view_c(rows[i].dtype, rows[i].ndim, rows[i].shape, NULL);
    zarrc_transfer t = f->t;
    zarrc_error error = {0};
    t.view = &view;
    assert_int_equal(zarrc_transfer_begin(&t, 2, (int64_t[]){4, 5}, "thing", &error),
                     rows[i].message ? ZARRC_INVALID_ARGUMENT : ZARRC_OK);
    if (rows[i].message) assert_non_null(strstr(SAID(error), rows[i].message));
  }
  zarrc_view view = zarrc_view_c(&int32, 0, NULL, NULL);
  zarrc_transfer t = f->t;
  t.view = &view;
  t.write = true;
  assert_int_equal(zarrc_transfer_begin(&t, 0, NULL, "thing", NULL), ZARRC_OK);
  f->store->read_only = true;
  assert_int_equal(zarrc_transfer_begin(&t, 0, NULL, "thing", NULL), ZARRC_INVALID_ARGUMENT);
  f->store->read_only = false;
}

typedef struct seen {
  int ncalls;
  bool missing;
  zarrc_status status;
} seen;

static zarrc_status look(void *arg, zarrc_visit *visit, zarrc_error *error) {
  seen *s = arg;
  const zarrc_spec *spec = zarrc_pipeline_spec(visit->pipeline);
  s->ncalls++;
  assert_int_equal(visit->shape[0], 2);
  assert_int_equal(visit->shape[1], visit->chunk[1] ? 2 : 4);
  assert_memory_equal(visit->shape, spec->shape, 2 * sizeof *visit->shape);
  assert_int_equal(zarrc_blob_read_all(visit->blob, 100, &(zarrc_bytes){0}, NULL), ZARRC_NOT_FOUND);
  visit->missing = s->missing;
  return s->status ? zarrc_fail(error, s->status, "on purpose") : ZARRC_OK;
}

static void visits_chunks(void **state) {
  fixture *f = *state;
  zarrc_error error = {0};
  seen s = {0};
  for (int64_t i = 0; i < 4; i++)
    assert_int_equal(zarrc_transfer_visit(&f->t, f->store, (int64_t[]){i / 2, i % 2}, look, &s, &error), ZARRC_OK);
  assert_int_equal(s.ncalls, 4);
  s.missing = true;
  assert_int_equal(zarrc_transfer_visit(&f->t, f->store, (int64_t[]){1, 0}, look, &s, &error), ZARRC_NOT_FOUND);
  assert_string_equal(SAID(error), "a/c/1/0: chunk 1,0: the chunk is missing");
  assert_string_equal(error.chunk, "1,0");
  assert_string_equal(error.key, "a/c/1/0");
  s.status = ZARRC_CORRUPT;
  assert_int_equal(zarrc_transfer_visit(&f->t, f->store, (int64_t[]){0, 1}, look, &s, &error), ZARRC_CORRUPT);
  assert_string_equal(SAID(error), "a/c/0/1: chunk 0,1: on purpose");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(checks_memory), cmocka_unit_test(visits_chunks)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
