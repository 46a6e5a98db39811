/* SPDX-License-Identifier: MIT */
/* From a key to a file below the root, and never to one outside it. */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 64 }; /* for operations that other processes may disturb */

/* ----------------------------------------------------------------------------------------------------- opening */

/* What openat2 is to refuse: RESOLVE_NO_MAGICLINKS with RESOLVE_BENEATH or RESOLVE_NO_SYMLINKS of <linux/openat2.h>. */
enum { BENEATH = 0x02 | 0x08, WITHOUT_LINKS = 0x02 | 0x04 };

/* openat2 of Linux 5.6; -1 and ENOSYS if there is none. */
static int open_resolved(int dir, const char *path, int flags, int resolve) {
#ifdef SYS_openat2
  struct {
    uint64_t flags, mode, resolve;
  } how = {(uint64_t)(flags | O_CLOEXEC | O_NOCTTY), 0, (uint64_t)resolve};
  if (flags & O_PATH) how.flags &= ~(uint64_t)O_NOCTTY;
  long fd;
  int tries = 0;
  do /* EAGAIN: something was renamed while the ".." of a link was resolved */
    fd = syscall(SYS_openat2, (long)dir, path, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < TRIES)));
  return (int)fd;
#else
  (void)dir, (void)path, (void)flags, (void)resolve;
  errno = ENOSYS;
  return -1;
#endif
}

/* Resolves a path without openat2, component by component, none of which the system may follow. The target of a link is
 * put in front of the rest of the path. */
typedef struct steps {
  int root, dir;       /* dir is root, or a directory opened for these steps */
  char done[PATH_MAX]; /* path from root to dir, without links */
  char rest[PATH_MAX];
  int nlinks;
} steps;

enum { MAX_LINKS = 40 }; /* as in the kernel */

static void steps_move(steps *s, int dir) {
  if (s->dir >= 0 && s->dir != s->root) zarrc_file_close(s->dir);
  s->dir = dir;
}

static int fail_with(int os_error) {
  errno = os_error;
  return -1;
}

static int step_down(steps *s, const char *name) {
  size_t n = strlen(s->done);
  if (n + strlen(name) + 2 > sizeof s->done) return fail_with(ENAMETOOLONG);
  int fd = zarrc_file_open(s->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0) return -1;
  steps_move(s, fd);
  if (n) s->done[n++] = '/';
  memcpy(s->done + n, name, strlen(name) + 1);
  return 0;
}

/* Goes to the parent directory by walking down from the root again: ".." may have been moved. */
static int step_up(steps *s) {
  char way[PATH_MAX], *name = way;
  char *slash = strrchr(s->done, '/');
  if (!*s->done) return fail_with(EXDEV);
  snprintf(way, sizeof way, "%.*s", slash ? (int)(slash - s->done) : 0, s->done);
  steps_move(s, s->root);
  s->done[0] = '\0';
  while (*name) {
    size_t n = strcspn(name, "/");
    char *next = name + n + (name[n] == '/');
    name[n] = '\0';
    if (step_down(s, name)) return -1;
    name = next;
  }
  return 0;
}

/* Returns 1 if name is a link, and puts its target in front of the rest; 0: it is none. */
static int step_through_link(steps *s, const char *name) {
  char path[PATH_MAX];
  ssize_t got = readlinkat(s->dir, name, path, sizeof path);
  if (got < 0) return errno == EINVAL ? 0 : -1;
  size_t n = (size_t)got, rest = strlen(s->rest);
  if (++s->nlinks > MAX_LINKS) return fail_with(ELOOP);
  if (n > 0 && *path == '/') return fail_with(EXDEV);
  if (n + rest + 2 > sizeof path) return fail_with(ENAMETOOLONG);
  if (rest) path[n++] = '/';
  memcpy(path + n, s->rest, rest + 1);
  memcpy(s->rest, path, n + rest + 1);
  return 1;
}

/* Takes the first component of the rest; *last: nothing follows it, not even a slash. */
static int next_name(steps *s, char name[NAME_MAX + 1], bool *last) {
  size_t n = strcspn(s->rest, "/"), end = n + strspn(s->rest + n, "/");
  if (n > NAME_MAX) return fail_with(ENAMETOOLONG);
  memcpy(name, s->rest, n);
  name[n] = '\0';
  *last = !s->rest[n];
  memmove(s->rest, s->rest + end, strlen(s->rest + end) + 1);
  return 0;
}

static int open_stepwise(int root, const char *path, int flags) {
  steps s; /* not cleared: that costs more than a step */
  char name[NAME_MAX + 1];
  int fd = -1, failed = strlen(path) < sizeof s.rest ? 0 : fail_with(ENAMETOOLONG);
  bool last = false;
  s.root = s.dir = root;
  s.nlinks = 0;
  s.done[0] = s.rest[0] = '\0';
  if (!failed) memcpy(s.rest, path, strlen(path) + 1);
  while (!failed && *s.rest) {
    failed = next_name(&s, name, &last);
    if (failed || !*name || !strcmp(name, ".")) continue;
    if (!strcmp(name, "..")) {
      failed = step_up(&s);
      continue;
    }
    int is_link = step_through_link(&s, name);
    if (is_link) {
      failed = is_link < 0 ? -1 : 0;
    } else if (last) {
      fd = zarrc_file_open(s.dir, name, flags | O_NOFOLLOW);
      failed = fd < 0 ? -1 : 0;
    } else {
      failed = step_down(&s, name);
    }
  }
  if (!failed && fd < 0) fd = zarrc_file_open(s.dir, ".", flags);
  steps_move(&s, root);
  return fd;
}

