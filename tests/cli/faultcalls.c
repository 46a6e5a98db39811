/* SPDX-License-Identifier: MIT */
/*
 * A library that is loaded in front of the C library's: it counts the calls that change files, in all threads, and at
 * the one that ZARRC_FAULT_AT numbers (from 1) it ends the process or fails with the errno in ZARRC_FAULT_ERRNO; with
 * ZARRC_FAULT_ON, so do all after it. ZARRC_FAULT_COUNT: a file into which the number of calls is written at the end.
 * ZARRC_FAULT_NO_EXCHANGE: two directories cannot change places.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static long number(const char *name) {
  const char *text = getenv(name);
  return text != NULL ? atol(text) : 0;
}

/* Whether this call fails; errno is set. */
static bool hit(void) {
  long n = atomic_fetch_add(&calls, 1) + 1, at = number("ZARRC_FAULT_AT");
  if (at == 0 || (number("ZARRC_FAULT_ON") != 0 ? n < at : n != at)) return false;
  if (number("ZARRC_FAULT_ERRNO") == 0) raise(SIGKILL);
  errno = (int)number("ZARRC_FAULT_ERRNO");
  return true;
}

#define NEXT(fn, name)                                                                                                 \
  do {                                                                                                                 \
    void *next_ = dlsym(RTLD_NEXT, name);                                                                              \
    if (next_ == NULL) abort();                                                                                        \
    memcpy(&fn, &next_, sizeof fn);                                                                                    \
  } while (0)

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("ZARRC_FAULT_COUNT");
  FILE *f = path != NULL ? fopen(path, "w") : NULL;
  if (f == NULL) return;
  fprintf(f, "%ld", atomic_load(&calls));
  fclose(f);
}

int openat(int dir, const char *path, int flags, ...) {
  int (*next)(int, const char *, int, ...);
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
  va_end(args);
  NEXT(next, "openat");
  return flags & O_CREAT && hit() ? -1 : next(dir, path, flags, mode);
}

ssize_t writev(int fd, const struct iovec *iov, int n) {
  ssize_t (*next)(int, const struct iovec *, int);
  NEXT(next, "writev");
  return hit() ? -1 : next(fd, iov, n);
}

int ftruncate(int fd, off_t size) {
  int (*next)(int, off_t);
  NEXT(next, "ftruncate");
  return hit() ? -1 : next(fd, size);
}

int mkdirat(int dir, const char *path, mode_t mode) {
  int (*next)(int, const char *, mode_t);
  NEXT(next, "mkdirat");
  return hit() ? -1 : next(dir, path, mode);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  int (*next)(int, const char *, int, const char *);
  NEXT(next, "renameat");
  return hit() ? -1 : next(from_dir, from, to_dir, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  int (*next)(int, const char *, int, const char *, unsigned);
  NEXT(next, "renameat2");
  if (hit()) return -1;
  if (flags != 0 && number("ZARRC_FAULT_NO_EXCHANGE") != 0) {
    errno = EINVAL;
    return -1;
  }
  return next(from_dir, from, to_dir, to, flags);
}

int unlinkat(int dir, const char *path, int flags) {
  int (*next)(int, const char *, int);
  NEXT(next, "unlinkat");
  return hit() ? -1 : next(dir, path, flags);
}
