/* SPDX-License-Identifier: MIT */
/* Signatures of requests to S3: version 4 of AWS, in the header Authorization. */
#ifndef ZARRC_STORE_SIGN_H
#define ZARRC_STORE_SIGN_H

#include <zarrc/base.h>

/* A parameter of a query, not percent-encoded; or a header, whose name is in lower case. */
typedef struct zarrc_sign_pair {
  const char *name, *value;
} zarrc_sign_pair;

typedef struct zarrc_sign_request {
  const char *method; /* "GET" */
  const char *path;   /* as it is sent: percent-encoded once, from the slash after the host */
  const zarrc_sign_pair *query;
  size_t nquery;
  const zarrc_sign_pair *headers; /* all that are signed: host and x-amz-date are needed, S3 wants each x-amz-... */
  size_t nheaders;
  const char *body_hash; /* SHA-256 of the body in hexadecimal, or "UNSIGNED-PAYLOAD" */
  const char *time;      /* in UTC: "20130524T000000Z", as in x-amz-date */
} zarrc_sign_request;

typedef struct zarrc_sign_key {
  const char *id, *secret;
  const char *region, *service; /* "us-east-1", "s3" */
} zarrc_sign_key;

/* Appends the query as it must be sent for a request to have that signature: in order, percent-encoded, without a
 * question mark. Returns ZARRC_LIMIT (out is full), ZARRC_NO_MEMORY. */
zarrc_status zarrc_sign_query(const zarrc_sign_request *request, zarrc_buf *out, zarrc_error *error);

/* Appends the value of the header Authorization. The same statuses, and ZARRC_UNSUPPORTED in a build without
 * libcrypto. No error has a word of the secret. */
zarrc_status zarrc_sign(const zarrc_sign_key *key, const zarrc_sign_request *request, zarrc_buf *out,
                        zarrc_error *error);

#endif
