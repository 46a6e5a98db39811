/* SPDX-License-Identifier: MIT */
/*
 * Temporary files: values that do not have their final names yet. A killed writer leaves one behind. Unless it is
 * locked, or the process whose number is in its name is running, it is removed by the next writer in that directory
 * (which looks once for each store) and by listings through stores that are not read-only.
 */
#include "base/hash.h"
#include "store/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 64 };

static uint64_t random_number(const void *address) {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) == (ssize_t)sizeof random) return random;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return ((uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)address) * 0x9e3779b97f4a7c15u;
}

void zarrc_file_temp_name(char out[ZARRC_TEMP_NAME], const char *name) {
  int n = (int)strnlen(name, 96);
  while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80) /* do not split a character */
    n--;
  snprintf(out, ZARRC_TEMP_NAME, ".%.*s.%ld.%016llx.tmp", n, name, (long)getpid(),
           (unsigned long long)random_number(out));
}

/* Checks the name from its end: ".tmp", 16 hexadecimal digits, ".", digits, "." and the beginning of the key's name. */
bool zarrc_file_is_temp(const char *name) {
  if (zarrc_file_is_stage(name)) return true;
  size_t n = strlen(name);
  if (n < 24 || name[0] != '.' || strcmp(name + n - 4, ".tmp") != 0) return false;
  const char *at = name + n - 4;
  for (int i = 0; i < 16; i++)
    if (!strchr("0123456789abcdef", *--at)) return false;
  if (*--at != '.') return false;
  const char *end = at;
  while (at > name && at[-1] >= '0' && at[-1] <= '9') at--;
  return at < end && at - 1 > name && at[-1] == '.';
}

void zarrc_file_temp_hold(int fd) {
  flock(fd, LOCK_EX | LOCK_NB); /* if this fails the process number must do */
}

int zarrc_file_temp_create(int dir, const char *name, int access, int *direct, char temp[ZARRC_TEMP_NAME]) {
  int fd = -1, tries = 0;
  do {
    zarrc_file_temp_name(temp, name);
    fd = openat(dir, temp, access | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | *direct, 0666);
    if (fd < 0 && errno == EINVAL && *direct) { /* O_DIRECT was refused, but the file has been created */
      unlinkat(dir, temp, 0);
      *direct = 0;
      errno = EINTR;
    }
  } while (fd < 0 && (errno == EINTR || (errno == EEXIST && ++tries < TRIES)));
  if (fd >= 0) zarrc_file_temp_hold(fd);
  return fd;
}

static bool is_running(const char *name) {
  const char *number = name + strlen(name) - 4 - 16 - 1; /* the point after it */
  while (number[-1] != '.') number--;
  long pid = strtol(number, NULL, 10);
  return pid <= 0 || pid > INT_MAX || !kill((pid_t)pid, 0) || errno != ESRCH;
}

/* Opens and locks a temporary file whose writer is gone; -1: there is none, or it is in use. */
static int open_left(int dir, const char *name) {
  if (zarrc_file_is_stage(name) || is_running(name)) return -1; /* stages are directories, with their own lock */
  int fd = zarrc_file_open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB)) return fd;
  zarrc_file_close(fd);
  return -1;
}

bool zarrc_file_temp_is_left(int dir, const char *name, uint64_t *nbytes) {
  struct stat st;
  int fd = open_left(dir, name);
  if (fd < 0) return false;
  bool is_file = !fstat(fd, &st) && S_ISREG(st.st_mode);
  if (is_file) *nbytes = (uint64_t)st.st_size;
  zarrc_file_close(fd);
  return is_file;
}

bool zarrc_file_temp_remove(int dir, const char *name) {
  int fd = open_left(dir, name);
  if (fd < 0) return false;
  bool gone = !unlinkat(dir, name, 0);
  zarrc_file_close(fd);
  return gone;
}

/* Returns a hash of the directory of a key, which is never 0. */
static uint64_t hash_of(const char *key, size_t n) {
  return zarrc_hash(ZARRC_HASH_EMPTY, key, n) | 1u << 31;
}

void zarrc_file_temp_sweep(zarrc_file_store *fs, int dir, const char *key) {
  const char *slash = strrchr(key, '/');
  uint64_t hash = hash_of(key, slash ? (size_t)(slash - key) : 0);
  uint32_t none = 0;
  if (!atomic_compare_exchange_strong(&fs->swept[hash % ZARRC_FILE_SWEPT], &none, (uint32_t)hash)) return;
  int fd = zarrc_file_open(dir, ".", O_RDONLY | O_DIRECTORY);
  DIR *entries = fd < 0 ? NULL : fdopendir(fd);
  const struct dirent *e;
  while (entries && (e = readdir(entries)))
    if (zarrc_file_is_temp(e->d_name)) zarrc_file_temp_remove(dir, e->d_name);
  if (entries)
    closedir(entries);
  else if (fd >= 0)
    close(fd);
}

bool zarrc_file_is_stage(const char *name) {
  size_t n = strlen(name), m = strlen(ZARRC_STAGE_SUFFIX);
  return n >= m && name[0] == '.' && !strcmp(name + n - m, ZARRC_STAGE_SUFFIX);
}
