/* SPDX-License-Identifier: MIT */
/*
 * Listing keys, and erasing those below a prefix. Both use a stack of paths and have one directory open at a time. Keys
 * are regular files and links to them. Listings follow the same links as reading, but not those to a directory that
 * contains the link, so that circles end. Erasing follows none. Names that no key can have (not UTF-8) are skipped.
 */
#include "store/file.h"

#include "base/documents.h"
#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 64 };

typedef struct walk {
  zarrc_file_store *fs;
  zarrc_buf pending;                 /* paths of directories to visit, each with its NUL */
  char dir[PATH_MAX];                /* the directory being visited */
  char key[PATH_MAX + NAME_MAX + 2]; /* of one of its entries */
  bool deep, sizes, temporary;       /* temporary: list files of dead writers instead of keys */
  zarrc_list_fn fn;
  void *arg;
} walk;

static zarrc_status fail_at(const walk *w, const char *path, int os_error, const char *what, zarrc_error *error) {
  zarrc_status status = zarrc_file_fail(error, os_error, "%s", what);
  zarrc_error_in_key(error, &w->fs->store, path);
  return status;
}

static zarrc_status push_dir(walk *w, const char *path, zarrc_error *error) {
  size_t n = strlen(path) + 1;
  if (n > sizeof w->dir) return fail_at(w, path, ENAMETOOLONG, "cannot open the directory", error);
  return zarrc_buf_append(&w->pending, path, n, error);
}

/* Moves the topmost path to w->dir; false: there is none. */
static bool top_dir(walk *w) {
  if (w->pending.len == 0) return false;
  size_t at = w->pending.len - 1;
  while (at > 0 && w->pending.ptr[at - 1]) at--;
  memcpy(w->dir, w->pending.ptr + at, w->pending.len - at);
  return true;
}

static void pop_dir(walk *w) {
  do w->pending.len--;
  while (w->pending.len > 0 && w->pending.ptr[w->pending.len - 1]);
}

/* Opens a directory. *out = NULL: it does not exist (any more), or is no directory. */
static zarrc_status open_dir(walk *w, DIR **out, zarrc_error *error) {
  *out = NULL;
  int fd = zarrc_file_open_below(w->fs, w->dir, O_RDONLY | O_DIRECTORY);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return ZARRC_OK;
  if (fd >= 0 && !(*out = fdopendir(fd))) close(fd);
  return *out ? ZARRC_OK : fail_at(w, w->dir, errno, "cannot open the directory", error);
}

/* Returns the next entry except "." and ".."; NULL and errno 0: there are no more. */
static const struct dirent *next_entry(DIR *dir) {
  const struct dirent *e;
  do {
    errno = 0;
    e = readdir(dir);
  } while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
  return e;
}

static void set_key(walk *w, const char *name) {
  snprintf(w->key, sizeof w->key, "%s%s%s", w->dir, *w->dir ? "/" : "", name);
}

/* ----------------------------------------------------------------------------------------------------- listing */

static unsigned char type_of(mode_t mode) {
  return S_ISREG(mode) ? DT_REG : S_ISDIR(mode) ? DT_DIR : S_ISLNK(mode) ? DT_LNK : DT_UNKNOWN;
}

/* Returns whether a directory is the one being visited, or contains it. */
static bool is_above(walk *w, const struct stat *st) {
  char path[PATH_MAX];
  size_t n = strlen(w->dir);
  memcpy(path, w->dir, n + 1);
  for (;;) {
    struct stat above;
    int fd = zarrc_file_open_below(w->fs, path, O_PATH);
    bool same = fd >= 0 && !fstat(fd, &above) && above.st_ino == st->st_ino && above.st_dev == st->st_dev;
    if (fd >= 0) close(fd);
    if (same || n == 0) return same;
    while (n > 0 && path[n] != '/') n--;
    path[n] = '\0';
  }
}

/* Finds out what a link leads to. A link that cannot be followed counts as a key, because reading it fails; one to a
 * directory outside the store counts as a prefix, which cannot be listed. */
