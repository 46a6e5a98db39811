/* SPDX-License-Identifier: MIT */
/* The inside of the store on S3. Values are read as over HTTP (http.h); requests are addressed and signed in s3_sign.c.
 */
#ifndef ZARRC_STORE_S3_H
#define ZARRC_STORE_S3_H

#include "store/http.h"
#include "store/s3_account.h"
#include "store/sign.h"

enum { ZARRC_S3_KEY_NBYTES = 1024 }; /* longest key that S3 takes, with the prefix */

/* Whether the server looks at the conditions of writes. */
enum { ZARRC_S3_UNTRIED, ZARRC_S3_HONOURED, ZARRC_S3_IGNORED };

typedef struct zarrc_s3_store {
  zarrc_http_store http; /* first: its blobs are zarrc_http_blob */
  zarrc_s3_account account;
  zarrc_http_options options; /* of the transport */
  char *bucket, *prefix;      /* prefix: "" or "a/b" */
  char *encoded_prefix;
  atomic_int conditions;
  struct { /* of the signer */
    char region[ZARRC_S3_REGION_NBYTES];
    int64_t ahead;  /* seconds that the server's clock is ahead of ours */
    int64_t looked; /* when new credentials were looked for, in seconds; 0: never */
    bool changed;   /* there were some */
  } own;
} zarrc_s3_store;

/* What a request has beside a path: `extra` of a zarrc_get. */
typedef struct zarrc_s3_extra {
  const zarrc_sign_pair *query;
  size_t nquery;
  const zarrc_sign_pair *headers; /* in lower case */
  size_t nheaders;
  const char *body_hash; /* NULL: that of nothing */
} zarrc_s3_extra;

/* -------------------------------------------------------------------------------------------------- s3_sign.c */

/* Returns who signs the requests of a store. A request with the path "" is one to the bucket. */
zarrc_signer zarrc_s3_signer(zarrc_s3_store *s3);

/* -------------------------------------------------------------------------------------------------- s3_list.c */

/* Implements `list` of the store. */
zarrc_status zarrc_s3_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                           zarrc_error *error);

/* Appends the URL of a store that zarrc_s3_store_open has opened, with its server. */
zarrc_status zarrc_s3_name(const zarrc_store *store, zarrc_buf *out, zarrc_error *error);

#endif
