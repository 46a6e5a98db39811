/* SPDX-License-Identifier: MIT */
/*
 * The file store, in parts: file.c opens and reads, file_write.c changes one key, file_append.c makes a value piece by
 * piece, file_create.c creates nodes, file_copy.c copies bytes from file to file, file_direct.c bypasses the page
 * cache, file_list.c lists, file_root.c finds the root, path.c turns keys into files, file_io.c calls the system. The
 * process holds no locks and no state of it except descriptors, so that any thread may use it, also after fork().
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
  char *path; /* of the root, as given */
  int start;  /* the directory that a relative path starts from; -1: the path is absolute */
  int root;   /* the root directory, when it has been opened, with its device and inode */
  dev_t device;
  ino_t inode;
  atomic_int holding;
  atomic_int unused; /* number of directories (the root and those above) that were created for a write that failed */
  _Atomic uint32_t swept[ZARRC_FILE_SWEPT]; /* hashes of directories that were searched for temporary files */
  atomic_bool no_openat2;
  atomic_bool has_links; /* a symbolic link stood in the path of the root or in a key */
  bool create, follow_links, direct;
  zarrc_sync sync;
  uint64_t max_value_bytes;
} zarrc_file_store;

/* What a blob knows about the file it has read. */
typedef struct zarrc_file_seen {
  int32_t fd; /* 0: nothing has been read; -1: there was no file; else the descriptor of the open file + 1 */
  uint32_t ctime_nsec;
  int64_t ctime_sec, nbytes;
  uint64_t device, inode;
  bool direct; /* opened with O_DIRECT */
} zarrc_file_seen;

/* A new value that is made piece by piece. */
typedef struct zarrc_file_growing zarrc_file_growing;

typedef struct zarrc_file_blob {
  zarrc_blob blob;
  zarrc_file_store *fs;
  const char *key;
  zarrc_file_seen seen;
  zarrc_file_growing *growing; /* NULL: there is none */
} zarrc_file_blob;

/* -------------------------------------------------------------------------------------------------------- file_io.c */

/* Sets an error of ZARRC_IO, ZARRC_ACCESS or ZARRC_NO_MEMORY with the message "WHAT: text of os_error". */
zarrc_status zarrc_file_fail(zarrc_error *error, int os_error, const char *format, ...) ZARRC_PRINTF(3, 4);

/* Writes pieces at the current position of a file. Changes them. */
zarrc_status zarrc_file_write_pieces(int fd, struct iovec *iov, int n, zarrc_error *error);

/* Reads pieces from a position of a file. Changes them. */
zarrc_status zarrc_file_read_pieces(int fd, struct iovec *iov, int n, uint64_t offset, zarrc_error *error);

/* Sets an error of ZARRC_TRUNCATED: the file now ends after so many bytes. */
zarrc_status zarrc_file_cut_off(uint64_t nbytes, zarrc_error *error);

/* Removes the first nbytes bytes from *n pieces, and leading empty ones; returns false if nothing is left. */
bool zarrc_file_advance(struct iovec **iov, int *n, size_t nbytes);

/* openat with O_CLOEXEC, repeated after EINTR; and close, which keeps errno. */
int zarrc_file_open(int dir, const char *path, int flags);
void zarrc_file_close(int fd);

/* mkdirat, which also syncs the new entry if the store syncs. */
int zarrc_file_make_dir(const zarrc_file_store *fs, int dir, const char *name);

/* fsync of a directory, if the file system supports that. Returns 0, or -1 and errno. */
int zarrc_file_sync_dir(int dir);

/* Closes the file that a blob has read. */
void zarrc_file_forget(zarrc_file_blob *blob);

/* ------------------------------------------------------------------------------------------------------- path.c */

/* Opens a path below the root ("": the root). Returns -1 and errno on failure. Relative symbolic links are followed if
 * they stay below the root; EXDEV for all others. */
int zarrc_file_open_below(zarrc_file_store *fs, const char *path, int flags);

/* Returns whether a symbolic link may stand in the path of the root or in a key: some did, links are followed, or the
 * system cannot say so. */
bool zarrc_file_may_have_links(const zarrc_file_store *fs);

/* The same as zarrc_file_open_below. *root: the root from which the path was looked up, for zarrc_file_root_drop; -1 if
 * it was looked up by its whole path. */
int zarrc_file_open_from(zarrc_file_store *fs, const char *path, int flags, int *root);

/* How many directories were created for a key: the root and those above it; those below the root. */
typedef struct zarrc_file_made {
  int root, below;
} zarrc_file_made;

