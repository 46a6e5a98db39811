/* SPDX-License-Identifier: MIT */
/*
 * Stores: keys and values. Keys are UTF-8 paths without a leading or trailing slash ("a/zarr.json"); every store
 * refuses keys with an empty, "." or ".." segment or a NUL before it does anything with them. How to write a store is
 * in zarrc/plugin/store.h.
 */
#ifndef ZARRC_STORE_H
#define ZARRC_STORE_H

#include <zarrc/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zarrc_store zarrc_store;

/* One entry of a listing. */
typedef struct zarrc_entry {
  const char *key; /* whole key; of a prefix without its trailing slash */
  bool is_prefix;  /* other keys lie below it */
  uint64_t nbytes; /* of the value; ZARRC_UNKNOWN where finding out would cost something */
  bool is_circle;  /* a prefix that is a link to one above it: what is below it is listed there, without an end here */
} zarrc_entry;
typedef zarrc_status (*zarrc_list_fn)(void *arg, const zarrc_entry *entry, zarrc_error *error);

/* A new version of all that lies below a prefix, made beside it and put in its place when it is complete: until then
 * readers see what was there before, or nothing. It begins with this struct; the rest belongs to the store. */
typedef struct zarrc_stage {
  zarrc_store *target;
  zarrc_store *store; /* write the new version here: what is "a" in it becomes "prefix/a" */
  bool resumed;       /* an unfinished version was found, and is gone on with */
} zarrc_stage;

/* What is done about a version that an earlier stage left unfinished. */
typedef enum zarrc_stage_mode {
  ZARRC_STAGE_NEW,    /* it is ZARRC_CONFLICT */
  ZARRC_STAGE_RESUME, /* it is gone on with */
  ZARRC_STAGE_DISCARD /* it is removed */
} zarrc_stage_mode;

/* First member of every kind of store. */
struct zarrc_store {
  const struct zarrc_store_ops *ops; /* zarrc/plugin/store.h */
  zarrc_ctx *ctx;
  bool read_only;
};

ZARRC_API void zarrc_store_close(zarrc_store *store);
ZARRC_API zarrc_status zarrc_key_check(const char *key, zarrc_error *error);

/* The opened blob of a key. It lies in here where it fits, else in scratch memory; do not move this struct. */
typedef struct zarrc_key_blob {
  zarrc_blob *blob; /* NULL: none is open */
  zarrc_bytes memory;
  union {
    uint64_t align;
    unsigned char bytes[256];
  } room;
} zarrc_key_blob;

/* Checks the key, which is borrowed, and opens its blob; no input or output happens. */
ZARRC_API zarrc_status zarrc_key_blob_open(zarrc_key_blob *blob, zarrc_store *store, const char *key,
                                           zarrc_error *error);
/* Also after a failure, and twice. */
ZARRC_API void zarrc_key_blob_close(zarrc_key_blob *blob);

/* Whole values, for metadata and the like. */
ZARRC_API zarrc_status zarrc_store_get(zarrc_store *store, const char *key, uint64_t max, zarrc_bytes *out,
                                       zarrc_error *error);
ZARRC_API zarrc_status zarrc_store_set(zarrc_store *store, const char *key, const void *bytes, size_t nbytes,
                                       zarrc_error *error);
ZARRC_API zarrc_status zarrc_store_erase(zarrc_store *store, const char *key, zarrc_error *error);
/* Erases every key below a prefix. */
ZARRC_API zarrc_status zarrc_store_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error);
ZARRC_API zarrc_status zarrc_store_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                        void *arg, zarrc_error *error);
/* Lists the temporary files below a prefix whose writers are gone, with their sizes. No listing of keys has them, and
 * nothing can be read from them: they only take up space until the next writer in their directory removes them. */
ZARRC_API zarrc_status zarrc_store_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                                  zarrc_error *error);

/* Begins a new version of what lies below a prefix ("" for all of the store). note: a line about who makes it; it stays
 * with an unfinished version, and an unfinished one without a note ("") is nothing to go on with and always removed.
 * Only one process (or thread) at a time works on a prefix: ZARRC_CONFLICT while another one does, but where that one
 * has no note it is waited for. ZARRC_UNSUPPORTED: the store cannot do it. */
ZARRC_API zarrc_status zarrc_stage_open(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                                        zarrc_stage **out, zarrc_error *error);
/* Puts the new version in the place of the prefix, at once; zarrc_stage_close removes what was there, as far as that
 * can be done (zarrc_stage_left). ZARRC_CONFLICT: something is there, and `replace` is not set. */
