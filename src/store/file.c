/* SPDX-License-Identifier: MIT */
/* The file store: opening and reading. */
#include "store/file.h"

#include "base/sized.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32 }; /* most ranges of one system call */

/* --------------------------------------------------------------------------------------------------- reading */

static const char *kind_of(mode_t mode) {
  return S_ISDIR(mode)    ? "a directory"
         : S_ISFIFO(mode) ? "a FIFO"
         : S_ISCHR(mode)  ? "a character device"
         : S_ISBLK(mode)  ? "a block device"
         : S_ISSOCK(mode) ? "a socket"
                          : "no regular file";
}

static zarrc_status refuse_kind(mode_t mode, zarrc_error *error) {
  zarrc_fail(error, ZARRC_IO, "%s, not a regular file", kind_of(mode));
  if (error) error->os_error = S_ISDIR(mode) ? EISDIR : EINVAL;
  return ZARRC_IO;
}

/* Explains why there is no file: usually because the key has no value. */
static zarrc_status explain_absence(const zarrc_file_store *fs, int root, const char *key, int os_error,
                                    zarrc_error *error) {
  struct stat st;
  if (os_error != ENOENT && os_error != ENOTDIR && os_error != ENXIO)
    return zarrc_file_fail(error, os_error, "cannot open");
  bool is_clear = os_error != ENXIO && !zarrc_file_may_have_links(fs);
  if (root >= 0 && !is_clear && !fstatat(root, key, &st, AT_SYMLINK_NOFOLLOW)) {
    if (S_ISLNK(st.st_mode)) return zarrc_file_fail(error, os_error, "a symbolic link to nothing");
    if (os_error == ENXIO) return refuse_kind(st.st_mode, error);
  }
  return os_error == ENXIO ? zarrc_file_fail(error, os_error, "cannot open")
                           : zarrc_fail(error, ZARRC_NOT_FOUND, "not found");
}

/* Opens the blob's file and notes its identity. While it is open all reads see the same version, and no other file can
 * get its inode number. */
static zarrc_status open_value(zarrc_file_blob *blob, zarrc_error *error) {
  zarrc_file_store *fs = blob->fs;
  struct stat st;
  int direct = fs->direct ? zarrc_file_direct_flag() : 0, root;
  int fd = zarrc_file_open_from(fs, blob->key, O_RDONLY | O_NONBLOCK | direct, &root);
  if (fd < 0 && errno == EINVAL && direct) { /* the file system does not support it */
    direct = 0;
    zarrc_file_root_drop(fs, root);
    fd = zarrc_file_open_from(fs, blob->key, O_RDONLY | O_NONBLOCK, &root);
  }
  if (fd < 0) {
    zarrc_status status = explain_absence(fs, root, blob->key, errno, error);
    zarrc_file_root_drop(fs, root);
    if (status == ZARRC_NOT_FOUND) blob->seen = (zarrc_file_seen){.fd = -1};
    return status;
  }
  zarrc_file_root_drop(fs, root);
  zarrc_status status = ZARRC_OK;
  if (fstat(fd, &st))
    status = zarrc_file_fail(error, errno, "cannot stat");
  else if (!S_ISREG(st.st_mode))
    status = refuse_kind(st.st_mode, error);
  if (status) {
    close(fd);
    return status;
  }
  blob->seen = (zarrc_file_seen){.fd = fd + 1,
                                 .ctime_nsec = (uint32_t)st.st_ctim.tv_nsec,
                                 .ctime_sec = st.st_ctim.tv_sec,
                                 .nbytes = st.st_size,
                                 .device = (uint64_t)st.st_dev,
                                 .inode = (uint64_t)st.st_ino,
                                 .direct = direct != 0};
  return ZARRC_OK;
}

/* Reads all ranges, with one system call for each run of adjacent ones. */
static zarrc_status read_ranges(int fd, zarrc_range *ranges, size_t n, uint64_t total, zarrc_error *error) {
  struct iovec iov[BATCH];
  int pieces = 0;
  uint64_t first = 0, end = 0, start = 0;
  size_t nbytes = 0;
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) {
    zarrc_range_locate(&ranges[i], total, &start, &nbytes, NULL);
    if (pieces == BATCH || (pieces > 0 && start != end)) {
      status = zarrc_file_read_pieces(fd, iov, pieces, first, error);
      pieces = 0;
    }
    if (pieces == 0) first = start;
    iov[pieces++] = (struct iovec){(void *)(uintptr_t)ranges[i].got.ptr, nbytes};
    end = start + nbytes;
  }
  return status ? status : zarrc_file_read_pieces(fd, iov, pieces, first, error);
}

static zarrc_status place_range(zarrc_ctx *ctx, zarrc_range *range, size_t nbytes, zarrc_error *error) {
  if (range->into || nbytes == 0) {
    range->got = (zarrc_bytes){.ptr = range->into ? range->into : (const void *)"", .len = nbytes};
    return ZARRC_OK;
  }
  zarrc_status status = zarrc_scratch_take(ctx, nbytes, &range->got, error);
  if (!status) range->got.len = nbytes;
  return status;
}

