/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail when told to. A test program that includes this file, in one place, has its own openat, close,
 * writev, ... in front of the C library's, so that whatever is linked into it calls those. They count, and obey
 * `faultio`; armed, they belong to the thread that armed them.
 */
#ifndef ZARRC_TESTS_FAULTIO_H
#define ZARRC_TESTS_FAULTIO_H

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Calls by name, bits. */
enum {
  FAULTIO_OPEN = 1,
  FAULTIO_CLOSE = 2,
  FAULTIO_READ = 4,
  FAULTIO_WRITE = 8,
  FAULTIO_RENAME = 16,
  FAULTIO_SYNC = 32,
  FAULTIO_STAT = 64,
  FAULTIO_MKDIR = 128,
  FAULTIO_UNLINK = 256,
  FAULTIO_FLOCK = 512,
  FAULTIO_READDIR = 1024,
  FAULTIO_COPY = 2048,
  FAULTIO_ALL = 4095
};

static _Thread_local struct {
  bool armed;
  unsigned which; /* the calls that count */
  unsigned at;    /* the call to fail, counted from 1; 0: none */
  bool forever;   /* and every one after it */
  int error;      /* errno of it; or FAULTIO_KILL: the process ends there */
  bool is_short;  /* reads and writes move 1 byte, 2 bytes, 3 bytes, 1 byte, ... */
  bool no_types;  /* readdir does not say what an entry is */
  unsigned eintr; /* every n-th call answers EINTR first; 0: none */
  unsigned calls, failed;
  bool skip_eintr;
  char log[4096]; /* names of the calls that counted */
} faultio;

enum { FAULTIO_KILL = -1 };

static inline void faultio_arm(unsigned which, unsigned at, int error, bool forever) {
  memset(&faultio, 0, sizeof faultio);
  faultio.which = which;
  faultio.at = at;
  faultio.error = error;
  faultio.forever = forever;
  faultio.armed = true;
}

/* Whether the call is to fail; errno is set. */
static inline bool faultio_hit(unsigned which, const char *name) {
  if (!faultio.armed || !(faultio.which & which)) return false;
  if (faultio.eintr &&
      which & (FAULTIO_OPEN | FAULTIO_READ | FAULTIO_WRITE | FAULTIO_SYNC | FAULTIO_FLOCK | FAULTIO_COPY)) {
    faultio.skip_eintr = !faultio.skip_eintr;
    if (faultio.skip_eintr) {
      errno = EINTR;
      return true;
    }
  }
  faultio.calls++;
  if (strlen(faultio.log) + strlen(name) + 2 < sizeof faultio.log) strcat(strcat(faultio.log, name), " ");
  if (!faultio.at || (faultio.forever ? faultio.calls < faultio.at : faultio.calls != faultio.at)) return false;
  faultio.failed++;
  if (faultio.error == FAULTIO_KILL) raise(SIGKILL);
  errno = faultio.error;
  return true;
}

/* Returns what the program would call without this file: a sanitizer's function where there is one, because a thread
 * sanitizer that does not see a close takes the next user of that descriptor for a race, and otherwise the C library's
 * own; never NULL. Where off_t and time_t are wider than the system's own there, callers mean a function of another
 * name. */
static inline void *faultio_next(const char *name) {
  static const char *const forms[] = {"%s", "%s64", "__%s64_time64"};
  char interceptor[60];
  snprintf(interceptor, sizeof interceptor, "__interceptor_%s", name);
  void *next = dlsym(RTLD_DEFAULT, interceptor);
  for (int i = sizeof(off_t) == sizeof(long) ? 0 : sizeof(time_t) == sizeof(long) ? 1 : 2; !next && i >= 0; i--) {
    char text[40];
    snprintf(text, sizeof text, forms[i], name);
    next = dlsym(RTLD_NEXT, text);
  }
  if (!next) abort();
  return next;
}

#define FAULTIO_NEXT(fn, name)                                                                                         \
  do {                                                                                                                 \
    void *next_ = faultio_next(name);                                                                                  \
    memcpy(&fn, &next_, sizeof fn);                                                                                    \
  } while (0)

int openat(int dir, const char *path, int flags, ...) {
  int (*next)(int, const char *, int, ...);
  va_list args;
  va_start(args, flags);
  mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
  va_end(args);
  FAULTIO_NEXT(next, "openat");
  return faultio_hit(FAULTIO_OPEN, flags & O_CREAT ? "create" : "open") ? -1 : next(dir, path, flags, mode);
}

/* What headers of the C library make of a call without a mode, if it is compiled with _FORTIFY_SOURCE. */
int faultio_openat_2(int dir, const char *path, int flags) __asm__("__openat_2");
int faultio_openat64_2(int dir, const char *path, int flags) __asm__("__openat64_2");

int faultio_openat_2(int dir, const char *path, int flags) {
  return openat(dir, path, flags, (mode_t)0);
}
int faultio_openat64_2(int dir, const char *path, int flags) {
  return openat(dir, path, flags, (mode_t)0);
}

