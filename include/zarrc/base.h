/* SPDX-License-Identifier: MIT */
/*
 * The ground: statuses, errors, the context, memory that moves (loans, buffers, parts) and blobs.
 *
 * Conventions of all headers
 *   - What you open you close; every close accepts NULL. `**out` is written only on success.
 *   - Every function that can fail returns a zarrc_status and takes a zarrc_error, which may be NULL.
 *   - After an error array memory is undefined and everything else is as before.
 *   - Unless said otherwise a function may be called from any thread, and an object after it was opened may be
 *     used from any number of threads at once. Closing an object while it is in use is the caller's error.
 *   - Sizes of memory are size_t, sizes of stored things uint64_t; shapes, strides and indices int64_t.
 */
#ifndef ZARRC_BASE_H
#define ZARRC_BASE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(ZARRC_BUILD) && defined(__GNUC__)
#define ZARRC_API __attribute__((visibility("default")))
#else
#define ZARRC_API
#endif

#if defined(__GNUC__)
#define ZARRC_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
#define ZARRC_PRINTF(at, first)
#endif

#define ZARRC_VERSION_MAJOR 0
#define ZARRC_VERSION_MINOR 1
#define ZARRC_VERSION_PATCH 0

/* The version of the library that is linked, "0.1.0". */
ZARRC_API const char *zarrc_version(void);

/* ------------------------------------------------------------------------------------------ statuses and errors */

/* name, exit code of the command, words */
#define ZARRC_STATUSES(X)                                                                                              \
  X(OK, 0, "ok")                                                                                                       \
  X(INVALID_ARGUMENT, 2, "invalid argument")                                                                           \
  X(NOT_FOUND, 3, "not found")                                                                                         \
  X(INVALID_METADATA, 4, "invalid metadata")                                                                           \
  X(UNSUPPORTED, 5, "unsupported")                                                                                     \
  X(CORRUPT, 6, "corrupt data")                                                                                        \
  X(TRUNCATED, 6, "truncated data")                                                                                    \
  X(CHECKSUM, 6, "checksum mismatch")                                                                                  \
  X(SIZE_MISMATCH, 6, "size mismatch")                                                                                 \
  X(LIMIT, 7, "limit exceeded")                                                                                        \
  X(NO_MEMORY, 8, "out of memory")                                                                                     \
  X(IO, 9, "input/output error")                                                                                       \
  X(CONFLICT, 10, "conflict")                                                                                          \
  X(NETWORK, 11, "network error")                                                                                      \
  X(CANCELED, 130, "canceled")                                                                                         \
  X(INTERNAL, 70, "internal error")                                                                                    \
  X(ACCESS, 13, "no access")                                                                                           \
  X(PENDING, 70, "not fetched yet")

typedef enum zarrc_status {
#define ZARRC_X(name, exit_code, words) ZARRC_##name,
  ZARRC_STATUSES(ZARRC_X)
#undef ZARRC_X
} zarrc_status;

ZARRC_API const char *zarrc_status_name(zarrc_status status);  /* "CHECKSUM" */
ZARRC_API const char *zarrc_status_words(zarrc_status status); /* "checksum mismatch" */
ZARRC_API int zarrc_status_exit_code(zarrc_status status);     /* 6 */

/* ZARRC_ACCESS for what the system does not permit (EACCES, EPERM, EROFS) and for a link that leads where it may not
 * (EXDEV), ZARRC_NO_MEMORY for ENOMEM, else ZARRC_IO. */
ZARRC_API zarrc_status zarrc_status_of_errno(int os_error);

/* What went wrong, owned by the caller; zero it or leave it as it is, every failure overwrites it whole.
 * `message` is the complete sentence; the other members repeat parts of it for programs ("" or -1: does not apply). */
typedef struct zarrc_error {
  zarrc_status code;
  int os_error;      /* errno of ZARRC_IO, ZARRC_ACCESS and ZARRC_NETWORK, else 0 */
  int64_t offset;    /* byte inside the stored value */
  char codec[48];    /* name of the codec that failed */
  char chunk[112];   /* chunk coordinates, "0,3"; inner ones behind a slash, "0,3/1,7" */
  char key[272];     /* key in the store */
  char path[512];    /* of the file that could not be used, as the store's root was named; "" also where it is longer */
  char message[560]; /* "c/3/4: inner chunk 1,7 at byte 8123: gzip: bad CRC" */
} zarrc_error;

