/* SPDX-License-Identifier: MIT */
/* Where S3 is, and who asks: from options, the environment, and the files of AWS tools. */
#ifndef ZARRC_STORE_S3_ACCOUNT_H
#define ZARRC_STORE_S3_ACCOUNT_H

#include <zarrc/store.h>

#define ZARRC_S3_REGION_NBYTES 64 /* a region and a NUL */

/* The strings are "" if there are none. */
typedef struct zarrc_s3_account {
  zarrc_ctx *ctx;
  char *key_id, *secret, *token;
  char *endpoint; /* without slashes at its end; "": that of AWS for the region */
  char region[ZARRC_S3_REGION_NBYTES];
  bool is_anonymous;   /* requests are not signed */
  bool requester_pays; /* requests say so */
  zarrc_s3_style style;
} zarrc_s3_account;

/* Finds out all of it; makes no request. options have their struct_size. ZARRC_ACCESS: there are no credentials, or
 * half of some; ZARRC_INVALID_ARGUMENT: an option or a variable has a value that it cannot have. No error has a word of
 * a credential. */
zarrc_status zarrc_s3_account_open(zarrc_ctx *ctx, const zarrc_s3_options *options, zarrc_s3_account *out,
                                   zarrc_error *error);
/* Overwrites the secrets before they are freed. */
void zarrc_s3_account_close(zarrc_s3_account *account);

/* Returns whether text can be a region: letters, digits and hyphens, as part of a server's name. */
bool zarrc_s3_is_region(const char *text);

/* Appends the URL of a bucket, in a region: "https://bucket.s3.eu-north-1.amazonaws.com". Its name is part of the
 * server's name or of the path. ZARRC_INVALID_ARGUMENT: no bucket can be called that. */
zarrc_status zarrc_s3_bucket_url(const zarrc_s3_account *account, const char *bucket, const char *region,
                                 zarrc_buf *out, zarrc_error *error);

#endif
