/* SPDX-License-Identifier: MIT */
/*
 * Creating a node: several values of one folder are stored while its directory is locked, if none of some others is
 * there. So of several creators, in one process or in many, one alone stores its values, and none of the others
 * anything.
 */
#include "store/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 4, TRIES = 4096 }; /* values; a process that keeps erasing the directory may win most of the time */

typedef struct creating {
  zarrc_file_store *fs;
  const char *key; /* of one of the values */
  const char *const *names, *const *unless;
  const zarrc_bytes *values;
  size_t n;
  int dir;
  char temp[MOST][ZARRC_TEMP_NAME]; /* files with the values, until they are renamed; or "" */
} creating;

static void remove_temporaries(creating *c) {
  for (size_t i = 0; i < c->n; i++) {
    if (*c->temp[i]) unlinkat(c->dir, c->temp[i], 0);
    *c->temp[i] = 0;
  }
}

/* Writes a value to a temporary file. *os_error: errno, if the system has failed. */
static zarrc_status write_temporary(creating *c, size_t i, int *os_error, zarrc_error *error) {
  zarrc_error why = {0};
  int direct = 0, fd = zarrc_file_temp_create(c->dir, c->names[i], O_WRONLY, &direct, c->temp[i]);
  if (fd < 0) {
    *os_error = errno;
    *c->temp[i] = 0;
    return zarrc_file_fail(error, *os_error, "cannot make a temporary file");
  }
  zarrc_status status = zarrc_file_write_parts(NULL, fd, &c->values[i], 1, &why);
  status = zarrc_file_finish(c->fs, fd, status, &why);
  if (status) *os_error = why.os_error;
  if (status && error) *error = why;
  return status;
}

/* Refuses if one of the names is there, whatever it is. Called under the lock. */
static zarrc_status refuse_existing(const creating *c, zarrc_error *error) {
  struct stat st;
  for (const char *const *name = c->unless; *name; name++) {
    if (!fstatat(c->dir, *name, &st, AT_SYMLINK_NOFOLLOW)) return zarrc_fail(error, ZARRC_CONFLICT, "%s exists", *name);
    if (errno != ENOENT) return zarrc_file_fail(error, errno, "cannot look for %s", *name);
  }
  return ZARRC_OK;
}

/* Puts the values in place, or removes those that are to go. Called under the lock. */
static zarrc_status put_in_place(creating *c, int *os_error, zarrc_error *error) {
  for (size_t i = 0; i < c->n; i++) {
    bool goes = !c->values[i].ptr;
    int failed = goes ? unlinkat(c->dir, c->names[i], 0) : renameat(c->dir, c->temp[i], c->dir, c->names[i]);
    if (failed && !(goes && errno == ENOENT)) {
      *os_error = errno;
      return zarrc_file_fail(error, *os_error, goes ? "cannot erase %s" : "cannot rename the temporary file of %s",
                             c->names[i]);
    }
    *c->temp[i] = 0;
  }
  return ZARRC_OK;
}

static zarrc_status create_locked(creating *c, int *os_error, zarrc_error *error) {
  zarrc_file_lock_held lock;
  if (!zarrc_file_lock(c->dir, &lock)) {
    *os_error = errno;
    return zarrc_file_fail_unlocked(*os_error, error);
  }
  zarrc_status status = refuse_existing(c, error);
  if (!status) status = put_in_place(c, os_error, error);
  zarrc_file_unlock(&lock);
  return status;
}

/* *gone: the directory was erased meanwhile. */
static zarrc_status create_once(creating *c, bool *gone, zarrc_error *error) {
  const char *name;
  int os_error = 0;
  zarrc_file_made made = {0};
  c->dir = zarrc_file_open_parent(c->fs, c->key, &made, &name);
  if (c->dir < 0) {
    zarrc_status status = zarrc_file_fail(error, errno, "cannot open the directory");
    zarrc_file_unmake(c->fs, c->key, &made);
    return status;
  }
  zarrc_file_temp_sweep(c->fs, c->dir, c->key);
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < c->n && !status; i++)
    if (c->values[i].ptr) status = write_temporary(c, i, &os_error, error);
  if (!status) status = create_locked(c, &os_error, error);
  remove_temporaries(c);
  if (!status && c->fs->sync == ZARRC_SYNC_DATA && zarrc_file_sync_dir(c->dir))
    status = zarrc_file_fail(error, errno, "cannot sync the directory");
  zarrc_file_leave_parent(c->fs, c->key, c->dir, &made, status != ZARRC_OK);
  *gone = os_error == ENOENT;
  return status;
}

zarrc_status zarrc_file_create(zarrc_store *store, const char *folder, const char *const *names,
                               const zarrc_bytes *values, size_t n, const char *const *unless, zarrc_error *error) {
  if (n == 0 || n > MOST) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%zu values cannot be created at once", n);
  creating c = {.fs = (zarrc_file_store *)store, .names = names, .unless = unless, .values = values, .n = n};
  size_t room = strlen(folder) + strlen(names[n - 1]) + 2;
  char *key = zarrc_malloc(store->ctx, room);
  if (!key) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a key");
  snprintf(key, room, "%s%s%s", folder, *folder ? "/" : "", names[n - 1]);
  c.key = key;
  bool gone = false;
  int tries = 0;
  zarrc_status status;
  do status = create_once(&c, &gone, error);
  while (gone && ++tries < TRIES);
  if (status) zarrc_error_in_key(error, store, key);
  zarrc_free(store->ctx, key);
  return status;
}