/* Writes code and message into error (if any) and returns code, so that `return zarrc_fail(...)` reads well. */
ZARRC_API zarrc_status zarrc_fail(zarrc_error *error, zarrc_status code, const char *format, ...) ZARRC_PRINTF(3, 4);

/* Puts context in front of the message: "gzip: " + "bad CRC". Does nothing to an error without code. */
ZARRC_API void zarrc_error_prefix(zarrc_error *error, const char *format, ...) ZARRC_PRINTF(2, 3);

/* ---------------------------------------------------------------------------------------------------- context */

typedef struct zarrc_ctx zarrc_ctx;

/* All memory of a context. resize(p, old_size, size, align): p NULL allocates, size 0 frees (and returns NULL), else
 * it moves; NULL means no memory and leaves p as it was. align is a power of two and at least 16. */
typedef struct zarrc_allocator {
  void *(*resize)(void *ud, void *p, size_t old_size, size_t size, size_t align);
  void *ud;
} zarrc_allocator;

/* Runs fn(arg, i) for every i in [0, n), in any order and on any thread, and returns when all are done. It must be
 * re-entrant: fn may call for_each again. */
typedef struct zarrc_executor {
  void (*for_each)(void *ud, size_t n, void (*fn)(void *arg, size_t i), void *arg);
  void *ud;
} zarrc_executor;

/* Zeroed means all defaults. */
typedef struct zarrc_ctx_options {
  size_t struct_size;       /* sizeof(zarrc_ctx_options), or 0 for the whole struct as the caller compiled it */
  zarrc_allocator alloc;    /* resize NULL: malloc, with huge pages asked for where buffers are large */
  zarrc_executor exec;      /* for_each NULL: a pool of the context's own, made when first used */
  unsigned threads;         /* threads that work at once, the caller counted; 0: as many as the process may use;
                               1: no thread is ever made */
  uint64_t max_chunk_bytes; /* the most that a chunk may decode to; 0: 8 GiB. Beyond it: ZARRC_LIMIT */
  uint64_t max_memory;      /* the most that the context holds at once; 0: no limit. What needs more: ZARRC_NO_MEMORY */
  uint64_t index_cache_bytes; /* shard indices kept for later reads; 0: 16 MiB; UINT64_MAX: none */
  bool (*canceled)(void *ud); /* true makes the work stop with ZARRC_CANCELED. Asked several times a second while work
                                 is done, from any thread, from several at once. May be NULL */
  void *canceled_ud;
  bool fast_gzip; /* gzip of levels 1 to 9 by ISA-L, where the build has it: several times as fast, a little larger */
} zarrc_ctx_options;

/* options may be NULL. A context outlives everything opened with it. A context made before fork() may be used in the
 * child: its threads are made anew there. */
ZARRC_API zarrc_status zarrc_ctx_open(const zarrc_ctx_options *options, zarrc_ctx **out, zarrc_error *error);
ZARRC_API void zarrc_ctx_close(zarrc_ctx *ctx);
ZARRC_API const zarrc_ctx_options *zarrc_ctx_get_options(const zarrc_ctx *ctx); /* with the defaults filled in */

/* Returns ZARRC_CANCELED if the context's work is to stop: to be asked several times a second by what takes long. */
ZARRC_API zarrc_status zarrc_ctx_check_canceled(const zarrc_ctx *ctx, zarrc_error *error);
/* Returns the thread for whose call the calling thread works: itself, unless it is one of the context's own. So
 * `canceled` can stop one call of several. A host's executor is not seen through. */
ZARRC_API pthread_t zarrc_ctx_caller(const zarrc_ctx *ctx);

/* Bytes held through the context's allocator now, and the most there ever were. */
ZARRC_API uint64_t zarrc_ctx_memory(const zarrc_ctx *ctx);
ZARRC_API uint64_t zarrc_ctx_memory_peak(const zarrc_ctx *ctx);

/* malloc and free through the context, for plug-ins; 16-byte aligned. NULL when there is no memory. */
ZARRC_API void *zarrc_malloc(zarrc_ctx *ctx, size_t nbytes);
ZARRC_API void *zarrc_realloc(zarrc_ctx *ctx, void *p, size_t nbytes);
ZARRC_API void zarrc_free(zarrc_ctx *ctx, void *p);

