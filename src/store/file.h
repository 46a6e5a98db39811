/* SPDX-License-Identifier: MIT */
/*
 * The file store, between its files: file.c (opening, reading), file_write.c (one key changed), file_copy.c (bytes
 * from file to file), file_direct.c (past the page cache), file_list.c (many keys), file_root.c (the directory) and
 * path.c (how a key becomes a file). Nothing in it is locked or remembered inside the process but descriptors, so it
 * may be used by any thread and after fork().
 */
#ifndef ZARRC_STORE_FILE_H
#define ZARRC_STORE_FILE_H

#include "store/common.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <zarrc/plugin/store.h>

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

enum { ZARRC_FILE_SWEPT = 64 };

typedef struct zarrc_file_store {
  zarrc_store store;
  char *path; /* of the root, as it was given */
  int start;  /* the directory to which a relative path belongs, else -1 */
  int root;   /* the root directory once it is held, and what it is */
  dev_t device;
  ino_t inode;
  atomic_int holding;
  atomic_int unused; /* so many directories, the root and those above it, were made for a write that failed */
  _Atomic uint32_t swept[ZARRC_FILE_SWEPT]; /* directories whose temporary files have been looked at, by a hash */
  atomic_bool no_openat2;
  bool create, follow_links, direct;
  zarrc_sync sync;
  uint64_t max_value_bytes;
} zarrc_file_store;

/* What a blob remembers of the file it has read. */
typedef struct zarrc_file_seen {
  int32_t fd; /* 0: nothing read yet; -1: there was no file; else the open file's descriptor + 1 */
  uint32_t ctime_nsec;
  int64_t ctime_sec, nbytes;
  uint64_t device, inode;
  bool direct; /* it was opened with O_DIRECT */
} zarrc_file_seen;

typedef struct zarrc_file_blob {
  zarrc_blob blob;
  zarrc_file_store *fs;
  const char *key;
  zarrc_file_seen seen;
} zarrc_file_blob;

/* ------------------------------------------------------------------------------------------------------- path.c */

/* ZARRC_IO or ZARRC_ACCESS: "what: words for os_error", with what formatted. */
zarrc_status zarrc_file_fail(zarrc_error *error, int os_error, const char *format, ...) ZARRC_PRINTF(3, 4);

/* Writes the pieces where the file stands; they are used up. */
zarrc_status zarrc_file_write_pieces(int fd, struct iovec *iov, int n, zarrc_error *error);

/* Fills the pieces with what stands at offset; they are used up. */
zarrc_status zarrc_file_read_pieces(int fd, struct iovec *iov, int n, uint64_t offset, zarrc_error *error);

/* ZARRC_TRUNCATED: there are no more than so many bytes any more. */
zarrc_status zarrc_file_cut_off(uint64_t nbytes, zarrc_error *error);

/* Leaves out the first nbytes bytes of *n pieces, and empty ones in front; false: nothing is left. */
bool zarrc_file_advance(struct iovec **iov, int *n, size_t nbytes);

/* openat, not inherited by other programs, again after EINTR; and close, which leaves errno alone. */
int zarrc_file_open(int dir, const char *path, int flags);
void zarrc_file_close(int fd);

/* Opens what lies at a path below the root ("" is the root): -1 and errno on failure. Symbolic links are followed as
 * far as they stay below the root: EXDEV where one leads out. Relative ones only; an absolute link leads out. */
int zarrc_file_open_below(zarrc_file_store *fs, const char *path, int flags);

/* The same, and the root from which it was looked up (or -1), to be dropped. */
int zarrc_file_open_from(zarrc_file_store *fs, const char *path, int flags, int *root);

/* How many directories were made for a key: the root and those above it, and below the root. */
typedef struct zarrc_file_made {
  int root, below;
} zarrc_file_made;

/* Opens the directory that holds a key, fit for flock and fsync; -1 and errno. Unless `made` is NULL directories that
 * lack are made (and synced as the store says), and counted, when this fails too. *name is the rest of the key. */
int zarrc_file_open_parent(zarrc_file_store *fs, const char *key, zarrc_file_made *made, const char **name);
/* Removes what was made for a key that could not be written, where nothing is in it; the root goes when the store is
 * closed, as it may be in use. */
void zarrc_file_unmake(zarrc_file_store *fs, const char *key, const zarrc_file_made *made);

/* mkdirat; the new entry is synced if the store says so. */
int zarrc_file_make_dir(const zarrc_file_store *fs, int dir, const char *name);

/* fsync of a directory, where the file system knows that: 0, or -1 and errno. */
int zarrc_file_sync_dir(int dir);

/* ".<name>.<pid>.<random>.tmp", where a long name is cut; and whether a name looks so. */
enum { ZARRC_TEMP_NAME = 160 };
void zarrc_file_temp_name(char out[ZARRC_TEMP_NAME], const char *name);
bool zarrc_file_is_temp(const char *name);
/* Locks a temporary file that is being written, so that others see that its writer is alive; and removes one whose
 * writer is gone: nobody holds the lock, and no process here has the number in its name. */
void zarrc_file_temp_hold(int fd);
bool zarrc_file_temp_remove(int dir, const char *name);
/* Whether it would be removed, and how large it is. */
bool zarrc_file_temp_is_left(int dir, const char *name, uint64_t *nbytes);
/* Removes such files from the directory of a key, the first time that it is asked to by this store. */
void zarrc_file_temp_sweep(zarrc_file_store *fs, int dir, const char *key);

