/* SPDX-License-Identifier: MIT */
/* Nodes that are created on S3: the requests that this takes, and what is refused nevertheless. */
#include "store/s3_store.h"

#include <stdio.h>
#include <zarrc/array.h>

enum { NCHUNKS = 256, CHUNK = 16384 };

#define GROUP_3 "{\"zarr_format\": 3, \"node_type\": \"group\"}"

static zarrc_status create(zarrc_store *store, const char *path, int format, zarrc_create_mode mode, zarrc_array **out,
                           zarrc_error *error) {
  int64_t shape[] = {NCHUNKS, CHUNK}, chunk[] = {1, CHUNK};
  zarrc_array_config config = {.data_type = "uint16", .ndim = 2, .shape = shape, .chunk_shape = chunk};
  zarrc_array_options options = {.struct_size = sizeof options, .zarr_format = format};
  return zarrc_array_create(store, path, &config, mode, &options, out, error);
}

/* Creates an array and writes all of its chunks. Returns the number of requests that are no PUT. */
static unsigned count_others(s3_fixture *f, const char *path, int format, zarrc_create_mode mode, unsigned nputs) {
  zarrc_array *array;
  zarrc_error error;
  unsigned before = f->server->http->nrequests, puts_before = f->server->nputs;
  uint16_t *data = malloc((size_t)NCHUNKS * CHUNK * sizeof *data);
  for (size_t i = 0; i < (size_t)NCHUNKS * CHUNK; i++) data[i] = (uint16_t)(i + 1);
  if (create(f->store, path, format, mode, &array, &error)) fail_msg("%s", SAID(error));
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, zarrc_array_shape(array), data);
  if (zarrc_array_write(array, NULL, &view, &error)) fail_msg("%s", SAID(error));
  zarrc_array_close(array);
  free(data);
  unsigned puts = f->server->nputs - puts_before;
  assert_int_equal(puts, nputs);
  return f->server->http->nrequests - before - puts;
}

/* A new array of 256 chunks is 257 PUTs; a listing tells that nothing is there, and the document is looked at once,
 * when all is written. */
static void test_requests(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  assert_int_equal(count_others(f, "", 3, ZARRC_CREATE_NEW, NCHUNKS + 1), 2);
  assert_int_equal(f->server->nlists, 1);
}

static void test_requests_of_format_2(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  assert_int_equal(count_others(f, "", 2, ZARRC_CREATE_NEW, NCHUNKS + 1), 2);
}

static void test_requests_of_overwriting(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  assert_int_equal(count_others(f, "", 3, ZARRC_CREATE_OVERWRITE, NCHUNKS + 1), 2);
}

/* Each group above is read before, as nothing may lie below an array, and after, as it may have consolidated metadata.
 */
static void test_requests_below_groups(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  s3_set(f->store, "zarr.json", GROUP_3);
  s3_set(f->store, "g/zarr.json", GROUP_3);
  assert_int_equal(count_others(f, "g/a", 3, ZARRC_CREATE_NEW, NCHUNKS + 1), 2 + 2 * 2);
}

static void refuse(s3_fixture *f, const char *path) {
  zarrc_array *array;
  zarrc_error error;
  for (int format = 3; format >= 2; format--) {
    assert_int_equal(create(f->store, path, format, ZARRC_CREATE_NEW, &array, &error), ZARRC_CONFLICT);
    assert_non_null(strstr(SAID(error), "there is an array or a group already"));
  }
}

/* What is there is refused, of either format, and beside other keys. */
static void test_refused(void **state) {
  static const char *const names[] = {"zarr.json", ".zarray", ".zgroup"};
  static const char *const texts[] = {GROUP_3, "{\"zarr_format\": 2}", "{\"zarr_format\": 2}"};
  s3_fixture *f = *state;
  char key[64];
  needs_s3();
  f->server->ignores_conditions = true;
  for (int i = 0; i < 3; i++) {
    snprintf(key, sizeof key, "n%d/%s", i, names[i]);
    s3_set(f->store, key, texts[i]);
    snprintf(key, sizeof key, "n%d", i);
    refuse(f, key);
    snprintf(key, sizeof key, "n%d/!", i); /* a key that comes before the document in the listing */
    s3_set(f->store, key, "x");
    snprintf(key, sizeof key, "n%d", i);
    refuse(f, key);
  }
}

/* A chunk that lies there without an array is no obstacle. */
static void test_beside(void **state) {
  s3_fixture *f = *state;
  zarrc_array *array;
  zarrc_error error;
  needs_s3();
  s3_set(f->store, "a/c/0/0", "x");
  if (create(f->store, "a", 3, ZARRC_CREATE_NEW, &array, &error)) fail_msg("%s", SAID(error));
  zarrc_array_close(array);
}

/* Stores an array's document after the listing has told that there is none. */
static void overtake(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  zarrc_store *store = arg;
  (void)reply;
  if (!strstr(asked->target, "list-type")) return;
  server->change = NULL;
  pthread_mutex_unlock(&server->http->lock);
  s3_set(store, "zarr.json", GROUP_3);
  pthread_mutex_lock(&server->http->lock);
}

/* Who was faster is not overwritten: the document is created on the condition that there is none. */
static void test_overtaken(void **state) {
  s3_fixture *f = *state;
  zarrc_array *array;
  zarrc_error error;
  needs_s3();
  zarrc_store *other = s3_open(f, "p", NULL);
  f->server->change = overtake;
  f->server->arg = other;
  assert_int_equal(create(f->store, "", 3, ZARRC_CREATE_NEW, &array, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(SAID(error), "there is an array or a group already"));
  s3_expect(f->store, "zarr.json", GROUP_3);
  zarrc_store_close(other);
}

/* An array that somebody else has put in the place of the one that was just created is found at the end of a write. */
static void test_replaced(void **state) {
  s3_fixture *f = *state;
  zarrc_array *array;
  zarrc_error error;
  uint16_t data[CHUNK] = {1};
  zarrc_region first = {.count = {1, CHUNK}, .step = {1, 1}};
  needs_s3();
  if (create(f->store, "", 3, ZARRC_CREATE_NEW, &array, &error)) fail_msg("%s", SAID(error));
  s3_set(f->store, "zarr.json", GROUP_3);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 2, first.count, data);
  assert_int_equal(zarrc_array_write(array, &first, &view, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(SAID(error), "open it again"));
  zarrc_array_close(array);
}

/* Without the right to list, the documents are asked for one by one. */
static void refuse_lists(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)server;
  if (strstr(asked->target, "list-type")) *reply = (http_reply){.status = 403, .body = ""};
}

static void test_without_lists(void **state) {
  s3_fixture *f = *state;
  zarrc_array *array;
  zarrc_error error;
  needs_s3();
  f->server->change = refuse_lists;
  if (create(f->store, "a", 3, ZARRC_CREATE_NEW, &array, &error)) fail_msg("%s", SAID(error));
  zarrc_array_close(array);
  assert_int_equal(create(f->store, "a", 3, ZARRC_CREATE_NEW, &array, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(SAID(error), "there is an array or a group already"));
}

int main(void) {
  const struct CMUnitTest tests[] = {S3_TEST(test_requests),
                                     S3_TEST(test_requests_of_format_2),
                                     S3_TEST(test_requests_of_overwriting),
                                     S3_TEST(test_requests_below_groups),
                                     S3_TEST(test_refused),
                                     S3_TEST(test_beside),
                                     S3_TEST(test_overtaken),
                                     S3_TEST(test_replaced),
                                     S3_TEST(test_without_lists)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