static zarrc_status read_direct(zarrc_ctx *ctx, int fd, zarrc_range *ranges, size_t n, uint64_t total,
                                zarrc_error *error) {
  uint64_t start = 0;
  size_t nbytes = 0;
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) {
    zarrc_range_locate(&ranges[i], total, &start, &nbytes, NULL);
    status = zarrc_file_direct_read(ctx, fd, start, nbytes, ranges[i].into, &ranges[i].got, error);
  }
  return status;
}

/* Reads from an open file of `total` bytes. */
static zarrc_status read_file(zarrc_ctx *ctx, int fd, bool direct, zarrc_range *ranges, size_t n, uint64_t total,
                              zarrc_error *error) {
  uint64_t start = 0;
  size_t nbytes = 0;
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n; i++) { /* check all ranges before taking memory for any */
    ranges[i].got = (zarrc_bytes){0};
    status = zarrc_range_locate(&ranges[i], total, &start, &nbytes, error);
    if (status) return status;
  }
  if (direct) {
    status = read_direct(ctx, fd, ranges, n, total, error);
  } else {
    for (size_t i = 0; i < n && !status; i++) {
      zarrc_range_locate(&ranges[i], total, &start, &nbytes, NULL);
      status = place_range(ctx, &ranges[i], nbytes, error);
    }
    if (!status) status = read_ranges(fd, ranges, n, total, error);
  }
  if (status) zarrc_ranges_release(ranges, n);
  return status;
}

static zarrc_status file_read(zarrc_file_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_file_store *fs = blob->fs;
  zarrc_status status = ZARRC_OK;
  if (blob->growing) {
    uint64_t nbytes;
    int fd = zarrc_file_growing_get(blob->growing, &nbytes);
    return read_file(fs->store.ctx, fd, false, ranges, n, nbytes, error);
  }
  if (blob->seen.fd == 0) status = open_value(blob, error);
  if (status) return status;
  const zarrc_file_seen *seen = &blob->seen;
  if (seen->fd < 0) return zarrc_fail(error, ZARRC_NOT_FOUND, "not found");
  uint64_t total = (uint64_t)seen->nbytes;
  if (fs->max_value_bytes && total > fs->max_value_bytes)
    return zarrc_fail(error, ZARRC_LIMIT, "a file of %llu bytes, of which the store allows %llu",
                      (unsigned long long)total, (unsigned long long)fs->max_value_bytes);
  return read_file(fs->store.ctx, seen->fd - 1, seen->direct, ranges, n, total, error);
}

/* A file changed more recently may change again within the same tick of the file system's clock. */
#define SETTLED_SECONDS 2

/* Every write by this store creates a new file. Writes in place by others change the time, once it has settled. */
static zarrc_status file_identify(zarrc_file_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  struct timespec now;
  *known = false;
  if (blob->seen.fd == 0) {
    zarrc_status status = open_value(blob, error);
    if (status) return status;
  }
  const zarrc_file_seen *seen = &blob->seen;
  if (seen->fd < 0) return zarrc_fail(error, ZARRC_NOT_FOUND, "not found");
  if (clock_gettime(CLOCK_REALTIME, &now)) return ZARRC_OK;
  *out = (zarrc_identity){.word = {seen->device, seen->inode, (uint64_t)seen->ctime_sec, seen->ctime_nsec},
                          .nbytes = (uint64_t)seen->nbytes};
  *known = seen->ctime_sec + SETTLED_SECONDS < now.tv_sec;
  return ZARRC_OK;
}

/* -------------------------------------------------------------------------------------------- opening the store */

static void file_close(zarrc_store *store) {
  zarrc_file_store *fs = (zarrc_file_store *)store;
  zarrc_file_root_close(fs);
  zarrc_free(store->ctx, fs->path);
  zarrc_free(store->ctx, fs);
}

static zarrc_status read_op(zarrc_blob *self, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_file_blob *blob = (zarrc_file_blob *)self;
  return file_read(blob, ranges, n, error);
}

static zarrc_status identify_op(zarrc_blob *self, zarrc_identity *out, bool *known, zarrc_error *error) {
  zarrc_file_blob *blob = (zarrc_file_blob *)self;
  return file_identify(blob, out, known, error);
}

static zarrc_status replace_op(zarrc_blob *self, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                               zarrc_error *error) {
  zarrc_file_blob *blob = (zarrc_file_blob *)self;
  return zarrc_file_replace(blob, parts, n, if_unchanged, error);
}

static zarrc_status replace_from_op(zarrc_blob *self, zarrc_parts *parts, bool if_unchanged, zarrc_error *error) {
  zarrc_file_blob *blob = (zarrc_file_blob *)self;
  return zarrc_file_replace_from(blob, parts, if_unchanged, error);
}

