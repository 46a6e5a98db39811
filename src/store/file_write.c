/* SPDX-License-Identifier: MIT */
/*
 * Changing one key. A value is written to a temporary file in the same directory, synchronized if the store must
 * survive a power failure, and renamed. During the rename the directory is locked (file_lock.c). Under the lock a
 * conditional write (if_unchanged) checks that the file is still the one that was read: two writers that read, change
 * and replace a value never lose each other's changes, in one process or in several. Where nothing can be locked
 * conditional writes fail; of other writes the last wins.
 *
 * A file is the same if device, inode number, size and change time are the same. Every write of this store creates a
 * new inode, and a blob keeps the file it has read open, so that its inode number cannot be reused. A write in place by
 * another program is not noticed if it keeps the size and falls into the same tick of the file system's clock.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  BATCH = 1024,     /* most pieces of one system call */
  GONE_TRIES = 4096 /* a process that keeps erasing may win most of the time */
};

/* Returns whether the file is not the one that the blob has read, or has not found. Called under the lock. */
static bool is_changed(const zarrc_file_blob *blob, int dir, const char *name) {
  const zarrc_file_seen *seen = &blob->seen;
  struct stat now;
  if (seen->fd == 0) return false;
  if (fstatat(dir, name, &now, 0)) return seen->fd > 0 || (errno != ENOENT && errno != ENOTDIR);
  return seen->fd < 0 || (uint64_t)now.st_dev != seen->device || (uint64_t)now.st_ino != seen->inode ||
         now.st_size != seen->nbytes || now.st_ctim.tv_sec != seen->ctime_sec ||
         now.st_ctim.tv_nsec != (long)seen->ctime_nsec;
}

static zarrc_status refuse_changed(zarrc_file_blob *blob, zarrc_error *error) {
  zarrc_file_forget(blob);
  return zarrc_fail(error, ZARRC_CONFLICT, "the value was changed meanwhile");
}

zarrc_status zarrc_file_fail_unlocked(int os_error, zarrc_error *error) {
  return zarrc_file_fail(error, os_error, "cannot lock the directory, so that others' changes could be lost");
}

/* Returns whether a piece stands for bytes of the file that the blob has read. */
static bool is_kept(const zarrc_bytes *part) {
  return !part->ptr && part->len > 0;
}

static zarrc_status write_kept(const zarrc_file_blob *blob, int fd, const zarrc_bytes *part, zarrc_error *error) {
  const zarrc_file_seen *seen = &blob->seen;
  uint64_t offset = (uintptr_t)part->owner, total = seen->fd > 0 ? (uint64_t)seen->nbytes : 0;
  if (offset > total || part->len > total - offset)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%zu bytes at %llu are kept of a value of %llu bytes", part->len,
                      (unsigned long long)offset, (unsigned long long)total);
  return zarrc_file_copy(blob->fs->store.ctx, seen->fd - 1, offset, part->len, fd, error);
}

zarrc_status zarrc_file_write_parts(const zarrc_file_blob *blob, int fd, const zarrc_bytes *parts, size_t n,
                                    zarrc_error *error) {
  struct iovec iov[BATCH];
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status;) {
    int pieces = 0;
    for (; i < n && pieces < BATCH && !is_kept(&parts[i]); i++)
      iov[pieces++] = (struct iovec){(void *)(uintptr_t)parts[i].ptr, parts[i].len};
    status = zarrc_file_write_pieces(fd, iov, pieces, error);
    if (!status && i < n && is_kept(&parts[i])) status = write_kept(blob, fd, &parts[i++], error);
  }
  return status;
}

/* A value to store: pieces, followed by those that a source makes (NULL: none). */
typedef struct value {
  const zarrc_bytes *parts;
  size_t n;
  zarrc_parts *source;
} value;