/* Runs fn(arg, i, &its_error) for every i in [0, n), in parallel where the context has threads; the caller always
 * works too, and fn may call zarrc_for_each. When calls fail, the failure with the lowest i is reported (calls with a
 * higher i may not have been made); so runs repeat. Where the context's max_memory was in the way of a call beside
 * others, it is made again with fewer of them, at last alone: what fits within the limit one by one is done. */
ZARRC_API zarrc_status zarrc_for_each(zarrc_ctx *ctx, size_t n,
                                      zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                                      zarrc_error *error);

/* The same, but every call is made, whatever fails: for batches in which each item keeps a status of its own. */
ZARRC_API zarrc_status zarrc_for_all(zarrc_ctx *ctx, size_t n,
                                     zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                                     zarrc_error *error);

/* --------------------------------------------------------------------------------- loans, buffers and parts */

/* Bytes on loan, and how to give them back. Copying the struct moves the loan. release NULL: nothing to give back;
 * the bytes then live as long as the call that lent them, or as its header says. */
typedef struct zarrc_bytes {
  const uint8_t *ptr;
  size_t len;
  void (*release)(struct zarrc_bytes *);
  void *owner;
} zarrc_bytes;

/* Gives a loan back and zeroes it; a zeroed loan and NULL are accepted. */
ZARRC_API void zarrc_bytes_release(zarrc_bytes *bytes);

/* A buffer that grows up to `max` bytes, or, with ctx NULL, memory of the caller that never grows. Growing past the
 * maximum is ZARRC_LIMIT. Bytes [len, cap) may be written by whoever holds the buffer, who then raises len. */
typedef struct zarrc_buf {
  uint8_t *ptr;
  size_t len, cap, max;
  zarrc_ctx *ctx;
} zarrc_buf;

ZARRC_API zarrc_buf zarrc_buf_new(zarrc_ctx *ctx, size_t max);   /* empty, grows to max bytes */
ZARRC_API zarrc_buf zarrc_buf_over(void *memory, size_t nbytes); /* over memory of the caller */
ZARRC_API zarrc_status zarrc_buf_reserve(zarrc_buf *buf, size_t nbytes, zarrc_error *error); /* cap >= len + nbytes */
ZARRC_API zarrc_status zarrc_buf_append(zarrc_buf *buf, const void *bytes, size_t nbytes, zarrc_error *error);
ZARRC_API zarrc_status zarrc_buf_printf(zarrc_buf *buf, zarrc_error *error, const char *format, ...) ZARRC_PRINTF(3, 4);
ZARRC_API void zarrc_buf_clear(zarrc_buf *buf); /* frees; the buffer may be used again */
/* Moves what the buffer holds into a loan, without copying; the buffer is empty afterwards. */
ZARRC_API zarrc_bytes zarrc_buf_take(zarrc_buf *buf);

typedef struct zarrc_parts zarrc_parts;

/* Makes the pieces of a value batch by batch, while it is stored. next adds pieces to parts, which is empty; none: the
 * value is complete. */
typedef struct zarrc_source {
  zarrc_status (*next)(void *state, zarrc_parts *parts, zarrc_error *error);
  void (*close)(void *state);
} zarrc_source;

/* A value made of pieces that are stored one behind the other: what an encoder produces. Pieces are loans; those that
 * point into the memory of the view being written live as long as the write does. No pieces: no value. Where `keeps`
 * is set there may be pieces among them that zarrc_blob_keep made. Where `streams` is set an encoder may put a source
 * there that makes the pieces which follow those that are there; the memory that was encoded stays until it is closed.
 */
struct zarrc_parts {
  zarrc_ctx *ctx;
  zarrc_bytes *items;
  size_t nitems, cap;
  uint64_t nbytes; /* of all pieces */
  uint8_t *into;   /* memory that the next piece made by zarrc_parts_add should be put in, or NULL */
  size_t into_nbytes;
  zarrc_bytes first[2]; /* items points here while two pieces are enough */
  bool keeps;           /* the pieces go to replace of the blob that the old value was read from, and nowhere else */
  bool streams;         /* they go to replace_from of a blob, and nowhere else */
  const zarrc_source *source; /* NULL: there are no more pieces */
  void *source_state;
};