/* Opens the directory of a key so that it can be locked and synced; -1 and errno on failure. Unless `made` is NULL,
 * creates (and syncs) missing directories and counts them, after a failure too. *name: the last part of the key. */
int zarrc_file_open_parent(zarrc_file_store *fs, const char *key, zarrc_file_made *made, const char **name);
/* Removes directories that were created for a key that could not be written, if they are empty; the root only when the
 * store is closed, since it may be in use. */
void zarrc_file_unmake(zarrc_file_store *fs, const char *key, const zarrc_file_made *made);

/* ------------------------------------------------------------------------------------------------------ file_temp.c */

/* Makes the name ".<name>.<pid>.<random>.tmp", in which a long name is shortened; returns whether a name is such. */
enum { ZARRC_TEMP_NAME = 160 };
void zarrc_file_temp_name(char out[ZARRC_TEMP_NAME], const char *name);
bool zarrc_file_is_temp(const char *name);
/* hold locks a temporary file that is being written, so that its writer is known to be alive. remove removes a file
 * whose writer is dead: it is not locked, and no process here has the number in its name. */
void zarrc_file_temp_hold(int fd);
bool zarrc_file_temp_remove(int dir, const char *name);
/* Creates a temporary file beside a name, and holds it. access: O_WRONLY or O_RDWR; *direct: O_DIRECT or 0; becomes 0
 * if the file system refuses it. Returns -1 and errno on failure. */
int zarrc_file_temp_create(int dir, const char *name, int access, int *direct, char temp[ZARRC_TEMP_NAME]);
/* Returns whether `remove` would remove the file. *nbytes: its size. */
bool zarrc_file_temp_is_left(int dir, const char *name, uint64_t *nbytes);
/* Removes such files from the directory of a key, the first time that this store is asked to. */
void zarrc_file_temp_sweep(zarrc_file_store *fs, int dir, const char *key);

/* The end of the name of a stage's directory; returns whether a name is such. */
#define ZARRC_STAGE_SUFFIX ".zarrc-partial"
bool zarrc_file_is_stage(const char *name);

/* -------------------------------------------------------------------------------------------------- file_root.c */

/* Returns the directory that the store's path names now, to be dropped after one operation; or -1 and errno. ENOENT: it
 * does not exist yet. ESTALE: it existed and is gone; its keys must not look like missing values. */
int zarrc_file_root_take(zarrc_file_store *fs);
/* Keeps errno. root may be -1. */
void zarrc_file_root_drop(zarrc_file_store *fs, int root);
/* The same, but creates the directory if it does not exist and the store may create it. *made: the number of
 * directories that were created, including those above it. */
int zarrc_file_root_make(zarrc_file_store *fs, int *made);
/* Returns whether a directory that was taken has been removed. Keeps errno. */
bool zarrc_file_root_is_deleted(int root);
void zarrc_file_root_close(zarrc_file_store *fs);

/* -------------------------------------------------------------------------------------------------- file_lock.c */

typedef struct zarrc_file_lock_held {
  int dir, file;
} zarrc_file_lock_held;

/* Waits for the lock of an open directory, which must stay open until it is unlocked. Returns false and errno if
 * locking is impossible there; unlocking then does nothing. */
bool zarrc_file_lock(int dir, zarrc_file_lock_held *lock);
void zarrc_file_unlock(zarrc_file_lock_held *lock);

/* -------------------------------------------------------------------------------------------------- file_copy.c */

/* Copies nbytes bytes from `offset` of a file to the current position of another one: by the system if possible (on
 * some file systems both then share the blocks), otherwise through memory. ZARRC_TRUNCATED: the first file is too
 * short. */
