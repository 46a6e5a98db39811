/* SPDX-License-Identifier: MIT */
/* A store that is damaged and verified, for the tests of zarrc_verify. */
#ifndef ZARRC_TESTS_TOOLS_VERIFYING_H
#define ZARRC_TESTS_TOOLS_VERIFYING_H

#include "support/copying.h"
#include "support/nodes.h"

#include <stdio.h>
#include <string.h>

static zarrc_ctx *ctx;
static zarrc_store *store; /* in memory */
static char said[20000];   /* what was found: severity, key, chunk and inner chunk, a line each */
static zarrc_verify_report report;

static inline int open_store(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL);
}

static inline int close_store(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

static inline zarrc_status say(void *arg, const zarrc_finding *f, zarrc_error *error) {
  size_t n = strlen(said);
  (void)arg, (void)error;
  assert_true(f->severity == ZARRC_NOTE || f->status != ZARRC_OK);
  snprintf(said + n, sizeof said - n, "%s %s%s%s%s%s\n", f->severity == ZARRC_FAULT ? "fault" : "note", f->key,
           f->chunk ? " " : "", f->chunk ? f->chunk : "", f->inner ? "/" : "", f->inner ? f->inner : "");
  return ZARRC_OK;
}

/* Verifies what is at a path; the store is read-only meanwhile. */
static inline zarrc_status verify(const char *path, bool deep, const char *after, zarrc_error *error) {
  const zarrc_verify_options options = {.struct_size = sizeof options, .deep = deep, .after = after, .finding = say};
  *said = 0;
  report = (zarrc_verify_report){.struct_size = sizeof report};
  store->read_only = true;
  zarrc_status status = zarrc_verify(store, path, &options, &report, error);
  store->read_only = false;
  return status;
}

/* The same, which finds exactly this. */
static inline void finds(const char *path, bool deep, const char *expected) {
  assert_int_equal(verify(path, deep, NULL, NULL), ZARRC_OK);
  assert_string_equal(said, expected);
}

/* Turns one bit of a value round. */
static inline void flip(const char *key, size_t at) {
  zarrc_bytes value;
  uint8_t copy[1000];
  assert_int_equal(zarrc_store_get(store, key, sizeof copy, &value, NULL), ZARRC_OK);
  size_t n = value.len;
  memcpy(copy, value.ptr, n);
  zarrc_bytes_release(&value);
  assert_true(at < n);
  copy[at] ^= 1;
  assert_int_equal(zarrc_store_set(store, key, copy, n, NULL), ZARRC_OK);
}

#endif
