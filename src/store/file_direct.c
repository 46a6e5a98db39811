/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing with O_DIRECT. Memory, offsets and lengths must then be multiples of the block size of the disk.
 * Those of values are not, so most bytes go through an aligned buffer.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* The largest block size of disks; smaller ones are powers of two. */
#define BLOCK ((size_t)4096)
/* Bytes that are read or written at once. */
#define BUFFER_NBYTES ((size_t)1 << 20)

int zarrc_file_direct_flag(void) {
#ifdef O_DIRECT
  return O_DIRECT;
#else
  return 0;
#endif
}

static bool is_aligned(const void *p) {
  return (uintptr_t)p % BLOCK == 0;
}

/* Clears O_DIRECT for the rest of the file. */
static void lose_direct(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0) fcntl(fd, F_SETFL, flags & ~zarrc_file_direct_flag());
}

/* Takes aligned memory for nbytes bytes. */
static zarrc_status aligned_take(zarrc_ctx *ctx, size_t nbytes, zarrc_bytes *memory, uint8_t **aligned,
                                 zarrc_error *error) {
  if (nbytes > SIZE_MAX - BLOCK)
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a buffer of %zu bytes", nbytes);
  zarrc_status status = zarrc_scratch_take(ctx, nbytes + BLOCK, memory, error);
  if (!status) *aligned = (uint8_t *)(uintptr_t)(((uintptr_t)memory->ptr + BLOCK - 1) / BLOCK * BLOCK);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ reading */

/* Reads whole blocks into aligned memory until it has `need` bytes; the file may end within the last block. */
static zarrc_status blocks_read(int fd, uint64_t offset, size_t nbytes, size_t need, uint8_t *into,
                                zarrc_error *error) {
  size_t done = 0;
  while (done < need) {
    struct iovec piece = {into + done, nbytes - done};
    ssize_t got = preadv(fd, &piece, 1, (off_t)(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EINVAL) break; /* not supported, or not after a short read */
    if (got < 0) return zarrc_file_fail(error, errno, "cannot read at byte %llu", (unsigned long long)offset + done);
    if (got == 0) return zarrc_file_cut_off(offset + done, error);
    done += (size_t)got;
  }
  if (done >= need) return ZARRC_OK;
  lose_direct(fd);
  struct iovec rest = {into + done, need - done};
  return zarrc_file_read_pieces(fd, &rest, 1, offset + done, error);
}

/* Reads into memory of any alignment, a buffer at a time. */
static zarrc_status read_through_buffer(zarrc_ctx *ctx, int fd, uint64_t offset, size_t nbytes, uint8_t *into,
                                        zarrc_error *error) {
  zarrc_bytes memory;
  uint8_t *buffer = NULL;
  size_t lead = (size_t)(offset % BLOCK), most = nbytes < BUFFER_NBYTES ? nbytes + 2 * BLOCK : BUFFER_NBYTES;
  most = most / BLOCK * BLOCK;
  zarrc_status status = aligned_take(ctx, most, &memory, &buffer, error);
  if (status) return status;
  for (offset -= lead; nbytes > 0 && !status; lead = 0) {
    size_t some = nbytes < most - lead ? nbytes : most - lead, need = lead + some;
    status = blocks_read(fd, offset, (need + BLOCK - 1) / BLOCK * BLOCK, need, buffer, error);
    if (status) break;
    memcpy(into, buffer + lead, some);
    into += some;
    nbytes -= some;
    offset += need;
  }
  zarrc_bytes_release(&memory);
  return status;
}

/* Reads into aligned memory, which is lent. */
static zarrc_status read_lent(zarrc_ctx *ctx, int fd, uint64_t offset, size_t nbytes, zarrc_bytes *out,
                              zarrc_error *error) {
  size_t lead = (size_t)(offset % BLOCK);
  zarrc_bytes memory;
  uint8_t *buffer = NULL;
  if (nbytes > SIZE_MAX - 2 * BLOCK)
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a buffer of %zu bytes", nbytes);
  size_t need = lead + nbytes, all = (need + BLOCK - 1) / BLOCK * BLOCK;
  zarrc_status status = aligned_take(ctx, all, &memory, &buffer, error);
  if (status) return status;
  status = blocks_read(fd, offset - lead, all, need, buffer, error);
  if (status) {
    zarrc_bytes_release(&memory);
    return status;
  }
  *out = memory;
  out->ptr = buffer + lead;
  out->len = nbytes;
  return ZARRC_OK;
}

zarrc_status zarrc_file_direct_read(zarrc_ctx *ctx, int fd, uint64_t offset, size_t nbytes, void *into,
                                    zarrc_bytes *out, zarrc_error *error) {
  *out = (zarrc_bytes){.ptr = into ? into : (const void *)"", .len = nbytes};
  if (nbytes == 0) return ZARRC_OK;
  if (!into) return read_lent(ctx, fd, offset, nbytes, out, error);
  size_t whole = offset % BLOCK == 0 && is_aligned(into) ? nbytes / BLOCK * BLOCK : 0;
  zarrc_status status = whole ? blocks_read(fd, offset, whole, whole, into, error) : ZARRC_OK;
  if (!status && whole < nbytes)
    status = read_through_buffer(ctx, fd, offset + whole, nbytes - whole, (uint8_t *)into + whole, error);
  if (status) *out = (zarrc_bytes){0};
  return status;
}

/* ------------------------------------------------------------------------------------------------------ writing */

static zarrc_status blocks_write(int fd, const uint8_t *from, size_t nbytes, zarrc_error *error) {
  struct iovec piece = {(void *)(uintptr_t)from, nbytes}, *iov = &piece;
  int n = 1;
  while (zarrc_file_advance(&iov, &n, 0)) {
    ssize_t put = writev(fd, iov, n);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EINVAL) break; /* not supported, or not after a short write */
    if (put <= 0) return zarrc_file_fail(error, put < 0 ? errno : EIO, "cannot write");
    zarrc_file_advance(&iov, &n, (size_t)put);
  }
  if (n == 0) return ZARRC_OK;
  lose_direct(fd);
  return zarrc_file_write_pieces(fd, iov, n, error);
}

zarrc_status zarrc_file_direct_begin(zarrc_file_direct *d, zarrc_ctx *ctx, int fd, zarrc_error *error) {
  *d = (zarrc_file_direct){.fd = fd};
  return aligned_take(ctx, BUFFER_NBYTES, &d->memory, &d->buffer, error);
}

/* Writes aligned whole blocks directly, and gathers everything else in the buffer. */
static zarrc_status piece_add(zarrc_file_direct *d, const uint8_t *from, size_t nbytes, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  while (nbytes > 0 && !status) {
    size_t some = nbytes / BLOCK * BLOCK;
    if (d->filled == 0 && some && is_aligned(from)) {
      status = blocks_write(d->fd, from, some, error);
    } else {
      some = nbytes < BUFFER_NBYTES - d->filled ? nbytes : BUFFER_NBYTES - d->filled;
      memcpy(d->buffer + d->filled, from, some);
      d->filled += some;
      if (d->filled == BUFFER_NBYTES) {
        status = blocks_write(d->fd, d->buffer, d->filled, error);
        d->filled = 0;
      }
    }
    from += some;
    nbytes -= some;
  }
  return status;
}

zarrc_status zarrc_file_direct_add(zarrc_file_direct *d, const zarrc_bytes *parts, size_t n, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) status = piece_add(d, parts[i].ptr, parts[i].len, error);
  return status;
}

zarrc_status zarrc_file_direct_end(zarrc_file_direct *d, zarrc_error *error) {
  size_t whole = d->filled / BLOCK * BLOCK;
  zarrc_status status = whole ? blocks_write(d->fd, d->buffer, whole, error) : ZARRC_OK;
  if (status || whole == d->filled) return status;
  struct iovec rest = {d->buffer + whole, d->filled - whole};
  lose_direct(d->fd);
  return zarrc_file_write_pieces(d->fd, &rest, 1, error);
}

void zarrc_file_direct_clear(zarrc_file_direct *d) {
  zarrc_bytes_release(&d->memory);
}
