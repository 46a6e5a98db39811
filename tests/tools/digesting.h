/* SPDX-License-Identifier: MIT */
/* Digests in memory, for tests. */
#ifndef ZARRC_TESTS_TOOLS_DIGESTING_H
#define ZARRC_TESTS_TOOLS_DIGESTING_H

#include "tools/verifying.h"

static char digest[20000];
static size_t ndigest;
static zarrc_digest_report digested;

static inline zarrc_status keep(void *arg, const char *text, size_t n, zarrc_error *error) {
  (void)arg, (void)error;
  assert_true(ndigest + n < sizeof digest);
  memcpy(digest + ndigest, text, n);
  ndigest += n;
  digest[ndigest] = 0;
  return ZARRC_OK;
}

static inline zarrc_status take_digest(const char *path, bool values, zarrc_error *error) {
  const zarrc_digest_options options = {.struct_size = sizeof options, .values = values};
  ndigest = 0;
  digested = (zarrc_digest_report){.struct_size = sizeof digested};
  return zarrc_digest(store, path, &options, keep, NULL, &digested, error);
}

/* Compares with the digest that was taken last. */
static inline zarrc_status compare(const char *path, zarrc_error *error) {
  const zarrc_verify_options options = {
      .struct_size = sizeof options, .digest = digest, .ndigest = ndigest, .finding = say};
  *said = 0;
  report = (zarrc_verify_report){.struct_size = sizeof report};
  store->read_only = true;
  zarrc_status status = zarrc_verify(store, path, &options, &report, error);
  store->read_only = false;
  return status;
}

#endif