ZARRC_API void zarrc_parts_init(zarrc_parts *parts, zarrc_ctx *ctx);
ZARRC_API void zarrc_parts_clear(zarrc_parts *parts); /* releases every piece; parts may be used again */
/* Releases the pieces and has the source make more; *more false: the value is complete. */
ZARRC_API zarrc_status zarrc_parts_next(zarrc_parts *parts, bool *more, zarrc_error *error);
/* Takes over a loan as the next piece; on failure the loan is released. */
ZARRC_API zarrc_status zarrc_parts_push(zarrc_parts *parts, zarrc_bytes bytes, zarrc_error *error);
/* Makes the next piece, of nbytes bytes, which the caller fills through *memory (64-byte aligned unless `into`
 * serves). zarrc_parts_trim makes the last piece shorter afterwards. */
ZARRC_API zarrc_status zarrc_parts_add(zarrc_parts *parts, size_t nbytes, uint8_t **memory, zarrc_error *error);
ZARRC_API void zarrc_parts_trim(zarrc_parts *parts, size_t nbytes);
/* Lends the whole value as one run of bytes until parts changes, copying only where there are several pieces. */
ZARRC_API zarrc_status zarrc_parts_join(zarrc_parts *parts, zarrc_bytes *out, zarrc_error *error);

/* Scratch memory from the context's store of warm buffers: 64-byte aligned, not zeroed, given back by its release. */
ZARRC_API zarrc_status zarrc_scratch_take(zarrc_ctx *ctx, size_t nbytes, zarrc_bytes *out, zarrc_error *error);

/* Objects that are dear to make and hold no result (compressor contexts), kept warm between calls. take returns one
 * that was given under the same key, or NULL: then make one. give keeps it, or frees it where there are enough. */
ZARRC_API void *zarrc_warm_take(zarrc_ctx *ctx, const void *key);
ZARRC_API void zarrc_warm_give(zarrc_ctx *ctx, const void *key, void *object, void (*free_object)(void *object));

/* ------------------------------------------------------------------------------------------------------ blobs */

#define ZARRC_UNKNOWN UINT64_MAX

/* One part of a stored value to be read. */
typedef struct zarrc_range {
  int64_t offset;  /* of the first byte; < 0: counted from the end of the value */
  uint64_t nbytes; /* so many exactly; with to_end, the most there may be */
  bool to_end;     /* from offset to the end of the value, however long; longer than nbytes is ZARRC_LIMIT */
  void *into;      /* where the bytes are put; NULL: they are lent */
  zarrc_bytes got; /* out: the bytes, at `into` or on loan (the reader releases it) */
  uint64_t total;  /* out: length of the whole value, ZARRC_UNKNOWN where finding out would cost something */
} zarrc_range;

typedef struct zarrc_blob zarrc_blob;

/* A version of a stored value. */
typedef struct zarrc_identity {
  uint64_t word[5];
  uint64_t nbytes; /* of the value */
} zarrc_identity;

/* One stored value, readable by ranges. All reads of an open blob see one version of the value. One thread at a time
 * uses a blob, but once a read has succeeded further reads may run in parallel. Operations may be NULL, and a table may
 * be shorter or longer than this one: zarrc_blob_X below calls X where it is there. */
