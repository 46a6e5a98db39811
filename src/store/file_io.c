/* SPDX-License-Identifier: MIT */
/* System calls on open files and directories, which continue after an interruption, and their errors. */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *words_of(int os_error, char *buf, size_t n) {
  if (os_error == EXDEV) return "a symbolic link leads out of the store";
  if (os_error == ESTALE) return "it was removed, or moved, while it was in use";
#ifdef __GLIBC__
  return strerror_r(os_error, buf, n);
#else
  return strerror_r(os_error, buf, n) ? "unknown error" : buf;
#endif
}

zarrc_status zarrc_file_fail(zarrc_error *error, int os_error, const char *format, ...) {
  char what[300], words[120];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  zarrc_status status = zarrc_status_of_errno(os_error);
  zarrc_fail(error, status, "%s: %s", what, words_of(os_error, words, sizeof words));
  if (error) error->os_error = os_error;
  return status;
}

int zarrc_file_open(int dir, const char *path, int flags) {
  int fd;
  do fd = openat(dir, path, flags | O_CLOEXEC | O_NOCTTY);
  while (fd < 0 && errno == EINTR);
  return fd;
}

void zarrc_file_close(int fd) {
  int saved = errno;
  close(fd);
  errno = saved;
}

int zarrc_file_sync_dir(int dir) {
  int failed;
  do failed = fsync(dir);
  while (failed && errno == EINTR);
  return failed && (errno == EINVAL || errno == ENOTSUP) ? 0 : failed;
}

int zarrc_file_make_dir(const zarrc_file_store *fs, int dir, const char *name) {
  if (mkdirat(dir, name, 0777)) return -1;
  if (fs->sync == ZARRC_SYNC_NONE) return 0;
  int fd = zarrc_file_open(dir, ".", O_RDONLY | O_DIRECTORY);
  int failed = fd < 0 || zarrc_file_sync_dir(fd);
  if (fd >= 0) zarrc_file_close(fd);
  return failed ? -1 : 0;
}

bool zarrc_file_advance(struct iovec **iov, int *n, size_t nbytes) {
  while (*n > 0 && (*iov)->iov_len <= nbytes) {
    nbytes -= (*iov)->iov_len;
    *iov += 1;
    *n -= 1;
  }
  if (nbytes > 0) {
    (*iov)->iov_base = (char *)(*iov)->iov_base + nbytes;
    (*iov)->iov_len -= nbytes;
  }
  return *n > 0;
}

zarrc_status zarrc_file_cut_off(uint64_t nbytes, zarrc_error *error) {
  zarrc_fail(error, ZARRC_TRUNCATED, "the file was cut to %llu bytes while it was read", (unsigned long long)nbytes);
  if (error) error->offset = (int64_t)nbytes;
  return ZARRC_TRUNCATED;
}

zarrc_status zarrc_file_read_pieces(int fd, struct iovec *iov, int n, uint64_t offset, zarrc_error *error) {
  while (zarrc_file_advance(&iov, &n, 0)) {
    ssize_t got = preadv(fd, iov, n, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return zarrc_file_fail(error, errno, "cannot read at byte %llu", (unsigned long long)offset);
    if (got == 0) return zarrc_file_cut_off(offset, error);
    offset += (uint64_t)got;
    zarrc_file_advance(&iov, &n, (size_t)got);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_file_write_pieces(int fd, struct iovec *iov, int n, zarrc_error *error) {
  while (zarrc_file_advance(&iov, &n, 0)) {
    ssize_t put = writev(fd, iov, n);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return zarrc_file_fail(error, put < 0 ? errno : EIO, "cannot write");
    zarrc_file_advance(&iov, &n, (size_t)put);
  }
  return ZARRC_OK;
}

void zarrc_file_forget(zarrc_file_blob *blob) {
  if (blob->seen.fd > 0) close(blob->seen.fd - 1);
  blob->seen = (zarrc_file_seen){0};
}