static int open_under(zarrc_file_store *fs, int root, const char *path, int flags) {
  if (!*path) return zarrc_file_open(root, ".", flags);
  if (fs->follow_links) return zarrc_file_open(root, path, flags);
  if (!atomic_load_explicit(&fs->no_openat2, memory_order_relaxed)) {
    int fd = open_resolved(root, path, flags, BENEATH);
    /* Some sandboxes answer EPERM to system calls they do not know. */
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
    if (errno == ENOSYS) atomic_store_explicit(&fs->no_openat2, true, memory_order_relaxed);
  }
  return open_stepwise(root, path, flags);
}

bool zarrc_file_may_have_links(const zarrc_file_store *fs) {
  return fs->follow_links || atomic_load_explicit(&fs->has_links, memory_order_relaxed) ||
         atomic_load_explicit(&fs->no_openat2, memory_order_relaxed);
}

/* Opens by a path that begins with that of the root, which takes one system call; ELOOP: a link may be in the way. */
static int open_whole(zarrc_file_store *fs, const char *key, int flags) {
  char path[PATH_MAX];
  size_t n = strlen(fs->path), rest = strlen(key);
  if (zarrc_file_may_have_links(fs) || n + rest + 2 > sizeof path) return fail_with(ELOOP);
  memcpy(path, fs->path, n);
  path[n] = '/';
  memcpy(path + n + 1, key, rest + 1);
  int fd = open_resolved(*path == '/' ? AT_FDCWD : fs->start, path, flags, WITHOUT_LINKS);
  if (fd < 0 && errno == ELOOP) atomic_store_explicit(&fs->has_links, true, memory_order_relaxed);
  if (fd < 0 && errno == ENOSYS) atomic_store_explicit(&fs->no_openat2, true, memory_order_relaxed);
  return fd;
}

/* Returns whether what failed by the whole path may succeed, or fail for another reason, from the root. */
static bool is_open_question(int os_error) {
  return os_error == ELOOP || os_error == ENOENT || os_error == ENOTDIR || os_error == EAGAIN || os_error == ENOSYS ||
         os_error == EPERM;
}

int zarrc_file_open_from(zarrc_file_store *fs, const char *path, int flags, int *root) {
  int fd = open_whole(fs, path, flags);
  *root = -1;
  if (fd >= 0 || !is_open_question(errno)) return fd;
  for (int tries = 0;; tries++) {
    *root = zarrc_file_root_take(fs);
    if (*root < 0) return -1;
    fd = open_under(fs, *root, path, flags);
    if (fd >= 0 || errno != ENOENT || tries == TRIES || !zarrc_file_root_is_deleted(*root)) return fd;
    zarrc_file_root_drop(fs, *root);
  }
}

int zarrc_file_open_below(zarrc_file_store *fs, const char *path, int flags) {
  int root, fd = zarrc_file_open_from(fs, path, flags, &root);
  zarrc_file_root_drop(fs, root);
  return fd;
}

/* -------------------------------------------------------------------------------------------------- directories */

/* Creates the missing directories of a key. Each is looked up from the root, so that links are treated as usual. */
static int make_parents(zarrc_file_store *fs, const char *key, int *made) {
  char path[PATH_MAX];
  const char *name = key;
  for (const char *slash = strchr(key, '/'); slash; name = slash + 1, slash = strchr(name, '/')) {
    size_t n = (size_t)(slash - key), above = name > key ? (size_t)(name - key) - 1 : 0;
    if (n >= sizeof path) {
      errno = ENAMETOOLONG;
      return -1;
    }
    memcpy(path, key, n);
    path[n] = '\0';
    int fd = zarrc_file_open_below(fs, path, O_PATH | O_DIRECTORY);
    if (fd < 0) {
      if (errno != ENOENT) return -1;
      char kept = path[above];
      path[above] = '\0';
      int dir = zarrc_file_open_below(fs, path, O_PATH | O_DIRECTORY);
      if (dir < 0) return -1;
      path[above] = kept;
      int failed = zarrc_file_make_dir(fs, dir, path + (name - key));
      zarrc_file_close(dir);
      if (failed && errno != EEXIST) return -1;
      *made = failed ? 0 : *made + 1;
    } else {
      close(fd);
      *made = 0;
    }
  }
  return 0;
}

int zarrc_file_open_parent(zarrc_file_store *fs, const char *key, zarrc_file_made *made, const char **name) {
  char path[PATH_MAX];
  const char *slash = strrchr(key, '/');
  size_t n = slash ? (size_t)(slash - key) : 0;
  *name = slash ? slash + 1 : key;
  if (n >= sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(path, key, n);
  path[n] = '\0';
  for (int tries = 0;; tries++) { /* others may erase what has just been created */
    int fd = zarrc_file_open_below(fs, path, O_RDONLY | O_DIRECTORY);
    if (fd >= 0 || errno != ENOENT || !made || tries == TRIES) return fd;
    int root = zarrc_file_root_make(fs, &made->root);
    if (root < 0) return -1;
    zarrc_file_root_drop(fs, root);
    if (make_parents(fs, key, &made->below) && errno != ENOENT) return -1;
  }
}

void zarrc_file_unmake(zarrc_file_store *fs, const char *key, const zarrc_file_made *made) {
  char path[PATH_MAX];
  size_t n = strlen(key);
  if (n >= sizeof path) return;
  memcpy(path, key, n + 1);
  int root = made->below > 0 ? zarrc_file_root_take(fs) : -1;
  for (int i = 0; i < made->below && root >= 0; i++) {
    char *slash = strrchr(path, '/');
    if (!slash) break;
    *slash = '\0';
    if (unlinkat(root, path, AT_REMOVEDIR)) break;
  }
  zarrc_file_root_drop(fs, root);
  if (made->root > 0) atomic_store(&fs->unused, made->root);
}