/* -------------------------------------------------------------------------------------------------- file_root.c */

/* The directory that the store's path names now, for one operation, then to be dropped; or -1 and errno. ENOENT: it is
 * not there yet. ESTALE: it was there and is no more: its keys must not look like missing values. */
int zarrc_file_root_take(zarrc_file_store *fs);
/* Keeps errno. root may be -1. */
void zarrc_file_root_drop(zarrc_file_store *fs, int root);
/* Makes the directory if it is not there yet and the store may; else as zarrc_file_root_take. *made: how many
 * directories were made, this one and those above it. */
int zarrc_file_root_make(zarrc_file_store *fs, int *made);
/* Whether a directory that was taken has been removed meanwhile. Keeps errno. */
bool zarrc_file_root_is_deleted(int root);
void zarrc_file_root_close(zarrc_file_store *fs);

/* -------------------------------------------------------------------------------------------------- file_lock.c */

typedef struct zarrc_file_lock_held {
  int dir, file;
} zarrc_file_lock_held;

/* Waits for the lock of an open directory, which stays open until it is unlocked. False and errno: nothing can be
 * locked there; unlocking does nothing then. */
bool zarrc_file_lock(int dir, zarrc_file_lock_held *lock);
void zarrc_file_unlock(zarrc_file_lock_held *lock);

/* -------------------------------------------------------------------------------------------------- file_copy.c */

/* Writes nbytes bytes that stand at `offset` of one file to where another file is being written, moved by the system
 * where it can do that (shared, on file systems that share blocks), else through memory. ZARRC_TRUNCATED: the first
 * file ends earlier. */
zarrc_status zarrc_file_copy(zarrc_ctx *ctx, int from, uint64_t offset, uint64_t nbytes, int to, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------ file_direct.c */

/* O_DIRECT, or 0 where the system has nothing like it. */
int zarrc_file_direct_flag(void);

/* Reads nbytes bytes at `offset` of a file opened with O_DIRECT into `into`, or, if that is NULL, into memory that is
 * lent. Where the file system will not read so after all, the descriptor loses O_DIRECT. */
zarrc_status zarrc_file_direct_read(zarrc_ctx *ctx, int fd, uint64_t offset, size_t nbytes, void *into,
                                    zarrc_bytes *out, zarrc_error *error);

/* Writes to an empty file opened with O_DIRECT, which it loses for the end of the last block, or where the file system
 * will not write so after all: begin, add pieces as often as there are some, end; and clear, also after a failure. */
typedef struct zarrc_file_direct {
  int fd;
  zarrc_bytes memory;
  uint8_t *buffer; /* aligned, in memory */
  size_t filled;   /* bytes of it that are not written yet */
} zarrc_file_direct;
zarrc_status zarrc_file_direct_begin(zarrc_file_direct *d, zarrc_ctx *ctx, int fd, zarrc_error *error);
zarrc_status zarrc_file_direct_add(zarrc_file_direct *d, const zarrc_bytes *parts, size_t n, zarrc_error *error);
zarrc_status zarrc_file_direct_end(zarrc_file_direct *d, zarrc_error *error);
void zarrc_file_direct_clear(zarrc_file_direct *d);

/* ------------------------------------------------------------------------------------------------- file_place.c */

/* The directory of a prefix; symbolic links to it have been followed. */
typedef struct zarrc_file_place {
  int holder;              /* the directory that holds it */
  char name[NAME_MAX + 1]; /* in that directory */
  bool inside; /* it cannot be renamed (it is a mount point, or the working directory): holder is the place itself, and
                  it has no name */
} zarrc_file_place;

/* Finds it, whether it is there or not; with make, directories above it that are missing are made. -1 and errno. */
int zarrc_file_place_open(zarrc_file_store *fs, const char *prefix, bool make, zarrc_file_place *place);
void zarrc_file_place_close(zarrc_file_place *place);

/* ------------------------------------------------------------------------------------------------- file_stage.c */

extern const zarrc_stage_ops zarrc_file_stage_ops;

/* Whether a name is that of a directory in which a new version is made. */
bool zarrc_file_is_stage(const char *name);

/* ----------------------------------------------------------------------------------------------- file_move_in.c */

/* Puts what is in "new" of a stage's directory in the place of what is in a directory that cannot be renamed. */
zarrc_status zarrc_file_move_in(int place, int stage, bool replace, zarrc_error *error);
/* Undoes it, if it was begun and has not come to its end. 0, or -1 and errno. */
int zarrc_file_undo_move_in(int place, int stage);

/* -------------------------------------------------------------------------------------- the operations elsewhere */

void zarrc_file_forget(zarrc_file_blob *blob);
zarrc_status zarrc_file_replace(zarrc_file_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                zarrc_error *error);
zarrc_status zarrc_file_replace_from(zarrc_file_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error);
zarrc_status zarrc_file_erase(zarrc_file_blob *blob, bool if_unchanged, zarrc_error *error);
zarrc_status zarrc_file_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error);
zarrc_status zarrc_file_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                       zarrc_error *error);
zarrc_status zarrc_file_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error);

#endif
