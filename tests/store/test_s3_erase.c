/* SPDX-License-Identifier: MIT */
#include "store/s3_store.h"

#include "store/s3_write.h"

#include <stdio.h>

enum { NKEYS = 300 };

static void put_keys(const s3_fixture *f) {
  char key[32];
  for (int i = 0; i < NKEYS; i++) {
    snprintf(key, sizeof key, i % 100 ? "a/c/%d x" : "a/%d/zarr.json", i);
    s3_set(f->store, key, "");
  }
  s3_set(f->store, "ab", "stays");
}

/* What is below a prefix goes, and nothing else: documents first, many at once. */
static void prefix(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  zarrc_error error;
  put_keys(f);
  http_server_begin(f->server->http);
  f->server->nlists = f->server->ndeletes = 0;
  if (zarrc_store_erase_prefix(f->store, "nothing", &error)) fail_msg("%s", SAID(error));
  assert_int_equal(f->server->ndeletes, 0);
  if (zarrc_store_erase_prefix(f->store, "a", &error)) fail_msg("%s", SAID(error));
  assert_int_equal(f->server->ndeletes, NKEYS);
  assert_int_equal(s3_server_nkeys(f->server), 1);
  assert_true(f->server->http->most_open > 8);
  unsigned n = 0;
  for (unsigned i = 0; i < f->server->http->nrequests && n < 3; i++) {
    const http_asked *asked = &f->server->http->log[i];
    if (strcmp(asked->method, "DELETE") != 0) continue;
    assert_non_null(strstr(asked->target, "zarr.json"));
    n++;
  }
  s3_expect(f->store, "ab", "stays");
}

static void refuse_one(void *arg, s3_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)server;
  if (strcmp(asked->method, "DELETE") != 0 || !strstr(asked->target, "c/150%20x")) return;
  *reply = (http_reply){.status = 403, .body = "no", .nbytes = 2, .claimed = 2};
}

/* A key that cannot be erased is named. */
static void refused(void **state) {
  s3_fixture *f = *state;
  needs_s3();
  zarrc_error error;
  put_keys(f);
  f->server->change = refuse_one;
  assert_int_equal(zarrc_store_erase_prefix(f->store, "a", &error), ZARRC_ACCESS);
  assert_string_equal(error.key, "a/c/150 x");
  zarrc_store *reader;
  assert_int_equal(s3_server_open(f->server, f->ctx, "p", true, NULL, &reader, &error), ZARRC_OK);
  assert_int_equal(zarrc_store_erase_prefix(reader, "a", &error), ZARRC_INVALID_ARGUMENT);
  zarrc_store_close(reader);
}

int main(void) {
  const struct CMUnitTest tests[] = {S3_TEST(prefix), S3_TEST(refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