typedef struct zarrc_blob_ops {
  size_t struct_size;
  /* Reads all ranges at once; a failed call lends nothing. ZARRC_NOT_FOUND: no value. ZARRC_TRUNCATED: a range is not
   * inside the value, found before memory is taken for it. ZARRC_PENDING, of `deferred` blobs only: what is not there
   * has been noted; the reader asks for all else that it wants, the host fetches it and makes the whole read again. */
  zarrc_status (*read)(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
  /* Gives up what the blob holds. Bytes that were lent outlive it. */
  void (*close)(zarrc_blob *blob);
  /* Stores the pieces as the new value, whole or not at all. With if_unchanged, and if this blob has read the value (or
   * found none): ZARRC_CONFLICT when somebody changed it since; the blob then forgets what it read, so that the caller
   * may start again. */
  zarrc_status (*replace)(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged, zarrc_error *error);
  /* Replaces, with the pieces that are there and those that their source makes; nothing is stored where it fails.
   * ZARRC_CONFLICT also where the source would have to begin again. Called only if the traits say `streams`. */
  zarrc_status (*replace_from)(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error);
  /* Removes the value; it is no error if there is none. */
  zarrc_status (*erase)(zarrc_blob *blob, bool if_unchanged, zarrc_error *error);
  /* Tells which version of the value the blob reads: one with the same words has the same bytes. *known is false where
   * that cannot be promised. ZARRC_NOT_FOUND: no value. */
  zarrc_status (*identify)(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error);
  /* Makes a piece for replace of this blob (or of the one it is part of) that stands for bytes of the value it has
   * read: ptr NULL, len not 0; whoever stores the value moves the bytes himself. Returns false if it cannot. */
  bool (*keep)(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out);
  /* Returns the blob behind this one that does what is NULL here; NULL: there is none. */
  zarrc_blob *(*inner)(const zarrc_blob *blob);
} zarrc_blob_ops;

/* What a blob says of itself to those who read and write it. */
typedef struct zarrc_blob_traits {
  size_t struct_size;
  uint64_t gap;      /* bytes between two ranges that cost less to read along than another request; 0: 64 KiB */
  uint64_t window;   /* bytes to ask for at once; 0: 1 MiB */
  uint32_t requests; /* ranges to ask for at once, each of up to window / requests bytes; 0: 1 */
  bool deferred;     /* reads may return ZARRC_PENDING, and are for exactly what is wanted: the host joins ranges */
  bool streams;      /* replace_from stores values batch by batch */
} zarrc_blob_traits;

/* First member of every kind of blob. */
struct zarrc_blob {
  const zarrc_blob_ops *ops;
  const zarrc_blob_traits *traits; /* NULL: all zero, as of bytes in memory */
};

ZARRC_API zarrc_status zarrc_blob_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
ZARRC_API bool zarrc_blob_is_writable(const zarrc_blob *blob);
/* ZARRC_INVALID_ARGUMENT where the blob cannot be written. */
ZARRC_API zarrc_status zarrc_blob_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                          zarrc_error *error);
ZARRC_API zarrc_status zarrc_blob_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged,
                                               zarrc_error *error);
ZARRC_API zarrc_status zarrc_blob_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error);
ZARRC_API zarrc_status zarrc_blob_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error);
/* Returns false also for 0 bytes. Only for parts in which `keeps` is set: nobody else can use such a piece. */
ZARRC_API bool zarrc_blob_keep(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out);
ZARRC_API void zarrc_blob_close(zarrc_blob *blob);
/* Returns the traits with the defaults filled in. */
ZARRC_API zarrc_blob_traits zarrc_blob_get_traits(const zarrc_blob *blob);
ZARRC_API void zarrc_ranges_release(zarrc_range *ranges, size_t n);

/* For kinds of blobs: where a range lies in a value of `total` bytes. Sets range->total. ZARRC_TRUNCATED: not inside
 * the value; ZARRC_LIMIT: longer than the range allows. */
ZARRC_API zarrc_status zarrc_range_locate(zarrc_range *range, uint64_t total, uint64_t *start, size_t *nbytes,
                                          zarrc_error *error);

/* Reads the whole value, which may be max bytes long, as one loan. */
ZARRC_API zarrc_status zarrc_blob_read_all(zarrc_blob *blob, uint64_t max, zarrc_bytes *out, zarrc_error *error);

/* Makes error say which codec failed, unless a codec further in has said so, or no codec is to blame (ZARRC_IO,
 * ZARRC_ACCESS, ZARRC_NETWORK, ZARRC_CANCELED). */
ZARRC_API void zarrc_error_in_codec(zarrc_error *error, const char *name);

/* Makes error say which key of a store it is about, in front of its message, unless it says so already. */
ZARRC_API void zarrc_error_in_key(zarrc_error *error, const char *key);

/* Makes error say that what failed lies in a chunk ("1,7") that begins at byte `offset` of the stored value; the
 * innermost chunk says so first. */
ZARRC_API void zarrc_error_in_chunk(zarrc_error *error, const char *chunk, uint64_t offset);

/* A blob over bytes in memory. A value that is replaced is kept in `value` (a copy owned by the blob). */
typedef struct zarrc_memory_blob {
  zarrc_blob blob;
  zarrc_ctx *ctx;
  zarrc_bytes value;
  bool present;
} zarrc_memory_blob;

/* ptr NULL and nbytes 0: no value. The bytes are borrowed. */
ZARRC_API void zarrc_memory_blob_init(zarrc_memory_blob *blob, zarrc_ctx *ctx, const void *ptr, size_t nbytes);
ZARRC_API void zarrc_memory_blob_clear(zarrc_memory_blob *blob);

#ifdef __cplusplus
}
#endif
#endif
