/* SPDX-License-Identifier: MIT */
/* A store on S3, on a server of the test's own, as the state of each test. */
#ifndef ZARRC_TESTS_STORE_S3_STORE_H
#define ZARRC_TESTS_STORE_S3_STORE_H

#include "base/sha256.h"
#include "support/needs.h"
#include "support/s3_server.h"
#include "support/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct s3_fixture {
  zarrc_ctx *ctx;
  s3_server *server;
  zarrc_store *store; /* below the prefix "p" */
  char notices[512];
} s3_fixture;

static inline bool s3_can(void) {
  return ZARRC_HAVE_CURL && zarrc_sha256_is_there();
}

/* Skips the test that runs, with a word, unless what S3 needs was built in. */
static inline void needs_s3(void) {
  if (s3_can()) return;
  print_message("skipped: this build has no libcurl, or no libcrypto\n");
  skip();
}

static inline zarrc_store *s3_open(const s3_fixture *f, const char *prefix, const zarrc_s3_options *options) {
  zarrc_store *store;
  zarrc_error error;
  if (s3_server_open(f->server, f->ctx, prefix, false, options, &store, &error)) fail_msg("%s", SAID(error));
  return store;
}

static inline void s3_note(void *ud, const char *store, const char *path, const char *sentence) {
  char *out = ud;
  (void)store, (void)path;
  strncat(out, sentence, 511 - strlen(out));
}

static inline int s3_setup(void **state) {
  static s3_fixture f;
  memset(&f, 0, sizeof f);
  *state = &f;
  zarrc_ctx_options options = {.notice = s3_note, .notice_ud = f.notices};
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
  setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  if (zarrc_ctx_open(&options, &f.ctx, NULL)) return 1;
  f.server = s3_server_start(f.ctx);
  if (s3_can()) f.store = s3_open(&f, "p", NULL);
  return 0;
}

static inline int s3_teardown(void **state) {
  s3_fixture *f = *state;
  if (f->store) zarrc_store_close(f->store);
  s3_server_stop(f->server);
  zarrc_ctx_close(f->ctx);
  return 0;
}

static inline void s3_set(zarrc_store *store, const char *key, const char *text) {
  zarrc_error error;
  if (zarrc_store_set(store, key, text, strlen(text), &error)) fail_msg("%s", SAID(error));
}

static inline void s3_expect(zarrc_store *store, const char *key, const char *text) {
  zarrc_bytes got = {0};
  zarrc_error error;
  zarrc_status status = zarrc_store_get(store, key, 1 << 20, &got, &error);
  if (!text) {
    assert_int_equal(status, ZARRC_NOT_FOUND);
    return;
  }
  if (status) fail_msg("%s", SAID(error));
  assert_int_equal(got.len, strlen(text));
  assert_memory_equal(got.ptr, text, got.len);
  zarrc_bytes_release(&got);
}

#define S3_TEST(fn) cmocka_unit_test_setup_teardown(fn, s3_setup, s3_teardown)

#endif
