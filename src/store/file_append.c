/* SPDX-License-Identifier: MIT */
/*
 * A value that is made piece by piece. The pieces are written to a temporary file, which can be read meanwhile, and
 * which is renamed when the value is complete.
 */
#include "store/file.h"

#include "base/ctx.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct zarrc_file_growing {
  int dir, fd;          /* the directory of the key; the temporary file, whose position is its end */
  long process;         /* the one that has begun */
  atomic_ullong nbytes; /* appended so far */
  bool is_lost;         /* the file has bytes behind them that could not be removed */
  zarrc_file_made made; /* directories that were created */
  char temp[ZARRC_TEMP_NAME];
};

static long this_process(const zarrc_file_blob *blob) {
  return zarrc_process_number(&blob->fs->store.ctx->process);
}

int zarrc_file_growing_get(const zarrc_file_growing *growing, uint64_t *nbytes) {
  *nbytes = atomic_load_explicit(&growing->nbytes, memory_order_acquire);
  return growing->fd;
}

/* Forgets a growing value, whose file is closed and renamed or removed. */
static void end(zarrc_file_blob *blob, bool failed) {
  zarrc_file_growing *g = blob->growing;
  zarrc_file_leave_parent(blob->fs, blob->key, g->dir, &g->made, failed);
  zarrc_free(blob->fs->store.ctx, g);
  blob->growing = NULL;
}

/* In a child of the process that has begun nothing is removed. */
void zarrc_file_growing_drop(zarrc_file_blob *blob) {
  zarrc_file_growing *g = blob->growing;
  if (!g) return;
  if (g->process == this_process(blob))
    unlinkat(g->dir, g->temp, 0);
  else
    g->made = (zarrc_file_made){0};
  close(g->fd);
  end(blob, true);
}

/* Gives the new file the permissions of the one that it will replace. */
static int take_over_mode(const zarrc_file_growing *g, const char *name) {
  struct stat st;
  if (fstatat(g->dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)) return 0;
  return fchmod(g->fd, st.st_mode & 07777);
}

static zarrc_status begin(zarrc_file_blob *blob, zarrc_error *error) {
  zarrc_file_store *fs = blob->fs;
  const char *name;
  int direct = 0;
  zarrc_status status = zarrc_file_check_name(blob, error);
  if (status) return status;
  zarrc_file_growing *g = zarrc_malloc(fs->store.ctx, sizeof *g);
  if (!g) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a new value");
  *g = (zarrc_file_growing){.process = this_process(blob)};
  atomic_init(&g->nbytes, 0);
  g->dir = zarrc_file_open_parent(fs, blob->key, &g->made, &name);
  if (g->dir < 0) {
    status = zarrc_file_fail(error, errno, "cannot open the directory");
    zarrc_file_unmake(fs, blob->key, &g->made);
    zarrc_free(fs->store.ctx, g);
    return status;
  }
  zarrc_file_temp_sweep(fs, g->dir, blob->key);
  blob->growing = g;
  g->fd = zarrc_file_temp_create(g->dir, name, O_RDWR, &direct, g->temp);
  if (g->fd < 0) {
    status = zarrc_file_fail(error, errno, "cannot make a temporary file");
    end(blob, true);
  } else if (take_over_mode(g, name)) {
    status = zarrc_file_fail(error, errno, "cannot set the permissions of the new value");
    zarrc_file_growing_drop(blob);
  }
  return status;
}

static zarrc_status check(const zarrc_file_blob *blob, zarrc_error *error) {
  const zarrc_file_growing *g = blob->growing;
  if (g->process != this_process(blob))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "another process has begun to make this value");
  if (g->is_lost) return zarrc_fail(error, ZARRC_IO, "the new value was given up after a failure");
  return ZARRC_OK;
}

zarrc_status zarrc_file_append(zarrc_file_blob *blob, const zarrc_bytes *parts, size_t n, zarrc_error *error) {
  zarrc_status status = blob->growing ? check(blob, error) : begin(blob, error);
  if (status) return status;
  zarrc_file_growing *g = blob->growing;
  uint64_t had = atomic_load_explicit(&g->nbytes, memory_order_relaxed), has = had;
  for (size_t i = 0; i < n; i++) has += parts[i].len;
  status = zarrc_file_write_parts(blob, g->fd, parts, n, error);
  if (!status)
    atomic_store_explicit(&g->nbytes, has, memory_order_release);
  else
    g->is_lost = ftruncate(g->fd, (off_t)had) || lseek(g->fd, (off_t)had, SEEK_SET) < 0;
  return status;
}

zarrc_status zarrc_file_publish(zarrc_file_blob *blob, bool if_unchanged, zarrc_error *error) {
  zarrc_file_growing *g = blob->growing;
  const char *slash = strrchr(blob->key, '/');
  int os_error = 0;
  if (!g) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "nothing was appended");
  zarrc_status status = check(blob, error);
  if (status) {
    zarrc_file_growing_drop(blob);
    return status;
  }
  status = zarrc_file_finish(blob->fs, g->fd, ZARRC_OK, error);
  if (status)
    unlinkat(g->dir, g->temp, 0);
  else
    status =
        zarrc_file_put_in_place(blob, g->dir, slash ? slash + 1 : blob->key, g->temp, if_unchanged, &os_error, error);
  end(blob, status != ZARRC_OK);
  return status;
}
