/* SPDX-License-Identifier: MIT */
/* A store over HTTP on a server of the test's own, as the state of each test. */
#ifndef ZARRC_TESTS_STORE_HTTP_STORE_H
#define ZARRC_TESTS_STORE_HTTP_STORE_H

#include "support/http_server.h"
#include "support/needs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

enum { HTTP_TOTAL = 1000 };

typedef struct http_fixture {
  zarrc_ctx *ctx;
  http_server *server;
  zarrc_store *store;
  uint8_t bytes[HTTP_TOTAL]; /* of the value "f" */
  char url[128];
} http_fixture;

static inline zarrc_store *http_open(const http_fixture *f, const zarrc_http_options *options) {
  zarrc_http_options quick = {.struct_size = sizeof quick};
  zarrc_store *store;
  zarrc_error error;
  if (options) quick = *options;
  if (!quick.backoff_ms) quick.backoff_ms = 1;
  if (zarrc_http_store_open(f->ctx, f->url, &quick, &store, &error)) fail_msg("%s", error.message);
  return store;
}

static inline zarrc_http_counts http_counts(zarrc_store *store) {
  zarrc_http_counts counts = {.struct_size = sizeof counts};
  assert_int_equal(zarrc_http_store_count(store, &counts, NULL), ZARRC_OK);
  return counts;
}

static inline int http_setup(void **state) {
  static http_fixture f;
  memset(&f, 0, sizeof f);
  *state = &f;
  if (zarrc_ctx_open(NULL, &f.ctx, NULL)) return 1;
  f.server = http_server_start();
  for (size_t i = 0; i < HTTP_TOTAL; i++) f.bytes[i] = (uint8_t)(i * 7 + i / 256);
  http_server_put(f.server, "/a/f", f.bytes, HTTP_TOTAL, "\"one\"");
  http_server_url(f.server, "a", f.url, sizeof f.url);
  if (ZARRC_HAVE_CURL) f.store = http_open(&f, NULL);
  return 0;
}

static inline int http_teardown(void **state) {
  http_fixture *f = *state;
  if (f->store) zarrc_store_close(f->store);
  http_server_stop(f->server);
  zarrc_ctx_close(f->ctx);
  return 0;
}

/* Fetches a range of a value. */
static inline zarrc_status http_get(zarrc_store *store, const char *key, zarrc_range *range, zarrc_error *error) {
  zarrc_key_blob blob;
  assert_int_equal(zarrc_key_blob_open(&blob, store, key, error), ZARRC_OK);
  zarrc_request request = {.blob = blob.blob, .ranges = range, .n = 1, .error = error};
  zarrc_status status = zarrc_store_fetch(store, &request, 1, error);
  zarrc_key_blob_close(&blob);
  return status ? status : request.status;
}

#endif
