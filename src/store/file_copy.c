/* SPDX-License-Identifier: MIT */
/* Copying bytes from one file to another. */
#include "store/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* File systems share blocks of this size, or of a smaller power of two. */
#define SHARED_NBYTES ((uint64_t)4096)
/* Shorter runs are not worth separate calls. */
#define SHARING_MIN ((uint64_t)256 << 10)
/* Bytes that are copied through memory at once; they fit the cache. */
#define BUFFER_NBYTES ((uint64_t)256 << 10)

static zarrc_status copy_through_memory(zarrc_ctx *ctx, int from, uint64_t offset, uint64_t nbytes, int to,
                                        zarrc_error *error) {
  zarrc_bytes buffer;
  zarrc_status status =
      zarrc_scratch_take(ctx, (size_t)(nbytes < BUFFER_NBYTES ? nbytes : BUFFER_NBYTES), &buffer, error);
  if (status) return status;
  while (nbytes > 0 && !status) {
    struct iovec piece = {(void *)(uintptr_t)buffer.ptr, (size_t)(nbytes < buffer.len ? nbytes : buffer.len)};
    ssize_t got = preadv(from, &piece, 1, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = zarrc_file_fail(error, errno, "cannot read at byte %llu", (unsigned long long)offset);
    if (got == 0) status = zarrc_file_cut_off(offset, error);
    if (status || got <= 0) break;
    piece.iov_len = (size_t)got;
    status = zarrc_file_write_pieces(to, &piece, 1, error);
    offset += (uint64_t)got;
    nbytes -= (uint64_t)got;
  }
  zarrc_bytes_release(&buffer);
  return status;
}

#ifdef __linux__

/* Most bytes of one call. */
#define AT_ONCE ((uint64_t)1 << 30)

/* Returns whether an error is a real one. All others mean that the system cannot copy between these two files. */
static bool is_final(int os_error) {
  return os_error == EIO || os_error == ENOSPC || os_error == EDQUOT || os_error == EFBIG || os_error == ENOMEM;
}

/* Lets the system copy as much as it can; *done: how many bytes. */
static zarrc_status copy_in_system(int from, uint64_t offset, uint64_t nbytes, int to, uint64_t *done,
                                   zarrc_error *error) {
  while (*done < nbytes) {
    off64_t at = (off64_t)(offset + *done);
    uint64_t left = nbytes - *done;
    ssize_t moved = copy_file_range(from, &at, to, NULL, (size_t)(left < AT_ONCE ? left : AT_ONCE), 0);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0 && is_final(errno)) return zarrc_file_fail(error, errno, "cannot copy at byte %lld", (long long)at);
    if (moved <= 0) break; /* the end of the file, or a file system that cannot be copied from in this way */
    *done += (uint64_t)moved;
  }
  return ZARRC_OK;
}

#else

static zarrc_status copy_in_system(int from, uint64_t offset, uint64_t nbytes, int to, uint64_t *done,
                                   zarrc_error *error) {
  (void)from, (void)offset, (void)nbytes, (void)to, (void)done, (void)error;
  return ZARRC_OK;
}

#endif

static zarrc_status copy_run(zarrc_ctx *ctx, int from, uint64_t offset, uint64_t nbytes, int to, zarrc_error *error) {
  uint64_t done = 0;
  zarrc_status status = copy_in_system(from, offset, nbytes, to, &done, error);
  if (status || done == nbytes) return status;
  return copy_through_memory(ctx, from, offset + done, nbytes - done, to, error);
}

/* Returns whether the bytes will have the same position within a block. */
static bool blocks_match(uint64_t offset, int to) {
  off_t at = lseek(to, 0, SEEK_CUR);
  return at >= 0 && ((uint64_t)at - offset) % SHARED_NBYTES == 0;
}

/* Only whole blocks can be shared, so the bytes before and after them are copied separately. */
zarrc_status zarrc_file_copy(zarrc_ctx *ctx, int from, uint64_t offset, uint64_t nbytes, int to, zarrc_error *error) {
  if (nbytes < SHARING_MIN || !blocks_match(offset, to)) return copy_run(ctx, from, offset, nbytes, to, error);
  uint64_t head = (0 - offset) % SHARED_NBYTES, whole = (nbytes - head) / SHARED_NBYTES * SHARED_NBYTES;
  const uint64_t runs[3] = {head, whole, nbytes - head - whole};
  zarrc_status status = ZARRC_OK;
  for (int i = 0; i < 3 && !status; i++) {
    if (runs[i]) status = copy_run(ctx, from, offset, runs[i], to, error);
    offset += runs[i];
  }
  return status;
}
