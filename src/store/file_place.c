/* SPDX-License-Identifier: MIT */
/* The place of a prefix: the directory that contains its directory, and its name there. */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINKS = 40 };

static int open_dir(int dir, const char *path) {
  int fd;
  do fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/* Creates missing directories of a path, except its last component. Returns 0, or -1 and errno. */
static int make_above(int base, const char *path) {
  char above[PATH_MAX];
  if (strlen(path) >= sizeof above) {
    errno = ENAMETOOLONG;
    return -1;
  }
  for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    memcpy(above, path, (size_t)(slash - path));
    above[slash - path] = '\0';
    if (mkdirat(base, above, 0777) && errno != EEXIST) return -1;
  }
  return 0;
}

/* Opens the directory of the last component of a path, and copies that component to place->name. */
static int open_holder(int base, const char *path, zarrc_file_place *place) {
  char above[PATH_MAX];
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  size_t start = n;
  while (start > 0 && path[start - 1] != '/') start--;
  if (n - start > NAME_MAX || start >= sizeof above) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(place->name, path + start, n - start);
  place->name[n - start] = '\0';
  memcpy(above, path, start);
  snprintf(above + start, sizeof above - start, ".");
  return place->holder = open_dir(base, above);
}

/* Follows symbolic links from the place. */
static int follow_links(zarrc_file_place *place) {
  char text[PATH_MAX];
  struct stat st;
  for (int i = 0; !fstatat(place->holder, place->name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode); i++) {
    ssize_t n = readlinkat(place->holder, place->name, text, sizeof text - 1);
    int from = place->holder;
    if (n <= 0 || i == MAX_LINKS) {
      errno = i == MAX_LINKS ? ELOOP : EIO;
      return -1;
    }
    text[n] = '\0';
    int failed = open_holder(from, text, place) < 0, os_error = errno;
    close(from);
    errno = os_error;
    if (failed) return -1;
  }
  return 0;
}

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_mount(int holder, const char *name, const struct stat *st) {
  struct stat above;
  if (!fstat(holder, &above) && above.st_dev != st->st_dev) return true;
#ifdef STATX_ATTR_MOUNT_ROOT
  struct statx more; /* also recognizes directories of the same file system that are mounted again */
  if (!statx(holder, name, 0, 0, &more)) return (more.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
#endif
  return false;
}

/* Returns whether files can be created in a directory but not beside it. */
static bool is_alone(int holder, const char *name) {
  return faccessat(holder, ".", W_OK | X_OK, AT_EACCESS) && !faccessat(holder, name, W_OK | X_OK, AT_EACCESS);
}

/* A directory that cannot be renamed (a mount point, the working directory, "..", or one in a directory without write
 * permission) contains its own stage. */
static int look_inside(zarrc_file_place *place) {
  struct stat st, other;
  bool has_name = place->name[0] && strcmp(place->name, ".") != 0 && strcmp(place->name, "..") != 0;
  if (fstatat(place->holder, has_name ? place->name : ".", &st, 0)) return errno == ENOENT ? 0 : -1;
  if (!S_ISDIR(st.st_mode)) {
    errno = ENOTDIR;
    return -1;
  }
  place->inside = !has_name || (!stat(".", &other) && is_same(&st, &other)) ||
                  is_mount(place->holder, place->name, &st) || is_alone(place->holder, place->name);
  if (!place->inside) return 0;
  int dir = open_dir(place->holder, !place->name[0] ? "." : place->name);
  if (dir < 0) return -1;
  close(place->holder);
  place->holder = dir;
  place->name[0] = '\0';
  return 0;
}

/* Checks that a prefix that is a link may be followed when reading. */
static int check_link(zarrc_file_store *fs, const char *prefix) {
  int fd = zarrc_file_open_below(fs, prefix, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  close(fd);
  return 0;
}

static int open_place(zarrc_file_store *fs, const char *prefix, bool make, zarrc_file_place *place) {
  zarrc_file_made made = {0};
  const char *name;
  if (!*prefix) {
    int base = fs->start >= 0 ? fs->start : AT_FDCWD;
    if (make && make_above(base, fs->path)) return -1;
    return open_holder(base, fs->path, place);
  }
  place->holder = zarrc_file_open_parent(fs, prefix, make ? &made : NULL, &name);
  if (place->holder < 0) return -1;
  if (strlen(name) > NAME_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(place->name, name, strlen(name) + 1);
  return check_link(fs, prefix);
}

int zarrc_file_place_open(zarrc_file_store *fs, const char *prefix, bool make, zarrc_file_place *place) {
  *place = (zarrc_file_place){.holder = -1};
  int failed = open_place(fs, prefix, make, place) < 0 || follow_links(place) || look_inside(place);
  if (!failed) return 0;
  int os_error = errno;
  zarrc_file_place_close(place);
  errno = os_error;
  return -1;
}

void zarrc_file_place_close(zarrc_file_place *place) {
  if (place->holder >= 0) close(place->holder);
  place->holder = -1;
}
