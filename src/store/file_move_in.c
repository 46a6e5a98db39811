/* SPDX-License-Identifier: MIT */
/*
 * A new version for a directory that cannot be renamed. Its entries are moved to "aside" in the stage, which is then
 * renamed to "old"; then those of "new" are moved in, the root's metadata documents last. Until then all can be undone.
 */
#include "store/file.h"

#include "base/documents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char aside_name[] = "aside", old_name[] = "old", new_name[] = "new";

static int open_dir(int dir, const char *name) {
  return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_there(int dir, const char *name) {
  struct stat st;
  return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
}

/* Returns whether a metadata document makes a directory a node, of whatever format. */
static bool is_node(int dir) {
  for (int i = 0; i < ZARRC_NNODE_NAMES; i++)
    if (is_there(dir, zarrc_node_names[i])) return true;
  return false;
}

static bool is_moved(const char *name) {
  return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !zarrc_file_is_temp(name);
}

/* Returns the next entry to be moved; NULL: there is none. */
static const char *next_entry(DIR *dir) {
  const struct dirent *e;
  while ((e = readdir(dir)))
    if (is_moved(e->d_name) && !zarrc_name_makes_node(e->d_name)) return e->d_name;
  return NULL;
}

/* Moves the documents that are there. A new version has one; once it is moved in nothing else may fail. */
static int move_documents(int from, int to) {
  for (int i = 0; i < ZARRC_NNODE_NAMES; i++) {
    const char *name = zarrc_node_names[i];
    if (is_there(from, name) && renameat(from, name, to, name) && errno != ENOENT) return -1;
  }
  return 0;
}

/* Moves all entries except those of stages and temporary files. Returns 0, or -1 and errno. */
static int move_entries(int from, int to, bool document_first) {
  const char *name;
  int fd = open_dir(from, "."), failed = 0;
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir) {
    if (fd >= 0) close(fd);
    return -1;
  }
  if (document_first) failed = move_documents(from, to);
  for (bool any = true; any && !failed; rewinddir(dir)) /* reading may skip entries while others are moved */
    for (any = false; !failed && (name = next_entry(dir)); any = true) failed = renameat(from, name, to, name);
  if (!failed && !document_first) failed = move_documents(from, to);
  int os_error = errno;
  closedir(dir);
  errno = os_error;
  return failed;
}

static int move_between(int from, int stage, const char *name, bool in) {
  int fd = open_dir(stage, name);
  if (fd < 0) return -1;
  int failed = in ? move_entries(fd, from, false) : move_entries(from, fd, true), os_error = errno;
  close(fd);
  errno = os_error;
  return failed;
}

int zarrc_file_undo_move_in(int place, int stage) {
  if (is_there(stage, aside_name)) {
    if (move_between(place, stage, aside_name, true)) return -1;
    return unlinkat(stage, aside_name, AT_REMOVEDIR);
  }
  int fd = open_dir(stage, new_name);
  bool finished = fd < 0 || !is_node(fd);
  if (fd >= 0) close(fd);
  if (finished || !is_there(stage, old_name)) return 0;
  if (move_between(place, stage, new_name, false) || move_between(place, stage, old_name, true)) return -1;
  return unlinkat(stage, old_name, AT_REMOVEDIR);
}

static bool is_empty(int place) {
  int fd = open_dir(place, ".");
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir) {
    if (fd >= 0) close(fd);
    return false;
  }
  bool empty = !is_node(place) && !next_entry(dir);
  closedir(dir);
  return empty;
}

zarrc_status zarrc_file_move_in(int place, int stage, bool replace, zarrc_error *error) {
  if (!replace && !is_empty(place)) return zarrc_fail(error, ZARRC_CONFLICT, "something is there already");
  int failed = mkdirat(stage, aside_name, 0777) || move_between(place, stage, aside_name, false) ||
               renameat(stage, aside_name, stage, old_name) || move_between(place, stage, new_name, true);
  if (!failed) return ZARRC_OK;
  zarrc_status status = zarrc_file_fail(error, errno, "cannot move the new version in");
  zarrc_file_undo_move_in(place, stage);
  return status;
}
