/* SPDX-License-Identifier: MIT */
/* The documents that an S3 server answers with: pages of a listing, errors, and the names of uploads. */
#ifndef ZARRC_STORE_S3_ANSWER_H
#define ZARRC_STORE_S3_ANSWER_H

#include <zarrc/store.h>

/* What an error document says; "" what it does not. */
typedef struct zarrc_s3_refusal {
  char code[64];   /* "NoSuchKey" */
  char words[200]; /* of the message; safe to be shown */
  char region[64];
} zarrc_s3_refusal;

/* Reads an error document, or the beginning of one. Returns false if it is none. */
bool zarrc_s3_refusal_read(const void *text, size_t n, zarrc_s3_refusal *out);

/* Called for each key, or prefix without its final slash. */
typedef zarrc_status (*zarrc_s3_entry_fn)(void *arg, const char *key, bool is_prefix, uint64_t nbytes,
                                          zarrc_error *error);

/* Reads a page of a listing (ListObjectsV2). Calls fn for its entries, without those that can be no key of a store:
 * names that are empty, end with a slash, or hold a NUL. token gets what to ask for the next page with, and a NUL;
 * empty: this is the last one. ZARRC_CORRUPT: it is no such document, or not a whole one. */
zarrc_status zarrc_s3_page_read(zarrc_ctx *ctx, const void *text, size_t n, zarrc_s3_entry_fn fn, void *arg,
                                zarrc_buf *token, zarrc_error *error);

/* Reads the answer to the beginning of an upload in parts. out gets its name, and a NUL. */
zarrc_status zarrc_s3_upload_read(zarrc_ctx *ctx, const void *text, size_t n, zarrc_buf *out, zarrc_error *error);

#endif