/* Only openat2 is called this way. */
long syscall(long number, ...) {
#ifdef SYS_openat2
  long (*next)(long, ...), a[4];
  if (number == SYS_openat2) {
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 4; i++) a[i] = va_arg(args, long);
    va_end(args);
    FAULTIO_NEXT(next, "syscall");
    return faultio_hit(FAULTIO_OPEN, "open") ? -1 : next(number, a[0], a[1], a[2], a[3]);
  }
#endif
  fprintf(stderr, "faultio: system call %ld\n", number);
  abort();
}

/* A failed close has closed, as on Linux. */
int close(int fd) {
  int (*next)(int);
  FAULTIO_NEXT(next, "close");
  bool hit = faultio_hit(FAULTIO_CLOSE, "close");
  int error = errno, failed = next(fd);
  if (hit) errno = error;
  return hit ? -1 : failed;
}

static inline int faultio_cut(struct iovec cut[4], const struct iovec *iov, int n) {
  if (!faultio.armed || !faultio.is_short || n < 1) return 0;
  size_t left = 1 + faultio.calls % 3;
  int pieces = 0;
  for (int i = 0; i < n && left > 0 && pieces < 4; i++) {
    size_t take = iov[i].iov_len < left ? iov[i].iov_len : left;
    cut[pieces++] = (struct iovec){iov[i].iov_base, take};
    left -= take;
  }
  return pieces;
}

ssize_t writev(int fd, const struct iovec *iov, int n) {
  ssize_t (*next)(int, const struct iovec *, int);
  struct iovec cut[4];
  FAULTIO_NEXT(next, "writev");
  if (faultio_hit(FAULTIO_WRITE, "write")) return -1;
  int pieces = faultio_cut(cut, iov, n);
  return pieces ? next(fd, cut, pieces) : next(fd, iov, n);
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t offset) {
  ssize_t (*next)(int, const struct iovec *, int, off_t);
  struct iovec cut[4];
  FAULTIO_NEXT(next, "preadv");
  if (faultio_hit(FAULTIO_READ, "read")) return -1;
  int pieces = faultio_cut(cut, iov, n);
  return pieces ? next(fd, cut, pieces, offset) : next(fd, iov, n, offset);
}

/* Only ranges from an offset to where the file is being written are copied this way. */
ssize_t copy_file_range(int from, off64_t *offset, int to, off64_t *to_offset, size_t nbytes, unsigned flags) {
  ssize_t (*next)(int, off64_t *, int, off64_t *, size_t, unsigned);
  FAULTIO_NEXT(next, "copy_file_range");
  if (faultio_hit(FAULTIO_COPY, "copy")) return -1;
  if (faultio.armed && faultio.is_short && nbytes > 3) nbytes = 1 + faultio.calls % 3;
  return next(from, offset, to, to_offset, nbytes, flags);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  int (*next)(int, const char *, int, const char *);
  FAULTIO_NEXT(next, "renameat");
  return faultio_hit(FAULTIO_RENAME, "rename") ? -1 : next(from_dir, from, to_dir, to);
}

/* Nothing is synced: tests cannot see it, and disks are slow. */
int fsync(int fd) {
  (void)fd;
  return faultio_hit(FAULTIO_SYNC, "fsync") ? -1 : 0;
}

int fdatasync(int fd) {
  (void)fd;
  return faultio_hit(FAULTIO_SYNC, "fdatasync") ? -1 : 0;
}

int fstat(int fd, struct stat *st) {
  int (*next)(int, struct stat *);
  FAULTIO_NEXT(next, "fstat");
  return faultio_hit(FAULTIO_STAT, "stat") ? -1 : next(fd, st);
}

int fstatat(int dir, const char *path, struct stat *st, int flags) {
  int (*next)(int, const char *, struct stat *, int);
  FAULTIO_NEXT(next, "fstatat");
  return faultio_hit(FAULTIO_STAT, "stat") ? -1 : next(dir, path, st, flags);
}

int mkdirat(int dir, const char *path, mode_t mode) {
  int (*next)(int, const char *, mode_t);
  FAULTIO_NEXT(next, "mkdirat");
  return faultio_hit(FAULTIO_MKDIR, "mkdir") ? -1 : next(dir, path, mode);
}

int unlinkat(int dir, const char *path, int flags) {
  int (*next)(int, const char *, int);
  FAULTIO_NEXT(next, "unlinkat");
  return faultio_hit(FAULTIO_UNLINK, "unlink") ? -1 : next(dir, path, flags);
}

int flock(int fd, int operation) {
  int (*next)(int, int);
  FAULTIO_NEXT(next, "flock");
  return faultio_hit(FAULTIO_FLOCK, operation == LOCK_UN ? "unlock" : "lock") ? -1 : next(fd, operation);
}

struct dirent *readdir(DIR *dir) {
  struct dirent *(*next)(DIR *);
  FAULTIO_NEXT(next, "readdir");
  if (faultio_hit(FAULTIO_READDIR, "readdir")) return NULL;
  struct dirent *e = next(dir);
  if (e && faultio.armed && faultio.no_types) e->d_type = DT_UNKNOWN;
  return e;
}

#endif
