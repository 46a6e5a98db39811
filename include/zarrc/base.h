/* SPDX-License-Identifier: MIT */
/*
 * Statuses, errors, the context, and buffers: what all other headers need.
 *
 * Conventions of all headers
 *   - You close what you open. Every close function accepts NULL. `**out` is written only on success.
 *   - A function that can fail returns a zarrc_status and takes a zarrc_error, which may be NULL.
 *   - After a failure the content of output arrays is undefined; everything else is unchanged.
 *   - Unless a comment says otherwise, any thread may call any function, and any number of threads may use an open
 *     object at once. The caller must not close an object that is in use.
 *   - Sizes in memory are size_t, sizes of stored values uint64_t, shapes, strides and indices int64_t.
 *   - Later versions may add members to structs. Set struct_size to the size of the struct, and leave `room`, which new
 *     members will take, zero. ZARRC_UNSUPPORTED: a member is set that an older library does not know.
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

/* Returns the version of the linked library: "0.1.0". */
ZARRC_API const char *zarrc_version(void);

/* ------------------------------------------------------------------------------------------ statuses and errors */

/* name, exit code of the command, description */
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

/* Returns ZARRC_ACCESS for EACCES, EPERM, EROFS and EXDEV, ZARRC_NO_MEMORY for ENOMEM, otherwise ZARRC_IO. */
ZARRC_API zarrc_status zarrc_status_of_errno(int os_error);

/* What went wrong, and where. It need not be initialized: a failure sets every member, success sets none. A member that
 * does not apply is "", 0 or false, or -1 in the case of offset. zarrc_error_text makes a sentence of all. */
typedef struct zarrc_error {
  zarrc_status code;
  int os_error;                /* errno of ZARRC_IO, ZARRC_ACCESS and ZARRC_NETWORK */
  int http_status;             /* status of a server's answer, such as 503 */
  bool transient;              /* the same call may succeed later */
  int64_t retry_after_ms;      /* how long the server asks to wait */
  int64_t offset;              /* in the stored value: where the inner chunk begins, or where the damage is */
  char store[320];             /* URL of the store, or path of its root directory; "" if it is longer */
  char key[256];               /* in the store: "a/c/3/7"; if it is too long it ends with "..." */
  char chunk[96];              /* coordinates in the array's grid of chunks: "3,7" */
  char inner_chunk[112];       /* coordinates in the shard: "1,0"; in nested shards "1,0/0,3", the outermost first */
  char codec[48];              /* name of the innermost codec that failed */
  char within[144];            /* what the codec is part of, as text before it: "/codecs: codec sharding_indexed: " */
  char message[480];           /* what went wrong, without the place: "checksum mismatch" */
  int64_t cause;               /* a number that a store of the program's own has put here, for the program; else 0 */
  unsigned char reserved[104]; /* for new members; a failure zeroes it */
} zarrc_error;

/* Sets code and message of error, if there is one, and returns code: `return zarrc_fail(...)`. */
ZARRC_API zarrc_status zarrc_fail(zarrc_error *error, zarrc_status code, const char *format, ...) ZARRC_PRINTF(3, 4);

/* Puts text before the message ("configuration: " + "level is not an integer") or, after a codec has been named, before
 * `within`. Like zarrc_error_append, does nothing to an error without a code. */
ZARRC_API void zarrc_error_prefix(zarrc_error *error, const char *format, ...) ZARRC_PRINTF(2, 3);
/* Appends text to the message. */
ZARRC_API void zarrc_error_append(zarrc_error *error, const char *format, ...) ZARRC_PRINTF(2, 3);

#define ZARRC_ERROR_TEXT 2048 /* a buffer of this size has room for every text */

/* Writes the text of an error, beginning with the place: "data.zarr/a/c/3/7: chunk 3,7, inner chunk 1,0, byte 512:
 * codec zstd: ...". Store and key form one path or URL. Characters that could control a terminal become "?". Text of
 * more than size - 1 bytes is cut after a whole character; it always ends with a NUL. Returns buffer. */
ZARRC_API const char *zarrc_error_text(const zarrc_error *error, char *buffer, size_t size);

#define ZARRC_UNKNOWN UINT64_MAX /* as a number of bytes: not known */

/* ---------------------------------------------------------------------------------------------------- context */

typedef struct zarrc_ctx zarrc_ctx;

/* Provides all memory of a context. resize allocates if p is NULL, frees and returns NULL if size is 0, and otherwise
 * resizes. If there is no memory it returns NULL and leaves p valid. align is a power of two, at least 16. */
typedef struct zarrc_allocator {
  void *(*resize)(void *ud, void *p, size_t old_size, size_t size, size_t align);
  void *ud;
  void *room[2];
} zarrc_allocator;

/* Runs loops. for_each calls fn(arg, i) for each i in [0, n), in any order, on any threads, and returns after all
 * calls. fn may call for_each. */
typedef struct zarrc_executor {
  void (*for_each)(void *ud, size_t n, void (*fn)(void *arg, size_t i), void *arg);
  void *ud;
  void *room[2];
} zarrc_executor;

