/* SPDX-License-Identifier: MIT */
/* Writing to S3: whole values, in one request or in parts, on condition that nobody has changed them. */
#ifndef ZARRC_STORE_S3_WRITE_H
#define ZARRC_STORE_S3_WRITE_H

#include "store/s3.h"

#define ZARRC_S3_ONE_NBYTES  ((uint64_t)64 << 20) /* longest value that is sent in one request */
#define ZARRC_S3_PART_NBYTES ((uint64_t)16 << 20) /* of a longer one */
#define ZARRC_S3_MOST_PARTS  10000

/* On what condition a value is written. */
typedef struct zarrc_s3_condition {
  bool is_new;   /* there is none yet */
  char etag[48]; /* the present one has this ETag; "": any */
} zarrc_s3_condition;

/* A value to be sent. */
typedef struct zarrc_s3_value {
  const char *path;
  const zarrc_bytes *parts;
  size_t n;
  uint64_t nbytes;
} zarrc_s3_value;

/* -------------------------------------------------------------------------------------------------- s3_change.c */

/* Prepares a request of a method that changes something; see zarrc_s3_change. */
void zarrc_s3_change_begin(zarrc_s3_store *s3, zarrc_get *get, const char *method, const char *path,
                           const zarrc_s3_extra *extra, zarrc_error *error);
/* Makes a request of a method that changes something, and waits for the answer. get is zeroed but for what is sent; its
 * body gets what the server answers, and is cleared by the caller. ZARRC_OK: there is an answer with whatever status.
 */
zarrc_status zarrc_s3_change(zarrc_s3_store *s3, zarrc_get *get, const char *method, const char *path,
                             const zarrc_s3_extra *extra, zarrc_error *error);

/* Writes the CRC-32C of bytes [first, first + nbytes) of a value as S3 wants it. */
#define ZARRC_S3_SUM_NBYTES 12
void zarrc_s3_sum(const zarrc_s3_value *value, uint64_t first, uint64_t nbytes, char out[ZARRC_S3_SUM_NBYTES]);

/* Makes the headers of a condition, at most one, and sets `if_match` of the request. Returns how many. */
size_t zarrc_s3_condition_put(const zarrc_s3_condition *condition, zarrc_get *get, zarrc_sign_pair *headers);

/* -------------------------------------------------------------------------------------------------- s3_upload.c */

/* Writes a value in parts. Gets the answer that decides, of whatever status, and how often it was asked for. */
zarrc_status zarrc_s3_upload(zarrc_s3_store *s3, const zarrc_s3_value *value, const zarrc_s3_condition *condition,
                             zarrc_answer *answer, unsigned *ntries, zarrc_error *error);

/* --------------------------------------------------------------------------------------------------- s3_erase.c */

/* Implements `erase_prefix` of a store that can be written. */
zarrc_status zarrc_s3_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error);

/* --------------------------------------------------------------------------------------------------- s3_write.c */

/* Implement `read`, `replace`, `erase` and `expect_none` of blobs that can be written. */
zarrc_status zarrc_s3_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
zarrc_status zarrc_s3_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                              zarrc_error *error);
zarrc_status zarrc_s3_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error);
void zarrc_s3_expect_none(zarrc_blob *blob);

#endif
