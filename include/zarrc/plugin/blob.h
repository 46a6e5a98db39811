/* SPDX-License-Identifier: MIT */
/*
 * For codecs and stores of your own: making kinds of blobs, reading from blobs, making parts, memory to work in.
 */
#ifndef ZARRC_PLUGIN_BLOB_H
#define ZARRC_PLUGIN_BLOB_H

#include <zarrc/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------------- reading from blobs */

/* One part of a stored value to be read. */
typedef struct zarrc_range {
  int64_t offset;  /* of the first byte; < 0: counted from the end of the value */
  uint64_t nbytes; /* so many exactly; with to_end, the most there may be */
  bool to_end;     /* from offset to the end of the value, however long; longer than nbytes is ZARRC_LIMIT */
  void *into;      /* where the bytes are put; NULL: they are lent */
  zarrc_bytes got; /* out: the bytes, at `into` or on loan (the reader releases it) */
  uint64_t total;  /* out: length of the whole value, ZARRC_UNKNOWN where finding out would cost something */
} zarrc_range;

/* Reads all ranges at once, as `read` of zarrc_blob_ops. */
ZARRC_API zarrc_status zarrc_blob_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
ZARRC_API void zarrc_ranges_release(zarrc_range *ranges, size_t n);

/* --------------------------------------------------------------------------------------------- kinds of blobs */

/* A version of a stored value. */
typedef struct zarrc_identity {
  uint64_t word[5];
  uint64_t nbytes; /* of the value */
} zarrc_identity;

/* What a kind of blob does. Operations may be NULL, and a table may be shorter or longer than this one: zarrc_blob_X
 * below calls X where it is there. */
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

/* What a blob says of itself, for those who read and write it. */
typedef struct zarrc_blob_traits {
  size_t struct_size;
  uint64_t gap;      /* bytes between two ranges that cost less to read along than another request; 0: 64 KiB */
  uint64_t window;   /* bytes to ask for at once; 0: 1 MiB */
  uint32_t requests; /* ranges to ask for at once, each of up to window / requests bytes; 0: 1 */
  bool deferred;     /* reads may return ZARRC_PENDING, and are for exactly what is wanted: the host joins ranges */
  bool streams;      /* replace_from stores values batch by batch */
} zarrc_blob_traits;

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
/* Returns the traits with the defaults filled in. */
ZARRC_API zarrc_blob_traits zarrc_blob_get_traits(const zarrc_blob *blob);

/* Tells where a range lies in a value of `total` bytes, and sets range->total. ZARRC_TRUNCATED: it is not inside the
 * value; ZARRC_LIMIT: it is longer than the range allows. */
ZARRC_API zarrc_status zarrc_range_locate(zarrc_range *range, uint64_t total, uint64_t *start, size_t *nbytes,
                                          zarrc_error *error);

/* ------------------------------------------------------------------------------------------------ making parts */

/* Produces the rest of a value incrementally while it is being stored. `next` is called with empty parts and appends
 * the next batch; appending nothing ends the value. */
typedef struct zarrc_source {
  zarrc_status (*next)(void *state, zarrc_parts *parts, zarrc_error *error);
  void (*close)(void *state);
} zarrc_source;

/* Takes over a loan as the next piece; on failure the loan is released. */
ZARRC_API zarrc_status zarrc_parts_push(zarrc_parts *parts, zarrc_bytes bytes, zarrc_error *error);
/* Makes the next piece, of nbytes bytes, which the caller fills through *memory (64-byte aligned unless `into`
 * serves). zarrc_parts_trim makes the last piece shorter afterwards. */
ZARRC_API zarrc_status zarrc_parts_add(zarrc_parts *parts, size_t nbytes, uint8_t **memory, zarrc_error *error);
ZARRC_API void zarrc_parts_trim(zarrc_parts *parts, size_t nbytes);
/* Releases the pieces and has the source make more; *more is false when the value is complete. */
ZARRC_API zarrc_status zarrc_parts_next(zarrc_parts *parts, bool *more, zarrc_error *error);

/* ------------------------------------------------------------------------------------------- memory to work in */

/* Takes scratch memory from the context: 64-byte aligned, not zeroed, given back by its release. */
ZARRC_API zarrc_status zarrc_scratch_take(zarrc_ctx *ctx, size_t nbytes, zarrc_bytes *out, zarrc_error *error);

/* Reuses objects that are expensive to create and carry no state between uses, such as compression contexts. take
 * returns one that was given under the same key, or NULL: then make one. give keeps the object, or frees it where there
 * are enough. */
ZARRC_API void *zarrc_warm_take(zarrc_ctx *ctx, const void *key);
ZARRC_API void zarrc_warm_give(zarrc_ctx *ctx, const void *key, void *object, void (*free_object)(void *object));

/* ------------------------------------------------------------------------------------------------------ errors */

/* Makes error say which codec failed, unless a codec further in has said so, or no codec is to blame (ZARRC_IO,
 * ZARRC_ACCESS, ZARRC_NETWORK, ZARRC_CANCELED). */
ZARRC_API void zarrc_error_in_codec(zarrc_error *error, const char *name);

/* Makes error say which key of a store it is about, in front of its message, unless it says so already. */
ZARRC_API void zarrc_error_in_key(zarrc_error *error, const char *key);

/* Makes error say that what failed lies in a chunk ("1,7") that begins at byte `offset` of the stored value; the
 * innermost chunk says so first. */
ZARRC_API void zarrc_error_in_chunk(zarrc_error *error, const char *chunk, uint64_t offset);

#ifdef __cplusplus
}
#endif
#endif