/* Zeroed: all defaults. */
typedef struct zarrc_ctx_options {
  size_t struct_size;       /* sizeof(zarrc_ctx_options); 0: the size in this version of the library */
  zarrc_allocator alloc;    /* resize NULL: malloc, with huge pages for large buffers */
  zarrc_executor exec;      /* for_each NULL: a thread pool of the context's own, started when first needed */
  unsigned threads;         /* most threads at work, including the caller; 0: one for each CPU that the process may use;
                               1: the context starts no thread */
  uint64_t max_chunk_bytes; /* largest decoded chunk, else ZARRC_LIMIT; 0: 8 GiB */
  uint64_t max_memory;      /* most memory held at once, else ZARRC_NO_MEMORY; 0: no limit */
  uint64_t index_cache_bytes; /* memory for shard indices kept for later reads; 0: 16 MiB; UINT64_MAX: none */
  bool (*canceled)(void *ud); /* called several times a second during work, by any thread, also by several at once;
                                 returning true ends the work with ZARRC_CANCELED. May be NULL */
  void *canceled_ud;
  bool fast_gzip; /* compress gzip levels 1 to 9 with ISA-L if it is built in: much faster, slightly larger */
  bool strict;    /* for all arrays what `strict` of zarrc_array_options is for one */
  /* Called by the thread that opens an array, for each sentence of zarrc_array_notice. store: its url, or NULL. The
   * strings last as long as the call. May be NULL. */
  void (*notice)(void *ud, const char *store, const char *path, const char *sentence);
  void *notice_ud;
} zarrc_ctx_options;

/* Opens a context; options may be NULL. Close it last. After fork() the child may use it too, with its own threads. */
ZARRC_API zarrc_status zarrc_ctx_open(const zarrc_ctx_options *options, zarrc_ctx **out, zarrc_error *error);
ZARRC_API void zarrc_ctx_close(zarrc_ctx *ctx);
ZARRC_API const zarrc_ctx_options *zarrc_ctx_get_options(const zarrc_ctx *ctx); /* the defaults are filled in */

/* Returns ZARRC_CANCELED if the work is to stop. Code that runs for long calls this several times a second. */
ZARRC_API zarrc_status zarrc_ctx_check_canceled(const zarrc_ctx *ctx, zarrc_error *error);
/* Returns the thread that made the call on whose behalf the current thread works (itself, unless it is one of the
 * context's), so that `canceled` can stop one call of several. */
ZARRC_API pthread_t zarrc_ctx_caller(const zarrc_ctx *ctx);

/* Returns the bytes now held through the context's allocator; the most that were ever held. */
ZARRC_API uint64_t zarrc_ctx_memory(const zarrc_ctx *ctx);
ZARRC_API uint64_t zarrc_ctx_memory_peak(const zarrc_ctx *ctx);

/* malloc, realloc and free with the context's memory, for plug-ins. Aligned to 16 bytes; NULL if there is no memory. */
ZARRC_API void *zarrc_malloc(zarrc_ctx *ctx, size_t nbytes);
ZARRC_API void *zarrc_realloc(zarrc_ctx *ctx, void *p, size_t nbytes);
ZARRC_API void zarrc_free(zarrc_ctx *ctx, void *p);

/* Calls fn(arg, i, &error) for each i in [0, n), in parallel if the context has threads; fn may call zarrc_for_each. If
 * calls fail, the failure with the lowest i is returned, and calls with a higher i may not be made, unless the failure
 * is ZARRC_PENDING. Calls that fail for lack of max_memory are repeated with fewer at once, finally alone. */
ZARRC_API zarrc_status zarrc_for_each(zarrc_ctx *ctx, size_t n,
                                      zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                                      zarrc_error *error);

/* The same, but makes every call even if some fail: for batches whose items each have a status. */
ZARRC_API zarrc_status zarrc_for_all(zarrc_ctx *ctx, size_t n,
                                     zarrc_status (*fn)(void *arg, size_t i, zarrc_error *error), void *arg,
                                     zarrc_error *error);

/* ------------------------------------------------------------------------------------------- loans and buffers */

/* A loan: bytes that belong to somebody else, and the function that gives them back. Copying the struct passes the loan
 * on. release NULL: there is nothing to give back; the bytes are valid during the call, or as long as documented. */
typedef struct zarrc_bytes {
  const uint8_t *ptr;
  size_t len;
  void (*release)(struct zarrc_bytes *);
  void *owner;
} zarrc_bytes;

/* Gives a loan back and zeroes it. Accepts NULL and a zeroed loan. */
ZARRC_API void zarrc_bytes_release(zarrc_bytes *bytes);

/* A buffer that grows up to `max` bytes (then ZARRC_LIMIT). With ctx NULL it is memory of the caller and never grows.
 * Its holder may write to bytes [len, cap), and then raises len. */
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
ZARRC_API void zarrc_buf_clear(zarrc_buf *buf); /* frees the memory; the buffer can be used again */
/* Turns the content into a loan without copying it, and empties the buffer. */
ZARRC_API zarrc_bytes zarrc_buf_take(zarrc_buf *buf);

#ifdef __cplusplus
}
#endif
#endif
