/* SPDX-License-Identifier: MIT */
/* The archives of tests/data/zip. */
#ifndef ZARRC_TESTS_STORE_ZIP_ARCHIVES_H
#define ZARRC_TESTS_STORE_ZIP_ARCHIVES_H

#include "support/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void zip_archive_fn(const char *name, const char *expected, uint8_t *bytes, size_t nbytes);

/* Calls fn for each archive, with what reading its member "c/0" gives. bytes is a malloc of the exact size. */
static inline size_t zip_archives_each(zip_archive_fn *fn) {
  char name[100], expected[40], path[200];
  size_t nlines, nbytes, count = 0;
  uint8_t *lines = data_read("zip/expected.txt", &nlines);
  for (size_t at = 0; at < nlines; at += strcspn((char *)lines + at, "\n") + 1, count++) {
    sscanf((char *)lines + at, "%99s %39s", name, expected);
    snprintf(path, sizeof path, "zip/%s.zip", name);
    uint8_t *bytes = data_read(path, &nbytes);
    fn(name, expected, bytes, nbytes);
    free(bytes);
  }
  free(lines);
  return count;
}

#endif