ZARRC_API zarrc_status zarrc_stage_publish(zarrc_stage *stage, bool replace, zarrc_error *error);
/* Ends the work; a version that was not published is removed, or kept for ZARRC_STAGE_RESUME. NULL is allowed. */
ZARRC_API void zarrc_stage_close(zarrc_stage *stage, bool keep);
/* Whether an unfinished version of a prefix is there, and its note (cut where it does not fit). Where a process was
 * ended just when it had moved the old version aside, the old version is moved back first, unless the store is
 * read-only. */
ZARRC_API zarrc_status zarrc_stage_find(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                                        zarrc_error *error);
/* Whether something is left of versions of a prefix that could not be removed when they were replaced, as what another
 * user owns, and where it is (cut where it does not fit). The next stage of the prefix tries to remove it again. */
ZARRC_API zarrc_status zarrc_stage_left(zarrc_store *store, const char *prefix, char *place, size_t size, bool *found,
                                        zarrc_error *error);
/* Whether a store can replace a prefix as a whole. */
ZARRC_API bool zarrc_stage_possible(const zarrc_store *store);

/* Keys in memory; gone when the store is closed. */
ZARRC_API zarrc_status zarrc_memory_store_open(zarrc_ctx *ctx, zarrc_store **out, zarrc_error *error);

/* What lies below a prefix of a store ("" for all), as a store. Neither owns nor closes the other. */
ZARRC_API zarrc_status zarrc_prefix_store_open(zarrc_store *inner, const char *prefix, zarrc_store **out,
                                               zarrc_error *error);

/* The keys of two stores: values in front hide those behind. New keys are made behind; a key that is in front is read
 * and changed there, so make that store read_only if changes must not stay in front. Looking a key up in front should
 * cost little, as in memory. Neither owns nor closes the two. */
ZARRC_API zarrc_status zarrc_overlay_store_open(zarrc_store *front, zarrc_store *behind, zarrc_store **out,
                                                zarrc_error *error);

/* When a write of the file store counts as done. */
typedef enum zarrc_sync {
  ZARRC_SYNC_NONE, /* when the new file has its name: survives the end of the process */
  ZARRC_SYNC_DATA  /* when file and directory are on the disk: survives a power cut */
} zarrc_sync;

typedef struct zarrc_file_store_options {
  size_t struct_size;
  bool read_only; /* never writes, whatever is asked */
  bool create;    /* make the root directory if it is not there */
  zarrc_sync sync;
  bool follow_links; /* follow symbolic links that lead out of the root, and absolute ones; relative ones that stay
                        inside are always followed */
  uint64_t max_value_bytes; /* 0: no limit beyond what the reader asks for */
  bool direct;              /* values go past the page cache (O_DIRECT), where the file system allows that: for what is
                               read or written once and would push out what others need */
} zarrc_file_store_options;

/* A directory; each key is one file. Writes go to a temporary file ".<name>.<pid>.<random>.tmp" in the same directory,
 * which is renamed; listings leave such files out, and no key may end in such a name. Those of writers that were killed
 * are removed by the next writer in the directory, and by listings of a store that may write. Erasing a key leaves the
 * directories above it, erasing a prefix removes those below it. What is no regular file is ZARRC_IO, not a missing
 * value; a symbolic link is replaced by a write and removed by an erase. if_unchanged holds between threads and
 * processes, by flock of the directory or, where that fails (NFS), by a lock file that is there while a value is
 * renamed; where neither can be locked such a write fails, while others replace what is there. Each operation asks what
 * the path names now: where the directory was replaced it works on the new one, and where it is gone it fails
 * (ZARRC_IO, ESTALE), as nothing there would look like missing values. options may be NULL. */
ZARRC_API zarrc_status zarrc_file_store_open(zarrc_ctx *ctx, const char *path, const zarrc_file_store_options *options,
                                             zarrc_store **out, zarrc_error *error);

typedef struct zarrc_open_options {
  size_t struct_size;
  bool read_only;
  bool create;
  zarrc_sync sync;
  bool follow_links; /* as in zarrc_file_store_options */
  bool direct;       /* likewise */
} zarrc_open_options;

/* Opens the store that a URL names (a path, file:..., memory:) and returns the path of the node inside it: the store's
 * root is the outermost directory of the hierarchy that the node belongs to. Links in the URL's own path are followed,
 * as the caller chose them: the root is then where the last of them leads to, or further down. *path is freed with
 * zarrc_free. */
ZARRC_API zarrc_status zarrc_store_open(zarrc_ctx *ctx, const char *url, const zarrc_open_options *options,
                                        zarrc_store **out, char **path, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif
