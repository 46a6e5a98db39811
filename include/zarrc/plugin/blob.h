/* SPDX-License-Identifier: MIT */
/*
 * For codecs and stores of your own: reading from blobs, kinds of blobs, making parts, memory to work in.
 */
#ifndef ZARRC_PLUGIN_BLOB_H
#define ZARRC_PLUGIN_BLOB_H

#include <zarrc/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------------- reading from blobs */

/* A range of a stored value to be read. */
typedef struct zarrc_range {
  int64_t offset;  /* of the first byte; negative: counted from the end of the value */
  uint64_t nbytes; /* length; with to_end, the greatest length that may be read */
  bool to_end;     /* read to the end of the value; ZARRC_LIMIT if that is more than nbytes */
  void *into;      /* where to store the bytes; NULL: they are lent */
  zarrc_bytes got; /* out: the bytes, at `into` or on loan; the reader releases it */
  uint64_t total;  /* out: length of the whole value; ZARRC_UNKNOWN if finding out would cost something */
} zarrc_range;

/* Reads all ranges at once; see `read` of zarrc_blob_ops. */
ZARRC_API zarrc_status zarrc_blob_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
ZARRC_API void zarrc_ranges_release(zarrc_range *ranges, size_t n);

/* --------------------------------------------------------------------------------------------- kinds of blobs */

/* A version of a stored value; those of two values are never the same. word has no meaning but to the store, which puts
 * a longer name, such as an ETag, there as a hash. */
typedef struct zarrc_identity {
  uint64_t word[5];
  uint64_t nbytes; /* of the value */
  uint64_t place;  /* a number of the value itself, where its words tell only its versions apart; else 0 */
} zarrc_identity;

/* The functions of a kind of blob. They may be NULL, and a table may be shorter or longer than this one. To call X use
 * zarrc_blob_X, which falls back to the blob that `inner` returns. */
typedef struct zarrc_blob_ops {
  size_t struct_size;
  /* Reads all ranges at once. A failed call lends nothing. ZARRC_NOT_FOUND: there is no value. ZARRC_TRUNCATED: a range
   * is not inside the value; no memory is taken for it. ZARRC_CONFLICT: the version that the blob has read does not
   * exist any more; if the blob can be written, it then forgets what it has read. ZARRC_PENDING, from `deferred` blobs
   * only: missing bytes have been noted. The reader asks for everything else that it wants, the host fetches it, and
   * the read is repeated. */
  zarrc_status (*read)(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
  /* Releases what the blob holds. Lent bytes stay valid until they are released. */
  void (*close)(zarrc_blob *blob);
  /* Stores the pieces as the new value, completely or not at all. With if_unchanged: ZARRC_CONFLICT if the value has
   * changed since this blob read it, or found none. The blob then forgets what it read, for another try. */
  zarrc_status (*replace)(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged, zarrc_error *error);
  /* Does the same with a value that its source produces in batches. ZARRC_CONFLICT also if the source would have to
   * start again. Only called if the traits say `streams`. */
  zarrc_status (*replace_from)(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged, zarrc_error *error);
  /* Removes the value. It is no error if there is none. */
  zarrc_status (*erase)(zarrc_blob *blob, bool if_unchanged, zarrc_error *error);
  /* Returns the version of the value that the blob reads. Equal versions have the same bytes; *known false: this cannot
   * be guaranteed. ZARRC_NOT_FOUND: there is no value. */
  zarrc_status (*identify)(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error);
  /* Makes a piece for `replace` of this blob, or of the blob that it is part of, that stands for bytes of the value it
   * has read: ptr is NULL, len is not 0. The store copies these bytes itself. Returns false if that is impossible. */
  bool (*keep)(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out);
  /* Returns the blob whose functions are used where this table has NULL; NULL: there is none. */
  zarrc_blob *(*inner)(const zarrc_blob *blob);
  /* Sets the version of the value that the blob reads, as if it had read it already: if the value has another version,
   * reads, and replace and erase with if_unchanged, return ZARRC_CONFLICT. Does no input or output. */
  void (*expect)(zarrc_blob *blob, const zarrc_identity *identity);
  /* Appends pieces (also 0 of them) to a new value, which is made aside; a failure leaves it as it was. From then on
   * the blob reads the new value, also in other threads during a call, but its `identify` and if_unchanged are about
   * the old one. Only `publish` makes others see the new value; closing the blob without it removes what was appended.
   * Only the process that began may continue. NULL: values are only stored as a whole. */
  zarrc_status (*append)(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, zarrc_error *error);
  /* Puts what was appended in the place of the value, as `replace` would. After a failure it is removed. */
  zarrc_status (*publish)(zarrc_blob *blob, bool if_unchanged, zarrc_error *error);
  /* Makes the blob take for granted that there is no value, as if it had read that: replace and erase with if_unchanged
   * return ZARRC_CONFLICT if there is one. Does no input or output. */
  void (*expect_none)(zarrc_blob *blob);
} zarrc_blob_ops;

/* What readers and writers should know about a blob. */
typedef struct zarrc_blob_traits {
  size_t struct_size;
  uint64_t gap;      /* so many unwanted bytes are cheaper to read than to leave out with another request; 0: 64 KiB */
  uint64_t window;   /* bytes to ask for at once; 0: 1 MiB */
  uint32_t requests; /* ranges to ask for at once, each of at most window / requests bytes; 0: 1 */
  bool deferred;     /* reads may be ZARRC_PENDING; they ask for exactly what is wanted, and the host joins ranges */
  bool streams;      /* replace_from stores a value in batches */
} zarrc_blob_traits;

ZARRC_API bool zarrc_blob_is_writable(const zarrc_blob *blob);
/* These call the functions of a blob. ZARRC_INVALID_ARGUMENT: the blob cannot be written. */
ZARRC_API zarrc_status zarrc_blob_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                          zarrc_error *error);
ZARRC_API zarrc_status zarrc_blob_replace_from(zarrc_blob *blob, zarrc_parts *parts, bool if_unchanged,
                                               zarrc_error *error);
ZARRC_API zarrc_status zarrc_blob_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error);
/* ZARRC_UNSUPPORTED: its store takes whole values only. */
ZARRC_API zarrc_status zarrc_blob_append(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, zarrc_error *error);
ZARRC_API zarrc_status zarrc_blob_publish(zarrc_blob *blob, bool if_unchanged, zarrc_error *error);
ZARRC_API zarrc_status zarrc_blob_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error);
/* Makes the blob read this version only. Returns false if it cannot. */
ZARRC_API bool zarrc_blob_expect(zarrc_blob *blob, const zarrc_identity *identity);
/* Makes the blob take for granted that there is no value. Returns false if it cannot. */
ZARRC_API bool zarrc_blob_expect_none(zarrc_blob *blob);
/* Returns false for 0 bytes too. Only for parts in which `keeps` is set: nobody else can use such a piece. */
ZARRC_API bool zarrc_blob_keep(const zarrc_blob *blob, uint64_t offset, uint64_t nbytes, zarrc_bytes *out);
/* Returns the traits with the defaults filled in. */
ZARRC_API zarrc_blob_traits zarrc_blob_get_traits(const zarrc_blob *blob);

/* Computes where a range lies in a value of `total` bytes, and sets range->total. ZARRC_TRUNCATED: it is not inside the
 * value; ZARRC_LIMIT: it is longer than the range allows. */
ZARRC_API zarrc_status zarrc_range_locate(zarrc_range *range, uint64_t total, uint64_t *start, size_t *nbytes,
                                          zarrc_error *error);

/* ----------------------------------------------------------------------------------------------- asking blobs */

/*
 * For hosts that fetch values themselves. The work is done in rounds:
 *
 *   1. Read from zarrc_asking_blob. Bytes that have been fetched are served. The others are noted, and the read returns
 *      ZARRC_PENDING.
 *   2. zarrc_asking_wanted lists what was noted. The host fetches it, for many values at once.
 *   3. zarrc_asking_add takes what was fetched. Repeat the read until it no longer returns ZARRC_PENDING.
 *
 * Reads may run in parallel, but not at the same time as the other functions.
 */
typedef struct zarrc_asking zarrc_asking;

/* traits: of the value that is fetched, or NULL; they must outlive `asking`. `deferred` need not be set in them. */
ZARRC_API zarrc_status zarrc_asking_open(zarrc_ctx *ctx, const zarrc_blob_traits *traits, zarrc_asking **out,
                                         zarrc_error *error);
/* Bytes that reads have lent stay valid until they are released. */
ZARRC_API void zarrc_asking_close(zarrc_asking *asking);
/* Returns the blob to read from. It belongs to `asking` and is not closed. */
ZARRC_API zarrc_blob *zarrc_asking_blob(zarrc_asking *asking);

/* Lists what reads have asked for since the last call and is still missing, in order and without overlaps. Ranges that
 * are at most `gap` bytes apart are joined, up to `max` bytes. A range with a negative offset extends to the end of the
 * value. The list is valid until the next call. */
ZARRC_API zarrc_status zarrc_asking_wanted(zarrc_asking *asking, uint64_t gap, uint64_t max, zarrc_range **ranges,
                                           size_t *n, zarrc_error *error);
/* Takes over what was fetched of a wanted range: `got`, and `total` or ZARRC_UNKNOWN, as `fetch` of a store gives them.
 * ZARRC_CONFLICT: the length of the value has changed; ZARRC_TRUNCATED: bytes are missing that the value has;
 * ZARRC_INTERNAL: `got` has no memory, or more bytes than the value. */
ZARRC_API zarrc_status zarrc_asking_add(zarrc_asking *asking, zarrc_range *range, zarrc_error *error);
/* Makes reads return ZARRC_NOT_FOUND. */
ZARRC_API void zarrc_asking_set_missing(zarrc_asking *asking);
/* Forgets what was fetched and what was noted. */
ZARRC_API void zarrc_asking_forget(zarrc_asking *asking);

/* ------------------------------------------------------------------------------------------------ making parts */

/* Produces the rest of a value incrementally while it is being stored. `next` is called with empty parts and appends
 * the next batch; appending nothing ends the value. */
typedef struct zarrc_source {
  size_t struct_size;
  zarrc_status (*next)(void *state, zarrc_parts *parts, zarrc_error *error);
  void (*close)(void *state);
} zarrc_source;

/* Appends a loan as the next piece and takes it over. On failure the loan is released. */
ZARRC_API zarrc_status zarrc_parts_push(zarrc_parts *parts, zarrc_bytes bytes, zarrc_error *error);
/* Appends a piece of nbytes bytes, which the caller fills through *memory: 64-byte aligned, unless it is at `into`.
 * zarrc_parts_trim shortens the last piece afterwards. */
ZARRC_API zarrc_status zarrc_parts_add(zarrc_parts *parts, size_t nbytes, uint8_t **memory, zarrc_error *error);
ZARRC_API void zarrc_parts_trim(zarrc_parts *parts, size_t nbytes);
/* Releases the pieces and lets the source produce more. *more false: the value is complete. */
ZARRC_API zarrc_status zarrc_parts_next(zarrc_parts *parts, bool *more, zarrc_error *error);

/* ------------------------------------------------------------------------------------------- memory to work in */

/* Takes scratch memory from the context: 64-byte aligned, not zeroed. Releasing it gives it back. */
ZARRC_API zarrc_status zarrc_scratch_take(zarrc_ctx *ctx, size_t nbytes, zarrc_bytes *out, zarrc_error *error);

/* Reuses objects that are expensive to create and carry no state between uses, such as compression contexts. take
 * returns one that was given with the same key, or NULL: create one. give keeps it, or frees it if there are enough. */
ZARRC_API void *zarrc_warm_take(zarrc_ctx *ctx, const void *key);
ZARRC_API void zarrc_warm_give(zarrc_ctx *ctx, const void *key, void *object, void (*free_object)(void *object));

/* ------------------------------------------------------------------------------------------------------ errors */

/* Adds to an error the codec that failed, unless a codec inside it has been named, or no codec is to blame (ZARRC_IO,
 * ZARRC_ACCESS, ZARRC_NETWORK, ZARRC_CANCELED). */
ZARRC_API void zarrc_error_in_codec(zarrc_error *error, const char *name);

/* Adds to an error the inner chunk ("1,7") that it is about, and the offset of that chunk in the bytes that contain it;
 * ZARRC_UNKNOWN: it has none. To be called for the innermost chunk first. */
ZARRC_API void zarrc_error_in_inner_chunk(zarrc_error *error, const char *chunk, uint64_t offset);

#ifdef __cplusplus
}
#endif
#endif