/* Writes a value; direct: with O_DIRECT, or NULL. */
static zarrc_status write_value(const zarrc_file_blob *blob, int fd, const value *v, zarrc_file_direct *direct,
                                zarrc_error *error) {
  const zarrc_bytes *parts = v->parts;
  zarrc_status status = ZARRC_OK;
  size_t n = v->n;
  for (bool more = true; !status && more;) {
    status =
        direct ? zarrc_file_direct_add(direct, parts, n, error) : zarrc_file_write_parts(blob, fd, parts, n, error);
    if (status || !v->source) break;
    status = zarrc_parts_next(v->source, &more, error);
    parts = v->source->items;
    n = v->source->nitems;
  }
  return status;
}

static zarrc_status write_direct(const zarrc_file_blob *blob, int fd, const value *v, zarrc_error *error) {
  zarrc_file_direct direct;
  zarrc_status status = zarrc_file_direct_begin(&direct, blob->fs->store.ctx, fd, error);
  if (status) return status;
  status = write_value(blob, fd, v, &direct, error);
  if (!status) status = zarrc_file_direct_end(&direct, error);
  zarrc_file_direct_clear(&direct);
  return status;
}

static int sync_data(int fd) {
  int failed;
  do failed = fdatasync(fd);
  while (failed && errno == EINTR);
  return failed;
}

zarrc_status zarrc_file_finish(const zarrc_file_store *fs, int fd, zarrc_status status, zarrc_error *error) {
  if (!status && fs->sync == ZARRC_SYNC_DATA && sync_data(fd)) status = zarrc_file_fail(error, errno, "cannot sync");
  if (close(fd) && errno != EINTR && !status) /* EINTR: the file is closed nevertheless */
    status = zarrc_file_fail(error, errno, "cannot close");
  return status;
}

/* Creates a temporary file, writes the value to it and closes it. If that fails there is no file, and *os_error is
 * errno if the system has failed. */
static zarrc_status write_temp(const zarrc_file_blob *blob, int dir, const char *name, const value *v,
                               char temp[ZARRC_TEMP_NAME], int *os_error, zarrc_error *error) {
  const zarrc_file_store *fs = blob->fs;
  zarrc_error own = {0};
  int direct = fs->direct ? zarrc_file_direct_flag() : 0;
  int fd = zarrc_file_temp_create(dir, name, O_WRONLY, &direct, temp);
  if (fd < 0) {
    *os_error = errno;
    return zarrc_file_fail(error, *os_error, "cannot make a temporary file");
  }
  zarrc_status status = direct ? write_direct(blob, fd, v, &own) : write_value(blob, fd, v, NULL, &own);
  status = zarrc_file_finish(fs, fd, status, &own);
  if (!status) return ZARRC_OK;
  *os_error = own.os_error;
  if (error) *error = own;
  unlinkat(dir, temp, 0);
  return status;
}

zarrc_status zarrc_file_put_in_place(zarrc_file_blob *blob, int dir, const char *name, const char *temp,
                                     bool if_unchanged, int *os_error, zarrc_error *error) {
  zarrc_file_lock_held lock;
  if (!zarrc_file_lock(dir, &lock) && if_unchanged) {
    *os_error = errno;
    unlinkat(dir, temp, 0);
    return zarrc_file_fail_unlocked(*os_error, error);
  }
  bool changed = if_unchanged && is_changed(blob, dir, name);
  if (!changed && renameat(dir, temp, dir, name)) *os_error = errno;
  zarrc_file_unlock(&lock);
  if (changed || *os_error) {
    unlinkat(dir, temp, 0);
    return changed ? refuse_changed(blob, error)
                   : zarrc_file_fail(error, *os_error, "cannot rename the temporary file");
  }
  zarrc_file_forget(blob);
  if (blob->fs->sync == ZARRC_SYNC_DATA && zarrc_file_sync_dir(dir))
    return zarrc_file_fail(error, errno, "cannot sync the directory");
  return ZARRC_OK;
}

void zarrc_file_leave_parent(zarrc_file_store *fs, const char *key, int dir, const zarrc_file_made *made, bool failed) {
  close(dir);
  if (failed)
    zarrc_file_unmake(fs, key, made);
  else if (atomic_load_explicit(&fs->unused, memory_order_relaxed) > 0)
    atomic_store(&fs->unused, 0);
}

