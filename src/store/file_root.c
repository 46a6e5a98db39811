/* SPDX-License-Identifier: MIT */
/*
 * The root directory of a file store. It is kept open, and keys are looked up from there. But while the store is open
 * the directory may be removed, or replaced by another one; then all keys would look like missing values. Therefore
 * each operation compares it with what the path names now (one stat), and if necessary opens that for itself. What
 * other threads use does not change. Values that are there are mostly opened by their whole path, without all this.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOT_HELD, BEING_HELD, HELD };

/* Returns the directory to which the path is relative. */
static int start_of(const zarrc_file_store *fs) {
  return *fs->path == '/' ? AT_FDCWD : fs->start;
}

/* Makes a directory the root that is kept open. If another thread does so too, it is for this operation only. */
static int hold(zarrc_file_store *fs, int fd) {
  struct stat st;
  int none = NOT_HELD;
  if (fd < 0) return -1;
  if (fstat(fd, &st)) {
    zarrc_file_close(fd);
    return -1;
  }
  if (atomic_compare_exchange_strong(&fs->holding, &none, BEING_HELD)) {
    fs->root = fd;
    fs->device = st.st_dev;
    fs->inode = st.st_ino;
    atomic_store(&fs->holding, HELD);
  }
  return fd;
}

int zarrc_file_root_take(zarrc_file_store *fs) {
  struct stat st;
  if (atomic_load(&fs->holding) != HELD) return hold(fs, zarrc_file_open(start_of(fs), fs->path, O_PATH | O_DIRECTORY));
  int failed = fstatat(start_of(fs), fs->path, &st, 0);
  if (!failed && st.st_nlink > 0) {
    if (st.st_ino == fs->inode && st.st_dev == fs->device) return fs->root;
    int fd = zarrc_file_open(start_of(fs), fs->path, O_PATH | O_DIRECTORY);
    if (fd >= 0) return fd;
    failed = -1;
  }
  if (!failed || errno == ENOENT || errno == ENOTDIR) errno = ESTALE;
  return -1;
}

void zarrc_file_root_drop(zarrc_file_store *fs, int root) {
  bool is_held = atomic_load(&fs->holding) == HELD && root == fs->root;
  if (root >= 0 && !is_held) zarrc_file_close(root);
}

bool zarrc_file_root_is_deleted(int root) {
  int os_error = errno;
  struct stat st;
  bool deleted = !fstat(root, &st) && st.st_nlink == 0;
  errno = os_error;
  return deleted;
}

/* Removes directories that were created in vain, as long as they are empty. */
static void remove_unused(const zarrc_file_store *fs) {
  char path[PATH_MAX];
  size_t n = strlen(fs->path);
  if (n >= sizeof path) return;
  memcpy(path, fs->path, n + 1);
  bool is_whole = atomic_load(&fs->holding) == HELD; /* otherwise the last ones may not have been created */
  for (int i = atomic_load(&fs->unused); i > 0 && n > 0;) {
    while (n > 1 && path[n - 1] == '/') path[--n] = '\0';
    if (!unlinkat(start_of(fs), path, AT_REMOVEDIR))
      i--;
    else if (errno != ENOENT || is_whole)
      break;
    while (n > 0 && path[n - 1] != '/') path[--n] = '\0';
  }
}

void zarrc_file_root_close(zarrc_file_store *fs) {
  if (atomic_load(&fs->holding) == HELD) close(fs->root);
  remove_unused(fs);
  if (fs->start >= 0) close(fs->start);
}

static int open_or_make(const zarrc_file_store *fs, int dir, const char *name, int *made) {
  int fd = zarrc_file_open(dir, name, O_PATH | O_DIRECTORY);
  if (fd >= 0) *made = 0;
  if (fd >= 0 || errno != ENOENT) return fd;
  int failed = zarrc_file_make_dir(fs, dir, name);
  if (failed && errno != EEXIST) return -1;
  *made = failed ? 0 : *made + 1;
  return zarrc_file_open(dir, name, O_PATH | O_DIRECTORY);
}

int zarrc_file_root_make(zarrc_file_store *fs, int *made) {
  char name[NAME_MAX + 1];
  const char *path = fs->path;
  int dir = zarrc_file_root_take(fs);
  if (dir >= 0 || errno != ENOENT || !fs->create) return dir;
  dir = zarrc_file_open(start_of(fs), *path == '/' ? "/" : ".", O_PATH | O_DIRECTORY);
  for (path += strspn(path, "/"); dir >= 0 && *path; path += strspn(path, "/")) {
    size_t n = strcspn(path, "/");
    int next = -1;
    if (n > NAME_MAX) {
      errno = ENAMETOOLONG;
    } else {
      memcpy(name, path, n);
      name[n] = '\0';
      next = open_or_make(fs, dir, name, made);
    }
    zarrc_file_close(dir);
    dir = next;
    path += n;
  }
  return hold(fs, dir);
}
