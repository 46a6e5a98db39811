/* SPDX-License-Identifier: MIT */
/*
 * What everything else builds on: statuses, errors, the context, bytes on loan and buffers.
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

#define ZARRC_UNKNOWN UINT64_MAX /* a number of bytes that is not known */

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

/* ------------------------------------------------------------------------------------------- loans and buffers */

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

#ifdef __cplusplus
}
#endif
#endif