zarrc_status zarrc_file_copy(zarrc_ctx *ctx, int from, uint64_t offset, uint64_t nbytes, int to, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------ file_direct.c */

/* Returns O_DIRECT; 0 if the system does not have it. */
int zarrc_file_direct_flag(void);

/* Reads nbytes bytes at `offset` of a file opened with O_DIRECT, to `into` or, if that is NULL, to memory that is lent.
 * If the file system refuses this, clears O_DIRECT of the descriptor. */
zarrc_status zarrc_file_direct_read(zarrc_ctx *ctx, int fd, uint64_t offset, size_t nbytes, void *into,
                                    zarrc_bytes *out, zarrc_error *error);

/* Writes to an empty file opened with O_DIRECT: begin, add any number of times, end; then clear, after a failure too.
 * O_DIRECT is cleared for the rest after the last whole block, or if the file system refuses it. */
typedef struct zarrc_file_direct {
  int fd;
  zarrc_bytes memory;
  uint8_t *buffer; /* aligned, in memory */
  size_t filled;   /* bytes in it that have not been written yet */
} zarrc_file_direct;
zarrc_status zarrc_file_direct_begin(zarrc_file_direct *d, zarrc_ctx *ctx, int fd, zarrc_error *error);
zarrc_status zarrc_file_direct_add(zarrc_file_direct *d, const zarrc_bytes *parts, size_t n, zarrc_error *error);
zarrc_status zarrc_file_direct_end(zarrc_file_direct *d, zarrc_error *error);
void zarrc_file_direct_clear(zarrc_file_direct *d);

/* ------------------------------------------------------------------------------------------------- file_place.c */

/* Where the directory of a prefix is or will be. Symbolic links to it have been followed. */
typedef struct zarrc_file_place {
  int holder;              /* the directory that contains it */
  char name[NAME_MAX + 1]; /* its name in holder */
  bool inside;             /* it cannot be renamed, as a mount point or working directory: holder is the directory
                              itself, and name is empty */
} zarrc_file_place;

/* Finds the place of a prefix. make: creates missing directories above it. Returns -1 and errno on failure. */
int zarrc_file_place_open(zarrc_file_store *fs, const char *prefix, bool make, zarrc_file_place *place);
void zarrc_file_place_close(zarrc_file_place *place);

/* ------------------------------------------------------------------------------------------------- file_stage.c */

extern const zarrc_stage_ops zarrc_file_stage_ops;

/* ----------------------------------------------------------------------------------------------- file_move_in.c */

/* Moves the contents of "new" in a stage's directory into a directory that cannot be renamed; replace: instead of its
 * contents. */
zarrc_status zarrc_file_move_in(int place, int stage, bool replace, zarrc_error *error);
/* Undoes this if it was begun and not completed. Returns 0, or -1 and errno. */
int zarrc_file_undo_move_in(int place, int stage);

/* ------------------------------------------------------------------------------------------------- file_write.c */

/* Returns ZARRC_INVALID_ARGUMENT if the name of the blob's key looks like that of a temporary file. */
zarrc_status zarrc_file_check_name(const zarrc_file_blob *blob, zarrc_error *error);
/* Writes pieces at the current position of a file, also those that the blob keeps. */
zarrc_status zarrc_file_write_parts(const zarrc_file_blob *blob, int fd, const zarrc_bytes *parts, size_t n,
                                    zarrc_error *error);
/* Closes a file that was written, synchronized if the store syncs and `status` is no failure. Returns the first
 * failure. */
zarrc_status zarrc_file_finish(const zarrc_file_store *fs, int fd, zarrc_status status, zarrc_error *error);
/* Renames a temporary file, or removes it if that fails. *os_error: errno if the system has failed. */
zarrc_status zarrc_file_put_in_place(zarrc_file_blob *blob, int dir, const char *name, const char *temp,
                                     bool if_unchanged, int *os_error, zarrc_error *error);
/* Sets the error of a change that must not be made without a lock. */
zarrc_status zarrc_file_fail_unlocked(int os_error, zarrc_error *error);
/* Closes the directory of a key that was written, or (failed) removes what was made for it. */
void zarrc_file_leave_parent(zarrc_file_store *fs, const char *key, int dir, const zarrc_file_made *made, bool failed);

/* ------------------------------------------------------------------------------------------------ file_append.c */

zarrc_status zarrc_file_append(zarrc_file_blob *blob, const zarrc_bytes *parts, size_t n, zarrc_error *error);
zarrc_status zarrc_file_publish(zarrc_file_blob *blob, bool if_unchanged, zarrc_error *error);
/* Returns the open file of a growing value, and its length. */
int zarrc_file_growing_get(const zarrc_file_growing *growing, uint64_t *nbytes);
/* Removes a growing value, if there is one. */
void zarrc_file_growing_drop(zarrc_file_blob *blob);

/* -------------------------------------------------------------------------------------- the operations elsewhere */

zarrc_status zarrc_file_replace(zarrc_file_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                zarrc_error *error);
zarrc_status zarrc_file_replace_from(zarrc_file_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error);
zarrc_status zarrc_file_erase(zarrc_file_blob *blob, bool if_unchanged, zarrc_error *error);
zarrc_status zarrc_file_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error);
zarrc_status zarrc_file_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                       zarrc_error *error);
zarrc_status zarrc_file_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error);
zarrc_status zarrc_file_create(zarrc_store *store, const char *folder, const char *const *names,
                               const zarrc_bytes *values, size_t n, const char *const *unless, zarrc_error *error);

#endif
