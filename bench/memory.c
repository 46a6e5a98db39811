/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

void *bench_pages(size_t nbytes) {
  void *p = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return NULL;
#if defined(MADV_HUGEPAGE)
  madvise(p, nbytes, MADV_HUGEPAGE);
#endif
  return p;
}

void bench_pages_free(void *p, size_t nbytes) {
  if (p != NULL) munmap(p, nbytes);
}

/* Reads up to the first element of a .npy file: false unless its elements are little-endian and in C order. */
static bool skip_npy_header(FILE *file) {
  uint8_t start[12];
  char header[4096] = "";
  size_t n;
  if (fread(start, 1, 10, file) != 10 || memcmp(start, "\x93NUMPY", 6) != 0) return false;
  n = (size_t)start[8] | (size_t)start[9] << 8;
  if (start[6] > 1) { /* the length has four bytes since version 2 */
    if (fread(start + 10, 1, 2, file) != 2) return false;
    n |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
  }
  if (n >= sizeof header || fread(header, 1, n, file) != n) return false;
  return strstr(header, "'fortran_order': False") != NULL && strstr(header, "'descr': '>") == NULL;
}

uint8_t *bench_read_npy(const char *path, uint64_t *nbytes) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = NULL;
  struct stat s;
  if (file == NULL) return NULL;
  if (skip_npy_header(file) && fstat(fileno(file), &s) == 0) {
    *nbytes = (uint64_t)(s.st_size - ftell(file));
    if (*nbytes > 0) data = bench_pages((size_t)*nbytes);
  }
  if (data != NULL && fread(data, 1, (size_t)*nbytes, file) != *nbytes) {
    bench_pages_free(data, (size_t)*nbytes);
    data = NULL;
  }
  fclose(file);
  return data;
}