/* Writes and renames. *gone: the directory was erased meanwhile. */
static zarrc_status replace_once(zarrc_file_blob *blob, const value *v, bool if_unchanged, bool *gone,
                                 zarrc_error *error) {
  zarrc_file_store *fs = blob->fs;
  char temp[ZARRC_TEMP_NAME];
  const char *name;
  int os_error = 0;
  zarrc_file_made made = {0};
  int dir = zarrc_file_open_parent(fs, blob->key, &made, &name);
  if (dir < 0) {
    zarrc_status status = zarrc_file_fail(error, errno, "cannot open the directory");
    zarrc_file_unmake(fs, blob->key, &made);
    return status;
  }
  zarrc_file_temp_sweep(fs, dir, blob->key);
  zarrc_status status = write_temp(blob, dir, name, v, temp, &os_error, error);
  if (!status) status = zarrc_file_put_in_place(blob, dir, name, temp, if_unchanged, &os_error, error);
  zarrc_file_leave_parent(fs, blob->key, dir, &made, status != ZARRC_OK);
  *gone = os_error == ENOENT;
  return status;
}

zarrc_status zarrc_file_check_name(const zarrc_file_blob *blob, zarrc_error *error) {
  const char *slash = strrchr(blob->key, '/');
  if (!zarrc_file_is_temp(slash ? slash + 1 : blob->key)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a name like those of temporary files, which are not listed");
}

zarrc_status zarrc_file_replace(zarrc_file_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                zarrc_error *error) {
  const value v = {parts, n, NULL};
  zarrc_status status = zarrc_file_check_name(blob, error);
  bool gone = false;
  int tries = 0;
  if (status) return status;
  do status = replace_once(blob, &v, if_unchanged, &gone, error);
  while (gone && ++tries < GONE_TRIES);
  return status;
}

zarrc_status zarrc_file_replace_from(zarrc_file_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  const value v = {parts->items, parts->nitems, parts};
  zarrc_status status = zarrc_file_check_name(blob, error);
  bool gone = false;
  if (!status) status = replace_once(blob, &v, if_unchanged, &gone, error);
  if (!gone) return status;
  zarrc_file_forget(blob);
  return zarrc_fail(error, ZARRC_CONFLICT, "the directory was erased meanwhile");
}

zarrc_status zarrc_file_erase(zarrc_file_blob *blob, bool if_unchanged, zarrc_error *error) {
  zarrc_file_store *fs = blob->fs;
  zarrc_file_lock_held lock;
  zarrc_status status = ZARRC_OK;
  const char *name;
  int dir = zarrc_file_open_parent(fs, blob->key, NULL, &name);
  if (dir < 0) {
    if (errno != ENOENT && errno != ENOTDIR) return zarrc_file_fail(error, errno, "cannot open the directory");
    bool was_there = blob->seen.fd > 0;
    if (if_unchanged && was_there) return refuse_changed(blob, error);
    zarrc_file_forget(blob);
    return ZARRC_OK;
  }
  if (!zarrc_file_lock(dir, &lock) && if_unchanged) {
    status = zarrc_file_fail_unlocked(errno, error);
    close(dir);
    return status;
  }
  bool changed = if_unchanged && is_changed(blob, dir, name);
  int os_error = !changed && unlinkat(dir, name, 0) && errno != ENOENT ? errno : 0;
  zarrc_file_unlock(&lock);
  if (changed) {
    status = refuse_changed(blob, error);
  } else if (os_error) {
    status = zarrc_file_fail(error, os_error, "cannot erase");
  } else {
    zarrc_file_forget(blob);
    if (fs->sync == ZARRC_SYNC_DATA && zarrc_file_sync_dir(dir))
      status = zarrc_file_fail(error, errno, "cannot sync the directory");
  }
  close(dir);
  return status;
}
