/* SPDX-License-Identifier: MIT */
/*
 * The lock of a directory during comparing and renaming. flock of the directory itself is fast and leaves nothing
 * behind. Where it fails (NFS requires a descriptor that is open for writing) a file is created in the directory and
 * locked instead. Both exclude threads as well as processes, because each lock has a descriptor of its own.
 *
 * The holder removes the lock file before unlocking it. Whoever then gets the lock of a removed file tries again.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME ".lock.0.0000000000000000.tmp" /* has the form of a temporary file, so it is no key */

/* Locks the open file rather than the process; works on NFS. */
static int lock_file(int fd) {
#ifdef F_OFD_SETLKW
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int failed;
  do failed = fcntl(fd, F_OFD_SETLKW, &whole);
  while (failed && errno == EINTR);
  return failed;
#else
  int failed;
  do failed = flock(fd, LOCK_EX);
  while (failed && errno == EINTR);
  return failed;
#endif
}

static bool is_in_place(int dir, int fd) {
  struct stat mine, there;
  return !fstat(fd, &mine) && !fstatat(dir, LOCK_NAME, &there, AT_SYMLINK_NOFOLLOW) && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

bool zarrc_file_lock(int dir, zarrc_file_lock_held *lock) {
  int failed;
  *lock = (zarrc_file_lock_held){.dir = dir, .file = -1};
  do failed = flock(dir, LOCK_EX);
  while (failed && errno == EINTR);
  if (!failed) return true;
  for (;;) {
    const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
    int fd = openat(dir, LOCK_NAME, flags);
    bool made = fd < 0 && errno == ENOENT;
    if (made) fd = openat(dir, LOCK_NAME, flags | O_CREAT | O_EXCL, 0666);
    if (fd < 0 && (errno == EINTR || (made && errno == EEXIST))) continue;
    if (fd >= 0 && !lock_file(fd)) {
      if (is_in_place(dir, fd)) {
        lock->file = fd;
        return true;
      }
      close(fd);
      continue;
    }
    int os_error = errno;
    lock->dir = -1;
    if (fd >= 0 && made) unlinkat(dir, LOCK_NAME, 0);
    if (fd >= 0) close(fd);
    errno = os_error;
    return false;
  }
}

/* Closing the directory would not be enough: a process forked meanwhile may have the same descriptor. A lock file is
 * removed, so such a process does not keep anybody out. */
void zarrc_file_unlock(zarrc_file_lock_held *lock) {
  if (lock->file >= 0) {
    unlinkat(lock->dir, LOCK_NAME, 0);
    close(lock->file);
  } else if (lock->dir >= 0) {
    flock(lock->dir, LOCK_UN);
  }
}