static zarrc_status append_op(zarrc_blob *self, const zarrc_bytes *parts, size_t n, zarrc_error *error) {
  return zarrc_file_append((zarrc_file_blob *)self, parts, n, error);
}

static zarrc_status publish_op(zarrc_blob *self, bool if_unchanged, zarrc_error *error) {
  return zarrc_file_publish((zarrc_file_blob *)self, if_unchanged, error);
}

static zarrc_status erase_op(zarrc_blob *self, bool if_unchanged, zarrc_error *error) {
  zarrc_file_blob *blob = (zarrc_file_blob *)self;
  return zarrc_file_erase(blob, if_unchanged, error);
}

/* With O_DIRECT nothing is kept, because the system would move the bytes through the page cache. */
static bool keep_op(const zarrc_blob *self, uint64_t offset, uint64_t nbytes, zarrc_bytes *out) {
  if (((const zarrc_file_blob *)self)->fs->direct || offset > UINTPTR_MAX || nbytes > SIZE_MAX) return false;
  *out = (zarrc_bytes){.len = (size_t)nbytes, .owner = (void *)(uintptr_t)offset};
  return true;
}

static void close_op(zarrc_blob *self) {
  zarrc_file_blob *blob = (zarrc_file_blob *)self;
  zarrc_file_growing_drop(blob);
  zarrc_file_forget(blob);
}

static size_t blob_nbytes_op(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(zarrc_file_blob);
}

static zarrc_status open_op(zarrc_store *store, const char *key, zarrc_blob *self, zarrc_error *error) {
  static const zarrc_blob_traits near = {.struct_size = sizeof near, .streams = true};
  static const zarrc_blob_ops reading = {
      .struct_size = sizeof reading, .read = read_op, .close = close_op, .identify = identify_op};
  static const zarrc_blob_ops writing = {.struct_size = sizeof writing,
                                         .read = read_op,
                                         .close = close_op,
                                         .replace = replace_op,
                                         .replace_from = replace_from_op,
                                         .erase = erase_op,
                                         .identify = identify_op,
                                         .keep = keep_op,
                                         .append = append_op,
                                         .publish = publish_op};
  (void)error;
  *(zarrc_file_blob *)self = (zarrc_file_blob){
      .blob = {store->read_only ? &reading : &writing, &near}, .fs = (zarrc_file_store *)store, .key = key};
  return ZARRC_OK;
}

static const zarrc_store_ops file_ops = {.struct_size = sizeof file_ops,
                                         .name = "file",
                                         .blob_nbytes = blob_nbytes_op,
                                         .open = open_op,
                                         .list = zarrc_file_list,
                                         .erase_prefix = zarrc_file_erase_prefix,
                                         .close = file_close,
                                         .stage = &zarrc_file_stage_ops,
                                         .list_temporary = zarrc_file_list_temporary,
                                         .create = zarrc_file_create};

static zarrc_status open_root(zarrc_file_store *fs, zarrc_error *error) {
  if (*fs->path != '/') {
    fs->start = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fs->start < 0) return zarrc_file_fail(error, errno, "cannot open the working directory");
  }
  int root = zarrc_file_root_take(fs);
  if (root < 0) {
    if (errno != ENOENT) return zarrc_file_fail(error, errno, "cannot open the directory");
    if (!fs->create) return zarrc_fail(error, ZARRC_NOT_FOUND, "there is no such directory");
    return ZARRC_OK;
  }
  zarrc_file_root_drop(fs, root);
  return ZARRC_OK;
}

zarrc_status zarrc_file_store_open(zarrc_ctx *ctx, const char *path, const zarrc_file_store_options *options,
                                   zarrc_store **out, zarrc_error *error) {
  zarrc_file_store_options o = {0};
  zarrc_status status = options ? zarrc_sized_take(&o, sizeof o, options, "the file store's options", error) : ZARRC_OK;
  if (status) return status;
  if (!path || !*path) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no directory is named");
  size_t size = strlen(path) + 1;
  zarrc_file_store *fs = zarrc_malloc(ctx, sizeof *fs);
  char *copy = zarrc_malloc(ctx, size);
  if (!fs || !copy) {
    zarrc_free(ctx, fs);
    zarrc_free(ctx, copy);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  }
  memcpy(copy, path, size);
  *fs = (zarrc_file_store){.store = {.ops = &file_ops, .ctx = ctx, .read_only = o.read_only, .url = copy},
                           .path = copy,
                           .start = -1,
                           .create = o.create && !o.read_only,
                           .follow_links = o.follow_links,
                           .direct = o.direct,
                           .sync = o.sync,
                           .max_value_bytes = o.max_value_bytes};
  atomic_init(&fs->holding, 0);
  atomic_init(&fs->no_openat2, false);
  atomic_init(&fs->has_links, false);
  status = open_root(fs, error);
  if (status) {
    zarrc_error_in_key(error, &fs->store, "");
    file_close(&fs->store);
    return status;
  }
  *out = &fs->store;
  return ZARRC_OK;
}
