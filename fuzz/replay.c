/* SPDX-License-Identifier: MIT */
/* A main for fuzz targets without a fuzzing engine: gives each file that is named, or lies in a named directory, to the
 * target. Each input is a block of exactly its size, so that sanitizers see reads beyond it. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, size_t nbytes) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(nbytes ? nbytes : 1);
  int ok = file && data && fread(data, 1, nbytes, file) == nbytes;
  if (ok) {
    LLVMFuzzerTestOneInput(data, nbytes);
  } else {
    fprintf(stderr, "%s: cannot be read\n", path);
  }
  free(data);
  if (file) fclose(file);
  return ok ? 1 : -1;
}

/* Number of inputs, or -1. */
static int replay(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) {
    perror(path);
    return -1;
  }
  if (!S_ISDIR(status.st_mode)) return replay_file(path, (size_t)status.st_size);

  struct dirent **entries;
  int n = scandir(path, &entries, NULL, alphasort), count = 0;
  if (n < 0) {
    perror(path);
    return -1;
  }
  for (int i = 0; i < n; i++) {
    char inner[4096];
    if (count >= 0 && entries[i]->d_name[0] != '.') {
      int fits = snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name) < (int)sizeof inner;
      int got = fits ? replay(inner) : -1;
      count = got < 0 ? -1 : count + got;
    }
    free(entries[i]);
  }
  free(entries);
  return count;
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; i++) {
    int got = replay(argv[i]);
    if (got < 0) return 1;
    count += got;
  }
  printf("%d inputs replayed\n", count);
  return count > 0 ? 0 : 1;
}
