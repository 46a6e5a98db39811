/* SPDX-License-Identifier: MIT */
#include "support/files.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool done, const char *what) {
  if (done) return;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  abort();
}

char *path_in(const char *directory, const char *name) {
  size_t n = strlen(directory) + strlen(name) + 2;
  char *path = malloc(n);
  must(path != NULL, name);
  snprintf(path, n, "%s/%s", directory, name);
  return path;
}

uint8_t *file_read(const char *path, size_t *nbytes) {
  struct stat st;
  FILE *f = fopen(path, "rb");
  must(f && fstat(fileno(f), &st) == 0, path);
  size_t n = (size_t)st.st_size;
  uint8_t *bytes = malloc(n);
  must(bytes || n == 0, path);
  must(n == 0 || fread(bytes, 1, n, f) == n, path);
  fclose(f);
  *nbytes = n;
  return bytes;
}

uint8_t *data_read(const char *name, size_t *nbytes) {
  char *path = path_in(ZARRC_TEST_DATA, name);
  uint8_t *bytes = file_read(path, nbytes);
  free(path);
  return bytes;
}

bool file_exists(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0;
}

void file_write(const char *path, const void *bytes, size_t nbytes) {
  char *above = strdup(path);
  must(above != NULL, path);
  for (char *slash = above; (slash = strchr(slash + 1, '/'));) {
    *slash = 0;
    must(mkdir(above, 0777) == 0 || errno == EEXIST, above);
    *slash = '/';
  }
  free(above);
  FILE *f = fopen(path, "wb");
  must(f && (nbytes == 0 || fwrite(bytes, 1, nbytes, f) == nbytes) && fclose(f) == 0, path);
}

void file_write_text(const char *path, const char *text) {
  file_write(path, text, strlen(text));
}

char *tree_make(void) {
  const char *base = getenv("TMPDIR");
  char *path = path_in(base && base[0] ? base : "/tmp", "zarrc-test-XXXXXX");
  must(mkdtemp(path) != NULL, path);
  return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

void tree_remove(char *path) {
  if (!path) return;
  must(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, path);
  free(path);
}