static zarrc_status list_link(walk *w, DIR *dir, const char *name, zarrc_error *error) {
  zarrc_entry entry = {.key = w->key, .nbytes = ZARRC_UNKNOWN};
  struct stat st = {0};
  int fd = zarrc_file_open_below(w->fs, w->key, O_PATH), os_error = errno;
  bool is_stat = fd >= 0 && !fstat(fd, &st);
  bool is_out = fd < 0 && os_error == EXDEV;
  if (fd >= 0) close(fd);
  if (is_out && !fstatat(dirfd(dir), name, &st, 0)) entry.is_prefix = S_ISDIR(st.st_mode);
  if (is_out && entry.is_prefix && w->deep) return fail_at(w, w->key, EXDEV, "cannot open the directory", error);
  if (is_stat && S_ISDIR(st.st_mode)) {
    entry.is_prefix = true;
    entry.is_circle = is_above(w, &st);
    if (w->deep) return entry.is_circle ? ZARRC_OK : push_dir(w, w->key, error);
  } else if (is_stat) {
    if (!S_ISREG(st.st_mode) || w->temporary) return ZARRC_OK;
    if (w->sizes) entry.nbytes = (uint64_t)st.st_size;
  }
  return w->temporary ? ZARRC_OK : w->fn(w->arg, &entry, error);
}

/* Handles a temporary file, which is no key. If nobody is writing it, it is listed on request, or else removed. */
static zarrc_status list_temporary(walk *w, int dir, const char *name, zarrc_error *error) {
  zarrc_entry entry = {.key = w->key};
  if (!w->temporary) {
    if (!w->fs->store.read_only) zarrc_file_temp_remove(dir, name);
    return ZARRC_OK;
  }
  if (!zarrc_file_temp_is_left(dir, name, &entry.nbytes)) return ZARRC_OK;
  set_key(w, name);
  return w->fn(w->arg, &entry, error);
}

static zarrc_status list_entry(walk *w, DIR *dir, const struct dirent *e, zarrc_error *error) {
  zarrc_entry entry = {.key = w->key, .nbytes = ZARRC_UNKNOWN};
  struct stat st = {0};
  unsigned char type = e->d_type;
  bool have_stat = false;
  size_t length = strlen(e->d_name);
  if (zarrc_file_is_temp(e->d_name)) return list_temporary(w, dirfd(dir), e->d_name, error);
  if (zarrc_utf8_valid((const uint8_t *)e->d_name, length) != length) return ZARRC_OK;
  set_key(w, e->d_name);
  if (type == DT_UNKNOWN) {
    if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) return ZARRC_OK;
    type = type_of(st.st_mode);
    have_stat = true;
  }
  if (type == DT_LNK) return list_link(w, dir, e->d_name, error);
  if (type == DT_DIR && w->deep) return push_dir(w, w->key, error);
  if ((type != DT_DIR && type != DT_REG) || w->temporary) return ZARRC_OK;
  entry.is_prefix = type == DT_DIR;
  if (type == DT_REG && w->sizes && (have_stat || !fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW)))
    entry.nbytes = (uint64_t)st.st_size;
  return w->fn(w->arg, &entry, error);
}

static zarrc_status walk_all(walk *w, const char *prefix, zarrc_error *error) {
  w->pending = zarrc_buf_new(w->fs->store.ctx, SIZE_MAX);
  zarrc_status status = push_dir(w, prefix, error);
  while (!status && top_dir(w)) {
    DIR *dir;
    const struct dirent *e;
    pop_dir(w);
    status = open_dir(w, &dir, error);
    if (!dir) continue;
    while (!status && (e = next_entry(dir))) status = list_entry(w, dir, e, error);
    if (!status && errno && errno != ENOENT) status = fail_at(w, w->dir, errno, "cannot read the directory", error);
    closedir(dir);
  }
  zarrc_buf_clear(&w->pending);
  return status;
}

zarrc_status zarrc_file_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error) {
  walk w = {.fs = (zarrc_file_store *)store, .deep = deep, .sizes = sizes, .fn = fn, .arg = arg};
  return walk_all(&w, prefix, error);
}

zarrc_status zarrc_file_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                       zarrc_error *error) {
  walk w = {.fs = (zarrc_file_store *)store, .deep = true, .temporary = true, .fn = fn, .arg = arg};
  return walk_all(&w, prefix, error);
}

/* ----------------------------------------------------------------------------------------------------- erasing */

