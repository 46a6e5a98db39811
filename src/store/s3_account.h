/* SPDX-License-Identifier: MIT */
/* Where S3 is, and who asks: from options, the environment, and the files of AWS tools. */
#ifndef ZARRC_STORE_S3_ACCOUNT_H
#define ZARRC_STORE_S3_ACCOUNT_H

#include <zarrc/store.h>

#define ZARRC_S3_REGION_NBYTES 64 /* a region and a NUL */

/* Where credentials come from. */
typedef enum zarrc_s3_source {
  ZARRC_S3_GIVEN,     /* from options or the environment; also none, for who is anonymous */
  ZARRC_S3_FILES,     /* from the files of AWS tools, which may change */
  ZARRC_S3_PROCESS,   /* from the program that a profile names */
  ZARRC_S3_IDENTITY,  /* from the token service, for a token in a file */
  ZARRC_S3_CONTAINER, /* from a server that the container's environment names */
  ZARRC_S3_MACHINE    /* from the metadata service of a machine at AWS */
} zarrc_s3_source;

/* The strings are "" if there are none. Credentials of the last four sources are asked for by zarrc_s3_ask. */
typedef struct zarrc_s3_account {
  zarrc_ctx *ctx;
  char *key_id, *secret, *token;
  zarrc_s3_source source;
  char *place;      /* the command, or the URL that is asked */
  char *role;       /* role_arn */
  char *session;    /* role_session_name */
  char *token_file; /* with the token of the identity, or what the container's server wants to see */
  char *profile;    /* that the options name, to look again */
  char *ca_file;    /* for requests to the source */
  int64_t expires;  /* when the credentials do, in seconds since 1970; 0: never, as far as is known */
  char *endpoint;   /* without slashes at its end; "": that of AWS for the region */
  char region[ZARRC_S3_REGION_NBYTES];
  bool is_anonymous;   /* requests are not signed */
  bool requester_pays; /* requests say so */
  zarrc_s3_style style;
} zarrc_s3_account;

/* Finds out all of it, or where to ask; makes no request. options have their struct_size. ZARRC_ACCESS: there are no
 * credentials, or half of some; ZARRC_INVALID_ARGUMENT: an option or a variable has a value that it cannot have. No
 * error has a word of a credential. */
zarrc_status zarrc_s3_account_open(zarrc_ctx *ctx, const zarrc_s3_options *options, const char *ca_file,
                                   zarrc_s3_account *out, zarrc_error *error);
/* Overwrites the secrets before they are freed. */
void zarrc_s3_account_close(zarrc_s3_account *account);

/* Returns whether n bytes can be a key id, a secret or a token: with no blank, control character or NUL, as they
 * become parts of headers. */
bool zarrc_s3_is_credential(const char *text, size_t n);

/* Returns whether text can be a region: letters, digits and hyphens, as part of a server's name. */
bool zarrc_s3_is_region(const char *text);

/* Appends the URL of a bucket, in a region: "https://bucket.s3.eu-north-1.amazonaws.com". Its name is part of the
 * server's name or of the path. ZARRC_INVALID_ARGUMENT: no bucket can be called that. */
zarrc_status zarrc_s3_bucket_url(const zarrc_s3_account *account, const char *bucket, const char *region,
                                 zarrc_buf *out, zarrc_error *error);

#endif