/* Erases the files of the visited directory and pushes its directories. Metadata is erased first, so that an
 * interruption does not leave an array with missing chunks. Links are erased, not what they lead to. */
static zarrc_status empty_dir(walk *w, zarrc_error *error) {
  DIR *dir;
  const struct dirent *e;
  zarrc_status status = open_dir(w, &dir, error);
  if (!dir) return status;
  for (int i = 0; i < ZARRC_NNODE_NAMES && !status; i++) {
    set_key(w, zarrc_node_names[i]);
    if (unlinkat(dirfd(dir), zarrc_node_names[i], 0) && errno != ENOENT && errno != EISDIR)
      status = fail_at(w, w->key, errno, "cannot erase", error);
  }
  while (!status && (e = next_entry(dir))) {
    struct stat st;
    set_key(w, e->d_name);
    unsigned char type = e->d_type;
    if (type == DT_UNKNOWN && !fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) type = type_of(st.st_mode);
    if (type == DT_DIR)
      status = push_dir(w, w->key, error);
    else if (unlinkat(dirfd(dir), e->d_name, 0) && errno != ENOENT)
      status = fail_at(w, w->key, errno, "cannot erase", error);
  }
  if (!status && errno && errno != ENOENT) status = fail_at(w, w->dir, errno, "cannot read the directory", error);
  closedir(dir);
  return status;
}

/* A prefix that is a link to a directory means the link. */
static zarrc_status erase_link(zarrc_file_store *fs, const char *prefix, bool *done, zarrc_error *error) {
  const char *name;
  struct stat st;
  *done = true;
  int dir = zarrc_file_open_parent(fs, prefix, NULL, &name);
  if (dir < 0) return errno == ENOENT || errno == ENOTDIR ? ZARRC_OK : zarrc_file_fail(error, errno, "cannot open");
  zarrc_status status = ZARRC_OK;
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !(S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))) goto done;
  *done = S_ISLNK(st.st_mode);
  if (*done && !fstatat(dir, name, &st, 0) && S_ISDIR(st.st_mode) && unlinkat(dir, name, 0) && errno != ENOENT)
    status = zarrc_file_fail(error, errno, "cannot erase");
done:
  close(dir);
  return status;
}

static zarrc_status sync_parent(zarrc_file_store *fs, const char *prefix, zarrc_error *error) {
  const char *name;
  if (fs->sync == ZARRC_SYNC_NONE) return ZARRC_OK;
  int dir = zarrc_file_open_parent(fs, prefix, NULL, &name);
  zarrc_status status = ZARRC_OK;
  if (dir < 0 || zarrc_file_sync_dir(dir)) status = zarrc_file_fail(error, errno, "cannot sync the directory");
  if (dir >= 0) close(dir);
  return status;
}

zarrc_status zarrc_file_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  walk w = {.fs = (zarrc_file_store *)store};
  int root = zarrc_file_root_take(w.fs), tries = 0;
  bool nothing = root < 0;
  if (root < 0 && errno != ENOENT) return zarrc_file_fail(error, errno, "cannot open the root directory");
  zarrc_status status = nothing || !*prefix ? ZARRC_OK : erase_link(w.fs, prefix, &nothing, error);
  if (status || nothing) goto done;
  w.pending = zarrc_buf_new(store->ctx, SIZE_MAX);
  status = push_dir(&w, prefix, error);
  while (!status && top_dir(&w)) {
    size_t before = w.pending.len;
    status = empty_dir(&w, error);
    if (status || w.pending.len > before) continue; /* first erase what is below it */
    if (*w.dir && unlinkat(root, w.dir, AT_REMOVEDIR) && errno != ENOENT && errno != ENOTDIR) {
      bool is_refilled = errno == ENOTEMPTY || errno == EEXIST;
      if (is_refilled && ++tries < TRIES) continue;
      /* If others keep writing there, their files came after the erasing and stay. */
      if (!is_refilled) status = fail_at(&w, w.dir, errno, "cannot erase the directory", error);
    }
    pop_dir(&w);
  }
  zarrc_buf_clear(&w.pending);
done:
  zarrc_file_root_drop(w.fs, root);
  return status || nothing ? status : sync_parent(w.fs, prefix, error);
}
